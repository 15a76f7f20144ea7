//! Finds out what a promotion would bring: asks the upstreams and reads their history.
//!
//! Decides nothing by itself; what is refused stands in `guards`.

use std::thread;

use anyhow::{Result, anyhow};
use promotion::changes::{Changes, Start};
use promotion::component::Component;
use promotion::config::Config;
use promotion::error::{Refusal, Refusals, refusals};
use promotion::guards::{self, Switches, Verdict};
use promotion::people::{Author, People, needle};
use promotion::plan::{Outcome, Plan, PlannedValue, plan};
use promotion::tree::{Tree, Wanted};
use promotion::version::CommitId;

use crate::git::Git;
use crate::session::Session;
use crate::upstream::{self, Mirror};
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
    unasked: Option<anyhow::Error>,
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

    /// Without what may have to go first, for those who don't ask for it.
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
        let cache = upstream::cache_folder()?;
        let git = Git::at(&work_tree.top);
        let open =
            |component: &Component| Mirror::open(&cache, &git.effective_url(&component.upstream)?);
        let schemas = component.schemas.as_ref().filter(|_| !component.schema_paths.is_empty());
        let schemas = schemas.map(|name| config.component(name)).transpose()?;
        let schemas = schemas.map(|schemas| Ok::<_, anyhow::Error>((schemas, open(schemas)?)));
        let (mirror, schemas) = (open(component)?, schemas.transpose()?);
        Ok(Upstreams { component, mirror, schemas, unasked: None })
    }

    /// What the plan moves along.
    pub fn changes(&self, plan: &Plan) -> Result<Changes> {
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
    fn schemas_first(
        &self,
        tree: &Tree,
        config: &Config,
        changes: &Changes,
        to: &CommitId,
    ) -> Result<Option<Refusal>> {
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
            let help = refusals(error).into_iter().find_map(|refusal| refusal.help);
            return Ok(Some(Refusal { help, ..Refusal::new(message) }));
        }
        let behind = behind(schemas, mirror, tree, config)?;
        let message = format!("{needs}, and `{name}` is behind by {}", guards::commits(behind));
        Ok((behind > 0).then(|| Refusal::new(message)))
    }
}

/// How many commits the pins of a component are behind its upstream.
fn behind(component: &Component, mirror: &Mirror, tree: &Tree, config: &Config) -> Result<usize> {
    let head = mirror.resolve(None, component.branch.as_deref())?.commit;
    let environments: Vec<_> = component.environments.iter().collect();
    match plan(component, &environments, &head, tree, config) {
        Ok(plan) => Ok(mirror.changes(moving(&plan), &head)?.queued().len()),
        // Its own promotion says what is wrong there.
        Err(_) => Ok(0),
    }
}

