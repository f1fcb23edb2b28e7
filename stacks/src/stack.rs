//! One stack: its subject, its dependencies, and its synthesis.

mod kinds;
mod subject;

use std::collections::BTreeSet;

use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::mesh::Environment;
use lakewright_manifest::{Mesh, Report, ResourcePrefix};
use lakewright_synth::{Finished, Lowered, NEAR_PERCENT, Stack, StackSpec, SynthError};
use lakewright_template::assembly::{Rollback, StackEntry};
use lakewright_template::limits::RESOURCES;
use lakewright_template::revision::Sealed;
use lakewright_template::{Place, StackAddress, StackKind, Template};

use crate::asset::Asset;
use crate::bootstrap::Usage;
use crate::dataset::TablesBy;
use crate::diagnose::{cause, diagnose, is_trust_policy};
use crate::fingerprint::Fingerprint;
use crate::plan::Mentions;
use crate::{Names, guardrails, team};
pub(crate) use kinds::{BootstrapStack, bootstrap_address, spec};
pub use kinds::{
    DashboardsStack, DatasetStack, EnvironmentStack, GovernanceStack, NotebookStack, PipelineStack,
    PivotRoleStack, PlatformStack, ShareStack, StudioProfileStack, TeamStack,
};
use subject::Subject;

/// The addresses of the stacks that a stack depends on.
type Dependencies = BTreeSet<StackAddress>;

/// One stack of a plan.
#[derive(Debug)]
pub struct StackPlan<'m> {
    names: Names<'m>,
    subject: Subject<'m>,
    spec: StackSpec,
    prefix: ResourcePrefix,
    id: String,
    depends_on: Dependencies,
    retain: bool,
}

/// A synthesized stack: everything that the assembly contains about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Synthesized {
    /// The entry in the assembly.
    pub entry: StackEntry,
    /// The template, the intended access, and the cause of each part.
    pub lowered: Lowered,
    /// The template's canonical JSON.
    pub json: String,
    /// The files that the stack needs in S3.
    pub assets: Vec<Asset>,
    /// What the template creates and names. [`connect`](crate::connect) derives the dependencies from it.
    pub mentions: Mentions,
    /// The prefix of the names in the stack's account.
    prefix: String,
}

/// The roles and the bucket used to deploy a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeployTarget {
    /// The role to assume in the stack's account.
    pub deploy_role: String,
    /// The external id for assuming the deploy role.
    pub external_id: String,
    /// The role that CloudFormation uses for the stack.
    pub execution_role: String,
    /// The bucket for large templates.
    pub template_bucket: String,
    /// The bootstrap stack that creates these.
    pub bootstrap: StackAddress,
    /// The prefix of the names of the stack, the roles and the bucket.
    pub prefix: ResourcePrefix,
}

impl DeployTarget {
    /// The roles and the bucket used to deploy the stacks with this prefix in an account and region. They are the
    /// same for places that are no longer in the mesh.
    pub fn of(mesh: &Mesh, prefix: &ResourcePrefix, place: &Place) -> Self {
        Self::with_names(Names::new(mesh), prefix, place)
    }

    fn with_names(names: Names<'_>, prefix: &ResourcePrefix, place: &Place) -> Self {
        Self {
            deploy_role: place.role_arn(&Names::deploy_role(prefix, &place.region)),
            external_id: names.tenant().pivot_role.external_id.clone(),
            execution_role: place.role_arn(&Names::execution_role(prefix, &place.region)),
            template_bucket: names.template_bucket(prefix, place),
            bootstrap: bootstrap_address(place, prefix),
            prefix: prefix.clone(),
        }
    }
}

pub(crate) fn report(errors: &[SynthError]) -> Report {
    let mut report = Report::new();
    errors.iter().map(diagnose).for_each(|diagnostic| report.push(diagnostic));
    report
}

