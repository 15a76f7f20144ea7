//! `--mr` as it is typed: what is printed, what is pushed, and what stays as it was.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use world::executable;

use crate::case::{Case, GITLAB, JENKINS, hook, intrude};
use crate::mr_remotes::fork;
use crate::sandbox::{HEAD, Output, Sandbox, heard_signals};

pub const OLDER: &str = "v0.10.0";

/// A sandbox whose remote answers as GitLab does.
pub fn sandbox() -> Sandbox {
    let sandbox = covered();
    hook(&sandbox.world.remote, "post-receive", GITLAB);
    sandbox
}

/// A sandbox whose remote has no pin that no environment has.
pub fn covered() -> Sandbox {
    let sandbox = Sandbox::covered();
    sandbox.git("commit --quiet --all -m Cover");
    sandbox.git("push --quiet origin master");
    sandbox
}

/// Runs the program, and checks that nothing of the user changed on the way.
fn untouched(sandbox: &Sandbox, args: &[&str]) -> Output {
    let snapshot = || (sandbox.state(), Case::at(sandbox).snapshot());
    let before = snapshot();
    let run = sandbox.xtask(args);
    assert!(snapshot() == before, "{args:?} changed the checkout");
    run
}

/// What a run printed, with the options and the message that it pushed; nothing if it pushed
/// nothing.
pub fn pushed(sandbox: &Sandbox, args: &[&str]) -> Output {
    let _ = fs::remove_file(sandbox.world.remote.join("options"));
    let Output { status, mut stdout, stderr } = untouched(sandbox, args);
    let options = Case::at(sandbox).options();
    stdout += &format!("--- options\n{}\n", options.join("\n").replace("\\n", "\n    "));
    if !options.is_empty() {
        let newest =
            "for-each-ref --count=1 --sort=-creatordate --format=%(contents) refs/heads/promote";
        stdout += &format!("--- message\n{}", Case::at(sandbox).there(newest));
    }
    Output { status, stdout, stderr }
}

/// A promotion of Jenkins, with more.
pub fn jenkins(sandbox: &Sandbox, more: &[&str]) -> Output {
    let args = ["promote", "--env", "jenkins", "--mr", "--quiet"];
    pushed(sandbox, &[&args[..], more].concat())
}

/// The last line that begins so.
pub fn line(run: &Output, start: &str) -> String {
    let mut lines = run.stdout.lines().chain(run.stderr.lines());
    lines.rfind(|line| line.starts_with(start)).unwrap_or_default().to_owned()
}

/// Its address is a link where the terminal takes them, and the rest of the line stays.
#[test]
fn the_merge_request_is_a_link() {
    let sandbox = sandbox();
    let args = ["promote", "--env", "jenkins", "--mr", "-q", "--ref", OLDER, "--color", "always"];
    let run = sandbox.program(env!("CARGO_BIN_EXE_xtask"), &args);
    let run = run.env("FORCE_HYPERLINK", "1").run().succeeds();
    let url = "https://gitlab.example.com/service/app-interface/-/merge_requests/7";
    let link = format!("\u{1b}]8;;{url}\u{1b}\\{url}\u{1b}]8;;\u{1b}\\");
    assert_eq!(
        line(&run, "opened: "),
        format!("opened: {link} (promote/qontract-reconcile/jenkins -> master)")
    );
}

#[test]
fn opened_and_refreshed() {
    let sandbox = sandbox();
    jenkins(&sandbox, &["--ref", OLDER, "--dry-run"]).matches("mr-dry-run");
    jenkins(&sandbox, &["--ref", OLDER]).matches("mr-opened");
    jenkins(&sandbox, &["--lgtm"]).matches("mr-refreshed");
    jenkins(&sandbox, &["--label", "x", "--format", "json"]).matches("mr-refreshed-json");
    assert_eq!(Case::at(&sandbox).there("rev-list --count --all --not master"), "1\n");
    jenkins(&sandbox, &["--ref", "47fbced"]).matches("mr-nothing-to-do");
}

#[test]
fn every_environment() {
    let sandbox = sandbox();
    let run = sandbox.command(&["qr-promote", "--mr", "-q", "--format", "json"]);
    let run = run.env("DO_COMMIT", "1").run();
    run.matches("mr-qr-promote-json");
    assert_eq!(sandbox.git("status --porcelain --branch"), "## master...origin/master\n");
    let names =
        Case::at(&sandbox).there("diff-tree -r --name-only master promote/qontract-reconcile");
    assert_eq!(names.lines().count(), 9);
}

