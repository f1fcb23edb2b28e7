//! A mesh whose accounts are in an AWS organization: nothing in the central account grows with their number.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lakewright_template::digest::sha256;
use serde_json::{Value, json};

use crate::limits::{environments, with};
use crate::run::{files, lakewright, transcript, write_mesh};

/// Writes a mesh with this number of additional environments, each in its own account.
fn write(folder: &Path, count: usize) {
    let sources = with(environments(count)).into_iter();
    let named = sources.map(|source| {
        let with_organization = "organization_id: o-a1b2c3d4e5\npermissions:\n";
        (source.path, source.text.replacen("permissions:\n", with_organization, 1))
    });
    write_mesh(folder, &named.collect::<Vec<_>>());
}

/// Runs a subcommand that must succeed.
fn succeeds<A: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = A>) {
    let output = lakewright(arguments);
    assert!(output.status.success(), "{}", transcript(&output));
}

/// Writes the assembly of such a mesh.
fn synth(folder: &Path, count: usize) {
    let mesh = folder.join("mesh");
    write(&mesh, count);
    let out = folder.join("out");
    succeeds(["synth".as_ref(), mesh.as_os_str(), "--out".as_ref(), out.as_os_str()]);
}

/// The bus policy is limited to 10,240 characters ("Amazon EventBridge quotas"), inline policies to the same size ("IAM
/// and AWS STS quotas"), and a state to 256 KiB ("Step Functions service quotas"). So nothing may grow with the number
/// of accounts.
#[test]
fn nothing_in_the_central_account_grows_with_the_accounts() {
    let central = |count: usize| -> BTreeMap<String, Vec<u8>> {
        let folder = tempfile::tempdir().expect("a folder");
        synth(folder.path(), count);
        if count > 100 {
            let mesh = folder.path().join("mesh");
            succeeds(["check".as_ref(), mesh.as_os_str()]);
            succeeds(["prove".as_ref(), mesh.as_os_str()]);
        }
        files(&folder.path().join("out/templates/111111111111"))
    };
    let (few, many) = (central(80), central(320));
    assert_eq!(few.len(), 2, "the bootstrap and the platform");
    assert!(few.keys().eq(many.keys()));
    for (name, bytes) in &few {
        let (less, more) = (bytes.len(), many[name].len());
        assert!(many[name] == *bytes, "{name}: {less} and {more} bytes");
    }
}

/// The condition of senders, as in "Permissions for event buses in Amazon EventBridge": everybody, under a condition on
/// `aws:PrincipalOrgID`. In addition to that page, the role must have a name of the mesh.
fn admitted() -> Value {
    json!({
        "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" },
        "ArnLike": { "aws:PrincipalArn": [
            "arn:aws:iam::*:role/lakewright-*-failures",
            "arn:aws:iam::*:role/lakewright-execution-eu-west-1",
        ] },
    })
}

/// The output of `prove` for an assembly whose bus allows other senders. The digest is updated to the changed template.
fn proof_of(out: &Path, assembly: &Value, condition: Value) -> String {
    let mut assembly = assembly.clone();
    let entries = assembly["stacks"].as_array_mut().expect("stacks");
    let entry = entries.iter_mut().find(|entry| entry["kind"] == "platform").expect("the stack");
    let file = out.join(entry["template"].as_str().expect("a path"));
    let before = fs::read_to_string(&file).expect("a template");
    let mut template: Value = serde_json::from_str(&before).expect("JSON");
    let resources = template["Resources"].as_object_mut().expect("resources").values_mut();
    let mut policies = resources.filter(|one| one["Type"] == "AWS::Events::EventBusPolicy");
    let statement = &mut policies.next().expect("a policy")["Properties"]["Statement"];
    assert_eq!(statement["Principal"], json!({ "AWS": "*" }));
    assert_eq!(statement["Condition"], admitted());
    statement["Condition"] = condition;
    let text = template.to_string();
    entry["digest"] = json!(sha256(text.as_bytes()));
    fs::write(&file, text).expect("a template");
    fs::write(out.join("assembly.json"), assembly.to_string()).expect("the assembly");
    let proof = transcript(&lakewright(["prove", "--assembly", out.to_str().expect("text")]));
    fs::write(&file, before).expect("the template as it was");
    proof
}

#[test]
fn the_bus_admits_those_whom_the_mesh_says_and_nobody_else() {
    let folder = tempfile::tempdir().expect("a folder");
    synth(folder.path(), 2);
    let out = folder.path().join("out");
    let text = fs::read_to_string(out.join("assembly.json")).expect("an assembly");
    let assembly: Value = serde_json::from_str(&text).expect("JSON");
    let same = proof_of(&out, &assembly, admitted());
    assert!(same.starts_with("exit: 0\n"), "{same}");
    let change = |operator: &str, key: &str, value: Value| {
        let mut condition = admitted();
        condition[operator][key] = value;
        condition
    };
    let (organization, role) = ("aws:PrincipalOrgID", "aws:PrincipalArn");
    let own = admitted()["ArnLike"][role].clone();
    let changed = [
        json!({ "ArnLike": admitted()["ArnLike"] }),
        json!({ "StringEquals": admitted()["StringEquals"] }),
        change("StringEquals", organization, json!("o-other12345")),
        change("StringEquals", organization, json!(["o-a1b2c3d4e5", "o-other12345"])),
        change("ArnLike", role, json!("arn:aws:iam::*:role/*")),
        change("ArnLike", role, json!(["arn:aws:iam::*:role/more", own[0], own[1]])),
        // A condition that allows too little is noticed as well.
        change("ArnLike", role, json!([own[0]])),
        change("ArnLike", role, json!([own[1]])),
    ];
    for condition in changed {
        let proof = proof_of(&out, &assembly, condition.clone());
        assert!(proof.starts_with("exit: 4\n"), "{condition}: {proof}");
        assert!(!proof.contains("its SHA-256 is not the digest"), "{condition}: {proof}");
    }
}

/// The bus allows a role that sends failure events, even if its name was shortened to 64 characters ("IAM and AWS STS
/// quotas").
#[test]
fn long_names_are_admitted_as_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = folder.path().join("mesh");
    write(&mesh, 1);
    let id = "e".repeat(40);
    let environment = format!(
        "kind: Environment\nid: {id}\norganization: org\naccount: \"333333333333\"\nregion: us-east-1\n\
         resource_prefix: a-prefix-of-twenty-c\nteam: Owners\n"
    );
    fs::write(mesh.join("long.yaml"), environment).expect("a file");
    succeeds(["prove".as_ref(), mesh.as_os_str()]);
}
