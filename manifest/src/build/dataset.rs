//! Datasets and their domains.

use lakewright_template::AccountId;

use super::{Environment, IdOf, builder, list};
use crate::document::{
    ColumnDocument, Confidentiality, CrawlerDocument, DatasetDocument, DomainDocument,
    FolderDocument, GovernedBy, HybridAccess, ImportDocument, TableDocument, TableFormat,
};
use crate::field::Field;
use crate::mesh::Location;
use crate::name::{
    BucketName, CatalogName, FolderPrefix, Id, KeyAlias, KeyPrefix, Schedule, TeamName,
};

builder! {
    /// A group of datasets.
    Domain of DomainDocument
}

impl Domain {
    /// With a team that has full access to the domain.
    pub fn new(id: Id, owner: TeamName) -> Self {
        let document = DomainDocument {
            id: Field::of(id.clone()),
            owners: list([owner]),
            ..DomainDocument::default()
        };
        Self { id, document, wrong: Vec::new() }
    }

    /// Adds another team with full access to the domain.
    #[must_use]
    pub fn owner(mut self, team: TeamName) -> Self {
        self.document.owners.push(team);
        self
    }

    /// Adds a team with read-only access to the domain.
    #[must_use]
    pub fn reader(mut self, team: TeamName) -> Self {
        self.document.readers.push(team);
        self
    }

    /// Gives a team that has access to the domain the same access to its datasets.
    #[must_use]
    pub fn dataset_level_access(mut self, team: TeamName) -> Self {
        self.document.dataset_level_access.push(team);
        self
    }

    /// Adds a dataset with [`GovernedBy::LakeFormation`] that dataset-level access covers.
    #[must_use]
    pub fn lake_formation_dataset(mut self, dataset: Id) -> Self {
        self.document.lake_formation_datasets.push(dataset);
        self
    }
}

builder! {
    /// A governed dataset: a bucket, a key and a Glue database. It needs at least one topic and one keyword.
    Dataset of DatasetDocument
}

/// Where the resources of a dataset come from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Source {
    /// The dataset's stack creates them.
    Created,
    /// They exist.
    Imported(Import),
}

impl Dataset {
    /// With the environment, and the team that owns it.
    pub fn new(id: Id, environment: &impl IdOf<Environment>, team: TeamName) -> Self {
        let document = DatasetDocument {
            id: Field::of(id.clone()),
            environment: Field::of(environment.id_of().clone()),
            team: Field::of(team),
            ..DatasetDocument::default()
        };
        Self { id, document, wrong: Vec::new() }
    }

    /// Adds a team that approves shares besides the owner. A steward of the dataset's environment also reads the data.
    #[must_use]
    pub fn steward(mut self, team: TeamName) -> Self {
        self.document.stewards.push(team);
        self
    }

    /// Sets the domain.
    #[must_use]
    pub fn domain(mut self, domain: &impl IdOf<Domain>) -> Self {
        self.document.domain = Field::of(domain.id_of().clone());
        self
    }

    /// Sets how confidential the data is. Default: unclassified.
    #[must_use]
    pub fn confidentiality(mut self, confidentiality: Confidentiality) -> Self {
        self.document.confidentiality = Field::of(confidentiality);
        self
    }

    /// Sets whether shares need no approval. Default: false.
    #[must_use]
    pub fn auto_approval(mut self, is_automatic: bool) -> Self {
        self.document.auto_approval = Field::of(is_automatic);
        self
    }

    /// Sets where its resources come from. Default: its stack creates them.
    #[must_use]
    pub fn source(mut self, source: Source) -> Self {
        self.document.import = match source {
            Source::Created => Field::default(),
            Source::Imported(import) => Field::of(*import.0),
        };
        self
    }

    /// Sets the crawler.
    #[must_use]
    pub fn crawler(mut self, crawler: Crawler) -> Self {
        self.document.crawler = Field::of(crawler.0);
        self
    }

    /// Sets when the profiling job runs. Default: no schedule.
    #[must_use]
    pub fn profiling_schedule(mut self, schedule: Schedule) -> Self {
        self.document.profiling.change(|job| job.schedule = Field::of(schedule));
        self
    }

    /// Adds a table.
    #[must_use]
    pub fn table(mut self, table: Table) -> Self {
        self.document.tables.push(table.0);
        self
    }

    /// Adds a folder that can be shared.
    #[must_use]
    pub fn folder(mut self, folder: Folder) -> Self {
        self.document.folders.push(folder.0);
        self
    }

    /// Sets whether bucket, key, database and tables are retained when the dataset is removed. Default: true.
    #[must_use]
    pub fn retain_on_delete(mut self, retain: bool) -> Self {
        self.document.retain_on_delete = Field::of(retain);
        self
    }
}

/// Existing resources that a dataset consists of. They are never deleted.
#[derive(Debug, Clone)]
pub struct Import(Box<ImportDocument>);

impl Import {
    /// With the bucket, which uses SSE-S3 unless a key is named.
    pub fn new(bucket: BucketName) -> Self {
        let document = ImportDocument { bucket: Field::of(bucket), ..ImportDocument::default() };
        Self(Box::new(document))
    }

    /// Sets the alias of the key that encrypts the bucket.
    #[must_use]
    pub fn kms_key_alias(mut self, alias: KeyAlias) -> Self {
        self.0.kms_key_alias = Field::of(alias);
        self
    }

