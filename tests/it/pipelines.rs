//! The scripts of the examples for pipelines, run in the demo's world as their engine would.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_yaml::Value;

use crate::sandbox::{Output, Sandbox};

const TOKEN: &str = "it's a $(secret)";

/// What an engine runs: a script, with these variables, in this folder.
struct Job {
    script: String,
    variables: BTreeMap<String, String>,
    folder: PathBuf,
}

/// A sandbox that only knows the server by its address, as it is outside: no identity, no `origin`
/// that works by itself, no branch checked out.
fn outside() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.world.answer_as_gitlab().unwrap();
    sandbox.stand_in_for_cargo();
    let root = sandbox.world.root.display().to_string();
    let config = format!(
        "[user]\n\tuseConfigOnly = true\n[core]\n\tfsync = none\n\
         [url \"{root}/remote/\"]\n\tinsteadOf = https://gitlab.example.com/service/\n\
         [url \"{root}/upstream/\"]\n\tinsteadOf = https://github.com/app-sre/\n"
    );
    fs::write(sandbox.world.root.join("home/.gitconfig"), config).unwrap();
    sandbox.git("config --remove-section user");
    sandbox.git("checkout --quiet --detach");
    sandbox
}

fn example(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
    fs::read_to_string(file).unwrap()
}

/// The variables of a mapping, with the values of others in them.
fn variables(mapping: &Value, known: &[(&str, &str)]) -> BTreeMap<String, String> {
    let Some(mapping) = mapping.as_mapping() else { return BTreeMap::new() };
    let all = mapping.iter().map(|(name, value)| {
        let value = known.iter().fold(value.as_str().unwrap().to_owned(), |value, (name, with)| {
            value.replace(&format!("${name}"), with)
        });
        (name.as_str().unwrap().to_owned(), value)
    });
    all.collect()
}

