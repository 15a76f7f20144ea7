//! Runs git; no other module does. Local commands are here, network commands in `network`.
//!
//! Knows folders, revisions and paths, but neither components nor plans.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use xshell::{Cmd, Shell, cmd};

pub use blame::Blame;
pub use checkout::{Change, IndexEntry};
pub use commit::{StagedCommit, end_commit, is_running};
pub use failure::{Cause, Failure};
pub use network::PATIENCE;
pub use settings::GitSettings;

use promotion::model::duration::shown;
use promotion::model::escape::escaped;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::version::CommitId;

use crate::process::{Chunk, ProcessLimits, run};

pub mod blame;
mod checkout;
mod commit;
mod failure;
mod network;
pub mod past;
pub mod publish;
pub mod remote;
mod settings;

/// Environment variables that would make git use another repository than the intended one, read
/// other settings than it obeys, or write nothing.
const ELSEWHERE: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_CONFIG",
    "GIT_QUARANTINE_PATH",
];

/// How long a command may take that works on this machine alone.
const LOCAL: Duration = Duration::from_secs(5 * 60);

/// How long one may take that runs hooks or signs: a person may have to type a passphrase.
const WITH_A_PERSON: Duration = Duration::from_secs(30 * 60);

/// Environment variables that git rejects beside `GIT_LITERAL_PATHSPECS`.
const PATHSPECS: &[&str] = &["GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"];

/// Git in one folder. Cheap to create: it runs nothing by itself.
#[derive(Debug, Clone)]
pub struct Git {
    place: Vec<OsString>,
    env: Vec<(String, OsString)>,
    patience: Duration,
}

impl Git {
    /// Git in a folder of a work tree.
    pub fn at(folder: impl AsRef<Path>) -> Self {
        Git::with_place(vec!["-C".into(), folder.as_ref().into()])
    }

    /// Git in a bare repository, independent of the current folder.
    pub fn bare(git_dir: impl AsRef<Path>) -> Self {
        let mut place = OsString::from("--git-dir=");
        place.push(git_dir.as_ref());
        Git::with_place(vec![place])
    }

    fn with_place(place: Vec<OsString>) -> Self {
        Git { place, env: Vec::new(), patience: PATIENCE }
    }

    /// Adds an environment variable, such as `GIT_INDEX_FILE`.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Sets how long a network command may transfer nothing before it is stopped; the default is
    /// [`PATIENCE`].
    pub fn patience(self, patience: Duration) -> Self {
        Git { patience, ..self }
    }

