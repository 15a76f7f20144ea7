//! The laws of an edit, as properties of generated and of damaged files.
//!
//! A generated file knows its pins, so what must come out is known without the core's help.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{self, Command};

use promotion::config::Config;
use promotion::model::component::Scope;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problems;
use promotion::model::tree::Tree;
use promotion::model::version::CommitId;
use promotion::plan::verify::verify;
use promotion::plan::{Outcome, Part, Plan, plan};
use promotion::report;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::Deserialize;
use serde_yaml::Value;

use crate::fixtures::{files_in, tree};

/// `P` is a plain pin, `Q` one between quotes, `%` a number that no other shape has.
const YAML: &[&str] = &[
    "k%:\n  tag: P # tag: 22e638d\n",
    "k%: {tag: P, x: é漢🎉, tags: 22e638d}\n",
    "k%:\n- tag: 'Q'\n  other: 1\n",
    "k%:\n    -   \"tag\" :   \"Q\"   \n    -   {\"tag\":\"Q\"}\n",
    "k%: &a% {tag: P}\n",
    "k%: {tag: &b% P}\n",
    "k%: [tag: P, *elsewhere, {<<: *elsewhere, tag: !!str P}]\n",
    "? k%\n: ? tag\n  : P\n",
    "k%: &s% [1, é]\nl%: {x: *s%, *s% : y, tag: \"Q\"}\n",
    "k%:\n    <<: &m% {x: 1}\n    tag:    P\nl%: *m%\n",
    "k%: |\n  tag: 22e638d\n",
    "k%: >-\n  # tag: 22e638d\n\n  tag: 22e638d\n",
    "k%: 'tag: 22e638d\n\n  tag: 22e638d'\n",
    "k%: {tag: two words, t: {tag: [x]}}\n",
    "# tag: 22e638d\n",
    "\n",
    "---\n",
    "k%: x\n...\n---\n",
    "é漢🎉%: \"\\u00e9\"\n",
    "old_tag%: 22e638d\n",
];

const DOTENV: &[&str] = &[
    "export TAG=P\n",
    "TAG=P # TAG=22e638d\n",
    "  export \t TAG='Q'\n",
    "TAG=\"Q\"; export TAG\n",
    "TAG=P && true\n",
    "export VAULT_TAG=22e638d\n",
    "TAG_=22e638d\n",
    "N%=\"\nTAG={x}\n\"\n",
    "cat <<E%\n TAG=it's\nE%\n",
    "N%=(\n# )\nTAG=x,y\n)\n",
    "TAG=\n",
    "TAG=${TAG:-22e638d}\n",
    "#export TAG=22e638d\n",
    "# é漢🎉\n",
    "\n",
];

const SAAS: &[&str] = &[
    "  - ref: P\n    name: n%\n",
    "  - name: n%\n    ref:  \"Q\"  # ref\n",
    "  - {name: n%, ref: 'Q'}\n",
    "  - {name: n%, ref: 22e638d7b4c1a0935f6e8d2c7b1a4938e5d6f0c2, promotion: {auto: true}}\n",
    "  - {name: n%, ref: 22e638d7b4c1a0935f6e8d2c7b1a4938e5d6f0c2, delete: true}\n",
    "  - {name: n%, ref: master}\n",
    "  - {name: n%, parameters: {ref: 22e638d7b4c1a0935f6e8d2c7b1a4938e5d6f0c2}, ref: P}\n",
    "- name: t%\n  url: 'https://example.com/a.git'\n  targets:\n  - ref: P\n",
    "- url: https://example.com/ab\n  targets:\n  - ref: 22e638d7b4c1a0935f6e8d2c7b1a4938e5d6f0c2\n- url: https://example.com/a/\n  targets:\n  - ref: P\n",
    "  # ref: 22e638d7b4c1a0935f6e8d2c7b1a4938e5d6f0c2\n",
];

