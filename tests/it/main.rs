//! End-to-end tests.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod changes;
mod demo;
mod git;
mod guards;
mod landing;
mod makefile;
mod mirror;
mod origin;
mod output;
mod promote;
mod refusals;
mod sandbox;
mod tidy;
mod upstream;
mod world;
