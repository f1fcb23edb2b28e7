//! The granted and the intended access of a mesh, an assembly or anybody's templates.

pub mod asked;
mod assembly;
mod boundary;
pub mod foreign;
pub mod imported;
mod organization;
mod surroundings;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use indexmap::IndexMap;
use lakewright_access::lake::Lake;
use lakewright_access::world::{OnUnresolved, Piece, Policies, StackTemplate, World};
use lakewright_guardrails::{Breach, across};
use lakewright_manifest::{Date, Mesh, Report, SourceFile};
use lakewright_proof::intended::{Intended, Rule, rules};
use lakewright_stacks::{Offer, Plan, StackPlan};
use lakewright_template::Template;
use lakewright_template::assembly::Provenance;

use crate::assembly::recorded::Recorded;
use crate::error::Error;
use crate::folder::Somewhere;
use crate::mesh::{Loaded, load};
use crate::progress::Watch;
use crate::synthesis::{Kept, Unmade, each};
use asked::Asked;
use assembly::of_assembly;
pub use boundary::BoundaryError;
use foreign::Foreign;
use imported::Imported;
pub use organization::PolicyError;
pub use surroundings::{Boundary, Surroundings};

/// The access that templates grant, and the intended access.
#[derive(Debug, Default)]
pub struct Subject {
    /// The access that the templates grant.
    pub world: World,
    /// The intended access.
    pub intended: Intended,
    /// The stacks.
    pub stacks: Vec<StackName>,
    /// The manifest lines of each part of the stacks.
    pub provenance: Provenance,
    /// The S3 prefix of each dataset's folder, by the ids of both. Known from a mesh only.
    pub folders: BTreeMap<(String, String), String>,
    /// The tables and shares of the mesh; `None` for an assembly.
    pub asked: Option<Asked>,
    /// The resources that datasets import.
    pub imported: Imported,
    /// The stacks of an assembly whose properties besides policies differ from what `synth` wrote, and the files that
    /// differ.
    pub reset: Vec<String>,
    /// The stacks that are missing in the assembly or listed twice, each in a sentence.
    pub miscounted: Vec<String>,
    /// The templates of an assembly that were changed after they were written.
    pub changed: Vec<String>,
    /// The mesh's name.
    pub mesh: String,
    /// The notes on anybody's folder of templates; `None` for a mesh or an assembly.
    pub foreign: Option<Foreign>,
}

/// A stack and its subject.
#[derive(Debug)]
pub struct StackName {
    /// The address, `account/region/name`.
    pub address: String,
    /// The document that it belongs to, such as `dataset/sales`.
    pub subject: String,
}

impl StackName {
    /// The dataset's id, if the stack belongs to a dataset.
    pub fn dataset(&self) -> Option<&str> {
        self.subject.strip_prefix("dataset/")
    }
}

/// How much of the intended access to keep, and whether to check the stacks of a mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Only the principals' names: a matrix shows granted access.
    Names,
    /// All grants, with the manifest lines.
    Grants,
    /// All grants, of stacks without findings of `check`: stacks with findings are never deployed, so nothing is proven
    /// about them.
    Checked,
}

/// The data kept of one stack.
struct Part {
    name: StackName,
    piece: Piece,
    rules: Vec<(String, Rule)>,
    principals: BTreeMap<String, String>,
    provenance: BTreeMap<String, Vec<String>>,
    imported: Vec<String>,
    /// The imported databases to which only Lake Formation gives access.
    closed: Vec<String>,
}

/// The result of reading a mesh with the access that its templates grant.
#[derive(Debug)]
pub struct OfMesh {
    /// The granted and the intended access, if the mesh has no errors and no breaches.
    pub subject: Option<Subject>,
    /// Errors and warnings.
    pub report: Report,
    /// What guardrails find in several templates together; only for [`Keep::Checked`].
    pub breaches: Vec<Breach>,
    /// The files that the findings refer to.
    pub sources: Vec<SourceFile>,
}

impl Subject {
    /// Synthesizes a mesh and reads the access that its templates grant on `day`. Without a day, no share has expired.
    /// Errors in documents are part of the result.
    ///
    /// # Errors
    ///
    /// The files cannot be read, or a template that was just synthesized cannot be read: a defect of Lakewright.
    pub fn of_mesh(
        path: &Path,
        day: Option<&Date>,
        keep: Keep,
        watch: &dyn Watch,
    ) -> Result<OfMesh, Error> {
        let Loaded { sources, mesh, mut report } = load(path)?;
        let Some(mesh) = mesh else {
            return Ok(OfMesh { subject: None, report, breaches: Vec::new(), sources });
        };
        let of_plan = Self::of_plan(&mesh, day, keep, sources, watch)?;
        report.extend(of_plan.report);
        Ok(OfMesh { report: report.sorted(), ..of_plan })
    }

