//! The features that a bootstrap is for.

use clap::ValueEnum;
use lakewright_manifest::mesh::Features;
use lakewright_stacks::Offer;

/// A feature of environments, under its name in the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum Feature {
    /// Data sources of QuickSight
    Dashboards,
    /// Datasets and shares
    Datasets,
    /// A domain of ML Studio, and its profiles
    MlStudio,
    /// Notebook instances
    Notebooks,
    /// Pipelines
    Pipelines,
    /// Notifications of producers and consumers
    Subscriptions,
    /// Workgroups and queries of Athena
    Worksheets,
}

/// What a bootstrap offers for these features. If none are listed, for the features of the
/// environments.
pub(super) fn offer(listed: &[Feature]) -> Offer {
    if listed.is_empty() {
        return Offer::Environments;
    }
    let is_on = |feature| listed.contains(&feature);
    Offer::Features(Features {
        datasets: is_on(Feature::Datasets),
        notebooks: is_on(Feature::Notebooks),
        ml_studio: is_on(Feature::MlStudio),
        pipelines: is_on(Feature::Pipelines),
        dashboards: is_on(Feature::Dashboards),
        worksheets: is_on(Feature::Worksheets),
        subscriptions: is_on(Feature::Subscriptions),
    })
}
