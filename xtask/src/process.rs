//! Runs one process that can't last for ever: fed, listened to, and ended when its time is over.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use xshell::{Shell, cmd};

#[cfg(unix)]
mod lifeline;

/// How often a silent process is looked at.
const TICK: Duration = Duration::from_millis(50);

/// How long the last output of a process that has ended may take to arrive.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How long a process that was told to stop may clean up.
const GRACE: Duration = Duration::from_secs(2);

/// How long a process may take, and how much it may say.
#[derive(Debug, Clone, Copy)]
pub struct ProcessLimits {
    /// From its start to its end.
    pub total: Duration,
    /// Without any output. It then has a process group of its own, which ends with this program, and
    /// its helpers end with it; it is given no input.
    pub silence: Option<Duration>,
    /// In bytes of its output.
    pub size: usize,
}

impl ProcessLimits {
    /// The time from its start to its end alone.
    pub fn of_time(total: Duration) -> ProcessLimits {
        ProcessLimits { total, silence: None, size: usize::MAX }
    }
}

/// The limit that a process broke, after which it was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overrun {
    Total,
    Silence,
    Size,
}

/// A piece of the output.
pub enum Chunk {
    Out(Vec<u8>),
    Err(Vec<u8>),
}

impl Chunk {
    fn length(&self) -> usize {
        let (Chunk::Out(bytes) | Chunk::Err(bytes)) = self;
        bytes.len()
    }
}

/// Runs `command`, which may end before it has read all of `stdin`. `take` gets its output.
pub fn run(
    mut command: Command,
    stdin: &[u8],
    limits: ProcessLimits,
    take: &mut dyn FnMut(Chunk),
) -> io::Result<Result<ExitStatus, Overrun>> {
    let has_group = limits.silence.is_some();
    #[cfg(unix)]
    if has_group {
        // Ctrl-C doesn't reach a group of its own.
        command = lifeline::watched(&command);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    if !has_group && let Some(input) = child.stdin.take() {
        feed(input, stdin.to_vec());
    }
    let (sender, chunks) = mpsc::channel();
    if let Some(out) = child.stdout.take() {
        forward(out, sender.clone(), Chunk::Out);
    }
    if let Some(err) = child.stderr.take() {
        forward(err, sender, Chunk::Err);
    }
    match listen(&mut child, &chunks, limits, take)? {
        Ok(status) => Ok(Ok(status)),
        Err(overrun) => kill(&mut child, has_group).map(|()| Err(overrun)),
    }
}

/// Feeds `take` until the child has ended.
///
/// An ssh master that stays behind holds the pipes open, so their end isn't waited for; only for
/// what the child wrote just before it ended.
fn listen(
    child: &mut Child,
    chunks: &Receiver<Chunk>,
    ProcessLimits { total, silence, size }: ProcessLimits,
    take: &mut dyn FnMut(Chunk),
) -> io::Result<Result<ExitStatus, Overrun>> {
    let mut heard = Instant::now();
    let mut looked = heard;
    let end = heard + total;
    let mut left = size;
    while Instant::now() < end {
        match chunks.recv_timeout(TICK.min(silence.unwrap_or(TICK))) {
            Ok(chunk) => {
                heard = Instant::now();
                let Some(rest) = left.checked_sub(chunk.length()) else {
                    return Ok(Err(Overrun::Size));
                };
                left = rest;
                take(chunk);
            }
            Err(RecvTimeoutError::Disconnected) => return ended(child, end),
            Err(RecvTimeoutError::Timeout)
                if silence.is_some_and(|silence| heard.elapsed() >= silence) =>
            {
                return Ok(Err(Overrun::Silence));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        // What a child leaves behind may hold its output open, silent or talking.
        if looked.elapsed() >= TICK {
            looked = Instant::now();
            if let Some(status) = child.try_wait()? {
                last_words(chunks, take);
                return Ok(Ok(status));
            }
        }
    }
    Ok(Err(Overrun::Total))
}

fn last_words(chunks: &Receiver<Chunk>, take: &mut dyn FnMut(Chunk)) {
    let end = Instant::now() + LAST_WORDS;
    let left = || Some(end.saturating_duration_since(Instant::now())).filter(|d| !d.is_zero());
    while let Some(Ok(chunk)) = left().map(|left| chunks.recv_timeout(left)) {
        take(chunk);
    }
}

/// Waits for a child that has closed its output, as it does when it ends.
fn ended(child: &mut Child, end: Instant) -> io::Result<Result<ExitStatus, Overrun>> {
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(Ok(status)),
            None if Instant::now() < end => thread::sleep(Duration::from_micros(200)),
            None => return Ok(Err(Overrun::Total)),
        }
    }
}

fn feed(mut input: ChildStdin, bytes: Vec<u8>) {
    if !bytes.is_empty() {
        // A child that doesn't read it says why.
        thread::spawn(move || drop(input.write_all(&bytes)));
    }
}

fn forward<R: Read + Send + 'static>(mut from: R, to: Sender<Chunk>, wrap: fn(Vec<u8>) -> Chunk) {
    thread::spawn(move || {
        let mut buffer = [0; 1 << 14];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if to.send(wrap(buffer[..length].to_vec())).is_err() {
                break;
            }
        }
    });
}

