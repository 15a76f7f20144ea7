//! How wide the terminal is that results are shown on.

use console::Term;

/// In columns: `COLUMNS`, else what the terminal says; `None` if results go somewhere else.
pub fn width() -> Option<usize> {
    let set = std::env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    let asked = || Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    set.or_else(asked).filter(|width| *width > 0)
}
