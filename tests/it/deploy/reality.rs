//! Deployments on services that behave as public reports say (`tests/emulator/README.md`). Each test covers what the
//! deployer does besides CloudFormation, or despite it.

use std::fs;
use std::process::Command;

use lakewright_template::StackKind;
use serde_json::{Value, json};

use super::{ALLOWED, Emulator, change, ends_with, lab};
use crate::run::{example, root, transcript};

pub(super) const REGION: &str = "us-east-1";

impl Emulator {
    /// Calls a service as a principal of the account.
    pub(crate) fn call(
        &self,
        account: &str,
        service: &str,
        operation: &str,
        parameters: &Value,
    ) -> Value {
        self.call_in(REGION, account, [service, operation], parameters)
    }

    /// The same call in another region.
    pub(super) fn call_in(
        &self,
        region: &str,
        account: &str,
        [service, operation]: [&str; 2],
        parameters: &Value,
    ) -> Value {
        let output = Command::new(root().join("target/python/bin/python"))
            .arg(root().join("tests/emulator/call.py"))
            .args([&self.endpoint(), account, region, service, operation, &parameters.to_string()])
            .output()
            .expect("Python runs");
        assert!(output.status.success(), "{}", transcript(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Whether Lake Formation allows a principal to read that has the IAM permissions.
    fn may_read(
        &self,
        account: &str,
        principal: &str,
        database: &str,
        column: Option<&str>,
    ) -> bool {
        let mut body = json!({
            "account": account, "region": REGION, "principal": principal,
            "database": database, "table": "orders",
        });
        if let Some(column) = column {
            body["column"] = column.into();
        }
        let answer = self.request("POST", "/_test/may-read", &body.to_string());
        let answer: Value = serde_json::from_str(&answer.expect("an answer")).expect("JSON");
        answer["allowed"].as_bool().unwrap_or_else(|| unreachable!("{answer}"))
    }

    /// Creates a database with one table, outside the mesh.
    fn make_orders(&self, account: &str, database: &str, location: &str) {
        let input = json!({ "DatabaseInput": { "Name": database } });
        self.call(account, "glue", "create_database", &input);
        let columns =
            json!([{ "Name": "id", "Type": "int" }, { "Name": "email", "Type": "string" }]);
        let table = json!({ "DatabaseName": database, "TableInput": { "Name": "orders",
            "StorageDescriptor": { "Columns": columns, "Location": location } } });
        self.call(account, "glue", "create_table", &table);
    }

    /// The names of the stacks in the lab's accounts.
    pub(super) fn stacks(&self) -> Vec<String> {
        let accounts = ["111111111111", "222222222222", "333333333333"];
        let looks = accounts.map(|account| self.look(account, REGION)["stacks"].take());
        let names = looks.iter().filter_map(Value::as_object).flat_map(|stacks| stacks.keys());
        names.cloned().collect()
    }

    fn settings(&self, account: &str) -> Value {
        let answer = self.call(account, "lakeformation", "get_data_lake_settings", &json!({}));
        answer["DataLakeSettings"].clone()
    }
}

/// The lab with a table `orders` in its first dataset, to which the share refers.
fn with_orders(folder: &std::path::Path) -> std::path::PathBuf {
    let mesh = lab(folder);
    change(&mesh.join("datasets.yaml"), "- name: mydpdata", "- name: orders");
    change(&mesh.join("shares.yaml"), "- table: mydpdata", "- table: orders");
    mesh
}

#[test]
fn a_second_team_reads_a_table_before_and_not_after() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = with_orders(folder.path());
    let emulator = Emulator::start();
    let account = "222222222222";
    let stranger = "arn:aws:iam::222222222222:role/lab-somebody";
    // AWS's default: every principal with IAM permissions can read new tables.
    emulator.make_orders(account, "made_before", "s3://elsewhere/");
    assert!(emulator.may_read(account, stranger, "made_before", None));
    let deployed = emulator.deploy(&mesh);
    ends_with(&deployed, 0, "default permissions are off now in 222222222222 us-east-1");
    let look = emulator.look(account, REGION);
    let databases = look["databases"].as_array().expect("databases");
    let own =
        databases.iter().filter_map(Value::as_str).find(|one| one.starts_with("lab_dpdataset"));
    let own = own.expect("the dataset's database");
    assert!(!emulator.may_read(account, stranger, own, None));
    // The reader of the share can read, with a role in another account.
    let reader = "arn:aws:iam::333333333333:role/lab-teama-ewsex6a7";
    assert!(emulator.may_read(account, reader, own, None));
    // New databases are closed too; older ones stay as their owner left them.
    emulator.make_orders(account, "made_after", "s3://elsewhere/");
    assert!(!emulator.may_read(account, stranger, "made_after", None));
    assert!(emulator.may_read(account, stranger, "made_before", None));
}

#[test]
fn other_administrators_and_a_newer_version_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    let account = "222222222222";
    let other = "arn:aws:iam::222222222222:role/data-office";
    let gone = "arn:aws:iam::222222222222:role/left-the-company";
    let admin = |arn: &str| json!({ "DataLakePrincipalIdentifier": arn });
    for role in [other, gone] {
        emulator.has_role(role);
    }
    let settings = json!({ "DataLakeSettings": {
        "DataLakeAdmins": [admin(other), admin(gone)], "Parameters": { "CROSS_ACCOUNT_VERSION": "5" },
    } });
    emulator.call(account, "lakeformation", "put_data_lake_settings", &settings);
    emulator.call(account, "iam", "delete_role", &json!({ "RoleName": "left-the-company" }));
    // Lake Formation refuses a list with a role that no longer exists. The deployment reports this before it starts.
    ends_with(&emulator.deploy(&mesh), 6, "do not exist any more");
    let text = transcript(&emulator.deploy(&mesh));
    assert!(text.contains(gone) && !text.contains(other), "{text}");
    emulator.has_role(gone);
    ends_with(&emulator.deploy(&mesh), 0, "0 failed");
    let after = emulator.settings(account);
    let admins = after["DataLakeAdmins"].to_string();
    assert!(admins.contains(other) && admins.contains("lab-execution-us-east-1"), "{admins}");
    assert_eq!(after["Parameters"]["CROSS_ACCOUNT_VERSION"], "5", "{after}");
    assert_eq!(after["CreateTableDefaultPermissions"], json!([]), "{after}");
    // In a new account, the version is raised.
    let science = emulator.settings("333333333333");
    assert_eq!(science["Parameters"]["CROSS_ACCOUNT_VERSION"], "4", "{science}");
}

/// A missing role blocks every change of the list of administrators. So each role is removed from the list with its stack,
/// even if the environment's document was removed earlier.
#[test]
fn roles_of_an_environment_that_left_the_mesh_are_no_administrators_any_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created");
    let administrators = || {
        let settings = emulator.settings("333333333333");
        settings["DataLakeAdmins"].as_array().expect("administrators").len()
    };
    assert_eq!(administrators(), 3, "the roles that deploy, and the pivot role");
    fs::remove_file(mesh.join("shares.yaml")).expect("the share goes");
    for (file, gone) in
        [("mesh.yaml", "id: science\n"), ("datasets.yaml", "environment: science\n")]
    {
        let text = fs::read_to_string(mesh.join(file)).expect("a file");
        let stays: Vec<&str> = text.split("---\n").filter(|one| !one.contains(gone)).collect();
        fs::write(mesh.join(file), stays.join("---\n")).expect("a file");
    }
    ends_with(&emulator.deploy(&mesh), 0, "7 stacks are no longer in the mesh");
    let path = mesh.display().to_string();
    let plan = emulator.lakewright(&["deploy", &path, "--plan"]);
    let plan = String::from_utf8_lossy(&plan.stdout).into_owned();
    let left = plan.lines().filter_map(|line| line.trim().strip_prefix("not in the mesh "));
    for address in left {
        let arguments = ["destroy", &path, "--yes", "--stack", address.trim()];
        ends_with(&emulator.lakewright(&arguments), 0, "1 deleted");
    }
    assert_eq!(administrators(), 0, "each goes with its stack");
}

