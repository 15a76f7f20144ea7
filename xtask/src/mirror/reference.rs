//! What a person may type as `--ref`, and which known names come close to it. Pure.

use promotion::model::escape::escaped;
use promotion::model::problem::Problem;
use promotion::model::refname::objection;
use promotion::model::version::CommitId;

/// A reference as it was typed, understood as far as that goes without a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    /// A full commit.
    Commit(CommitId),
    /// `refs/…`, complete.
    Full(String),
    /// A branch or a tag, or the first digits of a commit.
    Name(String),
}

impl Reference {
    /// Refuses what can't be a branch, a tag or a commit, and what git would read as an option or
    /// as an expression.
    ///
    /// Source: the rules of `git check-ref-format`.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        if let Some(commit) = CommitId::parse(text) {
            return Ok(Reference::Commit(commit));
        }
        if let Some(reason) = objection(text) {
            let help = "give a branch, a tag, or 7 or more digits of a commit";
            let message = format!("`{}` can't be a ref: it {reason}", escaped(text));
            return Err(Problem::new(message).help(help));
        }
        let full = text.starts_with("refs/heads/") || text.starts_with("refs/tags/");
        Ok(if full { Reference::Full(text.to_owned()) } else { Reference::Name(text.to_owned()) })
    }
}

/// The names that `typed` may have been meant to be: at most 5, the closest first.
pub(super) fn similar<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let typed = typed.to_lowercase();
    let allowed = (typed.chars().count() / 3).max(1);
    let mut close: Vec<(usize, &str)> = names
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let distance = strsim::levenshtein(&typed, &lower);
            let inside = typed.len() >= 3 && lower.contains(&typed);
            (distance <= allowed || inside).then_some((distance, name))
        })
        .collect();
    close.sort_unstable();
    close.dedup();
    close.into_iter().take(5).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        let commit = "6ba2ceb0c6f0a1d1e6ba2ceb0c6f0a1d1e6ba2ce";
        let parsed = |text: &str| Reference::parse(text).ok();
        assert_eq!(parsed(commit), CommitId::parse(commit).map(Reference::Commit));
        assert_eq!(parsed("refs/tags/v1"), Some(Reference::Full("refs/tags/v1".to_owned())));
        for name in ["master", "v1.2", "feature/a-b", "6ba2ceb", "refs/pull/1", "ü", "a@b"] {
            assert_eq!(parsed(name), Some(Reference::Name(name.to_owned())));
        }
    }

    #[test]
    fn similar_names() {
        let names = ["master", "main", "release-1.0", "release-1.1", "fix/typo", "v1.2", "v1.3"];
        let check = |typed: &str, expected: &[&str]| {
            assert_eq!(similar(typed, names.into_iter()), expected, "{typed}");
        };
        check("mastre", &["master"]);
        check("Master", &["master"]);
        check("typo", &["fix/typo"]);
        check("release", &["release-1.0", "release-1.1"]);
        check("v1.4", &["v1.2", "v1.3"]);
        check("nothing-like-it", &[]);
        check("", &[]);
    }
}
