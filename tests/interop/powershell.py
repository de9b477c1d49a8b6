"""Parses a PowerShell script on the standard input with a grammar for editors, and runs nothing.

Prints the place of each syntax error, or else each assignment of a literal string as `NAME VALUE`.
"""

import sys

import tree_sitter_powershell
from tree_sitter import Language, Parser

script = sys.stdin.buffer.read()
root = Parser(Language(tree_sitter_powershell.language())).parse(script).root_node


def nodes(node):
    yield node
    for child in node.children:
        yield from nodes(child)


def text(node):
    return script[node.start_byte : node.end_byte].decode()


errors = [node for node in nodes(root) if node.type == "ERROR" or node.is_missing]
if errors:
    for node in errors:
        print(f"line {node.start_point.row + 1}: {text(node)[:60]!r}")
    sys.exit(1)
for node in nodes(root):
    if node.type == "assignment_expression":
        name, value = node.children[0], node.child_by_field_name("value")
        literals = [found for found in nodes(value) if found.type == "verbatim_string_characters"]
        if [text(value)] == [text(literal) for literal in literals]:
            print(text(name), text(value)[1:-1].replace("''", "'"))
