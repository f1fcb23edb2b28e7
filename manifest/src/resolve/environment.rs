//! Environments, and the documents that belong to their account and region.

use std::collections::BTreeMap;

use lakewright_template::AccountId;
use lakewright_template::arn::ArnParts;

use super::denial::left_of;
use super::{Context, Dependant, Needs, Ownership, Place, Scope, at, distinct, values};
use crate::Code;
use crate::decode::suggest;
use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::document::{
    ConsumptionRoleDocument, DefaultVpcDocument, EnvironmentDocument, EnvironmentTeamDocument,
    FeaturesDocument, Kind, NetworkDocument,
};
use crate::field::Field;
use crate::mesh::{
    ConsumptionRole, Environment, EnvironmentPermission, EnvironmentTeam, Features, Header, Link,
    Network, StudioVpc, Tenant, TenantPermission, Vpc,
};
use crate::name::{Id, PolicyArn, SubnetId, TeamName, VpcId};
use crate::parse::Located;

impl Context {
    pub(super) fn environment(
        &mut self,
        located: &Located<EnvironmentDocument>,
        header: Header,
        scope: &Scope<'_>,
    ) -> Option<Environment> {
        let Located { document, origin } = located;
        let kind = Kind::Environment;
        let organization = self.required(&document.organization, "organization", kind, *origin);
        let account = self.required(&document.account, "account", kind, *origin);
        let region = self.required(&document.region, "region", kind, *origin);
        let team = self.required(&document.team, "team", kind, *origin);
        let dependant = Dependant::live(kind, &header);
        self.reference(origin.file, &document.organization, Kind::Organization, &dependant);
        self.linked_by_an_admin(document, &header, scope);
        let features = features(document.features.value());
        let studio_vpc = if features.ml_studio { self.studio_vpc(document, &header) } else { None };
        if let Some(region) = region {
            self.types_exist(region.as_str(), features, at(origin.file, &document.region));
        }
        self.settings_are_used(document, features, &header);
        let (team, account) = (team?, AccountId::from(account?));
        self.inviting_is_allowed(&document.teams, team, &header, scope.tenant);
        self.terms_are_allowed(&header, team, scope.tenant);
        let teams = self.environment_teams(document, team, &header, scope.tenant);
        let permissions_boundary = self.boundary(document, scope, origin.file, &account);
        Some(Environment {
            organization: Link::unlinked(organization?.clone()),
            account,
            permissions_boundary,
            account_at: at(origin.file, &document.account),
            region: region?.into(),
            team: team.clone(),
            resource_prefix: match document.resource_prefix.value() {
                Some(prefix) => prefix.clone(),
                None => scope.tenant?.resource_prefix.clone(),
            },
            features,
            features_at: if document.features.is_absent() {
                at(origin.file, &document.team)
            } else {
                at(origin.file, &document.features)
            },
            studio_vpc,
            producers_topic: document
                .subscriptions
                .value()
                .and_then(|subscriptions| subscriptions.producers_topic.value().cloned()),
            teams,
            vpc_cidrs: self.vpc_cidrs(document, origin.file),
            availability_zones: document
                .context
                .value()
                .map(|context| distinct(&context.availability_zones))
                .unwrap_or_default(),
            quicksight: self.quicksight(document, features, &header),
            alarms: self.alarms(document, origin.file),
            retain_on_delete: document.retain_on_delete.value().copied().unwrap_or(true),
            header,
        })
    }

    /// Settings of a feature that is off would be ignored. An additional topic must be in the
    /// environment's account: the queue does not accept messages from another account.
    fn settings_are_used(
        &mut self,
        document: &EnvironmentDocument,
        features: Features,
        header: &Header,
    ) {
        let file = header.origin.file;
        let given = document.features.value();
        // The intention of a value that could not be decoded is unknown.
        let is_off = |is_on: bool, field: fn(&FeaturesDocument) -> &Field<bool>| {
            !is_on
                && !document.features.is_invalid()
                && given.is_none_or(|given| !field(given).is_invalid())
        };
        let settings = [
            (
                "ml_studio",
                !document.ml_studio.is_absent()
                    && is_off(features.ml_studio, |given| &given.ml_studio),
                at(file, &document.ml_studio),
            ),
            (
                "subscriptions",
                !document.subscriptions.is_absent()
                    && is_off(features.subscriptions, |given| &given.subscriptions),
                at(file, &document.subscriptions),
            ),
        ];
        for (name, is_unused, origin) in settings {
            if is_unused {
                let message =
                    format!("environment `{}` has settings for `{name}`, which is off", header.id);
                let diagnostic = Diagnostic::new(Code::FeatureOff, message)
                    .at(origin, "")
                    .help(format!("set `features: {{ {name}: true }}`, or remove the settings"));
                self.report.push(diagnostic);
            }
        }
        let topic =
            document.subscriptions.value().map(|subscriptions| &subscriptions.producers_topic);
        let (Some(topic), Some(account)) = (topic, document.account.value()) else { return };
        if let Some(arn) = topic.value()
            && ArnParts::parse(arn.as_str()).map(|arn| arn.account) != Some(account.as_str())
        {
            let message = format!("this topic is not in account {account}");
            let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                .at(at(file, topic), "")
                .help("producers write to a topic of the environment's own account");
            self.report.push(diagnostic);
        }
    }

