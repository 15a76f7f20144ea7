//! Takes a promotion to a merge request: `--mr` of every command that promotes.

use anyhow::{Context, Result};

use super::promote::{Done, queue, review, version};
use crate::component::{Component, RepoPath};
use crate::config::Config;
use crate::deliver::{Delivery, Proposal};
use crate::error::Refusal;
use crate::git::Git;
use crate::land::{Landed, Landing, Promotion};
use crate::merge_request::{Story, branch_names};
use crate::message::commit_message;
use crate::plan::Plan;
use crate::request::{Marks, Request};
use crate::review::{self, Review, Upstreams};
use crate::session::{Session, read_config};
use crate::tree::Tree;

/// Plans on the remote's target branch, and opens or refreshes a merge request.
pub(super) fn deliver(
    session: &Session,
    promotion: &Promotion,
    request: &Request,
    marks: &Marks,
) -> Result<Done> {
    let Promotion { work_tree, config, component, environments } = promotion;
    let upstreams = Upstreams::fetch(session, work_tree, config, component)?;
    let (labels, withheld) = config.repository.labels(marks.lgtm, &marks.labels);
    let delivery = Delivery {
        git: Git::at(&work_tree.top),
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
    let mut wanted = promotion.wanted().and(review::wanted(config, component));
    let config_file = session.config_in_tree()?;
    wanted.files.extend(config_file.clone());
    let mut planned = None;
    let step = session.progress.network(format!("delivering to {}", delivery.to));
    let delivered = delivery.deliver(
        &wanted,
        |tree, base| {
            if let Some(path) = &config_file {
                same_config(config, tree, path)?;
            }
            let to = version(request, promotion, &upstreams, tree, base.as_str())?;
            let plan = promotion.verified(&to, tree)?;
            let mut review = review(session, promotion, request, &upstreams, &plan, tree)?;
            if let Some(branch) = open_already(&delivery, config, &review)? {
                review.wait_for(&branch);
            }
            let queue = queue(session, component, &review);
            let message = commit_message(&queue, request.wording, &plan, None);
            let proposal = propose(request, &plan, &review, component, message.clone());
            let wished = !plan.is_empty() && request.landing != Landing::DryRun;
            if wished && marks.lgtm && !queue.tell().is_empty() {
                let people = queue.tell().join(", ");
                session.note(&format!("lgtm is asked for, and commits of {people} go along"));
            }
            planned = Some((plan, review, message));
            Ok(wished.then_some(proposal))
        },
        &mut |line| step.detail(line),
    )?;
    drop(step);
    let (plan, review, message) = planned.context("a delivery plans first")?;
    let landed = match delivered {
        Some(delivered) => Landed::Delivered(delivered.with_notes(withheld)),
        None if plan.is_empty() => Landed::Unchanged,
        None => Landed::Planned,
    };
    Ok(Done { plan, review, message, landed })
}

/// Refuses a configuration that is not the target branch's: it may know other files.
fn same_config(config: &Config, tree: &Tree, path: &RepoPath) -> Result<()> {
    if read_config(tree.get(path).map(<[u8]>::to_vec))? == *config {
        return Ok(());
    }
    let refusal = Refusal::new("is not the one of the branch to merge into").file(path.as_str());
    Err(refusal.help("update the checkout, or name this one with `--config`").into())
}

/// The branch of what should go first, if the remote has one.
fn open_already(delivery: &Delivery, config: &Config, review: &Review) -> Result<Option<String>> {
    let Some((first, _)) = &review.first else { return Ok(None) };
    let first = config.component(first)?;
    let all: Vec<_> = first.environments.iter().collect();
    let names = branch_names(first, &all);
    let there = delivery.git.ask_branches(delivery.to, &names, &mut |_| {});
    Ok(there.map_err(Refusal::from)?.into_iter().next())
}

fn propose(
    request: &Request,
    plan: &Plan,
    review: &Review,
    component: &Component,
    message: String,
) -> Proposal {
    let reason = request.switches.reason.as_deref();
    let warnings: Vec<String> = review.warnings.iter().map(ToString::to_string).collect();
    let changes = Some((&review.changes, &review.people));
    let story = Story { component, plan, changes, warnings: &warnings, reason };
    let files = plan.changed().map(|(path, file)| (path.clone(), file.after().into_bytes()));
    Proposal {
        files: files.collect(),
        message,
        trailers: reason.iter().map(|reason| ("Reason".to_owned(), (*reason).to_owned())).collect(),
        title: story.title(request.wording),
        description: story.description(),
    }
}
