//! Prints the completion scripts, and answers their questions at every press of the tab key.
//!
//! Answers come silently and without the network. The scripts call this program directly, because
//! starting cargo takes too long.

use std::path::Path;

use anyhow::{Context, Result};
use promotion::model::problem::Problem;

use super::Ending;
use crate::adopt::cargo::TOOL;
use crate::called::called;
use crate::cli::{self, Cli, Color, Format, GlobalArgs, ShellName};
use crate::complete::bash::TypedLine;
use crate::complete::{Cursor, Names, Offer};
use crate::session::{self, Session};

/// Prints the completion script for a shell, with the path of this program in it.
pub fn run(session: &Session, typed: &cli::CompletionsArgs) -> Result<()> {
    session.refuse_repo_and_config()?;
    let program = std::env::current_exe().context("can't tell where this program is")?;
    let program = program.to_str().ok_or_else(|| {
        Problem::new(format!("the path of this program is not UTF-8: {}", program.display()))
    })?;
    let [by_cargo, installed, quoted] = match typed.shell {
        ShellName::Bash => [
            include_str!("../complete/cargo-xtask.bash"),
            include_str!("../complete/installed.bash"),
            &in_quotes(program),
        ],
        ShellName::Zsh => [
            include_str!("../complete/cargo-xtask.zsh"),
            include_str!("../complete/installed.zsh"),
            &in_quotes(program),
        ],
        ShellName::Fish => [
            include_str!("../complete/cargo-xtask.fish"),
            include_str!("../complete/installed.fish"),
            &format!("'{}'", program.replace('\\', "\\\\").replace('\'', "\\'")),
        ],
    };
    let script = if is_installed() { installed } else { by_cargo };
    session.print(&script.replace("@PROGRAM@", quoted).replace("@NAME@", called()))
}

/// Prints the words that may stand at the cursor, for a completion script.
///
/// Ends as incomplete, with no answer, where `cargo xtask` means another project's program.
pub fn complete(typed: &cli::CompleteArgs) -> Result<Ending> {
    if !is_installed() && !is_typed_here() {
        return Ok(Ending::Incomplete);
    }
    let answer = match (typed.shell, typed.words.as_slice()) {
        (ShellName::Bash, [breaks, line]) => {
            let line = TypedLine::split(line, breaks);
            let is_last = |word: &String| is_installed() || word == "xtask";
            let after = line.words.iter().position(is_last).map_or(0, |at| at + 1);
            let offer = offer(&line.words[after..]);
            answer(&offer, |candidate, _| line.insertion(candidate))
        }
        (_, words) => answer(&offer(words), |candidate, help| Some(format!("{candidate}\t{help}"))),
    };
    session::print(&answer)?;
    Ok(Ending::Done)
}

fn answer(offer: &Offer, line: impl Fn(&str, &str) -> Option<String>) -> String {
    let candidates = match offer {
        Offer::Files => return "files\n".to_owned(),
        Offer::Folders => return "folders\n".to_owned(),
        Offer::Words(candidates) => candidates,
    };
    let lines = candidates.iter().filter_map(|one| line(&one.word, &one.help));
    std::iter::once("words".to_owned()).chain(lines).map(|line| line + "\n").collect()
}

fn offer(words: &[String]) -> Offer {
    let mut command = Cli::command();
    command.build();
    let (current, before) = words.split_last().map_or(("", words), |(last, rest)| (last, rest));
    let place = Cursor::find(&command, before, current);
    place.offer(&known(&place))
}

/// The checkout that was named or that is current, and its configuration, if they can be read.
fn known(place: &Cursor) -> Names {
    let path = |id| place.given(id).map(at_home);
    let global = GlobalArgs {
        repo: path("repo"),
        config: path("config"),
        offline: true,
        format: Format::Text,
        quiet: true,
        color: Color::Never,
    };
    let session = Session::new("__complete", &global);
    let work_tree = session.work_tree().ok();
    let config = work_tree.as_ref().and_then(|work_tree| session.config(work_tree).ok());
    Names { config, work_tree }
}

/// The typed path with `~/` replaced, as the shell will do it.
fn at_home(typed: &str) -> std::path::PathBuf {
    match (typed.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => typed.into(),
    }
}

/// Whether this program is called by its own name, not by cargo.
fn is_installed() -> bool {
    !called().contains(' ')
}

/// Whether `cargo xtask` runs this program in the current folder: other projects have an `xtask`
/// too.
fn is_typed_here() -> bool {
    let Ok(here) = std::env::current_dir() else { return false };
    let manifest = here.ancestors().map(|folder| folder.join("xtask/Cargo.toml"));
    let found = manifest.filter_map(|file| std::fs::read_to_string(file).ok()).next();
    let ours = format!("description = \"{}\"", env!("CARGO_PKG_DESCRIPTION"));
    let is_ours = |line: &str| {
        // The second one is that of a checkout that adopted this program.
        line == ours || line.strip_prefix(TOOL).is_some_and(|rest| rest.starts_with(" = "))
    };
    found.is_some_and(|manifest| manifest.lines().any(is_ours))
}

fn in_quotes(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
