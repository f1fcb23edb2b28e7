//! The access model of all templates: roles and resources with their policies, and Lake Formation permissions,
//! of all accounts and regions.

mod assemble;
mod extract;
mod facts;
mod gaps;
mod modelled;
mod organization;
mod resource;
mod sides;

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use lakewright_template::arn::{ArnParts, ArnPattern};

use crate::action::Action;
use crate::condition::{expand, holds};
use crate::document::{Condition, Document, Malformed, Origin};
use crate::evaluate::{self, Decision, Layers, Near, ResourceKind, Verdict};
use crate::lake::{CELLS, Lake, Side, is_of_data};
use crate::request::{Context, Facts, Principal, Request, Truth, account_of, is_told};
use crate::sample;
use crate::unchecked;
pub use assemble::Policies;
pub use extract::tags_of;
pub use extract::{OnUnresolved, Piece, PieceError, StackTemplate, policy_templates, unseen};
pub use facts::{ExternalFacts, PartsMut};
use gaps::{ATTACHED, LAKE, NOT_IN_MESH};
pub use gaps::{Gaps, More};
pub use organization::{DeclaredPolicy, Organization, OrganizationPolicy};
pub use resource::{AccessPoint, Code, PublicAccessBlock, Resource};
use sides::{Sides, also_asked, is_decided_at_once, is_of_trust, pipeline_of};
pub use sides::{Target, bucket_of};

/// A role that templates create or attach policies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The ARN.
    pub arn: String,
    /// The account.
    pub account: String,
    /// The tags.
    pub tags: BTreeMap<String, String>,
    /// The ARN of the permissions boundary.
    pub boundary: Option<String>,
    /// The identity policies. Policies of several roles are stored once.
    pub identity: Vec<Arc<Document>>,
    /// The ARNs of the managed policies among them, by where each is declared.
    pub managed: BTreeMap<Origin, String>,
    /// Whether policies that no template contains are attached to the role.
    pub has_foreign_policies: bool,
    /// The ARNs of attached policies that no template contains, as far as they are known.
    pub foreign_policies: Vec<String>,
    /// Further policies that a third-party template may attach to the role.
    pub more: More,
    /// The trust policy.
    pub trust: Document,
}

/// The reason for `Unknown` if IAM still grants access to catalog data for principals that have not opted in.
pub const HYBRID: &str = "its location is in hybrid access mode, and who has opted in to Lake Formation is in no template";

/// The reason for `Unknown` on catalog resources that may be older than the mesh.
const OF_BEFORE: &str = "no template makes it, and what Lake Formation gives everybody whom IAM lets in (`IAMAllowedPrincipals`) is in none";

/// The assumption about policies that no template contains: those of imported roles, and of other owners'
/// resources and keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// No assumption: decisions that depend on such policies are `Unknown`.
    Unknown,
    /// Such policies allow everything, so a remaining deny comes from the mesh alone.
    Allows,
}

/// The access model of a set of templates, in the order of the templates.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// Roles by ARN.
    pub(crate) roles: IndexMap<String, Role>,
    /// Other resources by ARN.
    pub(crate) resources: IndexMap<String, Resource>,
    /// Managed policies by ARN.
    pub(crate) managed: IndexMap<String, Arc<Document>>,
    /// Keys by the ARNs of their aliases.
    pub(crate) aliases: IndexMap<String, String>,
    /// The aliases of each key, such as `alias/data`.
    pub(crate) aliases_of: IndexMap<String, Vec<String>>,
    /// Access points by ARN.
    pub(crate) access_points: IndexMap<String, AccessPoint>,
    /// Lake Formation's permissions.
    pub(crate) lake: Lake,
    /// The policies of the organization.
    pub(crate) organization: Organization,
    /// The session policy of the roles' sessions.
    pub(crate) session: Option<Document>,
    /// The accounts of buckets that no template creates, by the bucket's ARN, as far as the mesh states them.
    pub(crate) owners: BTreeMap<String, String>,
    /// Documents of resource types that the model does not support. Only guardrails read them.
    pub(crate) others: Vec<Document>,
    /// Policies of an organization that third-party templates contain.
    pub(crate) declared: Vec<DeclaredPolicy>,
    /// Statements that IAM would reject.
    pub(crate) malformed: Vec<Malformed>,
    /// Policies attached by name to principals other than roles, each with where the attachment is declared.
    pub(crate) attachments: Vec<(Origin, String)>,
    /// What is unknown about third-party templates; `None` for a mesh.
    pub(crate) gaps: Option<Gaps>,
}

