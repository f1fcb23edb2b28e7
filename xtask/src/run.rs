//! Runs other programs, and reads and writes files.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// The result of a task. The error is the message for the user.
pub(crate) type Result<T = ()> = std::result::Result<T, String>;

/// The repository's root folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the root").to_owned()
}

/// Writes a line to standard error.
pub(crate) fn say(message: &str) {
    // If standard error is closed, nobody can read the message.
    drop(writeln!(std::io::stderr(), "{message}"));
}

/// Runs a program in the root folder and waits for its success.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result {
    run_in(&root(), program, arguments)
}

/// Runs a program in a folder and waits for its success.
pub(crate) fn run_in(folder: &Path, program: &str, arguments: &[&str]) -> Result {
    let status = ended(folder, program, arguments)?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{program} {} failed: {status}", arguments.join(" ")))
    }
}

/// Runs a program in the root folder, and returns its exit code. Fails if it was killed.
pub(crate) fn exit_code(program: &str, arguments: &[&str]) -> Result<i32> {
    let status = ended(&root(), program, arguments)?;
    status.code().ok_or_else(|| format!("{program} {} failed: {status}", arguments.join(" ")))
}

fn ended(folder: &Path, program: &str, arguments: &[&str]) -> Result<ExitStatus> {
    say(&format!("xtask: {program} {}", arguments.join(" ")));
    Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .status()
        .map_err(|error| format!("{program} cannot be started: {error}"))
}

/// The standard output of a program.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .output()
        .map_err(|error| format!("{program} cannot be started: {error}"))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{program} {} failed: {message}", arguments.join(" ")));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("{program}: {error}"))
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a file, and creates its folders.
pub(crate) fn write(path: &Path, text: &str) -> Result {
    let fail = |error| format!("{}: {error}", path.display());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(fail)?;
    }
    std::fs::write(path, text).map_err(fail)
}
