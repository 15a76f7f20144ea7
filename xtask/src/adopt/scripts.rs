//! The make targets and scripts that promoted before, and what takes their places.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::Result;
use promotion::config::Config;
use promotion::inspect::discover::Orphan;
use promotion::model::component::Selector;
use promotion::model::problem::Problem;
use promotion::report::few;

use super::Adoption;
use super::makefile::{self, Rule};
use crate::cli::DEFAULT_COMPONENT;
use crate::cli::adopt::OldScripts;
use crate::worktree::fit;

/// The makefiles that make looks for, in its order.
const MAKEFILES: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];

/// The targets that every such checkout has.
const WELL_KNOWN: [&str; 3] = ["qr-promote", "go-qr-promote", "update-schemas"];

/// How many names an error lists.
const MOST: usize = 10;

/// The components of the commands that need no option for it.
const TASKS: [(&str, &str); 2] =
    [("qr-promote", DEFAULT_COMPONENT), ("update-schemas", "qontract-schemas")];

/// A target that promotes with a script, or with commands of its own.
#[derive(Debug)]
pub struct OldTarget {
    pub name: String,
    /// Of its rule, from 1.
    line: usize,
    /// Bytes of the makefile.
    recipe: Range<usize>,
    /// The scripts that its recipe calls, with their texts.
    scripts: BTreeMap<String, String>,
    /// The recipe and its scripts.
    text: String,
}

/// The old targets of a checkout, and the makefile that has them.
#[derive(Debug, Default)]
pub struct OldWays {
    makefile: String,
    text: String,
    pub targets: Vec<OldTarget>,
}

impl OldWays {
    /// Finds them; `named` are taken whatever their recipes say. The others that only look like it
    /// by their names become notes.
    pub fn find(adoption: &mut Adoption, named: &[String]) -> Result<OldWays> {
        let mut ways = OldWays::default();
        for name in MAKEFILES {
            if let Some(text) = adoption.text(name)? {
                ways = OldWays { makefile: name.to_owned(), text, targets: Vec::new() };
                break;
            }
        }
        let rules = makefile::rules(&ways.text);
        for name in named {
            if !rules.iter().any(|rule| rule.targets.contains(name)) {
                let there = if ways.makefile.is_empty() { "Makefile" } else { &ways.makefile };
                let problem = Problem::usage(format!("no target `{name}`")).file(there);
                let names = rules.iter().filter(|rule| !rule.recipe.is_empty());
                let names: Vec<_> =
                    names.flat_map(|rule| &rule.targets).map(|name| format!("`{name}`")).collect();
                return Err(problem.help(format!("there are {}", few(&names, MOST))).into());
            }
        }
        if ways.text.lines().any(|line| line.trim_start().starts_with(".RECIPEPREFIX")) {
            let message = format!("`{}` sets `.RECIPEPREFIX`: its targets stay", ways.makefile);
            adoption.notes.push(message);
            return Ok(ways);
        }
        for rule in &rules {
            for name in &rule.targets {
                ways.add(adoption, rule, name, named.contains(name))?;
            }
        }
        Ok(ways)
    }

    fn add(
        &mut self,
        adoption: &mut Adoption,
        rule: &Rule,
        name: &str,
        is_named: bool,
    ) -> Result<()> {
        let recipe = &self.text[rule.recipe.clone()];
        let looks_like_it = name.contains("promote") || name.starts_with("update-");
        let is_done = recipe.contains("cargo xtask");
        if recipe.trim().is_empty() || is_done || !(is_named || looks_like_it) {
            return Ok(());
        }
        let mut all = recipe.to_owned();
        let mut scripts = BTreeMap::new();
        let mut unread = None;
        for path in called(recipe) {
            match fit(adoption.text(path))? {
                None => unread = Some(path),
                Some(None) => {}
                // What is no script may be edited by the recipe.
                Some(Some(text)) => {
                    all.push_str(&text);
                    if is_script(path, &text) {
                        scripts.insert(path.to_owned(), text);
                    }
                }
            }
        }
        let is_old = edits_pins(&all);
        let reason = match rule.oddity {
            None if is_old || is_named => {
                let (name, line, recipe) = (name.to_owned(), rule.line, rule.recipe.clone());
                self.targets.push(OldTarget { name, line, recipe, scripts, text: all });
                return Ok(());
            }
            _ if !(is_old || is_named || WELL_KNOWN.contains(&name)) => return Ok(()),
            Some(oddity) => format!("{oddity}: edit it by hand"),
            None => {
                let what = match unread {
                    Some(path) => format!("calls `{path}`, which can't be read as a text"),
                    None => "shows no version that it edits".to_owned(),
                };
                format!("{what}; `--target {name}` takes it in all the same")
            }
        };
        let place = format!("`{}:{}`", self.makefile, rule.line);
        adoption.notes.push(format!("{place}: `{name}` stays: its recipe {reason}"));
        Ok(())
    }

