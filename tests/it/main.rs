//! End-to-end tests.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod case;
mod deliver;
mod fixtures;
mod from;
mod git;
mod http;
mod image;
mod laws;
mod loopback;
mod mirror;
mod origin;
mod registry;
mod sandbox;
mod upstream;
mod world;
