//! Today's layout of app-interface, as `examples/app-interface/promote.toml` has it, with the
//! reference registry: parameters, digests, a second image, four components.

use std::fs;
use std::path::Path;

use crate::fixtures::files_in;
use crate::loopback::Reference;
use crate::registry::{CONFIG, INDEX, INDEX_TYPE, MANIFEST, MANIFEST_TYPE};
use crate::sandbox::{HEAD, Output, Sandbox, fresh_folder, is_missing};

const API: &str = "data/services/app-interface/cicd/ci-int/saas-qontract-api.yaml";
const OPA: &str = "redhat-services-prod/app-sre-tenant/qontract-reconcile-master/opa-master";
const RECONCILE: [&str; 4] = ["promote", "--component", "qontract-reconcile", "--all"];

/// A sandbox with today's files, and a registry that has every image but those of the newest
/// commits.
struct Today {
    sandbox: Sandbox,
    registry: Reference,
    folder: std::path::PathBuf,
    /// What the pins run: of reconcile, of schemas, and of both others.
    old: [String; 3],
}

impl Drop for Today {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Today {
    /// `None` where the reference registry is missing, outside of CI.
    fn new() -> Option<Today> {
        if is_missing("docker-registry") {
            return None;
        }
        let folder = fresh_folder();
        fs::create_dir_all(&folder).unwrap();
        let registry = Reference::start(&folder, "");
        let sandbox = Sandbox::new();
        let world = &sandbox.world;
        for name in ["qontract-validator", "qontract-server"] {
            let path = world.root.join(format!("upstream/{name}.git"));
            let (from, to) = (world.mirror.path.to_str().unwrap(), path.to_str().unwrap());
            sandbox.git(&format!("clone --quiet --bare {from} {to}"));
            for setting in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
                sandbox.git_in(&path, &["config", setting, "true"], "");
            }
        }
        let before_last = |commits: &[String]| commits[commits.len() - 2].clone();
        let old = [&world.reconcile, &world.schemas, &world.mirror];
        let old = old.map(|upstream| before_last(&upstream.commits));
        let today = Today { sandbox, registry, folder, old };
        today.write_files();
        today.sandbox.commit_all();
        today.sandbox.git("push --quiet origin master");
        today.push(OPA, &today.old[0], MANIFEST.1);
        // It has the port of the registry, so no commit has it: the ids would differ.
        today.configure();
        Some(today)
    }

    fn write_files(&self) {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        self.sandbox.git("rm --quiet -r data resources");
        for (path, bytes) in files_in(&data.join("tests/today")) {
            let mut text = String::from_utf8(bytes).unwrap().replace("[digest]", MANIFEST.0);
            for (name, old) in ["reconcile", "schemas", "mirror"].iter().zip(&self.old) {
                text = text.replace(&format!("[{name}:7]"), &old[..7]);
                text = text.replace(&format!("[{name}:40]"), old);
            }
            self.sandbox.write(&path, &text);
        }
    }

    fn configure(&self) {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/app-interface");
        let config = fs::read_to_string(example.join("promote.toml")).unwrap();
        self.sandbox.write("promote.toml", &config.replace("quay.io", &self.registry.address));
    }

    fn push(&self, name: &str, tag: &str, manifest: &str) {
        self.registry.push_blob(name, CONFIG.0, CONFIG.1);
        self.registry.push_manifest(name, MANIFEST.0, MANIFEST_TYPE, MANIFEST.1);
        let media_type = if manifest == INDEX.1 { INDEX_TYPE } else { MANIFEST_TYPE };
        self.registry.push_manifest(name, tag, media_type, manifest);
    }

    /// Pushes the images of the newest commits, that of the sidecar for several platforms.
    fn push_all(&self) {
        let world = &self.sandbox.world;
        let newest = |commits: &[String]| commits.last().unwrap()[..7].to_owned();
        self.push("app-sre/qontract-reconcile", &HEAD[..7], MANIFEST.1);
        self.push("app-sre/qontract-schemas", &newest(&world.schemas.commits), MANIFEST.1);
        for name in ["validator", "server"] {
            let name = format!("app-sre/qontract-{name}");
            self.push(&name, &newest(&world.mirror.commits), MANIFEST.1);
        }
        self.push(OPA, HEAD, INDEX.1);
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut output = self.sandbox.xtask(args);
        for text in [&mut output.stdout, &mut output.stderr] {
            *text = text.replace(&self.registry.address, "[registry]");
        }
        output
    }
}

