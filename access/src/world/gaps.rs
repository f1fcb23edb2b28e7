//! What is unknown about third-party templates, and which decisions it affects.
//!
//! A mesh states everything that it creates, and a proof fails on what it does not know. A folder of third-party
//! templates leaves out much: an affected decision is `Unknown`, with the reason.

use std::collections::BTreeSet;
use std::sync::Arc;

use lakewright_template::arn::ArnPattern;
use lakewright_template::resolve::UNKNOWN;

use super::{Piece, Role, Target, World, bucket_of};
use crate::document::Document;
use crate::evaluate::ResourceKind;
use crate::pattern::may_match;
use crate::request::{Principal, Request, Truth};

/// What is unknown about third-party templates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gaps {
    /// Whether a template could not be read completely.
    pub is_unreadable: bool,
    /// Services with a resource policy whose resource is unknown.
    pub unplaced: BTreeSet<String>,
    /// The ARNs of roles and resources that several templates create.
    pub ambiguous: BTreeSet<String>,
    /// The ARNs of roles and resources that are created only under a condition.
    pub conditional: BTreeSet<String>,
    /// The ARNs of roles whose name is known only at deployment.
    pub any_name: BTreeSet<String>,
    /// The ARNs of resources to which something other than a policy also grants access.
    pub opened: BTreeSet<String>,
    /// Roles that the serverless transform creates: the ARN and the logical id of each.
    pub implied: Vec<(String, String)>,
}

/// What a role may have besides its known policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum More {
    /// Nothing.
    #[default]
    Nothing,
    /// Policies without a deny.
    Allowing,
    /// Policies with any content.
    Anything,
}

const UNREADABLE: &str =
    "a template of the folder was not read, or not all of it, and it may say more";
const NO_ROLE: &str = "no template makes the role, so nobody here knows its policies";
const USER: &str = "what policies a user has, groups' among them, is not looked at";
const SEVERAL: &str = "several templates make it, or one under several conditions, and which of them counts is not known";
const CONDITIONAL: &str =
    "a template makes it under a condition only, and whose the name is without it is not known";
const PARTLY: &str = "a part of a policy is only known at deployment";
const MANAGED: &str = "the role has managed policies that no template contains";
const MORE: &str = "which policies are attached to the role is only known at deployment";
const NO_RESOURCE: &str = "no template makes the resource, so nobody here knows its own policy";
const UNPLACED: &str =
    "a resource policy may be this one's: of which resource it is, is only known at deployment";
const UNREAD: &str = "what gives access to a resource of this type is not all looked at";

/// The reason for `Unknown` if a principal of a mesh has policies that are in no template.
pub(super) const NOT_IN_MESH: &str = "the principal has policies that are not in the mesh";

/// The reason why a role may have more rights than its templates state.
pub(super) const ATTACHED: &str =
    "policies are attached to the role that no template contains, of AWS or of the account";

/// The reason why Lake Formation's part is unknown.
pub(super) const LAKE: &str =
    "whether Lake Formation decides on it, and what was given there before, no template tells";

/// Services whose resources have no resource policies.
///
/// Source: "AWS services that work with IAM" in the IAM user guide, column "Resource-based policies". For IAM it names
/// only trust policies, which are examined separately.
const WITHOUT_POLICIES: [&str; 10] = [
    "athena",
    "autoscaling",
    "cloudformation",
    "cloudwatch",
    "codepipeline",
    "ec2",
    "ecs",
    "iam",
    "rds",
    "states",
];

/// Resource types whose policies are separate resources that name them by more than an ARN. These policies are not
/// examined.
const POLICIES_ELSEWHERE: [&str; 2] = ["AWS::Lambda::Function", "AWS::Logs::LogGroup"];

/// AWS managed policies without a deny.
///
/// Source: the page of each in the AWS managed policy reference guide.
const ONLY_ALLOW: [&str; 3] = [
    ":aws:policy/service-role/AWSLambdaBasicExecutionRole",
    ":aws:policy/service-role/AWSLambdaRole",
    ":aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
];

