//! What the words mean that were typed: a component, or saas files, and where.

use anyhow::{Result, bail};
use promotion::config::Config;
use promotion::model::component::Component;
use promotion::model::problem::Problem;
use promotion::saas::choice::{self, Narrowing, SaasQuery};

use crate::ask::saas::SaasFiles;
use crate::ask::saas_promotion::in_repository;
use crate::cli;
use crate::request::{Request, WantedVersion, What};
use crate::worktree::WorkTree;

/// The request with its words understood: the first one names a component or a saas file, the others
/// say where, unless they name saas files too.
///
/// A word that is neither may be an environment of the default component. Saas files that were
/// searched for are returned too, so that nobody has to search again.
pub(super) fn meant(
    request: &Request,
    work_tree: &WorkTree,
    config: &Config,
) -> Result<(Request, Option<SaasFiles>)> {
    let What::Words(words, query) = &request.what else {
        return Ok((request.with(request.what.clone()), None));
    };
    let [first, rest @ ..] = words.as_slice() else { bail!("a name is required") };
    let component = |one: &Component, places: &[String]| {
        refuse_saas_options(request, query, one)?;
        refuse_all_and(query, places.first())?;
        let fitting = places.iter().flat_map(|word| choice::environments(one, word));
        let environments = fitting.chain(query.narrowing.environments.clone()).collect();
        let names = vec![one.name.clone()];
        Ok((request.with(What::Components { names, environments }), None))
    };
    if let Some(one) = config.components.iter().find(|one| one.name == *first) {
        return component(one, rest);
    }
    let files = SaasFiles::search(work_tree);
    let unknown = match files.find(&in_repository(work_tree, first)) {
        Ok(_) => {
            let is_file = |word: &&String| files.files.iter().any(|file| file.name == **word);
            let (more, places): (Vec<&String>, Vec<&String>) = rest.iter().partition(is_file);
            refuse_all_and(query, places.first().copied())?;
            let mut query = query.clone();
            query.names = std::iter::once(first).chain(more).cloned().collect();
            query.narrowing.environments.extend(places.into_iter().cloned());
            return Ok((request.with(What::Saas(query)), Some(files)));
        }
        Err(unknown) => unknown,
    };
    if let Some(one) = files.component(first, config) {
        return component(one, rest);
    }
    let default = config.components.iter().find(|one| one.name == cli::DEFAULT_COMPONENT);
    match default {
        Some(default) if words.iter().all(|word| default.environment(word).is_some()) => {
            component(default, words)
        }
        _ => Err(files.or_configured(unknown, first, config).into()),
    }
}

fn refuse_all_and(query: &SaasQuery, place: Option<&String>) -> Result<()> {
    let Some(place) = place.filter(|_| query.all) else { return Ok(()) };
    let message = format!("`--all` can't be used with `{place}`");
    bail!(Problem::usage(message).help("leave one of them out"))
}

/// Refuses options that say nothing of a component.
fn refuse_saas_options(request: &Request, query: &SaasQuery, one: &Component) -> Result<()> {
    let Narrowing { templates, targets, namespaces, .. } = &query.narrowing;
    let options = [
        ("--template", !templates.is_empty()),
        ("--target", !targets.is_empty()),
        ("--namespace", !namespaces.is_empty()),
        ("--like", matches!(request.version, WantedVersion::Like(_))),
        ("--hotfix", request.hotfix),
        ("--split", request.split),
    ];
    let Some((option, _)) = options.into_iter().find(|(_, is_typed)| *is_typed) else {
        return Ok(());
    };
    let message = format!("`{option}` is for saas files, and `{}` is a component", one.name);
    bail!(Problem::usage(message).help("name the saas file with `--saas`"))
}
