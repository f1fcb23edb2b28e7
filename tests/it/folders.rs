//! Folders with templates of other tools: the findings in a file do not depend on other files or their order. Also
//! templates that were once refused or misread.
//!
//! Each case in `tests/cases/` has a `source.txt` with the expected result and its source.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use serde_json::Value;

use crate::run::{lakewright, root, transcript};

/// The result of a check.
#[derive(Debug)]
struct Checked {
    exit: Option<i32>,
    findings: Vec<Finding>,
    /// The files that were left out: the name, and `foreign` or `unreadable`.
    unread: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    file: String,
    code: String,
    message: String,
    logical_id: String,
    sid: String,
}

fn check(folder: &Path) -> Checked {
    let output = lakewright([
        "check".as_ref(),
        "--assembly".as_ref(),
        folder.as_os_str(),
        "--format".as_ref(),
        "json".as_ref(),
    ]);
    let data: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| unreachable!("{error}: {}", transcript(&output)));
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let name = |value: &Value| {
        let path = PathBuf::from(text(value));
        path.strip_prefix(folder).expect("below the folder").display().to_string()
    };
    let list = |key: &str| data[key].as_array().expect("a list");
    let findings = list("findings").iter().map(|one| Finding {
        file: name(&one["file"]),
        code: text(&one["code"]),
        message: text(&one["message"]),
        logical_id: text(&one["logical_id"]),
        sid: text(&one["sid"]),
    });
    let mut findings: Vec<Finding> = findings.collect();
    findings.sort();
    let unread = list("unread").iter().map(|one| (name(&one["file"]), text(&one["kind"])));
    Checked { exit: output.status.code(), findings, unread: unread.collect() }
}

fn case(name: &str) -> PathBuf {
    root().join("tests/cases").join(name)
}

/// A test for each case: its folder, the exit code, the number of findings, and their codes.
macro_rules! cases {
    ($($test:ident: $folder:literal, $exit:literal, $count:literal, $codes:expr;)*) => {
        $(#[test]
        fn $test() {
            let Checked { exit, findings, .. } = check(&case($folder));
            let mut missing: Vec<&str> = $codes.to_vec();
            for finding in &findings {
                if let Some(place) = missing.iter().position(|code| *code == finding.code) {
                    missing.remove(place);
                }
            }
            let expected = (Some($exit), $count, Vec::<&str>::new());
            assert_eq!((exit, findings.len(), missing), expected, "{findings:?}");
        })*

        /// The folders of `tests/cases/` that have a test. Every folder must be here.
        const FOLDERS: &[&str] = &[$($folder),*];
    };
}

const NOTHING: [&str; 0] = [];

cases! {
    folder_same_logical_ids: "folder-same-logical-ids", 4, 7, ["wildcard-action", "assume-any-role", "pass-any-role"];
    folder_with_other_files: "folder-with-other-files", 4, 7, ["wildcard-action", "assume-any-role", "pass-any-role"];
    template_change_set_of_transform: "template-change-set-of-transform", 0, 0, NOTHING;
    template_comma_list: "template-comma-list", 4, 1, ["wildcard-resource"];
    template_else_branch: "template-else-branch", 4, 7, ["wildcard-action", "assume-any-role", "pass-any-role"];
    template_for_each: "template-for-each", 4, 2, ["wildcard-principal", "wildcard-principal"];
    template_if_unknown_value: "template-if-unknown-value", 0, 0, NOTHING;
    template_list_of_objects: "template-list-of-objects", 4, 2, ["action-without-resource", "action-without-resource"];
    template_quoted_lines: "template-quoted-lines", 4, 7, ["wildcard-action", "assume-any-role", "pass-any-role"];
    template_sam_globals: "template-sam-globals", 4, 1, ["wildcard-action"];
    template_sam_managed_policies: "template-sam-managed-policies", 4, 2, ["broad-managed-policy", "broad-managed-policy"];
    template_ssm_parameter: "template-ssm-parameter", 0, 0, NOTHING;
    foreign_templates_getatt_ref: "foreign-templates/getatt-ref", 0, 0, NOTHING;
    foreign_templates_hooks: "foreign-templates/hooks", 0, 0, NOTHING;
    foreign_templates_json_string_doc: "foreign-templates/json-string-doc", 0, 0, NOTHING;
    foreign_templates_langext_foreach: "foreign-templates/langext-foreach", 0, 0, NOTHING;
    foreign_templates_one_hides_others: "foreign-templates/one-hides-others", 4, 1, ["foreign-condition-key"];
    foreign_templates_sam: "foreign-templates/sam", 0, 0, NOTHING;
}

