use super::*;
use crate::config::Config;
use crate::history::changes::{Changes, Direction, Span, Start};
use crate::model::commit::Author;
use crate::model::component::Environment;
use crate::model::path::RepoPath;
use crate::model::tree::Tree;
use crate::plan::{Part, Plan, plan};

pub(super) const NEW: &str = "7a734a7c2c6a3a95816f09dec686865dd6107382";

const CONFIG: &str = r#"
[component.q]
upstream = "https://github.com/app-sre/q"
[component.q.environment.pr-check]
pins = [{ file = ".env", variable = "Q" }]
[component.q.environment."a|@all"]
pins = [{ file = "x.yml", key = "tag" }, { files = "data/*.yml", key = "tag" }]
"#;

/// A plan of two environments with one old version each, and one value that stays.
fn planned() -> (Config, Plan) {
    let config = Config::parse("promote.toml", CONFIG).unwrap();
    let file = |path: &str, text: &str| (RepoPath::parse(path).unwrap(), text.as_bytes().to_vec());
    let files = [
        file(".env", "Q=22e638d\n"),
        file("x.yml", "tag: ec24093-rc\n"),
        file("data/a.yml", "tag: 22e638d\n"),
        file("data/b.yml", "tag: 'see @all #1'\n"),
    ];
    let to = CommitId::parse(NEW).unwrap();
    let part = Part::new(&Scope::all(&config.components[0]), to);
    let plan = plan(&[part], &Tree(files.into())).unwrap();
    (config, plan)
}

pub(super) fn commit(number: usize, subject: &str, name: &str, email: &str) -> Commit {
    Commit {
        id: CommitId::parse(&format!("{number:040x}")).unwrap(),
        subject: subject.to_owned(),
        author: Author { name: name.to_owned(), email: email.to_owned() },
        time: i64::try_from(number).unwrap(),
        is_merge: false,
        touches_template: false,
    }
}

pub(super) fn changes(queued: Vec<Commit>, taken_back: Vec<Commit>) -> Changes {
    Changes(vec![Span {
        old: "22e638d".to_owned(),
        start: Start::Moving,
        environments: Vec::new(),
        queued,
        taken_back,
        direction: Direction::Diverged,
    }])
}

pub(super) fn people() -> People {
    let files = [
        "org_username: alima\ngithub_username: ana\n",
        "org_username: all\ngithub_username: everybody\n",
    ];
    People::new(files, Some("you@example.com"))
}

fn description(changes: &Changes, warnings: &[String], reason: Option<&str>) -> String {
    let (config, plan) = planned();
    let component = &config.components[0];
    let parts = [PartChanges { component, plan: &plan.parts[0], changes }];
    Description { parts: &parts, people: &people(), warnings, reason }.description()
}

#[test]
fn everything_is_told() {
    let queued = vec![
        commit(9, "Closes #3\\n/close", "Ana Lima", "1+ana@users.noreply.github.com"),
        commit(8, "chore", "dependabot[bot]", "dependabot[bot]@users.noreply.github.com"),
        commit(7, "mine", "You", "you@example.com"),
        commit(6, "hello @all", "@all", "bo@example.com"),
        commit(5, "wake up", "Everybody", "everybody@users.noreply.github.com"),
    ];
    let changes = changes(queued, vec![commit(4, "<b>old", "Bo", "bo@example.com")]);
    let warnings = ["`a\\nb` is @all's".to_owned()];
    let expected = "\
it broke `!12`

| environment | from | to |
|---|---|---|
| `pr-check` | `22e638d` | `7a734a7` |
| `a\\|@all` | `22e638d` | `7a734a7` |
| `a\\|@all` | `ec24093-rc` | `7a734a7` |

https://github.com/app-sre/q/compare/22e638d...7a734a7c2c6a3a95816f09dec686865dd6107382

https://github.com/app-sre/q/compare/ec24093...7a734a7c2c6a3a95816f09dec686865dd6107382

### Warnings

- `a`&#92;`nb` is `@all's`

### Queued commits: 5

`@all`: 1

- `0000000` `hello @all`

Ana Lima @alima: 1

- `0000000` `Closes `&#35;`3`&#92;`n/close`

Everybody: 1

- `0000000` `wake up`

The one who promotes: 1

- `0000000` `mine`

`dependabot[bot]`: 1

- `0000000` `chore`

### Taken back: 1

Bo: 1

- `0000000` `<b>old`

### Stays as it is

- `a|@all`: `data/b.yml:1` `see @all `&#35;`1`: no-version";
    assert_eq!(description(&changes, &warnings, Some("it broke\n!12")), expected);
}

