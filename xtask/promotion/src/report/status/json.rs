//! The document of `status --format json`. Keys are only ever added.

use anyhow::{Context, Result};
use serde::Serialize;

use super::{Each, Overview};
use crate::changes::{Commit, Start, Who, by_author};
use crate::error::Refusal;
use crate::people::Author;
use crate::report::{self, json::To};
use crate::status::{
    Agreement, ComponentStatus, Drift, EnvironmentStatus, NewerImage, PinStatus, Promoted, Running,
};

/// The document that `status --format json` prints.
#[derive(Serialize)]
struct Document<'a> {
    /// Version of the format: 1.
    version: u32,
    /// `status`.
    command: &'a str,
    /// When it was made, in seconds since 1970.
    now: i64,
    /// What was asked for, in the order of the configuration.
    components: Vec<ComponentDocument<'a>>,
    /// What `--check` found; `null` without it.
    drifts: Option<Vec<DriftDocument<'a>>>,
    /// What a person should know.
    notes: &'a [String],
}

#[derive(Serialize)]
struct ComponentDocument<'a> {
    name: &'a str,
    /// The address of its upstream, as configured.
    upstream: &'a str,
    /// The newest commit of the branch; `null` if that is unknown.
    head: Option<CommitDocument<'a>>,
    /// Why the upstream is unknown, or as old as the last fetch.
    problem: Option<&'a Refusal>,
    environments: Vec<EnvironmentDocument<'a>>,
}

#[derive(Serialize)]
struct CommitDocument<'a> {
    /// 40 digits, and the image tag.
    #[serde(flatten)]
    id: To<'a>,
    /// Seconds since 1970.
    time: i64,
}

#[derive(Serialize)]
struct EnvironmentDocument<'a> {
    name: &'a str,
    /// Whether all pins name the same commit; `null` if that is unknown.
    agree: Option<bool>,
    /// The command that makes them agree, if they don't and one is the newest.
    repair: Option<&'a str>,
    /// That of the pin which is farthest behind; `null` if its commit is unknown.
    running: Option<RunningDocument<'a>>,
    /// The newest promotion of any pin; `null` if that is unknown or not committed.
    promoted: Option<PromotedDocument<'a>>,
    pins: Vec<PinDocument<'a>>,
    /// Why the pins could not be read.
    problems: &'a [Refusal],
}

/// What runs, and what waits behind it.
#[derive(Serialize)]
struct RunningDocument<'a> {
    /// 40 digits, its tag and its time.
    #[serde(flatten)]
    commit: CommitDocument<'a>,
    /// How many commits wait, merges not counted.
    behind: usize,
    /// How many commits it has that the branch lacks.
    ahead: usize,
    /// When the first of what waits came to the branch (seconds since 1970).
    waiting_since: Option<i64>,
    /// Whose commits wait.
    waiting: Vec<PersonDocument<'a>>,
    /// Tag of the newest image among what waits; `null` if there is none, or nobody could ask.
    newer_image: Option<&'a str>,
}

#[derive(Serialize)]
struct PersonDocument<'a> {
    /// As git has it.
    name: &'a str,
    /// As git has it.
    email: &'a str,
    /// The user name, if a user file has one.
    user: Option<String>,
    is_bot: bool,
}

#[derive(Serialize)]
struct PromotedDocument<'a> {
    /// The commit of the repository that wrote the version there.
    commit: &'a str,
    /// Seconds since 1970.
    time: i64,
    by: PersonDocument<'a>,
}

#[derive(Serialize)]
struct PinDocument<'a> {
    file: &'a str,
    line: usize,
    /// `TEMPLATE/TARGET` in a saas file.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    /// The version, as it stands there.
    value: &'a str,
    /// `commit`, `moving`, `unknown` or `ambiguous`; `null` if nobody could look.
    state: Option<&'static str>,
    /// What that is in the upstream; only with `--pins`.
    #[serde(skip_serializing_if = "Option::is_none")]
    running: Option<RunningDocument<'a>>,
    promoted: Option<PromotedDocument<'a>>,
    /// What is wrong with the version.
    remark: Option<String>,
}

#[derive(Serialize)]
struct DriftDocument<'a> {
    component: &'a str,
    environment: &'a str,
    message: &'a str,
}

