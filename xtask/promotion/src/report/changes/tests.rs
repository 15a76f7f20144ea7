use super::*;
use crate::config::Config;
use crate::model::commit::Author;
use crate::report::tests::marked;

const NOW: i64 = 1_000_000;

fn config() -> Config {
    let text = "[component.a]\nupstream = \"https://github.com/x/a\"\n\
                [component.'b\u{202e}']\nupstream = \"https://x/b\"\n";
    Config::parse("promote.toml", text).unwrap()
}

fn people() -> People {
    let file = "org_username: bli\ngithub_username: boli\n";
    People::new([file], Some("me@example.com"))
}

fn id(digit: char) -> CommitId {
    CommitId::parse(&digit.to_string().repeat(40)).unwrap()
}

/// A commit by the person with this name.
fn commit(digit: char, name: &str) -> Commit {
    Commit {
        id: id(digit),
        subject: format!("subject\u{7} {digit}"),
        author: Author { name: name.to_owned(), email: format!("{name}@example.com") },
        time: NOW - 7_200,
        is_merge: false,
        touches_template: false,
    }
}

fn merge(digit: char) -> Commit {
    Commit { is_merge: true, ..commit(digit, "Ann") }
}

fn span(environments: &[&str], queued: Vec<Commit>, taken_back: Vec<Commit>) -> Span {
    Span {
        old: "22e638d7b4c1a0935f6e8d2c7b1a4938e5d6f0c2".to_owned(),
        start: Start::Commit(id('9')),
        environments: environments.iter().map(|name| (*name).to_owned()).collect(),
        queued,
        taken_back,
        direction: Direction::Forward,
    }
}

/// What is told of the changes of both components, of so many commits and people.
#[track_caller]
fn check(spans: [Vec<Span>; 2], most: usize, expected: &[&str]) {
    let (config, people) = (config(), people());
    let changes = spans.map(Changes);
    let queue = |(component, changes)| {
        let most = Most { commits: most, people: most, all: "--all" };
        Queue { component, changes, people: &people, now: NOW, most }
    };
    let queues: Vec<_> = config.components.iter().zip(&changes).map(queue).collect();
    let texts = queues.iter().map(|queue| queue.commits_of(true)).chain([tell_line(&queues)]);
    let texts: Vec<_> = texts.map(|text| marked(&text)).collect();
    assert_eq!(texts, expected);
}

#[test]
fn queued_commits() {
    let all = || {
        let template = Commit { touches_template: true, ..commit('2', "bli") };
        vec![commit('1', "Ann"), template, merge('3'), commit('4', "Ann"), commit('5', "x[bot]")]
    };
    let link = |digit: char| {
        let page = format!("https://github.com/x/a/commit/{}", id(digit));
        super::super::link(id(digit).tag(7), Some(&page))
    };
    let line = |digit: char| format!("    {} subject\\u{{7}} {digit} ", link(digit));
    let ago = "dim{2 h ago}\n";
    let list = format!(
        "  Ann\n{}{ago}{}{ago}  bli (@bli)\n{}[template] {ago}  x[bot]\n{}{ago}",
        line('1'),
        line('4'),
        line('2'),
        line('5'),
    );
    let head = "bold{a}\nbold{e, f\\u{a}} from 22e638d: 4 commits\n";
    let tell = "bold{tell} Ann, @bli\n";
    check(
        [vec![span(&["e", "f\n"], all(), vec![])], vec![]],
        4,
        &[&format!("{head}{list}"), "", tell],
    );
    let first = format!("  Ann\n{}{ago}  … 3 more: --all\n", line('1'));
    check(
        [vec![span(&["e", "f\n"], all(), vec![])], vec![]],
        1,
        &[&format!("{head}{first}"), "", "bold{tell} Ann, +1 more\n"],
    );
    // What the longest span has is listed once.
    let spans = vec![
        span(&["e", "f\n"], all(), vec![]),
        span(&[], all().split_off(2), vec![]),
        span(&["g"], vec![], vec![]),
        span(&["h"], vec![merge('3')], vec![]),
        span(&["i"], vec![commit('5', "x[bot]"), commit('6', "x[bot]")], vec![]),
    ];
    let more = format!(
        "from 22e638d: 2 of these\nbold{{g}} from 22e638d: no commits\n\
         bold{{h}} from 22e638d: nothing but merges\nbold{{i}} from 22e638d: 2 commits\n  \
         x[bot]\n{}{ago}{}{ago}",
        line('5'),
        line('6')
    );
    check([spans, vec![]], 4, &[&format!("{head}{list}{more}"), "", tell]);
}

