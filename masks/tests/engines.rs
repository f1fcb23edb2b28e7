//! The SQL of masks and of views, run by engines and compared with a table that was written by hand
//! (`engines/expected.json`, after AT-6 of the access models that are the reference).
//!
//! - Velox has Presto's functions, as Athena's engine has: every expression in Athena's dialect.
//! - DuckDB runs whole views in Athena's dialect, translated for this test.
//! - Spark runs whole views in its own dialect. It takes a minute and 400 MB, so it runs only if `LAKEWRIGHT_SPARK` names a
//!   Python with pyspark 4.3.0; a Java runtime must be there.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lakewright_masks::rows::Condition;
use lakewright_masks::{Dialect, Mask, Shown, View};
use serde_json::{Value, json};

const EXPECTED: &str = include_str!("engines/expected.json");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What an engine answers.
fn asked(python: &Path, request: &Value) -> Value {
    let mut engine = Command::new(python)
        .arg(root().join("masks/tests/engines/engines.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python with the pinned packages; `cargo xtask test` installs them");
    let mut input = engine.stdin.take().expect("a pipe");
    input.write_all(request.to_string().as_bytes()).expect("the engine reads");
    drop(input);
    let output = engine.wait_with_output().expect("the engine ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    serde_json::from_str(text.lines().last().unwrap_or_default()).expect("JSON")
}

fn pinned() -> PathBuf {
    root().join("target/python-engines/bin/python")
}

/// The rows of the table by type, in its order.
fn by_type() -> Vec<(String, Vec<Value>)> {
    let table: Value = serde_json::from_str(EXPECTED).expect("JSON");
    let mut types: Vec<(String, Vec<Value>)> = Vec::new();
    for row in table["rows"].as_array().expect("rows") {
        let kind = row["type"].as_str().expect("a type").to_owned();
        match types.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, rows)) => rows.push(row.clone()),
            None => types.push((kind, vec![row.clone()])),
        }
    }
    types
}

/// What a mask makes of a row's value.
fn expected(row: &Value, mask: Mask) -> Value {
    if mask == Mask::Nullify { Value::Null } else { row[mask.as_str()].clone() }
}

#[test]
fn masks_give_in_presto_what_the_table_says() {
    let mut expressions = Vec::new();
    let mut wanted = Vec::new();
    for (kind, rows) in by_type() {
        // The engine's vectors are of texts and of whole numbers; other types are made of texts.
        let (given, column) = match kind.as_str() {
            "bigint" => ("bigint", "x".to_owned()),
            "string" => ("string", "x".to_owned()),
            "int" => ("string", "CAST(x AS integer)".to_owned()),
            "varchar(20)" => ("string", "CAST(x AS varchar)".to_owned()),
            other => ("string", format!("CAST(x AS {other})")),
        };
        for mask in Mask::ALL {
            let values: Vec<&Value> = rows.iter().map(|row| &row["value"]).collect();
            let sql = mask.expression(Dialect::Athena, &column, &kind);
            wanted.push((kind.clone(), mask, rows.clone()));
            expressions.push(json!({ "sql": sql, "type": given, "values": values }));
        }
    }
    let answer = asked(&pinned(), &json!({ "engine": "velox", "expressions": expressions }));
    for (got, (kind, mask, rows)) in
        answer["expressions"].as_array().expect("a list").iter().zip(&wanted)
    {
        for (got, row) in got.as_array().expect("results").iter().zip(rows) {
            assert_eq!(*got, expected(row, *mask), "{mask:?} of {} ({kind})", row["value"]);
        }
    }
    assert_eq!(answer["expressions"].as_array().map(Vec::len), Some(wanted.len()));
}

/// A view of each type with one column for each mask, besides the value itself. Names need quotes, as far as the engine takes
/// such names: Spark's own catalog has letters, digits and `_` in those of databases and tables.
fn views(dialect: Dialect) -> Vec<(Value, String, Vec<Value>)> {
    let (database, table) = match dialect {
        Dialect::Athena => ("da-ta", "or`d\"ers"),
        Dialect::Spark => ("select", "from"),
    };
    let mut all = Vec::new();
    for (kind, rows) in by_type() {
        let names = Mask::ALL.map(|mask| format!("as {}", mask.as_str()));
        let columns = names.iter().map(std::string::String::as_str).chain(["select"]);
        let masks = Mask::ALL.into_iter().map(Some).chain([None]);
        let shown = columns.zip(masks).map(|(name, mask)| Shown { name, kind: &kind, mask });
        let view = View { database, table, columns: shown.collect(), rows: None };
        let declared: Vec<Value> =
            view.columns.iter().map(|column| json!([column.name, kind])).collect();
        let content: Vec<Vec<&Value>> =
            rows.iter().map(|row| view.columns.iter().map(|_| &row["value"]).collect()).collect();
        let request = json!({
            "database": view.database, "table": view.table, "columns": declared, "rows": content,
            "sql": view.sql(dialect),
        });
        all.push((request, kind.clone(), rows));
    }
    all
}

