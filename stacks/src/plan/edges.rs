//! The dependencies between stacks, read from their templates: if a stack names what another one creates, the other
//! is deployed first.
//!
//! AWS rejects principals, targets and databases that do not exist yet. Resources and conditions of policies may
//! name what is created later, and are ignored.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use lakewright_template::arn::ArnParts;
use lakewright_template::assembly::StackEntry;
use lakewright_template::place::Place;
use lakewright_template::resolve::{Branch, Resolver};
use lakewright_template::{Map, StackAddress, Template, Value, schema};

/// What a template creates and what it names, by ARN.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions {
    makes: BTreeSet<String>,
    names: BTreeSet<String>,
}

impl Mentions {
    /// Reads a template that is deployed to this place.
    pub fn of(template: &Template, place: &Place) -> Self {
        let resolver = Resolver::new(template, place, Branch::Then);
        let mut mentions = Self::default();
        for (id, resource) in &template.resources {
            if resource.kind == "AWS::Glue::Database" {
                let named = |key| resource.properties.get(key);
                let account = named("CatalogId").and_then(Value::as_text).unwrap_or(&place.account);
                let name =
                    named("DatabaseInput").and_then(Value::as_map).and_then(|i| i.get("Name"));
                if let Some(name) = name.and_then(Value::as_text) {
                    mentions.makes.insert(database(place, account, &place.region, name));
                }
            }
            let schema = schema::of(&resource.kind).into_iter();
            let arns = schema.flat_map(schema::Schema::arns);
            mentions.makes.extend(arns.filter_map(|arn| resolver.attribute_of(id, arn)));
            mentions.read_map(&resource.properties, place);
        }
        mentions.names.retain(|name| !mentions.makes.contains(name));
        mentions
    }

    fn read(&mut self, value: &Value, place: &Place) {
        match value {
            Value::Text(text) if text.starts_with("arn:") && !text.contains('*') => {
                self.names.insert(text.to_string());
            }
            Value::List(items) => items.iter().for_each(|item| self.read(item, place)),
            Value::Map(map) => self.read_map(map, place),
            Value::Intrinsic(call) => call.arguments(&mut |argument| self.read(argument, place)),
            Value::Text(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Decimal(_) => {}
        }
    }

    fn read_map(&mut self, map: &Map, place: &Place) {
        let text = |key: &str| map.get(key).and_then(Value::as_text);
        let is_statement = map.get("Effect").is_some()
            && (map.get("Action").is_some() || map.get("NotAction").is_some());
        if let Some(account) = text("CatalogId").or_else(|| text("TableCatalogId"))
            && let Some(name) = text("DatabaseName").or_else(|| text("Name"))
        {
            let region = text("Region").unwrap_or(&place.region);
            self.names.insert(database(place, account, region, name));
        }
        for (key, value) in map.iter() {
            if !is_statement || matches!(key.as_ref(), "Principal" | "NotPrincipal") {
                self.read(value, place);
            }
        }
    }
}

fn database(place: &Place, account: &str, region: &str, name: &str) -> String {
    let start = ArnParts { region, ..place.start_in("glue", account) };
    format!("{start}database/{name}")
}

/// For each stack, the indexes of the stacks that create what it names.
pub fn makers(stacks: &[&Mentions]) -> Vec<BTreeSet<usize>> {
    let mut made_by: IndexMap<&str, usize, foldhash::fast::FixedState> = IndexMap::default();
    for (number, stack) in stacks.iter().enumerate() {
        for arn in &stack.makes {
            made_by.entry(arn).or_insert(number);
        }
    }
    let of = |stack: &&Mentions| {
        stack.names.iter().filter_map(|name| made_by.get(name.as_str()).copied()).collect()
    };
    stacks.iter().map(of).collect()
}

/// Adds the stacks that each template depends on to `depends_on`.
///
/// # Errors
///
/// The addresses of stacks that depend on each other in a cycle.
pub fn connect(stacks: &mut [(&mut StackEntry, &Mentions)]) -> Result<(), Vec<StackAddress>> {
    let addresses: Vec<StackAddress> = stacks.iter().map(|(entry, _)| entry.address()).collect();
    let each = addresses.iter().zip(stacks.iter_mut());
    let each = each.map(|(address, (entry, mentions))| (address, &mut entry.depends_on, *mentions));
    order(each.collect())
}

/// The same for stacks of which only the address, the known dependencies and the mentions are kept.
///
/// # Errors
///
/// The addresses of stacks that depend on each other in a cycle.
pub fn order(
    stacks: Vec<(&StackAddress, &mut Vec<StackAddress>, &Mentions)>,
) -> Result<(), Vec<StackAddress>> {
    let mentions: Vec<&Mentions> = stacks.iter().map(|(_, _, mentions)| *mentions).collect();
    let needed = makers(&mentions);
    let addresses: Vec<&StackAddress> = stacks.iter().map(|(address, ..)| *address).collect();
    let mut waits: BTreeMap<&StackAddress, &Vec<StackAddress>> = BTreeMap::new();
    for ((address, depends_on, _), needed) in stacks.into_iter().zip(&needed) {
        depends_on.extend(needed.iter().map(|number| addresses[*number].clone()));
        depends_on.sort_unstable();
        depends_on.dedup();
        waits.insert(address, depends_on);
    }
    let mut left: BTreeMap<&StackAddress, usize> = BTreeMap::new();
    let mut followers: BTreeMap<&StackAddress, Vec<&StackAddress>> = BTreeMap::new();
    for (address, others) in &waits {
        let known = others.iter().filter(|other| waits.contains_key(other));
        left.insert(address, known.clone().count());
        for other in known {
            followers.entry(other).or_default().push(address);
        }
    }
    let mut ready: Vec<&StackAddress> =
        left.iter().filter(|(_, count)| **count == 0).map(|(address, _)| *address).collect();
    while let Some(address) = ready.pop() {
        left.remove(address);
        for next in followers.remove(address).unwrap_or_default() {
            if let Some(count) = left.get_mut(next) {
                *count -= 1;
                if *count == 0 {
                    ready.push(next);
                }
            }
        }
    }
    if left.is_empty() { Ok(()) } else { Err(left.into_keys().cloned().collect()) }
}

#[cfg(test)]
mod tests {
    use lakewright_template::{StackKind, read};