    /// Sets the Glue database, in the catalog of the environment's account. Default: a database is created.
    #[must_use]
    pub fn glue_database(mut self, name: CatalogName) -> Self {
        self.0.glue_database = Field::of(name);
        self.0.catalog_account = Field::default();
        self
    }

    /// Sets the Glue database, in the catalog of another account.
    #[must_use]
    pub fn glue_database_of(mut self, account: AccountId, name: CatalogName) -> Self {
        self.0.glue_database = Field::of(name);
        self.0.catalog_account = Field::of(account.into());
        self
    }

    /// Sets who registers the bucket with Lake Formation. Default: the dataset's stack.
    #[must_use]
    pub fn location(mut self, location: Location) -> Self {
        let (registered, here) = match location {
            Location::Here => (Field::default(), Field::default()),
            Location::Elsewhere => (Field::default(), Field::of(false)),
            Location::Nowhere => (Field::of(false), Field::default()),
        };
        self.0.registered = registered;
        self.0.register_location = here;
        self
    }

    /// Sets whether IAM permissions continue to work on its tables, beside Lake Formation's. Default: open.
    #[must_use]
    pub fn hybrid_access(mut self, access: HybridAccess) -> Self {
        self.0.hybrid_access = Field::of(access);
        self
    }

    /// Sets how others govern the access to its tables.
    #[must_use]
    pub fn governed_by(mut self, by: GovernedBy) -> Self {
        self.0.governed_by = Field::of(by);
        self
    }
}

/// A dataset's crawler.
#[derive(Debug, Clone, Default)]
pub struct Crawler(CrawlerDocument);

impl Crawler {
    /// Without a schedule.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets when the crawler runs.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.0.schedule = Field::of(schedule);
        self
    }

    /// Sets the prefix of the names of tables that it finds.
    #[must_use]
    pub fn prefix(mut self, prefix: CatalogName) -> Self {
        self.0.prefix = Field::of(prefix);
        self
    }

    /// Sets whether a run looks only at folders for which S3 reported changes. Default: false. Not for imported
    /// buckets.
    #[must_use]
    pub fn event_mode(mut self, is_on: bool) -> Self {
        self.0.event_mode = Field::of(is_on);
        self
    }
}

/// The catalog's information about a part of a dataset.
macro_rules! about {
    ($($name:ident)*) => {
        $(impl $name {
            /// Sets the purpose.
            #[must_use]
            pub fn description(mut self, text: impl Into<String>) -> Self {
                self.0.description = Field::of(text.into());
                self
            }

            /// Adds a keyword of the catalog.
            #[must_use]
            pub fn keyword(mut self, keyword: impl Into<String>) -> Self {
                self.0.keywords.push(keyword.into());
                self
            }

            /// Adds a glossary term of the catalog.
            #[must_use]
            pub fn glossary_term(mut self, term: impl Into<String>) -> Self {
                self.0.glossary.push(term.into());
                self
            }
        })*
    };
}

about!(Table Column Folder);

/// A table of a dataset. The stack creates a table with columns; the crawler finds the others.
#[derive(Debug, Clone)]
pub struct Table(TableDocument);

super::metadata_form::fills_forms!(Table, 0);

impl Table {
    /// With its name.
    pub fn new(name: CatalogName) -> Self {
        Self(TableDocument { name: Field::of(name), ..TableDocument::default() })
    }

    /// Sets the path of its files in the bucket. Default: the table's name.
    #[must_use]
    pub fn location(mut self, path: KeyPrefix) -> Self {
        self.0.location = Field::of(path);
        self
    }

    /// Sets the format of its files. Default: Parquet.
    #[must_use]
    pub fn format(mut self, format: TableFormat) -> Self {
        self.0.format = Field::of(format);
        self
    }

    /// Adds a column of a type, as Hive names it, such as `bigint`.
    #[must_use]
    pub fn column(self, name: CatalogName, kind: impl Into<String>) -> Self {
        self.with_column(Column::new(name, kind))
    }

    /// Adds a column that has more than a name and a type.
    #[must_use]
    pub fn with_column(mut self, column: Column) -> Self {
        self.0.columns.push(column.0);
        self
    }

    /// Adds a partition key of a type. The order is that of the folders that contain the values.
    #[must_use]
    pub fn partition(self, name: CatalogName, kind: impl Into<String>) -> Self {
        self.with_partition(Column::new(name, kind))
    }

    /// Adds a partition key that has more than a name and a type.
    #[must_use]
    pub fn with_partition(mut self, column: Column) -> Self {
        self.0.partitions.push(column.0);
        self
    }
}

/// A column or a partition key of a table.
#[derive(Debug, Clone)]
pub struct Column(ColumnDocument);

impl Column {
    /// With its name and its type, as Hive names it, such as `bigint` or `array<string>`.
    pub fn new(name: CatalogName, kind: impl Into<String>) -> Self {
        let (name, kind) = (Field::of(name), Field::of(kind.into()));
        Self(ColumnDocument { name, kind, ..ColumnDocument::default() })
    }

    /// Adds a tag for access policies, such as `pii`.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.0.tags.push(tag.into());
        self
    }
}

/// A folder that can be shared.
#[derive(Debug, Clone)]
pub struct Folder(FolderDocument);

super::metadata_form::fills_forms!(Folder, 0);

impl Folder {
    /// With its id, unique in the dataset, and its path in the bucket, which ends in `/`.
    pub fn new(id: Id, prefix: FolderPrefix) -> Self {
        let (id, prefix) = (Field::of(id), Field::of(prefix.into()));
        Self(FolderDocument { id, prefix, ..FolderDocument::default() })
    }
}
