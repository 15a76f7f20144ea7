//! The house rules, over the sources themselves.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The modules in one table of the map.
fn listed(title: &str) -> Vec<String> {
    let map = fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md")).unwrap();
    let table = map.split(&format!("## {title}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
    let cells = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next());
    let names = cells.flat_map(|cell| cell.split(','));
    names.map(|name| name.trim().trim_matches('`').trim_end_matches("/*").to_owned()).collect()
}

/// The sources of the core, of the shell around it, and of the world.
const CORE: &str = "xtask/promotion/src";
const SHELL: &str = "xtask/src";
const WORLD: &str = "xtask/world/src";

/// Path below `top` and text of every module in it that is shipped.
fn sources(top: &str) -> BTreeMap<String, String> {
    let mut modules = BTreeMap::new();
    let top = Path::new(ROOT).join(top);
    let mut folders = vec![top.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && !path.ends_with("tests.rs")
            {
                let name = path.strip_prefix(&top).unwrap().to_str().unwrap().to_owned();
                modules.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    assert!(!modules.is_empty());
    modules
}

/// Those of all three.
fn modules() -> BTreeMap<String, String> {
    let (mut modules, shell) = (sources(CORE), sources(SHELL));
    let both: Vec<_> = shell.keys().filter(|name| modules.contains_key(*name)).collect();
    assert_eq!(both, ["lib.rs"], "a module of the core and one of the shell have one name");
    modules.extend(shell);
    assert!(modules.len() > 60);
    modules.extend(sources(WORLD).into_iter().map(|(name, text)| (format!("world/{name}"), text)));
    modules
}

/// The lines without comments and tests, with their numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let shipped = lines.take_while(|(_, line)| *line != "#[cfg(test)]");
    shipped.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Where code says one of these words.
fn saying(name: &str, text: &str, words: &[&str]) -> Vec<String> {
    let said = |line: &str| words.iter().any(|word| line.contains(word));
    let lines = code(text).filter(|(_, line)| said(line));
    lines.map(|(number, line)| format!("{name}:{number}: {}", line.trim())).collect()
}

/// Whether a module is `name` or below it.
fn is_in(path: &str, name: &str) -> bool {
    path.strip_prefix(name).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

fn check(words: &[&str], concerns: impl Fn(&str) -> bool) {
    check_in(&modules(), words, concerns);
}

fn check_in(modules: &BTreeMap<String, String>, words: &[&str], concerns: impl Fn(&str) -> bool) {
    let concerned = modules.iter().filter(|(name, _)| concerns(name));
    let found: Vec<_> = concerned.flat_map(|(name, text)| saying(name, text, words)).collect();
    assert_eq!(found, Vec::<String>::new(), "{words:?}");
}

#[test]
fn only_git_runs_git() {
    check(&["cmd!(shell, \"git ", "cmd!(self.shell, \"git ", "Command::new(\"git\""], |name| {
        !is_in(name, "git") && !is_in(name, "world")
    });
}

#[test]
fn only_progress_draws_bars() {
    check(&["indicatif"], |name| name != "progress.rs");
}

#[test]
fn only_the_registry_runs_curl() {
    check(&["\"curl"], |name| !is_in(name, "registry"));
}

/// No file, no process, no clock, no terminal.
#[test]
fn the_core_touches_nothing() {
    let outside = [
        "std::fs",
        "std::process",
        "std::env",
        "TcpStream",
        "std::thread",
        "std::io",
        "SystemTime",
        "Instant",
        "xshell",
        "println!",
        "print!(",
        "anstream::stdout",
        "anstream::stderr",
    ];
    check_in(&sources(CORE), &outside, |_| true);
}

#[test]
fn nothing_panics_on_purpose() {
    check(&[".unwrap()", "panic!(", "todo!(", "dbg!("], |_| true);
}

#[test]
fn modules_are_small_and_introduced() {
    for (name, text) in modules() {
        let lines = text.lines().count();
        assert!(lines <= 450, "{name} has {lines} lines");
        let introduction = text.lines().take_while(|line| line.starts_with("//!")).count();
        assert!((1..=7).contains(&introduction), "{name} begins with {introduction} `//!` lines");
    }
}

#[test]
fn dependencies_have_reasons() {
    let text = fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap();
    let mut reason = "";
    let mut section = "";
    let mut seen = 0;
    for line in text.lines() {
        if line.starts_with('[') {
            section = line;
        } else if line.contains('=') && section.ends_with("dependencies]") {
            // A line that follows another dependency shares its reason.
            assert!(!reason.is_empty(), "no reason for `{line}`");
            seen += 1;
            continue;
        }
        reason = if line.starts_with("# ") { line } else { "" };
    }
    assert!(seen > 10);
    for member in ["xtask", "xtask/promotion", "xtask/world"] {
        let text = fs::read_to_string(Path::new(ROOT).join(member).join("Cargo.toml")).unwrap();
        let sections = text.split("\n[").filter(|section| section.contains("dependencies]\n"));
        let lines = sections.flat_map(|section| section.lines().skip(1));
        let own: Vec<_> =
            lines.filter(|line| !line.is_empty() && !line.ends_with(".workspace = true")).collect();
        assert_eq!(own, Vec::<&str>::new(), "{member} has dependencies that the workspace lacks");
    }
}

#[test]
fn no_machine_is_named() {
    let places = [["/wo", "rk/"].concat(), ["/ro", "ot/"].concat()];
    let mut files: Vec<_> = modules().into_iter().collect();
    for name in
        ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "Makefile", "Cargo.toml", ".ci/run"]
    {
        files.extend(
            fs::read_to_string(Path::new(ROOT).join(name)).map(|text| (name.to_owned(), text)),
        );
    }
    for folder in ["tests/it", "tests/data/output", "docs", "examples"] {
        for entry in fs::read_dir(Path::new(ROOT).join(folder)).unwrap() {
            let path = entry.unwrap().path();
            files.push((path.display().to_string(), fs::read_to_string(path).unwrap()));
        }
    }
    for (name, text) in files {
        for place in &places {
            assert_eq!(text.find(place.as_str()), None, "{name} names {place}");
        }
    }
}

#[test]
fn the_map_is_complete() {
    let tables =
        [("The core: values only", CORE), ("The shell: everything that touches the world", SHELL)];
    for (title, top) in tables {
        let (listed, modules) = (listed(title), sources(top));
        let there = |module: &str| listed.iter().any(|one| one == module);
        let tops = modules.keys().filter_map(|name| name.split(['/', '.']).next());
        let missing: Vec<_> = tops.filter(|name| *name != "lib" && !there(name)).collect();
        assert_eq!(missing, Vec::<&str>::new(), "ARCHITECTURE.md does not list these");
        let is_gone = |name: &&String| !modules.keys().any(|path| is_in(path, name));
        assert_eq!(listed.iter().find(is_gone), None, "ARCHITECTURE.md lists what is not there");
    }
}