impl World {
    /// Combines the pieces of third-party templates. If a template could not be read, every decision is affected.
    pub fn of_anybody(mut pieces: Vec<Piece>, is_unreadable: bool) -> Self {
        let mut gaps = Gaps { is_unreadable, ..Gaps::default() };
        let mut made = BTreeSet::new();
        leave_unplaced(&mut pieces);
        doubt_managed_twice(&mut pieces);
        pieces.iter_mut().for_each(doubt_conditional_roles);
        for piece in &pieces {
            gaps.is_unreadable |= !piece.unknown.is_empty();
            gaps.unplaced.extend(piece.unplaced.iter().cloned());
            gaps.conditional.extend(piece.conditional.iter().cloned());
            gaps.any_name.extend(piece.any_name.iter().cloned());
            gaps.opened.extend(piece.opened.iter().cloned());
            gaps.implied.extend(piece.implied.iter().cloned());
            let roles = piece.roles.iter().map(|role| &role.arn);
            for arn in roles.chain(piece.resources.iter().map(|resource| &resource.arn)) {
                if !made.insert(arn.clone()) {
                    gaps.ambiguous.insert(arn.clone());
                }
            }
        }
        let mut world = Self::of(pieces);
        world.gaps = Some(gaps);
        world.attach_by_name();
        world.attach_managed();
        world
    }

    /// Attaches policies that name their role without its path, or by a name that is known only at deployment.
    fn attach_by_name(&mut self) {
        let mut named = Vec::new();
        self.roles.retain(|arn, role| {
            if role.is_imported() {
                named.push((arn.clone(), role.clone()));
            }
            !role.is_imported()
        });
        let any_name = self.gaps.as_ref().map(|gaps| gaps.any_name.clone()).unwrap_or_default();
        for (arn, role) in named {
            // A role's name is unique in its account, whatever the path.
            let is_it = |other: &Role| {
                other.account == role.account && name_of(&other.arn) == name_of(&arn)
            };
            // ARNs of users and groups are not those of roles with another name.
            let is_settled = !arn.contains(":role/") || self.roles.values().any(is_it);
            let is_of = |other: &Role| {
                if arn.contains(UNKNOWN) {
                    return may_match(&arn, &other.arn);
                }
                let may_be = other.account == role.account && any_name.contains(&other.arn);
                if may_be && !is_settled { Truth::Unknown } else { is_it(other).into() }
            };
            let mut is_placed = arn.contains(UNKNOWN);
            for other in self.roles.values_mut() {
                match is_of(other) {
                    Truth::Yes => {
                        is_placed = true;
                        other.identity.extend(role.identity.iter().cloned());
                        other.managed.extend(role.managed.clone());
                    }
                    Truth::Unknown => {
                        other.identity.extend(role.identity.iter().map(|one| doubtful(one)));
                    }
                    Truth::No => {}
                }
            }
            // Users and groups are not examined.
            if !is_placed && arn.contains(":role/") {
                self.roles.insert(arn, role);
            }
        }
    }

    /// Attaches the managed policies of the folder that roles name.
    fn attach_managed(&mut self) {
        let Self { roles, managed, .. } = self;
        for role in roles.values_mut().filter(|role| !role.is_imported()) {
            for arn in std::mem::take(&mut role.foreign_policies) {
                let Some(document) = managed.get(&arn) else {
                    role.foreign_policies.push(arn);
                    continue;
                };
                let is_certain = role.more != More::Anything;
                let document = if is_certain { document.clone() } else { doubtful(document) };
                role.managed.insert(document.origin.clone(), arn);
                role.identity.push(document);
            }
            role.has_foreign_policies = !role.foreign_policies.is_empty();
        }
    }

