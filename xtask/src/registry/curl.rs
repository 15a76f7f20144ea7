//! Runs curl: nothing else says `curl`. Bounded in time and in what is read.
//!
//! Everything that curl is told goes in through its standard input, so that no secret is in the
//! list of processes.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use promotion::model::duration::shown;

use super::answer::brief;
use super::http::Response;
use crate::process::{Chunk, Overrun, ProcessLimits, run};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How long after its own time limit a curl is killed: older ones wait for a slow name server.
const GRACE: Duration = Duration::from_secs(1);

/// How much of an answer is read, with its headers: a token has a few kilobytes.
const LIMIT: usize = 1 << 18;

/// What a `~/.curlrc` may have changed in the question or in the form of the answer.
///
/// That file is read because people keep their proxy and their certificates there. What comes
/// later wins, so the switches that some have there as well are put back: above all no redirect is
/// followed, or the token would have to be trusted to curl's idea of 'another host'. `include` is
/// the same switch as the one behind `head`; `no-include` would turn off the headers of both.
const OWN: &str = "silent
show-error
include
no-location
no-location-trusted
suppress-connect-headers
globoff
retry = 0
write-out = \"\"
";

/// A question, in curl's configuration language, and whether it is asked with a login.
#[derive(Debug)]
pub(super) struct HttpRequest {
    config: String,
    netrc: bool,
}

impl HttpRequest {
    /// Asks for the headers alone. `url` is http or https.
    pub(super) fn head(url: &str) -> Self {
        HttpRequest::get(url).line("head")
    }

    /// Asks for the content. `url` is http or https.
    pub(super) fn get(url: &str) -> Self {
        let scheme = url.split(':').next().unwrap_or_default();
        let request = HttpRequest { config: OWN.to_owned(), netrc: false };
        request.option("proto", &format!("={scheme}")).option("url", url)
    }

    /// Adds a header line.
    pub(super) fn header(self, line: &str) -> Self {
        self.option("header", line)
    }

    /// Logs in if the `~/.netrc` has the host; without this, no login is sent.
    pub(super) fn netrc(self) -> Self {
        HttpRequest { netrc: true, ..self }
    }

    fn option(self, name: &str, value: &str) -> Self {
        self.line(&format!("{name} = {}", quoted(value)))
    }

    fn line(mut self, line: &str) -> Self {
        self.config.push_str(line);
        self.config.push('\n');
        self
    }

    fn seconds(self, name: &str, time: Duration) -> Self {
        self.line(&format!("{name} = {}", time.as_secs_f64()))
    }

    /// Sends it with the curl at `program`; the error is one line, escaped.
    pub(super) fn send(self, program: &Path, patience: Duration) -> Result<Response, String> {
        // A `~/.curlrc` may turn the netrc on for every host: only an empty one turns it off.
        let login = if self.netrc { "netrc-optional" } else { "netrc-file = /dev/null" };
        let request = self.line(login).seconds("max-time", patience);
        let request = request.seconds("connect-timeout", patience.min(CONNECT));
        let late = || format!("no answer within {}", shown(patience));
        let mut command = Command::new(program);
        // Numbers with a point, and reasons in English.
        command.args(["--config", "-"]).env("LC_ALL", "C");
        let limits = ProcessLimits { size: LIMIT, ..ProcessLimits::of_time(patience + GRACE) };
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let ended = run(command, request.config.as_bytes(), limits, &mut |chunk| match chunk {
            Chunk::Out(bytes) => stdout.extend(bytes),
            Chunk::Err(bytes) => stderr.extend(bytes),
        });
        let status = match ended.map_err(|error| not_started(&error))? {
            Ok(status) => status,
            Err(Overrun::Size) => return Err("answers with far too much".to_owned()),
            Err(Overrun::Total | Overrun::Silence) => return Err(late()),
        };
        match status.code() {
            // 22: by a `fail` of the ~/.curlrc; the headers are there all the same.
            Some(0 | 22) => {
                Response::parse(&stdout).ok_or_else(|| "doesn't answer in HTTP".to_owned())
            }
            Some(28) => Err(late()),
            _ => Err(reason(&stderr).unwrap_or_else(|| format!("`curl` failed: {status}"))),
        }
    }
}

/// A value between quotes; no character of it ends the value or its line.
fn quoted(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn not_started(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "`curl` is missing on this machine: install it".to_owned(),
        _ => format!("can't run `curl`: {error}"),
    }
}

/// curl's own line, without its name and number.
fn reason(stderr: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().rev().find_map(|line| line.strip_prefix("curl: "))?;
    Some(brief(line.split_once(") ").map_or(line, |(_, reason)| reason)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let cases = [("plain é", r#""plain é""#), ("a\"b\\c\r\n\td", r#""a\"b\\c\r\n\td""#)];
        for (value, expected) in cases {
            assert_eq!(quoted(value), expected);
        }
    }

    #[test]
    fn reasons() {
        let cases = [
            ("curl: (6) Could not resolve host: x\n", Some("Could not resolve host: x")),
            (
                "Warning: a\ncurl: (56) CONNECT tunnel failed, response 407\ncurl: more\n",
                Some("more"),
            ),
            ("curl: \u{1b}[31m\n", Some("\\u{1b}[31m")),
            ("sh: not found", None),
        ];
        for (stderr, expected) in cases {
            assert_eq!(reason(stderr.as_bytes()).as_deref(), expected);
        }
    }
}
