//! The upstream repositories of the big world: at several places, with branches of several names.

use std::path::Path;

use anyhow::Result;

use super::super::history::{Author, CommitStream, DAY, START};
use super::super::{Builder, SERVED};
use super::{Size, files};
use crate::growth::{mixed, service};

/// Folder below `upstream`, and the address that leads there.
pub(super) const PLACES: [(&str, &str); 3] = [
    ("services", "https://github.com/example-services/"),
    ("platform", "https://github.com/example-platform/"),
    ("teams", "https://gitlab.example.com/teams/"),
];

pub(super) struct BigUpstream {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) branch: &'static str,
    pub(super) commits: Vec<String>,
}

impl BigUpstream {
    pub(super) fn create(git: &Builder, root: &Path, nth: usize, size: &Size) -> Result<Self> {
        let name = service(nth);
        let (folder, address) = PLACES[nth % PLACES.len()];
        let branch = if nth.is_multiple_of(3) { "main" } else { "master" };
        let at = root.join(folder).join(format!("{name}.git"));
        git.bare(&at, branch, SERVED)?;
        let count = if nth == 0 { size.commits } else { 15 + nth % 11 };
        let commits = git.import(&at, history(nth, branch, count.max(15), size.users))?;
        Ok(BigUpstream { url: format!("{address}{name}"), name, branch, commits })
    }

    /// The commit that is `behind` the newest one.
    pub(super) fn commit(&self, behind: usize) -> &str {
        &self.commits[self.commits.len() - 1 - behind.min(self.commits.len() - 1)]
    }
}

/// Commits of three hundred days; one in nine is a bot's.
fn history(nth: usize, branch: &str, count: usize, users: usize) -> Vec<u8> {
    const DAYS: u64 = 300;
    let step = DAYS * DAY / count as u64;
    let start = START + 20 * DAY - DAYS * DAY;
    let mut commits = CommitStream::every(step, start, &format!("refs/heads/{branch}"));
    let bot =
        Author { name: "renovate[bot]", email: "29139614+renovate[bot]@users.noreply.github.com" };
    for n in 0..count {
        let number = mixed(nth * 10_000 + n) as usize;
        let part = number % 4;
        let path = match number % 3 {
            0 => format!("deploy/part-{part}.yaml"),
            _ => format!("src/part_{part}.go"),
        };
        let (files, text) = ([(path.as_str(), format!("change {n}\n"))], number % 100);
        let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
        if n % 9 == 4 {
            commits.commit(&bot, &format!("chore(deps): update lib-{part} to v{text}\n"), &files);
        } else {
            let user = files::user(number % users);
            let message = format!("fix(part-{part}): answer case {text} in time (#{n})\n");
            commits.commit(&user.author(), &message, &files);
        }
    }
    commits.finish()
}
