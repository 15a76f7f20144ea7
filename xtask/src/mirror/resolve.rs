//! Turns what was typed as `--ref` into one commit of the mirror, or says which ones it could be.

use std::sync::PoisonError;

use anyhow::{Result, anyhow};
use promotion::model::escape::escaped;
use promotion::model::problem::Problem;
use promotion::model::similar::{did_you_mean, listed};
use promotion::model::version::CommitId;

use super::reference::Reference;
use super::{HEAD, Mirror};

/// How many commits an error lists.
const LISTED: usize = 10;

/// The fewest digits of an abbreviated commit.
const FEWEST_DIGITS: usize = 7;

/// A commit of the upstream, and what to call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The commit.
    pub commit: CommitId,
    /// The branch, the tag, or the abbreviated commit.
    pub name: String,
}

/// Something that a name can mean: how to type it so that it means only this.
struct Meaning {
    full: String,
    commit: CommitId,
}

impl Mirror {
    /// The commit of a reference; without one, of `branch`; without that, of the upstream's
    /// default branch. Reads the mirror only, so it works offline.
    ///
    /// Refuses a name that means two commits, whether as branch, tag or abbreviated commit.
    pub fn resolve(&self, reference: Option<&str>, branch: Option<&str>) -> Result<Resolved> {
        if !self.exists() {
            let message = format!("there is no mirror of `{}` yet", self.shown);
            return Err(Problem::new(message).help("run it once without `--offline`").into());
        }
        match (reference, branch) {
            (None, None) | (Some("HEAD"), _) => self.default_branch(),
            (None, Some(branch)) => self.branch(branch),
            (Some(text), _) => match Reference::typed(text, &self.pages)
                .map_err(|problem| Problem { usage: true, ..problem })?
            {
                Reference::Commit(commit) => self.full_commit(commit),
                Reference::Full(full) => self.full_ref(&full),
                Reference::Name(name) => self.name(&name),
            },
        }
    }

    /// Whether `commit` is `other` or one of those that came before it.
    pub fn is_ancestor(&self, commit: &CommitId, other: &CommitId) -> Result<bool> {
        let args = ["merge-base", "--is-ancestor", commit.as_str(), other.as_str()];
        Ok(commit == other || self.git().holds(args)?)
    }

    /// The commits whose id begins with these digits (4 or more), in the order of their ids.
    pub fn with_prefix(&self, digits: &str) -> Result<Vec<CommitId>> {
        match self.beginning_so(&[digits])?.pop().flatten() {
            Some(only) => Ok(vec![only]),
            None => self.all_with_prefix(digits),
        }
    }

    /// The only commit that begins with each of these digits; `None` if there are several or none,
    /// or if a branch or a tag has that name, which git would take for the commit.
    pub(super) fn beginning_so(&self, all: &[&str]) -> Result<Vec<Option<CommitId>>> {
        let asked = |digits: &&str| {
            [(*digits).to_owned(), format!("refs/heads/{digits}"), format!("refs/tags/{digits}")]
        };
        let asked: Vec<String> = all.iter().flat_map(asked).collect();
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.peel(&asked)?;
        let only = |(digits, found): (&&str, &[Option<CommitId>])| match found {
            [Some(commit), None, None] if commit.as_str().starts_with(digits) => {
                Some(commit.clone())
            }
            _ => None,
        };
        Ok(all.iter().zip(found.chunks(3)).map(only).collect())
    }

    pub(super) fn all_with_prefix(&self, digits: &str) -> Result<Vec<CommitId>> {
        let ids = self.git().read(["rev-parse", &format!("--disambiguate={digits}")])?;
        let found = self.git().run(["cat-file", "--batch-check"], ids.as_bytes())?;
        let mut commits: Vec<CommitId> =
            String::from_utf8_lossy(&found).lines().filter_map(commit_of).collect();
        commits.sort();
        Ok(commits)
    }

    fn default_branch(&self) -> Result<Resolved> {
        let mut known = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(head) = &*known {
            return Ok(head.clone());
        }
        let format = "--format=%(objectname) %(objecttype) %(refname)";
        let args = ["for-each-ref", format, HEAD, "refs/heads/"];
        let refs = self.answer(&args, b"", || self.git().bytes(args))?;
        let refs = String::from_utf8_lossy(&refs);
        let refs: Vec<(&str, &str)> =
            refs.lines().filter_map(|line| line.split_once(" commit ")).collect();
        let head = refs.iter().find(|(_, name)| *name == HEAD);
        let Some(commit) = head.and_then(|(id, _)| CommitId::parse(id)) else {
            let message = format!("the default branch of `{}` doesn't exist there", self.shown);
            return Err(Problem::new(message).help("name a branch with `--ref`").into());
        };
        let names = refs.iter().filter(|(id, _)| *id == commit.as_str());
        let names: Vec<&str> =
            names.filter_map(|(_, name)| name.strip_prefix("refs/heads/")).collect();
        let usual = ["master", "main"].into_iter().find(|name| names.contains(name));
        let name = usual.or((names.len() == 1).then(|| names[0])).unwrap_or("HEAD");
        Ok(known.insert(Resolved { commit, name: name.to_owned() }).clone())
    }

    fn branch(&self, branch: &str) -> Result<Resolved> {
        Reference::parse(branch)?;
        match self.peel(&[&format!("refs/heads/{branch}")])?.remove(0) {
            Some(commit) => Ok(Resolved { commit, name: branch.to_owned() }),
            None => Err(self.unknown("branch", branch, &["refs/heads/"])?.into()),
        }
    }

