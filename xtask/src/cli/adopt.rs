//! The options of `adopt`.
#![allow(missing_docs, reason = "what stands here is shown to users")]

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values::word;

#[derive(Debug, Args)]
pub struct AdoptArgs {
    /// The top of the checkout
    pub dir: PathBuf,
    /// Show what would be written; write nothing
    #[arg(long, short = 'n')]
    pub dry_run: bool,
    /// Where cargo gets this tool from [default: the `origin` of the checkout it was built in]
    #[arg(long, value_name = "URL", value_parser = word)]
    pub from: Option<String>,
    /// The commit or the tag of this tool [default: the commit it was built from]
    #[arg(long, value_name = "REV", value_parser = word)]
    pub rev: Option<String>,
    /// Copy the sources of this tool into the checkout instead
    #[arg(long, conflicts_with_all = ["from", "rev"])]
    pub vendor: bool,
    /// Take every component that `discover` finds into promote.toml, not only what the Makefile
    /// promotes
    #[arg(long)]
    pub all_components: bool,
    /// Replace the recipe of this make target too, although it doesn't look like an old script's
    #[arg(long, value_name = "NAME", value_parser = word)]
    pub target: Vec<String>,
    /// What becomes of the scripts that the make targets called
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = OldScripts::Shim)]
    pub scripts: OldScripts,
    /// Run the old make targets and the new commands in two copies of the last commit, and compare
    /// all files; write nothing
    #[arg(long, conflicts_with_all = ["vendor", "from", "rev", "scripts"])]
    pub compare: bool,
}

/// What becomes of the old scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OldScripts {
    /// They call this tool
    Shim,
    /// They are removed
    Remove,
    /// They stay as they are
    Keep,
}
