//! The files of app-interface that hold no pin: what `$ref` names, people, templates.

use super::history::Files;

/// Path and text of every file.
pub(super) fn files() -> Vec<(String, String)> {
    let own = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
    let mut files: Vec<_> = WRITTEN.iter().map(own).collect();
    files.push(("promote.toml".to_owned(), configuration()));
    files.extend(NAMESPACES.iter().map(namespace));
    files.extend(CLUSTERS.iter().map(|name| {
        let path = format!("data/openshift/{name}/cluster.yml");
        let url = format!("https://console.{name}.example.com");
        (
            path,
            format!(
                r"---
$schema: /openshift/cluster-1.yml

labels: {{}}

name: {name}
consoleUrl: {url}
"
            ),
        )
    }));
    files.extend(["stage", "production", "internal"].iter().map(|name| {
        let path = format!("data/products/app-sre/environments/{name}.yml");
        let product = "product:\n  $ref: /products/app-sre/product.yml";
        (
            path,
            format!(
                r"---
$schema: /app-sre/environment-1.yml

labels: {{}}

name: app-sre-{name}
{product}
"
            ),
        )
    }));
    files
}

/// Application, namespace, environment, cluster.
const NAMESPACES: &[(&str, &str, &str, &str)] = &[
    ("app-interface", "app-interface-stage", "stage", "app-sre-stage-01"),
    ("app-interface", "app-interface-canary", "stage", "app-sre-stage-01"),
    ("app-interface", "app-interface-production", "production", "app-sre-prod-01"),
    ("app-interface", "app-interface-standby", "production", "app-sre-prod-01"),
    ("app-interface", "app-interface-retired", "production", "app-sre-prod-01"),
    ("app-interface", "app-interface-dev-int", "internal", "appsres03ue1"),
    ("app-interface", "app-interface-stage-int", "internal", "appsres03ue1"),
    ("app-interface", "app-interface-production-int", "internal", "appsrep05ue1"),
    ("observability", "observability-stage", "stage", "app-sre-stage-01"),
    ("observability", "observability-production", "production", "app-sre-prod-01"),
];

const CLUSTERS: &[&str] = &["app-sre-stage-01", "app-sre-prod-01", "appsres03ue1", "appsrep05ue1"];

fn namespace(row: &(&str, &str, &str, &str)) -> (String, String) {
    let (app, name, environment, cluster) = row;
    let text = format!(
        r"---
$schema: /openshift/namespace-1.yml

labels: {{}}

name: {name}
description: {name} on {cluster}

app:
  $ref: /services/{app}/app.yml

environment:
  $ref: /products/app-sre/environments/{environment}.yml

cluster:
  $ref: /openshift/{cluster}/cluster.yml

managedRoles: true
sharedResources:
- $ref: /services/app-interface/shared-resources/network-policies.yml
"
    );
    (format!("data/services/{app}/namespaces/{name}.yml"), text)
}

