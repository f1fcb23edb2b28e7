//! The portal: its files, and what a reader finds in headless Chromium.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::run::{BASE, example, files, lakewright, root, transcript, write_mesh};

/// Writes the portal of a mesh.
fn report(mesh: &Path, out: &Path, more: &[&str]) -> String {
    let (mesh, out) = (mesh.display().to_string(), out.display().to_string());
    let arguments = ["report", &mesh, "--out", &out];
    transcript(&lakewright(arguments.iter().chain(more)))
}

/// What a reader finds, by a script of `tests/pages`.
fn opened(script: &str, page: &Path, word: &str) -> Value {
    let modules = root().join("target/node/node_modules");
    assert!(modules.exists(), "run `cargo xtask test`, which installs the browser");
    // The browser is unpacked there once.
    let unpacked = root().join("target/node/chromium");
    fs::create_dir_all(&unpacked).expect("a folder");
    let mut node = Command::new("node");
    node.arg(root().join("tests/pages").join(script)).arg(modules).arg(page).arg(word);
    let output = node.env("TMPDIR", unpacked).output().expect("Node.js runs");
    assert!(output.status.success(), "{}", transcript(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The files of a site, as text.
fn texts(site: &Path) -> BTreeMap<String, String> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    files(site).into_iter().map(|(path, bytes)| (path, text(bytes))).collect()
}

/// The value that a file of data hands to the pages.
fn data(site: &Path, name: &str) -> Value {
    let text = fs::read_to_string(site.join(format!("data/{name}.js"))).expect("a file of data");
    let start = format!("lw.put(\"{name}\",");
    let json = text.strip_prefix(&start).and_then(|text| text.strip_suffix(");\n"));
    serde_json::from_str(json.expect("a call")).expect("JSON")
}

/// The data in the page of `lakewright access`.
pub(crate) fn data_of_page(page: &str) -> Value {
    let (_, rest) =
        page.split_once("<script type=\"application/json\" id=\"data\">").expect("data");
    let (json, _) = rest.split_once("</script>").expect("the end of the data");
    serde_json::from_str(json).expect("JSON")
}

/// axe cannot tell on what a text in a drawing stands, nor the heading of a table that scrolls under the head of the page.
/// Everything else that it leaves open is a finding too.
fn left_open(found: &Value) -> Vec<&Value> {
    let all = found["incomplete"].as_array().expect("a list").iter();
    let is_in_drawing = |one: &&Value| {
        one["rule"] == "color-contrast"
            && one["html"]
                .as_str()
                .is_some_and(|html| html.starts_with("<text") || html.starts_with("<th "))
    };
    all.filter(|one| !is_in_drawing(one)).collect()
}

/// A reader finds no error, no request to elsewhere, nothing that axe objects to, no dead link and nothing too wide.
fn assert_sound(found: &Value) {
    for nothing in ["errors", "requests", "violations", "dead", "wide", "injected"] {
        let list = found[nothing].as_array().expect("a list");
        assert!(list.is_empty(), "{nothing}: {:#}", json!(list.iter().take(5).collect::<Vec<_>>()));
    }
    assert_eq!(found["global"], Value::Null);
    let open = left_open(found);
    assert!(open.is_empty(), "{:#}", json!(open.iter().take(5).collect::<Vec<_>>()));
    // The least contrast of a text. Source: "Success Criterion 1.4.3 Contrast (Minimum)" in WCAG 2.2.
    assert!(found["contrast"].as_f64() >= Some(4.5), "{}", found["contrast"]);
}

#[test]
fn a_reader_finds_everything_from_the_keyboard() {
    let folder = tempfile::tempdir().expect("a folder");
    let (site, review) = (folder.path().join("site"), folder.path().join("review.json"));
    let full = example("full");
    let text = full.display().to_string();
    let diff = lakewright(["diff", &text, &text, "--format", "json"]);
    fs::write(&review, diff.stdout).expect("a review");
    let said = report(&full, &site, &["--review", &review.display().to_string()]);
    assert!(said.starts_with("exit: 0\n"), "{said}");

    let found = opened("portal.mjs", &site, "general");
    assert_sound(&found);
    // The keys of the search, as the documentation names them.
    assert_eq!(found["focus"], "home-search");
    assert_eq!(found["searchFocus"], "search");
    assert_eq!(found["arrow"], found["first"]);
    assert_eq!(found["dataset"]["focus"], "main");
    assert_eq!(found["dataset"]["heading"], "The \"general\" ledger: ${Ledger} — 元帳");
    assert_eq!(found["dataset"]["sections"][0], "Who can read it, and why");
    let who = found["dataset"]["who"].to_string();
    for said in ["owns the dataset", "is a steward of the dataset", "datasets.yaml:4", "the share"]
    {
        assert!(who.contains(said), "{said}: {who}");
    }
    assert_eq!(
        found["facets"],
        json!([
            "Type",
            "Topic",
            "Tag",
            "Confidentiality",
            "Domain",
            "Team",
            "Environment",
            "Region"
        ])
    );
    assert_eq!(found["facet"]["types"], json!(["table"]));
    assert_eq!(found["facet"]["focus"], true);
    assert!(found["facet"]["hash"].as_str().is_some_and(|hash| hash.contains("type=table")));
    // Each kind that is drawn is among the pages: environments, shares across accounts, pipelines.
    assert!(found["drawings"].as_u64() >= Some(6), "{}", found["drawings"]);
    assert_ne!(found["light"], found["dark"]);
    assert_eq!(found["chosen"], json!(["Colours: light", found["light"]]));
}

/// Harmless markers in every field that takes any text. `injected` would be set, or an element would be there.
#[test]
fn no_text_of_a_mesh_becomes_markup_or_script() {
    const MARKER: &str =
        "\"'><b title=`x`>x</b></script><script>injected=1</script><!-- {{x}} ${x} &lt; \\u003c";
    let text = serde_json::to_string(MARKER).expect("text as JSON, which is YAML");
    let about = format!("label: {text}\ndescription: {text}\n");
    let words = format!("glossary: [{text}]\n");
    let base = BASE.replace("kind: Organization\n", &format!("kind: Organization\n{about}"));
    let dataset = format!(
        "kind: Dataset\nid: sales\nenvironment: dev\nteam: Owners\n{about}topics: [{text}]\nkeywords: [{text}]\n{words}\
         folders:\n  - {{ id: f, prefix: f/, description: {text} }}\n\
         tables:\n  - name: t\n    description: {text}\n    keywords: [{text}]\n    columns:\n      \
         - {{ name: c, type: string, description: {text}, tags: [{text}], glossary: [{text}] }}\n"
    );
    let worksheet =
        format!("kind: Worksheet\nid: w\nenvironment: dev\nteam: Owners\nquery: {text}\n{about}");
    let mesh = tempfile::tempdir().expect("a folder");
    let file = |path: &str, text: String| (path.to_owned(), text);
    let all = [file("base.yaml", base), file("sales.yaml", dataset), file("w.yaml", worksheet)];
    write_mesh(mesh.path(), &all);
    let folder = tempfile::tempdir().expect("a folder");
    let site = folder.path().join("site");
    let said = report(mesh.path(), &site, &[]);
    assert!(said.starts_with("exit: 0\n"), "{said}");
    for (path, text) in texts(&site) {
        let is_data = path.starts_with("data/") || path == "index.html";
        assert!(!is_data || !text.contains("<script>injected"), "{path}");
    }
    let found = opened("portal.mjs", &site, "injected");
    assert_sound(&found);
    assert_eq!(found["dataset"]["heading"], MARKER);

    // The page of access, with a name that is not ours.
    let path = mesh.path().display().to_string();
    let page = lakewright(["access", &path, "--format", "html"]).stdout;
    let page = String::from_utf8(page).expect("text");
    assert!(!page.contains("<script>injected"), "{page}");
}

#[test]
fn the_same_mesh_gives_the_same_site_and_one_dataset_changes_few_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let sites = ["one", "two"].map(|name| folder.path().join(name));
    for site in &sites {
        let said = report(&example("full"), site, &[]);
        assert!(said.starts_with("exit: 0\n"), "{said}");
    }
    assert_eq!(files(&sites[0]), files(&sites[1]));
    // Written again, it is still the same, and the marker lists each file.
    let said = report(&example("full"), &sites[0], &[]);
    assert!(said.starts_with("exit: 0\n"), "{said}");
    let all = texts(&sites[0]);
    assert_eq!(all, texts(&sites[1]));
    let marker: Value = serde_json::from_str(&all["lakewright-site.json"]).expect("JSON");
    let listed: BTreeSet<&str> =
        marker["files"].as_array().expect("files").iter().filter_map(Value::as_str).collect();
    let written: BTreeSet<&str> =
        all.keys().map(String::as_str).filter(|path| *path != "lakewright-site.json").collect();
    assert_eq!(listed, written);
}

/// What the pages get is what other commands say: the access of `access`, the stacks of `ls`, the runway of `check`.
#[test]
fn the_portal_says_what_the_commands_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = folder.path().join("site");
    let lab = example("lab");
    let said = report(&lab, &site, &[]);
    assert!(said.starts_with("exit: 0\n"), "{said}");
    let lab = lab.display().to_string();
    let json = |arguments: &[&str]| -> Value {
        let output = lakewright(arguments.iter().chain(&["--format", "json"]));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };

    let rows = json(&["access", &lab]);
    let rows = rows["rows"].as_array().expect("rows");
    let matrix = data(&site, "access");
    let groups = [data(&site, "datasets/0")["reach"].clone(), data(&site, "reach/0")];
    let shown = |reach: &Value| -> usize {
        let groups = reach["groups"].as_array().expect("groups").iter();
        groups.map(|group| group["rows"].as_array().expect("rows").len()).sum()
    };
    assert_eq!(groups.iter().map(shown).sum::<usize>(), rows.len());
    // Source: the list of `access`. TeamA reads the shared table, TeamB nothing of this dataset.
    let place = |list: &str, name: &str| {
        matrix[list].as_array().expect("names").iter().position(|known| known == name)
    };
    let cell = |principal: &str| {
        let place = [place("principals", principal), place("targets", "dataset/dpdataset")];
        let cells: Vec<u64> =
            matrix["cells"].as_array().expect("cells").iter().filter_map(Value::as_u64).collect();
        let found = cells
            .chunks(4)
            .find(|cell| place == [usize::try_from(cell[0]).ok(), usize::try_from(cell[1]).ok()]);
        found.map(|cell| [cell[2], cell[3]])
    };
    assert_eq!(cell("team/science/TeamA"), Some([0b11, 0]), "list and read, no key");
    assert_eq!(cell("team/science/TeamB"), None);

    let stacks = json(&["ls", &lab]);
    let listed = data(&site, "stacks");
    let addresses = |list: &Value, of: &dyn Fn(&Value) -> Value| -> BTreeSet<String> {
        list.as_array()
            .expect("stacks")
            .iter()
            .map(|one| of(one).as_str().expect("text").to_owned())
            .collect()
    };
    assert_eq!(
        addresses(&listed["stacks"], &|one| one[0].clone()),
        addresses(&stacks["stacks"], &|one| one["address"].clone())
    );
    let runway = json(&["check", &lab, "--runway"]);
    assert_eq!(data(&site, "runway"), runway["runway"]);
    let policies = json(&["policies", &lab]);
    let number = |list: &Value| list.as_array().map(Vec::len);
    let governed = data(&site, "governance");
    assert_eq!(number(&governed["policies"]), number(&policies["policies"]));
    assert_eq!(number(&governed["holdings"]), number(&policies["holdings"]));
}

