//! Says what the pins of a file belong to, what they were, and why they would or would not move.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use promotion::config::Config;
use promotion::history::past::{Moved, PinPast, past, values};
use promotion::inspect::coverage::Terms;
use promotion::inspect::discover::{Orphan, all_candidates};
use promotion::inspect::explain::{Explained, Fate, explained};
use promotion::model::commit::Revision;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::tree::{Tree, refuse_pointer};
use promotion::report::explain as report;
use promotion::report::json::{self, optional};
use promotion::saas::may_be_target;
use promotion::syntax::text_of;
use serde_json::{Value, json};

use crate::ask::coverage::with_any;
use crate::ask::saas;
use crate::cli::{self, Format};
use crate::git::Git;
use crate::git::past::{Past, Walk};
use crate::search::{Clue, Found, Listing};
use crate::session::Session;
use crate::terminal::fitted;
use crate::worktree::WorkTree;

/// Prints the pins of a file, or those of one line.
pub fn run(session: &Session, typed: &cli::ExplainArgs) -> Result<()> {
    let work_tree = session.work_tree()?;
    let config = session.config(&work_tree)?;
    let (path, line) = place(&work_tree, &typed.place)?;
    let Some(bytes) = work_tree.read_file(&path)? else {
        work_tree.refuse_hidden_file(&path, "")?;
        let problem = Problem::new("no such file").file(path.as_str()).help(
            "name it from the current folder or from the top of the checkout, as `FILE` or `FILE:LINE`",
        );
        return Err(problem.into());
    };
    refuse_pointer(path.as_str(), &bytes)?;
    let text = text_of(&bytes).map_err(|problem| problem.file(path.as_str()))?;
    let Found { tree, too_large, unread } = around(&work_tree, &path, text);
    too_large.iter().chain(&unread).for_each(|problem| session.note(&problem.to_string()));
    let (pins, mut orphans) = pins(&path, &tree, &config)?;
    let wanted = |pin: &Explained| line.is_none_or(|line| pin.line == line);
    let (pins, others): (Vec<_>, Vec<_>) = pins.into_iter().partition(wanted);
    orphans.retain(|orphan| line.is_none_or(|line| orphan.line == line));
    if let Some(line) = line.filter(|line| *line == 0 || *line > text.lines().count()) {
        let count = text.lines().count();
        let message = format!("has no line {line}, it has {count}");
        return Err(Problem::new(message).file(path.as_str()).into());
    }
    let git = Git::at(&work_tree.top);
    let has_past = work_tree.git_dir.is_some() && !pins.is_empty();
    let past = has_past.then(|| git.past("HEAD")).transpose()?;
    let revisions = match &past {
        Some(past) => past.of(&path, Walk::Authors)?,
        None => Vec::new(),
    };
    let pasts = pasts(past.as_ref(), &pins, &revisions)?;
    if session.format != Format::Json && revisions.iter().any(|revision| revision.is_cut) {
        session.note("this is a shallow clone: what was before it is unknown");
    }
    match session.format {
        Format::Json => {
            let pins = pins.iter().zip(&pasts).map(|(pin, past)| document(&config, pin, past));
            let document = json!({
                "version": 1,
                "command": session.command,
                "file": path.as_str(),
                "line": line,
                "pins": pins.collect::<Value>(),
                "orphans": json::orphans(&orphans),
            });
            session.print(&json::text(&optional(&["line"], document)))
        }
        _ if pins.is_empty() && orphans.is_empty() => {
            session.print(&report::nothing(&path, line, &others))
        }
        _ => {
            let mut parts = report::pins(&path, &config, &pins, &pasts, typed.all);
            parts.extend(orphans.iter().map(report::orphan));
            session.print(&fitted(&parts.join("\n")))
        }
    }
}

/// The file that was meant, from the current folder or else from the top; and the line.
fn place(work_tree: &WorkTree, typed: &str) -> Result<(RepoPath, Option<usize>)> {
    let (file, line) = match typed.rsplit_once(':') {
        Some((file, line)) if !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit()) => {
            let line = line.parse().map_err(|_| Problem::usage(format!("no line `{line}`")))?;
            (file, Some(line))
        }
        _ => (typed, None),
    };
    let from_here = from_here(&work_tree.top, file);
    let path = from_here.or_else(|| RepoPath::parse(file.trim_start_matches("./")));
    let path = path.ok_or_else(|| {
        Problem::usage(format!("`{file}` is not a file of the checkout"))
            .help("name it from the current folder or from the top of the checkout")
    })?;
    Ok((path, line))
}

