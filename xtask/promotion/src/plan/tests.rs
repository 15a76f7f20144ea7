#![allow(clippy::unwrap_used)]

use super::*;
use crate::config::Config;
use crate::model::component::Scope;
use crate::model::upstream::Upstream;
use crate::saas::app::{ListAction, VersionList};
use crate::saas::choice::Chosen;
use crate::saas::component::components;
use crate::saas::{SaasFile, Site};

/// Plans every environment of every component of a configuration, each to `digit` forty times.
fn check(promote_toml: &str, text: &str, digits: &[&str]) -> Result<String, String> {
    let config = Config::parse("promote.toml", promote_toml).unwrap();
    let path = RepoPath::parse("x.yml").unwrap();
    let tree = Tree(BTreeMap::from([(path.clone(), text.as_bytes().to_vec())]));
    let parts = config.components.iter().zip(digits).map(|(component, digit)| {
        Part::new(&Scope::all(component), CommitId::parse(&digit.repeat(40)).unwrap())
    });
    let plan = plan(&parts.collect::<Vec<_>>(), &tree).map_err(|all| all.to_string())?;
    verify::verify(&plan).map_err(|problem| problem.to_string())?;
    let after = plan.files.get(&path).map_or(text.to_owned(), FilePlan::after);
    assert_eq!(plan.is_empty(), after == text);
    assert_eq!(plan.parts.iter().all(PartPlan::is_empty), after == text);
    Ok(after)
}

fn component(name: &str, key: &str) -> String {
    format!(
        "[component.{name}]\nupstream = \"https://x/{name}\"\n\
         [component.{name}.environment.e]\npins = [{{ file = \"x.yml\", {key} }}]\n"
    )
}

#[test]
fn two_components_in_one_file_keep_both_edits() {
    let config = component("a", "key = \"a_tag\"") + &component("b", "key = \"b_tag\"");
    let text = "a_tag: 22e638d # a\nb_tag: ec24093\nc_tag: 22e638d\n";
    let expected = "a_tag: aaaaaaa # a\nb_tag: bbbbbbb\nc_tag: 22e638d\n";
    assert_eq!(check(&config, text, &["a", "b"]), Ok(expected.to_owned()));
}

#[test]
fn two_components_never_share_a_pin() {
    let config = component("a", "key = \"tag\"") + &component("b", "path = \"x.tag\"");
    let refused =
        "`promote.toml:8:9`: overlaps the pin of line 4: both find `22e638d` at `x.yml:1`";
    let text = "x: { tag: 22e638d }\n";
    assert_eq!(check(&config, text, &["a", "b"]), Err(refused.to_owned()));
}

#[test]
fn what_is_there_already_or_moved_by_automation_changes_nothing() {
    let config = component("a", "key = \"tag\"");
    assert_eq!(check(&config, "tag: aaaaaaa\n", &["a"]), Ok("tag: aaaaaaa\n".to_owned()));
    let config = component("a", "saas = true");
    let text = format!("{TEMPLATE}  - {{ref: {COMMIT}, promotion: {{auto: true}}}}\n");
    assert_eq!(check(&config, &text, &["a"]), Ok(text));
}

#[test]
fn a_digest_that_was_not_asked_for() {
    let config = component("a", "key = \"tag\", value = \"digest\", image = \"quay.io/org/a\"");
    let text = format!("tag: sha256:{}\n", "0".repeat(64));
    let refused = "`x.yml:1`: key `tag`: the registry was not asked for the digest of \
                   `quay.io/org/a:aaaaaaa`";
    let images = "images = [{ name = \"quay.io/org/a\" }]\n[component.a.env";
    let config = config.replacen("[component.a.env", images, 1);
    assert_eq!(check(&config, &text, &["a"]), Err(refused.to_owned()));
}

#[test]
fn the_built_in_configuration_says_how_to_change_it() {
    let config = Config::builtin();
    let component = &config.components[0];
    let environments = config.environments(component, &["tekton".to_owned()]).unwrap();
    let part = Part::any(&Scope { component, environments });
    let Problems(found) = plan(&[part], &Tree::default()).unwrap_err();
    let expected = Problem::new(
        "no file that matches `data/services/app-interface/shared-resources/**/*.{yml,yaml}` \
         has a version in key `qontract_reconcile_image_tag`",
    );
    let cure = "the built-in configuration looks there: write a `promote.toml` to change it, \
                or name the right checkout with `--repo`";
    assert_eq!(found, [expected.help(cure)]);
}

