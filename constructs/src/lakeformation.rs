//! Lake Formation: administrators, locations and permissions.
//!
//! Lake Formation refuses concurrent changes of one catalog resource, so the permissions of a stack form a
//! chain: each one depends on the one before.
//!
//! CloudFormation identifies a permission by its principal and its resource, whatever rights it grants, and
//! rejects a second one for the same pair. So the logical id of a permission depends on this pair alone, never
//! on the reason for it, and each pair has one permission (ADR 14).

use lakewright_synth::{Construct, Grantee, Options, Record, Scope};
use lakewright_template::place::Place;
use lakewright_template::{AccountId, Arn, Expr, LogicalId, Ref, Resource};

mod tag;

pub use tag::TableTag;

use crate::cfn::{lakeformation, s3};
use crate::role::{Receives, RoleHandle};

/// Administrators to add to the existing ones of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The administrators' role ARNs, each with the role's name on the command line.
    pub admins: Vec<(String, String)>,
    /// The command-line name of what the catalog belongs to, such as `environment/finance`.
    pub target: String,
}

impl Construct for Settings {
    type Handle = Ref<lakeformation::DataLakeSettings>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let catalog = scope.spec().place.arn("glue", "catalog");
        for (arn, name) in &self.admins {
            scope.record(Record {
                principal: name.clone(),
                principal_arn: arn.clone(),
                access: "administer",
                resource: self.target.clone(),
                actions: vec!["lakeformation:ADMINISTER".into()],
                resources: vec![catalog.clone()],
                conditions: Vec::new(),
            });
        }
        let admins = self.admins.into_iter().map(|(arn, _)| {
            lakeformation::DataLakeSettingsDataLakePrincipal {
                data_lake_principal_identifier: Some(arn.into()),
            }
        });
        let resource = lakeformation::DataLakeSettings {
            admins: Some(admins.collect()),
            // `REPLACE`, the alternative, would remove other administrators.
            mutation_type: Some("APPEND".into()),
            // CloudFormation ignores empty lists of default permissions, and would lower a newer version of
            // cross-account sharing. So both are left to the deployer (docs/aws-behaviour.md).
            ..lakeformation::DataLakeSettings::default()
        };
        // Other environments of the account may need the entries, so they are removed with the last
        // environment.
        scope.resource(resource, Options::retain(true))
    }
}

/// A bucket registered with Lake Formation, which reads its data with a role of the mesh.
#[derive(Debug, Clone)]
pub struct Location {
    /// The bucket's ARN.
    pub bucket: Expr<Arn<s3::Bucket>>,
    /// The role that Lake Formation assumes to read and write.
    pub role: RoleHandle,
    /// Whether the location is in hybrid access mode, in which IAM permissions of existing users still work.
    pub hybrid: bool,
}

impl Construct for Location {
    type Handle = Ref<lakeformation::Resource>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let resource = lakeformation::Resource {
            resource_arn: Some(self.bucket),
            role_arn: Some(self.role.arn()),
            use_service_linked_role: Some(false.into()),
            hybrid_access_enabled: self.hybrid.then(|| true.into()),
            ..lakeformation::Resource::default()
        };
        scope.resource(resource, Options::default())
    }
}

/// A data cells filter: the rows and columns of a table that a permission covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFilter {
    /// The filter's name.
    pub name: String,
    /// The account of the catalog.
    pub account: AccountId,
    /// The database's name.
    pub database: String,
    /// The table's name.
    pub table: String,
    /// The names of the columns; empty for all columns.
    pub columns: Vec<String>,
    /// The row filter, a PartiQL condition; `None` for all rows.
    pub rows: Option<String>,
    /// Resources that are created before the filter.
    pub after: Vec<LogicalId>,
}

impl DataFilter {
    /// The rows and columns that the filter includes, in the form of intended grants: `columns a b; rows all`.
    pub fn cells(&self) -> String {
        lakewright_template::assembly::cells(&self.columns, self.rows.as_deref())
    }
}

