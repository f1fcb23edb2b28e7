//! The files of the site.

use std::borrow::Cow;
use std::fmt::Write as _;

use handlebars::Handlebars;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::gather::{Gathered, Input, gather};
use crate::model::{Dataset, Reach};

/// The file that says which files of a folder are a site. Only such a folder is replaced.
pub const MARKER: &str = "lakewright-site.json";

/// The page. Handlebars escapes all values.
const PAGE: &str = include_str!("../assets/index.html.hbs");

/// The style sheet of the site and of the page of access.
pub(crate) const STYLE: &str = include_str!("../assets/portal.css");

/// The scripts, in the order in which the page loads them.
const SCRIPTS: [(&str, &str); 9] = [
    ("dom.js", crate::embedded::DOM),
    ("data.js", include_str!("../assets/data.js")),
    ("search.js", include_str!("../assets/search.js")),
    ("access.js", crate::embedded::ACCESS),
    ("drawing.js", include_str!("../assets/drawing.js")),
    ("catalog.js", include_str!("../assets/catalog.js")),
    ("dataset.js", include_str!("../assets/dataset.js")),
    ("operations.js", include_str!("../assets/operations.js")),
    ("app.js", include_str!("../assets/app.js")),
];

/// A file of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The path below the site's folder, with `/` between its parts.
    pub path: String,
    /// The content.
    pub text: Cow<'static, str>,
}

/// What [`MARKER`] contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// The version of this shape.
    pub site: u32,
    /// The program that wrote the site.
    pub tool: String,
    /// The mesh.
    pub mesh: String,
    /// The paths of all other files.
    pub files: Vec<String>,
}

/// Why the files cannot be made: a defect of Lakewright.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PortalError {
    /// A value cannot be written as JSON.
    #[error("a page cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The template of a page cannot be rendered.
    #[error("a page cannot be rendered: {0}")]
    Page(#[from] Box<handlebars::RenderError>),
}

impl PortalError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Json(_) => "unwritable-json",
            Self::Page(_) => "unrenderable-page",
        }
    }
}

/// The files of the site about a mesh, sorted by path. The same input gives the same files.
///
/// # Errors
///
/// A value cannot be written: a defect of Lakewright.
pub fn site(input: &Input<'_>) -> Result<Vec<File>, PortalError> {
    let gathered = gather(input);
    let mut files = Files::default();
    files.data(&gathered)?;
    files.assets(&gathered)?;
    let Files { mut all } = files;
    all.sort_by(|one, other| one.path.cmp(&other.path));
    let marker = Marker {
        site: 1,
        tool: format!("lakewright {}", input.tool),
        mesh: gathered.site.mesh.clone(),
        files: all.iter().map(|file| file.path.clone()).collect(),
    };
    let text = format!("{}\n", serde_json::to_string_pretty(&marker)?);
    all.push(File { path: MARKER.to_owned(), text: text.into() });
    Ok(all)
}

/// Some datasets with the rows about them.
#[derive(Serialize)]
struct DatasetsFile<'a> {
    datasets: &'a [Dataset],
    reach: &'a Reach,
}

#[derive(Default)]
struct Files {
    all: Vec<File>,
}

impl Files {
    fn data(&mut self, gathered: &Gathered<'_>) -> Result<(), PortalError> {
        let Gathered {
            site,
            index,
            datasets,
            documents,
            teams,
            matrix,
            reach,
            listed,
            stacks,
            billed,
            rooms,
            governed,
            review,
        } = gathered;
        self.put("site", site)?;
        self.each("index", index)?;
        for (number, (datasets, reach)) in datasets.iter().enumerate() {
            self.put_part("datasets", number, &DatasetsFile { datasets, reach })?;
        }
        self.each("documents", documents)?;
        self.put("teams", teams)?;
        self.put("access", matrix)?;
        self.each("reach", reach)?;
        self.put("stacks", &json!({ "billed": billed, "stacks": listed }))?;
        self.each("stacks", stacks)?;
        self.put("runway", rooms)?;
        self.put("governance", governed)?;
        match review {
            Some(review) => self.put("review", review),
            None => Ok(()),
        }
    }

    fn each<T: Serialize>(&mut self, name: &str, parts: &[T]) -> Result<(), PortalError> {
        for (number, part) in parts.iter().enumerate() {
            self.put_part(name, number, part)?;
        }
        Ok(())
    }

    fn put(&mut self, name: &str, value: &impl Serialize) -> Result<(), PortalError> {
        let text = script(name, value)?;
        self.all.push(File { path: format!("data/{name}.js"), text: text.into() });
        Ok(())
    }

    fn put_part(
        &mut self,
        name: &str,
        number: usize,
        value: &impl Serialize,
    ) -> Result<(), PortalError> {
        let text = script(&format!("{name}/{number}"), value)?;
        self.all.push(File { path: format!("data/{name}/{number}.js"), text: text.into() });
        Ok(())
    }

    fn assets(&mut self, gathered: &Gathered<'_>) -> Result<(), PortalError> {
        let style = File { path: "assets/portal.css".to_owned(), text: STYLE.into() };
        self.all.push(style);
        for (name, text) in SCRIPTS {
            self.all.push(File { path: format!("assets/{name}"), text: text.into() });
        }
        let data = json!({
            "label": gathered.site.label,
            "scripts": SCRIPTS.map(|(name, _)| name),
        });
        let page = Handlebars::new().render_template(PAGE, &data).map_err(Box::new)?;
        self.all.push(File { path: "index.html".to_owned(), text: page.into() });
        Ok(())
    }
}

/// A script that hands a value to the pages: a page from `file://` may load scripts, and nothing else.
fn script(name: &str, value: &impl Serialize) -> Result<String, PortalError> {
    let mut text = String::new();
    writeln!(text, "lw.put({},{});", json_in_script(&name)?, json_in_script(value)?)
        .expect("a string takes all");
    Ok(text)
}

/// A value as JSON that is also a value of JavaScript, and that cannot end the element of a script.
pub(crate) fn json_in_script(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let text = serde_json::to_string(value)?;
    // These characters stand in strings only. The last two end a line in JavaScript before ES2019.
    let escapes = [("<", "\\u003c"), ("\u{2028}", "\\u2028"), ("\u{2029}", "\\u2029")];
    Ok(escapes.into_iter().fold(text, |text, (one, escaped)| {
        if text.contains(one) { text.replace(one, escaped) } else { text }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: "Restrictions for contents of script elements" in the HTML standard: `<!--`, `<script` and `</script`
    /// begin or end something, in any case. All begin with the same character.
    #[test]
    fn no_text_ends_the_script_that_it_is_in() {
        let text = "</script><!--<SCRIPT>\u{2028}\"\\";
        let written = json_in_script(&text).expect("JSON");
        assert!(!written.contains('<') && !written.contains('\u{2028}'), "{written}");
        assert_eq!(serde_json::from_str::<String>(&written).expect("JSON"), text);
    }
}
