//! The files of whole examples.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use lakewright_analysis::checked::Checked;
use lakewright_analysis::mesh::{Loaded, load};
use lakewright_analysis::progress::Unwatched;
use lakewright_analysis::subject::{Keep, OfMesh, Subject};
use lakewright_governance::Governance;
use lakewright_stacks::Plan;
use serde_json::Value;

use crate::{File, Input, MARKER, Marker, StackContents, site};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

/// The files of the site about an example.
fn files(name: &str) -> Vec<File> {
    let Loaded { sources, mesh, report } = load(&example(name)).expect("an example");
    let mesh = mesh.unwrap_or_else(|| unreachable!("{report:?}"));
    let plan = Plan::of(&mesh, None);
    let checked = Checked::of(&plan, &mesh, true, &Unwatched).expect("stacks");
    let stacks = Mutex::new(Vec::new());
    let OfMesh { subject, sources, .. } = Subject::of_plan_seen(
        &plan,
        None,
        Keep::Grants,
        sources,
        &Unwatched,
        &|stack, template, lines| {
            stacks.lock().expect("a lock").push(StackContents::of(stack, template, lines));
        },
    )
    .expect("stacks");
    let files = site(&Input {
        mesh: &mesh,
        sources: &sources,
        subject: &subject.expect("no findings"),
        stacks: &stacks.into_inner().expect("a lock"),
        runway: &checked.runways,
        governance: &Governance::of(&mesh, None).expect("no problems"),
        review: None,
        day: None,
        tool: "0.0.0",
    });
    files.expect("files")
}

/// The value of a file of data.
fn data(file: &File) -> Option<Value> {
    let name = file.path.strip_prefix("data/")?.strip_suffix(".js")?;
    let json = file.text.strip_prefix(&format!("lw.put(\"{name}\","))?.strip_suffix(");\n")?;
    Some(serde_json::from_str(json).expect("JSON"))
}

#[test]
fn every_file_is_named_by_the_marker_and_every_value_is_handed_over_under_its_name() {
    for name in ["full", "lab", "minimal", "governance"] {
        let all = files(name);
        let (marker, others) = all.split_last().expect("files");
        assert_eq!(marker.path, MARKER);
        let marker: Marker = serde_json::from_str(&marker.text).expect("JSON");
        let paths: Vec<&str> = others.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(marker.files, paths);
        assert!(paths.is_sorted());
        for file in others.iter().filter(|file| file.path.starts_with("data/")) {
            assert!(data(file).is_some(), "{name}: {}", file.path);
            assert!(!file.text.contains('<'), "{name}: {}", file.path);
        }
    }
}

/// The page loads the scripts that are there, and its policy allows nothing inline. Source: "unsafe-inline" in Content
/// Security Policy Level 3.
#[test]
fn the_page_loads_its_own_files_only() {
    let all = files("minimal");
    let page = all.iter().find(|file| file.path == "index.html").expect("the page");
    assert!(page.text.contains("default-src 'none'") && !page.text.contains("unsafe"));
    let paths: BTreeSet<&str> = all.iter().map(|file| file.path.as_str()).collect();
    for attribute in ["src=\"", "rel=\"stylesheet\" href=\""] {
        for rest in page.text.split(attribute).skip(1) {
            let path = rest.split('"').next().unwrap_or_default();
            assert!(paths.contains(path), "{path}");
        }
    }
    assert_eq!(page.text.matches("<script").count(), page.text.matches("<script src=").count());
}

/// Source: the documents of `examples/lab`, and what `docs/graph.md` draws of its access.
#[test]
fn a_dataset_says_who_can_access_it_and_why() {
    let all = files("lab");
    let file = all.iter().find(|file| file.path == "data/datasets/0.js").and_then(data);
    let datasets = file.expect("the datasets")["datasets"].clone();
    let who = |name: &str| {
        let who = datasets[0]["who"].as_array().expect("a list").iter();
        who.clone().find(|one| one["name"] == name).cloned().unwrap_or_default()
    };
    assert_eq!(datasets[0]["id"], "dpdataset");
    let owner = who("team/platform/DataPlatformAdmin");
    assert_eq!(owner["why"][0]["text"], "owns the dataset");
    let consumer = who("team/science/TeamA");
    let why = consumer["why"][0]["text"].as_str().expect("a text");
    assert_eq!(why, "the share mydpdata-for-team-a, approved by DataPlatformAdmin");
    assert_eq!(consumer["why"][0]["to"], "share/mydpdata-for-team-a");
    let lines = consumer["lines"].as_array().expect("lines").iter().filter_map(Value::as_str);
    assert!(lines.clone().any(|line| line.starts_with("shares.yaml:")), "{consumer:#}");
    assert_eq!(who("team/science/TeamB"), Value::Null);
    let names = datasets[0]["who"].as_array().expect("a list").iter();
    let names: BTreeSet<&str> = names.filter_map(|one| one["name"].as_str()).collect();
    let drawn = [
        "dataset-role/dpdataset",
        "deploy-role/222222222222-us-east-1",
        "execution-role/222222222222-us-east-1",
        "pivot-role/platform",
        "service/logs.us-east-1.amazonaws.com",
        "team/platform/DataPlatformAdmin",
        "team/science/TeamA",
    ];
    // The drawing has all kinds of resources, the page of a dataset only data and keys.
    assert!(names.is_subset(&BTreeSet::from(drawn)), "{names:?}");
    assert!(names.contains("dataset-role/dpdataset"), "{names:?}");
}
