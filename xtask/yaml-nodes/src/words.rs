//! Tells what can't be in a text without parsing it.

use memchr::memchr_iter;

/// Whether some scalar of a YAML text may have a word of at least `least` hexadecimal digits, with no
/// letter or digit before or behind it, in whatever way it is written.
///
/// `false` is certain but for words behind an escape such as `\t`, which no version begins with.
pub fn may_hold_digits(text: &[u8], least: usize) -> bool {
    has_digits(text, least) || has_telling_escape(text)
}

/// Only every `least`-th byte is looked at, until one is a digit: there is one in any such word.
fn has_digits(text: &[u8], least: usize) -> bool {
    let is_digit = |at: &usize| text[*at].is_ascii_hexdigit();
    let is_word = |at: Option<usize>| {
        at.and_then(|at| text.get(at)).is_some_and(|byte| byte.is_ascii_alphanumeric())
    };
    let mut at = least.saturating_sub(1);
    while at < text.len() {
        if is_digit(&at) {
            let before = (0..at).rev().take_while(is_digit).count();
            let end = at + (at..text.len()).take_while(is_digit).count();
            let start = at - before;
            if end - start >= least && !is_word(start.checked_sub(1)) && !is_word(Some(end)) {
                return true;
            }
            at = end;
        }
        at += least.max(1);
    }
    false
}

/// Source: YAML 1.2.2, 5.7: `\x`, `\u` and `\U` write any character, and an escaped line break
/// joins two lines without a space.
fn has_telling_escape(text: &[u8]) -> bool {
    let mut escapes = memchr_iter(b'\\', text);
    escapes.any(|at| matches!(text.get(at + 1), Some(b'x' | b'u' | b'U' | b'\n' | b'\r')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_at_all() {
        assert!(!may_hold_digits(b"xyz", 0));
        assert!(may_hold_digits(b"a", 0));
    }

    #[test]
    fn digits() {
        for text in [
            "abcdef0",
            "a: abcdef0",
            "a: 0123456 # b",
            "xxxxxx: abcdef0",
            "'ABCDEF0'",
            "[x,abcdef0-rc]",
            "q/x:0123456789abcdef0123456789abcdef01234567\n",
            "\u{e9}abcdef0\u{e9}",
            "abcdefg abcdef0",
            r#"a: "\x61bcdef0""#,
            r#"a: "\u0061bcdef0""#,
            r#"a: "\U00000061bcdef0""#,
            "a: \"abc\\\n  def0\"",
            "a: \"abc\\\r\n  def0\"",
        ] {
            assert!(may_hold_digits(text.as_bytes(), 7), "{text}");
        }
        for text in [
            "",
            "abcdef",
            "a: abcdef # 012345",
            "gabcdef0 abcdef0g",
            "0xabcdef0",
            "QWxhZGRpbjpvcGVuIHNlc2FtZQ+abcdef0Z",
            r#"a: "\"abc\t\\n""#,
            "a\\",
        ] {
            assert!(!may_hold_digits(text.as_bytes(), 7), "{text}");
        }
    }

    /// Wherever the word is, some byte that is looked at is in it.
    #[test]
    fn every_place() {
        for (before, after) in (0..40).flat_map(|before| (0..10).map(move |after| (before, after)))
        {
            for (word, expected) in [("abcdef0", true), ("abcdef", false), ("abcdef01", true)] {
                for other in ["-", "a-", "ab,", "abcdef,"] {
                    let other = other.repeat(before);
                    let text = format!("{other}{word}{}", "-".repeat(after));
                    assert_eq!(may_hold_digits(text.as_bytes(), 7), expected, "{text}");
                }
            }
        }
    }
}