    /// What the targets mention, so that the components of these names are configured.
    pub fn words(&self) -> BTreeSet<String> {
        let texts = self.targets.iter().flat_map(|target| words(&target.text));
        let names = self.targets.iter().map(|target| target.name.as_str());
        texts.chain(names).map(str::to_owned).collect()
    }

    /// The components, as TOML, of versions that are nobody's so far: with the upstream that the
    /// script names which has the variable.
    pub fn components(&self, orphans: &[Orphan]) -> String {
        let mut text = String::new();
        for orphan in orphans {
            let mut with_it = self.targets.iter().filter(|one| one.mentions(&orphan.name));
            let upstream = match (with_it.next(), with_it.next()) {
                (Some(target), None) => target.upstream(),
                _ => None,
            };
            let Some(upstream) = upstream else { continue };
            let selector = if orphan.file.as_str().ends_with(".env") { "variable" } else { "key" };
            let (_, name) = upstream.rsplit_once('/').unwrap_or(("", &upstream));
            text.push_str(&format!(
                "\n[component.{name}]\nupstream = \"{upstream}\"\n\n[component.{name}.environment.pr-check]\npins = [{{ file = \"{}\", {selector} = \"{}\" }}]\n",
                orphan.file, orphan.name
            ));
        }
        text
    }

    /// The targets with the commands that take their places; others become notes.
    pub fn tasks(
        &self,
        config: &Config,
        notes: &mut Vec<String>,
    ) -> Vec<(&OldTarget, Vec<String>)> {
        let mut tasks = Vec::new();
        for target in &self.targets {
            match target.task(config) {
                Ok(task) => tasks.push((target, task)),
                Err(reason) => notes.push(format!(
                    "`{}:{}`: `{}` stays: {reason}",
                    self.makefile, target.line, target.name
                )),
            }
        }
        tasks
    }

    /// Puts the commands in the places of the recipes and the scripts.
    pub fn replace(
        &self,
        adoption: &mut Adoption,
        tasks: &[(&OldTarget, Vec<String>)],
        what: OldScripts,
    ) -> Result<()> {
        if tasks.is_empty() {
            return Ok(());
        }
        let mut text = self.text.clone();
        let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        for (target, task) in tasks.iter().rev() {
            let words: Vec<&str> = task.iter().map(String::as_str).collect();
            let recipe = makefile::recipe(&words, words[0] == "qr-promote", line_end);
            text.replace_range(target.recipe.clone(), &recipe);
        }
        adoption.set(&self.makefile, Some(text.clone()))?;
        replace_scripts(adoption, tasks, &text, what)
    }
}

/// Puts the commands in the places of the scripts that no other recipe needs.
fn replace_scripts(
    adoption: &mut Adoption,
    tasks: &[(&OldTarget, Vec<String>)],
    makefile: &str,
    what: OldScripts,
) -> Result<()> {
    let mut scripts: BTreeMap<&str, OldScript> = BTreeMap::new();
    for (target, task) in tasks {
        for (path, text) in &target.scripts {
            let script = scripts.entry(path).or_insert_with(|| OldScript::of(text));
            script.tasks.insert(task);
            script.is_alone |= target.scripts.len() == 1;
        }
    }
    for (path, script) in scripts {
        let after = match (script.stays(path, makefile, what), what, script.tasks.first()) {
            (Some(reason), ..) => {
                adoption.notes.push(format!("`{path}` stays: {reason}"));
                continue;
            }
            (None, OldScripts::Keep, _) => continue,
            (None, OldScripts::Shim, Some(task)) => Some(shim(path, task)),
            (None, ..) => None,
        };
        adoption.set(path, after)?;
    }
    Ok(())
}

/// A script that old targets call.
#[derive(Debug)]
struct OldScript<'t> {
    text: &'t str,
    /// The commands that take the places of these targets.
    tasks: BTreeSet<&'t Vec<String>>,
    /// Whether a target calls no other one.
    is_alone: bool,
}

impl OldScript<'_> {
    fn of(text: &str) -> OldScript<'_> {
        OldScript { text, tasks: BTreeSet::new(), is_alone: false }
    }

    /// Why it is not replaced, where the makefile is this one.
    fn stays(&self, path: &str, makefile: &str, what: OldScripts) -> Option<&'static str> {
        let is_called = match what {
            OldScripts::Remove => makefile.contains(path),
            _ => calls(makefile, path),
        };
        match what {
            OldScripts::Keep => None,
            _ if !self.is_alone && !edits_pins(self.text) => Some("it edits no version itself"),
            _ if is_called => Some("a target still calls it"),
            OldScripts::Remove => None,
            OldScripts::Shim if self.tasks.len() > 1 => Some("several targets call it"),
            OldScripts::Shim if !is_for_a_shell(self.text) => Some("it is no shell script"),
            OldScripts::Shim => None,
        }
    }
}

