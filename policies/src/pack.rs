//! Packs statements into managed policies, so that one more grant changes at most two of them.
//!
//! Every statement belongs to a group. The hash of the group's name determines its home: one of
//! the policies, whatever else exists. As long as everything fits into one policy, it is in the
//! first one. When a policy that several homes share is full, it is divided between them.
//! Statements that do not fit into a single home go into an overflow policy, which neighbouring
//! homes share and which holds nothing else. So one more statement changes the policy of its home
//! and the overflow policy of that home, and no third existing policy, unless it makes other
//! statements mergeable (ADR 12). The overflow policies allow homes to become full: hashes
//! distribute statements unevenly.

use std::collections::BTreeMap;
use std::ops::Range;

use lakewright_template::digest;

use crate::document::{DocumentError, check_identity};
use crate::merge::{Tagged, merge};
use crate::naming::LONGEST_NAME;
use crate::size::document_characters;

/// Why statements cannot be packed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// More policies are needed than may be attached.
    #[error(
        "{needed} managed policies are needed, and {allowed} may be attached; {left_out} statements do not fit"
    )]
    TooMany {
        /// How many policies would hold all statements, at their present distribution.
        needed: usize,
        /// How many policies may be attached.
        allowed: usize,
        /// How many statements do not fit.
        left_out: usize,
    },
    /// A statement is too large even for a policy of its own.
    #[error("statement `{sid}` has {characters} characters, and a policy holds {allowed}")]
    TooLarge {
        /// The statement's name.
        sid: String,
        /// Its size in characters.
        characters: usize,
        /// The characters that a policy can hold.
        allowed: usize,
    },
    /// A statement that is not valid in an identity policy.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// Statements that belong together, such as those about one share. They have the same home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<C> {
    /// The name, which alone determines the group's home.
    pub name: String,
    /// Its statements.
    pub statements: Vec<Tagged<C>>,
}

/// A policy of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed<C> {
    /// The policy's number among those of the role, from 1. Adding or removing statements does not change it.
    pub number: usize,
    /// The statements, merged.
    pub statements: Vec<Tagged<C>>,
}

/// Characters that a statement's name grows by when it is made distinct from others.
pub const DISTINCTION: usize = 6;

/// The percentage of a role's policies, together, that can be filled before a statement does not fit.
/// Measured: 83 to 97 in random roles that grow until then, and less where statements are large.
pub const FILLED_PERCENT: usize = 75;

/// One of this many policies is an overflow policy.
const SPARE: usize = 4;

/// Packs statements into at most `allowed` policies of at most `limit` characters each.
pub fn pack<C: Ord + Clone>(
    groups: Vec<Group<C>>,
    limit: usize,
    allowed: usize,
) -> Result<Vec<Packed<C>>, PackError> {
    let shelves = Shelves::new(limit, allowed);
    let mut homes: BTreeMap<usize, Vec<Tagged<C>>> = BTreeMap::new();
    for group in in_order_of_hash(groups) {
        for tagged in &group.statements {
            check_identity(&tagged.statement)?;
            if !shelves.fits(std::slice::from_ref(tagged)) {
                let (sid, characters) = (tagged.statement.sid.to_string(), size([tagged]));
                return Err(PackError::TooLarge { sid, characters, allowed: limit });
            }
        }
        homes.entry(shelves.home_of(&group.name)).or_default().extend(group.statements);
    }
    let mut policies = BTreeMap::new();
    let mut spilt = BTreeMap::new();
    shelves.divide(&homes, 0..shelves.homes, &mut policies, &mut spilt);
    for (number, statements) in spilt {
        policies.insert(number, merge(statements));
    }
    shelves.refuse_what_is_over(&policies)?;
    let policies = policies.into_iter();
    Ok(policies.map(|(place, statements)| Packed { number: place + 1, statements }).collect())
}

/// How a role's policies are used: the first are homes, the others are overflow policies.
#[derive(Debug, Clone, Copy)]
struct Shelves {
    limit: usize,
    homes: usize,
    spare: usize,
}

impl Shelves {
    fn new(limit: usize, allowed: usize) -> Self {
        let spare = if allowed > 1 { (allowed / SPARE).max(1) } else { 0 };
        Self { limit, homes: allowed.saturating_sub(spare).max(1), spare }
    }

    fn home_of(&self, name: &str) -> usize {
        usize::try_from(hash(name) % self.homes as u64).unwrap_or_default()
    }