    /// Runs a command and returns its standard output as text, without its last line end.
    pub fn read<I>(&self, args: I) -> Result<String>
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let mut text = String::from_utf8(self.bytes(args)?).context("git's output isn't UTF-8")?;
        if text.ends_with('\n') {
            text.pop();
        }
        Ok(text)
    }

    /// Runs a command and returns its standard output as bytes.
    pub fn bytes<I>(&self, args: I) -> Result<Vec<u8>>
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        self.run(args, b"")
    }

    /// Runs a command with this standard input, and returns its standard output as bytes.
    pub fn run<I>(&self, args: I, stdin: &[u8]) -> Result<Vec<u8>>
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let args = collected(args);
        let output = self.output(&args, stdin)?;
        if output.status.success() { Ok(output.stdout) } else { Err(failed(&args, &output)) }
    }

    /// What a command finds, as [`Git::read`] returns it; `None` if it exits with 1: nothing found.
    pub fn find<I>(&self, args: I) -> Result<Option<String>>
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let args = collected(args);
        let output = self.output(&args, b"")?;
        match output.status.code() {
            Some(0) => Ok(Some(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())),
            Some(1) => Ok(None),
            _ => Err(failed(&args, &output)),
        }
    }

    /// Whether a command exits with 0 (yes) or 1 (no); any other status is an error.
    pub fn holds<I>(&self, args: I) -> Result<bool>
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let args = collected(args);
        let output = self.output(&args, b"")?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(failed(&args, &output)),
        }
    }

    /// The top of the work tree and the absolute git folder; `None` outside of any repository.
    ///
    /// Errors: a bare repository, and a folder inside `.git`.
    pub fn top_and_git_dir(&self) -> Result<Option<(PathBuf, PathBuf)>> {
        let args = collected(["rev-parse", "--show-toplevel", "--absolute-git-dir"]);
        let output = self.output(&args, b"")?;
        if !output.status.success() {
            let failure = Failure::of(attempt(&args), &output.stderr);
            if failure.reason.starts_with("not a git repository (or any ") {
                return Ok(None);
            }
            let is_bare = failure.reason.starts_with("cannot use bare repository ");
            if is_bare || failure.reason == "this operation must be run in a work tree" {
                let problem = Problem::new("this is a bare repository or a `.git` folder")
                    .help("name the folder of a checkout with `--repo`");
                return Err(problem.into());
            }
            return Err(Problem::from(failure).into());
        }
        let text = String::from_utf8(output.stdout).context("the path isn't UTF-8")?;
        match text.trim_end_matches('\n').split_once('\n') {
            Some((top, git_dir)) => Ok(Some((top.into(), git_dir.into()))),
            None => bail!("`git rev-parse` said only `{}`", escaped(&text)),
        }
    }

    /// The address that git uses for `url`, after the user's `url.*.insteadOf`.
    pub fn effective_url(&self, url: &str) -> Result<String> {
        self.read(["ls-remote", "--get-url", "--end-of-options", url])
    }

    /// The tracked files below the folder, relative to it.
    pub fn tracked(&self) -> Result<Vec<String>> {
        self.listed(["ls-files", "-z", "--cached"])
    }

    /// The files below the folder that are neither tracked nor ignored. Slow, because git lists
    /// every folder.
    pub fn untracked(&self) -> Result<Vec<String>> {
        self.listed(["ls-files", "-z", "--others", "--exclude-standard"])
    }

    /// Runs a command that prints paths, each ended by NUL; skips those that are not UTF-8.
    fn listed<const N: usize>(&self, args: [&str; N]) -> Result<Vec<String>> {
        let out = self.bytes(args)?;
        let (mut paths, mut start) = (Vec::new(), 0);
        for end in memchr::memchr_iter(0, &out) {
            paths.extend(std::str::from_utf8(&out[start..end]).map(str::to_owned));
            start = end + 1;
        }
        Ok(paths)
    }

    /// The commit that a revision names; an error if there is none.
    pub fn commit(&self, revision: &str) -> Result<CommitId> {
        let peeled = format!("{revision}^{{commit}}");
        let args = collected(["rev-parse", "--verify", "--quiet", "--end-of-options", &peeled]);
        let output = self.output(&args, b"")?;
        if !matches!(output.status.code(), Some(0 | 1)) {
            return Err(failed(&args, &output));
        }
        let id = CommitId::parse(String::from_utf8_lossy(&output.stdout).trim_end());
        let missing = || Problem::new(format!("no commit `{}` here", escaped(revision)));
        Ok(id.ok_or_else(missing)?)
    }

    /// The contents of `paths` in `revision`, in this order; `None` where there is no file.
    pub fn show_many(&self, revision: &str, paths: &[RepoPath]) -> Result<Vec<Option<Vec<u8>>>> {
        let asked: String = paths.iter().map(|path| format!("{revision}:{path}\n")).collect();
        let out = self.run(["cat-file", "--batch"], asked.as_bytes())?;
        let mut rest = out.as_slice();
        paths.iter().map(|_| next_blob(&mut rest)).collect()
    }

    fn output(&self, args: &[OsString], stdin: &[u8]) -> Result<Output> {
        let attempt = attempt(args);
        let refuse = |error| Problem::from(not_started(&attempt, &error));
        let shell = Shell::new().map_err(refuse)?;
        let command = self.command(&shell, [], args);
        let signs = args.iter().any(|arg| arg == "-S");
        let limit = if signs { WITH_A_PERSON } else { LOCAL };
        Ok(fed(&attempt, command, stdin, limit).map_err(Problem::from)?)
    }

    /// A git command with an environment that makes its output predictable. The caller checks its
    /// status.
    fn command<'a, 'b, I>(
        &self,
        shell: &'a Shell,
        config: impl IntoIterator<Item = &'b OsStr>,
        args: I,
    ) -> Cmd<'a>
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let place = &self.place;
        // These settings of the user would change what `log` and `diff` print: signatures between the
        // lines, no files for the first commit, the name of a file before it was renamed, letters that
        // are not UTF-8, few renames, and a list of files that may not be here. The last one is about
        // committed files that look like a git folder with a configuration.
        let plain = [
            "log.showSignature=false",
            "log.showRoot=true",
            "log.follow=false",
            "i18n.logOutputEncoding=UTF-8",
            "diff.renameLimit=1000",
            "diff.orderFile=/dev/null",
            "safe.bareRepository=explicit",
        ];
        let plain = plain.iter().flat_map(|setting| ["-c", setting]);
        let command = cmd!(shell, "git {place...} {plain...} {config...} {args...}");
        without(without(command, ELSEWHERE), PATHSPECS)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_LITERAL_PATHSPECS", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
    }
}

