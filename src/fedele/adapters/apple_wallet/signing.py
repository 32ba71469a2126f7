"""The detached CMS signature over a pass's manifest (RFC 5652), its time given and its bytes therefore reproducible.

`cryptography`'s own builder stamps the clock's now into the signature; a pass that must come out the same on every
process needs a signing time of our choosing, so the few attributes are encoded here. The content is signed as the bytes
it is (what `PKCS7Options.Binary` says there): were LF turned into CRLF, verification would fail.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from fedele.adapters.apple_wallet import der

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_SIGNED_DATA = der.object_identifier("1.2.840.113549.1.7.2")
_DATA = der.object_identifier("1.2.840.113549.1.7.1")
_CONTENT_TYPE = der.object_identifier("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = der.object_identifier("1.2.840.113549.1.9.4")
_SIGNING_TIME = der.object_identifier("1.2.840.113549.1.9.5")
_SHA256 = der.sequence(der.object_identifier("2.16.840.1.101.3.4.2.1"))
_RSA = der.sequence(der.object_identifier("1.2.840.113549.1.1.1"), der.NULL)
_ECDSA_SHA256 = der.sequence(der.object_identifier("1.2.840.10045.4.3.2"))

_CONTENT_TYPE_ATTRIBUTE = der.sequence(_CONTENT_TYPE, der.set_of(_DATA))
_DIGEST_ATTRIBUTE = der.sequence(_MESSAGE_DIGEST, der.set_of(der.octet_string(bytes(32))))[:-32]
_VERSION_1 = der.integer(1)


class Signer:
    """Signs manifests with one certificate. The key is loaded and checked once, by whoever made it; this only uses it.

    `sign` blocks for the length of one private-key operation, outside the interpreter lock: call it in a thread.
    """

    def __init__(self, key: SigningKey, certificate: x509.Certificate, chain: Sequence[x509.Certificate]) -> None:
        self.certificate = certificate
        self._sign_raw, self._algorithm = _raw_signature(key)
        self._key_size = key.key_size // 8 if isinstance(key, rsa.RSAPrivateKey) else None
        self._certificates = der.explicit(0, *sorted(each.public_bytes(Encoding.DER) for each in (certificate, *chain)))
        self._signer_id = der.sequence(certificate.issuer.public_bytes(), der.integer(certificate.serial_number))
        self._head = _VERSION_1 + der.set_of(_SHA256) + der.sequence(_DATA)
        self._shell = lru_cache(maxsize=64)(self._make_shell)

    def sign(self, manifest: bytes, signed_at: datetime) -> bytes:
        """The DER of a SignedData without content. `signed_at` is aware; its fraction of a second is dropped."""
        return self.sign_digest(hashlib.sha256(manifest).digest(), signed_at)

    def sign_digest(self, manifest_sha256: bytes, signed_at: datetime) -> bytes:
        """`sign` for a manifest of which only the SHA-256 is at hand."""
        attributes = _before_digest(signed_at) + manifest_sha256
        signature = self._sign_raw(attributes)
        before, between = self._shell(len(attributes), len(signature))
        return b"".join((before, attributes[1:], between, signature))  # signed as SET OF, sent as [0]

    def beginning(self) -> bytes:
        """What signatures of an RSA key begin with until 2050, its certificates among it; b"" for a key whose
        signatures differ in length."""
        if self._key_size is None:
            return b""
        size = len(_before_digest(datetime(2030, 1, 1, tzinfo=UTC))) + 32
        return self._shell(size, self._key_size)[0]

    def _make_shell(self, attributes_size: int, signature_size: int) -> tuple[bytes, bytes]:
        """All of the signature that is the same for every pass: what stands before the attributes, and after them."""
        signature = der.octet_string(bytes(signature_size))
        attributes = b"\xa0" + bytes(attributes_size - 1)
        parts = (_VERSION_1, self._signer_id, _SHA256, attributes, self._algorithm, signature)
        signed_data = der.sequence(self._head, self._certificates, der.set_of(der.sequence(*parts)))
        whole = der.sequence(_SIGNED_DATA, der.explicit(0, signed_data))
        between = self._algorithm + signature[:-signature_size]
        end = len(whole) - signature_size - len(between)
        return whole[: end - attributes_size + 1], between


@lru_cache(maxsize=1024)
def _before_digest(signed_at: datetime) -> bytes:
    """The signed attributes but for the digest that they end with."""
    # DER's order of these three is that of their lengths; a test compares with what OpenSSL would have written.
    signing_time = der.sequence(_SIGNING_TIME, der.set_of(der.time(signed_at.astimezone(UTC))))
    return der.element(0x31, _CONTENT_TYPE_ATTRIBUTE, signing_time, _DIGEST_ATTRIBUTE + bytes(32))[:-32]


def _raw_signature(key: SigningKey) -> tuple[Callable[[bytes], bytes], bytes]:
    digest = SHA256()
    if isinstance(key, rsa.RSAPrivateKey):
        scheme = padding.PKCS1v15()
        return lambda data: key.sign(data, scheme, digest), _RSA
    algorithm = ec.ECDSA(digest)
    return lambda data: key.sign(data, algorithm), _ECDSA_SHA256