/// The path of a file that is there, if it is below `top`. Its folders may be links, not itself.
fn from_here(top: &Path, file: &str) -> Option<RepoPath> {
    let file = PathBuf::from(file);
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
    let file = folder.join(file.file_name()?);
    file.symlink_metadata().ok()?;
    let path = file.strip_prefix(top.canonicalize().ok()?).ok()?.to_str()?.to_owned();
    RepoPath::parse(&path)
}

/// A file, those of its own that it has saas targets in, and the saas files that it is one of.
fn around(work_tree: &WorkTree, path: &RepoPath, text: &str) -> Found {
    let name = path.as_str().rsplit('/').next().unwrap_or_default();
    let mut found = match may_be_target(path, text) {
        true => with_any(Listing::start(work_tree), Clue::Saas, [name].into_iter()),
        false => Found::default(),
    };
    found.tree.0.insert(path.clone(), text.as_bytes().to_vec());
    saas::complete_all(work_tree, &mut found.tree);
    found
}

/// What the configuration, the file itself and those around it know of its pins.
fn pins(path: &RepoPath, tree: &Tree, config: &Config) -> Result<(Vec<Explained>, Vec<Orphan>)> {
    let (candidates, mut orphans) = all_candidates(config, tree);
    orphans.retain(|orphan| orphan.file == *path);
    let terms: Vec<Terms> = candidates.into_iter().map(|candidate| candidate.terms).collect();
    let explained = explained(path, tree, &terms, config);
    Ok((explained.map_err(|problem| problem.file(path.as_str()))?, orphans))
}

/// The past of each pin. A content is read once for all of them.
fn pasts<'r>(
    files: Option<&Past>,
    pins: &[Explained],
    revisions: &'r [Revision],
) -> Result<Vec<PinPast<'r>>> {
    let contents = revisions.iter().flat_map(|one| one.before.iter().chain([&one.after]));
    let mut ids: Vec<&str> = contents.flatten().map(String::as_str).collect();
    ids.sort_unstable();
    ids.dedup();
    let names: Vec<_> = pins.iter().map(|pin| &pin.name).collect();
    let mut known: BTreeMap<&str, Vec<Option<String>>> = BTreeMap::new();
    if let Some(files) = files {
        files.read(&ids, |id, text| {
            known.insert(id, values(&names, text));
            false
        })?;
    }
    let value = |id: &str, nth: usize| known.get(id).and_then(|all| all[nth].clone());
    Ok((0..pins.len()).map(|nth| past(revisions, |id| value(id, nth))).collect())
}

fn document(config: &Config, pin: &Explained, past: &PinPast) -> Value {
    let (verdict, reason, item) = match &pin.fate {
        Fate::Moves => ("moves".to_owned(), None, None),
        Fate::Stays(stay) => (stay.to_string(), None, None),
        Fate::Unfit(reason) => ("unfit".to_owned(), Some(*reason), None),
        Fate::Unconfigured(item) => ("unconfigured".to_owned(), None, Some(item)),
    };
    let configured = pin.environment.as_ref().map(|environment| {
        let line = (!config.is_builtin()).then_some(environment.origin.at().line);
        optional(&["line"], json!({ "file": line.map(|_| &config.file), "line": line }))
    });
    let document = json!({
        "line": pin.line,
        "value": pin.value,
        "target": pin.target,
        "saas_file": pin.saas_file.as_ref().map(RepoPath::as_str),
        "component": pin.component,
        "upstream": pin.upstream.to_string(),
        "environment": pin.environment.as_ref().map(|environment| &environment.name),
        "selector": pin.selector.to_string(),
        "configured": configured,
        "verdict": verdict,
        "reason": reason,
        // The item of `pins` that would take it in.
        "pin": item,
        "history": past.changes.iter().map(moved).collect::<Value>(),
    });
    optional(&["target", "saas_file", "configured", "reason", "pin"], document)
}

fn moved(moved: &Moved) -> Value {
    let Moved { revision, from, to } = moved;
    json!({
        "commit": revision.commit.as_str(),
        "time": revision.time,
        "date": revision.date,
        "author": revision.author,
        "email": revision.email,
        "subject": revision.subject,
        "from": from,
        "to": to,
    })
}
