//! What the roles of teams must not do: give others access, approve for others, or read the details of others' resources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lakewright_manifest::SourceFile;
use lakewright_policies::catalogue;
use lakewright_stacks::Synthesized;
use lakewright_template::StackKind;
use lakewright_template::{Map, Template, Value};

use crate::run::{
    BASE, EXAMPLES, example, lakewright, mesh, resolved, sources, synthesized, transcript,
    write_mesh,
};

/// Actions with access level `Permissions management` that roles in these kinds of stacks have, each with the reason why
/// it gives nobody access.
const PERMISSIONS: [(&str, &str, &str); 3] = [
    ("team", "kms:CreateGrant", "for AWS's services only: under kms:GrantIsForAWSResource"),
    (
        "team",
        "s3:PutBucketPublicAccessBlock",
        "on the one bucket of a pipeline's stage, whose policy and ACLs nobody of the team writes",
    ),
    (
        "pipeline",
        "s3:PutObjectAcl",
        "CodePipeline's role stores the source of a connection with an ACL, in a bucket where ACLs are off",
    ),
];

/// Actions that return more than names about resources of all teams, so they must not be allowed on `*`. Source: the
/// responses in each service's API reference; `ListSessions` returns whole sessions, with their arguments.
const MORE_THAN_NAMES: [&str; 18] = [
    "codebuild:BatchGetBuilds",
    "codebuild:BatchGetProjects",
    "databrew:ListDatasets",
    "databrew:ListJobs",
    "databrew:ListRecipes",
    "glue:GetConnections",
    "glue:GetCrawlers",
    "glue:GetDevEndpoints",
    "glue:GetJobBookmark",
    "glue:GetJobs",
    "glue:GetTriggers",
    "glue:ListSessions",
    "lambda:GetFunction",
    "lambda:ListFunctions",
    "quicksight:ListDataSources",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameters",
    "states:DescribeStateMachine",
];

/// Two environments in two accounts, and a pipeline that deploys to both.
const MESH: &str = r#"kind: Tenant
id: rights
central_account: "111111111111"
home_region: eu-west-1
pivot_role:
  external_id: rights-0123456789
  trusted_roles: ["arn:aws:iam::111111111111:role/platform"]
---
kind: Organization
id: org
team: Owners
---
kind: Environment
id: here
organization: org
account: "222222222222"
region: eu-west-1
team: Owners
features: { pipelines: true, notebooks: true, subscriptions: true }
teams:
  - team: Approvers
    permissions: [create_pipeline, create_notebook]
---
kind: Environment
id: there
organization: org
account: "333333333333"
region: eu-west-1
team: Owners
features: { pipelines: true }
teams:
  - team: Others
    permissions: [create_pipeline]
---
kind: Pipeline
id: app
environment: here
team: Owners
strategy: trunk
stages:
  - { stage: dev, environment: here, team: Owners }
  - { stage: test, environment: here, team: Approvers }
  - { stage: prod, environment: there, team: Others }
"#;

fn stacks() -> Vec<Synthesized> {
    let source = SourceFile { path: "mesh.yaml".to_owned(), text: MESH.to_owned() };
    synthesized(&mesh(&[source]))
}

/// A property of the only resource of a type in a team's stack.
fn of_team(team: &str, kind: &str, property: &str) -> String {
    let stacks = stacks();
    let start = format!("lakewright-team-here-{team}");
    let stack = stacks.iter().find(|stack| stack.entry.name.starts_with(&start));
    let template = &stack.expect("the team's stack").lowered.template;
    let mut found = template.resources.values().filter(|resource| resource.kind == kind);
    let value = found.next().expect("the resource").properties.get(property);
    value.and_then(Value::as_text).expect("a text").to_owned()
}

/// The mesh above in a folder.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write_mesh(folder.path(), &[("mesh.yaml".to_owned(), MESH.to_owned())]);
    folder
}

fn ask(mesh: &Path, principal: &str, action: &str, resource: &str, context: &[&str]) -> String {
    let mesh = mesh.display().to_string();
    let mut arguments = vec!["can", &mesh, "--principal", principal, "--action", action];
    arguments.extend(["--resource", resource]);
    arguments.extend(context.iter().flat_map(|pair| ["--context", *pair]));
    transcript(&lakewright(arguments))
}

