//! A small, realistic world of git repositories: an app-interface with its remote, and upstreams.
//!
//! The same ids everywhere: names are fixed, dates too unless told, and nothing of the user's git
//! configuration is read. It must not be used for anything but demos, tests and benchmarks.

pub mod big;
mod files;
mod gitlab;
mod growth;
mod history;

pub use gitlab::{Opened, executable};

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use xshell::{Cmd, Shell, cmd};

use history::{Author, DAY, START};

/// The repositories, all below one folder.
#[derive(Debug, Clone)]
pub struct World {
    /// The folder of it all, absolute.
    pub root: PathBuf,
    /// `app-interface`: a clone on `master` whose `origin` is `remote`.
    pub repository: PathBuf,
    /// `remote/app-interface.git`: bare, takes push options.
    pub remote: PathBuf,
    /// `qontract-reconcile`, default branch `master`.
    pub reconcile: UpstreamRepository,
    /// `qontract-schemas`, default branch `main`.
    pub schemas: UpstreamRepository,
    /// `github-mirror`, default branch `master`: somebody else's template in the same saas file.
    pub mirror: UpstreamRepository,
}

/// The git repository of a component.
#[derive(Debug, Clone)]
pub struct UpstreamRepository {
    /// `upstream/NAME.git`: bare, allows partial clones.
    pub path: PathBuf,
    /// Full ids of the first parents of the default branch, oldest first.
    pub commits: Vec<String>,
}

impl World {
    /// Builds the world in `root`, which must be empty or not exist.
    ///
    /// In `app-interface`, `https://github.com/app-sre/NAME` resolves to the upstream here.
    pub fn create(root: &Path) -> Result<World> {
        World::create_before(root, KNOWN_NOW)
    }

    /// The same world, moved by whole days so that its newest commits are as old at `now` (in
    /// seconds) as those of `create` are on 2024-03-27. Ids differ from day to day.
    pub fn create_before(root: &Path, now: u64) -> Result<World> {
        let start = (START + now / DAY * DAY).saturating_sub(KNOWN_NOW / DAY * DAY);
        let root = std::path::absolute(root)?;
        fs::create_dir_all(&root).with_context(|| format!("cannot create `{}`", root.display()))?;
        let mut there = fs::read_dir(&root)?.flatten();
        if there.any(|entry| entry.file_name() != MARK) {
            bail!("`{}` is not empty: name a new or an empty folder", root.display());
        }
        let git = Builder::new()?;
        let upstream = |name: &str, branch: &str, stream: Vec<u8>| -> Result<UpstreamRepository> {
            let path = root.join("upstream").join(name);
            git.bare(&path, branch, SERVED)?;
            let commits = git.import(&path, stream)?;
            Ok(UpstreamRepository { path, commits })
        };
        let reconcile = upstream("qontract-reconcile.git", "master", history::reconcile(start))?;
        let schemas = upstream("qontract-schemas.git", "main", history::schemas(start))?;
        let mirror = upstream("github-mirror.git", "master", history::mirror(start))?;

        let remote = root.join("remote/app-interface.git");
        git.bare(
            &remote,
            "master",
            &[SERVED, "[receive]\n\tadvertisePushOptions = true\n"].concat(),
        )?;
        let versions = [&reconcile, &schemas, &mirror].map(|upstream| &upstream.commits[..]);
        git.import(&remote, files::history(start, versions))?;

        let repository = root.join("app-interface");
        git.run(&root, &["clone", "--quiet", "--template=", path(&remote)?, path(&repository)?])?;
        configure(&repository.join(".git"), &checkout_config(path(&root)?))?;
        Ok(World { root, repository, remote, reconcile, schemas, mirror })
    }

