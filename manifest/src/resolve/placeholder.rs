//! What `lakewright init` writes for others to replace.

use crate::diagnostic::{Diagnostic, Origin};
use crate::mesh::Mesh;
use crate::{Code, Report};

/// The external id that `lakewright init` writes. Everybody knows it, so it keeps nobody out.
pub const EXTERNAL_ID: &str = "change-me-to-something-long";
/// The central account that `lakewright init` writes when none is named.
pub const CENTRAL_ACCOUNT: &str = "111111111111";
/// The account of the first environment that `lakewright init` writes when none is named.
pub const ACCOUNT: &str = "222222222222";

/// What of a mesh is still as `lakewright init` wrote it.
pub fn placeholders(mesh: &Mesh) -> Report {
    let mut report = Report::new();
    let mut left = |is_left: bool, what: &str, value: &str, origin: Origin| {
        if is_left {
            let message = format!("{what} `{value}` is as `lakewright init` wrote it");
            let diagnostic = Diagnostic::new(Code::LeftAsWritten, message)
                .at(origin, "for you to replace")
                .help("put in your own; `lakewright deploy` refuses the mesh until then");
            report.push(diagnostic);
        }
    };
    let tenant = &mesh.tenant;
    let (id, id_at) = (tenant.pivot_role.external_id.as_str(), tenant.pivot_role.external_id_at);
    left(id == EXTERNAL_ID, "the external id", id, id_at);
    let central = tenant.central_account.as_str();
    left(central == CENTRAL_ACCOUNT, "the central account", central, tenant.central_account_at);
    for environment in mesh.environments.values() {
        let account = environment.account.as_str();
        left(account == ACCOUNT, "the account", account, environment.account_at);
    }
    report.sorted()
}
