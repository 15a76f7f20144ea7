//! The types that all other modules speak in: component, version, path, edit, tree. Imports no
//! other module of this crate.

pub mod commit;
pub mod component;
pub mod duration;
pub mod edit;
pub mod escape;
pub mod image;
pub mod path;
pub mod problem;
pub mod refname;
pub mod similar;
pub mod tree;
pub mod upstream;
pub mod version;
