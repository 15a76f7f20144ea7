//! Pins that nobody configured: what counts, what does not, and what a promotion says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use promotion::config::Config;
use promotion::inspect::coverage::{Terms, unconfigured};
use promotion::model::version::CommitId;
use xtask::ask::coverage::{CoverageScan, TargetScan};
use xtask::search::Listing;
use xtask::worktree::WorkTree;

use crate::fixtures::{Files, tree};
use crate::sandbox::{Output, Sandbox};

const TEKTON: &str = "data/pipelines/tekton-provider-global-defaults.yaml";

const CONFIG: &str = r#"
[component.app]
upstream = "https://github.com/org/app"
image = "quay.io/org/app"
[component.app.environment.env]
pins = [{ file = ".env", variable = "APP_TAG" }, { file = ".env", variable = "SHARED" }]
[component.app.environment.key]
pins = [{ files = "keys/**/*.yml", key = "app_tag" }, { file = "one.yml", path = "a.app_tag" }]
[component.app.environment.saas]
pins = [{ file = "saas.yml", saas = true, namespace = "/a.yml" }]
[component.other]
upstream = "https://github.com/org/other"
[component.other.environment.env]
pins = [{ file = "other.env", variable = "SHARED" }, { file = "other.yml", image = "quay.io/org/app" }]
"#;

/// `saas.yml` with these targets: a namespace, a ref, more.
fn saas(url: &str, targets: &[(&str, &str, &str)]) -> String {
    let target = |(namespace, commit, more): &(&str, &str, &str)| {
        let commit = if commit.len() == 1 { commit.repeat(40) } else { (*commit).to_owned() };
        format!("  - namespace: {{$ref: {namespace}}}\n    ref: {commit}\n{more}")
    };
    let targets: String = targets.iter().map(target).collect();
    format!("resourceTemplates:\n- name: t\n  url: {url}\n  targets:\n{targets}")
}

const SAAS_PARAMETERS: &str = r#"
resourceTemplates:
- name: own
  url: https://github.com/org/app
  parameters:
    SIDE_IMAGE: quay.io/org/side
    SIDE_IMAGE_TAG: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    SIDE_IMAGE_DIGEST: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    REPLICAS: 1234567
    PROXY_IMAGE_DIGEST: sha256:1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  targets: []
- name: foreign
  url: https://github.com/org/foreign
  targets:
  - name: one
    parameters: {X: quay.io/org/app, X_TAG: 22e638d, OTHER: 22e638d}
  - name: two
    parameters: {RUNS: 47fbced, STALE: bbbbbbb, RUNS_TOO: latest}
  - name: three
    parameters: {RUNS: ccccccc}
"#;

/// Parameters are found by the image beside them, as commits of the upstream, and by what the
/// component's pins run.
#[test]
fn parameters() {
    let config = Config::parse("promote.toml", CONFIG).unwrap();
    let files: Files = BTreeMap::from([("s.yml".to_owned(), SAAS_PARAMETERS.as_bytes().to_vec())]);
    let versions = vec!["47fbcedc5c9d1e2f3a4b5c6d7e8f9a0b1c2d3e4f".to_owned()];
    let images = vec!["quay.io/org/app".to_owned()];
    let terms = [Terms { versions, images, ..Terms::of(&config.components[0], &config) }];
    let found = unconfigured(&terms, &config, &tree(&files));
    let found: Vec<String> = found.iter().map(|one| one.pin()).collect();
    let expected = [
        "{ file = \"s.yml\", parameter = \"RUNS\", target = \"two\" }",
        "{ file = \"s.yml\", parameter = \"SIDE_IMAGE_DIGEST\", value = \"digest\", image = \"quay.io/org/side\", image-tag = \"commit\" }",
        "{ file = \"s.yml\", parameter = \"SIDE_IMAGE_TAG\", value = \"commit\" }",
        "{ file = \"s.yml\", parameter = \"X_TAG\" }",
    ];
    assert_eq!(found, expected);
}

/// What is found in one file, as `LINE VALUE, …: PIN`.
fn check(file: &str, text: &str, expected: &[&str]) {
    let config = Config::parse("promote.toml", CONFIG).unwrap();
    let files: Files = BTreeMap::from([(file.to_owned(), text.as_bytes().to_vec())]);
    let terms = [Terms::of(&config.components[0], &config)];
    let found: Vec<String> = unconfigured(&terms, &config, &tree(&files))
        .iter()
        .map(|one| {
            let values: Vec<_> =
                one.values.iter().map(|value| format!("{} {}", value.line, value.value)).collect();
            let pin = one.pin().replace(&format!("file = \"{file}\", "), "");
            format!("{}: {pin}", values.join(", "))
        })
        .collect();
    assert_eq!(found, expected, "{file}: {text}");
}

