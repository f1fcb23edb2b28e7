//! How people come to a role: the statements of its trust policy, and what is meant by them.
//!
//! Each statement names one way and holds it to one team. Session tags are refused but for the one that is asked for: a tag
//! of a session takes the place of the role's own with the same key, and key policies know roles by
//! [`lakewright_synth::ROLE_TAG`]. Source: "Pass session tags in AWS STS" in the IAM user guide.

use lakewright_policies::condition::{Comparison, Condition, Operator};
use lakewright_policies::{Conditions, Principal, Statement};
use lakewright_template::place::Place;
use lakewright_template::{Text, Value};

use crate::role::{Trust, account_of, principal_is, root_arn, shown};

/// The session tag by which a broker says for which team a session is.
pub const TEAM_TAG: &str = "lakewright:team";

/// A way by which people come to a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum People {
    /// The role that IAM Identity Center makes of a permission set in the role's own account.
    PermissionSet {
        /// The permission set.
        name: String,
        /// The region of IAM Identity Center.
        region: String,
    },
    /// A SAML provider of the role's own account.
    Saml {
        /// The provider's name.
        provider: String,
        /// Where assertions are presented.
        endpoint: String,
        /// Subjects of assertions. With groups as well, both must hold.
        members: Vec<String>,
        /// Groups, as the attribute `eduPersonAffiliation` has them.
        groups: Vec<String>,
    },
    /// An OIDC provider of the role's own account.
    Oidc {
        /// The provider's URL without `https://`.
        provider: String,
        /// The audience of tokens.
        audience: String,
        /// Subjects of tokens.
        members: Vec<String>,
    },
    /// A role that says in a session tag for which team it acts, and as whose source identity.
    Broker {
        /// The broker's ARN.
        role: String,
        /// The team.
        team: String,
        /// The source identities; any, when there is none.
        members: Vec<String>,
    },
}

/// One statement of a way, with the name and the ARN of whoever asks.
#[derive(Debug, Clone, PartialEq)]
pub struct ByPeople {
    name: String,
    known_arn: String,
    principal: Principal,
    /// What holds the principal to whoever asks.
    held: Option<Condition>,
    opening: Opening,
}

/// What a statement opens.
#[derive(Debug, Clone, PartialEq)]
struct Opening {
    sid: &'static str,
    action: &'static str,
    conditions: Conditions,
}

impl ByPeople {
    /// The statement of the trust policy.
    pub(crate) fn statement(&self) -> Statement {
        let Opening { sid, action, conditions } = &self.opening;
        let conditions = self.held.iter().cloned().fold(conditions.clone(), Conditions::with);
        Statement::allow(*sid, [*action], [""; 0])
            .for_principals([self.principal.clone()])
            .when(conditions)
    }

    /// What is meant by it: the name and the ARN of whoever asks, the actions, and when.
    pub(crate) fn meant(&self) -> (String, String, Vec<Text>, Vec<String>) {
        let Opening { action, conditions, .. } = &self.opening;
        let actions = vec![(*action).into()];
        (self.name.clone(), self.known_arn.clone(), actions, shown(conditions))
    }
}

impl People {
    /// The trust of a role in this place.
    pub fn trust(&self, place: &Place) -> Vec<Trust> {
        let one = |opening: Opening| {
            Trust::People(Box::new(ByPeople {
                name: self.name(place),
                known_arn: self.known_arn(place),
                principal: self.principal(place),
                held: self.held(place),
                opening,
            }))
        };
        self.openings().into_iter().map(one).collect()
    }

    /// The name on the command line.
    fn name(&self, place: &Place) -> String {
        let account = &place.account;
        match self {
            Self::PermissionSet { name, .. } => format!("permission-set/{account}/{name}"),
            Self::Saml { provider, .. } | Self::Oidc { provider, .. } => {
                format!("identity-provider/{account}/{provider}")
            }
            Self::Broker { role, .. } => {
                format!("broker/{}", role.rsplit('/').next().unwrap_or_default())
            }
        }
    }

    /// The ARN of whoever asks. That of a permission set's role ends in 16 characters that nobody knows before.
    ///
    /// Source: "Referencing permission sets in resource policies, Amazon EKS, and AWS KMS" in the IAM Identity Center user
    /// guide: `AWSReservedSSO_permission-set-name_unique-suffix`, such as `1234567890abcdef`. In `us-east-1` the path has no
    /// region. Names may contain `_`, so a `*` in the place of the suffix would also match the sets of longer names.
    fn known_arn(&self, place: &Place) -> String {
        let (partition, account) = (place.partition(), &place.account);
        match self {
            Self::PermissionSet { name, region } => {
                let region = match region.as_str() {
                    "us-east-1" => String::new(),
                    other => format!("{other}/"),
                };
                let suffix = "?".repeat(16);
                format!(
                    "arn:{partition}:iam::{account}:role/aws-reserved/sso.amazonaws.com/{region}AWSReservedSSO_{name}_{suffix}"
                )
            }
            Self::Saml { provider, .. } => {
                format!("arn:{partition}:iam::{account}:saml-provider/{provider}")
            }
            Self::Oidc { provider, .. } => {
                format!("arn:{partition}:iam::{account}:oidc-provider/{provider}")
            }
            Self::Broker { role, .. } => role.clone(),
        }
    }

