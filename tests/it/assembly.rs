//! The output folder: which files belong to which stack. A failed run writes nothing.

use std::fs;

use lakewright_template::assembly::{Assembly, Grants, Provenance};
use lakewright_template::digest::sha256;
use lakewright_template::{StackAddress, StackKind};

use crate::run::{EXAMPLES, example, files, lakewright, transcript};

fn synth(mesh: &std::path::Path, out: &std::path::Path) -> std::process::Output {
    lakewright([
        "synth".as_ref(),
        mesh.as_os_str(),
        "--quiet".as_ref(),
        "--out".as_ref(),
        out.as_os_str(),
    ])
}

#[test]
fn every_file_of_an_assembly_says_what_it_should() {
    for name in EXAMPLES {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out");
        assert!(synth(&example(name), &out).status.success());
        let read = |file: &str| fs::read_to_string(out.join(file)).expect(file);
        let assembly: Assembly =
            serde_json::from_str(&read("assembly.json")).expect("the assembly");
        let addresses: Vec<StackAddress> = assembly
            .stacks
            .iter()
            .map(lakewright_template::assembly::StackEntry::address)
            .collect();
        for stack in &assembly.stacks {
            let template = read(&stack.template);
            assert_eq!(
                (stack.digest.as_str(), stack.bytes),
                (sha256(template.as_bytes()).as_str(), template.len())
            );
            // No tag of a stack changes with its template, because CloudFormation puts the tags on every resource.
            assert!(!stack.tags.contains_key("lakewright:digest"));
            assert!(
                stack.depends_on.iter().all(|other| addresses.contains(other)),
                "{name}: {}",
                stack.name
            );
            assert!(!stack.depends_on.contains(&stack.address()));
        }
        let grants: Grants = serde_json::from_str(&read("grants.json")).expect("the grants");
        for (stack, list) in &grants.grants {
            let stack = StackAddress::parse(stack).expect("an address");
            assert!(addresses.contains(&stack));
            for grant in list {
                assert!(grants.action_sets.contains_key(&grant.actions), "{grant:?}");
                assert!(grants.principals.contains_key(&grant.principal), "{grant:?}");
                assert!(!grant.resources.is_empty(), "{grant:?}");
            }
        }
        let provenance: Provenance =
            serde_json::from_str(&read("provenance.json")).expect("the provenance");
        for stack in &assembly.stacks {
            let places = &provenance.stacks[&stack.address().to_string()]["*"];
            assert!(
                !places.is_empty() && places.iter().all(|place| place.contains(".yaml:")),
                "{places:?}"
            );
        }
        // The updater's state machine takes the list as it is: `account` and `region` of each item, and each item once.
        let places: Vec<std::collections::BTreeMap<String, String>> =
            serde_json::from_str(&read("places.json")).expect("the places");
        let mut expected: Vec<[&str; 2]> = assembly
            .stacks
            .iter()
            .map(|stack| [stack.account.as_str(), stack.region.as_str()])
            .collect();
        expected.sort_unstable();
        expected.dedup();
        let listed = places.iter().map(|place| {
            assert_eq!(place.len(), 2, "{place:?}");
            [place["account"].as_str(), place["region"].as_str()]
        });
        assert_eq!(listed.collect::<Vec<_>>(), expected, "{name}");
        let cdk: serde_json::Value =
            serde_json::from_str(&read("manifest.json")).expect("the CDK's manifest");
        let with_files = assembly.stacks.iter().filter(|stack| !stack.assets.is_empty()).count();
        assert_eq!(
            cdk["artifacts"].as_object().map(serde_json::Map::len),
            Some(assembly.stacks.len() + with_files)
        );
    }
}

