//! Worksheets, notebooks, ML Studio profiles and pipelines.

use super::{Dataset, Environment, IdOf, Network, Share, builder};
use crate::document::{
    InstanceType, NotebookDocument, PipelineDocument, StageDocument, Strategy,
    StudioProfileDocument, WorksheetDocument,
};
use crate::field::Field;
use crate::name::{
    BranchName, CatalogName, ConnectionArn, Id, RepositoryName, SubnetId, TeamName, VpcId,
    WorksheetDatabase,
};

builder! {
    /// A named Athena query in a team's workgroup.
    Worksheet of WorksheetDocument
}

impl Worksheet {
    /// With the environment, the team, and the query. Without a database it runs against `default`.
    pub fn new(
        id: Id,
        environment: &impl IdOf<Environment>,
        team: TeamName,
        query: impl Into<String>,
    ) -> Self {
        let document = WorksheetDocument {
            id: Field::of(id.clone()),
            environment: Field::of(environment.id_of().clone()),
            team: Field::of(team),
            query: Field::of(query.into()),
            ..WorksheetDocument::default()
        };
        Self { id, document, wrong: Vec::new() }
    }

    /// Runs it against a dataset's database, whatever its name.
    #[must_use]
    pub fn on_dataset(mut self, dataset: &impl IdOf<Dataset>) -> Self {
        self.document.database = Field::of(WorksheetDatabase::Dataset(dataset.id_of().clone()));
        self
    }

    /// Runs it against the database in the consumer's catalog that links to the tables of a share.
    #[must_use]
    pub fn on_share(mut self, share: &impl IdOf<Share>) -> Self {
        self.document.database = Field::of(WorksheetDatabase::Share(share.id_of().clone()));
        self
    }

    /// Runs it against a database with this name in Glue's catalog.
    #[must_use]
    pub fn on_database(mut self, name: CatalogName) -> Self {
        self.document.database = Field::of(WorksheetDatabase::Named(name));
        self
    }
}

builder! {
    /// A SageMaker notebook instance.
    Notebook of NotebookDocument
}

/// How a notebook is connected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotebookNetwork {
    /// Through the first subnet of a network of the environment.
    Network(Id),
    /// Through a subnet of a VPC.
    Subnet(VpcId, SubnetId),
    /// Through SageMaker's own network, with direct access to the internet.
    Internet,
}

impl NotebookNetwork {
    /// Through the first subnet of a network of the environment.
    pub fn of(network: &impl IdOf<Network>) -> Self {
        Self::Network(network.id_of().clone())
    }
}

/// The size of a notebook's volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum VolumeSize {
    /// 32 GiB.
    #[default]
    Gib32,
    /// 64 GiB.
    Gib64,
    /// 128 GiB.
    Gib128,
    /// 256 GiB.
    Gib256,
}

impl Notebook {
    /// With the environment, the team, and how it is connected.
    pub fn new(
        id: Id,
        environment: &impl IdOf<Environment>,
        team: TeamName,
        network: NotebookNetwork,
    ) -> Self {
        let mut document = NotebookDocument {
            id: Field::of(id.clone()),
            environment: Field::of(environment.id_of().clone()),
            team: Field::of(team),
            ..NotebookDocument::default()
        };
        match network {
            NotebookNetwork::Network(id) => document.network = Field::of(id),
            NotebookNetwork::Subnet(vpc_id, subnet_id) => {
                document.vpc_id = Field::of(vpc_id);
                document.subnet_id = Field::of(subnet_id);
            }
            NotebookNetwork::Internet => document.internet_access = Field::of(true),
        }
        Self { id, document, wrong: Vec::new() }
    }

    /// Sets the instance type. Default: `ml.t3.medium`.
    #[must_use]
    pub fn instance_type(mut self, instance_type: InstanceType) -> Self {
        self.document.instance_type = Field::of(instance_type);
        self
    }

