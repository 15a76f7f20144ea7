//! Finds out who wrote the lines of pins, and remembers it in the cache: a blame takes long where
//! the history is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use promotion::model::commit::Author;
use promotion::model::path::RepoPath;
use promotion::model::version::CommitId;

use crate::cache;
use crate::git::{Blame, Git};
use crate::pool;
use crate::worktree::WorkTree;

/// The lines of each file that are asked for, from 1.
pub type Lines = BTreeMap<RepoPath, BTreeSet<usize>>;

/// Who wrote the lines of each file.
pub type Blames = BTreeMap<RepoPath, BTreeMap<usize, Blame>>;

/// What the cache file begins with: its format and the version of that.
const FORMAT: &str = "xtask blame 2";

/// How many fields an entry of the cache file has.
const FIELDS: usize = 7;

/// A cache file that is longer (in bytes) is not read.
const LONGEST: usize = 1 << 24;

/// Who wrote these lines, and notes on what nobody can tell.
pub fn promoters(work_tree: &WorkTree, lines: &Lines) -> (Blames, Vec<String>) {
    let git = Git::at(&work_tree.top);
    let Ok(cuts) = git.cuts() else {
        let note = "this is no git checkout: who promoted is unknown";
        return (Blames::new(), vec![note.to_owned()]);
    };
    let file = memory_file(work_tree);
    let mut memory = Memory::default();
    let blobs = git.blobs(lines.keys()).unwrap_or_default();
    if let (Some(file), Ok(head)) = (&file, git.commit("HEAD")) {
        memory = Memory::load(file).unwrap_or_default().at(&git, head);
    }
    let mut blames = Blames::new();
    let mut unknown: Vec<(&RepoPath, Vec<usize>)> = Vec::new();
    for (path, asked) in lines {
        let known = memory.known(path, blobs.get(path), asked);
        let missing = asked.iter().filter(|line| !known.contains_key(line));
        let missing: Vec<usize> = missing.copied().collect();
        blames.insert(path.clone(), known);
        unknown.extend((!missing.is_empty()).then_some((path, missing)));
    }
    let asked = pool::each(&unknown, pool::cores(), |(path, lines)| git.blame(path, lines));
    let mut notes = Vec::new();
    for ((path, _), answer) in unknown.iter().zip(asked) {
        match answer {
            Ok(mut found) => {
                let all = found.len();
                found.retain(|_, blame| blame.commit.as_ref().is_none_or(|id| !cuts.contains(id)));
                if found.len() < all {
                    notes.push("this is a shallow clone: who promoted before it is unknown".into());
                }
                memory.learn(path, blobs.get(*path), &found);
                blames.entry((*path).clone()).or_default().extend(found);
            }
            Err(error) => notes.push(format!("`{path}`: who promoted is unknown: {error:#}")),
        }
    }
    if let Some(file) = file.filter(|_| !unknown.is_empty()) {
        // If it can't be written, the next run only takes longer.
        let _ = cache::save(&file, memory.text().as_bytes());
    }
    (blames, notes)
}

/// Where the blames of a checkout are remembered.
fn memory_file(work_tree: &WorkTree) -> Option<PathBuf> {
    let top = work_tree.top.canonicalize().ok()?;
    Some(cache::folder().ok()?.join("blame").join(cache::name_of(top.to_str()?)))
}

/// A line of one content of a file.
type Place = (RepoPath, String, usize);

/// Blames that are known already. They are true of one commit: what a line says does not tell who
/// wrote it, since a rollback writes it again.
#[derive(Debug, Default, PartialEq, Eq)]
struct Memory {
    head: Option<CommitId>,
    blames: BTreeMap<Place, Blame>,
}

impl Memory {
    fn load(file: &Path) -> Option<Memory> {
        Memory::parse(&String::from_utf8(cache::load(file, LONGEST)?).ok()?)
    }

    /// What is still true when `head` is checked out: of files that no commit between has changed.
    fn at(mut self, git: &Git, head: CommitId) -> Memory {
        let paths: BTreeSet<&RepoPath> = self.blames.keys().map(|(path, ..)| path).collect();
        let changed = match &self.head {
            Some(known) if *known == head => Ok(BTreeSet::new()),
            Some(known) => git.changed_between(known, &head, &paths),
            None => return Memory { head: Some(head), ..Memory::default() },
        };
        match changed {
            Ok(changed) => self.blames.retain(|(path, ..), _| !changed.contains(path.as_str())),
            Err(_) => self.blames.clear(),
        }
        Memory { head: Some(head), ..self }
    }

