//! The files that a plan looks at, as a value: where they came from no longer matters.

use std::collections::BTreeMap;

use crate::model::component::{Component, Environment, FilePattern, PathStep, PinSpec, Selector};
use crate::model::path::RepoPath;

/// Which files have to be read for a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Files that must exist.
    pub files: Vec<RepoPath>,
    /// Globs, each with a text that a file must contain to be of interest.
    pub globs: Vec<(String, String)>,
    /// Which of all these are saas files, whose targets may stand in files of their own.
    pub saas: Vec<FilePattern>,
}

impl Wanted {
    /// What the pins of these environments need.
    pub fn new(component: &Component, environments: &[&Environment]) -> Self {
        let mut wanted = Wanted::default();
        for spec in environments.iter().flat_map(|environment| &environment.pins) {
            if let Selector::Saas(_) = spec.selector {
                wanted.saas.push(spec.place.clone());
            }
            match &spec.place {
                FilePattern::File(path) => wanted.files.push(path.clone()),
                FilePattern::Glob(glob) => {
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
        self.saas.extend(other.saas);
        self
    }
}

/// A text that every file with such a pin contains.
fn needle<'a>(component: &'a Component, spec: &'a PinSpec) -> &'a str {
    match &spec.selector {
        Selector::Variable(name) | Selector::Key(name) | Selector::Image(name) => name,
        Selector::Saas(_) => component.upstream.trim_end_matches('/').trim_end_matches(".git"),
        Selector::Path(path) => match path.steps.last() {
            Some(PathStep::Key(name) | PathStep::Item(name, _)) => name,
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
            FilePattern::File(path) => {
                self.get(path).map(|bytes| (path, bytes)).into_iter().collect()
            }
            FilePattern::Glob(glob) => self.matching(glob).collect(),
        }
    }

    /// The files whose path matches a valid glob, in the order of their paths.
    pub fn matching(&self, glob: &str) -> impl Iterator<Item = (&RepoPath, &[u8])> {
        let matches = move |path: &RepoPath| fast_glob::glob_match(glob, path.as_str());
        self.0.iter().filter(move |file| matches(file.0)).map(|(path, bytes)| (path, &bytes[..]))
    }
}

/// The folder below which everything that matches a glob lies; empty for the top.
pub fn glob_folder(glob: &str) -> &str {
    let special = glob.find(['*', '?', '[', '{', '\\', '!']).unwrap_or(glob.len());
    glob[..special].rfind('/').map_or("", |slash| &glob[..slash])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_globs() {
        let cases = [
            ("data/shared/**/*.{yml,yaml}", "data/shared"),
            ("data/x*/y.yml", "data"),
            ("*.yml", ""),
            ("{data/a,b}/x.yml", ""),
            ("data/a/b.yml", "data/a"),
        ];
        for (glob, folder) in cases {
            assert_eq!(glob_folder(glob), folder, "{glob}");
        }
    }
}
