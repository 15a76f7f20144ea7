#![allow(clippy::unwrap_used)]

use super::*;
use crate::config::Config;
use crate::model::component::Scope;

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
    Ok(plan.files[&path].after())
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
