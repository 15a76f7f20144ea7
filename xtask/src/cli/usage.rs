//! What clap has to say, in this program's words: its errors as problems, its help pages in lines
//! that fit the terminal.

use clap::Error;
use clap::error::{ContextValue, ErrorKind};
use console::measure_text_width;
use promotion::model::escape::escaped;
use promotion::model::problem::Problem;

use crate::terminal::filled;

/// Stands for an apostrophe that a person typed, while clap's own become backticks.
const APOSTROPHE: char = '\u{ffff}';

/// An error of usage. What was typed is escaped before clap puts it into sentences.
pub fn problem(mut error: Error) -> Problem {
    let no_command =
        [ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, ErrorKind::MissingSubcommand];
    if no_command.contains(&error.kind()) {
        return Problem::usage("no command is given").help("`--help` lists the commands");
    }
    let context: Vec<_> = error.context().map(|(kind, value)| (kind, value.clone())).collect();
    for (kind, value) in context {
        error.insert(kind, harmless(value));
    }
    let text = error.render().to_string().replace('\'', "`").replace(APOSTROPHE, "'");
    let mut paragraphs = text.split("\n\n");
    let message = paragraphs.next().unwrap_or_default().trim_start_matches("error: ");
    let (values, message): (Vec<_>, Vec<_>) =
        message.lines().map(str::trim).partition(|line| line.starts_with('['));
    let mut help: Vec<String> =
        values.iter().map(|line| line.trim_matches(['[', ']']).to_owned()).collect();
    help.extend(paragraphs.flat_map(str::lines).map(advice));
    let message = match message.split_first() {
        Some((first, [])) => (*first).to_owned(),
        Some((first, rest)) => format!("{first} {}", rest.join(", ")),
        None => String::new(),
    };
    Problem::usage(message).help(help.join("\n"))
}

/// Without line breaks, and without what a terminal would obey.
fn harmless(value: ContextValue) -> ContextValue {
    let plain = |text: String| escaped(&text).replace('\'', &APOSTROPHE.to_string());
    match value {
        ContextValue::String(text) => ContextValue::String(plain(text)),
        ContextValue::Strings(texts) => {
            ContextValue::Strings(texts.into_iter().map(plain).collect())
        }
        ContextValue::StyledStrs(tips) => ContextValue::StyledStrs(
            tips.into_iter().map(|tip| escaped(&tip.to_string()).into()).collect(),
        ),
        other => other,
    }
}

/// One line of what clap adds to an error.
fn advice(line: &str) -> String {
    let line = line.trim().trim_start_matches("tip: ");
    let names = line.split_once(" exists: ").or_else(|| line.split_once(" exist: "));
    match (names, line.strip_prefix("Usage: "), line.strip_prefix("For ")) {
        (Some((_, names)), ..) => format!("did you mean {}?", names.replace(", ", " or ")),
        (_, Some(usage), _) => format!("usage: {usage}"),
        (.., Some(more)) => format!("for {}", more.trim_end_matches('.')),
        _ => line.to_owned(),
    }
}

/// A help page in lines of at most `width` columns, broken at blanks. A broken line goes on below
/// its last column.
pub fn wrapped(page: &str, width: usize) -> String {
    page.split_inclusive('\n').map(|line| wrapped_line(line, width)).collect()
}

fn wrapped_line(line: &str, width: usize) -> String {
    let start = line.trim_end().rfind("  ").map_or(0, |blanks| blanks + 2);
    let (start, rest) = line.split_at(start);
    filled(start, rest.split_inclusive(' '), (measure_text_width(start), width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages() {
        let check = |line: &str, expected: &str| assert_eq!(wrapped(line, 20), expected, "{line}");
        check("one two three four five\nsix", "one two three four\nfive\nsix");
        check("  -q  one two three four\n", "  -q  one two three\n      four\n");
        check(
            "    a-word-that-is-longer-than-a-line x\n",
            "    a-word-that-is-longer-than-a-line\n    x\n",
        );
        check(
            "  \u{1b}[1m-q\u{1b}[0m  one two three four",
            "  \u{1b}[1m-q\u{1b}[0m  one two three\n      four",
        );
        check("exactly twenty wide.\n", "exactly twenty wide.\n");
        check("", "");
    }
}
