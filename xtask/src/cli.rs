//! What can be typed: clap types only. Their doc comments are the help.
#![allow(missing_docs, reason = "what stands here is shown to users")]

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use promotion::config::is_special;
use promotion::duration::parse_duration;
use promotion::escape::is_obeyed;

/// What is promoted where nothing else is named.
pub const DEFAULT_COMPONENT: &str = "qontract-reconcile";

/// Promotes components in a GitOps repository: exactly, all or nothing, in one command
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The checkout to work on [default: $APP_INTERFACE, else the git work tree around the
    /// current folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub repo: Option<PathBuf>,
    /// The configuration [default: promote.toml at the top of the checkout, else the built-in one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Touch no network; --ref must then be a full commit
    #[arg(long, global = true)]
    pub offline: bool,
    /// How results are printed
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// Print results, warnings and errors only: no progress, no notes
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
    /// For a wiki or a merge request; `changes` and `status` only
    Markdown,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    /// Its name, as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Color::Auto => "auto",
            Color::Always => "always",
            Color::Never => "never",
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Promote qontract-schemas
    UpdateSchemas(UpdateSchemas),
    /// Promote qontract-reconcile: every environment, or the named ones
    QrPromote(QrPromote),
    /// Promote a component in the named environments
    Promote(Promote),
    /// Go back to the version that ran before, or to another one
    Rollback(Rollback),
    /// Show what runs where, how far behind it is, and who waits
    Status(Status),
    /// List the commits that wait to be promoted, by author
    Changes(Changes),
    /// Find every pin in the tree, and write promote.toml
    Discover(Discover),
    /// Say what a pin belongs to, what it was, and why it would or would not move
    Explain(Explain),
    /// Build a small world of git repositories and run a whole promotion in it
    Demo(Demo),
    /// Print the script that completes `cargo xtask` in a shell
    Completions(Completions),
    /// Answer a completion script
    #[command(hide = true)]
    Complete(Complete),
}

impl Command {
    /// Its name, as it is typed.
    pub fn name(&self) -> &'static str {
        match self {
            Command::UpdateSchemas(_) => "update-schemas",
            Command::QrPromote(_) => "qr-promote",
            Command::Promote(_) => "promote",
            Command::Rollback(_) => "rollback",
            Command::Status(_) => "status",
            Command::Changes(_) => "changes",
            Command::Discover(_) => "discover",
            Command::Explain(_) => "explain",
            Command::Demo(_) => "demo",
            Command::Completions(_) => "completions",
            Command::Complete(_) => "complete",
        }
    }
}

/// What each command takes that promotes to a newer version.
#[derive(Debug, Args)]
pub struct Promotion {
    #[command(flatten)]
    pub version: Version,
    #[command(flatten)]
    pub landing: Landing,
    #[command(flatten)]
    pub guards: Guards,
}

#[derive(Debug, Args)]
pub struct UpdateSchemas {
    #[command(flatten)]
    pub promotion: Promotion,
}

#[derive(Debug, Args)]
pub struct QrPromote {
    /// Only these environments
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub env: Vec<String>,
    #[command(flatten)]
    pub promotion: Promotion,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("where").required(true).args(["env", "all"])))]
pub struct Promote {
    /// The environments
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub env: Vec<String>,
    /// Every environment
    #[arg(long)]
    pub all: bool,
    /// The component
    #[arg(long, value_name = "NAME", default_value = DEFAULT_COMPONENT)]
    pub component: String,
    #[command(flatten)]
    pub promotion: Promotion,
}

#[derive(Debug, Args)]
pub struct Status {
    /// Only this component [default: every one]
    #[arg(long, value_name = "NAME")]
    pub component: Option<String>,
    /// Only these environments
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub env: Vec<String>,
    /// One row for each pin, with its file and line
    #[arg(long)]
    pub pins: bool,
    /// Exit with 3 on a drift: the pins of an environment disagree, or its version is no commit of
    /// the upstream's branch; what the limits below add. Exits with 1 if any of it can't be told
    #[arg(long)]
    pub check: bool,
    /// It is a drift too if more commits than this wait for an environment (merges do not count)
    #[arg(long, value_name = "N", requires = "check")]
    pub max_behind: Option<usize>,
    /// It is a drift too if a change waits for longer than this, such as `2d`. Counted from when
    /// it came to the branch: an environment where nothing waits is never too old
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, requires = "check")]
    pub max_age: Option<Duration>,
}

#[derive(Debug, Args)]
pub struct Rollback {
    /// The environments
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', required = true)]
    pub env: Vec<String>,
    /// The component
    #[arg(long, value_name = "NAME", default_value = DEFAULT_COMPONENT)]
    pub component: String,
    /// The version to go back to [default: the one before, by the history of the pins]
    #[arg(long, value_name = "REF")]
    pub to: Option<String>,
    /// Why; becomes a trailer of the commit
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    #[command(flatten)]
    pub landing: Landing,
    #[command(flatten)]
    pub checks: Checks,
}

