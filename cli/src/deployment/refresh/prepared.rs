//! The stacks of a mesh before a refresh: synthesized, or taken from an assembly.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use lakewright_analysis::synthesis::{Found, synthesize_all};
use lakewright_deployer::cloud::Stack;
use lakewright_fleet::plan::{Action, Plan as Steps};
use lakewright_manifest::{Mesh, Report, SourceFile};
use lakewright_stacks::{DeployTarget, Plan};
use lakewright_template::StackAddress;
use lakewright_template::assembly::{Assembly, StackEntry, VERSION};
use lakewright_template::digest::sha256;

use super::super::{Deployment, Wanted};
use crate::exit::Failure;
use crate::input;

/// The stacks of a mesh.
pub(crate) enum Prepared {
    /// They were synthesized.
    Synthesized(Vec<Found>),
    /// They stand in an assembly; templates are read when they are needed.
    Assembly(PathBuf, Vec<(StackEntry, DeployTarget)>),
}

impl Prepared {
    /// Synthesizes the stacks; the inner error is the findings.
    pub(crate) fn synthesized(plan: &Plan<'_>) -> Result<Result<Self, Report>, Failure> {
        let (found, report) = synthesize_all(plan)?;
        Ok(if report.has_errors() { Err(report) } else { Ok(Self::Synthesized(found)) })
    }

    /// Reads the list of stacks of an assembly of this mesh.
    pub(crate) fn from_assembly(
        folder: &Path,
        plan: &Plan<'_>,
        mesh: &Mesh,
    ) -> Result<Self, Failure> {
        let path = folder.join("assembly.json");
        let unusable = |reason: String| Failure::usage(format!("{}: {reason}", path.display()));
        let text = fs::read_to_string(&path).map_err(|error| unusable(error.to_string()))?;
        let assembly: Assembly =
            serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))?;
        if assembly.version != VERSION {
            let reason = format!(
                "it is of version {}; expected {VERSION}: write the assembly again with this `lakewright synth`",
                assembly.version
            );
            return Err(unusable(reason));
        }
        let id = mesh.tenant.header.id.to_string();
        if assembly.mesh != id {
            let reason = format!("it is of mesh `{}`; expected `{id}`", assembly.mesh);
            return Err(unusable(reason));
        }
        let listed: BTreeSet<StackAddress> =
            assembly.stacks.iter().map(StackEntry::address).collect();
        let mut targets: BTreeMap<StackAddress, DeployTarget> = BTreeMap::new();
        for stack in &plan.stacks {
            let address = stack.address();
            if !listed.contains(&address) {
                return Err(unusable(format!(
                    "it has no stack {address}, and the mesh has; write the assembly again with `lakewright synth`"
                )));
            }
            let target = stack.target();
            targets.entry(target.bootstrap.clone()).or_insert_with(|| target.clone());
            targets.insert(address, target);
        }
        let stacks = assembly.stacks.into_iter().map(|entry| {
            let address = entry.address();
            let target = targets.get(&address).cloned().ok_or_else(|| {
                unusable(format!(
                    "the mesh has no stack {address}; write the assembly again with `lakewright synth`"
                ))
            })?;
            Ok((entry, target))
        });
        Ok(Self::Assembly(folder.to_owned(), stacks.collect::<Result<_, Failure>>()?))
    }

    /// What is to be deployed.
    pub(crate) fn wanted<'m>(self, mesh: &'m Mesh, sources: &'m [SourceFile]) -> Wanted<'m> {
        let (needed, base) = (BTreeMap::new(), BTreeMap::new());
        match self {
            Self::Synthesized(found) => Wanted { mesh, found, listed: None, needed, base, sources },
            Self::Assembly(folder, stacks) => Wanted {
                mesh,
                found: Vec::new(),
                listed: Some((folder, stacks)),
                needed,
                base,
                sources,
            },
        }
    }
}

impl Deployment<'_> {
    /// Reads the templates and files of the stacks that a plan changes, if they stand in an assembly. If the plan creates a
    /// stack, policies of any other stack may name its roles, so all templates are read.
    pub(super) fn load_templates(&mut self, plan: &Steps) -> Result<(), Failure> {
        let Some(folder) = self.folder.clone() else { return Ok(()) };
        let creates = plan.count(Action::Create) > 0;
        for step in plan.steps.iter().filter(|step| creates || step.is_change()) {
            if let Some(stack) = self.stacks.get_mut(&step.address) {
                load(&folder, stack)?;
            }
        }
        Ok(())
    }

    /// Forgets the templates and files of the stacks that a plan does not change, if they stand in an assembly.
    pub(super) fn unload_templates(&mut self, plan: &Steps) {
        if self.folder.is_none() {
            return;
        }
        for step in plan.steps.iter().filter(|step| !step.is_change()) {
            if let Some(stack) = self.stacks.get_mut(&step.address) {
                stack.template = String::new();
                stack.assets.clear();
            }
        }
    }
}

/// Reads the template and the files of a stack, and compares them with the digests of the assembly: a template that
/// was changed by hand is not deployed at night.
fn load(folder: &Path, stack: &mut Stack) -> Result<(), Failure> {
    let template = read(&folder.join(&stack.entry.template), &stack.entry.digest)?;
    let path = folder.join(&stack.entry.template);
    stack.template = String::from_utf8(template)
        .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    for asset in &stack.entry.assets {
        let bytes = read(&folder.join(&asset.path), &asset.digest)?;
        stack.assets.insert(asset.path.clone(), bytes);
    }
    Ok(())
}

fn read(path: &Path, digest: &str) -> Result<Vec<u8>, Failure> {
    let bytes = input::bytes(path)?;
    let found = sha256(&bytes);
    if found == digest {
        return Ok(bytes);
    }
    let message = format!(
        "{} is not what the assembly lists: its SHA-256 is {found}, and expected was {digest}; write the assembly again with `lakewright synth`",
        path.display()
    );
    Err(Failure::usage(message))
}
