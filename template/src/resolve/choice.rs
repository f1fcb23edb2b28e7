//! The ways in which a template can be deployed: the possible values of its parameters and conditions.
//!
//! In templates of others these are unknown, so each way counts. A value is resolved once
//! for each combination of the variables that it depends on. Conditions are evaluated from
//! the parameters that they compare, so two conditions on one parameter are never both true
//! if they exclude each other.

use std::collections::{BTreeMap, BTreeSet};

use super::{Reading, Resolver};
use crate::intrinsic::SubPart;
use crate::{Intrinsic, Template, Value};

/// How many combinations are examined in full. If there are more, each value of each variable and each
/// branch of each `Fn::If` is examined once.
const COMBINATIONS: usize = 64;

/// The value of each variable in one way of deploying a template; `None` for an unknown text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Choice {
    variables: BTreeMap<String, Option<String>>,
    /// Conditions whose result is fixed, whatever they compare.
    forced: BTreeMap<String, bool>,
}

/// The variables that a value depends on, each with its possible values.
type Domains = BTreeMap<String, Vec<Option<String>>>;

/// The branches of `Fn::If`: for each, the conditions on the way to it with their results.
type Branches = BTreeSet<BTreeMap<String, bool>>;

impl Choice {
    /// The value of a parameter, if this choice determines it.
    pub(super) fn parameter(&self, name: &str) -> Option<&Option<String>> {
        self.variables.get(&parameter_key(name))
    }

    /// The keys of a mapping that this choice determines for a call.
    pub(super) fn entry(&self, call: &Intrinsic) -> Option<(&str, &str)> {
        self.variables.get(&key_of(call))?.as_deref()?.split_once('\n')
    }
}

/// The choices that can make a difference to a value; a single one if it depends on nothing.
pub(super) fn choices(resolver: &Resolver<'_>, value: &Value) -> Vec<Choice> {
    let mut reader = Reader {
        template: resolver.template,
        resolver,
        compared: None,
        domains: Domains::new(),
        branches: Branches::new(),
        seen: BTreeSet::new(),
    };
    reader.value(value, &BTreeMap::new());
    let Reader { domains, branches, .. } = reader;
    let combinations =
        domains.values().try_fold(1_usize, |all, domain| all.checked_mul(domain.len()));
    if combinations.is_some_and(|all| all <= COMBINATIONS) {
        return product(&domains);
    }
    let first = |(key, domain): (&String, &Vec<Option<String>>)| {
        (key.clone(), domain.first().cloned().flatten())
    };
    let base = Choice { variables: domains.iter().map(first).collect(), forced: BTreeMap::new() };
    let mut choices = vec![base.clone()];
    for (key, domain) in &domains {
        for value in domain.iter().skip(1) {
            let mut other = base.clone();
            other.variables.insert(key.clone(), value.clone());
            choices.push(other);
        }
    }
    let forced = branches.into_iter().map(|forced| Choice { forced, ..base.clone() });
    choices.extend(forced);
    choices
}

fn product(domains: &Domains) -> Vec<Choice> {
    let mut choices = vec![Choice::default()];
    for (key, domain) in domains {
        let each = choices.into_iter().flat_map(|choice| {
            domain.iter().map(move |value| {
                let mut choice = choice.clone();
                choice.variables.insert(key.clone(), value.clone());
                choice
            })
        });
        choices = each.collect();
    }
    choices
}

fn parameter_key(name: &str) -> String {
    format!("parameter {name}")
}

/// A key that distinguishes a call from calls that may have another result.
fn key_of(call: &Intrinsic) -> String {
    format!("{call:?}")
}

/// Finds the variables that a value depends on.
struct Reader<'t> {
    template: &'t Template,
    resolver: &'t Resolver<'t>,
    /// The texts that conditions compare each parameter with.
    compared: Option<BTreeMap<&'t str, BTreeSet<&'t str>>>,
    domains: Domains,
    branches: Branches,
    /// Conditions that were examined.
    seen: BTreeSet<&'t str>,
}

impl<'t> Reader<'t> {
    fn value(&mut self, value: &Value, way: &BTreeMap<String, bool>) {
        match value {
            Value::List(items) => items.iter().for_each(|item| self.value(item, way)),
            Value::Map(map) => map.iter().for_each(|(_, item)| self.value(item, way)),
            Value::Intrinsic(call) => self.call(call, way),
            _ => {}
        }
    }

