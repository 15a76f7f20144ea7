//! Promotes components in a GitOps repository. `ARCHITECTURE.md` has the map.

pub mod component;
pub mod error;
pub mod version;
