//! The judge: reads every changed file again, with parsers that the edit did not use.
//!
//! YAML is read by `serde_yaml` (libyaml), JSON by `serde_json`, variables by a line reader of its
//! own. Exactly the planned values may differ, and each must read back as the planned string.

mod list;
mod reader;

use std::ops::Range;

use serde::Deserialize;
use serde_yaml::Value;

use crate::locate::ValuePath;
use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::plan::{FilePlan, Plan};
use crate::syntax::yaml::Yaml;
use reader::Read;

/// Checks every changed file of a plan. The error is the first file that does not pass.
pub fn verify(plan: &Plan) -> Result<(), Problem> {
    for (path, file) in plan.changed() {
        let verdict = judge(path, file).map_err(|reason| {
            Problem::new(format!("the edit does not pass the second parser: {reason}"))
                .file(path.as_str())
                .help("nothing was written; edit this file by hand, and please report it")
        });
        verdict?;
    }
    Ok(())
}

fn judge(path: &RepoPath, file: &FilePlan) -> Result<(), String> {
    let after = file.after();
    if let Some(change) = &file.list {
        return list::judge(&file.before, &after, change);
    }
    let read = if is_json(path, &file.before) { json } else { documents };
    let mut expected = file.expected.clone();
    expected.sort();
    let is_yaml = |one: &(ValuePath, String)| matches!(one.0, ValuePath::Yaml(..));
    let differing = if expected.iter().all(is_yaml) {
        value_differences(&read(&file.before)?, &read(&after)?)?
    } else {
        variable_differences(&file.before, &after)?
    };
    let wanted: Vec<_> =
        expected.into_iter().map(|(witness, value)| (place(witness), value)).collect();
    match differing == wanted {
        true => Ok(()),
        false => Err(format!("expected {} to differ, found {}", list(&wanted), list(&differing))),
    }
}

/// Where a value stands, in the judge's terms.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    Path(Vec<usize>),
    Line(usize, String),
}

type Difference = (At, String);

fn place(witness: ValuePath) -> At {
    match witness {
        ValuePath::Yaml(path, _) => At::Path(path),
        ValuePath::Variable(line, name) => At::Line(line, name),
    }
}

fn list(differences: &[Difference]) -> String {
    let shown = differences.iter().map(|(at, value)| match at {
        At::Path(path) => format!("`{value}` at {path:?}"),
        At::Line(line, name) => format!("`{name}={value}` on line {line}"),
    });
    let shown: Vec<_> = shown.collect();
    if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") }
}

fn value_differences(before: &[Value], after: &[Value]) -> Result<Vec<Difference>, String> {
    if before.len() != after.len() {
        return Err(format!("{} documents became {}", before.len(), after.len()));
    }
    let mut found = Vec::new();
    for (index, (before, after)) in before.iter().zip(after).enumerate() {
        compare(before, after, &mut vec![index], &mut found)?;
    }
    Ok(found)
}

/// Whether this is strict JSON, which has escapes that libyaml does not know.
fn is_json(path: &RepoPath, text: &str) -> bool {
    path.as_str().ends_with(".json") && json(text).is_ok()
}

fn json(text: &str) -> Result<Vec<Value>, String> {
    let value = serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    value.map(|value| vec![value]).map_err(|error| format!("can't be read: {error}"))
}

fn documents(text: &str) -> Result<Vec<Value>, String> {
    let text = with_stand_ins(text)?;
    let documents = serde_yaml::Deserializer::from_str(&text).map(Read::deserialize);
    let documents = documents.map(|document| document.map(|Read(value)| value));
    documents.collect::<Result<_, _>>().map_err(|error| format!("can't be read: {error}"))
}

/// The text without its BOM, each alias with an unknown anchor replaced by the same string.
fn with_stand_ins(text: &str) -> Result<String, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let yaml = Yaml::parse(text).map_err(|error| format!("can't be read: {}", error.reason))?;
    let mut replaced = text.to_owned();
    let mut ranges: Vec<Range<usize>> = yaml.unknown_aliases().collect();
    ranges.sort_by_key(|range| std::cmp::Reverse(range.start));
    for range in ranges {
        replaced.replace_range(range, "'an alias of another file'");
    }
    Ok(replaced)
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

fn variable_differences(before: &str, after: &str) -> Result<Vec<Difference>, String> {
    let (before, after): (Vec<_>, Vec<_>) =
        (before.split('\n').collect(), after.split('\n').collect());
    if before.len() != after.len() {
        return Err(format!("{} lines became {}", before.len(), after.len()));
    }
    let mut found = Vec::new();
    for (index, (before, after)) in before.iter().zip(&after).enumerate() {
        if before == after {
            continue;
        }
        let (Some(old), Some(new)) = (assignment(before), assignment(after)) else {
            return Err(format!("line {} is no assignment", index + 1));
        };
        if (old.0, old.2) != (new.0, new.2) {
            return Err(format!("more than the value of line {} differs", index + 1));
        }
        found.push((At::Line(index + 1, new.0.to_owned()), new.1.to_owned()));
    }
    Ok(found)
}

