//! Reads what became of one file, commit by commit. Knows neither pins nor versions.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, anyhow};
use promotion::model::commit::{Revision, time_of};
use promotion::model::path::RepoPath;
use promotion::model::version::CommitId;

use super::{Git, next_blob};

/// How often a file may have changed its name.
const MOST_NAMES: usize = 20;

/// How many contents are read together at first, and at most. The first ones are often enough, and
/// in a partial clone each of them comes over the network.
const FEW: usize = 10;
const MANY: usize = 320;

const FORMAT: &str = "--format=%H%x00%an%x00%ae%x00%ct%x00%cs%x00%s";

/// Which commits are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// All of them, and merges only if they differ from all that they merge: so each change has the
    /// author who wrote it.
    Authors,
    /// At most so many of the branch itself, a merge as one change: what the branch said one after
    /// the other.
    Branch(usize),
}

/// The history of the files of a checkout, up to one commit.
#[derive(Debug)]
pub struct Past<'a> {
    git: &'a Git,
    /// `None` before the first commit.
    head: Option<CommitId>,
    /// The commits where a shallow clone ends.
    cuts: BTreeSet<CommitId>,
}

impl Git {
    /// The history up to `revision`; an empty one where that has no commit yet. [`Git::at`] must be
    /// the top of the work tree.
    pub fn past(&self, revision: &str) -> Result<Past<'_>> {
        Ok(Past { git: self, head: self.commit(revision).ok(), cuts: self.cuts()? })
    }

    /// The commits where a shallow clone ends; none in a complete one. Git shows them as if they
    /// had added every file.
    pub fn cuts(&self) -> Result<BTreeSet<CommitId>> {
        let file = self.read(["rev-parse", "--path-format=absolute", "--git-path", "shallow"])?;
        let text = fs::read_to_string(file).unwrap_or_default();
        Ok(text.lines().filter_map(CommitId::parse).collect())
    }

    /// The contents with these ids, in that order.
    fn contents(&self, ids: &[&str]) -> Result<Vec<Vec<u8>>> {
        let asked: String = ids.iter().map(|id| format!("{id}\n")).collect();
        let out = self.run(["cat-file", "--batch"], asked.as_bytes())?;
        let mut rest = out.as_slice();
        ids.iter().map(|_| Ok(next_blob(&mut rest)?.unwrap_or_default())).collect()
    }

    /// The name that a file had before the commit that renamed it, and the id of its content then.
    fn renamed(&self, commit: &CommitId, path: &str) -> Result<Option<(String, String)>> {
        let flags = ["show", "-m", "--first-parent", "--raw", "--no-abbrev", "-z", "-M"];
        let rest = ["--diff-filter=R", "--format=", "--end-of-options", commit.as_str()];
        let out = self.bytes(flags.into_iter().chain(rest))?;
        let mut words = out.split(|&byte| byte == 0).map(String::from_utf8_lossy);
        while let (Some(entry), Some(old), Some(new)) = (words.next(), words.next(), words.next()) {
            let id = entry.split(' ').nth(2).filter(|_| new == path);
            if let Some(id) = id {
                return Ok(Some((old.into_owned(), id.to_owned())));
            }
        }
        Ok(None)
    }
}

