//! Fields of a dataset's document, from the mesh to the template.

use lakewright_manifest::SourceFile;
use lakewright_stacks::Synthesized;
use lakewright_template::StackKind;
use serde_json::Value;

use crate::run::{BASE, mesh, resolved, synthesized};

/// The base mesh with a dataset that has these lines, followed by other documents.
fn with(lines: &str, others: &str) -> Vec<SourceFile> {
    let dataset =
        "kind: Dataset\nid: data\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [k]\n";
    let text = format!("{dataset}{lines}{others}");
    [("base.yaml", BASE.to_owned()), ("data.yaml", text)]
        .map(|(path, text)| SourceFile { path: path.to_owned(), text })
        .into()
}

/// The findings in a mesh, each with its code.
fn found(sources: &[SourceFile]) -> Vec<String> {
    let (_, report) = resolved(sources);
    report.iter().map(|one| format!("{}: {}", one.code.as_str(), one.message)).collect()
}

fn stack(sources: &[SourceFile]) -> Synthesized {
    let stacks = synthesized(&mesh(sources)).into_iter();
    let mut own =
        stacks.filter(|one| one.entry.kind == StackKind::Dataset && one.entry.id == "data");
    own.next().expect("the dataset's stack")
}

/// The properties of the resources of a type in the dataset's template.
fn properties(sources: &[SourceFile], kind: &str) -> Vec<Value> {
    let template: Value = serde_json::from_str(&stack(sources).json).expect("JSON");
    let resources = template["Resources"].as_object().expect("resources").values();
    let own = resources.filter(|one| one["Type"] == kind);
    own.map(|one| one["Properties"].clone()).collect()
}

const NOTHING: [&str; 0] = [];

/// An environment with its team, and a domain whose team occurs nowhere else.
const OTHERS: &str = "---\nkind: Environment\nid: far\norganization: org\naccount: \"333333333333\"\nregion: eu-west-1\n\
                      team: Elsewhere\nlinked_by: Owners\n---\nkind: Domain\nid: finance\nowners: [Council]\n";

#[test]
fn any_teams_of_the_mesh_are_stewards() {
    for stewards in ["Readers", "[Readers]", "[Council, Elsewhere, Readers]"] {
        let lines = format!("stewards: {stewards}\n");
        assert_eq!(found(&with(&lines, OTHERS)), NOTHING, "{stewards}");
    }
    let share = |team: &str| {
        format!(
            "{OTHERS}---\nkind: Share\nid: all\ndataset: data\nenvironment: dev\nteam: Readers\n\
             items: [{{ bucket: true }}]\nstatus: approved\napproved_by: {team}\n"
        )
    };
    for team in ["Council", "Elsewhere", "Owners"] {
        let sources = with("stewards: [Council, Elsewhere]\n", &share(team));
        assert_eq!(found(&sources), NOTHING, "{team}");
    }
    assert_eq!(
        found(&with("stewards: [Council, Elsewhere]\n", &share("Readers"))),
        ["share-approval: team `Readers` may not approve shares of dataset `data`"]
    );
    assert_eq!(
        found(&with("stewards: [Readers, Readrs]\n", "")),
        ["unknown-reference: there is no team `Readrs` in the mesh"]
    );
    assert_eq!(
        found(&with("stewards: []\n", "")),
        ["invalid-value: dataset `data` has an empty list of stewards"]
    );
    assert_eq!(
        found(&with("stewards: { team: Readers }\n", "")),
        ["wrong-type: expected text, got a mapping"]
    );
}

/// The governance rules (DA-11): stewards can reach the content of a dataset. Stewards of other environments have no role
/// here.
#[test]
fn stewards_of_the_environment_read_and_others_are_named_nowhere() {
    let sources = with("stewards: [Elsewhere, Limited, Readers]\n", OTHERS);
    let policies = properties(&sources, "AWS::S3::BucketPolicy");
    let readers = policies[0]["PolicyDocument"]["Statement"]
        .as_array()
        .expect("statements")
        .iter()
        .find(|one| one["Sid"].as_str().is_some_and(|sid| sid.starts_with("ReadData")))
        .expect("the stewards' statement")["Principal"]["AWS"]
        .as_array()
        .expect("two roles")
        .len();
    assert_eq!(readers, 2);
    let text = stack(&sources).json;
    assert!(!text.contains("333333333333") && !text.contains("elsewhere"), "{text}");
}

const TABLE: &str = "tables:\n  - name: orders\n    columns:\n      - { name: id, type: bigint";

