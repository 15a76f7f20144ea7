//! One file per command.

pub mod changes;
pub mod demo;
mod merge_request;
pub mod promote;
