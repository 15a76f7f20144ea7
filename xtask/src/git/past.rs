//! What became of one file, commit by commit. Knows neither pins nor versions.

use std::borrow::Cow;

use anyhow::{Context, Result, anyhow};
use promotion::model::commit::Revision;
use promotion::model::path::RepoPath;
use promotion::model::version::CommitId;

use super::{Git, next_blob};

/// How often a file may have changed its name.
const MOST_NAMES: usize = 20;

const FORMAT: &str = "--format=%H%x00%an%x00%ae%x00%ct%x00%cs%x00%s";

impl Git {
    /// The commits that changed a file, newest first, under earlier names too. Merges are among
    /// them only if they differ from all that they merge. [`Git::at`] must be the top.
    pub fn past(&self, path: &RepoPath) -> Result<Vec<Revision>> {
        let mut revisions = Vec::new();
        let mut from = "HEAD".to_owned();
        let mut path = path.as_str().to_owned();
        for _ in 0..MOST_NAMES {
            let flags = ["log", "-c", "--raw", "--no-abbrev", "--no-renames", "-z", FORMAT];
            let args = [from.as_str(), "--", path.as_str()];
            let flags = flags.into_iter().chain(["--end-of-options"]);
            revisions.extend(parsed(&self.bytes(flags.chain(args))?)?);
            let Some(first) = revisions.last_mut() else { break };
            if first.before.iter().any(Option::is_some) {
                break;
            }
            let Some((old_path, old)) = self.renamed(&first.commit, &path)? else { break };
            first.before = vec![Some(old)];
            from = format!("{}^", first.commit);
            path = old_path;
        }
        Ok(revisions)
    }

    /// The contents with these ids, in that order.
    pub fn contents(&self, ids: &[&str]) -> Result<Vec<Vec<u8>>> {
        let asked: String = ids.iter().map(|id| format!("{id}\n")).collect();
        let out = self.run(["cat-file", "--batch"], asked.as_bytes())?;
        let mut rest = out.as_slice();
        ids.iter().map(|_| Ok(next_blob(&mut rest)?.unwrap_or_default())).collect()
    }

    /// The name that a file had before a commit, and the id of its content then.
    fn renamed(&self, commit: &CommitId, path: &str) -> Result<Option<(String, String)>> {
        let flags = ["show", "--raw", "--no-abbrev", "-z", "-M", "--diff-filter=R", "--format="];
        let out = self.bytes(flags.into_iter().chain(["--end-of-options", commit.as_str()]))?;
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

/// Reads what `git log` says: six fields for each commit, then pairs of an entry and a path.
fn parsed(out: &[u8]) -> Result<Vec<Revision>> {
    let mut words = out.split(|&byte| byte == 0).map(String::from_utf8_lossy).peekable();
    let mut revisions = Vec::new();
    while let Some(id) = words.next() {
        if id.is_empty() && words.peek().is_none() {
            break;
        }
        let mut field = || words.next().map(|word| word.into_owned()).unwrap_or_default();
        let unreadable = || anyhow!("`git log` answered in an unknown way");
        let mut revision = Revision {
            commit: CommitId::parse(id.trim()).ok_or_else(unreadable)?,
            author: field(),
            email: field(),
            time: field().parse().context("`git log` gave no time")?,
            date: field(),
            subject: field(),
            after: None,
            before: Vec::new(),
        };
        // Before the entries of a merge stands an empty word more.
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
        // A merge that takes over what one side has says nothing by itself.
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
        let found = parsed(log.as_bytes()).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.time, one.subject.as_str(), one.before.clone(), one.after.clone()))
            .collect();
        let some = |id: &String| Some(id.clone());
        assert_eq!(
            found,
            [
                (3, ":s", vec![some(&one), some(&two)], some(&three)),
                (1, "t", vec![None], some(&one)),
            ]
        );
        assert!(parsed(b"no commit\0").is_err());
        assert_eq!(parsed(b"").unwrap(), []);
    }
}
