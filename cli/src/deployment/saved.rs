//! A plan in a file: `deploy --plan-out` writes it, and `deploy --apply` carries out exactly that plan.
//!
//! The file has no template, external id or credential: of the review it has only the digest and the ids of the findings.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use lakewright_deployer::cloud::Stack;
use lakewright_fleet::plan::{Observed, Plan};
use lakewright_manifest::Date;
use lakewright_template::assembly::Rollback;
use lakewright_template::digest::sha256;
use lakewright_template::{StackAddress, StackKind};
use serde::{Deserialize, Serialize};

use super::select::Selection;
use crate::exit::{Exit, Failure};
use crate::input;

/// The version of the file's shape, `docs/output/plan.schema.json`.
const VERSION: u32 = 1;

/// A plan in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedPlan {
    version: u32,
    mesh: String,
    mesh_digest: String,
    day: String,
    policy_id: String,
    import_existing: bool,
    prune: bool,
    selection: Selection,
    steps: Vec<SavedStep>,
    review: Option<SavedReview>,
}

/// One step, with its stack as it was when the plan was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedStep {
    stack: StackAddress,
    kind: Option<StackKind>,
    action: String,
    revision: Option<String>,
    digest: Option<String>,
    status: Option<String>,
    stack_id: Option<String>,
    last_operation: Option<String>,
}

/// What a review says, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedReview {
    pub(super) digest: String,
    pub(super) findings: BTreeSet<String>,
}

/// What a plan is made for, besides its steps.
#[derive(Debug, Clone)]
pub(crate) struct Purpose {
    /// The day of which the shares of the mesh count.
    pub(crate) day: Date,
    /// The `Id` of policies that are written again.
    pub(crate) policy_id: String,
    /// Whether existing resources are taken into the stacks.
    pub(crate) import_existing: bool,
    /// Whether stacks that the mesh no longer has are deleted.
    pub(crate) prune: bool,
    /// The chosen stacks.
    pub(crate) selection: Selection,
}

/// A plan that was read from a file.
#[derive(Debug, Clone)]
pub(crate) struct PlanFile {
    plan: SavedPlan,
    /// The SHA-256 of the file, 64 hexadecimal digits.
    digest: String,
}

impl PlanFile {
    /// Reads a plan. Fails if the file is none.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let bytes = input::bytes(path)?;
        let plan: SavedPlan = serde_json::from_slice(&bytes).map_err(|error| {
            Failure::usage(format!(
                "{shown} is not a plan: {error}; expected a file that `lakewright deploy MESH --plan-out FILE` wrote"
            ))
        })?;
        if plan.version != VERSION {
            return Err(Failure::usage(format!(
                "{shown} is a plan of version {}, expected {VERSION}: make the plan again with this version of lakewright",
                plan.version
            )));
        }
        Ok(Self { plan, digest: sha256(&bytes) })
    }

    /// What the plan was made for. Fails if its day is none.
    pub(crate) fn purpose(&self) -> Result<Purpose, Failure> {
        let SavedPlan { day, policy_id, import_existing, prune, selection, .. } = &self.plan;
        let day = Date::parse(day).map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Purpose {
            day,
            policy_id: policy_id.clone(),
            import_existing: *import_existing,
            prune: *prune,
            selection: selection.clone(),
        })
    }

    /// The ways in which the plan of now differs from this one, each in a sentence.
    pub(super) fn moved(&self, now: &SavedPlan) -> Vec<String> {
        self.plan.moved(now)
    }

    /// Fails unless a file approves this plan: its first word is the plan's SHA-256.
    pub(super) fn approved_by(&self, path: &Path) -> Result<(), Failure> {
        let text = input::text(path)?;
        let word = text.split_whitespace().next().unwrap_or_default();
        if word.eq_ignore_ascii_case(&self.digest) {
            return Ok(());
        }
        let message = format!(
            "{} does not approve this plan, and nothing was changed: expected that it begins with the plan's SHA-256, {}, as \
             `sha256sum PLAN` prints it",
            path.display(),
            self.digest
        );
        Err(Failure { exit: Exit::No, message })
    }
}

