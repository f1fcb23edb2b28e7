//! Refreshes as a user experiences them. First one that finds nothing to do in 100 accounts, and one that plans a change of each
//! stack there, against `listing.py`. Then about 120 small stacks in one account of the emulator, by turns with the CDK's command
//! line, if its path is an argument: `cargo xtask bench fleet` installs both.

#[path = "../generate.rs"]
mod generate;

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use generate::Size;
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// 10,001 stacks in 100 accounts and the central one.
const WIDE: Size = Size { environments: 100, teams: 1_000, datasets: 5_090 };
/// So many teams, each with a small stack: a role and a policy. With the other stacks of an environment these are 119 stacks.
const TEAMS: usize = 115;
const CENTRAL: &str = "111111111111";
const WIDE_RUNS: usize = 7;
const DEEP_RUNS: usize = 3;
const CONCURRENCY: [&str; 2] = ["10", "30"];
/// The exit code of a run that was stopped.
const DECLINED: i32 = 8;

fn main() {
    // A file system in memory if there is one, so that other work of the disk does not disturb the measurement.
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = tempfile::tempdir_in(parent).expect("a temporary folder");
    wide(folder.path());
    let cdk = std::env::args().find(|argument| argument.ends_with("/cdk"));
    deep(folder.path(), cdk.as_deref());
}

/// Measures refreshes of many accounts: one without changes, and one that plans a change of each stack and has no time left to
/// make it.
fn wide(folder: &Path) {
    let mesh = written(&folder.join("wide"), generate::mesh(WIDE));
    let (assembly, stacks) = assembled(&mesh, &folder.join("wide-assembly"));
    say(&format!("{stacks} stacks in {} accounts", WIDE.environments + 1));
    say("| | wall | CPU | memory | CPU of the server |\n| --- | ---: | ---: | ---: | ---: |");
    let listing = |options: &[&str]| {
        Server::start("tests/bench/listing.py", "/_test/counts", |command| {
            command.arg("--assembly").arg(&assembly).args(options);
        })
    };
    let runs = |server: &Server, options: &[&str], code: i32| {
        let mut command = refresh(&mesh, &assembly, server, options);
        (0..WIDE_RUNS).map(|_| measured(server, &mut command, code)).collect::<Vec<Run>>()
    };
    let server = listing(&[]);
    say_row("no change, 50 ms for each answer", &runs(&server, &[], 0));
    say_row("no change", &runs(&listing(&["--delay", "0"]), &[], 0));
    let planned = runs(&listing(&["--delay", "0", "--moved"]), &["--minutes", "0"], DECLINED);
    say_row("each stack changes, until it would begin", &planned);
    say(&format!("requests of the first row: {}\n", server.ask("GET", "/_test/counts")));
}

/// Measures deployments of many stacks of one account, and runs without changes.
fn deep(folder: &Path, cdk: Option<&str>) {
    let mesh = written(&folder.join("deep"), vec![("mesh.yaml".to_owned(), small())]);
    let (assembly, stacks) = assembled(&mesh, &folder.join("deep-assembly"));
    let schemas = root().join("template/data/schemas");
    let emulator = Server::start("tests/emulator/server.py", "/_test/ready", |command| {
        command.arg("--schemas").arg(&schemas);
    });
    say(&format!("{stacks} stacks in one account"));
    say("| | wall | CPU | memory | CPU of the server |\n| --- | ---: | ---: | ---: | ---: |");
    for concurrency in CONCURRENCY {
        let mut rows = [(); 4].map(|()| Vec::<Run>::new());
        for _ in 0..DEEP_RUNS {
            if let Some(program) = cdk {
                emulator.ask("POST", "/_test/reset");
                for row in &mut rows[..2] {
                    let mut command = cdk_deploy(program, &assembly, &emulator, folder);
                    row.push(measured(&emulator, command.args(["--concurrency", concurrency]), 0));
                }
            }
            emulator.ask("POST", "/_test/reset");
            let limits = ["--concurrency", concurrency, "--per-region", concurrency];
            for row in &mut rows[2..] {
                let mut command = refresh(&mesh, &assembly, &emulator, &limits);
                row.push(measured(&emulator, &mut command, 0));
            }
        }
        let names = ["CDK, first", "CDK, no change", "`refresh`, first", "`refresh`, no change"];
        for (name, runs) in names.iter().zip(&rows).filter(|(_, runs)| !runs.is_empty()) {
            say_row(&format!("{name}, {concurrency} at once"), runs);
        }
    }
}

/// A mesh with small stacks. The CDK deploys with the caller's credentials alone, so everything is in the caller's account.
fn small() -> String {
    let mut teams = String::new();
    for number in 1..TEAMS {
        writeln!(teams, "  - {{ team: Team{number}, permissions: [create_share] }}")
            .expect("a string takes all");
    }
    format!(
        "kind: Tenant\nid: bench\ncentral_account: \"{CENTRAL}\"\nhome_region: eu-west-1\npivot_role:\n  \
         external_id: bench-0123456789\n  trusted_roles: [\"arn:aws:iam::{CENTRAL}:role/platform\"]\n---\n\
         kind: Organization\nid: all\nteam: Admins\n---\nkind: Environment\nid: e0\norganization: all\n\
         account: \"{CENTRAL}\"\nregion: eu-west-1\nteam: Admins\nfeatures:\n  \
         {{ datasets: false, notebooks: false, ml_studio: false, pipelines: false, dashboards: false, worksheets: false }}\n\
         teams:\n{teams}"
    )
}

