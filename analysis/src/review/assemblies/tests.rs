//! The review stack by stack is that of everything, and changes of access are left to that one.

use std::path::PathBuf;

use lakewright_stacks::{Offer, Plan, StackPlan};
use serde_json::{Value, json};

use super::*;
use crate::assembly::{Staging, files};
use crate::folder::Somewhere;
use crate::mesh::{Loaded, load};
use crate::progress::Unwatched;
use crate::review::{Reading, Scope, Side, review};
use crate::synthesis::each;

/// Two assemblies of the laboratory, in a folder that is removed at the end.
struct Lab {
    root: PathBuf,
    folders: [PathBuf; 2],
    /// The paths of the templates below both folders.
    templates: Vec<String>,
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.root));
    }
}

/// Pseudo-random numbers, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }
}

impl Lab {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("lakewright-{name}-{}", std::process::id()));
        let folders = ["before", "after"].map(|side| root.join(side));
        for folder in &folders {
            synth(folder);
        }
        let stacks = listed(&folders[0]).expect("an assembly").stacks;
        let templates = stacks.into_iter().map(|entry| entry.template).collect();
        let lab = Self { root, folders, templates };
        // Edited templates are written in this form, so that only the edit differs.
        for template in &lab.templates {
            for folder in &lab.folders {
                write(&folder.join(template), &read_json(&folder.join(template)));
            }
        }
        lab
    }

    fn quick(&self) -> Option<Reviewed> {
        of([&self.folders[0], &self.folders[1]])
    }

    fn whole(&self) -> Reviewed {
        let [before, after] = self.folders.each_ref().map(|folder| Side::Folder(folder.clone()));
        let somewhere = Somewhere::default();
        let reading = Reading {
            day: None,
            somewhere: &somewhere,
            scope: Scope::Whole,
            deployed: None,
            limits: None,
        };
        let reviewed = review(&before, &after, reading, &Unwatched);
        reviewed.expect("both sides are read").expect("both sides are valid")
    }

    /// Whether a change of the later assembly is reviewed stack by stack; that review is the same then.
    fn is_quick(&self, template: &str, edit: impl FnOnce(&mut Value)) -> bool {
        let path = self.folders[1].join(template);
        let known = read_json(&path);
        let mut edited = known.clone();
        edit(&mut edited);
        write(&path, &edited);
        let quick = self.quick();
        if let Some(quick) = &quick {
            let whole = self.whole();
            assert_eq!(quick.review, whole.review, "{template}: {edited:#}");
            assert!(quick.review.stacks.is_empty() || quick.stacks == whole.stacks);
        }
        write(&path, &known);
        quick.is_some()
    }

    /// A template with a resource of a type, and the resource's logical id.
    fn with(&self, kind: &str) -> (&str, String) {
        let found = self.templates.iter().find_map(|template| {
            let text = read_json(&self.folders[0].join(template));
            let resources = text["Resources"].as_object()?;
            let (id, _) = resources.iter().find(|(_, resource)| resource["Type"] == kind)?;
            Some((template.as_str(), id.clone()))
        });
        found.expect("the laboratory has the type")
    }
}

fn synth(out: &Path) {
    let mesh = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/lab");
    let Loaded { sources, mesh, .. } = load(&mesh).expect("files");
    let mesh = mesh.expect("a mesh");
    let plan = Plan::of(&mesh, None);
    let writer = files::Writer::new(Staging::begin(out).expect("a folder"), &sources);
    let template = |stack: &StackPlan<'_>| writer.template(stack);
    let (mut written, _) =
        each(&plan, Offer::Environments, &Unwatched, template).expect("templates");
    written.sort_by_cached_key(files::Written::address);
    files::rest(&mesh, &plan.handouts, written, writer).expect("the other files");
}

fn read_json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).expect("a file")).expect("JSON")
}

fn write(path: &Path, value: &Value) {
    fs::write(path, format!("{value:#}\n")).expect("a file");
}

fn leaves<'v>(value: &'v mut Value, found: &mut Vec<&'v mut Value>) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|item| leaves(item, found)),
        Value::Array(items) => items.iter_mut().for_each(|item| leaves(item, found)),
        leaf => found.push(leaf),
    }
}

/// Changes a value, adds a tag, removes a resource, or changes the description.
fn edit_anywhere(template: &mut Value, random: &mut Random) {
    let resources = template["Resources"].as_object_mut().expect("resources");
    let ids: Vec<String> = resources.keys().cloned().collect();
    let id = &ids[random.below(ids.len())];
    match random.below(8) {
        0 => template["Description"] = json!("Another text"),
        1 => drop(resources.remove(id)),
        2 => {
            let tags = resources[id].pointer_mut("/Properties/Tags");
            if let Some(tags) = tags.and_then(Value::as_array_mut) {
                let key = ["Release", "Team"][random.below(2)];
                tags.push(json!({ "Key": key, "Value": "2" }));
            }
        }
        _ => {
            let mut found = Vec::new();
            if let Some(properties) = resources[id].get_mut("Properties") {
                leaves(properties, &mut found);
            }
            let place = random.below(found.len().max(1));
            if let Some(leaf) = found.get_mut(place) {
                let new = match &**leaf {
                    Value::String(text) => json!(format!("{text}x")),
                    Value::Bool(is_on) => json!(!is_on),
                    _ => json!(7),
                };
                **leaf = new;
            }
        }
    }
}

#[test]
fn any_edit_gives_the_review_of_everything() {
    let lab = Lab::new("any-edit");
    let mut random = Random(18);
    let mut quick = 0;
    for _ in 0..40 {
        let template = &lab.templates[random.below(lab.templates.len())];
        quick += usize::from(lab.is_quick(template, |value| edit_anywhere(value, &mut random)));
    }
    assert!((3..40).contains(&quick), "{quick} of 40 edits were reviewed stack by stack");
}

#[test]
fn only_changes_without_effect_on_access_are_reviewed_stack_by_stack() {
    let lab = Lab::new("access-or-not");
    assert_eq!(lab.quick().expect("equal assemblies").review, lab.whole().review);
    let (template, key) = lab.with("AWS::KMS::Key");
    let of_key = |value: &mut Value, property: &str, new: Value| {
        value["Resources"][&key]["Properties"][property] = new;
    };
    assert!(lab.is_quick(template, |value| value["Description"] = json!("Another text")));
    assert!(lab.is_quick(template, |value| of_key(value, "Description", json!("Another text"))));
    let tags = |name: &str| json!([{ "Key": name, "Value": "2" }]);
    assert!(!lab.is_quick(template, |value| of_key(value, "Tags", tags("Team"))));
    let everything = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*",
    }] });
    assert!(!lab.is_quick(template, |value| of_key(value, "KeyPolicy", everything)));
    let (template, bucket) = lab.with("AWS::S3::Bucket");
    assert!(!lab.is_quick(template, |value| {
        let block =
            &mut value["Resources"][&bucket]["Properties"]["PublicAccessBlockConfiguration"];
        block["BlockPublicAcls"] = json!(false);
    }));
}
