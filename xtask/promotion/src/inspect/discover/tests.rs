use super::environments::proposals;
use super::*;
use crate::inspect::coverage::unconfigured;
use crate::saas::Site;

const COMMIT: &str = "22e638d7b4c1a0935f6e8d2c7b1a4938e5d6f0c2";

struct World {
    config: Config,
    tree: Tree,
}

impl World {
    fn new(config: &str, files: &[(&str, &str)]) -> World {
        let path = |path| RepoPath::parse(path).unwrap();
        let bytes = |text: &str| text.replace("COMMIT", COMMIT).into_bytes();
        World {
            config: Config::parse("promote.toml", config).unwrap(),
            tree: Tree(files.iter().map(|(name, text)| (path(name), bytes(text))).collect()),
        }
    }

    /// Each component by its name, upstream, image and length of tags; then each orphan.
    fn candidates(&self) -> Vec<String> {
        let (found, orphans) = candidates(&self.config, &self.tree);
        let shown = |one: &DiscoveredComponent| {
            let Terms { component, upstream, .. } = &one.terms;
            let image = one.image.as_deref().unwrap_or("-");
            let length = one.tag_length.map_or("-".to_owned(), |length| length.to_string());
            format!("{component} {upstream} {image} {length}")
        };
        found.iter().map(shown).chain(orphans.iter().map(Orphan::to_string)).collect()
    }

    /// Each environment by its component, name, aliases and items of `pins`.
    fn proposals(&self, sites: &[(&str, Site)]) -> Vec<String> {
        let (found, _) = candidates(&self.config, &self.tree);
        let terms: Vec<Terms> = found.iter().map(|one| one.terms.clone()).collect();
        let pins = unconfigured(&terms, &self.config, &self.tree);
        let sites = sites.iter().map(|(path, site)| ((*path).to_owned(), site.clone())).collect();
        let proposals = proposals(&found, &pins, &sites, &self.config);
        let shown = |one: &environments::ProposedEnvironment| {
            let (aliases, pins) = (one.aliases.join(","), one.pins.join(", "));
            format!("{} {} [{aliases}]: {pins}", one.component, one.environment)
        };
        proposals.iter().map(shown).collect()
    }
}

const ENV: &str = "export A_REPO=https://x/org/app\nexport A_IMAGE=quay.io/org/app\n\
                   export A_IMAGE_TAG=22e638d12\nB_IMAGE_TAG=22e638d\nC_IMAGE_TAG=latest\n";
const SAAS: &str = "resourceTemplates:\n- name: t\n  url: https://x/org/web.git\n  targets:\n\
                    \x20 - {namespace: {$ref: /n/prod.yml}, ref: COMMIT}\n\
                    \x20 - {namespace: {$ref: /n/stage.yml}, ref: COMMIT}\n\
                    - name: v\n  url: https://x/other/web\n  targets: [{name: a, ref: master}]\n\
                    - name: w\n  url: https://x/third/web\n\
                    \x20 targets: [{name: a, ref: COMMIT, promotion: {auto: true}}]\n";

#[test]
fn components_in_files() {
    let files = [
        (".env", ENV),
        ("a.yml", "app_image_tag: 33e638d\nlost_image_tag: 44e638d\nlost_image: q.io/a/b:latest\n"),
        ("saas-web.yml", SAAS),
    ];
    let lost = "no upstream of it is known: add a `[component.NAME]` with its `upstream`";
    let expected = [
        "app https://x/org/app quay.io/org/app 9".to_owned(),
        "web https://x/org/web.git - -".to_owned(),
        format!("`.env:4`: `B_IMAGE_TAG` is `22e638d`, and {lost}"),
        format!("`a.yml:2`: `lost_image_tag` is `44e638d` of `q.io/a/b`, and {lost}"),
    ];
    assert_eq!(World::new("", &files).candidates(), expected);
    let (all, _) = all_candidates(&Config::parse("p", "").unwrap(), &World::new("", &files).tree);
    let names: Vec<_> = all.iter().map(|one| one.terms.component.as_str()).collect();
    assert_eq!(names, ["app", "web", "other-web", "third-web"]);
}

#[test]
fn addresses_of_upstreams() {
    for url in ["https://x/a", "http://x/a", "ssh://git@x/a", "git://x/a", "git@x:a"] {
        assert!(is_address(url), "{url}");
    }
    for url in [
        "-x://x/a",
        "https://x/",
        "https://x/a b",
        "/srv/a",
        "x:a",
        "a/b@x:a",
        "git@x:",
        "a\u{7}@x:a",
    ] {
        assert!(!is_address(url), "{url}");
    }
}

