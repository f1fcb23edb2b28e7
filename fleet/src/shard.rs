//! One run of several that share the stacks of a mesh between them.
//!
//! All stacks of an account and region are in one shard, because most dependencies lie within an account. Which shard that
//! is depends on the account, the region and the number of shards only.
//!
//! Dependencies between shards: all shards plan from the same assembly. A step may start when each step of another shard
//! that it depends on is unchanged, which every shard sees by itself: it lists the accounts and regions of those stacks.
//! Otherwise the step waits. A shard first does all that waits for nothing ([`Part::ready`]), then lists again the places
//! that it waits for ([`Part::places`]), plans anew and goes on. So the shard with the stack that others depend on deploys
//! first, without any message between the shards, and shards cannot wait for each other, as the steps have no cycle. Shards
//! may also run one after the other: then a step that still waits at the end of its shard is reported, and a second run of
//! that shard does it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use lakewright_template::{Place, StackAddress};
use sha2::{Digest as _, Sha256};

use crate::plan::{Action, Plan, Step};

/// The variables of AWS Batch: the index of a child of an array job, from 0, and the size of the array. Source: "AWS Batch
/// job environment variables" in the AWS Batch user guide.
pub const BATCH: (&str, &str) = ("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE");

/// The variable of Kubernetes: the index of a pod of an indexed job, from 0. No variable has the number of pods, the job's
/// `completions`. Source: "Indexed Job for Parallel Processing with Static Work Assignment" in the Kubernetes documentation.
pub const KUBERNETES: &str = "JOB_COMPLETION_INDEX";

/// One shard of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    /// Its number, from 1.
    index: u32,
    /// How many there are.
    of: u32,
}

/// Why it is not known which shard a run is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// The option has another form.
    #[error(
        "`--shard {0}`: expected `I/N`, the shard I of N, counted from 1, or `/N` with the index from the environment of an \
         AWS Batch array job or a Kubernetes indexed job"
    )]
    Option(String),
    /// A variable has no such number.
    #[error("{name} is `{got}`; expected {expected}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// Its value.
        got: String,
        /// What was expected.
        expected: String,
    },
    /// The environment has an index, but not the number of shards.
    #[error(
        "{name} is set, but not how many shards there are; expected `--shard /N`, with N the number of indexes, or `--shard \
         1/1` for all stacks"
    )]
    Unsized {
        /// The variable with the index.
        name: &'static str,
    },
    /// `/N` without an index in the environment.
    #[error(
        "`--shard {0}`: neither AWS_BATCH_JOB_ARRAY_INDEX nor JOB_COMPLETION_INDEX is set; expected `I/N`, the shard I of N"
    )]
    NoIndex(String),
}

impl Shard {
    /// Parses `I/N`, counted from 1.
    ///
    /// # Errors
    ///
    /// The text has another form, or I is 0 or more than N.
    pub fn parse(text: &str) -> Result<Self, ShardError> {
        let wrong = || ShardError::Option(text.chars().take(60).collect());
        let (index, of) = text.split_once('/').ok_or_else(wrong)?;
        let (index, of) = (number(index).ok_or_else(wrong)?, number(of).ok_or_else(wrong)?);
        if (1..=of).contains(&index) { Ok(Self { index, of }) } else { Err(wrong()) }
    }

