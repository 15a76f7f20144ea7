//! Promotions of saas files that nobody configured.

use std::collections::BTreeMap;
use std::fs;

use promotion::model::component::FilePattern;
use promotion::model::component::Scope;
use promotion::model::path::RepoPath;
use promotion::model::tree::Tree;
use promotion::model::version::{CommitId, is_full_commit};
use promotion::plan::verify::verify;
use promotion::plan::{Part, plan};
use promotion::saas::choice::Chosen;
use promotion::saas::component::components;
use promotion::saas::{SaasFile, Site, target_files};
use world::big::{BigWorld, Size};

use crate::sandbox::{Output, Sandbox, fresh_folder};

pub const FILE: &str = "data/services/muo/cicd/saas-muo.yaml";

/// A saas file with a stage that publishes, two waves of production, and targets that stay.
pub fn muo() -> Sandbox {
    let sandbox = Sandbox::new();
    let commits = &sandbox.world.reconcile.commits;
    let namespace = |name: &str, environment: &str| {
        let text = format!(
            "---\n$schema: /openshift/namespace-1.yml\nname: muo\ncluster:\n  $ref: /openshift/{name}/cluster.yml\n\
             environment:\n  $ref: /products/osd/environments/{environment}.yml\n"
        );
        sandbox.write(&format!("data/services/muo/namespaces/{name}.yml"), &text);
        sandbox.write(&format!("data/openshift/{name}/cluster.yml"), &format!("name: {name}\n"));
        sandbox.write(
            &format!("data/products/osd/environments/{environment}.yml"),
            &format!("name: osd-{environment}\n"),
        );
    };
    for (name, environment) in [
        ("hives01", "stage"),
        ("hivep01", "production-1"),
        ("hivep02", "production-1"),
        ("hivep03", "production-2"),
    ] {
        namespace(name, environment);
    }
    let target = |name: &str, rest: &str| {
        format!("  - namespace:\n      $ref: /services/muo/namespaces/{name}.yml\n{rest}")
    };
    let gated = "    promotion:\n      subscribe:\n      - muo-stage\n";
    let text = [
        "---\n$schema: /app-sre/saas-file-2.yml\nname: saas-muo\napp:\n  $ref: /services/muo/app.yml\n\n\
         resourceTemplates:\n- name: operator\n  url: https://github.com/app-sre/qontract-reconcile\n  \
         path: /deploy/olm.yaml\n  targets:\n"
            .to_owned(),
        target("hives01", "    ref: master\n    promotion:\n      publish:\n      - muo-stage\n"),
        target("hivep01", &format!("    ref: {} # first\n{gated}", commits[10])),
        target("hivep02", &format!("    ref:  '{}'\n{gated}", commits[10])),
        target("hivep03", &format!("    name: last\n    ref: {}\n{gated}", commits[8])),
        target("hivep03", &format!("    name: off\n    ref: {}\n    disable: true\n", commits[3])),
    ];
    sandbox.write(FILE, &text.concat());
    sandbox.write(
        "data/services/muo/app.yml",
        "---\n$schema: /app-sre/app-1.yml\nname: muo\ncodeComponents:\n- name: operator\n  resource: upstream\n  \
         url: https://github.com/app-sre/qontract-reconcile # the operator\n",
    );
    sandbox.commit_all();
    sandbox
}

#[test]
fn by_name_and_place() {
    let sandbox = muo();
    sandbox.xtask(&["promote", "muo", "production-2", "-n"]).matches("saas-place");
    sandbox.xtask(&["promote", "saas-muo", "hivep0[12]", "-n", "-q"]).matches("saas-glob");
    let spelled = [
        "promote",
        "--saas",
        FILE,
        "--env",
        "osd-production-1",
        "--commit",
        "-q",
        "--no-image-check",
    ];
    sandbox.xtask(&spelled).matches("saas-commit");
    sandbox.xtask(&["promote", "muo", "production-1", "-q"]).matches("saas-nothing");
    let back =
        ["rollback", "--saas", "muo", "--env", "osd-production-1", "--reason", "slow", "-n", "-q"];
    sandbox.xtask(&back).matches("saas-rollback");
    sandbox
        .xtask(&["promote", "muo", "hivep03", "--like", "hivep01", "-n", "-q"])
        .matches("saas-like");
}

