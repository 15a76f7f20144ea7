//! The files of the big world around its saas files: people, teams, apps, namespaces,
//! environments, clusters, and the configuration.

use std::fmt::Write as _;

use super::super::history::Author;
use super::upstreams::BigUpstream;
use super::{Size, saas};
use crate::growth::{head, mixed};

/// Every service has a namespace in each of these environments.
const ENVIRONMENTS: [&str; 5] = ["stage", "production", "production-02", "canary", "integration"];
const CLUSTERS: usize = 12;
const TEAMS: usize = 60;

pub(super) struct User {
    name: String,
    org: String,
    github: String,
    email: String,
}

impl User {
    pub(super) fn author(&self) -> Author<'_> {
        Author { name: &self.name, email: &self.email }
    }
}

/// Somebody invented.
pub(super) fn user(nth: usize) -> User {
    const FIRST: [&str; 12] = [
        "Adela", "Bruno", "Carmen", "Dario", "Edda", "Faruk", "Greta", "Hugo", "Ilse", "Jonas",
        "Keiko", "Lior",
    ];
    const LAST: [&str; 15] = [
        "Arnfeld", "Bellweg", "Corvino", "Dunmere", "Estrand", "Falkner", "Gorlitz", "Hartwin",
        "Ivanek", "Jorvall", "Kestrin", "Lomarin", "Marwick", "Norden", "Ostrava",
    ];
    let (first, last) = (FIRST[nth % FIRST.len()], LAST[nth / FIRST.len() % LAST.len()]);
    let org = format!("{}{}{nth}", &first[..1], last).to_lowercase();
    let github = format!("{first}-{last}-{nth}").to_lowercase();
    let email = match nth % 3 {
        0 => format!("{org}@example.com"),
        1 => format!("{github}@users.noreply.github.com"),
        _ => format!("{}+{github}@users.noreply.github.com", 1000 + nth),
    };
    User { name: format!("{first} {last}"), org, github, email }
}

/// Everything but saas files, by path.
pub(super) fn services(
    upstreams: &[BigUpstream],
    size: &Size,
) -> impl Iterator<Item = (String, String)> {
    let people = (0..size.users).map(person);
    let teams = (0..TEAMS).map(role);
    let apps = upstreams.iter().enumerate().flat_map(|(nth, upstream)| {
        let namespaces = ENVIRONMENTS.map(|environment| namespace(nth, upstream, environment));
        [app(nth, upstream)].into_iter().chain(namespaces)
    });
    let environments = ENVIRONMENTS.map(|name| {
        let head = head("/app-sre/environment-1.yml", &format!("services-{name}"));
        let text = format!("{head}product:\n  $ref: /products/app-sre/product.yml\n");
        (format!("data/products/services/environments/{name}.yml"), text)
    });
    let clusters = (0..CLUSTERS).map(|nth| {
        let text = head("/openshift/cluster-1.yml", &cluster(nth));
        (format!("data/openshift/{}/cluster.yml", cluster(nth)), text)
    });
    people.chain(teams).chain(apps).chain(environments).chain(clusters)
}

fn cluster(nth: usize) -> String {
    format!("svc{:02}ue1", nth % CLUSTERS)
}

fn person(nth: usize) -> (String, String) {
    let User { name, org, github, .. } = user(nth);
    let head = head("/access/user-1.yml", &name);
    let team = nth % TEAMS;
    let (quote, comment) =
        (if nth % 5 == 1 { "\"" } else { "" }, if nth % 7 == 3 { " # renamed" } else { "" });
    let text = format!(
        r"{head}org_username: {org}
github_username: {quote}{github}{quote}{comment}
quay_username: {org}

roles:
- $ref: /teams/team-{team}/roles/team-{team}.yml
"
    );
    (format!("data/teams/team-{team}/users/{org}.yml"), text)
}

fn role(team: usize) -> (String, String) {
    let head = head("/access/role-1.yml", &format!("team-{team}"));
    (format!("data/teams/team-{team}/roles/team-{team}.yml"), format!("{head}permissions: []\n"))
}

/// Some block or hurry commits of their code component.
fn app(nth: usize, upstream: &BigUpstream) -> (String, String) {
    let BigUpstream { name, url, .. } = upstream;
    let head = head("/app-sre/app-1.yml", name);
    let team = nth % TEAMS;
    let mut text = format!(
        r"{head}description: {name} as a service
onboardingStatus: OnBoarded
serviceOwners:
- name: team-{team}
  email: team-{team}@example.com
codeComponents:
- name: {name}
  resource: upstream
  url: {url}
"
    );
    for (key, one_in, behind) in [("blockedVersions", 20, 1), ("hotfixVersions", 25, 0)] {
        if nth % one_in == 4 {
            let _ = write!(text, "  {key}:\n  - {} # by team-{team}\n", upstream.commit(behind));
        }
    }
    let _ =
        write!(text, "- name: {name}-dashboards\n  resource: other\n  url: {url}-dashboards.git\n");
    (format!("data/services/{name}/app.yml"), text)
}

fn namespace(nth: usize, upstream: &BigUpstream, environment: &str) -> (String, String) {
    let name = &upstream.name;
    let head = head("/openshift/namespace-1.yml", &format!("{name}-{environment}"));
    let cluster = cluster(mixed(nth) as usize + environment.len());
    let reference = |to: String| match nth % 6 {
        0 => format!(" {{$ref: {to}}}"),
        _ => format!("\n  $ref: {to}"),
    };
    let app = reference(format!("/services/{name}/app.yml"));
    let cluster = reference(format!("/openshift/{cluster}/cluster.yml"));
    let environment_file = reference(format!("/products/services/environments/{environment}.yml"));
    let text = format!(
        "{head}app:{app}\nenvironment:{environment_file}\ncluster:{cluster}\nmanagedRoles: true\n"
    );
    (format!("data/services/{name}/namespaces/{name}-{environment}.yml"), text)
}

/// The small world's configuration, and the production of so many services more.
pub(super) fn configuration(upstreams: &[BigUpstream], size: &Size) -> String {
    let mut text = super::super::files::configuration();
    for (nth, BigUpstream { name, url, branch, .. }) in
        upstreams.iter().enumerate().take(size.components)
    {
        let file = saas::path(nth, upstreams);
        let _ = write!(
            text,
            r#"
[component.{name}]
upstream = "{url}"
branch = "{branch}"

[component.{name}.environment.{name}-production]
pins = [{{ file = "{file}", saas = true }}]
"#
        );
    }
    text
}
