//! From the terminal to the merge request: what is pushed, and what each answer means.

use std::mem::ManuallyDrop;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use promotion::config::Forge;
use promotion::model::version::CommitId;
use promotion::plan::landed::{Delivered, State};

use crate::case::{ADDRESS, Case, GITLAB, JENKINS, hook, intrude, move_on};
use crate::sandbox::Sandbox;

#[test]
fn a_merge_request_is_opened() {
    let sandbox = Sandbox::new();
    let case = Case { labels: &["lgtm", "two words"], ..Case::new(&sandbox) };
    let delivered = case.delivered();
    let branch = "promote/qontract-reconcile/jenkins";
    let expected = Delivered {
        branch: branch.to_owned(),
        target: "master".to_owned(),
        commit: CommitId::parse(case.there(&format!("rev-parse {branch}")).trim()).unwrap(),
        url: Some(ADDRESS.to_owned()),
        state: State::Opened,
        warnings: Vec::new(),
        notes: Vec::new(),
    };
    assert_eq!(delivered, expected);
    assert_eq!(
        case.there(&format!("diff-tree -r --name-status master {branch}")),
        format!("M\t{JENKINS}\n")
    );
    assert_eq!(
        case.there(&format!("show -s --format=%an%n%B {branch}")),
        "Tobias Winterfeld\nqontract-reconcile promotion 47fbced to 7a734a7\n\n\
         Reason: be\\u{a}quick\nPromoted-by: cargo xtask\n\n"
    );
    let parent = case.there(&format!("rev-parse {branch}^ master"));
    assert_eq!(parent.lines().next(), parent.lines().nth(1));
    assert_eq!(
        case.options(),
        [
            "merge_request.create",
            "merge_request.target=master",
            "merge_request.title=qontract-reconcile promotion 47fbced to 7a734a7",
            "merge_request.description=| environment | from | to |\\n|---|---|---|\\n| `jenkins` | `47fbced` | `7a734a7` |\\n\\nhttps://github.com/app-sre/qontract-reconcile/compare/47fbced...7a734a7c2c6a3a95816f09dec686865dd6107382",
            "merge_request.remove_source_branch",
            "merge_request.label=lgtm",
            "merge_request.label=two words",
        ]
    );
}

#[test]
fn it_is_refreshed_and_then_left_alone() {
    let sandbox = Sandbox::new();
    let first =
        Case { version: sandbox.world.reconcile.commits[12].clone(), ..Case::new(&sandbox) };
    let opened = first.delivered();
    let case = Case::new(&sandbox);
    let refreshed = case.delivered();
    assert_eq!((opened.state, refreshed.state), (State::Opened, State::Refreshed));
    assert_eq!(refreshed.branch, opened.branch);
    assert_eq!(case.there(&format!("rev-list --count master..{}", refreshed.branch)), "1\n");

    fs::remove_file(sandbox.world.remote.join("options")).unwrap();
    let again = case.delivered();
    assert_eq!(again, Delivered { state: State::AlreadyOpen, ..refreshed });
    assert_eq!(case.options(), [""; 0]);

    // The target moves on beside it: still the same promotion.
    move_on(&case, "README.md");
    assert_eq!(case.delivered().state, State::AlreadyOpen);
    let marked = Case { labels: &["lgtm"], ..Case::new(&sandbox) };
    assert_eq!(
        marked.delivered().notes,
        ["nothing was pushed, so its labels, its assignees and its draft mark stay as they are"]
    );
    // It moves on in the same file: that takes a new commit.
    move_on(&case, JENKINS);
    assert_eq!(case.delivered().state, State::Refreshed);

    // Where no address is known, only another push can tell whether there is a merge request.
    let forget = || fs::remove_file(case.checkout.join(".git/xtask-merge-requests")).unwrap();
    forget();
    let elsewhere = case.delivered();
    assert_eq!((elsewhere.state, elsewhere.url.as_deref()), (State::Refreshed, Some(ADDRESS)));
    hook(&sandbox.world.remote, "post-receive", "");
    forget();
    for _ in 0..2 {
        assert_eq!(case.delivered().state, State::PushedOnly, "not a word of success");
    }
}

