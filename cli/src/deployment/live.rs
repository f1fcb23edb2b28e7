//! The lines of a run while it goes on: with a status line below them on a terminal, and with the time elsewhere.

use std::io::IsTerminal as _;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::progress::{clear, draw, duration};
use crate::ui::Ui;
use crate::width::error_width;

/// The state of a run, and how its lines are written.
#[derive(Debug)]
pub(super) struct Live {
    on_terminal: bool,
    /// Whether there is a status line.
    is_shown: bool,
    /// The number of stacks to change.
    all: usize,
    /// The number of stacks that ended, and of those that failed or were skipped.
    ended: usize,
    failed: usize,
    under_way: usize,
    begun: Instant,
}

impl Live {
    pub(super) fn new(all: usize, ui: &Ui) -> Self {
        let on_terminal = std::io::stderr().is_terminal();
        let is_shown = on_terminal && ui.shows_progress();
        let begun = Instant::now();
        Self { on_terminal, is_shown, all, ended: 0, failed: 0, under_way: 0, begun }
    }

    /// Work on a stack begins.
    pub(super) fn starts(&mut self) {
        self.under_way += 1;
    }

    /// Work on a stack ended. `was_begun` is false for a stack that is skipped.
    pub(super) fn ends(&mut self, was_begun: bool, is_good: bool) {
        self.under_way -= usize::from(was_begun && self.under_way > 0);
        self.ended += 1;
        self.failed += usize::from(!is_good);
    }

    /// A stack that ended badly is tried once more.
    pub(super) fn again(&mut self) {
        self.ended = self.ended.saturating_sub(1);
        self.failed = self.failed.saturating_sub(1);
    }

    /// Prints a line.
    pub(super) fn note(&self, text: &str, ui: &mut Ui) {
        self.clear();
        ui.note(&format!("{}{text}", self.time()));
        self.draw();
    }

    /// Prints an error.
    pub(super) fn error(&self, text: &str, ui: &mut Ui) {
        self.clear();
        ui.error_after(&self.time(), text);
        self.draw();
    }

    /// Removes the status line.
    pub(super) fn clear(&self) {
        if self.is_shown {
            clear();
        }
    }

    /// Draws the status line while there is work under way.
    pub(super) fn draw(&self) {
        if self.is_shown && self.under_way > 0 {
            let width = error_width().unwrap_or(80).saturating_sub(1);
            draw(&self.status().chars().take(width).collect::<String>());
        }
    }

    /// How long the run has taken.
    pub(super) fn elapsed(&self) -> String {
        duration(self.begun.elapsed())
    }

    fn status(&self) -> String {
        let Self { all, ended, failed, under_way, .. } = self;
        format!("{ended} of {all} done, {under_way} under way, {failed} failed, {}", self.elapsed())
    }

    /// What a line begins with: the time of day in UTC, unless somebody watches.
    fn time(&self) -> String {
        if self.on_terminal {
            return String::new();
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        clock(now.map(|now| now.as_secs()).unwrap_or_default())
    }
}

/// The time of day of a second since 1970 in UTC, with a space behind it.
fn clock(seconds: u64) -> String {
    let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02} ", seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first is the epoch. `date -u -d @1700000000 +%T` prints the second.
    #[test]
    fn the_time_of_day_is_that_of_utc() {
        assert_eq!(clock(0), "00:00:00 ");
        assert_eq!(clock(1_700_000_000), "22:13:20 ");
    }

    #[test]
    fn the_status_line_counts() {
        let begun = Instant::now();
        let (ended, failed, under_way) = (0, 0, 0);
        let mut live =
            Live { on_terminal: true, is_shown: false, all: 4, ended, failed, under_way, begun };
        live.starts();
        live.starts();
        live.ends(true, true);
        live.ends(false, false);
        assert_eq!(live.status(), "2 of 4 done, 1 under way, 1 failed, 0 s");
    }
}
