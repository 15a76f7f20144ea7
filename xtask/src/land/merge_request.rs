//! Takes a promotion from the freshly fetched target branch to a merge request, beside the work
//! tree: fetch, plan, commit, push, and the truth about the answer.
//!
//! Touches no reference, index or file of the user. Killed at any moment, it leaves unreferenced
//! objects or a pushed branch, and another run finishes the job.

use std::collections::BTreeMap;

use anyhow::Result;
use promotion::config::{Forge, Repository};
use promotion::merge_request::forge::{self, PushAnswer, create_page, list_page};
use promotion::merge_request::{Description, MergeRequest, choose};
use promotion::model::escape::{escaped, shell_word};
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::tree::{Tree, Wanted};
use promotion::model::version::CommitId;
use promotion::plan::Plan;
use promotion::plan::landed::{Delivered, State};
use promotion::saas::target_files;

use crate::git::Git;
use crate::git::remote::Extra;
use crate::land::MergeRequestOptions;

use find::RemoteState;
pub use find::refuse_unknown_remotes;
use push::Pushed;

mod find;
mod push;

/// The trailer of every commit that this program pushes; by it and the committer it knows its own.
const TRAILER: (&str, &str) = ("Promoted-by", "cargo xtask");

/// Where a promotion is delivered, and what its merge request is given.
#[derive(Debug)]
pub struct Delivery<'a> {
    /// Git in the checkout.
    pub git: Git,
    /// How merge requests are opened.
    pub repository: &'a Repository,
    /// The names that the branch may have, the preferred one first.
    pub names: [String; 2],
    /// The remote that has the target branch.
    pub from: &'a str,
    /// The remote that is pushed to: the same, or a fork of it.
    pub to: String,
    /// The branch to merge into, where that is another one than the configured one.
    pub target: Option<&'a str>,
    /// What is set at the merge request.
    pub labels: Vec<String>,
    /// User names.
    pub assignees: Vec<String>,
    /// Whether it is marked as not ready.
    pub draft: bool,
}

/// The commit and the texts that a plan on the target branch becomes.
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

impl ProposedCommit {
    /// The files of a plan, with texts that may give a reason.
    pub fn of(plan: &Plan, message: String, title: String, description: &Description) -> Self {
        let files = plan.changed().map(|(path, file)| (path.clone(), file.after().into_bytes()));
        let reason = description.reason.map(|reason| ("Reason".to_owned(), reason.to_owned()));
        ProposedCommit {
            files: files.collect(),
            message,
            trailers: reason.into_iter().collect(),
            title,
            description: description.description(),
        }
    }
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

/// The commit of a delivery, and what it was made of.
#[derive(Debug)]
struct Made<'a> {
    commit: CommitId,
    tree: String,
    base: &'a CommitId,
    /// The commit that the remote's branch was at; `None` if there was no such branch.
    seen: Option<&'a CommitId>,
}

impl<'a> Delivery<'a> {
    /// A delivery with what was typed about merge requests, and why lgtm is withheld if it is.
    pub fn new(
        git: Git,
        repository: &'a Repository,
        names: [String; 2],
        options: &'a MergeRequestOptions,
    ) -> (Self, Option<String>) {
        let (labels, withheld) = repository.labels(options.lgtm, &options.labels);
        let to = options.remote.clone().or_else(|| git.push_remote());
        let delivery = Delivery {
            git,
            repository,
            names,
            from: &repository.remote,
            to: to.unwrap_or_else(|| repository.remote.clone()),
            target: options.target.as_deref(),
            labels,
            assignees: options.assignees.clone(),
            draft: options.draft,
        };
        (delivery, withheld)
    }
}

