//! Cached mirrors of upstreams: bare partial clones below the cache folder, one per address.
//!
//! Owns their folders and nothing else: a checkout is never read or written here. What is wrong
//! with a mirror is repaired by making it anew; what is wrong with the network is an error.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use promotion::model::escape::escaped;
use promotion::model::problem::Problem;
use promotion::model::upstream::{Upstream, without_credentials};

use crate::git::{Cause, Failure, Git, PATIENCE};
use answers::Answers;
use reference::Reference;

pub use place::host;
pub use resolve::Resolved;

mod answers;
mod checked;
pub mod history;
mod place;
mod reference;
mod resolve;

/// The default branch's commit, in the mirror.
const HEAD: &str = "refs/xtask/HEAD";

const REFSPECS: [&str; 3] =
    ["+HEAD:refs/xtask/HEAD", "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];

/// The address isn't stored: it may hold a secret, and nothing may be fetched behind our back.
const CONFIG: &str = "\
[core]
\trepositoryFormatVersion = 1
\thooksPath = /dev/null
\tlogAllRefUpdates = false
[extensions]
\tpartialClone = xtask
[remote \"xtask\"]
\tpromisor = true
\tpartialCloneFilter = blob:none
";

/// The ssh command that never asks, once it is known.
static SSH: OnceLock<Option<String>> = OnceLock::new();

/// Every fetch that brings something adds a pack; so many are made one.
const MOST_PACKS: usize = 50;

/// Refuses the address of a page that none of the upstreams has, before one of them is asked.
pub fn refuse_page<'u>(
    reference: &str,
    upstreams: impl IntoIterator<Item = &'u Upstream>,
) -> Result<(), Problem> {
    let typed = |upstream: &Upstream| Reference::typed(reference, upstream.address());
    let mut refused = None;
    for upstream in upstreams {
        match typed(upstream) {
            Ok(_) => return Ok(()),
            Err(problem) => refused = refused.or(Some(problem)),
        }
    }
    refused.map_or(Ok(()), |problem| Err(Problem { usage: true, ..problem }))
}

/// The mirror of one upstream; it may not exist yet.
#[derive(Debug)]
pub struct Mirror {
    url: String,
    /// The address without credentials, as messages show it.
    shown: String,
    /// The address whose pages a person may give as a reference.
    pages: String,
    folder: PathBuf,
    git: Git,
    patience: Duration,
    /// The default branch, once somebody asked for it.
    head: Mutex<Option<Resolved>>,
    /// What git answered, while that is remembered.
    answers: Mutex<Option<Answers>>,
    is_host_down: AtomicBool,
}

impl Mirror {
    /// The mirror of `url` below the folder `cache`. Touches neither the disk nor the network.
    ///
    /// `url` is given to git as it is, so that `url.*.insteadOf` works.
    pub fn open(cache: &Path, url: &str) -> Result<Self> {
        if url.is_empty() || url.starts_with('-') || url.contains(char::is_control) {
            let message = format!("`{}` can't be the address of an upstream", Upstream::new(url));
            return Err(Problem::new(message).into());
        }
        let folder = cache.join("mirrors").join(format!("{}.git", place::folder_name(url)));
        let shown = escaped(&without_credentials(url));
        let git = mirror_git(&folder);
        let (url, pages) = (url.to_owned(), url.to_owned());
        let (head, answers) = (Mutex::default(), Mutex::default());
        let (patience, is_host_down) = (PATIENCE, AtomicBool::default());
        Ok(Mirror { url, shown, pages, folder, git, patience, head, answers, is_host_down })
    }

    /// Sets the address whose pages are references too: that before the user's `insteadOf`.
    pub fn pages_at(self, address: &str) -> Self {
        Mirror { pages: address.to_owned(), ..self }
    }

    /// Sets how long the network may be silent (30 seconds if this isn't called). Another process
    /// that fetches the same mirror is waited for twice as long.
    pub fn patience(self, patience: Duration) -> Self {
        Mirror { patience, ..self }
    }

    /// Git in the mirror, which never fetches what is missing.
    pub fn git(&self) -> &Git {
        &self.git
    }

    /// The address without credentials.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The host that the upstream is on; `None` if it is a folder of this machine.
    pub fn host(&self) -> Option<String> {
        place::host(&self.url)
    }

    /// The host of the upstream, or the last part of an address that has none.
    pub fn short_name(&self) -> String {
        let last = || self.shown.rsplit('/').find(|part| !part.is_empty());
        self.host().unwrap_or_else(|| last().unwrap_or_default().to_owned())
    }

    /// Whether a fetch failed because nothing could be heard of the host: then neither does another
    /// upstream there answer.
    pub fn is_host_down(&self) -> bool {
        self.is_host_down.load(Ordering::Relaxed)
    }

    /// Where the mirror is kept.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether there is something to work with offline.
    pub fn exists(&self) -> bool {
        checked::is_ours(&self.folder, CONFIG)
    }

    /// Removes the mirror, for an upstream that is no longer the same.
    pub fn forget(&self) -> Result<()> {
        let _lock = self.lock()?;
        remove(&self.folder)
    }

    /// Makes the mirror equal to the upstream; `progress` gets git's latest line.
    ///
    /// One round trip. A missing or damaged mirror is made anew beside its place, so that a
    /// half-made one is never seen, and that one stays as it is if the network fails.
    pub fn fetch(&self, progress: &mut dyn FnMut(&str)) -> Result<()> {
        let _lock = self.lock()?;
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if !self.exists() || self.folder.join("shallow").exists() {
            return self.make(progress);
        }
        remove_leftovers(&self.folder)?;
        // git checks what it brings, so the rest can be checked beside the network.
        let (whole, updated) = thread::scope(|scope| {
            let whole = scope.spawn(|| checked::is_whole(&self.git, &self.folder));
            let updated = self.update(&self.folder, progress);
            (whole.join().unwrap_or(false), updated)
        });
        match updated {
            Ok(()) if whole => {
                self.join_packs()?;
                checked::remember(&self.folder);
                Ok(())
            }
            Err(failure) if failure.cause != Cause::Other => Err(problem(failure).into()),
            Ok(()) | Err(_) => self.make(progress),
        }
    }

    /// Makes the mirror in a new folder and then moves that into place.
    fn make(&self, progress: &mut dyn FnMut(&str)) -> Result<()> {
        let (new, old) = (self.beside("new"), self.beside("old"));
        remove(&new)?;
        let made = self.make_at(&new, progress);
        if made.is_err() {
            remove(&new)?;
            return made;
        }
        remove(&old)?;
        if self.folder.symlink_metadata().is_ok() {
            rename(&self.folder, &old)?;
        }
        rename(&new, &self.folder)?;
        checked::remember(&self.folder);
        remove(&old)
    }

    fn make_at(&self, new: &Path, progress: &mut dyn FnMut(&str)) -> Result<()> {
        let git = mirror_git(new);
        let no_hooks = ["-c", "core.hooksPath=/dev/null"];
        git.read(no_hooks.iter().chain(&["init", "--bare", "--quiet", "--template="]))?;
        let config = new.join("config");
        let append = || File::options().append(true).open(&config)?.write_all(CONFIG.as_bytes());
        append().with_context(|| format!("can't write `{}`", config.display()))?;
        self.update(new, progress).map_err(problem)?;
        git.read(["pack-refs", "--all"]).map(drop)
    }

    /// Fetches into `folder`. An upstream whose `HEAD` names no branch loses it here too.
    fn update(&self, folder: &Path, progress: &mut dyn FnMut(&str)) -> Result<(), Failure> {
        match self.fetch_refs(folder, &REFSPECS, progress) {
            Err(failure) if failure.reason == "couldn't find remote ref HEAD" => {}
            result => return result,
        }
        // Some pages that are no repository look like an empty one: those must not prune.
        let branches = self.network(folder, &["ls-remote", "--heads", "xtask"], progress)?;
        if branches.stdout.is_empty() {
            let (attempt, reason) = (self.attempt(), "it has no branches".to_owned());
            return Err(Failure { attempt, reason, cause: Cause::NotGit });
        }
        self.fetch_refs(folder, &REFSPECS[1..], progress)?;
        // It may never have been there.
        let _ = mirror_git(folder).read(["update-ref", "-d", HEAD]);
        Ok(())
    }

    fn fetch_refs(
        &self,
        folder: &Path,
        refspecs: &[&str],
        progress: &mut dyn FnMut(&str),
    ) -> Result<(), Failure> {
        let fetch = ["fetch", "--progress", "--filter=blob:none", "--prune", "--no-tags"];
        let quick = ["--no-auto-maintenance", "--no-write-fetch-head", "--no-write-commit-graph"];
        let rest = ["--no-recurse-submodules", "xtask"];
        let args = [&fetch[..], &quick, &rest, refspecs].concat();
        let output = self.network(folder, &args, progress)?;
        // Git warns, leaves out what it concerns, and succeeds.
        if String::from_utf8_lossy(&output.stderr).contains("shallow roots are not allowed") {
            let (attempt, reason) = (self.attempt(), "it is a shallow clone".to_owned());
            return Err(Failure { attempt, reason, cause: Cause::Shallow });
        }
        Ok(())
    }

    /// Runs a command that knows the upstream as the remote `xtask`.
    fn network(
        &self,
        folder: &Path,
        args: &[&str],
        progress: &mut dyn FnMut(&str),
    ) -> Result<Output, Failure> {
        let address = format!("remote.xtask.url={}", self.url);
        let git = mirror_git(folder).patience(self.patience);
        // The same for all mirrors: only the user's configuration says it.
        let git = match SSH.get_or_init(|| git.ssh_command()) {
            Some(ssh) => git.env("GIT_SSH_COMMAND", ssh),
            None => git,
        };
        let output = git.network(&self.attempt(), ["-c", &address].iter().chain(args), progress);
        output.inspect_err(|failure| {
            let is_down = matches!(failure.cause, Cause::Unreachable | Cause::TimedOut);
            self.is_host_down.store(is_down, Ordering::Relaxed);
        })
    }

    fn attempt(&self) -> String {
        format!("can't fetch `{}`", self.shown)
    }

    /// Waits until no other process fetches this mirror. The lock ends with the returned file.
    fn lock(&self) -> Result<File> {
        let path = self.beside("lock");
        let unusable = |reason: &dyn fmt::Display| {
            let message = format!("can't use the cache: `{}`: {reason}", path.display());
            Problem::new(message).help("mend that, or set `XTASK_CACHE` to another folder")
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| unusable(&error))?;
        }
        if path.symlink_metadata().is_ok_and(|it| !it.is_file()) {
            return Err(unusable(&"it is not a regular file").into());
        }
        let file = File::options().create(true).append(true).open(&path);
        let file = file.map_err(|error| unusable(&error))?;
        let (asked, longest) = (Instant::now(), self.patience * 2);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(unusable(&error).into()),
                Err(TryLockError::WouldBlock) if asked.elapsed() < longest => {
                    thread::sleep(Duration::from_millis(50).min(longest));
                }
                Err(TryLockError::WouldBlock) => {
                    let message = format!(
                        "another process has been fetching `{}` for {longest:?}",
                        self.shown
                    );
                    let help = format!("wait for it, or end it: it locks `{}`", path.display());
                    return Err(Problem::new(message).help(help).into());
                }
            }
        }
    }

    fn join_packs(&self) -> Result<()> {
        let folder = self.folder.join("objects/pack");
        let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        let is_pack = |path: PathBuf| path.extension() == Some(OsStr::new("pack"));
        if entries.flatten().filter(|entry| is_pack(entry.path())).count() > MOST_PACKS {
            self.git.read(["repack", "-a", "-d", "--quiet"])?;
        }
        Ok(())
    }

    /// The path of what is kept beside the mirror.
    fn beside(&self, ending: &str) -> PathBuf {
        self.folder.with_extension(ending)
    }
}

