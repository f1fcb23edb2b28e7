//! `lakewright access`: the access matrix.

use clap::Args;
use lakewright_analysis::matrix::{Row, Wanted, nothing_like, rows};
use lakewright_analysis::subject::Keep;
use lakewright_analysis::subject::foreign::in_no_row;
use lakewright_analysis::words::count;
use lakewright_portal::access_page;

use crate::arguments::Format;
use crate::arguments::subject::{Somewhere, SubjectArgs};
use crate::exit::{Exit, Failure};
use crate::show::{folder, matrix, table};
use crate::ui::Ui;
use crate::width::width;

/// Show who reaches what
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright access my-mesh                                data: buckets, keys, databases, tables
  lakewright access my-mesh --detail                       each bucket, key, folder and table
  lakewright access my-mesh --principal team/finance/Analysts
  lakewright access my-mesh --resource dataset/sales
  lakewright access my-mesh --all --format csv             every kind of resource
  lakewright access my-mesh --format html > access.html
  lakewright access --assembly cdk.out                     anybody's templates")]
pub(crate) struct AccessArgs {
    #[command(flatten)]
    subject: SubjectArgs,
    #[command(flatten)]
    somewhere: Somewhere,
    /// Only this principal: its name or ARN, or a part of it
    #[arg(long, value_name = "P")]
    principal: Option<String>,
    /// Only this resource: `dataset/ID`, or an ARN or a part of it
    #[arg(long, value_name = "R")]
    resource: Option<String>,
    /// Every kind of resource, not only data
    #[arg(long)]
    all: bool,
    /// Each resource in a line of its own, for people; other formats have them always
    #[arg(long)]
    detail: bool,
}

pub(crate) fn run(arguments: &AccessArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let resource = arguments.resource.as_deref();
    // Some parts of a dataset are named in grants only.
    let keep = if resource.is_none() { Keep::Names } else { Keep::Grants };
    let subject = arguments.subject.read_anybodys(keep, &arguments.somewhere, ui)?;
    let Some(subject) = subject.as_deref() else { return Ok(Exit::Usage) };
    folder::say_changes(subject, ui);
    // Tables and folders of a dataset are filtered by ARN.
    let resource = resource.map(|name| subject.part(name).unwrap_or_else(|| name.to_owned()));
    let wanted = Wanted {
        principal: arguments.principal.as_deref(),
        resource: resource.as_deref(),
        all: arguments.all,
    };
    // Never freed, because freeing a million rows takes long.
    let rows: &[Row<'_>] = rows(wanted, subject).leak();
    if rows.is_empty()
        && let Some(message) = nothing_like(wanted, subject)
    {
        return Err(Failure::usage(message));
    }
    if rows.is_empty() && ui.format() == Format::Human {
        ui.note("nobody can access any of these resources");
    }
    match ui.format() {
        Format::Json => ui.document(matrix::to_json(rows, subject)),
        Format::Csv => ui.data(&matrix::csv(rows)),
        Format::Html => {
            let page = access_page(rows, wanted, subject, &matrix::doubts(rows));
            ui.data(&page.map_err(|error| Failure::unexpected(error.to_string()))?);
        }
        Format::Human if arguments.detail => ui.pieces(&table::detail(rows, width())),
        // `Arguments::check` refuses the formats of other commands.
        Format::Human | Format::Markdown | Format::Sarif | Format::CdkReport => {
            ui.pieces(&table::summary(rows, width()));
        }
    }
    for doubt in matrix::doubts(rows) {
        ui.note(&doubt);
    }
    if subject.foreign.is_some() {
        for note in in_no_row(&subject.world) {
            ui.note(&note);
        }
    }
    let is_summary = ui.format() == Format::Human && !arguments.detail && !rows.is_empty();
    let hint = if is_summary { "; --detail shows each" } else { "" };
    let (number, stacks) = (count(rows.len(), "row"), count(subject.stacks.len(), "stack"));
    ui.note(&format!("{number} in {stacks}{hint}"));
    Ok(Exit::Done)
}
