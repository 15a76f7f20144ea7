//! Promotes a component: plan, verify, review, then land. `update-schemas` and `qr-promote` are this
//! command with the component filled in.

use std::thread;

use anyhow::{Result, anyhow};
use promotion::merge_request::commit_message::commit_message;
use promotion::model::component::Component;
use promotion::model::problem::Problem;
use promotion::model::tree::Tree;
use promotion::model::version::CommitId;
use promotion::plan::Plan;
use promotion::plan::landed::Landed;
use promotion::report::changes::Queue;
use promotion::report::promotion::PromotionReport;
use promotion::report::{self, json};

use super::{Ending, merge_request};
use crate::ask::checks::{self, Review};
use crate::ask::coverage::{CoverageScan, TargetScan};
use crate::ask::image::ImageCheck;
use crate::ask::people;
use crate::ask::rollback::version_before;
use crate::ask::upstreams::Upstreams;
use crate::cli::Format;
use crate::git::Git;
use crate::land::{Landing, Planned, Promotion};
use crate::request::{Request, Version};
use crate::session::{Session, shown_diff};

/// Carries out a request and prints what happened.
pub fn run(session: &Session, request: &Request) -> Result<Ending> {
    if request.switches.reason.as_deref() == Some("") {
        return Err(Problem::usage("`--reason` is empty")
            .help("say why: it goes into the commit")
            .into());
    }
    // The command line's own check misses an `--offline` before the command.
    if session.offline && request.merge_request.is_some() {
        return Err(Problem::usage("`--mr` can't be used with `--offline`")
            .help("leave one of them out")
            .into());
    }
    let work_tree = session.work_tree()?;
    let config = session.config(&work_tree)?;
    let component = config.component(&request.component)?;
    let environments = config.environments(component, &request.environments)?;
    let watch = match &request.merge_request {
        // Then the files of the target branch decide, not those of the checkout.
        Some(_) if request.switches.strict => CoverageScan::idle(),
        Some(_) => CoverageScan::start_if_quick(&work_tree, &config, component),
        None => CoverageScan::start(&work_tree, &config, [component]).judged(&request.switches)?,
    };
    let promotion = Promotion { work_tree, config: &config, component, environments };
    let run = Run { session, request, promotion };
    let mut done = match &request.merge_request {
        Some(marks) => merge_request::deliver(&run, marks)?,
        None if session.offline => run.offline()?,
        None => run.online()?,
    };
    let Promotion { work_tree, config, component, .. } = &run.promotion;
    let place = TargetScan { work_tree, config, component };
    let found = match &done.target {
        Some(target) => watch.warnings_at(target, &place),
        None => watch.warnings(),
    };
    match found {
        Ok(warnings) => done.review.warnings.extend(warnings),
        Err(note) => done.review.notes.push(note),
    }
    run.tell(&done)
}

/// One promotion, from what was typed to what is told.
pub(super) struct Run<'a> {
    pub(super) session: &'a Session,
    pub(super) request: &'a Request,
    pub(super) promotion: Promotion<'a>,
}

/// A promotion that has landed.
pub(super) struct Done {
    pub(super) plan: Plan,
    pub(super) review: Review,
    pub(super) message: String,
    pub(super) landed: Landed,
    /// The commit of the target branch on which a merge request was planned.
    pub(super) target: Option<CommitId>,
}