fn mirror_git(folder: &Path) -> Git {
    Git::bare(folder)
        .env("GIT_NO_LAZY_FETCH", "1")
        // Whoever can write there could give a commit other parents.
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_GRAFT_FILE", "/dev/null")
        .env("GIT_DEFAULT_HASH", "sha1")
        .env("GIT_DEFAULT_REF_FORMAT", "files")
}

fn problem(failure: Failure) -> Problem {
    let offline = matches!(failure.cause, Cause::Unreachable | Cause::TimedOut | Cause::TooSlow);
    let problem = Problem::from(failure);
    match &problem.help {
        Some(help) if offline => {
            let help = format!("{help}; `--offline` does without the upstream");
            problem.help(help)
        }
        _ => problem,
    }
}

/// Removes the lock files that a killed git left; nobody else writes while we hold our own lock.
fn remove_leftovers(folder: &Path) -> Result<()> {
    let context = || format!("can't clean `{}`", folder.display());
    for entry in fs::read_dir(folder).with_context(context)? {
        let entry = entry.with_context(context)?;
        let path = entry.path();
        if entry.file_type().with_context(context)?.is_dir() {
            remove_leftovers(&path)?;
        } else if path.extension() == Some(OsStr::new("lock"))
            || entry.file_name().as_encoded_bytes().starts_with(b"tmp_")
                && folder.ends_with("objects/pack")
        {
            fs::remove_file(&path).with_context(context)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    let removed = match path.symlink_metadata() {
        Err(_) => Ok(()),
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    };
    removed.with_context(|| format!("can't remove `{}`", path.display()))
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("can't move to `{}`", to.display()))
}
