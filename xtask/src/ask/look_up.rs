//! Asks many upstreams at the same time: fetches each once, then reads what is asked in a few
//! processes, whatever the number of questions.
//!
//! Lenient: what can't be told is a problem of that upstream alone.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use promotion::history::changes::Start;
use promotion::history::graph::Graph;
use promotion::model::problem::{Problem, problems};
use promotion::model::upstream::Upstream;
use promotion::model::version::CommitId;

use crate::cache;
use crate::git::GitSettings;
use crate::mirror::{self, Mirror};
use crate::pool;
use crate::progress::Fetching;
use crate::session::Session;

/// How many connections are open at the same time.
pub const CONNECTIONS: usize = 16;

/// How many of them to one host: one that is silent must not hold all of them.
const TO_ONE_HOST: usize = 12;

/// What is asked of one upstream.
#[derive(Debug)]
pub struct Question<'a> {
    /// Its address, as the configuration has it.
    pub upstream: &'a Upstream,
    /// The branches whose newest commits are asked for; `None` is the default branch.
    pub branches: Vec<Option<&'a str>>,
    /// The versions to look for, as pins have them.
    pub versions: Vec<&'a str>,
}

/// What is known of one upstream.
#[derive(Debug, Default)]
pub struct Answer {
    /// What the mirror says; `None` if there is none, or if it can't be read.
    pub known: Option<Known>,
    /// Why that is unknown, or as old as the last fetch.
    pub problem: Option<Problem>,
}

/// What the mirror of an upstream says.
#[derive(Debug)]
pub struct Known {
    /// The newest commit of each branch that was asked for, or why there is none.
    pub heads: Vec<Result<CommitId, Problem>>,
    /// What each version is.
    pub starts: Vec<Start>,
    /// All of these commits, and what lies between them.
    pub graph: Graph,
}

/// Hosts that can't be reached, each with what its first upstream told.
type Down = Mutex<BTreeMap<String, Problem>>;

/// The answers, in the order of the questions. Upstreams that are silent for longer than `patience`
/// are as they were. Hosts that can't be reached are asked no more, and all their upstreams have the
/// same problem.
pub fn look_up(
    session: &Session,
    settings: &GitSettings,
    questions: &[Question],
    patience: Duration,
    rows: impl Fn(usize, &Answer) -> Vec<String> + Sync,
) -> Vec<Answer> {
    let cache = match cache::folder() {
        Ok(cache) => cache,
        Err(error) => {
            let answer = || Answer { known: None, problem: Some(first(&error)) };
            return questions.iter().map(|_| answer()).collect();
        }
    };
    let down = Down::default();
    let names: Vec<_> = questions.iter().map(|question| question.upstream.to_string()).collect();
    let is_asked = !session.offline && !names.is_empty();
    let fetching = is_asked.then(|| session.progress.fetching(&names));
    let numbered: Vec<_> = questions.iter().enumerate().collect();
    let url_of = |question: &Question| settings.effective_url(question.upstream.address());
    let host = |&(_, question): &(usize, &Question)| mirror::host(&url_of(question));
    let limits = (CONNECTIONS, TO_ONE_HOST);
    let mut found = pool::each_of_groups(&numbered, limits, host, |&(nth, question)| {
        match Mirror::open(&cache, &url_of(question)) {
            Ok(mirror) => {
                // Where nothing is known yet, there is nothing to go on with.
                let mirror = if mirror.exists() { mirror.patience(patience) } else { mirror };
                let (answer, host) = answer(fetching.as_ref(), &mirror, question, &down);
                if let Some(fetching) = fetching.as_ref().filter(|fetching| fetching.is_seen()) {
                    fetching.known(rows(nth, &answer));
                }
                (answer, host)
            }
            Err(error) => (Answer { known: None, problem: Some(first(&error)) }, None),
        }
    });
    let down = down.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (answer, host) in &mut found {
        if let Some(problem) = host.as_ref().and_then(|host| down.get(host)) {
            answer.problem = Some(problem.clone());
        }
    }
    found.into_iter().map(|(answer, _)| answer).collect()
}

/// The answer of one upstream, and its host if that can't be reached.
fn answer(
    fetching: Option<&Fetching>,
    mirror: &Mirror,
    question: &Question,
    down: &Down,
) -> (Answer, Option<String>) {
    let failure = fetching.and_then(|fetching| {
        fetching.one(&mirror.short_name(), |progress| fetched(mirror, down, progress))
    });
    let (mut problem, host) = failure.map_or((None, None), |(problem, host)| (Some(problem), host));
    let known = || mirror.remembering(|| known(mirror, question));
    let known = mirror.exists().then(known).transpose();
    let known = known.unwrap_or_else(|error| {
        problem = Some(first(&error));
        None
    });
    (Answer { known, problem }, host)
}

/// Fetches a mirror. Returns why that failed, and its host if that is the cause.
fn fetched(
    mirror: &Mirror,
    down: &Down,
    progress: &mut dyn FnMut(&str),
) -> Option<(Problem, Option<String>)> {
    let lock = || down.lock().unwrap_or_else(PoisonError::into_inner);
    let host = mirror.host();
    if let Some(problem) = host.as_ref().and_then(|host| lock().get(host).cloned()) {
        return Some((problem, host));
    }
    let error = mirror.fetch(progress).err()?;
    let problem = first(&error);
    let host = host.filter(|_| mirror.is_host_down());
    if let Some(host) = &host {
        // It says the same whichever of its upstreams was asked first.
        let message = problem.message.replace(mirror.shown(), host);
        lock().entry(host.clone()).or_insert(Problem { message, ..problem.clone() });
    }
    Some((problem, host))
}

fn known(mirror: &Mirror, question: &Question) -> anyhow::Result<Known> {
    let head = |branch: &Option<&str>| {
        mirror.resolve(None, *branch).map(|head| head.commit).map_err(|error| first(&error))
    };
    let heads: Vec<_> = question.branches.iter().map(head).collect();
    let starts = mirror.starts(&question.versions)?;
    let commits = starts.iter().filter_map(Start::commit);
    let graph = mirror.graph(commits.chain(heads.iter().flatten()))?;
    Ok(Known { heads, starts, graph })
}

/// The first problem of an error.
pub fn first(error: &anyhow::Error) -> Problem {
    problems(error).swap_remove(0)
}
