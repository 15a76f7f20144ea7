//! Where a promotion may go: forward, along the default branch, schemas first.

use crate::origin::TWINS;
use crate::sandbox::{HEAD, Output, Sandbox};

const JENKINS: &str = "resources/jenkins/global/defaults.yaml";
const ANN: &str = "Ann <ann@example.com>";
const REASON: [&str; 3] =
    ["--allow-downgrade", "--reason", "It  broke\nSigned-off-by: \u{1b}[31mEve"];

/// Refused and nothing changed; the output is as in that file.
fn check_refused(sandbox: &Sandbox, args: &[&str], name: &str) {
    let before = sandbox.state();
    let run = sandbox.xtask(&[args, &["--quiet"]].concat());
    run.matches(name);
    assert_eq!((run.status, run.stdout.as_str()), (1, ""));
    assert_eq!(sandbox.state(), before);
}

#[test]
fn behind() {
    let sandbox = Sandbox::covered();
    let args = ["qr-promote", "--ref", "v0.9.0"];
    check_refused(&sandbox, &args, "guard-behind");
    check_refused(&sandbox, &[&args[..], &["--commit"]].concat(), "guard-behind");
    check_refused(&sandbox, &[&args[..], &["-n"]].concat(), "guard-behind");
    sandbox.xtask(&[&args[..], &["--format", "json", "-q"]].concat()).matches("guard-behind-json");
    let allowed = [&["promote", "--env", "jenkins", "--ref", "v0.9.0", "--commit"], &REASON[..]];
    sandbox.xtask(&allowed.concat()).matches("guard-behind-allowed");
    let message = sandbox.git("log -1 --format=%B%n---%n%(trailers)");
    Output::of(message).matches("guard-behind-message");
}

/// A merge that brings nothing of its own is listed nowhere, and still is a direction.
#[test]
fn nothing_but_a_merge() {
    let sandbox = Sandbox::covered();
    let upstream = &sandbox.world.reconcile;
    let merge = sandbox.grow(upstream, &[HEAD, "v0.10.0"], ANN, "Merge what was merged\n");
    let pin = |version: &str| {
        sandbox.git(&format!("checkout --quiet {JENKINS}"));
        sandbox.replace(JENKINS, "'47fbced'", &format!("'{version}'"));
    };
    pin(&HEAD[..7]);
    let rollback = ["rollback", "--env", "jenkins", "--reason", "x", "--to", &merge];
    check_refused(&sandbox, &rollback, "guard-merge-forward");
    sandbox.xtask(&["promote", "--env", "jenkins", "-n", "-q"]).matches("guard-merge");
    pin(&merge[..7]);
    check_refused(&sandbox, &["promote", "--env", "jenkins", "--ref", HEAD], "guard-merge-back");
    sandbox.git_in(&upstream.path, &["branch", "merged"], "");
    sandbox.git_in(&upstream.path, &["update-ref", "HEAD", HEAD], "");
    let status = ["status", "--env", "jenkins", "--component", "qontract-reconcile", "--check"];
    sandbox.xtask(&[&status[..], &["-q"]].concat()).matches("status-off-the-branch-by-a-merge");
}

#[test]
fn the_command_to_commit_has_the_switches() {
    let sandbox = Sandbox::covered();
    let args = ["promote", "--env", "jenkins", "--ref", "v0.9.0", "--allow-off-branch", "-q"];
    let run = sandbox.xtask(&[&args[..], &["--allow-downgrade", "--reason", "it's bad"]].concat());
    run.matches("guard-command-to-commit");
}

#[test]
fn diverged_and_off_branch() {
    let sandbox = Sandbox::covered();
    let hotfix = ["promote", "--env", "jenkins", "--ref", "hotfix/saas-timeout"];
    check_refused(&sandbox, &hotfix, "guard-off-branch");
    sandbox
        .xtask(&[&hotfix[..], &["--allow-off-branch"]].concat())
        .matches("guard-off-branch-allowed");
    sandbox.commit_all();
    check_refused(&sandbox, &["promote", "--env", "jenkins"], "guard-diverged");
    let allowed = [&["promote", "--env", "jenkins", "-q"], &REASON[..]].concat();
    sandbox.xtask(&allowed).matches("guard-diverged-allowed");
}

/// What is there already needs no leave.
#[test]
fn nothing_to_do_is_not_judged() {
    let sandbox = Sandbox::covered();
    let hotfix = ["promote", "--env", "jenkins", "--ref", "hotfix/saas-timeout", "-q"];
    sandbox.xtask(&[&hotfix[..], &["--allow-off-branch"]].concat()).succeeds();
    sandbox.commit_all();
    sandbox.xtask(&[&hotfix[..], &["--strict"]].concat()).assert(
        0,
        "qontract-reconcile 2bbe03e 2bbe03ef1666d8060623d91604be40da87bbedfb\njenkins\n  2bbe03e already there  resources/jenkins/global/defaults.yaml:6\n\nnothing to do: every pin is there already\n",
        "",
    );
}

#[test]
fn an_unknown_commit() {
    let sandbox = Sandbox::covered();
    sandbox.replace(JENKINS, "'47fbced'", "'0badcaf'");
    check_refused(&sandbox, &["promote", "--env", "jenkins"], "guard-unknown");
    let allowed = [&["promote", "--env", "jenkins", "-q"], &REASON[..]].concat();
    sandbox.xtask(&allowed).matches("guard-unknown-allowed");
}