/// A part of a name may mean a component, but not if it may mean somebody else's saas file as well.
#[test]
fn a_component_or_saas_files() {
    let sandbox = muo();
    let all = [&["promote", "--env", "jenkins", "-n"][..], &["status"], &["changes"]];
    let run = |args: &[&str]| {
        let (command, options) = args.split_first().unwrap();
        sandbox.xtask(&[&[*command, "reconcile", "--offline", "-q"], options].concat())
    };
    let [_, status, changes] = all.map(run);
    assert!(status.succeeds().stdout.starts_with("qontract-reconcile: "));
    assert!(changes.stderr.contains("there is no mirror"), "{}", changes.stderr);
    let other = fs::read_to_string(sandbox.path(FILE)).unwrap();
    sandbox.write("data/a/saas-reconcile-ui.yaml", &other.replace("saas-muo", "saas-reconcile-ui"));
    // A key that is looked for there too makes it none of the component's.
    sandbox.replace(
        "promote.toml",
        "\"data/services/app-interface/shared-resources/**/*.{yml,yaml}\"",
        "\"data/{a,services/app-interface/shared-resources}/**/*.{yml,yaml}\"",
    );
    let refused = all.map(|args| run(args).stderr);
    Output::of(refused.concat()).matches("saas-or-component");
}

#[test]
fn status_of_saas_files() {
    let sandbox = muo();
    sandbox
        .xtask(&["status", "muo", "qontract-reconcile", "--env", "x"])
        .matches("saas-status-no-env");
    sandbox.xtask(&["status", "muo"]).matches("saas-status");
    sandbox
        .xtask(&["status", "muo", "--env", "production-1", "--pins", "-q"])
        .matches("saas-status-pins");
    sandbox
        .xtask(&["status", "muo", "--check", "--max-behind", "1", "-q"])
        .matches("saas-status-check");
    sandbox.xtask(&["status", "--all-saas", "--offline", "-q"]).matches("saas-status-all");
    sandbox
        .xtask(&["status", "--owner", "muo", "--format", "markdown", "-q"])
        .matches("saas-status-owner");
    sandbox.xtask(&["status", "--mine", "--owner", "muo", "-q"]).matches("saas-status-mine");
    let text = fs::read_to_string(sandbox.world.repository.join(FILE)).unwrap();
    let commits = &sandbox.world.reconcile.commits;
    let line = text.lines().nth(19).unwrap().trim();
    assert!(line.starts_with("ref:") || line.starts_with("- ref:"), "{line}");
    sandbox.write(FILE, &text.replacen(line, &format!("ref: {}", commits[0]), 1));
    sandbox.xtask(&["status", "muo", "-q"]).matches("saas-status-differ");
    sandbox.git("config user.email nobody@example.com");
    sandbox.xtask(&["status", "--mine", "--all-saas", "--offline"]).matches("saas-status-not-mine");
    sandbox.xtask(&["status", "mou", "-q"]).matches("saas-status-unknown");
    sandbox.xtask(&["promote", "jenkin", "-q"]).matches("saas-or-environment");
    sandbox.xtask(&["status", "muo", "--all-saas", "-q"]).matches("saas-status-usage");
    sandbox.xtask(&["status", "jenkins", "-q"]).assert(
        2,
        "",
        "error: no saas file has `jenkins` in its name or path\n  \
         help: `jenkins` is an environment, which `--env` takes\n        \
         `status --all-saas` lists them\n",
    );
}