/// As of a merge request that changes the list of an app.
#[test]
fn without_parts_there_is_the_reason() {
    let check = |reason, warnings: &[String], expected: &str| {
        let description = Description { parts: &[], people: &people(), warnings, reason };
        assert_eq!(description.description(), expected);
    };
    check(None, &[], "");
    check(Some("it leaks"), &[], "it leaks");
    check(Some("it leaks"), &["mind".to_owned()], "it leaks\n\n### Warnings\n\n- mind");
}

#[test]
fn the_title_is_that_of_the_commit() {
    let (config, plan) = planned();
    let (component, changes) = (&config.components[0], &Changes::default());
    let parts = [PartChanges { component, plan: &plan.parts[0], changes }];
    let description = Description { parts: &parts, people: &people(), warnings: &[], reason: None };
    assert_eq!(description.title(Wording::Component), "q promotion 22e638d, ec24093-rc to 7a734a7");
    assert!(!description.description().contains("Queued"));
}

#[test]
fn the_oldest_commits_are_left_out() {
    let names = ["Ana", "Bo"];
    let one = |number: usize| {
        let name = names[number / 150];
        commit(number, &format!("change {number}"), name, &format!("{name}@example.com"))
    };
    let text = description(&changes((0..300).rev().map(one).collect(), Vec::new()), &[], None);
    let listed: Vec<&str> = text.lines().filter(|line| line.contains("`change ")).collect();
    assert_eq!(listed.len(), 100);
    assert!(listed[0].ends_with("`change 299`") && listed[99].ends_with("`change 200`"), "{text}");
    let pointer = format!("and 200 older: https://github.com/app-sre/q/compare/22e638d...{NEW}");
    assert!(text.lines().any(|line| line == pointer), "{text}");
    assert!(text.contains("\nAna: 150\n"), "named, if none of hers is listed: {text}");
}

#[test]
fn the_option_is_never_too_long() {
    let option = |text: &str| "merge_request.description=".len() + pushed_length(text);
    let fat = |number: usize| commit(number, &"\\".repeat(160), "Ana", "ana@example.com");
    let text = description(&changes((0..300).map(fat).collect(), Vec::new()), &[], None);
    assert!(option(&text) < 65_516, "{}", text.len());
    assert_eq!(text.matches("\n- `0000000`").count(), 50);

    let crowd = |number: usize| commit(number, "x", &format!("{number}{}", "#1".repeat(70)), "");
    let text = description(&changes((0..900).map(crowd).collect(), Vec::new()), &[], None);
    assert!(option(&text) < 65_516, "{}", text.len());
    assert!(text.ends_with("\nand more, which was too long"), "{}", text.len());
}

#[test]
fn as_many_lines_as_fit_into_an_option() {
    // A line break counts twice: 645 lines and 170 bytes are as long as allowed.
    let lines = format!("{}\n", "x".repeat(99)).repeat(645);
    let last = |length| lines.clone() + &"y".repeat(length) + "\n";
    assert_eq!(first_lines(&last(169)), last(169));
    let more = "\nand more, which was too long";
    assert_eq!(first_lines(&(last(169) + "z")), last(169) + more);
    assert_eq!(first_lines(&last(170)), lines.clone() + more);
}

