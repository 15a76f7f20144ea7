//! Prints what happened, and the commands that do the same, undo it, or go on.

use anyhow::Result;
use promotion::plan::landed::Landed;
use promotion::report::changes::{Most, Queue};
use promotion::report::promotion::PromotionReport;
use promotion::report::{self, json};

use super::{Done, Run, afterwards};
use crate::ask::checks::Review;
use crate::cli::Format;
use crate::commands::Ending;
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

    /// The commands that do the same without a choice, and that undo what was done.
    fn commands(&self, done: &Done) -> Vec<(&'static str, String)> {
        let Run { session, request, .. } = self;
        let meant = self.saas.as_ref().map(|saas| saas.spelled(&self.scopes));
        let is_spelled = meant.is_some();
        let meant = request.with(meant.unwrap_or_else(|| request.what.clone()));
        let mut commands = Vec::new();
        if is_spelled && !done.plan.is_empty() && request.landing.is_shown() {
            let to = afterwards::version(&done.plan);
            commands.push(("same as", meant.same(session, to).to_string()));
        }
        if done.landed.is_effect() {
            let parts = self.components.iter().copied().zip(&done.plan.parts);
            let undo = afterwards::undo(session, &meant, self.work_tree, parts);
            commands.extend(undo.into_iter().map(|command| (done.landed.undo(), command)));
        }
        commands
    }

    /// Prints what happened. What a merge request lacks comes last: a failure if it was asked for,
    /// or if warnings are to refuse.
    pub(super) fn tell(&self, done: &Done) -> Result<Ending> {
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
        let again = request.commit(session, afterwards::version(plan)).to_string();
        // The branch is there, whatever lacks: so the document says where.
        let text = match session.format {
            Format::Json => {
                json::text(&json::with_errors(report.document(session.command), &failures))
            }
            _ => report.text(shown_diff(&report::plan_diff(plan)), &again, fitting()),
        };
        let printed = match landed {
            Landed::Planned | Landed::Unchanged => session.print(&text),
            _ => session::print_done(&text, &report.ending(&again)),
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