impl SavedPlan {
    /// A plan, as it is written.
    pub(super) fn of(
        mesh: &str,
        stacks: &BTreeMap<StackAddress, Stack>,
        plan: &Plan,
        observed: &BTreeMap<StackAddress, Observed>,
        review: Option<SavedReview>,
        purpose: &Purpose,
    ) -> Self {
        let steps = plan.steps.iter().map(|step| {
            let entry = stacks.get(&step.address).map(|stack| &stack.entry);
            let there = observed.get(&step.address);
            SavedStep {
                stack: step.address.clone(),
                kind: step.kind,
                action: step.action.as_str().to_owned(),
                revision: entry.map(|entry| entry.revision.clone()),
                digest: entry.map(|entry| entry.digest.clone()),
                status: there.map(|there| there.status.clone()),
                stack_id: there.and_then(|there| there.id.clone()),
                last_operation: there.and_then(|there| there.last_operation.clone()),
            }
        });
        Self {
            version: VERSION,
            mesh: mesh.to_owned(),
            mesh_digest: mesh_digest(stacks),
            day: purpose.day.to_string(),
            policy_id: purpose.policy_id.clone(),
            import_existing: purpose.import_existing,
            prune: purpose.prune,
            selection: purpose.selection.clone(),
            steps: steps.collect(),
            review,
        }
    }

    /// Writes the plan into a file that only the user can read. A file of that name is replaced.
    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        let failure = |error: &dyn std::fmt::Display| {
            Failure::unexpected(format!("{} cannot be written: {error}", path.display()))
        };
        let mut text = serde_json::to_string_pretty(self).map_err(|error| failure(&error))?;
        text.push('\n');
        replace(path, text.as_bytes()).map_err(|error| failure(&error))
    }

    fn moved(&self, now: &Self) -> Vec<String> {
        let mut moved = Vec::new();
        if self.mesh != now.mesh {
            moved.push(format!(
                "the plan is for the mesh `{}`, and this is `{}`",
                self.mesh, now.mesh
            ));
        }
        if self.mesh_digest != now.mesh_digest {
            moved.push(
                "the mesh gives other templates than when the plan was made, or another version of lakewright does".to_owned(),
            );
        }
        let by_address = |plan: &Self| -> BTreeMap<StackAddress, SavedStep> {
            plan.steps.iter().map(|step| (step.stack.clone(), step.clone())).collect()
        };
        let (then, mut rest) = (by_address(self), by_address(now));
        for (address, then) in &then {
            match rest.remove(address) {
                Some(now) => moved.extend(then.moved(&now)),
                None => moved.push(format!("{address} is in the plan, and would not be in it now")),
            }
        }
        moved.extend(
            rest.keys().map(|address| format!("{address} is not in the plan, and would be now")),
        );
        if moved.is_empty() && self.review != now.review {
            moved.push("the review says something else than when the plan was made".to_owned());
        }
        moved
    }
}

impl SavedStep {
    /// How the stack of now differs from the one of the plan, in a sentence.
    fn moved(&self, now: &Self) -> Option<String> {
        let stack = &self.stack;
        if self.status != now.status {
            let status =
                |step: &Self| step.status.clone().unwrap_or_else(|| "not there".to_owned());
            return Some(format!("{stack} was {} and is {}", status(self), status(now)));
        }
        if self.stack_id != now.stack_id {
            return Some(format!("{stack} was deleted and created again since the plan was made"));
        }
        if self.last_operation != now.last_operation {
            return Some(format!("somebody has changed {stack} since the plan was made"));
        }
        if self.action != now.action {
            let (then, now) = (&self.action, &now.action);
            return Some(format!(
                "the plan's action for {stack} is `{then}`, and would be `{now}` now"
            ));
        }
        // The digest of the mesh covers revisions and digests of templates.
        None
    }
}

/// The digest of everything that the mesh deploys: over the address, revision, digest and alarms of each stack.
fn mesh_digest(stacks: &BTreeMap<StackAddress, Stack>) -> String {
    let lines = stacks.values().map(|stack| {
        let entry = &stack.entry;
        let line = format!("{} {} {}\n", entry.address(), entry.revision, entry.digest);
        // No line of a stack begins with a space.
        entry.rollback.iter().fold(line, |line, Rollback { alarms, monitoring_minutes }| {
            line + &format!(" {monitoring_minutes} {}\n", alarms.join(" "))
        })
    });
    let text = lines.fold(String::new(), |text, line| text + &line);
    sha256(text.as_bytes())
}

