//! Changed permissions of Lake Formation: administrators, permissions on databases and tables by name and by tag.

mod settings;

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::action::Action;
use lakewright_access::evaluate::Decision;
use lakewright_access::lake::{CELLS, Lake, LakeGrant, TagPolicy};
use lakewright_access::pattern;
use lakewright_access::request::{Context, Principal, Request};
use lakewright_access::world::{Outside, World};

use super::answers::Worlds;
use super::{AccessChange, Answer, Deciding, Reach, Relation, Side, Witness, lines_of};

/// The access that principals gain and lose through Lake Formation.
pub(super) fn changes(worlds: &Worlds<'_>, sides: [&Side<'_>; 2]) -> Vec<AccessChange> {
    let [before, after] = worlds.stated;
    let mut found: BTreeMap<String, (Vec<Reach>, Vec<Reach>)> = BTreeMap::new();
    administrators(before.lake(), after.lake(), &mut found);
    let lakes = [before.lake(), after.lake()];
    let principals: BTreeSet<&String> = lakes.iter().flat_map(|lake| lake.grants.keys()).collect();
    for principal in principals {
        let grants =
            lakes.map(|lake| lake.grants.get(principal).map(Vec::as_slice).unwrap_or_default());
        let gained = not_covered(grants[1], grants[0]);
        let lost = not_covered(grants[0], grants[1]);
        if gained.is_empty() && lost.is_empty() {
            continue;
        }
        let entry = found.entry(principal.clone()).or_default();
        for grant in gained {
            entry.0.extend(reach(worlds, sides, principal, grant, true));
        }
        for grant in lost {
            entry.1.extend(reach(worlds, sides, principal, grant, false));
        }
    }
    by_tag(lakes, sides, &mut found);
    let change = |(principal, (gained, lost)): (String, (Vec<Reach>, Vec<Reach>))| {
        let relation = Relation::of(!gained.is_empty(), !lost.is_empty(), false)?;
        Some(AccessChange { principal, relation, gained, lost, unknown: Vec::new() })
    };
    let mut changes: Vec<AccessChange> = found.into_iter().filter_map(change).collect();
    changes.extend(settings::changes(worlds));
    changes
}

fn administrators(
    before: &Lake,
    after: &Lake,
    found: &mut BTreeMap<String, (Vec<Reach>, Vec<Reach>)>,
) {
    let none = BTreeSet::new();
    let accounts: BTreeSet<&String> = before.admins.keys().chain(after.admins.keys()).collect();
    for account in accounts {
        let (old, new) = (
            before.admins.get(account).unwrap_or(&none),
            after.admins.get(account).unwrap_or(&none),
        );
        let reach = |is_gained: bool| Reach {
            actions: vec!["lakeformation:ADMINISTER".to_owned()],
            resource: format!("arn:aws:glue:*:{account}:catalog"),
            conditions: Vec::new(),
            witness: Witness {
                action: "lakeformation:ADMINISTER".to_owned(),
                resource: format!("arn:aws:glue:*:{account}:catalog"),
                context: Vec::new(),
            },
            decisions: if is_gained {
                (Answer::Denied, Answer::Allowed)
            } else {
                (Answer::Allowed, Answer::Denied)
            },
            statements: Vec::new(),
            because: Vec::new(),
            reason: "data lake administrator of the account".to_owned(),
        };
        for principal in new.difference(old) {
            found.entry(principal.clone()).or_default().0.push(reach(true));
        }
        for principal in old.difference(new) {
            found.entry(principal.clone()).or_default().1.push(reach(false));
        }
    }
}

/// The permissions of one side that no permission of the other side covers.
fn not_covered<'g>(grants: &'g [LakeGrant], others: &[LakeGrant]) -> Vec<&'g LakeGrant> {
    let is_covered = |grant: &LakeGrant| {
        others.iter().any(|other| covers(other, grant)) || is_covered_by_column(grant, others)
    };
    let mut found: Vec<&LakeGrant> = Vec::new();
    for grant in grants {
        let is_new = !found.iter().any(|known| {
            known.permission == grant.permission
                && known.resource == grant.resource
                && known.cells == grant.cells
        });
        if is_new && !is_covered(grant) {
            found.push(grant);
        }
    }
    found
}

