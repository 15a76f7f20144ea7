//! From the terminal to the merge request, with real remotes whose hooks answer as forges do.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use xtask::component::Environment;
use xtask::config::{Config, Forge};
use xtask::deliver::{Delivered, Delivery, Proposal, State};
use xtask::error::Refusal;
use xtask::git::Git;
use xtask::merge_request::Story;
use xtask::message::{Wording, commit_message};
use xtask::plan::plan;
use xtask::tree::{Tree, Wanted};
use xtask::verify::verify;
use xtask::version::CommitId;

use crate::http;
use crate::sandbox::Sandbox;

const ADDRESS: &str = "https://gitlab.example.com/service/app-interface/-/merge_requests/7";

/// Records the options and says which merge request there is, as GitLab does.
const GITLAB: &str = r#"
while read -r old new ref; do
    echo
    echo "View merge request for ${ref#refs/heads/}:"
    echo "  https://gitlab.example.com/service/app-interface/-/merge_requests/7"
    echo
done
"#;

/// One promotion in a sandbox; the fields are what differs between the tests.
struct Case<'a> {
    sandbox: &'a Sandbox,
    checkout: PathBuf,
    config: Config,
    environments: &'a [&'a str],
    version: String,
    remote: Option<&'a str>,
    labels: &'a [&'a str],
    patience: Duration,
    /// Runs while the promotion is planned: between the fetch and the push.
    meanwhile: &'a dyn Fn(),
}

