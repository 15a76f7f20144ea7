#![no_main]

use fuzz::Promotion;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some((promotion, text)) = Promotion::of(".env", &["variable = \"TAG\""], data) {
        promotion.hold(text);
    }
});