impl World {
    /// Decides a request as AWS does: by IAM policies and, for data in a catalog, by Lake Formation permissions.
    /// Operations that need no permission are allowed regardless of both.
    pub fn decide(&self, request: &Request<'_>, outside: Outside) -> Verdict<'_> {
        if let Some((decision, reason)) = unchecked::decided(request) {
            return Verdict { decision, statements: Vec::new(), reason };
        }
        let verdict = self.decide_one(request, outside);
        // The further actions that a request needs can only restrict the decision.
        also_asked(request).into_iter().fold(verdict, |verdict, (action, denied)| {
            let also = self.decide_one(&Request { action, ..request.clone() }, outside);
            match (verdict.decision, also.decision) {
                (Decision::Allow | Decision::Unknown, Decision::ImplicitDeny) => {
                    Verdict { reason: denied, ..also }
                }
                (Decision::Allow | Decision::Unknown, Decision::ExplicitDeny)
                | (Decision::Allow, Decision::Unknown) => also,
                _ => verdict,
            }
        })
    }

    fn decide_one(&self, request: &Request<'_>, outside: Outside) -> Verdict<'_> {
        // A request for a bucket's object through an access point is a request for the access point's object.
        if let Some(resource) = self.through_access_point(request) {
            let request = Request { resource: &resource, ..request.clone() };
            return self.decide_by_policies(&request, outside);
        }
        let verdict = self.decide_by_policies(request, outside);
        if verdict.decision == Decision::Allow && is_of_data(request.action) {
            let (decision, reason) = self.data_access(request.principal);
            if decision != Decision::Allow {
                return Verdict { decision, reason, ..verdict };
            }
        }
        match self.with_lake(verdict.decision, request, outside) {
            (_, None) => verdict,
            (decision, Some(reason)) => Verdict { decision, reason, ..verdict },
        }
    }

    /// Whether IAM allows a principal to request data credentials from Lake Formation, regardless of its Lake
    /// Formation permissions.
    pub fn data_access(&self, principal: &Principal) -> (Decision, &'static str) {
        // Lake Formation's groups are not IAM principals.
        if !principal.name().contains(":role/") && !principal.name().contains(":user/") {
            return (Decision::Allow, "a group of Lake Formation's own");
        }
        let context = Context::new();
        let action = Action::new("lakeformation:GetDataAccess");
        let request = Request { principal, action, resource: "*", context: &context };
        let verdict = self.decide_by_policies(&request, Outside::Unknown);
        let reason = match verdict.decision {
            Decision::Allow | Decision::Unknown => verdict.reason,
            Decision::ExplicitDeny | Decision::ImplicitDeny => {
                "IAM does not give lakeformation:GetDataAccess, which it takes as well"
            }
        };
        (verdict.decision, reason)
    }

    /// The ARN of the requested resource through the access point that the request names. `None` without a known
    /// access point of this bucket.
    fn through_access_point(&self, request: &Request<'_>) -> Option<String> {
        let point = request.context.get("s3:dataaccesspointarn")?.first()?;
        let (bucket, key) = bucket_of(request.resource)?;
        let known = self.access_points.get(point)?;
        // Bucket names contain no colon.
        (bucket.rsplit(':').next() == Some(known.bucket.as_str()))
            .then(|| key.map_or_else(|| point.clone(), |key| format!("{point}/object/{key}")))
    }

    /// The decision after Lake Formation, and the reason if Lake Formation changes it.
    fn with_lake(
        &self,
        decision: Decision,
        request: &Request<'_>,
        outside: Outside,
    ) -> (Decision, Option<&'static str>) {
        let side = self.lake.side(request.principal.name(), request.resource);
        self.with_side(decision, &side, request.action, outside)
    }

    fn with_side(
        &self,
        decision: Decision,
        side: &Side<'_>,
        action: Action,
        outside: Outside,
    ) -> (Decision, Option<&'static str>) {
        let may_be = matches!(decision, Decision::Allow | Decision::Unknown);
        if !may_be || action.is_permission() {
            return (decision, None);
        }
        match (side.also_needs(action), outside) {
            (Truth::No | Truth::Unknown, Outside::Unknown) if self.gaps.is_some() => {
                (Decision::Unknown, Some(LAKE))
            }
            (Truth::No, _) => {
                let reason = "no Lake Formation permission grants it, whatever IAM says";
                (Decision::ImplicitDeny, Some(reason))
            }
            (Truth::Unknown, Outside::Unknown) if decision != Decision::Unknown => {
                let reason = match side {
                    Side::Governed { is_hybrid: true, .. } => HYBRID,
                    _ => "Lake Formation's permissions on it are not in the mesh",
                };
                (Decision::Unknown, Some(reason))
            }
            (Truth::Yes | Truth::Unknown, _) => (decision, None),
        }
    }

    /// Decides a request by IAM policies alone. A Lake Formation permission such as `lakeformation:SELECT` is
    /// decided by the permissions granted.
    pub fn decide_by_policies(&self, request: &Request<'_>, outside: Outside) -> Verdict<'_> {
        if request.action.is_permission() {
            let (decision, reason) = match (self.lake.gives(request), outside) {
                (_, Outside::Unknown) if self.gaps.is_some() => (Decision::Unknown, LAKE),
                (Truth::Unknown, Outside::Unknown) => (Decision::Unknown, HYBRID),
                (Truth::Yes | Truth::Unknown, _) => (Decision::Allow, "Lake Formation grants it"),
                (Truth::No, Outside::Unknown) if self.may_be_open(request) => {
                    (Decision::Unknown, OF_BEFORE)
                }
                (Truth::No, _) => {
                    (Decision::ImplicitDeny, "no Lake Formation permission grants it")
                }
            };
            return Verdict { decision, statements: Vec::new(), reason };
        }
        let Some((arn, point)) = self.access_point(request.resource) else {
            let point = request.context.get("s3:dataaccesspointarn").and_then(<[String]>::first);
            let Some(point) = point.filter(|point| self.access_points.contains_key(*point)) else {
                return self.decide_once(request, None, outside);
            };
            // The bucket's part of a request through an access point.
            let key = bucket_of(request.resource).and_then(|(_, key)| key);
            let through = key.map_or_else(|| point.clone(), |key| format!("{point}/object/{key}"));
            return self.decide_once(request, Some((&Context::new(), &through)), outside);
        };
        // For a request through an access point, the policies of both the access point and the bucket must allow
        // it. So a denial of either is certain, whatever is unknown about the other.
        let at_point = self.decide_once(request, None, outside);
        if at_point.decision.is_denial() {
            return at_point;
        }
        let key = request.resource.strip_prefix(arn).and_then(|rest| rest.strip_prefix("/object/"));
        let partition = ArnPattern::of(arn).partition.unwrap_or("aws");
        let bucket = String::from(ArnParts::s3(partition, &point.bucket));
        let behind = key.map_or_else(|| bucket.clone(), |key| format!("{bucket}/{key}"));
        let derived = Context::new()
            .with("s3:DataAccessPointArn", [arn])
            .with("s3:DataAccessPointAccount", [account_of(arn).unwrap_or_default()])
            .with("s3:AccessPointNetworkOrigin", ["Internet"]);
        let behind = Request { resource: &behind, ..request.clone() };
        let at_bucket = self.decide_once(&behind, Some((&derived, request.resource)), outside);
        if at_point.decision == Decision::Unknown && !at_bucket.decision.is_denial() {
            return at_point;
        }
        let statements = at_point.statements.into_iter().chain(at_bucket.statements).collect();
        Verdict { statements, ..at_bucket }
    }

    /// Whether Lake Formation may have granted a permission to every IAM principal of the account before the
    /// mesh was deployed. Source: "Changing the default settings for your data lake" in the Lake Formation
    /// developer guide.
    fn may_be_open(&self, request: &Request<'_>) -> bool {
        let Request { principal, resource, .. } = *request;
        if !self.lake.may_be_of_before(resource) || principal.account() != account_of(resource) {
            return false;
        }
        let sees = if resource.contains(":table/") { "glue:GetTable" } else { "glue:GetDatabase" };
        let sees = Request { action: Action::new(sees), ..request.clone() };
        let decision = self.decide_by_policies(&sees, Outside::Unknown).decision;
        matches!(decision, Decision::Allow | Decision::Unknown)
    }

    fn decide_once(
        &self,
        request: &Request<'_>,
        through: Option<(&Context, &str)>,
        outside: Outside,
    ) -> Verdict<'_> {
        self.sides(request, &self.target(request), outside).decide(request, through)
    }

    /// The statements that would allow a request if it fulfilled their conditions.
    pub fn nearly(&self, request: &Request<'_>) -> Vec<Near<'_>> {
        let target = self.target(request);
        let sides = self.sides(request, &target, Outside::Unknown);
        let mut near = evaluate::nearly(&sides.layers, request, &sides.facts(None));
        near.retain(|near| {
            let expand = |_: &str, text: &str| {
                self.expanded(text, request).unwrap_or_else(|| text.to_owned())
            };
            let contexts = sample::contexts(&near.statement.conditions, expand);
            contexts.into_iter().any(|context| {
                let mut carried = request.context.clone();
                for (key, values) in context.iter().filter(|(key, _)| !is_told(key)) {
                    carried.set(key, values.iter().cloned());
                }
                let request = Request { context: &carried, ..request.clone() };
                // Other owners may still have to agree, so unknown policies count as allowing. A remaining deny
                // comes from this mesh.
                self.decide(&request, Outside::Allows).decision == Decision::Allow
            })
        });
        near
    }

    /// The actions that IAM policies do not allow, for requests that differ only in the action.
    pub fn refused<'q>(
        &self,
        request: impl Fn(Action) -> Request<'q>,
        actions: &[Action],
        outside: Outside,
    ) -> Vec<Action> {
        let is_refused = |decision: Decision| decision != Decision::Allow;
        let Some(first) = actions.first().map(|action| request(*action)) else {
            return Vec::new();
        };
        let is_permission = actions.iter().any(|action| action.is_permission());
        if actions.len() == 1 || is_permission || !is_decided_at_once(&first, actions) {
            let refused = actions.iter().copied().filter(|action| {
                is_refused(self.decide_by_policies(&request(*action), outside).decision)
            });
            return refused.collect();
        }
        let target = self.target(&first);
        let sides = self.sides(&first, &target, outside);
        let service = first.action.service_id();
        let weights = sides.weights(&first, &|statement| statement.is_of_service(service));
        let refused = actions
            .iter()
            .copied()
            .filter(|action| is_refused(sides.decide_by(&weights, &request(*action)).0));
        refused.collect()
    }

    /// Decides requests to one service that differ only in the action, by IAM and Lake Formation. `each`
    /// receives each decision with its reason. `target` holds the facts about the requested resource.
    pub fn decide_each(
        &self,
        request: &Request<'_>,
        target: &Target<'_>,
        actions: &[Action],
        mut each: impl FnMut(Action, Decision, &'static str),
    ) {
        if !is_decided_at_once(request, actions) {
            for action in actions {
                let request = Request { action: *action, ..request.clone() };
                let Verdict { decision, reason, .. } = self.decide(&request, Outside::Unknown);
                each(*action, decision, reason);
            }
            return;
        }
        let sides = self.sides(request, target, Outside::Unknown);
        let service = request.action.service_id();
        let weights = sides.weights(request, &|statement| statement.is_of_service(service));
        let side = self.lake.side(request.principal.name(), request.resource);
        for action in actions {
            let request = Request { action: *action, ..request.clone() };
            let (decision, reason) = if action.is_permission() {
                let Verdict { decision, reason, .. } = self.decide(&request, Outside::Unknown);
                (decision, reason)
            } else {
                let (decision, reason) = sides.decide_by(&weights, &request);
                let (decision, of_lake) =
                    self.with_side(decision, &side, *action, Outside::Unknown);
                (decision, of_lake.unwrap_or(reason))
            };
            each(*action, decision, reason);
        }
    }

    /// The documents and facts for requests of one principal on one resource, for any action.
    fn sides<'r, 'w: 'r>(
        &'w self,
        request: &Request<'r>,
        target: &'r Target<'w>,
        outside: Outside,
    ) -> Sides<'w, 'r> {
        let Request { principal, resource, .. } = *request;
        let unknown = match outside {
            Outside::Unknown => Truth::Unknown,
            Outside::Allows => Truth::Yes,
        };
        let role = self.role_of(principal);
        let has_unknown_policies = match principal {
            Principal::Role { .. } => role.is_none_or(|role| role.has_foreign_policies),
            Principal::User(_) => true,
            _ => false,
        };
        let principal_account = principal.account();
        // A bucket that no template creates is assumed to be in the principal's own account. If it is in another
        // account, its owner decides.
        let resource_account =
            target.account.or_else(|| account_of(resource)).or(principal_account);
        let is_same_account = principal_account.is_some() && principal_account == resource_account;
        let unknown_identity = match &self.gaps {
            None => has_unknown_policies.then_some((unknown, NOT_IN_MESH)),
            Some(_) => role
                .filter(|role| role.has_foreign_policies || role.more != More::Nothing)
                .map(|_| (unknown, ATTACHED)),
        };
        let is_mesh = self.gaps.is_none();
        let boundary = role.and_then(|role| role.boundary.as_ref());
        let boundary_document = boundary.and_then(|arn| self.managed.get(arn)).map(Arc::as_ref);
        let layers = Layers {
            is_same_account,
            kind: target.kind,
            scps: self.organization.scps_of(principal_account),
            rcps: self.organization.rcps_of(resource_account),
            boundary: boundary_document,
            session: self.session.as_ref().filter(|_| matches!(principal, Principal::Role { .. })),
            identity: role
                .map(|role| role.identity.iter().map(Arc::as_ref).collect())
                .unwrap_or_default(),
            unknown_identity,
            resource: target.policy,
            identity_gap: self.identity_gap(principal),
            resource_gap: self.resource_gap(request, target),
            nothing_is_certain: self.one_of_several(request),
        };
        Sides {
            world: self,
            layers,
            target,
            unknown: (is_mesh && !target.is_known).then_some(unknown),
            resource_account,
            principal_tags: role.map(|role| &role.tags),
            is_bounded_by_unknown: boundary.is_some()
                && boundary_document.is_none()
                && outside == Outside::Unknown,
        }
    }

    /// The KMS key of the templates with this ARN.
    pub fn key(&self, arn: &str) -> Option<&Resource> {
        if !arn.contains(":key/") {
            return None;
        }
        self.resources.get(arn).filter(|resource| resource.is_key())
    }

    /// Whether the ARN is that of a bucket of the templates, or of an object in one.
    pub fn knows_bucket(&self, arn: &str) -> bool {
        bucket_of(arn).is_some_and(|(bucket, _)| self.resources.contains_key(bucket))
    }

    /// Whether the templates create the role and contain all of its policies.
    pub fn knows_policies_of(&self, arn: &str) -> bool {
        self.roles.get(arn).is_some_and(|role| !role.has_foreign_policies)
    }

    fn role_of(&self, principal: &Principal) -> Option<&Role> {
        match principal {
            Principal::Role { arn, .. } => self.roles.get(arn),
            _ => None,
        }
    }

    /// Whether a request fulfils conditions that belong to no document.
    pub fn fulfils<'c>(
        &self,
        request: &Request<'_>,
        conditions: impl IntoIterator<Item = &'c Condition>,
    ) -> bool {
        let mut conditions = conditions.into_iter().peekable();
        conditions.peek().is_none()
            || self.fulfils_about(request, &self.target(request), conditions)
    }

    /// Whether a request may fulfil conditions.
    pub fn may_fulfil<'c>(
        &self,
        request: &Request<'_>,
        conditions: impl IntoIterator<Item = &'c Condition>,
    ) -> bool {
        let mut conditions = conditions.into_iter().peekable();
        // Most have none, and then the facts about the resource are not needed.
        if conditions.peek().is_none() {
            return true;
        }
        let target = self.target(request);
        let facts = self.facts(request, &target);
        conditions.all(|one| holds(one, one.key != CELLS, request, &facts) != Truth::No)
    }

