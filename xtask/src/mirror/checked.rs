//! Whether a mirror is whole, and what is remembered of the last look: reading every commit of a
//! long history takes longer than a fetch.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use std::{fs, io};

use crate::git::Git;

/// The file in a mirror that names the objects which were read, or checked by git on arrival.
const FILE: &str = "xtask-checked";

/// Whether each commit of the mirror in `folder` can be read: git itself looks at the newest ones
/// only. Files of objects that are as they were then are not read again.
pub(super) fn is_whole(git: &Git, folder: &Path) -> bool {
    let known = fs::read_to_string(folder.join(FILE));
    matches!((known, objects(folder)), (Ok(known), Ok(now)) if known == now)
        || git.read(["rev-list", "--count", "--all"]).is_ok()
}

/// Remembers that the mirror is whole as it is. Where that fails, the next look takes longer.
pub(super) fn remember(folder: &Path) {
    let file = folder.join(FILE);
    if let Ok(now) = objects(folder)
        && fs::read_to_string(&file).ok().as_ref() != Some(&now)
    {
        let _ = fs::write(file, now);
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
