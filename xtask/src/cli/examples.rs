//! The examples at the end of each help page; a test reads each of them as a command line.

use crate::called::called;
use clap::Command;

/// By command: what is typed after its name, and what that does.
const EXAMPLES: &[(&str, &[(&str, &str)])] = &[
    (
        "update-schemas",
        &[
            ("--dry-run", "show what would change"),
            ("--mr --lgtm", "open a merge request labelled lgtm"),
        ],
    ),
    (
        "qr-promote",
        &[
            ("--dry-run", "show what would change"),
            ("47fbced --commit", "promote this version, and commit it"),
            ("--mr --wait-image", "merge request, once it is built"),
        ],
    ),
    (
        "promote",
        &[
            ("--env jenkins --dry-run", "show the change"),
            ("--all --component qontract-schemas", "every environment"),
            ("--all --component a b --mr", "two in one request"),
            ("--env tekton --ref v1.2.3 --mr", "a merge request"),
            ("muo production --mr", "saas-muo, by a word"),
            ("--saas muo --env prod2 --like prod1", "the next wave"),
        ],
    ),
    (
        "rollback",
        &[
            ("--env jenkins --reason 'jobs fail'", "one version back"),
            ("--env tekton --to 47fbced --reason slow", "to this version"),
            ("--saas muo --env prod1 --reason slow", "a saas file"),
        ],
    ),
    ("block", &[("muo --ref 47fbced --reason leaks", "nobody deploys it")]),
    ("unblock", &[("muo --ref 47fbced", "it may be deployed again")]),
    (
        "status",
        &[
            ("--env tekton", "one environment, of every component"),
            ("muo", "a saas file that nobody configured"),
            ("--all-saas --mine", "where commits of yours wait"),
            ("--pins", "each pin, with its file and line"),
            ("--check --max-age 2d", "fail if a change waits too long"),
        ],
    ),
    (
        "changes",
        &[
            ("--env jenkins", "what waits for one environment"),
            ("--from v1.2.2 --ref v1.2.3", "what lies between two versions"),
        ],
    ),
    ("discover", &[("", "show what was found"), ("--write", "write it to promote.toml")]),
    ("explain", &[(".env", "each pin of a file"), (".env:26", "the pin of a line")]),
    (
        "adopt",
        &[
            ("../app-interface --dry-run", "show what it would write"),
            ("../app-interface", "write it; one commit, one revert"),
            ("../app-interface --compare", "old targets against new"),
        ],
    ),
    ("demo", &[("", "build it in cargo's target folder"), ("--dir /tmp/world", "build it there")]),
    ("completions", &[("bash > ~/.cargo-xtask.bash", "for `source` in ~/.bashrc")]),
];

/// The command with its examples at the end of its help page. None is wider than 80 columns.
pub(super) fn with_examples(command: Command) -> Command {
    let Some((name, examples)) = EXAMPLES.iter().find(|(name, _)| *name == command.get_name())
    else {
        return command;
    };
    let typed = |words: &str| format!("{} {name} {words}", called()).trim_end().to_owned();
    let width = examples.iter().map(|(words, _)| typed(words).len()).max().unwrap_or(0);
    let heading = command.get_styles().get_header();
    let mut text = format!("{heading}Examples:{heading:#}");
    for (words, effect) in *examples {
        text.push_str(&format!("\n  {:width$}  {effect}", typed(words)));
    }
    command.after_help(text)
}
