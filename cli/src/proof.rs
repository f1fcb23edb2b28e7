//! What templates give and what was asked for, from a mesh or from an assembly.

pub(crate) mod asked;
mod assembly;
mod boundary;
pub(crate) mod foreign;
pub(crate) mod imported;
mod organization;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use lakewright_manifest::{Mesh, Report, SourceFile};
use lakewright_proof::intended::{Intended, Rule, rules};
use lakewright_proof::lake::Lake;
use lakewright_proof::lint::across;
use lakewright_proof::world::{OnUnresolved, Piece, Policies, StackTemplate, World};
use lakewright_stacks::{Offer, Plan, StackPlan};
use lakewright_template::assembly::Provenance;

use crate::assembly::recorded::Recorded;
use crate::exit::Failure;
use crate::folder::Somewhere;
use crate::guardrails;
use crate::memory;
use crate::mesh::{Day, load};
use crate::progress::Progress;
use crate::synthesis::{Kept, Unmade, each};
use crate::ui::Ui;
use asked::Asked;
use assembly::of_assembly;
use boundary::Boundaries;
use foreign::Foreign;
use imported::Imported;
use organization::Scp;

/// Which templates are looked at, on which day, and what the organization and owners add to them.
#[derive(Debug, clap::Args)]
pub(crate) struct SubjectArgs {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    scp: Scp,
    #[command(flatten)]
    boundaries: Boundaries,
    #[command(flatten)]
    day: Day,
}

/// Where the templates come from.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct Source {
    /// The mesh's folder, or a single file [default: the current folder]
    mesh: Option<PathBuf>,
    /// An assembly that `synth` has written, instead of a mesh; anybody's folder of templates for `access`, `can` and `why`
    #[arg(long, value_name = "DIR")]
    assembly: Option<PathBuf>,
}

/// What templates give, and what was asked for.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) world: World,
    pub(crate) intended: Intended,
    pub(crate) stacks: Vec<StackName>,
    pub(crate) provenance: Provenance,
    /// Where each folder of a dataset lies, by the ids of both. Only the mesh knows.
    pub(crate) folders: BTreeMap<(String, String), String>,
    /// What the mesh says of tables and shares; an assembly does not have it.
    pub(crate) asked: Option<Asked>,
    /// What datasets import.
    pub(crate) imported: Imported,
    /// The stacks of an assembly with other properties than those that were made, policies aside.
    pub(crate) reset: Vec<String>,
    /// The stacks that the assembly has lost or lists twice, each in a sentence.
    pub(crate) miscounted: Vec<String>,
    /// The templates of an assembly that were changed after they were written.
    pub(crate) changed: Vec<String>,
    /// The mesh's name.
    pub(crate) mesh: String,
    /// What is said of anybody's folder of templates; none of a mesh or an assembly.
    pub(crate) foreign: Option<Foreign>,
}

/// A stack, and what it is for.
#[derive(Debug)]
pub(crate) struct StackName {
    /// `account/region/name`.
    pub(crate) address: String,
    /// What it is for, such as `dataset/sales`.
    pub(crate) subject: String,
}

impl StackName {
    /// The id, when the stack is for a dataset.
    pub(crate) fn dataset(&self) -> Option<&str> {
        self.subject.strip_prefix("dataset/")
    }
}

/// How much is kept of the intended access, and what the stacks of a mesh are looked at for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The principals' names: a matrix shows what the templates give.
    Names,
    /// Everything, with the manifest's lines.
    Grants,
    /// Everything, of stacks that `check` finds nothing wrong with: what it refuses is never deployed, and so
    /// nothing is proven of it.
    Checked,
}

/// What is kept of one stack.
struct Part {
    name: StackName,
    piece: Piece,
    rules: Vec<(String, Rule)>,
    principals: BTreeMap<String, String>,
    provenance: BTreeMap<String, Vec<String>>,
    imported: Vec<String>,
    /// Those of the imported databases that are closed.
    closed: Vec<String>,
}

