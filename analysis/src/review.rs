//! What a change does: reads both sides, and compares them.

mod assemblies;
pub mod bootstrap;
mod cut;
mod decisions;
mod deployed;
mod holders;
mod near;
mod side;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use lakewright_diff::access;
use lakewright_diff::change::ChangeKind;
use lakewright_diff::review::Review;
use lakewright_diff::{Stack, review};
use lakewright_guardrails::Breach;
use lakewright_manifest::{Date, Report, SourceFile};
use lakewright_stacks::{Plan, StackPlan};
use lakewright_template::assembly::Assembly;
use lakewright_template::{Place, StackAddress, Template, read, revision};
use rayon::iter::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};

use crate::error::{Error, ReadError};
use crate::folder::{Folder, Somewhere};
use crate::mesh::{Loaded, load};
use crate::progress::Watch;
use crate::revision::{Revision, load_revision};
use crate::subject::{Keep, OfMesh, Subject, Surroundings};
use deployed::of_deployed;
pub use deployed::{DeployedStack, Deployment, review_deployment};
use holders::{unheld, with_holders};
use near::Near;
pub use side::{Side, SideError};

/// A review, and the names of what it is about.
#[derive(Debug, Default)]
pub struct Reviewed {
    /// What the change does.
    pub review: Review,
    /// The names of principals, such as `team/science/TeamB`, by ARN.
    pub principals: BTreeMap<String, String>,
    /// The documents that stacks belong to, such as `dataset/sales`, by the stack's address.
    pub stacks: BTreeMap<String, String>,
    /// The documents that resources belong to, by the ARN or pattern in a finding.
    pub resources: BTreeMap<String, String>,
    /// The access after the change, of the stacks that were read.
    pub after: Option<Subject>,
}

/// A side that is no valid mesh.
#[derive(Debug)]
pub struct Refused {
    /// The side, as it was given.
    pub side: String,
    /// Its errors and warnings.
    pub report: Report,
    /// What guardrails find.
    pub breaches: Vec<Breach>,
    /// The files that the findings refer to.
    pub sources: Vec<SourceFile>,
}

/// How sides are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// The day of which the shares of a mesh count; without it, none has expired.
    pub day: Option<&'a Date>,
    /// The account and region of templates that nothing else determines.
    pub somewhere: &'a Somewhere,
    /// Which stacks are synthesized or read.
    pub scope: Scope,
    /// The stacks of the side `deployed`.
    pub deployed: Option<&'a [DeployedStack<'a>]>,
    /// The limits on access besides the templates, on both sides.
    pub limits: Option<&'a Surroundings>,
}

/// Which stacks of two meshes are synthesized, and which templates of two assemblies are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those that the change concerns: of meshes the stacks in certain accounts, of assemblies the templates that differ if no
    /// access differs. The review is the same, and most of a large mesh is left alone.
    Near,
    /// All of them.
    Whole,
}

/// A stack of a side whose template may differ from the one of the other side.
struct Made {
    address: String,
    place: Place,
    template: Template,
    lines: BTreeMap<String, Vec<String>>,
}

/// Everything that was read of a side.
struct Read {
    /// The stacks that may differ, sorted by address.
    made: Vec<Made>,
    /// The number of all stacks.
    count: usize,
    subject: Subject,
}