impl Run<'_> {
    /// Plans what was typed; tells what the cache knows of it, and checks nothing.
    fn offline(&self) -> Result<Done> {
        let to = self.request.offline()?;
        let Promotion { work_tree, config, component, .. } = &self.promotion;
        let planned = self.promotion.plan(&to, self.request.landing)?;
        let upstreams = Upstreams::open(work_tree, config, component)?;
        let note = format!("offline: nothing is checked against `{}`", component.upstream);
        let mut review = Review::default();
        review.notes.push(note);
        if upstreams.mirror.knows(&to) {
            let tree = work_tree.read(&checks::wanted(config, component))?;
            review.changes = upstreams.changes(&planned.plan)?;
            let git = Git::at(&work_tree.top);
            review.people = people::people(&git, config, &tree, &review.changes);
        }
        self.land(planned, review)
    }

    /// Plans the commit that the upstream names, and lets the guards judge it.
    fn online(&self) -> Result<Done> {
        let Promotion { work_tree, config, component, .. } = &self.promotion;
        let tree = self.promotion.check()?;
        let upstreams = Upstreams::fetch(self.session, work_tree, config, component)?;
        let to = self.version(&upstreams, &tree, "HEAD")?;
        let planned = self.promotion.plan(&to, self.request.landing)?;
        let tree = work_tree.read(&checks::wanted(config, component))?;
        let review = self.review(&upstreams, &planned.plan, &tree, &|_| Ok(None))?;
        self.land(planned, review)
    }

    /// The commit that is asked for; `tree` has the pins that `revision` led to.
    pub(super) fn version(
        &self,
        upstreams: &Upstreams,
        tree: &Tree,
        revision: &str,
    ) -> Result<CommitId> {
        let mirror = &upstreams.mirror;
        match &self.request.version {
            Version::Named(name) => {
                let branch = self.promotion.component.branch.as_deref();
                Ok(mirror.resolve(name.as_deref(), branch)?.commit)
            }
            Version::Before => {
                let git = self.promotion.git("or the version with `--to REF`")?;
                version_before(&git, &self.promotion, mirror, tree, revision)
            }
        }
    }

    /// Reviews a plan, unless there is nothing to do, and makes sure of its image. `branch_of` is
    /// the branch on which a component that should go first waits to be merged.
    pub(super) fn review(
        &self,
        upstreams: &Upstreams,
        plan: &Plan,
        tree: &Tree,
        branch_of: &dyn Fn(&Component) -> Result<Option<String>>,
    ) -> Result<Review> {
        if plan.is_empty() {
            return Ok(Review::default());
        }
        let Run { session, request, promotion } = self;
        let git = Git::at(&promotion.work_tree.top);
        let image = ImageCheck::new(promotion.component, &plan.to, &request.switches);
        let (reply, review) = thread::scope(|scope| {
            // The registry is asked while the history is read.
            let asked = scope.spawn(|| image.as_ref().map(ImageCheck::ask));
            let config = promotion.config;
            let review = Review::new(&git, config, upstreams, plan, tree, &request.switches);
            (asked.join().map_err(|_| anyhow!("the question for the image stopped")), review)
        });
        let review = self.judged(review?, branch_of)?;
        let reply = reply?;
        if let (Some(image), Some(reply)) = (&image, reply) {
            let again = |to: &CommitId| request.again(session, to, request.landing);
            image.settle(session, reply, &review.changes, &again)?;
        }
        Ok(review)
    }

    fn judged(
        &self,
        mut review: Review,
        branch_of: &dyn Fn(&Component) -> Result<Option<String>>,
    ) -> Result<Review> {
        let first = review.first().map(|name| self.promotion.config.component(name)).transpose()?;
        if let Some(first) = first {
            // Nobody waits for a remote to be told what is refused anyway.
            let branch = if review.is_refused() { None } else { branch_of(first)? };
            match branch {
                Some(branch) => {
                    let help = "have that branch merged first".to_owned();
                    review.go_first(&format!("; `{branch}` has them"), help);
                }
                None => review.go_first("", self.request.first(self.session, first)),
            }
        }
        Ok(review.judged(self.request.switches.strict)?)
    }

    fn land(&self, planned: Planned, review: Review) -> Result<Done> {
        let Run { session, request, promotion } = self;
        let reason = request.switches.reason.as_deref();
        let message = commit_message(
            promotion.component,
            &review.changes,
            request.wording,
            &planned.plan,
            reason,
        );
        let landed = promotion.land(&planned, request.landing, &message, session.progress)?;
        Ok(Done { plan: planned.plan, review, message, landed, target: None })
    }

    pub(super) fn queue<'a>(&'a self, review: &'a Review) -> Queue<'a> {
        Queue {
            component: self.promotion.component,
            changes: &review.changes,
            people: &review.people,
            now: self.session.now(),
        }
    }

    /// Prints what happened; what a merge request lacks is a failure if warnings are to refuse.
    fn tell(&self, done: &Done) -> Result<Ending> {
        let Run { session, request, .. } = self;
        let Done { plan, review, message, landed, .. } = done;
        let delivered = match landed {
            Landed::Delivered(delivered) => Some(delivered),
            _ => None,
        };
        for warning in &review.warnings {
            session.warn(warning);
        }
        let notes: Vec<_> = review.notes.iter().chain(&plan.notes).cloned().collect();
        let of_forge = delivered.iter().flat_map(|delivered| &delivered.notes);
        notes.iter().chain(of_forge).for_each(|note| session.note(note));
        let faults = delivered.map(|delivered| delivered.faults()).unwrap_or_default();
        let is_strict = request.switches.strict && !faults.is_empty();
        for fault in faults.iter().filter(|_| !is_strict) {
            session.warn(fault);
        }
        let title = message.lines().next().unwrap_or_default();
        let queue = self.queue(review);
        let report = PromotionReport {
            plan,
            queue,
            landed,
            title,
            warnings: &review.warnings,
            notes: &notes,
        };
        // The branch is there, whatever lacks: so the document says where.
        match session.format {
            Format::Json => {
                let failures = if is_strict { faults.as_slice() } else { &[] };
                let document = json::with_errors(report.document(session.command), failures);
                session.print(&json::text(&document))?;
            }
            _ => {
                let diff = shown_diff(&report::plan_diff(plan));
                let again = request.again(session, &plan.to, Landing::Commit);
                session.print(&report.text(diff, &again))?;
            }
        }
        if is_strict {
            faults.iter().for_each(|fault| session.fail(fault));
            return Ok(Ending::Incomplete);
        }
        Ok(Ending::Done)
    }
}
