//! Merge requests from clones of every kind, to a fork, and over http.

use std::fs;

use promotion::plan::landed::State;

use crate::case::{ADDRESS, Case, GITLAB, hook, move_on};
use crate::http;
use crate::sandbox::Sandbox;

#[test]
fn over_http() {
    let sandbox = Sandbox::new();
    let case = Case::new(&sandbox);
    let url = http::serve(&sandbox.world.root.join("remote"));
    sandbox.git(&format!("remote set-url origin {url}/app-interface.git"));
    let first =
        Case { version: sandbox.world.reconcile.commits[12].clone(), ..Case::new(&sandbox) };
    move_on(&case, "README.md");
    assert_eq!(first.delivered().state, State::Opened);
    assert_eq!(case.delivered().state, State::Refreshed);
    let again = case.delivered();
    assert_eq!((again.state, again.url.as_deref()), (State::Refreshed, Some(ADDRESS)));

    let other = Case { environments: &["tekton"], ..Case::new(&sandbox) };
    hook(&sandbox.world.remote, "post-receive", "");
    let silent = other.delivered();
    let branch = "promote%2Fqontract-reconcile%2Ftekton";
    let query = format!(
        "merge_request%5Bsource_branch%5D={branch}&merge_request%5Btarget_branch%5D=master"
    );
    let by_hand = format!("{url}/app-interface/-/merge_requests/new?{query}");
    assert_eq!((silent.state, silent.url), (State::PushedOnly, Some(by_hand)));
    hook(&sandbox.world.remote, "pre-receive", "echo no >&2; exit 1\n");
    let refused = Case { environments: &["pr-check"], ..Case::new(&sandbox) }.refused();
    assert!(refused.ends_with("pre-receive hook declined\nhelp: it says:\nno"), "{refused}");
}

/// Delivers from another clone of the remote, made by `args`.
fn from_clone(args: &str, packs_after: &str) {
    let sandbox = Sandbox::new();
    let world = &sandbox.world;
    let clone = world.root.join("clone");
    sandbox.git(&format!(
        "clone --quiet {args} file://{} {}",
        world.remote.display(),
        clone.display()
    ));
    let case = Case { checkout: clone, environments: &[], ..Case::new(&sandbox) };
    move_on(&case, "README.md");
    let shallow = case.run("rev-parse --is-shallow-repository");
    let counted = || case.run("rev-list --count HEAD");
    let count = counted();
    let delivered = case.delivered();
    assert_eq!((delivered.state, counted()), (State::Opened, count.clone()));
    let length = case.run(&format!("rev-list --count {}", delivered.commit));
    let grown = length.parse::<usize>().unwrap() - count.parse::<usize>().unwrap();
    assert_eq!(grown, 2, "{args}");
    assert_eq!(case.delivered().state, State::Refreshed);
    assert_eq!(
        case.there("diff-tree -r --name-only master promote/qontract-reconcile").lines().count(),
        9
    );
    // In a partial clone, one for itself, one for the commits, and one for all files together.
    let counts = case.run("count-objects -v");
    let packs = counts.lines().find_map(|line| line.strip_prefix("packs: ")).unwrap();
    assert_eq!(packs, packs_after, "{counts}");
    assert_eq!(case.run("rev-parse --is-shallow-repository"), shallow);
}

#[test]
fn from_a_shallow_clone() {
    from_clone("--depth=1", "1");
}

/// The branch began before the history that the clone has.
#[test]
fn a_shallow_clone_knows_its_own_branch() {
    let sandbox = Sandbox::new();
    let first =
        Case { version: sandbox.world.reconcile.commits[12].clone(), ..Case::new(&sandbox) };
    assert_eq!(first.delivered().state, State::Opened);
    move_on(&first, "README.md");
    let clone = sandbox.world.root.join("clone");
    let remote = sandbox.world.remote.display();
    sandbox.git(&format!("clone --quiet --depth=1 file://{remote} {}", clone.display()));
    let case = Case { checkout: clone, ..Case::new(&sandbox) };
    assert_eq!(case.delivered().state, State::Refreshed);
}

#[test]
fn from_a_partial_clone() {
    from_clone("--filter=blob:none --no-checkout", "3");
    from_clone("--filter=tree:0 --no-checkout", "5");
}

#[test]
fn from_a_sparse_checkout() {
    from_clone("--sparse", "1");
}

#[test]
fn from_a_linked_worktree() {
    let sandbox = Sandbox::new();
    let linked = sandbox.world.root.join("linked");
    sandbox.git(&format!("worktree add --quiet --detach {} HEAD~2", linked.display()));
    let case = Case { checkout: linked, ..Case::new(&sandbox) };
    assert_eq!(case.delivered().state, State::Opened);
    let main = Case::new(&sandbox);
    assert_eq!(main.delivered().url.as_deref(), Some(ADDRESS));
}

#[test]
fn to_a_fork() {
    let sandbox = Sandbox::new();
    let root = &sandbox.world.root;
    let fork = root.join("fork.git");
    sandbox.git(&format!(
        "clone --quiet --bare {} {}",
        sandbox.world.remote.display(),
        fork.display()
    ));
    sandbox.git(&format!("-C {} config receive.advertisePushOptions true", fork.display()));
    let case = Case { to: "fork", ..Case::new(&sandbox) };
    move_on(&case, "README.md");
    sandbox.git(&format!("remote add fork {}", fork.display()));
    // An address of a forge that leads here.
    sandbox.git("config remote.origin.url git@gitlab.example.com:service/app-interface.git");
    let rewrite = format!("url.{}.insteadOf", sandbox.world.remote.display());
    sandbox.git(&format!("config {rewrite} git@gitlab.example.com:service/app-interface.git"));
    hook(&fork, "post-receive", GITLAB);
    let delivered = case.delivered();
    assert_eq!((delivered.state, delivered.url.as_deref()), (State::Opened, Some(ADDRESS)));
    assert_eq!(case.there("for-each-ref --format=%(refname)"), "refs/heads/master\n");
    let options = fs::read_to_string(fork.join("options")).unwrap();
    assert!(
        options.contains("\nmerge_request.target_project=service/app-interface\n"),
        "{options}"
    );
    let parent = sandbox.git(&format!("-C {} rev-parse {}^", fork.display(), delivered.commit));
    assert_eq!(parent, case.there("rev-parse master"), "off the target, not off the fork");
}
