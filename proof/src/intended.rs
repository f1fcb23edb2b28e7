//! The intended access: `grants.json`, indexed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use lakewright_access::action::Action;
use lakewright_access::document::Condition;
use lakewright_access::pattern::matches;
use lakewright_access::request::{Principal, Request, account_of, partition_of};
use lakewright_access::world::World;
use lakewright_template::arn::ArnParts;
use lakewright_template::assembly::{Grants, IntendedGrant};

/// One intended grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The stack that grants it, as `account/region/name`.
    pub stack: Arc<str>,
    /// The principal, by its name on the command line.
    pub principal: String,
    /// The kind of access in a word, such as `read`.
    pub access: String,
    /// The resource, by its name on the command line.
    pub target: String,
    /// The actions; sorted.
    pub actions: Arc<[Action]>,
    /// The ARNs, with wildcards. A key is named by the ARN of its alias.
    pub resources: Vec<String>,
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// The manifest lines that ask for the grant. Empty if they are the lines of the whole stack.
    pub because: Vec<String>,
}

/// The rules of one principal.
#[derive(Debug, Clone, Default)]
struct Rules {
    all: Vec<Rule>,
    /// The rules that name a resource without wildcards. A service has thousands of them.
    exact: IndexMap<String, Vec<usize>>,
    /// The rules with wildcards, by action.
    patterns: BTreeMap<Action, Vec<usize>>,
}

/// The intended access of a mesh.
#[derive(Debug, Clone, Default)]
pub struct Intended {
    /// The rules, by the principal's ARN or the service's name.
    principals: IndexMap<String, Rules>,
    /// The rules about resources of other accounts whose own policies decide, by the principal's ARN.
    reaches: IndexMap<String, Rules>,
    /// The ARN or the service's name, by the principal's name on the command line.
    names: BTreeMap<String, String>,
    /// The principal's name on the command line, by ARN.
    names_of: IndexMap<String, String>,
    denials: Vec<(String, Rule)>,
    /// The intended permissions boundaries, by the ARN of the role.
    boundaries: IndexMap<String, Rule>,
    /// Pairs of ARNs: a principal, and a role that the principal's code may act as.
    acts: BTreeSet<(String, String)>,
    /// The indexes in `denials`, by ARN.
    denials_of: IndexMap<String, Vec<usize>>,
    /// The ARN patterns of roles of permission sets: IAM Identity Center chooses the end of each name.
    patterns: Vec<String>,
}

/// The access of a rule that delegates the decision to an account's own policies.
pub const DELEGATE: &str = "delegate";

/// The access of a rule that names a role's permissions boundary.
pub const BOUNDED: &str = "bounded";

/// The access of a rule that lets one principal's code act as another principal, as in a stage of a pipeline.
pub const ACTS: &str = "act-as";

/// The access of a rule about resources of other accounts whose own policies decide. It is only about the policies of its
/// principal: by itself it gives no access.
pub const REACH: &str = "reach";

/// The access of a rule that denies.
pub const DENY: &str = "deny";

impl Intended {
    /// Indexes intended grants.
    pub fn of(mut grants: Grants) -> Self {
        let lists = std::mem::take(&mut grants.grants);
        let rules = lists.into_iter().map(|(stack, list)| rules(&stack, list, &grants)).collect();
        Self::of_rules(rules, grants.principals)
    }

    /// Indexes the rules of all stacks.
    pub fn of_rules(stacks: Vec<Vec<(String, Rule)>>, names: BTreeMap<String, String>) -> Self {
        // Denials name a role of their own stack `role/ACCOUNT/NAME`. The name that grants use is preferred.
        let better = names.iter().rev().filter(|(name, _)| !name.starts_with("role/"));
        let names_of: IndexMap<String, String> =
            better.map(|(name, arn)| (arn.clone(), name.clone())).collect();
        let patterns = names_of.keys().filter(|arn| arn.contains('?')).cloned().collect();
        let mut intended = Self { names, names_of, patterns, ..Self::default() };
        for (arn, rule) in stacks.into_iter().flatten() {
            if rule.access == DENY {
                let place = intended.denials.len();
                intended.denials_of.entry(arn.clone()).or_default().push(place);
                intended.denials.push((arn, rule));
            } else if rule.access == BOUNDED {
                intended.boundaries.insert(arn, rule);
            } else if rule.access == REACH {
                intended.reaches.entry(arn).or_default().add(rule);
            } else if rule.access == ACTS {
                let roles = rule.resources.into_iter();
                intended.acts.extend(roles.map(|role| (arn.clone(), role)));
            } else {
                intended.principals.entry(arn).or_default().add(rule);
            }
        }
        intended.principals.sort_unstable_keys();
        intended
    }

    /// The intended denials, each with the ARN of its principal or boundary; `*` for everybody.
    pub fn denials(&self) -> &[(String, Rule)] {
        &self.denials
    }