#[derive(Debug, Args)]
pub struct Changes {
    /// Only these environments
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub env: Vec<String>,
    /// The component
    #[arg(long, value_name = "NAME", default_value = DEFAULT_COMPONENT)]
    pub component: String,
    /// List from this version on, not from what the environments run
    #[arg(long, value_name = "REF")]
    pub from: Option<String>,
    #[command(flatten)]
    pub version: Version,
}

#[derive(Debug, Args)]
pub struct Discover {
    /// Write promote.toml, or add to it what is missing
    #[arg(long)]
    pub write: bool,
    /// Also take in each of many upstreams that have one saas file only
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct Explain {
    /// The file, from the current folder or from the top of the checkout, and perhaps a line
    #[arg(value_name = "FILE[:LINE]")]
    pub place: String,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// Where to build it: a new or empty folder [default: target/xtask-demo, made anew]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

#[derive(Debug, Args)]
pub struct Complete {
    /// The shell
    pub shell: Shell,
    /// The words after `cargo xtask`, the last one at the cursor; for bash, the characters that
    /// break words, and the line up to the cursor
    #[arg(last = true)]
    pub words: Vec<String>,
}

/// A shell that completes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, Args)]
pub struct Version {
    /// The version: a commit (7 or more digits), a branch or a tag of the upstream [default: the
    /// head of its default branch]
    #[arg(long = "ref", value_name = "REF")]
    pub reference: Option<String>,
}

/// What is done with the plan.
#[derive(Debug, Args)]
#[command(next_help_heading = "Landing options")]
pub struct Landing {
    /// Show what would be done; write nothing
    #[arg(short = 'n', long, conflicts_with = "commit")]
    pub dry_run: bool,
    /// Also commit the promoted files on the current branch; DO_COMMIT=1 in the environment means
    /// the same
    #[arg(long)]
    pub commit: bool,
    /// Open or refresh a merge request off the remote's target branch; the checkout stays as it is
    #[arg(long, conflicts_with_all = ["commit", "offline"])]
    pub mr: bool,
    /// With --mr: set the configured label that lets it be merged
    #[arg(long, requires = "mr")]
    pub lgtm: bool,
    /// With --mr: set this label too
    #[arg(long, value_name = "NAME", requires = "mr", value_parser = words)]
    pub label: Vec<String>,
    /// With --mr: mark it as not ready
    #[arg(long, requires = "mr")]
    pub draft: bool,
    /// With --mr: assign it to this user
    #[arg(long, value_name = "USER", requires = "mr", value_parser = word)]
    pub assign: Vec<String>,
    /// With --mr: push to this remote, such as your fork [default: as configured, else origin]
    #[arg(long, value_name = "NAME", requires = "mr", value_parser = word)]
    pub remote: Option<String>,
    /// With --mr: merge into this branch [default: as configured, else the remote's default]
    #[arg(long, value_name = "NAME", requires = "mr", value_parser = branch)]
    pub target_branch: Option<String>,
}

/// A label: anything visible that is no option.
fn words(text: &str) -> Result<String, String> {
    let fits = !text.trim().is_empty() && !text.starts_with('-') && !text.contains(is_obeyed);
    fits.then(|| text.to_owned())
        .ok_or_else(|| "expected visible text without `-` in front".to_owned())
}

fn word(text: &str) -> Result<String, String> {
    words(text)
        .ok()
        .filter(|text| !text.contains(char::is_whitespace))
        .ok_or_else(|| "expected one word without `-` in front".to_owned())
}

fn branch(text: &str) -> Result<String, String> {
    word(text)
        .ok()
        .filter(|text| !is_special(text))
        .ok_or_else(|| "expected the name of a branch".to_owned())
}

/// What is let through.
#[derive(Debug, Args)]
#[command(next_help_heading = "Guards")]
pub struct Guards {
    /// Let versions go back
    #[arg(long, requires = "reason")]
    pub allow_downgrade: bool,
    /// Why; becomes a trailer of the commit
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    #[command(flatten)]
    pub checks: Checks,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Guards")]
pub struct Checks {
    /// Let a version be promoted that is not on the default branch
    #[arg(long)]
    pub allow_off_branch: bool,
    /// Do not ask whether the image of the version exists
    #[arg(long, conflicts_with = "wait_image")]
    pub no_image_check: bool,
    /// Wait until the image of the version exists, at most this long [15m if it is left out]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "15m")]
    pub wait_image: Option<Duration>,
    /// Refuse what is warned about
    #[arg(long)]
    pub strict: bool,
}
