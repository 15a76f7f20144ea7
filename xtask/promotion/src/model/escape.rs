//! Makes other people's text safe to print on a terminal.

/// The text with every character that a terminal obeys written as `\u{…}`, line breaks and tabs
/// too.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_obeyed(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// A word as a shell takes it; what a terminal would obey is escaped.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", escaped(&word.replace('\'', "'\\''")))
}

/// Whether a terminal or a browser would obey the character instead of showing it.
pub fn is_obeyed(c: char) -> bool {
    c.is_control() || reorders(c)
}

/// Whether it is one of Unicode's bidirectional controls, or its line or paragraph separator.
fn reorders(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls() {
        let cases = [
            ("plain: é 漢 🎉 `x`", "plain: é 漢 🎉 `x`"),
            ("\u{1b}[31mred\u{7}", "\\u{1b}[31mred\\u{7}"),
            ("a\r\nb\tc\u{9b}", "a\\u{d}\\u{a}b\\u{9}c\\u{9b}"),
            ("evil\u{202e}txt", "evil\\u{202e}txt"),
        ];
        for (text, expected) in cases {
            assert_eq!(escaped(text), expected);
        }
    }

    #[test]
    fn words_of_a_shell() {
        let cases = [
            ("data/a-b_c.yml", "data/a-b_c.yml"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("a\u{1b}", "'a\\u{1b}'"),
        ];
        for (word, expected) in cases {
            assert_eq!(shell_word(word), expected, "{word:?}");
        }
    }
}
