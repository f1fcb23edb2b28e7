//! The steps of a migration, with their files.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::schema::{Provisioning, updates_of};
use lakewright_template::write::{minified, template_to_json};
use lakewright_template::{ResourceEntry, Template, Value};
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::catalog::{self, GLUE_DATABASE};
use crate::deployed::{OldKind, OldStack};
use crate::migration::{Call, Part, Paths, Route, Step};

/// The most bytes of a template in a request.
///
/// Source: `TemplateBody` of `UpdateStack` in the CloudFormation API reference.
const INLINE: usize = 51_200;
const CAPABILITIES: [&str; 2] = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"];
/// The resource that registers a bucket with Lake Formation. A bucket is registered once, so the new stack comes after it.
const LOCATION: &str = "AWS::LakeFormation::Resource";

/// The steps and their files.
pub(crate) struct Steps<'p> {
    pub(crate) list: Vec<Step>,
    pub(crate) files: BTreeMap<String, String>,
    paths: &'p Paths,
}

/// The properties that identify a resource in an import, with their values; or why there are none.
pub(crate) fn identifier(
    stack: &OldStack,
    id: &str,
    entry: &ResourceEntry,
) -> Result<JsonMap<String, Json>, String> {
    let kind = &entry.kind;
    let Some(rules) = updates_of(kind) else {
        return Err(format!("Whether `{id}` of type {kind} can be imported is unknown."));
    };
    if rules.provisioning() == Provisioning::NonProvisionable {
        return Err(format!("`{id}` of type {kind} cannot be imported."));
    }
    let names: Vec<&str> =
        rules.primary_identifier().map(|name| name.trim_start_matches('/')).collect();
    let is_alone = names.len() == 1;
    let mut found = JsonMap::new();
    for name in names {
        let value = stack.text_at(entry, &[name]);
        let value = value.or_else(|| stack.physical(id).filter(|_| is_alone));
        let Some(value) = value else {
            return Err(format!(
                "The `{name}` of `{id}` is in none of the files: save the answer of `aws cloudformation describe-stack-resources` \
                 beside the template."
            ));
        };
        found.insert(name.to_owned(), value.into());
    }
    Ok(found)
}

