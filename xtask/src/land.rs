//! Lands a plan: shows it, edits the work tree, commits, or opens a merge request.
//!
//! Each way ends with everything done or nothing changed.

mod commit;
pub mod merge_request;

use std::thread::{self, JoinHandle};

use anyhow::Result;
use promotion::model::component::Scope;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::tree::{Tree, Wanted};
use promotion::plan::landed::Landed;
use promotion::plan::verify::verify;
use promotion::plan::{FilePlan, Part, Plan, add_list_change, plan};
use promotion::saas::app::ListChange;

use crate::git::{Change, Git};
use crate::progress::Progress;
use crate::worktree::{Replacement, WorkTree};
use commit::PromotionCommit;
pub use commit::passed_over;

/// What is done with a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Landing {
    /// It is shown: as one for the work tree, or as one for a merge request.
    Show(Option<MergeRequestOptions>),
    /// The files of the work tree are edited.
    Files,
    /// They are committed too, and nothing else.
    Commit,
    /// A merge request is opened or refreshed, whatever the work tree looks like.
    MergeRequest(MergeRequestOptions),
}

/// What is asked of a merge request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MergeRequestOptions {
    /// Set the configured label that lets it be merged.
    pub lgtm: bool,
    /// Further labels.
    pub labels: Vec<String>,
    pub draft: bool,
    /// User names.
    pub assignees: Vec<String>,
    /// The remote to push to, where it is not the configured one.
    pub remote: Option<String>,
    /// The branch to merge into, where it is not the configured one.
    pub target: Option<String>,
}

impl MergeRequestOptions {
    /// The options of another merge request from and to the same places.
    pub fn same_way(&self) -> MergeRequestOptions {
        let (remote, target) = (self.remote.clone(), self.target.clone());
        MergeRequestOptions { remote, target, ..Default::default() }
    }
}

impl Landing {
    /// Whether nothing is done but showing the plan.
    pub fn is_shown(&self) -> bool {
        matches!(self, Landing::Show(_))
    }

    /// The options of a merge request, opened or only shown.
    pub fn merge_request(&self) -> Option<&MergeRequestOptions> {
        match self {
            Landing::Show(options) => options.as_ref(),
            Landing::MergeRequest(options) => Some(options),
            Landing::Files | Landing::Commit => None,
        }
    }
}

/// What is promoted in a work tree.
#[derive(Debug)]
pub struct Promotion<'a> {
    pub work_tree: &'a WorkTree,
    pub parts: Vec<Part<'a>>,
    /// Changes of version lists that go along.
    pub lists: Vec<ListChange>,
}

/// A plan that the second parser accepted.
#[derive(Debug)]
pub struct Planned {
    pub plan: Plan,
    /// The files of the work tree that hold the result already: an earlier run wrote it and nobody
    /// committed.
    written: Vec<RepoPath>,
    /// What to know before it is committed, and about the commit.
    pub warnings: Vec<Problem>,
    /// What was repaired before it was planned.
    pub repaired: Option<String>,
}

/// The files that the pins of some scopes are in.
pub fn wanted(scopes: &[Scope]) -> Wanted {
    scopes.iter().fold(Wanted::default(), |wanted, scope| {
        wanted.and(Wanted::new(scope.component, &scope.environments))
    })
}

/// Refuses what no version could change, before anybody waits for the network. Returns the files
/// that hold the pins.
pub fn check(work_tree: &WorkTree, scopes: &[Scope]) -> Result<Tree> {
    let tree = read(work_tree, &wanted(scopes))?;
    let parts: Vec<_> = scopes.iter().map(Part::any).collect();
    verified(&parts, &[], &tree)?;
    Ok(tree)
}

/// The wanted files. Refuses one that git has, but that is not checked out.
fn read(work_tree: &WorkTree, wanted: &Wanted) -> Result<Tree> {
    let tree = work_tree.read(wanted)?;
    work_tree.refuse_hidden(wanted, &tree)?;
    Ok(tree)
}

/// The plan for the files of a tree, which the second parser accepted.
pub fn verified(parts: &[Part], lists: &[ListChange], tree: &Tree) -> Result<Plan> {
    let mut plan = plan(parts, tree)?;
    for change in lists {
        add_list_change(&mut plan, change, tree)?;
    }
    verify(&plan)?;
    Ok(plan)
}

/// The answer of [`Promotion::committed`]. It has to be there before a file is edited.
pub struct Committed(Option<JoinHandle<bool>>);

impl Committed {
    /// Waits for it.
    pub fn is(self) -> bool {
        self.0.is_none_or(|asked| asked.join().unwrap_or_default())
    }
}

