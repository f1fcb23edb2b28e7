//! The texts that IAM's patterns match, compared exactly.
//!
//! The functions for texts read a pattern as [`lakewright_access::pattern::matches`] does: `*` is any characters, `?` is
//! one character, and case counts. `${...}` and the mark of what is known only at deployment
//! ([`lakewright_template::resolve::UNKNOWN`]) have no meaning of their own here: the caller replaces variables and
//! decides about the mark first. Conditions on ARNs compare field by field, so that a wildcard in the first five fields
//! does not match a colon.
//!
//! Each pattern becomes an automaton, and a walk over several automata at once visits every combination of their
//! states. The walk goes by characters: those that a pattern contains, and one that none contains. All other characters
//! take the automata to the same states as that one.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::rc::Rc;

use indexmap::{IndexMap, IndexSet};
use regex_automata::Anchored;
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;

/// The maximum size of an automaton in bytes. The states grow with the length of a pattern; only with many `?` after a
/// `*` do they double with each of these, and reach the limit.
const LARGEST: usize = 4 << 20;
/// The maximum number of combinations of states in a walk. Patterns of real documents share long prefixes, so most
/// walks are about as long as the longest pattern.
const MOST_STATES: usize = 1_500;
/// The maximum number of regions. More of them cannot be shown to anybody, and each costs a request of both sides.
const MOST_ATOMS: usize = 256;
/// The maximum number of automata that are kept. One of a pattern of usual length takes some ten thousand bytes.
const MOST_KEPT: usize = 1_024;

/// One region of texts that the same patterns match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Atom {
    /// A text of the region.
    pub(crate) witness: String,
    /// Whether each pattern matches the texts of the region.
    pub(crate) matched: Vec<bool>,
}

/// Why the regions are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// The automata have too many states.
    TooManyStates,
    /// There are too many regions, or too many values of a condition key.
    TooManyAtoms,
}

impl Limit {
    /// Why a comparison was given up, in words that end a sentence.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::TooManyStates => "its patterns are too complex to be compared",
            Self::TooManyAtoms => "its patterns or values have more combinations than are compared",
        }
    }
}

/// How a text is read as a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// Without wildcards.
    Literal,
    /// Without wildcards, and case does not count.
    AnyCase,
    /// With wildcards, which match any characters.
    Like,
    /// With wildcards, each of which matches within a field of the ARN.
    Arn,
}

/// A pattern that matches at least one text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Pattern(Vec<Token>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Token {
    /// This character.
    Char(char),
    /// One of these characters.
    Either(Vec<char>),
    /// One character.
    One(Reach),
    /// Any number of characters.
    Many(Reach),
}

/// The characters that a wildcard matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Reach {
    Everywhere,
    /// All but a colon.
    Field,
}

/// Divides the texts that `within` matches by which of `patterns` match them.
///
/// Each `*` has at least one character in a witness if the region has such a text. Otherwise the witness is a shortest
/// text of the region.
pub(crate) fn regions(
    machines: &Machines,
    within: &Pattern,
    patterns: &[Pattern],
) -> Result<Vec<Atom>, Limit> {
    let mut bits: Vec<Option<bool>> = patterns.iter().map(|one| within.told(one)).collect();
    let mut open: IndexMap<&Pattern, Rc<Machine>> = IndexMap::new();
    if bits.contains(&None) {
        let whole = machines.of(within, false)?;
        let mut decided: IndexMap<&Pattern, bool> = IndexMap::new();
        for (bit, pattern) in bits.iter_mut().zip(patterns).filter(|(bit, _)| bit.is_none()) {
            if open.contains_key(pattern) {
                continue;
            }
            if let Some(known) = decided.get(pattern) {
                *bit = Some(*known);
                continue;
            }
            let machine = machines.of(pattern, false)?;
            match compare(&whole, &machine, &alphabet([within, pattern]))? {
                (true, true) => {
                    open.insert(pattern, machine);
                }
                (has_common, _) => {
                    decided.insert(pattern, has_common);
                    *bit = Some(has_common);
                }
            }
        }
    }
    let found = divide(machines, within, &open)?;
    let atoms = found.into_iter().map(|(accepted, witness)| {
        let matched = bits.iter().zip(patterns).map(|(bit, pattern)| {
            let of_open = || open.get_index_of(pattern).and_then(|index| accepted.get(index));
            bit.unwrap_or_else(|| of_open() == Some(&true))
        });
        Atom { witness, matched: matched.collect() }
    });
    Ok(atoms.collect())
}

