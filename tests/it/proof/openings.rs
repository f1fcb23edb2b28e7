//! Openings: manual changes of a template that give somebody access or remove a protection.
//!
//! The tables have one row for each kind of change, with the AWS page that describes its effect. The digest in
//! assembly.json is updated to the changed template, so only the proof can notice the change: it finds a difference,
//! or it reports that it cannot prove the template.

use std::fs;
use std::path::Path;

use lakewright_template::digest::sha256;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::run::{example, lakewright, transcript};

/// One kind of change.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    name: String,
    /// A stack of the example `full`.
    stack: String,
    edits: Vec<Edit>,
    /// The AWS page, or the property.
    source: String,
}

/// A change of one place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    #[serde(rename = "do")]
    what: What,
    /// For an existing resource, its type, followed by the beginning of its logical id if there are several. For an
    /// added resource, its logical id. Empty for the whole template, and `assembly` for the stack's entry in
    /// assembly.json.
    of: String,
    /// The place in the resource, as a JSON pointer (RFC 6901).
    #[serde(default)]
    at: String,
    #[serde(default)]
    with: Value,
}

/// The operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    /// Adds a resource.
    Add,
    /// Removes a resource.
    Drop,
    /// Adds an item to a list.
    Push,
    /// Removes a value.
    Remove,
    /// Sets a value.
    Set,
}

impl Edit {
    fn apply(&self, template: &mut Value, entry: &mut Value) {
        match (self.what, self.of.as_str()) {
            (What::Add, id) => {
                let old = resources(template).insert(id.to_owned(), self.with.clone());
                assert_eq!(old, None, "{id} is there already");
            }
            (What::Drop, of) => drop_resource(resources(template), of),
            (_, "") => self.apply_at(template),
            (_, "assembly") => self.apply_at(entry),
            (_, of) => {
                let id = find(resources(template), of);
                self.apply_at(&mut template["Resources"][id.as_str()]);
            }
        }
    }

    fn apply_at(&self, root: &mut Value) {
        let (parent, key) = place(root, &self.at);
        match (self.what, parent) {
            (What::Remove, Value::Array(list)) => _ = list.remove(position(&key)),
            (What::Remove, parent) => {
                let old = parent.as_object_mut().and_then(|map| map.remove(&key));
                assert!(old.is_some(), "{} is not there", self.at);
            }
            (What::Push, parent) => {
                let list = at_key(parent, &key);
                if !list.is_array() {
                    let before = list.take();
                    *list = if before.is_null() { json!([]) } else { json!([before]) };
                }
                list.as_array_mut().expect("a list").push(self.with.clone());
            }
            (_, parent) => *at_key(parent, &key) = self.with.clone(),
        }
    }
}

fn resources(template: &mut Value) -> &mut Map<String, Value> {
    template["Resources"].as_object_mut().expect("resources")
}

/// The logical id of the first resource of a type, as [`Edit::of`] names it.
fn find(resources: &Map<String, Value>, of: &str) -> String {
    let (kind, start) = of.split_once(' ').unwrap_or((of, ""));
    let found = resources.iter().filter(|(id, one)| one["Type"] == kind && id.starts_with(start));
    found.map(|(id, _)| id.clone()).min().expect("one of this type")
}

/// Removes a resource and all dependencies on it.
fn drop_resource(resources: &mut Map<String, Value>, of: &str) {
    let id = find(resources, of);
    resources.remove(&id);
    for resource in resources.values_mut() {
        let Some(map) = resource.as_object_mut() else { continue };
        if map.get("DependsOn").and_then(Value::as_str) == Some(id.as_str()) {
            map.remove("DependsOn");
        }
        if let Some(Value::Array(list)) = map.get_mut("DependsOn") {
            list.retain(|other| other.as_str() != Some(id.as_str()));
        }
    }
}

/// The value that contains a pointer's last part, created if it does not exist, and that last part.
fn place<'v>(root: &'v mut Value, pointer: &str) -> (&'v mut Value, String) {
    let part = |text: &str| text.replace("~1", "/").replace("~0", "~");
    let (above, last) = pointer.rsplit_once('/').expect("a pointer");
    let mut node = root;
    for step in above.split('/').skip(1) {
        node = at_key(node, &part(step));
    }
    (node, part(last))
}

