//! What can be typed; the doc comments are the help.
#![allow(missing_docs, reason = "what stands here is shown to users")]

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgGroup, ArgMatches, Error, value_parser};
use promotion::model::duration::parse_duration;
use promotion::model::escape::is_obeyed;
use promotion::model::refname::objection;

use declare::{Arguments, arguments, choices, commands};

mod declare;

/// What is promoted where nothing else is named.
pub const DEFAULT_COMPONENT: &str = "qontract-reconcile";

/// What `update-schemas` promotes.
pub const SCHEMAS: &str = "qontract-schemas";

/// What was typed.
#[derive(Debug)]
pub struct Cli {
    pub global: Global,
    pub command: Command,
}

impl Cli {
    /// The description of everything that can be typed.
    pub fn command() -> clap::Command {
        let command = clap::Command::new("cargo xtask")
            .bin_name("cargo xtask")
            .version(env!("CARGO_PKG_VERSION"))
            .about("Promotes components in a GitOps repository: exactly, all or nothing, in one command")
            .max_term_width(100)
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands(Command::all());
        let place = ArgGroup::new("where").required(true).args(["env", "all"]);
        Global::declare(command)
            .mut_subcommand("promote", |promote| promote.group(place))
            .mut_subcommand("__complete", |complete| complete.hide(true))
    }

    /// Reads a command line, the program first; the error is also what is shown for `--help`.
    pub fn try_parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, Error> {
        let mut matches = Cli::command().try_get_matches_from(words)?;
        let global = Global::take(&mut matches);
        let (name, mut typed): (String, ArgMatches) =
            matches.remove_subcommand().expect("a command is required");
        let command = Command::take(&name, &mut typed).expect("every command is declared");
        Ok(Cli { global, command })
    }
}

commands! {
    pub enum Command {
        /// Promote qontract-schemas
        UpdateSchemas = "update-schemas",
        /// Promote qontract-reconcile: every environment, or the named ones
        QrPromote = "qr-promote",
        /// Promote a component in the named environments
        Promote = "promote",
        /// Go back to the version that ran before, or to another one
        Rollback = "rollback",
        /// Show what runs where, how far behind it is, and who waits
        Status = "status",
        /// List the commits that wait to be promoted, by author
        Changes = "changes",
        /// Find every pin in the tree, and write promote.toml
        Discover = "discover",
        /// Say what a pin belongs to, what it was, and why it would or would not move
        Explain = "explain",
        /// Build a small world of git repositories and run a whole promotion in it
        #[cfg(feature = "demo")]
        Demo = "demo",
        /// Print the script that completes `cargo xtask` in a shell
        Completions = "completions",
        /// Answer a completion script
        Complete = "__complete",
    }
}

choices! {
    /// How results are printed.
    pub enum Format {
        Text = "text",
        Json = "json",
        /// For a wiki or a merge request; `changes` and `status` only
        Markdown = "markdown",
    }

    /// When to use colour.
    pub enum Color {
        Auto = "auto",
        Always = "always",
        Never = "never",
    }

    /// A shell that completes.
    pub enum Shell {
        Bash = "bash",
        Zsh = "zsh",
        Fish = "fish",
    }
}

