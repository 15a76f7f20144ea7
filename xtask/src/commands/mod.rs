//! One module for each command, and how a command ends.

pub mod adopt;
pub mod block;
pub mod changes;
pub mod completions;
#[cfg(feature = "demo")]
pub mod demo;
pub mod discover;
pub mod explain;
pub mod promote;
pub mod status;

/// How a command ended that printed its result; `main` turns it into the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Everything that was asked for is done or printed.
    Done,
    /// A part of the result could not be determined; the result says why.
    Incomplete,
    /// `status --check` found a drift.
    Drift,
}
