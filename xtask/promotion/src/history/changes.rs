//! The changes of a promotion: the upstream's commits between the old versions and the new one,
//! their authors, and whether it goes forward or back.
//!
//! Values only; the mirror of the upstream is read by the shell.

use std::collections::{BTreeSet, HashMap};

use crate::history::graph::Graph;
use crate::history::people::{People, Who};
use crate::model::commit::{Author, Commit};
use crate::model::component::Component;
use crate::model::version::CommitId;
use crate::plan::PartPlan;

/// The changes of a promotion: one span for each old version, the oldest version first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes(pub Vec<Span>);

/// A part of a plan, and the commits that it adds or takes back.
#[derive(Debug, Clone, Copy)]
pub struct PartChanges<'a> {
    pub component: &'a Component,
    pub plan: &'a PartPlan,
    pub changes: &'a Changes,
}

/// The way from one old version to the new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The old version, as its pins have it.
    pub old: String,
    /// The commit that the old version means, if it means one.
    pub start: Start,
    /// The names of the environments that run the old version.
    pub environments: Vec<String>,
    /// The commits that the new version adds, newest first, merges included.
    pub queued: Vec<Commit>,
    /// The commits that the new version lacks, newest first, merges included.
    pub taken_back: Vec<Commit>,
    pub direction: Direction,
}

/// What a version in a pin means in the upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    Commit(CommitId),
    /// The pin follows a branch or a moving tag.
    Moving,
    Unknown,
    /// Several commits begin with the version's digits.
    Ambiguous(Vec<CommitId>),
}

/// Whether a span goes forward or back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The new version has every commit of the old one; they may be the same.
    Forward,
    /// The new version is older: the old one has all of its commits, and more.
    Behind,
    /// Each version has commits that the other one lacks.
    Diverged,
    /// The old version is not one commit, so there is nothing to compare.
    Unknown,
}

/// The commits of one author.
#[derive(Debug, PartialEq, Eq)]
pub struct ByAuthor<'a> {
    pub who: Who,
    /// Newest first.
    pub commits: Vec<&'a Commit>,
}

/// A version that runs now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningVersion {
    /// As its pins say it.
    pub version: String,
    /// What that is in the upstream.
    pub start: Start,
    /// The environments that run it.
    pub environments: Vec<String>,
}

impl RunningVersion {
    /// From here to `to`; both are versions of `graph`.
    fn span(self, to: &CommitId, graph: &Graph) -> Span {
        let RunningVersion { version: old, start, environments } = self;
        let (queued, taken_back) = match &start {
            Start::Commit(from) => (graph.only_in(to, from), graph.only_in(from, to)),
            _ => (Vec::new(), Vec::new()),
        };
        let direction = match (&start, taken_back.is_empty(), queued.is_empty()) {
            (Start::Commit(_), true, _) => Direction::Forward,
            (Start::Commit(_), false, true) => Direction::Behind,
            (Start::Commit(_), false, false) => Direction::Diverged,
            (Start::Ambiguous(all), ..) if all.iter().all(|one| graph.is_ancestor(one, to)) => {
                Direction::Forward
            }
            _ => Direction::Unknown,
        };
        Span { old, start, environments, queued, taken_back, direction }
    }
}

impl Start {
    /// The commit, if it is only one.
    pub fn commit(&self) -> Option<&CommitId> {
        match self {
            Start::Commit(commit) => Some(commit),
            _ => None,
        }
    }

    /// The commits that the version can be.
    pub fn commits(&self) -> &[CommitId] {
        match self {
            Start::Commit(commit) => std::slice::from_ref(commit),
            Start::Ambiguous(all) => all,
            Start::Moving | Start::Unknown => &[],
        }
    }
}

impl Changes {
    /// Marks the commits that change a template.
    pub fn mark(&mut self, touching: &BTreeSet<CommitId>) {
        let spans = self.0.iter_mut();
        for commit in spans.flat_map(|span| span.queued.iter_mut().chain(&mut span.taken_back)) {
            commit.touches_template = touching.contains(&commit.id);
        }
    }

