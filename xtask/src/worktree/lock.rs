//! Keeps two promotions of one checkout apart.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use promotion::model::problem::Problem;

use super::WorkTree;
use super::journal::Journal;
use crate::git::{end_commit, is_running};

/// How long a promotion waits for another one.
const PATIENCE: Duration = Duration::from_secs(5);

/// Keeps other promotions out until it is dropped, or the process and those that share it end.
#[derive(Debug)]
pub struct Lock {
    file: File,
    /// The lock file; a folder without git is locked itself.
    path: Option<PathBuf>,
    /// What was repaired when it was taken, to be told.
    pub repaired: Option<String>,
}

impl WorkTree {
    /// Takes the lock; waits some seconds for another promotion to end. What a killed one left is
    /// repaired first.
    pub fn lock(&self) -> Result<Lock> {
        let end = Instant::now() + PATIENCE;
        let mut is_asked = false;
        loop {
            if let Some(lock) = self.try_lock()? {
                return Ok(lock);
            }
            if !is_asked && self.is_orphaned() {
                end_commit(Journal::of(self).folder());
            }
            is_asked = true;
            if Instant::now() > end {
                return Err(self.locked().into());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The same without waiting; `None` if another promotion has it.
    pub fn try_lock(&self) -> Result<Option<Lock>> {
        let path = self.lock_file();
        let place = path.as_deref().unwrap_or(&self.top);
        let file = match &path {
            Some(path) => OpenOptions::new().write(true).create(true).truncate(false).open(path),
            None => File::open(&self.top),
        };
        let mut file = file.with_context(|| format!("can't open `{}`", place.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => {
                return Err(error).context("can't lock the checkout");
            }
        }
        // The promotion before removed its lock file: then this lock is of a file that is gone.
        if !is_at(&file, place) {
            return Ok(None);
        }
        if path.is_some() {
            let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
        }
        let mut lock = Lock { file, path, repaired: None };
        lock.repaired = self.repair()?;
        Ok(Some(lock))
    }

    pub(super) fn lock_file(&self) -> Option<PathBuf> {
        self.git_dir.as_ref().map(|git_dir| git_dir.join("xtask-promote.lock"))
    }

    /// The process that has the lock, or had it.
    fn holder(&self) -> Option<u32> {
        let text = self.lock_file().and_then(|path| fs::read_to_string(path).ok());
        text.and_then(|text| text.trim().parse().ok())
    }

    /// Whether the promotion that has the lock was killed, and only its `git commit` still runs.
    pub(super) fn is_orphaned(&self) -> bool {
        self.holder().is_some_and(|process| !is_running(process))
    }

    fn locked(&self) -> Problem {
        let process = self.holder().map(|id| format!(" (process {id})")).unwrap_or_default();
        Problem::new(format!("another promotion is running in this checkout{process}"))
            .help("wait until it is done, then run it again")
    }
}

impl Lock {
    /// Another handle of the same lock: it is held until that is closed too.
    pub fn share(&self) -> io::Result<File> {
        self.file.try_clone()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while it is still held: whoever opened it before sees that it is gone.
        let _ = self.path.as_ref().map(fs::remove_file);
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let identity = |meta: fs::Metadata| (meta.dev(), meta.ino());
    let here = fs::metadata(path).map(identity).ok();
    here.is_some() && here == file.metadata().map(identity).ok()
}
