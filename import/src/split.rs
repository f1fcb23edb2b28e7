//! The two templates that a stack of data.all becomes: what holds data, and the rest.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::{
    DeletionPolicy, Intrinsic, LogicalId, ResourceEntry, Template, Value, holds_data,
};

use crate::catalog::GLUE_DATABASE;
use crate::deployed::OldStack;
use crate::literal::{fixed, fixed_map, references};
use crate::policies;

/// What loses data beside the types of `holds_data`: a profile's home folder is in its domain, and only the profile opens it.
const ALSO: &str = "AWS::SageMaker::UserProfile";
/// What belongs to a resource that moves: it refers to it, and means nothing without it.
const COMPANIONS: [&str; 3] =
    ["AWS::EC2::SecurityGroupIngress", "AWS::KMS::Alias", "AWS::S3::BucketPolicy"];
/// Properties with policies: the roles that they name stay where they are.
const POLICIES: [&str; 2] = ["KeyPolicy", "PolicyDocument"];
/// The key below `Metadata` of resources that are retained. CloudFormation changes a deletion policy only together with
/// something else of a resource, of which the metadata are the least.
///
/// Source: "UpdateStack" and "DeletionPolicy attribute" in CloudFormation's API and template references.
const MARK: &str = "lakewright:import";

/// A stack of data.all, cut in two.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Split {
    /// What moves to the stack for data.
    pub(crate) moved: BTreeSet<LogicalId>,
    /// The whole stack, with everything retained that must not be lost, and no reference between the two parts.
    pub(crate) prepared: Template,
    /// The stack without what moved.
    pub(crate) remaining: Template,
    /// The stack for data, as the resources are.
    pub(crate) data: Template,
    /// What is in the way, each in a sentence. Nothing moves then.
    pub(crate) obstacles: Vec<String>,
}

/// The resources that hold data, with what belongs to them and what they cannot do without.
pub(crate) fn moved(stack: &OldStack) -> BTreeSet<LogicalId> {
    let resources = &stack.template.resources;
    let is_data = |entry: &ResourceEntry| holds_data(&entry.kind) || entry.kind == ALSO;
    let mut moved: BTreeSet<LogicalId> =
        resources.iter().filter(|(_, entry)| is_data(entry)).map(|(id, _)| id.clone()).collect();
    loop {
        let mut more = BTreeSet::new();
        for (id, entry) in resources {
            let named: Vec<&LogicalId> = needs(entry)
                .filter_map(|name| Some(resources.get_key_value(&LogicalId::parameter(name))?.0))
                .collect();
            if moved.contains(id) {
                more.extend(named.into_iter().cloned());
            } else if COMPANIONS.contains(&entry.kind.as_ref())
                && named.iter().any(|name| moved.contains(*name))
            {
                more.insert(id.clone());
            }
        }
        let before = moved.len();
        moved.extend(more);
        if moved.len() == before {
            return moved;
        }
    }
}

/// What the properties of a resource refer to, apart from policies.
fn needs(entry: &ResourceEntry) -> impl Iterator<Item = &str> {
    let properties = entry.properties.iter();
    let own = properties.filter(|(name, _)| !POLICIES.contains(&name.as_ref()));
    own.flat_map(|(_, value)| references(value))
}

impl Split {
    /// Cuts a stack.
    pub(crate) fn of(stack: &OldStack) -> Self {
        let moved = moved(stack);
        let mut prepared = stack.template.clone();
        for (id, entry) in &mut prepared.resources {
            *entry = entry_of(stack, &moved, id, entry);
        }
        let crosses = |name: &str| moved.contains(&LogicalId::parameter(name));
        let outside = |name: &str, attribute: Option<&str>| {
            crosses(name).then(|| stack.of_resource(name, attribute))?
        };
        for output in prepared.outputs.values_mut() {
            output.value = fixed(&output.value, &outside);
        }
        let obstacles = obstacles(&prepared, &moved);
        let mut remaining = prepared.clone();
        remaining.resources.retain(|id, _| !moved.contains(id));
        let mut data = Template {
            description: Some(
                format!("What holds data of {}, a stack of data.all", stack.name).into(),
            ),
            ..Template::default()
        };
        data.resources = prepared
            .resources
            .iter()
            .filter(|(id, _)| moved.contains(*id))
            .map(|(id, entry)| (id.clone(), entry.clone()))
            .collect();
        Self { moved, prepared, remaining, data, obstacles }
    }

