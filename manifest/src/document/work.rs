//! The documents of what teams create and share: datasets, shares, notebooks, pipelines and so on.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{FormsDocument, document};
use crate::field::{Field, OneOrMore};
use crate::name::{
    AccountNumber, BranchName, BucketName, CatalogName, ConnectionArn, Date, FolderPrefix, Id,
    KeyAlias, KeyPrefix, RepositoryName, Schedule, SubnetId, TeamName, VpcId, WorksheetDatabase,
};

document! {
    /// A group of datasets.
    DomainDocument {
        /// Teams with full access to the domain.
        owners: Field<Vec<Field<TeamName>>>,
        /// Teams with read-only access to the domain.
        #[serde(default)]
        readers: Field<Vec<Field<TeamName>>>,
        /// Teams from these two lists that have the same access to every dataset of the domain.
        #[serde(default)]
        dataset_level_access: Field<Vec<Field<TeamName>>>,
        /// The datasets with `governed_by: lake_formation` that dataset-level access covers: those that exist when it is
        /// given. Datasets that are added later are not covered. Default: none.
        #[serde(default)]
        lake_formation_datasets: Field<Vec<Field<Id>>>,
    }
}

document! {
    /// A governed dataset: a bucket, a key and a Glue database.
    DatasetDocument {
        /// The environment.
        environment: Field<Id>,
        /// The team that owns it.
        team: Field<TeamName>,
        /// The team, or the teams, that approve shares besides the owner: any teams of the mesh. Those of the
        /// dataset's environment also read the data.
        #[serde(default)]
        stewards: Field<OneOrMore<TeamName>>,
        /// The domain.
        #[serde(default)]
        domain: Field<Id>,
        /// How confidential the data is. Default: `unclassified`.
        #[serde(default)]
        confidentiality: Field<Confidentiality>,
        /// Whether shares need no approval. Default: false.
        #[serde(default)]
        auto_approval: Field<bool>,
        /// Existing resources that the dataset consists of. Default: they are created.
        #[serde(default)]
        import: Field<ImportDocument>,
        /// The crawler.
        #[serde(default)]
        crawler: Field<CrawlerDocument>,
        /// The profiling job.
        #[serde(default)]
        profiling: Field<ScheduleDocument>,
        /// The tables. A table with columns is created, the others are found by the crawler.
        #[serde(default)]
        tables: Field<Vec<Field<TableDocument>>>,
        /// The folders that can be shared.
        #[serde(default)]
        folders: Field<Vec<Field<FolderDocument>>>,
        /// Whether bucket, key, database and tables are retained when the dataset is removed. Default: true.
        #[serde(default)]
        retain_on_delete: Field<bool>,
    }
}

/// How confidential a dataset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema, Hash)]
#[serde(rename_all = "snake_case")]
pub enum Confidentiality {
    /// For everybody.
    #[default]
    Unclassified,
    /// For the organization.
    Official,
    /// For named teams.
    Secret,
}

impl Confidentiality {
    /// The value of the `Classification` tag.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unclassified => "unclassified",
            Self::Official => "official",
            Self::Secret => "secret",
        }
    }
}

/// Existing resources that a dataset consists of. They are never deleted.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct ImportDocument {
    /// The bucket.
    pub bucket: Field<BucketName>,
    /// The alias of the key that encrypts the bucket, without `alias/`. Default: the bucket uses SSE-S3.
    #[serde(default)]
    pub kms_key_alias: Field<KeyAlias>,
    /// The Glue database. Default: a database is created.
    #[serde(default)]
    pub glue_database: Field<CatalogName>,
    /// The account whose catalog has the database. Default: the environment's account.
    #[serde(default)]
    pub catalog_account: Field<AccountNumber>,
    /// Whether this dataset's stack registers the bucket with Lake Formation. Default: true. Set false
    /// if the bucket is registered elsewhere, for example by another dataset.
    #[serde(default)]
    pub register_location: Field<bool>,
    /// Whether the bucket is registered with Lake Formation at all. Default: true. With false, IAM alone
    /// decides on its objects, and rows or columns of its tables cannot be shared.
    #[serde(default)]
    pub registered: Field<bool>,
    /// Whether IAM permissions continue to work on its tables, beside Lake Formation's. Default: `open`.
    #[serde(default)]
    pub hybrid_access: Field<HybridAccess>,
    /// How others govern the access to its tables, who decide together with the mesh. Dataset-level access of the
    /// domain then covers less. Default: nobody else does.
    #[serde(default)]
    pub governed_by: Field<GovernedBy>,
}

