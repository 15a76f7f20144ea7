//! A world of the size of a real app-interface, for benchmarks and tests: thousands of files,
//! hundreds of saas files in all shapes, and the upstreams whose commits they name.
//!
//! It stands on the small world. The same size always gives the same ids.

mod files;
mod saas;
mod upstreams;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, ensure};

use super::history::{Author, CommitStream, DAY, START};
use super::{Builder, World, configure, growth, path};
use upstreams::BigUpstream;

/// How much there is of everything. A service has an upstream, an app and its namespaces.
#[derive(Debug, Clone)]
pub struct Size {
    /// All files of the checkout, at least.
    pub files: usize,
    /// Bytes of them together, roughly.
    pub bytes: usize,
    /// Saas files; those after the first `upstreams` name upstreams a second time.
    pub saas: usize,
    /// Upstream repositories.
    pub upstreams: usize,
    /// Files of people.
    pub users: usize,
    /// Components in `promote.toml`, of one upstream each.
    pub components: usize,
    /// Commits of the first upstream; the others have about 20.
    pub commits: usize,
}

impl Size {
    /// As the real one is.
    pub const FULL: Size = Size {
        files: 13_000,
        bytes: 25_000_000,
        saas: 400,
        upstreams: 300,
        users: 1200,
        components: 50,
        commits: 3000,
    };
    /// For tests: every shape occurs.
    pub const SMALL: Size = Size {
        files: 300,
        bytes: 500_000,
        saas: 40,
        upstreams: 20,
        users: 30,
        components: 5,
        commits: 60,
    };
}

/// The repositories, all below one folder.
#[derive(Debug, Clone)]
pub struct BigWorld {
    /// The small world, whose checkout and remote have everything.
    pub world: World,
    /// Address of each upstream, as saas files name it, and its commits, oldest first.
    pub upstreams: Vec<(String, Vec<String>)>,
}

impl BigWorld {
    /// Builds the world in `root`, which must be empty or not exist.
    pub fn create(root: &Path, size: &Size) -> Result<BigWorld> {
        let enough = size.upstreams > 1 && size.users > 0 && size.components <= size.upstreams;
        ensure!(
            enough && size.components <= size.saas,
            "expected 2 upstreams, 1 user, and not more components than upstreams and saas files"
        );
        let world = World::create(root)?;
        let git = Builder::new()?;
        let upstreams = (0..size.upstreams)
            .map(|nth| BigUpstream::create(&git, &world.root.join("upstream"), nth, size))
            .collect::<Result<Vec<_>>>()?;
        let here = &world.repository;
        configure(&here.join(".git"), &addresses(path(&world.root)?))?;
        git.import(here, history(&upstreams, size))?;
        world.take_in(&git)?;
        let upstreams = upstreams.into_iter().map(|one| (one.url, one.commits)).collect();
        Ok(BigWorld { world, upstreams })
    }
}

/// Where the addresses of the upstreams lead.
fn addresses(root: &str) -> String {
    let root = root.replace('\\', "\\\\").replace('"', "\\\"");
    let lead = |(folder, address): (&str, &str)| {
        format!("[url \"{root}/upstream/{folder}/\"]\n\tinsteadOf = {address}\n")
    };
    upstreams::PLACES.map(lead).concat()
}

/// The commit that adds everything, and one for each promotion that followed.
fn history(upstreams: &[BigUpstream], size: &Size) -> Vec<u8> {
    let promoted: Vec<_> = (0..size.saas).filter(|nth| nth % 2 == 0).collect();
    let step = 4 * DAY / (promoted.len() as u64 + 1);
    let mut commits = CommitStream::every(step, START + 18 * DAY, "refs/world/grown");
    commits = commits.on_top_of("refs/heads/master");
    let mut all: BTreeMap<_, _> = files::services(upstreams, size).collect();
    all.extend((0..size.saas).flat_map(|nth| saas::files(nth, upstreams, false)));
    all.insert("promote.toml".to_owned(), files::configuration(upstreams, size));
    fill(&mut all, size);
    let author = files::user(0);
    commits.commit(&author.author(), "Onboard everybody\n", &borrowed(&all));
    for nth in promoted {
        let after = saas::files(nth, upstreams, true);
        let after = after.into_iter().filter(|(path, text)| all[path] != *text).collect();
        let message = format!("{}: promote\n", saas::name(nth, upstreams.len()));
        let user = files::user(nth % size.users);
        let bot = Author { name: "promoter[bot]", email: "promoter@bots.example.com" };
        let author = if saas::is_auto(nth) { bot } else { user.author() };
        commits.commit(&author, &message, &borrowed(&after));
    }
    commits.finish()
}

fn borrowed(files: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect()
}

/// Adds files that hold no pin, until there are as many files and about as many bytes as wanted.
fn fill(all: &mut BTreeMap<String, String>, size: &Size) {
    const RULE: usize = 330;
    let missing = size.files.saturating_sub(all.len());
    let mut bytes = size.bytes.saturating_sub(all.values().map(String::len).sum());
    for nth in 0..missing {
        let name = growth::service(nth % size.upstreams);
        let rules = bytes / (missing - nth) / RULE;
        let text = match nth % 180 {
            0 => growth::jinja(&name),
            1..30 => growth::config(&name),
            30..40 => growth::slos(&name),
            _ => growth::alerts(&name, nth, 1 + growth::mixed(nth) as usize % (2 * rules + 1)),
        };
        bytes = bytes.saturating_sub(text.len());
        all.insert(format!("resources/{name}/file-{nth}.yaml"), text);
    }
}
