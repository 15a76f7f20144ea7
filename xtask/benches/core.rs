//! The core over whole trees: what each step costs on 1,000, 13,000 and 130,000 files, and whether
//! ten times the files take more than ten times the time.
//!
//! `cargo bench` builds the worlds in a temporary folder and prints a table in Markdown.
//! `cargo bench --bench core -- 1000 13000` takes other sizes. A plain `main`: the medians of
//! whole steps of milliseconds need no statistics, and no crate that takes a minute to build.
#![allow(clippy::print_stdout, reason = "a report")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use memchr::memmem;
use promotion::config::Config;
use promotion::history::people::People;
use promotion::inspect::coverage::{FileKind, Terms, unconfigured};
use promotion::inspect::discover;
use promotion::model::component::Scope;
use promotion::model::tree::Tree;
use promotion::model::version::CommitId;
use promotion::plan::verify::verify;
use promotion::plan::{Part, plan};
use promotion::saas::SaasFile;
use world::big::{BigWorld, Size};
use xshell::Shell;
use xtask::search::{Clue, Listing, search};
use xtask::worktree::WorkTree;

const SIZES: [usize; 3] = [1_000, 13_000, 130_000];

/// A step is repeated this often, unless that takes longer than [`ENOUGH`].
const ROUNDS: usize = 15;
const ENOUGH: Duration = Duration::from_secs(5);

/// The median of each step.
type Costs = Vec<(&'static str, Duration)>;

fn main() -> Result<()> {
    // Cargo adds `--bench`.
    let sizes = std::env::args().skip(1).filter(|word| !word.starts_with('-'));
    let sizes: Vec<usize> = sizes.map(|size| size.parse()).collect::<Result<_, _>>()?;
    let sizes = if sizes.is_empty() { SIZES.to_vec() } else { sizes };
    let costs: Vec<Costs> = sizes.iter().map(|size| measured(*size)).collect::<Result<_>>()?;
    let heads: String = sizes.iter().map(|size| format!(" {size} files |")).collect();
    println!("| step |{heads} ms for 1,000 files, largest / smallest |");
    println!("|---|{}---:|", "---:|".repeat(sizes.len()));
    for (nth, (step, _)) in costs[0].iter().enumerate() {
        let times = costs.iter().map(|one| one[nth].1.as_secs_f64() * 1000.0);
        let times: Vec<f64> = times.collect();
        let cells: String = times.iter().map(|time| format!(" {time:.2} ms |")).collect();
        let (last, first) = (times.len() - 1, 0);
        let each = |at: usize| times[at] / sizes[at] as f64;
        println!("| {step} |{cells} {:.2} |", each(last) / each(first));
    }
    Ok(())
}

/// Shares as in the real one: everything grows with the files.
fn size(files: usize) -> Size {
    let share = |of: usize| (of * files / Size::FULL.files).max(2);
    Size {
        files,
        bytes: share(Size::FULL.bytes),
        saas: share(Size::FULL.saas),
        upstreams: share(Size::FULL.upstreams),
        users: share(Size::FULL.users),
        components: share(Size::FULL.components),
        commits: 60,
    }
}

fn measured(files: usize) -> Result<Costs> {
    let shell = Shell::new()?;
    let folder = shell.create_temp_dir()?;
    let world = BigWorld::create(&folder.path().join("world"), &size(files))?.world;
    let top = world.repository.clone();
    let work_tree = WorkTree { git_dir: Some(top.join(".git")), top };
    let text = std::fs::read_to_string(work_tree.top.join("promote.toml"))?;
    let config = Config::parse("promote.toml", &text)?;
    let component = config.component("qontract-reconcile")?;
    let to = CommitId::parse(&world.reconcile.commits[13]).context("a version is a commit")?;
    let scope = Scope::all(component);
    let parts = [Part::new(&scope, to)];
    let one = [Terms::of(component, &config)];
    let all: Vec<Terms> = config.components.iter().map(|one| Terms::of(one, &config)).collect();

    let tree = search(Listing::start(&work_tree), Clue::None, |_| true, |_| true).tree;
    let planned = plan(&parts, &tree)?;
    verify(&planned)?;
    let saas = holding(&tree, &["resourceTemplates"]);
    Ok(vec![
        (
            "read every file from disk",
            cost(|| search(Listing::start(&work_tree), Clue::None, |_| true, |_| false)),
        ),
        ("plan one component", cost(|| plan(&parts, &tree).is_ok())),
        ("verify that plan", cost(|| verify(&planned).is_ok())),
        ("coverage of one component", cost(|| covered(&one, &config, &tree))),
        ("coverage of all components", cost(|| covered(&all, &config, &tree))),
        ("discover", cost(|| discover::candidates(&config, &tree))),
        (
            "read the saas files",
            cost(|| saas.0.keys().filter_map(|path| SaasFile::read(path, &saas)).count()),
        ),
        ("people", cost(|| people(&config, &tree))),
    ])
}

fn covered(terms: &[Terms], config: &Config, tree: &Tree) -> usize {
    let needles: Vec<&str> = terms.iter().flat_map(Terms::needles).collect();
    unconfigured(terms, config, &holding(tree, &needles)).len()
}

/// The files that the coverage scan would look into.
fn holding(tree: &Tree, needles: &[&str]) -> Tree {
    let finders: Vec<_> = needles.iter().map(memmem::Finder::new).collect();
    let holds = |bytes: &[u8]| finders.iter().any(|finder| finder.find(bytes).is_some());
    let files = tree.0.iter().filter(|(path, _)| FileKind::of(path.as_str()).is_some());
    let files = files.filter(|(_, bytes)| holds(bytes));
    Tree(files.map(|(path, bytes)| (path.clone(), bytes.clone())).collect())
}

fn people(config: &Config, tree: &Tree) -> People {
    let files = tree.matching(&config.repository.users);
    People::new(files.filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok()), None)
}

fn cost<T>(step: impl Fn() -> T) -> Duration {
    let started = Instant::now();
    let mut times = Vec::new();
    while times.len() < ROUNDS && (times.is_empty() || started.elapsed() < ENOUGH) {
        let start = Instant::now();
        black_box(step());
        times.push(start.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}
