//! Renders the status: for a terminal, as Markdown, as a web page and as JSON.

mod brief;
mod html;
mod json;
mod line;
mod markdown;
mod text;

use crate::history::changes::by_author;
use crate::history::people::People;
use crate::history::people::Who;
use crate::inspect::status::{
    Agreement, ComponentStatus, Drift, EnvironmentStatus, NewerImage, PinStatus, Promoted, Running,
};
use crate::model::duration::age;
use crate::model::problem::Problem;
use crate::report::changes::pasted;

pub use brief::MANY;

/// The cell for a value that is not known.
const UNKNOWN: &str = "?";
/// The cell for a pin whose line is not committed.
const NOT_COMMITTED: &str = "not committed";
/// The cell for a value that doesn't exist.
const NOTHING: &str = "-";

/// The status of some components, with everything that is needed to show it.
#[derive(Debug, Clone, Copy)]
pub struct Overview<'a> {
    /// In the order of the configuration.
    pub components: &'a [ComponentStatus<'a>],
    /// Maps authors of commits and promotions to people.
    pub people: &'a People,
    /// The current time in seconds since 1970, for ages.
    pub now: i64,
    /// Whether each environment or each pin has a row.
    pub each: Each,
    /// How many people of a row are named; the others are counted.
    pub most_people: usize,
    /// Whether the text has a table for each component, however many there are.
    pub is_whole: bool,
    /// The drifts that `--check` found; `None` without `--check`.
    pub drifts: Option<&'a [Drift]>,
    /// Files of which nothing could be told.
    pub left_out: &'a [String],
    pub warnings: &'a [Problem],
    pub notes: &'a [String],
}

/// The thing that has a row in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Each {
    Environment,
    Pin,
}

/// The cells of one row. Other people's text, not escaped yet.
#[derive(Debug)]
struct Row<'a> {
    /// Those that run the same version.
    environments: Vec<&'a EnvironmentStatus>,
    /// The pin of the row; in a row for environments, the pin that is the farthest behind.
    pin: Option<&'a PinStatus>,
    /// The version as a tag or as the pin has it, and how many other versions the environment has:
    /// `47fbced +1`.
    version: String,
    running: Option<&'a Running>,
    /// The date of the commit that runs; `age` is how long ago that was.
    committed: String,
    age: String,
    behind: String,
    agreement: Agreement,
    image: String,
    promoted: String,
    /// The people whose commits are queued.
    waiting: Vec<String>,
    /// What is wrong with the versions of the row's pins.
    remarks: Vec<String>,
}

/// How the version of a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    /// There is no version.
    None,
    Newest,
    /// Commits are waiting.
    Behind,
    /// Something is wrong with the version, or it is not known.
    Wrong,
}

impl Row<'_> {
    fn health(&self) -> Health {
        match (self.pin, self.running) {
            (None, _) => Health::None,
            (_, Some(running)) if self.remarks.is_empty() && running.queued.is_empty() => {
                Health::Newest
            }
            (_, Some(_)) if self.remarks.is_empty() => Health::Behind,
            _ => Health::Wrong,
        }
    }

    /// The names of its environments.
    fn names(&self) -> String {
        let names: Vec<_> = self.environments.iter().map(|one| one.name.as_str()).collect();
        names.join(", ")
    }
}

