//! Adds proposals to the text of a `promote.toml`. Every line that stays keeps its bytes.

use toml_edit::{Array, DocumentMut, InlineTable, Item, RawString, Table, TomlError, Value};

use super::DiscoveredComponent;
use super::environments::ProposedEnvironment;
use crate::diff::{DiffLine, lines_between};
use crate::model::problem::Problem;

/// The text with the proposals added: new environments after the others of their component, new
/// components at the end.
///
/// Line ends, a BOM, comments and the order of what is there stay. Errors: a text that is not TOML,
/// and one where a table of a proposal can't be added.
pub fn merged(
    text: &str,
    candidates: &[DiscoveredComponent],
    proposals: &[ProposedEnvironment],
) -> Result<String, Problem> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let plain = body.replace("\r\n", "\n");
    let mut document = parsed(&plain)?;
    for proposal in proposals {
        let candidate = candidates.iter().find(|one| one.terms.component == proposal.component);
        add(document.as_item_mut(), candidate, proposal)?;
    }
    let after = document.to_string();
    let bom = &text[..text.len() - body.len()];
    Ok(bom.to_owned() + &with_old_bytes(body, &plain, &after))
}

/// The new text, in which every line that stays has its original bytes: line ends may differ from
/// `plain`.
fn with_old_bytes(old: &str, plain: &str, new: &str) -> String {
    let mut bytes = old.split_inclusive('\n');
    let crlf = old.matches("\r\n").count() * 2 > old.matches('\n').count();
    let mut text = String::new();
    for line in lines_between(plain, new) {
        match line {
            DiffLine::Same(_) => text.push_str(bytes.next().unwrap_or_default()),
            DiffLine::Old(_) => drop(bytes.next()),
            DiffLine::New(line) if crlf => text.push_str(&line.replace('\n', "\r\n")),
            DiffLine::New(line) => text.push_str(line),
        }
    }
    text
}

/// The text without the environments for which `keeps(component, environment)` is false, and
/// without components that have no environment left.
pub fn pruned(text: &str, keeps: impl Fn(&str, &str) -> bool) -> Result<String, Problem> {
    let mut document = parsed(text)?;
    let components = document.get_mut("component").and_then(Item::as_table_mut);
    let Some(components) = components else { return Ok(text.to_owned()) };
    let names: Vec<String> = components.iter().map(|(name, _)| name.to_owned()).collect();
    for name in &names {
        let environments = components
            .get_mut(name)
            .and_then(|component| component.get_mut("environment"))
            .and_then(Item::as_table_mut);
        let Some(environments) = environments else { continue };
        environments.retain(|environment, _| keeps(name, environment));
        if environments.is_empty() {
            components.remove(name);
        }
    }
    let kept: Vec<String> = components.iter().map(|(name, _)| name.to_owned()).collect();
    for (_, component) in components.iter_mut() {
        let schemas = component.get("schemas").and_then(Item::as_str);
        let is_gone = schemas.is_some_and(|name| !kept.iter().any(|kept| kept == name));
        if let Some(component) = component.as_table_mut().filter(|_| is_gone) {
            component.remove("schemas");
            component.remove("schema-paths");
        }
    }
    Ok(if kept.is_empty() { String::new() } else { document.to_string() })
}

fn parsed(text: &str) -> Result<DocumentMut, Problem> {
    text.parse().map_err(|error: TomlError| Problem::new(error.message().to_owned()))
}

fn add(
    root: &mut Item,
    candidate: Option<&DiscoveredComponent>,
    proposal: &ProposedEnvironment,
) -> Result<(), Problem> {
    let components = child(root, "component", true)?;
    let is_new = components.get(&proposal.component).is_none();
    let component = child(components, &proposal.component, false)?;
    if let Some(candidate) = candidate.filter(|_| is_new) {
        set(component, "upstream", candidate.terms.upstream.to_string());
        if let Some(image) = &candidate.image {
            set(component, "image", image.as_str());
        }
        if let Some(length) = candidate.tag_length.filter(|length| *length != 7) {
            set(component, "tag-length", i64::try_from(length).unwrap_or(7));
        }
    }
    let environments = child(component, "environment", true)?;
    let environment = child(environments, &proposal.environment, false)?;
    if !proposal.aliases.is_empty() {
        let aliases: Array = proposal.aliases.iter().collect();
        set(environment, "aliases", aliases);
    }
    let mut pins = Vec::new();
    for pin in &proposal.pins {
        let value: Value = pin.parse().map_err(|_| Problem::new("a pin is not TOML"))?;
        pins.extend(value.as_inline_table().cloned());
    }
    add_pins(environment, pins)
}

