//! The cache: where it is, what its files are called, and single files in it. Whoever can write
//! there could put a link, a pipe or a device in the place of a file, or a link in that of its folder:
//! those are neither read nor written through.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use promotion::model::problem::Problem;

/// The longest name that is given to something, in bytes.
const LONGEST_NAME: usize = 120;

/// How many files were written: two threads may write the same one.
static SAVED: AtomicUsize = AtomicUsize::new(0);

/// The cache folder: `$XTASK_CACHE`, else `xtask-promote` below `$XDG_CACHE_HOME` or `~/.cache`.
///
/// Source: the XDG base directory specification, by which relative values are ignored.
pub fn folder() -> Result<PathBuf> {
    let folder = cache_of(|name| std::env::var_os(name)).ok_or_else(|| {
        Problem::new("there is no folder for the cache: `HOME` is not set")
            .help("set `XTASK_CACHE` to a folder")
    })?;
    std::path::absolute(&folder).with_context(|| format!("`{}`", folder.display()))
}

fn cache_of(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let absolute = |name| set(name).filter(|path| path.is_absolute());
    set("XTASK_CACHE")
        .or_else(|| Some(absolute("XDG_CACHE_HOME")?.join("xtask-promote")))
        .or_else(|| Some(absolute("HOME")?.join(".cache/xtask-promote")))
}

/// A name for a file that stands for a text, such as an address or a path: different for different
/// texts.
pub fn name_of(text: &str) -> String {
    let mut name = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => name.push(byte.into()),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    if name.len() > LONGEST_NAME {
        name.truncate(LONGEST_NAME - 17);
        name.push_str(&format!("-{:016x}", fnv(text.as_bytes())));
    }
    name
}

/// FNV-1a: the same in every build, unlike the hasher of std.
fn fnv(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// What is in a regular file of at most `longest` bytes; `None` if it is none.
pub fn load(file: &Path, longest: usize) -> Option<Vec<u8>> {
    let is_short = |file: fs::Metadata| file.is_file() && file.len() <= longest as u64;
    let is_fit = is_plain(file.parent()?) && file.symlink_metadata().is_ok_and(is_short);
    is_fit.then(|| fs::read(file).ok())?
}

/// Whether it is a folder itself, and no link to one.
fn is_plain(folder: &Path) -> bool {
    folder.symlink_metadata().is_ok_and(|meta| meta.is_dir())
}

/// Writes it beside its place first, so that nobody reads half of it.
pub fn save(file: &Path, content: &[u8]) -> Result<()> {
    let folder = file.parent().context("the file is in a folder")?;
    fs::create_dir_all(folder)?;
    ensure!(is_plain(folder), "`{}` is a link", folder.display());
    let mut name = file.file_name().context("it has a name")?.to_owned();
    let count = SAVED.fetch_add(1, Ordering::Relaxed);
    // Processes in two containers may have the same number.
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    name.push(format!(".{}-{count}-{nanos}.new", std::process::id()));
    let new = folder.join(name);
    let written = File::create_new(&new).and_then(|mut file| file.write_all(content));
    let put = written.and_then(|()| fs::rename(&new, file));
    if put.is_err() {
        let _ = fs::remove_file(&new);
    }
    Ok(put?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches() {
        let check = |set: &[(&str, &str)], expected: Option<&str>| {
            let variable = |name: &str| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
            };
            assert_eq!(cache_of(variable), expected.map(PathBuf::from));
        };
        let home = ("HOME", "/home/ann");
        check(&[("XTASK_CACHE", "/c"), ("XDG_CACHE_HOME", "/x"), home], Some("/c"));
        check(&[("XTASK_CACHE", ""), ("XDG_CACHE_HOME", "/x"), home], Some("/x/xtask-promote"));
        check(&[("XDG_CACHE_HOME", "x"), home], Some("/home/ann/.cache/xtask-promote"));
        check(&[home], Some("/home/ann/.cache/xtask-promote"));
        check(&[("HOME", "")], None);
    }

    #[test]
    fn names() {
        assert_eq!(name_of("/home/ann/a b.git"), "%2Fhome%2Fann%2Fa%20b.git");
        assert_ne!(name_of("/a"), name_of("/a.git"));
        let longest = "x".repeat(LONGEST_NAME);
        assert_eq!(name_of(&longest), longest);
        let long = longest + "x";
        assert_eq!(name_of(&long).len(), LONGEST_NAME);
        assert_ne!(name_of(&long), name_of(&format!("{long}x")));
    }

    /// Source: the test vectors of the authors of FNV.
    #[test]
    fn hashes() {
        for (text, hash) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            assert_eq!(fnv(text.as_bytes()), hash, "{text}");
        }
    }

    #[test]
    fn a_link_in_place_of_the_folder() {
        let top = xshell::Shell::new().unwrap().create_temp_dir().unwrap();
        let [folder, link] = ["folder", "link"].map(|name| top.path().join(name));
        save(&folder.join("a"), b"a").unwrap();
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        assert_eq!(load(&folder.join("a"), 1), Some(b"a".to_vec()));
        assert_eq!(load(&folder.join("a"), 0), None);
        assert_eq!(load(&link.join("a"), 1), None);
        assert!(save(&link.join("a"), b"b").is_err());
        assert_eq!(load(&folder.join("a"), 1), Some(b"a".to_vec()));
    }

    /// Whoever reads sees all that one of them wrote.
    #[test]
    fn threads_that_write_the_same_file() {
        const LENGTH: usize = 1 << 20;
        let folder = xshell::Shell::new().unwrap().create_temp_dir().unwrap();
        let file = folder.path().join("a");
        save(&file, &[0; LENGTH]).unwrap();
        std::thread::scope(|scope| {
            let write = |byte: u8| (0..50).for_each(|_| save(&file, &[byte; LENGTH]).unwrap());
            let writers = [1, 2].map(|byte| scope.spawn(move || write(byte)));
            while writers.iter().any(|one| !one.is_finished()) {
                let bytes = load(&file, LENGTH).unwrap();
                assert!(bytes.len() == LENGTH && bytes.iter().all(|byte| *byte == bytes[0]));
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