#[test]
fn environments_in_files() {
    let site = |environment: &str, cluster: &str| Site {
        environment: Some(environment.to_owned()),
        cluster: Some(cluster.to_owned()),
        namespace: None,
    };
    let files = [
        (".env", ENV),
        ("ci/tekton-global-defaults.yml", "app_image_tag: 33e638d\n"),
        ("shared/one.yml", "app_image_tag: 33e638d\n"),
        ("shared/two.yaml", "app_image_tag: 33e638d\n"),
        ("saas-web.yml", SAAS),
    ];
    let sites = [("/n/prod.yml", site("prod", "c1")), ("/n/stage.yml", site("stage", "c1"))];
    let expected = [
        "app tekton []: { file = \"ci/tekton-global-defaults.yml\", key = \"app_image_tag\" }",
        "app shared []: { files = \"shared/**/*.{yml,yaml}\", key = \"app_image_tag\" }",
        "app pr-check []: { file = \".env\", variable = \"A_IMAGE_TAG\" }",
        "web prod []: { file = \"saas-web.yml\", saas = true, namespace = \"/n/prod.yml\" }",
        "web stage []: { file = \"saas-web.yml\", saas = true, namespace = \"/n/stage.yml\" }",
    ];
    assert_eq!(World::new("", &files).proposals(&sites), expected);
    let sites = [("/n/prod.yml", site("prod", "c1")), ("/n/stage.yml", site("stage", "c2"))];
    let found = World::new("", &files[4..]).proposals(&sites);
    assert_eq!(
        found,
        [
            "web prod [c1]: { file = \"saas-web.yml\", saas = true, namespace = \"/n/prod.yml\" }",
            "web stage [c2]: { file = \"saas-web.yml\", saas = true, namespace = \"/n/stage.yml\" }",
        ]
    );
}

#[test]
fn whose_a_version_is() {
    let env = "A_REPO=https://x/org/a\nA_IMAGE_TAG=22e638d\n\
               B_REPO=https://x/org/b\nB_IMAGE=quay.io/org/b\nB_IMAGE_TAG=22e638d\n\
               C_REPO=https://x/org/c\nC_IMAGE=quay.io/org/other\nC_IMAGE_TAG=22e638d1\n\
               D_IMAGE=quay.io/org/b\nD_IMAGE_TAG=33e638d\n\
               E_IMAGE=quay.io/org/a\nE_IMAGE_TAG=33e638d\n\
               F_IMAGE=quay.io/org/c\nF_IMAGE_TAG=33e638d\nOLD_IMAGE_TAG=33e638d\n";
    let config = "[component.k]\nupstream = \"https://x/org/k\"\n[component.k.environment.e]\npins = [\n\
                  { file = \"k.env\", variable = \"OLD_IMAGE_TAG\" },\n\
                  { file = \"k.yml\", key = \"old_image_tag\" },\n]\n\
                  [component.l]\nupstream = \"https://x/org/l\"\n[component.l.environment.e]\n\
                  pins = [{ file = \"l.env\", variable = \"OLD_IMAGE_TAG\" }, \
                  { file = \"l.yml\", key = \"old_image_tag\" }]\n";
    let files = [
        (".env", env),
        (
            "1.yml",
            "lost_image_tag: 44e638d\nlost_image: q.io/a/one:latest\nold_image_tag: 55e638d\n",
        ),
        ("2.yml", "lost_image_tag: 44e638d\nlost_image: q.io/a/two\n"),
        ("3.yml", "lost_image_tag: 44e638d\n"),
    ];
    let orphan = |at: &str, name: &str, value: &str, image: &str| {
        format!(
            "`{at}`: `{name}` is `{value}` of `{image}`, and no upstream of it is known: \
             add a `[component.NAME]` with its `upstream`"
        )
    };
    let expected = [
        "k https://x/org/k - 7".to_owned(),
        "l https://x/org/l - 7".to_owned(),
        "a https://x/org/a quay.io/org/a 7".to_owned(),
        "b https://x/org/b quay.io/org/b 7".to_owned(),
        "c https://x/org/c quay.io/org/other 8".to_owned(),
        orphan(".env:14", "F_IMAGE_TAG", "33e638d", "quay.io/org/c"),
        orphan("1.yml:1", "lost_image_tag", "44e638d", "q.io/a/one"),
        orphan("2.yml:1", "lost_image_tag", "44e638d", "q.io/a/two"),
        orphan("3.yml:1", "lost_image_tag", "44e638d", "q.io/a/one"),
    ];
    assert_eq!(World::new(config, &files).candidates(), expected);
}

