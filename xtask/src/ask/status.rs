//! Reads what `status` tells: the pins and who wrote them, the upstreams, and the registry.
//!
//! Lenient: what can't be read is a problem of that environment or of that component alone.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use promotion::config::Config;
use promotion::history::changes::{Changes, RunningVersion, Span, Start, each_once};
use promotion::history::graph::Graph;
use promotion::history::people::People;
use promotion::inspect::status::{
    Agreement, ComponentStatus, EnvironmentStatus, NewerImage, PinStatus, Promoted, Running,
    UpstreamStatus,
};
use promotion::model::commit::Commit;
use promotion::model::component::{Component, Environment, FilePattern, Origin, Scope};
use promotion::model::image::Image;
use promotion::model::problem::{Problem, problems};
use promotion::model::tree::{Tree, Wanted};
use promotion::model::version::CommitId;
use promotion::plan::{Part, PlannedValue, plan};

use crate::ask::look_up::{Answer, Known, Question, look_up};
use crate::ask::people;
use crate::ask::promoters::{Blames, Lines, promoters};
use crate::cli::Format;
use crate::git::{Git, GitSettings};
use crate::hint::Hint;
use crate::pool::{self, joined};
use crate::registry::{ImageAnswer, Registry, problem};
use crate::session::Session;
use crate::worktree::WorkTree;

mod rows;

/// How many older versions are asked for when the newest one has no image.
const MOST_IMAGES: usize = 10;

/// How many registries are asked at the same time.
const REGISTRIES: usize = 16;

/// What was found, and what a person should know about it.
#[derive(Debug, Default)]
pub struct Survey<'a> {
    /// In the order of the configuration.
    pub components: Vec<ComponentStatus<'a>>,
    /// Whose commits wait, and who promoted.
    pub people: People,
    /// What could not be told, and spoils nothing else.
    pub notes: Vec<String>,
    /// git's `user.email` of the one who asks.
    your_email: Option<String>,
}

impl Survey<'_> {
    /// Puts first what is the farthest behind; what nobody can tell comes last.
    pub fn sort_by_behind(&mut self) {
        self.components.sort_by_key(|one| Reverse(one.behind()));
    }

    /// Keeps the components where commits of the one who asks wait.
    ///
    /// Refuses where git knows no address of theirs.
    pub fn keep_mine(&mut self) -> Result<(), Problem> {
        let Some(email) = &self.your_email else {
            let problem = Problem::new("git has no `user.email`, so nobody is you");
            return Err(problem.help("`git config user.email ADDRESS`"));
        };
        let waits = |one: &ComponentStatus| {
            let running = one.upstream.iter().flat_map(|upstream| &upstream.running);
            let mut queued = running.flat_map(|running| &running.queued);
            queued.any(|commit| self.people.are_same(email, &commit.author))
        };
        self.components.retain(waits);
        if self.components.is_empty() {
            self.notes.push("no commit of yours waits there".to_owned());
        }
        Ok(())
    }
}

/// How thoroughly a survey asks.
#[derive(Debug, Clone, Copy)]
pub struct Thoroughness {
    /// Whether registries are asked for newer images.
    pub asks_images: bool,
    /// How long an upstream may be silent before what is known of it has to do.
    pub patience: Duration,
}

/// Reads everything about the components and environments of these scopes.
pub fn survey<'a>(
    session: &Session,
    work_tree: &WorkTree,
    config: &'a Config,
    scopes: &[Scope<'a>],
    Thoroughness { asks_images, patience }: Thoroughness,
) -> Survey<'a> {
    let mut components: Vec<ComponentStatus> =
        pool::each(scopes, pool::cores(), |scope| with_pins(work_tree, scope));
    let settings = Git::at(&work_tree.top).settings().unwrap_or_default();
    let groups = by_upstream(&components);
    let questions: Vec<Question> =
        groups.iter().map(|group| question(&components, group)).collect();
    let lines = lines_of(&components);
    let row_of = |nth: usize, answer: &Answer| rows::of(session, &components, &groups[nth], answer);
    let (answers, (blames, mut notes), users) = thread::scope(|scope| {
        let answers = scope.spawn(|| look_up(session, &settings, &questions, patience, row_of));
        let blames = scope.spawn(|| promoters(work_tree, &lines));
        let users = users(session, work_tree, config, &settings);
        let answers = joined(answers);
        let _step = session.progress.local("reading who promoted last");
        (answers, joined(blames), users)
    });
    let mut waiting: Vec<(&Component, Changes)> =
        scopes.iter().map(|scope| (scope.component, Changes::default())).collect();
    for (group, answer) in groups.iter().zip(answers) {
        for (&index, changes) in group.iter().zip(take_in(session, &mut components, group, &answer))
        {
            waiting[index].1 = changes;
        }
    }
    let asked = if asks_images && !session.offline { waiting } else { Vec::new() };
    let step = session.progress.local("asking for newer images");
    let (done, silent) = (AtomicUsize::new(0), SilentRegistries::default());
    let images = pool::each(&asked, REGISTRIES, |(component, changes)| {
        let newer = newer_images(component, changes, &silent);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        step.detail(&format!("newer images: {done} of {}", asked.len()));
        newer
    });
    for (component, (newer, note)) in components.iter_mut().zip(images) {
        notes.extend(note);
        let running = component.upstream.iter_mut().flat_map(|upstream| &mut upstream.running);
        running.zip(newer).for_each(|(running, newer)| running.newer_image = newer);
    }
    sign(&mut components, &blames);
    let people = users.unwrap_or_else(|error| {
        notes.push(format!("authors are no people: {error:#}"));
        People::default()
    });
    notes.sort();
    notes.dedup();
    notes.extend(session.offline.then(|| offline(&components)));
    let your_email = settings.your_email().map(str::to_owned);
    Survey { components, people, notes, your_email }
}