impl Construct for DataFilter {
    type Handle = Ref<lakeformation::DataCellsFilter>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let rows = match self.rows {
            Some(condition) => lakeformation::DataCellsFilterRowFilter {
                filter_expression: Some(condition.into()),
                ..lakeformation::DataCellsFilterRowFilter::default()
            },
            None => lakeformation::DataCellsFilterRowFilter {
                all_rows_wildcard: Some(lakewright_template::Map::new().into()),
                ..lakeformation::DataCellsFilterRowFilter::default()
            },
        };
        let is_whole = self.columns.is_empty();
        let resource = lakeformation::DataCellsFilter {
            name: Some(self.name.into()),
            table_catalog_id: Some(self.account.into()),
            database_name: Some(self.database.into()),
            table_name: Some(self.table.into()),
            column_names: (!is_whole).then(|| self.columns.into_iter().map(Into::into).collect()),
            column_wildcard: is_whole.then(|| lakeformation::DataCellsFilterColumnWildcard {
                excluded_column_names: Some(Vec::new()),
            }),
            row_filter: Some(rows),
        };
        let options = Options { depends_on: self.after, ..Options::default() };
        scope.resource(resource, options)
    }
}

/// A Lake Formation permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are Lake Formation's")]
pub enum Permission {
    Alter,
    CreateTable,
    DataLocationAccess,
    Delete,
    Describe,
    Drop,
    Insert,
    Select,
}

impl Permission {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Alter => "ALTER",
            Self::CreateTable => "CREATE_TABLE",
            Self::DataLocationAccess => "DATA_LOCATION_ACCESS",
            Self::Delete => "DELETE",
            Self::Describe => "DESCRIBE",
            Self::Drop => "DROP",
            Self::Insert => "INSERT",
            Self::Select => "SELECT",
        }
    }
}

/// The resource of a permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Catalog {
    /// A database.
    Database {
        /// The account of the catalog.
        account: AccountId,
        /// The database's name.
        name: String,
    },
    /// A location in S3.
    Location {
        /// The account of the catalog.
        account: AccountId,
        /// The location's ARN.
        arn: String,
    },
    /// Rows and columns of a table, selected by a data cells filter.
    Filter {
        /// The account of the catalog.
        account: AccountId,
        /// The database's name.
        database: String,
        /// The table's name.
        table: String,
        /// The filter's name.
        filter: String,
        /// The rows and columns that the filter includes: `columns a b; rows all`.
        cells: String,
    },
    /// Every column of one table, the resource of `SELECT`. It is separate from the table itself, so a change
    /// of write permissions does not touch `SELECT`.
    Columns {
        /// The account of the catalog.
        account: AccountId,
        /// The database's name.
        database: String,
        /// The table's name.
        table: String,
    },
    /// One table.
    Table {
        /// The account of the catalog.
        account: AccountId,
        /// The database's name.
        database: String,
        /// The table's name.
        table: String,
    },
    /// Some tables, selected by the values of a Lake Formation tag.
    Tagged {
        /// The tag, with the value of each table.
        tag: TableTag,
        /// The tables' names.
        tables: Vec<String>,
    },
    /// Every table of a database, present and future.
    Tables {
        /// The account of the catalog.
        account: AccountId,
        /// The database's name.
        database: String,
    },
}

/// The permissions of a stack, each created after the one before.
#[derive(Debug)]
pub struct PermissionChain {
    /// The resources that the next permission depends on.
    after: Vec<LogicalId>,
    /// The command-line name of what the permissions are on, such as `dataset/orders`.
    target: String,
}

/// The permissions of one grantee on one catalog resource.
#[derive(Debug, Clone, Copy)]
pub struct PermissionSet<'a> {
    /// The access in one word, such as `read`, for intended grants.
    pub access: &'static str,
    /// The permissions.
    pub permissions: &'a [Permission],
    /// Whether the grantee may grant the permissions to others.
    pub with_grant_option: bool,
}

impl PermissionChain {
    /// A chain whose first permission depends on these resources. `target` is the command-line name of what its
    /// permissions are on.
    pub fn after(after: Vec<LogicalId>, target: &str) -> Self {
        Self { after, target: target.to_owned() }
    }

    /// The last resources of the chain. A resource that depends on them is created after the whole chain.
    pub fn last(&self) -> &[LogicalId] {
        &self.after
    }

