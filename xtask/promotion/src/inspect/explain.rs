//! Says what a value belongs to and why it would or would not move. Pure.

use std::collections::{HashMap, HashSet};

use crate::config::Config;
use crate::history::past::{PinName, named};
use crate::inspect::coverage::{self, Terms};
use crate::locate::{self, Located, Role, Stay};
use crate::model::component::{Origin, PinSpec};
use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::model::tree::Tree;
use crate::model::upstream::Upstream;

/// One value of a file.
#[derive(Debug)]
pub struct Explained {
    /// From 1.
    pub line: usize,
    /// The version, or how to call it where it has none.
    pub value: String,
    /// `template/target` in a saas file.
    pub target: Option<String>,
    /// The component's name.
    pub component: String,
    /// Its upstream.
    pub upstream: Upstream,
    /// The environment of the configuration that has it.
    pub environment: Option<Configured>,
    /// Whether it would move.
    pub fate: Fate,
    /// Why it stays where its saas file is promoted by its name; `None` if it doesn't.
    pub by_name: Option<Stay>,
    /// How it is found again in the history of the file.
    pub name: PinName,
}

/// The environment that has a value.
#[derive(Debug)]
pub struct Configured {
    /// Its name.
    pub name: String,
    /// Where the configuration says so.
    pub origin: Origin,
}

/// Whether a value would move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It would.
    Moves,
    /// It is no pin, or something else moves it.
    Stays(Stay),
    /// No edit could change it alone.
    Unfit(&'static str),
    /// It would if this item of `pins`, in TOML, were in an environment.
    Unconfigured(String),
}

/// Every value of a file that a line of the configuration finds, or that fits `terms`, in the order
/// of the file. The error is why nobody can read it.
pub fn explained(
    path: &RepoPath,
    text: &str,
    terms: &[Terms],
    config: &Config,
) -> Result<Vec<Explained>, Problem> {
    let mut all = Vec::new();
    // Not by its bytes: only a literal file takes any word for a pin, and other values have none.
    let place = |found: &Located| (found.line, found.value.clone(), found.target.clone());
    let mut seen = HashSet::new();
    for component in &config.components {
        for environment in &component.environments {
            for pin in environment.pins.iter().filter(|pin| pin.files.takes(path)) {
                let found = locate::locate(pin, &component.upstream, text)?;
                seen.extend(found.iter().map(place));
                all.extend(named(found, pin, &component.upstream).map(|(found, name)| {
                    let origin = pin.origin.clone();
                    let configured = Configured { name: environment.name.clone(), origin };
                    let fate = fate(&found);
                    new(found, &component.name, Some(configured), fate, name)
                }));
            }
        }
    }
    let tree = Tree([(path.clone(), text.as_bytes().to_vec())].into());
    let lines = coverage::in_file(path, &tree, terms, config);
    for (terms, spec, found) in coverage::fitting(path, text, &tree, terms) {
        let by_name = staying_by_name(&spec, &terms.upstream, text);
        for (found, name) in named(found, &spec, &terms.upstream) {
            // What a template fills in is no version.
            let is_filled_in = found.value.contains(['{', '$']);
            if !is_filled_in && !seen.contains(&place(&found)) {
                let is = |value: &coverage::UnconfiguredValue| value.line == found.line;
                let line = lines.iter().find(|line| line.values.iter().any(is));
                let fate = match (fate(&found), line) {
                    (Fate::Moves, Some(line)) => match line.unnameable() {
                        Some("file") => Fate::Unfit("is in a file that no configuration can name"),
                        Some(_) => Fate::Unfit("is in a target that no configuration can name"),
                        None => Fate::Unconfigured(line.pin()),
                    },
                    (fate, _) => fate,
                };
                let by_name = by_name.get(&found.line).copied();
                let explained = new(found, &terms.component, None, fate, name);
                all.push(Explained { by_name, ..explained });
            }
        }
    }
    all.sort_by_key(|one| one.line);
    Ok(all)
}

/// What stays where a saas file is promoted by its name, by line.
fn staying_by_name(spec: &PinSpec, upstream: &Upstream, text: &str) -> HashMap<usize, Stay> {
    let spec = PinSpec { origin: Origin::CommandLine, ..spec.clone() };
    let found = locate::locate(&spec, upstream, text).unwrap_or_default().into_iter();
    let staying = found.filter_map(|found| match found.role {
        Role::Stays(stay) => Some((found.line, stay)),
        Role::Pin(_) | Role::Unfit(_) | Role::Unreadable(_) => None,
    });
    staying.collect()
}

fn fate(found: &Located) -> Fate {
    match found.role {
        Role::Pin(_) => Fate::Moves,
        Role::Stays(stay) => Fate::Stays(stay),
        Role::Unfit(reason) => Fate::Unfit(reason),
        Role::Unreadable(_) => Fate::Unfit("stands in a file that can't be read"),
    }
}

fn new(
    found: Located,
    component: &str,
    environment: Option<Configured>,
    fate: Fate,
    name: PinName,
) -> Explained {
    Explained {
        line: found.line,
        value: found.value,
        target: found.target,
        component: component.to_owned(),
        upstream: name.upstream.clone(),
        environment,
        fate,
        by_name: None,
        name,
    }
}

#[cfg(test)]
mod tests;
