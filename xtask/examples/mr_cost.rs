//! What `--mr` costs beside the git commands that it needs, on a repository of 100,000 files.
//!
//! `cargo run --release --example mr_cost [FILES]` builds the world in a temporary folder and
//! measures both in turn, several times.
#![allow(clippy::print_stdout, reason = "a report")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use promotion::config::Config;
use promotion::merge_request::branch_names;
use promotion::model::component::Scope;
use promotion::model::version::CommitId;
use promotion::plan::Part;
use world::World;
use xshell::{Shell, cmd};
use xtask::git::Git;
use xtask::land::merge_request::{Delivery, ProposedCommit};
use xtask::land::{verified, wanted};

const ROUNDS: usize = 7;

fn main() -> Result<()> {
    let files = std::env::args().nth(1).map_or(Ok(100_000), |files| files.parse())?;
    let shell = Shell::new()?;
    let folder = shell.create_temp_dir()?;
    let world = World::create(&folder.path().join("world"))?;
    world.grow(files)?;
    let (mut own, mut plain) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        own.push(delivered(&world)?);
        forget(&shell, &world)?;
        plain.push(by_hand(&shell, &world, round)?);
        forget(&shell, &world)?;
    }
    let [own, plain] = [own, plain].map(median);
    println!(
        "{files} files, medians of {ROUNDS}: --mr {own:.0?}, plain git {plain:.0?}, ratio {:.2}",
        own.as_secs_f64() / plain.as_secs_f64()
    );
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Takes the pushed branches away, and moves the target on so that there is something to fetch.
fn forget(shell: &Shell, world: &World) -> Result<()> {
    let remote = &world.remote;
    for branch in ["promote/qontract-reconcile", "plain"] {
        cmd!(shell, "git -C {remote} update-ref -d refs/heads/{branch}").quiet().run()?;
    }
    let tree = "refs/heads/master^{tree}";
    let who = ["-c", "user.name=x", "-c", "user.email=x@example.com"];
    let commit =
        cmd!(shell, "git -C {remote} {who...} commit-tree -p refs/heads/master -m More {tree}");
    let commit = commit.quiet().read()?;
    Ok(cmd!(shell, "git -C {remote} update-ref refs/heads/master {commit}").quiet().run()?)
}

/// Everything between the version that is known and the pushed branch, planning included.
fn delivered(world: &World) -> Result<Duration> {
    let config = Config::builtin();
    let component = config.component("qontract-reconcile")?;
    let scopes = [Scope::all(component)];
    let to = CommitId::parse(&world.reconcile.commits[13]).context("a version is a commit")?;
    let delivery = Delivery {
        git: Git::at(&world.repository),
        repository: &config.repository,
        names: branch_names(&scopes),
        from: "origin",
        to: "origin".to_owned(),
        target: None,
        labels: Vec::new(),
        assignees: Vec::new(),
        draft: false,
    };
    let start = Instant::now();
    let started = delivery.start(&wanted(&scopes), &mut |_| ())?;
    let plan = verified(&[Part::new(&scopes[0], to)], &[], &started.tree)?;
    let files = plan.changed().map(|(path, file)| (path.clone(), file.after().into_bytes()));
    let text = || "promotion".to_owned();
    let proposal = ProposedCommit {
        files: files.collect(),
        message: text(),
        trailers: Vec::new(),
        title: text(),
        description: text(),
    };
    delivery.finish(&started, proposal, &mut |_| ())?;
    Ok(start.elapsed())
}

/// The same edit with a private index: fetch, read-tree, update-index, write-tree, commit-tree, push.
fn by_hand(shell: &Shell, world: &World, round: usize) -> Result<Duration> {
    let _here = shell.push_dir(&world.repository);
    let index = world.root.join("plain-index");
    let _index = shell.push_env("GIT_INDEX_FILE", &index);
    let path = ".env";
    let text =
        format!("{}# {round}\n", fs::read_to_string(Path::new(&world.repository).join(path))?);
    let start = Instant::now();
    cmd!(shell, "git fetch --quiet --no-tags origin master").quiet().run()?;
    cmd!(shell, "git read-tree FETCH_HEAD").quiet().run()?;
    let blob = cmd!(shell, "git hash-object -w --stdin").stdin(text).quiet().read()?;
    cmd!(shell, "git update-index --cacheinfo 100644,{blob},{path}").quiet().run()?;
    let tree = cmd!(shell, "git write-tree").quiet().read()?;
    let commit = cmd!(shell, "git commit-tree -p FETCH_HEAD -m x {tree}").quiet().read()?;
    cmd!(
        shell,
        "git push --quiet --push-option=merge_request.create origin {commit}:refs/heads/plain"
    )
    .quiet()
    .run()?;
    let took = start.elapsed();
    fs::remove_file(index)?;
    Ok(took)
}
