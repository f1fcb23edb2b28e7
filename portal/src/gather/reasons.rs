//! Why somebody can access a dataset: in words, and with the manifest lines that ask for it.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::mesh::{Dataset, Share};

use super::Input;
use super::head::{leads, said};
use crate::model::Said;

/// The manifest lines of a principal's grants, by what they are about.
type Lines<'a> = BTreeMap<(&'a str, &'a str), BTreeSet<&'a str>>;

/// The reasons of a mesh.
pub(super) struct Reasons<'a> {
    lines: Lines<'a>,
    /// The shares that grant access, by dataset and by the name of the consumer.
    shares: BTreeMap<(&'a str, String), Vec<&'a Share>>,
}

impl<'a> Reasons<'a> {
    pub(super) fn of(input: &Input<'a>) -> Self {
        let subject = input.subject;
        let mut of_stacks: BTreeMap<&str, &[String]> = BTreeMap::new();
        for (stack, parts) in &subject.provenance.stacks {
            let whole = parts.get("*").map(Vec::as_slice).unwrap_or_default();
            of_stacks.insert(stack.as_str(), whole);
        }
        let mut lines: Lines<'_> = BTreeMap::new();
        for (_, rules) in subject.intended.principals() {
            for rule in rules {
                let because = if rule.because.is_empty() {
                    of_stacks.get(&*rule.stack).copied().unwrap_or_default()
                } else {
                    rule.because.as_slice()
                };
                let of = document_of(&rule.target);
                let known = lines.entry((rule.principal.as_str(), of)).or_default();
                known.extend(because.iter().map(String::as_str));
            }
        }
        let mut shares: BTreeMap<(&str, String), Vec<&Share>> = BTreeMap::new();
        for share in input.mesh.shares.values().filter(|share| share.is_live(input.day)) {
            let consumer = match &share.consumption_role {
                Some(role) => format!("consumption-role/{}", role.id()),
                None => format!("team/{}/{}", share.environment.id(), share.team),
            };
            shares.entry((share.dataset.id().as_str(), consumer)).or_default().push(share);
        }
        Self { lines, shares }
    }

    /// The manifest lines of a principal's grants on a document.
    fn lines_of(&self, principal: &str, document: &str) -> BTreeSet<&'a str> {
        self.lines.get(&(principal, document)).cloned().unwrap_or_default()
    }

    /// Why a principal can access a dataset, and the manifest lines that ask for it, sorted. Without a reason in words,
    /// the lines are the reason.
    pub(super) fn why(&self, principal: &str, dataset: &Dataset) -> (Vec<Said>, Vec<String>) {
        let id = dataset.header.id.as_str();
        // Grants are about the dataset, or about one of its shares.
        let mut lines: BTreeSet<&str> = self.lines_of(principal, &format!("dataset/{id}"));
        let shares = self.shares.get(&(id, principal.to_owned()));
        let shares = shares.map(Vec::as_slice).unwrap_or_default();
        for share in shares {
            lines.extend(self.lines_of(principal, &format!("share/{}", share.header.id)));
        }
        let mut why = role(principal, dataset);
        why.extend(shares.iter().map(|share| by_share(share)));
        (why, lines.into_iter().map(str::to_owned).collect())
    }
}

/// The kind and the id in a name such as `dataset/sales/table/orders`.
fn document_of(target: &str) -> &str {
    let end = target.match_indices('/').nth(1).map_or(target.len(), |(place, _)| place);
    &target[..end]
}

fn by_share(share: &Share) -> Said {
    let approved = share.approved_by.as_ref().map(|team| format!(", approved by {team}"));
    let until = share.expires.as_ref().map(|day| format!(", until {day}"));
    let id = &share.header.id;
    let text =
        format!("the share {id}{}{}", approved.unwrap_or_default(), until.unwrap_or_default());
    leads(text, format!("share/{id}"))
}

/// What the principal is to the dataset.
fn role(principal: &str, dataset: &Dataset) -> Vec<Said> {
    let environment = dataset.environment.id();
    let Some((kind, rest)) = principal.split_once('/') else {
        let everybody = (principal == "*").then(|| said("everybody, as far as a policy allows it"));
        return everybody.into_iter().collect();
    };
    let words = match kind {
        "team" => return team(rest, dataset),
        "dataset-role" => "the dataset's own role, for its crawler and its profiling job",
        "pivot-role" => "the role in which the platform acts",
        "execution-role" => "CloudFormation's role, which makes the stacks",
        "deploy-role" => "the role that deploys the stacks",
        "service" => "an AWS service, which the dataset needs",
        // `pipeline/ID`, and the roles of its parts, such as `pipeline-build-role/ID/STAGE`.
        kind if kind.starts_with("pipeline") => "a pipeline that works with the dataset",
        _ => return Vec::new(),
    };
    let to = match kind {
        "pivot-role" => format!("environment/{environment}"),
        _ => String::new(),
    };
    vec![leads(words, to)]
}

/// What a team is to a dataset: `rest` is the environment and the team.
fn team(rest: &str, dataset: &Dataset) -> Vec<Said> {
    let Some((environment, team)) = rest.split_once('/') else { return Vec::new() };
    let mut why = Vec::new();
    if environment == dataset.environment.id().as_str() {
        if team == dataset.team.as_str() {
            why.push(leads("owns the dataset", format!("team/{team}")));
        }
        if dataset.stewards.iter().any(|steward| steward.as_str() == team) {
            why.push(leads("is a steward of the dataset", format!("team/{team}")));
        }
    }
    why
}
