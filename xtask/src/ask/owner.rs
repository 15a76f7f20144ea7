//! Which saas files a team owns: those that its roles may change, and those of its apps.
//!
//! Source: the schema `role-1` of qontract-schemas, with `self_service` and formerly
//! `owned_saas_files`; the folders of app-interface, `data/teams/TEAM/roles` and
//! `data/services/TEAM`.

use std::collections::BTreeSet;

use memchr::memmem;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problem;
use promotion::model::similar::listed;
use promotion::saas::SaasFile;
use promotion::saas::choice::{Fit, fit};
use promotion::syntax::yaml::{self, NodeId, Yaml};

use crate::ask::saas::SaasFiles;
use crate::search::{Clue, Listing, search};
use crate::worktree::WorkTree;

const TEAMS: &str = "data/teams/";

const SERVICES: &str = "data/services/";

/// The paths of the saas files of a team, which is named exactly or by a unique part. Those that
/// can't be read are among them, by the folder that they are in.
///
/// Refuses a team that owns no saas file, and a part of several teams' names.
pub fn saas_files_of(
    work_tree: &WorkTree,
    files: &SaasFiles,
    team: &str,
) -> Result<Vec<RepoPath>, Problem> {
    let roles = roles(work_tree);
    let owners = |path: &RepoPath, app: Option<&str>| -> BTreeSet<String> {
        let of_roles = roles.iter().filter(|(_, one)| one == path);
        let of_app = app.and_then(|app| app.split('/').next()).map(str::to_owned);
        of_roles.map(|(team, _)| team.clone()).chain(of_app).collect()
    };
    let read = files.files.iter().map(|file| (&file.path, app(file)));
    let unread = files.unread().map(|path| (path, path.as_str().strip_prefix(SERVICES)));
    let owned = read.chain(unread).map(|(path, app)| (path, owners(path, app)));
    let owned: Vec<(&RepoPath, BTreeSet<String>)> = owned.collect();
    let teams: BTreeSet<&String> = owned.iter().flat_map(|(_, teams)| teams).collect();
    let best = teams.iter().map(|name| fit(team, name)).max().unwrap_or(Fit::No);
    let meant: Vec<&&String> = teams.iter().filter(|name| fit(team, name) == best).collect();
    match (best, meant.as_slice()) {
        (Fit::No, _) => {
            let message = format!("no team `{team}` owns a saas file");
            let all = listed(teams.iter().map(|name| name.as_str()));
            Err(Problem::usage(message).help(format!("there are {all}")))
        }
        (_, [name]) => {
            let own = owned.iter().filter(|(_, teams)| teams.contains(**name));
            Ok(own.map(|(path, _)| (*path).clone()).collect())
        }
        (_, several) => {
            let message = format!("`{team}` fits {} teams", several.len());
            let all = listed(several.iter().map(|name| name.as_str()));
            Err(Problem::usage(message).help(format!("name one of {all}")))
        }
    }
}

/// The app of a saas file, below the folder of all apps.
fn app(file: &SaasFile) -> Option<&str> {
    file.app.as_deref()?.trim_start_matches('/').strip_prefix("services/")
}

/// Each file that a role of a team may change, with the team.
fn roles(work_tree: &WorkTree) -> Vec<(String, RepoPath)> {
    let is_role = |path: &str| path.starts_with(TEAMS) && path.contains("/roles/");
    let holds = |bytes: &[u8]| {
        let keys = ["self_service", "owned_saas_files"];
        keys.iter().any(|key| memmem::find(bytes, key.as_bytes()).is_some())
    };
    let mut found = Vec::new();
    for (path, bytes) in search(Listing::start(work_tree), Clue::None, is_role, holds).tree.0 {
        let Some(team) = path.as_str()[TEAMS.len()..].split('/').next() else { continue };
        let Ok(text) = std::str::from_utf8(&bytes) else { continue };
        let Ok(yaml) = yaml::parse(text) else { continue };
        found.extend(datafiles(&yaml).into_iter().map(|file| (team.to_owned(), file)));
    }
    found
}

fn datafiles(yaml: &Yaml) -> Vec<RepoPath> {
    let items = |node: NodeId, key: &str| {
        yaml.get(node, key).map(|(list, _)| yaml.items(list)).unwrap_or_default()
    };
    let services = yaml.roots().iter().flat_map(|&root| items(root, "self_service"));
    let files = services.flat_map(|service| items(service, "datafiles"));
    let files = files.chain(yaml.roots().iter().flat_map(|&root| items(root, "owned_saas_files")));
    let reference = |file: NodeId| {
        let (node, _) = yaml.get(file, "$ref")?;
        RepoPath::parse_reference(yaml.scalar(node)?)
    };
    files.filter_map(reference).collect()
}
