#![allow(clippy::unwrap_used)]

use super::{Config, Forge, Repository};
use crate::model::component::{
    Component, ComponentImage, Environment, FilePattern, Form, KeyPath, Origin, PathStep, PinSpec,
    Position, SaasFilter, Selector,
};
use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::model::upstream::Upstream;

mod read;
mod refused_keys;
mod refused_pins;

const FILE: &str = "promote.toml";

#[track_caller]
fn check(text: &str, expected: &str) {
    let outcome = Config::parse(FILE, text).err();
    assert_eq!(outcome.map_or("accepted".to_owned(), |r| rendered(&r)), expected, "\n{text}");
}

fn rendered(problem: &Problem) -> String {
    match &problem.help {
        Some(help) => format!("{problem}\nhelp: {help}"),
        None => problem.to_string(),
    }
}

/// The text of a component with these keys, the first of them on line 2.
fn component(keys: &str) -> String {
    format!("[component.a]\n{keys}\n")
}

/// The text of a component with one environment, its first pin on line 5.
fn pins(pins: &str) -> String {
    component(&format!("upstream = 'u'\n[component.a.environment.e]\npins = [\n{pins}\n]"))
}
