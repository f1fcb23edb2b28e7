//! The calls of the handlers of Verified Permissions.

use lakewright_stacks::Synthesized;

use super::{Call, Deployed, StackEntryPlace, Tags, place, tags};
use crate::run::{example, mesh, sources};

/// The service authorization reference of Verified Permissions: policy stores have tags, and their ids are generated.
#[test]
fn the_meshs_own_policy_store_is_made_and_changed_and_no_other_one() {
    let pool = "arn:aws:cognito-idp:eu-west-1:111111111111:userpool/eu-west-1_aB1";
    let mut files = sources(&example("governance"));
    let oidc =
        "    oidc:\n      issuer: https://login.example.com/airline\n      audiences: [portal]\n";
    let cognito = format!("    cognito: {{ user_pool_arn: \"{pool}\", client_ids: [portal] }}\n");
    for file in &mut files {
        file.text = file.text.replace(oidc, &cognito);
    }
    let with_pool = Deployed::of_mesh(&mesh(&files));
    for (deployed, has_pool) in [(Deployed::of("governance"), false), (with_pool, true)] {
        let is_it =
            |stack: &&Synthesized| tags(stack, "AWS::VerifiedPermissions::PolicyStore").is_some();
        let stack = deployed.stacks.iter().find(is_it).expect("the policy store");
        let all = tags(stack, "AWS::VerifiedPermissions::PolicyStore").expect("tags");
        let role = deployed.execution_role(stack);
        let StackEntryPlace { account, region } = place(stack);
        let store = format!("arn:aws:verifiedpermissions::{account}:policy-store/PS0123456789");
        let call = |action: &str| Call::new(&format!("verifiedpermissions:{action}"), &store);
        let create = Call::new("verifiedpermissions:CreatePolicyStore", "*");
        deployed.allows(&role, &create.clone().asking(&all));
        deployed.refuses(&role, &create);
        let other = Tags::from([("lakewright:mesh".to_owned(), "other".to_owned())]);
        for action in
            ["CreatePolicy", "DeletePolicy", "PutSchema", "UpdatePolicy", "UpdatePolicyStore"]
        {
            deployed.allows(&role, &call(action).on(&all));
            deployed.refuses(&role, &call(action).on(&other));
        }
        let alias = format!("arn:aws:verifiedpermissions:{region}:{account}:policy-store-alias");
        let name = |name: &str| format!("{alias}/{name}");
        let named = |alias: &str| Call::new("verifiedpermissions:DeletePolicyStoreAlias", alias);
        deployed.allows(&role, &named(&name("lakewright-governance-abcdefgh")));
        deployed.refuses(&role, &named(&name("other")));
        // The role asks for no decision, and no other user pool is described.
        deployed.refuses(&role, &call("IsAuthorized").on(&all));
        let describe = |pool: &str| Call::new("cognito-idp:DescribeUserPool", pool);
        deployed.refuses(&role, &describe(&pool.replace("aB1", "other")));
        if has_pool {
            deployed.allows(&role, &describe(pool));
        } else {
            deployed.refuses(&role, &describe(pool));
        }
    }
}
