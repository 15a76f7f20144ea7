//! Files that git has and the work tree doesn't show: of a sparse checkout or in a submodule.

use anyhow::Result;
use memchr::memmem;
use promotion::model::escape::shell_word;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::tree::{Tree, Wanted};
use promotion::saas::target_files;

use super::WorkTree;
use crate::git::{Git, IndexEntry};

/// Another cure, for those who promote.
const OR: &str = ", or `--mr`, which needs no checkout";

impl WorkTree {
    /// Refuses a wanted file that git has, but that is not in `tree` because it isn't checked out.
    pub fn refuse_hidden(&self, wanted: &Wanted, tree: &Tree) -> Result<()> {
        let targets = target_files(tree, &wanted.saas);
        for path in wanted.files.iter().chain(&targets).filter(|path| tree.get(path).is_none()) {
            self.refuse_hidden_file(path, OR)?;
        }
        // A glob asks for every entry, which takes a while.
        if wanted.globs.is_empty() || !self.is_sparse() {
            return Ok(());
        }
        let git = Git::at(&self.top);
        let mut hidden = git.index_entries([])?;
        hidden.retain(|entry| is_hidden(entry) && !self.top.join(&entry.path).exists());
        for (glob, needle) in &wanted.globs {
            let needle = memmem::Finder::new(needle);
            let hidden = hidden.iter().filter(|entry| fast_glob::glob_match(glob, &entry.path));
            for path in hidden.filter_map(|entry| RepoPath::parse(&entry.path)) {
                // Without the content nobody can say that there is no pin in it.
                let content = git
                    .clone()
                    .env("GIT_NO_LAZY_FETCH", "1")
                    .show_many("", std::slice::from_ref(&path));
                let content = content.ok().and_then(|mut all| all.pop()).flatten();
                if content.is_none_or(|content| needle.find(&content).is_some()) {
                    return Err(sparse(&git, &path, OR).into());
                }
            }
        }
        Ok(())
    }

    /// Refuses a file that is not there, if git has it; `or` is another cure.
    pub fn refuse_hidden_file(&self, path: &RepoPath, or: &str) -> Result<()> {
        if self.git_dir.is_none() {
            return Ok(());
        }
        let git = Git::at(&self.top);
        let folders = path.as_str().match_indices('/').map(|(end, _)| &path.as_str()[..end]);
        for entry in git.index_entries(folders.chain([path.as_str()]))? {
            refuse_submodule(&entry, path)?;
            if entry.path == path.as_str() && is_hidden(&entry) {
                return Err(sparse(&git, path, or).into());
            }
        }
        Ok(())
    }

    /// Whether some of its files may not be checked out.
    pub fn is_sparse(&self) -> bool {
        self.git_dir.as_ref().is_some_and(|folder| folder.join("info/sparse-checkout").exists())
    }
}

fn is_hidden(entry: &IndexEntry) -> bool {
    entry.tag.eq_ignore_ascii_case(&'S')
}

fn refuse_submodule(entry: &IndexEntry, path: &RepoPath) -> Result<(), Problem> {
    let submodule = &entry.path;
    let below = path.as_str().strip_prefix(submodule.as_str());
    match entry.mode == "160000"
        && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    {
        false => Ok(()),
        true => Err(Problem::new(format!("lies in the submodule `{submodule}`"))
            .file(path.as_str())
            .help("promote it in a checkout of that repository")),
    }
}

fn sparse(git: &Git, path: &RepoPath, or: &str) -> Problem {
    let name = path.as_str();
    // Source: git-sparse-checkout(1): folders in cone mode, patterns as in `.gitignore` else.
    let wanted = match git.is_sparse_by_folders() {
        true => name.rsplit_once('/').map_or("/", |(folder, _)| folder).to_owned(),
        false => format!("/{}", name.replace(['\\', '*', '?', '['], "?")),
    };
    let cure = format!("`git sparse-checkout add {}`{or}", shell_word(&wanted));
    Problem::new("git has it, but it is not checked out (sparse checkout)").file(name).help(cure)
}
