//! Parses the command line, runs one command, prints the error, decides the exit status.
fn main() {}
