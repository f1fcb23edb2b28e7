//! `lakewright graph`: drawings that Mermaid, Graphviz and an XML parser read, with what other commands say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::generate::{self, Size};
use crate::run::{example, files, lakewright, root, sources, transcript, write_mesh};

/// The folders `mesh`, which is the lab, and `before`, the same without its share.
fn folders() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["mesh", "before"] {
        let lab = sources(&example("lab"));
        let files: Vec<(String, String)> =
            lab.into_iter().map(|source| (source.path, source.text)).collect();
        write_mesh(&folder.path().join(name), &files);
    }
    fs::remove_file(folder.path().join("before/shares.yaml")).expect("the share");
    folder
}

/// What can be drawn of these folders.
const DRAWINGS: [&[&str]; 7] = [
    &[],
    &["--stack", "lab-dataset-teama"],
    &["--principal", "team/science/TeamA"],
    &["--dataset", "dpdataset"],
    &["--since", "before"],
    &["--since", "before", "--dataset", "dataset/dpdataset"],
    &["--since", "before", "--stack", "lab-share-mydpdata-for-team-a"],
];

fn drawn(folder: &Path, arguments: &[&str], more: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_lakewright"))
        .args(["graph", "mesh"])
        .args(arguments)
        .args(more)
        .env_remove("COLUMNS")
        .current_dir(folder)
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{arguments:?}: {}", transcript(&output));
    String::from_utf8(output.stdout).expect("text")
}

fn data(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&drawn(folder, arguments, &["--format", "json"])).expect("JSON")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The lines of a graph: the labels of its ends, and its own.
type Lines = BTreeSet<[String; 3]>;

fn lines(data: &Value) -> Lines {
    let nodes = data["nodes"].as_array().expect("nodes").iter();
    let labels: BTreeMap<String, String> =
        nodes.map(|node| (text(&node["id"]), text(&node["label"]))).collect();
    let edges = data["edges"].as_array().expect("edges").iter();
    let end = |id: &Value| labels[id.as_str().expect("an id")].clone();
    edges.map(|edge| [end(&edge["from"]), end(&edge["to"]), text(&edge["label"])]).collect()
}

/// What another program reads in a drawing: the first text of each node, the lines, and the groups.
fn read(folder: &Path, kind: &str, drawing: &str) -> (Vec<String>, Lines, BTreeSet<String>) {
    let modules = root().join("target/node/node_modules");
    assert!(modules.join("mermaid").exists(), "run `cargo xtask test`, which installs Mermaid");
    let file = folder.join("drawing");
    fs::write(&file, drawing).expect("a file");
    let script = root().join("tests/graph/parse.mjs");
    let output =
        Command::new("node").arg(script).arg(modules).arg(kind).arg(file).output().expect("Node");
    assert!(output.status.success(), "{kind}\n{drawing}\n{}", transcript(&output));
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let first = |value: &Value| {
        let label = text(value);
        label.split(['\n', '<']).next().unwrap_or_default().to_owned()
    };
    let nodes = said["nodes"].as_array().expect("nodes").iter();
    let nodes: Vec<(String, String)> =
        nodes.map(|node| (text(&node[0]), first(&node[1]))).collect();
    let labels: BTreeMap<String, String> = nodes.iter().cloned().collect();
    let end = |id: &Value| labels[id.as_str().expect("an id")].clone();
    let lines = said["lines"].as_array().expect("lines").iter();
    let lines = lines.map(|line| [end(&line[0]), end(&line[1]), text(&line[2])]).collect();
    let groups = said["groups"].as_array().expect("groups").iter().map(text).collect();
    (nodes.into_iter().map(|(_, label)| label).collect(), lines, groups)
}

