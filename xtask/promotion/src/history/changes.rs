//! What goes along with a promotion: the upstream's commits between what runs and what will run,
//! who wrote them, and in which direction that is.
//!
//! Values only; `upstream/history.rs` reads them from a mirror.

use std::collections::{BTreeSet, HashMap};

use crate::history::people::{People, Who};
use crate::model::commit::{Author, Commit};
use crate::model::component::Component;
use crate::model::version::CommitId;
use crate::plan::PartPlan;

/// The changes of a promotion, one span for each version that runs now, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes(pub Vec<Span>);

/// A part of a plan, with the commits that go along.
#[derive(Debug, Clone, Copy)]
pub struct PartChanges<'a> {
    pub component: &'a Component,
    pub plan: &'a PartPlan,
    pub changes: &'a Changes,
}

/// From one version that runs now to the one that will.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The version now, as its pins say it.
    pub old: String,
    /// What that is in the upstream.
    pub start: Start,
    /// Which environments run it.
    pub environments: Vec<String>,
    /// The commits that go along, the newest first, merges too.
    pub queued: Vec<Commit>,
    /// The commits that are taken back, the newest first, merges too.
    pub taken_back: Vec<Commit>,
    /// The direction of it all.
    pub direction: Direction,
}

/// What a version is in the upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// This commit.
    Commit(CommitId),
    /// It follows a moving tag, so it is no commit.
    Moving,
    /// The upstream has no such commit.
    Unknown,
    /// These commits begin with its digits.
    Ambiguous(Vec<CommitId>),
}

/// The direction of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The new version has every commit of the old one, or is it.
    Forward,
    /// The old version has every commit of the new one, and more.
    Behind,
    /// Each has commits that the other one lacks.
    Diverged,
    /// There is nothing to compare.
    Unknown,
}

/// The commits of one author.
#[derive(Debug, PartialEq, Eq)]
pub struct ByAuthor<'a> {
    /// Who it is to the one who promotes.
    pub who: Who,
    /// The newest first.
    pub commits: Vec<&'a Commit>,
}

impl Changes {
    /// All commits that go along, each once, without merges.
    pub fn queued(&self) -> Vec<&Commit> {
        each_once(self.0.iter().flat_map(|span| &span.queued))
    }

    /// All commits that are taken back, each once, without merges.
    pub fn taken_back(&self) -> Vec<&Commit> {
        each_once(self.0.iter().flat_map(|span| &span.taken_back))
    }

    /// The people other than the one who promotes whose commits move, each once.
    pub fn to_tell(&self, people: &People) -> Vec<Who> {
        let commits = self.queued().into_iter().chain(self.taken_back());
        let groups = by_author(&commits.collect::<Vec<_>>(), people);
        groups
            .into_iter()
            .map(|group| group.who)
            .filter(|who| matches!(who, Who::Other(..)))
            .collect()
    }
}

/// The commits without merges, each once: what people read.
pub fn each_once<'a>(commits: impl IntoIterator<Item = &'a Commit>) -> Vec<&'a Commit> {
    let mut seen = BTreeSet::new();
    commits.into_iter().filter(|commit| !commit.is_merge && seen.insert(&commit.id)).collect()
}

/// Groups commits by author: other people, your own, those of bots. Who changed the name goes by
/// that of the first commit.
pub fn by_author<'a>(commits: &[&'a Commit], people: &People) -> Vec<ByAuthor<'a>> {
    let mut groups: Vec<ByAuthor> = Vec::new();
    let mut known: HashMap<Identity, usize> = HashMap::new();
    for &commit in commits {
        let who = people.who(&commit.author);
        let marks = marks(&who, &commit.author);
        let place = marks.iter().find_map(|mark| known.get(mark)).copied();
        let place = place.unwrap_or_else(|| {
            groups.push(ByAuthor { who, commits: Vec::new() });
            groups.len() - 1
        });
        groups[place].commits.push(commit);
        for mark in marks {
            known.entry(mark).or_insert(place);
        }
    }
    groups.sort_by(|one, other| one.who.cmp(&other.who));
    groups
}

/// What tells that two authors are the same person.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Identity {
    You,
    Bot(String),
    User(String),
    Name(String),
    /// A name without what people change in theirs, and the address in lowercase. The address alone
    /// says little: teams share one, and people one with bots.
    Address(String, String),
}

fn marks(who: &Who, author: &Author) -> Vec<Identity> {
    match who {
        Who::You => vec![Identity::You],
        Who::Bot(name) => vec![Identity::Bot(name.clone())],
        Who::Other(_, Some(user)) => vec![Identity::User(user.clone())],
        Who::Other(name, None) => {
            let letters = name.chars().filter(|c| c.is_alphanumeric());
            let bare = letters.flat_map(char::to_lowercase).collect();
            let address = Identity::Address(bare, author.email.to_lowercase());
            vec![Identity::Name(name.clone()), address]
        }
    }
}

/// How many commits are listed: those without the merges, unless there is nothing else.
pub fn amount(list: &[Commit]) -> String {
    match (each_once(list).len(), list.len()) {
        (0, 1) => "1 merge".to_owned(),
        (0, merges) => format!("{merges} merges"),
        (listed, _) => commits(listed),
    }
}

/// `1 commit`, `2 commits`.
pub fn commits(count: usize) -> String {
    if count == 1 { "1 commit".to_owned() } else { format!("{count} commits") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authors() {
        let check = |authors: &[(&str, &str)], expected: &[&str]| {
            let commit = |(number, (name, email)): (usize, &(&str, &str))| Commit {
                id: CommitId::parse(&format!("{number:040}")).unwrap(),
                is_merge: false,
                time: 0,
                author: Author { name: (*name).to_owned(), email: (*email).to_owned() },
                subject: String::new(),
            };
            let commits: Vec<_> = authors.iter().enumerate().map(commit).collect();
            let file = "org_username: acook\ngithub_username: ann-cook\n";
            let people = People::new([file], Some("me@example.com"));
            let groups = by_author(&commits.iter().collect::<Vec<_>>(), &people);
            let shown =
                groups.iter().map(|group| format!("{:?} {}", group.who, group.commits.len()));
            assert_eq!(shown.collect::<Vec<_>>(), expected);
        };
        check(
            &[("Ann", "acook@example.com"), ("A. Cook", "1+ann-cook@users.noreply.github.com")],
            &["Other(\"Ann\", Some(\"acook\")) 2"],
        );
        check(
            &[("Chai Bot", "chai@example.com"), ("Chai-bot", "CHAI@example.com")],
            &["Other(\"Chai Bot\", None) 2"],
        );
        // A bot, a person and another one, all behind the same address.
        check(
            &[("ci[bot]", "no@x.org"), ("Zoe", "no@x.org"), ("Al", "no@x.org")],
            &["Other(\"Al\", None) 1", "Other(\"Zoe\", None) 1", "Bot(\"ci[bot]\") 1"],
        );
        check(&[("Al", ""), ("Bo", "")], &["Other(\"Al\", None) 1", "Other(\"Bo\", None) 1"]);
        check(
            &[("Bo", "bo@example.com"), ("Bo", "bo@example.org"), ("bo", "b@example.com")],
            &["Other(\"Bo\", None) 2", "Other(\"bo\", None) 1"],
        );
        check(
            &[("x[bot]", "x@example.com"), ("Me", "Me@example.com"), ("Zoe", "z@example.com")],
            &["Other(\"Zoe\", None) 1", "You 1", "Bot(\"x[bot]\") 1"],
        );
    }
}
