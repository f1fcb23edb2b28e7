//! The questions and answers of `can`, `why` and `access`.

use std::fs;

use crate::portal::data_of_page;
use crate::run::{example, lakewright, root, transcript};

#[test]
fn what_cannot_be_asked_says_what_was_expected() {
    const TEAM: &str = "team/science/TeamA";
    let lab = example("lab").display().to_string();
    let ask = |arguments: &[&str]| {
        let all = ["can", &lab].into_iter().chain(arguments.iter().copied());
        transcript(&lakewright(all))
    };
    for ([principal, action, resource], expected) in [
        (["team/x/y", "s3:GetObject", "dataset/teama"], "is not a principal of this mesh"),
        (
            ["team/science/TeemA", "s3:GetObject", "dataset/teama"],
            "did you mean team/science/TeamA?",
        ),
        (["service/glue", "s3:GetObject", "dataset/teama"], "service/glue.amazonaws.com"),
        (
            ["arn:aws:iam:1:role/r", "s3:GetObject", "dataset/teama"],
            "is not an ARN; expected one like",
        ),
        (
            [TEAM, "s3:GetObject", "arn:aws:s3::lab-teama/x"],
            "expected one like arn:aws:s3:::BUCKET",
        ),
        ([TEAM, "s3:Get*", "dataset/teama"], "expected one such as s3:GetObject"),
        ([TEAM, "s3:GetObjectt", "dataset/teama"], "did you mean s3:GetObject?"),
        ([TEAM, "dynamo:GetItem", "dataset/teama"], "did you mean dynamodb?"),
        (
            [TEAM, "s3:GetObject", "dataset/none"],
            "there is no dataset `none`; expected one such as",
        ),
        ([TEAM, "s3:GetObjekt", "dataset/teama"], "did you mean s3:GetObject?"),
        ([TEAM, "s3:GetObject", "dataset/taema"], "did you mean teama?"),
        (
            [TEAM, "glue:StartCrawler", "share/mydpdata-for-team-a"],
            "has nothing that glue:StartCrawler",
        ),
        ([TEAM, "s3:GetObject", "environment/science"], "`environment/science` is ambiguous"),
        ([TEAM, "s3:GetObject", "environment/sciense"], "did you mean environment/science?"),
        ([TEAM, "lakeformation:SELECT", "dataset/teama"], "it is about tables"),
    ] {
        let text = ask(&["--principal", principal, "--action", action, "--resource", resource]);
        assert!(text.starts_with("exit: 2\n") && text.contains(expected), "{expected}: {text}");
    }
    // The ARNs of AWS managed policies have another format.
    let policy = "arn:aws:iam::aws:policy/AdministratorAccess";
    let text = ask(&["--principal", TEAM, "--action", "iam:GetPolicy", "--resource", policy]);
    assert!(!text.starts_with("exit: 2\n"), "{text}");
    let text = ask(&["--principal", TEAM]);
    assert!(text.starts_with("exit: 2\n") && text.contains("--action"), "{text}");
}

