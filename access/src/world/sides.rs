//! Both sides of a request: what is known of who asks, and of what is asked for.

use std::collections::BTreeMap;

use lakewright_template::arn::ArnPattern;

use super::{Outside, World};
use crate::action::Action;
use crate::document::{Document, Statement};
use crate::evaluate::{self, Decision, Layers, ResourceKind, Verdict, Weights, bounded_by_unknown};
use crate::lake::is_of_data;
use crate::request::{Context, Facts, Request, Truth};

/// Whether one look at the documents decides a request for all actions: they are of one service, and the
/// request is none for a role, which its trust policy decides, or through an access point, which
/// two policies decide.
pub(super) fn is_decided_at_once(request: &Request<'_>, actions: &[Action]) -> bool {
    let service = request.action.service_id();
    !request.resource.contains(":role/")
        && !request.resource.contains(":accesspoint/")
        && request.context.get("s3:dataaccesspointarn").is_none()
        && actions.iter().all(|action| action.service_id() == service)
}

/// Whether a role's trust policy has its say in an action.
pub(super) fn is_of_trust(action: Action) -> bool {
    let name = action.lower();
    name.starts_with("sts:assumerole")
        || ["sts:setsourceidentity", "sts:tagsession"].contains(&name)
}

/// What a request to assume a role asks for besides, by what it carries, each with why it is denied when it is. Sources:
/// "Pass session tags in AWS STS" and "Monitor and control actions taken with assumed roles" in the IAM
/// user guide.
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

/// What decides requests of one principal about one resource.
pub(super) struct Sides<'w, 'r> {
    pub(super) world: &'w World,
    pub(super) layers: Layers<'w>,
    pub(super) target: &'r Target<'w>,
    /// What the resource's policy says when it is not known.
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

    /// Weighs the statements that requests like this one need.
    pub(super) fn weights(
        &self,
        request: &Request<'_>,
        is_wanted: &dyn Fn(&Statement) -> bool,
    ) -> Weights<'w> {
        Weights::of(&self.layers, request, &self.facts(None), is_wanted)
    }

    /// Decides a request by weighed statements.
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

    /// What the resource's side says to the principal's account, where no document tells.
    pub(super) fn unknown_resource(&self, request: &Request<'_>) -> Option<Truth> {
        let Layers { resource, is_same_account, kind, .. } = self.layers;
        if resource.is_some() || (is_same_account && kind == ResourceKind::Ordinary) {
            return None;
        }
        // A governed catalog is shared with other accounts by Lake Formation, and nothing else.
        let lake = &self.world.lake;
        if lake.governs(request.resource) { Some(lake.also_needs(request)) } else { self.unknown }
    }
}

impl World {
    /// Every side that has to allow a request and does not, in words: the organization, the boundary, the session,
    /// the principal's own policies, the resource's own, Lake Formation.
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

/// What is known of a resource.
#[derive(Debug)]
pub struct Target<'w> {
    pub(super) policy: Option<&'w Document>,
    /// Its tags, when they are known.
    pub tags: Option<&'w BTreeMap<String, String>>,
    pub(super) account: Option<&'w str>,
    pub(super) kind: ResourceKind,
    /// The aliases, as a key of requests, when the resource is a key.
    pub(super) of_key: Option<Context>,
    /// The region of the stack that makes it.
    pub(super) region: Option<&'w str>,
    pub(super) is_known: bool,
}

/// The bucket's ARN of an ARN of a bucket or an object, and the object's key.
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

/// The pipeline's ARN of an ARN of one of its stages or actions: what is tagged is the pipeline. Source: "Actions,
/// resources, and condition keys for AWS CodePipeline", resource types `stage` and `action`.
pub(super) fn pipeline_of(arn: &str) -> Option<&str> {
    let (pipeline, _) = arn.split_once('/')?;
    (ArnPattern::of(arn).service == Some("codepipeline")).then_some(pipeline)
}
