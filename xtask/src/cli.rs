//! What can be typed; the doc comments are the help.
#![allow(missing_docs, reason = "what stands here is shown to users")]

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, Resettable, Str, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgGroup, Args, CommandFactory, Error, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::called::called;
use adopt::AdoptArgs;
use examples::with_examples;
pub use landing::{CheckArgs, GuardArgs, LandingArgs};
pub use status::StatusArgs;
use values::{reason, reference, sha};

pub mod adopt;
mod examples;
mod landing;
mod status;
pub mod usage;
mod values;

/// What is promoted where nothing else is named.
pub const DEFAULT_COMPONENT: &str = "qontract-reconcile";

/// What `update-schemas` promotes.
pub const SCHEMAS: &str = "qontract-schemas";

/// Promotes components in a GitOps repository: exactly, all or nothing, in one command
#[derive(Debug, Parser)]
#[command(
    name = called(),
    bin_name = called(),
    version,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: CliCommand,
}

impl Cli {
    /// The description of everything that can be typed.
    pub fn command() -> clap::Command {
        let command = <Cli as CommandFactory>::command();
        let global = |id: &str| {
            let arg = command.get_arguments().find(|arg| arg.get_id() == id).cloned();
            arg.expect("it is a global option")
        };
        let format = global("format");
        let of_checkout = ["repo", "config"].map(|id| global(id).hide(true));
        command.mut_subcommands(|command| {
            let command = match command.get_name() {
                "adopt" | "demo" | "completions" => command.args(of_checkout.clone()),
                _ => command,
            };
            let formats = formats(command.get_name()).iter().filter_map(Format::to_possible_value);
            let known = |name: String| Format::from_str(&name, false);
            let parser = PossibleValuesParser::new(formats).try_map(known);
            with_examples(command).arg(format.clone().value_parser(parser))
        })
    }

    /// Reads a command line, the program first; the error is also what is shown for `--help`.
    pub fn try_parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, Error> {
        let mut command = Cli::command();
        let cli = Cli::from_arg_matches(&command.try_get_matches_from_mut(words)?)?;
        // clap doesn't hold what is typed before a command against that command.
        let formats = formats(cli.command.name());
        if formats.contains(&cli.global.format) {
            return Ok(cli);
        }
        let name = |format: &Format| format.to_possible_value().map(|it| it.get_name().to_owned());
        let mut error = Error::new(ErrorKind::InvalidValue).with_cmd(&command);
        let text = ContextValue::String;
        error.insert(ContextKind::InvalidArg, text("--format <FORMAT>".to_owned()));
        error.insert(ContextKind::InvalidValue, text(name(&cli.global.format).unwrap_or_default()));
        let values = ContextValue::Strings(formats.iter().filter_map(name).collect());
        error.insert(ContextKind::ValidValue, values);
        Err(error)
    }
}

/// What a command can print.
fn formats(command: &str) -> &'static [Format] {
    match command {
        "status" => &[Format::Text, Format::Json, Format::Markdown, Format::Html],
        "changes" => &[Format::Text, Format::Json, Format::Markdown],
        "demo" | "completions" | "__complete" => &[Format::Text],
        _ => &[Format::Text, Format::Json],
    }
}

#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Promote qontract-schemas
    UpdateSchemas(UpdateSchemasArgs),
    /// Promote qontract-reconcile: every environment, or the named ones
    QrPromote(QrPromoteArgs),
    /// Promote components, or any saas files, in the named environments
    Promote(PromoteArgs),
    /// Go back to the version that ran before, or to another one
    Rollback(RollbackArgs),
    /// Keep a version from being deployed
    Block(BlockArgs),
    /// Let a version be deployed again that was blocked
    Unblock(UnblockArgs),
    /// Show what runs where, how far behind it is, and who waits
    Status(StatusArgs),
    /// List the commits that wait to be promoted, by author
    Changes(ChangesArgs),
    /// Find every pin in the tree, and write promote.toml
    Discover(DiscoverArgs),
    /// Say what a pin belongs to, what it was, and why it would or would not move
    Explain(ExplainArgs),
    /// Put a thin xtask that calls this tool into an existing checkout
    Adopt(AdoptArgs),
    /// Build a small world of git repositories and run a whole promotion in it
    #[cfg(feature = "demo")]
    Demo(DemoArgs),
    /// Print the script that completes this program in a shell
    Completions(CompletionsArgs),
    /// Answer a completion script
    #[command(name = "__complete", hide = true)]
    Complete(CompleteArgs),
}

