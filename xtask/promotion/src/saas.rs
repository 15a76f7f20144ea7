//! Reads saas files: their templates and targets, and the facts about each target that decide
//! whether it moves, who has to go first, and where it runs. Changes nothing.
//!
//! Source: the schemas `saas-file-2` and `saas-file-target-1` of qontract-schemas.

use crate::model::component::{FilePattern, SaasFilter};
use crate::model::path::RepoPath;
use crate::model::tree::Tree;
use crate::syntax::yaml::{NodeId, Via, Yaml};

/// A resource template of a saas file.
#[derive(Debug, Clone)]
pub struct Template {
    pub name: Option<String>,
    /// The upstream.
    pub url: Option<String>,
    /// The folder or file of the upstream that is deployed.
    pub path: Option<String>,
    pub targets: Vec<Target>,
}

/// A target of a template, in the saas file itself or in a file of its own.
#[derive(Debug, Clone)]
pub struct Target {
    /// The mapping that it is.
    pub node: NodeId,
    /// The file that it refers to, if it is written there: then nothing else is known of it here.
    pub elsewhere: Option<String>,
    /// Template and target, for people.
    pub label: String,
    /// What narrows a selector to it.
    pub filter: SaasFilter,
    /// The value of `ref`, and how it was reached: what comes by an alias or a merge key is not the
    /// target's own.
    pub reference: Option<(NodeId, Via)>,
    /// The mapping `parameters`.
    pub parameters: Option<(NodeId, Via)>,
    pub promotion: TargetPromotion,
    pub disable: bool,
    /// Whether it is about to be deleted.
    pub delete: bool,
    /// Whether `namespaceSelector` says where it runs, instead of one namespace.
    pub has_selector: bool,
}

/// What `promotion` says of a target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetPromotion {
    /// Whether automation moves it.
    pub auto: bool,
    /// Channels that tell when others have deployed a commit.
    pub subscribe: Vec<String>,
    /// Channels on which it tells that it has deployed a commit.
    pub publish: Vec<String>,
    /// For how many days the publishers must have run a commit.
    pub soak_days: Option<u64>,
}

/// The templates of a saas file; none in any other file.
pub fn templates(yaml: &Yaml) -> Vec<Template> {
    let mut found = Vec::new();
    for &root in yaml.roots() {
        let Some((list, via)) = yaml.get(root, "resourceTemplates") else { continue };
        let via = via.or(yaml.reached(list));
        found.extend(yaml.items(list).into_iter().map(|item| template(yaml, item, via)));
    }
    found
}

fn template(yaml: &Yaml, item: NodeId, via: Via) -> Template {
    let name = text(yaml, item, "name");
    let targets = yaml.get(item, "targets").map(|(list, via_list)| {
        let via = via.or(via_list).or(yaml.reached(list));
        let items = yaml.items(list).into_iter();
        items.map(|item| target(yaml, item, via, name)).collect()
    });
    Template {
        name: name.map(str::to_owned),
        url: text(yaml, item, "url").map(str::to_owned),
        path: text(yaml, item, "path").map(str::to_owned),
        targets: targets.unwrap_or_default(),
    }
}

/// The target that a file of its own holds, for a template of that name.
pub fn target_file(yaml: &Yaml, template: Option<&str>) -> Option<Target> {
    let &root = yaml.roots().first()?;
    Some(target(yaml, root, Via::Own, template))
}

fn target(yaml: &Yaml, item: NodeId, via: Via, template: Option<&str>) -> Target {
    let is_true = |node, key| yaml.get(node, key).is_some_and(|(value, _)| yaml.is_true(value));
    let own = |key| {
        let (node, via_key) = yaml.get(item, key)?;
        Some((node, via.or(via_key).or(yaml.reached(node))))
    };
    let name = text(yaml, item, "name");
    let namespace = yaml.get(item, "namespace").and_then(|(node, _)| text(yaml, node, "$ref"));
    let promotion = yaml.get(item, "promotion").map(|(node, _)| TargetPromotion {
        auto: is_true(node, "auto"),
        subscribe: texts(yaml, node, "subscribe"),
        publish: texts(yaml, node, "publish"),
        soak_days: text(yaml, node, "soakDays").and_then(|days| days.parse().ok()),
    });
    let called = name.or(namespace.map(stem)).unwrap_or("(no name)");
    Target {
        node: item,
        elsewhere: text(yaml, item, "$ref").map(str::to_owned),
        label: format!("{}/{called}", template.unwrap_or("(no name)")),
        filter: SaasFilter {
            template: template.map(str::to_owned),
            target: name.map(str::to_owned),
            namespace: namespace.map(str::to_owned),
        },
        reference: own("ref"),
        parameters: own("parameters"),
        promotion: promotion.unwrap_or_default(),
        disable: is_true(item, "disable"),
        delete: is_true(item, "delete"),
        has_selector: yaml.get(item, "namespaceSelector").is_some(),
    }
}

/// The files that targets of the saas files among `patterns` are written in.
pub fn target_files(tree: &Tree, patterns: &[FilePattern]) -> Vec<RepoPath> {
    let mut found = Vec::new();
    for (path, bytes) in &tree.0 {
        let is_saas = patterns.iter().any(|pattern| pattern.takes(path));
        let Ok(text) = std::str::from_utf8(bytes) else { continue };
        if !is_saas || !text.contains("$ref") {
            continue;
        }
        let Ok(yaml) = Yaml::parse(text) else { continue };
        let targets = templates(&yaml).into_iter().flat_map(|template| template.targets);
        let elsewhere = targets.filter_map(|target| target.elsewhere);
        found.extend(elsewhere.filter_map(|reference| RepoPath::parse_reference(&reference)));
    }
    found.sort();
    found.dedup();
    found
}

/// The scalar under a key of a mapping.
fn text<'y>(yaml: &'y Yaml, node: NodeId, key: &str) -> Option<&'y str> {
    yaml.get(node, key).and_then(|(value, _)| yaml.scalar(value))
}

/// The scalars of the list under a key of a mapping.
fn texts(yaml: &Yaml, node: NodeId, key: &str) -> Vec<String> {
    let items = yaml.get(node, key).map(|(list, _)| yaml.items(list)).unwrap_or_default();
    items.into_iter().filter_map(|item| yaml.scalar(item)).map(str::to_owned).collect()
}

/// `/services/x/namespaces/app-prod.yml` is called `app-prod`.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name)
}
