//! One module for each command, how a command ends, and what all that land something have in common.

use anyhow::Result;
use promotion::config::Config;
use promotion::model::problem::Problem;
use promotion::plan::Plan;
use promotion::plan::landed::Landed;

use crate::hint::quoted;
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

/// The command of git that takes back what has landed: the commit, or the edits of files that had no
/// others.
fn by_git(
    work_tree: &WorkTree,
    plan: &Plan,
    landed: &Landed,
    was_committed: bool,
) -> Option<String> {
    let git = format!("git -C {}", quoted(&work_tree.top.display().to_string()));
    match landed {
        Landed::Committed(commit) => Some(format!("{git} revert --no-edit {commit}")),
        // It is merged into a branch that may be checked out elsewhere.
        Landed::Delivered(delivered) => Some(format!("git revert --no-edit {}", delivered.commit)),
        Landed::Written if was_committed => {
            let files: Vec<_> = plan.changed().map(|(path, _)| quoted(path.as_str())).collect();
            Some(format!("{git} restore -- {}", files.join(" ")))
        }
        _ => None,
    }
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