/// "Column" in the Glue web API reference, and `TableInput` in the Glue developer guide: comments of 255 bytes in one line,
/// descriptions of 2,048 bytes, parameters by name.
#[test]
fn what_is_said_of_a_table_stands_in_the_catalog() {
    let text = format!(
        "{TABLE}, description: 'The number, ${{id}}', keywords: [key], glossary: [Order] }}\n    \
         description: All orders\n    keywords: [a, b]\n    glossary: [Order]\n  - {{ name: found, description: Later }}\n\
         folders:\n  - {{ id: exports, prefix: exports/, description: Out, keywords: [c], glossary: [Order] }}\n"
    );
    let tables = properties(&with(&text, ""), "AWS::Glue::Table");
    assert_eq!(tables.len(), 1);
    let table = &tables[0]["TableInput"];
    assert_eq!(table["Description"], "All orders");
    assert_eq!(table["Parameters"]["lakewright.keywords"], "a, b");
    assert_eq!(table["Parameters"]["lakewright.glossary"], "Order");
    let column = &table["StorageDescriptor"]["Columns"][0];
    assert_eq!(column["Comment"], "The number, $ {id}");
    // Without descriptions in the mesh, the template has none.
    let plain = properties(&with(&format!("{TABLE} }}\n"), ""), "AWS::Glue::Table");
    let table = &plain[0]["TableInput"];
    let has = [
        &table["Description"],
        &table["PartitionKeys"],
        &table["Parameters"]["lakewright.glossary"],
    ];
    assert!(has.iter().all(|one| one.is_null()), "{table}");
    assert!(table["StorageDescriptor"]["Columns"][0]["Comment"].is_null(), "{table}");
}

#[test]
fn what_glue_does_not_take_of_a_table_is_said_at_its_line() {
    let of_column = |text: &str| with(&format!("{TABLE}, description: {text} }}\n"), "");
    assert_eq!(found(&of_column(&"x".repeat(255))), NOTHING);
    assert_eq!(
        found(&of_column(&"é".repeat(128))),
        ["limit-exceeded: a column's description has 256 bytes, and Glue takes 255 at the most"]
    );
    assert_eq!(
        found(&of_column("\"two\\nlines\"")),
        ["invalid-value: a column's description is one line, and this one has a line break"]
    );
    let of_table = |bytes: usize, columns: &str| {
        let said = "x".repeat(bytes);
        with(&format!("tables:\n  - name: orders\n    description: {said}\n{columns}"), "")
    };
    let columns = "    columns: [{ name: id, type: int }]\n";
    assert_eq!(found(&of_table(2_048, columns)), NOTHING);
    assert_eq!(
        found(&of_table(2_049, columns)),
        ["limit-exceeded: a table's description has 2049 bytes, and Glue takes 2048 at the most"]
    );
    // Tables that a crawler finds have no description.
    assert_eq!(found(&of_table(2_049, "")), NOTHING);
    assert_eq!(
        found(&with(&format!("{TABLE}, description: '{{{{resolve:ssm:x}}}}' }}\n"), "")),
        ["dynamic-reference: this description has a dynamic reference (`{{resolve:...}}`) in it"]
    );
}

/// Terms of tables, columns and folders need the same tenant permission, to manage glossaries, as terms of a dataset.
#[test]
fn terms_of_tables_columns_and_folders_take_the_permission_for_glossaries() {
    let denied = BASE.replacen(
        "permissions:\n",
        "permissions:\n  Owners: { deny: [manage_glossaries] }\n",
        1,
    );
    let found = |lines: &str| {
        let mut sources = with(lines, "");
        sources[0].text.clone_from(&denied);
        found(&sources)
    };
    let lacks = |part: &str| {
        vec![format!(
            "tenant-permission: team `Owners` lacks the tenant's `manage_glossaries`, which the glossary terms of {part} needs"
        )]
    };
    assert_eq!(
        found("tables:\n  - { name: orders, glossary: [Order] }\n"),
        lacks("table `orders`")
    );
    assert_eq!(found(&format!("{TABLE}, glossary: [Order] }}\n")), lacks("table `orders`"));
    assert_eq!(
        found("folders:\n  - { id: exports, prefix: exports/, glossary: [Order] }\n"),
        lacks("folder `exports`")
    );
    assert_eq!(found("tables:\n  - { name: orders, keywords: [k] }\n"), NOTHING);
}

