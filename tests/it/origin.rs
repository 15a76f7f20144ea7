//! An upstream and a cache, made by real git in a temporary folder.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use promotion::model::problem::Problem;
use xshell::{Shell, TempDir, cmd};
use xtask::mirror::Mirror;

/// Two commits without parents and files whose ids share 7 digits, searched for beforehand.
pub const TWINS: [(&str, &str); 2] = [
    ("nonce 8862", "06d07fa2d34bb9caa8669a86c42f6b82d5027703"),
    ("nonce 13636", "06d07facf1ef86b417dbd895bd90b92cbfceb576"),
];

const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// An upstream repository and a cache, in a folder of their own.
pub struct Origin {
    /// In the upstream, with a fixed person and date.
    pub shell: Shell,
    pub url: String,
    pub cache: PathBuf,
    pub folder: TempDir,
}

impl Origin {
    /// With an upstream that has no commits.
    pub fn empty() -> Result<Self> {
        let shell = Shell::new()?;
        let folder = shell.create_temp_dir()?;
        let upstream = folder.path().join("upstream");
        shell.set_var("GIT_CONFIG_GLOBAL", "/dev/null");
        shell.set_var("GIT_CONFIG_NOSYSTEM", "1");
        for role in ["AUTHOR", "COMMITTER"] {
            shell.set_var(format!("GIT_{role}_NAME"), "Ann");
            shell.set_var(format!("GIT_{role}_EMAIL"), "ann@example.com");
            shell.set_var(format!("GIT_{role}_DATE"), "1704067200 +0000");
        }
        cmd!(shell, "git init --quiet --bare --initial-branch=master {upstream}").quiet().run()?;
        let url = format!("file://{}", upstream.display());
        shell.change_dir(&upstream);
        cmd!(shell, "git config uploadpack.allowFilter true").quiet().run()?;
        cmd!(shell, "git mktree").quiet().ignore_stdout().run()?;
        Ok(Origin { cache: folder.path().join("cache"), shell, url, folder })
    }

    /// With the branch `master` of two commits, the branch `topic`, and two tags of the first.
    pub fn new() -> Result<Self> {
        let world = Origin::empty()?;
        let first = world.commit("First", &[])?;
        let second = world.commit("Second", &[&first])?;
        world.set("refs/heads/master", &second)?;
        world.set("refs/heads/topic", &first)?;
        world.set("refs/tags/v1.0", &first)?;
        world.git("tag -a -m Annotated v1.1", &[&first])?;
        Ok(world)
    }

    /// Runs git in the upstream; the words of `line`, then `args`.
    pub fn git(&self, line: &str, args: &[&str]) -> Result<String> {
        let words = line.split(' ');
        Ok(cmd!(self.shell, "git {words...} {args...}").quiet().read()?)
    }

    pub fn commit(&self, message: &str, parents: &[&str]) -> Result<String> {
        let parents = parents.iter().flat_map(|parent| ["-p", *parent]);
        let commit = cmd!(self.shell, "git commit-tree {EMPTY_TREE} {parents...}");
        Ok(commit.stdin(format!("{message}\n")).quiet().read()?)
    }

    pub fn set(&self, name: &str, commit: &str) -> Result<()> {
        self.git("update-ref", &[name, commit]).map(drop)
    }

    pub fn mirror(&self) -> Result<Mirror> {
        Mirror::open(&self.cache, &self.url)
    }

    pub fn fetched(&self) -> Result<Mirror> {
        let mirror = self.mirror()?;
        mirror.fetch(&mut |_| ())?;
        Ok(mirror)
    }

    /// The files beside the mirrors and the mirrors themselves.
    pub fn kept(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.cache.join("mirrors"))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            names.push(name.rsplit('.').next().unwrap_or_default().to_owned());
        }
        names.sort();
        Ok(names)
    }

    /// What a user reads of an error, with `URL` for the address.
    pub fn told<T>(&self, result: Result<T>) -> Result<String> {
        let error = result.err().context("this was to fail")?;
        let problem = error.downcast_ref::<Problem>().with_context(|| format!("{error:#}"))?;
        let help = problem.help.iter().map(|help| format!("\nhelp: {help}"));
        let text = format!("{problem}{}", help.collect::<String>());
        let text = text.replace(&self.url, "URL");
        Ok(text.replace(&self.folder.path().display().to_string(), "DIR"))
    }
}

/// The name and the commit of a reference.
pub fn resolved(mirror: &Mirror, reference: Option<&str>) -> Result<(String, String)> {
    let resolved = mirror.resolve(reference, None)?;
    Ok((resolved.name, resolved.commit.to_string()))
}
