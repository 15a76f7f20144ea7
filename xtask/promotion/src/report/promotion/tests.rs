use super::*;
use crate::config::Config;
use crate::history::changes::{Changes, Direction, Span, Start};
use crate::history::people::People;
use crate::model::commit::{Author, Commit};
use crate::report::changes::Most;
use crate::report::tests::{marked, matches, path, planned};

const CONFIG: &str = "[component.c]\nupstream = \"https://x/c\"\n\
    [component.c.environment.e]\npins = [{ files = \"*.yml\", key = \"t\" }]\n";

fn commit() -> CommitId {
    CommitId::parse(&"a".repeat(40)).unwrap()
}

/// How a promotion of these files ends, and what scripts read of that.
fn check(landed: &Landed, files: &[(&str, &str)], expected: &str, result: &str) {
    let config = Config::parse("promote.toml", CONFIG).unwrap();
    let plan = if files.is_empty() { Plan::default() } else { planned(&config, files) };
    let report = PromotionReport {
        plan: &plan,
        queues: &[],
        landed,
        title: "c: aaaaaaa",
        warnings: &[],
        notes: &[],
        commands: &[],
    };
    assert_eq!(report.ending("AGAIN"), expected);
    assert_eq!(report.document("promote")["result"], result);
}

#[test]
fn endings() {
    let one = [("a.yml", "t: 22e638d\n"), ("b.yml", "t: aaaaaaa\n")];
    let two = [("a.yml", "t: 22e638d\n"), ("b.yml", "t: 22e638d\n")];
    let paths = |names: &[&str]| names.iter().map(|name| path(name)).collect();
    let unsettled = |uncommitted: &[&str], staged: &[&str]| Landed::Unsettled {
        uncommitted: paths(uncommitted),
        staged: paths(staged),
    };
    check(&Landed::Planned, &one, "1 file would change; nothing is written", "planned");
    check(&Landed::Planned, &two, "2 files would change; nothing is written", "planned");
    check(&Landed::Written, &one, "1 file edited; to commit it:\n  AGAIN", "written");
    check(&Landed::Written, &two, "2 files edited; to commit them:\n  AGAIN", "written");
    let there = "nothing to do: every pin is there already";
    check(&Landed::Unchanged, &one[1..], there, "unchanged");
    let listed = "nothing to do: the list is so already";
    check(&Landed::Unchanged, &[], listed, "unchanged");
    let committed = "committed aaaaaaa: c: aaaaaaa";
    check(&Landed::Committed(commit()), &one, committed, "committed");
    let files = "nothing to do in the files: every pin is there already";
    let first = format!("{files}\n1 file is not committed; to commit it:\n  AGAIN");
    check(&unsettled(&["a.yml"], &[]), &one, &first, "unchanged");
    let several = format!("{files}\n2 files are not committed; to commit them:\n  AGAIN");
    check(&unsettled(&["a.yml", "b.yml"], &[]), &one, &several, "unchanged");
    let index = format!(
        "{files}\nthe index has another version; to drop that:\n  \
         git restore --staged -- a.yml 'b c.yml'"
    );
    check(&unsettled(&[], &["a.yml", "b c.yml"]), &one, &index, "unchanged");
}

#[test]
fn deliveries() {
    let cases = [
        (State::Opened, Some("https://x/1"), "opened: https://x/1 (b -> master)", "opened"),
        (State::Refreshed, None, "refreshed: b -> master", "refreshed"),
        (
            State::PushedBefore,
            None,
            "pushed before; whether a merge request is open is not known: b -> master",
            "pushed-before",
        ),
        (
            State::PushedOnly,
            Some("https://x/new"),
            "pushed only; open it at: https://x/new (b -> master)",
            "pushed",
        ),
        (State::PushedOnly, None, "pushed only: b -> master", "pushed"),
    ];
    for (state, url, expected, result) in cases {
        let landed = Landed::Delivered(Delivered {
            branch: "b".to_owned(),
            target: "master".to_owned(),
            commit: commit(),
            url: url.map(str::to_owned),
            state,
            warnings: Vec::new(),
            unmet: Vec::new(),
            notes: vec!["n".to_owned()],
        });
        check(&landed, &[("a.yml", "t: 22e638d\n")], &format!("{expected}\nnote: n"), result);
    }
}

const TWO: &str = "[component.c]\nupstream = \"https://x/c\"\n\
    [component.c.environment.e]\npins = [{ files = \"*.yml\", key = \"t\" }]\n\
    [component.d]\nupstream = \"https://x/d\"\nimage = \"quay.io/d\"\ntag-length = 9\n\
    [component.d.environment.f]\npins = [{ file = \"saas\", saas = true }]\n";

