use super::*;
use crate::config::Config;
use crate::history::changes::Start;
use crate::inspect::status::UpstreamStatus;
use crate::inspect::status::tests::{
    DAY, NOW, ONE, OTHER, TWIN, commit, environment, found, id, pin, running,
};
use crate::model::commit::{Author, Commit};
use crate::model::version::CommitId;
use crate::report::tests::marked;

/// Compares an output with that in a file of `tests`.
#[track_caller]
fn matches(actual: &str, name: &str) {
    crate::report::tests::matches(actual, &format!("status/tests/{name}"));
}

/// A commit that the branch lacks.
const LOST: &str = "b1946ac92492d2347c6235b4d2611184aaaaaaaa";

/// The component `app`, and others without environments.
fn config(others: &[&str]) -> Config {
    let component =
        |name: &&str| format!("[component.'{name}']\nupstream = \"https://x/org/{name}\"\n");
    let names = [&["app"], others].concat();
    Config::parse("promote.toml", &names.iter().map(component).collect::<String>()).unwrap()
}

fn people() -> People {
    let file = "org_username: bli\ngithub_username: boli\n";
    People::new([file], Some("me@example.com"))
}

fn by(name: &str, email: &str, commit: Commit) -> Commit {
    Commit { author: Author { name: name.to_owned(), email: email.to_owned() }, ..commit }
}

fn promoted(by: &str, days: i64) -> Promoted {
    let author = Author { name: by.to_owned(), email: format!("{by}@example.com") };
    Promoted::By { commit: id(TWIN), author, time: NOW - days * DAY }
}

fn named(name: &str, pins: Vec<PinStatus>) -> EnvironmentStatus {
    EnvironmentStatus { name: name.to_owned(), ..environment(pins) }
}

fn at(commit: &str) -> PinStatus {
    found(commit, Start::Commit(id(commit)))
}

/// Three versions that run: the newest, one that is behind, and one that the branch lacks.
fn upstream() -> UpstreamStatus {
    let aged = |running: Running, days: i64| {
        let commit = Commit { time: NOW - days * DAY, ..running.commit };
        Running { commit, ..running }
    };
    let queued = vec![
        by("ci[bot]", "ci@example.com", commit(&id(OTHER))),
        by("A|na", "ana@example.com", commit(&id(OTHER))),
        by("Bo Li", "bli@example.com", commit(&id(OTHER))),
        by("Me", "me@example.com", commit(&id(OTHER))),
    ];
    let newest = Running { newer_image: NewerImage::None, ..running(OTHER, 0, 0, 0) };
    let behind = Running {
        queued,
        newer_image: NewerImage::Of(id(OTHER)),
        since: Some(NOW - 5 * DAY),
        ..running(ONE, 0, 0, 0)
    };
    let lost = running(LOST, 9, 9 * DAY, 2);
    let head = Commit { time: NOW - 3_600, ..commit(&id(OTHER)) };
    let running =
        vec![aged(behind, 10), Running { commit: head.clone(), ..newest }, aged(lost, 90)];
    UpstreamStatus { head, running }
}

