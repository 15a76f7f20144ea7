//! What can be typed.

use std::ffi::OsString;

use clap::Arg;
use clap::error::ErrorKind;
use promotion::model::problem::Problem;
use xtask::cli::{Cli, usage};

use crate::sandbox::{HEAD, Sandbox};

/// What each command can't do without.
const NEEDED: &[(&str, &[&str])] = &[
    ("update-schemas", &[]),
    ("qr-promote", &[]),
    ("promote", &[]),
    ("rollback", &["--env=x", "--reason=y"]),
    ("block", &["x", "--ref=y", "--reason=y"]),
    ("unblock", &["x", "--ref=y"]),
    ("status", &[]),
    ("changes", &[]),
    ("discover", &[]),
    ("explain", &["x"]),
    ("demo", &[]),
    ("adopt", &["dir"]),
    ("completions", &["bash"]),
    ("__complete", &["bash"]),
];

/// What was read, or why not.
fn read(command: &str, words: &[&[&str]]) -> Result<String, ErrorKind> {
    let words = words.iter().copied().flatten().map(OsString::from);
    let words = ["xtask", command].map(OsString::from).into_iter().chain(words);
    Cli::try_parse(words).map(|cli| format!("{cli:?}")).map_err(|error| error.kind())
}

/// An option as it could be typed, with a value that no default has.
fn typed(option: &Arg) -> Option<String> {
    let name = option.get_long()?;
    let value = option.get_value_names().map(|names| names[0].as_str());
    Some(match value.filter(|_| option.get_action().takes_values()) {
        None => format!("--{name}"),
        Some("N") => format!("--{name}=7"),
        Some("DURATION") => format!("--{name}=7m"),
        Some("FORMAT") if option.get_possible_values().len() == 1 => return None,
        Some("FORMAT") => format!("--{name}=json"),
        Some("WHEN") => format!("--{name}=never"),
        Some("WHAT") => format!("--{name}=keep"),
        Some(_) => format!("--{name}=z"),
    })
}

