//! YAML and JSON as the judge reads them.

use std::ops::Range;

use serde::Deserialize;
use serde_yaml::Value;

use super::reader::Read;
use super::{At, Difference};
use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::plan::FilePlan;
use crate::syntax::place;
use crate::syntax::yaml;

const CURE: &str = "nothing was written; mend that place, or edit the file by hand";

/// The documents of a file.
pub(super) struct Documents(Vec<Value>);

impl Documents {
    /// Reads a file, as strict JSON or as YAML.
    pub(super) fn read(text: &str, is_json: bool) -> Result<Documents, Problem> {
        let text = without_bom(text);
        if is_json {
            let value = serde_json::from_str(text);
            let unreadable = |error| Problem::new(format!("can't be read as JSON: {error}"));
            return Ok(Documents(vec![value.map_err(unreadable)?]));
        }
        let readable = with_stand_ins(text)?;
        let documents = serde_yaml::Deserializer::from_str(&readable).map(Read::deserialize);
        let documents = documents.map(|document| document.map(|Read(value)| value));
        let documents = documents.collect::<Result<_, _>>().map_err(|error| {
            refuse_line_breaks(text).err().unwrap_or_else(|| unreadable(&error))
        })?;
        Ok(Documents(documents))
    }

    /// What differs, in the order of the file; an error if more than scalars became strings.
    pub(super) fn differences(&self, after: &Documents) -> Result<Vec<Difference>, String> {
        let (before, after) = (&self.0, &after.0);
        if before.len() != after.len() {
            return Err(format!("{} documents became {}", before.len(), after.len()));
        }
        let mut found = Vec::new();
        for (index, (before, after)) in before.iter().zip(after).enumerate() {
            compare(before, after, &mut vec![index], &mut found)?;
        }
        Ok(found)
    }

    /// Refuses a file that has another value than the edited one in some place of an edit, or than the
    /// first parser's in another place.
    pub(super) fn refuse_without(
        &self,
        file: &FilePlan,
        wanted: &[Difference],
    ) -> Result<(), Problem> {
        let other = |start| {
            let problem = Problem::new("two YAML parsers find different values in this file");
            Err(place(problem.help(CURE), &file.before, start))
        };
        for ((at, value), edit) in wanted.iter().zip(file.edits.iter()) {
            let At::Path(path) = at else { continue };
            let prefix = value.strip_suffix(edit.text.trim_matches('\'')).unwrap_or_default();
            let old = &file.before[edit.range.clone()];
            if !self.at(path).is_some_and(|found| reads_as(found, prefix, old)) {
                return other(edit.range.start);
            }
        }
        let yaml = yaml::parse(&file.before)?;
        for (node, value) in yaml.values() {
            let Ok(slot) = yaml.slot(node) else { continue };
            if !self.at(&yaml.path(node)).is_some_and(|found| reads_as(found, "", value)) {
                return other(slot.inner.start);
            }
        }
        Ok(())
    }

    fn at(&self, path: &[usize]) -> Option<&Value> {
        let (document, rest) = path.split_first()?;
        rest.iter().try_fold(self.0.get(*document)?, child)
    }
}

/// Whether a scalar is what stands in the file.
fn reads_as(value: &Value, prefix: &str, old: &str) -> bool {
    match value {
        Value::String(text) => text.strip_prefix(prefix) == Some(old),
        Value::Mapping(_) | Value::Sequence(_) => false,
        Value::Tagged(_) => true,
        _ => serde_yaml::from_str::<Read>(old).is_ok_and(|Read(read)| read == *value),
    }
}

/// Whether this is strict JSON, which has escapes that libyaml does not know.
pub(super) fn is_json(path: &RepoPath, text: &str) -> bool {
    path.as_str().ends_with(".json")
        && serde_json::from_str::<serde::de::IgnoredAny>(without_bom(text)).is_ok()
}

fn without_bom(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn child<'v>(value: &'v Value, index: &usize) -> Option<&'v Value> {
    match value {
        Value::Mapping(entries) => entries.values().nth(*index),
        Value::Sequence(items) => items.get(*index),
        Value::Tagged(tagged) => child(&tagged.value, index),
        _ => None,
    }
}

/// Refuses a text with a character that ends a line for YAML 1.1 only, as libyaml reads it.
pub(super) fn refuse_line_breaks(text: &str) -> Result<(), Problem> {
    let Some((start, c)) = text.char_indices().find(|(_, c)| "\u{85}\u{2028}\u{2029}".contains(*c))
    else {
        return Ok(());
    };
    let code = u32::from(c);
    let message = format!("U+{code:04X} is a line break to one of two YAML parsers only");
    Err(place(Problem::new(message).help(CURE), text, start))
}

fn unreadable(error: &serde_yaml::Error) -> Problem {
    let shown = error.to_string();
    let reason = shown.split(" at line ").next().unwrap_or_default();
    let problem = Problem::new(format!("a second YAML parser can't read this file: {reason}"));
    let (line, column) = error.location().map_or((1, 1), |at| (at.line(), at.column()));
    problem.line(line).column(column).help(CURE)
}

/// The text with what hinders libyaml alone replaced, the same way before and after the edit: each
/// alias that has no value by one string, and each tab outside of scalars by a blank.
fn with_stand_ins(text: &str) -> Result<String, Problem> {
    let yaml = yaml::parse(text)?;
    let aliases = yaml.aliases_without_value().map(|range| (range, "'an alias of another file'"));
    let tabs = tabs_outside(text, yaml.scalar_ranges()).map(|tab| (tab..tab + 1, " "));
    let mut edits: Vec<_> = aliases.chain(tabs).collect();
    edits.sort_by_key(|(range, _)| range.start);
    let (mut replaced, mut end) = (String::with_capacity(text.len()), 0);
    for (range, stand_in) in edits {
        replaced.push_str(&text[end..range.start]);
        replaced.push_str(stand_in);
        end = range.end;
    }
    replaced.push_str(&text[end..]);
    Ok(replaced)
}

/// The tabs in none of these ranges, which are sorted.
fn tabs_outside(
    text: &str,
    ranges: impl Iterator<Item = Range<usize>>,
) -> impl Iterator<Item = usize> {
    let mut ranges = ranges.peekable();
    memchr::memchr_iter(b'\t', text.as_bytes()).filter(move |tab| {
        while ranges.next_if(|range| range.end <= *tab).is_some() {}
        ranges.peek().is_none_or(|range| *tab < range.start)
    })
}

/// Adds what differs between two values to `found`; an error if more than strings differ.
fn compare(
    before: &Value,
    after: &Value,
    path: &mut Vec<usize>,
    found: &mut Vec<Difference>,
) -> Result<(), String> {
    match (before, after) {
        (Value::Mapping(old), Value::Mapping(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                if old.0 != new.0 {
                    return Err(format!("a key changed at {path:?}"));
                }
                path.push(index);
                compare(old.1, new.1, path, found)?;
                path.pop();
            }
            Ok(())
        }
        (Value::Sequence(old), Value::Sequence(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                path.push(index);
                compare(old, new, path, found)?;
                path.pop();
            }
            Ok(())
        }
        (Value::Tagged(old), Value::Tagged(new)) if old.tag == new.tag => {
            compare(&old.value, &new.value, path, found)
        }
        _ if before == after => Ok(()),
        (_, Value::String(new)) => {
            found.push((At::Path(path.clone()), new.clone()));
            Ok(())
        }
        _ => Err(format!("what differs at {path:?} does not read as a string")),
    }
}