#[test]
fn each_folder_of_cases_has_its_test() {
    let mut tested: BTreeSet<&str> =
        FOLDERS.iter().filter_map(|folder| folder.split('/').next()).collect();
    tested.insert("can-caller-identity");
    let entries = fs::read_dir(case("")).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry"));
    let folders = names.filter(|entry| entry.path().is_dir());
    let folders: BTreeSet<String> =
        folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert!(folders.iter().eq(tested.iter()), "{folders:?} {tested:?}");
}

/// The seven findings are the same as in one file alone.
#[test]
fn folder_same_logical_ids_alone() {
    let folder = case("folder-same-logical-ids");
    let both = check(&folder).findings;
    let alone = tempfile::tempdir().expect("a folder");
    fs::copy(folder.join("first.yaml"), alone.path().join("first.yaml")).expect("a copy");
    assert_eq!(check(alone.path()).findings, both);
}

/// Files that are not templates are named.
#[test]
fn folder_with_other_files_named() {
    let unread = check(&case("folder-with-other-files")).unread;
    assert_eq!(unread, [("appspec.yaml".to_owned(), "foreign".to_owned())]);
}

#[test]
fn can_caller_identity() {
    let mesh = case("can-caller-identity").join("mesh.yaml");
    let asked = ["--action", "sts:GetCallerIdentity", "--resource", "*"];
    let who = ["can", mesh.to_str().expect("text"), "--principal", "team/producer/Owners"];
    let output = lakewright(who.into_iter().chain(asked));
    let text = transcript(&output);
    assert!(output.status.code() == Some(0) && text.contains("\nallowed: "), "{text}");
}

/// Small templates, with and without names. Each has findings of a different rule, or none.
fn pool() -> Vec<Value> {
    serde_json::from_str(include_str!("../cases/pool.json")).expect("a list of templates")
}

/// A value as YAML in block style. JSON strings are valid YAML.
fn yaml(value: &Value, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            let line = |(key, item): (&String, &Value)| {
                format!("\n{pad}{}:{}", Value::from(key.as_str()), yaml(item, depth + 1))
            };
            entries.iter().map(line).collect::<Vec<_>>().concat()
        }
        Value::Array(items) if !items.is_empty() => {
            let line = |item: &Value| format!("\n{pad}-{}", yaml(item, depth + 1));
            items.iter().map(line).collect::<Vec<_>>().concat()
        }
        other => format!(" {other}"),
    }
}

/// A template as JSON or as YAML, with the file extension.
fn written(template: &Value, is_json: bool) -> (&'static str, String) {
    if is_json {
        return ("json", template.to_string());
    }
    ("yaml", yaml(template, 0).trim_start().to_owned() + "\n")
}

/// Writes files into a new folder and passes it to a function.
fn with_files<T>(files: &BTreeMap<String, String>, ask: impl Fn(&Path) -> T) -> T {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    ask(folder.path())
}

