//! Packing statements into managed policies, so that a grant more changes as few of them as it can.
//!
//! All statements are in one policy until it is full. Then it is split by the
//! hashes of what its statements are called and say, bit by bit, and a
//! statement that fills a policy alone by the hashes of its resources. Where a
//! statement goes depends on itself, and on how many others go the same way: a
//! grant more changes the one policy that it falls into, or splits it in two.
//! Policies are two thirds full on average. When they are too many, statements
//! are packed tightly instead, the largest first.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::write::value_to_compact_json;
use lakewright_template::{Text, Value, digest};

use crate::document::{DocumentError, Statement, check_identity};
use crate::merge::{Tagged, merge};
use crate::size::{characters, document_characters, statement_characters};

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

/// A policy of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed<C> {
    /// What tells it from the role's other policies, such as `1` or `1b`. It stays when statements
    /// come and go.
    pub name: String,
    /// The statements.
    pub statements: Vec<Tagged<C>>,
}

/// Characters that a statement's name may grow by when it is made distinct from others.
pub const DISTINCTION: usize = 6;

/// Packs statements into policies of at most `limit` characters, `allowed` policies at the most.
pub fn pack<C: Ord + Clone>(
    statements: Vec<Tagged<C>>,
    limit: usize,
    allowed: usize,
) -> Result<Vec<Packed<C>>, PackError> {
    let room = Room { limit, used: document_characters([]) };
    let mut policies = Vec::new();
    split(pieces(statements)?, "1".to_owned(), 0, room, &mut policies)?;
    if policies.len() > allowed {
        // Parts of one statement become one again.
        let statements = policies.into_iter().flat_map(|policy| policy.statements).collect();
        policies = tight(pieces(merge(statements))?, room)?;
    }
    if policies.len() > allowed {
        let left_out = policies[allowed..].iter().map(|policy| policy.statements.len()).sum();
        return Err(PackError::TooMany { needed: policies.len(), allowed, left_out });
    }
    Ok(policies)
}

/// How much a policy holds, in characters.
#[derive(Debug, Clone, Copy)]
struct Room {
    limit: usize,
    /// What a policy has before any piece is in it.
    used: usize,
}

/// A statement, or a part of one, with its size and the hashes by which it is split off.
#[derive(Debug, Clone)]
struct Piece<C> {
    tagged: Tagged<C>,
    /// Of its name and conditions, of its actions, and for a part of the part.
    hashes: Vec<u64>,
    /// Characters that it adds to a policy.
    size: usize,
}

fn pieces<C: Ord + Clone>(statements: Vec<Tagged<C>>) -> Result<Vec<Piece<C>>, PackError> {
    let mut pieces: Vec<Piece<C>> =
        statements.into_iter().map(Piece::of).collect::<Result<_, _>>()?;
    let mut uses: BTreeMap<u64, usize> = BTreeMap::new();
    for piece in &pieces {
        *uses.entry(piece.hashes[0]).or_default() += 1;
    }
    // Statements of one name under one condition are few, and their actions tell them apart.
    for piece in pieces.iter_mut().filter(|piece| uses[&piece.hashes[0]] > 1) {
        let actions = &piece.tagged.statement.actions;
        let actions: Vec<&str> = actions.iter().map(AsRef::as_ref).collect();
        piece.hashes[1] = hash(&actions.join(" "));
    }
    Ok(pieces)
}

impl<C: Ord + Clone> Piece<C> {
    fn of(tagged: Tagged<C>) -> Result<Self, PackError> {
        let Statement { sid, conditions, .. } = &tagged.statement;
        let mut name = sid.to_string();
        for line in conditions.lines(|value| Some(value_to_compact_json(value))) {
            name.push_str(&line);
        }
        let hashes = vec![hash(&name), 0];
        check_identity(&tagged.statement)?;
        // One more for the comma.
        let size = statement_characters(&tagged.statement) + DISTINCTION + 1;
        Ok(Self { tagged, hashes, size })
    }

    fn bit(&self, place: usize) -> bool {
        (self.hashes[place / 64] >> (63 - place % 64)) & 1 == 1
    }

