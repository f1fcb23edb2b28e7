//! Protected views of the Data Catalog, and what Glue needs to check one.
//!
//! A view reads its tables with the rights of its definer, so its readers need none on the tables ("Data Catalog views" in the
//! Lake Formation developer guide). Each view has one dialect: a view that Athena checks must not state its columns, and one
//! that nobody checks must ("Storage descriptor may not be defined when creating a validated Glue view" and "Storage
//! Descriptor and columns must be provided with View Definition!", terraform-provider-aws #49042, #49156).

use lakewright_synth::{Construct, Options, Scope};
use lakewright_template::{Arn, Expr, LogicalId, Map, Name, Ref};

use super::{DatabaseHandle, TableColumn, said};
use crate::cfn::{athena, glue, iam};
use crate::role::json;

/// The most tables that a view can be about. Source: "Data Catalog views considerations and limitations".
pub const VIEW_TABLES: usize = 10;

/// A workgroup in which Glue has Athena check the text of views. Its queries read no data, and their results are kept by
/// Athena, not in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckingWorkgroup {
    /// The name.
    pub name: String,
}

/// The least that `BytesScannedCutoffPerQuery` can be, by its schema.
const LEAST_BYTES: i64 = 10_000_000;

impl Construct for CheckingWorkgroup {
    type Handle = Ref<athena::WorkGroup>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let results = athena::WorkGroupManagedQueryResultsConfiguration {
            enabled: Some(true.into()),
            ..athena::WorkGroupManagedQueryResultsConfiguration::default()
        };
        let configuration = athena::WorkGroupWorkGroupConfiguration {
            bytes_scanned_cutoff_per_query: Some(LEAST_BYTES.into()),
            enforce_work_group_configuration: Some(true.into()),
            publish_cloud_watch_metrics_enabled: Some(false.into()),
            engine_version: Some(athena::WorkGroupEngineVersion {
                selected_engine_version: Some("Athena engine version 3".into()),
                effective_engine_version: None,
            }),
            managed_query_results_configuration: Some(results),
            ..athena::WorkGroupWorkGroupConfiguration::default()
        };
        let resource = athena::WorkGroup {
            name: Some(self.name.into()),
            state: Some("ENABLED".into()),
            recursive_delete_option: Some(true.into()),
            work_group_configuration: Some(configuration),
            ..athena::WorkGroup::default()
        };
        scope.resource(resource, Options::default())
    }
}

/// The connection through which Glue asks Athena to check a view.
///
/// Source: "Creating AWS Glue connections to validate status" in the Lake Formation developer guide.
#[derive(Debug, Clone)]
pub struct CheckingConnection {
    /// The name.
    pub name: String,
    /// The workgroup.
    pub workgroup: Expr<Name<athena::WorkGroup>>,
}

impl Construct for CheckingConnection {
    type Handle = LogicalId;

    fn build(self, scope: &mut Scope<'_>) -> LogicalId {
        let account = scope.spec().place.account.clone();
        let properties = Map::new().with("WORKGROUP_NAME", self.workgroup);
        let input = glue::ConnectionConnectionInput {
            name: Some(self.name.into()),
            connection_type: Some("VIEW_VALIDATION_ATHENA".into()),
            connection_properties: Some(json(properties)),
            ..glue::ConnectionConnectionInput::default()
        };
        let resource = glue::Connection {
            catalog_id: Some(account.into()),
            connection_input: Some(input),
            ..glue::Connection::default()
        };
        scope.resource(resource, Options::default()).logical_id().clone()
    }
}

/// Who checks the text of a view when it is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// Athena, through the connection of this name. The view's columns are those that Athena finds.
    By(String),
    /// Nobody. These are the view's columns.
    Not(Vec<TableColumn>),
}

/// A protected view: engines run it as it is written, and do not push parts of a reader's query into it.
#[derive(Debug, Clone)]
pub struct ProtectedView {
    /// The database.
    pub database: DatabaseHandle,
    /// The name.
    pub name: String,
    /// The description; empty for none.
    pub description: String,
    /// The dialect's name in the Data Catalog, such as `ATHENA`.
    pub dialect: &'static str,
    /// The version of the dialect.
    pub version: &'static str,
    /// The query.
    pub sql: String,
    /// Who checks it.
    pub checked: Checked,
    /// The role with whose rights the view reads.
    pub definer: Expr<Arn<iam::Role>>,
    /// The ARNs of the tables that it is about: 1 to [`VIEW_TABLES`].
    pub tables: Vec<String>,
    /// Resources and policies that are created before the view.
    pub after: Options,
}

