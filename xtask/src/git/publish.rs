//! Makes a commit without an index, and pushes it to one branch of a remote.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use promotion::model::path::RepoPath;
use promotion::model::version::CommitId;

use super::{Failure, Git};

/// The result of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushStatus {
    /// The remote updated the branch.
    Accepted,
    /// The branch was at this commit before, so the remote had nothing to say.
    UpToDate,
    /// The branch is not at the commit that the lease names.
    Stale,
    /// The remote refused the push; its reason is other people's text.
    Refused(String),
    /// The remote doesn't support push options.
    NoOptions,
    /// The `pre-push` hook of this clone refused the push.
    Hook,
}

impl Git {
    /// Keeps the content as git object, byte by byte, and returns its id.
    pub fn keep(&self, content: &[u8]) -> Result<String> {
        let id = self.run(["hash-object", "-w", "--stdin", "--no-filters"], content)?;
        Ok(one_line(&id))
    }

    /// Writes the tree of `base` with new contents for some of its files, and returns its id. File
    /// modes stay.
    ///
    /// Reads and writes only the folders above these files, without an index: on 100,000 files this
    /// is faster, and a killed run leaves no file behind.
    pub fn write_tree(&self, base: &CommitId, files: &[(RepoPath, Vec<u8>)]) -> Result<String> {
        let mut folders: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        folders.entry(String::new()).or_default();
        for (path, bytes) in files {
            let id = self.keep(bytes)?;
            let (folder, name) = split(path.as_str());
            folders.entry(folder.to_owned()).or_default().insert(name.to_owned(), id);
        }
        loop {
            let deepest = folders.keys().max_by_key(|folder| (depth(folder), folder.len()));
            let folder = deepest.cloned().context("the top is a folder")?;
            let replaced = folders.remove(&folder).unwrap_or_default();
            let id = self.write_folder(base, &folder, replaced)?;
            if folder.is_empty() {
                return Ok(id);
            }
            let (above, name) = split(&folder);
            folders.entry(above.to_owned()).or_default().insert(name.to_owned(), id);
        }
    }

    fn write_folder(
        &self,
        base: &CommitId,
        folder: &str,
        mut replaced: BTreeMap<String, String>,
    ) -> Result<String> {
        let listed = self.bytes(["ls-tree", "-z", "--full-tree", &format!("{base}:{folder}")])?;
        let mut tree = Vec::with_capacity(listed.len());
        for line in listed.split_inclusive(|&byte| byte == b'\0') {
            let tab = line.iter().position(|&byte| byte == b'\t').context("git lists with tabs")?;
            let name = String::from_utf8_lossy(&line[tab + 1..line.len() - 1]);
            match replaced.remove(name.as_ref()) {
                None => tree.extend_from_slice(line),
                Some(id) => {
                    let start = String::from_utf8_lossy(&line[..tab]);
                    let (kept, _) = start.rsplit_once(' ').context("git lists ids")?;
                    tree.extend_from_slice(format!("{kept} {id}").as_bytes());
                    tree.extend_from_slice(&line[tab..]);
                }
            }
        }
        if let Some((name, _)) = replaced.first_key_value() {
            anyhow::bail!("`{folder}` has no `{name}` in {base}");
        }
        Ok(one_line(&self.run(["mktree", "-z", "--missing"], &tree)?))
    }

    /// Makes a commit of a tree with one parent, in the user's name, signed if the user signs
    /// commits.
    pub fn commit_tree(&self, tree: &str, parent: &CommitId, message: &str) -> Result<CommitId> {
        let signs = self.read(["config", "--type=bool", "--default=false", "commit.gpgSign"])?;
        let sign = (signs == "true").then_some("-S");
        let args = ["commit-tree", "-p", parent.as_str(), "-F", "-"].into_iter();
        let id = self.run(args.chain(sign).chain([tree]), message.as_bytes())?;
        CommitId::parse(&one_line(&id)).context("`git commit-tree` answered in an unknown way")
    }

    /// The addresses that a remote is fetched from, before the user's rewriting.
    pub fn fetch_addresses(&self, remote: &str) -> Vec<String> {
        self.addresses(remote, "url").unwrap_or_else(|| vec![remote.to_owned()])
    }

    /// The addresses that `remote` is pushed to, as they are configured; never none.
    ///
    /// A push to an address, unlike one to a remote, leaves the user's `refs/remotes` alone.
    pub fn push_addresses(&self, remote: &str) -> Vec<String> {
        self.addresses(remote, "pushurl").unwrap_or_else(|| self.fetch_addresses(remote))
    }

    /// Whether `remote` is pushed to another address than it is fetched from.
    pub fn has_push_address(&self, remote: &str) -> bool {
        let fetched = self.addresses(remote, "url").unwrap_or_default();
        self.addresses(remote, "pushurl").is_some_and(|all| all.first() != fetched.first())
    }

