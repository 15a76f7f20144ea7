//! The files that a plan reads, as a value: from the work tree or from a commit.

use std::collections::BTreeMap;

use crate::model::component::{Component, Environment, FilePattern, PathStep, PinSpec, Selector};
use crate::model::escape::shell_word;
use crate::model::path::RepoPath;
use crate::model::problem::Problem;

/// The largest file that is read for pins, in bytes: a hundred times the largest known one.
pub const LARGEST_FILE: usize = 32 << 20;

/// The files that have to be read for a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Files that are named literally.
    pub files: Vec<RepoPath>,
    /// Globs, each with a text: a file without that text holds no pin and need not be read.
    pub globs: Vec<(String, String)>,
    /// The patterns above that name saas files: the target files that these refer to are read too.
    pub saas: Vec<FilePattern>,
}

impl Wanted {
    /// The files in which the pins of these environments are looked for.
    pub fn new(component: &Component, environments: &[&Environment]) -> Self {
        let mut wanted = Wanted::default();
        for spec in environments.iter().flat_map(|environment| &environment.pins) {
            if let Selector::Saas(_) | Selector::Parameter(..) = spec.selector {
                wanted.saas.push(spec.files.clone());
            }
            match &spec.files {
                FilePattern::File(path) => wanted.files.push(path.clone()),
                FilePattern::Glob(glob) => {
                    let needle = needle(component, spec);
                    wanted.globs.push((glob.clone(), needle.to_owned()));
                    if needle.contains('/') && may_match_json(glob) {
                        wanted.globs.push((glob.clone(), needle.replace('/', "\\/")));
                    }
                }
            }
        }
        wanted
    }

    /// The files of both.
    pub fn and(mut self, other: Wanted) -> Self {
        self.files.extend(other.files);
        self.globs.extend(other.globs);
        self.saas.extend(other.saas);
        self
    }
}

/// Whether a glob may match a JSON file: some programs escape every slash in one.
fn may_match_json(glob: &str) -> bool {
    glob.contains("json") || glob.ends_with('*')
}

/// A text that every file with a pin of this kind contains.
fn needle<'a>(component: &'a Component, spec: &'a PinSpec) -> &'a str {
    match &spec.selector {
        Selector::Variable(name) | Selector::Key(name) | Selector::Image(name) => name,
        Selector::Saas(_) => component.upstream.path(),
        // A parameter may stand in the file of a target, to which the saas file only refers.
        Selector::Parameter(..) => "resourceTemplates",
        Selector::Path(path) => match path.steps.last() {
            Some(PathStep::Key(name) | PathStep::Item(name, _)) => name,
            None => "",
        },
    }
}

/// The content of files by their path: at least the [`Wanted`] ones. A literal file that doesn't
/// exist is missing here too.
#[derive(Debug, Clone, Default)]
pub struct Tree(pub BTreeMap<RepoPath, Vec<u8>>);

impl Tree {
    /// A tree with nothing but one file.
    pub fn alone(path: &RepoPath, text: &str) -> Tree {
        Tree([(path.clone(), text.as_bytes().to_vec())].into())
    }

