//! What templates give and what was asked for, from a mesh or from an assembly.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use lakewright_manifest::diagnostic::{FileId, Origin};
use lakewright_manifest::{Report, SourceFile, render};
use lakewright_proof::document::{Document, Origin as PolicyOrigin};
use lakewright_proof::intended::{Intended, Rule, rules};
use lakewright_proof::world::{OnUnresolved, Piece, StackTemplate, World};
use lakewright_stacks::{Plan, StackPlan, Usage};
use lakewright_synth::Cause;
use lakewright_template::assembly::{Assembly, Grants, IntendedGrant, Provenance, StackEntry};
use lakewright_template::read;
use lakewright_template::resolve::Place;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::exit::Failure;
use crate::mesh::{Day, load};

/// Where the templates come from.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Source {
    /// The mesh's folder, or a single file
    pub(crate) mesh: Option<PathBuf>,
    /// An assembly that `synth` has written, instead of a mesh
    #[arg(long, value_name = "DIR")]
    pub(crate) assembly: Option<PathBuf>,
}

/// What the organization adds to the templates.
#[derive(Debug, clap::Args)]
pub(crate) struct Scp {
    /// Policies of the organization, in JSON: a service control policy for all accounts, or
    /// {"service_control_policies": [{"accounts": [..], "document": {..}}], "resource_control_policies": [..]}
    #[arg(long = "scp", value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Scp {
    /// Puts the policies into a world.
    pub(crate) fn add_to(&self, world: &mut World) -> Result<(), Failure> {
        let Some(path) = &self.file else { return Ok(()) };
        let wrong = |message: String| Failure::usage(format!("{}: {message}", path.display()));
        let data: serde_json::Value =
            serde_json::from_str(&text(path)?).map_err(|error| wrong(error.to_string()))?;
        let origin = |property| PolicyOrigin {
            stack: path.display().to_string(),
            logical_id: String::new(),
            property,
        };
        let document = |value: &serde_json::Value, property| {
            Document::parse(value, origin(property)).map_err(|error| wrong(error.to_string()))
        };
        if data.get("Statement").is_some() {
            world.organization.scps.push((BTreeSet::new(), document(&data, "scp")?));
            return Ok(());
        }
        let lists = [
            ("service_control_policies", &mut world.organization.scps),
            ("resource_control_policies", &mut world.organization.rcps),
        ];
        let mut is_empty = true;
        for (name, policies) in lists {
            for entry in data[name].as_array().into_iter().flatten() {
                let accounts = entry["accounts"].as_array().into_iter().flatten();
                let accounts = accounts.filter_map(|id| id.as_str().map(str::to_owned)).collect();
                policies.push((accounts, document(&entry["document"], name)?));
                is_empty = false;
            }
        }
        if is_empty {
            let message = "got no policy; expected a policy document, `service_control_policies` or `resource_control_policies`";
            return Err(wrong(message.to_owned()));
        }
        Ok(())
    }
}

/// What templates give, and what was asked for.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) world: World,
    pub(crate) intended: Intended,
    pub(crate) stacks: Vec<StackEntry>,
    pub(crate) provenance: Provenance,
    /// Where each folder of a dataset lies, by the ids of both. Only the mesh knows.
    pub(crate) folders: BTreeMap<(String, String), String>,
}

/// What is kept of one stack.
struct Part {
    entry: StackEntry,
    piece: Piece,
    rules: Vec<(String, Rule)>,
    principals: BTreeMap<String, String>,
    provenance: BTreeMap<String, Vec<String>>,
    usage: Usage,
}

/// What is wrong with a mesh, and its files.
pub(crate) type Findings = (Report, Vec<SourceFile>);

impl Source {
    /// Reads everything; or gives what is wrong with the mesh.
    pub(crate) fn read(&self, day: &Day) -> Result<Result<Subject, Findings>, Failure> {
        match (&self.mesh, &self.assembly) {
            (Some(mesh), _) => of_mesh(mesh, day),
            (None, Some(folder)) => of_assembly(folder).map(Ok),
            (None, None) => Err(Failure::usage("a mesh or `--assembly` is missing")),
        }
    }

    /// The path that was given.
    pub(crate) fn path(&self) -> &Path {
        let path = self.mesh.as_deref().or(self.assembly.as_deref());
        path.unwrap_or_else(|| Path::new("."))
    }
}

fn of_mesh(path: &Path, day: &Day) -> Result<Result<Subject, Findings>, Failure> {
    let loaded = load(path)?;
    let Some(mesh) = loaded.mesh else { return Ok(Err((loaded.report, loaded.sources))) };
    let plan = Plan::of(&mesh, day.as_of.as_ref());
    let mut report = loaded.report;
    let sources = loaded.sources;
    let mut parts_of = |stacks: &[StackPlan<'_>]| -> Result<Vec<Part>, Failure> {
        let results: Vec<Result<Result<Part, Report>, Failure>> =
            stacks.par_iter().map(|stack| part_of(stack, &sources)).collect();
        let mut parts = Vec::with_capacity(results.len());
        for result in results {
            match result? {
                Ok(part) => parts.push(part),
                Err(findings) => report.extend(findings),
            }
        }
        Ok(parts)
    };
    let mut parts = parts_of(&plan.stacks)?;
    if parts.len() == plan.stacks.len() {
        let usage = Plan::usage(plan.stacks.iter().zip(parts.iter().map(|part| &part.usage)));
        parts.extend(parts_of(&plan.bootstraps(usage))?);
    }
    if report.has_errors() {
        return Ok(Err((report.sorted(), sources)));
    }
    let folders = mesh.datasets.values().flat_map(|dataset| {
        let folders = dataset.folders.iter();
        folders.map(|(id, folder)| {
            ((dataset.header.id.to_string(), id.to_string()), folder.prefix.to_string())
        })
    });
    Ok(Ok(Subject { folders: folders.collect(), ..Subject::of(parts) }))
}

