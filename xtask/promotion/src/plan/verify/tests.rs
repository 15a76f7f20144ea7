use super::*;
use crate::model::edit::Edit;
use crate::model::upstream::Upstream;
use crate::model::version::CommitId;
use crate::saas::app::{ListAction, ListChange, VersionList};

/// Judges the edit of `old` to `new` in `before` against what was planned.
fn check(path: &str, before: &str, edit: [&str; 2], planned: (ValuePath, &str)) -> String {
    let [old, new] = edit;
    let start = before.find(old).unwrap();
    let mut file = FilePlan::default();
    before.clone_into(&mut file.before);
    file.edits.insert(Edit { range: start..start + old.len(), text: new.to_owned() }).unwrap();
    file.expected.push((planned.0, planned.1.to_owned()));
    let problem = judge(&RepoPath::parse(path).unwrap(), &file).err();
    let text = problem.map(|problem| problem.file("f").to_string()).unwrap_or_default();
    text.replace("`f`: the edit does not pass the second parser: ", "")
}

/// What is wrong with an edit, or with the file before it.
#[test]
fn values() {
    let other = |place| format!("`f:{place}`: two YAML parsers find different values in this file");
    let unreadable =
        |place, reason| format!("`f:{place}`: a second YAML parser can't read this file: {reason}");
    let string = "what differs at [0, 0] does not read as a string";
    let twice = "a key stands twice in one mapping";
    let cases: [(&str, [&str; 2], &str); 17] = [
        ("a: old\nb: x", ["old", "new"], ""),
        ("a: x\nb: old", ["old", "new"], &other("2:4")),
        ("a: old # x", ["x", "y"], &other("1:10")),
        ("a: {old: 1}", ["old", "new"], &other("1:5")),
        ("a: old", ["old", "news"], "expected `new` at [0, 0] to differ, found `news` at [0, 0]"),
        ("a: old", ["old", "new\n---\n"], "1 documents became 2"),
        ("a: old", ["old", "123"], string),
        ("a: old", ["old", "[new]"], string),
        ("a: old", ["old", "new\nb: x"], "what differs at [0] does not read as a string"),
        ("a: !x old", ["!x", "!y"], string),
        ("a: [old]", ["old", "new, x"], &other("1:5")),
        ("a: old\nb: {c: x}", ["old\nb", "new\nd"], &other("1:4")),
        ("a: x\n1: old\n0x1: x", ["old", "new"], &unreadable("1:1", twice)),
        (
            "a: old\nb: [::x]",
            ["old", "new"],
            &unreadable("2:5", "did not find expected node content"),
        ),
        (
            "a: old\n...\nb: x",
            ["old", "new"],
            &unreadable("3:1", "did not find expected <document start>"),
        ),
        (
            "# x\u{2028}b: x\na: old",
            ["old", "new"],
            "`f:1:4`: U+2028 is a line break to one of two YAML parsers only",
        ),
        (
            "# \u{85}é: x\na: old",
            ["old", "new"],
            "`f:1:3`: U+0085 is a line break to one of two YAML parsers only",
        ),
    ];
    for (before, edit, expected) in cases {
        let a = (ValuePath::Yaml(vec![0, 0], String::new()), "new");
        assert_eq!(check("a.yaml", before, edit, a), expected, "{before:?} {edit:?}");
    }
}

/// A file of which each of the two reads something else before any edit.
#[test]
fn two_readers() {
    let other = |place| format!("`f:{place}`: two YAML parsers find different values in this file");
    let cases = [
        // An anchor of that name, or an empty key before the others.
        ("&b:\na: old", [0, 0], "2:4"),
        ("&b:\na:\nc: old", [0, 1], "3:4"),
        ("&b:\na: \"o\\x6cd\"\nc: old", [0, 1], "2:5"),
    ];
    for (before, path, place) in cases {
        let planned = (ValuePath::Yaml(path.to_vec(), String::new()), "new");
        assert_eq!(check("a.yaml", before, ["old", "new"], planned), other(place), "{before:?}");
    }
    // With something before what is edited, and with what reads as a collection.
    for (before, old, path, planned, place) in [
        ("&b:\na: \"q:o\\x6cd\"\nc: q:old", "old", [0, 1], "q:new", "2:5"),
        ("&b:\na: { }\nc: \"{\\x7d\"\nd: \"{}\"", "{}", [0, 2], "new", "3:5"),
    ] {
        let planned = (ValuePath::Yaml(path.to_vec(), String::new()), planned);
        assert_eq!(check("a.yaml", before, [old, "new"], planned), other(place), "{before:?}");
    }
}

