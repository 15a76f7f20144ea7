//! End-to-end tests.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod case;
mod changes;
mod completions;
mod coverage;
mod daemon;
mod deliver;
mod demo;
mod discover;
mod explain;
mod fixtures;
mod from;
mod git;
mod guards;
mod http;
mod image;
mod json;
mod landing;
mod laws;
mod loopback;
mod makefile;
mod mirror;
mod mr;
mod origin;
mod output;
mod pipelines;
mod promote;
mod refusals;
mod registry;
mod rollback;
mod sandbox;
mod signatures;
mod status;
mod tidy;
mod upstream;
mod world;
