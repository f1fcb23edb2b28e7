//! The values that the stacks of a folder take from each other: exports, outputs, and the parameters of nested stacks.
//!
//! Sources: "Fn::ImportValue", "Fn::GetStackOutput" and "Outputs" in the CloudFormation template reference (names of
//! exports are unique within an account and a region), and "Embed stacks within other stacks using nested stacks" in
//! the CloudFormation user guide.

use std::collections::BTreeMap;

use super::{Place, Resolved, Resolver, UNKNOWN};
use crate::arn::ArnParts;
use crate::{Map, Template, Value};

/// A stack of a folder.
#[derive(Debug, Clone, Copy)]
pub struct Neighbour<'a> {
    /// A text that distinguishes the stack from the others, as in [`Resolver::open`].
    pub scope: &'a str,
    /// Where it is deployed.
    pub place: &'a Place,
    /// The template.
    pub template: &'a Template,
    /// The stack's name, if it is known from outside the template.
    pub name: Option<&'a str>,
    /// The scopes of the nested stacks whose templates are in the folder, by logical id.
    pub nested: &'a BTreeMap<String, String>,
    /// The pseudo parameters whose values are specified, such as `AWS::Region`. For the others
    /// the place is an assumption.
    pub told: &'a [&'static str],
}

/// A value; `None` if it is unknown.
type Known = Option<String>;

/// The values that the stacks of a folder take from each other. A value that is not listed is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Others {
    /// The names of stacks, by scope.
    names: BTreeMap<String, String>,
    /// The pseudo parameters of each stack whose values are specified, by scope.
    told: BTreeMap<String, Vec<&'static str>>,
    /// The scopes of nested stacks, by the scope of the enclosing stack and their logical id.
    nested: BTreeMap<(String, String), String>,
    /// Exports by account, region and name.
    exports: BTreeMap<[String; 3], Known>,
    /// Outputs by account, region, the stack's name and the output's name.
    outputs: BTreeMap<[String; 4], Known>,
    /// Outputs by the stack's scope and the output's name.
    own_outputs: BTreeMap<(String, String), Known>,
    /// Parameters of nested stacks, by scope and name.
    parameters: BTreeMap<(String, String), Known>,
}

/// How many rounds resolve values: a stack can take a value from another stack, which takes it from a third.
const ROUNDS: usize = 16;

