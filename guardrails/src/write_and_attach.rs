//! A rule on managed policies that the same role can write and attach.

use lakewright_access::document::Statement;
use lakewright_access::escalation::is_for_cloudformation;
use lakewright_access::world::{Role, World};

use super::combined::allowing;
use super::escalation::{is_denied, is_denied_unbounded, requires};
use super::statement::{among, overlap};
use super::{Breach, Guardrail};

/// Actions that determine the content of a managed policy: also its first version, which changes no policy that a role
/// has (`ON_POLICY` of `actions`).
const WRITES: [&str; 3] =
    ["iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"];

/// Actions that attach a managed policy.
const ATTACHES: [&str; 3] =
    ["iam:AttachGroupPolicy", "iam:AttachRolePolicy", "iam:AttachUserPolicy"];

/// Reports roles that can attach, without a boundary, a policy that they can write. IAM has no condition on a policy's
/// content, so such a role can grant itself any right.
///
/// A role that only CloudFormation assumes does what templates state: it may attach exact policies to exact roles. With
/// a pattern it could attach any of the policies to any role.
pub(super) fn check(world: &World, breaches: &mut Vec<Breach>) {
    for role in world.roles().values() {
        let writing: Vec<(&Statement, Vec<String>)> = allowing(role)
            .map(|(_, statement)| (statement, among(statement, &WRITES)))
            .filter(|(_, actions)| !actions.is_empty())
            .collect();
        if writing.is_empty() {
            continue;
        }
        let is_by_templates = is_for_cloudformation(role);
        for (document, statement) in allowing(role) {
            // A role with every action is already reported by another rule.
            let has_all = statement.actions.patterns().iter().any(|pattern| pattern == "*");
            let attaches = if has_all { Vec::new() } else { among(statement, &ATTACHES) };
            let is_bounded =
                statement.conditions.iter().any(|one| requires(one, "iam:permissionsboundary"));
            if attaches.is_empty() || is_bounded || is_denied_unbounded(role, &attaches) {
                continue;
            }
            let is_exact = |text: &str| !text.contains(['*', '?']) && !text.contains("${");
            let has_exact_roles =
                !statement.not_resources && statement.resources.iter().all(|one| is_exact(one));
            let given = attached(statement).into_iter().filter(|policy| {
                let is_pair = has_exact_roles && is_exact(policy);
                !(is_by_templates && is_pair)
                    && statement.resources.iter().any(|target| {
                        attaches.iter().any(|action| !is_denied(role, action, target))
                    })
            });
            let mut found = given.filter_map(|policy| {
                let writes = writes(role, &writing, &policy)?;
                Some((policy, writes))
            });
            let Some((policy, writes)) = found.next() else { continue };
            let message = format!(
                "{} gives policies like {policy}, and {writes} decides what they say; expected policies that the role does not write, or a condition on iam:PermissionsBoundary",
                attaches.join(", ")
            );
            let (origin, sid) = (&document.origin, &statement.sid);
            breaches.push(Breach::new(Guardrail::WriteAndAttach, origin, sid, message));
        }
    }
}

/// The policies that a statement attaches, as patterns: those that a condition lists, or any.
fn attached(statement: &Statement) -> Vec<String> {
    let mut listing = statement.conditions.iter().filter(|one| requires(one, "iam:policyarn"));
    listing.next().map_or_else(|| vec!["*".to_owned()], |condition| condition.values.clone())
}

/// An action of the role that can write policies matching a pattern.
fn writes(role: &Role, writing: &[(&Statement, Vec<String>)], policy: &str) -> Option<String> {
    let about = writing.iter().filter(|(statement, _)| {
        statement.not_resources || statement.resources.iter().any(|one| overlap(one, policy))
    });
    let mut actions = about.flat_map(|(_, actions)| actions);
    actions.find(|action| !is_denied(role, action, policy)).cloned()
}

#[cfg(test)]
mod tests {
    use lakewright_template::place::Place;
    use lakewright_template::read;

