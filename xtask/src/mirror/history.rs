//! Reads from the mirror what lies between two versions. Local only: nothing is fetched.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use promotion::history::changes::{Changes, Direction, Span, Start};
use promotion::model::commit::Author;
use promotion::model::commit::Commit;
use promotion::model::version::{CommitId, commit_part, is_full_commit};

use super::Mirror;
use super::resolve::commit_of;
use crate::git::{commit_ids, unreadable};

/// Side, id, parents, time, author, address and subject of a commit.
const FORMAT: &str = "--format=%m%x00%H%x00%P%x00%ct%x00%an%x00%ae%x00%s";
const FIELDS: usize = 7;

impl Mirror {
    /// What goes along when each of these versions, with the environments that run it, becomes
    /// `to`. Versions that are the same commit share a span. The longest queue comes first.
    pub fn changes(&self, olds: Vec<(String, Vec<String>)>, to: &CommitId) -> Result<Changes> {
        let starts = self.starts(&olds.iter().map(|(old, _)| old.as_str()).collect::<Vec<_>>())?;
        let mut spans: Vec<Span> = Vec::new();
        for ((old, environments), start) in olds.into_iter().zip(starts) {
            match spans.iter_mut().find(|span| is_same(&span.start, &start)) {
                Some(span) => {
                    let new = |name: &String| !span.environments.contains(name);
                    let new: Vec<_> = environments.into_iter().filter(new).collect();
                    span.environments.extend(new);
                }
                None => spans.push(self.span(old, start, environments, to)?),
            }
        }
        spans.sort_by_key(|span| std::cmp::Reverse(span.queued.len()));
        Ok(Changes(spans))
    }

    /// Whether the mirror exists and has this commit.
    pub fn knows(&self, commit: &CommitId) -> bool {
        self.exists() && self.git().read(["cat-file", "-e", commit.as_str()]).is_ok()
    }

    /// The commits after `from` and up to `to` that touch one of `paths`, the newest first.
    pub fn touching(
        &self,
        from: &CommitId,
        to: &CommitId,
        paths: &[String],
    ) -> Result<Vec<CommitId>> {
        let range = format!("{from}..{to}");
        let options = ["log", "--no-merges", "--format=%H", &range, "--"];
        commit_ids(&self.git().read(options.into_iter().chain(paths.iter().map(String::as_str)))?)
    }

