//! The files that a plan looks at, as a value: where they came from no longer matters.

use std::collections::BTreeMap;

use crate::component::{Component, Environment, PinSpec, Place, RepoPath, Selector, Step};

/// Which files have to be read for a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Files that must exist.
    pub files: Vec<RepoPath>,
    /// Globs, each with a text that a file must contain to be of interest.
    pub globs: Vec<(String, String)>,
}

impl Wanted {
    /// What the pins of these environments need.
    pub fn new(component: &Component, environments: &[&Environment]) -> Self {
        let mut wanted = Wanted::default();
        for spec in environments.iter().flat_map(|environment| &environment.pins) {
            match &spec.place {
                Place::File(path) => wanted.files.push(path.clone()),
                Place::Glob(glob) => {
                    wanted.globs.push((glob.clone(), needle(component, spec).to_owned()));
                }
            }
        }
        wanted
    }

    /// Both.
    pub fn and(mut self, other: Wanted) -> Self {
        self.files.extend(other.files);
        self.globs.extend(other.globs);
        self
    }
}

/// A text that every file with such a pin contains.
fn needle<'a>(component: &'a Component, spec: &'a PinSpec) -> &'a str {
    match &spec.selector {
        Selector::Variable(name) | Selector::Key(name) | Selector::Image(name) => name,
        Selector::Saas(_) => component.upstream.trim_end_matches('/').trim_end_matches(".git"),
        Selector::Path(path) => match path.steps.last() {
            Some(Step::Key(name) | Step::Item(name, _)) => name,
            None => "",
        },
    }
}

/// Files by path. Holds at least what was [`Wanted`]; a literal file that is missing is not in it.
#[derive(Debug, Clone, Default)]
pub struct Tree(pub BTreeMap<RepoPath, Vec<u8>>);

impl Tree {
    /// The content of a file.
    pub fn get(&self, path: &RepoPath) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }

    /// The files that a line of the configuration looks at, in the order of their paths.
    pub fn of<'a>(&'a self, spec: &'a PinSpec) -> Vec<(&'a RepoPath, &'a [u8])> {
        match &spec.place {
            Place::File(path) => self.get(path).map(|bytes| (path, bytes)).into_iter().collect(),
            Place::Glob(glob) => self.matching(glob).collect(),
        }
    }

    /// The files whose path matches a valid glob, in the order of their paths.
    pub fn matching(&self, glob: &str) -> impl Iterator<Item = (&RepoPath, &[u8])> {
        let matches = move |path: &RepoPath| fast_glob::glob_match(glob, path.as_str());
        self.0.iter().filter(move |file| matches(file.0)).map(|(path, bytes)| (path, &bytes[..]))
    }
}