impl StackPlan<'_> {
    /// What a template of the stack uses, for the execution role's policy.
    pub fn usage_of(&self, template: &Template) -> Usage {
        Usage::of(template, &self.spec.place.account, self.prefix.as_str())
    }

    /// The id of the stack's subject, as in the assembly.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The stack's kind.
    pub fn kind(&self) -> StackKind {
        self.subject.kind()
    }

    /// The stack's name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The account and region of the stack.
    pub fn place(&self) -> &Place {
        &self.spec.place
    }

    /// The prefix of the names in the stack's account.
    pub fn prefix(&self) -> &ResourcePrefix {
        &self.prefix
    }

    /// The stack's address in the assembly.
    pub fn address(&self) -> StackAddress {
        StackAddress::new(self.spec.place.clone(), self.spec.name.clone())
    }

    /// The address of the bootstrap stack that this stack needs.
    pub fn bootstrap_address(&self) -> StackAddress {
        bootstrap_address(&self.spec.place, &self.prefix)
    }

    /// The roles and the bucket used to deploy the stack.
    pub fn target(&self) -> DeployTarget {
        DeployTarget::with_names(self.names, &self.prefix, &self.spec.place)
    }

    /// The manifest line that asks for the stack.
    pub fn origin(&self) -> Origin {
        self.subject.origin(self.names)
    }

    /// The fingerprint of the stack's inputs.
    pub fn fingerprint(&self) -> Fingerprint {
        let Self { names, subject, spec, prefix, id, depends_on, retain } = self;
        Fingerprint::of(&(names.inputs(&spec.place), subject, spec, prefix, id, depends_on, retain))
    }

    /// Synthesizes the stack.
    ///
    /// # Errors
    ///
    /// All findings about the stack, at manifest lines, including violated guardrails.
    pub fn synthesize(&self) -> Result<Synthesized, Report> {
        let (stack, assets) = self.build();
        let Finished { lowered, sealed } = stack.finish().map_err(|errors| self.report(&errors))?;
        guardrails::check(&self.address().to_string(), self.place(), &lowered)?;
        Ok(Synthesized {
            entry: self.entry(&lowered.template, &sealed, &assets),
            mentions: Mentions::of(&lowered.template, self.place()),
            lowered,
            json: sealed.json,
            assets,
            prefix: self.prefix.to_string(),
        })
    }

    /// The stack's template and intended access, with every check of [`synthesize`](Self::synthesize), but without the
    /// text and the files to deploy it.
    ///
    /// # Errors
    ///
    /// All findings about the stack, at manifest lines, including violated guardrails.
    pub fn checked(&self) -> Result<Lowered, Report> {
        let lowered = self.build().0.checked().map_err(|errors| self.report(&errors))?;
        guardrails::check(&self.address().to_string(), self.place(), &lowered)?;
        Ok(lowered)
    }

    /// The stacks that this stack depends on, as far as the mesh says so; [`connect`](crate::connect) finds the others.
    pub fn depends_on(&self) -> impl Iterator<Item = &StackAddress> {
        self.depends_on.iter()
    }

    /// What a template of the stack creates and names.
    pub fn mentions(&self, template: &Template) -> Mentions {
        Mentions::of(template, self.place())
    }

    /// The stack's template and intended access, without the files to deploy it: see [`Stack::lower`].
    ///
    /// # Errors
    ///
    /// All findings about the stack, at manifest lines.
    pub fn lower(&self) -> Result<Lowered, Report> {
        self.build().0.lower().map_err(|errors| self.report(&errors))
    }

    /// Converts errors to findings. If a team's trust policy is too long, the finding is at its largest entry.
    fn report(&self, errors: &[SynthError]) -> Report {
        let mut report = Report::new();
        for error in errors {
            let found = diagnose(error);
            if let Subject::Team(environment, team, belongings) = &self.subject
                && is_trust_policy(error)
            {
                report.push(team::too_long(found, self.names, environment, team, belongings));
            } else {
                report.push(found);
            }
        }
        report
    }

    /// Declares the stack's resources, and returns the stack with the files that it needs. If the stack is nearly
    /// full, tables are shared by tags, if that needs fewer resources.
    fn build(&self) -> (Stack, Vec<Asset>) {
        let built = self.build_with(TablesBy::Name);
        let is_dataset = matches!(self.subject, Subject::Dataset(..));
        if !is_dataset || built.0.resource_count() <= RESOURCES / 100 * NEAR_PERCENT {
            return built;
        }
        let tagged = self.build_with(TablesBy::Tag);
        if tagged.0.resource_count() < built.0.resource_count() { tagged } else { built }
    }

    fn build_with(&self, tables_by: TablesBy) -> (Stack, Vec<Asset>) {
        let mut stack = Stack::new(self.spec.clone());
        let mut root = stack.root(cause(self.origin()));
        let assets = self.subject.build(&mut root, self.names, tables_by);
        (stack, assets)
    }

    fn entry(&self, template: &Template, sealed: &Sealed, assets: &[Asset]) -> StackEntry {
        let names_roles =
            template.resources.values().any(|resource| resource.kind.starts_with("AWS::IAM::"));
        let place = &self.spec.place;
        let mut tags = self.spec.tags.clone();
        tags.insert("lakewright:id".to_owned(), self.id.clone());
        tags.insert("lakewright:kind".to_owned(), self.kind().as_str().to_owned());
        StackEntry {
            name: self.spec.name.clone(),
            kind: self.kind(),
            id: self.id.clone(),
            account: place.account.clone(),
            region: place.region.clone(),
            template: StackEntry::template_path(&self.address()),
            digest: sealed.digest.clone(),
            revision: sealed.revision.clone(),
            bytes: sealed.json.len(),
            depends_on: self.depends_on.iter().cloned().collect(),
            capabilities: names_roles
                .then(|| "CAPABILITY_NAMED_IAM".to_owned())
                .into_iter()
                .collect(),
            tags,
            retain: self.retain,
            assets: assets.iter().map(|asset| asset.entry.clone()).collect(),
            rollback: self.subject.environment().and_then(rollback),
        }
    }
}

/// The alarms for which CloudFormation rolls a change of this environment's stacks back, if the mesh states them.
fn rollback(environment: &Environment) -> Option<Rollback> {
    let alarms = environment.alarms.rollback.as_ref()?;
    Some(Rollback {
        alarms: alarms.iter().map(ToString::to_string).collect(),
        monitoring_minutes: environment.alarms.monitoring_minutes,
    })
}

impl Synthesized {
    /// What the stack uses, for the execution role's policy.
    pub fn usage(&self) -> Usage {
        Usage::of(&self.lowered.template, &self.entry.account, &self.prefix)
    }
}

#[cfg(test)]
mod tests;
