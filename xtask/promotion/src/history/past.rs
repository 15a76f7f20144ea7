//! The history of one value, read out of the contents that its file had. Pure.

use crate::model::commit::Revision;

/// One change of a value.
#[derive(Debug, PartialEq, Eq)]
pub struct Moved<'r> {
    /// The commit.
    pub revision: &'r Revision,
    /// What it was; `None` if it was not there.
    pub from: Option<String>,
    /// What it became; `None` if it was removed.
    pub to: Option<String>,
}

/// The changes of a value, in the order of the revisions; `value` finds it in a content.
///
/// A commit counts that differs from all its parents: what was merged changed before, elsewhere.
pub fn moves<'r>(
    revisions: &'r [Revision],
    value: impl Fn(&str) -> Option<String>,
) -> Vec<Moved<'r>> {
    let value = |content: &Option<String>| content.as_deref().and_then(&value);
    let moved = |revision: &'r Revision| {
        let to = value(&revision.after);
        let before: Vec<_> = revision.before.iter().map(value).collect();
        let from = before.first().cloned().flatten();
        (!before.contains(&to)).then_some(Moved { revision, from, to })
    };
    revisions.iter().filter_map(moved).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::version::CommitId;

    fn revision(before: &[&str], after: &str) -> Revision {
        let content = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        Revision {
            commit: CommitId::parse(&"1".repeat(40)).unwrap(),
            author: String::new(),
            email: String::new(),
            time: 0,
            date: String::new(),
            subject: String::new(),
            after: content(after),
            before: before.iter().map(|name| content(name)).collect(),
        }
    }

    /// A content is a name whose first letter is the value; `-` has none.
    fn check(revisions: &[Revision], expected: &[(&str, &str)]) {
        let value = |content: &str| {
            let first = content.get(..1)?;
            (first != "-").then(|| first.to_owned())
        };
        let found = moves(revisions, value);
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.from.as_deref().unwrap_or("-"), one.to.as_deref().unwrap_or("-")))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn only_what_differs_from_every_parent_counts() {
        check(&[], &[]);
        let line = [revision(&["b1"], "c1"), revision(&["a1"], "a2"), revision(&[""], "a1")];
        check(&line, &[("b", "c"), ("-", "a")]);
        // A branch that is older than a promotion changed something else.
        let merge =
            [revision(&["b1", "a2"], "b2"), revision(&["a1"], "a2"), revision(&["a1"], "b1")];
        check(&merge, &[("a", "b")]);
        check(&[revision(&["a1", "b1"], "c1")], &[("a", "c")]);
        check(&[revision(&["-1"], "a1"), revision(&["a1"], "-1")], &[("-", "a"), ("a", "-")]);
        check(&[revision(&["a1"], "")], &[("a", "-")]);
    }
}
