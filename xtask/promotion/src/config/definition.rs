//! Reads the `[component.…]` tables: components, environments and pins.

use super::reader::{Text, TomlTable};
use super::rules;
use crate::model::component::{
    Component, ComponentImage, Environment, FilePattern, Form, PinSpec, Position, SaasFilter,
    Selector,
};
use crate::model::problem::Problem;
use crate::model::similar::{all_listed, listed};
use crate::model::upstream::Upstream;

const TAG_LENGTH: usize = 7;
const SELECTORS: [&str; 6] = ["variable", "key", "saas", "parameter", "path", "image"];

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
        "images",
        "tag-length",
        "schema-paths",
        "schemas",
        "environment",
    ])?;
    let upstream =
        table.text("upstream", |text| rules::name(text).map(|name| Upstream::new(&name)))?;
    let tag_length = tag_length(table)?;
    let images = images(table, tag_length)?;
    Ok(Component {
        name: rules::typed_name(name)?,
        upstream: upstream.ok_or_else(|| {
            table
                .refuse("has no `upstream`")
                .help("add the address of its git repository, as `upstream = \"https://…\"`")
        })?,
        branch: table.text("branch", rules::branch)?,
        image_realm: table.text("image-realm", rules::host)?,
        tag_length,
        schema_paths: table.texts("schema-paths", rules::upstream_path)?,
        schemas: table.text("schemas", |schemas| other_component(schemas, name, names))?,
        templates: Vec::new(),
        environments: environments(table, &Images { all: &images, tag_length })?,
        images,
        at: name.at(),
    })
}

fn tag_length(table: &TomlTable) -> Result<usize, Problem> {
    let Some(length) = table.integer("tag-length")? else { return Ok(TAG_LENGTH) };
    usize::try_from(length).ok().filter(|length| (7..=40).contains(length)).ok_or_else(|| {
        table.refuse_value("tag-length", &format!("is {length}, expected a number from 7 to 40"))
    })
}

/// The images of a component, for the pins of its environments.
struct Images<'a> {
    all: &'a [ComponentImage],
    tag_length: usize,
}

/// Reads `images`, or `image`, which is the short form of one image with short tags.
fn images(table: &TomlTable, tag_length: usize) -> Result<Vec<ComponentImage>, Problem> {
    let image = table.text("image", rules::image)?.map(|name| ComponentImage { name, tag_length });
    if image.is_some() && table.has("images") {
        let help = "move `image` into the list, as `{ name = \"…\" }`";
        return Err(table.refuse("has `image` and `images`, expected one of them").help(help));
    }
    let mut all: Vec<ComponentImage> = image.into_iter().collect();
    for table in table.tables("images", "the image")? {
        table.knows(&["name", "tag"])?;
        let name =
            table.text("name", rules::image)?.ok_or_else(|| table.refuse("has no `name`"))?;
        let length = table.text("tag", |tag| rules::image_tag(tag, tag_length))?;
        let image = ComponentImage { name, tag_length: length.unwrap_or(tag_length) };
        if all.contains(&image) {
            return Err(table.refuse(&format!("`{}` is in the list already", image.name)));
        }
        all.push(image);
    }
    Ok(all)
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

fn environments(component: &TomlTable, images: &Images) -> Result<Vec<Environment>, Problem> {
    let mut taken = Vec::new();
    let read = |(name, table): (Text, TomlTable)| {
        table.knows(&["aliases", "pins"])?;
        Ok(Environment {
            name: new_name(&name, &mut taken)?,
            aliases: table.texts("aliases", |alias| new_name(alias, &mut taken))?,
            pins: pins(&table, images)?,
        })
    };
    component.named("environment")?.into_iter().map(read).collect()
}

/// Reads the name or an alias of an environment; refuses one that the component has already.
fn new_name(text: &Text, taken: &mut Vec<(String, Position)>) -> Result<String, Problem> {
    let new = rules::typed_name(text)?;
    if let Some((_, first)) = taken.iter().find(|(name, _)| *name == new) {
        let message = format!("is `{new}`, which line {} has taken already", first.line);
        return Err(text
            .refuse(&message)
            .help("give it a name that no environment of the component has"));
    }
    taken.push((new.clone(), text.at()));
    Ok(new)
}

fn pins(environment: &TomlTable, images: &Images) -> Result<Vec<PinSpec>, Problem> {
    const HELP: &str = "add one, such as `pins = [{ file = \"saas.yaml\", saas = true }]`";
    if !environment.has("pins") {
        return Err(environment.refuse("has no `pins`").help(HELP));
    }
    let tables = environment.tables("pins", "the pin")?;
    if tables.is_empty() {
        return Err(environment.refuse_value("pins", "is empty").help(HELP));
    }
    tables.iter().map(|table| pin(table, images)).collect()
}

fn pin(table: &TomlTable, images: &Images) -> Result<PinSpec, Problem> {
    table.knows(&[
        "file",
        "files",
        "variable",
        "key",
        "saas",
        "parameter",
        "path",
        "image",
        "template",
        "target",
        "namespace",
        "value",
        "image-tag",
    ])?;
    let files = files(table)?;
    let form = table.text("value", rules::form)?;
    let selector = selector(table, form)?;
    let form = form.unwrap_or_else(|| match &selector {
        Selector::Saas(_) => Form::Commit,
        Selector::Image(name) if images.tag_length_of(name) == Some(40) => Form::Commit,
        _ => Form::Tag,
    });
    let image = digest_image(table, &selector, form, images)?;
    Ok(PinSpec { files, selector, form, image, origin: table.origin() })
}

impl Images<'_> {
    fn tag_length_of(&self, name: &str) -> Option<usize> {
        self.all.iter().find(|image| image.name == name).map(|image| image.tag_length)
    }
}

