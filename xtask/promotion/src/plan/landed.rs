//! What became of a plan: the work tree, a commit, or a merge request.

use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::model::version::CommitId;

/// What became of a plan.
#[derive(Debug, PartialEq, Eq)]
pub enum Landed {
    /// It was shown only.
    Planned,
    /// Every pin was there already.
    Unchanged,
    /// The files of the work tree have every pin already, but not all of git does.
    Unsettled {
        /// The last commit has another version in these.
        uncommitted: Vec<RepoPath>,
        /// Only the index has another version in these.
        staged: Vec<RepoPath>,
    },
    /// The files of the work tree are edited.
    Written,
    /// They are committed too.
    Committed(CommitId),
    /// A branch at the remote holds the promotion.
    Delivered(Delivered),
}

/// What became of a promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// The branch that it shall be merged into.
    pub target: String,
    /// The commit that is there now.
    pub commit: CommitId,
    /// The address of the merge request, or of the page that opens or lists it.
    pub url: Option<String>,
    /// What was done.
    pub state: State,
    /// What a person should know; with `--strict`, a failure.
    pub warnings: Vec<String>,
    /// What was asked for and isn't known to be done: a failure.
    pub unmet: Vec<String>,
    /// What a person may want to know.
    pub notes: Vec<String>,
}

/// What was done for a merge request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The branch is new, and the remote named the merge request.
    Opened,
    /// The branch was replaced, and the remote named the merge request.
    Refreshed,
    /// The branch holds exactly this promotion, and nothing was pushed now. So the remote wasn't
    /// asked, and whether a merge request is open isn't known.
    PushedBefore,
    /// The branch is there, and the remote named no merge request.
    PushedOnly,
}

impl Landed {
    /// Whether something was changed.
    pub fn is_effect(&self) -> bool {
        matches!(self, Landed::Written | Landed::Committed(_) | Landed::Delivered(_))
    }

    /// What the command is called that undoes it: there is nothing to go back from before a merge.
    pub fn undo(&self) -> &'static str {
        match self {
            Landed::Delivered(_) => "undo once it is merged",
            _ => "undo",
        }
    }
}

impl Delivered {
    /// The same with more notes.
    pub fn with_notes(mut self, notes: Option<String>) -> Self {
        self.notes.extend(notes);
        self
    }

    /// What is wrong although the branch is there, with the address that mends it.
    pub fn faults(&self) -> Vec<Problem> {
        let by_hand = self.by_hand();
        self.warnings.iter().map(|one| cured(one, by_hand.as_deref())).collect()
    }

    /// What was asked for and isn't known to be done, with the address where it is.
    pub fn failures(&self) -> Vec<Problem> {
        let look = || self.url.as_ref().map(|url| format!("look at {url}"));
        let cure = self.by_hand().or_else(look);
        self.unmet.iter().map(|one| cured(one, cure.as_deref())).collect()
    }

    fn by_hand(&self) -> Option<String> {
        let page = self.url.as_ref().filter(|_| self.state == State::PushedOnly);
        page.map(|url| format!("open it by hand: {url}"))
    }
}

fn cured(message: &str, cure: Option<&str>) -> Problem {
    let problem = Problem::new(message);
    match cure {
        Some(cure) => problem.help(cure),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivered(state: State, url: Option<&str>) -> Delivered {
        Delivered {
            branch: "b".to_owned(),
            target: "master".to_owned(),
            commit: CommitId::parse(&"a".repeat(40)).unwrap(),
            url: url.map(str::to_owned),
            state,
            warnings: vec!["the label is new".to_owned()],
            unmet: vec!["not labelled".to_owned()],
            notes: Vec::new(),
        }
    }

    #[test]
    fn what_is_wrong_has_an_address_where_there_is_one() {
        let (fault, failure) = (Problem::new("the label is new"), Problem::new("not labelled"));
        let by_hand = fault.clone().help("open it by hand: https://x");
        let failed_by_hand = failure.clone().help("open it by hand: https://x");
        let look = failure.clone().help("look at https://x");
        let cases = [
            (State::PushedOnly, Some("https://x"), &by_hand, &failed_by_hand),
            (State::Opened, Some("https://x"), &fault, &look),
            (State::PushedOnly, None, &fault, &failure),
        ];
        for (state, url, fault, failure) in cases {
            let found = delivered(state, url);
            let expected = (vec![fault.clone()], vec![failure.clone()]);
            assert_eq!((found.faults(), found.failures()), expected, "{state:?} {url:?}");
        }
    }

    #[test]
    fn what_has_an_effect_can_be_undone() {
        let commit = CommitId::parse(&"a".repeat(40)).unwrap();
        let cases = [
            (Landed::Planned, false, "undo"),
            (Landed::Unchanged, false, "undo"),
            (Landed::Written, true, "undo"),
            (Landed::Committed(commit), true, "undo"),
            (Landed::Delivered(delivered(State::Opened, None)), true, "undo once it is merged"),
        ];
        for (landed, is_effect, undo) in cases {
            assert_eq!((landed.is_effect(), landed.undo()), (is_effect, undo), "{landed:?}");
        }
    }
}