#[test]
fn tags_change_on_every_resource_and_rights_come_and_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = with_orders(folder.path());
    let emulator = Emulator::start();
    // All reported behaviours at once, including the order of replacement that the registry's schema denies.
    for behaviour in
        ["builds-refused", "lf-list-needs-target", "lf-replaces-create-first", "mails-unconfirmed"]
    {
        emulator.switch(behaviour, true);
    }
    ends_with(&emulator.deploy(&mesh), 0, "16 created");
    // The handler of a key sends only the tags that differ.
    change(&mesh.join("datasets.yaml"), "crawler:", "tags: { Owner: lab }\ncrawler:");
    ends_with(&emulator.deploy(&mesh), 0, "0 created, 1 updated");
    change(&mesh.join("datasets.yaml"), "Owner: lab", "Owner: others");
    ends_with(&emulator.deploy(&mesh), 0, "0 created, 1 updated");
    // Write permissions are added and removed without a change of the read permission.
    let look = emulator.look("222222222222", REGION);
    let databases = look["databases"].as_array().expect("databases");
    let own =
        databases.iter().filter_map(Value::as_str).find(|one| one.starts_with("lab_dpdataset"));
    let own = own.expect("the dataset's database").to_owned();
    let reader = "arn:aws:iam::333333333333:role/lab-teama-ewsex6a7";
    for (from, to) in [("[read]", "[read, write]"), ("[read, write]", "[read]")] {
        change(&mesh.join("shares.yaml"), from, to);
        ends_with(&emulator.deploy(&mesh), 0, "0 failed");
        assert!(emulator.may_read("222222222222", reader, &own, None), "{to}");
    }
    change(&mesh.join("shares.yaml"), "status: approved\n", "status: revoked\n");
    ends_with(&emulator.deploy(&mesh), 0, "0 failed");
    assert!(!emulator.may_read("222222222222", reader, &own, None));

    // Stacks are deleted in several rounds, because others depend on them, until none is left.
    let path = mesh.display().to_string();
    let mut left = emulator.stacks();
    while !left.is_empty() {
        for name in &left {
            let destroyed = emulator.lakewright(&["destroy", &path, "--yes", "--stack", name]);
            let text = transcript(&destroyed);
            assert!(text.contains("1 deleted") || text.contains("is not deleted: "), "{text}");
        }
        let now = emulator.stacks();
        assert!(now.len() < left.len(), "{now:?}");
        left = now;
    }
}

