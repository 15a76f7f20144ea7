//! A password in the address of an upstream is given to git and shown to nobody.

use crate::sandbox::{Output, Sandbox};

const PUBLIC: &str = "https://github.com/app-sre/";
const SECRET: &str = "https://ann:se@cret@github.com/app-sre/";

/// A world whose configuration names its upstreams with a password.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::covered();
    sandbox.replace("promote.toml", PUBLIC, SECRET);
    sandbox.commit_all();
    let instead = format!("url.{}/upstream/.insteadOf", sandbox.world.root.display());
    sandbox.git(&format!("config --add {instead} {SECRET}"));
    sandbox
}

#[track_caller]
fn check(output: &Output) {
    for text in [&output.stdout, &output.stderr] {
        assert!(!text.contains("cret"), "{text}");
    }
}

const COMMANDS: [&[&str]; 10] = [
    &["qr-promote", "-n"],
    &["qr-promote", "-n", "--format", "json"],
    &["qr-promote", "-n", "--ref", "no-such-branch"],
    &["status"],
    &["status", "--format", "json"],
    &["status", "--format", "markdown"],
    &["changes"],
    &["changes", "--format", "json"],
    &["explain", ".env"],
    &["explain", ".env", "--format", "json"],
];

#[test]
fn no_command_shows_a_password() {
    let sandbox = sandbox();
    for command in COMMANDS {
        check(&sandbox.xtask(&[command, &["--offline"]].concat()));
        check(&sandbox.xtask(command));
        check(&sandbox.xtask(&[command, &["--offline"]].concat()));
    }
    let output = sandbox.xtask(&["qr-promote", "--mr"]).succeeds();
    check(&output);
    check(&Output::of(sandbox.git_in(&sandbox.world.remote, &["log", "--all", "--format=%B"], "")));
}

#[test]
fn no_error_shows_a_password() {
    let sandbox = sandbox();
    std::fs::rename(sandbox.world.root.join("upstream"), sandbox.world.root.join("gone")).unwrap();
    for command in COMMANDS {
        check(&sandbox.xtask(command));
    }
    let refused = "[component.a]\nupstream = \"https://ann:se@cret@h/a b\"\n";
    sandbox.write("promote.toml", refused);
    for format in ["text", "json"] {
        check(&sandbox.xtask(&["status", "--format", format]));
    }
}

#[test]
fn discover_writes_no_password() {
    let sandbox = sandbox();
    let saas = "data/services/app-interface/cicd/ci-ext/saas-qontract-reconcile.yaml";
    sandbox.replace(saas, PUBLIC, SECRET);
    sandbox.write("promote.toml", "");
    for command in [&["discover"][..], &["discover", "--format", "json"], &["discover", "--write"]]
    {
        check(&sandbox.xtask(command).succeeds());
    }
    let written = sandbox.read("promote.toml");
    assert!(written.contains(&format!("upstream = \"{PUBLIC}qontract-reconcile\"")), "{written}");
}
