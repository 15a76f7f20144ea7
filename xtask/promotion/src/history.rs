//! What lies between two versions, whose it is, and what a pin was before.

pub mod changes;
pub mod graph;
pub mod past;
pub mod people;
