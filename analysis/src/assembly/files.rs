//! The files of an assembly, written stack by stack, so that no template stays in memory.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::{Mesh, SourceFile};
use lakewright_proof::settings;
use lakewright_stacks::{Handout, Mentions, StackPlan, connect};
use lakewright_template::assembly::{
    self, CdkArtifact, CdkFileManifest, CdkFiles, Grants, StackEntry, handout_digest,
};
use lakewright_template::{AccountId, Region, StackAddress};
use rayon::iter::{IntoParallelRefMutIterator as _, ParallelIterator as _};
use serde_json::{Value, json};

use crate::assembly::recorded::Recorded;
use crate::assembly::{FIXED, Output, Staging};
use crate::error::{Error, WriteError};
use crate::synthesis::{Kept, Unmade};

/// The data kept of a stack after its template has been written: its entries in the other files.
#[derive(Debug)]
pub struct Written {
    entry: StackEntry,
    mentions: Mentions,
    grants: String,
    tables: Grants,
    provenance: String,
}

impl Written {
    /// The stack's address; an assembly's stacks are sorted by it.
    pub fn address(&self) -> StackAddress {
        self.entry.address()
    }
}

/// Synthesizes a stack and writes its template and assets.
///
/// # Errors
///
/// Findings of the mesh, or a file that cannot be written.
pub fn template(stack: &StackPlan<'_>, staging: &Staging, sources: &[SourceFile]) -> Kept<Written> {
    let mut synthesized = stack.synthesize().map_err(Unmade::Findings)?;
    let usage = synthesized.usage();
    let template = synthesized.json.as_bytes();
    staging.write(&synthesized.entry.template, template).map_err(unwritten)?;
    for asset in &synthesized.assets {
        // Stacks may share a file: its path contains the digest of its content.
        staging.write(&asset.entry.path, &asset.bytes).map_err(unwritten)?;
    }
    let settings = settings::digest_of(&synthesized.lowered.template, &synthesized.entry);
    let Recorded { grants, mut tables, provenance } =
        Recorded::of(&mut synthesized.lowered, sources);
    tables.settings.insert(synthesized.entry.address().to_string(), settings);
    let address = to_json(&synthesized.entry.address()).map_err(unwritten)?;
    let mut grant_lines = format!("{address}:[");
    for (place, grant) in grants.iter().enumerate() {
        grant_lines.push_str(if place == 0 { "\n" } else { ",\n" });
        grant_lines.push_str(&to_json(grant).map_err(unwritten)?);
    }
    grant_lines.push(']');
    // The lines of all stacks stay in memory until the last template is written.
    grant_lines.shrink_to_fit();
    let provenance = to_json(&provenance).map_err(unwritten)?;
    let written = Written {
        entry: synthesized.entry,
        mentions: synthesized.mentions,
        grants: grant_lines,
        tables,
        provenance: format!("{address}:{provenance}"),
    };
    Ok((written, usage))
}

fn to_json(value: &impl serde::Serialize) -> Result<String, WriteError> {
    Ok(serde_json::to_string(value)?)
}

fn unwritten(error: WriteError) -> Unmade {
    Unmade::Error(error.into())
}

/// The size of an assembly.
#[derive(Debug)]
pub struct Summary {
    /// The number of stacks.
    pub stacks: usize,
    /// The number of accounts.
    pub accounts: usize,
    /// The size of all templates together, in bytes.
    pub bytes: usize,
}