#[test]
fn lists_say_what_they_leave_out() {
    let entries = || ["a", "b"].map(str::to_owned).into_iter();
    assert_eq!(list("H", entries(), 2), "### H\n\n- a\n- b");
    assert_eq!(list("H", entries(), 1), "### H\n\n- a\n- and 1 more");
    let one = |number| Commit {
        touches_template: number == 100,
        ..commit(number, "x", "Ana", "ana@example.com")
    };
    let text = description(&changes((0..101).rev().map(one).collect(), Vec::new()), &[], None);
    let listed: Vec<&str> = text.lines().filter(|line| line.contains("`x`")).collect();
    assert_eq!(listed[..2], ["- `0000000` `x` (template)", "- `0000000` `x`"]);
    let pointer = format!("and 1 older: https://github.com/app-sre/q/compare/22e638d...{NEW}");
    assert!(text.lines().any(|line| line == pointer), "{text}");
    let names = [100, 101].map(|length| shortened("a".repeat(length)));
    assert_eq!(names.map(|name| name.len()), [100, 69]);
}

/// What is told of a promotion of components, each with its name, the host of its upstream and the
/// values of its pins: in keys, or a digest.
pub(super) fn told<T>(
    components: &[(&str, &str, &[&str])],
    changes: &Changes,
    tell: impl Fn(&[PartChanges]) -> T,
) -> T {
    let component = |(name, host, values): &(&str, &str, &[&str])| {
        let is_digest = values.iter().any(|value| value.starts_with("sha256:"));
        let value = if is_digest { ", value = \"digest\"" } else { "" };
        format!(
            "[component.{name}]\nupstream = \"https://{host}/x/{name}.git/\"\nimage = \"q.io/{name}\"\n\
             [component.{name}.environment.e]\n\
             pins = [{{ files = \"{name}/*\", key = \"t\"{value} }}]\n"
        )
    };
    let config = components.iter().map(component).collect::<String>();
    let config = Config::parse("promote.toml", &config).unwrap();
    let files = components.iter().flat_map(|(name, _, values)| {
        values.iter().enumerate().map(move |(number, value)| {
            let path = RepoPath::parse(&format!("{name}/{number}")).unwrap();
            (path, format!("t: {value}\n").into_bytes())
        })
    });
    let to = || CommitId::parse(NEW).unwrap();
    let part = |component| Part::new(&Scope::all(component), to()).with_stand_ins();
    let parts: Vec<_> = config.components.iter().map(part).collect();
    let plan = plan(&parts, &Tree(files.collect())).unwrap();
    let parts = config.components.iter().zip(&plan.parts);
    let parts: Vec<_> =
        parts.map(|(component, plan)| PartChanges { component, plan, changes }).collect();
    tell(&parts)
}

#[test]
fn parts_have_headings() {
    let changes = changes(vec![commit(1, "one", "Ana", "ana@example.com")], Vec::new());
    let components: [(&str, &str, &[&str]); 2] =
        [("q", "x", &["22e638d"]), ("r", "x", &["33e638d"])];
    let text = told(&components, &changes, |parts| {
        let warnings = &["look out".to_owned()];
        Description { parts, people: &people(), warnings, reason: Some("why") }.description()
    });
    let part = |name: &str, old: &str| {
        format!(
            "## {name}\n\n| environment | from | to |\n|---|---|---|\n| `e` | `{old}` | `7a734a7` |\n\n\
             ### Queued commits: 1\n\nAna: 1\n\n- `0000000` `one`"
        )
    };
    let (q, r) = (part("q", "22e638d"), part("r", "33e638d"));
    assert_eq!(text, format!("why\n\n### Warnings\n\n- look out\n\n{q}\n\n{r}"));
}

