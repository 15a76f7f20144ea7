//! One module for each command, how a command ends, and what all that land something refuse first.

use anyhow::Result;
use promotion::config::Config;
use promotion::model::problem::Problem;

use crate::land::merge_request::refuse_unknown_remotes;
use crate::land::{self, Landing};
use crate::session::Session;
use crate::worktree::WorkTree;

pub mod adopt;
pub mod block;
pub mod changes;
pub mod completions;
#[cfg(feature = "demo")]
pub mod demo;
pub mod discover;
pub mod explain;
pub mod promote;
pub mod status;

/// How a command ended that printed its result; `main` turns it into the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Everything that was asked for is done or printed.
    Done,
    /// A part of the result could not be determined; the result says why.
    Incomplete,
    /// `status --check` found a drift.
    Drift,
}

/// Refuses a merge request that no answer of a remote could make right, before one is asked.
fn refuse_before_asking(
    session: &Session,
    landing: &Landing,
    work_tree: &WorkTree,
    config: &Config,
) -> Result<()> {
    let Some(options) = landing.merge_request() else { return Ok(()) };
    // The command line's own check misses an `--offline` before the command.
    if session.offline {
        let problem = Problem::usage("`--mr` can't be used with `--offline`");
        return Err(problem.help("leave one of them out").into());
    }
    if let Some(to) = &options.remote {
        let git = land::git_of(work_tree, "or leave `--mr` out")?;
        refuse_unknown_remotes(&git, &config.repository.remote, to)?;
    }
    Ok(())
}