impl CliCommand {
    /// As it is typed.
    pub fn name(&self) -> &'static str {
        match self {
            CliCommand::UpdateSchemas(_) => "update-schemas",
            CliCommand::QrPromote(_) => "qr-promote",
            CliCommand::Promote(_) => "promote",
            CliCommand::Rollback(_) => "rollback",
            CliCommand::Block(_) => "block",
            CliCommand::Unblock(_) => "unblock",
            CliCommand::Status(_) => "status",
            CliCommand::Changes(_) => "changes",
            CliCommand::Discover(_) => "discover",
            CliCommand::Explain(_) => "explain",
            CliCommand::Adopt(_) => "adopt",
            #[cfg(feature = "demo")]
            CliCommand::Demo(_) => "demo",
            CliCommand::Completions(_) => "completions",
            CliCommand::Complete(_) => "__complete",
        }
    }
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
    /// For a wiki or a merge request; `changes` and `status` only
    Markdown,
    /// A page for browsers; `status` only
    Html,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Color::Auto => "auto",
            Color::Always => "always",
            Color::Never => "never",
        }
    }
}

/// A shell that completes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShellName {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// The checkout to work on [default: $APP_INTERFACE, else the git work tree around the
    /// current folder]
    #[arg(long, value_name = "DIR", global = true)]
    pub repo: Option<PathBuf>,
    /// The configuration [default: promote.toml at the top of the checkout, else the built-in one]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Touch no network; what promotes then needs a full commit as its --ref or --to
    #[arg(long, global = true)]
    pub offline: bool,
    /// How results are printed
    #[arg(long, value_name = "FORMAT", global = true, default_value = "text")]
    pub format: Format,
    /// Print results, warnings and errors only: no progress, no notes
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// When to use colour
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto")]
    pub color: Color,
}

/// What each command takes that promotes to a newer version.
#[derive(Debug, Args)]
pub struct PromotionArgs {
    #[command(flatten)]
    pub version: RefArgs,
    #[command(flatten)]
    pub landing: LandingArgs,
    #[command(flatten)]
    pub guards: GuardArgs,
}

#[derive(Debug, Args)]
pub struct UpdateSchemasArgs {
    #[command(flatten)]
    pub promotion: PromotionArgs,
}

#[derive(Debug, Args)]
pub struct QrPromoteArgs {
    /// The commit, as the script took it that this replaces; the same as --ref
    #[arg(conflicts_with = "reference", value_parser = sha)]
    pub sha: Option<String>,
    #[command(flatten)]
    pub only: EnvArgs,
    #[command(flatten)]
    pub promotion: PromotionArgs,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true)
    .args(["names", "env", "all", "saas", "owner"]))]
#[command(group = ArgGroup::new("files").multiple(true).args(["names", "saas", "owner"]))]
pub struct PromoteArgs {
    /// A saas file or a component, by its name or a unique part of it; then perhaps where:
    /// environments, clusters, namespaces or targets, by their names, parts or globs
    #[arg(value_name = "NAME [WHERE]", conflicts_with_all = ["component", "saas", "owner"])]
    pub names: Vec<String>,
    /// The environments
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub env: Vec<String>,
    /// Every environment
    #[arg(long, conflicts_with = "env")]
    pub all: bool,
    /// The components, in one plan and one merge request
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',',
        default_value = DEFAULT_COMPONENT)]
    pub component: Vec<String>,
    #[command(flatten)]
    pub saas: SaasArgs,
    /// Promote the version that this environment of the saas file runs
    #[arg(long, value_name = "ENV", conflicts_with = "reference", requires = "files")]
    pub like: Option<String>,
    /// Name the version as a hotfix in the app of the saas file, in the same commit: then the gates
    /// of its publishers don't hold
    #[arg(long, requires = "files")]
    pub hotfix: bool,
    /// Of several saas files, promote each in a commit and a merge request of its own
    #[arg(long, requires = "files")]
    pub split: bool,
    #[command(flatten)]
    pub promotion: PromotionArgs,
}

/// Which targets of which saas files. The group `files` is what names these, in each command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Saas files")]
pub struct SaasArgs {
    /// A saas file, by its name, its path, a unique part of either, or a glob
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', conflicts_with = "component")]
    pub saas: Vec<String>,
    /// Every saas file of this team
    #[arg(long, value_name = "TEAM", conflicts_with_all = ["component", "saas"])]
    pub owner: Option<String>,
    /// Only these resource templates
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', requires = "files")]
    pub template: Vec<String>,
    /// Only these targets
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', requires = "files")]
    pub target: Vec<String>,
    /// Only the targets in these namespaces, by their path or their name
    #[arg(long, value_name = "PATH", num_args = 1.., value_delimiter = ',', requires = "files")]
    pub namespace: Vec<String>,
}

