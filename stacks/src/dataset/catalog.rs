//! The dataset in the catalog: location, database, permissions, tables, crawler and profiling.

use std::sync::LazyLock;

use lakewright_constructs::cfn::glue;
use lakewright_constructs::glue::{
    Crawler, Database, DatabaseHandle, DatabaseLink, Job, SecurityConfiguration, Table,
    TableColumn, TableFormat, Trigger,
};
use lakewright_constructs::lakeformation::{
    Catalog, Location, Permission, PermissionChain, PermissionSet,
};
use lakewright_constructs::messaging::QueueHandle;
use lakewright_constructs::role::{ImportedRole, Receives, RoleHandle};
use lakewright_manifest::mesh::{self, HybridAccess, Level};
use lakewright_synth::{Construct as _, Options, Scope};
use lakewright_template::digest::sha256;
use lakewright_template::{Expr, LogicalId, Name};

use super::{Context, Data, TablesBy, views};
use crate::asset::Asset;
use crate::diagnose::cause;
use crate::share::{self, SharedTables};

/// The script of the profiling job.
const PROFILE: &str = include_str!("profile.py");

/// The digest of the script, which each dataset's stack has.
static PROFILE_DIGEST: LazyLock<String> = LazyLock::new(|| sha256(PROFILE.as_bytes()));

/// Permissions to read the tables.
const READ: [Permission; 2] = [Permission::Describe, Permission::Select];
/// Permissions to read and write the tables, without changing what they are.
const CHANGE: [Permission; 4] =
    [Permission::Delete, Permission::Describe, Permission::Insert, Permission::Select];
/// Permissions to read and write the tables.
const WRITE: [Permission; 6] = [
    Permission::Alter,
    Permission::Delete,
    Permission::Describe,
    Permission::Drop,
    Permission::Insert,
    Permission::Select,
];
/// Permissions to create tables in the database.
const MAKE: [Permission; 3] = [Permission::Alter, Permission::CreateTable, Permission::Describe];

pub(super) fn build(
    scope: &mut Scope<'_>,
    context: &Context<'_>,
    role: &RoleHandle,
    data: &Data,
) -> Vec<Asset> {
    let shares = &context.reached.shares;
    let Context { names, environment, dataset, .. } = context;
    let mut before: Vec<LogicalId> = Vec::new();
    if let Some(import) = &dataset.import
        && import.location != mesh::Location::Nowhere
    {
        // If others registered the location, the template does not otherwise state its access mode.
        scope.metadata("HybridAccess", import.hybrid_access.as_str());
    }
    let import = dataset.import.as_ref();
    if import.is_none_or(|import| import.location == mesh::Location::Here) {
        let location = Location {
            bucket: data.arn.clone(),
            role: role.clone(),
            hybrid: import.is_some_and(|import| import.hybrid_access != HybridAccess::Closed),
        };
        before.push(scope.add("Location", location).logical_id().clone());
    }
    let database = database(scope, context, data, &before);
    before.extend(database.logical_id().cloned());
    let mut chain = PermissionChain::after(before, &context.target);
    let is_made_by_others = executor(scope, context, &mut chain);
    let before_tables = if is_made_by_others { chain.last() } else { &[] };
    let tables = tables(scope, context, data, &database, before_tables);
    permissions(scope, context, role, &mut chain);
    // Permissions on a declared table depend on the table.
    if !shares.is_empty() {
        for table in &tables {
            chain.wait_for(table);
        }
    }
    let known = context
        .members()
        .filter(|(member, _)| member.tables > Level::None)
        .map(|(_, role)| role.grantee().known_arn.clone())
        .collect();
    let by_tag = context.tables_by == TablesBy::Tag;
    let tables = SharedTables { names: context.names, dataset: context.dataset, by_tag };
    share::grant_tables(scope, tables, &mut chain, shares, &known);
    views::masked_views(scope, context, &database, &mut chain, &views::of(context));
    let last = chain.last().to_vec();
    let part = |part: &str| names.dataset_part(environment, dataset, part);
    let security = scope.add(
        "SecurityConfiguration",
        SecurityConfiguration {
            // Glue includes this name in the names of log groups, which the role's policy lists.
            name: names.dataset_role(environment, dataset),
            key: data.key.clone(),
            alias: names.dataset_alias(environment, dataset),
            data: data.written.clone(),
        },
    );
    let is_elsewhere =
        dataset.import.as_ref().is_some_and(|import| import.catalog_account.is_some());
    if !is_elsewhere {
        // A crawler writes only into its own account's catalog.
        let after = Options {
            depends_on: last,
            after_policies: role.policy().into_iter().chain(data.policy).collect(),
            deletion: None,
        };
        scope.add(
            "Crawler",
            Crawler {
                name: part("crawler"),
                role: role.clone(),
                database: database.clone(),
                target: data.uri.clone(),
                declared: declared(context),
                schedule: dataset.crawler.schedule.as_ref().map(ToString::to_string),
                prefix: dataset
                    .crawler
                    .prefix
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                events: data.events.as_ref().map(QueueHandle::arn),
                security: security.clone(),
                after,
            },
        );
    }
    vec![profiling(scope, context, role, &database, security)]
}