impl Others {
    /// Resolves the values that the stacks of a folder take from each other.
    pub fn of(stacks: &[Neighbour<'_>]) -> Self {
        let mut known = Self::default();
        for stack in stacks {
            if let Some(name) = stack.name {
                known.names.insert(stack.scope.to_owned(), name.to_owned());
            }
            known.told.insert(stack.scope.to_owned(), stack.told.to_vec());
            for (id, scope) in stack.nested {
                known.nested.insert((stack.scope.to_owned(), id.clone()), scope.clone());
            }
        }
        for _ in 0..ROUNDS {
            let next = known.next(stacks);
            if next == known {
                return known;
            }
            known = next;
        }
        // Values that refer to each other in a cycle never settle, and none of their stacks could be deployed first.
        let next = known.next(stacks);
        only_same(&mut known.exports, &next.exports);
        only_same(&mut known.outputs, &next.outputs);
        only_same(&mut known.own_outputs, &next.own_outputs);
        only_same(&mut known.parameters, &next.parameters);
        known
    }

    /// One more round of resolution.
    fn next(&self, stacks: &[Neighbour<'_>]) -> Self {
        let (names, nested) = (self.names.clone(), self.nested.clone());
        let mut next = Self { names, nested, told: self.told.clone(), ..Self::default() };
        for stack in stacks {
            let Place { account, region } = stack.place;
            let resolver = Resolver::open(stack.template, stack.place, stack.scope, self);
            for (output, item) in &stack.template.outputs {
                let value = sole(&resolver, &item.value);
                let own = (stack.scope.to_owned(), output.to_string());
                put(&mut next.own_outputs, own, value.clone());
                if let Some(name) = stack.name {
                    let key = [account.as_str(), region, name, output].map(str::to_owned);
                    put(&mut next.outputs, key, value.clone());
                }
                if let Some(name) = item.export.as_ref().and_then(|name| sole(&resolver, name)) {
                    put(&mut next.exports, [account.to_string(), region.to_string(), name], value);
                }
            }
            for (id, scope) in stack.nested {
                let child = stacks.iter().find(|child| child.scope == scope);
                let Some(child) = child else { continue };
                let resource = stack.template.resources.iter().find(|(own, _)| own.as_str() == id);
                let given =
                    resource.and_then(|(_, resource)| resource.properties.get("Parameters"));
                for name in child.template.parameters.keys() {
                    let value = match given {
                        Some(Value::Map(given)) => match given.get(name) {
                            Some(value) => sole(&resolver, value),
                            None => default_of(child.template, name),
                        },
                        // It is unknown which parameters are passed.
                        Some(_) => None,
                        None => default_of(child.template, name),
                    };
                    put(&mut next.parameters, (scope.clone(), name.to_string()), value);
                }
            }
        }
        next
    }

    /// Whether the template of a nested stack is in the folder.
    pub fn knows_nested(&self, scope: &str, id: &str) -> bool {
        self.nested.contains_key(&(scope.to_owned(), id.to_owned()))
    }

    /// The name of a stack, if it is known.
    pub(super) fn name(&self, scope: &str) -> Option<&str> {
        self.names.get(scope).map(String::as_str)
    }

    /// Whether the value of a pseudo parameter is specified.
    pub(super) fn is_told(&self, scope: &str, pseudo: &str) -> bool {
        self.told.get(scope).is_some_and(|told| told.contains(&pseudo))
    }

    /// The parameter of a nested stack; `None` if the stack is not nested in another one.
    pub(super) fn parameter(&self, scope: &str, name: &str) -> Option<&Known> {
        self.parameters.get(&(scope.to_owned(), name.to_owned()))
    }

    /// An output of a nested stack.
    pub(super) fn nested_output(&self, scope: &str, id: &str, output: &str) -> Option<String> {
        let child = self.nested.get(&(scope.to_owned(), id.to_owned()))?;
        self.own_outputs.get(&(child.clone(), output.to_owned()))?.clone()
    }

    /// A value that another stack exports.
    pub(super) fn export(&self, place: &Place, name: &str) -> Option<String> {
        let key = [place.account.as_str(), &place.region, name].map(str::to_owned);
        self.exports.get(&key)?.clone()
    }

    /// An output of another stack, without an export.
    pub(super) fn output(&self, resolver: &Resolver<'_>, call: &Map) -> Option<String> {
        let text = |key: &str| {
            let text = call.get(key).map(|value| resolver.text(value));
            text.map(|text| text.unwrap_or_else(|_| UNKNOWN.to_owned()))
        };
        let (stack, output) = (text("StackName")?, text("OutputName")?);
        let region = text("Region").unwrap_or_else(|| resolver.place.region.to_string());
        // The role that reads the output is in the account of the stack.
        let account = match text("RoleArn") {
            Some(role) => ArnParts::parse(&role)?.account.to_owned(),
            None => resolver.place.account.to_string(),
        };
        self.outputs.get(&[account, region, stack, output])?.clone()
    }
}

/// Stores a value. Two different values for one key make it unknown.
fn put<K: Ord>(values: &mut BTreeMap<K, Known>, key: K, value: Known) {
    let is_other = values.get(&key).is_some_and(|known| *known != value);
    values.insert(key, if is_other { None } else { value });
}

/// Marks the values as unknown that differ from those of `others`.
fn only_same<K: Ord>(values: &mut BTreeMap<K, Known>, others: &BTreeMap<K, Known>) {
    for (key, value) in values {
        if others.get(key) != Some(&*value) {
            *value = None;
        }
    }
}

/// The text of a value, if it is the same in every way to deploy the template and completely known.
fn sole(resolver: &Resolver<'_>, value: &Value) -> Known {
    let alternatives = resolver.alternatives(value);
    let [Some(one)] = alternatives.as_slice() else { return None };
    let text = match one {
        Resolved::Text(text) => text.to_string(),
        Resolved::Number(number) => number.to_string(),
        Resolved::Bool(value) => value.to_string(),
        Resolved::Null | Resolved::List(_) | Resolved::Map(_) => return None,
    };
    (!text.contains(UNKNOWN)).then_some(text)
}

/// The default of a parameter.
fn default_of(template: &Template, name: &str) -> Known {
    match template.parameters.get(name)?.attributes.get("Default")? {
        Value::Text(text) | Value::Decimal(text) => Some(text.to_string()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Intrinsic(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

    fn place(region: &str) -> Place {
        Place::parse("111122223333", region).expect("a place")
    }

    fn stack<'a>(
        scope: &'a str,
        place: &'a Place,
        template: &'a Template,
        nested: &'a BTreeMap<String, String>,
    ) -> Neighbour<'a> {
        Neighbour { scope, place, template, name: Some(scope), nested, told: &[] }
    }

    fn value(template: &Template, place: &Place, scope: &str, others: &Others) -> String {
        let resolver = Resolver::open(template, place, scope, others);
        let found = resolver.resolve(template.metadata.get("v").expect("a value"));
        found.expect("no error").expect("a value").text()
    }

    /// Source: "Fn::ImportValue" and "Fn::GetStackOutput" in the CloudFormation template reference: exports are found
    /// in the same account and region, outputs in the named region.
    #[test]
    fn exports_are_of_the_same_account_and_region() {
        let nothing = BTreeMap::new();
        let gives = "Resources: {}\nOutputs:\n  B: {Value: data, Export: {Name: !Sub '${AWS::StackName}-b'}}\n";
        let takes = |value: &str| format!("Metadata: {{v: {value}}}\nResources: {{}}\n");
        let gives = read::template(gives).expect("a template");
        let (here, away) = (place("eu-west-1"), place("us-east-1"));
        let others = Others::of(&[stack("net", &here, &gives, &nothing)]);
        let output = "{'Fn::GetStackOutput': {StackName: net, OutputName: B, Region: eu-west-1}}";
        for (call, at, expected) in [
            ("!ImportValue net-b", &here, "data"),
            ("!ImportValue {'Fn::Join': ['-', [net, b]]}", &here, "data"),
            ("!Sub ['a/${x}', {x: !ImportValue net-b}]", &here, "a/data"),
            ("!ImportValue net-b", &away, UNKNOWN),
            ("!ImportValue net-c", &here, UNKNOWN),
            (output, &away, "data"),
        ] {
            let template = read::template(&takes(call)).expect("a template");
            assert_eq!(value(&template, at, "app", &others), expected, "{call}");
        }
    }

    #[test]
    fn what_two_stacks_export_under_one_name_is_not_known() {
        let nothing = BTreeMap::new();
        let gives = |value: &str| {
            let text =
                format!("Resources: {{}}\nOutputs: {{B: {{Value: {value}, Export: {{Name: b}}}}}}");
            read::template(&text).expect("a template")
        };
        let (one, two, here) = (gives("one"), gives("two"), place("eu-west-1"));
        let others =
            Others::of(&[stack("one", &here, &one, &nothing), stack("two", &here, &two, &nothing)]);
        let takes = "Metadata: {v: !ImportValue b}\nResources: {}";
        let takes = read::template(takes).expect("a template");
        assert_eq!(value(&takes, &here, "app", &others), UNKNOWN);
    }

    #[test]
    fn nested_stacks_get_parameters_and_give_outputs() {
        let parent = "Metadata: {v: !GetAtt Child.Outputs.O}\nResources:\n  Child:\n    Type: AWS::CloudFormation::Stack\n    \
                      Properties: {TemplateURL: child.yaml, Parameters: {P: data}}\n";
        let child = "Parameters: {P: {Type: String, Default: other}, Q: {Type: String, Default: q}}\nResources: {}\n\
                     Outputs: {O: {Value: !Sub '${P}/${Q}'}}\n";
        let parent = read::template(parent).expect("a template");
        let child = read::template(child).expect("a template");
        let here = place("eu-west-1");
        let (nothing, nested) =
            (BTreeMap::new(), BTreeMap::from([("Child".to_owned(), "child".to_owned())]));
        let others = Others::of(&[
            stack("parent", &here, &parent, &nested),
            stack("child", &here, &child, &nothing),
        ]);
        assert_eq!(value(&parent, &here, "parent", &others), "data/q");
    }
}
