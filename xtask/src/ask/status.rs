//! Reads what `status` tells: the pins and who wrote them, and beside that the upstreams and the
//! registry, all at the same time.
//!
//! Lenient: what can't be read is a problem of that environment or of that component alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, anyhow};
use promotion::config::Config;
use promotion::history::changes::{Span, Start, each_once};
use promotion::history::people::People;
use promotion::inspect::status::{
    Agreement, ComponentStatus, EnvironmentStatus, NewerImage, PinStatus, Promoted, Running,
    UpstreamStatus,
};
use promotion::model::commit::Commit;
use promotion::model::component::{Component, Environment};
use promotion::model::image::Image;
use promotion::model::path::RepoPath;
use promotion::model::problem::{Problem, problems};
use promotion::model::tree::{Tree, Wanted};
use promotion::model::version::CommitId;
use promotion::plan::{Outcome, Part, PlannedValue, plan};

use crate::ask::people;
use crate::cli::Format;
use crate::git::{Blame, Git};
use crate::hint::Hint;
use crate::mirror::{self, Mirror};
use crate::registry::{ImageAnswer, Registry, problem};
use crate::session::Session;
use crate::worktree::WorkTree;

/// How many older versions are asked for when the newest one has no image.
const MOST_IMAGES: usize = 10;

/// How many files are blamed at the same time. git waits for the disk as much as for a core.
const BLAMES: usize = 4;

/// A component and the environments that are looked at.
pub type Asked<'a> = (&'a Component, Vec<&'a Environment>);

/// What was found, and what a person should know about it.
#[derive(Debug, Default)]
pub struct Survey<'a> {
    /// In the order of the configuration.
    pub components: Vec<ComponentStatus<'a>>,
    /// Whose commits wait, and who promoted.
    pub people: People,
    /// What could not be told, and spoils nothing else.
    pub notes: Vec<String>,
}

/// Who wrote the lines of each file.
type Blames = BTreeMap<RepoPath, BTreeMap<usize, Blame>>;

/// Reads everything about these components.
pub fn survey<'a>(
    session: &Session,
    work_tree: &WorkTree,
    config: &'a Config,
    asked: &[Asked<'a>],
) -> Survey<'a> {
    let groups = by_upstream(asked);
    let _step = (!session.offline).then(|| session.progress.network(fetching(&groups)));
    thread::scope(|scope| {
        // Not all at the same address at once: they would only wait for each other.
        let open = |group: &Vec<Asked<'a>>| {
            let upstream = group[0].0.upstream.clone();
            scope.spawn(move || fetched(session, work_tree, upstream.address()))
        };
        let mirrors: Vec<_> = groups.iter().map(open).collect();
        let wanted = Wanted { globs: vec![people::users(config)], ..Wanted::default() };
        let users = scope.spawn(move || work_tree.read(&wanted));
        let read = |(component, environments): &Asked<'a>| {
            let read = |one: &&Environment| environment(work_tree, component, one);
            environments.iter().map(read).collect::<Vec<_>>()
        };
        let pins: Vec<Vec<Vec<EnvironmentStatus>>> =
            groups.iter().map(|group| group.iter().map(read).collect()).collect();
        let lines = lines_of(pins.iter().flatten().flatten());
        thread::scope(|inner| {
            let blamed = inner.spawn(|| blamed(work_tree, &lines));
            let looked: Vec<_> = groups
                .iter()
                .zip(mirrors)
                .zip(pins)
                .map(|((group, mirror), pins)| {
                    inner.spawn(move || look(session, group, pins, &joined(mirror)))
                })
                .collect();
            let mut survey = Survey::default();
            for part in looked {
                let (components, notes) = joined(part);
                survey.components.extend(components);
                survey.notes.extend(notes);
            }
            let place = |one: &ComponentStatus| asked.iter().position(|a| a.0 == one.component);
            survey.components.sort_by_key(place);
            let (blames, notes) = joined(blamed);
            survey.notes.extend(notes);
            survey.notes.sort();
            survey.notes.dedup();
            survey.notes.extend(session.offline.then(|| offline(&survey.components)));
            sign(&mut survey.components, &blames);
            match joined(users) {
                Ok(tree) => survey.people = people(session, work_tree, config, &tree),
                Err(error) => survey.notes.push(format!("authors are no people: {error:#}")),
            }
            survey
        })
    })
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