/// Name, value and the rest of a line `[export ]NAME=value`, as a shell splits words.
fn assignment(line: &str) -> Option<(&str, &str, &str)> {
    let (head, tail) = line.split_once('=')?;
    let name = head.trim_start_matches('\u{feff}').split_whitespace().next_back()?;
    let quoted =
        ['"', '\''].into_iter().find_map(|quote| tail.strip_prefix(quote)?.split_once(quote));
    let ends = [' ', '\t', '\r', ';', '&', '|', ')', '#'];
    let end = tail.find(ends).unwrap_or(tail.len());
    let (value, rest) = quoted.unwrap_or_else(|| tail.split_at(end));
    (rest.is_empty() || rest.starts_with(ends)).then_some((name, value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::edit::Edit;

    /// Judges the edit of `old` to `new` in `before` against what was planned.
    fn check(path: &str, before: &str, edit: [&str; 2], planned: (ValuePath, &str)) -> String {
        let [old, new] = edit;
        let start = before.find(old).unwrap();
        let mut file = FilePlan::default();
        before.clone_into(&mut file.before);
        file.edits.insert(Edit { range: start..start + old.len(), text: new.to_owned() }).unwrap();
        file.expected.push((planned.0, planned.1.to_owned()));
        judge(&RepoPath::parse(path).unwrap(), &file).err().unwrap_or_default()
    }

    #[test]
    fn values() {
        let a = |value| (ValuePath::Yaml(vec![0, 0], String::new()), value);
        let cases = [
            ("a: old\nb: x", ["old", "new"], ""),
            ("a: old\nb: *x\n*x : {<<: *x}", ["old", "new"], ""),
            (
                "a: x\nb: old",
                ["old", "new"],
                "expected `new` at [0, 0] to differ, found `new` at [0, 1]",
            ),
            (
                "a: old",
                ["old", "news"],
                "expected `new` at [0, 0] to differ, found `news` at [0, 0]",
            ),
            ("a: old # x", ["x", "y"], "expected `new` at [0, 0] to differ, found nothing"),
            ("a: old", ["old", "new\n---\n"], "1 documents became 2"),
            ("a: {old: 1}", ["old", "new"], "a key changed at [0, 0]"),
            ("a: old", ["old", "123"], "what differs at [0, 0] does not read as a string"),
            ("a: old", ["old", "[new]"], "what differs at [0, 0] does not read as a string"),
            ("a: !x old", ["!x", "!y"], "what differs at [0, 0] does not read as a string"),
            ("a: old\n18446744073709551616: x", ["\n1", "\n2"], "a key changed at [0]"),
            (
                "a: x\n1: old\n0x1: x",
                ["old", "new"],
                "can't be read: a key stands twice in one mapping",
            ),
            ("a: [old]", ["old", "new, x"], "what differs at [0, 0] does not read as a string"),
            (
                "a: {b: old}",
                ["old", "new, c: x"],
                "what differs at [0, 0] does not read as a string",
            ),
        ];
        for (before, edit, expected) in cases {
            assert_eq!(check("a.yaml", before, edit, a("new")), expected, "{before:?} {edit:?}");
        }
    }

    #[test]
    fn json() {
        let a = (ValuePath::Yaml(vec![0, 0], String::new()), "new");
        let reason = check("a.json", "{\"a\": 1234567}", ["1234567", "new"], a);
        assert_eq!(reason, "can't be read: expected ident at line 1 column 8");
    }

    #[test]
    fn variables() {
        let a = || (ValuePath::Variable(1, "A".to_owned()), "new");
        let cases = [
            ("A=old", ["old", "new"], ""),
            ("export A='old' # x\nB=old", ["old", "new"], ""),
            (
                "A=x\nB=old",
                ["old", "new"],
                "expected `A=new` on line 1 to differ, found `B=new` on line 2",
            ),
            ("A=old", ["old", "new\n"], "1 lines became 2"),
            ("A=old", ["A", "B"], "more than the value of line 1 differs"),
            ("A=old # x", ["x", "y"], "more than the value of line 1 differs"),
            ("A='old'x", ["old", "new"], "line 1 is no assignment"),
            ("# old", ["old", "new"], "line 1 is no assignment"),
        ];
        for (before, edit, expected) in cases {
            assert_eq!(check(".env", before, edit, a()), expected, "{before:?} {edit:?}");
        }
    }
}