/// What offline means for these components.
fn offline(components: &[ComponentStatus]) -> String {
    let is_missing = |one: &&ComponentStatus| one.upstream.is_none() && one.problem.is_none();
    let mut missing: Vec<_> = components.iter().filter(is_missing).collect();
    missing.dedup_by(|one, other| one.component.upstream == other.component.upstream);
    let missing: Vec<_> =
        missing.iter().map(|one| format!("`{}`", one.component.upstream)).collect();
    match missing.as_slice() {
        [] => "offline: the upstreams are shown as they were at the last fetch".to_owned(),
        missing => format!(
            "offline: what only the upstream knows is shown as ?, there is no mirror yet of {}",
            missing.join(", ")
        ),
    }
}

/// The indices of components that share an upstream, in their order.
fn by_upstream(components: &[ComponentStatus]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let upstream = |index: usize| &components[index].component.upstream;
    for index in 0..components.len() {
        let is_same = |group: &&mut Vec<usize>| upstream(group[0]) == upstream(index);
        match groups.iter_mut().find(is_same) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

/// What the components of one upstream want to know of it.
fn question<'c>(components: &'c [ComponentStatus], group: &[usize]) -> Question<'c> {
    let members = || group.iter().map(|&index| &components[index]);
    Question {
        upstream: &components[group[0]].component.upstream,
        branches: members().map(|one| one.component.branch.as_deref()).collect(),
        versions: members()
            .flat_map(pins_of)
            .map(|pin| pin.version().unwrap_or_default())
            .collect(),
    }
}

fn pins_of<'c>(component: &'c ComponentStatus) -> impl Iterator<Item = &'c PinStatus> {
    component.environments.iter().flat_map(|environment| &environment.pins)
}

/// What the work tree says of a component. Where its environments can't be read together, each is
/// read alone.
fn with_pins<'a>(work_tree: &WorkTree, scope: &Scope<'a>) -> ComponentStatus<'a> {
    let component = scope.component;
    let environments = pins(work_tree, component, &scope.environments).unwrap_or_else(|_| {
        let alone = |one: &&'a Environment| environment(work_tree, component, one);
        scope.environments.iter().map(alone).collect()
    });
    ComponentStatus { component, upstream: None, problem: None, environments }
}

/// The pins of one environment, or why they can't be read.
fn environment<'a>(
    work_tree: &WorkTree,
    component: &'a Component,
    environment: &'a Environment,
) -> EnvironmentStatus {
    let found = pins(work_tree, component, &[environment]);
    let found = found.map(|mut found| found.pop().map(|one| one.pins).unwrap_or_default());
    let (pins, problems) = match found {
        Ok(pins) => (pins, Vec::new()),
        Err(error) => (Vec::new(), problems(&error)),
    };
    EnvironmentStatus { name: environment.name.clone(), pins, problems, repair: None }
}