#[test]
fn whoever_sees_no_permissions_does_not_call_them_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = with_orders(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created");
    // Another tool replaces the list of administrators by its own.
    let mut settings = emulator.settings("222222222222");
    let admins = settings["DataLakeAdmins"].as_array_mut().expect("administrators");
    admins.retain(|admin| !admin.to_string().contains("role/lab-deploy-"));
    let body = json!({ "DataLakeSettings": settings });
    emulator.call("222222222222", "lakeformation", "put_data_lake_settings", &body);
    let again = emulator.deploy(&mesh);
    assert_ne!(again.status.code(), Some(0), "{}", transcript(&again));
    assert!(
        transcript(&again).contains("is not among the administrators"),
        "{}",
        transcript(&again)
    );
}

#[test]
fn a_failure_that_goes_away_is_run_once_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    // S3's message about a role that was just created (coverage-roadmap #2124).
    let fault = json!({ "type": "AWS::S3::BucketPolicy", "contains": "lab-dpdataset", "times": 1,
        "message": "Invalid principal in policy" });
    emulator.request("POST", "/_test/fail", &fault.to_string()).expect("an answer");
    let deployed = emulator.deploy(&mesh);
    ends_with(&deployed, 0, "is run once more");
    ends_with(&deployed, 0, "16 created, 0 updated");
}

