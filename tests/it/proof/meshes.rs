//! Correct meshes, which the proof accepts, both from the mesh and from its assembly.

use crate::run::{lakewright, transcript, write_mesh};

const TENANT: &str = "\
kind: Tenant
id: acme
central_account: \"111111111111\"
home_region: eu-west-1
pivot_role: { external_id: x-4f1c6c2e9a, trusted_roles: ['arn:aws:iam::111111111111:role/platform'] }
---
kind: Organization
id: org
label: Org
team: Owners
";

/// An environment with additional keys.
fn environment(id: &str, account: &str, region: &str, more: &str) -> String {
    format!(
        "---\nkind: Environment\nid: {id}\nlabel: {id}\norganization: org\naccount: \"{account}\"\nregion: {region}\nteam: Owners\n\
         teams: [{{ team: Readers, permissions: [create_dataset, run_athena_query, create_share, add_consumption_roles] }}]\n{more}"
    )
}

fn dataset(more: &str) -> String {
    format!(
        "---\nkind: Dataset\nid: data\nlabel: Data\nenvironment: one\nteam: Owners\ntopics: [x]\nkeywords: [k]\n\
         tables: [{{ name: t, columns: [{{ name: a, type: string }}] }}]\n{more}"
    )
}

fn share(environment: &str, more: &str) -> String {
    format!(
        "---\nkind: Share\nid: share\ndataset: data\nenvironment: {environment}\nteam: Readers\nstatus: approved\napproved_by: Owners\n{more}"
    )
}

fn is_proven(documents: &[String]) {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = folder.path().join("mesh");
    let text = format!("{TENANT}{}", documents.concat());
    write_mesh(&mesh, &[("mesh.yaml".to_owned(), text.clone())]);
    let (mesh, out) = (mesh.display().to_string(), folder.path().join("out").display().to_string());
    for command in [
        ["prove", &mesh].as_slice(),
        &["synth", &mesh, "--out", &out],
        &["prove", "--assembly", &out],
    ] {
        let said = transcript(&lakewright(command));
        assert!(said.starts_with("exit: 0\n"), "{command:?}: {said}\n{text}");
    }
}

/// The code of the team runs in the pipeline's own builds first, which then assume the role of a stage.
#[test]
fn a_pipeline_that_updates_itself_acts_as_the_roles_of_its_stages() {
    let pipelines = "features: { pipelines: true }\n";
    for (account, region) in [("333333333333", "us-east-1"), ("222222222222", "us-east-2")] {
        is_proven(&[
            environment("one", "222222222222", "eu-west-1", pipelines),
            environment("two", account, region, pipelines),
            "---\nkind: Pipeline\nid: etl\nlabel: Etl\nenvironment: one\nteam: Owners\nstrategy: cdk_trunk\n\
             stages: [{ stage: dev, environment: one, team: Owners }, { stage: prod, environment: two, team: Owners }]\n"
                .to_owned(),
        ]);
    }
}

#[test]
fn a_table_is_shared_with_an_environment_of_another_prefix() {
    is_proven(&[
        environment("one", "222222222222", "eu-west-1", ""),
        environment("two", "333333333333", "eu-west-1", "resource_prefix: other\n"),
        dataset(""),
        share("two", "items: [{ table: t }]\n"),
    ]);
}

#[test]
fn two_prefixes_share_an_account_and_region() {
    for more in ["", "features: { datasets: false }\n"] {
        is_proven(&[
            environment("one", "222222222222", "eu-west-1", more),
            environment(
                "two",
                "222222222222",
                "eu-west-1",
                &format!("resource_prefix: other\n{more}"),
            ),
        ]);
    }
}

/// A policy names a role without its path, and the grant must as well.
#[test]
fn a_consumption_role_has_a_path() {
    is_proven(&[
        environment("one", "222222222222", "eu-west-1", ""),
        "---\nkind: ConsumptionRole\nid: role\nenvironment: one\nteam: Readers\nrole_arn: arn:aws:iam::222222222222:role/path/Consumer\n"
            .to_owned(),
        dataset("import: { bucket: existing-bucket-1 }\n"),
        share("one", "items: [{ bucket: true }]\nconsumption_role: role\n"),
    ]);
}