/// The `Allow` statements of the roles in a template.
fn statements(template: &Template) -> Vec<&Map> {
    fn collect<'v>(value: &'v Value, found: &mut Vec<&'v Map>) {
        match value {
            Value::Map(map) if map.get("Effect") == Some(&Value::from("Allow")) => found.push(map),
            Value::Map(map) => map.iter().for_each(|(_, value)| collect(value, found)),
            Value::List(items) => items.iter().for_each(|item| collect(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    let policies = ["AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy"];
    for resource in template.resources.values() {
        if policies.contains(&resource.kind.as_ref()) {
            resource.properties.iter().for_each(|(_, value)| collect(value, &mut found));
        } else if let Some(own) = resource.properties.get("Policies")
            && resource.kind == "AWS::IAM::Role"
        {
            collect(own, &mut found);
        }
    }
    found
}

fn texts(statement: &Map, element: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Some(value) = statement.get(element) {
        value.walk(&mut |value| found.extend(value.as_text().map(str::to_owned)));
    }
    found
}

/// The stacks of all examples and of the mesh above, by kind.
fn of_kinds(kinds: &[StackKind]) -> BTreeMap<StackKind, Vec<Synthesized>> {
    let mut all: BTreeMap<StackKind, Vec<Synthesized>> = BTreeMap::new();
    let examples = EXAMPLES.iter().flat_map(|name| synthesized(&mesh(&sources(&example(name)))));
    for stack in examples.chain(stacks()) {
        if kinds.contains(&stack.entry.kind) {
            all.entry(stack.entry.kind).or_default().push(stack);
        }
    }
    all
}

#[test]
fn no_role_of_a_team_writes_who_is_let_in() {
    let mut found = BTreeSet::new();
    for (kind, stacks) in of_kinds(&[
        StackKind::Team,
        StackKind::Pipeline,
        StackKind::Dashboards,
        StackKind::StudioProfile,
    ]) {
        for stack in &stacks {
            for statement in statements(&stack.lowered.template) {
                for action in texts(statement, "Action") {
                    let (_, known) = catalogue::action(&action).expect("an action");
                    if !known.levels.contains(&"Permissions management") {
                        continue;
                    }
                    let condition = statement.get("Condition").and_then(Value::as_map);
                    let of_services = condition
                        .and_then(|operators| operators.get("Bool")?.as_map())
                        .and_then(|keys| keys.get("kms:GrantIsForAWSResource"));
                    let is_bound = of_services == Some(&Value::from("true"));
                    assert!(action != "kms:CreateGrant" || is_bound, "{}", stack.entry.name);
                    found.insert((kind.to_string(), action));
                }
            }
        }
    }
    let written: BTreeSet<(String, String)> = PERMISSIONS
        .iter()
        .map(|(kind, action, _)| ((*kind).to_owned(), (*action).to_owned()))
        .collect();
    assert_eq!(found, written);
}

#[test]
fn what_stands_on_everything_gives_names_only() {
    let stacks = of_kinds(&[StackKind::Team]).remove(&StackKind::Team).expect("stacks of teams");
    for stack in &stacks {
        for statement in statements(&stack.lowered.template) {
            let resources = texts(statement, "Resource");
            let actions = texts(statement, "Action");
            if resources.contains("*") {
                let wide: Vec<&String> = actions
                    .iter()
                    .filter(|action| MORE_THAN_NAMES.contains(&action.as_str()))
                    .collect();
                assert!(wide.is_empty(), "{}: {wide:?}", stack.entry.name);
            }
            let is_all_catalog = resources
                .iter()
                .any(|arn| [":database/*", ":table/*"].iter().any(|end| arn.ends_with(end)));
            assert!(!is_all_catalog, "{}: {resources:?}", stack.entry.name);
            for absent in ["quicksight:CreateDataSource", "quicksight:UpdateDataSource"] {
                assert!(!actions.contains(absent), "{}: {absent}", stack.entry.name);
            }
        }
    }
}

// Source: service authorization reference, AWS CodePipeline: the resource of PutApprovalResult is an action,
// `PIPELINE/STAGE/ACTION`. "How AWS CodePipeline works with IAM": there are no resource policies, so a team of another
// account approves through a role of this account.
#[test]
fn a_stage_is_approved_by_its_own_team_and_nobody_else() {
    const PUT: &str = "codepipeline:PutApprovalResult";
    const TEST: &str = "pipeline/app/Approve-test/Approve";
    const PROD: &str = "pipeline/app/Approve-prod/Approve";
    const APPROVER: &str = "pipeline-approve-role/app/prod";
    let folder = folder();
    for (principal, action, resource, exit) in [
        ("team/here/Approvers", PUT, TEST, 0),
        ("team/here/Approvers", "codepipeline:GetPipelineState", "pipeline/app", 0),
        ("team/here/Approvers", PUT, PROD, 4),
        ("team/here/Owners", PUT, TEST, 4),
        ("team/here/Owners", PUT, PROD, 4),
        ("team/there/Others", "sts:AssumeRole", APPROVER, 0),
        ("team/here/Owners", "sts:AssumeRole", APPROVER, 4),
        (APPROVER, PUT, PROD, 0),
        (APPROVER, PUT, TEST, 4),
        (APPROVER, "codepipeline:StartPipelineExecution", "pipeline/app", 4),
        // Stages have the tags of their pipeline.
        ("team/here/Owners", "codepipeline:RetryStageExecution", "pipeline/app/Deploy-dev", 0),
        ("team/here/Approvers", "codepipeline:RetryStageExecution", "pipeline/app/Deploy-dev", 4),
        // A question about a stage that does not exist is an error, not a denial.
        ("team/here/Owners", PUT, "pipeline/app/Approve-dev/Approve", 2),
        ("team/here/Owners", PUT, "pipeline/other/Approve-test/Approve", 2),
    ] {
        let text = ask(folder.path(), principal, action, resource, &[]);
        assert!(
            text.starts_with(&format!("exit: {exit}\n")),
            "{principal} {action} {resource}: {text}"
        );
    }
}

// Source: "Actions, resources, and condition keys for Amazon ECR": the three take a repository, and its tags.
#[test]
fn images_of_other_teams_are_not_pulled() {
    let folder = folder();
    let pull = |account: &str, more: &[&str]| {
        let repository = format!("arn:aws:ecr:eu-west-1:{account}:repository/x");
        ask(folder.path(), "team/here/Owners", "ecr:BatchGetImage", &repository, more)
    };
    assert!(pull("222222222222", &["aws:ResourceTag/Team=Owners"]).starts_with("exit: 0\n"));
    for more in [[].as_slice(), &["aws:ResourceTag/Team=Approvers"]] {
        assert!(pull("222222222222", more).starts_with("exit: 4\n"), "{more:?}");
    }
    // Another account's repository policy decides, which is unknown here.
    assert!(pull("763104351884", &[]).starts_with("exit: 5\n"));
}

#[test]
fn nobody_tells_in_the_name_of_another_team() {
    let folder = folder();
    let topic = |team: &str| {
        let name = of_team(team, "AWS::SNS::Topic", "TopicName");
        format!("arn:aws:sns:eu-west-1:222222222222:{name}")
    };
    let publish = |principal: &str, topic: &str| {
        ask(folder.path(), principal, "sns:Publish", topic, &[]).starts_with("exit: 0\n")
    };
    assert!(publish("team/here/Approvers", &topic("approvers")));
    assert!(publish("team/here/Owners", &topic("owners")));
    assert!(!publish("team/here/Approvers", &topic("owners")));
    assert!(!publish("team/here/Owners", &topic("approvers")));
    // A team may not publish to a topic of the account's owner.
    let imported = "arn:aws:sns:us-east-1:333333333333:existing-producers";
    let teams = of_kinds(&[StackKind::Team]).remove(&StackKind::Team).expect("stacks of teams");
    for stack in &teams {
        let mut all = statements(&stack.lowered.template).into_iter();
        let is_named = all.any(|statement| texts(statement, "Resource").contains(imported));
        assert!(!is_named, "{}", stack.entry.name);
    }
}

// Source: "SageMaker API permissions" in the SageMaker developer guide: an instance in a VPC needs permissions on network
// interfaces, and one without a VPC is in SageMaker's own network. The mesh's notebooks have neither root access nor such
// a network.
#[test]
fn no_notebook_is_made_by_hand() {
    let folder = folder();
    let role = of_team("approvers", "AWS::IAM::Role", "RoleName");
    let arn = format!("arn:aws:sagemaker:eu-west-1:222222222222:notebook-instance/{role}-x");
    for context in [
        &["aws:RequestTag/Team=Approvers"][..],
        &["aws:RequestTag/Team=Approvers", "sagemaker:RootAccess=Disabled"][..],
    ] {
        let action = "sagemaker:CreateNotebookInstance";
        let text = ask(folder.path(), "team/here/Approvers", action, &arn, context);
        assert!(text.starts_with("exit: 4\n"), "{text}");
    }
}

#[test]
fn a_team_keeps_nothing_of_what_the_tenant_denies_it() {
    // data.all: a team that loses the tenant permission for a kind of object cannot use such objects at all.
    let stack = |tenant: &str| {
        let text = BASE.replace("  Limited:", &format!("{tenant}  Limited:")).replace(
            "[create_share, run_athena_query]",
            "[create_dataset, create_notebook, run_athena_query]",
        );
        let source = SourceFile { path: "mesh.yaml".to_owned(), text };
        let stacks = synthesized(&mesh(&[source]));
        let mut found =
            stacks.iter().filter(|stack| stack.entry.name.contains("-team-dev-readers"));
        found.next().expect("the team's stack").json.clone()
    };
    let denied: [(&str, &[&str]); 3] = [
        ("manage_datasets", &["glue:CreateJob", "databrew:"]),
        ("manage_worksheets", &["athena:StartQueryExecution", "AWS::Athena::WorkGroup"]),
        ("manage_notebooks", &["sagemaker:StartNotebookInstance"]),
    ];
    let all = stack("");
    for (permission, actions) in denied {
        let without = stack(&format!("  Readers: {{ deny: [{permission}] }}\n"));
        for action in actions {
            assert!(all.contains(action), "{action}");
            assert!(!without.contains(action), "{permission} is denied, and {action} is there");
        }
    }
}

#[test]
fn what_the_tenant_denies_is_an_error_where_it_is_done() {
    let found = |tenant: &str, extra: &str| -> Vec<String> {
        let text = BASE.replace("  Limited:", &format!("  {tenant}\n  Limited:"));
        let source = SourceFile { path: "mesh.yaml".to_owned(), text: text + extra };
        let (_, report) = resolved(&[source]);
        report.iter().map(|one| format!("{}: {}", one.code.as_str(), one.message)).collect()
    };
    let lacks = |permission: &str, what: &str| {
        vec![format!(
            "tenant-permission: team `Owners` lacks the tenant's `{permission}`, which {what} needs"
        )]
    };
    assert_eq!(
        found("Owners: { deny: [manage_organizations] }", ""),
        lacks("manage_organizations", "the organization `org`")
    );
    assert_eq!(
        found("Owners: { deny: [manage_teams] }", ""),
        lacks("manage_teams", "inviting teams to environment `dev`")
    );
    let dataset = "---\nkind: Dataset\nid: d\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [k]\nglossary: [Order]\n";
    assert_eq!(
        found("Owners: { deny: [manage_glossaries] }", dataset),
        lacks("manage_glossaries", "the glossary terms of `d`")
    );
    let domain = "---\nkind: Domain\nid: sales\nowners: [Owners]\nglossary: [Order]\n";
    assert_eq!(
        found("Owners: { deny: [manage_glossaries] }", domain),
        lacks("manage_glossaries", "the glossary terms of `sales`")
    );
    // The same for a team that the tenant does not name: it has the permission by default.
    assert_eq!(found("DAAdministrators: { deny: [manage_shares] }", ""), Vec::<String>::new());
    // One finding, although the environment's permission is lost with it.
    assert_eq!(
        found("Owners: { deny: [manage_datasets] }", dataset),
        lacks("manage_datasets", "the dataset `d`")
    );
    assert_eq!(
        found("Readrs: { deny: [manage_datasets] }", ""),
        ["unknown-reference: there is no team `Readrs` in the mesh"]
    );
    assert_eq!(found("Readers: { deny: [manage_datasets] }", dataset), Vec::<String>::new());
}
