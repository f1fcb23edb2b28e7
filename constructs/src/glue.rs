//! The Glue catalog and what fills it: databases, tables, crawlers, jobs.

use lakewright_synth::{Construct, Options, Scope};
use lakewright_template::digest::hex_prefix;
use lakewright_template::{AccountId, Arn, Expr, LogicalId, Map, Name, Ref, Text, Value};

use crate::bucket::Encryption;
use crate::cfn::{glue, sqs};
use crate::key::KeyHandle;
use crate::role::{RoleHandle, json, printable};

/// A database in the account's catalog, governed by Lake Formation alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// The database's name: 255 lower-case letters, digits, `_` and `-` at most.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Where its tables lie unless they say otherwise, as `s3://bucket/path/`.
    pub location: String,
    /// Whether it stays when it leaves the stack.
    pub retain: bool,
    /// The database that this one is a link to.
    pub link: Option<DatabaseLink>,
    /// What must be there first.
    pub after: Vec<LogicalId>,
}

/// A database of another account or region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseLink {
    /// The account of its catalog.
    pub account: AccountId,
    /// Its name.
    pub database: String,
    /// Its region, when that is another one.
    pub region: Option<String>,
}

/// A database: of this stack, or one that exists already.
#[derive(Debug, Clone)]
pub struct DatabaseHandle {
    name: String,
    reference: Option<Ref<glue::Database>>,
}

impl DatabaseHandle {
    /// A database that exists already. It cannot be deleted from here.
    pub fn imported(name: &str) -> Self {
        Self { name: name.to_owned(), reference: None }
    }

    /// The database's name; of a database of this stack, whoever uses it waits for it.
    pub fn name(&self) -> Expr<Name<glue::Database>> {
        match &self.reference {
            Some(reference) => reference.name(),
            None => Expr::known_name(self.name.clone()),
        }
    }

    /// The database's logical id, when it belongs to this stack.
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
            // Without this, everybody with IAM permissions could read new tables.
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
    /// The type, as Hive names it.
    pub kind: String,
    /// What it is for; empty where nothing is said.
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

/// What somebody has said of a table or a column, when they have. Linters take `${` for a variable of `Fn::Sub`.
fn said(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.replace("${", "$ {"))
}

/// The format of a table's files: its names in the catalog.
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

/// A table in the catalog.
#[derive(Debug, Clone)]
pub struct Table {
    /// The database.
    pub database: DatabaseHandle,
    /// The table's name.
    pub name: String,
    /// Where its files lie, as `s3://bucket/path/`.
    pub location: String,
    /// The format of its files.
    pub format: TableFormat,
    /// Its columns in order.
    pub columns: Vec<TableColumn>,
    /// Its partition keys in order.
    pub partitions: Vec<TableColumn>,
    /// What it is for; empty where nothing is said.
    pub description: String,
    /// Parameters beside those that Glue and Athena read.
    pub parameters: Vec<(&'static str, String)>,
    /// Whether it stays when it leaves the stack.
    pub retain: bool,
    /// What must be there first.
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
        // A crawler compares the last two with what it finds, and marks a table that lacks them as deprecated.
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

/// How Glue encrypts logs, bookmarks and what it writes to S3.
#[derive(Debug, Clone)]
pub struct SecurityConfiguration {
    /// How the name begins. A digest of the key's name follows, as Glue cannot change a configuration: with
    /// another key, another one is made beside it.
    pub name: String,
    /// The key for logs and bookmarks.
    pub key: KeyHandle,
    /// The key's alias.
    pub alias: String,
    /// How what is written to S3 is encrypted.
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

/// A crawler that keeps a database's tables up to date.
#[derive(Debug, Clone)]
pub struct Crawler {
    /// The name.
    pub name: String,
    /// The role it runs as.
    pub role: RoleHandle,
    /// The database.
    pub database: DatabaseHandle,
    /// What it crawls, as `s3://bucket/path/`.
    pub target: String,
    /// The paths below it of tables that are declared: it leaves them alone.
    pub declared: Vec<String>,
    /// When it runs, as `cron(...)`.
    pub schedule: Option<String>,
    /// How the names of tables that it finds begin; empty for the names of their folders.
    pub prefix: String,
    /// The queue that tells what has changed since it ran; without one it lists everything each time.
    pub events: Option<Expr<Arn<sqs::Queue>>>,
    /// How its logs are encrypted.
    pub security: Expr<Name<glue::SecurityConfiguration>>,
    /// What must be there first: what lets the role read.
    pub after: Options,
}

impl Construct for Crawler {
    type Handle = Ref<glue::Crawler>;

    fn build(self, scope: &mut Scope<'_>) -> Ref<glue::Crawler> {
        // Its patterns are no user's text: paths have none of the characters of a glob.
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
            // Tables of deleted files are marked, never dropped: shares may name them.
            schema_change_policy: Some(glue::CrawlerSchemaChangePolicy {
                delete_behavior: Some("DEPRECATE_IN_DATABASE".into()),
                update_behavior: Some("UPDATE_IN_DATABASE".into()),
            }),
            ..glue::Crawler::default()
        };
        scope.resource(resource, self.after)
    }
}

/// Partitions are as their table is, and columns that are new come to those that are there.
///
/// Source: "Setting crawler configuration options" in the Glue developer guide.
const OUTPUT: &str = r#"{"Version":1.0,"CrawlerOutput":{"Partitions":{"AddOrUpdateBehavior":"InheritFromTable"},"Tables":{"AddOrUpdateBehavior":"MergeNewColumns"}}}"#;

/// A Glue job that runs a script.
#[derive(Debug, Clone)]
pub struct Job {
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The role it runs as.
    pub role: RoleHandle,
    /// The script, as `s3://bucket/key`.
    pub script: String,
    /// Arguments of the script.
    pub arguments: Vec<(&'static str, Text)>,
    /// How its logs and bookmarks are encrypted.
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

/// What starts a job on a schedule.
///
/// A trigger is started when it is made, and not when it is changed: so each schedule has a name of its own, and
/// a change makes another trigger.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// How the name begins.
    pub name: String,
    /// The job.
    pub job: Expr<Name<glue::Job>>,
    /// When, as `cron(...)`.
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
