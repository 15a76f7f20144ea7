//! Builds a world of the size of a real app-interface.
//!
//! `cargo run --example big_world -- DIR [--files N] [--bytes N] [--saas N] [--upstreams N]
//! [--users N] [--components N] [--commits N]`; what isn't given is as in `Size::FULL`.
#![allow(clippy::print_stdout, reason = "a report")]

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use world::big::{BigWorld, Size};

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let dir = words.next().context("expected a new or empty folder: `big_world DIR`")?;
    let mut size = Size::FULL;
    while let Some(option) = words.next() {
        let part = match option.as_str() {
            "--files" => &mut size.files,
            "--bytes" => &mut size.bytes,
            "--saas" => &mut size.saas,
            "--upstreams" => &mut size.upstreams,
            "--users" => &mut size.users,
            "--components" => &mut size.components,
            "--commits" => &mut size.commits,
            _ => bail!("no option `{option}`: the head of this file lists them"),
        };
        let value = words.next().with_context(|| format!("`{option}` needs a number"))?;
        *part = value.parse().with_context(|| format!("`{option} {value}` is no number"))?;
    }
    let start = Instant::now();
    let world = BigWorld::create(Path::new(&dir), &size)?;
    println!("{} after {:.1?}", world.world.repository.display(), start.elapsed());
    Ok(())
}
