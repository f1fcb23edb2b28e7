//! `check --watch`: checks again after each change of a file.

use std::path::Path;
use std::time::Duration;

use lakewright_analysis::mesh::stamps;

use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// How often the files are looked at. Editors save faster than anybody reads.
const EVERY: Duration = Duration::from_millis(300);

/// Checks until somebody ends the program. A mesh that cannot be read for a moment, because an editor is saving a file, is
/// said and checked again.
pub(super) fn watch(
    path: &Path,
    ui: &mut Ui,
    check: impl Fn(&mut Ui) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    loop {
        // Before the check, so that what changes meanwhile is checked next.
        let before = stamps(path)?;
        if let Err(failure) = check(ui) {
            ui.error(&failure.message);
        }
        if let Some(lost) = ui.lost() {
            return Err(Failure::unexpected(lost));
        }
        ui.note(&format!("waiting for changes of {}", path.display()));
        while stamps(path).is_ok_and(|now| now == before) {
            std::thread::sleep(EVERY);
        }
        // The last of several files that are saved together is a moment later.
        std::thread::sleep(EVERY);
    }
}