#[test]
fn policies_are_put_again_when_a_role_that_they_name_is_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created");
    // Somebody deletes the stack of the team that owns the dataset in the console, and thereby its role.
    let team = "lab-team-platform-dataplatformadmin-w4oijpmz";
    let gone = json!({ "StackName": team });
    let open = json!({ "StackName": team, "EnableTerminationProtection": false });
    emulator.call("222222222222", "cloudformation", "update_termination_protection", &open);
    emulator.call("222222222222", "cloudformation", "delete_stack", &gone);
    let again = emulator.deploy(&mesh);
    ends_with(&again, 0, "1 created, 1 updated");
    ends_with(&again, 0, "1 stack with policies that name a role which this run makes");
    let look = emulator.look("222222222222", REGION);
    let buckets = look["buckets"].as_object().expect("buckets");
    let (_, bucket) =
        buckets.iter().find(|(name, _)| name.starts_with("lab-dpdataset-")).expect("a bucket");
    let id = bucket["policy"]["Id"].as_str().unwrap_or_default();
    assert!(id.starts_with("lakewright-"), "{bucket}");
    // The policies that were written again do not count as a change of the mesh.
    ends_with(&emulator.deploy(&mesh), 0, "0 to create, 0 to update");
}

#[test]
fn what_stayed_of_a_stack_is_named_before_anything_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created");
    let path = mesh.display().to_string();
    change(&mesh.join("shares.yaml"), "status: approved\n", "status: revoked\n");
    ends_with(&emulator.deploy(&mesh), 0, "1 deleted");
    let destroy = ["destroy", &path, "--yes", "--stack", "lab-dataset-teama"];
    ends_with(
        &emulator.lakewright(&destroy),
        0,
        "lab-dataset-teama leaves behind: key arn:aws:kms:",
    );
    // CloudFormation cannot import a database. The deployment reports this before it changes anything.
    let again = emulator.deploy(&mesh);
    ends_with(&again, 4, "`aws glue delete-database --region us-east-1 --name lab_teama_");
    let text = transcript(&again);
    let (_, name) = text.split_once("delete-database --region us-east-1 --name ").expect("a name");
    let name = name.split('`').next().expect("the name alone");
    emulator.call("333333333333", "glue", "delete_database", &json!({ "Name": name }));
    // Other names are in use. Only the events of CloudFormation's validation name the resources.
    let again = emulator.deploy(&mesh);
    ends_with(
        &again,
        6,
        "did not pass CloudFormation's validation, as said above; resources that stayed",
    );
    let text = transcript(&again);
    assert!(text.contains("AWS::S3::Bucket") && text.contains("--import-existing"), "{text}");
    assert!(!text.contains("AccessDenied"), "{text}");
    // Each resource is reported once, at the manifest line that asked for it.
    let buckets: Vec<&str> =
        text.lines().filter(|line| line.contains("(AWS::S3::Bucket): Resource of type")).collect();
    let [bucket] = buckets.as_slice() else { unreachable!("{text}") };
    assert!(bucket.contains("already exists") && bucket.contains("datasets.yaml:"), "{bucket}");
    // The attempt leaves nothing behind, and other stacks are unchanged.
    let science = emulator.look("333333333333", REGION);
    assert!(science["stacks"].get("lab-dataset-teama").is_none(), "{}", science["stacks"]);
    let taking = ["deploy", &path, "--yes", ALLOWED, "--import-existing"];
    ends_with(&emulator.lakewright(&taking), 0, "imports BucketC83B6579 (AWS::S3::Bucket)");
}

