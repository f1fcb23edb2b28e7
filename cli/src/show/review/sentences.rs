//! The sentences about findings, which all forms share.

use std::borrow::Cow;
use std::fmt;

use lakewright_access::sample::FILL;
use lakewright_diff::access::{Answer, Deciding, Reach};
use lakewright_diff::change::{PropertyChange, ResourceChange};
use lakewright_diff::review::Move;
use lakewright_diff::update::{DataEffect, Fate, Update};
use lakewright_template::Value;
use lakewright_template::arn::ArnParts;
use lakewright_template::write::value_to_compact_json;

use super::alike::AlikeAccess;
use super::{Entry, How, Named, Shown, ShownStack, relation};

/// The maximum number of actions, lines and conditions in a sentence.
const LISTED: usize = 3;

/// A sentence in pieces, so that each form can mark names and escape them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sentence {
    pieces: Vec<Piece>,
}

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Words of this program.
    Words(&'static str),
    /// A number.
    Number(usize),
    /// A name or another text that comes from a user or a template.
    Name(String),
}

impl Sentence {
    pub(crate) fn new(words: &'static str) -> Self {
        Self::default().words(words)
    }

    pub(crate) fn words(mut self, words: &'static str) -> Self {
        if !words.is_empty() {
            self.pieces.push(Piece::Words(words));
        }
        self
    }

    /// Adds a text of a user or a template, in one line.
    pub(crate) fn name(mut self, name: &str) -> Self {
        self.pieces.push(Piece::Name(printable(name).into_owned()));
        self
    }

    pub(super) fn number(mut self, number: usize) -> Self {
        self.pieces.push(Piece::Number(number));
        self
    }

    pub(crate) fn then(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.pieces {
            match piece {
                Piece::Words(words) => formatter.write_str(words)?,
                Piece::Number(number) => write!(formatter, "{number}")?,
                Piece::Name(name) => formatter.write_str(name)?,
            }
        }
        Ok(())
    }
}

/// A text in one line, without characters that control a terminal or the direction of text.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_unprintable(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

fn is_unprintable(character: char) -> bool {
    let is_direction = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    character.is_control() || is_direction || matches!(character, '\u{2028}' | '\u{2029}')
}

/// At most `room` characters of a text, with an ellipsis in place of the rest.
pub(crate) fn shortened(text: &str, room: usize) -> Cow<'_, str> {
    if text.chars().nth(room).is_none() {
        return Cow::Borrowed(text);
    }
    let mut short: String = text.chars().take(room.saturating_sub(1)).collect();
    short.push('…');
    Cow::Owned(short)
}

/// A value of a template in one line.
pub(crate) fn value(value: Option<&Value>) -> String {
    let Some(value) = value else { return "(none)".to_owned() };
    printable(&value_to_compact_json(value)).into_owned()
}

/// Actions that together have a name.
struct Known {
    actions: &'static [&'static str],
    verb: &'static str,
    /// The words between the verb and the resource, and what the resource is. Both are empty for objects of S3.
    link: &'static str,
    noun: &'static str,
}

const fn known(
    actions: &'static [&'static str],
    verb: &'static str,
    link: &'static str,
    noun: &'static str,
) -> Known {
    Known { actions, verb, link, noun }
}

