//! What a promotion is: values only. No file, no process, no clock, no terminal.
//!
//! `ARCHITECTURE.md` has the map.

pub mod changes;
pub mod component;
pub mod config;
pub mod coverage;
pub mod diff;
pub mod discover;
pub mod duration;
pub mod edit;
pub mod error;
pub mod escape;
pub mod explain;
pub mod forge;
pub mod guards;
pub mod image;
pub mod landed;
pub mod locate;
pub mod merge_request;
pub mod message;
pub mod neutral;
pub mod past;
pub mod people;
pub mod plan;
pub mod refname;
pub mod report;
pub mod status;
pub mod tree;
pub mod verify;
pub mod version;
