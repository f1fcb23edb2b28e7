"""Resource types as the CloudFormation registry describes them."""

import functools
from typing import Any, Iterator

Json = dict[str, Any]
Path = tuple[str, ...]


def values_at(value: Any, path: Path) -> Iterator[Any]:
    """All values at a schema path; ``*`` stands for every item."""
    if not path:
        yield value
    elif path[0] in ("*", "items") and isinstance(value, list):
        for item in value:
            yield from values_at(item, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from values_at(value[path[0]], path[1:])


class Schema:
    """One resource type as the CloudFormation registry describes it."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.type: str = document["typeName"]
        self.service, self.last = self.type.split("::")[1:3]
        self.primary = self._paths("primaryIdentifier")
        self.create_only = self._paths("createOnlyProperties")
        # An identifier may be in both lists: the template may set it, else the service does.
        self.read_only = [p for p in self._paths("readOnlyProperties") if p not in self.create_only]
        self.delete_first = document.get("replacementStrategy") == "delete_then_create"

    def _paths(self, key: str) -> list[Path]:
        return [tuple(pointer.split("/")[2:]) for pointer in self.document.get(key, ())]

    def resolve(self, node: Any) -> Json:
        """The node itself, or the target of its references within this schema."""
        while isinstance(node, dict) and "$ref" in node:
            parts = node["$ref"].removeprefix("#/").split("/")
            node = functools.reduce(lambda target, part: target[part], parts, self.document)
        return node if isinstance(node, dict) else {}

    def at(self, path: Path) -> Json:
        node = self.document
        for part in path:
            node = self.resolve(node.get("properties", {}).get(part))
        return node

    def recreation(self, name: str) -> str:
        """What a change set reports as `RequiresRecreation` for a change of a top-level property."""
        if (name,) in self.create_only:
            return "Always"
        partly = self.create_only + self._paths("conditionalCreateOnlyProperties")
        return "Conditionally" if any(path[0] == name for path in partly) else "Never"

    def tag_property(self) -> tuple[str, str] | None:
        """The property that receives the stack's tags, and its shape."""
        tagging = self.document.get("tagging", {})
        name = tagging.get("tagProperty", "/properties/Tags").rsplit("/", 1)[-1]
        node = self.at((name,))
        if not tagging.get("taggable", "tagProperty" in tagging) or not node or (name,) in self.create_only:
            return None
        item = self.resolve(node.get("items")).get("properties", {})
        if node.get("type") == "array":
            return (name, "list") if {"Key", "Value"} <= item.keys() else None
        return name, "map"

    def violations(self, props: Json) -> list[str]:
        """The errors for which CloudFormation refuses a resource before it calls the handler."""
        written = [f"#: read-only key [{'/'.join(path)}] is not permitted"
                   for path in self.read_only if any(True for _ in values_at(props, path))]
        return written + list(self._check(props, self.document, "#"))

    def _check(self, value: Any, node: Any, where: str) -> Iterator[str]:
        node = self.resolve(node)
        if "type" in node:
            types = node["type"] if isinstance(node["type"], list) else [node["type"]]
            found = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "scalar"
            # CloudFormation converts between scalar types.
            if found not in {t if t in ("object", "array") else "scalar" for t in types}:
                yield f"{where}: expected type: {'/'.join(types)}, found: {found}"
                return
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from self._check(item, node.get("items"), f"{where}/{index}")
        elif isinstance(value, dict):
            yield from self._check_object(value, node, where)
        for branch in node.get("allOf", ()):
            yield from self._check(value, branch, where)
        for key in ("anyOf", "oneOf"):
            yield from min((list(self._check(value, branch, where)) for branch in node.get(key, ())),
                           key=len, default=[])

    def _check_object(self, value: Json, node: Json, where: str) -> Iterator[str]:
        known = node.get("properties", {})
        patterns = list(node.get("patternProperties", {}).values())
        # With several patterns, it is not checked which one a key matches.
        other = patterns[0] if len(patterns) == 1 else {} if patterns else node.get("additionalProperties")
        for name in node.get("required", ()):
            if name not in value and not (node is self.document and (name,) in self.read_only):
                yield f"{where}: required key [{name}] not found"
        for name, item in value.items():
            if name in known:
                yield from self._check(item, known[name], f"{where}/{name}")
            elif isinstance(other, dict):
                yield from self._check(item, other, f"{where}/{name}")
            elif other is False:
                yield f"{where}: extraneous key [{name}] is not permitted"
