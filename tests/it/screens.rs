//! What people see: all that the program prints, as it is until somebody means to change it. Where a line breaks is a part of
//! that, so everything is shown in two widths.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::run::{example, root, transcript};

mod access;
mod help;
mod mesh;

/// A narrow window beside another one, and the width of a pipe.
const WIDTHS: [usize; 2] = [60, 100];

/// Keeps what a session prints at each width in `snapshots/screens`.
pub(crate) fn at_each_width(name: &str, session: impl Fn(usize) -> String) {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(root().join("snapshots/screens"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for width in WIDTHS {
            insta::assert_snapshot!(format!("{name}.{width}"), session(width));
        }
    });
}

/// Runs a command in a folder: what was typed, the exit code, standard output and standard error.
pub(crate) fn printed(command: &mut Command, folder: &Path, width: usize, typed: &str) -> String {
    let output = command
        .args(typed.split_whitespace())
        .current_dir(folder)
        .env("COLUMNS", width.to_string())
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    let line = format!("$ lakewright {typed}");
    format!("{}\n{}\n", line.trim_end(), transcript(&output))
}

/// The program without anything that an account needs.
pub(crate) fn lakewright() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lakewright"));
    command.env_remove("AWS_ENDPOINT_URL");
    command
}

/// What commands print one after the other.
fn all(folder: &Path, width: usize, typed: &[&str]) -> String {
    typed.iter().map(|typed| printed(&mut lakewright(), folder, width, typed)).collect()
}

/// Copies the documents of an example into a folder, where its path is its name alone.
pub(crate) fn copied(name: &str, folder: &Path) {
    let to = folder.join(name);
    fs::create_dir(&to).expect("a folder");
    for entry in fs::read_dir(example(name)).expect("the example") {
        let from = entry.expect("an entry").path();
        if from.extension().is_some_and(|extension| extension == "yaml") {
            fs::copy(&from, to.join(from.file_name().expect("a file"))).expect("a copy");
        }
    }
}