arguments! {
    /// Options of every command.
    pub struct Global under "Global options" {
        /// The checkout to work on [default: $APP_INTERFACE, else the git work tree around the
        /// current folder]
        pub repo: Option<PathBuf> = path("repo", "DIR").global(true),
        /// The configuration [default: promote.toml at the top of the checkout, else the built-in one]
        pub config: Option<PathBuf> = path("config", "FILE").global(true),
        /// Touch no network; what promotes then needs a full commit as its --ref or --to
        pub offline: bool = flag("offline").global(true),
        /// How results are printed
        pub format: Format = option("format", "FORMAT")
            .global(true)
            .default_value("text")
            .value_parser(value_parser!(Format)),
        /// Print results, warnings and errors only: no progress, no notes
        pub quiet: bool = flag("quiet").short('q').global(true),
        /// When to use colour
        pub color: Color = option("color", "WHEN")
            .global(true)
            .default_value("auto")
            .value_parser(value_parser!(Color)),
    }

    /// What each command takes that promotes to a newer version.
    pub struct Promotion {
        with version: Version,
        with landing: Landing,
        with guards: Guards,
    }

    pub struct UpdateSchemas {
        with promotion: Promotion,
    }

    pub struct QrPromote {
        /// Only these environments
        pub env: Vec<String> = environments(),
        with promotion: Promotion,
    }

    pub struct Promote {
        /// The environments
        pub env: Vec<String> = environments(),
        /// Every environment
        pub all: bool = flag("all"),
        /// The component
        pub component: String = component(),
        with promotion: Promotion,
    }

    pub struct Status {
        /// Only this component [default: every one]
        pub component: Option<String> = option("component", "NAME"),
        /// Only these environments
        pub env: Vec<String> = environments(),
        /// One row for each pin, with its file and line
        pub pins: bool = flag("pins"),
        /// Exit with 3 on a drift: the pins of an environment disagree, or its version is no commit of
        /// the upstream's branch; what the limits below add. Exits with 1 if any of it can't be told
        pub check: bool = flag("check"),
        /// It is a drift too if more commits than this wait for an environment (merges do not count)
        pub max_behind: Option<usize> = option("max-behind", "N")
            .requires("check")
            .value_parser(value_parser!(usize)),
        /// It is a drift too if a change waits for longer than this, such as `2d`. Counted from when
        /// it came to the branch: an environment where nothing waits is never too old
        pub max_age: Option<Duration> = option("max-age", "DURATION")
            .requires("check")
            .value_parser(parse_duration),
    }

    pub struct Rollback {
        /// The environments
        pub env: Vec<String> = environments().required(true),
        /// The component
        pub component: String = component(),
        /// The version to go back to [default: the one before, by the history of the pins]
        pub to: Option<String> = option("to", "REF"),
        /// Why; becomes a trailer of the commit
        pub reason: String = option("reason", "TEXT").required(true),
        with landing: Landing,
        with checks: Checks,
    }

    pub struct Changes {
        /// Only these environments
        pub env: Vec<String> = environments(),
        /// The component
        pub component: String = component(),
        /// List from this version on, not from what the environments run
        pub from: Option<String> = option("from", "REF"),
        with version: Version,
    }

    pub struct Discover {
        /// Write promote.toml, or add to it what is missing
        pub write: bool = flag("write"),
        /// Also take in each of many upstreams that have one saas file only
        pub all: bool = flag("all"),
    }

    pub struct Explain {
        /// The file, from the current folder or from the top of the checkout, and perhaps a line
        pub place: String = Arg::new("place").value_name("FILE[:LINE]").required(true),
    }

    pub struct Demo {
        /// Where to build it: a new or empty folder, or that of an earlier demo, which is made anew
        /// [default: xtask-demo in the target folder of cargo]
        pub dir: Option<PathBuf> = path("dir", "DIR"),
    }

    pub struct Completions {
        /// The shell
        pub shell: Shell = shell(),
    }

    pub struct Complete {
        /// The shell
        pub shell: Shell = shell(),
        /// The words after `cargo xtask`, the last one at the cursor; for bash, the characters that
        /// break words, and the line up to the cursor
        pub words: Vec<String> = Arg::new("words").value_name("WORDS").last(true).num_args(1..),
    }

    pub struct Version {
        /// The version: a commit (7 or more digits), a branch or a tag of the upstream [default: the
        /// head of its default branch]
        pub reference: Option<String> = option("ref", "REF"),
    }

    /// What is done with the plan.
    pub struct Landing under "Landing options" {
        /// Show what would be done; write nothing
        pub dry_run: bool = flag("dry-run").short('n').conflicts_with("commit"),
        /// Also commit the promoted files on the current branch; DO_COMMIT=1 in the environment means
        /// the same
        pub commit: bool = flag("commit"),
        /// Open or refresh a merge request off the remote's target branch; the checkout stays as it is
        pub mr: bool = flag("mr").conflicts_with_all(["commit", "offline"]),
        /// With --mr: set the configured label that lets it be merged
        pub lgtm: bool = flag("lgtm").requires("mr"),
        /// With --mr: set this label too; once for each label
        pub label: Vec<String> = option("label", "NAME").requires("mr").value_parser(label),
        /// With --mr: mark it as not ready
        pub draft: bool = flag("draft").requires("mr"),
        /// With --mr: assign it to this user
        pub assign: Vec<String> = option("assign", "USER").requires("mr").value_parser(word),
        /// With --mr: push to this remote, such as your fork [default: where git pushes by
        /// branch.NAME.pushRemote or remote.pushDefault, else as configured, else origin]
        pub remote: Option<String> = option("remote", "NAME").requires("mr").value_parser(word),
        /// With --mr: merge into this branch [default: as configured, else the remote's default]
        pub target_branch: Option<String> = option("target-branch", "NAME")
            .requires("mr")
            .value_parser(branch),
    }

    /// What is let through.
    pub struct Guards under "Guards" {
        /// Let versions go back
        pub allow_downgrade: bool = flag("allow-downgrade").requires("reason"),
        /// Why; becomes a trailer of the commit
        pub reason: Option<String> = option("reason", "TEXT"),
        with checks: Checks,
    }

    pub struct Checks under "Guards" {
        /// Let a version be promoted that is not on the default branch
        pub allow_off_branch: bool = flag("allow-off-branch"),
        /// Do not ask whether the image of the version exists
        pub no_image_check: bool = flag("no-image-check").conflicts_with("wait-image"),
        /// Wait until the image of the version exists, at most this long [15m if it is left out]
        pub wait_image: Option<Duration> = option("wait-image", "DURATION")
            .default_missing_value("15m")
            .num_args(0..=1)
            .require_equals(true)
            .value_parser(parse_duration),
        /// Refuse what is warned about
        pub strict: bool = flag("strict"),
    }
}

