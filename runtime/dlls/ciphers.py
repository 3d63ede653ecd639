"""Symmetric ciphers of the cryptographic DLLs: those of the `cryptography` package, imported at the first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherAlgorithm

BLOCK_LENGTHS: Final = {"AES": 16, "3DES": 8, "3DES_112": 8, "DES": 8, "RC4": 1}
"""Bytes; 1 for a stream cipher."""
KEY_LENGTHS: Final = {
    "AES": (128, 256, 64), "3DES": (192, 192, 0), "3DES_112": (128, 128, 0), "DES": (64, 64, 0), "RC4": (8, 512, 8),
}  # fmt: skip
"""Bits: least, most, step."""


class CipherError(Exception):
    """The key, the length of the data or the padding is wrong."""


def key_fits(name: str, size: int) -> bool:
    """Whether a key may have `size` bytes."""
    least, most, step = KEY_LENGTHS[name]
    bits = 8 * size
    return least <= bits <= most and (step == 0 or (bits - least) % step == 0)


def algorithm(name: str, key: bytes) -> CipherAlgorithm:
    """The block cipher of that Windows name, keyed."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers.algorithms import AES

    match name:
        case "AES":
            return AES(key)
        case "DES":
            return TripleDES(key * 3)
        case "3DES_112":
            return TripleDES(key + key[:8])
    return TripleDES(key)


def crypt(name: str, key: bytes, mode: str, iv: bytes, data: bytes, *, encrypt: bool, feedback: int = 1) -> bytes:
    """Encrypt or decrypt whole blocks in mode ECB, CBC or CFB (`feedback` bytes at a time: 1 or a block)."""
    from cryptography.hazmat.decrepit.ciphers.modes import CFB, CFB8
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

    block = BLOCK_LENGTHS[name]
    if mode != "CFB" and len(data) % block:
        raise CipherError("the data is no multiple of the block")
    chosen = ECB() if mode == "ECB" else CBC(iv) if mode == "CBC" else CFB8(iv) if feedback == 1 else CFB(iv)
    cipher = Cipher(algorithm(name, key), chosen)
    context = cipher.encryptor() if encrypt else cipher.decryptor()
    return context.update(data) + context.finalize()


class Rc4:
    """The RC4 key stream, from where it is; the library takes only some lengths of keys."""

    def __init__(self, key: bytes) -> None:
        state = list(range(256))
        j = 0
        for i in range(256):
            j = (j + state[i] + key[i % len(key)]) & 0xFF
            state[i], state[j] = state[j], state[i]
        self._state, self._i, self._j = state, 0, 0

    def copy(self) -> Rc4:
        """Another stream that goes on from here."""
        other = Rc4.__new__(Rc4)
        other._state, other._i, other._j = self._state.copy(), self._i, self._j
        return other

    def update(self, data: bytes) -> bytes:
        """Encrypt or decrypt the next bytes."""
        state, i, j = self._state, self._i, self._j
        output = bytearray(data)
        for at in range(len(output)):
            i = (i + 1) & 0xFF
            j = (j + state[i]) & 0xFF
            state[i], state[j] = state[j], state[i]
            output[at] ^= state[(state[i] + state[j]) & 0xFF]
        self._i, self._j = i, j
        return bytes(output)


def next_iv(iv: bytes, cipher: bytes) -> bytes:
    """The initialization vector that continues a CBC or CFB chain after this cipher text."""
    return (iv + cipher)[-len(iv) :]


def pad(data: bytes, block: int) -> bytes:
    """PKCS #7."""
    count = block - len(data) % block
    return data + bytes([count]) * count


def unpad(data: bytes, block: int) -> bytes:
    """Take PKCS #7 padding off. Raises CipherError."""
    count = data[-1] if data else 0
    if not 1 <= count <= block or data[-count:] != bytes([count]) * count:
        raise CipherError("bad padding")
    return data[:-count]


def seal(key: bytes, mode: str, nonce: bytes, associated: bytes, data: bytes, tag_length: int) -> tuple[bytes, bytes]:
    """Encrypt with AES in GCM or CCM; return the cipher text and the tag."""
    if mode == "CCM":
        from cryptography.hazmat.primitives.ciphers.aead import AESCCM

        sealed = AESCCM(key, tag_length).encrypt(nonce, data, associated)
        return sealed[: len(data)], sealed[len(data) :]
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import GCM

    context = Cipher(AES(key), GCM(nonce)).encryptor()
    context.authenticate_additional_data(associated)
    text = context.update(data) + context.finalize()
    return text, context.tag[:tag_length]


def unseal(key: bytes, mode: str, nonce: bytes, associated: bytes, data: bytes, tag: bytes) -> bytes | None:
    """Decrypt what `seal` made; None when the tag does not match."""
    from cryptography.exceptions import InvalidTag

    try:
        if mode == "CCM":
            from cryptography.hazmat.primitives.ciphers.aead import AESCCM

            return AESCCM(key, len(tag)).decrypt(nonce, data + tag, associated)
        from cryptography.hazmat.primitives.ciphers import Cipher
        from cryptography.hazmat.primitives.ciphers.algorithms import AES
        from cryptography.hazmat.primitives.ciphers.modes import GCM

        context = Cipher(AES(key), GCM(nonce, tag, min_tag_length=4)).decryptor()
        context.authenticate_additional_data(associated)
        return context.update(data) + context.finalize()
    except InvalidTag:
        return None
