//! What the README says to try is what happens.

use std::fs;
use std::process::{Command, Stdio};

use super::Emulator;
use crate::run::{root, transcript};

/// Where `cargo xtask emulator` listens, which is what the README shows.
const SHOWN: &str = "http://127.0.0.1:4599";

/// Runs each command of the README's "Try it" that is one of `lakewright`, with what the README exports, in a folder that has
/// the examples.
#[test]
fn the_readmes_lab_deploys_as_it_says() {
    let text = fs::read_to_string(root().join("README.md")).expect("the README");
    let (_, section) = text.split_once("\n## Try it\n").expect("the section");
    let section = section.split("\n## ").next().expect("the section's text");
    let emulator = Emulator::start();
    assert!(section.contains(SHOWN), "the emulator's address");
    let shown = section.replace(SHOWN, &emulator.endpoint());
    let folder = tempfile::tempdir().expect("a folder");
    let examples = folder.path().join("examples");
    fs::create_dir_all(examples.join("lab")).expect("a folder");
    for file in ["mesh.yaml", "datasets.yaml", "shares.yaml"] {
        fs::copy(root().join("examples/lab").join(file), examples.join("lab").join(file))
            .expect("a copy");
    }
    let (mut exports, mut commands) = (String::new(), Vec::new());
    for line in shown.lines().filter_map(|line| line.strip_prefix("    ")) {
        if line.starts_with("export ") {
            exports.push_str(line);
            exports.push('\n');
        } else if let Some(arguments) = line.strip_prefix("cargo run --release -- ") {
            commands.push(arguments);
        }
    }
    assert!(commands.len() >= 4 && exports.contains("AWS_ENDPOINT_URL"), "{commands:?}");
    let mut last = String::new();
    for arguments in commands {
        let script = format!("{exports}{} {arguments}", env!("CARGO_BIN_EXE_lakewright"));
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("a shell");
        last = transcript(&output);
        assert!(output.status.success(), "$ lakewright {arguments}\n{last}");
    }
    assert!(last.contains("16 created, 0 updated"), "the last command deploys the lab: {last}");
}
