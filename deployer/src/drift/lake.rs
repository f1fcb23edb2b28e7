//! Permissions of Lake Formation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::sides::{At, Sides};
use super::stated::{Stated, StatedStack, as_stated};
use super::{Asked, Deployed};
use crate::at_once::by_place;
use crate::cloud::{Access, Cloud, CloudError, Site};
use crate::lakeformation::{granted, is_administrator};

/// An account and region, a principal, and a resource in one form.
type Pair = (String, String, String);

/// The permissions that one principal holds on one resource.
#[derive(Debug, Clone, PartialEq)]
struct Held {
    resource: Value,
    rights: BTreeSet<String>,
    /// The rights that the principal may grant to others.
    grantable: BTreeSet<String>,
}

/// A permission of a template, with its logical id.
type OfTemplate<'s> = (&'s String, &'s Stated);

/// Compares the permissions on what the stacks have in the data catalog.
pub(super) async fn compare(
    cloud: &impl Cloud,
    stacks: &[StatedStack<'_>],
    sides: &mut Sides,
    asked: &mut BTreeSet<Asked>,
) {
    let (stated, admins) = (stated(stacks), administrators(stacks));
    let mut added: BTreeSet<Pair> = BTreeSet::new();
    let looked_at = stacks.iter().filter(|stack| stack.deployed.is_looked_at);
    let all: Vec<OfCatalog<'_>> = looked_at.filter_map(|stack| of_catalog(stack, sides)).collect();
    let looking = all.iter().map(|one| {
        let Deployed { site, address, .. } = one.stack.deployed;
        (&address.place, seen(cloud, site, &one.databases, &one.resources))
    });
    let found = by_place(looking).await;
    for (OfCatalog { stack, own, .. }, found) in all.into_iter().zip(found) {
        let (site, address) = (&stack.deployed.site, &stack.deployed.address);
        let place = &address.place;
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                let text = format!(
                    "who has permissions of Lake Formation on what {address} has is not known: {error}"
                );
                sides.unknown.push(text);
                continue;
            }
        };
        let found = held(
            &found.iter().map(|one| as_stated(stacks, one)).collect::<Vec<_>>(),
            &place.account,
        );
        for (id, one) in own {
            let at = At { stack: address, id };
            let Some((principal, resource)) = pair(one, &place.account) else {
                sides.not_stated(at, "Resource");
                continue;
            };
            asked.insert((address.clone(), id.clone(), "Permissions"));
            let key = (principal, canonical(&resource));
            let rights: BTreeSet<String> = one.texts("Permissions").into_iter().collect();
            put(at, &rights, found.get(&key), sides);
        }
        for ((principal, resource), one) in &found {
            let pair = (place.to_string(), principal.clone(), resource.clone());
            let is_implied = admins.contains(principal) || is_of_deployment(site, principal);
            if stated.contains(&pair) || is_implied || !added.insert(pair) {
                continue;
            }
            add(stack, principal, one, sides);
        }
    }
}

const KIND: &str = "AWS::LakeFormation::PrincipalPermissions";

/// What a stack has in the data catalog of its account.
struct OfCatalog<'s> {
    stack: &'s StatedStack<'s>,
    databases: BTreeSet<String>,
    /// The permissions of its template.
    own: Vec<OfTemplate<'s>>,
    /// What these are on.
    resources: Vec<Value>,
}

/// What a stack has in the data catalog of its account, if it has anything there. Permissions on other catalogs are told.
fn of_catalog<'s>(stack: &'s StatedStack<'_>, sides: &mut Sides) -> Option<OfCatalog<'s>> {
    let address = &stack.deployed.address;
    let databases = databases(stack);
    let (own, others): (Vec<OfTemplate<'_>>, Vec<OfTemplate<'_>>) =
        stack.of_kind(KIND).partition(|(_, one)| is_of_catalog(one, &address.place.account));
    for (id, _) in others {
        // Only the administrators of that account see them.
        let reason = "the permission is on the catalog of another account";
        sides.note(At { stack: address, id }, "whether anybody holds the permission", &reason);
    }
    if databases.is_empty() && own.is_empty() {
        return None;
    }
    let resources = own.iter().filter_map(|(_, one)| one.properties.get("Resource").cloned());
    let resources = resources.collect();
    Some(OfCatalog { stack, databases, own, resources })
}

/// The permissions that the service lists. Fails if the role does not see those of others.
///
/// Source: `ListPermissions` in the Lake Formation API reference.
async fn seen(
    cloud: &impl Cloud,
    site: &Site,
    databases: &BTreeSet<String>,
    resources: &[Value],
) -> Result<Vec<Value>, CloudError> {
    let refused = |message: String| CloudError::Refused {
        what: "list permissions of Lake Formation".to_owned(),
        message,
    };
    let Access::Deployer { role, .. } = &site.access else {
        return Err(refused(
            "a role of the account's owner may see only its own permissions; the deploy role sees all".to_owned(),
        ));
    };
    if is_administrator(cloud, site, role).await? {
        return granted(cloud, site, databases, resources).await;
    }
    Err(refused(format!(
        "{role} is no administrator of Lake Formation, and others see only their own permissions"
    )))
}

