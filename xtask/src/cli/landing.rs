//! The options of every command that promotes: what is done with the plan, and what is let through.
#![allow(missing_docs, reason = "what stands here is shown to users")]

use std::time::Duration;

use clap::Args;
use promotion::model::duration::parse_duration;

use super::values::{branch, label, reason, user, word};

/// What `--mr` can't go with. For clap, an option that requires `--mr` does without it then: so each
/// of them says the same.
const WITHOUT_MR: [&str; 2] = ["commit", "offline"];

/// What is done with the plan.
#[derive(Debug, Args)]
#[command(next_help_heading = "Landing options")]
pub struct LandingArgs {
    /// Show what would be done; write nothing
    #[arg(long, short = 'n', conflicts_with = "commit")]
    pub dry_run: bool,
    /// Also commit the promoted files on the current branch; DO_COMMIT=1 in the environment means
    /// the same
    #[arg(long)]
    pub commit: bool,
    /// Open or refresh a merge request off the remote's target branch; the checkout stays as it is
    #[arg(long, conflicts_with_all = WITHOUT_MR)]
    pub mr: bool,
    /// Open the page of what was done: the merge request, else the comparison of the versions
    #[arg(long)]
    pub open: bool,
    /// With --mr: set the configured label that lets it be merged
    #[arg(long, requires = "mr", conflicts_with_all = WITHOUT_MR)]
    pub lgtm: bool,
    /// With --mr: set this label too; once for each label
    #[arg(long, value_name = "NAME", requires = "mr", conflicts_with_all = WITHOUT_MR, value_parser = label)]
    pub label: Vec<String>,
    /// With --mr: mark it as not ready
    #[arg(long, requires = "mr", conflicts_with_all = WITHOUT_MR)]
    pub draft: bool,
    /// With --mr: assign it to this user too; once for each user
    #[arg(long, value_name = "USER", requires = "mr", conflicts_with_all = WITHOUT_MR, value_parser = user)]
    pub assign: Vec<String>,
    /// With --mr: push to this remote, such as your fork [default: where git pushes by
    /// branch.NAME.pushRemote or remote.pushDefault, else as configured, else origin]
    #[arg(long, value_name = "NAME", requires = "mr", conflicts_with_all = WITHOUT_MR, value_parser = word)]
    pub remote: Option<String>,
    /// With --mr: merge into this branch [default: as configured, else the remote's default]
    #[arg(long, value_name = "NAME", requires = "mr", conflicts_with_all = WITHOUT_MR, value_parser = branch)]
    pub target_branch: Option<String>,
}

/// What is let through.
#[derive(Debug, Args)]
#[command(next_help_heading = "Guards")]
pub struct GuardArgs {
    /// Let versions go back
    #[arg(long, requires = "reason")]
    pub allow_downgrade: bool,
    /// Why; becomes a trailer of the commit
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: Option<String>,
    #[command(flatten)]
    pub checks: CheckArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Guards")]
pub struct CheckArgs {
    /// Let a version be promoted that is not on the default branch
    #[arg(long)]
    pub allow_off_branch: bool,
    /// Do not ask whether the image of the version exists
    #[arg(long, conflicts_with = "wait_image")]
    pub no_image_check: bool,
    /// Wait until the image of the version exists, at most this long [15m if it is left out]
    #[arg(
        long,
        value_name = "DURATION",
        num_args = 0..=1,
        default_missing_value = "15m",
        value_parser = parse_duration
    )]
    pub wait_image: Option<Duration>,
    /// Refuse what is warned about
    #[arg(long)]
    pub strict: bool,
}
