//! Maps the authors of commits to the people of the repository.

use std::collections::{HashMap, HashSet};

use memchr::memmem;

use crate::model::commit::Author;
use crate::model::version::is_word;
use crate::syntax::yaml;

/// Who an author is to the one who promotes. Lists are sorted in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Somebody else: the name, and the user name if a user file has one.
    Other(String, Option<String>),
    /// The one who promotes.
    You,
    /// A program: its name.
    Bot(String),
}

/// The people of the repository, and which of them promotes.
#[derive(Debug, Default)]
pub struct People {
    /// The user name in the organisation, by each login of its owner.
    users: HashMap<Login, String>,
    /// The address of the one who promotes, in lowercase.
    you: Option<String>,
}

/// The most logins that user files are searched for. So many take about half of the time that it
/// takes to parse all files.
const MOST_LOGINS: usize = 200;

/// What an address says about its owner, in lowercase.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Login {
    /// A user of GitHub, by one of its `noreply` addresses.
    Github(String),
    /// A user of the organisation, by the part before the `@`.
    Org(String),
}

impl Author {
    fn is_bot(&self) -> bool {
        let (Login::Github(login) | Login::Org(login)) = login(&self.email);
        self.name.ends_with("[bot]") || login.ends_with("[bot]")
    }
}

fn login(email: &str) -> Login {
    let email = email.to_lowercase();
    match email.split_once('@') {
        Some((local, "users.noreply.github.com")) => {
            Login::Github(local.rsplit('+').next().unwrap_or(local).to_owned())
        }
        Some((local, _)) => Login::Org(local.to_owned()),
        None => Login::Org(email),
    }
}

impl People {
    /// Reads user files; one that is not YAML, or has no user name, is passed over. Of two files
    /// with the same user name, the first counts. Without `your_email`, nobody is you.
    pub fn new<'a>(
        user_files: impl IntoIterator<Item = &'a str>,
        your_email: Option<&str>,
    ) -> Self {
        let mut users = HashMap::new();
        for (org, github) in user_files.into_iter().filter_map(user_names) {
            if let Some(github) = github {
                users.entry(Login::Github(github)).or_insert_with(|| org.clone());
            }
            users.entry(Login::Org(org.clone())).or_insert(org);
        }
        People { users, you: your_email.map(str::to_lowercase) }
    }

    /// The same for those who ask only about these authors and about whoever promotes: a file that
    /// has none of their logins is not parsed.
    pub fn among<'a>(
        user_files: impl IntoIterator<Item = &'a str>,
        your_email: Option<&str>,
        authors: &[&Author],
    ) -> Self {
        let emails = authors.iter().map(|author| &*author.email).chain(your_email);
        let logins = emails.map(login).map(|(Login::Github(login) | Login::Org(login))| login);
        let logins: HashSet<String> = logins.filter(|login| is_word(login)).collect();
        if logins.len() > MOST_LOGINS {
            return People::new(user_files, your_email);
        }
        let finders: Vec<_> = logins.iter().map(memmem::Finder::new).collect();
        let has_one = |text: &&str| {
            let lower = text.to_lowercase();
            // A backslash can write a letter in another way.
            lower.contains('\\') || finders.iter().any(|one| one.find(lower.as_bytes()).is_some())
        };
        People::new(user_files.into_iter().filter(has_one), your_email)
    }

    /// Who an author is to the one who promotes.
    pub fn who(&self, author: &Author) -> Who {
        if author.is_bot() {
            return Who::Bot(author.name.clone());
        }
        let user = self.user(&author.email);
        let is_you = self.you.as_ref().is_some_and(|email| self.are_same(email, author));
        match is_you {
            true => Who::You,
            false => Who::Other(author.name.clone(), user.map(str::to_owned)),
        }
    }

    /// Whether an address and an author are those of one person.
    pub fn are_same(&self, email: &str, author: &Author) -> bool {
        let user = self.user(&author.email);
        email.eq_ignore_ascii_case(&author.email) || user.is_some() && self.user(email) == user
    }

    /// The user name of the owner of an address, if a user file has one.
    pub fn user(&self, email: &str) -> Option<&str> {
        self.users.get(&login(email)).map(String::as_str)
    }
}

/// The user names in the organisation and on GitHub, in lowercase.
type UserNames = (String, Option<String>);

fn user_names(text: &str) -> Option<UserNames> {
    if let Some(names) = plain_user_names(text) {
        return Some(names);
    }
    let yaml = yaml::parse(text).ok()?;
    let &root = yaml.roots().first()?;
    let value = |key| {
        let (node, _) = yaml.get(root, key)?;
        Some(yaml.scalar(node)?.to_lowercase()).filter(|value| is_word(value))
    };
    Some((value("org_username")?, value("github_username")))
}

