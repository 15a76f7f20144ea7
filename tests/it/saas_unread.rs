//! Saas files, and what they refer to, that can't be read: nothing is left out in silence.

use std::fs;

use crate::saas::{FILE, muo};
use crate::sandbox::{HEAD, POINTER};

/// A file that can't be read has no name: by that of its file it may be meant, or be the team's.
#[test]
fn files_that_cannot_be_read() {
    let sandbox = muo();
    let broken = "data/services/muo/cicd/mu.yaml";
    sandbox.write(broken, "name: mu\nresourceTemplates: [\n");
    let problem = format!(
        "error: `{broken}:2:20`: can't be read as YAML: unclosed bracket '['\n  \
         help: mend the file, or leave its environment out\n"
    );
    for args in [
        &["promote", "mu", "hivep01", "-n", "-q"][..],
        &["promote", "u", "hivep01", "-n", "-q"],
        &["promote", "--owner", "muo", "--env", "hivep01", "-n", "-q"],
        &["changes", "mu", "-q"],
    ] {
        sandbox.xtask(args).assert(1, "", &problem);
    }
    sandbox.xtask(&["promote", "saas-muo", "hivep01", "-n", "-q"]).succeeds();
    let check = sandbox.xtask(&["status", "--owner", "muo", "--check", "-q"]);
    let untold = format!("error: not everything could be told about `{broken}`\n");
    assert_eq!((check.status, check.stderr), (1, untold), "{}", check.stdout);
    fs::remove_file(sandbox.path(FILE)).unwrap();
    sandbox.xtask(&["status", "--owner", "muo", "-q"]).assert(1, "", &problem);
    // Nor is the word one of a component whose files are others.
    let other = "data/services/muo/cicd/other-reconcile.yaml";
    fs::rename(sandbox.path(broken), sandbox.path(other)).unwrap();
    let args = ["status", "reconcile", "-q"];
    sandbox.xtask(&args).assert(1, "", &problem.replace(broken, other));
}

/// Where it runs is said by files that can't be read, so it may be meant.
#[test]
fn places_that_cannot_be_read() {
    let sandbox = muo();
    let promote = |more: &[&str]| {
        let args = [&["promote", "muo", "osd-production-1", "-n", "-q"], more].concat();
        sandbox.xtask(&args)
    };
    let both = promote(&[]).succeeds();
    for file in [
        "data/services/muo/namespaces/hivep02.yml",
        "data/products/osd/environments/production-1.yml",
        "data/openshift/hivep02/cluster.yml",
    ] {
        sandbox.write(file, "a: [\n");
        let output = promote(&[]);
        // The environment is known of one whose cluster is not.
        if file.contains("cluster") {
            assert_eq!(output, both);
        } else {
            let problem = "can't be read as YAML: unclosed bracket '['";
            let help = "mend the file, or leave its environment out";
            output.assert(1, "", &format!("error: `{file}:1:4`: {problem}\n  help: {help}\n"));
        }
        sandbox.git("checkout --quiet .");
    }
    let file = "data/services/muo/namespaces/hivep02.yml";
    // Git keeps a file that may have changed.
    sandbox.git("update-index --refresh");
    sandbox.git(&format!("sparse-checkout set --no-cone /* !/{file}"));
    let problem = "git has it, but it is not checked out (sparse checkout)";
    let help = format!("`git sparse-checkout add /{file}`");
    promote(&[]).assert(1, "", &format!("error: `{file}`: {problem}\n  help: {help}\n"));
    promote(&["--namespace", "hivep01"]).succeeds();
    let named = ["promote", "muo", "hivep02", "-n", "-q"];
    sandbox.xtask(&named).succeeds();
    sandbox.git("sparse-checkout set --no-cone /* !/data/services/muo/namespaces/");
    sandbox.xtask(&named).succeeds();
    assert_eq!(promote(&[]).status, 1);
}

