//! Histories as `git fast-import` streams, and those of the three upstreams.
//!
//! Dates and identities are in the stream, so the same history always gets the same ids.

/// Somebody who writes commits.
pub(super) struct Author<'a> {
    pub(super) name: &'a str,
    pub(super) email: &'a str,
}

/// Company address.
pub(super) const TOBIAS: Author<'static> =
    Author { name: "Tobias Winterfeld", email: "twinterf@example.com" };
/// Numbered noreply address.
pub(super) const MIRA: Author<'static> =
    Author { name: "Mira Castellan", email: "1184021+mira-castellan@users.noreply.github.com" };
/// A name beyond ASCII.
pub(super) const INES: Author<'static> =
    Author { name: "Inés Okonkwo", email: "20773344+inesok@users.noreply.github.com" };
/// Noreply address of the old kind, without a number.
pub(super) const RAFAEL: Author<'static> =
    Author { name: "Rafael Duarte", email: "rduarte-dev@users.noreply.github.com" };
/// Is in no users file.
pub(super) const PAT: Author<'static> =
    Author { name: "Pat Lindqvist", email: "pat@lindqvist.example" };
/// Updates dependencies.
pub(super) const KONFLUX: Author<'static> = Author {
    name: "red-hat-konflux[bot]",
    email: "90210042+red-hat-konflux[bot]@users.noreply.github.com",
};
/// Moves the targets with `promotion.auto`.
pub(super) const PROMOTER: Author<'static> =
    Author { name: "devtools-promoter[bot]", email: "devtools-promoter@bots.example.com" };

/// A path and the whole text of the file.
pub(super) type Files<'a> = &'a [(&'a str, &'a str)];

/// When the histories begin unless told otherwise: 2024-03-04 09:00 UTC, in seconds.
pub(super) const START: u64 = 1_709_542_800;
pub(super) const DAY: u64 = 86_400;

/// A stream under construction. Every commit is later than the one before it.
pub(super) struct CommitStream {
    branch: String,
    stream: Vec<u8>,
    clock: u64,
    step: u64,
    marks: usize,
    base: Option<String>,
    /// The commits of the branch as fast-import names them: `:1`.
    main: Vec<String>,
}

impl CommitStream {
    /// Begins a branch `day` days after `start`, with a commit every `step` days.
    pub(super) fn new(start: u64, branch: &str, day: u64, step: u64) -> Self {
        CommitStream::every(step * DAY, start + day * DAY, &format!("refs/heads/{branch}"))
    }

    /// Begins a reference with a commit every `step` seconds.
    pub(super) fn every(step: u64, start: u64, reference: &str) -> Self {
        CommitStream {
            branch: reference.to_owned(),
            stream: Vec::new(),
            clock: start,
            step,
            marks: 0,
            base: None,
            main: Vec::new(),
        }
    }

    /// Lets the first commit stand on `parent`, a reference that exists.
    pub(super) fn on_top_of(mut self, parent: &str) -> Self {
        self.base = Some(format!("{parent}^0"));
        self
    }

    /// Adds a commit to the branch.
    pub(super) fn commit(&mut self, by: &Author, message: &str, files: Files) {
        let parent = self.main.last().cloned().or_else(|| self.base.clone());
        let parents: Vec<String> = parent.into_iter().collect();
        let branch = self.branch.clone();
        let mark = self.write(&branch, by, message, &parents, files);
        self.main.push(mark);
    }

    /// Merges a side branch that left the branch at its commit number `fork`.
    pub(super) fn merge(
        &mut self,
        by: &Author,
        message: &str,
        fork: usize,
        side: &[(&Author, &str, Files)],
    ) {
        let branch = self.branch.clone();
        let mut tip = self.main[fork].clone();
        for (author, message, files) in side {
            tip = self.write(&branch, author, message, &[tip], files);
        }
        let merged: Vec<_> = side.iter().flat_map(|(_, _, files)| files.iter().copied()).collect();
        let parents = [self.newest(), tip];
        let mark = self.write(&branch, by, message, &parents, &merged);
        self.main.push(mark);
    }

    /// Adds a branch of one commit that is never merged.
    pub(super) fn leave(&mut self, branch: &str, fork: usize, by: &Author, message: &str) {
        let branch = format!("refs/heads/{branch}");
        let parents = [self.main[fork].clone()];
        self.write(&branch, by, message, &parents, &[("HOTFIX.md", "Not for master.\n")]);
    }

