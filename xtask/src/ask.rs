//! Asks the world what a promotion has to know: upstreams, registries, the checkout's history.

pub mod checks;
pub mod coverage;
pub mod image;
pub mod look_up;
pub mod owner;
pub mod people;
pub mod promoters;
pub mod rollback;
pub mod saas;
pub mod saas_promotion;
pub mod status;
pub mod target;
pub mod upstreams;
