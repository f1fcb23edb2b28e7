//! The proof: what the templates give is what was asked for, nothing less and nothing more.
//!
//! Both directions ask sample requests (see `sample`). Each intended grant is
//! turned into requests that the templates must allow; each allowing statement
//! of each template into requests that some grant must ask for. What no
//! template describes is taken to allow everything, so that a difference is
//! one of the mesh's own making.

mod accounts;
mod asked;
mod denied;
mod given;
mod implied;
mod open;

use std::collections::BTreeMap;

use lakewright_access::action::Action;
use lakewright_access::document::{Document, Origin, Statement};
use lakewright_access::escalation::Step;
use lakewright_access::evaluate::Decision;
use lakewright_access::lake::{CELLS, LakeGrant};
use lakewright_access::pattern;
use lakewright_access::request::{Context, Principal, Request, partition_of_stack, region_of};
use lakewright_access::sample::{self, FILL, STRANGERS, actions_of};
use lakewright_access::world::{Organization, Outside, Role, World};
use lakewright_template::arn::{ArnParts, ArnPattern};

use crate::intended::{DELEGATE, Intended, Rule};
use accounts::samples;
use asked::{principals_of_grant, principals_of_statement};
use given::Given;

/// A difference between what was asked for and what the templates give.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Which way.
    pub kind: DifferenceKind,
    /// Who: an ARN, or the name of a service.
    pub principal: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// The condition keys of the request, each with its values.
    pub context: Vec<(String, Vec<String>)>,
    /// The statements that decide: where each stands, and its name.
    pub statements: Vec<(Origin, String)>,
    /// Why, in a sentence.
    pub reason: String,
    /// The stack of the grant or of the statement.
    pub stack: String,
    /// The manifest lines that ask for it; empty when they are those of the whole stack.
    pub because: Vec<String>,
}

impl Difference {
    /// What a grant gives, by its first action and resource.
    pub fn new_access(rule: &Rule) -> Self {
        Self {
            kind: DifferenceKind::Gained,
            principal: rule.principal.clone(),
            action: rule.actions.first().map(ToString::to_string).unwrap_or_default(),
            resource: rule.resources.first().cloned().unwrap_or_default(),
            context: Vec::new(),
            statements: Vec::new(),
            reason: String::new(),
            stack: rule.stack.to_string(),
            because: rule.because.clone(),
        }
    }

    /// A chain from one role to another.
    pub fn path(from: &str, to: &str, chain: &[Step], reason: &str) -> Self {
        Self {
            kind: DifferenceKind::Path,
            principal: from.to_owned(),
            action: chain.first().map(|step| step.action.to_string()).unwrap_or_default(),
            resource: to.to_owned(),
            context: Vec::new(),
            statements: Vec::new(),
            reason: reason.to_owned(),
            stack: String::new(),
            because: Vec::new(),
        }
    }
}

/// Which way two things differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// The templates do not give what was asked for.
    Missing,
    /// The templates give what nobody asked for.
    More,
    /// The templates give what was asked for, and those of the mesh before do not.
    Gained,
    /// A chain leads from one role to another that it must not reach.
    Path,
}

/// What a proof compares.
#[derive(Debug, Clone, Copy)]
pub struct Proof<'a> {
    /// What the templates describe.
    pub world: &'a World,
    /// What was asked for.
    pub intended: &'a Intended,
}

/// What a part of a proof found, and how many requests it asked.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// The requests that were compared.
    pub requests: usize,
    /// The differences.
    pub differences: Vec<Difference>,
}

impl Findings {
    /// Both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.requests += other.requests;
        self.differences.extend(other.differences);
        self
    }
}

