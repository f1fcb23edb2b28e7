//! Reads the access that an assembly's templates grant, and whether its files are those that `synth` wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use lakewright_access::world::{OnUnresolved, Piece, StackTemplate, World};
use lakewright_proof::intended::Intended;
use lakewright_proof::settings;
use lakewright_template::assembly::{
    Assembly, CdkArtifact, CdkFileManifest, CdkFiles, Grants, Provenance, StackEntry,
    handout_digest,
};
use lakewright_template::{digest, read, revision};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde_json::Value;

use super::imported::{self, Imported};
use super::{StackName, Subject};
use crate::error::ReadError;

/// The data read from one template of an assembly.
struct OfStack {
    piece: Piece,
    is_changed: bool,
    is_reset: bool,
    /// The stack's files, such as code, whose content does not match their digest.
    other_files: Vec<String>,
    imported: Imported,
    closed: Vec<String>,
}

/// The stacks that are in `grants.json` and not in `assembly.json`, and those that are listed twice, each in a
/// sentence.
fn miscounted(assembly: &Assembly, grants: &Grants) -> Vec<String> {
    let mut listed: BTreeMap<String, usize> = BTreeMap::new();
    for entry in &assembly.stacks {
        *listed.entry(entry.address().to_string()).or_default() += 1;
    }
    let lost = grants.settings.keys().filter(|address| !listed.contains_key(*address));
    let lost = lost.map(|address| format!("{address} is in grants.json, and not in assembly.json"));
    let twice = listed.iter().filter(|(_, times)| **times > 1);
    lost.chain(twice.map(|(address, _)| format!("{address} is in assembly.json more than once")))
        .collect()
}

/// Reads an assembly.
pub(super) fn of_assembly(folder: &Path) -> Result<Subject, ReadError> {
    if !folder.join("assembly.json").is_file() {
        return Err(ReadError::NoAssembly(folder.to_owned()));
    }
    let assembly: Assembly = json(folder, "assembly.json")?;
    let grants: Grants = json(folder, "grants.json")?;
    let provenance: Provenance = json(folder, "provenance.json")?;
    let read: Vec<OfStack> = assembly
        .stacks
        .par_iter()
        .map(|entry| {
            let path = folder.join(&entry.template);
            let text = text(&path)?;
            let is_changed = digest::sha256(text.as_bytes()) != entry.digest;
            let other_files = other_files(folder, entry)?;
            let template = read::written(&text)
                .map_err(|source| ReadError::Template { path: path.clone(), source })?;
            let place = entry.place();
            let address = entry.address().to_string();
            let stack = StackTemplate {
                address: &address,
                place: &place,
                template: &template,
                unresolved: OnUnresolved::Fail,
            };
            let piece = Piece::of(stack)?;
            let own = grants.grants.get(&address).into_iter().flatten();
            let own = own.map(|grant| {
                (grant.access.as_str(), grant.resource.as_str(), grant.resources.as_slice())
            });
            let subject = format!("{}/{}", entry.kind, entry.id);
            let imported = imported::of_stack(&subject, &piece, own);
            let closed = imported::closed(&template, &imported);
            let imported = imported.into_iter().map(|arn| (arn, subject.clone())).collect();
            let made = grants.settings.get(&address);
            let said = template.outputs.get(revision::OUTPUT).and_then(|one| one.value.as_text());
            let is_reset = made.is_none_or(|made| {
                *made != settings::in_order(&settings::digest_of(&template, entry), entry)
            }) || said != Some(&entry.revision);
            Ok(OfStack { piece, is_changed, is_reset, other_files, imported, closed })
        })
        .collect::<Result<_, ReadError>>()?;
    let each = || assembly.stacks.iter().zip(&read);
    let changed = each().filter(|(_, stack)| stack.is_changed);
    let changed = changed.map(|(entry, _)| folder.join(&entry.template).display().to_string());
    let changed = changed.collect();
    let reset =
        each().filter(|(_, stack)| stack.is_reset).map(|(entry, _)| entry.address().to_string());
    let others = read.iter().flat_map(|stack| stack.other_files.iter().cloned());
    let others = others.chain(manifest(folder, &assembly));
    let others = others.chain(handed_out(folder, &assembly, &grants));
    // Stacks may share a file.
    let reset: BTreeSet<String> = reset.chain(others).collect();
    let reset = reset.into_iter().collect();
    let miscounted = miscounted(&assembly, &grants);
    let mut pieces = Vec::with_capacity(read.len());
    let (mut imported, mut closed) = (Imported::new(), BTreeSet::new());
    for stack in read {
        pieces.push(stack.piece);
        imported.extend(stack.imported);
        closed.extend(stack.closed);
    }
    let intended = Intended::of(grants);
    let mut world = World::knowing(pieces, super::known(&intended));
    let stacks = assembly.stacks.iter().map(|entry| StackName {
        address: entry.address().to_string(),
        subject: format!("{}/{}", entry.kind, entry.id),
    });
    let (stacks, folders): (Vec<StackName>, _) = (stacks.collect(), BTreeMap::new());
    let subjects = stacks.iter().map(|stack| (stack.subject.as_str(), stack.address.as_str()));
    world.add(imported::facts(&imported, closed, subjects));
    let mesh = assembly.mesh;
    let foreign = None;
    Ok(Subject {
        world,
        intended,
        stacks,
        provenance,
        folders,
        asked: None,
        imported,
        reset,
        miscounted,
        changed,
        mesh,
        foreign,
    })
}