    /// These commits themselves, in their order. All of them must be in the mirror.
    pub fn commits(&self, ids: &[CommitId]) -> Result<Vec<Commit>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids = ids.iter().map(CommitId::as_str);
        let log = ["log", "-z", "--no-walk=unsorted", "--encoding=UTF-8", FORMAT].into_iter();
        let commits = listed(&self.git().bytes(log.chain(ids).chain(["--"]))?)?;
        Ok(commits.into_iter().map(|(_, commit)| commit).collect())
    }

    /// When the first change after `from` came to the branch that `to` is the head of (seconds
    /// since 1970): the time of its merge, where it was merged. `None` if nothing came.
    pub fn since(&self, from: &CommitId, to: &CommitId) -> Result<Option<i64>> {
        let range = format!("{from}..{to}");
        let times = self.git().read(["log", "--first-parent", "--format=%ct", &range, "--"])?;
        let time = |line: &str| line.parse().with_context(|| unreadable(line));
        let times: Vec<i64> = times.lines().map(time).collect::<Result<_>>()?;
        Ok(times.into_iter().min())
    }

    fn span(
        &self,
        old: String,
        start: Start,
        environments: Vec<String>,
        to: &CommitId,
    ) -> Result<Span> {
        let (queued, taken_back, direction) = match &start {
            Start::Commit(from) => self.between(from, to)?,
            Start::Ambiguous(all) => (Vec::new(), Vec::new(), self.common_direction(all, to)?),
            Start::Moving | Start::Unknown => (Vec::new(), Vec::new(), Direction::Unknown),
        };
        Ok(Span { old, start, environments, queued, taken_back, direction })
    }

    /// Forward if each of the candidates is; else nobody knows.
    fn common_direction(&self, candidates: &[CommitId], to: &CommitId) -> Result<Direction> {
        for candidate in candidates {
            if self.between(candidate, to)?.2 != Direction::Forward {
                return Ok(Direction::Unknown);
            }
        }
        Ok(Direction::Forward)
    }

    fn between(
        &self,
        from: &CommitId,
        to: &CommitId,
    ) -> Result<(Vec<Commit>, Vec<Commit>, Direction)> {
        let range = format!("{from}...{to}");
        let log = ["log", "-z", "--left-right", "--encoding=UTF-8", FORMAT, &range, "--"];
        let (mut queued, mut taken_back) = (Vec::new(), Vec::new());
        for (is_left, commit) in listed(&self.git().bytes(log)?)? {
            if is_left { &mut taken_back } else { &mut queued }.push(commit);
        }
        let direction = match (taken_back.is_empty(), queued.is_empty()) {
            (true, _) => Direction::Forward,
            (false, true) => Direction::Behind,
            (false, false) => Direction::Diverged,
        };
        Ok((queued, taken_back, direction))
    }

    /// What each version is in this upstream. A prefix that means several commits is decided by a
    /// full commit among the versions, never by a guess.
    pub fn starts(&self, olds: &[&str]) -> Result<Vec<Start>> {
        let digits = |old: &str| {
            commit_part(old).or(is_full_commit(old).then_some(old)).map(str::to_lowercase)
        };
        let wanted: Vec<Option<String>> = olds.iter().map(|old| digits(old)).collect();
        let asked: String =
            wanted.iter().flatten().map(|one| format!("{one}^{{commit}}\n")).collect();
        let found = self.git().run(["cat-file", "--batch-check"], asked.as_bytes())?;
        let found = String::from_utf8_lossy(&found);
        let mut answers = found.lines();
        let full: BTreeSet<CommitId> = olds.iter().filter_map(|old| CommitId::parse(old)).collect();
        let mut start = |digits: Option<String>| -> Result<Start> {
            let Some(digits) = digits else { return Ok(Start::Moving) };
            let answer = answers.next().context("git cat-file left a question open")?;
            match commit_of(answer) {
                Some(commit) => Ok(Start::Commit(commit)),
                None => self.unresolved(&digits, &full),
            }
        };
        wanted.into_iter().map(&mut start).collect()
    }

    fn unresolved(&self, digits: &str, full: &BTreeSet<CommitId>) -> Result<Start> {
        let mut candidates = self.with_prefix(digits)?;
        if let Some(index) = candidates.iter().position(|candidate| full.contains(candidate)) {
            return Ok(Start::Commit(candidates.swap_remove(index)));
        }
        Ok(match candidates.len() {
            0 => Start::Unknown,
            1 => Start::Commit(candidates.swap_remove(0)),
            _ => Start::Ambiguous(candidates),
        })
    }
}

/// Two versions that are no commit are never the same.
fn is_same(one: &Start, other: &Start) -> bool {
    matches!((one, other), (Start::Commit(one), Start::Commit(other)) if one == other)
}

/// The commits of a log in this module's format, each with whether it is on the left side.
fn listed(log: &[u8]) -> Result<Vec<(bool, Commit)>> {
    let text = String::from_utf8_lossy(log);
    let fields: Vec<&str> = text.split_terminator('\0').collect();
    let read = |fields| commit(fields).with_context(|| unreadable(&fields.join(" ")));
    fields.chunks(FIELDS).map(read).collect()
}

fn commit(fields: &[&str]) -> Option<(bool, Commit)> {
    let [mark, id, parents, time, name, email, subject] = *fields else { return None };
    let is_left = match mark {
        "<" => true,
        ">" => false,
        _ => return None,
    };
    let commit = Commit {
        id: CommitId::parse(id)?,
        is_merge: parents.contains(' '),
        time: time.parse().ok()?,
        author: Author { name: name.to_owned(), email: email.to_owned() },
        subject: subject.to_owned(),
    };
    Some((is_left, commit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(log: &str, expected: &[(bool, &str)]) {
        let found = listed(log.as_bytes()).unwrap();
        let found: Vec<_> = found.iter().map(|(side, one)| (*side, one.subject.as_str())).collect();
        assert_eq!(found, expected, "{log:?}");
    }

    #[test]
    fn logs() {
        let one = format!("{}\0\02\0A\0a@x\0", "1".repeat(40));
        check("", &[]);
        check(&format!("<\0{one}s\0>\0{one}\0"), &[(true, "s"), (false, "")]);
        for mark in ["", "-", "=", "+", "<>", "No signature\n<", "No signature\n>"] {
            let error = listed(format!("<\0{one}s\0{mark}\0{one}s\0").as_bytes()).unwrap_err();
            let read = format!("{mark} {}  2 A a@x s", "1".repeat(40));
            assert_eq!(error.to_string(), unreadable(&read));
        }
        for log in ["\0", "<", &format!("<\0{one}s\0<\0"), &format!("<\0x{one}s\0")] {
            assert!(listed(log.as_bytes()).is_err(), "{log:?}");
        }
    }
}