    /// The same of a mesh that is resolved already. The report has what its plan and its stacks say; the findings refer
    /// to `sources`.
    pub fn of_plan(
        mesh: &Mesh,
        day: Option<&Date>,
        keep: Keep,
        sources: Vec<SourceFile>,
        watch: &dyn Watch,
    ) -> Result<OfMesh, Error> {
        Self::of_plan_seen(&Plan::of(mesh, day), day, keep, sources, watch, &|_, _, _| {})
    }

    /// The same of a plan, and shows each stack's template with the manifest lines of its parts to `seen`, from several
    /// threads. The template is dropped then.
    ///
    /// # Errors
    ///
    /// A template that was just synthesized cannot be read: a defect of Lakewright.
    pub fn of_plan_seen(
        plan: &Plan<'_>,
        day: Option<&Date>,
        keep: Keep,
        sources: Vec<SourceFile>,
        watch: &dyn Watch,
        seen: &Seen<'_>,
    ) -> Result<OfMesh, Error> {
        let mesh = plan.mesh;
        let build = |stack: &StackPlan<'_>| part_of(stack, &sources, keep, seen);
        let (parts, findings) = each(plan, Offer::Environments, watch, build)?;
        let mut report = plan.report.clone();
        report.extend(findings);
        let report = report.sorted();
        let (mut subject, mut breaches) = (None, Vec::new());
        if !report.has_errors() {
            let found = Self::of_parts(parts, mesh, day, &sources);
            if keep == Keep::Checked {
                breaches = across(&found.world);
            }
            subject = breaches.is_empty().then_some(found);
        }
        Ok(OfMesh { subject, report, breaches, sources })
    }

    /// Reads the access that the templates of an assembly grant.
    ///
    /// # Errors
    ///
    /// The folder is not an assembly, or a file of it cannot be read.
    pub fn of_assembly(folder: &Path) -> Result<Self, Error> {
        Ok(of_assembly(folder)?)
    }

    /// Reads the access that anybody's templates in a folder grant. An assembly is read with everything that is known
    /// of it.
    ///
    /// # Errors
    ///
    /// The folder contains no template, or a template's policies cannot be read.
    pub fn of_folder(folder: &Path, somewhere: &Somewhere) -> Result<Self, Error> {
        let is_assembly = folder.join("assembly.json").is_file();
        Ok(if is_assembly { of_assembly(folder)? } else { foreign::of_folder(folder, somewhere)? })
    }

    fn of_parts(parts: Vec<Part>, mesh: &Mesh, day: Option<&Date>, sources: &[SourceFile]) -> Self {
        let folders = mesh.datasets.values().flat_map(|dataset| {
            let folders = dataset.folders.iter();
            folders.map(|(id, folder)| {
                ((dataset.header.id.to_string(), id.to_string()), folder.prefix.to_string())
            })
        });
        let asked = Some(Asked::of(mesh, day, sources));
        let name = mesh.tenant.header.id.to_string();
        Self { folders: folders.collect(), asked, ..Self::of(parts, name) }
    }
}

/// Looks at the template of a stack, and at the manifest lines of its parts.
pub type Seen<'a> = dyn Fn(&StackPlan<'_>, &Template, &BTreeMap<String, Vec<String>>) + Sync + 'a;

/// Synthesizes one stack and keeps its facts about access. The template is dropped: those of a large mesh do not fit
/// into memory together.
fn part_of(
    stack: &StackPlan<'_>,
    sources: &[SourceFile],
    keep: Keep,
    seen: &Seen<'_>,
) -> Kept<Part> {
    let lowered = match keep {
        Keep::Names | Keep::Grants => stack.lower(),
        Keep::Checked => stack.checked(),
    };
    let mut lowered = lowered.map_err(Unmade::Findings)?;
    let usage = stack.usage_of(&lowered.template);
    let address = stack.address().to_string();
    let template = StackTemplate {
        address: &address,
        place: stack.place(),
        template: &lowered.template,
        unresolved: OnUnresolved::Fail,
    };
    let piece = Piece::of(template);
    let piece = piece.map_err(|error| Unmade::Error(Error::Made(error)))?;
    let subject = format!("{}/{}", stack.kind().as_str(), stack.id());
    let records = lowered.records.iter().map(|(record, _)| record);
    let records = records
        .map(|record| (record.access, record.resource.as_str(), record.resources.as_slice()));
    let imported = imported::of_stack(&subject, &piece, records);
    let closed = imported::closed(&lowered.template, &imported);
    let recorded = match keep {
        Keep::Names => Recorded::names(&mut lowered),
        Keep::Grants | Keep::Checked => Recorded::of(&mut lowered, sources),
    };
    let Recorded { grants, tables, provenance } = recorded;
    seen(stack, &lowered.template, &provenance);
    let rules = rules(&address, grants, &tables);
    let principals = tables.principals;
    let name = StackName { address, subject };
    Ok((Part { name, piece, rules, principals, provenance, imported, closed }, usage))
}

