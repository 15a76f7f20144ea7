//! The house rules, over the sources themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use toml_edit::DocumentMut;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The modules in one table of the map.
fn listed(title: &str) -> Vec<String> {
    let map = fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md")).unwrap();
    let table = map.split(&format!("## {title}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
    let cells = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next());
    let names = cells.flat_map(|cell| cell.split(','));
    names.map(|name| name.trim().trim_matches('`').trim_end_matches("/*").to_owned()).collect()
}

/// The sources of the core, of the shell around it, of the YAML reader, and of the world.
const CORE: &str = "xtask/promotion/src";
const SHELL: &str = "xtask/src";
const YAML: &str = "xtask/yaml-nodes/src";
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
                folders.extend((!path.ends_with("tests")).then_some(path));
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

/// Those of all four.
fn modules() -> BTreeMap<String, String> {
    let (mut modules, shell) = (sources(CORE), sources(SHELL));
    let both: Vec<_> = shell.keys().filter(|name| modules.contains_key(*name)).collect();
    assert_eq!(both, ["lib.rs"], "a module of the core and one of the shell have one name");
    modules.extend(shell);
    assert!(modules.len() > 60);
    for (crate_name, top) in [("world", WORLD), ("yaml-nodes", YAML)] {
        let sources = sources(top).into_iter();
        modules.extend(sources.map(|(name, text)| (format!("{crate_name}/{name}"), text)));
    }
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
    // The comparison puts a stand-in where an old script looks for it.
    check(&["\"curl"], |name| !is_in(name, "registry") && name != "adopt/compare.rs");
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
    for top in [CORE, YAML] {
        check_in(&sources(top), &outside, |_| true);
    }
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
    for member in ["xtask", "xtask/promotion", "xtask/world", "xtask/yaml-nodes"] {
        let text = fs::read_to_string(Path::new(ROOT).join(member).join("Cargo.toml")).unwrap();
        let sections = text.split("\n[").filter(|section| section.contains("dependencies]\n"));
        let lines = sections.flat_map(|section| section.lines().skip(1));
        let own: Vec<_> =
            lines.filter(|line| !line.is_empty() && !line.contains("workspace = true")).collect();
        assert_eq!(own, Vec::<&str>::new(), "{member} has dependencies that the workspace lacks");
    }
}

/// Every crate, the fuzzer's too, takes the workspace's lints or forbids it itself.
#[test]
fn unsafe_code_is_forbidden() {
    let read = |path: &str| fs::read_to_string(Path::new(ROOT).join(path)).unwrap();
    let forbids = "unsafe_code = \"forbid\"";
    assert!(read("Cargo.toml").contains(&format!("[workspace.lints.rust]\n{forbids}\n")));
    for member in ["xtask", "xtask/promotion", "xtask/world", "xtask/yaml-nodes"] {
        assert!(read(&format!("{member}/Cargo.toml")).contains("[lints]\nworkspace = true\n"));
    }
    assert!(read("xtask/fuzz/Cargo.toml").contains(forbids));
}

/// What is built is what `Cargo.lock` says, and it says where it is from.
#[test]
fn builds_are_locked_and_from_one_source() {
    for script in [".ci/run", ".cargo/config.toml", "xtask/fuzz/run", "tests/faults/README.md"] {
        let text = fs::read_to_string(Path::new(ROOT).join(script)).unwrap();
        let builds = |line: &&str| {
            !line.starts_with('#')
                && ["cargo build", "cargo test", "cargo clippy -", "cargo deny -", "\"run "]
                    .iter()
                    .any(|command| line.contains(command))
                && !line.contains("--version")
        };
        let built: Vec<&str> = text.lines().filter(builds).collect();
        assert!(!built.is_empty(), "{script} builds nothing");
        let open: Vec<_> = built.iter().filter(|line| !line.contains("--locked")).collect();
        assert!(open.is_empty(), "{script}: {open:?}");
    }
    let source = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    for lock in ["Cargo.lock", "xtask/fuzz/Cargo.lock"] {
        let text = fs::read_to_string(Path::new(ROOT).join(lock)).unwrap();
        let other = text.lines().filter(|line| line.starts_with("source = ") && *line != source);
        assert_eq!(other.collect::<Vec<_>>(), Vec::<&str>::new(), "{lock}");
    }
}

/// What `cargo deny` finds too, for where it is not installed: each package that this machine builds
/// has a licence that `deny.toml` allows, and is there in one version.
#[test]
fn packages_are_licensed_and_there_once() {
    let deny = fs::read_to_string(Path::new(ROOT).join("deny.toml")).unwrap();
    let deny: DocumentMut = deny.parse().unwrap();
    let allowed = deny["licenses"]["allow"].as_array().unwrap();
    let allowed: Vec<&str> = allowed.iter().filter_map(|name| name.as_str()).collect();
    let is_allowed = |licence: &str| {
        licence.replace('/', " OR ").split(" AND ").all(|part| {
            part.trim_matches(['(', ')']).split(" OR ").any(|name| allowed.contains(&name.trim()))
        })
    };
    let host = if cfg!(target_os = "macos") { "apple-darwin" } else { "unknown-linux-gnu" };
    let host = format!("{}-{host}", std::env::consts::ARCH);
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--all-features"])
        .args(["--filter-platform", &host])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let built: BTreeSet<&str> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["id"].as_str().unwrap())
        .collect();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let packages = metadata["packages"].as_array().unwrap();
    for package in packages.iter().filter(|it| built.contains(it["id"].as_str().unwrap())) {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or("none");
        assert!(is_allowed(licence), "`{name}`: {licence}, expected of {allowed:?}");
        versions.entry(name).or_default().push(package["version"].as_str().unwrap());
    }
    assert!(versions.len() > 50);
    versions.retain(|_, versions| versions.len() > 1);
    assert_eq!(versions, BTreeMap::new());
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
    for folder in ["tests/it", "tests/data/output", "docs", "examples", "examples/app-interface"] {
        let entries = fs::read_dir(Path::new(ROOT).join(folder)).unwrap();
        for path in entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            files.push((path.display().to_string(), fs::read_to_string(path).unwrap()));
        }
    }
    for (name, text) in files {
        for place in &places {
            assert_eq!(text.find(place.as_str()), None, "{name} names {place}");
        }
    }
}

