//! A mesh is read at a git revision as it is read from a folder, or not at all.
//!
//! The repositories are made by the `git` program. What it shows of links, submodules, shallow and partial clones was
//! seen with git 2.47.3.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use lakewright_analysis::mesh::{Loaded, load};
use lakewright_analysis::revision::{Revision, load_revision};
use tempfile::TempDir;

use crate::run::{BASE, BASE_DATASET, transcript};

/// A commit that no repository has.
const NO_COMMIT: &str = "1234567890123456789012345678901234567890";

/// The variables that git sets for its hooks, and one that changes how git reads paths.
const VARIABLES: [&str; 6] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_ICASE_PATHSPECS",
];

/// Git in a folder, with no settings but these.
pub(crate) fn git_command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    for name in VARIABLES {
        command.env_remove(name);
    }
    let settings = ["commit.gpgsign=false", "user.name=Somebody", "user.email=nobody@example.com"];
    command
        .args(settings.iter().flat_map(|setting| ["-c", *setting]))
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

/// Runs git in a folder, and returns its output.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = git_command(folder, arguments).output().expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", transcript(&output));
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

/// A repository with a mesh in the folder `mesh`, not committed yet.
struct Repository {
    folder: TempDir,
}

impl Repository {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
        let repository = Self { folder };
        repository.write("mesh/base.yaml", BASE);
        repository.write("mesh/sub/sales.yaml", BASE_DATASET);
        repository
    }

    /// A repository whose mesh is committed.
    fn committed() -> Self {
        let repository = Self::new();
        repository.commit();
        repository
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn join(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn link(&self, path: &str, target: &str) {
        std::os::unix::fs::symlink(target, self.join(path)).expect("a link");
    }

    fn submodule(&self, path: &str) {
        let entry = format!("160000,{NO_COMMIT},{path}");
        git(self.path(), &["update-index", "--add", "--cacheinfo", &entry]);
    }

    fn commit(&self) {
        git(self.path(), &["add", "--all", "--", ":/"]);
        git(self.path(), &["commit", "--quiet", "--allow-empty", "--message=change: it"]);
    }
}

fn at(folder: &Path, revision: &str) -> Loaded {
    let parsed = Revision::parse(revision).expect("a revision");
    load_revision(&parsed, folder).unwrap_or_else(|error| unreachable!("{revision}: {error}"))
}

/// The code and the message of the error.
fn error_at(folder: &Path, revision: &str) -> (&'static str, String) {
    let parsed = Revision::parse(revision).expect("a revision");
    let error = load_revision(&parsed, folder).expect_err(revision);
    (error.code(), error.to_string())
}

fn assert_code(folder: &Path, revision: &str, code: &str, part: &str) {
    let (found, message) = error_at(folder, revision);
    assert!(found == code && message.contains(part), "{revision}: {found}: {message}");
}

fn files(loaded: &Loaded) -> Vec<(&str, &str)> {
    loaded.sources.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect()
}

fn assert_equal(one: &Loaded, other: &Loaded) {
    assert_eq!(files(one), files(other));
    assert_eq!(one.report, other.report);
    assert_eq!(one.mesh.is_some(), other.mesh.is_some());
}

#[test]
fn the_files_of_a_revision_are_those_of_a_folder() {
    let repository = Repository::new();
    repository.write("mesh/sub/żółć.YML", "# read\n");
    repository.write("mesh/a:b.yaml", "# read\n");
    repository.write("mesh/:(top)c.yaml", "# read\n");
    repository.write("mesh/line\nfeed.yaml", "# read\r\n");
    repository.write("mesh/latin.yaml", b"# caf\xe9\n");
    repository.write("mesh/empty.yaml", "");
    repository.write("mesh/bom.yaml", "\u{feff}# read\n");
    for skipped in ["notes.txt", "yaml", ".hidden.yaml", ".hidden/a.yaml", "sub/a.yaml.bak"] {
        repository.write(&format!("mesh/{skipped}"), "[");
    }
    repository.write("mesh-2/other.yaml", "[");
    repository.commit();
    git(repository.path(), &["tag", "--annotate", "--message=first", "v1"]);
    let commit = git(repository.path(), &["rev-parse", "HEAD"]);
    let folder = load(&repository.join("mesh")).expect("a mesh");
    assert_eq!(folder.sources.len(), 9);

    // What is not committed changes nothing.
    repository.write("mesh/base.yaml", "[");
    repository.write("mesh/new.yaml", "[");
    git(repository.path(), &["add", "mesh/new.yaml"]);
    let index = || fs::read(repository.join(".git/index")).expect("the index");
    let state = || git(repository.path(), &["--no-optional-locks", "status", "--porcelain"]);
    let (index_before, state_before) = (index(), state());
    let names =
        ["main", "HEAD", "v1", &commit[..], &commit[..12], "main@{0}", "main^{/change: it}"];
    for name in names {
        for path in ["mesh", "mesh/", "./mesh", "mesh//", "./mesh/sub/.."] {
            assert_equal(&at(repository.path(), &format!("git:{name}:{path}")), &folder);
        }
    }
    assert!(index() == index_before && state() == state_before, "nothing is written");
}

#[test]
fn a_path_with_dots_is_relative_to_the_folder() {
    let repository = Repository::committed();
    let mesh = load(&repository.join("mesh")).expect("a mesh");
    let root = load(repository.path()).expect("a mesh");
    let sub = load(&repository.join("mesh/sub")).expect("files");
    let folder = repository.join("mesh/sub");
    assert_equal(&at(&folder, "git:main:."), &sub);
    assert_equal(&at(&folder, "git:main:./"), &sub);
    assert_equal(&at(&folder, "git:main:.."), &mesh);
    assert_equal(&at(&folder, "git:main:../../mesh"), &mesh);
    assert_equal(&at(&folder, "git:main:mesh"), &mesh);
    assert_equal(&at(&folder, "git:main:../.."), &root);
    assert_equal(&at(&folder, "git:main"), &root);
    assert_code(&folder, "git:main:../../..", "outside-repository", "`../../..`");
    assert_code(&folder, "git:main:mesh/../../mesh", "outside-repository", "`mesh/../../mesh`");
    assert_code(&folder, "git:main:./mesh", "not-in-revision", "`mesh/sub/mesh`");
}

#[test]
fn a_file_is_a_mesh() {
    let repository = Repository::committed();
    let file = load(&repository.join("mesh/base.yaml")).expect("a mesh");
    assert_equal(&at(repository.path(), "git:main:mesh/base.yaml"), &file);
}

#[test]
fn more_files_are_read_than_a_pipe_holds() {
    let repository = Repository::new();
    for number in 0..2_500 {
        repository.write(&format!("mesh/{number}.yaml"), format!("# {number}\n").repeat(20));
    }
    repository.commit();
    let folder = load(&repository.join("mesh")).expect("a mesh");
    assert_equal(&at(repository.path(), "git:main:mesh"), &folder);
}

#[test]
fn a_file_that_is_too_large_is_a_finding() {
    let repository = Repository::new();
    let large = repository.join("mesh/large.yaml");
    let file = File::create(large).expect("a file");
    file.set_len(64 * 1024 * 1024 + 1).expect("a large file");
    repository.commit();
    let folder = load(&repository.join("mesh")).expect("files");
    assert!(folder.report.has_errors());
    assert_equal(&at(repository.path(), "git:main:mesh"), &folder);
}

#[test]
fn a_folder_without_documents_is_a_finding() {
    let repository = Repository::new();
    repository.write("docs/notes.txt", "text");
    repository.commit();
    let report = format!("{:?}", at(repository.path(), "git:main:docs").report);
    assert!(report.contains("there is no document in git:main:docs"), "{report}");
}

#[test]
fn an_assembly_is_no_mesh() {
    let repository = Repository::new();
    repository.write("mesh/assembly.json", "{}");
    repository.commit();
    assert_code(repository.path(), "git:main:mesh", "assembly-instead-of-mesh", "git:main:mesh");
}

#[test]
fn names_that_are_no_commit_are_errors() {
    let repository = Repository::committed();
    git(repository.path(), &["tag", "folder", "HEAD^{tree}"]);
    git(repository.path(), &["branch", "twice"]);
    git(repository.path(), &["tag", "twice"]);
    let unknown = ["nope", "--help", "--git-dir", "-", NO_COMMIT, "HEAD~9", "main..main", "a b"];
    for name in unknown {
        let revision = format!("git:{name}:mesh");
        assert_code(repository.path(), &revision, "unknown-revision", &format!("`{name}`"));
    }
    for name in ["folder", "twice", "^main", "main@{2001-01-01}"] {
        let revision = format!("git:{name}:mesh");
        assert_code(repository.path(), &revision, "not-a-commit", &format!("`{name}`"));
    }
    for name in ["heads/twice", "tags/twice"] {
        assert!(at(repository.path(), &format!("git:{name}:mesh")).mesh.is_some(), "{name}");
    }
}

#[test]
fn paths_that_are_not_in_the_revision_are_errors() {
    let repository = Repository::committed();
    for path in ["nope", "mesh/nope", "mes", "Mesh", "m*", "mesh/base.yaml/x", ":(top)mesh"] {
        let revision = format!("git:main:{path}");
        assert_code(repository.path(), &revision, "not-in-revision", &format!("`{path}`"));
    }
}

/// Adds something to a repository at a path.
type Change = fn(&Repository, &str);

/// Links, submodules and pointers of Git LFS, in the mesh and on the way to it.
#[test]
fn what_git_has_no_content_of_is_an_error() {
    let pointer = "version https://git-lfs.github.com/spec/v1\n\
                   oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    let cases: [(&str, &str, Change, &str); 7] = [
        ("mesh", "mesh/link.yaml", |all, path| all.link(path, "base.yaml"), "link-in-revision"),
        ("mesh", "mesh/more", |all, path| all.link(path, "../other"), "link-in-revision"),
        ("mesh", "mesh/gone", |all, path| all.link(path, "nowhere"), "link-in-revision"),
        ("link", "link", |all, path| all.link(path, "mesh"), "link-in-revision"),
        ("link/sub", "link", |all, path| all.link(path, "mesh"), "link-in-revision"),
        ("mesh", "mesh/lib", Repository::submodule, "submodule-in-revision"),
        ("lib/mesh", "lib", Repository::submodule, "submodule-in-revision"),
    ];
    for (path, place, change, code) in cases {
        let repository = Repository::new();
        repository.write("other/more.yaml", "# read\n");
        git(repository.path(), &["add", "--all"]);
        change(&repository, place);
        // A submodule is in the index only.
        if repository.join(place).is_symlink() {
            git(repository.path(), &["add", "--", place]);
        }
        git(repository.path(), &["commit", "--quiet", "--message=change"]);
        let revision = format!("git:main:{path}");
        assert_code(repository.path(), &revision, code, &format!("`{place}`"));
    }
    let repository = Repository::new();
    repository.write("mesh/sub/large.yaml", pointer);
    repository.commit();
    for path in ["mesh", "mesh/sub", "mesh/sub/large.yaml", ""] {
        let revision = format!("git:main:{path}");
        assert_code(repository.path(), &revision, "lfs-pointer", "`mesh/sub/large.yaml`");
    }
}

