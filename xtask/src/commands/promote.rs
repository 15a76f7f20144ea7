//! Promotes a component: plan, verify, review, then land. `update-schemas` and `qr-promote` are this
//! command with the component filled in.

use std::thread;

use anyhow::{Result, anyhow};

use super::{Ending, merge_request};
use crate::before::version_before;
use crate::cli::Format;
use crate::component::Component;
use crate::error::Refusal;
use crate::git::Git;
use crate::image_check::ImageCheck;
use crate::land::{Landed, Landing, Planned, Promotion};
use crate::message::commit_message;
use crate::plan::Plan;
use crate::report;
use crate::report::changes::Queue;
use crate::report::promotion::Story;
use crate::request::{Request, Version};
use crate::review::{self, Review, Upstreams};
use crate::search::Watch;
use crate::session::{Session, shown_diff};
use crate::tree::Tree;
use crate::version::CommitId;

/// Carries out a request and prints what happened.
pub fn run(session: &Session, request: &Request) -> Result<Ending> {
    if request.switches.reason.as_deref() == Some("") {
        return Err(Refusal::usage("`--reason` is empty")
            .help("say why: it goes into the commit")
            .into());
    }
    // The command line's own check misses an `--offline` before the command.
    if session.offline && request.merge_request.is_some() {
        return Err(Refusal::usage("`--mr` can't be used with `--offline`")
            .help("leave one of them out")
            .into());
    }
    let work_tree = session.work_tree()?;
    let config = session.config(&work_tree)?;
    let component = config.component(&request.component)?;
    let environments = config.environments(component, &request.environments)?;
    let watch = Watch::start(&work_tree, &config, component).judged(&request.switches)?;
    let promotion = Promotion { work_tree, config: &config, component, environments };
    let mut done = match &request.merge_request {
        Some(marks) => merge_request::deliver(session, &promotion, request, marks)?,
        None if session.offline => offline(session, &promotion, request)?,
        None => online(session, &promotion, request)?,
    };
    done.review.warnings.extend(watch.warnings());
    tell(session, component, request, &done)
}

/// Prints what happened; what a merge request lacks is an error if warnings are to refuse.
fn tell(
    session: &Session,
    component: &Component,
    request: &Request,
    done: &Done,
) -> Result<Ending> {
    let Done { plan, review, message, landed } = done;
    let title = message.lines().next().unwrap_or_default();
    let queue = queue(session, component, review);
    let story = Story { plan, queue, landed, title, warnings: &review.warnings };
    let delivered = match landed {
        Landed::Delivered(delivered) => Some(delivered),
        _ => None,
    };
    for warning in &review.warnings {
        session.warn(warning);
    }
    let notes = delivered.iter().flat_map(|delivered| &delivered.notes);
    for note in plan.notes.iter().chain(notes) {
        session.note(note);
    }
    let faults = delivered.map(|delivered| delivered.faults()).unwrap_or_default();
    let is_strict = request.switches.strict && !faults.is_empty();
    for fault in faults.iter().filter(|_| !is_strict) {
        session.warn(fault);
    }
    // The branch is there, whatever lacks: so the document says where.
    match session.format {
        Format::Json => session.print(&story.document(session.command)?)?,
        _ => {
            let diff = shown_diff(&report::diff(plan));
            session.print(&story.text(diff, &request.again(session, &plan.to, Landing::Commit)))?;
        }
    }
    if is_strict {
        faults.iter().for_each(|fault| session.fail(fault));
        return Ok(Ending::Incomplete);
    }
    Ok(Ending::Done)
}

/// A promotion that has landed.
pub(super) struct Done {
    pub(super) plan: Plan,
    pub(super) review: Review,
    pub(super) message: String,
    pub(super) landed: Landed,
}

pub(super) fn queue<'a>(
    session: &Session,
    component: &'a Component,
    review: &'a Review,
) -> Queue<'a> {
    Queue { component, changes: &review.changes, people: &review.people, now: session.now() }
}

/// Plans what was typed; tells what the cache knows of it, and checks nothing.
fn offline(session: &Session, promotion: &Promotion, request: &Request) -> Result<Done> {
    let to = request.offline()?;
    let Promotion { work_tree, config, component, .. } = promotion;
    session.note(&format!("offline: nothing is checked against `{}`", component.upstream));
    let planned = promotion.plan(&to, request.landing)?;
    let upstreams = Upstreams::open(work_tree, config, component)?;
    let mut review = Review::default();
    if upstreams.mirror.knows(&to) {
        let tree = work_tree.read(&review::wanted(config, component))?;
        review.changes = upstreams.changes(&planned.plan)?;
        review.people = review::people(&Git::at(&work_tree.top), config, &tree, &review.changes);
    }
    land(session, promotion, request, planned, review)
}

/// Plans the commit that the upstream names, and lets the guards judge it.
fn online(session: &Session, promotion: &Promotion, request: &Request) -> Result<Done> {
    let Promotion { work_tree, config, component, .. } = promotion;
    promotion.check()?;
    let upstreams = Upstreams::fetch(session, work_tree, config, component)?;
    let to = version(request, promotion, &upstreams, &promotion.read()?, "HEAD")?;
    let planned = promotion.plan(&to, request.landing)?;
    let tree = work_tree.read(&review::wanted(config, component))?;
    let review = review(session, promotion, request, &upstreams, &planned.plan, &tree)?;
    land(session, promotion, request, planned, review)
}

/// The commit that is asked for; `tree` has the pins as they are in `revision`.
pub(super) fn version(
    request: &Request,
    promotion: &Promotion,
    upstreams: &Upstreams,
    tree: &Tree,
    revision: &str,
) -> Result<CommitId> {
    let mirror = &upstreams.mirror;
    match &request.version {
        Version::Named(name) => {
            let branch = promotion.component.branch.as_deref();
            Ok(mirror.resolve(name.as_deref(), branch)?.commit)
        }
        Version::Before => {
            let git = promotion.git("or the version with `--to REF`")?;
            version_before(&git, promotion, mirror, tree, revision)
        }
    }
}

fn land(
    session: &Session,
    promotion: &Promotion,
    request: &Request,
    planned: Planned,
    review: Review,
) -> Result<Done> {
    let queue = queue(session, promotion.component, &review);
    let reason = request.switches.reason.as_deref();
    let message = commit_message(&queue, request.wording, &planned.plan, reason);
    let landed = promotion.land(&planned, request.landing, &message, session.progress)?;
    Ok(Done { plan: planned.plan, review, message, landed })
}

/// Reviews a plan, unless there is nothing to do, and makes sure of its image.
pub(super) fn review(
    session: &Session,
    promotion: &Promotion,
    request: &Request,
    upstreams: &Upstreams,
    plan: &Plan,
    tree: &Tree,
) -> Result<Review> {
    if plan.is_empty() {
        return Ok(Review::default());
    }
    let git = Git::at(&promotion.work_tree.top);
    let image = ImageCheck::new(promotion.component, &plan.to, &request.switches);
    let (answer, review) = thread::scope(|scope| {
        // The registry is asked while the history is read.
        let asked = scope.spawn(|| image.as_ref().map(ImageCheck::ask));
        let review = Review::new(&git, promotion.config, upstreams, plan, tree, &request.switches);
        (asked.join().map_err(|_| anyhow!("the question for the image stopped")), review)
    });
    let review = review?;
    let answer = answer?;
    if let (Some(image), Some(answer)) = (&image, answer) {
        let again = |to: &CommitId| request.again(session, to, request.landing);
        image.settle(session, answer, &review.changes, &again)?;
    }
    Ok(review)
}
