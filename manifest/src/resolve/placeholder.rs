//! Values of `lakewright init` and of the examples that users must replace.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Origin};
use crate::mesh::Mesh;
use crate::{Code, Report};

/// The external id that `lakewright init` writes. It is public, so it excludes nobody.
pub const EXTERNAL_ID: &str = "change-me-to-something-long";
/// The central account that `lakewright init` writes when none is named.
pub const CENTRAL_ACCOUNT: &str = "111111111111";
/// The account of the first environment that `lakewright init` writes when none is named.
pub const ACCOUNT: &str = "222222222222";

/// The values of a mesh that are still those of an example: the external id that `lakewright init` writes, and the
/// account numbers of the samples, which one finding reports with all their positions.
pub fn placeholders(mesh: &Mesh) -> Report {
    let mut report = Report::new();
    let tenant = &mesh.tenant;
    let (id, id_at) = (tenant.pivot_role.external_id.as_str(), tenant.pivot_role.external_id_at);
    if id == EXTERNAL_ID {
        let message = format!("the external id `{id}` is the one that `lakewright init` writes");
        let diagnostic = Diagnostic::new(Code::LeftAsWritten, message)
            .at(id_at, "everybody knows it")
            .help("put in your own; `lakewright deploy` refuses the mesh until then");
        report.push(diagnostic);
    }
    let central = (tenant.central_account.as_str(), tenant.central_account_at);
    let central = (central.0 == CENTRAL_ACCOUNT).then_some(central);
    let accounts = mesh.environments.values();
    let accounts =
        accounts.map(|environment| (environment.account.as_str(), environment.account_at));
    let samples: Vec<(&str, Origin)> =
        central.into_iter().chain(accounts.filter(|(account, _)| *account == ACCOUNT)).collect();
    if let [(_, first), others @ ..] = samples.as_slice() {
        let numbers: BTreeSet<String> =
            samples.iter().map(|(account, _)| format!("`{account}`")).collect();
        let numbers: Vec<String> = numbers.into_iter().collect();
        let message = match numbers.as_slice() {
            [one] => format!("{one} is an account number of the examples"),
            several => format!("{} are account numbers of the examples", several.join(" and ")),
        };
        let mut diagnostic = Diagnostic::new(Code::LeftAsWritten, message)
            .at(*first, "for you to replace")
            .help("put in your own; `lakewright deploy` refuses the mesh until then");
        for (_, other) in others {
            diagnostic = diagnostic.and(*other, "and here");
        }
        report.push(diagnostic);
    }
    report.sorted()
}
