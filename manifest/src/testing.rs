//! What tests of this crate have in common. `testing/tenant.yaml` is a tenant, to put before other documents.

use crate::diagnostic::FileId;
use crate::parse::parse;
use crate::resolve::resolve;
use crate::{Mesh, Report, SourceFile};

/// The mesh of a text, and its findings.
pub(crate) fn resolved(text: String) -> (Option<Mesh>, Report) {
    let parsed = parse(FileId(0), &SourceFile { path: "mesh.yaml".to_owned(), text });
    resolve(&parsed.documents, parsed.report)
}