impl<'p> Steps<'p> {
    /// The steps for the stacks that are cut.
    pub(crate) fn of(
        parts: &[Part<'_>],
        gone: &BTreeSet<String>,
        kept: &BTreeSet<String>,
        paths: &'p Paths,
    ) -> Self {
        let mut all = Self { list: Vec::new(), files: BTreeMap::new(), paths };
        all.stop();
        all.look(parts);
        for part in parts {
            all.prepare(part);
        }
        for part in parts {
            match &part.route {
                Route::Refactoring(request) => all.refactor(part, request.clone()),
                Route::Import(resources, why) => all.import(part, resources, why),
            }
        }
        for part in parts {
            all.release(part);
        }
        all.deploy();
        for part in parts {
            all.close(part, gone);
        }
        for part in parts {
            all.revoke(part);
        }
        let (last, first): (Vec<&Part<'_>>, Vec<&Part<'_>>) =
            parts.iter().partition(|part| part.stack.kind == OldKind::Environment);
        for part in first.into_iter().chain(last) {
            if !kept.contains(&part.stack.address()) {
                all.delete(part);
            }
        }
        all.verify(parts);
        all
    }

    fn add(&mut self, step: Step) {
        self.list.push(step);
    }

    /// Writes a request, and says how it is sent.
    fn call(
        &mut self,
        part: &Part<'_>,
        name: &str,
        (service, operation): (&'static str, &'static str),
        request: &Json,
    ) -> Call {
        let file = format!("requests/{}-{name}.json", part.stack.name);
        self.files.insert(file.clone(), format!("{request:#}\n"));
        Call { service, operation, region: part.stack.place.region.to_string(), file, wait: None }
    }

    /// Writes a template, and puts it into a request: as text, or as the address that the command before uploads it to.
    fn body(
        &mut self,
        part: &Part<'_>,
        name: &str,
        template: &Template,
        request: &mut Json,
    ) -> Vec<String> {
        let file = format!("templates/{}-{name}.json", part.stack.name);
        let text = template_to_json(template);
        let small = minified(&text);
        self.files.insert(file.clone(), text);
        let place = &part.stack.place;
        if small.len() <= INLINE {
            request["TemplateBody"] = small.into();
            return Vec::new();
        }
        let bucket = format!("cdk-hnb659fds-assets-{}-{}", place.account, place.region);
        let key = format!("lakewright-import/{}-{name}.json", part.stack.name);
        request["TemplateURL"] =
            format!("https://{bucket}.s3.{}.{}/{key}", place.region, place.url_suffix()).into();
        vec![format!("aws s3 cp {file} s3://{bucket}/{key} --region {}", place.region)]
    }

    /// An update of data.all's stack, which keeps its role, parameters and tags.
    fn update(&mut self, part: &Part<'_>, name: &str, template: &Template) -> (Vec<String>, Call) {
        let parameters = part.stack.template.parameters.keys();
        let parameters: Vec<Json> = parameters
            .filter(|name| template.parameters.contains_key(*name))
            .map(|name| json!({ "ParameterKey": name.as_ref(), "UsePreviousValue": true }))
            .collect();
        let mut request = json!({
            "StackName": part.stack.name, "Capabilities": CAPABILITIES, "Parameters": parameters,
        });
        let commands = self.body(part, name, template, &mut request);
        let mut call = self.call(part, name, ("cloudformation", "update-stack"), &request);
        call.wait =
            Some(("stack-update-complete", vec![("--stack-name", part.stack.name.clone())]));
        (commands, call)
    }

    fn stop(&mut self) {
        self.add(Step {
            id: "stop".to_owned(),
            title: "Stop data.all from changing its stacks".to_owned(),
            about: "data.all deploys all its environments and datasets again each night and after each change that somebody makes in \
                    it. That would undo the steps below. Switch its maintenance mode to NO-ACCESS, disable the schedule of its stacks \
                    updater in the central account, and wait until no task of it runs."
                .to_owned(),
            stack: None,
            calls: Vec::new(),
            commands: Vec::new(),
        });
    }

    fn look(&mut self, parts: &[Part<'_>]) {
        let mut commands = Vec::new();
        for part in parts.iter().filter(|part| part.stack.kind == OldKind::Dataset) {
            let region = &part.stack.place.region;
            for (id, entry) in &part.split.data.resources {
                let Some(physical) = part.stack.physical(id.as_str()).map(|id| word(&id)) else {
                    continue;
                };
                match entry.kind.as_ref() {
                    "AWS::S3::Bucket" => {
                        commands.push(format!("aws s3api get-bucket-policy --bucket {physical} --region {region}"));
                        commands.push(format!(
                            "aws s3control list-access-points --account-id {} --bucket {physical} --region {region}",
                            part.stack.place.account
                        ));
                    }
                    "AWS::KMS::Key" => commands.push(format!(
                        "aws kms get-key-policy --key-id {physical} --policy-name default --region {region}"
                    )),
                    _ => {}
                }
            }
            if let Some(database) = catalog::database(part.stack) {
                let resource = word(&json!({ "Database": { "Name": database } }).to_string());
                commands.push(format!(
                    "aws lakeformation list-permissions --region {region} --resource {resource}"
                ));
            }
        }
        self.add(Step {
            id: "look".to_owned(),
            title: "Read what no template shows".to_owned(),
            about: "data.all makes shares without CloudFormation: statements of bucket and key policies, access points, and Lake \
                    Formation's permissions. Compare the answers with the mesh, and write a Share document for each access that \
                    is to stay. Nothing below changes the policy of a bucket. The step that closes a stack replaces the policies of keys: \
                    add there the statements that are still needed."
                .to_owned(),
            stack: None,
            calls: Vec::new(),
            commands,
        });
    }

    fn prepare(&mut self, part: &Part<'_>) {
        let (commands, call) = self.update(part, "prepare", &part.split.prepared);
        self.add(Step {
            id: format!("prepare {}", part.stack.name),
            title: format!("Retain what holds data in {}", part.stack.name),
            about: "The update sets deletion policies and writes names in the place of references between what moves and what stays. \
                    No resource changes but for its metadata: a change set shows no other change."
                .to_owned(),
            stack: Some(part.stack.address()),
            calls: vec![call],
            commands,
        });
    }

    fn refactor(&mut self, part: &Part<'_>, mut request: Json) {
        let mut commands = Vec::new();
        for (name, template, stack) in [
            ("rest", &part.split.remaining, &part.stack.name),
            ("data", &part.split.data, &part.to),
        ] {
            let definitions = request["StackDefinitions"].as_array_mut().into_iter().flatten();
            for definition in definitions.filter(|one| one["StackName"] == stack.as_str()) {
                if let Some(definition) = definition.as_object_mut() {
                    definition.remove("TemplateBody");
                }
                commands.extend(self.body(part, name, template, definition));
            }
        }
        let call =
            self.call(part, "refactor", ("cloudformation", "create-stack-refactor"), &request);
        self.add(Step {
            id: format!("move {}", part.stack.name),
            title: format!("Move what holds data of {} to {}", part.stack.name, part.to),
            about: format!(
                "A stack refactoring: resources change their stack, and nothing else. The answer has the id of the refactoring. Then: \
                 `aws cloudformation wait stack-refactor-create-complete --stack-refactor-id ID`, look at `aws cloudformation \
                 list-stack-refactor-actions --stack-refactor-id ID`, and run `aws cloudformation execute-stack-refactor \
                 --stack-refactor-id ID`. {}",
                lakewright_diff::moves::STACK_POLICY
            ),
            stack: Some(part.stack.address()),
            calls: vec![call],
            commands,
        });
    }

    fn import(&mut self, part: &Part<'_>, resources: &[Json], why: &[String]) {
        if resources.is_empty() {
            return;
        }
        let (mut commands, first) = if part.split.remaining.resources.is_empty() {
            (Vec::new(), self.deletion(part, "rest"))
        } else {
            self.update(part, "rest", &part.split.remaining)
        };
        let mut request = json!({
            "StackName": part.to,
            "ChangeSetName": "import-data",
            "ChangeSetType": "IMPORT",
            "Capabilities": CAPABILITIES,
            "RoleARN": role(part.stack),
            "ResourcesToImport": resources,
        });
        commands.extend(self.body(part, "data", &part.split.data, &mut request));
        let mut create =
            self.call(part, "import", ("cloudformation", "create-change-set"), &request);
        let named = |part: &Part<'_>| {
            vec![("--stack-name", part.to.clone()), ("--change-set-name", "import-data".to_owned())]
        };
        create.wait = Some(("change-set-create-complete", named(part)));
        let request = json!({ "StackName": part.to, "ChangeSetName": "import-data" });
        let mut execute =
            self.call(part, "execute", ("cloudformation", "execute-change-set"), &request);
        execute.wait = Some(("stack-import-complete", vec![("--stack-name", part.to.clone())]));
        self.add(Step {
            id: format!("move {}", part.stack.name),
            title: format!("Move what holds data of {} to {}", part.stack.name, part.to),
            about: format!(
                "First its stack lets go of the resources, which are retained; then a change set of the type IMPORT takes them into a \
                 stack of their own. Between the two, no stack has them, and everything works as before. It is no stack refactoring: {}",
                why.join(" ")
            ),
            stack: Some(part.stack.address()),
            calls: vec![first, create, execute],
            commands,
        });
    }

    /// The bucket is registered by the new stack, so the old registration ends just before.
    fn release(&mut self, part: &Part<'_>) {
        let mut template = part.split.remaining.clone();
        let before = template.resources.len();
        template.resources.retain(|_, entry| entry.kind != LOCATION);
        if template.resources.len() == before || template.resources.is_empty() {
            return;
        }
        let (commands, call) = self.update(part, "release", &template);
        self.add(Step {
            id: format!("release {}", part.stack.name),
            title: format!("End the registration with Lake Formation in {}", part.stack.name),
            about: "A bucket is registered once, and the dataset's new stack registers it with its own role. Until the mesh is \
                    deployed, Lake Formation gives nobody access to the objects; roles with permissions in IAM keep theirs. Run this \
                    step and the next one together."
                .to_owned(),
            stack: Some(part.stack.address()),
            calls: vec![call],
            commands,
        });
    }

    fn deploy(&mut self) {
        let Paths { mesh, templates } = self.paths;
        self.add(Step {
            id: "deploy".to_owned(),
            title: "Deploy the mesh beside data.all".to_owned(),
            about: "The stacks have names of their own. They use the buckets, keys and databases, and change none of them. `diff` says \
                    who gains and who loses access compared with data.all's templates; `prove` proves that the new templates give what \
                    the mesh asks for. Try the new roles before the next steps."
                .to_owned(),
            stack: None,
            calls: Vec::new(),
            commands: vec![
                format!("lakewright check {mesh}"),
                format!("lakewright prove {mesh}"),
                format!("lakewright diff {templates} {mesh}"),
                format!("lakewright deploy {mesh}"),
            ],
        });
    }

    fn close(&mut self, part: &Part<'_>, gone: &BTreeSet<String>) {
        let template = part.split.closed(part.stack, gone);
        if template == part.split.data {
            return;
        }
        let mut request = json!({ "StackName": part.to, "Capabilities": CAPABILITIES, "RoleARN": role(part.stack) });
        let commands = self.body(part, "close", &template, &mut request);
        let mut call = self.call(part, "close", ("cloudformation", "update-stack"), &request);
        call.wait = Some(("stack-update-complete", vec![("--stack-name", part.to.clone())]));
        self.add(Step {
            id: format!("close {}", part.stack.name),
            title: format!("Let the account decide about the keys in {}", part.to),
            about: "The policies of the keys name data.all's roles only, and none of them lets the account administer its key. The update \
                    takes the roles out that are deleted below, and lets the identity policies of the account decide, as the \
                    mesh's roles need. From here on data.all's roles cannot read encrypted data. Statements that the step `look` showed \
                    and the template does not have are replaced: add those that are needed, and what `lakewright synth` writes \
                    under assets/key-policies/, to the template first."
                .to_owned(),
            stack: Some(format!("{}/{}", part.stack.place, part.to)),
            calls: vec![call],
            commands,
        });
    }

    /// data.all never revokes what its function granted, and Lake Formation revokes nothing of a role that is gone.
    fn revoke(&mut self, part: &Part<'_>) {
        let Some((_, entry)) = part.stack.of_type(GLUE_DATABASE).next() else { return };
        let (Some(database), Some(admins)) =
            (catalog::database(part.stack), entry.properties.get("DatabaseAdministrators"))
        else {
            return;
        };
        let admins = part.stack.fixed(admins);
        let admins: Vec<&str> =
            admins.as_list().into_iter().flatten().filter_map(Value::as_text).collect();
        let catalog = part.stack.place.account.to_string();
        let mut entries = Vec::new();
        for admin in admins {
            for (resource, permissions) in [
                (
                    json!({ "Database": { "CatalogId": catalog, "Name": database } }),
                    vec!["ALTER", "CREATE_TABLE", "DESCRIBE", "DROP"],
                ),
                (
                    json!({ "Table": { "CatalogId": catalog, "DatabaseName": database, "TableWildcard": {} } }),
                    vec!["ALTER", "DESCRIBE", "SELECT"],
                ),
            ] {
                entries.push(json!({
                    "Id": entries.len().to_string(),
                    "Principal": { "DataLakePrincipalIdentifier": admin },
                    "Resource": resource,
                    "Permissions": permissions,
                    "PermissionsWithGrantOption": permissions,
                }));
            }
        }
        if entries.is_empty() {
            return;
        }
        let request = json!({ "CatalogId": catalog, "Entries": entries });
        let call =
            self.call(part, "revoke", ("lakeformation", "batch-revoke-permissions"), &request);
        self.add(Step {
            id: format!("revoke {}", part.stack.name),
            title: format!("Revoke what data.all granted on the database {database}"),
            about: "data.all grants these permissions with a function and never revokes them. Lake Formation cannot revoke \
                    permissions of a role that no longer exists, so this comes before the roles are deleted. The answer lists \
                    entries that had no such permission; they are no failure."
                .to_owned(),
            stack: Some(part.stack.address()),
            calls: vec![call],
            commands: Vec::new(),
        });
    }

    fn deletion(&mut self, part: &Part<'_>, name: &str) -> Call {
        let request = json!({ "StackName": part.stack.name });
        let mut call = self.call(part, name, ("cloudformation", "delete-stack"), &request);
        call.wait =
            Some(("stack-delete-complete", vec![("--stack-name", part.stack.name.clone())]));
        call
    }

    fn delete(&mut self, part: &Part<'_>) {
        if part.split.remaining.resources.is_empty() && matches!(part.route, Route::Import(..)) {
            return;
        }
        let about = match part.stack.kind {
            OldKind::Environment => {
                "The team roles and the pivot role go with it. The old notebooks and profiles run as team roles: copy their files before. \
                 Afterwards, `aws lakeformation get-data-lake-settings` must name no role that is gone, because Lake Formation refuses \
                 later changes of such settings."
            }
            OldKind::Dataset => {
                "Its database and permissions are kept, because the resource that made them is retained: CloudFormation does not \
                 call the function that would delete the database."
            }
            OldKind::Notebook
            | OldKind::Studio
            | OldKind::Pipeline
            | OldKind::CdkPipeline
            | OldKind::PivotRole => "What holds data has moved out of it.",
        };
        let call = self.deletion(part, "delete");
        self.add(Step {
            id: format!("delete {}", part.stack.name),
            title: format!("Delete {}", part.stack.name),
            about: about.to_owned(),
            stack: Some(part.stack.address()),
            calls: vec![call],
            commands: Vec::new(),
        });
    }

    /// Pivot roles that accounts' owners made are in stacks of their own. The step comes before the last one.
    pub(crate) fn delete_pivot_roles<'s>(&mut self, stacks: impl Iterator<Item = &'s OldStack>) {
        for stack in stacks {
            let region = &stack.place.region;
            let step = Step {
                id: format!("delete {}", stack.name),
                title: format!("Delete {}", stack.name),
                about: "It has the pivot role that the account's owner made for data.all. The mesh has a pivot role of its own."
                    .to_owned(),
                stack: Some(stack.address()),
                calls: Vec::new(),
                commands: vec![format!("aws cloudformation delete-stack --region {region} --stack-name {}", stack.name)],
            };
            let last = self.list.len().saturating_sub(1);
            self.list.insert(last, step);
        }
    }

