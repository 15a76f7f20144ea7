#![allow(clippy::unwrap_used)]

use super::{Config, Forge, Repository};
use crate::model::component::{
    Component, ComponentImage, Environment, FilePattern, Form, KeyPath, Origin, PathStep, PinSpec,
    Position, SaasFilter, Selector,
};
use crate::model::path::RepoPath;
use crate::model::problem::Problem;
use crate::model::upstream::Upstream;

const FILE: &str = "promote.toml";

#[track_caller]
fn check(text: &str, expected: &str) {
    let outcome = Config::parse(FILE, text).err();
    assert_eq!(outcome.map_or("accepted".to_owned(), |r| rendered(&r)), expected, "\n{text}");
}

fn rendered(problem: &Problem) -> String {
    match &problem.help {
        Some(help) => format!("{problem}\nhelp: {help}"),
        None => problem.to_string(),
    }
}

/// The text of a component with these keys, the first of them on line 2.
fn component(keys: &str) -> String {
    format!("[component.a]\n{keys}\n")
}

/// The text of a component with one environment, its first pin on line 5.
fn pins(pins: &str) -> String {
    component(&format!("upstream = 'u'\n[component.a.environment.e]\npins = [\n{pins}\n]"))
}

#[test]
fn syntax() {
    check("", "accepted");
    check(
        "remote = origin",
        "`promote.toml:1:10`: not valid TOML: string values must be quoted, expected literal string",
    );
    check(
        "[repository]\nremote = \"a\"\nremote = \"b\"",
        "`promote.toml:3:1`: duplicate key `remote`",
    );
    check(
        "[repository]\nremote = 'a",
        "`promote.toml:2:12`: not valid TOML: invalid literal string, expected `'`",
    );
    check(
        "[component.a]\nupstream = 'u'\n[component.a]\n",
        "`promote.toml:3:12`: duplicate key `a`",
    );
    check(
        "a = 1\na.b = 2",
        "`promote.toml:2:1`: not valid TOML: cannot extend value of type integer with a dotted key",
    );
    check("[repository", "`promote.toml:1:12`: not valid TOML: unclosed table, expected `]`");
}

#[test]
fn positions_with_bom_crlf_and_wide_characters() {
    let text = "\u{feff}# 日本\r\n[repository]\r\nlgtm-label = '✅'\r\nfoo = 1\r\n";
    check(
        text,
        "`promote.toml:4:1`: unknown key `foo` in `repository`\n\
         help: known keys: `remote`, `target-branch`, `lgtm-label`, `lgtm-blocked-by`, `forge`, `users`",
    );
    check(
        "\u{feff}foo = 1",
        "`promote.toml:1:1`: unknown key `foo` in the configuration\n\
         help: known keys: `repository`, `component`",
    );
    check(
        "repository = { lgtm-label = 'é✅', remote = 1 }",
        "`promote.toml:1:44`: `remote` is an integer, expected a string",
    );
    check(
        "[repository]\r\nremote = 'a\r\n",
        "`promote.toml:2:13`: not valid TOML: invalid literal string, expected `'`",
    );
}

#[test]
fn unknown_keys() {
    check(
        "repositories = 1",
        "`promote.toml:1:1`: unknown key `repositories` in the configuration\n\
         help: did you mean `repository`?",
    );
    check(
        "[components.a]",
        "`promote.toml:1:2`: unknown key `components` in the configuration\n\
         help: did you mean `component`?",
    );
    check(
        "[repository]\ntarget_branch = 'main'",
        "`promote.toml:2:1`: unknown key `target_branch` in `repository`\n\
         help: did you mean `target-branch`?",
    );
    check(
        "[repository]\n\"\\u001b\" = 1",
        "`promote.toml:2:1`: unknown key `\\u{1b}` in `repository`\n\
         help: known keys: `remote`, `target-branch`, `lgtm-label`, `lgtm-blocked-by`, `forge`, `users`",
    );
    check(
        &component("upstream = 'u'\nenvironments.e.pins = []"),
        "`promote.toml:3:1`: unknown key `environments` in component `a`\n\
         help: did you mean `environment`?",
    );
    check(
        &component("upstream = 'u'\n[component.a.environment.e]\npin = []"),
        "`promote.toml:4:1`: unknown key `pin` in environment `e`\n\
         help: did you mean `pins`?",
    );
    check(
        &pins("{ file = 'f', variabel = 'V' }"),
        "`promote.toml:5:15`: unknown key `variabel` in the pin\n\
         help: did you mean `variable`?",
    );
    check(
        &pins("{ file = 'f', jsonpath = 'V' }"),
        "`promote.toml:5:15`: unknown key `jsonpath` in the pin\n\
         help: known keys: `file`, `files`, `variable`, `key`, `saas`, `parameter`, `path`, `image`, `template`, `target`, `namespace`, `value`, `image-tag`",
    );
}

