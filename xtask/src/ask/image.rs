//! Checks that the image of a version exists before anything is written; waits for it with
//! `--wait-image`.

use std::time::Duration;

use anyhow::Result;
use promotion::guards::Switches;
use promotion::history::changes::Changes;
use promotion::model::component::Component;
use promotion::model::duration::shown;
use promotion::model::image::Image;
use promotion::model::version::CommitId;

use crate::hint::Hint;
use crate::registry::{ImageAnswer, Registry, Reply, problem};
use crate::session::Session;

/// How many older versions the registry is asked for if the new one has no image.
const MOST_ASKED: usize = 20;

/// The check of the image that a promotion needs.
#[derive(Debug)]
pub struct ImageCheck {
    registry: Registry,
    image: Image,
    to: CommitId,
    tag_length: usize,
    wait: Option<Duration>,
}

impl ImageCheck {
    /// The check for one version; `None` if no image is configured, or with `--no-image-check`.
    pub fn new(component: &Component, to: &CommitId, switches: &Switches) -> Option<Self> {
        let image = component.image.as_deref().filter(|_| !switches.no_image_check)?;
        Some(ImageCheck {
            registry: Registry::default(),
            image: Image::parse(image)?.with_realm(component.image_realm.as_deref()),
            to: to.clone(),
            tag_length: component.tag_length,
            wait: switches.wait_image,
        })
    }

    /// Asks the registry once, without waiting.
    pub fn ask(&self) -> Reply {
        self.registry.reply(&self.image, self.tag())
    }

    /// Passes if the image exists; with `--wait-image`, waits for one that may still be built.
    ///
    /// The cure in the error has the commands to run next: `again` makes the command that promotes
    /// a version.
    pub fn settle(
        &self,
        session: &Session,
        reply: Reply,
        changes: &Changes,
        again: &dyn Fn(&CommitId) -> Hint,
    ) -> Result<()> {
        let answer = match self.wait {
            Some(limit) if reply.may_change() => self.wait(session, reply, limit),
            _ => reply.answer,
        };
        match problem(&self.image, self.tag(), &answer) {
            None => Ok(()),
            Some(problem) if answer == ImageAnswer::Absent => {
                Err(problem.help(self.next(changes, again)).into())
            }
            Some(problem) => Err(problem.into()),
        }
    }

    fn wait(&self, session: &Session, reply: Reply, limit: Duration) -> ImageAnswer {
        let name = format!("waiting for {}:{}, at most {}", self.image, self.tag(), shown(limit));
        let step = session.progress.network(name);
        self.registry.wait(&self.image, self.tag(), reply, limit, &mut |_, next| {
            step.detail(&format!("asking again in {}", shown(next)));
        })
    }

    /// The cure for an image that doesn't exist.
    fn next(&self, changes: &Changes, again: &dyn Fn(&CommitId) -> Hint) -> String {
        let wait = match self.wait {
            None => format!("wait until it is built: {} --wait-image", again(&self.to)),
            Some(limit) => format!(
                "look at the build, then go on: {} --wait-image={}s",
                again(&self.to),
                limit.as_secs()
            ),
        };
        let older = changes.0.first().map(|span| &span.queued[..]).unwrap_or_default();
        let older: Vec<&CommitId> =
            older.iter().map(|one| &one.id).filter(|id| **id != self.to).collect();
        let tags: Vec<&str> = older.iter().map(|id| id.tag(self.tag_length)).collect();
        match self.registry.newest_present(&self.image, &tags, MOST_ASKED) {
            Some(index) => {
                let older = again(older[index]);
                format!("{wait}\nor promote the newest version that has one: {older}")
            }
            None => format!("{wait}\nor skip this check with `--no-image-check`"),
        }
    }

    fn tag(&self) -> &str {
        self.to.tag(self.tag_length)
    }
}
