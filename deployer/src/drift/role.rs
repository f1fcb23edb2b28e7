//! Roles: who may assume them, their boundary, and their policies.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::Place;
use serde_json::{Value, json};

use super::document::{are_equal, canonical};
use super::look::{self, FoundRole};
use super::sides::{At, Sides};
use super::stated::{Stated, StatedStack, as_stated};
use super::{Asked, Deployed};
use crate::at_once::by_place;
use crate::cloud::{Cloud, Site};

/// An account, and the name of a role.
type RoleName = (String, String);

/// The policies that all templates together give to a role.
#[derive(Debug, Default)]
struct Given<'s> {
    /// Inline policies that are resources of their own, by name: where they are, and the document.
    inline: BTreeMap<&'s str, (At<'s>, &'s Value)>,
    /// Attached policies by ARN: where the list with the role is, if it is one of a policy.
    attached: BTreeMap<String, Option<(At<'s>, Vec<String>)>>,
    /// Who looks at the role.
    site: Option<&'s Site>,
    /// Whether a stack that is looked at gives it a policy.
    is_looked_at: bool,
}

/// Compares the roles of all stacks, and the policies that templates attach to other roles.
pub(super) async fn compare(
    cloud: &impl Cloud,
    stacks: &[StatedStack<'_>],
    sides: &mut Sides,
    asked: &mut BTreeSet<Asked>,
) {
    let given = given(stacks, sides);
    let roles = named(stacks, sides);
    let looking = roles.iter().map(|role| (role.place, look::role(cloud, role.site, role.name)));
    let found = by_place(looking).await;
    for (role, found) in roles.iter().zip(found) {
        let nothing = Given::default();
        let given = given.get(&role.key()).unwrap_or(&nothing);
        match found {
            Ok(None) => sides.remove(role.at),
            Ok(Some(found)) => {
                for property in PROPERTIES {
                    asked.insert((role.at.stack.clone(), role.at.id.to_owned(), property));
                }
                let compared = Compared { role, given, stacks };
                compared.trust(&found, sides);
                compared.inline(&found, sides);
                compared.attached(cloud, &found.attached, sides).await;
            }
            Err(error) => sides.note(role.at, "what IAM has", &error),
        }
    }
    let own: BTreeSet<RoleName> = roles.iter().map(Named::key).collect();
    imported(cloud, given.iter().filter(|(key, _)| !own.contains(*key)), sides).await;
    managed(cloud, stacks, sides, asked).await;
}

/// The properties of a role that IAM was asked about.
const PROPERTIES: [&str; 4] =
    ["AssumeRolePolicyDocument", "ManagedPolicyArns", "PermissionsBoundary", "Policies"];

/// The policies of each role, by account and name.
fn given<'s>(stacks: &'s [StatedStack<'_>], sides: &mut Sides) -> BTreeMap<RoleName, Given<'s>> {
    let mut all: BTreeMap<RoleName, Given<'s>> = BTreeMap::new();
    for stack in stacks {
        let deployed = stack.deployed;
        let place = &deployed.address.place;
        for (id, one) in &stack.resources {
            let at = At { stack: &deployed.address, id };
            let names: Vec<String> = match one.kind.as_str() {
                "AWS::IAM::Role" | "AWS::IAM::RolePolicy" => {
                    one.text("RoleName").map(str::to_owned).into_iter().collect()
                }
                "AWS::IAM::ManagedPolicy" | "AWS::IAM::Policy" => one.texts("Roles"),
                _ => continue,
            };
            for property in
                ["PolicyDocument", "PolicyName", "RoleName", "Roles", "ManagedPolicyArns"]
            {
                if one.unknown.contains(property) {
                    sides.not_stated(at, property);
                }
            }
            for name in &names {
                let given = all.entry((place.account.to_string(), name.clone())).or_default();
                given.site = given.site.or(Some(&deployed.site));
                given.is_looked_at |= deployed.is_looked_at;
                match one.kind.as_str() {
                    "AWS::IAM::ManagedPolicy" => {
                        if let Some(arn) = managed_arn(one, place) {
                            given.attached.insert(arn, Some((at, names.clone())));
                        }
                    }
                    "AWS::IAM::Role" => {
                        let arns = one.texts("ManagedPolicyArns").into_iter();
                        given.attached.extend(arns.map(|arn| (arn, None)));
                    }
                    _ => {
                        let document = one.properties.get("PolicyDocument");
                        if let (Some(policy), Some(document)) = (one.text("PolicyName"), document) {
                            given.inline.insert(policy, (at, document));
                        }
                    }
                }
            }
        }
    }
    all
}

/// The ARN of a managed policy that a template makes.
fn managed_arn(policy: &Stated, place: &Place) -> Option<String> {
    let path = policy.text("Path").unwrap_or("/");
    let name = policy.text("ManagedPolicyName")?;
    Some(place.global_arn("iam", &format!("policy{path}{name}")))
}

/// A role of a stack that is looked at.
struct Named<'s> {
    at: At<'s>,
    name: &'s str,
    place: &'s Place,
    site: &'s Site,
    stated: &'s Stated,
}

impl Named<'_> {
    fn key(&self) -> RoleName {
        (self.place.account.to_string(), self.name.to_owned())
    }
}

