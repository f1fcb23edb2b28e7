//! Refreshes of a part of a mesh, and of one part before the others.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Proxy, accounts, action, retag, since};
use crate::deploy::{ends_with, lab};
use crate::run::transcript;

const CENTRAL: &str = "111111111111";

/// The account of each executed change set, in the order of the requests.
fn executed(proxy: &Proxy) -> Vec<String> {
    let log = proxy.log();
    let executed = log.iter().filter(|call| action(call) == "ExecuteChangeSet");
    executed.map(|call| call["account"].as_str().expect("an account").to_owned()).collect()
}

#[test]
fn one_place_is_refreshed_alone_or_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let proxy = Proxy::with(&mesh);
    let path = mesh.display().to_string();

    retag(&mesh, "first");
    let before = proxy.operations();
    // Without a terminal there is no live view, and the run goes on.
    let one = proxy.refresh(&mesh, &["--place", "333333333333/us-east-1", "--live"]);
    ends_with(&one, 0, "0 failed, 0 skipped");
    assert!(transcript(&one).contains("`--live` is left out"), "{}", transcript(&one));
    let begun = since(&before, &proxy.operations());
    assert_eq!(accounts(&begun), BTreeSet::from(["333333333333"]), "{}", transcript(&one));
    assert!(begun.len() >= 6 && begun.values().all(|count| *count == 1), "{begun:?}");

    // If the canary fails, nothing else is started. The central account's stacks depend on no other account.
    let canary = ["--canary", CENTRAL];
    proxy.rules(&json!([]));
    proxy.emulator.fail_next("AWS::WAFv2::WebACL");
    let failed = proxy.refresh(&mesh, &canary);
    ends_with(&failed, 6, "no more room");
    let order = executed(&proxy);
    assert!(order.iter().all(|account| account == CENTRAL), "{order:?}\n{}", transcript(&failed));
    // Its stacks come before all others, also before those that do not depend on them.
    proxy.rules(&json!([]));
    ends_with(&proxy.refresh(&mesh, &canary), 0, "0 failed, 0 skipped");
    let order = executed(&proxy);
    let first = order.iter().take_while(|account| *account == CENTRAL).count();
    assert!(first > 0 && order.len() > first, "{order:?}");
    // A bootstrap whose rights narrow comes last of all.
    let late = order[first..].iter().filter(|account| *account == CENTRAL).count();
    assert!(late <= 1, "{order:?}");

    // A dataset of this canary names the role of a team elsewhere, and its environment needs the platform. What these need is
    // in the first wave, and the run says so.
    retag(&mesh, "canary");
    proxy.rules(&json!([]));
    proxy.emulator.fail_next("AWS::Glue::Crawler");
    let failed = proxy.refresh(&mesh, &["--canary", "222222222222"]);
    ends_with(&failed, 6, "wave 1: begins with ");
    let said = transcript(&failed);
    let drawn = "333333333333/us-east-1/lab-team-science-teama-";
    assert!(said.contains(drawn) && said.contains("5 other stacks follow in wave 2"), "{said}");
    for second in ["lab-dataset-teama", "lab-share-mydpdata-for-team-a", "lab-team-science-teamb-"]
    {
        let skipped = said.lines().filter(|line| line.contains(" is skipped: "));
        assert_eq!(skipped.filter(|line| line.contains(second)).count(), 1, "{second}\n{said}");
    }
    let nowhere = proxy.refresh(&mesh, &["--canary", "444444444444"]);
    ends_with(&nowhere, 2, "`--canary 444444444444`: the mesh has no stack there");
    ends_with(&proxy.refresh(&mesh, &[]), 0, "0 failed, 0 skipped");

    // Two machines refresh one part each, at the same time.
    retag(&mesh, "second");
    let before = proxy.operations();
    let parts = ["222222222222", "333333333333"];
    let runs = parts.map(|place| proxy.begin(&["refresh", &path, "--place", place]));
    for run in runs {
        let output = run.wait_with_output().expect("an end");
        ends_with(&output, 0, "0 failed, 0 skipped");
    }
    let begun = since(&before, &proxy.operations());
    assert_eq!(accounts(&begun), BTreeSet::from(parts));
    assert!(begun.values().all(|count| *count == 1), "{begun:?}");
    ends_with(&proxy.refresh(&mesh, &[]), 0, "0 failed, 0 skipped");
    proxy.has_nothing_to_do(&mesh);
}
