//! Makes components of a saas file, so that whatever is done with a configured component can be
//! done with any saas file.

use crate::model::component::{
    Component, ComponentImage, Environment, FilePattern, Form, Origin, PinSpec, Position,
    SaasFilter, Scope, Selector,
};
use crate::model::escape::is_obeyed;
use crate::model::image::Image;
use crate::model::upstream::Upstream;
use crate::saas::choice::Chosen;
use crate::saas::{SaasFile, stem};

/// How many digits a tag has where the template does not say.
const HASH_LENGTH: usize = 7;

/// A component for each upstream of the chosen targets, in their order; with an environment for
/// each of those that the targets run in.
///
/// Targets of templates without a `url` are left out: nobody knows their upstream.
pub fn components(file: &SaasFile, chosen: &[Chosen]) -> Vec<Component> {
    let mut components: Vec<Component> = Vec::new();
    for one in chosen {
        let Some(url) = &one.template.url else { continue };
        let known = components.iter().position(|other| other.upstream.is(url));
        let index = known.unwrap_or_else(|| {
            components.push(component(file, one, url));
            components.len() - 1
        });
        let path = one.template.path.iter().filter(|path| is_path(path));
        let new = path.filter(|path| !components[index].templates.contains(path)).cloned();
        let new: Vec<_> = new.collect();
        components[index].templates.extend(new);
        add(&mut components[index], file, one);
    }
    components
}

/// The component of a scope with every environment that its saas file has, and the places of those of
/// the scope, so that a name can tell a part of the file from the whole. An environment of which the
/// scope has some targets only stands beside its whole, and is called by them too. `all` are the
/// targets of the file.
pub fn whole(file: &SaasFile, all: &[Chosen], scope: &Scope) -> (Component, Vec<usize>) {
    let is_it = |one: &Component| one.upstream.is(scope.component.upstream.address());
    let whole = components(file, all).into_iter().find(is_it);
    let mut whole = whole.unwrap_or_else(|| scope.component.clone());
    let mut places = Vec::new();
    for part in scope.environments.iter().copied() {
        let found = whole.environments.iter().position(|one| one.name == part.name);
        let Some(place) = found else { continue };
        if whole.environments[place].pins == part.pins {
            places.push(place);
            continue;
        }
        let targets: Vec<String> = part.pins.iter().map(called).collect();
        let name = format!("{}@{}", part.name, targets.join("+"));
        places.push(whole.environments.len());
        whole.environments.push(Environment { name, ..part.clone() });
    }
    (whole, places)
}

/// The target of a pin, as short as it is told from others of its environment.
fn called(pin: &PinSpec) -> String {
    let filter = pin.selector.filter();
    let Some(SaasFilter { template, target, namespace, .. }) = filter else { return String::new() };
    let target = target.as_deref().or(namespace.as_deref().map(stem));
    let parts = template.as_deref().into_iter().chain(target);
    parts.collect::<Vec<_>>().join("/")
}

/// Whether it is a plain path in a repository, and not the whole of it.
fn is_path(path: &str) -> bool {
    !path.is_empty() && !path.contains(is_obeyed) && !path.split('/').any(|part| part == "..")
}

fn component(file: &SaasFile, one: &Chosen, url: &str) -> Component {
    let upstream = Upstream::new(url);
    let mut urls = file.templates.iter().filter_map(|template| template.url.as_deref());
    let is_only = urls.all(|other| upstream.is(other));
    let name = match &one.template.name {
        Some(template) if !is_only => format!("{}/{template}", file.name),
        _ => file.name.clone(),
    };
    let tag_length = one.template.hash_length.unwrap_or(HASH_LENGTH).clamp(HASH_LENGTH, 40);
    let image = match file.image_patterns.as_slice() {
        [pattern] if is_only => Image::parse(pattern),
        _ => None,
    };
    let image = image.map(|image| ComponentImage { name: image.to_string(), tag_length });
    Component {
        name,
        upstream,
        branch: None,
        images: image.into_iter().collect(),
        image_realm: None,
        tag_length,
        schema_paths: Vec::new(),
        schemas: None,
        templates: Vec::new(),
        environments: Vec::new(),
        at: Position::default(),
    }
}

/// Adds the pin of a target to its environment.
fn add(component: &mut Component, file: &SaasFile, one: &Chosen) {
    let pin = PinSpec {
        files: FilePattern::File(file.path.clone()),
        selector: Selector::Saas(SaasFilter { is_exact: true, ..one.target.filter.clone() }),
        form: Form::Commit,
        image: None,
        origin: Origin::CommandLine,
    };
    let name = one.environment();
    let known = component.environments.iter().position(|environment| environment.name == name);
    let index = known.unwrap_or_else(|| {
        let (aliases, pins) = (Vec::new(), Vec::new());
        component.environments.push(Environment { name, aliases, pins });
        component.environments.len() - 1
    });
    let pins = &mut component.environments[index].pins;
    if !pins.contains(&pin) {
        pins.push(pin);
    }
}

#[cfg(test)]
mod tests;
