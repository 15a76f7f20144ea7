//! Finds out what the targets of a promotion have to pass when it is merged.

use std::collections::BTreeSet;
use std::time::Duration;

use memchr::memmem;
use promotion::guards::Findings;
use promotion::guards::gates::{Gates, Publisher, Runs};
use promotion::model::duration::of_seconds;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::tree::Tree;
use promotion::model::upstream::Upstream;
use promotion::model::version::{CommitId, is_full_commit};
use promotion::plan::PartPlan;
use promotion::saas::{NEEDLE, SaasFile, Target};

use super::SaasPromotion;
use crate::ask::saas::{SaasFiles, code_component};
use crate::git::Git;
use crate::hint::Hint;
use crate::mirror::Mirror;
use crate::session::Session;
use crate::worktree::WorkTree;

/// What a gate needs to know of the world.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub session: &'a Session,
    pub work_tree: &'a WorkTree,
    /// The files that are planned on, as far as they are not those of the work tree.
    pub tree: &'a Tree,
    /// Their commit.
    pub at: Option<&'a CommitId>,
    /// The upstream, if it was asked.
    pub mirror: Option<&'a Mirror>,
    /// Whether the commit becomes a hotfix.
    pub hotfix: bool,
}

impl SaasPromotion {
    /// The saas files with a target that publishes what a chosen one subscribes to.
    pub fn publishers(&self, work_tree: &WorkTree) -> Vec<RepoPath> {
        let chosen = self.of_file.iter().flat_map(|&index| self.files.files[index].targets());
        let channels: BTreeSet<&String> =
            chosen.flat_map(|(_, target)| &target.promotion.subscribe).collect();
        if channels.is_empty() {
            return Vec::new();
        }
        let all = (!self.files.is_whole).then(|| SaasFiles::search(work_tree));
        let all = &all.as_ref().unwrap_or(&self.files).files;
        let publishes = |file: &&SaasFile| {
            let mut targets = file.targets();
            targets.any(|(_, target)| {
                target.promotion.publish.iter().any(|one| channels.contains(one))
            })
        };
        all.iter().filter(publishes).map(|file| file.path.clone()).collect()
    }

    /// What stands against a part of the plan at the gates of the merge. A `hotfix` skips those of
    /// the publishers.
    pub fn judge(&self, asked: &Asked, index: usize, part: &PartPlan) -> Findings {
        let planned = SaasFile::read(&self.file(index).path, asked.tree);
        let file = planned.as_ref().unwrap_or(self.file(index));
        let component = &self.components[index];
        let labels: BTreeSet<&String> = part
            .values()
            .filter(|value| value.moves())
            .filter_map(|value| value.target.as_ref())
            .collect();
        let targets: Vec<&Target> = file
            .targets()
            .map(|(_, target)| target)
            .filter(|target| labels.contains(&target.label))
            .collect();
        let is_subscribed = targets.iter().any(|target| !target.promotion.subscribe.is_empty());
        let has_files = targets.iter().any(|target| target.file.is_some());
        // Targets of any file may publish, or stand in the same file.
        let all = ((is_subscribed || has_files) && !self.files.is_whole)
            .then(|| SaasFiles::search(asked.work_tree));
        let all = &all.as_ref().unwrap_or(&self.files).files;
        let mut tree = asked.tree.clone();
        let new = if is_subscribed { add_differing(&mut tree, asked, all) } else { Vec::new() };
        let asked = &Asked { tree: &tree, ..*asked };
        let publishers = Publishing { asked, upstream: &component.upstream, to: &part.to };
        let publishers = publishers.of(all.iter().chain(&new), &targets);
        let app = file.app.as_deref();
        let (mut versions, unknown) =
            code_component(asked.work_tree, asked.tree, app, &component.upstream);
        versions.hotfixes.extend(asked.hotfix.then(|| part.to.to_string()));
        let hint = Hint::new(asked.session, "unblock").words(&[self.name(index)]);
        let unblock = hint.option("--ref", Some(part.to.as_str())).to_string();
        let gates = Gates {
            saas: &file.name,
            unblock: &unblock,
            deprecated: file.deprecated,
            versions: &versions,
            publishers: &publishers,
            digits: component.tag_length,
        };
        let mut findings = gates.judge(&targets, &part.to);
        let is_chosen = |other: &&SaasFile| {
            self.of_file.iter().any(|&index| self.files.files[index].path == other.path)
        };
        let others = all.iter().filter(|other| !is_chosen(other));
        findings.warnings.extend(moved_too(&targets, others).into_iter().chain(unknown));
        findings.warnings.extend(self.nowhere(asked.work_tree, index));
        findings
    }
}

