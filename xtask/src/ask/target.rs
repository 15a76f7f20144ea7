//! Reads what the target branch, and the branches beside it, say about a promotion.

use anyhow::Result;
use promotion::config::Config;
use promotion::guards::Findings;
use promotion::merge_request::is_of;
use promotion::model::component::Component;
use promotion::model::path::RepoPath;
use promotion::model::problem::{Problem, Problems};
use promotion::model::tree::Tree;

use crate::ask::coverage::TargetScan;
use crate::land::merge_request::{Delivery, Started};
use crate::session::read_config;

/// What is to be said of the target branch itself; refused with `strict`.
pub fn warnings_on(
    scan: &TargetScan,
    started: &Started,
    config_file: Option<&RepoPath>,
    strict: bool,
) -> Result<Vec<Problem>> {
    let mut findings = Findings::default();
    findings.warnings.extend(differs(scan.config, &started.tree, config_file)?);
    // Reading every file of a commit costs more than the rest of the delivery.
    if strict {
        findings.warnings.extend(scan.search(&started.base)?);
    }
    let findings = findings.strict(strict);
    match findings.problems {
        problems if problems.is_empty() => Ok(findings.warnings),
        problems => Err(Problems(problems).into()),
    }
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
pub fn open_already(delivery: &Delivery, first: &Component) -> Result<Option<String>> {
    let mut remotes = vec![delivery.to.as_str(), delivery.from];
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
