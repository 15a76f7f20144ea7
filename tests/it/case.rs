//! One promotion that is delivered in a sandbox, and remotes whose hooks answer as forges do.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use promotion::config::Config;
use promotion::history::changes::{Changes, PartChanges};
use promotion::history::people::People;
use promotion::merge_request::commit_message::{Wording, title};
use promotion::merge_request::{Description, branch_names};
use promotion::model::component::Scope;
use promotion::model::problem::Problem;
use promotion::model::tree::Tree;
use promotion::model::version::CommitId;
use promotion::plan::landed::Delivered;
use promotion::plan::verify::verify;
use promotion::plan::{Part, plan};
use world::executable;
use xtask::git::Git;
use xtask::land::merge_request::{Delivery, ProposedCommit};
use xtask::land::wanted;

use crate::sandbox::Sandbox;

pub const ADDRESS: &str = "https://gitlab.example.com/service/app-interface/-/merge_requests/7";

/// Records the options and says which merge request there is, as GitLab does.
pub const GITLAB: &str = r#"
while read -r old new ref; do
    echo
    echo "View merge request for ${ref#refs/heads/}:"
    echo "  https://gitlab.example.com/service/app-interface/-/merge_requests/7"
    echo
done
"#;

pub const JENKINS: &str = "resources/jenkins/global/defaults.yaml";

/// One promotion in a sandbox; the fields are what differs between the tests.
pub struct Case<'a> {
    pub sandbox: &'a Sandbox,
    pub checkout: PathBuf,
    pub config: Config,
    pub environments: &'a [&'a str],
    pub version: String,
    pub to: &'a str,
    pub labels: &'a [&'a str],
    pub patience: Duration,
    /// Runs while the promotion is planned: between the fetch and the push.
    pub meanwhile: &'a dyn Fn(),
}

impl<'a> Case<'a> {
    pub fn new(sandbox: &'a Sandbox) -> Self {
        hook(&sandbox.world.remote, "post-receive", GITLAB);
        Case::at(sandbox)
    }

    /// The same with whatever hook the remote has.
    pub fn at(sandbox: &'a Sandbox) -> Self {
        Case {
            sandbox,
            checkout: sandbox.world.repository.clone(),
            config: Config::builtin(),
            environments: &["jenkins"],
            version: sandbox.world.reconcile.commits[13].clone(),
            to: "origin",
            labels: &[],
            patience: Duration::from_secs(30),
            meanwhile: &|| (),
        }
    }

    pub fn git(&self) -> Git {
        let home = self.sandbox.world.root.join("home/.gitconfig");
        Git::at(&self.checkout).env("GIT_CONFIG_GLOBAL", home).env("GIT_CONFIG_NOSYSTEM", "1")
    }

    pub fn deliver(&self) -> Result<Option<Delivered>> {
        let component = self.config.component("qontract-reconcile")?;
        let names: Vec<String> = self.environments.iter().map(|name| (*name).to_owned()).collect();
        let environments = self.config.environments(component, &names)?;
        let scopes = [Scope { component, environments }];
        let to = CommitId::parse(&self.version).context("a version is a commit")?;
        let delivery = Delivery {
            git: self.git().patience(self.patience),
            repository: &self.config.repository,
            names: branch_names(&scopes),
            from: "origin",
            to: self.to.to_owned(),
            target: None,
            labels: self.labels.iter().map(|label| (*label).to_owned()).collect(),
            assignees: Vec::new(),
            draft: false,
        };
        let started = delivery.start(&wanted(&scopes), &mut |_| ())?;
        (self.meanwhile)();
        match self.propose(&Part::new(&scopes[0], to), &started.tree)? {
            Some(proposal) => delivery.finish(&started, proposal, &mut |_| ()).map(Some),
            None => Ok(None),
        }
    }

    fn propose(&self, part: &Part, tree: &Tree) -> Result<Option<ProposedCommit>> {
        let plan = plan(std::slice::from_ref(part), tree)?;
        verify(&plan)?;
        if plan.is_empty() {
            return Ok(None);
        }
        let (component, changes) = (part.component, &Changes::default());
        let parts = [PartChanges { component, plan: &plan.parts[0], changes }];
        let people = &People::default();
        let story = Description { parts: &parts, people, warnings: &[], reason: None };
        let files = plan.changed().map(|(path, file)| (path.clone(), file.after().into_bytes()));
        Ok(Some(ProposedCommit {
            files: files.collect(),
            message: title(&parts, Wording::Component),
            trailers: vec![("Reason".to_owned(), "be\nquick".to_owned())],
            title: story.title(Wording::Component),
            description: story.description(),
        }))
    }

    /// Delivers, and checks that nothing of the user changed on the way.
    pub fn delivered(&self) -> Delivered {
        let before = self.snapshot();
        let delivered = self.deliver().unwrap().unwrap();
        assert_eq!(self.snapshot(), before);
        delivered
    }

    pub fn refused(&self) -> String {
        let before = self.snapshot();
        let error = self.deliver().unwrap_err();
        assert_eq!(self.snapshot(), before);
        let problem = error.downcast_ref::<Problem>().unwrap_or_else(|| panic!("{error:#}"));
        let help = problem.help.iter().map(|help| format!("\nhelp: {help}"));
        let text = format!("{problem}{}", help.collect::<String>());
        text.replace(self.sandbox.world.root.to_str().unwrap(), "[root]")
    }

    pub fn run(&self, args: &str) -> String {
        self.git().env("GIT_LITERAL_PATHSPECS", "0").read(args.split(' ')).unwrap()
    }

    /// The status, every reference, the index, and what else is in the git folder.
    pub fn snapshot(&self) -> Vec<String> {
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
    pub fn there(&self, args: &str) -> String {
        self.sandbox.git(&format!("-C {} {args}", self.sandbox.world.remote.display()))
    }

    pub fn options(&self) -> Vec<String> {
        let text = fs::read_to_string(self.sandbox.world.remote.join("options"));
        text.unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

/// Every file with its bytes, but the objects.
fn list(folder: &Path, files: &mut Vec<String>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().flatten().collect();
    entries.sort_by_key(|entry| entry.file_name());
    for entry in entries {
        let (name, path) = (entry.file_name(), entry.path());
        if name == "objects" {
            continue;
        }
        match path.is_dir() {
            true => list(&path, files),
            false => files.push(format!("{} {:?}", path.display(), fs::read(&path).unwrap())),
        }
    }
}

pub fn hook(repository: &Path, name: &str, script: &str) {
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
    executable(&path, &format!("{record}{script}")).unwrap();
}

/// Somebody else commits to the remote's target branch.
pub fn move_on(case: &Case, path: &str) {
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
pub fn intrude(case: &Case, branch: &str) {
    let tree = case.there(&format!("rev-parse {branch}^{{tree}}"));
    let who = "-c user.name=Eve -c user.email=eve@example.com";
    let commit = case.there(&format!("{who} commit-tree -p {branch} -m Mine {}", tree.trim()));
    case.there(&format!("update-ref refs/heads/{branch} {}", commit.trim()));
}
