//! Components from nothing but the files, and what becomes of a `promote.toml`.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use promotion::config::Config;
use promotion::inspect::discover::environments::ProposedEnvironment;
use promotion::inspect::discover::merge::{merged, pruned};
use promotion::model::path::RepoPath;
use serde_json::Value;

use world::executable;

use crate::sandbox::{HEAD, POINTER, Sandbox};

/// Every pin that a promotion to HEAD would move, as `FILE:LINE OLD`.
fn moves(sandbox: &Sandbox, component: &str) -> BTreeSet<String> {
    let args = ["promote", "--component", component, "--all", "--offline", "--ref", HEAD, "-n"];
    let output = sandbox.xtask(&[&args[..], &["--format", "json", "-q"]].concat()).succeeds();
    let document: Value = serde_json::from_str(&output.stdout).unwrap();
    let environments = document["environments"].as_array().unwrap().clone();
    let pins = environments.iter().flat_map(|one| one["pins"].as_array().unwrap().clone());
    pins.map(|pin| format!("{}:{} {}", pin["file"], pin["line"], pin["old"])).collect()
}

#[test]
fn the_layout_of_the_procedure_keeps_its_names() {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.path("promote.toml")).unwrap();
    let built_in = moves(&sandbox, "qontract-reconcile");
    let schemas = moves(&sandbox, "qontract-schemas");
    sandbox.xtask(&["discover"]).matches("discover-built-in");
    assert!(!sandbox.path("promote.toml").exists());
    sandbox.xtask(&["discover", "--write"]).matches("discover-built-in-write");
    let mut after = moves(&sandbox, "qontract-reconcile");
    let pipelines = |line: usize| {
        format!("\"data/pipelines/tekton-provider-global-defaults.yaml\":{line} \"47fbced\"")
    };
    assert!(after.remove(&pipelines(12)) && after.remove(&pipelines(23)));
    assert_eq!(after, built_in);
    assert_eq!(moves(&sandbox, "qontract-schemas"), schemas);
    assert_eq!(moves(&sandbox, "github-mirror").len(), 1);
    sandbox.xtask(&["discover", "--write", "-q"]).matches("discover-twice");
}

/// What a pin runs tells whose a parameter is; the second run knew it only from the first.
#[test]
fn parameters_beside_new_pins() {
    let sandbox = Sandbox::covered();
    let file = "data/services/new/cicd/saas-new.yaml";
    let saas = format!(
        "resourceTemplates:\n- name: new\n  url: https://github.com/app-sre/new\n  targets:\n\
         \x20 - name: prod\n    ref: {HEAD}\n    parameters: {{IMAGE_TAG: {}}}\n",
        &HEAD[..7]
    );
    sandbox.write(file, &saas);
    let args = ["discover", "-q", "--write", "--component", "new"];
    sandbox.xtask(&args).succeeds();
    let after = sandbox.read("promote.toml");
    let (_, written) = after.split_once("[component.new]\n").unwrap();
    let expected = format!(
        "upstream = \"https://github.com/app-sre/new\"\n\n\
         [component.new.environment.saas-new]\npins = [\n    {{ file = \"{file}\", saas = true }},\n    \
         {{ file = \"{file}\", parameter = \"IMAGE_TAG\" }},\n]\n"
    );
    assert_eq!(written, expected);
    let nothing = "nothing to add: `promote.toml` has every pin that was found\n";
    sandbox.xtask(&args).assert(0, nothing, "");
}

