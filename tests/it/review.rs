//! What `lakewright diff` says about pairs of folders of templates.
//!
//! Each file of `tests/review/` is a pair, with the findings that AWS's pages say are right. Its README has the format.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use lakewright_analysis::folder::Somewhere;
use lakewright_analysis::progress::Unwatched;
use lakewright_analysis::review::{Reading, Scope, Side};
use lakewright_template::yaml::{Budget, Node, NodeKind, parse};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::run::{files, lakewright, root, transcript};

/// Where the templates are deployed.
const PLACE: [&str; 4] = ["--account", "111122223333", "--region", "us-east-1"];

/// Two folders of templates, and the findings of their review.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    what: String,
    source: String,
    /// Whether the sides are meshes.
    #[serde(default)]
    mesh: Option<Flag>,
    /// The day of which shares count.
    as_of: Option<String>,
    /// The folder of the side before the change, below the repository's root.
    base: Option<String>,
    /// The texts by file name.
    #[serde(default)]
    before: BTreeMap<String, String>,
    #[serde(default)]
    after: BTreeMap<String, String>,
    /// What is replaced for the side after the change, by file name.
    #[serde(default)]
    edit: BTreeMap<String, Edit>,
    expect: Expected,
}

/// Changes of a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    /// The old and the new text of each change; every occurrence is replaced.
    replace: Vec<(String, String)>,
}

/// The findings that a review must have, and no others.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// Whether there are no other findings.
    #[serde(default = "yes")]
    exact: Flag,
    access: BTreeMap<String, Access>,
    /// The fate and the data effect of each changed resource, by file and logical id.
    resources: BTreeMap<String, (String, String)>,
    /// The moves, such as `a.yaml Bucket -> b.yaml Bucket`: `possible` by stack refactoring, or `obstructed`.
    #[serde(default)]
    moves: Option<BTreeMap<String, String>>,
}

/// A flag; every scalar of a pair is read as text.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Flag {
    True,
    False,
}

const fn yes() -> Flag {
    Flag::True
}

/// The access of one principal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Access {
    relation: String,
    /// Actions and resources, such as `s3:GetObject arn:aws:s3:::b/*`.
    #[serde(default)]
    gained: BTreeSet<String>,
    #[serde(default)]
    lost: BTreeSet<String>,
}

/// The part of a printed review that is compared.
#[derive(Debug, Deserialize)]
struct Review {
    stacks: Vec<StackChange>,
    access: Vec<AccessChange>,
    #[serde(default)]
    moves: Vec<Move>,
}

#[derive(Debug, Deserialize)]
struct Move {
    from: Place,
    to: Place,
    obstacles: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Place {
    stack: String,
    id: String,
}

#[derive(Debug, Deserialize)]
struct StackChange {
    stack: String,
    /// The document that it is for, such as `dataset/sales (222222222222, eu-west-1)`.
    #[serde(default)]
    name: Option<String>,
    resources: Vec<Resource>,
}

#[derive(Debug, Deserialize)]
struct Resource {
    id: String,
    fate: String,
    data: String,
}

#[derive(Debug, Deserialize)]
struct AccessChange {
    principal: String,
    #[serde(default)]
    name: Option<String>,
    relation: String,
    gained: Vec<Reach>,
    lost: Vec<Reach>,
}

#[derive(Debug, Deserialize)]
struct Reach {
    actions: Vec<String>,
    resource: String,
}

/// A node with every scalar as text.
fn plain(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Scalar { text, is_plain: _ } => Value::String(text.clone()),
        NodeKind::Sequence(items) => items.iter().map(plain).collect(),
        NodeKind::Mapping(entries) => {
            let entries = entries.iter().map(|(key, value)| match &key.kind {
                NodeKind::Scalar { text, is_plain: _ } => (text.clone(), plain(value)),
                NodeKind::Sequence(_) | NodeKind::Mapping(_) => unreachable!("{key:?} is no key"),
            });
            Value::Object(entries.collect())
        }
    }
}

/// Reads a pair.
fn pair(text: &str) -> Result<Pair, String> {
    let stream = parse(text, &Budget::FILE);
    if let Some(error) = stream.error {
        return Err(format!("line {}: {error}", error.span.line));
    }
    let [document] = stream.documents.as_slice() else {
        return Err("expected one document".to_owned());
    };
    serde_json::from_value(plain(document)).map_err(|error| error.to_string())
}

/// The files of a folder with texts.
fn base(folder: &str) -> BTreeMap<String, String> {
    let files = files(&root().join(folder));
    files.into_iter().map(|(name, bytes)| (name, String::from_utf8(bytes).expect("text"))).collect()
}

