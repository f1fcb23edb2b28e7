//! Stacks that change alike.
//!
//! What belongs to a stack alone (its account, region and name, the name of the dataset, team or share that it is for, digests at
//! the end of names and logical ids, its revision, and its manifest lines) becomes a variable. Stacks whose changes are equal
//! then are one class. Any other text that differs makes another class, because it may mean something else.

mod abstracted;
mod pattern;
mod rewrite;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::Value;

use crate::change::{PropertyChange, ResourceChange, StackChange};
use crate::update::Update;
use abstracted::DIGEST;
use pattern::{Fill, Filling, LINES, Used};

/// A group of stacks that change alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// The change that the stacks have in common.
    pub shape: Shape,
    /// The stacks, sorted.
    pub members: Vec<Member>,
}

/// A stack's change with variables.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// The change. In its texts, `⟨name⟩` is a variable, and `⟨⟨` is the character `⟨`. The manifest lines of a resource are
    /// one variable, which stands for any number of lines.
    pub change: StackChange,
}

/// A stack of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The stack's address.
    pub stack: String,
    /// The texts of the variables. Several manifest lines are one text, with a line feed behind each.
    pub bindings: BTreeMap<String, String>,
}

impl Class {
    /// The change of a member, as it was grouped.
    pub fn expand(&self, member: &Member) -> StackChange {
        let fillings = member.bindings.iter();
        let fillings = fillings.map(|(name, text)| (name.as_str(), Filling::Text(text))).collect();
        rewrite::stack(&self.shape.change, &mut Fill { fillings, is_pattern: false })
    }
}

/// Groups changes. Outliers come first: the smallest class, and of classes of one size the one with the first stack.
pub fn of(changes: &[StackChange]) -> Vec<Class> {
    let mut groups: BTreeMap<Ordered, Vec<Member>> = BTreeMap::new();
    for change in changes {
        let (shape, bindings) = abstracted::of(change);
        let member = Member { stack: change.stack.clone(), bindings };
        groups.entry(Ordered(shape)).or_default().push(member);
    }
    let mut classes = Vec::new();
    for (Ordered(shape), members) in groups {
        classes.extend(by_words(members).into_iter().map(|members| class(&shape, members)));
    }
    let first = |class: &Class| class.members.first().map(|member| member.stack.clone());
    classes.sort_by_cached_key(|class| (class.members.len(), first(class)));
    classes
}

/// Divides members where what has the form of a digest is a word: most digests in base32 have a digit, words have none.
fn by_words(members: Vec<Member>) -> Vec<Vec<Member>> {
    let is_word = |name: &&String| {
        let has_digit = |text: &String| text.bytes().any(|byte| byte.is_ascii_digit());
        let with_digit =
            members.iter().filter(|member| member.bindings.get(*name).is_some_and(has_digit));
        with_digit.count() * 2 < members.len()
    };
    let names = members.first().into_iter().flat_map(|member| member.bindings.keys());
    let words: Vec<String> =
        names.filter(|name| name.starts_with(DIGEST)).filter(is_word).cloned().collect();
    let mut groups: BTreeMap<Vec<Option<String>>, Vec<Member>> = BTreeMap::new();
    for member in members {
        let key = words.iter().map(|word| member.bindings.get(word).cloned()).collect();
        groups.entry(key).or_default().push(member);
    }
    groups.into_values().collect()
}

/// The class of members of one shape. A text that all members have is no variable, and variables with the same text in
/// each member are one.
fn class(shape: &StackChange, mut members: Vec<Member>) -> Class {
    let mut used = Used::default();
    rewrite::stack(shape, &mut used);
    members.sort_by(|one, other| one.stack.cmp(&other.stack));
    let mut fillings: BTreeMap<&str, Filling<'_>> = BTreeMap::new();
    let mut columns: BTreeMap<(bool, Vec<&str>), &str> = BTreeMap::new();
    for name in &used.0 {
        let texts = members.iter().filter_map(|member| member.bindings.get(name));
        let column: Vec<&str> = texts.map(String::as_str).collect();
        let Some(first) = column.first().copied() else { continue };
        if column.iter().all(|text| *text == first) {
            fillings.insert(name, Filling::Text(first));
            continue;
        }
        let column = (name.starts_with(LINES), column);
        if let Some(known) = columns.get(&column).copied() {
            fillings.insert(name, Filling::Variable(known));
        } else {
            columns.insert(column, name);
        }
    }
    let kept: BTreeSet<String> = columns.into_values().map(str::to_owned).collect();
    let change = rewrite::stack(shape, &mut Fill { fillings, is_pattern: true });
    for member in &mut members {
        member.bindings.retain(|name, _| kept.contains(name));
    }
    Class { shape: Shape { change }, members }
}

/// A change with an order, so that equal ones are found.
struct Ordered(StackChange);

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        let (one, other) = (&self.0, &other.0);
        let stacks = (one.kind, &one.stack).cmp(&(other.kind, &other.stack));
        stacks
            .then_with(|| resources(&one.resources, &other.resources))
            .then_with(|| properties(&one.others, &other.others))
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered {}

fn resources(one: &[ResourceChange], other: &[ResourceChange]) -> Ordering {
    let mut orders = one.iter().zip(other).map(|(one, other)| resource(one, other));
    let differ = orders.find(|order| order.is_ne());
    differ.unwrap_or_else(|| one.len().cmp(&other.len()))
}

fn resource(one: &ResourceChange, other: &ResourceChange) -> Ordering {
    let all = |change: &ResourceChange| {
        let outcome = &change.outcome;
        (change.kind, outcome.fate, outcome.data)
    };
    let ids = one.logical_id.cmp(&other.logical_id);
    ids.then_with(|| all(one).cmp(&all(other)))
        .then_with(|| one.resource_type.cmp(&other.resource_type))
        .then_with(|| one.outcome.reasons.cmp(&other.outcome.reasons))
        .then_with(|| one.lines_before.cmp(&other.lines_before))
        .then_with(|| one.lines_after.cmp(&other.lines_after))
        .then_with(|| properties(&one.properties, &other.properties))
        .then_with(|| properties(&one.attributes, &other.attributes))
}

fn properties(one: &[PropertyChange], other: &[PropertyChange]) -> Ordering {
    one.iter().map(property).cmp(other.iter().map(property))
}

fn property(change: &PropertyChange) -> (&str, Update, Option<&Value>, Option<&Value>) {
    (&change.path, change.update, change.before.as_ref(), change.after.as_ref())
}

#[cfg(test)]
mod tests;