/// Plans to move the pins of these environments somewhere: what may move is a pin.
fn pins<'a>(
    work_tree: &WorkTree,
    component: &'a Component,
    environments: &[&'a Environment],
) -> Result<Vec<EnvironmentStatus>> {
    let wanted = Wanted::new(component, environments);
    let tree = work_tree.read(&wanted)?;
    work_tree.refuse_hidden(&wanted, &tree)?;
    let scope = Scope { component, environments: environments.to_vec() };
    let planned = plan(&[Part::any(&scope)], &tree)?;
    let pin = |PlannedValue { file, line, target, old, .. }| {
        let (start, promoted) = (None, Promoted::Unknown);
        PinStatus { file, line, target, value: old, start, promoted }
    };
    let environments = planned.parts.into_iter().flat_map(|part| part.environments);
    let status = environments.map(|one| EnvironmentStatus {
        name: one.name,
        pins: one.values.into_iter().filter(|value| !value.stays()).map(pin).collect(),
        problems: Vec::new(),
        repair: None,
    });
    Ok(status.collect())
}

fn lines_of(components: &[ComponentStatus]) -> Lines {
    let mut lines = Lines::new();
    for pin in components.iter().flat_map(pins_of) {
        lines.entry(pin.file.clone()).or_default().insert(pin.line);
    }
    lines
}

/// Notes at each pin who wrote it.
fn sign(components: &mut [ComponentStatus], blames: &Blames) {
    let environments = components.iter_mut().flat_map(|one| &mut one.environments);
    for pin in environments.flat_map(|environment| &mut environment.pins) {
        let Some(blame) = blames.get(&pin.file).and_then(|lines| lines.get(&pin.line)) else {
            continue;
        };
        pin.promoted = match blame.commit.clone() {
            None => Promoted::Uncommitted,
            Some(commit) => Promoted::By { commit, author: blame.author.clone(), time: blame.time },
        };
    }
}

/// The people of the repository. Only text for a terminal calls the one who asks 'you': JSON and
/// Markdown are read by others.
fn users(
    session: &Session,
    work_tree: &WorkTree,
    config: &Config,
    settings: &GitSettings,
) -> Result<People> {
    let wanted = Wanted { globs: vec![people::users(config)], ..Wanted::default() };
    let tree: Tree = work_tree.read(&wanted)?;
    let you = settings.your_email().filter(|_| session.format == Format::Text);
    Ok(people::people(config, &tree, you))
}

/// Hands the answer of an upstream to the components that share it. Returns the changes that wait
/// for each of them.
fn take_in(
    session: &Session,
    components: &mut [ComponentStatus],
    group: &[usize],
    answer: &Answer,
) -> Vec<Changes> {
    let mut rest = answer.known.as_ref().map_or(&[][..], |known| &known.starts);
    let mut take_in = |(nth, &index): (usize, &usize)| {
        let status = &mut components[index];
        status.problem = answer.problem.clone();
        let Some(known) = &answer.known else { return Changes::default() };
        let (starts, others) = rest.split_at(pins_of(status).count());
        rest = others;
        history(session, status, known, &known.heads[nth], starts).unwrap_or_else(|problem| {
            // Why nothing could be fetched matters more than what the last fetch lacks.
            status.problem.get_or_insert(problem);
            Changes::default()
        })
    };
    group.iter().enumerate().map(&mut take_in).collect()
}

/// What the pins of a component are in the upstream, and what waits behind them.
fn history(
    session: &Session,
    status: &mut ComponentStatus,
    known: &Known,
    head: &Result<CommitId, Problem>,
    starts: &[Start],
) -> Result<Changes, Problem> {
    let (graph, head) = (&known.graph, head.as_ref().map_err(Clone::clone)?);
    let pins = status.environments.iter_mut().flat_map(|environment| &mut environment.pins);
    // A digest names no commit.
    let named = pins.zip(starts).filter(|(pin, _)| pin.version().is_some());
    named.for_each(|(pin, start)| pin.start = Some(start.clone()));
    let ids: BTreeSet<&CommitId> = starts.iter().filter_map(Start::commit).collect();
    let versions = ids.into_iter().map(|id| RunningVersion {
        version: id.to_string(),
        start: Start::Commit(id.clone()),
        environments: Vec::new(),
    });
    let changes = Changes::new(versions.collect(), head, graph);
    let running = changes.0.iter().filter_map(|span| running(span, graph, head)).collect();
    for environment in &mut status.environments {
        if environment.agreement() == Agreement::Differ {
            environment.repair = repair(session, status.component, environment, graph, head);
        }
    }
    let head = graph.commit(head).cloned();
    status.upstream = head.map(|head| UpstreamStatus { head, running });
    Ok(changes)
}

