use lakewright_template::DeletionPolicy;

use super::*;
use crate::testing::{Built, ELSEWHERE, account, built, key, role, waits_for};

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

/// "Resource links in Lake Formation" in its developer guide: a link has a name and a target, and no data of its own.
#[test]
fn a_link_names_its_target_and_has_no_location_of_its_own() {
    let stack = built(|scope| {
        let link = DatabaseLink {
            account: account(ELSEWHERE),
            database: "theirs".to_owned(),
            region: Some("eu-central-1".to_owned()),
        };
        scope.add("Link", Database { link: Some(link), ..database() });
    });
    assert_eq!(
        stack.property(DATABASE, "DatabaseInput"),
        concat!(
            r#"{"Name":"orders","TargetDatabase":{"CatalogId":"444455556666","DatabaseName":"theirs","#,
            r#""Region":"eu-central-1"}}"#
        )
    );
}

/// `Ref` of "AWS::Glue::Database" in the CloudFormation template reference is its name, and makes the table wait for it.
#[test]
fn a_table_waits_for_the_database_of_its_stack_only() {
    let own = built(|scope| {
        let handle = scope.add("Database", database());
        scope.add("Table", table(handle));
    });
    assert_eq!(own.property(TABLE, "DatabaseName"), r#"{"Ref":"Database"}"#);
    let imported = stack_of(|table| table);
    assert_eq!(imported.property(TABLE, "DatabaseName"), r#""orders""#);
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

fn security(alias: &str, own_bucket: bool) -> Built {
    built(|scope| {
        let key = key(scope);
        let data = if own_bucket { Encryption::Kms(key.clone()) } else { Encryption::S3Managed };
        let (name, alias) = ("orders".to_owned(), alias.to_owned());
        scope.add("Security", SecurityConfiguration { name, key, alias, data });
    })
}

/// "Working with security configurations on the AWS Glue console" in the Glue developer guide: `SSE-KMS` for logs,
/// `CSE-KMS` for job bookmarks, `SSE-KMS` or `SSE-S3` for data.
#[test]
fn logs_and_bookmarks_are_encrypted_with_the_key_wherever_the_data_lies() {
    let key = r#""KmsKeyArn":{"Fn::GetAtt":["Key","Arn"]}"#;
    let expected = |data: &str| {
        format!(
            r#"{{"CloudWatchEncryption":{{"CloudWatchEncryptionMode":"SSE-KMS",{key}}},"JobBookmarksEncryption":{{"JobBookmarksEncryptionMode":"CSE-KMS",{key}}},"S3Encryptions":[{{{data}}}]}}"#
        )
    };
    let own = security("orders", true).property(SECURITY, "EncryptionConfiguration");
    assert_eq!(own, expected(&format!(r#"{key},"S3EncryptionMode":"SSE-KMS""#)));
    let imported = security("orders", false).property(SECURITY, "EncryptionConfiguration");
    assert_eq!(imported, expected(r#""S3EncryptionMode":"SSE-S3""#));
}

/// "Update requires: Replacement" of every property of "AWS::Glue::SecurityConfiguration" in the CloudFormation template
/// reference: a replacement needs another name. The digest of `docs/stacks/dataset.md`.
#[test]
fn another_key_has_a_configuration_of_another_name() {
    let name = |alias| security(alias, true).property(SECURITY, "Name");
    assert_eq!(name("orders"), name("orders"));
    assert_ne!(name("orders"), name("orders-2"));
    assert!(name("orders").starts_with(r#""orders-"#));
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

/// "How to exclude files from a crawl" in the Glue developer guide: `**` crosses folders. `docs/stacks/dataset.md`: the
/// crawler neither changes nor deprecates declared tables, and keeps tables of deleted files.
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
    assert_eq!(stack.property(CRAWLER, "CrawlerSecurityConfiguration"), r#""orders-security""#);
    assert_eq!(stack.property(CRAWLER, "Schedule"), "");
    assert_eq!(waits_for(stack.one(CRAWLER)), ["Database"]);
}

/// "Accelerating crawls using Amazon S3 event notifications" in the Glue developer guide: `CRAWL_EVENT_MODE` reads the
/// queue of the target; without a queue there is nothing to read.
#[test]
fn a_crawler_reads_events_only_from_its_own_queue() {
    let stack = crawler(&[], true);
    assert_eq!(
        stack.property(CRAWLER, "Targets"),
        r#"{"S3Targets":[{"EventQueueArn":"arn:aws:sqs:eu-west-1:111122223333:events","Path":"s3://orders-data/"}]}"#
    );
    let event_mode = r#"{"RecrawlBehavior":"CRAWL_EVENT_MODE"}"#;
    assert_eq!(stack.property(CRAWLER, "RecrawlPolicy"), event_mode);
    assert_eq!(crawler(&[], false).property(CRAWLER, "RecrawlPolicy"), "");
}

/// "Setting crawler configuration options" in the Glue developer guide: `MergeNewColumns` adds new columns and does not
/// remove or change existing ones, `InheritFromTable` gives partitions the table's properties.
#[test]
fn a_crawler_adds_columns_and_removes_none() {
    let configuration = crawler(&[], false).property(CRAWLER, "Configuration");
    for option in [
        r#"\"Partitions\":{\"AddOrUpdateBehavior\":\"InheritFromTable\"}"#,
        r#"\"Tables\":{\"AddOrUpdateBehavior\":\"MergeNewColumns\"}"#,
    ] {
        assert!(configuration.contains(option), "{configuration}");
    }
}

/// "AWS::Glue::Job" in the CloudFormation template reference: `SecurityConfiguration` encrypts what the job writes.
#[test]
fn a_job_runs_as_its_role_under_the_security_configuration() {
    let stack = built(|scope| {
        let job = Job {
            name: "orders-profiler".to_owned(),
            description: "Profiles ${tables}".to_owned(),
            role: role(scope),
            script: "s3://code/profile.py".to_owned(),
            arguments: vec![("--database", "orders".into())],
            security: Expr::known_name("orders-security"),
        };
        let job = scope.add("Job", job);
        let schedule = "cron(0 3 ? * MON *)".to_owned();
        scope.add("Daily", Trigger { name: "profile".to_owned(), job, schedule });
    });
    let job = "AWS::Glue::Job";
    assert_eq!(stack.property(job, "Role"), r#"{"Fn::GetAtt":["Role","Arn"]}"#);
    assert_eq!(stack.property(job, "SecurityConfiguration"), r#""orders-security""#);
    assert_eq!(stack.property(job, "DefaultArguments"), r#"{"--database":"orders"}"#);
    assert_eq!(stack.property(job, "Description"), r#""Profiles $ {tables}""#);
    let trigger = "AWS::Glue::Trigger";
    assert_eq!(stack.property(trigger, "Actions"), r#"[{"JobName":{"Ref":"Job"}}]"#);
}

/// `StartOnCreation` of "AWS::Glue::Trigger" in the CloudFormation template reference: a scheduled trigger is activated
/// when it is created, so another schedule needs another trigger (`docs/stacks/dataset.md`).
#[test]
fn another_schedule_is_another_trigger_that_starts_at_once() {
    let trigger = |schedule: &str| {
        built(|scope| {
            let (name, schedule) = ("profile".to_owned(), schedule.to_owned());
            scope.add("Trigger", Trigger { name, job: Expr::known_name("job"), schedule });
        })
    };
    let name = |schedule| trigger(schedule).property("AWS::Glue::Trigger", "Name");
    assert_eq!(name("cron(0 3 * * ? *)"), name("cron(0 3 * * ? *)"));
    assert_ne!(name("cron(0 3 * * ? *)"), name("cron(0 4 * * ? *)"));
    let stack = trigger("cron(0 3 * * ? *)");
    assert_eq!(stack.property("AWS::Glue::Trigger", "StartOnCreation"), "true");
}
