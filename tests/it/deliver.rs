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
        unmet: Vec::new(),
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
fn it_is_refreshed() {
    let sandbox = Sandbox::new();
    let first =
        Case { version: sandbox.world.reconcile.commits[12].clone(), ..Case::new(&sandbox) };
    let opened = first.delivered();
    let case = Case::new(&sandbox);
    let refreshed = case.delivered();
    assert_eq!((opened.state, refreshed.state), (State::Opened, State::Refreshed));
    assert_eq!(refreshed.branch, opened.branch);
    assert_eq!(case.there(&format!("rev-list --count master..{}", refreshed.branch)), "1\n");
    let unlabel = "merge_request.unlabel=lgtm".to_owned();
    assert_eq!(case.options().last(), Some(&unlabel), "it was given to other changes");

    // The same once more: only a push tells whether the merge request is open.
    let mut last = refreshed;
    for labels in [&[][..], &["lgtm"], &[]] {
        let again = Case { labels, ..Case::new(&sandbox) }.delivered();
        assert_ne!(again.commit, last.commit, "a push of the same commit is not answered");
        assert_eq!(again, Delivered { commit: again.commit.clone(), ..last });
        assert!(!case.options().contains(&unlabel), "it was given to these changes");
        let is_lgtm = case.options().contains(&"merge_request.label=lgtm".to_owned());
        assert_eq!(is_lgtm, !labels.is_empty());
        last = again;
    }
    for path in ["README.md", JENKINS] {
        move_on(&case, path);
        assert_eq!(case.delivered().state, State::Refreshed);
    }
    hook(&sandbox.world.remote, "post-receive", "");
    for _ in 0..2 {
        assert_eq!(case.delivered().state, State::PushedOnly, "not a word of success");
    }
}

/// The last one is known by its trailer.
#[test]
fn it_is_refreshed_whatever_separates_trailers() {
    let sandbox = Sandbox::new();
    let case = Case::new(&sandbox);
    assert_eq!(case.delivered().state, State::Opened);
    sandbox.git("config trailer.separators %");
    assert_eq!(case.delivered().state, State::Refreshed);
}

#[test]
fn nobody_knows_who_you_are() {
    let sandbox = Sandbox::new();
    sandbox.git("config user.name <>");
    assert_eq!(
        Case::new(&sandbox).refused(),
        "`git commit-tree` failed: name consists only of disallowed characters: <>\n\
         help: tell git who you are: `git config --global user.email ADDRESS`, and `user.name` the same way"
    );
}

/// Closed, its branch kept or not; merged, and then reverted: each is opened anew.
#[test]
fn what_became_of_the_last_one() {
    let sandbox = Sandbox::new();
    let case = Case::new(&sandbox);
    let branch = case.delivered().branch;
    case.there(&format!("update-ref -d refs/heads/{branch}"));
    assert_eq!(case.delivered().state, State::Opened, "closed, without its branch");
    let before = case.there("rev-parse master");
    case.there(&format!("update-ref refs/heads/master {branch}"));
    assert_eq!(case.deliver().unwrap(), None, "merged, with its branch");
    let tree = case.there(&format!("rev-parse {}^{{tree}}", before.trim()));
    let commit = case.there(&format!("commit-tree -p master -m Revert {}", tree.trim()));
    case.there(&format!("update-ref refs/heads/master {}", commit.trim()));
    let again = case.delivered();
    assert_eq!((again.state, again.url.as_deref()), (State::Refreshed, Some(ADDRESS)), "reverted");
    assert_eq!(case.there(&format!("rev-list --count master..{branch}")), "1\n");
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
             help: have that one merged, or closed and its branch removed: `git push origin --delete promote/qontract-reconcile/jenkins`; it has:\n\
             {} Mine (Eve)\n\
             {} qontract-reconcile promotion 47fbced to b8566d6 (Tobias Winterfeld)",
            ids[0], ids[1]
        )
        .replace("b8566d6", &sandbox.world.reconcile.commits[12][..7])
    );
    let same = first.delivered();
    assert_eq!((same.state, same.url), (State::PushedBefore, None));
    let marked = Case { labels: &["lgtm"], ..first };
    assert!(marked.refused().starts_with("somebody else pushed to `promote/qontract-reconcile/"));
}

