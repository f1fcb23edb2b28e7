//! The review of two assemblies, stack by stack, where no access differs.
//!
//! The model of access is made of what each template says about it ([`Piece`]). If that is equal before and after the change for
//! each stack, so is the model, and no access differs. Then a stack is reviewed with its own two templates alone, which are
//! dropped at once. Of the templates only the part that differs is read, if that is certain to be enough. Whatever is not certain
//! here is left to the review of everything, as is each error.

mod tags;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use lakewright_access::world::{OnUnresolved, Piece, StackTemplate};
use lakewright_diff::Stack;
use lakewright_diff::alone::{self, Own};
use lakewright_diff::change::StackChange;
use lakewright_diff::review::Review;
use lakewright_template::assembly::{Assembly, Provenance, StackEntry};
use lakewright_template::resolve::{Branch, Resolver};
use lakewright_template::{Intrinsic, LogicalId, Place, ResourceEntry, Template, Value, read};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::cut::Part;
use super::{Reviewed, listed};

/// The manifest lines of each stack's parts, by address.
type Lines = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// A stack that both assemblies have.
struct Pair<'a> {
    address: String,
    place: Place,
    entries: [&'a StackEntry; 2],
}

/// Two assemblies with the same stacks.
struct Assemblies<'a> {
    folders: [&'a Path; 2],
    /// The manifest lines of both sides; `None` inside if they cannot be read. They are read with the first stack that differs.
    lines: OnceLock<Option<[Lines; 2]>>,
}

/// What was found about a stack.
#[derive(Debug, Default)]
struct Found {
    /// Whether the templates have the same bytes.
    is_equal: bool,
    /// The change and the notes on it.
    change: Option<(StackChange, Vec<String>)>,
    /// The keys of tags that differ, of roles and of resources that policies can name; in lower case.
    tags: BTreeSet<String>,
}

/// Reviews two assemblies; `None` if everything has to be read.
pub(super) fn of(folders: [&Path; 2]) -> Option<Reviewed> {
    let (before, after) = rayon::join(|| listed(folders[0]), || listed(folders[1]));
    let both = [before.ok()?, after.ok()?];
    let pairs = pairs(&both)?;
    let assemblies = Assemblies { folders, lines: OnceLock::new() };
    let found: Option<Vec<Found>> = pairs.par_iter().map(|pair| assemblies.look(pair)).collect();
    let found = found?;
    if found.iter().all(|one| one.is_equal) {
        let review = Review { equal: pairs.len(), ..Review::default() };
        return Some(Reviewed { review, ..Reviewed::default() });
    }
    let tags: BTreeSet<String> = found.iter().flat_map(|one| &one.tags).cloned().collect();
    if !have_same_grants(folders)? || assemblies.may_name(&pairs, &tags)? {
        return None;
    }
    let (mut changes, mut notes) = (Vec::new(), Vec::new());
    for (change, of_change) in found.into_iter().filter_map(|one| one.change) {
        changes.push(change);
        notes.extend(of_change);
    }
    let mut review = alone::review(changes, notes)?;
    review.equal = pairs.len().saturating_sub(review.stacks.len());
    let subject = |pair: &Pair<'_>| {
        let [_, entry] = pair.entries;
        (pair.address.clone(), format!("{}/{}", entry.kind, entry.id))
    };
    let stacks = pairs.iter().map(subject).collect();
    Some(Reviewed { review, stacks, ..Reviewed::default() })
}

/// The stacks, sorted by address, if both sides have the same ones for the same documents.
fn pairs(both: &[Assembly; 2]) -> Option<Vec<Pair<'_>>> {
    let [before, after] = both;
    let address = |entry: &StackEntry| entry.address().to_string();
    let mut earlier: BTreeMap<String, &StackEntry> =
        before.stacks.iter().map(|entry| (address(entry), entry)).collect();
    if before.stacks.len() != after.stacks.len() || earlier.len() != before.stacks.len() {
        return None;
    }
    let pairs = after.stacks.iter().map(|entry| {
        let address = address(entry);
        let old = earlier.remove(&address)?;
        let is_same = old.kind == entry.kind && old.id == entry.id;
        is_same.then(|| Pair { address, place: entry.place(), entries: [old, entry] })
    });
    let mut pairs = pairs.collect::<Option<Vec<_>>>()?;
    pairs.sort_by(|one, other| one.address.cmp(&other.address));
    Some(pairs)
}

