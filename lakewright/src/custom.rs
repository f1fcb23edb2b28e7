//! Stacks of your own: checked like those of a mesh.

use lakewright_access::world::PieceError;
use lakewright_guardrails::{Breach, emitted};
use lakewright_synth::{Finished, Stack, SynthError};
use lakewright_template::StackAddress;

/// Why a stack is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// The template is not valid, exceeds a limit, or does not fit the schemas of its resources.
    #[error("{}", lines(.0))]
    Problems(Vec<SynthError>),
    /// A policy breaks a guardrail.
    #[error("{}", crate::guardrails::lines(.0))]
    Breaches(Vec<Breach>),
    /// It is not known what a policy of the template allows.
    #[error(transparent)]
    Unknown(Box<PieceError>),
}

/// Finishes a stack: lowers its grants to policies, checks the template against schemas and limits, and checks the
/// policies by the guardrails.
pub fn finish(stack: Stack) -> Result<Finished, StackError> {
    let spec = stack.spec();
    let (place, address) =
        (spec.place.clone(), StackAddress::new(spec.place.clone(), spec.name.clone()));
    let finished = stack.finish().map_err(StackError::Problems)?;
    let breaches = emitted(&address.to_string(), &place, &finished.lowered.template)
        .map_err(|error| StackError::Unknown(Box::new(error)))?;
    if breaches.is_empty() { Ok(finished) } else { Err(StackError::Breaches(breaches)) }
}

fn lines(problems: &[SynthError]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
