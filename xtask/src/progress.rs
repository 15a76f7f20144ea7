//! Shows on standard error what the tool waits for: a progress bar with the elapsed time, or lines
//! in a log.
//!
//! The only module that knows indicatif. Callers use it the same way whether it is shown or not.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use promotion::model::duration::shown;
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

    /// Shows the fetching of these addresses, until the returned value is dropped: how many are
    /// fetched, and which host is waited for.
    pub fn fetching(self, addresses: &[String]) -> Fetching {
        let named = match addresses.len() {
            count if count > MOST_NAMED => format!("fetching {count} upstreams"),
            _ => format!("fetching {}", addresses.join(", ")),
        };
        let tally = Arc::new(Mutex::new(Tally { all: addresses.len(), ..Tally::default() }));
        if addresses.len() < 2 || self != Progress::Bar {
            return Fetching { step: self.network(named), tally };
        }
        let counted = tally.clone();
        let step = self.drawn("upstreams:", move |state, line| {
            let mut text = locked(&counted).line();
            if state.elapsed() > UNHURRIED {
                text.push_str(&locked(&counted).rows());
            }
            // A line that can't be drawn must not fail the step.
            let _ = line.write_str(&text);
        });
        Fetching { step, tally }
    }

    /// Shows a step that waits for something to appear, at most so long.
    pub fn waiting(self, name: &str, limit: Duration) -> Step {
        let limit = shown(limit);
        if self == Progress::Lines {
            return self.network(format!("{name}, at most {limit}"));
        }
        self.drawn(name, move |state, line| {
            let elapsed = Duration::from_secs(state.elapsed().as_secs());
            let _ = write!(line, "{} of at most {limit}", shown(elapsed));
        })
    }

    /// Shows a step that works on this machine, until the returned value is dropped. Not shown in a
    /// log.
    pub fn local(self, name: impl Into<String>) -> Step {
        self.drawn(&name.into(), |state, line| {
            let _ = write!(line, "{}s", state.elapsed().as_secs());
        })
    }

    /// Draws a bar: the name, and what `how_far` writes at every tick.
    fn drawn(
        self,
        name: &str,
        how_far: impl Fn(&ProgressState, &mut dyn std::fmt::Write) + Send + Sync + Clone + 'static,
    ) -> Step {
        if self != Progress::Bar {
            return Step(ProgressBar::hidden());
        }
        // `wide_msg` is cut at the edge of the terminal.
        let template = match anstream::ColorChoice::global() {
            anstream::ColorChoice::Never => "{spinner} {prefix} {far} {wide_msg}",
            _ => "{spinner:.cyan} {prefix} {far:.dim} {wide_msg:.dim}",
        };
        let style = ProgressStyle::with_template(template);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
        let style = style.with_key("far", how_far);
        let bar = ProgressBar::new_spinner().with_style(style).with_prefix(escaped(name));
        bar.enable_steady_tick(Duration::from_millis(100));
        Step(bar)
    }
}

/// Up to so many addresses are named in a log.
const MOST_NAMED: usize = 3;

/// A longer name of a host is cut, so that the line fits 80 columns.
const LONGEST_HOST: usize = 28;

/// For so long, nobody needs to know what is known already.
const UNHURRIED: Duration = Duration::from_secs(2);

/// How many rows are shown below the bar: the newest ones.
const MOST_ROWS: usize = 12;

/// The fetching of several addresses.
#[derive(Debug)]
pub struct Fetching {
    step: Step,
    tally: Arc<Mutex<Tally>>,
}

/// What became of them.
#[derive(Debug, Default)]
struct Tally {
    all: usize,
    fetched: usize,
    failed: usize,
    /// The hosts of those that are being fetched, the one that is waited for longest first.
    running: Vec<(usize, String, Instant)>,
    begun: usize,
    /// What is known of those that have answered, a line each.
    rows: Vec<String>,
}

impl Fetching {
    /// Whether somebody sees what is told with [`known`](Fetching::known).
    pub fn is_seen(&self) -> bool {
        !self.step.0.is_hidden()
    }

