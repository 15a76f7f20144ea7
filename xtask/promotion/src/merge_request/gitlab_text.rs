//! Makes other people's text harmless in a merge request: commit subjects, names and values.
//!
//! In a description such text becomes a code span: GitLab ignores references, mentions and emoji
//! only inside of `code` elements. Entities such as `&#64;` protect nothing, for its
//! `ReferenceFilter` runs on the rendered text. A title can't have code spans; there, a blank is
//! put into what GitLab would read as a reference.

use crate::model::escape::is_obeyed;

/// The longest text that is not cut, in characters.
const LONGEST: usize = 160;

/// The longest title that GitLab accepts, in characters.
const LONGEST_TITLE: usize = 255;

/// The text as a code span of one line, cut after 160 characters.
///
/// Two things in it are written as entities outside of the span, because GitLab reads them in the
/// raw text, code spans included: a backslash (`PushOptionsHandlerService` turns `\n` into a line
/// break), and the characters that make a reference after `Closes` (`ClosingIssueExtractor`).
pub fn code(text: &str) -> String {
    let text = one_line(text, LONGEST);
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    let (mut out, mut start) = (String::new(), 0);
    for (at, c) in text.char_indices() {
        if is_read_raw(&text[..at], c, &text[at + c.len_utf8()..]) {
            span(&mut out, &fence, &text[start..at]);
            out.push_str(&format!("&#{};", u32::from(c)));
            start = at + c.len_utf8();
        }
    }
    span(&mut out, &fence, &text[start..]);
    out
}

/// The text as a code span for a table cell, where `|` would end the cell even inside of the span.
pub fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// A sentence or a name of one line: words of letters and digits stay, other words and everything
/// between backticks become code spans. Never empty, so that a heading of it is not empty.
pub fn prose(text: &str) -> String {
    let text = one_line(text, 4 * LONGEST);
    if text.chars().all(|c| c == '`' || c.is_whitespace() || has_no_width(c)) {
        return code(&text.replace(has_no_width, "\u{fffd}"));
    }
    let parts = text.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    let mut out = String::new();
    for (index, part) in parts {
        let shown = if index % 2 == 1 { code(part) } else { words(part) };
        // Two code spans side by side would read as one.
        let gap = if out.ends_with('`') && shown.starts_with('`') { " " } else { "" };
        out.push_str(gap);
        out.push_str(&shown);
    }
    out
}

/// A title of one line, at most 255 characters, that GitLab doesn't take for a draft's.
pub fn title(text: &str) -> String {
    let text = one_line(text, usize::MAX);
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        let is_sigil = "@#!~%&$^<[:".contains(c);
        if is_sigil && chars.peek().is_some_and(|next| !next.is_whitespace()) {
            out.push(' ');
        }
    }
    if is_draft(&out) {
        out.insert_str(0, "Promotion: ");
    }
    cut(&out, LONGEST_TITLE)
}

/// One line of a commit message: mentions, references and quick actions in it are broken by a
/// blank.
pub fn line(text: &str) -> String {
    broken_up(&one_line(text, LONGEST))
}

/// The first line of a commit message, treated like the others but at most 255 characters long.
pub fn subject(text: &str) -> String {
    broken_up(&one_line(text, LONGEST_TITLE))
}

fn broken_up(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        let next = chars.peek();
        let is_reference = "@#!&".contains(c) && next.is_some_and(|next| next.is_alphanumeric());
        // An address after `Closes` closes an issue too; a quick action is a line that begins with
        // `/`.
        let is_address = c == ':' && next == Some(&'/');
        let is_action = out == "/";
        if is_reference || is_address || is_action {
            out.push(' ');
        }
    }
    out
}

/// Whether GitLab would take the title for a draft's: `Draft`, in older versions `WIP`.
fn is_draft(title: &str) -> bool {
    let start = title.trim_start_matches(['[', '(', ' ']).to_lowercase();
    let rest = start.strip_prefix("draft").or(start.strip_prefix("wip"));
    rest.is_some_and(|rest| rest.trim_start().starts_with([':', ']', ')', '-']))
}

/// Whether GitLab gives this character a meaning in the raw text, inside of code spans too.
fn is_read_raw(before: &str, c: char, after: &str) -> bool {
    let is_number = after.starts_with(|next: char| next.is_ascii_digit());
    match c {
        '\\' => true,
        // A closing reference follows a blank, so `(#12)` closes nothing.
        '#' => is_number && !before.ends_with('('),
        ':' => after.starts_with("//"),
        // The key of a Jira issue, such as `APPSRE-12`.
        '-' => is_number && ends_with_project(before),
        _ => false,
    }
}

