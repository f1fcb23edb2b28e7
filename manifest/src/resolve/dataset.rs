//! Datasets.

use std::collections::{BTreeMap, BTreeSet};

use super::about::Said;
use super::{Context, Dependant, Needs, Place, at, column_type, values};
use crate::Code;
use crate::decode::suggest;
use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::document::{
    ColumnDocument, CrawlerDocument, DatasetDocument, Document as _, FolderDocument,
    ImportDocument, Kind, TableDocument,
};
use crate::field::Field;
use crate::mesh::{
    Column, Crawler, Dataset, EnvironmentPermission, Folder, Header, Import, Link, Location, Table,
    TenantPermission,
};
use crate::name::{CatalogName, FolderPrefix, Id, KeyPrefix, TeamName};
use crate::parse::Located;

impl Context {
    pub(super) fn dataset(
        &mut self,
        located: &Located<DatasetDocument>,
        header: Header,
        place: &Place<'_, '_>,
    ) -> Option<Dataset> {
        let Located { document, origin } = located;
        let file = origin.file;
        let needs = Needs {
            tenant_permission: TenantPermission::ManageDatasets,
            permission: Some(EnvironmentPermission::CreateDataset),
            feature: Some(("datasets", |features| features.datasets)),
        };
        let owner = self.owner(
            Kind::Dataset,
            &header,
            (&document.environment, &document.team),
            needs,
            place,
        );
        if !document.domain.is_absent() {
            let dependant = Dependant::live(Kind::Dataset, &header);
            self.reference(file, &document.domain, Kind::Domain, &dependant);
        }
        let stewards = self.stewards(document, &header);
        self.has_topic_and_keyword(document, &header);
        let tables = self.tables(file, &document.tables, &header);
        let folders = self.folders(file, &document.folders, &header);
        if let Some(team) = document.team.value() {
            self.terms_of_parts_are_allowed(&tables, &folders, team, place.scope.tenant);
        }
        let crawler = self.crawler(file, document);
        let import = document.import.value().and_then(|import| self.import(import, &header));
        if !document.import.is_absent() && import.is_none() {
            return None;
        }
        let (environment, team) = owner?;
        Some(Dataset {
            environment: Link::unlinked(environment),
            team,
            stewards,
            domain: document.domain.value().cloned().map(Link::unlinked),
            confidentiality: document.confidentiality.value().copied().unwrap_or_default(),
            auto_approval: document.auto_approval.value().copied().unwrap_or_default(),
            import,
            crawler,
            profiling_schedule: document
                .profiling
                .value()
                .and_then(|job| job.schedule.value().cloned()),
            tables,
            folders,
            retain_on_delete: document.retain_on_delete.value().copied().unwrap_or(true),
            header,
        })
    }

    /// The stewards besides the owner, without duplicates.
    ///
    /// They decide on shares, so any team of the mesh can be one. A misspelt team would never approve anything.
    fn stewards(&mut self, document: &DatasetDocument, header: &Header) -> Vec<TeamName> {
        let file = header.origin.file;
        let Some(given) = document.stewards.value() else { return Vec::new() };
        let is_empty = given.fields().is_empty();
        let message = format!("dataset `{}` has an empty list of stewards", header.id);
        self.not_empty(is_empty, &message, at(file, &document.stewards));
        let mut stewards = BTreeSet::new();
        for field in given.fields() {
            let Some(team) = field.value() else { continue };
            if !self.is_known_team(team, at(file, field)) {
                // The intended steward is unknown.
                self.lost.of_part(header.origin);
            }
            if document.team.value() != Some(team) {
                stewards.insert(team.clone());
            }
        }
        stewards.into_iter().collect()
    }

