//! Renders results as text for people and, in `json`, as JSON for scripts. Prints nothing itself.

pub mod changes;
mod columns;
pub mod discover;
pub mod explain;
pub mod json;
pub mod promotion;
pub mod status;

pub use columns::clipped;

use anstyle::{AnsiColor, Style};

use crate::diff;
use crate::model::component::Component;
use crate::model::escape::escaped;
use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::model::upstream::without_credentials;
use crate::plan::{FilePlan, Outcome, PartPlan, Plan, PlannedValue};
use columns::{padded, path_end, widest};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();

/// The unified diffs of the files that a plan changes, in the order of their paths.
pub fn plan_diff(plan: &Plan) -> String {
    let diff = |(path, file): (&RepoPath, &FilePlan)| match file.lists.is_empty() {
        // Pins keep the number of lines, lists don't.
        true => diff::unified(path.as_str(), &file.before, &file.after()),
        false => diff::unified_between(path.as_str(), Some(&file.before), Some(&file.after())),
    };
    plan.changed().map(diff).collect()
}

/// A part of a plan as a table: each environment with its values. With a width, a place that doesn't fit
/// loses its first folders, and a target goes to a line of its own.
pub fn table(component: &Component, plan: &PartPlan, columns: Option<usize>) -> String {
    let mut text = format!(
        "{BOLD}{} {}{BOLD:#} {DIM}{}{DIM:#}\n",
        printable(&component.name),
        plan.to.tag(component.tag_length),
        plan.to
    );
    let changes: Vec<_> = plan.values().map(|value| change(component, value)).collect();
    let width = widest(changes.iter().map(String::as_str));
    let mut changes = changes.into_iter();
    for environment in &plan.environments {
        text.push_str(&format!("{BOLD}{}{BOLD:#}\n", printable(&environment.name)));
        for (value, change) in environment.values.iter().zip(&mut changes) {
            let style = if value.moves() { GREEN } else { DIM };
            let mut place = escaped(&format!("{}:{}", value.file, value.line));
            let target = value.target.as_ref().map(|target| escaped(target)).unwrap_or_default();
            let mut gap = if target.is_empty() { "" } else { "  " };
            if let Some(room) = columns.map(|columns| columns.saturating_sub(width + 4)) {
                if columns::width(&place) + gap.len() + columns::width(&target) > room {
                    gap = if target.is_empty() { "" } else { "\n      " };
                }
                place = path_end(&place, room);
            }
            text.push_str(&format!(
                "  {style}{}{style:#}  {place}{DIM}{gap}{target}{DIM:#}\n",
                padded(&change, width)
            ));
        }
    }
    text
}

fn change(component: &Component, value: &PlannedValue) -> String {
    // The old value may be any text of the file, line breaks included.
    let old = escaped(&component.short(&value.old));
    match &value.outcome {
        Outcome::Moves(new) => format!("{old} -> {}", component.short(new)),
        Outcome::AlreadyThere => format!("{old} already there"),
        Outcome::Stays(stay) => format!("{old} stays: {stay}"),
    }
}

/// The diff in colour, with every character escaped that a terminal would obey.
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

/// The diff as a pipe gets it: `git apply` takes it, and what a terminal behind the pipe would obey
/// is escaped. Line ends stay as they are.
pub fn plain_diff(diff: &str) -> String {
    let lines = diff.split_inclusive('\n').map(|line| {
        let body = line.trim_end_matches('\n');
        let body = body.strip_suffix('\r').unwrap_or(body);
        printable(body) + &line[body.len()..]
    });
    lines.collect()
}

/// A title and the command that is about to run; for `demo`.
pub fn heading(title: &str, command: &str) -> String {
    format!("\n{BOLD}{title}{BOLD:#}\n{CYAN}$ {command}{CYAN:#}\n")
}

/// An error with its cure, as it is shown on a terminal.
pub fn error(problem: &Problem) -> String {
    with_cure(&format!("{ERROR}error{ERROR:#}"), problem)
}

/// A warning with its cure, as it is shown on a terminal.
pub fn warning(warning: &Problem) -> String {
    with_cure(&format!("{WARNING}warning{WARNING:#}"), warning)
}

fn with_cure(label: &str, problem: &Problem) -> String {
    let mut text = format!("{label}: {}\n", told(&problem.to_string()));
    if let Some(help) = &problem.help {
        let help = told(help).replace('\n', "\n        ");
        text.push_str(&format!("  {NOTE}help{NOTE:#}: {help}\n"));
    }
    text
}

/// A note as it is shown on a terminal.
pub fn note(note: &str) -> String {
    format!("{NOTE}note{NOTE:#}: {}\n", told(note))
}

/// A message, which may quote an address.
fn told(text: &str) -> String {
    printable(&without_credentials(text))
}

/// How many people are named in one place.
pub const MOST_PEOPLE: usize = 5;

/// The names in one line; those after the first `most` are counted: `a, b, +44 more`.
pub fn few(names: &[String], most: usize) -> String {
    match names.split_at_checked(most) {
        None | Some((_, [])) => names.join(", "),
        Some((first, others)) => format!("{}, +{} more", first.join(", "), others.len()),
    }
}

/// The first notes, and how many there are more.
pub fn first(mut notes: Vec<String>, most: usize) -> Vec<String> {
    if let Some(others) = notes.len().checked_sub(most).filter(|others| *others > 0) {
        notes.truncate(most);
        notes.push(cut(others, "--all"));
    }
    notes
}

/// A number of things: `1 pin`, `2 pins`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The line that stands for the rest of a list: `… 1590 more: --all`.
fn cut(others: usize, all: &str) -> String {
    format!("… {others} more: {all}")
}

/// The text as a link to a page (OSC 8). Just the text if there is no page, or if its address has
/// other characters than an address needs: it comes from a file that other people write.
fn link(text: &str, page: Option<&str>) -> String {
    match page.filter(|page| page.chars().all(|c| c.is_ascii_graphic())) {
        Some(page) => format!("\u{1b}]8;;{page}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\"),
        None => text.to_owned(),
    }
}

/// The text with every character escaped that a terminal would obey, except for line breaks and
/// tabs.
pub fn printable(text: &str) -> String {
    let parts = text.split_inclusive(['\n', '\t']).map(|part| {
        let end = part.trim_end_matches(['\n', '\t']).len();
        escaped(&part[..end]) + &part[end..]
    });
    parts.collect()
}

#[cfg(test)]
mod tests;
