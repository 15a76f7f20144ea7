//! Texts in columns: what counts is how wide a terminal shows them, so `漢` counts twice.

use unicode_width::UnicodeWidthStr;

/// How many columns a terminal gives to the text.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The widest of the texts; 0 without any.
pub(super) fn widest<'t>(texts: impl IntoIterator<Item = &'t str>) -> usize {
    texts.into_iter().map(width).max().unwrap_or(0)
}

/// The text, filled up with blanks to `columns`.
pub(super) fn padded(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(blanks))
}

/// The text, its end left out where it is wider than `columns`.
pub fn clipped(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let ends = text.char_indices().map(|(at, _)| &text[..at]);
    let longest = ends.take_while(|start| width(start) < columns).last();
    longest.map(|start| format!("{start}…")).unwrap_or_default()
}

/// The path without as many of its first folders as it takes to fit into `columns`: `…/c/d.yml:7`. A
/// file name is never cut.
pub(super) fn path_end(path: &str, columns: usize) -> String {
    let ends = path.match_indices('/').map(|(at, _)| format!("…{}", &path[at..]));
    let mut shorter = std::iter::once(path.to_owned()).chain(ends.skip(1));
    let last = path.rfind('/').map_or(path.to_owned(), |at| format!("…{}", &path[at..]));
    shorter.find(|end| width(end) <= columns).unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_keep_their_end() {
        let path = "data/services/app/saas-app.yaml:40";
        let cases = [
            (34, path),
            (33, "…/app/saas-app.yaml:40"),
            (21, "…/saas-app.yaml:40"),
            (3, "…/saas-app.yaml:40"),
        ];
        for (columns, expected) in cases {
            assert_eq!(path_end(path, columns), expected, "{columns}");
        }
        assert_eq!(path_end(".env:26", 3), ".env:26");
        assert_eq!(path_end("a/long-name.yml", 14), "…/long-name.yml");
    }

    #[test]
    fn pads_and_clips() {
        let check = |text: &str, columns: usize, expected: [&str; 2]| {
            assert_eq!([padded(text, columns), clipped(text, columns)], expected, "{text}");
        };
        check("abc", 3, ["abc", "abc"]);
        check("abcd", 3, ["abcd", "ab…"]);
        check("äöü", 2, ["äöü", "ä…"]);
        check("漢字", 5, ["漢字 ", "漢字"]);
        check("漢字", 3, ["漢字", "漢…"]);
        check("漢字", 2, ["漢字", "…"]);
        check("e\u{301}e", 3, ["e\u{301}e ", "e\u{301}e"]);
        check("🎉x", 2, ["🎉x", "…"]);
        check("", 0, ["", ""]);
        check("x", 0, ["x", ""]);
    }
}
