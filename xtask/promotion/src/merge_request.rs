//! A merge request as a value: its branch, its title and its description. Pure.
//!
//! Whatever others wrote goes through `neutral`. Only people that user files map are mentioned.

pub mod commit_message;
pub mod forge;
pub mod gitlab_text;

use std::collections::{BTreeMap, BTreeSet};

use crate::history::changes::{ByAuthor, Changes, by_author};
use crate::history::people::People;
use crate::history::people::Who;
use crate::merge_request::commit_message::{Wording, compare_addresses};
use crate::merge_request::gitlab_text::{cell, code, prose, title};
use crate::model::commit::Commit;
use crate::model::component::{Component, Environment};
use crate::model::version::CommitId;
use crate::plan::{Outcome, Plan};

/// The longest push option in bytes, `key=value` as a whole: git's longest packet line.
pub const LONGEST_OPTION: usize = 65_515;

/// How many commits, values and warnings a list shows at most: more of them nobody reads.
const MOST: usize = 100;

/// The longest description in bytes as it is pushed, with room for the name of the option.
const LONGEST: usize = LONGEST_OPTION - 100;

/// What a forge is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeRequest {
    /// One line, at most 255 characters.
    pub title: String,
    /// Markdown of several lines.
    pub description: String,
    /// The branch that is pushed, without `refs/heads/`.
    pub branch: String,
    /// The branch that it shall be merged into, without `refs/heads/`.
    pub target: String,
    /// The project of the target, if the branch is pushed to a fork of it.
    pub target_project: Option<String>,
    /// Set when it is opened; GitLab makes those that don't exist.
    pub labels: Vec<String>,
    /// Taken away again when it is refreshed: they were given to other commits.
    pub unlabels: Vec<String>,
    /// User names.
    pub assignees: Vec<String>,
    /// Whether it is marked as not ready.
    pub draft: bool,
}

/// What a description tells.
#[derive(Debug, Clone, Copy)]
pub struct Description<'a> {
    /// What is promoted.
    pub component: &'a Component,
    /// What changes.
    pub plan: &'a Plan,
    /// What goes along, if the upstream was asked.
    pub changes: Option<(&'a Changes, &'a People)>,
    /// What a person should know.
    pub warnings: &'a [String],
    /// Why it is done, as it was typed.
    pub reason: Option<&'a str>,
}

impl Description<'_> {
    /// The title: that of the commit.
    pub fn title(&self, wording: Wording) -> String {
        title(&commit_message::title(self.component, wording, self.plan))
    }

    /// The description. The oldest commits are left out where all of them would be too long for
    /// one push option, or for a reader.
    pub fn description(&self) -> String {
        let mut most = MOST;
        loop {
            let text = self.told(most);
            if pushed_length(&text) <= LONGEST {
                return text;
            }
            if most == 0 {
                return first_lines(&text);
            }
            most /= 2;
        }
    }

    /// The description with at most so many entries in each list.
    fn told(&self, most: usize) -> String {
        let mut parts = vec![self.reason.map(prose).unwrap_or_default(), self.table()];
        parts.push(self.addresses().join("\n\n"));
        parts.push(list("Warnings", self.warnings.iter().map(|text| prose(text)), most));
        if let Some((changes, people)) = self.changes {
            parts.push(self.commits("Queued commits", &changes.queued(), people, most));
            parts.push(self.commits("Taken back", &changes.taken_back(), people, most));
        }
        parts.push(list("Stays as it is", self.stays(), most));
        parts.retain(|part| !part.is_empty());
        parts.join("\n\n")
    }

    fn addresses(&self) -> Vec<String> {
        let none = Changes::default();
        let changes = self.changes.map_or(&none, |(changes, _)| changes);
        compare_addresses(self.component, self.plan, changes)
    }

    fn table(&self) -> String {
        let mut text = "| environment | from | to |\n|---|---|---|".to_owned();
        for environment in &self.plan.environments {
            let name = cell(&environment.name);
            for (old, new) in self.moves(environment) {
                text.push_str(&format!("\n| {name} | {} | {} |", cell(old), cell(new)));
            }
        }
        text
    }

    fn moves<'a>(
        &'a self,
        environment: &'a crate::plan::EnvironmentPlan,
    ) -> BTreeSet<(&'a str, &'a str)> {
        let shown = |version: &'a str| self.component.short(version);
        let moves = environment.values.iter().filter_map(move |value| match &value.outcome {
            Outcome::Moves(new) => Some((shown(&value.old), shown(new))),
            _ => None,
        });
        moves.collect()
    }

    fn stays(&self) -> impl Iterator<Item = String> {
        self.plan.environments.iter().flat_map(|environment| {
            environment.values.iter().filter_map(|value| {
                let Outcome::Stays(stay) = &value.outcome else { return None };
                let place = code(&format!("{}:{}", value.file, value.line));
                let target = value.target.as_ref().map(|target| format!(" {}", code(target)));
                let old = code(self.component.short(&value.old));
                let name = prose(&environment.name);
                Some(format!("{name}: {place}{} {old}: {stay}", target.unwrap_or_default()))
            })
        })
    }

    /// Commits by author, the newest first; authors without a commit among the newest stay named.
    fn commits(&self, heading: &str, commits: &[&Commit], people: &People, most: usize) -> String {
        if commits.is_empty() {
            return String::new();
        }
        let newest: BTreeSet<&CommitId> = newest(commits, most);
        let mut text = format!("### {heading}: {}", commits.len());
        for ByAuthor { who, commits } in by_author(commits, people) {
            let shown = commits.iter().filter(|commit| newest.contains(&commit.id));
            let lines = shown.map(|commit| format!("\n- {}", self.commit(commit)));
            text.push_str(&format!(
                "\n\n{}: {}\n{}",
                named(&who),
                commits.len(),
                lines.collect::<String>()
            ));
        }
        let left = commits.len() - newest.len();
        if left > 0 {
            let addresses = self.addresses();
            let address = addresses.first().map(|address| format!(": {address}"));
            text.push_str(&format!("\n\nand {left} older{}", address.unwrap_or_default()));
        }
        text
    }

    fn commit(&self, commit: &Commit) -> String {
        let tag = commit.id.tag(self.component.tag_length);
        format!("`{tag}` {}", code(&commit.subject))
    }
}