#[derive(Debug, Clone, Copy)]
struct Kind {
    file: &'static str,
    selector: &'static str,
    shapes: &'static [&'static str],
    head: &'static str,
    /// Holds a pin, so that no file is without one.
    tail: &'static str,
}

const KINDS: [Kind; 3] = [
    Kind { file: "a.yaml", selector: "key = \"tag\"", shapes: YAML, head: "", tail: "tag: P\n" },
    Kind {
        file: ".env",
        selector: "variable = \"TAG\"",
        shapes: DOTENV,
        head: "",
        tail: "TAG=P\n",
    },
    Kind {
        file: "a.yaml",
        selector: "saas = true",
        shapes: SAAS,
        head: "# saas\nresourceTemplates:\n- url: https://example.com/a\n  targets:\n  - ref: P\n",
        tail: "  - ref: P\n",
    },
];

#[derive(Debug)]
struct Case {
    kind: Kind,
    before: String,
    after: String,
    to: CommitId,
}

impl Case {
    fn config(&self) -> Config {
        let Kind { file, selector, .. } = self.kind;
        let text = format!(
            "[component.a]\nupstream = \"https://example.com/a\"\n\
             [component.a.environment.x]\npins = [{{ file = \"{file}\", {selector} }}]\n"
        );
        Config::parse("promote.toml", &text).unwrap()
    }

    fn tree(&self, text: &str) -> Tree {
        let path = RepoPath::parse(self.kind.file).unwrap();
        Tree(BTreeMap::from([(path, text.as_bytes().to_vec())]))
    }

    fn plan(&self, text: &str) -> Plan {
        promote(&self.config(), &self.tree(text), &self.to)
            .unwrap_or_else(|problems| panic!("{problems}\n{text}"))
    }
}

fn promote(config: &Config, tree: &Tree, to: &CommitId) -> Result<Plan, Problems> {
    let plan = plan(&[Part::new(&Scope::all(&config.components[0]), to.clone())], tree)?;
    verify(&plan).map_err(|problem| Problems(vec![problem]))?;
    Ok(plan)
}

/// The text of the only file that changes, or `before`.
fn after(plan: &Plan, before: &str) -> String {
    plan.changed().next().map_or(before.to_owned(), |(_, file)| file.after())
}

/// Commits, many of whose tags read as numbers.
fn commits() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9a-f]{40}",
        "[0-9]{40}",
        "[0-9]{2}e[0-9]{4}[0-9a-f]{33}",
        "0b[01]{5}[0-9a-f]{33}",
        "[0-9]{20}e[0-9]{19}",
    ]
}

fn cases() -> impl Strategy<Value = Case> {
    let shapes = prop::collection::vec(any::<Index>(), 0..10);
    let olds = prop::collection::vec((commits(), any::<Index>()), 1..6);
    let line_end = select(&["\n", "\r\n"][..]);
    (select(&KINDS[..]), shapes, olds, commits(), line_end, any::<(bool, bool)>()).prop_map(
        |(kind, shapes, olds, to, line_end, (bom, ends))| {
            let to = CommitId::parse(&to).unwrap();
            let mut text = kind.head.to_owned();
            for (number, shape) in shapes.iter().enumerate() {
                text.push_str(&shape.get(kind.shapes).replace('%', &number.to_string()));
            }
            text.push_str(kind.tail);
            let text = text.replace('\n', line_end);
            let text = if ends { text.as_str() } else { text.trim_end() };
            let text = format!("{}{text}", if bom { "\u{feff}" } else { "" });
            let olds: Vec<_> = olds.iter().map(|(old, form)| kind.old(old, form, &to)).collect();
            let (before, after) = filled(kind, &text, &olds, kind.written(&to));
            Case { kind, before, after, to }
        },
    )
}

impl Kind {
    fn written(self, to: &CommitId) -> &str {
        if self.is_saas() { to.as_str() } else { to.tag(7) }
    }