    /// The stack for data once data.all is gone: keys let the account's own policies decide, and no longer name its roles.
    pub(crate) fn closed(&self, stack: &OldStack, gone: &BTreeSet<String>) -> Template {
        let mut data = self.data.clone();
        for entry in data.resources.values_mut().filter(|entry| entry.kind == "AWS::KMS::Key") {
            if let Some(policy) = entry.properties.get("KeyPolicy") {
                let closed = policies::closed(&stack.fixed(policy), &stack.place, gone);
                entry.properties.insert("KeyPolicy", closed);
            }
        }
        data
    }
}

fn entry_of(
    stack: &OldStack,
    moved: &BTreeSet<LogicalId>,
    id: &LogicalId,
    entry: &ResourceEntry,
) -> ResourceEntry {
    let is_moved = moved.contains(id);
    let known = |name: &str, attribute: Option<&str>| {
        if stack.template.parameters.contains_key(name) || name == "AWS::StackName" {
            // The stack for data has no parameters.
            return is_moved.then(|| stack.known(name, attribute))?;
        }
        let crosses = is_moved != moved.contains(&LogicalId::parameter(name));
        crosses.then(|| stack.of_resource(name, attribute))?
    };
    let mut entry = entry.clone();
    entry.properties = fixed_map(&entry.properties, &known);
    entry.depends_on.retain(|other| is_moved == moved.contains(other));
    let guards = entry.kind == GLUE_DATABASE || entry.kind == "AWS::SQS::QueuePolicy";
    if is_moved || guards {
        entry.deletion_policy = Some(DeletionPolicy::Retain);
        entry.update_replace_policy = Some(DeletionPolicy::Retain);
        entry.metadata.insert(MARK, "retained");
    }
    entry
}

/// References between the two parts that could not be replaced, and what the stack for data cannot have.
fn obstacles(prepared: &Template, moved: &BTreeSet<LogicalId>) -> Vec<String> {
    let mut found = BTreeMap::new();
    let resources = &prepared.resources;
    for (id, entry) in resources {
        let is_moved = moved.contains(id);
        for (_, value) in entry.properties.iter() {
            for name in references(value) {
                let other = LogicalId::parameter(name);
                let crosses = resources.contains_key(&other) && is_moved != moved.contains(&other);
                let is_parameter = is_moved && prepared.parameters.contains_key(name);
                if crosses || is_parameter {
                    let sentence = format!(
                        "`{id}` refers to `{name}`, whose value is in none of the files: save the answer of `aws cloudformation \
                         describe-stack-resources` beside the template."
                    );
                    found.insert((id.to_string(), name.to_owned()), sentence);
                }
            }
            if is_moved && has_condition(value) {
                found.insert(
                    (id.to_string(), String::new()),
                    format!("`{id}` depends on a condition or a mapping of the stack."),
                );
            }
        }
    }
    for (name, output) in &prepared.outputs {
        for id in references(&output.value) {
            if moved.contains(&LogicalId::parameter(id)) {
                let sentence = format!(
                    "The output `{name}` refers to `{id}`, whose value is in none of the files."
                );
                found.insert((id.to_owned(), name.to_string()), sentence);
            }
        }
    }
    found.into_values().collect()
}

fn has_condition(value: &Value) -> bool {
    let mut has = false;
    value.walk(&mut |one| {
        has |= matches!(
            one.as_intrinsic(),
            Some(Intrinsic::If { .. } | Intrinsic::FindInMap { .. } | Intrinsic::Condition(_))
        );
    });
    has
}
