//! Chains: who can come to act as somebody else.
//!
//! A principal that may assume a role, write its policies or its trust, hand it
//! to a service, change a stack that is deployed with it, or change or choose the
//! code that runs with it, has that role's rights as well. What may be possible
//! counts as possible here.

use std::collections::{BTreeMap, BTreeSet};

use crate::action::Action;
use crate::document::{Document, PrincipalEntry, Statement};
use crate::evaluate::Decision;
use crate::request::{Context, Principal, Request};
use crate::world::{Outside, Resource, Role, World};
use crate::{pattern, sample};

/// What gives the rights of a role, asked on the role.
const ON_ROLE: [&str; 7] = [
    "iam:AttachRolePolicy",
    "iam:DeleteRolePermissionsBoundary",
    "iam:PassRole",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "sts:AssumeRole",
];

/// What gives the rights of a role, asked on its managed policies.
const ON_POLICY: [&str; 2] = ["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"];

/// What gives the rights of the role that a stack is deployed with, asked on the stack.
const ON_STACK: [&str; 3] = [
    "cloudformation:CreateChangeSet",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:UpdateStack",
];

/// What gives the rights of the role that a resource runs code with, asked on the resource: its code, or
/// the arguments that choose it, or a session in it.
const ON_CODE: [(&str, &[&str]); 6] = [
    ("AWS::CodeBuild::Project", &["codebuild:StartBuild", "codebuild:UpdateProject"]),
    ("AWS::Glue::Job", &["glue:StartJobRun", "glue:UpdateJob"]),
    ("AWS::Lambda::Function", &["lambda:UpdateFunctionCode"]),
    ("AWS::SageMaker::NotebookInstance", &["sagemaker:CreatePresignedNotebookInstanceUrl"]),
    ("AWS::SageMaker::UserProfile", &["sagemaker:CreatePresignedDomainUrl"]),
    ("AWS::StepFunctions::StateMachine", &["states:UpdateStateMachine"]),
];

/// A trigger starts each job of its account, with the job's role and arguments of its own.
const ON_TRIGGER: [&str; 2] = ["glue:CreateTrigger", "glue:UpdateTrigger"];

/// A step of a chain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// The role that is reached.
    pub role: String,
    /// The action that leads to it.
    pub action: Action,
    /// The resource that the action is asked on.
    pub resource: String,
}

/// The roles of a world, prepared for finding chains.
#[derive(Debug)]
pub struct Escalation<'w> {
    world: &'w World,
    by_account: BTreeMap<&'w str, Vec<&'w Role>>,
    /// The stacks of each account, as ARNs.
    stacks: BTreeMap<&'w str, BTreeSet<String>>,
    /// The roles whose trust names a role of the same account.
    trusting: BTreeMap<&'w str, Vec<&'w Role>>,
    /// What runs code with a role of the same account, by account.
    running: BTreeMap<&'w str, Vec<(&'w Resource, &'w Role)>>,
}

