//! What git does with a file decides whether it can be promoted: its states, its conversions, and
//! what is under way in the checkout.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

use crate::landing::{JENKINS, SAAS, SHARED, check_refused};
use crate::sandbox::{HEAD, POINTER, Sandbox};

const SPARSE: &str = "git has it, but it is not checked out (sparse checkout)";

/// The line ends and the filters that git may be told to convert, with a file in each.
#[test]
fn conversions() {
    let sandbox = Sandbox::new();
    let convert: [(&str, &str, &str); 5] = [
        ("core.autocrlf true", "", "\r\n"),
        ("core.autocrlf input", "", "\n"),
        ("core.eol crlf", "* text=auto", "\r\n"),
        ("core.autocrlf false", "*.env text eol=crlf", "\r\n"),
        ("filter.big.clean sed_s/export/EXPORT/", ".env filter=big", "\n"),
    ];
    for (config, attributes, line_end) in convert {
        let two_steps = [&["promote", "--env", "pr-check,tekton"][..], &["qr-promote", "--commit"]];
        let one_step = [&["qr-promote", "--commit"][..]];
        let mut trees = Vec::new();
        for steps in [&one_step[..], &two_steps] {
            let (name, value) = config.split_once(' ').unwrap();
            let value = value.replace('_', " ");
            let top = sandbox.path("");
            sandbox.git_in(&top, &["config", name, &value], "");
            sandbox.git_in(&top, &["config", "filter.big.smudge", "sed s/EXPORT/export/"], "");
            sandbox.write(".git/info/attributes", attributes);
            let env = sandbox.read(".env").replace("\r\n", "\n").replace('\n', line_end);
            sandbox.write(".env", &env);
            sandbox.git("add --all");
            sandbox.git("commit --quiet --allow-empty -m Everything");
            for step in steps {
                sandbox.offline(step).succeeds();
            }
            assert_eq!(sandbox.git("status --porcelain"), "", "{config}");
            trees.push(sandbox.git("rev-parse HEAD^{tree}"));
            let stat = sandbox.git("show --format= --numstat HEAD -- .env");
            assert_eq!(stat, "1\t1\t.env\n", "{config}");
            let env = env.replace("72aebf9-rc", "7a734a7");
            assert_eq!(sandbox.read(".env"), env, "{config}");
            sandbox.git(&format!("config --unset {name}"));
            fs::remove_file(sandbox.path(".git/info/attributes")).unwrap();
            sandbox.reset();
        }
        assert_eq!(trees[0], trees[1], "{config}");
    }
}

/// A promotion with these options is refused after `prepare`, for this reason.
fn refused(options: &[&str], prepare: impl Fn(&Sandbox), file: &str, reason: &str, cure: &str) {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    prepare(&sandbox);
    let before = sandbox.state();
    let expected = format!("error: `{file}`: {reason}\n  help: {cure}\n");
    sandbox.offline(&[&["qr-promote"], options].concat()).assert(1, "", &expected);
    assert_eq!(sandbox.state(), before);
}

#[test]
fn files_that_a_commit_would_pass_over() {
    for bit in ["skip-worktree", "assume-unchanged"] {
        let set = |sandbox: &Sandbox| {
            sandbox.git(&format!("update-index --{bit} .env"));
            sandbox.replace(".env", "9d4c1b7", "0000000");
        };
        let reason = format!("git is told to pass over its changes (`{bit}`)");
        let cure = format!("`git update-index --no-{bit} .env` first, or leave `--commit` out");
        refused(&["--commit"], set, ".env", &reason, &cure);
    }
    let ignore = |sandbox: &Sandbox| {
        sandbox.git("rm --quiet --cached .env");
        sandbox.write(".gitignore", ".env\n");
        sandbox.commit_all();
    };
    let cure = "`git add --force .env` and commit it first, or leave `--commit` out";
    refused(&["--commit"], ignore, ".env", "is ignored by git, so no commit has it", cure);
}