    /// The shard of this run: by the option `--shard` if it is given, else by the environment. `None` if the run has all
    /// stacks.
    ///
    /// # Errors
    ///
    /// The option or a variable has another form, or the number of shards is not known.
    pub fn of_run(
        option: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, ShardError> {
        let count = match option {
            None => None,
            Some(text) => match text.strip_prefix('/') {
                None => return Self::parse(text).map(Some),
                Some(rest) => {
                    let wrong = || ShardError::Option(text.chars().take(60).collect());
                    Some(number(rest).filter(|of| *of > 0).ok_or_else(wrong)?)
                }
            },
        };
        if let Some(index) = variable(BATCH.0) {
            let of = match (count, variable(BATCH.1)) {
                (count, Some(size)) => batch_size(&size, count)?,
                (Some(count), None) => count,
                (None, None) => return Err(ShardError::Unsized { name: BATCH.0 }),
            };
            return Self::from_zero(BATCH.0, &index, of).map(Some);
        }
        match (variable(KUBERNETES), count) {
            (Some(index), Some(of)) => Self::from_zero(KUBERNETES, &index, of).map(Some),
            (Some(_), None) => Err(ShardError::Unsized { name: KUBERNETES }),
            (None, Some(_)) => Err(ShardError::NoIndex(option.unwrap_or_default().to_owned())),
            (None, None) => Ok(None),
        }
    }

    fn from_zero(name: &'static str, text: &str, of: u32) -> Result<Self, ShardError> {
        match number(text).filter(|index| *index < of) {
            Some(index) => Ok(Self { index: index + 1, of }),
            None => Err(ShardError::Variable {
                name,
                got: text.to_owned(),
                expected: format!("a number from 0 to {}", of - 1),
            }),
        }
    }

    /// Whether the shard has the stacks of an account and region.
    pub fn holds(&self, place: &Place) -> bool {
        let digest = Sha256::digest(format!("{}/{}", place.account, place.region));
        // The remainder of the digest, read as one number.
        let of = u64::from(self.of);
        let rest = digest.iter().fold(0, |rest, byte| (rest * 256 + u64::from(*byte)) % of);
        rest == u64::from(self.index - 1)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// A number of digits only. `parse` would also take a sign.
fn number(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn batch_size(size: &str, count: Option<u32>) -> Result<u32, ShardError> {
    let is_right = |of: &u32| *of > 0 && count.is_none_or(|count| count == *of);
    number(size).filter(is_right).ok_or_else(|| ShardError::Variable {
        name: BATCH.1,
        got: size.to_owned(),
        expected: count.map_or("a number".to_owned(), |count| format!("{count}, as in `--shard`")),
    })
}

/// The part of a plan that one shard does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The shard's steps that wait for no other shard, in the order of the plan.
    pub ready: Plan,
    /// The shard's changes that wait for another shard, each with one step of another shard that it waits for.
    pub waiting: BTreeMap<StackAddress, StackAddress>,
}

impl Part {
    /// The part of a plan. `failed` has the changes that this run has tried without success: they and the changes that
    /// depend on them are left out.
    pub fn of(plan: &Plan, shard: Shard, failed: &BTreeSet<StackAddress>) -> Self {
        let mut part = Self { ready: Plan::default(), waiting: BTreeMap::new() };
        let mut out: BTreeSet<&StackAddress> = BTreeSet::new();
        let by_address: BTreeMap<&StackAddress, (usize, &Step)> = plan
            .steps
            .iter()
            .enumerate()
            .map(|(index, step)| (&step.address, (index, step)))
            .collect();
        let before = BeforeDeletions::of(plan, shard);
        for (index, step) in plan.steps.iter().enumerate() {
            let address = &step.address;
            if !shard.holds(&address.place) {
                continue;
            }
            if !step.is_change() {
                part.ready.steps.push(step.clone());
                continue;
            }
            // A bootstrap that was postponed comes after the stacks that name it.
            let needs = step.after.iter().filter(|other| {
                by_address.get(other).is_some_and(|(at, other)| *at < index && other.is_change())
            });
            let (own, others): (Vec<_>, Vec<_>) =
                needs.partition(|other| shard.holds(&other.place));
            if failed.contains(address) || own.iter().any(|other| out.contains(other)) {
                out.insert(address);
                continue;
            }
            let waits = others.first().copied();
            let waits = waits.or_else(|| own.iter().find_map(|other| part.waiting.get(*other)));
            match waits.or_else(|| before.first(index, step)).cloned() {
                Some(other) => {
                    part.waiting.insert(address.clone(), other);
                }
                None => part.ready.steps.push(step.clone()),
            }
        }
        part
    }

    /// The accounts and regions of the stacks that this shard waits for.
    pub fn places(&self) -> BTreeSet<Place> {
        self.waiting.values().map(|address| address.place.clone()).collect()
    }
}

/// The changes of other shards that come before deletions: all that are no deletions, and deletions of earlier kinds.
struct BeforeDeletions<'p> {
    /// Whether the plan deletes everything and names the order itself.
    names_order: bool,
    /// The first change of another shard.
    change: Option<&'p StackAddress>,
    /// For each deletion of another shard that is the first of its kind, its index and step.
    deletions: Vec<(usize, &'p Step)>,
}

impl<'p> BeforeDeletions<'p> {
    fn of(plan: &'p Plan, shard: Shard) -> Self {
        let is_deletion = |step: &&Step| step.action == Action::Delete;
        let others = || plan.steps.iter().filter(|step| !shard.holds(&step.address.place));
        let change = others().find(|step| step.is_change() && !is_deletion(step));
        let mut deletions: Vec<(usize, &Step)> = Vec::new();
        for (index, step) in plan.steps.iter().enumerate() {
            let is_others = !shard.holds(&step.address.place) && is_deletion(&step);
            if is_others && deletions.iter().all(|(_, first)| first.kind != step.kind) {
                deletions.push((index, step));
            }
        }
        Self {
            names_order: plan.steps.iter().filter(is_deletion).any(|step| !step.after.is_empty()),
            change: change.map(|step| &step.address),
            deletions,
        }
    }

    /// A change of another shard that comes before this step, if the step is a deletion.
    fn first(&self, index: usize, step: &Step) -> Option<&'p StackAddress> {
        if step.action != Action::Delete {
            return None;
        }
        let is_before = |other: &&(usize, &Step)| {
            !self.names_order && other.0 < index && other.1.kind != step.kind
        };
        let deletion = self.deletions.iter().find(is_before);
        self.change.or(deletion.map(|(_, step)| &step.address))
    }
}

#[cfg(test)]
mod tests;