/// Environments in every state.
fn environments() -> Vec<EnvironmentStatus> {
    let target = |name: &str, pin: PinStatus| PinStatus { target: Some(name.to_owned()), ..pin };
    let late = PinStatus { promoted: promoted("Cy", 30), ..target("t/prod", at(ONE)) };
    let new = PinStatus { line: 9, promoted: Promoted::Uncommitted, ..target("t/dr", at(OTHER)) };
    let repair = Some("cargo xtask promote app --env prod".to_owned());
    let half = EnvironmentStatus { repair, ..named("prod", vec![late, new]) };
    let of = |by: &str, days| PinStatus { promoted: promoted(by, days), ..at(OTHER) };
    let other = target("other/ui", PinStatus { promoted: promoted("bli", 3), ..at(ONE) });
    let templates = named("templates", vec![target("one/ui", of("me", 1)), other]);
    let unread = EnvironmentStatus {
        problems: vec![Problem::new("`x.yml` is not `UTF-8`").help("save it as `UTF-8`")],
        ..named("unread", Vec::new())
    };
    vec![
        half,
        named("a|b", vec![of("bli", 2)]),
        named("ahead", vec![at(LOST), at(LOST)]),
        named("ahead-too", vec![at(LOST)]),
        named("behind", vec![at(ONE)]),
        named("c<d>-with-a-long-name", vec![of("Dan", 1)]),
        templates,
        unread,
        named("moving", vec![found("latest", Start::Moving)]),
        named("twins", vec![found("06d07fa", Start::Ambiguous(vec![id(ONE), id(TWIN)]))]),
        named("unknown", vec![found("1234567", Start::Unknown)]),
        named(
            "digest",
            vec![pin("sha256:0123456789012345678901234567890123456789012345678901234567890123")],
        ),
    ]
}

/// What is told of one component that is known, and of two that could not be fetched.
fn told<T>(each: Each, tell: impl Fn(&Overview) -> T) -> T {
    let config = config(&["l<b", "web"]);
    let [app, lib, web] = config.components.as_slice() else { unreachable!() };
    let problem = || Some(Problem::new("`https://x` does not `answer`").help("ask `x`"));
    let apart = || vec![named("e", vec![pin("06d07fa"), pin("47fbced")])];
    let components = [
        ComponentStatus {
            component: app,
            upstream: Some(upstream()),
            problem: None,
            environments: environments(),
        },
        ComponentStatus {
            component: lib,
            upstream: None,
            problem: problem(),
            environments: apart(),
        },
        ComponentStatus {
            component: web,
            upstream: Some(UpstreamStatus { running: Vec::new(), ..upstream() }),
            problem: problem(),
            environments: apart(),
        },
    ];
    let drift = Drift {
        component: "app".to_owned(),
        environment: "a|b".to_owned(),
        message: "`1` differs".to_owned(),
    };
    let warnings = [Problem::new("`a.yml` has a pin").help("add `it`"), Problem::new("none")];
    let overview = Overview {
        components: &components,
        people: &people(),
        now: NOW,
        each,
        most_people: 2,
        is_whole: false,
        drifts: Some(&[drift]),
        left_out: &[],
        warnings: &warnings,
        notes: &["a `note`".to_owned()],
    };
    tell(&overview)
}