#[test]
fn files_that_are_not_here() {
    let push = format!("{SHARED}/push-gateway.yml");
    for file in [JENKINS, &push] {
        let leave_out = |sandbox: &Sandbox| {
            sandbox.git(&format!("sparse-checkout set --no-cone /* !/{file}"));
        };
        let cure = format!("`git sparse-checkout add /{file}`, or `--mr`, which needs no checkout");
        for options in [&["--dry-run"][..], &["--no-image-check"], &["--commit"]] {
            refused(options, leave_out, file, SPARSE, &cure);
        }
    }
    let leave_out = |sandbox: &Sandbox| drop(sandbox.git("sparse-checkout set --cone data"));
    let cure =
        "`git sparse-checkout add resources/jenkins/global`, or `--mr`, which needs no checkout";
    refused(&["--dry-run"], leave_out, JENKINS, SPARSE, cure);
    let leave_out =
        |sandbox: &Sandbox| drop(sandbox.git("sparse-checkout set --no-cone /* !/promote.toml"));
    let cure = "`git sparse-checkout add /promote.toml`";
    refused(&["--dry-run"], leave_out, "promote.toml", SPARSE, cure);
    for file in [JENKINS, &push] {
        let point = |sandbox: &Sandbox| sandbox.write(file, POINTER);
        let cure = format!("`git lfs pull --include {file}`, or keep it out of LFS");
        refused(
            &["--dry-run"],
            point,
            file,
            "is a Git LFS pointer, its content is not here",
            &cure,
        );
    }
}

/// What asks for a file names the cause and a cure, which helps.
#[test]
fn cures_of_sparse_checkouts() {
    let sandbox = Sandbox::covered();
    sandbox.write("[a] b.env", "TAG=47fbced\n");
    sandbox.commit_all();
    for file in [".env", "[a] b.env", JENKINS] {
        let pattern = format!("!/{}", file.replace(['[', ' '], "?"));
        sandbox.git(&format!("sparse-checkout set --no-cone /* {pattern}"));
        assert!(!sandbox.path(file).exists(), "{file}");
        let named = match file {
            "[a] b.env" => "'/?a] b.env'".to_owned(),
            file => format!("/{file}"),
        };
        let expected =
            format!("error: `{file}`: {SPARSE}\n  help: `git sparse-checkout add {named}`\n");
        sandbox.xtask(&["explain", file]).assert(1, "", &expected);
        if file != "[a] b.env" {
            let status = sandbox.xtask(&["status", "--offline"]);
            assert!(status.stdout.contains(&format!("error: `{file}`: {SPARSE}\n")), "{status:?}");
        }
        let named = named.trim_matches('\'');
        sandbox.git_in(&sandbox.path(""), &["sparse-checkout", "add", named], "");
        assert!(sandbox.path(file).exists(), "{file}");
    }
}

/// Of the target branch, too, and whoever reads it.
#[test]
fn pointers_of_git_lfs() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    let push = format!("{SHARED}/push-gateway.yml");
    for file in [JENKINS, &push] {
        sandbox.write(file, POINTER);
        sandbox.git("commit --quiet --all -m Pointer");
        sandbox.git("push --quiet --force origin master");
        let expected = format!(
            "error: `{file}`: is a Git LFS pointer, its content is not here\n  \
             help: `git lfs pull --include {file}`, or keep it out of LFS\n"
        );
        sandbox.xtask(&["explain", file]).assert(1, "", &expected);
        let status = sandbox.xtask(&["status", "--offline"]).stdout;
        assert!(status.contains("is a Git LFS pointer, its content is not here\n"), "{status}");
        sandbox.git("reset --quiet --hard HEAD~1");
        sandbox
            .xtask(&["qr-promote", "--mr", "--quiet", "--no-image-check"])
            .assert(1, "", &expected);
    }
    // A file without pins is no reason to refuse anything.
    sandbox.write("data/teams/app-sre/users/mcastell.yml", POINTER);
    sandbox.git("commit --quiet --all -m Pointer");
    sandbox.git("push --quiet --force origin master");
    sandbox.xtask(&["qr-promote", "--mr", "--quiet", "--no-image-check"]).succeeds();
}

#[test]
fn files_of_other_repositories() {
    let pin = |sandbox: &Sandbox| {
        let toml = sandbox.read("promote.toml")
            + "\n[component.qontract-reconcile.environment.sub]\npins = [{ file = 'sub/x.env', variable = 'TAG' }]\n";
        sandbox.write("promote.toml", &toml);
    };
    let nested = |sandbox: &Sandbox| {
        pin(sandbox);
        sandbox.write("sub/x.env", "TAG=47fbced\n");
        sandbox.git("init --quiet sub");
    };
    let cure = "promote it there, with `--repo sub`";
    refused(&["--dry-run"], nested, "sub/x.env", "lies in another repository, `sub`", cure);
    let submodule = |sandbox: &Sandbox| {
        pin(sandbox);
        sandbox.git(&format!("update-index --add --cacheinfo 160000,{HEAD},sub"));
    };
    let cure = "promote it in a checkout of that repository";
    refused(&["--dry-run"], submodule, "sub/x.env", "lies in the submodule `sub`", cure);
}

