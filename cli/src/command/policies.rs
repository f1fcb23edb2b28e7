//! `lakewright policies`: what each policy does, and what each actor holds.

use std::path::PathBuf;

use clap::Args;
use lakewright_analysis::words::count;
use lakewright_governance::analysis::{Example, Use, uses};
use lakewright_governance::holdings::{Holding, holdings};
use lakewright_governance::{Rule, Source};
use serde_json::{Value, json};

use crate::arguments::day::Day;
use crate::arguments::governed::Governed;
use crate::exit::{Exit, Failure};
use crate::show::authorization::word;
use crate::show::table::table;
use crate::ui::Ui;
use crate::width::width;

/// Show what each access policy does, and what each actor holds
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright policies my-mesh
  lakewright policies my-mesh --format json

For each policy: whether it has an effect, with a request that has another decision without it; whether
denials shadow it; whether other policies imply it; or whether it matches nothing. This is decided for
all requests, not for samples. The policies that the mesh implies are listed with `--format json`.")]
pub(crate) struct PoliciesArgs {
    /// The mesh's folder, or a single file [default: the current folder]
    #[arg(default_value = ".", hide_default_value = true)]
    mesh: PathBuf,
    #[command(flatten)]
    day: Day,
}

pub(crate) fn run(arguments: &PoliciesArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let governed = Governed::read(&arguments.mesh, &arguments.day, ui)?;
    let Some(governed) = governed else { return Ok(Exit::No) };
    let governance = &governed.governance;
    governance.validate().map_err(Failure::unexpected)?;
    let uses = uses(governance);
    let found = governance.rules.iter().zip(&uses);
    let held = holdings(governance);
    if ui.is_json() {
        let policies = found.map(|(rule, found)| policy(&governed, rule, found));
        let document = json!({
            "version": 1,
            "policies": policies.collect::<Vec<Value>>(),
            "holdings": held.iter().map(holding).collect::<Vec<Value>>(),
        });
        ui.document(document);
        return Ok(Exit::Done);
    }
    let documents = found.filter(|(rule, _)| rule.source == Source::Document);
    let rows: Vec<[String; 3]> = documents
        .map(|(rule, found)| [rule.id.clone(), governed.line(rule.origin), in_words(found)])
        .collect();
    ui.pieces(&table(["POLICY", "LINE", "EFFECT"], &rows, width()));
    ui.data("\n");
    let holds: Vec<[String; 3]> = held.iter().map(row).collect();
    ui.pieces(&table(["ACTOR", "POLICY", "PRIVILEGES"], &holds, width()));
    ui.note(&format!("access policies: {}", rows.len()));
    Ok(Exit::Done)
}

fn row(holding: &Holding) -> [String; 3] {
    let Holding { actor, rule, effect, privileges, resources } = holding;
    let what =
        format!("{} {} on {}", word(*effect), privileges.join(", "), count(*resources, "resource"));
    [actor.clone(), rule.clone(), what]
}

fn in_words(found: &Use) -> String {
    match found {
        Use::Inactive => "inactive".to_owned(),
        Use::MatchesNothing => "matches nothing".to_owned(),
        Use::Effective(example) => {
            let Example { actor, privilege, resource } = example;
            let teams = actor.teams.iter().map(|team| format!(" of {team}"));
            let roles = actor.roles.iter().map(|role| format!(" as {role}"));
            let who: String = teams.chain(roles).collect();
            format!("decides user:{}{who}, {privilege}, {resource}", actor.user)
        }
        Use::Shadowed(by) => format!("everything is denied by {}", by.join(", ")),
        Use::Implied(by) => format!("changes nothing beside {}", by.join(", ")),
        Use::DeniesNothing => "denies what nothing allows".to_owned(),
        Use::Undecided => "undecided: too many exceptions combine".to_owned(),
    }
}

fn policy(governed: &Governed, rule: &Rule, found: &Use) -> Value {
    let (word_of, by, example) = match found {
        Use::Inactive => ("inactive", Vec::new(), None),
        Use::MatchesNothing => ("matches_nothing", Vec::new(), None),
        Use::Effective(example) => ("effective", Vec::new(), Some(example)),
        Use::Shadowed(by) => ("shadowed", by.clone(), None),
        Use::Implied(by) => ("implied", by.clone(), None),
        Use::DeniesNothing => ("denies_nothing", Vec::new(), None),
        Use::Undecided => ("undecided", Vec::new(), None),
    };
    let example = example.map(|Example { actor, privilege, resource }| {
        json!({
            "actor": format!("user:{}", actor.user),
            "member_of": actor.teams,
            "roles": actor.roles,
            "privilege": privilege,
            "resource": resource,
        })
    });
    json!({
        "id": rule.id,
        "effect": word(rule.effect),
        "built_in": rule.source != Source::Document,
        "line": governed.line(rule.origin),
        "use": word_of,
        "by": by,
        "example": example,
    })
}

fn holding(holding: &Holding) -> Value {
    json!({
        "actor": holding.actor,
        "policy": holding.rule,
        "effect": word(holding.effect),
        "privileges": holding.privileges,
        "resources": holding.resources,
    })
}
