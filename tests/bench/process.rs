//! Whole runs of the binary: wall time, CPU time and memory, as a user experiences them. With the argument `changes` only the
//! reviews of the largest mesh.

#[path = "../generate.rs"]
mod generate;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use generate::Size;
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// In ascending order, because the operating system reports only the largest memory of all child processes so far.
const SIZES: [(&str, Size, u32); 4] = [
    (
        "1,000 datasets, 20 environments, 100 teams",
        Size { environments: 20, teams: 100, datasets: 1_000 },
        7,
    ),
    (
        "2,500 datasets, 25 environments, 250 teams",
        Size { environments: 25, teams: 250, datasets: 2_500 },
        5,
    ),
    (
        "5,000 datasets, 50 environments, 500 teams",
        Size { environments: 50, teams: 500, datasets: 5_000 },
        5,
    ),
    (
        "10,000 datasets, 100 environments, 1,000 teams",
        Size { environments: 100, teams: 1_000, datasets: 10_000 },
        5,
    ),
];

fn main() {
    // A file system in memory if there is one, so that other work of the disk does not disturb the measurement.
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = tempfile::tempdir_in(parent).expect("a temporary folder");
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/lab");
    say("| mesh | command | wall | CPU | memory |\n| --- | --- | ---: | ---: | ---: |");
    if std::env::args().any(|argument| argument == "changes") {
        let (name, size, runs) = SIZES[SIZES.len() - 1];
        let mesh = folder.path().join("mesh");
        let mut files = generate::mesh(size);
        write(&mesh, &files);
        report_changes(name, &mesh, &mut files, folder.path(), runs);
        return;
    }
    for command in COMMANDS {
        report("examples/lab", command, &[&lab], folder.path(), 21);
    }
    let foreign = folder.path().join("foreign");
    let templates = copies_of_others(&foreign);
    report(&format!("{templates} templates of others"), CHECK, &[&foreign], folder.path(), 7);
    for (name, size, runs) in SIZES {
        let mesh = folder.path().join(format!("mesh-{}", size.datasets));
        let mut files = generate::mesh(size);
        write(&mesh, &files);
        for command in COMMANDS {
            report(name, command, &[&mesh], folder.path(), runs);
            if command == SYNTH {
                report_changes(name, &mesh, &mut files, folder.path(), runs);
            }
        }
    }
}

/// The review of a mesh in which one dataset differs, of two equal assemblies, and of two that differ in each stack.
fn report_changes(
    name: &str,
    mesh: &Path,
    files: &mut [(String, String)],
    folder: &Path,
    runs: u32,
) {
    let changed = folder.join("changed");
    change_dataset(files);
    write(&changed, files);
    report(&format!("{name}; one dataset differs"), DIFF, &[mesh, &changed], folder, runs);
    let [before, after] = ["before", "after"].map(|out| folder.join(out));
    for out in [&before, &after] {
        let status = synth(mesh, out).stdout(Stdio::null()).status().expect("the binary runs");
        assert!(status.success(), "{name}: {status}");
    }
    report(&format!("{name}; equal assemblies"), DIFF, &[&before, &after], folder, runs);
    for (what, edit) in EDITS {
        let templates = templates(&after.join("templates"));
        let texts: Vec<String> =
            templates.iter().map(|path| fs::read_to_string(path).expect("a template")).collect();
        for (path, text) in templates.iter().zip(&texts) {
            fs::write(path, edit(text)).expect("a template");
        }
        let name = format!("{name}; {what} in each stack");
        report(&name, DIFF, &[&before, &after], folder, runs);
        for (path, text) in templates.iter().zip(&texts) {
            fs::write(path, text).expect("a template");
        }
    }
    for out in [changed, before, after] {
        fs::remove_dir_all(out).expect("the folder was there");
    }
}

/// Writes the files of a mesh.
fn write(mesh: &Path, files: &[(String, String)]) {
    for (path, text) in files {
        let path = mesh.join(path);
        fs::create_dir_all(path.parent().expect("a file in the mesh")).expect("a folder");
        fs::write(path, text).expect("a file of the mesh");
    }
}

/// Changes when the crawler of the first dataset runs: one property of one resource in one stack.
fn change_dataset(files: &mut [(String, String)]) {
    let first = files.iter_mut().find(|(path, _)| path == "datasets/d0.yaml");
    let (_, text) = first.expect("a file of datasets");
    let changed = text.replacen("cron(0 1 * * ? *)", "cron(0 2 * * ? *)", 1);
    assert_ne!(*text, changed, "a dataset has a crawler");
    *text = changed;
}

