//! How moves are done: by a refactoring, or by deployments and an import.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::write::{minified, template_to_json};
use lakewright_template::{DeletionPolicy, Map, StackAddress, Value, holds_data};

use super::Sides;
use super::obstacles::groups;
use super::pairs::listed;
use super::support::{can_be_imported, identifier};
use crate::Stack;
use crate::review::Move;

/// What no template shows about a refactoring.
///
/// Source: "Stack refactoring considerations" in "Stack refactoring", CloudFormation user guide.
pub const STACK_POLICY: &str = "CloudFormation refuses to refactor a stack that has a stack policy, whatever the policy \
     allows: `aws cloudformation get-stack-policy` shows the policy.";

/// A refactoring: moves that are done together, in one account and region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refactoring {
    /// The addresses of the stacks, sorted.
    pub stacks: Vec<String>,
    /// Whether one of them does not exist yet.
    pub creates_stacks: bool,
    /// The stack and the logical id of each resource, before and after; sorted.
    pub mappings: Vec<((String, String), (String, String))>,
}

/// The refactorings that do the moves without obstacles.
pub fn refactorings(moves: &[Move], before: &[Stack<'_>]) -> Vec<Refactoring> {
    let known: BTreeSet<&str> = before.iter().map(|stack| stack.address).collect();
    let free: Vec<usize> = moves
        .iter()
        .enumerate()
        .filter(|(_, one)| one.obstacles.is_empty())
        .map(|(place, _)| place)
        .collect();
    let refactoring = |(stacks, members): (BTreeSet<&str>, Vec<usize>)| Refactoring {
        creates_stacks: stacks.iter().any(|stack| !known.contains(stack)),
        stacks: stacks.into_iter().map(str::to_owned).collect(),
        mappings: members
            .into_iter()
            .filter_map(|place| moves.get(place))
            .map(|one| (one.from.clone(), one.to.clone()))
            .collect(),
    };
    groups(moves, &free).into_iter().map(refactoring).collect()
}

impl Refactoring {
    /// The request `create-stack-refactor`, as `--cli-input-json` takes it. The stacks are those after the change. A template
    /// of more than 51,200 bytes has to be uploaded, and `TemplateURL` to replace its `TemplateBody`.
    ///
    /// Source: `CreateStackRefactor`, `ResourceMapping` and `StackDefinition` in the CloudFormation API reference.
    pub fn request(&self, after: &[Stack<'_>]) -> Map {
        let templates: BTreeMap<&str, &Stack<'_>> =
            after.iter().map(|stack| (stack.address, stack)).collect();
        let definitions = self.stacks.iter().filter_map(|address| {
            let stack = templates.get(address.as_str())?;
            let body = minified(&template_to_json(stack.template));
            Some(Map::new().with("StackName", name(address)).with("TemplateBody", body))
        });
        let definitions: Vec<Map> = definitions.collect();
        let location = |(stack, id): &(String, String)| {
            Map::new().with("LogicalResourceId", id.clone()).with("StackName", name(stack))
        };
        let mappings = self.mappings.iter().map(|(from, to)| {
            Map::new().with("Source", location(from)).with("Destination", location(to))
        });
        let mappings: Vec<Map> = mappings.collect();
        Map::new()
            .with("EnableStackCreation", self.creates_stacks)
            .with("ResourceMappings", Value::from(mappings))
            .with("StackDefinitions", Value::from(definitions))
    }
}

/// The name of a stack.
fn name(address: &str) -> String {
    StackAddress::parse(address).map_or_else(|_| address.to_owned(), |address| address.name)
}

/// The deployments that do the moves with obstacles, each in a sentence, in their order.
///
/// Sources: "Moving resources between stacks", "Import AWS resources into a CloudFormation stack" and "Resource type support" in
/// the CloudFormation user guide. That an import changes no outputs: awslabs/aws-security-assessment-solution, issue 6.
pub fn detour(moves: &[Move], before: &[Stack<'_>], after: &[Stack<'_>]) -> Vec<String> {
    let sides = Sides::of(before, after);
    let mut found = Vec::new();
    let mut by_stacks: BTreeMap<(&str, &str), Vec<&Move>> = BTreeMap::new();
    for one in moves.iter().filter(|one| !one.obstacles.is_empty()) {
        by_stacks.entry((one.from.0.as_str(), one.to.0.as_str())).or_default().push(one);
    }
    for ((from, to), moves) in by_stacks {
        let (near, far): (Vec<&Move>, Vec<&Move>) =
            moves.into_iter().partition(|one| sides.is_within_a_place(one));
        if !far.is_empty() {
            found.push(format!(
                "CloudFormation cannot move {} from {from} to {to}: deploy {to}, copy the data there, and remove {from} afterwards.",
                listed_ids(&far)
            ));
        }
        found.extend(unimportable(&near, from, to));
        let importable: Vec<&Move> = near
            .into_iter()
            .filter(|one| can_be_imported(&one.resource_type) != Some(false))
            .collect();
        if !importable.is_empty() {
            found.extend(by_import(&importable, &sides, from, to));
        }
    }
    found
}

/// The deployments that move resources by an import.
fn by_import(moves: &[&Move], sides: &Sides<'_>, from: &str, to: &str) -> Vec<String> {
    let mut found = Vec::new();
    let unknown: BTreeSet<&str> = moves
        .iter()
        .map(|one| one.resource_type.as_str())
        .filter(|kind| can_be_imported(kind).is_none())
        .collect();
    if !unknown.is_empty() {
        let kinds: Vec<String> = unknown.into_iter().map(str::to_owned).collect();
        found.push(format!(
            "Whether {} can be imported is unknown here: look it up under \"Resource type support\" in the CloudFormation user guide \
             before anything is removed.",
            listed(&kinds)
        ));
    }
    let is_kept = |one: &&Move| {
        let entry = sides.entry_before((one.from.0.as_str(), one.from.1.as_str()));
        matches!(
            entry.and_then(|entry| entry.deletion_policy),
            Some(DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate)
        )
    };
    let lost: Vec<&Move> = moves.iter().copied().filter(|one| !is_kept(one)).collect();
    if !lost.is_empty() {
        found.push(format!(
            "Before all else, set `DeletionPolicy: Retain` on {} in {from} and deploy it: the policy counts only once it is \
             deployed.",
            listed_ids(&lost)
        ));
    }
    let ids = listed_ids(moves);
    found.push(if sides.after.contains_key(from) {
        format!("First deploy {from} without {ids}: the resources stay, and no stack has them.")
    } else {
        format!("First delete the stack {from}: {ids} stay, and no stack has them.")
    });
    let named = moves.iter().map(|one| {
        let properties: Vec<String> =
            identifier(&one.resource_type).into_iter().map(|name| format!("`{name}`")).collect();
        if properties.is_empty() {
            format!("`{}`", one.to.1)
        } else {
            format!("`{}` by {}", one.to.1, properties.join(" and "))
        }
    });
    let named: Vec<String> = named.collect();
    found.push(format!(
        "Then import them into {to} with a change set of the type `IMPORT`: {}. Each needs a `DeletionPolicy` there, and the change \
         set changes nothing else, outputs included; what else {to} changes is deployed afterwards.",
        named.join(", ")
    ));
    found
}

/// What becomes of the resources that cannot be imported.
fn unimportable(moves: &[&Move], from: &str, to: &str) -> Vec<String> {
    let stuck = moves.iter().filter(|one| can_be_imported(&one.resource_type) == Some(false));
    let sentence = stuck.map(|one| {
        let (id, kind) = (&one.from.1, &one.resource_type);
        if holds_data(kind) {
            format!(
                "`{id}` of {from} cannot be imported, because {kind} has no handler that reads it: save its data before {to} gets \
                 another one."
            )
        } else {
            format!(
                "`{id}` of {from} cannot be imported, because {kind} has no handler that reads it. It holds no data, so a deployment \
                 creates another one in {to} and deletes this one."
            )
        }
    });
    sentence.collect()
}

/// All logical ids, because each of them has to be dealt with.
fn listed_ids(moves: &[&Move]) -> String {
    let ids: Vec<String> = moves.iter().map(|one| format!("`{}`", one.from.1)).collect();
    ids.join(", ")
}
