use super::*;

pub(crate) const NOW: i64 = 1_000_000;
pub(crate) const DAY: i64 = 86_400;
/// Two commits that begin alike, and another one.
pub(crate) const ONE: &str = "06d07fa2d34bb9caa8669a86c42f6b82d5027703";
pub(crate) const TWIN: &str = "06d07facf1ef86b417dbd895bd90b92cbfceb576";
pub(crate) const OTHER: &str = "47fbcedb83acf136db09422466a44c7e37c08639";

pub(crate) fn id(text: &str) -> CommitId {
    CommitId::parse(text).unwrap()
}

/// A pin whose value nobody looked up.
pub(crate) fn pin(value: &str) -> PinStatus {
    PinStatus {
        file: RepoPath::parse("a.yml").unwrap(),
        line: 1,
        target: None,
        value: value.to_owned(),
        start: None,
        promoted: Promoted::Unknown,
    }
}

pub(crate) fn found(value: &str, start: Start) -> PinStatus {
    PinStatus { start: Some(start), ..pin(value) }
}

pub(crate) fn environment(pins: Vec<PinStatus>) -> EnvironmentStatus {
    EnvironmentStatus { name: "prod".to_owned(), pins, problems: Vec::new(), repair: None }
}

pub(crate) fn commit(id: &CommitId) -> Commit {
    let author = Author { name: "Ann".to_owned(), email: "ann@example.com".to_owned() };
    Commit {
        id: id.clone(),
        subject: String::new(),
        author,
        time: NOW,
        is_merge: false,
        touches_template: false,
    }
}

/// A commit that runs, with so many commits behind it for so many seconds, and before it.
pub(crate) fn running(at: &str, behind: usize, waits: i64, ahead: usize) -> Running {
    let commit = commit(&id(at));
    Running {
        queued: vec![commit.clone(); behind],
        ahead: vec![commit.clone(); ahead],
        since: (behind > 0).then_some(NOW - waits),
        newer_image: NewerImage::Unknown,
        commit,
    }
}

fn component() -> Component {
    let config = "[component.c]\nupstream = \"https://example.com/c\"\n\
                  [component.c.environment.prod]\npins = [{ file = \"a.yml\", key = \"t\" }]\n";
    crate::config::Config::parse("promote.toml", config).unwrap().components.swap_remove(0)
}

#[test]
fn agreements() {
    let at = |value, commit| found(value, Start::Commit(id(commit)));
    let unknown = |value| found(value, Start::Unknown);
    let ambiguous = || found("06d07fa", Start::Ambiguous(vec![id(ONE), id(TWIN)]));
    let cases = [
        ("none", vec![], Agreement::Agree, 0),
        ("tag and commit", vec![at("06d07fa", ONE), at(ONE, ONE)], Agreement::Agree, 1),
        ("a candidate", vec![at("06d07fa-rc", ONE), at(ONE, ONE)], Agreement::Agree, 1),
        ("two commits", vec![at(ONE, ONE), at(OTHER, OTHER)], Agreement::Differ, 2),
        ("twins", vec![at("06d07fa", ONE), at(TWIN, TWIN)], Agreement::Differ, 2),
        ("twice ambiguous", vec![ambiguous(), ambiguous()], Agreement::Agree, 1),
        ("ambiguous and one", vec![ambiguous(), at(ONE, ONE)], Agreement::Unknown, 2),
        ("unknown", vec![unknown("1234567"), unknown("1234567")], Agreement::Agree, 1),
        ("unknown and known", vec![unknown("1234567"), at(ONE, ONE)], Agreement::Differ, 2),
        ("moving", vec![found("latest", Start::Moving), at(ONE, ONE)], Agreement::Differ, 2),
        ("not looked up", vec![pin("06d07fa"), pin(ONE)], Agreement::Unknown, 2),
        ("not looked up, other", vec![pin("47fbced"), pin(ONE)], Agreement::Differ, 2),
        ("unknown, then other", vec![pin("06d07fa"), pin(ONE), pin(TWIN)], Agreement::Differ, 3),
    ];
    for (what, pins, expected, versions) in cases {
        let environment = environment(pins);
        let found = (environment.agreement(), environment.versions().len());
        assert_eq!(found, (expected, versions), "{what}");
    }
}