    /// Tags the newest commit: annotated with a message, lightweight without.
    pub(super) fn tag(&mut self, name: &str, message: Option<&str>) {
        let mark = self.newest();
        match message {
            None => self.line(&format!("reset refs/tags/{name}\nfrom {mark}\n")),
            Some(message) => {
                let Author { name: tagger, email } = TOBIAS;
                let clock = self.clock;
                self.line(&format!(
                    "tag {name}\nfrom {mark}\ntagger {tagger} <{email}> {clock} +0000"
                ));
                self.data(message);
            }
        }
    }

    /// The stream; git answers it with one id per commit of the branch, oldest first.
    pub(super) fn finish(mut self) -> Vec<u8> {
        for mark in std::mem::take(&mut self.main) {
            self.line(&format!("get-mark {mark}"));
        }
        self.line("done");
        self.stream
    }

    fn write(
        &mut self,
        branch: &str,
        by: &Author,
        message: &str,
        parents: &[String],
        files: Files,
    ) -> String {
        self.marks += 1;
        let (mark, clock, Author { name, email }) = (format!(":{}", self.marks), self.clock, by);
        self.clock += self.step;
        self.line(&format!("commit {branch}\nmark {mark}"));
        for role in ["author", "committer"] {
            self.line(&format!("{role} {name} <{email}> {clock} +0000"));
        }
        self.data(message);
        for (role, parent) in ["from", "merge"].iter().zip(parents) {
            self.line(&format!("{role} {parent}"));
        }
        for (path, text) in files {
            self.line(&format!("M 100644 inline {path}"));
            self.data(text);
        }
        mark
    }

    fn newest(&self) -> String {
        self.main[self.main.len() - 1].clone()
    }

    fn line(&mut self, text: &str) {
        self.stream.extend_from_slice(text.as_bytes());
        self.stream.push(b'\n');
    }

    fn data(&mut self, text: &str) {
        self.line(&format!("data {}\n{text}", text.len()));
    }
}

/// `qontract-reconcile`: 14 commits on `master`.
pub(super) fn reconcile(start: u64) -> Vec<u8> {
    let mut h = CommitStream::new(start, "master", 0, 1);
    h.commit(
        &MIRA,
        "Start the runner of the integrations\n",
        &[
            ("README.md", "# qontract-reconcile\n\nMakes the world look like app-interface.\n"),
            (
                "reconcile/cli.py",
                "import click\n\n\n@click.group()\ndef integration():\n    pass\n",
            ),
            ("reconcile/gql_definitions/introspection.json", "{\"types\": [\"Query\"]}\n"),
            ("requirements.txt", "click==8.1.3\nrequests==2.28.2\n"),
        ],
    );
    h.commit(
        &TOBIAS,
        "feat(openshift-saas-deploy): compare with the live state before applying\n",
        &[("reconcile/openshift_saas_deploy.py", "def run(dry_run):\n    compare()\n")],
    );
    h.tag("v0.9.0", Some("The first release with saas files.\n"));
    h.commit(
        &INES,
        "fix(terraform-resources): keep the order of output secrets\n\nCloses #4102\n",
        &[("reconcile/terraform_resources.py", "def outputs(spec):\n    return sorted(spec)\n")],
    );
    h.commit(
        &KONFLUX,
        "chore(deps): update dependency requests to v2.31.0\n",
        &[("requirements.txt", "click==8.1.3\nrequests==2.31.0\n")],
    );
    h.merge(
        &MIRA,
        "Merge pull request #4121 from twinterfeld/saas-metrics\n\nCount deployments\n",
        2,
        &[
            (
                &TOBIAS,
                "openshift-saas-deploy: count deployments per target\n",
                &[("reconcile/metrics.py", "deployments = {}\n")],
            ),
            (
                &TOBIAS,
                "metrics: label them by environment\n",
                &[("reconcile/metrics.py", "deployments = {'environment': {}}\n")],
            ),
        ],
    );
    h.commit(
        &PAT,
        "Fix a typo in the help of --thread-pool-size\n",
        &[("reconcile/options.py", "THREADS = 'number of threads'\n")],
    );
    h.commit(
        &TOBIAS,
        "feat(glitchtip): read projects from the desired state\n",
        &[("reconcile/glitchtip.py", "def projects(desired):\n    return desired['projects']\n")],
    );
    h.commit(
        &INES,
        "fix(slack-usergroups): tolerate users without a Slack name (#4127)\n",
        &[(
            "reconcile/slack_usergroups.py",
            "def members(users):\n    return [u for u in users if u]\n",
        )],
    );
    h.commit(
        &MIRA,
        r#"Revert "feat(glitchtip): read projects from the desired state"

It asks the server once per project.
"#,
        &[("reconcile/glitchtip.py", "def projects(desired):\n    return []\n")],
    );
    h.commit(
        &KONFLUX,
        "chore(deps): update registry.example.com/ubi9/python-311 docker digest to 3f2a9c1\n",
        &[("Dockerfile", "FROM registry.example.com/ubi9/python-311@sha256:3f2a9c1\n")],
    );
    h.tag("v0.10.0", None);
    h.merge(
        &INES,
        "Merge pull request #4133 from mira-castellan/ocm-labels\n",
        8,
        &[(
            &MIRA,
            "feat(ocm-labels): take labels away that nobody asked for\n",
            &[(
                "reconcile/ocm_labels.py",
                "def extra(live, desired):\n    return live - desired\n",
            )],
        )],
    );
    h.commit(
        &TOBIAS,
        r"feat(gql): query `promotion.schedule` of saas files

Needs the field in qontract-schemas.
",
        &[
            (
                "reconcile/gql_definitions/introspection.json",
                "{\"types\": [\"Query\", \"PromotionSchedule\"]}\n",
            ),
            (
                "reconcile/saas_promotion.py",
                "def schedule(target):\n    return target.promotion.schedule\n",
            ),
        ],
    );
    h.commit(
        &KONFLUX,
        "chore(deps): lock file maintenance\n",
        &[("requirements.txt", "click==8.1.7\nrequests==2.31.0\n")],
    );
    h.commit(
        &INES,
        "perf(openshift-base): one pool of threads for all clusters & namespaces\n",
        &[("reconcile/openshift_base.py", "POOL = 'shared'\n")],
    );
    h.leave("hotfix/saas-timeout", 9, &TOBIAS, "hotfix: wait longer for slow clusters\n");
    h.finish()
}

