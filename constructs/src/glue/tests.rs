use lakewright_template::DeletionPolicy;

use super::*;
use crate::testing::{Built, built, key, role, waits_for};

const DATABASE: &str = "AWS::Glue::Database";
const TABLE: &str = "AWS::Glue::Table";
const CRAWLER: &str = "AWS::Glue::Crawler";
const SECURITY: &str = "AWS::Glue::SecurityConfiguration";

fn database() -> Database {
    Database {
        name: "orders".to_owned(),
        description: "Orders".to_owned(),
        location: "s3://orders-data/".to_owned(),
        retain: true,
        link: None,
        after: Vec::new(),
    }
}

fn column(name: &str, comment: &str) -> TableColumn {
    TableColumn { name: name.to_owned(), kind: "string".to_owned(), comment: comment.to_owned() }
}

fn table(database: DatabaseHandle) -> Table {
    Table {
        database,
        name: "lines".to_owned(),
        location: "s3://orders-data/lines/".to_owned(),
        format: TableFormat::PARQUET,
        columns: vec![column("id", "")],
        partitions: Vec::new(),
        description: String::new(),
        parameters: Vec::new(),
        retain: true,
        after: Vec::new(),
    }
}

/// A stack with a table, changed by `with`, of an existing database.
fn stack_of(with: impl FnOnce(Table) -> Table) -> Built {
    built(|scope| {
        scope.add("Table", with(table(DatabaseHandle::imported("orders"))));
    })
}