/// Links that a mesh in a folder is not read through.
#[test]
fn links_that_are_not_read_from_are_skipped() {
    let repository = Repository::new();
    repository.write("README.md", "text");
    repository.link("mesh/README.md", "../README.md");
    repository.link("mesh/.hidden.yaml", "nowhere");
    repository.commit();
    let folder = load(&repository.join("mesh")).expect("a mesh");
    assert_equal(&at(repository.path(), "git:main:mesh"), &folder);
}

#[test]
fn folders_are_as_deep_as_in_a_folder() {
    for (levels, is_read) in [(16, true), (17, false)] {
        let repository = Repository::new();
        let deep = format!("mesh/{}deep.yaml", "a/".repeat(levels));
        repository.write(&deep, "# read\n");
        repository.commit();
        assert_eq!(load(&repository.join("mesh")).is_ok(), is_read, "{levels}");
        if is_read {
            assert_eq!(at(repository.path(), "git:main:mesh").sources.len(), 3);
        } else {
            assert_code(repository.path(), "git:main:mesh", "too-deep", &deep);
        }
    }
}

#[test]
fn a_clone_without_the_revision_says_how_to_get_it() {
    let repository = Repository::committed();
    git(repository.path(), &["branch", "other"]);
    repository.write("mesh/more.yaml", "# read\n");
    repository.commit();
    let clones = tempfile::tempdir().expect("a folder");
    let address = format!("file://{}", repository.path().display());
    git(clones.path(), &["clone", "--quiet", "--depth=1", &address, "shallow"]);
    let shallow = clones.path().join("shallow");
    assert_code(&shallow, "git:HEAD~1:mesh", "shallow-clone", "fetch-depth: 0");
    assert_eq!(at(&shallow, "git:HEAD:mesh").sources.len(), 3);
    git(clones.path(), &["clone", "--quiet", &address, "whole"]);
    let whole = clones.path().join("whole");
    assert_code(&whole, "git:other:mesh", "remote-branch", "`git:origin/other:PATH`");
    assert_eq!(at(&whole, "git:origin/other:mesh").sources.len(), 2);
}