/// Synthesizes one stack and keeps what it says about access. The template itself is not kept: those
/// of a large mesh do not fit into memory together.
fn part_of(stack: &StackPlan<'_>, sources: &[SourceFile]) -> Result<Result<Part, Report>, Failure> {
    let synthesized = match stack.synthesize() {
        Ok(synthesized) => synthesized,
        Err(report) => return Ok(Err(report)),
    };
    let usage = synthesized.usage();
    let address = synthesized.entry.address();
    let template = StackTemplate {
        address: &address,
        place: stack.place(),
        template: &synthesized.template,
        unresolved: OnUnresolved::Fail,
    };
    let piece = Piece::of(template).map_err(|error| Failure::unexpected(error.to_string()))?;
    let places = |causes: &BTreeSet<Cause>| -> Vec<String> {
        let place = |cause: &Cause| {
            render::place(Origin { file: FileId(cause.file), span: cause.span }, sources)
        };
        causes.iter().map(place).collect()
    };
    let mut tables = Grants::default();
    let mut grants: Vec<IntendedGrant> = synthesized
        .records
        .into_iter()
        .map(|(record, causes)| {
            let because = if causes == synthesized.causes { Vec::new() } else { places(&causes) };
            record.intended(because, &mut tables)
        })
        .collect();
    grants.sort_unstable();
    grants.dedup();
    let mut provenance: BTreeMap<String, Vec<String>> =
        synthesized.provenance.into_iter().map(|(part, causes)| (part, places(&causes))).collect();
    provenance.insert("*".to_owned(), places(&synthesized.causes));
    let rules = rules(&address, grants, &tables);
    let principals = tables.principals;
    Ok(Ok(Part { entry: synthesized.entry, piece, rules, principals, provenance, usage }))
}

impl Subject {
    fn of(parts: Vec<Part>) -> Self {
        let mut principals = BTreeMap::new();
        let mut rules = Vec::with_capacity(parts.len());
        let mut provenance = Provenance::default();
        let mut pieces = Vec::with_capacity(parts.len());
        let mut stacks = Vec::with_capacity(parts.len());
        for part in parts {
            let address = part.entry.address();
            principals.extend(part.principals);
            rules.push(part.rules);
            provenance.stacks.insert(address, part.provenance);
            pieces.push(part.piece);
            stacks.push(part.entry);
        }
        let of_rules = || Intended::of_rules(rules, principals);
        let (world, intended) = rayon::join(|| World::of(pieces), of_rules);
        Self { world, intended, stacks, provenance, folders: BTreeMap::new() }
    }

    /// What each resource belongs to, such as `dataset/sales`, by ARN.
    pub(crate) fn resource_names(&self) -> BTreeMap<String, String> {
        let kinds: BTreeMap<String, String> = self
            .stacks
            .iter()
            .map(|entry| (entry.address(), format!("{}/{}", entry.kind, entry.id)))
            .collect();
        let resources = self.world.resources.values().filter_map(|resource| {
            Some((resource.arn.clone(), kinds.get(&resource.origin.stack)?.clone()))
        });
        let roles = self
            .world
            .roles
            .keys()
            .filter_map(|arn| Some((arn.clone(), self.intended.name_of(arn)?.to_owned())));
        roles.chain(resources).collect()
    }
}

/// What a resource, or a part of one such as a folder or a table, belongs to.
pub(crate) fn name_of<'n>(names: &'n BTreeMap<String, String>, arn: &str) -> Option<&'n String> {
    let table = arn.split_once(":table/").and_then(|(stem, rest)| {
        let (database, _) = rest.split_once('/')?;
        names.get(&format!("{stem}:database/{database}"))
    });
    let bucket = arn.split_once(":::").and_then(|(stem, rest)| {
        let (bucket, _) = rest.split_once('/')?;
        names.get(&format!("{stem}:::{bucket}"))
    });
    names.get(arn).or(table).or(bucket)
}

fn of_assembly(folder: &Path) -> Result<Subject, Failure> {
    let assembly: Assembly = json(folder, "assembly.json")?;
    let grants: Grants = json(folder, "grants.json")?;
    let provenance: Provenance = json(folder, "provenance.json")?;
    let pieces: Vec<Piece> = assembly
        .stacks
        .par_iter()
        .map(|entry| {
            let path = folder.join(&entry.template);
            let text = text(&path)?;
            let template = read::template(&text)
                .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
            let place = Place { account: entry.account.clone(), region: entry.region.clone() };
            let address = entry.address();
            let stack = StackTemplate {
                address: &address,
                place: &place,
                template: &template,
                unresolved: OnUnresolved::Fail,
            };
            Piece::of(stack).map_err(|error| Failure::usage(error.to_string()))
        })
        .collect::<Result<_, Failure>>()?;
    let (world, intended) = (World::of(pieces), Intended::of(grants));
    let (stacks, folders) = (assembly.stacks, BTreeMap::new());
    Ok(Subject { world, intended, stacks, provenance, folders })
}

fn json<T: serde::de::DeserializeOwned>(folder: &Path, name: &str) -> Result<T, Failure> {
    let path = folder.join(name);
    serde_json::from_str(&text(&path)?).map_err(|error| {
        let path = path.display();
        Failure::usage(format!("{path} is no file of an assembly: {error}; `synth` writes them"))
    })
}

fn text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", path.display())))
}
