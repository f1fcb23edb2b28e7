//! Statements that the owners of imported roles add to their trust policies, so that pipelines
//! deploy as these roles.

use lakewright_constructs::role::principal_is;
use lakewright_manifest::Report;
use lakewright_manifest::mesh::Pipeline;
use lakewright_policies::{Conditions, Principal, Statement, TrustPolicy};

use super::build_role;
use crate::Names;
use crate::handout::{Carrier, Handout, text};

/// The files for the stages of a pipeline that deploy as imported roles.
pub(crate) fn handouts(names: Names<'_>, pipeline: &Pipeline) -> (Vec<Handout>, Report) {
    let (mut handouts, mut report) = (Vec::new(), Report::new());
    let runs_in = &pipeline.environment;
    for stage in &pipeline.stages {
        // If a stack creates the role, it also writes the trust policy.
        let Some(role) = &stage.member().iam_role_arn else { continue };
        let place = Names::place(runs_in);
        let builder = place.role_arn(&build_role(names, runs_in, pipeline, stage));
        let statement = Statement::allow("PipelineDeploys", ["sts:AssumeRole"], [""; 0])
            .for_principals([Principal::Aws(place.root_arn(&place.account).into())])
            .when(Conditions::none().with(principal_is(&[builder])));
        let trust = TrustPolicy::new(vec![statement]).expect("a whole statement").into_value();
        let handout = Handout {
            path: format!("assets/trust-policies/{}-{}.json", pipeline.header.id, stage.id()),
            task: format!("add this statement to the trust policy of {role}"),
            json: text(&trust),
        };
        let carrier = Carrier {
            kind: "AWS::IAM::Role",
            property: "AssumeRolePolicyDocument",
            role: role.role_name(),
        };
        let place = Names::place(&stage.environment);
        report.extend(carrier.check(&handout, trust, &place, pipeline.header.origin));
        handouts.push(handout);
    }
    (handouts, report)
}
