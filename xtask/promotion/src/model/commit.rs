//! Commits as git tells of them.

use crate::model::version::CommitId;

/// The author of a commit: other people's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// As git has it.
    pub name: String,
    /// As git has it.
    pub email: String,
}

/// One commit of an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: CommitId,
    /// The first line of its message, as it stands there: other people's text.
    pub subject: String,
    /// Who wrote it.
    pub author: Author,
    /// When, in seconds since 1970.
    pub time: i64,
    /// Whether it has more than one parent.
    pub is_merge: bool,
}

/// One commit that changed a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its id.
    pub commit: CommitId,
    /// Its author's name.
    pub author: String,
    /// Its author's address.
    pub email: String,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
    /// The same as `YYYY-MM-DD`, where the committer was.
    pub date: String,
    /// Its first line.
    pub subject: String,
    /// The id of the file's content afterwards; `None` if it was removed.
    pub after: Option<String>,
    /// The id of the content before, in each parent; `None` if there was none.
    pub before: Vec<Option<String>>,
}
