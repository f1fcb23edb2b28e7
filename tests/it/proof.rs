//! The proof: on the examples, on questions about the lab, and on tampered templates.

mod answers;
mod by_hand;
mod differential;
mod intent;
mod meshes;
mod mutation;
mod naive;
mod openings;
mod permissions;
mod possible;
mod questions;
mod since;
mod strangers;
mod tampered;
mod under_conditions;

use std::fmt::Write as _;
use std::fs;

use crate::run::{BASE, BASE_DATASET, EXAMPLES, example, lakewright, transcript, write_mesh};

#[test]
fn each_example_is_proven() {
    for name in EXAMPLES {
        let output = lakewright([
            "prove".as_ref(),
            example(name).as_os_str(),
            "--format".as_ref(),
            "json".as_ref(),
        ]);
        let data: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(output.status.code(), Some(0), "{name}: {}", transcript(&output));
        assert_eq!(data["differences"], serde_json::json!([]), "{name}");
        assert!(
            data["requests"].as_u64().is_some_and(|requests| requests > 1_000),
            "{name}: {data}"
        );
    }
}

#[test]
fn a_quiet_proof_says_only_what_is_wrong() {
    let mesh = example("minimal").display().to_string();
    let proven = lakewright(["prove", &mesh, "--quiet"]);
    assert_eq!(transcript(&proven), "exit: 0\n--- stdout\n--- stderr\n");
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out").display().to_string();
    assert!(lakewright(["synth", &mesh, "--out", &out, "--quiet"]).status.success());
    let assembly = ["prove", "--assembly", &out, "-q"];
    assert_eq!(transcript(&lakewright(assembly)), "exit: 0\n--- stdout\n--- stderr\n");
    let mut path = folder.path().join("out/templates/222222222222/eu-west-1");
    path.push("lakewright-dataset-sales.json");
    let text = fs::read_to_string(&path).expect("a template");
    fs::write(&path, format!("{text}\n")).expect("a changed template");
    let changed = transcript(&lakewright(assembly));
    assert!(changed.starts_with("exit: 4\n") && changed.contains("is not what `synth` wrote"));
}

/// A mesh over the limits has no deployable template. Here a trust policy exceeds 2,048 characters ("IAM and AWS STS
/// quotas"), because many pipelines deploy with one team's role.
#[test]
fn a_mesh_that_check_refuses_is_not_proven() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = "kind: Environment\nid: big\norganization: org\naccount: \"333333333333\"\nregion: eu-west-1\n\
                    team: Owners\nfeatures: { pipelines: true }\nteams:\n  - { team: Builders, permissions: [create_pipeline] }\n"
        .to_owned();
    for number in 0..40 {
        write!(
            text,
            "---\nkind: Pipeline\nid: a-pipeline-with-a-long-name-{number}\nenvironment: big\nteam: Builders\nstrategy: trunk\n\
             stages:\n  - {{ stage: dev, environment: big, team: Builders }}\n"
        )
        .expect("a string takes all");
    }
    let files = [("base.yaml".to_owned(), BASE.to_owned()), ("extra.yaml".to_owned(), text)];
    write_mesh(folder.path(), &files);
    let mesh = folder.path().to_str().expect("text");
    let answers = ["check", "prove"].map(|command| {
        let output = lakewright([command, mesh, "--format", "json"]);
        let mut data: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        // The answer contains no warnings.
        let diagnostics = data["diagnostics"].as_array_mut().expect("findings");
        diagnostics.retain(|one| one["severity"] == "error");
        (output.status.code(), data)
    });
    let [(code, findings), proof] = &answers;
    assert_eq!(*code, Some(4), "{findings}");
    let mut codes = findings["diagnostics"].as_array().expect("findings").iter();
    assert!(codes.any(|one| one["code"] == "limit-exceeded"), "{findings}");
    assert_eq!((code, findings), (&proof.0, &proof.1));
}

/// Asks a question about the lab and returns the exit code: 0 allowed, 4 denied, 5 unknown.
fn can(principal: &str, action: &str, resource: &str, context: &[&str]) -> i32 {
    ask("lab", principal, action, resource, context)
}

/// Asks a question about an example and returns the exit code.
fn ask(name: &str, principal: &str, action: &str, resource: &str, context: &[&str]) -> i32 {
    let folder = example(name);
    let mut arguments = vec![
        "can".to_owned(),
        folder.display().to_string(),
        "--principal".to_owned(),
        principal.to_owned(),
        "--action".to_owned(),
        action.to_owned(),
        "--resource".to_owned(),
        resource.to_owned(),
    ];
    for pair in context {
        arguments.extend(["--context".to_owned(), (*pair).to_owned()]);
    }
    lakewright(arguments).status.code().unwrap_or(-1)
}

