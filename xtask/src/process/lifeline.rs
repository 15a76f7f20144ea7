//! Ends what this program started when this program ends, however it ends: by Ctrl-C, by a signal
//! that nobody can catch, or by a crash.

use std::process::Command;

/// Runs its arguments. Its standard input is a pipe that this program holds open; when that pipe
/// ends, the process group is asked to end, so that git removes its lock files, and then forced.
const SCRIPT: &str = r#"
exec 3<&0 </dev/null
(
    trap '' TERM
    read -r _ <&3
    kill -s TERM -- -$$
    sleep 2
    kill -s KILL -- -$$
) >/dev/null 2>&1 &
"$@" 3<&-
status=$?
exec 2>/dev/null
kill -s KILL $!
exit $status
"#;

/// The same command under a shell that watches its standard input. It must be given a process group
/// of its own.
pub(super) fn watched(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", SCRIPT, "sh"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell
}
