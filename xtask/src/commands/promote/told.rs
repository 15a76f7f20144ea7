//! Prints what happened, and the commands that do the same, undo it, or go on.

use anyhow::Result;
use promotion::plan::landed::Landed;
use promotion::report::changes::{Most, Queue};
use promotion::report::promotion::PromotionReport;
use promotion::report::{self, json};
use promotion::saas::choice::SaasQuery;

use super::split::SplitJson;
use super::{Done, Run, afterwards};
use crate::ask::checks::Review;
use crate::cli::Format;
use crate::commands::Ending;
use crate::hint::Hint;
use crate::request::{Request, What};
use crate::session::{self, shown_diff};
use crate::terminal::fitting;

impl Run<'_> {
    pub(super) fn queues<'q>(&'q self, review: &'q Review) -> Vec<Queue<'q>> {
        let queue = |(component, changes)| Queue {
            component,
            changes,
            people: &review.people,
            now: self.session.now(),
            most: Most::few("changes --all"),
        };
        self.components.iter().copied().zip(&review.changes).map(queue).collect()
    }

    /// What was asked for, with the environments that were chosen where that was left open: a command
    /// to run next must not choose others.
    pub(super) fn chosen(&self) -> Vec<Request> {
        match self.request.saas().is_some_and(SaasQuery::is_open) {
            true => self.spelled(),
            false => vec![self.request.with(self.request.what.clone())],
        }
    }

    /// The saas files and environments that were asked for, by their names; none for components.
    fn spelled(&self) -> Vec<Request> {
        let is_all = self.request.saas().is_some_and(|query| query.all);
        let spelled = self.saas.iter().flat_map(|saas| saas.spelled(&self.scopes, is_all));
        spelled.map(|what| self.request.with(what)).collect()
    }

    /// The commands that do the same without a choice, and that undo what was done.
    fn commands(&self, done: &Done) -> Vec<(&'static str, String)> {
        let Run { session, request, .. } = self;
        let mut commands = Vec::new();
        let spelled = self.spelled();
        if !spelled.is_empty() && !done.plan.is_empty() && request.landing.is_shown() {
            let to = afterwards::version(&done.plan);
            commands.push(("same as", in_turn(&spelled, |one| one.same(session, to))));
        }
        if done.landed.is_effect() {
            let undo = afterwards::undo(self, done);
            commands.extend(undo.into_iter().map(|command| (done.landed.undo(), command)));
        }
        commands
    }

    /// What names some environments of one of the parts, and no part that did not move.
    pub(super) fn named(&self, nth: usize, environments: Vec<String>, moved: &[bool]) -> What {
        match &self.saas {
            Some(saas) => saas.alone(nth, environments, moved),
            None => {
                let names = vec![self.components[nth].name.clone()];
                What::Components { names, environments }
            }
        }
    }

    /// Prints what happened. What a merge request lacks comes last: a failure if it was asked for,
    /// or if warnings are to refuse.
    /// In JSON, the document may be one of several.
    pub(super) fn tell(&self, done: &Done, documents: Option<&SplitJson>) -> Result<Ending> {
        let Run { session, request, .. } = self;
        let Done { plan, review, message, landed, .. } = done;
        let (warnings, failures) = match landed {
            Landed::Delivered(delivered) if request.switches.strict => {
                (Vec::new(), [delivered.faults(), delivered.failures()].concat())
            }
            Landed::Delivered(delivered) => (delivered.faults(), delivered.failures()),
            _ => (Vec::new(), Vec::new()),
        };
        let of_saas = self.saas.iter().flat_map(|saas| &saas.saas.notes);
        let notes: Vec<_> =
            review.notes.iter().chain(&plan.notes).chain(of_saas).cloned().collect();
        review.warnings.iter().for_each(|warning| session.warn(warning));
        notes.iter().for_each(|note| session.note(note));
        let report = PromotionReport {
            plan,
            queues: &self.queues(review),
            landed,
            title: message.lines().next().unwrap_or_default(),
            warnings: &review.warnings,
            notes: &notes,
            commands: &self.commands(done),
        };
        let to = afterwards::version(plan);
        let again = in_turn(&self.chosen(), |one| one.commit(session, to));
        let ending = || report.ending(&again);
        // The branch is there, whatever lacks: so the document says where.
        let document = || json::with_errors(report.document(session.command), &failures);
        let text = || match session.format {
            Format::Json => json::text(&document()),
            _ => report.text(shown_diff(&report::plan_diff(plan)), &again, fitting()),
        };
        let printed = match (documents, landed) {
            (Some(documents), _) => {
                documents.add(document(), landed.is_effect().then(ending));
                Ok(())
            }
            (None, Landed::Planned | Landed::Unchanged) => session.print(&text()),
            (None, _) => session::print_done(&text(), &ending()),
        };
        warnings.iter().for_each(|warning| session.warn(warning));
        failures.iter().for_each(|failure| session.fail(failure));
        printed?;
        if request.open {
            let parts = review.parts(&self.scopes, plan);
            session.open(afterwards::page(landed, &parts));
        }
        Ok(if failures.is_empty() { Ending::Done } else { Ending::Incomplete })
    }
}

/// The commands for all of these, one after the other.
fn in_turn(requests: &[Request], command: impl Fn(&Request) -> Hint) -> String {
    let commands: Vec<String> = requests.iter().map(|one| command(one).to_string()).collect();
    commands.join(" && ")
}
