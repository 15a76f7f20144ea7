//! Runs git commands that talk to another host: never a prompt, never without an end.

use std::ffi::OsStr;
use std::io::Read;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use promotion::model::escape::escaped;
use promotion::model::upstream::without_credentials;
use xshell::{Shell, cmd};

use super::{Failure, Git, failure::Cause, not_started};

/// How long git may be silent on the network.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How often a silent git is looked after.
const TICK: Duration = Duration::from_millis(50);

/// How long the last output of a git that has ended may take to arrive.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How long a git that was told to stop may clean up.
const GRACE: Duration = Duration::from_secs(2);

/// What is kept of each output: git's errors come last.
const KEPT: usize = 1 << 20;

impl Git {
    /// Runs a command that talks to another host; `attempt` says what for, in its error.
    ///
    /// The command needs `--progress`: without a sign of life within the patience of this [`Git`]
    /// (30 seconds), it is killed with all its helpers. `progress` gets git's latest line.
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
        let output = bounded(Command::from(command), self.patience, progress)
            .map_err(|error| not_started(attempt, &error))?;
        match output {
            Some(output) => Ok(output),
            None => Err(Failure {
                attempt: attempt.to_owned(),
                reason: format!("timed out: no progress in {:?}", self.patience),
                cause: Cause::TimedOut,
            }),
        }
    }

    /// The ssh command that never asks, in git's order of precedence.
    fn ssh_command(&self) -> Option<String> {
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

enum Chunk {
    Out(Vec<u8>),
    Err(Vec<u8>),
}

/// Runs `command` in its own process group; `None` if it was silent for too long and was killed.
fn bounded(
    mut command: Command,
    patience: Duration,
    progress: &mut dyn FnMut(&str),
) -> std::io::Result<Option<Output>> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let (sender, chunks) = mpsc::channel();
    if let Some(out) = child.stdout.take() {
        forward(out, sender.clone(), Chunk::Out);
    }
    if let Some(err) = child.stderr.take() {
        forward(err, sender, Chunk::Err);
    }
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let in_time = listen(&mut child, &chunks, patience, &mut |chunk| match chunk {
        Chunk::Out(bytes) => keep(&mut stdout, &bytes),
        Chunk::Err(bytes) => {
            keep(&mut stderr, &bytes);
            if let Some(line) = last_line(&bytes) {
                progress(&line);
            }
        }
    })?;
    if !in_time {
        kill(&mut child)?;
        return Ok(None);
    }
    let status = child.wait()?;
    Ok(Some(Output { status, stdout, stderr }))
}

/// Feeds `take` until the child has ended; false if nothing was heard for as long as `patience`.
///
/// An ssh master that stays behind holds the pipes open, so their end isn't waited for; only for
/// what the child wrote just before it ended.
fn listen(
    child: &mut Child,
    chunks: &Receiver<Chunk>,
    patience: Duration,
    take: &mut dyn FnMut(Chunk),
) -> std::io::Result<bool> {
    let mut heard = Instant::now();
    loop {
        match chunks.recv_timeout(TICK.min(patience)) {
            Ok(chunk) => {
                heard = Instant::now();
                take(chunk);
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(true),
            Err(RecvTimeoutError::Timeout) if child.try_wait()?.is_some() => {
                while let Ok(chunk) = chunks.recv_timeout(LAST_WORDS) {
                    take(chunk);
                }
                return Ok(true);
            }
            Err(RecvTimeoutError::Timeout) if heard.elapsed() >= patience => return Ok(false),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn forward<R: Read + Send + 'static>(mut from: R, to: Sender<Chunk>, wrap: fn(Vec<u8>) -> Chunk) {
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if to.send(wrap(buffer[..length].to_vec())).is_err() {
                break;
            }
        }
    });
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

/// Ends the child and its helpers: asked first, so that git removes its lock files, then forced.
fn kill(child: &mut Child) -> std::io::Result<()> {
    signal(child, "TERM");
    let asked = Instant::now();
    while asked.elapsed() < GRACE {
        if child.try_wait()?.is_some() {
            break;
        }
        thread::sleep(TICK);
    }
    signal(child, "KILL");
    // An error means that it has ended already.
    let _ = child.kill();
    child.wait().map(drop)
}

fn signal(child: &Child, name: &str) {
    // The shell's own `kill`: the program is missing in small containers.
    let script = format!("kill -s {name} -- -{}", child.id());
    if let Ok(shell) = Shell::new() {
        // It fails if nobody is left in the group.
        let _ = cmd!(shell, "sh -c {script}").quiet().ignore_status().output();
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, Result};

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

    #[test]
    fn a_silent_command_is_killed_with_its_children() -> Result<()> {
        let patience = Duration::from_millis(100);
        let mut command = Command::new("sh");
        command.args(["-c", "echo working >&2; sleep 600 & wait"]);
        let mut seen = Vec::new();
        let output = bounded(command, patience, &mut |line| seen.push(line.to_owned()))?;
        assert_eq!((output, seen), (None, vec!["working".to_owned()]));
        Ok(())
    }

    #[test]
    fn a_child_that_stays_behind_is_not_waited_for() -> Result<()> {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo $!; echo done >&2"]);
        let output = bounded(command, PATIENCE, &mut |_| ())?.context("it wasn't silent")?;
        assert_eq!(output.stderr, b"done\n");
        let script = format!("kill {}", String::from_utf8(output.stdout)?);
        assert!(Command::new("sh").args(["-c", &script]).status()?.success());
        Ok(())
    }
}
