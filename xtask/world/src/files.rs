//! How the files of app-interface came about: a history in which the pins move.

use super::history::{CommitStream, INES, MIRA, PROMOTER, RAFAEL, TOBIAS};

/// Paths and texts of the files below `files/app-interface`.
macro_rules! texts {
    ($($path:literal)*) => {
        &[$(($path, include_str!(concat!("../files/app-interface/", $path)))),*]
    };
}

/// `@word@` stands for a version, or for bytes that an editor would take away. `promote.toml` is
/// made from the built-in configuration.
const TEXTS: &[(&str, &str)] = texts! {
    ".env"
    "README.md"
    "data/openshift/app-sre-prod-01/cluster.yml"
    "data/openshift/app-sre-stage-01/cluster.yml"
    "data/openshift/appsrep05ue1/cluster.yml"
    "data/openshift/appsres03ue1/cluster.yml"
    "data/pipelines/tekton-provider-global-defaults.yaml"
    "data/pipelines/tekton.app-interface.ci-ext.yaml"
    "data/pipelines/tekton.app-interface.ci-int.yaml"
    "data/products/app-sre/environments/internal.yml"
    "data/products/app-sre/environments/production.yml"
    "data/products/app-sre/environments/stage.yml"
    "data/products/app-sre/product.yml"
    "data/services/app-interface/app.yml"
    "data/services/app-interface/cicd/ci-ext/saas-qontract-reconcile.yaml"
    "data/services/app-interface/cicd/ci-int/saas-qontract-reconcile-int.yaml"
    "data/services/app-interface/namespaces/app-interface-canary.yml"
    "data/services/app-interface/namespaces/app-interface-dev-int.yml"
    "data/services/app-interface/namespaces/app-interface-production-int.yml"
    "data/services/app-interface/namespaces/app-interface-production.yml"
    "data/services/app-interface/namespaces/app-interface-retired.yml"
    "data/services/app-interface/namespaces/app-interface-stage-int.yml"
    "data/services/app-interface/namespaces/app-interface-stage.yml"
    "data/services/app-interface/namespaces/app-interface-standby.yml"
    "data/services/app-interface/shared-resources/gitlab-webhooks.yml"
    "data/services/app-interface/shared-resources/legacy/openshift-saas-deploy-v1.yaml"
    "data/services/app-interface/shared-resources/network-policies.yml"
    "data/services/app-interface/shared-resources/openshift-saas-deploy-many.yml"
    "data/services/app-interface/shared-resources/openshift-saas-deploy.stage.yml"
    "data/services/app-interface/shared-resources/openshift-saas-deploy.yml"
    "data/services/app-interface/shared-resources/push-gateway.yml"
    "data/services/observability/app.yml"
    "data/services/observability/namespaces/observability-production.yml"
    "data/services/observability/namespaces/observability-stage.yml"
    "data/teams/app-sre/roles/app-sre.yml"
    "data/teams/app-sre/users/iokonkwo.yml"
    "data/teams/app-sre/users/mcastell.yml"
    "data/teams/app-sre/users/twinterf.yml"
    "data/teams/platform/roles/platform.yml"
    "data/teams/platform/users/rduarte.yml"
    "resources/app-interface/tekton.serviceaccount.yaml"
    "resources/jenkins/global/defaults.yaml"
    "resources/tekton/openshift-saas-deploy.pipeline.yaml"
    "resources/tekton/openshift-saas-deploy.task.yaml"
    "resources/tekton/push-gateway.task.yaml"
};

/// The versions that the files name at one time.
#[derive(Clone, Default)]
struct Versions {
    /// Commit in the external saas file.
    external: String,
    /// Commit in the internal saas file.
    internal: String,
    /// Commit of the target with `promotion.auto`.
    canary: String,
    /// Commit of the target with `delete`.
    retired: String,
    /// Commit of another component in the external saas file.
    mirror: String,
    /// Tag in `.env`.
    pr_check: String,
    /// Tag in the Jenkins defaults.
    jenkins: String,
    /// Tag in the shared resources and the pipelines.
    tekton: String,
    /// Tag in `.env`.
    schemas: String,
}

