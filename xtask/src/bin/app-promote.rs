//! The same program under the name that it is installed by.

use std::process::ExitCode;

fn main() -> ExitCode {
    xtask::main()
}
