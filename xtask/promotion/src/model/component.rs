//! What can be promoted: components, their environments, and the pins of those.

use std::fmt;
use std::sync::Arc;

use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::model::version::is_full_commit;

/// A thing with versions, built from one upstream git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Its name in `promote.toml`.
    pub name: String,
    /// The address of the upstream, as git is given it.
    pub upstream: String,
    /// The upstream's default branch, if configured; else what the upstream's `HEAD` says.
    pub branch: Option<String>,
    /// The image whose tag is promoted, without a tag.
    pub image: Option<String>,
    /// How many digits of the commit make a tag: 7 to 40.
    pub tag_length: usize,
    /// Upstream paths whose change calls for the schemas first.
    pub schema_paths: Vec<String>,
    /// The component that must be ahead then.
    pub schemas: Option<String>,
    /// In the order of the configuration.
    pub environments: Vec<Environment>,
    /// Where the configuration defines it.
    pub at: Position,
}

/// A place where a component runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Other names for it.
    pub aliases: Vec<String>,
    /// Never empty.
    pub pins: Vec<PinSpec>,
}

/// One line of `pins`: where to look, what for, and what is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinSpec {
    /// The file or the files.
    pub place: FilePattern,
    /// What is looked for in them.
    pub selector: Selector,
    /// What is written.
    pub form: Form,
    /// Where this rule comes from.
    pub origin: Origin,
}

/// Where a rule comes from that finds pins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A place in a configuration file.
    File(Arc<str>, Position),
    /// A place in the built-in configuration, which is no file.
    Builtin(Position),
    /// A saas file that was named on the command line.
    CommandLine,
}

impl Origin {
    /// Its position in the configuration; the first one for what is in none.
    pub fn at(&self) -> Position {
        match self {
            Origin::File(_, at) | Origin::Builtin(at) => *at,
            Origin::CommandLine => Position::default(),
        }
    }

    /// A problem with this rule: only a configuration file has a place to look at.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        let problem = Problem::new(message);
        match self {
            Origin::File(file, at) => problem.file(&**file).line(at.line).column(at.column),
            Origin::Builtin(_) | Origin::CommandLine => problem,
        }
    }

    /// How to change what this rule looks for.
    pub fn cure(&self) -> String {
        match self {
            Origin::File(file, at) => format!("the pin is configured in `{file}:{}`", at.line),
            Origin::Builtin(_) => "the built-in configuration looks there: write a \
                `promote.toml` to change it, or name the right checkout with `--repo`"
                .to_owned(),
            Origin::CommandLine => "name another saas file, or other targets of it".to_owned(),
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

/// Line and column of the configuration, both from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// Which files a pin is looked for in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilePattern {
    /// One file, which must hold the pin.
    File(RepoPath),
    /// A valid glob over the repository; files without the pin are passed over.
    Glob(String),
}

impl FilePattern {
    /// Whether a file is one of these.
    pub fn takes(&self, path: &RepoPath) -> bool {
        match self {
            FilePattern::File(file) => file == path,
            FilePattern::Glob(glob) => fast_glob::glob_match(glob, path.as_str()),
        }
    }
}

/// What finds a pin in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// `[export ]NAME=value` in a dotenv or shell file.
    Variable(String),
    /// The value of that mapping key, at any depth of a YAML file.
    Key(String),
    /// `resourceTemplates[].targets[].ref` of the templates with the component's upstream.
    Saas(SaasFilter),
    /// One scalar by path.
    Path(KeyPath),
    /// The tag part of every `IMAGE:TAG` scalar.
    Image(String),
}

/// Narrows the targets of a saas file; `None` takes all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SaasFilter {
    /// The `name` of the resource template.
    pub template: Option<String>,
    /// The `name` of the target.
    pub target: Option<String>,
    /// The `namespace.$ref` of the target.
    pub namespace: Option<String>,
    /// Whether it takes just the target with these names, which lacks those that are `None`.
    pub is_exact: bool,
}

impl SaasFilter {
    /// Its parts, each with its key in `promote.toml`.
    pub fn parts(&self) -> [(&'static str, Option<&str>); 3] {
        [
            ("template", self.template.as_deref()),
            ("target", self.target.as_deref()),
            ("namespace", self.namespace.as_deref()),
        ]
    }

    /// Whether it takes a target that has all of `own`.
    pub fn takes(&self, own: &SaasFilter) -> bool {
        let pairs = self.parts().into_iter().zip(own.parts());
        let takes_any = |wanted: Option<&str>| wanted.is_none() && !self.is_exact;
        pairs.into_iter().all(|((_, wanted), (_, found))| takes_any(wanted) || wanted == found)
    }
}

/// A path such as `a[name=x].b`: keys, and list items chosen by a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPath {
    /// As it was written.
    pub text: String,
    /// Never empty.
    pub steps: Vec<PathStep>,
}

/// One step of a [`KeyPath`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// The value of a mapping key.
    Key(String),
    /// The items of a list that are mappings with this key and this scalar value.
    Item(String, String),
}

/// What is written into a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The 40 digits.
    Commit,
    /// The first `tag-length` digits.
    Tag,
}

impl Component {
    /// A version as people read it: a full commit becomes a tag.
    pub fn short<'a>(&self, version: &'a str) -> &'a str {
        if is_full_commit(version) { &version[..self.tag_length] } else { version }
    }

    /// The pins of all its environments, in the order of the configuration.
    pub fn pins(&self) -> impl Iterator<Item = &PinSpec> {
        self.environments.iter().flat_map(|environment| &environment.pins)
    }

    /// The environment with that name or alias.
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        let is = |e: &&Environment| e.name == name || e.aliases.iter().any(|alias| alias == name);
        self.environments.iter().find(is)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::Variable(name) => write!(f, "variable `{name}`"),
            Selector::Key(name) => write!(f, "key `{name}`"),
            Selector::Path(path) => write!(f, "path `{}`", path.text),
            Selector::Image(name) => write!(f, "image `{name}`"),
            Selector::Saas(filter) => {
                f.write_str("saas target")?;
                for (name, value) in filter.parts() {
                    if let Some(value) = value {
                        write!(f, " with {name} `{value}`")?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// Whether two addresses name the same upstream: alike but for a final slash or `.git`.
pub fn same_upstream(one: &str, other: &str) -> bool {
    bare_upstream(one) == bare_upstream(other)
}

/// The address of an upstream without a final slash or `.git`.
pub fn bare_upstream(url: &str) -> &str {
    let url = url.trim_end_matches('/');
    url.strip_suffix(".git").unwrap_or(url).trim_end_matches('/')
}
