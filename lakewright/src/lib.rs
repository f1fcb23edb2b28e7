//! Lakewright as a library: a data mesh that a program builds, its CloudFormation templates, and the proof of its access.
//!
//! - [`build`] has a builder for each kind of document. `MeshBuilder::build` applies the rules of the mesh format, with
//!   the same codes as for files.
//! - [`stacks`] plans the stacks of a mesh; each one is synthesized by itself. It has a type for each kind of stack.
//! - [`proof`] compares the templates of a whole mesh with what the mesh asks for.
//! - [`custom`] checks stacks of your own, which are made of [`constructs`] in a [`synth`] stack.
//!
//! Errors are values. Nothing here reads or writes files, or calls AWS.
//!
//! ```
//! use lakewright::prelude::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let platform = "arn:aws:iam::111111111111:role/lakewright-platform".parse()?;
//! let tenant = Tenant::new(
//!     "acme".parse()?,
//!     "111111111111".parse()?,
//!     "eu-west-1".parse()?,
//!     PivotRole::new("a-text-that-nobody-can-guess", platform),
//! );
//! let team: TeamName = "Analysts".parse()?;
//! let organization = Organization::new("analytics".parse()?, team.clone());
//! let (account, region) = ("222222222222".parse()?, "eu-west-1".parse()?);
//! let environment =
//!     Environment::new("dev".parse()?, &organization, account, region, team.clone());
//! let orders = Table::new("orders".parse()?).column("id".parse()?, "bigint");
//! let dataset = Dataset::new("sales".parse()?, &environment, team)
//!     .topic("Finance")
//!     .keyword("orders")
//!     .table(orders);
//! let built =
//!     MeshBuilder::new(tenant).with(organization).with(environment).with(dataset).build()?;
//!
//! let plan = Plan::of(&built.mesh, None);
//! let is_dataset = |stack: &&StackPlan<'_>| stack.kind() == StackKind::Dataset;
//! let stack = plan.stacks.iter().find(is_dataset).ok_or("the dataset has a stack")?;
//! let synthesized = stack.synthesize().map_err(|report| built.refuse(report))?;
//! let text = template_to_yaml(&synthesized.lowered.template);
//! assert!(text.contains("Type: AWS::Glue::Table"), "{text}");
//!
//! let proof = prove(&built, None)?;
//! assert!(proof.is_proven(), "{proof}");
//! # Ok(())
//! # }
//! ```
//!
//! A reference to a document of another kind does not compile:
//!
//! ```compile_fail,E0277
//! use lakewright::prelude::*;
//!
//! fn profile(id: Id, organization: &Organization, team: TeamName) -> StudioProfile {
//!     StudioProfile::new(id, organization, team)
//! }
//! ```

pub mod custom;
pub mod guardrails;
pub mod prelude;
pub mod proof;

/// Secure building blocks of stacks, such as [`constructs::bucket::Bucket`], and the typed resources under them.
pub use lakewright_constructs as constructs;
/// The builders of a mesh.
pub use lakewright_manifest::build;
/// The resolved mesh.
pub use lakewright_manifest::mesh;
/// The names that builders take. Each is made of text by `parse`.
pub use lakewright_manifest::name;
/// IAM statements, for what constructs take beside grants.
pub use lakewright_policies as policies;
/// Stacks that are being built: scopes, grants and checks.
pub use lakewright_synth as synth;

/// What is wrong with a mesh, or what its author should look at.
pub mod findings {
    pub use lakewright_manifest::diagnostic::{
        Diagnostic, FileId, Label, Origin, Report, Severity,
    };
    pub use lakewright_manifest::render::{Style, human, place};
    pub use lakewright_manifest::{Code, SourceFile};
}

/// The plan of a mesh's stacks, and each kind of stack by itself.
///
/// [`Plan::of`](stacks::Plan::of) makes every stack of a mesh by these types. So a stack that a program makes alone is
/// the one of the plan, with its template, its grants and the documents that ask for each part of it:
///
/// ```
/// use lakewright::prelude::*;
///
/// fn of_dataset(built: &Built, dataset: &Id) -> Result<Synthesized, Box<dyn std::error::Error>> {
///     let dataset = built.mesh.datasets.get(dataset).ok_or("the mesh has no such dataset")?;
///     let stack = DatasetStack::new(&built.mesh, dataset, None).plan();
///     Ok(stack.synthesize().map_err(|report| built.refuse(report))?)
/// }
/// ```
///
/// The stack of one kind takes no document of another one:
///
/// ```compile_fail,E0308
/// use lakewright::prelude::*;
///
/// fn of_dataset<'m>(mesh: &'m Mesh, dataset: &Id) -> Option<StackPlan<'m>> {
///     let dataset = mesh.datasets.get(dataset)?;
///     Some(NotebookStack::new(mesh, dataset).plan())
/// }
/// ```
pub mod stacks {
    pub use lakewright_stacks::{
        Asset, DashboardsStack, DatasetStack, DeployTarget, EnvironmentStack, Fingerprint,
        GovernanceStack, Handout, Mentions, NotebookStack, Offer, PipelineStack, PivotRoleStack,
        Plan, PlatformStack, ShareStack, StackPlan, StudioProfileStack, Synthesized, TeamStack,
        Usage,
    };
}

/// CloudFormation templates and their values.
pub mod template {
    pub use lakewright_template::assembly::{AssetEntry, StackEntry};
    pub use lakewright_template::limits::{Limit, Raised};
    pub use lakewright_template::place::PlaceError;
    pub use lakewright_template::read::{ReadError, template as read_template};
    pub use lakewright_template::revision::Sealed;
    pub use lakewright_template::schema::SchemaViolation;
    pub use lakewright_template::write::{template_to_json, template_to_yaml};
    pub use lakewright_template::yaml::Span;
    pub use lakewright_template::{
        AccountId, Arn, Attribute, ConstructId, ConstructPath, DeletionPolicy, Expr, IdError,
        Intrinsic, Json, LogicalId, Map, Name, Output, Parameter, Place, Ref, Region, Resource,
        ResourceEntry, StackAddress, StackKind, Template, Text, UnknownKind, Value,
    };
}