    /// The world that was built in `root`.
    pub fn open(root: &Path) -> Result<World> {
        let root = std::path::absolute(root)?;
        let git = Builder::new()?;
        let upstream = |name: &str| -> Result<UpstreamRepository> {
            let path = root.join("upstream").join(name);
            let log = ["rev-list", "--first-parent", "--reverse", "HEAD"];
            let commits = git.command(&path, &log).read()?;
            Ok(UpstreamRepository { path, commits: commits.lines().map(str::to_owned).collect() })
        };
        Ok(World {
            repository: root.join("app-interface"),
            remote: root.join("remote/app-interface.git"),
            reconcile: upstream("qontract-reconcile.git")?,
            schemas: upstream("qontract-schemas.git")?,
            mirror: upstream("github-mirror.git")?,
            root,
        })
    }

    /// Adds `files` other files to the app-interface, in one commit that is pushed: the
    /// benchmark's tree. The files are always the same, so call it once.
    pub fn grow(&self, files: usize) -> Result<()> {
        let git = Builder::new()?;
        git.import(&self.repository, growth::stream("refs/world/grown", files))?;
        self.take_in(&git)
    }

    /// Moves `master` on to what was imported, here and in the remote.
    fn take_in(&self, git: &Builder) -> Result<()> {
        let (here, grown) = (&self.repository, "refs/world/grown");
        git.run(here, &["reset", "--quiet", "--hard", grown])?;
        git.run(here, &["update-ref", "-d", grown])?;
        git.run(here, &["push", "--quiet", "origin", "master"])
    }
}

/// The file that says that a demo made this folder, so that the next one may remove it.
pub const MARK: &str = "made-by-cargo-xtask-demo";

/// 2024-03-27 10:00 UTC, in seconds: what the tests take for now.
const KNOWN_NOW: u64 = 1_711_533_600;

const SERVED: &str = "[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n";

/// What keeps the user's own settings from changing or signing anything in the checkout.
fn checkout_config(root: &str) -> String {
    let root = root.replace('\\', "\\\\").replace('"', "\\\"");
    let Author { name, email } = history::TOBIAS;
    format!(
        "[core]\n\tautocrlf = false\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n\
         [commit]\n\tgpgSign = false\n[user]\n\tname = {name}\n\temail = {email}\n\
         [url \"{root}/upstream/\"]\n\tinsteadOf = https://github.com/app-sre/\n"
    )
}

fn configure(git_dir: &Path, config: &str) -> Result<()> {
    let mut file = fs::OpenOptions::new().append(true).open(git_dir.join("config"))?;
    Ok(file.write_all(config.as_bytes())?)
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("`{}` is not UTF-8: choose another", path.display()))
}

/// Runs git with nothing of the user's environment but `PATH`.
struct Builder {
    shell: Shell,
}

impl Builder {
    fn new() -> Result<Self> {
        Ok(Builder { shell: Shell::new()? })
    }

    /// Makes a bare repository; no template, so no `hooks` folder.
    fn bare(&self, at: &Path, branch: &str, config: &str) -> Result<()> {
        fs::create_dir_all(at)?;
        let branch = format!("--initial-branch={branch}");
        self.run(at, &["init", "--quiet", "--bare", "--template=", &branch])?;
        configure(at, config)
    }

    /// Feeds a stream to fast-import and returns the ids that it asks for.
    fn import(&self, repository: &Path, stream: Vec<u8>) -> Result<Vec<String>> {
        // One pack, not loose objects: fewer files to write and to copy.
        let args = ["-c", "fastimport.unpackLimit=1", "fast-import", "--quiet", "--done"];
        let ids = self.command(repository, &args).stdin(stream).read()?;
        Ok(ids.lines().map(str::to_owned).collect())
    }

    fn run(&self, repository: &Path, args: &[&str]) -> Result<()> {
        Ok(self.command(repository, args).run()?)
    }

    fn command(&self, repository: &Path, args: &[&str]) -> Cmd<'_> {
        cmd!(self.shell, "git -c core.fsync=none -C {repository} {args...}")
            .quiet()
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", repository)
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_DEFAULT_HASH", "sha1")
            .env("GIT_COMMITTER_NAME", history::TOBIAS.name)
            .env("GIT_COMMITTER_EMAIL", history::TOBIAS.email)
            .env("GIT_COMMITTER_DATE", "1711360800 +0000")
    }
}
