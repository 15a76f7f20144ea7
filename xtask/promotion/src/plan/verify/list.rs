//! Judges a change of a version list: the second parser reads the file before and after, and the
//! only difference is the commit in that list.

use serde_yaml::{Mapping, Value};

use crate::model::upstream::Upstream;
use crate::saas::app::{ListAction, ListChange};

/// Why the edited text is not what the change makes of the text before, if it is not.
pub(super) fn judge(before: &str, after: &str, change: &ListChange) -> Result<(), String> {
    let read = |text: &str| {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        serde_yaml::from_str::<Value>(text).map_err(|error| format!("can't be read: {error}"))
    };
    let (mut expected, found) = (read(before)?, read(after)?);
    let component =
        code_component(&mut expected, &change.upstream).ok_or("has no such component")?;
    apply(component, change);
    let component = component.clone();
    match found == expected
        || is_empty_list(&component, change) && without_list(expected, change) == found
    {
        true => Ok(()),
        false => Err(format!("more than `{}` of `{}` differs", change.list.key(), change.upstream)),
    }
}

fn code_component<'v>(root: &'v mut Value, upstream: &Upstream) -> Option<&'v mut Mapping> {
    let all = root.get_mut("codeComponents")?.as_sequence_mut()?;
    let is_it = |one: &&mut Mapping| {
        one.get("url").and_then(Value::as_str).is_some_and(|url| upstream.is(url))
    };
    all.iter_mut().filter_map(Value::as_mapping_mut).find(is_it)
}

fn apply(component: &mut Mapping, change: &ListChange) {
    let list = component.entry(change.list.key().into()).or_insert(Value::Sequence(Vec::new()));
    if list.is_null() {
        *list = Value::Sequence(Vec::new());
    }
    let Some(list) = list.as_sequence_mut() else { return };
    let commit = change.commit.as_str();
    match change.action {
        ListAction::Add => list.push(commit.into()),
        ListAction::Remove => {
            list.retain(|one| !one.as_str().is_some_and(|one| one.eq_ignore_ascii_case(commit)));
        }
    }
}

/// Whether nothing is left in the list: then its key may be gone too.
fn is_empty_list(component: &Mapping, change: &ListChange) -> bool {
    component.get(change.list.key()).and_then(Value::as_sequence).is_some_and(Vec::is_empty)
}

fn without_list(mut root: Value, change: &ListChange) -> Value {
    if let Some(component) = code_component(&mut root, &change.upstream) {
        component.shift_remove(change.list.key());
    }
    root
}
