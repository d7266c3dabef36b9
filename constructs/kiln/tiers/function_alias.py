"""Which version of a function answers: the newest, or a stable one with the newest for some of the requests.

Each code has a version of its own, which stays when the next one comes, so that a stable one is there to go back to.
"""

import hashlib
import json
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from kiln.optional import NONE, is_set, value_if
from kiln.refusal import refuse, require_between

LIVE = "live"


@dataclass(frozen=True, slots=True)
class Traffic:
    """Who answers; both may be tokens.

    Args:
        stable_version: the number of the version that answers what the newest does not, or `NONE`: the newest answers
            everything. It must be another version than the newest.
        new_version_weight: the newest version's share of the requests, 0 to 1.
    """

    stable_version: str = NONE
    new_version_weight: float = 1


class FunctionAlias(Construct):
    """A version of what the function is now, and the alias `live`; `.arn` and `.version` are tokens.

    Args:
        function: as it is now.
        settings: everything that makes another version when it changes, known at synthesis.
        deployed_settings: the same, known to the deployment only; a token as text.
        traffic: see `Traffic`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: lambda_.CfnFunction,
        settings: object,
        deployed_settings: str,
        traffic: Traffic,
    ) -> None:
        super().__init__(scope, construct_id)
        weight = traffic.new_version_weight
        require_between(self, "traffic.new_version_weight", weight, 0, 1, "of the requests")
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        # A version never changes: other code is another resource, and another description replaces it.
        version = lambda_.CfnVersion(
            self, f"Version{digest[:12]}", function_name=function.ref, description=deployed_settings
        )
        version.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        self.version: str = version.attr_version
        stable, shared = self._stable(traffic)
        alias = lambda_.CfnAlias(
            self, "Alias", function_name=function.ref, name=LIVE, function_version=stable, routing_config=shared
        )
        self.arn: str = alias.ref

    def _stable(self, traffic: Traffic) -> tuple[str, object | None]:
        """The version of the alias, and the other one with its share."""
        stable = traffic.stable_version
        share = {"FunctionVersion": self.version, "FunctionWeight": traffic.new_version_weight}
        if cdk.Token.is_unresolved(stable):
            has_stable = is_set(self, "HasStable", stable)
            chosen = value_if(has_stable, stable, self.version)
            return str(chosen.to_string()), value_if(has_stable, {"AdditionalVersionWeights": [share]})
        if stable == NONE:
            return self.version, None
        if not stable.isdigit():
            raise refuse(self, "traffic.stable_version", found=stable, expected=f"the number of a version, or {NONE!r}")
        weights = [
            lambda_.CfnAlias.VersionWeightProperty(
                function_version=self.version, function_weight=traffic.new_version_weight
            )
        ]
        return stable, lambda_.CfnAlias.AliasRoutingConfigurationProperty(additional_version_weights=weights)