impl SubjectArgs {
    /// Reads everything; `None` when something is wrong with the mesh, which is shown.
    ///
    /// What was read lives as long as the process: to give back the parts of a large mesh one by one
    /// takes long, and nothing needs the memory any more.
    pub(crate) fn read(
        &self,
        keep: Keep,
        ui: &mut Ui,
    ) -> Result<Option<&'static Subject>, Failure> {
        self.read_for_session(keep, None, None, ui)
    }

    /// Reads everything, anybody's templates as well.
    pub(crate) fn read_anybodys(
        &self,
        keep: Keep,
        somewhere: &Somewhere,
        ui: &mut Ui,
    ) -> Result<Option<&'static Subject>, Failure> {
        self.read_for_session(keep, Some(somewhere), None, ui)
    }

    /// Reads everything, as whoever asks in a session with a policy sees it; anybody's templates when it is said where they
    /// are deployed.
    pub(crate) fn read_for_session(
        &self,
        keep: Keep,
        somewhere: Option<&Somewhere>,
        session_policy: Option<&Path>,
        ui: &mut Ui,
    ) -> Result<Option<&'static Subject>, Failure> {
        memory::small_pages();
        let subject = match (&self.source.mesh, &self.source.assembly) {
            (Some(mesh), _) => self.read_mesh(mesh, keep, session_policy, ui)?,
            (None, Some(folder)) => {
                let subject = match somewhere {
                    Some(somewhere) if !folder.join("assembly.json").is_file() => {
                        foreign::of_folder(folder, somewhere)?
                    }
                    _ => of_assembly(folder)?,
                };
                self.with_others(subject, session_policy).map(Some)?
            }
            (None, None) => self.read_mesh(self.path(), keep, session_policy, ui)?,
        };
        if let Some(subject) = subject {
            self.boundaries.check(&subject.world)?;
        }
        Ok(subject)
    }

    /// Reads the mesh, or the assembly, before a change, on the same day and in the same organization.
    pub(crate) fn read_before(
        &self,
        before: &Path,
        keep: Keep,
        ui: &mut Ui,
    ) -> Result<&'static Subject, Failure> {
        if before.join("assembly.json").is_file() {
            return self.with_others(of_assembly(before)?, None);
        }
        self.read_mesh(before, keep, None, ui)?.ok_or_else(|| {
            Failure::usage(format!(
                "{} has errors, so nothing can be compared with it; `lakewright check` shows them",
                before.display()
            ))
        })
    }

    fn read_mesh(
        &self,
        mesh: &Path,
        keep: Keep,
        session_policy: Option<&Path>,
        ui: &mut Ui,
    ) -> Result<Option<&'static Subject>, Failure> {
        let (subject, report, sources) = of_mesh(mesh, &self.day, keep, ui)?;
        if let (Keep::Checked, Some(subject)) = (keep, &subject) {
            let breaches = across(&subject.world);
            if !breaches.is_empty() {
                guardrails::show_all(&report, &sources, &breaches, ui);
                return Ok(None);
            }
        }
        // An answer is not the place for warnings: `check` has them.
        if subject.is_none() {
            guardrails::show_all(&report, &sources, &[], ui);
        } else if !report.is_empty() {
            // Not how many: `check` finds more than what is about the templates.
            ui.note("the mesh has warnings; `lakewright check` shows them");
        }
        subject.map(|subject| self.with_others(subject, session_policy)).transpose()
    }

    fn with_others(
        &self,
        mut subject: Subject,
        session_policy: Option<&Path>,
    ) -> Result<&'static Subject, Failure> {
        self.scp.add_to(&mut subject.world)?;
        self.boundaries.add_to(&mut subject.world)?;
        if let Some(path) = session_policy {
            let document = organization::read(path, &organization::json(path)?, "session_policy")?;
            subject.world.session = Some(document);
        }
        Ok(Box::leak(Box::new(subject)))
    }

    /// The path that was given.
    pub(crate) fn path(&self) -> &Path {
        let path = self.source.mesh.as_deref().or(self.source.assembly.as_deref());
        path.unwrap_or_else(|| Path::new("."))
    }
}

/// What a mesh gives, when nothing is wrong with it; and what is wrong, or should be looked at.
type Read = (Option<Subject>, Report, Vec<SourceFile>);

fn of_mesh(path: &Path, day: &Day, keep: Keep, ui: &Ui) -> Result<Read, Failure> {
    let loaded = load(path)?;
    let Some(mesh) = loaded.mesh else { return Ok((None, loaded.report, loaded.sources)) };
    let mesh: &Mesh = Box::leak(Box::new(mesh));
    let plan: &Plan<'_> = Box::leak(Box::new(Plan::of(mesh, day.as_of.as_ref())));
    let mut report = loaded.report;
    report.extend(plan.report.clone());
    let sources = loaded.sources;
    let progress = Progress::new(plan.stacks.len(), ui.shows_progress());
    let build = |stack: &StackPlan<'_>| part_of(stack, &sources, keep);
    let (parts, findings) = each(plan, Offer::Environments, &progress, build)?;
    report.extend(findings);
    let report = report.sorted();
    if report.has_errors() {
        return Ok((None, report, sources));
    }
    let name = mesh.tenant.header.id.to_string();
    let folders = mesh.datasets.values().flat_map(|dataset| {
        let folders = dataset.folders.iter();
        folders.map(|(id, folder)| {
            ((dataset.header.id.to_string(), id.to_string()), folder.prefix.to_string())
        })
    });
    let asked = Some(Asked::of(mesh, day.as_of.as_ref(), &sources));
    let folders = folders.collect();
    Ok((Some(Subject { folders, asked, ..Subject::of(parts, name) }), report, sources))
}

