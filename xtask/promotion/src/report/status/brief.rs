//! Renders the status of many components as one table: a row for each, the farthest behind first.

use std::cmp::Reverse;

use anstyle::Style;

use super::text::{StatusTable, TableLine};
use super::{Health, NOTHING, Overview, Row, UNKNOWN};
use crate::inspect::status::{Agreement, ComponentStatus};
use crate::model::escape::escaped;
use crate::report::{self, BOLD, GREEN, RED, YELLOW, cut, few};

/// More components than this have one row each.
pub const MANY: usize = 20;

/// The titles of its columns.
pub(super) const TITLES: [&str; 7] =
    ["name", "behind", "version", "age", "newest", "environments", "waiting"];

/// What to type to see the others.
pub(super) const MORE: &str = "--all, or NAME";

/// How many rows are shown.
const MOST_ROWS: usize = 40;

/// How many people of a row are named without `--people`.
const MOST_PEOPLE: usize = 2;

/// How many names of environments a line has.
const MOST_NAMES: usize = 3;

impl<'a> Overview<'a> {
    /// One table, cut with a count, and what it takes to see more.
    pub(super) fn brief(&self, width: Option<usize>) -> String {
        let (shown, others) = self.farthest_behind();
        let lines = shown.iter().map(|one| self.component_line(one)).collect();
        let mut text = StatusTable { titles: TITLES.to_vec(), inline: 6, lines }.text(width);
        if others > 0 {
            text.push_str(&format!("{}\n", cut(others, MORE)));
        }
        text.push_str(&format!("\n{}\n", self.newest_everywhere()));
        text
    }

    /// Whether there are so many components that each has one row.
    pub(super) fn is_brief(&self) -> bool {
        self.components.len() > MANY && !self.is_whole
    }

    /// The first components by how far they are behind, and how many there are more.
    pub(super) fn farthest_behind(&self) -> (Vec<&'a ComponentStatus<'a>>, usize) {
        let mut components: Vec<&ComponentStatus> = self.components.iter().collect();
        components.sort_by_key(|one| Reverse(one.behind()));
        let others = components.len().saturating_sub(MOST_ROWS);
        components.truncate(MOST_ROWS);
        (components, others)
    }

    pub(super) fn newest_everywhere(&self) -> String {
        let is_newest = |one: &&ComponentStatus| one.behind() == Some(0) && is_well(one);
        let newest = self.components.iter().filter(is_newest).count();
        format!("{newest} of {} have the newest version everywhere", self.components.len())
    }

    /// A row for the environments that are the farthest behind, with how many others are.
    pub(super) fn component_line(&self, component: &'a ComponentStatus<'a>) -> TableLine {
        let rows = self.rows(component);
        let queued = |row: &&Row| row.running.map_or(0, |running| running.queued.len());
        let worst = rows.iter().max_by_key(queued);
        let is_late = |row: &&Row| matches!(row.health(), Health::Behind | Health::Wrong);
        let late: usize = rows.iter().filter(is_late).map(|row| row.environments.len()).sum();
        let all = component.environments.len();
        let state = match worst.map(Row::health) {
            Some(Health::Newest) => GREEN,
            Some(Health::Behind) => YELLOW,
            Some(Health::Wrong) => RED,
            Some(Health::None) | None => Style::new(),
        };
        let cell = |cell: fn(&Row) -> String| {
            worst.map_or_else(|| NOTHING.to_owned(), |row| escaped(&cell(row)))
        };
        let newest = component
            .upstream
            .as_ref()
            .map(|upstream| upstream.head.id.tag(component.component.tag_length).to_owned());
        let plain = Style::new();
        let name = escaped(&component.component.name);
        let most = if self.most_people == usize::MAX { usize::MAX } else { MOST_PEOPLE };
        let waiting = worst.map(|row| few(&row.waiting, most)).unwrap_or_default();
        let cells = vec![
            (name.clone(), BOLD),
            (cell(|row| row.behind.clone()), state),
            (cell(|row| row.version.clone()), state),
            (cell(|row| row.age.clone()), plain),
            (newest.unwrap_or_else(|| UNKNOWN.to_owned()), plain),
            (format!("{late} of {all} behind"), plain),
            (escaped(&waiting), plain),
        ];
        TableLine { cells, short: name, whole: None, below: self.wrong(component, &rows) }
    }

    /// What is wrong with a component, a line for each.
    fn wrong(&self, component: &'a ComponentStatus, rows: &[Row]) -> String {
        let mut text = self.news(component).map(report::error).unwrap_or_default();
        let problems = component.environments.iter().flat_map(|one| &one.problems);
        text.extend(problems.map(report::error));
        for remark in rows.iter().flat_map(|row| &row.remarks) {
            text.push_str(&format!("{RED}!{RED:#} {remark}\n"));
        }
        let half = component.environments.iter();
        let half = half.filter(|one| one.agreement() == Agreement::Differ);
        let half: Vec<_> = half.map(|one| escaped(&one.name)).collect();
        if !half.is_empty() {
            let names = few(&half, MOST_NAMES);
            text.push_str(&format!("{RED}half promoted{RED:#}: {names}\n"));
        }
        text
    }
}

fn is_well(component: &ComponentStatus) -> bool {
    component.is_complete()
        && component.environments.iter().all(|one| one.agreement() == Agreement::Agree)
}