/// Whether one permission gives everything that another one gives.
fn covers(wide: &LakeGrant, narrow: &LakeGrant) -> bool {
    let is_all = wide.permission.lower() == "lakeformation:all";
    (is_all || wide.permission == narrow.permission)
        && (wide.resource == narrow.resource || pattern::matches(&wide.resource, &narrow.resource))
        && wide.except.is_subset(&narrow.except)
        && !wide.except.contains(&narrow.resource)
        && cells_cover(wide.cells.as_deref(), narrow.cells.as_deref())
}

/// The columns and the rows of `columns a b; rows FILTER`. No columns mean all of them.
fn parts(cells: &str) -> (Option<BTreeSet<&str>>, &str) {
    let (columns, rows) = cells.split_once("; rows ").unwrap_or((cells, "all"));
    let columns = columns.trim_start_matches("columns ");
    let listed = (columns != "all").then(|| columns.split(' ').collect());
    (listed, rows)
}

fn cells_cover(wide: Option<&str>, narrow: Option<&str>) -> bool {
    let Some(wide) = wide else { return true };
    let (columns, rows) = parts(wide);
    let (wanted, of) = narrow.map_or((None, "all"), parts);
    let has_columns = match (columns, wanted) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(columns), Some(wanted)) => wanted.is_subset(&columns),
    };
    has_columns && (rows == "all" || rows == of)
}

/// Whether several permissions with the same rows together have all columns of a permission.
fn is_covered_by_column(grant: &LakeGrant, others: &[LakeGrant]) -> bool {
    let Some((Some(wanted), rows)) = grant.cells.as_deref().map(parts) else { return false };
    wanted.iter().all(|column| {
        let cells = format!("columns {column}; rows {rows}");
        let one = LakeGrant { cells: Some(cells), ..grant.clone() };
        others.iter().any(|other| covers(other, &one))
    })
}

fn answer(world: &World, request: &Request<'_>) -> Answer {
    match world.decide(request, Outside::Unknown).decision {
        Decision::Allow => Answer::Allowed,
        Decision::Unknown => Answer::Depends,
        Decision::ExplicitDeny | Decision::ImplicitDeny => Answer::Denied,
    }
}

