//! The thin crate, and its place in the checkout's workspace: manifests, alias, lockfile.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use fast_glob::glob_match;
use promotion::model::escape::escaped;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use toml_edit::{Array, DocumentMut, Item, Table, Value, value};
use xshell::Shell;

use super::Adoption;
use super::checkout::is_ignored;
use super::source::{ToolSource, own_sources};
use super::vendor;
use crate::git::Git;
use crate::process::{Chunk, ProcessLimits, run};
use crate::worktree::fit;

pub const LOCKFILE: &str = "Cargo.lock";

/// The name of the thin crate. The tool itself is called `xtask`, and cargo needs to tell them
/// apart.
const THIN: &str = "app-xtask";

/// The dependency on the tool, by which a later run knows what an earlier one wrote.
pub const TOOL: &str = "promotion-tool";

/// How long cargo may take to fetch the tool and the list of packages.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// The source of the thin crate.
const ENTRY: &str = "xtask/src/main.rs";

const MAIN: &str = "//! `cargo xtask`: promotes components. All of it is in the dependency.

use std::process::ExitCode;

fn main() -> ExitCode {
    promotion_tool::main()
}
";

const MEND: &str = "mend the file first";

/// What a whole new workspace says, but for the overrides.
const WORKSPACE: &str =
    "# Only for `cargo xtask`, which promotes components: see `xtask/Cargo.toml`.
