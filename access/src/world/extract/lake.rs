//! Reads the Lake Formation resources of a template: administrators, permissions, filters, databases and
//! tables.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::arn::ArnParts;
use lakewright_template::place::Place;
use lakewright_template::resolve::Resolved;
use lakewright_template::{LogicalId, Map, ResourceEntry, assembly};

use super::{PieceError, Reader, Resource};
use crate::action::Action;
use crate::lake::{LakeGrant, LfTags, Location, TagKind, TagPolicy, all_columns_but, unite};
use crate::world::{Code, PublicAccessBlock};

impl Reader<'_> {
    pub(super) fn settings(&mut self, id: &LogicalId, properties: &Map) -> Result<(), PieceError> {
        let Place { account, .. } = self.stack.place;
        if let Resolved::List(admins) = self.value(id, properties, "Admins")? {
            for admin in &admins {
                let Some(arn) = admin.get("DataLakePrincipalIdentifier").as_text() else {
                    let what = "an administrator of Lake Formation that is no text".to_owned();
                    return Err(self.outside(id.as_str(), what));
                };
                let admins = self.piece.lake.admins.entry(account.to_string()).or_default();
                admins.insert(arn.to_owned());
                let grant = LakeGrant {
                    permission: Action::new("lakeformation:ADMINISTER"),
                    resource: self.stack.place.arn("glue", "catalog"),
                    except: BTreeSet::new(),
                    cells: None,
                    origin: self.origin(id, "Admins"),
                };
                self.piece.lake.grants.entry(arn.to_owned()).or_default().push(grant);
            }
        }
        // Default permissions for future databases and tables belong to no principal, so they are not
        // supported.
        for property in ["CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions"] {
            let value = self.value(id, properties, property)?;
            if value.as_list().is_some_and(|list| !list.is_empty()) {
                return Err(self.outside(id.as_str(), format!("{property} of DataLakeSettings")));
            }
        }
        // Empty lists have no effect (coverage-roadmap #2197): they do not close the defaults.
        Ok(())
    }

    pub(super) fn permissions(
        &mut self,
        id: &LogicalId,
        properties: &Map,
    ) -> Result<(), PieceError> {
        let principal = self.value(id, properties, "Principal")?;
        let principal = principal.get("DataLakePrincipalIdentifier").text();
        if !self.texts(id, properties, "PermissionsWithGrantOption")?.is_empty() {
            self.handed.push((id.clone(), principal.clone()));
        }
        let resource = self.value(id, properties, "Resource")?;
        let catalog = |account: &Resolved<'_>, rest: String| {
            let place = self.stack.place;
            let account = account.as_text().unwrap_or(&place.account);
            in_account(place, "glue", account, &rest)
        };
        if *resource.get("LFTag") != Resolved::Null
            || *resource.get("LFTagPolicy") != Resolved::Null
        {
            return self.permissions_by_tags(id, properties, &principal, &resource);
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
            cells = self.cells_of_columns(id, columns)?;
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
            // A permission on the catalog: the resource is kept as written.
            resource.into_plain().to_string()
        };
        let origin = self.origin(id, "Permissions");
        for permission in self.texts(id, properties, "Permissions")? {
            self.piece.lake.grants.entry(principal.clone()).or_default().push(LakeGrant {
                permission: Action::new(&format!("lakeformation:{permission}")),
                resource: on.clone(),
                except: BTreeSet::new(),
                cells: cells.clone(),
                origin: origin.clone(),
            });
        }
        Ok(())
    }

    /// The cells of `TableWithColumns`; `None` for all.
    fn cells_of_columns(
        &self,
        id: &LogicalId,
        columns: &Resolved<'_>,
    ) -> Result<Option<String>, PieceError> {
        match columns.get("ColumnWildcard") {
            Resolved::Null => {
                let names = self.texts_of(id, columns.get("ColumnNames"))?;
                if names.is_empty() {
                    let what = "a permission of Lake Formation on no columns".to_owned();
                    return Err(self.outside(id.as_str(), what));
                }
                Ok(Some(assembly::cells(&names, None)))
            }
            wildcard => {
                let excluded = self.texts_of(id, wildcard.get("ExcludedColumnNames"))?;
                Ok((!excluded.is_empty()).then(|| all_columns_but(&excluded)))
            }
        }
    }

    /// A permission on LF-tags, or on resources with matching tags.
    fn permissions_by_tags(
        &mut self,
        id: &LogicalId,
        properties: &Map,
        principal: &str,
        resource: &Resolved<'_>,
    ) -> Result<(), PieceError> {
        let (tag, policy) = (resource.get("LFTag"), resource.get("LFTagPolicy"));
        let place = self.stack.place;
        let catalog = |service: &str, of: &Resolved<'_>| {
            let account = of.get("CatalogId").as_text().unwrap_or(&place.account);
            in_account(place, service, account, "")
        };
        let origin = self.origin(id, "Permissions");
        for permission in self.texts(id, properties, "Permissions")? {
            let permission = Action::new(&format!("lakeformation:{permission}"));
            // AWS has no ARN for a tag: this is a made-up ARN for a tag with one value.
            for value in self.texts_of(id, tag.get("TagValues"))? {
                let (stem, key) = (catalog("lakeformation", tag), tag.get("TagKey").text());
                self.piece.lake.grants.entry(principal.to_owned()).or_default().push(LakeGrant {
                    permission,
                    resource: format!("{stem}lf-tag/{key}/{value}"),
                    except: BTreeSet::new(),
                    cells: None,
                    origin: origin.clone(),
                });
            }
            if *policy == Resolved::Null {
                continue;
            }
            let kind = match policy.get("ResourceType").as_text() {
                Some("DATABASE") => TagKind::Databases,
                Some("TABLE") => TagKind::Tables,
                _ => {
                    let what = "a permission of Lake Formation by tags on another kind of resource";
                    return Err(self.outside(id.as_str(), what.to_owned()));
                }
            };
            let mut expression: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for one in policy.get("Expression").as_list().into_iter().flatten() {
                let values = self.texts_of(id, one.get("TagValues"))?.into_iter();
                let key = one.get("TagKey").text().to_lowercase();
                let values: BTreeSet<String> = values.map(|value| value.to_lowercase()).collect();
                if values.is_empty() || expression.insert(key, values).is_some() {
                    let what = "an expression of tags with no values, or one key twice".to_owned();
                    return Err(self.outside(id.as_str(), what));
                }
            }
            if expression.is_empty() {
                let what = "a permission of Lake Formation on no tags".to_owned();
                return Err(self.outside(id.as_str(), what));
            }
            self.piece.lake.tag_policies.push(TagPolicy {
                principal: principal.to_owned(),
                permission,
                kind,
                catalog: catalog("glue", policy),
                expression,
                origin: origin.clone(),
            });
        }
        Ok(())
    }

    /// The tags that a template assigns to a database, a table or columns.
    pub(super) fn tag_association(
        &mut self,
        id: &LogicalId,
        properties: &Map,
    ) -> Result<(), PieceError> {
        let resource = self.value(id, properties, "Resource")?;
        let place = self.stack.place;
        let arn = |of: &Resolved<'_>, rest: String| {
            let account = of.get("CatalogId").as_text().unwrap_or(&place.account);
            in_account(place, "glue", account, &rest)
        };
        let list = self.value(id, properties, "LFTags")?;
        let mut tags = LfTags::new();
        for tag in list.as_list().into_iter().flatten() {
            // A resource has one value per key.
            let [value] = &self.texts_of(id, tag.get("TagValues"))?[..] else {
                let what = "a tag of Lake Formation with other than one value".to_owned();
                return Err(self.outside(id.as_str(), what));
            };
            let key = tag.get("TagKey").text().to_lowercase();
            tags.entry(key).or_default().insert(value.to_lowercase());
        }
        let (database, table, columns) =
            (resource.get("Database"), resource.get("Table"), resource.get("TableWithColumns"));
        let name_of = |of: &Resolved<'_>| {
            format!("table/{}/{}", of.get("DatabaseName").text(), of.get("Name").text())
        };
        let names = self.texts_of(id, columns.get("ColumnNames"))?;
        let tagged = &mut self.piece.lake.tagged;
        if database.as_map().is_some() {
            let arn = arn(database, format!("database/{}", database.get("Name").text()));
            unite(tagged.resources.entry(arn).or_default(), tags);
        } else if table.as_map().is_some() && *table.get("TableWildcard") == Resolved::Null {
            unite(tagged.resources.entry(arn(table, name_of(table))).or_default(), tags);
        } else if columns.as_map().is_some() {
            let of_table = tagged.columns.entry(arn(columns, name_of(columns))).or_default();
            for column in names {
                unite(of_table.entry(column).or_default(), tags.clone());
            }
        } else {
            let what = "a tag of Lake Formation on other than databases, tables and columns";
            return Err(self.outside(id.as_str(), what.to_owned()));
        }
        Ok(())
    }

    /// A location that is, or may be, in hybrid access mode.
    pub(super) fn location(&mut self, id: &LogicalId, properties: &Map) -> Result<(), PieceError> {
        let is_hybrid = self.value(id, properties, "HybridAccessEnabled")?;
        let arn = self.text(id, properties, "ResourceArn")?.unwrap_or_default();
        let Place { account, region } = self.stack.place.clone();
        let (account, region) = (String::from(account), String::from(region));
        self.piece.lake.registered.insert(Location {
            account: account.clone(),
            region: region.clone(),
            arn: arn.clone(),
        });
        if !matches!(is_hybrid, Resolved::Null | Resolved::Bool(false)) {
            let bucket = arn.split('/').next().unwrap_or_default().to_owned();
            self.piece.lake.hybrid.entry((account, region, bucket)).or_default().push(arn);
        }
        Ok(())
    }

    /// The rows and columns that a data cells filter allows, read from the filter's own resource: its
    /// name alone proves nothing.
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
                let columns: Option<Vec<&str>> = columns.map(Resolved::as_text).collect();
                // A filter with unknown columns matches no intended one.
                let Some(columns) = columns else { break };
                // Neither does a filter with all columns but some.
                let wildcard = read("ColumnWildcard");
                let excluded = wildcard.get("ExcludedColumnNames");
                let is_whole =
                    excluded.as_list().map_or(*excluded == Resolved::Null, <[_]>::is_empty);
                if !is_whole || !matches!(wildcard, Resolved::Null | Resolved::Map(_)) {
                    break;
                }
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
        let account = account.unwrap_or_else(|| self.stack.place.account.to_string());
        let place = self.stack.place;
        let arn = |name: &str| in_account(place, "glue", &account, &format!("database/{name}"));
        if resource.kind == "AWS::Glue::Database" {
            let input = self.value(id, properties, "DatabaseInput")?;
            let arn = arn(&input.get("Name").text());
            self.lies_at(&arn, input.get("LocationUri"));
            let defaults = input.get("CreateTableDefaultPermissions");
            let is_link = input.get("TargetDatabase").as_map().is_some();
            if is_link && *defaults == Resolved::Null {
                self.piece.lake.links.insert(arn.clone());
            }
            if defaults.as_list().is_some_and(<[_]>::is_empty) {
                self.piece.lake.governed.insert(arn.clone());
            } else if *defaults != Resolved::Null {
                // The defaults grant access to every new table.
                let grant = LakeGrant {
                    permission: Action::new("lakeformation:ALL"),
                    resource: arn.clone(),
                    except: BTreeSet::new(),
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
                block: PublicAccessBlock::default(),
                code: Code::default(),
                parts: Vec::new(),
                origin: self.origin(id, ""),
            });
            return Ok(());
        }
        let database = arn(&self.text(id, properties, "DatabaseName")?.unwrap_or_default());
        let input = self.value(id, properties, "TableInput")?;
        self.lies_at(&database, input.get("StorageDescriptor").get("Location"));
        let columns = input.get("StorageDescriptor").get("Columns").as_list().into_iter().flatten();
        let columns = columns.filter_map(|column| column.get("Name").as_text().map(str::to_owned));
        let name = input.get("Name").text();
        self.piece.lake.tables.entry(database).or_default().insert(name, columns.collect());
        Ok(())
    }

    /// Records the location of a database's data.
    fn lies_at(&mut self, database: &str, location: &Resolved<'_>) {
        let Some(path) = location.as_text().and_then(|text| text.strip_prefix("s3://")) else {
            return;
        };
        let arn = String::from(ArnParts::s3(self.stack.place.partition(), path));
        let locations = &mut self.piece.lake.locations;
        locations.entry(database.to_owned()).or_default().push(arn);
    }

    /// The texts of a list.
    ///
    /// # Errors
    ///
    /// If an item is not a text.
    fn texts_of(&self, id: &LogicalId, list: &Resolved<'_>) -> Result<Vec<String>, PieceError> {
        let texts = list.as_list().into_iter().flatten().map(|text| {
            text.as_text().map(str::to_owned).ok_or_else(|| {
                let what = "a name or value of Lake Formation that is no text".to_owned();
                self.outside(id.as_str(), what)
            })
        });
        texts.collect()
    }
}

/// The ARN of a resource in the place's region, and in an account that may differ from the place's.
fn in_account(place: &Place, service: &str, account: &str, resource: &str) -> String {
    let partition = place.partition();
    ArnParts { partition, service, region: &place.region, account, resource }.into()
}
