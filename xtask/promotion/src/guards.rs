//! Decides whether a promotion may go on: what is refused, what is warned about, and which switch
//! lets it through.

use std::time::Duration;

use crate::changes::{Changes, Commit, Direction, Span, Start, each_once};
use crate::component::Component;
use crate::error::Refusal;
use crate::message::short;
use crate::version::CommitId;

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

impl Switches {
    /// The options that a command to run next needs too.
    pub fn typed(&self) -> Vec<String> {
        let mut words = Vec::new();
        words.extend(self.allow_downgrade.then(|| "--allow-downgrade".to_owned()));
        match &self.reason {
            Some(reason) if reason.starts_with('-') => words.push(format!("--reason={reason}")),
            Some(reason) => words.extend(["--reason".to_owned(), reason.clone()]),
            None => {}
        }
        words.extend(self.allow_off_branch.then(|| "--allow-off-branch".to_owned()));
        words.extend(self.no_image_check.then(|| "--no-image-check".to_owned()));
        words.extend(self.strict.then(|| "--strict".to_owned()));
        words
    }
}

/// What stands against a promotion.
#[derive(Debug, Default)]
pub struct Verdict {
    /// It must not go on.
    pub refusals: Vec<Refusal>,
    /// It may, but somebody should know.
    pub warnings: Vec<Refusal>,
}

impl Verdict {
    /// Refuses whatever is warned about, if that is wished.
    pub fn strict(mut self, strict: bool) -> Self {
        if strict {
            let cured = self.warnings.drain(..).map(|warning| Refusal {
                help: Some(
                    warning.help.map_or(String::new(), |help| help + "; ")
                        + "or leave `--strict` out",
                ),
                ..warning
            });
            self.refusals.extend(cured);
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
) -> Verdict {
    let mut verdict = Verdict::default();
    for span in &changes.0 {
        if let Start::Ambiguous(commits) = &span.start {
            verdict.warnings.push(ambiguous(span, commits));
        }
        if !switches.allow_downgrade && !is_forward(span) {
            verdict.refusals.push(not_forward(component, span, to));
        }
    }
    if switches.is_rollback {
        let newer = changes.0.iter().filter_map(|span| newer(component, span, to));
        let newer: Vec<Refusal> = newer.collect();
        // Pins that were left behind may come along with those that go back.
        let nothing_goes_back = newer.len() == changes.0.len();
        if nothing_goes_back { &mut verdict.refusals } else { &mut verdict.warnings }.extend(newer);
    }
    verdict
}

/// A span that goes forward although a rollback was asked for.
fn newer(component: &Component, span: &Span, to: &CommitId) -> Option<Refusal> {
    let by = match &span.start {
        _ if span.direction != Direction::Forward => return None,
        Start::Ambiguous(_) => String::new(),
        _ if span.queued.is_empty() => return None,
        _ => format!(" by {}", amount(&span.queued)),
    };
    let (old, new) = (short(component, &span.old), to.tag(component.tag_length));
    let environments = span.environments.join(", ");
    let message =
        format!("`{old}` -> `{new}` ({environments}) goes forward{by}: that is no rollback");
    let help = "name an older version with `--to`, or go there with `promote --ref`";
    Some(Refusal::new(message).help(help))
}

/// A warning if the tag that is written is the beginning of other commits too.
pub fn colliding_tag(component: &Component, commits: &[CommitId]) -> Option<Refusal> {
    let tag = commits.first().filter(|_| commits.len() > 1)?.tag(component.tag_length);
    let all: Vec<_> = commits.iter().map(|commit| format!("`{commit}`")).collect();
    let message = format!(
        "the tag `{tag}` is the beginning of {} commits: {}",
        commits.len(),
        all.join(", ")
    );
    Some(
        Refusal::new(message)
            .help("make sure that the image of that tag was built from the right one"),
    )
}

/// The new version is not on the default branch.
pub fn off_branch(component: &Component, to: &CommitId, branch: &str) -> Refusal {
    let message = format!(
        "`{}` is not on the branch `{branch}` of `{}`",
        to.tag(component.tag_length),
        component.upstream
    );
    Refusal::new(message)
        .help("promote a commit of that branch, or allow it with `--allow-off-branch`")
}

fn is_forward(span: &Span) -> bool {
    span.start == Start::Moving || span.direction == Direction::Forward
}

fn not_forward(component: &Component, span: &Span, to: &CommitId) -> Refusal {
    let old = short(component, &span.old);
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
    Refusal::new(message).help(format!("{newer}allow it with `--allow-downgrade --reason TEXT`"))
}

fn ambiguous(span: &Span, commits: &[CommitId]) -> Refusal {
    let all: Vec<_> = commits.iter().map(|commit| format!("`{commit}`")).collect();
    let message = format!(
        "`{}` ({}) is the beginning of {} commits: {}",
        span.old,
        span.environments.join(", "),
        commits.len(),
        all.join(", ")
    );
    Refusal::new(message)
        .help("find out which one runs there before you rely on the list of changes")
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
