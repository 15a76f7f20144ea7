#![no_main]

use fuzz::{YAML, Promotion};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some((promotion, text)) = Promotion::of("a.json", &YAML, data) {
        promotion.hold(text);
    }
});