fn option(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value)
}

fn flag(name: &'static str) -> Arg {
    Arg::new(name).long(name)
}

fn path(name: &'static str, value: &'static str) -> Arg {
    option(name, value).value_parser(value_parser!(PathBuf))
}

fn environments() -> Arg {
    option("env", "NAME").num_args(1..).value_delimiter(',')
}

fn shell() -> Arg {
    Arg::new("shell").value_name("SHELL").required(true).value_parser(value_parser!(Shell))
}

fn component() -> Arg {
    option("component", "NAME").default_value(DEFAULT_COMPONENT)
}

/// A label: anything visible that is no option.
fn words(text: &str) -> Result<String, String> {
    let fits = !text.trim().is_empty() && !text.starts_with('-') && !text.contains(is_obeyed);
    fits.then(|| text.to_owned())
        .ok_or_else(|| "expected visible text without `-` in front".to_owned())
}

/// Source: GitLab's `app/models/label.rb`; it leaves out other labels without a word.
fn label(text: &str) -> Result<String, String> {
    let text = words(text)?;
    match text.contains(',') {
        true => Err("GitLab has no label with a comma; give each one its own `--label`".to_owned()),
        false => Ok(text),
    }
}

fn word(text: &str) -> Result<String, String> {
    words(text)
        .ok()
        .filter(|text| !text.contains(char::is_whitespace))
        .ok_or_else(|| "expected one word without `-` in front".to_owned())
}

fn branch(text: &str) -> Result<String, String> {
    match objection(text) {
        None => Ok(text.to_owned()),
        Some(reason) => Err(format!("it {reason}, expected the name of a branch")),
    }
}