/// The image whose digest a pin holds, or may hold behind a tag.
fn digest_image(
    table: &TomlTable,
    selector: &Selector,
    form: Form,
    images: &Images,
) -> Result<Option<ComponentImage>, Problem> {
    let tag_length = table.text("image-tag", |tag| rules::image_tag(tag, images.tag_length))?;
    if form != Form::Digest && tag_length.is_some() {
        let message = "is for pins with `value = \"digest\"`, which this is not";
        return Err(table.refuse_value("image-tag", message));
    }
    let is_image = matches!(selector, Selector::Image(_));
    if form != Form::Digest && !is_image {
        return Ok(None);
    }
    let name = match (table.text("image", rules::image)?, images.all) {
        (Some(name), _) => name,
        (None, [image]) => image.name.clone(),
        (None, all) => {
            let has = if all.is_empty() { "has no image" } else { "has several images" };
            let message =
                format!("is `digest`, and the component {has}: expected `image` beside it");
            let problem = table.refuse_value("value", &message);
            return Err(problem.help("add the image, as in `image = \"quay.io/org/name\"`"));
        }
    };
    let whole = (form == Form::Commit).then_some(40);
    let own = images.tag_length_of(&name).filter(|_| form == Form::Digest);
    let tag_length = tag_length.or(whole).or(own).unwrap_or(images.tag_length);
    Ok(Some(ComponentImage { name, tag_length }))
}

fn files(table: &TomlTable) -> Result<FilePattern, Problem> {
    match only(table, &["file", "files"])? {
        "file" => read(table, "file", |text| rules::file(text).map(FilePattern::File)),
        _ => read(table, "files", |text| rules::glob(text).map(FilePattern::Glob)),
    }
}

fn selector(table: &TomlTable, form: Option<Form>) -> Result<Selector, Problem> {
    // Beside another selector, `image` says whose digest is written.
    let others = &SELECTORS[..SELECTORS.len() - 1];
    let is_beside = form == Some(Form::Digest) && others.iter().any(|other| table.has(other));
    let kind = only(table, if is_beside { others } else { &SELECTORS })?;
    if !matches!(kind, "saas" | "parameter") {
        refuse_narrowing(table, kind)?;
    }
    match kind {
        "saas" => saas(table).map(Selector::Saas),
        "parameter" => {
            let name = read(table, kind, rules::any)?;
            Ok(Selector::Parameter(name, filter(table)?))
        }
        "variable" => read(table, kind, |text| rules::variable(text).map(Selector::Variable)),
        "key" => read(table, kind, |text| rules::any(text).map(Selector::Key)),
        "path" => read(table, kind, |text| rules::path(text).map(Selector::Path)),
        _ => read(table, kind, |text| rules::image(text).map(Selector::Image)),
    }
}

fn refuse_narrowing(table: &TomlTable, kind: &str) -> Result<(), Problem> {
    for narrowing in ["template", "target", "namespace"] {
        if table.has(narrowing) {
            let message = format!("narrows `saas` and `parameter`, but the pin has `{kind}`");
            return Err(table.refuse_value(narrowing, &message));
        }
    }
    Ok(())
}

fn saas(table: &TomlTable) -> Result<SaasFilter, Problem> {
    if table.boolean("saas")? != Some(true) {
        let problem = table.refuse_value("saas", "is `false`, expected `true`");
        return Err(problem.help("remove the pin, or choose another selector"));
    }
    filter(table)
}

fn filter(table: &TomlTable) -> Result<SaasFilter, Problem> {
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
