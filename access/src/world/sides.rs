//! The facts about the principal and the resource of a request.

use std::collections::BTreeMap;

use lakewright_template::arn::{ArnParts, ArnPattern};

use super::{Outside, World};
use crate::action::Action;
use crate::document::{Document, Statement};
use crate::evaluate::{self, Decision, Layers, ResourceKind, Verdict, Weights, bounded_by_unknown};
use crate::lake::is_of_data;
use crate::request::{Context, Facts, Request, Truth, partition_of};

/// Whether one evaluation of the documents serves all actions: they belong to one service, and the request neither
/// targets a role, which its trust policy decides, nor uses an access point, which two policies decide.
pub(super) fn is_decided_at_once(request: &Request<'_>, actions: &[Action]) -> bool {
    let service = request.action.service_id();
    !request.resource.contains(":role/")
        && !request.resource.contains(":accesspoint/")
        && request.context.get("s3:dataaccesspointarn").is_none()
        && actions.iter().all(|action| action.service_id() == service)
}

/// Whether a role's trust policy takes part in this action.
pub(super) fn is_of_trust(action: Action) -> bool {
    let name = action.lower();
    name.starts_with("sts:assumerole")
        || ["sts:setsourceidentity", "sts:tagsession"].contains(&name)
}

/// The further actions that a request to assume a role needs because of its context, each with the reason if it is
/// denied. Sources: "Pass session tags in AWS STS" and "Monitor and control actions taken with assumed roles" in the
/// IAM user guide.
pub(super) fn also_asked(request: &Request<'_>) -> Vec<(Action, &'static str)> {
    let mut also = Vec::new();
    if !request.action.lower().starts_with("sts:assumerole") {
        return also;
    }
    let has = |is: fn(&str) -> bool| request.context.iter().any(|(key, _)| is(key));
    let is_tag = |key: &str| {
        key.starts_with("aws:requesttag/")
            || ["aws:tagkeys", "sts:transitivetagkeys"].contains(&key)
    };
    if has(is_tag) {
        let denied = "the request passes session tags, and sts:TagSession is not allowed";
        also.push((Action::new("sts:TagSession"), denied));
    }
    if has(|key| key == "sts:sourceidentity") {
        let denied = "the request sets a source identity, and sts:SetSourceIdentity is not allowed";
        also.push((Action::new("sts:SetSourceIdentity"), denied));
    }
    also
}

/// The documents and facts for requests of one principal on one resource.
pub(super) struct Sides<'w, 'r> {
    pub(super) world: &'w World,
    pub(super) layers: Layers<'w>,
    pub(super) target: &'r Target<'w>,
    /// The effect of an unknown resource policy.
    pub(super) unknown: Option<Truth>,
    pub(super) resource_account: Option<&'r str>,
    pub(super) principal_tags: Option<&'w BTreeMap<String, String>>,
    pub(super) is_bounded_by_unknown: bool,
}

impl<'w> Sides<'w, '_> {
    pub(super) fn decide(
        &self,
        request: &Request<'_>,
        through: Option<(&Context, &str)>,
    ) -> Verdict<'w> {
        let facts = self.facts(through);
        let unknown_resource = self.unknown_resource(request);
        evaluate::decide(&self.layers, request, &facts, unknown_resource)
            .bounded_by_unknown(self.is_bounded_by_unknown)
    }

    /// Evaluates the statements that requests like this one need, for any action.
    pub(super) fn weights(
        &self,
        request: &Request<'_>,
        is_wanted: &dyn Fn(&Statement) -> bool,
    ) -> Weights<'w> {
        Weights::of(&self.layers, request, &self.facts(None), is_wanted)
    }

    /// Decides a request by statements evaluated before.
    pub(super) fn decide_by(
        &self,
        weights: &Weights<'w>,
        request: &Request<'_>,
    ) -> (Decision, &'static str) {
        let (decision, reason) =
            weights.decide(&self.layers, request, self.unknown_resource(request));
        bounded_by_unknown(decision, reason, self.is_bounded_by_unknown)
    }

    pub(super) fn facts<'f>(&'f self, through: Option<(&'f Context, &'f str)>) -> Facts<'f> {
        Facts {
            resource_account: self.resource_account,
            principal_tags: self.principal_tags,
            resource_tags: self.target.tags,
            derived: through.map(|(derived, _)| derived).or(self.target.of_key.as_ref()),
            through: through.map(|(_, point)| point),
            region: self.target.region,
        }
    }

    /// What the resource's side allows the principal's account, if no document states it.
    pub(super) fn unknown_resource(&self, request: &Request<'_>) -> Option<Truth> {
        let Layers { resource, is_same_account, kind, .. } = self.layers;
        if resource.is_some() || (is_same_account && kind == ResourceKind::Ordinary) {
            return None;
        }
        // Only Lake Formation shares a governed catalog with other accounts.
        let lake = &self.world.lake;
        if lake.governs(request.resource) { Some(lake.also_needs(request)) } else { self.unknown }
    }
}