/// The locations of declared tables, relative to the bucket.
fn declared(context: &Context<'_>) -> Vec<String> {
    let declared = context.dataset.tables.values().filter(|table| !table.columns.is_empty());
    declared.map(|table| table.location.clone()).collect()
}

fn database(
    scope: &mut Scope<'_>,
    context: &Context<'_>,
    data: &Data,
    before: &[LogicalId],
) -> DatabaseHandle {
    let Context { names, environment, dataset, .. } = context;
    let import = dataset.import.as_ref();
    let imported = import.and_then(|import| import.glue_database.as_ref());
    let account = import.and_then(|import| import.catalog_account.as_ref());
    let name = names.dataset_database(environment, dataset);
    match (imported, account) {
        (Some(_), None) => DatabaseHandle::imported(&name),
        (Some(_), Some(account)) => {
            let link = Database {
                name: context.link_name(),
                description: String::new(),
                location: String::new(),
                retain: false,
                link: Some(DatabaseLink { account: account.clone(), database: name, region: None }),
                after: before.to_vec(),
            };
            scope.add("DatabaseLink", link)
        }
        (None, _) => {
            let database = Database {
                name,
                description: format!("Dataset {}", dataset.header.id),
                location: data.uri.clone(),
                retain: dataset.retain_on_delete,
                link: None,
                after: before.to_vec(),
            };
            scope.add("Database", database)
        }
    }
}

/// The permissions of the dataset's role, its owner and its stewards, created one after another.
fn permissions(
    scope: &mut Scope<'_>,
    context: &Context<'_>,
    role: &RoleHandle,
    chain: &mut PermissionChain,
) {
    let Context { names, environment, dataset, place, .. } = context;
    let own_account = environment.account.clone();
    let import = dataset.import.as_ref();
    let account =
        import.and_then(|import| import.catalog_account.as_ref()).unwrap_or(&own_account).clone();
    let name = names.dataset_database(environment, dataset);
    let database = Catalog::Database { account: account.clone(), name: name.clone() };
    let tables = Catalog::Tables { account, database: name };
    let bucket = names.dataset_bucket(environment, dataset);
    let location = Catalog::Location {
        account: own_account,
        arn: lakewright_constructs::bucket::bucket_arn(place, &bucket),
    };
    // Needed whoever registered the location: without this permission no principal can create tables there.
    let is_registered = import.is_none_or(|import| import.location != mesh::Location::Nowhere);
    let mut write = |scope: &mut Scope<'_>, to: &dyn Receives| {
        if is_registered {
            chain.grant(scope, to, &location, set("locate", &[Permission::DataLocationAccess]));
        }
        chain.grant(scope, to, &database, set("write", &MAKE));
        chain.grant(scope, to, &tables, set("write", &WRITE));
    };
    write(scope, role);
    for (_, owner) in context.members().filter(|(member, _)| member.makes_tables()) {
        write(scope, &owner);
    }
    if import.is_some_and(|import| import.catalog_account.is_some()) {
        // A resource link needs `DESCRIBE`; access to the database behind it is granted above.
        let link =
            Catalog::Database { account: environment.account.clone(), name: context.link_name() };
        let describe = set("read", &[Permission::Describe]);
        chain.grant(scope, role, &link, describe);
        let owner = context.members().next().filter(|(member, _)| member.tables > Level::None);
        if let Some((_, owner)) = owner.filter(|_| context.team_role(&dataset.team).is_some()) {
            chain.grant(scope, &owner, &link, describe);
        }
    }
    for (member, role) in context.members().filter(|(member, _)| !member.makes_tables()) {
        let (word, permissions): (_, &[Permission]) = match member.tables {
            Level::None => continue,
            Level::Read => ("read", &READ),
            Level::Write | Level::Own => ("write", &CHANGE),
        };
        let mut scope = scope.because_all(member.causes());
        chain.grant(&mut scope, &role, &database, set("read", &[Permission::Describe]));
        chain.grant(&mut scope, &role, &tables, set(word, permissions));
    }
}

