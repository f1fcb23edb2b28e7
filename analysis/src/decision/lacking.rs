//! What prevents a request, and the share that would allow it.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::action::Action;
use lakewright_access::evaluate::{Decision, Near};
use lakewright_access::request::{Context, Request};
use lakewright_access::world::Outside;
use lakewright_template::arn::ArnParts;

use super::nearest;
use crate::subject::Subject;
use crate::subject::asked::{BUCKET_ITEM, Item, folder_item, table_item};

/// What prevents a request that is denied.
#[derive(Debug, Default)]
pub struct Lacking {
    /// Each layer of AWS's policy evaluation that must allow the request and does not, in words.
    pub sides: Vec<String>,
    /// The share that would allow it, if one can.
    pub share: Option<WouldAllow>,
    /// What the mesh already determines about such a share: why it is impossible, or that it exists.
    pub said: Vec<String>,
}

/// A share that would allow a request, as written in a mesh document.
#[derive(Debug)]
pub struct WouldAllow {
    /// The dataset.
    pub dataset: String,
    /// The principal, by its name on the command line.
    pub principal: String,
    /// The fields that name the consumer.
    pub to: String,
    /// The table, if the item is one.
    pub table: Option<String>,
    /// The item, as written in a document.
    pub item: String,
    /// The permissions that the share needs, as written in a document.
    pub permissions: &'static str,
    /// The manifest lines of the dataset.
    pub declared_at: Vec<String>,
    /// The access that the principal already has to other parts of the dataset, with the manifest lines that ask for
    /// it.
    pub beside: BTreeMap<String, BTreeSet<String>>,
}

impl Lacking {
    /// Finds everything that prevents a request that is denied.
    pub(super) fn of(request: &Request<'_>, subject: &Subject) -> Self {
        let mut sides: Vec<String> =
            subject.world.lacking(request).into_iter().map(str::to_owned).collect();
        sides.extend(by_key(request, subject));
        let share = share(request, subject);
        let said = share.as_ref().map(|share| said(share, subject)).unwrap_or_default();
        Self { sides: once_each(sides), share, said }
    }
}

/// A statement and those of its conditions that a request does not fulfil, in words.
pub fn condition(Near { document, statement, missing }: &Near<'_>) -> String {
    let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
    format!("{} {}, when {}", document.origin, statement.sid, missing.join(" and "))
}

/// Removes repeated texts and keeps the order.
fn once_each(said: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut before = BTreeSet::new();
    said.into_iter().filter(|text| before.insert(text.clone())).collect()
}

/// The reasons for which the dataset's key prevents reading or writing an object.
fn by_key(request: &Request<'_>, subject: &Subject) -> Vec<String> {
    let Some((action, denied)) = denied_by_key(request, subject) else { return Vec::new() };
    let says = |why: &str| format!("{action} on the dataset's key is denied: {why}");
    denied.into_iter().map(says).collect()
}

/// The KMS action that access to an object needs on the dataset's key, with the reasons for which it is denied. `None`
/// if it is not denied.
fn denied_by_key(
    request: &Request<'_>,
    subject: &Subject,
) -> Option<(&'static str, Vec<&'static str>)> {
    let needed = match request.action.lower() {
        "s3:getobject" | "s3:getobjectversion" => "kms:Decrypt",
        "s3:putobject" => "kms:GenerateDataKey",
        _ => return None,
    };
    let action = Action::new(needed);
    let dataset = subject.names().of(request.resource)?.strip_prefix("dataset/")?;
    let key = subject.of_dataset(dataset, action)?;
    let region = ArnParts::parse(&key)?.region;
    let context = Context::new().with("kms:ViaService", [format!("s3.{region}.amazonaws.com")]);
    let request = Request { action, resource: &key, context: &context, ..request.clone() };
    let verdict = subject.world.decide(&request, Outside::Unknown);
    match verdict.decision {
        Decision::Allow | Decision::Unknown => None,
        Decision::ExplicitDeny => Some((needed, vec![verdict.reason])),
        Decision::ImplicitDeny => {
            let mut sides = subject.world.lacking(&request);
            if !sides.contains(&verdict.reason) {
                sides.insert(0, verdict.reason);
            }
            Some((needed, sides))
        }
    }
}

/// The share that would allow a request of a team or a consumption role.
fn share(request: &Request<'_>, subject: &Subject) -> Option<WouldAllow> {
    let permissions = permissions(request.action)?;
    let name = subject.intended.name_of(request.principal.name())?;
    let mut parts = name.splitn(3, '/');
    let to = match (parts.next()?, parts.next()?, parts.next()) {
        ("team", environment, Some(team)) => format!("environment: {environment}, team: {team}"),
        ("consumption-role", id, None) => format!("consumption_role: {id}"),
        _ => return None,
    };
    let target = subject.names().of(request.resource)?;
    let dataset = dataset_of(target, subject)?.to_owned();
    let table = table_of(request.resource).map(str::to_owned);
    let item = item(request.resource, &dataset, subject);
    let stack = subject.stacks.iter().find(|stack| stack.dataset() == Some(dataset.as_str()))?;
    let declared_at = subject.provenance.stacks.get(&stack.address);
    let declared_at = declared_at.and_then(|parts| parts.get("*")).cloned().unwrap_or_default();
    let declared_at = once_each(declared_at);
    let beside = beside(request, target, subject);
    let principal = name.to_owned();
    Some(WouldAllow { dataset, principal, to, table, item, permissions, declared_at, beside })
}

/// The dataset of a target: the dataset itself, or the dataset of a share, whose access point leads to its bucket.
fn dataset_of<'s>(target: &'s str, subject: &'s Subject) -> Option<&'s str> {
    let of_share = |share: &str| {
        let mut items = subject.asked.as_ref()?.items.iter();
        items.find(|item| item.share == share).map(|item| item.dataset.as_str())
    };
    target.strip_prefix("dataset/").or_else(|| of_share(target.strip_prefix("share/")?))
}

