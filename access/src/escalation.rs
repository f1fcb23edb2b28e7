//! Privilege escalation: chains of actions by which one principal gains the rights of another.
//!
//! A principal gains a role's rights if it can assume the role, change its policies or trust policy, pass it to a
//! service, change a stack that is deployed with it, or change or choose the code that runs with it, also in a
//! repository or a bucket. An action that may be possible counts as possible.

mod stored;

use std::collections::{BTreeMap, BTreeSet};

use lakewright_policies::actions::{ON_POLICY, ON_ROLE, ON_STACK};
use lakewright_template::arn::{ArnParts, ArnPattern};
use lakewright_template::partition::service_of;

use crate::action::Action;
use crate::document::{Document, PrincipalEntry, Statement};
use crate::evaluate::Decision;
use crate::request::{Context, Principal, Request};
use crate::world::{Outside, Resource, Role, World, bucket_of};
use crate::{pattern, sample};
use stored::{Shelves, Stored, deployed_from, opened, ways_to};

/// Actions on a resource that grant the rights of the role it runs code with: they change its code, choose its
/// arguments, or open a session in it.
const ON_CODE: [(&str, &[&str]); 6] = [
    (
        "AWS::CodeBuild::Project",
        &[
            "codebuild:StartBuild",
            "codebuild:StartBuildBatch",
            "codebuild:StartSandbox",
            "codebuild:UpdateProject",
        ],
    ),
    ("AWS::Glue::Job", &["glue:StartJobRun", "glue:UpdateJob"]),
    ("AWS::Lambda::Function", &["lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"]),
    ("AWS::SageMaker::NotebookInstance", &["sagemaker:CreatePresignedNotebookInstanceUrl"]),
    ("AWS::SageMaker::UserProfile", &["sagemaker:CreatePresignedDomainUrl"]),
    ("AWS::StepFunctions::StateMachine", &["states:UpdateStateMachine"]),
];

/// Actions on a repository that change its code.
const ON_REPOSITORY: [&str; 11] = [
    "codecommit:CreateCommit",
    "codecommit:DeleteFile",
    "codecommit:GitPush",
    "codecommit:MergeBranchesByFastForward",
    "codecommit:MergeBranchesBySquash",
    "codecommit:MergeBranchesByThreeWay",
    "codecommit:MergePullRequestByFastForward",
    "codecommit:MergePullRequestBySquash",
    "codecommit:MergePullRequestByThreeWay",
    "codecommit:PutFile",
    "codecommit:UpdateDefaultBranch",
];

/// The action on an object that changes code in a bucket.
const ON_OBJECT: &str = "s3:PutObject";

/// The action on a bucket that lets a principal allow itself to change code in it.
const ON_BUCKET: &str = "s3:PutBucketPolicy";

/// The subset of the actions above that replace a resource's code.
const CHANGES_CODE: [&str; 5] = [
    "codebuild:UpdateProject",
    "glue:UpdateJob",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "states:UpdateStateMachine",
];

/// Actions on a trigger. A trigger can start every job of its account, with the job's role and with arguments of the
/// trigger's own.
const ON_TRIGGER: [&str; 2] = ["glue:CreateTrigger", "glue:UpdateTrigger"];

/// One step of an escalation chain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// The ARN of the role whose rights are gained.
    pub role: String,
    /// The action that grants them.
    pub action: Action,
    /// The resource of the action.
    pub resource: String,
}

impl Step {
    /// Whether this step changes code in a repository or a bucket.
    fn is_of_stored_code(&self) -> bool {
        let action = self.action.lower();
        [ON_BUCKET, ON_OBJECT]
            .iter()
            .chain(&ON_REPOSITORY)
            .any(|name| name.eq_ignore_ascii_case(action))
    }
}

/// The roles of a world, indexed for the search for chains.
#[derive(Debug)]
pub struct Escalation<'w> {
    world: &'w World,
    by_account: BTreeMap<&'w str, Vec<&'w Role>>,
    /// The stacks of each account, as ARNs.
    stacks: BTreeMap<&'w str, BTreeSet<String>>,
    /// The roles whose trust policy names a role of the same account, by that role's ARN.
    trusting: BTreeMap<&'w str, Vec<&'w Role>>,
    /// The resources that run code with a role of the same account, by account.
    running: BTreeMap<&'w str, Vec<(&'w Resource, &'w Role)>>,
    /// Code in repositories and buckets.
    stored: Vec<Stored<'w>>,
    /// Indexes into `stored` by the location of the code.
    shelves: Shelves,
    /// Indexes into `stored` of code that bucket policies allow to change, by the principal that they name: a role, an
    /// account, or `*` for everybody.
    opened: BTreeMap<&'w str, Vec<usize>>,
}