/// Reads commits, one in each line. Any other line is an error: skipping it would look as if there
/// were no such commit.
pub fn commit_ids(text: &str) -> Result<Vec<CommitId>> {
    text.lines().map(|line| CommitId::parse(line).with_context(|| unreadable(line))).collect()
}

/// The error message for an answer of `git log` that is not understood.
pub fn unreadable(answer: &str) -> String {
    format!("`git log` answered in an unknown way: `{}`", escaped(answer))
}

fn without<'a>(command: Cmd<'a>, names: &[&str]) -> Cmd<'a> {
    names.iter().fold(command, |command, name| command.env_remove(name))
}

fn collected<I>(args: I) -> Vec<OsString>
where
    I: IntoIterator<Item: AsRef<OsStr>>,
{
    args.into_iter().map(|arg| arg.as_ref().to_owned()).collect()
}

fn attempt(args: &[OsString]) -> String {
    let is_option = |text: &[u8]| text.starts_with(b"-") || text.contains(&b'=');
    let is_command = |arg: &&OsString| !is_option(arg.as_encoded_bytes());
    let name = args.iter().find(is_command).map(|arg| arg.to_string_lossy());
    format!("`git {}` failed", name.unwrap_or_default())
}

fn failed(args: &[OsString], output: &Output) -> anyhow::Error {
    Problem::from(Failure::of(attempt(args), &output.stderr)).into()
}

/// Runs a command that works on this machine alone; `attempt` begins its error.
fn fed(attempt: &str, command: Cmd, stdin: &[u8], total: Duration) -> Result<Output, Failure> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let ended =
        run(command.into(), stdin, ProcessLimits::of_time(total), &mut |chunk| match chunk {
            Chunk::Out(bytes) => stdout.extend(bytes),
            Chunk::Err(bytes) => stderr.extend(bytes),
        });
    match ended.map_err(|error| not_started(attempt, &error))? {
        Ok(status) => Ok(Output { status, stdout, stderr }),
        Err(_) => {
            let reason = format!("it didn't end within {}, and was ended", shown(total));
            Err(Failure { attempt: attempt.to_owned(), reason, cause: Cause::Stuck })
        }
    }
}

fn not_started(attempt: &str, error: &dyn Error) -> Failure {
    let reason = format!("git could not be run: {}", escaped(&error.to_string()));
    Failure { attempt: attempt.to_owned(), reason, cause: Cause::Other }
}

/// Removes one answer of `cat-file --batch` from the front of `rest`; `None` if it is not a file.
fn next_blob(rest: &mut &[u8]) -> Result<Option<Vec<u8>>> {
    let unreadable = || anyhow!("`git cat-file` answered in an unknown way");
    let end = rest.iter().position(|&byte| byte == b'\n').ok_or_else(unreadable)?;
    let header = String::from_utf8_lossy(&rest[..end]);
    *rest = &rest[end + 1..];
    if header.ends_with(" missing") {
        return Ok(None);
    }
    let mut words = header.rsplit(' ');
    let size = words.next().and_then(|size| size.parse().ok()).ok_or_else(unreadable)?;
    let is_blob = words.next() == Some("blob");
    let (content, after) = rest.split_at_checked(size).ok_or_else(unreadable)?;
    *rest = after.strip_prefix(b"\n").ok_or_else(unreadable)?;
    Ok(is_blob.then(|| content.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs() -> Result<()> {
        let mut rest: &[u8] = b"1a blob 3\na\nb\nx:y missing\n1b tree 2\n\0\0\n1c blob 0\n\n";
        let mut blobs = Vec::new();
        while !rest.is_empty() {
            blobs.push(next_blob(&mut rest)?);
        }
        assert_eq!(blobs, [Some(b"a\nb".to_vec()), None, None, Some(Vec::new())]);
        assert!(next_blob(&mut b"1a blob 9\nshort\n".as_slice()).is_err());
        Ok(())
    }

    #[test]
    fn a_git_that_hangs_is_ended() -> Result<()> {
        let shell = Shell::new()?;
        let hangs = cmd!(shell, "sleep 30");
        let failure = fed("`git status` failed", hangs, b"", Duration::from_millis(50)).err();
        let told = failure.map(|failure| failure.to_string()).unwrap_or_default();
        assert_eq!(told, "`git status` failed: it didn't end within 50 ms, and was ended");
        Ok(())
    }
}