#[test]
fn changes_of_saas_files() {
    let sandbox = muo();
    for (name, word) in [
        ("saas-changes", "muo"),
        ("saas-changes-several", "ci-ext"),
        ("saas-changes-template", "saas-qontract-reconcile/qontract-reconcile"),
        ("saas-changes-no-template", "saas-qontract-reconcile/nothing"),
        ("saas-changes-unknown", "mou"),
    ] {
        sandbox.xtask(&["changes", word, "-q"]).matches(name);
    }
    // One that is not the first of its upstream, and the only one of a file.
    let dashboards = "saas-qontract-reconcile/qontract-reconcile-dashboards";
    sandbox.xtask(&["changes", dashboards, "-q"]).succeeds();
    let whole = sandbox.xtask(&["changes", "muo", "-q"]);
    assert_eq!(sandbox.xtask(&["changes", "muo/operator", "-q"]), whole);
    let promoted = sandbox.xtask(&["promote", "muo", "--all", "-n", "--no-image-check"]);
    assert_eq!(promoted.stderr.matches("has run `7a734a7`").count(), 1, "{}", promoted.stderr);
    let stage = sandbox.xtask(&["changes", "muo", "--env", "stage", "-q"]);
    stage.matches("saas-by-nobody");
    assert_eq!(sandbox.xtask(&["status", "muo", "--env", "stage", "-q"]), stage);
    let component = sandbox.xtask(&["changes", "qontract-schemas", "-q"]).succeeds();
    let same = sandbox.xtask(&["changes", "--component", "qontract-schemas", "-q"]);
    assert_eq!(component, same);
    sandbox.xtask(&["changes", "muo", "--env", "production-1", "-q"]).succeeds();
    // Commits that change the template are marked.
    sandbox.replace(FILE, "/deploy/olm.yaml", "/reconcile/gql_definitions/introspection.json");
    sandbox.xtask(&["changes", "muo", "-q"]).matches("saas-changes-marked");
    let from = ["--from", "47fbced", "--ref", "3f583c2"];
    let run = sandbox.xtask(&[&["changes", "muo", "-q"], &from[..]].concat());
    run.matches("saas-changes-from-marked");
    let json = sandbox.xtask(&["changes", "muo", "-q", "--format", "json"]).succeeds().stdout;
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    let queued = document["changes"][0]["queued"].as_array().unwrap();
    let marked = queued.iter().filter(|commit| commit["template"] == true);
    let marked: Vec<_> = marked.map(|commit| commit["subject"].as_str().unwrap()).collect();
    assert_eq!(marked, ["feat(gql): query `promotion.schedule` of saas files"]);
    let replaced = ["/..", "/", "/a\u{202e}b"];
    for path in replaced {
        let text = sandbox.read(FILE);
        let old = text.lines().find(|line| line.starts_with("  path: ")).unwrap().to_owned();
        sandbox.write(FILE, &text.replace(&old, &format!("  path: {path}")));
        let plain = sandbox.xtask(&["changes", "muo", "-q"]).succeeds();
        assert!(!plain.stdout.contains("[template]"), "{path}");
    }
}

#[test]
fn without_a_place() {
    let sandbox = muo();
    sandbox.xtask(&["promote", "muo", "-q"]).matches("saas-open");
    assert_eq!(sandbox.git("status --porcelain"), "");
    sandbox.xtask(&["promote", "muo", "production-2", "-q"]).succeeds();
    sandbox.xtask(&["promote", "muo", "-q", "-n"]).matches("saas-only-one");
}

/// A canary is offered before the rest of its environment, and moves alone.
#[test]
fn canaries_go_first() {
    let sandbox = muo();
    sandbox.replace(FILE, "    name: last\n", "    name: hivep03-prod-canary\n");
    sandbox.replace(FILE, "    name: off\n", "    name: hivep03\n");
    sandbox.replace(FILE, "    disable: true\n", "");
    sandbox.commit_all();
    sandbox.xtask(&["promote", "muo", "-q"]).matches("saas-canary-open");
    let canary = ["promote", "--saas", "muo", "--env", "hivep03-prod-canary", "--no-image-check"];
    sandbox.xtask(&[&canary[..], &["-q"]].concat()).matches("saas-canary");
    sandbox.xtask(&["status", "muo", "-q"]).matches("saas-canary-status");
}

#[test]
fn words_that_fit_nothing() {
    let sandbox = muo();
    for (name, args) in [
        ("saas-unknown", &["promote", "muu", "production-1"][..]),
        ("saas-several", &["promote", "saas"]),
        ("saas-no-place", &["promote", "muo", "nowhere"]),
        ("saas-tracking", &["promote", "muo", "stage"]),
        ("saas-no-version", &["promote", "muo", "production-1", "--like", "nowhere"]),
    ] {
        sandbox.xtask(&[args, &["-q"]].concat()).matches(name);
    }
    assert_eq!(sandbox.git("status --porcelain"), "");
}