/// Nothing is fetched: the objects of the clone are the same before and after.
#[test]
fn a_partial_clone_fetches_nothing() {
    let repository = Repository::committed();
    git(repository.path(), &["config", "uploadpack.allowFilter", "true"]);
    git(repository.path(), &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let clones = tempfile::tempdir().expect("a folder");
    let address = format!("file://{}", repository.path().display());
    for (filter, lacked) in [("blob:none", "`base.yaml`"), ("tree:0", "`mesh`")] {
        let (name, filter) = (filter.replace(':', "-"), format!("--filter={filter}"));
        let clone = ["clone", "--quiet", "--no-checkout", &filter, &address, &name];
        git(clones.path(), &clone);
        let folder = clones.path().join(name);
        let objects = || git(&folder, &["count-objects", "--verbose"]);
        let before = objects();
        assert_code(&folder, "git:main:mesh", "partial-clone", lacked);
        assert_eq!(objects(), before);
        // The advice in the message.
        git(&folder, &["fetch", "--quiet", "--refetch", "--no-filter"]);
        assert_eq!(at(&folder, "git:main:mesh").sources.len(), 2);
    }
}

#[test]
fn a_damaged_repository_is_an_error() {
    let repository = Repository::committed();
    let id = git(repository.path(), &["rev-parse", "HEAD:mesh/sub/sales.yaml"]);
    let object = format!(".git/objects/{}/{}", &id[..2], &id[2..]);
    fs::remove_file(repository.join(&object)).expect("an object");
    assert_code(repository.path(), "git:main:mesh", "damaged-repository", "`sub/sales.yaml`");
    fs::write(repository.join(&object), "no object").expect("a file");
    assert_code(repository.path(), "git:main:mesh", "damaged-repository", "`sub/sales.yaml`");
}

#[test]
fn a_folder_that_is_in_no_work_tree() {
    let nowhere = tempfile::tempdir().expect("a folder");
    assert_code(nowhere.path(), "git:main:mesh", "no-repository", "not in a git repository");
    assert_code(&nowhere.path().join("gone"), "git:main:mesh", "git-not-run", "gone");
    let repository = Repository::committed();
    let bare = nowhere.path().join("bare");
    let address = repository.path().to_str().expect("text");
    git(nowhere.path(), &["clone", "--quiet", "--bare", address, "bare"]);
    assert_eq!(at(&bare, "git:main:mesh").sources.len(), 2);
    assert_code(&bare, "git:main:./mesh", "no-work-tree", "`./mesh`");
}

/// Source: "--object-format" in git-init(1).
#[test]
fn a_repository_with_sha256_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let init = ["init", "--quiet", "--initial-branch=main", "--object-format=sha256"];
    git(folder.path(), &init);
    let repository = Repository { folder };
    repository.write("mesh/base.yaml", BASE);
    repository.commit();
    assert!(at(repository.path(), "git:main:mesh").mesh.is_some());
}

