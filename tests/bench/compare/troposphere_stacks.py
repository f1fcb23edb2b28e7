"""The templates of N datasets by troposphere. Each gets the resources of a template with finished policies.

Arguments: the template of one dataset, the number of datasets, the folder to write.
"""

import json
import pathlib
import sys

from troposphere.template_generator import TemplateGenerator


def main(template: str, number: int, out: pathlib.Path) -> None:
    text = pathlib.Path(template).read_text()
    out.mkdir()
    for dataset in range(number):
        made = TemplateGenerator(json.loads(text.replace("-d0-", f"-d{dataset}-")))
        (out / f"d{dataset}.json").write_text(made.to_json())


main(sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3]))
