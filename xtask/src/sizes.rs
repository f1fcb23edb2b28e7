//! Checks that no file is too long, and that no file has a meaningless name.

use crate::run::{Result, output, read, root};

const LINES: usize = 600;
const MAIN_LINES: usize = 60;
const COMMAND_LINES: usize = 150;
const FORBIDDEN_NAMES: [&str; 6] =
    ["common.rs", "errors.rs", "helpers.rs", "mod.rs", "types.rs", "utils.rs"];

/// Checks every Rust file that git knows, except generated code.
pub(crate) fn check() -> Result {
    let files = output("git", &["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"])?;
    let mut breaches = Vec::new();
    for file in files.lines().filter(|file| !file.contains("/cfn/")) {
        let path = root().join(file);
        if !path.exists() {
            continue;
        }
        let lines = read(&path)?.lines().count();
        let name = file.rsplit('/').next().unwrap_or(file);
        let limit = if name == "main.rs" && !file.contains("/it/") && !file.contains("/tests/") {
            MAIN_LINES
        } else if file.starts_with("cli/src/command/") {
            COMMAND_LINES
        } else {
            LINES
        };
        if lines > limit {
            breaches.push(format!("{file}: {lines} lines, at most {limit}"));
        }
        if FORBIDDEN_NAMES.contains(&name) {
            breaches.push(format!("{file}: name it after the one thing in it"));
        }
    }
    if breaches.is_empty() { Ok(()) } else { Err(breaches.join("\n")) }
}
