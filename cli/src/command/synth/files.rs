//! The files of an assembly, stack by stack, so that no template stays in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use lakewright_manifest::diagnostic::{FileId, Origin};
use lakewright_manifest::render;
use lakewright_manifest::{Mesh, Report, SourceFile};
use lakewright_stacks::StackPlan;
use lakewright_synth::{Cause, Record};
use lakewright_template::assembly::{self, Assembly, IntendedGrant, StackEntry};
use serde_json::{Value, json};

use crate::assembly::{FIXED, Staging};
use crate::exit::Failure;
use crate::ui;

/// What is kept of a stack whose template has been written.
#[derive(Debug)]
pub(super) struct Written {
    entry: StackEntry,
    records: Vec<(Record, BTreeSet<Cause>)>,
    provenance: BTreeMap<String, BTreeSet<Cause>>,
}

/// Why a template has not been written.
#[derive(Debug)]
pub(super) enum Unwritten {
    /// The mesh asks for something that cannot be.
    Findings(Report),
    /// The file could not be written.
    Failure(Failure),
}

/// Synthesizes a stack and writes its template.
pub(super) fn template(stack: &StackPlan<'_>, staging: &Staging) -> Result<Written, Unwritten> {
    let synthesized = stack.synthesize().map_err(Unwritten::Findings)?;
    staging.write(&synthesized.entry.template, &synthesized.json).map_err(Unwritten::Failure)?;
    Ok(Written {
        entry: synthesized.entry,
        records: synthesized.records,
        provenance: synthesized.provenance,
    })
}

/// What was written.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) stacks: usize,
    pub(super) accounts: usize,
    bytes: usize,
}

impl Summary {
    pub(super) fn to_json(&self, report: &Report, sources: &[SourceFile]) -> Value {
        let Self { stacks, accounts, bytes } = self;
        json!({
            "version": 1,
            "stacks": stacks,
            "accounts": accounts,
            "template_bytes": bytes,
            "diagnostics": render::json(report, sources)["diagnostics"],
        })
    }
}

/// Writes the other files and puts everything in place.
pub(super) fn rest(
    mesh: &Mesh,
    written: Vec<Written>,
    sources: &[SourceFile],
    staging: Staging,
) -> Result<Summary, Failure> {
    let place = |cause: &Cause| {
        render::place(Origin { file: FileId(cause.file), span: cause.span }, sources)
    };
    let places = |causes: &BTreeSet<Cause>| causes.iter().map(place).collect::<Vec<String>>();
    let mut grants: Vec<IntendedGrant> = Vec::new();
    let mut provenance = lines_begin("stacks", '{');
    let mut stacks = Vec::with_capacity(written.len());
    for one in written {
        let Written { entry, records, provenance: causes } = one;
        grants.extend(records.into_iter().map(|(record, causes)| record.intended(places(&causes))));
        let causes: BTreeMap<&str, Vec<String>> =
            causes.iter().map(|(id, causes)| (id.as_str(), places(causes))).collect();
        line(&mut provenance, &format!("{}:{}", json!(entry.address()), json!(causes)));
        stacks.push(entry);
    }
    grants.sort();
    grants.dedup();
    let mut grant_lines = lines_begin("grants", '[');
    for grant in &grants {
        let text = serde_json::to_string(grant).map_err(|error| Failure::unexpected(error.to_string()))?;
        line(&mut grant_lines, &text);
    }
    let summary = Summary {
        stacks: stacks.len(),
        accounts: stacks.iter().map(|stack| &stack.account).collect::<BTreeSet<_>>().len(),
        bytes: stacks.iter().map(|stack| stack.bytes).sum(),
    };
    let assembly = Assembly { version: assembly::VERSION, mesh: mesh.tenant.header.id.to_string(), stacks };
    let text =
        serde_json::to_string_pretty(&assembly).map_err(|error| Failure::unexpected(error.to_string()))?;
    staging.write("assembly.json", &format!("{text}\n"))?;
    staging.write("grants.json", &lines_end(grant_lines, ']'))?;
    staging.write("provenance.json", &lines_end(provenance, '}'))?;
    staging.write("manifest.json", &format!("{:#}\n", assembly::cdk_manifest(&assembly)))?;
    let templates = assembly.stacks.into_iter().map(|stack| stack.template);
    staging.commit(&templates.chain(FIXED.map(str::to_owned)).collect())?;
    Ok(summary)
}

// One entry a line: small, and a change of one entry is a change of one line.

fn lines_begin(name: &str, bracket: char) -> String {
    format!("{{\"version\":{},\"{name}\":{bracket}", assembly::VERSION)
}

fn line(text: &mut String, entry: &str) {
    let separator = if text.ends_with(['[', '{']) { "" } else { "," };
    write!(text, "{separator}\n{entry}").expect("a string takes all");
}

fn lines_end(mut text: String, bracket: char) -> String {
    writeln!(text, "\n{bracket}}}").expect("a string takes all");
    text
}

/// How far synthesis has come.
#[derive(Debug)]
pub(super) struct Progress {
    done: AtomicUsize,
    all: usize,
    is_shown: bool,
}

impl Progress {
    pub(super) fn new(all: usize, is_shown: bool) -> Self {
        // Small meshes are done before anybody could read it.
        Self { done: AtomicUsize::new(0), all, is_shown: is_shown && all >= 500 }
    }

    pub(super) fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if self.is_shown && done.is_multiple_of(100) {
            ui::progress(&format!("synthesized {done} of {} stacks", self.all));
        }
    }

    pub(super) fn end(&self) {
        if self.is_shown {
            ui::progress("");
        }
    }
}