    /// Statements that say together what this one says, each with one resource; or with one value of
    /// its longest list of alternatives, or with one action. And what each policy with any of them
    /// has besides.
    fn parts(&self, room: Room) -> Option<(Vec<Self>, Room)> {
        let Tagged { statement, causes } = &self.tagged;
        let values = |values: &BTreeSet<Value>| values.iter().map(characters).collect::<Vec<_>>();
        let (kind, parts, sizes): (usize, Vec<Statement>, Vec<usize>) =
            if statement.resources.len() > 1 {
                let part = |resource: &Value| Statement {
                    resources: BTreeSet::from([resource.clone()]),
                    ..statement.clone()
                };
                (2, statement.resources.iter().map(part).collect(), values(&statement.resources))
            } else if let Some((conditions, alternatives)) = statement.conditions.alternatives() {
                let part = |conditions| statement.clone().when(conditions);
                (3, conditions.into_iter().map(part).collect(), values(alternatives))
            } else if statement.actions.len() > 1 {
                let part = |action: &Text| Statement {
                    actions: BTreeSet::from([action.clone()]),
                    ..statement.clone()
                };
                let sizes = statement.actions.iter().map(|action| action.len() + 2).collect();
                (4, statement.actions.iter().map(part).collect(), sizes)
            } else {
                return None;
            };
        let together: usize = sizes.iter().map(|size| size + 1).sum();
        let room = Room { used: room.used + self.size.saturating_sub(together), ..room };
        let pieces = parts.into_iter().zip(sizes).map(|(statement, size)| {
            let mut hashes = self.hashes.clone();
            hashes.resize(kind, 0);
            hashes.push(hash(&format!("{statement:?}")));
            Self { tagged: Tagged { statement, causes: causes.clone() }, hashes, size: size + 1 }
        });
        Some((pieces.collect(), room))
    }

    fn too_large(&self, room: Room) -> PackError {
        PackError::TooLarge {
            sid: self.tagged.statement.sid.to_string(),
            characters: room.used + self.size,
            allowed: room.limit,
        }
    }
}

fn hash(text: &str) -> u64 {
    u64::from_str_radix(&digest::hex_prefix(text.as_bytes(), 16), 16).unwrap_or_default()
}

fn size_in<C>(pieces: &[Piece<C>], room: Room) -> usize {
    room.used + pieces.iter().map(|piece| piece.size).sum::<usize>()
}

fn policy<C: Ord>(name: String, pieces: Vec<Piece<C>>) -> Packed<C> {
    let has_parts = pieces.iter().any(|piece| piece.hashes.len() > 2);
    let statements = pieces.into_iter().map(|piece| piece.tagged).collect();
    // Parts of one statement become one again.
    Packed { name, statements: if has_parts { merge(statements) } else { statements } }
}

/// Puts pieces into one policy, or splits them by the bit at `place` of their hashes.
fn split<C: Ord + Clone>(
    mut pieces: Vec<Piece<C>>,
    name: String,
    place: usize,
    room: Room,
    policies: &mut Vec<Packed<C>>,
) -> Result<(), PackError> {
    if size_in(&pieces, room) <= room.limit {
        if !pieces.is_empty() {
            policies.push(policy(name, pieces));
        }
        return Ok(());
    }
    if let [piece] = pieces.as_slice() {
        let (parts, room) = piece.parts(room).ok_or_else(|| piece.too_large(room))?;
        let own = parts.first().map_or(0, |part| part.hashes.len() - 1);
        return split(parts, name, own * 64, room, policies);
    }
    let bits = pieces.iter().map(|piece| piece.hashes.len() * 64).min().unwrap_or_default();
    let is_alike = |place: usize| {
        let hash = |piece: &Piece<C>| piece.hashes[place / 64];
        pieces.iter().all(|piece| hash(piece) == hash(&pieces[0]))
    };
    if place < bits && is_alike(place) {
        return split(pieces, name, (place / 64 + 1) * 64, room, policies);
    }
    let (kept, new): (Vec<_>, Vec<_>) = if place < bits {
        pieces.into_iter().partition(|piece| !piece.bit(place))
    } else {
        // Statements that say the same but for their resources are cut where they stand.
        let other = pieces.split_off(pieces.len() / 2);
        (pieces, other)
    };
    // One side keeps the name, so that mostly one policy is new.
    let new_name = format!("{name}{}", letters(place));
    split(kept, name, place + 1, room, policies)?;
    split(new, new_name, place + 1, room, policies)
}

