//! Lists the commits that a promotion would take along, without promoting.

use anyhow::Result;
use promotion::config::Config;
use promotion::model::component::{Component, Scope};
use promotion::model::problem::Problem;
use promotion::model::version::CommitId;
use promotion::plan::Part;
use promotion::report::changes::{Most, Queue, markdown};
use promotion::report::json::{self, version};
use promotion::report::printable;
use promotion::saas::choice::{Narrowing, SaasQuery};
use serde_json::{Value, json};

use crate::ask::checks;
use crate::ask::people;
use crate::ask::saas::SaasFiles;
use crate::ask::saas_promotion::{SaasPromotion, in_repository};
use crate::ask::upstreams::Upstreams;
use crate::cli::{self, Format};
use crate::hint::Hint;
use crate::land::{check, verified};
use crate::mirror::refuse_page;
use crate::session::Session;
use crate::terminal::fitted;
use crate::worktree::WorkTree;

/// Prints the queue of a component.
pub fn run(session: &Session, typed: &cli::ChangesArgs) -> Result<()> {
    let work_tree = session.work_tree()?;
    let config = session.config(&work_tree)?;
    let name = typed.name.as_ref().unwrap_or(&typed.of.component);
    let saas = match config.component(name) {
        Err(_) if typed.name.is_some() => meant(session, &work_tree, &config, typed, name)?,
        configured => NamedQueue::Configured(configured?.name.clone()),
    };
    let scope = match &saas {
        NamedQueue::Saas(component) => Scope::all(component),
        NamedQueue::Configured(name) => {
            let component = config.component(name)?;
            Scope { component, environments: config.environments(component, &typed.only.env)? }
        }
    };
    let component = scope.component;
    for reference in typed.from.iter().chain(&typed.version.reference) {
        refuse_page(reference, [&component.upstream])?;
    }
    let scopes = std::slice::from_ref(&scope);
    let tree = match typed.from {
        Some(_) => None,
        None => Some(check(&work_tree, scopes)?),
    };
    let upstreams = Upstreams::open(&work_tree, &config, component)?.alone();
    let upstreams = if session.offline { upstreams } else { upstreams.fetched(session)? };
    let branch = component.branch.as_deref();
    let to = upstreams.mirror.resolve(typed.version.reference.as_deref(), branch)?.commit;
    let changes = match (&typed.from, tree) {
        (None, Some(tree)) => {
            let plan = verified(&[Part::new(&scope, to.clone()).with_stand_ins()], &[], &tree)?;
            upstreams.changes(&plan.parts[0])?
        }
        (from, _) => {
            let from = upstreams.mirror.resolve(from.as_deref(), branch)?.commit;
            let named = scope.environments.iter().filter(|_| !typed.only.env.is_empty());
            let names = named.map(|environment| environment.name.clone()).collect();
            let mut changes = upstreams.mirror.changes(vec![(from.to_string(), names)], &to)?;
            upstreams.mark(&mut changes);
            changes
        }
    };
    let tree = work_tree.read(&checks::wanted(&config, scopes))?;
    let email = upstreams.your_email.as_deref();
    let people = people::authors(&config, &tree, email, std::slice::from_ref(&changes));
    let few = Most::few("--all");
    let most = Most {
        commits: if typed.all { usize::MAX } else { few.commits },
        people: if typed.all || typed.people { usize::MAX } else { few.people },
        ..few
    };
    let now = session.now();
    let queue = Queue { component, changes: &changes, people: &people, now, most };
    let stale = || format!("offline: `{}` is as it was at the last fetch", component.upstream);
    let notes: Vec<_> = session.offline.then(stale).into_iter().collect();
    session.print(&match session.format {
        Format::Text | Format::Html => fitted(&text(typed, &scope, &to, &queue)),
        Format::Markdown => markdown(&text(typed, &scope, &to, &queue), &to),
        Format::Json => json::text(&document(session, &to, &queue, &notes)),
    })?;
    if session.format != Format::Json {
        notes.iter().for_each(|note| session.note(note));
    }
    Ok(())
}

