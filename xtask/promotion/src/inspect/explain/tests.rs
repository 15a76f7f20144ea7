use super::*;
use crate::model::component::Component;

const CONFIG: &str = "[component.c]\nupstream = \"https://x/org/c\"\n\
    [component.c.environment.e]\npins = [\n\
    { file = \"a.yml\", path = \"one.c_tag\" },\n\
    { file = \"b.yml\", key = \"c_tag\" },\n]\n";

/// Each value of a file: its line, value, component, environment and fate.
fn check(path: &str, text: &str, expected: &[&str]) {
    let config = Config::parse("promote.toml", CONFIG).unwrap();
    let terms = |one: &Component| Terms::of(one, &config);
    let terms: Vec<Terms> = config.components.iter().map(terms).collect();
    let path = RepoPath::parse(path).unwrap();
    let found = explained(&path, &Tree::alone(&path, text), &terms, &config).unwrap();
    let shown = |one: &Explained| {
        let environment = one.environment.as_ref().map_or("-", |one| &one.name);
        format!("{} {} {} {environment} {:?}", one.line, one.value, one.component, one.fate)
    };
    assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn fates_of_values() {
    let unconfigured = "Unconfigured(\"{ files = \\\"a.yml\\\", key = \\\"c_tag\\\" }\")";
    check(
        "a.yml",
        "two: {c_tag: &t 22e638d}\nthree: {c_tag: latest}\nfour: {c_tag: *t}\n\
         five: {c_tag: \"{{ tag }}\"}\nsix: {c_tag: 33e638d}\none: {c_tag: any-word}\n",
        &[
            "1 22e638d c - Unfit(\"has an anchor, on it or around it, that is used elsewhere in the file\")",
            "2 latest c - Stays(Tracking)",
            "3 22e638d c - Unfit(\"comes by an alias\")",
            &format!("5 33e638d c - {unconfigured}"),
            "6 any-word c e Moves",
        ],
    );
    check("b.yml", "c_tag: 22e638d\n", &["1 22e638d c e Moves"]);
    check("c.yml", "a: 1\n", &[]);
    let nameless = "1 22e638d c - Unfit(\"is in a file that no configuration can name\")";
    check("a\tb.yml", "c_tag: 22e638d\n", &[nameless]);
}
