//! What the execution role must not do: grant permissions to roles of others, change tags that policies rely on, or write
//! the templates of another region.

use lakewright_manifest::SourceFile;
use lakewright_stacks::{Names, Synthesized};
use lakewright_template::StackKind;

use crate::calls::{Call, Deployed};
use crate::limits::with;
use crate::run::{BASE, mesh};

const ACCOUNT: &str = "222222222222";
const REGIONS: [&str; 2] = ["eu-west-1", "eu-central-1"];

/// One account with two regions. The second region has two consumption roles, one of them with a path, and a share for
/// each.
fn two_regions() -> Deployed {
    let far = format!(
        "kind: Environment\nid: far\norganization: org\naccount: \"{ACCOUNT}\"\nregion: eu-central-1\nteam: Owners\n\
         teams:\n  - team: Readers\n    permissions: [create_share, add_consumption_roles]\n---\n\
         kind: Dataset\nid: sales\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [k]\ntables:\n  - name: orders\n"
    );
    let reader = |id: &str, arn: &str| {
        format!(
            "---\nkind: ConsumptionRole\nid: {id}\nenvironment: far\nteam: Readers\nrole_arn: {arn}\n---\n\
             kind: Share\nid: orders-for-{id}\ndataset: sales\nenvironment: far\nteam: Readers\n\
             consumption_role: {id}\nstatus: approved\napproved_by: Owners\nitems: [{{ table: orders }}]\n"
        )
    };
    let readers = READERS.map(|(id, arn)| reader(id, arn)).concat();
    Deployed::of_mesh(&mesh(&with(far + &readers)))
}

const READERS: [(&str, &str); 2] = [
    ("reporting", "arn:aws:iam::222222222222:role/Reporting"),
    ("warehouse", "arn:aws:iam::222222222222:role/service/Warehouse"),
];

/// A stack of the mesh, by its region in the account.
fn stack_in<'d>(deployed: &'d Deployed, region: &str) -> &'d Synthesized {
    let mut stacks = deployed.stacks.iter();
    let is_it = |stack: &&Synthesized| {
        stack.entry.kind == StackKind::Environment
            && (stack.entry.account.as_str(), stack.entry.region.as_str()) == (ACCOUNT, region)
    };
    stacks.find(is_it).expect("an environment in the region")
}

/// The names of a stack's resources of one type.
fn names(stack: &Synthesized, kind: &str, property: &str) -> Vec<String> {
    let resources = stack.lowered.template.resources.values().filter(|one| one.kind == kind);
    let names = resources.filter_map(|one| one.properties.get(property)?.as_text());
    names.map(str::to_owned).collect()
}

fn policy(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/{name}")
}

/// "Actions, resources, and condition keys for IAM": `iam:AttachRolePolicy` carries `iam:PolicyARN`, and also
/// `iam:PermissionsBoundary` if the role has a boundary.
#[test]
fn a_consumption_role_gets_the_policies_of_its_shares_and_no_others() {
    let deployed = two_regions();
    let here = stack_in(&deployed, "eu-central-1");
    let execution = deployed.execution_role(here);
    let made: Vec<(&str, &str, String)> = READERS
        .iter()
        .map(|(id, arn)| {
            let share = format!("orders-for-{id}");
            let share = deployed
                .stacks
                .iter()
                .find(|one| one.entry.id == share && one.entry.region == "eu-central-1");
            let made = names(share.expect("it"), "AWS::IAM::ManagedPolicy", "ManagedPolicyName");
            let [name] = made.as_slice() else { unreachable!("one policy: {made:?}") };
            (*id, *arn, policy(name))
        })
        .collect();
    let call = |action: &str, role: &str, policy: &str| {
        Call::new(action, role).with("iam:PolicyARN", policy)
    };
    for (id, role, own) in &made {
        deployed.allows(&execution, &call("iam:AttachRolePolicy", role, own));
        deployed.allows(&execution, &call("iam:DetachRolePolicy", role, own));
        // The policy of a share that no longer exists.
        let gone = policy("lakewright-gone-abcdefgh-1");
        deployed.allows(&execution, &call("iam:DetachRolePolicy", role, &gone));
        let others = made.iter().filter(|(other, ..)| other != id).map(|(.., own)| own.clone());
        let boundary = policy("lakewright-boundary-eu-central-1");
        let administrator = "arn:aws:iam::aws:policy/AdministratorAccess".to_owned();
        for policy in others.chain([gone, boundary, administrator]) {
            deployed.refuses(&execution, &call("iam:AttachRolePolicy", role, &policy));
        }
        for action in ["iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:DeleteRole"] {
            deployed.refuses(&execution, &Call::new(action, role));
        }
        // The execution role of the other region must not change these roles.
        let other = deployed.execution_role(stack_in(&deployed, "eu-west-1"));
        for action in ["iam:AttachRolePolicy", "iam:DetachRolePolicy"] {
            deployed.refuses(&other, &call(action, role, own));
        }
    }
}

