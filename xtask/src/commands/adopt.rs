//! `adopt`: puts a thin xtask that calls this tool into an existing checkout.

use std::path::Path;

use anyhow::Result;
use promotion::config::Config;
use promotion::model::problem::Problem;
use promotion::report::{self, json};
use serde_json::json;

use super::Ending;
use super::discover::{Choice, SPARSE, find};
use crate::adopt::checkout::Checkout;
use crate::adopt::scripts::OldWays;
use crate::adopt::source::ToolSource;
use crate::adopt::{Adoption, cargo, compare, vendor};
use crate::cli::Format;
use crate::cli::adopt::AdoptArgs;
use crate::hint::quoted;
use crate::search::refuse;
use crate::session::{ConfigFile, Session, print_done, shown_diff};
use crate::worktree::WorkTree;

const CONFIG: &str = "promote.toml";

/// Changes the checkout, all or nothing, or shows what would change.
pub fn run(session: &Session, typed: &AdoptArgs) -> Result<Ending> {
    session.refuse_repo_and_config()?;
    if !typed.dir.is_dir() {
        let problem = Problem::new(format!("`{}` is not a folder", typed.dir.display()));
        return Err(problem.help("name the top of the checkout").into());
    }
    let session = &session.with_repo(&typed.dir);
    let work_tree = session.work_tree()?;
    if work_tree.git_dir.is_none() {
        let problem =
            Problem::new(format!("`{}` is not the top of a checkout", typed.dir.display()));
        return Err(problem.help("name the folder that has `.git`, or `git init` it").into());
    }
    let mut adoption = Adoption::of(&work_tree);
    let ways = OldWays::find(&mut adoption, &typed.target)?;
    let config = configure(session, &work_tree, &mut adoption, &ways, typed.all_components)?;
    let tasks = ways.tasks(&config, &mut adoption.notes);
    if typed.compare {
        let config = adoption.text(CONFIG)?.unwrap_or_default();
        let problem = compare::run(session, &work_tree, &tasks, (&config, &adoption.notes))?;
        problem.iter().for_each(|problem| session.fail(problem));
        return Ok(if problem.is_some() { Ending::Incomplete } else { Ending::Done });
    }
    match typed.vendor {
        false => {
            let source = ToolSource::find(typed.from.as_deref(), typed.rev.as_deref())?;
            cargo::add_thin_crate(&mut adoption, &source)?;
            cargo::add_member(&mut adoption, &["xtask"])?;
            cargo::add_alias(&mut adoption, cargo::thin_package())?;
        }
        true => {
            vendor::copy(&mut adoption)?;
            cargo::add_member(&mut adoption, &vendor::MEMBERS)?;
            cargo::add_alias(&mut adoption, "xtask")?;
        }
    }
    cargo::ignore_target(&mut adoption)?;
    ways.replace(&mut adoption, &tasks, typed.scripts)?;
    let step = session.progress.local("asking cargo for the lockfile");
    cargo::lock(&mut adoption, session.offline)?;
    drop(step);
    land(session, &work_tree, adoption, typed)?;
    Ok(Ending::Done)
}

/// Adds to `promote.toml` what the old targets promote. One that is there is left alone, but for
/// `--all-components`.
fn configure(
    session: &Session,
    work_tree: &WorkTree,
    adoption: &mut Adoption,
    ways: &OldWays,
    takes_all: bool,
) -> Result<Config> {
    if let Some(text) = adoption.text(CONFIG)?.filter(|_| !takes_all) {
        return Ok(Config::parse(CONFIG, &text)?);
    }
    let step = session.progress.local("looking for pins");
    let (mut file, words) = (session.config_file(work_tree)?, ways.words());
    let choice = if takes_all { Choice::All } else { Choice::Mentioned(&words) };
    let mut found = find(work_tree, &file, &choice)?;
    let own = ways.components(&found.orphans);
    if !own.is_empty() {
        file = ConfigFile { text: Some(found.after + &own), ..file };
        found = find(work_tree, &file, &choice)?;
    }
    refuse(&found.unread)?;
    drop(step);
    adoption.notes.extend(found.is_sparse.then(|| SPARSE.to_owned()));
    adoption.set(CONFIG, Some(found.after.clone()).filter(|text| !text.is_empty()))?;
    Ok(Config::parse(CONFIG, &found.after)?)
}

