//! Finds the version that ran before, in the history of the pins themselves: what else changed in
//! their files does not count.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use promotion::history::past::{PinName, named, values};
use promotion::locate::{Role, locate_in_tree};
use promotion::model::commit::Revision;
use promotion::model::component::{ComponentImage, PinSpec, Scope};
use promotion::model::escape::escaped;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::tree::Tree;
use promotion::model::upstream::Upstream;
use promotion::model::version::{
    CommitId, commit_or_tag, commit_part, is_full_commit, tag_and_digest,
};
use promotion::plan::Digests;

use crate::git::past::{Past, Walk};
use crate::mirror::Mirror;

/// How many changes of a file are looked through.
const MOST_CHANGES: usize = 200;

/// The cure of everything that is refused here.
const HELP: &str = "name the version with `--to REF`";

/// The version that the environments ran before the one in `tree`, by the history that led there.
///
/// Refuses pins that did not run the same version before, an environment without an earlier
/// version, and a history that ends before the pins changed.
pub fn version_before(
    past: &Past,
    scope: &Scope,
    mirror: &Mirror,
    tree: &Tree,
) -> Result<CommitId> {
    let mut before: BTreeMap<String, String> = BTreeMap::new();
    for environment in &scope.environments {
        let mut is_known = false;
        for spec in &environment.pins {
            for (file, pins) in pins(&scope.component.upstream, spec, tree) {
                for (old, line) in before_in(past, &file, &pins)? {
                    is_known = true;
                    // A digest alone names no commit.
                    let Some(version) = commit_or_tag(&old) else { continue };
                    let place = format!("{}: `{file}:{line}`", environment.name);
                    before.entry(version.to_owned()).or_insert(place);
                }
            }
        }
        if !is_known {
            let message =
                format!("the history of the pins of `{}` has no earlier version", environment.name);
            return Err(Problem::new(message).help(HELP).into());
        }
    }
    the_only(mirror, &before)
}

/// The digests that the pins had when they last ran `to`; none where the history knows of none.
pub fn digests_before(past: &Past, scope: &Scope, tree: &Tree, to: &CommitId) -> Result<Digests> {
    let mut digests = Digests::new();
    for (file, pins) in by_file(scope, tree) {
        if pins.iter().all(|(pin, _)| tag_and_digest(&pin.value).1.is_none()) {
            continue;
        }
        let names: Vec<&PinName> = pins.iter().map(|(pin, _)| &pin.name).collect();
        let revisions = past.of(&file, Walk::Branch(MOST_CHANGES))?;
        past.read(&contents(&revisions), |_, text| {
            let then = values(&names, text);
            let is_it = ran(&pins, &then, to);
            for ((_, image), value) in pins.iter().zip(&then).filter(|_| is_it) {
                let digest = value.as_deref().and_then(|value| tag_and_digest(value).1);
                if let (Some(image), Some(digest)) = (image, digest) {
                    digests.entry(image.clone()).or_insert(digest.to_owned());
                }
            }
            is_it
        })?;
    }
    Ok(digests)
}

/// Whether the values that the pins of a file had are those of a version: one of them names it, or
/// there are only digests, and they were others.
fn ran(
    pins: &[(CurrentPin, Option<ComponentImage>)],
    then: &[Option<String>],
    to: &CommitId,
) -> bool {
    let begins = |digits: &str| to.as_str().starts_with(digits);
    let names = |value: &String| commit_or_tag(value).and_then(commit_part).is_some_and(begins);
    match pins.iter().any(|(pin, _)| commit_or_tag(&pin.value).is_some()) {
        true => then.iter().flatten().any(names),
        false => pins.iter().zip(then).any(|((pin, _), then)| then.as_ref() != Some(&pin.value)),
    }
}

/// Every pin of a scope by its file, with the image whose digest it may hold.
fn by_file(
    scope: &Scope,
    tree: &Tree,
) -> BTreeMap<RepoPath, Vec<(CurrentPin, Option<ComponentImage>)>> {
    let mut files: BTreeMap<RepoPath, Vec<_>> = BTreeMap::new();
    for spec in scope.environments.iter().flat_map(|environment| &environment.pins) {
        for (file, pins) in pins(&scope.component.upstream, spec, tree) {
            let pins = pins.into_iter().map(|pin| (pin, spec.image.clone()));
            files.entry(file).or_default().extend(pins);
        }
    }
    files
}

/// The contents that a file had, the newest first.
fn contents(revisions: &[Revision]) -> Vec<&str> {
    let contents = revisions.iter().map(|revision| &revision.after);
    let before = revisions.last().into_iter().flat_map(|first| &first.before);
    contents.chain(before).flatten().map(String::as_str).collect()
}

