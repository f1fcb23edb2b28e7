//! The migration: what moves and how, in steps with their files and commands.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_diff::moves::{self, Refactoring};
use lakewright_diff::{Stack, change};
use lakewright_manifest::Mesh;
use lakewright_stacks::Plan;
use lakewright_template::Map;
use serde_json::Value as Json;

use crate::deployed::{Deployed, OldKind, OldStack};
use crate::fates::NewStacks;
use crate::mesh::Described;
use crate::split::Split;
use crate::{Gap, fates, page, steps};

pub use crate::fates::{Becomes, Fate};

/// How resources move to a stack for data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveBy {
    /// By stack refactoring where CloudFormation can, else by import.
    Refactoring,
    /// By import, for regions and tools without stack refactoring.
    Import,
}

/// Where the files are, for commands that name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The folder of the mesh.
    pub mesh: String,
    /// The folder of data.all's templates.
    pub templates: String,
}

/// A migration.
#[derive(Debug, Clone, PartialEq)]
pub struct Migration {
    /// The steps, in their order.
    pub steps: Vec<Step>,
    /// Where each resource goes.
    pub fates: Vec<Fate>,
    /// What is not known, in mesh and migration.
    pub gaps: Vec<Gap>,
    /// Templates and requests, by path below the migration's folder.
    pub files: BTreeMap<String, String>,
}

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its name: unique, and the same for the same stacks.
    pub id: String,
    /// What it does.
    pub title: String,
    /// Why, and what to look at.
    pub about: String,
    /// The address of the stack that it changes.
    pub stack: Option<String>,
    /// Requests to AWS, in their order.
    pub calls: Vec<Call>,
    /// Commands that are no request with a file, before the requests.
    pub commands: Vec<String>,
}

/// A request to AWS.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The service, as the AWS CLI names it.
    pub service: &'static str,
    /// The operation, as the AWS CLI names it.
    pub operation: &'static str,
    /// The region.
    pub region: String,
    /// The file with the request.
    pub file: String,
    /// The waiter that says when it is done, with its arguments.
    pub wait: Option<(&'static str, Vec<(&'static str, String)>)>,
}

/// A stack that is cut, with the way its data moves.
pub(crate) struct Part<'d> {
    pub(crate) stack: &'d OldStack,
    pub(crate) split: Split,
    /// The name of the stack for data.
    pub(crate) to: String,
    pub(crate) route: Route,
}

/// The way that resources move.
pub(crate) enum Route {
    /// The request `create-stack-refactor`.
    Refactoring(Json),
    /// The resources with their identifiers, and why it is no refactoring.
    Import(Vec<Json>, Vec<String>),
}

/// Plans the migration to a mesh that was written from the same stacks.
pub fn plan(
    deployed: &Deployed,
    described: &Described,
    mesh: &Mesh,
    by: MoveBy,
    paths: &Paths,
) -> Migration {
    let mut gaps = described.gaps.clone();
    let parts = parts(deployed, described, by, &mut gaps);
    let plan = Plan::of(mesh, None);
    let new = NewStacks::of(&plan);
    let moved: BTreeMap<_, _> = parts
        .iter()
        .map(|part| {
            let to = format!("{}/{}", part.stack.place, part.to);
            (part.stack.address(), (to, part.split.moved.clone()))
        })
        .collect();
    let gone = gone(&parts, deployed);
    let kept = kept_environments(deployed, &parts, &mut gaps);
    let fates = fates::of(deployed, described, &new, &moved, &kept);
    let mut made = steps::Steps::of(&parts, &gone, &kept, paths);
    if kept.is_empty() {
        let nested = |pivot: &OldStack| {
            deployed.of_kind(OldKind::Environment).any(|one| pivot.name.starts_with(&one.name))
        };
        made.delete_pivot_roles(
            deployed.of_kind(OldKind::PivotRole).filter(|pivot| !nested(pivot)),
        );
    }
    gaps.sort();
    gaps.dedup();
    let mut migration = Migration { steps: made.list, fates, gaps, files: made.files };
    let (markdown, json) = (page::markdown(&migration), page::json(&migration));
    migration.files.insert("plan.md".to_owned(), markdown);
    migration.files.insert("plan.json".to_owned(), format!("{json:#}\n"));
    migration
}

fn parts<'d>(
    deployed: &'d Deployed,
    described: &Described,
    by: MoveBy,
    gaps: &mut Vec<Gap>,
) -> Vec<Part<'d>> {
    let mut parts = Vec::new();
    for stack in &deployed.stacks {
        if !described.documents.contains_key(&stack.address()) {
            continue;
        }
        let split = Split::of(stack);
        let to = format!("{}-data", stack.name);
        let mut in_the_way = split.obstacles.clone();
        let route = route(stack, &split, &to, by).unwrap_or_else(|reasons| {
            in_the_way.extend(reasons);
            Route::Import(Vec::new(), Vec::new())
        });
        if in_the_way.is_empty() {
            parts.push(Part { stack, split, to, route });
        } else {
            in_the_way.dedup();
            gaps.push(Gap::new(
                stack.address(),
                format!("the plan leaves the stack as it is: {}", in_the_way.join(" ")),
                "run the import again with the missing answers beside the templates",
            ));
        }
    }
    parts
}

