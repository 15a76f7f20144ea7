//! The options of `status`.
#![allow(missing_docs, reason = "what stands here is shown to users")]

use std::time::Duration;

use clap::Args;
use promotion::model::duration::parse_duration;

use super::EnvArgs;

#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Saas files and components, by their names, unique parts of them, or globs of saas files
    /// [default: every component]
    #[arg(value_name = "NAME", conflicts_with = "component")]
    pub names: Vec<String>,
    /// Only this component
    #[arg(long, value_name = "NAME")]
    pub component: Option<String>,
    /// Every saas file of the repository, whether or not it is configured
    #[arg(long, conflicts_with_all = ["component", "names"])]
    pub all_saas: bool,
    /// Every saas file of this team
    #[arg(long, value_name = "TEAM", conflicts_with_all = ["component", "names"])]
    pub owner: Option<String>,
    /// Only where commits of yours wait, by git's `user.email` and the user files
    #[arg(long)]
    pub mine: bool,
    #[command(flatten)]
    pub only: EnvArgs,
    /// One row for each pin, with its file and line
    #[arg(long)]
    pub pins: bool,
    /// Show a table for each component or template, not one row, however many there are
    #[arg(long)]
    pub all: bool,
    /// Name everybody who waits, not only the first five
    #[arg(long)]
    pub people: bool,
    /// Exit with 3 on a drift: the pins of an environment disagree, or its version is no commit of
    /// the upstream's branch; what the limits below add. Exits with 1 if any of it can't be told
    #[arg(long)]
    pub check: bool,
    /// It is a drift too if more commits than this wait for an environment (merges do not count)
    #[arg(long, value_name = "N", requires = "check")]
    pub max_behind: Option<usize>,
    /// It is a drift too if a change waits for longer than this, such as `2d`. Counted from when
    /// it came to the branch: an environment where nothing waits is never too old
    #[arg(long, value_name = "DURATION", requires = "check", value_parser = parse_duration)]
    pub max_age: Option<Duration>,
}