/// The names of nodes are shorter than what a box shows, so they are whole.
#[test]
fn mermaid_and_graphviz_read_the_nodes_and_lines_of_the_data() {
    let folder = folders();
    for arguments in DRAWINGS {
        let data = data(folder.path(), arguments);
        let nodes = data["nodes"].as_array().expect("nodes").iter();
        let mut labels: Vec<String> = nodes.map(|node| text(&node["label"])).collect();
        labels.sort();
        let groups = data["groups"].as_array().expect("groups").iter();
        let groups: BTreeSet<String> = groups.map(|group| text(&group["label"])).collect();
        let expected = lines(&data);
        assert!(!labels.is_empty() && !expected.is_empty(), "{arguments:?}");
        for kind in ["mermaid", "dot"] {
            let drawing = drawn(folder.path(), arguments, &["--as", kind]);
            let (mut nodes, found, places) = read(folder.path(), kind, &drawing);
            nodes.sort();
            assert_eq!(nodes, labels, "{kind} {arguments:?}");
            assert_eq!(places, groups, "{kind} {arguments:?}");
            // Dependencies that follow from others are left out.
            let is_right =
                if arguments.is_empty() { found.is_subset(&expected) } else { found == expected };
            assert!(is_right && !found.is_empty(), "{kind} {arguments:?}\n{drawing}");
        }
    }
}

#[test]
fn a_picture_is_xml_that_needs_nothing_else() {
    let folder = folders();
    for arguments in DRAWINGS {
        let file = folder.path().join("drawing.svg");
        fs::write(&file, drawn(folder.path(), arguments, &["--as", "svg"])).expect("a file");
        let output = Command::new(root().join("target/python/bin/python"))
            .arg(root().join("tests/graph/check_svg.py"))
            .arg(&file)
            .output()
            .expect("Python runs");
        assert!(output.status.success(), "{arguments:?}: {}", transcript(&output));
        let texts: BTreeSet<String> = serde_json::from_slice(&output.stdout).expect("texts");
        for [from, to, label] in lines(&data(folder.path(), arguments)) {
            assert!(texts.contains(&from) && texts.contains(&to), "{from} {to}");
            assert!(label.is_empty() || texts.contains(&label), "{label}");
        }
    }
}

/// The stacks and dependencies are those of `ls`, and the dependencies that a drawing has imply the others.
#[test]
fn the_drawing_of_a_mesh_has_the_stacks_and_dependencies_of_the_list() {
    let folder = folders();
    let mesh = folder.path().join("mesh");
    let list = lakewright(["ls".as_ref(), mesh.as_os_str(), "--format".as_ref(), "json".as_ref()]);
    let list: Value = serde_json::from_slice(&list.stdout).expect("JSON");
    let mut expected = BTreeSet::new();
    for stack in list["stacks"].as_array().expect("stacks") {
        for other in stack["depends_on"].as_array().expect("a list") {
            expected.insert((text(&stack["address"]), text(other)));
        }
    }
    let graph = data(folder.path(), &[]);
    let edges = graph["edges"].as_array().expect("edges").iter();
    let found: BTreeSet<_> = edges.map(|edge| (text(&edge["from"]), text(&edge["to"]))).collect();
    assert_eq!(found, expected);
    assert_eq!(graph["nodes"].as_array().map(Vec::len), list["stacks"].as_array().map(Vec::len));
    let drawing = drawn(folder.path(), &[], &["--as", "dot"]);
    let (_, mut reached, _) = read(folder.path(), "dot", &drawing);
    let all = lines(&graph);
    assert!(reached.len() < all.len(), "something follows from others");
    loop {
        let further: Lines = reached
            .iter()
            .flat_map(|[from, middle, _]| {
                let next = reached.iter().filter(move |[start, ..]| start == middle);
                next.map(move |[_, to, label]| [from.clone(), to.clone(), label.clone()])
            })
            .collect();
        if further.is_subset(&reached) {
            break;
        }
        reached.extend(further);
    }
    assert!(all.is_subset(&reached));
}

/// Who accesses a dataset, and what a principal accesses, is what the access matrix says.
#[test]
fn drawings_of_access_have_the_rows_of_the_matrix() {
    let folder = folders();
    let mesh = folder.path().join("mesh").display().to_string();
    for (option, name, filter, value) in [
        ("--dataset", "dpdataset", "--resource", "dataset/dpdataset"),
        ("--principal", "team/science/TeamA", "--principal", "team/science/TeamA"),
    ] {
        let rows = ["access", &mesh, "--all", filter, value, "--format", "json"];
        let rows = lakewright(rows);
        let rows: Value = serde_json::from_slice(&rows.stdout).expect("JSON");
        let rows = rows["rows"].as_array().expect("rows").iter();
        let principals: BTreeSet<String> = rows.map(|row| text(&row["principal"])).collect();
        let found: BTreeSet<String> = lines(&data(folder.path(), &[option, name]))
            .into_iter()
            .map(|[principal, ..]| principal)
            .collect();
        assert_eq!(found, principals, "{option} {name}");
    }
    let found = lines(&data(folder.path(), &["--dataset", "dpdataset"]));
    let line = ["team/science/TeamA", "dataset/dpdataset", "read"].map(str::to_owned);
    assert!(found.contains(&line), "{found:?}");
}

