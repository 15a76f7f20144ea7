//! What an error says of a name that nobody knows: which ones come close, and which there are.

use crate::model::escape::escaped;

/// How many names are listed.
const LISTED: usize = 10;

/// How many names are guessed.
const GUESSED: usize = 5;

/// The names that `typed` may have been meant to be, the closest first.
///
/// One in three characters may be wrong or swapped; a part of a name, of three characters or more,
/// is enough too.
fn similar<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let typed = typed.to_lowercase();
    let allowed = (typed.chars().count() / 3).max(1);
    let mut close: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let distance = strsim::osa_distance(&typed, &lower);
            let is_part = typed.len() >= 3 && lower.contains(&typed);
            (distance <= allowed || is_part).then_some((distance, name))
        })
        .filter(|_| !typed.is_empty())
        .collect();
    close.sort_unstable();
    close.dedup();
    close.into_iter().take(GUESSED).map(|(_, name)| name).collect()
}

/// The question whether another name was meant; `None` if no name comes close.
pub fn did_you_mean<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let names: Vec<_> = similar(typed, names).into_iter().map(in_backticks).collect();
    (!names.is_empty()).then(|| format!("did you mean {}?", names.join(" or ")))
}

/// The cure for a name that nobody knows: the question, if a name comes close, above `otherwise`.
pub fn cure<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>, otherwise: &str) -> String {
    let question = did_you_mean(typed, names);
    question.into_iter().chain([otherwise.to_owned()]).collect::<Vec<_>>().join("\n")
}

/// The names in backticks, with commas: the first ten, and how many more there are.
pub fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    cut(names.into_iter().map(in_backticks).collect())
}

/// All of the words in backticks, with commas: for keys, of which a person needs to see each.
pub fn all_listed<'n>(words: impl IntoIterator<Item = &'n str>) -> String {
    words.into_iter().map(in_backticks).collect::<Vec<_>>().join(", ")
}

/// The items with commas: the first ten, and how many more there are.
pub fn cut(mut items: Vec<String>) -> String {
    let more = items.len().saturating_sub(LISTED);
    items.truncate(LISTED);
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    items.join(", ") + &rest
}

fn in_backticks(name: &str) -> String {
    format!("`{}`", escaped(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 9] = [
        "master",
        "main",
        "release-1.0",
        "release-1.1",
        "fix/typo",
        "v1.2",
        "v1.3",
        "tekton-provider-global-defaults",
        "evil\n\u{202e}",
    ];

    #[test]
    fn names_that_come_close() {
        let check = |typed: &str, expected: Option<&str>| {
            assert_eq!(did_you_mean(typed, NAMES).as_deref(), expected, "{typed}");
        };
        check("mastre", Some("did you mean `master`?"));
        check("Master", Some("did you mean `master`?"));
        check("typo", Some("did you mean `fix/typo`?"));
        check("release", Some("did you mean `release-1.0` or `release-1.1`?"));
        check("v1.4", Some("did you mean `v1.2` or `v1.3`?"));
        check("tekton", Some("did you mean `tekton-provider-global-defaults`?"));
        check("evil", Some("did you mean `evil\\u{a}\\u{202e}`?"));
        check("nothing-like-it", None);
        check("", None);
    }

    #[test]
    fn cures() {
        assert_eq!(cure("mian", ["main"], "known: `main`"), "did you mean `main`?\nknown: `main`");
        assert_eq!(cure("other", ["main"], "known: `main`"), "known: `main`");
    }

    #[test]
    fn lists() {
        assert_eq!(listed(["a", "b"]), "`a`, `b`");
        assert_eq!(listed([]), "");
        let twelve: Vec<String> = (1..=12).map(|number| number.to_string()).collect();
        assert_eq!(cut(twelve[..10].to_vec()), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10");
        assert_eq!(cut(twelve), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more");
    }
}
