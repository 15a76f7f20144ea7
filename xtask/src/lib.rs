//! Promotes components in a GitOps repository. `ARCHITECTURE.md` has the map.

pub mod changes;
pub mod cli;
pub mod commands;
pub mod component;
pub mod config;
pub mod diff;
pub mod edit;
pub mod error;
pub mod escape;
pub mod git;
pub mod guards;
pub mod land;
pub mod locate;
pub mod message;
pub mod people;
pub mod plan;
pub mod progress;
pub mod report;
pub mod review;
pub mod session;
pub mod tree;
pub mod upstream;
pub mod verify;
pub mod version;
pub mod worktree;
pub mod world;