#[test]
fn the_matrix_comes_in_every_format() {
    let access = |format: &str| {
        let arguments = [
            "access".as_ref(),
            example("lab").as_os_str().to_owned().as_os_str(),
            "--format".as_ref(),
            format.as_ref(),
        ]
        .map(std::ffi::OsStr::to_owned);
        String::from_utf8(lakewright(arguments).stdout).expect("text")
    };
    let json: serde_json::Value = serde_json::from_str(&access("json")).expect("JSON");
    let rows = json["rows"].as_array().expect("rows");
    let levels = |principal: &str, resource: &str| {
        let row =
            rows.iter().find(|row| row["principal"] == principal && row["resource"] == resource);
        row.map(|row| row["levels"].to_string())
    };
    let table = "dataset/dpdataset table/lab_dpdataset_m33u3n7d/mydpdata";
    assert_eq!(levels("team/science/TeamA", table).as_deref(), Some(r#"["read"]"#));
    assert_eq!(levels("team/science/TeamB", table), None);
    let csv = access("csv");
    assert!(
        csv.starts_with("principal,principal_arn,resource,resource_arn,access,levels,"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), rows.len() + 1);
    let html = access("html");
    assert!(html.starts_with("<!doctype html>"));
    // What a reader finds in it is tested in a browser (`portal.rs`).
    let data = data_of_page(&html);
    let groups = data["reach"]["groups"].as_array().expect("groups");
    let shown = groups.iter().map(|group| group["rows"].as_array().expect("rows").len());
    assert_eq!(shown.sum::<usize>(), rows.len());
    let names: Vec<&str> = groups.iter().filter_map(|group| group["name"].as_str()).collect();
    let targets = data["matrix"]["targets"].as_array().expect("targets").iter();
    assert_eq!(targets.filter_map(serde_json::Value::as_str).collect::<Vec<_>>(), names);
}

#[test]
fn policies_of_the_organization_take_access_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("organization.json");
    let ask = |document: &str| {
        fs::write(&file, document).expect("a file");
        lakewright([
            "can".as_ref(),
            example("lab").as_os_str(),
            "--principal".as_ref(),
            "team/science/TeamA".as_ref(),
            "--action".as_ref(),
            "s3:GetObject".as_ref(),
            "--resource".as_ref(),
            "dataset/teama".as_ref(),
            "--scp".as_ref(),
            file.as_os_str(),
        ])
    };
    let all = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    assert_eq!(ask(all).status.code(), Some(0));
    let none = r#"{"service_control_policies": [{"accounts": ["333333333333"], "document":
        {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"},
            {"Effect": "Allow", "Action": "*", "Resource": "*"}]}}]}"#;
    assert_eq!(ask(none).status.code(), Some(4));
    let other = none.replace("333333333333", "222222222222");
    assert_eq!(ask(&other).status.code(), Some(0));
    let managed = none.replacen('{', r#"{"management_account": "333333333333", "#, 1);
    assert_eq!(ask(&managed).status.code(), Some(0));
    // Each level above an account must allow; within a level, one policy is enough.
    let levels = |second: &str| {
        let narrow = all.replace("\"*\", \"Resource\"", "\"glue:*\", \"Resource\"");
        format!(
            r#"{{"service_control_policies": [{{"level": "root", "document": {all}}},
                {{"level": "{second}", "document": {narrow}}}]}}"#
        )
    };
    assert_eq!(ask(&levels("data")).status.code(), Some(4));
    assert_eq!(ask(&levels("root")).status.code(), Some(0));
    let output = ask("{}");
    assert!(transcript(&output).contains("expected a policy document"), "{}", transcript(&output));
}

#[test]
fn a_batch_ends_with_its_worst_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("questions.jsonl");
    let ask = |lines: &str| {
        fs::write(&file, lines).expect("a file");
        lakewright([
            "can".as_ref(),
            example("lab").as_os_str(),
            "--batch".as_ref(),
            file.as_os_str(),
        ])
    };
    let question = |team: &str| {
        format!(
            "{{\"principal\": \"team/science/{team}\", \"action\": \"s3:GetObject\", \"resource\": \"dataset/teama\"}}\n"
        )
    };
    let output = ask(&question("TeamA"));
    assert_eq!(output.status.code(), Some(0), "{}", transcript(&output));
    let output = ask(&format!("{}{}", question("TeamA"), question("TeamB")));
    assert_eq!(output.status.code(), Some(4), "{}", transcript(&output));
    let lines = String::from_utf8(output.stdout).expect("text");
    let decisions: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(decisions[0]["decision"], "allow");
    assert_eq!(decisions[1]["decision"], "implicit-deny");
    // An invalid question does not prevent the answers to the others.
    let output = ask(&format!("{{\"principal\": 7}}\n{}", question("TeamA")));
    let text = transcript(&output);
    assert!(text.starts_with("exit: 2") && text.contains("questions.jsonl:1: "), "{text}");
    assert!(text.contains("\"decision\":\"allow\"") && text.contains("\"error\":"), "{text}");
}

