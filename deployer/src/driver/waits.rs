//! How long a run waits before it looks again: learnt from how long change sets and operations take in an account and region.
//!
//! Reads are what CloudFormation refuses first, and looks that come too early are most of the reads of a run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use lakewright_template::Place;

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum For {
    /// CloudFormation creates a change set.
    ChangeSet,
    /// CloudFormation changes a stack.
    Operation,
}

/// The shortest wait between two looks.
const SHORTEST: Duration = Duration::from_millis(50);
/// The longest one: people see what happens at most this late.
const LONGEST: Duration = Duration::from_secs(5);

/// How long things take in each account and region: the shorter ones count more, as looking late costs time.
#[derive(Debug, Default)]
pub(super) struct Waits(RefCell<BTreeMap<(Place, For), Duration>>);

impl Waits {
    /// Notes how long something took.
    pub(super) fn took(&self, place: &Place, what: For, time: Duration) {
        let mut known = self.0.borrow_mut();
        let known = known.entry((place.clone(), what)).or_insert(time);
        *known = time.min((*known + time) / 2);
    }

    /// How long to wait before the next look, after so many looks. The first look comes a little before things usually end;
    /// each further wait is twice as long as the one before it.
    pub(super) fn before(&self, place: &Place, what: For, looks: u32) -> Duration {
        let known = self.0.borrow().get(&(place.clone(), what)).copied();
        match (looks.checked_sub(1), known) {
            (None, Some(known)) => (known * 4 / 5).min(LONGEST),
            // Some services make change sets at once.
            (None, None) if what == For::ChangeSet => Duration::ZERO,
            (None, None) => SHORTEST,
            (Some(tries), known) => {
                let step = (known.unwrap_or_default() / 8).max(SHORTEST);
                step.saturating_mul(1 << tries.min(10)).min(LONGEST)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_begin_shortly_before_things_usually_end() {
        let place = Place::parse("111111111111", "eu-west-1").expect("a place");
        let waits = Waits::default();
        let before = |what, looks| waits.before(&place, what, looks).as_millis();
        assert_eq!([0, 1, 2, 3].map(|looks| before(For::ChangeSet, looks)), [0, 50, 100, 200]);
        assert_eq!([0, 1, 2, 9].map(|looks| before(For::Operation, looks)), [50, 50, 100, 5_000]);
        waits.took(&place, For::ChangeSet, Duration::from_secs(4));
        assert_eq!([0, 1, 2].map(|looks| before(For::ChangeSet, looks)), [3_200, 500, 1_000]);
        // A longer one counts half, a shorter one as a whole.
        waits.took(&place, For::ChangeSet, Duration::from_secs(8));
        assert_eq!(before(For::ChangeSet, 0), 4_800);
        waits.took(&place, For::ChangeSet, Duration::from_secs(1));
        assert_eq!(before(For::ChangeSet, 0), 800);
        // People want to see what happens.
        waits.took(&place, For::Operation, Duration::from_hours(1));
        assert_eq!(before(For::Operation, 0), 5_000);
        let other = Place::parse("222222222222", "eu-west-1").expect("a place");
        assert_eq!(waits.before(&other, For::ChangeSet, 0), Duration::ZERO);
    }
}