#[test]
fn wrong_types() {
    check("repository = 'x'", "`promote.toml:1:14`: `repository` is a string, expected a table");
    check(
        "[[repository]]",
        "`promote.toml:1:1`: `repository` is an array of tables, expected a table",
    );
    check("component = []", "`promote.toml:1:13`: `component` is an array, expected a table");
    check("[component]\na = 1", "`promote.toml:2:5`: `a` is an integer, expected a table");
    check(
        "[repository]\nremote = 1.5",
        "`promote.toml:2:10`: `remote` is a float, expected a string",
    );
    check(
        "[repository.remote]\nx = 1",
        "`promote.toml:1:1`: `remote` is a table, expected a string",
    );
    check(
        "[repository]\nremote.x = 1",
        "`promote.toml:2:1`: `remote` is a table, expected a string",
    );
    check(
        "[repository]\nlgtm-blocked-by = 'hold'",
        "`promote.toml:2:19`: `lgtm-blocked-by` is a string, expected an array of strings",
    );
    check(
        "[repository]\nlgtm-blocked-by = ['hold', true]",
        "`promote.toml:2:28`: an item of `lgtm-blocked-by` is a boolean, expected a string",
    );
    check(
        &component("upstream = 'u'\ntag-length = '7'"),
        "`promote.toml:3:14`: `tag-length` is a string, expected an integer",
    );
    check(
        &component("upstream = 'u'\n[component.a.environment]\ne = 2020-01-01"),
        "`promote.toml:4:5`: `e` is a date or time, expected a table",
    );
    check(
        &component("upstream = 'u'\nenvironment.e.pins = { file = 'f' }"),
        "`promote.toml:3:22`: `pins` is a table, expected an array of tables",
    );
    check(&pins("'f'"), "`promote.toml:5:1`: the pin is a string, expected a table");
    check(
        &pins("{ file = 'f', saas = 'true' }"),
        "`promote.toml:5:22`: `saas` is a string, expected a boolean",
    );
    check(
        &pins("{ file = ['f'], key = 'k' }"),
        "`promote.toml:5:10`: `file` is an array, expected a string",
    );
}

#[test]
fn repository_values() {
    check("[repository]\nremote = ''", "`promote.toml:2:10`: `remote` is empty");
    check(
        "[repository]\nremote = '--upload-pack=x'",
        "`promote.toml:2:10`: `remote` is `--upload-pack=x`, expected one word that doesn't start with `-`",
    );
    check(
        "[repository]\nremote = \"a\\tb\"",
        "`promote.toml:2:10`: `remote` has the control character `\\t`",
    );
    check(
        "[repository]\ntarget-branch = '-f'",
        "`promote.toml:2:17`: `target-branch` is `-f`, expected the name of a branch",
    );
    check(
        "[repository]\ntarget-branch = 'a:b'",
        "`promote.toml:2:17`: `target-branch` is `a:b`, expected the name of a branch",
    );
    check(
        "[repository]\nlgtm-label = '-x'",
        "`promote.toml:2:14`: `lgtm-label` is `-x`, expected a label without a comma that doesn't start with `-`",
    );
    check(
        "[repository]\nlgtm-blocked-by = ['on hold', ' ']",
        "`promote.toml:2:31`: an item of `lgtm-blocked-by` is empty",
    );
    check(
        "[repository]\nforge = 'github'",
        "`promote.toml:2:9`: `forge` is `github`, expected `gitlab`, `agit` or `none`",
    );
    for (name, forge) in [("gitlab", Forge::Gitlab), ("agit", Forge::Agit), ("none", Forge::None)] {
        let config = Config::parse(FILE, &format!("[repository]\nforge = '{name}'"));
        assert_eq!(config.map(|config| config.repository.forge), Ok(forge));
    }
    check(
        "[repository]\nusers = '/data/*.yml'",
        "`promote.toml:2:9`: `users` is `/data/*.yml`, expected a glob relative to the top of the repository, without `!`, `..` or empty parts",
    );
}

