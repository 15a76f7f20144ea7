//! Single files of the cache. Whoever can write there could put a link, a pipe or a device in their
//! place: those are neither read nor written through.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};

/// How many files were written: two threads may write the same one.
static SAVED: AtomicUsize = AtomicUsize::new(0);

/// What is in a regular file of at most `longest` bytes; `None` if it is none.
pub fn load(file: &Path, longest: usize) -> Option<Vec<u8>> {
    let is_short = |file: fs::Metadata| file.is_file() && file.len() <= longest as u64;
    file.symlink_metadata().is_ok_and(is_short).then(|| fs::read(file).ok())?
}

/// Writes it beside its place first, so that nobody reads half of it.
pub fn save(file: &Path, content: &[u8]) -> Result<()> {
    let folder = file.parent().context("the file is in a folder")?;
    fs::create_dir_all(folder)?;
    let mut name = file.file_name().context("it has a name")?.to_owned();
    let count = SAVED.fetch_add(1, Ordering::Relaxed);
    name.push(format!(".{}-{count}.new", std::process::id()));
    let new = folder.join(name);
    // An earlier process with this number may have left it.
    let _ = fs::remove_file(&new);
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