/// `PartitionKeys` of `TableInput` in the Glue developer guide: "Only primitive types are supported as partition keys".
#[test]
fn partition_keys_are_columns_of_simple_types() {
    let table = |partitions: &str| format!("{TABLE} }}\n    partitions: {partitions}\n");
    let keys = "[{ name: region, type: string, description: Where }, { name: day, type: date }]";
    let tables = properties(&with(&table(keys), ""), "AWS::Glue::Table");
    assert_eq!(
        tables[0]["TableInput"]["PartitionKeys"],
        serde_json::json!([
            { "Comment": "Where", "Name": "region", "Type": "string" },
            { "Name": "day", "Type": "date" },
        ])
    );
    for (keys, message) in [
        (
            "[{ name: day, type: array<date> }]",
            "column-type: a partition key cannot be of type `array<date>`",
        ),
        ("[{ name: day, type: datum }]", "column-type: Glue and Athena have no type `datum`"),
        ("[{ name: id, type: int }]", "duplicate-id: dataset `data` has two columns `id`"),
    ] {
        assert_eq!(found(&with(&table(keys), "")), [message]);
    }
    let without = "tables:\n  - { name: orders, partitions: [{ name: day, type: date }] }\n";
    assert_eq!(found(&with(without, "")), ["field-conflict: partitions without columns"]);
}

/// "PartiQL support in row filter expressions" in the Lake Formation developer guide: the column "can be a top-level data
/// column, a partition column, or a nested column present in the table schema".
#[test]
fn shares_name_partition_keys_like_columns() {
    let share = |item: &str| {
        let table = format!("{TABLE} }}\n    partitions: [{{ name: day, type: string }}]\n");
        let share = format!(
            "---\nkind: Share\nid: part\ndataset: data\nenvironment: dev\nteam: Readers\n\
             items: [{{ table: orders, {item} }}]\nstatus: approved\napproved_by: Owners\n"
        );
        with(&table, &share)
    };
    let sources = share("columns: [day, id], rows: \"day > '2026-01-01'\"");
    assert_eq!(found(&sources), NOTHING);
    let filters = properties(&sources, "AWS::LakeFormation::DataCellsFilter");
    assert_eq!(filters[0]["ColumnNames"], serde_json::json!(["day", "id"]));
    assert_eq!(found(&share("columns: [dya]")), ["share-item: table `orders` has no column `dya`"]);
    assert_eq!(
        found(&share("rows: month = 3")),
        ["row-filter: table `orders` has no column `month`, by which its rows are told"]
    );
}

/// "Accelerating crawls using Amazon S3 event notifications" in the Glue developer guide: the recrawl policy, the queue of
/// the target, and the actions of the crawler's role on it; "Granting permissions to publish event notification messages to
/// a destination" in the S3 user guide: the sender, and its key.
#[test]
fn a_crawler_in_event_mode_has_a_queue_that_this_bucket_alone_fills() {
    let sources = with("crawler: { prefix: raw_, event_mode: true }\n", "");
    let crawler = &properties(&sources, "AWS::Glue::Crawler")[0];
    assert_eq!(crawler["TablePrefix"], "raw_");
    assert_eq!(crawler["RecrawlPolicy"]["RecrawlBehavior"], "CRAWL_EVENT_MODE");
    let queue = &crawler["Targets"]["S3Targets"][0]["EventQueueArn"];
    let bucket = &properties(&sources, "AWS::S3::Bucket")[0];
    let told = bucket["NotificationConfiguration"]["QueueConfigurations"].as_array();
    let told = told.expect("notifications");
    let events: Vec<&Value> = told.iter().map(|one| &one["Event"]).collect();
    assert_eq!(events, ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]);
    assert!(told.iter().all(|one| one["Queue"] == *queue && queue.is_object()), "{told:?}");
    assert!(properties(&sources, "AWS::SQS::Queue")[0]["KmsMasterKeyId"].is_object());

    let name = bucket["BucketName"].as_str().expect("a name");
    let policy = &properties(&sources, "AWS::SQS::QueuePolicy")[0]["PolicyDocument"];
    let statements = policy["Statement"].as_array().expect("statements");
    let of = |sid: &str| statements.iter().find(|one| one["Sid"] == sid).expect("a statement");
    let sends = of("BucketSends");
    assert_eq!(sends["Principal"], serde_json::json!({ "Service": "s3.amazonaws.com" }));
    assert_eq!(sends["Action"], "sqs:SendMessage");
    assert_eq!(sends["Condition"]["ArnEquals"]["aws:SourceArn"], format!("arn:aws:s3:::{name}"));
    assert_eq!(sends["Condition"]["StringEquals"]["aws:SourceAccount"], "222222222222");
    let crawls = of("Crawl");
    assert!(
        crawls["Principal"]["AWS"].is_object(),
        "the dataset's role, and nobody else: {crawls}"
    );
    let actions = [
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ListDeadLetterSourceQueues",
        "sqs:ListQueueTags",
        "sqs:PurgeQueue",
        "sqs:ReceiveMessage",
        "sqs:SetQueueAttributes",
    ];
    assert_eq!(crawls["Action"], serde_json::json!(actions));
    let allowing = statements.iter().filter(|one| one["Effect"] == "Allow").count();
    assert_eq!(allowing, 2, "{statements:?}");
}