#[test]
fn component_values() {
    check(
        "[component.a]",
        "`promote.toml:1:12`: component `a` has no `upstream`\n\
         help: add the address of its git repository, as `upstream = \"https://…\"`",
    );
    check(
        "[component.a.environment.e]\npins = []",
        "`promote.toml:1:12`: component `a` has no `upstream`\n\
         help: add the address of its git repository, as `upstream = \"https://…\"`",
    );
    check("[component.'']\nupstream = 'u'", "`promote.toml:1:12`: the component name is empty");
    check(
        "[component.'a b']\nupstream = 'u'",
        "`promote.toml:1:12`: the component name is `a b`, expected one word that doesn't start with `-`",
    );
    check(
        "[component.-a]\nupstream = 'u'",
        "`promote.toml:1:12`: the component name is `-a`, expected one word that doesn't start with `-`",
    );
    check(
        "[component.\"a\\n\"]\nupstream = 'u'",
        "`promote.toml:1:12`: the component name has the control character `\\n`",
    );
    check(
        &component("upstream = '--x'"),
        "`promote.toml:2:12`: `upstream` is `--x`, expected one word that doesn't start with `-`",
    );
    check(
        &component("upstream = 'https://x y'"),
        "`promote.toml:2:12`: `upstream` is `https://x y`, expected one word that doesn't start with `-`",
    );
    check(
        &component("upstream = \"https://x\\u007F\""),
        "`promote.toml:2:12`: `upstream` has the control character `\\u{7f}`",
    );
    check(
        &component("upstream = 'u'\nbranch = '-b'"),
        "`promote.toml:3:10`: `branch` is `-b`, expected the name of a branch",
    );
    check(
        &component("upstream = 'u'\ntag-length = 6"),
        "`promote.toml:3:14`: `tag-length` is 6, expected a number from 7 to 40",
    );
    check(
        &component("upstream = 'u'\ntag-length = 41"),
        "`promote.toml:3:14`: `tag-length` is 41, expected a number from 7 to 40",
    );
    check(
        &component("upstream = 'u'\nschema-paths = ['/etc']"),
        "`promote.toml:3:17`: an item of `schema-paths` is `/etc`, expected a path relative to the top of the upstream",
    );
    check(
        &component("upstream = 'u'\nschemas = 'b'"),
        "`promote.toml:3:11`: `schemas` is `b`, expected the name of another component",
    );
    check(
        &(component("upstream = 'u'\nschemas = 'a'") + "[component.b]\nupstream = 'v'"),
        "`promote.toml:3:11`: `schemas` is `a`, expected the name of another component\n\
         help: other components: `b`",
    );
}

#[test]
fn images() {
    check(
        &component("upstream = 'u'\nimage-realm = 'https://a.io/token'"),
        "`promote.toml:3:15`: `image-realm` is `https://a.io/token`, expected a host, as in `auth.example.com`",
    );
    let image = |image: &str| component(&format!("upstream = 'u'\nimage = '{image}'"));
    check(
        &image("quay.io/org/name:latest"),
        "`promote.toml:3:9`: `image` is `quay.io/org/name:latest`, expected a registry and a lowercase name, without tag or digest\n\
         help: write it as in `quay.io/org/name`",
    );
    for bad in [
        "name",
        "org/name",
        "quay.io",
        "quay.io/",
        "quay.io/Org/name",
        "quay.io/a//b",
        "quay.io/a@sha256:00",
        "quay.io:/a",
        "https://quay.io/a",
        "-q.io/a",
        "quay.io/a_-b",
    ] {
        let message = "expected a registry and a lowercase name, without tag or digest";
        let help = "write it as in `quay.io/org/name`";
        let place = "`promote.toml:3:9`: `image`";
        check(&image(bad), &format!("{place} is `{bad}`, {message}\nhelp: {help}"));
    }
    for good in ["quay.io/a", "localhost/a/b/c", "r:5000/a__b/c--d.e", "127.0.0.1:80/a"] {
        check(&image(good), "accepted");
    }
}

