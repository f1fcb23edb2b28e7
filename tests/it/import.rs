//! `import`: a data.all account as a mesh, and the migration to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::run::{example, lakewright, mesh, sources, synthesized, transcript};

mod migrated;

const ROLE: &str = "arn:aws:iam::111111111111:role/platform";

fn import(from: &Path, out: &Path, options: &[&str]) -> Output {
    let (from, out) = (from.display().to_string(), out.display().to_string());
    let arguments = ["import", "--from-templates", &from, "--out", &out, "--trusted-role", ROLE];
    lakewright([&arguments[..], options].concat())
}

/// The example, imported: the folder of the mesh and `plan.json`.
fn imported(folder: &Path, options: &[&str]) -> (std::path::PathBuf, Value) {
    let out = folder.join("mesh");
    let output = import(&example("import").join("deployed"), &out, options);
    assert!(output.status.success(), "{}", transcript(&output));
    let text = fs::read_to_string(folder.join("mesh-migration/plan.json")).expect("a plan");
    (out, serde_json::from_str(&text).expect("JSON"))
}

/// The values are those of the hand-written templates in `examples/import`.
#[test]
fn the_mesh_has_what_the_templates_show() {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, _) = imported(folder.path(), &[]);
    let check = lakewright(["check".as_ref(), out.as_os_str()]);
    assert!(check.status.success(), "{}", transcript(&check));
    let mesh = mesh(&sources(&out));
    assert_eq!(mesh.tenant.central_account.as_str(), "111111111111");
    assert_eq!(mesh.tenant.home_region.as_str(), "eu-west-1");
    let environment = mesh.environments.values().next().expect("an environment");
    assert_eq!(environment.header.id.as_str(), "shop-eu");
    assert_eq!(environment.account.as_str(), "222222222222");
    assert_eq!(environment.region.as_str(), "us-east-1");
    let text = |name: &str| fs::read_to_string(out.join(name)).expect("a file");
    let environments = text("environments.yaml");
    for expected in [
        "team: ShopOwners\n",
        "features: { notebooks: true, ml_studio: true, pipelines: true }\n",
        "ml_studio: { vpc_id: vpc-0a1b2c3d4e5f60718, subnet_ids: [subnet-0a1b2c3d4e5f60718, subnet-0a1b2c3d4e5f60719] }\n",
        "teams: [{ team: Analysts, permissions: [create_notebook, run_athena_query] }]\n",
    ] {
        assert!(environments.contains(expected), "{expected}\n{environments}");
    }
    let datasets = text("datasets.yaml");
    for expected in [
        "import: { bucket: dataall-orders-ds01ab12, kms_key_alias: dataall-orders-ds01ab12, glue_database: dataall_orders_ds01ab12 }\n",
        "description: \"Orders of the shop: \\\"all\\\" of them\"\n",
        "crawler: { schedule: \"cron(0 2 * * ? *)\" }\n",
        "profiling: { schedule: \"cron(0 4 * * ? *)\" }\n",
        "confidentiality: official\n",
        "import: { bucket: shop-history, kms_key_alias: shop-history-key, glue_database: shop_history }\n",
        // data.all's own level `Internal` is none of a mesh.
        "confidentiality: secret\n",
    ] {
        assert!(datasets.contains(expected), "{expected}\n{datasets}");
    }
    let work = text("work.yaml");
    for expected in [
        "kind: Notebook\nid: forecast\n",
        "kind: StudioProfile\nid: jo\n",
        "strategy: trunk\nstages: [{ stage: dev, environment: shop-eu, team: ShopOwners }, { stage: prod, environment: shop-eu, team: ShopOwners }]\n",
    ] {
        assert!(work.contains(expected), "{expected}\n{work}");
    }
    assert!(!synthesized(&mesh).is_empty());
}