/// How others govern the access to imported tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Hash)]
#[serde(rename_all = "snake_case")]
pub enum GovernedBy {
    /// With permissions of Lake Formation on databases and tables.
    LakeFormation,
    /// With LF-tags.
    LfTags,
}

/// Whether IAM permissions continue to work on the tables of an imported bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema, Hash)]
#[serde(rename_all = "snake_case")]
pub enum HybridAccess {
    /// IAM permissions continue to work; rows and columns of its tables cannot be shared.
    #[default]
    Open,
    /// IAM permissions continue to work for others; `lakewright deploy` opts in the consumers of shares, so that rows
    /// and columns can be shared.
    OptIn,
    /// `IAMAllowedPrincipals` has no permission on the database and its tables: Lake Formation alone decides.
    Closed,
}

impl HybridAccess {
    /// The name in a document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::OptIn => "opt_in",
            Self::Closed => "closed",
        }
    }
}

/// A dataset's crawler.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct CrawlerDocument {
    /// When the crawler runs. Default: no schedule.
    #[serde(default)]
    pub schedule: Field<Schedule>,
    /// The prefix of the names of tables that it finds: at most 128 characters. Default: tables are
    /// named after their folders.
    #[serde(default)]
    pub prefix: Field<CatalogName>,
    /// Whether a run looks only at folders for which S3 reported new or deleted objects since the last run. Default:
    /// false: each run lists everything. Not for imported buckets.
    #[serde(default)]
    pub event_mode: Field<bool>,
}

/// A schedule.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct ScheduleDocument {
    /// When the job runs. Default: no schedule.
    #[serde(default)]
    pub schedule: Field<Schedule>,
}

/// A table of a dataset.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct TableDocument {
    /// The table's name.
    pub name: Field<CatalogName>,
    /// The path of its files in the bucket, separate from other tables and folders. Default: the table's name.
    #[serde(default)]
    pub location: Field<KeyPrefix>,
    /// The format of its files. Default: `parquet`.
    #[serde(default)]
    pub format: Field<TableFormat>,
    /// Its columns. Default: the crawler finds them.
    #[serde(default)]
    pub columns: Field<Vec<Field<ColumnDocument>>>,
    /// Its partition keys, in the order of the folders that contain their values. Default: none.
    #[serde(default)]
    pub partitions: Field<Vec<Field<ColumnDocument>>>,
    /// The purpose. Any text; may change.
    #[serde(default)]
    pub description: Field<String>,
    /// The catalog's keywords.
    #[serde(default)]
    pub keywords: Field<Vec<Field<String>>>,
    /// The catalog's glossary terms.
    #[serde(default)]
    pub glossary: Field<Vec<Field<String>>>,
    /// The values of metadata forms, by form and by field.
    #[serde(default)]
    pub forms: Field<FormsDocument>,
}

/// The format of a table's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema, Hash)]
#[serde(rename_all = "snake_case")]
pub enum TableFormat {
    /// Comma-separated values.
    Csv,
    /// JSON Lines.
    Json,
    /// Apache Parquet.
    #[default]
    Parquet,
}

/// A column or a partition key of a table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct ColumnDocument {
    /// The column's name.
    pub name: Field<CatalogName>,
    /// The column's type, as Hive names it, such as `bigint` or `array<string>`.
    #[serde(rename = "type")]
    pub kind: Field<String>,
    /// Tags for access policies, such as `pii`.
    #[serde(default)]
    pub tags: Field<Vec<Field<String>>>,
    /// The purpose. One line; may change.
    #[serde(default)]
    pub description: Field<String>,
    /// The catalog's keywords.
    #[serde(default)]
    pub keywords: Field<Vec<Field<String>>>,
    /// The catalog's glossary terms.
    #[serde(default)]
    pub glossary: Field<Vec<Field<String>>>,
}