/// The roles of all stacks that are looked at. Those without a name are told.
fn named<'s>(stacks: &'s [StatedStack<'_>], sides: &mut Sides) -> Vec<Named<'s>> {
    let mut all = Vec::new();
    for stack in stacks {
        let Deployed { address, site, .. } = stack.deployed;
        for (id, stated) in stack.of_kind("AWS::IAM::Role") {
            let at = At { stack: address, id };
            match stated.text("RoleName") {
                Some(name) => all.push(Named { at, name, place: &address.place, site, stated }),
                None => sides.not_stated(at, "RoleName"),
            }
        }
    }
    all
}

/// A role that is compared.
struct Compared<'c> {
    role: &'c Named<'c>,
    given: &'c Given<'c>,
    stacks: &'c [StatedStack<'c>],
}

impl Compared<'_> {
    fn found(&self, document: &Value) -> Value {
        canonical(&as_stated(self.stacks, document), self.role.place)
    }

    /// Who may assume it, and its boundary.
    fn trust(&self, found: &FoundRole, sides: &mut Sides) {
        let Named { at, place, stated: role, .. } = *self.role;
        let property = "AssumeRolePolicyDocument";
        match role.properties.get(property) {
            Some(stated) => {
                let stated = canonical(stated, place);
                sides.set_document(at, property, stated, self.found(&found.trust));
            }
            None => sides.not_stated(at, property),
        }
        let property = "PermissionsBoundary";
        if role.unknown.contains(property) {
            sides.not_stated(at, property);
        } else if role.text(property) != found.boundary.as_deref() {
            sides.set(at, property, json!(role.text(property)), json!(found.boundary));
        }
    }

    /// The policies that are written into it.
    fn inline(&self, found: &FoundRole, sides: &mut Sides) {
        let Named { at, name, place, stated: role, .. } = *self.role;
        let given = self.given;
        let own = role.properties.get("Policies").and_then(Value::as_array);
        let own: Vec<&Value> = own.into_iter().flatten().collect();
        if role.unknown.contains("Policies") {
            sides.not_stated(at, "Policies");
            return;
        }
        let names: BTreeSet<&str> =
            own.iter().filter_map(|one| one["PolicyName"].as_str()).collect();
        let stated = own.iter().filter_map(|one| {
            let name = one["PolicyName"].as_str()?;
            Some((name.to_owned(), canonical(&one["PolicyDocument"], place)))
        });
        let there = found.inline.iter().filter(|(name, _)| names.contains(name.as_str()));
        let there = there.map(|(name, document)| (name.clone(), self.found(document)));
        let (stated, there): (BTreeMap<String, Value>, BTreeMap<String, Value>) =
            (stated.collect(), there.collect());
        let is_equal = stated.iter().all(|(name, document)| {
            there.get(name).is_some_and(|found| are_equal(document, found))
        });
        if !is_equal {
            sides.set(at, "Policies", listed(stated), listed(there));
        }
        for (policy, (at, stated)) in &given.inline {
            match found.inline.get(*policy) {
                None => sides.remove(*at),
                Some(document) => {
                    let stated = canonical(stated, place);
                    sides.set_document(*at, "PolicyDocument", stated, self.found(document));
                }
            }
        }
        for (policy, document) in &found.inline {
            if names.contains(policy.as_str()) || given.inline.contains_key(policy.as_str()) {
                continue;
            }
            let properties = json!({
                "RoleName": name, "PolicyName": policy, "PolicyDocument": self.found(document),
            });
            sides.add(at.stack, &format!("{name} {policy}"), "AWS::IAM::RolePolicy", properties);
            sides.by_hand.push(format!(
                "policy {policy} was written into role {name} of account {}: `aws iam delete-role-policy --role-name {name} \
                 --policy-name {policy}` removes it",
                place.account
            ));
        }
    }

    /// The policies that are attached to it.
    async fn attached(&self, cloud: &impl Cloud, found: &BTreeSet<String>, sides: &mut Sides) {
        let Named { at, name, place, site, stated: role } = *self.role;
        let given = self.given;
        missing(name, given, found, sides);
        let own = role.texts("ManagedPolicyArns");
        let mut unread = Vec::new();
        for arn in own.iter().filter(|arn| !found.contains(*arn)) {
            sides.without(at, "ManagedPolicyArns", &own, arn);
        }
        for arn in found.iter().filter(|arn| !given.attached.contains_key(*arn)) {
            sides.by_hand.push(format!(
                "policy {arn} was attached to role {name} of account {}: `aws iam detach-role-policy --role-name {name} \
                 --policy-arn {arn}` removes it",
                place.account
            ));
            match look::policy(cloud, site, arn).await {
                Ok(Some(document)) => {
                    // The same access as an inline policy, whose document a template can state.
                    let properties = json!({
                        "RoleName": name, "PolicyName": arn, "PolicyDocument": self.found(&document),
                    });
                    let id = format!("{name} {arn}");
                    sides.add(at.stack, &id, "AWS::IAM::RolePolicy", properties);
                }
                Ok(None) => {}
                Err(error) => {
                    let what = format!("what policy {arn}, which was attached to role {name},");
                    sides.note(at, &what, &error);
                    unread.push(arn.clone());
                }
            }
        }
        if !unread.is_empty() {
            // The model of access takes a policy without a document for one that may allow anything.
            unread.extend(own.iter().cloned());
            sides.set(at, "ManagedPolicyArns", json!(own), json!(unread));
        }
    }
}

