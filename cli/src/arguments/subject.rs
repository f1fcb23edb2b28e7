//! Arguments for the templates, the day, and limits on access besides the templates.

use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use lakewright_analysis::review::{Reading, Refused, Reviewed, Scope, Side, review};
use lakewright_analysis::subject::{self, Boundary, Keep, OfMesh, Subject};
use lakewright_analysis::{ReadError, folder};
use lakewright_manifest::RegionName;
use lakewright_template::AccountId;
use lakewright_template::place::PlaceError;

use super::day::Day;
use crate::exit::Failure;
use crate::memory;
use crate::show::guardrails;
use crate::ui::Ui;

/// Which templates are looked at, on which day, and what the organization and owners add to them.
#[derive(Debug, clap::Args)]
pub(crate) struct SubjectArgs {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    surroundings: Surroundings,
    #[command(flatten)]
    day: Day,
}

/// Where the templates come from.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct Source {
    /// The mesh's folder, or a single file [default: the current folder]
    mesh: Option<PathBuf>,
    /// An assembly that `synth` has written, instead of a mesh; anybody's folder of templates for `access`, `can` and `why`
    #[arg(long, value_name = "DIR")]
    assembly: Option<PathBuf>,
}

/// What limits access beside the templates.
#[derive(Debug, clap::Args)]
struct Surroundings {
    /// Policies of the organization, in JSON: one service control policy for all accounts, or
    /// {"management_account": "..", "service_control_policies": [{"level": "root", "accounts": [..],
    /// "document": {..}}], "resource_control_policies": [..]}. Every attached policy, FullAWSAccess too: an
    /// action must be allowed at each level above an account (the root, units, the account), and denied by none
    #[arg(long = "scp", value_name = "FILE")]
    scp: Option<PathBuf>,
    /// The policy document, in JSON, of a permissions boundary that no stack makes; without it, whatever the
    /// boundary limits is unknown. May be repeated
    #[arg(long = "boundary", value_name = "ARN=FILE", value_parser = boundary)]
    boundaries: Vec<Boundary>,
}

/// An option's value of another form.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FormError {
    /// It is no permissions boundary.
    #[error("expected ARN=FILE such as arn:aws:iam::111122223333:policy/limits=limits.json")]
    Boundary,
    /// It is no account.
    #[error("expected 12 digits")]
    Account(#[source] PlaceError),
}

fn boundary(text: &str) -> Result<Boundary, FormError> {
    let pair = text.rsplit_once('=').filter(|(arn, _)| arn.contains(":policy/"));
    let pair = pair.map(|(arn, path)| Boundary { arn: arn.to_owned(), path: PathBuf::from(path) });
    pair.ok_or(FormError::Boundary)
}

/// Where templates are deployed, where nothing beside them says it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Somewhere {
    /// The account of templates whose account nothing else determines: 12 digits
    #[arg(long, value_name = "ACCOUNT", requires = "assembly", value_parser = account)]
    account: Option<AccountId>,
    /// The region of these templates
    #[arg(long, value_name = "REGION", requires = "assembly", value_parser = RegionName::parse)]
    region: Option<RegionName>,
}

pub(crate) fn account(text: &str) -> Result<AccountId, FormError> {
    AccountId::parse(text).map_err(FormError::Account)
}

impl Surroundings {
    fn of_session(&self, session_policy: Option<&Path>) -> subject::Surroundings {
        subject::Surroundings {
            organization: self.scp.clone(),
            boundaries: self.boundaries.clone(),
            session_policy: session_policy.map(Path::to_owned),
        }
    }
}

impl Somewhere {
    /// The place, as the analysis takes it.
    pub(crate) fn place(&self) -> folder::Somewhere {
        folder::Somewhere {
            account: self.account.clone(),
            region: self.region.as_ref().map(Into::into),
            file: None,
        }
    }
}

