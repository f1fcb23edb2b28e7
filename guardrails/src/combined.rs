//! Rules on the combined statements of a role, and on tags that policies of others compare.

use std::collections::BTreeSet;

use lakewright_access::action::{Action, Level};
use lakewright_access::document::{Comparison, Document, Qualifier, Statement};
use lakewright_access::escalation::{CLOUDFORMATION, is_for_cloudformation, is_service};
use lakewright_access::pattern::matches;
use lakewright_access::sample::actions_of;
use lakewright_access::world::{Role, World};
use lakewright_template::partition::service_of;

use super::escalation::has_pattern;
use super::statement::among;
use super::{Breach, Guardrail};

/// Actions that create or change something that runs code with a passed role, by the service that the role is
/// passed to.
const MAKES_CODE: [(&str, &[&str]); 9] = [
    (
        CLOUDFORMATION,
        &[
            "cloudformation:CreateChangeSet",
            "cloudformation:CreateStack",
            "cloudformation:UpdateStack",
        ],
    ),
    ("codebuild.amazonaws.com", &["codebuild:CreateProject", "codebuild:UpdateProject"]),
    ("codepipeline.amazonaws.com", &["codepipeline:CreatePipeline", "codepipeline:UpdatePipeline"]),
    ("ec2.amazonaws.com", &["ec2:RunInstances"]),
    ("ecs-tasks.amazonaws.com", &["ecs:RegisterTaskDefinition"]),
    (
        "glue.amazonaws.com",
        &["glue:CreateDevEndpoint", "glue:CreateJob", "glue:CreateSession", "glue:UpdateJob"],
    ),
    ("lambda.amazonaws.com", &["lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"]),
    (
        "sagemaker.amazonaws.com",
        &[
            "sagemaker:CreateAutoMLJob",
            "sagemaker:CreateAutoMLJobV2",
            "sagemaker:CreateHyperParameterTuningJob",
            "sagemaker:CreateModel",
            "sagemaker:CreateNotebookInstance",
            "sagemaker:CreateProcessingJob",
            "sagemaker:CreateTrainingJob",
            "sagemaker:CreateUserProfile",
        ],
    ),
    ("states.amazonaws.com", &["states:CreateStateMachine", "states:UpdateStateMachine"]),
];

pub(super) fn allowing(role: &Role) -> impl Iterator<Item = (&Document, &Statement)> {
    let documents = role.identity.iter().map(AsRef::as_ref);
    documents
        .flat_map(|document| document.statements.iter().map(move |statement| (document, statement)))
        .filter(|(_, statement)| statement.is_allow)
}

/// Reports roles that can pass another role to a service and create what runs code with it there.
pub(super) fn pass_and_create(world: &World, breaches: &mut Vec<Breach>) {
    for role in world.roles().values().filter(|role| !is_for_cloudformation(role)) {
        let passing = allowing(role).filter(|(_, statement)| {
            !statement.not_resources && !among(statement, &["iam:PassRole"]).is_empty()
        });
        for (document, statement) in passing {
            let is_passed = |other: &&Role| {
                other.arn != role.arn
                    && statement.resources.iter().any(|pattern| matches(pattern, &other.arn))
            };
            for other in world.roles().values().filter(is_passed) {
                for (service, actions) in MAKES_CODE {
                    // A resource listed by its own name exists already, with its creator's code. A deployment
                    // with a role that a condition names is intended.
                    let is_named = |one: &Statement| {
                        service == CLOUDFORMATION
                            && one.conditions.iter().any(|condition| {
                                condition.key == "cloudformation:rolearn"
                                    && condition.limits()
                                    && !condition.if_exists
                            })
                    };
                    let makes: BTreeSet<String> = allowing(role)
                        .filter(|(_, one)| !is_named(one))
                        .flat_map(|(_, one)| {
                            let is_any = has_pattern(one);
                            let all = among(one, actions).into_iter();
                            all.filter(move |action| is_any || !action.contains(":Update"))
                        })
                        .collect();
                    if makes.is_empty() || !trusts(other, service) || !may_go(statement, service) {
                        continue;
                    }
                    let makes = makes.into_iter().collect::<Vec<_>>().join(", ");
                    let message = format!(
                        "{} may pass {} to {service} and has {makes}, so it acts with that role; expected its own role, or no such action",
                        role.arn, other.arn
                    );
                    let (origin, sid) = (&document.origin, &statement.sid);
                    breaches.push(Breach::new(Guardrail::PassAndCreate, origin, sid, message));
                }
            }
        }
    }
}

