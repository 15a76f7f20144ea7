//! The command behind `undo:`, pasted, brings back every byte.

use crate::case::{GITLAB, JENKINS, hook};
use crate::saas::muo;
use crate::sandbox::{HEAD, Output, Sandbox};

const PUSH_GATEWAY: &str = "data/services/app-interface/shared-resources/push-gateway.yml";

/// The commands that undo a run.
fn undos(run: &Output) -> Vec<&str> {
    let lines = run.stdout.lines();
    lines.filter_map(|line| Some(line.strip_prefix("undo")?.split_once(": ")?.1)).collect()
}

/// Runs such a command as a shell does.
fn paste(sandbox: &Sandbox, command: &str) {
    let root = sandbox.world.root.to_str().unwrap();
    let command = command.replace("[root]", root);
    let cargo = format!("cargo() {{ shift; {} \"$@\"; }}", env!("CARGO_BIN_EXE_xtask"));
    sandbox.program("sh", &["-c", &format!("{cargo}; {command}")]).run().succeeds();
}

/// Promotes, pastes what undoes it, and finds the files as they were.
#[track_caller]
fn undone(sandbox: &Sandbox, args: &[&str], expected: &[&str]) {
    let before = sandbox.state().files;
    let run = sandbox.xtask(&[args, &["--quiet"]].concat()).succeeds();
    assert!(sandbox.state().files != before, "{args:?}");
    let commit = sandbox.git("rev-parse HEAD");
    let commands: Vec<String> =
        undos(&run).iter().map(|undo| undo.replace(commit.trim(), "HEAD")).collect();
    assert_eq!(commands, expected, "{args:?}");
    commands.iter().for_each(|command| paste(sandbox, command));
    let now = sandbox.state().files;
    let differ = now.iter().filter(|(path, bytes)| before.get(*path) != Some(*bytes));
    let differ: Vec<_> = differ.map(|(path, _)| path).collect();
    assert!(now == before, "{args:?}: {differ:?}");
}

const REVERT: &str = "git -C [root]/app-interface revert --no-edit HEAD";

fn restored(file: &str) -> String {
    format!("git -C [root]/app-interface restore -- {file}")
}

/// Where no promotion writes what was there, git brings it back.
#[test]
fn what_no_promotion_writes() {
    let sandbox = Sandbox::covered();
    let tekton = ["promote", "--env", "tekton", "--ref", HEAD];
    let committed = |args: &[&str]| undone(&sandbox, &[args, &["--commit"]].concat(), &[REVERT]);
    // A suffix.
    let pr_check = ["promote", "--env", "pr-check"];
    sandbox.commit_all();
    undone(&sandbox, &pr_check, &[&restored(".env")]);
    committed(&pr_check);
    // One pin that is there already.
    sandbox.replace(PUSH_GATEWAY, "47fbced", "7a734a7");
    sandbox.commit_all();
    committed(&tekton);
    // Pins that disagree.
    sandbox.replace(PUSH_GATEWAY, "7a734a7", "f40f661");
    sandbox.commit_all();
    committed(&tekton);
    // Several environments, one of them with a suffix.
    committed(&["qr-promote"]);
}

/// A version that is newer is promoted again.
#[test]
fn what_went_back() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    let back = ["promote", "--env", "jenkins", "--ref", "v0.9.0", "--allow-downgrade"];
    let again = "cargo xtask promote --env jenkins --ref 47fbced";
    undone(&sandbox, &[&back[..], &["--reason", "x"]].concat(), &[again]);
    let rollback = ["rollback", "--env", "jenkins", "--reason", "x"];
    undone(&sandbox, &rollback, &[again]);
}

/// Edits that nobody committed are named; with others in the same file, git can't bring them back.
#[test]
fn what_nobody_committed() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    sandbox.xtask(&["promote", "--env", "jenkins", "--ref", "v0.10.0", "-q"]).succeeds();
    let to = ["cargo xtask rollback --env jenkins --to f40f661 --reason '…'"];
    undone(&sandbox, &["promote", "--env", "jenkins"], &to);
    sandbox.replace(JENKINS, "f40f661", "f40f661-rc");
    let run = sandbox.xtask(&["promote", "--env", "jenkins", "-q"]).succeeds();
    assert_eq!(undos(&run), [""; 0]);
}

/// A registry that does not answer is not asked by the command either.
#[test]
fn without_the_registry() {
    let sandbox = Sandbox::covered();
    sandbox.replace("promote.toml", "tag-length = 7", "image = \"127.0.0.1:1/x/y\"");
    sandbox.commit_all();
    let promote = ["promote", "--env", "jenkins", "--no-image-check"];
    let rollback = "cargo xtask rollback --env jenkins --reason '…' --no-image-check";
    undone(&sandbox, &promote, &[rollback]);
    undone(&sandbox, &[&promote[..], &["--commit"]].concat(), &[&format!("{rollback} --commit")]);
}

/// The list of hotfixes goes back with the pins.
#[test]
fn hotfixes() {
    let sandbox = muo();
    let promote = ["promote", "muo", "production-2", "--hotfix"];
    undone(&sandbox, &[&promote[..], &["--commit"]].concat(), &[REVERT]);
    let files = "data/services/muo/app.yml data/services/muo/cicd/saas-muo.yaml";
    undone(&sandbox, &promote, &[&restored(files)]);
}

/// Nor does `block` put a version in the middle of a list.
#[test]
fn version_lists() {
    let sandbox = muo();
    let block = ["block", "muo", "--ref", HEAD, "--reason", "x"];
    let unblock = ["unblock", "muo", "--ref", HEAD];
    let command = format!("cargo xtask unblock muo --ref {HEAD}");
    undone(&sandbox, &block, &[&command]);
    undone(&sandbox, &[&block[..], &["--commit"]].concat(), &[&format!("{command} --commit")]);
    let app = "data/services/muo/app.yml";
    let list = format!("  blockedVersions:\n  - {HEAD} # leaks\n  - {}\n", "f".repeat(40));
    sandbox.write(app, &(sandbox.read(app) + &list));
    sandbox.commit_all();
    undone(&sandbox, &unblock, &[&restored(app)]);
    undone(&sandbox, &[&unblock[..], &["--commit"]].concat(), &[REVERT]);
}

/// A rollback leaves the open merge request of a promotion alone, and the commit of a merge request
/// is taken back where no rollback would write the same.
#[test]
fn merge_requests() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    sandbox.git("push --quiet origin master");
    hook(&sandbox.world.remote, "post-receive", GITLAB);
    let before = sandbox.state().files;
    let branch = |args: &[&str]| {
        let run = sandbox.xtask(&[args, &["--mr", "-q"]].concat()).succeeds();
        let (_, branch) = run.stdout.rsplit_once("7 (promote/").unwrap();
        (branch.split_once(' ').unwrap().0.to_owned(), undos(&run).join("\n"))
    };
    let (name, undo) = branch(&["promote", "--env", "pr-check"]);
    assert_eq!(name, "qontract-reconcile/pr-check");
    let (other, _) = branch(&["rollback", "--env", "pr-check", "--reason", "x"]);
    assert_eq!(other, "rollback-qontract-reconcile/pr-check");
    sandbox.git("fetch --quiet");
    sandbox.git(&format!("merge --quiet --no-ff --no-edit origin/promote/{name}"));
    assert_eq!(sandbox.program("sh", &["-c", &undo]).run().succeeds().stderr, "");
    assert!(sandbox.state().files == before);
}
