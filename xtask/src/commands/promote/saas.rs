//! Prepares the promotion of saas files: which of their upstreams and environments move is known
//! only when the upstreams are.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;

use anyhow::{Result, bail};
use promotion::config::Config;
use promotion::merge_request::branch_names;
use promotion::model::component::{Component, FilePattern, Scope};
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::similar::cut;
use promotion::model::tree::{Tree, Wanted};
use promotion::model::version::CommitId;
use promotion::plan::{Part, Plan, PlannedValue, plan};
use promotion::saas::app::ListChange;
use promotion::saas::choice::{CANARY, Narrowing, SaasQuery};

use crate::ask::checks::Review;
use crate::ask::saas::SaasFiles;
use crate::ask::saas_promotion::{Asked, SaasPromotion};
use crate::ask::upstreams::Upstreams;
use crate::land;
use crate::mirror::Mirror;
use crate::request::{Request, WantedVersion, What};
use crate::session::Session;
use crate::worktree::WorkTree;

/// The saas files and targets that a request names, if it names any.
pub(super) fn found(
    request: &Request,
    work_tree: &WorkTree,
    known: Option<SaasFiles>,
) -> Result<Option<SaasPromotion>> {
    request.saas().map(|query| SaasPromotion::find(work_tree, query, known)).transpose()
}

/// The scopes that a promotion of saas files has, with their fetched upstreams.
pub(super) struct Prepared<'a> {
    pub(super) scopes: Vec<Scope<'a>>,
    /// One for each scope; offline, as the cache has them.
    pub(super) upstreams: Vec<Upstreams<'a>>,
    /// The index of the component of each scope.
    pub(super) indices: Vec<usize>,
}

/// The saas files that are promoted, and which of their components each scope has.
pub(super) struct Saas<'a> {
    pub(super) saas: &'a SaasPromotion,
    pub(super) indices: Vec<usize>,
}

impl Saas<'_> {
    /// What was typed, spelled out: the names of the saas files, and the environments that were
    /// chosen where the command line left them open. Where files have different ones, a command for
    /// each file: every file has to have what is named.
    pub(super) fn spelled(&self, scopes: &[Scope], is_all: bool) -> Vec<What> {
        let mut files: Vec<SaasQuery> = Vec::new();
        for (index, scope) in self.indices.iter().zip(scopes) {
            let names = vec![self.saas.name(*index)];
            let known = files.iter().position(|query| query.names == names);
            let nth = known.unwrap_or_else(|| {
                let narrowing = self.saas.narrowing.clone();
                files.push(SaasQuery { names, narrowing, ..SaasQuery::default() });
                files.len() - 1
            });
            if self.saas.narrowing.is_open() {
                let environments = &mut files[nth].narrowing.environments;
                let all = scope.environments.iter().map(|environment| &environment.name);
                let new: Vec<_> = all.filter(|name| !environments.contains(name)).collect();
                environments.extend(new.into_iter().cloned());
            }
        }
        let names = || files.iter().flat_map(|query| query.names.clone()).collect();
        let one = |narrowing: &Narrowing, all| {
            let (names, narrowing) = (names(), narrowing.clone());
            vec![What::Saas(SaasQuery { names, narrowing, all, ..SaasQuery::default() })]
        };
        match files.as_slice() {
            [first, rest @ ..] if rest.iter().all(|one| one.narrowing == first.narrowing) => {
                one(&first.narrowing, false)
            }
            _ if is_all => one(&self.saas.narrowing, true),
            _ => files.into_iter().map(What::Saas).collect(),
        }
    }

    /// What names some environments of the nth scope, and nothing else: no other target of them than
    /// was chosen. Upstreams of one saas file that moved together keep one name.
    pub(super) fn alone(&self, nth: usize, environments: Vec<String>, moved: &[bool]) -> What {
        let SaasPromotion { components, narrowing, .. } = self.saas;
        let (index, mut narrowing) = (self.indices[nth], narrowing.clone());
        let path = &self.saas.file(index).path;
        let has_moved = |one: usize| {
            let nth = self.indices.iter().position(|index| *index == one);
            nth.is_some_and(|nth| moved[nth])
        };
        let stays = |one: usize| self.saas.file(one).path == *path && !has_moved(one);
        if (0..components.len()).any(stays) {
            let filters = components[index].pins().filter_map(|pin| pin.selector.filter());
            let templates: BTreeSet<_> = filters.filter_map(|one| one.template.clone()).collect();
            narrowing.templates = templates.into_iter().collect();
        }
        narrowing.environments = self.saas.words_of(index, &environments).unwrap_or(environments);
        let names = vec![self.saas.name(index)];
        What::Saas(SaasQuery { names, narrowing, ..SaasQuery::default() })
    }

    /// The names that the branch of a merge request may have: those of a part of a saas file differ
    /// from those of other parts.
    pub(super) fn branch_names(&self, scopes: &[Scope]) -> [String; 2] {
        let indices = self.indices.iter().zip(scopes);
        let wholes: Vec<_> = indices.map(|(index, scope)| self.saas.whole(*index, scope)).collect();
        let scopes = wholes.iter().map(|(component, places)| {
            let environments = places.iter().map(|place| &component.environments[*place]);
            Scope { component, environments: environments.collect() }
        });
        branch_names(&scopes.collect::<Vec<_>>())
    }

    /// The version that an environment runs in a tree, for the nth scope.
    pub(super) fn like(
        &self,
        nth: usize,
        environment: &str,
        at: (&Mirror, &Tree),
    ) -> Result<CommitId> {
        self.saas.like(self.indices[nth], environment, at)
    }

    /// Adds to a review what the merge would fail at, and which images nobody can check.
    pub(super) fn add_gates(
        &self,
        review: &mut Review,
        asked: Asked,
        upstreams: Option<&[Upstreams]>,
        plan: &Plan,
    ) {
        let parts = self.indices.iter().zip(&plan.parts).enumerate();
        for (nth, (index, part)) in parts.filter(|(_, (_, part))| !part.is_empty()) {
            let mirror = upstreams.and_then(|all| all.get(nth)).map(|one| &one.mirror);
            review.add_findings(self.saas.judge(&Asked { mirror, ..asked }, *index, part));
            let Component { name, images, .. } = &self.saas.components[*index];
            if images.is_empty() && mirror.is_some() {
                review.notes.push(format!(
                    "no image of `{name}` is checked: its `imagePatterns` don't name a single one"
                ));
            }
        }
    }

    /// What the gates read: the apps that list versions, and the saas files of the publishers.
    pub(super) fn gate_files(&self, work_tree: &WorkTree) -> Wanted {
        let apps = self.indices.iter().filter_map(|index| self.saas.file(*index).app.as_deref());
        let publishers = self.saas.publishers(work_tree);
        let apps = apps.filter_map(RepoPath::parse_reference);
        let files = apps.chain(publishers.iter().cloned()).collect();
        let saas = publishers.into_iter().map(FilePattern::File).collect();
        Wanted { files, saas, ..Wanted::default() }
    }

    /// Names each part's commit as a hotfix in the app of its saas file.
    pub(super) fn hotfixes(&self, parts: &[Part]) -> Result<Vec<ListChange>, Problem> {
        let indices = self.indices.iter().zip(parts);
        indices.map(|(index, part)| self.saas.hotfix(*index, &part.to)).collect()
    }
}