    fn verify(&mut self, parts: &[Part<'_>]) {
        let mut commands = Vec::new();
        for part in parts {
            let region = &part.stack.place.region;
            for (id, entry) in &part.split.data.resources {
                let Some(physical) = part.stack.physical(id.as_str()).map(|id| word(&id)) else {
                    continue;
                };
                match entry.kind.as_ref() {
                    "AWS::S3::Bucket" => commands
                        .push(format!("aws s3api head-bucket --bucket {physical} --region {region}")),
                    "AWS::KMS::Key" => commands.push(format!(
                        "aws kms describe-key --key-id {physical} --region {region} --query KeyMetadata.KeyState"
                    )),
                    _ => {}
                }
            }
        }
        commands.push(format!("lakewright drift {}", self.paths.mesh));
        self.add(Step {
            id: "verify".to_owned(),
            title: "Look at what is left".to_owned(),
            about: "Each bucket and each key is there under its old name, and each key is enabled."
                .to_owned(),
            stack: None,
            calls: Vec::new(),
            commands,
        });
    }
}

/// The role that CloudFormation changes a stack for data with: that of data.all's stack, else the CDK's own.
fn role(stack: &OldStack) -> String {
    let place = &stack.place;
    stack.role_arn.clone().unwrap_or_else(|| {
        place.role_arn(&format!("cdk-hnb659fds-cfn-exec-role-{}-{}", place.account, place.region))
    })
}

/// A text as one word of a shell's command, whatever is in it.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=+@,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: "Single-Quotes" in the POSIX shell command language.
    #[test]
    fn a_name_stays_one_word_of_a_command() {
        assert_eq!(word("alias/a-b.c"), "alias/a-b.c");
        assert_eq!(word("a; rm -r $HOME `x`"), "'a; rm -r $HOME `x`'");
        assert_eq!(word("it's"), r"'it'\''s'");
        assert_eq!(word(""), "''");
    }
}
