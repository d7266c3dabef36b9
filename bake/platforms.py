"""What an operating system means for a recipe: where its template is shared, what its files are called.

A recipe stands on recipes of its own platform only. The template of a platform is shared by all its recipes, and is
part of no other platform's digests: a change for Windows bakes no Linux image anew.
"""

from enum import StrEnum


class Platform(StrEnum):
    """The operating systems that images are baked for."""

    LINUX = "linux"
    WINDOWS = "windows"

    @property
    def shared(self) -> str:
        """The folder below packer/ that all its recipes share."""
        return {Platform.LINUX: "shared", Platform.WINDOWS: "shared-windows"}[self]

    @property
    def provision(self) -> str:
        """The recipe's script that installs what it is about."""
        return {Platform.LINUX: "provision.sh", Platform.WINDOWS: "provision.ps1"}[self]

    @property
    def tests(self) -> str:
        """The recipe's tests, as a pattern: testinfra over SSH on Linux, Pester on the builder itself on Windows."""
        return {Platform.LINUX: "tests/test_*.py", Platform.WINDOWS: "tests/*.Tests.ps1"}[self]

    @property
    def archive(self) -> str:
        """The artifact's file beside the provisioning script, in the form that the platform unpacks by itself."""
        return {Platform.LINUX: "artifact.tar", Platform.WINDOWS: "artifact.zip"}[self]
