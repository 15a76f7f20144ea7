//! The program: parses the command line, runs one command, prints the error, decides the exit status.

use std::process::ExitCode;

use crate::called;
use crate::cli::usage::{problem, wrapped};
use crate::cli::{Cli, CliCommand, Format};
#[cfg(feature = "demo")]
use crate::commands::demo;
use crate::commands::{
    Ending, adopt, block, changes, completions, discover, explain, promote, status,
};
use crate::session::{self, Session};
use crate::terminal;
use clap::error::ErrorKind;
use promotion::model::problem::{Problem, problems};
use promotion::report::{self, json};

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const DRIFT: u8 = 3;

/// Longer lines are hard to read, however wide the terminal is.
const WIDEST_PAGE: usize = 100;

/// The whole program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse(called::words()) {
        Ok(cli) => cli,
        Err(error) => return unparsed(error),
    };
    let session = Session::new(cli.command.name(), &cli.global);
    let done = |()| Ending::Done;
    let result = match &cli.command {
        CliCommand::UpdateSchemas(typed) => promote::run(&session, &typed.into()),
        CliCommand::QrPromote(typed) => promote::run(&session, &typed.into()),
        CliCommand::Promote(typed) => promote::run(&session, &typed.into()),
        CliCommand::Rollback(typed) => promote::run(&session, &typed.into()),
        CliCommand::Block(typed) => block::run(&session, &typed.into()),
        CliCommand::Unblock(typed) => block::run(&session, &typed.into()),
        CliCommand::Status(typed) => status::run(&session, typed),
        CliCommand::Changes(typed) => changes::run(&session, typed).map(done),
        CliCommand::Discover(typed) => discover::run(&session, typed).map(done),
        CliCommand::Explain(typed) => explain::run(&session, typed).map(done),
        CliCommand::Adopt(typed) => adopt::run(&session, typed),
        #[cfg(feature = "demo")]
        CliCommand::Demo(typed) => demo::run(&session, typed).map(done),
        CliCommand::Completions(typed) => completions::run(&session, typed).map(done),
        CliCommand::Complete(typed) => completions::complete(typed),
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
fn unparsed(error: clap::Error) -> ExitCode {
    let page = || {
        let page = error.render().ansi().to_string();
        terminal::width().map_or(page.clone(), |width| wrapped(&page, width.min(WIDEST_PAGE)))
    };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = session::print(&page());
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if !wants_json() => {
            session::tell(&page());
            ExitCode::from(USAGE)
        }
        _ => failed(&[problem(error)], if wants_json() { Format::Json } else { Format::Text }),
    }
}

/// Whether JSON was asked for, on a command line that clap refused.
fn wants_json() -> bool {
    let words: Vec<_> = std::env::args_os().collect();
    words.iter().any(|word| word == "--format=json")
        || words.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
}
