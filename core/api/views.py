"""What every endpoint does alike: strict parameters, versions of answers, the quota's state."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, ClassVar

import orjson
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.access import Access
from core.actor import Actor
from core.api.query import Parameter, read_query


class ApiView(APIView):
    """An endpoint of one clinic's data. Unknown query parameters are refused before it runs."""

    access: ClassVar[Access]
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    http_method_names = ["get", "head", "post"]
    query: dict[str, Any]
    quota_headers: Mapping[str, str] = {}  # set by the throttle, request by request

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.query = read_query(self.parameters, request.query_params)

    @property
    def actor(self) -> Actor:
        """The API client that asks, in its clinic."""
        actor = self.request.auth
        assert isinstance(actor, Actor)
        return actor

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        for name, value in self.quota_headers.items():
            response[name] = value
        return super().finalize_response(request, response, *args, **kwargs)


def versioned(request: Request, body: Mapping[str, Any], tag: str = "") -> Response:
    """Answer `body` with its ETag, or 304 when the client already holds this very answer.

    The tag is `tag` where a change must name a version (If-Match), else a digest of the answer.
    """
    etag = f'"{tag or sha256(orjson.dumps(body)).hexdigest()[:32]}"'
    held = {one.strip().removeprefix("W/") for one in _header(request, "If-None-Match").split(",")}
    if etag in held or "*" in held:
        return Response(status=304, headers={"ETag": etag})
    return Response(body, headers={"ETag": etag})


def _header(request: Request, name: str) -> str:
    return str(request.headers.get(name, ""))