/// A target in a file of its own is read from there, though nothing in that file was searched for;
/// and each environment promotes what was shown of it.
#[test]
fn targets_in_files_of_their_own() {
    let sandbox = Sandbox::covered();
    let file = "data/services/new/cicd/saas-new.yaml";
    let target =
        |name: &str| format!("namespace: {{$ref: /services/new/{name}.yml}}\n    ref: {HEAD}\n");
    let saas = format!(
        "resourceTemplates:\n- name: new\n  url: https://github.com/app-sre/new\n  targets:\n\
         \x20 - {}  - {}  - $ref: /services/new/cicd/third.yml\n",
        target("one"),
        target("two")
    );
    sandbox.write(file, &saas);
    // Two files can have one target, which is promoted once.
    let other = saas.replace(&target("one"), &target("four"));
    let other_file = "data/services/new/cicd/saas-other.yaml";
    sandbox.write(other_file, &other.replace(&target("two"), &target("four")));
    sandbox.write("data/services/new/cicd/third.yml", &target("three").replace("    ref", "ref"));
    for name in ["one", "two", "three", "four"] {
        let (place, environment) = (format!("data/services/new/{name}.yml"), format!("{name}.yml"));
        sandbox.write(&place, &format!("environment: {{$ref: /products/{environment}}}\n"));
        sandbox.write(&format!("data/products/{environment}"), &format!("name: {name}\n"));
    }
    sandbox.xtask(&["discover", "-q", "--write", "--component", "new"]).succeeds();
    let after = sandbox.read("promote.toml");
    let (_, written) = after.split_once("[component.new]\n").unwrap();
    let environment = |name: &str, file: &str| {
        format!(
            "\n[component.new.environment.{name}]\npins = [{{ file = \"{file}\", saas = true, \
             namespace = \"/services/new/{name}.yml\" }}]\n"
        )
    };
    let upstream = "upstream = \"https://github.com/app-sre/new\"\n";
    let expected = [("one", file), ("three", file), ("two", file), ("four", other_file)];
    let expected: String = expected.map(|(name, file)| environment(name, file)).concat();
    assert_eq!(written, format!("{upstream}{expected}"));
    let nothing = "nothing to add: `promote.toml` has every pin that was found\n";
    let args = ["discover", "-q", "--write", "--component", "new"];
    sandbox.xtask(&args).assert(0, nothing, "");
    let moved = |environment: &str| {
        let commit = "7".repeat(40);
        let args = ["promote", "--component", "new", "--env", environment, "--ref", &commit];
        let output = sandbox.xtask(&[&args[..], &["-n", "-q", "--offline"]].concat()).succeeds();
        let lines = output.stdout.lines().filter(|line| line.contains(" -> "));
        lines.filter_map(|line| line.split_whitespace().nth(3).map(str::to_owned)).collect()
    };
    let at = |file: &str, line: usize| format!("{file}:{line}");
    let third = "data/services/new/cicd/third.yml";
    let expected = [("one", at(file, 6)), ("two", at(file, 8)), ("three", at(third, 2))];
    for (environment, place) in expected {
        let moved: Vec<String> = moved(environment);
        assert_eq!(moved, [place], "{environment}");
    }
    let moved: Vec<String> = moved("four");
    assert_eq!(moved, [at(other_file, 6), at(other_file, 8)]);
}

/// An upstream is found by its pins, wherever they stand.
#[test]
fn no_target_but_in_a_file_of_its_own() {
    let sandbox = Sandbox::covered();
    let file = "data/saas-apart.yaml";
    let saas = "resourceTemplates:\n- url: https://github.com/app-sre/apart\n  targets:\n";
    sandbox.write(file, &format!("{saas}  - $ref: /target.yml\n"));
    sandbox.write("data/target.yml", &format!("name: t\nref: {HEAD}\n"));
    sandbox.xtask(&["discover", "-q", "--write", "--component", "apart"]).succeeds();
    let expected = format!(
        "[component.apart]\nupstream = \"https://github.com/app-sre/apart\"\n\n\
         [component.apart.environment.saas-apart]\npins = [{{ file = \"{file}\", saas = true }}]\n"
    );
    assert!(sandbox.read("promote.toml").ends_with(&expected));
}

/// What is wrong with the file of a target is told of that file, and spoils no other proposal.
#[test]
fn targets_in_files_that_cannot_be_read() {
    let sandbox = Sandbox::covered();
    let saas = |name: &str, more: &str| {
        let text = format!(
            "resourceTemplates:\n- name: {name}\n  url: https://github.com/app-sre/{name}\n  \
             targets:\n  - ref: {HEAD}\n{more}"
        );
        sandbox.write(&format!("data/services/{name}/saas-{name}.yaml"), &text);
    };
    saas("new", "  - $ref: /services/new/second.yml\n");
    saas("next", "");
    for (text, why) in [
        (POINTER, "is a Git LFS pointer, its content is not here"),
        ("ref: [\n", "can't be read as YAML: unclosed bracket '['"),
    ] {
        sandbox.write("data/services/new/second.yml", text);
        let output = sandbox.xtask(&["discover"]).succeeds();
        let left_out = format!("note: left out: `data/services/new/second.yml`: {why}\n");
        assert!(output.stderr.contains(&left_out), "{}", output.stderr);
        assert!(output.stdout.contains("\n+[component.next]\n"), "{}", output.stdout);
    }
}

