use std::{env, fs};

use super::*;
use crate::config::Config;
use crate::model::component::Scope;
use crate::model::tree::Tree;
use crate::model::version::CommitId;
use crate::plan::{Part, plan};

/// Compares an output with that in a file beside the tests, which `UPDATE_OUTPUT=1` rewrites.
#[track_caller]
pub(super) fn matches(actual: &str, name: &str) {
    let file = format!("{}/src/report/{name}", env!("CARGO_MANIFEST_DIR"));
    if env::var_os("UPDATE_OUTPUT").is_some() {
        return fs::write(file, actual).unwrap();
    }
    assert_eq!(actual, fs::read_to_string(&file).unwrap_or_default(), "{name}");
}

/// The text with the name of each style instead of its codes.
pub(super) fn marked(text: &str) -> String {
    let styles = [
        (ERROR, "error"),
        (NOTE, "note"),
        (BOLD, "bold"),
        (DIM, "dim"),
        (RED, "red"),
        (GREEN, "green"),
        (YELLOW, "yellow"),
        (CYAN, "cyan"),
    ];
    let plain = text.replace(&format!("{:#}", BOLD), "}");
    let name = |text: String, (style, name): (Style, &str)| {
        text.replace(&style.to_string(), &format!("{name}{{"))
    };
    styles.into_iter().fold(plain, name)
}

pub(super) fn path(path: &str) -> RepoPath {
    RepoPath::parse(path).unwrap()
}

/// The plan to move every component of a configuration to `aaa…`.
pub(super) fn planned(config: &Config, files: &[(&str, &str)]) -> Plan {
    let to = || CommitId::parse(&"a".repeat(40)).unwrap();
    let part = |component| Part::new(&Scope::all(component), to());
    let parts: Vec<_> = config.components.iter().map(part).collect();
    let files = files.iter().map(|(name, text)| (path(name), text.as_bytes().to_vec()));
    plan(&parts, &Tree(files.collect())).unwrap()
}

#[test]
fn tables() {
    let text = "[component.c]\nupstream = \"https://x/org/c\"\n\
                [component.c.environment.e]\npins = [{ files = \"data/**\", key = \"t\" }]\n\
                [component.c.environment.s]\npins = [{ file = \"d/s/s.yml\", saas = true }]\n";
    let config = Config::parse("promote.toml", text).unwrap();
    let saas = "resourceTemplates:\n- name: t\n  url: https://x/org/c\n  targets:\n  \
                - {name: long-name, ref: 22e638d7b4c1a0935f6e8d2c7b1a4938e5d6f0c2}\n";
    let files = [
        ("data/one/two/a.yml", "t: 22e638d\n"),
        ("data/one/b.yml", "t: aaaaaaa\n"),
        ("data/c.yml", "t: latest\n"),
        ("d/s/s.yml", saas),
    ];
    let plan = planned(&config, &files);
    let table = |columns| marked(&table(&config.components[0], &plan.parts[0], columns));
    let head = format!("bold{{c aaaaaaa}} dim{{{}}}\nbold{{e}}\n", "a".repeat(40));
    let wide = "  dim{latest stays: tracking}  data/c.yml:1dim{}\n  \
                dim{aaaaaaa already there }  data/one/b.yml:1dim{}\n  \
                green{22e638d -> aaaaaaa    }  data/one/two/a.yml:1dim{}\n\
                bold{s}\n  green{22e638d -> aaaaaaa    }  d/s/s.yml:5dim{  t/long-name}\n";
    let below = wide.replace("dim{  t", "dim{\n      t");
    let short = below.replace("data/one/two", "…/two");
    let cases = [(None, wide), (Some(50), wide), (Some(49), &below), (Some(46), &below)];
    for (columns, rows) in cases.into_iter().chain([(Some(45), &*short)]) {
        assert_eq!(table(columns), format!("{head}{rows}"), "{columns:?}");
    }
}

#[test]
fn long_lists() {
    let names: Vec<_> = ["a", "b", "c"].map(str::to_owned).into();
    let cases = [(0, ", +3 more"), (1, "a, +2 more"), (3, "a, b, c"), (9, "a, b, c")];
    for (most, expected) in cases {
        assert_eq!(few(&names, most), expected);
    }
    assert_eq!(cut(1590, "--all"), "… 1590 more: --all");
}

#[test]
fn counts() {
    let notes = |names: &[&str]| names.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    assert_eq!(first(notes(&["a", "b", "c"]), 2), notes(&["a", "b", "… 1 more: --all"]));
    assert_eq!(first(notes(&["a", "b"]), 2), notes(&["a", "b"]));
    assert_eq!(first(notes(&["a"]), 2), notes(&["a"]));
    assert_eq!([0, 1, 2].map(|n| counted(n, "pin")), ["0 pins", "1 pin", "2 pins"]);
}

#[test]
fn what_a_terminal_obeys() {
    assert_eq!(printable("a\tb\u{1b}\nc\r\n"), "a\tb\\u{1b}\nc\\u{d}\n");
    let diff = "--- a\n-x\u{1b}\r\n+y\r\n z";
    assert_eq!(plain_diff(diff), "--- a\n-x\\u{1b}\r\n+y\r\n z");
    let link = |page| link("x", page);
    let shown = "\u{1b}]8;;https://x/a\u{1b}\\x\u{1b}]8;;\u{1b}\\";
    assert_eq!(link(Some("https://x/a")), shown);
    assert_eq!([link(Some("https://x/a b")), link(Some("x\u{7}")), link(None)], ["x", "x", "x"]);
}

#[test]
fn colours_of_a_diff() {
    let style = |style: Style, text: &str| format!("{style}{text}{style:#}\n");
    let diff = "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n x\n-diff\r\n+new\n dim\n";
    let expected = [
        style(BOLD, "diff --git a/f b/f"),
        style(BOLD, "--- a/f"),
        style(BOLD, "+++ b/f"),
        style(CYAN, "@@ -1 +1 @@"),
        style(Style::new(), " x"),
        style(RED, "-diff"),
        style(GREEN, "+new"),
        style(Style::new(), " dim"),
    ];
    assert_eq!(coloured_diff(diff), expected.concat());
}

#[test]
fn what_is_told() {
    let problem = Problem::new("can't read `https://ann:secret@x/a`").help("one\ntwo");
    let help = format!("  {NOTE}help{NOTE:#}: one\n        two\n");
    let message = "can't read `https://x/a`";
    assert_eq!(error(&problem), format!("{ERROR}error{ERROR:#}: {message}\n{help}"));
    assert_eq!(warning(&problem), format!("{WARNING}warning{WARNING:#}: {message}\n{help}"));
    assert_eq!(note("x"), format!("{NOTE}note{NOTE:#}: x\n"));
    assert_eq!(error(&Problem::new("x")), format!("{ERROR}error{ERROR:#}: x\n"));
    assert_eq!(warning(&Problem::new("x")), format!("{WARNING}warning{WARNING:#}: x\n"));
    assert_eq!(heading("T", "c"), format!("\n{BOLD}T{BOLD:#}\n{CYAN}$ c{CYAN:#}\n"));
}
