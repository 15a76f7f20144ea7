//! How results reach people and pipes: colour, silence, closed pipes, other people's text.

use std::fs::File;
use std::io;

use crate::sandbox::{HEAD, Output, Sandbox};

const JENKINS: [&str; 5] = ["promote", "--env", "jenkins", "-n", "--ref"];

#[test]
fn colour() {
    let sandbox = Sandbox::covered();
    let jenkins = [&JENKINS[..], &[HEAD, "--offline"]].concat();
    let plain = sandbox.xtask(&jenkins);
    let with = |args: &[&str], env: &str| {
        let command = sandbox.command(&[&jenkins[..], args].concat());
        if env.is_empty() { command.run() } else { command.env(env, "1").run() }
    };
    with(&["--color", "always"], "").matches("color");
    assert_eq!(with(&["--color", "always"], "NO_COLOR"), with(&["--color", "always"], ""));
    assert_eq!(with(&[], "CLICOLOR_FORCE"), with(&["--color", "always"], ""));
    assert_eq!(with(&["--color", "never"], "CLICOLOR_FORCE"), plain);
    assert_eq!(with(&[], "NO_COLOR"), plain);
    sandbox.xtask(&["qr-promote", "--ref", "v0.9.0", "--color", "always"]).matches("color-errors");
    sandbox.xtask(&["promote", "--env", "jenkins", "--color", "always"]).matches("color-warnings");
}

#[test]
fn silence() {
    let sandbox = Sandbox::covered();
    let jenkins = [&JENKINS[..], &[HEAD]].concat();
    for more in [&["--offline"][..], &["--ref", "v0.10.0"], &["--format", "json"]] {
        let loud = [&["promote", "--env", "jenkins", "-n"], more].concat();
        let loud = if more == ["--offline"] { [&jenkins[..], more].concat() } else { loud };
        let quiet = sandbox.xtask(&[&loud[..], &["--quiet"]].concat());
        let loud = sandbox.xtask(&loud);
        assert_eq!((quiet.status, quiet.stdout), (0, loud.stdout), "{more:?}");
        assert_eq!(quiet.stderr, "", "{more:?}");
    }
}

#[test]
fn nobody_reads() {
    let sandbox = Sandbox::new();
    let closed = || {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        writer
    };
    let cases = [
        (&["qr-promote", "-n"][..], 0),
        (&["qr-promote", "-n", "--format", "json"], 0),
        (&["changes"], 0),
        // It opens a merge request, and nobody reads where.
        (&["demo", "--dir", "demo"], 1),
        (&["--help"], 0),
        (&["qr-promote", "--ref", "v0.9.0"], 1),
        (&["qr-promote", "--ref", "v0.9.0", "--format", "json"], 1),
        (&["qr-promote", "--offline", "--format", "json"], 2),
        (&["qr-promot"], 2),
    ];
    for (args, status) in cases {
        let mut run = sandbox.command(args);
        run.command().stdout(closed());
        assert_eq!(run.run().status, status, "{args:?}");
        if args[0] == "demo" {
            continue;
        }
        let mut run = sandbox.command(args);
        run.command().stdout(closed()).stderr(closed());
        assert_eq!(run.run().status, status, "{args:?}");
    }
    assert_eq!(sandbox.git("status --porcelain"), "?? demo/\n");
}

#[test]
fn nowhere_to_write() {
    let sandbox = Sandbox::covered();
    let check = |args: &[&str], done: &str| {
        let mut run = sandbox.command(args);
        run.command().stdout(File::options().write(true).open("/dev/full").unwrap());
        let error =
            "error: standard output can't be written: No space left on device (os error 28)";
        let help = format!("  help: this is done:\n        {done}");
        run.run().assert(1, "", &format!("{error}\n{help}\n"));
    };
    check(
        &["qr-promote", "--offline", "-q", "--ref", HEAD],
        &format!(
            "9 files edited; to commit them:\n          \
             cargo xtask qr-promote --offline --ref {HEAD} --commit"
        ),
    );
    check(&["discover", "--write", "-q"], "promote.toml written");
}

