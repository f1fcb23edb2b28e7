//! The steps in the README's "Try it" work as described.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use super::Emulator;
use crate::run::{root, transcript};

/// The endpoint of `cargo xtask emulator`, as the README shows it.
const SHOWN: &str = "http://127.0.0.1:4599";

/// Runs each `lakewright` command of the README's "Try it", with the variables that the README exports, in a folder with the
/// examples.
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

/// The emulator prints when a deployment can start, and which variables to export.
#[test]
fn the_emulator_says_when_it_is_ready_and_where() {
    let server = |port: u16| {
        let mut command = Command::new(root().join("target/python/bin/python"));
        command.arg(root().join("tests/emulator/server.py"));
        command.args(["--port", &port.to_string(), "--schemas"]);
        command.arg(root().join("template/data/schemas"));
        command
    };
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    // While another program uses the port, the emulator must not report that it is ready there.
    let taken = server(port).output().expect("Python runs");
    assert!(!taken.status.success());
    assert!(
        transcript(&taken).contains(&format!("port {port} is taken")),
        "{}",
        transcript(&taken)
    );
    drop(listener);
    let mut child = server(port)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the emulator starts");
    let lines = BufReader::new(child.stderr.take().expect("standard error")).lines();
    let said = lines.map_while(Result::ok).find(|line| line.starts_with("ready: "));
    let end = child.kill().and_then(|()| child.wait());
    let expected = format!("ready: AWS_ENDPOINT_URL=http://127.0.0.1:{port} (Ctrl-C ends it)");
    assert_eq!(said, Some(expected));
    end.expect("the emulator ends");
}
