//! Commands that write and check a mesh.

use std::fs;

use crate::screens::{all, at_each_width, copied, lakewright, printed};

/// A tenant, an organization and an environment with mistakes of several kinds.
const MESH: &str = r#"kind: Tenant
id: acme
central_account: "111111111111"
home_region: eu-west-1
pivot_role:
  external_id: acme-7d1b2c3e
  trusted_roles: ["arn:aws:iam::111111111111:role/platform"]
retention: 30
---
kind: Organization
id: analytics
team: DataPlatform
---
kind: Environment
id: dev
organization: analitics
account: "22222222222"
region: eu-west-1
team: DataPlatform
teams:
  - team: Readers
    permissions: [create_shares, run_athena_query]
"#;

/// A dataset with mistakes, and a share of a dataset that is not there.
const DATASETS: &str = "kind: Dataset
id: sales
environment: dev
team: DataPlatfrom
keywords: [k]
confidentialty: secret
tables:
  - name: orders
    columns:
      - { name: amount, type: decimal(18,2) }
---
kind: Share
id: orders-for-readers
dataset: sale
environment: dev
team: Readers
items: [{ table: orders }]
status: approved
approved_by: DataPlatform
";

#[test]
fn findings_of_a_mesh() {
    at_each_width("check", |width| {
        let folder = tempfile::tempdir().expect("a folder");
        copied("full", folder.path());
        copied("lab", folder.path());
        copied("minimal", folder.path());
        let wrong = folder.path().join("wrong");
        fs::create_dir(&wrong).expect("a folder");
        fs::write(wrong.join("mesh.yaml"), MESH).expect("a file");
        fs::write(wrong.join("datasets.yaml"), DATASETS).expect("a file");
        let typed = [
            "check wrong",
            "check full --as-of 2026-07-01",
            "check lab --runway",
            "check lab --base minimal",
            "check lab --quiet",
            "check not-there",
        ];
        all(folder.path(), width, &typed)
    });
}

#[test]
fn a_new_mesh_and_its_templates() {
    at_each_width("synth", |width| {
        let folder = tempfile::tempdir().expect("a folder");
        copied("full", folder.path());
        let typed = [
            "init my-mesh",
            "init my-mesh",
            "check my-mesh",
            "ls my-mesh",
            "synth my-mesh --out out",
            "synth my-mesh --out out",
            "synth full --out of-full --as-of 2026-06-01",
            "synth my-mesh --print not-a-stack",
            "synth my-mesh --out my-mesh",
        ];
        all(folder.path(), width, &typed)
    });
}

#[test]
fn pages_about_codes() {
    at_each_width("explain", |width| {
        let folder = tempfile::tempdir().expect("a folder");
        let typed = [
            "explain unknown-key",
            "explain limit-exceeded",
            "explain foreign-condition-key",
            "explain unknown-kei",
            "explain nothing-like-a-code",
        ];
        all(folder.path(), width, &typed)
    });
}

#[test]
fn what_changes_in_a_bootstrap() {
    at_each_width("bootstrap", |width| {
        let folder = tempfile::tempdir().expect("a folder");
        copied("minimal", folder.path());
        let place = "bootstrap minimal --account 222222222222 --region eu-west-1";
        // For datasets alone: the mesh's own one is for worksheets too.
        let before = lakewright()
            .args(place.split_whitespace())
            .args(["--for", "datasets"])
            .current_dir(folder.path())
            .output()
            .expect("the binary runs");
        fs::write(folder.path().join("deployed.yaml"), before.stdout).expect("a file");
        // The owner's command is printed beside the template, which has a golden file.
        let template = printed(&mut lakewright(), folder.path(), width, place);
        let (_, beside) = template.split_once("--- stderr\n").expect("standard error");
        let diff = format!("{place} --diff deployed.yaml");
        let typed = [&*diff, "bootstrap minimal --account 999999999999 --region eu-west-1"];
        let rest = all(folder.path(), width, &typed);
        format!("$ lakewright {place}\n--- stderr\n{beside}{rest}")
    });
}
