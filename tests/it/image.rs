//! The image of a version has to exist before anything is written.

use crate::loopback::{Server, answer};
use crate::registry::{guarded, tokens};
use crate::sandbox::{Output, Sandbox};

const HEAD: &str = "7a734a7";
const OLDER: &str = "3884060";
const API: &str = "Docker-Distribution-Api-Version: registry/2.0";

/// A sandbox whose component has an image, at a registry that has these tags of it.
fn sandbox(tags: &'static [&'static str]) -> (Sandbox, Server) {
    let sandbox = Sandbox::new();
    let registry = Server::start(move |request| {
        let tag = request.rsplit('/').next().unwrap_or_default();
        let found = tags.contains(&tag);
        answer(if found { 200 } else { 404 }, &[API], "")
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

/// Who waits for an image learns that there is none to wait for.
#[test]
fn no_image_is_known() {
    let sandbox = Sandbox::covered();
    let note = "`--wait-image`: no image of `qontract-reconcile` is known, so none is waited for";
    let args = ["promote", "--env", "jenkins", "-n", "--wait-image"];
    let output = sandbox.xtask(&args).succeeds();
    assert!(output.stderr.contains(&format!("note: {note}\n")), "{}", output.stderr);
    let output = sandbox.xtask(&[&args[..], &["--format", "json"]].concat()).succeeds();
    let document: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(document["notes"], serde_json::json!([note]));
    let without = sandbox.xtask(&args[..4]).succeeds();
    assert!(!without.stderr.contains("--wait-image"), "{}", without.stderr);
}

/// A registry behind `tokens` that has the older image, and the newest one after these answers;
/// and a sandbox that asks it.
fn building(tokens: &Server, answers: Vec<String>) -> (Sandbox, Server) {
    let sandbox = Sandbox::covered();
    let mut answers = answers.into_iter();
    let registry = guarded(tokens, move |tag| match tag {
        HEAD => answers.next().unwrap_or_else(|| answer(200, &[API], "")),
        OLDER => answer(200, &[API], ""),
        _ => answer(404, &[API], ""),
    });
    let upstream = "upstream = \"https://github.com/app-sre/qontract-reconcile\"\n";
    let image = format!("image = \"{}/app-sre/qontract-reconcile\"\n", registry.address);
    sandbox.replace("promote.toml", upstream, &format!("{upstream}{image}"));
    (sandbox, registry)
}

const WAIT: [&str; 4] = ["promote", "--env", "jenkins", "--wait-image=1s"];

fn shown(output: &Output, registry: &Server) -> Output {
    let shown = |text: &str| text.replace(&registry.address, "[registry]");
    let (stdout, stderr) = (shown(&output.stdout), shown(&output.stderr));
    Output { status: output.status, stdout, stderr }
}

/// Waits a second, and is there then: the last question is asked when the wait is over, however
/// slow the machine is.
fn check_waits(first: String) {
    let tokens = tokens("t");
    let (sandbox, registry) = building(&tokens, vec![first]);
    shown(&sandbox.xtask(&WAIT), &registry).matches("wait-image");
    let question = "HEAD /v2/app-sre/qontract-reconcile/manifests/7a734a7";
    let again = &format!("{question} Bearer t1");
    assert_eq!(registry.requests(), [question, again, again]);
    assert_eq!(tokens.requests().len(), 1);
}

#[test]
fn waited_for() {
    check_waits(answer(404, &[API], ""));
}

#[test]
fn waited_for_at_a_busy_registry() {
    check_waits(answer(429, &["Retry-After: 0"], ""));
}

#[test]
fn waited_for_in_vain() {
    let tokens = tokens("t");
    let absent = || answer(404, &[API], "");
    let (sandbox, registry) = building(&tokens, vec![absent(), absent()]);
    let before = sandbox.state();
    let options = ["--commit", "--allow-downgrade", "--reason", "it's late"];
    let run = sandbox.xtask(&[&WAIT[..], &options].concat());
    shown(&run, &registry).matches("wait-image-in-vain");
    assert_eq!(sandbox.state(), before);

    // It is built meanwhile.
    sandbox.stand_in_for_cargo();
    let command = run.stderr.lines().find_map(|line| Some(line.split_once("go on: ")?.1)).unwrap();
    let resumed = sandbox.with_cargo("sh", &["-c", command]).run();
    shown(&resumed, &registry).matches("wait-image-resumed");
    let reason = "log -1 --format=%(trailers:key=Reason,valueonly,separator=)";
    assert_eq!(sandbox.git(reason), "it's late\n");
}

const SIDE: &str = "HEAD /v2/app-sre/side/manifests/7a734a7c2c6a3a95816f09dec686865dd6107382";

/// A sandbox with a second image whose digest is a pin; a registry answers for both.
fn with_digest(answers: impl FnMut(&str) -> String + Send + 'static) -> (Sandbox, Server) {
    let sandbox = Sandbox::new();
    let registry = Server::start(answers);
    let config = format!(
        "[component.qontract-reconcile]\n\
         upstream = \"https://github.com/app-sre/qontract-reconcile\"\n\
         images = [{{ name = \"{0}/app-sre/main\" }}, {{ name = \"{0}/app-sre/side\", tag = \"commit\" }}]\n\
         [component.qontract-reconcile.environment.jenkins]\n\
         pins = [{{ file = \"side.yaml\", key = \"digest\", value = \"digest\", image = \"{0}/app-sre/side\" }}]\n",
        registry.address
    );
    sandbox.write("promote.toml", &config);
    sandbox.write("side.yaml", &format!("digest: sha256:{}\n", "a".repeat(64)));
    (sandbox, registry)
}

#[test]
fn several_are_waited_for_together() {
    let digest = format!("sha256:{}", "b".repeat(64));
    let header = format!("Docker-Content-Digest: {digest}");
    let mut seen = Vec::new();
    let (sandbox, registry) = with_digest(move |request| {
        let is_first = !seen.contains(&request.to_owned());
        seen.push(request.to_owned());
        if is_first { answer(404, &[API], "") } else { answer(200, &[API, &header], "") }
    });
    let output = promote(&sandbox, &registry, &["--wait-image=1s"]);
    assert_eq!(output.status, 0, "{output:?}");
    assert_eq!(sandbox.read("side.yaml"), format!("digest: {digest}\n"));
    let mut requests = registry.requests();
    requests.sort();
    let main = format!("HEAD /v2/app-sre/main/manifests/{HEAD}");
    assert_eq!(requests, [&main, &main, SIDE, SIDE]);
}

#[test]
fn a_registry_that_tells_no_digest() {
    let (sandbox, registry) = with_digest(|_| answer(200, &[API], ""));
    let expected = error(
        "`[registry]` does not tell the digest of `[registry]/app-sre/side:7a734a7c2c6a3a95816f09dec686865dd6107382`",
        "a pin needs it: leave its environment out, or ask the registry's owner",
    );
    check(&promote(&sandbox, &registry, &[]), &expected);
    assert_eq!(sandbox.read("side.yaml"), format!("digest: sha256:{}\n", "a".repeat(64)));
}

/// The switch that skips the check is offered for images whose digest no pin needs.
#[test]
fn a_registry_that_does_not_let_in() {
    let (sandbox, registry) = with_digest(|_| answer(403, &[API], ""));
    let output = promote(&sandbox, &registry, &[]);
    let found: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    let cures = found["errors"].as_array().unwrap().iter();
    let cures: Vec<_> = cures.map(|one| one["help"].as_str().unwrap()).collect();
    let login = "make the image public, or put a login for it into `~/.netrc` (with `image-realm` if another host gives its tokens)";
    let skips = format!("{login}; `--no-image-check` skips this check");
    assert_eq!(cures, [login, &skips]);
}
