//! What a person may want after a promotion: to undo it, or to look at its page.

use promotion::history::changes::{Changes, Direction, PartChanges, Start};
use promotion::merge_request::commit_message::{Wording, compare_addresses};
use promotion::model::component::Environment;
use promotion::model::version::{CommitId, commit_or_tag, commit_part};
use promotion::plan::landed::Landed;
use promotion::plan::{Digests, EnvironmentPlan, Part, PartPlan, Plan, PlannedValue};

use super::{Done, Run};
use crate::commands::by_git;
use crate::land;
use crate::request::WayBack;

/// The commit that a hint can name: there is none where several upstreams move, each to its own.
pub(super) fn version(plan: &Plan) -> Option<&CommitId> {
    let (first, rest) = plan.parts.split_first()?;
    rest.iter().all(|part| part.to == first.to).then_some(&first.to)
}

/// The merge request, or the page that compares the oldest version with the new one.
pub(super) fn page(landed: &Landed, parts: &[PartChanges]) -> Option<String> {
    match landed {
        Landed::Delivered(delivered) => delivered.url.clone(),
        _ => parts.iter().flat_map(compare_addresses).next(),
    }
}

/// The commands that bring back every byte that a promotion changed: one for each version that ran
/// before, or git's where those would do something else. None where git can't either.
pub(super) fn undo(run: &Run, done: &Done) -> Vec<String> {
    let Done { plan, .. } = done;
    let tree = || done.tree.clone().or_else(|| run.work_tree.read(&land::wanted(&run.scopes)).ok());
    let before = all_before(run, done).filter(|all| {
        let parts = all.iter().map(|one| one.part(run, &plan.parts[one.nth]));
        let parts: Option<Vec<Part>> = parts.collect();
        let tree = parts.and_then(|parts| Some((parts, tree()?)));
        tree.is_some_and(|(parts, tree)| plan.is_undone_by(&parts, &[], tree))
    });
    let Some(before) = before else {
        return by_git(run.work_tree, plan, &done.landed, done.was_committed).into_iter().collect();
    };
    let moved: Vec<bool> = plan.parts.iter().map(|part| !part.is_empty()).collect();
    let mut commands = Vec::new();
    for one in before {
        let Some(way) = one.way() else { continue };
        let environments = one.environments.iter().map(|name| (*name).to_owned()).collect();
        let what = run.named(one.nth, environments, &moved);
        let command = run.request.with(what).back(run.session, way).to_string();
        if !commands.contains(&command) {
            commands.push(command);
        }
    }
    commands
}

/// What some environments of a part ran before they moved.
struct Before<'d> {
    nth: usize,
    /// As many digits as their pins have; `None` if they have a digest alone.
    version: Option<&'d str>,
    is_newer: bool,
    /// Whether the history of the pins tells it.
    is_committed: bool,
    environments: Vec<&'d str>,
}

/// What every environment ran that moved; `None` if one of them ran no version, or several.
fn all_before<'d>(run: &Run, done: &'d Done) -> Option<Vec<Before<'d>>> {
    let mut all: Vec<Before> = Vec::new();
    for (nth, (part, changes)) in done.plan.parts.iter().zip(&done.review.changes).enumerate() {
        for environment in &part.environments {
            let moving = environment.values.iter().filter(|value| value.moves());
            let moving: Vec<&PlannedValue> = moving.collect();
            if moving.is_empty() {
                continue;
            }
            let version = version_of(&moving)?;
            let is_rollback = run.request.wording == Wording::Rollback;
            let is_newer = match version {
                Some(_) => is_newer(environment, changes, is_rollback)?,
                None => is_rollback,
            };
            let environments = vec![&*environment.name];
            let is_committed = done.was_committed;
            let one = Before { nth, version, is_newer, is_committed, environments };
            match all.iter_mut().find(|known| known.takes(&one)) {
                Some(known) => {
                    known.version = longer(known.version, version);
                    known.environments.extend(one.environments);
                }
                None => all.push(one),
            }
        }
    }
    Some(all)
}

/// The version in all of these pins, if they have one and the same.
fn version_of<'d>(moving: &[&'d PlannedValue]) -> Option<Option<&'d str>> {
    let mut version = None;
    for tag in moving.iter().filter_map(|value| commit_or_tag(&value.old)) {
        // Nothing leads back to a moving tag.
        let one = Some(commit_part(tag)?);
        if !is_same(version.or(one), one) {
            return None;
        }
        version = longer(version, one);
    }
    Some(version)
}

/// Whether the version before is newer than the promoted one; `None` if it can't be told.
fn is_newer(environment: &EnvironmentPlan, changes: &Changes, is_rollback: bool) -> Option<bool> {
    let spans = changes.0.iter().filter(|span| span.environments.contains(&environment.name));
    let mut directions = spans.map(|span| match (&span.start, span.direction) {
        (Start::Commit(_), direction) => direction,
        _ => Direction::Unknown,
    });
    let Some(first) = directions.next() else { return Some(is_rollback) };
    let is_newer = match first {
        Direction::Forward => false,
        Direction::Behind => true,
        Direction::Diverged | Direction::Unknown => return None,
    };
    directions.all(|one| one == first).then_some(is_newer)
}

fn is_same(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.starts_with(other) || other.starts_with(one),
        _ => one == other,
    }
}

fn longer<'v>(one: Option<&'v str>, other: Option<&'v str>) -> Option<&'v str> {
    one.into_iter().chain(other).max_by_key(|version| version.len())
}

impl Before<'_> {
    fn takes(&self, other: &Before) -> bool {
        let is_like = (self.nth, self.is_newer) == (other.nth, other.is_newer);
        is_like && is_same(self.version, other.version)
    }

    /// `None` if it has to be named and has no name.
    fn way(&self) -> Option<WayBack<'_>> {
        match (self.is_newer, self.is_committed) {
            (true, _) => self.version.map(WayBack::Newer),
            (false, true) => Some(WayBack::Older(None)),
            (false, false) => self.version.map(|version| WayBack::Older(Some(version))),
        }
    }

    /// What the command back would plan, as far as it can be told without the upstream: digits that
    /// the pins had are those of the commit, and the history has their digests.
    fn part<'r>(&self, run: &Run<'r>, plan: &PartPlan) -> Option<Part<'r>> {
        let scope = &run.scopes[self.nth];
        let is_meant = |one: &&&Environment| self.environments.contains(&&*one.name);
        let environments = scope.environments.iter().filter(is_meant).copied().collect();
        let digits = format!("{:0<40}", self.version.unwrap_or_default());
        let digests = match self.way()? {
            WayBack::Older(None) => plan.digests_before(),
            _ => Digests::new(),
        };
        let to = CommitId::parse(&digits)?;
        Some(Part { component: scope.component, environments, to, digests })
    }
}
