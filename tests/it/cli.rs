//! What can be typed.

use std::ffi::OsString;

use clap::Arg;
use clap::error::ErrorKind;
use xtask::cli::Cli;

/// What each command can't do without.
const NEEDED: &[(&str, &[&str])] = &[
    ("update-schemas", &[]),
    ("qr-promote", &[]),
    ("promote", &["--component=x"]),
    ("rollback", &["--env=x", "--reason=y"]),
    ("status", &[]),
    ("changes", &[]),
    ("discover", &[]),
    ("explain", &["x"]),
    ("demo", &[]),
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
        Some("FORMAT") => format!("--{name}=json"),
        Some("WHEN") => format!("--{name}=never"),
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
            let tries = [&[][..], &["--mr"], &["--check"], &["--reason=y"]];
            assert!(tries.iter().any(|more| with(more).is_ok()), "{name} {option}");
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}
