//! What a person may want after a promotion: to undo it, or to look at its page.

use promotion::history::changes::PartChanges;
use promotion::merge_request::commit_message::{Wording, compare_addresses};
use promotion::model::version::{CommitId, commit_or_tag, commit_part};
use promotion::plan::landed::Landed;
use promotion::plan::{PartPlan, Plan};

use crate::request::{Request, What};
use crate::session::Session;
use crate::worktree::WorkTree;

/// The commit that a hint can name: there is none where several upstreams move, each to its own.
pub(super) fn version(plan: &Plan) -> Option<&CommitId> {
    let (first, rest) = plan.parts.split_first()?;
    rest.iter().all(|part| part.to == first.to).then_some(&first.to)
}

/// The commands that undo the promotion of `parts`: a rollback for each version that ran before, or
/// after a rollback a promotion. `named` says what names some environments of a part.
pub(super) fn undo(
    session: &Session,
    request: &Request,
    work_tree: &WorkTree,
    parts: &[PartPlan],
    named: impl Fn(usize, Vec<String>) -> What,
) -> Vec<String> {
    let mut commands = Vec::new();
    for (nth, part) in parts.iter().enumerate() {
        for Before { version, is_known, environments } in before(part) {
            let has_history = is_known && work_tree.git_dir.is_some();
            let is_named = !has_history || request.wording == Wording::Rollback;
            let to = match (is_named, version) {
                (false, _) => None,
                (true, Some(version)) => Some(version),
                (true, None) => continue,
            };
            let what = named(nth, environments);
            let command = request.with(what).undo(session, to).to_string();
            if !commands.contains(&command) {
                commands.push(command);
            }
        }
    }
    commands
}

/// The merge request, or the page that compares the oldest version with the new one.
pub(super) fn page(landed: &Landed, parts: &[PartChanges]) -> Option<String> {
    match landed {
        Landed::Delivered(delivered) => delivered.url.clone(),
        _ => parts.iter().flat_map(compare_addresses).next(),
    }
}

/// What some environments ran before they moved.
struct Before<'p> {
    /// `None` if it is a digest.
    version: Option<&'p str>,
    /// Whether the history of the pins tells it: it doesn't if they disagreed.
    is_known: bool,
    environments: Vec<String>,
}

fn before(part: &PartPlan) -> Vec<Before<'_>> {
    let mut all: Vec<Before> = Vec::new();
    for environment in &part.environments {
        let moving = environment.values.iter().filter(|value| value.moves());
        let mut versions = moving.map(|value| commit_or_tag(&value.old));
        let Some(tag) = versions.next() else { continue };
        let version = tag.and_then(commit_part);
        // Nothing leads back to a moving tag.
        if tag.is_some() && version.is_none() {
            continue;
        }
        let is_same = |other: Option<&str>| match (version, other) {
            (Some(one), Some(other)) => one.starts_with(other) || other.starts_with(one),
            (one, other) => one == other,
        };
        let is_known = versions.all(|tag| is_same(tag.and_then(commit_part)));
        let name = environment.name.clone();
        match all.iter_mut().find(|one| is_same(one.version) && one.is_known == is_known) {
            Some(one) => one.environments.push(name),
            None => all.push(Before { version, is_known, environments: vec![name] }),
        }
    }
    all
}
