//! Reads what a merge request needs: the remote's branches, the files of a commit, who pushed which
//! commits.
//!
//! Fetches objects from the remote, but touches no reference, no index and no file of the user.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use memchr::memmem;
use promotion::model::escape::escaped;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::tree::{Tree, Wanted, glob_folder, is_lfs_pointer};
use promotion::model::upstream::without_credentials;
use promotion::model::version::CommitId;

use super::{Cause, Failure, Git, next_blob, unreadable};

/// How many objects are fetched by one command: their ids are its arguments.
const AT_ONCE: usize = 1000;

/// One line of `git ls-tree`.
#[derive(Debug, Clone)]
struct Entry {
    mode: String,
    id: String,
    path: String,
}

/// A commit that one branch has and another lacks. Everything but the id is other people's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    pub id: CommitId,
    /// The author's name.
    pub author: String,
    /// The committer's mail address.
    pub committer: String,
    /// The value of the trailer that was asked for; empty if the commit doesn't have it.
    pub trailer: String,
    /// The first line of the message.
    pub subject: String,
}

impl Git {
    /// Fetches the remote's branches that match `patterns`, with all objects, and returns their
    /// commits.
    ///
    /// A pattern is `HEAD`, the full name of a branch that must exist, or a name with a final `*`.
    /// Takes one round trip. `git fetch --dry-run` gets the objects and updates nothing, not even
    /// the remote-tracking branches.
    pub fn tips(
        &self,
        remote: &str,
        patterns: &[&str],
        progress: &mut dyn FnMut(&str),
    ) -> Result<BTreeMap<String, CommitId>, Failure> {
        let flags = ["fetch", "--dry-run", "--porcelain", "--progress", "--no-tags", "--no-prune"];
        let quick = ["--no-write-fetch-head", "--no-auto-maintenance", "--no-write-commit-graph"];
        let rest = ["--no-recurse-submodules", "--end-of-options", remote];
        let own_head = format!("remote.{remote}.followRemoteHEAD=never");
        let refspecs = patterns.iter().map(|name| format!("+{name}:refs/xtask/{name}"));
        let refspecs: Vec<String> = refspecs.collect();
        let refspecs = refspecs.iter().map(String::as_str);
        let args = ["-c", &own_head].into_iter().chain(flags).chain(quick).chain(rest);
        let attempt = format!("can't fetch from `{}`", without_credentials(remote));
        let output = self.network(&attempt, args.chain(refspecs), progress)?;
        let text = String::from_utf8_lossy(&output.stdout);
        let tip = |line: &str| {
            let mut words = line.rsplit(' ');
            let name = words.next()?.strip_prefix("refs/xtask/")?;
            Some((name.to_owned(), CommitId::parse(words.next()?)?))
        };
        Ok(text.lines().filter_map(tip).collect())
    }

    /// The remotes that there are, if `name` is none of them and no address or path either.
    pub fn other_remotes(&self, name: &str) -> Result<Option<Vec<String>>> {
        let remotes: Vec<String> = self.read(["remote"])?.lines().map(str::to_owned).collect();
        let is_known = remotes.iter().any(|remote| remote == name) || name.contains([':', '/']);
        Ok((!is_known).then_some(remotes))
    }

