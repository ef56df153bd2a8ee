"""What ``explain`` and ``search_stats`` return."""

from __future__ import annotations

import os
from typing import Any


class SearchStats:
    """Counts of one search; equal in every process but for ``ms``.

    Attributes:
        alternatives: distinct e-nodes that rules added in classes reachable from a root.
        matches_accepted: raw accepted matches.
        nodes_before, nodes_after, classes_before, classes_after: size of the e-graph.
        iterations, work_units: how much was done.
        stop_reason: why it ended.
        regime: greedy, light, beam or deep.
        ms: wall milliseconds.
        error_growth: error factor of the chosen program over that of the program as written, where
            it is largest; max_error_growth: the limit given, or None.
        structure: a sentence for each argument whose zeros the program relies on.
    """

    def __init__(self, fields: dict[str, Any]) -> None:
        self.__dict__.update(fields)

    def __getitem__(self, name: str) -> Any:
        return self.__dict__[name]

    def keys(self) -> Any:
        """Names of the fields."""
        return self.__dict__.keys()

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return dict(self.__dict__)

    def __repr__(self) -> str:
        return "SearchStats(" + ", ".join(f"{k}={v!r}" for k, v in self.__dict__.items()) + ")"


def _time(nanoseconds: float) -> str:
    for limit, unit, divisor in ((1e3, "ns", 1.0), (1e6, "µs", 1e3), (1e9, "ms", 1e6)):
        if nanoseconds < limit:
            return f"{nanoseconds / divisor:.3g} {unit}"
    return f"{nanoseconds / 1e9:.3g} s"


def _short(text: str, width: int = 110) -> str:
    return text if len(text) <= width else text[: width - 2] + " …"


def _listing(lines: list[tuple[str, str]]) -> list[str]:
    width = max((len(place) for place, _ in lines), default=0)
    return [f"  {place:<{width}}  {_short(text)}".rstrip() for place, text in lines]


def _step(number: int, step: dict[str, Any]) -> list[str]:
    kind = step["class"] or step["kind"]
    direction = "" if step["forward"] else ", right to left"
    lines = [
        f"  {number}. {step['rule']} [{kind}{direction}]",
        f"       {_short(step['before'])}",
        f"    => {_short(step['after'])}",
    ]
    lines += [f"       holds: {premise}" for premise in step["premises"]]
    if step["why"]:
        lines.append(f"       why: {step['why']}")
    return lines


def _kernel(kernel: dict[str, Any]) -> str:
    return (
        f"               {_time(kernel['predicted_ns']):>9}  {kernel['kind']}: "
        f"{_short(kernel['operators'], 60)} -> {_short(kernel['results'], 60)}"
    )


def _candidates(candidates: list[dict[str, Any]]) -> list[str]:
    lines = []
    best = candidates[0]["predicted_ns"]
    for number, candidate in enumerate(candidates, 1):
        ratio = candidate["predicted_ns"] / best if best > 0 else 1.0
        lines.append(
            f"  {number}. {_time(candidate['predicted_ns']):>9}  x{ratio:.2f}  "
            f"{_short(candidate['program'])}"
        )
        lines += [_kernel(kernel) for kernel in candidate["kernels"][:12]]
        if len(candidate["kernels"]) > 12:
            lines.append(f"               and {len(candidate['kernels']) - 12} more kernels")
    return lines


