//! Packing statements into as few managed policies as fit, stably.
//!
//! The largest statement goes first, each into the first policy with room. A
//! statement that is larger than a policy is cut by its resources, or its
//! actions.

use std::collections::BTreeSet;

use crate::document::{DocumentError, IdentityPolicy, Statement};
use crate::merge::Tagged;
use crate::size::characters;

/// More statements than the policies can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// More policies would be needed than may be attached.
    #[error(
        "{needed} managed policies are needed, and {allowed} may be attached; {left_out} statements do not fit"
    )]
    TooMany {
        /// How many policies would hold everything.
        needed: usize,
        /// How many may be attached.
        allowed: usize,
        /// How many statements are in those that may not.
        left_out: usize,
    },
    /// A statement that fits no policy even alone, and cannot be cut.
    #[error("statement `{sid}` has {characters} characters, and a policy holds {allowed}")]
    TooLarge {
        /// The statement's name.
        sid: String,
        /// Its size.
        characters: usize,
        /// What a policy holds.
        allowed: usize,
    },
    /// A statement that is no statement of an identity policy.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// Packs statements into policies of at most `limit` characters, `allowed` policies at the most.
pub fn pack<C: Ord + Clone>(
    statements: Vec<Tagged<C>>,
    limit: usize,
    allowed: usize,
) -> Result<Vec<Vec<Tagged<C>>>, PackError> {
    let overhead = size_of(&[])?;
    let mut policies: Vec<(usize, Vec<Tagged<C>>)> = Vec::new();
    let mut pieces = Vec::new();
    for statement in statements {
        pieces.extend(cut(statement, limit - overhead)?);
    }
    pieces.sort_by(|(a, size_a), (b, size_b)| {
        size_b.cmp(size_a).then_with(|| a.statement.sid.cmp(&b.statement.sid))
    });
    for (piece, alone) in pieces {
        // One more for the comma.
        let size = alone - overhead + 1;
        match policies.iter_mut().find(|(used, _)| used + size <= limit) {
            Some((used, policy)) => {
                *used += size;
                policy.push(piece);
            }
            None => policies.push((overhead + size, vec![piece])),
        }
    }
    if policies.len() > allowed {
        let left_out = policies[allowed..].iter().map(|(_, policy)| policy.len()).sum();
        return Err(PackError::TooMany { needed: policies.len(), allowed, left_out });
    }
    Ok(policies.into_iter().map(|(_, policy)| policy).collect())
}

fn size_of(statements: &[Statement]) -> Result<usize, DocumentError> {
    Ok(characters(&IdentityPolicy::new(statements.to_vec())?.into_value()))
}

/// A statement and the size of a document of it alone.
type Piece<C> = (Tagged<C>, usize);

/// The statement in pieces of at most `limit` characters.
fn cut<C: Ord + Clone>(tagged: Tagged<C>, limit: usize) -> Result<Vec<Piece<C>>, PackError> {
    let size = size_of(std::slice::from_ref(&tagged.statement))?;
    if size <= limit {
        return Ok(vec![(tagged, size)]);
    }
    let Tagged { statement, causes } = tagged;
    let Some(halves) = halves(&statement) else {
        return Err(PackError::TooLarge {
            sid: statement.sid.to_string(),
            characters: size,
            allowed: limit,
        });
    };
    let mut pieces = Vec::new();
    for (half, suffix) in halves.into_iter().zip(["a", "b"]) {
        // Pieces of one statement can meet in one policy, where names must differ.
        let half = Statement { sid: format!("{}{suffix}", half.sid).into(), ..half };
        pieces.extend(cut(Tagged { statement: half, causes: causes.clone() }, limit)?);
    }
    Ok(pieces)
}

/// Two statements that together say what this one says.
fn halves(statement: &Statement) -> Option<[Statement; 2]> {
    let resources = statement.resources.len();
    if let Some([one, other]) = statement.conditions.halves()
        && resources == 1
    {
        return Some([statement.clone().when(one), statement.clone().when(other)]);
    }
    if resources > 1 {
        let part =
            |first| Statement { resources: half(&statement.resources, first), ..statement.clone() };
        return Some([part(true), part(false)]);
    }
    let part = |first| Statement { actions: half(&statement.actions, first), ..statement.clone() };
    (statement.actions.len() > 1).then(|| [part(true), part(false)])
}

fn half<T: Clone + Ord>(set: &BTreeSet<T>, first: bool) -> BTreeSet<T> {
    let middle = set.len() / 2;
    let kept = set.iter().enumerate().filter(|(place, _)| (*place < middle) == first);
    kept.map(|(_, item)| item.clone()).collect()
}

#[cfg(test)]
mod tests {
    use lakewright_template::Value;

    use super::*;

    fn statement(number: usize, resources: usize) -> Tagged<usize> {
        let resources = (0..resources)
            .map(|place| Value::text(format!("arn:aws:s3:::bucket-{number}-{place}")));
        Tagged {
            statement: Statement::allow(format!("S{number}"), ["s3:GetObject"], resources),
            causes: BTreeSet::from([number]),
        }
    }

    fn resources(policies: &[Vec<Tagged<usize>>]) -> BTreeSet<Value> {
        policies.iter().flatten().flat_map(|tagged| tagged.statement.resources.clone()).collect()
    }

    #[test]
    fn every_policy_is_within_the_limit_and_nothing_is_lost() {
        let statements: Vec<_> = (0..40).map(|number| statement(number, 1 + number % 9)).collect();
        let expected = resources(std::slice::from_ref(&statements));
        let policies = pack(statements, 2_000, 20).expect("enough room");
        assert_eq!(resources(&policies), expected);
        for policy in &policies {
            let document: Vec<_> = policy.iter().map(|tagged| tagged.statement.clone()).collect();
            assert!(size_of(&document).expect("identity statements") <= 2_000);
        }
    }

    #[test]
    fn one_more_statement_of_the_smallest_size_changes_one_policy() {
        let statements: Vec<_> = (10..40).map(|number| statement(number, 5)).collect();
        let before = pack(statements.clone(), 2_000, 20).expect("enough room");
        let more = statements.into_iter().chain([statement(99, 5)]).collect();
        let after = pack(more, 2_000, 20).expect("enough room");
        let changed =
            after.iter().enumerate().filter(|(place, policy)| before.get(*place) != Some(*policy));
        assert_eq!(changed.count(), 1);
    }

    #[test]
    fn a_large_statement_is_cut_by_its_resources() {
        let policies = pack(vec![statement(1, 200)], 2_000, 20).expect("it can be cut");
        assert_eq!(resources(&policies).len(), 200);
        assert!(policies.len() > 1);
    }

    #[test]
    fn what_does_not_fit_says_how_much() {
        let statements: Vec<_> = (0..9).map(|number| statement(number, 40)).collect();
        let error = pack(statements, 2_000, 2).expect_err("too many");
        assert!(matches!(error, PackError::TooMany { allowed: 2, left_out, .. } if left_out > 0));
        let long = Statement::allow("Long", ["s3:GetObject"], ["x".repeat(3_000)]);
        let error = pack(vec![Tagged { statement: long, causes: BTreeSet::from([0]) }], 2_000, 2);
        assert!(matches!(error, Err(PackError::TooLarge { .. })));
    }
}
