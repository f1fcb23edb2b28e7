//! What `--format json` writes: each shape has a JSON Schema in `docs/output`, and the page `docs/output.md` lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Output;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::deploy::{Emulator, change, lab};
use crate::run::{example, lakewright, root, transcript};

const JSON: [&str; 2] = ["--format", "json"];

/// The keys that a document may lack, by its schema: those of an option, of some commands only, or of some entries only.
const OPTIONAL: [(&str, &str); 4] = [
    ("check", "left_behind"),
    ("check", "runway"),
    ("findings", "guardrails"),
    ("prove", "database"),
];

/// The least mesh: access policies about the platform and metadata need nothing else.
const MINIMAL_TENANT: &str = "kind: Tenant\nid: base\ncentral_account: \"111111111111\"\nhome_region: eu-west-1\n\
    pivot_role: {external_id: base-0123456789, trusted_roles: [arn:aws:iam::111111111111:role/platform]}\n";

/// The schemas by name, each with its text.
fn schemas() -> BTreeMap<String, String> {
    let files = fs::read_dir(root().join("docs/output")).expect("the schemas");
    let read = |path: &Path| {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let name = name.strip_suffix(".schema.json").expect("only schemas are there");
        (name.to_owned(), fs::read_to_string(path).expect("text"))
    };
    files.map(|entry| read(&entry.expect("an entry").path())).collect()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// The schemas, and what was compared with them.
struct Shapes {
    validators: BTreeMap<String, Validator>,
    used: BTreeSet<String>,
    events: BTreeSet<String>,
}

impl Shapes {
    fn read() -> Self {
        let compile = |(name, text): (String, String)| {
            let validator = jsonschema::validator_for(&parsed(&text)).expect("a valid schema");
            (name, validator)
        };
        let validators = schemas().into_iter().map(compile).collect();
        Self { validators, used: BTreeSet::new(), events: BTreeSet::new() }
    }

    /// A document has the shape, and has it no longer with one more key or as another version.
    fn compare(&mut self, name: &str, document: &Value) {
        let validator = &self.validators[name];
        let errors = validator.iter_errors(document);
        let errors: Vec<String> =
            errors.map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(errors, [""; 0], "{name}\n{document:#}");
        for (key, value) in [("one_more", json!(true)), ("version", json!(2))] {
            let mut other = document.clone();
            other[key] = value;
            assert!(!validator.is_valid(&other), "{name} allows another `{key}`\n{other:#}");
        }
        self.used.insert(name.to_owned());
    }

    /// Runs a command, whose output is one document of this shape.
    fn of(&mut self, name: &str, arguments: &[&str]) -> Value {
        let output = lakewright([arguments, &JSON[..]].concat());
        let document: Result<Value, _> = serde_json::from_slice(&output.stdout);
        let document = document.unwrap_or_else(|error| {
            unreachable!("{name} is not one document: {error}\n{}", transcript(&output))
        });
        self.compare(name, &document);
        document
    }

    /// Compares each line of a deployment.
    fn of_lines(&mut self, output: &Output, code: i32) {
        assert_eq!(output.status.code(), Some(code), "{}", transcript(output));
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let line = parsed(line);
            self.compare("deployment", &line);
            if line["review"].is_object() {
                self.compare("diff", &line["review"]);
            }
            self.events.insert(line["event"].as_str().expect("an event").to_owned());
        }
    }
}

fn is_filled(document: &Value, key: &str) {
    let has = document[key].as_array().is_some_and(|list| !list.is_empty());
    assert!(has, "nothing in `{key}` was compared\n{document:#}");
}