/// What a word means.
enum NamedQueue {
    /// The component of that name.
    Configured(String),
    /// What a saas file makes, or one of its templates, in the environments that were asked for.
    Saas(Box<Component>),
}

/// A saas file, one of its templates, or the component that has the word in its name.
fn meant(
    session: &Session,
    work_tree: &WorkTree,
    config: &Config,
    typed: &cli::ChangesArgs,
    word: &str,
) -> Result<NamedQueue> {
    let files = SaasFiles::search(work_tree);
    let find = |word: &str| files.find(&in_repository(work_tree, word));
    let (file, template) = match (find(word), word.rsplit_once('/')) {
        (Ok(_), _) => (word, None),
        (Err(_), Some((file, template))) if find(file).is_ok() => (file, Some(template)),
        (Err(unknown), _) => {
            let component = files.component(word, config);
            let component = component.ok_or_else(|| files.or_configured(unknown, word, config))?;
            return Ok(NamedQueue::Configured(component.name.clone()));
        }
    };
    let narrowing = Narrowing { environments: typed.only.env.clone(), ..Narrowing::default() };
    let names = vec![file.to_owned()];
    let mut query = SaasQuery { names, narrowing, all: true, ..SaasQuery::default() };
    let (mut found, mut refused) = SaasPromotion::survey(work_tree, &query, files)?;
    if let Some(template) = template {
        let is_it = |name: &str| name.rsplit_once('/').is_some_and(|(_, one)| one == template);
        found.retain(|one| is_it(&one.name));
        // An upstream is called by its first template, and not at all where it is the only one.
        if found.is_empty() {
            query.narrowing.templates = vec![template.to_owned()];
            let files = SaasFiles::search(work_tree);
            (found, refused) = SaasPromotion::survey(work_tree, &query, files)?;
        }
    }
    match (found.len(), refused.is_empty()) {
        (1, _) => Ok(NamedQueue::Saas(Box::new(found.swap_remove(0)))),
        (0, false) => Err(refused.swap_remove(0).into()),
        (0, true) => {
            let problem = Problem::usage(format!("nothing in `{word}` could move"));
            Err(problem.help("`status --all-saas` lists what could").into())
        }
        _ => {
            let command = |one: &Component| {
                Hint::new(session, "changes").words(std::slice::from_ref(&one.name)).to_string()
            };
            let commands: Vec<_> = found.iter().map(command).collect();
            let problem = Problem::usage(format!("`{word}` has several upstreams"));
            Err(problem.help(format!("name one:\n{}", commands.join("\n"))).into())
        }
    }
}

fn text(typed: &cli::ChangesArgs, scope: &Scope, to: &CommitId, queue: &Queue) -> String {
    let moves = !queue.changes.queued().is_empty() || !queue.changes.taken_back().is_empty();
    // What runs may differ from the new version by a suffix alone; that waits too.
    if moves || typed.from.is_none() && !queue.changes.0.is_empty() {
        return queue.text();
    }
    let component = queue.component;
    let tag = to.tag(component.tag_length);
    let names = || scope.environments.iter().map(|one| one.name.as_str()).collect::<Vec<_>>();
    match &typed.from {
        Some(from) => format!("nothing between {} and {tag}\n", printable(from)),
        None if typed.only.env.is_empty() => {
            format!("nothing waits: {} is at {tag} everywhere\n", component.name)
        }
        None => {
            format!("nothing waits: {} is at {tag} in {}\n", component.name, names().join(", "))
        }
    }
}

fn document(session: &Session, to: &CommitId, queue: &Queue, notes: &[String]) -> Value {
    json!({
        "version": 1,
        "command": session.command,
        "component": queue.component.name,
        "upstream": queue.component.upstream.to_string(),
        "to": version(queue.component, to),
        "changes": queue.documents(),
        "tell": queue.tell(),
        "notes": notes,
    })
}