    fn facts<'f>(&'f self, request: &'f Request<'_>, target: &'f Target<'_>) -> Facts<'f> {
        Facts {
            resource_account: target.account.or_else(|| account_of(request.resource)),
            principal_tags: self.role_of(request.principal).map(|role| &role.tags),
            resource_tags: target.tags,
            derived: target.of_key.as_ref(),
            ..Facts::default()
        }
    }

    /// Whether a request fulfils conditions that belong to no document. `target` holds the facts about its
    /// resource.
    pub fn fulfils_about<'c>(
        &self,
        request: &Request<'_>,
        target: &Target<'_>,
        conditions: impl IntoIterator<Item = &'c Condition>,
    ) -> bool {
        let facts = self.facts(request, target);
        // The row filter of a data cells filter is data: `${` in it is not a variable.
        conditions.into_iter().all(|condition| {
            holds(condition, condition.key != CELLS, request, &facts) == Truth::Yes
        })
    }

    /// The text of a policy with its variables replaced; wildcards are kept.
    pub fn expanded(&self, text: &str, request: &Request<'_>) -> Option<String> {
        let facts = Facts {
            principal_tags: self.role_of(request.principal).map(|role| &role.tags),
            ..Facts::default()
        };
        expand(text, request, &facts).ok().map(|expanded| expanded.literal())
    }

    /// The access point in an ARN, with the access point's own ARN.
    pub fn access_point<'r>(&self, resource: &'r str) -> Option<(&'r str, &AccessPoint)> {
        let (_, rest) = resource.split_once(":accesspoint/")?;
        let name = rest.split('/').next()?;
        let arn = &resource[..resource.len() - rest.len() + name.len()];
        Some((arn, self.access_points.get(arn)?))
    }

    /// The facts about the resource of a request. They depend on the action only in whether a trust policy
    /// decides it.
    pub fn target(&self, request: &Request<'_>) -> Target<'_> {
        let arn = request.resource;
        if is_of_trust(request.action) {
            let role = self.roles.get(arn);
            return Target {
                policy: role.map(|role| &role.trust),
                tags: role.map(|role| &role.tags),
                account: role.map(|role| role.account.as_str()),
                kind: ResourceKind::Trust,
                of_key: None,
                region: None,
                is_known: role.is_some_and(|role| !role.is_imported()),
            };
        }
        let owner = if let Some((bucket, _)) = bucket_of(arn) {
            self.resources.get(bucket)
        } else if let Some((point, _)) = self.access_point(arn) {
            self.resources.get(point)
        } else {
            let whole = || self.resources.get(pipeline_of(arn)?);
            self.resources.get(arn).or_else(whole)
        };
        let is_key = arn.contains(":key/") && ArnPattern::of(arn).service == Some("kms");
        Target {
            policy: owner.and_then(|owner| owner.policy.as_ref()),
            tags: owner
                .map(|owner| &owner.tags)
                .or_else(|| self.roles.get(arn).map(|role| &role.tags)),
            account: owner.map(|owner| owner.account.as_str()).or_else(|| {
                let (bucket, _) = bucket_of(arn)?;
                self.owners.get(bucket).map(String::as_str)
            }),
            kind: if is_key { ResourceKind::Key } else { ResourceKind::Ordinary },
            of_key: self.aliases_of.get(arn).map(|aliases| {
                Context::new().with("kms:ResourceAliases", aliases.iter().map(String::as_str))
            }),
            region: owner
                .filter(|_| self.gaps.is_none())
                .and_then(|owner| owner.origin.stack.split('/').nth(1)),
            is_known: owner.is_some(),
        }
    }
}

impl Role {
    /// Whether no template creates the role.
    pub fn is_imported(&self) -> bool {
        self.trust.origin.stack.is_empty()
    }
}

#[cfg(test)]
mod tests;