#[test]
fn variables() {
    let found = ["1 22e638d: { variable = \"APP_TAG\" }"];
    for file in ["ci.env", ".env.local", "hack/run.sh", "Makefile", "x/rules.mk", "a/.env"] {
        check(file, "export APP_TAG=22e638d\n", &found);
    }
    check(".env", "export APP_TAG=22e638d\n", &[]);
    for file in ["README.md", "env", "a.txt", "x.py"] {
        check(file, "APP_TAG=22e638d\n", &[]);
    }
    check(
        "ci.env",
        "APP_TAG=latest\n#APP_TAG=22e638d\nMY_APP_TAG=22e638d\nAPP_TAGS=22e638d\n",
        &[],
    );
    check("ci.env", "APP_TAG=$(git rev-parse HEAD)\necho APP_TAG=22e638d\n", &[]);
    // The name is of two components: nobody can tell whose it is.
    check("ci.env", "SHARED=22e638d\n", &[]);
    // What follows a tag must stay when the rest is taken in.
    check(
        "ci.env",
        "APP_TAG=latest\nAPP_TAG=22e638d-rc\n",
        &["2 22e638d-rc: { files = \"ci.env\", variable = \"APP_TAG\" }"],
    );
}

#[test]
fn keys_and_images() {
    let key = "a:\n  app_tag: 22e638d\nb: [{app_tag: '0123456'}]\n";
    check("x.yaml", key, &["2 22e638d, 3 0123456: { key = \"app_tag\" }"]);
    check("x.json", "{\"app_tag\": \"22e638d\"}", &["1 22e638d: { key = \"app_tag\" }"]);
    check("keys/deep/x.yml", key, &[]);
    check("one.yml", "a:\n  app_tag: 22e638d\n", &[]);
    check("x.yml", "app_tag: latest\n# app_tag: 22e638d\nmy_app_tag: 22e638d\n", &[]);
    check("x.yml", "app_tag: {{ app_tag }}\n{% if x %}\n", &[]);
    check("x.yml", "description: |\n  app_tag: 22e638d\n", &[]);
    let image = "image: quay.io/org/app:22e638d\nother: quay.io/org/app:latest\n";
    check("x.yml", image, &[]);
    check("x.txt", "app_tag: 22e638d\n", &[]);
}

#[test]
fn saas_targets() {
    let url = "https://github.com/org/app.git";
    let two = [("/a.yml", "master", ""), ("/b.yml", "a", "")];
    let check_saas = |file: &str, text: &str, rows: &[&str]| {
        let rows: Vec<_> = rows.iter().map(|row| row.replace("aaaa", &"a".repeat(40))).collect();
        check(file, text, &rows.iter().map(String::as_str).collect::<Vec<_>>());
    };
    check_saas("new.yaml", &saas(url, &two), &["8 aaaa: { saas = true }"]);
    check_saas("new.yaml", &saas("https://github.com/org/app2", &two), &[]);
    // The rest of a file that is configured in part is narrowed.
    let parts = [("/a.yml", "b", ""), ("/b.yml", "a", "")];
    check_saas(
        "saas.yml",
        &saas(url, &parts),
        &["8 aaaa: { saas = true, namespace = \"/b.yml\" }"],
    );
    let moved = [
        ("/b.yml", "a", "    promotion: {auto: true}\n"),
        ("/c.yml", "a", "    delete: true\n"),
        ("/d.yml", "1234567", ""),
    ];
    check_saas("new.yaml", &saas(url, &moved), &[]);
    let alias = "x: &v aaaa\nresourceTemplates:\n- url: https://github.com/org/app\n  targets:\n  - ref: *v\n";
    check_saas("new.yaml", &alias.replace("aaaa", &"a".repeat(40)), &["5 aaaa: { saas = true }"]);
}

#[test]
fn every_promotion_warns() {
    let sandbox = Sandbox::new();
    let jenkins = ["promote", "--env", "jenkins", "-n"];
    sandbox.offline(&jenkins).matches("coverage-offline");
    sandbox.offline(&["promote", "--env", "jenkins", "--strict"]).matches("coverage-strict");
    assert_eq!(sandbox.git("status --porcelain"), "");
    let json = sandbox.offline(&["promote", "--env", "jenkins", "--strict", "--format", "json"]);
    json.matches("coverage-strict-json");
    let schemas = sandbox.xtask(&["update-schemas", "-n", "-q", "--strict"]).succeeds();
    assert_eq!(schemas.stderr, "");
}

