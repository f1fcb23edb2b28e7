//! Converts problems of synthesis to findings at manifest lines.

use lakewright_manifest::diagnostic::{FileId, Origin};
use lakewright_manifest::{Code, Diagnostic};
use lakewright_policies::pack::PackError;
use lakewright_synth::{Cause, Problem, SynthError};
use lakewright_template::limits::{Limit, quota};

/// Converts a place in the manifest to a cause.
pub(crate) fn cause(origin: Origin) -> Cause {
    let Origin { file: FileId(file), span } = origin;
    Cause { file, span }
}

/// The finding for a problem.
pub(crate) fn diagnose(error: &SynthError) -> Diagnostic {
    let (code, help) = match &error.problem {
        Problem::Limit { quota, .. } => (Code::LimitExceeded, for_limit(quota)),
        Problem::Packing { error, .. } => (Code::LimitExceeded, for_packing(error)),
        Problem::PolicyCharacter { .. } => (
            Code::InvalidValue,
            "take a name without it: policies of IAM and KMS hold Latin letters and signs up to `ÿ` (U+00FF)".to_owned(),
        ),
        Problem::Document { .. }
        | Problem::DuplicatePath(_)
        | Problem::ForeignHandle { .. }
        | Problem::ForeignReference { .. }
        | Problem::Id(_)
        | Problem::InjectedFunction { .. }
        | Problem::Schema(_)
        | Problem::Unplaceable { .. } => (
            Code::SchemaViolation,
            "this is a defect of Lakewright; please report it with this message".to_owned(),
        ),
    };
    let diagnostic = Diagnostic::new(code, error.to_string()).help(help);
    at_causes(diagnostic, error.causes.iter().copied())
}

/// Whether a role's trust policy is too long.
pub(crate) fn is_trust_policy(error: &SynthError) -> bool {
    matches!(&error.problem, Problem::Limit { quota, .. } if **quota == quota::TRUST_POLICY_CHARACTERS)
}

/// The remedy for a limit that is exceeded.
fn for_limit(limit: &Limit) -> String {
    // The event bus policy names each account of the mesh.
    let remedy = if *limit == quota::EVENT_BUS_POLICY_CHARACTERS {
        "when all accounts of the mesh are in one organization of AWS, name it as the tenant's `organization_id`"
    } else if *limit == quota::TRUST_POLICY_CHARACTERS {
        // Splitting documents would not help: it adds roles to the same policy.
        "let fewer roles assume it"
    } else {
        "split what is asked for over more documents"
    };
    format!("{remedy}; {}", limit.raise())
}

/// The remedy for a role's policies that exceed their space.
fn for_packing(error: &PackError) -> String {
    let (fewer, quota) = match error {
        PackError::TooMany { .. } => (
            "give the role fewer imported datasets, shares or permissions",
            quota::MANAGED_POLICIES_PER_ROLE,
        ),
        PackError::TooLarge { .. } | PackError::Document(_) => {
            ("give the role less at once", quota::MANAGED_POLICY_CHARACTERS)
        }
    };
    format!("{fewer}; {}", quota.raise())
}

/// Places the finding at the first manifest nodes that caused it.
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