impl Construct for ProtectedView {
    type Handle = Ref<glue::Table>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let account = scope.spec().place.account.clone();
        let (connection, columns, expanded) = match self.checked {
            // Glue refuses the expanded text of an Athena view: terraform-provider-aws #49419.
            Checked::By(connection) => (Some(Expr::known_name(connection)), None, None),
            Checked::Not(columns) => (None, Some(columns), Some(self.sql.clone().into())),
        };
        let descriptor = columns.map(|columns| glue::TableStorageDescriptor {
            columns: Some(columns.into_iter().map(TableColumn::resource).collect()),
            serde_info: Some(glue::TableSerdeInfo::default()),
            ..glue::TableStorageDescriptor::default()
        });
        let representation = glue::TableViewRepresentation {
            dialect: Some(self.dialect.into()),
            dialect_version: Some(self.version.into()),
            validation_connection: connection,
            view_original_text: Some(self.sql.into()),
            view_expanded_text: expanded,
        };
        let definition = glue::TableViewDefinition {
            is_protected: Some(true.into()),
            definer: Some(self.definer),
            sub_objects: Some(self.tables.into_iter().map(Into::into).collect()),
            representations: Some(vec![representation]),
        };
        let input = glue::TableTableInput {
            name: Some(self.name.into()),
            description: said(&self.description).map(Into::into),
            table_type: Some("VIRTUAL_VIEW".into()),
            storage_descriptor: descriptor,
            view_definition: Some(definition),
            ..glue::TableTableInput::default()
        };
        let resource = glue::Table {
            catalog_id: Some(account.into()),
            database_name: Some(self.database.name()),
            table_input: Some(input),
            ..glue::Table::default()
        };
        scope.resource(resource, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::built;

    fn view(dialect: &'static str, checked: Checked) -> ProtectedView {
        ProtectedView {
            database: DatabaseHandle::imported("sales"),
            name: "orders_masked".to_owned(),
            description: String::new(),
            dialect,
            version: "3",
            sql: "SELECT 1".to_owned(),
            checked,
            definer: Expr::known_arn("arn:aws:iam::111122223333:role/definer".to_owned()),
            tables: vec!["arn:aws:glue:eu-west-1:111122223333:table/sales/orders".to_owned()],
            after: Options::default(),
        }
    }

    /// What Glue answered to others: terraform-provider-aws #49042 and #49156 for the storage descriptor, #49419 for the
    /// expanded text.
    #[test]
    fn a_view_that_athena_checks_states_neither_columns_nor_an_expanded_text() {
        let stack = built(|scope| {
            scope.add("View", view("ATHENA", Checked::By("checks".to_owned())));
        });
        assert_eq!(
            stack.property("AWS::Glue::Table", "TableInput"),
            concat!(
                r#"{"Name":"orders_masked","TableType":"VIRTUAL_VIEW","ViewDefinition":{"#,
                r#""Definer":"arn:aws:iam::111122223333:role/definer","IsProtected":true,"Representations":[{"Dialect":"ATHENA","#,
                r#""DialectVersion":"3","ValidationConnection":"checks","ViewOriginalText":"SELECT 1"}],"#,
                r#""SubObjects":["arn:aws:glue:eu-west-1:111122223333:table/sales/orders"]}}"#
            )
        );
    }

    #[test]
    fn a_view_that_nobody_checks_states_both() {
        let column = TableColumn {
            name: "id".to_owned(),
            kind: "bigint".to_owned(),
            comment: String::new(),
        };
        let stack = built(|scope| {
            scope.add("View", view("SPARK", Checked::Not(vec![column])));
        });
        let input = stack.property("AWS::Glue::Table", "TableInput");
        assert!(
            input.contains(r#""StorageDescriptor":{"Columns":[{"Name":"id","Type":"bigint"}]"#),
            "{input}"
        );
        assert!(
            input.contains(r#""ViewExpandedText":"SELECT 1","ViewOriginalText":"SELECT 1""#),
            "{input}"
        );
        assert!(!input.contains("ValidationConnection"), "{input}");
    }

    /// "Managed query results" in the Athena user guide: no bucket is named.
    #[test]
    fn checks_of_views_write_to_no_bucket() {
        let stack = built(|scope| {
            let workgroup = CheckingWorkgroup { name: "views".to_owned() };
            let workgroup = scope.add("Workgroup", workgroup);
            let connection =
                CheckingConnection { name: "views".to_owned(), workgroup: workgroup.name() };
            scope.add("Connection", connection);
        });
        let settings = stack.property("AWS::Athena::WorkGroup", "WorkGroupConfiguration");
        assert!(
            settings.contains(r#""ManagedQueryResultsConfiguration":{"Enabled":true}"#),
            "{settings}"
        );
        assert!(!settings.contains("OutputLocation"), "{settings}");
        let input = stack.property("AWS::Glue::Connection", "ConnectionInput");
        assert!(input.contains(r#""ConnectionType":"VIEW_VALIDATION_ATHENA""#), "{input}");
        assert!(input.contains("WORKGROUP_NAME"), "{input}");
    }
}