#[test]
fn environment_names() {
    let two = |first: &str, second: &str| {
        let pin = |key| format!("pins = [{{ file = 'f', key = '{key}' }}]");
        component(&format!(
            "upstream = 'u'\n[component.a.environment.{first}\n{}\n[component.a.environment.{second}\n{}",
            pin("k"),
            pin("l"),
        ))
    };
    check(
        &two("x]", "y]\naliases = ['x']"),
        "`promote.toml:6:12`: an item of `aliases` is `x`, which line 3 has taken already\n\
         help: give it a name that no environment of the component has",
    );
    check(
        &two("x]\naliases = ['y']", "y]"),
        "`promote.toml:6:26`: the environment name is `y`, which line 4 has taken already\n\
         help: give it a name that no environment of the component has",
    );
    check(
        &two("x]\naliases = ['p', 'p']", "y]"),
        "`promote.toml:4:17`: an item of `aliases` is `p`, which line 4 has taken already\n\
         help: give it a name that no environment of the component has",
    );
    check(
        &two("x]", "y]\naliases = ['-q']"),
        "`promote.toml:6:12`: an item of `aliases` is `-q`, expected one word that doesn't start with `-`",
    );
    check(
        &two("x]", "y]\naliases = ['a', 'b c']"),
        "`promote.toml:6:17`: an item of `aliases` is `b c`, expected one word that doesn't start with `-`",
    );
    check(
        &two("x]", "'y z']"),
        "`promote.toml:5:26`: the environment name is `y z`, expected one word that doesn't start with `-`",
    );
    check(&two("x]", "y]\naliases = ['z']"), "accepted");
}

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
        assert_eq!(super::key_path::parse(text).ok(), Some(path), "{text}");
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

#[test]
fn chosen_environments() {
    let config = Config::builtin();
    let component = config.component("qontract-reconcile").unwrap();
    let chosen = |names: &[&str]| -> Vec<&str> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let found = config.environments(component, &names).unwrap();
        found.into_iter().map(|environment| environment.name.as_str()).collect()
    };
    let all = ["app-sre-prod-01", "internal", "pr-check", "jenkins", "tekton"];
    assert_eq!(chosen(&[]), all);
    assert_eq!(
        chosen(&["tekton", "appsrep05ue1", "internal", "appsres03ue1"]),
        ["internal", "tekton"]
    );
}

#[test]
fn order_is_that_of_the_text() {
    let text = "[component.a.environment.z]\npins = [{ file = 'f', key = 'k' }]\n\
         [component.b]\nupstream = 'v'\n\
         [component.a.environment.y]\npins = [{ file = 'g', key = 'k' }]\n\
         [component.a]\nupstream = 'u'\n\
         [component.b.environment]\nx = { pins = [{ file = 'h', key = 'k' }] }\n\
         w.pins = [{ file = 'i', key = 'k' }]\n";
    let config = Config::parse(FILE, text).unwrap();
    let names: Vec<(&str, Vec<&str>)> = config
        .components
        .iter()
        .map(|c| (c.name.as_str(), c.environments.iter().map(|e| e.name.as_str()).collect()))
        .collect();
    assert_eq!(names, [("b", vec!["x", "w"]), ("a", vec!["z", "y"])]);
}

#[test]
fn bom_and_crlf_change_nothing() {
    let text = include_str!("builtin.toml");
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(Config::parse(FILE, &windows), Config::parse(FILE, text));
}

fn environment(name: &str, aliases: &[&str], pins: Vec<PinSpec>) -> Environment {
    let aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
    Environment { name: name.to_owned(), aliases, pins }
}

fn pin(files: FilePattern, selector: Selector, form: Form, at: (usize, usize)) -> PinSpec {
    let image = match &selector {
        Selector::Image(name) => Some(ComponentImage { name: name.clone(), tag_length: 12 }),
        _ => None,
    };
    PinSpec {
        files,
        selector,
        form,
        image,
        origin: Origin::File(FILE.into(), Position { line: at.0, column: at.1 }),
    }
}

fn built_in(pin: PinSpec) -> PinSpec {
    PinSpec { origin: Origin::Builtin(pin.origin.at()), ..pin }
}

fn image(name: &str, tag_length: usize) -> Vec<ComponentImage> {
    vec![ComponentImage { name: name.to_owned(), tag_length }]
}

fn file(path: &str) -> FilePattern {
    FilePattern::File(RepoPath::parse(path).unwrap())
}