/// A version that runs, from the commits between it and the newest one.
fn running(span: &Span, graph: &Graph, head: &CommitId) -> Option<Running> {
    let commit = graph.commit(span.start.commit()?)?;
    let once = |commits: &Vec<_>| each_once(commits).into_iter().cloned().collect();
    let queued: Vec<Commit> = once(&span.queued);
    // Where nothing but merges is off the branch, they are shown.
    let is_listed = span.taken_back.iter().any(|commit| !commit.is_merge);
    let ahead = if is_listed { once(&span.taken_back) } else { span.taken_back.clone() };
    let since = graph.since(&commit.id, head);
    Some(Running { commit: commit.clone(), queued, ahead, since, newer_image: NewerImage::Unknown })
}

/// The registries that gave no answer: nobody waits for them a second time.
type SilentRegistries = Mutex<BTreeSet<String>>;

/// For each span, the newest commit of its queue that has an image; and a note if that can't be told.
fn newer_images(
    component: &Component,
    changes: &Changes,
    silent: &SilentRegistries,
) -> (Vec<NewerImage>, Option<String>) {
    let spans = &changes.0;
    let own = component.images.first();
    let image = own.and_then(|own| Some((Image::parse(&own.name)?, own.tag_length)));
    let Some((image, tag_length)) = image else {
        return (vec![NewerImage::Unknown; spans.len()], None);
    };
    // All queues begin with the head of the branch and only end at different commits, so one answer
    // about the head is enough.
    let Some(head) = spans.iter().find_map(|span| span.queued.first()) else {
        return (vec![NewerImage::None; spans.len()], None);
    };
    let host = image.registry().to_owned();
    if silent.lock().is_ok_and(|silent| silent.contains(&host)) {
        return (vec![NewerImage::Unknown; spans.len()], None);
    }
    let registry = Registry::default();
    let tag = |commit: &Commit| commit.id.tag(tag_length).to_owned();
    // Mostly the newest has an image, or the registry can't be asked at all: no need for more.
    let answer = registry.ask(&image, &tag(head));
    if let (ImageAnswer::Unreachable { .. }, Ok(mut silent)) = (&answer, silent.lock()) {
        silent.insert(host);
    }
    let problem = problem(&image, &tag(head), &answer).filter(|_| answer != ImageAnswer::Absent);
    let newer = |span: &Span| match (&answer, span.queued.split_first()) {
        (_, None) => NewerImage::None,
        (ImageAnswer::Present { .. }, Some(_)) => NewerImage::Of(head.id.clone()),
        (ImageAnswer::Absent, Some((_, older))) => {
            let tags: Vec<String> = older.iter().map(tag).collect();
            let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
            let index = registry.newest_present(&image, &tags, MOST_IMAGES);
            index.map_or(NewerImage::None, |index| NewerImage::Of(older[index].id.clone()))
        }
        _ => NewerImage::Unknown,
    };
    let note = problem.map(|problem| format!("newer images are unknown: {problem}"));
    (spans.iter().map(newer).collect(), note)
}

/// The command that brings all pins of an environment to the newest commit among them. `None` if
/// none of them has all the others.
fn repair(
    session: &Session,
    component: &Component,
    environment: &EnvironmentStatus,
    graph: &Graph,
    head: &CommitId,
) -> Option<String> {
    let commits: BTreeSet<_> = environment.pins.iter().filter_map(PinStatus::commit).collect();
    let has_all = |one: &&&CommitId| commits.iter().all(|other| graph.is_ancestor(other, one));
    let newest = *commits.iter().find(has_all)?;
    let mut hint = named(Hint::new(session, "promote").without("--offline"), component)
        .option("--env", Some(&environment.name))
        .option("--ref", Some(newest.as_str()));
    // The guards can't tell in which direction these would go.
    let is_unclear = |pin: &PinStatus| pin.commit().is_none() && pin.start != Some(Start::Moving);
    if environment.pins.iter().any(is_unclear) {
        hint = hint.flags(["--allow-downgrade"]).option("--reason", Some("the pins disagree"));
    }
    if !graph.is_ancestor(newest, head) {
        hint = hint.flags(["--allow-off-branch"]);
    }
    Some(hint.to_string())
}

/// Names a component, or the saas file and the template that it was made of.
fn named(hint: Hint, component: &Component) -> Hint {
    let pins = component.environments.iter().flat_map(|environment| &environment.pins);
    let mut pins = pins.filter(|pin| pin.origin == Origin::CommandLine);
    match pins.next().map(|pin| &pin.files) {
        Some(FilePattern::File(file)) => {
            let template = component.name.split_once('/').map(|(_, template)| template);
            hint.option("--saas", Some(file.as_str())).option("--template", template)
        }
        _ => hint.option("--component", Some(&component.name)),
    }
}
