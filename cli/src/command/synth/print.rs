//! One stack's template on standard output.

use lakewright_analysis::decision::nearest;
use lakewright_analysis::synthesis::synthesize_all;
use lakewright_manifest::{Report, SourceFile};
use lakewright_stacks::{Plan, StackPlan};
use lakewright_template::write::{template_to_json, template_to_yaml};

use super::TemplateFormat;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// The bootstrap stacks, whose policies depend on all other stacks.
fn bootstraps<'m>(plan: &Plan<'m>) -> Result<Vec<StackPlan<'m>>, Failure> {
    let (found, _) = synthesize_all(plan)?;
    let usage: Vec<_> = found.iter().take(plan.stacks.len()).map(|one| one.stack.usage()).collect();
    Ok(plan.bootstraps(Plan::usage(plan.stacks.iter().zip(&usage))))
}

/// Prints the template of the stack with this name or address.
pub(super) fn run(
    plan: &Plan<'_>,
    name: &str,
    format: Option<TemplateFormat>,
    mut report: Report,
    sources: &[SourceFile],
    ui: &mut Ui,
) -> Result<Exit, Failure> {
    let is_asked =
        |stack: &&StackPlan<'_>| stack.name() == name || stack.address().to_string() == name;
    let mut found: Vec<_> = plan.stacks.iter().filter(is_asked).collect();
    let bootstraps = if found.is_empty() { bootstraps(plan)? } else { Vec::new() };
    found.extend(bootstraps.iter().filter(is_asked));
    let stack = match found.as_slice() {
        [stack] => stack,
        [] => {
            let names = || plan.stacks.iter().chain(&bootstraps).map(StackPlan::name);
            let hint = match nearest(name, names()) {
                Some(like) => format!("did you mean `{like}`?"),
                None => {
                    format!("the first are {}", names().take(20).collect::<Vec<_>>().join(", "))
                }
            };
            return Err(Failure::usage(format!("there is no stack `{name}`; {hint}")));
        }
        several => {
            let addresses: Vec<String> =
                several.iter().map(|stack| stack.address().to_string()).collect();
            return Err(Failure::usage(format!(
                "`{name}` is in several places: {}",
                addresses.join(", ")
            )));
        }
    };
    match stack.synthesize() {
        Ok(synthesized) => {
            let default = if ui.is_json() { TemplateFormat::Json } else { TemplateFormat::Yaml };
            let text = match format.unwrap_or(default) {
                TemplateFormat::Yaml => template_to_yaml(&synthesized.lowered.template),
                TemplateFormat::Json => template_to_json(&synthesized.lowered.template),
            };
            ui.data(&text);
            Ok(Exit::Done)
        }
        Err(findings) => {
            report.extend(findings);
            ui.report(&report.sorted(), sources);
            Ok(Exit::No)
        }
    }
}
