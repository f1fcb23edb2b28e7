//! The Glue Data Catalog and the jobs that fill it: databases, tables, crawlers, jobs.

use lakewright_synth::{Construct, Options, Scope};
use lakewright_template::digest::hex_prefix;
use lakewright_template::{AccountId, Arn, Expr, LogicalId, Map, Name, Ref, Text, Value};

mod view;

pub use view::{Checked, CheckingConnection, CheckingWorkgroup, ProtectedView, VIEW_TABLES};

use crate::bucket::Encryption;
use crate::cfn::{glue, sqs};
use crate::key::KeyHandle;
use crate::role::{RoleHandle, json, printable};

/// A database in the account's Data Catalog. Only Lake Formation controls access to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// The database's name: at most 255 lower-case letters, digits, `_` and `-`.
    pub name: String,
    /// The description.
    pub description: String,
    /// The default location of its tables, as `s3://bucket/path/`.
    pub location: String,
    /// Whether the database is retained when it is removed from the stack.
    pub retain: bool,
    /// The target, if this database is a resource link.
    pub link: Option<DatabaseLink>,
    /// Resources that are created before the database.
    pub after: Vec<LogicalId>,
}

/// The target of a resource link: a database of another account or region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseLink {
    /// The account of the target's catalog.
    pub account: AccountId,
    /// The target database's name.
    pub database: String,
    /// The target's region, if it differs from the stack's.
    pub region: Option<String>,
}

/// A database of this stack, or one that already exists.
#[derive(Debug, Clone)]
pub struct DatabaseHandle {
    name: String,
    reference: Option<Ref<glue::Database>>,
}

impl DatabaseHandle {
    /// A database that already exists. This stack cannot delete it.
    pub fn imported(name: &str) -> Self {
        Self { name: name.to_owned(), reference: None }
    }

    /// The database's name. For a database of this stack it is a reference, so resources that use it are created
    /// later.
    pub fn name(&self) -> Expr<Name<glue::Database>> {
        match &self.reference {
            Some(reference) => reference.name(),
            None => Expr::known_name(self.name.clone()),
        }
    }

    /// The database's logical id, if it belongs to this stack.
    pub fn logical_id(&self) -> Option<&LogicalId> {
        self.reference.as_ref().map(Ref::logical_id)
    }

    /// The database's name as text.
    pub fn known_name(&self) -> &str {
        &self.name
    }
}

impl Construct for Database {
    type Handle = DatabaseHandle;

    fn build(self, scope: &mut Scope<'_>) -> DatabaseHandle {
        let account = scope.spec().place.account.clone();
        let input = glue::DatabaseDatabaseInput {
            name: Some(self.name.clone().into()),
            description: self.link.is_none().then(|| printable(&self.description).into()),
            location_uri: self.link.is_none().then(|| self.location.into()),
            // Without this setting, every principal with IAM permissions could read new tables.
            create_table_default_permissions: self.link.is_none().then(Vec::new),
            target_database: self.link.map(|link| glue::DatabaseDatabaseIdentifier {
                catalog_id: Some(link.account.into()),
                database_name: Some(link.database.into()),
                region: link.region.map(Into::into),
            }),
            ..glue::DatabaseDatabaseInput::default()
        };
        let resource = glue::Database {
            catalog_id: Some(account.into()),
            database_input: Some(input),
            ..glue::Database::default()
        };
        let options = Options { depends_on: self.after, ..Options::retain(self.retain) };
        let reference = scope.resource(resource, options);
        DatabaseHandle { name: self.name, reference: Some(reference) }
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// The name.
    pub name: String,
    /// The Hive type, such as `bigint`.
    pub kind: String,
    /// The comment; empty for none.
    pub comment: String,
}

impl TableColumn {
    fn resource(self) -> glue::TableColumn {
        glue::TableColumn {
            name: Some(self.name.into()),
            kind: Some(self.kind.into()),
            comment: said(&self.comment).map(Into::into),
        }
    }
}

/// The text of a description or parameter; `None` if it is empty. A space is inserted into `${`, because linters
/// take `${` for a variable of `Fn::Sub`.
fn said(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.replace("${", "$ {"))
}