    fn known(
        &self,
        path: &RepoPath,
        blob: Option<&String>,
        lines: &BTreeSet<usize>,
    ) -> BTreeMap<usize, Blame> {
        let Some(blob) = blob else { return BTreeMap::new() };
        let blame = |line: &usize| {
            let blame = self.blames.get(&(path.clone(), blob.clone(), *line))?;
            Some((*line, blame.clone()))
        };
        lines.iter().filter_map(blame).collect()
    }

    /// Takes in what is committed, and forgets other contents of the file.
    fn learn(&mut self, path: &RepoPath, blob: Option<&String>, found: &BTreeMap<usize, Blame>) {
        let Some(blob) = blob else { return };
        self.blames.retain(|(other, content, _), _| other != path || content == blob);
        for (line, blame) in found.iter().filter(|(_, blame)| blame.commit.is_some()) {
            self.blames.insert((path.clone(), blob.clone(), *line), blame.clone());
        }
    }

    fn text(&self) -> String {
        let mut text = FORMAT.to_owned();
        text.extend(self.head.iter().map(|head| format!(" {head}\0")));
        for ((path, blob, line), Blame { commit, author, time }) in &self.blames {
            let Some(commit) = commit else { continue };
            let Author { name, email } = author;
            text.push_str(&format!("{path}\0{blob}\0{line}\0{commit}\0{time}\0{email}\0{name}\0"));
        }
        text
    }

    /// `None` if anything is not as [`Memory::text`] writes it.
    fn parse(text: &str) -> Option<Memory> {
        let text = text.strip_prefix(FORMAT)?.strip_prefix(' ')?.strip_suffix('\0')?;
        let mut fields = text.split('\0');
        let head = Some(CommitId::parse(fields.next()?)?);
        let fields: Vec<&str> = fields.collect();
        let blames = fields.chunks(FIELDS).map(entry).collect::<Option<_>>()?;
        Some(Memory { head, blames })
    }
}

fn entry(fields: &[&str]) -> Option<(Place, Blame)> {
    let [path, blob, line, commit, time, email, name] = *fields else { return None };
    let place = (RepoPath::parse(path)?, blob.to_owned(), line.parse().ok()?);
    let author = Author { name: name.to_owned(), email: email.to_owned() };
    let blame = Blame { commit: Some(CommitId::parse(commit)?), author, time: time.parse().ok()? };
    Some((place, blame))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories() {
        let id = CommitId::parse(&"1".repeat(40)).unwrap();
        let path = RepoPath::parse("a/b.yml").unwrap();
        let author = Author { name: "Ann\u{1b}\n".to_owned(), email: String::new() };
        let blame = Blame { commit: Some(id.clone()), author, time: -5 };
        let uncommitted = Blame { commit: None, ..blame.clone() };
        let mut memory = Memory { head: Some(id.clone()), ..Memory::default() };
        let [old, new] = ["blob-1", "blob-2"].map(str::to_owned);
        memory.learn(&path, Some(&old), &BTreeMap::from([(7, blame.clone())]));
        let found = BTreeMap::from([(3, blame.clone()), (4, uncommitted)]);
        memory.learn(&path, Some(&new), &found);
        let lines = BTreeSet::from([3, 4, 7]);
        assert_eq!(memory.known(&path, Some(&new), &lines), BTreeMap::from([(3, blame)]));
        assert_eq!(memory.known(&path, Some(&old), &lines), BTreeMap::new());
        assert_eq!(memory.known(&path, None, &lines), BTreeMap::new());
        let text = memory.text();
        assert_eq!(Memory::parse(&text), Some(memory));
        let empty = Memory { head: Some(id.clone()), ..Memory::default() };
        assert_eq!(Memory::parse(&empty.text()), Some(empty));
        for damaged in [
            "",
            &text[..text.len() - 1],
            &text[1..],
            &text.replace("blame 2", "blame 1"),
            &text.replace("a/b.yml", "../b.yml"),
            &text.replace("\x003\0", "\0three\0"),
            &text.replace(id.as_str(), "HEAD"),
            &format!("{text}more\0"),
        ] {
            assert_eq!(Memory::parse(damaged), None, "{damaged:?}");
        }
    }
}