    /// Whom the statements name. IAM refuses a role that does not exist yet, so accounts are named and held to roles.
    fn principal(&self, place: &Place) -> Principal {
        match self {
            Self::PermissionSet { .. } => Principal::Aws(root_arn(place, &place.account).into()),
            Self::Saml { .. } | Self::Oidc { .. } => {
                Principal::Federated(self.known_arn(place).into())
            }
            Self::Broker { role, .. } => Principal::Aws(root_arn(place, account_of(role)).into()),
        }
    }

    /// The condition that holds an account to one role of it.
    fn held(&self, place: &Place) -> Option<Condition> {
        match self {
            Self::PermissionSet { .. } => {
                let arn = self.known_arn(place);
                Some(Condition::new(Comparison::ArnLike, "aws:PrincipalArn", arn))
            }
            Self::Broker { role, .. } => Some(principal_is(std::slice::from_ref(role))),
            Self::Saml { .. } | Self::Oidc { .. } => None,
        }
    }

    /// The statements without what names the principal.
    fn openings(&self) -> Vec<Opening> {
        let one = |action: &'static str, conditions: Conditions| {
            vec![Opening { sid: "People", action, conditions }]
        };
        match self {
            Self::PermissionSet { .. } => one("sts:AssumeRole", Conditions::none()),
            Self::Saml { endpoint, members, groups, .. } => {
                let audience = equals("SAML:aud".to_owned(), std::slice::from_ref(endpoint));
                let mut conditions = Conditions::none().with(audience);
                if !members.is_empty() {
                    conditions.add(equals("SAML:sub".to_owned(), members));
                }
                if !groups.is_empty() {
                    // An assertion has the attribute once for each group.
                    let operator = Operator::new(Comparison::StringEquals).for_any_value();
                    let groups = equals("SAML:eduPersonAffiliation".to_owned(), groups);
                    conditions.add(Condition { operator, ..groups });
                }
                one("sts:AssumeRoleWithSAML", conditions)
            }
            Self::Oidc { provider, audience, members } => {
                let audience = equals(format!("{provider}:aud"), std::slice::from_ref(audience));
                let subject = equals(format!("{provider}:sub"), members);
                let conditions = Conditions::none().with(audience).with(subject);
                one("sts:AssumeRoleWithWebIdentity", conditions)
            }
            Self::Broker { team, members, .. } => of_broker(team, members),
        }
    }
}

/// What a broker does: it assumes the role with the team's tag and a source identity, and needs a permission for each of
/// both. Each action has the keys that it carries in the service authorization reference: there `sts:TagSession` has no
/// `sts:SourceIdentity`, and `sts:SetSourceIdentity` no tags, so that one statement for all three would allow nothing.
///
/// Source: "Pass session tags in AWS STS" and "Monitor and control actions taken with assumed roles" in the IAM user guide.
fn of_broker(team: &str, members: &[String]) -> Vec<Opening> {
    let tag = equals(format!("aws:RequestTag/{TEAM_TAG}"), &[team.to_owned()]);
    let only = equals("aws:TagKeys".to_owned(), &[TEAM_TAG.to_owned()]);
    let operator = Operator::new(Comparison::StringEquals).for_all_values();
    let tagged = Conditions::none()
        .with(tag)
        .with(Condition { operator, ..only })
        .with(Condition::new(Comparison::Null, "aws:TagKeys", "false"));
    let identity = if members.is_empty() {
        Condition::new(Comparison::Null, "sts:SourceIdentity", "false")
    } else {
        equals("sts:SourceIdentity".to_owned(), members)
    };
    let identified = Conditions::none().with(identity.clone());
    vec![
        Opening {
            sid: "People",
            action: "sts:AssumeRole",
            conditions: tagged.clone().with(identity),
        },
        Opening { sid: "PeopleIdentity", action: "sts:SetSourceIdentity", conditions: identified },
        Opening { sid: "PeopleTeam", action: "sts:TagSession", conditions: tagged },
    ]
}

/// The condition that a key has one of these values.
fn equals(key: String, values: &[String]) -> Condition {
    Condition {
        operator: Operator::new(Comparison::StringEquals),
        key: key.into(),
        values: values.iter().cloned().map(Value::from).collect(),
    }
}