#[test]
fn what_no_template_shows_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, plan) = imported(folder.path(), &[]);
    let unknown = plan["unknown"].to_string();
    for expected in [
        "no template has shares and their items",
        "dataall-env-env1ab12-share-policy-dataall-analysts-env1ab12-0",
        "its tag `Classification` is `internal`",
        "its team and admins are in no template",
        "create_dashboard",
    ] {
        assert!(unknown.contains(expected), "{expected}\n{unknown}");
    }
}

/// What becomes of the resources of the plan, by stack and logical id.
fn fates(plan: &Value) -> BTreeMap<(String, String), Value> {
    let all = plan["resources"].as_array().expect("resources").iter();
    let text = |one: &Value, key: &str| one[key].as_str().expect("text").to_owned();
    all.map(|one| ((text(one, "stack"), text(one, "logical_id")), one.clone())).collect()
}

/// Each resource of the templates has a fate, and each that holds data moves with its physical id. The ids are those of
/// `describe-stack-resources` in the example.
#[test]
fn the_map_says_where_each_resource_goes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, plan) = imported(folder.path(), &[]);
    let fates = fates(&plan);
    let deployed = example("import").join("deployed");
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(&deployed).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let Some(stack) = name.strip_suffix(".resources.json") else { continue };
        let address = format!("222222222222/us-east-1/{stack}");
        let described: Value =
            serde_json::from_slice(&fs::read(&path).expect("a file")).expect("JSON");
        for one in described["StackResources"].as_array().expect("resources") {
            let id = one["LogicalResourceId"].as_str().expect("an id").to_owned();
            let fate = &fates[&(address.clone(), id.clone())];
            assert_eq!(fate["physical_id"], one["PhysicalResourceId"], "{address} {id}");
            let kind = one["ResourceType"].as_str().expect("a type");
            let holds = [
                "AWS::S3::Bucket",
                "AWS::S3::BucketPolicy",
                "AWS::KMS::Key",
                "AWS::KMS::Alias",
                "AWS::SQS::Queue",
                "AWS::Athena::WorkGroup",
                "AWS::SageMaker::Domain",
                "AWS::SageMaker::NotebookInstance",
                "AWS::SageMaker::UserProfile",
                "AWS::CodeCommit::Repository",
            ];
            if holds.contains(&kind) {
                assert_eq!(fate["becomes"], "moved", "{address} {id}");
                assert_eq!(fate["new_stack"], format!("{address}-data"));
                assert_eq!(fate["new_logical_ids"], json!([id]));
            }
            if kind == "Custom::GlueDatabase" {
                assert_eq!(fate["becomes"], "retained", "{address} {id}");
            }
            seen.insert((address.clone(), id));
        }
    }
    assert_eq!(seen.len(), fates.len(), "every resource has one fate");
    let crawlers: Vec<&Value> =
        fates.values().filter(|fate| fate["resource_type"] == "AWS::Glue::Crawler").collect();
    assert_eq!(crawlers.len(), 2);
    for crawler in crawlers {
        assert_eq!(crawler["becomes"], "replaced", "{crawler}");
    }
}

fn step<'p>(plan: &'p Value, id: &str) -> &'p Value {
    let mut steps = plan["steps"].as_array().expect("steps").iter();
    steps.find(|step| step["id"] == id).unwrap_or_else(|| unreachable!("no step {id}: {plan}"))
}

/// Source: "Stack refactoring" in the CloudFormation user guide, and the request `CreateStackRefactor`.
#[test]
fn data_moves_by_a_refactoring_of_two_stacks() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, plan) = imported(folder.path(), &[]);
    for stack in
        ["dataall-dataset-ds01ab12", "dataall-environment-env1ab12", "dataall-notebook-nb01ab12"]
    {
        let call = &step(&plan, &format!("move {stack}"))["calls"][0];
        assert_eq!(call["operation"], "create-stack-refactor", "{stack}: {plan}");
        let path =
            folder.path().join("mesh-migration").join(call["file"].as_str().expect("a file"));
        let request: Value =
            serde_json::from_slice(&fs::read(path).expect("a request")).expect("JSON");
        let stacks = request["StackDefinitions"].as_array().expect("stacks");
        let bodies: BTreeMap<&str, Value> = stacks
            .iter()
            .map(|one| {
                let body = one["TemplateBody"].as_str().expect("a template");
                (
                    one["StackName"].as_str().expect("a name"),
                    serde_json::from_str(body).expect("JSON"),
                )
            })
            .collect();
        let to = format!("{stack}-data");
        assert_eq!(bodies.keys().copied().collect::<Vec<_>>(), [stack, &to]);
        for mapping in request["ResourceMappings"].as_array().expect("mappings") {
            let id = mapping["Source"]["LogicalResourceId"].as_str().expect("an id");
            assert!(bodies[stack]["Resources"].get(id).is_none(), "{id}");
            assert_eq!(bodies[to.as_str()]["Resources"][id]["DeletionPolicy"], "Retain", "{id}");
        }
        assert_eq!(request["EnableStackCreation"], true);
    }
}

