//! Splits a command line as bash does, and quotes words for it. Expands and runs nothing.

/// A command line up to the cursor, split into words.
#[derive(Debug, PartialEq, Eq)]
pub struct TypedLine {
    /// The words, without their quotes; never empty. The last one ends at the cursor.
    pub words: Vec<String>,
    /// The quotation mark that is not closed yet.
    pub quote: Option<char>,
    /// How many bytes of the last word stay when readline inserts a completion.
    pub kept: usize,
}

impl TypedLine {
    /// Splits a line that ends at the cursor. `breaks` are the characters at which readline begins
    /// a new word (`COMP_WORDBREAKS`).
    pub fn split(line: &str, breaks: &str) -> Self {
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let (mut quote, mut kept) = (None, 0);
        let mut rest = line.chars();
        while let Some(c) = rest.next() {
            match (quote, c) {
                (None, ' ' | '\t' | '\n') => {
                    words.extend(word.take());
                    kept = 0;
                    continue;
                }
                (None, '\'' | '"') => {
                    quote = Some(c);
                    kept = word.get_or_insert_default().len();
                    continue;
                }
                (Some(open), _) if open == c => {
                    quote = None;
                    continue;
                }
                _ => {}
            }
            let word = word.get_or_insert_default();
            match (quote, c) {
                (None, '\\') => word.extend(rest.next()),
                (Some('"'), '\\') => match rest.next() {
                    Some(escaped) if "\"\\$`".contains(escaped) => word.push(escaped),
                    other => word.extend(std::iter::once('\\').chain(other)),
                },
                _ => {
                    word.push(c);
                    if quote.is_none() && breaks.contains(c) {
                        kept = word.len();
                    }
                }
            }
        }
        words.push(word.unwrap_or_default());
        TypedLine { words, quote, kept }
    }

    /// The text that readline must insert to complete the last word to `word`; `None` if `word`
    /// doesn't begin with what is typed, or can't be written inside the open quotation mark.
    pub fn insertion(&self, word: &str) -> Option<String> {
        let typed = self.words.last().map_or("", String::as_str);
        let rest = word.starts_with(typed).then(|| word.get(self.kept..))??;
        let inserted = quoted(rest);
        // Some of readline's commands remove the quotation mark when they insert.
        (self.quote.is_none() || inserted == rest).then_some(inserted)
    }
}

/// The word with a backslash before every character that could mean something to the shell.
fn quoted(word: &str) -> String {
    let mut text = String::with_capacity(word.len());
    for c in word.chars() {
        if c.is_ascii() && !c.is_ascii_alphanumeric() && !"-_./=:@%+,".contains(c) {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const BREAKS: &str = " \t\n\"'@><=;|&(:";

    #[test]
    fn lines() {
        let cases: &[(&str, &[&str], Option<char>, usize)] = &[
            ("", &[""], None, 0),
            ("cargo xtask ", &["cargo", "xtask", ""], None, 0),
            ("cargo  xtask\tpro", &["cargo", "xtask", "pro"], None, 0),
            ("x --env=te", &["x", "--env=te"], None, 6),
            ("x --env=", &["x", "--env="], None, 6),
            ("x a:b=c", &["x", "a:b=c"], None, 4),
            ("x 'a b'c d", &["x", "a bc", "d"], None, 0),
            ("x 'it", &["x", "it"], Some('\''), 0),
            ("x --env='it", &["x", "--env=it"], Some('\''), 6),
            ("x --env=\"it", &["x", "--env=it"], Some('"'), 6),
            (r"x it\'s\ he", &["x", "it's he"], None, 0),
            (r"x a\=b", &["x", "a=b"], None, 0),
            (r#"x "a\"b\c" ''"#, &["x", "a\"b\\c", ""], None, 0),
            ("x $(touch y)", &["x", "$(touch", "y)"], None, 0),
            ("x é=漢", &["x", "é=漢"], None, 3),
            ("x a\\", &["x", "a"], None, 0),
        ];
        for (line, words, quote, kept) in cases {
            let words = words.iter().map(ToString::to_string).collect();
            let expected = TypedLine { words, quote: *quote, kept: *kept };
            assert_eq!(TypedLine::split(line, BREAKS), expected, "{line}");
        }
    }

    #[test]
    fn insertions() {
        let cases = [
            ("x te", "tekton", Some("tekton")),
            ("x in", "tekton", None),
            ("x --env=te", "--env=tekton", Some("tekton")),
            ("x --env=a,te", "--env=a,tekton", Some("a,tekton")),
            ("x ", "$(touch${IFS}x)", Some(r"\$\(touch\$\{IFS\}x\)")),
            ("x ", "~;&|<>*?[]#!'\"`\\", Some(r#"\~\;\&\|\<\>\*\?\[\]\#\!\'\"\`\\"#)),
            ("x 'te", "tekton", Some("tekton")),
            ("x --env=\"te", "--env=tekton", Some("tekton")),
            ("x '", "$(x)", None),
            ("x \"", "it's", None),
            ("x a:", "a:b=c", Some("b=c")),
            ("x é=", "é=漢", Some("漢")),
        ];
        for (line, word, expected) in cases {
            let inserted = TypedLine::split(line, BREAKS).insertion(word);
            assert_eq!(inserted.as_deref(), expected, "{line} {word}");
        }
    }
}