#[test]
fn builtin() {
    let pin = |place, selector, form, at| built_in(pin(place, selector, form, at));
    let saas = |path, line| {
        pin(file(path), Selector::Saas(SaasFilter::default()), Form::Commit, (line, 9))
    };
    let variable = |name: &str, line| {
        pin(file(".env"), Selector::Variable(name.to_owned()), Form::Tag, (line, 9))
    };
    let key = Selector::Key("qontract_reconcile_image_tag".to_owned());
    let tekton = "data/services/app-interface/shared-resources/**/*.{yml,yaml}";
    let ext = "data/services/app-interface/cicd/ci-ext/saas-qontract-reconcile.yaml";
    let int = "data/services/app-interface/cicd/ci-int/saas-qontract-reconcile-int.yaml";
    let reconcile = Component {
        name: "qontract-reconcile".to_owned(),
        upstream: Upstream::new("https://github.com/app-sre/qontract-reconcile"),
        branch: None,
        images: image("quay.io/app-sre/qontract-reconcile", 7),
        image_realm: None,
        tag_length: 7,
        schema_paths: vec!["reconcile/gql_definitions/introspection.json".to_owned()],
        schemas: Some("qontract-schemas".to_owned()),
        templates: Vec::new(),
        environments: vec![
            environment("app-sre-prod-01", &[], vec![saas(ext, 11)]),
            environment("internal", &["appsres03ue1", "appsrep05ue1"], vec![saas(int, 15)]),
            environment("pr-check", &[], vec![variable("RECONCILE_IMAGE_TAG", 18)]),
            environment(
                "jenkins",
                &[],
                vec![pin(
                    file("resources/jenkins/global/defaults.yaml"),
                    key.clone(),
                    Form::Tag,
                    (21, 9),
                )],
            ),
            environment(
                "tekton",
                &[],
                vec![pin(FilePattern::Glob(tekton.to_owned()), key, Form::Tag, (24, 9))],
            ),
        ],
        at: Position { line: 3, column: 12 },
    };
    let schemas = Component {
        name: "qontract-schemas".to_owned(),
        upstream: Upstream::new("https://github.com/app-sre/qontract-schemas"),
        branch: None,
        images: image("quay.io/app-sre/qontract-schemas", 7),
        image_realm: None,
        tag_length: 7,
        schema_paths: Vec::new(),
        schemas: None,
        templates: Vec::new(),
        environments: vec![environment("pr-check", &[], vec![variable("SCHEMAS_IMAGE_TAG", 31)])],
        at: Position { line: 26, column: 12 },
    };
    let expected = Config {
        file: "built-in configuration".to_owned(),
        repository: Repository {
            remote: "origin".to_owned(),
            target_branch: None,
            lgtm_label: "lgtm".to_owned(),
            lgtm_blocked_by: Vec::new(),
            forge: Forge::Gitlab,
            users: "data/teams/*/users/*.yml".to_owned(),
        },
        components: vec![reconcile, schemas],
    };
    assert_eq!(Config::builtin(), expected);
}

