//! What git's standard error means: one line of it, the cause, and the cure. Pure.

use std::fmt;

use promotion::model::escape::{escaped, shell_word};
use promotion::model::problem::Problem;
use promotion::model::upstream::without_credentials;

/// Why a git command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What was attempted, as a fragment: `` `git status` ``, `` can't fetch from `URL` ``.
    pub attempt: String,
    /// The one line of git's that says why, escaped.
    pub reason: String,
    /// What kind of failure it is.
    pub cause: Cause,
}

/// The kinds of failure that have a cure of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The other side wants to know who asks, or denies it to them.
    Authentication,
    /// No connection, or none that lasts.
    Unreachable,
    /// Nothing heard for too long.
    TimedOut,
    /// Heard of all the time, but not done within the limit.
    TooSlow,
    /// A git that works on this machine alone, and doesn't end.
    Stuck,
    /// A variable of ours can't be read, and nothing was tried.
    Setting,
    /// The other side has no such repository, or doesn't show it.
    NotFound,
    /// Something answers that isn't a git server.
    NotGit,
    /// The other side has only a part of its own history.
    Shallow,
    /// An object is malformed, and the user's settings have git refuse it.
    Malformed,
    /// The repository belongs to another user of this machine.
    Ownership,
    /// The user has not said who they are.
    Identity,
    /// Everything else.
    Other,
}

/// Where several match, the first one counts: the more telling ones come first.
const CAUSES: &[(&str, Cause)] = &[
    ("dubious ownership", Cause::Ownership),
    ("no email was given", Cause::Identity),
    ("no name was given", Cause::Identity),
    ("unable to auto-detect email address", Cause::Identity),
    ("unable to auto-detect name", Cause::Identity),
    ("empty ident name", Cause::Identity),
    ("name consists only of disallowed characters", Cause::Identity),
    ("error: object ", Cause::Malformed),
    ("operation too slow", Cause::TimedOut),
    ("timed out", Cause::TimedOut),
    ("host key verification failed", Cause::Authentication),
    ("permission denied (", Cause::Authentication),
    ("could not read username", Cause::Authentication),
    ("could not read password", Cause::Authentication),
    ("authentication failed", Cause::Authentication),
    ("returned error: 401", Cause::Authentication),
    ("returned error: 403", Cause::Authentication),
    ("not valid: is this a git repository", Cause::NotGit),
    ("unable to update url base from redirection", Cause::NotGit),
    ("protocol error", Cause::NotGit),
    ("invalid server response", Cause::NotGit),
    ("could not resolve", Cause::Unreachable),
    ("unable to look up", Cause::Unreachable),
    ("failed to connect", Cause::Unreachable),
    ("unable to connect", Cause::Unreachable),
    ("connection refused", Cause::Unreachable),
    ("connection reset", Cause::Unreachable),
    ("connection closed", Cause::Unreachable),
    ("no route to host", Cause::Unreachable),
    ("network is unreachable", Cause::Unreachable),
    ("from proxy after connect", Cause::Unreachable),
    ("proxy connect aborted", Cause::Unreachable),
    ("returned error: 404", Cause::NotFound),
    ("returned error: 410", Cause::NotFound),
    ("returned error: 429", Cause::Unreachable),
    ("returned error: 5", Cause::Unreachable),
    ("unable to access '", Cause::Unreachable),
    ("rpc failed", Cause::Unreachable),
    ("does not appear to be a git repository", Cause::NotFound),
    ("access denied or repository not exported", Cause::NotFound),
    ("remote: repository not found", Cause::NotFound),
    ("fatal: repository '", Cause::NotFound),
    ("could not read from remote repository", Cause::NotFound),
    ("hung up unexpectedly", Cause::Unreachable),
    ("unexpected disconnect", Cause::Unreachable),
    ("early eof", Cause::Unreachable),
];

impl Failure {
    /// Reads what git wrote to its standard error.
    pub fn of(attempt: impl Into<String>, stderr: &[u8]) -> Self {
        let text = String::from_utf8_lossy(stderr);
        let lines: Vec<&str> =
            text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).collect();
        let known = CAUSES.iter().find_map(|(needle, cause)| {
            let index = lines.iter().position(|line| line.to_lowercase().contains(needle))?;
            Some((index, *cause))
        });
        let last_error = || {
            let is_error = |line: &&str| line.starts_with("fatal: ") || line.starts_with("error: ");
            let index = lines.iter().rposition(is_error).unwrap_or(lines.len().saturating_sub(1));
            (index, Cause::Other)
        };
        let (index, cause) = known.unwrap_or_else(last_error);
        let reason = match lines.get(index..).unwrap_or_default() {
            [] => "git says no reason".to_owned(),
            // The reason itself follows on a line of its own.
            [line, reason, ..] if line.ends_with(':') => format!("{} {reason}", bare(line)),
            [line, ..] => bare(line).to_owned(),
        };
        Failure { attempt: attempt.into(), reason: escaped(&without_credentials(&reason)), cause }
    }

    fn help(&self) -> Option<String> {
        let help = match self.cause {
            Cause::Authentication => {
                "log in once with `git ls-remote` and that address in a terminal, so that the \
                 credential helper or the ssh agent can answer from then on"
            }
            Cause::Unreachable | Cause::TimedOut => {
                "check the network, the VPN and git's proxy settings, then run it again"
            }
            Cause::TooSlow => {
                "check the network and the VPN, then run it again; where it only takes long, give it \
                 more time, as in `XTASK_NETWORK_LIMIT=1h`"
            }
            Cause::Stuck => {
                "run the same git command by hand to see what it waits for: a hook, a filter, \
                 `core.fsmonitor`, or a file system that doesn't answer"
            }
            Cause::NotFound => {
                "check the address; a repository that moved, or that you may not read, looks the \
                 same"
            }
            Cause::NotGit => {
                "check the address; a login page or a proxy's error page may answer in its place"
            }
            Cause::Malformed => {
                "git refuses it by your `fetch.fsckObjects` or `transfer.fsckObjects`; to let it pass, \
                 set `fetch.fsck.NAME` to `warn` with `git config --global`, where NAME is the word \
                 after the object's id"
            }
            Cause::Shallow => "give the address of a complete repository",
            Cause::Ownership => return Some(self.trust()),
            Cause::Identity => {
                "tell git who you are: `git config --global user.email ADDRESS`, and `user.name` the \
                 same way"
            }
            Cause::Setting | Cause::Other => return None,
        };
        Some(help.to_owned())
    }

    /// How to trust the folder that the reason ends with, in quotes.
    fn trust(&self) -> String {
        let quoted = self.reason.split_once('\'').map_or("", |(_, folder)| folder);
        let folder = shell_word(quoted.trim_end_matches('\''));
        format!("if you trust that folder, `git config --global --add safe.directory {folder}`")
    }
}

