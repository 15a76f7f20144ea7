//! Opens regular files only, and never waits for one: a pipe, a device or a socket is none.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use memchr::memmem::Finder;
use promotion::model::problem::Problem;

/// The largest file that pins are looked for in, in bytes.
pub(crate) const LARGEST: u64 = promotion::model::tree::LARGEST_FILE as u64;

/// Opens a regular file, with what the system says of it; `None` for anything else, symbolic links included.
///
/// It is looked at once it is open: that saves a walk along its path, a sixth of a whole search.
pub(crate) fn open(path: &Path) -> io::Result<Option<(File, Metadata)>> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        libc::O_NONBLOCK | libc::O_NOFOLLOW,
    );
    let file = match options.open(path) {
        Ok(file) => file,
        // A link, or a socket.
        Err(_) if fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_file()) => return Ok(None),
        Err(error) => return Err(error),
    };
    let meta = file.metadata()?;
    Ok(meta.is_file().then_some((file, meta)))
}

/// The content of a file that has this size or so, if it isn't too large.
pub(crate) fn content(file: File, size: u64) -> io::Result<Option<Vec<u8>>> {
    // Room for the end of the file too, or reading would ask twice more.
    let mut bytes = Vec::with_capacity(usize::try_from(size.min(LARGEST)).unwrap_or_default() + 64);
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= LARGEST).then_some(bytes))
}

/// Whether a file of any size contains what `needle` looks for.
pub(crate) fn holds(mut file: File, needle: &Finder) -> io::Result<bool> {
    const STEP: usize = 1 << 16;
    let overlap = needle.needle().len().saturating_sub(1);
    let mut window = Vec::with_capacity(STEP + overlap);
    loop {
        let read = (&mut file).take(STEP as u64).read_to_end(&mut window)?;
        if read == 0 || needle.find(&window).is_some() {
            return Ok(read > 0);
        }
        window.drain(..window.len().saturating_sub(overlap));
    }
}

/// Says that a file is too large.
pub(crate) fn too_large(path: &str, size: u64) -> Problem {
    let message = format!(
        "has {} MB, and pins are looked for in files of at most {} MB",
        size.div_ceil(1 << 20),
        LARGEST >> 20
    );
    Problem::new(message).file(path).help("move what is not about versions into another file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_needle_between_two_steps() -> io::Result<()> {
        let path = std::env::temp_dir().join(format!("xtask-holds-{}", std::process::id()));
        for start in [(1 << 16) - 3, 0, 3 << 16] {
            fs::write(&path, [vec![b'x'; start], b"needle".to_vec()].concat())?;
            assert!(holds(File::open(&path)?, &Finder::new("needle"))?, "{start}");
            assert!(!holds(File::open(&path)?, &Finder::new("needles"))?, "{start}");
        }
        fs::remove_file(&path)
    }
}