    fn is_known_team(&mut self, team: &TeamName, origin: Origin) -> bool {
        // If a document could not be decoded, the teams of the mesh are not fully known.
        let Some(teams) = &self.teams else { return true };
        if teams.contains(team.as_str()) {
            return true;
        }
        let help = suggest(team.as_str(), teams.iter().map(String::as_str)).map_or_else(
            || "name a team of an organization, an environment or a domain".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("there is no team `{team}` in the mesh");
        let diagnostic = Diagnostic::new(Code::UnknownReference, message)
            .at(origin, "a steward of this dataset")
            .help(help);
        self.report.push(diagnostic);
        false
    }

    fn crawler(&mut self, file: FileId, document: &DatasetDocument) -> Crawler {
        let Some(CrawlerDocument { schedule, prefix, event_mode }) = document.crawler.value()
        else {
            return Crawler::default();
        };
        // `TablePrefix` in "CreateCrawler" of the Glue web API reference.
        if let Some(text) = prefix.value().filter(|text| text.as_str().len() > 128) {
            let message = format!("the prefix `{text}` has more than 128 characters");
            let diagnostic = Diagnostic::new(Code::LimitExceeded, message)
                .at(at(file, prefix), "")
                .help("Glue takes a table prefix of 128 characters at the most; shorten it");
            self.report.push(diagnostic);
        }
        let event_mode_is_on = event_mode.value().copied().unwrap_or_default();
        if event_mode_is_on && !document.import.is_absent() {
            let message = "a crawler in event mode, and a bucket that is imported";
            let diagnostic = Diagnostic::new(Code::FieldConflict, message)
                .at(at(file, event_mode), "")
                .and(at(file, &document.import), "imported here")
                .help("a bucket has one notification configuration, which its owner sets: remove `event_mode`, or let the bucket be made");
            self.report.push(diagnostic);
        }
        Crawler {
            schedule: schedule.value().cloned(),
            prefix: prefix.value().cloned(),
            event_mode: event_mode_is_on,
        }
    }

    fn has_topic_and_keyword(&mut self, document: &DatasetDocument, header: &Header) {
        let given = document.header();
        for (list, name) in [(given.topics, "topics"), (given.keywords, "keywords")] {
            if list.is_absent() || list.value().is_some_and(Vec::is_empty) {
                let message = format!("dataset `{}` has no {name}", header.id);
                let (origin, what) = if list.is_absent() {
                    (header.origin, "this dataset")
                } else {
                    (at(header.origin.file, list), "an empty list")
                };
                let diagnostic = Diagnostic::new(Code::MissingTopic, message)
                    .at(origin, what)
                    .help(format!("add `{name}: [...]` with at least one, so that others find it"));
                self.report.push(diagnostic);
            }
        }
    }

    fn tables(
        &mut self,
        file: FileId,
        field: &Field<Vec<Field<TableDocument>>>,
        header: &Header,
    ) -> BTreeMap<CatalogName, Table> {
        let mut tables = BTreeMap::new();
        for entry in field.value().into_iter().flatten() {
            let Some(document) = entry.value() else { continue };
            let here = at(file, entry);
            let TableDocument {
                name,
                location,
                format,
                columns,
                partitions,
                description,
                keywords,
                glossary,
                forms: _,
            } = document;
            let Some(table_name) = self.entry(name, "name", here) else {
                continue;
            };
            let said = Said { description, keywords, glossary };
            let is_made = columns.value().is_some_and(|columns| !columns.is_empty());
            let about = if is_made { self.about_table(file, said) } else { self.about(file, said) };
            let help = "name the columns, or remove `columns` when the crawler finds them";
            let columns = self.columns(file, ("columns", help), columns, &[], header);
            let help = "name the partition keys, or remove `partitions` when there are none";
            let keys = ("partitions", help);
            let partitions = self.columns(file, keys, partitions, &columns, header);
            self.partitions_are_simple(file, document);
            let table = Table {
                location: location
                    .value()
                    .map_or_else(|| table_name.to_string(), ToString::to_string)
                    .trim_end_matches('/')
                    .to_owned(),
                located: if location.is_absent() { at(file, name) } else { at(file, location) },
                format: format.value().copied().unwrap_or_default(),
                columns,
                partitions,
                about,
                origin: at(file, name),
            };
            if tables.insert(table_name.clone(), table).is_some() {
                self.stands_twice(file, name, "table", header);
            }
        }
        tables
    }

    fn columns(
        &mut self,
        file: FileId,
        (key, help): (&str, &str),
        field: &Field<Vec<Field<ColumnDocument>>>,
        others: &[Column],
        header: &Header,
    ) -> Vec<Column> {
        let mut columns: Vec<Column> = Vec::new();
        if field.value().is_some_and(Vec::is_empty) {
            let diagnostic =
                Diagnostic::new(Code::InvalidValue, format!("`{key}` names no column"))
                    .at(at(file, field), "an empty list")
                    .help(help);
            self.report.push(diagnostic);
        }
        for entry in field.value().into_iter().flatten() {
            let Some(document) = entry.value() else { continue };
            let here = at(file, entry);
            let ColumnDocument { tags, description, keywords, glossary, .. } = document;
            let about = self.about_column(file, Said { description, keywords, glossary });
            let name = self.entry(&document.name, "name", here);
            let kind = self.entry(&document.kind, "type", here);
            let (Some(name), Some(kind)) = (name, kind) else { continue };
            if !self.is_type(kind, at(file, &document.kind)) {
                continue;
            }
            if columns.iter().chain(others).any(|column| column.name == *name) {
                self.stands_twice(file, &document.name, "column", header);
                continue;
            }
            let tags = values(tags);
            columns.push(Column { name: name.clone(), kind: kind.clone(), tags, about });
        }
        columns
    }

    /// Partition keys are columns whose values are part of paths, so they can have simple types only.
    ///
    /// Source: `PartitionKeys` of "TableInput" in the Glue developer guide, "Only primitive types are
    /// supported as partition keys".
    fn partitions_are_simple(&mut self, file: FileId, table: &TableDocument) {
        let TableDocument { columns, partitions, .. } = table;
        let keys = partitions.value().map(Vec::as_slice).unwrap_or_default();
        let is_found = columns.is_absent() || columns.value().is_some_and(Vec::is_empty);
        if !keys.is_empty() && is_found {
            let diagnostic = Diagnostic::new(Code::FieldConflict, "partitions without columns")
                .at(at(file, partitions), "of a table that the crawler finds")
                .help("declare the table's `columns` as well, or leave both to the crawler");
            self.report.push(diagnostic);
        }
        for kind in keys.iter().filter_map(Field::value).map(|key| &key.kind) {
            let Some(text) = kind.value().filter(|text| column_type::is_nested(text)) else {
                continue;
            };
            let message = format!("a partition key cannot be of type `{text}`");
            let diagnostic = Diagnostic::new(Code::ColumnType, message)
                .at(at(file, kind), "")
                .help("paths hold simple values: take a simple type, such as `string`, `int` or `date`");
            self.report.push(diagnostic);
        }
    }

    /// Whether a column can have this type: Glue and Athena support it, and it has at most 131,072
    /// bytes, which is Glue's limit.
    fn is_type(&mut self, kind: &str, origin: Origin) -> bool {
        let wrong = if kind.len() > 131_072 {
            column_type::Wrong {
                message: "a column's type has at most 131,072 bytes".to_owned(),
                help: "leave out what nobody asks for".to_owned(),
            }
        } else {
            match column_type::check(kind) {
                Ok(()) => return true,
                Err(wrong) => wrong,
            }
        };
        let diagnostic =
            Diagnostic::new(Code::ColumnType, wrong.message).at(origin, "").help(wrong.help);
        self.report.push(diagnostic);
        false
    }

    fn folders(
        &mut self,
        file: FileId,
        field: &Field<Vec<Field<FolderDocument>>>,
        header: &Header,
    ) -> BTreeMap<Id, Folder> {
        let mut folders = BTreeMap::new();
        for entry in field.value().into_iter().flatten() {
            let Some(document) = entry.value() else { continue };
            let here = at(file, entry);
            let id = self.entry(&document.id, "id", here);
            let prefix = self.entry(&document.prefix, "prefix", here);
            let (Some(id), Some(prefix)) = (id, prefix) else { continue };
            let origin = at(file, &document.prefix);
            let Some(prefix) = self.closed(prefix, id, origin) else { continue };
            let FolderDocument { description, keywords, glossary, .. } = document;
            let about = self.about(file, Said { description, keywords, glossary });
            if folders.insert(id.clone(), Folder { prefix, about, origin }).is_some() {
                self.stands_twice(file, &document.id, "folder", header);
            }
        }
        folders
    }

    /// The prefix of a folder, which must end in a slash. A prefix in a policy is the beginning of keys, so
    /// `exports` would also match `exports-private/`.
    fn closed(&mut self, prefix: &KeyPrefix, id: &Id, origin: Origin) -> Option<FolderPrefix> {
        if let Ok(closed) = FolderPrefix::parse(prefix.as_str()) {
            return Some(closed);
        }
        let message = format!("the prefix `{prefix}` of folder `{id}` does not end in `/`");
        let diagnostic = Diagnostic::new(Code::OpenPrefix, message)
            .at(origin, "keys of other folders begin like this, too")
            .help(format!("write `{prefix}/`"));
        self.report.push(diagnostic);
        // The remaining checks use the prefix with a slash.
        FolderPrefix::parse(&format!("{prefix}/")).ok()
    }

    fn stands_twice<T: std::fmt::Display>(
        &mut self,
        file: FileId,
        field: &Field<T>,
        what: &str,
        header: &Header,
    ) {
        let Some(name) = field.value() else { return };
        let message = format!("dataset `{}` has two {what}s `{name}`", header.id);
        let diagnostic = Diagnostic::new(Code::DuplicateId, message)
            .at(at(file, field), "the second one")
            .help("keep one of them");
        self.report.push(diagnostic);
    }

    fn import(&mut self, import: &ImportDocument, header: &Header) -> Option<Import> {
        let ImportDocument {
            bucket,
            kms_key_alias,
            glue_database,
            catalog_account,
            register_location,
            registered,
            hybrid_access,
            governed_by,
        } = import;
        let name = self.required(bucket, "import.bucket", Kind::Dataset, header.origin)?;
        if !catalog_account.is_absent() && glue_database.is_absent() {
            let message =
                format!("dataset `{}` names a catalog account without a database", header.id);
            let diagnostic = Diagnostic::new(Code::FieldConflict, message)
                .at(at(header.origin.file, catalog_account), "")
                .help("add `glue_database:`, the database in that account's catalog");
            self.report.push(diagnostic);
        }
        let registers = register_location.value().copied();
        let location = match (registered.value(), registers) {
            (Some(false), Some(true)) => {
                let message = format!("dataset `{}` registers what nobody registers", header.id);
                let diagnostic = Diagnostic::new(Code::FieldConflict, message)
                    .at(at(header.origin.file, registered), "")
                    .and(at(header.origin.file, register_location), "this registers the bucket")
                    .help("keep `register_location: true` or `registered: false`");
                self.report.push(diagnostic);
                return None;
            }
            (Some(false), _) => Location::Nowhere,
            (_, Some(false)) => Location::Elsewhere,
            (_, _) => Location::Here,
        };
        Some(Import {
            bucket: name.clone(),
            kms_key_alias: kms_key_alias.value().cloned(),
            glue_database: glue_database.value().cloned(),
            catalog_account: catalog_account.value().map(Into::into),
            location,
            hybrid_access: hybrid_access.value().copied().unwrap_or_default(),
            governed_by: governed_by.value().copied(),
        })
    }
}