    fn call(&mut self, call: &Intrinsic, way: &BTreeMap<String, bool>) {
        match call {
            Intrinsic::If { condition, then, otherwise } => {
                self.condition(condition);
                for (branch, is_true) in [(then, true), (otherwise, false)] {
                    // A branch that the conditions on the way here exclude is never taken.
                    if way.get(condition.as_ref()).is_none_or(|known| *known == is_true) {
                        let mut way = way.clone();
                        way.insert(condition.to_string(), is_true);
                        self.branches.insert(way.clone());
                        self.value(branch, &way);
                    }
                }
                return;
            }
            Intrinsic::Ref(id) => self.parameter(id.as_str()),
            Intrinsic::Sub { parts, variables } => {
                for part in parts {
                    if let SubPart::Variable(name) = part
                        && variables.get(name).is_none()
                    {
                        self.parameter(name);
                    }
                }
            }
            Intrinsic::FindInMap { map, top, second, .. } => {
                self.mapping(call, [map, top, second]);
            }
            _ => {}
        }
        call.arguments(&mut |argument| self.value(argument, way));
    }

    fn parameter(&mut self, name: &str) {
        let Some(parameter) = self.template.parameters.get(name) else { return };
        let key = parameter_key(name);
        if self.domains.contains_key(&key) {
            return;
        }
        let attribute = |attribute| parameter.attributes.get(attribute);
        let allowed = attribute("AllowedValues").and_then(Value::as_list).unwrap_or_default();
        let mut domain: Vec<Option<String>> = allowed.iter().map(literal).collect();
        if domain.is_empty() {
            let default = attribute("Default").map(literal);
            let compared = self.compared().get(name).into_iter().flatten();
            let compared: Vec<_> = compared.map(|text| Some((*text).to_owned())).collect();
            let is_compared = !compared.is_empty();
            domain.extend(default);
            domain.extend(compared);
            // Other values are possible as well. A parameter with only a default is assumed to have it.
            if is_compared || domain.is_empty() {
                domain.push(None);
            }
        }
        let mut seen = BTreeSet::new();
        domain.retain(|value| seen.insert(value.clone()));
        if domain.len() > 1 {
            self.domains.insert(key, domain);
        }
    }

    fn condition(&mut self, name: &str) {
        let Some((name, condition)) = self.template.conditions.get_key_value(name) else {
            let both = [Some("true".to_owned()), Some("false".to_owned())];
            self.domains.insert(format!("condition {name}"), both.into());
            return;
        };
        if self.seen.insert(name) {
            self.expression(condition);
        }
    }

    fn expression(&mut self, value: &Value) {
        match value.as_intrinsic() {
            Some(Intrinsic::Condition(name)) => self.condition(name),
            Some(Intrinsic::And(items) | Intrinsic::Or(items)) => {
                for item in items {
                    self.expression(item);
                }
            }
            Some(Intrinsic::Not(item)) => self.expression(item),
            Some(Intrinsic::Equals(left, right)) if self.resolver.is_plain(left, right) => {
                for side in [left, right] {
                    if let Some(Intrinsic::Ref(id)) = side.as_intrinsic() {
                        self.parameter(id.as_str());
                    }
                }
            }
            Some(call) => self.open(call),
            None => {}
        }
    }

    /// Adds an expression whose result is unknown: both results are possible.
    fn open(&mut self, call: &Intrinsic) {
        let both = [Some("true".to_owned()), Some("false".to_owned())];
        self.domains.insert(key_of(call), both.into());
    }

    fn mapping(&mut self, call: &Intrinsic, [map, top, second]: [&Value; 3]) {
        let resolver = self.resolver;
        let (top, second) = (resolver.told(top), resolver.told(second));
        if top.is_some() && second.is_some() {
            return;
        }
        let tops = map.as_text().and_then(|map| self.template.mappings.get(map)?.as_map());
        let tops = tops.into_iter().flat_map(super::super::value::Map::iter);
        let tops = tops.filter(|(name, _)| top.as_deref().is_none_or(|top| top == name.as_ref()));
        let mut domain = Vec::new();
        for (name, entries) in tops {
            let entries = entries.as_map().into_iter().flat_map(super::super::value::Map::iter);
            let wanted = entries.filter(|(entry, _)| {
                second.as_deref().is_none_or(|second| second == entry.as_ref())
            });
            domain.extend(wanted.map(|(entry, _)| Some(format!("{name}\n{entry}"))));
        }
        if !domain.is_empty() {
            self.domains.insert(key_of(call), domain);
        }
    }

    fn compared(&mut self) -> &BTreeMap<&'t str, BTreeSet<&'t str>> {
        let template = self.template;
        self.compared.get_or_insert_with(|| {
            let mut compared: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            let mut visit = |value: &'t Value| {
                if let Some(Intrinsic::Equals(left, right)) = value.as_intrinsic() {
                    for (one, other) in [(left, right), (right, left)] {
                        if let (Some(Intrinsic::Ref(id)), Some(text)) =
                            (one.as_intrinsic(), other.as_text())
                        {
                            compared.entry(id.as_str()).or_default().insert(text);
                        }
                    }
                }
            };
            template.conditions.values().for_each(|condition| condition.walk(&mut visit));
            compared
        })
    }
}