#[test]
fn what_commands_write_has_the_shape_of_its_schema() {
    let mut shapes = Shapes::read();
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["lab", "full"] {
        of_mesh(&mut shapes, name, folder.path());
    }
    of_decisions(&mut shapes, folder.path());
    of_governance(&mut shapes, folder.path());
    of_changes(&mut shapes, folder.path());
    of_anybodys_templates(&mut shapes, folder.path());
    of_moves(&mut shapes, folder.path());
    of_errors(&mut shapes, folder.path());
    of_itself(&mut shapes, folder.path());
    of_deployments(&mut shapes, folder.path());
    let all: BTreeSet<String> = schemas().into_keys().collect();
    assert_eq!(shapes.used, all, "each schema is that of some output");
    let deployment = parsed(&schemas()["deployment"]);
    let events = deployment["oneOf"].as_array().expect("the events").iter();
    let events = events.filter_map(|event| event["$ref"].as_str()?.strip_prefix("#/$defs/"));
    let events: BTreeSet<String> = events.map(str::to_owned).collect();
    assert_eq!(shapes.events, events, "each event happened");
}

/// What there is to know of a mesh without errors, and of its assembly.
fn of_mesh(shapes: &mut Shapes, name: &str, folder: &Path) {
    let mesh = example(name).display().to_string();
    let out = folder.join(name).display().to_string();
    is_filled(&shapes.of("check", &["check", &mesh, "--runway"]), "runway");
    is_filled(&shapes.of("ls", &["ls", &mesh]), "stacks");
    is_filled(&shapes.of("graph", &["graph", &mesh]), "edges");
    is_filled(&shapes.of("rehearse", &["rehearse", &mesh]), "critical_path");
    shapes.of("synth", &["synth", &mesh, "--out", &out]);
    let site = folder.join(format!("{name}-site")).display().to_string();
    shapes.of("report", &["report", &mesh, "--out", &site]);
    shapes.of("check-assembly", &["check", "--assembly", &out]);
    for whose in [&[mesh.as_str()][..], &["--assembly", &out]] {
        is_filled(&shapes.of("access", &[&["access", "--all"][..], whose].concat()), "rows");
        let proof = shapes.of("prove", &[&["prove"][..], whose].concat());
        is_filled(&proof, "taken_for_granted");
    }
}

/// One request of each decision, and a file of them.
fn of_decisions(shapes: &mut Shapes, folder: &Path) {
    const TABLE: [&str; 2] = ["lakeformation:SELECT", "dataset/dpdataset/table/mydpdata"];
    const WRITE: [&str; 2] = ["s3:PutObject", "dataset/teama"];
    let mesh = example("lab").display().to_string();
    let platform = "arn:aws:iam::111111111111:role/lab-platform";
    for (principal, [action, resource], uses_tls, decision, filled) in [
        ("team/science/TeamA", TABLE, "true", "allow", "permission"),
        ("team/science/TeamA", WRITE, "true", "allow", "grant"),
        ("team/science/TeamA", WRITE, "false", "explicit-deny", "statements"),
        ("team/science/TeamB", TABLE, "true", "implicit-deny", "lacking"),
        (platform, ["sts:AssumeRole", "pivot-role/platform"], "true", "implicit-deny", "nearly"),
        (platform, ["s3:ListAllMyBuckets", "*"], "true", "unknown", "reason"),
    ] {
        let question = ["--principal", principal, "--action", action, "--resource", resource];
        let context = format!("aws:SecureTransport={uses_tls}");
        for command in ["can", "why"] {
            let asked = [command, &mesh, "--context", &context];
            let document = shapes.of("decision", &[&asked[..], &question].concat());
            assert_eq!(document["decision"], decision, "{document:#}");
            let is_empty = document[filled].is_null() || document[filled] == json!([]);
            assert!(!is_empty, "nothing in `{filled}` was compared\n{document:#}");
        }
    }
    let [action, resource] = WRITE;
    let question =
        json!({ "principal": "team/science/TeamA", "action": action, "resource": resource });
    let questions = folder.join("questions.jsonl");
    fs::write(&questions, format!("{question}\nno question\n")).expect("a file");
    let questions = questions.display().to_string();
    let output = lakewright([&["can", &mesh, "--batch", &questions][..], &JSON].concat());
    let text = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<Value> = text.lines().map(parsed).collect();
    let [answer, error] = lines.as_slice() else { unreachable!("two lines: {text}") };
    shapes.compare("decision", answer);
    shapes.compare("question-error", error);
}

