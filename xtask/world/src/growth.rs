//! The other thousands of files of a real app-interface, for the benchmark.
//!
//! None of them holds a pin of the integrations; one in 180 is no YAML, as in the real one.

use super::history::{CommitStream, DAY, RAFAEL, START};

/// One commit with that many files on top of `master`, as a stream for `git fast-import`.
pub(super) fn stream(reference: &str, files: usize) -> Vec<u8> {
    let files: Vec<_> = (0..files).map(file).collect();
    let files: Vec<_> = files.iter().map(|(path, text)| (&path[..], &text[..])).collect();
    let mut commits = CommitStream::every(0, START + 22 * DAY, reference);
    commits = commits.on_top_of("refs/heads/master");
    commits.commit(&RAFAEL, "Onboard everybody else\n", &files);
    commits.finish()
}

/// How many files a service has.
const KINDS: usize = 12;

fn file(number: usize) -> (String, String) {
    let name = service(number / KINDS);
    let nth = number / KINDS;
    let home = format!("data/services/{name}");
    let team = format!("team-{}", nth % 90);
    match number % KINDS {
        0 => (format!("{home}/app.yml"), app(&name, &team)),
        1 => (format!("{home}/namespaces/{name}-stage.yml"), namespace(&name, "stage")),
        2 => (format!("{home}/namespaces/{name}-production.yml"), namespace(&name, "production")),
        3 if nth.is_multiple_of(3) => (format!("{home}/cicd/saas-{name}.yaml"), saas(&name, nth)),
        3 => (format!("{home}/slo-documents/{name}.yml"), slos(&name)),
        4 => (format!("data/teams/{team}/users/{name}-owner.yml"), user(&name, &team)),
        5 => (format!("data/teams/{team}/roles/{name}.yml"), role(&name)),
        6 if nth.is_multiple_of(15) => (format!("resources/{name}/config.yaml"), jinja(&name)),
        6 => (format!("resources/{name}/config.yaml"), config(&name)),
        kind => (format!("resources/{name}/alerts-{}.yaml", kind - 6), alerts(&name, kind, 6)),
    }
}

pub(super) fn service(nth: usize) -> String {
    const FIRST: [&str; 12] = [
        "amber", "birch", "cedar", "delta", "ember", "flint", "grove", "heron", "indigo",
        "juniper", "kestrel", "lumen",
    ];
    const LAST: [&str; 8] =
        ["billing", "catalog", "gateway", "insights", "ledger", "notifier", "search", "uploader"];
    let round = nth / (FIRST.len() * LAST.len());
    format!("{}-{}-{round}", FIRST[nth % FIRST.len()], LAST[nth / FIRST.len() % LAST.len()])
}

/// 40 digits that look like a commit.
fn commit(seed: usize) -> String {
    const STEP: usize = 0x9e37_79b9_7f4a_7c15;
    let parts = (1..=3).map(|n: usize| mixed(seed.wrapping_add(n.wrapping_mul(STEP))));
    let mut digits: String = parts.map(|part| format!("{part:016x}")).collect();
    digits.truncate(40);
    digits
}

