//! What each way of landing does to a checkout: everything, or nothing at all.

use std::fs;

use world::executable;

use crate::sandbox::{HEAD, Output, Run, Sandbox, State};

pub const JENKINS: &str = "resources/jenkins/global/defaults.yaml";
pub const SAAS: &str = "data/services/app-interface/cicd/ci-ext/saas-qontract-reconcile.yaml";
pub const SHARED: &str = "data/services/app-interface/shared-resources";

const COMMANDS: [&[&str]; 3] =
    [&["update-schemas"], &["qr-promote"], &["promote", "--env", "tekton,pr-check"]];

/// Runs a command; its output, and the checkout afterwards, which is reset.
pub fn landed(sandbox: &Sandbox, args: &[&str], do_commit: &str) -> (Output, State) {
    let output = sandbox.command(args).env("DO_COMMIT", do_commit).run();
    let state = sandbox.state();
    sandbox.reset();
    (output, state)
}

#[test]
fn the_variable_means_the_option() {
    let sandbox = Sandbox::new();
    let before = sandbox.state();
    for command in COMMANDS {
        let commit = [command, &["--commit"]].concat();
        let dry_run = [command, &["--dry-run"]].concat();
        let land = |args: &[&str], do_commit: &str| landed(&sandbox, args, do_commit);
        let committed = land(&commit, "");
        assert_eq!(land(command, "1"), committed, "{command:?}");
        assert_eq!(committed.1.status, "", "{command:?}");

        let shown = land(&dry_run, "");
        assert_eq!(land(&dry_run, "1"), shown, "{command:?}");
        assert_eq!(shown.1, before, "{command:?}");

        assert_eq!(land(command, "true"), committed, "{command:?}");
        let written = land(command, "no");
        assert_eq!(land(command, "0"), written, "{command:?}");
        assert_eq!(written.1.branch, before.branch, "{command:?}");
        assert_eq!(written.1.index, before.index, "{command:?}");
        assert_eq!(written.1.files, committed.1.files, "{command:?}");
    }
}

#[test]
fn dry_run_and_commit_exclude_each_other() {
    let sandbox = Sandbox::new();
    for command in COMMANDS {
        let usage = match command[0] {
            "promote" => "promote --dry-run <NAME [WHERE]|--env <NAME>...|--all|--saas <NAME>...|--owner <TEAM>>"
                .to_owned(),
            "qr-promote" => "qr-promote --dry-run [SHA]".to_owned(),
            name => format!("{name} --dry-run"),
        };
        sandbox.xtask(&[command, &["--dry-run", "--commit"]].concat()).assert(
            2,
            "",
            &format!(
                "error: the argument `--dry-run` cannot be used with `--commit`\n  help: usage: cargo xtask {usage}\n        for more information, try `--help`\n"
            ),
        );
    }
}

#[test]
fn what_a_dry_run_shows_is_what_a_run_does() {
    let sandbox = Sandbox::new();
    let odd = "\n[component.qontract-reconcile.environment.odd]\npins = [{ file = 'a \"b/ü.env', variable = \"TAG\" }]\n";
    sandbox.write("a \"b/ü.env", "TAG=latest");
    sandbox.write("promote.toml", &(sandbox.read("promote.toml") + odd));
    sandbox.commit_all();
    let copy = sandbox.world.root.join("copy");
    sandbox.git(&format!("clone --quiet . {}", copy.display()));
    let dry = sandbox.xtask(&["qr-promote", "-n"]).succeeds();
    sandbox.git_in(&copy, &["apply", "--index", "-"], &dry.stdout);
    let tree = sandbox.git_in(&copy, &["write-tree"], "");

    let run = sandbox.xtask(&["qr-promote"]).succeeds();
    let diff = |output: &Output| {
        let start = output.stdout.find("diff --git").unwrap();
        output.stdout[start..].split("\n\n1").next().map(str::to_owned).unwrap()
    };
    let files = |text: String| text.rsplit_once("\n10 files").map(|(diff, _)| diff.to_owned());
    assert_eq!(files(diff(&dry)), files(diff(&run)));
    sandbox.git("add --all");
    assert_eq!(sandbox.git("write-tree").trim_end(), tree);
    assert_ne!(sandbox.git("rev-parse HEAD^{tree}").trim_end(), tree);
}

#[test]
fn the_document_has_the_same_diff() {
    let sandbox = Sandbox::new();
    let copy = sandbox.world.root.join("copy");
    sandbox.git(&format!("clone --quiet . {}", copy.display()));
    let run = sandbox.offline(&["qr-promote", "--format", "json"]).succeeds();
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    sandbox.git_in(&copy, &["apply", "-"], document["diff"].as_str().unwrap());
    let changed = sandbox.git_in(&copy, &["diff"], "");
    assert_eq!(changed, sandbox.git("diff").trim_end());
}

