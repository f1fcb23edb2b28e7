//! What a template says of Lake Formation: administrators, permissions, filters, databases and tables.

use std::collections::BTreeMap;

use lakewright_template::resolve::Place;
use lakewright_template::{LogicalId, Map, ResourceEntry, assembly};
use serde_json::Value as Plain;

use super::{PieceError, Reader, Resource};
use crate::action::Action;
use crate::lake::LakeGrant;

impl Reader<'_> {
    pub(super) fn settings(&mut self, id: &LogicalId, properties: &Map) -> Result<(), PieceError> {
        let Place { account, region } = self.stack.place;
        if let Some(Plain::Array(admins)) = self.plain(id, properties, "Admins")? {
            let arns =
                admins.iter().filter_map(|admin| admin["DataLakePrincipalIdentifier"].as_str());
            for arn in arns {
                self.piece.lake.admins.insert((account.clone(), arn.to_owned()));
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
        let defaults = self.plain(id, properties, "CreateDatabaseDefaultPermissions")?;
        if defaults.is_some_and(|list| list.as_array().is_some_and(Vec::is_empty)) {
            self.piece.lake.closed.insert((account.clone(), region.clone()));
        }
        Ok(())
    }

    pub(super) fn permissions(
        &mut self,
        id: &LogicalId,
        properties: &Map,
    ) -> Result<(), PieceError> {
        let principal = self.plain(id, properties, "Principal")?.unwrap_or_default();
        let principal =
            principal["DataLakePrincipalIdentifier"].as_str().unwrap_or_default().to_owned();
        let resource = self.plain(id, properties, "Resource")?.unwrap_or_default();
        let text = |value: &Plain| value.as_str().unwrap_or_default().to_owned();
        let catalog = |account: &Plain, rest: String| {
            let place = self.stack.place;
            let account = account.as_str().unwrap_or(&place.account);
            format!("arn:{}:glue:{}:{account}:{rest}", place.partition(), place.region)
        };
        let mut cells = None;
        let database = &resource["Database"];
        let table = &resource["Table"];
        let columns = &resource["TableWithColumns"];
        let location = &resource["DataLocation"];
        let filter = &resource["DataCellsFilter"];
        let on = if database.is_object() {
            catalog(&database["CatalogId"], format!("database/{}", text(&database["Name"])))
        } else if table.is_object() {
            let name = if table["TableWildcard"].is_object() {
                "*".to_owned()
            } else {
                text(&table["Name"])
            };
            catalog(&table["CatalogId"], format!("table/{}/{name}", text(&table["DatabaseName"])))
        } else if columns.is_object() {
            cells = Some(format!("columns {}", columns["ColumnNames"]));
            catalog(
                &columns["CatalogId"],
                format!("table/{}/{}", text(&columns["DatabaseName"]), text(&columns["Name"])),
            )
        } else if location.is_object() {
            text(&location["ResourceArn"])
        } else if filter.is_object() {
            cells = Some(self.cells(filter));
            catalog(
                &filter["TableCatalogId"],
                format!("table/{}/{}", text(&filter["DatabaseName"]), text(&filter["TableName"])),
            )
        } else {
            // A permission on the catalog, or by tags: named as it stands.
            resource.to_string()
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
    fn cells(&self, filter: &Plain) -> String {
        let wanted = ["TableCatalogId", "DatabaseName", "TableName", "Name"];
        for (id, resource) in &self.stack.template.resources {
            if resource.kind != "AWS::LakeFormation::DataCellsFilter" {
                continue;
            }
            let read = |property| self.plain(id, &resource.properties, property).ok().flatten();
            if wanted.iter().all(|property| read(property).as_ref() == filter.get(property)) {
                let part = |property| read(property).unwrap_or_default();
                let rows = part("RowFilter");
                let names = part("ColumnNames");
                let columns: Vec<&str> =
                    names.as_array().into_iter().flatten().filter_map(Plain::as_str).collect();
                return assembly::cells(&columns, rows["FilterExpression"].as_str());
            }
        }
        format!("the filter {}", filter["Name"])
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
            let input = self.plain(id, properties, "DatabaseInput")?.unwrap_or_default();
            let arn = arn(input["Name"].as_str().unwrap_or_default());
            let defaults = &input["CreateTableDefaultPermissions"];
            if defaults.as_array().is_some_and(Vec::is_empty) {
                self.piece.lake.governed.insert(arn.clone());
            } else if !defaults.is_null() {
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
                runs_as: None,
                origin: self.origin(id, ""),
            });
            return Ok(());
        }
        let database = arn(&self.text(id, properties, "DatabaseName")?.unwrap_or_default());
        let input = self.plain(id, properties, "TableInput")?.unwrap_or_default();
        let columns = input["StorageDescriptor"]["Columns"].as_array().into_iter().flatten();
        let columns = columns.filter_map(|column| column["Name"].as_str().map(str::to_owned));
        let name = input["Name"].as_str().unwrap_or_default().to_owned();
        self.piece.lake.tables.entry(database).or_default().insert(name, columns.collect());
        Ok(())
    }
}
