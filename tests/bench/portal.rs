//! The portal of 10,000 datasets: how long `lakewright report` takes, and how long a reader waits in headless Chromium.
//! The argument is the folder of the Node.js modules.

#[path = "../generate.rs"]
mod generate;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use generate::Size;
use nix::sys::resource::{UsageWho, getrusage};

const SIZE: Size = Size { environments: 100, teams: 1_000, datasets: 10_000 };

fn main() {
    let modules = std::env::args().nth(1).filter(|argument| !argument.starts_with("--"));
    let modules = modules.expect("the folder of the modules; `cargo xtask bench portal` names it");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mesh, out) = (folder.path().join("mesh"), folder.path().join("site"));
    for (path, text) in generate::mesh(SIZE) {
        let path = mesh.join(path);
        fs::create_dir_all(path.parent().expect("a file in the mesh")).expect("a folder");
        fs::write(path, text).expect("a file of the mesh");
    }
    say(
        "| 10,000 datasets, 100 environments, 1,000 teams | measured | goal |\n| --- | ---: | ---: |",
    );
    let start = Instant::now();
    let mut report = Command::new(env!("CARGO_BIN_EXE_lakewright"));
    report.arg("report").arg(&mesh).args(["--quiet", "--out"]).arg(&out);
    let status = report.stdout(Stdio::null()).status().expect("the binary runs");
    assert!(status.success(), "{status}");
    let memory = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the system counts").max_rss() / 1024;
    say(&format!("| `lakewright report` | {:.1} s | |", start.elapsed().as_secs_f64()));
    say(&format!("| its memory | {memory} MiB | |"));
    browse(Path::new(&modules), &out);
}

/// Opens the site in the browser, which prints the other lines.
fn browse(modules: &Path, site: &Path) {
    let script: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/bench/portal.mjs");
    // The browser is unpacked beside the modules once.
    let unpacked = modules.join("../chromium");
    fs::create_dir_all(&unpacked).expect("a folder");
    let mut node = Command::new("node");
    node.arg(script).arg(modules).arg(site).env("TMPDIR", unpacked);
    let status = node.status().expect("Node.js runs");
    assert!(status.success(), "{status}");
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("somebody reads");
}
