use super::*;

/// The lines and values of `TAG` in a text; a value that can't be edited has its reason behind it.
fn check(text: &str, expected: &[(usize, &str)]) {
    let found = assignments(text).map_err(|problem| problem.file("f").to_string()).unwrap();
    let shown = |one: Assignment| {
        assert_eq!(one.value, &text[one.range]);
        let unfit = one.unfit.map(|reason| format!(" {reason}")).unwrap_or_default();
        (one.line, format!("{}{unfit}", one.value))
    };
    let found: Vec<_> = found.into_iter().filter(|one| one.name == "TAG").map(shown).collect();
    let found: Vec<_> = found.iter().map(|(line, text)| (*line, text.as_str())).collect();
    assert_eq!(found, expected, "{text:?}");
}

#[test]
fn finds_exactly_that_name() {
    check("TAG=22e638d\n", &[(1, "22e638d")]);
    check("export TAG=22e638d", &[(1, "22e638d")]);
    check("\u{feff}export\t TAG=22e638d\r\n", &[(1, "22e638d")]);
    check("VAULT_TAG=a\nTAG_=b\n TAG=c\nexportTAG=d\n1TAG=e\n", &[(3, "c")]);
    check("# TAG=a\n#export TAG=b\necho TAG=c\ndocker run -e TAG=d\n", &[]);
    check("TAG=a # old: TAG=b\nTAG=\n", &[(1, "a"), (2, "")]);
    check("export \\\n  TAG=a\nX=1 \\\n# TAG=b\n", &[(2, "a")]);
}

#[test]
fn knows_where_a_value_ends() {
    check("TAG='22e638d' # x\n", &[(1, "22e638d")]);
    check("TAG=\"é x\"\n", &[(1, "é x")]);
    check("TAG=a; export TAG\n", &[(1, "a")]);
    check("TAG=a && true\nTAG=b >c\n", &[(1, "a"), (2, "b")]);
    check("TAG=$(git rev-parse HEAD)\n", &[(1, "$(git rev-parse HEAD)")]);
    check("TAG=`git rev-parse HEAD`\n", &[(1, "`git rev-parse HEAD`")]);
    check("TAG=${A:-\"}\"}\nTAG=$((1 << 2))\n", &[(1, "${A:-\"}\"}"), (2, "$((1 << 2))")]);
    check("TAG=${A:-'}'}\n", &[(1, "${A:-'}'}")]);
    check("TAG=(a b) # c\n", &[(1, "(a b)")]);
    check("TAG='a'b\n", &[(1, "'a'b is put together of several parts")]);
    check("TAG=a\\\nb\n", &[(1, "a\\\nb is put together of several parts")]);
}

#[test]
fn what_stands_inside_is_text() {
    check("N=\"how to:\nexport TAG={x}\n\"\nTAG=a\n", &[(4, "a")]);
    check("N='\nTAG=x\n'\nTAG=a\n", &[(4, "a")]);
    check("N=\"\\\"\nTAG=x\n\"\nTAG=a\n", &[(4, "a")]);
    check("N=$'its\nTAG=x\n'\nTAG=a\n", &[(4, "a")]);
    check("N=\"`echo \\\"\nTAG=x`\n$(echo \"\nTAG=x\")\"\nTAG=a\n", &[(5, "a")]);
    check("N=\"$'\"\nTAG=a\n", &[(2, "a")]);
    check("N=(\nTAG=x # )\n)\nTAG=a\n", &[(4, "a")]);
    check("N=$(\n(\nTAG=x\n)\ncat <<E\n'\nE\n)\nTAG=a\n", &[(9, "a")]);
    check("N=$(f() (x)\n(x)\nTAG=x\n)\nTAG=a\n", &[(5, "a")]);
    check("cat <<EOF\nTAG=x's\nEOF\nTAG=a\n", &[(4, "a")]);
    check("cat <<-'E F' >x <<\"G\"\nTAG=x\n\tE F\nTAG=x\nG\nTAG=a\n", &[(6, "a")]);
    check("cat <<<x\nTAG=a\n((y = x << 2))\nTAG=b\n", &[(2, "a"), (4, "b")]);
}

