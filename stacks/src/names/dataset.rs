//! The names of a dataset's resources.

use lakewright_constructs::lakeformation::TableTag;
use lakewright_manifest::TeamName;
use lakewright_manifest::mesh::{Dataset, Environment};
use lakewright_template::digest::base32_prefix;
use lakewright_template::limits::{
    ALIAS_CHARACTERS, BUCKET_NAME_CHARACTERS, GLUE_NAME_CHARACTERS, ROLE_NAME_CHARACTERS,
};

use super::{Names, physical, slug};

impl Names<'_> {
    /// The name of a dataset's bucket, created or imported.
    pub fn dataset_bucket(&self, environment: &Environment, dataset: &Dataset) -> String {
        match &dataset.import {
            Some(import) => import.bucket.to_string(),
            None => self.of_dataset(environment, dataset, "", BUCKET_NAME_CHARACTERS),
        }
    }

    /// The name of a dataset's role.
    pub fn dataset_role(&self, environment: &Environment, dataset: &Dataset) -> String {
        self.of_dataset(environment, dataset, "", ROLE_NAME_CHARACTERS)
    }

    /// A dataset's key alias, without `alias/`.
    pub fn dataset_alias(&self, environment: &Environment, dataset: &Dataset) -> String {
        self.of_dataset(environment, dataset, "", ALIAS_CHARACTERS - "alias/".len())
    }

    /// The name of a dataset's database, created or imported.
    pub fn dataset_database(&self, environment: &Environment, dataset: &Dataset) -> String {
        let imported = dataset.import.as_ref().and_then(|import| import.glue_database.as_ref());
        match imported {
            Some(name) => name.to_string(),
            None => {
                self.of_dataset(environment, dataset, "", GLUE_NAME_CHARACTERS).replace('-', "_")
            }
        }
    }

    /// The name of a dataset's crawler, job, trigger or security configuration.
    pub fn dataset_part(&self, environment: &Environment, dataset: &Dataset, part: &str) -> String {
        self.of_dataset(environment, dataset, &format!("-{part}"), GLUE_NAME_CHARACTERS)
    }

    /// The role with whose rights the views of a dataset read its tables.
    pub fn definer_role(&self, environment: &Environment, dataset: &Dataset) -> String {
        self.of_dataset(environment, dataset, "-views", ROLE_NAME_CHARACTERS)
    }

    /// The workgroup in which Athena checks the views of a dataset.
    pub fn views_workgroup(&self, environment: &Environment, dataset: &Dataset) -> String {
        self.of_dataset(environment, dataset, "-views", ROLE_NAME_CHARACTERS)
    }

    /// The name of a team's view of a table, in the database of the table; `ending` tells the views of one table apart.
    /// It has letters, digits and `_` only, which is all that Athena takes for the name of a view.
    pub fn view(
        &self,
        environment: &Environment,
        dataset: &Dataset,
        table: &str,
        team: &TeamName,
        ending: &str,
    ) -> String {
        let id = format!("{}/{table}/{team}", dataset.header.id);
        let end = format!("_{}_{}{ending}", slug(team), self.uri(environment, "view", &id));
        let end = end.replace('-', "_");
        let room = GLUE_NAME_CHARACTERS.saturating_sub(end.len());
        // Names in the catalog are of ASCII, so that every place is between two characters.
        let start = table.get(..room.min(table.len())).unwrap_or_default().replace('-', "_");
        format!("{start}{end}")
    }

    /// The key of the LF-tag of some tables of a dataset. Other tables get another key, because a value in use cannot
    /// be removed from a tag (`UpdateLFTag`).
    pub fn table_tag<'n>(
        &self,
        environment: &Environment,
        dataset: &Dataset,
        tables: impl Iterator<Item = &'n str>,
    ) -> String {
        let tables: Vec<&str> = tables.collect();
        let suffix = format!("-{}", base32_prefix(tables.join("/").as_bytes()));
        self.of_dataset(environment, dataset, &suffix, TableTag::CHARACTERS)
    }

    /// The value of a table's LF-tag: the table's name, cut if it is too long.
    pub fn table_tag_value(table: &str) -> String {
        if table.len() <= TableTag::CHARACTERS {
            return table.to_owned();
        }
        let uri = base32_prefix(table.as_bytes());
        let room = TableTag::CHARACTERS - uri.len() - 1;
        format!("{}-{uri}", &table[..room])
    }

    /// The unique eight characters of a dataset.
    pub fn dataset_uri(&self, environment: &Environment, dataset: &Dataset) -> String {
        self.uri(environment, "dataset", dataset.header.id.as_str())
    }

    fn of_dataset(
        self,
        environment: &Environment,
        dataset: &Dataset,
        suffix: &str,
        limit: usize,
    ) -> String {
        let uri = self.dataset_uri(environment, dataset);
        physical(
            environment.resource_prefix.as_str(),
            dataset.header.id.as_str(),
            &uri,
            suffix,
            limit,
        )
    }
}
