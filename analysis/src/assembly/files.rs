//! The files of an assembly, written stack by stack, so that no template stays in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use lakewright_manifest::{Mesh, SourceFile};
use lakewright_proof::settings;
use lakewright_stacks::{Handout, Mentions, StackPlan, connect};
use lakewright_template::StackAddress;
use lakewright_template::assembly::{
    self, CdkArtifact, CdkFileManifest, CdkFiles, Grants, StackEntry, handout_digest,
};
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
    provenance: String,
}

impl Written {
    /// The stack's address; an assembly's stacks are sorted by it.
    pub fn address(&self) -> StackAddress {
        self.entry.address()
    }
}

/// Writes the files of one assembly: first the templates, then the rest.
#[derive(Debug)]
pub struct Writer<'a> {
    staging: Staging,
    sources: &'a [SourceFile],
    /// The tables that the grants refer to. Most of their entries are those of other stacks as well, so no stack keeps
    /// its own.
    tables: Mutex<Grants>,
    /// The paths of the assets that are written or being written.
    assets: Mutex<BTreeSet<String>>,
}

impl<'a> Writer<'a> {
    /// Begins to write into `staging`. Causes refer to `sources`.
    pub fn new(staging: Staging, sources: &'a [SourceFile]) -> Self {
        Self { staging, sources, tables: Mutex::default(), assets: Mutex::default() }
    }

    /// Synthesizes a stack and writes its template and assets. Threads may call this at the same time.
    ///
    /// # Errors
    ///
    /// Findings of the mesh, or a file that cannot be written.
    pub fn template(&self, stack: &StackPlan<'_>) -> Kept<Written> {
        let mut synthesized = stack.synthesize().map_err(Unmade::Findings)?;
        let usage = synthesized.usage();
        let template = synthesized.json.as_bytes();
        self.staging.write(&synthesized.entry.template, template).map_err(unwritten)?;
        for asset in &synthesized.assets {
            if self.is_first(&asset.entry.path) {
                self.staging.write(&asset.entry.path, &asset.bytes).map_err(unwritten)?;
            }
        }
        let settings = settings::digest_of(&synthesized.lowered.template, &synthesized.entry);
        let Recorded { grants, mut tables, provenance } =
            Recorded::of(&mut synthesized.lowered, self.sources);
        tables.settings.insert(synthesized.entry.address().to_string(), settings);
        self.remember(tables);
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
            provenance: format!("{address}:{provenance}"),
        };
        Ok((written, usage))
    }

    /// Whether no stack has written this asset yet. Each dataset has the same script, and the path of an asset contains
    /// the digest of its content.
    fn is_first(&self, path: &str) -> bool {
        let mut assets = self.assets.lock().unwrap_or_else(PoisonError::into_inner);
        !assets.contains(path) && assets.insert(path.to_owned())
    }

    /// Adds what the tables lack.
    fn remember(&self, tables: Grants) {
        let Grants { version: _, action_sets, principals, settings, handouts: _, grants: _ } =
            tables;
        let mut all = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        for (digest, actions) in action_sets {
            all.action_sets.entry(digest).or_insert(actions);
        }
        for (name, arn) in principals {
            // The order of the threads decides nothing, even if a name had two ARNs.
            let known = all.principals.entry(name).or_default();
            if *known < arn {
                *known = arn;
            }
        }
        all.settings.extend(settings);
    }
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
    writer: Writer<'_>,
) -> Result<Summary, Error> {
    let Writer { staging, tables, assets: _, sources: _ } = writer;
    let mut tables = tables.into_inner().unwrap_or_else(PoisonError::into_inner);
    let connected = written.iter_mut().map(|one| (&mut one.entry, &one.mentions));
    connect(&mut connected.collect::<Vec<_>>()).map_err(Error::Circle)?;
    for one in &mut written {
        // They are not needed any more, and the files take memory.
        one.mentions = Mentions::default();
        if let Some(digest) = tables.settings.get_mut(&one.address().to_string()) {
            *digest = settings::in_order(digest, &one.entry);
        }
    }
    for Handout { path, task, json } in handouts {
        staging.write(path, json.as_bytes())?;
        tables.handouts.insert(path.clone(), handout_digest(task, json.as_bytes()));
    }
    let grants: Vec<String> =
        written.iter_mut().map(|one| std::mem::take(&mut one.grants)).collect();
    let (grants, others) = rayon::join(
        || write_grants(&staging, &tables, grants),
        || write_others(&staging, mesh, handouts, written),
    );
    grants?;
    let (files, summary) = others?;
    staging.commit(&files)?;
    Ok(summary)
}