#[test]
fn a_variable_is_of_one_component_in_every_file() {
    let files = [
        ("a.env", "A_REPO=https://x/org/a\nA_IMAGE_TAG=22e638d\n"),
        ("b.env", "A_IMAGE_TAG=33e638d\n"),
    ];
    assert_eq!(World::new("", &files).candidates(), ["a https://x/org/a - 7"]);
}

/// A configured component whose keys and targets the files below have.
const APP: &str = "[component.app]\nupstream = \"https://x/org/app\"\n\
    [component.app.environment.prod]\npins = [\n\
    { file = \"old/zero.yml\", key = \"app_image_tag\" },\n\
    { file = \"saas-app.yml\", saas = true, namespace = \"/n/old.yml\" },\n]\n";

#[test]
fn environments_of_keys() {
    let check = |files: &[&str], text: &str, expected: &[&str]| {
        let files: Vec<_> = files.iter().map(|name| (*name, text)).collect();
        assert_eq!(World::new(APP, &files).proposals(&[]), expected, "{files:?}");
    };
    let text = "app_image_tag: 22e638d\n";
    let (a, b) = (
        "app a []: { file = \"a.yml\", key = \"app_image_tag\" }",
        "app b []: { file = \"b.yml\", key = \"app_image_tag\" }",
    );
    check(&["a.yml", "b.yml"], text, &[a, b]);
    let (a, b) = (a.replace("a.yml", "x[1]/a.yml"), b.replace("b.yml", "x[1]/b.yml"));
    check(&["x[1]/a.yml", "x[1]/b.yml"], text, &[&a, &b]);
    let (a, b) = (a.replace("x[1]", "old"), b.replace("x[1]", "old"));
    check(&["old/zero.yml", "old/a.yml", "old/b.yml"], text, &[&a, &b]);
    let glob = "app new []: { files = \"new/**/*.{yml,yaml}\", key = \"app_image_tag\" }";
    check(&["new/a.yml", "new/b.yml"], text, &[glob]);
    // What can't be edited is left out.
    check(&["a.yml"], "a: &a 22e638d\napp_image_tag: *a\n", &[]);
}

#[test]
fn environments_of_targets() {
    let site = |environment: &str, cluster: &str| Site {
        environment: Some(environment.to_owned()),
        cluster: Some(cluster.to_owned()),
        namespace: None,
    };
    let saas = |namespaces: &[&str]| {
        let target = |name: &&str| format!("{{namespace: {{$ref: /n/{name}.yml}}, ref: COMMIT}}");
        let targets = namespaces.iter().map(target).collect::<Vec<_>>().join(", ");
        format!("resourceTemplates: [{{name: t, url: https://x/org/app, targets: [{targets}]}}]\n")
    };
    let sites = [
        ("/n/old.yml", site("prod", "c0")),
        ("/n/prod.yml", site("prod", "c1")),
        ("/n/blank.yml", site("a b", "c2")),
        ("/n/dash.yml", site("-", "c3")),
    ];
    let check = |files: &[(&str, &str)], expected: &[&str]| {
        assert_eq!(World::new(APP, files).proposals(&sites), expected, "{files:?}");
    };
    let all = "{ file = \"saas-x.yml\", saas = true }";
    let (one, more) = (saas(&["prod"]), saas(&["old", "prod"]));
    // It joins the environment that has such a pin, whose other names stay.
    let joined =
        "app prod []: { file = \"saas-app.yml\", saas = true, namespace = \"/n/prod.yml\" }";
    check(&[("saas-app.yml", &more)], &[joined]);
    check(&[("saas-x.yml", &one)], &[&format!("app prod-x [c1]: {all}")]);
    let ci = all.replace("saas-x", "saas-app-ci");
    check(&[("saas-app-ci.yml", &one)], &[&format!("app prod-ci [c1]: {ci}")]);
    // The parameters of a target stand behind its ref, in the same environment.
    let ends = "\n A: COMMIT,\n B: COMMIT}";
    let parameters = one.replace("ref: COMMIT", &format!("ref: COMMIT, parameters: {{{ends}"));
    let [a, b] = ["A", "B"].map(|name| {
        format!("{{ file = \"saas-x.yml\", parameter = \"{name}\", value = \"commit\" }}")
    });
    check(&[("saas-x.yml", &parameters)], &[&format!("app prod-x [c1]: {all}, {a}, {b}")]);
    check(&[("saas-x.yml", &saas(&["blank"]))], &[&format!("app a-b [c2]: {all}")]);
    check(&[("saas-x.yml", &saas(&["dash"]))], &[&format!("app unnamed [c3]: {all}")]);
    let (blank, other) = (saas(&["blank"]), all.replace("saas-x", "saas-apple"));
    check(
        &[("saas-apple.yml", &blank), ("saas-x.yml", &blank)],
        &[&format!("app a-b-apple []: {other}"), &format!("app a-b-x []: {all}")],
    );
}

