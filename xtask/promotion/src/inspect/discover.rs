//! Finds components in the files of a repository: in blocks of variables, saas templates, and keys
//! with image tags. `environments` groups their pins into environments.

pub mod environments;
pub mod merge;

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use crate::config::Config;
use crate::inspect::coverage::{FileKind, Terms};
use crate::model::component::{Component, Selector};
use crate::model::image::Image;
use crate::model::path::RepoPath;
use crate::model::tree::Tree;
use crate::model::upstream::{Upstream, without_credentials};
use crate::model::version::{commit_part, is_full_commit};
use crate::saas;
use crate::syntax::dotenv::{self, Assignment};
use crate::syntax::yaml::{self, Yaml};

/// Texts to search for: a file that hints at a component contains at least one of them.
pub const NEEDLES: [&str; 3] = ["resourceTemplates", TAG_KEY, TAG_VARIABLE];

const TAG_KEY: &str = "_image_tag";
const TAG_VARIABLE: &str = "_IMAGE_TAG";

/// A component of the configuration, or one that was found in the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveredComponent {
    /// Its name, its upstream and the names of its pins.
    pub terms: Terms,
    /// The image, if the configuration or a file names one.
    pub image: Option<String>,
    /// The length of its tags in digits, if the configuration or a file shows one.
    pub tag_length: Option<usize>,
    pub is_configured: bool,
    /// Whether it has variables or keys, and not only saas targets.
    pub has_names: bool,
}

/// A version whose component is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    pub file: RepoPath,
    /// From 1.
    pub line: usize,
    /// The name of the variable or of the key.
    pub name: String,
    pub value: String,
    /// The image that the file names beside it.
    pub image: Option<String>,
}

impl fmt::Display for Orphan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Orphan { file, line, name, value, image } = self;
        write!(f, "`{file}:{line}`: `{name}` is `{value}`")?;
        if let Some(image) = image {
            write!(f, " of `{image}`")?;
        }
        f.write_str(
            ", and no upstream of it is known: add a `[component.NAME]` with its `upstream`",
        )
    }
}

/// A variable or a key with an image tag, and the repository and image named beside it.
struct Tag {
    file: RepoPath,
    line: usize,
    name: String,
    value: String,
    is_variable: bool,
    repo: Option<String>,
    image: Option<String>,
}

/// The components of the configuration, then the ones found in the tree; and the versions whose
/// component is not known.
pub fn candidates(config: &Config, tree: &Tree) -> (Vec<DiscoveredComponent>, Vec<Orphan>) {
    candidates_with(config, tree, has_pin)
}

/// The same, with the upstreams of all saas templates: those without a pin too.
pub fn all_candidates(config: &Config, tree: &Tree) -> (Vec<DiscoveredComponent>, Vec<Orphan>) {
    candidates_with(config, tree, |_, _| true)
}

fn candidates_with(
    config: &Config,
    tree: &Tree,
    takes: fn(&saas::Template, &Tree) -> bool,
) -> (Vec<DiscoveredComponent>, Vec<Orphan>) {
    let (tags, urls) = clues(tree, takes);
    let mut found: Vec<DiscoveredComponent> =
        config.components.iter().map(|component| configured(component, config)).collect();
    let mut rest = Vec::new();
    for tag in tags {
        match &tag.repo {
            Some(repo) => {
                let candidate = with_upstream(&mut found, repo);
                candidate.take(&tag);
            }
            None => rest.push(tag),
        }
    }
    for url in urls.values() {
        with_upstream(&mut found, url);
    }
    let mut orphans = Vec::new();
    for tag in rest {
        match found.iter_mut().find(|candidate| candidate.owns(&tag)) {
            Some(candidate) => candidate.take(&tag),
            None => orphans.push(orphan(tag, config)),
        }
    }
    (found, orphans.into_iter().flatten().collect())
}

fn configured(component: &Component, config: &Config) -> DiscoveredComponent {
    DiscoveredComponent {
        terms: Terms::of(component, config),
        image: component.images.first().map(|image| image.name.clone()),
        tag_length: Some(component.tag_length),
        is_configured: true,
        has_names: true,
    }
}

