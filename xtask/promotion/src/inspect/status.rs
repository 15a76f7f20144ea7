//! What runs where, how far behind it is, and what has drifted: values only.
//!
//! The shell's `ask::status` reads them from the world, `report::status` shows them.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::history::changes::Start;
use crate::history::changes::{amount, commits};
use crate::locate::Stay;
use crate::model::commit::Author;
use crate::model::commit::Commit;
use crate::model::component::Component;
use crate::model::duration::{of_seconds, shown};
use crate::model::escape::escaped;
use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::model::version::{CommitId, commit_or_tag, commit_part, is_full_commit};

/// One component, in all the environments that were asked for.
#[derive(Debug, Clone)]
pub struct ComponentStatus<'a> {
    /// Which one.
    pub component: &'a Component,
    /// What is known of its upstream; `None` if nothing is.
    pub upstream: Option<UpstreamStatus>,
    /// Why that is unknown, or as old as the last fetch.
    pub problem: Option<Problem>,
    /// In the order of the configuration.
    pub environments: Vec<EnvironmentStatus>,
}

/// The upstream of a component, as far as its versions are concerned.
#[derive(Debug, Clone)]
pub struct UpstreamStatus {
    /// The newest commit of the branch.
    pub head: Commit,
    /// Each commit that some pin names.
    pub running: Vec<Running>,
}

/// A commit that runs somewhere.
#[derive(Debug, Clone)]
pub struct Running {
    /// The commit.
    pub commit: Commit,
    /// What waits behind it, the newest first, without merges.
    pub queued: Vec<Commit>,
    /// What it has and the branch lacks, without merges unless there is nothing else.
    pub ahead: Vec<Commit>,
    /// When the first of what waits came to the branch, in seconds since 1970.
    pub since: Option<i64>,
    /// Whether something that waits has an image.
    pub newer_image: NewerImage,
}

/// Whether something that waits has an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewerImage {
    /// Nobody could ask.
    Unknown,
    /// Nothing that was asked for.
    None,
    /// This is the newest one that does.
    Of(CommitId),
}

/// One environment of a component.
#[derive(Debug, Clone)]
pub struct EnvironmentStatus {
    /// Its name.
    pub name: String,
    /// Its pins, in the order of the configuration; what follows a branch is none.
    pub pins: Vec<PinStatus>,
    /// Why the pins could not be read.
    pub problems: Vec<Problem>,
    /// The command that makes its pins agree, if they do not and one of them is the newest.
    pub repair: Option<String>,
}

/// One pin.
#[derive(Debug, Clone)]
pub struct PinStatus {
    /// Its file.
    pub file: RepoPath,
    /// From 1.
    pub line: usize,
    /// `TEMPLATE/TARGET` in a saas file.
    pub target: Option<String>,
    /// The version, as it stands there.
    pub value: String,
    /// What that is in the upstream; `None` if nobody could look.
    pub start: Option<Start>,
    /// Who wrote it there.
    pub promoted: Promoted,
}

/// When a pin got its version, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Promoted {
    /// Nobody can tell.
    Unknown,
    /// It stands in the work tree only.
    Uncommitted,
    /// By this commit of the checkout.
    By {
        /// The commit.
        commit: CommitId,
        /// Its author: other people's text.
        author: Author,
        /// When it was committed, in seconds since 1970.
        time: i64,
    },
}

/// Whether the pins of an environment name the same commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// They do.
    Agree,
    /// At least two of them don't.
    Differ,
    /// It takes the upstream to tell.
    Unknown,
}

/// What a check lets pass.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// So many commits may wait for an environment.
    pub max_behind: Option<usize>,
    /// The first of them may wait for so long.
    pub max_age: Option<Duration>,
}

/// Something that a check does not let pass.
#[derive(Debug, PartialEq, Eq)]
pub struct Drift {
    /// The component's name.
    pub component: String,
    /// The environment's name.
    pub environment: String,
    /// What is wrong there: a fragment.
    pub message: String,
}