/// The finding about a permission, if the evaluation of all documents does not show that the principal has the access
/// on both sides anyway.
fn reach(
    worlds: &Worlds<'_>,
    sides: [&Side<'_>; 2],
    principal: &str,
    grant: &LakeGrant,
    is_gained: bool,
) -> Option<Reach> {
    let who = Principal::role(principal);
    let resource = pattern::sample(&grant.resource, "any");
    let mut context = Context::new();
    if let Some(cells) = &grant.cells {
        context.set(CELLS, [cells.as_str()]);
    }
    let request = Request {
        principal: &who,
        action: grant.permission,
        resource: &resource,
        context: &context,
    };
    let has = usize::from(is_gained);
    let with = answer(worlds.stated[has], &request);
    if with == Answer::Denied {
        return None;
    }
    // A part of the cells counts as nothing in the evaluation, which compares filters as a whole.
    let without = if grant.cells.is_some() {
        Answer::Denied
    } else {
        answer(worlds.stated[1 - has], &request)
    };
    if without == with {
        return None;
    }
    // Third-party templates leave out much that decides as well.
    let with = answer(worlds.open[has], &request);
    let decisions = if is_gained { (without, with) } else { (with, without) };
    let conditions = grant.cells.iter().cloned().collect();
    let statements = vec![Deciding {
        is_after: is_gained,
        origin: grant.origin.clone(),
        sid: String::new(),
        is_allow: true,
    }];
    Some(Reach {
        actions: vec![grant.permission.name().to_owned()],
        resource: grant.resource.clone(),
        conditions,
        witness: Witness {
            action: grant.permission.name().to_owned(),
            resource,
            context: context
                .iter()
                .map(|(key, values)| (key.to_owned(), values.to_vec()))
                .collect(),
        },
        decisions,
        statements,
        because: lines_of(sides[has], &grant.origin, ""),
        reason: String::new(),
    })
}

/// Permissions by tags on databases and tables that no template tags: those that templates tag are compared by name.
fn by_tag(
    lakes: [&Lake; 2],
    sides: [&Side<'_>; 2],
    found: &mut BTreeMap<String, (Vec<Reach>, Vec<Reach>)>,
) {
    for has in [0, 1] {
        for policy in &lakes[has].tag_policies {
            if lakes[1 - has].tag_policies.iter().any(|other| tags_cover(other, policy)) {
                continue;
            }
            let entry = found.entry(policy.principal.clone()).or_default();
            let list = if has == 1 { &mut entry.0 } else { &mut entry.1 };
            // The permissions that it gives on tagged tables say it already.
            if list
                .iter()
                .any(|reach| reach.statements.iter().any(|one| one.origin == policy.origin))
            {
                continue;
            }
            list.push(tag_reach(policy, sides[has], has == 1));
        }
    }
}

fn tag_reach(policy: &TagPolicy, side: &Side<'_>, is_gained: bool) -> Reach {
    let expression: Vec<String> = policy
        .expression
        .iter()
        .map(|(key, values)| {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            format!("{key} is {}", values.join(" or "))
        })
        .collect();
    let action = policy.permission.name().to_owned();
    let resource = format!("{}*", policy.catalog);
    let has = (Answer::Denied, Answer::Depends);
    Reach {
        actions: vec![action.clone()],
        resource: resource.clone(),
        conditions: expression,
        witness: Witness { action, resource, context: Vec::new() },
        decisions: if is_gained { has } else { (has.1, has.0) },
        statements: vec![Deciding {
            is_after: is_gained,
            origin: policy.origin.clone(),
            sid: String::new(),
            is_allow: true,
        }],
        because: lines_of(side, &policy.origin, ""),
        reason: "whatever has the LF-tags".to_owned(),
    }
}

/// Whether one permission by tags covers another one: each key that it asks for is asked for with no more values.
fn tags_cover(wide: &TagPolicy, narrow: &TagPolicy) -> bool {
    let is_all = wide.permission == Action::new("lakeformation:ALL");
    wide.principal == narrow.principal
        && (is_all || wide.permission == narrow.permission)
        && wide.kind == narrow.kind
        && wide.catalog == narrow.catalog
        && wide.expression.iter().all(|(key, values)| {
            narrow.expression.get(key).is_some_and(|wanted| wanted.is_subset(values))
        })
}

#[cfg(test)]
mod tests {
    use lakewright_access::document::Origin;

    use super::*;

    fn grant(permission: &str, table: &str, cells: Option<&str>) -> LakeGrant {
        LakeGrant {
            permission: Action::new(permission),
            resource: format!("arn:aws:glue:eu-west-1:111122223333:table/db/{table}"),
            except: BTreeSet::new(),
            cells: cells.map(str::to_owned),
            origin: Origin::default(),
        }
    }

    /// Source: "Data filtering and cell-level security in Lake Formation": a filter limits columns and rows.
    #[test]
    fn filters_are_compared_by_columns_and_rows() {
        let all = grant("lakeformation:SELECT", "t", None);
        let one = grant("lakeformation:SELECT", "t", Some("columns a; rows all"));
        let two = grant("lakeformation:SELECT", "t", Some("columns a b; rows all"));
        let rows = grant("lakeformation:SELECT", "t", Some("columns a b; rows year = 2026"));
        assert!(covers(&all, &two) && covers(&two, &one) && covers(&two, &rows));
        assert!(!covers(&one, &two) && !covers(&rows, &one) && !covers(&two, &all));
        let other = grant("lakeformation:SELECT", "t", Some("columns b; rows all"));
        assert!(not_covered(std::slice::from_ref(&two), &[one.clone(), other]).is_empty());
        assert_eq!(not_covered(std::slice::from_ref(&two), &[one]), [&two]);
    }

    #[test]
    fn all_tables_cover_one() {
        let all = grant("lakeformation:SELECT", "*", None);
        let one = grant("lakeformation:SELECT", "t", None);
        assert!(covers(&all, &one) && !covers(&one, &all));
        let whole = grant("lakeformation:ALL", "t", None);
        assert!(covers(&whole, &one) && !covers(&one, &whole));
    }
}
