//! Asks the registries for the images of a version before anything is written: whether they exist,
//! and the digests that pins need. Waits for them with `--wait-image`.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use promotion::guards::Switches;
use promotion::history::changes::Changes;
use promotion::model::component::{Component, ComponentImage};
use promotion::model::duration::shown;
use promotion::model::image::Image;
use promotion::model::problem::{Problem, Problems};
use promotion::model::tree::Tree;
use promotion::model::version::CommitId;
use promotion::plan::{Digests, Part, PartPlan, plan};

use crate::hint::Hint;
use crate::registry::{ImageAnswer, Registry, Reply, problem};
use crate::session::Session;

/// How many older versions the registry is asked for if the new one has no image.
const MOST_ASKED: usize = 20;

/// The images that the promotion of one component needs.
#[derive(Debug)]
pub struct ImageChecks {
    registry: Registry,
    checks: Vec<ImageCheck>,
    to: CommitId,
    wait: Option<Duration>,
}

/// The check of one image.
#[derive(Debug)]
struct ImageCheck {
    image: Image,
    of: ComponentImage,
    /// What the registry is asked for: the tag, or a digest that is known already.
    reference: String,
    /// Whether a pin holds its digest.
    needs_digest: bool,
    reply: Option<Reply>,
}

impl ImageChecks {
    /// The checks for a version: of the images whose digests are needed, and without
    /// `--no-image-check` of all others. An image whose digest is `known` is asked for by that.
    fn new(
        component: &Component,
        to: &CommitId,
        needed: &Digests,
        known: &Digests,
        switches: &Switches,
    ) -> Self {
        let others = component.images.iter().filter(|_| !switches.no_image_check);
        let others = others.filter(|image| !needed.contains_key(image));
        let check = |of: &ComponentImage| {
            let tag = || of_version(of, to).to_owned();
            Some(ImageCheck {
                image: Image::parse(&of.name)?.with_realm(component.image_realm.as_deref()),
                of: of.clone(),
                reference: known.get(of).cloned().unwrap_or_else(tag),
                needs_digest: needed.contains_key(of),
                reply: None,
            })
        };
        let checks = needed.keys().chain(others).filter_map(check).collect();
        let registry = Registry::default();
        ImageChecks { registry, checks, to: to.clone(), wait: switches.wait_image }
    }

    /// Starts the checks for the parts of a promotion, whose pins are in `tree`.
    ///
    /// A part gets the digests that its pins need and that the registries have already, and
    /// stand-ins for those that they may have later.
    pub fn start(parts: &mut [Part], tree: &Tree, switches: &Switches) -> Result<Vec<ImageChecks>> {
        let any: Vec<Part> = parts.iter().cloned().map(Part::with_stand_ins).collect();
        let planned = plan(&any, tree)?;
        let start = |(part, planned): (&mut Part, &PartPlan)| {
            let (needed, known) = (&planned.digests, &part.digests);
            let mut checks = ImageChecks::new(part.component, &part.to, needed, known, switches);
            part.digests = checks.ask_for_digests();
            *part = part.clone().with_stand_ins();
            checks
        };
        Ok(parts.iter_mut().zip(&planned.parts).map(start).collect())
    }

    /// What is said if `--wait-image` has nothing to wait for.
    pub fn unawaited(&self, component: &Component) -> Option<String> {
        let is_idle = self.wait.is_some() && self.checks.is_empty();
        is_idle.then(|| {
            let name = &component.name;
            format!("`--wait-image`: no image of `{name}` is known, so none is waited for")
        })
    }

    /// Asks for those images once whose digests are needed, without waiting, and returns the
    /// digests of the ones that are there.
    fn ask_for_digests(&mut self) -> Digests {
        self.ask(|check| check.needs_digest);
        self.digests()
    }

    /// Asks once for every image that was not asked for yet, without waiting.
    pub fn ask_for_all(&mut self) {
        self.ask(|check| check.reply.is_none());
    }

    fn ask(&mut self, which: impl Fn(&ImageCheck) -> bool) {
        let registry = &self.registry;
        thread::scope(|scope| {
            for check in self.checks.iter_mut().filter(|check| which(check)) {
                scope.spawn(|| {
                    check.reply = Some(registry.reply(&check.image, &check.reference));
                });
            }
        });
    }

    /// The digests that are needed and known.
    pub fn digests(&self) -> Digests {
        let digest = |check: &ImageCheck| match &check.reply.as_ref()?.answer {
            ImageAnswer::Present { digest } => Some((check.of.clone(), digest.clone()?)),
            _ => None,
        };
        self.checks.iter().filter(|check| check.needs_digest).filter_map(digest).collect()
    }