/// A target on one line: its commit is one pin, its parameters are others.
#[test]
fn several_values_on_one_line() {
    let text = "resourceTemplates:\n- url: https://x/org/web\n  targets:\n\
        \x20 - {name: one, ref: COMMIT, parameters: {A_SHA: 33e638d7b4c1a0935f6e8d2c7b1a4938e5d6f0c2, B_SHA: COMMIT}}\n";
    let expected = [
        "web saas []: { file = \"saas.yml\", saas = true }, { file = \"saas.yml\", parameter = \"A_SHA\", value = \"commit\" }, { file = \"saas.yml\", parameter = \"B_SHA\", value = \"commit\" }",
    ];
    assert_eq!(World::new("", &[("saas.yml", text)]).proposals(&[]), expected);
}

#[test]
fn images_that_can_not_be_edited() {
    let image = "{ file = \"a.yml\", image = \"quay.io/org/app\" }";
    let config = APP.replace("org/app\"\n", "org/app\"\nimage = \"quay.io/org/app\"\n");
    let check = |text: &str, expected: &[&str]| {
        assert_eq!(World::new(&config, &[("a.yml", text)]).proposals(&[]), expected, "{text}");
    };
    check("image: quay.io/org/app:22e638d\n", &[&format!("app a []: {image}")]);
    check("image: >-\n  quay.io/org/app:22e638d\n", &[]);
}

#[test]
fn names_of_components() {
    let saas = |urls: &[&str]| {
        let template = |url: &&str| format!("{{name: t, url: {url}, targets: [{{ref: COMMIT}}]}}");
        let templates = urls.iter().map(template).collect::<Vec<_>>().join(", ");
        format!("resourceTemplates: [{templates}]\n")
    };
    let text = saas(&[
        "https://x/web",
        "https://x/org/app.git",
        "https://y/org/app",
        "https://z/org/app",
        "git@w:app",
        "https://w/org/app/",
    ]);
    let expected = [
        "app git@w:app - -",
        "org-app https://w/org/app/ - -",
        "app-2 https://x/org/app.git - -",
        "web https://x/web - -",
        "app-3 https://y/org/app - -",
        "app-4 https://z/org/app - -",
    ];
    assert_eq!(World::new("", &[("s.yml", &text)]).candidates(), expected);
}

#[test]
fn names_of_environments() {
    let check = |files: &[(&str, &str)], expected: &[&str]| {
        let found = World::new(APP, files).proposals(&[]);
        let names = found.iter().map(|one| one.split(' ').nth(1).unwrap());
        assert_eq!(names.collect::<Vec<_>>(), expected, "{files:?}");
    };
    let key = "app_image_tag: 22e638d\n";
    let cases = [
        ("a/values.yml", "a"),
        ("a/main/provider.yml", "a"),
        ("global/config.yaml", "config"),
        ("x/stage-values-default.yml", "stage"),
        ("x/values-stage.yml", "values-stage"),
        ("a/b.c.yml", "b"),
        ("a/.hidden.yml", "hidden"),
        ("a b/values.yml", "a-b"),
        ("--x.yml", "x"),
        ("-.yml", "unnamed"),
    ];
    for (file, name) in cases {
        check(&[(file, key)], &[name]);
    }
    check(&[("a/t.yml", key), ("b/t.yml", key)], &["t-a-t.yml", "t-b-t.yml"]);
    check(&[("a/b/t.yml", key), ("a-b/t.yml", key)], &["t-a-b-t.yml", "t-a-b-t.yml-2"]);
    // The variables of an `.env` below the top.
    let env = "A_REPO=https://x/org/app\nA_IMAGE_TAG=22e638d\n";
    check(&[("ci/.env", env)], &["env"]);
    check(&[(".env", env)], &["pr-check"]);
}
