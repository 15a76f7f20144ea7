use super::*;
use crate::model::edit::Edit;

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
}
