"""Kiln's promises, checked whenever an app is synthesized: of any stack, also one that uses none of Kiln's constructs.

    app = cdk.App()
    cdk.Validations.of(app).add_plugins(Promises())

A promise that does not hold fails the synthesis with what, where, why, and how to opt out. A value that only a
deployment knows, such as that of a CloudFormation parameter, is not judged here.
"""

import json
from collections.abc import Collection
from pathlib import Path

import aws_cdk as cdk
import jsii

from kiln.promises import PROMISES, Environment, Finding, by_id, findings
from kiln.promises.template import EXEMPTIONS, Resource, unknown_exemptions

VERSION = "1.0.0"


@jsii.implements(cdk.IPolicyValidationPlugin)
class Promises:
    """A plugin for `cdk.Validations.of(app).add_plugins(...)`.

    Args:
        protected: whether the app deploys something that must survive a mistake; some promises ask it of such alone.
        whole: whether the app makes all of an account, so that what every account must have (a trail, threat
            detection) must be in it.
        without: promises that are not checked at all, by id. Prefer `kiln.exemption.exempt`, which is said of one
            resource and with a reason.

    Errors: ValueError for an id in `without` that no promise has.
    """

    def __init__(self, *, protected: bool = True, whole: bool = False, without: Collection[str] = ()) -> None:
        known = by_id(PROMISES)
        if unknown := sorted(set(without) - set(known)):
            raise ValueError(f"without: no promise has the id {', '.join(unknown)}")
        self._promises = [promise for name, promise in known.items() if name not in without]
        self._protected, self._whole = protected, whole

    @property
    def name(self) -> str:
        """As it stands in the report."""
        return "Kiln"

    @property
    def version(self) -> str:
        """As it stands in the report."""
        return VERSION

    @property
    def rule_ids(self) -> list[str]:
        """Those that are checked."""
        return [promise.id for promise in self._promises]

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Called by the CDK when all templates are written."""
        files = {stack.stack_construct_path: stack.template_path for stack in context.stack_templates}
        templates = {name: json.loads(Path(file).read_text("utf-8")) for name, file in files.items()}
        environment = Environment.of("this app", templates, protected=self._protected, whole=self._whole)
        open_ones = [finding for finding in findings(environment, self._promises) if not finding.exempted]
        violations = [_violation(finding, files) for finding in open_ones]
        violations += [
            _unknown(resource, id, files) for resource, id in unknown_exemptions(environment, by_id(PROMISES))
        ]
        return cdk.PolicyValidationPluginReport(success=not violations, violations=violations)


def _unknown(resource: Resource, promise_id: str, files: dict[str, str]) -> cdk.PolicyViolation:
    return cdk.PolicyViolation(
        rule_name="exemption-names-a-promise",
        description=f"No promise has the id {promise_id!r}, from which this resource is exempted.",
        fix="take the exemption away, or correct its id",
        severity="error",
        violating_resources=[_place(resource.logical_id, files[resource.stack], f"Metadata.{EXEMPTIONS}")],
    )


def _place(logical_id: str, file: str, location: str) -> cdk.PolicyViolatingResource:
    return cdk.PolicyViolatingResource(resource_logical_id=logical_id, template_path=file, locations=[location])


def _violation(finding: Finding, files: dict[str, str]) -> cdk.PolicyViolation:
    """One per finding: the CDK shows what is said of a rule, and of a resource only where it is."""
    promise = finding.promise
    where = (
        _place(finding.logical_id, files[finding.stack], finding.place)
        if finding.logical_id
        else cdk.PolicyViolatingResource(construct_path="", locations=[finding.place])
    )
    return cdk.PolicyViolation(
        rule_name=promise.id,
        description=(
            f"{promise.title}.\n   Found: {finding.place} is {finding.found}; expected: {finding.expected}\n"
            f"   Why: {promise.reason}\n  "
        ),
        fix=f"{promise.source} or, with a reason, {finding.opt_out}",
        severity="error",
        violating_resources=[where],
    )
