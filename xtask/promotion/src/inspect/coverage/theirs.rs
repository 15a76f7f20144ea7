//! Finds the parameters that run what unconfigured pins run: once these are configured, they show.

use std::collections::HashSet;

use super::{FileKind, Index, Terms, Unconfigured, in_files, unconfigured};
use crate::config::Config;
use crate::model::path::RepoPath;
use crate::model::tree::Tree;
use crate::model::version::{
    SHORTEST_COMMIT, commit_part, is_digest, is_full_commit, tag_and_digest,
};

/// The pins that [`unconfigured`] finds, and those that it would find if these were configured;
/// `terms` learn what they run.
pub fn unconfigured_and_theirs(
    terms: &mut [Terms],
    config: &Config,
    tree: &Tree,
) -> Vec<Unconfigured> {
    let mut found = unconfigured(terms, config, tree);
    loop {
        let new = learn(terms, &found);
        if new.is_empty() {
            return found;
        }
        let has_one = |(path, bytes): &(&RepoPath, &Vec<u8>)| {
            let is_yaml = FileKind::of(path.as_str()) == Some(FileKind::Yaml);
            is_yaml && std::str::from_utf8(bytes).is_ok_and(|text| may_repeat(text, &new))
        };
        let again: Vec<_> = tree.0.iter().filter(has_one).collect();
        let paths: HashSet<&RepoPath> = again.iter().map(|(path, _)| *path).collect();
        found.retain(|one| !paths.contains(&one.file));
        found.extend(in_files(again.iter().copied(), tree, &Index::new(terms, config), config));
        found.sort_by(|one, other| one.file.cmp(&other.file));
    }
}

/// Teaches each component what its pins run. Returns the first digits of what it did not know.
fn learn(terms: &mut [Terms], found: &[Unconfigured]) -> HashSet<String> {
    let mut new = HashSet::new();
    for one in found {
        let owner = terms.iter_mut().find(|terms| terms.component == one.component);
        let Some(owner) = owner else { continue };
        let fit = one.values.iter().filter(|value| value.unfit.is_none());
        for version in fit.flat_map(|value| versions_in(&value.value)) {
            if !owner.runs(version) {
                owner.versions.push(version.to_owned());
                new.insert(beginning(version).to_owned());
            }
        }
    }
    new
}

/// The commit or the tag in a value, and the digest.
pub fn versions_in(value: &str) -> impl Iterator<Item = &str> {
    let (version, digest) = tag_and_digest(value);
    let version = commit_part(version).or(is_full_commit(version).then_some(version));
    version.into_iter().chain(digest)
}

/// So many digits that every mention of a version has them.
fn beginning(version: &str) -> &str {
    let digits = if is_digest(version) { version.rsplit(':').next() } else { None };
    digits.unwrap_or(version).get(..SHORTEST_COMMIT).unwrap_or(version)
}

/// Whether one of these versions stands anywhere but as the only `ref` of a line.
fn may_repeat(text: &str, beginnings: &HashSet<String>) -> bool {
    let is_ref = |line: &str| {
        line.trim_start_matches([' ', '-']).starts_with("ref:") && !line.contains(['{', ','])
    };
    let words = text.lines().filter(|line| !is_ref(line));
    let words = words.flat_map(|line| line.split(|c: char| !c.is_ascii_hexdigit()));
    let mut beginnings_there = words.filter_map(|word| word.get(..SHORTEST_COMMIT));
    beginnings_there.any(|digits| beginnings.contains(digits))
}
