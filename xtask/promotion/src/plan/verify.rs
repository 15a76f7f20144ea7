//! The judge: reads every changed file again, with parsers that the edit did not use.
//!
//! YAML is read by `serde_yaml` (libyaml), JSON by `serde_json`, variables by a reader of its own.
//! Exactly the planned values may differ, and each must read back as the planned string.

mod documents;
mod list;
mod reader;
mod variables;

use crate::locate::ValuePath;
use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::plan::{FilePlan, Plan};
use documents::{Documents, is_json, refuse_line_breaks};

/// Checks every changed file of a plan. The error is the first file that does not pass.
pub fn verify(plan: &Plan) -> Result<(), Problem> {
    for (path, file) in plan.changed() {
        judge(path, file).map_err(|problem| problem.file(path.as_str()))?;
    }
    Ok(())
}

fn judge(path: &RepoPath, file: &FilePlan) -> Result<(), Problem> {
    if !file.lists.is_empty() {
        let verdict = list::judge(&file.before, &file.after(), &file.lists);
        return verdict.map_err(|reason| at_odds(&reason));
    }
    let mut wanted: Vec<_> = file.expected.iter().cloned().map(at).collect();
    wanted.sort();
    let differing = match wanted.iter().all(|(at, _)| matches!(at, At::Path(_))) {
        true => values(path, file, &wanted)?,
        false => match variables::differences(&file.before, &file.after()) {
            Ok(differing) if differing == wanted => differing,
            other => {
                variables::refuse_without(&file.before, &wanted)?;
                other.map_err(|reason| at_odds(&reason))?
            }
        },
    };
    match differing == wanted {
        true => Ok(()),
        false => {
            let (wanted, found) = (shown(&wanted), shown(&differing));
            Err(at_odds(&format!("expected {wanted} to differ, found {found}")))
        }
    }
}

/// What differs between the values before and after.
///
/// What the second parser can't read before any edit, or reads as other values in other places than
/// the first one, is the file's fault.
fn values(
    path: &RepoPath,
    file: &FilePlan,
    wanted: &[Difference],
) -> Result<Vec<Difference>, Problem> {
    let is_json = is_json(path, &file.before);
    let before = Documents::read(&file.before, is_json)?;
    let differing = Documents::read(&file.after(), is_json)
        .map_err(|problem| problem.message)
        .and_then(|after| before.differences(&after));
    match differing {
        Ok(differing) if differing == wanted => Ok(differing),
        other => {
            refuse_line_breaks(&file.before)?;
            before.refuse_without(file, wanted)?;
            other.map_err(|reason| at_odds(&reason))
        }
    }
}

fn at_odds(reason: &str) -> Problem {
    Problem::new(format!("the edit does not pass the second parser: {reason}"))
        .help("nothing was written; edit this file by hand, and please report it")
}

/// Where a value stands, in the judge's terms.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    Path(Vec<usize>),
    Line(usize, String),
}

type Difference = (At, String);

fn at((path, value): (ValuePath, String)) -> Difference {
    match path {
        ValuePath::Yaml(path, _) => (At::Path(path), value),
        ValuePath::Variable(line, name) => (At::Line(line, name), value),
    }
}

fn shown(differences: &[Difference]) -> String {
    let shown = differences.iter().map(|(at, value)| match at {
        At::Path(path) => format!("`{value}` at {path:?}"),
        At::Line(line, name) => format!("`{name}={value}` on line {line}"),
    });
    let all: Vec<_> = shown.collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}

#[cfg(test)]
mod tests;
