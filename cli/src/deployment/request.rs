//! What a deployment is asked to do.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use lakewright_manifest::Date;

use super::allow::Allow;
use super::saved::{PlanFile, Purpose};
use super::select::Selection;
use super::view::Watching;
use crate::exit::Failure;

/// What is done with the plan of a deployment.
#[derive(Debug, Clone, Args)]
pub(crate) struct Choices {
    /// Say what would be done, and change nothing
    #[arg(long)]
    plan: bool,
    /// Write the plan into this file as well, for `--apply`, and change nothing
    #[arg(long, value_name = "FILE")]
    plan_out: Option<PathBuf>,
    /// Carry out exactly the plan in this file, or exit with 8 if something has changed since it was written
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "plan", "plan_out", "dry_run", "only", "exclude", "with_dependencies", "prune", "import_existing", "as_of",
    ])]
    apply: Option<PathBuf>,
    /// A file that approves the plan of `--apply`: its first word is the SHA-256 of the plan's file
    #[arg(long, value_name = "FILE", requires = "apply")]
    approval: Option<PathBuf>,
    /// Let CloudFormation prepare each change, show what it says, and delete what was prepared
    #[arg(long, conflicts_with_all = ["plan", "plan_out"])]
    dry_run: bool,
    /// Delete stacks that the mesh no longer has; stacks that hold data only with `--allow data-loss`
    #[arg(long)]
    prune: bool,
    /// What a run with `--yes` or `--apply` may do although nobody is asked
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',')]
    allow: Vec<Allow>,
    /// Add the spans of the run to this file, a line of OTLP/JSON each, for collectors of OpenTelemetry
    #[arg(long, value_name = "FILE", conflicts_with_all = ["plan", "plan_out", "dry_run"])]
    trace: Option<PathBuf>,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    watching: Watching,
}

impl Choices {
    /// Whether the run only looks, so that it changes no stack.
    pub(crate) fn is_looking(&self) -> bool {
        self.plan || self.plan_out.is_some() || self.dry_run
    }

    /// Whether the run has to delete change sets when it is stopped.
    pub(crate) fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// The plan that is carried out, if it was given.
    pub(crate) fn plan_file(&self) -> Result<Option<PlanFile>, Failure> {
        self.apply.as_deref().map(PlanFile::read).transpose()
    }

    /// What a new plan is made for.
    pub(crate) fn purpose(&self, day: Date, import_existing: bool) -> Purpose {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Purpose {
            day,
            policy_id: format!("lakewright-{}", now.map(|now| now.as_secs()).unwrap_or_default()),
            import_existing,
            prune: self.prune,
            selection: self.selection.clone(),
        }
    }

    /// The request. `mesh` is as the user named it.
    pub(crate) fn request<'a>(
        &'a self,
        mesh: &'a str,
        purpose: &'a Purpose,
        file: Option<&'a PlanFile>,
    ) -> Request<'a> {
        let mode = match (file, &self.plan_out) {
            (Some(file), _) => Mode::Apply(file),
            (None, Some(path)) => Mode::Write(path),
            (None, None) if self.plan => Mode::Show,
            (None, None) if self.dry_run => Mode::Try,
            (None, None) => Mode::Deploy,
        };
        Request {
            mesh,
            mode,
            purpose,
            allow: &self.allow,
            approval: self.approval.as_deref(),
            trace: self.trace.as_deref(),
            watching: self.watching,
        }
    }
}

/// What is asked of a deployment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// The mesh, as the user named it.
    pub(super) mesh: &'a str,
    /// What is done with the plan.
    pub(super) mode: Mode<'a>,
    /// What the plan is made for.
    pub(super) purpose: &'a Purpose,
    /// What a run without a question may do.
    pub(super) allow: &'a [Allow],
    /// The file that approves the plan.
    pub(super) approval: Option<&'a Path>,
    /// The file of the run's spans.
    pub(super) trace: Option<&'a Path>,
    /// Whether the run is shown in a live view.
    pub(super) watching: Watching,
}

/// What is done with a plan.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mode<'a> {
    /// It is printed.
    Show,
    /// It is printed, and written into this file.
    Write(&'a Path),
    /// Its change sets are created, shown and deleted.
    Try,
    /// It is carried out after a question.
    Deploy,
    /// It is carried out if it is this one.
    Apply(&'a PlanFile),
}

impl Mode<'_> {
    /// Whether no stack is changed.
    pub(super) const fn is_looking(self) -> bool {
        match self {
            Self::Show | Self::Write(_) | Self::Try => true,
            Self::Deploy | Self::Apply(_) => false,
        }
    }
}
