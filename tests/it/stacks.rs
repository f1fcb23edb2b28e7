//! Properties of several stacks together: shares over their life, seeds, permissions to deploy, the
//! pivot role.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use lakewright_manifest::mesh::Mesh;
use lakewright_manifest::{Date, SourceFile};
use lakewright_stacks::pipeline::seed;
use lakewright_stacks::{Plan, Synthesized};
use lakewright_template::StackKind;
use lakewright_template::{Template, Value, schema};

use crate::run::{
    EXAMPLES, example, lakewright, mesh, root, sources, synthesized, synthesized_on, transcript,
};

fn full() -> Mesh {
    mesh(&sources(&example("full")))
}

/// A mesh with a dataset and one share of it, with a given status.
fn shared(state: &str) -> Mesh {
    let base = crate::run::BASE.to_owned();
    let dataset =
        format!("{}folders:\n  - {{ id: raw, prefix: raw/ }}\n", crate::run::BASE_DATASET);
    let share = format!(
        "kind: Share\nid: s\ndataset: sales\nenvironment: dev\nteam: Readers\nitems:\n  - table: orders\n  \
         - folder: raw\n  - bucket: true\n{state}\n"
    );
    let files = [("base.yaml", base), ("dataset.yaml", dataset), ("share.yaml", share)];
    mesh(&files.map(|(path, text)| SourceFile { path: path.to_owned(), text }))
}

/// The templates in which the team's role receives access.
fn reached(stacks: &[Synthesized]) -> Vec<String> {
    let readers = |stack: &&Synthesized| {
        let kind = stack.entry.kind.as_str();
        matches!(kind, "dataset" | "share") && stack.json.contains("role/lakewright-readers-")
    };
    stacks.iter().filter(readers).map(|stack| stack.entry.name.clone()).collect()
}

#[test]
fn only_an_approved_share_gives_access() {
    for state in
        ["", "status: submitted", "status: rejected", "status: revoked\napproved_by: Owners"]
    {
        let stacks = synthesized(&shared(state));
        assert_eq!(reached(&stacks), Vec::<String>::new(), "{state}");
        assert!(stacks.iter().all(|stack| stack.entry.kind != StackKind::Share), "{state}");
    }
    let approved = "status: approved\napproved_by: Owners";
    let stacks = synthesized(&shared(approved));
    assert_eq!(reached(&stacks), ["lakewright-dataset-sales", "lakewright-share-s"]);
    let limited = shared(&format!("{approved}\nexpires: 2026-06-30"));
    let day = |text: &str| Date::parse(text).expect("a date");
    assert_eq!(reached(&synthesized_on(&limited, Some(&day("2026-06-30")))).len(), 2);
    assert!(reached(&synthesized_on(&limited, Some(&day("2026-07-01")))).is_empty());
    // Without a date, no share has expired, but the conditions for S3 and KMS still contain the end
    // date.
    let stacks = synthesized(&limited);
    let dataset =
        stacks.iter().find(|stack| stack.entry.kind == StackKind::Dataset).expect("the dataset");
    let until = dataset.json.matches("2026-06-30T23:59:59Z").count();
    assert_eq!(until, 5, "list, read, two through the access point, and the key");
}

#[test]
fn each_lake_formation_permission_stands_once() {
    for name in EXAMPLES {
        let mut seen: BTreeMap<(String, String, String), String> = BTreeMap::new();
        for stack in synthesized(&mesh(&sources(&example(name)))) {
            let permissions = stack
                .lowered
                .template
                .resources
                .values()
                .filter(|resource| resource.kind == "AWS::LakeFormation::PrincipalPermissions");
            for permission in permissions {
                let text = |property: &str| {
                    let value = permission.properties.get(property).expect("a property");
                    lakewright_template::write::value_to_compact_json(value)
                };
                // A reference points to the dataset's own role, which differs between stacks.
                let principal = text("Principal").replace("Fn::GetAtt", &stack.entry.name);
                let place = format!("{}/{}", stack.entry.account, stack.entry.region);
                let key = (place, principal, text("Resource"));
                let before = seen.insert(key.clone(), stack.entry.name.clone());
                assert_eq!(before, None, "{name}: {key:?} stands in {} as well", stack.entry.name);
            }
        }
    }
}