/// The property `Policies` of a role.
fn listed(policies: BTreeMap<String, Value>) -> Value {
    let policies = policies.into_iter().map(|(name, document)| {
        let mut policy = json!({ "PolicyName": name });
        policy["PolicyDocument"] = document;
        policy
    });
    policies.collect()
}

/// Takes out the policies that a template attaches to a role, and that are not attached.
fn missing(name: &str, given: &Given<'_>, found: &BTreeSet<String>, sides: &mut Sides) {
    for (arn, list) in &given.attached {
        if let Some((at, roles)) = list
            && !found.contains(arn)
        {
            sides.without(*at, "Roles", roles, name);
        }
    }
}

/// Compares the policies that templates attach to roles that are in no stack, such as those of somebody else. What their owners
/// attach besides is the owners'.
async fn imported<'g>(
    cloud: &impl Cloud,
    given: impl Iterator<Item = (&'g RoleName, &'g Given<'g>)>,
    sides: &mut Sides,
) {
    let looked_at = given.filter(|(_, given)| given.is_looked_at);
    let roles: Vec<(&str, &Given<'_>, &Site, At<'_>)> = looked_at
        .filter_map(|((_, name), given)| {
            let (at, _) = given.attached.values().flatten().next()?;
            Some((name.as_str(), given, given.site?, *at))
        })
        .collect();
    let looking =
        roles.iter().map(|(name, _, site, _)| (&site.place, look::attached(cloud, site, name)));
    let found = by_place(looking).await;
    for ((name, given, _, at), found) in roles.into_iter().zip(found) {
        match found {
            Ok(found) => missing(name, given, &found, sides),
            Err(error) => sides.note(at, &format!("whether role {name} has the policy"), &error),
        }
    }
}

