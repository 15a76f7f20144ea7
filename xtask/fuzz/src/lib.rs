//! What the targets share: one file that is promoted, and the promises of an edit as assertions.

use std::collections::BTreeMap;

use promotion::config::Config;
use promotion::model::component::Scope;
use promotion::model::path::RepoPath;
use promotion::model::problem::Problems;
use promotion::model::tree::Tree;
use promotion::model::version::CommitId;
use promotion::plan::verify::verify;
use promotion::plan::{FilePlan, Part, Plan, plan};

/// Commits whose tags read as a float, as octal digits, as binary digits, and as a word.
const VERSIONS: [&str; 4] = [
    "0123456e9b2d4f6081a3c5e7092b4d6f8e1a3c5d",
    "12e456789b2d4f6081a3c5e7092b4d6f8e1a3c5d",
    "0b011019b2d4f6081a3c5e7092b4d6f8e1a3c5d0",
    "6ba2ceb4a1c53e6f7d8091a2b3c4d5e6f7a8b9c0",
];

/// One file with one selector: the first byte of the input chooses among `selectors` and versions.
pub struct Promotion {
    config: Config,
    path: RepoPath,
    to: CommitId,
}

impl Promotion {
    /// The promotion that the first byte of `data` stands for, and the text that follows it.
    pub fn of<'d>(file: &str, selectors: &[&str], data: &'d [u8]) -> Option<(Self, &'d [u8])> {
        let (&choice, text) = data.split_first()?;
        let choice = usize::from(choice);
        let selector = selectors[choice / VERSIONS.len() % selectors.len()];
        let config = format!(
            "[component.a]\nupstream = \"https://example.com/a\"\n\
             [component.a.environment.x]\npins = [{{ file = \"{file}\", {selector} }}]\n"
        );
        let promotion = Promotion {
            config: Config::parse("promote.toml", &config).expect("the table is valid"),
            path: RepoPath::parse(file).expect("the table is valid"),
            to: CommitId::parse(VERSIONS[choice % VERSIONS.len()]).expect("the table is valid"),
        };
        Some((promotion, text))
    }

    /// The verified plan for a file with these bytes.
    pub fn plan(&self, text: &[u8]) -> Result<Plan, Problems> {
        let tree = Tree(BTreeMap::from([(self.path.clone(), text.to_vec())]));
        let scope = Scope::all(&self.config.components[0]);
        let plan = plan(&[Part::new(&scope, self.to.clone())], &tree)?;
        verify(&plan).map_err(|problem| Problems(vec![problem]))?;
        Ok(plan)
    }

    /// Holds the promises of an edit against a file; a refusal names its file and says something.
    ///
    /// Gives the text before and after, where something changed.
    pub fn hold(&self, text: &[u8]) -> Option<(String, String)> {
        let plan = match self.plan(text) {
            Ok(plan) => plan,
            Err(Problems(problems)) => {
                assert!(!problems.is_empty());
                for problem in problems {
                    assert!(!problem.message.contains("does not pass the second parser"), "{problem}");
                }
                return None;
            }
        };
        let (_, file) = plan.changed().next()?;
        let after = file.after();
        only_the_pins(&plan, file, &after);
        let again = self.plan(after.as_bytes()).unwrap_or_else(|problems| {
            panic!("a second run is refused: {problems}\n{:?}\n{after:?}", file.before)
        });
        assert!(again.is_empty(), "twice is not once\n{:?}\n{after:?}", file.before);
        Some((file.before.clone(), after))
    }
}

/// Each edit is one of a value that moves, on one line; every other byte is the same.
fn only_the_pins(plan: &Plan, file: &FilePlan, after: &str) {
    let moves = plan.values().filter(|value| value.moves()).count();
    assert_eq!(file.edits.iter().count(), moves);
    let (mut old, mut new) = (0, 0);
    for edit in file.edits.iter() {
        let kept = &file.before[old..edit.range.start];
        assert_eq!(&after[new..new + kept.len()], kept);
        assert!(!file.before[edit.range.clone()].contains(['\n', '\r', '#']));
        new += kept.len();
        assert_eq!(&after[new..new + edit.text.len()], edit.text);
        (old, new) = (edit.range.end, new + edit.text.len());
    }
    assert_eq!(&file.before[old..], &after[new..]);
}

/// What selects pins in YAML, for `a.yaml`.
pub const YAML: [&str; 4] = [
    "key = \"tag\"",
    "image = \"q.io/a\"",
    "path = \"a[name=x].tag\"",
    "path = \"a.tag\"",
];

/// What selects pins in a saas file.
pub const SAAS: [&str; 4] = [
    "saas = true",
    "saas = true, target = \"t\"",
    "parameter = \"TAG\"",
    "saas = true, value = \"tag\"",
];