/// The files of both sides.
fn sides(pair: &Pair) -> Result<[BTreeMap<String, String>; 2], String> {
    let mut before = pair.base.as_deref().map(base).unwrap_or_default();
    before.extend(pair.before.clone());
    if pair.edit.is_empty() {
        return Ok([before, pair.after.clone()]);
    }
    let mut after = before.clone();
    after.extend(pair.after.clone());
    for (file, Edit { replace }) in &pair.edit {
        let text = after.get_mut(file).ok_or_else(|| format!("no {file} to edit"))?;
        for (old, new) in replace {
            if !text.contains(old.as_str()) {
                return Err(format!("{file} has no {old:?}"));
            }
            *text = text.replace(old.as_str(), new);
        }
    }
    Ok([before, after])
}

/// Writes both sides of a pair.
fn written(pair: &Pair) -> Result<(TempDir, [PathBuf; 2]), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = ["before", "after"].map(|name| folder.path().join(name));
    for (side, texts) in paths.iter().zip(sides(pair)?) {
        fs::create_dir(side).expect("a folder");
        for (file, text) in texts {
            fs::write(side.join(file), text).expect("a file");
        }
    }
    Ok((folder, paths))
}

/// The review of a pair, as the command prints it.
fn review(pair: &Pair) -> Result<Review, String> {
    let (_folder, paths) = written(pair)?;
    let [before, after] = paths.each_ref().map(|path| path.to_str().expect("text"));
    let mut command = vec!["diff", before, after, "--format", "json"];
    if pair.mesh != Some(Flag::True) {
        command.extend(PLACE);
    }
    if let Some(day) = &pair.as_of {
        command.extend(["--as-of", day]);
    }
    let output = lakewright(command);
    if !output.status.success() {
        return Err(transcript(&output));
    }
    let mut review: Review = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}\n{}", transcript(&output)))?;
    // A document that moves to another account has two stacks.
    let is_address = |name: &String| name.starts_with(|first: char| first.is_ascii_digit());
    if pair.expect.resources.keys().any(is_address) {
        return Ok(review);
    }
    for stack in &mut review.stacks {
        let name = stack.name.as_deref().and_then(|name| name.split(" (").next());
        if let Some(name) = name {
            stack.stack = name.to_owned();
        }
    }
    for change in &mut review.access {
        if let Some(name) = &change.name {
            change.principal.clone_from(name);
        }
    }
    Ok(review)
}

/// Describes each difference between expected and printed findings.
fn differences(expected: &Expected, review: &Review) -> Vec<String> {
    let mut found = Vec::new();
    let mut resources = BTreeMap::new();
    for stack in &review.stacks {
        for Resource { id, fate, data } in &stack.resources {
            let name = format!("{} {id}", stack.stack);
            if resources.insert(name.clone(), (fate.clone(), data.clone())).is_some() {
                found.push(format!("resource {name} stands twice"));
            }
        }
    }
    let names: BTreeSet<&String> = expected.resources.keys().chain(resources.keys()).collect();
    let is_exact = expected.exact == Flag::True;
    for name in names {
        let (wanted, got) = (expected.resources.get(name), resources.get(name));
        if wanted != got && (is_exact || wanted.is_some()) {
            let text = |pair: Option<&(String, String)>| {
                pair.map_or_else(|| "nothing".to_owned(), |(fate, data)| format!("{fate}, {data}"))
            };
            found.push(format!("resource {name}: got {}, expected {}", text(got), text(wanted)));
        }
    }
    let mut access = BTreeMap::new();
    for change in &review.access {
        if access.insert(&change.principal, change).is_some() {
            found.push(format!("access of {} stands twice", change.principal));
        }
    }
    let names: BTreeSet<&String> = expected.access.keys().chain(access.keys().copied()).collect();
    for name in names {
        let (wanted, got) = (expected.access.get(name), access.get(name).copied());
        if is_exact || wanted.is_some() {
            found.extend(differences_of(name, wanted, got));
        }
    }
    if let Some(wanted) = &expected.moves {
        let one = |Move { from, to, obstacles }: &Move| {
            let name = format!("{} {} -> {} {}", from.stack, from.id, to.stack, to.id);
            (name, if obstacles.is_empty() { "possible" } else { "obstructed" }.to_owned())
        };
        let got: BTreeMap<String, String> = review.moves.iter().map(one).collect();
        if got != *wanted {
            found.push(format!("moves: got {got:?}, expected {wanted:?}"));
        }
    }
    found
}