/// S3 checks whether it may send before it accepts a notification ("Unable to validate the following destination
/// configurations"), so the queue's policy is created before the bucket.
#[test]
fn the_bucket_waits_for_the_policy_of_its_queue() {
    let text = stack(&with("crawler: { event_mode: true }\n", "")).json;
    let template: Value = serde_json::from_str(&text).expect("JSON");
    let resources = template["Resources"].as_object().expect("resources");
    let id = |kind: &str| resources.iter().find(|(_, one)| one["Type"] == kind).expect(kind).0;
    let waits = resources[id("AWS::S3::Bucket")]["DependsOn"].to_string();
    assert!(waits.contains(id("AWS::SQS::QueuePolicy").as_str()), "{waits}");
}

#[test]
fn without_event_mode_there_is_no_queue_and_imports_have_none() {
    let plain = with("crawler: { schedule: cron(0 1 * * ? *) }\n", "");
    assert!(properties(&plain, "AWS::SQS::Queue").is_empty());
    let crawler = &properties(&plain, "AWS::Glue::Crawler")[0];
    assert!(crawler["RecrawlPolicy"].is_null() && crawler["TablePrefix"].is_null(), "{crawler}");
    let bucket = &properties(&plain, "AWS::S3::Bucket")[0];
    assert!(bucket["NotificationConfiguration"].is_null(), "{bucket}");
    assert_eq!(
        found(&with("import: { bucket: existing-bucket }\ncrawler: { event_mode: true }\n", "")),
        ["field-conflict: a crawler in event mode, and a bucket that is imported"]
    );
    let long = "a".repeat(129);
    assert_eq!(
        found(&with(&format!("crawler: {{ prefix: {long} }}\n"), "")),
        [format!("limit-exceeded: the prefix `{long}` has more than 128 characters")]
    );
}

/// Lake Formation refuses a permission on a table that is not in the catalog (`EntityNotFoundException` of
/// "GrantPermissions" in its API reference).
#[test]
fn a_share_of_a_table_that_a_crawler_will_find_is_a_warning() {
    let warned = |lines: &str, item: &str, status: &str| -> Vec<String> {
        let share = format!(
            "---\nkind: Share\nid: some\ndataset: data\nenvironment: dev\nteam: Readers\nitems: [{item}]\n{status}"
        );
        let mesh = mesh(&with(lines, &share));
        let report = lakewright_stacks::Plan::of(&mesh, None).report;
        assert!(!report.has_errors(), "{report:?}");
        report.iter().map(|one| one.code.as_str().to_owned()).collect()
    };
    let approved = "status: approved\napproved_by: Owners\n";
    let found = "tables: [{ name: orders }]\nfolders: [{ id: f, prefix: f/ }]\n";
    let declared = "tables: [{ name: orders, columns: [{ name: id, type: int }] }]\n";
    let imported = "import: { bucket: existing-bucket, glue_database: existing }\ntables: [{ name: orders }]\n";
    assert_eq!(warned(found, "{ table: orders }", approved), ["crawled-table-share"]);
    assert_eq!(warned(found, "{ table: orders }", "status: submitted\n"), NOTHING);
    assert_eq!(warned(found, "{ folder: f }", approved), NOTHING);
    assert_eq!(warned(declared, "{ table: orders }", approved), NOTHING);
    assert_eq!(warned(imported, "{ table: orders }", approved), NOTHING);
}

/// The handouts of a mesh: each file with its JSON content.
fn handouts(sources: &[SourceFile]) -> Vec<(String, Value)> {
    let mesh = mesh(sources);
    let plan = lakewright_stacks::Plan::of(&mesh, None);
    assert!(!plan.report.has_errors(), "{:?}", plan.report);
    let json = |text: &str| serde_json::from_str(text).expect("JSON");
    plan.handouts.iter().map(|one| (one.path.clone(), json(&one.json))).collect()
}