/// Git in a checkout. Refuses a folder that is not the top of one; `or` is another cure.
pub fn git_of(work_tree: &WorkTree, or: &str) -> Result<Git, Problem> {
    let top = &work_tree.top;
    if work_tree.git_dir.is_some() {
        return Ok(Git::at(top));
    }
    let message = format!("`{}` is not the top of a git checkout", top.display());
    Err(Problem::new(message).help(format!("name the top with `--repo`, {or}")))
}

impl Promotion<'_> {
    /// Computes the plan for a landing and lets the second parser judge it. Writes nothing.
    ///
    /// To be committed, a promoted file must not have other uncommitted changes.
    pub fn plan(&self, landing: &Landing) -> Result<Planned> {
        // What another promotion has written may yet be undone, so wait for its end, and let none begin.
        let mut lock = match landing {
            Landing::Show(_) | Landing::MergeRequest(_) => None,
            Landing::Files | Landing::Commit => Some(self.work_tree.lock()?),
        };
        let planned = self.plan_now(landing)?;
        let repaired = lock.as_mut().and_then(|lock| lock.repaired.take());
        Ok(Planned { repaired, ..planned })
    }

    fn plan_now(&self, landing: &Landing) -> Result<Planned> {
        let tree = self.read()?;
        let plan = verified(&self.parts, &self.lists, &tree)?;
        if *landing != Landing::Commit {
            return Ok(Planned { plan, written: Vec::new(), warnings: Vec::new(), repaired: None });
        }
        let planned = self.against_head(plan, &tree)?;
        let paths: Vec<RepoPath> = planned.plan.changed().map(|(path, _)| path.clone()).collect();
        if paths.is_empty() {
            return Ok(planned);
        }
        let git = Git::at(&self.work_tree.top);
        commit::refuse_unfit(&git, &paths)?;
        commit::refuse_removed(&git, &self.wanted())?;
        Ok(Planned { warnings: commit::warnings(&git)?, ..planned })
    }

    /// Edits the files of a plan and commits them, if that is the landing. If somebody else has just
    /// done all of it, the plan becomes empty.
    ///
    /// Refuses any other plan that is no longer what would be planned now.
    pub fn land(
        &self,
        planned: &mut Planned,
        landing: &Landing,
        message: &str,
        progress: Progress,
    ) -> Result<Landed> {
        if landing.is_shown() {
            let is_settled = planned.plan.is_empty();
            return if is_settled { self.settled(&planned.plan) } else { Ok(Landed::Planned) };
        }
        let lock = self.work_tree.lock()?;
        let now = self.plan_now(landing)?;
        if now.plan.is_empty() {
            *planned = now;
            return self.settled(&planned.plan);
        }
        if (&now.plan, &now.written) != (&planned.plan, &planned.written) {
            let problem = Problem::new("the files changed while the promotion was being checked");
            return Err(problem.help("run it again").into());
        }
        let wanted = |path: &RepoPath| !planned.written.contains(path);
        let replaced = self.work_tree.replace(replacements(&planned.plan, wanted))?;
        if *landing == Landing::Files {
            replaced.keep();
            return Ok(Landed::Written);
        }
        let files = planned.plan.changed().map(|(path, file)| (path.clone(), file.after()));
        let commit = PromotionCommit {
            work_tree: self.work_tree,
            lock: &lock,
            files: files.collect(),
            message,
            missing: &|tree| self.unmoved(tree),
        };
        let _step = progress.local("committing");
        match commit.make(replaced.folder()) {
            Err(error) => Err(replaced.undo(error)),
            Ok(made) => {
                if made.needs_repair {
                    replaced.leave();
                } else {
                    replaced.keep();
                }
                planned.warnings.extend(made.warnings);
                made.commit.map(Landed::Committed)
            }
        }
    }

    /// Asks in the background whether the last commit and the index have what a landing changes, as it
    /// is now. A plan that is to be committed has it from there.
    pub fn committed(&self, plan: &Plan, landing: &Landing) -> Committed {
        if *landing != Landing::Files {
            return Committed(None);
        }
        let changed: Vec<RepoPath> = plan.changed().map(|(path, _)| path.clone()).collect();
        let git = self.work_tree.git_dir.as_ref().map(|_| Git::at(&self.work_tree.top));
        let ask = move || git?.status(&changed).ok();
        Committed(Some(thread::spawn(move || ask().is_some_and(|changes| changes.is_empty()))))
    }

    /// What became of a plan that changes nothing: whether the last commit and the index have its
    /// pins too.
    fn settled(&self, plan: &Plan) -> Result<Landed> {
        if self.work_tree.git_dir.is_none() {
            return Ok(Landed::Unchanged);
        }
        let git = Git::at(&self.work_tree.top);
        let holders: Vec<RepoPath> = plan.files.keys().cloned().collect();
        let changes = git.status(&holders)?;
        if changes.is_empty() {
            return Ok(Landed::Unchanged);
        }
        let tree = self.read()?;
        let uncommitted = self.unmoved(&self.tree_at(&git, &tree, "HEAD", &changes)?)?;
        let mut staged = self.unmoved(&self.tree_at(&git, &tree, "", &changes)?)?;
        staged.retain(|path| !uncommitted.contains(path));
        Ok(match uncommitted.is_empty() && staged.is_empty() {
            true => Landed::Unchanged,
            false => Landed::Unsettled { uncommitted, staged },
        })
    }

    /// The files of a tree that still have a pin of the version before.
    fn unmoved(&self, tree: &Tree) -> Result<Vec<RepoPath>> {
        let plan = verified(&self.parts, &self.lists, tree)?;
        Ok(plan.changed().map(|(path, _)| path.clone()).collect())
    }

    fn wanted(&self) -> Wanted {
        self.parts.iter().fold(Wanted::default(), |wanted, part| {
            wanted.and(Wanted::new(part.component, &part.environments))
        })
    }

    fn read(&self) -> Result<Tree> {
        let mut wanted = self.wanted();
        wanted.files.extend(self.lists.iter().map(|change| change.app.clone()));
        read(self.work_tree, &wanted)
    }

    /// The plan against the last commit, so that what an earlier run wrote is committed too.
    fn against_head(&self, plan: Plan, tree: &Tree) -> Result<Planned> {
        let git = git_of(self.work_tree, "or leave `--commit` out to edit the files only")?;
        if let Some(operation) = git.mid_operation()? {
            let problem = Problem::new(format!("a {operation} is in progress in this checkout"));
            let help = "finish or abort it first, or use `--mr`, which leaves the checkout alone";
            return Err(problem.help(help).into());
        }
        let holders: Vec<RepoPath> = plan.files.keys().cloned().collect();
        let status = git.status(&holders)?;
        if status.is_empty() {
            return Ok(Planned { plan, written: Vec::new(), warnings: Vec::new(), repaired: None });
        }
        let at_head = self.tree_at(&git, tree, "HEAD", &status)?;
        let changed: Vec<RepoPath> = plan.changed().map(|(path, _)| path.clone()).collect();
        let blobs = git.show_many("HEAD", &changed)?;
        if let Some((path, _)) = changed.iter().zip(blobs).find(|(_, blob)| blob.is_none()) {
            let problem = Problem::new("is not in the last commit").file(path.as_str());
            return Err(problem.help("commit it first, or leave `--commit` out").into());
        }
        let in_tree = plan;
        let plan = verified(&self.parts, &self.lists, &at_head)?;
        let mut written = Vec::new();
        for Change { state, path } in &status {
            let is_it = |(changed, _): &(&RepoPath, &FilePlan)| changed.as_str() == path;
            let from_head = plan.changed().find(is_it);
            if from_head.is_none() && !in_tree.changed().any(|changed| is_it(&changed)) {
                continue;
            }
            let is_written = match from_head {
                Some((path, file)) => {
                    let now = tree.get(path).unwrap_or_default();
                    git.is_same_content(path, now, file.after().as_bytes())?
                }
                None => false,
            };
            let staged_apart = !state.contains(' ');
            if staged_apart || !is_written {
                let problem = Problem::new("has other uncommitted changes").file(path.as_str());
                return Err(problem
                    .help("commit or stash them first, or leave `--commit` out")
                    .into());
            }
            written.extend(from_head.map(|(path, _)| path.clone()));
        }
        Ok(Planned { plan, written, warnings: Vec::new(), repaired: None })
    }

    /// The tree with the changed files as they are in a revision, or in the index if that is empty.
    /// A file that it lacks stays as it is.
    fn tree_at(&self, git: &Git, tree: &Tree, revision: &str, changes: &[Change]) -> Result<Tree> {
        let mut tree = tree.clone();
        for path in changes.iter().filter_map(|change| RepoPath::parse(&change.path)) {
            if let Some(content) = git.checked_out(revision, &path)? {
                tree.0.insert(path, content);
            }
        }
        Ok(tree)
    }
}

fn replacements(plan: &Plan, wanted: impl Fn(&RepoPath) -> bool) -> Vec<Replacement> {
    let files = plan.changed().filter(|(path, _)| wanted(path));
    let replacement = |(path, file): (&RepoPath, &FilePlan)| Replacement {
        path: path.clone(),
        before: Some(file.before.clone()),
        after: Some(file.after()),
    };
    files.map(replacement).collect()
}
