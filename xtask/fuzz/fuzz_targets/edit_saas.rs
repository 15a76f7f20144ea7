#![no_main]

use fuzz::{SAAS, Promotion};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some((promotion, text)) = Promotion::of("a.yaml", &SAAS, data) {
        promotion.hold(text);
    }
});