/// The commit message of a promotion of two components, whose pins are in `q/` and `r/`.
fn message(files: &[(&str, &str)], count: usize) -> String {
    let component = |name: &str| {
        format!(
            "[component.{name}]\nupstream = \"https://x/{name}\"\n\
             [component.{name}.environment.e]\npins = [{{ files = \"{name}/*\", key = \"t\" }}]\n"
        )
    };
    let config = Config::parse("promote.toml", &(component("q") + &component("r"))).unwrap();
    let path = |path| RepoPath::parse(path).unwrap();
    let files =
        files.iter().map(|(name, value)| (path(name), format!("t: {value}\n").into_bytes()));
    let to = CommitId::parse(NEW).unwrap();
    let part = |component| Part::new(&Scope::all(component), to.clone());
    let parts: Vec<_> = config.components[..count].iter().map(part).collect();
    let plan = plan(&parts, &Tree(files.collect())).unwrap();
    let changes = &Changes::default();
    let parts = config.components.iter().zip(&plan.parts);
    let parts: Vec<_> =
        parts.map(|(component, plan)| PartChanges { component, plan, changes }).collect();
    commit_message::commit_message(&parts, Wording::Component, None)
}

#[test]
fn messages_of_several_components() {
    let files = |r| [("q/1", "22e638d"), ("r/1", r)];
    let both = message(&files("33e638d"), 2);
    let (title, rest) = both.split_once('\n').unwrap();
    assert_eq!(
        rest,
        format!("\nq\n\ne: 22e638d -> {NEW}\n\nr\n\ne: 33e638d -> {NEW}\n"),
        "{title}"
    );
    let one = message(&files("7a734a7"), 2);
    let (title, rest) = one.split_once('\n').unwrap();
    assert_eq!(rest, format!("\nq\n\ne: 22e638d -> {NEW}\n"), "{title}");
}

#[test]
fn titles_name_few_versions() {
    let check = |olds: &[&str], expected: &str| {
        let names: Vec<_> = (0..olds.len()).map(|index| format!("q/{index}")).collect();
        let files: Vec<_> = names.iter().map(String::as_str).zip(olds.iter().copied()).collect();
        let message = message(&files, 1);
        assert_eq!(message.lines().next(), Some(expected));
    };
    check(&["1aaaaaa"], "q promotion 1aaaaaa to 7a734a7");
    check(&["1aaaaaa", "2aaaaaa", "3aaaaaa"], "q promotion 1aaaaaa, 2aaaaaa, 3aaaaaa to 7a734a7");
    check(&["1aaaaaa", "2aaaaaa", "3aaaaaa", "4aaaaaa"], "q promotion 4 versions to 7a734a7");
    let long = ["1", "2"].map(|digit| format!("{digit}aaaaaa-{}", "x".repeat(60)));
    check(&[&long[0], &long[1]], "q promotion 2 versions to 7a734a7");
}

fn named_branches(component: &str, all: &[&str], chosen: &[&str]) -> [String; 2] {
    let pins = "pins = [{ file = \"x\", key = \"y\" }]";
    let config = Config::parse(
        "x",
        &format!("[component.q]\nupstream = \"u\"\n[component.q.environment.e]\n{pins}\n"),
    );
    let mut template = config.unwrap().components.remove(0);
    let environment = template.environments.remove(0);
    let with_name = |name: &&str| Environment { name: (*name).to_owned(), ..environment.clone() };
    let environments = all.iter().map(with_name).collect();
    let component = Component { name: component.to_owned(), environments, ..template };
    let chosen = component.environments.iter().filter(|one| chosen.contains(&one.name.as_str()));
    branch_names(&[Scope { component: &component, environments: chosen.collect() }])
}

#[test]
fn names_of_branches() {
    let cases: [(&str, &[&str], [&str; 2]); 9] = [
        ("q", &["a", "b", "c"], ["promote/q", "promote/q+all"]),
        ("q", &["a"], ["promote/q/a", "promote/q+a"]),
        ("q", &["c", "a"], ["promote/q/a+c", "promote/q+a+c"]),
        ("../x", &["a", "b", "c"], ["promote/x-5c237dda", "promote/x-5c237dda+all"]),
        ("q", &["all"], ["promote/q/all-13254bc4", "promote/q+all-13254bc4"]),
        ("q", &["x/y"], ["promote/q/x-y-c2cc6993", "promote/q+x-y-c2cc6993"]),
        ("q", &["x.lock"], ["promote/q/x-lock-a44dbc24", "promote/q+x-lock-a44dbc24"]),
        ("q", &["-f"], ["promote/q/f-69cd8ffa", "promote/q+f-69cd8ffa"]),
        ("q", &["é~^:"], ["promote/q/4e4877c9", "promote/q+4e4877c9"]),
    ];
    for (component, chosen, expected) in cases {
        let all = ["a", "b", "c"];
        let all = if all.contains(&chosen[0]) { &all[..] } else { &[&["z"], chosen].concat() };
        assert_eq!(named_branches(component, all, chosen), expected, "{chosen:?}");
    }
}