    /// All values of a setting; an empty one takes those before it back, as git reads it.
    fn addresses(&self, remote: &str, key: &str) -> Option<Vec<String>> {
        let all =
            self.read(["config", "-z", "--get-all", &format!("remote.{remote}.{key}")]).ok()?;
        let all: Vec<&str> = all.split_terminator('\0').collect();
        let last = all.rsplit(|value| value.is_empty()).next()?;
        (!last.is_empty()).then(|| last.iter().map(|&value| value.to_owned()).collect())
    }

    /// Where git pushes by the user's own settings: those of the current branch count first.
    ///
    /// Source: git-config(1), `branch.<name>.pushRemote` and `remote.pushDefault`.
    pub fn push_remote(&self) -> Option<String> {
        let branch = self.read(["symbolic-ref", "--quiet", "--short", "HEAD"]).ok();
        let of_branch = branch.map(|name| format!("branch.{name}.pushRemote"));
        let keys = of_branch.into_iter().chain(["remote.pushDefault".to_owned()]);
        keys.filter_map(|key| self.read(["config", "--get", &key]).ok()).find(|at| !at.is_empty())
    }

    /// Pushes `commit` to the reference `to` of `address`; returns the result and the standard
    /// error.
    ///
    /// `lease` is the commit at which `to` must be, empty if it must not exist yet. The user's
    /// `pre-push` hook runs, because it may be a rule of their organisation. Tags, submodules and
    /// push options from the user's configuration are not pushed. Waits three times as long as
    /// other commands.
    pub fn push(
        &self,
        address: &str,
        (commit, to): (&CommitId, &str),
        lease: Option<&str>,
        options: &[String],
        progress: &mut dyn FnMut(&str),
    ) -> Result<(PushStatus, String), Failure> {
        let flags = ["--porcelain", "--progress", "--no-follow-tags", "--recurse-submodules=no"];
        let mut args: Vec<String> = ["push"].into_iter().chain(flags).map(str::to_owned).collect();
        args.extend(lease.map(|at| format!("--force-with-lease={to}:{at}")));
        args.extend(options.iter().map(|option| format!("--push-option={option}")));
        args.extend(["--end-of-options".to_owned(), address.to_owned(), format!("{commit}:{to}")]);
        let config = ["-c", "push.pushOption="].map(str::to_owned);
        // The hook may run git too, without literal pathspecs; and hooks on both sides may take
        // long without printing anything.
        let git = self.clone().env("GIT_LITERAL_PATHSPECS", "0").patience(self.patience * 3);
        let attempt = format!("can't push `{to}`");
        let output = git.network_output(&attempt, config.iter().chain(&args), progress)?;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let stdout = String::from_utf8_lossy(&output.stdout);
        if output.status.success() {
            let is_there = stdout.lines().any(|line| line.starts_with("=\t"));
            let status = if is_there { PushStatus::UpToDate } else { PushStatus::Accepted };
            return Ok((status, stderr));
        }
        match push_status(&stdout, &stderr) {
            Some(status) => Ok((status, stderr)),
            None => Err(Failure::of(attempt, &output.stderr)),
        }
    }
}

/// The reason of a failed push: by the line that begins with `!` in the output of `--porcelain`,
/// else by git's own messages; `None` if neither tells.
fn push_status(stdout: &str, stderr: &str) -> Option<PushStatus> {
    let says = |text: &str| stderr.lines().any(|line| line.starts_with(text));
    let Some(line) = stdout.lines().find_map(|line| line.strip_prefix("!\t")) else {
        if says("fatal: the receiving end does not support push options") {
            return Some(PushStatus::NoOptions);
        }
        // Only the hook fails before git prints a line for each reference and without a `fatal:`.
        let by_hook = !says("fatal: ") && says("error: failed to push some refs to ");
        return by_hook.then_some(PushStatus::Hook);
    };
    let (_, summary) = line.split_once('\t')?;
    if summary.starts_with("[rejected] (stale info)") {
        return Some(PushStatus::Stale);
    }
    let reason = summary.split_once('(').map_or(summary, |(_, reason)| reason);
    Some(PushStatus::Refused(reason.trim_end_matches(')').to_owned()))
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn depth(folder: &str) -> usize {
    if folder.is_empty() { 0 } else { 1 + folder.matches('/').count() }
}

fn one_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn push_statuses() {
        let refused = |reason: &str| Some(PushStatus::Refused(reason.to_owned()));
        let failed = "error: failed to push some refs to '/r.git'\n";
        let cases = [
            ("To /r.git\n!\ta:x\t[rejected] (stale info)\nDone\n", failed, Some(PushStatus::Stale)),
            ("To /r.git\n!\ta:x\t[remote rejected] (no (way))\n", failed, refused("no (way")),
            ("To /r.git\n!\ta:x\t[remote failure]\n", failed, refused("[remote failure]")),
            (
                "",
                "fatal: the receiving end does not support push options\n",
                Some(PushStatus::NoOptions),
            ),
            ("", failed, Some(PushStatus::Hook)),
            ("", "fatal: the remote end hung up unexpectedly\n", None),
        ];
        for (stdout, stderr, expected) in cases {
            assert_eq!(push_status(stdout, stderr), expected, "{stdout}");
        }
    }
}
