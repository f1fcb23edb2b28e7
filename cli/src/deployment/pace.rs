//! How many stacks are changed at once, and how many may fail.

use std::num::NonZeroUsize;

use clap::Args;
use lakewright_deployer::paced::Patience;
use lakewright_fleet::schedule::Limits;

/// How many stacks are changed at once, and how many may fail.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Pace {
    /// Change at most this many stacks at once [default: 128]
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
    /// Change at most this many stacks at once in each account and region [default: 16]
    #[arg(long, value_name = "N")]
    per_region: Option<NonZeroUsize>,
    /// Begin with no further stack once more than this many have failed [default: stacks that do not depend on a failed
    /// one go on]
    #[arg(long, value_name = "N")]
    pub(super) failures: Option<usize>,
}

impl Pace {
    pub(super) fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            per_place: self.per_region.map_or(usual.per_place, NonZeroUsize::get),
            total: self.concurrency.map_or(usual.total, NonZeroUsize::get),
        }
    }

    /// How requests are paced.
    pub(super) fn patience(&self) -> Patience {
        Patience { stacks: self.limits().per_place, ..Patience::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_is_as_usual() {
        let usual = Limits::default();
        assert_eq!(Pace::default().limits(), usual);
        let pace = Pace { per_region: NonZeroUsize::new(2), ..Pace::default() };
        assert_eq!(pace.limits(), Limits { per_place: 2, ..usual });
        let pace = Pace { concurrency: NonZeroUsize::new(3), ..Pace::default() };
        assert_eq!(pace.limits(), Limits { total: 3, ..usual });
    }
}