/// The component with this upstream; a new one is added if there is none.
fn with_upstream<'f>(
    found: &'f mut Vec<DiscoveredComponent>,
    url: &str,
) -> &'f mut DiscoveredComponent {
    let upstream = Upstream::new(&without_credentials(url));
    let is = |candidate: &DiscoveredComponent| candidate.terms.upstream == upstream;
    let index = found.iter().position(is).unwrap_or_else(|| {
        let component = new_name(found, &upstream);
        let terms = Terms { component, upstream: upstream.clone(), ..Terms::default() };
        found.push(DiscoveredComponent {
            terms,
            image: None,
            tag_length: None,
            is_configured: false,
            has_names: false,
        });
        found.len() - 1
    });
    &mut found[index]
}

/// Names a component after the last part of its upstream's address; if that is taken, with the part
/// before it, or with a number.
fn new_name(found: &[DiscoveredComponent], upstream: &Upstream) -> String {
    let mut parts = upstream.identity().rsplit(['/', ':']);
    // Where several components are typed, a comma stands between them.
    let name = parts.next().unwrap_or_default().replace(',', "-");
    let owner = parts.next().unwrap_or_default();
    let names = [name.clone(), format!("{owner}-{name}")].into_iter();
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let is_free = |name: &String| !found.iter().any(|other| other.terms.component == *name);
    names.chain(numbered).find(is_free).unwrap_or(name)
}

impl DiscoveredComponent {
    /// Whether a tag without a repository beside it belongs to this component, by its image or its
    /// name.
    fn owns(&self, tag: &Tag) -> bool {
        match &tag.image {
            Some(image) if self.image.is_some() => self.image.as_ref() == Some(image),
            Some(image) => {
                let path = image.split_once('/').map_or("", |(_, path)| path);
                self.terms.upstream.identity().ends_with(&format!("/{path}"))
            }
            None if tag.is_variable => self.terms.variables.contains(&tag.name),
            None => {
                let stem = tag.name.trim_end_matches(TAG_KEY).replace('_', "-");
                stem == self.terms.component.replace('_', "-")
            }
        }
    }

    fn take(&mut self, tag: &Tag) {
        let names = if tag.is_variable { &mut self.terms.variables } else { &mut self.terms.keys };
        if !names.contains(&tag.name) {
            names.push(tag.name.clone());
        }
        self.has_names = true;
        if let Some(image) = &tag.image
            && self.image.is_none()
        {
            self.image = Some(image.clone());
            self.terms.images.push(image.clone());
        }
        let digits = commit_part(&tag.value).map(str::len);
        self.tag_length = self.tag_length.or(digits);
    }
}

/// Every variable and key whose name says that it holds an image tag, and every upstream that a
/// saas file pins to a commit.
fn clues(
    tree: &Tree,
    takes: fn(&saas::Template, &Tree) -> bool,
) -> (Vec<Tag>, BTreeMap<String, String>) {
    let mut tags: Vec<Tag> = Vec::new();
    let mut urls = BTreeMap::new();
    for (path, bytes) in &tree.0 {
        let Ok(text) = std::str::from_utf8(bytes) else { continue };
        match FileKind::of(path.as_str()) {
            Some(FileKind::Shell) => tags.extend(variables(path, text)),
            Some(FileKind::Yaml) => {
                let Ok(yaml) = yaml::parse(text) else { continue };
                tags.extend(keys(path, &yaml));
                let pinned = saas::templates(&yaml).into_iter().filter(|one| takes(one, tree));
                let pinned = pinned.filter_map(|template| template.url);
                let pinned = pinned.filter(|url| is_address(url));
                urls.extend(pinned.map(|url| (Upstream::new(&url).identity().to_owned(), url)));
            }
            None => {}
        }
    }
    // A key's image is assumed for every file.
    let images: BTreeMap<String, String> =
        tags.iter().rev().filter_map(|tag| Some((tag.name.clone(), tag.image.clone()?))).collect();
    for tag in tags.iter_mut().filter(|tag| tag.image.is_none() && !tag.is_variable) {
        tag.image = images.get(&tag.name).cloned();
    }
    (tags, urls)
}