#[test]
fn one_component() {
    let sandbox = Sandbox::new();
    sandbox.xtask(&["discover", "-q", "--component", "vault-manager"]).matches("discover-one");
    sandbox.xtask(&["discover", "-q", "--component", "vault-manage"]).matches("discover-unknown");
    sandbox.xtask(&["discover", "-q", "--component", "vault-manager", "--write"]).succeeds();
    let after = sandbox.read("promote.toml");
    assert!(after.contains("vault-manager") && !after.contains("github-mirror"));
}

/// An empty file: nothing is known but the tree.
#[test]
fn nothing_but_the_tree() {
    let sandbox = Sandbox::new();
    let all = moves(&sandbox, "qontract-reconcile");
    sandbox.write("promote.toml", "");
    sandbox.xtask(&["discover", "--write", "-q"]).matches("discover-empty");
    let found = moves(&sandbox, "qontract-reconcile");
    assert!(all.is_subset(&found));
    assert_eq!(found.len(), all.len() + 2);
    sandbox.xtask(&["discover", "--write", "-q"]).matches("discover-twice");
    sandbox.xtask(&["discover", "-q", "--format", "json"]).matches("discover-unchanged-json");
    let again = ["qr-promote", "--offline", "--ref", HEAD, "-n", "-q", "--strict"];
    sandbox.xtask(&again).succeeds();
}

#[test]
fn what_is_missing_is_added() {
    let sandbox = Sandbox::new();
    let before = sandbox.read("promote.toml");
    sandbox.xtask(&["discover"]).matches("discover-missing");
    sandbox.xtask(&["discover", "--format", "json", "-q"]).matches("discover-missing-json");
    assert_eq!(sandbox.read("promote.toml"), before);
    sandbox.write("promote.toml", &before.replace('\n', "\r\n"));
    let crlf = sandbox.read("promote.toml");
    let written = sandbox.xtask(&["discover", "--write", "-q"]).succeeds();
    let after = sandbox.read("promote.toml");
    let (_, undo) = written.stdout.split_once("promote.toml written\nundo: ").unwrap();
    let undo = undo.replace("[root]", sandbox.world.root.to_str().unwrap());
    let undone = Command::new("sh").args(["-c", &undo]).status().unwrap();
    assert!(undone.success());
    assert_eq!(sandbox.read("promote.toml"), crlf);
    sandbox.write("promote.toml", &after);
    assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
    assert!(after.starts_with(&before.replace('\n', "\r\n")[..900]));
    sandbox.xtask(&["discover", "--write", "-q"]).matches("discover-twice");
}

#[test]
fn problems() {
    let sandbox = Sandbox::new();
    let broken = "[component.x]\nupstream = 1\n";
    sandbox.write("promote.toml", broken);
    sandbox.xtask(&["discover", "--write"]).assert(
        1,
        "",
        "error: `promote.toml:2:12`: `upstream` is an integer, expected a string\n",
    );
    assert_eq!(sandbox.read("promote.toml"), broken);
    fs::remove_file(sandbox.path("promote.toml")).unwrap();
    symlink("elsewhere.toml", sandbox.path("promote.toml")).unwrap();
    sandbox.xtask(&["discover", "--write"]).assert(
        1,
        "",
        "error: `promote.toml`: is a symbolic link, or lies behind one\n  help: name the file that it points to\n",
    );
    assert!(!sandbox.path("elsewhere.toml").exists());
}