#[test]
fn schemas_first() {
    let sandbox = sandbox();
    pushed(&sandbox, &["update-schemas", "--mr", "--lgtm"]).matches("mr-schemas");
    let run = jenkins(&sandbox, &["--format", "json"]);
    run.matches("mr-schemas-are-open-json");
    jenkins(&sandbox, &["--ref", HEAD, "--strict"]).matches("mr-schemas-are-open-strict");
    // Merged, and its branch removed: what is fetched later knows.
    let case = Case::at(&sandbox);
    case.there("update-ref refs/heads/master promote/qontract-schemas");
    case.there("update-ref -d refs/heads/promote/qontract-schemas");
    let merged = pushed(&sandbox, &["qr-promote", "--env", "jenkins", "--mr", "--strict", "-q"]);
    assert_eq!((merged.status, &merged.stderr[..]), (0, ""));
}

/// Only a branch of the schemas counts, and it counts wherever it is.
#[test]
fn what_the_schemas_branch_is() {
    let sandbox = sandbox();
    let case = Case::at(&sandbox);
    let open = |run: &Output| !line(run, "  help: have that branch").is_empty();
    case.there("update-ref refs/heads/promote/qontract-schemas-too master");
    assert!(!open(&jenkins(&sandbox, &["--dry-run"])));
    case.there("update-ref refs/heads/promote/qontract-schemas+all master");
    assert!(open(&jenkins(&sandbox, &["--dry-run"])));
    case.there("update-ref -d refs/heads/promote/qontract-schemas+all");
    fork(&sandbox);
    assert!(!open(&jenkins(&sandbox, &["--dry-run", "--remote", "fork"])));
    case.there("update-ref refs/heads/promote/qontract-schemas/pr-check master");
    assert!(open(&jenkins(&sandbox, &["--dry-run", "--remote", "fork"])));
}

/// Several clones promote the same at once, and every fourth is killed at another start of git: one
/// opens it, each of the others says what became of its run, and nothing stays behind.
#[test]
fn many_at_once() {
    let sandbox = sandbox();
    let root = &sandbox.world.root;
    let clones: Vec<PathBuf> = (0..20).map(|index| root.join(format!("clone{index}"))).collect();
    for (index, clone) in clones.iter().enumerate() {
        sandbox.git(&format!(
            "clone --quiet {} {}",
            sandbox.world.remote.display(),
            clone.display()
        ));
        fs::copy(sandbox.path(".git/config"), clone.join(".git/config")).unwrap();
        let email = format!("who{}@example.com", index / 2);
        sandbox.git(&format!("-C {} config user.email {email}", clone.display()));
    }
    let bin = root.join("bin");
    fs::create_dir(&bin).unwrap();
    let git = "#!/bin/sh\nPATH=\"${PATH#*:}\"\necho >>\"$STARTS\"\n\
        [ \"$(wc -l <\"$STARTS\")\" -lt \"$LAST\" ] || kill -s KILL $PROGRAM\nexec git \"$@\"\n";
    executable(&bin.join("git"), git).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let run = |index: usize, last: usize| {
        let repo = clones[index].to_str().unwrap();
        let args = ["promote", "--env", "jenkins", "--mr", "-q", "--ref", OLDER, "--repo", repo];
        // A git on the network is no child of the program's, but of what watches over it.
        let named = ["-c", "export PROGRAM=$$; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_xtask")];
        let run = sandbox.program("sh", &[&named[..], &args].concat()).env("PATH", &path);
        let starts = root.join(format!("starts{index}"));
        run.env("STARTS", starts).env("LAST", last.to_string())
    };
    let is_killed = |index: usize| index.is_multiple_of(4);
    let last = |index| if is_killed(index) { 2 + index } else { 1000 };
    let running: Vec<_> = (0..clones.len()).map(|index| run(index, last(index)).spawn()).collect();
    let mut endings = Vec::new();
    for (index, child) in running.into_iter().enumerate() {
        let output = child.wait_with_output().unwrap();
        match output.status.code() {
            // Who comes after another has no push to start.
            None => assert!(is_killed(index)),
            Some(_) => {
                assert!(!is_killed(index) || index == 16, "{index} was not killed");
                endings.push(ending(&sandbox.output(output).succeeds().stdout));
            }
        }
    }
    for index in (0..clones.len()).filter(|index| is_killed(*index)) {
        endings.push(ending(&run(index, 1000).run().succeeds().stdout));
    }
    assert!(endings.iter().all(Option::is_some), "{endings:?}");
    assert!(endings.contains(&Some("opened")), "{endings:?}");
    let count =
        Case::at(&sandbox).there("rev-list --count master..promote/qontract-reconcile/jenkins");
    assert_eq!(count, "1\n");
    let mut folders: Vec<PathBuf> = clones.iter().map(|clone| clone.join(".git")).collect();
    folders.push(sandbox.world.remote.clone());
    let find = ["(", "-name", "*.lock", "-o", "-name", "*xtask*", "-o", "-name", "tmp_*", ")"];
    let left = sandbox
        .program(
            "find",
            &folders.iter().map(|it| it.to_str().unwrap()).chain(find).collect::<Vec<_>>(),
        )
        .run();
    left.assert(0, "", "");
}

