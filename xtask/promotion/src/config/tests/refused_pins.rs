//! Pins that can't be used, overlaps, and names that nobody has.

use super::*;

#[test]
fn pin_keys() {
    check(
        &component("upstream = 'u'\n[component.a.environment.e]"),
        "`promote.toml:3:26`: environment `e` has no `pins`\n\
         help: add one, such as `pins = [{ file = \"saas.yaml\", saas = true }]`",
    );
    check(
        &pins(""),
        "`promote.toml:4:8`: `pins` is empty\n\
         help: add one, such as `pins = [{ file = \"saas.yaml\", saas = true }]`",
    );
    check(&pins("{ key = 'k' }"), "`promote.toml:5:1`: the pin has none of `file`, `files`");
    check(
        &pins("{ file = 'f', files = 'g', key = 'k' }"),
        "`promote.toml:5:1`: the pin has `file`, `files`, expected exactly one of them\n\
         help: write a pin for each",
    );
    check(
        &pins("{ file = 'f' }"),
        "`promote.toml:5:1`: the pin has none of `variable`, `key`, `saas`, `parameter`, `path`, `image`",
    );
    check(
        &pins("{ file = 'f', key = 'k', saas = true }"),
        "`promote.toml:5:1`: the pin has `key`, `saas`, expected exactly one of them\n\
         help: write a pin for each",
    );
    check(
        &pins("{ file = 'f', saas = false }"),
        "`promote.toml:5:22`: `saas` is `false`, expected `true`\n\
         help: remove the pin, or choose another selector",
    );
    check(
        &pins("{ file = 'f', key = 'k', target = 't' }"),
        "`promote.toml:5:35`: `target` narrows `saas` and `parameter`, but the pin has `key`",
    );
    check(
        &pins("{ file = 'f', saas = true, template = '' }"),
        "`promote.toml:5:39`: `template` is empty",
    );
    check(
        &pins("{ file = 'f', key = 'k', value = 'sha' }"),
        "`promote.toml:5:34`: `value` is `sha`, expected `commit`, `tag` or `digest`",
    );
    check(&pins("{ file = 'f', key = '' }"), "`promote.toml:5:21`: `key` is empty");
    check(
        &pins("{ file = 'f', image = 'name' }"),
        "`promote.toml:5:23`: `image` is `name`, expected a registry and a lowercase name, without tag or digest\n\
         help: write it as in `quay.io/org/name`",
    );
    check(
        &pins("{ file = 'f', variable = '1A' }"),
        "`promote.toml:5:26`: `variable` is `1A`, expected letters, digits and `_`, no digit first",
    );
    check(
        &pins("{ file = 'f', variable = 'A-B' }"),
        "`promote.toml:5:26`: `variable` is `A-B`, expected letters, digits and `_`, no digit first",
    );
    let header = "upstream = 'u'\n[[component.a.environment.e.pins]]\nkey = 'k'";
    check(&component(header), "`promote.toml:3:1`: the pin has none of `file`, `files`");
}

