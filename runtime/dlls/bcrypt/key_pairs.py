"""bcrypt.h: RSA and elliptic curves: key pairs, encryption, signatures, agreement on a secret."""

from __future__ import annotations

import hashlib
import hmac
import struct
from typing import TYPE_CHECKING, Annotated, Final

from runtime.dlls.bcrypt.ciphers import export_symmetric, hash_name, kdf_parameters, put_result, transform
from runtime.dlls.bcrypt.dll import bcrypt
from runtime.dlls.bcrypt.objects import (
    AGREEMENTS,
    CRYPT,
    HASHES,
    RSA_KEY_LENGTHS,
    SIGNATURES,
    KeyPair,
    Secret,
    SymmetricKey,
    add,
    algorithm_of,
    find,
    get,
    remove,
)
from runtime.dlls.types import HANDLE, LPCWSTR, NTSTATUS, PVOID, ULONG, InBytes, Out, OutBytes
from runtime.nt import status as st
from runtime.nt.status import NtError
from runtime.nt.thread import Thread

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurve
    from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

BCRYPT_PAD_NONE, BCRYPT_PAD_PKCS1, BCRYPT_PAD_OAEP, BCRYPT_PAD_PSS = 1, 2, 4, 8
_RSA_PUBLIC, _RSA_PRIVATE, _RSA_FULL = 0x31415352, 0x32415352, 0x33415352
_CURVE_BITS: Final = {"P256": 256, "P384": 384, "P521": 521}
_CURVE_MAGIC: Final = {
    "ECDSA_P256": 0x31534345, "ECDSA_P384": 0x33534345, "ECDSA_P521": 0x35534345,
    "ECDH_P256": 0x314B4345, "ECDH_P384": 0x334B4345, "ECDH_P521": 0x354B4345,
}  # fmt: skip
"""Magic of the public blob; the private one's is the next number."""
_KDF_SECRET_PREPEND, _KDF_SECRET_APPEND, _KDF_HMAC_KEY = 1, 2, 3
_KDF_USE_SECRET_AS_HMAC_KEY: Final = 1


def _is_rsa(name: str) -> bool:
    return name in ("RSA", "RSA_SIGN")


def _curve(name: str) -> EllipticCurve:
    from cryptography.hazmat.primitives.asymmetric import ec

    curves: dict[str, type[ec.SECP256R1 | ec.SECP384R1 | ec.SECP521R1]] = {
        "P256": ec.SECP256R1, "P384": ec.SECP384R1, "P521": ec.SECP521R1,
    }  # fmt: skip
    return curves[name.rpartition("_")[2]]()


def _hash(name: str | None) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    kinds: dict[str, type[HashAlgorithm]] = {
        "MD5": hashes.MD5, "SHA1": hashes.SHA1, "SHA256": hashes.SHA256, "SHA384": hashes.SHA384,
        "SHA512": hashes.SHA512,
    }  # fmt: skip
    kind = kinds.get((name or "").upper())
    if kind is None:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    return kind()


@bcrypt.export(category=CRYPT)
def BCryptGenerateKeyPair(
    thread: Thread, hAlgorithm: HANDLE, phKey: Out[HANDLE], dwLength: ULONG, dwFlags: ULONG
) -> NTSTATUS:
    """Begin a key pair of `dwLength` bits; it exists once it is finalized."""
    algorithm = algorithm_of(thread, hAlgorithm)
    if not phKey:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    if _is_rsa(algorithm.name):
        least, most, step = RSA_KEY_LENGTHS
        fits = least <= dwLength <= most and dwLength % step == 0
    elif algorithm.name in (*SIGNATURES, *AGREEMENTS):
        fits = dwLength == _CURVE_BITS[algorithm.name.rpartition("_")[2]]
    else:
        raise NtError(st.STATUS_NOT_SUPPORTED)
    if not fits:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    phKey.set(add(thread, KeyPair(algorithm, dwLength)))
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptFinalizeKeyPair(thread: Thread, hKey: HANDLE, dwFlags: ULONG) -> NTSTATUS:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    pair = get(thread, hKey, KeyPair)
    if pair.public is not None:
        raise NtError(st.STATUS_INVALID_HANDLE)
    if _is_rsa(pair.algorithm.name):
        made = rsa.generate_private_key(65537, pair.bits)
        pair.private, pair.public = made, made.public_key()
    else:
        point = ec.generate_private_key(_curve(pair.algorithm.name))
        pair.private, pair.public = point, point.public_key()
    return st.STATUS_SUCCESS


