//! Whatever git, a forge or a registry answers is read without a fault, and printed without controls.
#![no_main]

use std::collections::BTreeSet;

use promotion::merge_request::forge::read_answer;
use xtask::{git, mirror, registry};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let answer = read_answer(&text, "promote/a");
    let shown = answer.url.iter().chain(&answer.create).chain(&answer.warnings);
    for shown in shown {
        assert!(!shown.contains(|c: char| c.is_control()), "{shown:?}");
    }
    registry::read(data);
    let _ = mirror::history::listed(data);
    let _ = git::past::parsed(data, &BTreeSet::new());
    git::blame::blames(&text);
});
