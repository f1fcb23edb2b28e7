//! The journal of a run as a file, which only one process writes.
//!
//! Each record is synchronized to the disk before a request is sent. Where that takes 4 ms, 10,000 stacks with five records
//! each (two requests, two answers, the end) wait 200 seconds in all.

use std::cell::RefCell;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use lakewright_fleet::journal::{
    Begun, Entry, Hidden, Journal, JournalError, Replay, ReplayError, Torn, encode,
};

/// Why the file of a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file exists already.
    #[error(
        "{} exists already; expected a new file: resume the run of this one, or name another file", .path.display()
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Another process writes the file.
    #[error("{} is in use: another process works on this run; wait until that one has ended", .path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The content is not what a run has written.
    #[error("{}: {source}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: ReplayError,
    },
}

/// The journal of a run in a file, with an exclusive lock until it is dropped.
#[derive(Debug)]
pub struct JournalFile {
    path: PathBuf,
    hidden: Hidden,
    state: RefCell<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    replay: Replay,
    /// Why no further record is written: after a failure it is not known how the file ends.
    broken: Option<String>,
}

impl JournalFile {
    /// Creates the file with its first record. `hidden` are the secrets that no text may hold.
    ///
    /// # Errors
    ///
    /// The file exists, or cannot be written.
    pub fn create(path: &Path, begun: &Begun, hidden: Hidden) -> Result<Self, FileError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => FileError::Exists { path: path.to_owned() },
            _ => FileError::Io { path: path.to_owned(), source },
        };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true);
        for_owner_only(&mut options);
        let mut file = options.open(path).map_err(failed)?;
        lock(&file, path)?;
        let line = encode("", &Entry::Begun(begun.clone()));
        file.write_all(line.as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        sync_folder(path).map_err(failed)?;
        let replay = Replay::read(line.as_bytes())
            .map_err(|source| FileError::Content { path: path.to_owned(), source })?;
        Ok(Self::new(path, hidden, file, replay))
    }

    /// Opens the file of an earlier run, and removes a last line that is not complete. Returns what the file says, with
    /// that line's length.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, another process has it, or its content is not what a run has written.
    pub fn open(path: &Path, hidden: Hidden) -> Result<(Self, Replay), FileError> {
        let failed = |source: io::Error| FileError::Io { path: path.to_owned(), source };
        let mut file = OpenOptions::new().read(true).append(true).open(path).map_err(failed)?;
        lock(&file, path)?;
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        file.read_to_end(&mut bytes).map_err(failed)?;
        let replay = Replay::read(&bytes)
            .map_err(|source| FileError::Content { path: path.to_owned(), source })?;
        if let Some(Torn { bytes: torn, .. }) = replay.torn {
            let whole = bytes.len().saturating_sub(torn);
            let whole = u64::try_from(whole).map_err(|error| failed(io::Error::other(error)))?;
            file.set_len(whole).map_err(failed)?;
            file.sync_all().map_err(failed)?;
        }
        Ok((Self::new(path, hidden, file, replay.clone()), replay))
    }

    fn new(path: &Path, hidden: Hidden, file: File, replay: Replay) -> Self {
        let state = RefCell::new(State { file, replay, broken: None });
        Self { path: path.to_owned(), hidden, state }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Journal for JournalFile {
    fn write(&self, entry: &Entry) -> Result<(), JournalError> {
        let mut state = self.state.borrow_mut();
        if let Some(reason) = &state.broken {
            return Err(JournalError(reason.clone()));
        }
        let entry = self.hidden.stripped(entry.clone());
        let path = self.path.display();
        // A record that could not be read again is not written.
        if let Err(expected) = state.replay.add(&entry) {
            return Err(JournalError(format!("{path}: got a wrong record, expected {expected}")));
        }
        let line = encode(&state.replay.sum, &entry);
        let written = state.file.write_all(line.as_bytes()).and_then(|()| state.file.sync_data());
        match written {
            Ok(()) => {
                state.replay.follow(&line);
                Ok(())
            }
            Err(error) => {
                let reason = format!("{path}: {error}");
                state.broken = Some(reason.clone());
                Err(JournalError(reason))
            }
        }
    }
}

fn lock(file: &File, path: &Path) -> Result<(), FileError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(FileError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(FileError::Io { path: path.to_owned(), source }),
    }
}

#[cfg(unix)]
fn for_owner_only(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn for_owner_only(_: &mut OpenOptions) {}

/// Makes the file's name in its folder safe.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use lakewright_fleet::journal::{Intent, Operation, token};
    use lakewright_fleet::machine::Outcome;
    use lakewright_template::StackAddress;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("lakewright-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    fn begun() -> Begun {
        Begun {
            run: "run-1".to_owned(),
            mesh: "lab".to_owned(),
            plan: "0123".to_owned(),
            shard: None,
        }
    }

    fn intent() -> Intent {
        let address = StackAddress::parse("111111111111/eu-west-1/p-team-t").expect("an address");
        let token = token("run-1", &address, Operation::Delete, 1);
        Intent { address, operation: Operation::Delete, token, change_set: None, creates: false }
    }

    #[test]
    fn a_run_is_resumed_where_its_file_ends() {
        let folder = folder("resumed");
        let path = folder.join("run.journal");
        let hidden = || Hidden::new(["ext-1".to_owned()]);
        let file = JournalFile::create(&path, &begun(), hidden()).expect("a new file");
        file.write(&Entry::Intends(intent())).expect("a record");
        let wrong = file.write(&Entry::Intends(intent())).expect_err("a token twice").to_string();
        assert!(wrong.contains("expected"), "{wrong}");
        let text = "no role for ext-1".to_owned();
        let address = intent().address;
        file.write(&Entry::Finished { address: address.clone(), outcome: Outcome::Refused(text) })
            .expect("a record");
        let used = JournalFile::open(&path, hidden()).expect_err("a lock").to_string();
        assert!(used.contains("in use"), "{used}");
        let again = JournalFile::create(&path, &begun(), hidden()).expect_err("it is there");
        assert!(matches!(again, FileError::Exists { .. }), "{again}");
        drop(file);
        // Killed in the middle of a record.
        let whole = std::fs::read(&path).expect("the file");
        std::fs::write(&path, [&whole[..], b"0123456789"].concat()).expect("a torn line");
        let (file, replay) = JournalFile::open(&path, hidden()).expect("the file");
        assert_eq!(replay.torn.map(|torn| torn.bytes), Some(10));
        assert_eq!(replay.requests.get(&address), Some(&1));
        let outcome = Outcome::Refused("no role for (hidden)".to_owned());
        assert_eq!(replay.finished.get(&address), Some(&outcome));
        file.write(&Entry::Resumed).expect("a record");
        file.write(&Entry::Ended { stopped: None }).expect("a record");
        drop(file);
        let (_, replay) = JournalFile::open(&path, hidden()).expect("the file");
        assert!(replay.ended && replay.torn.is_none());
        std::fs::remove_dir_all(folder).expect("removed");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = folder("mode");
        let path = folder.join("run.journal");
        JournalFile::create(&path, &begun(), Hidden::default()).expect("a new file");
        let mode = std::fs::metadata(&path).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn errors_name_the_file() {
        let folder = folder("errors");
        let path = folder.join("run.journal");
        let open = || JournalFile::open(&path, Hidden::default()).expect_err("no journal");
        assert!(open().to_string().contains("run.journal"));
        for text in ["", "0123", "no journal\n"] {
            std::fs::write(&path, text).expect("a file");
            let error = open().to_string();
            assert!(error.contains("run.journal") && error.contains("start a"), "{error}");
        }
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
