//! Checks that the crates depend on each other only as the architecture allows.

use serde_json::Value;

use crate::run::{Result, output};

/// Each crate, with the crates that it may use besides `template`.
const ALLOWED: [(&str, &[&str]); 22] = [
    ("access", &["policies"]),
    (
        "analysis",
        &[
            "access",
            "diff",
            "governance",
            "guardrails",
            "manifest",
            "policies",
            "proof",
            "stacks",
            "synth",
        ],
    ),
    (
        "cli",
        &[
            "access",
            "analysis",
            "deployer",
            "diff",
            "fleet",
            "governance",
            "guardrails",
            "import",
            "lsp",
            "manifest",
            "policies",
            "portal",
            "proof",
            "simulator",
            "stacks",
        ],
    ),
    ("constructs", &["policies", "synth"]),
    ("deployer", &["fleet"]),
    ("diff", &["access", "policies"]),
    ("fleet", &[]),
    ("governance", &["manifest"]),
    ("guardrails", &["access", "policies"]),
    ("import", &["diff", "manifest", "stacks"]),
    (
        "lakewright",
        &[
            "access",
            "analysis",
            "constructs",
            "guardrails",
            "manifest",
            "policies",
            "proof",
            "stacks",
            "synth",
        ],
    ),
    ("lsp", &["analysis", "manifest", "stacks"]),
    ("manifest", &["masks"]),
    ("masks", &[]),
    ("policies", &[]),
    ("portal", &["access", "analysis", "governance", "manifest", "stacks"]),
    ("proof", &["access"]),
    ("simulator", &["deployer", "fleet"]),
    (
        "stacks",
        &["constructs", "governance", "guardrails", "manifest", "masks", "policies", "synth"],
    ),
    ("synth", &["policies"]),
    ("template", &[]),
    ("xtask", &[]),
];

/// Compares the output of `cargo metadata` with the table.
pub(crate) fn check() -> Result {
    let text = output("cargo", &["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .or_else(|_| output("cargo", &["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let mut breaches = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = short(&package["name"]);
        let Some((_, allowed)) = ALLOWED.iter().find(|(krate, _)| *krate == name) else {
            breaches.push(format!("`{name}` is not in the table of layers (xtask/src/layers.rs)"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let target = short(&dependency["name"]);
            let is_ours = dependency["path"].is_string();
            if is_ours && target != "template" && !allowed.contains(&target) {
                breaches.push(format!("`{name}` must not depend on `{target}` (ARCHITECTURE.md)"));
            }
        }
    }
    if breaches.is_empty() { Ok(()) } else { Err(breaches.join("\n")) }
}

fn short(name: &Value) -> &str {
    let name = name.as_str().unwrap_or_default();
    name.strip_prefix("lakewright-").unwrap_or(name)
}