/// Runs a test of this file in a process of its own, with these variables.
fn run_with(test: &str, variables: &[(&str, &Path)]) {
    let program = std::env::current_exe().expect("the tests' program");
    let output = Command::new(program)
        .args(["--exact", &format!("revisions::{test}")])
        .envs(variables.iter().copied())
        .output()
        .expect("the test runs");
    let printed = transcript(&output);
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
}

/// Git sets these variables for its hooks. Source: "DESCRIPTION" in githooks(5).
#[test]
fn variables_of_hooks_change_nothing() {
    let other = Repository::committed();
    let index = other.join(".git/index");
    let variables: Vec<(&str, &Path)> = VARIABLES
        .iter()
        .map(|name| match *name {
            "GIT_DIR" | "GIT_COMMON_DIR" => (*name, Path::new(".git")),
            "GIT_WORK_TREE" => (*name, other.path()),
            "GIT_INDEX_FILE" => (*name, index.as_path()),
            "GIT_PREFIX" => (*name, Path::new("mesh/")),
            name => (name, Path::new("1")),
        })
        .collect();
    run_with("a_path_with_dots_is_relative_to_the_folder", &variables);
    run_with("paths_that_are_not_in_the_revision_are_errors", &variables);
}

#[test]
fn without_the_git_program_the_error_says_so() {
    const INNER: &str = "LAKEWRIGHT_TEST_WITHOUT_GIT";
    if std::env::var_os(INNER).is_some() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_code(folder.path(), "git:main:mesh", "no-git", "install git");
        return;
    }
    let nowhere = Path::new("/nowhere");
    run_with("without_the_git_program_the_error_says_so", &[(INNER, nowhere), ("PATH", nowhere)]);
}
