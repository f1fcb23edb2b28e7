//! Worksheets, notebooks, studio profiles, pipelines and dashboards.

use std::collections::BTreeMap;

use lakewright_template::arn::ArnParts;
use lakewright_template::limits::quota;

use super::{Context, Dependant, Needs, Ownership, Place, at, distinct};
use crate::Code;
use crate::diagnostic::{Diagnostic, FileId};
use crate::document::{
    DashboardDocument, Kind, NotebookDocument, PipelineDocument, StageDocument,
    StudioProfileDocument, WorksheetDocument,
};
use crate::field::Field;
use crate::mesh::{
    Dashboard, Dataset, EnvironmentPermission, Header, Link, Network, Notebook, Pipeline,
    PipelineSource, Share, Stage, StudioProfile, TenantPermission, Worksheet,
};
use crate::name::{BranchName, ConnectionArn, Id, SubnetId, TeamName, VpcId};
use crate::parse::Located;

/// The sizes that a notebook's volume can have, in GiB (DA-28).
const VOLUME_SIZES: [u16; 4] = [32, 64, 128, 256];

impl Context {
    pub(super) fn worksheet(
        &mut self,
        located: &Located<WorksheetDocument>,
        header: Header,
        place: &Place<'_, '_>,
        (datasets, shares): (&BTreeMap<Id, Dataset>, &BTreeMap<Id, Share>),
    ) -> Option<Worksheet> {
        let Located { document, origin } = located;
        let needs = Needs {
            tenant_permission: TenantPermission::ManageWorksheets,
            permission: Some(EnvironmentPermission::RunAthenaQuery),
            feature: Some(("worksheets", |features| features.worksheets)),
        };
        let owner = self.owner(
            Kind::Worksheet,
            &header,
            (&document.environment, &document.team),
            needs,
            place,
        );
        self.required(&document.query, "query", Kind::Worksheet, *origin);
        let query = self.text(origin.file, &document.query, "query")?;
        let quota = quota::QUERY_BYTES;
        if query.is_empty() || query.len() > quota.value {
            let message =
                format!("a query has 1 to {} bytes, and this one {}", quota.value, query.len());
            let diagnostic = Diagnostic::new(Code::LimitExceeded, message)
                .at(at(origin.file, &document.query), "")
                .help(format!("split the query, or name a view in it; {}", quota.raise()));
            self.report.push(diagnostic);
            return None;
        }
        let (environment, team) = owner?;
        let database = document.database.value().cloned().map(Into::into);
        let is_said = !document.database.is_absent();
        let database_at = if is_said { at(origin.file, &document.database) } else { *origin };
        let worksheet = Worksheet {
            header,
            environment: Link::unlinked(environment),
            team,
            query,
            database,
            database_at,
        };
        self.database_is_reached(&worksheet, place, datasets, shares);
        Some(worksheet)
    }

    pub(super) fn notebook(
        &mut self,
        located: &Located<NotebookDocument>,
        header: Header,
        place: &Place<'_, '_>,
        networks: &BTreeMap<Id, Network>,
    ) -> Option<Notebook> {
        let Located { document, origin } = located;
        let needs = Needs {
            tenant_permission: TenantPermission::ManageNotebooks,
            permission: Some(EnvironmentPermission::CreateNotebook),
            feature: Some(("notebooks", |features| features.notebooks)),
        };
        let owner = self.owner(
            Kind::Notebook,
            &header,
            (&document.environment, &document.team),
            needs,
            place,
        );
        let volume_size = document.volume_size.value().copied().unwrap_or(VOLUME_SIZES[0]);
        if !VOLUME_SIZES.contains(&volume_size) {
            let message = format!("{volume_size} is not one of 32, 64, 128 and 256 GiB");
            let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                .at(at(origin.file, &document.volume_size), "");
            self.report.push(diagnostic);
        }
        let vpc = self.notebook_vpc(document, &header, networks);
        let internet_access = document.internet_access.value().copied().unwrap_or(false);
        let names_vpc = !document.network.is_absent() || !document.vpc_id.is_absent();
        if !names_vpc && !internet_access && !document.internet_access.is_invalid() {
            let message = format!("notebook `{}` has no network", header.id);
            let diagnostic = Diagnostic::new(Code::NotebookNetwork, message)
                .at(header.origin, "this notebook")
                .help(
                    "name a `network`, or a `vpc_id` with a `subnet_id`; without one it needs \
                     `internet_access: true`, as SageMaker connects it through its own network",
                );
            self.report.push(diagnostic);
        }
        let (environment, team) = owner?;
        Some(Notebook {
            environment: Link::unlinked(environment),
            team,
            vpc,
            internet_access,
            root_access: document.root_access.value().copied().unwrap_or(false),
            instance_type: document.instance_type.value().copied().unwrap_or_default(),
            volume_size,
            header,
        })
    }

