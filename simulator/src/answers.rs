//! What the services beside CloudFormation answer: only as much as the driver asks.

use lakewright_deployer::ask::{Ask, Service};
use lakewright_deployer::cloud::{Access, CloudError, Site};
use serde_json::{Value, json};

use crate::world::World;

impl World {
    /// Writes an object. Returns its version.
    pub(crate) fn put(&mut self, bucket: &str, key: &str, text: String) -> String {
        self.sequence += 1;
        let version = self.sequence;
        self.objects.insert((bucket.to_owned(), key.to_owned()), (text, version));
        format!("\"{version}\"")
    }

    /// The text of an object and its version.
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Option<(String, String)> {
        let (text, version) = self.objects.get(&(bucket.to_owned(), key.to_owned()))?;
        Some((text.clone(), format!("\"{version}\"")))
    }

    /// Deletes the objects of a bucket. Returns their number.
    pub(crate) fn empty(&mut self, bucket: &str) -> usize {
        let before = self.objects.len();
        self.objects.retain(|(of, _), _| of != bucket);
        before - self.objects.len()
    }

    /// The answer of a service. Lake Formation's defaults are closed, and the deploy role is its administrator.
    pub(crate) fn ask(&mut self, site: &Site, ask: &Ask) -> Result<String, CloudError> {
        let parameters = &ask.parameters;
        let answer = match (ask.service, ask.operation) {
            (Service::Iam, "GetRole") => return self.role(site, ask),
            (Service::LakeFormation, "GetDataLakeSettings") => settings(site),
            (Service::LakeFormation, "ListPermissions") => {
                json!({ "PrincipalResourcePermissions": [] })
            }
            (Service::LakeFormation, "ListLakeFormationOptIns") => self.opt_ins(site, parameters),
            (Service::LakeFormation, "CreateLakeFormationOptIn") => {
                let key = (parameters["Principal"].to_string(), parameters["Resource"].to_string());
                self.local(&site.place).opted_in.insert(key);
                json!({})
            }
            (Service::Glue, "GetDatabase") => json!({ "Database": {} }),
            (Service::Glue, "GetTables") => json!({ "TableList": [] }),
            _ => json!({}),
        };
        Ok(answer.to_string())
    }

    fn role(&self, site: &Site, ask: &Ask) -> Result<String, CloudError> {
        let name = ask.parameters["RoleName"].as_str().unwrap_or_default();
        match self.roles.get(&(site.place.account.to_string(), name.to_owned())) {
            Some(arn) => Ok(format!("<Arn>{arn}</Arn>")),
            None => Err(CloudError::Refused {
                what: ask.what.clone(),
                message: format!("NoSuchEntity: The role with name {name} cannot be found."),
            }),
        }
    }

    fn opt_ins(&mut self, site: &Site, parameters: &Value) -> Value {
        let resource = parameters["Resource"].to_string();
        let listed = self.local(&site.place).opted_in.iter();
        let listed = listed.filter(|(_, of)| *of == resource).map(|(principal, _)| {
            let principal: Value = serde_json::from_str(principal).unwrap_or_default();
            json!({ "Principal": principal, "Resource": parameters["Resource"] })
        });
        json!({ "LakeFormationOptInsInfoList": listed.collect::<Vec<_>>() })
    }
}

fn settings(site: &Site) -> Value {
    let admins: Vec<Value> = match &site.access {
        Access::Deployer { role, .. } => vec![json!({ "DataLakePrincipalIdentifier": role })],
        Access::Owner { .. } => Vec::new(),
    };
    json!({ "DataLakeSettings": {
        "DataLakeAdmins": admins,
        "CreateDatabaseDefaultPermissions": [],
        "CreateTableDefaultPermissions": [],
        "Parameters": { "CROSS_ACCOUNT_VERSION": "4" },
    } })
}
