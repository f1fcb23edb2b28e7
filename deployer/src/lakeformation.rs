//! What Lake Formation needs besides CloudFormation, which ignores empty lists of default permissions (coverage-roadmap
//! #2197): closed defaults, databases and tables without `IAMAllowedPrincipals`, opt-ins.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::ask::{Ask, Service, parsed};
use crate::cloud::{Cloud, CloudError, Site};
use crate::duties::{Duties, Hybrid, Permission};
use crate::preflight;

/// The group to which AWS grants everything by default: all principals with IAM permissions.
const EVERYBODY: &str = "IAM_ALLOWED_PRINCIPALS";

/// The lowest version of cross-account sharing that can grant a table to one role of another account, also for locations
/// in hybrid access mode. Source: "Updating cross-account data sharing version settings" in the developer guide.
const CROSS_ACCOUNT_VERSION: u64 = 4;

/// The administrators in this account's settings that no longer exist. Administrators of other accounts are not checked.
/// With a missing one in the list, Lake Formation refuses every change of it.
pub async fn dead_administrators(
    cloud: &impl Cloud,
    site: &Site,
) -> Result<Vec<String>, CloudError> {
    let settings = settings(cloud, site).await?;
    let here = format!(":iam::{}:role/", site.place.account);
    let mut dead = Vec::new();
    for admin in administrators(&settings).filter(|admin| admin.contains(&here)) {
        if !preflight::exists(cloud, site, admin).await? {
            dead.push(admin.to_owned());
        }
    }
    Ok(dead)
}

/// Whether a role is an administrator of Lake Formation. Other callers of `ListPermissions` see only their own
/// permissions.
///
/// Source: `ListPermissions` in the Lake Formation API reference.
pub async fn is_administrator(
    cloud: &impl Cloud,
    site: &Site,
    role: &str,
) -> Result<bool, CloudError> {
    Ok(administrators(&settings(cloud, site).await?).any(|admin| admin == role))
}

/// Removes the default permissions on new databases and tables, raises the version of cross-account sharing if it is too
/// low, and keeps all other settings. Returns whether anything had to change.
pub async fn close_defaults(cloud: &impl Cloud, site: &Site) -> Result<bool, CloudError> {
    let before = settings(cloud, site).await?;
    if is_closed(&before) {
        return Ok(false);
    }
    let mut after = before;
    after["CreateDatabaseDefaultPermissions"] = json!([]);
    after["CreateTableDefaultPermissions"] = json!([]);
    if version(&after) < CROSS_ACCOUNT_VERSION {
        after["Parameters"]["CROSS_ACCOUNT_VERSION"] = CROSS_ACCOUNT_VERSION.to_string().into();
    }
    put(cloud, site, &after).await?;
    if is_closed(&settings(cloud, site).await?) {
        return Ok(true);
    }
    Err(CloudError::Refused {
        what: "switch Lake Formation's default permissions off".to_owned(),
        message: format!(
            "they are still there in account {} in {}: new databases and tables would be open to everybody with IAM permissions",
            site.place.account, site.place.region
        ),
    })
}

/// Removes these ARNs from the list of administrators and keeps all others.
pub async fn remove_administrators(
    cloud: &impl Cloud,
    site: &Site,
    gone: &BTreeSet<String>,
) -> Result<(), CloudError> {
    let mut settings = settings(cloud, site).await?;
    let Some(admins) = settings["DataLakeAdmins"].as_array_mut() else { return Ok(()) };
    let before = admins.len();
    admins.retain(|admin| {
        admin["DataLakePrincipalIdentifier"].as_str().is_none_or(|arn| !gone.contains(arn))
    });
    if admins.len() == before { Ok(()) } else { put(cloud, site, &settings).await }
}

