//! Promotes components: plan, verify, review, land, tell. `update-schemas`, `qr-promote` and
//! `rollback` are this command with the component, or the version, filled in.

use std::thread;

use anyhow::{Context, Result};
use promotion::config::Config;
use promotion::guards::Findings;
use promotion::merge_request::commit_message::{Wording, commit_message};
use promotion::merge_request::{Description, branch_names};
use promotion::model::component::{Component, Scope};
use promotion::model::path::RepoPath;
use promotion::model::problem::{Problem, Problems, problems};
use promotion::model::tree::Tree;
use promotion::model::version::CommitId;
use promotion::plan::landed::Landed;
use promotion::plan::{Digests, Part, Plan};
use promotion::report::changes::told;
use promotion::report::{MOST_PEOPLE, few};
use promotion::saas::app::ListChange;

use super::{Ending, refuse_before_asking};
use crate::ask::checks::{self, Review};
use crate::ask::coverage::{CoverageScan, TargetScan};
use crate::ask::image::{self, ImageChecks};
use crate::ask::people::authors;
use crate::ask::rollback::{digests_before, version_before};
use crate::ask::saas::SaasFiles;
use crate::ask::saas_promotion::Asked;
use crate::ask::target;
use crate::ask::upstreams::Upstreams;
use crate::land::merge_request::{Delivery, ProposedCommit, Started};
use crate::land::{self, Committed, Landing, MergeRequestOptions, Planned, Promotion, verified};
use crate::mirror::refuse_page;
use crate::request::{Request, WantedVersion, What};
use crate::search::Listing;
use crate::session::Session;
use crate::worktree::WorkTree;
use saas::{Preparation, Prepared, Saas};
use split::SplitJson;

mod afterwards;
mod saas;
mod split;
mod told;
mod words;

/// Carries out a request and prints what happened.
pub fn run(session: &Session, request: &Request) -> Result<Ending> {
    let work_tree = session.work_tree()?;
    // What takes longest begins first. A word may mean a saas file, which needs another search.
    let is_for_sure = matches!(request.what, What::Components { .. });
    let mut listing = is_for_sure.then(|| Listing::start(&work_tree));
    let config = session.config(&work_tree)?;
    let (request, mut files) = words::meant(request, &work_tree, &config)?;
    split::one_by_one(session, request, &work_tree, |one, documents| {
        let known = (files.take(), listing.take());
        run_one(session, one, &work_tree, &config, known, documents)
    })
}

fn run_one(
    session: &Session,
    request: &Request,
    work_tree: &WorkTree,
    config: &Config,
    (files, listing): (Option<SaasFiles>, Option<Listing>),
    documents: Option<&SplitJson>,
) -> Result<Ending> {
    let saas = saas::found(request, work_tree, files)?;
    let scopes = request.scopes(config)?;
    let components = scopes.iter().map(|scope| scope.component);
    let components = components.chain(saas.iter().flat_map(|saas| &saas.components));
    refuse_before_asking(session, &request.landing, work_tree, config)?;
    if session.offline {
        request.offline()?;
    }
    if let WantedVersion::Named(Some(reference)) = &request.version {
        refuse_page(reference, components.map(|component| &component.upstream))?;
    }
    if let (Some(saas), WantedVersion::Like(environment)) = (&saas, &request.version) {
        (0..saas.components.len())
            .try_for_each(|one| saas.values_of(one, environment, &Tree::default()).map(drop))?;
    }
    let options = request.landing.merge_request();
    let prepared = match &saas {
        None => Prepared::of(scopes),
        Some(saas) => Preparation { session, request, work_tree, config, saas }.prepare()?,
    };
    let Prepared { scopes, upstreams, indices } = prepared;
    let components: Vec<&Component> = scopes.iter().map(|scope| scope.component).collect();
    let mut scan = match saas {
        // A saas file has no configuration that could lack a pin.
        Some(_) => CoverageScan::idle(),
        None => {
            let listing = listing.unwrap_or_else(|| Listing::start(work_tree));
            CoverageScan::start(work_tree, listing, config, &components)
        }
    };
    // With `--mr`, the files of the target branch decide.
    if options.is_none() {
        scan = scan.judged(&request.switches)?;
    }
    let saas = saas.as_ref().map(|saas| Saas { saas, indices });
    let run = Run { session, request, work_tree, config, scopes, components, saas };
    let mut done = match options {
        Some(options) => run.on_target(options, upstreams, &mut scan)?,
        None if session.offline => run.offline(upstreams)?,
        None => run.online(upstreams)?,
    };
    done.review.warnings.extend(match &done.target {
        // What is pushed is told, whatever the search meets.
        Some(target) => run.unconfigured_at(target, scan).unwrap_or_else(|error| problems(&error)),
        None => scan.warnings(),
    });
    run.tell(&done, documents)
}

