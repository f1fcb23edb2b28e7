//! Commands about access: proofs, the matrix, and single decisions.

use std::fs;

use crate::screens::{all, at_each_width, copied};

#[test]
fn proofs() {
    at_each_width("prove", |width| {
        let folder = tempfile::tempdir().expect("a folder");
        copied("lab", folder.path());
        copied("full", folder.path());
        let good =
            ["prove lab", "prove full", "synth lab --out out --quiet", "prove --assembly out"];
        let mut text = all(folder.path(), width, &good);
        // Another role reads and writes the dataset.
        let path = "out/templates/222222222222/us-east-1/lab-dataset-dpdataset.json";
        let path = folder.path().join(path);
        let template = fs::read_to_string(&path).expect("a template");
        let altered = template.replace(
            "\"arn:aws:iam::222222222222:role/lab-dataplatformadmin-w4oijpmz\"",
            "\"arn:aws:iam::333333333333:role/lab-teamb-t4jhnyff\"",
        );
        assert_ne!(template, altered);
        fs::write(&path, altered).expect("a template");
        text.push_str(&all(folder.path(), width, &["prove --assembly out", "prove not-there"]));
        text
    });
}

#[test]
fn the_matrix() {
    at_each_width("access", |width| {
        let folder = tempfile::tempdir().expect("a folder");
        copied("lab", folder.path());
        copied("minimal", folder.path());
        let typed = [
            "access lab",
            "access minimal --detail",
            "access lab --principal team/science/TeamA",
            "access lab --resource dataset/dpdataset/table/mydpdata --detail",
            "access lab --all --principal pivot-role/platform",
            "access lab --principal nobody",
            "access lab --principal team/science/TaemA",
            "access lab --resource dataset/temma",
        ];
        all(folder.path(), width, &typed)
    });
}

#[test]
fn decisions() {
    at_each_width("decisions", |width| {
        let folder = tempfile::tempdir().expect("a folder");
        copied("lab", folder.path());
        copied("full", folder.path());
        let mydpdata = "--action lakeformation:SELECT --resource dataset/dpdataset/table/mydpdata";
        let platform = "--principal arn:aws:iam::111111111111:role/lab-platform";
        let questions = [
            // Allowed.
            format!("lab --principal team/science/TeamA {mydpdata}"),
            "lab --principal team/platform/DataPlatformAdmin --action s3:GetObject --resource dataset/dpdataset"
                .to_owned(),
            // Denied, with what would allow it.
            format!("lab --principal team/science/TeamB {mydpdata}"),
            format!("lab {platform} --action sts:AssumeRole --resource pivot-role/science"),
            // Unknown.
            "full --principal team/finance-eu/Analysts --action s3:GetObject --resource dataset/invoices"
                .to_owned(),
            // No questions.
            format!("lab --principal team/science/TaemA {mydpdata}"),
            "lab --principal team/science/TeamA --action s3:GetObjct --resource dataset/teama".to_owned(),
            format!("lab {platform} --action s3:GetObject --resource platform/lab"),
        ];
        let ask = |command: &str| {
            let typed: Vec<String> =
                questions.iter().map(|question| format!("{command} {question}")).collect();
            let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
            all(folder.path(), width, &typed)
        };
        format!("{}{}", ask("can"), ask("why"))
    });
}
