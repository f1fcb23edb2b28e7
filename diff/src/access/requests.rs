//! The requests that an element of a policy is about, divided so that both sides decide all requests of a cell alike.
//!
//! A cell is one class of actions (the same statements name them), one region of resources (the same patterns match
//! them) and one combination of values of condition keys (the same conditions hold). One request decides a cell.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::action::Action;
use lakewright_access::document::{Condition, Document, PrincipalEntry, Statement};
use lakewright_access::pattern;
use lakewright_access::request::{Context, Principal, Request, account_of, is_told, partition_of};
use lakewright_access::sample::{actions_of, is_derived, variables};
use lakewright_access::world::World;
use lakewright_template::Region;
use lakewright_template::arn::{ArnParts, ArnPattern};
use lakewright_template::resolve::UNKNOWN;

use super::answers::{Difference, Worlds};
use super::elements::Element;
use super::index::Index;
use crate::language::Limit;

/// The largest number of combinations of values of condition keys in one cell.
const MOST_CONTEXTS: usize = 1_024;

/// The condition key for the aliases of a KMS key.
const ALIASES: &str = "kms:resourcealiases";

/// A value of a variable that the requester determines.
const VALUE: &str = "any-value";

/// Why requests are not compared although no difference was found.
const OPEN: &str = "the values of its conditions are known only at deployment or at the request";

/// The contexts of a cell.
struct Contexts {
    all: Vec<Context>,
    /// Whether they may not tell the conditions of the changed statement apart.
    is_open: bool,
}

/// A principal, and whom it stands for in findings: a made-up role stands for its whole account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Whom {
    pub(super) principal: Principal,
    pub(super) shown: String,
}

/// Requests that the sides decide differently, or that cannot be compared.
#[derive(Debug, Clone)]
pub(super) struct Found<'w> {
    pub(super) actions: BTreeSet<Action>,
    /// The pattern of the resources.
    pub(super) resource: String,
    /// The resource of the witness.
    pub(super) witness: String,
    pub(super) context: Context,
    pub(super) difference: Difference<'w>,
}

/// Asks both sides about everything that an element covers.
pub(super) fn ask<'w>(
    worlds: &Worlds<'w>,
    index: &Index<'_>,
    whom: &Whom,
    element: &Element,
    resource: &str,
) -> Vec<Found<'w>> {
    let actions = actions_of(&element.statement);
    // Variables may have any value.
    let pattern = pattern::of_form(&resource.replace(UNKNOWN, "*"));
    let service = ArnPattern::of(&pattern).service;
    let is_form = service.is_none_or(|service| service.contains(['*', '?']));
    let cells = Cells { worlds, index, principal: &whom.principal, element, resource, is_form };
    let mut found = Vec::new();
    if service.is_some_and(|service| !service.contains(['*', '?'])) {
        cells.ask(&pattern, &actions, &mut found);
        return found;
    }
    for (pattern, actions) in cells.by_form(&actions, true) {
        cells.ask(&pattern, &actions, &mut found);
    }
    // Other accounts and regions count as far as the principal's own ones do not show the same.
    let mut elsewhere = Vec::new();
    for (pattern, actions) in cells.by_form(&actions, false) {
        cells.ask(&pattern, &actions, &mut elsewhere);
    }
    let shown: BTreeSet<u8> = found.iter().map(|one| one.difference.kind()).collect();
    found.extend(elsewhere.into_iter().filter(|one| !shown.contains(&one.difference.kind())));
    found
}

struct Cells<'a, 'w> {
    worlds: &'a Worlds<'w>,
    index: &'a Index<'a>,
    principal: &'a Principal,
    element: &'a Element,
    /// The element's pattern of resources.
    resource: &'a str,
    /// Whether the resources are the forms of ARNs that the actions take, so that these divide nothing.
    is_form: bool,
}