fn land(
    session: &Session,
    work_tree: &WorkTree,
    mut adoption: Adoption,
    typed: &AdoptArgs,
) -> Result<()> {
    let checkout = Checkout::of(&adoption)?;
    let is_empty = adoption.is_empty();
    if !is_empty {
        adoption.notes.extend(checkout.notes());
    }
    let notes = adoption.notes.clone();
    let (table, files, diff) = (table(&adoption), files(&adoption), adoption.diff());
    let is_written = !typed.dry_run && !is_empty;
    if is_written {
        let _lock = work_tree.lock()?;
        work_tree.replace(adoption.replacements())?.keep();
    }
    for note in &notes {
        session.note(note);
    }
    let result = match (is_empty, is_written) {
        (true, _) => "unchanged",
        (_, true) => "written",
        _ => "planned",
    };
    if session.format == Format::Json {
        let document = json!({
            "version": 1,
            "command": "adopt",
            "result": result,
            "files": files,
            "diff": diff,
            "notes": notes,
        });
        return print_done(&json::text(&document), result);
    }
    let diff = shown_diff(&diff);
    let text = match result {
        "unchanged" => "nothing to do: it is adopted, with this version\n".to_owned(),
        "planned" => format!("{diff}\n{table}"),
        _ => format!("{diff}\n{table}\n{}", what_next(&typed.dir, &paths(&files), &checkout)),
    };
    print_done(&text, result)
}

/// The commands to try it, to commit it and to take it back.
fn what_next(dir: &Path, paths: &str, checkout: &Checkout) -> String {
    let dir = dir.display().to_string();
    let dir = quoted(&if dir.starts_with('-') { format!("./{dir}") } else { dir });
    let (there, git) = match dir.as_str() {
        "." => (String::new(), "git".to_owned()),
        _ => (format!("cd {dir} && "), format!("git -C {dir}")),
    };
    let (add, stash) = (checkout.add(), checkout.stash());
    let undo = stash.map(|stash| format!("undo: {git} {stash} -- {paths}\n"));
    format!(
        "to try it (the first build takes half a minute):
  {there}cargo xtask status
to commit it, for one revert to take it back:
  {git} {add} -- {paths} && {git} commit -m 'Promote by cargo xtask'
{}",
        undo.unwrap_or_default()
    )
}

/// A row for each file, but one for all copied sources.
fn table(adoption: &Adoption) -> String {
    let (copied, shown): (Vec<_>, Vec<_>) =
        adoption.changes().partition(|(path, _)| vendor::is_copied(path.as_str()));
    let row = |what: &str, path: &str| format!("  {what}  {}\n", report::printable(path));
    let mut text: String = shown.iter().map(|(path, what)| row(what, path.as_str())).collect();
    if !copied.is_empty() {
        text.push_str(&row("copied ", &report::counted(copied.len(), "source file")));
    }
    text
}

fn files(adoption: &Adoption) -> Vec<serde_json::Value> {
    let one = |(path, what): (&_, &str)| json!({ "file": format!("{path}"), "change": what });
    adoption.changes().map(|(path, what)| one((path, what))).collect()
}

/// The folders and files to commit, as a shell takes them.
fn paths(files: &[serde_json::Value]) -> String {
    let names = files.iter().filter_map(|one| one["file"].as_str());
    let mut all: Vec<String> =
        names.map(|name| quoted(if name.starts_with("xtask/") { "xtask" } else { name })).collect();
    all.dedup();
    all.join(" ")
}
