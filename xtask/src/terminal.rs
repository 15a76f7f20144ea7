//! How wide the terminal is that results are shown on.

use std::io::IsTerminal;

use xshell::{Shell, cmd};

/// In characters: `COLUMNS`, else what the terminal says; `None` if results go somewhere else.
pub fn width() -> Option<usize> {
    let set = std::env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    let width = set.or_else(|| std::io::stdout().is_terminal().then(ask).flatten());
    width.filter(|width| *width > 0)
}

/// Asks `stty`, which is everywhere: std can't ask, and needs no crate for it this way.
fn ask() -> Option<usize> {
    let shell = Shell::new().ok()?;
    let size = cmd!(shell, "sh -c 'stty size </dev/tty'").quiet().ignore_stderr().read().ok()?;
    size.split_whitespace().nth(1)?.parse().ok()
}
