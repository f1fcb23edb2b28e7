//! The findings of `check` in a mesh's stacks. Of each stack, only the data is kept that is checked together with other
//! stacks.

use lakewright_access::world::Piece;
use lakewright_guardrails::Breach;
use lakewright_manifest::{Mesh, Report};
use lakewright_stacks::{Mentions, Offer, Plan, Runway, StackPlan, Synthesized, connect, runway};
use lakewright_template::assembly::StackEntry;

use crate::error::Error;
use crate::guardrails;
use crate::progress::Watch;
use crate::synthesis::{Kept, Unmade, each};

/// The result of checking all stacks.
#[derive(Debug, Default)]
pub struct Checked {
    /// The number of stacks.
    pub stacks: usize,
    /// What guardrails find in several stacks together.
    pub breaches: Vec<Breach>,
    /// How many more documents fit; empty unless asked for.
    pub runways: Vec<Runway>,
    /// The findings of single stacks.
    pub findings: Report,
}

/// The data kept of a stack, besides its facts about access.
struct Looked {
    entry: StackEntry,
    mentions: Mentions,
    /// The whole stack, needed to compute how much more fits.
    whole: Option<Synthesized>,
}

impl Checked {
    /// Synthesizes and checks every stack of a plan. Findings are part of the result.
    ///
    /// # Errors
    ///
    /// The stacks depend on each other in a circle, or a template just synthesized cannot be read: defects of
    /// Lakewright.
    pub fn of(
        plan: &Plan<'_>,
        mesh: &Mesh,
        asks_for_runway: bool,
        watch: &dyn Watch,
    ) -> Result<Self, Error> {
        let build = |stack: &StackPlan<'_>| looked_at(stack, asks_for_runway);
        let (found, findings) = each(plan, Offer::Environments, watch, build)?;
        let (pieces, mut kept): (Vec<Piece>, Vec<Looked>) = found.into_iter().unzip();
        if !findings.has_errors() {
            let all = kept.iter_mut().map(|one| (&mut one.entry, &one.mentions));
            connect(&mut all.collect::<Vec<_>>()).map_err(Error::Circle)?;
        }
        let whole: Vec<&Synthesized> = kept.iter().filter_map(|one| one.whole.as_ref()).collect();
        Ok(Self {
            stacks: kept.len(),
            breaches: guardrails::of_pieces(pieces),
            runways: if asks_for_runway { runway(mesh, &whole) } else { Vec::new() },
            findings,
        })
    }
}

fn looked_at(stack: &StackPlan<'_>, keeps_all: bool) -> Kept<(Piece, Looked)> {
    let made = stack.synthesize().map_err(Unmade::Findings)?;
    let usage = made.usage();
    let piece = guardrails::piece_of(&made).map_err(Unmade::Error)?;
    let (entry, mentions) = (made.entry.clone(), made.mentions.clone());
    let looked = Looked { entry, mentions, whole: keeps_all.then_some(made) };
    Ok(((piece, looked), usage))
}