/// Does the work after the deployment of a dataset's stack. Returns what is still open, then which permissions are
/// missing.
pub async fn secure(
    cloud: &impl Cloud,
    site: &Site,
    duties: &Duties,
) -> Result<(Vec<String>, Vec<String>), CloudError> {
    let mut open = Vec::new();
    for database in &duties.databases {
        if has_open_default(cloud, site, database).await? {
            open.push(format!("new tables of database {database} are open to {EVERYBODY}"));
        }
        for resource in catalog(cloud, site, database).await? {
            open.extend(close(cloud, site, &resource).await?);
        }
    }
    for (database, table) in &duties.tables {
        let resource = of_table(&site.place.account, database, table);
        open.extend(close(cloud, site, &resource).await?);
    }
    match duties.hybrid {
        Hybrid::Off => {}
        Hybrid::On => open.extend(opt_in(cloud, site, duties).await?),
        Hybrid::Closed => open.extend(is_left_open(cloud, site, duties).await?),
    }
    let missing = match missing(cloud, site, &duties.permissions).await {
        Err(error) if !open.is_empty() => vec![format!("what is missing is not known: {error}")],
        other => other?,
    };
    Ok((open, missing))
}

/// The databases of an account and region on which, or on whose tables, `IAM_ALLOWED_PRINCIPALS` has permissions. One
/// query serves all stacks that need no change.
pub async fn open_databases(
    cloud: &impl Cloud,
    site: &Site,
) -> Result<BTreeSet<String>, CloudError> {
    let what = format!("list what {EVERYBODY} has");
    let mut found = BTreeSet::new();
    for kind in ["DATABASE", "TABLE"] {
        let body = json!({ "CatalogId": site.place.account, "ResourceType": kind,
            "Principal": { "DataLakePrincipalIdentifier": EVERYBODY } });
        for given in
            pages(cloud, site, "ListPermissions", body, "PrincipalResourcePermissions", &what)
                .await?
        {
            let on = &given["Resource"];
            let name = on["Database"]["Name"].as_str();
            let table = ["Table", "TableWithColumns"]
                .iter()
                .find_map(|kind| on[*kind]["DatabaseName"].as_str());
            found.extend(name.or(table).map(str::to_owned));
        }
    }
    Ok(found)
}

/// Revokes the permissions of `IAM_ALLOWED_PRINCIPALS` on a resource. Returns a message if some remain.
async fn close(
    cloud: &impl Cloud,
    site: &Site,
    resource: &Value,
) -> Result<Option<String>, CloudError> {
    let what = format!("revoke what {EVERYBODY} has on {}", short(resource));
    let held = of_everybody(cloud, site, resource).await?;
    if held.is_empty() {
        return Ok(None);
    }
    let mut refusals = BTreeSet::new();
    for given in held {
        // `ListPermissions` writes all tables of a database in another way than a request does, so both forms are tried.
        for on in [&given["Resource"], resource] {
            let mut revoke = json!({
                "CatalogId": site.place.account,
                "Principal": { "DataLakePrincipalIdentifier": EVERYBODY },
                "Resource": on,
                "Permissions": given["Permissions"],
            });
            if let Some(options) = given["PermissionsWithGrantOption"].as_array()
                && !options.is_empty()
            {
                revoke["PermissionsWithGrantOption"] = options.clone().into();
            }
            match ask(cloud, site, "RevokePermissions", revoke, &what).await {
                // One revocation may have removed several permissions. The check below finds those that remain.
                Err(CloudError::Refused { message, .. }) => drop(refusals.insert(message)),
                other => {
                    other?;
                    break;
                }
            }
        }
    }
    let is_open = !of_everybody(cloud, site, resource).await?.is_empty();
    let refusals: Vec<String> = refusals.into_iter().collect();
    Ok(is_open.then(|| {
        let text = format!("{EVERYBODY} still has permissions on {}", short(resource));
        if refusals.is_empty() { text } else { format!("{text}: {}", refusals.join("; ")) }
    }))
}

/// Whether a database has default permissions on its new tables. No stack of the mesh sets them, but an older database
/// may have them.
async fn has_open_default(
    cloud: &impl Cloud,
    site: &Site,
    database: &str,
) -> Result<bool, CloudError> {
    let body = json!({ "CatalogId": site.place.account, "Name": database });
    let what = format!("look at database {database}");
    let answer = cloud.ask(site, &Ask::new(Service::Glue, "GetDatabase", body, &what)).await?;
    let answer = parsed(&answer, &what)?;
    let defaults = answer["Database"]["CreateTableDefaultPermissions"].as_array();
    Ok(defaults.is_some_and(|defaults| !defaults.is_empty()))
}

