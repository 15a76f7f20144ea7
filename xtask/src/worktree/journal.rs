//! What a promotion keeps in the git folder while it replaces files: their old and new contents, and
//! the list of them, by which the next run repairs what a killed one left.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use promotion::model::path::RepoPath;

use super::WorkTree;
use crate::git::Git;

/// The folder where there is no git folder.
pub(super) const FOLDER: &str = ".xtask-promote";
/// A new file that stands beside the old one for an instant, on another file system than the git
/// folder.
pub(super) const BESIDE: &str = ".xtask-promote-new";

/// The folder with all that. Whoever holds the lock may use it.
#[derive(Debug)]
pub(super) struct Journal(PathBuf);

/// What became of a file that was to be put back.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PutBack {
    Done,
    /// It was never replaced.
    Untouched,
    /// It holds something else than what was written: somebody edited it.
    Edited,
}

impl Journal {
    pub(super) fn of(work_tree: &WorkTree) -> Journal {
        Journal(match &work_tree.git_dir {
            Some(git_dir) => git_dir.join("xtask-promote"),
            None => work_tree.top.join(FOLDER),
        })
    }

    /// An empty one.
    pub(super) fn start(work_tree: &WorkTree) -> Result<Journal> {
        let journal = Journal::of(work_tree);
        let place = || format!("can't write to `{}`", journal.0.display());
        match fs::remove_dir_all(&journal.0) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(place);
            }
            _ => fs::create_dir(&journal.0).with_context(place)?,
        }
        Ok(journal)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    fn file(&self, index: usize, suffix: &str) -> PathBuf {
        self.0.join(format!("{index}.{suffix}"))
    }

    /// Keeps the file at `place`, if there is one, and writes `after` as what takes its place: with
    /// its owner as far as this user may set it, and with its mode.
    pub(super) fn keep(
        &self,
        index: usize,
        place: &Path,
        has_before: bool,
        after: Option<&[u8]>,
    ) -> io::Result<()> {
        let [new, old] = ["new", "old"].map(|suffix| self.file(index, suffix));
        match has_before {
            // The way back must not need room on the disk.
            true => fs::hard_link(place, &old).or_else(|_| copied(place, &old))?,
            false => fs::write(self.file(index, "absent"), missing_folders(place).to_string())?,
        }
        let Some(after) = after else { return Ok(()) };
        fs::write(self.file(index, "after"), after)?;
        fs::write(&new, after)?;
        if has_before { dress(&new, place) } else { Ok(()) }
    }

    /// What is kept of the file before; `None` if there was none.
    pub(super) fn before(&self, index: usize) -> io::Result<Option<Vec<u8>>> {
        if self.file(index, "absent").exists() {
            return Ok(None);
        }
        fs::read(self.file(index, "old")).map(Some)
    }

    /// What was to take the place of the file; `None` if it was to be removed.
    fn after(&self, index: usize) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.file(index, "after")) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            after => after.map(Some),
        }
    }

    /// Puts the new file in its place, or takes the old one away.
    pub(super) fn put(&self, index: usize, place: &Path) -> io::Result<()> {
        let new = self.file(index, "new");
        match (self.file(index, "absent").exists(), self.file(index, "after").exists()) {
            (true, _) => created(&new, place),
            (false, true) => moved(&new, place),
            (false, false) => removed(place),
        }
    }

    /// Puts the file back as it was, unless somebody edited it meanwhile.
    pub(super) fn put_back(
        &self,
        index: usize,
        work_tree: &WorkTree,
        path: &RepoPath,
    ) -> Result<PutBack> {
        let failed = || {
            let old = self.file(index, "old");
            format!("can't put back `{path}` (its old content is in `{}`)", old.display())
        };
        let place = work_tree.top.join(path.as_str());
        let Ok(now) = work_tree.read_file(path) else { return Ok(PutBack::Edited) };
        let before = self.before(index).with_context(failed)?;
        if now == before {
            self.remove_folders(index, &place);
            return Ok(PutBack::Untouched);
        }
        if now != self.after(index).with_context(failed)? {
            return Ok(PutBack::Edited);
        }
        match before {
            Some(_) => {
                // It went with the last file in it.
                let folder = place.parent().unwrap_or(&work_tree.top);
                fs::create_dir_all(folder).with_context(failed)?;
                moved(&self.file(index, "old"), &place).with_context(failed)?;
            }
            None => {
                fs::remove_file(&place).with_context(failed)?;
                self.remove_folders(index, &place);
            }
        }
        Ok(PutBack::Done)
    }

    /// Removes the folders that were made for a file that is not there, unless something is in them.
    fn remove_folders(&self, index: usize, place: &Path) {
        let made = fs::read_to_string(self.file(index, "absent")).unwrap_or_default();
        let mut made = place.ancestors().skip(1).take(made.parse().unwrap_or_default());
        // One may not have been made yet, with others above it that were.
        made.all(|folder| fs::remove_dir(folder).is_ok() || !folder.exists());
    }

    fn list_file(&self) -> PathBuf {
        self.0.join("list")
    }

    /// Lists the files that are about to be replaced: from now on the next run would repair them.
    pub(super) fn list<'a>(&self, paths: impl Iterator<Item = &'a RepoPath>) -> io::Result<()> {
        let list: String = paths.map(|path| format!("{path}\n")).collect();
        let written = self.0.join("list.new");
        fs::write(&written, list)?;
        fs::rename(written, self.list_file())
    }

    /// Removes everything, the list first.
    pub(super) fn close(&self) {
        let _ = fs::remove_file(self.list_file());
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl WorkTree {
    /// Finishes or undoes what a killed promotion left, unless it still runs; returns what to tell.
    pub fn repair_if_needed(&self) -> Result<Option<String>> {
        let journal = Journal::of(self);
        if !journal.list_file().exists() {
            // Killed before it replaced anything: who holds the lock clears that away.
            if journal.0.exists() || self.lock_file().is_some_and(|file| file.exists()) {
                let _ = self.try_lock();
            }
            return Ok(None);
        }
        let lock = match self.try_lock()? {
            None if self.is_orphaned() => Some(self.lock()?),
            lock => lock,
        };
        Ok(lock.and_then(|mut lock| lock.repaired.take()))
    }

    /// The same for who holds the lock.
    ///
    /// What its commit has stays; the other files are put back, unless they were edited since.
    pub(super) fn repair(&self) -> Result<Option<String>> {
        let journal = Journal::of(self);
        let list = journal.list_file();
        if !list.exists() {
            journal.close();
            return Ok(None);
        }
        let list = fs::read_to_string(&list)
            .with_context(|| format!("can't read `{}`", list.display()))?;
        let (mut back, mut committed, mut edited) = (Vec::new(), Vec::new(), Vec::new());
        for (index, path) in list.lines().filter_map(RepoPath::parse).enumerate() {
            let place = self.top.join(path.as_str());
            let _ = fs::remove_file(place.with_file_name(BESIDE));
            if self.is_committed(&journal, index, &path)? {
                committed.push(path);
                continue;
            }
            match journal.put_back(index, self, &path)? {
                PutBack::Done => back.push(path),
                PutBack::Untouched => {}
                PutBack::Edited => edited.push(path),
            }
        }
        journal.close();
        let parts = [
            (&back, "put back"),
            (&committed, "finished, because the commit is there"),
            (&edited, "left alone, because of other edits since"),
        ];
        let parts = parts.iter().filter(|(paths, _)| !paths.is_empty());
        let parts: Vec<_> =
            parts.map(|(paths, what)| format!("{what}: {}", named(paths))).collect();
        let what =
            if parts.is_empty() { "nothing was changed".to_owned() } else { parts.join("; ") };
        Ok(Some(format!("an earlier promotion was interrupted; {what}")))
    }

    /// Whether the last commit has what was written. If so, the index gets it too, unless something
    /// else was staged.
    fn is_committed(&self, journal: &Journal, index: usize, path: &RepoPath) -> Result<bool> {
        if self.git_dir.is_none() {
            return Ok(false);
        }
        let git = Git::at(&self.top);
        let holds = |revision: &str, suffix: &str| -> Result<bool> {
            let Some(there) = git.checked_out(revision, path)? else { return Ok(false) };
            let kept = journal.file(index, suffix);
            Ok(kept.exists() && git.is_same_content(path, &there, &fs::read(kept)?)?)
        };
        if !holds("HEAD", "after")? {
            return Ok(false);
        }
        if holds("", "old")? {
            git.unstage(std::slice::from_ref(path))?;
        }
        Ok(true)
    }
}

fn named(paths: &[RepoPath]) -> String {
    paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ")
}

/// How many folders have to be made for a file.
fn missing_folders(place: &Path) -> usize {
    place.ancestors().skip(1).take_while(|folder| !folder.exists()).count()
}

/// Moves a file to where none is. A link never replaces what somebody else wrote meanwhile.
fn created(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let linked = match fs::hard_link(from, to) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            let beside = to.with_file_name(BESIDE);
            let _ = fs::remove_file(&beside);
            let linked = fs::copy(from, &beside).and_then(|_| fs::hard_link(&beside, to));
            let _ = fs::remove_file(&beside);
            linked
        }
        linked => linked,
    };
    let _ = fs::remove_file(from);
    linked
}

