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
        // A pin that is there already goes nowhere.
        check(&[forward('f', 0)], &[], &[]);
        check(&[forward('f', 0), back], &[], &[]);
        check(&[forward('f', 0), forward('a', 2)], &[], &[newer]);
    }
}
