//! The whole review of a change.

use lakewright_template::{Intrinsic, Map, Template, Value};

use crate::Stack;
use crate::access::{AccessChange, Side, compare, refuse};
use crate::change::{self, ChangeKind, ResourceChange, StackChange};
use crate::classes;
use crate::decisions::DecisionChange;
use crate::disagreement::Disagreement;
use crate::moves::{self, Moves};
use crate::update::{exports_changed, judge, limits, unknown_interruptions};

/// The number of stacks that change alike from which one of them stands for all.
const ALIKE: usize = 3;

/// What a change does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Review {
    /// The stacks that differ, sorted.
    pub stacks: Vec<StackChange>,
    /// The groups of at least three stacks that change alike, the smallest group first.
    pub alike: Vec<Alike>,
    /// The number of stacks that are equal on both sides.
    pub equal: usize,
    /// The principals whose access differs, broadened access first.
    pub access: Vec<AccessChange>,
    /// The decisions of access governance that differ, gained ones first. `None` unless somebody has decided them: no template
    /// tells them.
    pub decisions: Option<Vec<DecisionChange>>,
    /// Resources that move between stacks.
    pub moves: Vec<Move>,
    /// The stack refactorings that do the moves without obstacles.
    pub refactorings: Vec<StackRefactoring>,
    /// The deployments that do the moves with obstacles, each in a sentence, in their order.
    pub detours: Vec<String>,
    /// Where CloudFormation's own change sets say something else. Empty unless they were asked for.
    pub disagreements: Vec<Disagreement>,
    /// What was left out or could not be compared, each in a sentence.
    pub notes: Vec<String>,
}

/// Stacks that change alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// The address of the stack that stands for all of them.
    pub representative: String,
    /// The addresses of all of them, sorted.
    pub members: Vec<String>,
}

/// A refactoring that CloudFormation can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackRefactoring {
    /// The addresses of the stacks, sorted.
    pub stacks: Vec<String>,
    /// The request `create-stack-refactor`, as `--cli-input-json` takes it.
    pub request: Map,
}

/// A resource that moves to another stack or to another logical id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The resource type.
    pub resource_type: String,
    /// The stack and the logical id before the change.
    pub from: (String, String),
    /// The stack and the logical id after the change.
    pub to: (String, String),
    /// Why CloudFormation's stack refactoring cannot do it; empty if it can.
    pub obstacles: Vec<String>,
}

/// Reviews a change: the stacks that may differ, sorted by address, and the access of both sides. The number of equal
/// stacks is left to the caller, who knows all of them.
pub fn of(before: &[Stack<'_>], after: &[Stack<'_>], sides: [&Side<'_>; 2]) -> Review {
    let mut stacks = judged(before, after);
    let Moves { moves, renamed_stacks: _, notes: of_moves } =
        moves::find(before, after, &mut stacks);
    let refactorings = moves::refactorings(&moves, before).into_iter();
    let refactorings = refactorings
        .map(|one| StackRefactoring { request: one.request(after), stacks: one.stacks })
        .collect();
    let detours = moves::detour(&moves, before, after);
    refuse(&mut stacks, sides[1].stated);
    let (access, mut notes) = compare(sides[0], sides[1], &stacks);
    notes.extend(of_moves);
    notes.extend(stacks.iter().flat_map(|stack| refused_exports(stack, before, after)));
    for stack in &stacks {
        let [old, new] = [before, after].map(|side| of_address(side, &stack.stack));
        notes.extend(new_limits(&stack.stack, old, new));
    }
    notes.extend(unknown_interruptions(&stacks));
    let alike = alike(&stacks);
    Review {
        stacks,
        alike,
        equal: 0,
        access,
        decisions: None,
        moves,
        refactorings,
        detours,
        disagreements: Vec::new(),
        notes,
    }
}

/// The stacks that differ, with what CloudFormation does with their resources.
pub(crate) fn judged(before: &[Stack<'_>], after: &[Stack<'_>]) -> Vec<StackChange> {
    let mut stacks = change::stacks(before, after);
    for stack in &mut stacks {
        let [old, new] = [before, after].map(|side| of_address(side, &stack.stack));
        judge(stack, old, new);
        for resource in &mut stack.resources {
            add_lines(resource, old, new);
        }
    }
    stacks
}

/// The limits that a stack comes near only after the change, each in a sentence.
pub(crate) fn new_limits(
    address: &str,
    before: Option<Stack<'_>>,
    after: Option<Stack<'_>>,
) -> Vec<String> {
    let of =
        |stack: Option<Stack<'_>>| stack.map(|stack| limits(stack.template)).unwrap_or_default();
    let known = of(before);
    let near = of(after).into_iter().filter(|sentence| !known.contains(sentence));
    near.map(|sentence| format!("{address}: {sentence}")).collect()
}

/// The groups of stacks that are shown as one stack.
pub(crate) fn alike(stacks: &[StackChange]) -> Vec<Alike> {
    let groups = classes::of(stacks).into_iter().filter(|class| class.members.len() >= ALIKE);
    let groups = groups.filter_map(|class| {
        let members: Vec<String> = class.members.into_iter().map(|one| one.stack).collect();
        Some(Alike { representative: members.first()?.clone(), members })
    });
    groups.collect()
}

/// The exports of a stack that the change modifies or removes although another stack imports them.
fn refused_exports(change: &StackChange, before: &[Stack<'_>], after: &[Stack<'_>]) -> Vec<String> {
    let [Some(old), new] = [before, after].map(|side| of_address(side, &change.stack)) else {
        return Vec::new();
    };
    let changed = exports_changed(change, Some(old.template), new.map(|one| one.template));
    let mut found = Vec::new();
    for name in changed {
        let output = old.template.outputs.get(name.as_str());
        let Some(export) = output.and_then(|output| output.export.as_ref()) else { continue };
        for importer in after.iter().filter(|one| one.place == old.place) {
            if imports(importer.template, export) {
                found.push(format!(
                    "{}: the export of output {name} changes, and {} imports it. CloudFormation refuses the update while the \
                     export is imported.",
                    change.stack, importer.address
                ));
            }
        }
    }
    found
}

fn imports(template: &Template, export: &Value) -> bool {
    let mut is_there = false;
    let resources = template.resources.values().flat_map(|one| one.properties.iter());
    let values = resources.map(|(_, value)| value);
    for value in values.chain(template.outputs.values().map(|output| &output.value)) {
        value.walk(&mut |value| {
            let call = value.as_intrinsic();
            is_there |= matches!(call, Some(Intrinsic::ImportValue(name)) if name == export);
        });
    }
    is_there
}

fn of_address<'t>(side: &[Stack<'t>], address: &str) -> Option<Stack<'t>> {
    let place = side.binary_search_by(|stack| stack.address.cmp(address)).ok()?;
    side.get(place).copied()
}