#[test]
fn every_option_is_read() {
    let mut whole = Cli::command();
    whole.build();
    let mut seen = 0;
    for command in whole.get_subcommands().filter(|command| command.get_name() != "help") {
        let name = command.get_name();
        let (_, needed) = NEEDED.iter().find(|(one, _)| *one == name).unwrap();
        let one_of = if name == "promote" { &["--all"][..] } else { &[] };
        let own = command.get_arguments().filter_map(typed);
        for option in own.filter(|option| !["--help", "--version"].contains(&option.as_str())) {
            let without: Vec<_> = needed
                .iter()
                .copied()
                .filter(|word| word.split('=').next() != option.split('=').next())
                .collect();
            let is_it = name == "promote" && ["--env=z", "--all"].contains(&option.as_str());
            let (other, one_of) =
                if is_it { (&["--env=y"][..], &[][..]) } else { (one_of, one_of) };
            let with = |more: &[&str]| {
                let before = read(name, &[needed, other, more]);
                let after = read(name, &[&without, one_of, more, &[&option]]);
                // Without a command line to compare with, nothing would be shown.
                let (before, after) = (before?, after?);
                assert_ne!(after, before, "{name} {option} {more:?}");
                Ok::<_, ErrorKind>(())
            };
            let tries = [&[][..], &["--mr"], &["--check"], &["--reason=y"], &["--saas=y"]];
            assert!(tries.iter().any(|more| with(more).is_ok()), "{name} {option}");
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn headings_of_saas_files_have_nothing_else() {
    let whole = Cli::command();
    let below = |name: &str| {
        let command = whole.find_subcommand(name).unwrap().get_arguments();
        let below = command.filter(|option| option.get_help_heading() == Some("Saas files"));
        below.filter_map(|option| option.get_long()).collect::<Vec<_>>()
    };
    let targets = ["saas", "owner", "template", "target", "namespace"];
    assert_eq!(below("rollback"), targets);
    assert_eq!(below("promote"), [&targets[..], &["like", "hotfix", "split"]].concat());
}

/// The examples of a help page, as command lines.
fn examples(command: &clap::Command) -> Vec<String> {
    let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.strip_prefix("  cargo xtask "));
    lines.map(|line| line.split("  ").next().unwrap().to_owned()).collect()
}

#[test]
fn every_example_can_be_typed() {
    let whole = Cli::command();
    for command in whole.get_subcommands().filter(|command| !command.is_hide_set()) {
        let examples = examples(command);
        assert!(!examples.is_empty(), "{}", command.get_name());
        let page = command.get_after_help().unwrap().to_string();
        assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
        for example in examples {
            let typed = example.split(" > ").next().unwrap().replace("'jobs fail'", "x");
            let words = ["xtask"].into_iter().chain(typed.split(' ')).map(OsString::from);
            let read = Cli::try_parse(words).map(|cli| cli.command.name());
            assert_eq!(read.ok(), Some(command.get_name()), "{example}");
        }
    }
}

/// What is typed, and how clap's objection reads.
fn check(typed: &[&str], message: &str, help: &str) {
    let words = ["xtask"].iter().chain(typed).map(OsString::from);
    let problem = usage::problem(Cli::try_parse(words).unwrap_err());
    let expected = Problem::usage(message).help(help);
    assert_eq!(problem, expected, "{typed:?}");
}

#[test]
fn objections() {
    let more = "for more information, try `--help`";
    let sha = "expected 7 to 40 digits of a commit; a branch or tag goes in `--ref`, an environment in `--env`";
    check(&["qr-promote", "tekton"], &format!("invalid value `tekton` for `[SHA]`: {sha}"), more);
    check(
        &["qr-promote", "it's\n\u{9b}31m\u{202e}"],
        &format!("invalid value `it's\\u{{a}}\\u{{9b}}31m\\u{{202e}}` for `[SHA]`: {sha}"),
        more,
    );
    check(
        &["status", "--fromat\n\u{1b}[31m"],
        "unexpected argument `--fromat\\u{a}\\u{1b}[31m` found",
        &format!(
            "did you mean `--format`?\nusage: cargo xtask status --format <FORMAT> [NAME]...\n{more}"
        ),
    );
    let formats = |formats: &str| format!("possible values: {formats}\n{more}");
    let markdown = "invalid value `markdown` for `--format <FORMAT>`";
    check(&["promote", "--all", "--format", "markdown"], markdown, &formats("text, json"));
    check(&["--format", "markdown", "promote", "--all"], markdown, &formats("text, json"));
    check(&["--format", "markdown", "demo"], markdown, &formats("text"));
    check(
        &["status", "--format", "x"],
        "invalid value `x` for `--format <FORMAT>`",
        &formats("text, json, markdown, html"),
    );
    check(
        &["rollback"],
        "the following required arguments were not provided: --env <NAME>..., --reason <TEXT>",
        &format!("usage: cargo xtask rollback --env <NAME>... --reason <TEXT>\n{more}"),
    );
    let files = "<NAME [WHERE]|--saas <NAME>...|--owner <TEAM>>";
    let what = "<NAME [WHERE]|--env <NAME>...|--all|--saas <NAME>...|--owner <TEAM>>";
    check(
        &["promote", "--env", "jenkins", "--target", "x"],
        &format!("the following required arguments were not provided: {files}"),
        &format!("usage: cargo xtask promote --target <NAME>... {what} {files}\n{more}"),
    );
    for typed in [&[][..], &["--quiet"], &["--format", "json"]] {
        check(typed, "no command is given", "`--help` lists the commands");
    }
}

#[test]
fn what_people_type_works() {
    let read = |typed: &[&str]| read(typed[0], &[&typed[1..]]).unwrap();
    let wait = read(&["qr-promote", "--wait-image=10m"]);
    assert_eq!(read(&["qr-promote", "--wait-image", "10m"]), wait);
    assert_ne!(read(&["qr-promote", "--wait-image", "--mr"]), wait);
    let to = read(&["rollback", "--env", "x", "--reason", "y", "--to", "47fbced"]);
    assert_eq!(read(&["rollback", "--env", "x", "--reason", "y", "--ref", "47fbced"]), to);
}

/// Every message has the name that the program was called by.
#[test]
fn the_name_it_was_called_by() {
    let sandbox = Sandbox::covered();
    let linked = sandbox.world.root.join("cargo-ship");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_xtask"), &linked).unwrap();
    let cases = [
        (env!("CARGO_BIN_EXE_xtask"), "cargo xtask"),
        (env!("CARGO_BIN_EXE_app-promote"), "app-promote"),
        (linked.to_str().unwrap(), "cargo ship"),
    ];
    let edit = ["promote", "--env", "jenkins", "--offline", "--ref", HEAD];
    for (program, name) in cases {
        let help = sandbox.program(program, &["promote", "--help"]).run();
        assert!(help.stdout.contains(&format!("Usage: {name} promote ")), "{}", help.stdout);
        let run = sandbox.program(program, &edit).run();
        let again = run.stdout.split("to commit it:\n  ").nth(1).unwrap();
        assert!(again.starts_with(&format!("{name} promote ")), "{again}");
        sandbox.git("checkout --quiet .");
    }
    // cargo calls it with its name once more.
    let called = sandbox.program(linked.to_str().unwrap(), &["ship", "status", "-q"]).run();
    assert_eq!(called, sandbox.xtask(&["status", "-q"]));
}
