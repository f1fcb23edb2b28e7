//! What `synth` wrote, for programs.

use lakewright_analysis::assembly::files::Summary;
use lakewright_manifest::{Report, SourceFile, render};
use serde_json::{Value, json};

/// The size of an assembly, with errors and warnings.
pub(crate) fn to_json(summary: &Summary, report: &Report, sources: &[SourceFile]) -> Value {
    let Summary { stacks, accounts, bytes } = summary;
    json!({
        "version": 1,
        "stacks": stacks,
        "accounts": accounts,
        "template_bytes": bytes,
        "diagnostics": render::json(report, sources)["diagnostics"],
    })
}