    /// Makes the next permission depend on one more resource.
    pub fn wait_for(&mut self, id: &LogicalId) {
        self.after.push(id.clone());
    }

    /// Declares a Lake Formation tag. Call this before any [`Self::tag_table`] with the tag.
    pub fn tag(&mut self, scope: &mut Scope<'_>, tag: &TableTag) {
        self.then(scope, tag.to_resource());
    }

    /// Assigns a table its value of a tag. Does nothing if the tag has no value for the table.
    pub fn tag_table(&mut self, scope: &mut Scope<'_>, tag: &TableTag, table: &str) {
        if let Some(association) = tag.association(table) {
            self.then(scope, association);
        }
    }

    /// Appends a resource to the chain.
    fn then<K: Resource>(&mut self, scope: &mut Scope<'_>, resource: K) {
        let options = Options { depends_on: self.after.clone(), ..Options::default() };
        let reference = scope.resource(resource, options);
        self.after = vec![reference.logical_id().clone()];
    }

    /// Appends a permission to the chain and records it as intended access.
    pub fn grant(
        &mut self,
        scope: &mut Scope<'_>,
        to: &dyn Receives,
        on: &Catalog,
        set: PermissionSet<'_>,
    ) {
        let grantee = to.grantee();
        let names = |permissions: &[Permission]| {
            let mut names: Vec<&'static str> =
                permissions.iter().map(|permission| permission.as_str()).collect();
            names.sort_unstable();
            names
        };
        let given = names(set.permissions);
        let passed_on = if set.with_grant_option { given.clone() } else { Vec::new() };
        // The leading words are for people: a logical id starts with them and ends with a hash of the whole
        // text.
        let role = grantee.known_arn.rsplit('/').next().unwrap_or_default();
        let pair = format!("{} {role} {} {}", on.name(), grantee.known_arn, on.identity());
        let resource = lakeformation::PrincipalPermissions {
            catalog: Some(scope.spec().place.account.clone().into()),
            principal: Some(lakeformation::PrincipalPermissionsDataLakePrincipal {
                data_lake_principal_identifier: Some(Expr::unchecked(grantee.arn.clone())),
            }),
            resource: Some(on.to_resource()),
            permissions: Some(given.iter().map(|name| (*name).into()).collect()),
            permissions_with_grant_option: Some(passed_on.into_iter().map(Into::into).collect()),
        };
        self.then(&mut scope.named_child("Permission", &pair), resource);
        scope.record(record(grantee, on, set.access, &given, &self.target, &scope.spec().place));
    }
}