    /// The default branch that the remote has now; `None` if its `HEAD` is no branch. Takes one
    /// round trip.
    pub fn ask_default(
        &self,
        remote: &str,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Option<String>, Failure> {
        let args = ["ls-remote", "--symref", "--end-of-options", remote, "HEAD"];
        let output = self.network(&format!("can't ask `{remote}`"), args, progress)?;
        let text = String::from_utf8_lossy(&output.stdout);
        let head = text.lines().find_map(|line| line.strip_prefix("ref: refs/heads/"));
        Ok(head.and_then(|head| head.strip_suffix("\tHEAD")).map(str::to_owned))
    }

    /// The remote's branches that match a pattern, without `refs/heads/`. Takes one round trip.
    pub fn ask_branches(
        &self,
        remote: &str,
        pattern: &str,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Vec<String>, Failure> {
        let pattern = format!("refs/heads/{pattern}");
        let args = ["ls-remote", "--refs", "--end-of-options", remote, &pattern];
        let output = self.network(&format!("can't ask `{remote}`"), args, progress)?;
        let text = String::from_utf8_lossy(&output.stdout);
        let branch = |line: &str| Some(line.split_once("\trefs/heads/")?.1.to_owned());
        Ok(text.lines().filter_map(branch).collect())
    }

    /// Reads the wanted files of a commit, as `WorkTree::read` reads them from the work tree.
    ///
    /// In a partial clone, missing files are fetched from `remote` together. Errors: a symbolic
    /// link, a folder or a submodule where a pin should be, and a file name that is not UTF-8.
    pub fn tree_at(
        &self,
        remote: &str,
        commit: &CommitId,
        wanted: &Wanted,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Tree> {
        let mut files: Vec<(Entry, Option<&str>)> = Vec::new();
        for entry in self.literal_entries(commit, &wanted.files)? {
            files.push((entry, None));
        }
        for (glob, needle) in &wanted.globs {
            let entries = self.entries(commit, &["-r"], &[glob_folder(glob)])?;
            let matching =
                entries.into_iter().filter(|file| fast_glob::glob_match(glob, &file.path));
            for entry in matching {
                match entry.mode.as_str() {
                    "100644" | "100755" => files.push((entry, Some(needle))),
                    "120000" if self.leads_to(commit, &entry.path, needle)? => {
                        return Err(Problem::symlink(&entry.path).into());
                    }
                    _ => {}
                }
            }
        }
        let ids: Vec<&str> = files.iter().map(|(entry, _)| entry.id.as_str()).collect();
        self.fetch_missing(remote, &ids, progress)?;
        let out = self.run(["cat-file", "--batch"], (ids.join("\n") + "\n").as_bytes())?;
        let mut rest = out.as_slice();
        let mut tree = Tree::default();
        for (entry, needle) in files {
            let bytes = next_blob(&mut rest)?.with_context(|| format!("no blob {}", entry.id))?;
            let lacks = |needle: &str| memmem::find(&bytes, needle.as_bytes()).is_none();
            if needle.is_some_and(lacks) && !is_lfs_pointer(&bytes) {
                continue;
            }
            let path = RepoPath::parse(&entry.path);
            tree.0.insert(path.ok_or_else(|| Problem::odd_name(&entry.path))?, bytes);
        }
        Ok(tree)
    }

    fn literal_entries(&self, commit: &CommitId, files: &[RepoPath]) -> Result<Vec<Entry>> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let paths: Vec<&str> = files.iter().map(RepoPath::as_str).collect();
        let entries = self.entries(commit, &[], &paths)?;
        let missing = |path: &&&str| !entries.iter().any(|entry| entry.path == **path);
        for path in paths.iter().filter(missing) {
            self.refuse_in_submodule(commit, path)?;
        }
        for entry in &entries {
            match entry.mode.as_str() {
                "100644" | "100755" => {}
                "120000" => return Err(Problem::symlink(&entry.path).into()),
                _ => {
                    let problem = Problem::new("is not a regular file").file(&entry.path);
                    return Err(problem.into());
                }
            }
        }
        Ok(entries)
    }

    /// Git lists nothing for a file of a submodule: it is in another repository.
    fn refuse_in_submodule(&self, commit: &CommitId, path: &str) -> Result<()> {
        let ends = path.match_indices('/').map(|(end, _)| &path[..end]);
        let folders: Vec<&str> = ends.collect();
        if folders.is_empty() {
            return Ok(());
        }
        let entries = self.entries(commit, &[], &folders)?;
        let Some(submodule) = entries.iter().find(|entry| entry.mode == "160000") else {
            return Ok(());
        };
        let message = format!("is in the submodule `{}`", escaped(&submodule.path));
        let help = "promote it in a checkout of that repository: name it with `--repo`";
        Err(Problem::new(message).file(path).help(help).into())
    }

    fn entries(&self, commit: &CommitId, flags: &[&str], paths: &[&str]) -> Result<Vec<Entry>> {
        let start = ["ls-tree", "-z", "--full-tree"].iter().chain(flags);
        let paths = paths.iter().filter(|path| !path.is_empty());
        let out = self.bytes(start.chain(&[commit.as_str(), "--"]).chain(paths))?;
        Ok(String::from_utf8_lossy(&out).split_terminator('\0').filter_map(entry).collect())
    }

    /// Whether a symbolic link points to a file of the same commit that contains `needle`.
    fn leads_to(&self, commit: &CommitId, path: &str, needle: &str) -> Result<bool> {
        if path.contains('\n') {
            return Ok(true);
        }
        let asked = format!("{commit}:{path}\n");
        let out = self.run(["cat-file", "--batch", "--follow-symlinks"], asked.as_bytes())?;
        let header = out.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let is_blob = String::from_utf8_lossy(header).contains(" blob ");
        Ok(is_blob && memmem::find(&out, needle.as_bytes()).is_some())
    }

    /// Fetches the blobs that a partial clone lacks, together: git itself would fetch them one by
    /// one.
    fn fetch_missing(
        &self,
        remote: &str,
        ids: &[&str],
        progress: &mut dyn FnMut(&str),
    ) -> Result<()> {
        if !self.holds(["config", "--get-regexp", r"^remote\..*\.promisor$"])? {
            return Ok(());
        }
        let local = self.clone().env("GIT_NO_LAZY_FETCH", "1");
        let asked = ids.join("\n") + "\n";
        let out = local.run(["cat-file", "--batch-check"], asked.as_bytes())?;
        let text = String::from_utf8_lossy(&out);
        let missing: Vec<&str> =
            text.lines().filter_map(|line| line.strip_suffix(" missing")).collect();
        let flags = ["fetch", "--progress", "--no-tags", "--no-prune", "--filter=blob:none"];
        let quick = ["--no-write-fetch-head", "--no-auto-maintenance", "--no-write-commit-graph"];
        let rest = ["--no-recurse-submodules", "--end-of-options", remote];
        let start = ["-c", "fetch.negotiationAlgorithm=noop"];
        for some in missing.chunks(AT_ONCE) {
            let args = start.iter().chain(&flags).chain(&quick).chain(&rest).chain(some);
            self.network(
                &format!("can't fetch from `{}`", without_credentials(remote)),
                args,
                progress,
            )
            .map_err(Problem::from)?;
        }
        Ok(())
    }

    /// Whether `tip` makes the same change as a commit of `tree` on `base` would: in the same
    /// files, from and to the same contents. Other files of `base` may have changed since `tip` was
    /// made.
    pub fn same_change(&self, base: &CommitId, tree: &str, tip: &CommitId) -> Result<bool> {
        // git exits with 1 if there is no common history, as in a shallow clone.
        if !self.holds(["merge-base", base.as_str(), tip.as_str()])? {
            return Ok(false);
        }
        let fork = self.read(["merge-base", base.as_str(), tip.as_str()])?;
        let diff = ["diff-tree", "-r", "-z", "--raw", "--no-renames"];
        let theirs = self.bytes(diff.iter().chain(&[&fork[..], tip.as_str()]))?;
        Ok(theirs == self.bytes(diff.iter().chain(&[base.as_str(), tree]))?)
    }

    /// The commits that `tip` has and `base` lacks, newest first, at most 20, each with the value
    /// of its `trailer`.
    pub fn beyond(&self, base: &CommitId, tip: &CommitId, trailer: &str) -> Result<Vec<Extra>> {
        let format =
            format!("--format=%H%x00%an%x00%ce%x00%(trailers:key={trailer},valueonly)%x00%s");
        // What ends the name of a trailer is the user's to choose.
        let config = ["-c", "trailer.separators=:"];
        let flags = ["log", "-z", "--no-show-signature", "--no-color", "--max-count=20"];
        let range = [&format, tip.as_str(), &format!("^{base}")];
        let out = self.bytes(config.iter().chain(&flags).chain(&range))?;
        let text = String::from_utf8_lossy(&out);
        let fields: Vec<&str> = text.split_terminator('\0').collect();
        let extra = |fields: &[&str]| {
            let [id, author, committer, trailer, subject] = fields else { return None };
            let [author, committer, subject] =
                [author, committer, subject].map(|t| (*t).to_owned());
            let trailer = trailer.trim().to_owned();
            Some(Extra { id: CommitId::parse(id)?, author, committer, trailer, subject })
        };
        let read = |fields| extra(fields).with_context(|| unreadable(&fields.join(" ")));
        fields.chunks(5).map(read).collect()
    }

    /// The mail address of the user who commits here.
    pub fn committer(&self) -> Result<String> {
        let identity = self.read(["var", "GIT_COMMITTER_IDENT"])?;
        let address = identity.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
        Ok(address.map(|(address, _)| address.to_owned()).unwrap_or_default())
    }
}

fn entry(line: &str) -> Option<Entry> {
    let (start, path) = line.split_once('\t')?;
    let mut words = start.split(' ');
    let (mode, _, id) = (words.next()?, words.next()?, words.next()?);
    Some(Entry { mode: mode.to_owned(), id: id.to_owned(), path: path.to_owned() })
}

/// Whether the failure says that the remote has no branch of that name.
pub fn is_missing_branch(failure: &Failure) -> bool {
    failure.cause == Cause::Other && failure.reason.starts_with("couldn't find remote ref ")
}