/// One promotion, from what was typed to what is told.
struct Run<'a> {
    session: &'a Session,
    request: &'a Request,
    work_tree: &'a WorkTree,
    config: &'a Config,
    scopes: Vec<Scope<'a>>,
    /// Those of the scopes.
    components: Vec<&'a Component>,
    saas: Option<Saas<'a>>,
}

/// A promotion that has landed.
struct Done {
    plan: Plan,
    review: Review,
    message: String,
    landed: Landed,
    /// The files of the target branch that hold the pins; `None` if those of the work tree do.
    tree: Option<Tree>,
    /// Whether a commit has what was there before.
    was_committed: bool,
    /// The commit of the target branch on which a merge request was planned.
    target: Option<CommitId>,
}

impl<'a> Run<'a> {
    /// Plans what was typed, and tells what the cache knows of it. Only what the checkout itself says
    /// against it is checked.
    fn offline(&self, opened: Vec<Upstreams<'a>>) -> Result<Done> {
        let to = self.request.offline()?;
        let parts: Vec<_> = self.scopes.iter().map(|scope| Part::new(scope, to.clone())).collect();
        let lists = self.lists(&parts)?;
        let promotion = Promotion { work_tree: self.work_tree, parts, lists };
        let planned = promotion.plan(&self.request.landing)?;
        let committed = promotion.committed(&planned.plan, &self.request.landing);
        let mut review = Review::unasked(&planned.plan);
        let mut your_email = None;
        for (index, upstreams) in self.upstreams(opened)?.into_iter().enumerate() {
            let component = upstreams.component;
            review.notes.push(checks::unchecked(component));
            review.notes.extend(checks::unchecked_images(component, &self.request.switches));
            let changes = upstreams.known_changes(&planned.plan.parts[index])?;
            review.changes[index] = changes.unwrap_or_default();
            your_email = upstreams.your_email;
        }
        let tree = self.work_tree.read(&checks::wanted(self.config, &self.scopes))?;
        self.add_gates(&mut review, (&tree, None), None, &planned.plan);
        review.people = authors(self.config, &tree, your_email.as_deref(), &review.changes);
        self.land(&promotion, (planned, committed), review)
    }

    /// Plans the versions that the upstreams name, and lets the guards judge it.
    fn online(&self, opened: Vec<Upstreams<'a>>) -> Result<Done> {
        let tree = land::check(self.work_tree, &self.scopes)?;
        let upstreams = self.upstreams(opened)?;
        let mut parts = self.parts(&upstreams, &tree, "HEAD")?;
        let images = ImageChecks::start(&mut parts, &tree, &self.request.switches)?;
        let lists = self.lists(&parts)?;
        let mut promotion = Promotion { work_tree: self.work_tree, parts, lists };
        let mut planned = promotion.plan(&self.request.landing)?;
        let tree = self.work_tree.read(&checks::wanted(self.config, &self.scopes))?;
        let (review, digests) =
            self.review(&upstreams, &planned.plan, (&tree, None), images, &|_| Ok(None))?;
        if image::settled(&mut promotion.parts, digests) {
            planned = promotion.plan(&self.request.landing)?;
        }
        let committed = promotion.committed(&planned.plan, &self.request.landing);
        self.land(&promotion, (planned, committed), review)
    }

    fn land(
        &self,
        promotion: &Promotion,
        (mut planned, committed): (Planned, Committed),
        mut review: Review,
    ) -> Result<Done> {
        review.warnings.append(&mut planned.warnings);
        review.notes.extend(planned.repaired.clone());
        let mut review = review.judged(self.request.switches.strict)?;
        let Request { wording, switches, .. } = self.request;
        let parts = review.parts(&self.scopes, &planned.plan);
        let message = commit_message(&parts, *wording, switches.reason.as_deref());
        let was_committed = committed.is();
        let landing = &self.request.landing;
        let landed = promotion.land(&mut planned, landing, &message, self.session.progress)?;
        review.warnings.append(&mut planned.warnings);
        let (review, plan) = (review.of(&planned.plan), planned.plan);
        Ok(Done { plan, review, message, landed, tree: None, was_committed, target: None })
    }

