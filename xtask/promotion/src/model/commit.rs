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