/// Decisions of access governance, and what each policy does.
fn of_governance(shapes: &mut Shapes, folder: &Path) {
    let mesh = example("governance").display().to_string();
    let asked = ["authorize", &mesh, "--actor", "user:jo", "--member-of", "Analysts"];
    let what = ["--privilege", "metadata.edit_tags", "--resource", "dataset/january"];
    let document = shapes.of("authorization", &[&asked[..], &what].concat());
    is_filled(&document, "policies");
    is_filled(&document, "member_of");
    let document = shapes.of("policies", &["policies", &mesh]);
    is_filled(&document, "policies");
    is_filled(&document, "holdings");
    // A policy of the example denies, so without `--with-effect` the whole export is refused.
    let document = shapes.of("export-policies", &["export-policies", &mesh, "--to", "datahub"]);
    is_filled(&document, "refused");
    assert_eq!(document["policies"], json!([]), "nothing is written beside a denial");
    let deployed = example("import").join("deployed").display().to_string();
    let written = folder.join("imported").display().to_string();
    let role = "arn:aws:iam::111111111111:role/platform";
    let from = ["import", "--from-templates", &deployed, "--out", &written, "--trusted-role", role];
    let document = shapes.of("import", &from);
    is_filled(&document, "unknown");
    let boot = root().join("governance/src/exchange/datahub/samples/policies.json");
    let boot = boot.display().to_string();
    let document = shapes.of("import-policies", &["import-policies", "--from", "datahub", &boot]);
    is_filled(&document, "documents");
    is_filled(&document, "lost");
    let text: String = document["documents"]
        .as_array()
        .into_iter()
        .flatten()
        .fold(MINIMAL_TENANT.to_owned(), |text, one| {
            format!("{text}---\n{}", one["yaml"].as_str().unwrap_or_default())
        });
    let imported = folder.join("imported.yaml");
    fs::write(&imported, text).expect("a file");
    let imported = imported.display().to_string();
    let document = shapes.of("export-policies", &["export-policies", &imported, "--to", "datahub"]);
    is_filled(&document, "policies");
    let request = json!({
        "actor": "user:jo", "privilege": "platform.view_analytics", "resource": "tenant/airline",
    });
    let requests = folder.join("requests.jsonl");
    fs::write(&requests, format!("{request}\nno request\n")).expect("a file");
    let requests = requests.display().to_string();
    let output = lakewright([&["authorize", &mesh, "--batch", &requests][..], &JSON].concat());
    let text = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<Value> = text.lines().map(parsed).collect();
    let [answer, error] = lines.as_slice() else { unreachable!("two lines: {text}") };
    shapes.compare("authorization", answer);
    shapes.compare("question-error", error);
}

/// What differs from an earlier mesh, from another assembly, and from a deployed bootstrap.
fn of_changes(shapes: &mut Shapes, folder: &Path) {
    let original = example("lab").display().to_string();
    let place = folder.join("moved");
    fs::create_dir(&place).expect("a folder");
    let moved = lab(&place);
    change(&moved.join("mesh.yaml"), "account: \"333333333333\"", "account: \"444444444444\"");
    let moved = moved.display().to_string();
    let left = shapes.of("check", &["check", &original, "--base", &moved]);
    is_filled(&left, "left_behind");
    is_filled(&left, "diagnostics");

    let place = folder.join("without-share");
    fs::create_dir(&place).expect("a folder");
    let before = lab(&place);
    fs::remove_file(before.join("shares.yaml")).expect("the share");
    let before = before.display().to_string();
    is_filled(&shapes.of("prove", &["prove", &original, "--assume", &before]), "differences");

    let review = shapes.of("diff", &["diff", &before, &original]);
    is_filled(&review, "stacks");
    is_filled(&review, "access");

    let graph = shapes.of("graph", &["graph", &original, "--since", &before]);
    is_filled(&graph, "nodes");
    is_filled(&graph, "edges");

    let out = folder.join("altered");
    let altered = out.display().to_string();
    shapes.of("synth", &["synth", &original, "--out", &altered]);
    let template = out.join("templates/222222222222/us-east-1/lab-dataset-dpdataset.json");
    change(&template, "role/lab-dataplatformadmin-w4oijpmz", "role/somebody-else");
    let proof = shapes.of("prove", &["prove", "--assembly", &altered]);
    is_filled(&proof, "differences");
    is_filled(&proof, "changed_templates");

    let bootstrap = ["bootstrap", &original, "--account", "222222222222", "--region", "us-east-1"];
    let deployed = folder.join("deployed.yaml");
    fs::write(&deployed, lakewright(bootstrap).stdout).expect("a file");
    change(&deployed, "s3:PutBucketPolicy", "s3:PutBucketAcl");
    let deployed = deployed.display().to_string();
    let difference = [&bootstrap[..], &["--diff", &deployed][..]].concat();
    let review = shapes.of("diff", &difference);
    is_filled(&review, "stacks");
    is_filled(&review, "access");
}