    /// The rule for a role's permissions boundary. Its only resource is the boundary's ARN.
    pub fn boundary_of(&self, arn: &str) -> Option<&Rule> {
        self.boundaries.get(arn)
    }

    /// Whether the code of `author` is meant to act as `role`; both are ARNs.
    pub fn acts_as(&self, author: &str, role: &str) -> bool {
        self.acts.contains(&(author.to_owned(), role.to_owned()))
    }

    /// The ARNs of principals and names of services, sorted, each with its rules.
    pub fn principals(&self) -> Vec<(&str, &[Rule])> {
        self.principals.iter().map(|(arn, rules)| (arn.as_str(), rules.all.as_slice())).collect()
    }

    /// The ARN or the service's name, from a principal's name on the command line.
    pub fn arn_of(&self, name: &str) -> Option<&str> {
        self.names.get(name).map(String::as_str)
    }

    /// The names of all principals, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// The name of a principal on the command line, from its ARN.
    pub fn name_of(&self, arn: &str) -> Option<&str> {
        let name = self.names_of.get(arn);
        name.or_else(|| self.names_of.get(self.pattern_of(arn)?)).map(String::as_str)
    }

    /// The pattern that matches an ARN. Only roles of IAM Identity Center have names whose end is not known in advance.
    fn pattern_of(&self, arn: &str) -> Option<&str> {
        if !arn.contains(":role/aws-reserved/") {
            return None;
        }
        self.patterns.iter().map(String::as_str).find(|pattern| matches(pattern, arn))
    }

    /// The rules of one principal: its ARN, a pattern of ARNs, a service's name, or `*`.
    pub fn rules_of(&self, arn: &str) -> &[Rule] {
        self.principals.get(arn).map(|rules| rules.all.as_slice()).unwrap_or_default()
    }

    /// The rule that covers a request, if any.
    pub fn rule_for(&self, request: &Request<'_>, world: &World) -> Option<&Rule> {
        self.rule_that(request, world, &|_| true)
    }

    /// The rule that covers a request and that `is_wanted` accepts, if any.
    pub fn rule_that(
        &self,
        request: &Request<'_>,
        world: &World,
        is_wanted: &dyn Fn(&Rule) -> bool,
    ) -> Option<&Rule> {
        let name = request.principal.name();
        let own = self.principals.get(name);
        let own = own.or_else(|| self.principals.get(self.pattern_of(name)?));
        let key = world.key(request.resource);
        let asks = |rule: &Rule| {
            // For a key, only rules of the key's own stack count, unless its policy delegates the request to the
            // account.
            key.is_none_or(|key| {
                rule.stack == key.origin.stack || self.is_delegated(request, world)
            }) && is_wanted(rule)
        };
        if let Some(rule) = own.and_then(|rules| rules.rule_for(request, world, &asks)) {
            return Some(rule);
        }
        // Access delegated to an account covers principals whose policies are not all in templates. Roles of the mesh
        // need rules of their own.
        let is_ours = world.knows_policies_of(request.principal.name());
        let asks = |rule: &Rule| (!is_ours || rule.access != DELEGATE) && is_wanted(rule);
        let of_account = self.of_account(request);
        let of_account = of_account.and_then(|rules| rules.rule_for(request, world, &asks));
        // A delegation to access points names no principal: its rule is for `*`.
        of_account.or_else(|| {
            let asks = |rule: &Rule| !is_ours && rule.access == DELEGATE && is_wanted(rule);
            self.principals.get("*")?.rule_for(request, world, &asks)
        })
    }

    /// Whether a principal's own policies are meant to allow a request about a resource of another account, whose own
    /// policies decide.
    pub fn reaches(
        &self,
        request: &Request<'_>,
        world: &World,
        is_wanted: &dyn Fn(&Rule) -> bool,
    ) -> bool {
        let rules = self.reaches.get(request.principal.name());
        rules.is_some_and(|rules| rules.rule_for(request, world, is_wanted).is_some())
    }

    /// Whether a request is delegated to the policies of the principal's account.
    fn is_delegated(&self, request: &Request<'_>, world: &World) -> bool {
        let asks = |rule: &Rule| rule.access == DELEGATE;
        let rules = self.of_account(request);
        rules.is_some_and(|rules| rules.rule_for(request, world, &asks).is_some())
    }

    /// The rules of the principal's account.
    fn of_account(&self, request: &Request<'_>) -> Option<&Rules> {
        let (Principal::Role { arn, .. } | Principal::User(arn)) = request.principal else {
            return None;
        };
        let account = account_of(arn)?;
        let partition = partition_of(arn).unwrap_or("aws");
        self.principals.get(&String::from(ArnParts::iam(partition, account, "root")))
    }

    /// Whether an intended denial denies the request.
    pub fn denies(&self, request: &Request<'_>, world: &World) -> bool {
        self.denials_about(request, world).any(|denial| world.fulfils(request, &denial.conditions))
    }