fn at_key<'v>(node: &'v mut Value, key: &str) -> &'v mut Value {
    if node.is_array() { &mut node[position(key)] } else { &mut node[key] }
}

fn position(key: &str) -> usize {
    key.parse().expect("a place in a list")
}

/// The output of `prove` for an assembly with a changed stack. Restores the template afterwards.
fn proof_of(out: &Path, assembly: &Value, stack: &str, edits: &[Edit]) -> String {
    let mut assembly = assembly.clone();
    let entries = assembly["stacks"].as_array_mut().expect("stacks");
    let entry = entries.iter_mut().find(|entry| entry["name"] == stack).expect("the stack");
    let file = out.join(entry["template"].as_str().expect("a path"));
    let before = fs::read_to_string(&file).expect("a template");
    let mut template: Value = serde_json::from_str(&before).expect("JSON");
    for edit in edits {
        let old = (template.clone(), entry.clone());
        edit.apply(&mut template, entry);
        let is_same = template == old.0 && *entry == old.1;
        assert!(!is_same, "{stack}: {edit:?} changes nothing");
    }
    let text = template.to_string();
    entry["digest"] = json!(sha256(text.as_bytes()));
    fs::write(&file, text).expect("a template");
    fs::write(out.join("assembly.json"), assembly.to_string()).expect("the assembly");
    let proof = transcript(&lakewright(["prove", "--assembly", out.to_str().expect("text")]));
    fs::write(&file, before).expect("the template as it was");
    proof
}

/// Whether the proof found a difference or refused the template. A different digest alone does not count.
fn is_noticed(proof: &str) -> bool {
    let differs =
        proof.starts_with("exit: 4\n") && !proof.contains("its SHA-256 is not the digest");
    let outside = [
        "is outside of what is proven",
        "only known at deployment",
        "is not an element of a policy document",
        "is not known of a policy",
        "got version",
    ];
    let is_outside = outside.iter().any(|text| proof.contains(text));
    differs || (proof.starts_with("exit: 2\n") && is_outside)
}

fn each_is_noticed(table: &str) {
    let openings: Vec<Opening> = serde_json::from_str(table).expect("a table");
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let full = example("full");
    let synth = ["synth".as_ref(), full.as_os_str(), "--out".as_ref(), out.as_os_str()];
    assert_eq!(lakewright(synth).status.code(), Some(0));
    let text = fs::read_to_string(out.join("assembly.json")).expect("an assembly");
    let assembly: Value = serde_json::from_str(&text).expect("JSON");
    // A template that is only formatted differently is proven, so the digest does not explain the results below.
    let same = proof_of(&out, &assembly, &openings[0].stack, &[]);
    assert!(same.starts_with("exit: 0\n"), "{same}");
    let mut proven = String::new();
    for Opening { name, stack, edits, source } in &openings {
        assert!(!edits.is_empty() && !source.is_empty(), "{name}");
        let proof = proof_of(&out, &assembly, stack, edits);
        if !is_noticed(&proof) {
            let says = proof.lines().find(|line| line.starts_with("error")).unwrap_or("proven");
            proven = format!("{proven}{name} ({source}): {says}\n");
        }
    }
    assert!(proven.is_empty(), "these of {} openings are not noticed:\n{proven}", openings.len());
}

#[test]
fn openings_in_policies_and_of_stacks_are_noticed() {
    each_is_noticed(include_str!("openings/policies.json"));
}

#[test]
fn openings_to_data_are_noticed() {
    each_is_noticed(include_str!("openings/data.json"));
}

#[test]
fn openings_by_code_and_by_where_results_go_are_noticed() {
    each_is_noticed(include_str!("openings/code.json"));
}

#[test]
fn openings_of_networks_and_logs_are_noticed() {
    each_is_noticed(include_str!("openings/network.json"));
}

#[test]
fn openings_by_conditions_patterns_and_order_are_noticed() {
    each_is_noticed(include_str!("openings/conditions.json"));
}

#[test]
fn openings_by_variables_tags_and_other_accounts_are_noticed() {
    each_is_noticed(include_str!("openings/variables.json"));
}

#[test]
fn openings_by_grants_of_others_wildcards_and_transforms_are_noticed() {
    each_is_noticed(include_str!("openings/sides.json"));
}
