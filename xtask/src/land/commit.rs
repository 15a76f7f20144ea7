//! Commits the promoted files and nothing else, and makes sure that they are in the commit.

use std::path::Path;

use anyhow::Result;
use memchr::memmem;
use promotion::model::escape::shell_word;
use promotion::model::path::RepoPath;
use promotion::model::problem::{Problem, Problems, problems};
use promotion::model::similar::listed;
use promotion::model::tree::{Tree, Wanted};
use promotion::model::version::CommitId;

use crate::git::{Git, IndexEntry, StagedCommit};
use crate::worktree::{Lock, WorkTree, interrupted};

/// A commit to be made.
pub struct PromotionCommit<'a> {
    pub work_tree: &'a WorkTree,
    pub lock: &'a Lock,
    /// The files with their new content, which the work tree has already.
    pub files: Vec<(RepoPath, String)>,
    pub message: &'a str,
    /// The files in which a pin is still the old one.
    pub missing: &'a dyn Fn(&Tree) -> Result<Vec<RepoPath>>,
}

/// A commit that was made.
pub struct MadeCommit {
    /// The error: there is one, and something is wrong.
    pub commit: Result<CommitId>,
    /// Whether the next run has to complete it, or to find out whether there is a commit at all.
    pub needs_repair: bool,
    /// What a hook put into it.
    pub warnings: Vec<Problem>,
}

impl MadeCommit {
    fn unclear(commit: Result<CommitId>) -> Self {
        MadeCommit { commit, needs_repair: true, warnings: Vec::new() }
    }
}

/// Refuses a file of a glob that the last commit has, and the work tree no longer: the pins in it would
/// stay behind in the commit.
pub fn refuse_removed(git: &Git, wanted: &Wanted) -> Result<()> {
    let removed = if wanted.globs.is_empty() { Vec::new() } else { git.removed()? };
    let removed: Vec<RepoPath> = removed.iter().filter_map(|path| RepoPath::parse(path)).collect();
    let contents = git.show_many("HEAD", &removed)?;
    for (path, content) in removed.iter().zip(contents) {
        let content = content.unwrap_or_default();
        let may_hold = |(glob, needle): &(String, String)| {
            fast_glob::glob_match(glob, path.as_str())
                && memmem::find(&content, needle.as_bytes()).is_some()
        };
        if wanted.globs.iter().any(may_hold) {
            let problem =
                Problem::new("is removed, but not in the last commit: its pins would stay");
            let help = "commit that first, or bring the file back, or leave `--commit` out";
            return Err(problem.file(path.as_str()).help(help).into());
        }
    }
    Ok(())
}

/// What to know before a commit, although nothing is wrong.
pub fn warnings(git: &Git) -> Result<Vec<Problem>> {
    let what = if git.is_bisecting()? {
        "a bisect is in progress"
    } else if !git.is_on_branch()? {
        "`HEAD` is detached"
    } else {
        return Ok(Vec::new());
    };
    let warning = Problem::new(format!("{what}, so no branch gets the commit"));
    Ok(vec![warning.help("`git switch BRANCH` first, or keep it with `git branch NAME`")])
}

/// Refuses files that `git commit` would pass over, or whose other changes git doesn't show.
pub fn refuse_unfit(git: &Git, paths: &[RepoPath]) -> Result<()> {
    git.await_index()?;
    let entries = git.index_entries(paths.iter().map(RepoPath::as_str))?;
    let mut found = Vec::new();
    for path in paths {
        let entry = entries.iter().find(|entry| entry.path == path.as_str());
        found.extend(match entry {
            Some(entry) => passed_over(entry, ", or leave `--commit` out"),
            None if git.is_ignored(path)? => Some(ignored(path)),
            None => Some(unknown(path)),
        });
    }
    if found.is_empty() { Ok(()) } else { Err(Problems(found).into()) }
}

/// Why git passes over what changes in a file, if it was told to; `or` is another cure.
pub fn passed_over(entry: &IndexEntry, or: &str) -> Option<Problem> {
    let bit = match entry.tag {
        tag if tag.eq_ignore_ascii_case(&'S') => "skip-worktree",
        tag if tag.is_lowercase() => "assume-unchanged",
        _ => return None,
    };
    let path = &entry.path;
    let problem = Problem::new(format!("git is told to pass over its changes (`{bit}`)"));
    let cure = format!("`git update-index --no-{bit} {}` first{or}", shell_word(path));
    Some(problem.file(path).help(cure))
}