#[test]
fn another_file_is_written_where_it_is_named() {
    let sandbox = Sandbox::new();
    let file = sandbox.world.root.join("other.toml");
    let args = ["discover", "--write", "-q", "--config", file.to_str().unwrap()];
    sandbox.xtask(&args).succeeds();
    let text = fs::read_to_string(&file).unwrap();
    Config::parse("other.toml", &text).unwrap();
    assert_eq!(sandbox.git("status --porcelain"), "");
    sandbox.xtask(&args).assert(
        0,
        "nothing to add: `[root]/other.toml` has every pin that was found\n",
        "",
    );
}

#[test]
fn hostile_names_and_shapes() {
    let sandbox = Sandbox::new();
    let commit = "a".repeat(40);
    let target = |namespace: &str, more: &str| {
        format!("  - namespace: {{$ref: {namespace}}}\n    ref: {commit}\n{more}")
    };
    let template = |url: &str, targets: &str| format!("- url: {url}\n  targets:\n{targets}");
    let prod = "/services/app-interface/namespaces/app-interface-production.yml";
    let stage = "/services/app-interface/namespaces/app-interface-stage.yml";
    let saas = [
        template("'https://github.com/x/two sites'", &target(prod, "")),
        template("-o=evil", &target(prod, "")),
        template("ext::sh", &target(prod, "")),
        template("https://github.com/x/evil\"\\\"name", &target("/nowhere.yml", "")),
        template("https://github.com/y/app", &[target(prod, ""), target(stage, "")].concat()),
        template(
            "git@gitlab.example.com:z/app.git",
            &target(prod, "    promotion: {auto: true}\n"),
        ),
        template("git@gitlab.example.com:z/app.git", &target(stage, "")),
    ];
    sandbox.write("data/saas-odd.yaml", &format!("resourceTemplates:\n{}", saas.concat()));
    sandbox.write("evil\u{1b}[31m.yml", "qontract_reconcile_image_tag: 47fbced\n");
    sandbox.write(
        "brackets/[a].yml",
        "qontract_reconcile_image_tag: 47fbced\nb: {qontract_reconcile_image_tag: latest}\n",
    );
    sandbox.write("alias.yml", "a: &t 47fbced\nqontract_reconcile_image_tag: *t\n");
    sandbox.write("promote.toml", "");
    sandbox.xtask(&["discover", "--write"]).matches("discover-hostile");
    sandbox.xtask(&["discover", "--write", "-q"]).matches("discover-twice");
    let config = Config::parse("promote.toml", &sandbox.read("promote.toml")).unwrap();
    for component in &config.components {
        let args = ["promote", "--component", &component.name, "--all", "-n", "-q", "--offline"];
        sandbox.xtask(&[&args[..], &["--ref", HEAD]].concat()).succeeds();
    }
}

#[test]
fn many_upstreams_are_counted_only() {
    let sandbox = Sandbox::new();
    sandbox.world.grow(1400).unwrap();
    fs::remove_file(sandbox.path("promote.toml")).unwrap();
    let output = sandbox.xtask(&["discover"]).succeeds();
    let note = "note: 40 more upstreams have one saas file each; `discover --all` takes them in\n";
    assert!(output.stderr.ends_with(note), "{}", output.stderr);
    let config = Config::parse("promote.toml", &output.stdout).unwrap();
    assert_eq!(config.components.len(), 4);
    let all = sandbox.xtask(&["discover", "--all", "-q"]).succeeds();
    assert_eq!(Config::parse("promote.toml", &all.stdout).unwrap().components.len(), 44);
}

fn proposal(component: &str, environment: &str, pins: &[&str]) -> ProposedEnvironment {
    ProposedEnvironment {
        component: component.to_owned(),
        environment: environment.to_owned(),
        aliases: Vec::new(),
        pins: pins.iter().map(|pin| (*pin).to_owned()).collect(),
        file: RepoPath::parse("x").unwrap(),
    }
}

/// A pin more, in the environment `e` of `x`, and a new environment `n`.
fn check_merged(before: &str, after: &str) {
    let pin = "{ file = \"b\", key = \"k\" }";
    let proposals = [proposal("x", "e", &[pin]), proposal("x", "n", &[pin])];
    assert_eq!(merged(before, &[], &proposals).unwrap(), after, "{before}");
    assert_eq!(merged(before, &[], &[]).unwrap(), before);
}