#[test]
fn what_make_reads_otherwise() {
    let later = format!("x {LATER}");
    check("A=1; TAG=x\n", &[(1, &later)]);
    check("A=1 TAG=x\n", &[(1, &later)]);
    check("export A=1 TAG=x\n", &[(1, &later)]);
    check("export A TAG=x\n", &[(1, &later)]);
    check(">f TAG=x\n", &[(1, &later)]);
    check("<TAG=y\n> TAG=y TAG=x\n", &[(2, &later)]);
    check("A=1 \\\n  TAG=x\n", &[(2, &later)]);
    check("A=1 \\\r\n  TAG=x\r\n", &[(2, &later)]);
    check("(TAG=x)\nf(TAG=y)\n", &[(1, &later), (2, &format!("y {LATER}"))]);
    for line in ["TAG = x", "TAG =x", "export TAG = x y", "  TAG\t=\tx\r\n"] {
        check(line, &[(1, &format!("x {BLANKS}"))]);
    }
    for line in ["TAG:=x", "TAG := x", "TAG ::= x", "TAG ?= x", "TAG?=x", "TAG+=x", "TAG != x"] {
        check(line, &[(1, &format!("x {MAKE}"))]);
    }
    check("TAG: x\nTAG:x\n=x TAG=y\n", &[(1, &format!("x {COLON}"))]);
    check(
        "TAG= x\nTAG= # y\nTAG= ;\nTAG= \n",
        &[(1, &format!(" {EMPTY}")), (2, ""), (3, &format!(" {EMPTY}")), (4, "")],
    );
    check("TAG=;\n", &[(1, "")]);
    check("TAG=x#y\n", &[(1, &format!("x#y {HASH}"))]);
    check("TAG='x'#y\n", &[(1, &format!("'x'#y {PARTS}"))]);
    check("# a comment \\\nTAG=x\nTAG=y\n", &[(2, &format!("x {COMMENT}")), (3, "y")]);
    check("# a comment \\\r\nTAG=x\r\n", &[(2, &format!("x {COMMENT}"))]);
    let hidden = format!("x {HIDDEN}");
    check("TAG=a\nN=\"\n export TAG=x\n\"\n", &[(1, "a"), (3, &hidden)]);
    check("cat <<E\nTAG=x\nTAG=$TAG\nE\n", &[(2, &hidden)]);
    check("cat <<E\n\tE\nTAG=x\nE\n", &[(3, &hidden)]);
}

#[test]
fn what_no_shell_reads() {
    let cases = [
        ("A=1\nTAG='x\n", "`f:2:5`: the `'` that begins here is never closed"),
        ("TAG=\"x$(y)\n", "`f:1:5`: the `\"` that begins here is never closed"),
        ("TAG=`x\n", "`f:1:5`: the ``` that begins here is never closed"),
        ("TAG=$(x\n", "`f:1:6`: the `(` that begins here is never closed"),
        ("TAG=${x\n", "`f:1:6`: the `{` that begins here is never closed"),
        ("TAG=$((x)\n", "`f:1:6`: the `((` that begins here is never closed"),
        ("TAG=(x\n", "`f:1:5`: the `(` that begins here is never closed"),
        ("cat <<E\nE x\n", "`f:1:5`: the here-document that begins here is never closed"),
        ("cat <<E", "`f:1:5`: the here-document that begins here is never closed"),
        ("A=1\n<<<<<<< HEAD\n", "`f:2:1`: a merge conflict is not resolved: `<<<<<<< HEAD`"),
        ("A=1\n=======\r\n", "`f:2:1`: a merge conflict is not resolved: `=======`"),
        ("A< # B\n", "`f:1:2`: nothing follows this redirection"),
        ("A <\n", "`f:1:3`: nothing follows this redirection"),
        ("=(x)\n", "`f:1:2`: this `(` is in a place where no shell can read it"),
        ("A=((x))\n", "`f:1:3`: this `(` is in a place where no shell can read it"),
        (">>>>>>> x\n", "`f:1:1`: a merge conflict is not resolved: `>>>>>>> x`"),
    ];
    for (text, expected) in cases {
        let problem = assignments(text).unwrap_err().file("f");
        assert_eq!(problem.to_string(), expected, "{text:?}");
    }
    let deepest = format!("TAG={}{}\n", "$(".repeat(50), ")".repeat(50));
    assert_eq!(assignments(&deepest).map(|found| found.len()), Ok(1));
    // What stands side by side is not nested.
    for one in ["TAG='x'\n", "TAG=\"${A}\"\n", "TAG=$(x)\n", "TAG=(x)\n", "TAG=$(())\n"] {
        let found = assignments(&one.repeat(51)).map(|found| found.len());
        assert_eq!(found, Ok(51), "{one}");
    }
    let deep = format!("TAG={}", "$(".repeat(100_000));
    assert_eq!(assignments(&deep).unwrap_err().message, "substitutions are nested too deep");
}

#[test]
fn mentioned() {
    let cases = [
        ("export TAG='x", true),
        ("TAG := x", true),
        ("A='\nX_TAG=x", false),
        ("# TAG=x", false),
        ("TAGS=x\necho TAG", false),
    ];
    for (text, expected) in cases {
        assert_eq!(mentions(text, "TAG"), expected, "{text:?}");
    }
}