#[test]
fn nothing_else_in_the_world_is_reported() {
    let sandbox = Sandbox::covered();
    let stray = "qontract_reconcile_image_tag: 47fbced\n";
    sandbox.write(".gitignore", "/ignored/\n");
    sandbox.write("ignored/x.yml", stray);
    sandbox.write("nested/x.yml", stray);
    sandbox.git("init --quiet nested");
    sandbox.write("tool/tests/data/x.yml", stray);
    sandbox.write("tool/xtask/x.yml", stray);
    std::os::unix::fs::symlink(TEKTON, sandbox.path("link.yml")).unwrap();
    // Tracked files below a folder that became a link.
    sandbox.write("linked/a/x.yml", "a: 1\n");
    sandbox.write("linked/a/b/x.yml", "a: 1\n");
    sandbox.git("add linked");
    let outside = sandbox.world.root.join("outside");
    fs::rename(sandbox.path("linked/a"), &outside).unwrap();
    fs::write(outside.join("x.yml"), stray).unwrap();
    fs::write(outside.join("b/x.yml"), stray).unwrap();
    std::os::unix::fs::symlink(&outside, sandbox.path("linked/a")).unwrap();
    sandbox.write("docs/how-to.md", stray);
    sandbox.write("notes.yml", "# qontract_reconcile_image_tag: 47fbced\n");
    let args = ["qr-promote", "--offline", "--ref", crate::sandbox::HEAD, "--strict", "-n", "-q"];
    let run = || {
        let command = sandbox.command(&args);
        command.env("CARGO_MANIFEST_DIR", sandbox.path("tool/xtask")).run()
    };
    assert_eq!(run().succeeds().stderr, "");
    sandbox.write("new/x.yml", stray);
    assert_eq!(run().status, 1, "an untracked file counts");
    sandbox.git("add new/x.yml");
    assert_eq!(run().status, 1);
    sandbox.write("evil\u{1b}[31m.yml", stray);
    run().matches("coverage-hostile");
}

