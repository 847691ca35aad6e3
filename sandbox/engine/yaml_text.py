"""YAML as the CLI reads and writes it.

The CLI's reader follows YAML 1.2 (`yes` and `on` are texts, `010` is octal all the same) and its writer
quotes what another reader could take for something else. PyYAML is tuned to both. Files are edited entry by
entry, so that comments and the form of all else stay as the user wrote them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, ClassVar

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN = "!plain"  # the tag given to an unquoted scalar without a tag of its own
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = {"", "~", "null", "Null", "NULL"}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?")
_OTHER_TYPE = re.compile(  # to YAML 1.1: a truth value, a number in base 60, a merge key
    r"y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|<<"
)


class YamlError(ValueError):
    """A text that is no YAML; says the line (from 1) and what is wrong there, in one line."""


def load(text: str) -> Any:
    """The value of a YAML text, None if it is empty; YamlError if it is broken or a key comes twice."""
    try:
        return yaml.load(text, Loader=_Reader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise YamlError(f"invalid YAML: {where}{error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise YamlError(f"invalid YAML: {str(error).splitlines()[0]}") from None


def dump(value: Any) -> str:
    """A value as block YAML, two spaces a level, as the CLI writes it."""
    return yaml.dump(
        value, Dumper=_Writer, default_flow_style=False, sort_keys=False, allow_unicode=True, width=1 << 30
    )


def set_entry(text: str, path: tuple[str, ...], value: Any, *, names: tuple[str, ...] = ()) -> str:
    """The text with the value at `path` (one key, or a section and a key) set; all else as it was.

    `names` are other spellings of the last key, which it replaces. YamlError if the text is broken.
    """
    whole = load(text)
    wanted = _with_entry(whole if isinstance(whole, dict) else {}, path, value, names)
    rendered = dump({path[-1]: value})
    edited = _spliced(text, path, rendered, (path[-1], *names))
    return edited if edited is not None and load(edited) == wanted else dump(wanted)


def remove_entry(text: str, path: tuple[str, ...], *, names: tuple[str, ...] = ()) -> str:
    """The text without the entry at `path`, and without its section if that is then empty."""
    whole = load(text)
    if not isinstance(whole, dict):
        return text
    spellings = (path[-1], *names)
    section = whole.get(path[0]) if len(path) > 1 else whole
    if not isinstance(section, dict) or not any(name in section for name in spellings):
        return text
    kept = {key: entry for key, entry in section.items() if key not in spellings}
    if len(path) > 1:
        wanted = {key: entry for key, entry in whole.items() if kept or key != path[0]}
        if kept:
            wanted[path[0]] = kept
    else:
        wanted = kept
    if not wanted:
        return ""
    edited = _spliced(
        text, path if kept or len(path) == 1 else path[:1], "", spellings if kept else (path[0],)
    )
    return edited if edited is not None and load(edited) == wanted else dump(wanted)


# ---- Reading ---------------------------------------------------------------------------------------


class _Reader(_Loader):  # type: ignore[misc]
    """A loader that leaves it to us what an unquoted scalar means."""

    yaml_implicit_resolvers: ClassVar[dict[Any, Any]] = {None: [(_PLAIN, re.compile(""))]}

    def construct_document(self, node: yaml.Node) -> Any:
        return _value(node)


def _value(node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    if not isinstance(node, yaml.MappingNode):
        return _plain(str(node.value)) if node.tag == _PLAIN else str(node.value)
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a key must be a text", problem_mark=key_node.start_mark)
        key = str(key_node.value)
        if key in found:
            raise yaml.MarkedYAMLError(
                problem=f'the key "{key}" comes twice', problem_mark=key_node.start_mark
            )
        found[key] = _value(value_node)
    return found


def _plain(text: str) -> Any:
    """What an unquoted scalar means."""
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if text[0] in "+-.0123456789":
        number = _number(text)
        return text if number is None else number
    return text


def _number(text: str) -> int | float | str | None:
    if _DATE.fullmatch(text):
        return "{}-{:0>2}-{:0>2} 00:00:00 +0000 UTC".format(*text.split("-"))  # as the CLI shows a date
    bare = text.replace("_", "")
    sign, digits = (bare[0], bare[1:]) if bare[:1] in ("+", "-") else ("", bare)
    for prefix, base in (("0x", 16), ("0b", 2), ("0o", 8), ("0", 8), ("", 10)):
        body = digits.lower().removeprefix(prefix)
        if digits.lower().startswith(prefix) and body and body.isalnum():
            try:
                return int(sign + body, base)
            except ValueError:
                continue
    if _FLOAT.fullmatch(bare):
        return float(bare)
    return (
        {".inf": math.inf, ".nan": math.nan}.get(digits.lower())
        if not sign or digits.lower() == ".inf"
        else None
    )


# ---- Writing ---------------------------------------------------------------------------------------


class _Writer(yaml.SafeDumper):
    """A dumper whose texts are quoted by our rules alone."""

    yaml_implicit_resolvers: ClassVar[dict[Any, Any]] = {}  # type: ignore[misc]

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _written_text(writer: yaml.SafeDumper, text: str) -> yaml.Node:
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=_style_of(text))


def _written_plain(text_of: Callable[[Any], str]) -> Callable[[yaml.SafeDumper, Any], yaml.Node]:
    return lambda writer, value: writer.represent_scalar("tag:yaml.org,2002:str", text_of(value))


def number_text(value: float) -> str:
    """A number as the CLI writes it: whole ones without a point, extreme ones with an exponent."""
    if math.isinf(value) or math.isnan(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    return repr(value)


_Writer.add_representer(str, _written_text)
_Writer.add_representer(bool, _written_plain(lambda value: "true" if value else "false"))
_Writer.add_representer(int, _written_plain(str))
_Writer.add_representer(float, _written_plain(number_text))
_Writer.add_representer(type(None), _written_plain(lambda _: "null"))


def _style_of(text: str) -> str | None:
    """How a text is written: quoted if a reader could take it for another type, as lines, or plain."""
    if (
        not isinstance(_plain(text) if text else None, str)
        or _OTHER_TYPE.fullmatch(text)
        or _DATE.match(text)
    ):
        return '"'
    return "|" if "\n" in text else None


# ---- Editing ---------------------------------------------------------------------------------------


def _with_entry(
    whole: dict[str, Any], path: tuple[str, ...], value: Any, names: tuple[str, ...]
) -> dict[str, Any]:
    section = whole.get(path[0]) if len(path) > 1 else whole
    section = section if isinstance(section, dict) else {}
    spellings = (path[-1], *names)
    changed = {
        path[-1] if key in spellings else key: value if key in spellings else entry
        for key, entry in section.items()
    }
    changed.setdefault(path[-1], value)
    return changed if len(path) == 1 else {**whole, path[0]: changed}


def _spliced(text: str, path: tuple[str, ...], rendered: str, spellings: tuple[str, ...]) -> str | None:
    """The text with the lines of one entry replaced or, if it is not there, put behind its section's last.

    None where lines are not enough (flow style), and the whole has to be written anew.
    """
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    root = yaml.compose(text, Loader=_Reader)
    if root is None:
        return "".join(lines) + _under(path, rendered)
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        return None
    node, end = root, _last_line(root) + 1
    if len(path) > 1:
        found = _entry(root, (path[0],))
        if found is None:
            return "".join([*lines[:end], _under(path, rendered), *lines[end:]])
        if not isinstance(found[1], yaml.MappingNode) or found[1].flow_style:
            return None
        node, end = found[1], _last_line(found[1]) + 1
    indent = " " * node.start_mark.column
    block = "".join(
        f"{indent}{line}" if line.strip() else line for line in rendered.splitlines(keepends=True)
    )
    entry = _entry(node, spellings)
    start = end
    if entry is not None:
        start, end = entry[0].start_mark.line, _last_line(entry[1]) + 1
    return "".join([*lines[:start], block, *lines[end:]])


def _under(path: tuple[str, ...], rendered: str) -> str:
    if len(path) == 1:
        return rendered
    return f"{path[0]}:\n" + "".join(
        f"  {line}" if line.strip() else line for line in rendered.splitlines(keepends=True)
    )


def _entry(mapping: yaml.MappingNode, names: tuple[str, ...]) -> tuple[yaml.Node, yaml.Node] | None:
    return next(((key, value) for key, value in mapping.value if key.value in names), None)


def _last_line(node: yaml.Node) -> int:
    """The last line that belongs to a node; its own end mark lies behind blank lines and comments."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        end = node.end_mark
        return int(end.line) - (1 if end.column == 0 and end.line > node.start_mark.line else 0)
    last = node.value[-1]
    return _last_line(last[1] if isinstance(last, tuple) else last)