#[test]
fn a_file_of_policies_is_read_strictly() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scp.json");
    let lab = example("lab").display().to_string();
    let prove = |text: &str| {
        fs::write(&path, text).expect("a file");
        let scp = path.to_str().expect("text");
        transcript(&lakewright(["prove", &lab, "--scp", scp]))
    };
    let entry = |account: &str, statement: &str| {
        format!(
            "{{\"service_control_policies\": [{{\"accounts\": [{account}], \"document\": \
             {{\"Version\": \"2012-10-17\", \"Statement\": [{statement}]}}}}]}}"
        )
    };
    let all = r#"{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}"#;
    assert!(prove(&entry("", all)).starts_with("exit: 0\n"));
    for (text, says) in [
        ("{", "this is not JSON"),
        ("{}", "got no policy"),
        (r#"{"service_control_polices": []}"#, "unknown field `service_control_polices`"),
        (&entry("\"222\"", all), "got the account `222`, expected 12 digits"),
        (&entry("", &all.replace("Allow", "Deny")), "no service control policy allows anything"),
        (&entry("", &all.replace("Allow", "Dny")), "got effect `Dny`, expected Allow or Deny"),
        (
            &entry("", all).replacen('{', "{\"management_account\": \"me\", ", 1),
            "management_account: got the account `me`, expected 12 digits",
        ),
        (&entry("", &all.replace("\"Sid\"", "\"Principal\": \"*\", \"Sid\"")), "names a principal"),
    ] {
        let output = prove(text);
        assert!(output.starts_with("exit: 2\n") && output.contains(says), "{says}: {output}");
    }
    // A `Deny` outside of the region denies nothing if all resources are in that region.
    let region = r#"{"Sid": "R", "Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}}"#;
    let output = prove(&entry("\"333333333333\"", &format!("{all}, {region}")));
    assert!(output.starts_with("exit: 0\n"), "{output}");
    let output = prove(&entry(
        "\"333333333333\"",
        &format!("{all}, {}", region.replace("us-east-1", "eu-west-1")),
    ));
    assert!(output.starts_with("exit: 4\n"), "{output}");
}

