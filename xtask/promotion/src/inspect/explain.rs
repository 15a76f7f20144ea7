//! Says what a value belongs to and why it would or would not move. Pure.

use std::collections::{HashMap, HashSet};

use crate::config::Config;
use crate::history::past::{PinName, named};
use crate::inspect::coverage::{self, Terms, Unconfigured, UnconfiguredValue};
use crate::locate::{self, Located, Role, Stay};
use crate::model::component::{FilePattern, Origin, PinSpec, Selector};
use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::model::tree::Tree;
use crate::model::upstream::Upstream;
use crate::saas::target_files;
use crate::syntax::text_of;

/// One value of a file.
#[derive(Debug)]
pub struct Explained {
    /// From 1.
    pub line: usize,
    /// The version, or how to call it where it has none.
    pub value: String,
    /// `template/target` in a saas file.
    pub target: Option<String>,
    /// The saas file that has the target, if it stands in a file of its own.
    pub saas_file: Option<RepoPath>,
    /// The component's name.
    pub component: String,
    /// Its upstream.
    pub upstream: Upstream,
    /// The environment of the configuration that has it.
    pub environment: Option<Configured>,
    /// What finds it.
    pub selector: Selector,
    /// Whether it would move.
    pub fate: Fate,
    /// Why it stays where its saas file is promoted by its name; `None` if it doesn't.
    pub by_name: Option<Stay>,
    /// How it is found again in the history of the file.
    pub name: PinName,
}

/// The environment that has a value.
#[derive(Debug, Clone)]
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
/// of the file; that of a saas target in a file of its own by the saas files of the tree that refer
/// to it. The error is why nobody can read the file.
pub fn explained(
    path: &RepoPath,
    tree: &Tree,
    terms: &[Terms],
    config: &Config,
) -> Result<Vec<Explained>, Problem> {
    let mut all = Vec::new();
    let mut seen = HashSet::new();
    let is_referrer = |file: &RepoPath| {
        let targets = target_files(tree, &[FilePattern::File(file.clone())]);
        file != path && targets.contains(path)
    };
    let referrers = tree.0.keys().filter(|file| is_referrer(file));
    let searched: Vec<Searched> = [path]
        .into_iter()
        .chain(referrers)
        .filter_map(|file| Some(Searched { file, path, bytes: tree.get(file)?, tree }))
        .collect();
    for one in &searched {
        let configured = one.configured(config)?;
        seen.extend(configured.iter().map(place));
        all.extend(configured);
    }
    for one in &searched {
        let mut fitting = one.fitting(terms, config)?;
        // What a template fills in is no version.
        fitting.retain(|one| !one.value.contains(['{', '$']) && !seen.contains(&place(one)));
        all.extend(fitting);
    }
    all.sort_by_key(|one| one.line);
    Ok(all)
}

/// Identifies a value. Not by its bytes: only a literal file takes any word for a pin, and other
/// values have none. A target in a file of its own has a name in each saas file.
fn place(one: &Explained) -> (usize, String, Option<String>) {
    let target = one.target.clone().filter(|_| one.saas_file.is_none());
    (one.line, one.value.clone(), target)
}

/// The file by which the values of `path` are looked for: that one itself, or a saas file.
struct Searched<'a> {
    file: &'a RepoPath,
    path: &'a RepoPath,
    bytes: &'a [u8],
    tree: &'a Tree,
}