/// The named sets of actions. A set comes before its subsets.
const KNOWN: [Known; 24] = [
    known(&["s3:GetObject", "s3:GetObjectVersion"], "read objects and their versions", "", ""),
    known(&["s3:GetObject"], "read objects", "", ""),
    known(
        &["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"],
        "write objects",
        "",
        "",
    ),
    known(&["s3:PutObject"], "write objects", "", ""),
    known(
        &["s3:DeleteObject", "s3:DeleteObjectVersion"],
        "delete objects and their versions",
        "",
        "",
    ),
    known(&["s3:DeleteObject"], "delete objects", "", ""),
    known(
        &["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
        "list objects",
        "",
        "",
    ),
    known(&["s3:ListBucket"], "list objects", "", ""),
    known(&["kms:Decrypt", "kms:DescribeKey"], "decrypt", "with ", "key"),
    known(&["kms:Decrypt"], "decrypt", "with ", "key"),
    known(
        &["kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"],
        "encrypt",
        "with ",
        "key",
    ),
    known(&["kms:Encrypt", "kms:GenerateDataKey"], "encrypt", "with ", "key"),
    known(&["kms:GenerateDataKey"], "generate data keys", "with ", "key"),
    known(&["sts:AssumeRole"], "assume", "", "role"),
    known(&["iam:PassRole"], "pass", "", "role"),
    known(&["lambda:InvokeFunction"], "invoke", "", "function"),
    known(
        &["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
        "read",
        "",
        "secret",
    ),
    known(&["secretsmanager:GetSecretValue"], "read", "", "secret"),
    known(&["sns:Publish"], "publish", "to ", "topic"),
    known(&["sqs:SendMessage"], "send messages", "to ", "queue"),
    known(&["sqs:ReceiveMessage"], "receive messages", "from ", "queue"),
    known(&["lakeformation:SELECT"], "select", "from ", "table"),
    known(&["lakeformation:INSERT"], "insert", "into ", "table"),
    known(&["lakeformation:DELETE"], "delete", "from ", "table"),
];

impl Known {
    fn place(&self, resource: &str) -> Sentence {
        if self.noun.is_empty() {
            return of_objects(resource);
        }
        let start = Sentence::new(self.link);
        if resource == "*" {
            start.words("any ").words(self.noun)
        } else {
            start.words("the ").words(self.noun).words(" ").name(resource)
        }
    }
}

/// Where objects are: with the address that people know for buckets.
fn of_objects(resource: &str) -> Sentence {
    match address(resource) {
        Some(path) if path.ends_with('*') && path.contains('/') => {
            Sentence::new("under ").name(&format!("s3://{path}"))
        }
        Some(path) if path.contains('/') => Sentence::new("at ").name(&format!("s3://{path}")),
        Some(path) => Sentence::new("in ").name(&format!("s3://{path}")),
        None if resource == "*" => Sentence::new("in any bucket"),
        None => Sentence::new("through ").name(resource),
    }
}

/// The bucket and the path in it, if a resource is a bucket or objects in one.
fn address(resource: &str) -> Option<&str> {
    let arn = ArnParts::parse(resource)?;
    let is_bucket = arn.service == "s3" && arn.region.is_empty() && arn.account.is_empty();
    is_bucket.then_some(arn.resource)
}

/// What the requests do, without the resources: `read objects`, `perform s3:PutObjectAcl`.
fn deeds(reach: &Reach) -> Vec<(Sentence, Sentence)> {
    let resource = readable(&reach.resource);
    let mut left: Vec<&str> = reach.actions.iter().map(String::as_str).collect();
    let mut deeds = Vec::new();
    let widest = widest(&left);
    // Verbs for a few of the actions would hide that there are many.
    let sets: &[Known] = if widest.is_some() { &[] } else { &KNOWN };
    for known in sets {
        if known.actions.iter().all(|action| left.contains(action)) {
            left.retain(|action| !known.actions.contains(action));
            deeds.push((Sentence::new(known.verb), known.place(&resource)));
        }
    }
    if left.is_empty() && !deeds.is_empty() {
        return deeds;
    }
    let place = match address(&resource) {
        Some(_) => of_objects(&resource),
        None if resource == "*" => Sentence::new("on any resource"),
        None => Sentence::new("on ").name(&resource),
    };
    if let Some(pattern) = widest {
        let number = left.len();
        left.retain(|action| !covers(pattern, action));
        let number = number - left.len();
        let verb = Sentence::new("perform ").number(number).words(" actions of ");
        let verb = verb.name(&readable(pattern));
        deeds.push((verb, place.clone()));
        if left.is_empty() {
            return deeds;
        }
    }
    let names: Vec<String> = left.iter().map(|action| readable(action)).collect();
    let verb = Sentence::new(if names.is_empty() { "perform actions" } else { "perform " });
    deeds.push((verb.then(listed(&names)), place));
    deeds
}

/// The pattern among actions that more of them match than a sentence lists. A pattern is there for the actions that the
/// catalogue does not have.
fn widest<'a>(actions: &[&'a str]) -> Option<&'a str> {
    let matching = |pattern: &str| actions.iter().filter(|action| covers(pattern, action)).count();
    let patterns = actions.iter().copied().filter(|action| action.ends_with('*'));
    let widest = patterns.max_by_key(|pattern| matching(pattern))?;
    (matching(widest) > LISTED + 1).then_some(widest)
}

