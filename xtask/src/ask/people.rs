//! Reads the people of the repository from the user files of the checkout.

use promotion::config::Config;
use promotion::history::people::People;
use promotion::model::tree::Tree;

use crate::git::Git;

/// The user files, as a glob and a text that each of them contains.
pub fn users(config: &Config) -> (String, String) {
    (config.repository.users.clone(), "org_username".to_owned())
}

/// The people in the user files of `tree`; whoever runs this is one of them.
pub fn people(git: &Git, config: &Config, tree: &Tree) -> People {
    people_and_you(config, tree, your_email(git).as_deref())
}

/// git's `user.email` of the one who runs this.
pub fn your_email(git: &Git) -> Option<String> {
    git.read(["config", "--get", "user.email"]).ok()
}

/// The people in the user files of `tree`. Without `your_email`, nobody is you.
pub fn people_and_you(config: &Config, tree: &Tree, your_email: Option<&str>) -> People {
    let files = tree.matching(&config.repository.users);
    let texts = files.filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok());
    People::new(texts, your_email)
}
