"""Prints as JSON what Python's jsonschema finds in the documents of a folder's `.yaml` files: the messages by file.

    python validate.py SCHEMA FOLDER

It uses the validator that the schema names, with default options, and PyYAML, like most tools in Python.
"""

import json
import sys
from pathlib import Path

import jsonschema
import yaml


def main() -> None:
    schema_path, folder = map(Path, sys.argv[1:3])
    schema = json.loads(schema_path.read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema)
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        found[path.name] = messages(validator, path.read_text(encoding="utf-8"))
    print(json.dumps(found))


def messages(validator: jsonschema.protocols.Validator, text: str) -> list[str]:
    try:
        documents = list(yaml.safe_load_all(text))
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a day that the calendar has not
        return [str(error)]
    return [error.message for document in documents for error in validator.iter_errors(document)]


main()
