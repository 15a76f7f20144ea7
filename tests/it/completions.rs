//! `cargo xtask …` completed as it is typed, by real shells. In each of them `cargo` writes down the
//! words that reach it, so what a name could do to a command line would be seen.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::sandbox::{Output, Sandbox, is_missing};

/// Names that a shell would run or split if it got the chance.
const HOSTILE: &str = r#"
[component.qontract-reconcile]
upstream = "https://github.com/app-sre/qontract-reconcile"
[component.qontract-reconcile.environment."a$(touch${IFS}pwned)"]
pins = [{ file = ".env", variable = "A" }]
[component.qontract-reconcile.environment."it's"]
aliases = ["quoted"]
pins = [{ file = ".env", variable = "B" }]
[component.qontract-reconcile.environment."b:c=d@e"]
pins = [{ file = ".env", variable = "C" }]
[component.qontract-reconcile.environment."x`touch`;y\"\\&|<>*?[z]#!~{1..3}^"]
pins = [{ file = ".env", variable = "D" }]
[component.qontract-reconcile.environment."übung"]
pins = [{ file = ".env", variable = "E" }]
[component.qontract-reconcile.environment."re\u202Eorder"]
pins = [{ file = ".env", variable = "G" }]
[component.'other;touch`pwned`']
upstream = "https://example.com/other"
[component.'other;touch`pwned`'.environment.stage]
pins = [{ file = ".env", variable = "H" }]
"#;

const ODD: &str = "x`touch`;y\"\\&|<>*?[z]#!~{1..3}^";

/// The words before, the word that is typed, and what it becomes: all of them, one after another.
type Case = (&'static str, &'static str, &'static [&'static str]);

const CASES: &[Case] = &[
    ("xtask", "qr", &["qr-promote"]),
    ("+stable -q xtask", "qr", &["qr-promote"]),
    ("xtask help", "qr", &["qr-promote"]),
    ("xtask", "compl", &["completions"]),
    ("xtask completions", "", &["bash", "zsh", "fish"]),
    ("xtask status --format", "", &["text", "json", "markdown", "html"]),
    ("xtask status", "--che", &["--check"]),
    ("xtask status --check", "--che", &[]),
    ("xtask qr-promote --format", "", &["text", "json"]),
    ("xtask qr-promote --wait-image", "--wai", &[]),
    ("xtask qr-promote --wait-image", "--no-im", &[]),
    ("xtask qr-promote --wait-image 5m", "--stri", &["--strict"]),
    ("xtask status", "--color=al", &["--color=always"]),
    ("xtask promote --all", "--env", &["--env"]),
    ("xtask promote --ref", "", &[]),
    ("xtask promote --env", "", &["a$(touch${IFS}pwned)", "it's", "b:c=d@e", ODD, "übung"]),
    ("xtask --quiet qr-promote --env", "i", &["it's"]),
    ("xtask qr-promote --env", "quo", &["quoted"]),
    ("xtask qr-promote --env", "one", &[]),
    ("xtask promote", "--env=i", &["--env=it's"]),
    ("xtask promote", "--env=b:", &["--env=b:c=d@e"]),
    ("xtask promote --env", "b:c", &["b:c=d@e"]),
    ("xtask promote --env", "x", &[ODD]),
    ("xtask promote --env", "üb", &["übung"]),
    ("xtask changes --component", "'qo", &["qontract-reconcile"]),
    ("xtask changes --component", "\"qo", &["qontract-reconcile"]),
    ("xtask promote --env", "it\\'", &["it's"]),
    ("xtask promote --env übung", "i", &["it's"]),
    ("xtask promote --env", "übung,i", &["übung,it's"]),
    ("xtask promote --env", "it\\'s,i", &[]),
    ("xtask changes --component", "", &["qontract-reconcile", "other;touch`pwned`"]),
    ("xtask changes --component 'other;touch`pwned`' --env", "", &["stage"]),
    ("xtask status --env", "st", &["stage"]),
    (
        "xtask promote --component qontract-reconcile 'other;touch`pwned`' --env",
        "",
        &["a$(touch${IFS}pwned)", "it's", "b:c=d@e", ODD, "übung", "stage"],
    ),
    ("xtask --config built-in.toml promote --env", "", &["built-in"]),
    ("xtask --config nowhere.toml promote --env", "", &[]),
    ("xtask --config", "built", &["built-in.toml"]),
    ("xtask explain", "built", &["built-in.toml"]),
    ("xtask status", "--config=built", &["--config=built-in.toml"]),
    ("", "bui", &["build"]),
];

