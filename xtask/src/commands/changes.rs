//! Lists the commits that a promotion would take along, without promoting.

use anyhow::{Context, Result};
use serde::Serialize;

use crate::cli::{self, Format};
use crate::component::Component;
use crate::git::Git;
use crate::land::{Landing, Promotion};
use crate::report::changes::{Queue, SpanDocument};
use crate::report::json::To;
use crate::review::{self, Upstreams};
use crate::session::Session;
use crate::version::CommitId;

/// Prints the queue of a component.
pub fn run(session: &Session, typed: &cli::Changes) -> Result<()> {
    let work_tree = session.work_tree()?;
    let config = session.config(&work_tree)?;
    let component = config.component(&typed.component)?;
    let environments = config.environments(component, &typed.env)?;
    let upstreams = match session.offline {
        true => Upstreams::open(&work_tree, &config, component)?,
        false => Upstreams::fetch(session, &work_tree, &config, component)?,
    };
    let branch = component.branch.as_deref();
    let to = upstreams.mirror.resolve(typed.version.reference.as_deref(), branch)?.commit;
    let promotion = Promotion { work_tree, config: &config, component, environments };
    let changes = match &typed.from {
        Some(from) => {
            let from = upstreams.mirror.resolve(Some(from), branch)?.commit;
            upstreams.mirror.changes(vec![(from.to_string(), Vec::new())], &to)?
        }
        None => upstreams.changes(&promotion.plan(&to, Landing::DryRun)?.plan)?,
    };
    let tree = promotion.work_tree.read(&review::wanted(&config, component))?;
    let git = Git::at(&promotion.work_tree.top);
    let people = review::people(&git, &config, &tree, &changes);
    let queue = Queue { component, changes: &changes, people: &people, now: session.now() };
    session.print(&match session.format {
        Format::Text => text(component, &to, &queue),
        Format::Markdown => queue.markdown(&to),
        Format::Json => document(session, &to, &queue)?,
    })
}

fn text(component: &Component, to: &CommitId, queue: &Queue) -> String {
    if queue.changes.0.is_empty() {
        return format!(
            "nothing waits: {} is at {} everywhere\n",
            component.name,
            to.tag(component.tag_length)
        );
    }
    queue.text()
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    command: &'a str,
    component: &'a str,
    upstream: &'a str,
    to: To<'a>,
    changes: Vec<SpanDocument>,
    tell: Vec<String>,
}

fn document(session: &Session, to: &CommitId, queue: &Queue) -> Result<String> {
    let component = queue.component;
    let document = Document {
        version: 1,
        command: session.command,
        component: &component.name,
        upstream: &component.upstream,
        to: To { commit: to.as_str(), tag: to.tag(component.tag_length) },
        changes: queue.documents(),
        tell: queue.tell(),
    };
    Ok(serde_json::to_string_pretty(&document).context("can't write JSON")? + "\n")
}