/// Whether an action is a pattern itself or matches it.
fn covers(pattern: &str, action: &str) -> bool {
    pattern == action || pattern.strip_suffix('*').is_some_and(|start| action.starts_with(start))
}

/// What the requests do, for a label.
pub(crate) fn label(reach: &Reach) -> String {
    let verbs: Vec<String> = deeds(reach).iter().map(|(verb, _)| verb.to_string()).collect();
    verbs.join(", ")
}

/// The resource of the requests as people know it.
pub(crate) fn target(reach: &Reach, named: &dyn Named) -> String {
    named.resource(&reach.resource).unwrap_or_else(|| match address(&reach.resource) {
        Some(path) => printable(&format!("s3://{path}")).into_owned(),
        None if reach.resource == "*" => "any resource".to_owned(),
        None => printable(&readable(&reach.resource)).into_owned(),
    })
}

/// Deeds at one place are one clause.
fn clauses(reach: &Reach) -> Sentence {
    let mut clauses: Vec<(Vec<Sentence>, Sentence)> = Vec::new();
    for (verb, place) in deeds(reach) {
        match clauses.iter_mut().find(|(_, other)| *other == place) {
            Some((verbs, _)) => verbs.push(verb),
            None => clauses.push((vec![verb], place)),
        }
    }
    let clauses = clauses.into_iter().map(|(verbs, place)| joined(verbs).words(" ").then(place));
    joined(clauses.collect())
}

/// `a`, `a and b`, `a, b and c`.
fn joined(sentences: Vec<Sentence>) -> Sentence {
    let last = sentences.len().saturating_sub(1);
    let mut all = Sentence::default();
    for (place, sentence) in sentences.into_iter().enumerate() {
        let between = match place {
            0 => "",
            _ if place == last => " and ",
            _ => ", ",
        };
        all = all.words(between).then(sentence);
    }
    all
}

/// The first names of a list, and the number of the others.
pub(super) fn listed(names: &[String]) -> Sentence {
    let mut shown: Vec<Sentence> =
        names.iter().take(LISTED).map(|name| Sentence::default().name(name)).collect();
    if names.len() > LISTED {
        shown.push(Sentence::default().number(names.len() - LISTED).words(" more"));
    }
    joined(shown)
}

/// A text with readable words in place of sample texts.
fn readable(text: &str) -> String {
    text.replace(FILL, "<any>").replace("Zzsample", "<any other>")
}

/// Who a sentence is about.
fn subject(principal: &str, named: &dyn Named) -> Sentence {
    if principal == "*" {
        return Sentence::new("everybody");
    }
    let arn = ArnParts::parse(principal).filter(|arn| matches!(arn.service, "iam" | "sts"));
    let kind = arn.and_then(|arn| arn.kind_and_name()).map(|(kind, _)| kind);
    let (who, kind) = match kind {
        Some("role") => ("", "role "),
        Some("user") => ("", "user "),
        Some("group") => ("", "group "),
        Some("assumed-role" | "federated-user") => ("", "session "),
        Some("policy") => ("whoever has the policy ", ""),
        _ => ("", ""),
    };
    if let Some(name) = named.principal(principal) {
        let sentence = Sentence::new(who).name(&name).words(" (").words(kind);
        return sentence.name(principal).words(")");
    }
    match arn {
        Some(arn) if arn.resource == "root" => {
            Sentence::new("all principals of account ").name(arn.account)
        }
        None if !principal.contains(':') && principal.contains('.') => {
            Sentence::new("the service ").name(principal)
        }
        _ => Sentence::new(who).words(kind).name(principal),
    }
}

/// The name of a principal for a picture.
pub(crate) fn who(principal: &str, named: &dyn Named) -> String {
    let name = named.principal(principal);
    name.map_or_else(|| subject(principal, named).to_string(), |name| printable(&name).into_owned())
}