/// Writes `grants.json`.
fn write_grants(staging: &Staging, tables: &Grants, grants: Vec<String>) -> Result<(), WriteError> {
    let version = assembly::VERSION;
    let mut file = staging.file("grants.json")?;
    file.put(&format!("{{\"version\":{version},\"action_sets\":{{"))?;
    let mut file = table(&tables.action_sets, file, "},\n\"principals\":{")?;
    file = table(&tables.principals, file, "},\n\"settings\":{")?;
    file = table(&tables.settings, file, "},\n\"handouts\":{")?;
    file = table(&tables.handouts, file, "},\n\"grants\":{")?;
    let mut lines = Lines::of(file);
    for grants in grants {
        lines.put(&grants)?;
    }
    lines.end("}}\n")?.close()
}

/// Writes a line for each entry of a map, and then `tail`.
fn table(
    map: &BTreeMap<String, impl serde::Serialize>,
    file: Output,
    tail: &str,
) -> Result<Output, WriteError> {
    let mut lines = Lines::of(file);
    for (key, value) in map {
        lines.put(&format!("{}:{}", to_json(key)?, to_json(value)?))?;
    }
    lines.end(tail)
}

/// Writes all files but `grants.json`, stack by stack. Returns the paths of all files of the assembly.
fn write_others(
    staging: &Staging,
    mesh: &Mesh,
    handouts: &[Handout],
    written: Vec<Written>,
) -> Result<(BTreeSet<String>, Summary), WriteError> {
    let version = assembly::VERSION;
    let begin = |name: &str, head: &str| -> Result<Lines, WriteError> {
        let mut file = staging.file(name)?;
        file.put(head)?;
        Ok(Lines::of(file))
    };
    let tenant = to_json(&mesh.tenant.header.id.as_str())?;
    let entries: Vec<Value> = handouts
        .iter()
        .map(|handout| json!({ "path": handout.path, "task": handout.task }))
        .collect();
    let entries = to_json(&entries)?;
    let head =
        format!("{{\"version\":{version},\"mesh\":{tenant},\"handouts\":{entries},\"stacks\":[");
    let mut stacks = begin("assembly.json", &head)?;
    let head = format!("{{\"version\":\"{}\",\"artifacts\":{{", assembly::CDK_VERSION);
    let mut artifacts = begin("manifest.json", &head)?;
    let head = format!("{{\"version\":{version},\"stacks\":{{");
    let mut provenance = begin("provenance.json", &head)?;
    let mut summary = Summary { stacks: written.len(), accounts: 0, bytes: 0 };
    let mut places = BTreeSet::new();
    let mut files: BTreeSet<String> = FIXED.map(str::to_owned).into();
    files.extend(handouts.iter().map(|handout| handout.path.clone()));
    for one in written {
        let (id, artifact) = CdkArtifact::of(&one.entry);
        artifacts.put(&format!("{}:{}", to_json(&id)?, to_json(&artifact)?))?;
        if let Some((id, artifact)) = CdkFiles::of(&one.entry) {
            artifacts.put(&format!("{}:{}", to_json(&id)?, to_json(&artifact)?))?;
            let path = StackEntry::asset_manifest_path(&one.entry.address());
            staging.write(&path, to_json(&CdkFileManifest::of(&one.entry))?.as_bytes())?;
            files.insert(path);
        }
        stacks.put(&to_json(&one.entry)?)?;
        provenance.put(&one.provenance)?;
        summary.bytes += one.entry.bytes;
        places.insert((one.entry.account, one.entry.region));
        files.insert(one.entry.template);
        files.extend(one.entry.assets.into_iter().map(|asset| asset.path));
    }
    stacks.end("]}\n")?.close()?;
    artifacts.end("}}\n")?.close()?;
    provenance.end("}}\n")?.close()?;
    // The accounts and regions, as the updater of the platform takes them. Other keys would use up the room of its state
    // machine: 256 KiB.
    let mut lines = begin("places.json", "[")?;
    for (account, region) in &places {
        lines.put(&to_json(&json!({ "account": account, "region": region }))?)?;
    }
    lines.end("]\n")?.close()?;
    summary.accounts = places.iter().map(|(account, _)| account).collect::<BTreeSet<_>>().len();
    Ok((files, summary))
}

/// Entries of a list or map in a file, each on a line of its own: compact, and a changed entry changes one line.
#[derive(Debug)]
struct Lines {
    file: Output,
    is_empty: bool,
}

impl Lines {
    fn of(file: Output) -> Self {
        Self { file, is_empty: true }
    }

    fn put(&mut self, line: &str) -> Result<(), WriteError> {
        self.file.put(if self.is_empty { "\n" } else { ",\n" })?;
        self.is_empty = false;
        self.file.put(line)
    }

    /// Ends the list or map, and returns the file.
    fn end(mut self, tail: &str) -> Result<Output, WriteError> {
        self.file.put("\n")?;
        self.file.put(tail)?;
        Ok(self.file)
    }
}
