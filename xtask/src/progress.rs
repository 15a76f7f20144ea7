//! The progress bar: one line on standard error that says what is waited for, and how long.
//!
//! The only module that knows indicatif. Callers never ask whether anybody is looking.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use promotion::model::escape::escaped;

/// Where steps are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// A bar that disappears when the step ends.
    Bar,
    /// A line when a step on the network begins: for logs.
    Lines,
    /// Nothing.
    Silent,
}

impl Progress {
    /// A bar on a terminal, lines elsewhere, nothing if that is wished.
    pub fn new(quiet: bool) -> Self {
        match quiet {
            true => Progress::Silent,
            false if std::io::stderr().is_terminal() => Progress::Bar,
            false => Progress::Lines,
        }
    }

    /// Shows a step that waits for the network until it is dropped.
    pub fn network(self, name: impl Into<String>) -> Step {
        let name = name.into();
        if self == Progress::Lines {
            // Nobody may be there to read it.
            let _ = writeln!(std::io::stderr(), "{}", escaped(&name));
        }
        self.local(name)
    }

    /// Shows a step that works on this machine until it is dropped.
    pub fn local(self, name: impl Into<String>) -> Step {
        if self != Progress::Bar {
            return Step(ProgressBar::hidden());
        }
        // What is wide is cut at the edge of the terminal.
        let template = match anstream::ColorChoice::global() {
            anstream::ColorChoice::Never => "{spinner} {prefix} {elapsed} {wide_msg}",
            _ => "{spinner:.cyan} {prefix} {elapsed:.dim} {wide_msg:.dim}",
        };
        let style = ProgressStyle::with_template(template);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::new_spinner().with_style(style).with_prefix(name.into());
        bar.enable_steady_tick(Duration::from_millis(100));
        Step(bar)
    }
}

/// One step; ends when it is dropped.
#[derive(Debug)]
pub struct Step(ProgressBar);

impl Step {
    /// Shows what the step is at.
    pub fn detail(&self, text: &str) {
        self.0.set_message(escaped(text));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
