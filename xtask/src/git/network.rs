//! Runs git commands that talk to another host: never a prompt, never without an end.

use std::ffi::OsStr;
use std::process::{Command, Output};
use std::time::Duration;

use promotion::model::duration::{parse_duration, shown};
use promotion::model::escape::escaped;
use promotion::model::upstream::without_credentials;
use xshell::Shell;

use super::failure::{Cause, Failure};
use super::{Git, not_started};
use crate::process::{Chunk, Overrun, ProcessLimits, run};

/// How long git may be silent on the network.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The variable with the longest time that one command may take on the network.
const LIMIT: &str = "XTASK_NETWORK_LIMIT";

/// Without the variable, a command may take this many times its patience: 10 minutes.
const PATIENCES: u32 = 20;

/// What is kept of each output: git's errors come last.
const KEPT: usize = 1 << 20;

impl Git {
    /// Runs a command that talks to another host; `attempt` says what for, in its error.
    ///
    /// The command needs `--progress`: without a sign of life within the patience of this [`Git`]
    /// (30 seconds), it is ended with all its helpers, and so it is after 20 times as long, whatever
    /// it says; `XTASK_NETWORK_LIMIT` sets that. `progress` gets git's latest line.
    pub fn network<I>(
        &self,
        attempt: &str,
        args: I,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Output, Failure>
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let output = self.network_output(attempt, args, progress)?;
        match output.status.success() {
            true => Ok(output),
            false => Err(Failure::of(attempt, &output.stderr)),
        }
    }

    /// The same, but a command that ends with an error is none here.
    pub(super) fn network_output<I>(
        &self,
        attempt: &str,
        args: I,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Output, Failure>
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let shell = Shell::new().map_err(|error| not_started(attempt, &error))?;
        let seconds = self.patience.as_secs().max(1).to_string();
        let ssh = self.ssh_command();
        let speed = ["-c", "http.lowSpeedLimit=1", "-c", &format!("http.lowSpeedTime={seconds}")];
        let mut command = self.command(&shell, speed.into_iter().map(OsStr::new), args);
        // An empty GIT_ASKPASS, unlike a missing one, also overrules core.askPass and SSH_ASKPASS.
        command = command.env("GIT_ASKPASS", "").env("SSH_ASKPASS_REQUIRE", "never");
        if let Some(ssh) = &ssh {
            command = command.env("GIT_SSH_COMMAND", ssh);
        }
        let limits = ProcessLimits {
            silence: Some(self.patience),
            ..ProcessLimits::of_time(self.total(attempt)?)
        };
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let ended = run(Command::from(command), b"", limits, &mut |chunk| match chunk {
            Chunk::Out(bytes) => keep(&mut stdout, &bytes),
            Chunk::Err(bytes) => {
                keep(&mut stderr, &bytes);
                if let Some(line) = last_line(&bytes) {
                    progress(&line);
                }
            }
        });
        let (cause, reason) = match ended.map_err(|error| not_started(attempt, &error))? {
            Ok(status) => return Ok(Output { status, stdout, stderr }),
            Err(Overrun::Silence) => {
                (Cause::TimedOut, format!("timed out: no progress in {:?}", self.patience))
            }
            Err(Overrun::Total | Overrun::Size) => {
                (Cause::TooSlow, format!("timed out: not done in {}", shown(limits.total)))
            }
        };
        Err(Failure { attempt: attempt.to_owned(), reason, cause })
    }

    fn total(&self, attempt: &str) -> Result<Duration, Failure> {
        let Ok(set) = std::env::var(LIMIT) else { return Ok(self.patience * PATIENCES) };
        parse_duration(&set).map_err(|expected| Failure {
            attempt: attempt.to_owned(),
            reason: format!("`{LIMIT}` is `{}`, {expected}", escaped(&set)),
            cause: Cause::Setting,
        })
    }

    /// The ssh command that never asks, in git's order of precedence; `None` if git is to use what
    /// it has.
    pub(crate) fn ssh_command(&self) -> Option<String> {
        if self.env.iter().any(|(name, _)| name == "GIT_SSH_COMMAND") {
            return None;
        }
        let of_environment = std::env::var("GIT_SSH_COMMAND").ok().filter(|own| !own.is_empty());
        let own = of_environment.or_else(|| self.read(["config", "--get", "core.sshCommand"]).ok());
        match own {
            None if std::env::var_os("GIT_SSH").is_some() => None,
            own => batch_mode(own.as_deref().unwrap_or("ssh")),
        }
    }
}

/// `command` with the options that make OpenSSH fail instead of ask or wait; `None` if `command`
/// isn't OpenSSH by git's own rule, its name.
fn batch_mode(command: &str) -> Option<String> {
    let program = command.split_whitespace().next()?;
    (program.rsplit('/').next() == Some("ssh"))
        .then(|| format!("{command} -oBatchMode=yes -oConnectTimeout=30 -oServerAliveInterval=10"))
}

fn keep(kept: &mut Vec<u8>, bytes: &[u8]) {
    kept.extend_from_slice(bytes);
    if kept.len() > 2 * KEPT {
        kept.drain(..kept.len() - KEPT);
    }
}

fn last_line(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let line = text.split(['\r', '\n']).map(str::trim).rfind(|line| !line.is_empty())?;
    Some(escaped(&without_credentials(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_commands() {
        let options = "-oBatchMode=yes -oConnectTimeout=30 -oServerAliveInterval=10";
        let cases = [
            ("ssh", Some(format!("ssh {options}"))),
            ("/usr/bin/ssh -i key", Some(format!("/usr/bin/ssh -i key {options}"))),
            ("plink -batch", None),
            ("my-ssh", None),
            ("", None),
        ];
        for (command, expected) in cases {
            assert_eq!(batch_mode(command), expected, "{command}");
        }
    }
}
