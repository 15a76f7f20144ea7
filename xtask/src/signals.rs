//! Ctrl-C, TERM and HUP. They end the process at once, except while files are being replaced: then
//! they are only remembered, and whoever replaces the files puts them back.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag::{register_conditional_default, register_usize};

const NAMES: [(i32, &str); 3] = [(SIGHUP, "SIGHUP"), (SIGINT, "SIGINT"), (SIGTERM, "SIGTERM")];

#[derive(Default)]
struct Handlers {
    /// The last signal, or 0.
    received: Arc<AtomicUsize>,
    /// Whether a signal ends the process.
    ends_process: Arc<AtomicBool>,
}

/// While it lives, signals are only remembered.
#[derive(Debug)]
pub struct Deferred(());

/// Defers signals until the result is dropped.
pub fn defer() -> Deferred {
    handlers().ends_process.store(false, Ordering::SeqCst);
    Deferred(())
}

impl Drop for Deferred {
    fn drop(&mut self) {
        handlers().ends_process.store(true, Ordering::SeqCst);
    }
}

/// The signal that came while signals were deferred.
pub fn received() -> Option<&'static str> {
    let signal = handlers().received.load(Ordering::SeqCst);
    NAMES.iter().find(|(number, _)| usize::try_from(*number) == Ok(signal)).map(|(_, name)| *name)
}

fn handlers() -> &'static Handlers {
    static HANDLERS: OnceLock<Handlers> = OnceLock::new();
    HANDLERS.get_or_init(|| {
        let handlers = Handlers::default();
        handlers.ends_process.store(true, Ordering::SeqCst);
        let ignored = ignored();
        for (signal, _) in NAMES {
            // What `nohup` or a shell in the background ignores stays ignored.
            if ignored & (1 << (signal - 1)) != 0 {
                continue;
            }
            let number = usize::try_from(signal).unwrap_or_default();
            let _ = register_conditional_default(signal, Arc::clone(&handlers.ends_process));
            let _ = register_usize(signal, Arc::clone(&handlers.received), number);
        }
        handlers
    })
}

/// The signals that this process was told to ignore, as bits; none where Linux can't be asked.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
