//! What each promoting command prints and does, in text and in JSON; what is asked of it.

use std::fs;

use crate::sandbox::{HEAD, SCHEMAS_HEAD, Sandbox};

const TEKTON: &str = "data/services/app-interface/shared-resources/openshift-saas-deploy.yml";

#[test]
fn qr_promote_dry_run() {
    let sandbox = Sandbox::new();
    let before = sandbox.state();
    sandbox.xtask(&["qr-promote", "--dry-run"]).matches("qr-promote-dry-run");
    sandbox.xtask(&["qr-promote", "-n", "--format", "json"]).matches("qr-promote-dry-run-json");
    assert_eq!(sandbox.state(), before);
}

#[test]
fn qr_promote_edits() {
    let sandbox = Sandbox::new();
    sandbox.xtask(&["qr-promote"]).matches("qr-promote");
    sandbox.xtask(&["qr-promote"]).matches("qr-promote-uncommitted");
}

#[test]
fn qr_promote_commits() {
    let sandbox = Sandbox::new();
    sandbox.xtask(&["qr-promote", "--commit"]).matches("qr-promote-commit");
    sandbox.xtask(&["qr-promote", "--commit"]).matches("qr-promote-again");
    assert_eq!(sandbox.git("status --porcelain"), "");
}

#[test]
fn update_schemas() {
    let sandbox = Sandbox::new();
    sandbox.xtask(&["update-schemas", "--dry-run"]).matches("update-schemas-dry-run");
    sandbox.xtask(&["update-schemas"]).matches("update-schemas");
    sandbox.xtask(&["update-schemas", "--commit"]).matches("update-schemas-commit");
    sandbox.xtask(&["update-schemas"]).matches("update-schemas-again");
}

#[test]
fn documents() {
    let sandbox = Sandbox::new();
    let json = ["--format", "json", "--quiet"];
    let run = |args: &[&str]| sandbox.xtask(&[args, &json].concat());
    run(&["update-schemas"]).matches("update-schemas-json");
    run(&["update-schemas", "--commit"]).matches("update-schemas-commit-json");
    run(&["update-schemas"]).matches("update-schemas-again-json");
    run(&["promote", "--env", "jenkins"]).matches("promote-jenkins-json");
}

#[test]
fn one_environment() {
    let sandbox = Sandbox::new();
    sandbox.xtask(&["promote", "--env", "jenkins"]).matches("promote-jenkins");
    assert_eq!(sandbox.git("status --porcelain"), " M resources/jenkins/global/defaults.yaml\n");
}

#[test]
fn another_component() {
    let sandbox = Sandbox::new();
    let schemas = ["promote", "--component", "qontract-schemas"];
    sandbox.xtask(&[&schemas[..], &["--env", "pr-check"]].concat()).matches("promote-schemas");
    sandbox.xtask(&[&schemas[..], &["--all", "--commit"]].concat()).matches("promote-schemas-all");
}