impl SubjectArgs {
    /// Reads the mesh or assembly and the limits on access. `None` if the mesh has errors, which are shown.
    ///
    /// The result is never freed: freeing a large mesh takes long, and the process ends soon.
    pub(crate) fn read(
        &self,
        keep: Keep,
        ui: &mut Ui,
    ) -> Result<Option<ManuallyDrop<Subject>>, Failure> {
        self.read_for_session(keep, None, None, ui)
    }

    /// Like [`Self::read`], but also reads anybody's templates.
    pub(crate) fn read_anybodys(
        &self,
        keep: Keep,
        somewhere: &Somewhere,
        ui: &mut Ui,
    ) -> Result<Option<ManuallyDrop<Subject>>, Failure> {
        self.read_for_session(keep, Some(somewhere), None, ui)
    }

    /// Like [`Self::read`], with the policy of a role session. Reads anybody's templates if `somewhere` is given.
    pub(crate) fn read_for_session(
        &self,
        keep: Keep,
        somewhere: Option<&Somewhere>,
        session_policy: Option<&Path>,
        ui: &mut Ui,
    ) -> Result<Option<ManuallyDrop<Subject>>, Failure> {
        memory::small_pages();
        let read = match (&self.source.assembly, somewhere) {
            (None, _) => self.read_mesh(self.path(), keep, ui)?,
            (Some(folder), None) => Some(Subject::of_assembly(folder)?),
            (Some(folder), Some(somewhere)) => {
                Some(Subject::of_folder(folder, &somewhere.place())?)
            }
        };
        let Some(subject) = read else { return Ok(None) };
        let surroundings = self.surroundings.of_session(session_policy);
        let subject = kept_within(&surroundings, subject)?;
        surroundings.check(&subject.world)?;
        Ok(Some(subject))
    }

    /// Reviews the change since an earlier mesh or assembly, with the same day and limits on access.
    pub(crate) fn review_since(&self, before: &Side, ui: &mut Ui) -> Result<Reviewed, Failure> {
        let (somewhere, limits) =
            (folder::Somewhere::default(), self.surroundings.of_session(None));
        let reading = Reading {
            day: self.day.as_of.as_ref(),
            somewhere: &somewhere,
            scope: Scope::Near,
            deployed: None,
            limits: Some(&limits),
        };
        let (after, progress) = (Side::of_mesh(self.path()), ui.progress());
        match review(before, &after, reading, &progress)? {
            Ok(reviewed) => Ok(reviewed),
            Err(refused) => {
                let Refused { side, report, breaches, sources } = *refused;
                guardrails::show_all(&report, &sources, &breaches, ui);
                Err(ReadError::WrongBase(PathBuf::from(side)).into())
            }
        }
    }

    fn read_mesh(&self, mesh: &Path, keep: Keep, ui: &mut Ui) -> Result<Option<Subject>, Failure> {
        let progress = ui.progress();
        let OfMesh { subject, report, breaches, sources } =
            Subject::of_mesh(mesh, self.day.as_of.as_ref(), keep, &progress)?;
        if subject.is_none() {
            guardrails::show_all(&report, &sources, &breaches, ui);
        } else if !report.is_empty() {
            // Warnings are not part of an answer. Their number is not shown, because `check` finds more warnings than
            // these.
            ui.note("the mesh has warnings; `lakewright check` shows them");
        }
        Ok(subject)
    }

    /// The path of the mesh or assembly; the current folder by default.
    pub(crate) fn path(&self) -> &Path {
        let path = self.source.mesh.as_deref().or(self.source.assembly.as_deref());
        path.unwrap_or_else(|| Path::new("."))
    }
}

/// Adds the limits on access besides the templates. The result is not freed: the program ends with the command, and freeing
/// a large model takes long.
fn kept_within(
    surroundings: &subject::Surroundings,
    mut subject: Subject,
) -> Result<ManuallyDrop<Subject>, Failure> {
    surroundings.add_to(&mut subject.world)?;
    Ok(ManuallyDrop::new(subject))
}
