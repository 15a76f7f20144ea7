use super::*;
use crate::inspect::coverage::Terms;
use crate::model::path::RepoPath;
use crate::model::upstream::Upstream;

fn proposal(
    component: &str,
    environment: &str,
    aliases: &[&str],
    pins: &[&str],
) -> ProposedEnvironment {
    let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
    ProposedEnvironment {
        component: component.to_owned(),
        environment: environment.to_owned(),
        aliases: texts(aliases),
        pins: texts(pins),
        file: RepoPath::parse("a.yml").unwrap(),
    }
}

fn candidate(image: Option<&str>, tag_length: Option<usize>) -> DiscoveredComponent {
    let upstream = Upstream::new("https://x/org/c");
    let terms = Terms { component: "c".to_owned(), upstream, ..Terms::default() };
    let image = image.map(str::to_owned);
    DiscoveredComponent { terms, image, tag_length, is_configured: false, has_names: true }
}

const PIN: &str = "{ file = \"a.yml\", key = \"t\" }";
const OTHER: &str = "{ file = \"b.yml\", key = \"t\" }";

#[test]
fn new_components_stand_at_the_end() {
    let one = proposal("c", "prod", &["c1"], &[PIN]);
    let two = proposal("c", "stage", &[], &[PIN, OTHER]);
    let check = |candidate: DiscoveredComponent, head: &str| {
        let expected = format!(
            "[component.c]\nupstream = \"https://x/org/c\"\n{head}\n\
             [component.c.environment.prod]\naliases = [\"c1\"]\npins = [{PIN}]\n\n\
             [component.c.environment.stage]\npins = [\n    {PIN},\n    {OTHER},\n]\n"
        );
        let proposals = [one.clone(), two.clone()];
        assert_eq!(merged("", &[candidate], &proposals).as_deref(), Ok(&*expected));
    };
    check(candidate(None, None), "");
    check(candidate(None, Some(7)), "");
    check(candidate(Some("quay.io/c"), Some(9)), "image = \"quay.io/c\"\ntag-length = 9\n");
}

#[test]
fn pins_are_added_in_the_style_of_the_others() {
    let head = "[component.c]\nupstream = \"https://x/org/d\"\n[component.c.environment.prod]\n";
    let cases = [
        (format!("pins = [{PIN}]\n"), format!("pins = [{PIN}, {OTHER}]\n")),
        (format!("pins = [\n  {PIN}\n]\n"), format!("pins = [\n  {PIN},\n  {OTHER}\n]\n")),
        (
            format!("pins = [\n  {PIN}, # one\n] # all\n"),
            format!("pins = [\n  {PIN}, # one\n  {OTHER},\n] # all\n"),
        ),
        (
            format!("pins = [\n  {PIN} # one\n]\n"),
            format!("pins = [\n  {PIN}, # one\n  {OTHER}\n]\n"),
        ),
        (
            format!("pins = [\n  {PIN}, # one\n  # two\n]\n"),
            format!("pins = [\n  {PIN}, # one\n  # two\n  {OTHER},\n]\n"),
        ),
        (format!("pins = [{PIN},]\n"), format!("pins = [{PIN}, {OTHER},]\n")),
        (format!("pins = [\n  {PIN}]\n"), format!("pins = [\n  {PIN},\n  {OTHER}]\n")),
        ("aliases = [\"x\"]\n".to_owned(), format!("aliases = [\"x\"]\npins = [{OTHER}]\n")),
        ("pins = []\n".to_owned(), format!("pins = [{OTHER}]\n")),
        (
            "[[component.c.environment.prod.pins]]\nfile = \"a.yml\"\nkey = \"t\"\n".to_owned(),
            "[[component.c.environment.prod.pins]]\nfile = \"a.yml\"\nkey = \"t\"\n\n\
             [[component.c.environment.prod.pins]]\nfile = \"b.yml\"\nkey = \"t\"\n"
                .to_owned(),
        ),
    ];
    let other = proposal("c", "prod", &[], &[OTHER]);
    for (before, after) in cases {
        for (bom, line_end) in [("", "\n"), ("\u{feff}", "\r\n")] {
            let text =
                |body: &str| format!("{bom}{}", format!("{head}{body}").replace('\n', line_end));
            let candidates = [candidate(Some("quay.io/c"), Some(9))];
            let found = merged(&text(&before), &candidates, std::slice::from_ref(&other));
            assert_eq!(found.unwrap(), text(&after));
        }
    }
}