fn of_table(account: &str, database: &str, table: &str) -> Value {
    json!({ "Table": { "CatalogId": account, "DatabaseName": database, "Name": table } })
}

/// Opts the consumers of shares in to Lake Formation permissions, because they have no IAM permissions on the
/// location. The dataset's own roles, whose permissions cover all tables, are not opted in.
///
/// Source: "Hybrid access mode" in the developer guide: the IAM permissions of other principals still apply.
async fn opt_in(
    cloud: &impl Cloud,
    site: &Site,
    duties: &Duties,
) -> Result<Vec<String>, CloudError> {
    let mut open = Vec::new();
    let readers = duties.permissions.iter().filter(|one| one.rights.contains("SELECT"));
    let mut wanted: BTreeMap<String, (&str, Value)> = BTreeMap::new();
    for one in readers {
        // What covers all tables is a permission of the dataset's own roles, and what goes by tags has no table.
        let Some((database, Some(table))) = one.table() else { continue };
        let catalog = catalog_of(&one.resource).unwrap_or(&site.place.account);
        let of_database = json!({ "Database": { "CatalogId": catalog, "Name": database } });
        for resource in [of_database, of_table(catalog, database, table)] {
            wanted.insert(format!("{} {resource}", one.principal), (&one.principal, resource));
        }
    }
    for (principal, resource) in wanted.values() {
        if is_opted_in(cloud, site, principal, resource).await? {
            continue;
        }
        let what = format!("opt {principal} in on {}", short(resource));
        let who = json!({ "DataLakePrincipalIdentifier": principal });
        let body = json!({ "Principal": who, "Resource": resource });
        ask(cloud, site, "CreateLakeFormationOptIn", body, &what).await?;
        if !is_opted_in(cloud, site, principal, resource).await? {
            open.push(format!("{principal} is not opted in on {}", short(resource)));
        }
    }
    Ok(open)
}

async fn is_opted_in(
    cloud: &impl Cloud,
    site: &Site,
    principal: &str,
    resource: &Value,
) -> Result<bool, CloudError> {
    // The list is not filtered by principal: AWS refuses that for roles of other accounts (terraform-provider-aws
    // #49106).
    let body = json!({ "Resource": resource });
    let what = format!("list who is opted in on {}", short(resource));
    let list = "LakeFormationOptInsInfoList";
    let listed = pages(cloud, site, "ListLakeFormationOptIns", body, list, &what).await?;
    Ok(listed.iter().any(|one| one["Principal"]["DataLakePrincipalIdentifier"] == *principal))
}

/// The resources on which `IAM_ALLOWED_PRINCIPALS` has permissions although the mesh says `hybrid_access: closed`.
async fn is_left_open(
    cloud: &impl Cloud,
    site: &Site,
    duties: &Duties,
) -> Result<Vec<String>, CloudError> {
    // The owner of another account's catalog decides about it, and only its administrators see its permissions.
    let is_here = |one: &&Permission| {
        catalog_of(&one.resource).is_none_or(|catalog| catalog == site.place.account)
    };
    let here = duties.permissions.iter().filter(is_here);
    let databases: BTreeSet<&str> =
        here.filter_map(Permission::table).map(|(name, _)| name).collect();
    let mut open = Vec::new();
    for database in databases.into_iter().filter(|name| !duties.databases.contains(*name)) {
        for resource in catalog(cloud, site, database).await? {
            if !of_everybody(cloud, site, &resource).await?.is_empty() {
                open.push(format!(
                    "the mesh says `hybrid_access: closed`, and {EVERYBODY} has permissions on {}",
                    short(&resource)
                ));
            }
        }
    }
    Ok(open)
}

