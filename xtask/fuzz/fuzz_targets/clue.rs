//! A file in which the search for unconfigured pins finds one has the clue by which it is picked.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use promotion::config::Config;
use promotion::inspect::coverage::{Terms, in_file, may_hold_version};
use promotion::model::path::RepoPath;
use promotion::model::tree::Tree;

/// Every kind of name, in files that the input is not.
const CONFIG: &str = r#"
[component.a]
upstream = "https://example.com/a"
image = "q.io/a"
[component.a.environment.x]
pins = [
  { file = "b.yml", key = "tag" },
  { file = "b.env", variable = "TAG" },
  { file = "c.yml", parameter = "TAG" },
]
"#;

static KNOWN: LazyLock<(Config, Vec<Terms>)> = LazyLock::new(|| {
    let config = Config::parse("promote.toml", CONFIG).expect("it is valid");
    let terms = Terms::of(&config.components[0], &config);
    let terms = Terms { versions: vec!["6ba2ceb".to_owned()], ..terms };
    (config, vec![terms])
});

fuzz_target!(|data: &[u8]| {
    let (config, terms) = &*KNOWN;
    for file in ["a.yaml", "a.json", "a.env"] {
        let path = RepoPath::parse(file).expect("it is a path");
        let tree = Tree(BTreeMap::from([(path.clone(), data.to_vec())]));
        let found = in_file(&path, &tree, terms, config);
        assert!(found.is_empty() || may_hold_version(file, data), "{file}: {found:?}");
    }
});