/// CloudFormation's validation does not list the types that it knows, and the name of a database stands inside of another
/// property. Without the validation, the names are found all the same, before anything is executed.
#[test]
fn names_that_stayed_are_found_where_cloudformation_does_not_look() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created");
    let path = mesh.display().to_string();
    change(&mesh.join("shares.yaml"), "status: approved\n", "status: revoked\n");
    ends_with(&emulator.deploy(&mesh), 0, "1 deleted");
    let destroy = ["destroy", &path, "--yes", "--stack", "lab-dataset-teama"];
    ends_with(&emulator.lakewright(&destroy), 0, "leaves behind");
    emulator.switch("early-validation", false);
    // `deploy` looks for databases before its plan; a refresh plans without looking.
    let refused = emulator.lakewright_alone(&["refresh", &path]);
    ends_with(&refused, 6, "are in use, as said above");
    let text = transcript(&refused);
    for kind in ["AWS::S3::Bucket", "AWS::Glue::Database"] {
        let told: Vec<&str> = text
            .lines()
            .filter(|line| line.contains(&format!("({kind}): ")) && line.contains("already exists"))
            .collect();
        let [line] = told.as_slice() else { unreachable!("{kind}: {text}") };
        assert!(line.contains("datasets.yaml:"), "{line}");
    }
    assert!(
        text.contains("aws glue delete-database --region us-east-1 --name lab_teama_"),
        "{text}"
    );
    let science = emulator.look("333333333333", REGION);
    assert!(science["stacks"].get("lab-dataset-teama").is_none(), "{}", science["stacks"]);
}

/// The recovery that docs/stacks/dataset.md describes. A retained database has its name inside `DatabaseInput`, and
/// CloudFormation imports only resources with a static name ("Import AWS resources into a CloudFormation stack
/// automatically" in the CloudFormation user guide).
#[test]
fn a_mesh_that_was_destroyed_comes_back_with_what_stayed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(&mesh), 0, "16 created");
    let path = mesh.display().to_string();
    let gone = emulator.lakewright(&["destroy", &path, "--all", "--yes"]);
    ends_with(&gone, 0, "16 deleted");
    ends_with(&gone, 0, "keep their names");
    let back = || emulator.lakewright(&["deploy", &path, "--yes", ALLOWED, "--import-existing"]);
    let refused = back();
    ends_with(&refused, 4, "CloudFormation cannot import it");
    let text = transcript(&refused);
    let mut freed = 0;
    for line in text.lines().filter(|line| line.starts_with("error: ")) {
        let (account, _) = line["error: ".len()..].split_once('/').expect("an address");
        let (_, name) = line.split_once(" --name ").expect("a command");
        let name = name.split('`').next().expect("the name alone");
        emulator.call(account, "glue", "delete_database", &json!({ "Name": name }));
        freed += 1;
    }
    assert_eq!(freed, 2, "{text}");
    assert!(emulator.stacks().is_empty(), "nothing was changed");
    ends_with(&back(), 0, "16 created");
    ends_with(&emulator.deploy(&mesh), 0, "0 to create, 0 to update");
}

/// The recovery that docs/stacks/pipeline.md describes: a repository is identified by an id from AWS, so CloudFormation
/// cannot import it by name (cloudformation-coverage-roadmap, issue 1002).
#[test]
fn a_pipeline_comes_back_beside_the_repository_that_stayed() {
    const ACCOUNT: &str = "222222222222";
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = folder.path();
    fs::write(mesh.join("mesh.yaml"), crate::offered::MESH).expect("a file");
    fs::write(mesh.join("work.yaml"), crate::offered::WORK).expect("a file");
    let emulator = Emulator::start();
    ends_with(&emulator.deploy(mesh), 0, "0 failed");
    let path = mesh.display().to_string();
    let stack = "lakewright-pipeline-nightly";
    let destroy = ["destroy", &path, "--yes", "--stack", stack];
    ends_with(&emulator.lakewright(&destroy), 0, "leaves behind: repository ");
    let back = || emulator.lakewright(&["deploy", &path, "--yes", ALLOWED, "--import-existing"]);
    let refused = back();
    ends_with(&refused, 4, "`aws codecommit update-repository-name --region eu-west-1 --old-name");
    let text = transcript(&refused);
    let (_, name) = text.split_once(" --old-name ").expect("a command");
    let name = name.split(' ').next().expect("the name alone");
    let renamed = json!({ "oldName": name, "newName": format!("{name}-before") });
    let rename = ["codecommit", "update_repository_name"];
    emulator.call_in("eu-west-1", ACCOUNT, rename, &renamed);
    ends_with(&back(), 0, "imports KeyAlias5B0A6A8C (AWS::KMS::Alias)");
    // The old repository still exists, with its content.
    let old = json!({ "repositoryName": format!("{name}-before") });
    emulator.call_in("eu-west-1", ACCOUNT, ["codecommit", "get_repository"], &old);
}