    /// Fills one policy with the statements whose home is in a range, or divides the range in two if they do not fit.
    fn divide<C: Ord + Clone>(
        &self,
        homes: &BTreeMap<usize, Vec<Tagged<C>>>,
        range: Range<usize>,
        policies: &mut BTreeMap<usize, Vec<Tagged<C>>>,
        spilt: &mut BTreeMap<usize, Vec<Tagged<C>>>,
    ) {
        let statements = homes.range(range.clone()).flat_map(|(_, statements)| statements);
        let merged = merge(statements.cloned().collect());
        if merged.is_empty() {
            return;
        }
        if self.fits(&merged) {
            policies.insert(range.start, merged);
        } else if range.len() > 1 {
            // The first half keeps the policy, so that only one is new.
            let middle = range.start + range.len().div_ceil(2);
            self.divide(homes, range.start..middle, policies, spilt);
            self.divide(homes, middle..range.end, policies, spilt);
        } else if self.spare == 0 {
            policies.insert(range.start, merged);
        } else {
            let statements = homes.get(&range.start).map(Vec::as_slice).unwrap_or_default();
            let (kept, rest) = statements.split_at(self.most_that_fit(statements));
            policies.insert(range.start, merge(kept.to_vec()));
            let spare = self.homes + range.start * self.spare / self.homes;
            spilt.entry(spare).or_default().extend_from_slice(rest);
        }
    }

    fn fits<C>(&self, statements: &[Tagged<C>]) -> bool {
        // The names of merged statements are computed only where they could matter.
        let longer = LONGEST_NAME * statements.iter().filter(|one| one.is_mixed).count();
        plain_size(statements) + longer <= self.limit || size(statements) <= self.limit
    }

    /// How many of the first statements fit into one policy together.
    fn most_that_fit<C: Ord + Clone>(&self, statements: &[Tagged<C>]) -> usize {
        let (mut fit, mut over) = (0, statements.len());
        while over - fit > 1 {
            let middle = usize::midpoint(fit, over);
            if self.fits(&merge(statements[..middle].to_vec())) {
                fit = middle;
            } else {
                over = middle;
            }
        }
        fit
    }

    fn refuse_what_is_over<C: Ord + Clone>(
        &self,
        policies: &BTreeMap<usize, Vec<Tagged<C>>>,
    ) -> Result<(), PackError> {
        let allowed = self.homes + self.spare;
        let (mut more, mut left_out) = (0, 0);
        for statements in policies.values().filter(|statements| !self.fits(statements)) {
            more += size(statements.iter()).div_ceil(self.limit) - 1;
            left_out += statements.len() - self.most_that_fit(statements);
        }
        if more == 0 {
            return Ok(());
        }
        Err(PackError::TooMany { needed: allowed + more, allowed, left_out })
    }
}

/// The groups, in an order that adding another group does not change.
fn in_order_of_hash<C>(groups: Vec<Group<C>>) -> Vec<Group<C>> {
    let mut keyed: Vec<(u64, Group<C>)> =
        groups.into_iter().map(|group| (hash(&group.name).rotate_left(32), group)).collect();
    keyed.sort_by(|(a, one), (b, other)| a.cmp(b).then_with(|| one.name.cmp(&other.name)));
    keyed.into_iter().map(|(_, group)| group).collect()
}

fn hash(text: &str) -> u64 {
    u64::from_str_radix(&digest::hex_prefix(text.as_bytes(), 16), 16).unwrap_or_default()
}

/// Characters of a document with these statements, after they get descriptive and distinct names.
fn size<'s, C: 's>(statements: impl IntoIterator<Item = &'s Tagged<C>>) -> usize {
    let statements: Vec<&Tagged<C>> = statements.into_iter().collect();
    let longer = |tagged: &&Tagged<C>| {
        let name = tagged.telling_name();
        name.map_or(0, |name| name.len().saturating_sub(tagged.statement.sid.len()))
    };
    let longer: usize = statements.iter().map(longer).sum();
    plain_size(statements) + longer
}

/// The same, with the names that the statements have now.
fn plain_size<'s, C: 's>(statements: impl IntoIterator<Item = &'s Tagged<C>>) -> usize {
    let statements: Vec<&Tagged<C>> = statements.into_iter().collect();
    let count = statements.len();
    document_characters(statements.into_iter().map(|tagged| &tagged.statement))
        + DISTINCTION * count
}

#[cfg(test)]
mod tests;
