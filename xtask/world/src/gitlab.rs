//! A remote that answers pushes as GitLab does, and remembers the merge requests.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use super::World;

/// Keeps the options of each push in a file per branch, and names the merge request.
const HOOK: &str = include_str!("../files/post-receive.sh");

/// A merge request as the remote has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its number.
    pub number: usize,
    /// The branch that was pushed.
    pub branch: String,
    /// One line.
    pub title: String,
    /// In the order in which they were set.
    pub labels: Vec<String>,
    /// Markdown.
    pub description: String,
}

/// Writes a program, in another process: while this one has the file open for writing, a process
/// that another thread starts inherits that, and nobody can run it.
pub fn executable(path: &Path, text: &str) -> Result<()> {
    let shell = Shell::new()?;
    let write = "cat >\"$1\" && chmod 755 \"$1\"";
    cmd!(shell, "sh -c {write} sh {path}").stdin(text).quiet().run()?;
    Ok(())
}

impl World {
    /// Lets the remote of app-interface answer pushes as GitLab does.
    pub fn answer_as_gitlab(&self) -> Result<()> {
        let hook = self.remote.join("hooks/post-receive");
        fs::create_dir_all(self.remote.join("hooks"))?;
        executable(&hook, HOOK)
    }

    /// The merge requests that were opened at such a remote, by number.
    pub fn merge_requests(&self) -> Result<Vec<Opened>> {
        let Ok(entries) = fs::read_dir(self.remote.join("merge-requests")) else {
            return Ok(Vec::new());
        };
        let paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        let mut opened = Vec::new();
        for path in paths {
            let text = fs::read_to_string(&path)?;
            opened.push(read(&text).with_context(|| format!("`{}`", path.display()))?);
        }
        opened.sort_by_key(|one| one.number);
        Ok(opened)
    }
}

/// Reads what the hook wrote: push options never hold a line break.
fn read(text: &str) -> Option<Opened> {
    let all = |key: &'static str| {
        let values = text.lines().filter_map(move |line| line.strip_prefix(key)?.strip_prefix('='));
        values.map(str::to_owned)
    };
    Some(Opened {
        number: all("number").next()?.parse().ok()?,
        branch: all("branch").next()?,
        title: all("merge_request.title").next()?,
        labels: all("merge_request.label").collect(),
        // As GitLab does.
        description: all("merge_request.description").next()?.replace("\\n", "\n"),
    })
}