def _bytes(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big")


def _rsa_blob(pair: KeyPair, kind: str) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

    public, private = pair.public, pair.private
    assert isinstance(public, RSAPublicKey)
    numbers = public.public_numbers()
    size, half = (pair.bits + 7) // 8, (pair.bits + 15) // 16
    exponent = _bytes(numbers.e, (numbers.e.bit_length() + 7) // 8)
    magic = {"RSAPUBLICBLOB": _RSA_PUBLIC, "RSAPRIVATEBLOB": _RSA_PRIVATE, "RSAFULLPRIVATEBLOB": _RSA_FULL}.get(kind)
    if magic is None:
        raise NtError(st.STATUS_NOT_SUPPORTED)
    primes = 0 if magic == _RSA_PUBLIC else half
    blob = struct.pack("<6I", magic, pair.bits, len(exponent), size, primes, primes)
    blob += exponent + _bytes(numbers.n, size)
    if magic == _RSA_PUBLIC:
        return blob
    if not isinstance(private, RSAPrivateKey):
        raise NtError(st.STATUS_NOT_SUPPORTED)
    secret = private.private_numbers()
    blob += _bytes(secret.p, half) + _bytes(secret.q, half)
    if magic == _RSA_FULL:
        blob += _bytes(secret.dmp1, half) + _bytes(secret.dmq1, half) + _bytes(secret.iqmp, half)
        blob += _bytes(secret.d, size)
    return blob


def _curve_blob(pair: KeyPair, kind: str) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

    assert isinstance(pair.public, EllipticCurvePublicKey)
    size = (pair.bits + 7) // 8
    point = pair.public.public_numbers()
    magic = _CURVE_MAGIC[pair.algorithm.name]
    coordinates = _bytes(point.x, size) + _bytes(point.y, size)
    if kind == "ECCPUBLICBLOB":
        return struct.pack("<II", magic, size) + coordinates
    if kind == "ECCPRIVATEBLOB" and isinstance(pair.private, EllipticCurvePrivateKey):
        secret = pair.private.private_numbers().private_value
        return struct.pack("<II", magic + 1, size) + coordinates + _bytes(secret, size)
    raise NtError(st.STATUS_NOT_SUPPORTED)


@bcrypt.export(category=CRYPT)
def BCryptExportKey(
    thread: Thread, hKey: HANDLE, hExportKey: HANDLE, pszBlobType: LPCWSTR,
    pbOutput: Annotated[PVOID, OutBytes("cbOutput", actual="pcbResult")], cbOutput: ULONG, pcbResult: Out[ULONG],
    dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    item = find(thread, hKey)
    kind = pszBlobType or ""
    if isinstance(item, SymmetricKey):
        blob = export_symmetric(thread, item, hExportKey, kind)
    elif isinstance(item, KeyPair) and item.public is not None:
        if _is_rsa(item.algorithm.name):
            blob = _rsa_blob(item, "RSAPUBLICBLOB" if kind == "PUBLICBLOB" else kind)
        else:
            blob = _curve_blob(item, "ECCPUBLICBLOB" if kind == "PUBLICBLOB" else kind)
    else:
        raise NtError(st.STATUS_INVALID_HANDLE)
    return put_result(thread, blob, pbOutput, cbOutput, pcbResult)


def _rsa_pair(pair: KeyPair, blob: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    magic, bits, exponent_size, size, first, second = struct.unpack_from("<6I", blob)
    if magic not in (_RSA_PUBLIC, _RSA_PRIVATE, _RSA_FULL) or len(blob) < 24 + exponent_size + size:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    at = 24
    values = []
    for length in (exponent_size, size, *((first, second) if magic != _RSA_PUBLIC else ())):
        if at + length > len(blob):
            raise NtError(st.STATUS_INVALID_PARAMETER)
        values.append(int.from_bytes(blob[at : at + length], "big"))
        at += length
    pair.bits = bits
    public = rsa.RSAPublicNumbers(values[0], values[1])
    if magic == _RSA_PUBLIC:
        pair.public = public.public_key()
        return
    p, q = values[2:4]
    d = rsa.rsa_recover_private_exponent(values[0], p, q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q),
                                    public)  # fmt: skip
    pair.private = numbers.private_key()
    pair.public = pair.private.public_key()


def _curve_pair(pair: KeyPair, blob: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    magic, size = struct.unpack_from("<II", blob)
    private = magic == _CURVE_MAGIC[pair.algorithm.name] + 1
    bits = _CURVE_BITS[pair.algorithm.name.rpartition("_")[2]]
    if (magic != _CURVE_MAGIC[pair.algorithm.name] and not private) or size != (bits + 7) // 8 or len(blob) < (
        8 + (3 if private else 2) * size
    ):
        raise NtError(st.STATUS_INVALID_PARAMETER)
    values = [int.from_bytes(blob[8 + index * size : 8 + (index + 1) * size], "big") for index in range(3)]
    public = ec.EllipticCurvePublicNumbers(values[0], values[1], _curve(pair.algorithm.name))
    pair.bits = bits
    if private:
        pair.private = ec.EllipticCurvePrivateNumbers(values[2], public).private_key()
    pair.public = public.public_key()


@bcrypt.export(category=CRYPT)
def BCryptImportKeyPair(
    thread: Thread, hAlgorithm: HANDLE, hImportKey: HANDLE, pszBlobType: LPCWSTR, phKey: Out[HANDLE],
    pbInput: Annotated[PVOID, InBytes("cbInput")], cbInput: ULONG, dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Make a key pair, or the public half of one, of a blob."""
    algorithm = algorithm_of(thread, hAlgorithm)
    blob = thread.process.memory.read(pbInput, min(cbInput, 0x10000))
    if not phKey or len(blob) < 24:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    pair = KeyPair(algorithm, 0)
    try:
        if _is_rsa(algorithm.name):
            _rsa_pair(pair, blob)
        elif algorithm.name in _CURVE_MAGIC:
            _curve_pair(pair, blob)
        else:
            raise NtError(st.STATUS_NOT_SUPPORTED)
    except ValueError:  # numbers that are no key
        raise NtError(st.STATUS_INVALID_PARAMETER) from None
    phKey.set(add(thread, pair))
    return st.STATUS_SUCCESS


def _padding(thread: Thread, info: int, flags: int) -> tuple[AsymmetricPadding, HashAlgorithm | None]:
    """What the padding information of a call means: the padding, and the hash of a signature."""
    from cryptography.hazmat.primitives.asymmetric import padding

    memory = thread.process.memory
    name_at = memory.read_pointer(info) if info else 0
    name = memory.read_wstr(name_at) if name_at else None
    if flags & BCRYPT_PAD_OAEP:
        label_at, label_size = memory.read_pointer(info + 8), memory.read_u32(info + 16)
        label = memory.read(label_at, min(label_size, 0x10000)) if label_at and label_size else None
        return padding.OAEP(padding.MGF1(_hash(name)), _hash(name), label), None
    if flags & BCRYPT_PAD_PSS:
        return padding.PSS(padding.MGF1(_hash(name)), memory.read_u32(info + 8)), _hash(name)
    if flags & BCRYPT_PAD_PKCS1:
        return padding.PKCS1v15(), _hash(name) if name is not None else None
    raise NtError(st.STATUS_NOT_SUPPORTED)


def _public_rsa(pair: KeyPair) -> RSAPublicKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    if not isinstance(pair.public, RSAPublicKey):
        raise NtError(st.STATUS_NOT_SUPPORTED)
    return pair.public


def _private_rsa(pair: KeyPair) -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if not isinstance(pair.private, RSAPrivateKey):
        raise NtError(st.STATUS_INVALID_PARAMETER)
    return pair.private


@bcrypt.export(category=CRYPT)
def BCryptEncrypt(
    thread: Thread, hKey: HANDLE, pbInput: Annotated[PVOID, InBytes("cbInput")], cbInput: ULONG, pPaddingInfo: PVOID,
    pbIV: PVOID, cbIV: ULONG, pbOutput: Annotated[PVOID, OutBytes("cbOutput", actual="pcbResult")], cbOutput: ULONG,
    pcbResult: Out[ULONG], dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    item = find(thread, hKey)
    if isinstance(item, SymmetricKey):
        return transform(thread, item, pbInput, cbInput, pPaddingInfo, pbIV, cbIV, pbOutput, cbOutput, pcbResult,
                         dwFlags, encrypt=True)  # fmt: skip
    if not isinstance(item, KeyPair):
        raise NtError(st.STATUS_INVALID_HANDLE)
    public = _public_rsa(item)
    if not pbOutput:
        pcbResult.set((item.bits + 7) // 8)
        return st.STATUS_SUCCESS
    data = thread.process.memory.read(pbInput, min(cbInput, 0x10000))
    if dwFlags & BCRYPT_PAD_NONE:
        size = (item.bits + 7) // 8
        numbers = public.public_numbers()
        value = int.from_bytes(data, "big")
        if len(data) != size or value >= numbers.n:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        output = _bytes(pow(value, numbers.e, numbers.n), size)
    else:
        try:
            output = public.encrypt(data, _padding(thread, pPaddingInfo, dwFlags)[0])
        except ValueError:  # too long for the key
            raise NtError(st.STATUS_INVALID_PARAMETER) from None
    return put_result(thread, output, pbOutput, cbOutput, pcbResult)


@bcrypt.export(category=CRYPT)
def BCryptDecrypt(
    thread: Thread, hKey: HANDLE, pbInput: Annotated[PVOID, InBytes("cbInput")], cbInput: ULONG, pPaddingInfo: PVOID,
    pbIV: PVOID, cbIV: ULONG, pbOutput: Annotated[PVOID, OutBytes("cbOutput", actual="pcbResult")], cbOutput: ULONG,
    pcbResult: Out[ULONG], dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    item = find(thread, hKey)
    if isinstance(item, SymmetricKey):
        return transform(thread, item, pbInput, cbInput, pPaddingInfo, pbIV, cbIV, pbOutput, cbOutput, pcbResult,
                         dwFlags, encrypt=False)  # fmt: skip
    if not isinstance(item, KeyPair):
        raise NtError(st.STATUS_INVALID_HANDLE)
    private = _private_rsa(item)
    if not pbOutput:
        pcbResult.set((item.bits + 7) // 8)
        return st.STATUS_SUCCESS
    data = thread.process.memory.read(pbInput, min(cbInput, 0x10000))
    if dwFlags & BCRYPT_PAD_NONE:
        numbers = private.private_numbers()
        n = numbers.public_numbers.n
        output = _bytes(pow(int.from_bytes(data, "big"), numbers.d, n), (item.bits + 7) // 8)
    else:
        try:
            output = private.decrypt(data, _padding(thread, pPaddingInfo, dwFlags)[0])
        except ValueError:
            raise NtError(st.STATUS_INVALID_PARAMETER) from None
    return put_result(thread, output, pbOutput, cbOutput, pcbResult)


@bcrypt.export(category=CRYPT)
def BCryptSignHash(
    thread: Thread, hKey: HANDLE, pPaddingInfo: PVOID, pbInput: Annotated[PVOID, InBytes("cbInput")], cbInput: ULONG,
    pbOutput: Annotated[PVOID, OutBytes("cbOutput", actual="pcbResult")], cbOutput: ULONG, pcbResult: Out[ULONG],
    dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Sign a hash: RSA with PKCS #1 or PSS, ECDSA as the two numbers one after the other."""
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    pair = get(thread, hKey, KeyPair)
    size = (pair.bits + 7) // 8
    if not pbOutput:
        pcbResult.set(size if _is_rsa(pair.algorithm.name) else 2 * size)
        return st.STATUS_SUCCESS
    digest = thread.process.memory.read(pbInput, min(cbInput, 0x1000))
    if isinstance(pair.private, ec.EllipticCurvePrivateKey):
        signature = pair.private.sign(digest, ec.ECDSA(utils.Prehashed(_by_size(len(digest)))))
        r, s = utils.decode_dss_signature(signature)
        return put_result(thread, _bytes(r, size) + _bytes(s, size), pbOutput, cbOutput, pcbResult)
    private = _private_rsa(pair)
    chosen, kind = _padding(thread, pPaddingInfo, dwFlags)
    if kind is None or kind.digest_size != len(digest):
        raise NtError(st.STATUS_INVALID_PARAMETER)
    return put_result(
        thread, private.sign(digest, chosen, utils.Prehashed(kind)), pbOutput, cbOutput, pcbResult
    )  # fmt: skip


def _by_size(size: int) -> HashAlgorithm:
    """A hash of that size: ECDSA does not care which one it was."""
    names = {16: "MD5", 20: "SHA1", 32: "SHA256", 48: "SHA384", 64: "SHA512"}
    return _hash(names.get(size))


@bcrypt.export(category=CRYPT)
def BCryptVerifySignature(
    thread: Thread, hKey: HANDLE, pPaddingInfo: PVOID, pbHash: Annotated[PVOID, InBytes("cbHash")], cbHash: ULONG,
    pbSignature: Annotated[PVOID, InBytes("cbSignature")], cbSignature: ULONG, dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Say whether a signature of a hash is good: STATUS_SUCCESS, else STATUS_INVALID_SIGNATURE."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    pair = get(thread, hKey, KeyPair)
    memory = thread.process.memory
    digest, signature = memory.read(pbHash, min(cbHash, 0x1000)), memory.read(pbSignature, min(cbSignature, 0x10000))
    try:
        if isinstance(pair.public, ec.EllipticCurvePublicKey):
            half = len(signature) // 2
            r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
            pair.public.verify(
                utils.encode_dss_signature(r, s), digest, ec.ECDSA(utils.Prehashed(_by_size(len(digest))))
            )
        else:
            chosen, kind = _padding(thread, pPaddingInfo, dwFlags)
            if kind is None or kind.digest_size != len(digest):
                raise NtError(st.STATUS_INVALID_PARAMETER)
            _public_rsa(pair).verify(signature, digest, chosen, utils.Prehashed(kind))
    except InvalidSignature:
        raise NtError(st.STATUS_INVALID_SIGNATURE) from None
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptSecretAgreement(
    thread: Thread, hPrivKey: HANDLE, hPubKey: HANDLE, phAgreedSecret: Out[HANDLE], dwFlags: ULONG
) -> NTSTATUS:
    from cryptography.hazmat.primitives.asymmetric import ec

    ours, theirs = get(thread, hPrivKey, KeyPair), get(thread, hPubKey, KeyPair)
    if not isinstance(ours.private, ec.EllipticCurvePrivateKey) or not isinstance(
        theirs.public, ec.EllipticCurvePublicKey
    ):
        raise NtError(st.STATUS_NOT_SUPPORTED)
    if ours.algorithm.name != theirs.algorithm.name or ours.algorithm.name not in AGREEMENTS:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    phAgreedSecret.set(add(thread, Secret(ours.private.exchange(ec.ECDH(), theirs.public))))
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptDestroySecret(thread: Thread, hSecret: HANDLE) -> NTSTATUS:
    get(thread, hSecret, Secret)
    remove(thread, hSecret)
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptDeriveKey(
    thread: Thread, hSharedSecret: HANDLE, pwszKDF: LPCWSTR, pParameterList: PVOID,
    pbDerivedKey: Annotated[PVOID, OutBytes("cbDerivedKey", actual="pcbResult")], cbDerivedKey: ULONG,
    pcbResult: Out[ULONG], dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Derive a key from an agreed secret: HASH, HMAC, or the secret itself in little-endian order (TRUNCATE)."""
    secret = get(thread, hSharedSecret, Secret).value
    parameters = kdf_parameters(thread, pParameterList)
    if pwszKDF == "TRUNCATE":
        output = secret[::-1]
    elif pwszKDF in ("HASH", "HMAC"):
        digest = hash_name(parameters) if 0 in parameters else HASHES["SHA1"]
        text = parameters.get(_KDF_SECRET_PREPEND, b"") + secret + parameters.get(_KDF_SECRET_APPEND, b"")
        if pwszKDF == "HASH":
            output = hashlib.new(digest, text, usedforsecurity=False).digest()
        else:
            key = secret if dwFlags & _KDF_USE_SECRET_AS_HMAC_KEY else parameters.get(_KDF_HMAC_KEY, b"")
            output = hmac.digest(key, text, digest)
    else:
        raise NtError(st.STATUS_NOT_SUPPORTED)
    if pbDerivedKey:
        output = output[:cbDerivedKey]
    return put_result(thread, output, pbDerivedKey, cbDerivedKey, pcbResult)