impl<'a> Case<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        hook(&sandbox.world.remote, "post-receive", GITLAB);
        Case {
            sandbox,
            checkout: sandbox.world.repository.clone(),
            config: Config::builtin(),
            environments: &["jenkins"],
            version: sandbox.world.reconcile.commits[13].clone(),
            remote: None,
            labels: &[],
            patience: Duration::from_secs(30),
            meanwhile: &|| (),
        }
    }

    fn git(&self) -> Git {
        let home = self.sandbox.world.root.join("home/.gitconfig");
        Git::at(&self.checkout).env("GIT_CONFIG_GLOBAL", home).env("GIT_CONFIG_NOSYSTEM", "1")
    }

    fn deliver(&self) -> Result<Option<Delivered>> {
        let component = self.config.component("qontract-reconcile")?;
        let names: Vec<String> = self.environments.iter().map(|name| (*name).to_owned()).collect();
        let environments = self.config.environments(component, &names)?;
        let to = CommitId::parse(&self.version).context("a version is a commit")?;
        let delivery = Delivery {
            git: self.git().patience(self.patience),
            repository: &self.config.repository,
            component,
            environments: &environments,
            remote: self.remote,
            target: None,
            labels: self.labels.iter().map(|label| (*label).to_owned()).collect(),
            assignees: Vec::new(),
            draft: false,
        };
        let propose = |tree: &Tree, _: &CommitId| {
            (self.meanwhile)();
            self.propose(&environments, &to, tree)
        };
        delivery.deliver(&Wanted::new(component, &environments), propose, &mut |_| ())
    }

    fn propose(
        &self,
        environments: &[&Environment],
        to: &CommitId,
        tree: &Tree,
    ) -> Result<Option<Proposal>> {
        let component = self.config.component("qontract-reconcile")?;
        let plan = plan(component, environments, to, tree, &self.config)?;
        verify(&plan)?;
        if plan.is_empty() {
            return Ok(None);
        }
        let story = Story { component, plan: &plan, changes: None, warnings: &[], reason: None };
        let files = plan.changed().map(|(path, file)| (path.clone(), file.after().into_bytes()));
        Ok(Some(Proposal {
            files: files.collect(),
            message: commit_message(component, Wording::Component, &plan),
            trailers: vec![("Reason".to_owned(), "be\nquick".to_owned())],
            title: story.title(Wording::Component),
            description: story.description(),
        }))
    }

    /// Delivers, and checks that nothing of the user changed on the way.
    fn delivered(&self) -> Delivered {
        let before = self.snapshot();
        let delivered = self.deliver().unwrap().unwrap();
        assert_eq!(self.snapshot(), before);
        delivered
    }

    fn refused(&self) -> String {
        let before = self.snapshot();
        let error = self.deliver().unwrap_err();
        assert_eq!(self.snapshot(), before);
        let refusal = error.downcast_ref::<Refusal>().unwrap_or_else(|| panic!("{error:#}"));
        let help = refusal.help.iter().map(|help| format!("\nhelp: {help}"));
        let text = format!("{refusal}{}", help.collect::<String>());
        text.replace(self.sandbox.world.root.to_str().unwrap(), "[root]")
    }

    fn run(&self, args: &str) -> String {
        self.git().env("GIT_LITERAL_PATHSPECS", "0").read(args.split(' ')).unwrap()
    }

    /// The status, every reference, the index, and what else is in the git folder.
    fn snapshot(&self) -> Vec<String> {
        let status = self.run("status --porcelain=v2 --branch --ignored");
        let refs = self.run("for-each-ref --format=%(refname)%(objectname)%(symref)");
        let config = self.run("config --list --local");
        let git_dir = PathBuf::from(self.run("rev-parse --absolute-git-dir"));
        let mut files = Vec::new();
        let common = self.run("rev-parse --path-format=absolute --git-common-dir");
        for folder in [git_dir, PathBuf::from(common)] {
            list(&folder, &mut files);
        }
        [vec![status, refs, config], files].concat()
    }

    /// Git in the remote.
    fn there(&self, args: &str) -> String {
        self.sandbox.git(&format!("-C {} {args}", self.sandbox.world.remote.display()))
    }

    fn options(&self) -> Vec<String> {
        let text = fs::read_to_string(self.sandbox.world.remote.join("options"));
        text.unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

/// Every file with its bytes, but the objects and what this program remembers.
fn list(folder: &Path, files: &mut Vec<String>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().flatten().collect();
    entries.sort_by_key(|entry| entry.file_name());
    for entry in entries {
        let (name, path) = (entry.file_name(), entry.path());
        if name == "objects" || name == "xtask-merge-requests" {
            continue;
        }
        match path.is_dir() {
            true => list(&path, files),
            false => files.push(format!("{} {:?}", path.display(), fs::read(&path).unwrap())),
        }
    }
}

fn hook(repository: &Path, name: &str, script: &str) {
    let record = r#"#!/bin/sh
if [ "${0##*/}" = post-receive ]; then
    number=0
    : >options
    while [ "$number" -lt "${GIT_PUSH_OPTION_COUNT:-0}" ]; do
        eval "printf '%s\n' \"\$GIT_PUSH_OPTION_$number\"" >>options
        number=$((number + 1))
    done
fi
"#;
    let path = repository.join("hooks").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("{record}{script}")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

const JENKINS: &str = "resources/jenkins/global/defaults.yaml";

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
        format!(
            "Tobias Winterfeld\nqontract-reconcile promotion 47fbced to 7a734a7\n\n\
             jenkins: 47fbced -> 7a734a7c2c6a3a95816f09dec686865dd6107382\n\n\
             https://github.com/app-sre/qontract-reconcile/compare/47fbced...7a734a7c2c6a3a95816f09dec686865dd6107382\n\n\
             Reason: be\\u{{a}}quick\nPromoted-by: cargo xtask\n\n"
        )
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
        marked.delivered().warnings,
        ["nothing was pushed, so its labels, its assignees and its draft mark stay as they are"]
    );
    // It moves on in the same file: that takes a new commit.
    move_on(&case, JENKINS);
    assert_eq!(case.delivered().state, State::Refreshed);

    // Another clone knows no address, and can say where to look.
    fs::remove_file(case.checkout.join(".git/xtask-merge-requests")).unwrap();
    let elsewhere = case.delivered();
    assert_eq!((elsewhere.state, elsewhere.url), (State::AlreadyOpen, None));
}