    /// Plans on the remote's target branch, and opens or refreshes a merge request.
    fn on_target(
        &self,
        options: &MergeRequestOptions,
        opened: Vec<Upstreams<'a>>,
        scan: &mut CoverageScan,
    ) -> Result<Done> {
        let Run { session, request, config, scopes, .. } = self;
        let git = land::git_of(self.work_tree, "or leave `--mr` out")?;
        let upstreams = self.upstreams(opened)?;
        let names = self.saas.as_ref().map(|saas| saas.branch_names(scopes));
        let mut names = names.unwrap_or_else(|| branch_names(scopes));
        // The merge request of a promotion may still be open.
        if request.wording == Wording::Rollback {
            names = names.map(|name| name.replacen('/', "/rollback-", 1));
        }
        let (delivery, withheld) = Delivery::new(git, &config.repository, names, options);
        let is_lgtm = options.lgtm && withheld.is_none();
        let mut wanted = land::wanted(scopes).and(checks::wanted(config, scopes));
        let config_file = session.config_in_tree()?;
        wanted.files.extend(config_file.clone());
        if let Some(saas) = &self.saas {
            wanted = wanted.and(saas.gate_files(self.work_tree));
        }
        let step = session.progress.network(format!("fetching {}", delivery.from));
        let started = delivery.start(&wanted, &mut |line| step.detail(line))?;
        drop(step);
        let (tree, base) = (&started.tree, &started.base);
        self.saas.iter().try_for_each(|saas| saas.saas.refuse_other_targets(tree))?;
        let mut parts = self.parts(&upstreams, tree, base.as_str())?;
        let images = ImageChecks::start(&mut parts, tree, &request.switches)?;
        let lists = self.lists(&parts)?;
        let mut plan = verified(&parts, &lists, tree)?;
        let branch_of = |first: &Component| target::open_already(&delivery, first);
        let (mut review, digests) =
            self.review(&upstreams, &plan, (tree, Some(base)), images, &branch_of)?;
        if image::settled(&mut parts, digests) {
            plan = verified(&parts, &lists, tree)?;
        }
        review.warnings.extend(self.warnings_on(&started, config_file.as_ref(), scan)?);
        let parts = review.parts(scopes, &plan);
        let message = commit_message(&parts, request.wording, None);
        let landed = match &request.landing {
            _ if plan.is_empty() => Landed::Unchanged,
            Landing::MergeRequest(_) => {
                let people = told(&self.queues(&review));
                if is_lgtm && !people.is_empty() {
                    let people = few(&people, MOST_PEOPLE);
                    session.note(&format!("lgtm is asked for, and commits of {people} go along"));
                }
                let step = session.progress.network(format!("delivering to {}", delivery.to));
                let proposal = self.propose(&plan, &review, message.clone());
                let delivered =
                    delivery.finish(&started, proposal, &mut |line| step.detail(line))?;
                Landed::Delivered(delivered.with_notes(withheld))
            }
            _ => Landed::Planned,
        };
        let Started { tree, base, .. } = started;
        let (tree, target) = (Some(tree), Some(base));
        Ok(Done { plan, review, message, landed, tree, was_committed: true, target })
    }

    fn propose(&self, plan: &Plan, review: &Review, message: String) -> ProposedCommit {
        let reason = self.request.switches.reason.as_deref();
        let warnings: Vec<String> = review.warnings.iter().map(ToString::to_string).collect();
        let parts = review.parts(&self.scopes, plan);
        let description =
            Description { parts: &parts, people: &review.people, warnings: &warnings, reason };
        let title = description.title(self.request.wording);
        ProposedCommit::of(plan, message, title, &description)
    }

