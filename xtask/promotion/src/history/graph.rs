//! A part of an upstream's history with its parents, so that any two of its versions can be
//! compared without asking git again.

use std::collections::HashMap;

use crate::model::commit::Commit;
use crate::model::version::CommitId;

/// Some versions, and every commit that one of them has and another lacks.
#[derive(Debug, Default)]
pub struct Graph {
    /// The newest first.
    commits: Vec<Commit>,
    /// The parents of each commit, as far as they are in here.
    parents: Vec<Vec<usize>>,
    index: HashMap<CommitId, usize>,
}

impl Graph {
    /// `commits` with their parents, the newest first.
    pub fn new(commits: Vec<(Commit, Vec<CommitId>)>) -> Graph {
        let ids = commits.iter().map(|(commit, _)| commit.id.clone());
        let index: HashMap<CommitId, usize> = ids.zip(0..).collect();
        let (commits, parents): (Vec<_>, Vec<_>) = commits.into_iter().unzip();
        let known =
            |all: &Vec<CommitId>| all.iter().filter_map(|id| index.get(id)).copied().collect();
        let parents = parents.iter().map(known).collect();
        Graph { commits, parents, index }
    }

    /// A commit of it.
    pub fn commit(&self, id: &CommitId) -> Option<&Commit> {
        self.index.get(id).map(|&index| &self.commits[index])
    }

    /// Whether `commit` is `other` or came before it; both must be versions of this graph.
    pub fn is_ancestor(&self, commit: &CommitId, other: &CommitId) -> bool {
        self.index.get(commit).is_some_and(|&index| self.reached(other)[index])
    }

    /// The commits that one version has and the other lacks, the newest first; both must be versions
    /// of this graph.
    pub fn only_in(&self, one: &CommitId, other: &CommitId) -> Vec<Commit> {
        let all = self.commits.iter().zip(self.reached(one).into_iter().zip(self.reached(other)));
        all.filter(|(_, (one, other))| *one && !other).map(|(commit, _)| commit.clone()).collect()
    }

    /// When the first change after `old` came to the branch that `new` is the head of, in seconds
    /// since 1970: the time of its merge, where it was merged. `None` if nothing came, or nothing but
    /// merges.
    pub fn since(&self, old: &CommitId, new: &CommitId) -> Option<i64> {
        let mut seen = self.reached(old);
        let mut branch = Vec::new();
        let mut next = self.index.get(new).copied();
        while let Some(index) = next.filter(|&index| !seen[index]) {
            branch.push(index);
            next = self.parents[index].first().copied();
        }
        let came = branch.into_iter().rev();
        let came = came.filter(|&index| {
            self.reach(index, &mut seen).iter().any(|&new| !self.commits[new].is_merge)
        });
        came.map(|index| self.commits[index].time).min()
    }

    /// For each commit, whether `version` has it.
    fn reached(&self, version: &CommitId) -> Vec<bool> {
        let mut reached = vec![false; self.commits.len()];
        if let Some(&index) = self.index.get(version) {
            self.reach(index, &mut reached);
        }
        reached
    }

    /// Marks what a commit has, itself included. Returns what was not marked before.
    fn reach(&self, commit: usize, reached: &mut [bool]) -> Vec<usize> {
        let (mut open, mut new) = (vec![commit], Vec::new());
        while let Some(index) = open.pop() {
            if !std::mem::replace(&mut reached[index], true) {
                new.push(index);
                open.extend(&self.parents[index]);
            }
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::commit::Author;

    fn id(name: char) -> CommitId {
        CommitId::parse(&format!("{:040x}", u32::from(name))).unwrap()
    }

    /// Each commit is its name and those of its parents; the last one came first.
    fn graph(lines: &[&str]) -> Graph {
        let commit = |(age, line): (usize, &&str)| {
            let author = Author { name: String::new(), email: String::new() };
            let mut names = line.chars();
            let name = names.next().unwrap();
            let parents: Vec<_> = names.map(id).collect();
            let time = (lines.len() - age) as i64;
            let (id, subject) = (id(name), name.to_string());
            (
                Commit {
                    id,
                    subject,
                    author,
                    time,
                    is_merge: parents.len() > 1,
                    touches_template: false,
                },
                parents,
            )
        };
        Graph::new(lines.iter().enumerate().map(commit).collect())
    }

    #[test]
    fn versions_are_compared() {
        // `a` is not in it; `f` merged the branch `d`, which left the other one at `b`.
        let graph = graph(&["x", "gf", "fed", "ec", "db", "cb", "ba"]);
        let check = |old: char, new: char, queued: &str, taken_back: &str, since: Option<i64>| {
            let (old, new) = (id(old), id(new));
            let only_in = |one, other| {
                graph.only_in(one, other).iter().map(|one| one.subject.clone()).collect::<String>()
            };
            let found = (only_in(&new, &old), only_in(&old, &new), graph.since(&old, &new));
            assert_eq!(found, (queued.to_owned(), taken_back.to_owned(), since), "{old}..{new}");
            assert_eq!(graph.is_ancestor(&old, &new), taken_back.is_empty(), "{old}..{new}");
        };
        check('g', 'g', "", "", None);
        check('b', 'c', "c", "", Some(2));
        check('b', 'g', "gfedc", "", Some(2));
        // `d` came by the merge, which is younger than itself.
        check('e', 'g', "gfd", "", Some(5));
        check('g', 'b', "", "gfedc", None);
        check('d', 'e', "ec", "d", Some(2));
        check('x', 'b', "b", "x", Some(1));
        let subjects = ['a', 'b', 'g'].map(|name| graph.commit(&id(name)).map(|one| &*one.subject));
        assert_eq!(subjects, [None, Some("b"), Some("g")]);
    }

    #[test]
    fn a_merge_of_what_runs_brings_nothing() {
        let graph = graph(&["em", "mbd", "db", "ba"]);
        let since = |old, new| graph.since(&id(old), &id(new));
        let found = [since('d', 'm'), since('d', 'e'), since('b', 'm'), since('m', 'e')];
        assert_eq!(found, [None, Some(4), Some(3), Some(4)]);
    }
}