#[test]
fn a_commit_takes_just_the_promoted_files() {
    let sandbox = Sandbox::new();
    sandbox.write("staged.txt", "new\n");
    sandbox.write("README.md", "staged\n");
    sandbox.git("add staged.txt README.md");
    sandbox.write("README.md", "and changed\n");
    sandbox.git("rm --quiet data/products/app-sre/product.yml");
    sandbox.write("data/teams/platform/roles/platform.yml", "changed\n");
    sandbox.write(&format!("{SHARED}/untracked.yml"), "a: 1\n");
    sandbox.write(".git/info/exclude", "ignored\n");
    sandbox.write("ignored", "x");
    let before = sandbox.state();
    sandbox.xtask(&["qr-promote", "--commit"]).succeeds();
    let after = sandbox.state();
    assert_eq!(after.status, before.status);
    assert_eq!(
        sandbox.git("diff --cached --name-only"),
        "README.md\ndata/products/app-sre/product.yml\nstaged.txt\n"
    );
    assert_eq!(
        sandbox.git("show --format=%an%n%s --name-only HEAD"),
        format!(
            "Tobias Winterfeld\nqontract production promotion 47fbced, 72aebf9-rc to 7a734a7\n\n.env\n{SAAS}\n{}\n{SHARED}/gitlab-webhooks.yml\n{SHARED}/legacy/openshift-saas-deploy-v1.yaml\n{SHARED}/openshift-saas-deploy-many.yml\n{SHARED}/openshift-saas-deploy.yml\n{SHARED}/push-gateway.yml\n{JENKINS}\n",
            SAAS.replace("ci-ext/saas-qontract-reconcile", "ci-int/saas-qontract-reconcile-int"),
        )
    );
}

#[test]
fn messages() {
    let sandbox = Sandbox::new();
    let message = || Output::of(sandbox.git("log -1 --format=%B"));
    sandbox.xtask(&["update-schemas", "--commit"]).succeeds();
    message().matches("message-schemas");
    sandbox.xtask(&["promote", "--env", "jenkins", "--commit"]).succeeds();
    message().matches("message-one");
    sandbox.replace(
        SAAS,
        "ref:  47fbcedb83acf136db09422466a44c7e37c08639",
        "ref:  acc3582ce31453e9e3f530417e0c1a539eccb331",
    );
    sandbox.replace(&format!("{SHARED}/push-gateway.yml"), "47fbced", "latest-2");
    sandbox.replace(&format!("{SHARED}/push-gateway.yml"), "latest-2", "f40f661-rc");
    sandbox.commit_all();
    sandbox.xtask(&["qr-promote", "--commit"]).succeeds();
    message().matches("message-disagreeing");
    assert_eq!(sandbox.git("log -1 --format=%(trailers)"), "\n");
}

#[test]
fn a_run_then_a_commit() {
    let sandbox = Sandbox::new();
    let direct = landed(&sandbox, &["qr-promote", "--commit"], "").1;
    sandbox.xtask(&["qr-promote"]).succeeds();
    sandbox.git(&format!("add .env {JENKINS}"));
    sandbox.xtask(&["qr-promote", "--commit"]).succeeds();
    assert_eq!(sandbox.state(), direct);

    sandbox.reset();
    sandbox.xtask(&["promote", "--env", "tekton"]).succeeds();
    sandbox.xtask(&["qr-promote", "--commit"]).succeeds();
    assert_eq!(sandbox.state(), direct);
}

/// Installs a hook.
pub fn hook(sandbox: &Sandbox, name: &str, script: &str) {
    let hooks = sandbox.path(".git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    executable(&hooks.join(name), &format!("#!/bin/sh\n{script}\n")).unwrap();
}

/// A run that finds a `git` which does this first, and after it what git does.
pub fn with_git<'a>(sandbox: &'a Sandbox, first: &str, args: &[&str]) -> Run<'a> {
    let bin = sandbox.world.root.join("bin");
    fs::create_dir_all(&bin).unwrap();
    let script = format!("#!/bin/sh\nPATH=\"${{PATH#*:}}\"\n{first}\nexec git \"$@\"\n");
    executable(&bin.join("git"), &script).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let rest = ["--offline", "--quiet", "--ref", HEAD];
    sandbox.command(&[args, &rest].concat()).env("PATH", path)
}

/// The files of ours in the git folder.
pub fn left(sandbox: &Sandbox) -> Vec<String> {
    let entries = fs::read_dir(sandbox.path(".git")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.contains("xtask") || name.ends_with(".lock")).collect()
}

/// A commit is refused after `prepare`, for this reason, and changes nothing.
pub fn check_refused(sandbox: &Sandbox, expected: &str, prepare: impl Fn(&Sandbox)) {
    prepare(sandbox);
    let before = sandbox.state();
    sandbox.offline(&["qr-promote", "--commit"]).assert(1, "", expected);
    assert_eq!(sandbox.state(), before);
    sandbox.reset();
}

