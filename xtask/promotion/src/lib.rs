//! What a promotion is: values only. No file, no process, no clock, no terminal.
//!
//! The folders are layers: each imports only those above it here. `ARCHITECTURE.md` has the map.

pub mod model;

pub mod config;
pub mod syntax;

pub mod saas;

pub mod locate;

pub mod plan;

pub mod history;

pub mod guards;

pub mod merge_request;

pub mod diff;

pub mod inspect;

pub mod report;
