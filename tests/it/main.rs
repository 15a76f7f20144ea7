//! End-to-end tests.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod fixtures;
mod git;
mod laws;
mod mirror;
mod origin;
mod sandbox;
mod upstream;
mod world;
