//! Protected views: tables of a dataset as a team sees them, with masked columns and without the rows that it must not see.
//!
//! The team's role has permissions on the view alone. The view reads with the rights of the definer: a role that only Glue and
//! Lake Formation assume, that reads the tables of views and nothing else.
//!
//! Source of the definer's rights: "Prerequisites for creating views" and "Creating AWS Glue connections to validate status"
//! in the Lake Formation developer guide.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_constructs::glue::{
    Checked, CheckingConnection, CheckingWorkgroup, DatabaseHandle, ProtectedView, TableColumn,
};
use lakewright_constructs::lakeformation::{Catalog, Permission, PermissionChain, PermissionSet};
use lakewright_constructs::role::{ImportedRole, Policies, Receives as _, Role, RoleHandle, Trust};
use lakewright_manifest::TeamName;
use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::mesh::{Mask, Table};
use lakewright_manifest::name::CatalogName;
use lakewright_masks::rows::Condition;
use lakewright_masks::{Dialect, Shown, View};
use lakewright_policies::Conditions;
use lakewright_policies::service::Service;
use lakewright_synth::{Construct as _, Grant, Grants, Options, Scope, Target};
use lakewright_template::LogicalId;

use super::Context;
use crate::Names;
use crate::diagnose::cause;

/// A table as a team sees it.
#[derive(Debug, Clone)]
pub(crate) struct TeamView<'m> {
    /// The team, after which the view is named.
    pub(crate) team: &'m TeamName,
    /// The table's name.
    pub(crate) name: &'m CatalogName,
    /// The table; its columns are declared.
    pub(crate) table: &'m Table,
    /// The columns that the team sees, with their masks. At least one.
    pub(crate) columns: &'m BTreeMap<CatalogName, Option<Mask>>,
    /// The rows that the team sees; `None` for all.
    pub(crate) rows: Option<&'m Condition>,
    /// The team's roles, at least one.
    pub(crate) consumers: Vec<ImportedRole>,
    /// The documents that ask for it.
    pub(crate) origins: BTreeSet<Origin>,
}

/// The views that policies ask for: one for each team and table, whose readers are the team's roles in all environments.
pub(super) fn of<'m>(context: &Context<'m>) -> Vec<TeamView<'m>> {
    let mut found: BTreeMap<(&TeamName, &CatalogName), TeamView<'m>> = BTreeMap::new();
    for live in &context.reached.shares {
        let Some(grant) = live.derived else { continue };
        for (name, view) in &grant.views {
            let Some(table) = live.dataset.tables.get(name) else { continue };
            let role = live.consumer_role(context.names);
            let team = &live.share.team;
            let entry = found.entry((team, name)).or_insert_with(|| TeamView {
                team,
                name,
                table,
                columns: &view.columns,
                rows: view.rows.as_ref(),
                consumers: Vec::new(),
                origins: view.origins.clone(),
            });
            let known = &role.grantee().known_arn;
            if entry.consumers.iter().all(|other| other.grantee().known_arn != *known) {
                entry.consumers.push(role);
            }
        }
    }
    found.into_values().collect()
}

