//! Runs the old make targets and the new commands for the same commit in two copies of the last
//! commit, and compares all files.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use promotion::model::escape::escaped;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::similar::cut;
use promotion::model::version::CommitId;
use promotion::report;
use serde_json::{Value, json};
use xshell::{Shell, TempDir};

use super::scripts::OldTarget;
use crate::cli::Format;
use crate::git::Git;
use crate::process::{Chunk, ProcessLimits, run as run_process};
use crate::session::Session;
use crate::signals::{self, Deferred};
use crate::worktree::{WorkTree, interrupted};

/// How long an old target or a new command may take.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// The configuration beside both copies.
const CONFIG: &str = "promote.toml";

/// How many lines of a difference are shown.
const MOST_LINES: usize = 20;

/// The result where the new command did nothing to compare with.
const NOT_COMPARED: &str = "not compared";

/// Git, but for what others would see.
const GIT: &str = "for word; do
    if [ \"$word\" = push ]; then echo '--compare pushes nothing' >&2; exit 1; fi
done
PATH=$REAL_PATH exec git \"$@\"";

/// What a run left: whether it went well, and its two outputs.
struct Ended {
    is_success: bool,
    stdout: String,
    stderr: String,
}

/// What came of one target.
struct Comparison<'t> {
    target: &'t str,
    /// As it is printed.
    result: &'static str,
    /// What differs, or why that is not known.
    lines: Vec<String>,
}

/// Two checkouts of the last commit in a temporary folder; git forgets them in the end, also after a
/// signal.
struct Copies<'w> {
    work_tree: &'w WorkTree,
    commit: CommitId,
    folder: TempDir,
    _deferred: Deferred,
}

/// Compares each target with the command that takes its place. The notes say which targets are left
/// out, among others. Returns what was not compared.
pub fn run(
    session: &Session,
    work_tree: &WorkTree,
    tasks: &[(&OldTarget, Vec<String>)],
    (config, notes): (&str, &[String]),
) -> Result<Option<Problem>> {
    for note in notes {
        session.note(note);
    }
    if tasks.is_empty() {
        let problem = Problem::new("no make target of the old kind is there to compare with");
        return Err(problem.help("`--target NAME` takes one in, whatever its recipe says").into());
    }
    let step = session.progress.local("checking the last commit out twice");
    let copies = Copies::of(work_tree)?;
    fs::write(copies.at(CONFIG), config)?;
    drop(step);
    let mut results = Vec::new();
    for (target, task) in tasks {
        let step = session.progress.local(format!("running the old `{}`", target.name));
        results.push(compared(session, &copies, (&target.name, task))?);
        drop(step);
    }
    let problem = not_compared(&results);
    session.print(&match session.format {
        Format::Json => json(&results, notes, problem.as_slice()),
        _ => text(&results),
    })?;
    Ok(problem)
}

/// What is left to be compared.
fn not_compared(results: &[Comparison]) -> Option<Problem> {
    let others = results.iter().filter(|one| one.result == NOT_COMPARED);
    let names: Vec<_> = others.map(|one| format!("`{}`", one.target)).collect();
    (!names.is_empty())
        .then(|| Problem::new(format!("not everything was compared: {}", cut(names))))
}

fn json(results: &[Comparison], notes: &[String], problems: &[Problem]) -> String {
    let one = |one: &Comparison| {
        let result = one.result.replace(' ', "-");
        json!({ "target": one.target, "result": result, "differences": one.lines })
    };
    let targets: Vec<Value> = results.iter().map(one).collect();
    let document = json!({
        "version": 1,
        "command": "adopt",
        "result": "compared",
        "targets": targets,
        "notes": notes,
    });
    report::json::text(&report::json::with_errors(document, problems))
}

fn text(results: &[Comparison]) -> String {
    let mut text = String::new();
    for Comparison { target, result, lines } in results {
        let same = if lines.is_empty() { " result" } else { "" };
        text.push_str(&format!("{}: {result}{same}\n", report::printable(target)));
        for line in lines.iter().take(MOST_LINES) {
            text.push_str(&format!("  {}\n", report::printable(line)));
        }
        if let Some(others) = lines.len().checked_sub(MOST_LINES).filter(|one| *one > 0) {
            text.push_str(&format!("  … {others} more: --format json\n"));
        }
    }
    text
}