/// What a preparation works with.
pub(super) struct Preparation<'a> {
    pub(super) session: &'a Session,
    pub(super) request: &'a Request,
    pub(super) work_tree: &'a WorkTree,
    pub(super) config: &'a Config,
    pub(super) saas: &'a SaasPromotion,
}

impl<'a> Preparation<'a> {
    /// Fetches the upstreams, and chooses among them and their environments where the command line
    /// left that open.
    pub(super) fn prepare(&self) -> Result<Prepared<'a>> {
        let scopes: Vec<Scope> = self.saas.components.iter().map(Scope::all).collect();
        let tree = land::check(self.work_tree, &scopes)?;
        let Preparation { session, work_tree, config, .. } = self;
        let upstreams = Upstreams::all(session, work_tree, config, &scopes)?;
        let indices = (0..scopes.len()).collect();
        let mut prepared = Prepared { scopes, upstreams, indices };
        self.keep_those_with_ref(&mut prepared)?;
        if self.request.saas().is_some_and(SaasQuery::is_open) {
            self.choose_environments(&mut prepared, &tree)?;
        }
        Ok(prepared)
    }

    /// Drops the upstreams that don't have the named version, if there are several upstreams.
    fn keep_those_with_ref(&self, prepared: &mut Prepared) -> Result<()> {
        let WantedVersion::Named(Some(name)) = &self.request.version else { return Ok(()) };
        if prepared.scopes.len() < 2 {
            return Ok(());
        }
        let has = |upstreams: &Upstreams| upstreams.mirror.resolve(Some(name), None).is_ok();
        let having: Vec<bool> = prepared.upstreams.iter().map(has).collect();
        let upstreams = || prepared.scopes.iter().map(|scope| &scope.component.upstream);
        let found = upstreams().zip(&having).filter(|(_, has)| **has);
        // Several saas files may run the same one.
        if found.map(|(one, _)| one.identity()).collect::<BTreeSet<_>>().len() == 1 {
            prepared.retain(&having);
            return Ok(());
        }
        let names = upstreams().map(|one| (one.identity(), format!("`{one}`")));
        let names: BTreeMap<_, _> = names.collect();
        let (option, names) = (self.request.option(), cut(names.into_values().collect()));
        let message = format!("`{option} {name}` must fit one upstream, and there are {names}");
        bail!(Problem::usage(message).help("name the template with `--template`"))
    }

    /// Keeps the one environment that is behind; asks which, if there are several.
    fn choose_environments(&self, prepared: &mut Prepared<'a>, tree: &Tree) -> Result<()> {
        let mut behind: Vec<String> = Vec::new();
        let mut parts = Vec::new();
        for (nth, scope) in prepared.scopes.iter().enumerate() {
            parts.push(Part::new(scope, self.version(prepared, nth, tree)?));
        }
        let plan = plan(&parts, tree)?;
        for environment in plan.parts.iter().flat_map(|part| &part.environments) {
            let moves = environment.values.iter().any(PlannedValue::moves);
            if moves && !behind.contains(&environment.name) {
                behind.push(environment.name.clone());
            }
        }
        in_order(&mut behind);
        let chosen = match behind.len() {
            0 | 1 => behind,
            _ => self.ask(&behind, prepared)?,
        };
        if !chosen.is_empty() {
            prepared.keep_environments(&chosen);
        }
        Ok(())
    }

    fn version(&self, prepared: &Prepared, nth: usize, tree: &Tree) -> Result<CommitId> {
        if self.session.offline {
            return Ok(self.request.offline()?);
        }
        let component = prepared.scopes[nth].component;
        let mirror = &prepared.upstreams[nth].mirror;
        match &self.request.version {
            WantedVersion::Named(name) => {
                Ok(mirror.resolve(name.as_deref(), component.branch.as_deref())?.commit)
            }
            WantedVersion::Like(environment) => {
                self.saas.like(prepared.indices[nth], environment, (mirror, tree))
            }
            WantedVersion::Before => bail!(Problem::usage("a rollback needs `--env`")),
        }
    }

    /// Lets a person tick environments on a terminal; elsewhere, offers a command for each.
    fn ask(&self, behind: &[String], prepared: &Prepared) -> Result<Vec<String>> {
        if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
            let ticked = vec![true; behind.len()];
            let asked = dialoguer::MultiSelect::new()
                .with_prompt("Which environments? (space ticks, enter goes on)")
                .items(behind)
                .defaults(&ticked)
                .interact_opt()?;
            let chosen: Vec<String> =
                asked.unwrap_or_default().into_iter().map(|nth| behind[nth].clone()).collect();
            if chosen.is_empty() {
                bail!(Problem::usage("no environment was chosen"));
            }
            return Ok(chosen);
        }
        let commands = behind.iter().map(|environment| {
            let mut what = self.request.what.clone();
            if let What::Saas(query) = &mut what {
                self.narrow(query, environment, prepared);
            }
            self.request.with(what).chosen(self.session).to_string()
        });
        let message = format!("{} environments are behind", behind.len());
        let help = format!("name one:\n{}", commands.collect::<Vec<_>>().join("\n"));
        bail!(Problem::usage(message).help(help))
    }

    /// Narrows a query to an environment, and to the saas files that have it.
    fn narrow(&self, query: &mut SaasQuery, environment: &str, prepared: &Prepared) {
        query.narrowing.environments.push(environment.to_owned());
        let of_scopes = |is_in: &dyn Fn(&Scope) -> bool| {
            let scopes = prepared.indices.iter().zip(&prepared.scopes);
            scopes
                .filter(|(_, scope)| is_in(scope))
                .map(|(index, _)| self.saas.name(*index))
                .collect::<BTreeSet<_>>()
        };
        let having = of_scopes(&|scope| scope.component.environment(environment).is_some());
        if having != of_scopes(&|_| true) {
            query.names = having.into_iter().collect();
            query.owner = None;
        }
    }
}

