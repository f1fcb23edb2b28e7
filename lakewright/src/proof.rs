//! The proof of a mesh: its templates grant exactly the access that it asks for.

use std::fmt;

use lakewright_analysis::progress::Unwatched;
use lakewright_analysis::proving;
use lakewright_analysis::subject::imported::perhaps_open;
use lakewright_analysis::subject::{Keep, OfMesh, Subject};
use lakewright_analysis::words::count;
use lakewright_guardrails::Breach;
use lakewright_manifest::build::{Built, Refused};
use lakewright_manifest::{Date, Report};

pub use lakewright_access::document::Origin;
pub use lakewright_proof::prove::{Difference, DifferenceKind};

/// What a proof found. As text it says whether the mesh is proven, and each difference.
#[must_use = "only a proof without differences says that the mesh is proven"]
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Proof {
    /// The id of the tenant.
    pub mesh: String,
    /// How many stacks the mesh has.
    pub stacks: usize,
    /// How many requests were decided.
    pub requests: usize,
    /// Every difference between what the templates grant and what the mesh asks for.
    pub differences: Vec<Difference>,
    /// What no template says, and what the proof therefore takes for granted.
    pub taken_for_granted: Vec<String>,
    /// What the author of the mesh should look at in its stacks.
    pub warnings: Report,
}

/// Why nothing can be proven.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// A stack of the mesh cannot be synthesized.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The templates together break guardrails.
    #[error("{}", crate::guardrails::lines(.0))]
    Breaches(Vec<Breach>),
    /// A defect of Lakewright.
    #[error(transparent)]
    Defect(#[from] Defect),
}

/// A defect of Lakewright.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Defect(Box<lakewright_analysis::Error>);

/// Proves a mesh on a day, in as many threads as there are cores; without a day, no share has expired.
///
/// # Errors
///
/// The mesh has a stack that cannot be synthesized, or its templates together break guardrails. A mesh whose templates
/// grant other access than it asks for is no error, but a [`Proof`] with differences.
pub fn prove(built: &Built, day: Option<&Date>) -> Result<Proof, ProofError> {
    let sources = built.sources.clone();
    let found = Subject::of_plan(&built.mesh, day, Keep::Checked, sources, &Unwatched);
    let OfMesh { subject, report, breaches, sources: _ } =
        found.map_err(|error| Defect(Box::new(error)))?;
    let Some(subject) = subject else {
        let is_of_stacks = breaches.is_empty();
        return Err(if is_of_stacks {
            built.refuse(report).into()
        } else {
            ProofError::Breaches(breaches)
        });
    };
    let findings = proving::prove(&subject);
    Ok(Proof {
        stacks: subject.stacks.len(),
        requests: findings.requests,
        differences: findings.differences,
        taken_for_granted: taken_for_granted(&subject),
        warnings: report,
        mesh: subject.mesh,
    })
}

/// Lake Formation's permissions of `IAMAllowedPrincipals` are not in templates. `lakewright deploy` revokes them where
/// the mesh's own databases are; the owner of an imported database looks after them there.
fn taken_for_granted(subject: &Subject) -> Vec<String> {
    const NO_PERMISSION: &str = "`IAMAllowedPrincipals` has no permission on";
    let places = subject.world.lake().taken_as_closed();
    let of_mesh = places.into_iter().map(|(account, region)| {
        format!("{NO_PERMISSION} databases and tables of the mesh in {account}/{region}")
    });
    let of_before = perhaps_open(&subject.imported, &subject.world);
    let of_before = of_before.into_iter().map(|database| {
        format!("{NO_PERMISSION} {database}, which is imported, and the tables that were in it")
    });
    of_mesh.chain(of_before).collect()
}

impl Proof {
    /// Whether the templates grant exactly the access that the mesh asks for.
    pub fn is_proven(&self) -> bool {
        self.differences.is_empty()
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mesh, stacks, requests, differences, taken_for_granted, warnings: _ } = self;
        let (number, requests) = (count(*stacks, "stack"), count(*requests, "request"));
        if differences.is_empty() {
            let grant = if *stacks == 1 { "grants" } else { "grant" };
            write!(
                formatter,
                "{mesh} is proven: {number} {grant} exactly the access that was asked for, checked by {requests}"
            )?;
        } else {
            let found = count(differences.len(), "difference");
            write!(formatter, "{mesh} is not proven: {found} in {number}, found by {requests}")?;
        }
        for difference in differences {
            write!(formatter, "\n{}", line(difference))?;
        }
        for sentence in taken_for_granted {
            write!(formatter, "\ntaken for granted: {sentence}")?;
        }
        Ok(())
    }
}

/// A difference in a line.
fn line(difference: &Difference) -> String {
    let Difference { kind, principal, action, resource, reason, stack, .. } = difference;
    let kind = match kind {
        DifferenceKind::Missing => "missing",
        DifferenceKind::More => "too much",
        DifferenceKind::Gained => "gained",
        DifferenceKind::Path => "path",
    };
    format!("{kind}: {principal} {action} {resource} because {reason} ({stack})")
}
