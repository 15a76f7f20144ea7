//! Finds the refs of the saas targets that run an upstream, and parameters of a saas file: in the
//! file itself, and in the files that its targets refer to.

use super::{Located, Role, Stay, candidate, moves};
use crate::model::component::{Origin, PinSpec, SaasFilter, Selector};
use crate::model::path::RepoPath;
use crate::model::tree::{Tree, refuse_pointer};
use crate::model::upstream::Upstream;
use crate::saas::{Target, Template, target_file, templates};
use crate::syntax::text_of;
use crate::syntax::yaml::{self, NodeId, Via, Yaml};

/// What a selector finds in a saas file. With a `tree`, also in the files that its targets refer
/// to: one that is missing, or can't be read, gives a target that is unfit.
pub(super) fn in_file(
    yaml: &Yaml,
    spec: &PinSpec,
    upstream: &Upstream,
    tree: Option<&Tree>,
) -> Vec<Located> {
    let Some(sought) = SaasSearch::of(spec, upstream) else { return Vec::new() };
    let templates = templates(yaml);
    let mut found = Vec::new();
    if !templates.is_empty() {
        found.extend(sought.of_file(yaml));
    }
    for template in templates.into_iter().filter(|template| sought.is_in(template)) {
        found.extend(sought.of_template(yaml, &template));
        for target in template.targets {
            found.extend(match (&target.elsewhere, tree) {
                (Some((reference, line)), Some(tree)) => {
                    sought.elsewhere(reference, *line, template.name.as_deref(), tree)
                }
                _ if sought.filter.takes(&target.filter) => sought.of_target(yaml, target),
                _ => None,
            });
        }
    }
    found
}

/// What is looked for: the `ref` of targets, or a parameter.
struct SaasSearch<'a> {
    spec: &'a PinSpec,
    filter: &'a SaasFilter,
    upstream: &'a Upstream,
    parameter: Option<&'a str>,
}

impl<'a> SaasSearch<'a> {
    /// `None` if the selector is for other files.
    fn of(spec: &'a PinSpec, upstream: &'a Upstream) -> Option<Self> {
        let (filter, parameter) = match &spec.selector {
            Selector::Saas(filter) => (filter, None),
            Selector::Parameter(name, filter) => (filter, Some(name.as_str())),
            _ => return None,
        };
        Some(SaasSearch { spec, filter, upstream, parameter })
    }

    /// A parameter may belong to any template, whatever upstream is deployed by it.
    fn is_in(&self, template: &Template) -> bool {
        let is_upstream = |url: &String| self.upstream.is(url);
        self.parameter.is_some() || template.url.as_ref().is_some_and(is_upstream)
    }

    /// The parameter of all templates.
    fn of_file(&self, yaml: &Yaml) -> Option<Located> {
        let parameters = yaml.roots().iter().find_map(|&root| yaml.get(root, "parameters"));
        let own = SaasFilter::default();
        let (node, via) = self.parameter(yaml, parameters).filter(|_| self.filter.takes(&own))?;
        let found = candidate(yaml, self.spec, node, via);
        Some(Located { filter: Some(own), ..found })
    }

    /// The parameter of all targets of a template.
    fn of_template(&self, yaml: &Yaml, template: &Template) -> Option<Located> {
        let own = SaasFilter { template: template.name.clone(), ..SaasFilter::default() };
        let parameter = self.parameter(yaml, template.parameters);
        let (node, via) = parameter.filter(|_| self.filter.takes(&own))?;
        let found = candidate(yaml, self.spec, node, via);
        Some(Located { target: template.name.clone(), filter: Some(own), ..found })
    }

    fn of_target(&self, yaml: &Yaml, target: Target) -> Option<Located> {
        let (node, via) = match self.parameter {
            None => target.reference?,
            Some(_) => self.parameter(yaml, target.parameters)?,
        };
        let mut found = candidate(yaml, self.spec, node, via);
        let is_pin = yaml.scalar(node).is_some_and(|value| moves(self.spec, value));
        // Configuration may say that a disabled target is promoted; a person's choice of places
        // doesn't.
        let is_disabled = target.disable && self.spec.origin == Origin::CommandLine;
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

    /// The value of the parameter in a mapping of parameters, and how it was reached.
    fn parameter(&self, yaml: &Yaml, parameters: Option<(NodeId, Via)>) -> Option<(NodeId, Via)> {
        let (parameters, via) = parameters?;
        let (node, via_key) = yaml.get(parameters, self.parameter?)?;
        Some((node, via.or(yaml.reached(parameters)).or(via_key).or(yaml.reached(node))))
    }

    /// The target of a template in the file that `reference` names, which stands in line `line`.
    fn elsewhere(
        &self,
        reference: &str,
        line: usize,
        template: Option<&str>,
        tree: &Tree,
    ) -> Option<Located> {
        let filter = self.filter;
        if filter.template.is_some() && filter.template.as_deref() != template {
            return None;
        }
        // A rule for one target knows nothing of the others.
        let unfit = |role| {
            let value = reference.to_owned();
            (!filter.is_exact).then(|| Located { value, ..Located::new(line, role) })
        };
        let Some(path) = RepoPath::parse_reference(reference) else {
            return unfit(Role::Unfit("is no path inside of `data/`"));
        };
        let Some(bytes) = tree.get(&path) else {
            return unfit(Role::Unfit("refers to a file that is not there"));
        };
        let read = || text_of(bytes).and_then(yaml::parse).map_err(|why| why.file(path.as_str()));
        let yaml = match refuse_pointer(path.as_str(), bytes).and_then(|()| read()) {
            Ok(yaml) => yaml,
            Err(problem) => return unfit(Role::Unreadable(problem)),
        };
        let target = target_file(&yaml, template).filter(|target| filter.takes(&target.filter))?;
        Some(Located { file: Some(path), ..self.of_target(&yaml, target)? })
    }
}
