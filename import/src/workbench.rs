//! Notebooks, ML Studio profiles and pipelines.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::{ResourceEntry, Value};

use crate::deployed::{Deployed, OldKind, OldStack};
use crate::environments::{Surroundings, left_out};
use crate::mesh::{Place, set_header};
use crate::yaml::{Document, Field};
use crate::{Gap, ids};

/// The instance types and volume sizes that a mesh has.
const INSTANCES: [&str; 3] = ["ml.t3.medium", "ml.t3.large", "ml.m5.xlarge"];
const VOLUMES: [i64; 4] = [32, 64, 128, 256];

/// The documents of everything that teams work with.
pub(crate) fn documents(
    deployed: &Deployed,
    around: &Surroundings<'_>,
    gaps: &mut Vec<Gap>,
    placed: &mut BTreeMap<String, Place>,
) -> Vec<Document> {
    let kinds = [
        (OldKind::Notebook, "Notebook", "notebook"),
        (OldKind::Studio, "StudioProfile", "studio-profile"),
        (OldKind::Pipeline, "Pipeline", "pipeline"),
    ];
    let mut documents = Vec::new();
    for (old, kind, new) in kinds {
        let stacks: Vec<&OldStack> = deployed.of_kind(old).collect();
        let all = ids::of(stacks.iter().map(|stack| (stack.label.as_str(), stack.uri.as_str())));
        for (stack, id) in stacks.into_iter().zip(all) {
            let mut document = Document::new(kind, &id);
            set_header(&mut document, stack);
            let written = around.place(stack).and_then(|(environment, team)| {
                document.set("environment", environment);
                document.set("team", team);
                match old {
                    OldKind::Notebook => notebook(&mut document, stack, gaps),
                    OldKind::Pipeline => pipeline(&mut document, stack, around, gaps)?,
                    _ => {}
                }
                Ok(environment.to_owned())
            });
            match written {
                Ok(environment) => {
                    let place = Place { kind: new, id, environment, teams: BTreeMap::new() };
                    placed.insert(stack.address(), place);
                    documents.push(document);
                }
                Err(gap) => gaps.push(gap),
            }
        }
    }
    for stack in deployed.of_kind(OldKind::CdkPipeline) {
        gaps.push(left_out(stack, "data.all generated its stages as a CDK application, and the template does not show them"));
    }
    documents
}

fn notebook(document: &mut Document, stack: &OldStack, gaps: &mut Vec<Gap>) {
    let Some((_, one)) = stack.of_type("AWS::SageMaker::NotebookInstance").next() else {
        gaps.push(Gap::new(
            stack.address(),
            "its template has no notebook instance",
            "check the template",
        ));
        document.set("internet_access", Field::Flag(true));
        return;
    };
    document
        .comment("The mesh makes a new instance. The old one stays until its files are copied.");
    let (subnet, vpc) = (stack.text_at(one, &["SubnetId"]), vpc(stack).map(|(id, _)| id));
    match (subnet, vpc) {
        (Some(subnet), Some(vpc)) => {
            document.set("vpc_id", vpc);
            document.set("subnet_id", subnet);
        }
        (subnet, _) => {
            if let Some(subnet) = subnet {
                gaps.push(Gap::new(
                    stack.address(),
                    format!("the VPC of its subnet {subnet} is in no template; the new instance reaches the internet directly"),
                    "set `vpc_id` and `subnet_id` instead of `internet_access`",
                ));
            }
            document.set("internet_access", Field::Flag(true));
        }
    }
    let instance = stack.text_at(one, &["InstanceType"]).unwrap_or_default();
    if INSTANCES.contains(&instance.as_str()) {
        document.set("instance_type", instance);
    } else {
        gaps.push(Gap::new(
            stack.address(),
            format!(
                "its instance type `{instance}` is none of a mesh; the new instance has the default"
            ),
            format!("choose one of {}", INSTANCES.join(", ")),
        ));
    }
    let volume =
        one.properties.get("VolumeSizeInGB").and_then(|size| stack.text(size)?.parse().ok());
    match volume {
        Some(size) if VOLUMES.contains(&size) => document.set("volume_size", Field::Number(size)),
        Some(size) => gaps.push(Gap::new(
            stack.address(),
            format!("its volume of {size} GiB is none of a mesh; the new one has the default"),
            "set `volume_size`",
        )),
        // data.all gives no size without a network, and SageMaker's own is smaller than any of a mesh.
        None => {}
    }
}

