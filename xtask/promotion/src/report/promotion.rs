//! Renders the result of a promotion, as text and as JSON.

use serde_json::{Value, json};

use super::changes::{Queue, tell_line, told};
use super::json::{optional, problems, version};
use crate::model::component::ComponentImage;
use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::model::version::CommitId;
use crate::plan::landed::{Delivered, Landed, State};
use crate::plan::{Outcome, PartPlan, Plan, PlannedValue};

/// The result of a promotion, with everything that is needed to show it.
#[derive(Debug, Clone, Copy)]
pub struct PromotionReport<'a> {
    pub plan: &'a Plan,
    /// The changes of each part of the plan.
    pub queues: &'a [Queue<'a>],
    pub landed: &'a Landed,
    /// The first line of the commit message.
    pub title: &'a str,
    pub warnings: &'a [Problem],
    pub notes: &'a [String],
    /// The commands that do the same again, and undo it, where they are worth telling.
    pub commands: &'a [(&'static str, String)],
}

impl PromotionReport<'_> {
    /// The tables of the plan, the diff, the queued commits, what was done, and the people to tell.
    ///
    /// `diff` comes coloured or plain, as the caller shows it; `again` is the command that would
    /// commit the edited files. For a terminal of so many `columns`, the tables fit, and `fit` breaks
    /// lines that are too long: neither those of the diff, nor commands.
    pub fn text(
        &self,
        diff: String,
        again: &str,
        (columns, fit): (Option<usize>, impl Fn(&str) -> String),
    ) -> String {
        let tables = self.queues.iter().zip(&self.plan.parts);
        let tables = tables.map(|(queue, part)| super::table(queue.component, part, columns));
        let commits = self.queues.iter().map(|queue| queue.commits_of(self.queues.len() > 1));
        let commits = commits.map(|commits| fit(&commits));
        let tell = fit(&tell_line(self.queues));
        let ending = match self.landed {
            // The address is what a person looks for: it comes last.
            Landed::Delivered(delivered) => {
                let link = |url: &str| super::link(&super::printable(url), Some(url));
                format!("{tell}{}\n", delivery(delivered, link))
            }
            _ => format!("{}\n{tell}", self.ending(again)),
        };
        let also = self.commands.iter().map(|(name, command)| format!("{name}: {command}\n"));
        let parts = tables.chain([diff]).chain(commits).chain([also.collect(), ending]);
        let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
        parts.join("\n")
    }

    /// What became of it, in a line or two. `again` is the command that commits it.
    pub fn ending(&self, again: &str) -> String {
        let (files, them) = match self.plan.changed().count() {
            1 => ("1 file".to_owned(), "it"),
            count => (format!("{count} files"), "them"),
        };
        match self.landed {
            Landed::Planned => format!("{files} would change; nothing is written"),
            Landed::Unchanged => self.unchanged(),
            Landed::Unsettled { uncommitted, staged } => {
                format!("nothing to do in the files: {}", self.there())
                    + &unsettled(uncommitted, staged, again)
            }
            Landed::Written => format!("{files} edited; to commit {them}:\n  {again}"),
            Landed::Committed(commit) => {
                format!("committed {}: {}", commit.tag(7), super::printable(self.title))
            }
            Landed::Delivered(delivered) => delivery(delivered, super::printable),
        }
    }

    fn unchanged(&self) -> String {
        let is_there = |value: &PlannedValue| value.outcome == Outcome::AlreadyThere;
        match self.plan.values().any(is_there) || self.plan.parts.is_empty() {
            true => format!("nothing to do: {}", self.there()),
            false => "nothing to do: everything that was found stays".to_owned(),
        }
    }

    /// Why there is nothing to do: a plan without parts is the change of a list.
    fn there(&self) -> &'static str {
        match self.plan.parts.is_empty() {
            true => "the list is so already",
            false => "every pin is there already",
        }
    }

    /// The document of `--format json`.
    pub fn document(&self, command: &str) -> Value {
        let (result, commit, merge_request) = match self.landed {
            Landed::Planned => ("planned", None, None),
            Landed::Unchanged | Landed::Unsettled { .. } => ("unchanged", None, None),
            Landed::Written => ("written", None, None),
            Landed::Committed(commit) => ("committed", Some(commit), None),
            Landed::Delivered(one) => {
                (state(one.state), Some(&one.commit), Some(merge_request(one)))
            }
        };
        let mut document = json!({ "version": 1, "command": command, "result": result });
        let parts: Vec<Value> = self
            .queues
            .iter()
            .zip(&self.plan.parts)
            .map(|(queue, part)| self::part(queue, part))
            .collect();
        // The keys of the first part are at the top too: scripts know them from when there was only
        // one part.
        let first = parts.first().cloned().unwrap_or_default();
        for key in ["component", "upstream", "to", "environments", "digests"] {
            document[key] = first[key].clone();
        }
        let files = self.plan.changed().map(|(path, _)| path.as_str()).collect::<Value>();
        document["files"] = files;
        document["diff"] = json!(super::plan_diff(self.plan));
        let (uncommitted, staged) = match self.landed {
            Landed::Unsettled { uncommitted, staged } => (paths(uncommitted), paths(staged)),
            _ => (None, None),
        };
        document["uncommitted"] = json!(uncommitted);
        document["staged"] = json!(staged);
        document["commit"] = json!(commit.map(CommitId::as_str));
        document["merge_request"] = json!(merge_request);
        document["changes"] = first["changes"].clone();
        document["tell"] = json!(told(self.queues));
        document["warnings"] = problems(self.warnings);
        document["notes"] = json!(self.notes);
        document["parts"] = match parts.len() {
            1 => Value::Null,
            _ => json!(parts),
        };
        let absent = ["digests", "uncommitted", "staged", "commit", "merge_request", "parts"];
        optional(&absent, document)
    }
}

