//! The files of app-interface that hold versions, `@word@` in place of each.
//!
//! Their oddities are there on purpose.

use super::history::Files;

pub(super) const PINNED: Files = &[
    (
        ".env",
        r"# What the pr-check job runs. The Makefile includes this file: it is shell and make.

# Validates the bundle
export VALIDATOR_IMAGE=quay.io/app-sre/qontract-validator
export VALIDATOR_IMAGE_TAG=9d4c1b7

# Serves the bundle
export QONTRACT_SERVER_REPO=https://github.com/app-sre/qontract-server
export QONTRACT_SERVER_IMAGE=quay.io/app-sre/qontract-server
export QONTRACT_SERVER_IMAGE_TAG=60dd1e4

# Schemas: on their own, with `make update-schemas`
export SCHEMAS_REPO=https://github.com/app-sre/qontract-schemas
export SCHEMAS_IMAGE=quay.io/app-sre/qontract-schemas
export SCHEMAS_IMAGE_TAG=@schemas@

# vault-manager, released on its own
export VAULT_RECONCILE_REPO=https://github.com/app-sre/vault-manager
export VAULT_RECONCILE_IMAGE=quay.io/app-sre/vault-manager
export VAULT_RECONCILE_IMAGE_TAG=b5e20ac

# Integrations
export RECONCILE_REPO=https://github.com/app-sre/qontract-reconcile
export RECONCILE_IMAGE=quay.io/app-sre/qontract-reconcile
#export RECONCILE_IMAGE_TAG=latest
export RECONCILE_IMAGE_TAG=@pr_check@

export GO_RECONCILE_IMAGE=quay.io/app-sre/go-qontract-reconcile
export GO_RECONCILE_IMAGE_TAG=1c77d03
QONTRACT_CLI_IMAGE_TAG=4e1f0aa
",
    ),
    (
        "data/services/app-interface/cicd/ci-ext/saas-qontract-reconcile.yaml",
        r#"---
$schema: /app-sre/saas-file-2.yml

labels: {}

name: saas-qontract-reconcile
description: Deploys the integrations, their dashboards and the mirror

app:
  $ref: /services/app-interface/app.yml

pipelinesProvider:
  $ref: /pipelines/tekton.app-interface.ci-ext.yaml

slack:
  channel: sd-app-sre-info
  notifications:
    start: false

managedResourceTypes:
- Deployment
- ConfigMap # dashboards
- Service

imagePatterns:
- quay.io/app-sre/qontract-reconcile
- quay.io/app-sre/github-mirror

resourceTemplates:
- name: qontract-reconcile
  url: https://github.com/app-sre/qontract-reconcile
  path: /openshift/qontract-reconcile.yaml
  parameters:
    IMAGE: quay.io/app-sre/qontract-reconcile
    LOG_LEVEL: INFO
  targets:
  # stage follows the branch
  - namespace:
      $ref: /services/app-interface/namespaces/app-interface-stage.yml
    ref: master
    parameters:
      DRY_RUN: --no-dry-run
  - name: canary
    namespace:
      $ref: /services/app-interface/namespaces/app-interface-canary.yml
    ref: @canary@ # moved by automation
    promotion:
      auto: true
      subscribe:
      - qontract-reconcile-stage
  - name: production
    namespace:
      $ref: /services/app-interface/namespaces/app-interface-production.yml
    # ref: master
    ref: @external@ # make qr-promote
    parameters:
      DRY_RUN: --no-dry-run
      SHARDS: 4
    promotion:
      publish:
      - qontract-reconcile-production
  - ref:  @external@
    name: production-sharded
    namespace:
      $ref: /services/app-interface/namespaces/app-interface-production.yml
    parameters: {INTEGRATION: terraform-resources, SHARDS: 12}
  - namespace: {$ref: /services/app-interface/namespaces/app-interface-standby.yml}
    disable: true
    ref: "@external@"@blanks@
  - name: retired
    namespace:
      $ref: /services/app-interface/namespaces/app-interface-retired.yml
    ref: @retired@
    delete: true

- name: qontract-reconcile-dashboards
  url: 'https://github.com/app-sre/qontract-reconcile.git'
  path: /dashboards/qontract-reconcile.yaml
  targets:
  - namespace:
      $ref: /services/observability/namespaces/observability-stage.yml
    ref: 'master'
  - namespace:
      $ref: /services/observability/namespaces/observability-production.yml
    ref: @external@@blanks@

- name: github-mirror
  url: https://github.com/app-sre/github-mirror
  path: /openshift/github-mirror.yaml
  targets:
  - namespace:
      $ref: /services/app-interface/namespaces/app-interface-stage.yml
    ref: master
  - namespace:
      $ref: /services/app-interface/namespaces/app-interface-production.yml
    ref: @mirror@
"#,
    ),
    (
        "data/services/app-interface/cicd/ci-int/saas-qontract-reconcile-int.yaml",
        r"---
$schema: /app-sre/saas-file-2.yml

labels: {}

name: saas-qontract-reconcile-int
description: Deploys the integrations to the internal clusters

app:
  $ref: /services/app-interface/app.yml

pipelinesProvider:
  $ref: /pipelines/tekton.app-interface.ci-int.yaml

managedResourceTypes:
- Deployment
- Service

imagePatterns:
- quay.io/app-sre/qontract-reconcile

resourceTemplates:
- name: qontract-reconcile
  url: https://github.com/app-sre/qontract-reconcile/
  path: /openshift/qontract-reconcile-internal.yaml
  targets:
  - namespace:
      $ref: /services/app-interface/namespaces/app-interface-stage-int.yml
    ref: @internal@
    parameters:
      LOG_LEVEL: DEBUG
  - namespace:
      $ref: /services/app-interface/namespaces/app-interface-production-int.yml
    ref: @internal@
  - namespace:
      $ref: /services/app-interface/namespaces/app-interface-dev-int.yml
    ref: master
",
    ),
    (
        "resources/jenkins/global/defaults.yaml",
        r"---
- defaults:
    name: global
    <<: *local_defaults
    node: ci-int-ephemeral
    qontract_reconcile_image_tag: '@jenkins@'
    qontract_reconcile_image: 'quay.io/app-sre/qontract-reconcile:{qontract_reconcile_image_tag}'
    #qontract_reconcile_image_tag: 'latest'
    #qontract_reconcile_image: 'quay.io/app-sre/qontract-reconcile:latest'
    timeout: 60

- job-template:
    name: 'openshift-saas-deploy-{saas_file_name}-{env_name}'
    builders:
      - shell: |
          docker run --rm {qontract_reconcile_image} openshift-saas-deploy
",
    ),
    (
        "data/services/app-interface/shared-resources/openshift-saas-deploy.yml",
        r"---
$schema: /openshift/shared-resources-1.yml

labels: {}

openshiftResources:
- provider: resource
  path: /app-interface/tekton.serviceaccount.yaml
- provider: resource-template
  type: extracurlyjinja2
  path: /tekton/openshift-saas-deploy.pipeline.yaml
  variables:
    qontract_reconcile_image_tag: @tekton@
- provider: resource-template
  type: extracurlyjinja2
  path: /tekton/openshift-saas-deploy.task.yaml
  variables:
    requests_memory: 400Mi
    # keep it equal to the one above
    qontract_reconcile_image_tag: @tekton@ # openshift-saas-deploy
",
    ),
    (
        "data/services/app-interface/shared-resources/openshift-saas-deploy-many.yml",
        r"---
$schema: /openshift/shared-resources-1.yml

labels: {}

openshiftResources:
- provider: resource-template
  type: extracurlyjinja2
  path: /tekton/openshift-saas-deploy.task.yaml
  variables: {qontract_reconcile_image_tag: @tekton@, requests_memory: 800Mi}
- {provider: resource-template, path: /tekton/openshift-saas-deploy.pipeline.yaml, variables: {qontract_reconcile_image_tag: '@tekton@'}}
",
    ),
    (
        "data/services/app-interface/shared-resources/openshift-saas-deploy.stage.yml",
        r"---
$schema: /openshift/shared-resources-1.yml

labels: {}

openshiftResources:
- provider: resource-template
  type: extracurlyjinja2
  path: /tekton/openshift-saas-deploy.task.yaml
  variables:
    qontract_reconcile_image_tag: latest
",
    ),
    (
        "data/services/app-interface/shared-resources/gitlab-webhooks.yml",
        r"---@cr@
$schema: /openshift/shared-resources-1.yml@cr@
@cr@
labels: {}@cr@
@cr@
openshiftResources:@cr@
- provider: resource-template@cr@
  path: /tekton/openshift-saas-deploy.pipeline.yaml@cr@
  variables:@cr@
    qontract_reconcile_image_tag: @tekton@@cr@
    webhook: true@cr@
",
    ),
    (
        "data/services/app-interface/shared-resources/push-gateway.yml",
        r"---
$schema: /openshift/shared-resources-1.yml

labels: {}

openshiftResources:
- provider: resource-template
  path: /tekton/openshift-saas-deploy.task.yaml
  variables:
    qontract_reconcile_image_tag: @tekton@",
    ),
    (
        "data/services/app-interface/shared-resources/legacy/openshift-saas-deploy-v1.yaml",
        r#"@bom@$schema: /openshift/shared-resources-1.yml

labels: {note: "ünïcode before the pin"}

openshiftResources:
- provider: resource-template
  path: /tekton/openshift-saas-deploy.task.yaml
  variables:
    qontract_reconcile_image_tag: "@tekton@"
"#,
    ),
    (
        "data/services/app-interface/shared-resources/network-policies.yml",
        r"---
$schema: /openshift/shared-resources-1.yml

labels: {}

# has no variables, so no qontract_reconcile_image_tag
openshiftResources:
- provider: resource
  path: /app-interface/tekton.serviceaccount.yaml
",
    ),
    (
        "data/pipelines/tekton-provider-global-defaults.yaml",
        r"---
$schema: /app-sre/pipelines-provider-defaults-1.yml

name: tekton-provider-global-defaults
labels: {}

taskTemplates:
- name: openshift-saas-deploy
  type: onePerSaasFile
  path: /tekton/openshift-saas-deploy.task.yaml
  variables:
    qontract_reconcile_image_tag: @tekton@
- name: push-gateway
  type: onePerNamespace
  path: /tekton/push-gateway.task.yaml

pipelineTemplates:
  openshiftSaasDeploy:
    name: saas-deploy
    type: onePerSaasFile
    path: /tekton/openshift-saas-deploy.pipeline.yaml
    variables:
      qontract_reconcile_image_tag: @tekton@
",
    ),
];
