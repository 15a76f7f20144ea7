//! The gates at which the merge of a saas promotion fails, as far as the checkout can tell.
//!
//! Source: `subscriber.py` and `saasherder.py` of qontract-reconcile, and the schemas `app-1` and
//! `saas-file-target-1` of qontract-schemas.

use std::time::Duration;

use crate::guards::Findings;
use crate::model::component::SaasFilter;
use crate::model::duration::shown;
use crate::model::escape::escaped;
use crate::model::problem::Problem;
use crate::model::version::CommitId;
use crate::saas::Target;
use crate::saas::app::Versions;

const DAY: u64 = 86_400;

/// A target that tells on a channel what it has deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publisher {
    pub channel: String,
    /// The name of its saas file and its own, for people.
    pub label: String,
    /// What its `ref` says.
    pub value: String,
    /// Whether it runs the commit that is promoted.
    pub runs: Runs,
    /// For how long its `ref` has said so, if that is known.
    pub says_for: Option<Duration>,
}

/// Whether a publisher runs a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// For so long.
    For(Duration),
    /// It runs another one.
    Another,
    /// It follows a branch of an upstream that was not asked.
    Unknown,
}

/// What a target has to pass.
#[derive(Debug)]
pub struct Gates<'a> {
    /// The name of the saas file.
    pub saas: &'a str,
    /// The command that takes the commit from the blocked ones.
    pub unblock: &'a str,
    pub deprecated: bool,
    pub versions: &'a Versions,
    /// Every publisher of every channel that a target subscribes to.
    pub publishers: &'a [Publisher],
    /// How many digits a commit is shown with.
    pub digits: usize,
}

impl Gates<'_> {
    /// What stands against moving these targets to a commit.
    ///
    /// Refused: a blocked commit, a deprecated file, a channel without a publisher. Warned about:
    /// publishers that don't run the commit, or not for long enough; parameters that a deployment
    /// of a commit can't have. Noted: publishers of which nobody can tell what they run.
    pub fn judge(&self, targets: &[&Target], to: &CommitId) -> Findings {
        let mut findings = Findings::default();
        let tag = to.tag(self.digits);
        let Versions { file, blocked, hotfixes } = self.versions;
        let is_among = |list: &[String]| list.iter().any(|one| one == to.as_str());
        if self.deprecated {
            let message = format!("`{}` is deprecated: nothing in it is updated", self.saas);
            findings
                .problems
                .push(Problem::new(message).help("promote the file that took its place"));
        }
        if is_among(blocked) {
            let message = format!("`{tag}` is among the `blockedVersions` of its code component");
            let help =
                format!("name another version with `--ref`, or take it out: `{}`", self.unblock);
            findings.problems.push(Problem::new(message).file(file).help(help));
        }
        for target in targets {
            self.parameters(target, to, &mut findings);
            if !is_among(hotfixes) {
                self.publishers(target, to, &mut findings);
            }
        }
        findings
    }

    fn parameters(&self, target: &Target, to: &CommitId, findings: &mut Findings) {
        if let Some(key) = target.conflict {
            let message = format!("{} has `{key}`, and a commit as its `ref`", name(target));
            let help = format!("the merge request's check refuses that: remove `{key}`");
            findings.warnings.push(Problem::new(message).help(help));
        }
        let Some(tag) = target.image_tag.as_deref().filter(|tag| !tag.is_empty()) else { return };
        if to.as_str().starts_with(tag) {
            let message =
                format!("{} has `IMAGE_TAG` `{tag}`, which the new ref begins with", name(target));
            let help = "the merge request's check refuses that: remove the parameter";
            findings.warnings.push(Problem::new(message).help(help));
        }
    }

    fn publishers(&self, target: &Target, to: &CommitId, findings: &mut Findings) {
        let (name, tag) = (name(target), to.tag(self.digits));
        let (mut soaked, mut is_known) = (Duration::ZERO, true);
        for channel in &target.promotion.subscribe {
            let mut publishers =
                self.publishers.iter().filter(|one| one.channel == *channel).peekable();
            if publishers.peek().is_none() {
                let message = format!(
                    "{name} subscribes to `{channel}`, which no saas file of the checkout publishes"
                );
                let help =
                    "update the checkout, mend `subscribe`, or have a target publish that channel";
                findings.problems.push(Problem::new(message).help(help));
            }
            for publisher in publishers {
                match publisher.runs {
                    Runs::For(time) => {
                        soaked = soaked.saturating_add(time);
                        findings.notes.push(has_run(publisher, tag, time));
                    }
                    Runs::Another => findings.warnings.push(waits(&name, publisher, tag)),
                    Runs::Unknown => {
                        is_known = false;
                        findings.notes.push(may_run(publisher, tag));
                    }
                }
            }
        }
        let days = target.promotion.soak_days.unwrap_or(0);
        let wanted = Duration::from_secs(days.saturating_mul(DAY));
        if is_known && soaked < wanted && !target.promotion.subscribe.is_empty() {
            let message = format!(
                "{name} wants `{tag}` to run for {} with its publishers, and it has for {}",
                days_of(days),
                shown(soaked)
            );
            findings.warnings.push(Problem::new(message).help(WAIT));
        }
    }
}

