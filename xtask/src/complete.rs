//! Finds the words that may stand at the cursor of a command line. Reads clap's description of the
//! commands, so that a new command or option is completed without more work. Prints nothing.

pub mod bash;
mod saas;

use clap::{Arg, ArgAction, Command};
use promotion::config::Config;
use promotion::model::escape::is_obeyed;
use promotion::saas::choice::{Fit, fit};

use crate::cli::DEFAULT_COMPONENT;
use crate::worktree::WorkTree;

/// The kind of thing that may stand at the cursor.
#[derive(Debug, PartialEq, Eq)]
pub enum Offer {
    /// One of these words; an empty list if only the user can know.
    Words(Vec<Completion>),
    /// The path of a file.
    Files,
    /// The path of a folder.
    Folders,
}

/// A word that may stand at the cursor; it may or may not begin with what is typed.
#[derive(Debug, PartialEq, Eq)]
pub struct Completion {
    /// The whole word, not quoted. Has no blanks and no character that a terminal obeys.
    pub word: String,
    /// A few words about it; may be empty.
    pub help: String,
}

/// Where names are looked up.
#[derive(Debug, Default)]
pub struct Names {
    pub config: Option<Config>,
    pub work_tree: Option<WorkTree>,
}

/// The position of the cursor in a command line.
#[derive(Debug)]
pub struct Cursor<'c> {
    command: &'c Command,
    /// The options before the cursor: clap's id and the value of each.
    given: Vec<(&'c str, &'c str)>,
    /// The option whose value may stand at the cursor, and how many of its values come before.
    open: Option<(&'c Arg, usize)>,
    /// The positional arguments before the cursor.
    positionals: Vec<&'c str>,
    /// Whether `--` comes before the cursor: options are no longer possible.
    ended: bool,
    /// The word at the cursor, up to the cursor.
    current: &'c str,
}

impl<'c> Cursor<'c> {
    /// The cursor after `words`, in the word `current`. `command` must be built.
    pub fn find(command: &'c Command, words: &'c [String], current: &'c str) -> Self {
        let mut place = Cursor {
            command,
            given: Vec::new(),
            open: None,
            positionals: Vec::new(),
            ended: false,
            current,
        };
        for word in words {
            place.pass(word);
        }
        place
    }