#[test]
fn drifts() {
    let check = |pin: PinStatus, running: Running, limits: (Option<usize>, i64), expected: &str| {
        let component = component();
        let upstream = UpstreamStatus { head: commit(&id(OTHER)), running: vec![running] };
        let status = ComponentStatus {
            component: &component,
            upstream: Some(upstream),
            problem: None,
            environments: vec![environment(vec![pin])],
        };
        let max_age = (limits.1 > 0).then(|| of_seconds(limits.1));
        let drifts = status.drifts(&Limits { max_behind: limits.0, max_age }, NOW);
        let messages: Vec<_> = drifts.iter().map(|drift| drift.message.as_str()).collect();
        assert_eq!(messages.join("; "), expected);
    };
    let at = || found(ONE, Start::Commit(id(ONE)));
    let unlimited = (None, 0);
    check(at(), running(ONE, 0, 0, 0), (Some(0), 1), "");
    check(at(), running(ONE, 9, 9 * DAY, 0), unlimited, "");
    check(at(), running(ONE, 2, DAY, 0), (Some(2), DAY), "");
    check(at(), running(ONE, 2, DAY, 0), (Some(1), 0), "2 commits behind, 1 allowed");
    let late = "a change waits for 1 d 1 h, 1 d allowed";
    check(at(), running(ONE, 1, DAY + 3_600, 0), (None, DAY), late);
    check(at(), running(ONE, 1, -DAY, 0), (None, 1), "");
    let both = format!("3 commits behind, 0 allowed; {late}");
    check(at(), running(ONE, 3, DAY + 3_600, 0), (Some(0), DAY), &both);
    let off = "`06d07fa` has 1 commit that the branch lacks";
    check(at(), running(ONE, 0, 0, 1), unlimited, off);
    let unknown = found("1234567", Start::Unknown);
    check(
        unknown,
        running(ONE, 9, 9 * DAY, 0),
        (Some(0), 0),
        "`1234567` is no commit of the upstream",
    );
    let moving = found("latest", Start::Moving);
    check(moving, running(ONE, 0, 0, 0), unlimited, "`latest` follows a branch or a moving tag");
    let ambiguous = found("06d07fa", Start::Ambiguous(vec![id(ONE), id(TWIN)]));
    let both = format!("`06d07fa` is the beginning of `{ONE}` and `{TWIN}`");
    check(ambiguous, running(ONE, 0, 0, 0), unlimited, &both);
    check(pin(ONE), running(ONE, 9, 9 * DAY, 0), unlimited, "");
}

#[test]
fn each_drift_is_told_once() {
    let component = component();
    let unknown = |value| found(value, Start::Unknown);
    let pins = vec![unknown("1234567"), unknown("7654321"), unknown("1234567")];
    let status = ComponentStatus {
        component: &component,
        upstream: None,
        problem: None,
        environments: vec![environment(pins)],
    };
    let drifts = status.drifts(&Limits::default(), NOW);
    let messages: Vec<_> = drifts.iter().map(|drift| drift.message.as_str()).collect();
    let one = "`1234567` is no commit of the upstream";
    assert_eq!(messages, ["the pins disagree", one, "`7654321` is no commit of the upstream"]);
}

#[test]
fn the_latest_promotion() {
    let by = |time| {
        let author = Author { name: "Ann".to_owned(), email: "ann@example.com".to_owned() };
        Promoted::By { commit: id(ONE), author, time }
    };
    let cases = [
        (vec![], Promoted::Unknown),
        (vec![by(1), by(3), by(2)], by(3)),
        (vec![Promoted::Unknown, by(1)], by(1)),
        (vec![by(1), Promoted::Uncommitted, Promoted::Unknown], Promoted::Uncommitted),
    ];
    for (promoted, expected) in cases {
        let pins: Vec<_> =
            promoted.into_iter().map(|promoted| PinStatus { promoted, ..pin(ONE) }).collect();
        assert_eq!(*EnvironmentStatus::promoted(pins.iter()), expected);
    }
}