/// Templates that Lakewright did not write, beside files that are none.
fn of_anybodys_templates(shapes: &mut Shapes, folder: &Path) {
    let place = ["--account", "111122223333", "--region", "eu-west-1"];
    for (name, filled) in [("cdk", "findings"), ("sam", "unseen")] {
        let path = root().join("examples/foreign").join(name).display().to_string();
        is_filled(&shapes.of("check-assembly", &["check", "--assembly", &path]), filled);
        let access = [&["access", "--all", "--assembly", &path][..], &place].concat();
        is_filled(&shapes.of("access", &access), "rows");
    }
    let others = folder.join("others");
    fs::create_dir(&others).expect("a folder");
    for (name, text) in [
        ("template.yaml", "Resources: {Bucket: {Type: AWS::S3::Bucket}}\n"),
        ("settings.json", "{\"a\": 1}\n"),
        ("broken.yaml", "AWSTemplateFormatVersion: '2010-09-09'\nResources: [\n"),
    ] {
        fs::write(others.join(name), text).expect("a file");
    }
    let others = others.display().to_string();
    is_filled(&shapes.of("check-assembly", &["check", "--assembly", &others]), "unread");
}

/// A review with a move that a stack refactoring can do, one that it cannot do, and three stacks that change alike.
fn of_moves(shapes: &mut Shapes, folder: &Path) {
    let topic = "  Topic: {Type: AWS::SNS::Topic}\n";
    let bucket = |name: &str, more: &str| {
        format!("  Bucket: {{Type: AWS::S3::Bucket, Properties: {{BucketName: {name}{more}}}}}\n")
    };
    let versioned = ", VersioningConfiguration: {Status: Enabled}";
    let queue = "  Queue: {Type: AWS::SQS::Queue}\n";
    let role = |name: &str, action: &str| {
        let statement =
            format!("{{Effect: Allow, Action: '{action}', Resource: 'arn:aws:s3:::{name}/*'}}");
        let policy = format!("{{Version: '2012-10-17', Statement: [{statement}]}}");
        format!(
            "  Role: {{Type: AWS::IAM::Role, Properties: {{RoleName: {name}, AssumeRolePolicyDocument: {{}}, \
             Policies: [{{PolicyName: p, PolicyDocument: {policy}}}]}}}}\n"
        )
    };
    let widened = |name: &str| (role(name, "s3:GetObject"), role(name, "s3:*Object"));
    let files = [
        ("a", bucket("acme-one", ""), String::new()),
        ("b", String::new(), bucket("acme-one", "")),
        ("c", bucket("acme-two", ""), String::new()),
        ("d", String::new(), bucket("acme-two", versioned)),
        ("e", String::new(), queue.to_owned()),
        ("f", String::new(), queue.to_owned()),
        ("g", String::new(), queue.to_owned()),
    ];
    let files = files.into_iter().chain(["h", "i", "j"].map(|name| {
        let (before, after) = widened(name);
        (name, before, after)
    }));
    let sides = ["moves-before", "moves-after"].map(|side| folder.join(side));
    for side in &sides {
        fs::create_dir(side).expect("a folder");
    }
    for (name, before, after) in files {
        for (side, more) in sides.iter().zip([before, after]) {
            let text = format!("Resources:\n{topic}{more}");
            fs::write(side.join(format!("{name}.yaml")), text).expect("a file");
        }
    }
    let [before, after] = sides.map(|side| side.display().to_string());
    let place = ["--account", "111122223333", "--region", "eu-west-1"];
    let review = shapes.of("diff", &[&["diff", &before, &after][..], &place].concat());
    for key in ["classes", "accessClasses", "moves", "refactorings", "detours"] {
        is_filled(&review, key);
    }
    // Source: `CreateStackRefactor` in the CloudFormation API reference.
    let request = &review["refactorings"][0]["request"];
    for key in ["ResourceMappings", "StackDefinitions"] {
        is_filled(request, key);
    }
}

