//! Reads the `[component.…]` tables: components, environments and pins.

use super::reader::{Text, TomlTable};
use super::rules;
use crate::model::component::{
    Component, Environment, FilePattern, Form, PinSpec, Position, SaasFilter, Selector,
};
use crate::model::problem::Problem;
use crate::model::similar::{all_listed, listed};
use crate::model::upstream::Upstream;

const TAG_LENGTH: usize = 7;
const SELECTORS: [&str; 5] = ["variable", "key", "saas", "path", "image"];

/// Reads every `[component.NAME]`.
pub(super) fn components(root: &TomlTable) -> Result<Vec<Component>, Problem> {
    let tables = root.named("component")?;
    let names: Vec<&str> = tables.iter().map(|(name, _)| name.value).collect();
    tables.iter().map(|(name, table)| component(name, table, &names)).collect()
}

fn component(name: &Text, table: &TomlTable, names: &[&str]) -> Result<Component, Problem> {
    table.knows(&[
        "upstream",
        "branch",
        "image",
        "image-realm",
        "tag-length",
        "schema-paths",
        "schemas",
        "environment",
    ])?;
    let upstream =
        table.text("upstream", |text| rules::name(text).map(|name| Upstream::new(&name)))?;
    Ok(Component {
        name: rules::name(name)?,
        upstream: upstream.ok_or_else(|| {
            table
                .refuse("has no `upstream`")
                .help("add the address of its git repository, as `upstream = \"https://…\"`")
        })?,
        branch: table.text("branch", rules::branch)?,
        image: table.text("image", rules::image)?,
        image_realm: table.text("image-realm", rules::host)?,
        tag_length: tag_length(table)?,
        schema_paths: table.texts("schema-paths", rules::upstream_path)?,
        schemas: table.text("schemas", |schemas| other_component(schemas, name, names))?,
        environments: environments(table)?,
        at: name.at(),
    })
}

fn tag_length(table: &TomlTable) -> Result<usize, Problem> {
    let Some(length) = table.integer("tag-length")? else { return Ok(TAG_LENGTH) };
    usize::try_from(length).ok().filter(|length| (7..=40).contains(length)).ok_or_else(|| {
        table.refuse_value("tag-length", &format!("is {length}, expected a number from 7 to 40"))
    })
}

fn other_component(schemas: &Text, own: &Text, names: &[&str]) -> Result<String, Problem> {
    let others = || names.iter().copied().filter(|name| *name != own.value);
    if others().any(|name| name == schemas.value) {
        return Ok(schemas.value.to_owned());
    }
    let problem = schemas.unlike("the name of another component");
    Err(match others().next() {
        Some(_) => problem.help(format!("other components: {}", listed(others()))),
        None => problem,
    })
}

fn environments(component: &TomlTable) -> Result<Vec<Environment>, Problem> {
    let mut taken = Vec::new();
    let read = |(name, table): (Text, TomlTable)| {
        table.knows(&["aliases", "pins"])?;
        Ok(Environment {
            name: new_name(&name, &mut taken)?,
            aliases: table.texts("aliases", |alias| new_name(alias, &mut taken))?,
            pins: pins(&table)?,
        })
    };
    component.named("environment")?.into_iter().map(read).collect()
}

/// Reads the name or an alias of an environment; refuses one that the component has already.
fn new_name(text: &Text, taken: &mut Vec<(String, Position)>) -> Result<String, Problem> {
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

fn pins(environment: &TomlTable) -> Result<Vec<PinSpec>, Problem> {
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

fn pin(table: &TomlTable) -> Result<PinSpec, Problem> {
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
    Ok(PinSpec { place, selector, form, origin: table.origin() })
}

fn place(table: &TomlTable) -> Result<FilePattern, Problem> {
    match only(table, &["file", "files"])? {
        "file" => read(table, "file", |text| rules::file(text).map(FilePattern::File)),
        _ => read(table, "files", |text| rules::glob(text).map(FilePattern::Glob)),
    }
}

fn selector(table: &TomlTable) -> Result<Selector, Problem> {
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

fn saas(table: &TomlTable) -> Result<SaasFilter, Problem> {
    if table.boolean("saas")? != Some(true) {
        let problem = table.refuse_value("saas", "is `false`, expected `true`");
        return Err(problem.help("remove the pin, or choose another selector"));
    }
    Ok(SaasFilter {
        template: table.text("template", rules::any)?,
        target: table.text("target", rules::any)?,
        namespace: table.text("namespace", rules::any)?,
        is_exact: false,
    })
}

/// The one of `keys` that the pin has; refuses a pin with none or several of them.
fn only<'k>(table: &TomlTable, keys: &[&'k str]) -> Result<&'k str, Problem> {
    let found: Vec<&str> = keys.iter().copied().filter(|key| table.has(key)).collect();
    match found.as_slice() {
        [key] => Ok(key),
        [] => Err(table.refuse(&format!("has none of {}", all_listed(keys.iter().copied())))),
        several => {
            let several = all_listed(several.iter().copied());
            Err(table
                .refuse(&format!("has {several}, expected exactly one of them"))
                .help("write a pin for each"))
        }
    }
}

/// Reads the string of a key that the pin is known to have.
fn read<T>(
    table: &TomlTable,
    key: &str,
    rule: impl FnOnce(&Text) -> Result<T, Problem>,
) -> Result<T, Problem> {
    Ok(table.text(key, rule)?.expect("the key was found before"))
}