/// Builds one stack and keeps what it says about access. The template itself is not kept: those of a
/// large mesh do not fit into memory together.
fn part_of(stack: &StackPlan<'_>, sources: &[SourceFile], keep: Keep) -> Kept<Part> {
    let lowered = match keep {
        Keep::Names | Keep::Grants => stack.lower(),
        Keep::Checked => stack.synthesize().map(|synthesized| synthesized.lowered),
    };
    let mut lowered = lowered.map_err(Unmade::Findings)?;
    let usage = stack.usage_of(&lowered.template);
    let address = stack.address();
    let template = StackTemplate {
        address: &address,
        place: stack.place(),
        template: &lowered.template,
        unresolved: OnUnresolved::Fail,
    };
    let piece = Piece::of(template);
    let piece = piece.map_err(|error| Unmade::Failure(Failure::unexpected(error.to_string())))?;
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
            // Most names are in many stacks: each is sorted once.
            let names: IndexMap<_, _> = principals.into_iter().flatten().collect();
            let names = names.into_iter().collect();
            let provenance = provenance.into_iter().collect();
            let provenance = Provenance { stacks: provenance, ..Provenance::default() };
            (Intended::of_rules(rules, names), provenance)
        };
        let access = || rayon::join(|| Policies::of(pieces), || Lake::of(lakes));
        let ((policies, lake), (intended, provenance)) = rayon::join(access, intended);
        let mut world = World::with(policies, lake, known(&intended));
        world.lake.closed = closed;
        imported::name_keys(&imported, &mut world);
        let subjects = stacks.iter().map(|stack| (stack.subject.as_str(), stack.address.as_str()));
        world.owners = imported::owners(&imported, subjects);
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

    /// Says which templates are not those that were made, and what of anybody's is left out.
    pub(crate) fn note_changes(&self, ui: &mut Ui) {
        for path in &self.changed {
            ui.note(&format!("{path} {CHANGED}"));
        }
        for note in self.foreign.iter().flat_map(|foreign| &foreign.notes) {
            ui.note(note);
        }
    }

    /// What each resource belongs to.
    pub(crate) fn names(&self) -> Names<'_> {
        let stacks = self.stacks.iter();
        let stacks = stacks.map(|stack| (stack.address.as_str(), stack.subject.as_str()));
        Names { subject: self, stacks: stacks.collect() }
    }
}

/// What resources belong to, such as `dataset/sales`.
#[derive(Debug)]
pub(crate) struct Names<'s> {
    subject: &'s Subject,
    /// What each stack is for, by its address.
    stacks: IndexMap<&'s str, &'s str>,
}

impl<'s> Names<'s> {
    /// What a resource, or a part of one such as a folder or a table, belongs to.
    pub(crate) fn of(&self, arn: &str) -> Option<&'s str> {
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
        // A policy for what is imported stands in a stack of somebody else.
        if let Some(dataset) = imported.get(arn) {
            return Some(dataset);
        }
        match world.resources.get(arn) {
            Some(resource) => self.stacks.get(&*resource.origin.stack).copied(),
            None => world.roles.get(arn).and_then(|role| intended.name_of(&role.arn)),
        }
    }

    /// Everything that resources belong to.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'s str> {
        let Subject { world, intended, .. } = self.subject;
        let roles = world.roles.keys().filter_map(|arn| intended.name_of(arn));
        self.stacks.values().copied().chain(roles)
    }
}

/// The ARNs of those who are granted something, with the paths that templates leave out.
fn known(intended: &Intended) -> impl Iterator<Item = &str> {
    intended.principals().into_iter().map(|(arn, _)| arn)
}

/// What is said of a template whose digest is another one than `assembly.json` has.
pub(crate) const CHANGED: &str =
    "is not what `synth` wrote: its SHA-256 is not the digest in assembly.json";

/// What is said of a stack that states something else beside policies than what was made.
pub(crate) const RESET: &str = "is not what `synth` wrote: a role, code, a destination, a condition or another property beside its policies was changed";
