//! A merge request as a value: its branch, its title and its description.
//!
//! Other people's text goes through `gitlab_text`. Only people whom the user files map are
//! mentioned.

pub mod commit_message;
pub mod forge;
pub mod gitlab_text;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::history::changes::{ByAuthor, PartChanges, by_author};
use crate::history::people::People;
use crate::history::people::Who;
use crate::merge_request::commit_message::{Wording, compare_addresses};
use crate::merge_request::gitlab_text::{cell, code, prose, title};
use crate::model::commit::Commit;
use crate::model::component::{Component, Scope};
use crate::model::version::CommitId;
use crate::plan::{EnvironmentPlan, Outcome};

/// The longest push option in bytes, counted as `key=value`: git's longest packet line.
pub const LONGEST_OPTION: usize = 65_515;

/// The most entries that a list shows at first.
const MOST: usize = 100;

/// The longest description in bytes, with room left for the name of its push option.
const LONGEST: usize = LONGEST_OPTION - 100;

/// The merge request that a forge is asked to open or refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeRequest {
    pub title: String,
    /// Markdown.
    pub description: String,
    /// The branch that is pushed, without `refs/heads/`.
    pub branch: String,
    /// The branch that it is merged into, without `refs/heads/`.
    pub target: String,
    /// The path of the project to merge into, if the branch is pushed to a fork.
    pub target_project: Option<String>,
    /// Labels to set. GitLab creates the ones that don't exist.
    pub labels: Vec<String>,
    /// Labels to remove on a refresh: they were given to the commits that were there before.
    pub unlabels: Vec<String>,
    pub assignees: Vec<String>,
    pub draft: bool,
}

/// Everything that a description is written from.
#[derive(Debug, Clone, Copy)]
pub struct Description<'a> {
    pub parts: &'a [PartChanges<'a>],
    /// Maps authors to people.
    pub people: &'a People,
    pub warnings: &'a [String],
    /// The value of `--reason`.
    pub reason: Option<&'a str>,
}

impl Description<'_> {
    /// The title of the merge request, which is that of the commit.
    pub fn title(&self, wording: Wording) -> String {
        title(&commit_message::title(self.parts, wording))
    }

    /// The description. Lists are cut to 100 entries, and to fewer until the text fits into one
    /// push option; of the commits, the oldest are left out.
    pub fn description(&self) -> String {
        let mut most = MOST;
        loop {
            let text = self.with_lists_of(most);
            if pushed_length(&text) <= LONGEST {
                return text;
            }
            if most == 0 {
                return first_lines(&text);
            }
            most /= 2;
        }
    }

    /// The description with at most `most` entries in each list.
    fn with_lists_of(&self, most: usize) -> String {
        let mut text = vec![self.reason.map(prose).unwrap_or_default()];
        for part in self.parts {
            if self.parts.len() > 1 {
                text.push(format!("## {}", prose(&part.component.name)));
            }
            text.push(table(part));
            text.push(compare_addresses(part).join("\n\n"));
            text.push(self.commits(part, "Queued commits", &part.changes.queued(), most));
            text.push(self.commits(part, "Taken back", &part.changes.taken_back(), most));
            text.push(list("Stays as it is", stays(part), most));
        }
        let warnings = list("Warnings", self.warnings.iter().map(|text| prose(text)), most);
        // Readers look for warnings after the reason, the only table and its links.
        text.insert(if self.parts.len() == 1 { 3 } else { 1 }, warnings);
        text.retain(|part| !part.is_empty());
        text.join("\n\n")
    }

    /// Lists the newest `most` commits by author, newest first. Authors of older ones are still
    /// named.
    fn commits(
        &self,
        part: &PartChanges,
        heading: &str,
        commits: &[&Commit],
        most: usize,
    ) -> String {
        if commits.is_empty() {
            return String::new();
        }
        let newest: BTreeSet<&CommitId> = newest(commits, most);
        let mut text = format!("### {heading}: {}", commits.len());
        for ByAuthor { who, commits } in by_author(commits, self.people) {
            let shown = commits.iter().filter(|commit| newest.contains(&commit.id));
            let lines = shown.map(|commit| format!("\n- {}", listed(part, commit)));
            text.push_str(&format!(
                "\n\n{}: {}\n{}",
                author(&who),
                commits.len(),
                lines.collect::<String>()
            ));
        }
        let left = commits.len() - newest.len();
        if left > 0 {
            let addresses = compare_addresses(part);
            let address = addresses.first().map(|address| format!(": {address}"));
            text.push_str(&format!("\n\nand {left} older{}", address.unwrap_or_default()));
        }
        text
    }
}

fn listed(part: &PartChanges, commit: &Commit) -> String {
    let mark = if commit.touches_template { " (template)" } else { "" };
    format!("`{}` {}{mark}", commit.id.tag(part.component.tag_length), code(&commit.subject))
}