/// A name, and the function that changes a template.
type Edit = (&'static str, fn(&str) -> String);

/// What a new release of a library may change in each stack, and the function that changes it.
const EDITS: [Edit; 2] = [("another description", describe_otherwise), ("another tag", tag)];

/// Changes the first description of a resource, or that of the template if there is none.
fn describe_otherwise(template: &str) -> String {
    let mark = "\"Description\": \"";
    let resources = template.find("\"Resources\": {").expect("resources");
    let (head, rest) = template.split_at(resources);
    if rest.contains(mark) {
        return format!("{head}{}", rest.replacen(mark, &format!("{mark}Release 2. "), 1));
    }
    let changed = template.replacen(mark, &format!("{mark}Release 2. "), 1);
    assert_ne!(changed, template, "a template has a description");
    changed
}

/// Adds a tag to the first resource with tags. In a stack without one, another description stands for it.
fn tag(template: &str) -> String {
    let mark = "\"Tags\": [";
    if !template.contains(mark) {
        return describe_otherwise(template);
    }
    template.replacen(mark, &format!("{mark} {{ \"Key\": \"Release\", \"Value\": \"2\" }},"), 1)
}

/// The files below a folder of templates.
fn templates(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(templates(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Writes the templates of a mesh.
fn synth(mesh: &Path, out: &Path) -> Command {
    let mut process = Command::new(env!("CARGO_BIN_EXE_lakewright"));
    process.arg(SYNTH).arg(mesh).args(["--quiet", "--out"]).arg(out);
    process
}

/// In ascending order of memory, because the operating system reports only the largest of all child processes.
const COMMANDS: [&str; 3] = [SYNTH, "prove", "access"];

const SYNTH: &str = "synth";

/// The review of a change; it takes two sides.
const DIFF: &str = "diff";

/// The guardrails on the templates of other tools.
const CHECK: &str = "check --assembly";

/// Copies the apps in `examples/foreign` into separate folders until there are 2,400 templates. Returns the number of
/// templates.
fn copies_of_others(folder: &Path) -> usize {
    let apps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/foreign");
    let (mut templates, mut copies) = (0, 0);
    while templates < 2_400 {
        for app in ["cdk", "plain", "sam"] {
            let copy = folder.join(format!("{app}-{copies}"));
            fs::create_dir_all(&copy).expect("a folder");
            for file in fs::read_dir(apps.join(app)).expect("an app") {
                let file = file.expect("a file").path();
                let name = file.file_name().expect("a file's name");
                templates += usize::from(name != "manifest.json");
                fs::copy(&file, copy.join(name)).expect("a copy");
            }
        }
        copies += 1;
    }
    templates
}

/// Runs a command several times, `synth` into a new folder each time, and prints the medians.
fn report(name: &str, command: &str, inputs: &[&Path], folder: &Path, runs: u32) {
    let mut walls = Vec::new();
    let mut cpus = Vec::new();
    for run in 0..runs {
        let out: PathBuf = folder.join(format!("out-{run}"));
        let before = usage();
        let start = Instant::now();
        let mut process = Command::new(env!("CARGO_BIN_EXE_lakewright"));
        process.args(command.split(' ')).args(inputs).arg("--quiet");
        if command == SYNTH {
            process.arg("--out").arg(&out);
        }
        let status = process.stdout(Stdio::null()).status().expect("the binary runs");
        walls.push(start.elapsed());
        let after = usage();
        // The templates of other tools have findings, for which `check` exits with 4.
        let has_findings = command == CHECK && status.code() == Some(4);
        assert!(status.success() || has_findings, "{name}: {status}");
        cpus.push(cpu(&after).saturating_sub(cpu(&before)));
        if command == SYNTH {
            fs::remove_dir_all(&out).expect("the output was there");
        }
    }
    let memory = usage().max_rss() / 1024;
    say(&format!(
        "| {name} | {command} | {} ms | {} ms | {memory} MiB |",
        median(walls),
        median(cpus)
    ));
}

fn usage() -> Usage {
    getrusage(UsageWho::RUSAGE_CHILDREN).expect("the system counts")
}

fn cpu(usage: &Usage) -> Duration {
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

fn median(mut times: Vec<Duration>) -> u128 {
    times.sort_unstable();
    times[times.len() / 2].as_millis()
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("somebody reads");
}