/// The format of a table's files, by its names in the Data Catalog.
///
/// Source: "Supported SerDes and data formats" in the Athena user guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableFormat {
    classification: &'static str,
    input: &'static str,
    output: &'static str,
    library: &'static str,
}

impl TableFormat {
    /// Comma-separated values.
    pub const CSV: Self = Self {
        classification: "csv",
        input: "org.apache.hadoop.mapred.TextInputFormat",
        output: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        library: "org.apache.hadoop.hive.serde2.OpenCSVSerde",
    };
    /// JSON Lines.
    pub const JSON: Self = Self {
        classification: "json",
        input: "org.apache.hadoop.mapred.TextInputFormat",
        output: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        library: "org.openx.data.jsonserde.JsonSerDe",
    };
    /// Apache Parquet.
    pub const PARQUET: Self = Self {
        classification: "parquet",
        input: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        output: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        library: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    };
}

/// A table in the Data Catalog.
#[derive(Debug, Clone)]
pub struct Table {
    /// The database that contains the table.
    pub database: DatabaseHandle,
    /// The table's name.
    pub name: String,
    /// The location of its files, as `s3://bucket/path/`.
    pub location: String,
    /// The format of its files.
    pub format: TableFormat,
    /// Its columns in order.
    pub columns: Vec<TableColumn>,
    /// Its partition keys in order.
    pub partitions: Vec<TableColumn>,
    /// The description; empty for none.
    pub description: String,
    /// Table parameters besides those that Glue and Athena read.
    pub parameters: Vec<(&'static str, String)>,
    /// Whether the table is retained when it is removed from the stack.
    pub retain: bool,
    /// Resources that are created before the table.
    pub after: Vec<LogicalId>,
}

impl Construct for Table {
    type Handle = Ref<glue::Table>;

    fn build(self, scope: &mut Scope<'_>) -> Ref<glue::Table> {
        let account = scope.spec().place.account.clone();
        let columns = self.columns.into_iter().map(TableColumn::resource);
        let partitions: Vec<glue::TableColumn> =
            self.partitions.into_iter().map(TableColumn::resource).collect();
        let TableFormat { classification, input, output, library } = self.format;
        let descriptor = glue::TableStorageDescriptor {
            columns: Some(columns.collect()),
            location: Some(self.location.into()),
            input_format: Some(input.into()),
            output_format: Some(output.into()),
            serde_info: Some(glue::TableSerdeInfo {
                serialization_library: Some(library.into()),
                ..glue::TableSerdeInfo::default()
            }),
            ..glue::TableStorageDescriptor::default()
        };
        // A crawler compares the last two parameters with its own results, and marks a table that lacks them as
        // deprecated.
        let mut parameters = Map::new()
            .with("EXTERNAL", "TRUE")
            .with("classification", classification)
            .with("compressionType", "none")
            .with("typeOfData", "file");
        for (name, value) in self.parameters {
            if let Some(value) = said(&value) {
                parameters = parameters.with(name, value);
            }
        }
        let table = glue::TableTableInput {
            name: Some(self.name.into()),
            description: said(&self.description).map(Into::into),
            table_type: Some("EXTERNAL_TABLE".into()),
            partition_keys: (!partitions.is_empty()).then_some(partitions),
            parameters: Some(json(parameters)),
            storage_descriptor: Some(descriptor),
            ..glue::TableTableInput::default()
        };
        let resource = glue::Table {
            catalog_id: Some(account.into()),
            database_name: Some(self.database.name()),
            table_input: Some(table),
            ..glue::Table::default()
        };
        let options = Options { depends_on: self.after, ..Options::retain(self.retain) };
        scope.resource(resource, options)
    }
}

/// A Glue security configuration: how Glue encrypts logs, bookmarks and its output in S3.
#[derive(Debug, Clone)]
pub struct SecurityConfiguration {
    /// The beginning of the name. A hash of the key's alias follows, because Glue cannot change a security
    /// configuration: another key needs a new one under another name.
    pub name: String,
    /// The key that encrypts logs and bookmarks.
    pub key: KeyHandle,
    /// The key's alias.
    pub alias: String,
    /// How output in S3 is encrypted.
    pub data: Encryption,
}

impl Construct for SecurityConfiguration {
    type Handle = Expr<Name<glue::SecurityConfiguration>>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let name = format!("{}-{}", self.name, hex_prefix(self.alias.as_bytes(), 8));
        let arn = self.key.arn();
        let logs = glue::SecurityConfigurationCloudWatchEncryption {
            cloud_watch_encryption_mode: Some("SSE-KMS".into()),
            kms_key_arn: Some(arn.clone()),
        };
        let bookmarks = glue::SecurityConfigurationJobBookmarksEncryption {
            job_bookmarks_encryption_mode: Some("CSE-KMS".into()),
            kms_key_arn: Some(arn),
        };
        let data = match self.data {
            Encryption::Kms(key) => glue::SecurityConfigurationS3Encryption {
                s3_encryption_mode: Some("SSE-KMS".into()),
                kms_key_arn: Some(key.arn()),
            },
            Encryption::S3Managed => glue::SecurityConfigurationS3Encryption {
                s3_encryption_mode: Some("SSE-S3".into()),
                kms_key_arn: None,
            },
        };
        let resource = glue::SecurityConfiguration {
            name: Some(name.into()),
            encryption_configuration: Some(glue::SecurityConfigurationEncryptionConfiguration {
                cloud_watch_encryption: Some(logs),
                job_bookmarks_encryption: Some(bookmarks),
                s3_encryptions: Some(vec![data]),
            }),
        };
        scope.resource(resource, Options::default()).name()
    }
}

