//! Examines files without changing them: what runs (`status`), pins that no environment has
//! (`coverage`), components to configure (`discover`), one file's pins (`explain`).

pub mod coverage;
pub mod discover;
pub mod explain;
pub mod status;
