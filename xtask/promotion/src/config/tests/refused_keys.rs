//! Keys that can't be used, but for those of pins.

use super::*;

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
        "[component.'a,b']\nupstream = 'u'",
        "`promote.toml:1:12`: the component name is `a,b`, expected one word without a comma",
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
    check(
        &two("x]", "'y,z']"),
        "`promote.toml:5:26`: the environment name is `y,z`, expected one word without a comma",
    );
    check(
        &two("x]", "y]\naliases = ['a,b']"),
        "`promote.toml:6:12`: an item of `aliases` is `a,b`, expected one word without a comma",
    );
    check(&two("x]", "'']"), "`promote.toml:5:26`: the environment name is empty");
    check(
        &two("x]", "\"y\\u0007\"]"),
        "`promote.toml:5:26`: the environment name has the control character `\\u{7}`",
    );
    check(&two("x]", "y]\naliases = ['z']"), "accepted");
}