fn ignored(path: &RepoPath) -> Problem {
    let cure =
        format!("`git add --force {}` and commit it first, or leave `--commit` out", path.quoted());
    Problem::new("is ignored by git, so no commit has it").file(path.as_str()).help(cure)
}

fn unknown(path: &RepoPath) -> Problem {
    let cure = "commit it first, or leave `--commit` out";
    Problem::new("is not in the index").file(path.as_str()).help(cure)
}

impl PromotionCommit<'_> {
    /// Makes the commit; `folder` is for temporary files. The error: there is no commit.
    pub fn make(&self, folder: &Path) -> Result<MadeCommit> {
        let git = Git::at(&self.work_tree.top);
        let base = git.commit("HEAD")?;
        let entries = self.entries(&git)?;
        let paths: Vec<RepoPath> = self.files.iter().map(|(path, _)| path.clone()).collect();
        let staged = git.stage_apart(folder, &paths)?;
        self.refuse_edited(&git)?;
        if let Some(path) = self.committed(&git, &staged)?.first() {
            return Err(without_change(path).into());
        }
        interrupted()?;
        let result = staged.commit(self.message, self.lock.share()?);
        let head = match git.commit("HEAD") {
            Ok(head) => head,
            // Nobody knows whether there is one: then nothing may be undone, and the next run looks.
            Err(error) => {
                let commit = Err(result.err().unwrap_or(error));
                return Ok(MadeCommit::unclear(commit));
            }
        };
        if head == base {
            return Err(result.err().unwrap_or_else(|| no_commit().into()));
        }
        let whole = match self.committed(&git, &staged) {
            Ok(paths) => paths,
            Err(error) => {
                let commit = finish(&head, [result, Err(error), Ok(())]);
                return Ok(MadeCommit::unclear(commit));
            }
        };
        let is_whole = whole.len() == self.files.len();
        if !is_whole && let Err(error) = result {
            // Somebody else made that commit.
            return Err(error);
        }
        let is_ours = |name: &String| whole.iter().any(|path| path.as_str() == name);
        let mut more = git.names_between(&base, &head).unwrap_or_default();
        more.retain(|name| !is_ours(name));
        let unstaged = self.unstage(&git, &entries).and_then(|()| unstage_more(&git, &base, &more));
        // What a hook took out of the commit stays in the work tree: a repair would put it back.
        let needs_repair = is_whole && unstaged.is_err();
        let missing = if is_whole { Ok(()) } else { self.refuse_missing(&git) };
        let commit = finish(&head, [result, unstaged, missing]);
        // Where it went wrong, the errors say more.
        let warnings = commit.iter().filter(|_| !more.is_empty()).map(|_| by_a_hook(&more));
        Ok(MadeCommit { needs_repair, warnings: warnings.collect(), commit })
    }

    fn entries(&self, git: &Git) -> Result<Vec<IndexEntry>> {
        git.index_entries(self.files.iter().map(|(path, _)| path.as_str()))
    }

    /// Refuses a file that somebody edited before it was staged.
    fn refuse_edited(&self, git: &Git) -> Result<()> {
        for (path, after) in &self.files {
            let now = self.work_tree.read_file(path)?.unwrap_or_default();
            if !git.is_same_content(path, &now, after.as_bytes())? {
                let problem = Problem::new("changed before it was committed");
                return Err(problem.file(path.as_str()).help("run it again").into());
            }
        }
        Ok(())
    }

    /// The files that the last commit has exactly as they were staged.
    fn committed(&self, git: &Git, staged: &StagedCommit) -> Result<Vec<&RepoPath>> {
        let paths = || self.files.iter().map(|(path, _)| path);
        let ids = git.ids_at("HEAD", &paths().cloned().collect::<Vec<_>>())?;
        let is_staged = |(path, id): &(&RepoPath, Option<String>)| {
            let mut entries = staged.entries.iter();
            let entry = entries.find(|entry| entry.path == path.as_str());
            id.is_some() && entry.map(|entry| &entry.id) == id.as_ref()
        };
        Ok(paths().zip(ids).filter(is_staged).map(|(path, _)| path).collect())
    }

    /// Gives the index the committed files, but those that somebody staged meanwhile.
    fn unstage(&self, git: &Git, before: &[IndexEntry]) -> Result<()> {
        let now = self.entries(git)?;
        let paths: Vec<RepoPath> = self.files.iter().map(|(path, _)| path.clone()).collect();
        let entry = |all: &[IndexEntry], path: &RepoPath| {
            all.iter().find(|entry| entry.path == path.as_str()).cloned()
        };
        let is_as_before = |path: &&RepoPath| entry(before, path) == entry(&now, path);
        let paths: Vec<RepoPath> = paths.iter().filter(is_as_before).cloned().collect();
        unstage(git, &paths)
    }

    /// Names the files whose pins a hook took out of the commit.
    fn refuse_missing(&self, git: &Git) -> Result<()> {
        let mut tree = Tree::default();
        for (path, _) in &self.files {
            let content = git.checked_out("HEAD", path)?;
            tree.0.extend(content.map(|content| (path.clone(), content)));
        }
        let missing = (self.missing)(&tree)?;
        if missing.is_empty() {
            return Ok(());
        }
        let lacks = |path: &RepoPath| {
            let cure = "look for the hook that took it out; `git reset --soft HEAD^` takes the commit back";
            Problem::new("the commit has another version of its pin").file(path.as_str()).help(cure)
        };
        Err(Problems(missing.iter().map(lacks).collect()).into())
    }
}

