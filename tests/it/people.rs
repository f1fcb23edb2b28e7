//! How people assume the roles of teams: all variants of the tenant's `access`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lakewright_manifest::{Code, SourceFile};
use lakewright_stacks::Synthesized;
use lakewright_template::StackKind;
use lakewright_template::digest::sha256;
use serde_json::{Value, json};

use crate::run::{example, lakewright, mesh, resolved, synthesized, transcript, write_mesh};

/// The `access`, the principal, the action, the team, the request's context, and the exit code.
type Question<'q> = (&'q str, &'q str, &'q str, &'q str, &'q [&'q str], i32);

/// A mesh; a test appends the `access` of the tenant. Nobody can assume the role of `Guests`.
const MESH: &str = r#"kind: Organization
id: org
team: Owners
---
kind: Environment
id: here
organization: org
account: "222222222222"
region: eu-west-1
team: Owners
teams:
  - team: Analysts
    permissions: [run_athena_query]
  - team: Guests
---
kind: Tenant
id: people
central_account: "111111111111"
home_region: eu-west-1
pivot_role:
  external_id: people-0123456789
  trusted_roles: ["arn:aws:iam::111111111111:role/platform"]
"#;

/// The name of one permission set is a prefix of the other one.
const IDENTITY_CENTER: &str = "access:
  identity_center: { region: eu-west-2 }
  teams:
    Analysts: { permission_set: Data }
    Owners: { permission_set: Data_Admins }
";
const SAML: &str = "access:
  saml: { provider: corp }
  teams:
    Analysts: { members: [ann, bob] }
    Owners: { groups: [owners] }
";
const OIDC: &str = r#"access:
  oidc: { provider: "https://id.example.com/data", audience: lakewright }
  teams:
    Analysts: { members: [ann] }
    Owners: { members: [olga] }
"#;
const BROKER: &str = r#"access:
  broker: { role_arn: "arn:aws:iam::111111111111:role/people" }
  teams:
    Analysts: {}
    Owners: { members: [olga] }
"#;
const WAYS: [&str; 4] = [IDENTITY_CENTER, SAML, OIDC, BROKER];

fn source(access: &str) -> SourceFile {
    SourceFile { path: "mesh.yaml".to_owned(), text: format!("{MESH}{access}") }
}

fn stacks(access: &str) -> Vec<Synthesized> {
    synthesized(&mesh(&[source(access)]))
}

fn folder(access: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write_mesh(folder.path(), &[("mesh.yaml".to_owned(), source(access).text)]);
    folder
}

/// The role in a team's stack.
fn role(stacks: &[Synthesized], team: &str) -> Value {
    let id = format!("here/{team}");
    let mut stacks = stacks.iter().filter(|one| one.entry.kind == StackKind::Team);
    let stack = stacks.find(|one| one.entry.id == id).expect("the team's stack");
    let template: Value = serde_json::from_str(&stack.json).expect("JSON");
    let mut resources = template["Resources"].as_object().expect("resources").values();
    let role = resources.find(|one| one["Type"] == "AWS::IAM::Role").expect("a role");
    role["Properties"].clone()
}

fn is_of_people(statement: &Value) -> bool {
    statement["Sid"].as_str().is_some_and(|sid| sid.starts_with("People"))
}

/// The statements about people in a team's trust policy.
fn people(stacks: &[Synthesized], team: &str) -> Value {
    let role = role(stacks, team);
    let statements = role["AssumeRolePolicyDocument"]["Statement"].as_array().expect("statements");
    statements.iter().filter(|one| is_of_people(one)).cloned().collect()
}

fn allow(sid: &str, action: &str, principal: &Value, condition: &Value) -> Value {
    json!({
        "Action": action, "Condition": condition, "Effect": "Allow", "Principal": principal, "Sid": sid,
    })
}

/// Source: "Referencing permission sets in resource policies, Amazon EKS, and AWS KMS" in the IAM Identity Center user guide:
/// the account as principal, and `ArnLike` on `aws:PrincipalArn` with the role's path and a pattern for its suffix of 16
/// characters, as in `AWSReservedSSO_DatabaseAdministrator_1234567890abcdef`. In `us-east-1` the path has no region.
#[test]
fn a_permission_set_is_named_by_the_pattern_of_its_role() {
    let account = json!({ "AWS": "arn:aws:iam::222222222222:root" });
    for (region, path) in [("eu-west-2", "eu-west-2/"), ("us-east-1", "")] {
        let stacks = stacks(&IDENTITY_CENTER.replace("eu-west-2", region));
        for (team, set) in [("Analysts", "Data"), ("Owners", "Data_Admins")] {
            let arn = format!(
                "arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/{path}AWSReservedSSO_{set}_????????????????"
            );
            let condition = json!({ "ArnLike": { "aws:PrincipalArn": arn } });
            let expected = json!([allow("People", "sts:AssumeRole", &account, &condition)]);
            assert_eq!(people(&stacks, team), expected);
        }
    }
}

/// Source: "Create a role for SAML 2.0 federation" in the IAM user guide: action, provider and `SAML:aud`; "Available keys for
/// SAML-based AWS STS federation": `saml:sub`, and `saml:edupersonaffiliation`, which has several values.
#[test]
fn a_saml_provider_is_held_to_the_endpoint_and_to_somebody() {
    let provider = json!({ "Federated": "arn:aws:iam::222222222222:saml-provider/corp" });
    let stacks = stacks(SAML);
    let endpoint = "https://signin.aws.amazon.com/saml";
    let action = "sts:AssumeRoleWithSAML";
    let condition = json!({ "StringEquals": { "SAML:aud": endpoint, "SAML:sub": ["ann", "bob"] } });
    let expected = json!([allow("People", action, &provider, &condition)]);
    assert_eq!(people(&stacks, "Analysts"), expected);
    let condition = json!({
        "ForAnyValue:StringEquals": { "SAML:eduPersonAffiliation": "owners" },
        "StringEquals": { "SAML:aud": endpoint },
    });
    let expected = json!([allow("People", action, &provider, &condition)]);
    assert_eq!(people(&stacks, "Owners"), expected);
}

/// Source: `PARTITION_SAML_SIGN_ON_URL` in `region-info/build-tools/fact-tables.ts` of the AWS CDK.
#[test]
fn each_partition_has_an_endpoint_of_its_own() {
    for (partition, region, endpoint) in [
        ("aws-cn", "cn-north-1", "https://signin.amazonaws.cn/saml"),
        ("aws-us-gov", "us-gov-west-1", "https://signin.amazonaws-us-gov.com/saml"),
    ] {
        let SourceFile { path, text } = source(SAML);
        let text = text.replace("eu-west-1", region);
        let text = text.replace("arn:aws:", &format!("arn:{partition}:"));
        let stacks = synthesized(&mesh(&[SourceFile { path, text }]));
        let statement = &people(&stacks, "Owners")[0];
        assert_eq!(statement["Condition"]["StringEquals"]["SAML:aud"], endpoint);
        let provider = format!("arn:{partition}:iam::222222222222:saml-provider/corp");
        assert_eq!(statement["Principal"]["Federated"], provider.as_str());
    }
}

/// Source: "Create a role for OpenID Connect federation" in the IAM user guide: action, the provider's ARN, and conditions on
/// the provider's URL without its scheme, with `:aud` and `:sub`.
#[test]
fn an_oidc_provider_is_held_to_the_audience_and_to_subjects() {
    let provider =
        json!({ "Federated": "arn:aws:iam::222222222222:oidc-provider/id.example.com/data" });
    let condition = json!({
        "StringEquals": { "id.example.com/data:aud": "lakewright", "id.example.com/data:sub": "ann" },
    });
    let expected = json!([allow("People", "sts:AssumeRoleWithWebIdentity", &provider, &condition)]);
    assert_eq!(people(&stacks(OIDC), "Analysts"), expected);
}

/// Source: "Pass session tags in AWS STS" in the IAM user guide, "Example role trust policy for session tags": both actions have
/// the tag as a condition, and `aws:TagKeys` limits the tags. "Monitor and control actions taken with assumed roles", "Example
/// role trust policy for source identity": both actions have `sts:SourceIdentity` as a condition.
#[test]
fn a_broker_says_for_which_team_and_as_whom_it_acts() {
    let account = json!({ "AWS": "arn:aws:iam::111111111111:root" });
    let stacks = stacks(BROKER);
    for (team, identity) in [
        ("Analysts", json!({ "Null": { "sts:SourceIdentity": "false" } })),
        ("Owners", json!({ "StringEquals": { "sts:SourceIdentity": "olga" } })),
    ] {
        let broker = json!({ "aws:PrincipalArn": "arn:aws:iam::111111111111:role/people" });
        let tagged = json!({
            "ArnEquals": broker,
            "ForAllValues:StringEquals": { "aws:TagKeys": "lakewright:team" },
            "Null": { "aws:TagKeys": "false" },
            "StringEquals": { "aws:RequestTag/lakewright:team": team },
        });
        let mut both = tagged.clone();
        let mut identified = json!({ "ArnEquals": broker });
        for (operator, keys) in identity.as_object().expect("conditions") {
            for (key, value) in keys.as_object().expect("keys") {
                both[operator][key] = value.clone();
                identified[operator][key] = value.clone();
            }
        }
        let expected = json!([
            allow("People", "sts:AssumeRole", &account, &both),
            allow("PeopleIdentity", "sts:SetSourceIdentity", &account, &identified),
            allow("PeopleTeam", "sts:TagSession", &account, &tagged),
        ]);
        assert_eq!(people(&stacks, team), expected);
    }
}

#[test]
fn nothing_changes_but_the_roles_of_the_teams_that_are_listed() {
    let before = stacks("");
    for access in WAYS {
        let after = stacks(access);
        assert_eq!(before.len(), after.len());
        let both = before.iter().zip(&after);
        let changed: BTreeSet<&str> = both
            .filter(|(before, after)| before.json != after.json)
            .map(|(_, after)| after.entry.id.as_str())
            .collect();
        assert_eq!(changed, BTreeSet::from(["here/Analysts", "here/Owners"]), "{access}");
    }
}

fn can(
    mesh: &Path,
    principal: &str,
    action: &str,
    team: &str,
    context: &[&str],
) -> (Option<i32>, String) {
    let mesh = mesh.display().to_string();
    let team = format!("team/here/{team}");
    let mut arguments = vec!["can", &mesh, "--principal", principal, "--action", action];
    arguments.extend(["--resource", &team]);
    arguments.extend(context.iter().flat_map(|pair| ["--context", *pair]));
    let output = lakewright(arguments);
    (output.status.code(), transcript(&output))
}

/// 0 is allowed, 4 denied, and 5 unknown: the owner of a permission set or a broker must allow it as well.
#[test]
fn the_people_of_one_team_come_to_no_other_one() {
    let set = |name: &str| {
        format!(
            "arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/eu-west-2/AWSReservedSSO_{name}_1234567890abcdef"
        )
    };
    let (data, admins, more) = (set("Data"), set("Data_Admins"), set("Data_Admins_2"));
    let known = "permission-set/222222222222/Data";
    let corp = "identity-provider/222222222222/corp";
    let id = "identity-provider/222222222222/id.example.com/data";
    let endpoint = "SAML:aud=https://signin.aws.amazon.com/saml";
    let audience = "id.example.com/data:aud=lakewright";
    let (tag, key) = ("aws:RequestTag/lakewright:team=Analysts", "aws:TagKeys=lakewright:team");
    let (ann, olga) = ("sts:SourceIdentity=ann", "sts:SourceIdentity=olga");
    let owners = "aws:RequestTag/lakewright:team=Owners";
    let role_tag = "aws:TagKeys=lakewright:team,lakewright:role";
    let (plain, by_saml) = ("sts:AssumeRole", "sts:AssumeRoleWithSAML");
    let by_token = "sts:AssumeRoleWithWebIdentity";
    let questions: [Question<'_>; 30] = [
        (IDENTITY_CENTER, &data, plain, "Analysts", &[], 5),
        (IDENTITY_CENTER, known, plain, "Analysts", &[], 5),
        (IDENTITY_CENTER, known, plain, "Owners", &[], 4),
        (IDENTITY_CENTER, &data, plain, "Guests", &[], 4),
        (IDENTITY_CENTER, &admins, plain, "Owners", &[], 5),
        (IDENTITY_CENTER, &admins, plain, "Analysts", &[], 4),
        (IDENTITY_CENTER, &more, plain, "Owners", &[], 4),
        (SAML, corp, by_saml, "Analysts", &[endpoint, "SAML:sub=ann"], 0),
        (SAML, corp, by_saml, "Analysts", &[endpoint, "SAML:sub=olga"], 4),
        (SAML, corp, by_saml, "Analysts", &[endpoint], 4),
        (SAML, corp, by_saml, "Analysts", &["SAML:sub=ann"], 4),
        (SAML, corp, by_saml, "Owners", &[endpoint, "SAML:sub=ann"], 4),
        (SAML, corp, by_saml, "Owners", &[endpoint, "SAML:eduPersonAffiliation=all,owners"], 0),
        (SAML, corp, by_saml, "Owners", &[endpoint, "SAML:eduPersonAffiliation=all"], 4),
        (SAML, corp, by_saml, "Guests", &[endpoint, "SAML:sub=ann"], 4),
        (OIDC, id, by_token, "Analysts", &[audience, "id.example.com/data:sub=ann"], 0),
        (OIDC, id, by_token, "Owners", &[audience, "id.example.com/data:sub=ann"], 4),
        (OIDC, id, by_token, "Analysts", &["id.example.com/data:sub=ann"], 4),
        (OIDC, id, by_token, "Guests", &[audience, "id.example.com/data:sub=ann"], 4),
        (BROKER, "broker/people", plain, "Analysts", &[tag, key, ann], 5),
        (BROKER, "broker/people", plain, "Analysts", &[tag, key], 4),
        (BROKER, "broker/people", plain, "Analysts", &[ann], 4),
        (BROKER, "broker/people", plain, "Analysts", &[owners, key, ann], 4),
        (BROKER, "broker/people", plain, "Owners", &[tag, key, ann], 4),
        (BROKER, "broker/people", plain, "Owners", &[owners, key, ann], 4),
        (BROKER, "broker/people", plain, "Owners", &[owners, key, olga], 5),
        (BROKER, "broker/people", plain, "Guests", &[tag, key, ann], 4),
        // A session tag would replace the role's own tag, by which key policies identify the role.
        (BROKER, "broker/people", plain, "Analysts", &[tag, role_tag, ann], 4),
        (BROKER, "broker/people", plain, "Analysts", &[], 4),
        (BROKER, "arn:aws:iam::111111111111:role/peopl", plain, "Analysts", &[tag, key, ann], 4),
    ];
    let folders = WAYS.map(|access| (access, folder(access)));
    for (access, principal, action, team, context, expected) in questions {
        let (_, mesh) = folders.iter().find(|(other, _)| *other == access).expect("a mesh");
        let (exit, text) = can(mesh.path(), principal, action, team, context);
        assert_eq!(exit, Some(expected), "{principal} {team} {context:?}: {text}");
    }
}

#[test]
fn each_way_is_checked_and_proven_and_in_the_matrix() {
    let names = [
        "permission-set/222222222222/Data",
        "identity-provider/222222222222/corp",
        "identity-provider/222222222222/id.example.com/data",
        "broker/people",
    ];
    for (access, name) in WAYS.into_iter().zip(names) {
        let folder = folder(access);
        for command in ["check", "prove"] {
            let output = lakewright([command.as_ref(), folder.path().as_os_str()]);
            assert_eq!(output.status.code(), Some(0), "{command}: {}", transcript(&output));
        }
        let path = folder.path().display().to_string();
        let output = lakewright(["access", &path, "--all", "--format", "csv", "--principal", name]);
        let text = transcript(&output);
        let role = role(&stacks(access), "Analysts");
        let arn = format!(
            "arn:aws:iam::222222222222:role/{}",
            role["RoleName"].as_str().expect("a name")
        );
        let is_row = |line: &str| line.starts_with(&format!("\"{name}\",")) && line.contains(&arn);
        assert!(text.lines().any(is_row), "{name}: {text}");
    }
    let output = lakewright(["prove".as_ref(), example("people").as_os_str()]);
    assert_eq!(output.status.code(), Some(0), "{}", transcript(&output));
}

/// All ways to widen the statements about people by hand: one condition less, one value more, or a wider pattern.
fn wider(trust: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    let statements = trust["Statement"].as_array().expect("statements");
    for (place, statement) in statements.iter().enumerate().filter(|(_, one)| is_of_people(one)) {
        for (operator, keys) in statement["Condition"].as_object().expect("conditions") {
            for (key, values) in keys.as_object().expect("keys") {
                let mut less = trust.clone();
                let conditions = &mut less["Statement"][place]["Condition"];
                let keys = conditions[operator].as_object_mut().expect("keys");
                keys.remove(key);
                if keys.is_empty() {
                    conditions.as_object_mut().expect("conditions").remove(operator);
                }
                all.push(less);
                if operator == "Null" {
                    continue;
                }
                let mut more = trust.clone();
                let more_values = match (values, operator.as_str()) {
                    (Value::String(one), "ArnLike") => {
                        json!(one.replace("????????????????", "*"))
                    }
                    (Value::String(one), "ArnEquals") => json!([one, format!("{one}2")]),
                    (Value::String(one), _) => json!([one, "eve"]),
                    (Value::Array(several), _) => {
                        several.iter().cloned().chain([json!("eve")]).collect()
                    }
                    _ => unreachable!("{values}"),
                };
                more["Statement"][place]["Condition"][operator][key] = more_values;
                all.push(more);
            }
        }
    }
    all
}

/// The digest in assembly.json is updated to the changed template, so only the proof can notice the change.
#[test]
fn what_is_opened_by_hand_is_noticed() {
    for access in WAYS {
        let folder = folder(access);
        let out = folder.path().join("out");
        let synth =
            ["synth".as_ref(), folder.path().as_os_str(), "--out".as_ref(), out.as_os_str()];
        assert_eq!(lakewright(synth).status.code(), Some(0));
        let text = fs::read_to_string(out.join("assembly.json")).expect("an assembly");
        let assembly: Value = serde_json::from_str(&text).expect("JSON");
        let entries = assembly["stacks"].as_array().expect("stacks");
        let is_it = |entry: &&Value| entry["kind"] == "team" && entry["id"] == "here/Analysts";
        let file = entries.iter().find(is_it).expect("the stack")["template"].clone();
        let path = out.join(file.as_str().expect("a path"));
        let text = fs::read_to_string(&path).expect("a template");
        let template: Value = serde_json::from_str(&text).expect("JSON");
        let resources = template["Resources"].as_object().expect("resources");
        let is_role = |(_, one): &(&String, &Value)| one["Type"] == "AWS::IAM::Role";
        let (id, role) = resources.iter().find(is_role).expect("a role");
        let trust = &role["Properties"]["AssumeRolePolicyDocument"];
        let prove = |trust: &Value| {
            let mut template = template.clone();
            template["Resources"][id]["Properties"]["AssumeRolePolicyDocument"] = trust.clone();
            let text = template.to_string();
            let mut assembly = assembly.clone();
            let entries = assembly["stacks"].as_array_mut().expect("stacks");
            for entry in entries.iter_mut().filter(|entry| entry["template"] == file) {
                entry["digest"] = json!(sha256(text.as_bytes()));
            }
            fs::write(&path, text).expect("a template");
            fs::write(out.join("assembly.json"), assembly.to_string()).expect("the assembly");
            lakewright(["prove", "--assembly", out.to_str().expect("text")])
        };
        assert_eq!(prove(trust).status.code(), Some(0), "{access}");
        let wider = wider(trust);
        assert!(wider.len() >= 2, "{access}");
        for trust in wider {
            let output = prove(&trust);
            assert_eq!(output.status.code(), Some(4), "{trust}: {}", transcript(&output));
        }
    }
}

#[test]
fn what_would_let_in_nobody_or_everybody_is_refused() {
    let far = "arn:aws:iam::333333333333:role/people";
    let china = "arn:aws-cn:iam::111111111111:role/people";
    let long = "a".repeat(33);
    for (access, expected) in [
        (SAML.replace("  teams", "  broker: { role_arn: x }\n  teams"), None),
        ("access: { teams: { Analysts: {} } }\n".to_owned(), Some(Code::FieldConflict)),
        (OIDC.replace("  teams", "  saml: { provider: corp }\n  teams"), Some(Code::FieldConflict)),
        ("access: { saml: { provider: corp } }\n".to_owned(), Some(Code::MissingField)),
        (BROKER.replace("arn:aws:iam::111111111111:role/people", far), Some(Code::InvalidValue)),
        (
            BROKER.replace("arn:aws:iam::111111111111:role/people", china),
            Some(Code::OtherPartition),
        ),
        (BROKER.replace("[olga]", "[Olga O]"), Some(Code::InvalidValue)),
        (BROKER.replace("Analysts:", "Analyst:"), Some(Code::UnknownReference)),
        (
            SAML.replace("corp", "\"arn:aws-cn:iam::222222222222:saml-provider/corp\""),
            Some(Code::InvalidValue),
        ),
        (SAML.replace("{ groups: [owners] }", "{}"), Some(Code::MissingField)),
        (SAML.replace("[owners]", "[]"), Some(Code::InvalidValue)),
        (SAML.replace("[owners]", "[\"own*\"]"), Some(Code::InvalidValue)),
        (SAML.replace("[owners]", "[owners], permission_set: Data"), Some(Code::FieldConflict)),
        (OIDC.replace("{ members: [ann] }", "{}"), Some(Code::MissingField)),
        (OIDC.replace("[ann]", "[\"*\"]"), Some(Code::InvalidValue)),
        (OIDC.replace("audience: lakewright", "audience: \"*\""), Some(Code::InvalidValue)),
        (OIDC.replace("https:", "http:"), Some(Code::InvalidValue)),
        (OIDC.replace("id.example.com/data", "accounts.google.com"), Some(Code::InvalidValue)),
        (IDENTITY_CENTER.replace("Data_Admins", &long), Some(Code::InvalidValue)),
        (IDENTITY_CENTER.replace("Data_Admins", "Data Admins"), Some(Code::InvalidValue)),
        (IDENTITY_CENTER.replace("Data_Admins", "\"Data*\""), Some(Code::InvalidValue)),
        (IDENTITY_CENTER.replace("{ permission_set: Data }", "{ members: [ann] }"), None),
    ] {
        let (mesh, report) = resolved(&[source(&access)]);
        let found: Vec<Code> = report.iter().map(|one| one.code).collect();
        assert!(mesh.is_none() && !found.is_empty(), "{access}");
        // A template that is wrong in two ways is reported for both.
        if let Some(expected) = expected {
            assert_eq!(found, [expected], "{access}: {report:?}");
        }
    }
}