impl<'w> Escalation<'w> {
    /// Indexes the roles of a world.
    pub fn of(world: &'w World) -> Self {
        let mut by_account: BTreeMap<&str, Vec<&Role>> = BTreeMap::new();
        let mut trusting: BTreeMap<&str, Vec<&Role>> = BTreeMap::new();
        let mut stacks: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for role in world.roles.values() {
            by_account.entry(&role.account).or_default().push(role);
            for statement in role.trust.statements.iter().filter(|statement| statement.is_allow) {
                for entry in statement.principals.iter().flat_map(|list| &list.entries) {
                    if let PrincipalEntry::Arn(arn) = entry {
                        trusting.entry(arn).or_default().push(role);
                    }
                }
            }
            let mut parts = role.trust.origin.stack.splitn(3, '/');
            if let (Some(account), Some(region), Some(name)) =
                (parts.next(), parts.next(), parts.next())
            {
                let partition = ArnPattern::of(&role.arn).partition.unwrap_or("aws");
                let (service, resource) = ("cloudformation", "stack/");
                let stem = ArnParts { partition, service, region, account, resource };
                let arn = String::from(stem) + name + "/any";
                stacks.entry(&role.account).or_default().insert(arn);
            }
        }
        let mut running: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        let mut running_it: BTreeMap<(String, &str), BTreeSet<&str>> = BTreeMap::new();
        let role_of = |resource: &'w Resource| {
            resource.code.role.as_ref().and_then(|arn| world.roles.get(arn))
        };
        for resource in world.resources.values() {
            let own = role_of(resource);
            if let Some(role) = own {
                running.entry(&resource.account).or_default().push((resource, role));
            }
            let builds = resource.code.builds.iter().filter_map(|arn| world.resources.get(arn));
            let roles: Vec<&Role> = own.into_iter().chain(builds.filter_map(role_of)).collect();
            for code in &resource.code.lies_in {
                for code in ways_to(world, code) {
                    let of_code = running_it.entry((code, &resource.account)).or_default();
                    of_code.extend(roles.iter().map(|role| role.arn.as_str()));
                }
            }
        }
        for (code, account, roles) in deployed_from(world) {
            for code in ways_to(world, &code) {
                running_it.entry((code, account)).or_default().extend(roles.iter().copied());
            }
        }
        let stored = running_it.into_iter();
        let stored =
            stored.map(|((pattern, account), roles)| Stored::new(world, pattern, account, roles));
        let stored: Vec<Stored<'_>> = stored.collect();
        let opened = opened(&stored);
        let shelves = Shelves::of(&stored);
        Self { world, by_account, stacks, trusting, running, stored, shelves, opened }
    }

    /// Every role whose rights the principal can gain, with a chain that leads to it.
    ///
    /// `is_asked_for` takes a principal that changes code and a role that this code assumes, and returns whether the
    /// mesh intends this. Intended steps start no chain.
    pub fn reached(
        &self,
        arn: &str,
        is_asked_for: &dyn Fn(&str, &str) -> bool,
    ) -> BTreeMap<String, Vec<Step>> {
        let mut chains: BTreeMap<String, Vec<Step>> = BTreeMap::new();
        // Whether a step is intended depends on the author of the code, so a role can be reached in several ways.
        let mut seen: BTreeSet<(String, Option<String>)> = BTreeSet::new();
        let mut next: Vec<(String, Vec<Step>)> = vec![(arn.to_owned(), Vec::new())];
        while let Some((from, chain)) = next.pop() {
            let author = chain.last().filter(|step| step.is_of_stored_code()).map(|_| {
                let before = chain.len().checked_sub(2).and_then(|place| chain.get(place));
                before.map_or(arn, |step| step.role.as_str())
            });
            // Code that a pipeline's own roles pass on or start still belongs to its author.
            let is_own = chain.first().is_some_and(Step::is_of_stored_code);
            for step in self.steps(&from) {
                let by = step.is_of_stored_code().then(|| from.clone());
                if step.role == arn || seen.contains(&(step.role.clone(), by.clone())) {
                    continue;
                }
                let is_assumed = step.action.lower() == "sts:assumerole";
                let is_asked_for = |author: &str| is_asked_for(author, &step.role);
                if is_assumed && (author.is_some_and(is_asked_for) || is_own && is_asked_for(arn)) {
                    continue;
                }
                let mut chain = chain.clone();
                let role = step.role.clone();
                seen.insert((role.clone(), by));
                chain.push(step);
                chains.entry(role.clone()).or_insert_with(|| chain.clone());
                next.push((role, chain));
            }
        }
        chains
    }

    /// The roles whose code a principal can replace in the resource that runs it, by the principal's own statements.
    pub fn changes_code_of(&self, arn: &str) -> Vec<Step> {
        let Some(role) = self.world.roles.get(arn) else { return Vec::new() };
        let principal = Principal::role(arn);
        let is_change = |name: &str| CHANGES_CODE.contains(&name);
        let mut steps = Vec::new();
        for document in &role.identity {
            for statement in document.statements.iter().filter(|statement| statement.is_allow) {
                self.steps_on_code(&principal, role, (document, statement), &is_change, &mut steps);
            }
        }
        steps
    }

    /// The steps to the roles that resources run code with, by wanted actions on the resources themselves.
    fn steps_on_code(
        &self,
        principal: &Principal,
        role: &Role,
        (document, statement): (&Document, &Statement),
        is_wanted: &dyn Fn(&str) -> bool,
        steps: &mut Vec<Step>,
    ) {
        let is_about = |arn: &str| role.has_foreign_policies || can_be_about(statement, arn);
        let mut contexts_of = None;
        for (kind, names) in ON_CODE {
            for name in names.iter().filter(|name| is_wanted(name)) {
                let action = Action::new(name);
                if statement.actions.contain(action) == statement.not_actions {
                    continue;
                }
                let running = self.running.get(role.account.as_str()).into_iter().flatten();
                let of_kind = running.filter(|(resource, as_role)| {
                    resource.kind == kind && as_role.arn != role.arn && is_about(&resource.arn)
                });
                for (resource, as_role) in of_kind {
                    let contexts = contexts_of.get_or_insert_with(|| contexts(document, statement));
                    steps.extend(self.step(principal, action, &resource.arn, as_role, contexts));
                }
            }
        }
    }

    /// The roles whose code a principal can write because a resource pattern matches several buckets.
    pub fn writes_code_of(&self, arn: &str) -> Vec<Step> {
        let Some(role) = self.world.roles.get(arn) else { return Vec::new() };
        let (principal, put) = (Principal::role(arn), Action::new(ON_OBJECT));
        let mut steps = Vec::new();
        for document in &role.identity {
            let giving = document.statements.iter().filter(|one| one.is_allow && one.is_of(put));
            for statement in giving {
                let mut wide = statement.clone();
                wide.resources.retain(|resource| is_pattern_of_buckets(resource));
                if wide.resources.is_empty() || wide.not_resources {
                    continue;
                }
                let contexts = contexts(document, statement);
                for stored in self.stored.iter().filter(|stored| stored.is_object) {
                    for code in stored.samples(&wide) {
                        steps.extend(self.steps_to(
                            &principal,
                            put,
                            &code,
                            &stored.roles,
                            &contexts,
                        ));
                    }
                }
            }
        }
        steps
    }

    /// The roles that a principal reaches in one step.
    fn steps(&self, arn: &str) -> Vec<Step> {
        let Some(role) = self.world.roles.get(arn) else { return Vec::new() };
        let principal = Principal::role(arn);
        let mut steps = Vec::new();
        let assume = Action::new("sts:AssumeRole");
        for other in self.trusting.get(arn).into_iter().flatten() {
            let contexts = trust_contexts(other);
            steps.extend(self.step(&principal, assume, &other.arn, other, &contexts));
        }
        for document in &role.identity {
            for statement in document.statements.iter().filter(|statement| statement.is_allow) {
                self.steps_of(&principal, role, document, statement, &mut steps);
            }
        }
        self.steps_by_buckets(&principal, role, &mut steps);
        steps
    }

    /// The roles that run code which a bucket policy allows the principal to change.
    fn steps_by_buckets(&self, principal: &Principal, role: &Role, steps: &mut Vec<Step>) {
        let put = Action::new(ON_OBJECT);
        let whom = [role.arn.as_str(), role.account.as_str(), "*"];
        for place in whom.iter().filter_map(|name| self.opened.get(name)).flatten() {
            let stored = &self.stored[*place];
            let Some(policy) = stored.policy else { continue };
            let giving = policy.statements.iter().filter(|one| one.is_allow && one.is_of(put));
            for statement in giving {
                let contexts = contexts(policy, statement);
                for code in stored.samples(statement) {
                    steps.extend(self.steps_to(principal, put, &code, &stored.roles, &contexts));
                }
            }
        }
    }

    /// The steps to the roles that run this code, if the principal can change it.
    fn steps_to(
        &self,
        principal: &Principal,
        action: Action,
        code: &str,
        roles: &BTreeSet<&'w str>,
        contexts: &[Context],
    ) -> Vec<Step> {
        let own = principal.name();
        let others = roles.iter().filter(|role| **role != own);
        let mut others = others.filter_map(|role| self.world.roles.get(*role)).peekable();
        let Some(first) = others.peek() else { return Vec::new() };
        // Whether the code can be changed does not depend on the role that runs it, so one role is checked for all.
        if self.step(principal, action, code, first, contexts).is_none() {
            return Vec::new();
        }
        let step = |role: &Role| Step { role: role.arn.clone(), action, resource: code.to_owned() };
        others.map(step).collect()
    }

    fn steps_of(
        &self,
        principal: &Principal,
        role: &Role,
        document: &Document,
        statement: &Statement,
        steps: &mut Vec<Step>,
    ) {
        let has =
            |name: &&&str| statement.actions.contain(Action::new(name)) != statement.not_actions;
        let contexts = contexts(document, statement);
        // Skips resources that this statement does not cover: another statement of the role covers them. Unknown
        // policies may cover any resource.
        let is_about = |arn: &str| role.has_foreign_policies || can_be_about(statement, arn);
        let others = || {
            let own = self.by_account.get(role.account.as_str()).into_iter().flatten().copied();
            // Roles of other accounts can be reached only if a statement names them.
            let named = statement.resources.iter().filter_map(|arn| self.world.roles.get(arn));
            own.chain(named).filter(|other| other.arn != role.arn)
        };
        for name in ON_ROLE.iter().filter(has) {
            let action = Action::new(name);
            for other in others().filter(|other| is_about(&other.arn)) {
                let mut contexts = contexts.clone();
                if *name == "sts:AssumeRole" {
                    contexts.extend(trust_contexts(other));
                }
                steps.extend(self.step(principal, action, &other.arn, other, &contexts));
            }
        }
        for name in ON_POLICY.iter().filter(has) {
            for other in others() {
                for policy in other.managed.values().filter(|policy| is_about(policy)) {
                    steps.extend(self.step(principal, Action::new(name), policy, other, &contexts));
                }
            }
        }
        let running = || self.running.get(role.account.as_str()).into_iter().flatten();
        self.steps_on_code(principal, role, (document, statement), &|_| true, steps);
        for name in ON_REPOSITORY.iter().chain([&ON_BUCKET, &ON_OBJECT]).filter(has) {
            let action = Action::new(name);
            let is_of_objects = action.service() == "s3";
            // Only principals of the same account can change a repository.
            let can_be = if role.has_foreign_policies || statement.not_resources {
                (0..self.stored.len()).collect()
            } else {
                self.shelves.about(statement)
            };
            let stored = can_be.iter().map(|place| &self.stored[*place]).filter(|stored| {
                stored.is_object == is_of_objects
                    && (is_of_objects || stored.account == role.account)
            });
            for stored in stored {
                let asked = match bucket_of(&stored.pattern) {
                    Some((bucket, _)) if name == &ON_BUCKET => {
                        if is_about(bucket) {
                            vec![bucket.to_owned()]
                        } else {
                            Vec::new()
                        }
                    }
                    _ if role.has_foreign_policies => vec![stored.any.clone()],
                    _ => stored.samples(statement),
                };
                for code in asked {
                    steps.extend(self.steps_to(principal, action, &code, &stored.roles, &contexts));
                }
            }
        }
        for name in ON_TRIGGER.iter().filter(has) {
            let jobs = running().filter(|(resource, _)| resource.kind == "AWS::Glue::Job");
            for (_, as_role) in jobs.filter(|(_, as_role)| as_role.arn != role.arn) {
                for pattern in &statement.resources {
                    let trigger = pattern::sample(pattern, sample::FILL);
                    let action = Action::new(name);
                    steps.extend(self.step(principal, action, &trigger, as_role, &contexts));
                }
            }
        }
        for name in ON_STACK.iter().filter(has) {
            for deploying in others().filter(|other| is_for_cloudformation(other)) {
                let stacks = self.stacks.get(role.account.as_str()).into_iter().flatten();
                let action = Action::new(name);
                for stack in stacks.filter(|stack| is_about(stack)) {
                    steps.extend(self.step(principal, action, stack, deploying, &contexts));
                }
            }
        }
    }

    fn step(
        &self,
        principal: &Principal,
        action: Action,
        resource: &str,
        role: &Role,
        contexts: &[Context],
    ) -> Option<Step> {
        let is_possible = contexts.iter().any(|context| {
            let request = Request { principal, action, resource, context };
            let decision = self.world.decide_by_policies(&request, Outside::Unknown).decision;
            matches!(decision, Decision::Allow | Decision::Unknown)
        });
        is_possible.then(|| Step { role: role.arn.clone(), action, resource: resource.to_owned() })
    }
}

