"""The consent cookie: signing, reading and the ``Set-Cookie`` line. The only user of itsdangerous."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from functools import lru_cache, reduce
from types import MappingProxyType
from typing import TYPE_CHECKING

from itsdangerous import BadSignature, Signer

from cookiegate.consent.codec import Codec
from cookiegate.consent.model import PLAIN_COOKIE, SECURE_COOKIE, SHARED_COOKIE, ConsentState
from cookiegate.exceptions import SecretKeyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cookiegate.policy.model import Policy

# By whether the browser speaks https: the cookie of one host, and that of all hosts of a domain.
_NAMES = {True: SECURE_COOKIE.encode(), False: PLAIN_COOKIE.encode()}
_SHARED_NAMES = {True: SHARED_COOKIE.encode(), False: PLAIN_COOKIE.encode()}
_VARIABLE = "COOKIEGATE_SECRET_KEYS"
_SALT = "cookiegate.consent"
_KEY_BYTES = 32
_SIZE = 511  # name, "=" and value together
_SIGNATURE = 44  # a dot, and the 32 bytes of SHA-256 as base64url without padding
_AHEAD = 300  # seconds by which another server's clock may be ahead of this one
_CANDIDATES = 20  # cookies of our name that are looked at; nobody has as many by accident


@dataclass(frozen=True, slots=True)
class Reading:
    """What the cookies of one request say.

    reissue: several valid consent cookies were there, or one of this host where the domain's takes its place;
    ``state`` is what all of them grant, to be sent again.
    """

    state: ConsentState | None
    reissue: bool = False


_NOTHING = Reading(None)


class ConsentCookie:
    """Signs and reads the consent cookie of one site.

    secret_keys: oldest first, the last one signs; a text is split at commas. None reads the environment's
    ``COOKIEGATE_SECRET_KEYS``. Raises SecretKeyError when there is none, or one with less than 32 bytes.
    clock: Unix seconds.
    """

    def __init__(
        self,
        secret_keys: Sequence[str] | str | None,
        policy: Policy,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._signer = Signer(
            _checked(secret_keys), salt=_SALT, key_derivation="hmac", digest_method=hashlib.sha256
        )
        self._domain = policy.consent.domain
        longest = SHARED_COOKIE if self._domain else SECURE_COOKIE
        self._codec = Codec(policy, _SIZE - len(longest) - 1 - _SIGNATURE)
        self._max_age = policy.consent.max_age_days * 86_400
        self._clock = clock
        # Keyed by the token as it came, so that a variant of it has to pass the signature by itself.
        self._verified = lru_cache(maxsize=4096)(self._verify)

    def name(self, secure: bool, host: str = "") -> bytes:
        """Return the cookie's name: ``__Host-cg`` on https, ``cg`` on plain http.

        host: of the request. Where one answer counts for its whole domain, it is ``__Secure-cg`` on https.
        """
        return (_SHARED_NAMES if self._is_shared(host) else _NAMES)[secure]

    def dumps(self, state: ConsentState) -> str:
        """Sign a state. With the name it stays below 512 bytes: what does not fit becomes a refusal."""
        return self._signer.sign(self._codec.encode(state).encode()).decode()

    def loads(self, token: str | bytes) -> ConsentState | None:
        """Read a token; None for everything that is not a valid answer of at most ``max_age_days``.

        Never raises. An answer from up to 300 seconds ahead is valid, since servers' clocks differ.
        """
        if isinstance(token, str):
            try:
                token = token.encode("ascii")
            except UnicodeEncodeError:  # lone surrogates too
                return None
        if len(token) > _SIZE:
            return None
        state = self._verified(token)
        if state is None or not -_AHEAD <= self._clock() - state.given_at < self._max_age:
            return None
        return state

    def read(self, headers: Iterable[tuple[bytes, bytes]], *, secure: bool, host: str = "") -> Reading:
        """Read the cookies of one request: raw headers as ASGI hands them over, names in any case.

        A sub-domain can plant a second cookie of our name, even a validly signed one. Of several valid ones
        each answer's strictest counts. More than 20 of our name are an attack, and count as none.
        host: of the request. One inside the policy's domain has the domain's cookie beside its own.
        """
        moved = secure and self._is_shared(host)
        tokens = _values(headers, _NAMES[secure] + b"=")
        own = len(tokens)
        if moved:
            tokens += _values(headers, _SHARED_NAMES[secure] + b"=")
        if not tokens or len(tokens) > _CANDIDATES:
            return _NOTHING
        found = [self.loads(token) for token in tokens]
        states = [state for state in found if state is not None]
        if not states:
            return _NOTHING
        return Reading(reduce(strictest, states), reissue=len(states) > 1 or (moved and any(found[:own])))

    def seconds_left(self, state: ConsentState) -> int:
        """Return for how long a state is still valid."""
        left = state.given_at + self._max_age - int(self._clock())
        return max(0, min(left, self._max_age))

    def set_cookies(self, state: ConsentState, *, secure: bool, host: str = "") -> list[bytes]:
        """Return the values of the ``Set-Cookie`` headers that store a state for as long as it is valid.

        host: of the request. The domain's cookie takes the place of the host's own, which goes.
        """
        value, max_age = self.dumps(state).encode(), self.seconds_left(state)
        if self._is_shared(host):
            return [_line(_NAMES, b"", 0, secure), self._shared_line(value, max_age, secure)]
        return [_line(_NAMES, value, max_age, secure)]

    def delete_cookies(self, *, secure: bool, host: str = "") -> list[bytes]:
        """Return the values of the ``Set-Cookie`` headers that make the browser forget the answer."""
        lines = [_line(_NAMES, b"", 0, secure)]
        return [*lines, self._shared_line(b"", 0, secure)] if self._is_shared(host) else lines

    def _shared_line(self, value: bytes, max_age: int, secure: bool) -> bytes:
        return _line(_SHARED_NAMES, value, max_age, secure, b"; Domain=" + self._domain.encode())

    def _is_shared(self, host: str) -> bool:
        """Whether the answer of a visitor to this host (in lower case, with or without port) is the domain's.

        A dot at the end makes it another host, to which browsers do not send the domain's cookies.
        """
        if not self._domain:
            return False
        name = host.partition(":")[0]
        return name == self._domain or name.endswith("." + self._domain)

    def _verify(self, token: bytes) -> ConsentState | None:
        try:
            text = self._signer.unsign(token).decode("ascii")
        except (BadSignature, UnicodeDecodeError):
            return None
        return self._codec.decode(text)


def _line(names: dict[bool, bytes], value: bytes, max_age: int, secure: bool, domain: bytes = b"") -> bytes:
    fields = (names[secure], value, max_age, domain)
    line = b"%s=%s; Max-Age=%d; Path=/%s; HttpOnly; SameSite=Lax" % fields
    return line + b"; Secure" if secure else line


def strictest(one: ConsentState, other: ConsentState) -> ConsentState:
    """Return what both states grant, under the subject and the time of the newer one.

    A purpose or means counts as its stricter answer, and as not asked when one state does not have it. A
    service refused in either is refused; one granted by itself stays so only when both grant it by itself.
    That way no service is decided more freely than in either. Everything granted was granted in the newer
    answer too, which is why its time holds for all.
    """
    newer = max(one, other, key=lambda state: (state.given_at, state.subject))
    choices = {
        id_: min(choice, other.choices[id_]) for id_, choice in one.choices.items() if id_ in other.choices
    }
    services = {
        id_: one.services.get(id_, True) and other.services.get(id_, True)
        for id_ in (*one.services, *other.services)
    }
    kept = {
        id_: allowed
        for id_, allowed in services.items()
        if not allowed or (id_ in one.services and id_ in other.services)
    }
    return ConsentState(
        subject=newer.subject,
        given_at=newer.given_at,
        choices=MappingProxyType(choices),
        services=MappingProxyType(kept),
    )


def _values(headers: Iterable[tuple[bytes, bytes]], prefix: bytes) -> list[bytes]:
    """Find the values behind ``name=``: split at ``;``, trim only space and tab, compare byte for byte.

    Other parsers trim more, unquote, or keep one of several; each difference is a way to plant a cookie that
    one side sees and the other does not.
    """
    values = []
    for name, value in headers:
        if len(name) == 6 and name.lower() == b"cookie" and prefix in value:
            for pair in value.split(b";"):
                trimmed = pair.strip(b" \t")
                if trimmed.startswith(prefix):
                    values.append(trimmed[len(prefix) :])
    return values


def _checked(secret_keys: Sequence[str] | str | None) -> list[bytes]:
    """Return the keys as bytes. No message ever holds a part of a key."""
    given = os.environ.get(_VARIABLE, "") if secret_keys is None else secret_keys
    keys = [key.strip() for key in given.split(",")] if isinstance(given, str) else list(given)
    hint = f"make one with `cookiegate keygen` and give it as secret_keys or in {_VARIABLE}"
    if not any(keys):
        raise SecretKeyError(f"no secret key: {hint}")
    # The environment hands over bytes that are no UTF-8 as lone surrogates.
    encoded = [key.encode("utf-8", "surrogatepass") for key in keys]
    for place, key in enumerate(encoded, 1):
        if len(key) < _KEY_BYTES:
            raise SecretKeyError(
                f"secret key {place} of {len(encoded)} has {len(key)} bytes, {_KEY_BYTES} are needed: {hint}"
            )
    return encoded
