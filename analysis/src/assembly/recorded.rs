//! The intended access of a synthesized stack, with the manifest lines.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::diagnostic::{FileId, Origin};
use lakewright_manifest::{SourceFile, render};
use lakewright_synth::{Cause, Causes, Lowered, intended};
use lakewright_template::assembly::{Grants, IntendedGrant};

/// A stack's part of `grants.json` and `provenance.json`.
#[derive(Debug)]
pub struct Recorded {
    /// The intended access, sorted.
    pub grants: Vec<IntendedGrant>,
    /// The tables that the grants refer to.
    pub tables: Grants,
    /// The manifest lines of each part of the template; those of the whole stack have the key `*`.
    pub provenance: BTreeMap<String, Vec<String>>,
}

impl Recorded {
    /// Takes the records out of a stack, and keeps only the names of principals.
    pub fn names(stack: &mut Lowered) -> Self {
        let records = std::mem::take(&mut stack.records).into_iter();
        let mut names: Vec<_> =
            records.map(|(record, _)| (record.principal, record.principal_arn)).collect();
        names.sort_unstable();
        names.dedup();
        let tables = Grants { principals: names.into_iter().collect(), ..Grants::default() };
        Self { grants: Vec::new(), tables, provenance: BTreeMap::new() }
    }

    /// Takes the records and the provenance out of a stack.
    pub fn of(stack: &mut Lowered, sources: &[SourceFile]) -> Self {
        let because = |causes: &Causes| {
            if *causes == stack.causes { Vec::new() } else { places(causes, sources) }
        };
        let (grants, tables) = intended(std::mem::take(&mut stack.records), because);
        Self { grants, tables, provenance: provenance(stack, sources) }
    }
}

/// Takes the manifest lines of each part out of a stack; those of the whole stack have the key `*`.
pub fn provenance(stack: &mut Lowered, sources: &[SourceFile]) -> BTreeMap<String, Vec<String>> {
    let parts = std::mem::take(&mut stack.provenance).into_iter();
    let mut provenance: BTreeMap<String, Vec<String>> =
        parts.map(|(part, causes)| (part, places(&causes, sources))).collect();
    provenance.insert("*".to_owned(), places(&stack.causes, sources));
    provenance
}

/// Like [`provenance`], but with the most specific line first, for failures: a column is inside its table, and the
/// table inside its dataset.
pub fn closest_first(stack: &mut Lowered, sources: &[SourceFile]) -> BTreeMap<String, Vec<String>> {
    let parts = std::mem::take(&mut stack.provenance).into_iter();
    let whole = ("*".to_owned(), stack.causes.clone());
    let closest = |(part, causes): (String, Causes)| {
        let mut causes: Vec<&Cause> = causes.iter().collect();
        causes.sort_by_key(|cause| cause.span.end.saturating_sub(cause.span.start));
        (part, causes.into_iter().map(|cause| place(cause, sources)).collect())
    };
    parts.chain([whole]).map(closest).collect()
}

fn place(cause: &Cause, sources: &[SourceFile]) -> String {
    render::place(Origin { file: FileId(cause.file), span: cause.span }, sources)
}

fn places(causes: &BTreeSet<Cause>, sources: &[SourceFile]) -> Vec<String> {
    causes.iter().map(|cause| place(cause, sources)).collect()
}
