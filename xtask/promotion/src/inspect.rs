//! Looks at a tree without changing it: what runs, what nobody configured, what belongs to what.

pub mod coverage;
pub mod discover;
pub mod explain;
pub mod status;
