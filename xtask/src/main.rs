//! Parses the command line, runs one command, prints the error, decides the exit status.

use std::process::ExitCode;

use clap::error::ErrorKind;
use promotion::model::problem::{Problem, problems};
use promotion::report::{self, json};
use xtask::cli::{Cli, Command, Format};
#[cfg(feature = "demo")]
use xtask::commands::demo;
use xtask::commands::{Ending, changes, completions, discover, explain, promote, status};
use xtask::session::{self, Session};

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const DRIFT: u8 = 3;

fn main() -> ExitCode {
    let cli = match Cli::try_parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return unparsed(&error),
    };
    let lists = matches!(cli.command, Command::Changes(_) | Command::Status(_));
    let is_for_people = matches!(cli.command.name(), "demo" | "completions");
    let unfit = match cli.global.format {
        Format::Markdown if !lists => Some(("markdown", "use `text` or `json`")),
        Format::Json if is_for_people => Some(("json", "use `text`")),
        _ => None,
    };
    if let Some((format, help)) = unfit {
        let message = format!("`{}` has no `--format {format}`", cli.command.name());
        return failed(&[Problem::usage(message).help(help)], cli.global.format);
    }
    let session = Session::new(cli.command.name(), &cli.global);
    let done = |()| Ending::Done;
    let result = match &cli.command {
        Command::UpdateSchemas(typed) => promote::run(&session, &typed.into()),
        Command::QrPromote(typed) => promote::run(&session, &typed.into()),
        Command::Promote(typed) => promote::run(&session, &typed.into()),
        Command::Rollback(typed) => promote::run(&session, &typed.into()),
        Command::Status(typed) => status::run(&session, typed),
        Command::Changes(typed) => changes::run(&session, typed).map(done),
        Command::Discover(typed) => discover::run(&session, typed).map(done),
        Command::Explain(typed) => explain::run(&session, typed).map(done),
        #[cfg(feature = "demo")]
        Command::Demo(typed) => demo::run(&session, typed).map(done),
        Command::Completions(typed) => completions::run(&session, typed).map(done),
        Command::Complete(typed) => completions::complete(typed),
    };
    match result {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Incomplete) => ExitCode::from(FAILED),
        Ok(Ending::Drift) => ExitCode::from(DRIFT),
        Err(error) => failed(&problems(&error), cli.global.format),
    }
}

fn failed(problems: &[Problem], format: Format) -> ExitCode {
    let document = || json::text(&json::errors(problems));
    // Where standard output fails, the news of it goes to the other place.
    if format != Format::Json || session::write(&document()).is_err() {
        for problem in problems {
            session::tell(&report::error(problem));
        }
    }
    ExitCode::from(if problems.iter().any(|problem| problem.usage) { USAGE } else { FAILED })
}

/// What clap has to say: the help, or an error of usage.
fn unparsed(error: &clap::Error) -> ExitCode {
    let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if is_help || !wants_json() {
        let _ = error.print();
        return ExitCode::from(if is_help { 0 } else { USAGE });
    }
    let text = error.render().to_string();
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let is_help = |line: &&str| line.starts_with("Usage:") || line.starts_with("For more");
    let help = lines.iter().position(is_help).unwrap_or(lines.len());
    let message = lines[..help].join(" ");
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    failed(&[Problem::usage(message).help(lines[help..].join("\n"))], Format::Json)
}

/// Whether JSON was asked for, on a command line that clap refused.
fn wants_json() -> bool {
    let words: Vec<_> = std::env::args_os().collect();
    words.iter().any(|word| word == "--format=json")
        || words.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
}
