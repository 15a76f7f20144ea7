//! Declares what can be typed once: the fields, their description for clap, and how they are read
//! back. That is what clap's derive does; its crates are a sixth of the first build.

use clap::{Arg, ArgAction, ArgMatches, Command};

/// A group of arguments.
pub trait Arguments: Sized {
    /// Adds them to a command.
    fn declare(command: Command) -> Command;

    /// Takes what was typed for them. The command must have been declared with them.
    fn take(matches: &mut ArgMatches) -> Self;
}

/// What the field of one argument holds.
pub trait Held: Sized {
    /// How clap collects it.
    const ACTION: ArgAction = ArgAction::Set;

    /// Takes it; `id` is that of the argument.
    fn take(matches: &mut ArgMatches, id: &str) -> Self;
}

/// Whether it was typed.
impl Held for bool {
    const ACTION: ArgAction = ArgAction::SetTrue;

    fn take(matches: &mut ArgMatches, id: &str) -> Self {
        matches.get_flag(id)
    }
}

impl<T: Clone + Send + Sync + 'static> Held for Option<T> {
    fn take(matches: &mut ArgMatches, id: &str) -> Self {
        matches.remove_one(id)
    }
}

impl<T: Clone + Send + Sync + 'static> Held for Vec<T> {
    const ACTION: ArgAction = ArgAction::Append;

    fn take(matches: &mut ArgMatches, id: &str) -> Self {
        matches.remove_many(id).map(Iterator::collect).unwrap_or_default()
    }
}

/// One that is required or has a default.
impl Held for String {
    fn take(matches: &mut ArgMatches, id: &str) -> Self {
        sure(matches, id)
    }
}

/// Takes what clap makes sure of.
pub fn sure<T: Clone + Send + Sync + 'static>(matches: &mut ArgMatches, id: &str) -> T {
    matches.remove_one(id).expect("it is required or has a default")
}

/// An argument with a help text that may have been broken into lines.
pub fn described<T: Held>(arg: Arg, help: &'static str) -> Arg {
    arg.action(T::ACTION).help(help.trim_start())
}

/// Declares groups of arguments: `field: Type = Arg`, and after them `with part: Type` for other
/// groups that go along. The doc comments of the fields are the help.
macro_rules! arguments {
    ($(
        $(#[doc = $about:literal])*
        pub struct $name:ident $(under $heading:literal)? {
            $($(#[doc = $help:literal])+ pub $field:ident: $type:ty = $arg:expr,)*
            $(with $part:ident: $group:ty,)*
        }
    )+) => {$(
        $(#[doc = $about])*
        #[derive(Debug)]
        pub struct $name {
            $($(#[doc = $help])+ pub $field: $type,)*
            $(pub $part: $group,)*
        }

        impl $crate::cli::declare::Arguments for $name {
            fn declare(command: clap::Command) -> clap::Command {
                let command = command$(.next_help_heading($heading))?;
                $(let command = {
                    let help = concat!($($help),+);
                    command.arg($crate::cli::declare::described::<$type>($arg, help))
                };)*
                $(let command = <$group as $crate::cli::declare::Arguments>::declare(command);)*
                command.next_help_heading(None)
            }

            fn take(matches: &mut clap::ArgMatches) -> Self {
                $name {
                    $($field: $crate::cli::declare::Held::take(matches, $arg.get_id().as_str()),)*
                    $($part: $crate::cli::declare::Arguments::take(matches),)*
                }
            }
        }
    )+};
}

/// Declares values to choose from, `Variant = "as it is typed"`. A doc comment is the help.
macro_rules! choices {
    ($(
        $(#[doc = $about:literal])*
        pub enum $name:ident { $($(#[doc = $help:literal])? $variant:ident = $typed:literal,)+ }
    )+) => {$(
        $(#[doc = $about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[doc = $help])? $variant,)+ }

        impl $name {
            /// As it is typed.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $typed,)+ }
            }
        }

        impl clap::ValueEnum for $name {
            fn value_variants<'a>() -> &'a [Self] {
                &[$($name::$variant),+]
            }

            fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
                let value = clap::builder::PossibleValue::new(self.name());
                Some(match self { $($name::$variant => value$(.help($help.trim_start()))?,)+ })
            }
        }

        impl $crate::cli::declare::Held for $name {
            fn take(matches: &mut clap::ArgMatches, id: &str) -> Self {
                $crate::cli::declare::sure(matches, id)
            }
        }
    )+};
}

/// Declares the commands, `Group = "name"`, each with a group of arguments of the same name. The
/// doc comments are the help. Without its cargo feature a command isn't there.
macro_rules! commands {
    (pub enum $name:ident { $(
        #[doc = $about:literal] $(#[cfg(feature = $feature:literal)])? $group:ident = $typed:literal,
    )+ }) => {
        #[derive(Debug)]
        pub enum $name { $(#[doc = $about] $(#[cfg(feature = $feature)])? $group($group),)+ }

        impl $name {
            /// As it is typed.
            pub fn name(&self) -> &'static str {
                match self { $($(#[cfg(feature = $feature)])? $name::$group(_) => $typed,)+ }
            }

            fn all() -> Vec<clap::Command> {
                let mut all = Vec::new();
                $($(#[cfg(feature = $feature)])? {
                    let command = clap::Command::new($typed).about($about.trim_start());
                    all.push(<$group as $crate::cli::declare::Arguments>::declare(command));
                })+
                all
            }

            fn take(name: &str, matches: &mut clap::ArgMatches) -> Option<Self> {
                match name {
                    $($(#[cfg(feature = $feature)])? $typed => {
                        let group = $crate::cli::declare::Arguments::take(matches);
                        Some($name::$group(group))
                    })+
                    _ => None,
                }
            }
        }
    };
}

pub(super) use {arguments, choices, commands};