#[test]
fn seeds_are_code_whatever_their_labels_say() {
    let mesh = full();
    for pipeline in mesh.pipelines.values().filter(|pipeline| pipeline.source.is_none()) {
        let environment = &pipeline.environment;
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in seed::files(environment, pipeline, "main") {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let stages: Vec<&str> = pipeline.stages.iter().map(|stage| stage.stage.as_str()).collect();
        let expected = serde_json::json!({
            "label": pipeline.header.label,
            "description": pipeline.header.description,
            "stages": stages,
        });
        let output = Command::new(root().join("target/python/bin/python"))
            .arg(root().join("tests/check_seed.py"))
            .arg(folder.path())
            .arg(expected.to_string())
            .output()
            .expect("Python runs");
        assert!(output.status.success(), "{}: {}", pipeline.header.id, transcript(&output));
    }
}

#[test]
fn stages_change_the_seed_and_the_pipelines() {
    let pipeline = |stages: &str| {
        let text = format!(
            "kind: Pipeline\nid: p\nenvironment: dev\nteam: Owners\nstrategy: trunk\nstages:\n{stages}"
        );
        let base = crate::run::BASE.replace("{ notebooks: true }", "{ pipelines: true }");
        let files = [("base.yaml", base), ("p.yaml", text)];
        let mesh = mesh(&files.map(|(path, text)| SourceFile { path: path.to_owned(), text }));
        let stacks = synthesized(&mesh).into_iter();
        stacks
            .into_iter()
            .find(|stack| stack.entry.kind == StackKind::Pipeline)
            .expect("the pipeline")
    };
    let stage = |name: &str| format!("  - {{ stage: {name}, environment: dev, team: Owners }}\n");
    let names = |stack: &Synthesized| -> Vec<String> {
        let of = |resource: &lakewright_template::ResourceEntry| -> Vec<String> {
            let Some(Value::List(stages)) = resource.properties.get("Stages") else {
                return Vec::new();
            };
            let name = |stage: &Value| Some(stage.as_map()?.get("Name")?.as_text()?.to_owned());
            stages.iter().filter_map(name).collect()
        };
        stack.lowered.template.resources.values().flat_map(of).collect()
    };
    let one = pipeline(&stage("dev"));
    assert_eq!(names(&one), ["Source", "Deploy-dev"]);
    let two = pipeline(&(stage("dev") + &stage("prod")));
    assert_eq!(names(&two), ["Source", "Deploy-dev", "Approve-prod", "Deploy-prod"]);
    let turned = pipeline(&(stage("prod") + &stage("dev")));
    assert_eq!(names(&turned), ["Source", "Deploy-prod", "Approve-dev", "Deploy-dev"]);
    let digests: BTreeSet<&str> =
        [&one, &two, &turned].map(|stack| stack.assets[0].entry.digest.as_str()).into();
    assert_eq!(digests.len(), 3, "each has its own ddk.json");
    assert_eq!(pipeline(&stage("dev")).assets, one.assets, "the same seed is the same bytes");
}

/// Actions in the schemas' handlers that the execution role does not get, each with the reason.
pub(crate) const LEFT_OUT: [(&str, &str); 18] = [
    ("codestar-connections:PassConnection", "given for the connections that pipelines have"),
    ("cognito-idp:", "given for the user pool of the tenant, if its identity provider is one"),
    ("iam:AttachGroupPolicy", "the stacks make no groups"),
    ("iam:AttachUserPolicy", "the stacks make no users"),
    ("iam:CreateServiceLinkedRole", "given for the services that keep such a role"),
    ("iam:DeleteRolePermissionsBoundary", "no boundary is ever taken off"),
    ("iam:DeleteServiceLinkedRole", "others may use the role"),
    ("iam:DetachGroupPolicy", "the stacks make no groups"),
    ("iam:DetachUserPolicy", "the stacks make no users"),
    ("identitystore:", "domains sign in through IAM, and not through IAM Identity Center"),
    ("s3:DeleteObject", "the stacks write no objects, and the bucket of templates is not theirs"),
    ("s3:PutObject", "the stacks write no objects, and the bucket of templates is not theirs"),
    ("s3:PutObjectAcl", "the stacks write no objects, and the bucket of templates is not theirs"),
    (
        "sagemaker:CreateApp",
        "no handler source calls it for what the stacks make (docs/aws-behaviour.md, h:8)",
    ),
    (
        "sagemaker:DeleteApp",
        "no handler source calls it for what the stacks make (docs/aws-behaviour.md, h:8)",
    ),
    (
        "sagemaker:DescribeApp",
        "no handler source calls it for what the stacks make (docs/aws-behaviour.md, h:8)",
    ),
    ("sso:", "domains sign in through IAM, and not through IAM Identity Center"),
    ("vpce:AllowMultiRegion", "endpoints stay in their region"),
];

#[test]
fn each_stack_can_be_deployed_with_the_derived_policy() {
    for name in EXAMPLES {
        let mesh = mesh(&sources(&example(name)));
        let stacks = synthesized(&mesh);
        let plan = Plan::of(&mesh, None);
        for stack in plan.stacks.iter().filter(|stack| stack.kind() != StackKind::Bootstrap) {
            let address = stack.bootstrap_address();
            let bootstrap = stacks
                .iter()
                .find(|one| one.entry.address() == address)
                .expect("a bootstrap stack");
            let statements = execution_statements(&bootstrap.lowered.template);
            let allowed: BTreeSet<&str> =
                statements.iter().flat_map(|(actions, _)| actions).map(String::as_str).collect();
            let own = stacks.iter().find(|one| one.entry.address() == stack.address());
            let own = own.expect("the stack itself");
            for resource in own.lowered.template.resources.values() {
                let schema = schema::of(&resource.kind).expect("a pinned type");
                for handler in ["create", "read", "update", "delete"] {
                    for action in schema.handler_permissions(handler) {
                        let is_left_out = LEFT_OUT.iter().any(|(out, _)| {
                            action == *out || out.ends_with(':') && action.starts_with(out)
                        });
                        assert!(
                            is_left_out || allowed.contains(action),
                            "{address} lacks {action} for {} of {}",
                            resource.kind,
                            own.entry.name
                        );
                    }
                }
                for (action, arn) in names(resource, &own.entry.account, &own.entry.region) {
                    let covers = |(actions, resources): &(Vec<String>, Vec<String>)| {
                        actions.contains(&action.to_owned())
                            && resources.iter().any(|pattern| glob(pattern, &arn))
                    };
                    assert!(statements.iter().any(covers), "{address} lacks {action} on {arn}");
                }
            }
        }
    }
}

/// The actions and resources that the execution role is allowed.
fn execution_statements(template: &Template) -> Vec<(Vec<String>, Vec<String>)> {
    let mut statements = Vec::new();
    let policies = template.resources.iter().filter(|(id, resource)| {
        id.as_str().starts_with("ExecutionRole") && resource.kind == "AWS::IAM::ManagedPolicy"
    });
    for (_, policy) in policies {
        for (_, value) in policy.properties.iter() {
            value.walk(&mut |value| {
                let Some(map) = value.as_map() else { return };
                if map.get("Effect") != Some(&Value::from("Allow")) {
                    return;
                }
                let texts = |element: &str| {
                    let mut found = Vec::new();
                    if let Some(value) = map.get(element) {
                        value.walk(&mut |value| found.extend(value.as_text().map(str::to_owned)));
                    }
                    found
                };
                statements.push((texts("Action"), texts("Resource")));
            });
        }
    }
    statements
}

/// The action that creates a resource, and the resource's ARN.
fn names(
    resource: &lakewright_template::ResourceEntry,
    account: &str,
    region: &str,
) -> Vec<(&'static str, String)> {
    let text = |property: &str| resource.properties.get(property).and_then(Value::as_text);
    let here = |service: &str, rest: String| format!("arn:aws:{service}:{region}:{account}:{rest}");
    let iam = |rest: String| format!("arn:aws:iam::{account}:{rest}");
    let database = || {
        let input = resource.properties.get("DatabaseInput")?.as_map()?;
        input.get("Name")?.as_text()
    };
    let made = match resource.kind.as_ref() {
        "AWS::Athena::WorkGroup" => text("Name")
            .map(|name| ("athena:CreateWorkGroup", here("athena", format!("workgroup/{name}")))),
        "AWS::CodeBuild::Project" => text("Name")
            .map(|name| ("codebuild:CreateProject", here("codebuild", format!("project/{name}")))),
        "AWS::CodeCommit::Repository" => text("RepositoryName")
            .map(|name| ("codecommit:CreateRepository", here("codecommit", name.to_owned()))),
        "AWS::CodePipeline::Pipeline" => text("Name")
            .map(|name| ("codepipeline:CreatePipeline", here("codepipeline", name.to_owned()))),
        "AWS::Events::Rule" => text("Name")
            .filter(|_| text("EventBusName").is_none())
            .map(|name| ("events:PutRule", here("events", format!("rule/{name}")))),
        "AWS::Glue::Database" => {
            database().map(|name| ("glue:CreateDatabase", here("glue", format!("database/{name}"))))
        }
        "AWS::Glue::Job" => {
            text("Name").map(|name| ("glue:CreateJob", here("glue", format!("job/{name}"))))
        }
        "AWS::IAM::ManagedPolicy" => text("ManagedPolicyName")
            .map(|name| ("iam:CreatePolicy", iam(format!("policy/{name}")))),
        "AWS::IAM::Role" => {
            text("RoleName").map(|name| ("iam:CreateRole", iam(format!("role/{name}"))))
        }
        "AWS::KMS::Alias" => {
            text("AliasName").map(|name| ("kms:CreateAlias", here("kms", name.to_owned())))
        }
        "AWS::Logs::LogGroup" => text("LogGroupName")
            .map(|name| ("logs:CreateLogGroup", here("logs", format!("log-group:{name}")))),
        "AWS::S3::AccessPoint" => text("Name")
            .map(|name| ("s3:CreateAccessPoint", here("s3", format!("accesspoint/{name}")))),
        "AWS::S3::Bucket" => {
            text("BucketName").map(|name| ("s3:CreateBucket", format!("arn:aws:s3:::{name}")))
        }
        "AWS::SNS::Topic" => {
            text("TopicName").map(|name| ("sns:CreateTopic", here("sns", name.to_owned())))
        }
        "AWS::SQS::Queue" => {
            text("QueueName").map(|name| ("sqs:CreateQueue", here("sqs", name.to_owned())))
        }
        "AWS::SSM::Parameter" => {
            text("Name").map(|name| ("ssm:PutParameter", here("ssm", format!("parameter{name}"))))
        }
        "AWS::SageMaker::NotebookInstance" => text("NotebookInstanceName").map(|name| {
            let arn = here("sagemaker", format!("notebook-instance/{name}"));
            ("sagemaker:CreateNotebookInstance", arn)
        }),
        "AWS::SageMaker::UserProfile" => text("UserProfileName").map(|name| {
            let arn = here("sagemaker", format!("user-profile/d-0123456789ab/{name}"));
            ("sagemaker:CreateUserProfile", arn)
        }),
        "AWS::StepFunctions::StateMachine" => text("StateMachineName").map(|name| {
            ("states:CreateStateMachine", here("states", format!("stateMachine:{name}")))
        }),
        _ => None,
    };
    let passed = ["ExecutionRole", "RoleArn", "ServiceRole"]
        .into_iter()
        .filter_map(text)
        .map(|arn| ("iam:PassRole", arn.to_owned()));
    made.into_iter().chain(passed).collect()
}

/// Whether an ARN matches a pattern with `*`.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|end| rest.is_char_boundary(end) && glob(after, &rest[end..]))
        }),
    }
}

