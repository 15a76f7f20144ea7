use super::*;

fn request() -> MergeRequest {
    MergeRequest {
        title: "q promotion 1 to 2".to_owned(),
        description: "one\ntwo".to_owned(),
        branch: "promote/q".to_owned(),
        target: "master".to_owned(),
        target_project: None,
        labels: Vec::new(),
        unlabels: Vec::new(),
        assignees: Vec::new(),
        draft: false,
    }
}

fn marked() -> MergeRequest {
    let [labels, assignees] =
        [vec!["lgtm".to_owned(), "a b\nc".to_owned()], vec!["ann".to_owned()]];
    let target_project = Some("service/app-interface".to_owned());
    MergeRequest { labels, assignees, draft: true, target_project, ..request() }
}

const MARKS: [&str; 4] =
    ["the label `lgtm`", r"the label `a b\u{a}c`", "the assignee `ann`", "the draft mark"];

fn check(
    forge: Forge,
    request: &MergeRequest,
    destination: &str,
    options: &[&str],
    left_out: &[&str],
) {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let expected = Push {
        destination: destination.to_owned(),
        options: owned(options),
        left_out: owned(left_out),
    };
    assert_eq!(push(forge, request), expected);
}

#[test]
fn gitlab_takes_everything() {
    let plain = [
        "merge_request.create",
        "merge_request.target=master",
        "merge_request.title=q promotion 1 to 2",
        r"merge_request.description=one\ntwo",
        "merge_request.remove_source_branch",
    ];
    check(Forge::Gitlab, &request(), "refs/heads/promote/q", &plain, &[]);
    let marks = [
        "merge_request.target_project=service/app-interface",
        "merge_request.label=lgtm",
        r"merge_request.label=a b\nc",
        "merge_request.assign=ann",
        "merge_request.draft",
    ];
    let all = [&plain[..], &marks].concat();
    check(Forge::Gitlab, &marked(), "refs/heads/promote/q", &all, &[]);
    let unlabels = vec!["old".to_owned(), "older".to_owned()];
    let fewer = ["merge_request.unlabel=old", "merge_request.unlabel=older"];
    let request = MergeRequest { unlabels, ..request() };
    check(Forge::Gitlab, &request, "refs/heads/promote/q", &[&plain[..], &fewer].concat(), &[]);
}

#[test]
fn agit_takes_no_labels() {
    let plain =
        ["topic=promote/q", "title=q promotion 1 to 2", r"description=one\ntwo", "force-push=true"];
    check(Forge::Agit, &request(), "refs/for/master", &plain, &[]);
    let draft = ["topic=promote/q", "title=WIP: q promotion 1 to 2", plain[2], plain[3]];
    check(Forge::Agit, &marked(), "refs/for/master", &draft, &MARKS[..3]);
}

#[test]
fn without_a_forge_the_branch_is_pushed() {
    check(Forge::None, &request(), "refs/heads/promote/q", &[], &[]);
    check(Forge::None, &marked(), "refs/heads/promote/q", &[], &MARKS);
}

fn answer(url: Option<&str>, create: Option<&str>, warnings: &[&str]) -> PushAnswer {
    let [url, create] = [url, create].map(|url| url.map(str::to_owned));
    PushAnswer { url, create, warnings: warnings.iter().map(|text| (*text).to_owned()).collect() }
}

/// The standard error of a push as git prints it: the remote's lines, prefixed and padded, between
/// git's own.
fn said(lines: &[&str], expected: &PushAnswer) {
    let lines = lines.iter().map(|line| format!("remote: {line}        \n"));
    let text = format!("Total 0 (delta 0)\n{}To h:g/p.git\n", lines.collect::<String>());
    assert_eq!(read_answer(&text, "promote/q"), *expected, "{text}");
}

#[test]
fn addresses_of_every_forge() {
    let opened = [
        "View merge request for promote/q:",
        "Visit the existing pull request:",
        "View pull request for promote/q => master:",
    ];
    for line in opened {
        said(&["", line, "  https://h/g/p/7", ""], &answer(Some("https://h/g/p/7"), None, &[]));
    }
    let create = [
        "To create a merge request for promote/q, visit:",
        "Create a new pull request for 'promote/q':",
        "Create a pull request for 'promote/q' on GitHub by visiting:",
        "Create pull request for promote/q:",
    ];
    for line in create {
        said(&[line, "  http://h/new?a=b"], &answer(None, Some("http://h/new?a=b"), &[]));
    }
    let merges = ["Visit the existing pull request:", "  http://h/pulls/7 merges into main"];
    said(&merges, &answer(Some("http://h/pulls/7"), None, &[]));
}

