//! Access that several principals gain or lose alike, of which one finding stands for all.

use std::collections::BTreeMap;

use lakewright_diff::access::{Answer, Deciding};
use lakewright_template::arn::ArnParts;

use super::{Entry, How};

/// The number of principals from which one of them stands for all.
const ALIKE: usize = 3;

/// Access of one principal, and the same access of others.
#[derive(Debug)]
pub(crate) struct AlikeAccess<'r> {
    pub(crate) entry: Entry<'r>,
    /// The access of the other principals.
    pub(crate) others: Vec<Entry<'r>>,
}

/// What entries have in common that differ in names only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'r> {
    how: How,
    principal: &'r str,
    actions: &'r [String],
    resource: String,
    conditions: &'r [String],
    decisions: (Answer, Answer),
    statements: Vec<(bool, &'r str, &'r str, &'r str, bool)>,
    reason: &'r str,
    /// The number of equal entries of the same principal before this one, so that a group has one of each principal.
    number: usize,
}

/// Puts entries together that differ in names only. The groups have the order of their first entries.
pub(super) fn grouped(entries: Vec<Entry<'_>>) -> Vec<AlikeAccess<'_>> {
    let mut numbers: BTreeMap<(Key<'_>, &str), usize> = BTreeMap::new();
    let mut groups: BTreeMap<Key<'_>, Vec<usize>> = BTreeMap::new();
    for (place, entry) in entries.iter().enumerate() {
        let Some(mut key) = key(entry) else { continue };
        let number = numbers.entry((key.clone(), entry.change.principal.as_str())).or_default();
        key.number = *number;
        *number += 1;
        groups.entry(key).or_default().push(place);
    }
    let mut hidden = vec![false; entries.len()];
    let mut others: BTreeMap<usize, Vec<Entry<'_>>> = BTreeMap::new();
    for places in groups.into_values().filter(|places| places.len() >= ALIKE) {
        let Some((first, rest)) = places.split_first() else { continue };
        for place in rest {
            if let (Some(flag), Some(entry)) = (hidden.get_mut(*place), entries.get(*place)) {
                *flag = true;
                others.entry(*first).or_default().push(*entry);
            }
        }
    }
    let shown = entries.into_iter().enumerate().zip(hidden).filter(|(_, is_hidden)| !is_hidden);
    shown
        .map(|((place, entry), _)| AlikeAccess {
            entry,
            others: others.remove(&place).unwrap_or_default(),
        })
        .collect()
}

/// The key of an entry. Only roles and users are alike: everybody, an account and a service are shown for themselves.
fn key<'r>(entry: &Entry<'r>) -> Option<Key<'r>> {
    let reach = entry.reach?;
    let arn = ArnParts::parse(&entry.change.principal)?;
    let (principal, _) = arn.kind_and_name().filter(|_| matches!(arn.service, "iam" | "sts"))?;
    Some(Key {
        how: entry.how,
        principal,
        actions: &reach.actions,
        resource: without_names(&reach.resource),
        conditions: &reach.conditions,
        decisions: reach.decisions,
        statements: reach.statements.iter().map(statement).collect(),
        reason: &reach.reason,
        number: 0,
    })
}

fn statement(one: &Deciding) -> (bool, &str, &str, &str, bool) {
    let Deciding { is_after, origin, sid, is_allow } = one;
    (*is_after, origin.logical_id.as_str(), origin.property, sid.as_str(), *is_allow)
}

/// A resource without its names: its service, its kind, and its wildcards. The path of objects stays as it is.
fn without_names(resource: &str) -> String {
    let Some(arn) = ArnParts::parse(resource) else { return resource.to_owned() };
    let ArnParts { service, resource, .. } = arn;
    if service == "s3" && arn.account.is_empty() {
        let path = resource.split_once('/').map(|(_, path)| path);
        return path.map_or_else(|| "s3".to_owned(), |path| ["s3/", path].concat());
    }
    let mut shape = service.to_owned();
    for (place, part) in resource.split(['/', ':']).enumerate() {
        shape.push('/');
        shape.push_str(match part {
            kind if place == 0 && arn.kind_and_name().is_some() => kind,
            "*" => "*",
            name if name.contains('*') => "name*",
            _ => "name",
        });
    }
    shape
}

#[cfg(test)]
mod tests {
    use lakewright_diff::access::{AccessChange, Relation};

    use super::super::tests::reach;
    use super::*;

    fn change(name: &str, resource: &str) -> AccessChange {
        AccessChange {
            principal: format!("arn:aws:iam::222222222222:role/{name}"),
            relation: Relation::Broader,
            gained: vec![reach(&["s3:GetObject"], resource)],
            lost: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// The principals that are shown, each with the number of those that it stands for.
    fn shown(changes: &[AccessChange]) -> Vec<(&str, usize)> {
        let entries = changes.iter().flat_map(super::super::entries).collect();
        let groups = grouped(entries).into_iter();
        groups
            .map(|one| {
                let principal = one.entry.change.principal.as_str();
                (principal.rsplit('/').next().unwrap_or_default(), one.others.len())
            })
            .collect()
    }

    #[test]
    fn from_three_principals_on_one_stands_for_all() {
        let mut changes = vec![
            change("a", "arn:aws:s3:::bucket-a/*"),
            change("b", "arn:aws:s3:::bucket-b/*"),
            change("c", "arn:aws:s3:::bucket-b/exports/*"),
        ];
        assert_eq!(shown(&changes), [("a", 0), ("b", 0), ("c", 0)]);
        changes.push(change("d", "arn:aws:s3:::bucket-d/*"));
        assert_eq!(shown(&changes), [("a", 2), ("c", 0)]);
        // Everybody is shown for itself.
        "*".clone_into(&mut changes[0].principal);
        assert_eq!(shown(&changes), [("*", 0), ("b", 0), ("c", 0), ("d", 0)]);
    }

    #[test]
    fn a_group_has_each_principal_once() {
        let mut one = change("a", "arn:aws:s3:::bucket-a/*");
        one.gained.push(reach(&["s3:GetObject"], "arn:aws:s3:::bucket-b/*"));
        one.gained.push(reach(&["s3:GetObject"], "arn:aws:s3:::bucket-c/*"));
        assert_eq!(shown(&[one]), [("a", 0), ("a", 0), ("a", 0)]);
    }

    #[test]
    fn names_are_left_out_and_kinds_and_paths_stay() {
        for (resource, shape) in [
            ("arn:aws:s3:::bucket/exports/*", "s3/exports/*"),
            ("arn:aws:s3:::bucket", "s3"),
            ("arn:aws:glue:eu-west-1:222222222222:table/sales/orders", "glue/table/name/name"),
            ("arn:aws:glue:eu-west-1:222222222222:table/sales/*", "glue/table/name/*"),
            ("arn:aws:ssm:eu-west-1:222222222222:parameter/team-*", "ssm/parameter/name*"),
            ("arn:aws:sqs:eu-west-1:222222222222:orders", "sqs/name"),
            ("*", "*"),
        ] {
            assert_eq!(without_names(resource), shape);
        }
    }
}