/// Writes the other files and moves all files into place.
///
/// # Errors
///
/// The stacks depend on each other in a circle, or a file cannot be written.
pub fn rest(
    mesh: &Mesh,
    handouts: &[Handout],
    mut written: Vec<Written>,
    staging: Staging,
) -> Result<Summary, Error> {
    let version = assembly::VERSION;
    let mut stacks = Lines::default();
    let mut artifacts = Lines::default();
    let mut provenance = Lines::default();
    let mut grants = Lines::default();
    let mut tables = tables(&mut written);
    let connected = written.iter_mut().map(|one| (&mut one.entry, &one.mentions));
    connect(&mut connected.collect::<Vec<_>>()).map_err(Error::Circle)?;
    for one in &written {
        if let Some(digest) = tables.settings.get_mut(&one.address().to_string()) {
            *digest = settings::in_order(digest, &one.entry);
        }
    }
    let mut summary = Summary { stacks: written.len(), accounts: 0, bytes: 0 };
    let mut places = BTreeSet::new();
    let mut files: BTreeSet<String> = FIXED.map(str::to_owned).into();
    for one in written {
        let (id, artifact) = CdkArtifact::of(&one.entry);
        artifacts.push(format!("{}:{}", to_json(&id)?, to_json(&artifact)?));
        if let Some((id, artifact)) = CdkFiles::of(&one.entry) {
            artifacts.push(format!("{}:{}", to_json(&id)?, to_json(&artifact)?));
            let path = StackEntry::asset_manifest_path(&one.entry.address());
            staging.write(&path, to_json(&CdkFileManifest::of(&one.entry))?.as_bytes())?;
            files.insert(path);
        }
        stacks.push(to_json(&one.entry)?);
        provenance.push(one.provenance);
        grants.push(one.grants);
        summary.bytes += one.entry.bytes;
        places.insert((one.entry.account, one.entry.region));
        files.insert(one.entry.template);
        files.extend(one.entry.assets.into_iter().map(|asset| asset.path));
    }
    for Handout { path, task, json } in handouts {
        staging.write(path, json.as_bytes())?;
        tables.handouts.insert(path.clone(), handout_digest(task, json.as_bytes()));
        files.insert(path.clone());
    }
    let handouts: Vec<Value> = handouts
        .iter()
        .map(|handout| json!({ "path": handout.path, "task": handout.task }))
        .collect();
    let handouts = to_json(&handouts)?;
    summary.accounts = places.iter().map(|(account, _)| account).collect::<BTreeSet<_>>().len();
    let sets = Lines::of_map(&tables.action_sets)?;
    let principals = Lines::of_map(&tables.principals)?;
    let settings = Lines::of_map(&tables.settings)?;
    let given_out = Lines::of_map(&tables.handouts)?;
    let tenant = to_json(&mesh.tenant.header.id.as_str())?;
    let write_grants = || {
        let mut file = staging.file("grants.json")?;
        file = sets.write(file, &format!("{{\"version\":{version},\"action_sets\":{{"), "},\n")?;
        file = principals.write(file, "\"principals\":{", "},\n")?;
        file = settings.write(file, "\"settings\":{", "},\n")?;
        file = given_out.write(file, "\"handouts\":{", "},\n")?;
        grants.write(file, "\"grants\":{", "}}\n")?.close()
    };
    let write_others = || {
        let head = format!(
            "{{\"version\":{version},\"mesh\":{tenant},\"handouts\":{handouts},\"stacks\":["
        );
        stacks.write(staging.file("assembly.json")?, &head, "]}\n")?.close()?;
        let head = format!("{{\"version\":\"{}\",\"artifacts\":{{", assembly::CDK_VERSION);
        artifacts.write(staging.file("manifest.json")?, &head, "}}\n")?.close()?;
        let head = format!("{{\"version\":{version},\"stacks\":{{");
        provenance.write(staging.file("provenance.json")?, &head, "}}\n")?.close()?;
        Lines::of_places(&places)?.write(staging.file("places.json")?, "[", "]\n")?.close()
    };
    let (one, other) = rayon::join(write_grants, write_others);
    one.and(other)?;
    staging.commit(&files)?;
    Ok(summary)
}

/// Merges the tables that the grants of all stacks refer to.
fn tables(written: &mut [Written]) -> Grants {
    let and = |mut all: Grants, more: Grants| {
        all.action_sets.extend(more.action_sets);
        all.principals.extend(more.principals);
        all.settings.extend(more.settings);
        all
    };
    let each = written.par_iter_mut().map(|one| std::mem::take(&mut one.tables));
    each.fold(Grants::default, and).reduce(Grants::default, and)
}

/// Entries of a list or map, each on a line of its own: compact, and a changed entry changes one
/// line.
#[derive(Debug, Default)]
struct Lines(Vec<String>);

impl Lines {
    fn of_map(map: &BTreeMap<String, impl serde::Serialize>) -> Result<Self, WriteError> {
        let lines =
            map.iter().map(|(key, value)| Ok(format!("{}:{}", to_json(key)?, to_json(value)?)));
        Ok(Self(lines.collect::<Result<_, WriteError>>()?))
    }

    /// The accounts and regions, as the updater of the platform takes them. Other keys would use up the room of its state
    /// machine: 256 KiB.
    fn of_places(places: &BTreeSet<(AccountId, Region)>) -> Result<Self, WriteError> {
        let lines = places
            .iter()
            .map(|(account, region)| to_json(&json!({ "account": account, "region": region })));
        Ok(Self(lines.collect::<Result<_, WriteError>>()?))
    }

    fn push(&mut self, line: String) {
        self.0.push(line);
    }

    fn write(&self, file: Output, head: &str, tail: &str) -> Result<Output, WriteError> {
        let mut file = file;
        file.put(head)?;
        for (place, line) in self.0.iter().enumerate() {
            file.put(if place == 0 { "\n" } else { ",\n" })?;
            file.put(line)?;
        }
        file.put("\n")?;
        file.put(tail)?;
        Ok(file)
    }
}