fn record(
    grantee: &Grantee,
    on: &Catalog,
    access: &'static str,
    permissions: &[&'static str],
    target: &str,
    place: &Place,
) -> Record {
    Record {
        principal: grantee.name.clone(),
        principal_arn: grantee.known_arn.clone(),
        access,
        resource: target.to_owned(),
        actions: permissions.iter().map(|name| format!("lakeformation:{name}").into()).collect(),
        resources: on.arns(place),
        conditions: on.cells().map(|cells| format!("{CELLS} {cells}")).into_iter().collect(),
    }
}

/// The operator and key by which an intended grant states the cells of a filter. AWS has no such key.
const CELLS: &str = "StringEquals lakeformation:cells";

impl Catalog {
    /// The last word of the resource's name, for the logical id.
    fn name(&self) -> &str {
        match self {
            Self::Columns { table, .. }
            | Self::Filter { table, .. }
            | Self::Table { table, .. } => table,
            Self::Database { .. } => "database",
            Self::Location { .. } => "location",
            Self::Tables { .. } => "tables",
            Self::Tagged { .. } => "tagged",
        }
    }

    /// A text that is unique to this resource within the catalog.
    fn identity(&self) -> String {
        match self {
            Self::Columns { account, database, table } => {
                format!("columns {account} {database} {table}")
            }
            Self::Database { account, name } => format!("database {account} {name}"),
            Self::Filter { account, database, table, filter, cells: _ } => {
                format!("filter {account} {database} {table} {filter}")
            }
            Self::Location { account, arn } => format!("location {account} {arn}"),
            Self::Table { account, database, table } => {
                format!("table {account} {database} {table}")
            }
            Self::Tables { account, database } => format!("tables {account} {database}"),
            Self::Tagged { tag, tables } => {
                format!("tagged {} {} {tables:?}", tag.account, tag.key)
            }
        }
    }

    fn cells(&self) -> Option<&str> {
        match self {
            Self::Filter { cells, .. } => Some(cells),
            Self::Columns { .. }
            | Self::Database { .. }
            | Self::Location { .. }
            | Self::Table { .. }
            | Self::Tagged { .. }
            | Self::Tables { .. } => None,
        }
    }

    fn arns(&self, place: &Place) -> Vec<String> {
        let table = |account: &str, database: &str, table: &str| {
            format!("{}table/{database}/{table}", place.start_in("glue", account))
        };
        match self {
            Self::Database { account, name } => {
                vec![format!("{}database/{name}", place.start_in("glue", account))]
            }
            Self::Location { account: _, arn } => vec![arn.clone()],
            Self::Filter { account, database, table: name, filter: _, cells: _ }
            | Self::Columns { account, database, table: name }
            | Self::Table { account, database, table: name } => {
                vec![table(account, database, name)]
            }
            Self::Tagged { tag: TableTag { account, database, .. }, tables } => {
                tables.iter().map(|name| table(account, database, name)).collect()
            }
            Self::Tables { account, database } => vec![table(account, database, "*")],
        }
    }

    fn to_resource(&self) -> lakeformation::PrincipalPermissionsResource {
        let empty = lakeformation::PrincipalPermissionsResource::default();
        match self {
            Self::Database { account, name } => lakeformation::PrincipalPermissionsResource {
                database: Some(lakeformation::PrincipalPermissionsDatabaseResource {
                    catalog_id: Some(account.clone().into()),
                    name: Some(name.clone().into()),
                }),
                ..empty
            },
            Self::Location { account, arn } => lakeformation::PrincipalPermissionsResource {
                data_location: Some(lakeformation::PrincipalPermissionsDataLocationResource {
                    catalog_id: Some(account.clone().into()),
                    resource_arn: Some(arn.clone().into()),
                }),
                ..empty
            },
            Self::Filter { account, database, table, filter, cells: _ } => {
                lakeformation::PrincipalPermissionsResource {
                    data_cells_filter: Some(
                        lakeformation::PrincipalPermissionsDataCellsFilterResource {
                            table_catalog_id: Some(account.clone().into()),
                            database_name: Some(database.clone().into()),
                            table_name: Some(table.clone().into()),
                            name: Some(filter.clone().into()),
                        },
                    ),
                    ..empty
                }
            }
            Self::Table { account, database, table } => {
                lakeformation::PrincipalPermissionsResource {
                    table: Some(lakeformation::PrincipalPermissionsTableResource {
                        catalog_id: Some(account.clone().into()),
                        database_name: Some(database.clone().into()),
                        name: Some(table.clone().into()),
                        ..lakeformation::PrincipalPermissionsTableResource::default()
                    }),
                    ..empty
                }
            }
            Self::Columns { account, database, table } => {
                let all = lakeformation::PrincipalPermissionsColumnWildcard::default();
                lakeformation::PrincipalPermissionsResource {
                    table_with_columns: Some(
                        lakeformation::PrincipalPermissionsTableWithColumnsResource {
                            catalog_id: Some(account.clone().into()),
                            database_name: Some(database.clone().into()),
                            name: Some(table.clone().into()),
                            column_wildcard: Some(all),
                            ..lakeformation::PrincipalPermissionsTableWithColumnsResource::default()
                        },
                    ),
                    ..empty
                }
            }
            Self::Tagged { tag, tables } => lakeformation::PrincipalPermissionsResource {
                lf_tag_policy: Some(tag.policy(tables)),
                ..empty
            },
            Self::Tables { account, database } => lakeformation::PrincipalPermissionsResource {
                table: Some(lakeformation::PrincipalPermissionsTableResource {
                    catalog_id: Some(account.clone().into()),
                    database_name: Some(database.clone().into()),
                    table_wildcard: Some(lakewright_template::Map::new().into()),
                    ..lakeformation::PrincipalPermissionsTableResource::default()
                }),
                ..empty
            },
        }
    }
}

#[cfg(test)]
mod tests;
