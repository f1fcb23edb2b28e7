//! The same mesh gives the same bytes: on every run, in another process, and in any order of files,
//! documents and keys.

use lakewright_manifest::SourceFile;

use crate::generate::{self, Size};
use crate::run::{
    EXAMPLES, example, files, lakewright, mesh, sources, synthesized, transcript, write_mesh,
};

fn bytes(sources: &[SourceFile]) -> Vec<(String, String)> {
    synthesized(&mesh(sources))
        .into_iter()
        .map(|stack| (stack.entry.address().to_string(), stack.json))
        .collect()
}

#[test]
fn a_second_run_in_the_same_process_gives_the_same_bytes() {
    for name in EXAMPLES {
        let sources = sources(&example(name));
        assert_eq!(bytes(&sources), bytes(&sources), "{name}");
    }
}

#[test]
fn a_second_process_gives_the_same_files() {
    for name in EXAMPLES {
        let folder = tempfile::tempdir().expect("a folder");
        let run = |out: &str| {
            let target = folder.path().join(out);
            let output = lakewright([
                "synth".as_ref(),
                example(name).as_os_str(),
                "--out".as_ref(),
                target.as_os_str(),
            ]);
            assert!(output.status.success(), "{}", transcript(&output));
            files(&target)
        };
        let (one, two) = (run("one"), run("two"));
        assert!(one.len() > 4);
        assert_eq!(one, two, "{name}");
        assert_eq!(run("one"), two, "{name}: over an old assembly");
    }
}

/// All documents in one file, in reverse order.
fn reversed_documents(sources: &[SourceFile]) -> Vec<SourceFile> {
    let mut documents: Vec<&str> =
        sources.iter().flat_map(|source| source.text.split("\n---\n")).collect();
    documents.reverse();
    vec![SourceFile { path: "all.yaml".to_owned(), text: documents.join("\n---\n") }]
}

/// The same documents, with the top-level keys of each in reverse order.
fn reversed_keys(sources: &[SourceFile]) -> Vec<SourceFile> {
    let reverse = |document: &str| {
        let mut keys: Vec<String> = Vec::new();
        for line in document.lines().filter(|line| !line.starts_with('#')) {
            match keys.last_mut() {
                Some(key) if line.starts_with(' ') || line.is_empty() => {
                    key.push('\n');
                    key.push_str(line);
                }
                _ => keys.push(line.to_owned()),
            }
        }
        keys.reverse();
        keys.join("\n")
    };
    sources
        .iter()
        .map(|source| SourceFile {
            path: source.path.clone(),
            text: source.text.split("\n---\n").map(reverse).collect::<Vec<_>>().join("\n---\n"),
        })
        .collect()
}

#[test]
fn the_order_of_files_documents_and_keys_says_nothing() {
    for name in EXAMPLES {
        let sources = sources(&example(name));
        let expected = bytes(&sources);
        let files: Vec<SourceFile> = sources.iter().rev().cloned().collect();
        assert_eq!(bytes(&files), expected, "{name}: files");
        assert_eq!(bytes(&reversed_documents(&sources)), expected, "{name}: documents");
        let keys = reversed_keys(&sources);
        assert_ne!(keys, sources, "{name}: something was reversed");
        assert_eq!(bytes(&keys), expected, "{name}: keys");
    }
}

#[test]
fn one_more_dataset_changes_its_own_stack_only() {
    let small = generate::mesh(Size { environments: 2, teams: 4, datasets: 20 });
    let as_sources = |files: &[(String, String)]| -> Vec<SourceFile> {
        files
            .iter()
            .map(|(path, text)| SourceFile { path: path.clone(), text: text.clone() })
            .collect()
    };
    let before = bytes(&as_sources(&small));
    let mut more = small;
    more.push((
        "datasets/one-more.yaml".to_owned(),
        "kind: Dataset\nid: one-more\nenvironment: e0\nteam: Team0\ntopics: [T]\nkeywords: [k]\n"
            .to_owned(),
    ));
    let after = bytes(&as_sources(&more));
    let changed: Vec<&String> =
        after.iter().filter(|stack| !before.contains(stack)).map(|(address, _)| address).collect();
    assert_eq!(changed, ["200000000000/eu-west-1/lakewright-dataset-one-more"]);
    assert_eq!(after.len(), before.len() + 1);
}

#[test]
fn the_generated_mesh_is_the_same_for_the_same_numbers() {
    let size = Size { environments: 3, teams: 7, datasets: 50 };
    let folder = tempfile::tempdir().expect("a folder");
    write_mesh(folder.path(), &generate::mesh(size));
    assert_eq!(generate::mesh(size), generate::mesh(size));
    let output = lakewright(["check".as_ref(), folder.path().as_os_str()]);
    assert!(output.status.success(), "{}", transcript(&output));
}
