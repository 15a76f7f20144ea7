//! Finds out what a delivery starts from: the target branch and the branches of ours.

use std::collections::BTreeMap;

use anyhow::Result;
use promotion::config::Forge;
use promotion::model::escape::escaped;
use promotion::model::problem::Problem;
use promotion::model::version::CommitId;

use super::Delivery;
use crate::git::Failure;
use crate::git::remote::is_missing_branch;

/// What a run found at the remotes.
#[derive(Debug)]
pub(super) struct RemoteState {
    /// The name of the target branch.
    pub(super) target: String,
    /// Its commit.
    pub(super) base: CommitId,
    /// Branches below our names, without `refs/heads/`.
    pub(super) branches: BTreeMap<String, CommitId>,
}

impl Delivery<'_> {
    /// Fetches the target branch and ours: one round trip where the default branch is as the clone
    /// remembers it, one more for a fork.
    pub(super) fn find(
        &self,
        names: &[String; 2],
        progress: &mut dyn FnMut(&str),
    ) -> Result<RemoteState> {
        let below = names[0].split('/').nth(1).map(|name| format!("refs/heads/promote/{name}*"));
        let ours = below.filter(|_| self.repository.forge != Forge::Agit);
        let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
        let is_fork = self.from != self.to;
        let beside: &[&str] = if is_fork { &[] } else { &ours };
        let (target, mut tips) = self.target(beside, progress)?;
        let base = tips.remove(&format!("refs/heads/{target}"));
        let base = base.ok_or_else(|| self.no_branch(&target))?;
        if is_fork && !ours.is_empty() {
            let refuse = |failure| self.git.remote_problem(self.to, failure);
            tips = self.git.tips(self.to, &ours, progress).map_err(refuse)?;
        }
        let branch = |(name, commit): (String, CommitId)| {
            Some((name.strip_prefix("refs/heads/")?.to_owned(), commit))
        };
        Ok(RemoteState { target, base, branches: tips.into_iter().filter_map(branch).collect() })
    }

    /// The name of the target branch, and the tips of it and of `beside`.
    fn target(
        &self,
        beside: &[&str],
        progress: &mut dyn FnMut(&str),
    ) -> Result<(String, BTreeMap<String, CommitId>)> {
        if let Some(target) = self.target.or(self.repository.target_branch.as_deref()) {
            return self.tips_with(target, beside, progress).map(|tips| (target.to_owned(), tips));
        }
        if let Some(remembered) = self.git.remembered_default(self.from) {
            let name = format!("refs/heads/{remembered}");
            let patterns = [&["HEAD", &name], beside].concat();
            match self.git.tips(self.from, &patterns, progress) {
                Ok(tips) if tips.get("HEAD") == tips.get(&name) => return Ok((remembered, tips)),
                // It was renamed since, or another one is the default now.
                Ok(_) => {}
                Err(failure) if is_missing_branch(&failure) => {}
                Err(failure) => return Err(self.git.remote_problem(self.from, failure).into()),
            }
        }
        let refuse = |failure| self.git.remote_problem(self.from, failure);
        let asked = self.git.ask_default(self.from, progress).map_err(refuse)?;
        let target = asked.ok_or_else(|| {
            let message = format!("`{}` names no default branch", escaped(self.from));
            Problem::new(message).help("name the branch with `--target-branch`")
        })?;
        self.tips_with(&target, beside, progress).map(|tips| (target, tips))
    }

    fn tips_with(
        &self,
        target: &str,
        beside: &[&str],
        progress: &mut dyn FnMut(&str),
    ) -> Result<BTreeMap<String, CommitId>> {
        let name = format!("refs/heads/{target}");
        let patterns = [&[name.as_str()], beside].concat();
        let refuse = |failure: Failure| match is_missing_branch(&failure) {
            true => self.no_branch(target),
            false => self.git.remote_problem(self.from, failure),
        };
        Ok(self.git.tips(self.from, &patterns, progress).map_err(refuse)?)
    }

    fn no_branch(&self, target: &str) -> Problem {
        let message = format!("`{}` has no branch `{}`", escaped(self.from), escaped(target));
        Problem::new(message).help("name the branch to merge into with `--target-branch`")
    }
}