/// Ends the child, with its helpers if it has a group: asked first, so that git removes its lock
/// files, then forced.
fn kill(child: &mut Child, has_group: bool) -> io::Result<()> {
    let target = if has_group { format!("-{}", child.id()) } else { child.id().to_string() };
    signal("TERM", &target);
    let asked = Instant::now();
    while asked.elapsed() < GRACE {
        if child.try_wait()?.is_some() {
            break;
        }
        thread::sleep(TICK);
    }
    if has_group {
        signal("KILL", &target);
    }
    // An error means that it has ended already.
    let _ = child.kill();
    child.wait().map(drop)
}

fn signal(name: &str, target: &str) {
    // The shell's own `kill`: the program is missing in small containers.
    let script = format!("kill -s {name} -- {target}");
    if let Ok(shell) = Shell::new() {
        // It fails if nobody is left there.
        let _ = cmd!(shell, "sh -c {script}").quiet().ignore_status().output();
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Result;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(100);

    type Told = (Option<Overrun>, String);

    /// What became of a script, and its standard output.
    fn told(script: &str, stdin: &[u8], limits: ProcessLimits) -> Result<Told> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let mut out = Vec::new();
        let result = run(command, stdin, limits, &mut |chunk| match chunk {
            Chunk::Out(bytes) => out.extend(bytes),
            Chunk::Err(_) => {}
        })?;
        Ok((result.err(), String::from_utf8(out)?))
    }

    #[test]
    fn limits() -> Result<()> {
        let silent = ProcessLimits { silence: Some(SHORT), ..ProcessLimits::of_time(LONG) };
        let endless = ProcessLimits { silence: Some(LONG), ..ProcessLimits::of_time(SHORT * 3) };
        let local = ProcessLimits::of_time(SHORT * 3);
        let brief = ProcessLimits { size: 8, ..ProcessLimits::of_time(LONG) };
        let (silence, total) = (Some(Overrun::Silence), Some(Overrun::Total));
        let cases = [
            ("echo a; sleep 30 & wait", silent, silence),
            ("echo a; while :; do echo; sleep 0.02; done >&2", endless, total),
            ("echo a; sleep 30 & wait", local, total),
            ("echo a; trap '' TERM; while :; do sleep 0.1; done", local, total),
            ("echo a; exec sleep 30 >&- 2>&-", local, total),
            ("echo a; exit 3", local, None),
            ("cat", ProcessLimits::of_time(LONG), None),
        ];
        for (script, limits, overrun) in cases {
            assert_eq!(told(script, b"a\n", limits)?, (overrun, "a\n".to_owned()), "{script}");
        }
        assert_eq!(told("while :; do echo more; done", b"", brief)?.0, Some(Overrun::Size));
        Ok(())
    }

    #[test]
    fn what_is_not_read_does_not_matter() -> Result<()> {
        let all = vec![b'x'; 1 << 20];
        let limits = ProcessLimits::of_time(LONG);
        assert_eq!(told("exec echo a", &all, limits)?, (None, "a\n".to_owned()));
        assert_eq!(told("exec cat", &all, limits)?.1.len(), all.len());
        Ok(())
    }

    #[test]
    fn a_child_that_stays_behind_is_not_waited_for() -> Result<()> {
        let limits = ProcessLimits { silence: Some(LONG), ..ProcessLimits::of_time(LONG) };
        let (overrun, pid) = told("sleep 30 & echo $!", b"", limits)?;
        assert_eq!(overrun, None);
        assert!(Command::new("sh").args(["-c", &format!("kill {pid}")]).status()?.success());
        // One that goes on talking isn't listened to.
        let (overrun, _) = told("(while :; do echo; sleep 0.02; done) & echo $!", b"", limits)?;
        assert_eq!(overrun, None);
        Ok(())
    }
}