/// GitLab hands its own variables over, and runs the lines of a job as one script.
fn gitlab(sandbox: &Sandbox, name: &str) -> Job {
    let file: Value = serde_yaml::from_str(&example("gitlab-ci.yml")).unwrap();
    let job = &file[name];
    let parent = &file[job["extends"].as_str().unwrap()];
    let folder = sandbox.world.repository.clone();
    let known = [
        ("CI_PROJECT_DIR", folder.to_str().unwrap()),
        ("CI_PROJECT_URL", "https://gitlab.example.com/service/app-interface"),
        ("CI_SERVER_URL", "https://gitlab.example.com"),
    ];
    let mut all = variables(&parent["variables"], &known);
    all.extend(variables(&job["variables"], &known));
    all.extend(known.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let lines = job["script"].as_sequence().unwrap().iter().map(|line| line.as_str().unwrap());
    Job { script: lines.collect::<Vec<_>>().join("\n"), variables: all, folder }
}

/// Tekton replaces `$(…)` of its own in the variables; a script of ours has none of these.
fn tekton(sandbox: &Sandbox, name: &str) -> Job {
    let text = example("tekton.yaml");
    let documents = serde_yaml::Deserializer::from_str(&text);
    let documents: Vec<_> =
        documents.map(|document| Value::deserialize(document).unwrap()).collect();
    let is_it = |document: &&Value| {
        document["kind"] == "Task" && document["metadata"]["name"] == format!("promotion-{name}")
    };
    let task = &documents.iter().find(is_it).unwrap()["spec"];
    let folder = sandbox.world.root.join("kept");
    let mut known = vec![("$(workspaces.kept.path)".to_owned(), folder.display().to_string())];
    for parameter in task["params"].as_sequence().unwrap() {
        let [name, default] = ["name", "default"].map(|key| parameter[key].as_str().unwrap());
        known.push((format!("$(params.{name})"), default.to_owned()));
    }
    let step = &task["steps"][0];
    let replaced = |value: &str| {
        known.iter().fold(value.to_owned(), |value, (name, with)| value.replace(name, with))
    };
    let variables = step["env"].as_sequence().unwrap().iter().map(|variable| {
        // The secret is in the environment like the others.
        let value = variable["value"].as_str().map_or(TOKEN.to_owned(), &replaced);
        (variable["name"].as_str().unwrap().to_owned(), value)
    });
    let script = step["script"].as_str().unwrap().to_owned();
    assert_eq!(script, replaced(&script), "no parameter stands in the script");
    assert_eq!(replaced(step["workingDir"].as_str().unwrap()), folder.display().to_string());
    fs::create_dir_all(&folder).unwrap();
    Job { script, variables: variables.collect(), folder }
}

/// Jenkins: what stands between triple quotes is text, with backslashes of its own.
fn jenkins(sandbox: &Sandbox, name: &str) -> Job {
    let text = example(&format!("{name}.Jenkinsfile"));
    let parts: Vec<_> = text.split("'''").collect();
    assert_eq!(parts.len(), 3);
    assert!(parts[1].starts_with("#!/bin/sh\n") && !parts[1].contains('\\'));
    let folder = sandbox.world.repository.clone();
    let block = parts[0].split("environment {").nth(1).unwrap().split("\n    }").next().unwrap();
    let variables = block.lines().filter_map(|line| {
        let (name, value) = line.trim().split_once(" = ")?;
        let value = value.replace("${env.WORKSPACE}", folder.to_str().unwrap());
        Some((name.to_owned(), value.trim_matches(['\'', '"']).to_owned()))
    });
    Job { script: parts[1].to_owned(), variables: variables.collect(), folder }
}

type Engine = fn(&Sandbox, &str) -> Job;

const ENGINES: [(&str, Engine); 3] = [("gitlab", gitlab), ("jenkins", jenkins), ("tekton", tekton)];

impl Job {
    fn run(&self, sandbox: &Sandbox, with: &[(&str, &str)]) -> Output {
        let mut run = sandbox.with_cargo("sh", &["-euc", &self.script]).cwd(&self.folder);
        for (name, value) in &self.variables {
            run = run.env(name, value);
        }
        for (name, value) in with {
            assert!(*name == "PROMOTE_TOKEN" || self.variables.contains_key(*name), "{name}");
            run = run.env(name, value);
        }
        run.run()
    }

    /// The same, with another end than the call of cargo.
    fn ending_with(mut self, end: &str) -> Self {
        let at = self.script.find("cargo xtask").unwrap();
        self.script.replace_range(at.., end);
        self
    }
}

#[test]
fn nightly_status() {
    for (engine, job) in ENGINES {
        let sandbox = outside();
        let job = job(&sandbox, "status");
        job.run(&sandbox, &[]).matches("pipeline-status");
        let page = match engine {
            "gitlab" => "public/index.html",
            "jenkins" => "status.html",
            _ => "",
        };
        if !page.is_empty() {
            assert!(
                sandbox.read(page).contains("<li>qontract-reconcile in pr-check: "),
                "{engine}"
            );
        }
        assert_eq!(job.run(&sandbox, &[("MAX_AGE", "99d")]).status, 0, "{engine}");
        assert_eq!(job.run(&sandbox, &[("MAX_AGE", "")]).status, 2, "{engine}");
        for hostile in ["--help", "$(touch pwned)", "'; touch pwned; '", "1d\ntouch pwned"] {
            assert_eq!(job.run(&sandbox, &[("MAX_AGE", hostile)]).status, 2, "{engine}");
        }
        let upstream = &sandbox.world.schemas.path;
        fs::rename(upstream, upstream.with_extension("away")).unwrap();
        fs::remove_dir_all(&job.variables["XTASK_CACHE"]).unwrap();
        assert_eq!(job.run(&sandbox, &[]).status, 1, "{engine}");
        let left = sandbox.git("status --porcelain --untracked-files=all");
        let expected = if page.is_empty() { String::new() } else { format!("?? {page}\n") };
        assert_eq!(left, expected, "{engine}");
    }
}

#[test]
fn promotion_on_a_schedule() {
    for (engine, job) in ENGINES {
        let sandbox = outside();
        let job = job(&sandbox, "qr-promote");
        let token = [("PROMOTE_TOKEN", TOKEN)];
        job.run(&sandbox, &token).matches("pipeline-qr-promote");
        // The next day, before anybody has merged it.
        job.run(&sandbox, &token).matches("pipeline-qr-promote-again");
        let opened = sandbox.world.merge_requests().unwrap();
        let opened: Vec<_> = opened.iter().map(|one| (one.number, one.branch.as_str())).collect();
        assert_eq!(opened, [(1, "promote/qontract-reconcile")], "{engine}");
        let remote = sandbox.world.remote.display().to_string();
        let who = format!("--git-dir={remote} log -1 --format=%an%n%ce promote/qontract-reconcile");
        assert_eq!(sandbox.git(&who), "Promotion\npromotion@example.com\n", "{engine}");
        for hostile in ["--help", "$(touch pwned)", "'; touch pwned; '", "1d\ntouch pwned"] {
            let hostile = [("WAIT_IMAGE", hostile), ("PROMOTE_TOKEN", TOKEN)];
            assert_eq!(job.run(&sandbox, &hostile).status, 2, "{engine}");
        }
        let left = sandbox.git("status --porcelain --untracked-files=all");
        assert_eq!(left, "", "{engine}");
    }
}

/// The server gets the token, nobody else does, and nobody is asked.
#[test]
fn credentials() {
    for (engine, job) in ENGINES {
        for (host, expected) in [
            (
                "gitlab.example.com",
                Output::of(format!(
                    "protocol=https\nhost=gitlab.example.com\nusername=promotion\npassword={TOKEN}\n"
                )),
            ),
            (
                "github.com",
                Output {
                    status: 128,
                    stdout: String::new(),
                    stderr: "fatal: could not read Username for 'https://github.com': terminal \
                             prompts disabled\n"
                        .to_owned(),
                },
            ),
        ] {
            let sandbox = outside();
            let ask = format!("printf 'protocol=https\\nhost={host}\\n\\n' | git credential fill");
            let run = job(&sandbox, "qr-promote").ending_with(&ask);
            let run = run.run(&sandbox, &[("PROMOTE_TOKEN", TOKEN)]);
            assert_eq!(run, expected, "{engine}");
            let job = job(&sandbox, "qr-promote");
            let config = fs::read_to_string(job.folder.join(".git/config")).unwrap_or_default();
            assert_eq!(config.find("secret"), None, "{engine}");
        }
    }
}