impl<'w> Cells<'_, 'w> {
    /// The actions by the forms of ARNs that they take, for patterns of resources of any service.
    fn by_form(&self, actions: &[Action], is_own: bool) -> BTreeMap<String, Vec<Action>> {
        let mut grouped: BTreeMap<String, Vec<Action>> = BTreeMap::new();
        for action in actions {
            let mut forms: BTreeSet<String> = BTreeSet::new();
            for form in action.forms().unwrap_or_default() {
                forms.insert(self.placed(&form.arn, is_own));
            }
            if forms.is_empty() {
                forms.insert("*".to_owned());
            }
            // The resources of a service that the catalogue lacks are not known.
            if action.forms().is_none() && !action.is_unknown() {
                forms.insert(self.placed(&format!("arn:*:{}:*:*:*", action.service()), is_own));
            }
            for form in forms {
                grouped.entry(form).or_default().push(*action);
            }
        }
        grouped
    }

    /// The form of an ARN in the principal's partition and, if `is_own`, in its account and region.
    fn placed(&self, form: &str, is_own: bool) -> String {
        let name = self.principal.name();
        let partition = partition_of(name).unwrap_or("aws");
        let account = account_of(name).filter(|_| is_own).unwrap_or("*");
        let region = self.worlds.region_of(name).filter(|_| is_own);
        let region = region.as_ref().map_or("*", Region::as_str);
        let mut fields: Vec<&str> = form.splitn(6, ':').collect();
        if let [_, of_partition, _, of_region, of_account, _] = fields.as_mut_slice() {
            for (field, value) in
                [(of_partition, partition), (of_region, region), (of_account, account)]
            {
                if *field == "*" {
                    *field = value;
                }
            }
        }
        fields.join(":")
    }

    fn ask(&self, pattern: &str, actions: &[Action], found: &mut Vec<Found<'w>>) {
        let Some(first) = actions.first() else { return };
        let atoms = if pattern == "*" || !pattern.contains(['*', '?']) {
            vec![pattern.to_owned()]
        } else {
            let patterns = self.patterns(pattern, actions);
            match self.index.divided.witnesses(pattern, &patterns) {
                Ok(witnesses) => witnesses.to_vec(),
                Err(limit) => {
                    found.push(self.undecided(*first, pattern, limit.reason()));
                    return;
                }
            }
        };
        for witness in atoms {
            let can_be_about = |action: &&Action| witness == "*" || action.about(&witness).is_ok();
            let actions: Vec<Action> = actions.iter().filter(can_be_about).copied().collect();
            self.ask_about(&witness, &actions, found);
        }
    }

    fn undecided(&self, action: Action, witness: &str, reason: &'static str) -> Found<'w> {
        Found {
            actions: BTreeSet::from([action]),
            resource: self.resource.to_owned(),
            witness: witness.to_owned(),
            context: Context::new(),
            difference: Difference::Undecided { reason, answers: None, statements: Vec::new() },
        }
    }

    /// The patterns that tell resources apart: of the principal's policies, of the resources that the pattern may name,
    /// and of their policies.
    fn patterns(&self, pattern: &str, actions: &[Action]) -> BTreeSet<String> {
        let mut patterns = BTreeSet::new();
        let mut resources = vec![pattern.to_owned()];
        for arn in self.index.overlapping(pattern, |arn| self.is_let_in(arn)) {
            patterns.insert(arn.to_owned());
            patterns.insert(format!("{arn}/*"));
            resources.push(arn.to_owned());
        }
        let context = Context::new();
        let asked = representatives(actions);
        let pairs = resources.iter().flat_map(|one| asked.iter().map(move |it| (one, it)));
        for (resource, action) in pairs {
            let request =
                Request { principal: self.principal, action: *action, resource, context: &context };
            for world in self.worlds.both() {
                for document in world.documents(&request) {
                    for statement in &document.statements {
                        if !actions.iter().any(|action| statement.is_of(*action)) {
                            continue;
                        }
                        for text in &statement.resources {
                            let filled = self.filled(text, &request);
                            let with_values = Request { context: &filled, ..request.clone() };
                            patterns.insert(plain(world, document, text, &request));
                            patterns.insert(plain(world, document, text, &with_values));
                        }
                    }
                }
            }
        }
        if !self.is_form {
            for form in actions.iter().filter_map(|action| action.forms()).flatten() {
                patterns.insert(form.arn.clone());
            }
        }
        let behind: Vec<String> = resources
            .iter()
            .flat_map(|point| patterns.iter().filter_map(|text| self.at_point(point, text)))
            .collect();
        patterns.extend(behind);
        patterns
    }

    /// The pattern of the objects at an access point for a pattern of objects in its bucket, whose policy decides on them
    /// as well.
    fn at_point(&self, point: &str, pattern: &str) -> Option<String> {
        let known = self.worlds.both().find_map(|world| world.access_points().get(point))?;
        let partition = partition_of(point).unwrap_or("aws");
        let bucket = String::from(ArnParts::s3(partition, &known.bucket));
        let key = pattern.strip_prefix(&bucket)?.strip_prefix('/')?;
        Some(format!("{point}/object/{key}"))
    }

    fn ask_about(&self, witness: &str, actions: &[Action], found: &mut Vec<Found<'w>>) {
        let Some(first) = actions.first() else { return };
        let nothing = Context::new();
        let request = Request {
            principal: self.principal,
            action: *first,
            resource: witness,
            context: &nothing,
        };
        let mut relevant: Vec<(&World, &Document, &Statement)> = Vec::new();
        for action in representatives(actions) {
            let request = Request { action, ..request.clone() };
            for world in self.worlds.both() {
                for document in world.documents(&request) {
                    let statements = document.statements.iter();
                    let about = statements.filter(|statement| may_be_about(statement, &request));
                    relevant.extend(about.map(|statement| (world, document, statement)));
                }
            }
        }
        let mut classes: BTreeMap<(Vec<bool>, String), Vec<Action>> = BTreeMap::new();
        for action in actions {
            let named = relevant.iter().map(|(_, _, statement)| statement.is_of(*action)).collect();
            classes.entry((named, nature(*action))).or_default().push(*action);
        }
        for actions in classes.into_values() {
            let Some(action) = actions.first().copied() else { continue };
            let request = Request { action, ..request.clone() };
            let contexts = match self.contexts(&relevant, &request) {
                Ok(contexts) => contexts,
                Err(reason) => {
                    found.push(Found {
                        actions: actions.into_iter().collect(),
                        ..self.undecided(action, witness, reason)
                    });
                    continue;
                }
            };
            let known = found.len();
            self.decide(&actions, witness, &contexts.all, found);
            if contexts.is_open && found.len() == known {
                found.push(Found {
                    actions: actions.into_iter().collect(),
                    ..self.undecided(action, witness, OPEN)
                });
            }
        }
    }

    fn decide(
        &self,
        actions: &[Action],
        witness: &str,
        contexts: &[Context],
        found: &mut Vec<Found<'w>>,
    ) {
        let Some(action) = actions.first().copied() else { return };
        let mut seen = BTreeSet::new();
        let keys = contexts.iter().map(|context| context.iter().count()).max().unwrap_or(0);
        for context in contexts {
            let request = Request { principal: self.principal, action, resource: witness, context };
            let Some(difference) = self.worlds.compare(&request) else { continue };
            // Another context has the key, if one that every request carries is what makes it unknown.
            let is_partial = context.iter().count() < keys;
            if is_partial && matches!(difference, Difference::Undecided { .. }) {
                continue;
            }
            // Of the contexts that the same statements decide in the same way, the first one is shown.
            if seen.insert(difference.key()) {
                found.push(Found {
                    actions: actions.iter().copied().collect(),
                    resource: self.resource.to_owned(),
                    witness: witness.to_owned(),
                    context: context.clone(),
                    difference,
                });
            }
        }
    }

    /// One context for each combination of values that the conditions tell apart, those with few keys first.
    fn contexts(
        &self,
        relevant: &[(&World, &Document, &Statement)],
        request: &Request<'_>,
    ) -> Result<Contexts, &'static str> {
        let (by_key, variables) = self.conditions(relevant, request);
        let mut contexts = Contexts { all: vec![Context::new()], is_open: false };
        for (key, conditions) in by_key {
            let candidates = self.index.divided.candidates(key.clone(), conditions);
            let candidates = candidates.map_err(Limit::reason)?;
            let (mut values, is_open) = (candidates.values.clone(), candidates.is_open);
            if key == ALIASES {
                values.retain(|values| !self.has_other_owner(values.as_deref(), request.resource));
            }
            for value in variables.get(&key).into_iter().flatten() {
                let value = Some(vec![value.clone()]);
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            contexts.is_open |=
                is_open && self.element.statement.conditions.iter().any(|one| one.key == key);
            if contexts.all.len() * values.len() > MOST_CONTEXTS {
                return Err("its conditions have more combinations of values than are compared");
            }
            let with = |values: &Option<Vec<String>>| {
                let one = |context: &Context| match values {
                    Some(values) => context.clone().with(&key, values.iter().map(String::as_str)),
                    None => context.clone(),
                };
                contexts.all.iter().map(one).collect::<Vec<_>>()
            };
            contexts.all = values.iter().flat_map(with).collect();
        }
        contexts.all.sort_by_key(|context| context.iter().count());
        Ok(contexts)
    }

    /// Whether a key that no template makes is given the alias of one that a template makes: an alias has one key.
    fn has_other_owner(&self, aliases: Option<&[String]>, resource: &str) -> bool {
        let Some((stem, _)) = resource.split_once(":key/") else { return false };
        aliases.into_iter().flatten().any(|alias| {
            let arn = format!("{stem}:{alias}");
            self.worlds.both().any(|world| world.aliases().contains_key(&arn))
        })
    }

    /// The conditions of statements on an action by their keys, with variables replaced, and the values to try for the keys
    /// that are variables.
    fn conditions(
        &self,
        relevant: &[(&World, &Document, &Statement)],
        request: &Request<'_>,
    ) -> (BTreeMap<String, Vec<Condition>>, BTreeMap<String, BTreeSet<String>>) {
        let mut by_key: BTreeMap<String, Vec<Condition>> = BTreeMap::new();
        let mut all_variables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let of_action = relevant.iter().filter(|(.., statement)| statement.is_of(request.action));
        for (world, document, statement) in of_action {
            let values = statement.conditions.iter().flat_map(|condition| &condition.values);
            let texts = statement.resources.iter().chain(values);
            for text in texts.filter(|_| document.has_variables) {
                for key in self.free_variables(text, request) {
                    let fitting = fitting(text, &key, request.resource);
                    let values = all_variables.entry(key).or_default();
                    values.insert(VALUE.to_owned());
                    values.extend(fitting);
                }
            }
            for condition in &statement.conditions {
                if !self.is_free(&condition.key, request) {
                    continue;
                }
                let filled = self.filled(&condition.values.join(" "), request);
                let with_values = Request { context: &filled, ..request.clone() };
                for request in [request, &with_values] {
                    let values = condition.values.iter();
                    let values = values.map(|text| plain_value(world, document, text, request));
                    let condition = Condition { values: values.collect(), ..condition.clone() };
                    let of_key = by_key.entry(condition.key.clone()).or_default();
                    if !of_key.contains(&condition) {
                        of_key.push(condition);
                    }
                }
            }
        }
        for key in all_variables.keys() {
            by_key.entry(key.clone()).or_default();
        }
        (by_key, all_variables)
    }

    /// A context with a value for each variable of a text that the requester determines.
    fn filled(&self, text: &str, request: &Request<'_>) -> Context {
        let mut context = Context::new();
        for key in self.free_variables(text, request) {
            context.set(&key, [VALUE]);
        }
        context
    }

    fn free_variables(&self, text: &str, request: &Request<'_>) -> Vec<String> {
        variables(text).into_iter().filter(|key| self.is_free(key, request)).collect()
    }

    /// Whether the requester, or somebody outside of the templates, determines the value of a key.
    fn is_free(&self, key: &str, request: &Request<'_>) -> bool {
        if key.starts_with("aws:principaltag/") {
            // The tags of a role that no template contains.
            let is_known = |world: &World| world.roles().contains_key(self.principal.name());
            return self.principal.account().is_some() && !self.worlds.both().any(is_known);
        }
        let is_of_resource = is_told(key) && !key.starts_with("aws:principal");
        if is_of_resource {
            return !self.worlds.both().any(|world| world.target(request).tags.is_some());
        }
        if key == "aws:resourceaccount" {
            // Somebody else may own a bucket that no template contains.
            return account_of(request.resource).is_none()
                && !self.worlds.both().any(|world| world.knows_bucket(request.resource));
        }
        !is_derived(key) && !is_told(key)
    }

    /// Whether the policy of a resource allows the principal something by itself.
    fn is_let_in(&self, arn: &str) -> bool {
        let names = |entry: &PrincipalEntry| match entry {
            PrincipalEntry::Everyone => true,
            PrincipalEntry::Arn(name) => name == self.principal.name() || name.contains(":sts:"),
            PrincipalEntry::Account(account) => {
                self.principal.account() == Some(account) && account_of(arn) != Some(account)
            }
            PrincipalEntry::Service(name)
            | PrincipalEntry::Federated(name)
            | PrincipalEntry::CanonicalUser(name) => name == self.principal.name(),
        };
        self.worlds.both().any(|world| {
            let policy = world.resources().get(arn).and_then(|resource| resource.policy.as_ref());
            let statements = policy.into_iter().flat_map(|policy| &policy.statements);
            statements.filter(|statement| statement.is_allow).any(|statement| {
                let principals = statement.principals.as_ref();
                principals.is_some_and(|one| one.is_not || one.entries.iter().any(names))
            })
        })
    }
}

