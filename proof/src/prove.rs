//! The proof: the templates grant exactly the intended access.
//!
//! Both directions decide sample requests (see `sample`). Each intended grant becomes requests that the templates must
//! allow. Each `Allow` statement of each template becomes requests that an intended grant must cover. Policies that no
//! template contains are assumed to allow everything, so each difference is caused by the mesh itself.

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

/// A difference between the intended access and the access that the templates grant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The kind of difference.
    pub kind: DifferenceKind,
    /// The principal: an ARN, or the name of a service.
    pub principal: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// The condition keys of the request, each with its values.
    pub context: Vec<(String, Vec<String>)>,
    /// The statements that decide, each with its origin and `Sid`.
    pub statements: Vec<(Origin, String)>,
    /// The reason, in a sentence.
    pub reason: String,
    /// The stack of the grant or of the statement.
    pub stack: String,
    /// The manifest lines that ask for the grant. Empty if they are the lines of the whole stack.
    pub because: Vec<String>,
}

impl Difference {
    /// A chain of steps from one role to another.
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

/// The kind of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// The templates do not grant intended access.
    Missing,
    /// The templates grant access that is not intended.
    More,
    /// The templates grant access that the templates of the earlier mesh do not grant, or may grant it.
    Gained,
    /// A chain of steps leads from one role to another that it must not reach.
    Path,
}

/// The two sides that a proof compares.
#[derive(Debug, Clone, Copy)]
pub struct Proof<'a> {
    /// The access that the templates grant.
    pub world: &'a World,
    /// The intended access.
    pub intended: &'a Intended,
}

/// The differences that a part of a proof found, and the number of its requests.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// The number of requests that were compared.
    pub requests: usize,
    /// The differences.
    pub differences: Vec<Difference>,
}

impl Findings {
    /// The sum of the requests, and the differences of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.requests += other.requests;
        self.differences.extend(other.differences);
        self
    }
}

impl Proof<'_> {
    /// Finds the requests of one intended grant that the templates do not allow. `arn` is the principal's ARN or
    /// service name.
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
        // If the ARN has no region, uses the region of the stack.
        let region = rule.stack.split('/').nth(1).unwrap_or_default();
        let here = |context: &Context| context.clone().with("aws:RequestedRegion", [region]);
        // The region matters only to an organization's policies.
        let has_organization = *self.world.organization() != Organization::default();
        let contexts_here: Vec<Context> =
            if has_organization { contexts.iter().map(here).collect() } else { Vec::new() };
        // Requests that differ in their actions only are decided together.
        let mut asked: BTreeMap<String, Vec<Action>> = BTreeMap::new();
        let accounts = self.accounts_told_apart(principal, &rule.resources);
        let mut ask = |named: &str, with_empty: bool, actions: &[Action]| {
            for resource in samples(named, with_empty, &accounts) {
                asked.entry(resource).or_default().extend(actions);
            }
        };
        for pattern in &rule.resources {
            // Only an alias stands for other resources with other actions; all others are sampled once for all actions.
            if pattern.contains(":alias/") {
                for (place, action) in rule.actions.iter().enumerate() {
                    for named in self.alias_or_key(pattern, *action) {
                        ask(&named, place == 0, &[*action]);
                    }
                }
            } else if let [first, others @ ..] = &*rule.actions {
                ask(pattern, true, &[*first]);
                ask(pattern, false, others);
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
                // Access delegated to an account is used through its roles' own policies. Only roles with a grant are
                // checked.
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

    /// Finds the requests of one intended denial that no statement denies. `arn` is the principal's or the boundary's
    /// ARN, or `*`.
    pub fn undenied(&self, arn: &str, rule: &Rule) -> Findings {
        let mut findings = Findings::default();
        let principal = match arn {
            "*" => {
                let partition = partition_of_stack(&rule.stack);
                Principal::role(ArnParts::iam(partition, STRANGERS, &format!("role/{FILL}")))
            }
            // A boundary is tested with a role that has it.
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
            // A wildcard also stands for actions that AWS adds later, so it is tested with a made-up action.
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

    /// The resources of requests, where a grant names a key by its alias: the key. Actions on aliases need both the
    /// alias and the key. Source: "Controlling access to aliases" in the KMS developer guide.
    fn alias_or_key(&self, pattern: &str, action: Action) -> Vec<String> {
        if !pattern.contains(":alias/") {
            return vec![pattern.to_owned()];
        }
        let is_about_alias =
            ["kms:createalias", "kms:deletealias", "kms:updatealias"].contains(&action.lower());
        let alias = is_about_alias.then(|| pattern.to_owned());
        let key = match self.world.aliases().get(pattern) {
            Some(key) => Some(key.clone()),
            // An imported key: only its alias is known.
            None => (!is_about_alias).then(|| pattern.replace(":alias/", &format!(":key/{FILL}-"))),
        };
        alias.into_iter().chain(key).collect()
    }

    /// Finds access that a role's policies and its trust policy grant without an intended grant. Also finds intended
    /// access that the policies deny without an intended denial, a permissions boundary that is not the intended one,
    /// and attached policies that no template contains.
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

    /// Reports a role whose permissions boundary is not the intended one. While the boundary would deny none of the
    /// role's requests, no sample request shows that it is missing; the next grant would not be limited by it.
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

    /// Reports intended access that a statement denies without an intended denial.
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

    /// Finds access that a resource's policy grants without an intended grant.
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

    /// Finds Lake Formation permissions of a principal that no intended grant covers.
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
            // A variable whose value only the request has is sampled like a wildcard.
            self.world.expanded(text, &asking).unwrap_or_else(|| filled(text))
        });
        if !self.world.roles().contains_key(principal.name()) {
            // The tags of roles outside the mesh are unknown: they may have the tags that a condition requires.
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