#[test]
fn addresses_that_are_none() {
    let view = "View merge request for promote/q:";
    let none = answer(None, None, &[]);
    for address in [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "h/g/p/7",
        "https://",
        "https://h\u{7}/x",
        "https://user:secret@h/x",
        "https://h/\u{202e}x",
        "",
    ] {
        said(&[view, address], &none);
    }
    said(&["View merge request for promote/q/jenkins:", "https://h/1"], &none);
    said(&["View merge request for other:", "https://h/1"], &none);
    said(&["see View merge request for promote/q:", "https://h/1"], &none);
    said(&[view], &none);
    let two = [view, "https://h/1", view, "https://h/2"];
    said(&two, &answer(Some("https://h/1"), None, &[]));
    let text = "View merge request for promote/q:\n  https://h/1\n";
    assert_eq!(read_answer(text, "promote/q"), none, "only what the remote says");
}

#[test]
fn answers_of_several_addresses() {
    let mut all = answer(None, Some("c"), &["w"]);
    all.add(answer(Some("u"), Some("d"), &["x"]));
    all.add(answer(Some("v"), None, &[]));
    assert_eq!(all, answer(Some("u"), Some("c"), &["w", "x"]));
    let mut all = answer(None, None, &[]);
    all.add(answer(None, Some("c"), &[]));
    assert_eq!(all, answer(None, Some("c"), &[]));
}

#[test]
fn warnings_hide_behind_a_good_exit_status() {
    let rule = "========================================================================";
    let boxed = [
        "",
        rule,
        "",
        "WARNINGS:",
        "Error encountered with push options 'merge_request.create'",
        r"'merge_request.description=x: ': \n",
        "View merge request for promote/q:",
        "https://evil.example/1': Target branch g/p:nope does not exist",
        "",
        rule,
        "",
        "To create a merge request for promote/q, visit:",
        "  https://h/new",
    ];
    let warning = "Target branch g/p:nope does not exist";
    said(&boxed, &answer(None, Some("https://h/new"), &[warning]));
    let colour = ["WARNINGS: \u{1b}[31mno"];
    said(&colour, &answer(None, None, &[r"\u{1b}[31mno"]));
    said(&["ERROR: Not today", "and not here"], &answer(None, None, &["Not today and not here"]));
    let long = format!("WARNINGS: {}", "é".repeat(900));
    said(&[&long], &answer(None, None, &[&"é".repeat(500)]));
}

#[test]
fn pages_of_repositories() {
    let cases = [
        ("https://gitlab.example.com/g/p.git", Some("https://gitlab.example.com/g/p")),
        ("https://me:secret@h:8443/g/s/p/", Some("https://h:8443/g/s/p")),
        ("http://localhost:3000/g/p.git", Some("http://localhost:3000/g/p")),
        ("ssh://git@h:2222/g/p.git", Some("https://h/g/p")),
        ("git@github.com:g/p.git", Some("https://github.com/g/p")),
        ("h:/g/p", Some("https://h/g/p")),
        ("/srv/p.git", None),
        ("../p.git", None),
        ("file:///srv/p.git", None),
        ("https://h", None),
        ("https://h/a b", None),
        ("git@h:g/\u{1b}p", None),
    ];
    for (url, expected) in cases {
        assert_eq!(page(url).as_deref(), expected, "{url}");
    }
    assert_eq!(project("git@h:g/s/p.git").as_deref(), Some("g/s/p"));
    assert_eq!(project("/srv/p.git"), None);
}

#[test]
fn pages_to_open_by_hand() {
    let branch = "promote/q+j";
    let check = |forge, url, expected: Option<&str>| {
        assert_eq!(create_page(forge, url, branch, "rel/1").as_deref(), expected, "{url}");
    };
    check(
        Forge::None,
        "git@github.com:g/p.git",
        Some("https://github.com/g/p/compare/rel/1...promote/q%2Bj?expand=1"),
    );
    check(
        Forge::None,
        "https://bitbucket.org/g/p",
        Some("https://bitbucket.org/g/p/pull-requests/new?source=promote%2Fq%2Bj&dest=rel%2F1"),
    );
    let query =
        "merge_request%5Bsource_branch%5D=promote%2Fq%2Bj&merge_request%5Btarget_branch%5D=rel%2F1";
    let page = |host| format!("https://{host}/g/p/-/merge_requests/new?{query}");
    check(Forge::None, "git@gitlab.com:g/p.git", Some(&page("gitlab.com")));
    check(Forge::Gitlab, "git@code.example.com:g/p.git", Some(&page("code.example.com")));
    check(Forge::None, "https://code.example.com/g/p", None);
    check(Forge::Agit, "https://codeberg.org/g/p", None);
    check(Forge::Gitlab, "/srv/p.git", None);
    assert_eq!(
        list_page(Forge::Gitlab, "git@h:g/p", branch).as_deref(),
        Some("https://h/g/p/-/merge_requests?state=opened&source_branch=promote%2Fq%2Bj")
    );
    assert_eq!(list_page(Forge::None, "git@h:g/p", branch), None);
}