/// The way that the data of a stack moves; what is in the way of all of them, if something is.
fn route(stack: &OldStack, split: &Split, to: &str, by: MoveBy) -> Result<Route, Vec<String>> {
    let why = match by {
        MoveBy::Import => vec!["Import was asked for.".to_owned()],
        MoveBy::Refactoring => match refactoring(stack, split, to) {
            Ok(request) => return Ok(Route::Refactoring(request)),
            Err(obstacles) => obstacles,
        },
    };
    let mut resources = Vec::new();
    let mut missing = Vec::new();
    for (id, entry) in &split.data.resources {
        match crate::steps::identifier(stack, id.as_str(), entry) {
            Ok(identifier) => resources.push(serde_json::json!({
                "ResourceType": entry.kind.as_ref(),
                "LogicalResourceId": id.as_str(),
                "ResourceIdentifier": identifier,
            })),
            Err(sentence) => missing.push(sentence),
        }
    }
    if missing.is_empty() { Ok(Route::Import(resources, why)) } else { Err(missing) }
}

/// The refactoring that moves the data of a stack, or why there is none.
fn refactoring(stack: &OldStack, split: &Split, to: &str) -> Result<Json, Vec<String>> {
    let (from, to) = (stack.address(), format!("{}/{to}", stack.place));
    let lines = BTreeMap::new();
    let of =
        |address| Stack { address, place: &stack.place, template: &split.prepared, lines: &lines };
    let before = [of(from.as_str())];
    let rest = Stack { template: &split.remaining, ..of(from.as_str()) };
    let after = [rest, Stack { template: &split.data, ..of(to.as_str()) }];
    let mut changes = change::stacks(&before, &after);
    let found = moves::find(&before, &after, &mut changes);
    let mut obstacles: Vec<String> = found.notes;
    for one in &found.moves {
        obstacles.extend(one.obstacles.iter().map(|text| format!("`{}`: {text}", one.from.1)));
    }
    let all: Vec<Refactoring> = moves::refactorings(&found.moves, &before);
    match all.as_slice() {
        [one] if obstacles.is_empty() && one.mappings.len() == split.moved.len() => {
            Ok(json(&one.request(&after)))
        }
        _ => {
            if obstacles.is_empty() {
                obstacles.push("One refactoring cannot move all of its data.".to_owned());
            }
            obstacles.sort();
            obstacles.dedup();
            Err(obstacles)
        }
    }
}

fn json(map: &Map) -> Json {
    let text = lakewright_template::write::value_to_compact_json(&map.clone().into());
    serde_json::from_str(&text).expect("what is written can be read")
}

/// The ARNs of the roles that are deleted with data.all's stacks.
fn gone(parts: &[Part<'_>], deployed: &Deployed) -> BTreeSet<String> {
    let mut gone = BTreeSet::new();
    for stack in &deployed.stacks {
        let part = parts.iter().find(|part| part.stack.address() == stack.address());
        if part.is_none() && stack.kind != OldKind::PivotRole {
            continue;
        }
        for (id, _) in stack.of_type("AWS::IAM::Role") {
            if part.is_none_or(|part| !part.split.moved.contains(id)) {
                gone.extend(stack.of_resource(id.as_str(), Some("Arn")));
            }
        }
    }
    gone
}

/// The environments whose stacks must not be deleted, because something else still needs them.
fn kept_environments(
    deployed: &Deployed,
    parts: &[Part<'_>],
    gaps: &mut Vec<Gap>,
) -> BTreeSet<String> {
    let moves = |stack: &OldStack| parts.iter().any(|part| part.stack.address() == stack.address());
    let mut kept = BTreeSet::new();
    for environment in deployed.of_kind(OldKind::Environment) {
        let mut reasons = Vec::new();
        for stack in deployed.stacks.iter().filter(|stack| stack.kind != OldKind::Environment) {
            let is_own =
                stack.tagged_uri("Environment").is_some_and(|(_, uri)| uri == environment.uri);
            if is_own && !moves(stack) {
                reasons.push(format!("{} stays and uses its roles", stack.name));
            }
        }
        let part = parts.iter().find(|part| part.stack.address() == environment.address());
        let has_vpc = part.is_some_and(|part| {
            part.split.data.resources.values().any(|entry| entry.kind == "AWS::EC2::VPC")
        });
        if has_vpc {
            reasons.push(
                "its ML Studio domain is in the VPC that it made, with gateways and routes"
                    .to_owned(),
            );
        }
        if !reasons.is_empty() {
            kept.insert(environment.address());
            gaps.push(Gap::new(
                environment.address(),
                format!("the plan does not delete the environment's stack: {}", reasons.join("; ")),
                "delete it when nothing needs it any more",
            ));
        }
    }
    kept
}
