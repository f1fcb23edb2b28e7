//! Writes a review in the format that the user wants.

use lakewright_analysis::graph::{Access, Kept, kept_access};
use lakewright_analysis::matrix::{Wanted, rows};
use lakewright_analysis::review::Reviewed;
use lakewright_analysis::subject::Subject;

use super::names::Names;
use super::{Shown, cdk, html, json, markdown, sarif, terminal};
use crate::arguments::Format;
use crate::exit::Failure;
use crate::ui::Ui;
use crate::width::width;

/// The largest number of resources for which the access that stays is computed: of more, no picture can be read.
const MOST: usize = 2_000;

/// The access that stays, of the principals whose access differs. `None` for too many resources.
fn staying(reviewed: &Reviewed) -> Option<Vec<Access>> {
    let is_small = |subject: &&Subject| subject.world.resources().len() <= MOST;
    let subject = reviewed.after.as_ref().filter(is_small)?;
    let wanted = Wanted { principal: None, resource: None, all: false };
    let rows = rows(wanted, subject);
    Some(kept_access(reviewed, Kept { rows: &rows, subject }))
}

/// Shows a review in the format that the user wants.
pub(crate) fn show_review(
    reviewed: &Reviewed,
    [before, after]: [&str; 2],
    ui: &mut Ui,
) -> Result<(), Failure> {
    let names = Names(reviewed);
    let shown = Shown { review: &reviewed.review, before, after, named: &names };
    let text = match ui.format() {
        Format::Json => json::text(&shown),
        Format::Html => html::page(&shown, staying(reviewed).as_deref())?,
        Format::Markdown => markdown::text(&shown),
        Format::Sarif => sarif::text(&shown),
        Format::CdkReport => cdk::text(&shown),
        // `Arguments::check` refuses the formats of other commands.
        Format::Human | Format::Csv => terminal::text(&shown, ui.data_style(), width()),
    };
    ui.data(&text);
    Ok(())
}