#[test]
fn the_lab_gives_each_team_what_is_its_own() {
    let rows: &[(&str, &str, &str, i32)] = &[
        // TeamA reads the table that is shared with it, and nothing else of that dataset.
        ("team/science/TeamA", "lakeformation:SELECT", "dataset/dpdataset/table/mydpdata", 0),
        ("team/science/TeamA", "glue:GetTable", "dataset/dpdataset/table/mydpdata", 0),
        ("team/science/TeamA", "lakeformation:INSERT", "dataset/dpdataset/table/mydpdata", 4),
        ("team/science/TeamA", "lakeformation:SELECT", "dataset/dpdataset/table/other", 4),
        ("team/science/TeamA", "glue:GetTable", "dataset/dpdataset/table/other", 4),
        ("team/science/TeamA", "s3:GetObject", "dataset/dpdataset", 4),
        ("team/science/TeamA", "kms:Decrypt", "dataset/dpdataset", 4),
        // It has full access to its own dataset.
        ("team/science/TeamA", "s3:PutObject", "dataset/teama", 0),
        ("team/science/TeamA", "kms:Decrypt", "dataset/teama", 0),
        // TeamB can read neither.
        ("team/science/TeamB", "lakeformation:SELECT", "dataset/dpdataset/table/mydpdata", 4),
        ("team/science/TeamB", "glue:GetTable", "dataset/dpdataset/table/mydpdata", 4),
        ("team/science/TeamB", "s3:GetObject", "dataset/dpdataset", 4),
        ("team/science/TeamB", "s3:GetObject", "dataset/teama", 4),
        ("team/science/TeamB", "kms:Decrypt", "dataset/teama", 4),
        ("team/science/TeamB", "lakeformation:SELECT", "dataset/teama/table/any", 4),
        // The owner of the shared dataset reads and writes it.
        ("team/platform/DataPlatformAdmin", "s3:GetObject", "dataset/dpdataset", 0),
        ("team/platform/DataPlatformAdmin", "lakeformation:SELECT", "dataset/dpdataset/table/x", 0),
        ("team/platform/DataPlatformAdmin", "s3:GetObject", "dataset/teama", 4),
        // The role of a dataset accesses only that dataset's bucket, key and database.
        ("dataset-role/dpdataset", "s3:GetObject", "dataset/dpdataset", 0),
        ("dataset-role/dpdataset", "kms:Decrypt", "dataset/dpdataset", 0),
        ("dataset-role/dpdataset", "lakeformation:CREATE_TABLE", "dataset/dpdataset", 0),
        ("dataset-role/dpdataset", "s3:GetObject", "dataset/teama", 4),
        ("dataset-role/dpdataset", "kms:Decrypt", "dataset/teama", 4),
        ("dataset-role/dpdataset", "lakeformation:CREATE_TABLE", "dataset/teama", 4),
        ("dataset-role/teama", "s3:GetObject", "dataset/teama", 0),
        ("dataset-role/teama", "kms:Decrypt", "dataset/teama", 0),
        ("dataset-role/teama", "lakeformation:CREATE_TABLE", "dataset/teama", 0),
        ("dataset-role/teama", "s3:GetObject", "dataset/dpdataset", 4),
        ("dataset-role/teama", "kms:Decrypt", "dataset/dpdataset", 4),
        ("dataset-role/teama", "lakeformation:CREATE_TABLE", "dataset/dpdataset", 4),
        // No team can assume the pivot role, the execution role or the deploy role.
        ("team/science/TeamA", "sts:AssumeRole", "pivot-role/science", 4),
        ("team/science/TeamA", "sts:AssumeRole", "execution-role/333333333333-us-east-1", 4),
        ("team/science/TeamA", "sts:AssumeRole", "deploy-role/333333333333-us-east-1", 4),
    ];
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(principal, action, resource, expected)| {
            let got = can(principal, action, resource, &[]);
            let line = format!("{principal} {action} {resource}: got {got}, expected {expected}");
            (got != *expected).then_some(line)
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Besides its own dataset, a dataset's role accesses only the code and its own profiling results in the environment's
/// bucket.
#[test]
fn a_datasets_role_has_its_own_dataset_and_what_profiling_needs() {
    for (dataset, environment) in [("dpdataset", "platform"), ("teama", "science")] {
        let principal = format!("dataset-role/{dataset}");
        let access = lakewright([
            "access".as_ref(),
            example("lab").as_os_str(),
            "--all".as_ref(),
            "--principal".as_ref(),
            principal.as_ref(),
            "--format".as_ref(),
            "json".as_ref(),
        ]);
        let rows: serde_json::Value = serde_json::from_slice(&access.stdout).expect("rows");
        let rows = rows["rows"].as_array().expect("rows");
        assert!(rows.len() > 5, "{rows:?}");
        let others = rows.iter().filter_map(|row| row["resource"].as_str()).filter(|resource| {
            let of_environment = format!("environment/{environment} ");
            let is_profiling = resource
                .strip_prefix(&of_environment)
                .is_some_and(|bucket| !bucket.contains('/') || bucket.contains("/profiling/"));
            !resource.starts_with(&format!("dataset/{dataset} ")) && !is_profiling
        });
        assert_eq!(others.collect::<Vec<_>>(), Vec::<&str>::new());
    }
}

#[test]
fn the_pivot_role_needs_the_external_id_and_a_trusted_role() {
    let central = "arn:aws:iam::111111111111:role/lab-platform";
    let assume = |principal, context: &[&str]| {
        can(principal, "sts:AssumeRole", "pivot-role/science", context)
    };
    assert_eq!(assume(central, &[]), 4);
    assert_eq!(assume(central, &["sts:ExternalId=wrong"]), 4);
    // The trust policy allows it. The policies of the role in its own account are not in the mesh.
    assert_eq!(assume(central, &["sts:ExternalId=lab-4f1c6c2e"]), 5);
    let other = "arn:aws:iam::111111111111:role/other";
    assert_eq!(assume(other, &["sts:ExternalId=lab-4f1c6c2e"]), 4);
}

/// Attempts to bypass the tags and names that separate teams.
#[test]
fn what_belongs_to_others_is_not_used_by_name() {
    let team = "team/science/TeamA";
    let arn = |service: &str, resource: &str| {
        format!("arn:aws:{service}:us-east-1:333333333333:{resource}")
    };
    let role = "lab-teama-ewsex6a7";
    let stack = arn("cloudformation", "stack/lab-own/1");
    let own = ["aws:ResourceTag/Team=TeamA", "aws:RequestTag/Team=TeamA"];
    let posing = [&own[..], &["aws:RequestTag/lakewright:mesh=lab"]].concat();
    let schedule = arn("databrew", &format!("schedule/{role}-x"));
    // A change set can set the stack's tags, and `deploy` would take the stack for one of the mesh.
    let change = "cloudformation:CreateChangeSet";
    assert_eq!(can(team, change, &stack, &own), 0);
    assert_eq!(can(team, change, &stack, &posing), 4);
    // A schedule can start any job of the account.
    let asked = ["aws:RequestTag/Team=TeamA"];
    assert_eq!(can(team, "databrew:CreateSchedule", &schedule, &asked), 4);
    // Objects of a dataset are encrypted with its key, whichever header asks for another one.
    let put = |context: &[&str]| can(team, "s3:PutObject", "dataset/teama", context);
    assert_eq!(put(&[]), 0);
    for header in [
        "s3:x-amz-server-side-encryption=AES256",
        "s3:x-amz-server-side-encryption=aws:kms",
        "s3:x-amz-server-side-encryption-customer-algorithm=AES256",
        "s3:x-amz-server-side-encryption-aws-kms-key-id=arn:aws:kms:us-east-1:333333333333:key/x",
    ] {
        assert_eq!(put(&[header]), 4, "{header}");
    }
}

/// A model runs with the role that it was created with.
#[test]
fn models_of_other_teams_are_not_started() {
    let start = |model: &str| {
        let role = "full-mesh-financeadmins-dba5eeiz";
        let job = format!("arn:aws:sagemaker:eu-west-1:222222222222:transform-job/{role}-x");
        let model =
            format!("sagemaker:ModelArn=arn:aws:sagemaker:eu-west-1:222222222222:model/{model}");
        let context = ["aws:RequestTag/Team=FinanceAdmins", &model];
        let team = "team/finance-eu/FinanceAdmins";
        ask("full", team, "sagemaker:CreateTransformJob", &job, &context)
    };
    // The permissions boundary belongs to the owner of that mesh, so it is unknown whether this is allowed.
    assert_eq!(start("full-mesh-financeadmins-dba5eeiz-m"), 5);
    assert_eq!(start("full-mesh-analysts-j4ylnade-m"), 4);
}

/// Attacks that work on data.all's templates (reference, section 18 A) are denied on ours.
#[test]
fn weaknesses_of_data_all_are_none_of_ours() {
    let team = "team/science/DataScienceAdmin";
    let stack = "arn:aws:cloudformation:us-east-1:333333333333:stack/lab-dataset-teama/1";
    let pivot = "pivot-role/science";
    let role = "arn:aws:iam::333333333333:role/lab-teama-ewsex6a7";
    let own = "arn:aws:iam::333333333333:policy/lab-boundary-us-east-1";
    let rows: &[(&str, &str, &str, &str, &[&str])] = &[
        ("A1", team, "cloudformation:ExecuteChangeSet", stack, &[]),
        (
            "A1",
            team,
            "cloudformation:CreateChangeSet",
            stack,
            &["aws:ResourceTag/Team=DataScienceAdmin", "aws:ResourceTag/lakewright:mesh=lab"],
        ),
        ("A2", pivot, "iam:PutRolePolicy", role, &[]),
        ("A2", pivot, "iam:AttachRolePolicy", role, &[]),
        ("A3", pivot, "iam:CreatePolicyVersion", own, &[]),
        ("A3", pivot, "iam:PutRolePolicy", pivot, &[]),
        (
            "A4",
            team,
            "lambda:UpdateFunctionCode",
            "arn:aws:lambda:us-east-1:333333333333:function:lab-x",
            &["aws:ResourceTag/Team=DataScienceAdmin", "aws:ResourceTag/lakewright:mesh=lab"],
        ),
        (
            "A4",
            team,
            "ssm:PutParameter",
            "arn:aws:ssm:us-east-1:333333333333:parameter/lab/x",
            &["aws:ResourceTag/Team=DataScienceAdmin", "aws:ResourceTag/lakewright:mesh=lab"],
        ),
        // Nobody can obtain access by setting another team's tag.
        ("A5", team, "iam:TagRole", role, &["aws:RequestTag/Team=TeamA"]),
        ("A5", team, "s3:PutBucketTagging", "arn:aws:s3:::lab-teama-43mwtaab", &[]),
        (
            "A6",
            team,
            "sagemaker:CreatePresignedDomainUrl",
            "arn:aws:sagemaker:us-east-1:333333333333:user-profile/d-1/lab-other",
            &["sagemaker:ResourceTag/Team=TeamA", "aws:ResourceTag/Team=TeamA"],
        ),
        (
            "A8",
            team,
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:us-east-1:333333333333:secret:other",
            &[],
        ),
        ("A8", team, "sts:AssumeRole", role, &[]),
        (
            "A9",
            team,
            "glue:GetConnection",
            "arn:aws:glue:us-east-1:333333333333:connection/other",
            &[],
        ),
        (
            "A9",
            team,
            "logs:GetLogEvents",
            "arn:aws:logs:us-east-1:333333333333:log-group:other:log-stream:x",
            &[],
        ),
        ("A9", team, "codebuild:ImportSourceCredentials", "*", &[]),
        ("A11", "execution-role/333333333333-us-east-1", "iam:CreateRole", role, &[]),
        ("A11", "execution-role/333333333333-us-east-1", "iam:AttachRolePolicy", role, &[]),
        (
            "A12",
            "service/glue.amazonaws.com",
            "sts:AssumeRole",
            role,
            &["aws:SourceAccount=999999999999"],
        ),
        ("A12", "service/lakeformation.amazonaws.com", "sts:AssumeRole", "dataset-role/teama", &[]),
        ("A13", team, "ram:CreateResourceShare", "*", &[]),
        ("A14", team, "iam:CreateUser", "*", &[]),
    ];
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(number, principal, action, resource, context)| {
            let got = can(principal, action, resource, context);
            (got != 4).then(|| format!("{number}: {principal} {action} {resource}: got {got}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Weaknesses A7 and A10: the roles of ML Studio's domain, and of the build that tracks the repository.
#[test]
fn roles_of_domains_and_of_builds_that_change_pipelines_reach_nothing_else() {
    for (principal, action, resource) in [
        ("studio-role/finance-eu", "s3:GetObject", "dataset/ledger"),
        (
            "pipeline-update-role/itself",
            "sts:AssumeRole",
            "arn:aws:iam::222222222222:role/cdk-hnb659fds-deploy-role-222222222222-eu-west-1",
        ),
    ] {
        assert_eq!(ask("full", principal, action, resource, &[]), 4, "{principal}");
    }
}

/// A guardrail finds each of these weaknesses in the form that data.all's templates have.
#[test]
fn guardrails_find_the_weaknesses_of_data_all() {
    let allow = |action: &str, resource: &str, more: &str| {
        format!("{{Effect: Allow, Action: [{action}], Resource: '{resource}'{more}}}")
    };
    let arn = |rest: &str| format!("arn:aws:{rest}");
    let role = |statement: &str| {
        format!(
            "  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: dataall-team\n      Tags: [{{Key: Team, Value: a}}, {{Key: team, Value: b}}]\n      AssumeRolePolicyDocument: {{Version: '2012-10-17', Statement: [{{Effect: Allow, Action: 'sts:AssumeRole', Principal: {{Service: glue.amazonaws.com}}}}]}}\n      ManagedPolicyArns: ['arn:aws:iam::aws:policy/AmazonS3FullAccess']\n      Policies: [{{PolicyName: p, PolicyDocument: {{Version: '2012-10-17', Statement: [{statement}]}}}}]\n"
        )
    };
    let stack = arn("cloudformation:eu-west-1:111122223333:stack/dataall*");
    let profile = arn("sagemaker:eu-west-1:111122223333:user-profile/d-1/*");
    let region = ", Condition: {StringEquals: {'aws:RequestedRegion': eu-west-1}}";
    let tags =
        ", Condition: {'ForAllValues:StringEquals': {'ram:RequestedResourceType': 'glue:Table'}}";
    for (number, code, statement) in [
        (
            "A1",
            "change-sets-on-others",
            allow(
                "'cloudformation:CreateChangeSet', 'cloudformation:ExecuteChangeSet'",
                &stack,
                "",
            ),
        ),
        (
            "A2",
            "iam-without-boundary",
            allow("'iam:PutRolePolicy'", &arn("iam::111122223333:role/*"), ""),
        ),
        (
            "A2",
            "assume-any-role",
            allow("'sts:AssumeRole'", &arn("iam::111122223333:role/cdk-*"), ""),
        ),
        (
            "A3",
            "policy-on-oneself",
            allow("'iam:PutRolePolicy'", &arn("iam::111122223333:role/dataall*"), ""),
        ),
        (
            "A4",
            "code-of-others",
            allow(
                "'lambda:UpdateFunctionCode'",
                &arn("lambda:eu-west-1:111122223333:function:dataall*"),
                ", Condition: {StringEquals: {'aws:ResourceTag/Team': admins}}",
            ),
        ),
        ("A5", "tag-case", String::new()),
        ("A6", "presigned-url", allow("'sagemaker:CreatePresignedDomainUrl'", &profile, "")),
        ("A6", "presigned-url", allow("'sagemaker:CreatePresignedDomainUrl'", &profile, region)),
        ("A7", "broad-managed-policy", String::new()),
        ("A8", "wildcard-resource", allow("'secretsmanager:GetSecretValue'", "*", "")),
        ("A8", "assume-any-role", allow("'sts:AssumeRole'", "*", "")),
        ("A9", "wildcard-action", allow("'glue:Get*'", "*", "")),
        ("A10", "assume-any-role", allow("'sts:AssumeRole'", &arn("iam::*:role/cdk*"), "")),
        (
            "A11",
            "iam-without-boundary",
            allow(
                "'iam:CreateRole', 'iam:AttachRolePolicy'",
                &arn("iam::111122223333:role/dataall*"),
                "",
            ),
        ),
        ("A11", "wildcard-action", allow("'kms:*'", "*", "")),
        ("A12", "service-without-source", String::new()),
        ("A13", "for-all-values-without-null", allow("'ram:CreateResourceShare'", "*", tags)),
        (
            "A14",
            "not-with-allow",
            "{Effect: Allow, NotAction: ['iam:CreateUser'], Resource: '*'}".to_owned(),
        ),
    ] {
        // The tags of roles are checked only where resources have such tags.
        let handler = "  Pivot:\n    Type: AWS::IAM::Role\n    Properties: {RoleName: pivot, AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: []}}\n  Handler:\n    Type: AWS::Lambda::Function\n    Properties: {FunctionName: dataall-h, Role: 'arn:aws:iam::111122223333:role/pivot', Tags: [{Key: Team, Value: admins}]}\n";
        let tagged = "  Bucket:\n    Type: AWS::S3::Bucket\n    Properties: {BucketName: b, Tags: [{Key: Team, Value: a}, {Key: team, Value: b}]}\n";
        let folder = tempfile::tempdir().expect("a folder");
        let template = format!("Resources:\n{}{tagged}{handler}", role(&statement));
        fs::write(folder.path().join("template.yaml"), template).expect("a template");
        let output =
            lakewright(["check".as_ref(), "--assembly".as_ref(), folder.path().as_os_str()]);
        let text = transcript(&output);
        assert_eq!(output.status.code(), Some(4), "{number}: {text}");
        assert!(text.contains(&format!("error[{code}]")), "{number} {code}: {text}");
    }
}

#[test]
fn our_own_templates_have_no_finding() {
    for name in EXAMPLES {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out");
        let done = lakewright([
            "synth".as_ref(),
            example(name).as_os_str(),
            "--out".as_ref(),
            out.as_os_str(),
            "-q".as_ref(),
        ]);
        assert!(done.status.success(), "{}", transcript(&done));
        let output = lakewright(["check".as_ref(), "--assembly".as_ref(), out.as_os_str()]);
        assert_eq!(output.status.code(), Some(0), "{}", transcript(&output));
    }
}

#[test]
fn a_folder_is_reached_through_its_access_point() {
    let ask = |principal: &str, folder: &str| {
        let resource = format!("dataset/ledger/folder/{folder}");
        lakewright([
            "can".as_ref(),
            example("full").as_os_str(),
            "--principal".as_ref(),
            principal.as_ref(),
            "--action".as_ref(),
            "s3:GetObject".as_ref(),
            "--resource".as_ref(),
            resource.as_ref(),
        ])
    };
    let text = transcript(&ask("consumption-role/warehouse", "exports"));
    assert!(text.contains("exit: 0") && text.contains(":accesspoint/"), "{text}");
    let text = transcript(&ask("team/finance-eu/Interns", "exports"));
    assert!(text.contains("exit: 4"), "{text}");
    assert!(transcript(&ask("team/finance-eu/Interns", "none")).contains("exit: 2"));
}

#[test]
fn what_a_filter_shows_is_allowed_with_its_rows_and_columns() {
    let full = example("full").display().to_string();
    let ask = |command: &str, table: &str| {
        let resource = format!("dataset/ledger/table/{table}");
        let question = ["--action", "lakeformation:SELECT", "--resource", &resource];
        let all =
            [command, &full, "--principal", "team/finance-us/Analysts"].into_iter().chain(question);
        transcript(&lakewright(all))
    };
    let text = ask("why", "postings");
    // The owner's boundary, which is not in the mesh, may deny it.
    assert!(text.starts_with("exit: 5\n"), "{text}");
    assert!(text.contains("columns amount id; rows amount > 0"), "{text}");
    assert!(text.contains("asked for at work.yaml:33:1"), "{text}");
    assert!(ask("can", "nothing").starts_with("exit: 4\n"));
}

/// A filter of rows alone includes all columns: `ColumnWildcard` ("DataCellsFilter" in the CloudFormation template
/// reference: one of `ColumnNames` and `ColumnWildcard` is given).
#[test]
fn a_filter_of_rows_alone_is_proven() {
    let folder = tempfile::tempdir().expect("a folder");
    let share = "kind: Share\nid: s\ndataset: sales\nenvironment: dev\nteam: Readers\nstatus: approved\n\
                 approved_by: Owners\nitems: [{ table: orders, rows: \"amount > 0\" }]\n";
    for (name, text) in [("base.yaml", BASE), ("sales.yaml", BASE_DATASET), ("share.yaml", share)] {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    for command in ["check", "prove"] {
        let text = transcript(&lakewright([command.as_ref(), folder.path().as_os_str()]));
        assert!(text.starts_with("exit: 0\n"), "{command}: {text}");
    }
    let why = lakewright([
        "why".as_ref(),
        folder.path().as_os_str(),
        "--principal".as_ref(),
        "team/dev/Readers".as_ref(),
        "--action".as_ref(),
        "lakeformation:SELECT".as_ref(),
        "--resource".as_ref(),
        "dataset/sales/table/orders".as_ref(),
    ]);
    let text = transcript(&why);
    assert!(text.contains("columns all; rows amount > 0"), "{text}");
}
