//! The version lists of an app: `block`, `unblock` and `--hotfix`, and what lands of them.

use crate::saas::muo;
use crate::sandbox::{HEAD, Output, Sandbox};

const BLOCK: [&str; 6] = ["block", "muo", "--ref", HEAD, "--reason", "it leaks"];

/// The last line of a run that begins with the program: a command to paste.
fn pasted(sandbox: &Sandbox, run: &Output) -> Output {
    let line = run.stdout.lines().rfind(|line| line.starts_with("  cargo xtask ")).unwrap();
    let words: Vec<&str> = line.split_whitespace().skip(2).collect();
    sandbox.xtask(&words)
}

/// What an earlier run wrote is committed by the command that it printed, whatever it wrote to.
#[test]
fn what_is_written_is_committed_later() {
    let sandbox = muo();
    let clean = || assert_eq!(sandbox.git("status --porcelain"), "");
    let block = [&BLOCK[..5], &["leaks", "-q"]].concat();
    let written = sandbox.xtask(&block).succeeds();
    sandbox.xtask(&block).matches("block-not-committed");
    pasted(&sandbox, &written).matches("block-committed-later");
    clean();
    let written = sandbox.xtask(&["unblock", "muo", "--ref", HEAD, "-q"]);
    pasted(&sandbox, &written).succeeds();
    clean();
    let promote = ["promote", "muo", "hivep03", "--hotfix", "--ref", HEAD, "-q"];
    let written = sandbox.xtask(&promote).succeeds();
    sandbox.xtask(&promote).matches("hotfix-not-committed");
    pasted(&sandbox, &written).matches("hotfix-committed-later");
    clean();
}
