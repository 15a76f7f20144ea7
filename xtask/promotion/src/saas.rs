//! Finds the targets of a saas file that run a component. Changes nothing.

use crate::model::component::{SaasFilter, same_upstream};
use crate::syntax::yaml::{NodeId, Via, Yaml};

/// The `ref` of one target.
pub struct Target {
    /// The value of `ref`.
    pub node: NodeId,
    /// How it was reached: what comes by an alias or a merge key is not the target's own.
    pub via: Via,
    /// Template and target, for people.
    pub label: String,
    /// What narrows a selector to it.
    pub filter: SaasFilter,
    /// Whether `promotion.auto: true` moves it.
    pub auto: bool,
    /// Whether it is about to be deleted.
    pub delete: bool,
}

/// The targets of the templates whose `url` is `upstream`, narrowed by `filter`.
pub fn targets(yaml: &Yaml, upstream: &str, filter: &SaasFilter) -> Vec<Target> {
    let mut found = Vec::new();
    for (template, via_template) in templates(yaml) {
        let text = |key| yaml.get(template, key).and_then(|(node, _)| yaml.scalar(node));
        let is_upstream = text("url").is_some_and(|url| same_upstream(url, upstream));
        if !is_upstream || !passes(filter.template.as_deref(), text("name")) {
            continue;
        }
        let Some((list, via_list)) = yaml.get(template, "targets") else { continue };
        let name = text("name");
        let via = via_template.or(via_list).or(yaml.reached(list));
        found.extend(
            yaml.items(list).into_iter().filter_map(|item| target(yaml, item, via, name, filter)),
        );
    }
    found
}

/// The `url` of every template.
pub fn urls<'y>(yaml: &'y Yaml) -> impl Iterator<Item = &'y str> {
    let url = |(template, _)| yaml.get(template, "url").and_then(|(node, _)| yaml.scalar(node));
    templates(yaml).into_iter().filter_map(url)
}

fn templates(yaml: &Yaml) -> Vec<(NodeId, Via)> {
    let mut found = Vec::new();
    for &root in yaml.roots() {
        if let Some((list, via)) = yaml.get(root, "resourceTemplates") {
            let via = via.or(yaml.reached(list));
            found.extend(yaml.items(list).into_iter().map(|item| (item, via)));
        }
    }
    found
}

fn target(
    yaml: &Yaml,
    item: NodeId,
    via: Via,
    template: Option<&str>,
    filter: &SaasFilter,
) -> Option<Target> {
    let value = |node, key| yaml.get(node, key).map(|(value, _)| value);
    let text = |node, key| value(node, key).and_then(|value| yaml.scalar(value));
    let name = text(item, "name");
    let namespace = value(item, "namespace").and_then(|node| text(node, "$ref"));
    if !passes(filter.target.as_deref(), name) || !passes(filter.namespace.as_deref(), namespace) {
        return None;
    }
    let (node, via_ref) = yaml.get(item, "ref")?;
    let is_true = |node, key| value(node, key).is_some_and(|value| yaml.is_true(value));
    Some(Target {
        node,
        via: via.or(via_ref).or(yaml.reached(node)),
        label: format!(
            "{}/{}",
            template.unwrap_or("(no name)"),
            name.or(namespace.map(stem)).unwrap_or("(no name)")
        ),
        filter: SaasFilter {
            template: template.map(str::to_owned),
            target: name.map(str::to_owned),
            namespace: namespace.map(str::to_owned),
        },
        auto: value(item, "promotion").is_some_and(|promotion| is_true(promotion, "auto")),
        delete: is_true(item, "delete"),
    })
}

fn passes(wanted: Option<&str>, found: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| found == Some(wanted))
}

/// `/services/x/namespaces/app-prod.yml` is called `app-prod`.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name)
}