#[test]
fn files() {
    let file = |file: &str| pins(&format!("{{ file = '{file}', key = 'k' }}"));
    check(
        &file("/data/x.yml"),
        "`promote.toml:5:10`: `file` is `/data/x.yml`, expected a path inside the repository, relative to its top, outside `.git`\n\
         help: write `data/x.yml`",
    );
    check(
        &file("./.env"),
        "`promote.toml:5:10`: `file` is `./.env`, expected a path inside the repository, relative to its top, outside `.git`\n\
         help: write `.env`",
    );
    check(
        &file("a/../b"),
        "`promote.toml:5:10`: `file` is `a/../b`, expected a path inside the repository, relative to its top, outside `.git`",
    );
    check(
        &file(".git/config"),
        "`promote.toml:5:10`: `file` is `.git/config`, expected a path inside the repository, relative to its top, outside `.git`",
    );
    check(
        &file(r"data\x.yml"),
        "`promote.toml:5:10`: `file` is `data\\x.yml`, expected a path inside the repository, relative to its top, outside `.git`\n\
         help: write `data/x.yml`",
    );
    let files = |files: &str| pins(&format!("{{ key = 'k', files = '{files}' }}"));
    check(
        &files("/data/*.yml"),
        "`promote.toml:5:22`: `files` is `/data/*.yml`, expected a glob relative to the top of the repository, without `!`, `..` or empty parts",
    );
    check(
        &files("!data/*.yml"),
        "`promote.toml:5:22`: `files` is `!data/*.yml`, expected a glob relative to the top of the repository, without `!`, `..` or empty parts",
    );
    check(
        &files("data/../*.yml"),
        "`promote.toml:5:22`: `files` is `data/../*.yml`, expected a glob relative to the top of the repository, without `!`, `..` or empty parts",
    );
    check(
        &files("data/*.{yml,yaml"),
        "`promote.toml:5:22`: `files` is `data/*.{yml,yaml`, expected a glob: a `{` is never closed",
    );
    check(
        &files("data/[a-z.yml"),
        "`promote.toml:5:22`: `files` is `data/[a-z.yml`, expected a glob: a `[` is never closed",
    );
    check(
        &files(r"data/x\"),
        "`promote.toml:5:22`: `files` is `data/x\\`, expected a glob: the `\\` at its end escapes nothing",
    );
    check(
        &files("{a}{b}{c}{d}{e}{f}{g}{h}{i}{j}{k}"),
        "`promote.toml:5:22`: `files` is `{a}{b}{c}{d}{e}{f}{g}{h}{i}{j}{k}`, expected a glob: it has more than 10 groups in braces",
    );
}

#[test]
fn paths() {
    let path = |path: &str| pins(&format!("{{ file = 'f', path = '{path}' }}"));
    check(
        &path("a[0].b"),
        "`promote.toml:5:22`: `path` is `a[0].b`, expected `=` at character 4, found `]`\n\
         help: choose a list item by a field, as in `[name=x]`",
    );
    check(
        &path("a[-1]"),
        "`promote.toml:5:22`: `path` is `a[-1]`, expected `=` at character 5, found `]`\n\
         help: choose a list item by a field, as in `[name=x]`",
    );
    check(
        &path("a[*].b"),
        "`promote.toml:5:22`: `path` is `a[*].b`, expected `=` at character 4, found `]`\n\
         help: choose a list item by a field, as in `[name=x]`",
    );
    check(
        &path("a..b"),
        "`promote.toml:5:22`: `path` is `a..b`, expected a key at character 3, found `.`\n\
         help: write it as in `a[name=x].\"b.c\"`, with special characters in quotes",
    );
    check(
        &path(".a"),
        "`promote.toml:5:22`: `path` is `.a`, expected a key at character 1, found `.`\n\
         help: write it as in `a[name=x].\"b.c\"`, with special characters in quotes",
    );
    check(
        &path("a."),
        "`promote.toml:5:22`: `path` is `a.`, expected a key at its end\n\
         help: write it as in `a[name=x].\"b.c\"`, with special characters in quotes",
    );
    check(
        &path("a b"),
        "`promote.toml:5:22`: `path` is `a b`, expected `.` or `[` at character 2, found ` `\n\
         help: write it as in `a[name=x].\"b.c\"`, with special characters in quotes",
    );
    check(
        &path("é.\"b"),
        "`promote.toml:5:22`: `path` is `é.\"b`, expected a `\"` that closes the one at character 3\n\
         help: write it as in `a[name=x].\"b.c\"`, with special characters in quotes",
    );
    check(
        &path("é.\"\""),
        "`promote.toml:5:22`: `path` is `é.\"\"`, expected a key at character 3, found `\"`\n\
         help: write it as in `a[name=x].\"b.c\"`, with special characters in quotes",
    );
    check(
        &path("a\"b\""),
        "`promote.toml:5:22`: `path` is `a\"b\"`, expected `.` or `[` at character 2, found `\"`\n\
         help: write it as in `a[name=x].\"b.c\"`, with special characters in quotes",
    );
    check(
        &path("a]"),
        "`promote.toml:5:22`: `path` is `a]`, expected `.` or `[` at character 2, found `]`\n\
         help: write it as in `a[name=x].\"b.c\"`, with special characters in quotes",
    );
    check(
        &path("a[n=x"),
        "`promote.toml:5:22`: `path` is `a[n=x`, expected `]` at its end\n\
         help: write it as in `a[name=x].\"b.c\"`, with special characters in quotes",
    );
    check(
        &path("a[n=]"),
        "`promote.toml:5:22`: `path` is `a[n=]`, expected a value at character 5, found `]`\n\
         help: write it as in `a[name=x].\"b.c\"`, with special characters in quotes",
    );
    check(
        &path("a[n.m=x].b"),
        "`promote.toml:5:22`: `path` is `a[n.m=x].b`, expected `=` at character 4, found `.`\n\
         help: choose a list item by a field, as in `[name=x]`",
    );
    check(
        &path("a[n=x y].b"),
        "`promote.toml:5:22`: `path` is `a[n=x y].b`, expected `]` at character 6, found ` `\n\
         help: write it as in `a[name=x].\"b.c\"`, with special characters in quotes",
    );
    check(
        &path("a[n=x]"),
        "`promote.toml:5:22`: `path` is `a[n=x]`, expected `.` and a key at its end\n\
         help: write it as in `a[name=x].\"b.c\"`, with special characters in quotes",
    );
    check(
        &path("a[n=x]b"),
        "`promote.toml:5:22`: `path` is `a[n=x]b`, expected `.` and a key at character 7, found `b`\n\
         help: write it as in `a[name=x].\"b.c\"`, with special characters in quotes",
    );
    check(
        &path("a.[n=x].b"),
        "`promote.toml:5:22`: `path` is `a.[n=x].b`, expected a key at character 3, found `[`\n\
         help: write it as in `a[name=x].\"b.c\"`, with special characters in quotes",
    );
}

#[test]
fn path_steps() {
    let key = |key: &str| PathStep::Key(key.to_owned());
    let item = |key: &str, value: &str| PathStep::Item(key.to_owned(), value.to_owned());
    let cases = [
        ("a", vec![key("a")]),
        ("a.b-c./d", vec![key("a"), key("b-c"), key("/d")]),
        ("a[name=x].b.c", vec![key("a"), item("name", "x"), key("b"), key("c")]),
        ("[name=x].b", vec![item("name", "x"), key("b")]),
        ("[n=x][m=y].b", vec![item("n", "x"), item("m", "y"), key("b")]),
        ("a[$ref=/x/y.yml=1].b", vec![key("a"), item("$ref", "/x/y.yml=1"), key("b")]),
        (
            r#"a."x.y/z"[name="b]c"]["m n"=o].p"#,
            vec![key("a"), key("x.y/z"), item("name", "b]c"), item("m n", "o"), key("p")],
        ),
    ];
    for (text, steps) in cases {
        let path = KeyPath { text: text.to_owned(), steps };
        assert_eq!(super::super::key_path::parse(text).ok(), Some(path), "{text}");
    }
}

#[test]
fn overlaps() {
    let two = |first: &str, second: &str| pins(&format!("{{ {first} }},\n{{ {second} }},"));
    let twice = |pin: &str| two(pin, pin);
    check(
        &twice("file = '.env', variable = 'V'"),
        "`promote.toml:6:1`: variable `V` in `.env` is pinned already, by environment `e` of component `a` (line 5, column 1)\n\
         help: remove one of the two pins",
    );
    check(
        &twice("file = 'f', key = 'k'"),
        "`promote.toml:6:1`: key `k` in `f` is pinned already, by environment `e` of component `a` (line 5, column 1)\n\
         help: remove one of the two pins",
    );
    check(
        &two("file = 'f', path = 'a.b'", "file = 'f', path = 'a.\"b\"'"),
        "`promote.toml:6:1`: path `a.\"b\"` in `f` is pinned already, by environment `e` of component `a` (line 5, column 1)\n\
         help: remove one of the two pins",
    );
    check(
        &twice("file = 'f', image = 'q.io/a'"),
        "`promote.toml:6:1`: image `q.io/a` in `f` is pinned already, by environment `e` of component `a` (line 5, column 1)\n\
         help: remove one of the two pins",
    );
    check(
        &two("file = 'd/x.yml', key = 'k'", "files = 'd/*.yml', key = 'k'"),
        "`promote.toml:6:1`: key `k` in `d/x.yml` is pinned already, by environment `e` of component `a` (line 5, column 1)\n\
         help: remove one of the two pins",
    );
    check(
        &two("files = 'd/**', image = 'q.io/a'", "file = 'd/e/f', image = 'q.io/a'"),
        "`promote.toml:6:1`: image `q.io/a` in `d/e/f` is pinned already, by environment `e` of component `a` (line 5, column 1)\n\
         help: remove one of the two pins",
    );
    check(
        &twice("files = 'd/*.yml', key = 'k'"),
        "`promote.toml:6:1`: key `k` in `d/*.yml` is pinned already, by environment `e` of component `a` (line 5, column 1)\n\
         help: remove one of the two pins",
    );
    check(
        &two("file = 'f', saas = true", "file = 'f', saas = true, target = 't'"),
        "`promote.toml:6:1`: saas target with target `t` in `f` is pinned already, by environment `e` of component `a` (line 5, column 1)\n\
         help: remove one of the two pins, or narrow both by `template`, `target` or `namespace`",
    );
    check(
        &two(
            "file = 'f', saas = true, template = 'a', target = 't', namespace = '/n'",
            "file = 'f', saas = true, template = 'a', target = 't'",
        ),
        "`promote.toml:6:1`: saas target with template `a` with target `t` in `f` is pinned already, by environment `e` of component `a` (line 5, column 1)\n\
         help: remove one of the two pins, or narrow both by `template`, `target` or `namespace`",
    );
    check(
        &pins("{ file = 'f', key = 'k' }, { file = 'f', key = 'k' }"),
        "`promote.toml:5:28`: key `k` in `f` is pinned already, by environment `e` of component `a` (line 5, column 1)\n\
         help: remove one of the two pins",
    );

    for (first, second) in [
        ("file = 'f', key = 'k'", "file = 'g', key = 'k'"),
        ("file = 'f', key = 'k'", "file = 'f', key = 'l'"),
        ("file = 'f', key = 'k'", "file = 'f', variable = 'k'"),
        ("file = 'd/e/x.yml', key = 'k'", "files = 'd/*.yml', key = 'k'"),
        ("files = 'd/*.yml', key = 'k'", "files = 'd/**/*.yml', key = 'k'"),
        ("file = 'f', saas = true, target = 's'", "file = 'f', saas = true, target = 't'"),
        ("file = 'f', saas = true, target = 's'", "file = 'f', saas = true, template = 't'"),
    ] {
        check(&two(first, second), "accepted");
    }
}

#[test]
fn overlaps_across_environments_and_components() {
    let two = |upstream: &str, place: &str, first: &str, second: &str| {
        format!(
            "[component.a]\nupstream = 'https://u/a'\nenvironment.x.pins = [{{ {first} }}]\n\
             [component.{place}]\n{upstream}\npins = [{{ {second} }}]\n"
        )
    };
    let b = "upstream = 'https://u/b'\n[component.b.environment.y]";
    let same = "upstream = 'https://u/a.git/'\n[component.b.environment.y]";
    let key = "file = 'f', key = 'k'";
    let saas = "file = 'f', saas = true";
    check(
        &two(b, "b", key, key),
        "`promote.toml:7:9`: key `k` in `f` is pinned already, by environment `x` of component `a` (line 3, column 23)\n\
         help: remove one of the two pins",
    );
    check(
        &two(same, "b", saas, saas),
        "`promote.toml:7:9`: saas target in `f` is pinned already, by environment `x` of component `a` (line 3, column 23)\n\
         help: remove one of the two pins, or narrow both by `template`, `target` or `namespace`",
    );
    check(&two(b, "b", saas, saas), "accepted");
    let image = "file = 'f', image = 'q.io/a'";
    check(
        &two(b, "b", image, image),
        "`promote.toml:7:9`: image `q.io/a` in `f` is pinned already, by environment `x` of component `a` (line 3, column 23)\n\
         help: remove one of the two pins",
    );
    check(&two(b, "b", image, "file = 'f', image = 'q.io/b'"), "accepted");
    let environments = "[component.a]\nupstream = 'u'\n\
         [component.a.environment.x]\npins = [{ file = 'f', key = 'k' }]\n\
         [component.a.environment.y]\npins = [{ files = '*', key = 'k' }]";
    check(
        environments,
        "`promote.toml:6:9`: key `k` in `f` is pinned already, by environment `x` of component `a` (line 4, column 9)\n\
         help: remove one of the two pins",
    );
}

#[test]
fn unknown_names() {
    let config = Config::builtin();
    let refused = config.component("qontract").unwrap_err();
    assert_eq!(
        rendered(&refused),
        "unknown component `qontract`\n\
         help: did you mean `qontract-schemas` or `qontract-reconcile`?\n\
         known components: `qontract-reconcile`, `qontract-schemas`"
    );
    let component = config.component("qontract-reconcile").unwrap();
    let refused = config.environments(component, &["prod".to_owned()]).unwrap_err();
    assert_eq!(
        rendered(&refused),
        "component `qontract-reconcile` has no environment `prod`\n\
         help: did you mean `app-sre-prod-01`?\n\
         known environments: `app-sre-prod-01`, `internal` (also `appsres03ue1`, `appsrep05ue1`), `pr-check`, `jenkins`, `tekton`"
    );

    let empty = Config::parse(FILE, "").unwrap();
    assert_eq!(
        rendered(&empty.component("a").unwrap_err()),
        "`promote.toml`: unknown component `a`\n\
         help: define it in a table `[component.a]`"
    );
    let bare = Config::parse(FILE, "[component.a]\nupstream = 'u'").unwrap();
    let refused = bare.environments(&bare.components[0], &[]).unwrap_err();
    assert_eq!(
        rendered(&refused),
        "`promote.toml:1:12`: component `a` has no environments\n\
         help: define one in a table `[component.a.environment.NAME]`"
    );
}