/// Removes a file, and the folders that are empty then, as git does.
fn removed(file: &Path) -> io::Result<()> {
    fs::remove_file(file)?;
    let mut folders = file.ancestors().skip(1);
    while folders.next().is_some_and(|folder| fs::remove_dir(folder).is_ok()) {}
    Ok(())
}

/// Moves a file over another one, which may be on another file system.
fn moved(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {}
        result => return result,
    }
    let beside = to.with_file_name(BESIDE);
    let _ = fs::remove_file(&beside);
    let result = copy(from, &beside).and_then(|()| fs::rename(&beside, to));
    let _ = fs::remove_file(if result.is_ok() { from } else { &beside });
    result
}

/// Copies a file to where none shall be. A link that failed may be there all the same, as over NFS: a
/// copy would go through it, and empty the file.
fn copied(from: &Path, to: &Path) -> io::Result<()> {
    match fs::remove_file(to) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => copy(from, to),
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    dress(to, from)
}

/// Gives a file the owner and the mode of another one. An owner that this user can't set stays.
fn dress(file: &Path, like: &Path) -> io::Result<()> {
    let meta = fs::metadata(like)?;
    let _ = chown(file, Some(meta.uid()), Some(meta.gid()))
        .or_else(|_| chown(file, None, Some(meta.gid())));
    // After the owner: a change of it takes bits away.
    fs::set_permissions(file, meta.permissions())
}