    /// What goes along when each of these versions becomes `to`; all of them are in `graph`.
    /// Versions that are the same commit share a span. The longest queue comes first.
    pub fn new(versions: Vec<RunningVersion>, to: &CommitId, graph: &Graph) -> Changes {
        let mut different: Vec<RunningVersion> = Vec::new();
        for version in versions {
            let is_same = |other: &&mut RunningVersion| {
                matches!(version.start, Start::Commit(_)) && other.start == version.start
            };
            match different.iter_mut().find(is_same) {
                Some(same) => {
                    let is_new = |name: &String| !same.environments.contains(name);
                    let new: Vec<_> = version.environments.into_iter().filter(is_new).collect();
                    same.environments.extend(new);
                }
                None => different.push(version),
            }
        }
        let mut spans: Vec<Span> = different.into_iter().map(|one| one.span(to, graph)).collect();
        spans.sort_by_key(|span| std::cmp::Reverse(span.queued.len()));
        Changes(spans)
    }

    /// All commits that go along, each once, without merges.
    pub fn queued(&self) -> Vec<&Commit> {
        each_once(self.0.iter().flat_map(|span| &span.queued))
    }

    /// The commits that all spans take back, each once, without merges.
    pub fn taken_back(&self) -> Vec<&Commit> {
        each_once(self.0.iter().flat_map(|span| &span.taken_back))
    }

    /// The authors of all commits that go along or are taken back.
    pub fn authors(&self) -> impl Iterator<Item = &Author> {
        let commits = self.0.iter().flat_map(|span| span.queued.iter().chain(&span.taken_back));
        commits.map(|commit| &commit.author)
    }

    /// The people whose commits are queued or taken back, each once; without bots and without the
    /// one who promotes.
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

/// The commits without merges and duplicates, as they are listed for people.
pub fn each_once<'a>(commits: impl IntoIterator<Item = &'a Commit>) -> Vec<&'a Commit> {
    let mut seen = BTreeSet::new();
    commits.into_iter().filter(|commit| !commit.is_merge && seen.insert(&commit.id)).collect()
}

/// Groups commits by author: other people first, then the one who promotes, then bots.
///
/// An author who appears under several names is shown with the name of their first commit in the
/// list.
pub fn by_author<'a>(commits: &[&'a Commit], people: &People) -> Vec<ByAuthor<'a>> {
    let mut groups: Vec<ByAuthor> = Vec::new();
    let mut known: HashMap<Identity, usize> = HashMap::new();
    for &commit in commits {
        let who = people.who(&commit.author);
        let identities = identities(&who, &commit.author);
        let place = identities.iter().find_map(|identity| known.get(identity)).copied();
        let place = place.unwrap_or_else(|| {
            groups.push(ByAuthor { who, commits: Vec::new() });
            groups.len() - 1
        });
        groups[place].commits.push(commit);
        for identity in identities {
            known.entry(identity).or_insert(place);
        }
    }
    groups.sort_by(|one, other| one.who.cmp(&other.who));
    groups
}

/// Two authors with an identity in common are the same person.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Identity {
    You,
    Bot(String),
    User(String),
    Name(String),
    /// The letters and digits of the name, in lowercase, and the mail address, in lowercase. The
    /// address alone is not enough: some teams share one, and some people share theirs with a bot.
    Address(String, String),
}