[workspace]
resolver = \"3\"
members = [\"xtask\"]

# The first `cargo xtask` is what people wait for: no debug info halves its link time.
[profile.dev]
debug = false
";

/// The packages that read whole trees, with their `opt-level`: without it a search takes fifteen times
/// as long.
const OPTIMISED: [(&str, i64); 3] = [("memchr", 2), ("granit-parser", 2), ("yaml-nodes", 1)];

/// Adds the thin crate with its `main.rs`, or sets it to another version.
pub fn add_thin_crate(adoption: &mut Adoption, source: &ToolSource) -> Result<()> {
    const NAME: &str = "xtask/Cargo.toml";
    let Some(text) = adoption.text(NAME)? else {
        let manifest = format!(
            "# `cargo xtask` promotes components: `cargo xtask help`.
[package]
name = \"{THIN}\"
version = \"0.1.0\"
edition = \"2024\"
publish = false

[[bin]]
name = \"xtask\"
path = \"src/main.rs\"

[dependencies]
# The tool, at one commit; `adopt` writes another one here.
{TOOL} = {{ package = \"xtask\", git = {}, rev = {}, default-features = false }}
",
            Value::from(source.url.as_str()),
            Value::from(source.rev.as_str()),
        );
        adoption.set(ENTRY, Some(MAIN.to_owned()))?;
        return adoption.set(NAME, Some(manifest));
    };
    if vendor::is_there(adoption)? {
        let problem = Problem::new("there is a copy of this tool").file(NAME);
        return Err(problem.help("`--vendor` brings it to another version").into());
    }
    let mut manifest = document(NAME, &text)?;
    let tool = manifest.get_mut("dependencies").and_then(|all| all.get_mut(TOOL));
    let Some(tool) = tool.and_then(Item::as_table_like_mut) else {
        let problem = Problem::new(format!("there is another crate: it has no `{TOOL}`"));
        let cure = format!(
            "rename its folder, or add `{TOOL} = {{ package = \"xtask\", git = \"{}\", rev = \"{}\" }}` to its `[dependencies]` and call `promotion_tool::main()`",
            source.url, source.rev
        );
        return Err(problem.file(NAME).help(cure).into());
    };
    for (key, new) in [("git", &source.url), ("rev", &source.rev)] {
        let old = tool.get(key).and_then(Item::as_str);
        if old != Some(new) {
            tool.insert(key, value(new.as_str()));
        }
    }
    // Cargo takes one of them.
    for other in ["branch", "tag", "path"] {
        tool.remove(other);
    }
    if adoption.text(ENTRY)?.is_none() {
        adoption.set(ENTRY, Some(MAIN.to_owned()))?;
    }
    adoption.set(NAME, Some(written(&manifest, &text)))
}

/// Makes `xtask` a member of the checkout's workspace.
pub fn add_member(adoption: &mut Adoption, members: &[&str]) -> Result<()> {
    const NAME: &str = "Cargo.toml";
    let text = adoption.text(NAME)?;
    let mut manifest = document(NAME, text.as_deref().unwrap_or(WORKSPACE))?;
    let workspace = manifest.entry("workspace").or_insert_with(|| Item::Table(Table::new()));
    let refused = |message: String| Problem::new(message).file(NAME).help(MEND);
    let workspace = workspace
        .as_table_like_mut()
        .ok_or_else(|| refused("`workspace` is no table".to_owned()))?;
    for member in members {
        let excluded = workspace.get("exclude").and_then(Item::as_array);
        let matches = |item: &Value| item.as_str().is_some_and(|glob| glob_match(glob, member));
        if excluded.is_some_and(|all| all.iter().any(matches)) {
            let problem = refused(format!("`workspace.exclude` has `{member}`"));
            return Err(problem.help("take it out of there first").into());
        }
        let all = workspace.entry("members").or_insert_with(|| value(Array::new()));
        let all = all
            .as_array_mut()
            .ok_or_else(|| refused("`workspace.members` is no list".to_owned()))?;
        if !all.iter().any(matches) {
            push_like_the_others(all, member);
        }
    }
    let all = workspace.get("members").and_then(Item::as_array);
    let globs: Vec<&str> = all.into_iter().flatten().filter_map(Value::as_str).collect();
    refuse_namesake(adoption, &globs)?;
    let path = ["profile", "dev", "package"];
    for (package, level) in OPTIMISED {
        let mut table = manifest.as_table_mut();
        for name in path {
            let entry = table.entry(name).or_insert_with(implicit);
            let problem = || {
                let problem = refused(format!("`{}` is not in a section", path.join(".")));
                problem.help("write it and what it is in with headings, such as `[profile.dev]`")
            };
            table = entry.as_table_mut().ok_or_else(problem)?;
        }
        if !table.contains_key(package) {
            let mut own = Table::new();
            own.insert("opt-level", value(level));
            own.decor_mut().set_prefix(if package == OPTIMISED[0].0 {
                "\n# It reads whole trees: without this `cargo xtask` takes fifteen times as long.\n"
            } else {
                "\n"
            });
            table.insert(package, Item::Table(own));
        }
    }
    adoption.set(NAME, Some(written(&manifest, &text.unwrap_or_default())))
}

/// Refuses another crate called `xtask` in the workspace: cargo would refuse every command there.
fn refuse_namesake(adoption: &Adoption, members: &[&str]) -> Result<()> {
    let git = Git::at(&adoption.work_tree.top);
    for file in git.tracked()?.into_iter().chain(git.untracked()?) {
        let Some(folder) = file.strip_suffix("Cargo.toml").map(|it| it.trim_end_matches('/'))
        else {
            continue;
        };
        let fits =
            |glob: &&str| glob_match(glob.trim_start_matches("./").trim_end_matches('/'), folder);
        if folder == "xtask" || !(folder.is_empty() || members.iter().any(fits)) {
            continue;
        }
        let Some(text) = fit(adoption.text(&file))?.flatten() else { continue };
        let manifest = document(&file, &text)?;
        let name = manifest.get("package").and_then(|package| package.get("name"));
        if name.and_then(Item::as_str) == Some("xtask") {
            let problem = Problem::new("there is another crate called `xtask`").file(file);
            return Err(problem.help("rename it first").into());
        }
    }
    Ok(())
}

/// A table that is only there for what is in it.
fn implicit() -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

/// Adds an item with the indentation of the last one.
fn push_like_the_others(all: &mut Array, item: &str) {
    // A comment behind the item before is a part of what precedes this one.
    let prefix = all.iter().last().and_then(|last| last.decor().prefix()?.as_str());
    let indentation = prefix.and_then(|prefix| prefix.rsplit_once('\n'));
    match indentation.map(|(_, blanks)| format!("\n{blanks}")) {
        Some(indentation) => {
            all.push_formatted(Value::from(item).decorated(indentation, ""));
        }
        None => all.push(item),
    }
}

/// Adds the alias `cargo xtask`.
pub fn add_alias(adoption: &mut Adoption, package: &str) -> Result<()> {
    // The name of old; cargo prefers it where both are.
    let names = [".cargo/config", ".cargo/config.toml"];
    let old = adoption.text(names[0])?.is_some();
    let name = names[usize::from(!old)];
    let command = format!("run --package {package} --");
    let text = adoption.text(name)?.unwrap_or_default();
    let mut config = document(name, &text)?;
    let aliases = config.entry("alias").or_insert_with(|| Item::Table(Table::new()));
    let aliases = aliases
        .as_table_like_mut()
        .ok_or_else(|| Problem::new("`alias` is no table").file(name).help(MEND))?;
    match aliases.get("xtask") {
        Some(other) if runs(other, package) => {}
        // That of the thin crate, which made room, is no other one.
        Some(other) if !runs(other, THIN) => {
            let message = format!("there is another alias `xtask`: `{}`", other.to_string().trim());
            let cure = "rename one of them; people who type it expect what it does today";
            return Err(Problem::new(message).file(name).help(cure).into());
        }
        _ => drop(aliases.insert("xtask", value(&command))),
    }
    adoption.set(name, Some(written(&config, &text)))
}

/// Whether an alias runs a package, with whatever other options.
fn runs(alias: &Item, package: &str) -> bool {
    let words: Vec<&str> = match (alias.as_str(), alias.as_array()) {
        (Some(text), _) => text.split_whitespace().collect(),
        (None, Some(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => return false,
    };
    let names = |pair: &[&str]| ["-p", "--package"].contains(&pair[0]) && pair[1] == package;
    let joined = [format!("-p{package}"), format!("--package={package}")];
    let is_named = words.windows(2).any(names) || joined.iter().any(|one| words.contains(&&**one));
    is_named && words.first().is_some_and(|word| ["run", "r"].contains(word))
}

/// The package that the alias runs.
pub fn thin_package() -> &'static str {
    THIN
}

/// Keeps what cargo builds out of git.
pub fn ignore_target(adoption: &mut Adoption) -> Result<()> {
    const NAME: &str = ".gitignore";
    if is_ignored(adoption, "target/debug")? {
        return Ok(());
    }
    let mut text = adoption.text(NAME)?.unwrap_or_default();
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str(line_end);
    }
    adoption.set(NAME, Some(format!("{text}/target/{line_end}")))
}

/// Writes the lockfile as cargo would, where everything else of the workspace is as it will be.
///
/// Without a lockfile of their own, people get the versions that this tool was tested with. Where
/// cargo can't tell, that is a note: the first `cargo xtask` writes the lockfile.
pub fn lock(adoption: &mut Adoption, is_offline: bool) -> Result<()> {
    let is_manifest = |(path, _): (&RepoPath, _)| path.as_str().ends_with("Cargo.toml");
    let is_as_before = !adoption.changes().any(is_manifest);
    if is_ignored(adoption, LOCKFILE)? || (is_as_before && adoption.text(LOCKFILE)?.is_some()) {
        return Ok(());
    }
    if is_offline && adoption.text("xtask/Cargo.toml")?.is_some_and(|text| text.contains(TOOL)) {
        let note = format!("offline: the first `cargo xtask` completes `{LOCKFILE}`");
        adoption.notes.push(note);
        return Ok(());
    }
    let folder = Shell::new()?.create_temp_dir()?;
    lay_out(adoption, folder.path())?;
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["metadata", "--format-version", "1"]).current_dir(folder.path());
    command.args(is_offline.then_some("--offline"));
    for name in ["CARGO_MANIFEST_DIR", "CARGO_TARGET_DIR"] {
        command.env_remove(name);
    }
    let mut said = Vec::new();
    let ended = run(command, b"", ProcessLimits::of_time(PATIENCE), &mut |chunk| {
        if let Chunk::Err(bytes) = chunk {
            said.extend(bytes);
        }
    });
    let reason = match ended {
        Ok(Ok(status)) if status.success() => {
            let text = fs::read_to_string(folder.path().join(LOCKFILE));
            return adoption.set(LOCKFILE, Some(text.context("cargo wrote no lockfile")?));
        }
        Ok(Ok(_)) => last_words(&String::from_utf8_lossy(&said)),
        Ok(Err(_)) => None,
        Err(error) => Some(format!("it can't be run: {error}")),
    };
    let reason = reason.unwrap_or_else(|| "it didn't end".to_owned());
    adoption.notes.push(format!(
        "cargo can't complete `{LOCKFILE}` now: {reason}; the first `cargo xtask` tries again"
    ));
    Ok(())
}

/// The cause at the end of an error, without the backtrace that rustup adds.
fn last_words(said: &str) -> Option<String> {
    let lines = said.lines().take_while(|line| !line.starts_with("Stack backtrace:"));
    lines.map(str::trim).filter(|line| !line.is_empty()).last().map(escaped)
}

/// A copy of the checkout for cargo: links to everything but what changes.
fn lay_out(adoption: &Adoption, folder: &Path) -> Result<()> {
    let top = fs::canonicalize(&adoption.work_tree.top)?;
    let new: Vec<&str> = adoption.files.keys().map(RepoPath::as_str).collect();
    let is_own = |name: &str| {
        let inside = format!("{name}/");
        [".git", "target", "xtask", LOCKFILE].contains(&name)
            || new.iter().any(|path| *path == name || path.starts_with(&inside))
    };
    for entry in fs::read_dir(&top)? {
        let entry = entry?;
        if !entry.file_name().to_str().is_some_and(is_own) {
            symlink(entry.path(), folder.join(entry.file_name()))?;
        }
    }
    let write = |name: &str, text: &str| -> Result<()> {
        let place = folder.join(name);
        fs::create_dir_all(place.parent().unwrap_or(folder))?;
        Ok(fs::write(place, text)?)
    };
    // What of a folder of its own stays: the settings beside the alias, a crate from before.
    for name in [".cargo/config.toml", ".cargo/config", "xtask/Cargo.toml", "xtask/src/main.rs"] {
        if let Some(text) = adoption.text(name)? {
            write(name, &text)?;
        }
    }
    for (path, (_, after)) in &adoption.files {
        if let Some(after) = after {
            write(path.as_str(), after)?;
        }
    }
    let seed = match adoption.text(LOCKFILE)? {
        Some(text) => Some(text),
        None => own_sources().ok().and_then(|own| fs::read_to_string(own.join(LOCKFILE)).ok()),
    };
    seed.map_or(Ok(()), |seed| write(LOCKFILE, &seed))
}

/// A document with the line ends that its text had.
fn written(document: &DocumentMut, before: &str) -> String {
    let text = document.to_string();
    match before.contains("\r\n") {
        true => text.replace("\r\n", "\n").replace('\n', "\r\n"),
        false => text,
    }
}

fn document(name: &str, text: &str) -> Result<DocumentMut> {
    let parsed = text.parse::<DocumentMut>();
    Ok(parsed.map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        let message = error.message().trim().replace('\n', ": ");
        Problem::new(message).file(name).line(line).help(MEND)
    })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_said_last() {
        let check = |said: &str, expected: Option<&str>| {
            assert_eq!(last_words(said).as_deref(), expected, "{said}");
        };
        check("error: a\n\nCaused by:\n  b\n\n", Some("b"));
        check("error: a\nhelp: b\n\nStack backtrace:\n   0: c\n  1: <unknown>\n", Some("help: b"));
        check("", None);
    }

    #[test]
    fn aliases() {
        let check =
            |alias: &str, expected| assert_eq!(runs(&value(alias), "x"), expected, "{alias}");
        check("run --package x --", true);
        check("r -q -p x --", true);
        check("run --package=x --", true);
        check("run -px", true);
        check("run --package xy --", false);
        check("build -p x", false);
    }
}