    fn full_commit(&self, commit: CommitId) -> Result<Resolved> {
        let name = commit.tag(FEWEST_DIGITS).to_owned();
        match self.peel(&[commit.as_str()])?.remove(0) {
            Some(found) if found == commit => Ok(Resolved { commit, name }),
            _ => {
                let message = format!("no commit `{commit}` in `{}`", self.shown);
                Err(Problem::new(message).help("check that it is pushed, and to there").into())
            }
        }
    }

    fn full_ref(&self, full: &str) -> Result<Resolved> {
        match self.peel(&[full])?.remove(0) {
            Some(commit) => Ok(Resolved { commit, name: short(full).to_owned() }),
            None => Err(self.unknown("ref", full, &["refs/heads/", "refs/tags/"])?.into()),
        }
    }

    fn name(&self, name: &str) -> Result<Resolved> {
        let digits = name.to_ascii_lowercase();
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let refs = [format!("refs/heads/{name}"), format!("refs/tags/{name}")];
        let peeled = self.peel(&refs)?;
        let mut candidates: Vec<Meaning> = refs
            .into_iter()
            .zip(peeled)
            .filter_map(|(full, commit)| Some(Meaning { full, commit: commit? }))
            .collect();
        if is_hex && (FEWEST_DIGITS..40).contains(&digits.len()) {
            let commits = self.with_prefix(&digits)?.into_iter();
            candidates.extend(commits.map(|commit| Meaning { full: commit.to_string(), commit }));
        }
        match candidates.as_slice() {
            [] if is_hex && digits.len() < FEWEST_DIGITS => {
                let count = digits.len();
                let message = format!("no branch or tag `{name}` in `{}`", self.shown);
                let help = format!("a commit needs 7 or more digits, and these are {count}");
                Err(Problem::new(message).help(help).into())
            }
            [] => {
                let what = if is_hex { "commit, branch or tag" } else { "branch or tag" };
                Err(self.unknown(what, name, &["refs/heads/", "refs/tags/"])?.into())
            }
            [first, rest @ ..] if rest.iter().all(|other| other.commit == first.commit) => {
                let is_ref = first.full.starts_with("refs/");
                let name = if is_ref { name.to_owned() } else { digits };
                Ok(Resolved { commit: first.commit.clone(), name })
            }
            several => Err(self.ambiguous(name, several)?.into()),
        }
    }

    /// The commits that these revisions are or lead to; `None` for what is none.
    pub(super) fn peel(&self, revisions: &[impl AsRef<str>]) -> Result<Vec<Option<CommitId>>> {
        let asked: String =
            revisions.iter().map(|one| format!("{}^{{commit}}\n", one.as_ref())).collect();
        let (args, asked) = (["cat-file", "--batch-check"], asked.as_bytes());
        let found = self.answer(&args, asked, || self.git().run(args, asked))?;
        let found = String::from_utf8_lossy(&found);
        let commits: Vec<_> = found.lines().map(commit_of).collect();
        (commits.len() == revisions.len())
            .then_some(commits)
            .ok_or_else(|| anyhow!("`git cat-file` answered in an unknown way"))
    }

    fn unknown(&self, what: &str, typed: &str, kinds: &[&str]) -> Result<Problem> {
        let format = ["for-each-ref", "--sort=-creatordate", "--format=%(refname)"];
        let refs = self.git().read(format.iter().chain(kinds))?;
        if refs.lines().any(|full| full == typed || (full != short(full) && short(full) == typed)) {
            let message = format!("`{}` of `{}` is not a commit", escaped(typed), self.shown);
            return Ok(Problem::new(message).help("give a branch, or a tag of a commit"));
        }
        let message = format!("no {what} `{}` in `{}`", escaped(typed), self.shown);
        let names = || refs.lines().map(short);
        let help = did_you_mean(short(typed), names()).unwrap_or_else(|| {
            let newest = listed(names());
            format!("check the spelling, and that it is pushed; the newest are {newest}")
        });
        Ok(Problem::new(message).help(help))
    }

    fn ambiguous(&self, name: &str, candidates: &[Meaning]) -> Result<Problem> {
        let mut help = "name one of them in full:".to_owned();
        for Meaning { full, commit } in candidates.iter().take(LISTED) {
            let about = self.about(commit)?;
            help.push_str(&format!("\n  {} ({about})", escaped(full)));
        }
        if candidates.len() > LISTED {
            help.push_str(&format!("\n  … and {} more", candidates.len() - LISTED));
        }
        let message = format!("`{}` means more than one commit of `{}`", escaped(name), self.shown);
        Ok(Problem::new(message).help(help))
    }

    /// Digits, date and subject of a commit.
    fn about(&self, commit: &CommitId) -> Result<String> {
        let flags = ["log", "-1", "--format=%h %cs %s", "--abbrev=12"];
        let line = self.git().read(flags.into_iter().chain([commit.as_str()]))?;
        Ok(escaped(&line))
    }
}

/// A branch or a tag without what says which of them it is.
fn short(full: &str) -> &str {
    let name = full.strip_prefix("refs/heads/").or_else(|| full.strip_prefix("refs/tags/"));
    name.unwrap_or(full)
}

/// The commit of a line of `cat-file --batch-check`; `None` for `missing` and other objects.
fn commit_of(line: &str) -> Option<CommitId> {
    let (id, rest) = line.split_once(' ')?;
    rest.starts_with("commit ").then(|| CommitId::parse(id)).flatten()
}
