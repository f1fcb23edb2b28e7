//! Stacks with equal fingerprints have equal templates: whoever keeps templates by their fingerprint keeps the right ones.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::SourceFile;
use lakewright_stacks::{Fingerprint, Plan, StackPlan, Usage};
use lakewright_template::{StackAddress, StackKind};

use crate::run::{EXAMPLES, example, mesh, resolved, sources};

/// What a mesh's stacks are, by address: the kind, the fingerprint and what is written of the stack.
type Stacks = BTreeMap<StackAddress, (StackKind, Fingerprint, String)>;

fn stacks(sources: &[SourceFile]) -> Option<Stacks> {
    let (mesh, _) = resolved(sources);
    let mesh = mesh?;
    let plan = Plan::of(&mesh, None);
    let mut found = Stacks::new();
    let mut usages: Vec<Usage> = Vec::new();
    let mut add = |stack: &StackPlan<'_>| {
        let made = stack.synthesize().ok()?;
        let usage = made.usage();
        // Everything that is deployed: the template, and what the assembly says beside it.
        let mut written = made.json.clone();
        written.push_str(&serde_json::to_string(&made.entry).expect("JSON"));
        for asset in &made.assets {
            written.push_str(&String::from_utf8_lossy(&asset.bytes));
        }
        found.insert(stack.address(), (stack.kind(), stack.fingerprint(), written));
        Some(usage)
    };
    for stack in &plan.stacks {
        usages.push(add(stack)?);
    }
    for stack in plan.bootstraps(Plan::usage(plan.stacks.iter().zip(&usages))) {
        add(&stack)?;
    }
    Some(found)
}

/// Changes of single lines that leave a mesh a mesh: a line is left out, or the number or the word at its end is another.
fn changes(sources: &[SourceFile]) -> Vec<Vec<SourceFile>> {
    let mut changes = Vec::new();
    for (file, source) in sources.iter().enumerate() {
        let lines: Vec<&str> = source.text.split_inclusive('\n').collect();
        for (number, line) in lines.iter().enumerate() {
            let text = line.trim_end();
            let mut others = vec![String::new(), format!("# moved\n{line}")];
            others.extend(text.strip_suffix("true").map(|rest| format!("{rest}false\n")));
            others.extend(text.strip_suffix("false").map(|rest| format!("{rest}true\n")));
            if text.contains(": ") && !text.ends_with(['"', '\'', ']', '}', ':', '|', '>']) {
                others.push(format!("{text}x\n"));
                others.push(format!("{text}1\n"));
            }
            for variant in others {
                let mut varied = sources.to_vec();
                let before = lines[..number].concat();
                varied[file].text = format!("{before}{variant}{}", lines[number + 1..].concat());
                changes.push(varied);
            }
        }
    }
    changes
}

#[test]
fn equal_fingerprints_give_equal_stacks_of_every_kind() {
    let (mut kept, mut renewed) = (BTreeSet::new(), BTreeSet::new());
    for name in EXAMPLES {
        let sources = sources(&example(name));
        let before = stacks(&sources).expect("the example");
        let mut tried = 0;
        // Not each change, as there are thousands.
        for changed in changes(&sources).into_iter().step_by(if name == "full" { 7 } else { 3 }) {
            let Some(after) = stacks(&changed) else { continue };
            tried += 1;
            for (address, (kind, fingerprint, written)) in &after {
                let Some((_, same, old)) = before.get(address) else { continue };
                if fingerprint == same {
                    assert_eq!(written, old, "{name} {address}");
                    kept.insert(*kind);
                } else {
                    renewed.insert(*kind);
                }
            }
        }
        assert!(tried > 20, "{name}: {tried} changes left a mesh");
    }
    let all: BTreeSet<StackKind> = StackKind::ALL.into();
    assert_eq!(kept, all, "no change left a stack of the other kinds as it was");
    assert_eq!(renewed, all, "no change reached a stack of the other kinds");
}

/// A comment, another order of documents and another file change no template, and so no fingerprint.
#[test]
fn what_only_moves_has_the_same_fingerprint() {
    for name in EXAMPLES {
        let sources = sources(&example(name));
        let before = stacks(&sources).expect("the example");
        let moved = sources.iter().map(|source| SourceFile {
            path: format!("elsewhere/{}", source.path),
            text: format!("# a comment\n{}", source.text),
        });
        let after = stacks(&moved.rev().collect::<Vec<_>>()).expect("the example, moved");
        let prints = |stacks: &Stacks| -> Vec<(StackAddress, Fingerprint)> {
            let stacks = stacks.iter();
            stacks.map(|(address, (_, print, _))| (address.clone(), print.clone())).collect()
        };
        assert_eq!(prints(&before), prints(&after), "{name}");
    }
}

/// A dataset that changes leaves the stacks of other datasets as they are.
#[test]
fn a_change_of_one_dataset_renews_its_own_stacks_alone() {
    let sources = sources(&example("lab"));
    let before = stacks(&sources).expect("the example");
    let changed = sources.iter().map(|source| SourceFile {
        path: source.path.clone(),
        text: source.text.replace("id: teama\n", "id: teama\ndescription: another one\n"),
    });
    let changed: Vec<SourceFile> = changed.collect();
    assert_ne!(changed, sources, "the lab has the dataset");
    drop(mesh(&changed));
    let after = stacks(&changed).expect("the changed mesh");
    let renewed = after.iter().filter(|(address, (_, print, _))| before[*address].1 != *print);
    let kinds: BTreeSet<StackKind> = renewed.map(|(_, (kind, ..))| *kind).collect();
    assert!(kinds.contains(&StackKind::Dataset), "{kinds:?}");
    let others = [StackKind::Bootstrap, StackKind::Environment, StackKind::Platform];
    assert!(others.iter().all(|other| !kinds.contains(other)), "{kinds:?}");
}