const OLD: &str = "22e638d7b4c1a0935f6e8d2c7b1a4938e5d6f0c2";

/// What is told of a promotion of the first components, each with one commit.
fn told(count: usize, landed: &Landed, told: impl Fn(&PromotionReport, &str)) {
    let mut config = Config::parse("promote.toml", TWO).unwrap();
    config.components.truncate(count);
    let saas = format!(
        "resourceTemplates: [{{name: t, url: https://x/d, targets: [{{name: a, ref: {OLD}}}, \
         {{name: b, ref: master}}]}}]\n"
    );
    let files = [("a.yml", "t: 22e638d\n"), ("b.yml", "t: aaaaaaa\n"), ("c.yml", "t: latest\n")];
    let mut plan = planned(&config, &[&files[..], &[("saas", &saas)]].concat());
    if let [_, second] = plan.parts.as_mut_slice() {
        let image = config.components[1].images[0].clone();
        second.digests.insert(image, "sha256:0".to_owned());
    }
    let commit = |name: &str| Commit {
        id: commit(),
        subject: "fix".to_owned(),
        author: Author { name: name.to_owned(), email: format!("{name}@example.com") },
        time: 0,
        is_merge: false,
        touches_template: false,
    };
    let changes = ["Ann", "Bo"].map(|name| {
        Changes(vec![Span {
            old: OLD.to_owned(),
            start: Start::Commit(self::commit()),
            environments: vec!["e".to_owned()],
            queued: vec![commit(name)],
            taken_back: Vec::new(),
            direction: Direction::Forward,
        }])
    });
    let people = &People::default();
    let queues: Vec<_> = config
        .components
        .iter()
        .zip(&changes)
        .map(|(component, changes)| Queue {
            component,
            changes,
            people,
            now: 0,
            most: Most::few("--all"),
        })
        .collect();
    let diff = crate::report::plan_diff(&plan);
    let report = PromotionReport {
        plan: &plan,
        queues: &queues,
        landed,
        title: "title",
        warnings: &[Problem::new("warned")],
        notes: &["noted".to_owned()],
        commands: &[("again", "promote".to_owned()), ("undo", "revert".to_owned())],
    };
    told(&report, &diff);
}

/// Was opened, with a failure.
fn delivered() -> Landed {
    Landed::Delivered(Delivered {
        branch: "b\u{7}".to_owned(),
        target: "master".to_owned(),
        commit: commit(),
        url: Some("https://x/1".to_owned()),
        state: State::Opened,
        warnings: vec!["fault".to_owned()],
        unmet: vec!["unmet".to_owned()],
        notes: vec!["n".to_owned()],
    })
}

#[test]
fn texts_and_documents() {
    let check = |count, landed: Landed, columns, name: &str| {
        let fitted = |text: &str| format!("<{text}>");
        told(count, &landed, |report, diff| {
            let text = report.text(diff.to_owned(), "AGAIN", (columns, fitted));
            matches(&marked(&text), &format!("promotion/tests/{name}.txt"));
            let mut document = report.document("promote");
            assert_eq!(document["diff"].take(), diff);
            matches(&format!("{document:#}\n"), &format!("promotion/tests/{name}.json"));
        });
    };
    check(1, Landed::Written, Some(40), "one");
    check(2, delivered(), None, "two");
    let uncommitted = vec![path("a.yml")];
    check(1, Landed::Unsettled { uncommitted, staged: vec![path("b.yml")] }, None, "unsettled");
    check(1, Landed::Committed(commit()), None, "committed");
}

#[test]
fn nothing_but_values_that_stay() {
    let (_, of_d) = TWO.split_at(TWO.find("[component.d]").unwrap());
    let config = Config::parse("promote.toml", of_d).unwrap();
    let saas = "resourceTemplates: [{name: t, url: https://x/d, targets: [{name: b, \
                ref: 22e638d7b4c1a0935f6e8d2c7b1a4938e5d6f0c2, promotion: {auto: true}}]}]
";
    let report = PromotionReport {
        plan: &planned(&config, &[("saas", saas)]),
        queues: &[],
        landed: &Landed::Unchanged,
        title: "",
        warnings: &[],
        notes: &[],
        commands: &[],
    };
    assert_eq!(report.ending("AGAIN"), "nothing to do: everything that was found stays");
}