/// Both names where each stands once in the file, as a word on a line of its own that begins with the
/// key: parsing a thousand user files takes ten times as long as everything else about people.
fn plain_user_names(text: &str) -> Option<UserNames> {
    let value = |key: &str| {
        let mut places = memmem::find_iter(text.as_bytes(), key);
        let (at, None) = (places.next()?, places.next()) else { return None };
        let begins = at == 0 || text.as_bytes()[at - 1] == b'\n';
        let (line, rest) = text[at + key.len()..].split_once('\n')?;
        let goes_on = rest.starts_with([' ', '\t', '\n', '\r']);
        let word = line.strip_prefix(": ")?;
        (begins && !goes_on && is_word(word)).then(|| word.to_lowercase())
    };
    Some((value("org_username")?, Some(value("github_username")?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&str; 5] = [
        "org_username: alima\ngithub_username: Ana-Lima\n",
        "org_username: tim\ngithub_username: tim-gh\n",
        "org_username: '@all'\ngithub_username: evil\n",
        "org_username: other\ngithub_username: ana-lima\n",
        "org_username: [",
    ];

    fn check(name: &str, email: &str, expected: &Who) {
        let people = People::new(FILES, Some("tim@example.com"));
        let author = Author { name: name.to_owned(), email: email.to_owned() };
        assert_eq!(people.who(&author), *expected, "{name} <{email}>");
    }

    fn other(name: &str, user: Option<&str>) -> Who {
        Who::Other(name.to_owned(), user.map(str::to_owned))
    }

    #[test]
    fn plain_files_are_read_as_yaml_reads_them() {
        for (text, is_plain) in [
            ("---\norg_username: Ana\ngithub_username: ana-l\nroles: []\n", true),
            ("org_username: ana\ngithub_username: ana-l", false),
            ("org_username: ana\n  b\ngithub_username: ana-l\n", false),
            ("org_username: ana\n\n  b\ngithub_username: ana-l\n", false),
            ("org_username: 'ana'\ngithub_username: ana-l\n", false),
            ("org_username: ana # old\ngithub_username: ana-l\n", false),
            ("# org_username: x\norg_username: ana\ngithub_username: ana-l\n", false),
            (" org_username: ana\n github_username: ana-l\n", false),
            ("my_org_username: x\ngithub_username: ana-l\n", false),
            ("org_username:ana\ngithub_username: ana-l\n", false),
            ("org_username: ana\n", false),
        ] {
            let read = plain_user_names(text);
            assert_eq!(read.is_some(), is_plain, "{text}");
            // A comment makes a detour of what is read here without changing it.
            let parsed = user_names(&format!("{text}\n# org_username"));
            assert!(read.is_none() || read == parsed, "{text}: {read:?}, {parsed:?}");
        }
    }

    #[test]
    fn those_who_are_asked_about_are_found_without_reading_all_files() {
        let other = "org_username: else\ngithub_username: ANA-LIMA\n";
        let unasked = "org_username: zed\ngithub_username: zed-gh\n";
        let escaped = "org_username: \"\\x62o\"\n";
        let files = FILES.into_iter().chain([other, unasked, escaped]);
        let author = |email: &str| Author { name: "Ana".to_owned(), email: email.to_owned() };
        let all = People::new(files.clone(), Some("Tim@example.com"));
        for email in [
            "1+ana-lima@users.noreply.github.com",
            "ALIMA@example.com",
            "bo@example.com",
            "9+tim-gh@users.noreply.github.com",
            "nobody@example.com",
            "",
        ] {
            let author = author(email);
            let some = People::among(files.clone(), Some("Tim@example.com"), &[&author]);
            assert_eq!(some.who(&author), all.who(&author), "{email}");
            assert!(some.users.len() < all.users.len(), "{email}: {:?}", some.users);
        }
        let many: Vec<Author> = (0..=MOST_LOGINS).map(|n| author(&format!("a{n}@x"))).collect();
        let many = People::among(files, None, &many.iter().collect::<Vec<_>>());
        assert_eq!(many.users, all.users);
    }

    #[test]
    fn authors_become_people() {
        check("Ana", "12345+ana-lima@users.noreply.github.com", &other("Ana", Some("alima")));
        check("Ana", "ANA-LIMA@users.noreply.github.com", &other("Ana", Some("alima")));
        check("Ana", "alima@example.com", &other("Ana", Some("alima")));
        check("Ana", "other@example.com", &other("Ana", Some("other")));
        check("Bo", "bo@example.com", &other("Bo", None));
        check("Bo", "", &other("Bo", None));
        check("Eve", "1+evil@users.noreply.github.com", &other("Eve", None));
        check("Tim", "tim@example.com", &Who::You);
        check("Tim", "9+tim-gh@users.noreply.github.com", &Who::You);
        let bot = Who::Bot("dependabot[bot]".to_owned());
        check("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com", &bot);
    }
}