    /// The content of a file; `None` if the tree doesn't have it.
    pub fn get(&self, path: &RepoPath) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }

    /// The files in which a pin is looked for, in the order of their paths.
    pub fn of<'a>(&'a self, spec: &'a PinSpec) -> Vec<(&'a RepoPath, &'a [u8])> {
        match &spec.files {
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

/// Refuses a file whose content is elsewhere, because Git LFS keeps only a pointer to it, or that
/// git-crypt has encrypted.
pub fn refuse_pointer(path: &str, bytes: &[u8]) -> Result<(), Problem> {
    if bytes.starts_with(GIT_CRYPT) {
        let problem = Problem::new("is encrypted by git-crypt").file(path);
        return Err(problem.help("`git-crypt unlock`, and leave `--mr` out: it reads what git has"));
    }
    if !is_lfs_pointer(bytes) {
        return Ok(());
    }
    let help = format!("`git lfs pull --include {}`, or keep it out of LFS", shell_word(path));
    Err(Problem::new("is a Git LFS pointer, its content is not here").file(path).help(help))
}

/// Whether a file is a pointer to a content that Git LFS keeps.
///
/// Source: the specification of Git LFS, `docs/spec.md`: the version is the first line.
pub fn is_lfs_pointer(bytes: &[u8]) -> bool {
    bytes.starts_with(b"version https://git-lfs.github.com/spec/")
}

/// How every file begins that git-crypt has encrypted.
///
/// Source: its README, and `file(1)`.
const GIT_CRYPT: &[u8] = b"\0GITCRYPT\0";

/// A folder that contains every match of a glob; empty for the top of the repository.
pub fn glob_folder(glob: &str) -> &str {
    let special = glob.find(['*', '?', '[', '{', '\\', '!']).unwrap_or(glob.len());
    glob[..special].rfind('/').map_or("", |slash| &glob[..slash])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::model::component::{Form, Origin};

    #[test]
    fn files_that_are_wanted() {
        let config = Config::parse(
            "promote.toml",
            "[component.c]\nupstream = \"https://x/org/c\"\n\
             [component.c.environment.e]\npins = [\n\
             { file = \".env\", variable = \"TAG\" },\n\
             { files = \"a/*\", variable = \"TAG\" },\n\
             { files = \"b/*\", saas = true },\n\
             { files = \"c/*\", parameter = \"P\" },\n\
             { files = \"d/*\", path = \"x.tag\" },\n\
             { files = \"e/*\", image = \"quay.io/org/c\" },\n\
             { files = \"f/*.json\", image = \"quay.io/org/c\" },\n\
             { files = \"f/*.yml\", image = \"quay.io/org/c\" },\n]\n",
        )
        .unwrap();
        let component = &config.components[0];
        let glob = |glob: &str, text: &str| (glob.to_owned(), text.to_owned());
        let saas = |glob: &str| FilePattern::Glob(glob.to_owned());
        let other = Wanted {
            files: vec![RepoPath::parse("x").unwrap()],
            globs: vec![glob("x/*", "x")],
            saas: vec![saas("x/*")],
        };
        let wanted = Wanted::new(component, &[&component.environments[0]]).and(other);
        let expected = Wanted {
            files: vec![RepoPath::parse(".env").unwrap(), RepoPath::parse("x").unwrap()],
            globs: vec![
                glob("a/*", "TAG"),
                glob("b/*", "org/c"),
                glob("b/*", "org\\/c"),
                glob("c/*", "resourceTemplates"),
                glob("d/*", "tag"),
                glob("e/*", "quay.io/org/c"),
                glob("e/*", "quay.io\\/org\\/c"),
                glob("f/*.json", "quay.io/org/c"),
                glob("f/*.json", "quay.io\\/org\\/c"),
                glob("f/*.yml", "quay.io/org/c"),
                glob("x/*", "x"),
            ],
            saas: vec![saas("b/*"), saas("c/*"), saas("x/*")],
        };
        assert_eq!(wanted, expected);
    }

    #[test]
    fn files_of_a_tree() {
        let path = |path| RepoPath::parse(path).unwrap();
        let files = [("a/b.yml", "b"), ("a/c d.yml", "c"), ("e.yml", "e")];
        let tree = Tree(files.map(|(name, text)| (path(name), text.into())).into());
        let spec = |files| PinSpec {
            files,
            selector: Selector::Key("tag".to_owned()),
            form: Form::Tag,
            image: None,
            origin: Origin::Search,
        };
        let check = |pattern, expected: &[&str]| {
            let spec = spec(pattern);
            let found: Vec<_> = tree.of(&spec).into_iter().map(|(path, _)| path.as_str()).collect();
            assert_eq!(found, expected);
        };
        check(FilePattern::File(path("e.yml")), &["e.yml"]);
        check(FilePattern::File(path("x.yml")), &[]);
        check(FilePattern::Glob("a/*".to_owned()), &["a/b.yml", "a/c d.yml"]);
    }

    #[test]
    fn contents_that_are_elsewhere() {
        let problem = Problem::new("is a Git LFS pointer, its content is not here")
            .file("a/c d.yml")
            .help("`git lfs pull --include 'a/c d.yml'`, or keep it out of LFS");
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n";
        assert_eq!(refuse_pointer("a/c d.yml", pointer), Err(problem));
        let problem = Problem::new("is encrypted by git-crypt")
            .file(".env")
            .help("`git-crypt unlock`, and leave `--mr` out: it reads what git has");
        assert_eq!(refuse_pointer(".env", b"\0GITCRYPT\0\x01\xff"), Err(problem));
        assert_eq!(
            refuse_pointer(".env", b"TAG=1\nversion https://git-lfs.github.com/spec/v1"),
            Ok(())
        );
    }

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
