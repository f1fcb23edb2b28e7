//! What goes wrong in a simulated world, drawn from a seed.

use std::fmt;

use crate::random::Random;

/// A time during which an account's credentials do not work. Times are in milliseconds since the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// The number of the account, in the order of the world's accounts.
    pub account: usize,
    /// From when.
    pub from: u64,
    /// Until when.
    pub until: u64,
}

/// What somebody else does in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intrusion {
    /// Updates a stack.
    Update,
    /// Prepares a change set and leaves it there.
    Prepare,
    /// Deletes the change sets of a stack.
    Discard,
}

/// How many requests an account and region takes. AWS does not publish the rates, and the simulation does not tell them to
/// the program either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests in a thousand seconds that read.
    pub reads: u64,
    /// Requests in a thousand seconds that change something.
    pub changes: u64,
    /// Requests of each kind at once after a pause.
    pub burst: u64,
}

/// What goes wrong, how often, and how long everything takes. Chances are per mille, times milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// The seed that everything else in the world is drawn from.
    pub seed: u64,
    /// The shortest and the longest time until a request arrives.
    pub latency: (u64, u64),
    /// The shortest and the longest time that a resource takes. An assumption: AWS publishes no such times.
    pub duration: (u64, u64),
    /// How long a read may show what was before.
    pub stale: u64,
    /// How late an event may be shown.
    pub late: u64,
    /// Requests that are lost before they have an effect.
    pub lost: u64,
    /// Requests whose answer is lost after they had an effect.
    pub unanswered: u64,
    /// The rate of requests in each account and region.
    pub rate: Option<Rate>,
    /// How many resources may be in operation at once in an account and region.
    pub quota: Option<usize>,
    /// When credentials do not work.
    pub expired: Vec<Expired>,
    /// Changes of stacks that fail and are rolled back.
    pub failing: u64,
    /// Rollbacks that fail as well.
    pub not_undone: u64,
    /// Deletions that fail.
    pub not_deleted: u64,
    /// First changes of stacks that meet another change of Lake Formation permissions.
    pub conflicts: u64,
    /// What somebody else does, and when.
    pub intrusions: Vec<(u64, Intrusion)>,
    /// Stacks whose change sets fail.
    pub refused: u64,
    /// Resources whose older version differs in a property that cannot be changed in place.
    pub replacing: u64,
    /// Stacks that have another status than a complete one at the start.
    pub stuck: u64,
}

impl Faults {
    /// A world in which nothing goes wrong.
    pub const fn none(seed: u64) -> Self {
        Self {
            seed,
            latency: (20, 150),
            duration: (2_000, 20_000),
            stale: 0,
            late: 0,
            lost: 0,
            unanswered: 0,
            rate: None,
            quota: None,
            expired: Vec::new(),
            failing: 0,
            not_undone: 0,
            not_deleted: 0,
            conflicts: 0,
            intrusions: Vec::new(),
            refused: 0,
            replacing: 0,
            stuck: 0,
        }
    }

    /// Faults whose outcome does not depend on when something happens: with them an interrupted and resumed run must
    /// come to the same end as an undisturbed one.
    pub fn steady(seed: u64) -> Self {
        let mut random = Random::of(seed, "faults");
        let mut faults = Self::none(seed);
        let mut some = |most: u64| if random.chance(500) { random.between(1, most) } else { 0 };
        faults.stale = some(1_500);
        faults.late = some(2_000);
        faults.lost = some(40);
        faults.unanswered = some(40);
        faults.failing = some(150);
        faults.not_undone = some(300);
        faults.conflicts = some(200);
        faults.stuck = some(200);
        faults.replacing = some(200);
        faults.refused = some(100);
        if random.chance(300) {
            // Always enough for one update of the largest stack, as AWS's own quota is.
            faults.quota = Some(random.index(40) + 10);
        }
        faults
    }

    /// All faults.
    pub fn drawn(seed: u64) -> Self {
        let mut faults = Self::steady(seed);
        let mut random = Random::of(seed, "more faults");
        faults.not_deleted = if random.chance(500) { random.between(1, 300) } else { 0 };
        if random.chance(300) {
            let from = random.between(0, 60_000);
            let until = from + random.between(1_000, 30_000);
            faults.expired.push(Expired { account: random.index(4), from, until });
        }
        if random.chance(300) {
            for _ in 0..random.between(1, 4) {
                let what = [Intrusion::Update, Intrusion::Prepare, Intrusion::Discard];
                faults.intrusions.push((random.between(0, 90_000), what[random.index(3)]));
            }
        }
        if random.chance(400) {
            faults.rate = Some(Rate {
                reads: random.between(2_000, 20_000),
                changes: random.between(1_000, 10_000),
                burst: random.between(5, 40),
            });
        }
        faults
    }

    /// Whether somebody else changes stacks, so that a run may be overtaken.
    pub fn has_others(&self) -> bool {
        !self.intrusions.is_empty()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
