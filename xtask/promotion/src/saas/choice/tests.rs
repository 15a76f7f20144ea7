use super::*;
use crate::config::Config;
use crate::saas::tests::saas_file;

#[test]
fn fits() {
    let cases = [
        ("App", "aPP", Fit::Exact),
        ("app", "my-app-1", Fit::Part),
        ("app", "ap", Fit::No),
        ("", "app", Fit::No),
        ("app*", "app-1", Fit::Part),
        ("app*", "my-app", Fit::No),
        ("a?p", "app", Fit::Part),
        ("[ab]pp", "bpp", Fit::Part),
        ("{app,web}", "web", Fit::Part),
        ("[ab]", "[ab]", Fit::Exact),
        ("a*c", "xa*cx", Fit::No),
    ];
    for (word, name, expected) in cases {
        assert_eq!(fit(word, name), expected, "{word} {name}");
    }
}

fn with_help(problem: &Problem) -> String {
    assert!(problem.usage);
    format!("{problem}; {}", problem.help.as_deref().unwrap_or_default())
}

#[test]
fn files_by_name() {
    let named =
        |name: &str, path: &str| saas_file(path, &format!("name: {name}\nresourceTemplates: []\n"));
    let all = [named("saas-a", "d/1.yml"), named("saas-ab", "d/2.yml"), named("web", "e/3.yml")];
    let cases = [
        ("saas-a", "saas-a"),
        ("SAAS-AB", "saas-ab"),
        ("we", "web"),
        ("3.yml", "web"),
        ("saas-*", "saas-a, saas-ab"),
        ("*b", "saas-ab, web"),
        ("saas", "`saas` fits 2 saas files; name one of `saas-a` (d/1.yml), `saas-ab` (d/2.yml)"),
        (
            "abc",
            "no saas file has `abc` in its name or path; did you mean `ab`?\n`status --all-saas` lists them",
        ),
        ("x*", "no saas file has `x*` in its name or path; `status --all-saas` lists them"),
    ];
    for (word, expected) in cases {
        let found = match files(&all, word) {
            Ok(found) => found.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(", "),
            Err(problem) => with_help(&problem),
        };
        assert_eq!(found, expected, "{word}");
    }
}

const TARGETS: &str = "resourceTemplates:\n\
    - name: api\n  targets:\n\
    \x20 - {name: east, namespace: {$ref: /services/a/east.yml}}\n\
    \x20 - {name: east-canary, namespace: {$ref: /services/a/east.yml}}\n\
    \x20 - {name: west, namespace: {$ref: /services/a/west.yml}}\n\
    - name: api-web\n  targets:\n\
    \x20 - {namespace: {$ref: /services/a/north.yml}}\n\
    \x20 - {name: lost}\n";

/// The targets that a narrowing takes, each by its template and what its environment is called.
fn chosen(narrowing: &Narrowing) -> String {
    let file = saas_file("s.yml", TARGETS);
    let site = |names: [&str; 3]| {
        let [environment, cluster, namespace] = names.map(|name| Some(name.to_owned()));
        Site { environment, cluster, namespace }
    };
    let sites = [
        site(["prod", "c1", "east-ns"]),
        site(["prod", "c1", "east-ns"]),
        site(["prod", "c2", "west-ns"]),
        site(["stage", "c1", "north-ns"]),
        Site::default(),
    ];
    let all: Vec<Chosen> = file
        .targets()
        .zip(&sites)
        .map(|((template, target), site)| Chosen { template, target, site })
        .collect();
    match targets(&all, narrowing) {
        Ok(found) => {
            let shown = |one: &Chosen| {
                let template = one.template.name.as_deref().unwrap();
                format!("{template}/{} in {}", one.target.called, one.environment())
            };
            found.iter().map(shown).collect::<Vec<_>>().join(", ")
        }
        Err(problem) => with_help(&problem),
    }
}

