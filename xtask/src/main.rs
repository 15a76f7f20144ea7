//! The program as `cargo xtask` runs it.

use std::process::ExitCode;

fn main() -> ExitCode {
    xtask::main()
}
