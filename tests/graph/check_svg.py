"""Checks a drawing: it is XML, it has a name and a description, it is complete in itself, and no two boxes overlap.

Usage: python check_svg.py FILE. Prints the texts as a JSON list.
"""

import json
import sys
import xml.etree.ElementTree as xml

SVG = "{http://www.w3.org/2000/svg}"

root = xml.parse(sys.argv[1]).getroot()
assert root.tag == f"{SVG}svg", root.tag
assert root.get("role") == "img"
for part in root.get("aria-labelledby").split():
    found = [one for one in root if one.get("id") == part]
    assert len(found) == 1 and found[0].text, part
x, y, width, height = map(int, root.get("viewBox").split())
assert (x, y) == (0, 0) and width > 0 and height > 0
style = root.find(f"{SVG}style").text
assert "prefers-color-scheme: dark" in style
for word in ("url(", "@import", "http"):
    assert word not in style, word
boxes = []
for rect in root.iter(f"{SVG}rect"):
    if rect.get("class").split()[0] in ("box", "under"):
        boxes.append([int(rect.get(key)) for key in ("x", "y", "width", "height")])
for number, (x, y, w, h) in enumerate(boxes):
    assert x + w <= width and y + h <= height, boxes[number]
    for other_x, other_y, other_w, other_h in boxes[number + 1 :]:
        apart = x + w <= other_x or other_x + other_w <= x or y + h <= other_y or other_y + other_h <= y
        assert apart, (boxes[number], (other_x, other_y, other_w, other_h))
texts = list(root.iter(f"{SVG}text"))
for text in texts:
    left, length = int(text.get("x")), int(text.get("textLength"))
    assert left + length <= width, text.text
for path in root.iter(f"{SVG}path"):
    assert path.get("class").split()[0] in ("line", "end"), path.get("class")
print(json.dumps([text.text for text in texts]))