    /// The last value of an option before the cursor.
    pub fn given(&self, id: &str) -> Option<&'c str> {
        self.given.iter().rev().find(|(name, _)| *name == id).map(|(_, value)| *value)
    }

    fn pass(&mut self, word: &'c str) {
        if let Some((arg, count)) = self.open.take()
            && (count < fewest_values(arg) || !word.starts_with('-'))
        {
            self.given.push((arg.get_id().as_str(), word));
            self.open = (count + 1 < most_values(arg)).then_some((arg, count + 1));
        } else if self.ended {
            self.positionals.push(word);
        } else if word == "--" {
            self.ended = true;
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, value) = long.split_once('=').map_or((long, None), |(n, v)| (n, Some(v)));
            let arg = options(self.command).find(|arg| arg.get_long() == Some(name));
            self.pass_option(arg, value);
        } else if word.starts_with('-') && word != "-" {
            for short in word.chars().skip(1) {
                let arg = options(self.command).find(|arg| arg.get_short() == Some(short));
                self.pass_option(arg, None);
            }
        } else if let Some(command) = self.command.find_subcommand(word) {
            self.command = command;
        } else {
            self.positionals.push(word);
        }
    }

    fn pass_option(&mut self, arg: Option<&'c Arg>, value: Option<&'c str>) {
        let Some(arg) = arg else { return };
        let takes_next = value.is_none() && most_values(arg) > 0;
        self.open = takes_next.then_some((arg, 0));
        if !takes_next || fewest_values(arg) == 0 {
            self.given.push((arg.get_id().as_str(), value.unwrap_or_default()));
        }
    }

    /// What may stand at the cursor. Without a configuration or a checkout, its names are not
    /// offered.
    pub fn offer(&self, known: &Names) -> Offer {
        let current = self.current;
        if let Some((arg, 0)) = self.open
            && (fewest_values(arg) > 0 || !current.starts_with('-'))
        {
            return self.values(arg, "", current, known);
        }
        if !self.ended && current.starts_with('-') {
            return match current.split_once('=') {
                Some((option, value)) => {
                    let is_it = |arg: &&Arg| arg.get_long() == option.strip_prefix("--");
                    match options(self.command).find(is_it) {
                        Some(arg) => self.values(arg, &format!("{option}="), value, known),
                        None => Offer::Words(Vec::new()),
                    }
                }
                None => Offer::Words(self.options()),
            };
        }
        if let Some((arg, _)) = self.open {
            return self.values(arg, "", current, known);
        }
        if self.command.has_subcommands() {
            return Offer::Words(self.subcommands());
        }
        let repeats = |arg: &&Arg| matches!(arg.get_action(), ArgAction::Append);
        let last = self.command.get_positionals().last().filter(repeats);
        match self.command.get_positionals().nth(self.positionals.len()).or(last) {
            Some(arg) => self.values(arg, "", current, known),
            // No argument is missing, so only options are left.
            None if !self.ended => Offer::Words(self.options()),
            None => Offer::Words(Vec::new()),
        }
    }

    fn subcommands(&self) -> Vec<Completion> {
        let shown = self.command.get_subcommands().filter(|command| !command.is_hide_set());
        shown
            .map(|command| Completion {
                word: command.get_name().to_owned(),
                help: gist(command.get_about()),
            })
            .collect()
    }

    /// The options that may still be typed: not those that are given already or exclude each other.
    fn options(&self) -> Vec<Completion> {
        let is_given = |arg: &Arg| self.given.iter().any(|(id, _)| *id == arg.get_id().as_str());
        let is_over = |arg: &Arg| {
            let conflicts = self.command.get_arg_conflicts_with(arg);
            let repeats = matches!(arg.get_action(), ArgAction::Append | ArgAction::Count);
            (!repeats && is_given(arg)) || conflicts.into_iter().any(is_given)
        };
        let open = options(self.command).filter(|arg| !arg.is_hide_set() && !is_over(arg));
        let named = open.filter_map(|arg| {
            let help = gist(arg.get_help());
            arg.get_long().map(|long| Completion { word: format!("--{long}"), help })
        });
        named.collect()
    }

    /// The values of an argument; `before` is the part of the word in front of the value, such as
    /// `--env=`.
    fn values(&self, arg: &Arg, before: &str, typed: &str, known: &Names) -> Offer {
        match value_name(arg) {
            "DIR" => return Offer::Folders,
            "FILE" | "FILE[:LINE]" => return Offer::Files,
            _ => {}
        }
        let separator = arg.get_value_delimiter();
        let list = separator.and_then(|separator| typed.rfind(separator)).map_or(0, |at| at + 1);
        let before = format!("{before}{}", &typed[..list]);
        let mut taken: Vec<&str> = vec![&typed[..list]];
        let id = arg.get_id().as_str();
        taken.extend(self.given.iter().filter(|(name, _)| *name == id).map(|(_, value)| *value));
        let is_taken = |word: &str| {
            separator.is_some_and(|at| taken.iter().any(|list| list.split(at).any(|w| w == word)))
        };
        let possible = arg.get_possible_values();
        let mut candidates: Vec<_> = possible
            .iter()
            .filter(|value| !value.is_hide_set())
            .map(|value| (value.get_name().to_owned(), gist(value.get_help())))
            .collect();
        candidates.extend(self.names(id, &typed[list..], known));
        // A name with such a character can't be typed as one value, or a terminal would obey it.
        let is_odd = |c: char| is_obeyed(c) || c.is_whitespace() || Some(c) == separator;
        candidates.retain(|(word, _)| !word.contains(is_odd) && !is_taken(word));
        let whole =
            |(word, help): (String, String)| Completion { word: format!("{before}{word}"), help };
        Offer::Words(candidates.into_iter().map(whole).collect())
    }

    /// The names in the checkout that may be the value of an argument.
    fn names(&self, id: &str, typed: &str, known: &Names) -> Vec<(String, String)> {
        let file = self.given("saas").or(self.positionals.first().copied());
        let is_component = self.named_component(known).is_some();
        let of_config = |names: &dyn Fn(&Config) -> Vec<(String, String)>| {
            known.config.as_ref().map(names).unwrap_or_default()
        };
        let of_checkout = |names: &dyn Fn(&WorkTree) -> Vec<(String, String)>| {
            known.work_tree.as_ref().map(names).unwrap_or_default()
        };
        match (id, file) {
            ("component", _) => of_config(&components),
            ("saas", _) => of_checkout(&saas::files),
            ("names", _) if self.command.get_name() == "status" => {
                [of_config(&components), of_checkout(&saas::files)].concat()
            }
            ("names" | "name", None) => {
                [of_config(&components), of_checkout(&saas::files)].concat()
            }
            ("env" | "names", _) if is_component => {
                of_config(&|config| self.environments(config, typed, known))
            }
            // For saas files only.
            ("like" | "template" | "target", _) if is_component => Vec::new(),
            ("env" | "names" | "like", Some(file)) => {
                of_checkout(&|work_tree| saas::environments(work_tree, file))
            }
            ("template", Some(file)) => of_checkout(&|work_tree| saas::templates(work_tree, file)),
            ("target", Some(file)) => of_checkout(&|work_tree| saas::targets(work_tree, file)),
            ("owner", _) => of_checkout(&saas::teams),
            ("env", None) => of_config(&|config| self.environments(config, typed, known)),
            _ => Vec::new(),
        }
    }

    /// The environments of the components that are typed or implied; if there are none, of all
    /// components.
    fn environments(&self, config: &Config, typed: &str, known: &Names) -> Vec<(String, String)> {
        let named = self.components(known);
        let meant = |name: &str| named.is_empty() || named.contains(&name);
        let components = config.components.iter().filter(|component| meant(&component.name));
        let mut found: Vec<(String, String)> = Vec::new();
        for environment in components.flat_map(|component| &component.environments) {
            let name = &environment.name;
            // Aliases are offered only once something is typed.
            let aliases = environment.aliases.iter().filter(|_| !typed.is_empty());
            let aliases = aliases.map(|alias| (alias.clone(), format!("environment {name}")));
            for (word, help) in
                [(name.clone(), "environment".to_owned())].into_iter().chain(aliases)
            {
                if found.iter().all(|(known, _)| *known != word) {
                    found.push((word, without_odd(&help)));
                }
            }
        }
        found
    }

    /// The component that the first name means: by its whole name, or by a part of it where that is
    /// none of a saas file.
    fn named_component<'k>(&self, known: &'k Names) -> Option<&'k str> {
        let word = self.positionals.first()?;
        let names =
            || known.config.iter().flat_map(|config| &config.components).map(|one| &*one.name);
        if let Some(name) = names().find(|name| name == word) {
            return Some(name);
        }
        let mut fitting = names().filter(|name| fit(word, name) != Fit::No);
        let only = fitting.next().filter(|_| fitting.next().is_none())?;
        let is_file = known.work_tree.as_ref().is_some_and(|it| saas::is_file(it, word));
        Some(only).filter(|_| !is_file)
    }

    /// The components that were typed, or the command's default.
    fn components<'k>(&'k self, known: &'k Names) -> Vec<&'k str> {
        let typed = self.given.iter().filter(|(name, _)| *name == "component");
        let typed: Vec<&str> = typed.flat_map(|(_, names)| names.split(',')).collect();
        if !typed.is_empty() {
            return typed;
        }
        if let Some(name) = self.named_component(known) {
            return vec![name];
        }
        if self.command.get_name() == "qr-promote" {
            return vec![DEFAULT_COMPONENT];
        }
        let arg = options(self.command).find(|arg| arg.get_id() == "component");
        let default = arg.and_then(|arg| arg.get_default_values().first());
        default.and_then(|name| name.to_str()).into_iter().collect()
    }
}

fn options(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| !arg.is_positional())
}

fn fewest_values(arg: &Arg) -> usize {
    arg.get_num_args().map_or(0, |range| range.min_values())
}

fn most_values(arg: &Arg) -> usize {
    arg.get_num_args().map_or(0, |range| range.max_values())
}

fn value_name(arg: &Arg) -> &str {
    arg.get_value_names().and_then(<[_]>::first).map_or("", |name| name.as_str())
}

fn components(config: &Config) -> Vec<(String, String)> {
    let names = config.components.iter().map(|component| component.name.clone());
    names.map(|name| (name, "component".to_owned())).collect()
}

/// The first clause of a help text.
fn gist(help: Option<&clap::builder::StyledStr>) -> String {
    let help = help.map(ToString::to_string).unwrap_or_default();
    let ends = ["; ", " [", ". ", "\n"].into_iter().filter_map(|end| help.find(end));
    help[..ends.min().unwrap_or(help.len())].to_owned()
}

/// The text without characters that a terminal would obey.
fn without_odd(text: &str) -> String {
    text.chars().filter(|c| !is_obeyed(*c)).collect()
}