/// "Actions, resources, and condition keys for IAM": tagging a role carries `aws:TagKeys`, but no boundary. "Tags for IAM
/// resources": tag keys are not case-sensitive.
#[test]
fn roles_that_decide_keep_their_tags() {
    let deployed = two_regions();
    for region in REGIONS {
        let here = stack_in(&deployed, region);
        let execution = deployed.execution_role(here);
        let roles = REGIONS.iter().flat_map(|other| {
            let stack = stack_in(&deployed, other);
            ["-execution-", "-deploy-"].map(|part| deployed.role_of_bootstrap(stack, part))
        });
        for role in roles {
            for action in ["iam:TagRole", "iam:UntagRole"] {
                let any = Call::new(action, &role).with("aws:TagKeys", "Owner");
                deployed.refuses(&execution, &any);
            }
        }
        let pivots = deployed.stacks.iter().filter(|one| one.entry.kind == StackKind::PivotRole);
        let pivots: Vec<String> =
            pivots.flat_map(|stack| names(stack, "AWS::IAM::Role", "RoleName")).collect();
        assert_eq!(pivots.len(), 2, "{pivots:?}");
        for pivot in pivots {
            let pivot = format!("arn:aws:iam::{ACCOUNT}:role/{pivot}");
            for action in ["iam:TagRole", "iam:UntagRole"] {
                let call = |key: &str| Call::new(action, &pivot).with("aws:TagKeys", key);
                // It may set the tags of its stack.
                deployed.allows(&execution, &call("lakewright:mesh"));
                deployed.refuses(&execution, &call("lakewright:role"));
                deployed.refuses(&execution, &call("Lakewright:Role"));
            }
        }
        // A team's role gets its tag from its template.
        let team = deployed.stacks.iter().find(|one| one.entry.id == "dev/Readers").expect("it");
        let team = names(team, "AWS::IAM::Role", "RoleName").concat();
        let call = Call::new("iam:TagRole", &format!("arn:aws:iam::{ACCOUNT}:role/{team}"));
        deployed.allows(&execution, &call.with("aws:TagKeys", "lakewright:role"));
    }
}

/// With `mode: manual` the owner creates the pivot role, whose name has the mesh's prefix too.
#[test]
fn a_pivot_role_of_the_owner_s_is_not_touched() {
    let manual = BASE.replace("pivot_role:\n", "pivot_role:\n  mode: manual\n");
    let mesh = mesh(&[SourceFile { path: "base.yaml".to_owned(), text: manual }]);
    let environment = mesh.environments.values().next().expect("dev");
    let pivot = Names::new(&mesh).pivot_role_arn(environment);
    let deployed = Deployed::of_mesh(&mesh);
    let execution = deployed.execution_role(stack_in(&deployed, "eu-west-1"));
    let boundary = policy("lakewright-boundary-eu-west-1");
    for action in ["iam:DeleteRole", "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole"] {
        deployed.refuses(
            &execution,
            &Call::new(action, &pivot).with("iam:PermissionsBoundary", &boundary),
        );
    }
}

/// "Amazon S3 resources" of the service authorization reference: a bucket's ARN has no region.
#[test]
fn the_templates_of_another_region_are_not_written() {
    let deployed = two_regions();
    let bucket = |region: &str| {
        let bootstrap = deployed.stacks.iter().find(|one| {
            one.entry.kind == StackKind::Bootstrap
                && (one.entry.account.as_str(), one.entry.region.as_str()) == (ACCOUNT, region)
        });
        let names = names(bootstrap.expect("it"), "AWS::S3::Bucket", "BucketName");
        let mut templates = names.iter().filter(|name| name.contains("-templates-"));
        let (Some(name), None) = (templates.next(), templates.next()) else {
            unreachable!("one bucket of templates: {names:?}")
        };
        format!("arn:aws:s3:::{name}")
    };
    for region in REGIONS {
        let execution = deployed.execution_role(stack_in(&deployed, region));
        for other in REGIONS {
            let bucket = bucket(other);
            let object = format!("{bucket}/templates/any.json");
            for action in ["s3:PutObject", "s3:DeleteObject", "s3:PutObjectAcl"] {
                deployed.refuses(&execution, &Call::new(action, &object));
            }
            for action in ["s3:PutBucketPolicy", "s3:DeleteBucket", "s3:PutBucketVersioning"] {
                deployed.refuses(&execution, &Call::new(action, &bucket));
            }
            let version =
                format!("arn:aws:ssm:{other}:{ACCOUNT}:parameter/lakewright/bootstrap/version");
            deployed.refuses(&execution, &Call::new("ssm:PutParameter", &version));
            let get = Call::new("s3:GetObject", &object);
            if other != region {
                deployed.refuses(&execution, &get);
            }
        }
        // The buckets of its own stacks can be created and changed.
        let made = names(stack_in(&deployed, region), "AWS::S3::Bucket", "BucketName");
        for name in made {
            let own = format!("arn:aws:s3:::{name}");
            deployed.allows(&execution, &Call::new("s3:PutBucketPolicy", &own));
        }
    }
}