/// The principals and resources for which a template grants a permission.
fn stated(stacks: &[StatedStack<'_>]) -> BTreeSet<Pair> {
    let mut all = BTreeSet::new();
    for stack in stacks {
        let place = &stack.deployed.address.place;
        for one in stack.resources.values().filter(|one| one.kind == KIND) {
            if let Some((principal, resource)) = pair(one, &place.account) {
                all.insert((place.to_string(), principal, canonical(&resource)));
            }
        }
    }
    all
}

/// A value as text, with its keys in order: templates and services name them in different orders.
fn canonical(value: &Value) -> String {
    let mut value = value.clone();
    value.sort_all_objects();
    value.to_string()
}

/// Whether a permission is on the data catalog of its own account.
fn is_of_catalog(permission: &Stated, account: &str) -> bool {
    let Some((_, resource)) = pair(permission, account) else { return true };
    let about = resource.as_object().and_then(|one| one.values().next());
    let catalog = about.and_then(|about| about.get("CatalogId").or(about.get("TableCatalogId")));
    catalog.is_none_or(|catalog| catalog == account)
}

/// The principal and the resource of a permission, in one form.
fn pair(permission: &Stated, account: &str) -> Option<(String, Value)> {
    let principal = permission.properties.get("Principal")?;
    let principal = principal["DataLakePrincipalIdentifier"].as_str()?;
    let resource = permission.properties.get("Resource")?;
    Some((principal.to_owned(), normal(resource, account)))
}

/// The administrators of Lake Formation that templates name. They have permissions on what they create, and may give
/// themselves any other.
fn administrators(stacks: &[StatedStack<'_>]) -> BTreeSet<String> {
    let resources = stacks.iter().flat_map(|stack| stack.resources.values());
    let settings = resources.filter(|one| one.kind == "AWS::LakeFormation::DataLakeSettings");
    let admins = settings.filter_map(|one| one.properties.get("Admins")?.as_array()).flatten();
    let arns = admins.filter_map(|admin| admin["DataLakePrincipalIdentifier"].as_str());
    arns.map(str::to_owned).collect()
}

/// Whether a principal is one of the roles that deploy.
fn is_of_deployment(site: &Site, principal: &str) -> bool {
    match &site.access {
        Access::Deployer { role, execution_role, .. } => {
            principal == role || principal == execution_role
        }
        Access::Owner { .. } => false,
    }
}

/// The databases that a stack makes.
fn databases(stack: &StatedStack<'_>) -> BTreeSet<String> {
    let databases = stack.of_kind("AWS::Glue::Database");
    let names =
        databases.filter_map(|(_, one)| one.properties.get("DatabaseInput")?["Name"].as_str());
    names.map(str::to_owned).collect()
}

/// What was found, by principal and resource.
fn held(found: &[Value], account: &str) -> BTreeMap<(String, String), Held> {
    let mut all: BTreeMap<(String, String), Held> = BTreeMap::new();
    for one in found {
        let Some(principal) = one["Principal"]["DataLakePrincipalIdentifier"].as_str() else {
            continue;
        };
        let resource = normal(&one["Resource"], account);
        let texts = |name: &str| {
            let list = one[name].as_array().into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect::<BTreeSet<String>>()
        };
        let key = (principal.to_owned(), canonical(&resource));
        let held = all.entry(key).or_insert_with(|| Held {
            resource,
            rights: BTreeSet::new(),
            grantable: BTreeSet::new(),
        });
        held.rights.extend(texts("Permissions"));
        held.grantable.extend(texts("PermissionsWithGrantOption"));
    }
    all
}

/// A resource in one form. `ListPermissions` writes a permission to select from a table as one on all its columns, and all
/// tables of a database as a table with a name (terraform-provider-aws #20108).
fn normal(resource: &Value, account: &str) -> Value {
    let Some((kind, about)) = resource.as_object().and_then(|one| one.iter().next()) else {
        return resource.clone();
    };
    let (mut kind, mut about) = (kind.as_str(), about.clone());
    let Some(target) = about.as_object_mut() else { return resource.clone() };
    target.retain(|_, value| !value.is_null());
    if kind != "Catalog" && kind != "DataCellsFilter" {
        target.entry("CatalogId").or_insert_with(|| account.into());
    }
    let is_whole = target.get("ColumnWildcard").is_some_and(|wildcard| {
        wildcard["ExcludedColumnNames"].as_array().is_none_or(Vec::is_empty)
    });
    if kind == "TableWithColumns" && is_whole {
        kind = "Table";
        target.remove("ColumnWildcard");
    }
    if target.get("Name").is_some_and(|name| kind == "Table" && name == "ALL_TABLES") {
        target.insert("TableWildcard".to_owned(), json!({}));
    }
    if target.contains_key("TableWildcard") {
        target.insert("TableWildcard".to_owned(), json!({}));
        target.remove("Name");
    }
    for name in ["ColumnNames", "TagValues"] {
        if let Some(list) = target.get_mut(name).and_then(Value::as_array_mut) {
            list.sort_by_key(ToString::to_string);
        }
    }
    json!({ kind: about })
}

/// Puts in what a principal holds in the place of what a template grants.
fn put(at: At<'_>, stated: &BTreeSet<String>, found: Option<&Held>, sides: &mut Sides) {
    let Some(found) = found.filter(|found| !found.rights.is_empty()) else {
        sides.remove(at);
        return;
    };
    let has_all = |rights: &BTreeSet<String>| rights.contains("ALL");
    let is_equal = found.rights == *stated || has_all(&found.rights) && has_all(stated);
    if !is_equal {
        sides.set(at, "Permissions", json!(stated), json!(found.rights));
    }
}

/// Adds permissions that no template grants.
fn add(stack: &StatedStack<'_>, principal: &str, held: &Held, sides: &mut Sides) {
    let address = &stack.deployed.address;
    let Held { resource, rights, grantable } = held;
    let place = &address.place;
    let rights: Vec<&str> = rights.union(grantable).map(String::as_str).collect();
    let properties = json!({
        "Catalog": place.account,
        "Principal": { "DataLakePrincipalIdentifier": principal },
        "Resource": resource,
        "Permissions": rights,
        // The model of access does not know permissions to grant, so they are told beside it.
        "PermissionsWithGrantOption": [],
    });
    sides.add(address, &format!("{principal} {resource}"), KIND, properties);
    sides.by_hand.push(format!(
        "{principal} got permissions of Lake Formation in {place}: `aws lakeformation revoke-permissions --region {} --principal \
         DataLakePrincipalIdentifier={principal} --permissions {} --resource '{resource}'` removes them",
        place.region,
        rights.join(" ")
    ));
    if !grantable.is_empty() {
        let grantable: Vec<&str> = grantable.iter().map(String::as_str).collect();
        sides.by_hand.push(format!(
            "{principal} may also grant {} on {resource} to anybody else in {place}",
            grantable.join(", ")
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shapes of `ListPermissions` in terraform-provider-aws #17047 and #20108.
    #[test]
    fn what_the_service_lists_is_what_a_template_grants() {
        let account = "111122223333";
        let stated = json!({ "Table": { "DatabaseName": "d", "Name": "t" } });
        let listed = json!({ "TableWithColumns": {
            "CatalogId": account, "DatabaseName": "d", "Name": "t", "ColumnWildcard": {},
        } });
        assert_eq!(normal(&stated, account), normal(&listed, account));
        let stated = json!({ "Table": { "DatabaseName": "d", "TableWildcard": {} } });
        let listed = json!({ "Table": {
            "CatalogId": account, "DatabaseName": "d", "Name": "ALL_TABLES", "TableWildcard": {},
        } });
        assert_eq!(normal(&stated, account), normal(&listed, account));
        let columns = json!({ "TableWithColumns": {
            "CatalogId": account, "DatabaseName": "d", "Name": "t", "ColumnNames": ["a"],
        } });
        assert_eq!(normal(&columns, account), columns);
    }

    /// "Cross-account data sharing" in the Lake Formation developer guide: the owner of a catalog decides about it.
    #[test]
    fn the_catalog_of_another_account_is_not_asked_about() {
        let permission = |catalog: &str| {
            let mut properties = serde_json::Map::new();
            properties
                .insert("Principal".to_owned(), json!({ "DataLakePrincipalIdentifier": "p" }));
            let resource = json!({ "Database": { "CatalogId": catalog, "Name": "d" } });
            properties.insert("Resource".to_owned(), resource);
            Stated { kind: KIND.to_owned(), properties, unknown: BTreeSet::new() }
        };
        assert!(is_of_catalog(&permission("111122223333"), "111122223333"));
        assert!(!is_of_catalog(&permission("444455556666"), "111122223333"));
    }

    #[test]
    fn rights_that_are_listed_apart_are_one_permission() {
        let entry = |right: &str, resource: &Value| {
            json!({
                "Principal": { "DataLakePrincipalIdentifier": "p" },
                "Resource": resource, "Permissions": [right], "PermissionsWithGrantOption": [],
            })
        };
        let table = json!({ "Table": { "DatabaseName": "d", "Name": "t" } });
        let columns = json!({ "TableWithColumns": {
            "DatabaseName": "d", "Name": "t", "ColumnWildcard": {},
        } });
        let found = held(&[entry("DESCRIBE", &table), entry("SELECT", &columns)], "111122223333");
        let rights = found.values().map(|held| held.rights.len());
        assert_eq!(rights.collect::<Vec<usize>>(), [2]);
    }
}