/// Gives the index what a hook put into the commit: else the next commit would take it out again. What
/// somebody staged there stays.
fn unstage_more(git: &Git, base: &CommitId, names: &[String]) -> Result<()> {
    let paths: Vec<RepoPath> = names.iter().filter_map(|name| RepoPath::parse(name)).collect();
    if paths.is_empty() {
        return Ok(());
    }
    let entries = git.index_entries(paths.iter().map(RepoPath::as_str))?;
    let staged = |path: &RepoPath| entries.iter().find(|entry| entry.path == path.as_str());
    let before = git.ids_at(base.as_str(), &paths)?;
    let is_as_before = |(path, id): &(RepoPath, Option<String>)| {
        staged(path).map(|entry| &entry.id) == id.as_ref()
    };
    let paths = paths.into_iter().zip(before).filter(is_as_before).map(|(path, _)| path);
    unstage(git, &paths.collect::<Vec<_>>())
}

fn unstage(git: &Git, paths: &[RepoPath]) -> Result<()> {
    if paths.is_empty() {
        return Ok(());
    }
    git.unstage(paths).map_err(|error| {
        let list = paths.iter().map(RepoPath::quoted).collect::<Vec<_>>().join(" ");
        let message = format!("the index still has the old files: {error:#}");
        Problem::new(message).help(format!("`git restore --staged -- {list}`")).into()
    })
}

/// The commit, or what went wrong after it was made. Nothing is undone then.
fn finish(commit: &CommitId, results: [Result<()>; 3]) -> Result<CommitId> {
    let errors = results.into_iter().filter_map(Result::err);
    let errors: Vec<Problem> = errors.flat_map(|error| problems(&error)).collect();
    if errors.is_empty() {
        return Ok(commit.clone());
    }
    let made = Problem::new(format!("{} is committed, but not all went well", commit.tag(7)));
    Err(Problems([vec![made], errors].concat()).into())
}

fn by_a_hook(files: &[String]) -> Problem {
    let files = listed(files.iter().map(String::as_str));
    Problem::new(format!("the commit has more than the promotion: a hook changed {files}"))
        .help("`git show` shows it; `git reset --soft HEAD^` takes the commit back")
}

fn no_commit() -> Problem {
    Problem::new("`git commit` says that it succeeded, but there is no new commit")
        .help("look for a `git` in the `PATH`, an alias or a hook that stands in for it")
}

fn without_change(path: &RepoPath) -> Problem {
    Problem::new("git sees no change in it: a filter takes the edit out")
        .file(path.as_str())
        .help(format!("`git check-attr --all {}` names the filter", path.quoted()))
}