/// `qontract-schemas`: 8 commits on `main`.
pub(super) fn schemas(start: u64) -> Vec<u8> {
    let saas =
        |fields: &str| format!("---\n\"$schema\": /metaschema-1.json\nproperties: {fields}\n");
    let path = "schemas/app-sre/saas-file-2.yml";
    let mut h = CommitStream::new(start, "main", 0, 2);
    h.commit(&RAFAEL, "Start with saas files\n", &[(path, &saas("[name]"))]);
    h.commit(&TOBIAS, "saas-file-2: targets have a ref\n", &[(path, &saas("[name, ref]"))]);
    h.commit(&RAFAEL, "user-1: github_username\n", &[("schemas/access/user-1.yml", "---\n")]);
    h.commit(&TOBIAS, "saas-file-2: promotion.auto\n", &[(path, &saas("[name, ref, auto]"))]);
    h.commit(
        &KONFLUX,
        "chore(deps): update validator digest to 77aa01e\n",
        &[("FROM", "77aa01e\n")],
    );
    h.commit(
        &MIRA,
        "namespace-1: allow several environments\n",
        &[("schemas/openshift/namespace-1.yml", "---\n")],
    );
    h.commit(&RAFAEL, "role-1: describe self-service\n", &[("schemas/access/role-1.yml", "---\n")]);
    h.commit(
        &TOBIAS,
        "saas-file-2: promotion.schedule\n",
        &[(path, &saas("[name, ref, auto, schedule]"))],
    );
    h.finish()
}

/// `github-mirror`: 4 commits on `master`; another component of the same saas file.
pub(super) fn mirror(start: u64) -> Vec<u8> {
    let mut h = CommitStream::new(start, "master", 0, 3);
    h.commit(&RAFAEL, "Mirror what does not change\n", &[("mirror.py", "CACHE = {}\n")]);
    h.commit(&RAFAEL, "Answer conditional requests\n", &[("mirror.py", "CACHE = {'etag': {}}\n")]);
    h.commit(
        &KONFLUX,
        "chore(deps): update flask to v3\n",
        &[("requirements.txt", "flask==3.0.2\n")],
    );
    h.commit(&MIRA, "Forget answers after an hour\n", &[("mirror.py", "CACHE = {'hour': {}}\n")]);
    h.finish()
}