fn identities(who: &Who, author: &Author) -> Vec<Identity> {
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

/// The number of listed commits as text, without merges; `2 merges` if there is nothing else.
pub fn amount(list: &[Commit]) -> String {
    match (each_once(list).len(), list.len()) {
        (0, 1) => "1 merge".to_owned(),
        (0, merges) => format!("{merges} merges"),
        (listed, _) => commits(listed),
    }
}

/// The number as text: `1 commit`, `2 commits`.
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
                touches_template: false,
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
        // A bot and two people share one address.
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

    fn id(digit: char) -> CommitId {
        CommitId::parse(&digit.to_string().repeat(40)).unwrap()
    }

    fn commit(digit: char, parents: usize) -> Commit {
        let name = if digit == 'c' { "ci[bot]" } else { "Ann" };
        Commit {
            id: id(digit),
            subject: digit.to_string(),
            author: Author { name: name.to_owned(), email: format!("{name}@example.com") },
            time: 0,
            is_merge: parents > 1,
            touches_template: false,
        }
    }

    /// `f` merged `e`, which left the other commits at `b`.
    fn changes(versions: &[(Start, &str)], to: char) -> Changes {
        let lines = ["fde", "ec", "db", "cb", "ba", "a"];
        let line = |line: &&str| {
            let mut digits = line.chars();
            let digit = digits.next().unwrap();
            let parents: Vec<_> = digits.map(id).collect();
            (commit(digit, parents.len()), parents)
        };
        let graph = Graph::new(lines.iter().map(line).collect());
        let version = |(start, environment): &(Start, &str)| RunningVersion {
            version: format!("{start:?}").chars().take(1).collect(),
            start: start.clone(),
            environments: vec![(*environment).to_owned()],
        };
        Changes::new(versions.iter().map(version).collect(), &id(to), &graph)
    }

    #[test]
    fn spans_of_versions() {
        let check = |versions: &[(Start, &str)], to: char, expected: &[&str]| {
            let subjects = |all: &[Commit]| all.iter().map(|one| &*one.subject).collect::<String>();
            let shown = |span: &Span| {
                let (new, back) = (subjects(&span.queued), subjects(&span.taken_back));
                format!("{}: +{new} -{back} {:?}", span.environments.join(","), span.direction)
            };
            let found: Vec<_> = changes(versions, to).0.iter().map(shown).collect();
            assert_eq!(found, expected, "{versions:?}");
        };
        let at = |digit| Start::Commit(id(digit));
        check(&[(at('d'), "x"), (at('b'), "y")], 'f', &["y: +fedc - Forward", "x: +fec - Forward"]);
        check(&[(at('b'), "x"), (at('b'), "y"), (at('b'), "x")], 'd', &["x,y: +d - Forward"]);
        check(&[(at('f'), "x")], 'b', &["x: + -fedc Behind"]);
        check(&[(at('e'), "x")], 'd', &["x: +d -ec Diverged"]);
        check(&[(at('d'), "x")], 'd', &["x: + - Forward"]);
        check(
            &[(Start::Moving, "x"), (Start::Moving, "y")],
            'd',
            &["x: + - Unknown", "y: + - Unknown"],
        );
        let twins = |one, other| Start::Ambiguous(vec![id(one), id(other)]);
        check(&[(twins('a', 'b'), "x")], 'd', &["x: + - Forward"]);
        check(&[(twins('a', 'e'), "x")], 'd', &["x: + - Unknown"]);
    }

    #[test]
    fn commits_of_all_spans() {
        let at = |digit| Start::Commit(id(digit));
        let subjects = |all: Vec<&Commit>| all.iter().map(|one| &*one.subject).collect::<String>();
        let mut found = changes(&[(at('b'), "x"), (at('d'), "y")], 'f');
        assert_eq!(subjects(found.queued()), "edc");
        assert_eq!(subjects(found.taken_back()), "");
        let people = People::default();
        assert_eq!(found.to_tell(&people), [Who::Other("Ann".to_owned(), None)]);
        let names = |changes: &Changes| {
            changes.authors().map(|author| author.name.clone()).collect::<Vec<_>>().join(",")
        };
        assert_eq!(names(&found), "Ann,Ann,Ann,ci[bot],Ann,Ann,ci[bot]");
        found.mark(&BTreeSet::from([id('d')]));
        let marked = found.queued().into_iter().filter(|one| one.touches_template);
        assert_eq!(subjects(marked.collect()), "d");
        let back = changes(&[(at('f'), "x"), (at('e'), "y")], 'b');
        assert_eq!(
            (subjects(back.queued()), subjects(back.taken_back())),
            (String::new(), "edc".to_owned())
        );
        assert_eq!(back.to_tell(&people), [Who::Other("Ann".to_owned(), None)]);
        assert_eq!(names(&back), "Ann,Ann,Ann,ci[bot],Ann,ci[bot]");
    }

    #[test]
    fn versions_that_a_start_can_be() {
        let cases = [
            (Start::Commit(id('a')), Some(id('a')), vec![id('a')]),
            (Start::Ambiguous(vec![id('a'), id('b')]), None, vec![id('a'), id('b')]),
            (Start::Moving, None, vec![]),
            (Start::Unknown, None, vec![]),
        ];
        for (start, commit, commits) in cases {
            assert_eq!((start.commit(), start.commits()), (commit.as_ref(), &*commits));
        }
    }

    #[test]
    fn amounts() {
        let (plain, merge) = (|| commit('a', 1), || commit('f', 2));
        let cases = [
            (vec![], "0 merges"),
            (vec![merge()], "1 merge"),
            (vec![merge(), merge()], "2 merges"),
            (vec![merge(), plain()], "1 commit"),
            (vec![plain(), commit('b', 1), plain()], "2 commits"),
        ];
        for (list, expected) in cases {
            assert_eq!(amount(&list), expected);
        }
    }
}
