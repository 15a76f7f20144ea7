//! What the terminal is like that results are shown on: its width, and whether it takes links.

use std::env;
use std::io::IsTerminal;

use console::Term;

/// In columns: `COLUMNS`, else what the terminal says; `None` if results go somewhere else.
pub fn width() -> Option<usize> {
    let set = env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    let asked = || Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    set.or_else(asked).filter(|width| *width > 0)
}

/// Whether the terminal is known to show links (OSC 8); `FORCE_HYPERLINK` says so too, or `0` not.
///
/// Not a crate: `supports-hyperlinks` looks at the same variables. Others print rubbish.
pub fn takes_links() -> bool {
    let variable = |name: &str| env::var(name).unwrap_or_default();
    if let Ok(forced) = env::var("FORCE_HYPERLINK") {
        return forced != "0";
    }
    let term = variable("TERM");
    // What runs in tmux or screen still has the variables of the terminal around it.
    if !std::io::stdout().is_terminal() || term.starts_with("screen") || term.starts_with("tmux") {
        return false;
    }
    let programs = ["iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper"];
    programs.contains(&&*variable("TERM_PROGRAM"))
        || ["kitty", "ghostty", "foot", "alacritty"].iter().any(|name| term.contains(name))
        || variable("VTE_VERSION").parse().is_ok_and(|version: u32| version >= 5000)
        || ["WT_SESSION", "KONSOLE_VERSION"].iter().any(|name| env::var_os(name).is_some())
}

/// The text with what stands in its links, without their addresses.
pub fn without_links(text: &str) -> String {
    const START: &str = "\u{1b}]8;;";
    const END: &str = "\u{1b}\\";
    let mut parts = text.split(START);
    let first = parts.next().unwrap_or_default().to_owned();
    let after =
        |part: &str| part.split_once(END).map_or(String::new(), |(_, rest)| rest.to_owned());
    parts.fold(first, |all, part| all + &after(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_taken_out() {
        let link = "\u{1b}]8;;https://a/b\u{1b}\\22e638d\u{1b}]8;;\u{1b}\\";
        assert_eq!(without_links(&format!("a {link}, {link}\n")), "a 22e638d, 22e638d\n");
        assert_eq!(without_links("plain \u{1b}[1mbold\u{1b}[0m"), "plain \u{1b}[1mbold\u{1b}[0m");
    }
}