#[test]
fn a_folder_that_is_not_a_site_is_not_touched() {
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = folder.path().join("mesh");
    let all = fs::read_dir(example("lab"))
        .expect("an example")
        .map(|entry| entry.expect("an entry").path());
    fs::create_dir(&mesh).expect("a folder");
    for path in all {
        fs::copy(&path, mesh.join(path.file_name().expect("a name"))).expect("a copy");
    }
    let before = files(&mesh);
    for out in [mesh.clone(), folder.path().to_owned()] {
        let said = report(&mesh, &out, &[]);
        assert!(said.starts_with("exit: 2\n") && said.contains("is in the way"), "{said}");
    }
    assert_eq!(files(&mesh), before);
    // A mesh with errors leaves the site as it is.
    let site = folder.path().join("site");
    assert!(report(&mesh, &site, &[]).starts_with("exit: 0\n"));
    let before = files(&site);
    fs::write(mesh.join("bad.yaml"), "kind: Dataset\nid: x\n").expect("a file");
    assert!(report(&mesh, &site, &[]).starts_with("exit: 4\n"));
    assert_eq!(files(&site), before);
    // So does a file that is no review.
    let review = folder.path().join("review.json");
    fs::write(&review, "{\"version\": 1}").expect("a file");
    let said = report(&example("lab"), &site, &["--review", &review.display().to_string()]);
    assert!(said.starts_with("exit: 2\n") && said.contains("is not a review"), "{said}");
    assert_eq!(files(&site), before);
}