/// The upstream with commits by people who mean harm; the newest.
fn with_hostile_commits(sandbox: &Sandbox) -> String {
    let mut parent = HEAD.to_owned();
    for (author, message) in [
        (
            "\u{1b}[2J@all <eve@example.com>",
            "\u{1b}[31mred\u{7} \u{9b}31m \u{202e}live @all /approve\n",
        ),
        ("``` <mallory@example.com>", "Signed-off-by: Mallory\n\nReason: forged\n"),
        ("x [bot] <a+b@c@users.noreply.github.com>", "literal \\n/approve\\n@here ```\n"),
        (
            "\u{202e}evE, @here\tx <'\"@example.com>",
            "Reason: forged\rafter a return\ttab\n\nReason: forged\n",
        ),
    ] {
        parent = sandbox.grow(&sandbox.world.reconcile, &[&parent], author, message);
    }
    parent
}

#[test]
fn hostile_commits() {
    let sandbox = Sandbox::covered();
    let head = with_hostile_commits(&sandbox);
    let changes = ["changes", "--from", HEAD, "-q"];
    for format in ["text", "markdown", "json"] {
        let run = sandbox.xtask(&[&changes[..], &["--format", format]].concat());
        run.matches(&format!("hostile-{format}"));
        let obeyed =
            |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
        assert_eq!(run.stdout.find(obeyed), None, "{format}");
    }
    let why = ["--allow-downgrade", "--reason", "It\u{9b}31m was\n\nSigned-off-by: Eve"];
    let commit = ["promote", "--env", "jenkins", "--commit", "--ref", &head];
    sandbox.xtask(&[&commit[..], &why].concat()).matches("hostile-commit");
    let message = sandbox.git("log -1 --format=%B%n---%n%(trailers)");
    Output::of(message).matches("hostile-message");
}

#[test]
fn hostile_files() {
    let sandbox = Sandbox::new();
    sandbox.write("promote.toml", "[component.\"\\u001b[31mx\"]\n");
    sandbox.xtask(&["qr-promote"]).matches("hostile-configuration");
    sandbox.git("checkout --quiet promote.toml");
    let label = "name: \"\\e[31mproduction\\nx\"";
    let saas = "data/services/app-interface/cicd/ci-ext/saas-qontract-reconcile.yaml";
    sandbox.replace(saas, "name: production\n", &format!("{label}\n"));
    let shared = "data/services/app-interface/shared-resources";
    sandbox.write(
        &format!("{shared}/evil\u{202e}.yml"),
        "qontract_reconcile_image_tag: \"a\\nb\\e[31m\"\n",
    );
    sandbox.offline(&["promote", "--env", "app-sre-prod-01,tekton", "-n"]).matches("hostile-files");
}

/// Through a pipe, a diff stays one that git applies, line ends, tabs and letters of all scripts
/// included; what a terminal behind the pipe would obey is escaped.
#[test]
fn a_diff_through_a_pipe() {
    let sandbox = Sandbox::covered();
    let args = ["promote", "--env", "pr-check", "-n"];
    let with = |comment: &str| {
        sandbox.git("checkout --quiet -- .env");
        let line = "export RECONCILE_IMAGE_TAG=";
        sandbox.replace(".env", line, &format!("# {comment}\n{line}"));
        let diff = sandbox.offline(&args).succeeds().stdout;
        let start = diff.find("diff --git").unwrap();
        let end = diff.find("\n\n1 file").map_or(diff.len(), |end| end + 1);
        diff[start..end].to_owned()
    };
    for comment in ["a\tb\r", "漢字 \u{5d0} é 🎉", "\u{feff}", " "] {
        let diff = with(comment);
        assert!(diff.contains(&format!("\n # {comment}\n")), "{diff:?}");
        sandbox.git_in(&sandbox.world.repository, &["apply", "--check", "-"], &diff);
    }
    let diff = with("\u{1b}[2K\rok \u{9b}31m\u{202e}\u{7f}\r");
    let escaped = "\n # \\u{1b}[2K\\u{d}ok \\u{9b}31m\\u{202e}\\u{7f}\r\n";
    assert!(diff.contains(escaped), "{diff:?}");
}
