//! Dotenv and shell files as the judge reads them: one pass over the characters, with a stack of
//! what is open. Knows nothing of the other reader.

use super::{At, Difference};
use crate::model::problem::Problem;

/// The variables whose values differ; an error if anything else does.
pub(super) fn differences(before: &str, after: &str) -> Result<Vec<Difference>, String> {
    let (old, new) = (words(before)?, words(after)?);
    if old.len() != new.len() {
        return Err(format!("{} words became {}", old.len(), new.len()));
    }
    let mut found = Vec::new();
    for (old, new) in old.iter().zip(new) {
        if old.text == new.text {
            continue;
        }
        let line = old.line;
        let (Some(before), Some(after)) = (assignment(old.text), assignment(new.text)) else {
            return Err(format!("line {line} is no assignment"));
        };
        if !old.begins || before.0 != after.0 {
            return Err(format!("more than the value of line {line} differs"));
        }
        found.push((At::Line(line, after.0.to_owned()), after.1.to_owned()));
    }
    Ok(found)
}

/// Refuses a file that this reader can't read before any edit, or where it finds no assignment in a
/// place where the first reader found one: that is the file's fault.
pub(super) fn refuse_without(before: &str, wanted: &[Difference]) -> Result<(), Problem> {
    let refused = |reason: &str| {
        Problem::new(format!("a second reader of variables {reason}"))
            .help("nothing was written; mend that place, or edit the file by hand")
    };
    let words =
        words(before).map_err(|reason| refused(&format!("can't read this file: {reason}")))?;
    for (at, _) in wanted {
        let At::Line(line, name) = at else { continue };
        let is_it = |word: &Word| {
            let found = assignment(word.text);
            word.begins && word.line == *line && found.is_some_and(|found| found.0 == name)
        };
        if !words.iter().any(is_it) {
            return Err(refused(&format!("finds no `{name}=` that it could edit here")).line(*line));
        }
    }
    Ok(())
}

/// A word, or what stands between two.
struct Word<'s> {
    text: &'s str,
    /// Of its first byte, from 1.
    line: usize,
    /// Whether it is the first one of its line, but for an `export`.
    begins: bool,
}

fn words(text: &str) -> Result<Vec<Word<'_>>, String> {
    let (mut line, mut head) = (1, String::new());
    let mut words = Vec::new();
    for text in pieces(text)? {
        let begins = matches!(head.trim_start_matches('\u{feff}').trim(), "" | "export");
        words.push(Word { text, line, begins });
        line += text.matches('\n').count();
        match text.rsplit_once('\n') {
            Some((_, rest)) => rest.clone_into(&mut head),
            None => head.push_str(text),
        }
    }
    Ok(words)
}

/// Name and value of a word, the value without the quotes around all of it.
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.trim_start_matches('\u{feff}').split_once('=')?;
    let quoted = |quote| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let inner = quoted('"').or_else(|| quoted('\'')).unwrap_or(value);
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_plain = !inner.contains(['"', '\'', '\\', '$', '`', '#', '(']);
    (is_name && is_plain).then_some((name, inner))
}

/// The text cut into words and what stands between them: blanks, comments, here-documents.
fn pieces(text: &str) -> Result<Vec<&str>, String> {
    let mut cutter = Cutter { text, open: Vec::new(), here: Vec::new(), cuts: vec![0] };
    let mut at = 0;
    while at < text.len() {
        at = cutter.step(at);
    }
    if let Some(open) = cutter.open.last() {
        return Err(format!("no `{open}` at its end"));
    }
    cutter.cuts.push(text.len());
    cutter.cuts.dedup();
    Ok(cutter.cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect())
}

struct Cutter<'s> {
    text: &'s str,
    /// What closes each thing that is open.
    open: Vec<char>,
    /// The ends of the here-documents that begin on the next line, and whether tabs precede them.
    here: Vec<(String, bool)>,
    cuts: Vec<usize>,
}

