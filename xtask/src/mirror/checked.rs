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

/// Name, size in bytes and time of change of each file of objects, a line each, in order.
fn objects(folder: &Path) -> io::Result<String> {
    let mut lines = Vec::new();
    let mut below = vec![PathBuf::from("objects")];
    while let Some(parent) = below.pop() {
        for entry in fs::read_dir(folder.join(&parent))? {
            let entry = entry?;
            let (path, metadata) = (parent.join(entry.file_name()), entry.metadata()?);
            if metadata.is_dir() {
                below.push(path);
                continue;
            }
            let time = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            let (size, time) = (metadata.len(), time.as_nanos());
            lines.push(format!("{} {size} {time}\n", path.display()));
        }
    }
    lines.sort();
    Ok(lines.concat())
}
