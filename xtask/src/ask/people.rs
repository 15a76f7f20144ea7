//! Reads the people of the repository from the user files of the checkout.

use promotion::config::Config;
use promotion::history::changes::Changes;
use promotion::history::people::People;
use promotion::model::tree::Tree;

/// The user files, as a glob and a text that each of them contains.
pub fn users(config: &Config) -> (String, String) {
    (config.repository.users.clone(), "org_username".to_owned())
}

/// All people in the user files of `tree`. Without `your_email`, nobody is you.
pub fn people(config: &Config, tree: &Tree, your_email: Option<&str>) -> People {
    People::new(texts(config, tree), your_email)
}

/// Those of them who made these commits, and whoever runs this.
pub fn authors(
    config: &Config,
    tree: &Tree,
    your_email: Option<&str>,
    changes: &[Changes],
) -> People {
    let authors: Vec<_> = changes.iter().flat_map(Changes::authors).collect();
    People::among(texts(config, tree), your_email, &authors)
}

fn texts<'t>(config: &Config, tree: &'t Tree) -> impl Iterator<Item = &'t str> {
    let files = tree.matching(&config.repository.users);
    files.filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok())
}
