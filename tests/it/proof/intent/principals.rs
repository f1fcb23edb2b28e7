//! The principals: every role that a template creates, and every external role that the mesh names.

use lakewright_access::world::{Role, World};
use lakewright_manifest::Mesh;
use lakewright_manifest::mesh::Access;
use lakewright_stacks::Synthesized;

use super::Who;

/// The authors of a role's policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policies {
    /// Only the mesh.
    Ours,
    /// The mesh and the role's owner.
    OursAndOthers,
    /// Only the role's owner.
    Others,
}

/// A role, by its ARN and by the ids of the mesh.
#[derive(Debug, Clone)]
pub(super) struct Someone {
    pub(super) who: Who,
    pub(super) arn: String,
    pub(super) account: String,
    pub(super) policies: Policies,
}

impl Someone {
    fn new(who: Who, arn: &str, policies: Policies) -> Self {
        let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
        Self { who, arn: arn.to_owned(), account, policies }
    }

    /// The role's name.
    pub(super) fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }
}

pub(super) fn all(mesh: &Mesh, stacks: &[Synthesized], world: &World) -> Vec<Someone> {
    let made = world.roles().values().filter(|role| !role.is_imported());
    let mut all: Vec<Someone> = made
        .map(|role| Someone::new(of_stack(mesh, stacks, role), &role.arn, Policies::Ours))
        .collect();
    for environment in mesh.environments.values() {
        for member in &environment.teams {
            let Some(arn) = &member.iam_role_arn else { continue };
            let who = Who::Team(environment.header.id.to_string(), member.team.to_string());
            all.push(Someone::new(who, arn.as_str(), Policies::Others));
        }
    }
    for role in mesh.consumption_roles.values() {
        let who = Who::ConsumptionRole(role.header.id.to_string());
        let policies = if role.managed { Policies::OursAndOthers } else { Policies::Others };
        all.push(Someone::new(who, role.role_arn.as_str(), policies));
    }
    for role in &mesh.tenant.pivot_role.trusted_roles {
        all.push(Someone::new(Who::Platform(role.to_string()), role.as_str(), Policies::Others));
    }
    if let Some(Access::Broker { role, .. }) = &mesh.tenant.access {
        all.push(Someone::new(Who::Broker(role.to_string()), role.as_str(), Policies::Others));
    }
    let mut arns: Vec<&str> = all.iter().map(|one| one.arn.as_str()).collect();
    arns.sort_unstable();
    let is_twice = arns.windows(2).any(|two| two[0] == two[1]);
    assert!(
        !is_twice,
        "a role that is two principals would have to have the rights of both: {arns:?}"
    );
    all
}

/// The principal of a role, by the stack that creates the role.
fn of_stack(mesh: &Mesh, stacks: &[Synthesized], role: &Role) -> Who {
    let address = &*role.trust.origin.stack;
    let stack =
        stacks.iter().find(|one| one.entry.address().to_string() == address).expect("its stack");
    let id = stack.entry.id.clone();
    match stack.entry.kind.as_str() {
        "team" => {
            let (environment, team) = id.split_once('/').expect("an environment and a team");
            Who::Team(environment.to_owned(), team.to_owned())
        }
        // docs/stacks/dataset.md, "Views": with masks the stack makes a second role.
        "dataset" if role.arn.ends_with("-views") => Who::Definer(id),
        "dataset" => Who::DatasetRole(id),
        "pivot-role" => Who::PivotRole(id),
        "bootstrap" => Who::Deployer(role.arn.clone()),
        "pipeline" => of_pipeline(mesh, id, role),
        _ => Who::Other(role.arn.clone()),
    }
}

/// The principal of a role of a pipeline or one of its stages, by the role's name.
fn of_pipeline(mesh: &Mesh, id: String, role: &Role) -> Who {
    let name = role.arn.rsplit('/').next().unwrap_or_default();
    let (rest, part) = name.rsplit_once('-').expect("a name with its part");
    let part = match part {
        "run" => return Who::PipelineRole(id, "run"),
        "start" => return Who::PipelineRole(id, "start"),
        "update" => return Who::PipelineRole(id, "update"),
        "branches" => return Who::PipelineRole(id, "branches"),
        "build" => "build",
        "approve" => "approve",
        other => unreachable!("{other} is no part of a pipeline"),
    };
    let (rest, _) = rest.rsplit_once('-').expect("a name with eight characters behind it");
    let mut pipelines = mesh.pipelines.values();
    let pipeline = pipelines.find(|one| one.header.id.as_str() == id).expect("the pipeline");
    let is_it = |stage: &str| rest.ends_with(&format!("-{id}-{stage}"));
    let stage = pipeline.stages.iter().find(|one| is_it(one.id())).expect("a stage");
    Who::StageRole(id, stage.id().to_owned(), part)
}
