//! A rule on tags of roles that policies compare.

use std::collections::BTreeSet;

use lakewright_access::action::Action;
use lakewright_access::document::{Document, Statement};
use lakewright_access::escalation::{contexts, is_for_cloudformation};
use lakewright_access::evaluate::Decision;
use lakewright_access::request::{Principal, Request};
use lakewright_access::sample::actions_of;
use lakewright_access::sample::{FILL, variables};
use lakewright_access::world::{Outside, Role, World};

use super::combined::allowing;
use super::escalation::{has_pattern, is_about};
use super::statement::among;
use super::{Breach, Guardrail};

/// Actions that set or remove tags of a role.
const TAGS_ROLES: [&str; 2] = ["iam:TagRole", "iam:UntagRole"];

/// The tag keys of roles that statements compare, in lower case.
#[derive(Debug)]
struct Deciding<'w> {
    /// Tags of the requesting principal, in policies of resources and of assumable roles.
    of_anybody: BTreeSet<String>,
    /// Statements on roles, each with the tags of the target role that it compares.
    of_targets: Vec<(&'w Statement, BTreeSet<String>)>,
}

/// Reports roles that can set or remove tags that policies compare, on roles matched by a pattern. A role that can tag
/// itself is reported as well.
pub(super) fn check(world: &World, breaches: &mut Vec<Breach>) {
    let mut deciding: Option<Deciding<'_>> = None;
    for role in world.roles().values().filter(|role| !is_for_cloudformation(role)) {
        for (document, statement) in allowing(role) {
            for name in among(statement, &TAGS_ROLES) {
                let deciding = &*deciding.get_or_insert_with(|| Deciding::of(world));
                let action = Action::new(&name);
                let covered = world.roles().values().filter(|target| {
                    is_about(statement, &target.arn)
                        && (has_pattern(statement) || target.arn == role.arn)
                });
                let mut found = covered.filter_map(|target| {
                    let keys = deciding.keys_of(world, target).into_iter();
                    let mut keys = keys.filter(|key| {
                        may_tag(world, role, (document, statement), action, target, key)
                    });
                    Some((target, keys.next()?))
                });
                let Some((target, key)) = found.next() else { continue };
                let message = format!(
                    "{action} sets or removes the tag {key} of {}, and policies decide by it; expected the roles by name, or a condition on the tag's value or on aws:TagKeys, whatever the case of the keys",
                    target.arn
                );
                let (origin, sid) = (&document.origin, &statement.sid);
                breaches.push(Breach::new(Guardrail::RoleTag, origin, sid, message));
            }
        }
    }
}

impl<'w> Deciding<'w> {
    fn of(world: &'w World) -> Self {
        let trusts = world.roles().values().map(|role| &role.trust);
        let resources = world.resources().values().filter_map(|resource| resource.policy.as_ref());
        let of_others = trusts.chain(resources).chain(world.others());
        let of_anybody = of_others.flat_map(|one| &one.statements).flat_map(tags_of_asker);
        let of_roles = world.roles().values().flat_map(|role| &role.identity);
        let documents = of_roles.chain(world.managed().values());
        let of_targets = documents.flat_map(|document| &document.statements).filter_map(|one| {
            let keys = tags_of_target(one);
            let is_of_roles = || {
                let actions = actions_of(one);
                actions.iter().any(|action| ["iam", "sts"].contains(&action.service()))
            };
            (!keys.is_empty() && is_of_roles()).then_some((one, keys))
        });
        Self { of_anybody: of_anybody.collect(), of_targets: of_targets.collect() }
    }

    /// The tag keys of one role that any statement compares.
    fn keys_of(&self, world: &World, role: &Role) -> BTreeSet<String> {
        let boundary = role.boundary.as_ref().and_then(|arn| world.managed().get(arn));
        let own = role.identity.iter().chain(boundary);
        let by_own = own.flat_map(|document| &document.statements).flat_map(tags_of_asker);
        let by_trust = role.trust.statements.iter().flat_map(tags_of_target);
        let about_it = self.of_targets.iter().filter(|(one, _)| is_about(one, &role.arn));
        let by_others = about_it.flat_map(|(_, keys)| keys.iter().cloned());
        let keys = self.of_anybody.iter().cloned().chain(by_own).chain(by_trust);
        keys.chain(by_others).collect()
    }
}

/// The principal's tags that a statement uses, in conditions and in variables.
fn tags_of_asker(statement: &Statement) -> BTreeSet<String> {
    let keys = statement.conditions.iter().map(|condition| condition.key.clone());
    let values = statement.conditions.iter().flat_map(|condition| &condition.values);
    let named = values.chain(&statement.resources).flat_map(|text| variables(text));
    let tag = |key: String| key.strip_prefix("aws:principaltag/").map(str::to_owned);
    keys.chain(named).filter_map(tag).collect()
}

/// The resource's tags that a statement's conditions compare.
fn tags_of_target(statement: &Statement) -> BTreeSet<String> {
    let tag = |key: &str| {
        let tag = key.strip_prefix("aws:resourcetag/").or(key.strip_prefix("iam:resourcetag/"));
        tag.map(str::to_owned)
    };
    statement.conditions.iter().filter_map(|condition| tag(&condition.key)).collect()
}

