#!/usr/bin/env bash
# Guess:   the text of a view means the same for everybody who reads it, so a mask that hides letters hides them for each session.
# Happens: Spark reads the text by the settings of the reader's session. With `spark.sql.parser.escapedStringLiterals=true` the
#          pattern '[\\p{Lu}]' no longer matches capital letters, and they are shown. A `${name}` in a quoted text is replaced by
#          the setting of that name, or by nothing, so a condition on rows can be changed by whoever reads. Characters that are written by
#          their numbers (`chr(92)`, `chr(36)`) stay what they are.
# Version: pyspark 4.3.0, a Java runtime 17
# Source:  Spark, SqlBaseParser and VariableSubstitution; settings spark.sql.parser.escapedStringLiterals, spark.sql.variable.substitute
# Matters: whoever stores the SQL of masks outside of Spark (Data Catalog views made by an API) cannot know the reader's settings.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pyspark==4.3.0

SPARK_LOCAL_IP=127.0.0.1 env/bin/python - 2>spark.log <<'PY' || { tail -20 spark.log; exit 1; }
from importlib.metadata import version

from pyspark.sql import SparkSession

session = (
    SparkSession.builder.master('local[1]').config('spark.ui.enabled', 'false').config('spark.driver.host', '127.0.0.1').getOrCreate()
)
session.sparkContext.setLogLevel('OFF')
texts = {
    'pattern with backslashes': r"SELECT regexp_replace('Ann', '[\\p{Lu}]', 'X')",
    'pattern with chr(92)': r"SELECT regexp_replace('Ann', concat('[', chr(92), 'p{Lu}]'), 'X')",
    'text with a dollar sign': "SELECT 'region ${region}'",
    'text with chr(36)': "SELECT concat('region ', chr(36), '{region}')",
}

def answers():
    return {name: session.sql(text).collect()[0][0] for name, text in texts.items()}

before = answers()
session.conf.set('spark.sql.parser.escapedStringLiterals', 'true')
session.conf.set('region', 'EU')
after = answers()
print('pyspark', version('pyspark'))
for name in texts:
    print(f'  {name}: {before[name]!r}, with other settings {after[name]!r}')
expected = {
    'pattern with backslashes': ('Xnn', 'Ann'),
    'pattern with chr(92)': ('Xnn', 'Xnn'),
    'text with a dollar sign': ('region ', 'region EU'),
    'text with chr(36)': ('region ${region}', 'region ${region}'),
}
if {name: (before[name], after[name]) for name in texts} != expected:
    raise SystemExit('no longer as stated')
PY