/// Whether the statement's resources can match an ARN. A variable may have any value.
fn can_be_about(statement: &Statement, arn: &str) -> bool {
    let can_be = |pattern: &String| pattern.contains("${") || pattern::matches(pattern, arn);
    statement.not_resources || statement.resources.iter().any(can_be)
}

/// Whether the pattern matches objects of several buckets by a part of the bucket's name. A pattern that matches all
/// buckets is excluded, because another rule covers it.
fn is_pattern_of_buckets(pattern: &str) -> bool {
    // The pattern may have fewer than six components.
    let bucket = pattern.strip_suffix("/*").unwrap_or(pattern).rsplit(':').next();
    let bucket = bucket.unwrap_or_default().split('/').next().unwrap_or_default();
    bucket.contains(['*', '?']) && bucket.chars().any(|one| !matches!(one, '*' | '?'))
}

/// Contexts of requests that fulfil the statement. Tags of the resource are left out: they come from the resource
/// itself.
pub fn contexts(document: &Document, statement: &Statement) -> Vec<Context> {
    let asked: Vec<_> = statement
        .conditions
        .iter()
        .filter(|condition| !condition.key.contains("resourcetag/"))
        .cloned()
        .collect();
    sample::contexts(&asked, |_, text| {
        // Any value of the variable is possible, so the sample text represents it.
        if document.has_variables && text.contains("${") {
            sample::FILL.to_owned()
        } else {
            text.to_owned()
        }
    })
}

/// Contexts of requests that fulfil the statements of a role's trust policy.
fn trust_contexts(role: &Role) -> Vec<Context> {
    let allowing = role.trust.statements.iter().filter(|statement| statement.is_allow);
    let mut all: Vec<Context> =
        allowing.flat_map(|statement| contexts(&role.trust, statement)).collect();
    all.push(Context::new());
    all
}

/// The service principal of CloudFormation.
pub const CLOUDFORMATION: &str = "cloudformation.amazonaws.com";

/// Whether the entry is this service, in any partition's form of its principal.
pub fn is_service(entry: &PrincipalEntry, service: &str) -> bool {
    matches!(entry, PrincipalEntry::Service(name) if service_of(name) == service)
}

/// Whether only CloudFormation can assume the role.
pub fn is_for_cloudformation(role: &Role) -> bool {
    let allowing = role.trust.statements.iter().filter(|statement| statement.is_allow);
    let is_it = |entry: &PrincipalEntry| is_service(entry, CLOUDFORMATION);
    let mut lists = allowing.filter_map(|statement| statement.principals.as_ref()).peekable();
    lists.peek().is_some() && lists.all(|list| !list.is_not && list.entries.iter().all(is_it))
}

#[cfg(test)]
mod tests;