    /// Sets the size of the volume. Default: 32 GiB.
    #[must_use]
    pub fn volume_size(mut self, size: VolumeSize) -> Self {
        self.document.volume_size = Field::of(match size {
            VolumeSize::Gib32 => 32,
            VolumeSize::Gib64 => 64,
            VolumeSize::Gib128 => 128,
            VolumeSize::Gib256 => 256,
        });
        self
    }

    /// Gives it direct access to the internet, besides its VPC.
    #[must_use]
    pub fn with_internet_access(mut self) -> Self {
        self.document.internet_access = Field::of(true);
        self
    }

    /// Sets whether its users have root access. Default: false.
    #[must_use]
    pub fn root_access(mut self, has_root: bool) -> Self {
        self.document.root_access = Field::of(has_root);
        self
    }
}

builder! {
    /// A user profile of an environment's ML Studio domain.
    StudioProfile of StudioProfileDocument
}

impl StudioProfile {
    /// With the environment and the team.
    pub fn new(id: Id, environment: &impl IdOf<Environment>, team: TeamName) -> Self {
        let document = StudioProfileDocument {
            id: Field::of(id.clone()),
            environment: Field::of(environment.id_of().clone()),
            team: Field::of(team),
            ..StudioProfileDocument::default()
        };
        Self { id, document, wrong: Vec::new() }
    }
}

builder! {
    /// A data pipeline: a repository, and the CI/CD that deploys it.
    Pipeline of PipelineDocument
}

impl Pipeline {
    /// With the environment in which CI/CD runs, the team, the deployment strategy, and the first stage.
    pub fn new(
        id: Id,
        environment: &impl IdOf<Environment>,
        team: TeamName,
        strategy: Strategy,
        stage: Stage,
    ) -> Self {
        let document = PipelineDocument {
            id: Field::of(id.clone()),
            environment: Field::of(environment.id_of().clone()),
            team: Field::of(team),
            strategy: Field::of(strategy),
            ..PipelineDocument::default()
        };
        Self { id, document, wrong: Vec::new() }.stage(stage)
    }

    /// Adds the next stage, in the order of deployment.
    #[must_use]
    pub fn stage(mut self, stage: Stage) -> Self {
        self.document.stages.push(stage.0);
        self
    }

    /// Sets an existing repository. Default: a CodeCommit repository is created and filled.
    #[must_use]
    pub fn source(mut self, repository: Repository) -> Self {
        let Repository { name, connection, branch } = repository;
        self.document.source.change(|source| {
            source.repository = Field::of(name);
            source.connection_arn = Field::of(connection);
            source.branch = branch.map(Field::of).unwrap_or_default();
        });
        self
    }

    /// Sets whether repository and artifacts are retained when the pipeline is removed. Default: true.
    #[must_use]
    pub fn retain_on_delete(mut self, retain: bool) -> Self {
        self.document.retain_on_delete = Field::of(retain);
        self
    }
}

/// A stage of a pipeline.
#[derive(Debug, Clone)]
pub struct Stage(StageDocument);

impl Stage {
    /// With its name, such as `dev`, the environment that it deploys to, and the team in that environment.
    pub fn new(stage: Id, environment: &impl IdOf<Environment>, team: TeamName) -> Self {
        Self(StageDocument {
            stage: Field::of(stage),
            environment: Field::of(environment.id_of().clone()),
            team: Field::of(team),
        })
    }
}

/// An existing repository, which is reached through a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    name: RepositoryName,
    connection: ConnectionArn,
    branch: Option<BranchName>,
}

impl Repository {
    /// With its name at its host, and the connection of AWS CodeConnections.
    pub fn new(name: RepositoryName, connection: ConnectionArn) -> Self {
        Self { name, connection, branch: None }
    }

    /// Sets the branch that `trunk` and `cdk_trunk` follow. Default: `main`.
    #[must_use]
    pub fn branch(mut self, branch: BranchName) -> Self {
        self.branch = Some(branch);
        self
    }
}
