//! The upstreams that a promotion needs: fetched together, and read afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result};
use promotion::config::Config;
use promotion::history::changes::{self, Changes};
use promotion::model::component::{Component, Scope};
use promotion::model::problem::{Problem, problems};
use promotion::model::tree::Tree;
use promotion::model::version::{CommitId, commit_or_tag};
use promotion::plan::{Part, PartPlan, plan};
use promotion::report::few;

use crate::ask::look_up::{CONNECTIONS, first};
use crate::cache;
use crate::git::{Git, GitSettings};
use crate::mirror::Mirror;
use crate::pool;
use crate::session::Session;
use crate::worktree::WorkTree;

/// The upstreams that the promotion of one component needs.
#[derive(Debug)]
pub struct Upstreams<'a> {
    /// What is promoted.
    pub component: &'a Component,
    /// Its upstream.
    pub mirror: Mirror,
    /// The component that may have to go first, and its upstream.
    pub schemas: Option<(&'a Component, Mirror)>,
    /// git's `user.email` of the one who promotes.
    pub your_email: Option<String>,
    /// Why that one could not be fetched.
    pub(super) unasked: Option<anyhow::Error>,
}

/// How many commits a warning names.
const MOST_COMMITS: usize = 10;

impl<'a> Upstreams<'a> {
    /// Opens the upstreams of every scope, and fetches them unless the network is not to be touched.
    pub fn all(
        session: &Session,
        work_tree: &WorkTree,
        config: &'a Config,
        scopes: &[Scope<'a>],
    ) -> Result<Vec<Self>> {
        let settings = Git::at(&work_tree.top).settings()?;
        let open = |scope: &Scope<'a>| Upstreams::with(&settings, config, scope.component);
        let all = scopes.iter().map(open).collect::<Result<_>>()?;
        if session.offline { Ok(all) } else { fetched(session, all) }
    }

    /// Drops the schemas' upstream.
    pub fn alone(self) -> Self {
        Upstreams { schemas: None, ..self }
    }

    /// Fetches those that were opened.
    pub fn fetched(self, session: &Session) -> Result<Self> {
        fetched(session, vec![self])?.pop().context("one that is fetched is still there")
    }

    /// Opens what earlier runs left in the cache, if anything, without the network.
    pub fn open(
        work_tree: &WorkTree,
        config: &'a Config,
        component: &'a Component,
    ) -> Result<Self> {
        Upstreams::with(&Git::at(&work_tree.top).settings()?, config, component)
    }

    fn with(settings: &GitSettings, config: &'a Config, component: &'a Component) -> Result<Self> {
        let cache = cache::folder()?;
        let open = |component: &Component| -> Result<Mirror> {
            let address = component.upstream.address();
            Ok(Mirror::open(&cache, &settings.effective_url(address))?.pages_at(address))
        };
        let schemas = component.schemas.as_ref().filter(|_| !component.schema_paths.is_empty());
        let schemas = schemas.map(|name| config.component(name)).transpose()?;
        let schemas = schemas.map(|schemas| Ok::<_, anyhow::Error>((schemas, open(schemas)?)));
        let (mirror, schemas) = (open(component)?, schemas.transpose()?);
        let your_email = settings.your_email().map(str::to_owned);
        Ok(Upstreams { component, mirror, schemas, your_email, unasked: None })
    }

    /// The component that may have to go first.
    pub fn schemas(&self) -> Option<&'a Component> {
        self.schemas.as_ref().map(|(schemas, _)| *schemas)
    }

    /// What a part of the plan moves along.
    pub fn changes(&self, plan: &PartPlan) -> Result<Changes> {
        let mut changes =
            self.mirror.remembering(|| self.mirror.changes(moving(plan), &plan.to))?;
        self.mark(&mut changes);
        Ok(changes)
    }

    /// The same, if earlier runs left the new version in the cache.
    pub fn known_changes(&self, plan: &PartPlan) -> Result<Option<Changes>> {
        let known = || self.mirror.knows(&plan.to).then(|| self.changes(plan)).transpose();
        self.mirror.remembering(known)
    }

    /// Marks the commits that change the template of a saas file. A mirror that can't tell marks
    /// none.
    pub fn mark(&self, changes: &mut Changes) {
        if self.component.templates.is_empty() {
            return;
        }
        let spans = changes.0.iter();
        let commits = spans.flat_map(|span| span.queued.iter().chain(&span.taken_back));
        let ids: BTreeSet<&CommitId> = commits.map(|commit| &commit.id).collect();
        let ids: Vec<&CommitId> = ids.into_iter().collect();
        let touching = self.mirror.touching(&ids, &self.component.templates);
        changes.mark(&touching.unwrap_or_default().into_iter().collect());
    }