#[test]
fn every_style_is_kept() {
    let new = "\n[component.x.environment.n]\npins = [{ file = \"b\", key = \"k\" }]\n";
    let head = "# top\n[component.x] # x\nupstream = 'u'\n\n[component.x.environment.e]\n";
    check_merged(
        &format!("{head}pins = [{{ file = 'a', key = \"k\" }}] # one\n# end\n"),
        &format!(
            "{head}pins = [{{ file = 'a', key = \"k\" }}, {{ file = \"b\", key = \"k\" }}] # one\n{new}# end\n"
        ),
    );
    let list = "pins = [\n  { file = 'a', key = 'k' }, # a\n";
    check_merged(
        &format!("{head}{list}]\n"),
        &format!("{head}{list}  {{ file = \"b\", key = \"k\" }},\n]\n{new}"),
    );
    let open = "pins = [\n  # a\n  { file = 'a', key = 'k' } # b\n]\n";
    check_merged(
        &format!("{head}{open}"),
        &format!(
            "{head}{}{new}",
            open.replace(" } # b\n", " }, # b\n  { file = \"b\", key = \"k\" }\n")
        ),
    );
    let tables = "[[component.x.environment.e.pins]]\nfile = 'a'\nkey = 'k'\n";
    check_merged(
        &format!("{head}{tables}"),
        &format!(
            "{head}{tables}\n[[component.x.environment.e.pins]]\nfile = \"b\"\nkey = \"k\"\n{new}"
        ),
    );
    let inline = "component.x = { upstream = 'u', environment.e = { pins = [{ file = 'a', key = 'k' }] } }\n";
    let parsed =
        merged(inline, &[], &[proposal("x", "n", &["{ file = \"b\", key = \"k\" }"])]).unwrap();
    assert_eq!(Config::parse("p", &parsed).unwrap().components[0].environments.len(), 2);
    let mixed =
        format!("\u{feff}{}pins = [{{ file = 'a', key = 'k' }}]", head.replace("top\n", "top\r\n"));
    let after =
        merged(&mixed, &[], &[proposal("x", "n", &["{ file = \"b\", key = \"k\" }"])]).unwrap();
    assert_eq!(after, format!("{mixed}\n{new}"));
}

#[test]
fn pruning() {
    let text = "# c\n[component.a]\nupstream = 'u'\nschemas = 'b'\n[component.a.environment.x]\npins = []\n[component.b]\nupstream = 'v'\n[component.b.environment.y]\npins = []\n";
    let keep = |names: &'static [&str]| pruned(text, |_, name| names.contains(&name)).unwrap();
    assert_eq!(keep(&["x", "y"]), text);
    assert_eq!(
        keep(&["y"]),
        "[component.b]\nupstream = 'v'\n[component.b.environment.y]\npins = []\n"
    );
    assert_eq!(
        keep(&["x"]),
        "# c\n[component.a]\nupstream = 'u'\n[component.a.environment.x]\npins = []\n"
    );
    assert_eq!(keep(&[]), "");
}

/// Less than all of the files is not written as if it were all; without `--write` it is shown.
#[test]
fn files_that_can_not_be_listed() {
    let sandbox = Sandbox::new();
    let before = sandbox.state();
    let bin = sandbox.world.root.join("bin");
    fs::create_dir(&bin).unwrap();
    let git = "#!/bin/sh\nPATH=\"${PATH#*:}\"\ncase \" $* \" in *' --cached '*) exit 1;; esac\nexec git \"$@\"\n";
    executable(&bin.join("git"), git).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let run = |args: &[&str]| sandbox.command(args).env("PATH", &path).run();
    let told = "can't list the files: `git ls-files` failed: git says no reason";
    let shown = run(&["discover"]).succeeds();
    assert!(shown.stderr.contains(&format!("note: {told}\n")), "{}", shown.stderr);
    let adopt = ["adopt", ".", "--offline", "--all-components"];
    for args in [&["discover", "--write"][..], &adopt] {
        run(&[args, &["-q"]].concat()).assert(1, "", &format!("error: {told}\n"));
    }
    assert_eq!(sandbox.state(), before);
}
