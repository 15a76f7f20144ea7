//! Finds out what a delivery starts from: the target branch and the branches of ours.

use std::collections::BTreeMap;

use anyhow::Result;
use promotion::config::Forge;
use promotion::model::escape::escaped;
use promotion::model::problem::Problem;
use promotion::model::similar::{cure, listed};
use promotion::model::version::CommitId;

use super::Delivery;
use crate::git::remote::is_missing_branch;
use crate::git::{Failure, Git};

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

/// Refuses remotes that a checkout doesn't have, and names those that it has.
pub fn refuse_unknown_remotes(git: &Git, from: &str, to: &str) -> Result<()> {
    let cure_from = "name it in `promote.toml`, as `remote` under `[repository]`".to_owned();
    let cure_to = format!(
        "name another one with `--remote`, or add this one: `git remote add {} ADDRESS`",
        escaped(to)
    );
    for (name, help) in [(from, cure_from), (to, cure_to)] {
        if let Some(known) = git.other_remotes(name)? {
            let known = || known.iter().map(String::as_str);
            let there = match known().count() {
                0 => "this checkout has none".to_owned(),
                1 => format!("there is {}", listed(known())),
                _ => format!("there are {}", listed(known())),
            };
            let message = format!("no remote `{}`; {there}", escaped(name));
            return Err(Problem::new(message).help(cure(name, known(), &help)).into());
        }
    }
    Ok(())
}

impl Delivery<'_> {
    /// Fetches the target branch and ours: in one round trip where both are at one address.
    pub(super) fn find(
        &self,
        names: &[String; 2],
        progress: &mut dyn FnMut(&str),
    ) -> Result<RemoteState> {
        refuse_unknown_remotes(&self.git, self.from, &self.to)?;
        let below = names[0].split('/').nth(1).map(|name| format!("refs/heads/promote/{name}*"));
        let ours = below.filter(|_| self.repository.forge != Forge::Agit);
        let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
        let apart = self.pushed_apart();
        let target = self.target(progress)?;
        let beside: &[&str] = if apart.is_some() { &[] } else { &ours };
        let mut tips = self.tips_with(&target, beside, progress)?;
        let base = tips.remove(&format!("refs/heads/{target}"));
        let base = base.ok_or_else(|| self.no_branch(&target))?;
        if let Some(address) = apart.filter(|_| !ours.is_empty()) {
            tips = self.git.tips(&address, &ours, progress).map_err(Problem::from)?;
        }
        let branch = |(name, commit): (String, CommitId)| {
            Some((name.strip_prefix("refs/heads/")?.to_owned(), commit))
        };
        Ok(RemoteState { target, base, branches: tips.into_iter().filter_map(branch).collect() })
    }

    /// The address that has our branches, if it isn't the one that has the target branch.
    fn pushed_apart(&self) -> Option<String> {
        let has_own = self.git.has_push_address(&self.to);
        let first = || self.git.push_addresses(&self.to).into_iter().next();
        match has_own {
            true => first(),
            false => (self.from != self.to).then(|| self.to.clone()),
        }
    }

    /// The name of the target branch: the one that is asked for, else the remote's default of now.
    fn target(&self, progress: &mut dyn FnMut(&str)) -> Result<String> {
        if let Some(target) = self.target.or(self.repository.target_branch.as_deref()) {
            return Ok(target.to_owned());
        }
        let asked = self.git.ask_default(self.from, progress).map_err(Problem::from)?;
        let target = asked.ok_or_else(|| {
            let message = format!("`{}` names no default branch", escaped(self.from));
            Problem::new(message).help("name the branch with `--target-branch`")
        })?;
        Ok(target)
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
            false => Problem::from(failure),
        };
        Ok(self.git.tips(self.from, &patterns, progress).map_err(refuse)?)
    }

    fn no_branch(&self, target: &str) -> Problem {
        let message = format!("`{}` has no branch `{}`", escaped(self.from), escaped(target));
        Problem::new(message).help("name the branch to merge into with `--target-branch`")
    }
}