#[test]
fn the_execution_role_reaches_no_object_of_a_data_bucket() {
    for name in EXAMPLES {
        for stack in synthesized(&mesh(&sources(&example(name)))) {
            if stack.entry.kind != StackKind::Bootstrap {
                continue;
            }
            for (actions, resources) in execution_statements(&stack.lowered.template) {
                let on_objects = actions.iter().any(|action| {
                    matches!(action.as_str(), "s3:GetObject" | "s3:PutObject" | "s3:DeleteObject")
                });
                let is_template = |arn: &String| arn.contains("-templates-");
                assert!(!on_objects || resources.iter().all(is_template), "{resources:?}");
            }
        }
    }
}

#[test]
fn the_manual_pivot_role_stands_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = example("full");
    for environment in ["finance-eu", "finance-us", "research-eu"] {
        let output = lakewright([
            "pivot-role".as_ref(),
            path.as_os_str(),
            "--environment".as_ref(),
            environment.as_ref(),
        ]);
        assert!(output.status.success(), "{}", transcript(&output));
        let text = String::from_utf8(output.stdout).expect("text");
        let file = folder.path().join(format!("{environment}.yaml"));
        fs::write(&file, &text).expect("a file");
        let mut settings = insta::Settings::new();
        settings.set_snapshot_path(root().join("snapshots/manual"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(format!("pivot-role.{environment}"), text));
        let template = lakewright_template::read::template(&text).expect("a template");
        assert_eq!(template.parameters.len(), 5);
        for (name, parameter) in &template.parameters {
            assert!(parameter.attributes.get("Description").is_some(), "{name}");
        }
        assert!(!text.contains("parameter0"), "a stand-in was left:\n{text}");
        // The mesh says `auto`; the owner's role is created beside the one that the mesh created.
        assert!(text.contains("-manual\n"), "the name is that of the automatic role:\n{text}");
        let linter = root().join("target/python/bin/cfn-lint");
        let region = if environment == "finance-us" { "us-east-1" } else { "eu-west-1" };
        let output = Command::new(linter).args(["--regions", region, "--"]).arg(&file).output();
        let output = output.expect("the linter runs");
        assert!(output.status.success(), "{environment}\n{}", transcript(&output));
    }
    let unknown = lakewright([
        "pivot-role".as_ref(),
        path.as_os_str(),
        "--environment".as_ref(),
        "nowhere".as_ref(),
    ]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn a_manual_pivot_role_becomes_an_automatic_one() {
    let sources = |mode: &str| {
        let base =
            crate::run::BASE.replace("pivot_role:\n", &format!("pivot_role:\n  mode: {mode}\n"));
        [("base.yaml", base), ("dataset.yaml", crate::run::BASE_DATASET.to_owned())]
            .map(|(path, text)| SourceFile { path: path.to_owned(), text })
    };
    let manual = synthesized(&mesh(&sources("manual")));
    assert!(manual.iter().all(|stack| stack.entry.kind != StackKind::PivotRole));
    let auto = synthesized(&mesh(&sources("auto")));
    let digest = |stacks: &[Synthesized], kind: StackKind| -> Vec<String> {
        let of_kind = stacks.iter().filter(|stack| stack.entry.kind == kind);
        of_kind.map(|stack| stack.entry.digest.clone()).collect()
    };
    // Stacks that name the role change with it, and are deployed after it.
    for kind in [StackKind::Environment, StackKind::Team, StackKind::Dataset] {
        assert_ne!(digest(&manual, kind), digest(&auto, kind), "{kind}");
    }
    let environment = auto
        .iter()
        .find(|stack| stack.entry.kind == StackKind::Environment)
        .expect("the environment");
    let waits =
        |kind: &str| environment.entry.depends_on.iter().any(|other| other.name.contains(kind));
    assert!(waits("-pivot-role-") && waits("-bootstrap-"));
}

#[test]
fn environments_of_one_account_do_not_collide() {
    let environment = |id: &str, region: &str, prefix: &str, team: &str| {
        format!(
            "kind: Environment\nid: {id}\norganization: org\naccount: \"222222222222\"\nregion: {region}\n\
             team: {team}\nresource_prefix: {prefix}\n"
        )
    };
    let more = [
        environment("same-place", "eu-west-1", "lakewright", "Linkers"),
        environment("other-prefix", "eu-west-1", "other", "Owners"),
        environment("other-region", "us-east-1", "lakewright", "Owners"),
    ]
    .join("---\n");
    let files = [("base.yaml", crate::run::BASE.to_owned()), ("more.yaml", more)];
    let mesh = mesh(&files.map(|(path, text)| SourceFile { path: path.to_owned(), text }));
    let mut seen: BTreeMap<(String, String), String> = BTreeMap::new();
    for stack in synthesized(&mesh) {
        let address = stack.entry.address().to_string();
        assert_eq!(
            seen.insert(("stack".to_owned(), address.clone()), String::new()),
            None,
            "{address}"
        );
        for resource in stack.lowered.template.resources.values() {
            // IAM and S3 names are shared by all regions.
            for property in ["BucketName", "ManagedPolicyName", "RoleName"] {
                let is_own = resource.kind != "AWS::IAM::RolePolicy";
                let name = resource.properties.get(property).and_then(Value::as_text);
                let Some(name) = name.filter(|_| is_own) else { continue };
                let key = (property.to_owned(), format!("{} {name}", stack.entry.account));
                let before = seen.insert(key.clone(), address.clone());
                assert_eq!(before, None, "{key:?} is in {address} as well");
            }
        }
    }
}

#[test]
fn bootstrap_templates_are_printed_and_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |example_name: &str, more: &[&str]| {
        let path = example(example_name).display().to_string();
        let mut arguments =
            vec!["bootstrap".to_owned(), path, "--account".to_owned(), "222222222222".to_owned()];
        let region = if example_name == "lab" { "us-east-1" } else { "eu-west-1" };
        arguments.extend(["--region".to_owned(), region.to_owned()]);
        arguments.extend(more.iter().map(|one| (*one).to_owned()));
        lakewright(arguments)
    };
    let minimal = run("minimal", &[]);
    assert!(minimal.status.success(), "{}", transcript(&minimal));
    let old = folder.path().join("old.yaml");
    fs::write(&old, &minimal.stdout).expect("a file");
    let same = run("minimal", &["--diff", &old.display().to_string()]);
    assert_eq!(transcript(&same), "exit: 0\n--- stdout\nno changes\n--- stderr\n");
    // `aws cloudformation get-template --query TemplateBody --output json` prints a YAML template like
    // this.
    let quoted = folder.path().join("quoted.json");
    let text = String::from_utf8(minimal.stdout.clone()).expect("text");
    fs::write(&quoted, serde_json::to_string(&text).expect("JSON")).expect("a file");
    assert_eq!(run("minimal", &["--diff", &quoted.display().to_string()]).stdout, same.stdout);
    let more = run("full", &["--diff", &old.display().to_string()]);
    let text = transcript(&more);
    assert!(text.contains("sagemaker:CreateDomain"), "{text}");
    assert!(text.contains("execution-role/222222222222-eu-west-1 (role"), "{text}");
    // The roles that the boundary limits are in other stacks.
    let narrow = String::from_utf8_lossy(&minimal.stdout).replace("\"xray:*\"", "xray:GetGroups");
    fs::write(&old, narrow).expect("a file");
    let wider = transcript(&run("minimal", &["--diff", &old.display().to_string()]));
    assert!(wider.contains("whoever has the policy boundary/222222222222-eu-west-1"), "{wider}");
    // The message says which prefix exists instead.
    let other = transcript(&run("minimal", &["--prefix", "foo"]));
    let says =
        "no prefix `foo` in account 222222222222 and region eu-west-1; it has lakewright there";
    assert!(other.starts_with("exit: 2\n") && other.contains(says), "{other}");
    let elsewhere =
        lakewright(["bootstrap", "examples", "--account", "1", "--region", "eu-west-1"]);
    assert_eq!(elsewhere.status.code(), Some(2));
}