impl Assemblies<'_> {
    /// The templates of a stack, as their files are.
    fn files(&self, pair: &Pair<'_>) -> Option<[Vec<u8>; 2]> {
        let [old, new] = pair.entries;
        let [before, after] = self.folders;
        let file = |folder: &Path, entry: &StackEntry| fs::read(folder.join(&entry.template)).ok();
        Some([file(before, old)?, file(after, new)?])
    }

    fn look(&self, pair: &Pair<'_>) -> Option<Found> {
        let files = self.files(pair)?;
        if files[0] == files[1] {
            return Some(Found { is_equal: true, ..Found::default() });
        }
        let [before, after] = files.each_ref().map(|file| std::str::from_utf8(file).ok());
        let (before, after) = (before?, after?);
        let of_part = Part::of(before, after).and_then(|part| {
            let (old, new) = templates(&part, &pair.place)?;
            self.compare(pair, &old, &new)
        });
        let is_all = |found: &Found| {
            found.change.as_ref().is_none_or(|(change, _)| alone::is_in_place(change))
        };
        of_part.filter(is_all).or_else(|| {
            let (old, new) = (read::written(before).ok()?, read::written(after).ok()?);
            self.compare(pair, &old, &new)
        })
    }

    /// Compares the templates of a stack, or the part of them that decides.
    fn compare(&self, pair: &Pair<'_>, old: &Template, new: &Template) -> Option<Found> {
        // The metadata say to which imported databases only Lake Formation gives access.
        if old.metadata != new.metadata {
            return None;
        }
        let tags = differing_tags(piece(pair, old)?, piece(pair, new)?)?;
        let none = BTreeMap::new();
        let lines = self.lines()?;
        let [before, after] =
            lines.each_ref().map(|lines| lines.get(&pair.address).unwrap_or(&none));
        let Pair { address, place, .. } = pair;
        let before = Stack { address, place, template: old, lines: before };
        let after = Stack { address, place, template: new, lines: after };
        match alone::of(before, after) {
            Own::Nothing => Some(Found { tags, ..Found::default() }),
            Own::Change(change, notes) => {
                Some(Found { tags, change: Some((change, notes)), ..Found::default() })
            }
            Own::Shared => None,
        }
    }

    fn lines(&self) -> Option<&[Lines; 2]> {
        let read = |folder: &Path| -> Option<Lines> {
            let text = fs::read_to_string(folder.join("provenance.json")).ok()?;
            serde_json::from_str(&text).ok().map(|provenance: Provenance| provenance.stacks)
        };
        let [before, after] = self.folders;
        self.lines.get_or_init(|| Some([read(before)?, read(after)?])).as_ref()
    }

    /// Whether a template of either side may name a tag with one of these keys in a policy.
    fn may_name(&self, pairs: &[Pair<'_>], keys: &BTreeSet<String>) -> Option<bool> {
        if keys.is_empty() {
            return Some(false);
        }
        let is_named: Option<Vec<bool>> = pairs
            .par_iter()
            .map(|pair| {
                let files = self.files(pair)?;
                let may_name = |file: &[u8]| -> Option<bool> {
                    Some(tags::may_name(std::str::from_utf8(file).ok()?, keys))
                };
                Some(may_name(&files[0])? || may_name(&files[1])?)
            })
            .collect();
        Some(is_named?.contains(&true))
    }
}

/// The templates of a part; `None` if resources outside of it may differ in what they refer to.
fn templates(part: &Part, place: &Place) -> Option<(Template, Template)> {
    let (old, mut new) = (read::written(&part.before).ok()?, read::written(&part.after).ok()?);
    for id in &part.changed {
        let id = LogicalId::parameter(id);
        let (before, after) = (old.resources.get(&id)?, new.resources.get(&id)?);
        if [before, after].iter().any(|entry| is_named_without_reference(&entry.kind))
            && without_texts(before) != without_texts(after)
        {
            return None;
        }
    }
    for (id, entry) in &old.resources {
        new.resources.entry(id.clone()).or_insert_with(|| entry.clone());
    }
    (told(part, place, &old) == told(part, place, &new)).then_some((old, new))
}

/// Whether other resources depend on resources of a type without a reference: by the name of a role, of a filter or of a key.
fn is_named_without_reference(kind: &str) -> bool {
    ["AWS::IAM::", "AWS::KMS::Alias", "AWS::LakeFormation::"]
        .iter()
        .any(|start| kind.starts_with(start))
}

/// A resource without the properties that give nothing a name.
fn without_texts(entry: &ResourceEntry) -> ResourceEntry {
    let mut entry = entry.clone();
    entry.properties.remove("Description");
    entry.properties.remove("Tags");
    entry
}

/// What the references to the resources that differ give.
fn told(part: &Part, place: &Place, template: &Template) -> Vec<Option<String>> {
    let resolver = Resolver::new(template, place, Branch::Then);
    let tell = |(id, attribute): &(String, Option<String>)| {
        let id = LogicalId::parameter(id);
        let call = match attribute {
            None => Intrinsic::Ref(id),
            Some(name) => Intrinsic::GetAtt(id, name.clone().into()),
        };
        let value = Value::from(call);
        resolver.resolve(&value).ok().flatten().map(|known| known.text())
    };
    part.references.iter().map(tell).collect()
}

fn piece(pair: &Pair<'_>, template: &Template) -> Option<Piece> {
    let Pair { address, place, .. } = pair;
    let unresolved = OnUnresolved::Fail;
    Piece::of(StackTemplate { address, place, template, unresolved }).ok()
}

/// The keys of the tags that differ, in lower case. `None` if anything else that decides about access differs.
fn differing_tags(mut before: Piece, mut after: Piece) -> Option<BTreeSet<String>> {
    let (old, new) = (before.take_tags(), after.take_tags());
    if before != after {
        return None;
    }
    let mut keys = BTreeSet::new();
    for (old, new) in old.iter().zip(&new) {
        let differs = |key: &&String| old.get(*key) != new.get(*key);
        let of_one = old.keys().chain(new.keys()).filter(differs);
        keys.extend(of_one.map(|key| key.to_ascii_lowercase()));
    }
    Some(keys)
}

/// Whether `grants.json` says the same on both sides. The digests of settings do not count: they only tell whether a template
/// is the one that `synth` wrote.
fn have_same_grants(folders: [&Path; 2]) -> Option<bool> {
    let text = |folder: &Path| fs::read_to_string(folder.join("grants.json"));
    let (before, after) = rayon::join(|| text(folders[0]), || text(folders[1]));
    let (before, after) = (before.ok()?, after.ok()?);
    let is_same = || Some(without_settings(&before)? == without_settings(&after)?);
    Some(before == after || is_same() == Some(true))
}

/// The text before and after the digests of settings, if it has the lines that `synth` writes.
fn without_settings(grants: &str) -> Option<(&str, &str)> {
    let (head, rest) = grants.split_once("\n\"settings\":{")?;
    let (settings, tail) = rest.split_once("},\n")?;
    (!settings.contains(['{', '}', '[', ']'])).then_some((head, tail))
}

#[cfg(test)]
mod tests;