/// The VPC of a notebook's security group, and the address block that it admits.
fn vpc(stack: &OldStack) -> Option<(String, Option<String>)> {
    let (_, group) = stack.of_type("AWS::EC2::SecurityGroup").next()?;
    let vpc = stack.text_at(group, &["VpcId"])?;
    let rules = group.properties.get("SecurityGroupIngress").and_then(Value::as_list);
    let block =
        rules.into_iter().flatten().find_map(|rule| stack.text(rule.as_map()?.get("CidrIp")?));
    Some((vpc, block))
}

/// The VPCs of an environment's notebooks, as its `context` has them.
pub(crate) fn vpcs(deployed: &Deployed, environment: &str) -> Vec<Field> {
    let notebooks = deployed.of_kind(OldKind::Notebook);
    let own = notebooks
        .filter(|stack| stack.tagged_uri("Environment").is_some_and(|(_, uri)| uri == environment));
    let found: BTreeMap<String, String> =
        own.filter_map(|stack| vpc(stack).and_then(|(vpc, block)| Some((vpc, block?)))).collect();
    let entry = |(vpc, block): (String, String)| {
        Field::map([("vpc_id", Field::from(vpc)), ("cidr", Field::from(block))])
    };
    found.into_iter().map(entry).collect()
}

fn pipeline(
    document: &mut Document,
    stack: &OldStack,
    around: &Surroundings<'_>,
    gaps: &mut Vec<Gap>,
) -> Result<(), Gap> {
    document.comment(
        "The mesh makes a new repository. The old one stays; push its history to the new one.",
    );
    let pipelines: Vec<&ResourceEntry> =
        stack.of_type("AWS::CodePipeline::Pipeline").map(|(_, one)| one).collect();
    // data.all gives each branch of gitflow a pipeline whose first stage is called Source-STAGE.
    let is_gitflow = pipelines.iter().any(|one| {
        let first =
            one.properties.get("Stages").and_then(|stages| stages.as_list()?.first()?.as_map());
        let name = first.and_then(|stage| stage.get("Name")?.as_text());
        name.is_some_and(|name| name.starts_with("Source-"))
    });
    document.set("strategy", if is_gitflow { "gitflow" } else { "trunk" });
    let mut stages = Vec::new();
    for stage in in_order(stack, &pipelines) {
        let environment = stage.get("ENVIRONMENT_URI").and_then(|uri| around.id(uri));
        let (Some(name), Some(environment), Some(team)) =
            (stage.get("STAGE"), environment, stage.get("ENVTEAM_ROLENAME"))
        else {
            let name = stage.get("STAGE").map_or("?", String::as_str);
            gaps.push(Gap::new(
                stack.address(),
                format!("its stage {name} deploys to an environment without a template here, or does not name its team"),
                "add the stage to `stages`",
            ));
            continue;
        };
        stages.push(Field::map([
            ("stage", Field::from(ids::slug(name))),
            ("environment", environment.into()),
            ("team", team.as_str().into()),
        ]));
    }
    if stages.is_empty() {
        return Err(left_out(stack, "no build project tells its stages"));
    }
    document.set("stages", Field::List(stages));
    Ok(())
}

/// The variables of the build projects, in the order of the pipeline's stages; those of gitflow in the order of their names.
fn in_order(stack: &OldStack, pipelines: &[&ResourceEntry]) -> Vec<BTreeMap<String, String>> {
    let mut order: Vec<String> = Vec::new();
    for one in pipelines {
        let stages = one.properties.get("Stages").and_then(Value::as_list).unwrap_or_default();
        for stage in stages {
            let name = stage.as_map().and_then(|stage| stage.get("Name")?.as_text());
            order.extend(
                name.and_then(|name| name.strip_prefix("Deploy-Stage-")).map(str::to_owned),
            );
        }
    }
    let mut found: Vec<BTreeMap<String, String>> =
        stack.of_type("AWS::CodeBuild::Project").map(|(_, one)| variables(stack, one)).collect();
    found.retain(|variables| variables.contains_key("STAGE"));
    let place = |one: &BTreeMap<String, String>| {
        let stage = one.get("STAGE").cloned().unwrap_or_default();
        (order.iter().position(|name| *name == stage), stage)
    };
    found.sort_by_key(place);
    let mut seen = BTreeSet::new();
    found.retain(|one| seen.insert(one.get("STAGE").cloned()));
    found
}

fn variables(stack: &OldStack, project: &ResourceEntry) -> BTreeMap<String, String> {
    let list = project
        .properties
        .get("Environment")
        .and_then(|one| one.as_map()?.get("EnvironmentVariables"));
    let items = list.and_then(Value::as_list).unwrap_or_default().iter();
    items
        .filter_map(|item| {
            let item = item.as_map()?;
            Some((stack.text(item.get("Name")?)?, stack.text(item.get("Value")?)?))
        })
        .collect()
}
