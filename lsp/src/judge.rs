//! Resolves a whole mesh beside the conversation with the editor, so that a keystroke never waits for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use lakewright_manifest::parse::{Documents, Parsed};
use lakewright_manifest::resolve::resolve;
use lakewright_manifest::{Date, Report};
use lakewright_stacks::Plan;

use crate::readers::{Reader, readers};

/// The files of a mesh at one moment.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The mesh.
    pub(crate) mesh: usize,
    /// How many changes there were before.
    pub(crate) version: u64,
    /// What was parsed of each file.
    pub(crate) parsed: Vec<Arc<Parsed>>,
}

/// What there is to say about a mesh.
#[derive(Debug)]
pub(crate) struct Judged {
    /// The mesh.
    pub(crate) mesh: usize,
    /// The version that was asked about.
    pub(crate) version: u64,
    /// All findings.
    pub(crate) report: Report,
    /// Who reads each dataset; `None` if the mesh has errors.
    pub(crate) readers: Option<BTreeMap<String, Vec<Reader>>>,
}

/// Answers until nobody asks any more. Of several questions about one mesh, only the last one is answered.
pub(crate) fn run(asked: &Receiver<Asked>, judged: &Sender<Judged>, as_of: Option<&Date>) {
    while let Ok(first) = asked.recv() {
        let mut latest = BTreeMap::from([(first.mesh, first)]);
        for later in asked.try_iter() {
            latest.insert(later.mesh, later);
        }
        for (_, one) in latest {
            if judged.send(judge(one, as_of)).is_err() {
                return;
            }
        }
    }
}

fn judge(asked: Asked, as_of: Option<&Date>) -> Judged {
    let Asked { mesh, version, parsed } = asked;
    let mut report = Report::new();
    let mut documents = Vec::with_capacity(parsed.len());
    for one in parsed {
        // The editor's side keeps what it parsed, as most files stay the same.
        report.extend(one.report.clone());
        documents.push(one.documents.clone());
    }
    let (resolved, report) = resolve(&Documents::of_files(documents), report);
    let Some(resolved) = resolved else { return Judged { mesh, version, report, readers: None } };
    let mut report = report;
    report.extend(Plan::of(&resolved, as_of).report);
    Judged { mesh, version, report: report.sorted(), readers: Some(readers(&resolved, as_of)) }
}
