//! Finds the parameters of a saas file that are versions of a component: commits, tags and digests.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::terms::{Index, Terms};
use crate::model::component::Form;
use crate::model::image::Image;
use crate::model::version::{commit_part, is_digest, is_full_commit};
use crate::saas::templates;
use crate::syntax::yaml::{NodeId, Yaml};

/// The ends of the names of parameters whose image another parameter names: `X` beside `X_TAG`.
const ENDS: [&str; 2] = ["_TAG", "_DIGEST"];

/// A mapping of parameters, and what is known of the targets that it is for.
#[derive(Clone)]
struct Parameters {
    own: NodeId,
    /// The upstream of the template.
    url: Option<String>,
    /// The parameters of the template, beside those of a target.
    outer: Option<NodeId>,
}

/// Every parameter of a saas file whose value is a version of something, with its name and its form;
/// none in other files.
pub(super) struct VersionParameters(Vec<(String, NodeId, Form, Parameters)>);

/// A parameter that is a version of the component.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub(super) name: String,
    /// That of its value.
    pub(super) form: Form,
    /// Of a digest: the image that is named beside it, and whether its tags are whole commits.
    pub(super) image: Option<(String, bool)>,
}

/// The parameters that are versions of the component, with their lines.
pub(super) fn named(
    yaml: &Yaml,
    versions: &VersionParameters,
    terms: &Terms,
    index: &Index,
) -> BTreeMap<Named, BTreeSet<usize>> {
    let mut named: BTreeMap<Named, BTreeSet<usize>> = BTreeMap::new();
    for (name, node, form, parameters) in &versions.0 {
        let reader = ParameterReader { yaml, terms, index, parameters };
        if reader.is_version(name, yaml.scalar(*node).unwrap_or_default()) {
            let image = reader.image(name).filter(|_| *form == Form::Digest);
            let (name, form) = (name.clone(), *form);
            named.entry(Named { name, form, image }).or_default().insert(yaml.line(*node));
        }
    }
    named
}

/// The form that a version has; `None` for any other value.
pub(super) fn form(value: &str) -> Option<Form> {
    match value {
        _ if is_digest(value) => Some(Form::Digest),
        _ if is_full_commit(value) => Some(Form::Commit),
        _ => commit_part(value).map(|_| Form::Tag),
    }
}

impl VersionParameters {
    pub(super) fn of(yaml: &Yaml) -> VersionParameters {
        let mappings = mappings(yaml);
        if mappings.is_empty() {
            return VersionParameters(Vec::new());
        }
        let versions = yaml.entries().filter_map(|(mapping, name, node)| {
            let parameters = mappings.get(&mapping)?;
            let form = form(yaml.scalar(node)?)?;
            Some((name.to_owned(), node, form, parameters.clone()))
        });
        VersionParameters(versions.collect())
    }
}

fn mappings(yaml: &Yaml) -> HashMap<NodeId, Parameters> {
    let mut found = HashMap::new();
    let mut add = |node: Option<NodeId>, url: Option<&String>, outer: Option<NodeId>| {
        let mapping = node.and_then(|node| yaml.follow(node));
        let url = url.cloned();
        found.extend(mapping.map(|(own, _)| (own, Parameters { own, url, outer })));
    };
    for template in templates(yaml) {
        let outer = template.parameters.map(|(node, _)| node);
        add(outer, template.url.as_ref(), None);
        for target in template.targets {
            add(target.parameters.map(|(node, _)| node), template.url.as_ref(), outer);
        }
    }
    if !found.is_empty() {
        let top = yaml.roots().iter().find_map(|&root| yaml.get(root, "parameters"));
        let parameters = |own| Parameters { own, url: None, outer: None };
        found.extend(top.map(|(own, _)| (own, parameters(own))));
    }
    found
}

struct ParameterReader<'a> {
    yaml: &'a Yaml<'a>,
    terms: &'a Terms,
    index: &'a Index<'a>,
    parameters: &'a Parameters,
}

impl ParameterReader<'_> {
    /// Whether a parameter is a version of the component: by its name, by its value, by the image
    /// that is named beside it, or as a commit of a template that deploys the upstream. A name alone
    /// says nothing in a template that deploys another component.
    fn is_version(&self, name: &str, value: &str) -> bool {
        let url = self.parameters.url.as_ref();
        let is_own = url.is_some_and(|url| self.terms.upstream.is(url));
        let is_others = !is_own && url.is_some_and(|url| self.index.knows(url));
        !is_others && self.terms.parameters.iter().any(|known| known == name)
            || self.terms.runs(value)
            || self.is_of_image(name)
            || is_own && is_full_commit(value)
            || self.is_beside_tag(name)
    }

    fn is_of_image(&self, name: &str) -> bool {
        self.image(name).is_some_and(|(image, _)| self.terms.images.contains(&image))
    }

    /// The image that is named beside a tag or a digest, and whether that tag is a whole commit.
    fn image(&self, name: &str) -> Option<(String, bool)> {
        let stem = ENDS.iter().find_map(|end| name.strip_suffix(end))?;
        let image = self.beside(stem).filter(|image| Image::parse(image).is_some())?;
        let tag = self.beside(&format!("{stem}_TAG"));
        Some((image.to_owned(), tag.is_some_and(is_full_commit)))
    }

    /// Whether it is the digest beside a tag that is a version.
    fn is_beside_tag(&self, name: &str) -> bool {
        let tag = name.strip_suffix("_DIGEST").map(|stem| format!("{stem}_TAG"));
        tag.is_some_and(|tag| {
            self.beside(&tag).is_some_and(|value| {
                form(value).is_some_and(|form| form != Form::Digest) && self.is_version(&tag, value)
            })
        })
    }

    fn beside(&self, name: &str) -> Option<&str> {
        let mut mappings = [Some(self.parameters.own), self.parameters.outer].into_iter().flatten();
        mappings.find_map(|node| self.yaml.scalar(self.yaml.get(node, name)?.0))
    }
}