/// Some templates of the pool as files: their indexes, whether each is JSON, and their names in alphabetical order.
fn files(chosen: &[(usize, bool)], order: &[usize]) -> BTreeMap<String, (usize, String)> {
    let pool = pool();
    let each = chosen.iter().zip(order).map(|((number, is_json), place)| {
        let (ending, text) = written(&pool[*number], *is_json);
        let letter = ["a", "b", "c", "d", "e", "f"][*place];
        (format!("{letter}.{ending}"), (*number, text))
    });
    each.collect()
}

fn texts(files: &BTreeMap<String, (usize, String)>) -> BTreeMap<String, String> {
    files.iter().map(|(name, (_, text))| (name.clone(), text.clone())).collect()
}

/// The findings by template, regardless of file names. Messages are left out: they contain names that CloudFormation would
/// generate, which differ between files.
fn by_template(
    findings: &[Finding],
    files: &BTreeMap<String, (usize, String)>,
) -> Vec<(usize, String, String, String)> {
    let each = findings.iter().map(|finding| {
        let Finding { file, code, logical_id, sid, .. } = finding.clone();
        (files[&file].0, code, logical_id, sid)
    });
    let mut all: Vec<_> = each.collect();
    all.sort();
    all
}

/// A file of another program, and a truncated template.
const FOREIGN: (&str, &str) =
    ("appspec.yml", "version: 0.0\nResources:\n  - Service:\n      Kind: x\n");
const UNREADABLE: (&str, &str) = ("broken.yaml", "Resources:\n  A: {Type: \"AWS::S3::Bucket\"\n");

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_file_shows_alone_it_shows_in_any_folder(
        numbers in subsequence((0..pool().len()).collect::<Vec<_>>(), 2..=6),
        forms in prop::collection::vec(any::<bool>(), 6),
        orders in (
            Just([0_usize, 1, 2, 3, 4, 5].to_vec()).prop_shuffle(),
            Just([0_usize, 1, 2, 3, 4, 5].to_vec()).prop_shuffle(),
        ),
        which in any::<Index>(),
    ) {
        let chosen: Vec<(usize, bool)> = numbers.into_iter().zip(forms).collect();
        let (one, other) = (files(&chosen, &orders.0), files(&chosen, &orders.1));
        let together = with_files(&texts(&one), check);
        prop_assert_eq!(together.exit, Some(if together.findings.is_empty() { 0 } else { 4 }));
        prop_assert!(together.unread.is_empty());
        for (name, text) in texts(&one) {
            let mut left = together.findings.clone();
            for finding in with_files(&BTreeMap::from([(name, text)]), check).findings {
                let place = left.iter().position(|found| *found == finding);
                prop_assert!(place.is_some(), "{:?} is not in {:?}", finding, together.findings);
                left.remove(place.unwrap_or_default());
            }
        }
        let renamed = with_files(&texts(&other), check);
        prop_assert_eq!(by_template(&together.findings, &one), by_template(&renamed.findings, &other));

        // An unreadable file changes only the exit code; a foreign file does not even change that.
        let mut beside = texts(&one);
        beside.insert(FOREIGN.0.to_owned(), FOREIGN.1.to_owned());
        let mut unread = vec![(FOREIGN.0.to_owned(), "foreign".to_owned())];
        let mut exit = together.exit;
        if which.index(2) == 1 {
            beside.insert(UNREADABLE.0.to_owned(), UNREADABLE.1.to_owned());
            unread.push((UNREADABLE.0.to_owned(), "unreadable".to_owned()));
            exit = Some(2);
        }
        let beside = with_files(&beside, check);
        prop_assert_eq!(beside.findings, together.findings);
        prop_assert_eq!((beside.exit, beside.unread), (exit, unread));
    }
}

#[test]
fn the_pool_has_findings_of_many_rules() {
    let found = pool().into_iter().flat_map(|template| {
        let (ending, text) = written(&template, true);
        with_files(&BTreeMap::from([(format!("t.{ending}"), text)]), check).findings
    });
    let codes: BTreeSet<String> = found.map(|finding| finding.code).collect();
    assert!(codes.len() >= 15, "{codes:?}");
}
