//! The findings of `check` in a mesh's stacks. Of each stack, only the data is kept that is checked together with other
//! stacks.

use lakewright_access::world::Piece;
use lakewright_guardrails::Breach;
use lakewright_manifest::{Mesh, Report};
use lakewright_stacks::{Mentions, Offer, Plan, Runway, StackPlan, Synthesized, order, runway};
use lakewright_template::StackAddress;

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
    address: StackAddress,
    depends_on: Vec<StackAddress>,
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
            let all = kept.iter_mut();
            let all = all.map(|one| (&one.address, &mut one.depends_on, &one.mentions));
            order(all.collect()).map_err(Error::Circle)?;
        }
        let stacks = kept.len();
        // The guardrails on all stacks together take the most memory, so what only the order needed is dropped before.
        let whole: Vec<Synthesized> = kept.into_iter().filter_map(|one| one.whole).collect();
        let breaches = guardrails::of_pieces(pieces);
        let runways = if asks_for_runway {
            runway(mesh, &whole.iter().collect::<Vec<_>>())
        } else {
            Vec::new()
        };
        Ok(Self { stacks, breaches, runways, findings })
    }
}

fn looked_at(stack: &StackPlan<'_>, keeps_all: bool) -> Kept<(Piece, Looked)> {
    // Only how much more fits depends on the text of templates, which takes time to write and digest.
    let whole = keeps_all.then(|| stack.synthesize()).transpose().map_err(Unmade::Findings)?;
    let checked;
    let template = if let Some(whole) = &whole {
        &whole.lowered.template
    } else {
        checked = stack.checked().map_err(Unmade::Findings)?;
        &checked.template
    };
    let address = stack.address();
    let piece = guardrails::piece_of(&address, template).map_err(Unmade::Error)?;
    let depends_on = stack.depends_on().cloned().collect();
    let (mentions, usage) = (stack.mentions(template), stack.usage_of(template));
    Ok(((piece, Looked { address, depends_on, mentions, whole }), usage))
}
