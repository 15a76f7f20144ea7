//! The upstreams that a promotion needs: fetched together, and read afterwards.

use std::thread;

use anyhow::{Result, anyhow};
use promotion::config::Config;
use promotion::history::changes::{self, Changes, Start};
use promotion::model::component::{Component, Scope};
use promotion::model::problem::{Problem, problems};
use promotion::model::tree::Tree;
use promotion::model::version::CommitId;
use promotion::plan::{Outcome, Part, PartPlan, PlannedValue, plan};

use crate::git::Git;
use crate::mirror::{self, Mirror};
use crate::session::Session;
use crate::worktree::WorkTree;

/// The upstreams that a promotion needs, freshly fetched.
#[derive(Debug)]
pub struct Upstreams<'a> {
    /// What is promoted.
    pub component: &'a Component,
    /// Its upstream.
    pub mirror: Mirror,
    /// The component that may have to go first, and its upstream.
    pub schemas: Option<(&'a Component, Mirror)>,
    /// Why that one could not be fetched.
    pub(super) unasked: Option<anyhow::Error>,
}

impl<'a> Upstreams<'a> {
    /// Fetches them all at the same time. An error is that of the component's own upstream; that of
    /// the other one becomes a warning.
    pub fn fetch(
        session: &Session,
        work_tree: &WorkTree,
        config: &'a Config,
        component: &'a Component,
    ) -> Result<Self> {
        Upstreams::open(work_tree, config, component)?.fetched(session)
    }

    /// Fetches those of every scope.
    pub fn fetch_all(
        session: &Session,
        work_tree: &WorkTree,
        config: &'a Config,
        scopes: &[Scope<'a>],
    ) -> Result<Vec<Self>> {
        let fetch =
            |scope: &Scope<'a>| Upstreams::fetch(session, work_tree, config, scope.component);
        scopes.iter().map(fetch).collect()
    }

    /// Drops the schemas' upstream.
    pub fn alone(self) -> Self {
        Upstreams { schemas: None, ..self }
    }

    /// Fetches those that were opened, as [`Upstreams::fetch`] does.
    pub fn fetched(self, session: &Session) -> Result<Self> {
        let step = session.progress.network(format!("fetching {}", self.component.upstream));
        let unasked = thread::scope(|scope| {
            let schemas = self.schemas.as_ref();
            let schemas = schemas.map(|(_, mirror)| scope.spawn(|| mirror.fetch(&mut |_| {})));
            self.mirror.fetch(&mut |line| step.detail(line))?;
            Ok::<_, anyhow::Error>(match schemas.map(thread::ScopedJoinHandle::join) {
                Some(Ok(result)) => result.err(),
                Some(Err(_)) => Some(anyhow!("the fetch of the schemas stopped")),
                None => None,
            })
        })?;
        Ok(Upstreams { unasked, ..self })
    }

    /// The same without the network: what earlier runs left in the cache, if anything.
    pub fn open(
        work_tree: &WorkTree,
        config: &'a Config,
        component: &'a Component,
    ) -> Result<Self> {
        let cache = mirror::cache_folder()?;
        let git = Git::at(&work_tree.top);
        let open = |component: &Component| -> Result<Mirror> {
            let address = component.upstream.address();
            Ok(Mirror::open(&cache, &git.effective_url(address)?)?.pages_at(address))
        };
        let schemas = component.schemas.as_ref().filter(|_| !component.schema_paths.is_empty());
        let schemas = schemas.map(|name| config.component(name)).transpose()?;
        let schemas = schemas.map(|schemas| Ok::<_, anyhow::Error>((schemas, open(schemas)?)));
        let (mirror, schemas) = (open(component)?, schemas.transpose()?);
        Ok(Upstreams { component, mirror, schemas, unasked: None })
    }

    /// The component that may have to go first.
    pub fn schemas(&self) -> Option<&'a Component> {
        self.schemas.as_ref().map(|(schemas, _)| *schemas)
    }

    /// What a part of the plan moves along.
    pub fn changes(&self, plan: &PartPlan) -> Result<Changes> {
        self.mirror.changes(moving(plan), &plan.to)
    }

    /// The commits of these changes that need newer schemas, newest first.
    fn needing_schemas(&self, changes: &Changes, to: &CommitId) -> Result<Vec<CommitId>> {
        let mut found = Vec::new();
        for span in &changes.0 {
            let Start::Commit(from) = &span.start else { continue };
            for commit in self.mirror.touching(from, to, &self.component.schema_paths)? {
                if !found.contains(&commit) {
                    found.push(commit);
                }
            }
        }
        Ok(found)
    }

    /// Warns if the changes need schemas and the pinned ones are behind their upstream.
    pub(super) fn schemas_first(
        &self,
        tree: &Tree,
        changes: &Changes,
        to: &CommitId,
    ) -> Result<Option<Problem>> {
        let Some((schemas, mirror)) = &self.schemas else { return Ok(None) };
        let commits = self.needing_schemas(changes, to)?;
        if commits.is_empty() {
            return Ok(None);
        }
        let tags: Vec<_> =
            commits.iter().map(|one| format!("`{}`", one.tag(self.component.tag_length))).collect();
        let paths = self.component.schema_paths.join("` or `");
        let needs = match tags.as_slice() {
            [tag] => format!("{tag} needs newer schemas, for it changes `{paths}`"),
            tags => {
                format!("{} need newer schemas, for they change `{paths}`", tags.join(", "))
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

/// How many commits the pins of a component are behind its upstream.
fn behind(component: &Component, mirror: &Mirror, tree: &Tree) -> Result<usize> {
    let head = mirror.resolve(None, component.branch.as_deref())?.commit;
    let part = Part::new(&Scope::all(component), head.clone());
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
        let moves = |value: &&PlannedValue| matches!(value.outcome, Outcome::Moves(_));
        for value in environment.values.iter().filter(moves) {
            let name = environment.name.clone();
            match versions.iter_mut().find(|(old, _)| *old == value.old) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => versions.push((value.old.clone(), vec![name])),
            }
        }
    }
    versions
}
