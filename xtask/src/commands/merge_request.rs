//! Takes a promotion to a merge request: `--mr` of every command that promotes.

use std::cell::RefCell;

use anyhow::{Context, Result};
use promotion::config::Config;
use promotion::guards::Findings;
use promotion::merge_request::commit_message::commit_message;
use promotion::merge_request::{Description, is_of};
use promotion::model::component::Component;
use promotion::model::path::RepoPath;
use promotion::model::problem::{Problem, Problems};
use promotion::model::tree::Tree;
use promotion::plan::Plan;
use promotion::plan::landed::Landed;

use super::promote::{Done, Run};
use crate::ask::checks::{self, Review};
use crate::ask::coverage::TargetScan;
use crate::ask::upstreams::Upstreams;
use crate::land::merge_request::{Delivery, ProposedCommit};
use crate::land::{Landing, Promotion};
use crate::request::{MergeRequestOptions, Request};
use crate::session::read_config;

/// Plans on the remote's target branch, and opens or refreshes a merge request.
pub(super) fn deliver(run: &Run, marks: &MergeRequestOptions) -> Result<Done> {
    let Run { session, request, promotion } = run;
    let Promotion { work_tree, config, component, environments } = promotion;
    let git = promotion.git("or leave `--mr` out")?;
    let upstreams = Upstreams::fetch(session, work_tree, config, component)?;
    let (labels, withheld) = config.repository.labels(marks.lgtm, &marks.labels);
    let delivery = Delivery {
        git,
        repository: &config.repository,
        component,
        environments,
        from: &config.repository.remote,
        to: marks.remote.as_deref().unwrap_or(&config.repository.remote),
        target: marks.target.as_deref(),
        labels,
        assignees: marks.assignees.clone(),
        draft: marks.draft,
    };
    let mut wanted = promotion.wanted().and(checks::wanted(config, component));
    let config_file = session.config_in_tree()?;
    wanted.files.extend(config_file.clone());
    let (mut planned, mut target) = (None, None);
    // One bar at a time: what is reviewed in between may have its own.
    let fetching = session.progress.network(format!("fetching {}", delivery.from));
    let step = RefCell::new(Some(fetching));
    let delivered = delivery.deliver(
        &wanted,
        |tree, base| {
            step.take();
            target = Some(base.clone());
            let to = run.version(&upstreams, tree, base.as_str())?;
            let plan = promotion.verified(&to, tree)?;
            let branch_of = |first: &Component| open_already(&delivery, first);
            let mut review = run.review(&upstreams, &plan, tree, &branch_of)?;
            let mut more = Findings::default();
            more.warnings.extend(differs(config, tree, config_file.as_ref())?);
            // Reading every file of a commit costs more than the rest of the delivery.
            if request.switches.strict {
                more.warnings.extend(TargetScan { work_tree, config, component }.search(base)?);
            }
            let more = more.strict(request.switches.strict);
            if !more.problems.is_empty() {
                return Err(Problems(more.problems).into());
            }
            review.warnings.extend(more.warnings);
            let queue = run.queue(&review);
            let message = commit_message(component, &review.changes, request.wording, &plan, None);
            let proposal = propose(request, &plan, &review, component, message.clone());
            let wished = !plan.is_empty() && request.landing != Landing::DryRun;
            if wished && marks.lgtm && withheld.is_none() && !queue.tell().is_empty() {
                let people = queue.tell().join(", ");
                session.note(&format!("lgtm is asked for, and commits of {people} go along"));
            }
            planned = Some((plan, review, message));
            let pushing = || session.progress.network(format!("delivering to {}", delivery.to));
            step.replace(wished.then(pushing));
            Ok(wished.then_some(proposal))
        },
        &mut |line| step.borrow().iter().for_each(|step| step.detail(line)),
    )?;
    drop(step);
    let (plan, review, message) = planned.context("a delivery plans first")?;
    let landed = match delivered {
        Some(delivered) => Landed::Delivered(delivered.with_notes(withheld)),
        None if plan.is_empty() => Landed::Unchanged,
        None => Landed::Planned,
    };
    Ok(Done { plan, review, message, landed, target })
}

/// Warns if the target branch has another configuration: it may know other files.
fn differs(config: &Config, tree: &Tree, path: Option<&RepoPath>) -> Result<Option<Problem>> {
    let Some(path) = path else { return Ok(None) };
    if read_config(tree.get(path).map(<[u8]>::to_vec))? == *config {
        return Ok(None);
    }
    let message = "is not that of the target branch, and this checkout's was used";
    let help = "check out that of the target branch, or name this one with `--config`";
    Ok(Some(Problem::new(message).file(path.as_str()).help(help)))
}

/// The branch of what should go first, if one of the remotes has one.
fn open_already(delivery: &Delivery, first: &Component) -> Result<Option<String>> {
    let mut remotes = vec![delivery.to, delivery.from];
    remotes.dedup();
    for remote in remotes {
        let there = delivery.git.ask_branches(remote, "promote/*", &mut |_| {});
        let mut there = there.map_err(Problem::from)?.into_iter();
        if let Some(branch) = there.find(|branch| is_of(first, branch)) {
            return Ok(Some(branch));
        }
    }
    Ok(None)
}

fn propose(
    request: &Request,
    plan: &Plan,
    review: &Review,
    component: &Component,
    message: String,
) -> ProposedCommit {
    let reason = request.switches.reason.as_deref();
    let warnings: Vec<String> = review.warnings.iter().map(ToString::to_string).collect();
    let changes = Some((&review.changes, &review.people));
    let description = Description { component, plan, changes, warnings: &warnings, reason };
    let files = plan.changed().map(|(path, file)| (path.clone(), file.after().into_bytes()));
    ProposedCommit {
        files: files.collect(),
        message,
        trailers: reason.iter().map(|reason| ("Reason".to_owned(), (*reason).to_owned())).collect(),
        title: description.title(request.wording),
        description: description.description(),
    }
}
