//! Lands a plan: shows it, edits the work tree, or commits.
//!
//! Each way ends with everything done or nothing changed.

pub mod files;
pub mod merge_request;

use anyhow::{Context, Result};
use promotion::config::Config;
use promotion::model::component::{Component, Environment};
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::tree::{Tree, Wanted};
use promotion::model::version::CommitId;
use promotion::plan::landed::Landed;
use promotion::plan::verify::verify;
use promotion::plan::{FilePlan, Plan, plan};

use crate::git::{Change, Git};
use crate::progress::Progress;
use files::Replacement;

use crate::worktree::WorkTree;

/// What is done with a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landing {
    /// Show it.
    DryRun,
    /// Edit the work tree.
    WorkTree,
    /// Edit the work tree and commit just that.
    Commit,
}

/// A component and the environments that shall run another version of it.
#[derive(Debug)]
pub struct Promotion<'a> {
    /// Where the files are.
    pub work_tree: WorkTree,
    /// Where the environments come from.
    pub config: &'a Config,
    /// What is promoted.
    pub component: &'a Component,
    /// Where.
    pub environments: Vec<&'a Environment>,
}

/// A plan that the second parser accepted.
#[derive(Debug, PartialEq, Eq)]
pub struct Planned {
    /// What changes.
    pub plan: Plan,
    /// The files of the work tree that hold the result already: an earlier run wrote it and nobody
    /// committed.
    written: Vec<RepoPath>,
}

impl Promotion<'_> {
    /// Refuses what no version could change, before anybody waits for the network. Returns the
    /// files that hold the pins.
    pub fn check(&self) -> Result<Tree> {
        let any = CommitId::parse(&"f".repeat(40)).context("40 digits are a commit")?;
        let tree = self.read()?;
        self.verified(&any, &tree)?;
        Ok(tree)
    }

    /// Computes the plan for a landing and lets the second parser judge it. Writes nothing.
    ///
    /// To be committed, a promoted file must not have other uncommitted changes.
    pub fn plan(&self, to: &CommitId, landing: Landing) -> Result<Planned> {
        let tree = self.read()?;
        let plan = self.verified(to, &tree)?;
        match landing {
            Landing::Commit => self.against_head(to, plan, &tree),
            _ => Ok(Planned { plan, written: Vec::new() }),
        }
    }

    /// Lands a plan. Refuses it if it is no longer what would be planned now.
    pub fn land(
        &self,
        planned: &Planned,
        landing: Landing,
        message: &str,
        progress: Progress,
    ) -> Result<Landed> {
        // What another promotion has written may yet be undone, so ask for the lock first.
        let _lock = match landing {
            Landing::DryRun => None,
            Landing::WorkTree | Landing::Commit => Some(self.work_tree.lock()?),
        };
        if landing != Landing::DryRun {
            self.work_tree.sweep(planned.plan.files.keys());
        }
        if planned.plan.is_empty() {
            return Ok(Landed::Unchanged);
        }
        if landing == Landing::DryRun {
            return Ok(Landed::Planned);
        }
        if self.plan(&planned.plan.to, landing)? != *planned {
            let problem = Problem::new("the files changed while the promotion was being checked");
            return Err(problem.help("run it again").into());
        }
        let wanted = |path: &RepoPath| !planned.written.contains(path);
        let replaced = self.work_tree.replace(replacements(&planned.plan, wanted))?;
        if landing == Landing::WorkTree {
            replaced.keep();
            return Ok(Landed::Written);
        }
        let paths: Vec<RepoPath> = planned.plan.changed().map(|(path, _)| path.clone()).collect();
        let _step = progress.local("committing");
        match Git::at(&self.work_tree.top).commit_only(message, &paths) {
            Ok(commit) => {
                replaced.keep();
                Ok(Landed::Committed(commit))
            }
            Err(error) => {
                replaced.undo()?;
                Err(error)
            }
        }
    }

    /// The files that hold the pins.
    pub fn wanted(&self) -> Wanted {
        Wanted::new(self.component, &self.environments)
    }

    fn read(&self) -> Result<Tree> {
        self.work_tree.read(&self.wanted())
    }

    /// The plan for the files of a tree, which the second parser accepted.
    pub fn verified(&self, to: &CommitId, tree: &Tree) -> Result<Plan> {
        let plan = plan(self.component, &self.environments, to, tree, self.config)?;
        verify(&plan)?;
        Ok(plan)
    }

    /// Git in the checkout. Refuses a folder that is not the top of one; `or` is another cure.
    pub fn git(&self, or: &str) -> Result<Git, Problem> {
        let top = &self.work_tree.top;
        if self.work_tree.git_dir.is_some() {
            return Ok(Git::at(top));
        }
        let message = format!("`{}` is not the top of a git checkout", top.display());
        Err(Problem::new(message).help(format!("name the top with `--repo`, {or}")))
    }

    /// The plan from the last commit on: what an earlier run wrote is part of it.
    fn against_head(&self, to: &CommitId, plan: Plan, tree: &Tree) -> Result<Planned> {
        let git = self.git("or leave `--commit` out to edit the files only")?;
        if let Some(operation) = git.mid_operation()? {
            let problem = Problem::new(format!("a {operation} is in progress in this checkout"));
            return Err(problem.help("finish or abort it first").into());
        }
        let holders: Vec<RepoPath> = plan.files.keys().cloned().collect();
        let status = git.status(&holders)?;
        if status.is_empty() {
            return Ok(Planned { plan, written: Vec::new() });
        }
        let at_head = self.at_head(&git, tree, &plan, &status)?;
        let in_tree = plan;
        let plan = self.verified(to, &at_head)?;
        let mut written = Vec::new();
        for Change { state, path } in &status {
            let is_it = |(changed, _): &(&RepoPath, &FilePlan)| changed.as_str() == path;
            let from_head = plan.changed().find(is_it);
            if from_head.is_none() && !in_tree.changed().any(|changed| is_it(&changed)) {
                continue;
            }
            let is_written = from_head
                .is_some_and(|(path, file)| tree.get(path) == Some(file.after().as_bytes()));
            let staged_apart = !state.contains(' ');
            if staged_apart || !is_written {
                let problem = Problem::new("has other uncommitted changes").file(path.as_str());
                return Err(problem
                    .help("commit or stash them first, or leave `--commit` out")
                    .into());
            }
            written.extend(from_head.map(|(path, _)| path.clone()));
        }
        Ok(Planned { plan, written })
    }

    /// The tree with the files of `status` as they are in the last commit.
    fn at_head(&self, git: &Git, tree: &Tree, plan: &Plan, status: &[Change]) -> Result<Tree> {
        let mut at_head = tree.clone();
        let paths: Vec<RepoPath> =
            status.iter().filter_map(|change| RepoPath::parse(&change.path)).collect();
        for (path, blob) in paths.iter().zip(git.show_many("HEAD", &paths)?) {
            let Some(bytes) = blob else {
                if plan.changed().any(|(changed, _)| changed == path) {
                    let problem = Problem::new("is not in the last commit").file(path.as_str());
                    return Err(problem.help("commit it first, or leave `--commit` out").into());
                }
                continue;
            };
            at_head.0.insert(path.clone(), bytes);
        }
        Ok(at_head)
    }
}

fn replacements(plan: &Plan, wanted: impl Fn(&RepoPath) -> bool) -> Vec<Replacement> {
    let files = plan.changed().filter(|(path, _)| wanted(path));
    let replacement = |(path, file): (&RepoPath, &FilePlan)| Replacement {
        path: path.clone(),
        before: file.before.clone(),
        after: file.after(),
    };
    files.map(replacement).collect()
}