impl OldTarget {
    fn mentions(&self, name: &str) -> bool {
        words(&self.text).any(|word| word == name)
    }

    /// The one repository on GitHub that the script names, by its page or by the API.
    fn upstream(&self) -> Option<String> {
        let places = ["https://github.com/", "https://api.github.com/repos/"];
        let rests = places.iter().flat_map(|place| self.text.split(place).skip(1));
        let repository = |rest: &str| {
            let is_part = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
            let path = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
            let mut parts =
                path.trim_end_matches(".git").split('/').filter(|part| !part.is_empty());
            let (owner, name) = (parts.next()?, parts.next()?);
            let is_name = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
            name.chars().all(is_name).then(|| format!("https://github.com/{owner}/{name}"))
        };
        let all: BTreeSet<String> = rests.filter_map(repository).collect();
        all.iter().next().filter(|_| all.len() == 1).cloned()
    }

    /// The words behind `cargo xtask`; the error says why there are none.
    fn task(&self, config: &Config) -> Result<Vec<String>, String> {
        for (name, component) in TASKS {
            if self.name == name {
                return match config.component(component) {
                    Ok(_) => Ok(vec![name.to_owned()]),
                    Err(_) => Err(format!("`promote.toml` has no component `{component}`")),
                };
            }
        }
        let mentioned = config.components.iter().filter(|component| {
            let environments = component.environments.iter();
            let mut pins = environments.flat_map(|environment| &environment.pins);
            pins.any(|pin| match &pin.selector {
                Selector::Variable(name) | Selector::Key(name) => self.mentions(name),
                _ => false,
            })
        });
        let mut mentioned: Vec<_> = mentioned.collect();
        if mentioned.is_empty() {
            let all = config.components.iter();
            mentioned = all.filter(|one| is_in_name(&one.name, &self.name)).collect();
        }
        match mentioned.as_slice() {
            [one] => Ok(["promote", "--all", "--component", &one.name].map(str::to_owned).into()),
            [] => Err("neither its name nor its script names a known component".to_owned()),
            several => {
                let names: Vec<_> = several.iter().map(|one| format!("`{}`", one.name)).collect();
                Err(format!("its script promotes several: {}", names.join(", ")))
            }
        }
    }
}

/// Whether a component is named in a longer name, such as `vault-manager-promote`.
pub fn is_in_name(component: &str, name: &str) -> bool {
    name != component && format!("-{name}-").contains(&format!("-{component}-"))
}

/// The paths that a recipe mentions.
fn called(recipe: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || "\"'`;&|()<>@$=".contains(c);
    let words = recipe.split(ends).map(|word| word.trim_start_matches("./"));
    words.filter(|word| word.contains('/') && !word.starts_with('/') && !word.contains(".."))
}

/// Whether a recipe of a makefile calls a script.
fn calls(makefile: &str, path: &str) -> bool {
    let mut rules = makefile::rules(makefile).into_iter();
    rules.any(|rule| called(&makefile[rule.recipe]).any(|word| word == path))
}

/// Whether a file is a script, not what a script edits.
fn is_script(path: &str, text: &str) -> bool {
    text.starts_with("#!") || path.ends_with(".sh") || path.ends_with(".bash")
}

/// Whether a script is for a shell, so that another one for a shell can take its place.
fn is_for_a_shell(text: &str) -> bool {
    let Some(first) = text.strip_prefix("#!").and_then(|rest| rest.lines().next()) else {
        return true;
    };
    let mut names = first.split(|c: char| c.is_whitespace() || c == '/');
    names.any(|name| ["sh", "bash", "dash", "ksh", "zsh"].contains(&name))
}

/// Whether commands edit what looks like a version.
fn edits_pins(text: &str) -> bool {
    let edits = ["sed", "awk", "perl", "yq"];
    let all: BTreeSet<&str> = words(text).collect();
    let is_tag = |word: &&str| word.to_ascii_lowercase().ends_with("image_tag");
    edits.iter().any(|name| all.contains(name)) && (all.iter().any(is_tag) || all.contains("ref"))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// A script that does the same by this tool.
fn shim(path: &str, task: &[String]) -> String {
    let up = "/..".repeat(path.matches('/').count());
    let task = task.join(" ");
    format!(
        "#!/bin/sh
# `{path} [SHA]`: all of it is done by `cargo xtask {task}`, DO_COMMIT=1 too.
cd \"$(dirname \"$0\"){up}\" || exit 1
if [ -n \"${{1-}}\" ]; then
    exec cargo xtask {task} --ref \"$1\"
fi
exec cargo xtask {task}
"
    )
}
