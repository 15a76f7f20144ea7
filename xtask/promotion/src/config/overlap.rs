//! Refuses two pins that find the same value.

use super::reader::Source;
use crate::model::component::{Component, Environment, FilePattern, PinSpec, SaasFilter, Selector};
use crate::model::problem::Problem;

struct Owned<'a> {
    component: &'a Component,
    environment: &'a Environment,
    pin: &'a PinSpec,
}

/// Refuses the first pin that finds the same values as an earlier one, of any component.
///
/// Doesn't compare pins with different kinds of selectors, or two different globs: whether they
/// find the same value depends on the files, so the plan decides.
pub(super) fn check(source: &Source, components: &[Component]) -> Result<(), Problem> {
    let mut pins: Vec<Owned> = components.iter().flat_map(owned_pins).collect();
    pins.sort_by_key(|owned| owned.pin.origin.at());
    for (index, second) in pins.iter().enumerate() {
        let shared = |first| shared_place(first, second).map(|place| (first, place));
        if let Some((first, place)) = pins[..index].iter().find_map(shared) {
            return Err(refuse(source, first, second, place));
        }
    }
    Ok(())
}

fn owned_pins(component: &Component) -> impl Iterator<Item = Owned<'_>> {
    component.environments.iter().flat_map(move |environment| {
        environment.pins.iter().map(move |pin| Owned { component, environment, pin })
    })
}

fn refuse(source: &Source, first: &Owned, second: &Owned, place: &str) -> Problem {
    let message = format!(
        "{} in `{place}` is pinned already, by environment `{}` of component `{}` \
         (line {}, column {})",
        second.pin.selector,
        first.environment.name,
        first.component.name,
        first.pin.origin.at().line,
        first.pin.origin.at().column,
    );
    let help = match second.pin.selector {
        Selector::Saas(_) | Selector::Parameter(..) => {
            "remove one of the two pins, or narrow both by `template`, `target` or `namespace`"
        }
        _ => "remove one of the two pins",
    };
    source.refuse(second.pin.origin.at(), message).help(help)
}

/// The file or the glob in which both pins find the same value.
fn shared_place<'a>(first: &Owned<'a>, second: &Owned<'a>) -> Option<&'a str> {
    if !same_selector(first, second) {
        return None;
    }
    match (&first.pin.files, &second.pin.files) {
        (FilePattern::File(one), FilePattern::File(other)) => {
            (one == other).then_some(one.as_str())
        }
        (FilePattern::Glob(one), FilePattern::Glob(other)) => (one == other).then_some(one),
        (FilePattern::File(file), FilePattern::Glob(glob))
        | (FilePattern::Glob(glob), FilePattern::File(file)) => {
            fast_glob::glob_match(glob, file.as_str()).then_some(file.as_str())
        }
    }
}

fn same_selector(first: &Owned, second: &Owned) -> bool {
    match (&first.pin.selector, &second.pin.selector) {
        (Selector::Saas(one), Selector::Saas(other)) => {
            first.component.upstream == second.component.upstream && overlap(one, other)
        }
        (Selector::Parameter(name, one), Selector::Parameter(other_name, other)) => {
            name == other_name && overlap(one, other)
        }
        (Selector::Path(one), Selector::Path(other)) => one.steps == other.steps,
        (one, other) => one == other,
    }
}

/// Whether one of the two takes every target that the other takes.
fn overlap(one: &SaasFilter, other: &SaasFilter) -> bool {
    one.takes(other) || other.takes(one)
}