    /// Passes if every image exists; with `--wait-image`, waits for all that may still be built.
    /// Returns the digests that are needed. Where no pin moves, nothing is asked.
    ///
    /// The cure in the error has the commands to run next: `again` makes the command that promotes
    /// a version.
    pub fn settle(
        mut self,
        session: &Session,
        part: &PartPlan,
        changes: &Changes,
        again: &dyn Fn(&CommitId) -> Hint,
    ) -> Result<Digests> {
        if part.is_empty() {
            return Ok(self.digests());
        }
        self.ask_for_all();
        if let Some(limit) = self.wait {
            self.wait(session, limit);
        }
        let problem = |check: &ImageCheck| {
            let answer = &check.reply.as_ref()?.answer;
            if let ImageAnswer::Present { digest: None } = answer {
                return check.needs_digest.then(|| check.without_digest());
            }
            let problem = problem(&check.image, &check.reference, answer)?;
            Some(match answer {
                ImageAnswer::Absent if check.is_by_digest() => check.gone(),
                ImageAnswer::Absent => problem.help(self.next(check, changes, again)),
                _ if check.needs_digest => problem,
                _ => {
                    let skip = |help| format!("{help}; `--no-image-check` skips this check");
                    Problem { help: problem.help.map(skip), ..problem }
                }
            })
        };
        match self.checks.iter().filter_map(problem).collect::<Vec<_>>() {
            problems if problems.is_empty() => Ok(self.digests()),
            problems => Err(Problems(problems).into()),
        }
    }

    /// Waits for all images at once.
    fn wait(&mut self, session: &Session, limit: Duration) {
        let may_change = |check: &ImageCheck| {
            !check.is_by_digest() && check.reply.as_ref().is_some_and(Reply::may_change)
        };
        let waiting: Vec<_> = self.checks.iter_mut().filter(|check| may_change(check)).collect();
        if waiting.is_empty() {
            return;
        }
        let names: Vec<_> = waiting.iter().map(|check| check.to_string()).collect();
        let name = format!("waiting for {}", names.join(" and "));
        let step = session.progress.waiting(&name, limit);
        let (registry, step) = (&self.registry, &step);
        thread::scope(|scope| {
            for check in waiting {
                scope.spawn(move || {
                    let Some(reply) = check.reply.take() else { return };
                    let (image, reference) = (&check.image, &check.reference);
                    let answer = registry.wait(image, reference, reply, limit, &mut |_, next| {
                        step.detail(&format!("asking again in {}", shown(next)));
                    });
                    check.reply = Some(answer.into());
                });
            }
        });
    }

    /// The cure for an image that doesn't exist.
    fn next(
        &self,
        check: &ImageCheck,
        changes: &Changes,
        again: &dyn Fn(&CommitId) -> Hint,
    ) -> String {
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
        let tags: Vec<&str> = older.iter().map(|id| of_version(&check.of, id)).collect();
        match self.registry.newest_present(&check.image, &tags, MOST_ASKED) {
            Some(index) => {
                let older = again(older[index]);
                format!("{wait}\nor promote the newest version that has one: {older}")
            }
            None if check.needs_digest => wait,
            None => format!("{wait}\nor skip this check with `--no-image-check`"),
        }
    }
}

impl std::fmt::Display for ImageCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let separator = if self.is_by_digest() { '@' } else { ':' };
        write!(f, "{}{separator}{}", self.image, self.reference)
    }
}

impl ImageCheck {
    /// Whether it is asked for by the digest that a pin had before.
    fn is_by_digest(&self) -> bool {
        self.reference.contains(':')
    }

    fn gone(&self) -> Problem {
        let message = format!("`{self}`, which ran before, does not exist any more");
        Problem::new(message).help("name another version with `--to REF`")
    }

    fn without_digest(&self) -> Problem {
        let registry = self.image.registry();
        Problem::new(format!("`{registry}` does not tell the digest of `{self}`"))
            .help("a pin needs it: leave its environment out, or ask the registry's owner")
    }
}

/// Gives the parts the digests that the registries told in the end. Whether they had stand-ins.
pub fn settled(parts: &mut [Part], digests: Vec<Digests>) -> bool {
    let mut differs = false;
    for (part, digests) in parts.iter_mut().zip(digests) {
        differs |= digests.iter().any(|(image, digest)| part.digests.get(image) != Some(digest));
        part.digests = digests;
    }
    differs
}

/// The tag that an image of a version has.
fn of_version<'c>(image: &ComponentImage, commit: &'c CommitId) -> &'c str {
    commit.tag(image.tag_length)
}