/// The data of the site of a small example. The assets are in `portal/assets`.
#[test]
fn the_data_of_a_small_site_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = folder.path().join("site");
    let said = report(&example("minimal"), &site, &[]);
    assert!(said.starts_with("exit: 0\n"), "{said}");
    let mut text = String::new();
    for (path, content) in texts(&site).into_iter().filter(|(path, _)| !path.starts_with("assets/"))
    {
        writeln!(text, "--- {path}").expect("a string takes all");
        match content.strip_prefix("lw.put(").and_then(|rest| rest.split_once(',')) {
            Some((_, json)) => {
                let value: Value =
                    serde_json::from_str(json.trim_end_matches(");\n")).expect("JSON");
                writeln!(text, "{value:#}").expect("a string takes all");
            }
            None => text.push_str(&content),
        }
    }
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(root().join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("portal.minimal", text));
}

#[test]
fn the_page_of_access_works_in_a_browser() {
    let folder = tempfile::tempdir().expect("a folder");
    let lab = example("lab").display().to_string();
    let page: PathBuf = folder.path().join("access.html");
    fs::write(&page, lakewright(["access", &lab, "--format", "html"]).stdout).expect("a page");
    let found = opened("access.mjs", &page, "science/teama");
    for nothing in ["errors", "requests", "violations", "incomplete"] {
        assert_eq!(found[nothing], json!([]), "{nothing}");
    }
    assert_eq!(found["focus"], "filter");
    assert_eq!(found["order"], 4, "the search stands above the overview");
    // The search filters the overview and the list, and Escape ends it. Rows are drawn when they are asked for.
    let number = |list: &str, place: usize| found[list][place].as_u64().expect("a number");
    assert!(0 < number("cells", 1) && number("cells", 1) < number("cells", 0), "{found:#}");
    assert!(0 < number("targets", 1) && number("targets", 1) < number("targets", 0), "{found:#}");
    assert_eq!(number("cells", 2), number("cells", 0));
    assert_eq!(found["rowsBeforeOpening"], 0);
    let says = found["says"].as_array().expect("texts").iter().filter_map(Value::as_str);
    assert!(says.clone().all(|says| says.contains("team/science/TeamA")), "{found:#}");
    assert!(says.clone().any(|says| says == "team/science/TeamA on dataset/dpdataset: list read"));
    assert!(found["marked"].as_str().is_some_and(|row| row.contains("team/science/TeamA")));
    assert_eq!(found["width"], 360, "nothing is wider than the window");
    assert!(found["cards"].as_u64() > Some(0));
}
