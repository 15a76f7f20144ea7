//! Judges changes of version lists: the second parser reads the file before and after, and the
//! only differences are the commits in those lists.

use serde_yaml::{Mapping, Value};

use crate::model::upstream::Upstream;
use crate::saas::app::{ListAction, ListChange};

/// Why the edited text is not what the changes make of the text before, if it is not.
pub(super) fn judge(before: &str, after: &str, changes: &[ListChange]) -> Result<(), String> {
    let read = |text: &str| {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        serde_yaml::from_str::<Value>(text).map_err(|error| format!("can't be read: {error}"))
    };
    let (mut expected, found) = (read(before)?, read(after)?);
    for change in changes {
        apply(component_of(&mut expected, change)?, change);
    }
    if found == expected {
        return Ok(());
    }
    for change in changes {
        let component = component_of(&mut expected, change)?;
        if is_empty_list(component, change) {
            component.shift_remove(change.list.key());
        }
    }
    let list = |change: &ListChange| format!("`{}` of `{}`", change.list.key(), change.upstream);
    let lists = changes.iter().map(list).collect::<Vec<_>>().join(" and ");
    if found == expected { Ok(()) } else { Err(format!("more than {lists} differs")) }
}

fn component_of<'v>(root: &'v mut Value, change: &ListChange) -> Result<&'v mut Mapping, String> {
    code_component(root, &change.upstream).ok_or_else(|| "has no such component".to_owned())
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