/// "Allowing users in other accounts to use a KMS key" in the KMS developer guide: the key policy names the role and the
/// actions, and its resource is `*`, the key itself; `kms:ResourceAliases` is for IAM policies.
#[test]
fn the_owner_of_an_imported_key_is_handed_the_statements_for_other_accounts() {
    let import = "import: { bucket: existing-bucket, kms_key_alias: existing/key }\n";
    let share = |environment: &str, team: &str| {
        format!(
            "{OTHERS}---\nkind: Share\nid: all\ndataset: data\nenvironment: {environment}\nteam: {team}\n\
             items: [{{ bucket: true }}]\nstatus: approved\napproved_by: Owners\n"
        )
    };
    let found = handouts(&with(import, &share("far", "Elsewhere")));
    let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["assets/bucket-policies/all.json", "assets/key-policies/all.json"]);
    let statements = found[1].1["Statement"].as_array().expect("statements");
    assert_eq!(statements.len(), 1);
    let role = statements[0]["Principal"]["AWS"].as_str().expect("a role");
    assert!(role.starts_with("arn:aws:iam::333333333333:role/"), "{role}");
    assert_eq!(statements[0]["Action"], serde_json::json!(["kms:Decrypt", "kms:DescribeKey"]));
    assert_eq!(statements[0]["Resource"], "*");
    assert_eq!(
        statements[0]["Condition"],
        serde_json::json!({ "StringEquals": { "kms:ViaService": "s3.eu-west-1.amazonaws.com" } })
    );
    // In the key's own account, IAM policies suffice under the default key policy.
    assert!(handouts(&with(import, &share("dev", "Readers"))).is_empty());
    let unencrypted = "import: { bucket: existing-bucket }\n";
    assert_eq!(handouts(&with(unencrypted, &share("far", "Elsewhere"))).len(), 1);
}

/// What statements allow, as single entries: action, resource and condition.
fn allowed(document: &Value) -> Vec<(String, String, String)> {
    let list = |value: &Value| -> Vec<String> {
        let one = |value: &Value| value.as_str().expect("text").to_owned();
        value.as_array().map_or_else(|| vec![one(value)], |many| many.iter().map(one).collect())
    };
    let mut found = Vec::new();
    for statement in document["Statement"].as_array().expect("statements") {
        assert_eq!(statement["Effect"], "Allow");
        for action in list(&statement["Action"]) {
            let resources = list(&statement["Resource"]);
            let each = resources.into_iter();
            found.extend(each.map(|arn| (action.clone(), arn, statement["Condition"].to_string())));
        }
    }
    found
}

/// An imported role needs the permissions that a role of the mesh would have, and no more.
#[test]
fn the_owner_of_an_imported_team_role_is_handed_what_a_role_of_the_mesh_would_have() {
    let environment = |role: &str| {
        format!(
            "---\nkind: Environment\nid: far\norganization: org\naccount: \"333333333333\"\nregion: eu-west-1\n\
             team: Owners\nfeatures: {{ notebooks: true, subscriptions: true }}\nteams:\n  - team: Guests\n    \
             permissions: [create_dataset, create_notebook, run_athena_query]\n{role}---\nkind: Dataset\nid: old\n\
             environment: far\nteam: Guests\ntopics: [T]\nkeywords: [k]\nimport: {{ bucket: existing-bucket, \
             kms_key_alias: existing/key, glue_database: existing }}\n"
        )
    };
    let arn = "arn:aws:iam::333333333333:role/imported/Guests";
    let imported = with("", &environment(&format!("    iam_role_arn: {arn}\n")));
    let mut handed = Vec::new();
    for (path, document) in handouts(&imported) {
        assert!(path.starts_with("assets/team-policies/lakewright-team-far-guests"), "{path}");
        handed.extend(allowed(&document));
    }

    let made = synthesized(&mesh(&with("", &environment("")))).into_iter();
    let mut made =
        made.filter(|one| one.entry.kind == StackKind::Team && one.entry.id == "far/Guests");
    let template: Value = serde_json::from_str(&made.next().expect("a stack").json).expect("JSON");
    let resources = template["Resources"].as_object().expect("resources").values();
    let mut own = Vec::new();
    let mut role = String::new();
    for resource in resources {
        let properties = &resource["Properties"];
        match resource["Type"].as_str() {
            Some("AWS::IAM::ManagedPolicy") => own.extend(allowed(&properties["PolicyDocument"])),
            Some("AWS::IAM::Role") => {
                let name = properties["RoleName"].as_str().expect("a name");
                role = format!("arn:aws:iam::333333333333:role/{name}");
            }
            _ => {}
        }
    }
    for (_, resource, _) in &mut own {
        if *resource == role {
            arn.clone_into(resource);
        }
    }
    handed.sort();
    own.sort();
    handed.dedup();
    own.dedup();
    assert!(own.len() > 50 && own.iter().any(|(action, ..)| action == "s3:PutObject"), "{own:?}");
    assert_eq!(handed, own);
}