/// Hundreds of warnings would hide everything else that a promotion says.
#[test]
fn many_pins_are_not_told_one_by_one() {
    let sandbox = Sandbox::covered();
    let stray = |number: usize| {
        sandbox.write(&format!("many/{number:02}.yml"), "qontract_reconcile_image_tag: 47fbced\n");
    };
    (0..10).for_each(stray);
    let warnings = |args: &[&str]| {
        let stderr = sandbox.offline(&[&["qr-promote", "-n"], args].concat()).stderr;
        let lines = stderr.lines().filter(|line| !line.starts_with("  help"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let one = |kind: &str, number: usize| {
        format!(
            "{kind}: `many/{number:02}.yml:1`: key `qontract_reconcile_image_tag` is `47fbced`, and no environment of `qontract-reconcile` has it"
        )
    };
    let ten = |kind| (0..10).map(|number| one(kind, number)).collect::<Vec<_>>();
    assert_eq!(warnings(&[]), ten("warning"));
    stray(10);
    let more = "1 more pin that no environment has".to_owned();
    assert_eq!(warnings(&[]), [ten("warning"), vec![format!("warning: {more}")]].concat());
    stray(11);
    let more = more.replace("1 more pin", "2 more pins");
    assert_eq!(warnings(&["--strict"]), [ten("error"), vec![format!("error: {more}")]].concat());
}

/// The catalogue makes no difference but that of time, whatever becomes of it and of the files.
#[test]
fn files_that_were_seen_before() {
    let sandbox = Sandbox::covered();
    let pin = |value: &str| format!("# {value}\nqontract_reconcile_image_tag: {value}\n");
    sandbox.write("new/x.yml", &pin("latest7"));
    // No version, and yet of interest: as a saas file, and as one that spoils a glob.
    let tracking = saas("https://github.com/org/app", &[("/services/app.yml", "master", "")]);
    sandbox.write("data/saas-tracking.yml", &format!("name: saas-tracking\n{tracking}"));
    for (name, value) in [
        ("one", "22e638d"),
        ("more/a", "22e638d"),
        ("more/b", "22e638d"),
        ("more/c", "latest\nbad: ["),
    ] {
        sandbox.write(&format!("vault/{name}.yml"), &format!("vault_tag: {value}\n"));
    }
    let config = "[component.x]\nupstream = \"https://github.com/org/x\"\n\
        [component.x.environment.e]\npins = [{ file = \"vault/one.yml\", key = \"vault_tag\" }]\n";
    sandbox.write("promote.toml", &format!("{}\n{config}", sandbox.read("promote.toml")));
    // Only then is a file known for sure.
    std::thread::sleep(Duration::from_millis(3_100));
    let run = || sandbox.offline(&["qr-promote", "-n"]).succeeds().stderr;
    let folder = sandbox.world.root.join("cache/catalogue");
    let catalogue = || fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    assert!(!folder.exists());
    assert_eq!(run(), "");
    let known = fs::read(catalogue()).unwrap();
    assert_eq!(run(), "");
    assert_eq!(fs::read(catalogue()).unwrap(), known, "it is not written in vain");
    let same = |run: &dyn Fn() -> Output| {
        let warm = run();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!([run(), run()], [warm.clone(), warm.clone()]);
        warm
    };
    for command in ["discover --all", "status --check", "status --all-saas --pins"] {
        let words = format!("{command} --offline --quiet");
        same(&|| sandbox.xtask(&words.split(' ').collect::<Vec<_>>()));
    }
    let promotion = same(&|| sandbox.offline(&["promote", "saas-tracking", "-n"]));
    assert!(promotion.stderr.contains("`t/app` follows a branch"), "{promotion:?}");
    let complete = ["__complete", "bash", "--", "", "app-promote promote saas-"];
    let names = same(&|| sandbox.program(env!("CARGO_BIN_EXE_app-promote"), &complete).run());
    assert!(names.stdout.contains("saas-tracking"), "{names:?}");
    let file = fs::File::options().write(true).open(sandbox.path("new/x.yml")).unwrap();
    let time = file.metadata().unwrap().modified().unwrap();
    sandbox.write("new/x.yml", &pin("47fbced"));
    file.set_modified(time).unwrap();
    let found = run();
    assert!(found.contains("`new/x.yml:2`: key `qontract_reconcile_image_tag`"), "{found}");
    type Spoil<'a> = &'a dyn Fn(&Path);
    let spoilt: [(&str, Spoil); 6] = [
        ("gone", &|_| ()),
        ("cut", &|place| fs::write(place, &known[..known.len() / 2]).unwrap()),
        ("endless", &|place| std::os::unix::fs::symlink("/dev/zero", place).unwrap()),
        ("huge", &|place| fs::File::create(place).unwrap().set_len(1 << 40).unwrap()),
        ("a folder", &|place| fs::create_dir(place).unwrap()),
        ("no folder for it", &|place| {
            fs::remove_dir(place.parent().unwrap()).unwrap();
            fs::write(place.parent().unwrap(), "").unwrap();
        }),
    ];
    let place = catalogue();
    for (what, spoil) in spoilt {
        let _ = fs::remove_file(&place);
        spoil(&place);
        assert_eq!(run(), found, "{what}");
        let _ = fs::remove_dir(&place);
    }
}

#[test]
fn a_folder_that_git_does_not_know() {
    let sandbox = Sandbox::new();
    let copy = sandbox.world.root.join("copy");
    fs::create_dir_all(copy.join("sub")).unwrap();
    for file in [".env", "promote.toml"] {
        fs::copy(sandbox.path(file), copy.join(file)).unwrap();
    }
    std::fs::write(copy.join("sub/x.yml"), "qontract_reconcile_image_tag: 47fbced\n").unwrap();
    let run = ["promote", "--env", "pr-check", "-n", "--repo", copy.to_str().unwrap()];
    sandbox.offline(&run).matches("coverage-no-git");
}

/// The finds of the target branch, as files.
fn found_at(sandbox: &Sandbox, target: &str) -> Vec<String> {
    let config = Config::builtin();
    let component = config.component("qontract-reconcile").unwrap();
    let top = sandbox.world.repository.clone();
    let work_tree = WorkTree { git_dir: Some(top.join(".git")), top };
    let place = TargetScan { work_tree: &work_tree, config: &config, components: &[component] };
    let scan = CoverageScan::start(&work_tree, Listing::start(&work_tree), &config, &[component]);
    let target = CommitId::parse(sandbox.git(&format!("rev-parse {target}")).trim()).unwrap();
    let found = place.warnings(scan, &target).unwrap();
    found.into_iter().map(|one| one.file.unwrap_or(one.message)).collect()
}

/// What only one of both has, in every way in which a checkout can differ from its target branch.
#[test]
fn all_files_of_the_target_branch_count() {
    let sandbox = Sandbox::new();
    let stray = "qontract_reconcile_image_tag: 47fbced\n";
    assert_eq!(found_at(&sandbox, "master"), [TEKTON]);
    for name in ["only-there", "edited", "deleted", "assumed", "hidden"] {
        sandbox.write(&format!("{name}.yml"), stray);
    }
    sandbox.git("add .");
    sandbox.git("commit --quiet -m Strays");
    sandbox.git("branch target");
    sandbox.git("rm --quiet only-there.yml");
    sandbox.git("commit --quiet -m Behind");
    sandbox.git("update-index --assume-unchanged assumed.yml");
    sandbox.git("update-index --skip-worktree hidden.yml");
    for name in ["edited", "assumed"] {
        sandbox.write(&format!("{name}.yml"), "a: b\n");
    }
    for name in ["deleted", "hidden"] {
        fs::remove_file(sandbox.path(&format!("{name}.yml"))).unwrap();
    }
    sandbox.write("untracked.yml", stray);
    // A file that looks changed and isn't: git would like to note that in the index.
    let env = fs::File::options().write(true).open(sandbox.path(".env")).unwrap();
    env.set_modified(UNIX_EPOCH).unwrap();
    let index = || fs::read(sandbox.path(".git/index")).unwrap();
    let before = index();
    let expected = ["assumed.yml", TEKTON, "deleted.yml", "edited.yml", "hidden.yml"];
    assert_eq!(found_at(&sandbox, "target"), [&expected[..], &["only-there.yml"]].concat());
    assert_eq!(found_at(&sandbox, "master"), expected);
    assert!(index() == before, "the index was written");
}

/// A target in a file of its own counts there too, though neither file has a version and a name.
#[test]
fn targets_in_files_of_their_own() {
    let sandbox = Sandbox::new();
    let (saas, target) = ("data/services/x/saas.yml", "data/services/x/target.yml");
    sandbox.write(
        saas,
        "resourceTemplates:\n- url: https://github.com/app-sre/qontract-reconcile\n  targets:\n  \
         - $ref: /services/x/target.yml\n",
    );
    sandbox.write(target, &format!("name: prod\nref: {}\n", crate::sandbox::HEAD));
    sandbox.git("add .");
    sandbox.git("commit --quiet -m Apart");
    assert_eq!(found_at(&sandbox, "HEAD"), [TEKTON, target]);
    sandbox.git("rm --quiet -r data/services/x");
    sandbox.git("commit --quiet -m Gone");
    assert_eq!(found_at(&sandbox, "HEAD"), [TEKTON]);
    assert_eq!(found_at(&sandbox, "HEAD~1"), [TEKTON, target]);
}

/// What the target branch has and the clone lacks would be fetched file by file, without a limit.
#[test]
fn a_partial_clone_fetches_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("b.yml", "qontract_reconcile_image_tag: 47fbced\n");
    sandbox.git("add b.yml");
    sandbox.git("commit --quiet -m Stray");
    sandbox.git("push --quiet origin master");
    let clone = sandbox.world.root.join("clone");
    let (remote, there) = (sandbox.world.remote.display(), clone.display());
    sandbox.git(&format!("clone --quiet --filter=blob:none file://{remote} {there}"));
    sandbox.write(TEKTON, &(sandbox.read(TEKTON) + "# changed\n"));
    sandbox.git("commit --quiet --all -m Change");
    sandbox.git("push --quiet origin master");
    let git = |args: &str| sandbox.git(&format!("-C {there} {args}"));
    git("fetch --quiet origin");
    let target = CommitId::parse(git("rev-parse origin/master").trim()).unwrap();

    let config = Config::builtin();
    let component = config.component("qontract-reconcile").unwrap();
    let work_tree = WorkTree { top: clone.clone(), git_dir: Some(clone.join(".git")) };
    let place = TargetScan { work_tree: &work_tree, config: &config, components: &[component] };
    let before = git("count-objects -v");
    let scan = CoverageScan::start(&work_tree, Listing::start(&work_tree), &config, &[component]);
    let found = place.warnings(scan, &target).unwrap();
    let files: Vec<_> = found.iter().map(|one| one.file.as_deref().unwrap_or("-")).collect();
    assert_eq!(files, ["b.yml", "-"]);
    assert_eq!(
        found[1].to_string(),
        "1 file of the target branch was not searched for pins: this partial clone lacks it"
    );
    assert_eq!(git("count-objects -v"), before);
}
