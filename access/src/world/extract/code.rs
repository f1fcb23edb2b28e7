//! The code that resources run, its location, and the roles that it runs with.

use lakewright_template::arn::ArnParts;
use lakewright_template::resolve::Resolved;
use lakewright_template::{LogicalId, ResourceEntry};

use super::{PieceError, Reader};
use crate::world::Code;

/// Arguments of Glue jobs that name locations of data, logs or state, not of code. Any other argument with an S3
/// location may name code: `--scriptLocation`, `--extra-jars`, `--extra-py-files`, `--conf` and whatever Glue adds.
///
/// Source: "Using job parameters in AWS Glue jobs" in the AWS Glue developer guide; `--results` is the profiling job's own.
const OF_DATA: [&str; 3] = ["--TempDir", "--results", "--spark-event-logs-path"];

impl Reader<'_> {
    /// The code that a resource runs.
    pub(super) fn code(
        &self,
        id: &LogicalId,
        resource: &ResourceEntry,
    ) -> Result<Code, PieceError> {
        let value = |property| self.value(id, &resource.properties, property);
        let (role, lies_in) = match resource.kind.as_ref() {
            "AWS::CodeBuild::Project" => {
                let (source, more) = (value("Source")?, value("SecondarySources")?);
                let sources = [&source].into_iter().chain(more.as_list().into_iter().flatten());
                let lies_in = sources.flat_map(|source| self.source(source));
                (value("ServiceRole")?, lies_in.collect())
            }
            "AWS::CodePipeline::Pipeline" => return self.pipeline(id, resource),
            "AWS::Glue::Job" => {
                let command = value("Command")?;
                let arguments = [value("DefaultArguments")?, value("NonOverridableArguments")?];
                let script = command.get("ScriptLocation").as_text().map(str::to_owned);
                let more = arguments.iter().flat_map(code_in);
                let files = script.into_iter().chain(more).flat_map(|text| places_in(&text));
                (value("Role")?, files.map(|file| self.object(&file)).collect())
            }
            "AWS::Lambda::Function" => (value("Role")?, Vec::new()),
            "AWS::SageMaker::NotebookInstance" | "AWS::StepFunctions::StateMachine" => {
                (value("RoleArn")?, Vec::new())
            }
            "AWS::SageMaker::UserProfile" => {
                (value("UserSettings")?.get("ExecutionRole").clone(), Vec::new())
            }
            _ => return Ok(Code::default()),
        };
        // Glue accepts a role's name as well.
        let role = role.as_text().map(|role| {
            if role.starts_with("arn:") { role.to_owned() } else { self.role_arn(role) }
        });
        Ok(Code { role, lies_in, builds: Vec::new() })
    }

    /// A pipeline passes the code of its sources to builds, as artifacts.
    fn pipeline(&self, id: &LogicalId, resource: &ResourceEntry) -> Result<Code, PieceError> {
        let value = |property| self.value(id, &resource.properties, property);
        let mut code = Code::default();
        let (store, stores) = (value("ArtifactStore")?, value("ArtifactStores")?);
        let stores = stores.as_list().into_iter().flatten().map(|one| one.get("ArtifactStore"));
        for bucket in stores.chain([&store]).filter_map(|store| store.get("Location").as_text()) {
            code.lies_in.push(self.object(&format!("{bucket}/*")));
        }
        let stages = value("Stages")?;
        let stages = stages.as_list().into_iter().flatten();
        let actions = stages.flat_map(|stage| stage.get("Actions").as_list().into_iter().flatten());
        for action in actions {
            let setting = |name: &str| action.get("Configuration").get(name).as_text();
            let provider = action.get("ActionTypeId").get("Provider").as_text();
            match provider.unwrap_or_default() {
                "CodeBuild" => {
                    let place = self.stack.place;
                    let region = action.get("Region").as_text().unwrap_or(&place.region);
                    let project = setting("ProjectName").map(|name| format!("project/{name}"));
                    code.builds.extend(project.map(|name| self.arn("codebuild", region, &name)));
                }
                "CodeCommit" => {
                    let repository = setting("RepositoryName");
                    code.lies_in.extend(repository.map(|name| self.regional("codecommit", name)));
                }
                "S3" if action.get("ActionTypeId").get("Category").as_text() == Some("Source") => {
                    let object = setting("S3Bucket").zip(setting("S3ObjectKey"));
                    let object = object.map(|(bucket, key)| format!("{bucket}/{key}"));
                    code.lies_in.extend(object.map(|object| self.object(&object)));
                }
                // No policy controls repositories outside of AWS. Code that other action providers run is not followed.
                _ => {}
            }
        }
        Ok(code)
    }

    /// The stages of a pipeline, and their actions as `STAGE/ACTION`.
    pub(super) fn parts(
        &self,
        id: &LogicalId,
        resource: &ResourceEntry,
    ) -> Result<Vec<String>, PieceError> {
        let mut parts = Vec::new();
        if resource.kind != "AWS::CodePipeline::Pipeline" {
            return Ok(parts);
        }
        let stages = self.value(id, &resource.properties, "Stages")?;
        for stage in stages.as_list().into_iter().flatten() {
            let name = stage.get("Name").text();
            let actions = stage.get("Actions").as_list().into_iter().flatten();
            parts.extend(actions.map(|action| format!("{name}/{}", action.get("Name").text())));
            parts.push(name);
        }
        Ok(parts)
    }

    /// The locations of a build's source and of its build specification.
    fn source(&self, source: &Resolved<'_>) -> Vec<String> {
        let location = source.get("Location").as_text().unwrap_or_default();
        let lies_in = match source.get("Type").as_text().unwrap_or_default() {
            // A folder includes all of its objects.
            "S3" if location.ends_with('/') => Some(self.object(&format!("{location}*"))),
            "S3" => Some(self.object(location)),
            "CODECOMMIT" => {
                let name = location.trim_end_matches('/').rsplit('/').next();
                name.map(|name| self.regional("codecommit", name))
            }
            _ => None,
        };
        let build_spec = source.get("BuildSpec").as_text().filter(|spec| spec.contains(":s3:::"));
        lies_in.into_iter().chain(build_spec.map(str::to_owned)).collect()
    }

    fn object(&self, path: &str) -> String {
        ArnParts::s3(self.stack.place.partition(), path).into()
    }
}

/// The values of a job's arguments that may name code.
fn code_in(arguments: &Resolved<'_>) -> Vec<String> {
    let entries = arguments.as_map().into_iter().flatten();
    let named = entries.filter(|(name, _)| !OF_DATA.contains(name));
    named.filter_map(|(_, value)| value.as_text().map(str::to_owned)).collect()
}

/// The S3 locations in a text, each beginning with the bucket's name.
fn places_in(text: &str) -> Vec<String> {
    let ends = |one: char| one.is_whitespace() || matches!(one, ',' | ';' | '"' | '\'');
    let places = text.split("s3://").skip(1).chain(text.split("s3a://").skip(1));
    let places = places.filter_map(|place| place.split(ends).next());
    // A folder includes all of its objects.
    let whole = |place: &str| format!("{place}{}", if place.ends_with('/') { "*" } else { "" });
    places.map(whole).collect()
}
