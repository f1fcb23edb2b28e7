//! Typical mistakes in a mesh: each gives one finding, at its line, that says what to write.

use lakewright_manifest::{Diagnostic, Severity};

use crate::run::{example, resolved, sources};

const MESH: &str = "mesh.yaml";
const DATASETS: &str = "datasets.yaml";
const WORK: &str = "work.yaml";

/// A mistake: the file, the text in it, the wrong text instead, the marked line relative to that text, and a part of the
/// finding.
type Mistake = (&'static str, &'static str, &'static str, i64, &'static str);

const MISTAKES: &[Mistake] = &[
    // Keys.
    (MESH, "    vpc_id: vpc-0123", "    vpc: vpc-0123", 0, "did you mean `vpc_id`?"),
    (MESH, "subnet_ids: [subnet-0a1", "subnets: [subnet-0a1", 0, "did you mean `subnet_ids`?"),
    (
        MESH,
        "role_arn: arn:aws:iam::222222222222:role/Reporting",
        "arn: arn:aws:iam::222222222222:role/Reporting",
        0,
        "did you mean `role_arn`?",
    ),
    (DATASETS, "kms_key_alias", "kms_alias", 0, "did you mean `kms_key_alias`?"),
    (WORK, "connection_arn", "connection", 0, "did you mean `connection_arn`?"),
    // Values of another type.
    (
        MESH,
        "managed_policies_per_role: 20",
        "managed_policies_per_role: -1",
        0,
        "expected a number from 0 to",
    ),
    (
        MESH,
        "managed_policies_per_role: 20",
        "managed_policies_per_role: many",
        0,
        "write digits, without quotes",
    ),
    (
        DATASETS,
        "topics: [Finance, Operations]",
        "topics: Finance",
        0,
        "write it in brackets: `[Finance]`",
    ),
    (WORK, "- bucket: true", "- bucket: yes", 0, "write `true` or `false`"),
    // Values that are not in a list.
    (WORK, "status: approved", "status: aproved", 0, "did you mean `approved`?"),
    (WORK, "mask: show_last4", "mask: last4", 0, "did you mean `show_last4`?"),
    (MESH, "- run_athena_query", "- athena", 0, "did you mean `run_athena_query`?"),
    (MESH, "home_region: eu-west-1", "home_region: Ireland", 0, "expected one such as `eu-west-1`"),
    (MESH, "platform@example.com", "platform", 0, "expected one such as `team@example.com`"),
    (MESH, "[euw1-az1, euw1-az2]", "[eu-west-1a, euw1-az2]", 0, "expected one such as `use1-az1`"),
    // With a duplicate, the intended one is unknown, and references to it give no further findings.
    (DATASETS, "id: invoices", "id: ledger", 0, "give one of them another id"),
    (DATASETS, "{ name: amount, type", "{ name: id, type", 0, "keep one of them"),
    (DATASETS, "- name: accounts", "- name: postings", 0, "keep one of them"),
    // Teams.
    (DATASETS, "team: FinanceAdmins", "team: FinanceAdmin", 0, "did you mean `FinanceAdmins`?"),
    (DATASETS, "stewards: Analysts", "stewards: Analyst", 0, "did you mean `Analysts`?"),
    (MESH, "team: Analysts\nrole_arn", "team: Analyst\nrole_arn", 0, "did you mean `Analysts`?"),
    (WORK, "teams: [Analysts]", "teams: [Analist]", 0, "did you mean `Analysts`?"),
    (
        MESH,
        "linked_by: PlatformTeam",
        "linked_by: PlattformTeam",
        0,
        "did you mean `PlatformTeam`?",
    ),
    (WORK, "ids: [dataset/ledger]", "ids: [dataset/leger]", 0, "did you mean `dataset/ledger`?"),
    (WORK, "database: dataset/ledger", "database: dataset/leger", 0, "did you mean `ledger`?"),
    // Types of columns.
    (
        DATASETS,
        "array<struct<account:string,amount:double>>",
        "map<struct<account:string>,double>",
        0,
        "take a simple type such as `string` for the keys",
    ),
    (DATASETS, "decimal(18,2)", "decimal(48,2)", 0, "at most 38 digits"),
    // "VPC CIDR blocks" in the VPC user guide: /16 to /28; "IPSet" in the WAFV2 API reference: all but /0.
    (MESH, "cidr: 10.20.0.0/16", "cidr: 10.0.0.0/8", 0, "which has 16 to 28 bits"),
    (MESH, "192.0.2.0/24", "0.0.0.0/0", 0, "AWS WAF does not take"),
    (MESH, "{ vpc_id: vpc-0aaaabbbbccccdddd, ", "{ ", 0, "add `vpc_id:` to it"),
    // The meaning of an unreadable value is unknown, so it gives no further findings.
    (MESH, "features: { ml_studio: true, s", "features: { ml_studio: on, s", 0, "write `true`"),
    (MESH, "default_vpc: { exists: false }", "default_vpc: { exists: no }", 0, "write `true`"),
    (
        MESH,
        "identity_region: us-east-1",
        "identity_region: us-east-11",
        0,
        "did you mean `us-east-1`?",
    ),
    (WORK, "access: true\nvolume_size: 128", "access: yes\nvolume_size: 128", 0, "write `true`"),
    (WORK, "state: inactive", "state: inactiv", 0, "did you mean `inactive`?"),
    // YAML.
    (DATASETS, "  kms_key_alias", " kms_key_alias", 0, "indent each key like its neighbours"),
    (MESH, "{ exists: false }", "{ exists: false", 1, "a closing `}` missing"),
    (DATASETS, "label: Invoices", "label: *all", 0, "text that begins with `*` stands in quotes"),
    (
        DATASETS,
        "label: Invoices",
        "label: @all",
        0,
        "text that begins with this character stands in quotes",
    ),
    (DATASETS, "team: FinanceAdmins", "team:FinanceAdmins", 0, "a space behind the colon"),
    (DATASETS, "\n---\n", "\n--\n", 1, "exactly three hyphens"),
    (
        DATASETS,
        "topics: [Finance]",
        "topics: [Finance",
        1,
        "is a comma or a closing bracket missing",
    ),
    // A required key is not advised to be removed, a wrong value is shown, and the finding is at its place.
    (MESH, "home_region: eu-west-1", "home_region:", 0, "this key cannot be left out"),
    (
        MESH,
        "central_account: \"111111111111\"",
        "central_account:",
        0,
        "this key cannot be left out",
    ),
    (
        MESH,
        "external_id: full-9a7b8c6d",
        "external_id: \"\"",
        0,
        "got `\"\"`; write a text of your own",
    ),
    (DATASETS, "topics: [Finance]", "topics: []", 0, "add `topics: [...]` with at least one"),
    // An empty list means neither everything nor nobody.
    (
        MESH,
        "Imported Team: { deny: [manage_organizations, manage_glossaries] }",
        "Imported Team: { deny: [] }",
        0,
        "an empty list denies nothing",
    ),
    (
        MESH,
        "waf:\n  allowed_geo_list: [DE, FR]\n  allowed_ip_list: [192.0.2.0/24, \"2001:db8::/32\"]",
        "waf: {}",
        0,
        "an empty `waf` would allow every request",
    ),
    (MESH, "owners: [FinanceAdmins]", "owners: []", 0, "name at least one team"),
    (MESH, "  CostCenter: mesh", "  CostCenter: \"\"", 0, "write a value, or remove the tag"),
    (DATASETS, "topics: [Finance]", "topics: [\"\"]", 0, "this topic is empty"),
    (WORK, "label: Monthly totals", "label: \"\"", 0, "this label is empty"),
    (
        DATASETS,
        "    columns:\n      - { name: account, type: string }",
        "    columns: []",
        0,
        "remove `columns` when the crawler finds them",
    ),
    (WORK, "privileges: [metadata.delete]", "privileges: []", 0, "no privilege is named"),
    (WORK, "  teams: [Analysts]", "  teams: []", 0, "no actor is named"),
    (
        WORK,
        "  ids: [dataset/ledger]",
        "  ids: []",
        0,
        "an empty list of resources would mean all of them",
    ),
];