/// Creates the views, with the definer, and grants them to the teams. Without views, it creates nothing.
///
/// The tables are not granted to the teams. That nothing else grants them to a team with a view is a rule of the manifest
/// (`mask-not-enforced`).
pub(super) fn masked_views(
    scope: &mut Scope<'_>,
    context: &Context<'_>,
    database: &DatabaseHandle,
    chain: &mut PermissionChain,
    views: &[TeamView<'_>],
) {
    if views.is_empty() {
        return;
    }
    let mut scope = scope.child("Views");
    let definer = scope.add("Definer", definer(context));
    let checking = checking(&mut scope, context, &definer);
    definer_permissions(&mut scope, context, chain, &definer, views);
    for view in views {
        let mut scope = scope.because_all(view.origins.iter().copied().map(cause));
        let made = Made { context, database, definer: &definer, checking: &checking };
        made.view(&mut scope, chain, view);
    }
}

fn definer(context: &Context<'_>) -> Role {
    let Context { names, environment, dataset, .. } = context;
    Role {
        name: names.definer_role(environment, dataset),
        description: format!("Reads the tables of the views of dataset {}", dataset.header.id),
        grantee: format!("definer/{}", dataset.header.id),
        trust: vec![Trust::Service(Service::GLUE), Trust::Service(Service::LAKE_FORMATION)],
        policies: Policies::Inline("views".to_owned()),
        boundary: Some(Names::boundary_arn(environment)),
        tags: Vec::new(),
    }
}

/// What Athena checks views with.
struct Checking {
    /// The connection's name.
    name: String,
    /// The connection.
    connection: LogicalId,
}

/// The workgroup and the connection with which Athena checks views, and the rights of the definer, as which it does so.
fn checking(scope: &mut Scope<'_>, context: &Context<'_>, definer: &RoleHandle) -> Checking {
    let Context { names, environment, dataset, place, target, .. } = context;
    let name = names.dataset_part(environment, dataset, "views");
    let workgroup_name = names.views_workgroup(environment, dataset);
    let workgroup = scope.add("Workgroup", CheckingWorkgroup { name: workgroup_name.clone() });
    let connection = CheckingConnection { name: name.clone(), workgroup: workgroup.name() };
    let connection = scope.add("Connection", connection);
    let own = environment.account.clone();
    let grant = |sid: &str, actions: &[&'static str], resources: Vec<String>| Grant {
        sid: sid.to_owned(),
        grantee: definer.grantee().clone(),
        access: "define",
        target: Target { name: target.clone(), account: own.clone(), policy: None },
        actions: actions.to_vec(),
        resources: resources.iter().cloned().map(Into::into).collect(),
        own_resources: Vec::new(),
        known_resources: resources,
        conditions: Conditions::none(),
    };
    let database_name = names.dataset_database(environment, dataset);
    let glue = place.start_in("glue", &own);
    let tables = [
        "catalog".to_owned(),
        format!("database/{database_name}"),
        format!("table/{database_name}/*"),
    ];
    let tables: Vec<String> = tables.iter().map(|part| format!("{glue}{part}")).collect();
    let connections = vec![format!("{glue}connection/{name}")];
    let workgroups = vec![place.arn("athena", &format!("workgroup/{workgroup_name}"))];
    let catalogs = vec![place.arn("athena", "datacatalog/AwsDataCatalog")];
    scope.grant(Grants(vec![
        // Lake Formation decides on each table.
        grant("ViewTables", &VIEW_READ, tables.clone()),
        grant("ViewMake", &["glue:CreateTable"], tables),
        grant("ViewConnection", &["glue:PassConnection"], connections),
        grant("ViewCheck", &CHECK, workgroups),
        grant("ViewCatalog", &["athena:GetDataCatalog"], catalogs),
        grant("ViewData", &["lakeformation:GetDataAccess"], vec!["*".to_owned()]),
    ]));
    Checking { name, connection }
}

/// What the catalog asks a definer for.
const VIEW_READ: [&str; 9] = [
    "glue:BatchGetPartition",
    "glue:GetDatabase",
    "glue:GetDatabases",
    "glue:GetPartition",
    "glue:GetPartitions",
    "glue:GetTable",
    "glue:GetTableVersion",
    "glue:GetTableVersions",
    "glue:GetTables",
];

/// What Athena asks for when it checks a view as the definer: the policy with which others had views checked
/// (terraform-provider-aws #49042).
const CHECK: [&str; 5] = [
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:GetWorkGroup",
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
];

/// The definer's permissions: the database for the views, and all columns of the tables that they are about.
fn definer_permissions(
    scope: &mut Scope<'_>,
    context: &Context<'_>,
    chain: &mut PermissionChain,
    definer: &RoleHandle,
    views: &[TeamView<'_>],
) {
    let Context { names, environment, dataset, .. } = context;
    let account = environment.account.clone();
    let name = names.dataset_database(environment, dataset);
    let database = Catalog::Database { account: account.clone(), name: name.clone() };
    let make = [Permission::CreateTable, Permission::Describe];
    chain.grant(scope, definer, &database, set("define", &make, false));
    let tables: BTreeSet<&CatalogName> = views.iter().map(|view| view.name).collect();
    for table in tables {
        let columns = Catalog::Columns {
            account: account.clone(),
            database: name.clone(),
            table: table.to_string(),
        };
        // AWS asks for the grant option: a view passes on what its definer may read.
        chain.grant(scope, definer, &columns, set("define", &[Permission::Select], true));
    }
}

/// What all views of a dataset have in common.
struct Made<'a, 'm> {
    context: &'a Context<'m>,
    database: &'a DatabaseHandle,
    definer: &'a RoleHandle,
    checking: &'a Checking,
}

impl Made<'_, '_> {
    /// A team's view of a table, one for each dialect, and its permissions.
    fn view(&self, scope: &mut Scope<'_>, chain: &mut PermissionChain, view: &TeamView<'_>) {
        let Context { names, environment, dataset, .. } = self.context;
        let account = environment.account.clone();
        let database = names.dataset_database(environment, dataset);
        let before = chain.last().to_vec();
        for dialect in Dialect::ALL {
            let ending = match dialect {
                Dialect::Athena => "",
                Dialect::Spark => "_spark",
            };
            let name = names.view(environment, dataset, view.name.as_str(), view.team, ending);
            let construct = self.construct(dialect, name.clone(), view, &before);
            let id = format!("{} {} {}", view.name, view.team, dialect.as_str());
            let made = construct.build(&mut scope.named_child("View", &id));
            chain.wait_for(made.logical_id());
            let on = Catalog::Columns {
                account: account.clone(),
                database: database.clone(),
                table: name,
            };
            for role in &view.consumers {
                chain.grant(scope, role, &on, set("read", &[Permission::Select], false));
            }
        }
    }

    fn construct(
        &self,
        dialect: Dialect,
        name: String,
        view: &TeamView<'_>,
        before: &[LogicalId],
    ) -> ProtectedView {
        let Context { names, environment, dataset, place, .. } = self.context;
        let database = names.dataset_database(environment, dataset);
        let shown = view.table.all_columns().filter_map(|column| {
            let mask = view.columns.get(&column.name)?;
            let mask = mask.map(Mask::applied);
            Some(Shown { name: column.name.as_str(), kind: &column.kind, mask })
        });
        let query = View {
            database: &database,
            table: view.name.as_str(),
            columns: shown.collect(),
            rows: view.rows,
        };
        let mut after = Options {
            depends_on: before.to_vec(),
            after_policies: self.definer.policy().into_iter().collect(),
            // A view holds no data.
            ..Options::retain(false)
        };
        let checked = match dialect {
            Dialect::Athena => {
                after.depends_on.push(self.checking.connection.clone());
                Checked::By(self.checking.name.clone())
            }
            Dialect::Spark => Checked::Not(query.declared().into_iter().map(column).collect()),
        };
        let table = format!("table/{database}/{}", view.name);
        ProtectedView {
            database: self.database.clone(),
            name,
            description: format!("Table {} as team {} sees it", view.name, view.team),
            dialect: dialect.as_str(),
            version: dialect.version(),
            sql: query.sql(dialect),
            checked,
            definer: self.definer.arn(),
            tables: vec![format!("{}{table}", place.start_in("glue", &place.account))],
            after,
        }
    }
}

fn column(column: lakewright_masks::ViewColumn) -> TableColumn {
    TableColumn { name: column.name, kind: column.kind, comment: String::new() }
}

const fn set<'a>(
    access: &'static str,
    permissions: &'a [Permission],
    with_grant_option: bool,
) -> PermissionSet<'a> {
    PermissionSet { access, permissions, with_grant_option }
}

#[cfg(test)]
mod tests;
