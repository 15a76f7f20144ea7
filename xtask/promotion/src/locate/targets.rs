//! Finds the refs of the saas targets that run an upstream: in the saas file itself, and in the
//! files that its targets refer to.

use super::{Located, Role, Stay, candidate, moves};
use crate::model::component::{Origin, PinSpec, SaasFilter};
use crate::model::path::RepoPath;
use crate::model::tree::Tree;
use crate::model::upstream::Upstream;
use crate::saas::{Target, target_file, templates};
use crate::syntax::yaml::Yaml;

/// The targets of the templates whose `url` is `upstream`, as far as they stand in the file.
pub(super) fn in_file(
    yaml: &Yaml,
    spec: &PinSpec,
    upstream: &Upstream,
    filter: &SaasFilter,
) -> Vec<Located> {
    let targets = of_upstream(yaml, upstream).filter(|target| filter.takes(&target.filter));
    targets.filter_map(|target| located(yaml, spec, target)).collect()
}

/// The same with the targets in files of their own. A file that is missing, or can't be read, gives
/// a target that is unfit.
pub(super) fn in_tree(
    yaml: &Yaml,
    spec: &PinSpec,
    upstream: &Upstream,
    filter: &SaasFilter,
    tree: &Tree,
) -> Vec<Located> {
    let mut found = Vec::new();
    for target in of_upstream(yaml, upstream) {
        match &target.elsewhere {
            Some(reference) => {
                let reference = (reference.as_str(), yaml.line(target.node));
                let template = target.filter.template.as_deref();
                found.extend(elsewhere(reference, spec, template, filter, tree));
            }
            None if filter.takes(&target.filter) => found.extend(located(yaml, spec, target)),
            None => {}
        }
    }
    found
}

fn of_upstream(yaml: &Yaml, upstream: &Upstream) -> impl Iterator<Item = Target> {
    let is_upstream = |url: &String| upstream.is(url);
    let templates = templates(yaml).into_iter();
    let templates =
        templates.filter(move |template| template.url.as_ref().is_some_and(is_upstream));
    templates.flat_map(|template| template.targets)
}

fn located(yaml: &Yaml, spec: &PinSpec, target: Target) -> Option<Located> {
    let (node, via) = target.reference?;
    let mut found = candidate(yaml, spec, node, via);
    let is_pin = yaml.scalar(node).is_some_and(|value| moves(spec, value));
    // Configuration may say that a disabled target is promoted; a person's choice of places doesn't.
    let is_disabled = target.disable && spec.origin == Origin::CommandLine;
    let stays = [
        (target.delete, Stay::Delete),
        (target.promotion.auto, Stay::Auto),
        (is_disabled, Stay::Disabled),
    ];
    if let Some((_, stay)) = stays.into_iter().find(|(holds, _)| is_pin && *holds) {
        found.role = Role::Stays(stay);
    }
    Some(Located { target: Some(target.label), filter: Some(target.filter), ..found })
}

/// The target of a template in the file that `reference` names, which stands in line `line`.
fn elsewhere(
    (reference, line): (&str, usize),
    spec: &PinSpec,
    template: Option<&str>,
    filter: &SaasFilter,
    tree: &Tree,
) -> Option<Located> {
    if filter.template.is_some() && filter.template.as_deref() != template {
        return None;
    }
    let unfit = |file, line, reason| Located {
        file,
        line,
        value: reference.to_owned(),
        target: None,
        filter: None,
        role: Role::Unfit(reason),
    };
    // A rule for one target knows nothing of the others.
    let unfit = |file, line, reason| (!filter.is_exact).then(|| unfit(file, line, reason));
    let Some(path) = RepoPath::parse_reference(reference) else {
        return unfit(None, line, "is no path inside of `data/`");
    };
    let Some(bytes) = tree.get(&path) else {
        return unfit(None, line, "refers to a file that is not there");
    };
    let yaml = std::str::from_utf8(bytes).ok().and_then(|text| Yaml::parse(text).ok());
    let Some(yaml) = yaml else {
        return unfit(Some(path), 1, "can't be read as YAML");
    };
    let target = target_file(&yaml, template).filter(|target| filter.takes(&target.filter))?;
    Some(Located { file: Some(path), ..located(&yaml, spec, target)? })
}