/// What is told of so many components: each is farther behind than the one before, from the third
/// on.
fn told_of_many<T>(count: usize, tell: impl Fn(Overview) -> T) -> T {
    let names: Vec<_> = (1..count).map(|number| format!("c{number:02}")).collect();
    let config = config(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let component = |(number, component)| {
        let head = commit(&id(OTHER));
        let authors = (0..number).map(|number| format!("N{number}"));
        let queued = authors.map(|name| by(&name, &format!("{name}@example.com"), head.clone()));
        let running = vec![
            running(OTHER, 0, 0, 0),
            Running { queued: queued.collect(), ..running(ONE, 0, 0, 0) },
        ];
        let late = |name: &str| named(name, vec![at(ONE)]);
        let half = |name: &str| named(name, vec![at(ONE), at(OTHER)]);
        let environments = match number {
            0 => vec![named("e", vec![at(OTHER)])],
            1 => environments(),
            2 => Vec::new(),
            _ if number + 1 == count => ["h1", "h2", "h3", "h4"].map(half).into(),
            _ => vec![late("late"), named("new", vec![at(OTHER)]), late("later")],
        };
        ComponentStatus {
            component,
            upstream: (number != 1).then_some(UpstreamStatus { head, running }),
            problem: (number == 1 || number == 9).then(|| Problem::new("`x` is away").help("wait")),
            environments,
        }
    };
    let components: Vec<_> = config.components.iter().enumerate().map(component).collect();
    let warnings: Vec<_> = (0..21).map(|number| Problem::new(format!("w{number}"))).collect();
    let overview = Overview {
        components: &components,
        people: &people(),
        now: NOW,
        each: Each::Environment,
        most_people: 5,
        is_whole: false,
        drifts: None,
        left_out: &[],
        warnings: &warnings,
        notes: &[],
    };
    tell(overview)
}

#[test]
fn one_row_for_each_of_many() {
    assert_eq!([20, 21].map(|count| told_of_many(count, |all| all.is_brief())), [false, true]);
    let (pins, everybody) = (Each::Pin, usize::MAX);
    let check = |count: usize, width, name: &str| {
        matches(&told_of_many(count, |all| marked(&all.text(width))), name);
    };
    check(42, None, "many.txt");
    check(42, Some(60), "many-narrow.txt");
    matches(&told_of_many(42, |all| all.markdown()), "many.md");
    matches(&told_of_many(21, |all| all.markdown()), "many-at-once.md");
    let text = told_of_many(22, |all| Overview { each: pins, ..all }.text(None));
    matches(&marked(&text), "many-pins.txt");
    let text = told_of_many(21, |all| Overview { most_people: everybody, ..all }.text(None));
    matches(&marked(&text), "many-people.txt");
    matches(&told_of_many(22, |all| Overview { is_whole: true, ..all }.markdown()), "whole.md");
}

#[test]
fn newest_everywhere() {
    let config = config(&[]);
    let people = people();
    let check = |environment: EnvironmentStatus, problem: Option<Problem>, expected: &str| {
        let running = vec![running(OTHER, 0, 0, 0)];
        let upstream = Some(UpstreamStatus { head: commit(&id(OTHER)), running });
        let component = &config.components[0];
        let environments = vec![environment];
        let status = ComponentStatus { component, upstream, problem, environments };
        let overview = Overview {
            components: &[status],
            people: &people,
            now: NOW,
            each: Each::Environment,
            most_people: 2,
            is_whole: false,
            drifts: None,
            left_out: &[],
            warnings: &[],
            notes: &[],
        };
        assert_eq!(overview.newest_everywhere(), expected);
    };
    let away = || Problem::new("away");
    check(named("e", vec![at(OTHER)]), None, "1 of 1 have the newest version everywhere");
    let none = "0 of 1 have the newest version everywhere";
    check(named("e", vec![at(OTHER)]), Some(away()), none);
    check(named("e", vec![at(OTHER), found("1234567", Start::Unknown)]), None, none);
    let unread = EnvironmentStatus { problems: vec![away()], ..named("e", Vec::new()) };
    check(unread, None, none);
}

#[test]
fn verdicts_of_a_check() {
    let untold = told(Each::Environment, |all| {
        [None, Some(&[][..]), all.drifts].map(|drifts| Overview { drifts, ..*all }.no_drift())
    });
    let partly = Some("no drift found, but not everything could be told");
    assert_eq!(untold, [None, partly, None]);
    let all_known = told_of_many(1, |all| Overview { drifts: Some(&[]), ..all }.no_drift());
    assert_eq!(all_known, Some("no drift"));
    let left_out = &["a.yml".to_owned()];
    let checked = told_of_many(1, |all| Overview { drifts: Some(&[]), left_out, ..all }.no_drift());
    assert_eq!(checked, partly);
}

#[test]
fn texts() {
    let check = |each, width, name| matches(&told(each, |all| marked(&all.text(width))), name);
    check(Each::Environment, None, "environments.txt");
    check(Each::Environment, Some(120), "environments-wide.txt");
    check(Each::Environment, Some(60), "environments-narrow.txt");
    check(Each::Pin, None, "pins.txt");
}

#[test]
fn pages() {
    let page = |all: &Overview| {
        let page = all.html().replace(include_str!("page.css"), "STYLE\n");
        page.replace(include_str!("page.js"), "SCRIPT\n")
    };
    matches(&told(Each::Environment, page), "environments.html");
    matches(&told(Each::Pin, page), "pins.html");
}

#[test]
fn pictures() {
    let config = config(&[]);
    // One version on each of these days; a day is a hundredth of the line.
    let check = |days: &[i64], names: &[&str], name: &str| {
        let id = |day: i64| CommitId::parse(&format!("{day:07}{:033}", 0)).unwrap();
        let at = |day: i64| Commit { time: NOW + day * DAY, ..commit(&id(day)) };
        let run = |day: i64| Running { commit: at(day), ..running(ONE, 0, 0, 0) };
        let pins = days.iter().map(|day| found("x", Start::Commit(id(*day))));
        let environments = pins.zip(names).map(|(pin, name)| named(name, vec![pin])).collect();
        let upstream =
            UpstreamStatus { head: at(98), running: days.iter().map(|day| run(*day)).collect() };
        let component = &config.components[0];
        let status =
            ComponentStatus { component, upstream: Some(upstream), problem: None, environments };
        let picture = line::marks(&status).and_then(|marks| html::picture(&marks));
        matches(&picture.unwrap_or_default(), name);
    };
    // The head runs nowhere.
    check(&[0, 48], &["sixteen-letters-", "seventeen-letters"], "left-half.svg");
    check(&[0, 49, 98], &["a", "b", "c"], "right-half.svg");
    check(&[0, 8, 90, 98], &["a", "b", "c", "d"], "room.svg");
    check(&[0, 9, 90, 98], &["a", "b", "c", "d"], "no-room-left.svg");
    check(&[0, 8, 89, 98], &["a", "b", "c", "d"], "no-room-right.svg");
    check(&[0, 3, 98, 99], &["<a>", "b", "c", "d"], "in-front.svg");
    check(&[98], &["a"], "one-version.svg");
}

#[test]
fn long_lists_on_a_page() {
    let items = |count: usize| (1..=count).map(|number| format!("i{number}")).collect::<Vec<_>>();
    let shown = |from: usize, to: usize| {
        let items = (from..=to).map(|number| format!("<li>i{number}</li>\n"));
        format!("<ul class=\"wide\">\n{}</ul>\n", items.collect::<String>())
    };
    assert_eq!(html::list("T", &items(0)), "");
    assert_eq!(html::list("T", &items(10)), format!("<h2>T</h2>\n{}", shown(1, 10)));
    let more = format!("<details><summary>2 more</summary>\n{}</details>\n", shown(11, 12));
    assert_eq!(html::list("T", &items(12)), format!("<h2>T</h2>\n{}{more}", shown(1, 10)));
    assert_eq!(html::people(&items(5)), "i1, i2, i3, i4, i5");
    let six =
        "<details><summary>i1, i2, i3, i4, i5, +1 more</summary>i1, i2, i3, i4, i5, i6</details>";
    assert_eq!(html::people(&items(6)), six);
}

#[test]
fn markdown() {
    matches(&told(Each::Environment, |all| all.markdown()), "environments.md");
    matches(&told(Each::Pin, |all| all.markdown()), "pins.md");
}

#[test]
fn documents() {
    let mut each = told(Each::Pin, |all| all.document("status"));
    matches(&format!("{each:#}\n"), "pins.json");
    // Without a row for each pin, only the environments say what they run.
    for component in each["components"].as_array_mut().unwrap() {
        for environment in component["environments"].as_array_mut().unwrap() {
            for pin in environment["pins"].as_array_mut().unwrap() {
                pin.as_object_mut().unwrap().shift_remove("running");
            }
        }
    }
    assert_eq!(told(Each::Environment, |all| all.document("status")), each);
}

#[test]
fn dates() {
    let cases = [
        (0, "1970-01-01"),
        (-1, "1969-12-31"),
        (951_782_399, "2000-02-28"),
        (951_782_400, "2000-02-29"),
        (1_711_533_600, "2024-03-27"),
        (1_735_689_599, "2024-12-31"),
        (4_107_542_400, "2100-03-01"),
    ];
    for (seconds, expected) in cases {
        assert_eq!(date(seconds), expected, "{seconds}");
    }
}