/// A server in Python that ends with the benchmark.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Server {
    fn start(script: &str, ready: &str, add: impl FnOnce(&mut Command)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let mut command = Command::new(root().join("target/python/bin/python"));
        command.arg(root().join(script)).args(["--port", &port.to_string()]);
        add(&mut command);
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("`cargo xtask bench fleet` installs Python's packages");
        let server = Self { child, port };
        let start = Instant::now();
        while server.request("GET", ready).is_none() {
            assert!(start.elapsed() < Duration::from_mins(1), "{script} is not ready");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn ask(&self, method: &str, path: &str) -> String {
        self.request(method, path).expect("an answer")
    }

    /// The body of an answer; `None` if there is none.
    fn request(&self, method: &str, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
    }

    /// The CPU time that it has used: `utime` and `stime` of proc_pid_stat(5), in hundredths of a second.
    fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.unwrap_or_default();
        let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks = rest.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.filter_map(|text| text.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }
}

/// What one run took.
struct Run {
    wall: Duration,
    cpu: Duration,
    kibibytes: u64,
    server: Duration,
}

/// Runs a command, which has to end with this code.
fn measured(server: &Server, command: &mut Command, code: i32) -> Run {
    let (before, of_server) = (usage(), server.cpu());
    let start = Instant::now();
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut stderr = child.stderr.take().expect("a pipe");
    // What is printed is read meanwhile, so that the program does not wait for it.
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        drop(stderr.read_to_string(&mut text));
        text
    });
    let status = format!("/proc/{}/status", child.id());
    let mut kibibytes = 0;
    let exit = loop {
        if let Some(exit) = child.try_wait().expect("a state") {
            break exit;
        }
        kibibytes = peak(&status).unwrap_or(kibibytes);
        std::thread::sleep(Duration::from_millis(2));
    };
    let wall = start.elapsed();
    let text = reader.join().expect("the text");
    assert_eq!(exit.code(), Some(code), "{text}");
    let cpu = cpu(&usage()).saturating_sub(cpu(&before));
    Run { wall, cpu, kibibytes, server: server.cpu().saturating_sub(of_server) }
}

/// The largest memory of a process so far, in KiB: `VmHWM` of proc_pid_status(5). The system counts children only together.
fn peak(status: &str) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("cli lies in the root").to_owned()
}

/// Writes the files of a mesh into a folder.
fn written(folder: &Path, files: Vec<(String, String)>) -> PathBuf {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a file in the mesh")).expect("a folder");
        fs::write(path, text).expect("a file of the mesh");
    }
    folder.to_owned()
}

/// Writes the assembly of a mesh. Returns its folder, and the number of stacks.
fn assembled(mesh: &Path, out: &Path) -> (PathBuf, usize) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lakewright"));
    let status = command.arg("synth").arg(mesh).args(["--quiet", "--out"]).arg(out).status();
    assert!(status.expect("the binary runs").success(), "{}", mesh.display());
    let list = fs::read_to_string(out.join("assembly.json")).expect("a list of stacks");
    (out.to_owned(), list.matches("\n{\"name\":").count())
}

/// Gives a program the caller's credentials and the address of a server.
fn as_central(command: &mut Command, server: &Server) {
    command
        .env("AWS_ENDPOINT_URL", server.endpoint())
        .env("AWS_ACCESS_KEY_ID", CENTRAL)
        .env("AWS_SECRET_ACCESS_KEY", "any")
        .env("AWS_REGION", "eu-west-1")
        .env_remove("AWS_PROFILE")
        .stdin(Stdio::null());
}

fn refresh(mesh: &Path, assembly: &Path, server: &Server, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lakewright"));
    as_central(&mut command, server);
    command.arg("refresh").arg(mesh).arg("--assembly").arg(assembly).args(options);
    command
}

/// The CDK's command line deploys the same assembly.
fn cdk_deploy(program: &str, assembly: &Path, server: &Server, folder: &Path) -> Command {
    let mut command = Command::new(program);
    as_central(&mut command, server);
    command
        .args(["deploy", "--all", "--require-approval", "never", "--no-notices", "--app"])
        .arg(assembly)
        .arg("--output")
        .arg(folder.join("cdk.out"))
        .env("CDK_DISABLE_VERSION_CHECK", "1");
    command
}

/// Prints the medians of several runs.
fn say_row(name: &str, runs: &[Run]) {
    let of = |part: fn(&Run) -> Duration| median(runs.iter().map(part).collect());
    let memory = runs.iter().map(|run| run.kibibytes).max().unwrap_or_default() / 1024;
    say(&format!(
        "| {name} | {:.2} s | {:.2} s | {memory} MiB | {:.2} s |",
        of(|run| run.wall).as_secs_f64(),
        of(|run| run.cpu).as_secs_f64(),
        of(|run| run.server).as_secs_f64(),
    ));
}

fn usage() -> Usage {
    getrusage(UsageWho::RUSAGE_CHILDREN).expect("the system counts")
}

fn cpu(usage: &Usage) -> Duration {
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("somebody reads");
}