/// Describes the differences between expected and printed findings about one principal.
fn differences_of(
    principal: &str,
    wanted: Option<&Access>,
    got: Option<&AccessChange>,
) -> Vec<String> {
    let relation = wanted.map_or("nothing", |access| access.relation.as_str());
    let printed = got.map_or("nothing", |change| change.relation.as_str());
    let mut found = Vec::new();
    if relation != printed {
        found.push(format!("access of {principal}: got {printed}, expected {relation}"));
    }
    let (Some(wanted), Some(got)) = (wanted, got) else { return found };
    for (word, wanted, got) in
        [("gained", &wanted.gained, &got.gained), ("lost", &wanted.lost, &got.lost)]
    {
        let all = got.iter().flat_map(|Reach { actions, resource }| {
            actions.iter().map(move |action| format!("{action} {resource}"))
        });
        let all: BTreeSet<String> = all.collect();
        for missing in wanted.difference(&all) {
            found.push(format!(
                "access of {principal}: {word} {all:?}, expected `{missing}` among it"
            ));
        }
    }
    found
}

#[test]
fn each_pair_has_the_findings_of_its_source() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, bytes) in files(&root().join("tests/review")) {
        if Path::new(&name).extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        count += 1;
        let text = String::from_utf8(bytes).expect("text");
        let pair = match pair(&text) {
            Ok(pair) => pair,
            Err(error) => {
                wrong.push(format!("{name}\n  is no pair: {error}"));
                continue;
            }
        };
        assert!(!pair.source.is_empty(), "{name} has no source");
        let found = match review(&pair) {
            Ok(review) => differences(&pair.expect, &review),
            Err(error) => vec![error],
        };
        if !found.is_empty() {
            wrong.push(format!("{name}: {}\n  {}", pair.what, found.join("\n  ")));
        }
    }
    assert!(count >= 80, "only {count} pairs");
    let wrong_count = wrong.len();
    assert!(wrong.is_empty(), "{wrong_count} of {count} pairs:\n{}", wrong.join("\n"));
}

/// Of two meshes, only the accounts that a change concerns are synthesized.
#[test]
fn a_review_of_the_accounts_concerned_is_that_of_all() {
    let mut restricted = 0;
    for (name, bytes) in files(&root().join("tests/review/meshes")) {
        let pair = pair(&String::from_utf8(bytes).expect("text")).expect("a pair");
        let (_folder, paths) = written(&pair).expect("both sides");
        let [before, after] = paths.map(Side::Folder);
        let somewhere = Somewhere::default();
        let of = |scope| {
            let somewhere = &somewhere;
            let reading = Reading { day: None, somewhere, scope, deployed: None, limits: None };
            let reviewed =
                lakewright_analysis::review::review(&before, &after, reading, &Unwatched);
            reviewed.expect("both sides are read").expect("both sides are valid")
        };
        let (near, whole) = (of(Scope::Near), of(Scope::Whole));
        assert_eq!(near.review, whole.review, "{name}");
        restricted += usize::from(near.stacks.len() < whole.stacks.len());
    }
    assert!(restricted > 0, "each review synthesized everything");
}

#[test]
fn wrong_and_missing_findings_are_differences() {
    let expected = json!({
        "access": {"r": {"relation": "broader", "gained": ["s3:GetObject a"]}, "s": {"relation": "narrower"}},
        "resources": {"t.yaml P": ["updated", "none"], "t.yaml Q": ["created", "none"]},
    });
    let reach = |action: &str| json!([{"actions": [action, "s3:ListBucket"], "resource": "a"}]);
    let change = |principal: &str, relation: &str, action: &str| json!({"principal": principal, "relation": relation, "gained": reach(action), "lost": []});
    let stacks = |ids: [&str; 2]| {
        let resource = |id: &str| {
            let fate = if id == "Q" { "created" } else { "updated" };
            json!({"id": id, "fate": fate, "data": "none"})
        };
        json!([{"stack": "t.yaml", "resources": ids.map(resource)}])
    };
    let get = "s3:GetObject";
    let access = json!([change("r", "broader", get), change("s", "narrower", get)]);
    let other = json!([change("r", "broader", "s3:PutObject"), change("t", "unknown", get)]);
    let twice = json!([
        change("r", "broader", get),
        change("s", "broader", get),
        change("s", "narrower", get)
    ]);
    let expected: Expected = serde_json::from_value(expected).expect("findings");
    for (stacks, access, count) in [
        (stacks(["P", "Q"]), &access, 0),
        (stacks(["P", "P"]), &access, 2),
        (stacks(["P", "O"]), &access, 2),
        (stacks(["P", "Q"]), &other, 3),
        (stacks(["P", "Q"]), &twice, 1),
        (stacks(["P", "Q"]), &json!([]), 2),
    ] {
        let review = json!({"stacks": stacks, "access": access});
        let review: Review = serde_json::from_value(review).expect("a review");
        let found = differences(&expected, &review);
        assert_eq!(found.len(), count, "{found:?}");
    }
}
