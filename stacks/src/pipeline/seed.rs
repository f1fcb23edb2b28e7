//! The initial content of a new repository.
//!
//! User text is written as JSON strings, which Python, YAML and JSON read as strings. Names outside
//! of strings are ids, accounts and regions, whose format the manifest has checked.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::sync::LazyLock;

use handlebars::{Handlebars, handlebars_helper, no_escape};
use lakewright_manifest::mesh::{Environment, Pipeline, Strategy};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The versions of packages that the seed installs, the newest at the time of writing.
const VERSIONS: [(&str, &str); 5] = [
    ("boto3", "1.44.5"),
    ("cdk_cli", "2.1148.1"),
    ("cdk_lib", "2.275.0"),
    ("constructs", "10.8.1"),
    ("pytest", "9.2.0"),
];

macro_rules! template {
    ($name:literal) => {
        include_str!(concat!("seed/", $name, ".hbs"))
    };
}

/// The files: path in the repository, and template.
const FILES: [(&str, &str); 13] = [
    (".gitignore", template!("gitignore")),
    ("README.md", template!("README.md")),
    ("app.py", template!("app.py")),
    ("cdk.json", template!("cdk.json")),
    ("ddk.json", template!("ddk.json")),
    ("ddk_app/ddk_app_stack.py", template!("ddk_app_stack.py")),
    ("deploy.py", template!("deploy.py")),
    ("deploy_buildspec.yaml", template!("deploy_buildspec.yaml")),
    ("requirements-dev.txt", template!("requirements-dev.txt")),
    ("requirements.txt", template!("requirements.txt")),
    ("run_tests.py", template!("run_tests.py")),
    ("stages.py", template!("stages.py")),
    ("tests/test_app.py", template!("test_app.py")),
];

/// The additional files of a pipeline that changes itself.
const SELF_CHANGE: [(&str, &str); 2] = [
    ("update_buildspec.yaml", template!("update_buildspec.yaml")),
    ("update_pipeline.py", template!("update_pipeline.py")),
];

/// The helper that writes a value as JSON. It has its own module because the macro creates a public
/// type.
mod helper {
    use super::{Value, handlebars_helper};

    handlebars_helper!(as_json: |value: Value| value.to_string());
}

/// The templates, parsed once per process.
fn engine() -> &'static Handlebars<'static> {
    static ENGINE: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
        let mut engine = Handlebars::new();
        engine.set_strict_mode(true);
        engine.register_escape_fn(no_escape);
        engine.register_helper("json", Box::new(helper::as_json));
        for (path, template) in FILES.iter().chain(&SELF_CHANGE) {
            engine.register_template_string(path, template).expect("a test renders each template");
        }
        engine
    });
    &ENGINE
}

/// The files that are the same for every pipeline, rendered once per process: those that need no value but versions.
fn common() -> &'static BTreeMap<&'static str, String> {
    static COMMON: LazyLock<BTreeMap<&'static str, String>> = LazyLock::new(|| {
        let versions: BTreeMap<&str, &str> = VERSIONS.into();
        // The engine is strict: a file that needs a pipeline's value is not rendered without it.
        let render = |(path, _): &(&'static str, _)| {
            engine().render(path, &versions).ok().map(|text| (*path, text))
        };
        FILES.iter().chain(&SELF_CHANGE).filter_map(render).collect()
    });
    &COMMON
}

/// The files of a pipeline's repository: path and text, sorted by path.
pub fn files(
    environment: &Environment,
    pipeline: &Pipeline,
    branch: &str,
) -> Vec<(&'static str, String)> {
    let count = pipeline.stages.len();
    let stages = pipeline.stages.iter().enumerate().map(|(number, stage)| {
        let target = &stage.environment;
        json!({
            "stage": stage.stage.as_str(),
            "account": target.account.as_str(),
            "region": target.region.as_str(),
            "team": stage.team.as_str(),
            "is_last": count > 1 && number + 1 == count,
        })
    });
    let mut tags = pipeline.header.tags.clone();
    tags.insert("Target".to_owned(), format!("pipeline/{}", pipeline.header.id));
    let mut values = json!({
        "tags": tags,
        "label": pipeline.header.label,
        "description": pipeline.header.description,
        "branch": branch,
        "cicd": { "account": environment.account.as_str(), "region": environment.region.as_str() },
        "stages": stages.collect::<Vec<_>>(),
        "is_trunk": pipeline.strategy == Strategy::Trunk,
        "is_gitflow": pipeline.strategy == Strategy::Gitflow,
        "is_cdk_trunk": pipeline.strategy == Strategy::CdkTrunk,
    });
    for (name, version) in VERSIONS {
        values[name] = version.into();
    }
    // With Cedar in the program, objects keep the order in which they are written.
    values.sort_all_objects();
    let engine = engine();
    let more: &[_] = if pipeline.strategy == Strategy::CdkTrunk { &SELF_CHANGE } else { &[] };
    let mut files: Vec<(&str, String)> = FILES
        .iter()
        .chain(more)
        .map(|(path, _)| {
            let render = || engine.render(path, &values).expect("a test renders each template");
            (*path, common().get(path).cloned().unwrap_or_else(render))
        })
        .chain([("ddk_app/__init__.py", String::new())])
        .collect();
    files.sort();
    files
}

/// The files as a zip archive. Equal files give equal bytes.
pub(super) fn archive(files: &[(&'static str, String)]) -> Vec<u8> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in files {
        archive
            .start_file(*path, options)
            .and_then(|()| Ok(archive.write_all(text.as_bytes())?))
            .expect("memory takes what is written");
    }
    archive.finish().expect("memory takes what is written").into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The templates themselves say which values they need.
    #[test]
    fn a_file_is_common_to_all_pipelines_if_it_needs_versions_only() {
        for (path, template) in FILES.iter().chain(&SELF_CHANGE) {
            let needed = template.split("{{").skip(1).filter_map(|tag| tag.split_once("}}"));
            let is_version = |(tag, _): (&str, &str)| VERSIONS.iter().any(|(name, _)| *name == tag);
            let is_common = needed.into_iter().all(is_version);
            assert_eq!(common().contains_key(path), is_common, "{path}");
        }
        assert!(common()["requirements.txt"].contains("aws-cdk-lib==2."));
    }
}
