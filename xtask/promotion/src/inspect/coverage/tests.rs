use super::*;
use crate::model::problem::Problem;

const CONFIG: &str = "[component.c]\nupstream = \"https://x/org/c\"\nimage = \"quay.io/org/c\"\n\
    [component.c.environment.e]\npins = [\n\
    { file = \".env\", variable = \"C_TAG\" },\n\
    { file = \"a.yml\", key = \"c_tag\" },\n\
    { file = \"s.yml\", saas = true, target = \"known\" },\n\
    { file = \"p.yml\", parameter = \"C_VERSION\" },\n]\n";

const COMMIT: &str = "22e638d7b4c1a0935f6e8d2c7b1a4938e5d6f0c2";

#[test]
fn kinds_of_files() {
    let cases = [
        ("a/b.yml", Some(FileKind::Yaml)),
        ("a/b.yaml", Some(FileKind::Yaml)),
        ("a.json", Some(FileKind::Yaml)),
        (".env", Some(FileKind::Shell)),
        ("a/.env.prod", Some(FileKind::Shell)),
        ("a/prod.env", Some(FileKind::Shell)),
        ("Makefile", Some(FileKind::Shell)),
        ("a.sh", Some(FileKind::Shell)),
        ("a.bash", Some(FileKind::Shell)),
        ("a.mk", Some(FileKind::Shell)),
        ("Makefile.md", None),
        ("env/a.txt", None),
    ];
    for (path, expected) in cases {
        assert_eq!(FileKind::of(path), expected, "{path}");
    }
}

#[test]
fn files_that_may_have_a_version() {
    for (path, text, expected) in [
        ("a.yml", "a: 22e638d\n", true),
        ("a.json", "{\"a\": \"22E638D\"}\n", true),
        ("a.yml", "a: 22e638 # 7 digits are 22e63 and 8d\n", false),
        ("a.yaml", "a: latest\n", false),
        ("a.env", "A=22''e63''8d\n", true),
        ("a.md", "22e638d\n", false),
    ] {
        assert_eq!(may_hold_version(path, text.as_bytes()), expected, "{path}: {text}");
    }
}

