//! Any text is a configuration or a problem with its line.
#![no_main]

use promotion::config::Config;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Err(problem) = Config::parse("promote.toml", text) {
        assert!(problem.line.is_some_and(|line| line >= 1), "{problem}");
        assert!(!problem.message.contains(|c: char| c.is_control()), "{problem}");
    }
});