#[test]
fn a_filter_in_hybrid_mode_holds_whom_the_deployment_opted_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    let account = "222222222222";
    emulator.make_orders(account, "old_orders", "s3://old-orders-bucket/orders/");
    let import = "kind: Dataset\nid: old\nenvironment: platform\nteam: DataPlatformAdmin\ntopics: [Operations]\n\
                  keywords: [lab]\nimport: { bucket: old-orders-bucket, glue_database: old_orders, hybrid_access: MODE }\n\
                  tables: [{ name: orders }]\n";
    let share = "---\nkind: Share\nid: old-part\ndataset: old\nenvironment: science\nteam: TeamA\n\
                 items: [{ table: orders, columns: [id] }]\nstatus: approved\napproved_by: DataPlatformAdmin\n";
    let write = |mode: &str| {
        let text = format!("{}{share}", import.replace("MODE", mode));
        fs::write(mesh.join("old.yaml"), text).expect("a file");
    };
    write("open");
    let path = mesh.display().to_string();
    ends_with(&emulator.lakewright_alone(&["check", &path]), 4, "filter-not-enforced");
    write("opt_in");
    ends_with(&emulator.deploy(&mesh), 0, "0 failed");
    let reader = "arn:aws:iam::333333333333:role/lab-teama-ewsex6a7";
    assert!(emulator.may_read(account, reader, "old_orders", Some("id")));
    assert!(!emulator.may_read(account, reader, "old_orders", Some("email")));
    // The IAM permissions of other principals still apply.
    let other = "arn:aws:iam::222222222222:role/lab-somebody";
    assert!(emulator.may_read(account, other, "old_orders", Some("email")));
    // `hybrid_access: closed` is enforced.
    write("closed");
    ends_with(&emulator.deploy(&mesh), 7, "`hybrid_access: closed`, and IAM_ALLOWED_PRINCIPALS");
    // It is enforced as well when the stack needs no change.
    ends_with(&emulator.deploy(&mesh), 7, "`hybrid_access: closed`, and IAM_ALLOWED_PRINCIPALS");
}

/// The state machine of the nightly run, for this number of places.
fn nightly(places: usize, refresh: &dyn Fn(&mut Value)) -> Value {
    let stacks = crate::run::synthesized(&crate::run::mesh(&crate::run::sources(&example("lab"))));
    let platform =
        stacks.iter().find(|stack| stack.entry.kind == StackKind::Platform).expect("a platform");
    let template: Value = serde_json::from_str(&platform.json).expect("JSON");
    let resources = template["Resources"].as_object().expect("resources").values();
    let machine =
        resources.into_iter().find(|one| one["Type"] == "AWS::StepFunctions::StateMachine");
    let mut definition = machine.expect("a machine")["Properties"]["Definition"].clone();
    let all: Vec<Value> =
        (0..places).map(|one| json!({ "account": one.to_string(), "region": REGION })).collect();
    // In the product the list is in a bucket, but the emulator's interpreter calls no service for it.
    let list = json!({ "places": all, "is_second": false });
    definition["States"]["Places"] =
        json!({ "Type": "Pass", "Result": list, "Next": "Environments" });
    refresh(&mut definition["States"]["Environments"]["ItemProcessor"]["States"]["Refresh"]);
    definition
}

impl Emulator {
    /// The end of a state machine's run, and its cause.
    fn run_of(&self, name: &str, definition: &Value) -> (String, String) {
        let account = "111111111111";
        let machine = json!({ "name": name, "definition": definition.to_string(),
            "roleArn": "arn:aws:iam::111111111111:role/any" });
        let made = self.call(account, "stepfunctions", "create_state_machine", &machine);
        let start = json!({ "stateMachineArn": made["stateMachineArn"] });
        let run = self.call(account, "stepfunctions", "start_execution", &start);
        for _ in 0..60 {
            let look = json!({ "executionArn": run["executionArn"] });
            let seen = self.call(account, "stepfunctions", "describe_execution", &look);
            if seen["status"] != "RUNNING" {
                let text = |key: &str| seen[key].as_str().unwrap_or_default().to_owned();
                return (text("status"), text("error"));
            }
        }
        unreachable!("the run does not end")
    }
}

