//! What `check` finds in the stacks of a mesh. Of each stack is kept only what is looked at beside that of the others.

use lakewright_access::world::Piece;
use lakewright_guardrails::Breach;
use lakewright_manifest::{Mesh, Report};
use lakewright_stacks::{Mentions, Offer, Plan, Runway, StackPlan, Synthesized, connect, runway};
use lakewright_template::assembly::StackEntry;

use crate::error::Error;
use crate::guardrails;
use crate::progress::Watch;
use crate::synthesis::{Kept, Unmade, each};

/// What was found.
#[derive(Debug, Default)]
pub struct Checked {
    /// How many stacks there are.
    pub stacks: usize,
    /// What guardrails find in the stacks together.
    pub breaches: Vec<Breach>,
    /// How much more fits, where that was asked for.
    pub runways: Vec<Runway>,
    /// What is wrong with single stacks.
    pub findings: Report,
}

/// What is kept of a stack beside what it says about access.
struct Looked {
    entry: StackEntry,
    mentions: Mentions,
    /// All of it, where it is said how much more fits.
    whole: Option<Synthesized>,
}

impl Checked {
    /// Makes and checks every stack of a plan.
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