impl ComponentStatus<'_> {
    /// What runs by a pin; `None` unless its commit is known.
    pub fn running(&self, pin: &PinStatus) -> Option<&Running> {
        let commit = pin.commit()?;
        self.upstream.as_ref()?.running.iter().find(|running| running.commit.id == *commit)
    }

    /// The pin that an environment is judged by: the one that is farthest behind.
    pub fn farthest<'b>(&self, environment: &'b EnvironmentStatus) -> Option<&'b PinStatus> {
        let behind = |pin: &PinStatus| self.running(pin).map(|running| running.queued.len());
        // The first of equals.
        environment.pins.iter().rev().max_by_key(|pin| behind(pin))
    }

    /// How many commits wait for the pin that is the farthest behind; `None` if nobody can tell.
    pub fn behind(&self) -> Option<usize> {
        let running = self.upstream.iter().flat_map(|upstream| &upstream.running);
        running.map(|running| running.queued.len()).max()
    }

    /// The environments; those that run the same version are together.
    pub fn alike(&self) -> Vec<Vec<&EnvironmentStatus>> {
        // Nothing is like an environment whose pins differ or can't be read.
        let version = |environment: &EnvironmentStatus| {
            let pin = self.farthest(environment)?;
            let agree = environment.agreement() == Agreement::Agree;
            (agree && environment.versions().len() == 1)
                .then(|| (self.component.short(&pin.value).into_owned(), pin.commit().cloned()))
        };
        let mut groups: Vec<(_, Vec<&EnvironmentStatus>)> = Vec::new();
        for environment in &self.environments {
            let version = version(environment);
            let is_like = |(other, _): &&mut (_, _)| version.is_some() && *other == version;
            match groups.iter_mut().find(is_like) {
                Some((_, group)) => group.push(environment),
                None => groups.push((version, vec![environment])),
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }

    /// What is wrong with a version whatever waits behind it: a fragment.
    pub fn remark(&self, pin: &PinStatus) -> Option<String> {
        let value = escaped(&self.component.short(&pin.value));
        match pin.start.as_ref()? {
            Start::Moving => Some(format!("`{value}` {}", Stay::of(&pin.value).described())),
            Start::Unknown => Some(format!("`{value}` is no commit of the upstream")),
            Start::Ambiguous(all) => {
                let all: Vec<_> = all.iter().map(|one| format!("`{one}`")).collect();
                Some(format!("`{value}` is the beginning of {}", all.join(" and ")))
            }
            Start::Commit(_) => match &self.running(pin)?.ahead[..] {
                [] => None,
                ahead => Some(format!("`{value}` has {} that the branch lacks", amount(ahead))),
            },
        }
    }

    /// What is wrong with the versions of these pins, each once.
    pub fn remarks<'b>(&self, pins: impl IntoIterator<Item = &'b PinStatus>) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let remarks = pins.into_iter().filter_map(|pin| self.remark(pin));
        remarks.filter(|remark| seen.insert(remark.clone())).collect()
    }

    /// Whether everything about it could be told.
    pub fn is_complete(&self) -> bool {
        self.problem.is_none() && self.environments.iter().all(|one| one.problems.is_empty())
    }

    /// Whether a check can pass it: what nobody could look up, nobody can pass.
    pub fn is_judged(&self) -> bool {
        self.is_complete() && self.upstream.is_some()
    }

    /// Everything in it that a check does not let pass now (seconds since 1970).
    pub fn drifts(&self, limits: &Limits, now: i64) -> Vec<Drift> {
        let mut drifts = Vec::new();
        for environment in &self.environments {
            let mut messages: Vec<String> = Vec::new();
            if environment.agreement() == Agreement::Differ {
                messages.push("the pins disagree".to_owned());
            }
            messages.extend(self.remarks(&environment.pins));
            let running = self.farthest(environment).and_then(|pin| self.running(pin));
            messages.extend(running.into_iter().flat_map(|running| beyond(running, limits, now)));
            let (component, name) = (&self.component.name, &environment.name);
            drifts.extend(messages.into_iter().map(|message| Drift {
                component: component.clone(),
                environment: name.clone(),
                message,
            }));
        }
        drifts
    }
}

/// What exceeds the limits.
fn beyond(running: &Running, limits: &Limits, now: i64) -> Vec<String> {
    let (mut messages, behind) = (Vec::new(), running.queued.len());
    if let Some(most) = limits.max_behind.filter(|most| behind > *most) {
        messages.push(format!("{} behind, {most} allowed", commits(behind)));
    }
    let waits = running.since.map(|since| of_seconds(now - since));
    if let (Some(waits), Some(longest)) = (waits, limits.max_age)
        && waits > longest
    {
        messages.push(format!("a change waits for {}, {} allowed", shown(waits), shown(longest)));
    }
    messages
}