/// The files that a promotion of these environments changes.
fn promoted(sandbox: &Sandbox, args: &[&str]) -> String {
    sandbox.offline(args).succeeds();
    let all = sandbox.git("status --porcelain");
    sandbox.reset();
    let names = all.lines().map(|line| line.rsplit('/').next().unwrap_or(line));
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn environments() {
    let sandbox = Sandbox::new();
    let promoted = |args: &[&str]| promoted(&sandbox, args);
    let saas = "saas-qontract-reconcile.yaml";
    let internal = "saas-qontract-reconcile-int.yaml";
    for names in [
        &["--env", "internal", "--env", "jenkins"][..],
        &["--env", "internal,jenkins"],
        &["--env=jenkins,appsres03ue1"],
        &["--env", "jenkins", "internal"],
        &["--env", "appsrep05ue1,jenkins,internal,jenkins,appsres03ue1"],
    ] {
        for command in ["qr-promote", "promote"] {
            let args = [&[command], names].concat();
            assert_eq!(promoted(&args), format!("{internal} defaults.yaml"), "{args:?}");
        }
    }
    assert_eq!(promoted(&["promote", "--env", "app-sre-prod-01"]), saas);
    let all = format!(
        " M .env {saas} {internal} gitlab-webhooks.yml openshift-saas-deploy-v1.yaml \
         openshift-saas-deploy-many.yml openshift-saas-deploy.yml push-gateway.yml defaults.yaml"
    );
    assert_eq!(promoted(&["qr-promote"]), all);
    assert_eq!(promoted(&["promote", "--all"]), all);
}

/// A word behind the name of a component takes what it names exactly, or else all that it fits.
#[test]
fn environments_by_words() {
    let sandbox = Sandbox::new();
    let internal = "saas-qontract-reconcile-int.yaml";
    for (words, expected) in [
        (&["qontract-reconcile", "prod"][..], "saas-qontract-reconcile.yaml".to_owned()),
        (&["qontract-reconcile", "JENKINS", "appsrep"], format!("{internal} defaults.yaml")),
        (&["qontract-rec", "*-check", "internal"], format!(" M .env {internal}")),
        (&["qontract-reconcile", "{jenkins,internal}", "jen"], format!("{internal} defaults.yaml")),
        (&["qontract-reconcile", "jen", "--env", "internal"], format!("{internal} defaults.yaml")),
        (&["jenkins", "appsres03ue1"], format!("{internal} defaults.yaml")),
    ] {
        let args = [&["promote"], words].concat();
        assert_eq!(promoted(&sandbox, &args), expected, "{args:?}");
    }
    let known = "known environments: `app-sre-prod-01`, `internal` (also `appsres03ue1`, `appsrep05ue1`), `pr-check`, `jenkins`, `tekton`";
    sandbox.xtask(&["promote", "qontract-reconcile", "prod", "nowhere"]).assert(
        1,
        "",
        &format!("error: `promote.toml:3:12`: component `qontract-reconcile` has no environment `nowhere`\n  help: {known}\n"),
    );
}

/// They would narrow nothing.
#[test]
fn options_of_saas_files() {
    let sandbox = Sandbox::new();
    for option in [
        &["--template", "x"][..],
        &["--target", "x"],
        &["--namespace", "x"],
        &["--like", "x"],
        &["--hotfix"],
        &["--split"],
    ] {
        let refused = |args: &[&str], message: &str| {
            sandbox.xtask(&[args, option].concat()).assert(2, "", message);
        };
        let name = option[0];
        refused(
            &["promote", "qontract-reconcile", "prod"],
            &format!(
                "error: `{name}` is for saas files, and `qontract-reconcile` is a component\n  \
                 help: name the saas file with `--saas`\n"
            ),
        );
        for command in [&["promote", "--env", "jenkins"][..], &["promote", "--all"]] {
            let output = sandbox.xtask(&[command, option].concat());
            let message = "error: the following required arguments were not provided: \
                           <NAME [WHERE]|--saas <NAME>...|--owner <TEAM>>\n";
            assert!(output.status == 2 && output.stderr.starts_with(message), "{}", output.stderr);
        }
    }
    let rollback = ["rollback", "--env", "jenkins", "--reason", "x", "--target", "x"];
    let output = sandbox.xtask(&rollback);
    let message = "error: the following required arguments were not provided: \
                   <--saas <NAME>...|--owner <TEAM>>\n";
    assert!(output.status == 2 && output.stderr.starts_with(message), "{}", output.stderr);
    for words in [
        &["qontract-reconcile", "prod"][..],
        &["saas-qontract-reconcile", "prod"],
        &["prod-is-no-name", "prod"],
    ] {
        let output = sandbox.xtask(&[&["promote", "--all"], words].concat());
        let is_known = words[0] != "prod-is-no-name";
        let message = "error: `--all` can't be used with `prod`\n  help: leave one of them out\n";
        assert_eq!(output.stderr == message, is_known, "{}", output.stderr);
        assert!(output.status != 0);
    }
    assert_eq!(sandbox.git("status --porcelain"), "");
}

#[test]
fn unknown_names() {
    let sandbox = Sandbox::new();
    let known = "known environments: `app-sre-prod-01`, `internal` (also `appsres03ue1`, `appsrep05ue1`), `pr-check`, `jenkins`, `tekton`";
    let meant = |name: &str| format!("did you mean `{name}`?\n        ");
    let cases = [
        ("prod", "prod", meant("app-sre-prod-01")),
        ("jenkins,Tekton", "Tekton", meant("tekton")),
        ("appsres03", "appsres03", meant("appsres03ue1")),
        ("jenkins,", "", String::new()),
        ("jenkins,22e638d", "22e638d", "a version goes in `--ref`\n        ".to_owned()),
    ];
    for (typed, name, meant) in cases {
        sandbox.xtask(&["qr-promote", "--env", typed]).assert(
            1,
            "",
            &format!(
                "error: `promote.toml:3:12`: component `qontract-reconcile` has no environment `{name}`\n  help: {meant}{known}\n"
            ),
        );
    }
    sandbox.xtask(&["promote", "--all", "--component", "qontract"]).assert(
        1,
        "",
        "error: `promote.toml`: unknown component `qontract`\n  help: did you mean `qontract-schemas` or `qontract-reconcile`?\n        known components: `qontract-reconcile`, `qontract-schemas`\n",
    );
}

/// What jenkins runs after a promotion to this reference.
fn runs_after(sandbox: &Sandbox, reference: &str) -> String {
    sandbox.xtask(&["promote", "--env", "jenkins", "--ref", reference, "-q"]).succeeds();
    let text = sandbox.read("resources/jenkins/global/defaults.yaml");
    sandbox.git("checkout --quiet .");
    text.split('\'').nth(1).unwrap().to_owned()
}

#[test]
fn references() {
    let sandbox = Sandbox::new();
    for (reference, tag) in [
        ("master", "7a734a7"),
        ("HEAD", "7a734a7"),
        (HEAD, "7a734a7"),
        ("7a734a7c2", "7a734a7"),
        ("3F583C2", "3f583c2"),
        ("refs/heads/master", "7a734a7"),
    ] {
        assert_eq!(runs_after(&sandbox, reference), tag, "{reference}");
    }
}

/// The address of a page is a version too, if it is a page of the upstream.
#[test]
fn pages_are_references() {
    let sandbox = Sandbox::new();
    let address = "https://github.com/app-sre/qontract-reconcile";
    for (page, tag) in [
        ("commit/3f583c2", "3f583c2"),
        (&format!("-/commit/{HEAD}?ref_type=heads"), "7a734a7"),
        ("tree/master", "7a734a7"),
        ("releases/tag/v0.10.0", &runs_after(&sandbox, "v0.10.0")),
    ] {
        assert_eq!(runs_after(&sandbox, &format!("{address}/{page}")), tag, "{page}");
    }
    let other = "https://github.com/app-sre/qontract-schemas/commit/3f583c2";
    sandbox.xtask(&["qr-promote", "--ref", other, "-q"]).assert(
        2,
        "",
        &format!(
            "error: `{other}` is no page of a commit, branch or tag of `{address}`\n  help: give a branch, a tag, or 7 or more digits of a commit\n"
        ),
    );
}

#[test]
fn offline() {
    let sandbox = Sandbox::new();
    let usage = |found: &str| {
        format!(
            "error: `--offline` needs a full commit in `--ref`, found {found}\n  help: give all 40 digits, or leave `--offline` out\n"
        )
    };
    sandbox.xtask(&["qr-promote", "--offline"]).assert(2, "", &usage("nothing"));
    for typed in ["master", "7a734a7", "7a734a7c2c6a3a95816f09dec686865dd610738"] {
        let run = sandbox.xtask(&["qr-promote", "--offline", "--ref", typed]);
        run.assert(2, "", &usage(&format!("`{typed}`")));
    }
    fs::remove_dir_all(sandbox.world.root.join("upstream")).unwrap();
    let jenkins = ["promote", "--env", "jenkins", "--offline", "--ref", HEAD];
    sandbox.xtask(&[&jenkins[..], &["-n"]].concat()).matches("promote-offline");
    sandbox.xtask(&jenkins).succeeds();
    sandbox.xtask(&jenkins).matches("promote-offline-again");
}

#[test]
fn offline_with_a_cache() {
    let sandbox = Sandbox::new();
    sandbox.xtask(&["changes"]).succeeds();
    fs::remove_dir_all(sandbox.world.root.join("upstream")).unwrap();
    let run = ["promote", "--env", "jenkins", "--offline", "--ref", HEAD, "--commit"];
    sandbox.xtask(&run).matches("promote-offline-cache");
    sandbox.xtask(&["update-schemas", "--offline", "--ref", SCHEMAS_HEAD, "-n", "-q"]).succeeds();
}

#[test]
fn built_in_configuration() {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.path("promote.toml")).unwrap();
    sandbox.offline(&["qr-promote"]).matches("qr-promote-built-in");
    let schemas = ["update-schemas", "--offline", "-q", "--ref", SCHEMAS_HEAD];
    sandbox.xtask(&schemas).matches("update-schemas-built-in");
}

