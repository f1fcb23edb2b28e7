//! Documents of a mesh as YAML. Every text is a quoted scalar, so no text of a template becomes syntax.

/// A document: its comments, and its fields in the order in which they are written.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    comments: Vec<String>,
    fields: Vec<(&'static str, Field)>,
}

/// A value of a field.
#[derive(Debug, Clone)]
pub(crate) enum Field {
    Text(String),
    Flag(bool),
    Number(i64),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl From<&str> for Field {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Field {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Field {
    /// A list of texts.
    pub(crate) fn texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(|text| text.as_ref().into()).collect())
    }

    /// A map with these keys.
    pub(crate) fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

impl Document {
    pub(crate) fn new(kind: &'static str, id: &str) -> Self {
        Self { comments: Vec::new(), fields: vec![("kind", kind.into()), ("id", id.into())] }
    }

    /// Adds a comment above the document.
    pub(crate) fn comment(&mut self, text: impl Into<String>) {
        self.comments.push(text.into());
    }

    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<Field>) {
        self.fields.push((name, value.into()));
    }

    /// Sets a text, unless it is empty.
    pub(crate) fn set_text(&mut self, name: &'static str, text: &str) {
        if !text.is_empty() {
            self.set(name, text);
        }
    }

    fn write(&self, out: &mut String) {
        for comment in &self.comments {
            out.push_str("# ");
            out.push_str(&line(comment));
            out.push('\n');
        }
        for (name, value) in &self.fields {
            out.push_str(name);
            out.push_str(": ");
            out.push_str(&flow(value));
            out.push('\n');
        }
    }
}

/// The documents as one file.
pub(crate) fn file(documents: &[Document]) -> String {
    let mut out = String::new();
    for (place, document) in documents.iter().enumerate() {
        if place > 0 {
            out.push_str("---\n");
        }
        document.write(&mut out);
    }
    out
}

/// Text in one line, whatever it contains.
pub(crate) fn line(text: &str) -> String {
    let is_break = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    text.chars().map(|c| if is_break(c) { ' ' } else { c }).collect()
}

fn flow(value: &Field) -> String {
    match value {
        Field::Text(text) => scalar(text),
        Field::Flag(flag) => flag.to_string(),
        Field::Number(number) => number.to_string(),
        Field::List(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Field::Map(entries) => {
            let entry =
                |(key, value): &(String, Field)| format!("{}: {}", scalar(key), flow(value));
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// A text as JSON has it, which is a scalar of YAML as well; plain where nothing in it could mean more.
fn scalar(text: &str) -> String {
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        && !words.contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { serde_json::Value::from(line(text)).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_syntax() {
        let mut document = Document::new("Dataset", "orders");
        document.comment("one\nkind: Share");
        document.set("label", "a: [b] # \"c\"\n---");
        document.set("tags", Field::map([("k: v", Field::from("on")), ("plain", "x".into())]));
        assert_eq!(
            file(&[document]),
            "# one kind: Share\nkind: Dataset\nid: orders\nlabel: \"a: [b] # \\\"c\\\" ---\"\n\
             tags: { \"k: v\": \"on\", plain: x }\n"
        );
    }
}