/// The formats of answers, which programs and people rely on, change only on purpose.
#[test]
fn the_shapes_of_answers_are_kept() {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(root().join("snapshots/answers"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let answer = |arguments: &[&str]| {
        let output = lakewright(arguments);
        assert!(output.status.code().is_some_and(|code| [0, 4].contains(&code)));
        String::from_utf8(output.stdout).expect("text")
    };
    let (lab, full) = (example("lab"), example("full"));
    let (lab, full) = (lab.to_str().expect("text"), full.to_str().expect("text"));
    let asked = ["--principal", "team/science/TeamA", "--action", "lakeformation:SELECT"];
    let resource = ["--resource", "dataset/dpdataset/table/mydpdata", "--format", "json"];
    let why = [&["why", lab][..], &asked, &resource].concat();
    let table = ["--resource", "dataset/ledger/table/postings"];
    let access = [&["access", full, "--format", "json"][..], &table].concat();
    let page = [&["access", full, "--format", "html"][..], &table].concat();
    let data = |arguments: &[&str]| format!("{:#}\n", data_of_page(&answer(arguments)));
    settings.bind(|| {
        insta::assert_snapshot!("why", answer(&why));
        insta::assert_snapshot!("access", answer(&access));
        insta::assert_snapshot!("access-page", data(&page));
    });
}

#[test]
fn a_denial_says_what_would_have_allowed_it() {
    let lab = example("lab").display().to_string();
    let ask = |question: [&str; 3], context: &[&str]| {
        let [principal, action, resource] = question;
        let asked =
            ["can", &lab, "--principal", principal, "--action", action, "--resource", resource];
        transcript(&lakewright(asked.iter().copied().chain(context.iter().copied())))
    };
    let platform = "arn:aws:iam::111111111111:role/lab-platform";
    let assume = [platform, "sts:AssumeRole", "pivot-role/science"];
    let text = ask(assume, &[]);
    assert!(text.starts_with("exit: 4\n"), "{text}");
    assert!(text.contains("External0, when sts:externalid is \"lab-4f1c6c2e\""), "{text}");
    let text = ask(assume, &["--context", "sts:ExternalId=lab-4f1c6c2e"]);
    assert!(text.starts_with("exit: 0\n") || text.starts_with("exit: 5\n"), "{text}");
    assert!(!text.contains("would allow"), "{text}");
    // A denial names a request that it would not cover.
    let put = ["team/science/TeamA", "s3:PutObject", "dataset/teama"];
    let text = ask(put, &["--context", "s3:x-amz-server-side-encryption=AES256"]);
    assert!(text.contains("s3:x-amz-server-side-encryption is not \"aws:kms\""), "{text}");
    // No policy contains a misspelt key, so the spelling is corrected.
    for (key, says) in [
        ("sts:Externalld=x", "did you mean sts:ExternalId?"),
        ("aws:SourceIpp=10.0.0.1", "did you mean aws:sourceip?"),
        ("sts:nothing=x", "sts:AssumeRole carries no condition key `sts:nothing`; it carries"),
    ] {
        let text = ask(assume, &["--context", key]);
        assert!(text.starts_with("exit: 2\n") && text.contains(says), "{says}: {text}");
    }
}

#[test]
fn a_boundary_of_somebody_else_can_be_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("boundary.json");
    let full = example("full").display().to_string();
    let allows = |action: &str| {
        let document = format!(
            "{{\"Version\": \"2012-10-17\", \"Statement\": {{\"Effect\": \"Allow\", \"Action\": \"{action}\", \"Resource\": \"*\"}}}}"
        );
        fs::write(&path, document).expect("a file");
    };
    let given =
        |policy: &str| format!("arn:aws:iam::222222222222:policy/{policy}={}", path.display());
    let ask = |boundary: Option<&str>| {
        let question = ["--action", "s3:GetObject", "--resource", "dataset/ledger"];
        let asked = ["can", &full, "--principal", "team/finance-eu/Analysts"];
        let boundary = boundary.into_iter().flat_map(|boundary| ["--boundary", boundary]);
        transcript(&lakewright(asked.into_iter().chain(question).chain(boundary)))
    };
    let text = ask(None);
    assert!(text.starts_with("exit: 5\n"), "{text}");
    assert!(text.contains("the permissions boundary is not in the mesh"), "{text}");
    allows("s3:*");
    assert!(ask(Some(&given("finance-boundary"))).starts_with("exit: 0\n"));
    allows("glue:*");
    let text = ask(Some(&given("finance-boundary")));
    assert!(text.starts_with("exit: 4\n") && text.contains("the permissions boundary"), "{text}");
    let text = ask(Some(&given("nobodys")));
    assert!(text.starts_with("exit: 2\n"), "{text}");
    assert!(
        text.contains("expected arn:aws:iam::111111111111:policy/full-mesh-boundary"),
        "{text}"
    );
    fs::write(&path, "{").expect("a file");
    let text = ask(Some(&given("finance-boundary")));
    assert!(text.contains("boundary.json: this is not JSON"), "{text}");
    // The matrix states why an entry is unknown.
    let text = transcript(&lakewright(["access", &full]));
    assert!(text.contains("(--boundary ARN=FILE gives it)"), "{text}");
}

#[test]
fn a_guardrail_names_the_line_of_the_template() {
    const TEMPLATE: &str = r#"Outputs:
  Role: {Value: x}
Resources:
  Other: {Type: AWS::S3::Bucket, Properties: {BucketName: other}}
  Role:
    Type: AWS::IAM::Policy
    Properties:
      Users: [u]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Sid: Fine, Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::other/*"}
          - {Sid: Wide, Effect: Allow, Action: "s3:GetObject", Resource: "*"}
"#;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.yaml");
    fs::write(&path, TEMPLATE).expect("a file");
    let check = |arguments: &[&str]| {
        let all = ["check", "--assembly", folder.path().to_str().expect("text")];
        lakewright(all.into_iter().chain(arguments.iter().copied()))
    };
    let text = transcript(&check(&[]));
    assert!(text.starts_with("exit: 4\n"), "{text}");
    assert!(text.contains("t.yaml:13\n  in t.yaml Role.PolicyDocument statement Wide"), "{text}");
    let data: serde_json::Value =
        serde_json::from_slice(&check(&["--format", "json"]).stdout).expect("JSON");
    assert_eq!(data["findings"][0]["line"], 13);
}

#[test]
fn a_session_policy_limits_what_the_role_may_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("session.json");
    let lab = example("lab").display().to_string();
    let ask = |policy: &str, action: &str| {
        fs::write(&path, policy).expect("a file");
        let asked = ["can", &lab, "--principal", "team/platform/DataPlatformAdmin"];
        let question = ["--action", action, "--resource", "dataset/dpdataset"];
        let session = ["--session-policy", path.to_str().expect("text")];
        transcript(&lakewright(asked.into_iter().chain(question).chain(session)))
    };
    let reads = r#"{"Version": "2012-10-17", "Statement": {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}"#;
    assert!(ask(reads, "s3:GetObject").starts_with("exit: 0\n"));
    let text = ask(reads, "s3:PutObject");
    assert!(text.starts_with("exit: 4\n"), "{text}");
    assert!(text.contains("the session policy does not allow it"), "{text}");
    let for_somebody = reads.replace("\"Action\"", "\"Principal\": \"*\", \"Action\"");
    let text = ask(&for_somebody, "s3:GetObject");
    assert!(text.starts_with("exit: 2\n"), "{text}");
    assert!(
        text.contains("session.json: session_policy: statement Read names a principal"),
        "{text}"
    );
}

#[test]
fn whoever_is_granted_a_dataset_is_in_the_matrix() {
    for name in ["full", "lab"] {
        let mesh = example(name).display().to_string();
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out").display().to_string();
        assert!(lakewright(["synth", &mesh, "--out", &out]).status.success());
        let grants = fs::read_to_string(folder.path().join("out/grants.json")).expect("grants");
        let grants: serde_json::Value = serde_json::from_str(&grants).expect("JSON");
        let access = |arguments: &[&str]| {
            let all = ["access", "--format", "json"].into_iter().chain(arguments.iter().copied());
            let output = lakewright(all);
            let data: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
            data["rows"].as_array().expect("rows").clone()
        };
        let rows = access(&[&mesh]);
        // A mesh and its assembly give the same answers, including imported resources.
        assert_eq!(rows, access(&["--assembly", &out]));
        let has = |principal: &str, target: &str, arn: &str| {
            rows.iter().any(|row| {
                let reached = row["resource_arn"].as_str().unwrap_or_default();
                let of = row["resource"].as_str().unwrap_or_default();
                // A grant names a key by its alias, the matrix by its id.
                let is_key = arn.contains(":alias/")
                    && reached.contains(":key/")
                    && of.starts_with(&format!("{target} "));
                row["principal"] == principal && (reached == arn || is_key)
            })
        };
        let mut asked = 0;
        for grant in grants["grants"]
            .as_object()
            .expect("stacks")
            .values()
            .flat_map(|list| list.as_array().expect("grants"))
        {
            let text = |key: &str| grant[key].as_str().unwrap_or_default();
            let is_data = ["list", "read", "use", "write"].contains(&text("access"));
            if !is_data
                || !text("resource").starts_with("dataset/")
                || text("principal").starts_with("service/")
            {
                continue;
            }
            for arn in grant["resources"].as_array().expect("ARNs") {
                let arn = arn.as_str().expect("an ARN");
                // Left out: tables, which Lake Formation controls; resource links of shares; patterns for several resources.
                let is_catalog = arn.contains(":glue:") && !arn.contains(":database/");
                let is_pattern = arn == "*" || (arn.contains(":database/") && arn.contains('*'));
                if is_catalog || is_pattern || arn.contains("_shared") {
                    continue;
                }
                assert!(has(text("principal"), text("resource"), arn), "{name}: {grant}");
                asked += 1;
            }
        }
        assert!(asked > 5, "{name}: {asked}");
    }
}

#[test]
fn data_takes_both_iam_and_lake_formation() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("scp.json");
    let scp = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "lakeformation:GetDataAccess", "Resource": "*"}]}"#;
    fs::write(&file, scp).expect("a file");
    let lab = example("lab").display().to_string();
    let table = ["--resource", "dataset/dpdataset/table/mydpdata"];
    let select = ["--principal", "team/science/TeamA", "--action", "lakeformation:SELECT"];
    let scp = ["--scp", file.to_str().expect("text")];
    let ask = |more: &[&str]| {
        let all = [&["can", &lab][..], &select, &table, more].concat();
        transcript(&lakewright(all))
    };
    assert!(ask(&[]).starts_with("exit: 0\n"));
    let text = ask(&scp);
    assert!(
        text.starts_with("exit: 4\n") && text.contains("lakeformation:GetDataAccess"),
        "{text}"
    );
    let access = [&["access", &lab, "--principal", "team/science/TeamA"][..], &table].concat();
    assert!(transcript(&lakewright(access.clone())).contains("read"));
    let text = transcript(&lakewright([&access[..], &scp].concat()));
    assert!(!text.contains("read"), "{text}");
}

/// Each resource that `access` prints can be used in a question: the target, and the exact resource of a line. If an action
/// covers several resources, the answer names each.
#[test]
fn every_resource_of_the_matrix_can_be_asked_for_by_its_name() {
    let full = example("full").display().to_string();
    let output = lakewright(["access", &full, "--all", "--format", "json"]);
    let matrix: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut questions = std::collections::BTreeSet::new();
    let mut targets = std::collections::BTreeSet::new();
    for row in matrix["rows"].as_array().expect("rows") {
        let known = row["actions"].as_object().expect("actions").keys().map(String::as_str);
        let unknown = row["unknown"].as_array().expect("actions").iter();
        let action = known.chain(unknown.filter_map(serde_json::Value::as_str)).next();
        let Some(action) = action else { continue };
        let (name, arn) = (&row["resource"], row["resource_arn"].as_str().expect("an ARN"));
        let name = name.as_str().expect("a name");
        questions.insert((name.to_owned(), action.to_owned()));
        let end = arn.splitn(6, ':').nth(5).expect("the end of an ARN");
        // A line about a pattern has no resource type.
        if let Some(target) = name.strip_suffix(end).filter(|_| !arn.contains('*')) {
            let target = target.trim_end();
            if !target.starts_with("arn:") {
                targets.insert((target.to_owned(), action.to_owned()));
            }
        }
    }
    assert!(questions.len() > 150 && targets.len() > 60, "{} {}", questions.len(), targets.len());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("questions.jsonl");
    let answers = |asked: &std::collections::BTreeSet<(String, String)>| -> Vec<String> {
        let lines = asked.iter().map(|(name, action)| {
            let question = serde_json::json!({
                "principal": "team/finance-eu/Analysts", "action": action, "resource": name,
            });
            format!("{question}\n")
        });
        fs::write(&file, lines.collect::<String>()).expect("a file");
        let file = file.display().to_string();
        let output = lakewright(["can", &full, "--batch", &file]);
        let text = String::from_utf8(output.stdout).expect("text");
        let answers: Vec<String> = text.lines().map(str::to_owned).collect();
        assert_eq!(answers.len(), asked.len(), "an answer for each question");
        answers
    };
    for (question, answer) in questions.iter().zip(answers(&questions)) {
        assert!(!answer.contains("\"error\":"), "{question:?}: {answer}");
    }
    for (question, answer) in targets.iter().zip(answers(&targets)) {
        // For several tables, the answer says how to name one.
        let is_several = ["is ambiguous; expected one of", "dataset/ID/table/NAME for a table"];
        let is_several = is_several.iter().any(|text| answer.contains(text));
        assert!(!answer.contains("\"error\":") || is_several, "{question:?}: {answer}");
    }
}

#[test]
fn a_name_stands_for_what_the_action_is_about() {
    let full = example("full").display().to_string();
    for (resource, action, expected) in [
        ("notebook/scratch", "sagemaker:StartNotebookInstance", ":notebook-instance/"),
        ("pipeline/nightly", "codecommit:GitPush", ":codecommit:"),
        ("pipeline/nightly", "codepipeline:StartPipelineExecution", ":codepipeline:"),
        ("dataset/ledger", "glue:StartCrawler", ":crawler/"),
        ("share/ledger-for-interns", "glue:GetDatabase", ":database/"),
        ("team/finance-eu/Analysts", "athena:StartQueryExecution", ":workgroup/"),
        ("team/finance-eu/Analysts", "sts:AssumeRole", ":role/"),
    ] {
        for command in ["can", "why"] {
            let output = lakewright([
                command,
                &full,
                "--principal",
                "team/finance-eu/Analysts",
                "--action",
                action,
                "--resource",
                resource,
            ]);
            let text = transcript(&output);
            assert!(!text.starts_with("exit: 2") && text.contains(expected), "{resource}: {text}");
        }
    }
}
