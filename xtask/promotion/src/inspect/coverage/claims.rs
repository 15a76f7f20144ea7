//! What the configuration has already of the values in a file.

use std::collections::HashSet;

use memchr::memmem;

use super::{FileKind, ReadFile};
use crate::config::Config;
use crate::locate::{Located, Role};
use crate::model::path::RepoPath;
use crate::model::tree::Tree;

/// Identifies a value whatever selector found it: its file if that is not the one that was looked
/// at, its line, and the first byte of a pin.
pub(super) type Spot = (Option<RepoPath>, usize, Option<usize>);

pub(super) fn spot(found: &Located) -> Spot {
    let start = match &found.role {
        Role::Pin(pin) => Some(pin.range.start),
        _ => None,
    };
    (found.file.clone(), found.line, start)
}

/// The values that some pin of the configuration finds by a file.
pub(super) fn claimed(path: &RepoPath, reader: &ReadFile, config: &Config) -> HashSet<Spot> {
    let mut claimed = HashSet::new();
    for component in &config.components {
        for pin in component.pins().filter(|pin| pin.files.takes(path)) {
            let found = reader.locate(pin, &component.upstream);
            claimed.extend(found.iter().map(spot));
        }
    }
    claimed
}

/// The values in the file of a saas target that some pin of the configuration finds: by that file
/// itself, or by any saas file that refers to it.
pub(super) fn claimed_in_target_file(
    target_file: &RepoPath,
    tree: &Tree,
    config: &Config,
) -> HashSet<Spot> {
    let name = target_file.as_str().rsplit('/').next().unwrap_or_default();
    let name = memmem::Finder::new(name);
    let mut found = HashSet::new();
    for (path, bytes) in &tree.0 {
        let mut pins = config.components.iter().flat_map(|component| component.pins());
        let may_find = FileKind::of(path.as_str()) == Some(FileKind::Yaml)
            && (path == target_file || name.find(bytes).is_some())
            && pins.any(|pin| pin.files.takes(path));
        let text = std::str::from_utf8(bytes).ok().filter(|_| may_find);
        let Some(reader) = text.and_then(|text| ReadFile::new(path, text, tree)) else { continue };
        let own = (path == target_file).then_some(target_file);
        let spots = claimed(path, &reader, config).into_iter();
        let spots = spots.map(|(file, line, start)| (file.or(own.cloned()), line, start));
        found.extend(spots.filter(|(file, ..)| file.as_ref() == Some(target_file)));
    }
    found
}