fn ability(how: How, decisions: (Answer, Answer)) -> &'static str {
    match (how, decisions) {
        (How::Gained, (_, Answer::Allowed)) => "can now ",
        (How::Gained | How::Unknown, _) => "may be able to ",
        (How::Lost, (Answer::Allowed, Answer::Denied)) => "can no longer ",
        (How::Lost, _) => "may no longer be able to ",
    }
}

/// What a principal can do now, may be able to do, or can no longer do.
pub(crate) fn access(entry: &Entry<'_>, named: &dyn Named) -> Sentence {
    principal(entry, named).words(" ").then(ability_of(entry))
}

/// The same, with the number of the principals that gain or lose access alike.
pub(crate) fn accesses(access: &AlikeAccess<'_>, named: &dyn Named) -> Sentence {
    self::access(&access.entry, named).then(and_others(access))
}

/// The number of the principals that gain or lose access alike. Nothing if there are none.
pub(crate) fn and_others(access: &AlikeAccess<'_>) -> Sentence {
    match access.others.len() {
        0 => Sentence::default(),
        number => Sentence::new("; ").number(number).words(" more principals alike"),
    }
}

/// A principal that gains or loses access like another one, with the resource of its own.
pub(crate) fn one_alike(entry: &Entry<'_>, named: &dyn Named) -> String {
    let who = who(&entry.change.principal, named);
    match entry.reach {
        Some(reach) => format!("{who} ({})", target(reach, named)),
        None => who,
    }
}

/// The principal of an entry.
pub(crate) fn principal(entry: &Entry<'_>, named: &dyn Named) -> Sentence {
    subject(&entry.change.principal, named)
}

/// What the principal of an entry can do now, may be able to do, or can no longer do; without the principal.
pub(crate) fn ability_of(entry: &Entry<'_>) -> Sentence {
    let Entry { change, reach, how } = entry;
    let Some(reach) = reach else {
        return Sentence::new("has other access: ").words(relation(change.relation));
    };
    let mut sentence = Sentence::new(ability(*how, reach.decisions)).then(clauses(reach));
    if !reach.conditions.is_empty() {
        sentence = sentence.words(" when ").then(listed(&reach.conditions));
    }
    sentence = because(sentence, &reach.because);
    if !reach.reason.is_empty() {
        sentence = sentence.words(": ").name(&reach.reason);
    }
    sentence
}

/// Adds the manifest lines to a sentence.
pub(super) fn because(sentence: Sentence, lines: &[String]) -> Sentence {
    if lines.is_empty() {
        return sentence;
    }
    let lines: Vec<String> = lines.iter().map(|line| without_column(line).to_owned()).collect();
    sentence.words(" because of ").then(listed(&lines))
}

/// `file:line` of `file:line:column`.
fn without_column(line: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match line.rsplit_once(':') {
        Some((start, column))
            if is_number(column)
                && start.rsplit_once(':').is_some_and(|(_, line)| is_number(line)) =>
        {
            start
        }
        _ => line,
    }
}

/// A request that the sides decide differently.
pub(crate) fn example(reach: &Reach) -> Sentence {
    let witness = &reach.witness;
    let mut sentence = Sentence::new("for example: ")
        .name(&readable(&witness.action))
        .words(" on ")
        .name(&readable(&witness.resource));
    for (place, (key, values)) in witness.context.iter().enumerate() {
        let before = if place == 0 { " with " } else { " and " };
        let values = readable(&values.join(", "));
        sentence = sentence.words(before).name(key).words(" = ").name(&values);
    }
    sentence
}

/// A statement that decides.
pub(crate) fn deciding(deciding: &Deciding, shown: &Shown<'_>) -> Sentence {
    let Deciding { is_after, origin, sid, is_allow } = deciding;
    let property = format!("{}.{}", origin.logical_id, origin.property);
    let mut sentence =
        Sentence::new(if *is_after { "after the change: " } else { "before the change: " })
            .words(if *is_allow { "allowed by " } else { "denied by " });
    // A permission of Lake Formation has no statements.
    if !sid.is_empty() {
        sentence = sentence.words("statement ").name(sid).words(" in ");
    }
    sentence.name(&property).words(" of ").name(&shown.stack(&origin.stack))
}

