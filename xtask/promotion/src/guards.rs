//! Decides whether a promotion may go on: what is refused, what is warned about, and which switch
//! lets it through.

pub mod gates;

use std::time::Duration;

use crate::history::changes::{Changes, Direction, Span, Start, amount};
use crate::model::component::Component;
use crate::model::problem::Problem;
use crate::model::similar::all_listed;
use crate::model::version::CommitId;

/// What was switched off on the command line, and why.
#[derive(Debug, Clone, Default)]
pub struct Switches {
    /// Versions may go back.
    pub allow_downgrade: bool,
    /// Versions shall go back: going forward is another command.
    pub is_rollback: bool,
    /// Why they go back; becomes a trailer of the commit.
    pub reason: Option<String>,
    /// The version need not be on the default branch.
    pub allow_off_branch: bool,
    /// The image need not exist.
    pub no_image_check: bool,
    /// How long an image is waited for that does not exist yet.
    pub wait_image: Option<Duration>,
    /// Warnings refuse.
    pub strict: bool,
}

/// What stands against a promotion.
#[derive(Debug, Default)]
pub struct Findings {
    /// It must not go on.
    pub problems: Vec<Problem>,
    /// It may, but somebody should know.
    pub warnings: Vec<Problem>,
    /// It may, and that is why.
    pub notes: Vec<String>,
}

impl Findings {
    /// Refuses whatever is warned about, if that is wished.
    pub fn strict(mut self, strict: bool) -> Self {
        if strict {
            let cured = self.warnings.drain(..).map(|warning| Problem {
                help: Some(
                    warning.help.map_or(String::new(), |help| help + "; ")
                        + "or leave `--strict` out",
                ),
                ..warning
            });
            self.problems.extend(cured);
        }
        self
    }
}

/// Judges the direction of every span, and prefixes that mean several commits.
pub fn directions(
    component: &Component,
    changes: &Changes,
    to: &CommitId,
    switches: &Switches,
) -> Findings {
    let mut findings = Findings::default();
    for span in &changes.0 {
        if let Start::Ambiguous(commits) = &span.start {
            findings.warnings.push(ambiguous(span, commits));
        }
        if !switches.allow_downgrade && !is_forward(span) {
            findings.problems.push(not_forward(component, span, to));
        }
    }
    if switches.is_rollback {
        let newer = changes.0.iter().filter_map(|span| newer(component, span, to));
        let newer: Vec<Problem> = newer.collect();
        // Pins that were left behind may come along with those that go back.
        let nothing_goes_back = newer.len() == changes.0.len();
        if nothing_goes_back { &mut findings.problems } else { &mut findings.warnings }
            .extend(newer);
    }
    findings
}

/// A span that goes forward although a rollback was asked for.
fn newer(component: &Component, span: &Span, to: &CommitId) -> Option<Problem> {
    let by = match &span.start {
        _ if span.direction != Direction::Forward => return None,
        Start::Ambiguous(_) => String::new(),
        _ if span.queued.is_empty() => return None,
        _ => format!(" by {}", amount(&span.queued)),
    };
    let (old, new) = (component.short(&span.old), to.tag(component.tag_length));
    let environments = span.environments.join(", ");
    let message =
        format!("`{old}` -> `{new}` ({environments}) goes forward{by}: that is no rollback");
    let help = "name an older version with `--to`, or go there with `promote --ref`";
    Some(Problem::new(message).help(help))
}

/// A warning if the tag that is written is the beginning of other commits too.
pub fn colliding_tag(component: &Component, commits: &[CommitId]) -> Option<Problem> {
    let tag = commits.first().filter(|_| commits.len() > 1)?.tag(component.tag_length);
    let message = format!("the tag `{tag}` is {}", beginning_of(commits));
    Some(
        Problem::new(message)
            .help("make sure that the image of that tag was built from the right one"),
    )
}

/// The new version is not on the default branch.
pub fn off_branch(component: &Component, to: &CommitId, branch: &str) -> Problem {
    let message = format!(
        "`{}` is not on the branch `{branch}` of `{}`",
        to.tag(component.tag_length),
        component.upstream
    );
    Problem::new(message)
        .help("promote a commit of that branch, or allow it with `--allow-off-branch`")
}

