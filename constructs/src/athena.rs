//! Athena workgroups and named queries.

use lakewright_synth::{Construct, Options, Scope};
use lakewright_template::{Expr, Name, Ref};

use crate::cfn::athena;

/// A workgroup whose settings its users cannot override.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workgroup {
    /// The name.
    pub name: String,
    /// The location of query results, as `s3://bucket/path/`.
    pub results: String,
    /// The account that owns the results bucket.
    pub results_owner: String,
}

impl Construct for Workgroup {
    type Handle = Ref<athena::WorkGroup>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let results = athena::WorkGroupResultConfiguration {
            output_location: Some(self.results.into()),
            expected_bucket_owner: Some(self.results_owner.into()),
            // Athena applies this setting also to table data written by INSERT INTO and CTAS ("Encryption at rest"
            // in the Athena user guide). Without it, each bucket's own encryption applies: the results bucket's key
            // for results, a dataset's key for its data. A dataset's bucket refuses any other key.
            encryption_configuration: None,
            acl_configuration: None,
        };
        let configuration = athena::WorkGroupWorkGroupConfiguration {
            enforce_work_group_configuration: Some(true.into()),
            publish_cloud_watch_metrics_enabled: Some(true.into()),
            engine_version: Some(athena::WorkGroupEngineVersion {
                selected_engine_version: Some("Athena engine version 3".into()),
                effective_engine_version: None,
            }),
            result_configuration: Some(results),
            ..athena::WorkGroupWorkGroupConfiguration::default()
        };
        let resource = athena::WorkGroup {
            name: Some(self.name.into()),
            state: Some("ENABLED".into()),
            // Without this option, CloudFormation cannot delete a workgroup that has named queries or a query
            // history.
            recursive_delete_option: Some(true.into()),
            work_group_configuration: Some(configuration),
            ..athena::WorkGroup::default()
        };
        scope.resource(resource, Options::default())
    }
}

/// A query that is saved in a workgroup.
#[derive(Debug, Clone)]
pub struct NamedQuery {
    /// The query's name.
    pub name: String,
    /// The description.
    pub description: String,
    /// The Glue database to query.
    pub database: String,
    /// The SQL text.
    pub query: String,
    /// The workgroup.
    pub workgroup: Expr<Name<athena::WorkGroup>>,
}

impl Construct for NamedQuery {
    type Handle = Ref<athena::NamedQuery>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let description = crate::role::printable(&self.description);
        let resource = athena::NamedQuery {
            name: Some(self.name.into()),
            description: (!description.is_empty()).then(|| description.into()),
            database: Some(self.database.into()),
            query_string: Some(self.query.into()),
            work_group: Some(self.workgroup),
        };
        scope.resource(resource, Options::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::built;

    /// "Override client-side settings" in the Athena user guide: with `EnforceWorkGroupConfiguration` nobody chooses another
    /// location for results. `ExpectedBucketOwner` of "ResultConfiguration" in the API reference: a bucket of another account
    /// is refused. "Encryption at rest": without a setting, the encryption of each bucket applies.
    #[test]
    fn results_go_to_the_given_bucket_of_the_given_account_only() {
        let stack = built(|scope| {
            let workgroup = Workgroup {
                name: "analysts".to_owned(),
                results: "s3://results/athenaqueries/analysts/".to_owned(),
                results_owner: "111122223333".to_owned(),
            };
            scope.add("Workgroup", workgroup);
        });
        assert_eq!(
            stack.property("AWS::Athena::WorkGroup", "WorkGroupConfiguration"),
            concat!(
                r#"{"EnforceWorkGroupConfiguration":true,"EngineVersion":{"SelectedEngineVersion":"Athena engine version 3"},"#,
                r#""PublishCloudWatchMetricsEnabled":true,"ResultConfiguration":{"ExpectedBucketOwner":"111122223333","#,
                r#""OutputLocation":"s3://results/athenaqueries/analysts/"}}"#
            )
        );
        // CloudFormation can delete a workgroup with queries.
        assert_eq!(stack.property("AWS::Athena::WorkGroup", "RecursiveDeleteOption"), "true");
    }
}