    use super::*;
    use lakewright_access::world::{OnUnresolved, Piece, StackTemplate};

    fn found(principal: &str, statements: &str) -> usize {
        let template = read::template(&format!(
            "Resources:\n  Own:\n    Type: AWS::IAM::Role\n    Properties: {{RoleName: own, AssumeRolePolicyDocument: {{Version: '2012-10-17', Statement: \
             [{{Effect: Allow, Action: 'sts:AssumeRole', Principal: {{{principal}}}}}]}}, \
             Policies: [{{PolicyName: p, PolicyDocument: {{Version: '2012-10-17', Statement: [{statements}]}}}}]}}\n"
        ));
        let template = template.expect("a template");
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        let unresolved = OnUnresolved::Fail;
        let stack =
            StackTemplate { address: "a/b/c", place: &place, template: &template, unresolved };
        let mut breaches = Vec::new();
        check(&World::of(vec![Piece::of(stack).expect("policies")]), &mut breaches);
        breaches.len()
    }

    fn arn(kind: &str, name: &str) -> String {
        format!("arn:aws:iam::111122223333:{kind}/{name}")
    }

    /// A role that writes some policies, and attaches some to some roles.
    fn pair(principal: &str, written: &str, roles: &str, condition: &str) -> usize {
        let statements = format!(
            "{{Effect: Allow, Action: 'iam:CreatePolicyVersion', Resource: '{}'}}, \
             {{Effect: Allow, Action: 'iam:AttachRolePolicy', Resource: '{}', Condition: {{{condition}}}}}",
            arn("policy", written),
            arn("role", roles)
        );
        found(principal, &statements)
    }

    const PERSON: &str = "AWS: 'arn:aws:iam::111122223333:role/person'";
    const CLOUDFORMATION: &str = "Service: cloudformation.amazonaws.com";

    /// Which keys a request to attach a policy carries: "Actions, resources, and condition keys for IAM".
    #[test]
    fn policies_that_are_written_and_attached_are_found() {
        let listed =
            |policy: &str| format!("ArnLike: {{'iam:PolicyARN': '{}'}}", arn("policy", policy));
        let bounded =
            format!("ArnEquals: {{'iam:PermissionsBoundary': '{}'}}", arn("policy", "limit"));
        for principal in [PERSON, CLOUDFORMATION] {
            for (written, roles, condition, expected) in [
                ("app-*", "theirs", String::new(), 1),
                ("app-*", "theirs", listed("app-*"), 1),
                ("app-one", "theirs", listed("app-*"), 1),
                ("app-*", "theirs", listed("other-*"), 0),
                ("app-*", "app-*", bounded.clone(), 0),
                ("app-*", "app-*", listed("app-one"), 1),
            ] {
                let got = pair(principal, written, roles, &condition);
                assert_eq!(got, expected, "{principal} {written} {roles} {condition}");
            }
        }
        // An exact policy for an exact role: what templates are for, and nobody else.
        assert_eq!(pair(PERSON, "app-*", "theirs", &listed("app-one")), 1);
        assert_eq!(pair(CLOUDFORMATION, "app-*", "theirs", &listed("app-one")), 0);
    }

    #[test]
    fn what_a_role_denies_itself_is_not_found() {
        let statements = |denied: &str| {
            format!(
                "{{Effect: Allow, Action: ['iam:CreatePolicyVersion', 'iam:AttachRolePolicy'], Resource: ['{}', '{}']}}, \
                 {{Effect: Deny, Action: '{denied}', Resource: '*'}}",
                arn("policy", "app-*"),
                arn("role", "app-*")
            )
        };
        assert_eq!(found(PERSON, &statements("iam:GetRole")), 1);
        assert_eq!(found(PERSON, &statements("iam:AttachRolePolicy")), 0);
        assert_eq!(found(PERSON, &statements("iam:CreatePolicyVersion")), 0);
    }
}