/// Components of the same upstream together.
fn by_upstream<'a>(asked: &[Asked<'a>]) -> Vec<Vec<Asked<'a>>> {
    let mut groups: Vec<Vec<Asked<'a>>> = Vec::new();
    for one in asked {
        let same = |group: &&mut Vec<Asked>| group[0].0.upstream == one.0.upstream;
        match groups.iter_mut().find(same) {
            Some(group) => group.push(one.clone()),
            None => groups.push(vec![one.clone()]),
        }
    }
    groups
}

fn fetching(groups: &[Vec<Asked>]) -> String {
    let addresses: Vec<_> = groups.iter().map(|group| group[0].0.upstream.to_string()).collect();
    format!("fetching {}", addresses.join(", "))
}

/// What a thread found; a panic goes on here.
fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The mirror, and why it is as old as the last fetch, if it is.
type Fetched = Result<(Mirror, Option<Problem>), Problem>;

fn fetched(session: &Session, work_tree: &WorkTree, upstream: &str) -> Fetched {
    let open = || {
        let url = Git::at(&work_tree.top).effective_url(upstream)?;
        Mirror::open(&mirror::cache_folder()?, &url)
    };
    let mirror = open().map_err(|error| first(&error))?;
    if session.offline {
        return Ok((mirror, None));
    }
    match mirror.fetch(&mut |_| {}) {
        Ok(()) => Ok((mirror, None)),
        Err(error) if mirror.exists() => Ok((mirror, Some(first(&error)))),
        Err(error) => Err(first(&error)),
    }
}

fn first(error: &anyhow::Error) -> Problem {
    problems(error).swap_remove(0)
}

/// The pins of one environment, or why they can't be read.
fn environment(
    work_tree: &WorkTree,
    component: &Component,
    environment: &Environment,
) -> EnvironmentStatus {
    let name = environment.name.clone();
    let (pins, problems) = match pins(work_tree, component, environment) {
        Ok(pins) => (pins, Vec::new()),
        Err(error) => (Vec::new(), problems(&error)),
    };
    EnvironmentStatus { name, pins, problems, repair: None }
}

/// Plans to move them somewhere: what may move is a pin.
fn pins(
    work_tree: &WorkTree,
    component: &Component,
    environment: &Environment,
) -> Result<Vec<PinStatus>> {
    let tree = work_tree.read(&Wanted::new(component, &[environment]))?;
    let any = CommitId::parse(&"f".repeat(40)).context("40 digits are a commit")?;
    let planned = plan(&[Part { component, environments: vec![environment], to: any }], &tree)?;
    let values = planned
        .parts
        .into_iter()
        .flat_map(|part| part.environments)
        .flat_map(|environment| environment.values);
    let is_pin = |value: &PlannedValue| !matches!(value.outcome, Outcome::Stays(_));
    let pin = |PlannedValue { file, line, target, old, .. }| {
        let (start, promoted) = (None, Promoted::Unknown);
        PinStatus { file, line, target, value: old, start, promoted }
    };
    Ok(values.filter(is_pin).map(pin).collect())
}

fn lines_of<'a>(
    environments: impl Iterator<Item = &'a EnvironmentStatus>,
) -> BTreeMap<RepoPath, BTreeSet<usize>> {
    let mut lines: BTreeMap<RepoPath, BTreeSet<usize>> = BTreeMap::new();
    for pin in environments.flat_map(|environment| &environment.pins) {
        lines.entry(pin.file.clone()).or_default().insert(pin.line);
    }
    lines
}