/// In bash: the completion that cargo has already, and one that is loaded when it is needed.
const BASH: [&str; 2] = [
    "_own() { COMPREPLY=(\"$2ld\"); }; complete -o nosort -F _own cargo",
    "_completion_loader() { _own() { COMPREPLY=(\"$2ld\"); }; complete -o nospace -F _own $1; }",
];

const ZSH: &str = r#"
autoload -Uz compinit && compinit -D -u
_own() { compadd "${PREFIX}ld" }
compdef _own cargo
source "$SCRIPTS/zsh"
cargo() { (( ! $# )) || printf '[%s]' "$@" >> "$SCRIPTS/called"; echo >> "$SCRIPTS/called"; print DONE }
# The key inserts every match.
zle -C all-matches complete-word _generic
zstyle ':completion:all-matches:*' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert true
bindkey '^I' all-matches
unsetopt beep prompt_cr prompt_sp
stty -echo
print DONE
"#;

/// A terminal for zsh, whose line editor needs one.
const TERMINAL: &str = r#"
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell 'source "$SCRIPTS/zshrc"'
zpty -r shell out '*DONE*'
while IFS= read -r line; do
    zpty -w -n shell "$line"$'\t\n'
    zpty -r shell out '*DONE*'
done < "$SCRIPTS/lines"
zpty -d shell
cat "$SCRIPTS/called"
"#;

const FISH: &str = r#"
source "$SCRIPTS/fish"
while read -l line
    set -l words (complete -C --escape -- $line | string replace -r '\t.*' '')
    test -z "$words"; or eval printf "'[%s]'" $words
    echo
end < "$SCRIPTS/lines"
"#;

struct Shells {
    sandbox: Sandbox,
    /// What is typed first.
    name: &'static str,
}

impl Shells {
    fn new() -> Self {
        Shells::of(env!("CARGO_BIN_EXE_xtask"), "cargo")
    }

    /// A checkout with the tool and the hostile names; the program is in a hostile folder.
    fn of(program: &str, name: &'static str) -> Self {
        let sandbox = Sandbox::new();
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        sandbox.write("xtask/Cargo.toml", &fs::read_to_string(manifest).unwrap());
        sandbox.write("promote.toml", HOSTILE);
        let one = HOSTILE.split("[component.qontract-reconcile.environment").take(2);
        let one = one.collect::<Vec<_>>().join("[component.qontract-reconcile.environment");
        sandbox.write("built-in.toml", &one.replace("\"a$(touch${IFS}pwned)\"", "built-in"));
        let folder = sandbox.world.root.join("it's $(touch pwned) \\a");
        fs::create_dir(&folder).unwrap();
        // Not by this process, which other threads copy while it has the file open for writing.
        let copy = Command::new("cp").arg(program).arg(&folder).status();
        assert!(copy.unwrap().success());
        let program = folder.join(Path::new(program).file_name().unwrap()).display().to_string();
        for shell in ["bash", "zsh", "fish"] {
            let script = sandbox.program(&program, &["completions", shell]).run().succeeds();
            assert_eq!(script.stderr, "");
            let script = script.stdout.replace("[root]", sandbox.world.root.to_str().unwrap());
            fs::write(sandbox.world.root.join(shell), script).unwrap();
        }
        fs::write(sandbox.world.root.join("zshrc"), ZSH.replace("cargo", name)).unwrap();
        Shells { sandbox, name }
    }

    /// Runs a shell in the checkout, with an input.
    fn run(&self, shell: &str, args: &[&str], input: &str) -> Output {
        let root = &self.sandbox.world.root;
        let run = self.sandbox.program(shell, args);
        let run = run.env("SCRIPTS", root).env("HISTFILE", "").env("TERM", "dumb");
        let mut run = run.env("LC_ALL", "C.UTF-8").env("LANG", "C.UTF-8");
        run.command().stdin(Stdio::piped());
        let mut child = run.spawn();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        self.sandbox.output(child.wait_with_output().unwrap())
    }

    /// What reaches cargo when every line is completed with every match, in bash.
    fn bash(&self, own: &str, lines: &[String]) -> String {
        let rc = format!(
            "PS1=; {own}; . \"$SCRIPTS/bash\"; bind '\"\\t\": insert-completions'\n\
             {}() {{ (( ! $# )) || printf '[%s]' \"$@\"; echo; }}\n",
            self.name
        );
        let file = self.sandbox.world.root.join("bashrc");
        fs::write(&file, rc).unwrap();
        let lines: String = lines.iter().map(|line| format!("{line}\t\n")).collect();
        let args = ["--noprofile", "--rcfile", file.to_str().unwrap(), "-i"];
        self.run("bash", &args, &lines).stdout
    }

    fn write_lines(&self, lines: &[String]) {
        let root = &self.sandbox.world.root;
        let _ = fs::remove_file(root.join("called"));
        fs::write(root.join("lines"), lines.join("\n") + "\n").unwrap();
    }

    fn zsh(&self, lines: &[String]) -> String {
        self.write_lines(lines);
        self.run("zsh", &["-f", "-c", TERMINAL], "").stdout
    }

    /// The words alone.
    fn fish(&self, lines: &[String]) -> String {
        self.write_lines(lines);
        let output = self.run("fish", &["-c", FISH], "");
        assert_eq!(output.stderr, "");
        output.stdout
    }

    fn is_unharmed(&self) {
        let left = self.sandbox.git("ls-files --others --exclude-standard");
        assert_eq!(left, "built-in.toml\nxtask/Cargo.toml\n");
    }
}

fn lines(cases: &[Case]) -> Vec<String> {
    lines_of("cargo", cases)
}

fn lines_of(name: &str, cases: &[Case]) -> Vec<String> {
    let line = |(before, typed, _): &Case| match *before {
        "" => format!("{name} {typed}"),
        before => format!("{name} {before} {typed}"),
    };
    cases.iter().map(line).collect()
}

/// What reaches cargo.
fn called(cases: &[Case]) -> String {
    let mut text = String::new();
    for (before, typed, found) in cases {
        let typed = typed.replace('\\', "");
        let typed = Some(typed.as_str()).filter(|word| found.is_empty() && !word.is_empty());
        let before = before.replace('\'', "");
        for word in before.split_whitespace().chain(typed).chain(found.iter().copied()) {
            text.push_str(&format!("[{word}]"));
        }
        text.push('\n');
    }
    text
}

/// What may stand at the cursor.
fn found(cases: &[Case]) -> String {
    let line = |found: &[&str]| found.iter().map(|word| format!("[{word}]")).collect::<String>();
    cases.iter().map(|(_, _, found)| line(found) + "\n").collect()
}

#[test]
fn bash() {
    let shells = Shells::new();
    for own in BASH {
        Output::of(shells.bash(own, &lines(CASES))).assert(0, &called(CASES), "");
    }
    shells.is_unharmed();
}

#[test]
fn zsh() {
    if is_missing("zsh") {
        return;
    }
    let shells = Shells::new();
    Output::of(shells.zsh(&lines(CASES))).assert(0, &called(CASES), "");
    shells.is_unharmed();
}

#[test]
fn fish() {
    if is_missing("fish") {
        return;
    }
    let shells = Shells::new();
    // fish also takes what only has the letters in it.
    let is_exact = |(_, typed, found): &&Case| typed.is_empty() || !found.is_empty();
    let cases: Vec<_> = CASES.iter().filter(is_exact).copied().collect();
    Output::of(shells.fish(&lines(&cases))).assert(0, &found(&cases), "");
    shells.is_unharmed();
}

/// With `~` and blanks, as fish itself does it.
#[test]
fn paths_in_fish() {
    if is_missing("fish") {
        return;
    }
    let shells = Shells::new();
    let home = shells.sandbox.world.root.join("home");
    fs::create_dir(home.join("a b")).unwrap();
    fs::write(home.join("a b/c"), "").unwrap();
    let check = |typed: &str, found: &str| {
        let output = Output::of(shells.fish(&[format!("cargo xtask {typed}")]));
        output.assert(0, &format!("{found}\n"), "");
    };
    check("explain ~/.gitc", "[[root]/home/.gitconfig]");
    check("--config=~/.gitc", "[--config=~/.gitconfig]");
    check("explain ~/a\\ b/", "[[root]/home/a b/c]");
    check("--repo ~/a\\ b/", "");
    check("adopt ~/a", "[[root]/home/a b/]");
}

/// The installed program completes its own name in the same way, in any folder.
#[test]
fn installed() {
    let shells = Shells::of(env!("CARGO_BIN_EXE_app-promote"), "app-promote");
    fs::remove_file(shells.sandbox.world.repository.join("xtask/Cargo.toml")).unwrap();
    let own = |(before, typed, found): &Case| {
        let is_exact = typed.is_empty() || !found.is_empty();
        Some((before.strip_prefix("xtask")?.trim_start(), *typed, *found)).filter(|_| is_exact)
    };
    let cases: Vec<Case> = CASES.iter().filter_map(own).collect();
    let lines = lines_of("app-promote", &cases);
    Output::of(shells.bash(":", &lines)).assert(0, &called(&cases), "");
    if !is_missing("zsh") {
        Output::of(shells.zsh(&lines)).assert(0, &called(&cases), "");
    }
    if !is_missing("fish") {
        Output::of(shells.fish(&lines)).assert(0, &found(&cases), "");
    }
    let left = shells.sandbox.git("ls-files --others --exclude-standard");
    assert_eq!(left, "built-in.toml\n");
}

/// Where `cargo xtask` is another project's, or not there at all, cargo's own completion answers.
#[test]
fn other_projects() {
    if is_missing("zsh") || is_missing("fish") {
        return;
    }
    let shells = Shells::new();
    shells.sandbox.write("xtask/Cargo.toml", "[package]\nname = \"xtask\"\n");
    let cases: &[Case] = &[("xtask", "qr", &["qrld"]), ("xtask promote --env", "zz", &["zzld"])];
    let check = || {
        Output::of(shells.bash(BASH[0], &lines(cases))).assert(0, &called(cases), "");
        Output::of(shells.zsh(&lines(cases))).assert(0, &called(cases), "");
        Output::of(shells.fish(&lines(cases))).assert(0, "\n\n", "");
    };
    check();
    // The program is gone.
    let shells = Shells::new();
    fs::remove_dir_all(shells.sandbox.world.root.join("it's $(touch pwned) \\a")).unwrap();
    Output::of(shells.bash(BASH[0], &lines(cases))).assert(0, &called(cases), "");
    Output::of(shells.zsh(&lines(cases))).assert(0, &called(cases), "");
    Output::of(shells.fish(&lines(cases))).assert(0, "\n\n", "");
}

/// The line is never disturbed: not by a configuration that is wrong, nor by a folder without one.
#[test]
fn silence() {
    let shells = Shells::new();
    let ask =
        |words: &[&str]| shells.sandbox.xtask(&[&["__complete", "zsh", "--"], words].concat());
    shells.sandbox.write("promote.toml", "[component");
    ask(&["promote", "--env", ""]).assert(0, "words\n", "");
    ask(&["--repo", "nowhere", "promote", "--env", ""]).assert(0, "words\n", "");
    ask(&["--repo", "~/nowhere", "promote", "--env", ""]).assert(0, "words\n", "");
    ask(&["--nonsense=1", "-zq", "nothing", "--env="]).assert(0, "words\n", "");
    ask(&["--", "--env="]).assert(
        0,
        &shells.sandbox.xtask(&["__complete", "zsh", "--", ""]).stdout,
        "",
    );
    ask(&[]).assert(0, &ask(&[""]).stdout, "");
    shells.sandbox.xtask(&["__complete", "bash", "--", ""]).assert(0, &ask(&[""]).stdout, "");
}

/// What comes after the name of a component is what the command takes there.
#[test]
fn the_environments_of_a_component_that_is_named() {
    let sandbox = Sandbox::new();
    let check = |words: &[&str], expected: &str| {
        let words = [&["__complete", "zsh", "--"], words].concat();
        let run = sandbox.program(env!("CARGO_BIN_EXE_app-promote"), &words).run().succeeds();
        let offered = run.stdout.lines().map(|line| line.split('\t').next().unwrap());
        assert_eq!(offered.collect::<Vec<_>>().join(" "), format!("words{expected}"), "{words:?}");
    };
    let all = " app-sre-prod-01 internal pr-check jenkins tekton";
    for command in ["promote", "status", "changes"] {
        check(&[command, "qontract-reconcile", "--env", ""], all);
        check(&[command, "schemas", "--env", ""], " pr-check");
    }
    check(&["promote", "qontract-reconcile", ""], all);
    check(&["promote", "schemas", ""], " pr-check");
    for option in ["--like", "--template", "--target"] {
        check(&["promote", "qontract-reconcile", option, ""], "");
    }
    // A part that a saas file has too means that.
    check(&["promote", "reconcile-int", ""], " app-sre-internal");
}
