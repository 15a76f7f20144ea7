//! Whether moving back what a plan moved brings back what was there.

use super::{Digests, FilePlan, Outcome, Part, PartPlan, Plan, add_list_change, plan};
use crate::model::path::RepoPath;
use crate::model::tree::Tree;
use crate::model::version::tag_and_digest;
use crate::saas::app::ListChange;

impl Plan {
    /// Whether moving `parts` and changing `lists` afterwards brings back every byte of the files that
    /// change, and moves nothing else. `tree` has the files that hold the pins of the parts.
    pub fn is_undone_by(&self, parts: &[Part], lists: &[ListChange], mut tree: Tree) -> bool {
        let after = |(path, file): (&RepoPath, &FilePlan)| (path.clone(), file.after().into());
        tree.0.extend(self.changed().map(after));
        let Ok(mut back) = plan(parts, &tree) else { return false };
        if lists.iter().any(|change| add_list_change(&mut back, change, &tree).is_err()) {
            return false;
        }
        let before = self.changed().map(|(path, file)| (path, file.before.clone()));
        before.eq(back.changed().map(|(path, file)| (path, file.after())))
    }
}

impl PartPlan {
    /// The digests that its pins had, of the images whose digests change.
    pub fn digests_before(&self) -> Digests {
        let before = self.values().filter_map(|value| {
            let Outcome::Moves(new) = &value.outcome else { return None };
            let (old, new) = (tag_and_digest(&value.old).1?, tag_and_digest(new).1?);
            let (image, _) = self.digests.iter().find(|(_, digest)| *digest == new)?;
            Some((image.clone(), old.to_owned()))
        });
        before.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Config;
    use crate::model::component::Scope;
    use crate::model::version::CommitId;

    fn commit(start: &str) -> CommitId {
        CommitId::parse(&format!("{start:0<40}")).unwrap()
    }

    /// Whether a move to `aaaaaaa` of everything that `pins` find is undone by one to `back`.
    fn check(pins: &str, text: &str, back: &str) -> bool {
        let config = format!(
            "[component.a]\nupstream = \"https://x/a\"\nimage = \"quay.io/org/a\"\n\
             [component.a.environment.e]\npins = [{{ file = \"x.yml\", {pins} }}]\n"
        );
        let config = Config::parse("promote.toml", &config).unwrap();
        let scope = Scope::all(&config.components[0]);
        let path = RepoPath::parse("x.yml").unwrap();
        let tree = Tree(BTreeMap::from([(path, text.as_bytes().to_vec())]));
        let part = Part::new(&scope, commit("aaaaaaa")).with_stand_ins();
        let there = plan(&[part], &tree).unwrap();
        let digests = there.parts[0].digests_before();
        let back = Part { digests, ..Part::new(&scope, commit(back)) };
        there.is_undone_by(&[back], &[], tree)
    }

    #[test]
    fn only_what_a_plan_writes_is_brought_back() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let key = "key = \"tag\"";
        let image = "image = \"quay.io/org/a\"";
        let cases = [
            (key, "tag: bbbbbbb\n".to_owned(), true),
            (key, "tag: ccccccc\n".to_owned(), false),
            (key, "tag: bbbbbbb-rc\n".to_owned(), false),
            (key, "x: {tag: bbbbbbb}\ny: {tag: bbbbbbb}\n".to_owned(), true),
            (key, "x: {tag: bbbbbbb}\ny: {tag: ccccccc}\n".to_owned(), false),
            (key, "x: {tag: bbbbbbb}\ny: {tag: aaaaaaa}\n".to_owned(), false),
            (image, format!("quay.io/org/a:bbbbbbb@{digest}\n"), true),
        ];
        for (pins, text, expected) in cases {
            assert_eq!(check(pins, &text, "bbbbbbb"), expected, "{text}");
        }
        // Quotes are not taken away.
        assert!(!check(key, "tag: 1234567\n", "1234567"));
        assert!(check(key, "tag: '1234567'\n", "1234567"));
    }

    #[test]
    fn what_no_part_moves_back_stays() {
        let plan = Plan { files: BTreeMap::new(), ..Plan::default() };
        assert!(plan.is_undone_by(&[], &[], Tree::default()));
    }
}
