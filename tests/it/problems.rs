//! What is refused before anything is planned: the command line, the configuration, the
//! repository, the upstream.

use std::fs;

use crate::sandbox::{HEAD, Output, POINTER, Sandbox};

fn failure(status: i32, stderr: impl Into<String>) -> Output {
    Output { status, stdout: String::new(), stderr: stderr.into() }
}

#[test]
fn usage() {
    let sandbox = Sandbox::new();
    let runs = [
        &[][..],
        &["--help"],
        &["promote"],
        &["promote", "--all", "--env", "tekton"],
        &["qr-promot"],
        &["qr-promote", "--fast"],
        &["qr-promote", "tekton"],
        &["update-schemas", "--env", "tekton"],
        &["qr-promote", "--format", "yaml"],
        &["qr-promote", "--format", "markdown"],
        &["demo", "--format", "json"],
        &["qr-promote", "--allow-downgrade"],
        &["qr-promote", "--allow-downgrade", "--reason", " \n"],
    ];
    let mut all = String::new();
    for args in runs {
        let run = sandbox.xtask(args);
        all += &format!("$ cargo xtask {}\n{}{}", args.join(" "), run.stdout, run.stderr);
        all += &format!("exit status {}\n\n", run.status);
    }
    Output::of(all).matches("usage");
}

#[test]
fn errors_are_documents_too() {
    let sandbox = Sandbox::new();
    sandbox.write("broken.toml", "[component]\nqontract-reconcile = 1\n");
    let runs = [
        (&["promote", "--format", "json"][..], 2),
        (&["--format=json", "promote", "--all", "--env", "x"], 2),
        (&["qr-promote", "--format", "json", "--ref"], 2),
        (&["qr-promote", "--format", "json", "--offline"], 2),
        (&["qr-promote", "--format", "json", "--config", "broken.toml"], 1),
        (&["qr-promote", "--format", "json", "--ref", "nowhere", "--quiet"], 1),
        (&["demo", "--format", "json"], 2),
    ];
    let mut all = String::new();
    for (args, status) in runs {
        let run = sandbox.xtask(args);
        assert_eq!((run.status, run.stderr.as_str()), (status, ""), "{args:?}");
        let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(document["version"], 1);
        all += &format!("$ cargo xtask {}\n{}\n", args.join(" "), run.stdout);
    }
    Output::of(all).matches("error-documents");
}

#[test]
fn configurations() {
    let head = "[component.qontract-reconcile]\nupstream = \"https://github.com/app-sre/qontract-reconcile\"\n[component.qontract-reconcile.environment.x]\n";
    let key = "key = \"qontract_reconcile_image_tag\"";
    let pins = [
        r#"{ file = ".env", variable = "A", key = "b" }"#,
        r#"{ file = ".env", variabel = "A" }"#,
        r#"{ file = "../.env", variable = "A" }"#,
        r#"{ file = ".env", variable = "A" }, { file = ".env", variable = "A" }"#,
        r#"{ file = "none.yml", key = "a" }"#,
        r#"{ files = "data/**/*.yml", key = "no_such_key" }"#,
        r#"{ file = ".env", variable = "NO_SUCH" }"#,
        &format!(
            r#"{{ file = "resources/jenkins/global/defaults.yaml", {key} }}, {{ files = "resources/**/*.yaml", {key} }}"#
        ),
    ];
    let mut texts: Vec<String> = pins.iter().map(|pin| format!("{head}pins = [{pin}]\n")).collect();
    texts.extend(["[component\n", "tag-length = 3\n", ""].map(str::to_owned));
    let sandbox = Sandbox::new();
    let before = sandbox.state();
    let mut all = String::new();
    for text in texts {
        sandbox.write("promote.toml", &text);
        let run = sandbox.xtask(&["qr-promote"]);
        assert_eq!((run.status, run.stdout.as_str()), (1, ""), "{text}");
        all += &format!("{text}{}\n", run.stderr);
    }
    sandbox.git("checkout --quiet promote.toml");
    assert_eq!(sandbox.state(), before);
    assert!(!sandbox.world.root.join("cache").exists(), "nothing was fetched");
    Output::of(all).matches("configurations");
}

#[test]
fn a_configuration_that_is_no_text() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("promote.toml"), b"\xff\xfe").unwrap();
    let refused =
        failure(1, "error: `promote.toml:1`: is not UTF-8\n  help: save the file as UTF-8\n");
    assert_eq!(sandbox.offline(&["qr-promote"]), refused);
    assert_eq!(sandbox.offline(&["qr-promote", "--config", "promote.toml"]), refused);
    assert_eq!(sandbox.xtask(&["discover", "--write"]), refused);
    for (text, expected) in [
        (
            POINTER,
            "error: `promote.toml`: is a Git LFS pointer, its content is not here\n  \
             help: `git lfs pull --include promote.toml`, or keep it out of LFS\n",
        ),
        (
            "[repository]\n<<<<<<< HEAD\nremote = 'a'\n=======\n>>>>>>> other\n",
            "error: `promote.toml:2:1`: a merge conflict is not resolved: `<<<<<<< HEAD`\n  \
             help: resolve it first\n",
        ),
    ] {
        sandbox.write("promote.toml", text);
        assert_eq!(sandbox.offline(&["qr-promote"]), failure(1, expected));
    }
    fs::remove_file(sandbox.path("promote.toml")).unwrap();
    fs::create_dir(sandbox.path("promote.toml")).unwrap();
    let refused = failure(1, "error: `promote.toml`: is not a regular file\n");
    assert_eq!(sandbox.offline(&["qr-promote"]), refused);
}

#[test]
fn another_repository() {
    let sandbox = Sandbox::new();
    let other = sandbox.world.root.join("other");
    fs::create_dir(&other).unwrap();
    sandbox.git_in(&other, &["init", "--quiet"], "");
    for command in [&["qr-promote"][..], &["update-schemas"], &["promote", "--env", "tekton"]] {
        let run = sandbox.command(command).cwd(&other).run();
        run.matches(&format!("another-repository-{}", command[0]));
    }
    sandbox.command(&["changes"]).cwd(&other).run().matches("another-repository-changes");
    assert!(!sandbox.world.root.join("cache").exists(), "nothing was fetched");
}

#[test]
fn upstreams() {
    let sandbox = Sandbox::new();
    let path = &sandbox.world.reconcile.path;
    let kept = path.with_extension("kept");
    fs::rename(path, &kept).unwrap();
    let before = sandbox.state();
    sandbox.xtask(&["qr-promote"]).matches("upstream-missing");
    sandbox.git(&format!("init --quiet --bare --template= {}", path.display()));
    sandbox.xtask(&["qr-promote"]).matches("upstream-empty");
    fs::remove_dir_all(path).unwrap();
    fs::rename(&kept, path).unwrap();
    for reference in
        ["mastre", "0123456", "master~1", "--upload-pack=x", "", HEAD.trim_start_matches('7')]
    {
        let run = sandbox.xtask(&["qr-promote", &format!("--ref={reference}"), "--quiet"]);
        let name: String = reference.chars().filter(char::is_ascii_alphanumeric).take(9).collect();
        run.matches(&format!("upstream-ref-{name}"));
    }
    fs::rename(&sandbox.world.schemas.path, &kept).unwrap();
    let run = sandbox.xtask(&["promote", "--env", "jenkins", "--dry-run"]);
    run.matches("upstream-schemas-missing");
    assert_eq!(sandbox.state(), before);
}