/// The line without git's prefixes and without the address, which the attempt names already.
fn bare(line: &str) -> &str {
    let line = ["fatal: ", "error: ", "remote: "]
        .iter()
        .find_map(|prefix| line.strip_prefix(prefix))
        .unwrap_or(line);
    let after_address = |rest: &'_ str| rest.find("': ").map(|end| end + 3);
    match line.strip_prefix("unable to access '") {
        Some(rest) => after_address(rest).map_or(line, |start| &rest[start..]),
        None => line,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.attempt, self.reason)
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let help = failure.help();
        Problem { help, ..Problem::new(failure.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stderr: &str, reason: &str, cause: Cause) {
        let expected = Failure { attempt: "x".to_owned(), reason: reason.to_owned(), cause };
        assert_eq!(Failure::of("x", stderr.as_bytes()), expected);
    }

    #[test]
    fn causes() {
        check(
            "fatal: unable to access 'https://no.invalid/x/': Could not resolve host: no.invalid\n",
            "Could not resolve host: no.invalid",
            Cause::Unreachable,
        );
        check(
            "fatal: unable to access 'https://h/x/': The requested URL returned error: 503\n",
            "The requested URL returned error: 503",
            Cause::Unreachable,
        );
        check(
            "fatal: unable to access 'https://h/x/': Received HTTP code 407 from proxy after CONNECT\n",
            "Received HTTP code 407 from proxy after CONNECT",
            Cause::Unreachable,
        );
        check(
            "error: RPC failed; curl 28 Operation too slow. Less than 1 bytes/sec transferred the last 30 seconds\nfatal: expected flush after ref listing\n",
            "RPC failed; curl 28 Operation too slow. Less than 1 bytes/sec transferred the last 30 seconds",
            Cause::TimedOut,
        );
        check(
            "git@h: Permission denied (publickey).\r\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n",
            "git@h: Permission denied (publickey).",
            Cause::Authentication,
        );
        check(
            "ssh: connect to host h port 22: Connection timed out\r\nfatal: Could not read from remote repository.\n",
            "ssh: connect to host h port 22: Connection timed out",
            Cause::TimedOut,
        );
        check(
            "remote: Repository not found.\nfatal: repository 'https://h/x/' not found\n",
            "Repository not found.",
            Cause::NotFound,
        );
        check(
            "fatal: unable to connect to h:\nh[0: ::1]: errno=Connection refused\n\n",
            "unable to connect to h: h[0: ::1]: errno=Connection refused",
            Cause::Unreachable,
        );
        check(
            "fatal: remote error: access denied or repository not exported: /x\n",
            "remote error: access denied or repository not exported: /x",
            Cause::NotFound,
        );
        check(
            "error: object b769: badTimezone: invalid line\nfatal: fsck error in packed object\nfatal: index-pack failed\n",
            "object b769: badTimezone: invalid line",
            Cause::Malformed,
        );
        check(
            "fatal: detected dubious ownership in repository at '/x'\nTo add an exception for this directory, call:\n\n\tgit config --global --add safe.directory /x\n",
            "detected dubious ownership in repository at '/x'",
            Cause::Ownership,
        );
        let trust = |folder: &str| {
            let reason = format!("fatal: detected dubious ownership in repository at '{folder}'\n");
            Failure::of("x", reason.as_bytes()).help()
        };
        let cure = "if you trust that folder, `git config --global --add safe.directory ";
        assert_eq!(trust("/x"), Some(format!("{cure}/x`")));
        assert_eq!(trust("/it's"), Some(format!("{cure}'/it'\\''s'`")));
        for reason in [
            "no email was given and auto-detection is disabled",
            "no name was given and auto-detection is disabled",
            "unable to auto-detect email address (got 'root@vm.(none)')",
            "unable to auto-detect name (got '')",
            "empty ident name (for <a@b>) not allowed",
            "name consists only of disallowed characters: <>",
        ] {
            let stderr = format!(
                "Author identity unknown\n\n*** Please tell me who you are.\n\nfatal: {reason}\n"
            );
            check(&stderr, reason, Cause::Identity);
        }
    }

    #[test]
    fn others() {
        check("warning: a\nerror: b\nhint: c\n", "b", Cause::Other);
        check("just \u{1b}[31mthis\n", "just \\u{1b}[31mthis", Cause::Other);
        check("", "git says no reason", Cause::Other);
        check("fatal: bad 'https://ann:pw@h/x'\n", "bad 'https://h/x'", Cause::Other);
    }
}