    /// The permissions boundary of roles. It must be in the role's own account: the tenant's boundary
    /// means the policy of this name in each account, and the environment's own boundary is checked.
    fn boundary(
        &mut self,
        document: &EnvironmentDocument,
        scope: &Scope<'_>,
        file: FileId,
        account: &AccountId,
    ) -> Option<PolicyArn> {
        if let Some(own) = document.permissions_boundary.value() {
            if own.account() != "aws" && own.account() != account.as_str() {
                let message = format!(
                    "this boundary is a policy of account {}, not of {account}",
                    own.account()
                );
                let origin = at(file, &document.permissions_boundary);
                let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                    .at(origin, "")
                    .help("IAM takes a boundary from the role's own account, or one of AWS's");
                self.report.push(diagnostic);
            }
            return Some(own.clone());
        }
        scope.tenant?.permissions_boundary.as_ref().map(|boundary| boundary.in_account(account))
    }

    /// Only the organization's team and its admins may link environments, and only to an
    /// organization that is not archived.
    fn linked_by_an_admin(
        &mut self,
        document: &EnvironmentDocument,
        header: &Header,
        scope: &Scope<'_>,
    ) {
        let organization = document.organization.value().and_then(|id| scope.organizations.get(id));
        let Some(organization) = organization else { return };
        let file = header.origin.file;
        if organization.archived {
            let message = format!("organization `{}` is archived", organization.header.id);
            let diagnostic = Diagnostic::new(Code::ArchivedOrganization, message)
                .at(at(file, &document.organization), "this environment still belongs to it")
                .and(organization.header.origin, "archived here")
                .help(
                    "an archived organization has no environments; move or remove the environment",
                );
            self.report.push(diagnostic);
        }
        let linked_by = document.linked_by.value().unwrap_or(&organization.team);
        if *linked_by != organization.team && !organization.admins.contains(linked_by) {
            let message = format!(
                "team `{linked_by}` may not link environments to organization `{}`",
                organization.header.id
            );
            let may_link = std::iter::once(&organization.team).chain(&organization.admins);
            let may_link = may_link.map(TeamName::as_str);
            let diagnostic = Diagnostic::new(Code::OrganizationAdmin, message)
                .at(at(file, &document.linked_by), "")
                .and(organization.header.origin, "its team and its `admins` may")
                .help(suggest(linked_by.as_str(), may_link).map_or_else(
                    || "add the team to the organization's `admins`".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                ));
            self.report.push(diagnostic);
        }
        let ownership = Ownership {
            kind: Kind::Environment,
            id: &header.id,
            team: linked_by,
            team_origin: if document.linked_by.is_absent() {
                header.origin
            } else {
                at(file, &document.linked_by)
            },
            environment: None,
            environment_origin: header.origin,
            needs: Needs {
                tenant_permission: TenantPermission::ManageEnvironments,
                permission: None,
                feature: None,
            },
        };
        self.has_tenant_permission(&ownership, scope.tenant);
    }