fn ends_with_project(text: &str) -> bool {
    let of_key = |c: &char| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '_';
    text.chars().rev().take_while(of_key).any(|c| c.is_ascii_uppercase())
}

fn words(text: &str) -> String {
    let shown = text.split(' ').map(|word| match is_plain(word) {
        true => word.to_owned(),
        false => code(word),
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// Whether a word is plain text in GitLab's Markdown: no markup, no link, no reference.
fn is_plain(word: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if word.strip_prefix('+').is_some_and(is_number) {
        return true;
    }
    let inner = word.trim_start_matches('(').trim_end_matches([',', '.', ';', ':', ')']);
    let ok = |c: char| c.is_alphanumeric() || "-'./,".contains(c);
    inner.chars().all(ok)
        && !inner.starts_with(['/', '-'])
        && !inner.to_lowercase().starts_with("www.")
        && !inner.match_indices('-').any(|(at, _)| is_read_raw(&inner[..at], '-', &inner[at + 1..]))
}

fn span(out: &mut String, fence: &str, part: &str) {
    if part.is_empty() {
        return;
    }
    // CommonMark removes one blank from both ends; and a backtick at an end would join the fence.
    let blanks = part.starts_with(' ') && part.ends_with(' ') && !part.trim().is_empty();
    let pad = if blanks || part.starts_with('`') || part.ends_with('`') { " " } else { "" };
    out.push_str(&format!("{fence}{pad}{part}{pad}{fence}"));
}

/// Whether a character of a name shows nothing at all.
fn has_no_width(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// The text in one line, cut: runs of blanks and line breaks become one blank, and characters that
/// a terminal obeys become `\u{fffd}`.
fn one_line(text: &str, longest: usize) -> String {
    let is_blank = |c: char| c.is_whitespace() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{85}');
    let words = text.split(is_blank).filter(|word| !word.is_empty());
    let shown = words.map(|word| word.replace(is_obeyed, "\u{fffd}"));
    cut(&shown.collect::<Vec<_>>().join(" "), longest)
}

fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let kept: String = text.chars().take(longest - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_spans() {
        let cases = [
            ("fix(slack): tolerate users (#4127)", "`fix(slack): tolerate users (#4127)`"),
            // Line breaks and a literal `\n`: in the middle, at both ends, doubled.
            ("a\nb\r\n/close\u{2028}c\td", "`a b /close c d`"),
            (r"a\n/close", "`a`&#92;`n/close`"),
            (r"\n\n/close\n", "&#92;`n`&#92;`n/close`&#92;`n`"),
            (r"\\n", "&#92;&#92;`n`"),
            (r"a\", "`a`&#92;"),
            // Mentions, references, emoji, quick actions, HTML and Markdown are inert in code.
            ("@all @group/sub @ann", "`@all @group/sub @ann`"),
            ("/close", "`/close`"),
            ("!34 ~label %1.0 &5 $7 :tada:", "`!34 ~label %1.0 &5 $7 :tada:`"),
            ("<img src=x onerror=y> <!-- &amp;", "`<img src=x onerror=y> <!-- &amp;`"),
            ("![x](y) **b** [a]: c", "`![x](y) **b** [a]: c`"),
            // References after `Closes` are read inside of code spans too.
            ("Closes #12, #13", "`Closes `&#35;`12, `&#35;`13`"),
            ("Fixes group/project#12", "`Fixes group/project`&#35;`12`"),
            ("Fixes https://h/p/-/issues/1", "`Fixes https`&#58;`//h/p/-/issues/1`"),
            ("Fixes APPSRE-12 on 2024-01-02", "`Fixes APPSRE`&#45;`12 on 2024-01-02`"),
            ("A1-2 A_-3 a1-4 1-5", "`A1`&#45;`2 A_`&#45;`3 a1-4 1-5`"),
            // Backticks don't end the code.
            ("a `b` c", "``a `b` c``"),
            ("`", "`` ` ``"),
            ("```sh", "```` ```sh ````"),
            ("``\\n`", "``` `` ```&#92;``` n` ```"),
            // Control characters, bidirectional controls, and an empty text.
            ("\u{1b}[31mred\u{202e}txt\u{7}", "`\u{fffd}[31mred\u{fffd}txt\u{fffd}`"),
            ("  ", "(empty)"),
            ("漢字 é 🎉", "`漢字 é 🎉`"),
        ];
        for (text, expected) in cases {
            assert_eq!(code(text), expected, "{text}");
        }
        assert_eq!(code(&"x".repeat(161)), format!("`{}…`", "x".repeat(159)));
        assert_eq!(cell("a|b\\|c"), "`a\\|b`&#92;`\\|c`");
    }

    #[test]
    fn no_literal_line_break_survives() {
        for text in [r"\n", r"\\n", r"`\n`", r"a\`\nb", r"\\\n\n", "\\\u{7}n"] {
            for shown in [code(text), cell(text), prose(text)] {
                assert!(!shown.contains("\\n") && !shown.contains('\n'), "{text}: {shown}");
            }
        }
    }

    #[test]
    fn sentences() {
        let cases = [
            ("Inés Okonkwo", "Inés Okonkwo"),
            ("Pat O'Neil-Jones, Jr.", "Pat O'Neil-Jones, Jr."),
            ("red-hat-konflux[bot]", "`red-hat-konflux[bot]`"),
            ("@all", "`@all`"),
            ("Ann @all", "Ann `@all`"),
            ("47fbced +1", "47fbced +1"),
            ("+ a ++1 +1a", "`+` a `++1` `+1a`"),
            ("/close", "`/close`"),
            ("fixes #12 and (APPSRE-3)", "fixes &#35;`12` and `(APPSRE`&#45;`3)`"),
            ("see www.example.com", "see `www.example.com`"),
            ("<b>*x*", "`<b>*x*`"),
            ("`data/x.yml` passed over: no YAML", "`data/x.yml` passed over: no YAML"),
            ("old `a` and @all` b", "old `a` and `@all` `b`"),
            ("a\\nb", "`a`&#92;`nb`"),
            ("", "(empty)"),
            (" ", "(empty)"),
            ("`", "`` ` ``"),
            ("```", "```` ``` ````"),
            ("` `", "`` ` ` ``"),
            ("\u{200b}\u{feff}", "`\u{fffd}\u{fffd}`"),
        ];
        for (text, expected) in cases {
            assert_eq!(prose(text), expected, "{text}");
        }
    }

    #[test]
    fn lines_of_a_commit() {
        let cases = [
            ("fix(slack): tolerate users (#4127)", "fix(slack): tolerate users (# 4127)"),
            ("Closes #1, g/p#2, !3 and &4 @all", "Closes # 1, g/p# 2, ! 3 and & 4 @ all"),
            ("Closes https://h/g/p/-/issues/1", "Closes https: //h/g/p/-/issues/1"),
            ("/tag v1", "/ tag v1"),
            ("a/b and \\n a:b #", "a/b and \\n a:b #"),
            ("a\nb\u{1b}[31m", "a b\u{fffd}[31m"),
        ];
        for (text, expected) in cases {
            assert_eq!(line(text), expected, "{text}");
        }
    }

    #[test]
    fn titles() {
        let cases = [
            ("qontract production promotion 1 to 2", "qontract production promotion 1 to 2"),
            ("a\nb", "a b"),
            ("x @all #12 !3 ~l %m &4 $5 a:b:", "x @ all # 12 ! 3 ~ l % m & 4 $ 5 a: b:"),
            ("<b>[x](y)", "< b>[ x](y)"),
            ("Draft: x", "Promotion: Draft: x"),
            ("[draft] x", "Promotion: [ draft] x"),
            ("(Draft) x", "Promotion: (Draft) x"),
            ("draft - x", "Promotion: draft - x"),
            ("WIP: x", "Promotion: WIP: x"),
            ("drafts promotion", "drafts promotion"),
            ("e\u{202e}vil", "e\u{fffd}vil"),
        ];
        for (text, expected) in cases {
            assert_eq!(title(text), expected, "{text}");
        }
        assert_eq!(title(&"é".repeat(300)).chars().count(), 255);
    }

    #[test]
    fn what_is_as_long_as_allowed_is_not_cut() {
        assert_eq!([cut("äbc", 3), cut("äbcd", 3), cut("a bcd", 3)], ["äbc", "äb…", "a…"]);
        let check = |treated: fn(&str) -> String, longest: usize| {
            let whole = "x".repeat(longest);
            let kept = &whole[1..];
            assert_eq!(treated(&whole), whole);
            assert_eq!(treated(&format!("{whole}x")), format!("{kept}…"));
        };
        check(line, 160);
        check(subject, 255);
        check(title, 255);
        check(|text| code(text).trim_matches('`').to_owned(), 160);
        let words = "x ".repeat(319);
        assert_eq!(prose(&format!("{words}xx")), format!("{words}xx"));
        assert_eq!(prose(&format!("{words}xxx")), format!("{words}`x…`"));
    }

    #[test]
    fn blanks_at_the_ends_of_a_span() {
        for (part, expected) in [("", ""), (" ", "` `"), (" a", "` a`"), (" a ", "`  a  `")] {
            let mut out = String::new();
            span(&mut out, "`", part);
            assert_eq!(out, expected, "{part:?}");
        }
    }
}
