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
