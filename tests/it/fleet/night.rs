//! What a refresh does, and when it does nothing.

use std::fs;

use serde_json::json;

use super::{ACCOUNTS, Proxy, REGION, retag, since};
use crate::deploy::{change, ends_with, lab};
use crate::run::transcript;

/// Whether Lake Formation lets the share's team read the dataset.
fn has_grant(proxy: &Proxy) -> bool {
    proxy.emulator.resources().iter().any(|resource| {
        resource["type"] == "AWS::LakeFormation::PrincipalPermissions"
            && resource["account"] == "222222222222"
            && resource["properties"].to_string().contains("role/lab-teama-ewsex6a7")
    })
}

#[test]
fn a_share_is_approved_revoked_and_expires() {
    const APPROVED: &str = "status: approved\napproved_by: DataPlatformAdmin\n";
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let shares = mesh.join("shares.yaml");
    change(&shares, APPROVED, "status: submitted\n");
    let proxy = Proxy::with(&mesh);
    assert!(!has_grant(&proxy));

    // Without changes there is one listing for each account and region, and no request that could change something.
    proxy.has_nothing_to_do(&mesh);
    let listings = proxy.calls(&["DescribeStacks"]);
    assert_eq!(listings.len(), ACCOUNTS.len(), "{listings:#?}");

    change(&shares, "status: submitted\n", APPROVED);
    ends_with(&proxy.refresh(&mesh, &[]), 0, "1 created");
    assert!(has_grant(&proxy), "an approved share gives access");

    change(&shares, "status: approved\n", "status: revoked\n");
    ends_with(&proxy.refresh(&mesh, &[]), 0, "0 failed");
    assert!(!has_grant(&proxy), "a revoked share gives no access");

    let until = "status: approved\nexpires: 2026-05-31\n";
    change(&shares, "status: revoked\n", until);
    ends_with(&proxy.refresh(&mesh, &["--as-of", "2026-05-31"]), 0, "0 failed");
    assert!(has_grant(&proxy), "a share gives access on its last day");
    ends_with(&proxy.refresh(&mesh, &["--as-of", "2026-06-01"]), 0, "0 failed");
    assert!(!has_grant(&proxy), "an expired share gives no access");
}

#[test]
fn a_refresh_refuses_and_stops_where_it_has_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let proxy = Proxy::with(&mesh);

    let file = mesh.join("mesh.yaml");
    let (working, resting) =
        ("resource_prefix: lab\n", "resource_prefix: lab\nmaintenance: read_only\n");
    change(&file, working, resting);
    proxy.rules(&json!([]));
    ends_with(&proxy.refresh(&mesh, &[]), 8, "in maintenance");
    assert!(proxy.log().is_empty(), "{:#?}", proxy.counts());
    change(&file, resting, working);

    // The name of a new dataset's stack is taken by another mesh, as the tag says.
    let name = "lab-dataset-orders";
    let dataset = "kind: Dataset\nid: orders\nenvironment: science\nteam: TeamA\ntopics: [Science]\nkeywords: [lab]\n";
    let template = r#"{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}"#;
    let tags = json!([{ "Key": "lakewright:mesh", "Value": "other" }]);
    let stack = json!({ "StackName": name, "TemplateBody": template, "Tags": tags });
    proxy.emulator.call("333333333333", "cloudformation", "create_stack", &stack);
    proxy.comes_to_rest();
    fs::write(mesh.join("orders.yaml"), dataset).expect("a file");
    proxy.rules(&json!([]));
    ends_with(&proxy.refresh(&mesh, &[]), 4, "is the mesh `other`'s");
    assert_eq!(proxy.changing(), [""; 0]);
    fs::remove_file(mesh.join("orders.yaml")).expect("the dataset goes");

    // After the first failure nothing is started, and the report says what failed and why.
    for name in ["night.md", "night.html"] {
        retag(&mesh, name.trim_start_matches("night."));
        let report = folder.path().join(name).display().to_string();
        proxy.emulator.fail_next("AWS::IAM::Role");
        let before = proxy.operations();
        let options = ["--failures", "0", "--concurrency", "1", "--report", &report];
        let failed = proxy.refresh(&mesh, &options);
        ends_with(&failed, 6, "no more room");
        let begun = since(&before, &proxy.operations());
        let begun: Vec<(&String, &usize)> = begun.iter().collect();
        let [(address, 1)] = begun[..] else { unreachable!("{begun:?}\n{}", transcript(&failed)) };
        let text = fs::read_to_string(&report).expect("the report");
        assert!(text.contains(address.as_str()) && text.contains("no more room"), "{text}");
        assert!(text.contains("Not refreshed"), "{text}");
    }

    // No time: what has begun is finished, and nothing more is started.
    let before = proxy.operations();
    let stopped = proxy.refresh(&mesh, &["--minutes", "0", "--concurrency", "1"]);
    ends_with(&stopped, 8, "--minutes");
    let begun = since(&before, &proxy.operations());
    assert!(begun.len() <= 1, "{begun:?}\n{}", transcript(&stopped));
    ends_with(&proxy.refresh(&mesh, &[]), 0, "0 failed, 0 skipped");
    let stacks = proxy.emulator.look("222222222222", REGION)["stacks"].take();
    assert_eq!(stacks["lab-dataset-dpdataset"]["tags"]["CostCenter"], "html");
    proxy.has_nothing_to_do(&mesh);
}

/// "What `version` promises" in docs/output.md: another version may mean something else.
#[test]
fn an_assembly_of_another_version_is_not_refreshed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let (path, out) = (mesh.display().to_string(), folder.path().join("out"));
    let out_path = out.display().to_string();
    let synth = crate::run::lakewright(["synth", &path, "--quiet", "--out", &out_path]);
    assert!(synth.status.success(), "{}", transcript(&synth));
    change(&out.join("assembly.json"), "\"version\":1", "\"version\":2");
    // Nobody listens there: the version is looked at first.
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_lakewright"))
        .args(["refresh", &path, "--assembly", &out_path])
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .output()
        .expect("the binary runs");
    ends_with(&output, 2, "it is of version 2; expected 1");
}
