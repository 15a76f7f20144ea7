//! Signed commits, shown by `git log` because the user wishes so.

use std::path::Path;

use crate::sandbox::{HEAD, Output, Sandbox};

/// To check it, git asks for a list of signers first; so no other program is needed.
const SIGNATURE: &str =
    "gpgsig -----BEGIN SSH SIGNATURE-----\n U1NIU0lH\n -----END SSH SIGNATURE-----";

/// Puts a signature into the newest commit of a repository.
fn sign(sandbox: &Sandbox, repository: &Path) -> String {
    let git = |args: &[&str], input: &str| sandbox.git_in(repository, args, input);
    let commit = git(&["cat-file", "commit", "HEAD"], "");
    let (headers, message) = commit.split_once("\n\n").unwrap();
    let commit = format!("{headers}\n{SIGNATURE}\n\n{message}\n");
    let id = git(&["hash-object", "-t", "commit", "-w", "--stdin"], &commit);
    git(&["update-ref", "HEAD", &id], "");
    id
}

#[test]
fn shown_or_not() {
    let sandbox = Sandbox::covered();
    let upstream = &sandbox.world.reconcile;
    for subject in ["One", "Two"] {
        let parent = sandbox.git_in(&upstream.path, &["rev-parse", "HEAD"], "");
        sandbox.grow(upstream, &[&parent], "Ann <ann@example.com>", &format!("{subject}\n"));
        sign(&sandbox, &upstream.path);
    }
    let promote = ["promote", "--env", "jenkins", "-q"];
    sandbox.xtask(&[&promote[..], &["--commit"]].concat()).succeeds();
    sign(&sandbox, &sandbox.world.repository);

    let runs = || -> Vec<Output> {
        let changes = sandbox.xtask(&["changes", "-q", "--env", "tekton"]);
        changes.matches("signed-changes");
        let downgrade = sandbox.xtask(&[&promote[..], &["--ref", HEAD]].concat());
        downgrade.matches("signed-downgrade");
        let others = [
            &["status", "-q"][..],
            &["qr-promote", "-n", "-q"],
            &["rollback", "-n", "-q", "--env", "jenkins", "--reason", "x"],
            &["explain", "-q", "resources/jenkins/global/defaults.yaml:6"],
        ];
        others.map(|args| sandbox.xtask(args)).into()
    };
    let plain = runs();
    let newest = sandbox.git("log -1 --format=%H");
    sandbox.git("config --global log.showSignature true");
    assert_ne!(sandbox.git("log -1 --format=%H"), newest, "git shows signatures");
    assert_eq!(runs(), plain);
}
