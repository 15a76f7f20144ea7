//! What a promotion that has landed tells. Prints nothing.

use anyhow::{Context, Result};

use super::changes::Queue;
use super::json;
use crate::error::Refusal;
use crate::landed::{Delivered, Landed, State};
use crate::plan::{Outcome, Plan, PlannedValue};

/// A promotion that has landed.
#[derive(Debug, Clone, Copy)]
pub struct Story<'a> {
    /// What was planned.
    pub plan: &'a Plan,
    /// What goes along.
    pub queue: Queue<'a>,
    /// What became of it.
    pub landed: &'a Landed,
    /// The title of its commit.
    pub title: &'a str,
    /// What somebody should look at.
    pub warnings: &'a [Refusal],
}

impl Story<'_> {
    /// The table, the diff (as it was made for where it goes), the queue, what became of it, and
    /// whom to tell. `again` is the command that commits it.
    pub fn text(&self, diff: String, again: &str) -> String {
        let ending = format!("{}\n{}", self.ending(again), self.queue.tell_line());
        let parts =
            [super::table(self.queue.component, self.plan), diff, self.queue.commits(), ending];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join("\n")
    }

    fn ending(&self, again: &str) -> String {
        let (files, them) = match self.plan.changed().count() {
            1 => ("1 file".to_owned(), "it"),
            count => (format!("{count} files"), "them"),
        };
        match self.landed {
            Landed::Planned => format!("{files} would change; nothing is written"),
            Landed::Unchanged => self.unchanged(),
            Landed::Written => format!("{files} edited; to commit {them}:\n  {again}"),
            Landed::Committed(commit) => {
                format!("committed {}: {}", commit.tag(7), super::printable(self.title))
            }
            Landed::Delivered(delivered) => delivery(delivered),
        }
    }

    fn unchanged(&self) -> String {
        let is_there = |value: &PlannedValue| value.outcome == Outcome::AlreadyThere;
        match self.plan.values().any(is_there) {
            true => "nothing to do: every pin is there already".to_owned(),
            false => "nothing to do: everything that was found stays".to_owned(),
        }
    }

    /// The document of `--format json`.
    pub fn document(&self, command: &str) -> Result<String> {
        let (result, commit) = match self.landed {
            Landed::Planned => ("planned", None),
            Landed::Unchanged => ("unchanged", None),
            Landed::Written => ("written", None),
            Landed::Committed(commit) => ("committed", Some(commit.as_str())),
            Landed::Delivered(delivered) => {
                (state(delivered.state), Some(delivered.commit.as_str()))
            }
        };
        let (plan, component) = (self.plan, self.queue.component);
        let document = json::Document {
            version: 1,
            command,
            result,
            component: &component.name,
            upstream: &component.upstream,
            to: json::To { commit: plan.to.as_str(), tag: plan.to.tag(component.tag_length) },
            environments: json::environment_documents(plan),
            files: plan.changed().map(|(path, _)| path.as_str()).collect(),
            diff: super::diff(plan),
            commit,
            merge_request: match self.landed {
                Landed::Delivered(delivered) => Some(json::MergeRequestDocument {
                    url: delivered.url.as_deref(),
                    branch: &delivered.branch,
                    target: &delivered.target,
                    warnings: &delivered.warnings,
                    notes: &delivered.notes,
                }),
                _ => None,
            },
            changes: self.queue.documents(),
            tell: self.queue.tell(),
            warnings: self.warnings,
            notes: &plan.notes,
        };
        json::text(&document).context("can't write JSON")
    }
}

fn delivery(delivered: &Delivered) -> String {
    let Delivered { branch, target, url, state, .. } = delivered;
    let what = match state {
        State::Opened => "opened",
        State::Refreshed => "refreshed",
        State::AlreadyOpen => "open already",
        State::PushedOnly => "pushed only; open it at",
    };
    let url = url.as_deref().unwrap_or("(no address known)");
    format!(
        "{what}: {} ({} -> {})",
        super::printable(url),
        super::printable(branch),
        super::printable(target)
    )
}

fn state(state: State) -> &'static str {
    match state {
        State::Opened => "opened",
        State::Refreshed => "refreshed",
        State::AlreadyOpen => "already-open",
        State::PushedOnly => "pushed",
    }
}
