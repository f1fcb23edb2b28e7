//! The plan: which stacks a mesh needs, where, and in which order.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::mesh::{Dataset, Environment, EnvironmentTeam};
use lakewright_manifest::{Code, Diagnostic, Mesh, Report};
use lakewright_synth::{Cause, Record, Stack, StackSpec};
use lakewright_template::Template;
use lakewright_template::assembly::StackEntry;
use lakewright_template::digest::sha256;

use crate::diagnose::{cause, diagnose};
use crate::tags::resource_tags;
use crate::{Names, dataset, environment, team};

/// The kinds of stacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StackKind {
    /// What an environment's teams share.
    Environment,
    /// A team's role and workgroup.
    Team,
    /// A dataset.
    Dataset,
}

impl StackKind {
    /// The name in the assembly.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Team => "team",
            Self::Dataset => "dataset",
        }
    }
}

/// Every stack of a mesh.
#[derive(Debug)]
pub struct Plan<'m> {
    /// The mesh.
    pub mesh: &'m Mesh,
    /// The stacks, sorted by account, region and name.
    pub stacks: Vec<StackPlan<'m>>,
    /// What the mesh's author should look at.
    pub report: Report,
}

/// One stack of a plan.
#[derive(Debug)]
pub struct StackPlan<'m> {
    mesh: &'m Mesh,
    subject: Subject<'m>,
    spec: StackSpec,
    id: String,
    depends_on: BTreeSet<String>,
    retain: bool,
}

/// What a stack is for.
#[derive(Debug, Clone)]
enum Subject<'m> {
    Environment(&'m Environment),
    Team(&'m Environment, &'m EnvironmentTeam, team::Belongings<'m>),
    Dataset(&'m Environment, &'m Dataset),
}

/// A synthesized stack: everything that the assembly keeps of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Synthesized {
    /// The entry in the assembly.
    pub entry: StackEntry,
    /// The template.
    pub template: Template,
    /// The template's canonical JSON.
    pub json: String,
    /// The intended access, with its causes.
    pub records: Vec<(Record, BTreeSet<Cause>)>,
    /// The causes of the whole stack.
    pub causes: BTreeSet<Cause>,
    /// The causes of each resource and statement that has others.
    pub provenance: BTreeMap<String, BTreeSet<Cause>>,
}

impl<'m> Plan<'m> {
    /// Plans the stacks of a mesh.
    pub fn of(mesh: &'m Mesh) -> Self {
        let mut stacks = Vec::new();
        let mut report = Report::new();
        let mut belongings = team::belongings(mesh);
        for environment in mesh.environments.values() {
            stacks.push(StackPlan::environment(mesh, environment));
            for team in &environment.teams {
                report.extend(imported_role(environment, team));
                if team::has_stack(environment, team) {
                    let key = (&environment.header.id, &team.team);
                    let belongings = belongings.remove(&key).unwrap_or_default();
                    stacks.push(StackPlan::team(mesh, environment, team, belongings));
                }
            }
        }
        for dataset in mesh.datasets.values() {
            if let Some(environment) = mesh.environments.get(&dataset.environment) {
                stacks.push(StackPlan::dataset(mesh, environment, dataset));
            }
        }
        stacks.sort_by_cached_key(StackPlan::address);
        Self { mesh, stacks, report }
    }
}

/// A team whose role is imported receives what its owner attaches.
fn imported_role(environment: &Environment, team: &EnvironmentTeam) -> Report {
    let mut report = Report::new();
    if let Some(arn) = &team.iam_role_arn
        && !team.permissions.is_empty()
    {
        let message = format!(
            "team `{}` uses the imported role {} in environment `{}`; its owner attaches the permissions",
            team.team,
            arn.role_name(),
            environment.header.id
        );
        let diagnostic =
            Diagnostic::new(Code::ImportedRolePolicy, message).at(team.origin, "this team").help(
                "imported roles are never changed; datasets made here are reachable all the same",
            );
        report.push(diagnostic);
    }
    report
}

impl<'m> StackPlan<'m> {
    fn environment(mesh: &'m Mesh, environment: &'m Environment) -> Self {
        let id = environment.header.id.to_string();
        let target = format!("environment/{id}");
        let name = Names::stack(environment, "environment", &environment.header.id);
        let tags = resource_tags(mesh, environment, None, &environment.team, &target);
        let description =
            describe("environment", &environment.header.label, &environment.header.description);
        Self {
            mesh,
            subject: Subject::Environment(environment),
            spec: spec(mesh, environment, name, description, tags),
            id,
            depends_on: BTreeSet::new(),
            retain: environment.retain_on_delete,
        }
    }

    fn team(
        mesh: &'m Mesh,
        environment: &'m Environment,
        team: &'m EnvironmentTeam,
        belongings: team::Belongings<'m>,
    ) -> Self {
        let id = format!("{}/{}", environment.header.id, team.team);
        let name = Names::new(mesh).team_stack(environment, &team.team);
        let mut tags = resource_tags(mesh, environment, None, &team.team, &format!("team/{id}"));
        tags.insert("group".to_owned(), team.team.to_string());
        let description = describe("team", team.team.as_str(), &environment.header.label);
        Self {
            mesh,
            subject: Subject::Team(environment, team, belongings),
            spec: spec(mesh, environment, name, description, tags),
            id,
            depends_on: BTreeSet::from([environment_address(environment)]),
            retain: false,
        }
    }

