//! Shares that have expired. The caller passes the date, because this crate uses no clock.

use crate::diagnostic::Diagnostic;
use crate::mesh::{Mesh, ShareStatus};
use crate::name::Date;
use crate::{Code, Report};

/// Reports the approved shares of a mesh that have expired on a date.
pub fn expired_shares(mesh: &Mesh, today: &Date) -> Report {
    let mut report = Report::new();
    let approved = mesh.shares.values().filter(|share| share.status == ShareStatus::Approved);
    for share in approved {
        let Some(last) = share.expires.as_ref().filter(|last| *last < today) else { continue };
        let message =
            format!("share `{}` is approved, and its last day {last} is over", share.header.id);
        let diagnostic = Diagnostic::new(Code::ShareExpired, message)
            .at(share.expires_at, format!("before {today}"))
            .help("name a later day, or remove the share, which takes its stacks away as well");
        report.push(diagnostic);
    }
    report.sorted()
}
