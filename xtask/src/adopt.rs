//! What `adopt` changes in a checkout, as values: nothing is written here.

pub mod cargo;
pub mod checkout;
pub mod compare;
pub mod makefile;
pub mod scripts;
pub mod source;
pub mod vendor;

use std::collections::BTreeMap;

use anyhow::Result;
use promotion::diff;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::tree::refuse_pointer;
use promotion::syntax::text_of;

use crate::worktree::{Replacement, WorkTree};

/// Everything that is to change.
#[derive(Debug)]
pub struct Adoption<'w> {
    work_tree: &'w WorkTree,
    /// Before and after; `None` where there is no file.
    files: BTreeMap<RepoPath, (Option<String>, Option<String>)>,
    /// What people should know beside the diff.
    pub notes: Vec<String>,
}

impl<'w> Adoption<'w> {
    /// Nothing yet.
    pub fn of(work_tree: &'w WorkTree) -> Adoption<'w> {
        Adoption { work_tree, files: BTreeMap::new(), notes: Vec::new() }
    }

    /// A file as it will be; `None` if there is none. The error is a file that is not UTF-8, or no
    /// regular one.
    pub fn text(&self, name: &str) -> Result<Option<String>> {
        let path = parsed(name)?;
        if let Some((_, after)) = self.files.get(&path) {
            return Ok(after.clone());
        }
        self.on_disk(&path)
    }

    fn on_disk(&self, path: &RepoPath) -> Result<Option<String>> {
        let bytes = self.work_tree.read_file(path).map_err(|error| of_link(error, path))?;
        if bytes.is_none() && self.work_tree.is_sparse() {
            self.work_tree.refuse_hidden_file(path, "")?;
        }
        bytes.iter().try_for_each(|bytes| refuse_pointer(path.as_str(), bytes))?;
        let text = bytes.as_deref().map(text_of).transpose();
        Ok(text.map_err(|problem| problem.file(path.as_str()))?.map(str::to_owned))
    }

    /// Gives a file another content; `None` removes it.
    pub fn set(&mut self, name: &str, after: Option<String>) -> Result<()> {
        let path = parsed(name)?;
        let before = self.on_disk(&path)?;
        if before == after {
            self.files.remove(&path);
        } else {
            self.files.insert(path, (before, after));
        }
        Ok(())
    }

    /// The files, and what happens to each.
    pub fn changes(&self) -> impl Iterator<Item = (&RepoPath, &'static str)> {
        self.files.iter().map(|(path, change)| {
            let what = match change {
                (None, _) => "created",
                (_, None) => "removed",
                _ => "changed",
            };
            (path, what)
        })
    }

    /// Whether nothing is to do.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// All of it as one diff, but what people don't read: the lockfile and copied sources.
    pub fn diff(&self) -> String {
        let is_read = |path: &RepoPath| {
            let path = path.as_str();
            path != cargo::LOCKFILE && (!path.starts_with("xtask/") || !vendor::is_copied(path))
        };
        let files = self.files.iter().filter(|(path, _)| is_read(path));
        let one = |(path, (before, after)): (&RepoPath, &(Option<String>, Option<String>))| {
            diff::unified_between(path.as_str(), before.as_deref(), after.as_deref())
        };
        files.map(one).collect()
    }

    /// What is to be written, all or nothing.
    pub fn replacements(self) -> Vec<Replacement> {
        let files = self.files.into_iter();
        files.map(|(path, (before, after))| Replacement { path, before, after }).collect()
    }
}

/// The error, with a cure for a link: nobody names the files here.
fn of_link(error: anyhow::Error, path: &RepoPath) -> anyhow::Error {
    let link = Problem::symlink(path.as_str());
    match error.downcast_ref::<Problem>() == Some(&link) {
        true => link.help("put what it points to in its place first").into(),
        false => error,
    }
}

fn parsed(name: &str) -> Result<RepoPath> {
    let problem = || Problem::new(format!("`{name}` is no path in the checkout"));
    Ok(RepoPath::parse(name).ok_or_else(problem)?)
}