    /// The first subnet of the named network, or the VPC and subnet of the notebook, or none.
    fn notebook_vpc(
        &mut self,
        document: &NotebookDocument,
        header: &Header,
        networks: &BTreeMap<Id, Network>,
    ) -> Option<(VpcId, SubnetId)> {
        let file = header.origin.file;
        let has_ids = !document.vpc_id.is_absent() || !document.subnet_id.is_absent();
        if document.network.is_absent() {
            if document.vpc_id.is_absent() != document.subnet_id.is_absent() {
                let diagnostic = Diagnostic::new(
                    Code::FieldConflict,
                    "a VPC without a subnet, or a subnet without a VPC",
                )
                .at(header.origin, "this notebook")
                .help("give both `vpc_id` and `subnet_id`, or name a `network`");
                self.report.push(diagnostic);
            }
            return Some((document.vpc_id.value()?.clone(), document.subnet_id.value()?.clone()));
        }
        if has_ids {
            let diagnostic =
                Diagnostic::new(Code::FieldConflict, "a network and a VPC are both given")
                    .at(at(file, &document.network), "")
                    .help("keep `network`, or `vpc_id` with `subnet_id`");
            self.report.push(diagnostic);
        }
        let dependant = Dependant::live(Kind::Notebook, header);
        self.reference(file, &document.network, Kind::Network, &dependant);
        let network = networks.get(document.network.value()?)?;
        if document.environment.value().is_some_and(|own| own != network.environment.id()) {
            let message = format!(
                "network `{}` belongs to environment `{}`",
                network.header.id, network.environment
            );
            let diagnostic = Diagnostic::new(Code::UnknownReference, message)
                .at(at(file, &document.network), "")
                .and(network.header.origin, "declared here")
                .help("name a network of the notebook's environment");
            self.report.push(diagnostic);
        }
        Some((network.vpc.vpc_id.clone(), network.vpc.subnet_ids.first()?.clone()))
    }

    pub(super) fn studio_profile(
        &mut self,
        located: &Located<StudioProfileDocument>,
        header: Header,
        place: &Place<'_, '_>,
    ) -> Option<StudioProfile> {
        let document = &located.document;
        let needs = Needs {
            tenant_permission: TenantPermission::ManageStudioProfiles,
            permission: Some(EnvironmentPermission::CreateStudioProfile),
            feature: Some(("ml_studio", |features| features.ml_studio)),
        };
        let (environment, team) = self.owner(
            Kind::StudioProfile,
            &header,
            (&document.environment, &document.team),
            needs,
            place,
        )?;
        Some(StudioProfile { header, environment: Link::unlinked(environment), team })
    }

    pub(super) fn pipeline(
        &mut self,
        located: &Located<PipelineDocument>,
        header: Header,
        place: &Place<'_, '_>,
    ) -> Option<Pipeline> {
        let Located { document, origin } = located;
        let kind = Kind::Pipeline;
        let strategy = self.required(&document.strategy, "strategy", kind, *origin);
        let stages = self.required(&document.stages, "stages", kind, *origin);
        let owner = self.owner(
            kind,
            &header,
            (&document.environment, &document.team),
            PIPELINE_NEEDS,
            place,
        );
        let stages = stages.map(|stages| self.stages(origin.file, stages, &header, place));
        if let Some(source) = document.source.value() {
            self.connections_exist(origin.file, &source.connection_arn);
        }
        let (environment, team) = owner?;
        Some(Pipeline {
            environment: Link::unlinked(environment),
            team,
            strategy: *strategy?,
            stages: stages?,
            source: document.source.value().and_then(|source| {
                Some(PipelineSource {
                    repository: self
                        .required(&source.repository, "source.repository", kind, *origin)?
                        .clone(),
                    connection_arn: self
                        .required(&source.connection_arn, "source.connection_arn", kind, *origin)?
                        .clone(),
                    branch: source.branch.value().cloned().unwrap_or_else(|| {
                        BranchName::parse("main").expect("the default is a branch")
                    }),
                })
            }),
            retain_on_delete: document.retain_on_delete.value().copied().unwrap_or(true),
            header,
        })
    }

    /// The regions of China have no connections, so such an ARN names nothing.
    ///
    /// Source: CloudFormation's schemas for these regions (cfn-lint 1.58.0) have no connections, and `endpoints.json`
    /// of botocore 1.44.8 has no endpoint there.
    fn connections_exist(&mut self, file: FileId, connection: &Field<ConnectionArn>) {
        let arn = connection.value().and_then(|arn| ArnParts::parse(arn.as_str()));
        if arn.is_some_and(|arn| arn.partition == "aws-cn") {
            let message = "no region of `aws-cn` has connections to repositories of others";
            let diagnostic = Diagnostic::new(Code::NotInRegion, message)
                .at(at(file, connection), "")
                .help("leave `source` out: the pipeline then has a repository of its own in CodeCommit");
            self.report.push(diagnostic);
        }
    }

