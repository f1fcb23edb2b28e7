//! Packing statements into managed policies, so that a grant more changes as few of them as it can.
//!
//! All statements are in one policy until it is full. Then it is split by the
//! hashes of what its statements are called and say, bit by bit, and a
//! statement that fills a policy alone by the hashes of its resources. Where a
//! statement goes depends on itself, and on how many others go the same way: a
//! grant more changes the one policy that it falls into, or splits it in two.
//! Policies are two thirds full on average. When they are too many, all that
//! are allowed are filled, each statement going to the first with room in an
//! order of its own; and when that is not enough, the largest go first.

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

/// How many pieces fill a policy at least, when they are packed densely.
const SMALL: usize = 6;

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
        let statements = merge(statements);
        policies = match dense(pieces(statements.clone())?, room, allowed) {
            Some(policies) => policies,
            None => tight(pieces(statements)?, room)?,
        };
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

/// Fills the policies that are allowed, each piece going to the first with room in an order of its own: a
/// grant more changes the policy that it falls into, and others only where pieces find no room any more.
/// `None` when some piece finds none at all.
fn dense<C: Ord + Clone>(
    pieces: Vec<Piece<C>>,
    room: Room,
    allowed: usize,
) -> Option<Vec<Packed<C>>> {
    let mut small = Vec::new();
    for piece in pieces {
        let key = piece.hashes[0] ^ piece.hashes[1].rotate_left(1);
        halve(piece, key, 0, room, &mut small);
    }
    small.sort_by(|(a, one), (b, other)| {
        a.cmp(b).then_with(|| one.tagged.statement.cmp(&other.tagged.statement))
    });
    let mut policies: Vec<Vec<Piece<C>>> = (0..allowed).map(|_| Vec::new()).collect();
    let mut used = vec![room.used; allowed];
    for (key, piece) in small {
        let mut order: Vec<(u64, usize)> =
            (0..allowed).map(|place| (hash(&format!("{key:x} {place}")), place)).collect();
        order.sort_unstable();
        let (_, place) =
            order.into_iter().find(|(_, place)| used[*place] + piece.size <= room.limit)?;
        used[place] += piece.size;
        policies[place].push(piece);
    }
    let named = policies.into_iter().enumerate().filter(|(_, pieces)| !pieces.is_empty());
    Some(named.map(|(number, pieces)| policy((number + 1).to_string(), pieces)).collect())
}

/// Cuts a piece by the hashes of its parts, bit by bit, until it is a small part of a policy and finds room
/// where little is left.
fn halve<C: Ord + Clone>(
    piece: Piece<C>,
    key: u64,
    bit: u32,
    room: Room,
    small: &mut Vec<(u64, Piece<C>)>,
) {
    let is_large = piece.size > (room.limit - room.used) / SMALL;
    let is_divisible = is_large && bit < u64::BITS && is_of_one_kind(&piece.tagged.statement);
    let parts = if is_divisible { piece.parts(room) } else { None };
    let Some((parts, _)) = parts else {
        small.push((key, piece));
        return;
    };
    let is_set = |part: &Piece<C>| part.hashes.last().is_some_and(|hash| (hash >> bit) & 1 == 1);
    let (one, other): (Vec<_>, Vec<_>) = parts.into_iter().partition(is_set);
    for (side, parts) in [one, other].into_iter().enumerate() {
        for tagged in merge(parts.into_iter().map(|part| part.tagged).collect()) {
            let size = statement_characters(&tagged.statement) + DISTINCTION + 1;
            let half = Piece { tagged, hashes: piece.hashes.clone(), size };
            halve(half, hash(&format!("{key:x} {side}")), bit + 1, room, small);
        }
    }
}

/// Whether a statement is about several resources of one service: of others, each action may be about one only.
fn is_of_one_kind(statement: &Statement) -> bool {
    let service = |value: &Value| value.as_text()?.split(':').nth(2).map(str::to_owned);
    let services: BTreeSet<Option<String>> = statement.resources.iter().map(service).collect();
    statement.resources.len() > 1 && services.len() == 1 && !services.contains(&None)
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
mod tests;