    fn dataset(mesh: &'m Mesh, environment: &'m Environment, dataset: &'m Dataset) -> Self {
        let id = dataset.header.id.to_string();
        let name = Names::stack(environment, "dataset", &dataset.header.id);
        let target = format!("dataset/{id}");
        let mut tags =
            resource_tags(mesh, environment, Some(&dataset.header), &dataset.team, &target);
        tags.insert("Classification".to_owned(), dataset.confidentiality.as_str().to_owned());
        let description = describe("dataset", &dataset.header.label, &dataset.header.description);
        let mut depends_on = BTreeSet::from([environment_address(environment)]);
        // Policies of the dataset name these teams' roles, which must exist before.
        for team in std::iter::once(&dataset.team).chain(&dataset.stewards) {
            let member =
                environment.team_named(team).filter(|member| team::has_stack(environment, member));
            depends_on
                .extend(member.map(|_| {
                    address(environment, &Names::new(mesh).team_stack(environment, team))
                }));
        }
        Self {
            mesh,
            subject: Subject::Dataset(environment, dataset),
            spec: spec(mesh, environment, name, description, tags),
            id,
            depends_on,
            retain: dataset.retain_on_delete,
        }
    }

    /// The stack's kind.
    pub fn kind(&self) -> StackKind {
        match &self.subject {
            Subject::Environment(_) => StackKind::Environment,
            Subject::Team(..) => StackKind::Team,
            Subject::Dataset(..) => StackKind::Dataset,
        }
    }

    /// The stack's name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The stack's address in the assembly: `account/region/name`.
    pub fn address(&self) -> String {
        format!("{}/{}/{}", self.spec.place.account, self.spec.place.region, self.spec.name)
    }

    /// Synthesizes the stack, or says everything that is wrong with it at manifest lines.
    pub fn synthesize(&self) -> Result<Synthesized, Report> {
        let mut stack = Stack::new(self.spec.clone());
        let names = Names::new(self.mesh);
        match &self.subject {
            Subject::Environment(environment) => {
                environment::build(
                    &mut stack.root(cause(environment.header.origin)),
                    self.mesh,
                    names,
                    environment,
                );
            }
            Subject::Team(environment, team, belongings) => {
                let mut root = stack.root(cause(team.origin));
                team::build(&mut root, self.mesh, names, environment, team, belongings);
            }
            Subject::Dataset(environment, dataset) => {
                dataset::build(
                    &mut stack.root(cause(dataset.header.origin)),
                    names,
                    environment,
                    dataset,
                );
            }
        }
        let finished = stack.finish().map_err(|errors| {
            let mut report = Report::new();
            errors.iter().map(diagnose).for_each(|diagnostic| report.push(diagnostic));
            report
        })?;
        let digest = sha256(finished.json.as_bytes());
        Ok(Synthesized {
            entry: self.entry(&finished.template, &finished.json, digest),
            template: finished.template,
            json: finished.json,
            records: finished.records,
            causes: finished.causes,
            provenance: finished.provenance,
        })
    }

    fn entry(&self, template: &Template, json: &str, digest: String) -> StackEntry {
        let names_roles =
            template.resources.values().any(|resource| resource.kind.starts_with("AWS::IAM::"));
        let place = &self.spec.place;
        let mut tags = self.spec.tags.clone();
        tags.insert("lakewright:digest".to_owned(), digest.clone());
        tags.insert("lakewright:id".to_owned(), self.id.clone());
        tags.insert("lakewright:kind".to_owned(), self.kind().as_str().to_owned());
        StackEntry {
            name: self.spec.name.clone(),
            kind: self.kind().as_str().to_owned(),
            id: self.id.clone(),
            account: place.account.clone(),
            region: place.region.clone(),
            template: StackEntry::template_path(&place.account, &place.region, &self.spec.name),
            digest,
            bytes: json.len(),
            depends_on: self.depends_on.iter().cloned().collect(),
            capabilities: names_roles
                .then(|| "CAPABILITY_NAMED_IAM".to_owned())
                .into_iter()
                .collect(),
            tags,
            retain: self.retain,
        }
    }

    /// Where the stack is asked for.
    pub fn origin(&self) -> Origin {
        match &self.subject {
            Subject::Environment(environment) => environment.header.origin,
            Subject::Team(_, team, _) => team.origin,
            Subject::Dataset(_, dataset) => dataset.header.origin,
        }
    }
}

fn spec(
    mesh: &Mesh,
    environment: &Environment,
    name: String,
    description: String,
    tags: BTreeMap<String, String>,
) -> StackSpec {
    StackSpec {
        name,
        place: Names::place(environment),
        description,
        tags,
        managed_policies_per_role: mesh.tenant.quotas.managed_policies_per_role,
        trust_policy_characters: mesh.tenant.quotas.trust_policy_characters,
    }
}

fn describe(kind: &str, label: &str, description: &str) -> String {
    let text = if description.is_empty() {
        format!("Lakewright {kind}: {label}")
    } else {
        format!("Lakewright {kind}: {label}. {description}")
    };
    // A description is never substituted, but readers and linters take `${` for a variable.
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("${", "$ {")
}

fn environment_address(environment: &Environment) -> String {
    address(environment, &Names::stack(environment, "environment", &environment.header.id))
}

fn address(environment: &Environment, name: &str) -> String {
    format!("{}/{}/{name}", environment.account, environment.region)
}