/// Runs both, and compares what they leave.
fn compared<'t>(
    session: &Session,
    copies: &Copies,
    (target, task): (&'t str, &[String]),
) -> Result<Comparison<'t>> {
    copies.reset()?;
    let commit = match new_commit(session, copies, task)? {
        Ok(commit) => commit,
        Err(reason) => {
            return Ok(Comparison { target, result: NOT_COMPARED, lines: vec![reason] });
        }
    };
    let mut lines = Vec::new();
    lines.extend(old_failure(copies, target, &commit)?);
    let (old, new) = (copies.at("old"), copies.at("new"));
    let mut files = changed(&old, &copies.commit)?;
    files.extend(changed(&new, &copies.commit)?);
    for file in files {
        let read = |top: &Path| fs::read(top.join(&file)).unwrap_or_default();
        let (by_old, by_new) = (read(&old), read(&new));
        if by_old != by_new {
            let path = RepoPath::parse(&file).context("git lists paths")?;
            let base = Git::at(&old).checked_out(copies.commit.as_str(), &path)?;
            let base = base.unwrap_or_default();
            let texts = [&base, &by_old, &by_new].map(|bytes| String::from_utf8_lossy(bytes));
            describe(&file, [&texts[0], &texts[1], &texts[2]], &mut lines);
        }
    }
    Ok(Comparison { target, result: if lines.is_empty() { "same" } else { "different" }, lines })
}

/// Runs the new command; the commit that it promoted, or why there is none.
fn new_commit(
    session: &Session,
    copies: &Copies,
    task: &[String],
) -> Result<Result<String, String>> {
    let new = copies.at("new");
    let program = std::env::current_exe().context("can't tell where this program is")?;
    let mut command = Command::new(program);
    command.args(task).args(["--no-image-check", "--format", "json", "--quiet"]);
    command.arg("--repo").arg(&new).arg("--config").arg(copies.at(CONFIG));
    command.args(session.offline.then_some("--offline")).current_dir(&new);
    let ended = ended(command)?;
    let document: Value = serde_json::from_str(&ended.stdout).unwrap_or_default();
    let commit = document["to"]["commit"].as_str().filter(|_| ended.is_success);
    Ok(commit.map(str::to_owned).ok_or_else(|| {
        let reason = document["error"]["message"].as_str().unwrap_or(&ended.stderr);
        format!("`cargo xtask {}`: {}", task.join(" "), escaped(reason.trim()))
    }))
}

/// Runs the old target for this commit, and says how it failed if it did.
fn old_failure(copies: &Copies, target: &str, commit: &str) -> Result<Option<String>> {
    let stand_ins = copies.folder.path().join("bin");
    stand_in(&stand_ins, "curl", &format!("echo '{{\"sha\": \"{commit}\"}}'"))?;
    stand_in(&stand_ins, "jq", &format!("echo '{commit}'"))?;
    stand_in(&stand_ins, "git", GIT)?;
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("make");
    command.arg("--no-print-directory").arg(target).current_dir(copies.at("old"));
    command.env("PATH", format!("{}:{path}", stand_ins.display())).env("REAL_PATH", path);
    let ended = self::ended(command)?;
    let last = ended.stderr.lines().last().unwrap_or_default();
    Ok((!ended.is_success).then(|| format!("the old target failed: {}", escaped(last))))
}