#[test]
fn commits_that_would_take_more() {
    let sandbox = Sandbox::new();
    let check_refused = |expected: &str, prepare: &dyn Fn(&Sandbox)| {
        check_refused(&sandbox, expected, prepare);
    };
    let other = |path: &str| {
        format!(
            "error: `{path}`: has other uncommitted changes\n  help: commit or stash them first, or leave `--commit` out\n"
        )
    };
    let new = |path: &str| {
        format!(
            "error: `{path}`: is not in the last commit\n  help: commit it first, or leave `--commit` out\n"
        )
    };
    check_refused(&other(JENKINS), &|sandbox| {
        sandbox.replace(JENKINS, "timeout: 60", "timeout: 61")
    });
    check_refused(&other(JENKINS), &|sandbox| {
        sandbox.offline(&["qr-promote"]).succeeds();
        sandbox.replace(JENKINS, "timeout: 60", "timeout: 61");
    });
    check_refused(&other(".env"), &|sandbox| {
        let before = sandbox.read(".env");
        sandbox.replace(".env", "9d4c1b7", "0000000");
        sandbox.git("add .env");
        sandbox.write(".env", &before);
    });
    check_refused(&other(".env"), &|sandbox| {
        let before = sandbox.read(".env");
        sandbox.replace(".env", "9d4c1b7", "0000000");
        sandbox.git("add .env");
        sandbox.write(".env", &before);
        sandbox.offline(&["qr-promote"]).succeeds();
    });
    check_refused(&other(".env"), &|sandbox| _ = sandbox.git("rm --quiet --cached .env"));
    check_refused(&other(JENKINS), &|sandbox| {
        sandbox.offline(&["qr-promote", "--commit"]).succeeds();
        sandbox.replace(JENKINS, "7a734a7", "3f583c2");
    });
    let pin = "variables: {qontract_reconcile_image_tag: 47fbced}\n";
    check_refused(&new(&format!("{SHARED}/new.yml")), &|sandbox| {
        sandbox.write(&format!("{SHARED}/new.yml"), pin);
    });
    check_refused(&new(&format!("{SHARED}/new.yml")), &|sandbox| {
        sandbox.write(&format!("{SHARED}/new.yml"), pin);
        sandbox.git("add --all");
    });
    check_refused(&new(&format!("{SHARED}/new.yml")), &|sandbox| {
        sandbox.write(&format!("{SHARED}/new.yml"), pin);
        sandbox.git("add --intent-to-add --all");
    });
    check_refused(&other(".env"), &|sandbox| {
        sandbox.replace(".env", "9d4c1b7", "0000000");
        sandbox.git("stash --quiet");
        sandbox.replace(".env", "9d4c1b7", "1111111");
        sandbox.commit_all();
        assert_eq!(sandbox.git_status("stash pop --quiet"), 1);
        sandbox.git("checkout --quiet --ours .env");
    });
}

#[test]
fn other_changes_do_not_keep_files_from_being_edited() {
    let sandbox = Sandbox::new();
    sandbox.replace(JENKINS, "timeout: 60", "timeout: 61");
    sandbox.write(&format!("{SHARED}/new.yml"), "qontract_reconcile_image_tag: latest-1\n");
    sandbox.offline(&["qr-promote"]).succeeds();
    let expected = sandbox.git(&format!("show HEAD:{JENKINS}"));
    let expected = expected.replace("timeout: 60", "timeout: 61").replace("'47fbced'", "'7a734a7'");
    assert_eq!(sandbox.read(JENKINS), expected);
}

#[test]
fn a_refused_pin_leaves_every_file_alone() {
    let sandbox = Sandbox::new();
    sandbox.replace(JENKINS, "'47fbced'", "&tag 47fbced # *tag\n    other: *tag");
    let push = format!("{SHARED}/push-gateway.yml");
    sandbox.replace(&push, "image_tag: 47fbced", "image_tag: |\n      47fbced");
    sandbox.commit_all();
    let before = sandbox.state();
    for landing in [&[][..], &["--commit"], &["--dry-run"]] {
        sandbox.offline(&[&["qr-promote"], landing].concat()).matches("refused-pins");
    }
    sandbox.offline(&["qr-promote", "--format", "json"]).matches("refused-pins-json");
    assert_eq!(sandbox.state(), before);
}

/// Where the two parsers of YAML disagree about what an edit did, nothing is written.
#[test]
fn the_second_parser_is_asked() {
    let sandbox = Sandbox::covered();
    sandbox.replace(
        JENKINS,
        "    timeout",
        "    # a line break for libyaml only: \u{85}    timeout",
    );
    sandbox.replace(
        JENKINS,
        "    node:",
        "    # another:\u{85}    qontract_reconcile_image_tag: 47fbced\n    node:",
    );
    let before = sandbox.state();
    for landing in ["--commit", "--dry-run", "--strict"] {
        sandbox.offline(&["qr-promote", landing]).matches("second-parser");
    }
    assert_eq!(sandbox.state(), before);
}
