//! The image of a version has to exist before anything is written.

use crate::loopback::{Server, answer};
use crate::sandbox::{Output, Sandbox};

const HEAD: &str = "7a734a7";
const OLDER: &str = "3884060";

/// A sandbox whose component has an image, at a registry that has these tags of it.
fn sandbox(tags: &'static [&'static str]) -> (Sandbox, Server) {
    let sandbox = Sandbox::new();
    let registry = Server::start(move |request| {
        let tag = request.rsplit('/').next().unwrap_or_default();
        let found = tags.contains(&tag);
        let headers = ["Docker-Distribution-Api-Version: registry/2.0", "Content-Length: 0"];
        answer(if found { 200 } else { 404 }, &headers, "")
    });
    let config = format!(
        "[component.qontract-reconcile]\n\
         upstream = \"https://github.com/app-sre/qontract-reconcile\"\n\
         image = \"{}/app-sre/qontract-reconcile\"\n\
         [component.qontract-reconcile.environment.jenkins]\n\
         pins = [{{ file = \"resources/jenkins/global/defaults.yaml\", key = \"qontract_reconcile_image_tag\" }}]\n",
        registry.address
    );
    sandbox.write("promote.toml", &config);
    (sandbox, registry)
}

fn promote(sandbox: &Sandbox, registry: &Server, more: &[&str]) -> Output {
    let mut output =
        sandbox.xtask(&[&["promote", "--env", "jenkins", "--format", "json", "-q"], more].concat());
    output.stdout = output.stdout.replace(&registry.address, "[registry]");
    output
}

fn error(message: &str, help: &str) -> String {
    let error = serde_json::json!({ "message": message, "help": help, "file": null, "line": null, "column": null });
    serde_json::json!({ "version": 1, "error": error }).to_string()
}

fn check(output: &Output, expected: &str) {
    let found: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!((output.status, found.to_string()), (1, expected.to_owned()));
}

#[test]
fn present() {
    let (sandbox, registry) = sandbox(&[HEAD]);
    assert_eq!(promote(&sandbox, &registry, &[]).status, 0);
    assert_eq!(registry.requests(), ["HEAD /v2/app-sre/qontract-reconcile/manifests/7a734a7"]);
}

#[test]
fn absent_names_the_newest_that_is_there() {
    let (sandbox, registry) = sandbox(&[OLDER]);
    let expected = error(
        "`[registry]/app-sre/qontract-reconcile:7a734a7` doesn't exist: not built yet, or its build failed",
        "wait until it is built: cargo xtask promote --env jenkins --ref 7a734a7c2c6a3a95816f09dec686865dd6107382 --wait-image\n\
         or promote the newest version that has one: cargo xtask promote --env jenkins --ref 3884060977431970f94e1ab9b2781840fa5f7357",
    );
    check(&promote(&sandbox, &registry, &[]), &expected);
    assert_eq!(sandbox.git("status --porcelain"), " M promote.toml\n");
}

#[test]
fn absent_for_too_long() {
    let (sandbox, registry) = sandbox(&[]);
    let expected = error(
        "`[registry]/app-sre/qontract-reconcile:7a734a7` doesn't exist: not built yet, or its build failed",
        "look at the build, then go on: cargo xtask promote --env jenkins --ref 7a734a7c2c6a3a95816f09dec686865dd6107382 --wait-image=0s\n\
         or skip this check with `--no-image-check`",
    );
    check(&promote(&sandbox, &registry, &["--wait-image=0s"]), &expected);
}

#[test]
fn not_asked() {
    let (sandbox, registry) = sandbox(&[]);
    assert_eq!(promote(&sandbox, &registry, &["--no-image-check"]).status, 0);
    let offline = ["--offline", "--ref", "3884060977431970f94e1ab9b2781840fa5f7357"];
    assert_eq!(promote(&sandbox, &registry, &offline).status, 0);
    assert_eq!(registry.requests(), Vec::<String>::new());
}
