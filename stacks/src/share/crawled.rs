//! Shared tables that no template creates: they exist only after a crawler has run.

use lakewright_manifest::{Code, Diagnostic, Report};

use super::LiveShare;

/// Reports each of these tables, by share.
///
/// Lake Formation grants permissions only on tables in the catalog, so a stack that is deployed before the crawler
/// has run fails. Imported databases already have their tables.
pub(crate) fn not_there_yet(shares: &[LiveShare<'_>]) -> Report {
    let mut report = Report::new();
    for live in shares {
        let dataset = live.dataset;
        let import = dataset.import.as_ref();
        if import.is_some_and(|import| import.glue_database.is_some()) {
            continue;
        }
        for shared in live.tables() {
            let name = &shared.name;
            let Some(table) = dataset.tables.get(name).filter(|table| table.columns.is_empty())
            else {
                continue;
            };
            let message = format!(
                "{} gives table `{name}` of dataset `{}`, which only its crawler will find",
                live.called(),
                dataset.header.id
            );
            let diagnostic = Diagnostic::new(Code::CrawledTableShare, message)
                .at(live.share.header.origin, live.here())
                .and(table.origin, "the table, without columns")
                .help("the deployment fails while Lake Formation knows no such table: declare its `columns`, or deploy without the share, run the crawler, and then have the share approved");
            report.push(diagnostic);
        }
    }
    report
}