#[derive(Debug, Args)]
pub struct BlockArgs {
    /// A saas file or a component, by its name or a unique part of it
    pub name: String,
    /// The version: a commit (7 or more digits), a branch or a tag of the upstream
    #[arg(long = "ref", value_name = "REF", value_parser = reference)]
    pub reference: String,
    /// Why; becomes a trailer of the commit
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: String,
    #[command(flatten)]
    pub landing: LandingArgs,
}

#[derive(Debug, Args)]
pub struct UnblockArgs {
    /// A saas file or a component, by its name or a unique part of it
    pub name: String,
    /// The version: a commit (7 or more digits), a branch or a tag of the upstream
    #[arg(long = "ref", value_name = "REF", value_parser = reference)]
    pub reference: String,
    /// Why; becomes a trailer of the commit
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: Option<String>,
    #[command(flatten)]
    pub landing: LandingArgs,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("files").multiple(true).args(["saas", "owner"]))]
pub struct RollbackArgs {
    /// The environments
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', required = true)]
    pub env: Vec<String>,
    #[command(flatten)]
    pub of: ComponentArgs,
    /// The version to go back to [default: the one before, by the history of the pins]
    #[arg(long, value_name = "REF", alias = "ref", value_parser = reference)]
    pub to: Option<String>,
    /// Why; becomes a trailer of the commit
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: String,
    #[command(flatten)]
    pub saas: SaasArgs,
    #[command(flatten)]
    pub landing: LandingArgs,
    #[command(flatten)]
    pub checks: CheckArgs,
}

#[derive(Debug, Args)]
pub struct ChangesArgs {
    /// A component or a saas file, by its name or a unique part of it, as `status` shows it:
    /// SAAS-FILE/TEMPLATE where there are several upstreams
    #[arg(value_name = "NAME", conflicts_with = "component")]
    pub name: Option<String>,
    #[command(flatten)]
    pub only: EnvArgs,
    #[command(flatten)]
    pub of: ComponentArgs,
    /// List from this version on, not from what the environments run
    #[arg(long, value_name = "REF", value_parser = reference)]
    pub from: Option<String>,
    /// List every commit, and name everybody to tell
    #[arg(long)]
    pub all: bool,
    /// Name everybody to tell, not only the first five
    #[arg(long)]
    pub people: bool,
    #[command(flatten)]
    pub version: RefArgs,
}

#[derive(Debug, Args)]
pub struct DiscoverArgs {
    /// Only this component
    #[arg(long, value_name = "NAME")]
    pub component: Option<String>,
    /// Write promote.toml, or add to it what is missing
    #[arg(long)]
    pub write: bool,
    /// Show everything, and also take in each of many upstreams that have one saas file only
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The file, from the current folder or from the top of the checkout, and perhaps a line
    #[arg(value_name = "FILE[:LINE]")]
    pub place: String,
    /// Show every pin, and its whole history
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where to build it: a new or empty folder, or that of an earlier demo, which is made anew
    /// [default: xtask-demo in the target folder of cargo]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: ShellName,
}

#[derive(Debug, Args)]
pub struct CompleteArgs {
    /// The shell
    pub shell: ShellName,
    /// The words after `cargo xtask`, the last one at the cursor; for bash, the characters that
    /// break words, and the line up to the cursor
    #[arg(last = true, num_args = 1..)]
    pub words: Vec<String>,
}

#[derive(Debug, Args)]
pub struct EnvArgs {
    /// Only these environments
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub env: Vec<String>,
}

#[derive(Debug, Args)]
pub struct ComponentArgs {
    /// The component
    #[arg(long, value_name = "NAME", default_value = DEFAULT_COMPONENT)]
    pub component: String,
}

#[derive(Debug, Args)]
pub struct RefArgs {
    /// The version: a commit (7 or more digits), a branch or a tag of the upstream [default: the
    /// head of its default branch]
    // In `promote`, what stands before it has a heading of its own.
    #[arg(long = "ref", value_name = "REF", value_parser = reference, help_heading = Resettable::<Str>::Reset)]
    pub reference: Option<String>,
}