fn add_pins(environment: &mut Item, pins: Vec<InlineTable>) -> Result<(), Problem> {
    match environment.get_mut("pins") {
        None | Some(Item::None) => {
            let mut array = Array::new();
            let several = pins.len() > 1;
            for pin in pins {
                array.push(pin);
            }
            if several {
                for value in array.iter_mut() {
                    value.decor_mut().set_prefix("\n    ");
                }
                array.set_trailing("\n");
                array.set_trailing_comma(true);
            }
            set(environment, "pins", array);
        }
        Some(Item::Value(Value::Array(array))) => {
            pins.into_iter().for_each(|pin| push(array, pin));
        }
        Some(Item::ArrayOfTables(tables)) => {
            for pin in pins {
                tables.push(pin.into_table());
            }
        }
        Some(_) => return Err(Problem::new("`pins` is not a list")),
    }
    Ok(())
}

/// Adds an item, formatted like the last one. A comment behind the last item stays behind it.
fn push(array: &mut Array, pin: InlineTable) {
    let ends_in_comma = array.trailing_comma();
    let trailing = array.trailing().as_str().unwrap_or_default().to_owned();
    let mut value = Value::from(pin);
    if let Some(last) = array.iter_mut().last() {
        let decor = last.decor_mut();
        let text = |raw: Option<&RawString>| {
            raw.and_then(RawString::as_str).unwrap_or_default().to_owned()
        };
        let (prefix, suffix) = (text(decor.prefix()), text(decor.suffix()));
        value.decor_mut().set_prefix(" ");
        if let Some(start) = prefix.rfind('\n') {
            let rest = if ends_in_comma { trailing } else { suffix };
            let end = rest.rfind('\n').unwrap_or(rest.len());
            value.decor_mut().set_prefix(format!("{}{}", &rest[..end], &prefix[start..]));
            if ends_in_comma {
                array.set_trailing(&rest[end..]);
            } else {
                decor.set_suffix("");
                value.decor_mut().set_suffix(&rest[end..]);
            }
        }
    }
    array.push_formatted(value);
}

/// The table of a key; if there is none, it is added in the style of its parent.
fn child<'i>(parent: &'i mut Item, key: &str, implicit: bool) -> Result<&'i mut Item, Problem> {
    let missing = parent.get(key).is_none();
    match parent {
        Item::Table(table) if missing => {
            let mut new = Table::new();
            new.set_implicit(implicit);
            table.insert(key, Item::Table(new));
        }
        Item::Value(Value::InlineTable(table)) if missing => {
            append(table, key, Value::InlineTable(InlineTable::new()));
        }
        _ => {}
    }
    let no_room = || Problem::new(format!("there is no room for the table `{key}`"));
    parent.get_mut(key).filter(|item| item.is_table_like()).ok_or_else(no_room)
}

fn set(table: &mut Item, key: &str, value: impl Into<Value>) {
    match table {
        Item::Value(Value::InlineTable(table)) if !table.contains_key(key) => {
            append(table, key, value.into());
        }
        table => {
            if let Some(table) = table.as_table_like_mut() {
                table.insert(key, Item::Value(value.into()));
            }
        }
    }
}

/// Adds a key behind the last one. What stands before the closing brace stays there.
fn append(table: &mut InlineTable, key: &str, mut value: Value) {
    if let Some((_, last)) = table.iter_mut().last() {
        let end = last.decor().suffix().cloned().unwrap_or_default();
        last.decor_mut().set_suffix("");
        value.decor_mut().set_suffix(end);
    }
    table.insert(key, value);
}

#[cfg(test)]
mod tests;
