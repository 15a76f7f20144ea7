//! Who wrote a line of a checkout last, and when.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use promotion::model::commit::Author;
use promotion::model::path::RepoPath;
use promotion::model::version::CommitId;

use super::Git;

/// The commit that wrote a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blame {
    /// `None` if the line is not committed yet.
    pub commit: Option<CommitId>,
    /// Its author: other people's text.
    pub author: Author,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
}

impl Git {
    /// Who wrote these lines (from 1) of a file in the work tree, by line.
    pub fn blame(&self, path: &RepoPath, lines: &[usize]) -> Result<BTreeMap<usize, Blame>> {
        self.blame_at(None, path, lines)
    }

    /// The same for the file in a commit.
    pub fn blame_at(
        &self,
        commit: Option<&CommitId>,
        path: &RepoPath,
        lines: &[usize],
    ) -> Result<BTreeMap<usize, Blame>> {
        // The user's own list of commits to pass over would name another promoter, or be missing;
        // `-c` adds to that list and can't empty it. A filter for diffs may change the lines.
        // Who only indents a line, or ends it in another way, wrote nothing in it: `-w`.
        let plain = ["--no-ignore-revs-file", "--no-textconv", "--encoding=UTF-8", "-w"];
        let mut args = ["blame", "--line-porcelain"].to_vec();
        args.extend(plain);
        let ranges: Vec<String> = lines.iter().map(|line| format!("-L{line},{line}")).collect();
        args.extend(ranges.iter().map(String::as_str));
        args.extend(commit.map(CommitId::as_str));
        args.extend(["--", path.as_str()]);
        Ok(blames(&String::from_utf8_lossy(&self.bytes(args)?)))
    }

    /// The ids that the contents of these files have in the work tree.
    pub fn blobs<'a>(
        &self,
        paths: impl Iterator<Item = &'a RepoPath>,
    ) -> Result<BTreeMap<RepoPath, String>> {
        let paths: Vec<&RepoPath> = paths.collect();
        let asked: String = paths.iter().map(|path| format!("{path}\n")).collect();
        let ids = self.run(["hash-object", "--stdin-paths"], asked.as_bytes())?;
        let ids = String::from_utf8_lossy(&ids);
        let pairs = paths.into_iter().cloned().zip(ids.lines().map(str::to_owned));
        Ok(pairs.collect())
    }

    /// The files among `paths` that a commit changed which one of these has and the other lacks.
    pub fn changed_between(
        &self,
        one: &CommitId,
        other: &CommitId,
        paths: &BTreeSet<&RepoPath>,
    ) -> Result<BTreeSet<String>> {
        let range = format!("{one}...{other}");
        let log = ["log", "-m", "--full-history", "--no-renames", "--name-only", "-z", "--format="];
        let args = log.into_iter().chain([range.as_str(), "--"]);
        let out = self.bytes(args.chain(paths.iter().map(|path| path.as_str())))?;
        let names = String::from_utf8_lossy(&out);
        Ok(names.split('\0').map(|name| name.trim_start().to_owned()).collect())
    }
}

/// Reads `--line-porcelain`: a header, lines of key and value, and the line itself after a tab.
pub fn blames(text: &str) -> BTreeMap<usize, Blame> {
    let mut found = BTreeMap::new();
    let mut lines = text.split('\n');
    while let Some(header) = lines.next() {
        let mut words = header.split(' ');
        let commit = words.next().and_then(CommitId::parse);
        let line = words.nth(1).and_then(|line| line.parse().ok());
        let fields = lines.by_ref().take_while(|line| !line.starts_with('\t'));
        if let (Some(commit), Some(line)) = (commit, line) {
            found.insert(line, blame(commit, fields));
        }
    }
    found
}

fn blame<'a>(commit: CommitId, fields: impl Iterator<Item = &'a str>) -> Blame {
    let is_committed = commit.as_str().bytes().any(|digit| digit != b'0');
    let author = Author { name: String::new(), email: String::new() };
    let commit = Some(commit).filter(|_| is_committed);
    let mut blame = Blame { commit, author, time: 0 };
    for field in fields {
        match field.split_once(' ').unwrap_or((field, "")) {
            ("author", name) => name.clone_into(&mut blame.author.name),
            ("author-mail", email) => {
                email.trim_matches(['<', '>']).clone_into(&mut blame.author.email);
            }
            ("committer-time", time) => blame.time = time.parse().unwrap_or_default(),
            _ => {}
        }
    }
    blame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn porcelain() {
        let (one, none) = ("6ba2ceb0c6f0a1d1e6ba2ceb0c6f0a1d1e6ba2ce", "0".repeat(40));
        let text = format!(
            "{one} 3 4 1\nauthor Ann A.\nauthor-mail <ann@example.com>\nauthor-time 5\n\
             committer Bot\ncommitter-time 7\nsummary author Eve\nboundary\nfilename x\n\tref: 1\n\
             {none} 5 6 1\nauthor Not Committed Yet\nauthor-mail <not.committed.yet>\n\
             committer-time 9\nsummary x\nfilename x\n\t{one} 3 8 1\n"
        );
        let blame = |commit, name: &str, email: &str, time| {
            let author = Author { name: name.to_owned(), email: email.to_owned() };
            Blame { commit, author, time }
        };
        let expected = [
            (4, blame(CommitId::parse(one), "Ann A.", "ann@example.com", 7)),
            (6, blame(None, "Not Committed Yet", "not.committed.yet", 9)),
        ];
        assert_eq!(blames(&text), BTreeMap::from(expected));
    }
}
