//! The databases that worksheets name. Athena looks for them in the catalog of the worksheet's account and region.

use std::collections::BTreeMap;

use super::{Context, Dependant, Place};
use crate::Code;
use crate::diagnostic::Diagnostic;
use crate::document::Kind;
use crate::mesh::{Database, Dataset, Environment, Share, ShareItem, Worksheet};
use crate::name::Id;

impl Context {
    /// A worksheet must name a dataset or a share of the mesh whose database is in the worksheet's own catalog.
    /// Database names are checked elsewhere, where the names in AWS are known.
    pub(super) fn database_is_reached(
        &mut self,
        worksheet: &Worksheet,
        place: &Place<'_, '_>,
        datasets: &BTreeMap<Id, Dataset>,
        shares: &BTreeMap<Id, Share>,
    ) {
        match &worksheet.database {
            None | Some(Database::Named(_)) => {}
            Some(Database::Dataset(link)) => {
                let id = link.id();
                self.dataset_is_here(worksheet, id, place, datasets.get(id));
            }
            Some(Database::Share(link)) => {
                let id = link.id();
                self.share_leads_here(worksheet, id, place, shares.get(id));
            }
        }
    }

    /// `dataset` is `None` if it has other errors, which have been reported.
    fn dataset_is_here(
        &mut self,
        worksheet: &Worksheet,
        id: &Id,
        place: &Place<'_, '_>,
        dataset: Option<&Dataset>,
    ) {
        let dependant = Dependant::live(Kind::Worksheet, &worksheet.header);
        self.leads_somewhere(id, worksheet.database_at, Kind::Dataset, &dependant);
        let Some(dataset) = dataset else { return };
        let here = place.environments.get(worksheet.environment.id());
        let Some((here, there)) = here.zip(place.environments.get(dataset.environment.id())) else {
            return;
        };
        if !is_in_one_place(here, there) || !is_in_its_account(dataset, there) {
            let help = "share the dataset's tables with the team, and name `share/ID`";
            self.is_elsewhere(worksheet, "dataset", help);
        }
    }

    /// `share` is `None` if it has other errors, which have been reported.
    fn share_leads_here(
        &mut self,
        worksheet: &Worksheet,
        id: &Id,
        place: &Place<'_, '_>,
        share: Option<&Share>,
    ) {
        let dependant = Dependant::live(Kind::Worksheet, &worksheet.header);
        self.leads_somewhere(id, worksheet.database_at, Kind::Share, &dependant);
        let Some(share) = share else { return };
        if !share.states.keys().any(|item| matches!(item, ShareItem::Table(_))) {
            let message = format!("share `{id}` has no table, so no database leads to it");
            let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                .at(worksheet.database_at, "")
                .and(share.header.origin, "the share")
                .help("share a table, or name another database");
            self.report.push(diagnostic);
            return;
        }
        let here = place.environments.get(worksheet.environment.id());
        let there = place.environments.get(share.environment.id());
        if here.zip(there).is_some_and(|(here, there)| !is_in_one_place(here, there)) {
            let help = "name a share with the worksheet's environment";
            self.is_elsewhere(worksheet, "share", help);
        }
    }

    fn is_elsewhere(&mut self, worksheet: &Worksheet, whose: &str, help: &str) {
        let message = format!(
            "the database of this {whose} is in another catalog than that of environment `{}`, where the query runs",
            worksheet.environment
        );
        let diagnostic = Diagnostic::new(Code::InvalidValue, message);
        self.report.push(diagnostic.at(worksheet.database_at, "").help(help));
    }
}

fn is_in_one_place(one: &Environment, other: &Environment) -> bool {
    one.account == other.account && one.region == other.region
}

/// Whether a dataset's database is in the catalog of its environment's account.
fn is_in_its_account(dataset: &Dataset, environment: &Environment) -> bool {
    let import = dataset.import.as_ref();
    let catalog = import.and_then(|import| import.catalog_account.as_ref());
    catalog.is_none_or(|account| *account == environment.account)
}
