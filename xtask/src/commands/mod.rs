//! One file per command.

pub mod changes;
pub mod completions;
#[cfg(feature = "demo")]
pub mod demo;
pub mod discover;
pub mod explain;
pub mod promote;
pub mod status;

/// How a command ended that printed its result. `main` knows the exit status of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As it was asked for.
    Done,
    /// A part of the result could not be told; the result says why.
    Incomplete,
    /// A check found a drift.
    Drift,
}
