//! Finds the mesh's bootstrap stack for an account, region and prefix.

use std::collections::BTreeSet;

use lakewright_analysis::synthesis::synthesize_with;
use lakewright_manifest::{Mesh, Report};
use lakewright_stacks::{Plan, Synthesized};
use lakewright_template::StackKind;
use lakewright_template::assembly::StackEntry;

use super::BootstrapArgs;
use super::feature::offer;
use crate::exit::Failure;

/// Why there is no bootstrap stack to print.
#[derive(Debug)]
pub(super) enum Unchosen {
    /// The mesh asks for something that cannot be.
    Findings(Report),
    /// The mesh has no such stack, or the program could not do its work.
    Failure(Failure),
}

impl From<Failure> for Unchosen {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// A place in words.
fn place(account: &str, region: &str) -> String {
    format!("account {account} and region {region}")
}

/// The prefix of a bootstrap stack's name, before `-bootstrap-`.
fn prefix_of(entry: &StackEntry) -> &str {
    let end = format!("-bootstrap-{}-{}", entry.account, entry.region);
    entry.name.strip_suffix(end.as_str()).unwrap_or(&entry.name)
}

/// The bootstrap stack for the arguments, or the findings of the mesh. Fails if no stack or several
/// stacks match.
pub(super) fn stack(mesh: &Mesh, arguments: &BootstrapArgs) -> Result<Synthesized, Unchosen> {
    let plan = Plan::of(mesh, None);
    let made = synthesize_with(&plan, offer(&arguments.features));
    let (found, report) = made.map_err(Failure::from)?;
    if report.has_errors() {
        return Err(Unchosen::Findings(report));
    }
    let kind = StackKind::Bootstrap;
    let mut bootstraps: Vec<_> =
        found.into_iter().filter(|one| one.stack.entry.kind == kind).collect();
    let places: BTreeSet<String> = bootstraps
        .iter()
        .map(|one| place(&one.stack.entry.account, &one.stack.entry.region))
        .collect();
    bootstraps.retain(|one| {
        let entry = &one.stack.entry;
        entry.account == arguments.account.as_str() && entry.region == arguments.region.as_str()
    });
    let prefixes: Vec<String> =
        bootstraps.iter().map(|one| prefix_of(&one.stack.entry).to_owned()).collect();
    bootstraps.retain(|one| {
        let own = prefix_of(&one.stack.entry);
        arguments.prefix.as_ref().is_none_or(|prefix| prefix == own)
    });
    match bootstraps.len() {
        1 => Ok(bootstraps.remove(0).stack),
        0 => {
            let here = place(arguments.account.as_str(), arguments.region.as_str());
            let places: Vec<String> = places.into_iter().collect();
            let message = match &arguments.prefix {
                Some(prefix) if !prefixes.is_empty() => format!(
                    "the mesh has no prefix `{prefix}` in {here}; it has {} there",
                    prefixes.join(", ")
                ),
                Some(_) | None => {
                    format!("the mesh has nothing in {here}; it has {}", places.join(", "))
                }
            };
            Err(Failure::usage(message).into())
        }
        _ => {
            let names: Vec<String> =
                bootstraps.into_iter().map(|one| one.stack.entry.name).collect();
            let message = format!(
                "several prefixes share this account and region; say which with --prefix: {}",
                names.join(", ")
            );
            Err(Failure::usage(message).into())
        }
    }
}