fn is_forward(span: &Span) -> bool {
    span.start == Start::Moving || span.direction == Direction::Forward
}

fn not_forward(component: &Component, span: &Span, to: &CommitId) -> Problem {
    let old = component.short(&span.old);
    let new = to.tag(component.tag_length);
    let environments = span.environments.join(", ");
    let what = match (span.direction, &span.start) {
        (Direction::Behind, _) => format!("goes back by {}", amount(&span.taken_back)),
        (Direction::Diverged, _) => {
            format!("takes back {}, which the new version lacks", amount(&span.taken_back))
        }
        (_, Start::Unknown) => {
            format!("starts from a commit that `{}` does not have", component.upstream)
        }
        _ => "may go back: the old version means several commits".to_owned(),
    };
    let message = format!("`{old}` -> `{new}` ({environments}) {what}");
    let newer = match span.direction {
        Direction::Behind => "name a newer version with `--ref`, or ",
        _ => "",
    };
    Problem::new(message).help(format!("{newer}allow it with `--allow-downgrade --reason TEXT`"))
}

fn ambiguous(span: &Span, commits: &[CommitId]) -> Problem {
    let environments = span.environments.join(", ");
    let message = format!("`{}` ({environments}) is {}", span.old, beginning_of(commits));
    Problem::new(message)
        .help("find out which one runs there before you rely on the list of changes")
}

