"""Reading properties of many objects of a vCenter in few requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyVmomi import vim, vmodl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.vsphere.session import VCenter

_PAGE = 1000  # objects per answer

Read = list[tuple[Any, dict[str, Any]]]  # each object with the values of its properties, by path


class Reader:
    """Reads from one vCenter and counts its requests: one per 1,000 objects."""

    def __init__(self, instance: VCenter) -> None:
        self.requests = 0
        self._content = instance.content

    def of(self, objects: Sequence[Any], kind: type, paths: list[str]) -> Read:
        """Return the properties at `paths` of objects of one kind; none for no objects."""
        if not objects:
            return []
        query = vmodl.query.PropertyCollector
        selected = [query.ObjectSpec(obj=found) for found in objects]
        return self._retrieve(query.FilterSpec(objectSet=selected, propSet=[_paths(kind, paths)]))

    def all(self, kind: type, paths: list[str]) -> Read:
        """Return the properties at `paths` of all objects of one kind that there are."""
        query = vmodl.query.PropertyCollector
        manager: Any = self._content.viewManager
        view = manager.CreateContainerView(self._content.rootFolder, [kind], True)  # noqa: FBT003 - pyvmomi's signature
        try:
            through = query.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
            start = query.ObjectSpec(obj=view, skip=True, selectSet=[through])
            return self._retrieve(query.FilterSpec(objectSet=[start], propSet=[_paths(kind, paths)]))
        finally:
            view.Destroy()
            self.requests += 2

    def _retrieve(self, wanted: Any) -> Read:
        collector = self._content.propertyCollector
        answer = collector.RetrievePropertiesEx(
            [wanted], vmodl.query.PropertyCollector.RetrieveOptions(maxObjects=_PAGE)
        )
        self.requests += 1
        found: Read = []
        while answer is not None:
            found += [(each.obj, {part.name: part.val for part in each.propSet}) for each in answer.objects]
            if not answer.token:
                break
            answer = collector.ContinueRetrievePropertiesEx(answer.token)
            self.requests += 1
        return found


def _paths(kind: type, paths: list[str]) -> Any:
    return vmodl.query.PropertyCollector.PropertySpec(type=kind, pathSet=paths)


def read_properties(instance: VCenter, objects: Sequence[Any], kind: type, paths: list[str]) -> Read:
    """Return the properties at `paths` of objects of one kind; none for no objects."""
    return Reader(instance).of(objects, kind, paths)