class Explanation:
    """Why a program runs as it does. Prints as text; ``to_dict()`` gives the same as data,
    ``html(path)`` writes a page, which notebooks show."""

    def __init__(self, found: dict[str, Any], subject: Any = None, program: Any = None) -> None:
        self._subject, self._program = subject, program
        found["gap"] = 0.0
        if found["surrogate_ns"] > 0:
            found["gap"] = max(0.0, 1 - found["lower_bound_ns"] / found["surrogate_ns"])
        best = found["candidates"][0]["predicted_ns"]
        found["rejected"] += [
            (
                f"candidate {number}",
                f"{_time(candidate['predicted_ns'])} predicted, "
                f"{100 * (candidate['predicted_ns'] / best - 1):.1f} % more than the best",
            )
            for number, candidate in enumerate(found["candidates"][1:5], 2)
            if best > 0
        ]
        self._found = found

    @property
    def rules(self) -> list[str]:
        """Names of the rules between the program as written and the one chosen, in order."""
        return [step["rule"] for step in self._found["steps"]]

    @property
    def written(self) -> str:
        """The program as written, in one line."""
        return self._found["written"]

    @property
    def chosen(self) -> str:
        """The program chosen, in one line."""
        return self._found["chosen"]

    def html(self, path: str | os.PathLike[str], *, measure: bool = True) -> str:
        """Write one page that needs nothing else: open it in a browser, mail it, keep it.

        It shows the program before and after, each rewrite with its proof, the e-graph, kernels on
        a roofline with their C code, a timeline, certificate and validation.

        Args:
            path: of the HTML file, which is replaced whole.
            measure: compile for these arguments if that was not done, call the function once and
                time each kernel on copies of them. False reads what is there.

        Returns:
            The path.

        Raises:
            OSError: the file cannot be written.

        Example:
            >>> import os, tempfile
            >>> f = bafe.jit(lambda a, b, v: a @ b @ v)
            >>> a, v = np.ones((64, 64), "f4"), np.ones((64, 1), "f4")
            >>> path = os.path.join(tempfile.mkdtemp(), "report.html")
            >>> f.explain(a, a, v).html(path) == path
            True
        """
        from bafe.report import page

        page.write(path, self._page(measure))
        return os.fspath(path)

    def _page(self, measure: bool) -> str:
        from bafe.report import explanation_page

        return explanation_page(self._found, self._subject, self._program, measure)

    def _repr_html_(self) -> str:
        """Show the page in a notebook, in a frame of its own; nothing is compiled for it."""
        import html

        page = html.escape(self._page(measure=False), quote=True)
        return (
            '<iframe title="BAFE report" sandbox="allow-scripts" loading="lazy" '
            f'style="width:100%;height:720px;border:0" srcdoc="{page}"></iframe>'
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data.

        Keys: ``written``, ``chosen`` (one line each), ``written_lines``, ``chosen_lines`` (place
        and text), ``chosen_text`` (with layouts), ``flops``, ``flops_as_written`` (each value
        once), ``predicted_ns``, ``predicted_ns_as_written``,
        ``steps`` (rule, kind, class, premises, why, forward, before, after), ``facts``,
        ``written_graph``, ``chosen_graph`` (nodes: operator, fields, operands, type, place, name),
        ``chains``, ``step_terms`` (the terms of the rewrites, likewise),
        ``candidates`` (program, predicted_ns, kernels), ``rounds`` (e-graph after each),
        ``rejected`` (what and why), ``limits``, ``error_growth``, ``max_error_growth``,
        ``surrogate_ns``, ``lower_bound_ns``, ``gap``, ``stats``,
        ``bodies`` (of loops and branches: written, chosen, chosen_text, predicted_ns),
        ``guards`` (``arguments`` and ``values``: a sentence for each; ``sizes``).
        """
        return self._found

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        sections = [
            self._programs(),
            self._guards(),
            self._steps(),
            self._effort(),
            self._rivals(),
            self._left_out(),
            ["program chosen, with layouts:", self._found["chosen_text"].rstrip()],
        ]
        return "\n\n".join("\n".join(lines) for lines in sections if lines)

    def _programs(self) -> list[str]:
        found = self._found
        lines = [f"as written: {_time(found['predicted_ns_as_written'])} predicted"]
        lines += _listing(found["written_lines"])
        lines += [f"chosen: {_time(found['predicted_ns'])} predicted"]
        lines += _listing(found["chosen_lines"])
        facts = [*found.get("structure", []), *found["facts"]]
        if facts:
            lines += ["known of its matrices:", *(f"  {fact}" for fact in facts)]
        lines += [f"structure: {line}" for line in found.get("structure", ())]
        for body in found.get("bodies", ()):
            lines.append(f"body of a loop or branch: {_time(body['predicted_ns'])} predicted a run")
            lines += [
                f"  as written  {_short(body['written'])}",
                f"  chosen      {_short(body['chosen'])}",
            ]
        limit = found["max_error_growth"]
        lines.append(
            f"error factor: {found['error_growth']:.3g} times that of the program as written"
            + ("" if limit is None else f" (at most {limit:g} by max_error_growth)")
        )
        lines += [f"product: {line}" for line in found.get("products", ())]
        return lines

    def _guards(self) -> list[str]:
        guards = self._found.get("guards")
        if not guards:
            return []
        lines = [*guards["arguments"], *guards["values"]]
        if guards["sizes"]["apart"]:
            lines.append(f"each size is compiled apart: {guards['sizes']['apart']}")
        return ["serves, and tests before it runs:", *(f"  {line}" for line in lines)]

    def _steps(self) -> list[str]:
        steps = self._found["steps"]
        if not steps:
            return ["no rewrite: the program runs as written"]
        lines = ["rewrites, in order:"]
        for number, step in enumerate(steps, 1):
            lines += _step(number, step)
        return lines

    def _effort(self) -> list[str]:
        found, stats = self._found, self._found["stats"]
        lines = [
            f"search ({stats['regime']}): {stats['alternatives']} alternatives, "
            f"{stats['matches_accepted']} matches accepted, {stats['work_units']} work units, "
            f"{stats['ms']:.1f} ms",
            f"  start    {stats['nodes_before']:>6} nodes {stats['classes_before']:>6} classes",
        ]
        lines += [
            f"  round {number:<2} {one['nodes']:>6} nodes {one['classes']:>6} classes"
            f" {one['accepted']:>6} of {one['matches']} matches accepted ({one['sets']})"
            for number, one in enumerate(found["rounds"], 1)
        ]
        lines.append(f"  stopped: {stats['stop_reason']}")
        lines += [f"  limit: {limit}" for limit in found["limits"]]
        if found["surrogate_ns"] > 0:
            lines.append(
                f"  extraction: best {_time(found['surrogate_ns'])}, nothing below "
                f"{_time(found['lower_bound_ns'])}, gap {100 * found['gap']:.1f} %"
            )
        return lines

    def _rivals(self) -> list[str]:
        best = self._found["candidates"][:5]
        return ["best candidates (predicted, by kernel):", *_candidates(best)]

    def _left_out(self) -> list[str]:
        rejected = self._found["rejected"]
        if not rejected:
            return []
        return ["not taken:", *(f"  {what}: {_short(why, 300)}" for what, why in rejected)]
