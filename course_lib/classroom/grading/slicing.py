"""Of a whole notebook, the statements that one exercise cell needs: imports, helpers, constants.

So an answer is judged by itself: in a second instead of the lesson's minute, and a broken cell elsewhere in
the learner's notebook costs nothing.
"""

import ast
import re
import symtable
from collections.abc import Iterator

_MAGIC = re.compile(r"^\s*[!%?].*$", re.MULTILINE)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
Part = tuple[int, ast.Module]  # the number of a cell, and statements of it


def parse(source: str) -> ast.Module:
    """The syntax tree of a cell, without IPython's magics. Raises SyntaxError."""
    if source.lstrip().startswith("%%"):
        return ast.Module([], [])
    return ast.parse(_MAGIC.sub(lambda line: re.match(r"\s*", line[0])[0] + "pass", source))


def what_it_needs(cells: list[str], wanted: int) -> list[Part]:
    """The parts of the notebook that cell number `wanted` needs, in the order to run them, the cell last.

    A name is taken from the statements above the cell that give it a value, or else from those below. Cells
    that cannot be parsed are passed over. Raises SyntaxError if the wanted cell itself cannot be parsed.
    """
    own = parse(cells[wanted])
    places = [(i, statement) for i, source in enumerate(cells) if i != wanted
              for statement in _statements(source)]
    chosen: set[int] = {k for k, (_, statement) in enumerate(places) if _is_star(statement)}
    asked: set[str] = set()
    open_names = _used(own)
    while open_names:
        name = open_names.pop()
        if name in asked:
            continue
        asked.add(name)
        binding = [k for k, (_, statement) in enumerate(places) if name in _bound(statement)]
        above = [k for k in binding if places[k][0] < wanted]
        for k in above or binding:
            if k not in chosen:
                chosen.add(k)
                open_names |= _used(places[k][1]) - asked
    parts = [(i, ast.Module([statement], [])) for k, (i, statement) in enumerate(places) if k in chosen]
    return [*parts, (wanted, own)]


def defines(source: str, name: str) -> bool:
    """Does a statement at the top of this cell give `name` a value?"""
    return any(name in _bound(statement) for statement in _statements(source))


def _statements(source: str) -> list[ast.stmt]:
    try:
        return parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _is_star(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and any(alias.name == "*" for alias in statement.names)


def _used(tree: ast.AST) -> set[str]:
    """Names outside itself that it reads, also from inside functions."""
    return set(_globals(symtable.symtable(ast.unparse(tree), "cell", "exec")))


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (top or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _globals(child)


def _bound(tree: ast.AST) -> set[str]:
    """Names that running it defines in the notebook."""
    return set(_binds(tree))


def _binds(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, _SCOPES):
        yield node.name
        return
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    for child in ast.iter_child_nodes(node):
        yield from _binds(child)