/// Whether the statement lets a role set this tag of the target to any value, or remove it, given all denies.
fn may_tag(
    world: &World,
    role: &Role,
    (document, statement): (&Document, &Statement),
    action: Action,
    target: &Role,
    key: &str,
) -> bool {
    let principal = Principal::role(role.arn.as_str());
    contexts(document, statement).into_iter().any(|context| {
        let mut context = context.with("aws:TagKeys", [key]);
        if action == Action::new("iam:TagRole") {
            context.set(&format!("aws:RequestTag/{key}"), [FILL]);
        }
        let request =
            Request { principal: &principal, action, resource: &target.arn, context: &context };
        let decision = world.decide_by_policies(&request, Outside::Unknown).decision;
        matches!(decision, Decision::Allow | Decision::Unknown)
    })
}

#[cfg(test)]
mod tests {
    use lakewright_template::place::Place;
    use lakewright_template::read;

    use super::*;
    use lakewright_access::world::{OnUnresolved, Piece, StackTemplate};

    /// A role that tags, and another one whose statement is given, with more resources.
    fn found(tagging: &str, target: &str, more: &str) -> usize {
        let role = |id: &str, name: &str, statement: &str| {
            format!(
                "  {id}:\n    Type: AWS::IAM::Role\n    Properties: {{RoleName: {name}, AssumeRolePolicyDocument: {{Version: '2012-10-17', Statement: []}}, \
                 Policies: [{{PolicyName: p, PolicyDocument: {{Version: '2012-10-17', Statement: [{statement}]}}}}]}}\n"
            )
        };
        let roles = [role("Own", "own", tagging), role("Target", "app-target", target)].concat();
        let template = read::template(&format!("Resources:\n{roles}{more}")).expect("a template");
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        let unresolved = OnUnresolved::Fail;
        let stack =
            StackTemplate { address: "a/b/c", place: &place, template: &template, unresolved };
        let mut breaches = Vec::new();
        check(&World::of(vec![Piece::of(stack).expect("policies")]), &mut breaches);
        breaches.len()
    }

    fn tagging(roles: &str, condition: &str) -> String {
        format!(
            "{{Effect: Allow, Action: 'iam:TagRole', Resource: 'arn:aws:iam::111122223333:role/{roles}', Condition: {{{condition}}}}}"
        )
    }

    const BY_ITS_TAG: &str = "{Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/k', Condition: {StringEquals: {'aws:PrincipalTag/Team': a}}}";

    /// Which keys a request to tag a role carries: "Actions, resources, and condition keys for IAM".
    #[test]
    fn a_tag_that_decides_is_found_however_it_does() {
        let any = tagging("app-*", "");
        assert_eq!(found(&any, BY_ITS_TAG, ""), 1);
        for target in [
            "{Effect: Deny, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/k', Condition: {StringNotEquals: {'aws:PrincipalTag/Team': a}}}",
            "{Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/${aws:PrincipalTag/Team}/*'}",
            "{Effect: Allow, Action: 'iam:PassRole', Resource: 'arn:aws:iam::111122223333:role/app-*', Condition: {StringEquals: {'iam:ResourceTag/Team': a}}}",
        ] {
            assert_eq!(found(&any, target, ""), 1, "{target}");
        }
        let plain = "{Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/k'}";
        assert_eq!(found(&any, plain, ""), 0);
        let bucket = "  Bucket:\n    Type: AWS::S3::Bucket\n    Properties: {BucketName: b}\n  Policy:\n    Type: AWS::S3::BucketPolicy\n    Properties: \
            {Bucket: b, PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*', \
            Condition: {StringEquals: {'aws:PrincipalTag/Team': a}}}]}}\n";
        assert_eq!(found(&any, plain, bucket), 1);
    }

    #[test]
    fn what_cannot_be_set_is_not_found() {
        for (roles, condition, expected) in [
            ("app-*", "StringEquals: {'aws:RequestTag/Team': a}", 0),
            ("app-*", "StringEquals: {'aws:RequestTag/Project': a}", 1),
            ("app-*", "'ForAllValues:StringEquals': {'aws:TagKeys': [Project]}", 0),
            ("app-*", "'ForAllValues:StringEquals': {'aws:TagKeys': [Project, team]}", 1),
            // The role has no such tag.
            ("app-*", "StringEquals: {'iam:ResourceTag/Owner': me}", 0),
            ("other-*", "", 0),
            // Named, so meant.
            ("app-target", "", 0),
        ] {
            let got = found(&tagging(roles, condition), BY_ITS_TAG, "");
            assert_eq!(got, expected, "{roles} {condition}");
        }
        let itself = format!("{}, {BY_ITS_TAG}", tagging("own", ""));
        assert_eq!(found(&itself, BY_ITS_TAG, ""), 1);
        let denied = format!(
            "{}, {{Effect: Deny, Action: 'iam:TagRole', Resource: 'arn:aws:iam::111122223333:role/app-target'}}",
            tagging("app-*", "")
        );
        assert_eq!(found(&denied, BY_ITS_TAG, ""), 0);
    }
}