/// The access that the request's principal has to other tables and objects of a dataset, by the last part of the ARN.
fn beside(
    request: &Request<'_>,
    target: &str,
    subject: &Subject,
) -> BTreeMap<String, BTreeSet<String>> {
    let names = subject.names();
    let principals = subject.intended.principals();
    let own = principals.into_iter().find(|(arn, _)| *arn == request.principal.name());
    let rules = own.into_iter().flat_map(|(_, rules)| rules);
    let mut beside = BTreeMap::<String, BTreeSet<String>>::new();
    for rule in rules.filter(|rule| rule.target == target) {
        let is_data = |arn: &&String| arn.contains(":table/") || arn.contains(":s3:::");
        let own = rule.resources.iter().filter(is_data);
        for arn in own.filter(|arn| names.of(arn) == Some(target)) {
            let end = ArnParts::parse(arn).map_or("", |arn| arn.resource);
            let lines = beside.entry(format!("{} {end}", rule.access)).or_default();
            lines.extend(subject.lines_of_rule(rule));
        }
    }
    beside
}

/// The number of names that an answer lists.
const SHOWN: usize = 8;

/// What the mesh already determines about this share. Tables that the dataset does not declare cannot be shared, and an
/// existing item is not proposed again.
fn said(share: &WouldAllow, subject: &Subject) -> Vec<String> {
    let Some(asked) = &subject.asked else { return Vec::new() };
    let known = asked.tables.get(&share.dataset);
    if let Some((table, known)) = share.table.as_ref().zip(known)
        && !known.contains(table)
    {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let only = match known.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        let hint = match nearest(table, known.iter().copied()).or(only) {
            Some(like) => format!("did you mean `{like}`?"),
            None if known.is_empty() => {
                "it declares none, and only declared tables are shared".to_owned()
            }
            None => format!("it declares {}", known[..known.len().min(SHOWN)].join(", ")),
        };
        return vec![format!("dataset `{}` declares no table `{table}`; {hint}", share.dataset)];
    }
    let is_same = |one: &&Item| {
        (&one.dataset, &one.principal, &one.what) == (&share.dataset, &share.principal, &share.item)
    };
    asked.items.iter().filter(is_same).map(|one| said_of(one, share.permissions)).collect()
}

/// Describes an item that is already in a share, for a request that needs these permissions.
fn said_of(item: &Item, needed: &str) -> String {
    let Item { what: item, share, withheld, permissions, at, .. } = item;
    let words = |list: &str| -> BTreeSet<String> {
        list.trim_matches(|one: char| "[]".contains(one)).split(", ").map(str::to_owned).collect()
    };
    match withheld {
        Some(why) => format!("share `{share}` has {item} at {at}, and {why}"),
        None if words(needed).is_subset(&words(permissions)) => {
            format!("share `{share}` gives {item} already at {at}")
        }
        None => format!(
            "share `{share}` has {item} at {at} with the permissions {permissions}, and {needed} would allow it"
        ),
    }
}

/// The permissions of a share that allow an action; `None` if no share allows it.
fn permissions(action: Action) -> Option<&'static str> {
    match action.lower() {
        "glue:batchgetpartition"
        | "glue:getdatabase"
        | "glue:getpartition"
        | "glue:getpartitions"
        | "glue:gettable"
        | "glue:gettables"
        | "kms:decrypt"
        | "lakeformation:describe"
        | "lakeformation:select"
        | "s3:getobject"
        | "s3:listbucket" => Some("[read]"),
        "kms:encrypt" | "kms:generatedatakey" | "lakeformation:insert" | "s3:putobject" => {
            Some("[read, write]")
        }
        "lakeformation:delete" | "s3:deleteobject" => Some("[read, write, modify]"),
        _ => None,
    }
}

/// The name of the table, if the resource is one.
fn table_of(resource: &str) -> Option<&str> {
    let (_, table) = resource.split_once(":table/")?;
    table.split_once('/').map(|(_, table)| table)
}

/// The item of a share that contains a resource.
fn item(resource: &str, dataset: &str, subject: &Subject) -> String {
    if let Some(table) = table_of(resource) {
        return table_item(table);
    }
    if resource.contains(":database/") {
        return "a table of it".to_owned();
    }
    let in_bucket = resource.split_once(":::").and_then(|(_, rest)| rest.split_once('/'));
    let object = in_bucket.or_else(|| resource.split_once("/object/"));
    let folder = object.and_then(|(_, key)| {
        let mut folders = subject.folders.iter().filter(|((of, _), _)| of == dataset);
        folders.find(|(_, prefix)| key.starts_with(prefix.as_str())).map(|((_, id), _)| id)
    });
    folder.map_or_else(|| BUCKET_ITEM.to_owned(), |id| folder_item(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_not_said_again_and_the_order_stays() {
        let said = ["the key's own policy", "another side", "the key's own policy"];
        let once = once_each(said.map(str::to_owned));
        assert_eq!(once, ["the key's own policy", "another side"]);
    }

    /// Source: "Share" in docs/mesh.md.
    #[test]
    fn a_share_gives_data_and_nothing_else() {
        for (action, expected) in [
            ("s3:GetObject", Some("[read]")),
            ("lakeformation:INSERT", Some("[read, write]")),
            ("s3:DeleteObject", Some("[read, write, modify]")),
            ("s3:PutBucketPolicy", None),
            ("glue:DeleteTable", None),
            ("sts:AssumeRole", None),
        ] {
            assert_eq!(permissions(Action::new(action)), expected, "{action}");
        }
    }
}