/// What is left to do where the files have everything already.
fn unsettled(uncommitted: &[RepoPath], staged: &[RepoPath], again: &str) -> String {
    let mut text = String::new();
    match uncommitted.len() {
        0 => {}
        1 => text.push_str(&format!("\n1 file is not committed; to commit it:\n  {again}")),
        count => {
            text.push_str(&format!(
                "\n{count} files are not committed; to commit them:\n  {again}"
            ));
        }
    }
    if !staged.is_empty() {
        let files = staged.iter().map(RepoPath::quoted).collect::<Vec<_>>().join(" ");
        text.push_str(&format!(
            "\nthe index has another version; to drop that:\n  git restore --staged -- {files}"
        ));
    }
    text
}

fn paths(paths: &[RepoPath]) -> Option<Value> {
    (!paths.is_empty()).then(|| paths.iter().map(RepoPath::as_str).collect())
}

fn part(queue: &Queue, part: &PartPlan) -> Value {
    let document = json!({
        "component": queue.component.name,
        "upstream": queue.component.upstream.to_string(),
        "to": version(queue.component, &part.to),
        "environments": environments(part),
        "changes": queue.documents(),
        "digests": digests(part),
    });
    optional(&["digests"], document)
}

/// The images whose digests the pins have afterwards; `None` if there are none.
fn digests(part: &PartPlan) -> Option<Value> {
    let digest = |(image, digest): (&ComponentImage, &String)| {
        let tag = part.to.tag(image.tag_length);
        json!({ "image": image.name, "tag": tag, "digest": digest })
    };
    (!part.digests.is_empty()).then(|| part.digests.iter().map(digest).collect())
}

fn environments(part: &PartPlan) -> Value {
    let environments = part.environments.iter().map(|environment| {
        json!({
            "name": environment.name,
            "pins": environment.values.iter().filter_map(pin).collect::<Value>(),
            "stays": environment.values.iter().filter_map(stay).collect::<Value>(),
        })
    });
    environments.collect()
}

/// A value that moves or has the new version already; `None` for one that stays.
fn pin(value: &PlannedValue) -> Option<Value> {
    let PlannedValue { file, line, target, old, outcome } = value;
    let new = match outcome {
        Outcome::Moves(new) => new,
        Outcome::AlreadyThere => old,
        Outcome::Stays(_) => return None,
    };
    let file = file.as_str();
    let pin = json!({ "file": file, "line": line, "target": target, "old": old, "new": new });
    Some(optional(&["target"], pin))
}

fn stay(value: &PlannedValue) -> Option<Value> {
    let PlannedValue { file, line, target, old, outcome } = value;
    let Outcome::Stays(stay) = outcome else { return None };
    let document = json!({
        "file": file.as_str(),
        "line": line,
        "target": target,
        "value": old,
        "reason": stay.to_string(),
    });
    Some(optional(&["target"], document))
}

fn merge_request(delivered: &Delivered) -> Value {
    let Delivered { url, branch, target, notes, .. } = delivered;
    json!({
        "url": url,
        "branch": branch,
        "target": target,
        "warnings": problems(&delivered.faults()),
        "not_applied": problems(&delivered.failures()),
        "notes": notes,
    })
}

/// The address, as `address` writes it, and what is not as it was asked for.
fn delivery(delivered: &Delivered, address: impl Fn(&str) -> String) -> String {
    let Delivered { branch, target, url, state, notes, .. } = delivered;
    let way = format!("{} -> {}", super::printable(branch), super::printable(target));
    let what = match (state, url) {
        (State::Opened, _) => "opened",
        (State::Refreshed, _) => "refreshed",
        (State::PushedBefore, _) => "pushed before; whether a merge request is open is not known",
        (State::PushedOnly, Some(_)) => "pushed only; open it at",
        (State::PushedOnly, None) => "pushed only",
    };
    let done = match url {
        Some(url) => format!("{what}: {} ({way})", address(url)),
        None => format!("{what}: {way}"),
    };
    let notes = notes.iter().map(|note| format!("\nnote: {}", super::printable(note)));
    done + &notes.collect::<String>()
}

fn state(state: State) -> &'static str {
    match state {
        State::Opened => "opened",
        State::Refreshed => "refreshed",
        State::PushedBefore => "pushed-before",
        State::PushedOnly => "pushed",
    }
}

#[cfg(test)]
mod tests;
