//! Promotes components in a GitOps repository. `ARCHITECTURE.md` has the map.

pub mod adopt;
pub mod ask;
pub mod browser;
pub mod cache;
pub mod called;
pub mod cli;
pub mod commands;
pub mod complete;
pub mod git;
pub mod hint;
pub mod land;
pub mod mirror;
pub mod pool;
pub mod process;
mod program;
pub mod progress;
pub mod registry;
pub mod request;
pub mod search;
pub mod session;
pub mod signals;
pub mod terminal;
pub mod worktree;

pub use program::main;
