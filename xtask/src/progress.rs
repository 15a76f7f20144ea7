//! Shows on standard error what the tool waits for: a progress bar with the elapsed time, or lines
//! in a log.
//!
//! The only module that knows indicatif. Callers use it the same way whether it is shown or not.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use promotion::model::escape::escaped;
use promotion::model::upstream::without_credentials;

/// How steps are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// As a bar that disappears when the step ends.
    Bar,
    /// As a line when a step on the network begins: for logs.
    Lines,
    /// Not at all.
    Silent,
}

impl Progress {
    /// A bar if standard error is a terminal, else lines; nothing with `--quiet`.
    pub fn new(quiet: bool) -> Self {
        match quiet {
            true => Progress::Silent,
            false if std::io::stderr().is_terminal() => Progress::Bar,
            false => Progress::Lines,
        }
    }

    /// Shows a step that waits for the network, until the returned value is dropped.
    pub fn network(self, name: impl Into<String>) -> Step {
        let name = escaped(&without_credentials(&name.into()));
        if self == Progress::Lines {
            // A closed standard error must not fail the step.
            let _ = writeln!(std::io::stderr(), "{name}");
        }
        self.local(name)
    }

    /// Shows a step that works on this machine, until the returned value is dropped. Not shown in a
    /// log.
    pub fn local(self, name: impl Into<String>) -> Step {
        if self != Progress::Bar {
            return Step(ProgressBar::hidden());
        }
        // `wide_msg` is cut at the edge of the terminal.
        let template = match anstream::ColorChoice::global() {
            anstream::ColorChoice::Never => "{spinner} {prefix} {elapsed} {wide_msg}",
            _ => "{spinner:.cyan} {prefix} {elapsed:.dim} {wide_msg:.dim}",
        };
        let style = ProgressStyle::with_template(template);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::new_spinner().with_style(style).with_prefix(escaped(&name.into()));
        bar.enable_steady_tick(Duration::from_millis(100));
        Step(bar)
    }
}

/// A step that is shown; it ends when this is dropped.
#[derive(Debug)]
pub struct Step(ProgressBar);

impl Step {
    /// Shows what the step is doing now.
    pub fn detail(&self, text: &str) {
        self.0.set_message(escaped(text));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
