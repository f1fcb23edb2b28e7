//! What a template says of Lake Formation: administrators, permissions, filters, databases and tables.

use std::collections::BTreeMap;

use lakewright_template::resolve::{Place, Resolved};
use lakewright_template::{LogicalId, Map, ResourceEntry, assembly};

use super::{PieceError, Reader, Resource};
use crate::action::Action;
use crate::lake::LakeGrant;
use crate::world::Code;

impl Reader<'_> {
    pub(super) fn settings(&mut self, id: &LogicalId, properties: &Map) -> Result<(), PieceError> {
        let Place { account, region } = self.stack.place;
        if let Resolved::List(admins) = self.value(id, properties, "Admins")? {
            let arns = admins
                .iter()
                .filter_map(|admin| admin.get("DataLakePrincipalIdentifier").as_text());
            for arn in arns {
                let admins = self.piece.lake.admins.entry(account.clone()).or_default();
                admins.insert(arn.to_owned());
                let grant = LakeGrant {
                    permission: Action::new("lakeformation:ADMINISTER"),
                    resource: format!(
                        "arn:{}:glue:{region}:{account}:catalog",
                        self.stack.place.partition()
                    ),
                    cells: None,
                    origin: self.origin(id, "Admins"),
                };
                self.piece.lake.grants.entry(arn.to_owned()).or_default().push(grant);
            }
        }
        // What is open to everybody on what somebody makes later is nobody's grant.
        for property in ["CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions"] {
            let value = self.value(id, properties, property)?;
            if value.as_list().is_some_and(|list| !list.is_empty()) {
                return Err(self.outside(id.as_str(), format!("{property} of DataLakeSettings")));
            }
        }
        let defaults = self.value(id, properties, "CreateDatabaseDefaultPermissions")?;
        if defaults.as_list().is_some_and(<[_]>::is_empty) {
            self.piece.lake.closed.insert((account.clone(), region.clone()));
        }
        Ok(())
    }

    pub(super) fn permissions(
        &mut self,
        id: &LogicalId,
        properties: &Map,
    ) -> Result<(), PieceError> {
        if !self.texts(id, properties, "PermissionsWithGrantOption")?.is_empty() {
            // Whoever has one gives it to anybody.
            let what = "a permission of Lake Formation with grant option".to_owned();
            return Err(self.outside(id.as_str(), what));
        }
        let principal = self.value(id, properties, "Principal")?;
        let principal = principal.get("DataLakePrincipalIdentifier").text();
        let resource = self.value(id, properties, "Resource")?;
        let catalog = |account: &Resolved<'_>, rest: String| {
            let place = self.stack.place;
            let account = account.as_text().unwrap_or(&place.account);
            format!("arn:{}:glue:{}:{account}:{rest}", place.partition(), place.region)
        };
        if ["LFTag", "LFTagPolicy"].iter().any(|by| *resource.get(by) != Resolved::Null) {
            let what = "a permission of Lake Formation by tags".to_owned();
            return Err(self.outside(id.as_str(), what));
        }
        let mut cells = None;
        let database = resource.get("Database");
        let table = resource.get("Table");
        let columns = resource.get("TableWithColumns");
        let location = resource.get("DataLocation");
        let filter = resource.get("DataCellsFilter");
        let on = if database.as_map().is_some() {
            catalog(database.get("CatalogId"), format!("database/{}", database.get("Name").text()))
        } else if table.as_map().is_some() {
            let name = if table.get("TableWildcard").as_map().is_some() {
                "*".to_owned()
            } else {
                table.get("Name").text()
            };
            catalog(
                table.get("CatalogId"),
                format!("table/{}/{name}", table.get("DatabaseName").text()),
            )
        } else if columns.as_map().is_some() {
            cells = Some(format!("columns {}", columns.get("ColumnNames").clone().into_plain()));
            catalog(
                columns.get("CatalogId"),
                format!(
                    "table/{}/{}",
                    columns.get("DatabaseName").text(),
                    columns.get("Name").text()
                ),
            )
        } else if location.as_map().is_some() {
            location.get("ResourceArn").text()
        } else if filter.as_map().is_some() {
            cells = Some(self.cells(filter));
            catalog(
                filter.get("TableCatalogId"),
                format!(
                    "table/{}/{}",
                    filter.get("DatabaseName").text(),
                    filter.get("TableName").text()
                ),
            )
        } else {
            // A permission on the catalog: named as it stands.
            resource.into_plain().to_string()
        };
        let origin = self.origin(id, "Permissions");
        for permission in self.texts(id, properties, "Permissions")? {
            self.piece.lake.grants.entry(principal.clone()).or_default().push(LakeGrant {
                permission: Action::new(&format!("lakeformation:{permission}")),
                resource: on.clone(),
                cells: cells.clone(),
                origin: origin.clone(),
            });
        }
        Ok(())
    }

    /// What a filter leaves of its table, from the filter's own resource: its name alone proves nothing.
    fn cells(&self, filter: &Resolved<'_>) -> String {
        let wanted = ["TableCatalogId", "DatabaseName", "TableName", "Name"];
        for (id, resource) in &self.stack.template.resources {
            if resource.kind != "AWS::LakeFormation::DataCellsFilter" {
                continue;
            }
            let read = |property: &str| {
                self.value(id, &resource.properties, property).unwrap_or(Resolved::Null)
            };
            if wanted.iter().all(|property| read(property) == *filter.get(property)) {
                let (rows, names) = (read("RowFilter"), read("ColumnNames"));
                let columns = names.as_list().into_iter().flatten();
                let columns: Vec<&str> = columns.filter_map(Resolved::as_text).collect();
                return assembly::cells(&columns, rows.get("FilterExpression").as_text());
            }
        }
        format!("the filter {}", filter.get("Name").clone().into_plain())
    }

    pub(super) fn catalog(
        &mut self,
        id: &LogicalId,
        resource: &ResourceEntry,
    ) -> Result<(), PieceError> {
        let properties = &resource.properties;
        let account = self.text(id, properties, "CatalogId")?;
        let account = account.unwrap_or_else(|| self.stack.place.account.clone());
        let place = self.stack.place;
        let arn = |name: &str| {
            format!("arn:{}:glue:{}:{account}:database/{name}", place.partition(), place.region)
        };
        if resource.kind == "AWS::Glue::Database" {
            let input = self.value(id, properties, "DatabaseInput")?;
            let arn = arn(&input.get("Name").text());
            let defaults = input.get("CreateTableDefaultPermissions");
            if defaults.as_list().is_some_and(<[_]>::is_empty) {
                self.piece.lake.governed.insert(arn.clone());
            } else if *defaults != Resolved::Null {
                // Every new table is open to whom the defaults name.
                let grant = LakeGrant {
                    permission: Action::new("lakeformation:ALL"),
                    resource: arn.clone(),
                    cells: None,
                    origin: self.origin(id, "DatabaseInput"),
                };
                let everybody = "IAM_ALLOWED_PRINCIPALS".to_owned();
                self.piece.lake.grants.entry(everybody).or_default().push(grant);
            }
            self.piece.resources.push(Resource {
                arn,
                kind: resource.kind.to_string(),
                account,
                tags: BTreeMap::new(),
                policy: None,
                code: Code::default(),
                origin: self.origin(id, ""),
            });
            return Ok(());
        }
        let database = arn(&self.text(id, properties, "DatabaseName")?.unwrap_or_default());
        let input = self.value(id, properties, "TableInput")?;
        let columns = input.get("StorageDescriptor").get("Columns").as_list().into_iter().flatten();
        let columns = columns.filter_map(|column| column.get("Name").as_text().map(str::to_owned));
        let name = input.get("Name").text();
        self.piece.lake.tables.entry(database).or_default().insert(name, columns.collect());
        Ok(())
    }
}
