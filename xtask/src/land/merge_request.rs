//! Takes a promotion from the freshly fetched target branch to a merge request, beside the work
//! tree: fetch, plan, commit, push, and the truth about the answer.
//!
//! Touches no reference, index or file of the user. Killed at any moment, it leaves unreferenced
//! objects or a pushed branch, and another run finishes the job.

use std::collections::BTreeMap;

use anyhow::Result;
use promotion::config::{Forge, Repository};
use promotion::merge_request::forge::{
    self, Push, PushAnswer, create_page, list_page, read_answer,
};
use promotion::merge_request::{MergeRequest, branch_names, choose};
use promotion::model::component::Scope;
use promotion::model::escape::escaped;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::tree::{Tree, Wanted};
use promotion::model::version::CommitId;
use promotion::plan::landed::{Delivered, State};
use promotion::saas::target_files;

use crate::git::publish::PushStatus;
use crate::git::remote::Extra;
use crate::git::{Cause, Failure, Git};

use find::RemoteState;

mod find;
mod memory;

/// The trailer of every commit that this program pushes; by it and the committer it knows its own.
const TRAILER: (&str, &str) = ("Promoted-by", "cargo xtask");

/// Where a promotion is delivered, and with which marks.
#[derive(Debug)]
pub struct Delivery<'a> {
    /// Git in the checkout.
    pub git: Git,
    /// How merge requests are opened.
    pub repository: &'a Repository,
    /// What is promoted: the branch is named after it.
    pub scopes: &'a [Scope<'a>],
    /// The remote that has the target branch.
    pub from: &'a str,
    /// The remote that is pushed to: the same, or a fork of it.
    pub to: &'a str,
    /// The branch to merge into, where that is another one than the configured one.
    pub target: Option<&'a str>,
    /// What is set at the merge request.
    pub labels: Vec<String>,
    /// User names.
    pub assignees: Vec<String>,
    /// Whether it is marked as not ready.
    pub draft: bool,
}

/// What a plan on the target branch gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedCommit {
    /// The whole new content of each file that changes; never empty.
    pub files: Vec<(RepoPath, Vec<u8>)>,
    /// The commit message without trailers.
    pub message: String,
    /// Trailers of the commit, such as the reason of a rollback: name and value.
    pub trailers: Vec<(String, String)>,
    /// Of the merge request: one line, neutralised.
    pub title: String,
    /// Of the merge request: Markdown, neutralised.
    pub description: String,
}

/// What a delivery plans on.
#[derive(Debug)]
pub struct Started {
    /// The commit of the target branch.
    pub base: CommitId,
    /// The wanted files there.
    pub tree: Tree,
    /// The name of the target branch.
    target: String,
    /// The names that the branch of the promotion may have.
    names: [String; 2],
    /// The branches that the remote has below those names.
    branches: BTreeMap<String, CommitId>,
}

