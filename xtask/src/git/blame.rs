//! Who wrote a line of a checkout last, and when.

use std::collections::BTreeMap;

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
    /// Whether history begins there: in a shallow clone, the line may be older.
    pub is_boundary: bool,
}

impl Git {
    /// Who wrote these lines (from 1) of a file in the work tree, by line.
    pub fn blame(&self, path: &RepoPath, lines: &[usize]) -> Result<BTreeMap<usize, Blame>> {
        // The user's own list of commits to pass over would name another promoter, or be missing;
        // `-c` adds to that list and can't empty it. A filter for diffs may change the lines.
        let plain = ["--no-ignore-revs-file", "--no-textconv", "--encoding=UTF-8"];
        let mut args = ["blame", "--line-porcelain"].to_vec();
        args.extend(plain);
        let ranges: Vec<String> = lines.iter().map(|line| format!("-L{line},{line}")).collect();
        args.extend(ranges.iter().map(String::as_str));
        args.extend(["--", path.as_str()]);
        Ok(blames(&String::from_utf8_lossy(&self.bytes(args)?)))
    }

    /// Whether the history ends somewhere because the clone was made so.
    pub fn is_shallow(&self) -> Result<bool> {
        Ok(self.read(["rev-parse", "--is-shallow-repository"])? == "true")
    }
}

/// Reads `--line-porcelain`: a header, lines of key and value, and the line itself after a tab.
fn blames(text: &str) -> BTreeMap<usize, Blame> {
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
    let mut blame = Blame { commit, author, time: 0, is_boundary: false };
    for field in fields {
        match field.split_once(' ').unwrap_or((field, "")) {
            ("author", name) => name.clone_into(&mut blame.author.name),
            ("author-mail", email) => {
                email.trim_matches(['<', '>']).clone_into(&mut blame.author.email);
            }
            ("committer-time", time) => blame.time = time.parse().unwrap_or_default(),
            ("boundary", _) => blame.is_boundary = true,
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
        let blame = |commit, name: &str, email: &str, time, is_boundary| {
            let author = Author { name: name.to_owned(), email: email.to_owned() };
            Blame { commit, author, time, is_boundary }
        };
        let expected = [
            (4, blame(CommitId::parse(one), "Ann A.", "ann@example.com", 7, true)),
            (6, blame(None, "Not Committed Yet", "not.committed.yet", 9, false)),
        ];
        assert_eq!(blames(&text), BTreeMap::from(expected));
    }
}
