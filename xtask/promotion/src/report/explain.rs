//! Renders the pins of a file for `explain`.

use super::columns::{padded, widest};
use super::{BOLD, DIM, GREEN, cut, printable};
use crate::config::Config;
use crate::history::past::PinPast;
use crate::inspect::discover::Orphan;
use crate::inspect::explain::{Explained, Fate};
use crate::locate::Stay;
use crate::model::path::RepoPath;
use crate::model::version::{is_digest, is_full_commit, short_digest};

/// How many pins of a file are shown, and how many changes: of the only pin, or of each.
const MOST_PINS: usize = 10;
const MOST_CHANGES: usize = 15;
const MOST_CHANGES_EACH: usize = 3;

/// The pins of a file with their histories; without `is_whole`, the ends of long lists are counted.
pub fn pins(
    path: &RepoPath,
    config: &Config,
    pins: &[Explained],
    histories: &[PinPast],
    is_whole: bool,
) -> Vec<String> {
    let (most_pins, most_changes) = match pins {
        _ if is_whole => (usize::MAX, usize::MAX),
        [_] => (1, MOST_CHANGES),
        _ => (MOST_PINS, MOST_CHANGES_EACH),
    };
    let shown = pins.iter().zip(histories).take(most_pins);
    let mut parts: Vec<String> =
        shown.map(|(one, past)| pin(path, config, one, past, most_changes)).collect();
    let others = pins.len() - parts.len();
    parts.extend((others > 0).then(|| cut(others, "--all, or name a line: FILE:LINE") + "\n"));
    parts
}

/// One pin: its place, its component and environment, whether it moves, and its history.
fn pin(path: &RepoPath, config: &Config, pin: &Explained, past: &PinPast, most: usize) -> String {
    let place = printable(&format!("{path}:{}", pin.line));
    let target = pin.target.as_ref().map_or(String::new(), |target| format!("  {target}"));
    let mut text = format!(
        "{BOLD}{place}{BOLD:#} {}{DIM}{}{DIM:#}\n",
        printable(pin.value.trim_end()),
        printable(&target)
    );
    text.push_str(&format!("  {}\n", printable(&owner(config, pin))));
    let style = if pin.fate == Fate::Moves { GREEN } else { DIM };
    for line in fate(path, config, pin).lines() {
        text.push_str(&format!("  {style}{}{style:#}\n", printable(line)));
    }
    text + &history(pin, past, most)
}

fn owner(config: &Config, pin: &Explained) -> String {
    let selector = &pin.name.spec.selector;
    match &pin.environment {
        None => format!("`{}`, in no environment: {selector}", pin.component),
        Some(environment) => {
            let line = if config.is_builtin() {
                config.file.clone()
            } else {
                format!("{}:{}", config.file, environment.origin.at().line)
            };
            format!("`{}` in `{}`: {selector} ({line})", pin.component, environment.name)
        }
    }
}

fn fate(path: &RepoPath, config: &Config, pin: &Explained) -> String {
    match &pin.fate {
        Fate::Moves => "moves with every promotion there".to_owned(),
        Fate::Stays(Stay::Auto) => "stays: `promotion.auto` moves it".to_owned(),
        Fate::Stays(Stay::Delete) => "stays: the target is about to be deleted".to_owned(),
        Fate::Stays(stay) => format!("stays: it {}", stay.described()),
        Fate::Unfit(reason) if pin.environment.is_none() => format!("can't move: it {reason}"),
        Fate::Unfit(reason) => format!("can't move: it {reason}; a promotion refuses it"),
        Fate::Unconfigured(line) if line.contains(" saas = true") => format!(
            "moves with `promote --saas {}`, which needs no configuration; \
             `discover --write` would take it in:\n  pins = [{line}]",
            path.quoted()
        ),
        Fate::Unconfigured(line) if config.component(&pin.component).is_err() => format!(
            "does not move: no component is `{}`; with one, this would take it in \
             (`discover --write` adds both):\n  pins = [{line}]",
            pin.upstream
        ),
        Fate::Unconfigured(line) => format!(
            "does not move; this in `[component.{}.environment.NAME]` would take it in:\n  pins = [{line}]",
            pin.component
        ),
    }
}

/// The changes, newest first; what is not committed yet before all of them.
fn history(pin: &Explained, past: &PinPast, most: usize) -> String {
    let mut rows = Vec::new();
    if past.committed.as_ref() != Some(&pin.value) {
        let value = shown(Some(&pin.value));
        rows.push(["not committed".to_owned(), value, String::new(), String::new()]);
    }
    for one in past.changes.iter().take(most) {
        let revision = one.revision;
        rows.push([
            revision.date.clone(),
            shown(one.to.as_deref()),
            printable(&revision.author),
            format!("{} {}", revision.commit.tag(7), printable(&revision.subject)),
        ]);
    }
    let widths: Vec<_> =
        (0..3).map(|column| widest(rows.iter().map(|row| row[column].as_str()))).collect();
    let row = |row: &[String; 4]| {
        let filled = row.iter().zip(&widths).map(|(cell, width)| padded(cell, *width));
        let cells: Vec<_> = filled.chain(row.last().cloned()).collect();
        format!("  {}", cells.join("  ")).trim_end().to_owned() + "\n"
    };
    let mut text: String = rows.iter().map(row).collect();
    let others = past.changes.len().saturating_sub(most);
    text.extend((others > 0).then(|| format!("  {}\n", cut(others, "--all"))));
    text
}

/// A version for the history: of a full commit the first 12 digits, a digest short.
fn shown(value: Option<&str>) -> String {
    match value {
        None => "(none)".to_owned(),
        Some(value) if is_full_commit(value) => value[..12].to_owned(),
        Some(value) if is_digest(value) => short_digest(value),
        Some(value) => printable(value.trim_end()).replace('\n', " "),
    }
}

/// One line about a version whose component is not known.
pub fn orphan(orphan: &Orphan) -> String {
    printable(&orphan.to_string()) + "\n"
}

/// The answer if there is no pin in the line, or in the file; `others` are the pins in other lines.
pub fn nothing(path: &RepoPath, line: Option<usize>, others: &[Explained]) -> String {
    let place = line.map_or(path.to_string(), |line| format!("{path}:{line}"));
    let mut text = format!("{}: no pin, and nothing that looks like one\n", printable(&place));
    let lines: Vec<String> = others.iter().map(|pin| pin.line.to_string()).collect();
    if !lines.is_empty() {
        let word = if lines.len() == 1 { "line" } else { "lines" };
        text.push_str(&format!("  the file has pins in {word} {}\n", lines.join(", ")));
    }
    text
}