/// The share of the lab gives team A access to the table of the dataset `dpdataset`, and to nothing else.
#[test]
fn a_change_shows_what_is_gained_lost_and_kept() {
    let folder = folders();
    let changes = |data: &Value, to: &str| -> BTreeSet<String> {
        let edges = data["edges"].as_array().expect("edges").iter();
        let ends = |edge: &&Value| {
            edge["from"] == "principal:team/science/TeamA" && edge["to"] == format!("target:{to}")
        };
        edges.filter(ends).map(|edge| text(&edge["change"])).collect()
    };
    let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
    let approved = data(folder.path(), &["--since", "before"]);
    assert_eq!(changes(&approved, "dataset/dpdataset"), set(&["gained"]));
    assert_eq!(changes(&approved, "dataset/teama"), set(&["kept"]));
    let nodes = approved["nodes"].as_array().expect("nodes");
    let change = |id: &str| nodes.iter().find(|node| node["id"] == id).map(|node| &node["change"]);
    assert_eq!(change("target:share/mydpdata-for-team-a"), Some(&Value::from("added")));
    assert_eq!(change("target:dataset/dpdataset"), Some(&Value::from("changed")));
    assert_eq!(change("target:dataset/teama"), Some(&Value::Null));
    fs::rename(folder.path().join("mesh"), folder.path().join("after")).expect("a folder");
    fs::rename(folder.path().join("before"), folder.path().join("mesh")).expect("a folder");
    let revoked = data(folder.path(), &["--since", "after"]);
    assert_eq!(changes(&revoked, "dataset/dpdataset"), set(&["lost"]));
    assert_eq!(changes(&revoked, "dataset/teama"), set(&["kept"]));
    let others = data(folder.path(), &["--since", "after", "--principal", "team/science/TeamB"]);
    let kept = others["edges"].as_array().expect("edges").iter();
    assert!(kept.map(|edge| &edge["change"]).all(|change| change == "kept"), "{others:#}");
}

/// The share of the lab is a stack of its own, and adds permissions to the stack of the dataset whose table it shares
/// (docs/stacks/share.md).
#[test]
fn a_change_of_a_stack_marks_its_resources() {
    let folder = folders();
    let marks = |since: &str, stack: &str| -> BTreeSet<[String; 2]> {
        let data = data(folder.path(), &["--since", since, "--stack", stack]);
        let nodes = data["nodes"].as_array().expect("nodes").iter();
        nodes.map(|node| [text(&node["kind"]), text(&node["change"])]).collect()
    };
    let all = |marks: &BTreeSet<[String; 2]>, wanted: &str| {
        !marks.is_empty() && marks.iter().all(|[_, change]| change == wanted)
    };
    let name = "lab-share-mydpdata-for-team-a";
    let share = marks("before", name);
    assert!(all(&share, "added"), "{share:?}");
    let dataset = marks("before", "lab-dataset-dpdataset");
    for wanted in [["AWS::LakeFormation::PrincipalPermissions", "added"], ["AWS::S3::Bucket", ""]] {
        assert!(dataset.contains(&wanted.map(str::to_owned)), "{wanted:?} in {dataset:?}");
    }
    fs::rename(folder.path().join("mesh"), folder.path().join("after")).expect("a folder");
    fs::rename(folder.path().join("before"), folder.path().join("mesh")).expect("a folder");
    let removed = marks("after", name);
    assert!(all(&removed, "removed"), "{removed:?}");
}