#[test]
fn a_moving_tag() {
    let sandbox = Sandbox::covered();
    sandbox.replace(JENKINS, "'47fbced'", "'latest'");
    sandbox.xtask(&["promote", "--env", "jenkins", "--strict"]).matches("guard-moving");
}

/// Puts both twins into the upstream, merged.
fn with_twins(sandbox: &Sandbox, merged: &[usize]) -> String {
    let upstream = &sandbox.world.reconcile;
    let git = |args: &[&str], input: &str| sandbox.git_in(&upstream.path, args, input);
    let empty = git(&["mktree"], "");
    for (message, id) in TWINS {
        let ann = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"];
        let date = "1704067200 +0000";
        let commit =
            format!("tree {empty}\nauthor {ANN} {date}\ncommitter {ANN} {date}\n\n{message}\n");
        let args = [&ann[..], &["hash-object", "-t", "commit", "-w", "--stdin"]].concat();
        assert_eq!(git(&args, &commit), id);
        git(&["update-ref", &format!("refs/heads/{id}-twin"), id], "");
    }
    let mut parents = vec![HEAD];
    parents.extend(merged.iter().map(|&index| TWINS[index].1));
    sandbox.grow(upstream, &parents, ANN, "Merge the twins\n")
}

#[test]
fn a_colliding_old_tag() {
    let sandbox = Sandbox::covered();
    with_twins(&sandbox, &[0, 1]);
    sandbox.replace(JENKINS, "'47fbced'", "'06d07fa'");
    sandbox.xtask(&["promote", "--env", "jenkins", "-n"]).matches("guard-colliding-old");
    check_refused(
        &sandbox,
        &["promote", "--env", "jenkins", "--strict"],
        "guard-colliding-old-strict",
    );

    let sandbox = Sandbox::covered();
    with_twins(&sandbox, &[0]);
    sandbox.replace(JENKINS, "'47fbced'", "'06d07fa'");
    check_refused(&sandbox, &["promote", "--env", "jenkins"], "guard-colliding-old-unmerged");
}

#[test]
fn a_colliding_new_tag() {
    let sandbox = Sandbox::covered();
    with_twins(&sandbox, &[0, 1]);
    sandbox.replace(JENKINS, "'47fbced'", "'latest'");
    let args = ["promote", "--env", "jenkins", "--ref", TWINS[0].1];
    check_refused(&sandbox, &[&args[..], &["--strict"]].concat(), "guard-colliding-new-strict");
    sandbox.xtask(&[&args[..], &["-q"]].concat()).matches("guard-colliding-new");
    check_refused(&sandbox, &["qr-promote", "--ref", "06d07fa"], "guard-ambiguous");
}

#[test]
fn schemas_first() {
    let sandbox = Sandbox::covered();
    check_refused(&sandbox, &["qr-promote", "--strict"], "guard-schemas-strict");
    sandbox.xtask(&["qr-promote", "-n", "--format", "json", "-q"]).matches("guard-schemas-json");
    // What is wrong with their own pin is no reason to say how far behind they are.
    sandbox.replace(".env", "SCHEMAS_IMAGE_TAG", "OTHER_IMAGE_TAG");
    let jenkins = sandbox.xtask(&["promote", "--env", "jenkins", "--strict", "-q", "-n"]);
    assert_eq!(jenkins.succeeds().stderr, "");
    sandbox.reset();
    sandbox.cover();
    // Nothing that needs them goes along.
    let older = sandbox.xtask(&["qr-promote", "--ref", "v0.10.0", "--strict", "-n"]);
    older.matches("guard-schemas-not-needed");
    sandbox.xtask(&["update-schemas", "--commit"]).succeeds();
    sandbox.xtask(&["qr-promote", "--strict"]).matches("guard-schemas-done");
}

/// The configured component is promoted by its name, with what was typed; that command works.
#[test]
fn another_component_first() {
    let sandbox = Sandbox::covered();
    let path = "schema-paths = [\"reconcile/gql_definitions/introspection.json\"";
    let text = sandbox.read("promote.toml").replace(path, &format!("{path}, \"api\""));
    let text =
        text.replace("qontract-schemas", "api").replace("app-sre/api", "app-sre/qontract-schemas");
    sandbox.write("my config.toml", &text);
    let repo = sandbox.world.repository.to_str().unwrap();
    let config = sandbox.path("my config.toml");
    let typed = ["--repo", repo, "--config", config.to_str().unwrap()];
    let strict = ["promote", "--env", "jenkins", "--strict"];
    check_refused(&sandbox, &[&strict[..], &typed].concat(), "guard-schemas-other");
    let mr = [&strict[..], &["--mr"], &typed].concat();
    check_refused(&sandbox, &mr, "guard-schemas-other-mr");
    let first = ["promote", "--component", "api", "--all", "--commit"];
    sandbox.xtask(&[&first[..], &typed].concat()).succeeds();
    let run = sandbox.xtask(&[&strict[..], &["-q"], &typed].concat()).succeeds();
    assert_eq!(run.stderr, "");
}