/// The fewest policies: the largest piece goes first, each into the first policy with room.
fn tight<C: Ord + Clone>(pieces: Vec<Piece<C>>, room: Room) -> Result<Vec<Packed<C>>, PackError> {
    let mut small = Vec::new();
    for piece in pieces {
        cut(piece, room, &mut small)?;
    }
    small.sort_by(|a, b| {
        b.size.cmp(&a.size).then_with(|| a.tagged.statement.cmp(&b.tagged.statement))
    });
    let mut policies: Vec<Vec<Piece<C>>> = Vec::new();
    for piece in small {
        let fits = |policy: &&mut Vec<Piece<C>>| size_in(policy, room) + piece.size <= room.limit;
        match policies.iter_mut().find(fits) {
            Some(policy) => policy.push(piece),
            None => policies.push(vec![piece]),
        }
    }
    let named = policies.into_iter().enumerate();
    Ok(named.map(|(number, pieces)| policy((number + 1).to_string(), pieces)).collect())
}

/// Cuts a piece that fills more than a policy.
fn cut<C: Ord + Clone>(
    piece: Piece<C>,
    room: Room,
    cuts: &mut Vec<Piece<C>>,
) -> Result<(), PackError> {
    if room.used + piece.size <= room.limit {
        cuts.push(piece);
        return Ok(());
    }
    let (parts, inner) = piece.parts(room).ok_or_else(|| piece.too_large(room))?;
    let mut rest = parts.into_iter().peekable();
    while let Some(first) = rest.next() {
        if inner.used + first.size > inner.limit {
            cut(Piece { size: first.size + inner.used - room.used, ..first }, room, cuts)?;
            continue;
        }
        let mut together = vec![first];
        while let Some(next) =
            rest.next_if(|next| size_in(&together, inner) + next.size <= inner.limit)
        {
            together.push(next);
        }
        let size = size_in(&together, inner) - room.used;
        let merged = merge(together.into_iter().map(|piece| piece.tagged).collect());
        cuts.extend(merged.into_iter().map(|tagged| Piece { tagged, hashes: Vec::new(), size }));
    }
    Ok(())
}

/// A number in letters: `a` to `z`, then `aa` and on.
fn letters(number: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(number % 26).unwrap_or_default());
    if number < 26 { letter.to_string() } else { format!("{}{letter}", letters(number / 26 - 1)) }
}

#[cfg(test)]
mod tests {
    use lakewright_template::Value;

    use super::*;
    use crate::document::IdentityPolicy;

    fn statement(number: usize, resources: usize) -> Tagged<usize> {
        let resources = (0..resources)
            .map(|place| Value::text(format!("arn:aws:s3:::bucket-{number}-{place}")));
        Tagged {
            statement: Statement::allow(format!("S{number}"), ["s3:GetObject"], resources),
            causes: BTreeSet::from([number]),
        }
    }