    fn environment_teams(
        &mut self,
        document: &EnvironmentDocument,
        own: &TeamName,
        header: &Header,
        tenant: Option<&Tenant>,
    ) -> Vec<EnvironmentTeam> {
        let file = header.origin.file;
        let mut invited: BTreeMap<&TeamName, EnvironmentTeam> = BTreeMap::new();
        for field in document.teams.value().into_iter().flatten() {
            let Some(entry) = field.value() else { continue };
            let EnvironmentTeamDocument { team, permissions, iam_role_arn, forms: _ } = entry;
            let Some(name) = self.entry(team, "team", at(file, field)) else {
                continue;
            };
            let origin = at(file, team);
            if name == own || invited.contains_key(name) {
                let message =
                    format!("team `{name}` is listed twice in environment `{}`", header.id);
                let diagnostic = Diagnostic::new(Code::DuplicateId, message)
                    .at(origin, "the second time")
                    .help(if name == own {
                        "the environment's own team has all permissions and is not invited"
                    } else {
                        "keep one entry with the permissions of both"
                    });
                self.report.push(diagnostic);
                continue;
            }
            self.role_is_here(iam_role_arn, document, header);
            self.permissions_have_features(file, permissions, document, header);
            let member = EnvironmentTeam {
                team: name.clone(),
                permissions: left_of(values(permissions), name, tenant),
                iam_role_arn: iam_role_arn.value().cloned(),
                origin,
            };
            invited.insert(name, member);
        }
        self.role_is_here(&document.iam_role_arn, document, header);
        let own = EnvironmentTeam {
            team: own.clone(),
            permissions: left_of(EnvironmentPermission::ALL, own, tenant),
            iam_role_arn: document.iam_role_arn.value().cloned(),
            origin: at(file, &document.team),
        };
        std::iter::once(own).chain(invited.into_values()).collect()
    }

    /// An imported role must be a role of the environment's account.
    fn role_is_here(
        &mut self,
        role: &Field<crate::name::RoleArn>,
        document: &EnvironmentDocument,
        header: &Header,
    ) {
        let Some(role_arn) = role.value() else { return };
        self.owner_can_change(role_arn, at(header.origin.file, role));
        let Some(account) = document.account.value() else { return };
        if role_arn.account() != account.as_str() {
            let message = format!(
                "this role is in account {}, environment `{}` in {account}",
                role_arn.account(),
                header.id
            );
            let diagnostic = Diagnostic::new(Code::InvalidValue, message)
                .at(at(header.origin.file, role), "")
                .help("a team's role is a role of the environment's account");
            self.report.push(diagnostic);
        }
    }

    /// The VPC of the ML Studio domain: the VPC that the mesh names, else the region's default VPC, else
    /// one that the stack creates.
    fn studio_vpc(&mut self, document: &EnvironmentDocument, header: &Header) -> Option<StudioVpc> {
        let file = header.origin.file;
        if let Some(given) = document.ml_studio.value() {
            let origin = at(file, &document.ml_studio);
            return self.vpc(&given.vpc_id, &given.subnet_ids, origin).map(StudioVpc::Given);
        }
        let default = document.context.value().map(|context| &context.default_vpc);
        // The intention of a value that could not be decoded is unknown; the error has been reported.
        if document.ml_studio.is_invalid()
            || document.context.is_invalid()
            || default.is_some_and(Field::is_invalid)
        {
            return None;
        }
        let Some(field) = default.filter(|field| field.value().is_some()) else {
            let message = format!(
                "ML Studio is on in environment `{}`, and it is not known whether its region has a default VPC",
                header.id
            );
            let diagnostic = Diagnostic::new(Code::ContextMissing, message)
                .at(header.origin, "this environment")
                .help(
                    "name a VPC under `ml_studio`, or say under `context: default_vpc` which one the \
                     region has (`exists: false` when it has none)",
                );
            self.report.push(diagnostic);
            return None;
        };
        let DefaultVpcDocument { exists, vpc_id, subnet_ids } = field.value()?;
        if exists.is_invalid() {
            return None;
        }
        if exists.value() == Some(&false) {
            self.zones_are_known(document, header);
            return Some(StudioVpc::Created);
        }
        self.vpc(vpc_id, subnet_ids, at(file, field)).map(StudioVpc::Default)
    }

    fn vpc(
        &mut self,
        vpc_id: &Field<VpcId>,
        subnet_ids: &Field<Vec<Field<SubnetId>>>,
        origin: Origin,
    ) -> Option<Vpc> {
        let subnets = distinct(subnet_ids);
        if vpc_id.is_absent()
            || subnet_ids.is_absent()
            || subnet_ids.value().is_some_and(Vec::is_empty)
        {
            let diagnostic = Diagnostic::new(Code::MlStudioVpc, "a VPC is given in part only")
                .at(origin, "")
                .help("give both `vpc_id` and at least one of `subnet_ids`");
            self.report.push(diagnostic);
        }
        Some(Vpc { vpc_id: vpc_id.value()?.clone(), subnet_ids: subnets })
    }