/// One number or truth value is not another one.
#[test]
fn other_scalars() {
    let (large, less) = ("99999999999999999999", "99999999999999999998");
    let [least, lesser] = [large, less].map(|number| format!("-{number}"));
    let pairs = [
        ["1", "2"],
        ["-1", "-2"],
        ["1.5", "2.5"],
        ["true", "false"],
        [large, less],
        [&least, &lesser],
    ];
    for [old, new] in pairs {
        let a = (ValuePath::Yaml(vec![0, 0], String::new()), "new");
        let verdict = check("a.yaml", &format!("a: {old}"), [old, new], a);
        assert_eq!(verdict, "what differs at [0, 0] does not read as a string", "{old} {new}");
    }
}

/// The edit of an item, which is to be the only one that differs.
#[test]
fn lists() {
    let other = "expected `new` at [0, 0, 0] to differ, found `news` at [0, 0, 0]";
    let cases = [
        ("a: [old]", ["old", "new"], ""),
        ("a: !x [old]", ["old", "new"], ""),
        ("a: [old]", ["old", "news"], other),
        ("a: !x [old]", ["old", "news"], other),
        ("a: [old]", ["old", "new, x"], "what differs at [0, 0] does not read as a string"),
        (
            "a: [old, x]",
            ["old, x", "new"],
            "`f:1:5`: two YAML parsers find different values in this file",
        ),
    ];
    for (before, edit, expected) in cases {
        let a = (ValuePath::Yaml(vec![0, 0, 0], String::new()), "new");
        assert_eq!(check("a.yaml", before, edit, a), expected, "{before:?} {edit:?}");
    }
}

/// What one of two parsers can't read by itself is replaced before both texts are compared.
#[test]
fn stand_ins() {
    let cases = [
        "a: old\nb: *x\n*x : {<<: *x}",
        "a: old\nb: &b [*b, {c: *b}]",
        "a: old\n\t\nb: x",
        "a: old\n \t# x\n\t# y\r\n\t\r\nb: x",
        "a: old\nb:\n  -\tx",
        "a:\told\t# x",
        "a: old\nb: \"\tx\ty\"\nc: |\n  x\ty\n\t\nd: x",
        "a: old\n# \u{2028}#\nb: \"\u{85}\"",
        "a: old\n? [x, {y: z}]\n: x",
    ];
    for before in cases {
        let a = (ValuePath::Yaml(vec![0, 0], String::new()), "new");
        assert_eq!(check("a.yaml", before, ["old", "new"], a), "", "{before:?}");
    }
}

#[test]
fn json() {
    let check = |path: &str, before: &str, old: &str| {
        check(path, before, [old, "new"], (ValuePath::Yaml(vec![0, 0], String::new()), "new"))
    };
    let reason = "can't be read as JSON: expected ident at line 1 column 8";
    assert_eq!(check("a.json", "{\"a\": 1234567}", "1234567"), reason);
    // By its name alone it is none, nor by its content.
    assert_eq!(check("a.json", "{a: old}", "old"), "");
    assert_eq!(check("a.yaml", "{\"a\": 1234567}", "1234567"), "");
}