#[test]
fn named_configuration() {
    let sandbox = Sandbox::new();
    let text = "[component.mirror]\nupstream = \"https://github.com/app-sre/github-mirror\"\n[component.mirror.environment.here]\npins = [{ file = \"a b/ü.env\", variable = \"TAG\" }]\n";
    fs::write(sandbox.world.root.join("other.toml"), text).unwrap();
    sandbox.write("a b/ü.env", "TAG=latest");
    let run = ["promote", "--config", "../other.toml", "--component", "mirror", "--all"];
    sandbox.xtask(&run).matches("named-configuration");
    sandbox.command(&["qr-promote", "--config", "promote.toml"]).cwd("data").run().assert(
        1,
        "",
        "error: `promote.toml`: can't be read: No such file or directory (os error 2)\n  \
         help: name another file with `--config`, or leave it out\n",
    );
    let empty = ["status", "--config", "/dev/null"];
    sandbox.xtask(&empty).assert(0, "", "");
}

#[test]
fn places() {
    let sandbox = Sandbox::new();
    let root = sandbox.world.root.clone();
    let top = sandbox.world.repository.to_str().unwrap();
    let args = ["promote", "--env", "jenkins", "--ref", HEAD, "--offline", "-n", "-q"];
    let expected = sandbox.xtask(&args);
    let named = [&args[..], &["--repo", "app-interface"]].concat();
    let runs = [
        sandbox.command(&args).cwd("data/services"),
        sandbox.command(&args).cwd(&root).env("APP_INTERFACE", top),
        sandbox.command(&args).cwd(&root).env("APP_INTERFACE", "app-interface"),
        sandbox.command(&args).env("APP_INTERFACE", ""),
        sandbox.command(&named).cwd(&root),
        sandbox.command(&named).cwd(&root).env("APP_INTERFACE", "/nowhere"),
    ];
    for run in runs {
        assert_eq!(run.run(), expected);
    }
    let help = "  help: name the checkout: `--repo DIR`, or the variable `APP_INTERFACE`\n";
    sandbox.command(&args).env("APP_INTERFACE", "/nowhere").run().assert(
        1,
        "",
        &format!("error: `/nowhere` is not a folder\n{help}"),
    );
    sandbox.command(&args).cwd("/").run().assert(
        1,
        "",
        &format!("error: `/` is not in a git work tree\n{help}"),
    );
    let git_dir = sandbox.command(&args).cwd(".git").run();
    git_dir.assert(1, "", "error: this is a bare repository or a `.git` folder\n  help: name the folder of a checkout with `--repo`\n");
}

