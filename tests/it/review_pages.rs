//! The forms of a review as other programs take them: the page in headless Chromium, the log of SARIF with the schema of the
//! standard, and the report with the reader of the CDK.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::deploy::{change, lab};
use crate::run::{example, lakewright, root, transcript};

fn modules() -> PathBuf {
    let modules = root().join("target/node/node_modules");
    assert!(modules.exists(), "run `cargo xtask test`, which installs the browser and the schemas");
    modules
}

/// The review of a mesh that gets a share and that is edited, in one form. Positions are relative to the mesh.
fn review(format: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let before = lab(folder.path());
    fs::remove_file(before.join("shares.yaml")).expect("the share");
    change(&before.join("datasets.yaml"), "The lab's first dataset", "An earlier text");
    let before = before.display().to_string();
    let after = example("lab").display().to_string();
    let output = lakewright(["diff", &before, &after, "--format", format]);
    assert_eq!(output.status.code(), Some(0), "{}", transcript(&output));
    String::from_utf8(output.stdout).expect("text")
}

/// Runs a script of `tests/pages` with the installed packages.
fn node(script: &str, arguments: &[&str]) -> Output {
    // The browser is unpacked there once.
    let unpacked = root().join("target/node/chromium");
    fs::create_dir_all(&unpacked).expect("a folder");
    let mut command = Command::new("node");
    command.arg(root().join("tests/pages").join(script)).arg(modules()).args(arguments);
    command.env("TMPDIR", unpacked).output().expect("Node.js runs")
}

/// What a reader finds on a page.
fn opened(page: &Path, word: &str) -> Value {
    let output = node("review.mjs", &[&page.display().to_string(), word]);
    assert!(output.status.success(), "{}", transcript(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn the_page_works_in_a_browser() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("review.html");
    let text = review("html");
    fs::write(&page, &text).expect("a file");
    let found = opened(&page, "DataPolicy");
    assert_eq!(found["errors"], json!([]), "{found:#}");
    assert_eq!(found["requests"], json!([]), "{found:#}");

    let number = |key: &str| found[key].as_u64().expect("a number");
    let all = number("findings");
    let filtered = number("filtered");
    assert_eq!(found["searchHasFocus"], true, "{found:#}");
    assert!(0 < filtered && filtered < all, "{found:#}");
    assert_eq!(found["othersHaveTheWord"], 0, "{found:#}");
    assert_eq!(found["count"], format!("{filtered} of {all} findings"));
    assert_eq!(number("afterEscape"), all, "{found:#}");

    assert_eq!(found["open"], json!([false, true, false]), "Enter opens, the space bar closes");
    assert_eq!(number("opened"), all, "{found:#}");
    assert_eq!(number("width"), 360, "nothing is wider than the window");
    for part in [0, 1] {
        assert_ne!(found["light"][part], found["dark"][part], "{found:#}");
    }

    // The browser says what a page does that it must not do.
    let bad = text.replace("</main>", "<img src=\"http://127.0.0.1:1/x.png\"></main>");
    let bad = bad.replace("<p><strong>", "<p style=\"width: 900px\"><strong>");
    fs::write(&page, bad.replace("show();\n</script>", "nothing();\n</script>")).expect("a file");
    let found = opened(&page, "DataPolicy");
    let errors = found["errors"].to_string();
    assert!(errors.contains("127.0.0.1") && errors.contains("nothing is not defined"), "{errors}");
    assert!(found["width"].as_u64() > Some(360), "{found:#}");
}

/// The schema of SARIF 2.1.0, as the package `@microsoft/jest-sarif` 1.0.0-beta.0 has it, with its formats. The draft that it
/// names does not know `uri-reference`, a later one does, and the schema uses nothing in which the two differ.
fn sarif_schema() -> Validator {
    let path = modules().join("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");
    let text = fs::read_to_string(path).expect("the schema");
    let mut schema: Value = serde_json::from_str(&text).expect("JSON");
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema.as_object_mut().expect("an object").remove("id");
    // Its pattern of languages has a bracket that nothing opens. JavaScript reads it as a character, and the validator
    // refuses it. The logs name no language.
    for definition in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][definition]["properties"]["language"];
        language.as_object_mut().expect("a property").remove("pattern");
    }
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&schema).expect("a valid schema")
}

#[test]
fn the_log_is_what_the_standard_asks_for() {
    let schema = sarif_schema();
    let log: Value = serde_json::from_str(&review("sarif")).expect("JSON");
    let errors = schema.iter_errors(&log);
    let errors: Vec<String> =
        errors.map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(errors, [""; 0]);
    // What the schema does not ask for, and readers of logs do: the rules of sarif-multitool 5.7.0.
    let results = log["runs"][0]["results"].as_array().expect("results");
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
    assert!(!results.is_empty(), "{log:#}");
    let mut fingerprints = BTreeSet::new();
    for result in results {
        let index = result["ruleIndex"].as_u64().and_then(|index| usize::try_from(index).ok());
        let rule = index.and_then(|index| rules.get(index)).expect("a rule");
        assert_eq!(rule["id"], result["ruleId"], "{result:#}");
        assert!(fingerprints.insert(result["partialFingerprints"].to_string()), "{result:#}");
    }
    for (path, bad) in [
        ("/version", json!("2.1")),
        ("/runs/0/results/0/level", json!("info")),
        ("/runs/0/results/0/message", json!({ "markdown": "x" })),
        ("/runs/0/results/0/partialFingerprints", json!({ "x": 1 })),
        ("/runs/0/results/0/locations/0/physicalLocation/region/startLine", json!(0)),
        ("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", json!("a b.yaml")),
        ("/runs/0/tool/driver/rules/0/helpUri", json!("docs/x.md")),
    ] {
        let mut other = log.clone();
        let (parent, key) = path.rsplit_once('/').expect("a path");
        other.pointer_mut(parent).expect("a value")[key] = bad;
        assert!(!schema.is_valid(&other), "{path}");
    }
}

/// The reader is `Manifest.loadValidationReport` of `@aws-cdk/cloud-assembly-schema` 55.6.0.
#[test]
fn the_cdk_reads_the_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("validation-report.json");
    let text = review("cdk-report");
    fs::write(&file, &text).expect("a file");
    let path = file.display().to_string();
    let output = node("report.mjs", &[&path]);
    assert!(output.status.success(), "{}", transcript(&output));
    let mut report: Value = serde_json::from_str(&text).expect("JSON");
    let violations = &report["pluginReports"][0]["violations"];
    let number = violations.as_array().expect("a list").len();
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{number}\n"));

    report["pluginReports"][0]["violations"][0]["severity"] = json!("grave");
    fs::write(&file, report.to_string()).expect("a file");
    let output = node("report.mjs", &[&path]);
    assert!(!output.status.success(), "another severity is refused");
}