const COMMIT: &str = "22e638d7b4c1a0935f6e8d2c7b1a4938e5d6f0c2";
const TEMPLATE: &str = "resourceTemplates:\n- name: t\n  url: https://x/a\n  targets:\n";

/// Promotes every target of a saas file, each chosen on the command line.
fn chosen(targets: &str) -> Result<String, String> {
    let path = RepoPath::parse("x.yml").unwrap();
    let text = format!("{TEMPLATE}{targets}").replace("COMMIT", COMMIT);
    let tree = Tree(BTreeMap::from([(path.clone(), text.into_bytes())]));
    let file = SaasFile::read(&path, &tree).unwrap();
    let site = &Site::default();
    let all = file.targets().map(|(template, target)| Chosen { template, target, site });
    let components = components(&file, &all.collect::<Vec<_>>());
    let to = CommitId::parse(&"a".repeat(40)).unwrap();
    let parts = components.iter().map(|one| Part::new(&Scope::all(one), to.clone()));
    let plan = plan(&parts.collect::<Vec<_>>(), &tree).map_err(|all| all.to_string())?;
    let after = plan.files[&path].after().replace(to.as_str(), "NEW").replace(COMMIT, "COMMIT");
    Ok(after.strip_prefix(TEMPLATE).unwrap().to_owned())
}

#[test]
fn chosen_targets_may_stay_but_not_all_of_them() {
    let master = "  - {name: m, ref: master}\n";
    let auto = "  - {name: a, ref: COMMIT, promotion: {auto: true}}\n";
    let pin = "  - {name: p, ref: COMMIT}\n";
    let moved = pin.replace("COMMIT", "NEW");
    assert_eq!(chosen(&[master, auto, pin].concat()), Ok([master, auto, &moved].concat()));
    let refused = "nothing here can move: `t/m` follows a branch or a moving tag, \
                   `t/a` is moved by `promotion.auto`";
    assert_eq!(chosen(&[master, auto].concat()), Err(refused.to_owned()));
}

const APP: &str = "codeComponents:\n- url: https://x/u\n  tag: 22e638d\n";

/// Blocks commits of an upstream, each a digit forty times, in an app that a plan may edit already.
fn blocked(plan: &mut Plan, text: &str, digits: &[&str]) -> Result<String, String> {
    let app = RepoPath::parse("x.yml").unwrap();
    let tree = Tree(BTreeMap::from([(app.clone(), text.as_bytes().to_vec())]));
    for digit in digits {
        let change = ListChange {
            app: app.clone(),
            upstream: Upstream::new("https://x/u"),
            list: VersionList::Blocked,
            action: ListAction::Add,
            commit: CommitId::parse(&digit.repeat(40)).unwrap(),
        };
        add_list_change(plan, &change, &tree).map_err(|problem| problem.to_string())?;
    }
    verify::verify(plan).map_err(|problem| problem.to_string())?;
    Ok(plan.files.get(&app).map_or(text.to_owned(), FilePlan::after))
}

#[test]
fn version_lists() {
    let with_a = "codeComponents:\n- url: https://x/u\n  blockedVersions:\n  \
                  - aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n  tag: 22e638d\n";
    let check = |text: &str, digits: &[&str], expected: Result<&str, &str>| {
        let found = blocked(&mut Plan::default(), text, digits);
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text}");
    };
    check(APP, &["a"], Ok(with_a));
    check(APP, &["a", "a"], Ok(with_a));
    check(with_a, &["a"], Ok(with_a));
    let twice = "`x.yml`: two versions of `https://x/u` can't be listed at once";
    check(APP, &["a", "b"], Err(twice));

    let config = Config::parse("promote.toml", &component("a", "key = \"tag\"")).unwrap();
    let path = RepoPath::parse("x.yml").unwrap();
    let tree = Tree(BTreeMap::from([(path, APP.as_bytes().to_vec())]));
    let mut pins = plan(&[Part::any(&Scope::all(&config.components[0]))], &tree).unwrap();
    let both = "`x.yml`: holds pins and version lists, which can't both change";
    assert_eq!(blocked(&mut pins, APP, &["a"]), Err(both.to_owned()));
}