/// A history in which pins move, as a stream for `git fast-import`.
///
/// `versions`: the commits of `qontract-reconcile`, `qontract-schemas` and `github-mirror`.
pub(super) fn history(start: u64, versions: [&[String]; 3]) -> Vec<u8> {
    let [reconcile, schemas, mirror] = versions;
    let tag = |commit: &str| commit[..7].to_owned();
    let everywhere = |commit: &str, pins: &Versions| Versions {
        external: commit.to_owned(),
        internal: commit.to_owned(),
        pr_check: tag(commit),
        jenkins: tag(commit),
        tekton: tag(commit),
        ..pins.clone()
    };
    let first = Versions {
        canary: reconcile[2].clone(),
        retired: reconcile[1].clone(),
        mirror: mirror[1].clone(),
        schemas: tag(&schemas[2]),
        ..Versions::default()
    };
    let first = everywhere(&reconcile[2], &first);
    let second = everywhere(&reconcile[4], &first);
    let third = Versions { schemas: tag(&schemas[4]), ..second.clone() };
    let fourth = Versions { pr_check: format!("{}-rc", tag(&reconcile[6])), ..third.clone() };
    let fifth =
        Versions { pr_check: fourth.pr_check.clone(), ..everywhere(&reconcile[8], &fourth) };
    let sixth = Versions { canary: reconcile[9].clone(), ..fifth.clone() };

    let mut h = CommitStream::new(start, "master", 5, 2);
    let mut all = tree(&first);
    all.push(("promote.toml".to_owned(), configuration()));
    h.commit(&RAFAEL, "Describe the integrations and where they run\n", &borrow(&all));
    h.commit(&MIRA, "qontract-reconcile: promote\n", &borrow(&changed(&first, &second)));
    h.commit(&TOBIAS, "qontract-schemas: promote\n", &borrow(&changed(&second, &third)));
    h.commit(&INES, "Try a release candidate in pr-check\n", &borrow(&changed(&third, &fourth)));
    h.merge(
        &INES,
        "Merge branch 'promote-reconcile' into 'master'\n\nqontract-reconcile: promote\n\nSee merge request service/app-interface!104\n",
        3,
        &[(
            &MIRA,
            "qontract-reconcile: promote, but keep the candidate in pr-check\n",
            &borrow(&changed(&fourth, &fifth)),
        )],
    );
    h.commit(
        &PROMOTER,
        "saas-qontract-reconcile: promote canary\n",
        &borrow(&changed(&fifth, &sixth)),
    );
    h.finish()
}

type Texts = Vec<(String, String)>;

fn borrow(tree: &Texts) -> Vec<(&str, &str)> {
    tree.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect()
}

fn changed(before: &Versions, after: &Versions) -> Texts {
    let before = tree(before);
    tree(after).into_iter().filter(|file| !before.contains(file)).collect()
}

fn tree(pins: &Versions) -> Texts {
    let words = [
        ("@external@", &pins.external[..]),
        ("@internal@", &pins.internal),
        ("@canary@", &pins.canary),
        ("@retired@", &pins.retired),
        ("@mirror@", &pins.mirror),
        ("@pr_check@", &pins.pr_check),
        ("@jenkins@", &pins.jenkins),
        ("@tekton@", &pins.tekton),
        ("@schemas@", &pins.schemas),
        ("@blanks@", "   "),
        ("@bom@", "\u{feff}"),
        ("@cr@", "\r"),
    ];
    let fill = |text: &str| words.iter().fold(text.to_owned(), |t, (word, by)| t.replace(word, by));
    TEXTS.iter().map(|(path, text)| ((*path).to_owned(), fill(text))).collect()
}

/// The built-in configuration without the images: this world has no registry.
pub(super) fn configuration() -> String {
    let lines = include_str!("../../promotion/src/config/builtin.toml").split_inclusive('\n');
    lines.filter(|line| !line.starts_with("image = ")).collect()
}
