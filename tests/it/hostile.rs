//! What others wrote or answer, where it names programs, leads elsewhere, or has no end: one table for
//! each way in. Texts that a terminal, a forge or a shell would obey are in `output`, `mr` and
//! `completions`; answers of registries in `registry`, of forges in `deliver`; files in `bounds`.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use world::executable;

use crate::case::{GITLAB, JENKINS, hook};
use crate::sandbox::{HEAD, Sandbox};

const COMMANDS: [&[&str]; 8] = [
    &["status", "--quiet"],
    &["changes", "--quiet"],
    &["explain", ".env:26"],
    &["discover"],
    &["rollback", "--env", "jenkins", "--reason", "x", "--quiet", "--dry-run"],
    &["promote", "--env", "tekton", "--quiet", "--mr"],
    &["promote", "--env", "jenkins", "--quiet", "--commit"],
    &["promote", "--env", "pr-check", "--quiet"],
];

/// A sandbox with a remote that answers as GitLab does, and what an obeyed program would write.
fn sandbox() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::covered();
    sandbox.commit_all();
    sandbox.git("push --quiet origin master");
    hook(&sandbox.world.remote, "post-receive", GITLAB);
    let marker = sandbox.world.root.join("obeyed");
    (sandbox, marker)
}

/// Settings of git that name programs: what runs them depends on the command, so there are many.
fn programs(marker: &Path) -> String {
    let program = format!("touch {}; false", marker.display());
    let keys = [
        ("core", "fsmonitor sshCommand gitProxy askPass editor pager alternateRefsCommand"),
        ("diff", "external"),
        ("gpg", "program"),
        ("gpg \"ssh\"", "program defaultKeyCommand"),
        ("credential", "helper"),
        ("sequence", "editor"),
        ("uploadpack", "packObjectsHook"),
        ("protocol \"ext\"", "allow"),
        ("remote \"xtask\"", "uploadpack receivepack"),
        ("remote \"origin\"", "uploadpack receivepack"),
        ("filter \"evil\"", "clean smudge process"),
        ("diff \"evil\"", "textconv command"),
        ("merge \"evil\"", "driver"),
        ("alias", "status log fetch rev-parse"),
    ];
    let lines = keys.map(|(section, names)| {
        let value = |name: &str| match (section, name) {
            (_, "allow") => "always".to_owned(),
            ("alias", _) => format!("!{program}"),
            _ => program.clone(),
        };
        let lines = names.split(' ').map(|name| format!("\t{name} = \"{}\"\n", value(name)));
        format!("[{section}]\n{}", lines.collect::<String>())
    });
    lines.concat()
}

/// Files of the checkout that a git takes for its own, without the user having said so.
#[test]
fn programs_in_committed_files() {
    let statuses = |sandbox: &Sandbox| COMMANDS.map(|command| sandbox.xtask(command).status);
    assert_eq!(statuses(&sandbox().0), [0; 8]);
    let (sandbox, marker) = sandbox();
    let config = programs(&marker);
    let update = format!(
        "[submodule \"x\"]\n\tpath = x\n\turl = ext::touch {0}\n\tupdate = !touch {0}\n",
        marker.display()
    );
    let attributes = "* filter=evil diff=evil merge=evil\n";
    for (path, text) in [
        (".gitattributes", attributes),
        (".gitmodules", &*update),
        (".gitconfig", &config),
        (".config/git/config", &config),
        (".lfsconfig", &config),
    ] {
        sandbox.write(path, text);
    }
    sandbox.commit_all();
    sandbox.git("push --quiet origin master");
    assert_eq!(statuses(&sandbox), [0; 8]);
    assert!(!marker.exists());
}

