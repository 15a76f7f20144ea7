//! Promotes components in a GitOps repository. `ARCHITECTURE.md` has the map.

pub mod before;
pub mod cli;
pub mod commands;
pub mod complete;
pub mod deliver;
pub mod git;
pub mod image_check;
pub mod land;
pub mod progress;
pub mod registry;
pub mod request;
pub mod review;
pub mod search;
pub mod session;
pub mod survey;
pub mod terminal;
pub mod upstream;
pub mod worktree;
