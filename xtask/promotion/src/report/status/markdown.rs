//! Renders the status as Markdown, for a merge request or a wiki. Other people's text is made
//! harmless by `gitlab_text`.

use super::brief::{MORE, TITLES};
use super::{Each, NOTHING, Overview, Row, UNKNOWN, date, has_images, no_repair, word};
use crate::inspect::status::{Agreement, ComponentStatus, EnvironmentStatus};
use crate::merge_request::gitlab_text::{cell, code, prose};
use crate::model::problem::Problem;
use crate::report::{cut, few};

/// How many warnings are listed.
const MOST_WARNINGS: usize = 20;

impl<'a> Overview<'a> {
    /// A table for each component, or one for all if there are many, then drifts and warnings as a
    /// list.
    pub fn markdown(&self) -> String {
        let mut text: String = match self.is_brief() {
            true => self.one_table(),
            false => self.components.iter().map(|one| self.component(one)).collect(),
        };
        for drift in self.drifts.unwrap_or_default() {
            let place = format!("{}/{}", drift.component, drift.environment);
            text.push_str(&format!("* drift: {}: {}\n", code(&place), prose(&drift.message)));
        }
        let most = if self.is_whole { usize::MAX } else { MOST_WARNINGS };
        for warning in self.warnings.iter().take(most) {
            text.push_str(&item("warning", warning));
        }
        if let Some(others @ 1..) = self.warnings.len().checked_sub(most) {
            text.push_str(&format!("* {}\n", cut(others, "--all")));
        }
        text.extend(self.no_drift().map(|verdict| format!("* {verdict}\n")));
        text
    }

    /// A row for each of the components that are the farthest behind, and what is wrong with them.
    fn one_table(&self) -> String {
        let (shown, others) = self.farthest_behind();
        let rule = TITLES.map(|title| if title == "behind" { "---:" } else { "---" });
        let mut text = format!("| {} |\n|{}|\n", TITLES.join(" | "), rule.join("|"));
        for one in &shown {
            let cells = self.component_line(one).cells;
            let cells: Vec<_> = cells.iter().map(|(cell, _)| names(cell)).collect();
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        if others > 0 {
            text.push_str(&format!("\n{}\n", cut(others, MORE)));
        }
        text.push_str(&format!("\n{}\n\n", self.newest_everywhere()));
        for one in shown {
            let problem = self.news(one).map(error_item).unwrap_or_default();
            let name = format!("{}/", one.component.name);
            text.push_str(&(problem + &remarks(one, &name, &self.rows(one))));
        }
        text
    }

    fn component(&self, component: &'a ComponentStatus) -> String {
        let mut text = format!("### {}\n\n", prose(&component.component.name));
        if let Some(problem) = self.news(component) {
            text.push_str(&format!("{}\n", error_item(problem)));
        }
        text.push_str(&newest(component));
        let rows = self.rows(component);
        text.push_str(&self.markdown_table(component, &rows));
        let list = remarks(component, "", &rows);
        if list.is_empty() { text } else { format!("{text}{list}\n") }
    }

    fn markdown_table(&self, component: &ComponentStatus, rows: &[Row]) -> String {
        let mut titles = vec!["environment", "version", "committed", "behind"];
        titles.extend(has_images(component).then_some("new image"));
        titles.extend(["promoted", "waiting"]);
        titles.push(if self.each == Each::Pin { "pin" } else { "pins" });
        let rule = titles.iter().map(|title| if *title == "behind" { "---:" } else { "---" });
        let mut text =
            format!("| {} |\n|{}|\n", titles.join(" | "), rule.collect::<Vec<_>>().join("|"));
        for row in rows {
            let mut cells = vec![
                names(&row.names()),
                words(&row.version),
                row.committed.clone(),
                row.behind.clone(),
            ];
            cells.extend(has_images(component).then(|| row.image.clone()));
            let waiting: Vec<_> = row.waiting.iter().map(|name| words(name)).collect();
            cells.extend([words(&row.promoted), few(&waiting, self.most_people)]);
            cells.push(match (self.each, row.pin) {
                (_, None) => NOTHING.to_owned(),
                (Each::Environment, Some(_)) => word(row).to_owned(),
                (Each::Pin, Some(pin)) => cell(&pin.place()),
            });
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        text + "\n"
    }
}

/// The newest version of a component, as a paragraph.
fn newest(component: &ComponentStatus) -> String {
    let Some(upstream) = &component.upstream else {
        return "The newest version is unknown\n\n".to_owned();
    };
    let newest = match component.problem {
        Some(_) => "Newest at the last fetch",
        None => "Newest",
    };
    let tag = upstream.head.id.tag(component.component.tag_length);
    format!("{newest}: `{tag}` of {}\n\n", date(upstream.head.time))
}

/// The problems of a component and their cures, as a list; `owner` stands before the name of each
/// environment.
fn remarks(component: &ComponentStatus, owner: &str, rows: &[Row]) -> String {
    let mut list = String::new();
    let name = |environment: &EnvironmentStatus| code(&format!("{owner}{}", environment.name));
    for row in rows {
        let names = row.environments.iter().map(|one| name(one));
        let names = names.collect::<Vec<_>>().join(", ");
        list.extend(row.remarks.iter().map(|one| format!("* {names}: {}\n", prose(one))));
    }
    for environment in &component.environments {
        list.extend(environment.problems.iter().map(error_item));
        if environment.agreement() == Agreement::Differ {
            let name = name(environment);
            list.push_str(&match &environment.repair {
                Some(repair) => format!("* {name} is half promoted; repair it: {}\n", code(repair)),
                None => format!("* {name} is half promoted; {}\n", prose(no_repair(component))),
            });
        }
    }
    list
}

/// Text for a cell that may be several names with commas: each is a code span by itself.
fn names(text: &str) -> String {
    text.split(", ").map(words).collect::<Vec<_>>().join(", ")
}

/// Text for a cell: words that Markdown could read become code spans, and `|` is escaped.
fn words(text: &str) -> String {
    match text {
        "" | NOTHING | UNKNOWN => text.to_owned(),
        text => prose(text).replace('|', "\\|"),
    }
}

fn error_item(problem: &Problem) -> String {
    item("error", problem)
}

/// A problem and its cure, as an item of a list.
fn item(kind: &str, problem: &Problem) -> String {
    let help = problem.help.as_ref().map(|help| format!("; {}", prose(help))).unwrap_or_default();
    format!("* {kind}: {}{help}\n", prose(&problem.to_string()))
}
