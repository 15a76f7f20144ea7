//! What is read from texts that can be used.

use super::*;

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
    let text = include_str!("../builtin.toml");
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
