//! The demo, as a newcomer runs it.

use std::fs;

use crate::sandbox::Sandbox;

#[test]
fn a_whole_promotion() {
    let sandbox = Sandbox::new();
    let root = sandbox.world.root.clone();
    let run = |args: &[&str]| {
        let demo = sandbox.command(&[&["demo", "--dir", "demo"], args].concat());
        // What a person may have set must not reach the world of the demo.
        let demo = demo.cwd(&root).env("DO_COMMIT", "1").env("APP_INTERFACE", "/nowhere");
        demo.env("GIT_DIR", "/nowhere").run()
    };
    run(&[]).matches("demo");
    fs::write(root.join("demo/mine"), "").unwrap();
    run(&[]).matches("demo");
    assert!(!root.join("demo/mine").exists(), "it is made anew");
    run(&["--quiet", "--color", "never"]).succeeds();
}

#[test]
fn folders_in_use() {
    let sandbox = Sandbox::new();
    let before = sandbox.state();
    for dir in [".", "data", "promote.toml"] {
        sandbox.xtask(&["demo", "--dir", dir]).assert(
            1,
            "",
            &format!(
                "error: `{dir}` is in use, and no demo made it\n  help: name a new or empty folder: `--dir DIR`\n"
            ),
        );
    }
    assert_eq!(sandbox.state(), before);
}