impl EnvironmentStatus {
    /// Whether its pins name the same commit.
    pub fn agreement(&self) -> Agreement {
        if !self.problems.is_empty() {
            return Agreement::Unknown;
        }
        // A digest says nothing of a commit.
        let pins: Vec<_> = self.pins.iter().filter(|pin| pin.version().is_some()).collect();
        let pairs = (0..pins.len()).flat_map(|index| (0..index).map(move |other| (index, other)));
        let pairs = pairs.map(|(one, other)| (pins[one], pins[other]));
        pairs.map(|(one, other)| agreement(one, other)).max_by_key(rank).unwrap_or(Agreement::Agree)
    }

    /// The pins that disagree with another one.
    pub fn disagreeing(&self) -> Vec<&PinStatus> {
        let disagrees = |pin: &&PinStatus| {
            self.pins.iter().any(|other| agreement(pin, other) == Agreement::Differ)
        };
        self.pins.iter().filter(disagrees).collect()
    }

    /// One pin of each version, in their order.
    pub fn versions(&self) -> Vec<&PinStatus> {
        let mut versions: Vec<&PinStatus> = Vec::new();
        for pin in self.pins.iter().filter(|pin| pin.version().is_some()) {
            if versions.iter().all(|other| same_version(pin, other) != Agreement::Agree) {
                versions.push(pin);
            }
        }
        versions
    }

    /// The latest promotion among some of its pins; an uncommitted one is later than all others.
    pub fn promoted<'a>(pins: impl Iterator<Item = &'a PinStatus>) -> &'a Promoted {
        let when = |promoted: &&Promoted| match promoted {
            Promoted::Unknown => i64::MIN,
            Promoted::By { time, .. } => *time,
            Promoted::Uncommitted => i64::MAX,
        };
        pins.map(|pin| &pin.promoted).max_by_key(when).unwrap_or(&Promoted::Unknown)
    }
}

fn rank(agreement: &Agreement) -> u8 {
    match agreement {
        Agreement::Agree => 0,
        Agreement::Unknown => 1,
        Agreement::Differ => 2,
    }
}

/// Two pins agree if they name the same commit, or if they are of different templates: each template
/// is promoted on its own.
fn agreement(one: &PinStatus, other: &PinStatus) -> Agreement {
    match (one.template(), other.template()) {
        (Some(one), Some(other)) if one != other => Agreement::Agree,
        _ => same_version(one, other),
    }
}

/// A suffix such as `-rc` doesn't matter.
fn same_version(one: &PinStatus, other: &PinStatus) -> Agreement {
    let is_one_commit = one.commit().is_some() && one.commit() == other.commit();
    if is_one_commit || one.version() == other.version() {
        return Agreement::Agree;
    }
    match (one.digits(), other.digits()) {
        (Some(one), Some(other)) if one.starts_with(&other) || other.starts_with(&one) => {
            Agreement::Unknown
        }
        _ => Agreement::Differ,
    }
}

impl PinStatus {
    /// Its commit or tag, without a digest behind it; `None` for a digest alone.
    pub fn version(&self) -> Option<&str> {
        commit_or_tag(&self.value)
    }

    /// `FILE:LINE`, and the target in a saas file. Not escaped.
    pub fn place(&self) -> String {
        let target = self.target.as_ref().map(|target| format!(" ({target})"));
        format!("{}:{}{}", self.file, self.line, target.unwrap_or_default())
    }

    /// The template, in a saas file.
    fn template(&self) -> Option<&str> {
        let (template, _) = self.target.as_ref()?.split_once('/')?;
        Some(template)
    }

    /// The commit that it names, if that is known for certain.
    pub fn commit(&self) -> Option<&CommitId> {
        self.start.as_ref().and_then(Start::commit)
    }

    /// The digits of a commit that it names, in lowercase.
    fn digits(&self) -> Option<String> {
        let version = self.version()?;
        let full = is_full_commit(version).then_some(version);
        match self.commit() {
            Some(commit) => Some(commit.to_string()),
            None => full.or_else(|| commit_part(version)).map(str::to_lowercase),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
