"""AWS's wire protocols, driven by botocore's service models: HTTP request → input shape, output shape → HTTP response.

Parsers and serializers are moto's (moto.core.parse, moto.core.serialize, 5.2.5), which follow the same models.
"""

import json
import uuid
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import SerializationContext, get_serializer_class
from werkzeug.wrappers import Request, Response

from rehearsal.front import routes
from rehearsal.front.models import protocol_of, service_model
from rehearsal.front.service import AwsError

XML_PROTOCOLS = {"query", "ec2", "rest-xml"}
REST_PROTOCOLS = {"rest-json", "rest-xml"}


@dataclass(frozen=True, slots=True)
class Codec:
    """Reads requests of one operation and writes its responses."""

    model: OperationModel

    def read(self, request: Request) -> dict[str, Any]:
        """The request in the operation's input shape."""
        service = self.model.service_model.service_name
        rest = routes.find(service, request) if protocol_of(service) in REST_PROTOCOLS else None
        parsed: dict[str, Any] = PROTOCOL_PARSERS[protocol_of(service)](self.model).parse(
            {
                "query_string": request.query_string,
                "headers": request.headers,
                "body": request.get_data(as_text=True),
                "values": request.values,
                "method": request.method,
                "url_path": request.path,
                "url_params": rest.labels if rest else {},
            }
        )
        return parsed

    def write(self, result: dict[str, Any]) -> Response:
        """The response for a result in the operation's output shape."""
        service = self.model.service_model.service_name
        context = SerializationContext(request_id=str(uuid.uuid4()))
        made = get_serializer_class(service, protocol_of(service))(self.model, context=context).serialize(result)
        return Response(made["body"], made["status_code"], made["headers"])

    def understand(self, response: Response) -> dict[str, Any]:
        """A response that somebody else has written, in the operation's output shape."""
        protocol = protocol_of(self.model.service_model.service_name)
        headers = HeadersDict(dict(response.headers))
        given = {"body": response.get_data(), "headers": headers, "status_code": response.status_code}
        parsed: dict[str, Any] = create_parser(protocol).parse(given, self.model.output_shape)
        return {k: v for k, v in parsed.items() if k != "ResponseMetadata"}


def operation_name(service: str, request: Request) -> str | None:
    """The operation that a request asks for; None where it asks for none of the service's."""
    protocol = protocol_of(service)
    if protocol in ("query", "ec2"):
        return request.values.get("Action")
    if protocol == "json":
        return request.headers.get("X-Amz-Target", "").rpartition(".")[2] or None
    found = routes.find(service, request)
    return found.operation if found else None


def codec(service: str, operation: str) -> Codec:
    """The codec of an operation. Raises AwsError where botocore knows no such operation."""
    model = service_model(service)
    if operation not in model.operation_names:
        raise AwsError("InvalidAction", f"The action {operation} is not valid for {service}.")
    return Codec(model.operation_model(operation))


def refusal(service: str, error: AwsError) -> Response:
    """An error response in the protocol of the service."""
    request_id = str(uuid.uuid4())
    protocol = protocol_of(service)
    if protocol not in XML_PROTOCOLS:
        body = json.dumps({"__type": error.code, "message": error.message, "Message": error.message})
        headers = {"x-amzn-ErrorType": error.code, "x-amzn-RequestId": request_id}
        return Response(body, error.status, headers, content_type="application/x-amz-json-1.1")
    code, message = escape(error.code), escape(error.message)
    if protocol == "ec2":
        errors = f"<Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
        body = f"<Response>{errors}<RequestID>{request_id}</RequestID></Response>"
    elif protocol == "rest-xml" and service == "s3":
        body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
    else:
        inner = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        body = f"<ErrorResponse>{inner}<RequestId>{request_id}</RequestId></ErrorResponse>"
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}', error.status, content_type="text/xml")
