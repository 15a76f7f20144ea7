use super::*;
use crate::history::changes::{Changes, Start};
use crate::merge_request::tests::{NEW, changes, commit, told};

const OLD: &str = "22e638d7b4c1a0935f6e8d2c7b1a4938e5d6f0c2";

#[test]
fn whole_messages() {
    let merge = Commit { is_merge: true, ..commit(9, "Merge", "Ann", "ann@example.com") };
    let queued = vec![merge, commit(8, "Closes #3", "@Ann", ""), commit(7, "b", "Bo", "")];
    let changes = changes(queued, vec![commit(6, "c", "Cy", "")]);
    let values = ["22e638d", OLD, "33e638d-rc", "7a734a7", "latest", "22e638d"];
    let found = told(&[("q", "github.com", &values)], &changes, |parts| {
        commit_message(parts, Wording::Component, Some("it broke\n!12"))
    });
    let expected = format!(
        "q promotion 22e638d, 33e638d-rc to 7a734a7\n\n\
         e: 22e638d -> {NEW}\ne: {OLD} -> {NEW}\ne: 33e638d-rc -> {NEW}\n\n\
         https://github.com/x/q/compare/{OLD}...{NEW}\n\
         https://github.com/x/q/compare/33e638d...{NEW}\n\n\
         Goes along:\n* 0000000 Closes # 3 (@ Ann)\n* 0000000 b (Bo)\n\n\
         Taken back:\n* 0000000 c (Cy)\n\nReason: it broke\\u{{a}}!12\n"
    );
    assert_eq!(found, expected);
    let digest = format!("sha256:{}", "0".repeat(64));
    let found = told(&[("q", "x", &[&digest])], &Changes::default(), |parts| {
        commit_message(parts, Wording::Component, None)
    });
    let expected =
        "q promotion sha256:0000000… to 7a734a7\n\ne: sha256:0000000… -> sha256:fffffff…\n";
    assert_eq!(found, expected);
}

#[test]
fn titles_of_every_wording() {
    let check = |components: &[(&str, &str, &[&str])], expected: [&str; 3]| {
        let titles = told(components, &Changes::default(), |parts| {
            [Wording::Production, Wording::Component, Wording::Rollback]
                .map(|wording| title(parts, wording))
        });
        assert_eq!(titles, expected);
    };
    let q: (_, _, &[&str]) = ("q", "x", &["22e638d"]);
    let r: (_, _, &[&str]) = ("r", "x", &["33e638d"]);
    let still: (_, _, &[&str]) = ("s", "x", &["7a734a7"]);
    check(
        &[q, still],
        [
            "qontract production promotion 22e638d to 7a734a7",
            "q promotion 22e638d to 7a734a7",
            "q rollback 22e638d to 7a734a7",
        ],
    );
    check(
        &[q, still, r],
        [
            "qontract production promotion of q 22e638d to 7a734a7, r 33e638d to 7a734a7",
            "promotion of q 22e638d to 7a734a7, r 33e638d to 7a734a7",
            "rollback of q 22e638d to 7a734a7, r 33e638d to 7a734a7",
        ],
    );
    // 200 characters in all are named, 201 are not.
    for (length, is_named) in [(159, true), (160, false)] {
        let long = "l".repeat(length);
        let listed = format!("q 22e638d to 7a734a7, {long} 33e638d to 7a734a7");
        let shown = if is_named { listed.as_str() } else { "2 components" };
        let [one, two, three] = ["qontract production promotion", "promotion", "rollback"]
            .map(|what| format!("{what} of {shown}"));
        check(&[q, (&long, "x", &["33e638d"])], [&one, &two, &three]);
    }
}

#[test]
fn old_versions_in_a_title() {
    let check = |values: &[&str], expected: &str| {
        let found =
            told(&[("q", "x", values)], &Changes::default(), |parts| old_versions(&parts[0]));
        assert_eq!(found, expected);
    };
    for (length, is_named) in [(103, true), (104, false)] {
        let long = format!("22e638d-{}", "x".repeat(length));
        let listed = format!("{long}, 33e638d");
        check(&[&long, "33e638d"], if is_named { &listed } else { "2 versions" });
    }
    let digests = ["1", "2", "3", "4"].map(|digit| format!("sha256:{}", digit.repeat(64)));
    let digests = digests.each_ref().map(String::as_str);
    check(&digests[..2], "sha256:1111111…, sha256:2222222…");
    check(&digests, "4 versions");
}

#[test]
fn pages_that_compare() {
    let check = |host: &str, old: &str, direction, expected: &[&str]| {
        let mut changes = changes(Vec::new(), Vec::new());
        let span = Span { old: "1aaaaaa".to_owned(), ..changes.0[0].clone() };
        changes.0[0] = Span { old: old.to_owned(), start: Start::Unknown, direction, ..span };
        changes.0.insert(0, span_of("1aaaaaa"));
        let found =
            told(&[("q", host, &["22e638d"])], &changes, |parts| compare_addresses(&parts[0]));
        assert_eq!(found, expected);
    };
    fn span_of(old: &str) -> Span {
        Span { old: old.to_owned(), ..changes(Vec::new(), Vec::new()).0.remove(0) }
    }
    let github = "https://github.com/x/q/compare";
    let forward = format!("{github}/22e638d...{NEW}");
    check("github.com", OLD, Direction::Forward, &[&forward]);
    check("github.com", OLD, Direction::Behind, &[&format!("{github}/{NEW}...22e638d")]);
    check("github.com", "33e638d", Direction::Behind, &[&forward]);
    let gitlab = format!("https://gitlab.x/x/q/-/compare/22e638d...{NEW}");
    check("gitlab.x", OLD, Direction::Diverged, &[&gitlab]);
    check("x", OLD, Direction::Forward, &[]);
    // Of two commits with one tag the first is linked.
    let twin = format!("22e638d{}", "0".repeat(33));
    let twins = [("q", "github.com", &[OLD, &twin][..])];
    let found = told(&twins, &Changes::default(), |parts| compare_addresses(&parts[0]));
    assert_eq!(found, [format!("{github}/{OLD}...{NEW}")]);
}

#[test]
fn pages_of_commits() {
    let id = CommitId::parse(NEW).unwrap();
    let cases = [
        ("https://github.com/x/q", Some("https://github.com/x/q/commit/")),
        ("https://github.com/x/q.git/", Some("https://github.com/x/q/commit/")),
        ("https://gitlab.x.org/q", Some("https://gitlab.x.org/q/-/commit/")),
        ("https://github.com.x.org/q", None),
        ("https://x.gitlab.org/q", None),
        ("http://github.com/x/q", None),
        ("git@github.com:x/q", None),
    ];
    for (upstream, expected) in cases {
        let expected = expected.map(|page| format!("{page}{NEW}"));
        assert_eq!(commit_page(upstream, &id), expected, "{upstream}");
    }
}