#[test]
fn every_feature() {
    let text = r#"[repository]
remote = "upstream"
target-branch = "release/1"
lgtm-label = "looks good"
lgtm-blocked-by = ["self-serviceable", "on hold"]
forge = "agit"
users = "people/{a,b}/*.yml"

[component.app]
upstream = "git@example.com:org/app.git"
branch = "main"
image = "localhost:5000/org/sub/app"
tag-length = 12
schema-paths = ["schemas/", "api.json"]
schemas = "lib"

[component.app.environment.one]
aliases = ["uno", "first"]
pins = [
    { file = "saas.yaml", saas = true, template = "t 1", target = "x", namespace = "/n.yml" },
    { files = "saas/*.yaml", saas = true, value = "tag" },
]

[[component.app.environment.two.pins]]
file = "a b/[x].yml"
path = 'items[name="b]c"].tag'
value = "commit"

[[component.app.environment.two.pins]]
files = "k8s/**"
image = "quay.io/org/app"

[component]
lib = { upstream = "/srv/lib" }
"#;
    let repository = Repository {
        remote: "upstream".to_owned(),
        target_branch: Some("release/1".to_owned()),
        lgtm_label: "looks good".to_owned(),
        lgtm_blocked_by: vec!["self-serviceable".to_owned(), "on hold".to_owned()],
        forge: Forge::Agit,
        users: "people/{a,b}/*.yml".to_owned(),
    };
    let narrow = SaasFilter {
        template: Some("t 1".to_owned()),
        target: Some("x".to_owned()),
        namespace: Some("/n.yml".to_owned()),
        is_exact: false,
    };
    let path = KeyPath {
        text: r#"items[name="b]c"].tag"#.to_owned(),
        steps: vec![
            PathStep::Key("items".to_owned()),
            PathStep::Item("name".to_owned(), "b]c".to_owned()),
            PathStep::Key("tag".to_owned()),
        ],
    };
    let all = Selector::Saas(SaasFilter::default());
    let image = Selector::Image("quay.io/org/app".to_owned());
    let one = vec![
        pin(file("saas.yaml"), Selector::Saas(narrow), Form::Commit, (20, 5)),
        pin(FilePattern::Glob("saas/*.yaml".to_owned()), all, Form::Tag, (21, 5)),
    ];
    let two = vec![
        pin(file("a b/[x].yml"), Selector::Path(path), Form::Commit, (24, 1)),
        pin(FilePattern::Glob("k8s/**".to_owned()), image, Form::Tag, (29, 1)),
    ];
    let app = Component {
        name: "app".to_owned(),
        upstream: Upstream::new("git@example.com:org/app.git"),
        branch: Some("main".to_owned()),
        images: self::image("localhost:5000/org/sub/app", 12),
        image_realm: None,
        tag_length: 12,
        schema_paths: vec!["schemas/".to_owned(), "api.json".to_owned()],
        schemas: Some("lib".to_owned()),
        templates: Vec::new(),
        environments: vec![
            environment("one", &["uno", "first"], one),
            environment("two", &[], two),
        ],
        at: Position { line: 9, column: 12 },
    };
    let lib = Component {
        name: "lib".to_owned(),
        upstream: Upstream::new("/srv/lib"),
        branch: None,
        images: Vec::new(),
        image_realm: None,
        tag_length: 7,
        schema_paths: Vec::new(),
        schemas: None,
        templates: Vec::new(),
        environments: Vec::new(),
        at: Position { line: 34, column: 1 },
    };
    let expected = Config { file: FILE.to_owned(), repository, components: vec![app, lib] };
    assert_eq!(Config::parse(FILE, text), Ok(expected));
}

#[test]
fn images_of_a_component() {
    let images = |keys: &str| component(&format!("upstream = 'u'\n{keys}"));
    check(&images("images = [{ name = 'quay.io/a/b' }, { name = 'quay.io/a/c' }]"), "accepted");
    check(
        &images("image = 'quay.io/a/b'\nimages = [{ name = 'quay.io/a/c' }]"),
        "`promote.toml:1:12`: component `a` has `image` and `images`, expected one of them\n\
         help: move `image` into the list, as `{ name = \"…\" }`",
    );
    check(&images("images = [{}]"), "`promote.toml:3:11`: the image has no `name`");
    check(
        &images("images = [{ name = 'quay.io/a/b', tag = 'long' }]"),
        "`promote.toml:3:41`: `tag` is `long`, expected `short` or `commit`",
    );
    check(
        &images("images = [{ name = 'quay.io/a/b', tag = 'short' }, { name = 'quay.io/a/b' }]"),
        "`promote.toml:3:52`: the image `quay.io/a/b` is in the list already",
    );
    check(
        &images("images = [{ name = 'quay.io/a/b', tags = 'short' }]"),
        "`promote.toml:3:35`: unknown key `tags` in the image\nhelp: did you mean `tag`?",
    );
}

/// The form and the image of the only pin, where the component has an image with short tags and one
/// with whole commits.
#[track_caller]
fn check_digest(pin: &str, expected: (Form, Option<(&str, usize)>)) {
    let text = format!(
        "[component.a]\nupstream = 'u'\ntag-length = 9\n\
         images = [{{ name = 'quay.io/a/short' }}, {{ name = 'quay.io/a/whole', tag = 'commit' }}]\n\
         [component.a.environment.e]\npins = [{{ file = 'f', {pin} }}]\n"
    );
    let config = Config::parse(FILE, &text).unwrap();
    let pin = config.components[0].pins().next().unwrap();
    let image = pin.image.as_ref().map(|image| (image.name.as_str(), image.tag_length));
    assert_eq!((pin.form, image), expected, "{text}");
}