/// Every pinned target of every saas file moves to another commit and back: nothing else changes.
#[test]
fn every_pin_there_and_back() {
    let root = fresh_folder();
    let world = BigWorld::create(&root, &Size::SMALL).unwrap();
    let mut tree = Tree::default();
    let mut folders = vec![world.world.repository.join("data")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&world.world.repository).unwrap().to_str().unwrap();
            tree.0.insert(RepoPath::parse(name).unwrap(), fs::read(&path).unwrap());
        }
    }
    let everywhere = [FilePattern::Glob("**".to_owned())];
    assert!(!target_files(&tree, &everywhere).is_empty());
    let (mut files, mut pins) = (0, 0);
    for path in tree.0.keys() {
        let Some(file) = SaasFile::read(path, &tree) else { continue };
        files += 1;
        let nowhere = Site::default();
        for (template, target) in file.targets() {
            let Some((value, _)) = target.value.clone().filter(|(value, _)| is_full_commit(value))
            else {
                continue;
            };
            let chosen = [Chosen { template, target, site: &nowhere }];
            let Some(there) = moved(&file, &chosen, &"f".repeat(40), &tree) else { continue };
            let back = moved(&file, &chosen, &value, &there).unwrap();
            assert_eq!(back.0, tree.0, "{path}: {}", target.label);
            pins += 1;
        }
    }
    assert!(files >= 40 && pins >= 60, "{files} files, {pins} pins");
    fs::remove_dir_all(root).unwrap();
}

/// The tree after a promotion; `None` if the target stays.
fn moved(file: &SaasFile, chosen: &[Chosen], to: &str, tree: &Tree) -> Option<Tree> {
    let component = components(file, chosen).pop()?;
    let part = Part::new(&Scope::all(&component), CommitId::parse(to)?);
    let plan = plan(&[part], tree).ok()?;
    verify(&plan).unwrap();
    let mut after: BTreeMap<RepoPath, Vec<u8>> = tree.0.clone();
    for (path, file) in plan.changed() {
        after.insert(path.clone(), file.after().into_bytes());
    }
    Some(Tree(after))
}

#[test]
fn blocked_versions() {
    let sandbox = muo();
    let block = ["block", "muo", "--ref", "v0.10.0", "--reason", "it leaks", "-q"];
    sandbox.xtask(&[&block[..], &["-n"]].concat()).matches("block-dry");
    sandbox.xtask(&[&block[..], &["--commit"]].concat()).matches("block");
    assert_eq!(
        sandbox.git("log -1 --format=%B"),
        "block f40f661 of saas-muo\n\nReason: it leaks\n\n"
    );
    sandbox.xtask(&block).matches("block-again");
    // What is done is told even if nobody can read it.
    let unblock = ["unblock", "muo", "--ref", "v0.10.0", "--commit", "--reason", "a\n b", "-q"];
    let mut run = sandbox.command(&unblock);
    run.command().stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    run.run().matches("unblock-untold");
    assert_eq!(sandbox.git("log -1 --format=%B"), "unblock f40f661 of saas-muo\n\nReason: a b\n\n");
    sandbox.git("reset --quiet --hard HEAD~1");
    let promote = ["promote", "muo", "production-1", "-q", "-n", "--ref", "v0.10.0"];
    sandbox
        .xtask(&[&promote[..], &["--allow-downgrade", "--reason", "x"]].concat())
        .matches("saas-blocked");
    sandbox
        .xtask(&["unblock", "muo", "--ref", "v0.10.0", "-q", "--format", "json"])
        .matches("unblock-json");
    assert_eq!(sandbox.git("diff HEAD~1 --stat"), "");
    sandbox.xtask(&["unblock", "muo", "--ref", "v0.10.0", "-q"]).matches("unblock-again");
    // The saas file of this component has templates with another upstream too.
    let block = ["block", "--ref", "master", "--reason", "x", "-n", "-q"];
    let component = [&block[..], &["qontract-reconcile"]].concat();
    let output = sandbox.xtask(&component);
    output.matches("block-component");
    let part = sandbox.xtask(&[&block[..], &["ontract-reconcile"]].concat());
    assert_eq!(part.stdout, output.stdout);
    sandbox.xtask(&[&block[..], &["qontract-reconcil-e"]].concat()).matches("block-unknown");
    sandbox.xtask(&[&block[..], &["saas-qontract-reconcile"]].concat()).matches("block-either");
}

