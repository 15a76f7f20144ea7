//! The version lists of an app: `block`, `unblock` and `--hotfix`, and what lands of them.

use std::fs::{self, OpenOptions};

use crate::case::{Case, GITLAB, hook};
use crate::saas::muo;
use crate::sandbox::{HEAD, Output, Sandbox};

const BLOCK: [&str; 6] = ["block", "muo", "--ref", HEAD, "--reason", "it\n leaks"];

/// The last line of a run that begins with the program: a command to paste.
fn pasted(sandbox: &Sandbox, run: &Output) -> Output {
    let line = run.stdout.lines().rfind(|line| line.starts_with("  cargo xtask ")).unwrap();
    let words: Vec<&str> = line.split_whitespace().skip(2).collect();
    sandbox.xtask(&words)
}

#[test]
fn a_merge_request() {
    let sandbox = muo();
    sandbox.git("push --quiet origin master");
    hook(&sandbox.world.remote, "post-receive", GITLAB);
    let block = |more: &[&str]| sandbox.xtask(&[&BLOCK[..], &["--mr"], more].concat());
    block(&["--dry-run"]).matches("block-mr-dry");
    block(&["--lgtm"]).matches("block-mr");
    let case = Case::at(&sandbox);
    let message = case.there("log -1 --format=%B promote/block-7a734a7-saas-muo");
    assert_eq!(
        message,
        "block 7a734a7 of saas-muo\n\nReason: it leaks\nPromoted-by: cargo xtask\n\n"
    );
    assert_eq!(
        case.options(),
        [
            "merge_request.create",
            "merge_request.target=master",
            "merge_request.title=block 7a734a7 of saas-muo",
            "merge_request.description=it leaks",
            "merge_request.remove_source_branch",
            "merge_request.label=lgtm",
        ]
    );
    // What a forge can't do is an error in the document too.
    let config = sandbox.read("promote.toml");
    sandbox.write("other.toml", &format!("[repository]\nforge = \"none\"\n\n{config}"));
    let none = ["--config=other.toml", "--lgtm", "--format=json"];
    block(&none).matches("block-mr-not-applied");
    sandbox.git("fetch --quiet");
    sandbox.git("merge --quiet --ff-only origin/promote/block-7a734a7-saas-muo");
    sandbox.git("push --quiet origin master");
    let unblock = ["unblock", "muo", "--ref", HEAD, "--mr", "--quiet", "--format", "json"];
    sandbox.xtask(&unblock).matches("unblock-mr-json");
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

/// JSON has the warnings and notes too; what is done is told where standard output fails.
#[test]
fn everything_is_told() {
    let sandbox = muo();
    sandbox.git("checkout --quiet --detach");
    sandbox.xtask(&[&BLOCK[..], &["--commit", "--format=json"]].concat()).matches("block-json");
    sandbox.git("reset --quiet --hard HEAD~1");
    let mut run = sandbox.command(&[&BLOCK[..], &["--commit", "-q"]].concat());
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    run.command().stdout(full);
    run.run().matches("block-full-disk");
    assert_eq!(
        sandbox.git("log -1 --format=%B"),
        "block 7a734a7 of saas-muo\n\nReason: it leaks\n\n"
    );
}

/// A component is blocked in each app that has a saas file of it, and in all or none.
#[test]
fn every_app_of_a_component() {
    let sandbox = muo();
    let block = ["block", "qontract-reconcile", "--ref", HEAD, "--reason", "leaks", "-q"];
    let blocked = sandbox.xtask(&block);
    blocked.matches("block-every-app");
    pasted(&sandbox, &blocked).succeeds();
    assert_eq!(
        sandbox.git("show --name-only --format="),
        "data/services/app-interface/app.yml\ndata/services/muo/app.yml\n"
    );
    sandbox.xtask(&["unblock", "qontract-reconcile", "--ref", HEAD, "-q", "--commit"]).succeeds();
    assert_eq!(sandbox.git("diff --stat HEAD~2"), "");
    let other = "data/services/muo/app.yml";
    sandbox.write(other, &sandbox.read(other).replace("/qontract-reconcile", "/another"));
    sandbox.xtask(&block).matches("block-not-every-app");
    assert_eq!(sandbox.git("status --porcelain"), format!(" M {other}\n"));
    // Nor is one left out that has no app; of one that can't be read, nobody knows.
    sandbox.git("checkout --quiet .");
    let saas = "data/services/muo/cicd/saas-muo.yaml";
    sandbox.replace(saas, "app:\n  $ref: /services/muo/app.yml\n", "");
    sandbox.xtask(&block).matches("block-without-app");
    sandbox.write(saas, "resourceTemplates: [{");
    sandbox.xtask(&[&block[..], &["-n"]].concat()).matches("block-unread");
}

/// Each upstream says why it has no such version; a component may run nowhere.
#[test]
fn versions_that_nobody_has() {
    let sandbox = muo();
    let block = ["block", "--reason", "x", "-q", "--ref"];
    let unknown = "f".repeat(40);
    sandbox
        .xtask(&[&block[..], &[&unknown, "saas-qontract-reconcile"]].concat())
        .matches("block-unknown-version");
    sandbox.xtask(&[&block[..], &["main", "qontract-schemas"]].concat()).matches("block-nowhere");
    fs::remove_file(sandbox.path("data/services/muo/app.yml")).unwrap();
    sandbox.xtask(&[&block[..], &["master", "muo"]].concat()).matches("block-no-app");
    sandbox.xtask(&[&block[..], &["master", "saas-*"]].concat()).matches("block-several");
}

#[test]
fn without_the_network() {
    let sandbox = muo();
    let unblock = ["unblock", "--ref", HEAD, "--offline", "--dry-run"];
    sandbox.xtask(&[&unblock[..], &["muo"]].concat()).matches("unblock-offline");
    // Its saas file has another upstream too, and there is a mirror of neither.
    let component = [&unblock[..], &["qontract-reconcile"]].concat();
    sandbox.xtask(&component).matches("unblock-offline-component");
    let tag = ["block", "muo", "--ref", "v0.10.0", "--reason", "x", "--offline"];
    sandbox.xtask(&tag).matches("block-offline-tag");
    let pushed = [&["--offline"], &BLOCK[..], &["--mr"]].concat();
    sandbox.xtask(&pushed).assert(
        2,
        "",
        "error: `--mr` can't be used with `--offline`\n  help: leave one of them out\n",
    );
}

/// Whether a version is blocked can't be told of an app that can't be read.
#[test]
fn apps_that_cannot_be_read() {
    let sandbox = muo();
    let app = "data/services/app-interface/app.yml";
    let promote = |more: &[&str]| {
        let args = ["promote", "saas-qontract-reconcile", "app-sre-production", "-n", "-q"];
        sandbox.xtask(&[&args[..], &["--no-image-check"], more].concat())
    };
    let unknown =
        |place: &str, why: &str| format!("blocked versions are unknown: `{place}`: {why}");
    sandbox.write(app, "a: [\n");
    let why = unknown(&format!("{app}:1:4"), "can't be read as YAML: unclosed bracket '['");
    let help = "mend the file, or leave its environment out";
    let output = promote(&[]).succeeds();
    assert_eq!(output.stderr, format!("warning: {why}\n  help: {help}\n"));
    promote(&["--strict"]).assert(
        1,
        "",
        &format!("error: {why}\n  help: {help}; or leave `--strict` out\n"),
    );
    sandbox.git("checkout --quiet .");
    sandbox.git(&format!("sparse-checkout set --no-cone /* !/{app}"));
    let why = unknown(app, "git has it, but it is not checked out (sparse checkout)");
    let help = format!("`git sparse-checkout add /{app}`");
    let output = promote(&[]).succeeds();
    assert_eq!(output.stderr, format!("warning: {why}\n  help: {help}\n"));
}
