"""Writes for the browser what Python declares of everything that crosses to it: `python -m app.view.schema`.

Its modules are checked against these files, so that a part that is renamed here is an error there.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from bridgenet.files import write_text

APP = Path(__file__).parents[1]
SOURCES = {"view": ("view/spoken.py", "view/view.py"), "frame": ("view/frame.py", "waiting/line.py")}
"""Modules that are declared in each file. What is said in the second, the first does not know."""

HEAD = "// What Python shows. Made by `python -m app.view.schema` from the declarations in `app/view`: change those.\n"

PLAIN = {"str": "string", "int": "number", "float": "number", "bool": "boolean", "object": "unknown", "Chart": "string"}
"""What Python's types are called in the browser. A chart crosses as the text that is drawn of it."""

INDOORS = ("Json", "Given", "Always", "DRAWN")
"""Names that mean nothing there."""


def declarations() -> dict[Path, str]:
    """The files, and the declarations that stand in each, as TypeScript."""
    known: dict[str, str] = {}
    files = {}
    for name, sources in SOURCES.items():
        text = "\n".join(part for source in sources for part in _of_module(APP / source, known, name))
        lent = [word for word, file in known.items() if file != name and re.search(rf"\b{word}\b", text)]
        borrowed = f'import type {{ {", ".join(sorted(lent))} }} from "./view.js";\n\n' if lent else ""
        files[APP / "browser" / f"{name}.d.ts"] = f"{HEAD}\n{borrowed}{text}"
    return files


def main() -> None:
    """Write the files."""
    for file, text in declarations().items():
        write_text(file, text)


def _of_module(source: Path, known: dict[str, str], file: str) -> Iterator[str]:
    body = ast.parse(source.read_text(encoding="utf-8")).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        match node:
            case ast.ClassDef(name=name, bases=[ast.Name(id=base)]) if base == "TypedDict" or base in known:
                known[name] = file
                yield _interface(node, base)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_type(name, value):
                known[name] = file
                yield f"{_comment(after, '')}export type {name} = {_type(value)};\n"


def _is_type(name: str, value: ast.expr) -> bool:
    return name[0].isupper() and not name.isupper() and name not in INDOORS and not isinstance(value, ast.Call)


def _interface(node: ast.ClassDef, base: str) -> str:
    optional = any(keyword.arg == "total" for keyword in node.keywords)
    more = "" if base == "TypedDict" else f" extends {base}"
    lines = [f"/** {ast.get_docstring(node)} */", f"export interface {node.name}{more} {{"]
    for part, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            missing, hint = _presence(part.annotation, optional)
            lines.append(f"{_comment(after, '  ')}  {part.target.id}{'?' if missing else ''}: {_type(hint)};")
    return "\n".join([*lines, "}\n"])


def _comment(node: ast.stmt | None, indent: str) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return f"{indent}/** {text} */\n"
    return ""


def _presence(hint: ast.expr, optional: bool) -> tuple[bool, ast.expr]:
    """Whether a part may be missing, and its type."""
    match hint:
        case ast.Subscript(value=ast.Name(id="NotRequired"), slice=inner):
            return True, inner
        case ast.Subscript(value=ast.Name(id="Always"), slice=inner):
            return False, inner
    return optional, hint


def _type(hint: ast.expr) -> str:
    match hint:
        case ast.Constant(value=None):
            return "null"
        case ast.Constant(value=str(name)) | ast.Name(id=name):
            return PLAIN.get(name, name)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return " | ".join(dict.fromkeys((*_type(left).split(" | "), *_type(right).split(" | "))))
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            words = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return " | ".join(ast.unparse(word).replace("'", '"') for word in words)
        case ast.Subscript(value=ast.Name(id="list"), slice=inner):
            of = _type(inner)
            return f"({of})[]" if " | " in of else f"{of}[]"
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=parts)):
            return f"[{', '.join(map(_type, parts))}]"
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[_, inner])):
            return f"Record<string, {_type(inner)}>"
    raise ValueError(f"{ast.unparse(hint)} has no counterpart in the browser.")


if __name__ == "__main__":
    main()