/// The permissions of a template that Lake Formation does not list. The queries filter by resource, because a query by
/// principal does not return permissions of roles of other accounts.
async fn missing(
    cloud: &impl Cloud,
    site: &Site,
    permissions: &[Permission],
) -> Result<Vec<String>, CloudError> {
    let mut by_resource: BTreeMap<String, (Value, Vec<&Permission>)> = BTreeMap::new();
    for one in permissions {
        let asked = askable(&one.resource);
        by_resource.entry(asked.to_string()).or_insert((asked, Vec::new())).1.push(one);
    }
    let mut missing = Vec::new();
    for (resource, wanted) in by_resource.values() {
        let listed = permissions_on(cloud, site, resource).await?;
        for one in wanted {
            let held: BTreeSet<&str> = listed
                .iter()
                .filter(|given| given["Principal"]["DataLakePrincipalIdentifier"] == *one.principal)
                .flat_map(|given| given["Permissions"].as_array().into_iter().flatten())
                .filter_map(Value::as_str)
                .collect();
            let lacks: Vec<&str> = one
                .rights
                .iter()
                .map(String::as_str)
                .filter(|right| !held.contains(right) && !held.contains("ALL"))
                .collect();
            if !lacks.is_empty() {
                missing.push(format!(
                    "{} does not hold {} on {} ({})",
                    one.principal,
                    lacks.join(", "),
                    short(&one.resource),
                    one.logical_id
                ));
            }
        }
    }
    Ok(missing)
}

/// A database, all its tables by wildcard, and each existing table, as resources of Lake Formation.
async fn catalog(
    cloud: &impl Cloud,
    site: &Site,
    database: &str,
) -> Result<Vec<Value>, CloudError> {
    let account = &site.place.account;
    let all = json!({ "Table": {
        "CatalogId": account, "DatabaseName": database, "TableWildcard": {},
    } });
    let mut found = vec![json!({ "Database": { "CatalogId": account, "Name": database } }), all];
    let what = format!("list the tables of database {database}");
    let mut token = Value::Null;
    loop {
        let mut body = json!({ "CatalogId": account, "DatabaseName": database });
        if token.is_string() {
            body["NextToken"] = token;
        }
        let page = cloud.ask(site, &Ask::new(Service::Glue, "GetTables", body, &what)).await?;
        let page = parsed(&page, &what)?;
        for table in page["TableList"].as_array().into_iter().flatten() {
            found.extend(table["Name"].as_str().map(|name| of_table(account, database, name)));
        }
        token = page["NextToken"].clone();
        if !token.is_string() {
            return Ok(found);
        }
    }
}

async fn of_everybody(
    cloud: &impl Cloud,
    site: &Site,
    resource: &Value,
) -> Result<Vec<Value>, CloudError> {
    let mut all = match permissions_on(cloud, site, resource).await {
        // A crawler may have deleted the table since it was listed.
        Err(CloudError::Refused { message, .. }) if message.starts_with("EntityNotFound") => {
            Vec::new()
        }
        other => other?,
    };
    all.retain(|one| one["Principal"]["DataLakePrincipalIdentifier"] == EVERYBODY);
    Ok(all)
}

/// All permissions on a resource.
async fn permissions_on(
    cloud: &impl Cloud,
    site: &Site,
    resource: &Value,
) -> Result<Vec<Value>, CloudError> {
    let what = format!("list the permissions on {}", short(resource));
    let body = json!({ "CatalogId": site.place.account, "Resource": resource });
    pages(cloud, site, "ListPermissions", body, "PrincipalResourcePermissions", &what).await
}

/// All permissions on these resources and databases with their tables, of any principal. A resource that does not exist any
/// more has none.
///
/// The list is not filtered by principal: AWS returns nothing for roles of other accounts then (`missing` says more).
pub async fn granted(
    cloud: &impl Cloud,
    site: &Site,
    databases: &BTreeSet<String>,
    resources: &[Value],
) -> Result<Vec<Value>, CloudError> {
    let mut asked: BTreeMap<String, Value> = BTreeMap::new();
    for database in databases {
        let of_database = match catalog(cloud, site, database).await {
            Err(error) if is_gone(&error) => Vec::new(),
            other => other?,
        };
        asked.extend(of_database.into_iter().map(|resource| (resource.to_string(), resource)));
    }
    for resource in resources.iter().map(askable) {
        asked.insert(resource.to_string(), resource);
    }
    let mut found = Vec::new();
    for resource in asked.values() {
        match permissions_on(cloud, site, resource).await {
            Err(error) if is_gone(&error) => {}
            other => found.extend(other?),
        }
    }
    Ok(found)
}

