//! The names under which the pins of a component are found, and an index to choose the components
//! that a file may belong to.

use std::collections::{HashMap, HashSet};

use crate::config::Config;
use crate::model::component::{Component, Selector};
use crate::model::upstream::Upstream;
use crate::model::version::is_digest;

/// The names of one component: a value under one of them is probably its pin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    pub component: String,
    pub upstream: Upstream,
    pub variables: Vec<String>,
    pub keys: Vec<String>,
    pub images: Vec<String>,
    /// The parameters of saas files.
    pub parameters: Vec<String>,
    /// What the component's pins run now, if somebody has looked: a parameter with such a value is
    /// one too.
    pub versions: Vec<String>,
}

impl Terms {
    /// The names that the configuration has for a component, without the ones that several
    /// components share: those don't tell whose a value is.
    pub fn of(component: &Component, config: &Config) -> Terms {
        let others = config.components.iter().filter(|other| other.name != component.name);
        let others: Vec<Terms> = others.map(Terms::all).collect();
        let mut terms = Terms::all(component);
        let own = |names: fn(&Terms) -> &Vec<String>, name: &String| {
            !others.iter().any(|other| names(other).contains(name))
        };
        terms.variables.retain(|name| own(|terms| &terms.variables, name));
        terms.keys.retain(|name| own(|terms| &terms.keys, name));
        terms.images.retain(|name| own(|terms| &terms.images, name));
        terms.parameters.retain(|name| own(|terms| &terms.parameters, name));
        terms
    }

    fn all(component: &Component) -> Terms {
        let mut terms = Terms {
            component: component.name.clone(),
            upstream: component.upstream.clone(),
            images: component.images.iter().map(|image| image.name.clone()).collect(),
            ..Terms::default()
        };
        for pin in component.pins() {
            let (names, name) = match &pin.selector {
                Selector::Variable(name) => (&mut terms.variables, name),
                Selector::Key(name) => (&mut terms.keys, name),
                Selector::Image(name) => (&mut terms.images, name),
                Selector::Parameter(name, _) => (&mut terms.parameters, name),
                Selector::Saas(_) | Selector::Path(_) => continue,
            };
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        terms
    }

    /// Texts to search for: a file with a value of this component contains at least one of them.
    pub fn needles(&self) -> impl Iterator<Item = &str> {
        let names = [&self.variables, &self.keys, &self.images, &self.parameters];
        let versions = self.versions.iter().map(|version| match version {
            digest if is_digest(digest) => digest,
            commit => commit.get(..7).unwrap_or(commit),
        });
        let names = names.into_iter().flatten().map(String::as_str);
        names.chain(versions).chain([self.upstream.path()])
    }

    /// Whether some pin of the component runs this version: a digest, a commit, or its beginning.
    pub(super) fn runs(&self, value: &str) -> bool {
        let begins = |one: &str, other: &str| one.len() >= 7 && other.starts_with(one);
        self.versions.iter().any(|version| begins(value, version) || begins(version, value))
    }
}

/// Finds the terms that apply to a file without trying all of them: there may be a thousand, and as
/// many files.
pub(super) struct Index<'t> {
    named: Vec<usize>,
    upstreams: HashMap<&'t str, Vec<usize>>,
    /// The upstreams of all components, also of those that are not looked for.
    known: HashSet<&'t str>,
    terms: &'t [Terms],
}

impl<'t> Index<'t> {
    pub(super) fn new(terms: &'t [Terms], config: &'t Config) -> Self {
        let configured = config.components.iter().map(|component| &component.upstream);
        let all = terms.iter().map(|terms| &terms.upstream).chain(configured);
        let known = all.map(Upstream::identity).collect();
        let mut index = Index { named: Vec::new(), upstreams: HashMap::new(), known, terms };
        for (nth, terms) in terms.iter().enumerate() {
            let names =
                [&terms.variables, &terms.keys, &terms.images, &terms.parameters, &terms.versions];
            if names.into_iter().any(|names| !names.is_empty()) {
                index.named.push(nth);
            }
            index.upstreams.entry(terms.upstream.identity()).or_default().push(nth);
        }
        index
    }

    /// Whether some component has the upstream of a template.
    pub(super) fn knows(&self, url: &str) -> bool {
        self.known.contains(Upstream::new(url).identity())
    }

    /// The terms that may apply to a file, in their original order: all with names, and those with
    /// the upstream of one of its saas templates.
    ///
    /// `urls` are the identities of the upstreams of these templates.
    pub(super) fn of(&self, urls: &HashSet<String>) -> Vec<&'t Terms> {
        let mut nths = self.named.clone();
        nths.extend(urls.iter().filter_map(|url| self.upstreams.get(url.as_str())).flatten());
        nths.sort_unstable();
        nths.dedup();
        nths.into_iter().map(|nth| &self.terms[nth]).collect()
    }
}