/// Adds the manifest lines of a resource that changes only because of another one.
fn add_lines(resource: &mut ResourceChange, before: Option<Stack<'_>>, after: Option<Stack<'_>>) {
    let lines = |stack: Option<Stack<'_>>| {
        let lines = stack.map(|stack| stack.lines)?;
        lines.get(resource.logical_id.as_str()).or_else(|| lines.get("*")).cloned()
    };
    if resource.kind != ChangeKind::Changed {
        return;
    }
    let (of_before, of_after) = (lines(before), lines(after));
    if resource.lines_before.is_empty() {
        resource.lines_before = of_before.unwrap_or_default();
    }
    if resource.lines_after.is_empty() {
        resource.lines_after = of_after.unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lakewright_access::world::World;
    use lakewright_template::{Place, read};

    use crate::update::{DataEffect, Fate, Outcome};

    use super::*;

    /// A stack with a new resource of a type.
    fn added(stack: &str, resource_type: &'static str) -> StackChange {
        StackChange {
            stack: stack.to_owned(),
            kind: ChangeKind::Changed,
            resources: vec![ResourceChange {
                logical_id: lakewright_template::LogicalId::parameter("New"),
                resource_type: resource_type.into(),
                kind: ChangeKind::Added,
                properties: Vec::new(),
                attributes: Vec::new(),
                outcome: Outcome {
                    fate: Fate::Created,
                    data: DataEffect::None,
                    reasons: Vec::new(),
                },
                lines_before: Vec::new(),
                lines_after: Vec::new(),
            }],
            others: Vec::new(),
        }
    }

    #[test]
    fn from_three_stacks_on_one_stands_for_all() {
        let address = |name: &str| format!("111122223333/us-east-1/{name}");
        let mut stacks = vec![
            added(&address("one"), "AWS::SNS::Topic"),
            added(&address("three"), "AWS::SNS::Topic"),
            added(&address("two"), "AWS::SNS::Topic"),
            added(&address("zother"), "AWS::SQS::Queue"),
        ];
        let members = ["one", "three", "two"].map(address).to_vec();
        let one = Alike { representative: address("one"), members };
        assert_eq!(alike(&stacks), [one]);
        stacks.remove(1);
        assert!(alike(&stacks).is_empty());
    }

    /// Source: "Fn::ImportValue" in the CloudFormation template reference: after another stack imports an output value, the
    /// exported output value cannot be modified.
    #[test]
    fn an_export_that_another_stack_imports_cannot_change() {
        let exporter = |name: &str| {
            let text = format!(
                "Resources: {{T: {{Type: AWS::SNS::Topic}}}}\nOutputs: {{O: {{Value: {name}, Export: {{Name: topic}}}}}}\n"
            );
            read::template(&text).expect("a template")
        };
        let importer = |export: &str| {
            let text = format!(
                "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: !ImportValue {export}\n"
            );
            read::template(&text).expect("a template")
        };
        let (place, lines) =
            (Place::parse("111122223333", "eu-west-1").expect("a place"), BTreeMap::new());
        let (old, new) = (exporter("a"), exporter("b"));
        let notes = |importer: &Template| {
            let stack =
                |address, template| Stack { address, place: &place, template, lines: &lines };
            let before = [stack("a", &old), stack("b", importer)];
            let after = [stack("a", &new), stack("b", importer)];
            let (world, lines) = (World::default(), BTreeMap::new());
            let side = Side { world: &world, stated: &world, lines: &lines };
            of(&before, &after, [&side, &side]).notes
        };
        let found = notes(&importer("topic"));
        assert!(found.len() == 1 && found[0].contains("b imports it"), "{found:?}");
        assert!(notes(&importer("another")).is_empty());
    }
}
