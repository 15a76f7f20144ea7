//! End-to-end tests.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod fixtures;
mod git;
mod image;
mod laws;
mod loopback;
mod mirror;
mod origin;
mod registry;
mod sandbox;
mod upstream;
mod world;