/// A colleague ran the same: their commit says nothing else, so it may be replaced.
#[test]
fn the_same_by_a_colleague() {
    let sandbox = Sandbox::new();
    let case = Case::new(&sandbox);
    let branch = case.delivered().branch;
    sandbox.git("config user.email colleague@example.com");
    let marked = Case { labels: &["lgtm"], ..Case::new(&sandbox) };
    assert_eq!(marked.delivered().state, State::Refreshed);
    assert_eq!(case.options().last().map(String::as_str), Some("merge_request.label=lgtm"));
    assert_eq!(case.there(&format!("rev-list --count master..{branch}")), "1\n");
    let other =
        Case { version: sandbox.world.reconcile.commits[12].clone(), ..Case::new(&sandbox) };
    sandbox.git("config user.email third@example.com");
    assert!(other.refused().starts_with("somebody else pushed to"));
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

/// Somebody runs the same in another clone between the fetch and the push.
#[test]
fn the_same_at_the_same_time() {
    let sandbox = Sandbox::new();
    let clone = sandbox.world.root.join("clone");
    sandbox.git(&format!("clone --quiet {} {}", sandbox.world.remote.display(), clone.display()));
    let colleague = Case { checkout: clone.clone(), ..Case::new(&sandbox) };
    for (user, labels) in [("user.name=Same", &[][..]), ("user.email=x@example.com", &["lgtm"])] {
        let (key, value) = user.split_once('=').unwrap();
        sandbox.git(&format!("-C {} config {key} {value}", clone.display()));
        let first = || drop(colleague.delivered());
        let beaten = Case { meanwhile: &first, labels, ..Case::new(&sandbox) }.delivered();
        let unmet: Vec<_> =
            labels.iter().map(|_| "not known to be set: the label `lgtm`".to_owned()).collect();
        assert_eq!((beaten.state, beaten.unmet), (State::PushedBefore, unmet));
        assert_eq!(beaten.notes, ["somebody pushed the same promotion at the same time"]);
        colleague.there(&format!("update-ref -d refs/heads/{}", beaten.branch));
    }
}

/// A remote with a second address to push to, which takes no options.
#[test]
fn every_address_is_pushed_to() {
    let sandbox = Sandbox::new();
    let case = Case::new(&sandbox);
    let (remote, mirror) = (sandbox.world.remote.display(), sandbox.world.root.join("mirror.git"));
    sandbox.git(&format!("clone --quiet --bare {remote} {}", mirror.display()));
    for address in [mirror.display().to_string(), remote.to_string()] {
        sandbox.git(&format!("remote set-url --add --push origin {address}"));
    }
    let commit = |folder: &Path| {
        sandbox
            .git(&format!("-C {} rev-parse promote/qontract-reconcile/jenkins", folder.display()))
    };
    for state in [State::Opened, State::Refreshed] {
        let delivered = case.delivered();
        assert_eq!((delivered.state, delivered.url.as_deref()), (state, Some(ADDRESS)));
        assert_eq!(commit(&mirror), commit(&sandbox.world.remote));
    }
    hook(&mirror, "pre-receive", "exit 1");
    let half = case.delivered();
    assert_eq!((half.state, half.url.as_deref()), (State::Refreshed, Some(ADDRESS)));
    let mirror = mirror.display();
    let branch = "promote/qontract-reconcile/jenkins";
    let refused = format!("`{mirror}` refused `{branch}`: pre-receive hook declined");
    assert_eq!(half.unmet, [format!("not pushed to `{mirror}`: {refused}")]);
}

/// The target is fetched from one address, and the branch lives at another one.
#[test]
fn pushed_elsewhere_than_fetched() {
    let sandbox = Sandbox::new();
    let case = Case::new(&sandbox);
    let (remote, fork) = (sandbox.world.remote.display(), sandbox.world.root.join("fork.git"));
    sandbox.git(&format!("clone --quiet --bare {remote} {}", fork.display()));
    sandbox.git(&format!("-C {} config receive.advertisePushOptions true", fork.display()));
    sandbox.git(&format!("remote set-url --push origin {}", fork.display()));
    hook(&fork, "post-receive", GITLAB);
    move_on(&case, "README.md");
    for state in [State::Opened, State::Refreshed] {
        assert_eq!(case.delivered().state, state);
    }
    assert_eq!(case.there("for-each-ref --format=%(refname)"), "refs/heads/master\n");
}

#[test]
fn a_pin_in_a_submodule() {
    let sandbox = Sandbox::new();
    let case = Case::new(&sandbox);
    let folder = "resources/jenkins/global";
    sandbox.git(&format!("rm --quiet -r {folder}"));
    let commit = sandbox.git("rev-parse HEAD");
    let link = format!("160000,{},{folder}", commit.trim());
    sandbox.git(&format!("update-index --add --cacheinfo {link}"));
    sandbox.git("commit --quiet -m Submodule");
    sandbox.git("push --quiet origin master");
    assert_eq!(
        case.refused(),
        format!(
            "`{JENKINS}`: is in the submodule `{folder}`\n\
             help: promote it in a checkout of that repository: name it with `--repo`"
        )
    );
}

#[test]
fn both_branches_can_be_open() {
    let sandbox = Sandbox::new();
    let one = Case::new(&sandbox);
    let all = Case { environments: &[], ..Case::new(&sandbox) };
    assert_eq!(one.delivered().branch, "promote/qontract-reconcile/jenkins");
    assert_eq!(all.delivered().branch, "promote/qontract-reconcile+all");
    assert_eq!(all.delivered().state, State::Refreshed);
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
        (delivered.url, delivered.warnings, delivered.unmet)
    };
    let silent = vec![
        "`promote/qontract-reconcile/jenkins` is pushed, but the remote named no merge request"
            .to_owned(),
    ];
    assert_eq!(answer(""), (None, silent.clone(), vec![]));
    assert_eq!(answer("exit 1"), (None, silent.clone(), vec![]));
    let create = "echo 'To create a merge request for promote/qontract-reconcile/jenkins, visit:'\necho '  https://h/new'";
    assert_eq!(answer(create), (Some("https://h/new".to_owned()), silent.clone(), vec![]));
    let warnings = "echo ======; echo; echo '  WARNINGS:'; echo \"Error encountered with push options 'x': No \\033[31mway\"; echo; echo ======";
    let warning = "No \\u{1b}[31mway".to_owned();
    assert_eq!(answer(warnings), (None, vec![warning], silent.clone()));
    let foreign = "echo 'View merge request for promote/qontract-reconcile/jenkins:'; echo '  javascript:alert(1)'";
    assert_eq!(answer(foreign), (None, silent, vec![]));
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
    let marked = Case { labels: &["lgtm"], ..Case::new(&sandbox) };
    hook(&sandbox.world.remote, "post-receive", &format!("{warning}\n{GITLAB}"));
    assert_eq!(marked.delivered().unmet, ["not known to be set: the label `lgtm`"]);
    hook(&sandbox.world.remote, "post-receive", GITLAB);
    let again = marked.delivered();
    assert_eq!((again.state, again.unmet), (State::Refreshed, Vec::new()));
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
    assert!(case.refused().starts_with("can't ask `origin`: "));
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
    let left_out = "not set, because a push can't do it on this forge: the label `lgtm`";
    assert_eq!(delivered.unmet, [left_out]);
    // Nothing was asked for that a push could do, so the branch is left alone.
    let plain = Case { labels: &[], ..case };
    let again = plain.delivered();
    assert_eq!((again.state, again.commit), (State::PushedBefore, delivered.commit));
    let mut case = Case { labels: &["lgtm"], ..plain };

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
    case.there("branch next main");
    case.there("symbolic-ref HEAD refs/heads/next");
    assert_eq!(case.delivered().target, "next", "switched, and both are at one commit");
    case.there("symbolic-ref HEAD refs/heads/main");
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
