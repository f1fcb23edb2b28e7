//! Assemblies that somebody changed by hand after `synth` wrote them.

use std::fs;

use serde_json::Value;

use crate::run::{example, lakewright, transcript};

#[test]
fn an_assembly_that_was_tampered_with_is_not_proven() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let done = lakewright([
        "synth".as_ref(),
        example("lab").as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
    ]);
    assert!(done.status.success(), "{}", transcript(&done));
    let prove = || lakewright(["prove".as_ref(), "--assembly".as_ref(), out.as_os_str()]);
    assert_eq!(prove().status.code(), Some(0), "{}", transcript(&prove()));
    let template = out.join("templates/222222222222/us-east-1/lab-dataset-dpdataset.json");
    let text = fs::read_to_string(&template).expect("the template");
    let tampered = text.replace(
        "\"arn:aws:iam::222222222222:role/lab-dataplatformadmin-w4oijpmz\"",
        "\"arn:aws:iam::333333333333:role/lab-teamb-t4jhnyff\"",
    );
    assert_ne!(text, tampered);
    fs::write(&template, tampered).expect("the template");
    let output = prove();
    let text = transcript(&output);
    assert_eq!(output.status.code(), Some(4), "{text}");
}

/// Owners apply the handout files unchanged.
#[test]
fn a_file_for_an_owner_that_was_changed_is_not_proven() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let full = example("full");
    let synth = ["synth".as_ref(), full.as_os_str(), "--out".as_ref(), out.as_os_str()];
    assert_eq!(lakewright(synth).status.code(), Some(0));
    let text = fs::read_to_string(out.join("assembly.json")).expect("an assembly");
    let assembly: Value = serde_json::from_str(&text).expect("JSON");
    let prove = || lakewright(["prove".as_ref(), "--assembly".as_ref(), out.as_os_str()]);
    assert_eq!(prove().status.code(), Some(0), "{}", transcript(&prove()));
    let handouts = assembly["handouts"].as_array().expect("files for owners");
    let path = |one: &Value| one["path"].as_str().expect("a path").to_owned();
    let mut kinds: Vec<String> = handouts.iter().map(path).collect();
    kinds.dedup_by_key(|path| path.rsplit_once('/').map(|(kind, _)| kind.to_owned()));
    assert!(kinds.len() > 2, "{kinds:?}");
    for path in kinds {
        let file = out.join(&path);
        let before = fs::read_to_string(&file).expect("a file");
        fs::write(&file, before.replacen("\"Allow\"", "\"Allow\" ", 1)).expect("a file");
        let said = transcript(&prove());
        assert!(said.starts_with("exit: 4\n") && said.contains(&path), "{path}: {said}");
        fs::remove_file(&file).expect("no file");
        let said = transcript(&prove());
        assert!(said.starts_with("exit: 4\n") && said.contains(&path), "{path}: {said}");
        fs::write(&file, before).expect("as it was");
    }
    // The task for a file is protected like its content.
    let mut other = assembly.clone();
    other["handouts"][0]["task"] = "attach AdministratorAccess".into();
    fs::write(out.join("assembly.json"), other.to_string()).expect("the assembly");
    let said = transcript(&prove());
    assert!(said.starts_with("exit: 4\n") && said.contains(&path(&handouts[0])), "{said}");
    let mut fewer = assembly.clone();
    let left_out = fewer["handouts"].as_array_mut().and_then(Vec::pop).expect("one");
    fs::write(out.join("assembly.json"), fewer.to_string()).expect("the assembly");
    let said = transcript(&prove());
    assert!(said.starts_with("exit: 4\n") && said.contains(&path(&left_out)), "{said}");
}

/// Parsers differ: CloudFormation takes the last of two equal sections, and the CDK's JavaScript accepts text that others
/// reject. Sources: github.com/aws-cloudformation/cfn-language-discussion issue 96; github.com/serde-rs/json issue 827.
#[test]
fn what_readers_read_differently_is_not_proven() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let lab = example("lab");
    let synth = ["synth".as_ref(), lab.as_os_str(), "--out".as_ref(), out.as_os_str()];
    assert_eq!(lakewright(synth).status.code(), Some(0));
    let prove =
        || transcript(&lakewright(["prove".as_ref(), "--assembly".as_ref(), out.as_os_str()]));
    let manifest = out.join("manifest.json");
    let before = fs::read_to_string(&manifest).expect("the CDK's file");
    fs::write(&manifest, before.replacen('{', "{\"other\": 1e999,", 1)).expect("a file");
    let said = prove();
    assert!(said.starts_with("exit: 4\n") && said.contains("manifest.json"), "{said}");
    fs::write(&manifest, before).expect("as it was");
    let template = out.join("templates/222222222222/us-east-1/lab-dataset-dpdataset.json");
    let text = fs::read_to_string(&template).expect("the template");
    let mut value: Value = serde_json::from_str(&text).expect("JSON");
    let resources = value["Resources"].take();
    let twice = text.replacen('{', &format!("{{\"Resources\": {resources},"), 1);
    fs::write(&template, twice).expect("the template");
    let said = prove();
    assert!(said.starts_with("exit: 2\n") && said.contains("`Resources` stands twice"), "{said}");
}
