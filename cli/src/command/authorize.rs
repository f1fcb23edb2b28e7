//! `lakewright authorize`: one decision of access governance, with the policies that decided.

mod asking;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::arguments::day::Day;
use crate::arguments::governed::Governed;
use crate::arguments::request::Request;
use crate::exit::{Exit, Failure};
use crate::input;
use crate::show::authorization::{document, exit, to_text};
use crate::ui::{Ui, sorted};
use asking::Asking;

/// The bytes of answers that are written at once.
const PIECE: usize = 1 << 16;

/// Decide a request about the platform, metadata or data, with the policies that decide it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright authorize . --actor user:jo --privilege metadata.edit_tags --resource dataset/a
  lakewright authorize . --actor user:jo --privilege platform.view_tests --resource tenant/acme
  lakewright authorize my-mesh --batch requests.jsonl

The decision follows from the access policies and from what the other documents imply. `can` decides
requests to AWS. A batch has a JSON object on each line: {\"actor\": \"user:jo\", \"member_of\": [\"Sales\"],
\"roles\": [], \"privilege\", \"resource\"}.

Exit codes: 0 allowed, 4 denied, 5 unknown. For a batch: 2 if a line is not a request, else 4 if
one is denied, else 5 if one is unknown, else 0.")]
pub(crate) struct AuthorizeArgs {
    /// The mesh's folder, or a single file [default: the current folder]
    #[arg(default_value = ".", hide_default_value = true)]
    mesh: PathBuf,
    #[command(flatten)]
    request: Option<Request>,
    /// Answer the requests of a file, a JSON object on each line
    #[arg(long, value_name = "FILE", conflicts_with_all = ["actor", "privilege", "resource"])]
    batch: Option<PathBuf>,
    #[command(flatten)]
    day: Day,
}

pub(crate) fn run(arguments: &AuthorizeArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let governed = Governed::read(&arguments.mesh, &arguments.day, ui)?;
    let Some(governed) = governed else { return Ok(Exit::No) };
    let mut asking = Asking::new(&governed);
    if let Some(path) = &arguments.batch {
        return batch(path, &mut asking, ui);
    }
    let Some(request) = &arguments.request else {
        return Err(Failure::usage(
            "a request (--actor, --privilege, --resource) or --batch is missing",
        ));
    };
    let answer = asking.answer(request)?;
    if ui.is_json() {
        ui.document(json!(document(request, &answer)));
    } else {
        ui.prose(&to_text(request, &answer));
    }
    Ok(exit(answer.decision))
}

fn batch(path: &Path, asking: &mut Asking<'_>, ui: &mut Ui) -> Result<Exit, Failure> {
    let text = input::text(path)?;
    if text.trim().is_empty() {
        let message =
            format!("{} has no request; expected a JSON object on each line", path.display());
        return Err(Failure::usage(message));
    }
    let mut worst = Exit::Done;
    let mut answers = String::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let next = match answered(line, asking) {
            Ok((answer, next)) => {
                answers.push_str(&answer);
                next
            }
            // The other requests are answered nevertheless, each on a line.
            Err(failure) => {
                let message = format!("{}:{}: {}", path.display(), number + 1, failure.message);
                answers.push_str(&sorted(json!({ "version": 1, "error": message })).to_string());
                ui.error(&message);
                Exit::Usage
            }
        };
        answers.push('\n');
        if answers.len() > PIECE {
            ui.data(&answers);
            answers.clear();
        }
        worst = worse(worst, next);
    }
    ui.data(&answers);
    Ok(worst)
}

fn answered(line: &str, asking: &mut Asking<'_>) -> Result<(String, Exit), Failure> {
    let request: Request = serde_json::from_str(line).map_err(|error| {
        // The parser counts from the beginning of this line.
        Failure::usage(error.to_string().replace(" at line 1 column", ", column"))
    })?;
    let answer = asking.answer(&request)?;
    let text = serde_json::to_string(&document(&request, &answer));
    let text = text.map_err(|error| Failure::unexpected(error.to_string()))?;
    Ok((text, exit(answer.decision)))
}

/// The exit of a batch after one more answer: invalid request first, then denied, then unknown.
fn worse(worst: Exit, next: Exit) -> Exit {
    let order = [Exit::Usage, Exit::No, Exit::Unknown];
    order.into_iter().find(|exit| [worst, next].contains(exit)).unwrap_or(Exit::Done)
}