#[test]
fn templates_are_judged_each_on_its_own() {
    let of = |target: &str, value| PinStatus { target: Some(target.to_owned()), ..pin(value) };
    let check = |pins: Vec<PinStatus>, expected: Agreement, disagreeing: usize| {
        let environment = environment(pins);
        assert_eq!(environment.agreement(), expected);
        assert_eq!(environment.disagreeing().len(), disagreeing);
    };
    check(vec![of("app/prod", ONE), of("dashboards/prod", OTHER)], Agreement::Agree, 0);
    check(vec![of("app/prod", ONE), of("app/prod-02", OTHER)], Agreement::Differ, 2);
    let one_of_two = vec![of("app/a", ONE), of("app/b", OTHER), of("dashboards/a", TWIN)];
    check(one_of_two, Agreement::Differ, 2);
    // What is in no template belongs to all of them.
    check(vec![of("app/prod", ONE), pin(OTHER)], Agreement::Differ, 2);
}

#[test]
fn environments_with_the_same_version() {
    let component = component();
    let named = |name: &str, pins: Vec<PinStatus>| EnvironmentStatus {
        name: name.to_owned(),
        ..environment(pins)
    };
    let of = |target: &str, value| PinStatus { target: Some(target.to_owned()), ..pin(value) };
    let environments = vec![
        named("a", vec![pin(ONE)]),
        named("b", vec![pin(OTHER)]),
        named("c", vec![pin(ONE), pin(ONE)]),
        named("d", vec![pin(ONE), pin(OTHER)]),
        named("e", vec![of("app/e", ONE), of("dashboards/e", OTHER)]),
        named("f", Vec::new()),
        named("g", Vec::new()),
        named("h", vec![pin("06d07fa")]),
    ];
    let status =
        ComponentStatus { component: &component, upstream: None, problem: None, environments };
    let names = |group: Vec<&EnvironmentStatus>| {
        group.iter().map(|one| one.name.as_str()).collect::<String>()
    };
    let groups: Vec<_> = status.alike().into_iter().map(names).collect();
    assert_eq!(groups, ["ach", "b", "d", "e", "f", "g"]);
}

#[test]
fn what_waits_and_what_is_known() {
    let component = component();
    let at = |commit: &str| found(commit, Start::Commit(id(commit)));
    let upstream = |running| Some(UpstreamStatus { head: commit(&id(OTHER)), running });
    let status = |upstream, environments| ComponentStatus {
        component: &component,
        upstream,
        problem: None,
        environments,
    };
    let known = status(
        upstream(vec![running(ONE, 1, 0, 0), running(TWIN, 3, 0, 0), running(OTHER, 3, 0, 0)]),
        vec![environment(vec![at(ONE), at(TWIN), at(OTHER)])],
    );
    let farthest = known.farthest(&known.environments[0]).map(|pin| pin.value.as_str());
    assert_eq!((farthest, known.behind()), (Some(TWIN), Some(3)));
    assert_eq!((known.is_complete(), known.is_judged()), (true, true));
    let offline = status(None, vec![environment(vec![pin(ONE)])]);
    assert_eq!(offline.farthest(&offline.environments[0]).map(|pin| pin.line), Some(1));
    assert_eq!((offline.behind(), offline.is_complete(), offline.is_judged()), (None, true, false));
    let problems = vec![Problem::new("is not UTF-8")];
    let torn = EnvironmentStatus { problems, ..environment(vec![at(ONE)]) };
    assert_eq!(torn.agreement(), Agreement::Unknown);
    let unread = status(upstream(Vec::new()), vec![environment(Vec::new()), torn]);
    assert_eq!((unread.is_complete(), unread.is_judged()), (false, false));
    let failed =
        ComponentStatus { problem: Some(Problem::new("no network")), ..status(None, vec![]) };
    assert!(!failed.is_complete());
}

#[test]
fn places_of_pins() {
    let saas = PinStatus { target: Some("t/prod".to_owned()), ..pin(ONE) };
    assert_eq!(
        (pin(ONE).place(), saas.place()),
        ("a.yml:1".to_owned(), "a.yml:1 (t/prod)".to_owned())
    );
}
