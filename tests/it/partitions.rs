//! The examples in other AWS partitions: their templates contain nothing of the partition `aws`, and they are
//! proven.

use std::collections::BTreeSet;

use lakewright_manifest::SourceFile;

use crate::run::{
    BASE, BASE_DATASET, example, lakewright, mesh, resolved, sources, synthesized, transcript,
    write_mesh,
};

/// An example with other regions in place of `eu-west-1` and `us-east-1`.
struct Move {
    name: &'static str,
    regions: [&'static str; 2],
    partition: &'static str,
}

const fn to(name: &'static str, regions: [&'static str; 2], partition: &'static str) -> Move {
    Move { name, regions, partition }
}

const MOVES: [Move; 6] = [
    to("full", ["cn-north-1", "cn-northwest-1"], "aws-cn"),
    to("lab", ["cn-north-1", "cn-northwest-1"], "aws-cn"),
    to("minimal", ["cn-northwest-1", "cn-north-1"], "aws-cn"),
    to("full", ["us-gov-west-1", "us-gov-west-1"], "aws-us-gov"),
    to("lab", ["us-gov-east-1", "us-gov-west-1"], "aws-us-gov"),
    to("minimal", ["eusc-de-east-1", "eusc-de-east-1"], "aws-eusc"),
];

impl Move {
    /// The example with all its regions and ARNs moved.
    fn sources(&self) -> Vec<SourceFile> {
        let Self { name, regions: [first, second], partition } = self;
        let there = |text: &str| {
            let text = text
                .replace("eu-west-1", first)
                .replace("us-east-1", second)
                .replace("arn:aws:", &format!("arn:{partition}:"));
            if *partition == "aws-cn" { for_china(&text) } else { text }
        };
        let files = sources(&example(name)).into_iter();
        files.map(|SourceFile { path, text }| SourceFile { path, text: there(&text) }).collect()
    }
}

/// The text without features that are missing in China: connections to external repositories, and QuickSight in
/// `cn-northwest-1`.
fn for_china(text: &str) -> String {
    let text =
        text.replace("pipelines: true, dashboards: true, notebooks", "pipelines: true, notebooks");
    match text.split_once("source:\n  repository: example/pipeline\n") {
        Some((before, rest)) => {
            let rest: Vec<&str> = rest.lines().skip_while(|line| line.starts_with("  ")).collect();
            format!("{before}{}\n", rest.join("\n"))
        }
        None => text.clone(),
    }
}

/// The names of hosts and service principals in a text.
fn hosts(text: &str) -> BTreeSet<&str> {
    let is_part = |one: char| one.is_ascii_alphanumeric() || ".-*".contains(one);
    text.split(|one: char| !is_part(one)).filter(|word| word.contains("amazonaws")).collect()
}

#[test]
fn templates_name_nothing_of_another_partition() {
    for there in MOVES {
        let Move { name, partition, .. } = there;
        let stacks = synthesized(&mesh(&there.sources()));
        assert!(stacks.len() > 3, "{name}");
        for stack in &stacks {
            let at = format!("{name} {partition} {}", stack.entry.name);
            // ARNs of other partitions. ARNs with a pattern in place of the partition are left out.
            let others = stack.json.split("arn:aws").skip(1).filter_map(|rest| {
                let (end, _) = rest.split_once(':')?;
                let named = format!("aws{end}");
                (named != partition && !named.contains('[')).then_some(named)
            });
            assert_eq!(others.collect::<Vec<_>>(), Vec::<String>::new(), "{at}");
            for host in hosts(&stack.json) {
                assert!(there.has(host, &stack.json), "{at}: {host}");
            }
        }
    }
}

impl Move {
    /// Whether a host or a service principal has this name in the partition.
    ///
    /// Source: `region-info/lib/default.ts` and `aws-ec2/lib/vpc-endpoint.ts` of the AWS CDK: service principals
    /// end in `amazonaws.com` in all partitions; among those in a mesh, only CloudWatch Logs differs.
    fn has(&self, host: &str, json: &str) -> bool {
        let suffix = match self.partition {
            "aws-cn" => "amazonaws.com.cn",
            "aws-eusc" => "amazonaws.eu",
            _ => "amazonaws.com",
        };
        let is_endpoint =
            self.regions.iter().any(|region| host.contains(&format!("amazonaws.{region}.")));
        if is_endpoint || !self.regions.iter().any(|region| host.contains(region)) {
            return is_endpoint || host.ends_with(".amazonaws.com");
        }
        // A key policy accepts calls through a service under both names.
        let stem = host.strip_suffix("amazonaws.com");
        host.ends_with(&format!(".{suffix}"))
            || stem.is_some_and(|stem| {
                !host.starts_with("logs.") && json.contains(&format!("\"{stem}{suffix}\""))
            })
    }
}

#[test]
fn endpoints_are_named_as_in_the_partition() {
    // Source: `getDefaultEndpointPrefix` in `aws-ec2/lib/vpc-endpoint.ts` of the AWS CDK.
    let expected = [
        "cn.com.amazonaws.cn-north-1.athena",
        "cn.com.amazonaws.cn-north-1.ecr.api",
        "cn.com.amazonaws.cn-north-1.ecr.dkr",
        "cn.com.amazonaws.cn-north-1.sagemaker.api",
        "cn.com.amazonaws.cn-north-1.sagemaker.runtime",
        "cn.com.amazonaws.cn-north-1.sts",
        "com.amazonaws.cn-north-1.glue",
        "com.amazonaws.cn-north-1.kms",
        "com.amazonaws.cn-north-1.logs",
        "com.amazonaws.cn-north-1.s3",
    ];
    let stacks = synthesized(&mesh(&MOVES[0].sources()));
    let found: BTreeSet<&str> = stacks
        .iter()
        .flat_map(|stack| hosts(&stack.json))
        .filter(|host| host.contains("amazonaws.cn-north-1."))
        .collect();
    assert_eq!(found, BTreeSet::from(expected));
}