/// The files of a stack, such as code, whose content is not what `synth` wrote.
fn other_files(folder: &Path, entry: &StackEntry) -> Result<Vec<String>, ReadError> {
    let mut others = Vec::new();
    for asset in &entry.assets {
        let path = folder.join(&asset.path);
        let bytes = fs::read(&path).map_err(ReadError::unreadable(&path))?;
        if digest::sha256(&bytes) != asset.digest {
            others.push(path.display().to_string());
        }
    }
    Ok(others)
}

/// The files for owners whose content or task is not what `synth` wrote. Owners apply them unchanged.
fn handed_out(folder: &Path, assembly: &Assembly, grants: &Grants) -> Vec<String> {
    let listed = || assembly.handouts.iter().map(|one| (&one.path, &one.task));
    let tasks: BTreeMap<&String, &String> = listed().collect();
    let all: BTreeSet<&String> = tasks.keys().copied().chain(grants.handouts.keys()).collect();
    let is_made = |path: &&String| {
        let once = listed().filter(|(listed, _)| listed == path).count() == 1;
        let found = fs::read(folder.join(path)).ok();
        let found = found.zip(tasks.get(path)).map(|(file, task)| handout_digest(task, &file));
        once && found.is_some() && found.as_ref() == grants.handouts.get(*path)
    };
    let others = all.into_iter().filter(|path| !is_made(path));
    others.map(|path| folder.join(path).display().to_string()).collect()
}

/// The files for the CDK that do not match the assembly: the CDK would deploy what they state.
fn manifest(folder: &Path, assembly: &Assembly) -> Vec<String> {
    let value = |name: &str| -> Option<Value> {
        serde_json::from_str(&fs::read_to_string(folder.join(name)).ok()?).ok()
    };
    let mut artifacts = serde_json::Map::new();
    let mut others = Vec::new();
    let mut add = |id: String, artifact: serde_json::Result<Value>| {
        artifacts.insert(id, artifact.unwrap_or_default());
    };
    for entry in &assembly.stacks {
        let (id, artifact) = CdkArtifact::of(entry);
        add(id, serde_json::to_value(&artifact));
        let Some((id, artifact)) = CdkFiles::of(entry) else { continue };
        add(id, serde_json::to_value(&artifact));
        let path = StackEntry::asset_manifest_path(&entry.address());
        if value(&path) != serde_json::to_value(CdkFileManifest::of(entry)).ok() {
            others.push(folder.join(&path).display().to_string());
        }
    }
    // Another program may be able to read a manifest that this one cannot.
    let found = value("manifest.json");
    let is_other = match found {
        Some(found) => found["artifacts"] != Value::Object(artifacts),
        None => folder.join("manifest.json").symlink_metadata().is_ok(),
    };
    if is_other {
        others.push(folder.join("manifest.json").display().to_string());
    }
    others
}

fn json<T: serde::de::DeserializeOwned>(folder: &Path, name: &str) -> Result<T, ReadError> {
    let path = folder.join(name);
    serde_json::from_str(&text(&path)?).map_err(|source| ReadError::NotOfAssembly { path, source })
}

fn text(path: &Path) -> Result<String, ReadError> {
    fs::read_to_string(path).map_err(ReadError::unreadable(path))
}
