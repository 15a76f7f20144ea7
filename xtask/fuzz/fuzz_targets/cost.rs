//! Four times the text costs no more than sixteen times the time: nothing is worse than quadratic,
//! and most is linear.
#![no_main]

use std::fs;
use std::time::Duration;

use fuzz::{Promotion, SAAS, YAML};

const SMALL: usize = 4 << 10;
/// Below this the allocator and the caches decide.
const NOISE: Duration = Duration::from_millis(200);

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let selectors = [&YAML[..], &SAAS[..]].concat();
    for (file, selectors) in [("a.yaml", &selectors[..]), (".env", &["variable = \"TAG\""])] {
        let Some((promotion, text)) = Promotion::of(file, selectors, data) else { return };
        if text.is_empty() {
            return;
        }
        let large = cost(&promotion, text, 4 * SMALL);
        if large > NOISE {
            let small = cost(&promotion, text, SMALL);
            assert!(large < small * 16, "{small:?} became {large:?} for four times {text:?}");
        }
    }
});

fn cost(promotion: &Promotion, text: &[u8], bytes: usize) -> Duration {
    let text = text.repeat(bytes.div_ceil(text.len()));
    let once = || {
        let start = on_cpu();
        let _ = promotion.plan(&text);
        on_cpu() - start
    };
    once().min(once())
}

/// What this thread has had of the processor: a wall clock would count other programs too.
fn on_cpu() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("a Linux with schedstat");
    let nanoseconds = text.split(' ').next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanoseconds.expect("schedstat begins with nanoseconds"))
}
