//! Pushes to every address of a remote, and finds out what became of each push.

use promotion::config::Forge;
use promotion::merge_request::MergeRequest;
use promotion::merge_request::forge::{Push, PushAnswer, read_answer};
use promotion::model::escape::escaped;
use promotion::model::problem::Problem;
use promotion::model::upstream::without_credentials;
use promotion::model::version::CommitId;

use super::{Delivery, Made};
use crate::git::publish::PushStatus;

/// What a push to one address led to.
#[derive(Debug)]
pub(super) enum Pushed {
    /// The remote took it, and said this.
    Answered(PushAnswer),
    /// The branch is there although the push ended without an answer: how it ended.
    Arrived(String),
    /// Somebody else pushed the same promotion at the same time.
    Beaten,
}

/// Where a push goes to, and how it is called in messages.
#[derive(Debug)]
pub(super) struct Address {
    url: String,
    pub(super) name: String,
    /// Whether the remote has more addresses than this one.
    is_one_of_many: bool,
}

impl Delivery<'_> {
    /// Every address that git would push to.
    pub(super) fn addresses(&self) -> Vec<Address> {
        let urls = self.git.push_addresses(&self.to);
        let is_one_of_many = urls.len() > 1;
        let address = |url: String| Address {
            name: escaped(&without_credentials(if is_one_of_many { &url } else { &self.to })),
            url,
            is_one_of_many,
        };
        urls.into_iter().map(address).collect()
    }

    /// Pushes to one address, and looks there for the branch if the push failed.
    pub(super) fn push_to(
        &self,
        address: &Address,
        (request, push): (&MergeRequest, &Push),
        made: &Made,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Pushed, Problem> {
        let is_branch = self.repository.forge != Forge::Agit;
        let lease = is_branch.then(|| made.seen.map_or("", CommitId::as_str));
        let Push { destination, options, .. } = push;
        let mut send = |options: &[String]| {
            self.git.push(&address.url, (&made.commit, destination), lease, options, progress)
        };
        let mut pushed = send(options);
        if address.is_one_of_many && matches!(pushed, Ok((PushStatus::NoOptions, _))) {
            // A mirror takes the branch; another address opens the merge request.
            pushed = send(&[]);
        }
        let is_refused = pushed.is_ok();
        let problem = match pushed {
            Ok((PushStatus::Accepted, said)) => {
                return Ok(Pushed::Answered(read_answer(&said, &request.branch)));
            }
            Ok((PushStatus::UpToDate, _)) => return Ok(Pushed::Beaten),
            Ok((status, said)) => refused(&address.name, &request.branch, &status, &said),
            Err(failure) => Problem::from(failure),
        };
        match self.git.tips(&address.url, &[destination], progress) {
            _ if !is_branch => Err(problem),
            Ok(tips) => match tips.get(destination) {
                // The same person made the same commit in the same second.
                Some(there) if *there == made.commit && is_refused => Ok(Pushed::Beaten),
                Some(there) if *there == made.commit => Ok(Pushed::Arrived(problem.message)),
                Some(there) if made.seen != Some(there) && self.is_same(made, there) => {
                    Ok(Pushed::Beaten)
                }
                _ => Err(problem),
            },
            Err(_) => Err(problem),
        }
    }

    fn is_same(&self, made: &Made, there: &CommitId) -> bool {
        self.git.same_change(made.base, &made.tree, there).unwrap_or(false)
    }
}

fn refused(remote: &str, branch: &str, status: &PushStatus, said: &str) -> Problem {
    match status {
        PushStatus::Refused(reason) => quoting(
            format!("`{remote}` refused `{branch}`: {}", escaped(reason)),
            said.split(['\n', '\r']).filter_map(|line| line.strip_prefix("remote:")),
        ),
        PushStatus::Hook => quoting(
            format!("the `pre-push` hook of this clone refused `{branch}`"),
            said.lines().filter(|line| !line.starts_with("error: failed to push some refs")),
        ),
        PushStatus::NoOptions => Problem::new(format!("`{remote}` takes no push options")).help(
            "set `forge = \"none\"` under `[repository]` to only push the branch, or have \
             `receive.advertisePushOptions` switched on there",
        ),
        PushStatus::Stale | PushStatus::Accepted | PushStatus::UpToDate => {
            Problem::new(format!("somebody pushed to `{branch}` of `{remote}` meanwhile"))
                .help("run it again to see what they have")
        }
    }
}

/// A refusal with the last of the lines that somebody said, safe to print.
fn quoting<'a>(message: String, said: impl Iterator<Item = &'a str>) -> Problem {
    let is_progress = |line: &&str| line.contains("% (") || line.ends_with(", done.");
    let lines = said.map(str::trim).filter(|line| !line.is_empty() && !is_progress(line));
    let lines: Vec<String> = lines.map(escaped).collect();
    match &lines[lines.len().saturating_sub(20)..] {
        [] => Problem::new(message),
        last => Problem::new(message).help(format!("it says:\n{}", last.join("\n"))),
    }
}
