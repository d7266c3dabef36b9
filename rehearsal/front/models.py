"""botocore's service models, as moto (5.2.5) extends them for its parsers and serializers."""

from functools import lru_cache

from botocore.exceptions import UnknownServiceError
from moto.core.loaders import create_loader
from moto.core.model import ServiceModel
from moto.core.parse import PROTOCOL_PARSERS


@lru_cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service by its botocore name. Raises UnknownServiceError."""
    return ServiceModel(create_loader().load_service_model(service, "service-2"), service)


@lru_cache
def protocol_of(service: str) -> str:
    """The protocol that boto3, the CDK CLI and Packer speak to this service today."""
    try:
        metadata = service_model(service).metadata
        # CloudWatch names CBOR first, which botocore and moto do not speak: boto3 takes the next one, JSON.
        named = [p for p in metadata.get("protocols", ()) if p in PROTOCOL_PARSERS]
        return str(named[0] if named else metadata["protocol"])
    except UnknownServiceError:  # signing names that are no service names, e.g. s3express
        return "rest-json"