#[test]
fn commits_of_others_are_not_replaced() {
    let sandbox = Sandbox::new();
    let first =
        Case { version: sandbox.world.reconcile.commits[12].clone(), ..Case::new(&sandbox) };
    let branch = first.delivered().branch;
    intrude(&first, &branch);
    let case = Case::new(&sandbox);
    let log = case.there(&format!("log --format=%H {branch} ^master"));
    let ids: Vec<&str> = log.lines().map(|id| &id[..8]).collect();
    assert_eq!(
        case.refused(),
        format!(
            "somebody else pushed to `promote/qontract-reconcile/jenkins` of `origin`\n\
             help: merge or close that one first, or remove the branch; it has:\n\
             {} Mine (Eve)\n\
             {} qontract-reconcile promotion 47fbced to b8566d6 (Tobias Winterfeld)",
            ids[0], ids[1]
        )
        .replace("b8566d6", &sandbox.world.reconcile.commits[12][..7])
    );
    let same = first.delivered();
    assert_eq!((same.state, same.url), (State::PushedOnly, None));
    assert_eq!(
        same.warnings,
        ["`promote/qontract-reconcile/jenkins` holds exactly this promotion, by somebody else, \
          and no merge request was seen here"]
    );
}

#[test]
fn a_lost_lease_is_an_error() {
    let sandbox = Sandbox::new();
    let first =
        Case { version: sandbox.world.reconcile.commits[12].clone(), ..Case::new(&sandbox) };
    let branch = first.delivered().branch;
    let intrusion = || intrude(&first, &branch);
    let case = Case { meanwhile: &intrusion, ..Case::new(&sandbox) };
    assert_eq!(
        case.refused(),
        "somebody pushed to `promote/qontract-reconcile/jenkins` of `origin` meanwhile\n\
         help: run it again to see what they have"
    );
    // A branch that appears meanwhile is no less somebody's.
    let appears =
        || drop(case.there("update-ref refs/heads/promote/qontract-reconcile/tekton master"));
    let other = Case { environments: &["tekton"], meanwhile: &appears, ..Case::new(&sandbox) };
    assert!(other.refused().starts_with("somebody pushed to `promote/qontract-reconcile/tekton`"));
}

#[test]
fn both_branches_can_be_open() {
    let sandbox = Sandbox::new();
    let one = Case::new(&sandbox);
    let all = Case { environments: &[], ..Case::new(&sandbox) };
    assert_eq!(one.delivered().branch, "promote/qontract-reconcile/jenkins");
    assert_eq!(all.delivered().branch, "promote/qontract-reconcile+all");
    assert_eq!(all.delivered().state, State::AlreadyOpen);
    let tekton = Case { environments: &["tekton", "jenkins"], ..Case::new(&sandbox) };
    assert_eq!(tekton.delivered().branch, "promote/qontract-reconcile/jenkins+tekton");

    let sandbox = Sandbox::new();
    let all = Case { environments: &[], ..Case::new(&sandbox) };
    assert_eq!(all.delivered().branch, "promote/qontract-reconcile");
    assert_eq!(Case::new(&sandbox).delivered().branch, "promote/qontract-reconcile+jenkins");
}

#[test]
fn nothing_to_promote() {
    let sandbox = Sandbox::new();
    let case = Case { version: sandbox.world.reconcile.commits[8].clone(), ..Case::new(&sandbox) };
    assert_eq!(case.deliver().unwrap(), None);
    assert_eq!(case.there("for-each-ref --format=%(refname)"), "refs/heads/master\n");
}

#[test]
fn the_remote_answers_badly() {
    let sandbox = Sandbox::new();
    let case = Case::new(&sandbox);
    let remote = &sandbox.world.remote;
    let answer = |script: &str| {
        hook(remote, "post-receive", script);
        let delivered = case.delivered();
        case.there("update-ref -d refs/heads/promote/qontract-reconcile/jenkins");
        assert_eq!(delivered.state, State::PushedOnly);
        (delivered.url, delivered.warnings)
    };
    let silent =
        "`promote/qontract-reconcile/jenkins` is pushed, but the remote named no merge request";
    assert_eq!(answer(""), (None, vec![silent.to_owned()]));
    assert_eq!(answer("exit 1"), (None, vec![silent.to_owned()]));
    let create = "echo 'To create a merge request for promote/qontract-reconcile/jenkins, visit:'\necho '  https://h/new'";
    assert_eq!(answer(create), (Some("https://h/new".to_owned()), vec![silent.to_owned()]));
    let warnings = "echo ======; echo; echo '  WARNINGS:'; echo \"Error encountered with push options 'x': No \\033[31mway\"; echo; echo ======";
    let warning = "No \\u{1b}[31mway".to_owned();
    assert_eq!(answer(warnings), (None, vec![warning, silent.to_owned()]));
    let foreign = "echo 'View merge request for promote/qontract-reconcile/jenkins:'; echo '  javascript:alert(1)'";
    assert_eq!(answer(foreign), (None, vec![silent.to_owned()]));
}