/// Writes a file beside the old one, and then puts it in its place, so that nobody reads half of it.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let beside: PathBuf = path.with_file_name(name);
    let written = private(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let placed = written.and_then(|()| std::fs::rename(&beside, path));
    if placed.is_err() {
        drop(std::fs::remove_file(&beside));
    }
    placed
}

/// A new file with mode 0600.
fn private(path: &Path) -> io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(name: &str) -> StackAddress {
        StackAddress::parse(&format!("111111111111/eu-west-1/{name}")).expect("an address")
    }

    fn step(name: &str) -> SavedStep {
        SavedStep {
            stack: at(name),
            kind: Some(StackKind::Team),
            action: "update".to_owned(),
            revision: Some("r".to_owned()),
            digest: Some("d".to_owned()),
            status: Some("CREATE_COMPLETE".to_owned()),
            stack_id: Some("arn:1".to_owned()),
            last_operation: Some("1".to_owned()),
        }
    }

    fn plan() -> SavedPlan {
        SavedPlan {
            version: VERSION,
            mesh: "acme".to_owned(),
            mesh_digest: "m".to_owned(),
            day: "2026-06-01".to_owned(),
            policy_id: "lakewright-1".to_owned(),
            import_existing: false,
            prune: false,
            selection: Selection::default(),
            steps: vec![step("a"), step("b")],
            review: Some(SavedReview { digest: "r".to_owned(), findings: BTreeSet::new() }),
        }
    }

    /// `moved` after one change of the plan.
    fn after(change: impl FnOnce(&mut SavedPlan)) -> Vec<String> {
        let mut now = plan();
        change(&mut now);
        plan().moved(&now)
    }

    #[test]
    fn whatever_moved_is_told() {
        assert_eq!(after(|_| ()), [""; 0]);
        let other = || Some("other".to_owned());
        for (moved, word) in [
            (after(|now| "other".clone_into(&mut now.mesh)), "for the mesh `acme`"),
            (after(|now| "other".clone_into(&mut now.mesh_digest)), "other templates"),
            (after(|now| now.steps[0].status = other()), "was CREATE_COMPLETE and is other"),
            (after(|now| now.steps[0].status = None), "and is not there"),
            (after(|now| now.steps[0].stack_id = other()), "deleted and created again"),
            (after(|now| now.steps[1].last_operation = other()), "somebody has changed"),
            (
                after(|now| "keep".clone_into(&mut now.steps[1].action)),
                "`update`, and would be `keep`",
            ),
            (after(|now| drop(now.steps.pop())), "would not be in it now"),
            (after(|now| now.steps.push(step("c"))), "is not in the plan"),
            (after(|now| now.review = None), "the review says something else"),
        ] {
            let [sentence] = moved.as_slice() else { unreachable!("{word}: {moved:?}") };
            assert!(sentence.contains(word), "{word}: {sentence}");
        }
    }

    #[test]
    fn a_plan_is_read_as_it_was_written_and_by_nobody_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("plan.json");
        std::fs::write(&path, "what was there before").expect("a file");
        plan().write(&path).expect("a file");
        let read = PlanFile::read(&path).expect("a plan");
        assert_eq!(read.plan, plan());
        assert_eq!(read.digest, sha256(&std::fs::read(&path).expect("the bytes")));
        let names: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").collect();
        assert_eq!(names.len(), 1, "{names:?}");
        #[cfg(unix)]
        {
            let mode = std::fs::metadata(&path).expect("a file").permissions();
            let mode = std::os::unix::fs::PermissionsExt::mode(&mode);
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::write(&path, "{}").expect("a file");
        assert!(PlanFile::read(&path).is_err());
    }

    /// `sha256sum` prints the digest, two spaces and the name of the file.
    #[test]
    fn an_approval_holds_for_the_bytes_of_one_plan() {
        let folder = tempfile::tempdir().expect("a folder");
        let [path, approval] = ["plan.json", "approval"].map(|name| folder.path().join(name));
        plan().write(&path).expect("a file");
        let file = PlanFile::read(&path).expect("a plan");
        std::fs::write(&approval, format!("{}  plan.json\n", file.digest)).expect("a file");
        assert!(file.approved_by(&approval).is_ok());
        std::fs::write(&approval, format!("{}  plan.json\n", sha256(b"other"))).expect("a file");
        let error = file.approved_by(&approval).expect_err("another plan");
        assert_eq!(error.exit, Exit::No);
        std::fs::write(&approval, "").expect("a file");
        assert!(file.approved_by(&approval).is_err());
    }
}
