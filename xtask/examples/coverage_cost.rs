//! What the search for unconfigured pins costs beside `git grep -lF`, on 13,000 files.
//!
//! `cargo run --release --example coverage_cost [FILES | CHECKOUT]` builds a world in a temporary
//! folder, with three files in a folder on average, or takes a checkout of another world. It measures
//! both in turn: the elapsed time, and that of the processors (Linux only). `cold` searches have no
//! catalogue of the checkout, `warm` ones have what an earlier search left. `git grep` looks at the
//! tracked files only; with `--untracked`, at the same files as this program.
#![allow(clippy::print_stdout, reason = "a report")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use promotion::config::Config;
use promotion::inspect::coverage::Terms;
use world::World;
use xshell::{Shell, cmd};
use xtask::ask::coverage::unconfigured;
use xtask::search::Listing;
use xtask::worktree::WorkTree;

const ROUNDS: u32 = 21;

const CACHE: &str = "XTASK_CACHE";

fn main() -> Result<()> {
    let typed = env::args().nth(1).unwrap_or_else(|| "13000".to_owned());
    let shell = Shell::new()?;
    let folder = shell.create_temp_dir()?;
    // Not the user's own cache; a process can't set its own variables.
    let Some(cache) = env::var_os(CACHE) else {
        let cache = folder.path().join("cache");
        let mut again = Command::new(env::current_exe()?);
        let done = again.args(env::args_os().skip(1)).env(CACHE, cache).status()?;
        ensure!(done.success(), "the measurement failed");
        return Ok(());
    };
    let catalogues = Path::new(&cache).join("catalogue");
    let top = match typed.parse() {
        Err(_) => PathBuf::from(&typed),
        Ok(files) => {
            let world = World::create(&folder.path().join("world"))?;
            world.grow(files)?;
            // Younger files are not remembered.
            sleep(Duration::from_secs(4));
            world.repository
        }
    };
    let config = Config::parse("promote.toml", Config::BUILTIN_TEXT)?;
    let component = config.component("qontract-reconcile")?;
    let terms = vec![Terms::of(component, &config)];
    let needles: Vec<_> = terms.iter().flat_map(Terms::needles).collect();
    let patterns: Vec<_> = needles.iter().flat_map(|needle| ["-e", needle]).collect();
    let work_tree = WorkTree { top: top.clone(), git_dir: Some(top.join(".git")) };
    let grep = |more: &[&str]| {
        cost(|| {
            let patterns = patterns.iter();
            let found =
                cmd!(shell, "git -C {top} grep {more...} -lF {patterns...}").quiet().read()?;
            Ok(found.lines().count())
        })
    };
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    let (mut tracked, mut untracked) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let search =
            || Ok(unconfigured(&work_tree, Listing::start(&work_tree), &config, &terms).0.len());
        let _ = fs::remove_dir_all(&catalogues);
        cold.push(cost(search)?);
        ensure!(catalogues.exists(), "nothing is remembered");
        warm.push(cost(search)?);
        tracked.push(grep(&[])?);
        untracked.push(grep(&["--untracked"])?);
    }
    println!("{typed}: medians of {ROUNDS}");
    let rows = [
        ("cold", cold),
        ("warm", warm),
        ("git grep -lF", tracked),
        ("git grep --untracked -lF", untracked),
    ];
    for (name, costs) in rows {
        let [elapsed, busy] = [|cost: &Cost| cost.elapsed, |cost: &Cost| cost.busy].map(|figure| {
            let mut figures: Vec<_> = costs.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures[figures.len() / 2]
        });
        println!("{name:24} {elapsed:4.0} ms elapsed, {busy:4.0} ms of the processors");
    }
    Ok(())
}

/// In milliseconds.
struct Cost {
    elapsed: f64,
    busy: f64,
}

fn cost(search: impl Fn() -> Result<usize>) -> Result<Cost> {
    let (started, before) = (Instant::now(), busy()?);
    ensure!(search()? > 0, "nothing is found");
    let elapsed = started.elapsed().as_secs_f64() * 1000.0;
    Ok(Cost { elapsed, busy: busy()? - before })
}

/// What the threads of this process and its children have used of the processors, in milliseconds.
///
/// Source: proc(5): `stat` has user and system time, own and children's, in hundredths of a second
/// from the 14th field on, the 12th after the name.
fn busy() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat").context("no `/proc` here")?;
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let times = fields.skip(11).take(4).map(str::parse::<f64>);
    Ok(times.sum::<Result<f64, _>>()? * 10.0)
}