/// Somebody else commits to the remote's target branch.
fn move_on(case: &Case, path: &str) {
    let other = case.sandbox.world.root.join("other");
    let _ = fs::remove_dir_all(&other);
    let (remote, other) = (case.sandbox.world.remote.display(), other.display().to_string());
    case.sandbox.git(&format!("clone --quiet {remote} {other}"));
    let file = Path::new(&other).join(path);
    let text = fs::read_to_string(&file).unwrap_or_default();
    fs::write(&file, text + "# more\n").unwrap();
    for args in ["add --all", "commit --quiet -m More", "push --quiet"] {
        case.sandbox.git(&format!("-C {other} -c push.default=current {args}"));
    }
}

/// Somebody else commits to our branch.
fn intrude(case: &Case, branch: &str) {
    let tree = case.there(&format!("rev-parse {branch}^{{tree}}"));
    let who = "-c user.name=Eve -c user.email=eve@example.com";
    let commit = case.there(&format!("{who} commit-tree -p {branch} -m Mine {}", tree.trim()));
    case.there(&format!("update-ref refs/heads/{branch} {}", commit.trim()));
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
    // Exactly this promotion, whoever made it, is what was wanted.
    assert_eq!(first.delivered().state, State::AlreadyOpen);
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
    let case = Case { patience: Duration::from_millis(700), ..Case::new(&sandbox) };
    hook(&sandbox.world.remote, "pre-receive", "sleep 60");
    assert!(case.refused().contains("timed out: no progress in 700ms"));
    fs::remove_file(sandbox.world.remote.join("hooks/pre-receive")).unwrap();
    // The branch is set when post-receive runs.
    hook(&sandbox.world.remote, "post-receive", "sleep 60");
    let delivered = case.delivered();
    assert_eq!(delivered.state, State::PushedOnly);
    assert!(delivered.warnings[0].contains("timed out"), "{:?}", delivered.warnings);
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
    assert_eq!((again.state, again.url.as_deref()), (State::AlreadyOpen, Some(ADDRESS)));

    hook(&sandbox.world.remote, "post-receive", "");
    let silent = Case { environments: &["tekton"], ..Case::new(&sandbox) }.delivered();
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
fn from_clone(args: &str, depth_stays: bool) {
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
    let counted = || case.run("rev-list --count HEAD");
    let count = counted();
    let delivered = case.delivered();
    assert_eq!((delivered.state, counted()), (State::Opened, count.clone()));
    let length = case.run(&format!("rev-list --count {}", delivered.commit));
    let grown = length.parse::<usize>().unwrap() - count.parse::<usize>().unwrap();
    assert_eq!(grown, 2, "{args}");
    assert_eq!(case.delivered().state, State::AlreadyOpen);
    assert_eq!(
        case.there("diff-tree -r --name-only master promote/qontract-reconcile").lines().count(),
        9
    );
    assert_eq!(case.run("rev-parse --is-shallow-repository") == "true", depth_stays);
}

#[test]
fn from_a_shallow_clone() {
    from_clone("--depth=1", true);
}

#[test]
fn from_a_partial_clone() {
    from_clone("--filter=blob:none --no-checkout", false);
    from_clone("--filter=tree:0 --no-checkout", false);
}

#[test]
fn from_a_sparse_checkout() {
    from_clone("--sparse", false);
}

#[test]
fn from_a_linked_worktree() {
    let sandbox = Sandbox::new();
    let linked = sandbox.world.root.join("linked");
    sandbox.git(&format!("worktree add --quiet --detach {} HEAD~2", linked.display()));
    let case = Case { checkout: linked, ..Case::new(&sandbox) };
    assert_eq!(case.delivered().state, State::Opened);
    let main = Case::new(&sandbox);
    assert_eq!(main.delivered().url.as_deref(), Some(ADDRESS), "the address is remembered for all");
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
    let case = Case { remote: Some("fork"), ..Case::new(&sandbox) };
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