#[test]
fn a_plain_folder() {
    let sandbox = Sandbox::new();
    let plain = std::env::temp_dir().join(format!("xtask-plain-{}", std::process::id()));
    fs::create_dir_all(&plain).unwrap();
    fs::write(plain.join(".env"), "RECONCILE_IMAGE_TAG=latest\n").unwrap();
    let run = |args: &[&str]| {
        let common = ["promote", "--env", "pr-check", "--offline", "-q", "--ref", HEAD, "--repo"];
        sandbox.xtask(&[&common[..], &[plain.to_str().unwrap()], args].concat())
    };
    let refused = run(&["--commit"]);
    let first = run(&[]);
    let second = run(&[]);
    let after = fs::read_to_string(plain.join(".env")).unwrap();
    let left = fs::read_dir(&plain).unwrap().count();
    fs::remove_dir_all(&plain).unwrap();

    let shown = plain.display();
    refused.assert(
        1,
        "",
        &format!("error: `{shown}` is not the top of a git checkout\n  help: name the top with `--repo`, or leave `--commit` out to edit the files only\n"),
    );
    let head = format!("qontract-reconcile 7a734a7 {HEAD}\npr-check\n");
    first.assert(0, &format!("{head}  latest -> 7a734a7  .env:1\n\ndiff --git a/.env b/.env\n--- a/.env\n+++ b/.env\n@@ -1 +1 @@\n-RECONCILE_IMAGE_TAG=latest\n+RECONCILE_IMAGE_TAG=7a734a7\n\n1 file edited; to commit it:\n  cargo xtask promote --repo {shown} --offline --env pr-check --ref {HEAD} --commit\n"), "");
    second.assert(
        0,
        &format!(
            "{head}  7a734a7 already there  .env:1\n\nnothing to do: every pin is there already\n"
        ),
        "",
    );
    assert_eq!((after.as_str(), left), ("RECONCILE_IMAGE_TAG=7a734a7\n", 1));
}

#[test]
fn a_folder_inside_a_checkout() {
    let sandbox = Sandbox::new();
    sandbox.write("copy/.env", "RECONCILE_IMAGE_TAG=latest\n");
    sandbox.replace(".env", "# Integrations", "# Another change");
    sandbox.commit_all();
    sandbox.write(".env", "mine");
    let before = sandbox.state();
    let run = ["promote", "--env", "pr-check", "--commit", "--repo", "copy"];
    sandbox.offline(&run).assert(
        1,
        "",
        "error: `copy` is not the top of a git checkout\n  help: name the top with `--repo`, or leave `--commit` out to edit the files only\n",
    );
    assert_eq!(sandbox.state(), before);
}

#[test]
fn a_linked_work_tree() {
    let sandbox = Sandbox::new();
    sandbox.git("worktree add --quiet ../linked -b other");
    let run = sandbox.command(&["promote", "--env", "jenkins", "--commit", "-q"]).cwd("../linked");
    run.run().matches("linked-work-tree");
    assert_eq!(sandbox.git("status --porcelain"), "");
    assert_eq!(
        sandbox.git("log -1 --format=%s other"),
        "qontract-reconcile promotion 47fbced to 7a734a7\n"
    );
    assert_eq!(sandbox.read(TEKTON), sandbox.git(&format!("show HEAD:{TEKTON}")));
}