/// A stack, with the number of the stacks that change alike.
pub(crate) fn stack(stack: ShownStack<'_>, shown: &Shown<'_>) -> Sentence {
    let sentence = Sentence::default().name(&shown.stack(&stack.change.stack));
    match stack.others() {
        0 => sentence,
        number => sentence.words(" and ").number(number).words(" more stacks alike"),
    }
}

/// What CloudFormation does with a resource of a stack, and what happens to its data.
pub(crate) fn resource_of(
    stack: ShownStack<'_>,
    resource: &ResourceChange,
    shown: &Shown<'_>,
) -> Sentence {
    what_happens(Sentence::new(" in ").then(self::stack(stack, shown)), resource)
}

/// The same below the name of the stack.
pub(crate) fn resource(resource: &ResourceChange) -> Sentence {
    what_happens(Sentence::default(), resource)
}

fn what_happens(place: Sentence, resource: &ResourceChange) -> Sentence {
    let (before, after) = match resource.outcome.fate {
        Fate::Unchanged | Fate::Updated(Update::Nothing) => {
            ("CloudFormation changes nothing in ", "")
        }
        Fate::Created => ("CloudFormation creates ", ""),
        Fate::Updated(Update::InPlace) => ("CloudFormation updates ", " in place"),
        Fate::Updated(Update::Interrupts) => {
            ("CloudFormation updates ", " in place and interrupts it")
        }
        Fate::Updated(Update::MayReplace) => ("CloudFormation may replace ", ""),
        Fate::Updated(Update::Replaces) => ("CloudFormation replaces ", ""),
        Fate::Updated(Update::Fails) => ("CloudFormation fails to update ", ""),
        Fate::Retained => ("CloudFormation keeps ", ", which leaves the template"),
        Fate::Deleted => ("CloudFormation deletes ", ""),
        Fate::Moved => ("", " moves to another stack or logical id"),
    };
    let data = match resource.outcome.data {
        DataEffect::None => "",
        DataEffect::Orphaned => "; its data stays, and no stack has the resource any more",
        DataEffect::LeftBehind => "; its data stays in the old resource, and the new one is empty",
        DataEffect::Snapshot => "; a snapshot of its data stays",
        DataEffect::Unreadable => "; its data stays and can no longer be read",
        DataEffect::Lost => "; its data could be lost",
    };
    let sentence = Sentence::new(before)
        .name(resource.logical_id.as_str())
        .words(" (")
        .name(&resource.resource_type)
        .words(")")
        .then(place)
        .words(after)
        .words(data);
    let ResourceChange { lines_before, lines_after, .. } = resource;
    because(sentence, if lines_after.is_empty() { lines_before } else { lines_after })
}

/// A change outside of resources.
pub(crate) fn other_of(
    stack: ShownStack<'_>,
    change: &PropertyChange,
    shown: &Shown<'_>,
) -> Sentence {
    template(Sentence::new(" of ").then(self::stack(stack, shown)), change)
}

/// The same below the name of the stack.
pub(crate) fn other(change: &PropertyChange) -> Sentence {
    template(Sentence::default(), change)
}

fn template(place: Sentence, change: &PropertyChange) -> Sentence {
    let verb = match (&change.before, &change.after) {
        (None, _) => " gains ",
        (_, None) => " loses ",
        _ => " has another value at ",
    };
    Sentence::new("the template").then(place).words(verb).name(&change.path)
}

/// A resource that moves.
pub(crate) fn moved(one: &Move, shown: &Shown<'_>) -> Sentence {
    let Move { resource_type, from, to, obstacles: _ } = one;
    Sentence::default()
        .name(&from.1)
        .words(" (")
        .name(resource_type)
        .words(") moves from ")
        .name(&shown.stack(&from.0))
        .words(" to ")
        .name(&to.1)
        .words(" in ")
        .name(&shown.stack(&to.0))
}

#[cfg(test)]
mod tests;
