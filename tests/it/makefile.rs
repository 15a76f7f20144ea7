//! The make targets that people know, run by the real Makefile with a stand-in for cargo.

use std::fs;
use std::path::PathBuf;

use crate::sandbox::{HEAD, Output, Run, Sandbox};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

struct Make {
    sandbox: Sandbox,
    called: PathBuf,
}

impl Make {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.stand_in_for_cargo();
        let called = sandbox.world.root.join("called");
        Make { sandbox, called }
    }

    /// `make -C` with the project's folder, called in the checkout.
    fn make(&self, args: &[&str]) -> Run<'_> {
        let args = [&["--no-print-directory", "-C", ROOT], args].concat();
        let run = self.sandbox.with_cargo("make", &args).env("RUN", "");
        run.env("APP_INTERFACE", &self.sandbox.world.repository)
    }

    /// The same, and the program is run for real.
    fn run(&self, args: &[&str]) -> Output {
        self.make(args).env("RUN", env!("CARGO_BIN_EXE_xtask")).run()
    }

    /// How cargo is called.
    fn called(&self, run: Run) -> String {
        run.run().assert(0, "", "");
        let called = fs::read_to_string(&self.called).unwrap();
        fs::remove_file(&self.called).unwrap();
        called
    }
}

#[test]
fn variables_become_options() {
    let make = Make::new();
    let cases: &[(&[&str], &str)] = &[
        (&["qr-promote"], "[qr-promote]"),
        (&["update-schemas"], "[update-schemas]"),
        (&["promote", "ENV=tekton"], "[promote][--env][tekton]"),
        (&["qr-promote", "ENV=tekton,internal"], "[qr-promote][--env][tekton][--env][internal]"),
        (
            &["qr-promote", "ENV= tekton, internal ,"],
            "[qr-promote][--env][tekton][--env][internal]",
        ),
        (&["promote", "ENV=a b\tc"], "[promote][--env][a][--env][b][--env][c]"),
        (&["qr-promote", "ENV="], "[qr-promote]"),
        (&["update-schemas", "ENV=tekton"], "[update-schemas]"),
        (&["qr-promote", "REF=v0.10.0"], "[qr-promote][--ref][v0.10.0]"),
        (&["update-schemas", "REF=main"], "[update-schemas][--ref][main]"),
        (&["qr-promote", "DRY_RUN=1"], "[qr-promote][--dry-run]"),
        (&["qr-promote", "DRY_RUN=true"], "[qr-promote][--dry-run]"),
        (&["qr-promote", "DRY_RUN=0"], "[qr-promote]"),
        (&["qr-promote", "DRY_RUN=no"], "[qr-promote]"),
        (&["qr-promote", "DRY_RUN="], "[qr-promote]"),
        (&["qr-promote", "ARGS=--offline  -q"], "[qr-promote][--offline][-q]"),
        (
            &["promote", "ENV=jenkins", "REF=a b", "DRY_RUN=1", "ARGS=--strict"],
            "[promote][--ref][a b][--dry-run][--env][jenkins][--strict]",
        ),
    ];
    for (args, called) in cases {
        assert_eq!(make.called(make.make(args)), format!("[xtask]{called}"), "{args:?}");
    }
}

#[test]
fn the_environment_counts_too() {
    let make = Make::new();
    let run =
        make.make(&["qr-promote"]).env("REF", "main").env("DRY_RUN", "1").env("ENV", "jenkins");
    assert_eq!(make.called(run), "[xtask][qr-promote][--ref][main][--dry-run][--env][jenkins]");
    // The startup file of a shell, which is to be left alone; but who types a path gets an error.
    let startup = || make.make(&["qr-promote"]).env("ENV", "/etc/profile");
    assert_eq!(make.called(startup()), "[xtask][qr-promote]");
    let run = startup().env("MAKEFLAGS", "e");
    assert_eq!(make.called(run), "[xtask][qr-promote]");
    let run = make.make(&["qr-promote", "ENV=a/b"]);
    assert_eq!(make.called(run), "[xtask][qr-promote][--env][a/b]");
}