/// An assembly has the stacks of the mesh that it was made from, with the same access.
#[test]
fn an_assembly_is_drawn_like_its_mesh() {
    let folder = folders();
    let (mesh, out) = (folder.path().join("mesh"), folder.path().join("out"));
    let (mesh, out) = (mesh.to_str().expect("text"), out.to_str().expect("text"));
    let made = lakewright(["synth", mesh, "--out", out]);
    assert!(made.status.success(), "{}", transcript(&made));
    for arguments in [
        &[][..],
        &["--stack", "lab-dataset-teama"],
        &["--stack", "333333333333/us-east-1/lab-dataset-teama"],
        &["--dataset", "dpdataset"],
        &["--since", "before"],
    ] {
        let command = ["graph", "--assembly", out, "--format", "json"];
        let output = Command::new(env!("CARGO_BIN_EXE_lakewright"))
            .args(command)
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("the binary runs");
        assert!(output.status.success(), "{arguments:?}: {}", transcript(&output));
        let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(found, data(folder.path(), arguments), "{arguments:?}");
    }
    let both = lakewright(["graph", mesh, "--assembly", out]);
    assert_eq!(both.status.code(), Some(2), "{}", transcript(&both));
    let none = transcript(&lakewright(["graph", "--assembly", mesh]));
    assert!(none.starts_with("exit: 2\n") && none.contains("has no assembly.json"), "{none}");
}

#[test]
fn a_large_mesh_is_drawn_in_boxes_and_listed_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let size = Size { environments: 4, teams: 40, datasets: 160 };
    write_mesh(&folder.path().join("mesh"), &generate::mesh(size));
    let mesh = folder.path().join("mesh").display().to_string();
    let output = lakewright(["graph", &mesh, "--as", "mermaid"]);
    let said = transcript(&output);
    assert!(said.starts_with("exit: 0\n") && said.contains("are too many to read"), "{said}");
    let drawing = String::from_utf8(output.stdout).expect("text");
    let (nodes, lines, _) = read(folder.path(), "mermaid", &drawing);
    assert!(nodes.len() <= 200 && !lines.is_empty(), "{drawing}");
    assert!(nodes.iter().any(|node| node.ends_with(" × dataset")), "{nodes:?}");
    let whole = data(folder.path(), &[]);
    assert!(whole["nodes"].as_array().is_some_and(|nodes| nodes.len() > 200));
}

#[test]
fn what_is_not_there_is_not_drawn() {
    let mesh = example("lab").display().to_string();
    for (arguments, expected) in [
        (["--stack", "lab-dataset-teamb"], "did you mean `lab-dataset-teama`?"),
        (["--principal", "team/science/TeamZ"], "no principal of this mesh is like"),
        (["--dataset", "dpdatset"], "did you mean dataset/dpdataset?"),
    ] {
        let said = transcript(&lakewright([&["graph", mesh.as_str()][..], &arguments].concat()));
        assert!(said.starts_with("exit: 2\n") && said.contains(expected), "{said}");
    }
    let both = ["graph", &mesh, "--stack", "a", "--dataset", "b"];
    assert_eq!(lakewright(both).status.code(), Some(2));
}

/// Each drawing on the page is the one of the command in the comment before it.
#[test]
fn the_page_has_the_drawings_of_its_commands() {
    const COMMAND: &str = "<!-- lakewright graph mesh";
    let folder = folders();
    let path: PathBuf = root().join("docs/graph.md");
    let page = fs::read_to_string(&path).expect("the page");
    let mut parts = page.split(COMMAND);
    let mut drawn_page = parts.next().expect("the beginning").to_owned();
    let mut number = 0;
    for part in parts {
        number += 1;
        let (arguments, rest) = part.split_once(" -->\n").expect("the end of the comment");
        let (between, rest) = rest.split_once("```mermaid\n").expect("a drawing");
        let (_, after) = rest.split_once("```\n").expect("the end of the drawing");
        let words: Vec<&str> = arguments.split_whitespace().collect();
        let drawing = drawn(folder.path(), &words, &[]);
        let piece =
            [COMMAND, arguments, " -->\n", between, "```mermaid\n", &drawing, "```\n", after];
        drawn_page.push_str(&piece.concat());
    }
    assert!(number >= 4, "{number} drawings");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        fs::write(&path, &drawn_page).expect("the page is written");
    }
    let page = fs::read_to_string(&path).expect("the page");
    assert_eq!(page, drawn_page, "run with INSTA_UPDATE=always to draw the page anew");
    assert!(files(folder.path()).contains_key("mesh/mesh.yaml"), "nothing is written");
}