impl Delivery<'_> {
    /// Fetches the target branch and reads its `wanted` files.
    ///
    /// Errors: no such target branch, a remote that doesn't answer.
    pub fn start(&self, wanted: &Wanted, progress: &mut dyn FnMut(&str)) -> Result<Started> {
        let names = self.names.clone();
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
    /// A branch that holds this promotion already is pushed again: a remote answers only to a push
    /// that changes something, and only its answer tells whether the merge request is open.
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
        let mut is_same = false;
        if let Some(seen) = seen {
            is_same = self.git.same_change(base, &tree, seen)?;
            let others = self.of_others(base, seen, is_same)?;
            let is_asked = !others.is_empty() || self.repository.forge == Forge::None;
            if is_same && is_asked && !self.has_settings() {
                return Ok(self.pushed_before(branch, target, seen));
            }
            if !others.is_empty() {
                return Err(self.refuse(branch, &others).into());
            }
        }
        let commit = self.commit(&tree, base, &proposal, seen)?;
        let mut request = self.request(branch, target, proposal);
        let lgtm = &self.repository.lgtm_label;
        // Somebody gave it to the changes that were there before.
        if seen.is_some() && !is_same && !self.labels.contains(lgtm) {
            request.unlabels.push(lgtm.clone());
        }
        self.push(&request, &Made { commit, tree, base, seen }, progress)
    }

    fn has_settings(&self) -> bool {
        !self.labels.is_empty() || !self.assignees.is_empty() || self.draft
    }

    /// The commits of a branch that must not be replaced: none if this program pushed it for the
    /// one who runs it now, or for anybody if it holds the same change.
    ///
    /// The newest commit tells: this program pushes one commit on top of the target. So a shallow
    /// clone, which can't tell the rest from the target's own, is no different.
    fn of_others(&self, base: &CommitId, seen: &CommitId, is_same: bool) -> Result<Vec<Extra>> {
        let (name, value) = TRAILER;
        let extras = self.git.beyond(base, seen, name)?;
        let you = self.git.committer()?;
        let is_ours = |extra: &Extra| extra.trailer == value && (is_same || extra.committer == you);
        Ok(if extras.first().is_none_or(is_ours) { Vec::new() } else { extras })
    }

    fn refuse(&self, branch: &str, others: &[Extra]) -> Problem {
        let lines = others.iter().map(|Extra { id, author, subject, .. }| {
            format!("{} {} ({})", id.tag(8), escaped(subject), escaped(author))
        });
        let message = format!("somebody else pushed to `{branch}` of `{}`", escaped(&self.to));
        // A closed merge request leaves its branch behind.
        let delete = format!("git push {} --delete {}", shell_word(&self.to), shell_word(branch));
        let cure = format!("have that one merged, or closed and its branch removed: `{delete}`");
        let lines = lines.collect::<Vec<_>>().join("\n");
        Problem::new(message).help(format!("{cure}; it has:\n{lines}"))
    }

    /// What is known of a branch that holds this promotion and wasn't pushed now.
    fn pushed_before(&self, branch: &str, target: &str, commit: &CommitId) -> Delivered {
        let forge = self.repository.forge;
        let page = || {
            let remote = self.pushed_page()?;
            list_page(forge, &remote, branch)
                .or_else(|| create_page(forge, &remote, branch, target))
        };
        Delivered {
            branch: branch.to_owned(),
            target: target.to_owned(),
            commit: commit.clone(),
            url: page(),
            state: State::PushedBefore,
            warnings: Vec::new(),
            unmet: Vec::new(),
            notes: Vec::new(),
        }
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
    fn page_address(&self, remote: &str) -> Option<String> {
        let rewritten = self.git.effective_url(remote).ok();
        let all = rewritten.into_iter().chain(self.git.fetch_addresses(remote));
        all.into_iter().find(|url| forge::page(url).is_some())
    }

    /// The same of a place that is pushed to.
    fn pushed_page(&self) -> Option<String> {
        self.git.push_addresses(&self.to).iter().find_map(|url| self.page_address(url))
    }

    /// The project to merge into, if it is another one than those that are pushed to.
    fn target_project(&self) -> Option<String> {
        let pushed = self.git.push_addresses(&self.to);
        if pushed == self.git.fetch_addresses(self.from) {
            return None;
        }
        let project = |remote: &str| self.page_address(remote).and_then(|url| forge::project(&url));
        let target = project(self.from)?;
        (!pushed.iter().any(|url| project(url).as_ref() == Some(&target))).then_some(target)
    }

    fn request(&self, branch: &str, target: &str, proposal: ProposedCommit) -> MergeRequest {
        MergeRequest {
            title: proposal.title,
            description: proposal.description,
            branch: branch.to_owned(),
            target: target.to_owned(),
            target_project: self.target_project(),
            labels: self.labels.clone(),
            unlabels: Vec::new(),
            assignees: self.assignees.clone(),
            draft: self.draft,
        }
    }

    /// Pushes to every address of the remote; one that took the branch is enough to go on.
    fn push(
        &self,
        request: &MergeRequest,
        made: &Made,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Delivered> {
        let push = forge::push(self.repository.forge, request);
        let (mut answer, mut failures) = (PushAnswer::default(), Vec::new());
        let (mut is_pushed, mut is_beaten) = (false, false);
        for address in self.addresses() {
            match self.push_to(&address, (request, &push), made, progress) {
                Ok(Pushed::Answered(more)) => {
                    is_pushed = true;
                    answer.add(more);
                }
                Ok(Pushed::Arrived(warning)) => {
                    is_pushed = true;
                    answer.warnings.push(warning);
                }
                Ok(Pushed::Beaten) => is_beaten = true,
                Err(problem) => failures.push((address.name, problem)),
            }
        }
        let mut delivered = match failures.pop() {
            Some((_, problem)) if !is_pushed && !is_beaten => return Err(problem.into()),
            failure => {
                failures.extend(failure);
                match is_pushed {
                    true => self.told(request, made, answer),
                    false => self.beaten(request, made),
                }
            }
        };
        let fault =
            |(name, problem): &(String, Problem)| format!("not pushed to `{name}`: {problem}");
        delivered.unmet.extend(failures.iter().map(fault));
        delivered.unmet.extend(self.unmet(request, &delivered, &push.left_out));
        Ok(delivered)
    }

    fn beaten(&self, request: &MergeRequest, made: &Made) -> Delivered {
        let note = "somebody pushed the same promotion at the same time";
        let MergeRequest { branch, target, .. } = request;
        self.pushed_before(branch, target, &made.commit).with_notes(Some(note.to_owned()))
    }

    /// What the remote said to a branch that it took.
    fn told(&self, request: &MergeRequest, made: &Made, answer: PushAnswer) -> Delivered {
        let forge = self.repository.forge;
        let state = match (&answer.url, made.seen) {
            (Some(_), Some(_)) => State::Refreshed,
            (Some(_), None) => State::Opened,
            (None, _) => State::PushedOnly,
        };
        let (mut warnings, mut unmet) = (answer.warnings, Vec::new());
        if answer.url.is_none() && forge != Forge::None {
            let message = "is pushed, but the remote named no merge request";
            let message = format!("`{}` {message}", request.branch);
            // A remote may be silent. One that complained has opened none.
            if warnings.is_empty() { &mut warnings } else { &mut unmet }.push(message);
        }
        let by_hand = || {
            let remote = self.pushed_page()?;
            create_page(forge, &remote, &request.branch, &request.target)
        };
        Delivered {
            branch: request.branch.clone(),
            target: request.target.clone(),
            commit: made.commit.clone(),
            url: answer.url.or(answer.create).or_else(by_hand),
            state,
            warnings,
            unmet,
            notes: Vec::new(),
        }
    }

    /// The labels, assignees and draft mark that were asked for and aren't known to be set.
    fn unmet(
        &self,
        request: &MergeRequest,
        delivered: &Delivered,
        left_out: &[String],
    ) -> Option<String> {
        let settings = forge::settings(request);
        let is_told = matches!(delivered.state, State::Opened | State::Refreshed);
        if !left_out.is_empty() {
            return Some(format!(
                "not set, because a push can't do it on this forge: {}",
                left_out.join(", ")
            ));
        }
        match is_told && delivered.warnings.is_empty() || settings.is_empty() {
            true => None,
            false => Some(format!("not known to be set: {}", settings.join(", "))),
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