/// A number that looks random, always the same for a seed (splitmix64's mixer).
pub(super) fn mixed(seed: usize) -> u64 {
    let state = seed as u64;
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

pub(super) fn head(schema: &str, name: &str) -> String {
    format!("---\n$schema: {schema}\n\nlabels: {{}}\n\nname: {name}\n")
}

pub(super) fn repeat(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect()
}

fn app(name: &str, team: &str) -> String {
    let endpoints = repeat(4, |n| {
        format!(
            r"- name: {name}-{n}
  url: api.{name}.example.com/v{n}
  monitoring:
  - provider:
      $ref: /dependencies/probes/http-2xx.yml
"
        )
    });
    let head = head("/app-sre/app-1.yml", name);
    format!(
        r"{head}description: |
  {name} as a service
onboardingStatus: OnBoarded
serviceOwners:
- name: {team}
  email: {team}@example.com
codeComponents:
- name: {name}
  resource: upstream
  url: https://github.com/app-sre/{name}
endPoints:
{endpoints}"
    )
}

fn namespace(name: &str, environment: &str) -> String {
    let head = head("/openshift/namespace-1.yml", &format!("{name}-{environment}"));
    let secrets = repeat(8, |n| {
        format!(
            r"- provider: vault-secret
  path: app-sre/creds/{name}/{environment}/secret-{n} # rotated
  version: {n}
"
        )
    });
    let buckets = repeat(4, |n| {
        format!(
            r#"  - provider: s3
    identifier: {name}-{environment}-{n}
    defaults: /terraform/resources/s3-1.yml
    output_resource_name: {name}-s3-{n}
    storage_class: "standard"
"#
        )
    });
    format!(
        r"{head}app:
  $ref: /services/{name}/app.yml
environment:
  $ref: /products/app-sre/environments/{environment}.yml
cluster:
  $ref: /openshift/app-sre-prod-01/cluster.yml
managedExternalResources: true
openshiftResources:
{secrets}
externalResources:
- provider: aws
  provisioner: {{$ref: /aws/app-sre/account.yml}}
  resources:
{buckets}"
    )
}

fn saas(name: &str, nth: usize) -> String {
    let head = head("/app-sre/saas-file-2.yml", &format!("saas-{name}"));
    let templates = repeat(2 + nth % 4, |n| {
        let pin = commit(nth * 8 + n);
        format!(
            r"- name: {name}-{n}
  url: https://github.com/app-sre/{name}
  path: /deploy/part-{n}.yaml
  parameters:
    REPLICAS: '{n}'
  targets:
  - namespace:
      $ref: /services/{name}/namespaces/{name}-stage.yml
    ref: master
    upstream:
      instance: {{$ref: /dependencies/ci/ci.yml}}
      name: build-{name}
  - namespace:
      $ref: /services/{name}/namespaces/{name}-production.yml
    ref: {pin}
    parameters:
      MEMORY: 512Mi
"
        )
    });
    format!(
        r"{head}app:
  $ref: /services/{name}/app.yml
pipelinesProvider:
  $ref: /pipelines/tekton.app-interface.ci-ext.yaml
managedResourceTypes: [Deployment, Service, Route]
imagePatterns:
- quay.io/app-sre/{name}
resourceTemplates:
{templates}"
    )
}

pub(super) fn slos(name: &str) -> String {
    let head = head("/app-sre/slo-document-1.yml", name);
    let slos = repeat(6, |n| {
        format!(
            r#"- name: availability-{n}
  SLIType: availability
  SLODetails: https://docs.example.com/{name}#{n}
  SLOParameters: {{window: 28d}}
  expr: sum(rate(requests{{service="{name}",code!~"5.."}}[{{{{window}}}}]))
  SLOTarget: 0.99{n}
  SLOTargetUnit: percent_0_1
"#
        )
    });
    format!("{head}app:\n  $ref: /services/{name}/app.yml\nslos:\n{slos}")
}

fn user(name: &str, team: &str) -> String {
    let head = head("/access/user-1.yml", &format!("Owner of {name}"));
    let login = name.replace('-', "");
    format!(
        r"{head}org_username: {login}
github_username: {name}-dev
quay_username: {login}
roles:
- $ref: /teams/{team}/roles/{name}.yml
"
    )
}

fn role(name: &str) -> String {
    let head = head("/access/role-1.yml", name);
    let access = repeat(3, |n| {
        format!(
            "- namespace:\n    $ref: /services/{name}/namespaces/{name}-stage.yml\n  role: view-{n}\n"
        )
    });
    format!("{head}permissions: []\naccess:\n{access}")
}

pub(super) fn config(name: &str) -> String {
    let lines = repeat(40, |n| format!("    {name}.option.{n}={n} # 'default'\n"));
    format!(
        r"---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
data:
  application.properties: |
{lines}"
    )
}

pub(super) fn jinja(name: &str) -> String {
    format!(
        r"---
kind: ConfigMap
metadata:
  name: {name}
{{% for key in keys %}}
  {{{{ key }}}}: {{{{ values[key] }}}}
{{% endfor %}}
"
    )
}

pub(super) fn alerts(name: &str, kind: usize, rules: usize) -> String {
    let rules = repeat(rules, |n| {
        format!(
            r#"    - alert: {name}-{kind}-{n}
      expr: |
        sum(rate(errors_total{{service="{name}", part="{n}"}}[5m])) > 0.{n}
      for: {n}m
      labels: {{severity: high, service: {name}}}
      annotations:
        message: "{name} fails: part {n}"
        runbook: https://docs.example.com/{name}/{kind}#{n}
"#
        )
    });
    format!(
        r"---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {name}-{kind}
spec:
  groups:
  - name: {name}
    rules:
{rules}"
    )
}