/// What is promoted is what was meant, or nothing.
#[test]
fn exactly_the_targets_that_were_meant() {
    let sandbox = muo();
    let commits = &sandbox.world.reconcile.commits;
    let url = "https://github.com/app-sre/qontract-reconcile";
    let folder = "data/services/muo/cicd";
    let target =
        format!("namespace: {{$ref: /services/muo/namespaces/hivep01.yml}}, ref: {}", commits[8]);
    let saas = |file: &str, name: &str, template: &str, targets: &str| {
        let app = "app: {$ref: /services/muo/app.yml}";
        let text = format!(
            "name: {name}\n{app}\nresourceTemplates:\n- name: t\n{template}\n  targets: [{targets}]\n"
        );
        sandbox.write(&format!("{folder}/{file}.yaml"), &text);
    };
    let own = format!("  url: {url}\n  path: /a");
    saas("one", "twin", &own, &format!("{{{target}}}"));
    saas("two", "twin", &own, &format!("{{{target}}}"));
    saas("alias", "alias", &format!("  x: &u {url}\n  url: *u"), &format!("{{{target}}}"));
    saas("merge", "merge", &format!("  <<: {{path: /a, url: {url}}}"), &format!("{{{target}}}"));
    saas(
        "anchor",
        "anchor",
        &format!("  url: {url}\n  path: &p /a\n  x: *p"),
        &format!("{{{target}}}"),
    );
    saas("missing", "missing", &own, "{$ref: /services/muo/nowhere.yml}");
    sandbox.write("data/services/muo/shared.yml", &format!("name: shared\nref: {}\n", commits[8]));
    saas("shared-a", "shared-a", &own, "{$ref: /services/muo/shared.yml}");
    saas("shared-b", "shared-b", &own, "{$ref: /services/muo/shared.yml}");
    saas("broken", "broken", &own, "{");
    saas("odd", "\"odd\\nname\\u202e\"", &own, &format!("{{{target}, upstream: {{name: job}}}}"));
    sandbox.commit_all();
    let one = format!("{folder}/one.yaml");
    for (name, args) in [
        ("saas-twin", &["promote", "--saas", &one, "--saas", "shared-a", "--all"][..]),
        ("saas-url-alias", &["promote", "alias", "--all"]),
        ("saas-url-merge", &["promote", "merge", "--all"]),
        ("saas-path-anchor", &["promote", "anchor", "--all"]),
        ("saas-target-missing", &["promote", "missing", "--all"]),
        ("saas-target-shared", &["promote", "shared-*", "--all"]),
        ("saas-unreadable", &["promote", "broken", "--all"]),
        ("saas-unreadable", &["promote", "*{broken,shared-a}*", "--all"]),
        ("saas-odd-name", &["promote", "odd", "--all"]),
        ("saas-dotted-path", &["promote", "./data/services/muo/cicd/two.yaml", "hivep01"]),
    ] {
        sandbox.xtask(&[args, &["-n", "-q"]].concat()).matches(name);
    }
    sandbox.xtask(&["status", "{alias,missing,shared-*}"]).matches("saas-status-unfit");
    // A check doesn't pass what it can't read.
    let check = ["status", "{broken,missing,shared-*}", "--check", "--max-behind=9"];
    sandbox.xtask(&check).matches("saas-status-unread");
}

/// `--split` makes a commit of its own for each file; without it there is one.
#[test]
fn one_commit_for_each_file() {
    for (split, expected) in [(&["--split"][..], &[1, 1][..]), (&[], &[2])] {
        let sandbox = muo();
        let other = "data/services/muo/cicd/saas-muo-two.yaml";
        let text = sandbox.read(FILE).replace("name: saas-muo\n", "name: saas-muo-two\n");
        sandbox.write(other, &text.replace("- muo-stage", "- two-stage"));
        sandbox.commit_all();
        let before = sandbox.git("rev-parse HEAD");
        let before = before.trim();
        let args = ["promote", "--saas", "saas-muo*", "--env", "hivep01", "--commit", "-q"];
        sandbox.xtask(&[&args[..], split].concat()).succeeds();
        let files = |commit: &str| {
            sandbox.git(&format!("show --format= --name-only {commit}")).lines().count()
        };
        let commits = sandbox.git(&format!("rev-list --reverse {before}..HEAD"));
        assert_eq!(commits.lines().map(files).collect::<Vec<_>>(), expected);
        assert_eq!(sandbox.git("status --porcelain"), "");
        let head = sandbox.world.reconcile.commits.last().unwrap();
        for file in [FILE, other] {
            assert_eq!(sandbox.read(file).matches(head.as_str()).count(), 1, "{file}");
        }
    }
}

