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

/// How many rows are shown.
const MOST_ROWS: usize = 40;

/// How many people of a row are named without `--people`.
const MOST_PEOPLE: usize = 2;

/// How many names of environments a line has.
const MOST_NAMES: usize = 3;

impl<'a> Overview<'a> {
    /// One table, cut with a count, and what it takes to see more.
    pub(super) fn brief(&self, width: Option<usize>) -> String {
        let mut components: Vec<&ComponentStatus> = self.components.iter().collect();
        components.sort_by_key(|one| Reverse(one.behind()));
        let newest =
            components.iter().filter(|one| one.behind() == Some(0) && is_well(one)).count();
        let (shown, others) = components.split_at(components.len().min(MOST_ROWS));
        let table = StatusTable {
            titles: vec!["name", "behind", "version", "age", "newest", "environments", "waiting"],
            inline: 6,
            lines: shown.iter().map(|one| self.component_line(one)).collect(),
        };
        let mut text = table.text(width);
        if !others.is_empty() {
            text.push_str(&format!("{}\n", cut(others.len(), "--all, or NAME")));
        }
        let all = components.len();
        text.push_str(&format!("\n{newest} of {all} have the newest version everywhere\n"));
        text
    }

    /// A row for the environments that are the farthest behind, with how many others are.
    fn component_line(&self, component: &'a ComponentStatus<'a>) -> TableLine {
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
