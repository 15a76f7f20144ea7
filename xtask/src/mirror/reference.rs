//! What a person may type as `--ref`. Pure.

use promotion::model::escape::escaped;
use promotion::model::problem::Problem;
use promotion::model::refname::objection;
use promotion::model::upstream::Upstream;
use promotion::model::version::CommitId;

const EXPECTED: &str = "give a branch, a tag, or 7 or more digits of a commit";

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
    /// Takes the address of a page of the upstream too. Refuses the page of another repository.
    pub(super) fn typed(text: &str, upstream: &str) -> Result<Self, Problem> {
        if !text.starts_with("https://") && !text.starts_with("http://") {
            return Self::parse(text);
        }
        let upstream = Upstream::new(upstream);
        let named = shown_on_page(text, &upstream).ok_or_else(|| {
            let [text, upstream] =
                [Upstream::new(text), upstream.clone()].map(|url| escaped(&url.to_string()));
            let message = format!("`{text}` is no page of a commit, branch or tag of `{upstream}`");
            Problem::new(message).help(EXPECTED)
        })?;
        Self::parse(&named)
    }

    /// Refuses what can't be a branch, a tag or a commit, and what git would read as an option or
    /// as an expression.
    ///
    /// Source: the rules of `git check-ref-format`.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        if let Some(commit) = CommitId::parse(text) {
            return Ok(Reference::Commit(commit));
        }
        if let Some(reason) = objection(text) {
            let message = format!("`{}` can't be a ref: it {reason}", escaped(text));
            return Err(Problem::new(message).help(EXPECTED));
        }
        let full = text.starts_with("refs/heads/") || text.starts_with("refs/tags/");
        Ok(if full { Reference::Full(text.to_owned()) } else { Reference::Name(text.to_owned()) })
    }
}

/// What stands between the address of a repository and what a page of it shows: on GitHub, GitLab,
/// Forgejo and Gitea.
const PAGES: &[&str] = &[
    "/-/commit/",
    "/-/commits/",
    "/-/tree/",
    "/-/tags/",
    "/-/releases/",
    "/commit/",
    "/commits/",
    "/tree/",
    "/releases/tag/",
    "/src/commit/",
    "/src/branch/",
    "/src/tag/",
];

/// What the address of a page names, if it is a page of the upstream.
fn shown_on_page(address: &str, upstream: &Upstream) -> Option<String> {
    let address = &address[..address.find(['?', '#']).unwrap_or(address.len())];
    let ends = PAGES.iter().flat_map(|page| address.match_indices(page));
    let mut named = ends.filter(|(at, _)| upstream.is(&address[..*at]));
    let (at, page) = named.next()?;
    percent_decoded(address[at + page.len()..].trim_end_matches('/'))
}

/// `text` with the bytes that `%XX` stands for; `None` if that isn't UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        let digits = others.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &others[2..] } else { others };
    }
    String::from_utf8(bytes).ok()
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
    fn pages() {
        let upstream = "https://github.com/app-sre/qontract-reconcile.git";
        let check = |page: &str, expected: Option<&str>| {
            let address = format!("https://github.com/app-sre/qontract-reconcile{page}");
            assert_eq!(
                shown_on_page(&address, &Upstream::new(upstream)).as_deref(),
                expected,
                "{page}"
            );
        };
        check("/commit/6ba2ceb0c6?diff=split#L1", Some("6ba2ceb0c6"));
        check("/tree/feature/a-b/", Some("feature/a-b"));
        check("/commits/master", Some("master"));
        check("/releases/tag/v1.2", Some("v1.2"));
        check("/-/commit/6ba2ceb", Some("6ba2ceb"));
        check("/-/tree/feature%2Fa%23b?ref_type=heads", Some("feature/a#b"));
        check("/-/tags/100%25", Some("100%"));
        check("/-/commits/100%", Some("100%"));
        check("/src/branch/main", Some("main"));
        check("/tree/%ff", None);
        check("-two/commit/6ba2ceb", None);
        check("/pull/3", None);
        check("", None);
        let other = "https://github.com/tree/commit";
        let shown =
            shown_on_page("https://github.com/tree/commit/tree/master", &Upstream::new(other));
        assert_eq!(shown.as_deref(), Some("master"));
    }

    #[test]
    fn pages_are_of_the_upstream() {
        let refused = |text: &str| Reference::typed(text, "https://u:p@example.com/a").unwrap_err();
        assert_eq!(
            refused("https://example.com/b/commit/6ba2ceb\u{202e}").message,
            "`https://example.com/b/commit/6ba2ceb\\u{202e}` is no page of a commit, branch or tag of `https://example.com/a`"
        );
        let typed = |text: &str| Reference::typed(text, "git@example.com:a.git").ok();
        assert_eq!(typed("https://example.com/a/tree/-x"), None);
        let commit = "6ba2ceb0c6f0a1d1e6ba2ceb0c6f0a1d1e6ba2ce";
        let page = format!("https://example.com/a/-/commit/{commit}");
        assert_eq!(typed(&page), CommitId::parse(commit).map(Reference::Commit));
    }
}