fn table(part: &PartChanges) -> String {
    let mut text = "| environment | from | to |\n|---|---|---|".to_owned();
    for environment in &part.plan.environments {
        let name = cell(&environment.name);
        for (old, new) in moves(part.component, environment) {
            text.push_str(&format!("\n| {name} | {} | {} |", cell(&old), cell(&new)));
        }
    }
    text
}

/// The old and new versions of the values that move, each pair once.
fn moves<'a>(
    component: &Component,
    environment: &'a EnvironmentPlan,
) -> BTreeSet<(Cow<'a, str>, Cow<'a, str>)> {
    let moves = environment.values.iter().filter_map(|value| match &value.outcome {
        Outcome::Moves(new) => Some((component.short(&value.old), component.short(new))),
        _ => None,
    });
    moves.collect()
}

fn stays(part: &PartChanges) -> impl Iterator<Item = String> {
    part.plan.environments.iter().flat_map(|environment| {
        environment.values.iter().filter_map(|value| {
            let Outcome::Stays(stay) = &value.outcome else { return None };
            let place = code(&format!("{}:{}", value.file, value.line));
            let target = value.target.as_ref().map(|target| format!(" {}", code(target)));
            let old = code(&part.component.short(&value.old));
            let name = prose(&environment.name);
            Some(format!("{name}: {place}{} {old}: {stay}", target.unwrap_or_default()))
        })
    })
}

/// The `most` newest commits by commit time; of commits with the same second, the first in the
/// list.
fn newest<'a>(commits: &[&'a Commit], most: usize) -> BTreeSet<&'a CommitId> {
    let mut sorted = commits.to_vec();
    sorted.sort_by_key(|commit| std::cmp::Reverse(commit.time));
    sorted.into_iter().take(most).map(|commit| &commit.id).collect()
}

/// An author's name, with a mention if a user file maps the author: the forge notifies them.
fn author(who: &Who) -> String {
    match who {
        // GitLab notifies every member for `@all`.
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

/// The length in bytes of a text in a push option, where a line break is written as `\n`: two
/// bytes.
fn pushed_length(text: &str) -> usize {
    text.len() + text.matches('\n').count()
}

/// The first lines of a text, as many as fit into a push option.
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

/// The two names that the branch of a promotion may have, the preferred one first.
///
/// `promote/COMPONENT` for every environment, else `promote/COMPONENT/ENVIRONMENTS`; for several
/// components `promote/COMPONENT+COMPONENT`. Git can't have a branch `a` beside a branch `a/b`, so
/// there is a second name for each that conflicts with nothing.
pub fn branch_names(scopes: &[Scope]) -> [String; 2] {
    let [scope] = scopes else { return joint_names(scopes) };
    let name = segment(&scope.component.name);
    if scope.is_all() {
        return [format!("promote/{name}"), format!("promote/{name}+all")];
    }
    let joined = environments_name(scope);
    [format!("promote/{name}/{joined}"), format!("promote/{name}+{joined}")]
}

fn joint_names(scopes: &[Scope]) -> [String; 2] {
    let name = |scope: &Scope| match scope.is_all() {
        true => segment(&scope.component.name),
        false => format!("{}@{}", segment(&scope.component.name), environments_name(scope)),
    };
    let mut names: Vec<String> = scopes.iter().map(name).collect();
    names.sort();
    let joined = shortened(names.join("+"));
    [format!("promote/{joined}"), format!("promote/{joined}+all")]
}

fn environments_name(scope: &Scope) -> String {
    let mut names: Vec<String> = scope.environments.iter().map(|one| segment(&one.name)).collect();
    names.sort();
    match names.join("+") {
        all if all == "all" => with_hash(&all),
        joined => shortened(joined),
    }
}

/// The name; a long one is cut and gets a hash at its end.
fn shortened(name: String) -> String {
    if name.len() <= 100 { name } else { with_hash(&name) }
}

fn with_hash(name: &str) -> String {
    format!("{}-{:08x}", name.get(..60).unwrap_or(name), hash(name))
}

/// Whether a branch has the name of a promotion of this component, in any environments.
pub fn is_of(component: &Component, branch: &str) -> bool {
    let rest = branch.strip_prefix(&format!("promote/{}", segment(&component.name)));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '+']))
}

/// Chooses between two names, given the branches of the remote.
///
/// A name that exists on the remote wins, so that a promotion keeps its branch; else the first name
/// that doesn't conflict with another branch.
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

/// Makes one part of a branch name, without characters that a refspec or a shell would read.
///
/// A name that had to be changed gets a hash at its end, so that two names never become one.
pub fn segment(name: &str) -> String {
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

/// The FNV-1a hash: unlike the standard library's, it is the same in every build.
fn hash(text: &str) -> u32 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    text.bytes().fold(0x811c_9dc5, step)
}

#[cfg(test)]
mod tests;
