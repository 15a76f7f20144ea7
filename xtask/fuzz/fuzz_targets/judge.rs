//! A third parser sees one changed value for each edit that the judge lets through, and no other.
#![no_main]

use fuzz::{Promotion, YAML};
use yaml_rust2::{Yaml, YamlLoader};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((promotion, text)) = Promotion::of("a.yaml", &YAML, data) else { return };
    let Some((before, after)) = promotion.hold(text) else { return };
    let read = |text: &str| YamlLoader::load_from_str(text.trim_start_matches('\u{feff}'));
    // What it can't read before the edit, it need not read after it.
    let Ok(old) = read(&before) else { return };
    let new = match read(&after) {
        Ok(new) => new,
        // Behind a quoted value, not behind a plain one, it wants a `}` on a line of its own indented
        // where a key of the mapping is an alias.
        Err(error) if error.info() == "invalid indentation" && before.contains('*') => return,
        Err(error) => panic!("{error}\n{before:?}\n{after:?}"),
    };
    assert_eq!(old.len(), new.len());
    old.iter().zip(&new).for_each(|(old, new)| same_shape(old, new, &after));
});

/// Same keys, same items; scalars that differ are strings afterwards.
fn same_shape(old: &Yaml, new: &Yaml, after: &str) {
    match (old, new) {
        (Yaml::Array(old), Yaml::Array(new)) => {
            assert_eq!(old.len(), new.len(), "{after:?}");
            old.iter().zip(new).for_each(|(old, new)| same_shape(old, new, after));
        }
        (Yaml::Hash(old), Yaml::Hash(new)) => {
            assert!(old.keys().eq(new.keys()), "{after:?}");
            old.values().zip(new.values()).for_each(|(old, new)| same_shape(old, new, after));
        }
        _ => assert!(old == new || new.as_str().is_some(), "{old:?} became {new:?}\n{after:?}"),
    }
}