#[test]
fn digests() {
    let digest = "value = 'digest'";
    check_digest("key = 'k'", (Form::Tag, None));
    check_digest(
        &format!("key = 'k', {digest}, image = 'quay.io/a/short'"),
        (Form::Digest, Some(("quay.io/a/short", 9))),
    );
    check_digest(
        &format!("parameter = 'P', template = 't', {digest}, image = 'quay.io/a/whole'"),
        (Form::Digest, Some(("quay.io/a/whole", 40))),
    );
    check_digest(
        &format!("variable = 'P', {digest}, image = 'quay.io/a/other', image-tag = 'commit'"),
        (Form::Digest, Some(("quay.io/a/other", 40))),
    );
    check_digest("image = 'quay.io/a/short'", (Form::Tag, Some(("quay.io/a/short", 9))));
    check_digest("image = 'quay.io/a/whole'", (Form::Commit, Some(("quay.io/a/whole", 40))));
    check_digest(
        "image = 'quay.io/a/whole', value = 'tag'",
        (Form::Tag, Some(("quay.io/a/whole", 9))),
    );
    check_digest(
        &format!("image = 'quay.io/a/whole', {digest}"),
        (Form::Digest, Some(("quay.io/a/whole", 40))),
    );

    check(
        &pins("{ file = 'f', key = 'k', value = 'digest' }"),
        "`promote.toml:5:34`: `value` is `digest`, and the component has no image: expected `image` beside it\n\
         help: add the image, as in `image = \"quay.io/org/name\"`",
    );
    check(
        &pins("{ file = 'f', key = 'k', image-tag = 'commit' }"),
        "`promote.toml:5:38`: `image-tag` is for pins with `value = \"digest\"`, which this is not",
    );
    check(
        &pins("{ file = 'f', key = 'k', image = 'quay.io/a/b' }"),
        "`promote.toml:5:1`: the pin has `key`, `image`, expected exactly one of them\n\
         help: write a pin for each",
    );
}

#[test]
fn parameters() {
    let two = |one: &str, other: &str| {
        pins(&format!("{{ file = 'f', {one} }},\n{{ file = 'f', {other} }}"))
    };
    check(&two("parameter = 'A'", "parameter = 'B'"), "accepted");
    check(&two("parameter = 'A', target = 'x'", "parameter = 'A', target = 'y'"), "accepted");
    check(
        &two("parameter = 'A'", "parameter = 'A', target = 'y'"),
        "`promote.toml:6:1`: parameter `A` with target `y` in `f` is pinned already, by environment `e` of component `a` (line 5, column 1)\n\
         help: remove one of the two pins, or narrow both by `template`, `target` or `namespace`",
    );
}

#[test]
fn labels_of_a_merge_request() {
    let text = "[repository]\nlgtm-label = 'ok'\nlgtm-blocked-by = ['self-serviceable']\n";
    let repository = Config::parse(FILE, text).unwrap().repository;
    let check = |lgtm: bool, labels: &[&str], expected: &[&str], note: Option<&str>| {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        let (found, told) = repository.labels(lgtm, &labels);
        assert_eq!(
            (found, told.as_deref()),
            (expected.iter().map(|one| (*one).to_owned()).collect(), note)
        );
    };
    check(false, &["a"], &["a"], None);
    check(true, &["a"], &["ok", "a"], None);
    check(true, &["a", "ok"], &["a", "ok"], None);
    check(false, &["self-serviceable"], &["self-serviceable"], None);
    let note = "`ok` is not set: beside `self-serviceable` it would be taken away again";
    check(true, &["self-serviceable"], &["self-serviceable"], Some(note));
}

#[test]
fn a_version_is_no_environment() {
    let config = Config::builtin();
    let component = config.component("qontract-schemas").unwrap();
    let cases = [
        ("22e638d", "a version goes in `--ref`\nknown environments: `pr-check`"),
        ("22e638", "known environments: `pr-check`"),
        ("production", "known environments: `pr-check`"),
        ("pr-chek", "did you mean `pr-check`?\nknown environments: `pr-check`"),
    ];
    for (name, help) in cases {
        let problem = config.environments(component, &[name.to_owned()]).unwrap_err();
        let message = format!("component `qontract-schemas` has no environment `{name}`");
        assert_eq!(problem, Problem::new(message).help(help));
    }
}