const WRITTEN: Files = &[
    ("README.md", "# app-interface\n\nWhat we run and where. Merging changes production.\n"),
    (
        "data/products/app-sre/product.yml",
        r"---
$schema: /app-sre/product-1.yml

labels: {}

name: app-sre
description: Site reliability
",
    ),
    (
        "data/services/app-interface/app.yml",
        r"---
$schema: /app-sre/app-1.yml

labels: {}

name: app-interface
description: The integrations and what they need
onboardingStatus: OnBoarded
serviceOwners:
- name: App SRE
  email: app-sre@example.com
codeComponents:
- name: qontract-reconcile
  resource: upstream
  url: https://github.com/app-sre/qontract-reconcile
- name: qontract-schemas
  resource: upstream
  url: https://github.com/app-sre/qontract-schemas
",
    ),
    (
        "data/services/observability/app.yml",
        r"---
$schema: /app-sre/app-1.yml

labels: {}

name: observability
description: Dashboards and alerts
onboardingStatus: OnBoarded
serviceOwners:
- name: Platform
  email: platform@example.com
",
    ),
    (
        "data/pipelines/tekton.app-interface.ci-ext.yaml",
        r"---
$schema: /app-sre/pipelines-provider-1.yml

name: tekton-app-interface-ci-ext
labels: {}
provider: tekton
defaults:
  $ref: /pipelines/tekton-provider-global-defaults.yaml
namespace:
  $ref: /services/app-interface/namespaces/app-interface-production.yml
",
    ),
    (
        "data/pipelines/tekton.app-interface.ci-int.yaml",
        r"---
$schema: /app-sre/pipelines-provider-1.yml

name: tekton-app-interface-ci-int
labels: {}
provider: tekton
defaults:
  $ref: /pipelines/tekton-provider-global-defaults.yaml
namespace:
  $ref: /services/app-interface/namespaces/app-interface-production-int.yml
",
    ),
    (
        "data/teams/app-sre/roles/app-sre.yml",
        r"---
$schema: /access/role-1.yml

labels: {}

name: app-sre
permissions: []
owned_saas_files:
- $ref: /services/app-interface/cicd/ci-ext/saas-qontract-reconcile.yaml
- $ref: /services/app-interface/cicd/ci-int/saas-qontract-reconcile-int.yaml
",
    ),
    (
        "data/teams/platform/roles/platform.yml",
        "---\n$schema: /access/role-1.yml\n\nlabels: {}\n\nname: platform\npermissions: []\n",
    ),
    (
        "data/teams/app-sre/users/mcastell.yml",
        r"---
$schema: /access/user-1.yml

labels: {}

name: Mira Castellan
org_username: mcastell
github_username: mira-castellan
quay_username: mcastell
slack_username: mira

roles:
- $ref: /teams/app-sre/roles/app-sre.yml
",
    ),
    (
        "data/teams/app-sre/users/twinterf.yml",
        r"---
$schema: /access/user-1.yml

labels: {}

name: Tobias Winterfeld
org_username: twinterf
github_username: twinterfeld # since 2019

roles:
- $ref: /teams/app-sre/roles/app-sre.yml
",
    ),
    (
        "data/teams/app-sre/users/iokonkwo.yml",
        r#"---
$schema: /access/user-1.yml

labels: {}

name: "Inés Okonkwo"
github_username: 'InesOk'
org_username: "iokonkwo"

roles:
- $ref: /teams/app-sre/roles/app-sre.yml
"#,
    ),
    (
        "data/teams/platform/users/rduarte.yml",
        r"---
$schema: /access/user-1.yml

labels: {}

name: Rafael Duarte
org_username: rduarte
github_username: rduarte-dev

roles:
- $ref: /teams/platform/roles/platform.yml
",
    ),
    (
        "resources/app-interface/tekton.serviceaccount.yaml",
        "---\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: tekton\n",
    ),
    (
        "resources/tekton/openshift-saas-deploy.task.yaml",
        r"---
apiVersion: tekton.dev/v1
kind: Task
metadata:
  name: {{ name }}
spec:
  steps:
  - name: openshift-saas-deploy
    image: quay.io/app-sre/qontract-reconcile:{{ qontract_reconcile_image_tag }}
{%- if requests_memory is defined %}
    computeResources: {requests: {memory: {{ requests_memory }}}}
{%- endif %}
    args: [openshift-saas-deploy, --saas-file-name, $(params.saas_file_name)]
",
    ),
    (
        "resources/tekton/push-gateway.task.yaml",
        r"---
apiVersion: tekton.dev/v1
kind: Task
metadata:
  name: {{ name }}
spec:
  steps: []
",
    ),
    (
        "resources/tekton/openshift-saas-deploy.pipeline.yaml",
        r"---
apiVersion: tekton.dev/v1
kind: Pipeline
metadata:
  name: {{ name }}
  labels:
    qontract_reconcile_image_tag: {{ qontract_reconcile_image_tag }}
spec:
  tasks:
{% for task in tasks %}
  - name: {{ task }}
    taskRef: {name: {{ task }}}
{% endfor %}
",
    ),
];

/// The built-in configuration without the images: this world has no registry.
fn configuration() -> String {
    let lines = include_str!("../../promotion/src/config/builtin.toml").split_inclusive('\n');
    lines.filter(|line| !line.starts_with("image = ")).collect()
}
