//! Reads texts into values that know their bytes. Knows nothing of components.

pub mod dotenv;
pub mod yaml;