    /// CloudFormation must have the resource types of the features in the region.
    fn types_exist(&mut self, region: &str, features: Features, origin: Origin) {
        let is_needed = |kind: &str| match kind.split("::").nth(1).unwrap_or_default() {
            // Where CloudFormation does not have the group's type, dashboards work without a group.
            "QuickSight" => features.dashboards && kind != "AWS::QuickSight::Group",
            "SageMaker" | "EC2" => features.ml_studio || features.notebooks,
            "CodeBuild" | "CodeCommit" | "CodePipeline" => features.pipelines,
            "SNS" | "SQS" => features.subscriptions,
            "Athena" => features.worksheets,
            "Glue" | "LakeFormation" => features.datasets,
            // Types of the platform's own stack and of the policy store, which are in the home region.
            "CloudWatch" | "Scheduler" | "StepFunctions" | "VerifiedPermissions" | "WAFv2" => false,
            _ => true,
        };
        let help = "choose another region, or switch the feature off";
        self.lacks_nothing(region, is_needed, ("this environment", help), origin);
    }

    /// CloudFormation must have the resource types of the platform's stack in the home region.
    pub(super) fn platform_types_exist(&mut self, region: &str, origin: Origin) {
        let is_needed = |kind: &str| {
            let service = kind.split("::").nth(1).unwrap_or_default();
            let own =
                ["CloudWatch", "CodeBuild", "Events", "KMS", "Logs", "S3", "SNS", "Scheduler"];
            own.contains(&service) || ["StepFunctions", "WAFv2"].contains(&service)
        };
        self.lacks_nothing(region, is_needed, ("the platform", "choose another region"), origin);
    }

    /// CloudFormation must have the resource types of the policy store in the home region.
    pub(super) fn policy_store_types_exist(&mut self, region: &str, origin: Origin) {
        let is_needed = |kind: &str| kind.starts_with("AWS::VerifiedPermissions::");
        let help = "a mesh in this region has no policy store; remove `governance`";
        self.lacks_nothing(region, is_needed, ("the policy store", help), origin);
    }

    fn lacks_nothing(
        &mut self,
        region: &str,
        is_needed: impl Fn(&str) -> bool,
        (whose, help): (&str, &str),
        origin: Origin,
    ) {
        let lacking = lakewright_template::schema::regions().get(region).into_iter().flatten();
        for kind in lacking.filter(|kind| is_needed(kind)) {
            let message = format!("{region} has no {kind}, which {whose} needs");
            let diagnostic = Diagnostic::new(Code::NotInRegion, message).at(origin, "").help(help);
            self.report.push(diagnostic);
        }
    }

    /// Warns of a second environment in the same account and region.
    pub(super) fn places_are_unique(&mut self, environments: &BTreeMap<Id, Environment>) {
        let mut seen: BTreeMap<(&str, &str), Vec<&Environment>> = BTreeMap::new();
        for environment in environments.values() {
            let place = (environment.account.as_str(), environment.region.as_str());
            let here = seen.entry(place).or_default();
            if let Some(first) = here.first() {
                let message = format!(
                    "environments `{}` and `{}` are both in account {} and {}",
                    first.header.id, environment.header.id, place.0, place.1
                );
                let diagnostic = Diagnostic::new(Code::SameAccountRegion, message)
                    .at(environment.header.origin, "the second one")
                    .and(first.header.origin, "the first one")
                    .help("they share Lake Formation's settings; one environment with more teams is safer");
                self.report.push(diagnostic);
            }
            for other in here.iter() {
                self.teams_differ(other, environment);
            }
            here.push(environment);
        }
    }

    /// No prefix of names may continue another prefix in the same account: policies for `fin-*` would match
    /// what is created for `fin-a-*`.
    pub(super) fn prefixes_differ(
        &mut self,
        tenant: Option<&Tenant>,
        environments: &BTreeMap<Id, Environment>,
    ) {
        let central = tenant.map(|tenant| {
            let whose = format!("tenant `{}`", tenant.header.id);
            (tenant.central_account.as_str(), &tenant.resource_prefix, whose, tenant.header.origin)
        });
        let own = environments.values().map(|environment| {
            let Environment { header, account, resource_prefix, .. } = environment;
            let whose = format!("environment `{}`", header.id);
            (account.as_str(), resource_prefix, whose, header.origin)
        });
        let all: Vec<_> = central.into_iter().chain(own).collect();
        for (account, prefix, whose, origin) in &all {
            let begins_with = |other: &str| {
                prefix.as_str().strip_prefix(other).is_some_and(|rest| rest.starts_with('-'))
            };
            let shorter = all
                .iter()
                .find(|(place, other, ..)| place == account && begins_with(other.as_str()));
            if let Some((_, other, first, first_origin)) = shorter {
                let message = format!(
                    "the prefix `{prefix}` of {whose} begins like `{other}` of {first}, both in account {account}"
                );
                let diagnostic = Diagnostic::new(Code::NestedPrefix, message)
                    .at(*origin, "the longer prefix")
                    .and(*first_origin, "the shorter one")
                    .help("policies name what begins with a prefix; choose one that begins with no other and a hyphen");
                self.report.push(diagnostic);
            }
        }
    }