const WAIT: &str =
    "wait, or declare a hotfix with `--hotfix`: the merge request's check refuses it";

fn waits(name: &str, publisher: &Publisher, tag: &str) -> Problem {
    let Publisher { channel, label, value, says_for, .. } = publisher;
    let runs = value.get(..tag.len()).filter(|_| value.len() == 40).unwrap_or(value);
    let time = says_for.map(|time| format!(" for {}", shown(time))).unwrap_or_default();
    let has_run = if says_for.is_some() { "has run" } else { "runs" };
    let message = format!(
        "{name} waits on `{channel}` for {label}, which {has_run} `{runs}`{time}, not `{tag}`"
    );
    Problem::new(message).help(format!("promote that one first; {WAIT}"))
}

fn has_run(Publisher { channel, label, .. }: &Publisher, tag: &str, time: Duration) -> String {
    format!("{label}, which publishes `{channel}`, has run `{tag}` for {}", shown(time))
}

fn may_run(Publisher { channel, label, value, .. }: &Publisher, tag: &str) -> String {
    format!(
        "{label}, which publishes `{channel}`, follows `{value}`: whether it runs `{tag}` is not checked"
    )
}

fn name(target: &Target) -> String {
    let SaasFilter { target: own, .. } = &target.filter;
    format!("target `{}`", escaped(own.as_ref().unwrap_or(&target.label)))
}

