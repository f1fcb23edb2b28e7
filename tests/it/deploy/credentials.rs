//! The credentials that a deployment uses, and the messages when there are none.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{Emulator, change, ends_with, lab};
use crate::run::{example, transcript};

/// Plans the minimal mesh with these environment variables only.
fn plan(files: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lakewright"));
    command
        .env_remove("COLUMNS")
        .arg("deploy")
        .arg(example("minimal"))
        .arg("--plan")
        .args(["--owner-role", "OrganizationAccountAccessRole"])
        .args(arguments)
        .env_clear()
        .env("HOME", files)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", files.join("config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", files.join("credentials"))
        .stdin(Stdio::null());
    for (name, value) in variables {
        command.env(name, value);
    }
    command.output().expect("the binary runs")
}

const KEYS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "111111111111"), ("AWS_SECRET_ACCESS_KEY", "any")];

/// Files with a profile of the central account, one of another account, and one that signs in to IAM Identity Center.
fn profiles(folder: &Path) {
    let config = "[profile other]\naws_access_key_id = 999999999999\naws_secret_access_key = any\n\
                  [profile people]\nsso_session = company\nsso_account_id = 111111111111\nsso_role_name = Deployer\n\
                  region = us-east-1\n\
                  [sso-session company]\nsso_start_url = https://company.example\nsso_region = us-east-1\n";
    fs::write(folder.join("config"), config).expect("a file");
    let credentials = "[central]\naws_access_key_id = 111111111111\naws_secret_access_key = any\n";
    fs::write(folder.join("credentials"), credentials).expect("a file");
}

#[test]
fn the_profile_that_is_named_is_used_and_its_account_compared_first() {
    let folder = tempfile::tempdir().expect("a folder");
    profiles(folder.path());
    let emulator = Emulator::start();
    let endpoint = emulator.endpoint();
    let mut variables = vec![("AWS_ENDPOINT_URL", endpoint.as_str())];
    let run =
        |arguments: &[&str], variables: &[(&str, &str)]| plan(folder.path(), arguments, variables);
    ends_with(&run(&["--profile", "central"], &variables), 0, "7 to create");
    ends_with(
        &run(&["--profile", "central", "--region", "us-east-1"], &variables),
        0,
        "7 to create",
    );
    let other = run(&["--profile", "other"], &variables);
    ends_with(&other, 9, "the credentials are of account 999999999999");
    assert!(transcript(&other).contains("`central_account` is 111111111111"));
    ends_with(&run(&["--region", "nowhere"], &variables), 2, "region");
    // As in the AWS CLI ("Command line options"), `--profile` takes precedence over keys in the environment.
    variables.extend(KEYS);
    ends_with(&run(&["--profile", "other"], &variables), 9, "account 999999999999");
    ends_with(&run(&[], &variables), 0, "7 to create");
}

#[test]
fn what_is_wrong_with_credentials_is_named_within_five_seconds() {
    let folder = tempfile::tempdir().expect("a folder");
    profiles(folder.path());
    // A port without a listener, one that never answers, and one that answers something else.
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let refused = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let unanswered = format!("http://{}", silent.local_addr().expect("an address"));
    let emulator = Emulator::start();
    let strange = format!("{}/_test/nothing", emulator.endpoint());
    let with = |endpoint: &str, arguments: &[&str], profile: Option<&str>| -> Output {
        let mut variables = vec![("AWS_ENDPOINT_URL", endpoint)];
        match profile {
            Some(profile) => variables.push(("AWS_PROFILE", profile)),
            None => variables.extend(KEYS),
        }
        let start = Instant::now();
        let output = plan(folder.path(), arguments, &variables);
        assert!(start.elapsed() < Duration::from_secs(5), "{}", transcript(&output));
        output
    };
    let missing = "profile `nobody` stands in neither file";
    ends_with(&with(&refused, &["--profile", "nobody"], None), 9, missing);
    ends_with(&with(&refused, &[], Some("nobody")), 9, missing);
    for endpoint in [&refused, &unanswered] {
        let output = with(endpoint, &[], None);
        ends_with(&output, 9, "cannot be reached");
        assert!(transcript(&output).contains(endpoint.as_str()), "{}", transcript(&output));
    }
    for endpoint in ["localhost:4566", "http//x", "not a url"] {
        let named = format!("AWS_ENDPOINT_URL is `{endpoint}`; expected a URL");
        ends_with(&with(endpoint, &[], None), 9, &named);
    }
    ends_with(&with(&strange, &[], None), 9, "does not answer as AWS does");
    // Nobody has signed in yet.
    let people = with(&refused, &[], Some("people"));
    ends_with(&people, 9, "`aws sso login`");
    assert!(!transcript(&people).contains("feature"), "{}", transcript(&people));
}