/// A mesh with errors, of every command that reads one.
fn of_errors(shapes: &mut Shapes, folder: &Path) {
    let place = folder.join("wrong");
    fs::create_dir(&place).expect("a folder");
    let mesh = lab(&place);
    change(&mesh.join("datasets.yaml"), "environment: platform", "environment: platfrm");
    let mesh = mesh.display().to_string();
    let out = folder.join("nothing").display().to_string();
    let question = ["--principal", "team/science/TeamA", "--action", "s3:GetObject"];
    let question = [&question[..], &["--resource", "dataset/teama"]].concat();
    let account = ["--account", "222222222222", "--region", "us-east-1"];
    is_filled(&shapes.of("check", &["check", &mesh]), "diagnostics");
    let request = ["--actor", "user:jo", "--privilege", "data.read"];
    let request = [&request[..], &["--resource", "dataset/teama"]].concat();
    let commands: [(&str, &[&str]); 20] = [
        ("access", &[]),
        ("authorize", &request),
        ("bootstrap", &account),
        ("can", &question),
        ("deploy", &["--plan"]),
        ("destroy", &["--all", "--plan"]),
        ("drift", &[]),
        ("export-policies", &["--to", "datahub"]),
        ("graph", &[]),
        ("graph", &["--dataset", "teama"]),
        ("ls", &[]),
        ("outputs", &[]),
        ("pivot-role", &["--environment", "platform"]),
        ("policies", &[]),
        ("prove", &[]),
        ("refresh", &[]),
        ("rehearse", &[]),
        ("status", &[]),
        ("synth", &["--out", &out]),
        ("why", &question),
    ];
    for (command, more) in commands {
        let document = shapes.of("findings", &[&[command, &mesh][..], more].concat());
        is_filled(&document, "diagnostics");
    }
}

/// What needs no mesh. `schema` prints the schemas as they are in the repository.
fn of_itself(shapes: &mut Shapes, folder: &Path) {
    let new = folder.join("new").display().to_string();
    is_filled(&shapes.of("init", &["init", &new]), "files");
    shapes.of("completions", &["completions", "bash"]);
    shapes.of("explain", &["explain", "unknown-key"]);
    is_filled(&shapes.of("explain-list", &["explain", "--list"]), "codes");
    for (name, text) in schemas() {
        let output = lakewright(["schema", "--output", &name]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), text, "{name}");
    }
    let unknown = lakewright(["schema", "--output", "no-such-output"]);
    assert_eq!(unknown.status.code(), Some(2), "{}", transcript(&unknown));
}

/// The document that a command has written.
fn document_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        unreachable!("it is not one document: {error}\n{}", transcript(output))
    })
}