/// An update with only a deletion policy changes nothing ("DeletionPolicy attribute" in the template reference), and a custom
/// resource that is not retained deletes its database.
#[test]
fn the_first_update_retains_and_changes_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, plan) = imported(folder.path(), &[]);
    step(&plan, "prepare dataall-dataset-ds01ab12");
    let read = |path: std::path::PathBuf| -> Value {
        serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
    };
    let before = read(example("import").join("deployed/dataall-dataset-ds01ab12.json"));
    let after =
        read(folder.path().join("mesh-migration/templates/dataall-dataset-ds01ab12-prepare.json"));
    let (before, after) = (&before["Resources"], &after["Resources"]);
    let mut retained = BTreeSet::new();
    for (id, one) in after.as_object().expect("resources") {
        assert_eq!(one["Type"], before[id]["Type"]);
        if one["DeletionPolicy"] == "Retain" {
            assert_eq!(one["Metadata"]["lakewright:import"], "retained", "{id}");
            retained.insert(one["Type"].as_str().expect("a type"));
        }
    }
    assert_eq!(
        retained,
        BTreeSet::from([
            "AWS::KMS::Alias",
            "AWS::KMS::Key",
            "AWS::S3::Bucket",
            "AWS::S3::BucketPolicy",
            "Custom::GlueDatabase"
        ])
    );
    let key = &after["DatasetKmsKey17110A28"]["Properties"]["KeyPolicy"];
    let text = key.to_string();
    assert!(text.contains("arn:aws:iam::222222222222:role/dataall-orders-ds01ab12"), "{text}");
    assert!(!text.contains("Fn::GetAtt"), "{text}");
}

#[test]
fn wrong_input_is_answered_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let deployed = example("import").join("deployed");
    let says = |output: &Output, text: &str| {
        let all = transcript(output);
        assert_eq!(output.status.code(), Some(2), "{all}");
        assert!(all.contains(text), "expected: {text}\n{all}");
    };
    let out = folder.path().join("a");
    says(&import(&deployed, &out, &["--prefix", "dataall"]), "begins with the prefix `dataall`");
    assert!(!out.exists(), "nothing is written");
    says(&import(&example("minimal"), &out, &[]), "no stack of data.all among");
    says(&import(&deployed, &example("lab"), &[]), "nothing was overwritten");
    let some = folder.path().join("some");
    fs::create_dir(&some).expect("a folder");
    for name in ["dataall-environment-env1ab12.json", "dataall-environment-env1ab12.stack.json"] {
        fs::copy(deployed.join(name), some.join(name)).expect("a copy");
    }
    says(&import(&some, &out, &[]), "the central account of data.all is in none of the templates");
    let given = ["--central-account", "111111111111", "--home-region", "eu-west-1"];
    let given = [&given[..], &["--external-id", "another-4f1c6c2e"]].concat();
    let output = import(&some, &out, &given);
    assert!(output.status.success(), "{}", transcript(&output));
    // Without the ids of its keys, the stack stays as it is, and this is said.
    let all = transcript(&output);
    assert!(all.contains("the plan leaves the stack as it is"), "{all}");
    assert!(all.contains("describe-stack-resources"), "{all}");
}