/// Whether some text of the whole is accepted, and whether some text is not.
fn compare(whole: &Machine, part: &Machine, alphabet: &[char]) -> Result<(bool, bool), Limit> {
    let (mut has_common, mut has_other) = (false, false);
    walk(&[whole, part], 1, alphabet, |accepted, _| {
        if accepted.last() == Some(&true) {
            has_common = true;
        } else {
            has_other = true;
        }
        if has_common && has_other { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok((has_common, has_other))
}

/// The regions of these patterns, each with a text.
fn divide(
    machines: &Machines,
    within: &Pattern,
    open: &IndexMap<&Pattern, Rc<Machine>>,
) -> Result<IndexMap<Vec<bool>, String>, Limit> {
    if open.is_empty() {
        return Ok(IndexMap::from([(Vec::new(), within.sample())]));
    }
    let alphabet = alphabet(open.keys().copied().chain([within]));
    let whole = machines.of(within, false)?;
    let all: Vec<&Machine> = std::iter::once(&whole).chain(open.values()).map(Rc::as_ref).collect();
    let mut found: IndexMap<Vec<bool>, String> = IndexMap::new();
    walk(&all, 1, &alphabet, |accepted, spell| {
        let bits = accepted.get(1..).unwrap_or_default();
        if !found.contains_key(bits) {
            found.insert(bits.to_vec(), spell());
        }
        if found.len() > MOST_ATOMS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if found.len() > MOST_ATOMS {
        return Err(Limit::TooManyAtoms);
    }
    let whole = machines.of(within, true)?;
    let filled: Result<Vec<_>, _> = open.keys().map(|one| machines.of(one, true)).collect();
    let filled = filled?;
    for (bits, text) in &mut found {
        let of_bit = |wanted: bool| bits.iter().map(move |bit| *bit == wanted);
        let inside = filled.iter().zip(of_bit(true)).filter_map(|(one, is)| is.then_some(one));
        let outside = open.values().zip(of_bit(false)).filter_map(|(one, is)| is.then_some(one));
        let inside: Vec<&Machine> = std::iter::once(&whole).chain(inside).map(Rc::as_ref).collect();
        if inside.iter().all(|one| one.matches(text)) {
            continue;
        }
        let outside: Vec<&Machine> = outside.map(Rc::as_ref).collect();
        if let Some(longer) = shortest(&inside, &outside, &alphabet) {
            *text = longer;
        }
    }
    Ok(found)
}

/// A shortest text that all of `inside` and none of `outside` accept. `None` also if the search takes too long.
fn shortest(inside: &[&Machine], outside: &[&Machine], alphabet: &[char]) -> Option<String> {
    let machines: Vec<&Machine> = inside.iter().chain(outside).copied().collect();
    let mut found = None;
    let ended = walk(&machines, inside.len(), alphabet, |accepted, spell| {
        if accepted.iter().skip(inside.len()).any(|is| *is) {
            return ControlFlow::Continue(());
        }
        found = Some(spell());
        ControlFlow::Break(())
    });
    ended.ok().and(found)
}

/// Visits the combinations of states that texts lead to, by length of the texts, as long as the first `needed` automata
/// can still accept. Calls `visit` where these accept, with what each automaton says and a function that spells the
/// text.
fn walk(
    machines: &[&Machine],
    needed: usize,
    alphabet: &[char],
    mut visit: impl FnMut(&[bool], &dyn Fn() -> String) -> ControlFlow<()>,
) -> Result<(), Limit> {
    let first: Vec<StateID> = machines.iter().map(|machine| machine.start).collect();
    let mut visited: IndexSet<Vec<StateID>> = IndexSet::from([first]);
    let mut steps: Vec<Option<(usize, char)>> = vec![None];
    let mut index = 0;
    while let Some(states) = visited.get_index(index).cloned() {
        let accepted = machines.iter().zip(&states).map(|(machine, state)| machine.accepts(*state));
        let accepted: Vec<bool> = accepted.collect();
        if accepted.iter().take(needed).all(|is| *is)
            && visit(&accepted, &|| spelled(&steps, index)).is_break()
        {
            return Ok(());
        }
        for character in alphabet {
            let Some(next) = step(machines, &states, needed, *character) else { continue };
            if visited.insert(next) {
                steps.push(Some((index, *character)));
            }
        }
        if visited.len() > MOST_STATES {
            return Err(Limit::TooManyStates);
        }
        index += 1;
    }
    Ok(())
}

/// The states after one more character. `None` if one of the first `needed` automata can no longer accept.
fn step(
    machines: &[&Machine],
    states: &[StateID],
    needed: usize,
    character: char,
) -> Option<Vec<StateID>> {
    let mut next = Vec::with_capacity(states.len());
    for (machine, state) in machines.iter().zip(states) {
        let state = machine.step(*state, character);
        if next.len() < needed && machine.dfa.is_dead_state(state) {
            return None;
        }
        next.push(state);
    }
    Some(next)
}

/// The text that leads to a combination of states.
fn spelled(steps: &[Option<(usize, char)>], mut index: usize) -> String {
    let mut characters = Vec::new();
    while let Some(Some((before, character))) = steps.get(index) {
        characters.push(*character);
        index = *before;
    }
    characters.into_iter().rev().collect()
}

/// The automata that are kept, by the pattern and whether each `*` has at least one character.
type Kept = IndexMap<(Pattern, bool), Result<Rc<Machine>, Limit>>;

/// The automata of patterns. Most elements of policies are about the same patterns, so automata are kept.
#[derive(Debug, Default)]
pub(crate) struct Machines {
    kept: RefCell<Kept>,
}

impl Machines {
    /// The automaton of a pattern ([`Machine::of`]).
    fn of(&self, pattern: &Pattern, is_filled: bool) -> Result<Rc<Machine>, Limit> {
        let key = (pattern.clone(), is_filled);
        if let Some(kept) = self.kept.borrow().get(&key) {
            return kept.clone();
        }
        let made = Machine::of(pattern, is_filled).map(Rc::new);
        let mut kept = self.kept.borrow_mut();
        if kept.len() == MOST_KEPT {
            kept.clear();
        }
        kept.insert(key, made.clone());
        made
    }
}

/// The automaton of a pattern.
#[derive(Debug)]
struct Machine {
    dfa: dense::DFA<Vec<u32>>,
    start: StateID,
}

impl Machine {
    /// The automaton. With `is_filled`, it accepts the texts with at least one character for each `*`.
    fn of(pattern: &Pattern, is_filled: bool) -> Result<Self, Limit> {
        let config = dense::Config::new()
            .accelerate(false)
            .start_kind(StartKind::Anchored)
            .dfa_size_limit(Some(LARGEST))
            .determinize_size_limit(Some(LARGEST));
        let regex = pattern.regex(is_filled);
        let dfa = dense::Builder::new().configure(config).build(&regex);
        // The regex is well-formed, so a size limit is the only error.
        let dfa = dfa.map_err(|_| Limit::TooManyStates)?;
        let anchored = start::Config::new().anchored(Anchored::Yes);
        let start = dfa.start_state(&anchored).map_err(|_| Limit::TooManyStates)?;
        Ok(Self { dfa, start })
    }

    fn step(&self, state: StateID, character: char) -> StateID {
        let mut buffer = [0; 4];
        let bytes = character.encode_utf8(&mut buffer).bytes();
        bytes.fold(state, |state, byte| self.dfa.next_state(state, byte))
    }

    fn accepts(&self, state: StateID) -> bool {
        self.dfa.is_match_state(self.dfa.next_eoi_state(state))
    }

    fn matches(&self, text: &str) -> bool {
        self.accepts(text.chars().fold(self.start, |state, one| self.step(state, one)))
    }
}

impl Pattern {
    /// The pattern of a text. `None` if it matches no text: an ARN with fewer than six fields.
    pub(crate) fn of(text: &str, syntax: Syntax) -> Option<Self> {
        let characters: Vec<_> = text.chars().map(|character| (character, true)).collect();
        Self::new(&characters, syntax)
    }

    /// The pattern of characters, each with whether it may be a wildcard.
    pub(crate) fn new(characters: &[(char, bool)], syntax: Syntax) -> Option<Self> {
        // `*` alone is any text, also one that is no ARN.
        let is_arn = syntax == Syntax::Arn && !matches!(characters, [('*', true)]);
        let has_wildcards = matches!(syntax, Syntax::Like | Syntax::Arn);
        let mut colons = 0;
        let mut tokens = Vec::with_capacity(characters.len());
        for (character, may_be_wildcard) in characters {
            let reach = if is_arn && colons < 5 { Reach::Field } else { Reach::Everywhere };
            let token = match character {
                '*' if has_wildcards && *may_be_wildcard => Token::Many(reach),
                '?' if has_wildcards && *may_be_wildcard => Token::One(reach),
                other if syntax == Syntax::AnyCase => in_any_case(*other),
                other => Token::Char(*other),
            };
            colons += usize::from(*character == ':');
            if !(matches!(token, Token::Many(_)) && tokens.last() == Some(&token)) {
                tokens.push(token);
            }
        }
        (!is_arn || colons >= 5).then_some(Self(tokens))
    }

    /// Whether `other` matches all texts of this pattern, or none of them; `None` if that takes automata.
    fn told(&self, other: &Self) -> Option<bool> {
        if let Some(text) = self.text() {
            return Some(other.matches(&text));
        }
        if self == other || other.0 == [Token::Many(Reach::Everywhere)] {
            return Some(true);
        }
        let is_apart = match other.text() {
            Some(text) => !self.matches(&text),
            None => {
                differ(self.0.iter(), other.0.iter())
                    || differ(self.0.iter().rev(), other.0.iter().rev())
            }
        };
        is_apart.then_some(false)
    }

    /// The text of a pattern without wildcards.
    fn text(&self) -> Option<String> {
        let characters = self.0.iter().map(|token| match token {
            Token::Char(character) => Some(*character),
            Token::Either(_) | Token::One(_) | Token::Many(_) => None,
        });
        characters.collect()
    }

    /// A text that the pattern matches.
    fn sample(&self) -> String {
        let characters = self.0.iter().map(|token| match token {
            Token::Char(character) => *character,
            Token::Either(characters) => characters.first().copied().unwrap_or('x'),
            Token::One(_) | Token::Many(_) => 'x',
        });
        characters.collect()
    }

    /// Whether the pattern matches a text: follows all ways through the tokens at once.
    fn matches(&self, text: &str) -> bool {
        // Whether the tokens before each position match the text so far.
        let mut reached = vec![false; self.0.len() + 1];
        if let Some(first) = reached.first_mut() {
            *first = true;
        }
        self.pass_over(&mut reached);
        for character in text.chars() {
            let mut next = vec![false; reached.len()];
            for (index, token) in self.0.iter().enumerate() {
                if reached.get(index) != Some(&true) || !token.takes(character) {
                    continue;
                }
                let after = if matches!(token, Token::Many(_)) { index } else { index + 1 };
                if let Some(is_reached) = next.get_mut(after) {
                    *is_reached = true;
                }
            }
            self.pass_over(&mut next);
            reached = next;
        }
        reached.last() == Some(&true)
    }

    /// Marks the positions that are reached because a `*` may be empty.
    fn pass_over(&self, reached: &mut [bool]) {
        let mut is_before = false;
        let tokens = self.0.iter().map(Some).chain([None]);
        for (is_reached, token) in reached.iter_mut().zip(tokens) {
            *is_reached |= is_before;
            is_before = *is_reached && matches!(token, Some(Token::Many(_)));
        }
    }

    /// The pattern as a regular expression for whole texts.
    fn regex(&self, is_filled: bool) -> String {
        let mut regex = String::new();
        for token in &self.0 {
            match token {
                Token::Char(character) => regex.extend(character.escape_unicode()),
                Token::Either(characters) => {
                    regex.push('[');
                    regex.extend(characters.iter().copied().flat_map(char::escape_unicode));
                    regex.push(']');
                }
                Token::One(Reach::Everywhere) | Token::Many(Reach::Everywhere) => {
                    regex.push_str("(?s:.)");
                }
                Token::One(Reach::Field) | Token::Many(Reach::Field) => regex.push_str("[^:]"),
            }
            if matches!(token, Token::Many(_)) {
                regex.push(if is_filled { '+' } else { '*' });
            }
        }
        regex.push_str(r"\z");
        regex
    }
}

impl Token {
    fn takes(&self, character: char) -> bool {
        match self {
            Self::Char(wanted) => *wanted == character,
            Self::Either(wanted) => wanted.contains(&character),
            Self::One(Reach::Everywhere) | Self::Many(Reach::Everywhere) => true,
            Self::One(Reach::Field) | Self::Many(Reach::Field) => character != ':',
        }
    }
}

/// Whether the characters before the first wildcard differ.
fn differ<'t>(
    one: impl Iterator<Item = &'t Token>,
    other: impl Iterator<Item = &'t Token>,
) -> bool {
    let is_literal =
        |(one, other): &(&Token, &Token)| matches!((one, other), (Token::Char(_), Token::Char(_)));
    one.zip(other).take_while(is_literal).any(|(one, other)| one != other)
}

/// The characters that are equal to this one if case does not count.
fn in_any_case(character: char) -> Token {
    let mut equal = BTreeSet::from([character]);
    equal.extend(single(character.to_lowercase()));
    equal.extend(single(character.to_uppercase()));
    if equal.contains(&'k') {
        // The sign for kelvin is the only other character whose lower case is an ASCII letter.
        equal.insert('\u{212a}');
    }
    if equal.len() == 1 {
        Token::Char(character)
    } else {
        Token::Either(equal.into_iter().collect())
    }
}

/// The only item; `None` if there are more.
fn single(mut items: impl Iterator<Item = char>) -> Option<char> {
    let first = items.next();
    first.filter(|_| items.next().is_none())
}

/// The characters that patterns contain and one that none contains, the most readable first.
fn alphabet<'p>(patterns: impl IntoIterator<Item = &'p Pattern>) -> Vec<char> {
    let mut characters = BTreeSet::new();
    for token in patterns.into_iter().flat_map(|pattern| &pattern.0) {
        match token {
            Token::Char(character) => {
                characters.insert((rank(*character), *character));
            }
            Token::Either(either) => {
                characters.extend(either.iter().map(|one| (rank(*one), *one)));
            }
            Token::One(_) | Token::Many(_) => {}
        }
    }
    let readable = ('x'..='z').chain('a'..='w').chain('0'..='9').chain('A'..='Z');
    let mut others = readable.chain('\u{a1}'..=char::MAX).map(|one| (rank(one), one));
    let other = others.find(|one| !characters.contains(one));
    characters.extend(other);
    characters.into_iter().map(|(_, character)| character).collect()
}

/// How readable a character is in an example; the lowest is the best.
fn rank(character: char) -> u8 {
    match character {
        'x'..='z' => 0,
        'a'..='w' => 1,
        '0'..='9' => 2,
        'A'..='Z' => 3,
        '*' | '?' | '$' | '{' | '}' => 6,
        '!'..='~' => 4,
        other if other.is_control() => 7,
        _ => 5,
    }
}

#[cfg(test)]
mod tests;