impl World {
    /// The documents that take part in the decision of a request, in no particular order. For a request through an
    /// access point, those of the access point and of its bucket.
    pub fn documents(&self, request: &Request<'_>) -> Vec<&Document> {
        let mut documents = self.documents_about(request);
        let arn = request.resource;
        let point = request.context.get("s3:dataaccesspointarn").and_then(|point| point.first());
        let point = point.map(String::as_str).or_else(|| Some(self.access_point(arn)?.0));
        let both = point.and_then(|arn| Some((arn, self.access_points.get(arn)?)));
        if let Some((arn, point)) = both {
            let bucket =
                String::from(ArnParts::s3(partition_of(arn).unwrap_or("aws"), &point.bucket));
            for resource in [arn, bucket.as_str()] {
                documents.extend(self.documents_about(&Request { resource, ..request.clone() }));
            }
        }
        documents
    }

    fn documents_about(&self, request: &Request<'_>) -> Vec<&Document> {
        let target = self.target(request);
        let Layers { scps, rcps, boundary, session, identity, resource, .. } =
            self.sides(request, &target, Outside::Unknown).layers;
        let own = identity.into_iter().chain(boundary).chain(session);
        own.chain(scps.into_iter().flatten()).chain(rcps).chain(resource).collect()
    }

    /// The reasons of all sides that must allow a request and do not: the organization, the boundary, the session
    /// policy, the identity policies, the resource policy and Lake Formation.
    pub fn lacking(&self, request: &Request<'_>) -> Vec<&'static str> {
        const OF_LAKE: &str = "no Lake Formation permission grants it";
        if request.action.is_permission() {
            let by_lake = (self.lake.gives(request) == Truth::No).then_some(OF_LAKE);
            let (by_iam, reason) = self.data_access(request.principal);
            let is_denied = matches!(by_iam, Decision::ExplicitDeny | Decision::ImplicitDeny);
            let by_iam = (is_of_data(request.action) && is_denied).then_some(reason);
            return by_lake.into_iter().chain(by_iam).collect();
        }
        let (action, target) = (request.action, self.target(request));
        let sides = self.sides(request, &target, Outside::Unknown);
        let weights = sides.weights(request, &|statement| statement.is_of(action));
        let unknown = sides.unknown_resource(request);
        let mut lacking = weights.lacking(&sides.layers, request, unknown);
        let side = self.lake.side(request.principal.name(), request.resource);
        lacking.extend((side.also_needs(action) == Truth::No).then_some(OF_LAKE));
        lacking
    }
}

/// The facts about a resource.
#[derive(Debug)]
pub struct Target<'w> {
    pub(super) policy: Option<&'w Document>,
    /// The tags, if known.
    pub tags: Option<&'w BTreeMap<String, String>>,
    pub(super) account: Option<&'w str>,
    pub(super) kind: ResourceKind,
    /// The aliases as condition key, if the resource is a KMS key.
    pub(super) of_key: Option<Context>,
    /// The region of the stack that creates the resource.
    pub(super) region: Option<&'w str>,
    pub(super) is_known: bool,
}

/// The bucket's ARN, and the object's key if there is one, from the ARN of a bucket or an object.
pub fn bucket_of(arn: &str) -> Option<(&str, Option<&str>)> {
    let ArnPattern { service: Some("s3"), account: Some(""), resource: Some(name), .. } =
        ArnPattern::of(arn)
    else {
        return None;
    };
    match name.split_once('/') {
        Some((bucket, key)) => Some((&arn[..arn.len() - name.len() + bucket.len()], Some(key))),
        None => Some((arn, None)),
    }
}

/// The pipeline's ARN, from the ARN of one of its stages or actions: only the pipeline has tags. Source: "Actions,
/// resources, and condition keys for AWS CodePipeline", resource types `stage` and `action`.
pub(super) fn pipeline_of(arn: &str) -> Option<&str> {
    let (pipeline, _) = arn.split_once('/')?;
    (ArnPattern::of(arn).service == Some("codepipeline")).then_some(pipeline)
}