/// Asks git about all lines, a few files at a time.
fn blamed(
    work_tree: &WorkTree,
    lines: &BTreeMap<RepoPath, BTreeSet<usize>>,
) -> (Blames, Vec<String>) {
    let git = Git::at(&work_tree.top);
    let Ok(is_shallow) = git.is_shallow() else {
        let note = "this is no git checkout: who promoted is unknown";
        return (Blames::new(), vec![note.to_owned()]);
    };
    let files: Vec<_> = lines.iter().collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((path, lines)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let lines: Vec<usize> = lines.iter().copied().collect();
            done.push((*path, git.blame(path, &lines)));
        }
        done
    };
    let answers: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..BLAMES.min(files.len())).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(joined).collect()
    });
    let (mut blames, mut notes) = (Blames::new(), Vec::new());
    for (path, answer) in answers {
        match answer {
            Ok(mut lines) => {
                if is_shallow && lines.values().any(|blame| blame.is_boundary) {
                    lines.retain(|_, blame| !blame.is_boundary);
                    notes.push("this is a shallow clone: who promoted before it is unknown".into());
                }
                blames.insert(path.clone(), lines);
            }
            Err(error) => notes.push(format!("`{path}`: who promoted is unknown: {error:#}")),
        }
    }
    (blames, notes)
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

/// Whoever is named. What scripts and wikis read knows no you.
fn people(session: &Session, work_tree: &WorkTree, config: &Config, tree: &Tree) -> People {
    let is_text = session.format == Format::Text;
    let you = is_text.then(|| people::your_email(&Git::at(&work_tree.top))).flatten();
    people::people_and_you(config, tree, you.as_deref())
}

/// Looks up the pins of some components in the mirror that they share.
fn look<'a>(
    session: &Session,
    group: &[Asked<'a>],
    pins: Vec<Vec<EnvironmentStatus>>,
    mirror: &Fetched,
) -> (Vec<ComponentStatus<'a>>, Vec<String>) {
    let mut notes = Vec::new();
    let mut component = |(component, environments): (&'a Component, Vec<EnvironmentStatus>)| {
        let problem = mirror.as_ref().map_or_else(|error| Some(error.clone()), |m| m.1.clone());
        let mut status = ComponentStatus { component, upstream: None, problem, environments };
        if let Ok((mirror, _)) = mirror
            && mirror.exists()
        {
            let result = history(session, mirror, &mut status, &mut notes);
            status.problem = result.err().map(|error| first(&error)).or(status.problem.take());
        }
        status
    };
    let parts = group.iter().map(|(component, _)| *component).zip(pins);
    let components = parts.map(&mut component).collect();
    (components, notes)
}

/// What the pins are in the upstream, and what waits behind them.
fn history(
    session: &Session,
    mirror: &Mirror,
    status: &mut ComponentStatus,
    notes: &mut Vec<String>,
) -> Result<()> {
    let component = status.component;
    let head = mirror.resolve(None, component.branch.as_deref())?.commit;
    for environment in &mut status.environments {
        let versions: Vec<_> = environment.pins.iter().map(|pin| pin.value.as_str()).collect();
        let starts = mirror.starts(&versions)?;
        for (pin, start) in environment.pins.iter_mut().zip(starts) {
            pin.start = Some(start);
        }
    }
    let pins = status.environments.iter().flat_map(|environment| &environment.pins);
    let ids: BTreeSet<&CommitId> = pins.filter_map(PinStatus::commit).collect();
    let spans =
        mirror.changes(ids.iter().map(|id| (id.to_string(), Vec::new())).collect(), &head)?;
    let newer = newer_images(session, component, &spans.0, &head, notes);
    let mut running = Vec::new();
    for (span, newer_image) in spans.0.into_iter().zip(newer) {
        let Start::Commit(id) = &span.start else { continue };
        let since = mirror.since(id, &head)?;
        let commit = mirror.commits(std::slice::from_ref(id))?.pop();
        let commit = commit.with_context(|| format!("`git log` left out `{id}`"))?;
        let once = |commits: &Vec<_>| each_once(commits).into_iter().cloned().collect();
        let queued: Vec<Commit> = once(&span.queued);
        // A merge alone is enough to be off the branch.
        let is_listed = span.taken_back.iter().any(|commit| !commit.is_merge);
        let ahead = if is_listed { once(&span.taken_back) } else { span.taken_back.clone() };
        running.push(Running { commit, queued, ahead, since, newer_image });
    }
    let head = mirror.commits(&[head])?.pop().ok_or_else(|| anyhow!("`git log` left out HEAD"))?;
    let is_on_branch = |id: &CommitId| mirror.is_ancestor(id, &head.id);
    for environment in &mut status.environments {
        if environment.agreement() == Agreement::Differ {
            environment.repair = repair(session, component, environment, mirror, &is_on_branch)?;
        }
    }
    status.upstream = Some(UpstreamStatus { head, running });
    Ok(())
}