#[test]
fn targets_by_word() {
    const EAST: &str = "api/east in prod";
    const CANARY: &str = "api/east-canary in east-canary";
    const WEST: &str = "api/west in prod";
    const NORTH: &str = "api-web/north in stage";
    const LOST: &str = "api-web/lost in lost";
    let environments = |words: &[&str]| Narrowing {
        environments: words.iter().map(|word| (*word).to_owned()).collect(),
        ..Narrowing::default()
    };
    let cases = [
        (environments(&[]), [EAST, CANARY, WEST, NORTH, LOST].join(", ")),
        (environments(&["prod"]), [EAST, CANARY, WEST].join(", ")),
        (environments(&["c2"]), WEST.to_owned()),
        (environments(&["north-ns"]), NORTH.to_owned()),
        (environments(&["east"]), EAST.to_owned()),
        (environments(&["eas"]), [EAST, CANARY].join(", ")),
        (environments(&["lost", "stage"]), [NORTH, LOST].join(", ")),
        (environments(&["/services/a/west.yml"]), WEST.to_owned()),
        (
            environments(&["mars"]),
            "no environment, cluster, namespace or target fits `mars`; there are `prod`, \
             `east-canary`, `stage`, `lost`"
                .to_owned(),
        ),
    ];
    for (narrowing, expected) in cases {
        assert_eq!(chosen(&narrowing), expected, "{narrowing:?}");
    }
    let words = |word: &str| vec![word.to_owned()];
    let none = Narrowing::default();
    let cases = [
        (Narrowing { templates: words("api"), ..none.clone() }, [EAST, CANARY, WEST].join(", ")),
        (Narrowing { targets: words("lost"), ..none.clone() }, LOST.to_owned()),
        (Narrowing { namespaces: words("north"), ..none.clone() }, NORTH.to_owned()),
        (Narrowing { namespaces: words("west-ns"), ..none.clone() }, WEST.to_owned()),
        (
            Narrowing { templates: words("x"), ..none.clone() },
            "no template fits `x`; there are `api`, `api-web`".to_owned(),
        ),
        (
            Narrowing { targets: words("x"), ..none.clone() },
            "no target fits `x`; there are `east`, `east-canary`, `west`, `lost`".to_owned(),
        ),
        (
            Narrowing { targets: words("west"), namespaces: words("x"), ..none.clone() },
            "no namespace fits `x`; there is `/services/a/west.yml`".to_owned(),
        ),
        (
            Narrowing { targets: words("lost"), namespaces: words("x"), ..none },
            "no namespace fits `x`; none of its templates has a target".to_owned(),
        ),
    ];
    for (narrowing, expected) in cases {
        assert_eq!(chosen(&narrowing), expected, "{narrowing:?}");
    }
}

#[test]
fn what_a_query_leaves_open() {
    let one = || vec!["x".to_owned()];
    let none = Narrowing::default();
    let narrowed = |narrowing| SaasQuery { narrowing, ..SaasQuery::default() };
    let cases = [
        (SaasQuery::default(), (false, true)),
        (SaasQuery { names: one(), ..SaasQuery::default() }, (true, true)),
        (SaasQuery { owner: Some("x".to_owned()), ..SaasQuery::default() }, (true, true)),
        (SaasQuery { all: true, ..SaasQuery::default() }, (false, false)),
        (narrowed(Narrowing { environments: one(), ..none.clone() }), (false, false)),
        (narrowed(Narrowing { targets: one(), ..none.clone() }), (false, false)),
        (narrowed(Narrowing { namespaces: one(), ..none.clone() }), (false, false)),
        (narrowed(Narrowing { templates: one(), ..none }), (false, true)),
    ];
    for (query, expected) in cases {
        assert_eq!((query.is_asked(), query.is_open()), expected, "{query:?}");
    }
}

#[test]
fn environments_of_a_component() {
    let config = Config::builtin();
    let component = config.component("qontract-reconcile").unwrap();
    let cases: [(&str, &[&str]); 7] = [
        ("jenkins", &["jenkins"]),
        ("JENK", &["jenkins"]),
        ("appsres03ue1", &["appsres03ue1"]),
        ("apps", &["internal"]),
        ("*k*", &["pr-check", "jenkins", "tekton"]),
        ("pr", &["app-sre-prod-01", "pr-check"]),
        ("nowhere", &["nowhere"]),
    ];
    for (word, expected) in cases {
        assert_eq!(environments(component, word), expected, "{word}");
    }
}
