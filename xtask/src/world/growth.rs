//! The other thousands of files of a real app-interface, for the benchmark.
//!
//! None of them holds a pin of the integrations; one in 180 is no YAML, as in the real one.

use std::fmt::Write as _;

use super::history::{History, RAFAEL};

/// One commit with that many files on top of `master`, as a stream for `git fast-import`.
pub(super) fn stream(reference: &str, files: usize) -> Vec<u8> {
    let files: Vec<_> = (0..files).map(file).collect();
    let files: Vec<_> = files.iter().map(|(path, text)| (&path[..], &text[..])).collect();
    History::on_top(reference, "refs/heads/master", &RAFAEL, "Onboard everybody else\n", &files)
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
        kind => (format!("resources/{name}/alerts-{}.yaml", kind - 6), alerts(&name, kind)),
    }
}

fn service(nth: usize) -> String {
    const FIRST: [&str; 12] = [
        "amber", "birch", "cedar", "delta", "ember", "flint", "grove", "heron", "indigo",
        "juniper", "kestrel", "lumen",
    ];
    const LAST: [&str; 8] =
        ["billing", "catalog", "gateway", "insights", "ledger", "notifier", "search", "uploader"];
    let round = nth / (FIRST.len() * LAST.len());
    format!("{}-{}-{round}", FIRST[nth % FIRST.len()], LAST[nth / FIRST.len() % LAST.len()])
}

/// 40 digits that look like a commit (the mixer is splitmix64).
fn commit(seed: usize) -> String {
    let mut state = seed as u64;
    let mut digits = String::new();
    while digits.len() < 40 {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let _ = write!(digits, "{:016x}", mixed ^ (mixed >> 31));
    }
    digits.truncate(40);
    digits
}

fn head(schema: &str, name: &str) -> String {
    format!("---\n$schema: {schema}\n\nlabels: {{}}\n\nname: {name}\n")
}

fn repeat(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect()
}

fn app(name: &str, team: &str) -> String {
    let endpoints = repeat(4, |n| {
        format!(
            "- name: {name}-{n}\n  url: api.{name}.example.com/v{n}\n  monitoring:\n  - provider:\n      $ref: /dependencies/probes/http-2xx.yml\n"
        )
    });
    let head = head("/app-sre/app-1.yml", name);
    format!(
        "{head}description: |\n  {name} as a service\nonboardingStatus: OnBoarded\nserviceOwners:\n- name: {team}\n  email: {team}@example.com\ncodeComponents:\n- name: {name}\n  resource: upstream\n  url: https://github.com/app-sre/{name}\nendPoints:\n{endpoints}"
    )
}

fn namespace(name: &str, environment: &str) -> String {
    let head = head("/openshift/namespace-1.yml", &format!("{name}-{environment}"));
    let secrets = repeat(8, |n| {
        format!(
            "- provider: vault-secret\n  path: app-sre/creds/{name}/{environment}/secret-{n} # rotated\n  version: {n}\n"
        )
    });
    let buckets = repeat(4, |n| {
        format!(
            "  - provider: s3\n    identifier: {name}-{environment}-{n}\n    defaults: /terraform/resources/s3-1.yml\n    output_resource_name: {name}-s3-{n}\n    storage_class: \"standard\"\n"
        )
    });
    format!(
        "{head}app:\n  $ref: /services/{name}/app.yml\nenvironment:\n  $ref: /products/app-sre/environments/{environment}.yml\ncluster:\n  $ref: /openshift/app-sre-prod-01/cluster.yml\nmanagedExternalResources: true\nopenshiftResources:\n{secrets}\nexternalResources:\n- provider: aws\n  provisioner: {{$ref: /aws/app-sre/account.yml}}\n  resources:\n{buckets}"
    )
}

fn saas(name: &str, nth: usize) -> String {
    let head = head("/app-sre/saas-file-2.yml", &format!("saas-{name}"));
    let templates = repeat(2 + nth % 4, |n| {
        let pin = commit(nth * 8 + n);
        format!(
            "- name: {name}-{n}\n  url: https://github.com/app-sre/{name}\n  path: /deploy/part-{n}.yaml\n  parameters:\n    REPLICAS: '{n}'\n  targets:\n  - namespace:\n      $ref: /services/{name}/namespaces/{name}-stage.yml\n    ref: master\n    upstream:\n      instance: {{$ref: /dependencies/ci/ci.yml}}\n      name: build-{name}\n  - namespace:\n      $ref: /services/{name}/namespaces/{name}-production.yml\n    ref: {pin}\n    parameters:\n      MEMORY: 512Mi\n"
        )
    });
    format!(
        "{head}app:\n  $ref: /services/{name}/app.yml\npipelinesProvider:\n  $ref: /pipelines/tekton.app-interface.ci-ext.yaml\nmanagedResourceTypes: [Deployment, Service, Route]\nimagePatterns:\n- quay.io/app-sre/{name}\nresourceTemplates:\n{templates}"
    )
}

fn slos(name: &str) -> String {
    let head = head("/app-sre/slo-document-1.yml", name);
    let slos = repeat(6, |n| {
        format!(
            "- name: availability-{n}\n  SLIType: availability\n  SLODetails: https://docs.example.com/{name}#{n}\n  SLOParameters: {{window: 28d}}\n  expr: sum(rate(requests{{service=\"{name}\",code!~\"5..\"}}[{{{{window}}}}]))\n  SLOTarget: 0.99{n}\n  SLOTargetUnit: percent_0_1\n"
        )
    });
    format!("{head}app:\n  $ref: /services/{name}/app.yml\nslos:\n{slos}")
}

fn user(name: &str, team: &str) -> String {
    let head = head("/access/user-1.yml", &format!("Owner of {name}"));
    let login = name.replace('-', "");
    format!(
        "{head}org_username: {login}\ngithub_username: {name}-dev\nquay_username: {login}\nroles:\n- $ref: /teams/{team}/roles/{name}.yml\n"
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

fn config(name: &str) -> String {
    let lines = repeat(40, |n| format!("    {name}.option.{n}={n} # 'default'\n"));
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  application.properties: |\n{lines}"
    )
}

fn jinja(name: &str) -> String {
    format!(
        "---\nkind: ConfigMap\nmetadata:\n  name: {name}\n{{% for key in keys %}}\n  {{{{ key }}}}: {{{{ values[key] }}}}\n{{% endfor %}}\n"
    )
}

fn alerts(name: &str, kind: usize) -> String {
    let rules = repeat(6, |n| {
        format!(
            "    - alert: {name}-{kind}-{n}\n      expr: |\n        sum(rate(errors_total{{service=\"{name}\", part=\"{n}\"}}[5m])) > 0.{n}\n      for: {n}m\n      labels: {{severity: high, service: {name}}}\n      annotations:\n        message: \"{name} fails: part {n}\"\n        runbook: https://docs.example.com/{name}/{kind}#{n}\n"
        )
    });
    format!(
        "---\napiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: {name}-{kind}\nspec:\n  groups:\n  - name: {name}\n    rules:\n{rules}"
    )
}