impl<'w> Escalation<'w> {
    /// Prepares the roles of a world.
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
                let partition = role.arn.split(':').nth(1).unwrap_or("aws");
                let arn =
                    format!("arn:{partition}:cloudformation:{region}:{account}:stack/{name}/any");
                stacks.entry(&role.account).or_default().insert(arn);
            }
        }
        let mut running: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for resource in world.resources.values() {
            let role = resource.runs_as.as_ref().and_then(|arn| world.roles.get(arn));
            if let Some(role) = role {
                running.entry(&resource.account).or_default().push((resource, role));
            }
        }
        Self { world, by_account, stacks, trusting, running }
    }

    /// Every role that a principal can come to act as, each with the chain that leads to it.
    pub fn reached(&self, arn: &str) -> BTreeMap<String, Vec<Step>> {
        let mut chains: BTreeMap<String, Vec<Step>> = BTreeMap::new();
        let mut next = vec![(arn.to_owned(), Vec::new())];
        while let Some((from, chain)) = next.pop() {
            for step in self.steps(&from) {
                if step.role == arn || chains.contains_key(&step.role) {
                    continue;
                }
                let mut chain = chain.clone();
                let role = step.role.clone();
                chain.push(step);
                chains.insert(role.clone(), chain.clone());
                next.push((role, chain));
            }
        }
        chains
    }

    /// The roles that a principal reaches by itself.
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
        steps
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
        // What this statement is not about is asked for another one that is, when there is one. Policies that
        // nobody knows may be about anything.
        let is_about = |arn: &str| role.has_foreign_policies || can_be_about(statement, arn);
        let others = || {
            let own = self.by_account.get(role.account.as_str()).into_iter().flatten().copied();
            // In other accounts only roles that a statement names can be reached.
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
        for (kind, names) in ON_CODE {
            for name in names.iter().filter(has) {
                let of_kind = running()
                    .filter(|(resource, as_role)| resource.kind == kind && as_role.arn != role.arn);
                for (resource, as_role) in of_kind.filter(|(resource, _)| is_about(&resource.arn)) {
                    let action = Action::new(name);
                    steps.extend(self.step(principal, action, &resource.arn, as_role, &contexts));
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
            let deploying = others().find(|other| is_for_cloudformation(other));
            let Some(deploying) = deploying else { continue };
            let stacks = self.stacks.get(role.account.as_str()).into_iter().flatten();
            for stack in stacks.filter(|stack| is_about(stack)) {
                steps.extend(self.step(principal, Action::new(name), stack, deploying, &contexts));
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

/// Whether a statement's resources can be about an ARN. A variable may stand for anything.
fn can_be_about(statement: &Statement, arn: &str) -> bool {
    let can_be = |pattern: &String| pattern.contains("${") || pattern::matches(pattern, arn);
    statement.not_resources || statement.resources.iter().any(can_be)
}

/// The requests that fulfil a statement, where the tags of the resource are the resource's own.
fn contexts(document: &Document, statement: &Statement) -> Vec<Context> {
    let asked: Vec<_> = statement
        .conditions
        .iter()
        .filter(|condition| !condition.key.contains("resourcetag/"))
        .cloned()
        .collect();
    sample::contexts(&asked, |_, text| {
        // A variable may have any value here: the sample text stands for it.
        if document.has_variables && text.contains("${") {
            sample::FILL.to_owned()
        } else {
            text.to_owned()
        }
    })
}

/// The requests that fulfil the statements of a role's trust policy.
fn trust_contexts(role: &Role) -> Vec<Context> {
    let allowing = role.trust.statements.iter().filter(|statement| statement.is_allow);
    let mut all: Vec<Context> =
        allowing.flat_map(|statement| contexts(&role.trust, statement)).collect();
    all.push(Context::new());
    all
}

fn is_for_cloudformation(role: &Role) -> bool {
    let entries = role.trust.statements.iter().filter_map(|s| s.principals.as_ref());
    let service = PrincipalEntry::Service("cloudformation.amazonaws.com".to_owned());
    entries.flat_map(|list| &list.entries).any(|entry| *entry == service)
}

#[cfg(test)]
mod tests {
    use lakewright_template::read;
    use lakewright_template::resolve::Place;

    use super::*;
    use crate::world::{OnUnresolved, Piece, StackTemplate};

    const ROLES: &str = r#"
Resources:
  Team:
    Type: AWS::IAM::Role
    Properties:
      RoleName: team
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: []}
      Policies:
        - PolicyName: work
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: ACTION, Resource: "arn:aws:iam::111122223333:RESOURCE"}
  Job:
    Type: AWS::IAM::Role
    Properties:
      RoleName: job
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: []}
      Policies:
        - PolicyName: work
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: "sts:AssumeRole", Resource: "arn:aws:iam::111122223333:role/admin"}
  Function:
    Type: AWS::Glue::Job
    Properties: {Name: nightly, Role: job}
  Admin:
    Type: AWS::IAM::Role
    Properties:
      RoleName: admin
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Action: "sts:AssumeRole", Principal: {AWS: "111122223333"}, Condition: {StringEquals: {"sts:ExternalId": x}}}
"#;

    fn reached(action: &str, resource: &str) -> Vec<String> {
        chains(&ROLES.replace("ACTION", action).replace("RESOURCE", resource))
    }

    fn chains(text: &str) -> Vec<String> {
        let template = read::template(text).expect("a template");
        let place = Place { account: "111122223333".to_owned(), region: "eu-west-1".to_owned() };
        let address = "111122223333/eu-west-1/s";
        let unresolved = OnUnresolved::Fail;
        let stack = StackTemplate { address, place: &place, template: &template, unresolved };
        let world = World::of(vec![Piece::of(stack).expect("policies")]);
        let chains = Escalation::of(&world).reached("arn:aws:iam::111122223333:role/team");
        chains
            .into_iter()
            .map(|(role, chain)| {
                let steps: Vec<&str> = chain.iter().map(|step| step.action.name()).collect();
                format!("{} {}", role.rsplit('/').next().unwrap_or_default(), steps.join(" "))
            })
            .collect()
    }

    #[test]
    fn chains_are_followed_to_their_end() {
        assert_eq!(
            reached("iam:PutRolePolicy", "role/job"),
            ["admin iam:PutRolePolicy sts:AssumeRole", "job iam:PutRolePolicy"]
        );
        // The role is reached, and who trusts nobody is not assumed.
        assert_eq!(reached("sts:AssumeRole", "role/*"), ["admin sts:AssumeRole"]);
        assert_eq!(reached("iam:GetRole", "role/*"), Vec::<String>::new());
        assert_eq!(
            reached("iam:PassRole", "role/job"),
            ["admin iam:PassRole sts:AssumeRole", "job iam:PassRole"]
        );
    }

    #[test]
    fn code_has_the_rights_of_the_role_that_it_runs_with() {
        let on = |action: &str, resource: &str| {
            let text = ROLES.replace("arn:aws:iam::111122223333:RESOURCE", resource);
            chains(&text.replace("ACTION", action))
        };
        let job = "arn:aws:glue:eu-west-1:111122223333:job/nightly";
        for action in ["glue:StartJobRun", "glue:UpdateJob"] {
            assert_eq!(on(action, job).len(), 2, "{action}");
        }
        assert_eq!(on("glue:GetJob", job), Vec::<String>::new());
        assert_eq!(
            on("glue:StartJobRun", "arn:aws:glue:eu-west-1:111122223333:job/mine-*").len(),
            0
        );
        // A trigger of the team's own starts everybody's jobs.
        let trigger = "arn:aws:glue:eu-west-1:111122223333:trigger/mine-*";
        assert_eq!(on("glue:CreateTrigger", trigger).len(), 2);
    }
}
