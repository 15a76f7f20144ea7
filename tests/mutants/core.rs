//! The tests of the core that live beside the shell's, so that a mutant needs no shell.

#[path = "../it/fixtures.rs"]
mod fixtures;
#[path = "../it/laws.rs"]
mod laws;