fn trusts(role: &Role, service: &str) -> bool {
    let statements = role.trust.statements.iter().filter(|statement| statement.is_allow);
    statements
        .flat_map(|statement| &statement.principals)
        .flat_map(|list| &list.entries)
        .any(|entry| is_service(entry, service))
}

/// Whether a statement allows passing a role to this service.
fn may_go(statement: &Statement, service: &str) -> bool {
    let limits = statement.conditions.iter().filter(|condition| {
        condition.key == "iam:passedtoservice"
            && !condition.comparison.is_negated()
            && condition.comparison != Comparison::Null
    });
    let mut limits = limits.peekable();
    limits.peek().is_none()
        || limits.any(|limit| {
            limit.values.iter().any(|value| {
                value.contains("${") || matches(&service_of(&value.to_lowercase()), service)
            })
        })
}

/// Reports roles that can set tags that policies compare, on resources matched by a pattern.
pub(super) fn deciding_tags(world: &World, breaches: &mut Vec<Breach>) {
    let keys = deciding_keys(world);
    if keys.is_empty() {
        return;
    }
    for role in world.roles().values().filter(|role| !is_for_cloudformation(role)) {
        for (document, statement) in allowing(role) {
            // Tags of an object affect only the object.
            let tags = |action: &Action| {
                action.level() == Level::Tag && !action.lower().contains("object")
            };
            let is_limited = statement.conditions.iter().any(|condition| {
                let key = condition.key.as_str();
                let is_of =
                    |kind: &str| key.split_once(kind).is_some_and(|(_, name)| keys.contains(name));
                let holds_always = condition.comparison.is_negated()
                    || condition.comparison == Comparison::Null
                    || condition.if_exists
                    || condition.takes_anything();
                // A condition that the tags are set on creation: the creator may choose them.
                let is_of_new = (key.ends_with("taggingaction") || key.ends_with("createaction"))
                    && !condition.comparison.is_negated()
                    && !condition.if_exists
                    && (condition.comparison != Comparison::Null || condition.values == ["false"]);
                let lists_all =
                    key == "aws:tagkeys" && condition.qualifier == Some(Qualifier::ForAllValues);
                let is_own = is_of("requesttag/") || is_of("resourcetag/");
                is_of_new || !holds_always && (lists_all || is_own)
            });
            if is_limited || !has_pattern(statement) {
                continue;
            }
            let mut tagging = actions_of(statement).into_iter().filter(tags);
            let Some(action) = tagging.find(|action| !denies_keys(role, *action)) else { continue };
            let keys = keys.iter().copied().collect::<Vec<_>>().join(", ");
            let message = format!(
                "{action} sets any tag on a pattern of resources, and policies decide by the tags {keys}; expected a condition on aws:TagKeys or the tag's value"
            );
            let (origin, sid) = (&document.origin, &statement.sid);
            breaches.push(Breach::new(Guardrail::DecidingTag, origin, sid, message));
        }
    }
}

/// The tag keys of principals and resources that conditions of `Allow` statements compare.
fn deciding_keys<'w>(world: &'w World) -> BTreeSet<&'w str> {
    let of_roles = world.roles().values().flat_map(|role| {
        role.identity.iter().map(AsRef::as_ref).chain(std::iter::once(&role.trust))
    });
    let of_resources = world.resources().values().filter_map(|resource| resource.policy.as_ref());
    let statements = of_roles.chain(of_resources).flat_map(|document| &document.statements);
    let conditions =
        statements.filter(|statement| statement.is_allow).flat_map(|one| &one.conditions);
    let tag = |key: &'w str| {
        let (kind, name) = key.split_once("tag/")?;
        ["aws:principal", "aws:resource"].contains(&kind).then_some(name)
    };
    conditions.filter_map(|condition| tag(&condition.key)).collect()
}

/// Whether a deny of the role restricts the tag keys of this action.
fn denies_keys(role: &Role, action: Action) -> bool {
    role.identity.iter().flat_map(|document| &document.statements).any(|statement| {
        let is_about_tags = |key: &str| key == "aws:tagkeys" || key.contains("requesttag/");
        !statement.is_allow
            && statement.is_certain
            && statement.is_of(action)
            && statement.conditions.iter().any(|condition| is_about_tags(&condition.key))
    })
}
