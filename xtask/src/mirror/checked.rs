//! Whether a mirror is whole, and what is remembered of the last look: reading every commit of a
//! long history takes longer than a fetch.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use std::{fs, io};

use crate::cache;
use crate::git::Git;

/// The file in a mirror that names the objects which were read, or checked by git on arrival.
const FILE: &str = "xtask-checked";

/// A file that is longer (in bytes) is not read.
const LONGEST: usize = 1 << 22;

/// What `git init` writes into a configuration, on any system.
const OF_INIT: [&str; 8] = [
    "repositoryformatversion",
    "filemode",
    "bare",
    "ignorecase",
    "precomposeunicode",
    "symlinks",
    // Where the user's git shares folders with a group.
    "sharedrepository",
    "denyNonFastforwards",
];

/// Whether a mirror in `folder` is one that was made here, with `config` behind what `git init` wrote.
///
/// Any other setting could be a program that git runs, and so could a repository elsewhere that this
/// one leads to.
pub(super) fn is_ours(folder: &Path, config: &str) -> bool {
    let is_file = |name| folder.join(name).symlink_metadata().is_ok_and(|file| file.is_file());
    let is_folder = folder.symlink_metadata().is_ok_and(|folder| folder.is_dir());
    if !is_folder || !is_file("HEAD") || folder.join("commondir").symlink_metadata().is_ok() {
        return false;
    }
    let text =
        cache::load(&folder.join("config"), LONGEST).and_then(|it| String::from_utf8(it).ok());
    text.is_some_and(|text| text.strip_suffix(config).is_some_and(is_of_init))
}

fn is_of_init(config: &str) -> bool {
    let is_setting = |line: &str| {
        let Some((name, value)) = line.trim().split_once(" = ") else { return false };
        OF_INIT.contains(&name) && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    config.lines().all(|line| line == "[core]" || line == "[receive]" || is_setting(line))
}

/// Whether each commit of the mirror in `folder` can be read: git itself looks at the newest ones
/// only. Files of objects that are as they were then are not read again.
pub(super) fn is_whole(git: &Git, folder: &Path) -> bool {
    let known = cache::load(&folder.join(FILE), LONGEST);
    matches!((known, objects(folder)), (Some(known), Ok(now)) if known == now.as_bytes())
        || git.read(["rev-list", "--count", "--all"]).is_ok()
}

/// Remembers that the mirror is whole as it is. Where that fails, the next look takes longer.
pub(super) fn remember(folder: &Path) {
    let file = folder.join(FILE);
    if let Ok(now) = objects(folder)
        && cache::load(&file, LONGEST).as_deref() != Some(now.as_bytes())
    {
        let _ = cache::save(&file, now.as_bytes());
    }
}

/// Each file of objects, as [`listed`] names it.
fn objects(folder: &Path) -> io::Result<String> {
    listed(folder, &[PathBuf::from("objects")])
}

/// Name, size in bytes and time of change of these files and of those below them, a line each, in
/// order. What is missing has no line.
pub(super) fn listed(folder: &Path, parts: &[PathBuf]) -> io::Result<String> {
    let mut lines = Vec::new();
    let mut open = parts.to_vec();
    while let Some(path) = open.pop() {
        let metadata = match fs::symlink_metadata(folder.join(&path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            metadata => metadata?,
        };
        if metadata.is_dir() {
            for entry in fs::read_dir(folder.join(&path))? {
                open.push(path.join(entry?.file_name()));
            }
            continue;
        }
        let time = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (size, time) = (metadata.len(), time.as_nanos());
        lines.push(format!("{} {size} {time}\n", path.display()));
    }
    lines.sort();
    Ok(lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations() {
        let init = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n";
        let shared = "\tsharedrepository = 1\n[receive]\n\tdenyNonFastforwards = true\n";
        assert!(is_of_init(init) && is_of_init(&[init, shared].concat()));
        for other in [
            "\tfsmonitor = true\n",
            "\tbare = true \\\n",
            "\tbare = \"x\"\n",
            "\tbare=true\n",
            "[core] bare = true\n",
            "[include]\n",
            "# x\n",
        ] {
            assert!(!is_of_init(&[init, other].concat()), "{other}");
        }
    }
}
