//! Paths inside the repository.

use std::fmt;

use crate::model::escape::shell_word;

/// A path inside the repository, relative to its top: parts joined by `/`, none of them empty, `.`,
/// `..` or `.git`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(String);

impl RepoPath {
    /// Parses a path; `None` if it could leave the repository or reach into `.git`, or if it may stand
    /// for several: U+FFFD is all that is left of bytes that are not UTF-8.
    pub fn parse(text: &str) -> Option<Self> {
        let clean =
            |part: &str| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git");
        let is_plain = memchr::memchr3(b'\\', 0, b'\n', text.as_bytes()).is_none();
        (is_plain && !text.contains('\u{fffd}') && text.split('/').all(clean))
            .then(|| RepoPath(text.to_owned()))
    }

    /// Parses the value of a `$ref`, which is relative to `data/`.
    pub fn parse_reference(reference: &str) -> Option<Self> {
        RepoPath::parse(&format!("data/{}", reference.trim_start_matches('/')))
    }

    /// The path as a shell takes it.
    pub fn quoted(&self) -> String {
        shell_word(&self.0)
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