/// Deployments that fail, go on, and are taken back.
fn of_deployments(shapes: &mut Shapes, folder: &Path) {
    let place = folder.join("deployed");
    fs::create_dir(&place).expect("a folder");
    let mesh = lab(&place).display().to_string();
    let full = example("full").display().to_string();
    let emulator = Emulator::start();
    let run = |arguments: &[&str]| emulator.lakewright(&[arguments, &JSON[..]].concat());
    // Shares count as expired from today on, which moves.
    shapes.of_lines(&run(&["deploy", &full, "--plan", "--as-of", "2026-06-01"]), 0);
    let plan = folder.join("plan.json");
    let file = plan.display().to_string();
    shapes.of_lines(&run(&["deploy", &mesh, "--plan-out", &file]), 0);
    let plan = parsed(&fs::read_to_string(&plan).expect("a plan"));
    is_filled(&plan, "steps");
    is_filled(&plan["review"], "findings");
    shapes.compare("plan", &plan);
    emulator.fail_next("AWS::Glue::Crawler");
    shapes.of_lines(&run(&["deploy", &mesh, "--yes"]), 6);
    // The share gives a team that exists access to a catalog that exists.
    shapes.of_lines(&run(&["deploy", &mesh, "--yes", "--allow", "access-broadened"]), 0);
    shapes.of_lines(&run(&["deploy", &mesh, "--dry-run"]), 0);
    for (command, list) in
        [("status", "stacks"), ("outputs", "stacks"), ("context", "environments")]
    {
        let document = document_of(&run(&[command, &mesh]));
        is_filled(&document, list);
        shapes.compare(command, &document);
    }
    shapes.compare("diff", &document_of(&run(&["drift", &mesh])));
    let refresh = |arguments: &[&str]| {
        emulator.command().args([arguments, &JSON[..]].concat()).output().expect("the binary runs")
    };
    of_refreshes(shapes, &mesh, &refresh);
    shapes.of_lines(&run(&["destroy", &mesh, "--all", "--plan"]), 0);
    shapes.of_lines(&run(&["destroy", &mesh, "--all", "--yes"]), 0);
}

/// Refreshes: one with a canary and an alarm, and one without.
fn of_refreshes(shapes: &mut Shapes, mesh: &str, run: &impl Fn(&[&str]) -> Output) {
    let file = Path::new(mesh).join("mesh.yaml");
    let features = "features: { notebooks: true, pipelines: true }\n";
    let alarm = "arn:aws:cloudwatch:us-east-1:222222222222:alarm:none";
    let watched = format!("{features}deployment: {{ wave_alarms: [\"{alarm}\"] }}\n");
    change(&file, features, &watched);
    change(&file, "CostCenter: lab", "CostCenter: night");
    shapes.of_lines(&run(&["refresh", mesh, "--canary", "222222222222"]), 8);
    change(&file, &watched, features);
    shapes.of_lines(&run(&["refresh", mesh]), 0);
}

/// The objects with named keys in a schema.
fn objects<'s>(schema: &'s Value, found: &mut Vec<&'s Map<String, Value>>) {
    match schema {
        Value::Object(map) => {
            if map.get("type").is_some_and(|kind| kind == "object") && map.contains_key("required")
            {
                found.push(map);
            }
            for value in map.values() {
                objects(value, found);
            }
        }
        Value::Array(list) => {
            for value in list {
                objects(value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn schemas_describe_every_key_and_allow_no_other() {
    let page = fs::read_to_string(root().join("docs/output.md")).expect("the page");
    let mut optional = BTreeSet::new();
    for (name, text) in schemas() {
        assert!(page.contains(&format!("](output/{name}.schema.json)")), "{name}: no row");
        let schema = parsed(&text);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        for key in ["title", "description"] {
            assert!(schema[key].is_string(), "{name}: no {key}");
        }
        let mut found = Vec::new();
        objects(&schema, &mut found);
        assert!(!found.is_empty(), "{name}: no object");
        for object in found {
            assert_eq!(object["additionalProperties"], false, "{name}: {object:?}");
            let required = object["required"].as_array().expect("a list");
            for (key, described) in object["properties"].as_object().expect("keys") {
                assert!(described["description"].is_string(), "{name}: {key}");
                if !required.contains(&json!(key)) {
                    optional.insert((name.clone(), key.clone()));
                }
            }
        }
    }
    let expected = OPTIONAL.map(|(name, key)| (name.to_owned(), key.to_owned()));
    assert_eq!(optional, BTreeSet::from(expected));
}