/// The loser of two runs that made the same commit is refused; the other one opens the merge request.
#[test]
fn the_same_commit_from_a_twin() {
    let sandbox = sandbox();
    hook(&sandbox.world.remote, "update", "git update-ref \"$1\" \"$3\"; exit 1");
    let run = jenkins(&sandbox, &["--ref", OLDER]).succeeds();
    assert_eq!(run.stderr, "");
    assert!(
        run.stdout.contains(
            "pushed before; whether a merge request is open is not known: \
             promote/qontract-reconcile/jenkins -> master\n\
             note: somebody pushed the same promotion at the same time\n"
        ),
        "{}",
        run.stdout
    );
}

/// How the line begins that says what became of a run.
fn ending(stdout: &str) -> Option<&'static str> {
    let starts = ["opened", "refreshed", "pushed before"];
    let lines: Vec<&str> = stdout.lines().collect();
    starts.into_iter().find(|start| lines.iter().any(|line| line.starts_with(start)))
}

/// However the program ends, a push that is under way ends too.
#[test]
fn nothing_goes_on_in_the_background() {
    let sandbox = sandbox();
    let pid = sandbox.world.root.join("pid");
    hook(
        &sandbox.world.remote,
        "pre-receive",
        &format!("echo $$ >{}\nexec sleep 60", pid.display()),
    );
    for signal in heard_signals().into_iter().chain(["KILL"]) {
        let args = ["promote", "--env", "jenkins", "--mr", "-q", "--ref", OLDER];
        let mut child = sandbox.command(&args).spawn();
        until("the remote has begun", || {
            fs::read_to_string(&pid).is_ok_and(|it| it.ends_with('\n'))
        });
        let running = format!("/proc/{}", fs::read_to_string(&pid).unwrap().trim());
        sandbox
            .program("sh", &["-c", &format!("kill -s {signal} {}", child.id())])
            .run()
            .succeeds();
        child.wait().unwrap();
        until(signal, || !Path::new(&running).exists());
        fs::remove_file(&pid).unwrap();
    }
    assert_eq!(Case::at(&sandbox).there("for-each-ref --format=%(refname)"), "refs/heads/master\n");
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not in time");
        thread::yield_now();
    }
}

/// Nobody reads the output, or there is no room for it: the error has the address.
#[test]
fn the_output_fails() {
    let sandbox = sandbox();
    jenkins(&sandbox, &["--ref", OLDER]).succeeds();
    for format in ["text", "json"] {
        let args =
            ["promote", "--env", "jenkins", "--mr", "-q", "--ref", OLDER, "--format", format];
        let mut run = sandbox.command(&args);
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let full = run.command().stdout(full).stderr(Stdio::piped()).output().unwrap();
        sandbox.output(full).matches("mr-full-disk");
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut run = sandbox.command(&args);
        let closed = run.command().stdout(writer).stderr(Stdio::piped()).output().unwrap();
        sandbox.output(closed).matches("mr-closed-pipe");
    }
}

#[test]
fn marks() {
    let sandbox = sandbox();
    let marks = ["--lgtm", "--draft", "--label", "two words é", "--label", "~\\n/close"];
    let users = ["--assign", "alima", "--assign", "@tim", "--ref", OLDER];
    let run = jenkins(&sandbox, &[&marks[..], &users].concat());
    let keys = ["merge_request.label", "merge_request.assign", "merge_request.draft"];
    let is_set = |option: &str| keys.iter().any(|key| option.starts_with(key));
    let options = Case::at(&sandbox).options();
    let mut set: Vec<_> = options.iter().map(String::as_str).collect();
    set.retain(|option| is_set(option));
    let expected = [
        "merge_request.label=lgtm",
        "merge_request.label=two words é",
        "merge_request.label=~\\n/close",
        "merge_request.assign=alima",
        "merge_request.assign=tim",
        "merge_request.draft",
    ];
    assert_eq!((run.status, set), (0, expected.to_vec()));
}

