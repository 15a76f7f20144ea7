//! The demo, as a newcomer runs it.

use std::{env, fs};

use world::executable;

use crate::sandbox::{Output, Sandbox};

/// Compares a run with the recorded one, but for the commit of a merge request: its time is now.
#[track_caller]
fn matches(mut run: Output) {
    let (before, after) = run.stdout.split_once(" revert --no-edit ").unwrap();
    run.stdout = format!("{before} revert --no-edit COMMIT{}", &after[40..]);
    run.matches("demo");
}

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
    matches(run(&[]));
    fs::write(root.join("demo/mine"), "").unwrap();
    matches(run(&[]));
    assert!(!root.join("demo/mine").exists(), "it is made anew");
    run(&["--quiet", "--color", "never"]).succeeds();
}

/// What the user's git is told by its files, its variables and its home stays out of it.
#[test]
fn git_configuration_of_the_user() {
    let sandbox = Sandbox::new();
    let root = sandbox.world.root.clone();
    let settings = "[core]\n\thooksPath = /nowhere\n[commit]\n\tgpgSign = true\n\
        [url \"/nowhere/\"]\n\tinsteadOf = https://github.com/app-sre/qontract-\n";
    fs::write(root.join("settings"), settings).unwrap();
    let demo = sandbox.command(&["demo", "--dir", "demo"]).cwd(&root);
    let demo = demo.env("GIT_CONFIG_GLOBAL", root.join("settings"));
    let demo = demo.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "core.bare");
    matches(demo.env("GIT_CONFIG_VALUE_0", "true").run());
}

/// Dates move along with the calendar, so that ages stay.
#[test]
fn years_later() {
    let sandbox = Sandbox::new();
    let root = sandbox.world.root.clone();
    let target = root.join("target");
    let later = (1_711_533_600 + 1000 * 86_400).to_string();
    let demo = sandbox.command(&["demo"]).cwd(&root);
    let output = demo.env("SOURCE_DATE_EPOCH", later).env("CARGO_TARGET_DIR", &target).run();
    let heading = output.stdout.lines().find(|line| line.contains(": newest is ")).unwrap();
    let (_, age) = heading.split_once(" of ").unwrap();
    assert_eq!((output.status, age), (0, "2026-12-15 (7 d old)"), "{output:?}");
    assert!(target.join("xtask-demo/app-interface").is_dir());
}

/// Whoever tried it yesterday has mirrors of other commits, at the same addresses.
#[test]
fn another_day() {
    let sandbox = Sandbox::new();
    let root = sandbox.world.root.clone();
    let on = |day: i64, args: &[&str]| {
        let now = (1_711_533_600 + day * 86_400).to_string();
        sandbox.command(args).cwd(&root).env("SOURCE_DATE_EPOCH", now).run()
    };
    let status = ["status", "--repo", "demo/app-interface", "--component", "qontract-schemas"];
    on(0, &["demo", "--dir", "demo"]).succeeds();
    on(0, &status).succeeds();
    on(1, &["demo", "--dir", "demo"]).succeeds();
    on(1, &[&status[..], &["--offline"]].concat()).assert(
        0,
        "qontract-schemas: the newest version is unknown\n\
         environment  version  committed  age  behind  pins   promoted           waiting\n\
         pr-check     9bb8b55  ?          ?         ?  agree  2024-03-14 by you\n",
        "note: offline: what only the upstream knows is shown as ?, there is no mirror yet of `https://github.com/app-sre/qontract-schemas`\n",
    );
}

/// What it left is known for a demo's.
#[test]
fn one_that_was_interrupted() {
    let sandbox = Sandbox::new();
    let root = sandbox.world.root.clone();
    fs::create_dir(root.join("bin")).unwrap();
    let git =
        "#!/bin/sh\ncase \" $* \" in *' clone '*) exit 1;; esac\nPATH=$REAL exec git \"$@\"\n";
    executable(&root.join("bin/git"), git).unwrap();
    let path = env::var("PATH").unwrap();
    let demo = || sandbox.command(&["demo", "--dir", "demo"]).cwd(&root);
    let stopped = demo().env("PATH", format!("{}/bin:{path}", root.display()));
    assert_eq!(stopped.env("REAL", &path).run().status, 1);
    matches(demo().run());
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