/// The newest commit of each queue that has an image.
fn newer_images(
    session: &Session,
    component: &Component,
    spans: &[Span],
    head: &CommitId,
    notes: &mut Vec<String>,
) -> Vec<NewerImage> {
    let image = component.image.as_deref().and_then(Image::parse).filter(|_| !session.offline);
    let Some(image) = image else { return vec![NewerImage::Unknown; spans.len()] };
    if spans.iter().all(|span| span.queued.is_empty()) {
        return vec![NewerImage::None; spans.len()];
    }
    let registry = Registry::default();
    let tag = head.tag(component.tag_length);
    // The newest one alone: nearly always it is there, or nothing can be asked at all.
    let answer = registry.ask(&image, tag);
    if let Some(problem) = problem(&image, tag, &answer).filter(|_| answer != ImageAnswer::Absent) {
        notes.push(format!("newer images are unknown: {problem}"));
    }
    let newer = |span: &Span| match (&answer, span.queued.split_first()) {
        (_, None) => NewerImage::None,
        (ImageAnswer::Present { .. }, Some(_)) => NewerImage::Of(head.clone()),
        (ImageAnswer::Absent, Some((_, older))) => {
            let tags: Vec<_> =
                older.iter().map(|commit| commit.id.tag(component.tag_length)).collect();
            let index = registry.newest_present(&image, &tags, MOST_IMAGES);
            index.map_or(NewerImage::None, |index| NewerImage::Of(older[index].id.clone()))
        }
        _ => NewerImage::Unknown,
    };
    spans.iter().map(newer).collect()
}

/// The command that brings all pins of an environment to the newest commit among them. `None` if
/// none of them has all the others.
fn repair(
    session: &Session,
    component: &Component,
    environment: &EnvironmentStatus,
    mirror: &Mirror,
    is_on_branch: &dyn Fn(&CommitId) -> Result<bool>,
) -> Result<Option<String>> {
    let commits: BTreeSet<_> = environment.pins.iter().filter_map(PinStatus::commit).collect();
    let mut newest = None;
    for candidate in &commits {
        let others = commits.iter().filter(|other| *other != candidate);
        let has = |other: &&CommitId| mirror.is_ancestor(other, candidate);
        if others.map(has).collect::<Result<Vec<_>>>()?.into_iter().all(|has| has) {
            newest = Some(*candidate);
        }
    }
    let Some(newest) = newest else { return Ok(None) };
    let mut hint = Hint::new(session, "promote")
        .without("--offline")
        .option("--component", Some(&component.name))
        .option("--env", Some(&environment.name))
        .option("--ref", Some(newest.as_str()));
    // The guards can't tell in which direction these would go.
    let is_unclear = |pin: &PinStatus| pin.commit().is_none() && pin.start != Some(Start::Moving);
    if environment.pins.iter().any(is_unclear) {
        hint = hint.flags(["--allow-downgrade"]).option("--reason", Some("the pins disagree"));
    }
    if !is_on_branch(newest)? {
        hint = hint.flags(["--allow-off-branch"]);
    }
    Ok(Some(hint.to_string()))
}