    /// The intended denials that cover a request, whatever their conditions.
    pub fn denials_about<'i>(
        &'i self,
        request: &'i Request<'_>,
        world: &'i World,
    ) -> impl Iterator<Item = &'i Rule> {
        let role = request.principal.name();
        let boundary = world.roles().get(role).and_then(|role| role.boundary.as_deref());
        let whom = [Some(role), boundary, Some("*")].into_iter().flatten();
        let denials = whom.filter_map(|arn| self.denials_of.get(arn)).flatten();
        denials.map(|place| &self.denials[*place].1).filter(|denial| {
            let is_about = |action: &Action| {
                *action == request.action || matches(action.lower(), request.action.lower())
            };
            denial.resources.iter().any(|pattern| matches(pattern, request.resource))
                && denial.actions.iter().any(is_about)
        })
    }
}

/// The rules of one stack's grants, each with the ARN of its principal.
pub fn rules(stack: &str, list: Vec<IntendedGrant>, tables: &Grants) -> Vec<(String, Rule)> {
    let stack: Arc<str> = stack.into();
    let mut sets: BTreeMap<String, Arc<[Action]>> = BTreeMap::new();
    let mut rules = Vec::with_capacity(list.len());
    for grant in list {
        let actions = sets.entry(grant.actions).or_insert_with_key(|digest| {
            let names = tables.action_sets.get(digest).into_iter().flatten();
            let mut actions: Vec<Action> = names.map(|name| Action::new(name)).collect();
            actions.sort_unstable();
            actions.into()
        });
        let rule = Rule {
            stack: stack.clone(),
            actions: actions.clone(),
            access: grant.access,
            target: grant.resource,
            resources: grant.resources,
            conditions: conditions(&grant.conditions),
            because: grant.because,
            principal: grant.principal,
        };
        let arn = tables.principals.get(&rule.principal).cloned().unwrap_or_default();
        rules.push((arn, rule));
    }
    rules
}

impl Rules {
    fn add(&mut self, rule: Rule) {
        let place = self.all.len();
        let mut has_patterns = false;
        for resource in &rule.resources {
            if resource.contains(['*', '?']) {
                has_patterns = true;
            } else {
                self.exact.entry(resource.clone()).or_default().push(place);
            }
        }
        if has_patterns {
            for action in rule.actions.iter() {
                self.patterns.entry(*action).or_default().push(place);
            }
        }
        self.all.push(rule);
    }

    fn rule_for(
        &self,
        request: &Request<'_>,
        world: &World,
        is_wanted: &dyn Fn(&Rule) -> bool,
    ) -> Option<&Rule> {
        // Grants name keys by alias. The request's context and the templates determine the aliases of a key.
        let aliases = aliases(request, world);
        let names = || std::iter::once(request.resource).chain(aliases.iter().map(String::as_str));
        let exact = names().filter_map(|name| self.exact.get(name)).flatten();
        let asks = |rule: &&Rule| {
            rule.actions.contains(&request.action)
                && world.fulfils(request, &rule.conditions)
                && is_wanted(rule)
        };
        let found = exact.map(|place| &self.all[*place]).find(asks);
        found.or_else(|| {
            let patterns = self.patterns.get(&request.action).into_iter().flatten();
            patterns.map(|place| &self.all[*place]).find(|rule| {
                let is_about = |pattern: &String| {
                    pattern.contains(['*', '?']) && names().any(|name| matches(pattern, name))
                };
                rule.resources.iter().any(is_about)
                    && world.fulfils(request, &rule.conditions)
                    && is_wanted(rule)
            })
        })
    }
}

/// The ARNs of the aliases of the request's key. Empty if the resource is no key.
fn aliases(request: &Request<'_>, world: &World) -> Vec<String> {
    let Some((stem, _)) = request.resource.split_once(":key/") else { return Vec::new() };
    let said = request.context.get("kms:resourcealiases").unwrap_or_default();
    let known = world.aliases_of().get(request.resource).map(Vec::as_slice).unwrap_or_default();
    said.iter().chain(known).map(|alias| format!("{stem}:{alias}")).collect()
}

/// Parses conditions in the form `Operator key value`. Values of the same operator and key are alternatives.
pub(crate) fn conditions(lines: &[String]) -> Vec<Condition> {
    let mut values: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for line in lines {
        let mut parts = line.splitn(3, ' ');
        // A line that is no condition becomes an unknown operator, which no request fulfils.
        let (operator, key) = match (parts.next(), parts.next()) {
            (Some(operator), Some(key)) => (operator, key),
            _ => (line.as_str(), line.as_str()),
        };
        values
            .entry((operator, key))
            .or_default()
            .push(parts.next().unwrap_or_default().to_owned());
    }
    values
        .into_iter()
        .map(|((operator, key), values)| Condition::new(operator, key, values))
        .collect()
}
