//! What a promotion tells: as text for people, as JSON for scripts. Builds strings, prints nothing.

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::component::Component;
use crate::diff;
use crate::error::Refusal;
use crate::escape::escaped;
use crate::message::short;
use crate::plan::{Outcome, Plan, PlannedValue};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();

/// The unified diff of every file of a plan, in the order of their paths.
pub fn diff(plan: &Plan) -> String {
    plan.changed()
        .map(|(path, file)| diff::unified(path.as_str(), &file.before, &file.after()))
        .collect()
}

/// The plan, environment by environment.
pub fn table(component: &Component, plan: &Plan) -> String {
    let mut text = format!(
        "{BOLD}{} {}{BOLD:#} {DIM}{}{DIM:#}\n",
        printable(&component.name),
        plan.to.tag(component.tag_length),
        plan.to
    );
    let changes: Vec<_> = plan.values().map(|value| change(component, value)).collect();
    let width = changes.iter().map(|change| change.chars().count()).max().unwrap_or(0);
    let mut changes = changes.into_iter();
    for environment in &plan.environments {
        text.push_str(&format!("{BOLD}{}{BOLD:#}\n", printable(&environment.name)));
        for (value, change) in environment.values.iter().zip(&mut changes) {
            let style = if matches!(value.outcome, Outcome::Moves(_)) { GREEN } else { DIM };
            let place = printable(&format!("{}:{}", value.file, value.line));
            let target = value.target.as_ref().map(|target| printable(&format!("  {target}")));
            let target = target.unwrap_or_default();
            text.push_str(&format!(
                "  {style}{change:width$}{style:#}  {place}{DIM}{target}{DIM:#}\n"
            ));
        }
    }
    text
}

fn change(component: &Component, value: &PlannedValue) -> String {
    let old = escaped(short(component, &value.old));
    match &value.outcome {
        Outcome::Moves(new) => format!("{old} -> {}", short(component, new)),
        Outcome::AlreadyThere => format!("{old} already there"),
        Outcome::Stays(stay) => format!("{old} stays: {stay}"),
    }
}

/// The diff as a terminal shows it: in colour, with nothing in it that a terminal would obey.
pub fn coloured_diff(diff: &str) -> String {
    let mut text = String::new();
    for line in diff.lines() {
        let style = match line.as_bytes() {
            [b'd' | b'-' | b'+', rest @ ..]
                if line.starts_with("diff ")
                    || rest.starts_with(b"-- ")
                    || rest.starts_with(b"++ ") =>
            {
                BOLD
            }
            [b'-', ..] => RED,
            [b'+', ..] => GREEN,
            [b'@', ..] => CYAN,
            _ => Style::new(),
        };
        text.push_str(&format!("{style}{}{style:#}\n", printable(line.trim_end_matches('\r'))));
    }
    text
}

/// A title above a command that is about to run.
pub fn heading(title: &str, command: &str) -> String {
    format!("\n{BOLD}{title}{BOLD:#}\n{CYAN}$ {command}{CYAN:#}\n")
}

/// An error as a person reads it.
pub fn error(refusal: &Refusal) -> String {
    let mut text = format!("{ERROR}error{ERROR:#}: {}\n", printable(&refusal.to_string()));
    if let Some(help) = &refusal.help {
        text.push_str(&format!(
            "  {NOTE}help{NOTE:#}: {}\n",
            printable(help).replace('\n', "\n        ")
        ));
    }
    text
}

/// A note as a person reads it.
pub fn note(note: &str) -> String {
    format!("{NOTE}note{NOTE:#}: {}\n", printable(note))
}

/// The text, its line breaks and tabs kept, with everything else escaped that a terminal obeys.
pub fn printable(text: &str) -> String {
    let parts = text.split_inclusive(['\n', '\t']).map(|part| {
        let end = part.trim_end_matches(['\n', '\t']).len();
        escaped(&part[..end]) + &part[end..]
    });
    parts.collect()
}

/// The document that `--format json` prints for a command that promotes.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    /// Version of the format: 1.
    pub version: u32,
    /// The command's name.
    pub command: &'a str,
    /// `planned` (a dry run), `written`, `committed` or `unchanged`.
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
    /// What a person should know.
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

/// The document that `--format json` prints for errors: the first, and all if there are more.
pub fn error_document(refusals: &[Refusal]) -> String {
    let document = ErrorDocument {
        version: 1,
        error: refusals.first(),
        errors: if refusals.len() > 1 { refusals } else { &[] },
    };
    serde_json::to_string_pretty(&document).unwrap_or_else(|error| error.to_string()) + "\n"
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    version: u32,
    error: Option<&'a Refusal>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Refusal],
}
