//! The commit message of a promotion.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::history::changes::{Direction, PartChanges, Span};
use crate::merge_request::gitlab_text::{line, subject};
use crate::model::commit::Commit;
use crate::model::escape::escaped;
use crate::model::version::{CommitId, commit_or_tag, commit_part, is_full_commit, tag_and_digest};
use crate::plan::{EnvironmentPlan, Outcome};

/// The name of a promotion in its title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wording {
    /// `qontract production promotion`, as `make qr-promote` always called it.
    Production,
    /// `COMPONENT promotion`.
    Component,
    /// `COMPONENT rollback`.
    Rollback,
}

/// The title in one line: what is promoted, from which versions, to which tags. Leaves out parts
/// that don't move.
pub fn title(parts: &[PartChanges], wording: Wording) -> String {
    let moving: Vec<&PartChanges> = parts.iter().filter(|part| !part.plan.is_empty()).collect();
    let (what, one) = match wording {
        Wording::Production => ("qontract production promotion", true),
        Wording::Component => ("promotion", false),
        Wording::Rollback => ("rollback", false),
    };
    match moving.as_slice() {
        [part] if one => format!("{what} {}", step(part)),
        [part] => format!("{} {what} {}", part.component.name, step(part)),
        several => {
            let steps =
                several.iter().map(|part| format!("{} {}", part.component.name, step(part)));
            let listed = steps.collect::<Vec<_>>().join(", ");
            match listed.len() {
                0..=200 => format!("{what} of {listed}"),
                _ => format!("{what} of {} components", several.len()),
            }
        }
    }
}

/// `OLD to NEW`.
fn step(part: &PartChanges) -> String {
    let tag = part.plan.to.tag(part.component.tag_length);
    format!("{} to {tag}", old_versions(part))
}

/// The whole message: title, environments, links, commits, and the reason as a trailer.
pub fn commit_message(parts: &[PartChanges], wording: Wording, reason: Option<&str>) -> String {
    let mut paragraphs = vec![subject(&title(parts, wording))];
    for part in parts.iter().filter(|part| parts.len() == 1 || !part.plan.is_empty()) {
        if parts.len() > 1 {
            paragraphs.push(line(&part.component.name));
        }
        paragraphs.push(environments(part));
        paragraphs.push(compare_addresses(part).join("\n"));
        paragraphs.push(listed("Goes along:", part, &part.changes.queued()));
        paragraphs.push(listed("Taken back:", part, &part.changes.taken_back()));
    }
    paragraphs.extend(reason.map(|reason| format!("Reason: {}", escaped(reason))));
    paragraphs.retain(|text| !text.is_empty());
    paragraphs.join("\n\n") + "\n"
}

fn environments(part: &PartChanges) -> String {
    let mut lines = Vec::new();
    for environment in &part.plan.environments {
        let name = line(&environment.name);
        for (old, new) in moves(environment) {
            let (shown, new) = match tag_and_digest(new).1 {
                Some(_) => (part.component.short(old), part.component.short(new)),
                None if is_full_commit(old) => (old.into(), part.plan.to.as_str().into()),
                None => (part.component.short(old), part.plan.to.as_str().into()),
            };
            let step = format!("{name}: {shown} -> {new}");
            if !lines.contains(&step) {
                lines.push(step);
            }
        }
    }
    lines.join("\n")
}

fn listed(title: &str, part: &PartChanges, commits: &[&Commit]) -> String {
    if commits.is_empty() {
        return String::new();
    }
    let lines = commits.iter().map(|commit| {
        let id = commit.id.tag(part.component.tag_length);
        format!("\n* {id} {} ({})", line(&commit.subject), line(&commit.author.name))
    });
    title.to_owned() + &lines.collect::<String>()
}

/// The old versions as text: up to three of them, else their number.
fn old_versions(part: &PartChanges) -> String {
    let olds: Vec<&str> = part.plan.environments.iter().flat_map(old_of).collect();
    // Beside commits and tags, digests say nothing to people.
    let versions = olds.iter().filter_map(|old| commit_or_tag(old));
    let mut all: BTreeSet<_> = versions.map(|old| part.component.short(old)).collect();
    if all.is_empty() {
        all = olds.iter().map(|old| part.component.short(old)).collect();
    }
    let listed = all.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(", ");
    // A title may have 255 characters, and people read fewer.
    match all.len() {
        0..=3 if listed.len() <= 120 => listed,
        many => format!("{many} versions"),
    }
}

/// The old versions of the values that move in one environment, each once, in the order of its
/// pins.
fn old_of(environment: &EnvironmentPlan) -> Vec<&str> {
    let mut olds: Vec<&str> = Vec::new();
    for (old, _) in moves(environment) {
        if !olds.contains(&old) {
            olds.push(old);
        }
    }
    olds
}

/// The old and the new version of each value that moves.
fn moves(environment: &EnvironmentPlan) -> impl Iterator<Item = (&str, &str)> {
    environment.values.iter().filter_map(|value| match &value.outcome {
        Outcome::Moves(new) => Some((value.old.as_str(), new.as_str())),
        _ => None,
    })
}

/// Links to the pages of the upstream's host that compare each old version with the new one.
///
/// If the promotion goes back, the link shows the commits that are taken back. Hosts that are not
/// known have no links.
pub fn compare_addresses(part: &PartChanges) -> Vec<String> {
    let PartChanges { component, plan, changes } = part;
    let Some(compare) = page(&component.upstream.to_string(), "compare") else { return Vec::new() };
    let mut olds: BTreeMap<Cow<str>, &str> = BTreeMap::new();
    let versions = plan.environments.iter().flat_map(old_of).filter_map(commit_or_tag);
    for old in versions.filter_map(commit_part) {
        let longest = olds.entry(component.short(old)).or_default();
        *longest = if old.len() > longest.len() { old } else { longest };
    }
    let goes_back = |old: &str| {
        let is_old = |span: &&Span| component.short(&span.old).starts_with(&*component.short(old));
        let span = changes.0.iter().find(is_old);
        span.is_some_and(|span| matches!(span.direction, Direction::Behind))
    };
    let address = |old: &str| match goes_back(old) {
        true => format!("{compare}/{}...{old}", plan.to),
        false => format!("{compare}/{old}...{}", plan.to),
    };
    olds.into_values().map(address).collect()
}

/// The page of a commit, on hosts that are known.
pub fn commit_page(upstream: &str, commit: &CommitId) -> Option<String> {
    Some(format!("{}/{commit}", page(upstream, "commit")?))
}

fn page(upstream: &str, kind: &str) -> Option<String> {
    let url = upstream.trim_end_matches('/').trim_end_matches(".git");
    let host = url.strip_prefix("https://")?.split('/').next()?;
    match host {
        "github.com" => Some(format!("{url}/{kind}")),
        host if host.starts_with("gitlab.") => Some(format!("{url}/-/{kind}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