#[test]
fn what_is_moved_to_another_partition_is_proven() {
    // `full` needs two regions, and in GovCloud only one region has all that it uses.
    let is_whole = |there: &Move| there.name != "full" || there.regions[0] != there.regions[1];
    for there in MOVES.into_iter().filter(is_whole) {
        let folder = tempfile::tempdir().expect("a folder");
        let files: Vec<(String, String)> =
            there.sources().into_iter().map(|SourceFile { path, text }| (path, text)).collect();
        write_mesh(folder.path(), &files);
        let output = lakewright(["prove".as_ref(), folder.path().as_os_str()]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{} {}: {}",
            there.name,
            there.partition,
            transcript(&output)
        );
    }
}

#[test]
fn a_mesh_over_two_partitions_is_refused_at_the_line() {
    let codes = |extra: &str| -> Vec<(String, String)> {
        let files = [("base.yaml", BASE), ("sales.yaml", BASE_DATASET), ("extra.yaml", extra)];
        let files =
            files.map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
        let (_, report) = resolved(&files);
        let found = report.iter().map(|one| (one.code.as_str().to_owned(), one.message.clone()));
        found.collect()
    };
    let environment = |region: &str| {
        format!(
            "kind: Environment\nid: other\norganization: org\naccount: \"333333333333\"\nregion: {region}\nteam: Owners\n"
        )
    };
    assert_eq!(codes(&environment("eu-central-1")), []);
    for region in ["cn-north-1", "us-gov-west-1", "eusc-de-east-1"] {
        let found = codes(&environment(region));
        assert!(
            matches!(found.as_slice(), [(code, message)] if code == "other-partition" && message.contains(region)),
            "{region}: {found:?}"
        );
    }
    let role = "kind: ConsumptionRole\nid: etl\nenvironment: dev\nteam: Owners\nrole_arn: ";
    assert_eq!(codes(&format!("{role}arn:aws:iam::222222222222:role/etl\n")), []);
    let found = codes(&format!("{role}arn:aws-us-gov:iam::222222222222:role/etl\n"));
    let expected = "the role `arn:aws-us-gov:iam::222222222222:role/etl` is of the partition `aws-us-gov`, and the mesh of `aws`";
    assert_eq!(found, [("other-partition".to_owned(), expected.to_owned())]);
}

#[test]
fn what_a_partition_lacks_is_said_at_its_line() {
    let there = |text: &str, region: &str, partition: &str| -> Vec<String> {
        let text = text.replace("eu-west-1", region);
        let text = text.replace("arn:aws:", &format!("arn:{partition}:"));
        let (_, report) = resolved(&[SourceFile { path: "mesh.yaml".to_owned(), text }]);
        assert!(report.iter().all(|one| one.code.as_str() == "not-in-region"), "{report:?}");
        report.iter().map(|one| one.message.clone()).collect()
    };
    let pipeline = "---\nkind: Pipeline\nid: p\nenvironment: dev\nteam: Owners\nstrategy: trunk\n\
                    stages: [{stage: prod, environment: dev, team: Owners}]\n";
    let connection = "arn:aws:codeconnections:eu-west-1:222222222222:connection/01234567-89ab-cdef-0123-456789abcdef";
    let connected =
        format!("{pipeline}source: {{repository: o/n, connection_arn: \"{connection}\"}}\n");
    let base = BASE.replace("notebooks: true", "pipelines: true");
    // Sources: `endpoints.json` of botocore 1.44.8, and the schemas of each region in cfn-lint 1.58.0.
    for (region, partition, text, missing) in [
        ("eu-west-1", "aws", &connected, None),
        ("cn-north-1", "aws-cn", &pipeline.to_owned(), None),
        ("cn-north-1", "aws-cn", &connected, Some("connections")),
        ("us-gov-west-1", "aws-us-gov", &connected, None),
        ("eusc-de-east-1", "aws-eusc", &connected, Some("AWS::CodeCommit::Repository")),
    ] {
        let found = there(&format!("{base}{text}"), region, partition);
        match missing {
            Some(missing) => {
                assert!(matches!(found.as_slice(), [one] if one.contains(missing)), "{found:?}");
            }
            None => assert_eq!(found, Vec::<String>::new(), "{region}"),
        }
    }
    let notebooks = there(BASE, "us-gov-east-1", "aws-us-gov");
    assert!(
        matches!(notebooks.as_slice(), [one] if one.contains("NotebookInstance")),
        "{notebooks:?}"
    );
    // The platform's firewall and updater are missing there.
    let base = BASE.replace("features: { notebooks: true }\n", "");
    let home = there(&base, "eu-isoe-west-1", "aws-iso-e");
    assert!(home.iter().any(|one| one.contains("AWS::WAFv2::WebACL")), "{home:?}");
    assert!(home.iter().any(|one| one.contains("AWS::CodeBuild::Project")), "{home:?}");
}