impl<'a> Overview<'a> {
    /// The whole document.
    pub fn json(&self, command: &str) -> Result<String> {
        let drift = |drift: &'a Drift| {
            let Drift { component, environment, message } = drift;
            DriftDocument { component, environment, message }
        };
        let document = Document {
            version: 1,
            command,
            now: self.now,
            components: self.components.iter().map(|one| self.component_document(one)).collect(),
            drifts: self.drifts.map(|drifts| drifts.iter().map(drift).collect()),
            notes: self.notes,
        };
        report::json::text(&document).context("can't write JSON")
    }

    fn component_document(&self, status: &'a ComponentStatus) -> ComponentDocument<'a> {
        let head = status.upstream.as_ref().map(|upstream| commit(status, &upstream.head));
        let environments = status.environments.iter();
        ComponentDocument {
            name: &status.component.name,
            upstream: &status.component.upstream,
            head,
            problem: status.problem.as_ref(),
            environments: environments.map(|one| self.environment_document(status, one)).collect(),
        }
    }

    fn environment_document(
        &self,
        status: &'a ComponentStatus,
        environment: &'a EnvironmentStatus,
    ) -> EnvironmentDocument<'a> {
        let farthest = status.farthest(environment);
        EnvironmentDocument {
            name: &environment.name,
            agree: match environment.agreement() {
                Agreement::Agree => Some(true),
                Agreement::Differ => Some(false),
                Agreement::Unknown => None,
            },
            repair: environment.repair.as_deref(),
            running: farthest.and_then(|pin| self.running_document(status, pin)),
            promoted: self.promoted_document(EnvironmentStatus::promoted(environment.pins.iter())),
            pins: environment.pins.iter().map(|pin| self.pin_document(status, pin)).collect(),
            problems: &environment.problems,
        }
    }

    fn pin_document(&self, status: &'a ComponentStatus, pin: &'a PinStatus) -> PinDocument<'a> {
        let PinStatus { file, line, target, value, .. } = pin;
        PinDocument {
            file: file.as_str(),
            line: *line,
            target: target.as_deref(),
            value,
            state: pin.start.as_ref().map(|start| match start {
                Start::Commit(_) => "commit",
                Start::Moving => "moving",
                Start::Unknown => "unknown",
                Start::Ambiguous(_) => "ambiguous",
            }),
            running: match self.each {
                Each::Pin => self.running_document(status, pin),
                Each::Environment => None,
            },
            promoted: self.promoted_document(&pin.promoted),
            remark: status.remark(pin),
        }
    }

    fn running_document(
        &self,
        status: &'a ComponentStatus,
        pin: &PinStatus,
    ) -> Option<RunningDocument<'a>> {
        let running: &'a Running = status.running(pin)?;
        let groups = by_author(&running.queued.iter().collect::<Vec<_>>(), self.people);
        // The newest commit of a person knows their newest name.
        let authors = groups.iter().filter_map(|group| group.commits.first().copied());
        Some(RunningDocument {
            commit: commit(status, &running.commit),
            behind: running.queued.len(),
            ahead: running.ahead.len(),
            waiting_since: running.since,
            waiting: authors.map(|commit| self.person(&commit.author)).collect(),
            newer_image: match &running.newer_image {
                NewerImage::Of(commit) => Some(commit.tag(status.component.tag_length)),
                NewerImage::None | NewerImage::Unknown => None,
            },
        })
    }

    fn promoted_document(&self, promoted: &'a Promoted) -> Option<PromotedDocument<'a>> {
        let Promoted::By { commit, author, time } = promoted else { return None };
        let by = self.person(author);
        Some(PromotedDocument { commit: commit.as_str(), time: *time, by })
    }

    fn person(&self, author: &'a Author) -> PersonDocument<'a> {
        let (user, is_bot) = match self.people.who(author) {
            Who::Other(_, user) => (user, false),
            Who::You => (None, false),
            Who::Bot(_) => (None, true),
        };
        PersonDocument { name: &author.name, email: &author.email, user, is_bot }
    }
}

fn commit<'a>(status: &ComponentStatus, commit: &'a Commit) -> CommitDocument<'a> {
    let tag = commit.id.tag(status.component.tag_length);
    CommitDocument { id: To { commit: commit.id.as_str(), tag }, time: commit.time }
}
