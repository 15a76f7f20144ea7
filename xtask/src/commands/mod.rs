//! One file per command.

pub mod changes;
pub mod demo;
pub mod promote;