/// The items of `pins` for what no environment has, each with its warning.
fn check(config: &str, files: &[(&str, &str)], expected: &[(&str, &str)]) {
    let config = Config::parse("promote.toml", config).unwrap();
    let terms: Vec<Terms> = config.components.iter().map(|one| Terms::of(one, &config)).collect();
    let bytes = |text: &str| text.replace("COMMIT", COMMIT).into_bytes();
    let path = |path| RepoPath::parse(path).unwrap();
    let tree = Tree(files.iter().map(|(name, text)| (path(name), bytes(text))).collect());
    let found = unconfigured(&terms, &config, &tree);
    for one in &found {
        let bytes = tree.get(&one.file).unwrap();
        assert!(may_hold_version(one.file.as_str(), bytes), "{}", one.file);
    }
    let shown = |one: &Unconfigured| {
        let Problem { file, line, message, .. } = one.warning();
        let at = format!("{}:{}", file.unwrap(), line.unwrap());
        (one.pin(), format!("{at}: {message}").replace(COMMIT, "COMMIT"))
    };
    let found: Vec<_> = found.iter().map(shown).collect();
    let found: Vec<_> = found.iter().map(|(pin, text)| (pin.as_str(), text.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn what_no_environment_has() {
    let files = [
        (".env", "C_TAG=22e638d\nB_TAG=22e638d\n"),
        ("a.yml", "c_tag: 22e638d\n"),
        ("b.sh", "C_TAG=22e638d\n"),
        ("c.yml", "- c_tag: 22e638d\n- c_tag: latest\n- c_tag: 33e638d\n- c_tag: 44e638d\n"),
        ("d.yml", "image: quay.io/org/c:22e638d\nc_tag: main\n"),
        ("e.yml", "{"),
        ("f.txt", "c_tag: 22e638d\n"),
        (
            "s.yml",
            "resourceTemplates:\n- name: t\n  url: https://x/org/c.git\n  targets:\n\
             \x20 - {name: known, ref: COMMIT}\n  - {name: new, ref: COMMIT}\n\
             \x20 - {name: stage, ref: master}\n\
             \x20 - {name: auto, ref: COMMIT, promotion: {auto: true}}\n\
             - name: v\n  url: https://x/org/c\n  targets:\n  - {name: one, ref: COMMIT}\n\
             \x20 - {name: two, ref: COMMIT}\n",
        ),
    ];
    let has = |what: &str, at: &str, value: &str| {
        format!("{at}: {what} is `{value}`, and no environment of `c` has it")
    };
    let variable = has("variable `C_TAG`", "b.sh:1", "22e638d");
    let key = has("key `c_tag`", "c.yml:1", "22e638d") + " (also in lines 3, 4)";
    let image = has("image `quay.io/org/c`", "d.yml:1", "22e638d");
    let new = has("saas target with target `new`", "s.yml:6", "COMMIT");
    let both = has("saas target with template `v`", "s.yml:12", "COMMIT") + " (also in line 13)";
    let expected: [(&str, &str); 5] = [
        ("{ file = \"b.sh\", variable = \"C_TAG\" }", &variable),
        ("{ files = \"c.yml\", key = \"c_tag\" }", &key),
        ("{ file = \"d.yml\", image = \"quay.io/org/c\" }", &image),
        ("{ file = \"s.yml\", saas = true, target = \"new\" }", &new),
        ("{ file = \"s.yml\", saas = true, template = \"v\" }", &both),
    ];
    check(CONFIG, &files, &expected);
}

/// A saas target is found by its saas file, and claimed by whatever finds it.
#[test]
fn targets_in_files_of_their_own() {
    const NONE: &str = "{ file = \".env\", variable = \"C\" }";
    let saas = |name: &str, targets: &str| {
        format!("resourceTemplates:\n- name: {name}\n  url: https://x/org/c\n  targets:\n{targets}")
    };
    let here = "  - {name: here, ref: COMMIT, namespace: {$ref: /n.yml}}\n";
    let both = saas("t", &format!("{here}  - $ref: /t.yml\n  - $ref: /gone.yml\n"));
    let same = saas("u", "  - {$ref: /t.yml}\n");
    let spread = saas("v", "  - $ref: /t.yml\n  - {\"$ref\": /u.yml}\n");
    let parameter = saas("w", "  - {$ref: /p.yml}\n  - {name: z, parameters: {X: COMMIT}}\n");
    let has = |at: &str, which: &str| {
        format!("{at}: saas target{which} is `COMMIT`, and no environment of `c` has it")
    };
    let pin = |file: &str, more: &str| format!("{{ file = \"{file}\", saas = true{more} }}");
    let run = |pins: &str, name: &str, text: &str, expected: &[(String, String)]| {
        let config = format!(
            "[component.c]\nupstream = \"https://x/org/c\"\n[component.c.environment.e]\n\
             pins = [{pins}]\n"
        );
        let files = [
            (name, text),
            ("same.yml", &same),
            ("data/t.yml", "name: t\nref: COMMIT\n"),
            ("data/u.yml", "name: u\nref: COMMIT\n"),
            ("data/p.yml", "name: p\nparameters:\n\n  X: COMMIT\nref: master\n"),
        ];
        let expected: Vec<_> = expected.iter().map(|(pin, text)| (&**pin, &**text)).collect();
        check(&config, &files, &expected);
    };
    let (same_pin, known) = (pin("same.yml", ""), pin("a.yml", ", target = \"here\""));
    let all = (pin("a.yml", ""), has("a.yml:5", "") + " (also in `data/t.yml:2`)");
    let in_same = (same_pin.clone(), has("data/t.yml:2", ""));
    run(NONE, "a.yml", &both, &[all, in_same.clone()]);
    let own = pin("a.yml", ", target = \"t\"");
    let own_target = (own, has("data/t.yml:2", " with target `t`"));
    run(&known, "a.yml", &both, &[own_target, in_same.clone()]);
    // One of these has the target already.
    let here = pin("a.yml", ", namespace = \"/n.yml\"");
    let here = [(here, has("a.yml:5", " with namespace `/n.yml`"))];
    run(&same_pin, "a.yml", &both, &here);
    run("{ file = \"data/t.yml\", path = \"ref\" }", "a.yml", &both, &here);
    let lines = (pin("b.yml", ""), has("data/t.yml:2", "") + " (also in `data/u.yml:2`)");
    run(NONE, "b.yml", &spread, &[lines, in_same]);
    let own = pin("b.yml", ", target = \"u\"");
    run(&same_pin, "b.yml", &spread, &[(own, has("data/u.yml:2", " with target `u`"))]);
    // The parameter of the other target isn't looked at: it must not move with this one.
    let x = "{ file = \"w.yml\", parameter = \"X\", target = \"z\", value = \"commit\" }";
    let is = "w.yml:6: parameter `X` with target `z` is `COMMIT`, and no environment of `c` has it";
    run(&same_pin, "w.yml", &parameter, &[(x.to_owned(), is.to_owned())]);
}

#[test]
fn parameters_of_saas_files() {
    let saas = "resourceTemplates:\n- name: t\n  url: https://x/org/c\n  parameters:\n\
                \x20   MY_IMAGE: quay.io/org/c\n    OTHER: quay.io/org/other\n  targets:\n\
                \x20 - name: a\n    ref: master\n    parameters:\n\
                \x20     C_VERSION: 22e638d\n      MY_IMAGE_TAG: 33e638d\n\
                \x20     OTHER_TAG: 44e638d\n      WHOLE: COMMIT\n      WORD: 55e638d\n";
    let has = |name: &str, line: usize, value: &str| {
        format!("s.yml:{line}: parameter `{name}` is `{value}`, and no environment of `c` has it")
    };
    let (version, image) = (has("C_VERSION", 11, "22e638d"), has("MY_IMAGE_TAG", 12, "33e638d"));
    let whole = has("WHOLE", 14, "COMMIT");
    let expected: [(&str, &str); 3] = [
        ("{ file = \"s.yml\", parameter = \"C_VERSION\" }", &version),
        ("{ file = \"s.yml\", parameter = \"MY_IMAGE_TAG\" }", &image),
        ("{ file = \"s.yml\", parameter = \"WHOLE\", value = \"commit\" }", &whole),
    ];
    check(CONFIG, &[("s.yml", saas)], &expected);
}

/// A name alone says nothing in a template of another component.
#[test]
fn parameters_of_templates_of_others() {
    let saas = |url: &str| {
        format!(
            "resourceTemplates:\n- name: t\n  url: https://x/{url}\n  parameters: {{OF: quay.io/org/c}}\n\
             \x20 targets: [{{name: a, ref: master, parameters: {{C_VERSION: 22e638d}}}}]\n"
        )
    };
    let item = "{ file = \"s.yml\", parameter = \"C_VERSION\" }";
    let is = "s.yml:5: parameter `C_VERSION` is `22e638d`, and no environment of `c` has it";
    let other = "[component.d]\nupstream = \"https://x/org/d\"\n\
                 [component.d.environment.e]\npins = [{ file = \"d.env\", variable = \"D\" }]\n";
    let both = format!("{CONFIG}{other}");
    for (url, expected) in [
        ("org/c", &[(item, is)][..]),
        ("org/d.git/", &[]),
        // What deploys it need not be what it is built from.
        ("org/templates", &[(item, is)]),
    ] {
        check(&both, &[("s.yml", &saas(url))], expected);
    }
    // The image beside it still tells.
    let image = saas("org/d").replace("OF:", "C:").replace("C_VERSION", "C_TAG");
    let is = "s.yml:5: parameter `C_TAG` is `22e638d`, and no environment of `c` has it";
    let item = item.replace("C_VERSION", "C_TAG");
    check(&both, &[("s.yml", &image)], &[(&item, is)]);
}

#[test]
fn parameters_that_run_what_the_component_runs() {
    let config = Config::parse("promote.toml", CONFIG).unwrap();
    let versions = vec!["55e638d".to_owned()];
    let terms = Terms { versions, ..Terms::of(&config.components[0], &config) };
    let saas = "parameters: {TOP: 55e638d}\nresourceTemplates:\n- name: t\n  url: https://x/org/d\n\
                \x20 targets: [{name: a, ref: master, parameters: {OWN: 55e638d, NOT: 66e638d}}]\n";
    let path = RepoPath::parse("s.yml").unwrap();
    let found = in_file(&path, &Tree::alone(&path, saas), &[terms], &config);
    let pins: Vec<_> = found.iter().map(Unconfigured::pin).collect();
    let expected =
        ["OWN", "TOP"].map(|name| format!("{{ file = \"s.yml\", parameter = \"{name}\" }}"));
    assert_eq!(pins, expected);
}

#[test]
fn parameters_that_run_what_unconfigured_pins_run() {
    let config = Config::parse("promote.toml", CONFIG).unwrap();
    let upstream = Upstream::new("https://x/org/d");
    let mut terms = [Terms { component: "d".to_owned(), upstream, ..Terms::default() }];
    let own = "resourceTemplates:\n- name: t\n  url: https://x/org/d\n  targets:\n\
               \x20 - name: a\n    ref: COMMIT\n    parameters: {OWN: 22e638d, NOT: 33e638d}\n\
               \x20 - name: b\n    ref: 9b0c0cb2e3b2e8d6f1cbd6c0f4d9a3a1e5b7c8d9\n";
    let other = |at: &str| {
        format!(
            "parameters: {{NEXT: 9b0c0cb}}\nresourceTemplates:\n- name: t\n  url: https://x/org/{at}\n\
             \x20 targets: [{{name: a, ref: master, parameters: {{NOT: 44e638d}}}}]\n"
        )
    };
    let path = |path| RepoPath::parse(path).unwrap();
    let files = [("a.yml", other("e")), ("s.yml", own.to_owned()), ("z.yml", other("f"))];
    let bytes = |text: &String| text.replace("COMMIT", COMMIT).into_bytes();
    let tree = Tree(files.iter().map(|(name, text)| (path(name), bytes(text))).collect());
    let found = unconfigured_and_theirs(&mut terms, &config, &tree);
    let pins: Vec<_> = found.iter().map(Unconfigured::pin).collect();
    let expected = [
        "{ file = \"a.yml\", parameter = \"NEXT\" }",
        "{ file = \"s.yml\", saas = true }",
        "{ file = \"s.yml\", parameter = \"OWN\" }",
        "{ file = \"z.yml\", parameter = \"NEXT\" }",
    ];
    assert_eq!(pins, expected);
    // Now that it is known what they run, nothing more is found.
    assert_eq!(unconfigured(&terms, &config, &tree), found);
}

#[test]
fn parameters_of_other_images() {
    let saas = "resourceTemplates:\n- name: t\n  url: https://x/org/c\n  parameters:\n\
                \x20   A: quay.io/org/c\n    A_TAG: 22e638d\n  targets: [{name: a, ref: master}]\n\
                - name: v\n  url: https://x/org/d\n  parameters:\n\
                \x20   A: quay.io/org/d\n    A_TAG: 33e638d\n  targets: [{name: a, ref: master}]\n";
    let text = "s.yml:6: parameter `A_TAG` with template `t` is `22e638d`, and no environment of `c` has it";
    let pin = "{ file = \"s.yml\", parameter = \"A_TAG\", template = \"t\" }";
    check(CONFIG, &[("s.yml", saas)], &[(pin, text)]);
}

#[test]
fn digests_and_their_images() {
    let config = CONFIG.replace("image = \"quay.io/org/c\"\n", "");
    let digest = format!("sha256:{}", "0".repeat(64));
    let saas = |more: &str| {
        format!(
            "resourceTemplates:\n- name: t\n  url: https://x/org/c\n  parameters:\n{more}    \
             A_TAG: COMMIT\n    A_DIGEST: {digest}\n  targets: [{{name: a, ref: master}}]\n"
        )
    };
    let found = |config: &str, more: &str| {
        let config = Config::parse("promote.toml", config).unwrap();
        let terms = Terms::of(&config.components[0], &config);
        let text = saas(more).replace("COMMIT", COMMIT);
        let path = RepoPath::parse("s.yml").unwrap();
        let all = in_file(&path, &Tree::alone(&path, &text), &[terms], &config);
        let one = all.into_iter().find(|one| one.form == Form::Digest).unwrap();
        (one.pin(), one.warning().help.unwrap())
    };
    let pin = |image: &str| {
        format!("{{ file = \"s.yml\", parameter = \"A_DIGEST\", value = \"digest\"{image} }}")
    };
    let take = |pin: &str| format!("take it in with `pins = [{pin}]`, as `discover --write` does");
    let named = pin(", image = \"quay.io/org/c\", image-tag = \"commit\"");
    assert_eq!(found(&config, "    A: quay.io/org/c\n"), (named.clone(), take(&named)));
    let first = "write it out first, for it is a digest, and no image is named beside it";
    assert_eq!(found(&config, ""), (pin(""), first.to_owned()));
    assert_eq!(found(CONFIG, ""), (pin(""), take(&pin(""))));
}

#[test]
fn the_fewest_filters() {
    let filter = |[template, target, namespace]: [&str; 3]| {
        let [template, target, namespace] =
            [template, target, namespace].map(|name| (!name.is_empty()).then(|| name.to_owned()));
        SaasFilter { template, target, namespace, is_exact: false }
    };
    let value = |own: &[&str; 3]| UnconfiguredValue {
        file: None,
        start: None,
        line: 1,
        value: String::new(),
        target: None,
        filter: Some(filter(*own)),
        unfit: None,
    };
    let check = |wanted: &[[&str; 3]], others: &[[&str; 3]], expected: &[([&str; 3], usize)]| {
        let others: Vec<_> = others.iter().map(|one| filter(*one)).collect();
        let found = narrowed(wanted.iter().map(value).collect(), &others);
        let found: Vec<_> = found.into_iter().map(|(one, values)| (one, values.len())).collect();
        let expected: Vec<_> = expected.iter().map(|(one, count)| (filter(*one), *count)).collect();
        assert_eq!(found, expected, "{wanted:?} {others:?}");
    };
    let own = ["t", "a", "n"];
    check(&[own], &[], &[(["", "", ""], 1)]);
    check(&[own], &[["t", "b", "m"]], &[(["", "", "n"], 1)]);
    check(&[own], &[["v", "a", "n"]], &[(["t", "", ""], 1)]);
    check(&[own], &[["v", "a", "n"], ["t", "b", "m"]], &[(["t", "", "n"], 1)]);
    check(&[own], &[["t", "b", "n"], ["v", "b", "n"]], &[(["", "a", ""], 1)]);
    check(&[own], &[["t", "b", "n"], ["v", "a", "m"]], &[(own, 1)]);
    check(&[own, ["t", "b", "n"]], &[["v", "a", "n"]], &[(["t", "", ""], 2)]);
    check(&[own, ["v", "b", "m"]], &[["w", "c", "o"]], &[(["", "", "n"], 1), (["", "", "m"], 1)]);
}

#[test]
fn terms_of_a_component() {
    let other = "[component.d]\nupstream = \"https://x/org/d\"\n\
                 [component.d.environment.e]\npins = [{ file = \"b.yml\", key = \"c_tag\" }]\n";
    let config = Config::parse("promote.toml", &format!("{CONFIG}{other}")).unwrap();
    let mut terms = Terms::of(&config.components[0], &config);
    let digest = format!("sha256:{}", "0".repeat(64));
    terms.versions = vec![COMMIT.to_owned(), "33e638d".to_owned(), digest.clone()];
    let expected = ["C_TAG", "quay.io/org/c", "C_VERSION", "22e638d", "33e638d", &digest, "org/c"];
    assert_eq!(terms.needles().collect::<Vec<_>>(), expected);
    for (value, runs) in [
        (COMMIT, true),
        ("22e638d7", true),
        ("22e638", false),
        ("33e638d7b4", true),
        ("44e638d", false),
        (&digest, true),
        ("", false),
    ] {
        assert_eq!(terms.runs(value), runs, "{value}");
    }
}

#[test]
fn names_that_several_components_share() {
    let pins = |name: &str| {
        let pins = ["", "2"].map(|file| {
            format!(
                "{{ file = \"{name}{file}.env\", variable = \"BOTH\" }},\n\
                 {{ file = \"{name}{file}.env\", variable = \"{name}_V\" }},\n\
                 {{ file = \"{name}{file}.yml\", key = \"both\" }},\n\
                 {{ file = \"{name}{file}.yml\", key = \"{name}_k\" }},\n\
                 {{ file = \"{name}{file}.yml\", image = \"q.io/both\" }},\n\
                 {{ file = \"{name}{file}.yml\", image = \"q.io/{name}\" }},\n\
                 {{ file = \"{name}{file}.yml\", parameter = \"BOTH\" }},\n\
                 {{ file = \"{name}{file}.yml\", parameter = \"{name}_P\" }},\n\
                 {{ file = \"{name}{file}.yml\", path = \"a.b\" }},\n"
            )
        });
        format!(
            "[component.{name}]\nupstream = \"https://x/org/{name}\"\nimage = \"q.io/own-{name}\"\n\
             [component.{name}.environment.e]\npins = [\n{}]\n",
            pins.concat()
        )
    };
    let config = Config::parse("promote.toml", &(pins("c") + &pins("d"))).unwrap();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let expected = Terms {
        component: "d".to_owned(),
        upstream: Upstream::new("https://x/org/d"),
        variables: names(&["d_V"]),
        keys: names(&["d_k"]),
        images: names(&["q.io/own-d", "q.io/d"]),
        parameters: names(&["d_P"]),
        versions: Vec::new(),
    };
    assert_eq!(Terms::of(&config.components[1], &config), expected);
}

#[test]
fn cures_for_what_no_environment_has() {
    let filter =
        |target: &str| SaasFilter { target: Some(target.to_owned()), ..SaasFilter::default() };
    let value = |line, unfit| UnconfiguredValue {
        file: None,
        start: None,
        line,
        value: "22e638d".to_owned(),
        target: None,
        filter: None,
        unfit,
    };
    let check = |file: &str, selector: Selector, values: Vec<UnconfiguredValue>, expected: &str| {
        let one = Unconfigured {
            component: "c".to_owned(),
            file: RepoPath::parse(file).unwrap(),
            selector,
            form: Form::Tag,
            image: None,
            mixed: false,
            claimed: Vec::new(),
            values,
        };
        assert_eq!(one.warning().help.as_deref(), Some(expected));
        assert_eq!(one.is_editable(), !expected.starts_with("write it out first"));
    };
    let key = || Selector::Key("k".to_owned());
    let saas = |target| Selector::Saas(filter(target));
    let fit = || vec![value(1, None)];
    check(
        "a",
        key(),
        fit(),
        "take it in with `pins = [{ file = \"a\", key = \"k\" }]`, as `discover --write` does",
    );
    let unfit = || vec![value(1, None), value(2, Some("comes by an alias"))];
    check("a", key(), unfit(), "write it out first, for it comes by an alias");
    check("a\tb", key(), unfit(), "write it out first, for it comes by an alias");
    check("a\tb", key(), fit(), "rename the file: no configuration can name it");
    check(" ", key(), fit(), "rename the file: no configuration can name it");
    check("a", saas(" "), fit(), "rename the target: no configuration can name it");
    check("a", saas("a\u{7}"), fit(), "rename the target: no configuration can name it");
    check(
        "a",
        saas("t"),
        fit(),
        "take it in with `pins = [{ file = \"a\", saas = true, target = \"t\" }]`, as `discover --write` does",
    );
}

#[test]
fn what_makes_a_parameter_a_version() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let template = |upstream: &str, outer: &str, own: &str| {
        format!(
            "resourceTemplates: [{{name: t, url: https://x/org/{upstream}, parameters: {{{outer}}}, \
             targets: [{{name: a, ref: master, parameters: {{{own}}}}}]}}]\n"
        )
    };
    let check = |text: &str, expected: &[&str]| {
        let config = Config::parse("promote.toml", CONFIG).unwrap();
        let terms = Terms::of(&config.components[0], &config);
        let text = text.replace("COMMIT", COMMIT).replace("SHA", &digest);
        let path = RepoPath::parse("x.yml").unwrap();
        let found = in_file(&path, &Tree::alone(&path, &text), &[terms], &config);
        let pins = found.iter().map(|one| one.pin().replace("file = \"x.yml\", parameter = ", ""));
        assert_eq!(pins.collect::<Vec<_>>(), expected, "{text}");
    };
    let (is, whole) = ("value = \"digest\"", ", value = \"commit\"");
    check("parameters: {C_VERSION: 22e638d}\n", &[]);
    let top = "parameters: {C_VERSION: 22e638d}\n".to_owned() + &template("d", "", "");
    check(&top, &["{ \"C_VERSION\" }"]);
    check(&template("d", "", "C_VERSION: COMMIT"), &[&format!("{{ \"C_VERSION\"{whole} }}")]);
    check(&template("d", "", "WHOLE: COMMIT"), &[]);
    check(&template("c", "", "WHOLE: COMMIT"), &[&format!("{{ \"WHOLE\"{whole} }}")]);
    check(&template("c", "", "A_TAG: 22e638d"), &[]);
    // By the image beside it: the target's before the template's.
    let (own, other) = ("A: quay.io/org/c", "A: quay.io/org/d");
    check(&template("d", own, "A_TAG: 22e638d"), &["{ \"A_TAG\" }"]);
    check(&template("d", own, &format!("{other}, A_TAG: 22e638d")), &[]);
    check(&template("d", other, &format!("{own}, A_TAG: 22e638d")), &["{ \"A_TAG\" }"]);
    check(&template("d", "", &format!("{own}, A: 22e638d, B_TAG: 22e638d")), &[]);
    let image = ", image = \"quay.io/org/c\"";
    check(
        &template("d", "", &format!("{own}, A_DIGEST: 'SHA'")),
        &[&format!("{{ \"A_DIGEST\", {is}{image} }}")],
    );
    check(
        &template("d", "", &format!("{own}, A_DIGEST: 'SHA', A_TAG: 22e638d")),
        &[&format!("{{ \"A_DIGEST\", {is}{image} }}"), "{ \"A_TAG\" }"],
    );
    // By the tag beside it, if that is a version itself.
    check(
        &template("c", "", "A_DIGEST: 'SHA', A_TAG: COMMIT"),
        &[&format!("{{ \"A_DIGEST\", {is} }}"), &format!("{{ \"A_TAG\"{whole} }}")],
    );
    check(&template("c", "", "A_DIGEST: 'SHA', A_TAG: 22e638d"), &[]);
    check(&template("c", "", "A_DIGEST: 'SHA', A_TAG: latest"), &[]);
    check(&template("d", "", "A_DIGEST: 'SHA'"), &[]);
}
