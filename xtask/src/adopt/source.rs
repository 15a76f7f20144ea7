//! Where a checkout gets this tool from: an address and a revision that everybody can fetch.

use std::path::{Path, PathBuf};

use anyhow::Result;
use promotion::model::problem::Problem;
use promotion::model::upstream::without_credentials;

use crate::git::Git;

/// The crate's folder in the checkout that this program was built in. It may be gone.
const BUILT_IN: &str = env!("CARGO_MANIFEST_DIR");

const CURE: &str = "name them: `--from URL --rev REV`; or `--vendor` copies the sources";

/// An address that cargo takes, and a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSource {
    pub url: String,
    pub rev: String,
}

impl ToolSource {
    /// What was typed, else the `origin` and the commit of the checkout that this program was built
    /// in.
    ///
    /// Errors: no such checkout, a remote that only this machine has, a commit that is on no branch
    /// of it.
    pub fn find(from: Option<&str>, rev: Option<&str>) -> Result<ToolSource> {
        match (from, rev) {
            (Some(from), Some(rev)) => {
                let url = address(&without_credentials(from))?;
                return Ok(ToolSource { url, rev: rev.to_owned() });
            }
            (Some(_), None) => {
                let problem = Problem::usage("`--from URL` needs `--rev REV` too");
                return Err(problem.help("a commit or a tag of that repository").into());
            }
            (None, _) => {}
        }
        let folder = own_sources()?;
        let git = Git::at(&folder);
        let origin = git.find(["config", "--get", "remote.origin.url"])?.ok_or_else(|| {
            Problem::new(format!("`{}` has no remote `origin`", folder.display())).help(CURE)
        })?;
        let url = address(&without_credentials(&origin))?;
        if url.starts_with("file://") {
            // Cargo keeps what it installs from git in such a checkout.
            return Err(only_here(&url).into());
        }
        if let Some(rev) = rev {
            return Ok(ToolSource { url, rev: rev.to_owned() });
        }
        let head = git.commit("HEAD")?;
        let branches = git.read(["branch", "--remotes", "--contains", head.as_str()])?;
        if branches.trim().is_empty() {
            let problem = Problem::new(format!("no branch of `origin` has `{}`", head.tag(7)));
            return Err(problem.help(format!("push it first, or {CURE}")).into());
        }
        Ok(ToolSource { url, rev: head.as_str().to_owned() })
    }
}

/// The top of the checkout with this tool's sources.
pub fn own_sources() -> Result<PathBuf> {
    let folder = Path::new(BUILT_IN);
    let is_there = folder.join("Cargo.toml").is_file();
    let top = folder.parent().filter(|_| is_there);
    let problem = || {
        Problem::new(format!("the sources that this program was built from are gone: `{BUILT_IN}`"))
            .help(CURE)
    };
    Ok(top.ok_or_else(problem)?.to_owned())
}

/// An address as cargo takes it: `git@host:path` becomes `ssh://git@host/path`.
fn address(url: &str) -> Result<String, Problem> {
    if url.contains("://") {
        return Ok(url.to_owned());
    }
    match url.split_once(':') {
        Some((host, path)) if !host.contains('/') && !path.starts_with(['/', '\\']) => {
            Ok(format!("ssh://{host}/{path}"))
        }
        _ => Err(only_here(url)),
    }
}

fn only_here(url: &str) -> Problem {
    Problem::new(format!("`{url}` is a folder that only this machine has")).help(CURE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let cases = [
            ("https://example.com/a/b.git", Some("https://example.com/a/b.git")),
            ("git@example.com:a/b.git", Some("ssh://git@example.com/a/b.git")),
            ("/srv/git/b.git", None),
            ("../b", None),
            ("./a:b", None),
        ];
        for (url, expected) in cases {
            assert_eq!(address(url).ok().as_deref(), expected, "{url}");
        }
    }
}
