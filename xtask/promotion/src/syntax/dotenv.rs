//! Finds the value of a variable in a dotenv or shell file. Changes nothing.

use std::ops::Range;

/// What ends a word.
const ENDS: [char; 9] = [' ', '\t', '\r', '\n', ';', '&', '|', ')', '#'];

/// One assignment.
#[derive(Debug, PartialEq, Eq)]
pub struct Assignment<'s> {
    /// The bytes of the value, without its quotes if they are around all of it.
    pub range: Range<usize>,
    /// The value as it stands there.
    pub value: &'s str,
    /// From 1.
    pub line: usize,
}

/// Every `[export ]NAME=value` at the beginning of a line, blanks before it allowed.
///
/// `name` has to be the whole name: `VAULT_NAME=…` and comments are something else.
pub fn assignments<'s>(text: &'s str, name: &str) -> Vec<Assignment<'s>> {
    let mut found = Vec::new();
    let mut start = 0;
    for (index, whole) in text.split_inclusive('\n').enumerate() {
        if let Some(range) = value_in(whole, name) {
            let range = start + range.start..start + range.end;
            found.push(Assignment { value: &text[range.clone()], range, line: index + 1 });
        }
        start += whole.len();
    }
    found
}

/// The name of every variable that [`assignments`] finds a value of, each once, in their order.
pub fn names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for whole in text.split_inclusive('\n') {
        let Some((before, _)) = whole.split_once('=') else { continue };
        let name = before.rsplit([' ', '\t', '\u{feff}']).next().unwrap_or(before);
        if !name.is_empty() && !names.contains(&name) && value_in(whole, name).is_some() {
            names.push(name);
        }
    }
    names
}

fn value_in(whole: &str, name: &str) -> Option<Range<usize>> {
    let blank = [' ', '\t'];
    let line = whole.strip_prefix('\u{feff}').unwrap_or(whole).trim_start_matches(blank);
    let after_export = line
        .strip_prefix("export")
        .filter(|rest| rest.starts_with(blank))
        .map(|rest| rest.trim_start_matches(blank));
    let value = after_export.unwrap_or(line).strip_prefix(name)?.strip_prefix('=')?;
    let start = whole.len() - value.len();
    let word = |text: &str| text.find(ENDS).unwrap_or(text.len());
    let quoted =
        value.chars().next().filter(|first| ['"', '\''].contains(first)).and_then(|quote| {
            let length = value[1..].find(quote)?;
            (word(&value[length + 2..]) == 0).then_some(1..1 + length)
        });
    let range = quoted.unwrap_or(0..word(value));
    Some(start + range.start..start + range.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(usize, &str)]) {
        let found = assignments(text, "TAG");
        let found: Vec<_> = found.iter().map(|one| (one.line, &text[one.range.clone()])).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn finds_exactly_that_name() {
        check("TAG=22e638d\n", &[(1, "22e638d")]);
        check("export TAG=22e638d", &[(1, "22e638d")]);
        check("\u{feff}export\t TAG=22e638d\r\n", &[(1, "22e638d")]);
        check("VAULT_TAG=a\nTAG_=b\n TAG=c\nexportTAG=d\n", &[(3, "c")]);
        check("# TAG=a\n#export TAG=b\necho TAG=c\nTAG =d\n", &[]);
        check("TAG=a # old: TAG=b\nTAG=\n", &[(1, "a"), (2, "")]);
    }

    #[test]
    fn names_are_listed_once() {
        let text = "\u{feff}A=1\nexport B=2\r\n # C=3\necho D=4\nA=5\n=6\n\tE=\n";
        assert_eq!(names(text), ["A", "B", "E"]);
    }

    #[test]
    fn knows_where_a_value_ends() {
        check("TAG='22e638d' # x\n", &[(1, "22e638d")]);
        check("TAG=\"é x\"\n", &[(1, "é x")]);
        check("TAG=a; export TAG\n", &[(1, "a")]);
        check("TAG=$(git rev-parse HEAD)\n", &[(1, "$(git")]);
        check("TAG='open\n", &[(1, "'open")]);
        check("TAG='a'b'\n", &[(1, "'a'b'")]);
    }
}