/// The findings in the full example once the first `from` in the file is replaced by `to`: the marked line, relative to the
/// changed line, and the finding's code, message and help.
fn found(file: &str, from: &str, to: &str) -> Vec<(i64, String)> {
    let mut all = sources(&example("full"));
    let source = all.iter_mut().find(|source| source.path == file).expect("a file of the example");
    let (before, _) = source.text.split_once(from).expect("text of the example");
    let changed = before.lines().count() + usize::from(before.ends_with('\n'));
    source.text = source.text.replacen(from, to, 1);
    let (_, report) = resolved(&all);
    let line = |one: &Diagnostic| one.primary.as_ref().map_or(0, |label| label.origin.span.line);
    let errors = report.iter().filter(|one| one.code.severity() == Severity::Error);
    errors
        .map(|one| {
            let place = i64::from(line(one)) - i64::try_from(changed).expect("a line");
            let help = one.help.as_deref().unwrap_or("no help");
            (place, format!("{}: {}; {help}", one.code.as_str(), one.message))
        })
        .collect()
}

#[test]
fn a_mistake_is_one_finding_at_its_line() {
    let mut wrong = Vec::new();
    for (file, from, to, place, part) in MISTAKES {
        let all = found(file, from, to);
        let is_right =
            matches!(all.as_slice(), [(line, text)] if line == place && text.contains(part));
        if !is_right {
            wrong.push(format!("{to:?}: expected {part:?} at {place:+}, got {all:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// No finding mentions resources that the user meant to name.
#[test]
fn resources_without_a_list_are_not_all_of_them() {
    let all =
        found(WORK, "resources:\n  types: [dataset]\n  ids: [dataset/ledger]", "resources: {}");
    assert!(
        matches!(all.as_slice(), [(0, text)] if text.contains("resources without a list would mean all of them")),
        "{all:?}"
    );
}

/// A plain scalar inside a flow collection has no comma ("7.3.3. Plain Style" in YAML 1.2.2), so what follows is another key.
#[test]
fn a_type_with_a_comma_inside_braces_is_told_to_be_put_in_quotes() {
    for kind in ["decimal(18,2)", "map<string,bigint>"] {
        let all = found(DATASETS, "\"decimal(18,2)\"", kind);
        let is_told = |(line, text): &(i64, String)| {
            *line == 0 && text.contains("inside braces") && text.contains("in quotes")
        };
        assert!(all.len() == 2 && all.iter().all(is_told), "{kind}: {all:?}");
    }
}
