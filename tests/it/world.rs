//! The world is the same everywhere, sound, and in the shapes that the tests rely on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::{fs, panic};

use serde_yaml::Value;
use world::World;
use world::big::{BigWorld, Size};

use crate::sandbox::{Output, Sandbox, fresh_folder};

#[test]
fn ids_are_always_the_same() {
    let sandbox = Sandbox::new();
    let root = fresh_folder();
    let other = World::create(&root).unwrap();
    assert_eq!(sandbox.world.reconcile.commits, other.reconcile.commits);
    assert_eq!(sandbox.world.schemas.commits, other.schemas.commits);
    assert_eq!(sandbox.world.mirror.commits, other.mirror.commits);
    fs::remove_dir_all(root).unwrap();

    let heads = [
        sandbox.git("ls-remote --symref https://github.com/app-sre/qontract-reconcile HEAD"),
        sandbox.git("ls-remote --symref https://github.com/app-sre/qontract-schemas.git HEAD"),
        sandbox.git("ls-remote --symref https://github.com/app-sre/github-mirror/ HEAD"),
        sandbox.git("ls-remote origin"),
    ];
    assert_eq!(
        heads.concat(),
        "\
ref: refs/heads/master\tHEAD
7a734a7c2c6a3a95816f09dec686865dd6107382\tHEAD
ref: refs/heads/main\tHEAD
feab7afe34b17458968fd48a0ab93fd59e346dfc\tHEAD
ref: refs/heads/master\tHEAD
d60a6d87d0eee02d54bceea8ac658051596dea34\tHEAD
2e8ea3b4ebbe431e4237593739d6a17c34e056cb\tHEAD
2e8ea3b4ebbe431e4237593739d6a17c34e056cb\trefs/heads/master
"
    );
}

#[test]
fn commits_are_the_first_parents() {
    let sandbox = Sandbox::new();
    let world = &sandbox.world;
    for (upstream, branch, count) in [
        (&world.reconcile, "master", 14),
        (&world.schemas, "main", 8),
        (&world.mirror, "master", 4),
    ] {
        let path = upstream.path.display();
        let log =
            sandbox.git(&format!("-C {path} log --first-parent --reverse --format=%H {branch}"));
        assert_eq!(upstream.commits, log.lines().collect::<Vec<_>>());
        assert_eq!(upstream.commits.len(), count);
    }
}

#[test]
fn checkout_is_clean_and_pushed() {
    let sandbox = Sandbox::new();
    assert_eq!(
        sandbox.git("status --porcelain=v2 --branch --ignored"),
        "\
# branch.oid 2e8ea3b4ebbe431e4237593739d6a17c34e056cb
# branch.head master
# branch.upstream origin/master
# branch.ab +0 -0
"
    );
}

#[test]
fn repositories_are_sound() {
    let sandbox = Sandbox::new();
    let World { repository, remote, reconcile, schemas, mirror, .. } = &sandbox.world;
    for path in [repository, remote, &reconcile.path, &schemas.path, &mirror.path] {
        assert_eq!(sandbox.git(&format!("-C {} fsck --strict", path.display())), "");
    }
}

#[test]
fn upstreams_serve_partial_clones() {
    let sandbox = Sandbox::new();
    let upstream = sandbox.world.reconcile.path.display();
    let clone = sandbox.world.root.join("partial").display().to_string();
    sandbox.git(&format!("clone --quiet --bare --filter=tree:0 file://{upstream} {clone}"));
    let missing = sandbox.git(&format!("-C {clone} rev-list --all --objects --missing=print"));
    assert!(missing.contains("\n?"), "{missing}");
}