/// The newest commits by their time; of those of one second, the first of the list.
fn newest<'a>(commits: &[&'a Commit], most: usize) -> BTreeSet<&'a CommitId> {
    let mut sorted = commits.to_vec();
    sorted.sort_by_key(|commit| std::cmp::Reverse(commit.time));
    sorted.into_iter().take(most).map(|commit| &commit.id).collect()
}

/// An author; only one that a user file maps is told of it by the forge.
fn named(who: &Who) -> String {
    match who {
        // A user file that says `all` would wake up everybody.
        Who::Other(name, Some(user)) if user != "all" => format!("{} @{user}", prose(name)),
        Who::Other(name, _) | Who::Bot(name) => prose(name),
        Who::You => "The one who promotes".to_owned(),
    }
}

fn list(heading: &str, entries: impl Iterator<Item = String>, most: usize) -> String {
    let entries: Vec<String> = entries.collect();
    if entries.is_empty() {
        return String::new();
    }
    let mut text = format!("### {heading}\n");
    for entry in entries.iter().take(most) {
        text.push_str(&format!("\n- {entry}"));
    }
    if entries.len() > most {
        text.push_str(&format!("\n- and {} more", entries.len() - most));
    }
    text
}

/// Bytes of the text in a push option, where a line break takes two.
fn pushed_length(text: &str) -> usize {
    text.len() + text.matches('\n').count()
}

/// As many whole lines as fit.
fn first_lines(text: &str) -> String {
    let mut kept = String::new();
    for line in text.split_inclusive('\n') {
        if pushed_length(&kept) + line.len() > LONGEST - 100 {
            return kept + "\nand more, which was too long";
        }
        kept.push_str(line);
    }
    kept
}

/// The names that the branch of a promotion may have, the preferred one first.
///
/// `promote/COMPONENT` for every environment, else `promote/COMPONENT/ENVIRONMENTS`. Git can't
/// have a branch beside others below its name, so each has a second name that is in nobody's way.
pub fn branch_names(component: &Component, environments: &[&Environment]) -> [String; 2] {
    let name = segment(&component.name);
    if environments.len() == component.environments.len() {
        return [format!("promote/{name}"), format!("promote/{name}+all")];
    }
    let mut names: Vec<String> = environments.iter().map(|one| segment(&one.name)).collect();
    names.sort();
    let joined = names.join("+");
    let joined = match joined.len() {
        0..=100 if joined != "all" => joined,
        _ => format!("{}-{:08x}", joined.get(..60).unwrap_or(&joined), hash(&joined)),
    };
    [format!("promote/{name}/{joined}"), format!("promote/{name}+{joined}")]
}

/// Whether a branch is one of a component's, whatever its environments are.
pub fn is_of(component: &Component, branch: &str) -> bool {
    let rest = branch.strip_prefix(&format!("promote/{}", segment(&component.name)));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '+']))
}

/// The name for the branch, beside those that the remote has.
///
/// One that exists there, else one that can: so a promotion stays with its branch.
pub fn choose<'a>(names: &'a [String; 2], there: &BTreeMap<String, CommitId>) -> &'a str {
    let [preferred, second] = names;
    if there.contains_key(preferred) {
        return preferred;
    }
    let in_the_way = |branch: &String| is_below(branch, preferred) || is_below(preferred, branch);
    match there.contains_key(second) || there.keys().any(in_the_way) {
        true => second,
        false => preferred,
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// One part of a branch name without anything that a refspec or a shell would read.
///
/// What is replaced leaves a number behind, so that two names stay two.
fn segment(name: &str) -> String {
    let ok = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_clean = name.chars().all(ok)
        && !name.is_empty()
        && !name.starts_with(['.', '-'])
        && !name.ends_with(['.', '-'])
        && !name.contains("..")
        && !name.ends_with(".lock");
    if is_clean {
        return name.to_owned();
    }
    let clean = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    format!("{}-{:08x}", clean.trim_matches('-'), hash(name)).trim_start_matches('-').to_owned()
}

/// FNV-1a, which is the same in every build.
fn hash(text: &str) -> u32 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    text.bytes().fold(0x811c_9dc5, step)
}

#[cfg(test)]
mod tests;
