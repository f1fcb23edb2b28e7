//! The access governance of a mesh, as `authorize` and `policies` read it.

use std::path::Path;

use lakewright_governance::{Governance, Problem};
use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::{Code, Diagnostic, Report, SourceFile};

use crate::arguments::day::Day;
use crate::exit::Failure;
use crate::ui::Ui;

/// A mesh's access governance with the files that it comes from.
pub(crate) struct Governed {
    pub(crate) governance: Governance,
    sources: Vec<SourceFile>,
}

impl Governed {
    /// Reads a mesh. `None` if it has errors, which are printed.
    pub(crate) fn read(path: &Path, day: &Day, ui: &mut Ui) -> Result<Option<Self>, Failure> {
        let loaded = ui.load(path)?;
        let Some(mesh) = loaded.mesh else {
            ui.report(&loaded.report, &loaded.sources);
            return Ok(None);
        };
        match Governance::of(&mesh, day.as_of.as_ref()) {
            Ok(governance) => Ok(Some(Self { governance, sources: loaded.sources })),
            Err(problems) => {
                ui.report(&reported(&problems), &loaded.sources);
                Ok(None)
            }
        }
    }

    /// A position as `file:line`.
    pub(crate) fn line(&self, origin: Origin) -> String {
        let source = usize::try_from(origin.file.0).ok().and_then(|file| self.sources.get(file));
        let path = source.map_or("the mesh", |source| source.path.as_str());
        format!("{path}:{}", origin.span.line)
    }
}

/// Problems of access policies, as findings at their lines.
pub(crate) fn reported(problems: &[Problem]) -> Report {
    let mut report = Report::new();
    problems.iter().map(diagnostic).for_each(|one| report.push(one));
    report.sorted()
}

fn diagnostic(problem: &Problem) -> Diagnostic {
    Diagnostic::new(Code::InvalidValue, problem.to_string()).at(problem.origin, "").help(
        "name privileges that are about the resources of the policy, or split a policy that is too large",
    )
}