fn variables(path: &RepoPath, text: &str) -> Vec<Tag> {
    let mut all = dotenv::assignments(text).unwrap_or_default();
    all.retain(|one| one.unfit.is_none());
    let value = |name: &str| {
        let first = all.iter().find(|one| one.name == name)?;
        Some(first.value.to_owned())
    };
    let mut seen = HashSet::new();
    let tag = |pin: &Assignment| {
        let stem = pin.name.strip_suffix(TAG_VARIABLE)?;
        if commit_part(pin.value).is_none() || !seen.insert(pin.name.to_owned()) {
            return None;
        }
        let beside = |end: &str| value(&format!("{stem}{end}"));
        Some(Tag {
            file: path.clone(),
            line: pin.line,
            name: pin.name.to_owned(),
            value: pin.value.to_owned(),
            is_variable: true,
            repo: beside("_REPO").filter(|repo| is_address(repo)),
            image: beside("_IMAGE").filter(|image| Image::parse(image).is_some()),
        })
    };
    all.iter().filter_map(tag).collect()
}

fn keys(path: &RepoPath, yaml: &Yaml) -> Vec<Tag> {
    let tag = |(mapping, key, value)| {
        let key: &str = key;
        let stem = key.strip_suffix("_tag").filter(|_| key.ends_with(TAG_KEY))?;
        let tag = yaml.scalar(value).filter(|tag| commit_part(tag).is_some())?;
        let image = yaml.get(mapping, stem).and_then(|(image, _)| yaml.scalar(image));
        let image = image.map(|image| image.rsplit_once(":").map_or(image, |(name, _)| name));
        Some(Tag {
            file: path.clone(),
            line: yaml.line(value),
            name: key.to_owned(),
            value: tag.to_owned(),
            is_variable: false,
            repo: None,
            image: image.filter(|image| Image::parse(image).is_some()).map(str::to_owned),
        })
    };
    let mut tags: Vec<Tag> = yaml.entries().filter_map(tag).collect();
    // A tag with an image beside it is the most certain.
    tags.sort_by_key(|tag| (tag.image.is_none(), tag.line));
    tags
}

/// Whether a target of the template is pinned to a commit that a promotion would move.
fn has_pin(template: &saas::Template, tree: &Tree) -> bool {
    let is_pin = |target: &saas::Target| {
        let value = target.value.as_ref();
        let is_commit = value.is_some_and(|(value, _)| is_full_commit(value));
        is_commit && !target.promotion.auto && !target.delete
    };
    let is_elsewhere = |target| saas::looked_up(target, None, tree).as_ref().is_some_and(is_pin);
    template.targets.iter().any(|target| is_pin(target) || is_elsewhere(target))
}

/// Whether git would take the text for the address of a repository on another machine.
fn is_address(url: &str) -> bool {
    let clean =
        !url.starts_with('-') && !url.contains(|c: char| c.is_whitespace() || c.is_control());
    let scheme = ["https://", "http://", "ssh://", "git://"].iter().any(|one| url.starts_with(one));
    let scp = url
        .split_once(':')
        .is_some_and(|(host, path)| host.contains('@') && !host.contains('/') && !path.is_empty());
    let has_name = !Upstream::new(url).identity().ends_with('/');
    clean && has_name && (scheme || scp)
}

/// The tag as an orphan; `None` if a pin of the configuration has its name.
fn orphan(tag: Tag, config: &Config) -> Option<Orphan> {
    let Tag { file, line, name, value, is_variable, image, .. } = tag;
    let mut pins = config.components.iter().flat_map(Component::pins);
    let is_known = pins.any(|pin| match &pin.selector {
        Selector::Variable(known) => is_variable && *known == name,
        Selector::Key(known) => !is_variable && *known == name,
        _ => false,
    });
    (!is_known).then_some(Orphan { file, line, name, value, image })
}

#[cfg(test)]
mod tests;