/// Actions that have all documents between them: a role's trust policy counts only for some actions of STS.
fn representatives(actions: &[Action]) -> Vec<Action> {
    let is_of_trust = |action: &&Action| {
        let name = action.lower();
        name.starts_with("sts:assumerole")
            || ["sts:setsourceidentity", "sts:tagsession"].contains(&name)
    };
    let of_trust = actions.iter().find(is_of_trust);
    let other = actions.iter().find(|action| !is_of_trust(action));
    other.into_iter().chain(of_trust).copied().collect()
}

/// The value of a variable with which a pattern matches a resource.
fn fitting(text: &str, key: &str, resource: &str) -> Option<String> {
    let (before, rest) = text.split_once("${")?;
    let (variable, after) = rest.split_once('}')?;
    let name = variable.split(',').next().unwrap_or(variable).trim();
    if before.contains(['*', '?']) || !name.eq_ignore_ascii_case(key) {
        return None;
    }
    let value = resource.strip_prefix(before)?;
    let literal = &after[..after.find(['*', '?', '$']).unwrap_or(after.len())];
    let end = if literal.is_empty() { value.len() } else { value.find(literal)? };
    Some(value[..end].to_owned()).filter(|value| !value.is_empty())
}

/// What sets an action apart in the evaluation, besides the statements that name it.
fn nature(action: Action) -> String {
    let name = action.lower();
    if action.service() == "sts" || action.is_permission() {
        return name.to_owned();
    }
    format!("{:?}", action.needs())
}

/// A pattern without variables: those that have a value are replaced, others match anything.
fn plain(world: &World, document: &Document, text: &str, request: &Request<'_>) -> String {
    let text = text.replace(UNKNOWN, "*");
    if !document.has_variables || !text.contains("${") {
        return text;
    }
    world.expanded(&text, request).unwrap_or_else(|| pattern::of_form(&text))
}

fn plain_value(world: &World, document: &Document, text: &str, request: &Request<'_>) -> String {
    if !document.has_variables || !text.contains("${") {
        return text.to_owned();
    }
    world.expanded(text, request).unwrap_or_else(|| text.to_owned())
}

/// Whether a statement may be about the resource of a request, with any values of variables.
fn may_be_about(statement: &Statement, request: &Request<'_>) -> bool {
    statement.not_resources
        || statement.resources.is_empty()
        || request.resource == "*"
        || statement.resources.iter().any(|text| {
            pattern::matches(&pattern::of_form(&text.replace(UNKNOWN, "*")), request.resource)
        })
        // A bucket's policy is asked as well about requests through its access points.
        || request.resource.contains(":accesspoint/")
}
