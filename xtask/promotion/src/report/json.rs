//! The documents of `--format json`. Keys are only ever added.

use serde::Serialize;

use super::changes::SpanDocument;
use crate::discover::Orphan;
use crate::error::Refusal;
use crate::escape::is_obeyed;
use crate::plan::{Outcome, Plan, PlannedValue};

/// The document that `--format json` prints for a command that promotes.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    /// Version of the format: 1.
    pub version: u32,
    /// The command's name.
    pub command: &'a str,
    /// `planned` (a dry run), `unchanged`, `written`, `committed`, or of a merge request `opened`,
    /// `refreshed`, `already-open` or `pushed`.
    pub result: &'a str,
    /// The component's name.
    pub component: &'a str,
    /// The address of its upstream, as configured.
    pub upstream: &'a str,
    /// The version that is promoted.
    pub to: To<'a>,
    /// What happens, environment by environment.
    pub environments: Vec<EnvironmentDocument<'a>>,
    /// The files that change.
    pub files: Vec<&'a str>,
    /// The unified diff of all of them.
    pub diff: String,
    /// The commit that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<&'a str>,
    /// The merge request, or the branch that was pushed for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge_request: Option<MergeRequestDocument<'a>>,
    /// What goes along, span by span.
    pub changes: Vec<SpanDocument>,
    /// Who should be told, ready to paste.
    pub tell: Vec<String>,
    /// What somebody should look at.
    pub warnings: &'a [Refusal],
    /// What a person should know.
    pub notes: &'a [String],
}

/// The merge request, or the branch that was pushed for it.
#[derive(Debug, Serialize)]
pub struct MergeRequestDocument<'a> {
    /// Its address, or that of the page that opens it by hand.
    pub url: Option<&'a str>,
    /// The branch that was pushed.
    pub branch: &'a str,
    /// The branch to merge into.
    pub target: &'a str,
    /// What went wrong although the branch is there.
    pub warnings: &'a [String],
    /// What the forge can't do.
    pub notes: &'a [String],
}

/// The version that is promoted.
#[derive(Debug, Serialize)]
pub struct To<'a> {
    /// 40 digits.
    pub commit: &'a str,
    /// The image tag.
    pub tag: &'a str,
}

/// What happens to one environment.
#[derive(Debug, Serialize)]
pub struct EnvironmentDocument<'a> {
    name: &'a str,
    /// What moves, and what is there already.
    pins: Vec<PinDocument<'a>>,
    /// What was found and stays.
    stays: Vec<StayDocument<'a>>,
}

#[derive(Debug, Serialize)]
struct PinDocument<'a> {
    file: &'a str,
    line: usize,
    /// `TEMPLATE/TARGET` in a saas file.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    old: &'a str,
    new: &'a str,
}

#[derive(Debug, Serialize)]
struct StayDocument<'a> {
    file: &'a str,
    line: usize,
    /// `TEMPLATE/TARGET` in a saas file.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    value: &'a str,
    /// `tracking`, `promotion.auto` or `delete`.
    reason: String,
}

/// The environments of a plan for a [`Document`].
pub fn environment_documents(plan: &Plan) -> Vec<EnvironmentDocument<'_>> {
    let documents = plan.environments.iter().map(|environment| EnvironmentDocument {
        name: &environment.name,
        pins: environment.values.iter().filter_map(pin_document).collect(),
        stays: environment.values.iter().filter_map(stay_document).collect(),
    });
    documents.collect()
}

fn pin_document(value: &PlannedValue) -> Option<PinDocument<'_>> {
    let PlannedValue { file, line, target, old, outcome } = value;
    let target = target.as_deref();
    let new = match outcome {
        Outcome::Moves(new) => new,
        Outcome::AlreadyThere => old,
        Outcome::Stays(_) => return None,
    };
    Some(PinDocument { file: file.as_str(), line: *line, target, old, new })
}

fn stay_document(value: &PlannedValue) -> Option<StayDocument<'_>> {
    let PlannedValue { file, line, target, old, outcome } = value;
    let target = target.as_deref();
    let Outcome::Stays(stay) = outcome else { return None };
    let reason = stay.to_string();
    Some(StayDocument { file: file.as_str(), line: *line, target, value: old, reason })
}

/// A version that belongs to nobody.
#[derive(Debug, Serialize)]
pub struct OrphanDocument<'a> {
    file: &'a str,
    line: usize,
    /// The variable or the key.
    name: &'a str,
    value: &'a str,
    image: Option<&'a str>,
}

/// An orphan for a document.
pub fn orphan_document(orphan: &Orphan) -> OrphanDocument<'_> {
    OrphanDocument {
        file: orphan.file.as_str(),
        line: orphan.line,
        name: &orphan.name,
        value: &orphan.value,
        image: orphan.image.as_deref(),
    }
}

/// The document that `--format json` prints for errors: the first, and all if there are more.
pub fn error_document(refusals: &[Refusal]) -> String {
    let document = ErrorDocument {
        version: 1,
        error: refusals.first(),
        errors: if refusals.len() > 1 { refusals } else { &[] },
    };
    text(&document).unwrap_or_else(|error| error.to_string())
}

/// A document as it is printed: nothing in it that a terminal would obey.
pub fn text(document: &impl Serialize) -> serde_json::Result<String> {
    let mut text = String::new();
    for c in serde_json::to_string_pretty(document)?.chars() {
        // Outside of strings there are only line feeds, and those of strings are escaped already.
        match is_obeyed(c) && c != '\n' {
            true => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => text.push(c),
        }
    }
    Ok(text + "\n")
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    version: u32,
    error: Option<&'a Refusal>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Refusal],
}
