//! How people assume a role: the statements of its trust policy, and their intended grants.
//!
//! Each statement covers one sign-in method and one team. All session tags are refused except the tag that selects the team:
//! a session tag replaces the role's own tag with the same key, and key policies identify roles by
//! [`lakewright_synth::ROLE_TAG`]. Source: "Pass session tags in AWS STS" in the IAM user guide.

use lakewright_policies::condition::{Comparison, Condition, Operator};
use lakewright_policies::{Conditions, Principal, Statement};
use lakewright_template::place::Place;
use lakewright_template::{Text, Value};

use crate::role::{Trust, account_of, principal_is, shown};

/// The session tag with which a broker selects the team of a session.
pub const TEAM_TAG: &str = "lakewright:team";

/// A method by which people assume a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum People {
    /// The role that IAM Identity Center creates for a permission set in the role's own account.
    PermissionSet {
        /// The permission set's name.
        name: String,
        /// The region of IAM Identity Center.
        region: String,
    },
    /// A SAML provider of the role's own account.
    Saml {
        /// The provider's name.
        provider: String,
        /// The endpoint that receives assertions, the value of `SAML:aud`.
        endpoint: String,
        /// The subjects of assertions. If groups are set too, an assertion must match both.
        members: Vec<String>,
        /// Groups, as in the attribute `eduPersonAffiliation`.
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
    /// A role that sets the team in a session tag, and the person in the source identity.
    Broker {
        /// The broker's ARN.
        role: String,
        /// The team.
        team: String,
        /// The source identities; empty for any.
        members: Vec<String>,
    },
}

/// One statement for a method, and the name and ARN of the principal that assumes the role.
#[derive(Debug, Clone, PartialEq)]
pub struct ByPeople {
    name: String,
    known_arn: String,
    principal: Principal,
    /// The condition that restricts an account to the role that assumes.
    held: Option<Condition>,
    opening: Opening,
}

/// The parts of a statement that do not depend on the principal.
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

    /// The intended grant of the statement: the principal's name and ARN, the actions, and the conditions.
    pub(crate) fn meant(&self) -> (String, String, Vec<Text>, Vec<String>) {
        let Opening { action, conditions, .. } = &self.opening;
        let actions = vec![(*action).into()];
        (self.name.clone(), self.known_arn.clone(), actions, shown(conditions))
    }
}

impl People {
    /// The trust of a role in this account and region: one entry for each statement.
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

    /// The principal's name on the command line.
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

    /// The ARN of the principal. The ARN of a permission set's role ends in 16 characters that are unknown in advance.
    ///
    /// Source: "Referencing permission sets in resource policies, Amazon EKS, and AWS KMS" in the IAM Identity Center user
    /// guide: `AWSReservedSSO_permission-set-name_unique-suffix`, such as `1234567890abcdef`. In `us-east-1` the path has no
    /// region. Names may contain `_`, so a `*` in place of the suffix would also match permission sets with longer names.
    fn known_arn(&self, place: &Place) -> String {
        match self {
            Self::PermissionSet { name, region } => {
                let region = match region.as_str() {
                    "us-east-1" => String::new(),
                    other => format!("{other}/"),
                };
                let suffix = "?".repeat(16);
                let path = format!("aws-reserved/sso.amazonaws.com/{region}");
                place.role_arn(&format!("{path}AWSReservedSSO_{name}_{suffix}"))
            }
            Self::Saml { provider, .. } => {
                place.global_arn("iam", &format!("saml-provider/{provider}"))
            }
            Self::Oidc { provider, .. } => {
                place.global_arn("iam", &format!("oidc-provider/{provider}"))
            }
            Self::Broker { role, .. } => role.clone(),
        }
    }

    /// The principal of the statements. IAM rejects a role that does not exist yet, so a statement names the account and
    /// restricts it to the role by a condition.
    fn principal(&self, place: &Place) -> Principal {
        match self {
            Self::PermissionSet { .. } => Principal::Aws(place.root_arn(&place.account).into()),
            Self::Saml { .. } | Self::Oidc { .. } => {
                Principal::Federated(self.known_arn(place).into())
            }
            Self::Broker { role, .. } => Principal::Aws(place.root_arn(account_of(role)).into()),
        }
    }

    /// The condition that restricts an account to one of its roles.
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