impl Searched<'_> {
    fn text(&self) -> Result<&str, Problem> {
        text_of(self.bytes)
    }

    /// Whether a value stands in the file that is explained.
    fn is_there(&self, found: &Located) -> bool {
        found.file.as_ref().unwrap_or(self.file) == self.path
    }

    fn configured(&self, config: &Config) -> Result<Vec<Explained>, Problem> {
        let mut all = Vec::new();
        for component in &config.components {
            for environment in &component.environments {
                for spec in environment.pins.iter().filter(|pin| pin.files.takes(self.file)) {
                    let (name, upstream) = (&component.name, &component.upstream);
                    let rule = PinRule { component: name, upstream, spec };
                    let name = environment.name.clone();
                    let configured = Configured { name, origin: spec.origin.clone() };
                    let found = self.explained(&rule, self.located(&rule)?);
                    all.extend(
                        found.map(|one| Explained { environment: Some(configured.clone()), ..one }),
                    );
                }
            }
        }
        Ok(all)
    }

    fn fitting(&self, terms: &[Terms], config: &Config) -> Result<Vec<Explained>, Problem> {
        let lines = coverage::in_file(self.file, self.tree, terms, config);
        let mut all = Vec::new();
        for (terms, spec, mut found) in
            coverage::fitting(self.file, self.text()?, self.tree, terms, config)
        {
            let (component, upstream) = (&terms.component, &terms.upstream);
            let rule = PinRule { component, upstream, spec: &spec };
            found.retain(|one| !rule.finds_reference(one));
            let by_name = self.staying_by_name(&rule);
            let fates: HashMap<usize, Fate> = found
                .iter()
                .filter(|one| self.is_there(one))
                .filter_map(|one| Some((one.line, unconfigured(one, &lines)?)))
                .collect();
            all.extend(self.explained(&rule, found).map(|one| Explained {
                by_name: by_name.get(&one.line).copied(),
                fate: match one.fate {
                    Fate::Moves => fates.get(&one.line).cloned().unwrap_or(Fate::Moves),
                    fate => fate,
                },
                ..one
            }));
        }
        Ok(all)
    }

    /// What a rule finds, but for references to files that are missing.
    fn located(&self, rule: &PinRule) -> Result<Vec<Located>, Problem> {
        let text = self.text()?;
        let mut found = locate::locate_in_tree(rule.spec, rule.upstream, text, self.tree)?;
        found.retain(|one| !rule.finds_reference(one));
        Ok(found)
    }

    /// The values that stand in the file that is explained.
    fn explained(&self, rule: &PinRule, found: Vec<Located>) -> impl Iterator<Item = Explained> {
        let found = named(found, rule.spec, rule.upstream);
        found.filter(|(found, _)| self.is_there(found)).map(|(found, name)| Explained {
            fate: fate(&found),
            line: found.line,
            value: found.value,
            target: found.target,
            saas_file: (self.file != self.path).then(|| self.file.clone()),
            component: rule.component.to_owned(),
            upstream: rule.upstream.clone(),
            environment: None,
            selector: rule.spec.selector.clone(),
            by_name: None,
            name,
        })
    }

    /// What stays where a saas file is promoted by its name, by line.
    fn staying_by_name(&self, rule: &PinRule) -> HashMap<usize, Stay> {
        let spec = PinSpec { origin: Origin::CommandLine, ..rule.spec.clone() };
        let found = self.located(&PinRule { spec: &spec, ..*rule }).unwrap_or_default();
        let here = found.into_iter().filter(|found| self.is_there(found));
        let staying = here.filter_map(|found| match found.role {
            Role::Stays(stay) => Some((found.line, stay)),
            Role::Pin(_) | Role::Unfit(_) | Role::Unreadable(_) => None,
        });
        staying.collect()
    }
}

/// What looks for values of a component.
#[derive(Clone, Copy)]
struct PinRule<'a> {
    component: &'a str,
    upstream: &'a Upstream,
    spec: &'a PinSpec,
}

impl PinRule<'_> {
    /// Whether a selector for saas targets found nothing but a reference to one.
    fn finds_reference(&self, found: &Located) -> bool {
        self.spec.selector.filter().is_some() && found.filter.is_none()
    }
}

/// The fate of a value that no environment has; `None` if it is none that one could have.
fn unconfigured(found: &Located, lines: &[Unconfigured]) -> Option<Fate> {
    let is = |value: &UnconfiguredValue| value.line == found.line && value.file == found.file;
    let line = lines.iter().find(|line| line.values.iter().any(is))?;
    Some(match line.unnameable() {
        Some("file") => Fate::Unfit("is in a file that no configuration can name"),
        Some(_) => Fate::Unfit("is in a target that no configuration can name"),
        None => Fate::Unconfigured(line.pin()),
    })
}

fn fate(found: &Located) -> Fate {
    match found.role {
        Role::Pin(_) => Fate::Moves,
        Role::Stays(stay) => Fate::Stays(stay),
        Role::Unfit(reason) => Fate::Unfit(reason),
        Role::Unreadable(_) => Fate::Unfit("stands in a file that can't be read"),
    }
}

#[cfg(test)]
mod tests;
