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
use promotion::report;
use serde_json::{Value, json};
use xshell::{Shell, TempDir};

use super::scripts::OldTarget;
use crate::cli::Format;
use crate::git::Git;
use crate::process::{Chunk, ProcessLimits, run as run_process};
use crate::session::Session;
use crate::worktree::WorkTree;

/// How long an old target or a new command may take.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// The configuration beside both copies.
const CONFIG: &str = "promote.toml";

/// How many lines of a difference are shown.
const MOST_LINES: usize = 20;

/// What a run left: whether it went well, and its two outputs.
struct Ended {
    is_success: bool,
    stdout: String,
    stderr: String,
}

/// Two checkouts of the last commit in a temporary folder; git forgets them in the end.
struct Copies<'w> {
    work_tree: &'w WorkTree,
    folder: TempDir,
}

/// Compares each target with the command that takes its place. The notes say which targets are left
/// out, among others.
pub fn run(
    session: &Session,
    work_tree: &WorkTree,
    tasks: &[(&OldTarget, Vec<String>)],
    (config, notes): (&str, &[String]),
) -> Result<()> {
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
        let differences = compared(session, &copies, (&target.name, task))?;
        drop(step);
        results.push((target.name.as_str(), differences));
    }
    if session.format == Format::Json {
        let one = |(name, differences): &(&str, Vec<String>)| {
            let result = if differences.is_empty() { "same" } else { "different" };
            json!({ "target": name, "result": result, "differences": differences })
        };
        let targets: Vec<Value> = results.iter().map(one).collect();
        let document = json!({ "version": 1, "command": "adopt", "result": "compared", "targets": targets, "notes": notes });
        return session.print(&report::json::text(&document));
    }
    let mut text = String::new();
    for (name, differences) in &results {
        let name = report::printable(name);
        if differences.is_empty() {
            text.push_str(&format!("{name}: same result\n"));
            continue;
        }
        text.push_str(&format!("{name}: different\n"));
        for line in differences.iter().take(MOST_LINES) {
            text.push_str(&format!("  {}\n", report::printable(line)));
        }
        if let Some(others) = differences.len().checked_sub(MOST_LINES).filter(|one| *one > 0) {
            text.push_str(&format!("  … {others} more: --format json\n"));
        }
    }
    session.print(&text)
}

/// What differs after both, line by line; empty if nothing does.
fn compared(
    session: &Session,
    copies: &Copies,
    (target, task): (&str, &[String]),
) -> Result<Vec<String>> {
    copies.reset()?;
    let (old, new) = (copies.at("old"), copies.at("new"));
    let program = std::env::current_exe().context("can't tell where this program is")?;
    let mut command = Command::new(program);
    command.args(task).args(["--no-image-check", "--format", "json", "--quiet"]);
    command.arg("--repo").arg(&new).arg("--config").arg(copies.at(CONFIG));
    command.args(session.offline.then_some("--offline")).current_dir(&new);
    let ended = ended(command)?;
    let document: Value = serde_json::from_str(&ended.stdout).unwrap_or_default();
    let Some(commit) = document["to"]["commit"].as_str().filter(|_| ended.is_success) else {
        let reason = document["error"]["message"].as_str().unwrap_or(&ended.stderr);
        let reason = escaped(reason.trim());
        return Ok(vec![format!("not compared: `cargo xtask {}`: {reason}", task.join(" "))]);
    };
    let stand_ins = copies.folder.path().join("bin");
    stand_in(&stand_ins, "curl", &format!("{{\"sha\": \"{commit}\"}}"))?;
    stand_in(&stand_ins, "jq", commit)?;
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("make");
    command.arg("--no-print-directory").arg(target).current_dir(&old);
    command.env("PATH", format!("{}:{path}", stand_ins.display()));
    let ended = self::ended(command)?;
    let mut differences = Vec::new();
    if !ended.is_success {
        let last = ended.stderr.lines().last().unwrap_or_default();
        differences.push(format!("the old target failed: {}", escaped(last)));
    }
    let mut files = changed(&old)?;
    files.extend(changed(&new)?);
    for file in files {
        let read = |top: &Path| fs::read(top.join(&file)).unwrap_or_default();
        let (by_old, by_new) = (read(&old), read(&new));
        if by_old != by_new {
            let path = RepoPath::parse(&file).context("git lists paths")?;
            let base = Git::at(&old).checked_out("HEAD", &path)?.unwrap_or_default();
            let texts = [&base, &by_old, &by_new].map(|bytes| String::from_utf8_lossy(bytes));
            describe(&file, [&texts[0], &texts[1], &texts[2]], &mut differences);
        }
    }
    Ok(differences)
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
        let copies = Copies { work_tree, folder: Shell::new()?.create_temp_dir()? };
        for name in ["old", "new"] {
            let place = copies.at(name);
            let args = ["-c", "core.hooksPath=/dev/null", "worktree", "add", "--quiet", "--detach"];
            let args =
                args.iter().map(|word| word.as_ref()).chain([place.as_os_str(), "HEAD".as_ref()]);
            Git::at(&work_tree.top).run(args, b"")?;
        }
        Ok(copies)
    }

    /// Takes back what an earlier target did.
    fn reset(&self) -> Result<()> {
        for name in ["old", "new"] {
            let git = Git::at(self.at(name));
            git.run(["reset", "--quiet", "--hard"], b"")?;
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
fn changed(top: &Path) -> Result<BTreeSet<String>> {
    let git = Git::at(top);
    let mut files: BTreeSet<String> = git.untracked()?.into_iter().collect();
    let differing = git.read(["diff", "--no-ext-diff", "--name-only", "-z", "HEAD"])?;
    files.extend(differing.split('\0').filter(|name| !name.is_empty()).map(str::to_owned));
    Ok(files)
}

/// A program that prints one line, whatever it is asked.
fn stand_in(folder: &Path, name: &str, answer: &str) -> Result<()> {
    fs::create_dir_all(folder)?;
    let place = folder.join(name);
    fs::write(&place, format!("#!/bin/sh\necho '{answer}'\n"))?;
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
    let status = ended.with_context(|| format!("can't run `{name}`"))?;
    let [stdout, stderr] =
        [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ok(Ended { is_success: status.is_ok_and(|status| status.success()), stdout, stderr })
}
