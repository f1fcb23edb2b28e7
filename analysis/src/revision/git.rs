//! Asks the `git` program.

use std::io::{self, BufRead, BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::thread;

use super::error::RevisionError;
use crate::mesh::FILE_BYTES;

/// Variables that are not passed on. Git sets the first ones for its hooks: with them, another repository than that of
/// the folder could be read, or a relative path could be taken from the root. The last ones change how paths are
/// read. Source: "Environment Variables" in git(1).
const NOT_PASSED: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
];

/// The `git` program, in a folder.
pub(super) struct Git<'f> {
    pub(super) folder: &'f Path,
}

/// What a tree has at a path.
pub(super) struct Entry {
    pub(super) kind: EntryKind,
    /// The id of the object.
    pub(super) id: String,
    pub(super) path: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    File,
    Folder,
    Link,
    Submodule,
}

/// The content of a file.
pub(super) enum Content {
    Bytes(Vec<u8>),
    /// It has more than [`FILE_BYTES`]: its size.
    TooLarge(u64),
}

impl Git<'_> {
    /// The id of the commit that a name stands for.
    pub(super) fn commit(&self, name: &str) -> Result<String, RevisionError> {
        // After `--end-of-options`, a name that begins with `-` is a name.
        let peeled = format!("{name}^{{commit}}");
        let output = self.run(&["rev-parse", "--verify", "--end-of-options", &peeled])?;
        let (id, said) = (lossy(&output.stdout), message(&output.stderr));
        // Git takes a commit, and warns: a branch and a tag have the name, or the log of the branch begins after the date.
        let doubts = ["expected commit type", "is ambiguous", "only goes back to"];
        if doubts.iter().any(|doubt| said.contains(doubt)) {
            return Err(RevisionError::NotACommit { name: name.to_owned(), said });
        }
        if !output.status.success() {
            return Err(self.unknown(name)?);
        }
        // `^main` is a set of commits.
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let said = format!("git gives {id}");
            return Err(RevisionError::NotACommit { name: name.to_owned(), said });
        }
        Ok(id)
    }

    /// Why a name stands for no commit.
    fn unknown(&self, name: &str) -> Result<RevisionError, RevisionError> {
        let name = name.to_owned();
        let shallow = self.answer(&["rev-parse", "--is-shallow-repository"])?;
        let pattern = format!("refs/remotes/*/{name}");
        let remotes = self.answer(&["for-each-ref", "--format=%(refname:short)", &pattern])?;
        let is_shallow = shallow.trim_end() == "true";
        Ok(match remotes.lines().next() {
            Some(remote) => RevisionError::OnlyRemote { name, remote: remote.to_owned() },
            None if is_shallow => RevisionError::Shallow { name },
            None => RevisionError::UnknownRevision { name },
        })
    }

    /// The path of the folder from the root of the work tree, with a slash at its end; `None` if the folder is not in a
    /// work tree.
    pub(super) fn prefix(&self) -> Result<Option<String>, RevisionError> {
        let answer = self.answer(&["rev-parse", "--is-inside-work-tree", "--show-prefix"])?;
        let prefix = answer.strip_prefix("true\n");
        Ok(prefix.map(|prefix| prefix.strip_suffix('\n').unwrap_or(prefix).to_owned()))
    }

    /// What a commit has at a path from its root; `None` if it has nothing there, also if a link or a submodule is on
    /// the way.
    pub(super) fn entry(&self, commit: &str, path: &str) -> Result<Option<Entry>, RevisionError> {
        let list = ["--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", path];
        let found = entries(&self.listed(&list, path)?)?;
        Ok(found.into_iter().find(|entry| entry.path == path))
    }

    /// Everything but folders in a tree, with paths below the tree. `path` is where the tree is.
    pub(super) fn tree(&self, tree: &str, path: &str) -> Result<Vec<Entry>, RevisionError> {
        entries(&self.listed(&["ls-tree", "-r", "-z", "--full-tree", tree], path)?)
    }

    /// What `ls-tree` lists. It fails if a partial clone lacks a folder.
    fn listed(&self, arguments: &[&str], path: &str) -> Result<Vec<u8>, RevisionError> {
        let output = self.run(arguments)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(if self.is_partial()? {
            RevisionError::Partial { path: path.to_owned() }
        } else {
            self.failed(&output.stderr)
        })
    }

    /// Whether a link of a commit leads to a file of the same commit.
    pub(super) fn leads_to_file(&self, commit: &str, path: &str) -> Result<bool, RevisionError> {
        let arguments = ["cat-file", "--follow-symlinks", "--batch-check=%(objecttype)"];
        let mut git = self.command(&arguments).stdin(Stdio::piped()).spawn();
        if let Ok(child) = &mut git
            && let Some(mut input) = child.stdin.take()
        {
            // If git ended early, its answer is empty.
            let _ = writeln!(input, "{commit}:{path}");
        }
        let output = git.and_then(Child::wait_with_output);
        let output = output.map_err(|error| self.not_run(error))?;
        Ok(output.status.success() && output.stdout == b"blob\n")
    }

    /// Reads files, and passes the content of each one on, in the same order.
    pub(super) fn read<F>(&self, files: &[Entry], take: F) -> Result<(), RevisionError>
    where
        F: FnMut(&Entry, Content) -> Result<(), RevisionError>,
    {
        if files.is_empty() {
            return Ok(());
        }
        let mut command = self.command(&["cat-file", "--batch", "--buffer"]);
        let mut child =
            command.stdin(Stdio::piped()).spawn().map_err(|error| self.not_run(error))?;
        let (Some(input), Some(output), Some(mut errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(self.not_run(io::Error::other("it has no standard input or output")));
        };
        // Git answers while it is still being asked, so that neither side may wait for the other one.
        let (result, said) = thread::scope(|scope| {
            scope.spawn(move || ask(input, files));
            let said = scope.spawn(move || {
                let mut said = Vec::new();
                // What was read until then is the message.
                let _ = errors.read_to_end(&mut said);
                said
            });
            let result = self.answers(BufReader::new(output), files, take);
            (result, said.join().unwrap_or_default())
        });
        let status = child.wait().map_err(|error| self.not_run(error))?;
        match result {
            Err(RevisionError::Damaged { path }) if self.is_partial()? => {
                Err(RevisionError::Partial { path })
            }
            Err(RevisionError::Answer { .. }) if !status.success() && !said.is_empty() => {
                Err(self.failed(&said))
            }
            Err(error) => Err(error),
            Ok(()) if status.success() => Ok(()),
            Ok(()) => Err(self.failed(&said)),
        }
    }

    fn answers<F>(
        &self,
        mut output: impl BufRead,
        files: &[Entry],
        mut take: F,
    ) -> Result<(), RevisionError>
    where
        F: FnMut(&Entry, Content) -> Result<(), RevisionError>,
    {
        for file in files {
            let content = self.content(&mut output, file)?;
            take(file, content)?;
        }
        Ok(())
    }

    /// Reads one answer of `cat-file --batch`. Source: "BATCH OUTPUT" in git-cat-file(1).
    fn content(&self, output: &mut impl BufRead, file: &Entry) -> Result<Content, RevisionError> {
        let broken = |error| self.not_run(error);
        let mut head = Vec::new();
        output.read_until(b'\n', &mut head).map_err(broken)?;
        let head = lossy(&head);
        let words: Vec<&str> = head.split(' ').collect();
        let size = match words[..] {
            [_, "missing"] => return Err(RevisionError::Damaged { path: file.path.clone() }),
            [_, "blob", size] => size.parse::<u64>().ok(),
            _ => None,
        };
        let expected = "`ID blob SIZE`, and the content of the file";
        let Some(size) = size else {
            return Err(RevisionError::Answer { answer: head, expected });
        };
        // A line feed comes after the content.
        let mut rest = output.by_ref().take(size.saturating_add(1));
        if size > FILE_BYTES {
            io::copy(&mut rest, &mut io::sink()).map_err(broken)?;
            return Ok(Content::TooLarge(size));
        }
        let mut bytes = Vec::new();
        rest.read_to_end(&mut bytes).map_err(broken)?;
        let is_whole = bytes.pop() == Some(b'\n') && u64::try_from(bytes.len()) == Ok(size);
        if is_whole {
            Ok(Content::Bytes(bytes))
        } else {
            Err(RevisionError::Answer { answer: head, expected })
        }
    }

    /// Whether the repository is a partial clone.
    fn is_partial(&self) -> Result<bool, RevisionError> {
        let key = r"^remote\..*\.(promisor|partialclonefilter)$";
        Ok(self.run(&["config", "--get-regexp", key])?.status.success())
    }

    /// The output of a command that succeeds in each repository.
    fn answer(&self, arguments: &[&str]) -> Result<String, RevisionError> {
        let output = self.run(arguments)?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(self.failed(&output.stderr))
        }
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, RevisionError> {
        self.command(arguments).output().map_err(|error| self.not_run(error))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in NOT_PASSED {
            command.env_remove(name);
        }
        // A partial clone would fetch each file by itself, and the result would depend on the network.
        command.env("GIT_NO_LAZY_FETCH", "1");
        // Kinds of failures are told apart by git's messages.
        command.env("LC_ALL", "C");
        command
    }

    fn not_run(&self, source: io::Error) -> RevisionError {
        // A folder that does not exist gives the same error.
        if source.kind() == io::ErrorKind::NotFound && self.folder.is_dir() {
            RevisionError::NoGit { source }
        } else {
            RevisionError::NotRun { folder: self.folder.to_owned(), source }
        }
    }

    fn failed(&self, errors: &[u8]) -> RevisionError {
        let (folder, said) = (self.folder.to_owned(), message(errors));
        if said.contains("not a git repository") {
            RevisionError::NoRepository { folder }
        } else {
            RevisionError::Failed { folder, said }
        }
    }
}

