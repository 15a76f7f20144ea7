//! An existing checkout with its own Makefile and scripts, before and after `adopt`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::{env, fs};

use crate::sandbox::{HEAD, Output, POINTER, Sandbox, heard_signals};

const OLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/old-ways");
const FILES: [&str; 4] =
    ["Makefile", "hack/qr-promote.sh", "hack/go-qr-promote.sh", "hack/update-schemas.sh"];
const FROM: &str = "https://git.example.com/tools/promotion.git";
const REV: &str = "1f3c5a7e9b2d4f601f3c5a7e9b2d4f601f3c5a7e";

/// A checkout with the old ways, committed, and no `promote.toml`.
fn old_checkout() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.path("promote.toml")).unwrap();
    for file in FILES {
        sandbox.write(file, &fs::read_to_string(format!("{OLD}/{file}")).unwrap());
        if file.ends_with(".sh") {
            fs::set_permissions(sandbox.path(file), fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    sandbox.git("add --all");
    sandbox.git("commit --quiet -m old");
    sandbox
}

/// `adopt` of the checkout, with a version of the tool that nobody has to fetch. Without the notes:
/// what cargo says depends on the machine.
fn adopt(sandbox: &Sandbox, options: &[&str]) -> Output {
    let args = ["adopt", ".", "-q", "--offline", "--from", FROM, "--rev", REV];
    sandbox.xtask(&[&args, options].concat())
}

#[test]
fn the_old_ways_become_the_new_ones() {
    let sandbox = old_checkout();
    let before = sandbox.state();
    adopt(&sandbox, &["--dry-run"]).matches("adopt-planned");
    assert_eq!(sandbox.state(), before);
    adopt(&sandbox, &[]).matches("adopt-written");
    assert_eq!(
        fs::metadata(sandbox.path("hack/qr-promote.sh")).unwrap().permissions().mode() & 0o777,
        0o755
    );
    let adopted = sandbox.state();
    adopt(&sandbox, &[]).assert(0, "nothing to do: it is adopted, with this version\n", "");
    assert_eq!(sandbox.state(), adopted);
    let other = ["adopt", ".", "-n", "--offline", "--from", FROM, "--rev", HEAD];
    sandbox.xtask(&other).matches("adopt-another-version");
}

/// Whatever somebody made of the thin crate, it is complete afterwards, and cargo takes it.
#[test]
fn half_of_a_thin_crate() {
    let sandbox = old_checkout();
    adopt(&sandbox, &[]).succeeds();
    let adopted = sandbox.state();
    fs::remove_file(sandbox.path("xtask/src/main.rs")).unwrap();
    let rev = format!("rev = \"{REV}\"");
    sandbox.replace("xtask/Cargo.toml", &rev, &format!("{rev}, tag = \"v1\""));
    adopt(&sandbox, &[]).succeeds();
    assert_eq!(sandbox.state(), adopted);
    let manifest = sandbox.read("xtask/Cargo.toml");
    let (before, _) = manifest.split_once("[dependencies]").unwrap();
    let table =
        format!("{before}[dependencies.promotion-tool]\npackage = \"xtask\"\ngit = \"{FROM}\"\n");
    sandbox.write("xtask/Cargo.toml", &format!("{table}branch = \"main\"\n"));
    adopt(&sandbox, &[]).succeeds();
    assert_eq!(sandbox.read("xtask/Cargo.toml"), format!("{table}{rev}\n"));
}

/// `cargo xtask` is completed where it runs this program: not before, and afterwards.
#[test]
fn what_is_typed_there_is_completed() {
    let sandbox = old_checkout();
    let complete = ["__complete", "bash", "--", " ", "cargo xtask qr"];
    assert_eq!(sandbox.xtask(&complete).stdout, "");
    adopt(&sandbox, &[]).succeeds();
    sandbox.xtask(&complete).assert(0, "words\nqr-promote\n", "");
}

#[test]
fn what_it_says_takes_it_back() {
    let sandbox = old_checkout();
    let before = sandbox.state();
    let written = adopt(&sandbox, &[]).succeeds();
    let (_, undo) = written.stdout.split_once("\nundo: ").unwrap();
    sandbox.program("sh", &["-c", undo]).run().succeeds();
    assert_eq!(sandbox.state(), before);
    // And by one revert, once it is committed.
    let written = adopt(&sandbox, &[]).succeeds();
    let commit = written.stdout.lines().find(|line| line.contains(" commit -m ")).unwrap();
    sandbox.program("sh", &["-c", commit]).run().succeeds();
    assert_eq!(sandbox.git("status --porcelain"), "");
    sandbox.git("revert --no-edit HEAD");
    assert_eq!(sandbox.state().files, before.files);
}

/// The notes, and the commands that commit it and take it back.
fn what_next(output: &Output) -> (String, String, Option<String>) {
    let is_ours =
        |line: &&str| !line.starts_with("note: offline: ") && !line.contains("no upstream");
    let notes: Vec<_> = output.stderr.lines().filter(is_ours).collect();
    let commit = output.stdout.lines().find(|line| line.contains(" commit -m ")).unwrap();
    let undo = output.stdout.split_once("\nundo: ").map(|(_, undo)| undo.to_owned());
    (notes.join("\n"), commit.to_owned(), undo)
}

#[test]
fn the_commands_work_where_git_ignores_files() {
    let sandbox = old_checkout();
    sandbox.write(".gitignore", ".cargo/\n/xtask\n/promote.toml\n/target/\n");
    sandbox.commit_all();
    let before = sandbox.state();
    let args = ["adopt", ".", "--offline", "--from", FROM, "--rev", REV];
    let (notes, _, undo) = what_next(&sandbox.xtask(&args).succeeds());
    let ignored = "note: git ignores `.cargo/config.toml`, `promote.toml`, `xtask/Cargo.toml`, `xtask/src/main.rs`: `git add --force` takes them in all the same";
    assert_eq!(notes, ignored);
    sandbox.program("sh", &["-c", &undo.unwrap()]).run().succeeds();
    assert_eq!(sandbox.state(), before);
    let (_, commit, _) = what_next(&sandbox.xtask(&args).succeeds());
    sandbox.program("sh", &["-c", &commit]).run().succeeds();
    assert_eq!(sandbox.git("ls-files .cargo xtask promote.toml").lines().count(), 4);
    sandbox.xtask(&args).assert(
        0,
        "nothing to do: it is adopted, with this version\n",
        "note: offline: the first `cargo xtask` completes `Cargo.lock`\n",
    );
}

#[test]
fn what_was_not_committed_before_is_named() {
    let sandbox = old_checkout();
    sandbox.write("Makefile", &(sandbox.read("Makefile") + "# mine\n"));
    sandbox.write("Cargo.toml", "[workspace]\nmembers = []\n");
    let args = ["adopt", ".", "--offline", "--from", FROM, "--rev", REV];
    let (notes, ..) = what_next(&sandbox.xtask(&args).succeeds());
    let mine = "note: changed before and not committed: `Makefile`, `Cargo.toml`; to commit or undo this includes that";
    assert_eq!(notes, mine);
    sandbox.reset();
    sandbox.git("update-ref -d HEAD");
    let (notes, commit, undo) = what_next(&sandbox.xtask(&args).succeeds());
    let nothing = "note: there is no commit yet: nothing could take this back";
    assert_eq!((notes.as_str(), undo), (nothing, None));
    sandbox.program("sh", &["-c", &commit]).run().succeeds();
}

#[test]
fn make_and_scripts_run_the_same_commands() {
    let sandbox = old_checkout();
    adopt(&sandbox, &[]).succeeds();
    sandbox.stand_in_for_cargo();
    let called = sandbox.world.root.join("called");
    let cases: &[(&[&str], &str)] = &[
        (&["make", "qr-promote"], "[xtask][qr-promote]"),
        (
            &["make", "qr-promote", "REF=v1", "DRY_RUN=1"],
            "[xtask][qr-promote][--ref][v1][--dry-run]",
        ),
        (
            &["make", "qr-promote", "ENV=tekton,jenkins", "ARGS=-q --strict"],
            "[xtask][qr-promote][--env][tekton][--env][jenkins][-q][--strict]",
        ),
        (
            &["make", "go-qr-promote", "ENV=tekton"],
            "[xtask][promote][--all][--component][go-qontract-reconcile]",
        ),
        (&["make", "update-schemas", "DRY_RUN=no"], "[xtask][update-schemas]"),
        (&["hack/qr-promote.sh"], "[xtask][qr-promote]"),
        (&["hack/qr-promote.sh", HEAD], &format!("[xtask][qr-promote][--ref][{HEAD}]")),
        (
            &["hack/go-qr-promote.sh", "a b"],
            "[xtask][promote][--all][--component][go-qontract-reconcile][--ref][a b]",
        ),
    ];
    for (words, expected) in cases {
        let program = match words[0] {
            "make" => "make".to_owned(),
            script => sandbox.path(script).display().to_string(),
        };
        sandbox.with_cargo(&program, &words[1..]).env("RUN", "").run().succeeds();
        assert_eq!(fs::read_to_string(&called).unwrap(), *expected, "{words:?}");
    }
    // Both of what `promote-all` needs, and the promotion itself.
    sandbox.with_cargo("make", &["promote-all"]).env("RUN", "").run().succeeds();
    let make = ["qr-promote", "ARGS=-q --no-image-check"];
    let run = sandbox.with_cargo("make", &make).env("DO_COMMIT", "1").run().succeeds();
    assert!(run.stdout.contains("\ncommitted "), "{}", run.stdout);
}

#[test]
fn what_is_there_already_is_kept() {
    let sandbox = old_checkout();
    let manifest = "# Ours\n[workspace]\nmembers = [\n    \"tools/a\", # first\n    \"tools/b\",\n]\n\n[profile.dev.package.memchr]\nopt-level = 3\n";
    sandbox.write("Cargo.toml", manifest);
    sandbox.write(
        ".cargo/config.toml",
        "# Mirrors\n[net]\nretry = 3\n\n[alias]\nb = \"build\" # often\n",
    );
    sandbox.write(".gitignore", "*.bak\r\n/target");
    sandbox.write("promote.toml", "# Ours\n[component.qontract-reconcile]\nupstream = \"https://github.com/app-sre/qontract-reconcile\"\n\n[component.qontract-reconcile.environment.pr-check]\npins = [{ file = \".env\", variable = \"RECONCILE_IMAGE_TAG\" }]\n");
    let make = sandbox
        .read("Makefile")
        .replace("\t@hack/update-schemas.sh", "ifdef X\n\t@hack/update-schemas.sh\nendif");
    sandbox.write("Makefile", &make.replace("@./hack/go-qr-promote.sh", "@echo go"));
    let args = ["adopt", ".", "--offline", "-n", "--from", FROM, "--rev", REV];
    sandbox.xtask(&args).matches("adopt-merged");
}

#[test]
fn line_ends_stay() {
    let sandbox = old_checkout();
    let files = ["Cargo.toml", ".cargo/config.toml", ".gitignore"];
    let texts =
        ["[workspace]\r\nmembers = [\r\n  \"a\",\r\n]\r\n", "[net]\r\nretry = 3\r\n", "a\r\n"];
    for (file, text) in files.iter().zip(texts) {
        sandbox.write(file, text);
    }
    adopt(&sandbox, &[]).succeeds();
    for (file, before) in files.iter().zip(texts) {
        let text = sandbox.read(file);
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{file}");
        assert!(text.len() > before.len(), "{file}");
    }
    adopt(&sandbox, &[]).assert(0, "nothing to do: it is adopted, with this version\n", "");
}

#[test]
fn a_password_is_not_written() {
    let sandbox = old_checkout();
    let from = FROM.replace("//", "//ann:secret@");
    let args = ["adopt", ".", "-q", "--offline", "--rev", REV];
    let with = sandbox.xtask(&[&args[..], &["-n", "--from", &from]].concat());
    assert_eq!(with, sandbox.xtask(&[&args[..], &["-n", "--from", FROM]].concat()));
}

#[test]
fn scripts_are_removed_or_kept() {
    let sandbox = old_checkout();
    let changes = |output: Output| {
        let (_, table) = output.stdout.rsplit_once("\n\n").unwrap();
        let lines = table.lines().filter(|line| line.contains("hack/"));
        lines.map(str::trim).map(str::to_owned).collect::<Vec<_>>()
    };
    let removed = changes(adopt(&sandbox, &["-n", "--scripts", "remove"]).succeeds());
    let [go, qr, schemas] = ["go-qr-promote", "qr-promote", "update-schemas"];
    assert_eq!(removed, [go, qr, schemas].map(|name| format!("removed  hack/{name}.sh")));
    let kept = changes(adopt(&sandbox, &["-n", "--scripts", "keep"]).succeeds());
    assert_eq!(kept, [""; 0]);
    adopt(&sandbox, &["--scripts", "remove"]).succeeds();
    assert!(!sandbox.path("hack").exists());
}

#[test]
fn a_named_target_is_taken_in_whatever_its_recipe_says() {
    let sandbox = old_checkout();
    let more = "\nvault-manager-promote:\n\t@bin/promote vault\n\nodd:\n\t@bin/odd\n";
    sandbox.write("Makefile", &(sandbox.read("Makefile") + more));
    let plain = adopt(&sandbox, &["-n"]).succeeds();
    assert!(!plain.stdout.contains("--component vault-manager"), "{}", plain.stdout);
    let args = ["adopt", ".", "-n", "--offline", "--from", FROM, "--rev", REV];
    let named = ["--target", "vault-manager-promote", "--target", "odd"];
    let output = sandbox.xtask(&[&args[..], &named].concat()).succeeds();
    let recipe = "set -- promote --all --component vault-manager; ";
    assert_eq!(output.stdout.matches(recipe).count(), 1, "{}", output.stdout);
    assert!(output.stdout.contains("+[component.vault-manager]\n"));
    let stays = "`odd` stays: neither its name nor its script names a known component\n";
    assert!(output.stderr.contains(stays), "{}", output.stderr);
}

/// Of several recipes, each would promote.
#[test]
fn a_recipe_that_is_not_alone_stays() {
    let sandbox = old_checkout();
    let make = sandbox.read("Makefile");
    let check = |old: &str, new: &str, stay: &[String]| {
        assert!(make.contains(old), "{make}");
        sandbox.write("Makefile", &make.replace(old, new));
        let args = ["adopt", ".", "-n", "--offline", "--from", FROM, "--rev", REV];
        let output = sandbox.xtask(&args).succeeds();
        let notes = output.stderr.lines().filter(|line| line.contains(" stays: "));
        assert_eq!(notes.collect::<Vec<_>>(), stay);
    };
    check("", "", &[]);
    let twice = "\nqr-promote::\n\t@hack/qr-promote.sh\n\nqr-promote::\n";
    let colons = "its recipe may be one of several, because of its `::`: edit it by hand";
    let note =
        |place: &str, name: &str, why: &str| format!("note: `{place}`: `{name}` stays: {why}");
    let notes = ["Makefile:7", "Makefile:10"].map(|place| note(place, "qr-promote", colons));
    check("\nqr-promote: ## promote\n", twice, &notes);
    let behind =
        note("Makefile:7", "qr-promote", "its recipe begins behind a `;`: edit it by hand");
    check("\nqr-promote: ## promote\n\t", "\nqr-promote: ;", &[behind]);
    let shared = "its recipe is that of several targets: edit it by hand";
    let names = ["update-schemas", "update-all"];
    let notes = names.map(|name| note("Makefile:14", name, shared));
    check("\nupdate-schemas:\n", "\nupdate-schemas update-all:\n", &notes);
}

/// Each makefile, and the notes about it; what stays is not touched.
#[test]
fn only_the_scripts_that_promote_are_replaced() {
    let sandbox = old_checkout();
    let check = |recipes: &str, scripts: &str, stay: &[&str]| {
        sandbox.write("Makefile", recipes);
        let args = ["adopt", ".", "-n", "--offline", "--from", FROM, "--rev", REV];
        let output = sandbox.xtask(&[&args[..], &["--scripts", scripts]].concat()).succeeds();
        let notes = output.stderr.lines().filter(|line| line.contains(" stays: "));
        let expected: Vec<_> = stay.iter().map(|note| format!("note: {note}")).collect();
        assert_eq!(notes.collect::<Vec<_>>(), expected, "{recipes}");
        let (_, table) = output.stdout.rsplit_once("\n\n").unwrap();
        let is_ours = |line: &&str| line.contains("hack/") || line.contains("resources/");
        table.lines().filter(is_ours).map(str::to_owned).collect::<Vec<_>>()
    };
    let changed = ["  changed  hack/qr-promote.sh"];
    // What a recipe edits by itself is no script.
    let file = "resources/jenkins/global/defaults.yaml";
    let edits = "sed -i s/qontract_reconcile_image_tag.*/x/";
    let inline = format!("qr-promote:\n\t{edits} {file}\n");
    assert_eq!(check(&inline, "shim", &[]), [""; 0]);
    assert_eq!(check(&inline, "remove", &[]), [""; 0]);
    let both = format!("qr-promote:\n\thack/qr-promote.sh\n\t{edits} {file}\n");
    assert_eq!(check(&both, "shim", &[]), changed);
    // Neither is what others call, or what only helps.
    let called = "qr-promote:\n\thack/qr-promote.sh\n\ncheck:\n\thack/qr-promote.sh --check\n";
    let note = ["`hack/qr-promote.sh` stays: a target still calls it"];
    assert_eq!(check(called, "shim", &note), [""; 0]);
    assert_eq!(check(called, "remove", &note), [""; 0]);
    sandbox.write("hack/newest.sh", "#!/bin/sh\ngit ls-remote x\n");
    let helped = "qr-promote:\n\thack/qr-promote.sh `hack/newest.sh`\n";
    let note = ["`hack/newest.sh` stays: it edits no version itself"];
    assert_eq!(check(helped, "shim", &note), changed);
    assert_eq!(check(helped, "remove", &note), ["  removed  hack/qr-promote.sh"]);
    // Who types its interpreter would have it read a shell script.
    sandbox.write("hack/p.py", "#!/usr/bin/env python3\nsed = 'RECONCILE_IMAGE_TAG'\n");
    let python = "qr-promote:\n\tpython3 hack/p.py\n";
    assert_eq!(check(python, "shim", &["`hack/p.py` stays: it is no shell script"]), [""; 0]);
    assert_eq!(check(python, "remove", &[]), ["  removed  hack/p.py"]);
    // Whatever fits a pattern would promote that one component.
    let pattern = "%-promote:\n\thack/qr-promote.sh $*\n";
    let note =
        ["`Makefile:1`: `%-promote` stays: its recipe is that of a pattern: edit it by hand"];
    assert_eq!(check(pattern, "shim", &note), [""; 0]);
}

#[test]
fn a_makefile_whose_shell_refuses_unset_variables() {
    let sandbox = old_checkout();
    let make = format!(".SHELLFLAGS := -eu -c\n{}", sandbox.read("Makefile"));
    sandbox.write("Makefile", &make);
    adopt(&sandbox, &[]).succeeds();
    sandbox.stand_in_for_cargo();
    for target in ["qr-promote", "go-qr-promote", "update-schemas"] {
        sandbox.with_cargo("make", &[target]).env("RUN", "").run().assert(0, "", "");
    }
}

#[test]
fn a_makefile_with_another_prefix_stays() {
    let sandbox = old_checkout();
    let make = format!(".RECIPEPREFIX = >\n{}", sandbox.read("Makefile").replace("\n\t", "\n>"));
    sandbox.write("Makefile", &make);
    let args = ["adopt", ".", "-n", "--offline", "--from", FROM, "--rev", REV];
    let output = sandbox.xtask(&args).succeeds();
    assert!(!output.stdout.contains("Makefile"), "{}", output.stdout);
    assert!(output.stderr.contains("note: `Makefile` sets `.RECIPEPREFIX`: its targets stay\n"));
}

#[test]
fn what_can_not_be_adopted_is_refused() {
    let sandbox = old_checkout();
    sandbox.write("sub/x", "");
    let before = |file: &str| fs::read_to_string(sandbox.path(file)).ok();
    let cases: &[(&str, &str)] = &[
        (".cargo/config.toml", "[alias]\nxtask = \"run -p their-xtask --\"\n"),
        (".cargo/config.toml", "alias = 1\n"),
        (".cargo/config.toml", "a = [\n"),
        ("xtask/Cargo.toml", "[package]\nname = \"xtask\"\n"),
        ("Cargo.toml", "[workspace]\nexclude = [\"xtask\"]\n"),
        ("Cargo.toml", "[workspace]\nmembers = 1\n"),
        ("Cargo.toml", "workspace = 1\n"),
        ("Cargo.toml", "[profile]\ndev = { debug = false }\n"),
    ];
    let mut all = String::new();
    for (file, text) in cases {
        let earlier = before(file);
        sandbox.write(file, text);
        let state = sandbox.state();
        let output = adopt(&sandbox, &[]);
        assert_eq!(output.status, 1, "{file} {text}");
        all.push_str(&output.stderr);
        assert_eq!(sandbox.state(), state);
        match earlier {
            Some(earlier) => sandbox.write(file, &earlier),
            None => fs::remove_file(sandbox.path(file)).unwrap(),
        }
    }
    for args in [
        &["adopt", "sub", "-q", "--from", FROM, "--rev", REV][..],
        &["adopt", "nowhere", "-q", "--from", FROM, "--rev", REV],
        &["adopt", ".", "-q", "--from", "/srv/tool", "--rev", REV],
        &["adopt", ".", "-q", "--from", FROM],
        &["adopt", ".", "-q", "--from", FROM, "--rev", REV, "--target", "nothing"],
        &["adopt", ".", "-q", "--vendor", "--rev", REV],
        &["adopt", ".", "-q", "--repo", ".", "--from", FROM, "--rev", REV],
        &["--config", "promote.toml", "adopt", ".", "-q", "--from", FROM, "--rev", REV],
        &["demo", "--repo", "."],
        &["completions", "bash", "--config", "promote.toml"],
        &["adopt", ".", "-q", "--compare", "--vendor"],
        &["adopt", ".", "-q", "--compare", "--scripts", "remove"],
        &["adopt", ".", "-q", "--compare", "--from", FROM, "--rev", REV],
        &["adopt"],
    ] {
        let output = sandbox.xtask(args);
        all.push_str(&format!("$ {}\n{}", args.join(" "), output.stderr));
    }
    Output::of(all).matches("adopt-refused");
}

#[test]
fn old_and_new_are_compared() {
    let sandbox = old_checkout();
    let before = sandbox.state();
    sandbox.xtask(&["adopt", ".", "--compare", "-q"]).matches("adopt-compared");
    assert_eq!(sandbox.state(), before);
    // What is left out is named.
    sandbox
        .write("Makefile", &(sandbox.read("Makefile") + "%-promote:\n\thack/qr-promote.sh $*\n"));
    let output = sandbox.xtask(&["adopt", ".", "--compare", "--format", "json"]);
    let note = "`Makefile:20`: `%-promote` stays: its recipe is that of a pattern: edit it by hand";
    assert!(output.stderr.ends_with(&format!("note: {note}\n")), "{}", output.stderr);
    let document: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(document["notes"], serde_json::json!([note]));
    let results = document["targets"].as_array().unwrap().iter().map(|one| &one["result"]);
    assert_eq!(results.collect::<Vec<_>>(), ["different", "not-compared", "same"]);
    let message = "not everything was compared: `go-qr-promote`";
    assert_eq!((output.status, &document["error"]["message"]), (1, &message.into()));
}

/// What it commits is no change of the next one's, and nobody else sees what it pushes.
#[test]
fn an_old_target_that_commits_is_compared() {
    let sandbox = old_checkout();
    let script = "#!/bin/sh\nsed -i 's/^export RECONCILE_IMAGE_TAG=.*/export RECONCILE_IMAGE_TAG=x/' .env\ngit commit -qam old\ngit push origin HEAD:old\n";
    fs::write(sandbox.path("hack/qr-promote.sh"), script).unwrap();
    sandbox.write(
        "Makefile",
        "qr-promote:\n\thack/qr-promote.sh\n\nupdate-schemas:\n\thack/update-schemas.sh\n",
    );
    sandbox.commit_all();
    let before = (sandbox.state(), sandbox.git("ls-remote origin"));
    let output = sandbox.xtask(&["adopt", ".", "--compare", "-q"]).succeeds();
    let (first, second) = output.stdout.split_once("update-schemas: ").unwrap();
    assert_eq!(second, "same result\n");
    let lines: Vec<_> = first.lines().take(3).collect();
    let expected = [
        "qr-promote: different",
        "  the old target failed: make: *** [Makefile:2: qr-promote] Error 1",
        "  .env:26: the old script writes `export RECONCILE_IMAGE_TAG=x`, now `export RECONCILE_IMAGE_TAG=7a734a7`",
    ];
    assert_eq!(lines, expected);
    assert_eq!((sandbox.state(), sandbox.git("ls-remote origin")), before);
}

/// The copies go, whatever ends it.
#[test]
fn a_comparison_that_is_interrupted() {
    for signal in heard_signals() {
        let sandbox = old_checkout();
        sandbox.replace("hack/qr-promote.sh", "set -e", "set -e; kill -$SIGNAL $XTASK; sleep 0.1");
        sandbox.commit_all();
        let script = "XTASK=$$; export XTASK; exec \"$0\" adopt . --compare -q";
        let run = sandbox.program("sh", &["-c", script, env!("CARGO_BIN_EXE_xtask")]);
        let temporary = sandbox.world.root.join("temporary");
        fs::create_dir(&temporary).unwrap();
        let output = run.env("SIGNAL", signal).env("TMPDIR", &temporary).run();
        output.assert(1, "", &format!("error: interrupted by SIG{signal}\n  help: run it again\n"));
        assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
        assert_eq!(sandbox.git("worktree list --porcelain").matches("worktree ").count(), 1);
    }
}

#[test]
fn the_sources_can_come_along() {
    let sandbox = old_checkout();
    let home = |variable: &str, folder: &str| {
        let home = || Path::new(&env::var_os("HOME").unwrap()).join(folder).into_os_string();
        env::var_os(variable).unwrap_or_else(home)
    };
    let (cargo, rustup) = (home("CARGO_HOME", ".cargo"), home("RUSTUP_HOME", ".rustup"));
    // With the registry that this test was built from, for the lockfile.
    let adopt = || {
        let run = sandbox.command(&["adopt", ".", "--vendor", "--offline", "-q"]);
        let run = run.env("CARGO", env!("CARGO")).env("CARGO_HOME", &cargo);
        run.env("RUSTUP_HOME", &rustup).run()
    };
    let output = adopt().succeeds();
    assert!(output.stdout.contains("  created  Cargo.lock\n"), "{}", output.stdout);
    let lock = sandbox.read("Cargo.lock");
    let names = |name: &str| lock.contains(&format!("name = \"{name}\"\n"));
    assert!(names("xtask") && names("promotion") && names("granit-parser"));
    assert!(!names("world") && !names("proptest"));
    assert!(!sandbox.path("xtask/world").exists() && !sandbox.path("xtask/fuzz").exists());
    assert!(!sandbox.read("xtask/Cargo.toml").contains("workspace = true"));
    adopt().assert(0, "nothing to do: it is adopted, with this version\n", "");
    let own = ["adopt", ".", "-q", "--offline", "--from", FROM, "--rev", REV];
    sandbox.xtask(&own).assert(
        1,
        "",
        "error: `xtask/Cargo.toml`: there is a copy of this tool\n  help: `--vendor` brings it to another version\n",
    );
    // What an older copy had is gone after the next one.
    sandbox.write("xtask/src/old.rs", "");
    adopt().succeeds();
    assert!(!sandbox.path("xtask/src/old.rs").exists());
}

/// The thin crate makes room for the sources.
#[test]
fn the_sources_can_come_later() {
    let (sandbox, at_once) = (old_checkout(), old_checkout());
    let vendor = ["adopt", ".", "--vendor", "--offline", "-q"];
    adopt(&sandbox, &[]).succeeds();
    sandbox.xtask(&vendor).succeeds();
    at_once.xtask(&vendor).succeeds();
    assert_eq!(sandbox.state().files, at_once.state().files);
}

/// Cargo refuses a workspace with two crates of one name.
#[test]
fn another_crate_of_the_same_name() {
    let sandbox = old_checkout();
    let package = "[package]\nname = \"xtask\"\n";
    sandbox.write("tools/x/Cargo.toml", package);
    let check = |manifest: &str, place: &str| {
        sandbox.write("Cargo.toml", manifest);
        adopt(&sandbox, &["-n"]).assert(
            1,
            "",
            &format!(
                "error: `{place}`: there is another crate called `xtask`\n  help: rename it first\n"
            ),
        );
    };
    check("[workspace]\nmembers = [\"./tools/*\"]\n", "tools/x/Cargo.toml");
    check(package, "Cargo.toml");
    // One that is no member is nobody's concern.
    sandbox.write("Cargo.toml", "[workspace]\nmembers = []\n");
    adopt(&sandbox, &["-n"]).succeeds();
}

/// No commit would have what changes in it.
#[test]
fn what_git_does_not_show_is_refused() {
    let sandbox = old_checkout();
    sandbox.git("update-index --assume-unchanged Makefile");
    sandbox.git("update-index --skip-worktree hack/qr-promote.sh");
    let before = sandbox.state();
    adopt(&sandbox, &[]).assert(
        1,
        "",
        "error: `Makefile`: git is told to pass over its changes (`assume-unchanged`)\n  \
         help: `git update-index --no-assume-unchanged Makefile` first\n\
         error: `hack/qr-promote.sh`: git is told to pass over its changes (`skip-worktree`)\n  \
         help: `git update-index --no-skip-worktree hack/qr-promote.sh` first\n",
    );
    assert_eq!(sandbox.state(), before);
    // What is not checked out is there all the same.
    let sandbox = old_checkout();
    sandbox.git("sparse-checkout set --no-cone /* !/Makefile");
    adopt(&sandbox, &[]).assert(
        1,
        "",
        "error: `Makefile`: git has it, but it is not checked out (sparse checkout)\n  \
         help: `git sparse-checkout add /Makefile`\n",
    );
    let sandbox = old_checkout();
    sandbox.write("Makefile", POINTER);
    adopt(&sandbox, &[]).assert(
        1,
        "",
        "error: `Makefile`: is a Git LFS pointer, its content is not here\n  \
         help: `git lfs pull --include Makefile`, or keep it out of LFS\n",
    );
}

/// It can't be told what it does.
#[test]
fn a_script_that_can_not_be_read_is_named() {
    let sandbox = old_checkout();
    fs::write(sandbox.path("hack/qr-promote.sh"), b"#!/bin/sh\n# caf\xe9\n").unwrap();
    fs::rename(sandbox.path("hack/update-schemas.sh"), sandbox.path("x.sh")).unwrap();
    std::os::unix::fs::symlink("../x.sh", sandbox.path("hack/update-schemas.sh")).unwrap();
    let args = ["adopt", ".", "-n", "--offline", "--from", FROM, "--rev", REV];
    let output = sandbox.xtask(&args).succeeds();
    let notes: Vec<_> = output.stderr.lines().filter(|line| line.contains(" stays: ")).collect();
    let note = |line: usize, name: &str| {
        format!(
            "note: `Makefile:{line}`: `{name}` stays: its recipe calls `hack/{name}.sh`, which can't be \
             read as a text; `--target {name}` takes it in all the same"
        )
    };
    assert_eq!(notes, [note(7, "qr-promote"), note(14, "update-schemas")]);
}

/// What would do nothing is neither taken nor told of.
#[test]
fn help_without_options_of_a_checkout() {
    let sandbox = Sandbox::new();
    let options = |command: &str| {
        let page = sandbox.xtask(&[command, "--help"]).succeeds().stdout;
        ["--repo", "--config", "--offline"].map(|option| page.contains(option))
    };
    for command in ["adopt", "demo", "completions"] {
        assert_eq!(options(command), [false, false, true], "{command}");
    }
    assert_eq!(options("status"), [true; 3]);
}

/// It can't be edited where it is, and nobody could name what it points to.
#[test]
fn links() {
    let sandbox = old_checkout();
    fs::rename(sandbox.path("Makefile"), sandbox.path("hack/Makefile")).unwrap();
    std::os::unix::fs::symlink("hack/Makefile", sandbox.path("Makefile")).unwrap();
    adopt(&sandbox, &[]).assert(
        1,
        "",
        "error: `Makefile`: is a symbolic link, or lies behind one\n  help: put what it points to in its place first\n",
    );
}

#[test]
fn a_sparse_checkout() {
    let sandbox = old_checkout();
    sandbox.git("sparse-checkout set --no-cone /* !/resources/");
    let args = ["adopt", ".", "--offline", "--from", FROM, "--rev", REV];
    let output = sandbox.xtask(&args).succeeds();
    assert!(output.stderr.contains("note: this is a sparse checkout, "), "{}", output.stderr);
    let discovered = sandbox.xtask(&["discover"]).succeeds();
    assert!(discovered.stderr.contains("note: this is a sparse checkout, "));
    let commit = output.stdout.lines().find(|line| line.contains(" commit -m ")).unwrap();
    sandbox.program("sh", &["-c", commit]).run().succeeds();
    sandbox.git("sparse-checkout disable");
    assert_eq!(sandbox.git("status --porcelain"), "");
    assert!(sandbox.path("resources/jenkins/global/defaults.yaml").exists());
}

#[test]
fn odd_checkouts() {
    let sandbox = old_checkout();
    sandbox.git("config core.autocrlf input");
    sandbox.write(".gitattributes", "Makefile text eol=crlf\n");
    sandbox.write("Makefile", &sandbox.read("Makefile").replace('\n', "\r\n"));
    sandbox.write(".git/hooks/post-checkout", "#!/bin/sh\nexit 1\n");
    sandbox.git("add --all");
    sandbox.git("commit --quiet -m crlf");
    let odd = sandbox.world.root.join("-app é (1)");
    fs::rename(&sandbox.world.repository, &odd).unwrap();
    let args = ["adopt", "-q", "--offline", "--from", FROM, "--rev", REV, "--", "-app é (1)"];
    let written = sandbox.command(&args).cwd(&sandbox.world.root).run().succeeds();
    let make = fs::read_to_string(odd.join("Makefile")).unwrap();
    assert_eq!(make.matches('\n').count(), make.matches("\r\n").count());
    let commit = written.stdout.lines().find(|line| line.contains(" commit -m ")).unwrap();
    sandbox.program("sh", &["-c", commit]).cwd(&sandbox.world.root).run().succeeds();
    let there = written.stdout.lines().find(|line| line.ends_with("cargo xtask status")).unwrap();
    let there = there.replace("cargo xtask status", "pwd");
    let output = sandbox.program("sh", &["-c", &there]).cwd(&sandbox.world.root).run();
    output.assert(0, "[root]/-app é (1)\n", "");
}