    /// Those of the scopes, unless they were opened to find out about the scopes.
    fn upstreams(&self, opened: Vec<Upstreams<'a>>) -> Result<Vec<Upstreams<'a>>> {
        if !opened.is_empty() {
            return Ok(opened);
        }
        Upstreams::all(self.session, self.work_tree, self.config, &self.scopes)
    }

    /// What is to be said of the target branch itself; refused with `--strict`, which waits for the
    /// search, so that nobody has to wait for it again.
    fn warnings_on(
        &self,
        started: &Started,
        config_file: Option<&RepoPath>,
        scan: &mut CoverageScan,
    ) -> Result<Vec<Problem>> {
        let mut findings = Findings::default();
        let other = target::other_configuration(self.config, &started.tree, config_file)?;
        findings.warnings.extend(other);
        if self.request.switches.strict {
            let scan = std::mem::replace(scan, CoverageScan::idle());
            findings.warnings.extend(self.unconfigured_at(&started.base, scan)?);
        }
        let findings = findings.strict(self.request.switches.strict);
        match findings.problems {
            problems if problems.is_empty() => Ok(findings.warnings),
            problems => Err(Problems(problems).into()),
        }
    }

    /// Waits for the search of the checkout, and looks at what differs in a commit.
    fn unconfigured_at(&self, commit: &CommitId, scan: CoverageScan) -> Result<Vec<Problem>> {
        let Run { work_tree, config, components, .. } = self;
        TargetScan { work_tree, config, components }.warnings(scan, commit)
    }

    /// Each scope with the version that is asked for; `tree` has the pins that `revision` led to.
    fn parts(&self, upstreams: &[Upstreams], tree: &Tree, revision: &str) -> Result<Vec<Part<'a>>> {
        let part = |(nth, (scope, upstreams)): (usize, (&Scope<'a>, &Upstreams))| {
            let mirror = &upstreams.mirror;
            let to = match &self.request.version {
                WantedVersion::Named(name) => {
                    mirror.resolve(name.as_deref(), scope.component.branch.as_deref())?.commit
                }
                WantedVersion::Like(environment) => {
                    let saas = self.saas.as_ref().context("`--like` is for saas files")?;
                    saas.like(nth, environment, (mirror, tree))?
                }
                WantedVersion::Before => {
                    let git = land::git_of(self.work_tree, "or the version with `--to REF`")?;
                    let past = git.past(revision)?;
                    let to = version_before(&past, scope, mirror, tree)?;
                    let digests = digests_before(&past, scope, tree, &to)?;
                    return Ok(Part { digests, ..Part::new(scope, to) });
                }
            };
            Ok(Part::new(scope, to))
        };
        self.scopes.iter().zip(upstreams).enumerate().map(part).collect()
    }

    /// Reviews a plan, unless there is nothing to do, and returns the digests of its images.
    /// `branch_of` is the branch on which a component that should go first waits to be merged.
    fn review(
        &self,
        upstreams: &[Upstreams],
        plan: &Plan,
        (tree, at): (&Tree, Option<&CommitId>),
        mut images: Vec<ImageChecks>,
        branch_of: &dyn Fn(&Component) -> Result<Option<String>>,
    ) -> Result<(Review, Vec<Digests>)> {
        if plan.is_empty() {
            return Ok((Review::unasked(plan), images.iter().map(ImageChecks::digests).collect()));
        }
        let Run { session, request, config, .. } = self;
        let review = thread::scope(|scope| {
            // The registries are asked while the history is read.
            let parts = images.iter_mut().zip(&plan.parts);
            parts.filter(|(_, part)| !part.is_empty()).for_each(|(images, _)| {
                scope.spawn(|| images.ask_for_all());
            });
            Review::new(config, upstreams, plan, tree, &request.switches)
        });
        let mut review = review?;
        self.add_gates(&mut review, (tree, at), Some(upstreams), plan);
        let mut review = self.judged(review, branch_of)?;
        let moved = images.iter().zip(&self.components).zip(&plan.parts);
        let moved = moved.filter(|(_, part)| !part.is_empty());
        review.notes.extend(moved.filter_map(|((images, of), _)| images.unawaited(of)));
        let chosen = self.chosen();
        let chosen = if let [one] = &chosen[..] { one } else { request };
        let settle = |(index, images): (usize, ImageChecks)| {
            let (component, part) = (self.components[index], &plan.parts[index]);
            let again = |to: &CommitId| chosen.again_of(session, component, &part.to, to);
            images.settle(session, part, &review.changes[index], &again)
        };
        let digests = images.into_iter().enumerate().map(settle).collect::<Result<_>>()?;
        Ok((review, digests))
    }

    /// Adds to a review what the merge of a saas file would fail at. The upstreams are those that were
    /// asked, if any were.
    fn add_gates(
        &self,
        review: &mut Review,
        (tree, at): (&Tree, Option<&CommitId>),
        upstreams: Option<&[Upstreams]>,
        plan: &Plan,
    ) {
        let Some(saas) = &self.saas else { return };
        let Run { session, work_tree, request, .. } = self;
        let asked = Asked { session, work_tree, tree, at, mirror: None, hotfix: request.hotfix };
        saas.add_gates(review, asked, upstreams, plan);
    }

    /// The changes of version lists that go along: a hotfix is named in its app.
    fn lists(&self, parts: &[Part]) -> Result<Vec<ListChange>, Problem> {
        match self.saas.as_ref().filter(|_| self.request.hotfix) {
            Some(saas) => saas.hotfixes(parts),
            None => Ok(Vec::new()),
        }
    }

    fn judged(
        &self,
        mut review: Review,
        branch_of: &dyn Fn(&Component) -> Result<Option<String>>,
    ) -> Result<Review> {
        for name in review.first() {
            let first = self.config.component(&name)?;
            // Nobody waits for a remote to be told what is refused anyway.
            let branch = if review.is_refused() { None } else { branch_of(first)? };
            match branch {
                Some(branch) => {
                    let help = "have that branch merged first".to_owned();
                    review.go_first(&name, &format!("; `{branch}` has them"), help);
                }
                None => review.go_first(&name, "", self.request.first(self.session, first)),
            }
        }
        Ok(review.judged(self.request.switches.strict)?)
    }
}