impl Proof<'_> {
    /// What was asked for, for one principal, and is not given.
    pub fn missing(&self, arn: &str, rule: &Rule) -> Findings {
        let mut findings = Findings::default();
        for principal in principals_of_grant(arn, rule) {
            self.missing_of(&principal, rule, &mut findings);
        }
        findings
    }

    fn missing_of(&self, principal: &Principal, rule: &Rule, findings: &mut Findings) {
        let contexts = self.contexts(principal, &rule.conditions, true);
        if contexts.is_empty() {
            let (action, nothing) = (rule.actions.first().copied(), Context::new());
            let action = action.unwrap_or_else(|| Action::new("sample:Sample"));
            let resource = rule.resources.first().map_or("*", String::as_str);
            let request = Request { principal, action, resource, context: &nothing };
            findings.differences.push(Difference {
                reason: "it is asked for under conditions that no known request fulfils".to_owned(),
                stack: rule.stack.to_string(),
                because: rule.because.clone(),
                ..difference(DifferenceKind::Missing, &request)
            });
        }
        // What names no region is asked for in the one that the grant is deployed to.
        let region = rule.stack.split('/').nth(1).unwrap_or_default();
        let here = |context: &Context| context.clone().with("aws:RequestedRegion", [region]);
        // Only an organization's policies ask for the region.
        let has_organization = *self.world.organization() != Organization::default();
        let contexts_here: Vec<Context> =
            if has_organization { contexts.iter().map(here).collect() } else { Vec::new() };
        // Requests that differ in their actions only are decided together.
        let mut asked: BTreeMap<String, Vec<Action>> = BTreeMap::new();
        let accounts = self.accounts_told_apart(principal, &rule.resources);
        for pattern in &rule.resources {
            for (place, action) in rule.actions.iter().enumerate() {
                for named in self.alias_or_key(pattern, *action) {
                    for resource in samples(&named, place == 0, &accounts) {
                        asked.entry(resource).or_default().push(*action);
                    }
                }
            }
        }
        for (resource, actions) in &asked {
            let is_regional = !has_organization
                || region_of(resource).is_some()
                || ArnPattern::of(resource).service == Some("iam")
                || self.world.knows_bucket(resource);
            for context in if is_regional { &contexts } else { &contexts_here } {
                let request = |action: Action| Request { principal, action, resource, context };
                findings.requests += actions.len();
                // What is delegated to an account is used by its roles under policies of their own; those
                // of the mesh may do so where they have a grant.
                let is_asked = |action: &Action| {
                    let is_used =
                        || self.intended.rule_for(&request(*action), self.world).is_some();
                    self.is_in_account(&request(*action), &rule.conditions)
                        && (rule.access != DELEGATE || is_used())
                };
                let actions: Vec<Action> = actions.iter().copied().filter(is_asked).collect();
                for action in self.world.refused(request, &actions, Outside::Allows) {
                    let request = request(action);
                    let verdict = self.world.decide_by_policies(&request, Outside::Allows);
                    let statements = verdict.statements.iter();
                    findings.differences.push(Difference {
                        statements: statements
                            .map(|(d, s)| (d.origin.clone(), s.sid.clone()))
                            .collect(),
                        reason: verdict.reason.to_owned(),
                        stack: rule.stack.to_string(),
                        because: rule.because.clone(),
                        ..difference(DifferenceKind::Missing, &request)
                    });
                }
            }
        }
    }

    /// Whether what is denied on purpose is denied.
    pub fn undenied(&self, arn: &str, rule: &Rule) -> Findings {
        let mut findings = Findings::default();
        let principal = match arn {
            "*" => {
                let partition = partition_of_stack(&rule.stack);
                Principal::role(ArnParts::iam(partition, STRANGERS, &format!("role/{FILL}")))
            }
            // A boundary denies what any of its roles asks for.
            policy if policy.contains(":policy/") => {
                let has_it = |role: &&Role| role.boundary.as_deref() == Some(policy);
                match self.world.roles().values().find(has_it) {
                    Some(limited) => Principal::role(limited.arn.clone()),
                    None => return findings,
                }
            }
            own => Principal::role(own),
        };
        self.uncovered(arn, rule, &principal, &mut findings);
        let contexts = self.contexts(&principal, &rule.conditions, true);
        for action in rule.actions.iter() {
            // A pattern stands for an action that nobody knows yet.
            let action = Action::new(&pattern::sample(action.name(), "Zzsample"));
            for resource in
                rule.resources.iter().flat_map(|pattern| sample::resources(pattern, false))
            {
                for context in &contexts {
                    let request =
                        Request { principal: &principal, action, resource: &resource, context };
                    findings.requests += 1;
                    let verdict = self.world.decide_by_policies(&request, Outside::Allows);
                    if verdict.decision != Decision::ExplicitDeny {
                        findings.differences.push(Difference {
                            reason: "it is denied on purpose, and no statement denies it"
                                .to_owned(),
                            stack: rule.stack.to_string(),
                            because: rule.because.clone(),
                            ..difference(DifferenceKind::More, &request)
                        });
                    }
                }
            }
        }
        findings
    }

    /// What requests are about, where a grant names a key by its alias: the key, and for what is done to
    /// the alias both. Source: "Controlling access to aliases" in the KMS developer guide.
    fn alias_or_key(&self, pattern: &str, action: Action) -> Vec<String> {
        if !pattern.contains(":alias/") {
            return vec![pattern.to_owned()];
        }
        let is_about_alias =
            ["kms:createalias", "kms:deletealias", "kms:updatealias"].contains(&action.lower());
        let alias = is_about_alias.then(|| pattern.to_owned());
        let key = match self.world.aliases().get(pattern) {
            Some(key) => Some(key.clone()),
            // An imported key: known by its alias alone.
            None => (!is_about_alias).then(|| pattern.replace(":alias/", &format!(":key/{FILL}-"))),
        };
        alias.into_iter().chain(key).collect()
    }

    /// What a role's policies and its trust policy give, and nobody asked for.
    pub fn more_of_role(&self, role: &Role) -> Findings {
        let mut findings = Findings::default();
        let principal = Principal::role(role.arn.clone());
        for document in &role.identity {
            for statement in document.statements.iter().filter(|statement| statement.is_allow) {
                let given = Given { document, statement, own: None };
                self.more_of(&given, &principal, &mut findings);
            }
        }
        self.more_of_policy(&role.trust, &role.arn, &mut findings);
        self.unbounded(role, &principal, &mut findings);
        if !role.is_imported() {
            for policy in &role.foreign_policies {
                let nothing = Context::new();
                let action = Action::new("iam:AttachRolePolicy");
                let request =
                    Request { principal: &principal, action, resource: policy, context: &nothing };
                findings.differences.push(Difference {
                    reason: "the policy is attached, and no template says what it gives".to_owned(),
                    stack: role.trust.origin.stack.to_string(),
                    ..difference(DifferenceKind::More, &request)
                });
            }
        }
        let boundary = role.boundary.as_ref().and_then(|arn| self.world.managed().get(arn));
        for document in role.identity.iter().chain(boundary) {
            for statement in document.statements.iter().filter(|statement| !statement.is_allow) {
                self.overdenied(document, statement, &principal, &mut findings);
            }
        }
        findings
    }

    /// Whether a role has the permissions boundary that was asked for. No request shows that it is gone
    /// as long as it takes nothing away, and the next grant would be without it.
    fn unbounded(&self, role: &Role, principal: &Principal, findings: &mut Findings) {
        let Some(asked) = self.intended.boundary_of(&role.arn).filter(|_| !role.is_imported())
        else {
            return;
        };
        findings.requests += 1;
        let wanted = asked.resources.first();
        if role.boundary.as_ref() == wanted {
            return;
        }
        let nothing = Context::new();
        let action = Action::new("iam:PutRolePermissionsBoundary");
        let request = Request { principal, action, resource: &role.arn, context: &nothing };
        let wanted = wanted.map(String::as_str).unwrap_or_default();
        findings.differences.push(Difference {
            reason: match &role.boundary {
                Some(got) => {
                    format!("the role's permissions boundary is {got}, and {wanted} was asked for")
                }
                None => {
                    format!("the role has no permissions boundary, and {wanted} was asked for")
                }
            },
            stack: role.trust.origin.stack.to_string(),
            because: asked.because.clone(),
            ..difference(DifferenceKind::More, &request)
        });
    }

    /// What was asked for and is denied, though nobody asked for the denial.
    fn overdenied(
        &self,
        document: &Document,
        statement: &Statement,
        principal: &Principal,
        findings: &mut Findings,
    ) {
        let contexts = self.contexts(principal, &statement.conditions, document.has_variables);
        let patterns = statement.resources.iter().filter(|_| !statement.not_resources);
        let actions = actions_of(statement);
        for resource in patterns.flat_map(|pattern| sample::resources(pattern, false)) {
            for action in &actions {
                for context in &contexts {
                    let request =
                        Request { principal, action: *action, resource: &resource, context };
                    findings.requests += 1;
                    if self.intended.rule_for(&request, self.world).is_some()
                        && !self.intended.denies(&request, self.world)
                    {
                        findings.differences.push(Difference {
                            statements: vec![(document.origin.clone(), statement.sid.clone())],
                            reason: "a statement denies it, and nobody asked for that".to_owned(),
                            stack: document.origin.stack.to_string(),
                            ..difference(DifferenceKind::Missing, &request)
                        });
                    }
                }
            }
        }
    }

    /// What a resource's policy gives, and nobody asked for.
    pub fn more_of_policy(&self, document: &Document, resource: &str, findings: &mut Findings) {
        for statement in document.statements.iter().filter(|statement| statement.is_allow) {
            let partition = partition_of_stack(&document.origin.stack);
            let said = self.more_of_open(document, statement, resource, findings);
            let given = Given { document, statement, own: Some(resource) };
            for principal in principals_of_statement(statement, partition, &said) {
                self.more_of(&given, &principal, findings);
            }
        }
    }

    /// What Lake Formation gives a principal, and nobody asked for.
    pub fn more_of_lake(&self, principal: &str, grants: &[LakeGrant]) -> Findings {
        let mut findings = Findings::default();
        let principal = Principal::role(principal);
        for grant in grants {
            let mut context = Context::new();
            if let Some(cells) = &grant.cells {
                context.set(CELLS, [cells.clone()]);
            }
            for resource in sample::resources(&grant.resource, true) {
                let request = Request {
                    principal: &principal,
                    action: grant.permission,
                    resource: &resource,
                    context: &context,
                };
                findings.requests += 1;
                if self.intended.rule_for(&request, self.world).is_none() {
                    findings.differences.push(Difference {
                        statements: vec![(grant.origin.clone(), "Permissions".to_owned())],
                        reason: "Lake Formation grants it, and no grant asks for it".to_owned(),
                        stack: grant.origin.stack.to_string(),
                        ..difference(DifferenceKind::More, &request)
                    });
                }
            }
        }
        findings
    }

    fn contexts(
        &self,
        principal: &Principal,
        conditions: &[lakewright_access::document::Condition],
        has_variables: bool,
    ) -> Vec<Context> {
        let nothing = Context::new();
        let asking = Request {
            principal,
            action: Action::new("sample:Sample"),
            resource: "*",
            context: &nothing,
        };
        let mut contexts = sample::contexts(conditions, |key, text| {
            if !has_variables || key == CELLS || !text.contains("${") {
                return text.to_owned();
            }
            // A variable that only the request knows is sampled like a wildcard.
            self.world.expanded(text, &asking).unwrap_or_else(|| filled(text))
        });
        if !self.world.roles().contains_key(principal.name()) {
            // Nobody knows the tags of others: they may carry what a condition asks for.
            let tags = conditions.iter().filter(|condition| {
                condition.key.starts_with("aws:principaltag/") && !condition.comparison.is_negated()
            });
            for (tag, value) in tags.filter_map(|tag| Some((tag, tag.values.first()?))) {
                for context in &mut contexts {
                    context.set(&tag.key, [value.as_str()]);
                }
            }
        }
        contexts
    }
}

/// A text with each variable replaced by the sample text.
fn filled(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        out.push_str(FILL);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    out + rest
}

fn difference(kind: DifferenceKind, request: &Request<'_>) -> Difference {
    Difference {
        kind,
        principal: request.principal.name().to_owned(),
        action: request.action.to_string(),
        resource: request.resource.to_owned(),
        context: request
            .context
            .iter()
            .map(|(key, values)| (key.to_owned(), values.to_vec()))
            .collect(),
        statements: Vec::new(),
        reason: String::new(),
        stack: String::new(),
        because: Vec::new(),
    }
}
