//! Reads the components, their environments, and the pins of those.

use super::reader::{Table, Text, listed};
use super::rules;
use crate::component::{
    Component, Environment, Form, PinSpec, Place, Position, SaasFilter, Selector,
};
use crate::error::Refusal;

const TAG_LENGTH: usize = 7;
const SELECTORS: [&str; 5] = ["variable", "key", "saas", "path", "image"];

/// Reads every `[component.NAME]`.
pub(super) fn components(root: &Table) -> Result<Vec<Component>, Refusal> {
    let tables = root.named("component")?;
    let names: Vec<&str> = tables.iter().map(|(name, _)| name.value).collect();
    tables.iter().map(|(name, table)| component(name, table, &names)).collect()
}

fn component(name: &Text, table: &Table, names: &[&str]) -> Result<Component, Refusal> {
    table.knows(&[
        "upstream",
        "branch",
        "image",
        "tag-length",
        "schema-paths",
        "schemas",
        "environment",
    ])?;
    let upstream = table.text("upstream", rules::name)?;
    Ok(Component {
        name: rules::name(name)?,
        upstream: upstream.ok_or_else(|| {
            table
                .refuse("has no `upstream`")
                .help("add the address of its git repository, as `upstream = \"https://…\"`")
        })?,
        branch: table.text("branch", rules::branch)?,
        image: table.text("image", rules::image)?,
        tag_length: tag_length(table)?,
        schema_paths: table.texts("schema-paths", rules::upstream_path)?,
        schemas: table.text("schemas", |schemas| other_component(schemas, name, names))?,
        environments: environments(table)?,
        at: name.at(),
    })
}

fn tag_length(table: &Table) -> Result<usize, Refusal> {
    let Some(length) = table.integer("tag-length")? else { return Ok(TAG_LENGTH) };
    usize::try_from(length).ok().filter(|length| (7..=40).contains(length)).ok_or_else(|| {
        table.refuse_value("tag-length", &format!("is {length}, expected a number from 7 to 40"))
    })
}

fn other_component(schemas: &Text, own: &Text, names: &[&str]) -> Result<String, Refusal> {
    let others = || names.iter().copied().filter(|name| *name != own.value);
    if others().any(|name| name == schemas.value) {
        return Ok(schemas.value.to_owned());
    }
    let refusal = schemas.unlike("the name of another component");
    Err(match others().next() {
        Some(_) => refusal.help(format!("other components: {}", listed(others()))),
        None => refusal,
    })
}

fn environments(component: &Table) -> Result<Vec<Environment>, Refusal> {
    let mut taken = Vec::new();
    let read = |(name, table): (Text, Table)| {
        table.knows(&["aliases", "pins"])?;
        Ok(Environment {
            name: new_name(&name, &mut taken)?,
            aliases: table.texts("aliases", |alias| new_name(alias, &mut taken))?,
            pins: pins(&table)?,
        })
    };
    component.named("environment")?.into_iter().map(read).collect()
}

/// Takes the name or the alias of an environment, which no other of the component has.
fn new_name(text: &Text, taken: &mut Vec<(String, Position)>) -> Result<String, Refusal> {
    let new = rules::name(text)?;
    if let Some((_, first)) = taken.iter().find(|(name, _)| *name == new) {
        let message = format!("is `{new}`, which line {} has taken already", first.line);
        return Err(text
            .refuse(&message)
            .help("give it a name that no environment of the component has"));
    }
    taken.push((new.clone(), text.at()));
    Ok(new)
}

fn pins(environment: &Table) -> Result<Vec<PinSpec>, Refusal> {
    const HELP: &str = "add one, such as `pins = [{ file = \"saas.yaml\", saas = true }]`";
    if !environment.has("pins") {
        return Err(environment.refuse("has no `pins`").help(HELP));
    }
    let tables = environment.tables("pins", "the pin")?;
    if tables.is_empty() {
        return Err(environment.refuse_value("pins", "is empty").help(HELP));
    }
    tables.iter().map(pin).collect()
}

fn pin(table: &Table) -> Result<PinSpec, Refusal> {
    table.knows(&[
        "file",
        "files",
        "variable",
        "key",
        "saas",
        "path",
        "image",
        "template",
        "target",
        "namespace",
        "value",
    ])?;
    let place = place(table)?;
    let selector = selector(table)?;
    let usual = if matches!(selector, Selector::Saas(_)) { Form::Commit } else { Form::Tag };
    let form = table.text("value", rules::form)?.unwrap_or(usual);
    Ok(PinSpec { place, selector, form, at: table.at() })
}

fn place(table: &Table) -> Result<Place, Refusal> {
    match only(table, &["file", "files"])? {
        "file" => read(table, "file", |text| rules::file(text).map(Place::File)),
        _ => read(table, "files", |text| rules::glob(text).map(Place::Glob)),
    }
}

fn selector(table: &Table) -> Result<Selector, Refusal> {
    let kind = only(table, &SELECTORS)?;
    if kind == "saas" {
        return saas(table).map(Selector::Saas);
    }
    for narrowing in ["template", "target", "namespace"] {
        if table.has(narrowing) {
            let message = format!("narrows `saas`, but the pin has `{kind}`");
            return Err(table.refuse_value(narrowing, &message));
        }
    }
    match kind {
        "variable" => read(table, kind, |text| rules::variable(text).map(Selector::Variable)),
        "key" => read(table, kind, |text| rules::any(text).map(Selector::Key)),
        "path" => read(table, kind, |text| rules::path(text).map(Selector::Path)),
        _ => read(table, kind, |text| rules::image(text).map(Selector::Image)),
    }
}

fn saas(table: &Table) -> Result<SaasFilter, Refusal> {
    if table.boolean("saas")? != Some(true) {
        let refusal = table.refuse_value("saas", "is `false`, expected `true`");
        return Err(refusal.help("remove the pin, or choose another selector"));
    }
    Ok(SaasFilter {
        template: table.text("template", rules::any)?,
        target: table.text("target", rules::any)?,
        namespace: table.text("namespace", rules::any)?,
    })
}

/// The one key of `keys` that the pin has; refuses none, and more than one.
fn only<'k>(table: &Table, keys: &[&'k str]) -> Result<&'k str, Refusal> {
    let found: Vec<&str> = keys.iter().copied().filter(|key| table.has(key)).collect();
    match found.as_slice() {
        [key] => Ok(key),
        [] => Err(table.refuse(&format!("has none of {}", listed(keys.iter().copied())))),
        several => {
            let several = listed(several.iter().copied());
            Err(table
                .refuse(&format!("has {several}, expected exactly one of them"))
                .help("write a pin for each"))
        }
    }
}

/// The string under a key that the pin is known to have.
fn read<T>(
    table: &Table,
    key: &str,
    rule: impl FnOnce(&Text) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    Ok(table.text(key, rule)?.expect("the key was found before"))
}