/// A committed folder that looks like a git folder, and says that the checkout is its own.
#[test]
fn a_git_folder_in_committed_files() {
    let (sandbox, marker) = sandbox();
    let top = sandbox.world.repository.display().to_string();
    let core = "[core]\n\trepositoryFormatVersion = 0\n\tbare = false";
    let config = format!("{core}\n\tworktree = {top}\n{}", programs(&marker));
    for (name, text) in [("HEAD", "ref: refs/heads/x\n"), ("config", &config)] {
        sandbox.write(&format!("docs/site/{name}"), text);
    }
    for folder in ["objects", "refs"] {
        sandbox.write(&format!("docs/site/{folder}/keep"), "");
    }
    sandbox.commit_all();
    for command in COMMANDS {
        sandbox.command(command).cwd("docs/site").run().assert(
            1,
            "",
            "error: this is a bare repository or a `.git` folder\n  help: name the folder of a checkout with `--repo`\n",
        );
    }
    assert!(!marker.exists());
}

/// Addresses of upstreams that git could take for an option, or for a program.
#[test]
fn addresses() {
    let (sandbox, marker) = sandbox();
    let text = sandbox.read("promote.toml");
    let program = format!("touch {}", marker.display());
    for address in [
        format!("ext::sh -c '{program}'"),
        format!("fd::{program}"),
        format!("--upload-pack={program}"),
        format!("-u{program}"),
        format!("ssh://-oProxyCommand={program}/x"),
        format!("-oProxyCommand={program}:x"),
        format!("x@-oProxyCommand={program}:x"),
        format!("$({program})"),
        format!("`{program}`"),
        format!("; {program}"),
        format!("file:///nowhere/$({program})"),
        format!("https://$({program})@127.0.0.1:1/x"),
        format!("a\\n{program}"),
    ] {
        let from = "https://github.com/app-sre/qontract-reconcile";
        assert!(text.contains(from));
        sandbox.write("promote.toml", &text.replace(from, &address));
        for command in [&["changes", "-q"][..], &["promote", "--env", "jenkins", "-q"]] {
            let run = sandbox.xtask(command);
            assert_eq!((run.status, &*run.stdout), (1, ""), "{address}");
            assert!(run.stderr.starts_with("error: "), "{address}: {}", run.stderr);
        }
        assert!(!marker.exists(), "{address}");
    }
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn in_place_of(path: &Path) -> &Path {
    match path.is_dir() {
        true => fs::remove_dir_all(path).unwrap(),
        false => _ = fs::remove_file(path),
    }
    path
}

/// What somebody left in the cache is not obeyed, not waited for, and not written through: the run
/// makes it anew.
#[test]
fn caches() {
    let (sandbox, marker) = sandbox();
    let cache = sandbox.world.root.join("cache");
    let args: [&[&str]; 2] = [&["changes", "--quiet"], &["status", "--quiet"]];
    let run = || args.map(|args| sandbox.xtask(args));
    let expected = run();
    assert_eq!(expected.each_ref().map(|run| run.status), [0, 0]);
    let mirrors = fs::read_dir(cache.join("mirrors")).unwrap().map(|entry| entry.unwrap().path());
    let is_it = |path: &PathBuf| path.to_str().unwrap().ends_with("qontract-reconcile.git");
    let mirror = { mirrors }.find(is_it).unwrap();
    let blames = || fs::read_dir(cache.join("blame")).unwrap().map(|entry| entry.unwrap().path());
    let elsewhere = sandbox.world.root.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("mine"), "mine\n").unwrap();
    let mine = elsewhere.join("mine");
    let config = fs::read_to_string(mirror.join("config")).unwrap();
    let append = |text: &str| fs::write(mirror.join("config"), format!("{config}{text}")).unwrap();
    let prepend = |text: &str| fs::write(mirror.join("config"), format!("{text}{config}")).unwrap();
    let evil = programs(&marker);
    let other = sandbox.world.schemas.path.clone();
    let spoilt: [(&str, &dyn Fn()); 19] = [
        ("programs behind", &|| append(&evil)),
        ("programs before", &|| prepend(&evil)),
        ("an included file", &|| {
            fs::write(elsewhere.join("config"), &evil).unwrap();
            prepend(&format!("[include]\n\tpath = {}/config\n", elsewhere.display()));
        }),
        ("a program in one line", &|| {
            prepend(&format!("[core] fsmonitor = touch {}\n", marker.display()))
        }),
        ("no configuration", &|| _ = in_place_of(&mirror.join("config"))),
        ("a pipe as configuration", &|| pipe(in_place_of(&mirror.join("config")))),
        ("a pipe as head", &|| pipe(in_place_of(&mirror.join("HEAD")))),
        ("a pipe as answers", &|| pipe(in_place_of(&mirror.join("xtask-answers")))),
        ("a pipe as what was checked", &|| pipe(in_place_of(&mirror.join("xtask-checked")))),
        ("pipes as blames", &|| blames().for_each(|file| pipe(in_place_of(&file)))),
        ("links as blames", &|| {
            blames().for_each(|file| symlink(&mine, in_place_of(&file)).unwrap())
        }),
        ("answers of an endless device", &|| {
            symlink("/dev/zero", in_place_of(&mirror.join("xtask-answers"))).unwrap();
        }),
        ("corrupt answers", &|| {
            fs::write(mirror.join("xtask-answers"), "xtask answers 1\n\u{1b}").unwrap()
        }),
        ("answers without an end", &|| {
            let file = File::create(mirror.join("xtask-answers")).unwrap();
            file.set_len(1 << 40).unwrap();
        }),
        ("a link to another repository", &|| symlink(&other, in_place_of(&mirror)).unwrap()),
        ("a common folder elsewhere", &|| {
            fs::write(mirror.join("commondir"), other.to_str().unwrap()).unwrap();
        }),
        ("a commit with other parents", &|| {
            let mirror = format!("--git-dir={}", mirror.display());
            sandbox.git_in(&elsewhere, &[&mirror, "replace", "--graft", HEAD], "");
        }),
        ("a graft", &|| {
            fs::create_dir_all(mirror.join("info")).unwrap();
            fs::write(mirror.join("info/grafts"), format!("{HEAD}\n")).unwrap();
            in_place_of(&mirror.join("xtask-answers"));
        }),
        ("a hook", &|| {
            fs::create_dir_all(mirror.join("hooks")).unwrap();
            let hook = format!("#!/bin/sh\ntouch {}\n", marker.display());
            executable(&mirror.join("hooks/reference-transaction"), &hook).unwrap();
        }),
    ];
    let branches = sandbox.git_in(&other, &["for-each-ref"], "");
    for (what, spoil) in spoilt {
        spoil();
        let begun = Instant::now();
        assert_eq!(run(), expected, "{what}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        assert!(!marker.exists(), "{what}");
        assert_eq!(fs::read_to_string(&mine).unwrap(), "mine\n", "{what}");
        assert_eq!(sandbox.git_in(&other, &["for-each-ref"], ""), branches, "{what}");
    }
    append(&evil);
    let offline = sandbox.offline(&["promote", "--env", "jenkins", "-n"]).succeeds();
    assert!(!offline.stdout.is_empty() && !marker.exists());

    let lock = mirror.with_extension("lock");
    pipe(in_place_of(&lock));
    let root = sandbox.world.root.to_str().unwrap();
    let refused = |reason: &str| {
        let lock = lock.to_str().unwrap().replace(root, "[root]");
        let expected = format!(
            "error: can't use the cache: `{lock}`: {reason}\n  help: mend that, or set `XTASK_CACHE` to another folder\n"
        );
        sandbox.xtask(args[0]).assert(1, "", &expected);
    };
    refused("it is not a regular file");
    fs::remove_dir_all(&cache).unwrap();
    fs::write(&cache, "").unwrap();
    refused("Not a directory (os error 20)");
}

/// A hook of git that calls the program, with all that git sets for hooks.
#[test]
fn called_by_a_hook() {
    let (sandbox, _) = sandbox();
    let plain = ["changes --quiet", "promote --env tekton --quiet --mr"];
    let xtask = env!("CARGO_BIN_EXE_xtask");
    for (name, trigger) in [
        ("post-commit", "commit --quiet --allow-empty -m x"),
        ("pre-commit", "commit --quiet --allow-empty -m x"),
        ("post-checkout", "checkout --quiet -b other"),
    ] {
        let out = sandbox.world.root.join("out");
        let lines = plain.map(|args| {
            format!("{xtask} {args} --ref {HEAD} >>{0} 2>&1; echo $? >>{0}\n", out.display())
        });
        hook(&sandbox.world.repository.join(".git"), name, &lines.concat());
        sandbox.git(trigger);
        let text = fs::read_to_string(&out).unwrap();
        fs::remove_file(&out).unwrap();
        fs::remove_file(sandbox.path(&format!(".git/hooks/{name}"))).unwrap();
        let statuses: Vec<&str> = text.lines().filter(|line| line.len() == 1).collect();
        assert_eq!(statuses, ["0", "0"], "{name}: {text}");
        let branch = "refs/heads/promote/qontract-reconcile/tekton";
        let remote = &sandbox.world.remote;
        let files = sandbox.git_in(remote, &["diff", "--name-only", "master", branch], "");
        assert!(!files.is_empty() && !files.contains(JENKINS), "{name}: {files}");
        sandbox.git_in(remote, &["update-ref", "-d", branch], "");
    }
}

/// Words that a person or a script typed, each in each place that takes one.
#[test]
fn typed_words() {
    let (sandbox, marker) = sandbox();
    let before = sandbox.state();
    let program = format!("touch {}", marker.display());
    let words = [
        format!("--upload-pack={program}"),
        format!("-c core.fsmonitor={program}"),
        format!("$({program})"),
        format!("`{program}`"),
        format!("; {program}"),
        format!("ext::{program}"),
        "../../../../etc/passwd".to_owned(),
        "/etc/passwd".to_owned(),
        ".git/config".to_owned(),
        "data/../.git/config".to_owned(),
        "refs/heads/master@{1}".to_owned(),
        ":/x".to_owned(),
        "HEAD^{/x}".to_owned(),
        "a..b".to_owned(),
        "*".to_owned() + &"{a,b}".repeat(40),
        "\u{1b}[2J\u{202e}\u{9b}x".to_owned(),
        "\u{feff}\u{a0}".to_owned(),
        "x\ny".to_owned(),
        "x".repeat(1 << 16),
    ];
    let places: [&[&str]; 12] = [
        &["promote", "--env", "jenkins", "-q", "--ref", "WORD"],
        &["promote", "--env", "WORD", "-q"],
        &["promote", "--env", "jenkins", "-q", "--component", "WORD"],
        &["promote", "WORD", "-q"],
        &["promote", "--saas", "WORD", "-q", "--ref", HEAD],
        &["promote", "--env", "jenkins", "-q", "--mr", "--remote", "WORD"],
        &["promote", "--env", "jenkins", "-q", "--mr", "--target-branch", "WORD"],
        &["changes", "-q", "--from", "WORD"],
        &["status", "-q", "--env", "WORD"],
        &["explain", "WORD"],
        &["--config", "WORD", "qr-promote"],
        &["--repo", "WORD", "qr-promote"],
    ];
    let begun = Instant::now();
    for word in &words {
        for place in places {
            let args: Vec<&str> =
                place.iter().map(|arg| if *arg == "WORD" { word } else { *arg }).collect();
            let run = sandbox.xtask(&args);
            let shown = place.join(" ");
            let word = word.chars().take(60).collect::<String>();
            assert!([1, 2].contains(&run.status), "{shown}: {word}: {run:?}");
            assert_eq!(run.stdout, "", "{shown}: {word}");
            assert!(run.stderr.starts_with("error: "), "{shown}: {word}: {}", run.stderr);
            let obeyed =
                |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
            assert_eq!(run.stderr.find(obeyed), None, "{shown}: {word}");
            assert!(!marker.exists(), "{shown}: {word}");
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(120));
    assert_eq!(sandbox.state(), before);
}
