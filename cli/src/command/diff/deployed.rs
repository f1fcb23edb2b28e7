//! The side `deployed` of a change.

use std::collections::BTreeMap;

use lakewright_analysis::ReadError;
use lakewright_analysis::mesh::Loaded;
use lakewright_analysis::review::{Refused, Side, mesh_of};
use lakewright_analysis::synthesis::synthesize_all;
use lakewright_manifest::{Date, Report};
use lakewright_stacks::Plan;

use super::DiffArgs;
use crate::deployment::{AllDeployed, Deployment, Options, Progress, Wanted};
use crate::exit::Failure;

/// The side beside `deployed`; `None` if neither side is.
pub(super) fn mesh_beside<'s>(
    before: &'s Side,
    after: &'s Side,
) -> Result<Option<&'s Side>, Failure> {
    match (before, after) {
        (Side::Deployed, Side::Deployed) => Err(Failure::usage(
            "both sides are `deployed`; expected a mesh as one of them, such as `lakewright diff deployed my-mesh`",
        )),
        (Side::Deployed, mesh) | (mesh, Side::Deployed) => Ok(Some(mesh)),
        _ => Ok(None),
    }
}

/// Refuses `--change-sets` unless the change is a deployment of a mesh: CloudFormation can be asked about nothing else.
pub(super) fn change_sets_fit(arguments: &DiffArgs) -> Result<(), Failure> {
    if arguments.change_sets && !matches!(arguments.before, Side::Deployed) {
        return Err(Failure::usage(
            "`--change-sets` asks CloudFormation what a deployment would do; expected `deployed` as the side before the change, \
             such as `lakewright diff deployed my-mesh --change-sets`",
        ));
    }
    Ok(())
}

/// What CloudFormation has for the stacks of a mesh. The inner error is a mesh with errors.
pub(super) fn deployed(
    side: &Side,
    day: &Date,
    arguments: &DiffArgs,
) -> Result<Result<AllDeployed, Box<Refused>>, Failure> {
    let Loaded { sources, mesh, report } = mesh_of(side)?.ok_or(ReadError::Deployed)?;
    let refused = |report: Report, sources| {
        let breaches = Vec::new();
        Ok(Err(Box::new(Refused { side: side.to_string(), report, breaches, sources })))
    };
    let Some(mesh) = mesh else { return refused(report, sources) };
    let plan = Plan::of(&mesh, Some(day));
    let (found, report) = synthesize_all(&plan)?;
    if report.has_errors() {
        return refused(report.sorted(), sources);
    }
    // Nothing is deployed, so neither the bootstraps that would be enough nor former places beside the record matter.
    let (needed, base) = (BTreeMap::new(), BTreeMap::new());
    let wanted = Wanted { mesh: &mesh, found, listed: None, needed, base, sources: &sources };
    let DiffArgs { profile, region, owner_role, .. } = arguments;
    let options = Options::looking(profile.clone(), region.clone(), owner_role.clone());
    let mut deployment = Deployment::connect(wanted, &options, false, Progress::watched())?;
    let mut deployed = deployment.all_deployed()?;
    if arguments.change_sets {
        deployment.ask_service(&mut deployed);
    }
    Ok(Ok(deployed))
}