    /// Why the policies of a principal may allow or deny more than is known.
    pub(super) fn identity_gap(&self, principal: &Principal) -> Option<&'static str> {
        let gaps = self.gaps.as_ref()?;
        if gaps.is_unreadable {
            return Some(UNREADABLE);
        }
        let role = match principal {
            Principal::Role { .. } => match self.role_of(principal) {
                Some(role) if !role.is_imported() => role,
                _ => return Some(NO_ROLE),
            },
            Principal::User(_) => return Some(USER),
            Principal::Service(_)
            | Principal::Federated(_)
            | Principal::CanonicalUser(_)
            | Principal::Anonymous => return None,
        };
        let may_deny = |arn: &String| !ONLY_ALLOW.iter().any(|known| arn.ends_with(known));
        if gaps.ambiguous.contains(&role.arn) {
            Some(SEVERAL)
        } else if gaps.conditional.contains(&role.arn) {
            Some(CONDITIONAL)
        } else if role.more == More::Anything {
            Some(MORE)
        } else if role.foreign_policies.iter().any(may_deny) {
            Some(MANAGED)
        } else {
            role.identity.iter().any(|document| document.is_partial).then_some(PARTLY)
        }
    }

    /// Why nothing is certain about a request, not even a denial: the templates define its principal or resource
    /// several times, and only one of them will exist.
    pub(super) fn one_of_several(&self, request: &Request<'_>) -> Option<&'static str> {
        let ambiguous = &self.gaps.as_ref()?.ambiguous;
        let arn = request.resource;
        let own = bucket_of(arn).map_or(arn, |(bucket, _)| bucket);
        let is_several = ambiguous.contains(request.principal.name()) || ambiguous.contains(own);
        is_several.then_some(SEVERAL)
    }

    /// Why the policy of a resource may allow or deny more than is known.
    pub(super) fn resource_gap(
        &self,
        request: &Request<'_>,
        target: &Target<'_>,
    ) -> Option<&'static str> {
        let gaps = self.gaps.as_ref()?;
        if gaps.is_unreadable {
            return Some(UNREADABLE);
        }
        let arn = request.resource;
        if arn == "*" {
            return None;
        }
        let own = bucket_of(arn).map_or(arn, |(bucket, _)| bucket);
        let service = ArnPattern::of(arn).service.unwrap_or_default();
        if gaps.ambiguous.contains(own) {
            return Some(SEVERAL);
        }
        if gaps.conditional.contains(own) {
            return Some(CONDITIONAL);
        }
        if target.policy.is_some_and(|policy| policy.is_partial) {
            return Some(PARTLY);
        }
        let is_without = WITHOUT_POLICIES.contains(&service);
        if gaps.unplaced.contains(service) && !is_without {
            return Some(UNPLACED);
        }
        if !target.is_known {
            let is_open = target.kind == ResourceKind::Trust || !is_without;
            return is_open.then_some(NO_RESOURCE);
        }
        let resource = self.resources.get(own)?;
        // KMS creates the default policy of a key without one.
        let is_by_default = resource.is_key() && resource.policy.is_none();
        let is_its_own = |document: &Document| {
            document.origin.stack == resource.origin.stack
                && document.origin.logical_id == resource.origin.logical_id
        };
        let is_elsewhere = POLICIES_ELSEWHERE.contains(&resource.kind.as_str())
            || self.others.iter().any(is_its_own)
            || gaps.opened.contains(own);
        // A policy without its resource belongs to a resource created elsewhere.
        if resource.kind.is_empty() {
            return Some(NO_RESOURCE);
        }
        (is_by_default || is_elsewhere).then_some(UNREAD)
    }
}

/// Marks policies as unplaced if no template creates a resource of that name, but a resource of unknown name may have
/// it. Secrets always count as such: AWS chooses the last characters of their ARNs, so only the name identifies a
/// secret.
fn leave_unplaced(pieces: &mut [Piece]) {
    let resources = pieces.iter().flat_map(|piece| &piece.resources);
    let made: BTreeSet<String> = resources.map(|resource| resource.arn.clone()).collect();
    let unnamed: BTreeSet<String> =
        pieces.iter().flat_map(|piece| piece.unnamed.iter().cloned()).collect();
    for piece in pieces {
        let policies = std::mem::take(&mut piece.policies);
        for (arn, policy) in policies {
            let service = ArnPattern::of(&arn).service.unwrap_or_default();
            let is_open = service == "secretsmanager" || unnamed.contains(service);
            if is_open && !made.contains(&arn) {
                piece.unplaced.insert(service.to_owned());
                piece.others.push(policy.0);
            } else {
                piece.policies.push((arn, policy));
            }
        }
    }
}

/// Marks the policies of roles that are created only under a condition as uncertain: without the condition, another
/// owner's role may have the name.
fn doubt_conditional_roles(piece: &mut Piece) {
    let Piece { roles, conditional, .. } = piece;
    for role in roles.iter_mut().filter(|role| conditional.contains(&role.arn)) {
        for document in &mut role.identity {
            *document = doubtful(document);
        }
    }
}

/// Marks managed policies as uncertain if several templates create one of the same name.
fn doubt_managed_twice(pieces: &mut [Piece]) {
    let (mut seen, mut twice) = (BTreeSet::new(), BTreeSet::new());
    for (arn, ..) in pieces.iter().flat_map(|piece| &piece.managed) {
        if !seen.insert(arn.clone()) {
            twice.insert(arn.clone());
        }
    }
    let all = pieces.iter_mut().flat_map(|piece| &mut piece.managed);
    for (_, document, _) in all.filter(|(arn, ..)| twice.contains(arn)) {
        document.statements.iter_mut().for_each(|statement| statement.is_certain = false);
    }
}

/// A copy of the document whose statements may not exist.
fn doubtful(document: &Document) -> Arc<Document> {
    let mut document = document.clone();
    document.statements.iter_mut().for_each(|statement| statement.is_certain = false);
    Arc::new(document)
}

/// The name of a role, without its path.
fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