    fn old(self, commit: &str, form: &Index, to: &CommitId) -> String {
        let tag = &commit[..7];
        match form.index(5) {
            0 => self.written(to).to_owned(),
            _ if self.is_saas() => commit.to_owned(),
            1 => commit.to_owned(),
            2 => format!("{tag}-rc"),
            3 => "latest".to_owned(),
            _ => tag.to_owned(),
        }
    }

    fn is_saas(self) -> bool {
        self.selector == "saas = true"
    }
}

/// The text before and after, with the pins in place of `P` and `Q`.
fn filled(kind: Kind, text: &str, olds: &[String], new: &str) -> (String, String) {
    let (mut before, mut after) = (String::new(), String::new());
    let mut olds = olds.iter().cycle();
    for c in text.chars() {
        if c != 'P' && c != 'Q' {
            before.push(c);
            after.push(c);
            continue;
        }
        let old = olds.next().unwrap();
        before.push_str(old);
        let quoted = c == 'P' && kind.file != ".env" && old != new && is_number(new);
        after.push_str(&if quoted { format!("'{new}'") } else { new.to_owned() });
    }
    (before, after)
}

/// Digits, perhaps with one `e` between them; or binary ones.
fn is_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    let binary =
        text.strip_prefix("0b").is_some_and(|rest| !rest.contains(|c| c != '0' && c != '1'));
    binary || digits(&text.replacen('e', "0", 1)) && !text.starts_with('e') && !text.ends_with('e')
}

/// The values of `key`, wherever they are strings, numbers or nothing; never mappings or lists.
fn values<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Mapping(entries) => {
            for (name, value) in entries {
                if name == key && !value.is_mapping() && !value.is_sequence() {
                    found.push(value);
                }
                values(name, key, found);
                values(value, key, found);
            }
        }
        Value::Sequence(items) => items.iter().for_each(|item| values(item, key, found)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn exactly_the_pins_change(case in cases()) {
        let plan = case.plan(&case.before);
        prop_assert_eq!(after(&plan, &case.before), case.after);
    }

    #[test]
    fn twice_is_once(case in cases()) {
        let after = after(&case.plan(&case.before), &case.before);
        let again = case.plan(&after);
        prop_assert!(again.is_empty());
        prop_assert_eq!(report::plan_diff(&again), "");
        prop_assert!(again.values().all(|value| !matches!(value.outcome, Outcome::Moves(_))));
    }

    #[test]
    fn new_values_are_strings(case in cases().prop_filter("YAML", |case| case.kind.file != ".env")) {
        let after = after(&case.plan(&case.before), &case.before);
        let (key, new) = (if case.kind.is_saas() { "ref" } else { "tag" }, case.kind.written(&case.to));
        let text = after.trim_start_matches('\u{feff}').replace("*elsewhere", "elsewhere");
        let documents = serde_yaml::Deserializer::from_str(&text)
            .map(|document| Value::deserialize(document).unwrap());
        let documents: Vec<Value> = documents.collect();
        let mut found = Vec::new();
        documents.iter().for_each(|document| values(document, key, &mut found));
        let moved = case.plan(&case.before);
        let moved = moved.values().filter(|value| matches!(value.outcome, Outcome::Moves(_)));
        let strings = found.iter().filter(|value| value.as_str() == Some(new)).count();
        prop_assert!(strings >= moved.count(), "{}", after);
    }

    #[test]
    fn damaged_files_keep_the_laws(
        fixture in any::<Index>(),
        damages in prop::collection::vec(damage(), 1..4),
    ) {
        damaged(&fixture, &damages)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn git_applies_the_diff(case in cases()) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("laws-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(case.kind.file);
        fs::write(&file, &case.before).unwrap();
        fs::write(folder.join("diff"), report::plan_diff(&case.plan(&case.before))).unwrap();
        let mut git = Command::new("git");
        git.current_dir(&folder).env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap());
        let status = git.args(["apply", "--allow-empty", "--whitespace=nowarn", "diff"]).status();
        prop_assert!(status.unwrap().success());
        prop_assert_eq!(fs::read_to_string(&file).unwrap(), case.after);
        fs::remove_dir_all(folder).unwrap();
    }
}