/// Every version and every mention of one, so that a changed fixture shows up here.
#[test]
fn pins() {
    let sandbox = Sandbox::new();
    let pins = sandbox
        .git("grep --line-number --heading -E ref:.*[0-9a-f]{40}|ref:.*master|IMAGE_TAG|image_tag");
    assert_eq!(
        pins,
        "\
.env
5:export VALIDATOR_IMAGE_TAG=9d4c1b7
10:export QONTRACT_SERVER_IMAGE_TAG=60dd1e4
15:export SCHEMAS_IMAGE_TAG=a1d7dfc
20:export VAULT_RECONCILE_IMAGE_TAG=b5e20ac
25:#export RECONCILE_IMAGE_TAG=latest
26:export RECONCILE_IMAGE_TAG=72aebf9-rc
29:export GO_RECONCILE_IMAGE_TAG=1c77d03
30:QONTRACT_CLI_IMAGE_TAG=4e1f0aa
data/pipelines/tekton-provider-global-defaults.yaml
12:    qontract_reconcile_image_tag: 47fbced
23:      qontract_reconcile_image_tag: 47fbced
data/services/app-interface/cicd/ci-ext/saas-qontract-reconcile.yaml
40:    ref: master
46:    ref: f40f661b6de015a79846d54fe398990d39dab06b # moved by automation
54:    # ref: master
55:    ref: 47fbcedb83acf136db09422466a44c7e37c08639 # make qr-promote
62:  - ref:  47fbcedb83acf136db09422466a44c7e37c08639
69:    ref: \"47fbcedb83acf136db09422466a44c7e37c08639\"  \x20
73:    ref: acc3582ce31453e9e3f530417e0c1a539eccb331
82:    ref: 'master'
85:    ref: 47fbcedb83acf136db09422466a44c7e37c08639  \x20
93:    ref: master
96:    ref: ee7ed87b2adaa8619e588f119f324ebfbde3fe3d
data/services/app-interface/cicd/ci-int/saas-qontract-reconcile-int.yaml
29:    ref: 47fbcedb83acf136db09422466a44c7e37c08639
34:    ref: 47fbcedb83acf136db09422466a44c7e37c08639
37:    ref: master
data/services/app-interface/shared-resources/gitlab-webhooks.yml
10:    qontract_reconcile_image_tag: 47fbced\r
data/services/app-interface/shared-resources/legacy/openshift-saas-deploy-v1.yaml
9:    qontract_reconcile_image_tag: \"47fbced\"
data/services/app-interface/shared-resources/network-policies.yml
6:# has no variables, so no qontract_reconcile_image_tag
data/services/app-interface/shared-resources/openshift-saas-deploy-many.yml
10:  variables: {qontract_reconcile_image_tag: 47fbced, requests_memory: 800Mi}
11:- {provider: resource-template, path: /tekton/openshift-saas-deploy.pipeline.yaml, variables: {qontract_reconcile_image_tag: '47fbced'}}
data/services/app-interface/shared-resources/openshift-saas-deploy.stage.yml
11:    qontract_reconcile_image_tag: latest
data/services/app-interface/shared-resources/openshift-saas-deploy.yml
13:    qontract_reconcile_image_tag: 47fbced
20:    qontract_reconcile_image_tag: 47fbced # openshift-saas-deploy
data/services/app-interface/shared-resources/push-gateway.yml
10:    qontract_reconcile_image_tag: 47fbced
promote.toml
17:pins = [{ file = \".env\", variable = \"RECONCILE_IMAGE_TAG\" }]
20:pins = [{ file = \"resources/jenkins/global/defaults.yaml\", key = \"qontract_reconcile_image_tag\" }]
23:pins = [{ files = \"data/services/app-interface/shared-resources/**/*.{yml,yaml}\", key = \"qontract_reconcile_image_tag\" }]
29:pins = [{ file = \".env\", variable = \"SCHEMAS_IMAGE_TAG\" }]
resources/jenkins/global/defaults.yaml
6:    qontract_reconcile_image_tag: '47fbced'
7:    qontract_reconcile_image: 'quay.io/app-sre/qontract-reconcile:{qontract_reconcile_image_tag}'
8:    #qontract_reconcile_image_tag: 'latest'
resources/tekton/openshift-saas-deploy.pipeline.yaml
7:    qontract_reconcile_image_tag: {{ qontract_reconcile_image_tag }}
resources/tekton/openshift-saas-deploy.task.yaml
9:    image: quay.io/app-sre/qontract-reconcile:{{ qontract_reconcile_image_tag }}
"
    );
    let moves = sandbox.git("log --reverse --format=%an:%s -G RECONCILE_IMAGE_TAG -- .env");
    assert_eq!(
        moves,
        "\
Rafael Duarte:Describe the integrations and where they run
Mira Castellan:qontract-reconcile: promote
Inés Okonkwo:Try a release candidate in pr-check
"
    );
}

#[test]
fn shapes() {
    let sandbox = Sandbox::new();
    let shared = "data/services/app-interface/shared-resources";
    let webhooks = sandbox.read(&format!("{shared}/gitlab-webhooks.yml"));
    assert!(
        webhooks.lines().count() > 5
            && webhooks.split('\n').all(|l| l.is_empty() || l.ends_with('\r'))
    );
    assert!(!sandbox.read(&format!("{shared}/push-gateway.yml")).ends_with('\n'));
    assert!(
        sandbox
            .read(&format!("{shared}/legacy/openshift-saas-deploy-v1.yaml"))
            .starts_with('\u{feff}')
    );

    let files = sandbox.git("ls-files *.yml *.yaml");
    let unreadable: Vec<_> = files.lines().filter(|path| yaml(&sandbox, path).is_none()).collect();
    assert_eq!(
        unreadable,
        [
            "resources/jenkins/global/defaults.yaml",
            "resources/tekton/openshift-saas-deploy.pipeline.yaml",
            "resources/tekton/openshift-saas-deploy.task.yaml",
        ]
    );
}

#[test]
fn references_lead_to_files() {
    check_references(&Sandbox::new());
}

fn check_references(sandbox: &Sandbox) {
    let mut targets = BTreeSet::new();
    for path in sandbox.git("ls-files data").lines() {
        references(&yaml(sandbox, path).unwrap(), &mut targets);
    }
    assert!(targets.len() > 20);
    let dangling: Vec<_> =
        targets.iter().filter(|target| !sandbox.path(&format!("data{target}")).is_file()).collect();
    assert!(dangling.is_empty(), "{dangling:?}");
}

fn yaml(sandbox: &Sandbox, path: &str) -> Option<Value> {
    serde_yaml::from_str(sandbox.read(path).trim_start_matches('\u{feff}')).ok()
}

fn references(value: &Value, targets: &mut BTreeSet<String>) {
    match value {
        Value::Sequence(items) => items.iter().for_each(|item| references(item, targets)),
        Value::Mapping(entries) => {
            for (key, value) in entries {
                match value.as_str() {
                    Some(target) if key == "$ref" => _ = targets.insert(target.to_owned()),
                    _ => references(value, targets),
                }
            }
        }
        _ => {}
    }
}

/// The files of the repository and those of the list are the same.
#[test]
fn every_file_is_used() {
    let sandbox = Sandbox::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/world/files/app-interface");
    let mut files = BTreeSet::from(["promote.toml".to_owned()]);
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(place) = folders.pop() {
        for path in fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    assert_eq!(sandbox.git("ls-files").lines().map(str::to_owned).collect::<BTreeSet<_>>(), files);
}

#[test]
fn big() {
    let BigWorld { world, upstreams } = BigWorld::create(&fresh_folder(), &Size::SMALL).unwrap();
    let sandbox = Sandbox::of(world);
    assert_eq!(sandbox.git("rev-parse origin/master"), sandbox.git("rev-parse HEAD"));
    assert_eq!(sandbox.git("status --porcelain"), "");
    assert_eq!(sandbox.git("ls-files").lines().count(), 345);
    check_references(&sandbox);

    let upstreams: BTreeMap<_, _> = upstreams.into_iter().collect();
    let mut pins = 0;
    for path in sandbox.git("ls-files data/services/*/cicd/saas-*").lines() {
        for template in yaml(&sandbox, path).unwrap()["resourceTemplates"].as_sequence().unwrap() {
            let url = template["url"].as_str().unwrap();
            let url = url.trim_end_matches(".git").trim_end_matches('/');
            let Some(commits) = upstreams.get(url) else { continue };
            let refs = template["targets"].as_sequence().unwrap().iter();
            for version in refs.filter_map(|target| target["ref"].as_str()) {
                let is_branch = ["main", "master"].contains(&version);
                assert!(is_branch || commits.iter().any(|one| one == version), "{path}: {version}");
                pins += usize::from(!is_branch);
            }
        }
    }
    assert!(pins > 100, "{pins}");
    let shapes = [
        "auto: true",
        "subscribe:",
        "publish:",
        "soakDays:",
        "disable: true",
        "delete: true",
        "deprecated: true",
        "namespaceSelector:",
        "- \\$ref: .*/targets/",
        "hash_length:",
        "IMAGE_TAG:",
        "ref:  [0-9a-f]",
        "ref: [0-9a-f]* +$",
        "ref: '[0-9a-f]{40}'",
        "ref: \"",
        "# ref: ",
        "- ref: ",
        "url: ['\"]",
        "blockedVersions:",
        "hotfixVersions:",
    ];
    for shape in shapes {
        sandbox.git_in(&sandbox.world.repository, &["grep", "-qE", "-e", shape, "data"], "");
    }

    // What they print is compared elsewhere.
    let discovered = sandbox.xtask(&["discover"]);
    let status = sandbox.xtask(&["status"]);
    assert_eq!((discovered.status, status.status), (0, 0), "{discovered:?}\n{status:?}");
    let shown = status.stdout.lines().filter(|line| line.contains(": newest is ")).count();
    assert_eq!(shown, 2 + Size::SMALL.components, "{status:?}");
    // Many have a row each, the farthest behind first.
    sandbox.xtask(&["status", "--all-saas", "-q"]).matches("status-brief");
    sandbox.xtask(&["status", "--all-saas", "-q", "--pins"]).matches("status-brief-pins");
    let markdown = ["status", "--all-saas", "-q", "--format", "markdown"];
    sandbox.xtask(&markdown).matches("status-brief-markdown");
    let whole = sandbox.xtask(&["status", "--all-saas", "-q", "--all"]).stdout;
    assert!(whole.matches(": newest is ").count() > 40, "{whole}");
}

#[test]
fn grows() {
    let sandbox = Sandbox::new();
    let count = || sandbox.git("ls-files").lines().count();
    let before = count();
    sandbox.world.grow(200).unwrap();
    assert_eq!(count(), before + 200);
    assert_eq!(sandbox.git("status --porcelain"), "");
    assert_eq!(sandbox.git("rev-parse HEAD"), sandbox.git("rev-parse origin/master"));
    assert_eq!(sandbox.git("grep -c qontract_reconcile_image_tag HEAD -- data").lines().count(), 8);
}

#[test]
fn a_folder_in_use_is_refused() {
    let sandbox = Sandbox::new();
    let root = &sandbox.world.root;
    let error = World::create(root).unwrap_err().to_string();
    let expected = format!("`{}` is not empty: name a new or an empty folder", root.display());
    assert_eq!(error, expected);
}

#[test]
fn runs_are_told_apart_by_folder_and_environment_only() {
    let sandbox = Sandbox::new();
    let run = sandbox.command(&["--version"]).env("NO_COLOR", "1").cwd("data").run();
    assert_eq!(run, sandbox.xtask(&["--version"]));
    sandbox.write("data/new/file.yml", "a: 1\n");
    assert_eq!(sandbox.git("status --porcelain"), "?? data/new/\n");
}

#[test]
fn a_difference_is_shown_as_a_diff() {
    let output = Output { status: 1, stdout: "a\nb \nc".into(), stderr: "same\n".into() };
    let shown = panic::catch_unwind(|| output.assert(0, "a\nc\n", "same\n")).unwrap_err();
    assert_eq!(
        shown.downcast_ref::<String>().unwrap(),
        "the output differs (-expected, +actual):
-status 0
+status 1
 --- stdout
 a
+b·
 c
+(no newline)
 --- stderr
 same
"
    );
    output.assert(1, "a\nb \nc", "same\n");
}