/// A crawler that adds and updates the tables of a database.
#[derive(Debug, Clone)]
pub struct Crawler {
    /// The name.
    pub name: String,
    /// The role that the crawler assumes.
    pub role: RoleHandle,
    /// The database.
    pub database: DatabaseHandle,
    /// The location to crawl, as `s3://bucket/path/`.
    pub target: String,
    /// Paths below the location that the crawler excludes, because their tables are declared.
    pub declared: Vec<String>,
    /// The schedule, as `cron(...)`; `None` for runs on demand only.
    pub schedule: Option<String>,
    /// The prefix of the names of tables that the crawler creates; may be empty.
    pub prefix: String,
    /// The queue with S3 events since the last run. Without a queue, each run lists the whole location.
    pub events: Option<Expr<Arn<sqs::Queue>>>,
    /// The security configuration, which encrypts its logs.
    pub security: Expr<Name<glue::SecurityConfiguration>>,
    /// Dependencies: the resources and policies that let the role read.
    pub after: Options,
}

impl Construct for Crawler {
    type Handle = Ref<glue::Crawler>;

    fn build(self, scope: &mut Scope<'_>) -> Ref<glue::Crawler> {
        // Paths contain no glob characters, so appending `/**` is safe.
        let excluded = self.declared.iter().map(|path| format!("{path}/**").into());
        let target = glue::CrawlerS3Target {
            path: Some(self.target.into()),
            exclusions: (!self.declared.is_empty()).then(|| excluded.collect()),
            event_queue_arn: self.events.clone().map(Into::into),
            ..glue::CrawlerS3Target::default()
        };
        let resource = glue::Crawler {
            name: Some(self.name.into()),
            role: Some(self.role.arn()),
            database_name: Some(self.database.name()),
            crawler_security_configuration: Some(self.security),
            targets: Some(glue::CrawlerTargets {
                s3_targets: Some(vec![target]),
                ..glue::CrawlerTargets::default()
            }),
            schedule: self.schedule.map(|schedule| glue::CrawlerSchedule {
                schedule_expression: Some(schedule.into()),
            }),
            table_prefix: (!self.prefix.is_empty()).then(|| self.prefix.into()),
            recrawl_policy: self.events.map(|_| glue::CrawlerRecrawlPolicy {
                recrawl_behavior: Some("CRAWL_EVENT_MODE".into()),
            }),
            configuration: Some(OUTPUT.into()),
            // The crawler marks tables of deleted files as deprecated and keeps them, because shares may name
            // them.
            schema_change_policy: Some(glue::CrawlerSchemaChangePolicy {
                delete_behavior: Some("DEPRECATE_IN_DATABASE".into()),
                update_behavior: Some("UPDATE_IN_DATABASE".into()),
            }),
            ..glue::Crawler::default()
        };
        scope.resource(resource, self.after)
    }
}

