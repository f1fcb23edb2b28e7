//! Permissions of teams that have no effect, because their feature is off in the environment.

use super::environment::features;
use super::{Context, at};
use crate::Code;
use crate::diagnostic::{Diagnostic, FileId};
use crate::document::{EnvironmentDocument, FeaturesDocument};
use crate::field::Field;
use crate::mesh::{EnvironmentPermission, Header};

/// The feature of a permission, its default, and its field in the environment. Source: "Permissions" in docs/mesh.md.
fn feature(
    permission: EnvironmentPermission,
    given: Option<&FeaturesDocument>,
) -> Option<(&'static str, bool, Option<&Field<bool>>)> {
    let by_default = features(None);
    Some(match permission {
        EnvironmentPermission::CreateDashboard => {
            ("dashboards", by_default.dashboards, given.map(|features| &features.dashboards))
        }
        EnvironmentPermission::CreateDataset => {
            ("datasets", by_default.datasets, given.map(|features| &features.datasets))
        }
        EnvironmentPermission::CreateNotebook => {
            ("notebooks", by_default.notebooks, given.map(|features| &features.notebooks))
        }
        EnvironmentPermission::CreatePipeline => {
            ("pipelines", by_default.pipelines, given.map(|features| &features.pipelines))
        }
        EnvironmentPermission::CreateStudioProfile => {
            ("ml_studio", by_default.ml_studio, given.map(|features| &features.ml_studio))
        }
        EnvironmentPermission::RunAthenaQuery => {
            ("worksheets", by_default.worksheets, given.map(|features| &features.worksheets))
        }
        EnvironmentPermission::AddConsumptionRoles
        | EnvironmentPermission::CreateNetwork
        | EnvironmentPermission::CreateShare
        | EnvironmentPermission::InviteTeams => return None,
    })
}

/// Whether a feature is off. The intention of a value that could not be decoded is unknown.
fn is_off(by_default: bool, said: Option<&Field<bool>>) -> bool {
    match said.filter(|field| !field.is_absent()) {
        Some(field) => field.value() == Some(&false),
        None => !by_default,
    }
}

impl Context {
    /// Warns of permissions without an effect, because their author expects one.
    pub(super) fn permissions_have_features(
        &mut self,
        file: FileId,
        permissions: &Field<Vec<Field<EnvironmentPermission>>>,
        document: &EnvironmentDocument,
        header: &Header,
    ) {
        if document.features.is_invalid() {
            return;
        }
        for field in permissions.value().into_iter().flatten() {
            let Some(permission) = field.value() else { continue };
            let Some((name, by_default, said)) = feature(*permission, document.features.value())
            else {
                continue;
            };
            if !is_off(by_default, said) {
                continue;
            }
            let message = format!(
                "`{}` gives nothing: the feature `{name}` is off in environment `{}`",
                permission.as_str(),
                header.id
            );
            let diagnostic = Diagnostic::new(Code::PermissionWithoutFeature, message)
                .at(at(file, field), "without effect")
                .help(format!("set `features: {{ {name}: true }}`, or remove the permission"));
            self.report.push(diagnostic);
        }
    }
}
