//! From problems of synthesis to findings at manifest lines.

use lakewright_manifest::diagnostic::{FileId, Origin};
use lakewright_manifest::{Code, Diagnostic};
use lakewright_synth::{Cause, Problem, SynthError};

/// The cause that a place in the manifest is.
pub(crate) fn cause(origin: Origin) -> Cause {
    let Origin { file: FileId(file), span } = origin;
    Cause { file, span }
}

/// The finding for a problem.
pub(crate) fn diagnose(error: &SynthError) -> Diagnostic {
    let (code, help) = match &error.problem {
        Problem::Limit { .. } => (
            Code::LimitExceeded,
            "split what is asked for over more documents, or ask AWS to raise the quota and say so under the tenant's `quotas`",
        ),
        Problem::Packing { .. } => (
            Code::LimitExceeded,
            "give the team fewer imported datasets or permissions, or raise `managed_policies_per_role` under the tenant's `quotas`",
        ),
        Problem::Document { .. }
        | Problem::DuplicatePath(_)
        | Problem::ForeignReference { .. }
        | Problem::InjectedFunction { .. }
        | Problem::Schema(_)
        | Problem::Unplaceable { .. } => (
            Code::SchemaViolation,
            "this is a defect of Lakewright; please report it with this message",
        ),
    };
    let diagnostic = Diagnostic::new(code, error.to_string()).help(help);
    at_causes(diagnostic, error.causes.iter().copied())
}

/// The finding, at the first manifest nodes that lead to it.
pub(crate) fn at_causes(
    mut diagnostic: Diagnostic,
    causes: impl IntoIterator<Item = Cause>,
) -> Diagnostic {
    let mut places =
        causes.into_iter().map(|cause| Origin { file: FileId(cause.file), span: cause.span });
    if let Some(first) = places.next() {
        diagnostic = diagnostic.at(first, "asked for here");
    }
    places.take(3).fold(diagnostic, |diagnostic, place| diagnostic.and(place, "and here"))
}