    /// Two environments with the same account, region and prefix must have no team in common.
    fn teams_differ(&mut self, first: &Environment, second: &Environment) {
        if first.resource_prefix != second.resource_prefix {
            return;
        }
        for team in &second.teams {
            let Some(other) = first.teams.iter().find(|other| other.team == team.team) else {
                continue;
            };
            let message = format!(
                "team `{}` is in environments `{}` and `{}`, which share account, region and prefix",
                team.team, first.header.id, second.header.id
            );
            let diagnostic = Diagnostic::new(Code::AmbiguousTeam, message)
                .at(team.origin, "the second one")
                .and(other.origin, "the first one")
                .help("its role in one would reach what its role in the other makes; give one environment another team, or a `resource_prefix` of its own");
            self.report.push(diagnostic);
        }
    }

    pub(super) fn network(
        &mut self,
        located: &Located<NetworkDocument>,
        header: Header,
        place: &Place<'_, '_>,
    ) -> Option<Network> {
        let Located { document, origin } = located;
        let needs = Needs {
            tenant_permission: TenantPermission::ManageEnvironments,
            permission: Some(EnvironmentPermission::CreateNetwork),
            feature: None,
        };
        let (environment, team) = self.owner(
            Kind::Network,
            &header,
            (&document.environment, &document.team),
            needs,
            place,
        )?;
        let vpc = self.vpc(&document.vpc_id, &document.subnet_ids, *origin)?;
        Some(Network { header, environment: Link::unlinked(environment), team, vpc })
    }

    pub(super) fn consumption_role(
        &mut self,
        located: &Located<ConsumptionRoleDocument>,
        header: Header,
        place: &Place<'_, '_>,
    ) -> Option<ConsumptionRole> {
        let Located { document, origin } = located;
        let kind = Kind::ConsumptionRole;
        let role_arn = self.required(&document.role_arn, "role_arn", kind, *origin);
        let needs = Needs {
            tenant_permission: TenantPermission::ManageEnvironments,
            permission: Some(EnvironmentPermission::AddConsumptionRoles),
            feature: None,
        };
        let (environment, team) =
            self.owner(kind, &header, (&document.environment, &document.team), needs, place)?;
        let role_arn = role_arn?;
        if let Some(target) = place.environments.get(&environment)
            && target.account.as_str() != role_arn.account()
        {
            let message = format!(
                "the role is in account {}, environment `{environment}` in {}",
                role_arn.account(),
                target.account
            );
            let diagnostic = Diagnostic::new(Code::ConsumerRoleAccount, message)
                .at(at(origin.file, &document.role_arn), "")
                .and(target.header.origin, "the environment")
                .help("register the role in an environment of its own account");
            self.report.push(diagnostic);
        }
        let managed = document.managed.value().copied().unwrap_or(true);
        if managed {
            self.role_can_be_changed(role_arn, at(origin.file, &document.role_arn));
        }
        Some(ConsumptionRole {
            header,
            environment: Link::unlinked(environment),
            team,
            role_arn: role_arn.clone(),
            managed,
        })
    }
}

/// The features of an environment; features that are not set have their defaults.
pub(super) fn features(given: Option<&FeaturesDocument>) -> Features {
    let is_on = |field: fn(&FeaturesDocument) -> &Field<bool>, default: bool| {
        given.and_then(|features| field(features).value().copied()).unwrap_or(default)
    };
    Features {
        datasets: is_on(|features| &features.datasets, true),
        notebooks: is_on(|features| &features.notebooks, false),
        ml_studio: is_on(|features| &features.ml_studio, false),
        pipelines: is_on(|features| &features.pipelines, false),
        dashboards: is_on(|features| &features.dashboards, false),
        worksheets: is_on(|features| &features.worksheets, true),
        subscriptions: is_on(|features| &features.subscriptions, false),
    }
}