/// A folder that can be shared.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct FolderDocument {
    /// The folder's id, unique in its dataset.
    pub id: Field<Id>,
    /// The path in the bucket. It ends in `/`, and is separate from other folders and tables.
    #[schemars(with = "FolderPrefix")]
    pub prefix: Field<KeyPrefix>,
    /// The purpose. Any text; may change.
    #[serde(default)]
    pub description: Field<String>,
    /// The catalog's keywords.
    #[serde(default)]
    pub keywords: Field<Vec<Field<String>>>,
    /// The catalog's glossary terms.
    #[serde(default)]
    pub glossary: Field<Vec<Field<String>>>,
    /// The values of metadata forms, by form and by field.
    #[serde(default)]
    pub forms: Field<FormsDocument>,
}

document! {
    /// Access of a team, or of a consumption role, to another team's dataset.
    ShareDocument {
        /// The dataset.
        dataset: Field<Id>,
        /// The consumer's environment.
        environment: Field<Id>,
        /// The consumer's team.
        team: Field<TeamName>,
        /// The consumption role, if the share is not for the team's own role.
        #[serde(default)]
        consumption_role: Field<Id>,
        /// The reason for the request.
        #[serde(default)]
        purpose: Field<String>,
        /// The items that are shared. Only a draft may have none.
        #[serde(default)]
        items: Field<Vec<Field<ShareItemDocument>>>,
        /// The permissions on the items. Default: `[read]`.
        #[serde(default)]
        permissions: Field<Vec<Field<SharePermission>>>,
        /// The status in the share's life cycle. Default: `draft`.
        #[serde(default)]
        status: Field<ShareStatus>,
        /// The team that approved it.
        #[serde(default)]
        approved_by: Field<TeamName>,
        /// The last day of access. Default: the share does not expire.
        #[serde(default)]
        expires: Field<Date>,
    }
}

/// One item that is shared: a table, a folder or the bucket.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct ShareItemDocument {
    /// A table of the dataset.
    #[serde(default)]
    pub table: Field<CatalogName>,
    /// The columns of the table that are shared. Default: all columns.
    #[serde(default)]
    pub columns: Field<Vec<Field<CatalogName>>>,
    /// The rows of the table that are shared, as a PartiQL condition. Default: all rows.
    #[serde(default)]
    pub rows: Field<String>,
    /// A folder of the dataset.
    #[serde(default)]
    pub folder: Field<Id>,
    /// The whole bucket.
    #[serde(default)]
    pub bucket: Field<bool>,
    /// The item's own status, in an approved share. Default: `approved` with the share.
    #[serde(default)]
    pub status: Field<ItemStatus>,
}

/// The status of an item of a share (DA-21, without the platform's own steps).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema, Hash)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// Waiting for approval: grants nothing yet.
    Pending,
    /// Approved: grants access when the share does.
    #[default]
    Approved,
    /// Rejected: grants nothing.
    Rejected,
    /// Revoked: no longer grants access.
    Revoked,
}

impl ItemStatus {
    /// The name in a document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Revoked => "revoked",
        }
    }

    /// Whether an item may change from this status to another while its share stays approved.
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Pending | Self::Approved | Self::Rejected)
                | (Self::Approved, Self::Approved | Self::Revoked)
                | (Self::Rejected, Self::Rejected | Self::Pending)
                | (Self::Revoked, Self::Revoked | Self::Pending)
        )
    }
}

/// A permission on the items of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema, Hash)]
#[serde(rename_all = "snake_case")]
pub enum SharePermission {
    /// Read.
    Read,
    /// Write new data.
    Write,
    /// Change and delete data.
    Modify,
}

/// The status of a share in its life cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema, Hash)]
#[serde(rename_all = "snake_case")]
pub enum ShareStatus {
    /// Not submitted yet.
    #[default]
    Draft,
    /// Waiting for approval.
    Submitted,
    /// Approved: grants access.
    Approved,
    /// Rejected.
    Rejected,
    /// Revoked: no longer grants access.
    Revoked,
}

impl ShareStatus {
    /// The name in a document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Revoked => "revoked",
        }
    }

    /// Whether a share may change from this status to another (DA-21, without the platform's own steps).
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Draft, Self::Submitted)
                | (Self::Submitted, Self::Approved | Self::Rejected | Self::Draft)
                | (Self::Approved, Self::Revoked | Self::Draft)
                | (Self::Rejected | Self::Revoked, Self::Draft)
        ) || matches!(
            (self, next),
            (Self::Draft, Self::Draft)
                | (Self::Submitted, Self::Submitted)
                | (Self::Approved, Self::Approved)
                | (Self::Rejected, Self::Rejected)
                | (Self::Revoked, Self::Revoked)
        )
    }
}

