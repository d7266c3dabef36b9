"""Removing resources, each before those it depends on, as its policy says."""

from collections.abc import Sequence

from rehearsal.cloudformation.context import log
from rehearsal.cloudformation.references import needs
from rehearsal.cloudformation.stack import Stack, StackResource, of_policy
from rehearsal.cloudformation.walk import reversed_graph, walk
from rehearsal.resources.errors import ResourceFailed

KEPT = frozenset({"Retain", "RetainExceptOnCreate"})
Doomed = Sequence[tuple[StackResource, str]]


def remove(stack: Stack, doomed: Doomed) -> list[str]:
    """Remove resources, or leave them where the policy with them says so; gives the logical ids that resisted."""
    by_name: dict[str, list[tuple[StackResource, str]]] = {}
    for resource, policy in doomed:
        by_name.setdefault(resource.logical_id, []).append((resource, policy))
    # Those of the template that is left or gone back from: every generation of a resource has its own dependencies.
    graph = {
        name: ({n for r, _ in group for n in needs(r.declaration)} & by_name.keys()) - {name}
        for name, group in by_name.items()
    }

    def one(name: str) -> None:
        for resource, policy in by_name[name]:
            _remove_one(stack, resource, policy)

    failures = walk(reversed_graph(_without_circles(graph)), one)
    for name, failure in failures.items():
        if not isinstance(failure, ResourceFailed):
            log.error("removing %s of %s", name, stack.name, exc_info=failure)
    return list(failures)


def _remove_one(stack: Stack, resource: StackResource, policy: str) -> None:
    if policy in KEPT:
        stack.tell(resource, "DELETE_SKIPPED")
        return
    stack.tell(resource, "DELETE_IN_PROGRESS")
    try:
        resource.resource.delete(snapshot=policy == "Snapshot")
    except ResourceFailed as failure:
        stack.tell(resource, "DELETE_FAILED", str(failure))
        raise
    except Exception as fault:
        stack.tell(
            resource,
            "DELETE_FAILED",
            f"fault of the embedded AWS: {type(fault).__name__}: {fault}",
        )
        raise
    stack.tell(resource, "DELETE_COMPLETE")


def _without_circles(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Two generations of the same names may need each other; then the order of the rest still holds."""
    done: set[str] = set()
    out: dict[str, set[str]] = {}
    while len(out) < len(graph):
        ready = [n for n in graph if n not in out and graph[n] <= done]
        for name in ready or [next(n for n in sorted(graph) if n not in out)]:
            out[name] = graph[name] & done
            done.add(name)
    return out


def delete_stack(stack: Stack, retain: Sequence[str]) -> None:
    """Remove every resource of a stack, then the stack."""
    stack.enter("DELETE_IN_PROGRESS", "User Initiated")
    current = list(stack.resources.values())
    left_over = [r for r in stack.undo.replaced if r not in current] if stack.undo else []
    doomed = [
        (resource, "Retain" if resource.logical_id in retain else policy)
        for resource, policy in of_policy([*current, *left_over], "DeletionPolicy")
    ]
    failed = remove(stack, doomed)
    if failed:
        gone = ("DELETE_COMPLETE", "DELETE_SKIPPED")
        stack.resources = {n: r for n, r in stack.resources.items() if r.status not in gone}
        reason = f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
        stack.enter("DELETE_FAILED", reason)
        return
    stack.resources = {}
    stack.enter("DELETE_COMPLETE")
    stack.deleted = stack.log.events[0].time