/// The lines that differ, each with what the old script did to it.
fn describe(file: &str, [base, old, new]: [&str; 3], differences: &mut Vec<String>) {
    let [base_lines, old_lines, new_lines] =
        [base, old, new].map(|text| text.lines().collect::<Vec<_>>());
    if base_lines.len() != old_lines.len() || base_lines.len() != new_lines.len() {
        differences.push(format!("{file}: the old script adds or removes lines"));
        return;
    }
    for (at, (old, new)) in old_lines.iter().zip(&new_lines).enumerate() {
        let base = base_lines[at];
        let [shown_base, shown_old, shown_new] = [base, old, new].map(|line| escaped(line.trim()));
        let what = match () {
            () if old == new => continue,
            () if *old == base => {
                format!("the old script leaves a pin behind: `{shown_base}`, now `{shown_new}`")
            }
            () if *new == base => {
                format!("the old script edits what is no pin: `{shown_base}` to `{shown_old}`")
            }
            () => format!("the old script writes `{shown_old}`, now `{shown_new}`"),
        };
        differences.push(format!("{file}:{}: {what}", at + 1));
    }
    if base.ends_with('\n') != old.ends_with('\n') {
        differences.push(format!("{file}: the old script changes the end of the file"));
    }
}

impl<'w> Copies<'w> {
    fn of(work_tree: &'w WorkTree) -> Result<Copies<'w>> {
        let commit = Git::at(&work_tree.top).commit("HEAD")?;
        let (deferred, folder) = (signals::defer(), Shell::new()?.create_temp_dir()?);
        let copies = Copies { work_tree, commit, folder, _deferred: deferred };
        for name in ["old", "new"] {
            let place = copies.at(name);
            let args = ["-c", "core.hooksPath=/dev/null", "worktree", "add", "--quiet", "--detach"];
            let commit = copies.commit.as_str().as_ref();
            let args = args.iter().map(|word| word.as_ref()).chain([place.as_os_str(), commit]);
            Git::at(&work_tree.top).run(args, b"")?;
        }
        Ok(copies)
    }

    /// Takes back what an earlier target did.
    fn reset(&self) -> Result<()> {
        for name in ["old", "new"] {
            let git = Git::at(self.at(name));
            git.run(["checkout", "--quiet", "--force", "--detach", self.commit.as_str()], b"")?;
            git.run(["clean", "--quiet", "--force", "-d"], b"")?;
        }
        Ok(())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Copies<'_> {
    fn drop(&mut self) {
        for name in ["old", "new"] {
            let place = self.at(name);
            let args = ["worktree", "remove", "--force"].map(AsRef::as_ref);
            // What is left is in the temporary folder; `git worktree prune` forgets it.
            let _ =
                Git::at(&self.work_tree.top).run(args.into_iter().chain([place.as_os_str()]), b"");
        }
    }
}

/// The files that differ from the last commit, new ones too.
fn changed(top: &Path, commit: &CommitId) -> Result<BTreeSet<String>> {
    let git = Git::at(top);
    let mut files: BTreeSet<String> = git.untracked()?.into_iter().collect();
    let differing = git.read(["diff", "--no-ext-diff", "--name-only", "-z", commit.as_str()])?;
    files.extend(differing.split('\0').filter(|name| !name.is_empty()).map(str::to_owned));
    Ok(files)
}

/// A program that does something else.
fn stand_in(folder: &Path, name: &str, script: &str) -> Result<()> {
    fs::create_dir_all(folder)?;
    let place = folder.join(name);
    fs::write(&place, format!("#!/bin/sh\n{script}\n"))?;
    Ok(fs::set_permissions(&place, fs::Permissions::from_mode(0o755))?)
}

fn ended(mut command: Command) -> Result<Ended> {
    for name in ["APP_INTERFACE", "DO_COMMIT", "MAKEFLAGS", "MAKELEVEL"] {
        command.env_remove(name);
    }
    let name = command.get_program().to_string_lossy().into_owned();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let ended =
        run_process(command, b"", ProcessLimits::of_time(PATIENCE), &mut |chunk| match chunk {
            Chunk::Out(bytes) => stdout.extend(bytes),
            Chunk::Err(bytes) => stderr.extend(bytes),
        });
    interrupted()?;
    let status = ended.with_context(|| format!("can't run `{name}`"))?;
    let [stdout, stderr] =
        [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ok(Ended { is_success: status.is_ok_and(|status| status.success()), stdout, stderr })
}
