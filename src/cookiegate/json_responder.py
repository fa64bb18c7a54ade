"""Responses of JSON that is read: speculation rules, and what the policy names (``[site] json_html``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cookiegate.gate.codecs import EncodingError
from cookiegate.gate.encoding import Decoder
from cookiegate.gate.headers import get, replace
from cookiegate.gate.json import LIMIT, gate_json
from cookiegate.gate.media import coding_of, is_json, is_rules, unreadable
from cookiegate.gate.rules import gate_rules
from cookiegate.gate.steps import gathered, packed, unpacked
from cookiegate.messages import data_of
from cookiegate.responder import BODILESS, Responder
from cookiegate.turns import in_turns

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from starlette.types import Message

    from cookiegate.consent.decide import Profile
    from cookiegate.gate.headers import Headers
    from cookiegate.gate.page import GatedPage
    from cookiegate.gate.steps import Steps


class RulesResponder(Responder):
    """One request. JSON that is read is held back whole, and what is too long or unreadable goes unread."""

    _kept: list[bytes]  # the pieces as they came
    _texts: list[bytes]  # and unpacked
    _length = 0

    async def _begin_data(self, headers: Headers) -> None:
        status = self._start["status"]
        if status in BODILESS or not self._reads(headers):
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

    def _reads(self, headers: Headers) -> bool:
        return is_rules(headers)

    def _steps(self, text: bytes, profile: Profile) -> Steps[GatedPage]:
        return gate_rules(text, self._desk.policy, profile, url=self._url())

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
        visit = self.audience
        headers = self._page_headers(visit)
        whole = await in_turns(self._steps(text, visit.profile))
        self._note(whole.findings)
        packing = packed(self._outgoing().encoder(), (whole.body,), final=True)
        body = await in_turns(gathered(packing))
        if get(headers, b"content-length") is not None:
            headers = replace(headers, b"content-length", b"%d" % len(body))
        await self._leave(headers)
        await self._send({**message, "body": body})


class JsonResponder(RulesResponder):
    """One request to a path whose JSON holds HTML."""

    def answer(self, message: Message) -> Awaitable[None]:
        """Take one message from the application."""
        return self._straight(message) if self._straight else self._look_at(message)

    def _reads(self, headers: Headers) -> bool:
        return is_json(headers)

    def _steps(self, text: bytes, profile: Profile) -> Steps[GatedPage]:
        if is_rules(self._headers):
            return super()._steps(text, profile)
        return gate_json(text, self._desk.policy, profile, url=self._url())