    fn stages(
        &mut self,
        file: FileId,
        documents: &[Field<StageDocument>],
        header: &Header,
        place: &Place<'_, '_>,
    ) -> Vec<Stage> {
        if documents.is_empty() {
            let message = format!("pipeline `{}` has no stages", header.id);
            let diagnostic = Diagnostic::new(Code::MissingField, message)
                .at(header.origin, "this pipeline")
                .help("add `stages:` with `stage`, `environment` and `team` for each");
            self.report.push(diagnostic);
        }
        let mut stages: Vec<Stage> = Vec::new();
        for entry in documents {
            let Some(document) = entry.value() else { continue };
            let here = at(file, entry);
            let stage = self.entry(&document.stage, "stage", here);
            let environment = self.entry(&document.environment, "environment", here);
            let team = self.entry(&document.team, "team", here);
            self.stage_is_not_cicd(file, &document.stage);
            let dependant = Dependant::live(Kind::Pipeline, header);
            self.reference(file, &document.environment, Kind::Environment, &dependant);
            let (Some(stage), Some(environment), Some(team)) = (stage, environment, team) else {
                continue;
            };
            self.may_own(
                &Ownership {
                    kind: Kind::Pipeline,
                    id: &header.id,
                    team,
                    team_origin: at(file, &document.team),
                    environment: Some(environment),
                    environment_origin: at(file, &document.environment),
                    needs: PIPELINE_NEEDS,
                },
                place,
            );
            if stages.iter().any(|other| other.stage == *stage) {
                let message = format!("pipeline `{}` has two stages `{stage}`", header.id);
                let diagnostic = Diagnostic::new(Code::DuplicateId, message)
                    .at(at(file, &document.stage), "the second one")
                    .help("give one of them another name");
                self.report.push(diagnostic);
                continue;
            }
            stages.push(Stage {
                stage: stage.clone(),
                environment: Link::unlinked(environment.clone()),
                team: team.clone(),
                origin: at(file, &document.team),
            });
        }
        stages
    }

    /// No two stages may deploy the same stack. It is named after the team's role, the pipeline and the stage. Ids
    /// contain hyphens, so stage `c` of `a-b` and stage `b-c` of `a` have the same name.
    pub(super) fn stage_stacks_differ(&mut self, pipelines: &BTreeMap<Id, Pipeline>) {
        let mut seen: BTreeMap<(&Id, &TeamName, String), (&Id, &Stage)> = BTreeMap::new();
        let stages = pipelines
            .values()
            .flat_map(|pipeline| pipeline.stages.iter().map(|stage| (&pipeline.header.id, stage)));
        for (id, stage) in stages {
            let name = format!("{id}-{}", stage.stage);
            let key = (stage.environment.id(), &stage.team, name);
            let Some((first_id, first)) = seen.get(&key).copied() else {
                seen.insert(key, (id, stage));
                continue;
            };
            let message = format!(
                "stage `{}` of pipeline `{id}` and stage `{}` of pipeline `{first_id}` would deploy one stack of team `{}` in environment `{}`, `...-{}`",
                stage.stage, first.stage, stage.team, stage.environment, key.2
            );
            let diagnostic = Diagnostic::new(Code::SameStack, message)
                .at(stage.origin, "the second one")
                .and(first.origin, "the first one")
                .help("give one of the pipelines or of the stages another name");
            self.report.push(diagnostic);
        }
    }

    /// In the seed's `ddk.json`, the entry for CI/CD is beside the stages and is called `cicd`.
    fn stage_is_not_cicd(&mut self, file: FileId, stage: &Field<Id>) {
        if stage.value().is_some_and(|stage| stage.as_str() == "cicd") {
            let message = "no stage has the name `cicd`: in `ddk.json` that is where CI/CD runs";
            let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                .at(at(file, stage), "")
                .help("give the stage another name, such as `dev`");
            self.report.push(diagnostic);
        }
    }

    pub(super) fn dashboard(
        &mut self,
        located: &Located<DashboardDocument>,
        header: Header,
        place: &Place<'_, '_>,
    ) -> Option<Dashboard> {
        let Located { document, origin } = located;
        let needs = Needs {
            tenant_permission: TenantPermission::ManageDashboards,
            permission: Some(EnvironmentPermission::CreateDashboard),
            feature: Some(("dashboards", |features| features.dashboards)),
        };
        let owner = self.owner(
            Kind::Dashboard,
            &header,
            (&document.environment, &document.team),
            needs,
            place,
        );
        let id = self.required(&document.dashboard_id, "dashboard_id", Kind::Dashboard, *origin)?;
        let is_id = (1..=512).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if !is_id {
            let message = "a dashboard's id has 1 to 512 letters, digits, `_` and `-`";
            let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                .at(at(origin.file, &document.dashboard_id), "");
            self.report.push(diagnostic);
        }
        let (environment, team) = owner?;
        Some(Dashboard {
            environment: Link::unlinked(environment),
            team,
            dashboard_id: id.clone(),
            shared_with: distinct(&document.shared_with),
            header,
        })
    }
}

const PIPELINE_NEEDS: Needs = Needs {
    tenant_permission: TenantPermission::ManagePipelines,
    permission: Some(EnvironmentPermission::CreatePipeline),
    feature: Some(("pipelines", |features| features.pipelines)),
};