/// The permissions that CloudFormation needs for declared tables of an imported database: administrators may not alter
/// or drop what they did not create, nor create tables in it.
///
/// Source: "Implicit Lake Formation permissions" in the Lake Formation developer guide.
fn executor(scope: &mut Scope<'_>, context: &Context<'_>, chain: &mut PermissionChain) -> bool {
    let Context { names, environment, dataset, place, .. } = context;
    let Some(import) = dataset.import.as_ref().filter(|import| import.catalog_account.is_none())
    else {
        return false;
    };
    let declares = dataset.tables.values().any(|table| !table.columns.is_empty());
    if import.glue_database.is_none() || !declares {
        return false;
    }
    let account = environment.account.clone();
    let name = names.dataset_database(environment, dataset);
    let arn = names.execution_role_arn(environment);
    let grantee = names.bootstrap_role("execution-role", &environment.resource_prefix, place);
    let role = ImportedRole::new(account.clone(), &arn, &grantee);
    let database = Catalog::Database { account: account.clone(), name: name.clone() };
    chain.grant(scope, &role, &database, set("deploy", &MAKE));
    let alter = [Permission::Alter, Permission::Describe, Permission::Drop];
    chain.grant(scope, &role, &Catalog::Tables { account, database: name }, set("deploy", &alter));
    true
}

fn tables(
    scope: &mut Scope<'_>,
    context: &Context<'_>,
    data: &Data,
    database: &DatabaseHandle,
    after: &[LogicalId],
) -> Vec<LogicalId> {
    let mut declared = Vec::new();
    for (name, table) in &context.dataset.tables {
        if table.columns.is_empty() {
            continue;
        }
        let mesh::About { description, keywords, glossary } = &table.about;
        let format = match table.format {
            mesh::TableFormat::Csv => TableFormat::CSV,
            mesh::TableFormat::Json => TableFormat::JSON,
            mesh::TableFormat::Parquet => TableFormat::PARQUET,
        };
        let construct = Table {
            database: database.clone(),
            name: name.to_string(),
            location: format!("{}{}/", data.uri, table.location),
            format,
            columns: table.columns.iter().map(column).collect(),
            partitions: table.partitions.iter().map(column).collect(),
            description: description.clone(),
            parameters: vec![
                ("lakewright.glossary", glossary.join(", ")),
                ("lakewright.keywords", keywords.join(", ")),
            ],
            retain: context.dataset.retain_on_delete,
            after: after.to_vec(),
        };
        let mut scope = scope.because(cause(table.origin));
        let table = construct.build(&mut scope.named_child("Table", name.as_str()));
        declared.push(table.logical_id().clone());
    }
    declared
}

/// A column of the catalog. Glue has no field for a column's keywords and terms.
fn column(column: &mesh::Column) -> TableColumn {
    TableColumn {
        name: column.name.to_string(),
        kind: column.kind.clone(),
        comment: column.about.description.clone(),
    }
}

const fn set<'a>(access: &'static str, permissions: &'a [Permission]) -> PermissionSet<'a> {
    PermissionSet { access, permissions, with_grant_option: false }
}

/// The profiling job, and its trigger if it has a schedule. Returns the script, which is uploaded to the environment's
/// bucket. That bucket is created before this stack.
fn profiling(
    scope: &mut Scope<'_>,
    context: &Context<'_>,
    role: &RoleHandle,
    database: &DatabaseHandle,
    security: Expr<Name<glue::SecurityConfiguration>>,
) -> Asset {
    let Context { names, environment, dataset, .. } = context;
    let bucket = names.environment_bucket(environment);
    let uri = names.dataset_uri(environment, dataset);
    let (bytes, digest) = (PROFILE.as_bytes().into(), PROFILE_DIGEST.clone());
    let key = |digest: &str| format!("profiling/code/{digest}.py");
    let script = Asset::digested(bytes, digest, "py", bucket.clone(), key);
    let job = Job {
        name: names.dataset_part(environment, dataset, "profiler"),
        description: format!("Profiles dataset {}", dataset.header.id),
        role: role.clone(),
        script: format!("s3://{bucket}/{}", script.entry.key),
        arguments: vec![
            ("--database", database.known_name().to_owned().into()),
            ("--dataset", dataset.header.id.to_string().into()),
            ("--enable-metrics", "true".into()),
            ("--results", format!("s3://{bucket}/profiling/results/{uri}/").into()),
        ],
        security,
    };
    let job = scope.add("Profiler", job);
    if let Some(schedule) = &dataset.profiling_schedule {
        let name = names.dataset_part(environment, dataset, "profiler-schedule");
        scope.add("ProfilerSchedule", Trigger { name, job, schedule: schedule.to_string() });
    }
    script
}
