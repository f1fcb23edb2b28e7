//! The stacks of a mesh, and the one that a user names.

use lakewright_analysis::decision::nearest;
use lakewright_analysis::folder::{Folder, Somewhere, Unread};
use lakewright_analysis::synthesis::{Found, synthesize_all};
use lakewright_stacks::Plan;
use lakewright_template::Template;

use super::GraphArgs;
use crate::exit::Failure;
use crate::ui::Ui;

/// The stacks of one name or address, and the names of all stacks.
pub(super) struct Called {
    /// The address and the template of each.
    pub(super) stacks: Vec<(String, Template)>,
    names: Vec<String>,
}

impl Called {
    /// Reads the templates. `None` if the mesh has errors, which are shown.
    pub(super) fn read(
        name: &str,
        arguments: &GraphArgs,
        ui: &mut Ui,
    ) -> Result<Option<Self>, Failure> {
        let mut called = Self { stacks: Vec::new(), names: Vec::new() };
        if let Some(folder) = &arguments.assembly {
            let folder = Folder::read(folder, &Somewhere::default())?;
            for line in Unread::lines(&folder.unread) {
                ui.note(&line);
            }
            for one in folder.templates {
                let own = one.name.unwrap_or_else(|| one.address.clone());
                called.add(name, own, one.address, &one.template);
            }
            return Ok(Some(called));
        }
        let Some((_, found)) = synthesized(arguments, ui)? else { return Ok(None) };
        for one in found {
            let address = one.stack.entry.address().to_string();
            called.add(name, one.stack.entry.name, address, &one.stack.lowered.template);
        }
        Ok(Some(called))
    }

    fn add(&mut self, name: &str, own: String, address: String, template: &Template) {
        if own == name || address == name {
            self.stacks.push((address, template.clone()));
        }
        self.names.push(own);
    }

    /// The address and the template of the stack, if there is exactly one.
    pub(super) fn one(mut self, name: &str) -> Result<(String, Template), Failure> {
        if self.stacks.len() > 1 {
            let several: Vec<String> =
                self.stacks.into_iter().map(|(address, _)| address).collect();
            let places = several.join(", ");
            return Err(Failure::usage(format!("`{name}` is in several places: {places}")));
        }
        self.stacks.pop().ok_or_else(|| {
            let like = nearest(name, self.names.iter().map(String::as_str));
            let hint = like.map_or_else(
                || "`lakewright ls` lists them".to_owned(),
                |like| format!("did you mean `{like}`?"),
            );
            Failure::usage(format!("there is no stack `{name}`; {hint}"))
        })
    }
}

/// The id of the mesh, and its stacks. `None` if the mesh has errors, which are shown.
pub(super) fn synthesized(
    arguments: &GraphArgs,
    ui: &mut Ui,
) -> Result<Option<(String, Vec<Found>)>, Failure> {
    let loaded = ui.load(&arguments.mesh)?;
    let Some(mesh) = loaded.mesh else {
        ui.report(&loaded.report, &loaded.sources);
        return Ok(None);
    };
    let plan = Plan::of(&mesh, arguments.day.as_of.as_ref());
    let (found, mut report) = synthesize_all(&plan)?;
    report.extend(plan.report);
    if report.has_errors() {
        ui.report(&report.sorted(), &loaded.sources);
        return Ok(None);
    }
    Ok(Some((mesh.tenant.header.id.to_string(), found)))
}
