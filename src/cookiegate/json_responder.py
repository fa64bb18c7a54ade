"""The responses of paths whose JSON holds HTML, as the policy says (``[site] json_html``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cookiegate.gate.codecs import EncodingError
from cookiegate.gate.encoding import Decoder
from cookiegate.gate.headers import get, replace
from cookiegate.gate.json import LIMIT, gate_json
from cookiegate.gate.media import coding_of, is_json, unreadable
from cookiegate.gate.steps import gathered, packed, unpacked
from cookiegate.messages import data_of
from cookiegate.responder import BODILESS, Responder
from cookiegate.turns import in_turns

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from starlette.types import Message

    from cookiegate.gate.headers import Headers


class JsonResponder(Responder):
    """One request to such a path. JSON is held back whole, and what is too long or unreadable goes unread."""

    _kept: list[bytes]  # the pieces as they came
    _texts: list[bytes]  # and unpacked
    _length = 0

    def answer(self, message: Message) -> Awaitable[None]:
        """Take one message from the application."""
        return self._straight(message) if self._straight else self._look_at(message)

    async def _begin_data(self, headers: Headers) -> None:
        status = self._start["status"]
        if status in BODILESS or not is_json(headers):
            await super()._begin_data(headers)
        elif problem := unreadable(status, headers):
            await self._pass(self._with_cookies(headers, page=False), problem)
        elif self._scope["method"] == "HEAD":
            await self._begin_head()
        else:
            coding = coding_of(headers)
            self._decoder = Decoder(coding, LIMIT) if coding else None
            self._kept, self._texts, self._length = [], [], 0
            self._on_body = JsonResponder._collect

    async def _collect(self, message: Message) -> None:
        """Wait for the whole body, and gate it."""
        data, more = data_of(message)
        problem = ""
        try:
            text = await in_turns(gathered(unpacked(self._decoder, data, final=not more)))
        except EncodingError as error:
            text, problem = b"", str(error)
        self._kept.append(data)
        self._texts.append(text)
        self._length += len(text)
        if self._length > LIMIT:
            problem = f"JSON of more than {LIMIT} bytes is not read"
        if problem:
            raw = b"".join(self._kept)
            self._kept, self._texts = [], []
            await self._pass(self._with_cookies(self._headers, page=False), problem)
            await self._send({**message, "body": raw})
        elif not more:
            text = b"".join(self._texts)
            self._kept, self._texts = [], []
            await self._gate_whole(message, text)

    async def _gate_whole(self, message: Message, text: bytes) -> None:
        self._on_body = Responder._over
        headers = self._page_headers()
        steps = gate_json(text, self._desk.policy, self.profile, url=self._url())
        whole = await in_turns(steps)
        self._note(whole.findings)
        packing = packed(self._outgoing().encoder(), (whole.body,), final=True)
        body = await in_turns(gathered(packing))
        if get(headers, b"content-length") is not None:
            headers = replace(headers, b"content-length", b"%d" % len(body))
        await self._leave(headers)
        await self._send({**message, "body": body})