impl<'a> Overview<'a> {
    /// The problem of a component, unless an earlier one told the same, such as that of their host.
    fn news(&self, component: &'a ComponentStatus) -> Option<&'a Problem> {
        let earlier = self.components.iter().take_while(|one| one.component != component.component);
        let is_old = |problem: &&Problem| {
            earlier.clone().any(|other| other.problem.as_ref() == Some(*problem))
        };
        component.problem.as_ref().filter(|problem| !is_old(problem))
    }

    /// The rows of one component.
    fn rows(&self, component: &'a ComponentStatus) -> Vec<Row<'a>> {
        if self.each == Each::Environment {
            let groups = component.alike().into_iter();
            return groups.map(|group| self.row_of_all(component, group)).collect();
        }
        let mut rows = Vec::new();
        for environment in &component.environments {
            if environment.pins.is_empty() {
                rows.push(self.row(component, vec![environment], None, &[]));
            }
            let pins = environment.pins.iter();
            rows.extend(pins.map(|pin| self.row(component, vec![environment], Some(pin), &[pin])));
        }
        rows
    }

    fn row_of_all(
        &self,
        component: &'a ComponentStatus,
        group: Vec<&'a EnvironmentStatus>,
    ) -> Row<'a> {
        let pin = group.first().and_then(|first| component.farthest(first));
        let pins: Vec<_> = group.iter().flat_map(|environment| &environment.pins).collect();
        self.row(component, group, pin, &pins)
    }

    /// One row, for `pins`; `pin` is the one whose version is shown.
    fn row(
        &self,
        component: &'a ComponentStatus,
        environments: Vec<&'a EnvironmentStatus>,
        pin: Option<&'a PinStatus>,
        pins: &[&'a PinStatus],
    ) -> Row<'a> {
        let running = pin.and_then(|pin| component.running(pin));
        let unknown = if pin.is_some() { UNKNOWN } else { NOTHING };
        let or_unknown = |known: Option<String>| known.unwrap_or_else(|| unknown.to_owned());
        let remarks = component.remarks(pins.iter().copied());
        let first = environments.first();
        let others = first.map_or(0, |one| one.versions().len().saturating_sub(1));
        Row {
            pin,
            version: or_unknown(pin.map(|pin| {
                let version = component.component.short(&pin.value);
                match others {
                    0 => version.into_owned(),
                    _ if self.each == Each::Pin => version.into_owned(),
                    others => format!("{version} +{others}"),
                }
            })),
            running,
            committed: or_unknown(running.map(|running| date(running.commit.time))),
            age: or_unknown(running.map(|running| age(self.now - running.commit.time))),
            behind: or_unknown(running.map(|running| running.queued.len().to_string())),
            agreement: first.map_or(Agreement::Unknown, |one| one.agreement()),
            image: or_unknown(running.and_then(|running| match &running.newer_image {
                NewerImage::Unknown => None,
                NewerImage::None => Some("none".to_owned()),
                NewerImage::Of(commit) => {
                    Some(commit.tag(component.component.tag_length).to_owned())
                }
            })),
            promoted: match pins {
                [] => NOTHING.to_owned(),
                pins => self.promoted(EnvironmentStatus::promoted(pins.iter().copied())),
            },
            waiting: running.map(|running| self.waiting(running)).unwrap_or_default(),
            remarks,
            environments,
        }
    }

    /// Says what the newest version of a component is.
    fn newest(&self, component: &ComponentStatus) -> String {
        let Some(upstream) = &component.upstream else {
            return "the newest version is unknown".to_owned();
        };
        let is_old = component.problem.is_some();
        format!(
            "{} {} of {} ({} old)",
            if is_old { "at the last fetch, newest was" } else { "newest is" },
            upstream.head.id.tag(component.component.tag_length),
            date(upstream.head.time),
            age(self.now - upstream.head.time),
        )
    }

    /// The verdict of a check that found no drift; `None` if there was no check or a drift.
    fn no_drift(&self) -> Option<&'static str> {
        let is_none = self.drifts.is_some_and(<[_]>::is_empty);
        let is_judged =
            self.left_out.is_empty() && self.components.iter().all(ComponentStatus::is_judged);
        is_none.then_some(match is_judged {
            true => "no drift",
            false => "no drift found, but not everything could be told",
        })
    }

    fn promoted(&self, promoted: &Promoted) -> String {
        match promoted {
            Promoted::Unknown => UNKNOWN.to_owned(),
            Promoted::Uncommitted => NOT_COMMITTED.to_owned(),
            Promoted::By { author, time, .. } => {
                format!("{} by {}", date(*time), pasted(&self.people.who(author)))
            }
        }
    }

    /// The authors of queued commits: people by name, all bots together as `bots`.
    fn waiting(&self, running: &Running) -> Vec<String> {
        let groups = by_author(&running.queued.iter().collect::<Vec<_>>(), self.people);
        let is_bot = |who: &Who| matches!(who, Who::Bot(_));
        let whos: Vec<_> = groups.into_iter().map(|group| group.who).collect();
        let mut names: Vec<_> = whos.iter().filter(|who| !is_bot(who)).map(pasted).collect();
        names.extend(whos.iter().any(is_bot).then(|| "bots".to_owned()));
        names
    }
}

/// The cell that says whether the pins of a row agree. Those of different templates need not.
fn word(row: &Row) -> &'static str {
    match row.agreement {
        Agreement::Agree if row.environments.iter().any(|one| one.versions().len() > 1) => {
            "by template"
        }
        Agreement::Agree => "agree",
        Agreement::Differ => "differ",
        Agreement::Unknown => UNKNOWN,
    }
}

/// Whether the registry was asked for newer images, so that there is a column for them.
fn has_images(component: &ComponentStatus) -> bool {
    let running = component.upstream.iter().flat_map(|upstream| &upstream.running);
    running.map(|running| &running.newer_image).any(|image| *image != NewerImage::Unknown)
}

/// The reason why no command is offered that makes the pins agree.
fn no_repair(component: &ComponentStatus) -> &'static str {
    match component.upstream {
        Some(_) => "none of them has all the others: promote the right one with `--ref`",
        None => "which one is the newest, the upstream has to tell",
    }
}

/// The day of a point in time (seconds since 1970) as `2024-03-27`, in UTC.
///
/// Source: Howard Hinnant, `chrono`-Compatible Low-Level Date Algorithms, `civil_from_days`.
fn date(seconds: i64) -> String {
    let days = seconds.div_euclid(86_400) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Months count from March, so that a leap day is the last day of its year.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", year + era * 400 + next)
}

#[cfg(test)]
mod tests;
