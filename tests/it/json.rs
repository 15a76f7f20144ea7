//! The examples of `docs/json.md`, held against what the commands print in the demo's world.
//! `UPDATE_OUTPUT=1` writes them anew.

use std::collections::BTreeSet;
use std::env;
use std::fs;

use serde_json::Value;

use crate::sandbox::{Output, Sandbox};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/json.md");

/// A document with its examples: a fenced block each, with `$ ` before every command.
struct Pages {
    text: String,
}

impl Pages {
    fn read() -> Self {
        Pages { text: fs::read_to_string(FILE).unwrap() }
    }

    /// The text outside of the examples and in them, in turn.
    fn parts(&self) -> Vec<&str> {
        let parts = self.text.split("```console\n").enumerate();
        let parts = parts.flat_map(|(index, part)| match index {
            0 => vec![part],
            _ => part.split_once("```\n").map(|(example, rest)| vec![example, rest]).unwrap(),
        });
        parts.collect()
    }

    fn examples(&self) -> Vec<&str> {
        self.parts().into_iter().skip(1).step_by(2).collect()
    }
}

/// Runs the commands of an example in a world of its own, and shows what came of it.
fn shown(example: &str) -> String {
    let sandbox = Sandbox::new();
    sandbox.world.answer_as_gitlab().unwrap();
    sandbox.stand_in_for_cargo();
    let commands = example.lines().filter_map(|line| line.strip_prefix("$ "));
    let mut text = String::new();
    for command in commands {
        let run = sandbox.with_cargo("sh", &["-c", command]).run();
        text.push_str(&format!("$ {command}\n{}", run.stdout));
    }
    text
}

#[test]
fn examples() {
    let pages = Pages::read();
    let mut actual = String::new();
    for (index, part) in pages.parts().into_iter().enumerate() {
        match index % 2 {
            0 => actual.push_str(part),
            _ => actual.push_str(&format!("```console\n{}```\n", shown(part))),
        }
    }
    if env::var_os("UPDATE_OUTPUT").is_some() {
        return fs::write(FILE, actual).unwrap();
    }
    Output::of(actual).assert(0, &pages.text, "");
}

/// Every example is one document of version 1, and every key in it is described.
#[test]
fn keys() {
    let pages = Pages::read();
    let prose: String = pages.parts().into_iter().step_by(2).collect();
    let mut keys = BTreeSet::new();
    for example in pages.examples() {
        let printed = example.split_once('\n').unwrap().1;
        let document = &printed[..=printed.rfind('}').unwrap()];
        let document: Value = serde_json::from_str(document).unwrap();
        assert_eq!(document["version"], 1, "{example}");
        collect(&document, &mut keys);
    }
    let missing: Vec<_> = keys.iter().filter(|key| !prose.contains(&format!("`{key}`"))).collect();
    assert_eq!(missing, Vec::<&String>::new(), "docs/json.md does not describe these");
}

fn collect(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                keys.insert(key.clone());
                collect(value, keys);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, keys)),
        _ => {}
    }
}

/// Every command has an example, of its document or of its refusal.
#[test]
fn commands() {
    let pages = Pages::read();
    let examples = pages.examples();
    let command = xtask::cli::Cli::command();
    for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        let typed = format!("cargo xtask {} ", command.get_name());
        let is_shown = examples.iter().any(|example| example.contains(&typed));
        assert!(is_shown || command.get_name() == "help", "{typed}");
    }
}