/// Whether an error says that what was asked about does not exist.
fn is_gone(error: &CloudError) -> bool {
    matches!(error, CloudError::Refused { message, .. } if message.starts_with("EntityNotFound"))
}

/// The resource for a query of permissions. For columns it is their table.
///
/// Source: `ListPermissions` in the Lake Formation API reference: it accepts no table with columns, and a query by table
/// returns both.
fn askable(resource: &Value) -> Value {
    let Some(columns) = resource.get("TableWithColumns") else { return resource.clone() };
    let mut table = columns.clone();
    if let Some(table) = table.as_object_mut() {
        table.retain(|key, _| ["CatalogId", "DatabaseName", "Name"].contains(&key.as_str()));
    }
    json!({ "Table": table })
}

/// All entries of a paginated list.
async fn pages(
    cloud: &impl Cloud,
    site: &Site,
    operation: &'static str,
    mut body: Value,
    list: &str,
    what: &str,
) -> Result<Vec<Value>, CloudError> {
    let mut found = Vec::new();
    loop {
        let page = ask(cloud, site, operation, body.clone(), what).await?;
        found.extend(page[list].as_array().into_iter().flatten().cloned());
        if !page["NextToken"].is_string() {
            return Ok(found);
        }
        body["NextToken"] = page["NextToken"].clone();
    }
}

async fn settings(cloud: &impl Cloud, site: &Site) -> Result<Value, CloudError> {
    let body = json!({ "CatalogId": site.place.account });
    let what = "read the settings of Lake Formation";
    Ok(ask(cloud, site, "GetDataLakeSettings", body, what).await?["DataLakeSettings"].clone())
}

async fn put(cloud: &impl Cloud, site: &Site, settings: &Value) -> Result<(), CloudError> {
    let body = json!({ "CatalogId": site.place.account, "DataLakeSettings": settings });
    let what = "change the settings of Lake Formation";
    ask(cloud, site, "PutDataLakeSettings", body, what).await.map(drop)
}

async fn ask(
    cloud: &impl Cloud,
    site: &Site,
    operation: &'static str,
    body: Value,
    what: &str,
) -> Result<Value, CloudError> {
    let answer = cloud.ask(site, &Ask::new(Service::LakeFormation, operation, body, what)).await?;
    parsed(&answer, what)
}

fn administrators(settings: &Value) -> impl Iterator<Item = &str> {
    let admins = settings["DataLakeAdmins"].as_array().into_iter().flatten();
    admins.filter_map(|admin| admin["DataLakePrincipalIdentifier"].as_str())
}

fn is_closed(settings: &Value) -> bool {
    let is_empty = |key: &str| settings[key].as_array().is_none_or(Vec::is_empty);
    is_empty("CreateDatabaseDefaultPermissions")
        && is_empty("CreateTableDefaultPermissions")
        && version(settings) >= CROSS_ACCOUNT_VERSION
}

fn version(settings: &Value) -> u64 {
    let version = settings["Parameters"]["CROSS_ACCOUNT_VERSION"].as_str();
    version.and_then(|version| version.parse().ok()).unwrap_or_default()
}

fn catalog_of(resource: &Value) -> Option<&str> {
    let about = resource.as_object()?.values().next()?;
    about.get("CatalogId").or_else(|| about.get("TableCatalogId"))?.as_str()
}

/// A resource in a few words, such as `table sales.orders`.
fn short(resource: &Value) -> String {
    let Some((kind, about)) = resource.as_object().and_then(|entries| entries.iter().next()) else {
        return "the catalog".to_owned();
    };
    let text = |key: &str| about[key].as_str().unwrap_or("*");
    match kind.as_str() {
        "Database" => format!("database {}", text("Name")),
        "DataLocation" => format!("location {}", text("ResourceArn")),
        "DataCellsFilter" => format!("filter {} of {}", text("Name"), text("TableName")),
        "Table" | "TableWithColumns" => format!("table {}.{}", text("DatabaseName"), text("Name")),
        other => other.to_owned(),
    }
}