#[test]
fn parts_of_names_of_branches() {
    for clean in ["a", "a.b_c-D9", "_", "lock", "a.lock.b"] {
        assert_eq!(segment(clean), clean);
    }
    let cases = [
        (".a", "a-54d42ab0"),
        ("-a", "a-64cd881b"),
        ("a.", "a-01248e26"),
        ("a-", "a-00248c93"),
        ("a..b", "a--b-91beab8e"),
        ("a.lock", "a-lock-57980fd1"),
        ("a/b", "a-b-3a8e75c1"),
        ("é", "1e9de8c1"),
        ("", "811c9dc5"),
    ];
    for (name, expected) in cases {
        assert_eq!(segment(name), expected, "{name}");
    }
    let many: Vec<_> = (0..26).map(|number| format!("e{number:02}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let kept = "e00+e01+e02+e03+e04+e05+e06+e07+e08+e09+e10+e11+e12+e13+e14+-cfc1e38b";
    let names = named_branches("q", &[&many[..], &["z"]].concat(), &many);
    assert_eq!(names, [format!("promote/q/{kept}"), format!("promote/q+{kept}")]);
}

#[test]
fn names_of_branches_of_several_components() {
    let two = "[component.b]\nupstream = \"u\"\n[component.b.environment.x]\npins = [{ file = \"x\", key = \"y\" }]\n\
               [component.b.environment.z]\npins = [{ file = \"z\", key = \"y\" }]\n\
               [component.a]\nupstream = \"v\"\n[component.a.environment.x]\npins = [{ file = \"x\", key = \"w\" }]\n";
    let config = Config::parse("promote.toml", two).unwrap();
    let all: Vec<Scope> = config.components.iter().map(Scope::all).collect();
    assert_eq!(branch_names(&all), ["promote/a+b", "promote/a+b+all"]);
    let mut part = all;
    part[0].environments.truncate(1);
    assert_eq!(branch_names(&part), ["promote/a+b@x", "promote/a+b@x+all"]);
    let cases = [
        ("promote/a", true),
        ("promote/a/x", true),
        ("promote/a+b", true),
        ("promote/ab", false),
        ("promote/a@x", false),
        ("promote/b", false),
        ("a", false),
    ];
    for (branch, expected) in cases {
        assert_eq!(is_of(&config.components[1], branch), expected, "{branch}");
    }
}

#[test]
fn a_branch_keeps_out_of_the_way() {
    let there = |names: &[&str]| {
        let id = CommitId::parse(NEW).unwrap();
        names.iter().map(|name| ((*name).to_owned(), id.clone())).collect::<BTreeMap<_, _>>()
    };
    let all = ["promote/q".to_owned(), "promote/q+all".to_owned()];
    let one = ["promote/q/a".to_owned(), "promote/q+a".to_owned()];
    let cases: [(&[&str], &str, &str); 6] = [
        (&[], "promote/q", "promote/q/a"),
        (&["promote/q"], "promote/q", "promote/q+a"),
        (&["promote/q/a"], "promote/q+all", "promote/q/a"),
        (&["promote/q+all", "promote/q/b"], "promote/q+all", "promote/q/a"),
        (&["promote/q", "promote/q+a"], "promote/q", "promote/q+a"),
        (&["promote/q-other", "promote/qx/a"], "promote/q", "promote/q/a"),
    ];
    for (names, expected_all, expected_one) in cases {
        let there = there(names);
        assert_eq!((choose(&all, &there), choose(&one, &there)), (expected_all, expected_one));
    }
}
