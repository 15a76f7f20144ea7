//! The commits that wait, in all forms.

use std::fs;

use crate::sandbox::{HEAD, Sandbox};

#[test]
fn forms() {
    let sandbox = Sandbox::new();
    let before = sandbox.state();
    sandbox.xtask(&["changes"]).matches("changes");
    sandbox.xtask(&["changes", "-q", "--format", "markdown"]).matches("changes-markdown");
    sandbox.xtask(&["changes", "--format", "json"]).matches("changes-json");
    sandbox.xtask(&["changes", "-q", "--color", "always"]).matches("changes-color");
    assert_eq!(sandbox.state(), before);
}

#[test]
fn ranges() {
    let sandbox = Sandbox::new();
    let run = |args: &[&str], name: &str| {
        sandbox.xtask(&[&["changes", "-q"], args].concat()).matches(name)
    };
    run(&["--env", "pr-check"], "changes-pr-check");
    run(&["--env", "tekton,internal", "--ref", "v0.10.0"], "changes-tekton");
    run(&["--from", "v0.9.0", "--ref", "v0.10.0"], "changes-from");
    run(&["--from", "v0.10.0", "--ref", "v0.9.0"], "changes-from-back");
    run(&["--from", "v0.9.0", "--ref", "v0.10.0", "--env", "tekton"], "changes-from-env");
    run(&["--from", "hotfix/saas-timeout"], "changes-from-hotfix");
    run(&["--from", "v0.9.0", "--ref", "v0.10.0", "--format", "json"], "changes-from-json");
    run(&["--component", "qontract-schemas"], "changes-schemas");
    run(&["--ref", "v0.9.0"], "changes-back");
    run(&["--from", "nowhere"], "changes-from-nowhere");
}

#[test]
fn nothing_waits() {
    let sandbox = Sandbox::new();
    sandbox.offline(&["qr-promote"]).succeeds();
    let everywhere = "nothing waits: qontract-reconcile is at 7a734a7 everywhere\n";
    sandbox.xtask(&["changes", "-q"]).assert(0, everywhere, "");
    let tekton = "nothing waits: qontract-reconcile is at 7a734a7 in internal, tekton\n";
    sandbox.xtask(&["changes", "-q", "--env", "tekton,appsrep05ue1"]).assert(0, tekton, "");
    let between = "nothing between master and 7a734a7\n";
    sandbox.xtask(&["changes", "-q", "--from", "master"]).assert(0, between, "");
    let markdown = sandbox.xtask(&["changes", "-q", "--format", "markdown"]);
    markdown.assert(0, &format!("```\n{everywhere}{HEAD}\n```\n"), "");
    sandbox.xtask(&["changes", "-q", "--format", "json"]).matches("changes-nothing-json");
    // The same commit by another name.
    sandbox.replace("resources/jenkins/global/defaults.yaml", "7a734a7", "7a734a7-rc");
    let no_commits = "jenkins from 7a734a7-rc: no commits\n";
    sandbox.xtask(&["changes", "-q"]).assert(0, no_commits, "");
}

#[test]
fn offline() {
    let sandbox = Sandbox::new();
    sandbox.xtask(&["changes", "--offline"]).assert(
        1,
        "",
        "error: there is no mirror of `[root]/upstream/qontract-reconcile` yet\n  help: run it once without `--offline`\n",
    );
    let online = sandbox.xtask(&["changes", "-q"]).succeeds();
    fs::remove_dir_all(sandbox.world.root.join("upstream")).unwrap();
    let note = "note: offline: `https://github.com/app-sre/qontract-reconcile` is as it was at the last fetch\n";
    sandbox.xtask(&["changes", "--offline"]).assert(0, &online.stdout, note);
    sandbox.xtask(&["changes"]).matches("upstream-missing");
}

/// The ends of long lists are counted. `--all` and `--people` show them; JSON has everything.
#[test]
fn long_lists() {
    let sandbox = Sandbox::new();
    let mut parent = HEAD.to_owned();
    for number in 0..25 {
        let author = format!("Ann {} <ann{}@example.com>", number % 7, number % 7);
        let message = format!("subject {number:02}\n");
        parent = sandbox.grow(&sandbox.world.reconcile, &[&parent], &author, &message);
    }
    let run = |more: &[&str]| sandbox.xtask(&[&["changes", "-q", "--from", HEAD], more].concat());
    run(&[]).matches("changes-long");
    let shown = |more: &[&str]| {
        let run = run(more);
        let tell = run.stdout.lines().last().unwrap().to_owned();
        (run.stdout.matches(" subject ").count(), tell.matches("Ann").count())
    };
    assert_eq!(shown(&["--people"]), (20, 7));
    assert_eq!(shown(&["--all"]), (25, 7));
    let json: serde_json::Value = serde_json::from_str(&run(&["--format", "json"]).stdout).unwrap();
    let count = |value: &serde_json::Value| value.as_array().unwrap().len();
    assert_eq!((count(&json["changes"][0]["queued"]), count(&json["tell"])), (25, 7));
}

/// Commits are links where the terminal takes them, and only there.
#[test]
fn commits_are_links() {
    let sandbox = Sandbox::new();
    let args = ["changes", "--env", "jenkins", "--color", "always", "--quiet"];
    let run = |links: &str| {
        let run = sandbox.program(env!("CARGO_BIN_EXE_xtask"), &args);
        run.env("FORCE_HYPERLINK", links).run().succeeds().stdout
    };
    let page = format!("https://github.com/app-sre/qontract-reconcile/commit/{HEAD}");
    let link = format!("\u{1b}]8;;{page}\u{1b}\\7a734a7\u{1b}]8;;\u{1b}\\");
    assert_eq!(run("1").matches(&link).count(), 1);
    assert_eq!(run("0").matches("\u{1b}]8").count(), 0);
    assert_eq!(run("1").replace(&link, "7a734a7").matches(HEAD).count(), 0);
}

/// Of the upstream, and of the checkout.
#[test]
fn commits_whose_date_git_cannot_read() {
    for date in ["-1 +0000", "x +0000", "18446744073709551615 +0000"] {
        let sandbox = Sandbox::covered();
        sandbox.commit_all();
        for folder in [&sandbox.world.reconcile.path, &sandbox.world.repository] {
            let head = sandbox.git_in(folder, &["cat-file", "commit", "HEAD"], "");
            let (before, after) = head.split_once("\ncommitter ").unwrap();
            let (_, message) = after.split_once('\n').unwrap();
            let text = format!("{before}\ncommitter A <a@example.com> {date}\n{message}\n");
            let args = ["hash-object", "-t", "commit", "-w", "--stdin", "--literally"];
            let commit = sandbox.git_in(folder, &args, &text);
            sandbox.git_in(folder, &["update-ref", "HEAD", &commit], "");
        }
        let commands: [&[&str]; 5] = [
            &["promote", "--env", "jenkins", "-n", "--no-image-check"],
            &["rollback", "--env", "jenkins", "--reason", "x", "-n"],
            &["status"],
            &["changes"],
            &["explain", ".env"],
        ];
        for command in commands {
            sandbox.xtask(&[command, &["-q"]].concat()).succeeds();
        }
    }
}
