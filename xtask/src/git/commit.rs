//! A commit of some files, made from an index of its own: what is staged, and what somebody edits
//! while hooks run, stays out of it. Hooks and signing are as the user has them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use promotion::model::escape::escaped;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use xshell::{Shell, cmd};

use super::{ELSEWHERE, Git, IndexEntry, PATHSPECS, without};
use crate::signals;

/// How long `git commit` may take to end after a signal.
const GRACE: Duration = Duration::from_secs(5);

/// The file with the process of `git commit`.
const COMMITTER: &str = "committer";

/// How long another git command may keep the index.
const PATIENCE: Duration = Duration::from_secs(2);

/// Files that are ready to be committed.
#[derive(Debug)]
pub struct StagedCommit {
    git: Git,
    folder: PathBuf,
    /// The files, as they will be in the commit.
    pub entries: Vec<IndexEntry>,
}

impl Git {
    /// An error, with its cure, if another git command keeps the index for longer than a moment.
    pub fn await_index(&self) -> Result<()> {
        let lock = self.git_dir()?.join("index.lock");
        let end = Instant::now() + PATIENCE;
        while lock.exists() {
            if Instant::now() > end {
                let lock = lock.display();
                let message = format!("another git command keeps the index: `{lock}` is there");
                let help = format!("if none is running, one was killed: `rm {lock}`");
                return Err(Problem::new(message).help(help).into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Stages files of the work tree on top of the last commit, in an index in `folder`, with git's
    /// own conversion. [`Git::at`] must be the top of the work tree.
    pub fn stage_apart(&self, folder: &Path, paths: &[RepoPath]) -> Result<StagedCommit> {
        let index = folder.join("index");
        // With a copy of the index, git need not look into all the other files.
        copy_with_time(&self.git_dir()?.join("index"), &index)
            .with_context(|| format!("can't write `{}`", index.display()))?;
        let git = self.clone().env("GIT_INDEX_FILE", &index);
        git.bytes(["read-tree", "--reset", "HEAD"])?;
        let list: String = paths.iter().map(|path| format!("{path}\0")).collect();
        git.run(["update-index", "-z", "--stdin"], list.as_bytes())?;
        let entries = git.index_entries(paths.iter().map(RepoPath::as_str))?;
        Ok(StagedCommit { git, folder: folder.to_owned(), entries })
    }
}

impl StagedCommit {
    /// Runs `git commit`, with `stdin` open as long as it runs. A signal ends it.
    ///
    /// An error does not mean that there is no commit.
    pub fn commit(&self, message: &str, stdin: File) -> Result<()> {
        let [text, said] = ["message", "said"].map(|name| self.folder.join(name));
        let status = (|| {
            fs::write(&text, message)?;
            // No pipe: a process that a hook leaves behind would keep it open.
            let output = File::create(&said)?;
            let mut command = self.command(&text)?;
            command.stdin(stdin).stdout(output.try_clone()?).stderr(output);
            let child = command.spawn()?;
            let noted = fs::write(self.folder.join(COMMITTER), child.id().to_string());
            if noted.is_err() {
                // A commit that nobody knows of would be made after everything was undone.
                signal(child.id(), "TERM");
            }
            let status = waited(child)?;
            noted.map(|()| status)
        })();
        if status.context("can't run `git commit`")?.success() {
            return Ok(());
        }
        if let Some(signal) = signals::received() {
            return Err(Problem::new(format!("interrupted by {signal}"))
                .help("run it again")
                .into());
        }
        let problem = Problem::new("`git commit` failed, or a hook of it");
        let said = tail(&String::from_utf8_lossy(&fs::read(said).unwrap_or_default()));
        Err(if said.is_empty() { problem } else { problem.help(said) }.into())
    }

    fn command(&self, message: &Path) -> std::io::Result<Command> {
        let shell = Shell::new().map_err(std::io::Error::other)?;
        let (place, mut file) = (&self.git.place, OsStr::new("--file=").to_owned());
        file.push(message);
        let command = cmd!(shell, "git {place...} commit --quiet --cleanup=whitespace {file}");
        // GIT_LITERAL_PATHSPECS would reach the hooks.
        let command = without(command, ELSEWHERE).env_remove("GIT_LITERAL_PATHSPECS");
        let env = self.git.env.iter().map(|(name, value)| (name, value));
        Ok(without(command, PATHSPECS).envs(env).into())
    }
}

/// Ends the `git commit` that a killed run left behind with that folder.
pub fn end_commit(folder: &Path) {
    let id = fs::read_to_string(folder.join(COMMITTER)).ok().and_then(|id| id.parse().ok());
    let _: Option<bool> = id.map(|id| signal(id, "TERM"));
}

/// Whether a process runs.
pub fn is_running(process: u32) -> bool {
    signal(process, "0")
}

/// Sends a signal; whether there is such a process.
fn signal(process: u32, name: &str) -> bool {
    let kill = ["-c", "kill -s \"$1\" \"$0\" 2>/dev/null", &process.to_string(), name];
    Command::new("sh").args(kill).status().is_ok_and(|status| status.success())
}

/// Waits for a process; passes a signal on to it.
fn waited(mut child: Child) -> std::io::Result<ExitStatus> {
    let mut end = None;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => {}
            // It may still run, and make the commit after everything was undone.
            Err(_) => return child.wait(),
        }
        match end {
            None if signals::received().is_some() => {
                end = Some(Instant::now() + GRACE);
                signal(child.id(), "TERM");
            }
            Some(time) if Instant::now() > time => child.kill()?,
            _ => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Copies an index, if there is one. Its time tells git which files it must look into.
fn copy_with_time(from: &Path, to: &Path) -> std::io::Result<()> {
    let Ok(meta) = fs::metadata(from) else { return Ok(()) };
    fs::copy(from, to)?;
    File::options().write(true).open(to)?.set_modified(meta.modified()?)
}

/// The last lines of what a hook said, safe to print.
fn tail(text: &str) -> String {
    let lines: Vec<String> =
        text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(escaped).collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