fn days_of(days: u64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saas::templates;
    use crate::syntax::yaml;

    const NEW: &str = "4f1c2aa4a1c53e6f7d8091a2b3c4d5e6f7a8b9c0";

    /// What is found for one target, with its text in YAML; the kinds first.
    fn check(
        target: &str,
        blocked: &[&str],
        hotfixes: &[&str],
        runs_for: &[Option<u64>],
    ) -> Vec<String> {
        let text = format!("resourceTemplates: [{{name: t, targets: [{target}]}}]");
        let yaml = yaml::parse(&text).unwrap();
        let templates = templates(&yaml);
        let owned = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        let publishers: Vec<_> = runs_for
            .iter()
            .map(|days| Publisher {
                channel: "chan".to_owned(),
                label: "`saas-x` t/stage".to_owned(),
                value: "1f3c5a7e9b2d4f6081a3c5e7092b4d6f8e1a3c5d".to_owned(),
                runs: days.map_or(Runs::Another, |days| Runs::For(Duration::from_secs(days * DAY))),
                says_for: Some(Duration::from_secs(7200)),
            })
            .collect();
        let versions = Versions {
            file: "data/services/x/app.yml".to_owned(),
            blocked: owned(blocked),
            hotfixes: owned(hotfixes),
        };
        let gates = Gates {
            saas: "saas-x",
            unblock: "",
            deprecated: false,
            versions: &versions,
            publishers: &publishers,
            digits: 7,
        };
        let findings = gates.judge(&[&templates[0].targets[0]], &CommitId::parse(NEW).unwrap());
        let said = |kind: &str, all: Vec<Problem>| {
            all.into_iter().map(|one| format!("{kind}: {one}")).collect::<Vec<_>>()
        };
        let noted = findings.notes.into_iter().map(|note| format!("noted: {note}")).collect();
        [said("refused", findings.problems), said("warned", findings.warnings), noted].concat()
    }

    #[test]
    fn gates() {
        let none: &[&str] = &[];
        let subscribed = "{name: prod, promotion: {subscribe: [chan], soakDays: 2}}";
        assert_eq!(check("{name: prod}", none, none, &[]), none);
        let ran = |time: &str| {
            format!("noted: `saas-x` t/stage, which publishes `chan`, has run `4f1c2aa` for {time}")
        };
        assert_eq!(check(subscribed, none, none, &[Some(2)]), [ran("2 d")]);
        assert_eq!(check(subscribed, none, none, &[Some(1), Some(1)]), [ran("1 d"), ran("1 d")]);
        assert_eq!(
            check("{name: prod}", &[NEW], none, &[]),
            [
                "refused: `data/services/x/app.yml`: `4f1c2aa` is among the `blockedVersions` of its code component"
            ]
        );
        assert_eq!(
            check(subscribed, none, none, &[]),
            [
                "refused: target `prod` subscribes to `chan`, which no saas file of the checkout publishes",
                "warned: target `prod` wants `4f1c2aa` to run for 2 days with its publishers, and it has for 0 s"
            ]
        );
        assert_eq!(
            check(subscribed, none, none, &[None, Some(1)]),
            [
                "warned: target `prod` waits on `chan` for `saas-x` t/stage, which has run `1f3c5a7` for 2 h, not `4f1c2aa`",
                "warned: target `prod` wants `4f1c2aa` to run for 2 days with its publishers, and it has for 1 d",
                &ran("1 d")
            ]
        );
        assert_eq!(
            check(
                "{name: prod, promotion: {subscribe: [chan], soakDays: 18446744073709551615}}",
                none,
                none,
                &[Some(9)]
            ),
            [
                "warned: target `prod` wants `4f1c2aa` to run for 18446744073709551615 days with its publishers, and it has for 9 d",
                &ran("9 d")
            ]
        );
        assert_eq!(check(subscribed, none, &[NEW], &[None]), none);
        assert_eq!(
            check(
                "{name: prod, promotion: {subscribe: [chan], soakDays: 1}}",
                none,
                none,
                &[Some(0)]
            ),
            [
                "warned: target `prod` wants `4f1c2aa` to run for 1 day with its publishers, and it has for 0 s",
                &ran("0 s")
            ]
        );
        // Nobody is asked for how long what it does not subscribe to has run.
        assert_eq!(check("{name: prod, promotion: {soakDays: 2}}", none, none, &[Some(1)]), none);
        let other = "{name: prod, parameters: {IMAGE_TAG: 4f1c2ab}}";
        assert_eq!(check(other, none, none, &[]), none);
        assert_eq!(check("{name: prod, parameters: {IMAGE_TAG: ''}}", none, none, &[]), none);
        assert_eq!(
            check(
                "{namespace: {$ref: /n/x.yml}, parameters: {IMAGE_TAG: 4f1c2aa}}",
                none,
                none,
                &[]
            ),
            ["warned: target `t/x` has `IMAGE_TAG` `4f1c2aa`, which the new ref begins with"]
        );
        assert_eq!(
            check("{name: prod, upstream: {name: job}}", none, none, &[]),
            ["warned: target `prod` has `upstream`, and a commit as its `ref`"]
        );
    }
    #[test]
    fn publishers_that_run_something_else() {
        let check = |value: &str, says_for: Option<u64>, runs: &str| {
            let publisher = Publisher {
                channel: "chan".to_owned(),
                label: "`x`".to_owned(),
                value: value.to_owned(),
                runs: Runs::Another,
                says_for: says_for.map(Duration::from_secs),
            };
            let message =
                format!("target `a` waits on `chan` for `x`, which {runs}, not `4f1c2aa`");
            let help = format!("promote that one first; {WAIT}");
            let expected = Problem::new(message).help(help);
            assert_eq!(waits("target `a`", &publisher, "4f1c2aa"), expected);
        };
        let commit = "1f3c5a7e9b2d4f6081a3c5e7092b4d6f8e1a3c5d";
        check(commit, Some(7_200), "has run `1f3c5a7` for 2 h");
        check(commit, None, "runs `1f3c5a7`");
        check("master", Some(60), "has run `master` for 1 min");
        check("release-2026", None, "runs `release-2026`");
    }

    /// Neither a warning nor a count of days can rest on what nobody knows.
    #[test]
    fn publishers_of_which_nobody_can_tell() {
        let text = "resourceTemplates: [{name: t, targets: [{name: prod, promotion: {subscribe: [chan], soakDays: 2}}]}]";
        let templates = templates(&yaml::parse(text).unwrap());
        let publisher = Publisher {
            channel: "chan".to_owned(),
            label: "`saas-x` t/stage".to_owned(),
            value: "master".to_owned(),
            runs: Runs::Unknown,
            says_for: None,
        };
        let gates = Gates {
            saas: "saas-x",
            unblock: "",
            deprecated: false,
            versions: &Versions::default(),
            publishers: &[publisher],
            digits: 7,
        };
        let findings = gates.judge(&[&templates[0].targets[0]], &CommitId::parse(NEW).unwrap());
        assert_eq!((findings.problems, findings.warnings), (Vec::new(), Vec::new()));
        assert_eq!(
            findings.notes,
            [
                "`saas-x` t/stage, which publishes `chan`, follows `master`: whether it runs `4f1c2aa` is not checked"
            ]
        );
    }

    #[test]
    fn files_that_nobody_should_promote() {
        let versions = Versions {
            file: "app.yml".to_owned(),
            blocked: vec![NEW.to_owned()],
            hotfixes: Vec::new(),
        };
        let mut gates = Gates {
            saas: "saas-x",
            unblock: "",
            deprecated: true,
            versions: &versions,
            publishers: &[],
            digits: 9,
        };
        let to = CommitId::parse(NEW).unwrap();
        let unblock = format!("cargo xtask unblock saas-x --ref {NEW}");
        let help = format!(
            "name another version with `--ref`, or take it out: `cargo xtask unblock saas-x --ref {NEW}`"
        );
        gates.unblock = &unblock;
        let message = "`4f1c2aa4a` is among the `blockedVersions` of its code component";
        let blocked = Problem::new(message).file("app.yml").help(help);
        let deprecated = Problem::new("`saas-x` is deprecated: nothing in it is updated")
            .help("promote the file that took its place");
        assert_eq!(gates.judge(&[], &to).problems, [deprecated, blocked.clone()]);
        gates.deprecated = false;
        assert_eq!(gates.judge(&[], &to).problems, [blocked]);
    }
}