fn compare(answer: &Value, views: &[(Value, String, Vec<Value>)], text: &str) {
    let answers = answer["views"].as_array().expect("a list");
    assert_eq!(answers.len(), views.len());
    for (answer, (request, kind, rows)) in answers.iter().zip(views) {
        let names: Vec<&Value> =
            request["columns"].as_array().expect("columns").iter().map(|one| &one[0]).collect();
        assert_eq!(answer["columns"], json!(names), "{kind}");
        let types = answer["types"].as_array().expect("types");
        for (mask, got) in Mask::ALL.into_iter().zip(types) {
            assert_eq!(*got, text, "a masked {kind} is a text: {mask:?}");
        }
        let got = answer["rows"].as_array().expect("rows");
        assert_eq!(got.len(), rows.len(), "{kind}");
        for (got, row) in got.iter().zip(rows) {
            for (place, mask) in Mask::ALL.into_iter().enumerate() {
                assert_eq!(
                    got[place],
                    expected(row, mask),
                    "{mask:?} of {} ({kind})",
                    row["value"]
                );
            }
            assert_eq!(got[Mask::ALL.len()], row["value"], "what is not masked stays ({kind})");
        }
    }
}

#[test]
fn views_give_in_duckdb_what_the_table_says() {
    let views = views(Dialect::Athena);
    let requests: Vec<&Value> = views.iter().map(|(request, ..)| request).collect();
    let answer = asked(&pinned(), &json!({ "engine": "duckdb", "views": requests }));
    compare(&answer, &views, "varchar");
}

/// A row for each value, and the conditions with the rows that they let through, by SQL's three-valued logic.
const ROWS: [(Option<&str>, Option<&str>); 6] = [
    (Some("EU"), Some("1")),
    (Some("it's"), Some("2")),
    (Some("a\\_b"), Some("3")),
    (Some("${region}"), Some("-4")),
    (None, Some("5")),
    (Some("EU' OR 1 = 1 --"), None),
];
const CONDITIONS: [(&str, &[usize]); 12] = [
    ("region = 'EU'", &[0]),
    ("region = 'it''s'", &[1]),
    ("region = 'EU'' OR 1 = 1 --'", &[5]),
    ("region = '${region}'", &[3]),
    ("region like 'a\\_b'", &[2]),
    ("region like '%U%'", &[0, 5]),
    ("region not in ('EU', 'it''s')", &[2, 3, 5]),
    ("region is null or amount = -4", &[3, 4]),
    ("not (amount between 2 and 5)", &[0, 3]),
    ("amount >= 2 and amount <> 3", &[1, 4]),
    ("region is not null and not amount is null", &[0, 1, 2, 3]),
    ("amount < 1.5 or region = 'none'", &[0, 3]),
];

fn filtered(dialect: Dialect) -> Vec<Value> {
    let columns = [("region", "string"), ("amount", "bigint")];
    let rows: Vec<Value> = ROWS.iter().map(|(region, amount)| json!([region, amount])).collect();
    let mut all = Vec::new();
    for (text, _) in CONDITIONS {
        let condition = Condition::parse(text).expect(text);
        // The column that the condition compares is masked: the condition is about the value, not about what is shown.
        let shown = columns.map(|(name, kind)| Shown {
            name,
            kind,
            mask: (name == "region").then_some(Mask::Hash),
        });
        let view = View {
            database: "data",
            table: "orders",
            columns: shown.to_vec(),
            rows: Some(&condition),
        };
        all.push(json!({
            "database": "data", "table": "orders", "columns": columns, "rows": rows, "sql": view.sql(dialect),
        }));
    }
    all
}

fn compare_rows(answer: &Value) {
    let answers = answer["views"].as_array().expect("a list");
    assert_eq!(answers.len(), CONDITIONS.len());
    for (answer, (text, places)) in answers.iter().zip(CONDITIONS) {
        let mut got: Vec<Option<&str>> =
            answer["rows"].as_array().expect("rows").iter().map(|row| row[1].as_str()).collect();
        let mut wanted: Vec<Option<&str>> = places.iter().map(|place| ROWS[*place].1).collect();
        got.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(got, wanted, "{text}");
    }
}

#[test]
fn conditions_let_through_in_duckdb_what_sql_says() {
    let request = json!({ "engine": "duckdb", "views": filtered(Dialect::Athena) });
    compare_rows(&asked(&pinned(), &request));
}

/// Settings that a reader's own session may have, and that change how Spark reads texts.
fn settings() -> [Value; 2] {
    let changed = json!({
        "spark.sql.parser.escapedStringLiterals": "true", "spark.sql.ansi.enabled": "false", "region": "EU",
    });
    [json!({}), changed]
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test asks whether Spark is there")]
fn views_give_in_spark_what_the_table_says_whatever_the_session_sets() {
    let Some(python) = std::env::var_os("LAKEWRIGHT_SPARK").map(PathBuf::from) else { return };
    let views = views(Dialect::Spark);
    let requests: Vec<&Value> = views.iter().map(|(request, ..)| request).collect();
    for settings in settings() {
        let request = json!({ "engine": "spark", "settings": settings, "views": requests });
        compare(&asked(&python, &request), &views, "string");
        let request =
            json!({ "engine": "spark", "settings": settings, "views": filtered(Dialect::Spark) });
        compare_rows(&asked(&python, &request));
    }
}