/// A value of a parameter as text.
fn literal(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) | Value::Decimal(text) => Some(text.to_string()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Intrinsic(_) => None,
    }
}

impl Resolver<'_> {
    /// A literal text, or the value of a pseudo parameter if it is specified. Source: "Pseudo parameters
    /// reference" in the CloudFormation template reference: they have the values of the account and the region
    /// that the stack is created in.
    fn told(&self, value: &Value) -> Option<String> {
        match (value.as_intrinsic(), &self.reading) {
            (None, _) => value.as_text().map(str::to_owned),
            (Some(Intrinsic::Ref(id)), Reading::Open { scope, others, .. }) => {
                let is_told = others.is_told(scope, id.as_str());
                if is_told { self.reference(id).ok() } else { None }
            }
            (Some(_), _) => None,
        }
    }

    /// Whether an equation compares only texts, parameters and specified pseudo parameters, so
    /// that their values decide it.
    fn is_plain(&self, left: &Value, right: &Value) -> bool {
        let is_known = |value: &Value| match value.as_intrinsic() {
            Some(Intrinsic::Ref(id)) => {
                self.template.parameters.contains_key(id.as_str()) || self.told(value).is_some()
            }
            _ => false,
        };
        match (left.as_intrinsic(), right.as_intrinsic()) {
            (None, None) => true,
            (None, Some(_)) => is_known(right),
            (Some(_), None) => is_known(left),
            (Some(_), Some(_)) => false,
        }
    }

    /// Whether a condition is true under a choice.
    pub(super) fn is_true(&self, choice: &Choice, name: &str) -> bool {
        if let Some(forced) = choice.forced.get(name) {
            return *forced;
        }
        match self.template.conditions.get(name) {
            Some(condition) => self.holds(choice, condition, &mut vec![name]),
            None => chosen(choice, &format!("condition {name}")),
        }
    }

    /// Whether an expression is true; `within` are the conditions that contain it.
    fn holds<'n>(&'n self, choice: &Choice, value: &'n Value, within: &mut Vec<&'n str>) -> bool {
        match value.as_intrinsic() {
            Some(Intrinsic::Condition(name)) => {
                if let Some(forced) = choice.forced.get(name.as_ref()) {
                    return *forced;
                }
                let Some(condition) = self.template.conditions.get(name) else {
                    return chosen(choice, &format!("condition {name}"));
                };
                // CloudFormation rejects a condition that refers to itself.
                if within.contains(&name.as_ref()) {
                    return true;
                }
                within.push(name);
                let holds = self.holds(choice, condition, within);
                within.pop();
                holds
            }
            Some(Intrinsic::And(items)) => {
                items.iter().all(|item| self.holds(choice, item, within))
            }
            Some(Intrinsic::Or(items)) => items.iter().any(|item| self.holds(choice, item, within)),
            Some(Intrinsic::Not(item)) => !self.holds(choice, item, within),
            Some(call @ Intrinsic::Equals(left, right)) => {
                if self.is_plain(left, right) {
                    self.compared_text(choice, left) == self.compared_text(choice, right)
                } else {
                    chosen(choice, &key_of(call))
                }
            }
            Some(call) => chosen(choice, &key_of(call)),
            None => true,
        }
    }

    /// The value that the enclosing stack passes for a parameter, if it is known. If it is unknown, each value counts.
    fn given(&self, name: &str) -> Option<&Option<String>> {
        let Reading::Open { scope, others, .. } = &self.reading else { return None };
        others.parameter(scope, name).filter(|given| given.is_some())
    }

    /// One side of an equation. An unknown value equals nothing.
    fn compared_text(&self, choice: &Choice, value: &Value) -> Option<String> {
        match value.as_intrinsic() {
            Some(Intrinsic::Ref(id)) => {
                if let Some(told) = self.told(value) {
                    Some(told)
                } else if let Some(chosen) =
                    self.given(id.as_str()).or(choice.parameter(id.as_str()))
                {
                    chosen.clone()
                } else {
                    let parameter = self.template.parameters.get(id.as_str());
                    literal(parameter?.attributes.get("Default")?)
                }
            }
            _ => literal(value),
        }
    }
}

fn chosen(choice: &Choice, key: &str) -> bool {
    choice.variables.get(key).is_none_or(|value| value.as_deref() == Some("true"))
}

#[cfg(test)]
mod tests;