    /// The commits of these changes that need newer schemas, the newest first.
    fn needing_schemas(&self, changes: &Changes) -> Result<Vec<CommitId>> {
        let queued: Vec<&CommitId> =
            changes.queued().into_iter().map(|commit| &commit.id).collect();
        self.mirror.touching(&queued, &self.component.schema_paths)
    }

    /// Warns if the changes need schemas and the pinned ones are behind their upstream.
    pub(super) fn schemas_first(&self, tree: &Tree, changes: &Changes) -> Result<Option<Problem>> {
        let Some((schemas, mirror)) = &self.schemas else { return Ok(None) };
        let commits = self.needing_schemas(changes)?;
        if commits.is_empty() {
            return Ok(None);
        }
        let tags: Vec<_> =
            commits.iter().map(|one| format!("`{}`", one.tag(self.component.tag_length))).collect();
        let paths = self.component.schema_paths.join("` or `");
        let needs = match tags.as_slice() {
            [tag] => format!("{tag} needs newer schemas, for it changes `{paths}`"),
            tags => {
                let tags = few(tags, MOST_COMMITS);
                format!("{tags} need newer schemas, for they change `{paths}`")
            }
        };
        let name = &schemas.name;
        if let Some(error) = &self.unasked {
            let message =
                format!("{needs}, and nobody can tell whether `{name}` is behind: {error}");
            let help = problems(error).into_iter().find_map(|problem| problem.help);
            return Ok(Some(Problem { help, ..Problem::new(message) }));
        }
        let behind = behind(schemas, mirror, tree)?;
        let message = format!("{needs}, and `{name}` is behind by {}", changes::commits(behind));
        Ok((behind > 0).then(|| Problem::new(message)))
    }
}

/// Fetches all of them at the same time, each address once. An error is that of a component's own
/// upstream; that of the schemas becomes a warning.
fn fetched<'a>(session: &Session, mut all: Vec<Upstreams<'a>>) -> Result<Vec<Upstreams<'a>>> {
    let names: Vec<_> = all.iter().map(|one| one.component.upstream.to_string()).collect();
    let fetching = session.progress.fetching(&names);
    let schemas = all.iter().filter_map(|one| Some(&one.schemas.as_ref()?.1));
    let mut mirrors: Vec<&Mirror> = all.iter().map(|one| &one.mirror).chain(schemas).collect();
    let mut seen = BTreeSet::new();
    mirrors.retain(|mirror| seen.insert(mirror.folder()));
    let results = pool::each(&mirrors, CONNECTIONS, |mirror| {
        let fetch = |progress: &mut dyn FnMut(&str)| mirror.fetch(progress).err();
        fetching.one(&mirror.short_name(), fetch).map(|error| first(&error))
    });
    let failed: BTreeMap<PathBuf, Problem> = mirrors
        .iter()
        .zip(results)
        .filter_map(|(mirror, result)| Some((mirror.folder().to_owned(), result?)))
        .collect();
    let problem = |mirror: &Mirror| failed.get(mirror.folder()).cloned();
    for upstreams in &mut all {
        if let Some(problem) = problem(&upstreams.mirror) {
            return Err(problem.into());
        }
        let schemas = upstreams.schemas.as_ref();
        upstreams.unasked = schemas.and_then(|(_, mirror)| problem(mirror)).map(Into::into);
    }
    Ok(all)
}

/// How many commits the pins of a component are behind its upstream.
fn behind(component: &Component, mirror: &Mirror, tree: &Tree) -> Result<usize> {
    let head = mirror.resolve(None, component.branch.as_deref())?.commit;
    let part = Part::new(&Scope::all(component), head.clone()).with_stand_ins();
    match plan(&[part], tree) {
        Ok(plan) => Ok(mirror.changes(moving(&plan.parts[0]), &head)?.queued().len()),
        // Its own promotion says what is wrong there.
        Err(_) => Ok(0),
    }
}

/// The versions that move, each with the environments that run it.
fn moving(plan: &PartPlan) -> Vec<(String, Vec<String>)> {
    let mut versions: Vec<(String, Vec<String>)> = Vec::new();
    for environment in &plan.environments {
        let moving = environment.values.iter().filter(|value| value.moves());
        // A digest names no commit.
        for old in moving.filter_map(|value| commit_or_tag(&value.old)) {
            let name = environment.name.clone();
            match versions.iter_mut().find(|(other, _)| other == old) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => versions.push((old.to_owned(), vec![name])),
            }
        }
    }
    versions
}
