//! The features of an environment, and the permissions that need them.

use lakewright_manifest::{Code, Diagnostic, SourceFile};

use crate::run::{BASE, resolved};

/// Each row of "Permissions" in docs/mesh.md that names a feature.
#[test]
fn a_permission_whose_feature_is_off_is_said_at_its_line() {
    let found = |features: &str, permissions: &str| -> Vec<String> {
        let text = format!(
            "kind: Environment\nid: far\norganization: org\naccount: \"333333333333\"\nregion: eu-west-1\nteam: Owners\n\
             {features}teams:\n  - team: Readers\n    permissions:\n{permissions}"
        );
        let sources = [("base.yaml", BASE), ("far.yaml", &text)]
            .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
        let (_, report) = resolved(&sources);
        let without = report.iter().filter(|one| one.code == Code::PermissionWithoutFeature);
        let line =
            |one: &Diagnostic| one.primary.as_ref().map_or(0, |label| label.origin.span.line);
        without.map(|one| format!("{} {}", line(one), one.message)).collect()
    };
    let says = |line: u32, permission: &str, feature: &str| {
        format!(
            "{line} `{permission}` gives nothing: the feature `{feature}` is off in environment `far`"
        )
    };
    let all = "      - create_dataset\n      - run_athena_query\n      - create_notebook\n      - create_pipeline\n      \
               - create_dashboard\n      - create_share\n";
    assert_eq!(
        found("", all),
        [
            says(12, "create_notebook", "notebooks"),
            says(13, "create_pipeline", "pipelines"),
            says(14, "create_dashboard", "dashboards"),
        ]
    );
    assert_eq!(
        found("features: { datasets: false, pipelines: true, notebooks: false }\n", all),
        [
            says(11, "create_dataset", "datasets"),
            says(13, "create_notebook", "notebooks"),
            says(15, "create_dashboard", "dashboards"),
        ]
    );
    // An unreadable value may have been meant as `true`, so it gives no second finding.
    assert_eq!(found("features: { pipelines: maybe }\n", "      - create_pipeline\n"), [""; 0]);
    assert_eq!(found("", "      - create_share\n      - invite_teams\n"), [""; 0]);
}
