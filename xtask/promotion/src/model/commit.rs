//! Commits of an upstream, and commits that changed a file of the repository.

use crate::model::version::CommitId;

/// The author of a commit, as git records it. Other people's text: escape it before printing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    pub name: String,
    pub email: String,
}

/// One commit of an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    pub id: CommitId,
    /// The first line of the message, unescaped: other people's text.
    pub subject: String,
    pub author: Author,
    /// The commit time, in seconds since 1970.
    pub time: i64,
    /// Whether it has more than one parent.
    pub is_merge: bool,
    /// Whether it changes the template of a saas file, if that was asked.
    pub touches_template: bool,
}

/// One commit that changed a file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    pub commit: CommitId,
    /// The author's name: other people's text.
    pub author: String,
    /// The author's mail address.
    pub email: String,
    /// The commit time, in seconds since 1970.
    pub time: i64,
    /// The day of that time as `YYYY-MM-DD`, in the committer's time zone.
    pub date: String,
    /// The first line of the message: other people's text.
    pub subject: String,
    /// The blob id of the file in this commit; `None` if the commit removed the file.
    pub after: Option<String>,
    /// The blob id of the file in each parent; `None` for a parent without the file.
    pub before: Vec<Option<String>>,
    /// Whether a shallow clone ends here: then nobody can tell what this commit changed.
    pub is_cut: bool,
}

/// Reads a commit time as git prints it: 0 for nothing, which stands for a date that git can't read,
/// and the latest time for one that is later still.
pub fn time_of(text: &str) -> Option<i64> {
    match text {
        "" => Some(0),
        _ if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(text.parse().unwrap_or(i64::MAX))
        }
        _ => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let cases = [
            ("1711533600", Some(1711533600)),
            ("-5", Some(-5)),
            ("", Some(0)),
            ("18446744073709551615", Some(i64::MAX)),
            ("x", None),
            ("1 +0000", None),
        ];
        for (text, expected) in cases {
            assert_eq!(time_of(text), expected, "{text}");
        }
    }
}
