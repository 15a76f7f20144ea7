//! What the terminal is like that results are shown on: its width, and whether it takes links.

use std::env;
use std::io::IsTerminal;

use console::{Term, measure_text_width};

/// `warning` with its blanks in front is a label, and what follows it is below that.
const LONGEST_LABEL: usize = 12;

/// Begins a faint end of a line, such as an age: it stays in one piece.
const FAINT: &str = "\u{1b}[2m";

/// What is there to be copied: a line that has it stays whole.
const COPIED: [&str; 2] = ["pins = [{", "repair it: "];

/// In columns: `COLUMNS`, else what the terminal says; `None` if results go somewhere else.
pub fn width() -> Option<usize> {
    let set = env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    let asked = || Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    set.or_else(asked).filter(|width| *width > 0)
}

/// The text, each line of it broken between words that the terminal of standard error would break
/// within one; as it is if that is no terminal.
pub fn told(text: &str) -> String {
    let width = || Term::stderr().size_checked().map(|(_, columns)| usize::from(columns));
    match width().filter(|width| std::io::stderr().is_terminal() && *width > 0) {
        Some(width) => text.split_inclusive('\n').map(|line| broken(line, 0, width)).collect(),
        None => text.to_owned(),
    }
}

/// How wide results may be, and what breaks their lines: see [`fitted`].
pub fn fitting() -> (Option<usize>, fn(&str) -> String) {
    (width().filter(|_| std::io::stdout().is_terminal()), fitted)
}

/// The same for a result on standard output; what continues a line is indented further than it.
///
/// Not for diffs and commands. A line of a configuration stays whole too: both are there to be copied.
pub fn fitted(text: &str) -> String {
    let Some(width) = width().filter(|_| std::io::stdout().is_terminal()) else {
        return text.to_owned();
    };
    let line = |line: &str| match COPIED.iter().any(|mark| line.contains(mark)) {
        true => line.to_owned(),
        false => broken(line, 4, width),
    };
    text.split_inclusive('\n').map(line).collect()
}

/// The line, what continues it below what it begins with, or indented by so many columns more if that
/// is no label. Nothing is broken between backticks: a command is there to be copied.
fn broken(line: &str, more: usize, width: usize) -> String {
    let rest = line.trim_start_matches(' ');
    let blanks = line.len() - rest.len();
    let label = line.find(": ").filter(|end| measure_text_width(&line[..*end]) < LONGEST_LABEL);
    let indent = label.map_or(blanks + more, |end| measure_text_width(&line[..end + 2]));
    let (rest, faint) = rest.split_at(rest.rfind(FAINT).unwrap_or(rest.len()));
    let mut is_quoted = false;
    let ends = |c: char| {
        is_quoted ^= c == '`';
        c == ' ' && !is_quoted
    };
    let words = rest.split_inclusive(ends).chain(Some(faint).filter(|faint| !faint.is_empty()));
    filled(&line[..blanks], words, (indent, width))
}

/// The words behind `start`, in lines of at most `width` columns unless a word is longer; all but the
/// first are indented.
pub fn filled<'w>(
    start: &str,
    words: impl Iterator<Item = &'w str>,
    (indent, width): (usize, usize),
) -> String {
    let mut text = start.to_owned();
    let mut column = measure_text_width(start);
    for word in words {
        let length = measure_text_width(word.trim_end());
        if column > indent && column + length > width {
            text.truncate(text.trim_end().len());
            text.push_str(&format!("\n{:indent$}", ""));
            column = indent;
        }
        text.push_str(word);
        column += measure_text_width(word);
    }
    text
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
    fn lines_are_broken_between_words() {
        let check =
            |line: &str, expected: &str| assert_eq!(broken(line, 0, 20), expected, "{line}");
        check("note: short\n", "note: short\n");
        check("note: one two three four\n", "note: one two three\n      four\n");
        check("error: `a b c d e f g h i j k` is\n", "error: `a b c d e f g h i j k`\n       is\n");
        check("error: not `a-long-path` is\n", "error: not\n       `a-long-path`\n       is\n");
        check("  help: one two three four", "  help: one two\n        three four");
        check("        one two three four", "        one two\n        three four");
        check("one two three four five", "one two three four\nfive");
        check("\u{1b}[1mnote\u{1b}[0m: one two three", "\u{1b}[1mnote\u{1b}[0m: one two three");
        check("note: 'it`s one two three four five'\n", "note: 'it`s one two three four five'\n");
        check("\n", "\n");
    }

    #[test]
    fn lines_of_a_result_are_broken_between_words() {
        let check =
            |line: &str, expected: &str| assert_eq!(broken(line, 4, 20), expected, "{line}");
        check("  one two three four five\n", "  one two three four\n      five\n");
        check("tell one two three four\n", "tell one two three\n    four\n");
        check("  help: one two three four\n", "  help: one two\n        three four\n");
        // An age is not taken apart.
        check(
            "  one two three \u{1b}[2m12 d\u{1b}[0m\n",
            "  one two three \u{1b}[2m12 d\u{1b}[0m\n",
        );
        let ago = "\u{1b}[2m12 d ago\u{1b}[0m\n";
        check(&format!("  one two {ago}"), &format!("  one two {ago}"));
        check(&format!("  one two three {ago}"), &format!("  one two three\n      {ago}"));
    }

    #[test]
    fn links_are_taken_out() {
        let link = "\u{1b}]8;;https://a/b\u{1b}\\22e638d\u{1b}]8;;\u{1b}\\";
        assert_eq!(without_links(&format!("a {link}, {link}\n")), "a 22e638d, 22e638d\n");
        assert_eq!(without_links("plain \u{1b}[1mbold\u{1b}[0m"), "plain \u{1b}[1mbold\u{1b}[0m");
    }
}