#[test]
fn commits_that_no_branch_gets() {
    for (start, what) in [
        ("checkout --quiet --detach", "`HEAD` is detached"),
        ("bisect start --no-checkout HEAD HEAD~1", "a bisect is in progress"),
    ] {
        let sandbox = Sandbox::covered();
        sandbox.commit_all();
        sandbox.git(start);
        let reason = format!("{what}, so no branch gets the commit");
        let help = "  help: `git switch BRANCH` first, or keep it with `git branch NAME`\n";
        let commit = ["promote", "--env", "jenkins", "--commit"];
        let before = sandbox.state();
        let strict = [&commit[..], &["--strict"]].concat();
        sandbox.offline(&strict).assert(
            1,
            "",
            &format!("error: {reason}\n{}", help.replace("`\n", "`; or leave `--strict` out\n")),
        );
        assert_eq!(sandbox.state(), before);
        let output = sandbox.offline(&commit).succeeds();
        assert_eq!(output.stderr, format!("warning: {reason}\n{help}"));
    }
}

#[test]
fn modes_are_kept() {
    let sandbox = Sandbox::new();
    let modes = [(".env", 0o755), (JENKINS, 0o600), (SAAS, 0o444)];
    for (path, mode) in modes {
        fs::set_permissions(sandbox.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    // Only root may give files away.
    for (path, _) in modes {
        let _ = chown(sandbox.path(path), Some(1234), Some(1234));
    }
    let owner = fs::metadata(sandbox.path(SAAS)).map(|meta| (meta.uid(), meta.gid())).unwrap();
    sandbox.git("add --update");
    sandbox.git("commit --quiet -m Modes");
    sandbox.offline(&["qr-promote", "--commit"]).succeeds();
    for (path, mode) in modes {
        let meta = fs::metadata(sandbox.path(path)).unwrap();
        assert_eq!((meta.mode() & 0o7777, meta.nlink()), (mode, 1), "{path}");
        assert_eq!((meta.uid(), meta.gid()), owner, "{path}");
    }
    assert_eq!(sandbox.git("status --porcelain"), "");
    assert_eq!(sandbox.git("ls-tree HEAD .env")[..7], *"100755 ");
}

#[test]
fn symbolic_links() {
    let refused = |path: &str| {
        format!(
            "error: `{path}`: is a symbolic link, or lies behind one\n  help: name the file that it points to\n"
        )
    };
    let sandbox = Sandbox::new();
    let elsewhere = sandbox.world.root.join("elsewhere");
    let legacy = format!("{SHARED}/legacy/openshift-saas-deploy-v1.yaml");
    for (moved, reported) in
        [(JENKINS, JENKINS), ("resources/jenkins", JENKINS), (&legacy, &legacy)]
    {
        for landing in ["--commit", "--dry-run", "--no-image-check"] {
            fs::rename(sandbox.path(moved), &elsewhere).unwrap();
            symlink(&elsewhere, sandbox.path(moved)).unwrap();
            sandbox.commit_all();
            let before = sandbox.state();
            let args =
                ["promote", "--env", "pr-check,jenkins,tekton", "-q", "--offline", "--ref", HEAD];
            let args = [&args[..], &[landing]].concat();
            sandbox.xtask(&args).assert(1, "", &refused(reported));
            assert_eq!(sandbox.state(), before);
            sandbox.reset();
            let _ = fs::remove_dir_all(&elsewhere).or_else(|_| fs::remove_file(&elsewhere));
        }
    }
}

/// Their pins would stay behind in the commit. Nobody minds a file without one.
#[test]
fn files_that_are_removed_and_not_committed() {
    let push = format!("{SHARED}/push-gateway.yml");
    let cure = "commit that first, or bring the file back, or leave `--commit` out";
    let reason = "is removed, but not in the last commit: its pins would stay";
    let remove = |sandbox: &Sandbox| fs::remove_file(sandbox.path(&push)).unwrap();
    refused(&["--commit"], remove, &push, reason, cure);
    let unstage = |sandbox: &Sandbox| drop(sandbox.git(&format!("rm --quiet {push}")));
    refused(&["--commit"], unstage, &push, reason, cure);
    let sandbox = Sandbox::covered();
    sandbox.write(&format!("{SHARED}/other.yml"), "a: 1\n");
    sandbox.commit_all();
    fs::remove_file(sandbox.path(&format!("{SHARED}/other.yml"))).unwrap();
    sandbox.offline(&["qr-promote", "--commit"]).succeeds();
    fs::remove_file(sandbox.path(&push)).unwrap();
    sandbox.offline(&["promote", "--env", "tekton"]).succeeds();
}

#[test]
fn names_that_are_no_paths() {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    for (name, shown) in [
        (&b"a\nb.yml"[..], "a\\u{a}b.yml"),
        (b"a\\b.yml", "a\\b.yml"),
        (b"caf\xe9.yml", "caf\u{fffd}.yml"),
    ] {
        let expected = format!(
            "error: `{SHARED}/{shown}`: a pin may be in it, but its name is not plain UTF-8\n  \
             help: rename the file, or narrow the glob\n"
        );
        let path = sandbox.path(SHARED).join(OsStr::from_bytes(name));
        fs::write(path, "qontract_reconcile_image_tag: 47fbced\n").unwrap();
        sandbox.offline(&["promote", "--env", "tekton", "--dry-run"]).assert(1, "", &expected);
        sandbox.commit_all();
        sandbox.git("push --quiet --force origin master");
        sandbox.git("reset --quiet --hard HEAD~1");
        let args = ["promote", "--env", "tekton", "--mr", "--quiet", "--no-image-check"];
        sandbox.xtask(&args).assert(1, "", &expected);
    }
}

/// As some programs write JSON.
#[test]
fn slashes_with_escapes() {
    let sandbox = Sandbox::covered();
    let toml = sandbox.read("promote.toml")
        + "\n[component.qontract-reconcile.environment.json]\n\
           pins = [{ files = 'json/*.json', image = 'quay.io/app-sre/qontract-reconcile' }]\n";
    sandbox.write("promote.toml", &toml);
    sandbox.write("json/a.json", r#"{"image": "quay.io/app-sre/qontract-reconcile:47fbced"}"#);
    sandbox.write("json/b.json", r#"{"image": "quay.io\/app-sre\/qontract-reconcile:47fbced"}"#);
    sandbox.commit_all();
    sandbox.git("push --quiet origin master");
    let expected = "error: `json/b.json:1`: image `quay.io/app-sre/qontract-reconcile`: `47fbced` is written with escapes\n  \
                    help: nothing but the pin itself may change: edit this one by hand, or write it out in the file\n";
    for landing in ["--dry-run", "--mr"] {
        let args = ["promote", "--env", "json", "-q", "--no-image-check", landing];
        sandbox.xtask(&args).assert(1, "", expected);
    }
}

/// Other repositories inside the checkout are not the checkout.
#[test]
fn repositories_inside_are_left_alone() {
    let sandbox = Sandbox::new();
    let inside = format!("{SHARED}/inside");
    let pin = "qontract_reconcile_image_tag: 47fbced\n";
    sandbox.write(&format!("{inside}/pin.yml"), pin);
    sandbox.git_in(&sandbox.path(&inside), &["init", "--quiet"], "");
    sandbox.offline(&["promote", "--env", "tekton"]).succeeds();
    assert_eq!(sandbox.read(&format!("{inside}/pin.yml")), pin);
}

#[test]
fn operations_under_way() {
    for (start, name) in [
        ("merge other", "merge"),
        ("rebase other", "rebase"),
        ("rebase --apply other", "rebase"),
        ("am other.patch", "`git am`"),
        ("cherry-pick other", "cherry-pick"),
        ("revert --no-edit HEAD~1", "revert"),
    ] {
        let expected = format!(
            "error: a {name} is in progress in this checkout\n  help: finish or abort it first, or use `--mr`, which leaves the checkout alone\n"
        );
        check_refused(&Sandbox::new(), &expected, |sandbox| {
            for (branch, text) in
                [("-b other", "theirs\n"), ("master", "ours\n"), ("master", "newer\n")]
            {
                sandbox.git(&format!("checkout --quiet {branch}"));
                sandbox.write("README.md", text);
                sandbox.commit_all();
            }
            let patch = sandbox.git("format-patch --stdout -1 other");
            sandbox.write(".git/other.patch", &patch);
            let start = start.replace("other.patch", ".git/other.patch");
            assert_ne!(sandbox.git_status(&start), 0, "{start}");
        });
    }
}

#[test]
fn conflicts_in_a_promoted_file() {
    let sandbox = Sandbox::new();
    for (branch, tag) in [("-b other", "f40f661"), ("master", "acc3582")] {
        sandbox.git(&format!("checkout --quiet {branch}"));
        sandbox.replace(JENKINS, "'47fbced'", &format!("'{tag}'"));
        sandbox.commit_all();
    }
    assert_eq!(sandbox.git_status("merge --quiet other"), 1);
    let before = sandbox.state();
    for landing in ["--commit", "--dry-run"] {
        sandbox.offline(&["qr-promote", landing]).matches("conflict");
    }
    assert_eq!(sandbox.state(), before);
}
