//! `lakewright prove`: proves that the templates grant exactly the intended access.

use clap::{Args, ValueHint};
use lakewright_analysis::proving::{gained, prove};
use lakewright_analysis::review::{Side, SideError};
use lakewright_analysis::subject::imported::perhaps_open;
use lakewright_analysis::subject::{Keep, Subject};
use lakewright_analysis::words::count;
use lakewright_template::arn::ArnParts;
use serde_json::{Value, json};

use crate::arguments::subject::SubjectArgs;
use crate::exit::{Exit, Failure};
use crate::show::differences::{CHANGED, RESET, to_json, to_text};
use crate::ui::Ui;

/// Prove that the templates give exactly the access that the mesh asks for
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright prove my-mesh
  lakewright prove --assembly out              the templates as they were written
  lakewright prove my-mesh --format json
  lakewright prove my-mesh --assume the-mesh-before     a change gives nobody more access
  lakewright prove my-mesh --assume git:main:my-mesh    the same for what is not committed yet
  lakewright prove my-mesh --scp organization.json
  lakewright prove my-mesh --quiet && lakewright deploy my-mesh

With `--quiet` nothing is printed when everything is proven: the exit code says it. What is wrong is
printed all the same, and so is JSON.

Exit codes: 0 proven, 4 there are differences, each with a request that shows it, templates of an
assembly that were changed after `synth` wrote them, or findings that `check` has as well.")]
pub(crate) struct ProveArgs {
    #[command(flatten)]
    subject: SubjectArgs,
    /// The mesh or assembly before a change, or a mesh at `git:REVISION:PATH`: proves that the change keeps or
    /// narrows access
    #[arg(long, value_name = "MESH", value_parser = before, value_hint = ValueHint::AnyPath)]
    assume: Option<Side>,
}

fn before(text: &str) -> Result<Side, SideError> {
    Side::parse_mesh(text)
}

/// The assumption about databases of the mesh, which no template states and no proof can verify.
const TAKEN_FOR_GRANTED: &str = "`IAMAllowedPrincipals` has no permission on databases and tables of the mesh; \
    `lakewright deploy` revokes it and verifies that, and docs/lake-formation.md describes how to do so without `deploy`";

/// The assumption about imported databases.
const OF_BEFORE: &str = "`IAMAllowedPrincipals` has no permission on an imported database and the tables that were in it before; \
    the database's owner verifies that, as docs/lake-formation.md describes";

/// The assumptions of the proof: for accounts and regions, and for imported databases.
fn taken_for_granted(subject: &Subject) -> Vec<Value> {
    let of_mesh = subject.world.lake().taken_as_closed();
    let of_mesh = of_mesh.iter().map(
        |(account, region)| json!({ "account": account, "region": region, "what": TAKEN_FOR_GRANTED }),
    );
    let of_before = perhaps_open(&subject.imported, &subject.world);
    let of_before = of_before.into_iter().map(|arn| {
        let parts = ArnParts::parse(arn);
        let (region, account) = (parts.map(|arn| arn.region), parts.map(|arn| arn.account));
        json!({ "account": account, "region": region, "database": arn, "what": OF_BEFORE })
    });
    of_mesh.chain(of_before).collect()
}

pub(crate) fn run(arguments: &ProveArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let subject = arguments.subject.read(Keep::Checked, ui)?;
    let Some(subject) = subject.as_deref() else { return Ok(Exit::No) };
    let granted = subject.world.lake().taken_as_closed();
    let mut findings = prove(subject);
    if let Some(base) = &arguments.assume {
        let review = arguments.subject.review_since(base, ui)?.review;
        findings.differences.extend(gained(&review.access));
        for note in &review.notes {
            ui.note(note);
        }
    }
    if ui.is_json() {
        let differences: Vec<_> =
            findings.differences.iter().map(|one| to_json(one, subject)).collect();
        let data = json!({
            "version": 1,
            "requests": findings.requests,
            "stacks": subject.stacks.len(),
            "differences": differences,
            "changed_templates": subject.changed,
            "changed_settings": subject.reset,
            "changed_stacks": subject.miscounted,
            "taken_for_granted": taken_for_granted(subject),
        });
        ui.document(data);
    } else {
        ui.prose(&to_text(&findings.differences, subject));
    }
    for path in &subject.changed {
        ui.error(&format!("{path} {CHANGED}"));
    }
    for stack in &subject.reset {
        ui.error(&format!("{stack} {RESET}"));
    }
    for sentence in &subject.miscounted {
        ui.error(sentence);
    }
    let as_made = [&subject.changed, &subject.reset, &subject.miscounted];
    if findings.differences.is_empty() && as_made.into_iter().all(Vec::is_empty) {
        let grant = if subject.stacks.len() == 1 { "grants" } else { "grant" };
        let narrows = arguments
            .assume
            .as_ref()
            .map(|base| format!(", and {grant} nobody more than {base} does"));
        ui.note(&format!(
            "{} is proven: {} {grant} exactly the access that was asked for, checked by {}{}",
            arguments.subject.path().display(),
            count(subject.stacks.len(), "stack"),
            count(findings.requests, "request"),
            narrows.unwrap_or_default()
        ));
        if !granted.is_empty() {
            let accounts: std::collections::BTreeSet<&String> =
                granted.iter().map(|(account, _)| account).collect();
            ui.note(&format!(
                "taken for granted in {}: {TAKEN_FOR_GRANTED}",
                count(accounts.len(), "account")
            ));
        }
        let of_before = perhaps_open(&subject.imported, &subject.world);
        if !of_before.is_empty() {
            ui.note(&format!("taken for granted of {}: {OF_BEFORE}", of_before.join(", ")));
        }
        return Ok(Exit::Done);
    }
    if findings.differences.is_empty() {
        ui.error("access matches the intent, but the templates changed since `synth`");
    } else {
        ui.error(&count(findings.differences.len(), "difference"));
    }
    Ok(Exit::No)
}