/// The layers of a crate, the lowest first.
const LAYERS: [(&str, &[&str]); 2] = [
    (
        CORE,
        &[
            "model",
            "syntax",
            "config",
            "saas",
            "locate",
            "plan",
            "history",
            "guards",
            "merge_request",
            "diff",
            "inspect",
            "report",
        ],
    ),
    (
        SHELL,
        &[
            "called", "browser", "terminal", "progress", "signals", "pool", "process", "cache",
            "git", "registry", "mirror", "worktree", "search", "cli", "session", "hint", "land",
            "request", "ask", "adopt", "complete", "commands", "program", "lib", "main", "bin",
        ],
    ),
];

/// The module of a file, as it stands behind `crate::`.
fn module_of(file: &str) -> String {
    file.trim_end_matches(".rs").replace('/', "::")
}

/// The modules among `all` that a line of code names behind `crate::`.
fn named<'m>(line: &'m str, all: &'m [String]) -> impl Iterator<Item = &'m String> {
    line.split("crate::").skip(1).filter_map(|path| {
        let is_in = |module: &&String| {
            let rest = path.strip_prefix(module.as_str());
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        all.iter().filter(is_in).max_by_key(|module| module.len())
    })
}

/// Each module with those that it imports from elsewhere in its crate.
fn imports(modules: &BTreeMap<String, String>) -> BTreeMap<String, BTreeSet<String>> {
    let all: Vec<String> = modules.keys().map(|file| module_of(file)).collect();
    let mut imports = BTreeMap::new();
    for (file, text) in modules {
        let own = module_of(file);
        let lines = code(text).map(|(_, line)| line).collect::<Vec<_>>();
        let found = lines.iter().flat_map(|line| named(line, &all));
        let others = found.filter(|other| **other != own).cloned().collect();
        imports.insert(own, others);
    }
    imports
}

/// What breaks the order of the layers: an import upwards.
fn upwards(imports: &BTreeMap<String, BTreeSet<String>>, layers: &[&str]) -> Vec<String> {
    let layer = |module: &str| {
        let top = module.split("::").next().unwrap();
        layers.iter().position(|layer| *layer == top).unwrap_or_else(|| panic!("no layer: {top}"))
    };
    let pairs = imports.iter().flat_map(|(from, all)| all.iter().map(move |to| (from, to)));
    let bad = pairs.filter(|(from, to)| layer(from) < layer(to));
    bad.map(|(from, to)| format!("{from} imports {to}")).collect()
}

/// A circle of modules, if there is one.
fn circle(imports: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut rest = imports.clone();
    loop {
        let done: Vec<String> =
            rest.iter().filter(|(_, all)| all.is_empty()).map(|(name, _)| name.clone()).collect();
        if done.is_empty() {
            break;
        }
        done.iter().for_each(|name| _ = rest.remove(name));
        rest.values_mut().for_each(|all| all.retain(|one| !done.contains(one)));
    }
    let mut path = vec![rest.keys().next()?.clone()];
    loop {
        let next = rest[path.last().unwrap()].first().unwrap().clone();
        if let Some(start) = path.iter().position(|one| *one == next) {
            path.push(next);
            return Some(path.split_off(start));
        }
        path.push(next);
    }
}

#[test]
fn imports_go_downwards() {
    for (top, layers) in LAYERS {
        let imports = imports(&sources(top));
        assert_eq!(upwards(&imports, layers), Vec::<String>::new(), "{top}");
        assert_eq!(circle(&imports), None, "{top}");
    }
}

#[test]
fn planted_faults_are_found() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let planted = imports(&BTreeMap::from([
        file("model/a.rs", "use crate::model::b::B;"),
        file("model/b.rs", "fn b() -> crate::model::a::A {}"),
        file("plan.rs", "// crate::report\nuse crate::model::a::{A, B};"),
        file("report.rs", "use crate::plan::Plan;\n#[cfg(test)]\nuse crate::model::a;"),
        file("config.rs", "use crate::report;"),
    ]));
    assert_eq!(upwards(&planted, LAYERS[0].1), ["config imports report"]);
    let found = circle(&planted).unwrap();
    assert_eq!(found, ["model::a", "model::b", "model::a"]);
}

#[test]
fn a_name_stands_for_one_type() {
    let mut defined: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, text) in [sources(CORE), sources(SHELL)].into_iter().flatten() {
        for (_, line) in code(&text) {
            let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            let is_definition = !line.starts_with("    ");
            let at =
                words.iter().position(|word| ["struct", "enum", "trait", "type"].contains(word));
            if let Some(name) = at.and_then(|at| words.get(at + 1)).filter(|_| is_definition) {
                defined.entry((*name).to_owned()).or_default().push(file.clone());
            }
        }
    }
    defined.retain(|_, files| files.len() > 1);
    assert_eq!(defined, BTreeMap::new());
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
