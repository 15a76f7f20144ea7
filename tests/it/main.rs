//! End-to-end tests.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod case;
mod deliver;
mod from;
mod git;
mod http;
mod mirror;
mod origin;
mod sandbox;
mod upstream;
mod world;