#[test]
fn variables() {
    let wrong = "more than the value of line 1 differs";
    let none = "line 1 is no assignment";
    let blind = "`f:1`: a second reader of variables finds no `A=` that it could edit here";
    let cases = [
        ("A=old", ["old", "new"], ""),
        ("\u{feff}export A='old' # x\nB=old", ["old", "new"], ""),
        ("A=old; export A\nB=\"\n\"", ["old", "new"], ""),
        ("export \\\nB=z\nA=old", ["z", "y"], blind),
        (
            "A=x\nB=old",
            ["old", "new"],
            "expected `A=new` on line 1 to differ, found `B=new` on line 2",
        ),
        ("A=old", ["old", "new\n"], "1 words became 2"),
        ("A=old", ["old", "\"new"], "no `\"` at its end"),
        ("A=old", ["A", "B"], wrong),
        ("B=x A=old", ["old", "new"], blind),
        ("B=x; A=old", ["old", "new"], blind),
        ("echo A=old", ["old", "new"], blind),
        ("A=old # x", ["x", "y"], none),
        ("A='old'x", ["old", "new"], blind),
        ("A=old#x", ["old", "new"], blind),
        ("A=$(old)", ["old", "new"], blind),
        ("# old", ["old", "new"], blind),
        ("B=\"\nA=old\n#\"", ["old", "new"], blind),
        ("B='\"\nA=old\n'", ["old", "new"], blind),
        ("B=`\nA=old\n`", ["old", "new"], blind),
        ("B=(\nA=old # )\n)", ["old", "new"], blind),
        ("B=$(\n(x)\nA=old\n)", ["old", "new"], blind),
        ("B=${x:-}\"\nA=old\"", ["old", "new"], blind),
        ("B=\"${x:-\"}\"\nA=old}\"", ["old", "new"], blind),
        ("B=$((1<<2))\"\nA=old\"", ["old", "new"], blind),
        ("cat <<E\nA=old\nE", ["old", "new"], blind),
        ("cat <<-'E F' <<G\nA=x\n\tE F\nA=old\nG", ["old", "new"], blind),
        ("cat <<<E\nA=old\n", ["old", "new"], blind),
    ];
    for (before, edit, expected) in cases {
        let a = (ValuePath::Variable(1, "A".to_owned()), "new");
        assert_eq!(check(".env", before, edit, a), expected, "{before:?} {edit:?}");
    }
    for (name, expected) in [("A_1", ""), ("A-1", &*blind.replace("A=", "A-1="))] {
        let planned = (ValuePath::Variable(1, name.to_owned()), "new");
        assert_eq!(check(".env", &format!("{name}=old"), ["old", "new"], planned), expected);
    }
}

/// The only change is the commit in the list of that component.
#[test]
fn version_lists() {
    let commit = "6ba2ceb4a1c53e6f7d8091a2b3c4d5e6f7a8b9c0";
    let change = |action| ListChange {
        app: RepoPath::parse("app.yml").unwrap(),
        upstream: Upstream::new("https://example.com/a"),
        list: VersionList::Blocked,
        action,
        commit: CommitId::parse(commit).unwrap(),
    };
    let file = |list: &str| {
        format!(
            "codeComponents:\n- url: https://example.com/b\n- url: https://example.com/a\n{list}"
        )
    };
    let (key, x) = ("  blockedVersions:\n", "  - x\n");
    let (ours, theirs) = (format!("  - {commit}\n"), format!("  - {}\n", commit.to_uppercase()));
    let more = "more than `blockedVersions` of `https://example.com/a` differs";
    let (add, remove) = (ListAction::Add, ListAction::Remove);
    let cases = [
        (add, [key, x].concat(), [key, x, &ours].concat(), ""),
        (add, String::new(), [key, &ours].concat(), ""),
        (add, "  blockedVersions:\n".to_owned(), [key, &ours].concat(), ""),
        (add, [key, x].concat(), [key, &ours].concat(), more),
        (add, [key, x].concat(), [key, x].concat(), more),
        (add, [key, x].concat(), [key, x, &ours, "  name: y\n"].concat(), more),
        (remove, [key, x, &theirs].concat(), [key, x].concat(), ""),
        (remove, [key, &ours].concat(), String::new(), ""),
        (remove, [key, &ours].concat(), "  blockedVersions: []\n".to_owned(), ""),
        (remove, [key, x, &ours].concat(), String::new(), more),
        (remove, [key, x, &ours].concat(), [key, &ours].concat(), more),
    ];
    for (action, before, after, expected) in cases {
        let verdict = list::judge(&file(&before), &file(&after), &[change(action)]);
        assert_eq!(verdict.err().unwrap_or_default(), expected, "{action:?} {before} {after}");
    }
    let none = "codeComponents:\n- url: https://example.com/b\n";
    assert_eq!(list::judge(none, none, &[change(add)]).unwrap_err(), "has no such component");
}