impl Past<'_> {
    /// The commits that changed a file, the newest first, under earlier names too.
    pub fn of(&self, path: &RepoPath, walk: Walk) -> Result<Vec<Revision>> {
        let (flags, most) = match walk {
            Walk::Authors => (["log", "-c"].as_slice(), usize::MAX),
            Walk::Branch(most) => (["log", "-m", "--first-parent"].as_slice(), most),
        };
        let mut revisions = Vec::new();
        let Some(head) = &self.head else { return Ok(revisions) };
        let mut from = head.to_string();
        let mut path = path.as_str().to_owned();
        for _ in 0..MOST_NAMES {
            let count = format!("--max-count={}", (most - revisions.len()).min(i32::MAX as usize));
            let format = ["--raw", "--no-abbrev", "--no-renames", "-z", FORMAT, &count];
            let place = ["--end-of-options", from.as_str(), "--", path.as_str()];
            let args = flags.iter().chain(&format).chain(&place);
            revisions.extend(parsed(&self.git.bytes(args)?, &self.cuts)?);
            let is_full = revisions.len() >= most;
            let Some(first) = revisions.last_mut() else { break };
            if is_full || first.is_cut || first.before.iter().any(Option::is_some) {
                break;
            }
            let Some((old_path, old)) = self.git.renamed(&first.commit, &path)? else { break };
            first.before = vec![Some(old)];
            from = format!("{}^", first.commit);
            path = old_path;
        }
        Ok(revisions)
    }

    /// Reads the contents with these ids in their order, until `see` has seen enough.
    pub fn read<'i>(
        &self,
        ids: &[&'i str],
        mut see: impl FnMut(&'i str, &str) -> bool,
    ) -> Result<()> {
        let (mut rest, mut count) = (ids, FEW);
        while !rest.is_empty() {
            let (some, others) = rest.split_at(count.min(rest.len()));
            for (id, bytes) in some.iter().zip(self.git.contents(some)?) {
                if see(id, &String::from_utf8_lossy(&bytes)) {
                    return Ok(());
                }
            }
            (rest, count) = (others, MANY.min(count * 2));
        }
        Ok(())
    }
}

/// Reads what `git log` says: six fields for each commit, then pairs of an entry and a path.
pub fn parsed(out: &[u8], cuts: &BTreeSet<CommitId>) -> Result<Vec<Revision>> {
    let mut words = out.split(|&byte| byte == 0).map(String::from_utf8_lossy).peekable();
    let mut revisions = Vec::new();
    while let Some(id) = words.next() {
        if id.is_empty() && words.peek().is_none() {
            break;
        }
        let mut field = || words.next().map(|word| word.into_owned()).unwrap_or_default();
        let unreadable = || anyhow!("`git log` answered in an unknown way");
        let commit = CommitId::parse(id.trim()).ok_or_else(unreadable)?;
        let mut revision = Revision {
            is_cut: cuts.contains(&commit),
            commit,
            author: field(),
            email: field(),
            time: time_of(&field()).context("`git log` gave no time")?,
            date: field(),
            subject: field(),
            after: None,
            before: Vec::new(),
        };
        // A merge has one more empty word before its entries.
        let is_entry = |word: &Cow<str>| word.is_empty() || word.trim_start().starts_with(':');
        while let Some(entry) = words.next_if(is_entry) {
            if entry.is_empty() {
                continue;
            }
            words.next();
            let entry = entry.trim_start();
            let parents = entry.bytes().take_while(|&byte| byte == b':').count();
            let ids: Vec<Option<String>> =
                entry.split(' ').skip(parents + 1).map(content).collect();
            let (before, after) = ids.split_at_checked(parents).ok_or_else(unreadable)?;
            revision.before = before.to_vec();
            revision.after = after.first().cloned().flatten();
        }
        // A merge without entries is like one of its sides: that side's commits tell the change.
        if !revision.before.is_empty() {
            revisions.push(revision);
        }
    }
    Ok(revisions)
}

fn content(id: &str) -> Option<String> {
    (!id.bytes().all(|byte| byte == b'0')).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_read() {
        let (one, two, three) = ("1".repeat(40), "2".repeat(40), "3".repeat(40));
        let none = "0".repeat(40);
        let log = format!(
            "{three}\0A\0a@x\03\02024-01-03\0:s\0\0::100644 100644 100644 {one} {two} {three} MM\0f\0\
             {two}\0\0\02\02024-01-02\0\0{one}\0B\0b@x\01\02024-01-01\0t\0\n:000000 100644 {none} {one} A\0f\0"
        );
        let cuts = BTreeSet::from_iter(CommitId::parse(&two));
        let found = parsed(log.as_bytes(), &cuts).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.is_cut, one.subject.as_str(), one.before.clone(), one.after.clone()))
            .collect();
        let some = |id: &String| Some(id.clone());
        assert_eq!(
            found,
            [
                (false, ":s", vec![some(&one), some(&two)], some(&three)),
                (false, "t", vec![None], some(&one)),
            ]
        );
        assert!(parsed(b"no commit\0", &cuts).is_err());
        assert_eq!(parsed(b"", &cuts).unwrap(), []);
    }
}
