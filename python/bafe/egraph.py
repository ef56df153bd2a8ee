"""E-graphs as data: the one a search grew, or any file in the JSON form of egraph-serialize.

Example:
    >>> e = bafe.egraph.of(bafe.jit(lambda a, b, v: (a @ b) @ v), *[np.ones((64, 64))] * 3)
    >>> found = e.extract()
    >>> found.optimal, found.gap
    (True, 0.0)
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Callable, NamedTuple

from bafe import _core


class Node(NamedTuple):
    """One e-node: its name, operator, class, the classes of its children, its cost."""

    name: str
    op: str
    eclass: str
    children: tuple[str, ...]
    cost: float


class Extraction(NamedTuple):
    """A choice of one node for every class that the roots need.

    ``cost`` counts every chosen node once; no choice costs less than ``lower_bound``; ``gap`` is
    ``(cost - lower_bound) / cost``, 0 when the choice is proven ``optimal``.
    """

    cost: float
    lower_bound: float
    gap: float
    optimal: bool
    work: int
    choices: dict[str, str]
    dot: str


class EGraph:
    """Classes of equal nodes, each node with a cost."""

    def __init__(self, core: _core.CostEGraph) -> None:
        self._core = core

    def __repr__(self) -> str:
        return f"<bafe.egraph.EGraph: {self.num_nodes} nodes, {self.num_classes} classes>"

    @property
    def num_nodes(self) -> int:
        """Number of nodes."""
        return self._core.num_nodes

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return self._core.num_classes

    @property
    def classes(self) -> list[str]:
        """Names of the classes."""
        return self._core.classes

    @property
    def roots(self) -> list[str]:
        """Names of the classes that an extraction computes."""
        return self._core.roots

    @property
    def nodes(self) -> list[Node]:
        """The nodes, in the file's order."""
        return [Node(*row) for row in self._core.nodes()]

    def extract(
        self,
        roots: Sequence[str] | None = None,
        cost: Callable[[Node], float] | None = None,
        work: int | None = None,
    ) -> Extraction:
        """Choose one node for every class that the roots need, without a cycle, cheaply.

        Args:
            roots: names of classes; the file's roots by default.
            cost: gives the cost of a node instead of the file's; infinity means never.
            work: edges that the search may touch, a count and no clock; default 100 million.

        Returns:
            The choice with its cost, a bound below every choice, and the gap between both.

        Raises:
            ParseError: a cost is NaN or negative, a root has no program of finite cost, or no root
                is named, neither here nor in the file.

        Example:
            >>> text = '{"nodes": {"a": {"op": "x", "eclass": "1", "cost": 2}}}'
            >>> bafe.egraph.loads(text).extract(roots=["1"]).choices
            {'1': 'a'}
        """
        core = self._core
        if cost is not None:
            core = core.priced_anew([float(cost(node)) for node in self.nodes])
        return Extraction(**core.extract(None if roots is None else list(roots), work))

    def dumps(self) -> str:
        """Give the e-graph as JSON text."""
        return self._core.json()

    def save(self, path: str | PathLike[str]) -> None:
        """Write the e-graph as JSON."""
        Path(path).write_text(self.dumps(), encoding="utf-8")

    def dot(self) -> str:
        """Give the e-graph as Graphviz text, one cluster a class."""
        return self._core.dot()


def load(path: str | PathLike[str]) -> EGraph:
    """Read an e-graph from a file in the JSON form of egraph-serialize.

    Raises:
        ParseError: the file is damaged or holds a key twice; the message names the place.
        OSError: the file cannot be read.
    """
    return EGraph(_core.egraph_from_json(Path(path).read_text(encoding="utf-8"), str(path)))


def loads(text: str) -> EGraph:
    """Read an e-graph from a text."""
    return EGraph(_core.egraph_from_json(text, "<text>"))


def save(graph: EGraph, path: str | PathLike[str]) -> None:
    """Write an e-graph as JSON, as ``graph.save(path)`` does.

    Example:
        >>> import os, tempfile
        >>> e = bafe.egraph.loads('{"nodes": {"a": {"op": "x", "eclass": "1"}}}')
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "small.json")
        ...     bafe.egraph.save(e, path)
        ...     bafe.egraph.load(path).nodes == e.nodes
        True
    """
    graph.save(path)


def extract(
    graph: EGraph,
    roots: Sequence[str] | None = None,
    cost: Callable[[Node], float] | None = None,
    work: int | None = None,
) -> Extraction:
    """Choose the cheapest nodes, as ``graph.extract`` does; the arguments are the same.

    Example:
        >>> e = bafe.egraph.loads('{"nodes": {"a": {"op": "x", "eclass": "1", "cost": 2}}}')
        >>> bafe.egraph.extract(e, roots=["1"]).cost
        2.0
    """
    return graph.extract(roots=roots, cost=cost, work=work)


def of(function: Any, *args: Any, **kwargs: Any) -> EGraph:
    """Give the e-graph that the search of a jitted function grows for these arguments.

    Costs are predicted nanoseconds of each node by itself on the reference machine of the default
    target.
    """
    from bafe.jit import JitFunction
    from bafe.methods import _program

    if not isinstance(function, JitFunction):
        raise _core.TraceError(
            f"egraph.of: a {type(function).__name__} is not a jitted function\n"
            "  fix: pass the result of bafe.jit"
        )
    program = _program(function, args, kwargs)
    return EGraph(_core.egraph_of_program(program, function._options.search["options"]))


__all__ = ["EGraph", "Extraction", "Node", "extract", "load", "loads", "of", "save"]