    /// The statements of the method, without their principal.
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
                    // An assertion repeats the attribute for each group.
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

/// The statements for a broker. It assumes the role with the team's tag and a source identity, and needs a permission for
/// each of the three actions. They are separate statements because, in the service authorization reference, each action
/// supports other condition keys: `sts:TagSession` has no `sts:SourceIdentity`, and `sts:SetSourceIdentity` has no tags. One
/// statement for all three would allow nothing.
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

/// The condition that a key equals one of these values.
fn equals(key: String, values: &[String]) -> Condition {
    Condition {
        operator: Operator::new(Comparison::StringEquals),
        key: key.into(),
        values: values.iter().cloned().map(Value::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use lakewright_template::write::value_to_compact_json;

    use super::*;
    use crate::testing::place;

    /// The statements of a method, as text.
    fn statements(people: &People) -> Vec<String> {
        let of = |trust: &Trust| {
            let Trust::People(one) = trust else { return None };
            Some(value_to_compact_json(&one.statement().into_value()))
        };
        people.trust(&place()).iter().filter_map(of).collect()
    }

    fn permission_set(region: &str) -> String {
        let people = People::PermissionSet {
            name: "DatabaseAdministrator".to_owned(),
            region: region.to_owned(),
        };
        statements(&people).join("")
    }

    /// "Referencing permission sets in resource policies, Amazon EKS, and AWS KMS" in the IAM Identity Center user guide:
    /// `.../eu-west-2/AWSReservedSSO_DatabaseAdministrator_1234567890abcdef`, without a region in `us-east-1`. "IAM JSON
    /// policy elements: Condition operators": `ArnLike` compares `?` with one character, so the sixteen of the suffix
    /// leave no room for the longer name of another permission set.
    #[test]
    fn a_permission_set_is_the_role_that_identity_center_makes_for_it() {
        let path = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com";
        let name = "AWSReservedSSO_DatabaseAdministrator_????????????????";
        assert_eq!("1234567890abcdef".len(), name.matches('?').count());
        let expected = |role: &str| {
            format!(
                r#"{{"Action":"sts:AssumeRole","Condition":{{"ArnLike":{{"aws:PrincipalArn":"{role}"}}}},"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111122223333:root"}},"Sid":"People"}}"#
            )
        };
        assert_eq!(permission_set("eu-west-2"), expected(&format!("{path}/eu-west-2/{name}")));
        assert_eq!(permission_set("us-east-1"), expected(&format!("{path}/{name}")));
    }

    /// "Available keys for SAML-based AWS STS federation" in the IAM user guide: `SAML:aud` is the endpoint, `SAML:sub` the
    /// person, and `SAML:eduPersonAffiliation` has several values. All conditions of a statement must hold.
    #[test]
    fn an_assertion_is_for_the_endpoint_and_for_a_member_of_a_group() {
        let saml = |members: &[&str], groups: &[&str]| {
            let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
            let people = People::Saml {
                provider: "corp".to_owned(),
                endpoint: "https://signin.aws.amazon.com/saml".to_owned(),
                members: owned(members),
                groups: owned(groups),
            };
            statements(&people).join("")
        };
        let audience = r#""SAML:aud":"https://signin.aws.amazon.com/saml""#;
        let provider =
            r#""Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/corp"}"#;
        let group = r#""ForAnyValue:StringEquals":{"SAML:eduPersonAffiliation":"analysts"}"#;
        let expected = |conditions: &str| {
            format!(
                r#"{{"Action":"sts:AssumeRoleWithSAML","Condition":{{{conditions}}},"Effect":"Allow",{provider},"Sid":"People"}}"#
            )
        };
        let one = format!(r#"{group},"StringEquals":{{{audience},"SAML:sub":"ana"}}"#);
        assert_eq!(saml(&["ana"], &["analysts"]), expected(&one));
        let any = format!(r#"{group},"StringEquals":{{{audience}}}"#);
        assert_eq!(saml(&[], &["analysts"]), expected(&any));
    }

    /// "Create a role for OpenID Connect federation" in the IAM user guide: conditions on `aud` and `sub`, whose keys begin
    /// with the provider's URL.
    #[test]
    fn a_token_is_for_the_audience_and_for_one_of_the_members() {
        let people = People::Oidc {
            provider: "idp.example.com/corp".to_owned(),
            audience: "lake".to_owned(),
            members: vec!["ana".to_owned(), "ben".to_owned()],
        };
        assert_eq!(
            statements(&people),
            [concat!(
                r#"{"Action":"sts:AssumeRoleWithWebIdentity","#,
                r#""Condition":{"StringEquals":{"idp.example.com/corp:aud":"lake","idp.example.com/corp:sub":["ana","ben"]}},"#,
                r#""Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/idp.example.com/corp"},"#,
                r#""Sid":"People"}"#
            )]
        );
    }

    fn broker(members: &[&str]) -> Vec<String> {
        statements(&People::Broker {
            role: "arn:aws:iam::444455556666:role/broker".to_owned(),
            team: "Analysts".to_owned(),
            members: members.iter().map(|word| (*word).to_owned()).collect(),
        })
    }

    /// "Pass session tags in AWS STS" and "Monitor and control actions taken with assumed roles" in the IAM user guide.
    /// "IAM JSON policy elements: Condition operators": `ForAllValues` is also true for a request without the key, so
    /// `Null` asks for it. In the service authorization reference `sts:TagSession` has no `sts:SourceIdentity`, and
    /// `sts:SetSourceIdentity` has no `aws:TagKeys`.
    #[test]
    fn a_broker_names_the_team_and_the_person_and_nothing_else() {
        let role = r#""ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/broker"}"#;
        let keys = r#""ForAllValues:StringEquals":{"aws:TagKeys":"lakewright:team"},"Null":{"aws:TagKeys":"false"}"#;
        let team = r#""aws:RequestTag/lakewright:team":"Analysts""#;
        let person = r#""sts:SourceIdentity":"ana""#;
        let expected = [
            (
                "AssumeRole",
                format!(r#"{role},{keys},"StringEquals":{{{team},{person}}}"#),
                "People",
            ),
            (
                "SetSourceIdentity",
                format!(r#"{role},"StringEquals":{{{person}}}"#),
                "PeopleIdentity",
            ),
            ("TagSession", format!(r#"{role},{keys},"StringEquals":{{{team}}}"#), "PeopleTeam"),
        ];
        let expected = expected.map(|(action, conditions, sid)| {
            format!(
                r#"{{"Action":"sts:{action}","Condition":{{{conditions}}},"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::444455556666:root"}},"Sid":"{sid}"}}"#
            )
        });
        assert_eq!(broker(&["ana"]), expected);
        // Without a list of people, a broker still has to say who somebody is.
        for statement in &broker(&[])[..2] {
            assert!(statement.contains(r#""sts:SourceIdentity":"false""#), "{statement}");
        }
    }
}