impl Subject {
    fn of(parts: Vec<Part>, mesh: String) -> Self {
        let mut principals = Vec::with_capacity(parts.len());
        let mut rules = Vec::with_capacity(parts.len());
        let mut provenance = Vec::with_capacity(parts.len());
        let mut pieces = Vec::with_capacity(parts.len());
        let mut lakes = Vec::with_capacity(parts.len());
        let mut stacks = Vec::with_capacity(parts.len());
        let (mut imported, mut closed) = (Imported::new(), BTreeSet::new());
        for mut part in parts {
            closed.extend(part.closed);
            let subject = part.name.subject.as_str();
            imported.extend(part.imported.into_iter().map(|arn| (arn, subject.to_owned())));
            principals.push(part.principals);
            rules.push(part.rules);
            provenance.push((part.name.address.clone(), part.provenance));
            lakes.push(part.piece.take_lake());
            pieces.push(part.piece);
            stacks.push(part.name);
        }
        let intended = || {
            // Most names are in many stacks, so duplicates are removed before sorting.
            let names: IndexMap<_, _> = principals.into_iter().flatten().collect();
            let names = names.into_iter().collect();
            let provenance = provenance.into_iter().collect();
            let provenance = Provenance { stacks: provenance, ..Provenance::default() };
            (Intended::of_rules(rules, names), provenance)
        };
        let access = || rayon::join(|| Policies::of(pieces), || Lake::of(lakes));
        let ((policies, lake), (intended, provenance)) = rayon::join(access, intended);
        let mut world = World::with(policies, lake, known(&intended));
        let subjects = stacks.iter().map(|stack| (stack.subject.as_str(), stack.address.as_str()));
        world.add(imported::facts(&imported, closed, subjects));
        let (folders, changed, reset) = (BTreeMap::new(), Vec::new(), Vec::new());
        let foreign = None;
        Self {
            world,
            intended,
            stacks,
            provenance,
            folders,
            asked: None,
            imported,
            reset,
            miscounted: Vec::new(),
            changed,
            mesh,
            foreign,
        }
    }

    /// The manifest lines of a stack, by its address.
    pub fn lines_of_stack(&self, stack: &str) -> Vec<String> {
        let parts = self.provenance.stacks.get(stack);
        parts.and_then(|parts| parts.get("*")).cloned().unwrap_or_default()
    }

    /// The documents and roles that resources belong to.
    pub fn names(&self) -> Names<'_> {
        let stacks = self.stacks.iter();
        let stacks = stacks.map(|stack| (stack.address.as_str(), stack.subject.as_str()));
        Names { subject: self, stacks: stacks.collect() }
    }
}

/// The documents and roles that resources belong to, such as `dataset/sales`.
#[derive(Debug)]
pub struct Names<'s> {
    subject: &'s Subject,
    /// The subject of each stack, by address.
    stacks: IndexMap<&'s str, &'s str>,
}

impl<'s> Names<'s> {
    /// The document or role that a resource belongs to, or a part of a resource, such as a folder or a table.
    pub fn of(&self, arn: &str) -> Option<&'s str> {
        let table = || {
            let (stem, rest) = arn.split_once(":table/")?;
            let (database, _) = rest.split_once('/')?;
            self.of_whole(&format!("{stem}:database/{database}"))
        };
        let bucket = || {
            let (stem, rest) = arn.split_once(":::")?;
            let (bucket, _) = rest.split_once('/')?;
            self.of_whole(&arn[..stem.len() + 3 + bucket.len()])
        };
        let access_point = || {
            let (access_point, _) = arn.split_once("/object/")?;
            access_point.contains(":accesspoint/").then(|| self.of_whole(access_point))?
        };
        self.of_whole(arn).or_else(table).or_else(bucket).or_else(access_point)
    }

    fn of_whole(&self, arn: &str) -> Option<&'s str> {
        let Subject { world, intended, imported, .. } = self.subject;
        // The policy of an imported resource may be in another document's stack.
        if let Some(dataset) = imported.get(arn) {
            return Some(dataset);
        }
        match world.resources().get(arn) {
            Some(resource) => self.stacks.get(&*resource.origin.stack).copied(),
            None => world.roles().get(arn).and_then(|role| intended.name_of(&role.arn)),
        }
    }

    /// The names of all documents and roles that resources may belong to.
    pub fn all(&self) -> impl Iterator<Item = &'s str> {
        let Subject { world, intended, .. } = self.subject;
        let roles = world.roles().keys().filter_map(|arn| intended.name_of(arn));
        self.stacks.values().copied().chain(roles)
    }
}

/// The ARNs of principals with grants, including paths, which templates leave out.
pub(crate) fn known(intended: &Intended) -> impl Iterator<Item = &str> {
    intended.principals().into_iter().map(|(arn, _)| arn)
}
