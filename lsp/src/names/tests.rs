use std::collections::BTreeSet;
use std::path::Path;

use lakewright_analysis::mesh::load;

use super::*;

/// Every id of the largest example is replaced by another one wherever this module finds its name. If a key that names
/// documents were missing in the table, the mesh would have a reference to a document that does not exist.
#[test]
fn renaming_an_id_leaves_no_reference_behind() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/full");
    let files = lakewright_analysis::mesh::files(&example).expect("the example");
    let ids: BTreeSet<(Target, String)> = files
        .iter()
        .flat_map(|file| names(&file.text).0)
        .filter(|name| name.is_definition && name.target != Target::Team)
        .map(|name| (name.target, name.text))
        .collect();
    assert!(ids.len() > 20, "{}", ids.len());
    let folder = tempfile::tempdir().expect("a folder");
    for (target, id) in ids {
        for file in &files {
            let mut text = file.text.clone();
            let mut names = names(&text).0;
            names.retain(|name| name.target == target && name.text == id);
            // From the end, so that the positions of the others stay right.
            names.sort_by_key(|name| std::cmp::Reverse(name.range.start));
            names.dedup_by_key(|name| name.range.start);
            for name in names {
                text.replace_range(name.range, "another-name");
            }
            let path = folder.path().join(&file.path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let loaded = load(folder.path()).expect("a mesh");
        let unknown: Vec<&str> = loaded
            .report
            .iter()
            .filter(|finding| finding.code.as_str() == "unknown-reference")
            .map(|finding| finding.message.as_str())
            .collect();
        assert!(unknown.is_empty(), "{target:?} {id}: {unknown:?}");
    }
}

#[test]
fn a_name_is_found_without_its_quotes_and_kind() {
    let text =
        "\u{feff}kind: Worksheet\nid: \"orders\"\nenvironment: 'dev'\ndatabase: dataset/sales\n";
    let (names, outline) = names(text);
    let found: Vec<(&str, &str)> =
        names.iter().map(|name| (name.text.as_str(), &text[name.range.clone()])).collect();
    assert_eq!(found, [("orders", "orders"), ("dev", "dev"), ("sales", "sales")]);
    assert_eq!((outline[0].kind, outline[0].id.as_str()), (Some(Kind::Worksheet), "orders"));
}
