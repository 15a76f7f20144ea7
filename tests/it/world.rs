//! The world itself.

use std::fs;
use std::time::Instant;

use xtask::world::World;

use crate::sandbox::Sandbox;

#[test]
fn time_world() {
    for _ in 0..5 {
        let start = Instant::now();
        let s = Sandbox::new();
        eprintln!("create {:?}", start.elapsed());
        let start = Instant::now();
        drop(s);
        eprintln!("drop {:?}", start.elapsed());
    }
    let s = Sandbox::new();
    eprintln!("{}", s.world.root.display());
    let start = Instant::now();
    s.world.grow(13_000).unwrap();
    eprintln!("grow {:?}", start.elapsed());
}