#[test]
fn inline_tables_stay_inline() {
    let check = |before: &str, environment: &str, after: &str| {
        let text = |body: &str| format!("[component.c]\nenvironment = {body}\n");
        let found = merged(&text(before), &[], &[proposal("c", environment, &[], &[OTHER])]);
        assert_eq!(found, Ok(text(after)));
    };
    let one = format!("{{ prod = {{ pins = [{PIN}] }} }}");
    check(&one, "prod", &format!("{{ prod = {{ pins = [{PIN}, {OTHER}] }} }}"));
    let stage = format!("stage = {{ pins = [{OTHER}] }}");
    check(&one, "stage", &format!("{{ prod = {{ pins = [{PIN}] }}, {stage} }}"));
    check("{}", "stage", &format!("{{ {stage} }}"));
    check("{ prod = {} }", "stage", &format!("{{ prod = {{}}, {stage} }}"));
    check("{prod={}}", "stage", &format!("{{prod={{}}, {stage}}}"));
    check("{ stage = {} }", "stage", &format!("{{ {stage} }}"));
    check(
        "{ stage = { aliases = [] } }",
        "stage",
        &format!("{{ stage = {{ aliases = [], pins = [{OTHER}] }} }}"),
    );
}

#[test]
fn new_lines_end_as_most_do() {
    let head = "[component.c]\r\nupstream = \"https://x/org/c\"";
    let check = |head: &str, line_end: &str| {
        let found = merged(head, &[], &[proposal("c", "prod", &[], &[PIN])]);
        let added = format!("\n[component.c.environment.prod]\npins = [{PIN}]\n");
        assert_eq!(found, Ok(head.to_owned() + &added.replace('\n', line_end)));
    };
    check(&format!("{head}\n"), "\n");
    check(&format!("{head}\r\n"), "\r\n");
    check(&format!("# x\r\n{head}\n"), "\r\n");
}

#[test]
fn what_can_not_be_added() {
    let cases = [
        ("component = 1\n", "there is no room for the table `component`"),
        ("[component.c.environment.prod]\npins = 1\n", "`pins` is not a list"),
        ("[component.c]\nenvironment = { prod = { pins = [] } }\n", ""),
    ];
    for (text, expected) in cases {
        let found = merged(text, &[], &[proposal("c", "prod", &[], &[PIN])]);
        let message = found.err().map(|problem| problem.message);
        assert_eq!(message.unwrap_or_default(), expected, "{text}");
    }
    assert!(merged("[", &[], &[]).is_err());
}

#[test]
fn what_is_left_when_environments_go() {
    let text = "[component.a]\nschemas = \"b\"\nschema-paths = [\"x\"]\n\
                [component.a.environment.prod]\npins = []\n[component.a.environment.stage]\npins = []\n\
                [component.b]\n[component.b.environment.prod]\npins = []\n";
    let check = |keeps: &dyn Fn(&str, &str) -> bool, expected: &str| {
        assert_eq!(pruned(text, keeps).as_deref(), Ok(expected));
    };
    check(&|_, _| true, text);
    check(&|_, _| false, "");
    check(
        &|component, environment| component == "a" && environment == "stage",
        "[component.a]\n[component.a.environment.stage]\npins = []\n",
    );
    check(
        &|component, environment| component == "b" || environment == "prod",
        "[component.a]\nschemas = \"b\"\nschema-paths = [\"x\"]\n\
         [component.a.environment.prod]\npins = []\n\
         [component.b]\n[component.b.environment.prod]\npins = []\n",
    );
    assert_eq!(pruned("x = 1\n", |_, _| false).as_deref(), Ok("x = 1\n"));
}