/// Of the files of a team, deprecated ones stay, and one that can't be promoted is named together with
/// the others. Alone, a deprecated one is refused.
#[test]
fn files_of_a_team() {
    let sandbox = muo();
    let file = |name: &str| format!("data/services/muo/cicd/saas-muo-{name}.yaml");
    let text = sandbox.read(FILE).replace("- muo-stage", "- two-stage");
    let old = text.replace("name: saas-muo\n", "name: saas-muo-old\ndeprecated: true\n");
    sandbox.write(&file("old"), &old);
    sandbox.commit_all();
    let team = ["promote", "--owner", "muo", "--env", "hivep01", "-n"];
    sandbox.xtask(&team).matches("saas-owner-deprecated");
    sandbox.xtask(&["promote", "saas-muo-old", "hivep01", "-n", "-q"]).matches("saas-deprecated");
    let unfit = text.replace("name: saas-muo\n", "name: saas-muo-unfit\n");
    let unfit = unfit.replace("  url: ", "  x: &u https://example.com\n  url: *u #");
    sandbox.write(&file("unfit"), &unfit);
    sandbox.commit_all();
    sandbox.xtask(&team).matches("saas-owner-unfit");
}

/// What may stand at the cursor comes from the saas files.
#[test]
fn completion() {
    let sandbox = muo();
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    sandbox.write("xtask/Cargo.toml", &fs::read_to_string(manifest).unwrap());
    sandbox.replace(FILE, "name: saas-muo\n", "name: \"saas-muo\" # the operator\n");
    let check = |words: &[&str], expected: &str| {
        let run = sandbox.xtask(&[&["__complete", "fish", "--"], words].concat()).succeeds();
        let offered = run.stdout.lines().skip(1).map(|line| line.split('\t').next().unwrap());
        let ours = offered.filter(|word| !word.contains("qontract") && !word.contains("app-"));
        assert_eq!(ours.collect::<Vec<_>>().join(" "), expected, "{words:?}");
    };
    check(&["promote", ""], "saas-muo");
    check(&["promote", "--saas", ""], "saas-muo");
    let environments = "osd-stage osd-production-1 osd-production-2";
    check(&["promote", "muo", ""], environments);
    check(&["promote", "--saas", "muo", "--env", ""], environments);
    check(&["promote", "--saas", "muo", "--like", ""], environments);
    check(&["promote", "--saas", "muo", "--template", ""], "operator");
    check(&["promote", "--saas", "muo", "--target", ""], "last off");
    check(&["status", "muo", ""], "saas-muo");
    check(&["promote", "--owner", ""], "muo");
}

/// What is refused whatever an upstream or a remote would answer: `FETCHES` stands for the first
/// command that asks one.
#[test]
fn usage_errors_ask_no_remote() {
    let sandbox = muo();
    let page = "https://example.com/x/commit/6ba2ceb0c6";
    let runs = [
        &["qr-promote"][..],
        &["qr-promote", "--ref", "-x"],
        &["qr-promote", "--ref", "a b"],
        &["qr-promote", "--ref", page],
        &["qr-promote", "--mr", "--remote", "origni"],
        &["qr-promote", "--mr", "--target-branch", "-x"],
        &["promote", "--env", "jenkins", "--component", "schemas"],
        &["promote", "--env", "jenkin"],
        &["promote", "muo", "nowhere"],
        &["promote", "muo", "--template", "nope"],
        &["promote", "muo", "production-1", "--like", "nowhere"],
        &["promote", "muo", "production-1", "--ref", page],
        &["promote", "muo", "production-1", "--mr", "--remote", "origni"],
        &["promote", "nonsense"],
        &["promote", "72aebf9"],
        &["rollback", "--env", "jenkins", "--to", "a..b", "--reason", "x"],
        &["rollback", "--env", "nowhere", "--reason", "x"],
        &["changes", "--ref", page],
        &["changes", "--from", page],
        &["changes", "nonsense"],
        &["status", "nonsense"],
        &["block", "muo", "--ref", page, "--reason", "x"],
        &["block", "muo", "--ref", "master", "--reason", "x", "--mr", "--remote", "origni"],
        &["unblock", "muo", "--ref", "@"],
    ];
    let mut all = String::new();
    for args in runs {
        let run = sandbox.command(args).env("GIT_ALLOW_PROTOCOL", "none").run();
        all += &format!("$ cargo xtask {}\n{}{}", args.join(" "), run.stdout, run.stderr);
        all += &format!("exit status {}\n\n", run.status);
    }
    assert_eq!(all.matches("transport 'file' not allowed").count(), 1, "{all}");
    assert_eq!(all.matches("\nfetching ").count(), 1, "{all}");
    Output::of(all).matches("usage-asks-no-remote");
}
