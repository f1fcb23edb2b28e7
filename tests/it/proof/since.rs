//! `prove --assume`: whether a change gives nobody more.

use std::fs;

use crate::run::{example, lakewright, transcript};

#[test]
fn a_change_that_gives_somebody_more_is_not_proven_to_keep_access() {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(example("lab")).expect("the lab") {
        let path = entry.expect("a file").path();
        fs::copy(&path, folder.path().join(path.file_name().expect("a name"))).expect("a copy");
    }
    let shares = folder.path().join("shares.yaml");
    let text = fs::read_to_string(&shares).expect("shares");
    let more = text
        .replace("team: TeamA", "team: TeamB")
        .replace("id: mydpdata-for-team-a", "id: mydpdata-for-team-b");
    fs::write(folder.path().join("more.yaml"), more).expect("one more share");
    let (before, after) = (example("lab"), folder.path().to_owned());
    let prove = |mesh: &std::path::Path, base: &std::path::Path| {
        lakewright(["prove".as_ref(), mesh.as_os_str(), "--assume".as_ref(), base.as_os_str()])
    };
    assert_eq!(prove(&before, &before).status.code(), Some(0));
    let output = prove(&after, &before);
    let text = transcript(&output);
    assert_eq!(output.status.code(), Some(4), "{text}");
    assert!(text.contains("gained: team/science/TeamB lakeformation:DESCRIBE"), "{text}");
    assert!(text.contains("asked for at more.yaml:4:1"), "{text}");
    // The reverse change narrows access.
    assert_eq!(prove(&before, &after).status.code(), Some(0));
    // The mesh before the change may be an assembly.
    let made = tempfile::tempdir().expect("a folder");
    let out = made.path().join("out");
    let synth =
        lakewright(["synth".as_ref(), before.as_os_str(), "--out".as_ref(), out.as_os_str()]);
    assert!(synth.status.success(), "{}", transcript(&synth));
    assert_eq!(prove(&before, &out).status.code(), Some(0));
    assert!(transcript(&prove(&after, &out)).contains("gained: team/science/TeamB"));
    // A service control policy that denies a request denies it on both sides.
    let scp = made.path().join("scp.json");
    let denial = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "glue:*", "Resource": "*"}]}"#;
    fs::write(&scp, denial).expect("a policy");
    let denied = lakewright([
        "prove".as_ref(),
        after.as_os_str(),
        "--assume".as_ref(),
        before.as_os_str(),
        "--scp".as_ref(),
        scp.as_os_str(),
    ]);
    let is_glue = |line: &str| line.starts_with("gained: ") && line.contains(" glue:");
    assert!(text.lines().any(is_glue), "{text}");
    let text = transcript(&denied);
    assert!(!text.lines().any(is_glue), "{text}");
}

#[test]
fn a_mesh_that_cannot_be_read_is_no_base_of_a_proof() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("mesh.yaml"), "kind: Tenant\n").expect("a file");
    let lab = example("lab");
    let base = folder.path().display().to_string();
    let output =
        lakewright(["prove".as_ref(), lab.as_os_str(), "--assume".as_ref(), base.as_ref()]);
    let text = transcript(&output);
    assert!(text.starts_with("exit: 2\n"), "{text}");
    assert!(text.contains("has errors, so nothing can be compared with it"), "{text}");
}
