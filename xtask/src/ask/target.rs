//! Reads what the target branch, and the branches beside it, say about a promotion.

use anyhow::Result;
use promotion::config::Config;
use promotion::merge_request::is_of;
use promotion::model::component::Component;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::tree::Tree;

use crate::land::merge_request::Delivery;
use crate::session::read_config;

/// Warns if the target branch has another configuration: it may know other files.
pub fn other_configuration(
    config: &Config,
    tree: &Tree,
    path: Option<&RepoPath>,
) -> Result<Option<Problem>> {
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