impl Delivery<'_> {
    /// Fetches the target branch and reads its `wanted` files.
    ///
    /// Errors: no such target branch, a remote that doesn't answer.
    pub fn start(&self, wanted: &Wanted, progress: &mut dyn FnMut(&str)) -> Result<Started> {
        let names = branch_names(self.scopes);
        let RemoteState { target, base, branches } = self.find(&names, progress)?;
        let mut tree = self.git.tree_at(self.from, &base, wanted, progress)?;
        let more = Wanted { files: target_files(&tree, &wanted.saas), ..Wanted::default() };
        if !more.files.is_empty() {
            tree.0.extend(self.git.tree_at(self.from, &base, &more, progress)?.0);
        }
        Ok(Started { base, tree, target, names, branches })
    }

    /// Commits on top of the target branch, pushes, and opens or refreshes the merge request.
    ///
    /// Errors: a branch of ours with commits of somebody else, a push that was refused, a lease
    /// that was lost, a remote that takes no options or doesn't answer.
    pub fn finish(
        &self,
        started: &Started,
        proposal: ProposedCommit,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Delivered> {
        let Started { base, target, names, branches, .. } = started;
        let tree = self.git.write_tree(base, &proposal.files)?;
        let branch = choose(names, branches);
        let seen = branches.get(branch);
        if let Some(seen) = seen {
            let others = self.of_others(base, seen)?;
            if self.git.same_change(base, &tree, seen)? {
                if let Some(delivered) = self.already(branch, target, seen, &others) {
                    return Ok(delivered);
                }
            } else if !others.is_empty() {
                return Err(self.refuse(branch, &others).into());
            }
        }
        let commit = self.commit(&tree, base, &proposal, seen)?;
        let mut request = self.request(branch, target, proposal);
        let lgtm = &self.repository.lgtm_label;
        if seen.is_some() && !self.labels.contains(lgtm) {
            request.unlabels.push(lgtm.clone());
        }
        self.push(&request, &commit, seen, progress)
    }

    /// The commits of a branch, if they are not what this program pushed for the one who runs it.
    ///
    /// The newest one tells: this program pushes one commit on top of the target. So a shallow
    /// clone, which can't tell the rest from the target's own, is no different.
    fn of_others(&self, base: &CommitId, seen: &CommitId) -> Result<Vec<Extra>> {
        let (name, value) = TRAILER;
        let extras = self.git.beyond(base, seen, name)?;
        let you = self.git.committer()?;
        let is_ours = |extra: &Extra| extra.trailer == value && extra.committer == you;
        Ok(if extras.first().is_none_or(is_ours) { Vec::new() } else { extras })
    }

    fn refuse(&self, branch: &str, others: &[Extra]) -> Problem {
        let lines = others.iter().map(|Extra { id, author, subject, .. }| {
            format!("{} {} ({})", id.tag(8), escaped(subject), escaped(author))
        });
        let message = format!("somebody else pushed to `{branch}` of `{}`", escaped(self.to));
        let cure = "merge or close that one first, or remove the branch; it has:";
        Problem::new(message).help(format!("{cure}\n{}", lines.collect::<Vec<_>>().join("\n")))
    }

    /// What there is to say of a branch that holds exactly this promotion.
    ///
    /// `None` if it is ours and the remote never named its merge request: then it is pushed again,
    /// because only a push that changes something is answered.
    fn already(
        &self,
        branch: &str,
        target: &str,
        seen: &CommitId,
        others: &[Extra],
    ) -> Option<Delivered> {
        let forge = self.repository.forge;
        let remembered = memory::remembered(&self.git, seen);
        let state = match (&remembered, forge) {
            (Some(_), _) => State::AlreadyOpen,
            (None, Forge::None) => State::PushedOnly,
            (None, _) if others.is_empty() => return None,
            (None, _) => State::PushedOnly,
        };
        let unseen = state == State::PushedOnly && forge != Forge::None;
        let warning = format!(
            "`{branch}` holds exactly this promotion, by somebody else, and no merge request was \
             seen here"
        );
        let marks = !self.labels.is_empty() || !self.assignees.is_empty() || self.draft;
        let note =
            "nothing was pushed, so its labels, its assignees and its draft mark stay as they are";
        let listed = || {
            let remote = self.address(self.to)?;
            let by_hand = || create_page(forge, &remote, branch, target);
            list_page(forge, &remote, branch).or_else(by_hand)
        };
        Some(Delivered {
            branch: branch.to_owned(),
            target: target.to_owned(),
            commit: seen.clone(),
            url: remembered.or_else(listed),
            state,
            warnings: unseen.then_some(warning).into_iter().collect(),
            notes: marks.then(|| note.to_owned()).into_iter().collect(),
        })
    }

    /// Commits `tree`. The commit is never the one that is there: that would be no push.
    fn commit(
        &self,
        tree: &str,
        base: &CommitId,
        proposal: &ProposedCommit,
        seen: Option<&CommitId>,
    ) -> Result<CommitId> {
        let message = message(proposal);
        let commit = self.git.commit_tree(tree, base, &message)?;
        match seen == Some(&commit) {
            // Made within the same second.
            true => self.git.commit_tree(tree, base, &format!("{message}\n")),
            false => Ok(commit),
        }
    }

    /// The address of a remote that leads to a page: after the user's rewriting, else before.
    fn address(&self, remote: &str) -> Option<String> {
        let rewritten = self.git.effective_url(remote).ok();
        let all = [rewritten, Some(self.git.push_addresses(remote).0)];
        all.into_iter().flatten().find(|url| forge::page(url).is_some())
    }

    fn request(&self, branch: &str, target: &str, proposal: ProposedCommit) -> MergeRequest {
        let is_fork = self.from != self.to;
        let upstream = is_fork.then(|| self.address(self.from)).flatten();
        MergeRequest {
            title: proposal.title,
            description: proposal.description,
            branch: branch.to_owned(),
            target: target.to_owned(),
            target_project: upstream.and_then(|url| forge::project(&url)),
            labels: self.labels.clone(),
            unlabels: Vec::new(),
            assignees: self.assignees.clone(),
            draft: self.draft,
        }
    }

    fn push(
        &self,
        request: &MergeRequest,
        commit: &CommitId,
        seen: Option<&CommitId>,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Delivered> {
        let Push { destination, options, notes } = forge::push(self.repository.forge, request);
        let lease =
            (self.repository.forge != Forge::Agit).then(|| seen.map_or("", CommitId::as_str));
        let (address, others) = self.git.push_addresses(self.to);
        let mut push = |address: &str| {
            self.git.push(address, (commit, &destination), lease, &options, progress)
        };
        let pushed = push(&address);
        let accepted = matches!(pushed, Ok((PushStatus::Accepted, _)));
        let others = others.iter().filter(|_| accepted).filter_map(|other| {
            let reason = match push(other) {
                Ok((PushStatus::Accepted, _)) => return None,
                Ok((verdict, said)) => self.refused(request, &verdict, &said).message,
                Err(failure) => failure.to_string(),
            };
            Some(format!("`{other}`, where `{}` is pushed to as well: {reason}", self.to))
        });
        let others: Vec<String> = others.collect();
        let mut answer = match pushed {
            Ok((PushStatus::Accepted, said)) => read_answer(&said, &request.branch),
            Ok((verdict, said)) => return Err(self.refused(request, &verdict, &said).into()),
            Err(failure) => self.after_failure(failure, commit, &destination, progress)?,
        };
        answer.warnings.extend(others);
        let state = match (&answer.url, seen) {
            (Some(_), Some(_)) => State::Refreshed,
            (Some(_), None) => State::Opened,
            (None, _) => State::PushedOnly,
        };
        match &answer.url {
            // What came with warnings is for the next run to do again.
            Some(url) if answer.warnings.is_empty() => memory::remember(&self.git, commit, url),
            Some(_) => {}
            None if self.repository.forge != Forge::None => {
                answer.warnings.push(format!(
                    "`{}` is pushed, but the remote named no merge request",
                    request.branch
                ));
            }
            None => {}
        }
        let by_hand = || {
            let remote = self.address(self.to)?;
            create_page(self.repository.forge, &remote, &request.branch, &request.target)
        };
        Ok(Delivered {
            branch: request.branch.clone(),
            target: request.target.clone(),
            commit: commit.clone(),
            url: answer.url.or(answer.create).or_else(by_hand),
            state,
            warnings: answer.warnings,
            notes,
        })
    }

    /// What a push that ended badly did: the connection may have broken after the branch was set.
    fn after_failure(
        &self,
        failure: Failure,
        commit: &CommitId,
        destination: &str,
        progress: &mut dyn FnMut(&str),
    ) -> Result<PushAnswer> {
        if matches!(failure.cause, Cause::TimedOut | Cause::Unreachable) {
            let there = self.git.tips(self.to, &[destination], progress);
            if there.is_ok_and(|tips| tips.get(destination) == Some(commit)) {
                return Ok(PushAnswer {
                    warnings: vec![failure.to_string()],
                    ..PushAnswer::default()
                });
            }
        }
        Err(Problem::from(failure).into())
    }

    fn refused(&self, request: &MergeRequest, verdict: &PushStatus, said: &str) -> Problem {
        let (branch, remote) = (&request.branch, escaped(self.to));
        match verdict {
            PushStatus::Refused(reason) => quoting(
                format!("`{remote}` refused `{branch}`: {}", escaped(reason)),
                said.split(['\n', '\r']).filter_map(|line| line.strip_prefix("remote:")),
            ),
            PushStatus::Hook => quoting(
                format!("the `pre-push` hook of this clone refused `{branch}`"),
                said.lines().filter(|line| !line.starts_with("error: failed to push some refs")),
            ),
            PushStatus::NoOptions => Problem::new(format!("`{remote}` takes no push options"))
                .help(
                    "set `forge = \"none\"` under `[repository]` to only push the branch, or have \
                 `receive.advertisePushOptions` switched on there",
                ),
            PushStatus::Stale | PushStatus::Accepted => {
                Problem::new(format!("somebody pushed to `{branch}` of `{remote}` meanwhile"))
                    .help("run it again to see what they have")
            }
        }
    }
}

fn message(proposal: &ProposedCommit) -> String {
    let own = (TRAILER.0.to_owned(), TRAILER.1.to_owned());
    let trailers = proposal.trailers.iter().chain([&own]);
    let lines: String =
        trailers.map(|(name, value)| format!("{name}: {}\n", escaped(value))).collect();
    format!("{}\n\n{lines}", proposal.message.trim_end())
}

/// A refusal with the last of the lines that somebody said, safe to print.
fn quoting<'a>(message: String, said: impl Iterator<Item = &'a str>) -> Problem {
    let is_progress = |line: &&str| line.contains("% (") || line.ends_with(", done.");
    let lines = said.map(str::trim).filter(|line| !line.is_empty() && !is_progress(line));
    let lines: Vec<String> = lines.map(escaped).collect();
    match &lines[lines.len().saturating_sub(20)..] {
        [] => Problem::new(message),
        last => Problem::new(message).help(format!("it says:\n{}", last.join("\n"))),
    }
}