impl Cutter<'_> {
    /// Looks at one character, or at a few that belong together. Gives the next byte.
    fn step(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        let Some(c) = rest.chars().next() else { return self.text.len() };
        let next = at + c.len_utf8();
        let open = self.open.last().copied();
        let escaped = |skip: usize| next + rest[skip..].chars().next().map_or(0, char::len_utf8);
        match (open, c) {
            (Some('\''), '\'') | (Some('"'), '"') | (Some('`'), '`') | (Some('}'), '}') => {
                self.open.pop();
            }
            (Some('\''), _) => {}
            (None, '\\') if rest.starts_with("\\\n") => {
                self.cut(at, next + 1);
                return next + 1;
            }
            (_, '\\') => return escaped(1),
            (Some('`'), _) | (Some('"'), '\'') => {}
            (_, '"' | '\'' | '`') => self.open.push(c),
            (_, '$') if rest.starts_with("$$") => return next + 1,
            (_, '$') if rest.starts_with("$((") => return at + balanced(rest),
            (_, '$') if rest.starts_with("$(") => {
                self.open.push(')');
                return next + 1;
            }
            (_, '$') if rest.starts_with("${") => {
                self.open.push('}');
                return next + 1;
            }
            (Some('"' | '}'), _) => {}
            (_, '#') if self.is_start(at) => return at + rest.find('\n').unwrap_or(rest.len()),
            (_, '<') if rest.starts_with("<<<") => return at + 3,
            (_, '<') if rest.starts_with("<<") => return at + self.here_document(rest),
            (Some(')'), '(') => self.open.push(')'),
            (None, '(') if rest.starts_with("((") => return at + balanced(rest),
            (None, '(') if self.text[..at].ends_with('=') => self.open.push(')'),
            (Some(')'), ')') => {
                self.open.pop();
            }
            (_, '\n') => {
                let end = next + self.bodies(next);
                self.cut(at, end);
                return end;
            }
            (None, ' ' | '\t' | '\r' | ';' | '&' | '|' | '(' | ')' | '>' | '<') => {
                self.cut(at, next);
            }
            _ => {}
        }
        next
    }

    /// Ends a word at one byte, and begins the next one at another, unless something is open.
    fn cut(&mut self, end: usize, start: usize) {
        if self.open.is_empty() {
            self.cuts.extend([end, start]);
        }
    }

    /// Whether a word begins here. To a shell, other blanks and a later BOM are parts of a word.
    fn is_start(&self, at: usize) -> bool {
        let before = self.text[..at].trim_start_matches('\u{feff}').chars().next_back();
        before.is_none_or(|c| " \t\r\n;&|()<>".contains(c))
    }

    /// Reads `<<-'END'`. Gives its length.
    fn here_document(&mut self, rest: &str) -> usize {
        let tabs = rest.starts_with("<<-");
        let operator = if tabs { 3 } else { 2 };
        let word = rest[operator..].trim_start_matches([' ', '\t']);
        let blanks = rest.len() - operator - word.len();
        let quoted = ['\'', '"'].into_iter().find(|quote| word.starts_with(*quote));
        let length = match quoted {
            Some(quote) => word[1..].find(quote).map(|length| length + 2),
            None => word.find([' ', '\t', '\r', '\n', ';', '&', '|', ')', '<', '>']),
        };
        let length = length.unwrap_or(word.len());
        self.here.push((word[..length].replace(['\'', '"', '\\'], ""), tabs));
        operator + blanks + length
    }

    /// The length of the here-documents that begin at a byte.
    fn bodies(&mut self, start: usize) -> usize {
        let mut length = 0;
        for (end, tabs) in std::mem::take(&mut self.here) {
            for line in self.text[start + length..].split_inclusive('\n') {
                length += line.len();
                let line = line.trim_end_matches(['\r', '\n']);
                if (if tabs { line.trim_start_matches('\t') } else { line }) == end {
                    break;
                }
            }
        }
        length
    }
}

/// The length of `((…))` with what precedes it.
fn balanced(text: &str) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if c == ')' && depth == 0 {
            return at + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut() {
        let cases: [(&str, &[&str]); 27] = [
            ("a b", &["a", " ", "b"]),
            ("a;b&c|d>e<f", &["a", ";", "b", "&", "c", "|", "d", ">", "e", "<", "f"]),
            ("a\\ b", &["a\\ b"]),
            ("a\\é b", &["a\\é", " ", "b"]),
            ("a\\\nb", &["a", "\\\n", "b"]),
            ("'a \\' b", &["'a \\'", " ", "b"]),
            ("\"a '\" b", &["\"a '\"", " ", "b"]),
            ("`a '` b", &["`a '`", " ", "b"]),
            ("$a b", &["$a", " ", "b"]),
            ("$${a b", &["$${a", " ", "b"]),
            ("a$$(b)", &["a$$", "(", "b", ")"]),
            ("$((1 << 2)) b\nc d\n", &["$((1 << 2))", " ", "b", "\n", "c", " ", "d", "\n"]),
            ("ab<<< c d", &["ab<<<", " ", "c", " ", "d"]),
            ("$(a (b) c) d", &["$(a (b) c)", " ", "d"]),
            ("a${b c} d", &["a${b c}", " ", "d"]),
            ("a <<<b\nc d\n", &["a", " ", "<<<b", "\n", "c", " ", "d", "\n"]),
            ("a <b\nc d\n", &["a", " ", "<", "b", "\n", "c", " ", "d", "\n"]),
            ("a <<b\nc d\nb\ne f", &["a", " ", "<<b", "\nc d\nb\n", "e", " ", "f"]),
            (
                "a <<  bcd e\nc d\nbcd\nf g",
                &["a", " ", "<<  bcd", " ", "e", "\nc d\nbcd\n", "f", " ", "g"],
            ),
            ("a << b\nc d\nb\ne", &["a", " ", "<< b", "\nc d\nb\n", "e"]),
            (
                "a <<-'b c' d\n\tb c\ne f",
                &["a", " ", "<<-'b c'", " ", "d", "\n\tb c\n", "e", " ", "f"],
            ),
            ("(a b) c", &["(", "a", " ", "b", ")", " ", "c"]),
            ("((a b)) c", &["((a b))", " ", "c"]),
            ("A=(b c) d", &["A=(b c)", " ", "d"]),
            ("a # b c\nd", &["a", " ", "# b c", "\n", "d"]),
            ("a#b c", &["a#b", " ", "c"]),
            ("", &[""]),
        ];
        for (text, expected) in cases {
            let pieces = pieces(text).unwrap();
            let pieces: Vec<_> = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
            let expected: Vec<_> =
                expected.iter().copied().filter(|piece| !piece.is_empty()).collect();
            assert_eq!(pieces, expected, "{text:?}");
        }
        for (text, open) in [("'a", '\''), ("$(a", ')'), ("\"${a\"", '"'), ("`a", '`')] {
            assert_eq!(pieces(text), Err(format!("no `{open}` at its end")), "{text:?}");
        }
    }
}
