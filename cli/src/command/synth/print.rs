//! One stack's template on standard output.

use lakewright_manifest::{Report, SourceFile};
use lakewright_stacks::Plan;
use lakewright_template::write::{template_to_json, template_to_yaml};

use super::TemplateFormat;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Prints the template of the stack with this name or address.
pub(super) fn run(
    plan: &Plan<'_>,
    name: &str,
    format: TemplateFormat,
    mut report: Report,
    sources: &[SourceFile],
    ui: &mut Ui,
) -> Result<Exit, Failure> {
    let found: Vec<_> = plan
        .stacks
        .iter()
        .filter(|stack| stack.name() == name || stack.address() == name)
        .collect();
    let stack = match found.as_slice() {
        [stack] => stack,
        [] => {
            let names: Vec<&str> =
                plan.stacks.iter().map(lakewright_stacks::StackPlan::name).take(20).collect();
            return Err(Failure::usage(format!(
                "there is no stack `{name}`; the first are {}",
                names.join(", ")
            )));
        }
        several => {
            let addresses: Vec<String> = several.iter().map(|stack| stack.address()).collect();
            return Err(Failure::usage(format!(
                "`{name}` is in several places: {}",
                addresses.join(", ")
            )));
        }
    };
    match stack.synthesize() {
        Ok(synthesized) => {
            let text = match format {
                TemplateFormat::Yaml => template_to_yaml(&synthesized.template),
                TemplateFormat::Json => template_to_json(&synthesized.template),
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
