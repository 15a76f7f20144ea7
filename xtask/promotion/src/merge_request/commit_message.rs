//! The commit message of a promotion.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::changes::{Changes, Direction, Span};
use crate::merge_request::gitlab_text::{line, subject};
use crate::model::commit::Commit;
use crate::model::component::Component;
use crate::model::escape::escaped;
use crate::model::version::{commit_part, is_full_commit};
use crate::plan::{EnvironmentPlan, Outcome, Plan};

/// How a promotion is called in its title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wording {
    /// As people know it from `make qr-promote`.
    Production,
    /// By the component's name.
    Component,
    /// By the component's name, as a step back.
    Rollback,
}

/// The title: one line.
pub fn title(component: &Component, wording: Wording, plan: &Plan) -> String {
    let subject = match wording {
        Wording::Production => "qontract production promotion".to_owned(),
        Wording::Component => format!("{} promotion", component.name),
        Wording::Rollback => format!("{} rollback", component.name),
    };
    let tag = plan.to.tag(component.tag_length);
    format!("{subject} {} to {tag}", old_versions(component, plan))
}

/// The title, the body after an empty line, and trailers at its end.
pub fn commit_message(
    component: &Component,
    changes: &Changes,
    wording: Wording,
    plan: &Plan,
    reason: Option<&str>,
) -> String {
    let paragraphs = [
        subject(&title(component, wording, plan)),
        environments(component, plan),
        compare_addresses(component, plan, changes).join("\n"),
        listed("Goes along:", component, &changes.queued()),
        listed("Taken back:", component, &changes.taken_back()),
        reason.map_or(String::new(), |reason| format!("Reason: {}", escaped(reason))),
    ];
    let paragraphs: Vec<_> = paragraphs.into_iter().filter(|text| !text.is_empty()).collect();
    paragraphs.join("\n\n") + "\n"
}

fn environments(component: &Component, plan: &Plan) -> String {
    let mut lines = Vec::new();
    for environment in &plan.environments {
        for old in old_of(environment) {
            let shown = if is_full_commit(old) { old } else { component.short(old) };
            lines.push(format!("{}: {shown} -> {}", line(&environment.name), plan.to));
        }
    }
    lines.join("\n")
}

fn listed(title: &str, component: &Component, commits: &[&Commit]) -> String {
    if commits.is_empty() {
        return String::new();
    }
    let lines = commits.iter().map(|commit| {
        let id = commit.id.tag(component.tag_length);
        format!("\n* {id} {} ({})", line(&commit.subject), line(&commit.author.name))
    });
    title.to_owned() + &lines.collect::<String>()
}

/// The old versions of the values that move: one, or a few, or how many.
pub fn old_versions(component: &Component, plan: &Plan) -> String {
    let all: BTreeSet<_> =
        plan.environments.iter().flat_map(old_of).map(|old| component.short(old)).collect();
    let listed = all.iter().copied().collect::<Vec<_>>().join(", ");
    // A title has 255 characters at most, and a person reads fewer.
    match all.len() {
        0..=3 if listed.len() <= 120 => listed,
        many => format!("{many} versions"),
    }
}

/// The distinct old versions of one environment, in the order of its pins.
fn old_of(environment: &EnvironmentPlan) -> Vec<&str> {
    let mut olds: Vec<&str> = Vec::new();
    for value in &environment.values {
        if matches!(value.outcome, Outcome::Moves(_)) && !olds.contains(&value.old.as_str()) {
            olds.push(&value.old);
        }
    }
    olds
}

/// Where the upstream's host shows the commits between each old version and the new one; those
/// that are taken back, if it goes back.
pub fn compare_addresses(component: &Component, plan: &Plan, changes: &Changes) -> Vec<String> {
    let Some(compare) = compare_page(&component.upstream) else { return Vec::new() };
    let mut olds: BTreeMap<&str, &str> = BTreeMap::new();
    for old in plan.environments.iter().flat_map(old_of).filter_map(commit_part) {
        let longest = olds.entry(component.short(old)).or_default();
        *longest = if old.len() > longest.len() { old } else { longest };
    }
    let goes_back = |old: &str| {
        let is_old = |span: &&Span| component.short(&span.old).starts_with(component.short(old));
        let span = changes.0.iter().find(is_old);
        span.is_some_and(|span| matches!(span.direction, Direction::Behind))
    };
    let address = |old: &str| match goes_back(old) {
        true => format!("{compare}/{}...{old}", plan.to),
        false => format!("{compare}/{old}...{}", plan.to),
    };
    olds.into_values().map(address).collect()
}

fn compare_page(upstream: &str) -> Option<String> {
    let url = upstream.trim_end_matches('/').trim_end_matches(".git");
    let host = url.strip_prefix("https://")?.split('/').next()?;
    match host {
        "github.com" => Some(format!("{url}/compare")),
        host if host.starts_with("gitlab.") => Some(format!("{url}/-/compare")),
        _ => None,
    }
}