#[test]
fn each_component_whole() {
    let Some(today) = Today::new() else { return };
    today.push_all();
    today.run(&[&RECONCILE[..], &["--dry-run"]].concat()).matches("today-reconcile");
    for name in ["reconcile", "schemas", "validator", "server"] {
        let component = format!("qontract-{name}");
        let promote = ["promote", "--component", &component, "--all", "--commit", "--quiet"];
        let first = today.run(&promote);
        assert_eq!((first.status, &*first.stderr), (0, ""), "{}", first.stdout);
        let again = today.run(&promote);
        assert!(again.stdout.ends_with("nothing to do: every pin is there already\n"), "{again:?}");
    }
    let status =
        today.sandbox.git("diff --stat=100 --stat-name-width=90 origin/master -- . :!promote.toml");
    let diff = today.sandbox.git("diff --unified=0 origin/master -- . :!promote.toml");
    Output { status: 0, stdout: diff, stderr: status }.matches("today-diff");
    today.run(&["explain", API]).matches("today-explain");
    let status = ["status", "--component", "qontract-reconcile", "--env", "api", "--pins"];
    today.run(&status).matches("today-status");
}

#[test]
fn without_a_digest_nothing_is_promoted() {
    let Some(today) = Today::new() else { return };
    today.push("app-sre/qontract-reconcile", &HEAD[..7], MANIFEST.1);
    let before = today.sandbox.state();
    today.run(&RECONCILE).matches("today-absent");
    let skipping = ["--no-image-check", "--wait-image=0s", "--quiet"];
    let conflicting = today.run(&[&RECONCILE[..], &skipping[..1], &["--quiet"]].concat());
    conflicting.matches("today-no-image-check");
    today.run(&[&RECONCILE[..], &skipping[1..]].concat()).matches("today-waited");
    let offline = [&RECONCILE[..], &["--offline", "--ref", HEAD]].concat();
    today.run(&offline).matches("today-offline");
    assert_eq!(today.sandbox.state(), before);
}

#[test]
fn rollback_takes_the_digest_that_ran_before() {
    let Some(today) = Today::new() else { return };
    today.push_all();
    let commit = [&RECONCILE[..], &["--commit", "--quiet"]].concat();
    assert_eq!(today.run(&commit).status, 0);
    // The tag of the old commit means another image now.
    today.push(OPA, &today.old[0], INDEX.1);
    today.push("app-sre/qontract-reconcile", &today.old[0][..7], MANIFEST.1);
    let rollback = ["rollback", "--env", "api", "--reason", "It is slow", "--dry-run", "--quiet"];
    today.run(&rollback).matches("today-rollback");
    let digest = MANIFEST.0.trim_start_matches("sha256:");
    let stored = format!(
        "storage/docker/registry/v2/repositories/{OPA}/_manifests/revisions/sha256/{digest}"
    );
    fs::remove_dir_all(today.folder.join(stored)).unwrap();
    today.run(&rollback).matches("today-rollback-gone");
}

#[test]
fn several_components_in_one_plan() {
    let Some(today) = Today::new() else { return };
    today.push_all();
    let both = ["promote", "--component", "qontract-validator", "--component", "qontract-schemas"];
    today.run(&[&both[..], &["--all", "--dry-run"]].concat()).matches("today-two");
    let three = ["promote", "--env", "pr-check", "dashboards", "--component"];
    let three = [&three[..], &["qontract-schemas,qontract-reconcile", "--dry-run", "-q"]].concat();
    today.run(&three).matches("today-two-environments");
    today.run(&[&both[..], &["--all", "--ref", HEAD]].concat()).matches("today-two-versions");
    today.sandbox.commit_all();
    today.sandbox.git("push --quiet origin master");
    let delivered = today.run(&[&both[..], &["--all", "--mr", "--quiet"]].concat());
    delivered.matches("today-two-mr");
}

#[test]
fn what_no_environment_has_is_named() {
    let Some(today) = Today::new() else { return };
    today.push_all();
    let config = today.sandbox.read("promote.toml");
    let lacks = |line: &&str| !line.contains("OPA_IMAGE") && !line.contains("QR_IMAGE_TAG");
    let kept: Vec<&str> = config.lines().filter(lacks).collect();
    let kept =
        kept.join("\n").replace("[component.qontract-reconcile.environment.terraform-repo]\n", "");
    today.sandbox.write("promote.toml", &(kept + "\n"));
    let api = ["promote", "--env", "api", "--dry-run", "--quiet"];
    let output = today.run(&api);
    Output { stdout: String::new(), ..output }.matches("today-unconfigured");
    today.run(&["discover"]).matches("today-discover");
}