/// Asks for files, until git does not read any more: then its answers end early.
fn ask(input: ChildStdin, files: &[Entry]) {
    let mut input = BufWriter::new(input);
    for file in files {
        if writeln!(input, "{}", file.id).is_err() {
            return;
        }
    }
}

/// The records that `ls-tree -z` writes. Source: "OUTPUT FORMAT" in git-ls-tree(1).
fn entries(output: &[u8]) -> Result<Vec<Entry>, RevisionError> {
    let records = output.split(|byte| *byte == 0).filter(|record| !record.is_empty());
    let read = |record: &[u8]| {
        let text = String::from_utf8_lossy(record);
        entry(&text).ok_or_else(|| RevisionError::Answer {
            answer: text.into_owned(),
            expected: "`MODE TYPE ID`, a tab and a path",
        })
    };
    records.map(read).collect()
}

fn entry(record: &str) -> Option<Entry> {
    let (head, path) = record.split_once('\t')?;
    let words: Vec<&str> = head.split(' ').collect();
    let [mode, _, id] = words[..] else { return None };
    let kind = match mode {
        "040000" => EntryKind::Folder,
        "100644" | "100664" | "100755" => EntryKind::File,
        "120000" => EntryKind::Link,
        "160000" => EntryKind::Submodule,
        _ => return None,
    };
    Some(Entry { kind, id: id.to_owned(), path: path.to_owned() })
}

/// What git writes to standard error, in one line.
fn message(errors: &[u8]) -> String {
    let text = String::from_utf8_lossy(errors);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}