/// Compares the managed policies that templates make.
async fn managed(
    cloud: &impl Cloud,
    stacks: &[StatedStack<'_>],
    sides: &mut Sides,
    asked: &mut BTreeSet<Asked>,
) {
    let property = "PolicyDocument";
    let mut policies: Vec<(At<'_>, &Site, String, &Value)> = Vec::new();
    for stack in stacks {
        let Deployed { address, site, .. } = stack.deployed;
        for (id, policy) in stack.of_kind("AWS::IAM::ManagedPolicy") {
            let at = At { stack: address, id };
            match (managed_arn(policy, &address.place), policy.properties.get(property)) {
                (Some(arn), Some(stated)) => policies.push((at, site, arn, stated)),
                _ => sides.not_stated(at, "ManagedPolicyName"),
            }
        }
    }
    let looking =
        policies.iter().map(|(at, site, arn, _)| (&at.stack.place, look::policy(cloud, site, arn)));
    let found = by_place(looking).await;
    for ((at, _, _, stated), found) in policies.into_iter().zip(found) {
        let place = &at.stack.place;
        match found {
            Ok(None) => sides.remove(at),
            Ok(Some(found)) => {
                asked.insert((at.stack.clone(), at.id.to_owned(), property));
                let found = canonical(&as_stated(stacks, &found), place);
                sides.set_document(at, property, canonical(stated, place), found);
            }
            Err(error) => sides.note(at, "what IAM has", &error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::Access;
    use crate::drift::Deployed;
    use lakewright_template::StackAddress;

    const TEMPLATE: &str = r#"{"Resources": {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {
            "RoleName": "r", "PermissionsBoundary": "arn:aws:iam::111122223333:policy/b",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
                "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}]}}},
        "Own": {"Type": "AWS::IAM::RolePolicy", "Properties": {
            "RoleName": {"Ref": "Role"}, "PolicyName": "own",
            "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}}}}}"#;

    /// The sides after a role was compared with what was found.
    fn compared(change: impl FnOnce(&mut FoundRole)) -> (Sides, StackAddress) {
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        let address = StackAddress::new(place.clone(), "s");
        let site = Site { place, access: Access::Owner { role: String::new() } };
        let stack = Deployed::of(&address, site, TEMPLATE, Vec::new(), true).expect("a template");
        let stacks = [StatedStack::of(&stack)];
        let mut sides = Sides::of(std::slice::from_ref(&stack));
        let all = given(&stacks, &mut sides);
        let mut found = FoundRole {
            trust: stacks[0].resources["Role"].properties["AssumeRolePolicyDocument"].clone(),
            boundary: Some("arn:aws:iam::111122223333:policy/b".to_owned()),
            ..FoundRole::default()
        };
        let own = stacks[0].resources["Own"].properties["PolicyDocument"].clone();
        found.inline.insert("own".to_owned(), own);
        change(&mut found);
        let key = ("111122223333".to_owned(), "r".to_owned());
        let roles = named(&stacks, &mut sides);
        let [role] = &roles[..] else { unreachable!("{}", roles.len()) };
        let compared = Compared { role, given: &all[&key], stacks: &stacks };
        compared.trust(&found, &mut sides);
        compared.inline(&found, &mut sides);
        (sides, address)
    }

    fn after(sides: &Sides, address: &StackAddress) -> Value {
        let differing = sides.differing();
        let [_, after] = differing.get(address).expect("the stack differs");
        serde_json::from_str(after).expect("JSON")
    }

    #[test]
    fn a_role_as_it_was_deployed_does_not_differ() {
        let (sides, _) = compared(|_| {});
        assert!(sides.differing().is_empty() && sides.by_hand.is_empty());
    }

    #[test]
    fn a_policy_that_was_written_into_a_role_is_found_with_the_command_that_removes_it() {
        let hand = json!({ "Statement": { "Effect": "Allow", "Action": "s3:*", "Resource": "*" } });
        let (sides, address) = compared(|found| {
            found.inline.insert("hand".to_owned(), hand);
        });
        let resources =
            after(&sides, &address)["Resources"].as_object().expect("resources").clone();
        let made: Vec<&Value> =
            resources.values().filter(|one| one["Properties"]["PolicyName"] == "hand").collect();
        assert_eq!(made.len(), 1);
        assert!(
            sides.by_hand[0]
                .contains("aws iam delete-role-policy --role-name r --policy-name hand")
        );
    }

    #[test]
    fn what_is_missing_or_opened_differs() {
        let (sides, address) = compared(|found| {
            found.inline.clear();
            found.boundary = None;
            found.trust = json!({ "Statement": [{ "Effect": "Allow", "Principal": "*",
                "Action": "sts:AssumeRole" }] });
        });
        let after = after(&sides, &address);
        assert!(after["Resources"].get("Own").is_none());
        let role = &after["Resources"]["Role"]["Properties"];
        assert!(role.get("PermissionsBoundary").is_none());
        let statement = &role["AssumeRolePolicyDocument"]["Statement"][0];
        assert_eq!(statement["Principal"], json!({ "AWS": "*" }));
    }
}
