//! Who the authors of commits are, by the user files of the checkout.

use promotion::config::Config;
use promotion::history::changes::Changes;
use promotion::history::people::{People, needle};
use promotion::model::commit::Author;
use promotion::model::tree::Tree;

use crate::git::Git;

/// The user files, as a glob with what each of them contains.
pub fn users(config: &Config) -> (String, String) {
    (config.repository.users.clone(), "org_username".to_owned())
}

/// The people behind the authors of these changes, from the user files in `tree`.
pub fn people(git: &Git, config: &Config, tree: &Tree, changes: &[Changes]) -> People {
    let commits = changes.iter().flat_map(|one| [one.queued(), one.taken_back()].concat());
    let authors = commits.map(|commit| &commit.author);
    people_of(config, tree, authors, your_email(git).as_deref())
}

/// git's `user.email` of the one who runs this.
pub fn your_email(git: &Git) -> Option<String> {
    git.read(["config", "--get", "user.email"]).ok()
}

/// The people behind these authors. Without `your_email`, nobody is you.
pub fn people_of<'a>(
    config: &Config,
    tree: &Tree,
    authors: impl Iterator<Item = &'a Author>,
    your_email: Option<&str>,
) -> People {
    let needles: Vec<String> = authors
        .map(|author| needle(&author.email))
        .chain(your_email.map(needle))
        .filter(|needle| !needle.is_empty())
        .collect();
    let files = tree.matching(&config.repository.users);
    let texts = files.filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok());
    let about = |text: &&str| {
        let text = text.to_lowercase();
        needles.iter().any(|needle| text.contains(needle.as_str()))
    };
    People::new(texts.filter(about), your_email)
}
