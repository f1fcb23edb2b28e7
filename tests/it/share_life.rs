//! Shares that are added or removed between two versions of a mesh.

use std::fs;

use lakewright_manifest::SourceFile;
use lakewright_manifest::resolve::check_change;

use crate::run::{BASE, BASE_DATASET, lakewright, resolved, transcript, write_mesh};

/// data.all creates each share as `DRAFT` and each item as `PENDINGAPPROVAL`, and approves submitted shares where the
/// dataset has `autoApprovalEnabled` (`create_share_object` and `submit_share_object` of its `share_object_service.py` at
/// 01b3650).
#[test]
fn a_new_item_is_asked_for_before_it_is_approved() {
    let mesh = |is_automatic: bool, share: &str| {
        let dataset = format!("{BASE_DATASET}auto_approval: {is_automatic}\n");
        let sources = [("base.yaml", BASE), ("sales.yaml", &dataset), ("share.yaml", share)]
            .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
        let (mesh, report) = resolved(&sources);
        mesh.unwrap_or_else(|| panic!("{report:?}"))
    };
    let share = |status: &str, items: &str| {
        let approval = if status == "approved" { "approved_by: Owners\n" } else { "" };
        format!(
            "kind: Share\nid: extra\ndataset: sales\nenvironment: dev\nteam: Readers\nitems: [{items}]\n\
             status: {status}\n{approval}"
        )
    };
    let messages = |was: bool, before: &str, is: bool, after: &str| -> Vec<String> {
        let report = check_change(&mesh(was, before), &mesh(is, after), None);
        report.iter().map(|one| one.message.clone()).collect()
    };
    let approved = share("approved", "{ table: orders }");
    assert_eq!(messages(false, "# no share\n", false, &approved), [""; 0]);
    let more = share("approved", "{ table: orders }, { bucket: true }");
    let found = messages(false, &approved, false, &more);
    assert!(found[0].ends_with("is new in an approved share, and approved at once"), "{found:?}");
    // If the dataset requires no approval, neither a share nor an item waits for one.
    let draft = share("draft", "{ table: orders }");
    assert_eq!(messages(true, &draft, true, &approved), [""; 0]);
    assert_eq!(messages(false, &draft, false, &approved).len(), 1);
    assert_eq!(messages(true, &approved, true, &more), [""; 0]);
    // Approval cannot be switched off and the switch used in one change.
    assert_eq!(messages(false, &approved, true, &more).len(), 1);
}

/// A removed document is shown at its place in the earlier mesh.
#[test]
fn a_share_that_is_gone_is_shown_where_it_stood() {
    let folder = tempfile::tempdir().expect("a folder");
    let share = "kind: Share\nid: extra\ndataset: sales\nenvironment: dev\nteam: Readers\nitems: [{ table: orders }]\n\
                 status: approved\napproved_by: Owners\nexpires: 2026-01-31\n";
    let files = [("base.yaml", BASE), ("sales.yaml", BASE_DATASET), ("share.yaml", share)]
        .map(|(path, text)| (path.to_owned(), text.to_owned()));
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    write_mesh(&before, &files);
    write_mesh(&after, &files);
    fs::remove_file(after.join("share.yaml")).expect("the share goes");
    let [before, after] = [before, after].map(|path| path.display().to_string());
    let on =
        |day: &str| transcript(&lakewright(["check", &after, "--base", &before, "--as-of", day]));
    let said = on("2026-01-31");
    assert!(said.starts_with("exit: 4\n"), "{said}");
    assert!(said.contains(&format!("--> {before}/share.yaml:1:1\n")), "{said}");
    assert!(said.contains("1 | kind: Share"), "{said}");
    let said = on("2026-02-01");
    assert!(said.starts_with("exit: 0\n"), "{said}");
}
