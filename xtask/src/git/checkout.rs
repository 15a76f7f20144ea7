//! What git knows of the files in a checkout: their changes, the index, its own conversion of them,
//! and what is under way.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use promotion::model::path::RepoPath;
use promotion::model::version::CommitId;

use super::Git;

/// One line of `git status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The two letters: of the index, of the work tree.
    pub state: String,
    /// Relative to the top of the work tree.
    pub path: String,
}

/// One file in the index, as `git ls-files` tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    /// `S`: not checked out; in lower case: assumed to be unchanged.
    pub tag: char,
    /// Such as `100644`; `160000` is a submodule.
    pub mode: String,
    /// Of its content.
    pub id: String,
    /// Relative to the top of the work tree.
    pub path: String,
}

impl Git {
    /// What `git status` says of `paths`, untracked files included. No paths, no changes.
    pub fn status(&self, paths: &[RepoPath]) -> Result<Vec<Change>> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        // For a few paths, threads that look at all others take longer.
        let few = ["-c", "core.preloadIndex=false"];
        let flags =
            ["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--"];
        let paths = paths.iter().map(RepoPath::as_str);
        let out = self.bytes(few.into_iter().chain(flags).chain(paths))?;
        let text = String::from_utf8_lossy(&out);
        let change = |entry: &str| {
            let (state, path) = entry.split_at_checked(3)?;
            Some(Change { state: state[..2].to_owned(), path: path.to_owned() })
        };
        Ok(text.split('\0').filter_map(change).collect())
    }

    /// The index's entries at `paths`; every entry if there are none.
    pub fn index_entries<'a>(
        &self,
        paths: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<IndexEntry>> {
        let flags = ["ls-files", "-z", "-v", "--stage", "--"];
        let out = self.bytes(flags.into_iter().chain(paths))?;
        let text = String::from_utf8_lossy(&out);
        let lines = text.split('\0').filter(|line| !line.is_empty());
        let entries: Option<_> = lines.map(IndexEntry::parse).collect();
        entries.context("`git ls-files` answered in an unknown way")
    }

    /// The files of a commit that are not in the checkout, or with another content. Skips names that
    /// are no [`RepoPath`], and fetches nothing.
    ///
    /// Not `git diff`: that writes the index, whatever `GIT_OPTIONAL_LOCKS` says.
    pub fn differing(&self, commit: &CommitId) -> Result<Vec<RepoPath>> {
        let git = self.clone().env("GIT_NO_LAZY_FETCH", "1");
        let flags = ["diff-index", "--name-only", "-z", "--no-renames", "--no-relative"];
        let rest = ["--diff-filter=a", "--ignore-submodules", commit.as_str(), "--"];
        let out = git.bytes(flags.iter().chain(&rest))?;
        Ok(String::from_utf8_lossy(&out).split('\0').filter_map(RepoPath::parse).collect())
    }

    /// The names of the files in which two commits differ.
    pub fn names_between(&self, from: &CommitId, to: &CommitId) -> Result<Vec<String>> {
        let flags = ["diff-tree", "-r", "-z", "--name-only", "--no-renames"];
        let out = self.bytes(flags.into_iter().chain([from.as_str(), to.as_str()]))?;
        let text = String::from_utf8_lossy(&out);
        Ok(text.split_terminator('\0').map(str::to_owned).collect())
    }

    /// The files that may be other than they look: not checked out, or assumed to be unchanged.
    /// Skips names that are no [`RepoPath`].
    pub fn not_looked_at(&self) -> Result<Vec<RepoPath>> {
        let out = self.bytes(["ls-files", "-z", "-v"])?;
        let text = String::from_utf8_lossy(&out);
        let lines = text.split('\0').filter(|line| !line.starts_with('H'));
        Ok(lines.filter_map(|line| RepoPath::parse(line.split_once(' ')?.1)).collect())
    }

    /// The ids of the files at `paths` in `revision`, in that order; `None` where there is no file.
    pub fn ids_at(&self, revision: &str, paths: &[RepoPath]) -> Result<Vec<Option<String>>> {
        let flags = ["ls-tree", "-z", "--full-tree", revision, "--"];
        let out = self.bytes(flags.into_iter().chain(paths.iter().map(RepoPath::as_str)))?;
        let text = String::from_utf8_lossy(&out);
        let entry = |line| {
            let (fields, path): (&str, &str) = str::split_once(line, '\t')?;
            Some((path.to_owned(), fields.rsplit_once(' ')?.1.to_owned()))
        };
        let ids: BTreeMap<String, String> = text.split('\0').filter_map(entry).collect();
        Ok(paths.iter().map(|path| ids.get(path.as_str()).cloned()).collect())
    }

    /// A file of a revision (of the index if that is empty) as git would check it out: with the
    /// line ends and the filters that are configured. `None` where there is no file.
    pub fn checked_out(&self, revision: &str, path: &RepoPath) -> Result<Option<Vec<u8>>> {
        if self.show_many(revision, std::slice::from_ref(path))? == [None] {
            return Ok(None);
        }
        self.bytes(["cat-file", "--filters", &format!("{revision}:{path}")]).map(Some)
    }

    /// Whether two contents of a file would be the same in a commit.
    pub fn is_same_content(&self, path: &RepoPath, one: &[u8], other: &[u8]) -> Result<bool> {
        let option = format!("--path={path}");
        let id = |content: &[u8]| self.run(["hash-object", &option, "--stdin"], content);
        Ok(one == other || id(one)? == id(other)?)
    }

    /// Gives the index what the last commit has of these files.
    pub fn unstage(&self, paths: &[RepoPath]) -> Result<()> {
        let paths = paths.iter().map(RepoPath::as_str);
        self.bytes(["reset", "--quiet", "--"].into_iter().chain(paths)).map(drop)
    }

    /// The operation that is under way in this work tree, such as `merge`, and keeps commits out.
    pub fn mid_operation(&self) -> Result<Option<&'static str>> {
        let marks = [
            ("MERGE_HEAD", "merge"),
            ("rebase-merge", "rebase"),
            ("rebase-apply/applying", "`git am`"),
            ("rebase-apply", "rebase"),
            ("CHERRY_PICK_HEAD", "cherry-pick"),
            ("REVERT_HEAD", "revert"),
        ];
        let git_dir = self.git_dir()?;
        Ok(marks.into_iter().find(|(mark, _)| git_dir.join(mark).exists()).map(|(_, name)| name))
    }

    /// The files that the last commit has, and the work tree no longer.
    pub fn removed(&self) -> Result<Vec<String>> {
        self.listed(["diff-index", "-z", "--name-only", "--no-renames", "--diff-filter=D", "HEAD"])
    }

    /// Whether a bisect is under way.
    pub fn is_bisecting(&self) -> Result<bool> {
        Ok(self.git_dir()?.join("BISECT_LOG").exists())
    }

    /// Whether a branch would get the next commit.
    pub fn is_on_branch(&self) -> Result<bool> {
        self.holds(["symbolic-ref", "--quiet", "HEAD"])
    }

    /// Whether only some of the files are checked out.
    pub fn is_sparse(&self) -> bool {
        let args = ["config", "--type=bool", "--get", "core.sparseCheckout"];
        self.find(args).is_ok_and(|value| value.as_deref() == Some("true"))
    }

    /// Whether a sparse checkout is told of folders, not of patterns.
    pub fn is_sparse_by_folders(&self) -> bool {
        let args = ["config", "--type=bool", "--get", "core.sparseCheckoutCone"];
        !self.find(args).is_ok_and(|value| value.as_deref() == Some("false"))
    }

    /// Whether git is told to ignore a file.
    pub fn is_ignored(&self, path: &RepoPath) -> Result<bool> {
        let flags = ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--"];
        Ok(!self.bytes(flags.into_iter().chain([path.as_str()]))?.is_empty())
    }

    pub(super) fn git_dir(&self) -> Result<PathBuf> {
        Ok(self.read(["rev-parse", "--absolute-git-dir"])?.into())
    }
}

impl IndexEntry {
    fn parse(line: &str) -> Option<IndexEntry> {
        let (fields, path) = line.split_once('\t')?;
        let mut fields = fields.split(' ');
        let (tag, mode, id) = (fields.next()?.chars().next()?, fields.next()?, fields.next()?);
        Some(IndexEntry { tag, mode: mode.to_owned(), id: id.to_owned(), path: path.to_owned() })
    }
}