/// A role by a token of an identity provider, as GitHub Actions and Kubernetes have it, and a program that prints keys.
/// Sources: "Assume role credential provider" and "Process credential provider" in the AWS SDKs and tools reference guide.
#[test]
fn credentials_come_from_a_web_identity_and_from_a_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let token = folder.path().join("token");
    fs::write(&token, "header.payload.signature").expect("a file");
    let token = token.display().to_string();
    let keys = r#"{"Version": 1, "AccessKeyId": "111111111111", "SecretAccessKey": "any"}"#;
    let keys_file = folder.path().join("keys.json");
    fs::write(&keys_file, keys).expect("a file");
    let config = format!("[profile process]\ncredential_process = cat {}\n", keys_file.display());
    fs::write(folder.path().join("config"), config).expect("a file");
    fs::write(folder.path().join("credentials"), "").expect("a file");
    let emulator = Emulator::start();
    let endpoint = emulator.endpoint();
    let redirect = ("AWS_ENDPOINT_URL", endpoint.as_str());
    let role = ("AWS_ROLE_ARN", "arn:aws:iam::111111111111:role/pipeline");
    let variables = [redirect, role, ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str())];
    ends_with(&plan(folder.path(), &[], &variables), 0, "7 to create");
    let path = std::env::var("PATH").expect("a path");
    let variables = [redirect, ("PATH", path.as_str())];
    ends_with(&plan(folder.path(), &["--profile", "process"], &variables), 0, "7 to create");
    // The sessions name the run, and no two runs have the same name.
    let requests = emulator.request("GET", "/_test/requests", "").expect("an answer");
    let requests: serde_json::Value = serde_json::from_str(&requests).expect("JSON");
    let names: std::collections::BTreeSet<&str> = requests
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|request| request["session_name"].as_str())
        .filter(|name| name.starts_with("lakewright-"))
        .collect();
    assert_eq!(names.len(), 2, "{requests:#}");
}

/// "Pass session tags in AWS STS" in the IAM user guide: a trust policy has to allow them, or STS refuses the request.
#[test]
fn sessions_of_deploy_roles_have_tags_where_their_roles_allow_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let emulator = Emulator::start();
    let deployed = emulator.deploy(&mesh);
    ends_with(&deployed, 0, "16 created");
    assert!(!transcript(&deployed).contains("session tags"), "{}", transcript(&deployed));
    let requests = || -> Vec<serde_json::Value> {
        let text = emulator.request("GET", "/_test/requests", "").expect("an answer");
        serde_json::from_str(&text).expect("JSON")
    };
    let of_role = |requests: &[serde_json::Value], part: &str| -> Vec<serde_json::Value> {
        let is_it = |request: &&serde_json::Value| {
            request["role_arn"].as_str().is_some_and(|arn| arn.contains(part))
        };
        requests.iter().filter(is_it).cloned().collect()
    };
    let all = requests();
    for request in of_role(&all, "role/lab-deploy-") {
        assert_eq!(request["tags"]["lakewright:mesh"], "lab", "{request}");
        let session = request["session_name"].as_str().expect("a name");
        let run = request["tags"]["lakewright:run"].as_str().expect("a run");
        assert!(session.ends_with(run), "{request}");
    }
    // The role of an account's owner is not of the mesh.
    for request in of_role(&all, "role/OrganizationAccountAccessRole") {
        assert_eq!(request["tags"], serde_json::json!({}), "{request}");
    }

    // A bootstrap stack of an earlier release.
    let role = serde_json::json!({ "arn": "arn:aws:iam::222222222222:role/lab-deploy-us-east-1" });
    emulator.request("POST", "/_test/untag", &role.to_string()).expect("an answer");
    change(&mesh.join("mesh.yaml"), "CostCenter: lab", "CostCenter: other");
    let refreshed = emulator.deploy(&mesh);
    ends_with(&refreshed, 0, "this run has no session tags in 222222222222/us-east-1");
    let later = requests().split_off(all.len());
    let tagged = |request: &serde_json::Value| request["tags"] != serde_json::json!({});
    let refused = of_role(&later, "222222222222:role/lab-deploy-");
    assert!(refused.iter().any(|request| !tagged(request)), "{refused:#?}");
    assert!(of_role(&later, "333333333333:role/lab-deploy-").iter().all(tagged), "{later:#?}");
}