fn beginning_of(commits: &[CommitId]) -> String {
    let all = all_listed(commits.iter().map(CommitId::as_str));
    format!("the beginning of {} commits: {all}", commits.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::model::commit::{Author, Commit};

    fn id(digit: char) -> CommitId {
        CommitId::parse(&digit.to_string().repeat(40)).unwrap()
    }

    /// From a version to `f…`, with so many commits that wait.
    fn forward(digit: char, waiting: usize) -> Span {
        let author = Author { name: "Ann".to_owned(), email: "ann@example.com".to_owned() };
        let commit = |time| Commit {
            id: CommitId::parse(&format!("{time:040}")).unwrap(),
            subject: String::new(),
            author: author.clone(),
            time,
            is_merge: false,
            touches_template: false,
        };
        Span {
            old: id(digit).to_string(),
            start: Start::Commit(id(digit)),
            environments: vec![format!("env-{digit}")],
            queued: (0..).map(commit).take(waiting).collect(),
            taken_back: Vec::new(),
            direction: Direction::Forward,
        }
    }

    #[test]
    fn what_goes_forward_is_no_rollback() {
        let config = Config::builtin();
        let component = config.component("qontract-schemas").unwrap();
        let switches = Switches { is_rollback: true, allow_downgrade: true, ..Switches::default() };
        let check = |spans: &[Span], problems: &[&str], warnings: &[&str]| {
            let found = directions(component, &Changes(spans.to_vec()), &id('f'), &switches);
            let messages =
                |all: &[Problem]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
            assert_eq!(messages(&found.problems), problems);
            assert_eq!(messages(&found.warnings), warnings);
        };
        let newer = "`aaaaaaa` -> `fffffff` (env-a) goes forward by 2 commits: that is no rollback";
        let back = Span { direction: Direction::Behind, ..forward('b', 0) };
        check(&[forward('a', 2)], &[newer], &[]);
        check(&[forward('a', 2), back.clone()], &[], &[newer]);
        // One that goes apart has commits that wait, too.
        let apart = Span { direction: Direction::Diverged, ..forward('b', 1) };
        check(&[forward('a', 2), apart], &[], &[newer]);
        // A pin that is there already goes nowhere.
        check(&[forward('f', 0)], &[], &[]);
        check(&[forward('f', 0), back], &[], &[]);
        check(&[forward('f', 0), forward('a', 2)], &[], &[newer]);
    }

    #[test]
    fn directions_and_starts() {
        let config = Config::builtin();
        let component = config.component("qontract-schemas").unwrap();
        let mut taken = forward('b', 0);
        taken.taken_back = forward('c', 1).queued;
        let back = Span { direction: Direction::Behind, ..taken.clone() };
        let diverged = Span { direction: Direction::Diverged, ..taken };
        let start = |start| Span { start, direction: Direction::Unknown, ..forward('a', 0) };
        let allow = "allow it with `--allow-downgrade --reason TEXT`";
        let twins = Start::Ambiguous(vec![id('a'), id('b')]);
        let listed = format!("`{}`, `{}`", "a".repeat(40), "b".repeat(40));
        let warning = format!(
            "`{}` (env-a) is the beginning of 2 commits: {listed}; find out which one runs there before you rely on the list of changes",
            "a".repeat(40)
        );
        let cases = [
            (forward('a', 2), String::new(), ""),
            (start(Start::Moving), String::new(), ""),
            (
                back,
                format!(
                    "`bbbbbbb` -> `fffffff` (env-b) goes back by 1 commit; name a newer version with `--ref`, or {allow}"
                ),
                "",
            ),
            (
                diverged,
                format!(
                    "`bbbbbbb` -> `fffffff` (env-b) takes back 1 commit, which the new version lacks; {allow}"
                ),
                "",
            ),
            (
                start(Start::Unknown),
                format!(
                    "`aaaaaaa` -> `fffffff` (env-a) starts from a commit that `{}` does not have; {allow}",
                    component.upstream
                ),
                "",
            ),
            (
                start(twins.clone()),
                format!(
                    "`aaaaaaa` -> `fffffff` (env-a) may go back: the old version means several commits; {allow}"
                ),
                &*warning,
            ),
            (Span { start: twins.clone(), ..forward('a', 0) }, String::new(), &warning),
        ];
        let shown = |all: &[Problem]| {
            let one = |it: &Problem| {
                format!("{}; {}", it.message, it.help.as_deref().unwrap_or("no help"))
            };
            all.iter().map(one).collect::<Vec<_>>().join("\n")
        };
        for (span, problem, warning) in cases {
            let changes = Changes(vec![span]);
            let found = directions(component, &changes, &id('f'), &Switches::default());
            assert_eq!((shown(&found.problems), &*shown(&found.warnings)), (problem, warning));
            let allowed = Switches { allow_downgrade: true, ..Switches::default() };
            let found = directions(component, &changes, &id('f'), &allowed);
            assert_eq!((&*shown(&found.problems), &*shown(&found.warnings)), ("", warning));
        }
        let switches = Switches { is_rollback: true, allow_downgrade: true, ..Switches::default() };
        let ambiguous = Changes(vec![Span { start: twins, ..forward('a', 2) }]);
        let found = directions(component, &ambiguous, &id('f'), &switches);
        let newer = "`aaaaaaa` -> `fffffff` (env-a) goes forward: that is no rollback; name an older version with `--to`, or go there with `promote --ref`";
        assert_eq!((&*shown(&found.problems), shown(&found.warnings)), (newer, warning));
    }

    #[test]
    fn tags_branches_and_strictness() {
        let config = Config::builtin();
        let component = config.component("qontract-schemas").unwrap();
        assert_eq!(colliding_tag(component, &[]), None);
        assert_eq!(colliding_tag(component, &[id('a')]), None);
        let tag = colliding_tag(component, &[id('a'), id('b')]).unwrap();
        let listed = format!("`{}`, `{}`", "a".repeat(40), "b".repeat(40));
        let expected =
            Problem::new(format!("the tag `aaaaaaa` is the beginning of 2 commits: {listed}"))
                .help("make sure that the image of that tag was built from the right one");
        assert_eq!(tag, expected);

        let off = off_branch(component, &id('a'), "main");
        let upstream = &component.upstream;
        let expected =
            Problem::new(format!("`aaaaaaa` is not on the branch `main` of `{upstream}`"))
                .help("promote a commit of that branch, or allow it with `--allow-off-branch`");
        assert_eq!(off, expected);

        let [bare, cured] = [Problem::new("bare"), Problem::new("cured").help("do this")];
        let findings = || Findings {
            problems: vec![Problem::new("worse")],
            warnings: vec![bare.clone(), cured.clone()],
            notes: Vec::new(),
        };
        let lenient = findings().strict(false);
        assert_eq!((lenient.problems.len(), lenient.warnings.len()), (1, 2));
        let strict = findings().strict(true);
        let leave = "or leave `--strict` out";
        let expected = [
            Problem::new("worse"),
            Problem::new("bare").help(leave),
            Problem::new("cured").help(format!("do this; {leave}")),
        ];
        assert_eq!((strict.problems.as_slice(), strict.warnings.len()), (&expected[..], 0));
    }
}