#[test]
fn hostile_values() {
    let make = Make::new();
    let mark = make.sandbox.world.root.join("pwned");
    let touch = format!("touch {}", mark.display());
    let values = [
        format!("$(shell {touch})"),
        format!("$$({touch})"),
        format!("$({touch})"),
        format!("`{touch}`"),
        format!("; {touch}"),
        format!("x' ; {touch} ; '"),
        format!("x\" ; {touch} ; \""),
        format!("x\n{touch}"),
        format!("& {touch} &"),
        "*".to_owned(),
        "-n".to_owned(),
        "a\\c\\0101".to_owned(),
        "${HOME}".to_owned(),
        "#".to_owned(),
        "$".to_owned(),
    ];
    for value in &values {
        let run = make.make(&["qr-promote", &format!("REF={value}")]);
        assert_eq!(make.called(run), format!("[xtask][qr-promote][--ref][{value}]"));
        let run = make.make(&["qr-promote"]).env("REF", value);
        assert_eq!(make.called(run), format!("[xtask][qr-promote][--ref][{value}]"));

        let words: String =
            value.split_whitespace().map(|word| format!("[--env][{word}]")).collect();
        let run = make.make(&["qr-promote", &format!("ENV={value}")]);
        assert_eq!(make.called(run), format!("[xtask][qr-promote]{words}"));

        let words: String = value.split_whitespace().map(|word| format!("[{word}]")).collect();
        let run = make.make(&["qr-promote", &format!("ARGS={value}")]);
        assert_eq!(make.called(run), format!("[xtask][qr-promote]{words}"));

        let run = make.make(&["qr-promote", &format!("DRY_RUN={value}")]);
        assert_eq!(make.called(run), "[xtask][qr-promote][--dry-run]");
        let run = make.make(&["qr-promote", &format!("DO_COMMIT={value}")]);
        assert_eq!(make.called(run), "[xtask][qr-promote]");
        assert!(!mark.exists(), "{value}");
    }
}

#[test]
fn targets_do_what_the_commands_do() {
    let make = Make::new();
    let other = Sandbox::new();
    for (made, typed) in [
        (&["update-schemas", "DRY_RUN=1"][..], &["update-schemas", "--dry-run"][..]),
        (&["qr-promote", "DRY_RUN=1", "DO_COMMIT=1"], &["qr-promote", "--dry-run"]),
        (&["update-schemas", "DO_COMMIT=1"], &["update-schemas", "--commit"]),
        (&["promote", "ENV=tekton,jenkins"], &["promote", "--env", "tekton,jenkins"]),
        (&["qr-promote", "DO_COMMIT=1"], &["qr-promote", "--commit"]),
        (&["qr-promote", "DO_COMMIT=0"], &["qr-promote"]),
    ] {
        assert_eq!(make.run(made), other.xtask(typed), "{made:?}");
        assert_eq!(make.sandbox.state(), other.state(), "{made:?}");
    }
    let run = make.make(&["qr-promote"]).env("DO_COMMIT", "1").env("REF", HEAD);
    let run = run.env("RUN", env!("CARGO_BIN_EXE_xtask")).run();
    assert_eq!(run, other.xtask(&["qr-promote", "--commit", "--ref", HEAD]));
}

#[test]
fn failures_are_failures() {
    let make = Make::new();
    for (args, typed) in [
        (&["promote"][..], &["promote"][..]),
        (&["promote", "ENV=prod"], &["promote", "--env", "prod"]),
        (&["qr-promote", "REF=nowhere", "ARGS=-q"], &["qr-promote", "--ref", "nowhere", "-q"]),
    ] {
        let run = make.run(args);
        let said: Vec<_> = run.stderr.lines().filter(|line| !line.starts_with("make: ")).collect();
        let expected = make.sandbox.xtask(typed);
        assert_eq!((run.status, run.stdout), (2, expected.stdout), "{args:?}");
        assert_eq!(said.join("\n").trim_end(), expected.stderr.trim_end(), "{args:?}");
    }
}

#[test]
fn help() {
    let make = Make::new();
    make.make(&["help"]).run().matches("make-help");
    make.make(&[]).run().matches("make-help");
    assert!(!make.called.exists());
}