    fn resources<'a>(statements: impl IntoIterator<Item = &'a Tagged<usize>>) -> BTreeSet<Value> {
        statements.into_iter().flat_map(|tagged| tagged.statement.resources.clone()).collect()
    }

    fn all(policies: &[Packed<usize>]) -> impl Iterator<Item = &Tagged<usize>> {
        policies.iter().flat_map(|policy| &policy.statements)
    }

    fn characters_of(policy: &Packed<usize>) -> usize {
        let statements = policy.statements.iter().map(|tagged| tagged.statement.clone());
        let document = IdentityPolicy::new(statements.collect()).expect("identity statements");
        characters(&document.into_value())
    }

    #[test]
    fn every_policy_is_within_the_limit_and_nothing_is_lost() {
        let statements: Vec<_> = (0..40).map(|number| statement(number, 1 + number % 9)).collect();
        let expected = resources(&statements);
        // With few policies the statements are packed tightly.
        for allowed in [20, 6] {
            let policies = pack(statements.clone(), 2_000, allowed).expect("enough room");
            assert_eq!(resources(all(&policies)), expected);
            assert!(policies.iter().all(|policy| characters_of(policy) <= 2_000));
            let names: BTreeSet<&String> = policies.iter().map(|policy| &policy.name).collect();
            assert_eq!(names.len(), policies.len(), "{names:?}");
        }
    }

    #[test]
    fn a_large_statement_is_cut_by_its_resources() {
        for allowed in [20, 5] {
            let policies = pack(vec![statement(1, 200)], 2_000, allowed).expect("it can be cut");
            assert_eq!(resources(all(&policies)).len(), 200);
            assert!(policies.len() > 1);
            assert!(policies.iter().all(|policy| characters_of(policy) <= 2_000));
        }
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

    mod growth {
        use std::collections::BTreeMap;

        use proptest::prelude::*;
        use proptest::strategy::ValueTree as _;
        use proptest::test_runner::TestRunner;

        use super::*;
        use crate::condition::{Comparison, Condition, Conditions};

        /// Grants as a role receives them: of a few kinds, each with its actions, about one resource,
        /// some under conditions.
        fn grants() -> impl Strategy<Value = Vec<(usize, u32, bool)>> {
            prop::collection::vec((0_usize..24, any::<u32>(), prop::bool::weighted(0.2)), 1..160)
        }

        fn granted((kind, resource, is_limited): (usize, u32, bool)) -> Tagged<usize> {
            let actions = (0..=kind % 7).map(|action| format!("s3:Action{kind}x{action}"));
            let resource = format!("arn:aws:s3:::lakewright-{kind}-{resource:08x}/*");
            let mut statement =
                Statement::allow(format!("Kind{kind}"), actions, [resource.clone()]);
            if is_limited {
                let like = Condition::new(Comparison::StringLike, "s3:prefix", resource);
                statement = statement.when(Conditions::none().with(like));
            }
            Tagged { statement, causes: BTreeSet::new() }
        }

        fn packed(grants: &[(usize, u32, bool)]) -> BTreeMap<String, BTreeSet<Statement>> {
            let merged = merge(grants.iter().copied().map(granted).collect());
            let policies = pack(merged, 6_144, 60).expect("enough room");
            let content = |policy: Packed<usize>| {
                let statements = policy.statements.into_iter().map(|tagged| tagged.statement);
                (policy.name, statements.collect())
            };
            policies.into_iter().map(content).collect()
        }

        /// The policies that differ, come or go.
        fn changed(
            before: &BTreeMap<String, BTreeSet<Statement>>,
            after: &BTreeMap<String, BTreeSet<Statement>>,
        ) -> usize {
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            names.into_iter().filter(|name| before.get(*name) != after.get(*name)).count()
        }

        /// How many policies the grants of random roles change, one after the other: how often how
        /// many.
        fn histogram(cases: usize) -> BTreeMap<usize, usize> {
            let mut runner = TestRunner::deterministic();
            let mut histogram = BTreeMap::new();
            for _ in 0..cases {
                let grants = grants().new_tree(&mut runner).expect("grants").current();
                let mut before = BTreeMap::new();
                for number in 1..=grants.len() {
                    let after = packed(&grants[..number]);
                    *histogram.entry(changed(&before, &after)).or_default() += 1;
                    before = after;
                }
            }
            histogram
        }

        /// A policy that is full is split in two, which is two changes; three, when all of it goes
        /// to the side with the new name, or one side has to be split once more.
        #[test]
        fn a_grant_more_changes_one_policy_or_two() {
            let histogram = histogram(60);
            let all: usize = histogram.values().sum();
            let up_to =
                |most: usize| histogram.range(..=most).map(|(_, count)| count).sum::<usize>();
            assert!(all > 3_000, "{all} grants");
            assert_eq!(up_to(2), all, "{histogram:?}");
            assert!((all - up_to(1)) * 20 <= all, "{histogram:?}");
        }
    }
}