/// What happens to a file: bytes go, and other bytes come.
#[derive(Debug)]
struct Damage {
    file: Index,
    at: Index,
    removed: usize,
    inserted: Vec<u8>,
}

fn damage() -> impl Strategy<Value = Damage> {
    const WORDS: &[&str] = &[
        "\n",
        "\r",
        "\r\n",
        "\t",
        " ",
        "  ",
        ":",
        ": ",
        "- ",
        "? ",
        "#",
        " # ",
        "&a ",
        "*a",
        "*a ",
        "<<: *a\n",
        "<<: ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "'",
        "\"",
        "\\",
        "|\n",
        ">-\n",
        "!",
        "!!str ",
        "!x ",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "\u{feff}",
        "\u{85}",
        "\u{2028}",
        "\u{a0}",
        "é",
        "\0",
        "tag: ",
        "tag: 22e638d\n",
        "ref: ",
        "export ",
        "=",
        "$(",
        "`",
        "~",
        "null",
        "0",
        "RECONCILE_IMAGE_TAG=22e638d\n",
        "22e638d",
    ];
    let inserted = prop_oneof![
        4 => select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..3),
    ];
    let removed = prop_oneof![3 => Just(0), 2 => 1usize..4, 1 => 1usize..60];
    (any::<Index>(), any::<Index>(), removed, inserted)
        .prop_map(|(file, at, removed, inserted)| Damage { file, at, removed, inserted })
}

fn damaged(fixture: &Index, damages: &[Damage]) -> Result<(), TestCaseError> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data");
    let mut folders: Vec<_> = fs::read_dir(data).unwrap().map(|one| one.unwrap().path()).collect();
    folders.retain(|folder| !folder.ends_with("output"));
    folders.sort();
    let folder = fixture.get(&folders);
    let promote_toml = fs::read_to_string(folder.join("promote.toml")).unwrap();
    let Ok(config) = Config::parse("promote.toml", &promote_toml) else { return Ok(()) };
    let mut files = files_in(&folder.join("before"));
    for damage in damages {
        let file = damage.file.index(files.len());
        let bytes = files.values_mut().nth(file).unwrap();
        let start = damage.at.index(bytes.len() + 1);
        let end = (start + damage.removed).min(bytes.len());
        bytes.splice(start..end, damage.inserted.iter().copied());
    }
    let tree = tree(&files);
    let to = CommitId::parse("0123456e9b2d4f6081a3c5e7092b4d6f8e1a3c5d").unwrap();
    let Ok(plan) = promote(&config, &tree, &to) else { return Ok(()) };
    let mut landed = tree;
    for (path, file) in plan.changed() {
        only_planned_lines(&plan, path, &file.before, &file.after())?;
        landed.0.insert(path.clone(), file.after().into_bytes());
    }
    let again = promote(&config, &landed, &to);
    let again = again.map_err(|problems| TestCaseError::fail(problems.to_string()))?;
    prop_assert!(again.is_empty());
    Ok(())
}

fn only_planned_lines(
    plan: &Plan,
    path: &RepoPath,
    before: &str,
    after: &str,
) -> Result<(), TestCaseError> {
    let (old, new): (Vec<_>, Vec<_>) = (before.split('\n').collect(), after.split('\n').collect());
    prop_assert_eq!(old.len(), new.len());
    for (index, (old, new)) in old.iter().zip(&new).enumerate().filter(|(_, (old, new))| old != new)
    {
        let is_here = |line: usize, file: &RepoPath| line == index + 1 && file == path;
        let planned = plan.values().filter_map(|value| match &value.outcome {
            Outcome::Moves(new) if is_here(value.line, &value.file) => Some(new),
            _ => None,
        });
        let planned: Vec<_> = planned.collect();
        prop_assert!(!planned.is_empty(), "{:?} became {:?}", old, new);
        prop_assert!(planned.iter().all(|value| new.contains(value.as_str())));
    }
    Ok(())
}