/// The CDK's command line uploads the files in the artifacts of type `cdk:asset-manifest` that a stack depends on.
/// Source: `AssetManifestProperties` and `FileAsset` in the package `@aws-cdk/cloud-assembly-schema`, version 36; paths
/// are relative to the manifest's folder ("Asset Manifest" in the README of `cdk-assets`).
#[test]
fn the_cdk_finds_every_file_that_a_stack_needs() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    assert!(synth(&example("full"), &out).status.success());
    let json = |path: &std::path::Path| -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(path).expect("a file")).expect("JSON")
    };
    let assembly: Assembly =
        serde_json::from_value(json(&out.join("assembly.json"))).expect("the assembly");
    let cdk = json(&out.join("manifest.json"));
    let mut kinds = std::collections::BTreeSet::new();
    for stack in assembly.stacks.iter().filter(|stack| !stack.assets.is_empty()) {
        kinds.insert(stack.kind);
        let id = stack.address().to_string().replace('/', ".");
        let needs = cdk["artifacts"][&id]["dependencies"].as_array().expect("a list");
        let of_type = |id: &&serde_json::Value| {
            let id = id.as_str().expect("an id");
            cdk["artifacts"][id]["type"] == "cdk:asset-manifest"
        };
        let found: Vec<&serde_json::Value> = needs.iter().filter(of_type).collect();
        let [files] = found.as_slice() else { unreachable!("one manifest: {needs:?}") };
        let file = &cdk["artifacts"][files.as_str().expect("an id")]["properties"]["file"];
        let path = out.join(file.as_str().expect("a path"));
        let manifest = json(&path);
        assert_eq!(manifest["version"], "36.0.0");
        for asset in &stack.assets {
            let file = &manifest["files"][&asset.digest];
            assert_eq!(file["source"]["packaging"], "file");
            let beside = path.parent().expect("a folder");
            let content = beside.join(file["source"]["path"].as_str().expect("a path"));
            assert_eq!(sha256(&fs::read(content).expect("the file")), asset.digest);
            let to = file["destinations"].as_object().expect("destinations");
            let to: Vec<&serde_json::Value> = to.values().collect();
            let [to] = to.as_slice() else { unreachable!("one destination: {to:?}") };
            assert_eq!(to["bucketName"], asset.bucket.as_str());
            assert_eq!(to["objectKey"], asset.key.as_str());
            assert_eq!(to["region"], stack.region.as_str());
            // The order of deployment is enough: a stack that comes earlier creates the bucket.
            let mut before = stack.depends_on.clone();
            let mut is_made = false;
            while let Some(address) = before.pop() {
                let other = assembly.stacks.iter().find(|one| one.address() == address);
                let other = other.expect("a stack");
                let template = fs::read_to_string(out.join(&other.template)).expect("a template");
                is_made |= template.contains(&format!("\"BucketName\": \"{}\"", asset.bucket));
                before.extend(other.depends_on.iter().cloned());
            }
            assert!(is_made, "{id}: {}", asset.bucket);
        }
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [StackKind::Dataset, StackKind::Pipeline]);
}

#[test]
fn the_intended_access_of_the_lab_is_recorded() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    assert!(synth(&example("lab"), &out).status.success());
    let text = fs::read_to_string(out.join("grants.json")).expect("the grants");
    let grants: Grants = serde_json::from_str(&text).expect("the grants");
    let reaches = |principal: &str, resource: &str| {
        grants
            .grants
            .values()
            .flatten()
            .any(|grant| grant.principal == principal && grant.resource == resource)
    };
    assert!(reaches("team/platform/DataPlatformAdmin", "dataset/dpdataset"));
    assert!(reaches("dataset-role/dpdataset", "dataset/dpdataset"));
    assert!(reaches("team/science/TeamA", "dataset/teama"));
    assert!(!reaches("team/science/TeamB", "dataset/teama"));
    assert!(!reaches("team/science/TeamB", "dataset/dpdataset"));
    assert!(!reaches("dataset-role/teama", "dataset/dpdataset"));
}

#[test]
fn old_templates_go_and_foreign_files_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    assert!(synth(&example("full"), &out).status.success());
    let foreign = out.join("templates/222222222222/eu-west-1/notes.txt");
    fs::write(&foreign, "mine").expect("a file");
    fs::write(out.join("README.md"), "mine too").expect("a file");
    assert!(synth(&example("minimal"), &out).status.success());
    let after = files(&out);
    let templates: Vec<&String> =
        after.keys().filter(|path| path.starts_with("templates/")).collect();
    assert_eq!(templates.len(), 7 + 1, "{templates:?}");
    assert_eq!(fs::read_to_string(&foreign).expect("still there"), "mine");
    assert!(out.join("README.md").is_file());
    assert!(!out.join(".lakewright-staging").exists());
}

#[test]
fn a_failure_leaves_the_folder_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    assert!(synth(&example("lab"), &out).status.success());
    let before = files(&out);
    let broken = folder.path().join("broken");
    fs::create_dir(&broken).expect("a folder");
    fs::write(broken.join("mesh.yaml"), "kind: Tenant\nid: x\n").expect("a file");
    assert_eq!(synth(&broken, &out).status.code(), Some(4));
    assert_eq!(files(&out), before);

    // A file that Lakewright did not write is in the way.
    let other = folder.path().join("other");
    fs::create_dir_all(other.join("templates/222222222222/eu-west-1")).expect("folders");
    let way = other.join("templates/222222222222/eu-west-1/lakewright-dataset-sales.json");
    fs::write(&way, "mine").expect("a file");
    let output = synth(&example("minimal"), &other);
    assert_eq!(output.status.code(), Some(2), "{}", transcript(&output));
    assert_eq!(files(&other).len(), 1, "{:?}", files(&other).keys());
    assert_eq!(fs::read_to_string(&way).expect("still there"), "mine");

    // A mesh with errors writes nothing, not even the folder.
    let never = folder.path().join("a/b/out");
    assert_eq!(synth(&broken, &never).status.code(), Some(4));
    assert!(!folder.path().join("a").exists());
}