/// The commit that all of these versions are.
fn the_only(mirror: &Mirror, before: &BTreeMap<String, String>) -> Result<CommitId> {
    let mut found: BTreeMap<CommitId, &String> = BTreeMap::new();
    // Full commits first: they say which one a tag means.
    let mut versions: Vec<(&String, &String)> = before.iter().collect();
    versions.sort_by_key(|(version, _)| !is_full_commit(version));
    for (version, place) in versions {
        let is_known = |digits| found.keys().any(|commit| commit.as_str().starts_with(digits));
        if !commit_part(version).is_some_and(is_known) {
            found.insert(commit_of(mirror, version, place)?, version);
        }
    }
    if found.len() > 1 {
        let all = found.values().map(|version| format!("`{version}` ({})", before[*version]));
        let all = all.collect::<Vec<_>>().join(", ");
        let message = format!("the pins did not run the same version before: {all}");
        let help = format!("{HELP}, one environment at a time if they differ");
        return Err(Problem::new(message).help(help).into());
    }
    found.into_keys().next().context("every environment has a version before")
}

/// The one commit that a version of the history means; a branch or a moving tag meant another one
/// at that time.
fn commit_of(mirror: &Mirror, version: &str, place: &str) -> Result<CommitId> {
    let ran = format!("`{}` ran before ({place})", escaped(version));
    let Some(digits) = commit_part(version) else {
        return Err(Problem::new(format!("{ran}, which is no commit")).help(HELP).into());
    };
    let commits = mirror.with_prefix(digits)?;
    match commits.as_slice() {
        [commit] => Ok(commit.clone()),
        [] => {
            let message = format!("{ran}, which the upstream does not have");
            Err(Problem::new(message).help(HELP).into())
        }
        several => {
            let all: Vec<_> = several.iter().map(|commit| format!("`{commit}`")).collect();
            let message = format!("{ran}, and several commits begin so: {}", all.join(", "));
            Err(Problem::new(message).help(HELP).into())
        }
    }
}

/// A pin as it is now.
struct CurrentPin {
    name: PinName,
    value: String,
    line: usize,
}

/// The pins that one line of the configuration finds, by the file that they stand in. A file that
/// can't be read has none.
fn pins(upstream: &Upstream, spec: &PinSpec, tree: &Tree) -> BTreeMap<RepoPath, Vec<CurrentPin>> {
    let mut pins: BTreeMap<RepoPath, Vec<CurrentPin>> = BTreeMap::new();
    for (path, bytes) in tree.of(spec) {
        let text = String::from_utf8_lossy(bytes);
        let found = locate_in_tree(spec, upstream, &text, tree).unwrap_or_default();
        let found = named(found, spec, upstream);
        for (found, name) in found.filter(|(found, _)| matches!(found.role, Role::Pin(_))) {
            let pin = CurrentPin { name, value: found.value, line: found.line };
            pins.entry(found.file.unwrap_or_else(|| path.clone())).or_default().push(pin);
        }
    }
    pins
}

/// The version before of the pins of one file, each with its line now. Only the newest change
/// counts: a pin that it left alone has none.
fn before_in(past: &Past, path: &RepoPath, pins: &[CurrentPin]) -> Result<Vec<(String, usize)>> {
    if pins.is_empty() {
        return Ok(Vec::new());
    }
    let revisions = past.of(path, Walk::Branch(MOST_CHANGES))?;
    let first = revisions.last();
    let ids = contents(&revisions);
    let names: Vec<&PinName> = pins.iter().map(|pin| &pin.name).collect();
    let mut changed = Vec::new();
    past.read(&ids, |_, text| {
        let pairs = pins.iter().zip(values(&names, text));
        let differing = pairs.filter_map(|(pin, then)| Some((then?, pin)));
        let differing = differing.filter(|(then, pin)| *then != pin.value);
        changed.extend(differing.map(|(then, pin)| (then, pin.line)));
        !changed.is_empty()
    })?;
    if changed.is_empty() && first.is_some_and(|first| first.is_cut) {
        let message = "its pins did not change in the history that this shallow clone has";
        let help = format!("fetch the rest with `git fetch --unshallow`, or {HELP}");
        return Err(Problem::new(message).file(path.as_str()).help(help).into());
    }
    if changed.is_empty() && revisions.len() >= MOST_CHANGES {
        let message = format!("its pins did not change in its last {MOST_CHANGES} changes");
        return Err(Problem::new(message).file(path.as_str()).help(HELP).into());
    }
    Ok(changed)
}