/// Partitions inherit the settings of their table, and new columns are added to the existing ones.
///
/// Source: "Setting crawler configuration options" in the Glue developer guide.
const OUTPUT: &str = r#"{"Version":1.0,"CrawlerOutput":{"Partitions":{"AddOrUpdateBehavior":"InheritFromTable"},"Tables":{"AddOrUpdateBehavior":"MergeNewColumns"}}}"#;

/// A Glue job that runs a script.
#[derive(Debug, Clone)]
pub struct Job {
    /// The name.
    pub name: String,
    /// The description.
    pub description: String,
    /// The role that the job assumes.
    pub role: RoleHandle,
    /// The script's location, as `s3://bucket/key`.
    pub script: String,
    /// The arguments that the script receives.
    pub arguments: Vec<(&'static str, Text)>,
    /// The security configuration, which encrypts its logs and bookmarks.
    pub security: Expr<Name<glue::SecurityConfiguration>>,
}

impl Construct for Job {
    type Handle = Expr<Name<glue::Job>>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let arguments: Map = self
            .arguments
            .into_iter()
            .map(|(name, value)| (name.into(), Value::Text(value)))
            .collect();
        let resource = glue::Job {
            name: Some(self.name.into()),
            description: Some(printable(&self.description).into()),
            role: Some(self.role.arn()),
            command: Some(glue::JobJobCommand {
                name: Some("glueetl".into()),
                python_version: Some("3".into()),
                script_location: Some(self.script.into()),
                ..glue::JobJobCommand::default()
            }),
            default_arguments: Some(json(arguments)),
            execution_property: Some(glue::JobExecutionProperty {
                max_concurrent_runs: Some(3.into()),
            }),
            glue_version: Some("5.0".into()),
            number_of_workers: Some(2.into()),
            worker_type: Some("G.1X".into()),
            timeout: Some(120.into()),
            security_configuration: Some(self.security),
            ..glue::Job::default()
        };
        scope.resource(resource, Options::default()).name()
    }
}

/// A trigger that starts a job on a schedule.
///
/// Glue activates a trigger when it is created, but not when it is changed. So the name contains a hash of the
/// schedule, and another schedule creates another trigger.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// The beginning of the name; a hash of the schedule follows.
    pub name: String,
    /// The job to start.
    pub job: Expr<Name<glue::Job>>,
    /// The schedule, as `cron(...)`.
    pub schedule: String,
}

impl Construct for Trigger {
    type Handle = Ref<glue::Trigger>;

    fn build(self, scope: &mut Scope<'_>) -> Ref<glue::Trigger> {
        let name = format!("{}-{}", self.name, hex_prefix(self.schedule.as_bytes(), 8));
        let resource = glue::Trigger {
            name: Some(name.into()),
            kind: Some("SCHEDULED".into()),
            schedule: Some(self.schedule.into()),
            start_on_creation: Some(true.into()),
            actions: Some(vec![glue::TriggerAction {
                job_name: Some(self.job),
                ..glue::TriggerAction::default()
            }]),
            ..glue::Trigger::default()
        };
        scope.resource(resource, Options::default())
    }
}

#[cfg(test)]
mod tests;