impl<'a> Prepared<'a> {
    /// Scopes that need no choice.
    pub(super) fn of(scopes: Vec<Scope<'a>>) -> Self {
        Prepared { scopes, upstreams: Vec::new(), indices: Vec::new() }
    }

    fn retain(&mut self, keep: &[bool]) {
        let kept = |all: &mut dyn FnMut(usize)| {
            (0..keep.len()).rev().filter(|nth| !keep[*nth]).for_each(all)
        };
        kept(&mut |nth| _ = self.scopes.remove(nth));
        kept(&mut |nth| _ = self.indices.remove(nth));
        kept(&mut |nth| _ = self.upstreams.remove(nth));
    }

    fn keep_environments(&mut self, names: &[String]) {
        for scope in &mut self.scopes {
            scope.environments.retain(|environment| names.contains(&environment.name));
        }
        let keep: Vec<bool> =
            self.scopes.iter().map(|scope| !scope.environments.is_empty()).collect();
        self.retain(&keep);
    }
}

/// Canaries first, then by the numbers in the names: the order in which waves are promoted.
fn in_order(environments: &mut [String]) {
    let number = |name: &String| -> u64 {
        let digits: String = name.chars().filter(char::is_ascii_digit).collect();
        digits.parse().unwrap_or_default()
    };
    environments.sort_by_cached_key(|name| (!name.ends_with(CANARY), number(name), name.clone()));
}