/// A configuration beside the checkout, with this under `[repository]`.
fn configured(sandbox: &Sandbox, repository: &str) -> String {
    let text = format!("[repository]\n{repository}\n{}", sandbox.read("promote.toml"));
    let file = sandbox.world.root.join("promote.toml");
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn lgtm_that_would_be_taken_away() {
    let sandbox = sandbox();
    let keys = "lgtm-label = \"ship it\"\nlgtm-blocked-by = [\"self-serviceable\"]";
    let config = configured(&sandbox, keys);
    let args = ["promote", "--env", "jenkins", "--mr", "--lgtm", "--config", &config];
    let blocked = [&args[..], &["--label", "self-serviceable"]].concat();
    pushed(&sandbox, &blocked).matches("mr-lgtm-blocked");
    Case::at(&sandbox).there("update-ref -d refs/heads/promote/qontract-reconcile/jenkins");
    let run = pushed(&sandbox, &args);
    assert_eq!(line(&run, "merge_request.label"), "merge_request.label=ship it");
    assert_eq!(
        line(&run, "note: lgtm"),
        "note: lgtm is asked for, and commits of @iokonkwo, @mcastell go along"
    );
}

#[test]
fn another_target() {
    let sandbox = sandbox();
    let case = Case::at(&sandbox);
    case.there("branch stable master~2");
    let run = jenkins(&sandbox, &["--target-branch", "stable", "--ref", OLDER]);
    assert!(line(&run, "opened: ").ends_with("(promote/qontract-reconcile/jenkins -> stable)"));
    assert_eq!(line(&run, "merge_request.target"), "merge_request.target=stable");
    let ids = case.there("rev-parse promote/qontract-reconcile/jenkins^ stable");
    assert_eq!(ids.lines().next(), ids.lines().nth(1));
    // What would be merged into itself loses its lease.
    let own = ["--target-branch", "promote/qontract-reconcile/jenkins"];
    assert_eq!(jenkins(&sandbox, &own).status, 1);
}

#[test]
fn what_does_not_go_together() {
    let sandbox = sandbox();
    let mut all = String::new();
    for args in [
        &["qr-promote", "--lgtm"][..],
        &["qr-promote", "--label", "x"],
        &["update-schemas", "--draft"],
        &["promote", "--all", "--assign", "x"],
        &["rollback", "--env", "jenkins", "--reason", "x", "--remote", "origin"],
        &["qr-promote", "--target-branch", "x"],
        &["qr-promote", "--lgtm", "--commit"],
        &["qr-promote", "--commit", "--label", "x"],
        &["update-schemas", "--draft", "--offline"],
        &["promote", "--all", "--assign", "x", "--commit"],
        &["rollback", "--env", "jenkins", "--reason", "x", "--remote", "origin", "--commit"],
        &["--offline", "qr-promote", "--target-branch", "x"],
        &["qr-promote", "--mr", "--commit"],
        &["qr-promote", "--mr", "--offline"],
        &["--offline", "qr-promote", "--mr"],
        &["--offline", "qr-promote", "--mr", "--format", "json"],
        &["qr-promote", "--mr", "--label", "-x"],
        &["qr-promote", "--mr", "--label", " "],
        &["qr-promote", "--mr", "--label", "team-a,urgent"],
        &["qr-promote", "--mr", "--assign", "a b"],
        &["qr-promote", "--mr", "--assign", "ada,bob"],
        &["qr-promote", "--mr", "--label", "a\nb"],
    ] {
        let run = untouched(&sandbox, args);
        assert_eq!(run.status, 2, "{args:?}");
        all += &format!("$ {}\n{}{}\n", args.join(" "), run.stdout, run.stderr);
    }
    Output::of(all).matches("mr-usage");
}

#[test]
fn nothing_named() {
    let sandbox = covered();
    jenkins(&sandbox, &["--strict", "--ref", OLDER]).matches("mr-nothing-named-strict");
    let json = ["--strict", "--ref", OLDER, "--format", "json"];
    jenkins(&sandbox, &json).matches("mr-nothing-named-strict-json");
    jenkins(&sandbox, &["--ref", OLDER]).matches("mr-nothing-named");
    // With the page that opens one; what the remote says is shown and never obeyed.
    let create = "printf 'To create a merge request for promote/qontract-reconcile/jenkins, visit:\\n  https://h/new\\n\\033[31m====\\nERROR: \\033[2J\\303\\050@all\\n====\\n'";
    hook(&sandbox.world.remote, "post-receive", create);
    let run = jenkins(&sandbox, &["--ref", OLDER]);
    run.matches("mr-nothing-named-address");
    let json = ["--ref", OLDER, "--format", "json"];
    jenkins(&sandbox, &json).matches("mr-nothing-named-json");
}

#[test]
fn other_forges() {
    let sandbox = sandbox();
    let run = |forge: &str| {
        let config = configured(&sandbox, &format!("forge = \"{forge}\""));
        jenkins(&sandbox, &["--lgtm", "--strict", "--ref", OLDER, "--config", &config])
    };
    hook(&sandbox.world.remote, "post-receive", "");
    run("none").matches("mr-forge-none");
    let named =
        "echo 'Visit the existing pull request:'\necho '  https://codeberg.org/g/p/pulls/3'";
    hook(&sandbox.world.remote, "post-receive", named);
    run("agit").matches("mr-forge-agit");
}

#[test]
fn commits_of_somebody_else() {
    let sandbox = sandbox();
    jenkins(&sandbox, &["--ref", OLDER]).succeeds();
    intrude(&Case::at(&sandbox), "promote/qontract-reconcile/jenkins");
    let refused = jenkins(&sandbox, &[]);
    assert_eq!((refused.status, &refused.stdout[..]), (1, "--- options\n\n"));
    let known = |line: &str| !line.contains("Tobias") && !line.contains("Mine (Eve)");
    let lines: Vec<_> = refused.stderr.lines().filter(|line| known(line)).collect();
    assert_eq!(
        lines,
        [
            "error: somebody else pushed to `promote/qontract-reconcile/jenkins` of `origin`",
            "  help: have that one merged, or closed and its branch removed: `git push origin --delete promote/qontract-reconcile/jenkins`; it has:"
        ]
    );
    assert_eq!(refused.stderr.lines().count(), 4);
}

/// Commits by people who mean harm, in everything that is pushed.
#[test]
fn hostile_commits() {
    let sandbox = sandbox();
    let mut parent = HEAD.to_owned();
    for (author, message) in [
        ("@all <x@example.com>", "Closes #1, Fixes https://gitlab.example.com/g/p/-/issues/1\n"),
        ("/close <y@example.com>", "/merge\n\nPromoted-by: Eve\n"),
        ("<img src=x> <z@example.com>", "literal \\n/approve\\n@here <!-- ``` | --> ![x](y)\n"),
        ("\u{1b}[2J\u{202e}x <w@example.com>", "\u{1b}[31mred\u{7}\u{9b} APPSRE-12 ~label %1\n"),
    ] {
        parent = sandbox.grow(&sandbox.world.reconcile, &[&parent], author, message);
    }
    jenkins(&sandbox, &["--ref", &parent]).matches("mr-hostile-commits");
}

#[test]
fn hostile_names() {
    let sandbox = sandbox();
    let file = sandbox.world.root.join("promote.toml");
    let name = "/tag:v1@all<b>\\\\n#1";
    let text = format!(
        "[component.\"{name}\"]\nupstream = \"https://github.com/app-sre/qontract-reconcile\"\n\
         [component.\"{name}\".environment.\"/x@all|../..#2\"]\n\
         pins = [{{ file = \"{JENKINS}\", key = \"qontract_reconcile_image_tag\" }}]\n\
         [component.\"{name}\".environment.all]\n\
         pins = [{{ file = \".env\", variable = \"RECONCILE_IMAGE_TAG\" }}]\n"
    );
    fs::write(&file, text).unwrap();
    let name = name.replace("\\\\", "\\");
    let args = ["promote", "--mr", "-q", "--config", file.to_str().unwrap(), "--component", &name];
    let run = pushed(&sandbox, &[&args[..], &["--env=/x@all|../..#2"]].concat());
    run.matches("mr-hostile-names");
    pushed(&sandbox, &[&args[..], &["--env=all"]].concat()).succeeds();
    let branches =
        Case::at(&sandbox).there("for-each-ref --format=%(refname:strip=2) refs/heads/promote");
    Output::of(branches).matches("mr-hostile-branches");
}

/// Whatever the checkout is at, the target branch is what is promoted.
#[test]
fn wherever_the_checkout_is() {
    let sandbox = sandbox();
    let opened = jenkins(&sandbox, &[]);
    let case = Case::at(&sandbox);
    let again = |what: &str| {
        case.there("update-ref -d refs/heads/promote/qontract-reconcile/jenkins");
        assert!(jenkins(&sandbox, &[]) == opened, "{what}");
    };
    sandbox.write(JENKINS, "dirty\n");
    sandbox.git("stash push --quiet");
    sandbox.write(".env", "staged\n");
    sandbox.git("add .env");
    sandbox.write("new.txt", "untracked\n");
    again("dirty");
    sandbox.reset();
    sandbox.git("checkout --quiet --detach HEAD~3");
    again("detached");
    sandbox.git("checkout --quiet -b feature");
    sandbox.git(&format!("rm --quiet {JENKINS} .env"));
    sandbox.git("commit --quiet -m Without");
    again("without the files");
    sandbox.write(JENKINS, "mine\n");
    sandbox.git("add --all");
    sandbox.git("commit --quiet -m Mine");
    assert_eq!(sandbox.git_status("merge --quiet master"), 1);
    again("in the middle of a merge");
}

/// A checkout that is configured in another way than the target branch.
#[test]
fn another_configuration() {
    let sandbox = sandbox();
    let text = sandbox.read("promote.toml");
    sandbox.write("promote.toml", &text.replace('\n', "\r\n"));
    assert_eq!(jenkins(&sandbox, &["--ref", OLDER, "--dry-run"]).stderr, "");
    sandbox.write("promote.toml", &format!("[repository]\nlgtm-label = \"x\"\n{text}"));
    jenkins(&sandbox, &["--ref", OLDER]).matches("mr-other-configuration");
    let config = sandbox.path("promote.toml");
    let named = ["--ref", OLDER, "--strict", "--config", config.to_str().unwrap()];
    assert_eq!(jenkins(&sandbox, &named).succeeds().stderr, "");
    let strict = jenkins(&sandbox, &["--ref", OLDER, "--strict"]);
    assert_eq!((strict.status, &strict.stdout[..]), (1, "--- options\n\n"));
}

#[test]
fn no_checkout() {
    let sandbox = sandbox();
    let folder = sandbox.path("data");
    let repo = ["--repo", folder.to_str().unwrap()];
    let refused = jenkins(&sandbox, &repo);
    refused.assert(
        1,
        "--- options\n\n",
        "error: `[root]/app-interface/data` is no app-interface: it has neither `promote.toml` nor `data` nor `resources` nor `.env`\n  help: name the checkout: `--repo DIR`, or the variable `APP_INTERFACE`\n",
    );
}

/// A remote that hangs must not hide what is refused anyway.
#[test]
fn the_guards_come_before_the_remote() {
    let sandbox = covered();
    let (bin, log) = (sandbox.world.root.join("bin"), sandbox.world.root.join("log"));
    fs::create_dir(&bin).unwrap();
    let script = "#!/bin/sh\nPATH=\"${PATH#*:}\"\necho \"$*\" >>\"$LOG\"\nexec git \"$@\"\n";
    executable(&bin.join("git"), script).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let asks = || {
        let args = ["promote", "--env", "jenkins,pr-check", "--mr", "-n", "-q"];
        let run = sandbox.command(&args).env("PATH", &path).env("LOG", &log).run();
        let asked = fs::read_to_string(&log).unwrap().contains("promote/*");
        fs::remove_file(&log).unwrap();
        (run.status, asked)
    };
    assert_eq!(asks(), (0, true));
    sandbox.replace(JENKINS, "'47fbced'", "'0123456'");
    sandbox.git("commit --quiet --all -m Unknown");
    sandbox.git("push --quiet origin master");
    assert_eq!(asks(), (1, false));
}

/// The hint to promote the schemas goes the same way.
#[test]
fn the_way_is_kept() {
    let sandbox = covered();
    sandbox.git(&format!("remote add fork {}", sandbox.world.remote.display()));
    let way = ["--remote", "fork", "--target-branch", "master", "--draft", "--label", "x"];
    let run = jenkins(&sandbox, &[&way[..], &["--strict"]].concat());
    let hint = "`cargo xtask update-schemas --mr --remote fork --target-branch master`";
    assert_eq!(run.status, 1);
    assert!(line(&run, "  help: promote them first").contains(hint), "{}", run.stderr);
}