    use super::*;

    fn mentions(resource: &str) -> Mentions {
        let text = format!(r#"{{"Resources": {{"One": {resource}}}}}"#);
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        Mentions::of(&read::template(&text).expect("a template"), &place)
    }

    const ROLE: &str = r#"{"Type": "AWS::IAM::Role", "Properties": {"RoleName": "reader"}}"#;

    /// A bucket policy with this principal, resource and condition.
    fn policy(principal: &str, resource: &str, key: &str) -> Mentions {
        let statement = format!(
            r#"{{"Effect": "Allow", "Action": "s3:GetObject", "Principal": {{"AWS": "{principal}"}},
                "Resource": "{resource}", "Condition": {{"ArnEquals": {{"aws:PrincipalArn": "{key}"}}}}}}"#
        );
        mentions(&format!(
            r#"{{"Type": "AWS::S3::BucketPolicy", "Properties": {{"Bucket": "b", "PolicyDocument": {{"Statement": [{statement}]}}}}}}"#
        ))
    }

    const READER: &str = "arn:aws:iam::111122223333:role/reader";

    #[test]
    fn a_policy_waits_for_the_principals_that_it_names() {
        // "Principal" in "AWS JSON policy elements" of the IAM user guide: "Invalid principal in policy".
        let waits = makers(&[&mentions(ROLE), &policy(READER, "arn:aws:s3:::b/*", "x")]);
        assert_eq!(waits, [BTreeSet::<usize>::new(), BTreeSet::from([0])]);
    }

    #[test]
    fn resources_and_conditions_of_policies_may_come_later() {
        let account = "arn:aws:iam::111122223333:root";
        for later in [policy(account, READER, "x"), policy(account, "arn:aws:s3:::b/*", READER)] {
            let waits = makers(&[&mentions(ROLE), &later]);
            assert_eq!(waits, [BTreeSet::<usize>::new(), BTreeSet::new()]);
        }
    }

    #[test]
    fn a_permission_waits_for_the_database_of_its_catalog_and_region() {
        let made = mentions(
            r#"{"Type": "AWS::Glue::Database", "Properties": {"CatalogId": "111122223333", "DatabaseInput": {"Name": "d"}}}"#,
        );
        let permission = |account: &str| {
            mentions(&format!(
                r#"{{"Type": "AWS::LakeFormation::PrincipalPermissions", "Properties": {{
                    "Resource": {{"Database": {{"CatalogId": "{account}", "Name": "d"}}}}}}}}"#
            ))
        };
        let link = |region: &str| {
            mentions(&format!(
                r#"{{"Type": "AWS::Glue::Database", "Properties": {{"CatalogId": "444455556666", "DatabaseInput": {{
                    "Name": "l", "TargetDatabase": {{"CatalogId": "111122223333", "DatabaseName": "d", "Region": "{region}"}}}}}}}}"#
            ))
        };
        let (here, elsewhere) = (permission("111122223333"), permission("444455556666"));
        let (near, far) = (link("eu-west-1"), link("us-east-1"));
        let waits = makers(&[&made, &here, &elsewhere, &near, &far]);
        let made: BTreeSet<usize> = BTreeSet::from([0]);
        let none: BTreeSet<usize> = BTreeSet::new();
        assert_eq!(waits, [none.clone(), made.clone(), none.clone(), made, none]);
    }

    fn entry(name: &str) -> StackEntry {
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        StackEntry {
            name: name.to_owned(),
            kind: StackKind::Team,
            id: name.to_owned(),
            account: place.account,
            region: place.region,
            template: String::new(),
            digest: String::new(),
            revision: String::new(),
            bytes: 0,
            depends_on: Vec::new(),
            capabilities: Vec::new(),
            tags: BTreeMap::new(),
            retain: false,
            assets: Vec::new(),
            rollback: None,
        }
    }

    fn named(makes: &str, names: &str) -> Mentions {
        let set = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Mentions { makes: set(makes), names: set(names) }
    }

    #[test]
    fn what_is_named_is_waited_for_beside_what_is_waited_for_already() {
        let (mut first, mut second) = (entry("a"), entry("b"));
        let known = entry("known").address();
        second.depends_on = vec![known.clone()];
        let (makes, names) = (named("x", ""), named("", "x y"));
        connect(&mut [(&mut first, &makes), (&mut second, &names)]).expect("an order");
        assert!(first.depends_on.is_empty());
        assert_eq!(second.depends_on, [first.address(), known]);
    }

    #[test]
    fn stacks_that_would_wait_for_each_other_are_told_and_those_after_them() {
        let mut entries = ["a", "b", "after", "alone"].map(entry);
        let all = [named("x", "y"), named("y", "x"), named("", "x"), named("z", "")];
        let mut pairs: Vec<(&mut StackEntry, &Mentions)> = entries.iter_mut().zip(&all).collect();
        let found = connect(&mut pairs).expect_err("a circle");
        let names: BTreeSet<&str> = found.iter().map(|address| address.name.as_str()).collect();
        assert_eq!(names, BTreeSet::from(["a", "after", "b"]));
    }
}
