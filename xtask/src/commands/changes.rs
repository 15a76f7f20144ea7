//! Lists the commits that a promotion would take along, without promoting.

use anyhow::Result;
use promotion::model::component::Scope;
use promotion::model::version::CommitId;
use promotion::plan::Part;
use promotion::report::changes::{Most, Queue, markdown};
use promotion::report::json::{self, version};
use promotion::report::printable;
use serde_json::{Value, json};

use crate::ask::checks;
use crate::ask::people;
use crate::ask::upstreams::Upstreams;
use crate::cli::{self, Format};
use crate::git::Git;
use crate::land::{check, verified};
use crate::session::Session;

/// Prints the queue of a component.
pub fn run(session: &Session, typed: &cli::ChangesArgs) -> Result<()> {
    let work_tree = session.work_tree()?;
    let config = session.config(&work_tree)?;
    let component = config.component(&typed.of.component)?;
    let scope = Scope { component, environments: config.environments(component, &typed.only.env)? };
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
            upstreams.mirror.changes(vec![(from.to_string(), names)], &to)?
        }
    };
    let tree = work_tree.read(&checks::wanted(&config, scopes))?;
    let git = Git::at(&work_tree.top);
    let people = people::people(&git, &config, &tree);
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
        Format::Text | Format::Html => text(typed, &scope, &to, &queue),
        Format::Markdown => markdown(&text(typed, &scope, &to, &queue), &to),
        Format::Json => json::text(&document(session, &to, &queue, &notes)),
    })?;
    if session.format != Format::Json {
        notes.iter().for_each(|note| session.note(note));
    }
    Ok(())
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