/// What is missing of the place of a target decides whether it is meant.
#[test]
fn targets_whose_place_is_unknown() {
    let sandbox = muo();
    let commit = &sandbox.world.reconcile.commits[8];
    let saas = "data/services/muo/cicd/apart.yaml";
    let namespace =
        |name: &str| format!("namespace: {{$ref: /services/muo/namespaces/{name}.yml}}");
    sandbox.write(
        saas,
        &format!(
            "name: apart\nresourceTemplates:\n- name: t\n  url: https://github.com/app-sre/qontract-reconcile\n  \
             targets:\n  - {{name: one, {}, ref: {commit}}}\n  - {{name: two, {}, ref: {commit}}}\n",
            namespace("hivep01"), namespace("hivep02")
        ),
    );
    sandbox.write(
        "data/services/muo/namespaces/hivep02.yml",
        "name: muo\ncluster: {$ref: /openshift/hivep02/cluster.yml}\n\
         environment: {$ref: /products/osd/environments/other.yml}\n",
    );
    let other = "data/products/osd/environments/other.yml";
    sandbox.write(other, "name: osd-other\n");
    sandbox.commit_all();
    let warnings = |place: &str| {
        let args = ["promote", "apart", place, "-n", "-q", "--offline", "--ref", HEAD];
        let output = sandbox.xtask(&args).succeeds();
        assert!(output.stdout.contains("\n1 file would change"), "{output:?}");
        output.stderr
    };
    let help = "mend it, or name the targets with `--target`";
    let warning = |missing: &str| {
        format!(
            "warning: `{saas}:7`: `t/two` is left out, and may be meant: where it runs is unknown, for \
             `{missing}` is missing\n  help: {help}\n"
        )
    };
    let cluster = "data/openshift/hivep02/cluster.yml";
    let (production, one) = ("production-1", "vep01");
    assert_eq!([warnings(production), warnings(one)], ["", ""]);
    fs::remove_file(sandbox.path(cluster)).unwrap();
    assert_eq!(warnings("hivep01"), "", "who names a target means no other one");
    // The environment says enough.
    assert_eq!([warnings(production), warnings(one)], [String::new(), warning(cluster)]);
    sandbox.git("checkout --quiet .");
    for missing in [other, "data/services/muo/namespaces/hivep02.yml"] {
        fs::remove_file(sandbox.path(missing)).unwrap();
        assert_eq!(warnings(production), warning(missing));
        sandbox.git("checkout --quiet .");
    }
    let args = ["promote", "--saas", "apart", "--target", "one", "-n"];
    fs::remove_file(sandbox.path(other)).unwrap();
    assert_eq!(sandbox.offline(&args).stderr, "");
    let strict = ["promote", "apart", production, "-n", "--strict"];
    let expected = warning(other).replace("warning:", "error:");
    let expected = expected.replace(help, &format!("{help}; or leave `--strict` out"));
    sandbox.offline(&strict).assert(1, "", &expected);
}

/// Nobody knows where it runs, so it may be meant.
#[test]
fn targets_that_cannot_be_read() {
    let sandbox = muo();
    let commit = &sandbox.world.reconcile.commits[8];
    let namespace = "namespace: {$ref: /services/muo/namespaces/hivep01.yml}";
    let saas = "data/services/muo/cicd/apart.yaml";
    sandbox.write(
        saas,
        &format!(
            "name: apart\nresourceTemplates:\n- name: t\n  url: https://github.com/app-sre/qontract-reconcile\n  \
             targets:\n  - {{name: own, {namespace}, ref: {commit}}}\n  - $ref: /services/muo/t.yml\n"
        ),
    );
    let path = "data/services/muo/t.yml";
    let target = format!("name: apart\n{namespace}\nref: {commit}\n");
    let missing = format!(
        "error: `{saas}:7`: refers to `/services/muo/t.yml`, which is missing\n  \
         help: mend it, or name other targets with `--target`\n"
    );
    let at = |place: &str, message: &str, help: &str| {
        format!("error: `{path}{place}`: {message}\n  help: {help}\n")
    };
    let mend = "mend the file, or leave its environment out";
    let pull = format!("`git lfs pull --include {path}`, or keep it out of LFS");
    for (bytes, expected) in [
        (None, missing),
        (Some(&b"a: [\n"[..]), at(":1:4", "can't be read as YAML: unclosed bracket '['", mend)),
        (Some(b"# caf\xe9\n"), at(":1", "is not UTF-8", "save the file as UTF-8")),
        (Some(POINTER.as_bytes()), at("", "is a Git LFS pointer, its content is not here", &pull)),
    ] {
        match bytes {
            None => {}
            Some(bytes) => fs::write(sandbox.path(path), bytes).unwrap(),
        }
        sandbox.xtask(&["promote", "apart", "hivep01", "-n", "-q"]).assert(1, "", &expected);
        let own = sandbox.xtask(&["promote", "--saas", "apart", "--target", "own", "-n", "-q"]);
        assert_eq!(own.status, 0, "{own:?}");
    }
    let latin = "data/services/muo/cicd/latin.yaml";
    fs::write(sandbox.path(latin), b"resourceTemplates:\n# caf\xe9\n").unwrap();
    let expected = format!("error: `{latin}:2`: is not UTF-8\n  help: save the file as UTF-8\n");
    sandbox.xtask(&["promote", "*{muo,latin}*", "hivep01", "-n", "-q"]).assert(1, "", &expected);
    fs::remove_file(sandbox.path(latin)).unwrap();
    sandbox.write(path, &target);
    sandbox.commit_all();
    let both = sandbox.xtask(&["promote", "apart", "hivep01", "-n", "-q"]).succeeds();
    assert!(both.stdout.contains("\n2 files would change"), "{both:?}");
    sandbox.git(&format!("sparse-checkout set --no-cone /* !/{path}"));
    let sparse = "git has it, but it is not checked out (sparse checkout)";
    let expected = at("", sparse, &format!("`git sparse-checkout add /{path}`"));
    sandbox.xtask(&["promote", "apart", "hivep01", "-n", "-q"]).assert(1, "", &expected);
    sandbox.git(&format!("sparse-checkout set --no-cone /* !/{saas}"));
    let sparse = format!("error: `{saas}`: {sparse}\n  help: `git sparse-checkout add /{saas}`\n");
    let args = ["promote", "--saas", saas, "--env", "hivep01", "-n", "-q"];
    sandbox.xtask(&args).assert(1, "", &sparse);
}