/// What a side is.
enum Source<'s> {
    /// A mesh: its folder, or one file.
    Mesh(&'s Path),
    /// A mesh at a revision.
    Revision(&'s Revision),
    /// An assembly that `synth` wrote.
    Assembly(&'s Path),
    /// Anybody's templates: their folder, or one file.
    Templates(&'s Path),
    /// What is deployed.
    Deployed,
}

impl<'s> Source<'s> {
    /// A folder with `assembly.json` is an assembly, a folder or file with a CloudFormation template has anybody's
    /// templates, and everything else is a mesh.
    fn of(side: &'s Side) -> Self {
        let path = match side {
            Side::Folder(path) => path.as_path(),
            Side::Mesh(path) => return Self::Mesh(path),
            Side::Revision(revision) => return Self::Revision(revision),
            Side::Deployed => return Self::Deployed,
        };
        if path.join("assembly.json").is_file() {
            Self::Assembly(path)
        } else if Folder::has_template(path) {
            Self::Templates(path)
        } else {
            Self::Mesh(path)
        }
    }

    /// The mesh, if it is one.
    fn mesh(&self) -> Result<Option<Loaded>, ReadError> {
        match self {
            Self::Mesh(path) => load(path).map(Some),
            Self::Revision(revision) => load_revision(revision, Path::new(".")).map(Some),
            Self::Assembly(_) | Self::Templates(_) | Self::Deployed => Ok(None),
        }
    }
}

/// The mesh of a side, if the side is one.
///
/// # Errors
///
/// The mesh cannot be read.
pub fn mesh_of(side: &Side) -> Result<Option<Loaded>, ReadError> {
    Source::of(side).mesh()
}

/// Reviews a change.
///
/// # Errors
///
/// A side cannot be read. The inner error is a mesh with errors.
pub fn review(
    before: &Side,
    after: &Side,
    reading: Reading<'_>,
    watch: &dyn Watch,
) -> Result<Result<Reviewed, Box<Refused>>, Error> {
    let sides = [before, after];
    let sources = sides.map(Source::of);
    let somewhere = Somewhere { file: file_of(&sources), ..reading.somewhere.clone() };
    let reading = Reading { somewhere: &somewhere, ..reading };
    if reading.scope == Scope::Near
        && let [Source::Assembly(before), Source::Assembly(after)] = &sources
        && let Some(mut reviewed) = assemblies::of([before, after])
    {
        let note = decisions::note(&reviewed.review);
        reviewed.review.notes.extend(note);
        return Ok(Ok(reviewed));
    }
    let equal = EqualStacks::of(&sources)?;
    if equal.is_all {
        let review = Review { equal: equal.addresses.len(), ..Review::default() };
        return Ok(Ok(Reviewed { review, ..Reviewed::default() }));
    }
    let meshes = [sources[0].mesh()?, sources[1].mesh()?];
    let is_synthesized = meshes.iter().any(Option::is_some);
    let decisions = decisions::of(meshes.each_ref().map(Option::as_ref), reading.day);
    let near = match &meshes {
        [Some(before), Some(after)] => near::of([before, after], reading),
        _ => Near::default(),
    };
    let mut read = [None, None];
    for (place, mesh) in meshes.into_iter().enumerate() {
        read[place] = match (mesh, &sources[place]) {
            (Some(mesh), _) => match of_mesh(sides[place], mesh, &near, reading, watch)? {
                Ok(one) => Some(one),
                Err(refused) => return Ok(Err(refused)),
            },
            (None, Source::Assembly(folder)) => Some(of_assembly(folder, &equal.addresses)?),
            (None, Source::Templates(path) | Source::Mesh(path)) => {
                Some(of_templates(path, reading.somewhere)?)
            }
            (None, Source::Revision(_) | Source::Deployed) => None,
        };
    }
    let [old, new] = read;
    let deployed = |other: &Read| {
        let stacks = reading.deployed.ok_or(ReadError::Deployed)?;
        of_deployed(stacks, &other.subject)
    };
    let (mut old, mut new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (None, Some(new)) => (deployed(&new)?, new),
        (Some(old), None) => {
            let new = deployed(&old)?;
            (old, new)
        }
        (None, None) => return Err(ReadError::Deployed.into()),
    };
    if is_synthesized {
        forget_revisions(&mut old);
        forget_revisions(&mut new);
    }
    if let Some(limits) = reading.limits {
        limits.add_to(&mut old.subject.world)?;
        limits.add_to(&mut new.subject.world)?;
    }
    let mut reviewed = compare(&old, &new);
    reviewed.review.decisions = decisions;
    let note = decisions::note(&reviewed.review);
    reviewed.review.notes.extend(note);
    Ok(Ok(Reviewed { after: Some(new.subject), ..reviewed }))
}

/// The name of the stack that two files are compared as.
fn file_of(sources: &[Source<'_>; 2]) -> Option<String> {
    let [Source::Templates(before), Source::Templates(after)] = sources else { return None };
    let name = after.file_name().filter(|_| before.is_file() && after.is_file())?;
    Some(name.to_string_lossy().into_owned())
}

/// Removes the outputs with the revisions, which a mesh's templates get last, and which say nothing but that something
/// differs.
fn forget_revisions(read: &mut Read) {
    for made in &mut read.made {
        made.template.outputs.remove(revision::OUTPUT);
    }
}

/// Reads a mesh: the stacks of the accounts that the change concerns. Of stacks with equal inputs no template is kept.
fn of_mesh(
    side: &Side,
    loaded: Loaded,
    near: &Near,
    reading: Reading<'_>,
    watch: &dyn Watch,
) -> Result<Result<Read, Box<Refused>>, Error> {
    let refused = |report: Report, breaches: Vec<Breach>, sources: Vec<SourceFile>| {
        Ok(Err(Box::new(Refused { side: side.to_string(), report, breaches, sources })))
    };
    let Loaded { sources, mesh, report } = loaded;
    let Some(mesh) = mesh else { return refused(report, Vec::new(), sources) };
    let kept: Mutex<Vec<Made>> = Mutex::new(Vec::new());
    let keep = |stack: &StackPlan<'_>, template: &Template, lines: &BTreeMap<_, _>| {
        let address = stack.address().to_string();
        if near.equal.contains(&address) {
            return;
        }
        let place = stack.place().clone();
        let made = Made { address, place, template: template.clone(), lines: lines.clone() };
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(made);
    };
    let mut plan = Plan::of(&mesh, reading.day);
    let count = plan.stacks.len() + plan.bootstraps(BTreeMap::new()).len();
    if let Some(accounts) = &near.accounts {
        plan = plan.within(accounts.clone());
    }
    let OfMesh { subject, report, breaches, sources } =
        Subject::of_plan_seen(&plan, reading.day, Keep::Grants, sources, watch, &keep)?;
    let Some(subject) = subject else { return refused(report, breaches, sources) };
    let mut made = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
    made.sort_by(|one, other| one.address.cmp(&other.address));
    Ok(Ok(Read { made, count, subject }))
}

/// Reads an assembly. Of the stacks in `equal` no template is kept.
fn of_assembly(folder: &Path, equal: &BTreeSet<String>) -> Result<Read, Error> {
    let subject = Subject::of_assembly(folder)?;
    let assembly = listed(folder)?;
    let count = assembly.stacks.len();
    let differing = assembly.stacks.into_par_iter().filter(|entry| {
        let address = entry.address().to_string();
        !equal.contains(&address)
    });
    let made: Result<Vec<Made>, ReadError> = differing
        .map(|entry| {
            let path = folder.join(&entry.template);
            let text = std::fs::read_to_string(&path).map_err(ReadError::unreadable(&path))?;
            let template =
                read::written(&text).map_err(|source| ReadError::Template { path, source })?;
            let address = entry.address().to_string();
            let lines = subject.provenance.stacks.get(&address).cloned().unwrap_or_default();
            Ok(Made { address, place: entry.place(), template, lines })
        })
        .collect();
    let mut made = made?;
    made.sort_by(|one, other| one.address.cmp(&other.address));
    Ok(Read { made, count, subject })
}

fn listed(folder: &Path) -> Result<Assembly, ReadError> {
    let path = folder.join("assembly.json");
    let text = std::fs::read_to_string(&path).map_err(ReadError::unreadable(&path))?;
    serde_json::from_str(&text).map_err(|source| ReadError::NotOfAssembly { path, source })
}

/// The stacks of two assemblies whose templates have the same bytes.
struct EqualStacks {
    /// Their addresses.
    addresses: BTreeSet<String>,
    /// Whether no other stack is in either assembly.
    is_all: bool,
}

impl EqualStacks {
    fn of(sources: &[Source<'_>; 2]) -> Result<Self, ReadError> {
        let [Source::Assembly(before), Source::Assembly(after)] = sources else {
            return Ok(Self { addresses: BTreeSet::new(), is_all: false });
        };
        let (old, new) = (listed(before)?, listed(after)?);
        let paths: BTreeMap<StackAddress, &str> =
            old.stacks.iter().map(|entry| (entry.address(), entry.template.as_str())).collect();
        let equal: Result<Vec<Option<String>>, ReadError> = new
            .stacks
            .par_iter()
            .map(|entry| {
                let address = entry.address();
                let Some(path) = paths.get(&address) else { return Ok(None) };
                let bytes = |folder: &Path, path: &str| {
                    let path = folder.join(path);
                    std::fs::read(&path).map_err(ReadError::unreadable(&path))
                };
                let is_equal = bytes(before, path)? == bytes(after, &entry.template)?;
                Ok(is_equal.then(|| address.to_string()))
            })
            .collect();
        let addresses: BTreeSet<String> = equal?.into_iter().flatten().collect();
        let is_all = addresses.len() == old.stacks.len() && addresses.len() == new.stacks.len();
        Ok(Self { addresses, is_all })
    }
}

fn of_templates(path: &Path, somewhere: &Somewhere) -> Result<Read, Error> {
    let subject = Subject::of_folder(path, somewhere)?;
    let folder = Folder::read(path, somewhere)?;
    let made = folder.templates.into_iter().map(|one| Made {
        address: one.address,
        place: one.place,
        template: one.template,
        lines: BTreeMap::new(),
    });
    let mut made: Vec<Made> = made.collect();
    made.sort_by(|one, other| one.address.cmp(&other.address));
    Ok(Read { count: made.len(), made, subject })
}

fn stacks(read: &Read) -> Vec<Stack<'_>> {
    fn one(made: &Made) -> Stack<'_> {
        let Made { address, place, template, lines } = made;
        Stack { address, place, template, lines }
    }
    read.made.iter().map(one).collect()
}

fn compare(before: &Read, after: &Read) -> Reviewed {
    let unheld = unheld([&before.subject.world, &after.subject.world]);
    let worlds = [before, after].map(|read| with_holders(&read.subject.world, &unheld));
    let stated = worlds.each_ref().map(|world| world.gaps().is_some().then(|| world.as_stated()));
    let (old, new) = (stacks(before), stacks(after));
    let sides = [
        access::Side {
            world: &worlds[0],
            stated: stated[0].as_ref().unwrap_or(&worlds[0]),
            lines: &before.subject.provenance.stacks,
        },
        access::Side {
            world: &worlds[1],
            stated: stated[1].as_ref().unwrap_or(&worlds[1]),
            lines: &after.subject.provenance.stacks,
        },
    ];
    let mut review = review::of(&old, &new, [&sides[0], &sides[1]]);
    let changed = review.stacks.iter();
    let there = changed.filter(|one| one.kind != ChangeKind::Removed).count();
    review.equal = after.count.saturating_sub(there);
    for (word, read) in [("before", before), ("after", after)] {
        let notes = read.subject.foreign.iter().flat_map(|foreign| &foreign.notes);
        review.notes.extend(notes.map(|note| format!("{word} the change: {note}")));
    }
    let subjects = [&before.subject, &after.subject];
    let names = |arn: &String| {
        let name = subjects.iter().rev().find_map(|one| one.intended.name_of(arn))?;
        Some((arn.clone(), name.to_owned()))
    };
    let principals = review.access.iter().filter_map(|one| names(&one.principal)).collect();
    let stacks = subjects
        .iter()
        .flat_map(|subject| &subject.stacks)
        .map(|stack| (stack.address.clone(), stack.subject.clone()))
        .collect();
    let names = subjects.map(Subject::names);
    let resource = |arn: &String| {
        let whole = arn.trim_end_matches(['*', '/']);
        let name =
            names.iter().rev().find_map(|names| names.of(arn).or_else(|| names.of(whole)))?;
        Some((arn.clone(), name.to_owned()))
    };
    let reaches =
        review.access.iter().flat_map(|one| one.gained.iter().chain(&one.lost).chain(&one.unknown));
    let resources = reaches.filter_map(|reach| resource(&reach.resource)).collect();
    Reviewed { review, principals, stacks, resources, after: None }
}