/// Adds to a tree the saas files of the commit that is planned on, as far as the checkout has others
/// there; returns those that are not among `known`. What a partial clone lacks is left out.
fn add_differing(tree: &mut Tree, asked: &Asked, known: &[SaasFile]) -> Vec<SaasFile> {
    let Some(commit) = asked.at else { return Vec::new() };
    let git = Git::at(&asked.work_tree.top).env("GIT_NO_LAZY_FETCH", "1");
    let mut paths = git.differing(commit).unwrap_or_default();
    paths.retain(|path| [".yml", ".yaml"].iter().any(|end| path.as_str().ends_with(end)));
    let texts = git.show_many(commit.as_str(), &paths).unwrap_or_default();
    let is_likely = |text: &Vec<u8>| memmem::find(text, NEEDLE.as_ref()).is_some();
    let files = paths.into_iter().zip(texts);
    let files = files.filter_map(|(path, text)| Some((path, text.filter(is_likely)?)));
    let files: Vec<_> = files.collect();
    let is_new = |path: &&RepoPath| !known.iter().any(|file| file.path == **path);
    let new: Vec<_> = files.iter().map(|(path, _)| path).filter(is_new).cloned().collect();
    tree.0.extend(files);
    new.iter().filter_map(|path| SaasFile::read(path, tree)).collect()
}

/// A warning for each target file that belongs to other saas files too.
fn moved_too<'f>(targets: &[&Target], others: impl Iterator<Item = &'f SaasFile>) -> Vec<Problem> {
    let mut found = Vec::new();
    for other in others {
        let files: BTreeSet<&RepoPath> =
            other.targets().filter_map(|(_, target)| target.file.as_ref()).collect();
        let own = targets.iter().filter_map(|target| target.file.as_ref());
        for file in own.filter(|file| files.contains(file)) {
            let message = format!("is a target of `{}` too, which moves with it", other.name);
            let problem = Problem::new(message).file(file.as_str());
            found.push(problem.help("make sure that this is meant"));
        }
    }
    found
}

/// Who has published a commit of an upstream.
struct Publishing<'a> {
    asked: &'a Asked<'a>,
    upstream: &'a Upstream,
    to: &'a CommitId,
}

impl Publishing<'_> {
    /// The publishers of the channels that these targets subscribe to.
    fn of<'f>(
        &self,
        files: impl Iterator<Item = &'f SaasFile>,
        targets: &[&Target],
    ) -> Vec<Publisher> {
        let channels: BTreeSet<&String> =
            targets.iter().flat_map(|target| &target.promotion.subscribe).collect();
        let mut found = Vec::new();
        for file in files {
            let planned = SaasFile::read(&file.path, self.asked.tree);
            let file = planned.as_ref().unwrap_or(file);
            for (template, target) in file.targets() {
                let is_same = template.url.as_deref().is_some_and(|url| self.upstream.is(url));
                for channel in target.promotion.publish.iter().filter(|_| is_same) {
                    if channels.contains(channel) {
                        found.push(self.publisher(file, target, channel));
                    }
                }
            }
        }
        found
    }

    fn publisher(&self, file: &SaasFile, target: &Target, channel: &str) -> Publisher {
        let (value, line) = target.value.clone().unwrap_or_default();
        let path = target.file.as_ref().unwrap_or(&file.path);
        let says_for = is_full_commit(&value).then(|| self.since(path, line));
        let runs = match (says_for, self.asked.mirror) {
            (Some(time), _) if value.eq_ignore_ascii_case(self.to.as_str()) => Runs::For(time),
            (Some(_), _) => Runs::Another,
            // A branch runs every commit that it has.
            (None, Some(mirror)) => self.on_branch(mirror, &value).map_or(Runs::Another, Runs::For),
            (None, None) => Runs::Unknown,
        };
        let label = format!("`{}` {}", file.name, target.label);
        Publisher { channel: channel.to_owned(), label, value, runs, says_for }
    }

    /// How long a line of a file has been as it is.
    fn since(&self, path: &RepoPath, line: usize) -> Duration {
        let git = Git::at(&self.asked.work_tree.top);
        let blame = git.blame_at(self.asked.at, path, &[line]).ok();
        let time = blame
            .and_then(|lines| lines.get(&line).map(|blame| (blame.commit.clone(), blame.time)));
        match time {
            Some((Some(_), time)) => of_seconds(self.asked.session.now() - time),
            _ => Duration::ZERO,
        }
    }

    /// How old the commit is, if the branch has it.
    fn on_branch(&self, mirror: &Mirror, branch: &str) -> Option<Duration> {
        let head = mirror.resolve(Some(branch), None).ok()?.commit;
        let commit = mirror.graph([self.to]).ok()?.commit(self.to)?.clone();
        let is_there = mirror.is_ancestor(self.to, &head).ok()?;
        is_there.then(|| of_seconds(self.asked.session.now() - commit.time))
    }
}
