//! `--open`: the page of what was done.

use std::fs;

use world::executable;

use crate::case::{GITLAB, hook};
use crate::mr::{covered, sandbox};
use crate::sandbox::{HEAD, Sandbox};

/// A browser that writes down what it is called with.
fn browser(sandbox: &Sandbox) -> String {
    let program = sandbox.world.root.join("browser");
    let opened = sandbox.world.root.join("pages");
    let script = format!("#!/bin/sh\necho \"$@\" >> '{}'; echo seen\n", opened.display());
    executable(&program, &script).unwrap();
    format!("nowhere:{} --new %s", program.display())
}

#[test]
fn the_page_is_opened() {
    let sandbox = sandbox();
    let browser = browser(&sandbox);
    let open = |args: &[&str]| {
        let run = sandbox.program(env!("CARGO_BIN_EXE_xtask"), args).env("BROWSER", &browser);
        let run = run.run().succeeds();
        let pages = sandbox.world.root.join("pages");
        let opened = fs::read_to_string(&pages).unwrap_or_default();
        let _ = fs::remove_file(pages);
        (opened, run)
    };
    let compare = "--new https://github.com/app-sre/qontract-reconcile/compare/";
    let request = "--new https://gitlab.example.com/service/app-interface/-/merge_requests/7\n";
    let jenkins = ["promote", "--env", "jenkins", "--open", "--quiet"];
    assert_eq!(open(&[&jenkins[..], &["--mr"]].concat()).0, request);
    let (pages, run) = open(&[&jenkins[..], &["--format", "json"]].concat());
    assert_eq!(pages, format!("{compare}47fbced...{HEAD}\n"));
    assert!(run.stdout.starts_with('{') && run.stdout.ends_with("}\n"), "{}", run.stdout);
    let (pages, run) = open(&["promote", "--env", "jenkins", "--open", "--no-image-check"]);
    assert_eq!(pages, "");
    assert!(run.stderr.ends_with("note: `--open`: there is no page of this\n"), "{}", run.stderr);
}

/// A page that can't be opened is told in every format: what was done is printed by then.
#[test]
fn no_page_is_opened() {
    let sandbox = sandbox();
    let bin = sandbox.world.root.join("bin");
    fs::create_dir(&bin).unwrap();
    let git = sandbox.program("sh", &["-c", "command -v git"]).run().stdout;
    std::os::unix::fs::symlink(git.trim_end(), bin.join("git")).unwrap();
    for format in ["text", "json"] {
        let args = ["promote", "--env=jenkins", "--offline", "--ref", HEAD, "-n", "-q", "--open"];
        let args = [&args[..], &["--format", format]].concat();
        let mut run = sandbox.program(env!("CARGO_BIN_EXE_xtask"), &args);
        run.command().env("PATH", &bin);
        let compare = "https://github.com/app-sre/qontract-reconcile/compare/47fbced...";
        let warning = format!(
            "warning: no browser opens {compare}{HEAD}\n  help: set `BROWSER` to a program that does\n"
        );
        assert!(run.run().succeeds().stderr.ends_with(&warning), "{format}");
    }
}

/// What the remote prints is not opened unless it is the address of a page.
#[test]
fn no_other_address_is_opened() {
    let sandbox = covered();
    let browser = browser(&sandbox);
    let hostile = GITLAB.replace("https://gitlab.example.com", "file:///etc");
    assert_ne!(hostile, GITLAB);
    hook(&sandbox.world.remote, "post-receive", &hostile);
    let args = ["promote", "--env", "jenkins", "--mr", "--open", "--quiet"];
    let run = sandbox.program(env!("CARGO_BIN_EXE_xtask"), &args).env("BROWSER", &browser).run();
    let opened = fs::read_to_string(sandbox.world.root.join("pages")).unwrap_or_default();
    assert!(!opened.contains("file:"), "{opened}{}", run.stderr);
}
