//! Renders what `discover` proposes: a row for each component, and the start of a long text.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{clipped, padded, widest, width};
use super::{BOLD, counted, cut, few, printable};
use crate::inspect::discover::environments::ProposedEnvironment;

/// How many components are shown, and how many lines of a diff or of a file.
const MOST_COMPONENTS: usize = 20;
const MOST_LINES: usize = 60;

/// How many environments of a component are named, and how wide a component's name may be.
const MOST_NAMES: usize = 2;
const WIDEST_NAME: usize = 30;

/// One row for each component, in the order of the proposals: its pins, and its environments by
/// name. Without `is_whole`, the end of a long table is counted. With a width, fewer names are in a
/// row.
pub fn components(
    proposals: &[ProposedEnvironment],
    is_whole: bool,
    columns: Option<usize>,
) -> String {
    let mut rows: Vec<(String, String, Vec<String>)> = Vec::new();
    for of_one in by_component(proposals) {
        let pins = of_one.iter().map(|one| one.pins.len()).sum();
        let files: BTreeSet<_> = of_one.iter().map(|one| &one.file).collect();
        let count = format!("{} in {}", counted(pins, "pin"), counted(files.len(), "file"));
        let names: Vec<_> = of_one.iter().map(|one| printable(&one.environment)).collect();
        let name = clipped(&printable(&of_one[0].component), WIDEST_NAME);
        rows.push((name, count, names));
    }
    let most = if is_whole { rows.len() } else { MOST_COMPONENTS };
    let others = rows.len().saturating_sub(most);
    rows.truncate(most);
    let names = widest(rows.iter().map(|(name, ..)| name.as_str()));
    let counts = widest(rows.iter().map(|(_, count, _)| count.as_str()));
    let room = columns.map_or(usize::MAX, |columns| columns.saturating_sub(names + counts + 6));
    let row = |(name, count, environments): &(String, String, Vec<String>)| {
        let (name, count) = (padded(name, names), padded(count, counts));
        let environments = shortest(environments, room);
        format!("  {BOLD}{name}{BOLD:#}  {count}  {environments}\n")
    };
    let mut text: String = rows.iter().map(row).collect();
    if others > 0 {
        text.push_str(&format!("  {}\n", cut(others, "--all, or --component NAME")));
    }
    text
}

/// As many names as fit, with the number of the others.
fn shortest(names: &[String], columns: usize) -> String {
    let mut fewer = (1..=MOST_NAMES).rev().map(|most| few(names, most));
    let fitting = fewer.find(|names| width(names) <= columns);
    fitting.unwrap_or_else(|| clipped(&few(names, 1), columns))
}

fn by_component(proposals: &[ProposedEnvironment]) -> Vec<Vec<&ProposedEnvironment>> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<&ProposedEnvironment>> = Vec::new();
    for proposal in proposals {
        let place = *places.entry(&proposal.component).or_insert(groups.len());
        groups.resize_with(groups.len().max(place + 1), Vec::new);
        groups[place].push(proposal);
    }
    groups
}

/// The first lines of a diff or of a file, and how many there are more.
pub fn start_of(text: &str) -> String {
    let lines = text.lines().count();
    // A line less would be replaced by the line that says so.
    if lines <= MOST_LINES + 1 {
        return text.to_owned();
    }
    let shown: String = text.split_inclusive('\n').take(MOST_LINES).collect();
    let others = cut(lines - MOST_LINES, "--all, or --component NAME");
    format!("{shown}# {others}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_fit() {
        let names: Vec<String> = ["stage", "production", "canary"].map(str::to_owned).into();
        let check = |columns: usize, expected: &str| {
            assert_eq!(shortest(&names, columns), expected, "{columns}");
        };
        check(usize::MAX, "stage, production, +1 more");
        check(26, "stage, production, +1 more");
        check(25, "stage, +2 more");
        check(9, "stage, +…");
    }

    #[test]
    fn components_with_their_environments() {
        let proposal =
            |component: &str, environment: &str, pins: usize, file: &str| ProposedEnvironment {
                component: component.to_owned(),
                environment: environment.to_owned(),
                aliases: Vec::new(),
                pins: vec![String::new(); pins],
                file: crate::model::path::RepoPath::parse(file).unwrap(),
            };
        let few = [
            proposal("app", "prod", 2, "a"),
            proposal("b", "x", 1, "a"),
            proposal("app", "stage", 1, "a"),
        ];
        let expected = format!(
            "  {BOLD}app{BOLD:#}  3 pins in 1 file  prod, stage\n\
             \x20 {BOLD}b  {BOLD:#}  1 pin in 1 file   x\n"
        );
        assert_eq!(components(&few, false, None), expected);
        let narrow = expected.replace("prod, stage", "prod, +1…");
        assert_eq!(components(&few, false, Some(34)), narrow);
        let many: Vec<_> = (0..22).map(|n| proposal(&format!("c{n:02}"), "x", 1, "a")).collect();
        let row = |n: usize| format!("  {BOLD}c{n:02}{BOLD:#}  1 pin in 1 file  x\n");
        let rows = |count: usize| (0..count).map(row).collect::<String>();
        let more = "  … 2 more: --all, or --component NAME\n";
        assert_eq!(components(&many, false, None), rows(20) + more);
        assert_eq!(components(&many, true, None), rows(22));
        assert_eq!(components(&many[..20], false, None), rows(20));
    }

    #[test]
    fn starts_of_long_texts() {
        let lines = |count: usize| (0..count).map(|n| format!("{n}\n")).collect::<String>();
        assert_eq!(start_of(&lines(61)), lines(61));
        let more = "# … 2 more: --all, or --component NAME\n";
        assert_eq!(start_of(&lines(62)), lines(60) + more);
    }
}