    /// Shows what is known of one of them, below the bar: until the last of them has answered.
    pub fn known(&self, rows: impl IntoIterator<Item = String>) {
        locked(&self.tally).rows.extend(rows);
    }

    /// Counts one of them, which `work` fetches: it gets git's latest line, and returns why it
    /// failed. `from` is what is waited for.
    pub fn one<F>(
        &self,
        from: &str,
        work: impl FnOnce(&mut dyn FnMut(&str)) -> Option<F>,
    ) -> Option<F> {
        let id = locked(&self.tally).begin(from);
        let failure = work(&mut |line| self.detail(line));
        locked(&self.tally).end(id, failure.is_none());
        failure
    }

    /// What git says of one of many would flicker.
    fn detail(&self, line: &str) {
        if locked(&self.tally).all < 2 {
            self.step.detail(line);
        }
    }
}

impl Tally {
    fn begin(&mut self, host: &str) -> usize {
        self.begun += 1;
        let cut = host.char_indices().nth(LONGEST_HOST).map(|(end, _)| &host[..end]);
        let host = cut.map_or(host.to_owned(), |start| format!("{start}…"));
        self.running.push((self.begun, escaped(&host), Instant::now()));
        self.begun
    }

    fn end(&mut self, id: usize, is_fetched: bool) {
        self.running.retain(|(other, ..)| *other != id);
        match is_fetched {
            true => self.fetched += 1,
            false => self.failed += 1,
        }
    }

    /// The newest rows, and how many are not shown.
    fn rows(&self) -> String {
        let (others, newest) = self.rows.split_at(self.rows.len().saturating_sub(MOST_ROWS));
        let more = (!others.is_empty()).then(|| format!("… {} more", others.len()));
        let rows = more.iter().chain(newest);
        rows.map(|row| format!("\n  {}", escaped(row))).collect()
    }

    /// Such as `12 of 54 fetched, 3 failed, waiting for gitlab.example.com 8 s`.
    fn line(&self) -> String {
        let Tally { all, fetched, failed, running, .. } = self;
        let mut line = format!("{fetched} of {all} fetched");
        if *failed > 0 {
            let _ = write!(line, ", {failed} failed");
        }
        if let Some((_, host, since)) = running.first() {
            let _ = write!(line, ", waiting for {host} {} s", since.elapsed().as_secs());
        }
        line
    }
}

/// A panic of another thread is no reason to stop counting.
fn locked(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fetches_are_counted() {
        let fetching = Progress::Silent.fetching(&["a", "b", "c"].map(Into::into));
        let line = || locked(&fetching.tally).line();
        assert_eq!(line(), "0 of 3 fetched");
        fetching.one("slow.example.com", |_| {
            fetching.one("quick.example.com", |_| {
                assert_eq!(line(), "0 of 3 fetched, waiting for slow.example.com 0 s");
                None::<()>
            });
            assert_eq!(line(), "1 of 3 fetched, waiting for slow.example.com 0 s");
            Some(())
        });
        fetching.one(&"long-".repeat(9), |_| {
            let host = "long-long-long-long-long-lon…";
            assert_eq!(line(), format!("1 of 3 fetched, 1 failed, waiting for {host} 0 s"));
            None::<()>
        });
        assert_eq!(line(), "2 of 3 fetched, 1 failed");
    }

    #[test]
    fn rows_are_cut_with_a_count() {
        let fetching = Progress::Silent.fetching(&["a".to_owned()]);
        let rows = || locked(&fetching.tally).rows();
        assert_eq!(rows(), "");
        fetching.known(["a\u{1b}[2J".to_owned()]);
        assert_eq!(rows(), "\n  a\\u{1b}[2J");
        fetching.known((0..MOST_ROWS).map(|row| row.to_string()));
        let all: String = (0..MOST_ROWS).map(|row| format!("\n  {row}")).collect();
        assert_eq!(rows(), format!("\n  … 1 more{all}"));
    }
}