document! {
    /// A named Athena query in a team's workgroup.
    WorksheetDocument {
        /// The environment.
        environment: Field<Id>,
        /// The team.
        team: Field<TeamName>,
        /// The query.
        query: Field<String>,
        /// The database that it runs against: `dataset/ID`, `share/ID` or a name in Glue's catalog. Default: `default`.
        #[serde(default)]
        database: Field<WorksheetDatabase>,
    }
}

document! {
    /// A SageMaker notebook instance.
    NotebookDocument {
        /// The environment.
        environment: Field<Id>,
        /// The team.
        team: Field<TeamName>,
        /// A network of the environment.
        #[serde(default)]
        network: Field<Id>,
        /// A VPC, if no network is named.
        #[serde(default)]
        vpc_id: Field<VpcId>,
        /// A subnet of the VPC.
        #[serde(default)]
        subnet_id: Field<SubnetId>,
        /// The instance type. Default: `ml.t3.medium`.
        #[serde(default)]
        instance_type: Field<InstanceType>,
        /// The volume in GiB: 32, 64, 128 or 256. Default: 32.
        #[serde(default)]
        volume_size: Field<u16>,
        /// Whether the notebook reaches the internet directly, and not only through its VPC. Default: false.
        #[serde(default)]
        internet_access: Field<bool>,
        /// Whether the notebook's users have root access. Default: false.
        #[serde(default)]
        root_access: Field<bool>,
    }
}

/// The instance type of a notebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema, Hash)]
#[expect(missing_docs, reason = "the names are AWS's")]
pub enum InstanceType {
    #[default]
    #[serde(rename = "ml.t3.medium")]
    MlT3Medium,
    #[serde(rename = "ml.t3.large")]
    MlT3Large,
    #[serde(rename = "ml.m5.xlarge")]
    MlM5Xlarge,
}

impl InstanceType {
    /// The name in a document, which is AWS's.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MlT3Medium => "ml.t3.medium",
            Self::MlT3Large => "ml.t3.large",
            Self::MlM5Xlarge => "ml.m5.xlarge",
        }
    }
}

document! {
    /// A user profile of an environment's ML Studio domain.
    StudioProfileDocument {
        /// The environment.
        environment: Field<Id>,
        /// The team.
        team: Field<TeamName>,
    }
}

document! {
    /// A data pipeline: a repository, and the CI/CD that deploys it.
    PipelineDocument {
        /// The environment in which CI/CD runs.
        environment: Field<Id>,
        /// The team.
        team: Field<TeamName>,
        /// The deployment strategy.
        strategy: Field<Strategy>,
        /// The stages, in the order of deployment.
        stages: Field<Vec<Field<StageDocument>>>,
        /// An existing repository. Default: a CodeCommit repository is created and filled.
        #[serde(default)]
        source: Field<PipelineSourceDocument>,
        /// Whether repository and artifacts are retained when the pipeline is removed. Default: true.
        #[serde(default)]
        retain_on_delete: Field<bool>,
    }
}

/// An existing repository, which is reached through a connection.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct PipelineSourceDocument {
    /// The name of the repository at its host, such as `owner/name`.
    pub repository: Field<RepositoryName>,
    /// The connection of AWS CodeConnections.
    pub connection_arn: Field<ConnectionArn>,
    /// The branch that `trunk` and `cdk_trunk` follow. Default: `main`.
    #[serde(default)]
    pub branch: Field<BranchName>,
}

/// The deployment strategy of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Hash)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// A self-mutating CDK pipeline.
    CdkTrunk,
    /// One pipeline with a stage per environment.
    Trunk,
    /// A pipeline and a branch per stage.
    Gitflow,
}

/// A stage of a pipeline.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct StageDocument {
    /// The stage's name, such as `dev` or `prod`.
    pub stage: Field<Id>,
    /// The environment that it deploys to.
    pub environment: Field<Id>,
    /// The team in that environment.
    pub team: Field<TeamName>,
}

document! {
    /// An imported QuickSight dashboard.
    DashboardDocument {
        /// The environment.
        environment: Field<Id>,
        /// The team that owns it.
        team: Field<TeamName>,
        /// QuickSight's id of the dashboard.
        dashboard_id: Field<String>,
        /// The teams that may see it.
        #[serde(default)]
        shared_with: Field<Vec<Field<TeamName>>>,
    }
}
