//! Resources that datasets import: buckets, keys and databases that no template creates.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::world::{ExternalFacts, Piece, World};
use lakewright_template::{Template, Value};

/// The dataset of each imported resource, by ARN. A key that is known only by its alias has `alias/NAME` in place of
/// its id.
pub type Imported = BTreeMap<String, String>;

/// The resources that the stack of a dataset imports, derived from its grants: each grant has an access, a target and
/// resources. `subject` is, for example, `dataset/sales`.
pub(super) fn of_stack<'g>(
    subject: &str,
    piece: &Piece,
    grants: impl Iterator<Item = (&'g str, &'g str, &'g [String])>,
) -> Vec<String> {
    // A dataset that imports anything imports its bucket.
    let makes_bucket = piece.made().any(|(_, kind)| kind == "AWS::S3::Bucket");
    if !subject.starts_with("dataset/") || makes_bucket {
        return Vec::new();
    }
    let made: BTreeSet<&str> = piece.made().map(|(arn, _)| arn).collect();
    // Resources that its jobs use are not part of the dataset.
    let own = grants.filter(|(access, target, _)| *target == subject && *access != "work");
    let resources = own.flat_map(|(_, _, resources)| resources).map(String::as_str);
    let imported: BTreeSet<&str> =
        resources.filter(|arn| is_whole(arn) && !made.contains(arn)).collect();
    imported.into_iter().map(|arn| arn.replacen(":alias/", ":key/alias/", 1)).collect()
}

/// Whether an ARN is of a bucket, a database or an alias, and not of anything inside it.
fn is_whole(arn: &str) -> bool {
    let is_bucket = arn.split_once(":s3:::").is_some_and(|(_, name)| !name.contains('/'));
    (is_bucket || arn.contains(":database/") || arn.contains(":alias/")) && !arn.contains('*')
}

/// The databases that a stack imports and to which, according to the mesh, only Lake Formation gives access. Only the
/// template's metadata states this; the deployment reads it.
pub(crate) fn closed(template: &Template, imported: &[String]) -> Vec<String> {
    let own = template.metadata.get("Lakewright").and_then(Value::as_map);
    if own.and_then(|own| own.get("HybridAccess")?.as_text()) != Some("closed") {
        return Vec::new();
    }
    imported.iter().filter(|arn| arn.contains(":database/")).cloned().collect()
}

/// The imported databases, by ARN, on which `IAMAllowedPrincipals` may still have permissions.
pub fn perhaps_open<'s>(imported: &'s Imported, world: &World) -> Vec<&'s str> {
    let databases = imported.keys().filter(|arn| arn.contains(":database/"));
    let is_closed =
        |arn: &String| world.lake().closed.contains(arn) || world.lake().governed.contains(arn);
    databases.filter(|arn| !is_closed(arn)).map(String::as_str).collect()
}

/// The accounts of imported buckets: those of the datasets that import them. `subjects` has the subject and address of
/// each stack.
fn owners<'s>(
    imported: &Imported,
    subjects: impl Iterator<Item = (&'s str, &'s str)>,
) -> BTreeMap<String, String> {
    let accounts: BTreeMap<&str, &str> = subjects
        .filter_map(|(subject, address)| Some((subject, address.split('/').next()?)))
        .collect();
    let buckets = imported.iter().filter(|(arn, _)| arn.contains(":s3:::"));
    buckets
        .filter_map(|(arn, subject)| {
            Some((arn.clone(), accounts.get(subject.as_str())?.to_string()))
        })
        .collect()
}

/// The facts about imported resources that the access model needs. `subjects` has the subject and address of each
/// stack.
pub(crate) fn facts<'s>(
    imported: &Imported,
    closed: BTreeSet<String>,
    subjects: impl Iterator<Item = (&'s str, &'s str)>,
) -> ExternalFacts {
    let alias = |arn: &String| {
        let (_, alias) = arn.split_once(":key/alias/")?;
        Some((arn.clone(), vec![format!("alias/{alias}")]))
    };
    let aliases = imported.keys().filter_map(alias).collect();
    let owners = owners(imported, subjects);
    ExternalFacts { aliases, owners, closed, ..ExternalFacts::default() }
}