#[test]
fn commits_that_are_taken_back() {
    let back = || vec![commit('1', "Zoe")];
    let line = "    1111111 subject\\u{7} 1 dim{2 h ago}\n";
    let two = "bold{e} from 22e638d: 1 commit\n  you\n    \
               2222222 subject\\u{7} 2 dim{2 h ago}\n";
    let moving = |start| Span { start, ..span(&["e"], vec![], vec![]) };
    let spans = vec![
        span(&[], vec![], back()),
        span(&["e"], vec![commit('2', "me")], back()),
        span(&["m"], vec![], vec![merge('3')]),
        moving(Start::Moving),
        moving(Start::Unknown),
        moving(Start::Ambiguous(vec![])),
    ];
    let expected = format!(
        "bold{{b\\u{{202e}}}}\nfrom 22e638d: 1 commit taken back\n  Zoe\n{line}{two}\
         bold{{e}} from 22e638d: 1 commit taken back\n  Zoe\n{line}\
         bold{{m}} from 22e638d: nothing but merges\n{}",
        "bold{e} from 22e638d: nobody can tell what changes\n".repeat(3)
    );
    let tell = "bold{tell} Ann, Zoe\n";
    let first = vec![span(&[], vec![commit('7', "Ann"), commit('8', "Zoe")], vec![])];
    let link = |digit: char| {
        let page = format!("https://github.com/x/a/commit/{}", id(digit));
        super::super::link(id(digit).tag(7), Some(&page))
    };
    let of_a = format!(
        "bold{{a}}\nfrom 22e638d: 2 commits\n  Ann\n    {} subject\\u{{7}} 7 dim{{2 h ago}}\n  \
         Zoe\n    {} subject\\u{{7}} 8 dim{{2 h ago}}\n",
        link('7'),
        link('8')
    );
    check([first, spans], 4, &[&of_a, &expected, tell]);
}

#[test]
fn one_component_alone() {
    let (config, people) = (config(), people());
    let changes = Changes(vec![span(&["e"], vec![commit('1', "Ann")], vec![])]);
    let most = Most::few("-a");
    let component = &config.components[1];
    let queue = Queue { component, changes: &changes, people: &people, now: NOW, most };
    let commits =
        "bold{e} from 22e638d: 1 commit\n  Ann\n    1111111 subject\\u{7} 1 dim{2 h ago}\n";
    assert_eq!(marked(&queue.commits_of(false)), commits);
    assert_eq!(marked(&queue.text()), format!("{commits}bold{{tell}} Ann\n"));
    assert_eq!(queue.tell(), ["Ann"]);
    assert_eq!((most.commits, most.people, most.all), (20, 5, "-a"));
    assert_eq!(tell_line(&[]), "");
}

#[test]
fn documents() {
    let (config, people) = (config(), people());
    let directions =
        [Direction::Forward, Direction::Behind, Direction::Diverged, Direction::Unknown];
    let spans = directions.map(|direction| Span { direction, ..span(&["e"], vec![], vec![]) });
    let mut changes = Changes(spans.into());
    let template = Commit { touches_template: true, ..commit('2', "bli") };
    changes.0[0].queued = vec![template, merge('3'), commit('4', "x[bot]")];
    changes.0[2].taken_back = vec![commit('5', "me")];
    let most = Most::few("--all");
    let component = &config.components[0];
    let queue = Queue { component, changes: &changes, people: &people, now: NOW, most };
    let one = |digit: char, name: &str, who: &str, user: Option<&str>| {
        json!({
            "commit": id(digit).as_str(),
            "subject": format!("subject\u{7} {digit}"),
            "author": name,
            "email": format!("{name}@example.com"),
            "time": NOW - 7_200,
            "who": who,
            "user": user,
        })
    };
    let document = |direction: &str, queued: Vec<Value>, taken_back: Vec<Value>| {
        json!({
            "from": "22e638d7b4c1a0935f6e8d2c7b1a4938e5d6f0c2",
            "environments": ["e"],
            "direction": direction,
            "queued": queued,
            "taken_back": taken_back,
        })
    };
    let mut template = one('2', "bli", "other", Some("bli"));
    template["template"] = json!(true);
    let expected = json!([
        document("forward", vec![template, one('4', "x[bot]", "bot", None)], vec![]),
        document("behind", vec![], vec![]),
        document("diverged", vec![], vec![one('5', "me", "you", None)]),
        document("unknown", vec![], vec![]),
    ]);
    assert_eq!(queue.documents(), expected);
}

#[test]
fn code_blocks() {
    let check = |text: &str, fence: &str| {
        let expected = format!("{fence}\n{text}{}\n{fence}\n", id('1'));
        assert_eq!(markdown(&format!("{BOLD}{text}{BOLD:#}"), &id('1')), expected);
    };
    check("a\n", "```");
    check("a ``b``\n", "```");
    check("a ```b``` `\n", "````");
    check("````\n", "`````");
}

#[test]
fn names_of_people() {
    let other = |user: Option<&str>| Who::Other("A @b".to_owned(), user.map(str::to_owned));
    let cases = [
        (other(None), "A @b", "A b"),
        (other(Some("ab")), "A @b (@ab)", "@ab"),
        (Who::Bot("@x\u{7}".to_owned()), "@x\u{7}", "x\\u{7}"),
        (Who::You, "you", "you"),
    ];
    for (who, expected, expected_pasted) in cases {
        assert_eq!((name(&who).as_str(), pasted(&who).as_str()), (expected, expected_pasted));
    }
}

#[test]
fn ages() {
    let cases = [
        (-1, "in the future"),
        (0, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (7_200, "2 h ago"),
        (6 * 86_400, "6 d ago"),
        (980 * 86_400, "2 y 8 mo ago"),
    ];
    for (seconds, expected) in cases {
        assert_eq!(ago(seconds), expected, "{seconds}");
    }
}
