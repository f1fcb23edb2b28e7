//! Meshes of any size; the same numbers always give the same mesh.

use std::fmt::Write as _;

/// The size of a mesh.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Environments, each in its own account.
    pub(crate) environments: usize,
    /// Teams, spread over the environments.
    pub(crate) teams: usize,
    /// Datasets, spread over the environments and their teams.
    pub(crate) datasets: usize,
}

/// The files of a mesh: path and text.
pub(crate) fn mesh(size: Size) -> Vec<(String, String)> {
    let Size { environments, teams, datasets } = size;
    let mut files = vec![("tenant.yaml".to_owned(), tenant())];
    for number in 0..environments {
        let mut text = environment(number);
        let mut work = String::new();
        for team in (0..teams).filter(|team| team % environments == number) {
            writeln!(
                text,
                "  - {{ team: Team{team}, permissions: [create_dataset, create_share, create_notebook, create_pipeline, create_studio_profile, run_athena_query] }}"
            )
            .expect("a string takes all");
            work.push_str(&works(number, team));
        }
        files.push((format!("environments/e{number}.yaml"), text + &work));
    }
    // One file per hundred datasets, as people would split them.
    for first in (0..datasets).step_by(100) {
        let mut text = String::new();
        for number in first..datasets.min(first + 100) {
            let home = number % environments;
            // An environment has the teams whose number has the same remainder.
            let there = (teams + environments - 1 - home) / environments;
            let team = home + environments * ((number / environments) % there.max(1));
            text.push_str(&dataset(number, home, team, there > 0));
            // Every tenth dataset is shared with the own team of the next environment.
            if number % 10 == 0 && environments > 1 {
                text.push_str(&share(number, (home + 1) % environments));
            }
        }
        files.push((format!("datasets/d{first}.yaml"), text));
    }
    files
}

fn tenant() -> String {
    "kind: Tenant\nid: bench\ncentral_account: \"111111111111\"\nhome_region: eu-west-1\npivot_role:\n  \
     external_id: bench-0123456789\n  trusted_roles: [\"arn:aws:iam::111111111111:role/platform\"]\n---\n\
     kind: Organization\nid: all\nteam: Admins\n"
        .to_owned()
}

fn environment(number: usize) -> String {
    format!(
        "kind: Environment\nid: e{number}\norganization: all\naccount: \"{:012}\"\nregion: eu-west-1\nteam: Admins\n\
         features: {{ notebooks: true, ml_studio: true, pipelines: true }}\nml_studio:\n  \
         vpc_id: vpc-0123456789abcdef0\n  subnet_ids: [subnet-0123456789abcdef0]\nteams:\n",
        200_000_000_000_usize + number
    )
}

/// The documents of a team: a notebook, an ML Studio profile and a pipeline with two stages.
fn works(environment: usize, team: usize) -> String {
    let of = format!("environment: e{environment}\nteam: Team{team}\n");
    let stage = |name: &str| {
        format!("  - {{ stage: {name}, environment: e{environment}, team: Team{team} }}\n")
    };
    format!(
        "---\nkind: Notebook\nid: n{team}\n{of}vpc_id: vpc-0123456789abcdef0\nsubnet_id: subnet-0123456789abcdef0\n\
         ---\nkind: StudioProfile\nid: p{team}\n{of}---\nkind: Pipeline\nid: l{team}\n{of}strategy: trunk\n\
         stages:\n{}{}",
        stage("dev"),
        stage("prod")
    )
}

fn share(number: usize, environment: usize) -> String {
    format!(
        "---\nkind: Share\nid: s{number}\ndataset: d{number}\nenvironment: e{environment}\nteam: Admins\n\
         items:\n  - table: events\nstatus: approved\napproved_by: Admins\n"
    )
}

fn dataset(number: usize, environment: usize, team: usize, has_team: bool) -> String {
    let team = if has_team { format!("Team{team}") } else { "Admins".to_owned() };
    format!(
        "---\nkind: Dataset\nid: d{number}\nlabel: Dataset {number}\ndescription: Made by the benchmark\n\
         environment: e{environment}\nteam: {team}\nstewards: Admins\ntopics: [Bench]\nkeywords: [bench]\n\
         crawler: {{ schedule: cron(0 1 * * ? *) }}\ntables:\n  - name: events\n    columns:\n      \
         - {{ name: id, type: bigint }}\n      - {{ name: value, type: double }}\n"
    )
}