#[test]
fn what_came_with_warnings_is_done_again() {
    let sandbox = Sandbox::new();
    let case = Case::new(&sandbox);
    let warning = "echo ======; echo WARNINGS:; echo 'No such user'; echo ======";
    hook(&sandbox.world.remote, "post-receive", &format!("{warning}\n{GITLAB}"));
    let opened = case.delivered();
    assert_eq!((opened.state, opened.url.as_deref()), (State::Opened, Some(ADDRESS)));
    assert_eq!(opened.warnings, ["No such user"]);
    hook(&sandbox.world.remote, "post-receive", GITLAB);
    assert_eq!(case.delivered().state, State::Refreshed);
    assert_eq!(case.delivered().state, State::AlreadyOpen);
}

#[test]
fn the_remote_refuses() {
    let sandbox = Sandbox::new();
    let case = Case::new(&sandbox);
    let remote = &sandbox.world.remote;
    hook(remote, "pre-receive", "printf 'GitLab: \\033[1mno\\n' >&2\nexit 1\n");
    assert_eq!(
        case.refused(),
        "`origin` refused `promote/qontract-reconcile/jenkins`: pre-receive hook declined\n\
         help: it says:\nGitLab: \\u{1b}[1mno"
    );
    fs::remove_file(remote.join("hooks/pre-receive")).unwrap();
    case.there("config receive.advertisePushOptions false");
    assert_eq!(
        case.refused(),
        "`origin` takes no push options\nhelp: set `forge = \"none\"` under `[repository]` to only \
         push the branch, or have `receive.advertisePushOptions` switched on there"
    );
    assert_eq!(case.there("for-each-ref --format=%(refname)"), "refs/heads/master\n");
    fs::rename(remote, sandbox.world.root.join("gone")).unwrap();
    assert!(case.refused().starts_with("can't fetch from `origin`: "));
}

#[test]
fn a_hang_ends() {
    let sandbox = Sandbox::new();
    let case = Case { patience: Duration::from_millis(1000), ..Case::new(&sandbox) };
    hook(&sandbox.world.remote, "pre-receive", "sleep 60");
    assert!(case.refused().contains("timed out: no progress in 3s"));
    fs::remove_file(sandbox.world.remote.join("hooks/pre-receive")).unwrap();
    // The branch is set when post-receive runs.
    hook(&sandbox.world.remote, "post-receive", "sleep 60");
    let delivered = case.delivered();
    assert_eq!(delivered.state, State::PushedOnly);
    assert!(delivered.warnings[0].contains("timed out"), "{:?}", delivered.warnings);
}

/// Runs this test alone in a process of its own, which delivers and is killed after a while.
#[test]
fn killed_at_any_moment() {
    const ROOT: &str = "XTASK_TEST_DELIVERS_IN";
    if let Some(root) = env::var_os(ROOT) {
        let sandbox = ManuallyDrop::new(Sandbox::at(Path::new(&root)));
        let _ = Case::new(&sandbox).deliver();
        return;
    }
    let sandbox = Sandbox::new();
    let case = Case::new(&sandbox);
    sandbox.write(JENKINS, "dirty\n");
    sandbox.git("add --all");
    let before = case.snapshot();
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "deliver::killed_at_any_moment"]).env(ROOT, &sandbox.world.root);
    for moment in 0..16 {
        let mut running = child.stdout(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_millis(25 * moment);
        while Instant::now() < deadline && running.try_wait().unwrap().is_none() {
            thread::yield_now();
        }
        let _ = running.kill();
        running.wait().unwrap();
        assert_eq!(case.snapshot(), before, "killed after {moment} times 25 ms");
    }
    let delivered = case.delivered();
    assert!(delivered.state != State::PushedOnly && delivered.url.as_deref() == Some(ADDRESS));
}