#[test]
fn the_nightly_run_fails_when_a_place_was_missed_and_keeps_little_of_each() {
    let emulator = Emulator::start();
    // The CodeBuild integration returns the whole build, a few kilobytes. A state is limited to 256 KiB.
    let good = |refresh: &mut Value| {
        *refresh = json!({ "Type": "Pass", "Result": { "Build": "x".repeat(4_000) }, "Next": "Refreshed" });
    };
    let all = emulator.run_of("all", &nightly(100, &good));
    assert_eq!(all, ("SUCCEEDED".to_owned(), String::new()));
    // A build that fails, or that the account may not start.
    let bad = |refresh: &mut Value| {
        *refresh = json!({ "Type": "Task", "Resource": "arn:aws:states:::unknown:service",
            "Next": "Refreshed", "Catch": refresh["Catch"] });
    };
    let none = emulator.run_of("none", &nightly(3, &bad));
    assert_eq!(none, ("FAILED".to_owned(), "NotRefreshed".to_owned()));
    // Refused starts, and no other errors, are retried for half an hour.
    let definition = nightly(1, &|_| {});
    let refresh = &definition["States"]["Environments"]["ItemProcessor"]["States"]["Refresh"];
    let retry = &refresh["Retry"][0];
    let number = |key: &str| retry[key].as_i64().expect("a number");
    assert_eq!(number("IntervalSeconds") * number("MaxAttempts"), 30 * 60);
    assert!(!retry["ErrorEquals"].to_string().contains("States."), "{retry}");
    assert_eq!(definition["States"]["Environments"]["ToleratedFailurePercentage"], 100);
}

#[test]
fn what_would_block_a_deletion_is_named_before_it_begins() {
    let emulator = Emulator::start();
    emulator.switch("mails-unconfirmed", true);
    for role in ["222222222222:role/Reporting", "222222222222:role/imported/ImportedTeam"] {
        emulator.has_role(&format!("arn:aws:iam::{role}"));
    }
    for role in ["333333333333:role/service/Warehouse", "333333333333:role/FinanceAdmins"] {
        emulator.has_role(&format!("arn:aws:iam::{role}"));
    }
    let deployed = emulator.deploy(&example("full"));
    ends_with(&deployed, 0, "0 failed, 0 skipped");
    // Without a confirmed receiver, alarms go unnoticed.
    ends_with(&deployed, 0, "reach 0 receivers, and 1 has not confirmed the mail yet");
    let profile = emulator
        .resources()
        .into_iter()
        .find(|one| {
            one["type"] == "AWS::SageMaker::UserProfile" && one["account"] == "222222222222"
        })
        .expect("a profile");
    let properties = &profile["properties"];
    let app = json!({ "account": "222222222222", "region": "eu-west-1",
        "domain_id": properties["DomainId"], "user_profile": properties["UserProfileName"],
        "app_name": "default", "app_type": "JupyterServer" });
    emulator.request("POST", "/_test/apps", &app.to_string()).expect("an answer");
    let path = example("full").display().to_string();
    let destroy = |stack: &str| emulator.lakewright(&["destroy", &path, "--yes", "--stack", stack]);
    let name = format!("full-mesh-studio-profile-{}", profile_id(&deployed));
    ends_with(
        &destroy(&name),
        4,
        "app default (JupyterServer) keeps the profile from being deleted",
    );
}

/// The id of the ML Studio profile in the first environment.
fn profile_id(deployed: &std::process::Output) -> String {
    let text = transcript(deployed);
    let line = text
        .lines()
        .find(|line| line.contains("create 222222222222/eu-west-1/full-mesh-studio-profile-"))
        .unwrap_or_else(|| unreachable!("{text}"));
    line.rsplit("full-mesh-studio-profile-").next().expect("an id").to_owned()
}
