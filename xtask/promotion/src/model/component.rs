//! What `promote.toml` defines: components, their environments, and where the pins of each
//! environment are found.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::model::upstream::Upstream;
use crate::model::version::{CommitId, is_full_commit, short_digest, tag_and_digest};

/// A thing with versions, built from one upstream git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    pub name: String,
    /// The repository that its versions are commits of.
    pub upstream: Upstream,
    /// The branch whose commits are promoted; `None` means the upstream's default branch.
    pub branch: Option<String>,
    /// The images that are built from each commit; the promoted version must have all of them.
    pub images: Vec<ComponentImage>,
    /// The host that gives tokens for the images, if it is not the registry's own.
    pub image_realm: Option<String>,
    /// How many digits of the commit make a tag: 7 to 40.
    pub tag_length: usize,
    /// Paths in the upstream. If a promotion changes one of them, `schemas` has to be promoted
    /// first.
    pub schema_paths: Vec<String>,
    /// The name of the component that holds the schemas.
    pub schemas: Option<String>,
    /// The templates of a saas file that it was made of: paths in the upstream.
    pub templates: Vec<String>,
    /// In the order of `promote.toml`.
    pub environments: Vec<Environment>,
    /// Where `promote.toml` defines it.
    pub at: Position,
}

/// An image that is built from each commit of a component.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComponentImage {
    /// As in `quay.io/org/name`, without a tag.
    pub name: String,
    /// How many digits of the commit make its tag: 7 to 40.
    pub tag_length: usize,
}

impl ComponentImage {
    /// The image of a version, as `NAME:TAG`.
    pub fn of(&self, commit: &CommitId) -> String {
        format!("{}:{}", self.name, commit.tag(self.tag_length))
    }
}

/// A place where a component runs, such as `jenkins` or `app-sre-prod-01`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    pub name: String,
    /// Other names by which the command line accepts it.
    pub aliases: Vec<String>,
    /// Where its pins are found; never empty.
    pub pins: Vec<PinSpec>,
}

/// One item of `pins` in `promote.toml`: which files hold the pin, what finds it there, and what is
/// written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinSpec {
    pub files: FilePattern,
    pub selector: Selector,
    pub form: Form,
    /// The image whose digest is written, if one is.
    pub image: Option<ComponentImage>,
    pub origin: Origin,
}

/// Where an item of `pins` comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A configuration file, and the position in it.
    File(Arc<str>, Position),
    /// The built-in configuration, which is no file, and the position in it.
    Builtin(Position),
    /// A saas file that was named on the command line.
    CommandLine,
    /// A search of all files for pins that nobody configured.
    Search,
}

impl Origin {
    /// The position in the configuration; the default one for the command line.
    pub fn at(&self) -> Position {
        match self {
            Origin::File(_, at) | Origin::Builtin(at) => *at,
            Origin::CommandLine | Origin::Search => Position::default(),
        }
    }

    /// A problem with this item. Only one from a configuration file has a place to name.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        let problem = Problem::new(message);
        match self {
            Origin::File(file, at) => problem.file(&**file).line(at.line).column(at.column),
            Origin::Builtin(_) | Origin::CommandLine | Origin::Search => problem,
        }
    }

    /// The cure for a problem with this item: where to change it.
    pub fn cure(&self) -> String {
        match self {
            Origin::File(file, at) => format!("the pin is configured in `{file}:{}`", at.line),
            Origin::Builtin(_) => "the built-in configuration looks there: write a \
                `promote.toml` to change it, or name the right checkout with `--repo`"
                .to_owned(),
            Origin::CommandLine | Origin::Search => {
                "name another saas file, or other targets of it".to_owned()
            }
        }
    }
}

/// A component and some of its environments.
#[derive(Debug, Clone)]
pub struct Scope<'a> {
    pub component: &'a Component,
    /// In the order of the configuration; never empty.
    pub environments: Vec<&'a Environment>,
}

impl<'a> Scope<'a> {
    /// A component with all of its environments.
    pub fn all(component: &'a Component) -> Self {
        Scope { component, environments: component.environments.iter().collect() }
    }

    /// Whether it has every environment of its component.
    pub fn is_all(&self) -> bool {
        self.environments.len() == self.component.environments.len()
    }
}

/// A line and a column of `promote.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// The files in which a pin is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilePattern {
    /// One file, which must hold the pin.
    File(RepoPath),
    /// A valid glob over the repository; files without the pin are passed over.
    Glob(String),
}

impl FilePattern {
    /// Whether a path is this file, or matches this glob.
    pub fn takes(&self, path: &RepoPath) -> bool {
        match self {
            FilePattern::File(file) => file == path,
            FilePattern::Glob(glob) => fast_glob::glob_match(glob, path.as_str()),
        }
    }
}

