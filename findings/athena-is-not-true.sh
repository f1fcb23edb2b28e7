#!/usr/bin/env bash
# Guess:   sqlglot reads `deleted IS NOT TRUE` as Athena and writes it as Athena unchanged, or in words that keep the same rows.
# Happens: it writes `NOT deleted`. The two differ for NULL: the first keeps the row, the second drops it. `IS NOT FALSE` becomes
#          `NOT NOT deleted`, with the same loss. Trino is alike. Written for Spark nothing is lost.
# Version: sqlglot 30.30.0 (the rows are counted with the sqlite of Python)
# Source:  sqlglot, generator.py (is_sql) and generators/presto.py (IS_BOOL_ALLOWED is off)
# Matters: row filters of Lake Formation and views of a mesh are often passed through sqlglot to be formatted or qualified. Rows
#          whose flag was never set vanish, without an error and without a change of dialect.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check sqlglot==30.30.0

env/bin/python - <<'PY'
import sqlite3

import sqlglot

print('sqlglot', sqlglot.__version__)
table = sqlite3.connect(':memory:')
table.executescript('CREATE TABLE t (deleted BOOLEAN); INSERT INTO t VALUES (TRUE), (FALSE), (NULL);')

def rows(condition):
    return table.execute(f'SELECT count(*) FROM t WHERE {condition}').fetchone()[0]

def rewrite(condition, dialect):
    [statement] = sqlglot.transpile(f'SELECT * FROM t WHERE {condition}', read='athena', write=dialect)
    return statement.removeprefix('SELECT * FROM t WHERE ')

expected = {'deleted IS NOT TRUE': ('NOT deleted', 2, 1), 'deleted IS NOT FALSE': ('NOT NOT deleted', 2, 1)}
print('Read as Athena and written as Athena, and how many of the rows TRUE, FALSE, NULL are kept:')
same = True
for condition, want in expected.items():
    written = rewrite(condition, 'athena')
    got = (written, rows(condition), rows(written))
    print(f'  {condition}: {got[1]} rows  ->  {written}: {got[2]} rows    (Spark: {rewrite(condition, "spark")})')
    same = same and got == want and rewrite(condition, 'trino') == written and rows(rewrite(condition, 'spark')) == 2
if not same:
    raise SystemExit('no longer as stated')
PY