#[test]
fn the_user_is_in_the_middle_of_something() {
    let sandbox = Sandbox::new();
    let case = Case::new(&sandbox);
    sandbox.write(JENKINS, "dirty\n");
    sandbox.write("new.txt", "staged\n");
    sandbox.git("add new.txt");
    sandbox.write("untracked.txt", "x\n");
    sandbox.git("stash push --quiet --include-untracked");
    sandbox.write(JENKINS, "conflicting\n");
    sandbox.git("commit --quiet -a -m Mine");
    sandbox.git("checkout --quiet -b side HEAD~1");
    sandbox.write(JENKINS, "other\n");
    sandbox.git("commit --quiet -a -m Theirs");
    assert!(case.git().read(["rebase", "--quiet", "master"]).is_err());
    assert_eq!(case.git().mid_operation().unwrap(), Some("rebase"));
    sandbox.write("staged.txt", "x\n");
    sandbox.git("add staged.txt");
    assert_eq!(case.delivered().state, State::Opened);
    let branch = "promote/qontract-reconcile/jenkins";
    assert_eq!(
        case.there(&format!("diff-tree -r --name-only master {branch}")),
        format!("{JENKINS}\n")
    );
}

#[test]
fn other_forges() {
    let sandbox = Sandbox::new();
    let mut case = Case { labels: &["lgtm"], ..Case::new(&sandbox) };
    case.config.repository.forge = Forge::None;
    hook(&sandbox.world.remote, "post-receive", "");
    let delivered = case.delivered();
    assert_eq!((delivered.state, delivered.url), (State::PushedOnly, None));
    assert_eq!(delivered.warnings, [""; 0]);
    assert_eq!(delivered.notes, ["a push can't set the label `lgtm` on this forge"]);

    case.config.repository.forge = Forge::Agit;
    hook(
        &sandbox.world.remote,
        "post-receive",
        "echo 'Visit the existing pull request:'\necho '  https://codeberg.org/g/p/pulls/3'\n",
    );
    let delivered = case.delivered();
    assert_eq!(delivered.url.as_deref(), Some("https://codeberg.org/g/p/pulls/3"));
    assert_eq!(case.options()[0], "topic=promote/qontract-reconcile/jenkins");
    assert!(case.there("for-each-ref --format=%(refname)").contains("refs/for/master\n"));
}

#[test]
fn the_default_branch_is_what_the_remote_says() {
    let sandbox = Sandbox::new();
    let case = Case::new(&sandbox);
    case.there("branch -m master main");
    case.there("symbolic-ref HEAD refs/heads/main");
    assert_eq!(case.delivered().target, "main", "renamed since the clone");
    let mut case = Case { environments: &["tekton"], ..Case::new(&sandbox) };
    sandbox.git("update-ref -d --no-deref refs/remotes/origin/HEAD");
    assert_eq!(case.delivered().target, "main", "unknown to the clone");
    case.config.repository.target_branch = Some("nope".to_owned());
    assert_eq!(
        case.refused(),
        "`origin` has no branch `nope`\nhelp: name the branch to merge into with `--target-branch`"
    );
}

#[test]
fn the_users_own_hook_and_settings() {
    let sandbox = Sandbox::new();
    let case = Case::new(&sandbox);
    for setting in [
        "push.followTags true",
        "fetch.prune true",
        "remote.origin.tagOpt --tags",
        "push.pushOption ci.skip",
        "core.autocrlf true",
        "core.splitIndex true",
        "diff.renames copies",
        "log.showSignature true",
        "fetch.output full",
        "remote.origin.followRemoteHEAD always",
    ] {
        sandbox.git(&format!("config {setting}"));
    }
    sandbox.git("tag mine");
    assert_eq!(case.delivered().state, State::Opened);
    assert!(!case.there("for-each-ref").contains("mine"));
    assert!(!case.options().contains(&"ci.skip".to_owned()));

    hook(&sandbox.world.repository.join(".git"), "pre-push", "echo 'not on Fridays' >&2\nexit 1\n");
    let other = Case { environments: &["tekton"], ..Case::new(&sandbox) };
    assert_eq!(
        other.refused(),
        "the `pre-push` hook of this clone refused `promote/qontract-reconcile/tekton`\n\
         help: it says:\nnot on Fridays"
    );
}