/// "Changing the default settings for your data lake" in the Lake Formation developer guide: by default
/// `IAMAllowedPrincipals` gets `Super` on new tables; an empty `CreateTableDefaultPermissions` gives nobody anything.
#[test]
fn only_lake_formation_decides_on_new_tables() {
    let stack = built(|scope| {
        scope.add("Database", database());
    });
    assert_eq!(
        stack.property(DATABASE, "DatabaseInput"),
        concat!(
            r#"{"CreateTableDefaultPermissions":[],"Description":"Orders","#,
            r#""LocationUri":"s3://orders-data/","Name":"orders"}"#
        )
    );
    assert_eq!(stack.property(DATABASE, "CatalogId"), r#""111122223333""#);
    let database = stack.one(DATABASE);
    assert_eq!(database.deletion_policy, Some(DeletionPolicy::RetainExceptOnCreate));
}

/// "OpenX JSON SerDe", "Open CSV SerDe" and "Parquet SerDe" in the Athena user guide, under "Choose a SerDe for your data".
#[test]
fn a_format_is_read_with_the_library_that_athena_has_for_it() {
    for (format, classification, library) in [
        (TableFormat::CSV, "csv", "org.apache.hadoop.hive.serde2.OpenCSVSerde"),
        (TableFormat::JSON, "json", "org.openx.data.jsonserde.JsonSerDe"),
        (
            TableFormat::PARQUET,
            "parquet",
            "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        ),
    ] {
        let input = stack_of(|table| Table { format, ..table }).property(TABLE, "TableInput");
        let serde = format!(r#""SerdeInfo":{{"SerializationLibrary":"{library}"}}"#);
        assert!(input.contains(&serde), "{input}");
        let class = format!(r#""classification":"{classification}""#);
        assert!(input.contains(&class), "{input}");
    }
}

/// `docs/stacks/dataset.md`: the catalog gets a declared table's description, its keywords and glossary as parameters, and
/// each column's description as the column's comment. "Fn::Sub" in the CloudFormation template reference: `${` begins a
/// variable.
#[test]
fn what_is_said_of_a_table_is_text_and_what_is_not_said_is_absent() {
    let stack = stack_of(|table| Table {
        columns: vec![column("id", "The ${id}"), column("day", "")],
        partitions: vec![column("region", "")],
        description: "All ${lines}".to_owned(),
        parameters: vec![
            ("lakewright.keywords", "a".to_owned()),
            ("lakewright.glossary", String::new()),
        ],
        ..table
    });
    let input = stack.property(TABLE, "TableInput");
    for part in [
        r#""Columns":[{"Comment":"The $ {id}","Name":"id","Type":"string"},{"Name":"day","Type":"string"}]"#,
        r#""PartitionKeys":[{"Name":"region","Type":"string"}]"#,
        r#""Description":"All $ {lines}""#,
        r#""lakewright.keywords":"a""#,
    ] {
        assert!(input.contains(part), "{part}: {input}");
    }
    assert!(!input.contains("glossary"), "{input}");
    let plain = stack_of(|table| table).property(TABLE, "TableInput");
    assert!(!plain.contains("PartitionKeys") && !plain.contains("Description"), "{plain}");
}

/// A stack with a security configuration, and a job under it.
fn security(alias: &str, own_bucket: bool) -> Built {
    built(|scope| {
        let key = key(scope);
        let data = if own_bucket { Encryption::Kms(key.clone()) } else { Encryption::S3Managed };
        let (name, alias) = ("orders".to_owned(), alias.to_owned());
        let security = scope.add("Security", SecurityConfiguration { name, key, alias, data });
        let job = Job {
            name: "orders-profiler".to_owned(),
            description: "Profiles tables".to_owned(),
            role: role(scope),
            script: "s3://code/profile.py".to_owned(),
            arguments: vec![("--database", "orders".into())],
            security,
        };
        scope.add("Job", job);
    })
}

/// "EncryptionConfiguration structure" in the Glue API reference: `SSE-KMS` for logs, `CSE-KMS` for job bookmarks,
/// `SSE-KMS` or `SSE-S3` for data. A job is encrypted under the configuration that it names.
#[test]
fn logs_and_bookmarks_of_a_job_are_encrypted_with_the_key_wherever_the_data_lies() {
    let key = r#""KmsKeyArn":{"Fn::GetAtt":["Key","Arn"]}"#;
    let expected = |data: &str| {
        format!(
            r#"{{"CloudWatchEncryption":{{"CloudWatchEncryptionMode":"SSE-KMS",{key}}},"JobBookmarksEncryption":{{"JobBookmarksEncryptionMode":"CSE-KMS",{key}}},"S3Encryptions":[{{{data}}}]}}"#
        )
    };
    let stack = security("orders", true);
    let job = stack.property("AWS::Glue::Job", "SecurityConfiguration");
    assert_eq!(job, r#"{"Ref":"Security"}"#);
    let own = stack.property(SECURITY, "EncryptionConfiguration");
    assert_eq!(own, expected(&format!(r#"{key},"S3EncryptionMode":"SSE-KMS""#)));
    let imported = security("orders", false).property(SECURITY, "EncryptionConfiguration");
    assert_eq!(imported, expected(r#""S3EncryptionMode":"SSE-S3""#));
}

/// A stack with a crawler that leaves out `declared` paths.
fn crawler(declared: &[&str], events: bool) -> Built {
    let queue = "arn:aws:sqs:eu-west-1:111122223333:events";
    built(|scope| {
        let handle = scope.add("Database", database());
        let after = handle.logical_id().cloned().into_iter().collect();
        let crawler = Crawler {
            name: "orders-crawler".to_owned(),
            role: role(scope),
            database: handle,
            target: "s3://orders-data/".to_owned(),
            declared: declared.iter().map(|path| (*path).to_owned()).collect(),
            schedule: None,
            prefix: String::new(),
            events: events.then(|| Expr::known_arn(queue)),
            security: Expr::known_name("orders-security"),
            after: Options { depends_on: after, ..Options::default() },
        };
        scope.add("Crawler", crawler);
    })
}

/// "Include and exclude patterns" in the Glue developer guide: `**` crosses folders. `docs/stacks/dataset.md`: the
/// crawler neither changes nor deprecates declared tables, and keeps tables of deleted files. "Setting crawler
/// configuration options": `MergeNewColumns` adds columns, and neither removes nor changes existing ones. "Accelerating
/// crawls using Amazon S3 event notifications": `CRAWL_EVENT_MODE` reads the queue of the target.
#[test]
fn a_crawler_leaves_declared_tables_alone_and_deletes_none() {
    let stack = crawler(&["lines", "raw/days"], false);
    assert_eq!(
        stack.property(CRAWLER, "Targets"),
        r#"{"S3Targets":[{"Exclusions":["lines/**","raw/days/**"],"Path":"s3://orders-data/"}]}"#
    );
    assert_eq!(
        stack.property(CRAWLER, "SchemaChangePolicy"),
        r#"{"DeleteBehavior":"DEPRECATE_IN_DATABASE","UpdateBehavior":"UPDATE_IN_DATABASE"}"#
    );
    let configuration = stack.property(CRAWLER, "Configuration");
    let tables = r#"\"Tables\":{\"AddOrUpdateBehavior\":\"MergeNewColumns\"}"#;
    assert!(configuration.contains(tables), "{configuration}");
    assert_eq!(stack.property(CRAWLER, "CrawlerSecurityConfiguration"), r#""orders-security""#);
    assert_eq!(stack.property(CRAWLER, "Schedule"), "");
    assert_eq!(waits_for(stack.one(CRAWLER)), ["Database"]);
    assert_eq!(stack.property(CRAWLER, "RecrawlPolicy"), "");
    let of_events = crawler(&[], true);
    assert_eq!(
        of_events.property(CRAWLER, "Targets"),
        r#"{"S3Targets":[{"EventQueueArn":"arn:aws:sqs:eu-west-1:111122223333:events","Path":"s3://orders-data/"}]}"#
    );
    let event_mode = r#"{"RecrawlBehavior":"CRAWL_EVENT_MODE"}"#;
    assert_eq!(of_events.property(CRAWLER, "RecrawlPolicy"), event_mode);
}

/// "Update requires: Replacement" of every property of "AWS::Glue::SecurityConfiguration", and `StartOnCreation` of
/// "AWS::Glue::Trigger", which activates a trigger when it is created, in the CloudFormation template reference: another
/// key and another schedule need new resources, so they need other names (`docs/stacks/dataset.md`).
#[test]
fn another_key_or_schedule_is_another_resource() {
    let configuration = |alias: &str| security(alias, true).property(SECURITY, "Name");
    assert_eq!(configuration("orders"), configuration("orders"));
    assert_ne!(configuration("orders"), configuration("orders-2"));
    let trigger = |schedule: &str| {
        let stack = built(|scope| {
            let (name, schedule) = ("profile".to_owned(), schedule.to_owned());
            scope.add("Trigger", Trigger { name, job: Expr::known_name("job"), schedule });
        });
        assert_eq!(stack.property("AWS::Glue::Trigger", "StartOnCreation"), "true");
        stack.property("AWS::Glue::Trigger", "Name")
    };
    assert_eq!(trigger("cron(0 3 * * ? *)"), trigger("cron(0 3 * * ? *)"));
    assert_ne!(trigger("cron(0 3 * * ? *)"), trigger("cron(0 4 * * ? *)"));
}
