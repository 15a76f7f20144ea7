//! The document of `status --format json`. Keys are only ever added.

use serde_json::{Value, json};

use super::{Each, Overview};
use crate::history::changes::{Start, by_author};
use crate::history::people::Who;
use crate::inspect::status::{
    Agreement, ComponentStatus, Drift, EnvironmentStatus, NewerImage, PinStatus, Promoted,
};
use crate::model::commit::Author;
use crate::report::json::{optional, problem, problems, version};

impl Overview<'_> {
    /// Renders all components, drifts and warnings as one document.
    pub fn document(&self, command: &str) -> Value {
        let components = self.components.iter().map(|one| self.component_document(one));
        json!({
            "version": 1,
            "command": command,
            "now": self.now,
            "components": components.collect::<Value>(),
            "drifts": self.drifts.map(|drifts| drifts.iter().map(drift).collect::<Value>()),
            "warnings": problems(self.warnings),
            "notes": self.notes,
        })
    }

    fn component_document(&self, status: &ComponentStatus) -> Value {
        let component = status.component;
        let head = status.upstream.as_ref().map(|upstream| {
            let mut head = version(component, &upstream.head.id);
            head["time"] = json!(upstream.head.time);
            head
        });
        let environments = status.environments.iter();
        let environments = environments.map(|one| self.environment_document(status, one));
        json!({
            "name": component.name,
            "upstream": component.upstream.to_string(),
            // Null if the upstream is not known.
            "head": head,
            "problem": status.problem.as_ref().map(problem),
            "environments": environments.collect::<Value>(),
        })
    }

    fn environment_document(
        &self,
        status: &ComponentStatus,
        environment: &EnvironmentStatus,
    ) -> Value {
        let agree = match environment.agreement() {
            Agreement::Agree => Some(true),
            Agreement::Differ => Some(false),
            Agreement::Unknown => None,
        };
        let farthest = status.farthest(environment);
        let pins = environment.pins.iter();
        json!({
            "name": environment.name,
            "agree": agree,
            "repair": environment.repair,
            "running": farthest.and_then(|pin| self.running_document(status, pin)),
            "promoted": self.promoted_document(EnvironmentStatus::promoted(pins.clone())),
            "pins": pins.map(|pin| self.pin_document(status, pin)).collect::<Value>(),
            "problems": problems(&environment.problems),
        })
    }

    fn pin_document(&self, status: &ComponentStatus, pin: &PinStatus) -> Value {
        let is_digest = pin.version().is_none().then_some("digest");
        let state = pin.start.as_ref().map(|start| match start {
            Start::Commit(_) => "commit",
            Start::Moving => "moving",
            Start::Unknown => "unknown",
            Start::Ambiguous(_) => "ambiguous",
        });
        let running = match self.each {
            Each::Pin => self.running_document(status, pin),
            Each::Environment => None,
        };
        let document = json!({
            "file": pin.file.as_str(),
            "line": pin.line,
            "target": pin.target,
            "value": pin.value,
            "state": is_digest.or(state),
            "running": running,
            "promoted": self.promoted_document(&pin.promoted),
            "remark": status.remark(pin),
        });
        optional(&["target", "running"], document)
    }

    /// The commit that a pin runs, and what is queued behind it.
    fn running_document(&self, status: &ComponentStatus, pin: &PinStatus) -> Option<Value> {
        let (running, length) = (status.running(pin)?, status.component.tag_length);
        let groups = by_author(&running.queued.iter().collect::<Vec<_>>(), self.people);
        // The newest commit of each person has their current name.
        let authors = groups.iter().filter_map(|group| group.commits.first().copied());
        let newer_image = match &running.newer_image {
            NewerImage::Of(commit) => Some(commit.tag(length)),
            // The registry was not asked, or has none.
            NewerImage::None | NewerImage::Unknown => None,
        };
        Some(json!({
            "commit": running.commit.id.as_str(),
            "tag": running.commit.id.tag(length),
            "time": running.commit.time,
            "behind": running.queued.len(),
            "ahead": running.ahead.len(),
            // When the first of the queued commits came to the branch.
            "waiting_since": running.since,
            "waiting": authors.map(|commit| self.person(&commit.author)).collect::<Value>(),
            "newer_image": newer_image,
        }))
    }

    /// The newest promotion; `None` if it is not known or not committed.
    fn promoted_document(&self, promoted: &Promoted) -> Option<Value> {
        let Promoted::By { commit, author, time } = promoted else { return None };
        let by = self.person(author);
        Some(json!({ "commit": commit.as_str(), "time": time, "by": by }))
    }

    fn person(&self, author: &Author) -> Value {
        let user = self.people.user(&author.email);
        let is_bot = matches!(self.people.who(author), Who::Bot(_));
        json!({ "name": author.name, "email": author.email, "user": user, "is_bot": is_bot })
    }
}

fn drift(drift: &Drift) -> Value {
    let Drift { component, environment, message } = drift;
    json!({ "component": component, "environment": environment, "message": message })
}
