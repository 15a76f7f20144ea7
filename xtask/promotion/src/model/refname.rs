//! The rules for names of branches and tags.

/// Why a name is no branch or tag, as a predicate such as `is empty`; `None` for a valid name.
///
/// Covers what git refuses, and names that git would read as an option or a revision expression.
///
/// Source: `git help check-ref-format`.
pub fn objection(name: &str) -> Option<&'static str> {
    let bad = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let bad_part = |part: &str| part.starts_with('.') || part.ends_with(".lock");
    let objections = [
        (name.is_empty(), "is empty"),
        (name.starts_with('-'), "begins with `-`"),
        (name.contains(bad), "holds a blank, a control character or one of `~^:?*[\\`"),
        (name.contains(".."), "holds `..`"),
        (name.contains("@{") || name == "@", "is an expression with `@`"),
        (name.split('/').any(str::is_empty), "has an empty part between slashes"),
        (name.split('/').any(bad_part), "has a part that begins with `.` or ends in `.lock`"),
        (name.ends_with('.'), "ends in `.`"),
    ];
    objections.into_iter().find(|(holds, _)| *holds).map(|(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objections() {
        let cases = [
            ("", "is empty"),
            ("--upload-pack=x", "begins with `-`"),
            ("a b", "holds a blank, a control character or one of `~^:?*[\\`"),
            ("a\n", "holds a blank, a control character or one of `~^:?*[\\`"),
            ("master~1", "holds a blank, a control character or one of `~^:?*[\\`"),
            ("HEAD:x", "holds a blank, a control character or one of `~^:?*[\\`"),
            ("a..b", "holds `..`"),
            ("master@{1}", "is an expression with `@`"),
            ("@", "is an expression with `@`"),
            ("a//b", "has an empty part between slashes"),
            ("/a", "has an empty part between slashes"),
            (".a", "has a part that begins with `.` or ends in `.lock`"),
            ("x/a.lock", "has a part that begins with `.` or ends in `.lock`"),
            ("a.", "ends in `.`"),
        ];
        for (text, reason) in cases {
            assert_eq!(objection(text), Some(reason), "{text}");
        }
    }
}
