//! Reads from the mirror what its versions are and what lies between them. Local only: nothing is
//! fetched, and the number of processes does not grow with that of the versions.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use promotion::history::changes::{Changes, RunningVersion, Start};
use promotion::history::graph::Graph;
use promotion::model::commit::{Author, Commit, time_of};
use promotion::model::version::{CommitId, commit_part, is_full_commit};

use super::Mirror;
use crate::git::{commit_ids, unreadable};

/// Id, parents, time, author, address and subject of a commit.
const FORMAT: &str = "--format=%H%x00%P%x00%ct%x00%an%x00%ae%x00%s";
const FIELDS: usize = 6;

impl Mirror {
    /// What goes along when each of these versions, with the environments that run it, becomes
    /// `to`.
    pub fn changes(&self, olds: Vec<(String, Vec<String>)>, to: &CommitId) -> Result<Changes> {
        let starts = self.starts(&olds.iter().map(|(old, _)| old.as_str()).collect::<Vec<_>>())?;
        let graph = self.graph(starts.iter().flat_map(Start::commits).chain([to]))?;
        let versions = olds.into_iter().zip(starts);
        let versions = versions.map(|((version, environments), start)| RunningVersion {
            version,
            start,
            environments,
        });
        Ok(Changes::new(versions.collect(), to, &graph))
    }

    /// Whether the mirror exists and has this commit.
    pub fn knows(&self, commit: &CommitId) -> bool {
        self.exists() && self.peel(&[commit.as_str()]).is_ok_and(|found| found != [None])
    }

    /// Those of these commits that touch one of `paths`, in their order; no merges.
    pub fn touching(&self, commits: &[&CommitId], paths: &[String]) -> Result<Vec<CommitId>> {
        let ids: String = commits.iter().map(|commit| format!("{commit}\n")).collect();
        let diff = ["diff-tree", "--stdin", "--root", "-r", "-s", "--no-renames", "--"];
        let args = diff.into_iter().chain(paths.iter().map(String::as_str));
        let found = self.git().run(args, ids.as_bytes())?;
        commit_ids(&String::from_utf8_lossy(&found))
    }

    /// These versions, and every commit that one of them has and another lacks.
    pub fn graph<'a>(&self, versions: impl IntoIterator<Item = &'a CommitId>) -> Result<Graph> {
        let versions: BTreeSet<&CommitId> = versions.into_iter().collect();
        let versions: Vec<&CommitId> = versions.into_iter().collect();
        if versions.is_empty() {
            return Ok(Graph::default());
        }
        // Whatever came before a commit that all of them have, all of them have.
        let base = self.common_base(&versions)?;
        let not = base.map(|base| format!("^{base}^@"));
        // However wrong the clocks are, a head comes before what it is built on.
        let log = ["log", "-z", "--date-order", "--encoding=UTF-8", FORMAT].into_iter();
        let args = log.chain(versions.into_iter().map(CommitId::as_str)).chain(not.as_deref());
        let args: Vec<&str> = args.chain(["--"]).collect();
        let log = self.answer(&args, b"", || self.git().bytes(&args))?;
        Ok(Graph::new(listed(&log)?))
    }

    /// A newest commit that all of these have; `None` if there is none.
    fn common_base(&self, versions: &[&CommitId]) -> Result<Option<CommitId>> {
        if let [version] = versions {
            return Ok(Some((*version).clone()));
        }
        let versions = versions.iter().map(|version| version.as_str());
        let args: Vec<&str> = ["merge-base", "--octopus"].into_iter().chain(versions).collect();
        let found = || Ok(self.git().find(&args)?.unwrap_or_default().into_bytes());
        let base = self.answer(&args, b"", found)?;
        let base = Some(String::from_utf8_lossy(&base)).filter(|base| !base.is_empty());
        base.map(|base| CommitId::parse(&base).with_context(|| unreadable(&base))).transpose()
    }

    /// What each version is in this upstream. A prefix that means several commits is decided by a
    /// full commit among the versions, never by a guess.
    pub fn starts(&self, olds: &[&str]) -> Result<Vec<Start>> {
        let digits = |old: &str| {
            commit_part(old).or(is_full_commit(old).then_some(old)).map(str::to_lowercase)
        };
        let wanted: Vec<Option<String>> = olds.iter().map(|old| digits(old)).collect();
        let asked: Vec<&str> = wanted.iter().flatten().map(String::as_str).collect();
        let mut answers = self.beginning_so(&asked)?.into_iter();
        let full: BTreeSet<CommitId> = olds.iter().filter_map(|old| CommitId::parse(old)).collect();
        let mut start = |digits: Option<String>| -> Result<Start> {
            let Some(digits) = digits else { return Ok(Start::Moving) };
            match answers.next().flatten() {
                Some(commit) => Ok(Start::Commit(commit)),
                None => self.unresolved(&digits, &full),
            }
        };
        wanted.into_iter().map(&mut start).collect()
    }

    fn unresolved(&self, digits: &str, full: &BTreeSet<CommitId>) -> Result<Start> {
        let mut candidates = self.all_with_prefix(digits)?;
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

/// The commits of a log in this module's format, each with its parents.
pub fn listed(log: &[u8]) -> Result<Vec<(Commit, Vec<CommitId>)>> {
    let text = String::from_utf8_lossy(log);
    let fields: Vec<&str> = text.split_terminator('\0').collect();
    let read = |fields| commit(fields).with_context(|| unreadable(&fields.join(" ")));
    fields.chunks(FIELDS).map(read).collect()
}

fn commit(fields: &[&str]) -> Option<(Commit, Vec<CommitId>)> {
    let [id, parents, time, name, email, subject] = *fields else { return None };
    let parents: Vec<CommitId> =
        parents.split_whitespace().map(CommitId::parse).collect::<Option<_>>()?;
    let commit = Commit {
        id: CommitId::parse(id)?,
        is_merge: parents.len() > 1,
        touches_template: false,
        time: time_of(time)?,
        author: Author { name: name.to_owned(), email: email.to_owned() },
        subject: subject.to_owned(),
    };
    Some((commit, parents))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(log: &str, expected: &[(usize, &str)]) {
        let found = listed(log.as_bytes()).unwrap();
        let found: Vec<_> =
            found.iter().map(|(one, parents)| (parents.len(), one.subject.as_str())).collect();
        assert_eq!(found, expected, "{log:?}");
    }

    #[test]
    fn logs() {
        let id = "1".repeat(40);
        let rest = "\x002\0A\0a@x\0";
        check("", &[]);
        let log = format!("{id}\0{rest}s\0{id}\0{id} {id}{rest}\0{id}\0{id}{rest}t\0");
        let log = log.replacen(&format!("\0{rest}"), &format!("\0{}", &rest[0..]), 1);
        check(&log, &[(0, "s"), (2, ""), (1, "t")]);
        for log in [
            "\0".to_owned(),
            id.clone(),
            format!("x{id}\0{rest}s\0"),
            format!("{id}\0x{rest}s\0"),
            format!("{id}\0\0x\0A\0a@x\0s\0"),
            format!("No signature\n{id}\0{rest}s\0"),
        ] {
            assert!(listed(log.as_bytes()).is_err(), "{log:?}");
        }
        let error = listed(format!("x{id}\0{rest}s\0").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), unreadable(&format!("x{id}  2 A a@x s")));
    }
}