/// The versions that move, each with the environments that run it.
fn moving(plan: &Plan) -> Vec<(String, Vec<String>)> {
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

/// What a promotion would bring.
#[derive(Debug, Default)]
pub struct Review {
    /// The commits that move.
    pub changes: Changes,
    /// Whose they are.
    pub people: People,
    /// What somebody should look at.
    pub warnings: Vec<Refusal>,
    /// What is good to know.
    pub notes: Vec<String>,
    /// What stands against it.
    refusals: Vec<Refusal>,
    /// The component that should go first, and the index of the warning that says so.
    first: Option<(String, usize)>,
}

/// The files that a review reads beside those of the plan.
pub fn wanted(config: &Config, component: &Component) -> Wanted {
    let schemas = component.schemas.as_ref().and_then(|name| config.component(name).ok());
    let mut wanted = schemas.map_or_else(Wanted::default, |schemas| {
        Wanted::new(schemas, &schemas.environments.iter().collect::<Vec<_>>())
    });
    wanted.globs.push(users(config));
    wanted
}

/// The user files, as a glob with what each of them contains.
pub fn users(config: &Config) -> (String, String) {
    (config.repository.users.clone(), "org_username".to_owned())
}

impl Review {
    /// The name of the component that should go first.
    pub fn first(&self) -> Option<&str> {
        self.first.as_ref().map(|(name, _)| name.as_str())
    }

    /// Whether something stands against it, whatever is warned about.
    pub fn is_refused(&self) -> bool {
        !self.refusals.is_empty()
    }

    /// Says what to do about that; `more` is a clause that goes on.
    pub fn go_first(&mut self, more: &str, help: String) {
        let warning = self.first.as_ref().and_then(|(_, index)| self.warnings.get_mut(*index));
        if let Some(warning) = warning {
            warning.message.push_str(more);
            warning.help = Some(help);
        }
    }

    /// Lets it through, unless something stands against it, or is warned about where that refuses.
    pub fn judged(mut self, strict: bool) -> Result<Review, Refusals> {
        let (refusals, warnings) =
            (std::mem::take(&mut self.refusals), std::mem::take(&mut self.warnings));
        let verdict = Verdict { refusals, warnings }.strict(strict);
        match verdict.refusals {
            refusals if refusals.is_empty() => Ok(Review { warnings: verdict.warnings, ..self }),
            refusals => Err(Refusals(refusals)),
        }
    }

    /// Reviews a plan; `tree` holds what is [`wanted`]. It has to be [judged](Review::judged).
    pub fn new(
        git: &Git,
        config: &Config,
        upstreams: &Upstreams,
        plan: &Plan,
        tree: &Tree,
        switches: &Switches,
    ) -> Result<Review> {
        let (component, mirror, to) = (upstreams.component, &upstreams.mirror, &plan.to);
        let changes = upstreams.changes(plan)?;
        let mut verdict = guards::directions(component, &changes, to, switches);
        let first = upstreams.schemas_first(tree, config, &changes, to)?;
        let index = verdict.warnings.len();
        // Where nobody can tell, nobody can promote them either.
        let first_of = first.as_ref().filter(|_| upstreams.unasked.is_none());
        let schemas = first_of.and(component.schemas.clone()).map(|name| (name, index));
        verdict.warnings.extend(first);
        let alike = mirror.with_prefix(to.tag(component.tag_length))?;
        verdict.warnings.extend(guards::colliding_tag(component, &alike));
        let head = mirror.resolve(None, component.branch.as_deref())?;
        if !switches.allow_off_branch && !mirror.is_ancestor(to, &head.commit)? {
            verdict.refusals.push(guards::off_branch(component, to, &head.name));
        }
        let people = people(git, config, tree, &changes);
        let Verdict { refusals, warnings } = verdict;
        Ok(Review { changes, people, warnings, notes: Vec::new(), refusals, first: schemas })
    }
}

/// The people behind the authors of these changes, from the user files in `tree`.
pub fn people(git: &Git, config: &Config, tree: &Tree, changes: &Changes) -> People {
    let commits = changes.queued().into_iter().chain(changes.taken_back());
    let authors = commits.map(|commit| &commit.author);
    people_of(config, tree, authors, your_email(git).as_deref())
}

/// git's `user.email` of the one who runs this.
pub fn your_email(git: &Git) -> Option<String> {
    git.read(["config", "--get", "user.email"]).ok()
}

/// The people behind these authors. Without `your_email`, nobody is you.
pub fn people_of<'a>(
    config: &Config,
    tree: &Tree,
    authors: impl Iterator<Item = &'a Author>,
    your_email: Option<&str>,
) -> People {
    let needles: Vec<String> = authors
        .map(|author| needle(&author.email))
        .chain(your_email.map(needle))
        .filter(|needle| !needle.is_empty())
        .collect();
    let files = tree.matching(&config.repository.users);
    let texts = files.filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok());
    let about = |text: &&str| {
        let text = text.to_lowercase();
        needles.iter().any(|needle| text.contains(needle.as_str()))
    };
    People::new(texts.filter(about), your_email)
}