/// What finds a pin in a file; the kinds are those of `promote.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// `[export ]NAME=value` in a dotenv or shell file.
    Variable(String),
    /// The value of that mapping key, at any depth of a YAML file.
    Key(String),
    /// The `ref` of every target in the resource templates whose `url` is the component's upstream.
    Saas(SaasFilter),
    /// That parameter of a saas file, of its templates and of their targets.
    Parameter(String, SaasFilter),
    /// One scalar, by its path from the top of a YAML file.
    Path(KeyPath),
    /// The tag part of every `IMAGE:TAG` scalar.
    Image(String),
}

/// Selects targets of a saas file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SaasFilter {
    /// The `name` of the resource template.
    pub template: Option<String>,
    /// The `name` of the target.
    pub target: Option<String>,
    /// The `namespace.$ref` of the target.
    pub namespace: Option<String>,
    /// Whether a field that is `None` accepts only targets without that name, instead of every target.
    pub is_exact: bool,
}

impl SaasFilter {
    /// The three fields, each with its key in `promote.toml`.
    pub fn parts(&self) -> [(&'static str, Option<&str>); 3] {
        [
            ("template", self.template.as_deref()),
            ("target", self.target.as_deref()),
            ("namespace", self.namespace.as_deref()),
        ]
    }

    /// Whether it selects a target whose template, name and namespace are those of `own`.
    pub fn takes(&self, own: &SaasFilter) -> bool {
        let pairs = self.parts().into_iter().zip(own.parts());
        let takes_any = |wanted: Option<&str>| wanted.is_none() && !self.is_exact;
        pairs.into_iter().all(|((_, wanted), (_, found))| takes_any(wanted) || wanted == found)
    }
}

/// A path such as `a[name=x].b`: mapping keys, and list items chosen by one of their fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPath {
    /// The path as `promote.toml` has it.
    pub text: String,
    /// Never empty.
    pub steps: Vec<PathStep>,
}

/// One step of a [`KeyPath`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// The value of a mapping key.
    Key(String),
    /// The list items that are mappings in which this key has this scalar value.
    Item(String, String),
}

/// What is written into a pin for a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// All 40 digits of the commit.
    Commit,
    /// The first `tag-length` digits of the commit.
    Tag,
    /// The digest of an image: `sha256:` and 64 digits.
    Digest,
}

impl Component {
    /// The version as it is shown to people: a full commit is shortened to its tag, a digest to
    /// `sha256:1f3c5a7…`, anything else stays.
    pub fn short<'a>(&self, version: &'a str) -> Cow<'a, str> {
        let (tag, digest) = tag_and_digest(version);
        let tag = if is_full_commit(tag) { &tag[..self.tag_length] } else { tag };
        match (tag, digest) {
            (tag, None) => tag.into(),
            ("", Some(digest)) => short_digest(digest).into(),
            (tag, Some(digest)) => format!("{tag}@{}", short_digest(digest)).into(),
        }
    }

    /// The pins of all environments, in the order of `promote.toml`.
    pub fn pins(&self) -> impl Iterator<Item = &PinSpec> {
        self.environments.iter().flat_map(|environment| &environment.pins)
    }

    /// The environment with this name or alias.
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        let is = |e: &&Environment| e.name == name || e.aliases.iter().any(|alias| alias == name);
        self.environments.iter().find(is)
    }
}

impl Selector {
    /// The same with another filter, if it has one.
    pub fn narrowed_to(&self, filter: SaasFilter) -> Selector {
        match self {
            Selector::Saas(_) => Selector::Saas(filter),
            Selector::Parameter(name, _) => Selector::Parameter(name.clone(), filter),
            other => other.clone(),
        }
    }

    /// What narrows it, in a saas file.
    pub fn filter(&self) -> Option<&SaasFilter> {
        match self {
            Selector::Saas(filter) | Selector::Parameter(_, filter) => Some(filter),
            _ => None,
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::Variable(name) => write!(f, "variable `{name}`"),
            Selector::Key(name) => write!(f, "key `{name}`"),
            Selector::Path(path) => write!(f, "path `{}`", path.text),
            Selector::Image(name) => write!(f, "image `{name}`"),
            Selector::Saas(filter) => write!(f, "saas target{filter}"),
            Selector::Parameter(name, filter) => write!(f, "parameter `{name}`{filter}"),
        }
    }
}

impl fmt::Display for SaasFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.parts() {
            if let Some(value) = value {
                write!(f, " with {name} `{value}`")?;
            }
        }
        Ok(())
    }
}
