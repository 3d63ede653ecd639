/* bcrypt.h: ciphers, authenticated modes, key derivation, key pairs. Vectors of FIPS 197, SP 800-38A, C and D, RFC 6070,
 * RFC 3394 and RFC 8017; what is random is checked by its inverse. */
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <bcrypt.h>

static void hex(const char *name, const void *data, ULONG size)
{
    printf("%s ", name);
    for (ULONG i = 0; i < size; i++)
        printf("%02x", ((const BYTE *)data)[i]);
    printf("\n");
}

static const BYTE key128[16] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                                0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
static const BYTE text[32] = {0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e,
                              0x11, 0x73, 0x93, 0x17, 0x2a, 0xae, 0x2d, 0x8a, 0x57, 0x1e, 0x03,
                              0xac, 0x9c, 0x9e, 0xb7, 0x6f, 0xac, 0x45, 0xaf, 0x8e, 0x51};

static BCRYPT_KEY_HANDLE make(const wchar_t *name, const wchar_t *mode, const void *secret, ULONG size)
{
    BCRYPT_ALG_HANDLE algorithm;
    BCRYPT_KEY_HANDLE key = NULL;
    NTSTATUS status = BCryptOpenAlgorithmProvider(&algorithm, name, NULL, 0);

    if (status)
        printf("no %ls: %lx\n", name, status);
    if (mode && (status = BCryptSetProperty(algorithm, L"ChainingMode", (BYTE *)mode, 2 * wcslen(mode) + 2, 0)))
        printf("no mode %lx\n", status);
    status = BCryptGenerateSymmetricKey(algorithm, &key, NULL, 0, (BYTE *)secret, size, 0);
    if (status)
        printf("no key: %lx\n", status);
    BCryptCloseAlgorithmProvider(algorithm, 0);
    return key;
}

static void block_modes(void)
{
    static const wchar_t *const modes[] = {L"ChainingModeECB", L"ChainingModeCBC", L"ChainingModeCFB"};
    BYTE out[64], back[64], iv[16];
    ULONG size;
    NTSTATUS status;

    for (int i = 0; i < 3; i++) {
        BCRYPT_KEY_HANDLE key = make(L"AES", modes[i], key128, 16);
        for (int j = 0; j < 16; j++)
            iv[j] = j;
        status = BCryptEncrypt(key, (BYTE *)text, 32, NULL, i ? iv : NULL, i ? 16 : 0, out, 64, &size, 0);
        printf("%ls %lx %lu\n", modes[i], status, size);
        hex(" ", out, size);
        if (i)
            hex("  next vector", iv, 16);
        for (int j = 0; j < 16; j++)
            iv[j] = j;
        status = BCryptDecrypt(key, out, size, NULL, i ? iv : NULL, i ? 16 : 0, back, 64, &size, 0);
        printf("  back %lx %d\n", status, !memcmp(back, text, 32));
        BCryptDestroyKey(key);
    }
    {
        BCRYPT_KEY_HANDLE key = make(L"AES", NULL, key128, 16), copy;
        memset(iv, 7, 16);
        status = BCryptEncrypt(key, (BYTE *)text, 20, NULL, iv, 16, NULL, 0, &size, BCRYPT_BLOCK_PADDING);
        printf("padded size %lx %lu\n", status, size);
        status = BCryptEncrypt(key, (BYTE *)text, 20, NULL, iv, 16, out, 31, &size, BCRYPT_BLOCK_PADDING);
        printf("too small %lx %lu\n", status, size);
        status = BCryptEncrypt(key, (BYTE *)text, 20, NULL, iv, 16, out, 64, &size, 0);
        printf("no padding %lx\n", status);
        memset(iv, 7, 16);
        BCryptEncrypt(key, (BYTE *)text, 20, NULL, iv, 16, out, 64, &size, BCRYPT_BLOCK_PADDING);
        hex("padded", out, size);
        memset(iv, 7, 16);
        BCryptDuplicateKey(key, &copy, NULL, 0, 0);
        status = BCryptDecrypt(copy, out, 32, NULL, iv, 16, back, 64, &size, BCRYPT_BLOCK_PADDING);
        printf("unpadded %lx %lu %d\n", status, size, !memcmp(back, text, 20));
        printf("destroy %lx %lx", BCryptDestroyKey(copy), BCryptDestroyKey(key));
        printf(" again %lx\n", BCryptDestroyKey(key));
    }
}

static void other_ciphers(void)
{
    static const BYTE des3[24] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x23, 0x45, 0x67, 0x89,
                                  0xab, 0xcd, 0xef, 0x01, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23};
    BYTE out[64];
    ULONG size;
    BCRYPT_KEY_HANDLE key = make(L"3DES", L"ChainingModeECB", des3, 24);

    BCryptEncrypt(key, (BYTE *)"The qufck brown fox jump", 24, NULL, NULL, 0, out, 64, &size, 0);
    hex("3DES", out, size);
    BCryptDestroyKey(key);
    key = make(L"RC4", NULL, "Key", 3);
    BCryptEncrypt(key, (BYTE *)"Plain", 5, NULL, NULL, 0, out, 64, &size, 0);
    hex("RC4", out, size);
    BCryptEncrypt(key, (BYTE *)"text", 4, NULL, NULL, 0, out, 64, &size, 0);
    hex("RC4 goes on", out, size);
    BCryptDestroyKey(key);
}

static void authenticated(void)
{
    static const BYTE key[16] = {0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08};
    static const BYTE nonce[12] = {0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88};
    static const BYTE extra[20] = {0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed,
                                   0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2};
    static const BYTE plain[60] = {0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59, 0x09, 0xc5, 0xaf, 0xf5, 0x26,
                                   0x9a, 0x86, 0xa7, 0xa9, 0x53, 0x15, 0x34, 0xf7, 0xda, 0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31,
                                   0x8a, 0x72, 0x1c, 0x3c, 0x0c, 0x95, 0x95, 0x68, 0x09, 0x53, 0x2f, 0xcf, 0x0e, 0x24, 0x49,
                                   0xa6, 0xb5, 0x25, 0xb1, 0x6a, 0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57, 0xba, 0x63, 0x7b, 0x39};
    BYTE out[64], back[64], tag[16], ccm_key[16], ccm_nonce[7], ccm_extra[8], ccm_text[4];
    BCRYPT_AUTHENTICATED_CIPHER_MODE_INFO info;
    ULONG size;
    NTSTATUS status;
    BCRYPT_KEY_HANDLE handle = make(L"AES", L"ChainingModeGCM", key, 16);

    BCRYPT_INIT_AUTH_MODE_INFO(info);
    info.pbNonce = (BYTE *)nonce, info.cbNonce = 12;
    info.pbAuthData = (BYTE *)extra, info.cbAuthData = 20;
    info.pbTag = tag, info.cbTag = 16;
    status = BCryptEncrypt(handle, (BYTE *)plain, 60, &info, NULL, 0, out, 64, &size, 0);
    printf("GCM %lx %lu\n", status, size);
    hex(" ", out, size);
    hex("  tag", tag, 16);
    status = BCryptDecrypt(handle, out, 60, &info, NULL, 0, back, 64, &size, 0);
    printf("  back %lx %d\n", status, !memcmp(back, plain, 60));
    tag[0] ^= 1;
    printf("  wrong tag %lx\n", BCryptDecrypt(handle, out, 60, &info, NULL, 0, back, 64, &size, 0));
    info.cbTag = 11;
    printf("  short tag %lx\n", BCryptEncrypt(handle, (BYTE *)plain, 60, &info, NULL, 0, out, 64, &size, 0));
    BCryptDestroyKey(handle);

    for (int i = 0; i < 16; i++)
        ccm_key[i] = 0x40 + i;
    for (int i = 0; i < 7; i++)
        ccm_nonce[i] = 0x10 + i;
    for (int i = 0; i < 8; i++)
        ccm_extra[i] = i;
    for (int i = 0; i < 4; i++)
        ccm_text[i] = 0x20 + i;
    handle = make(L"AES", L"ChainingModeCCM", ccm_key, 16);
    BCRYPT_INIT_AUTH_MODE_INFO(info);
    info.pbNonce = ccm_nonce, info.cbNonce = 7;
    info.pbAuthData = ccm_extra, info.cbAuthData = 8;
    info.pbTag = tag, info.cbTag = 4;
    status = BCryptEncrypt(handle, ccm_text, 4, &info, NULL, 0, out, 64, &size, 0);
    printf("CCM %lx\n", status);
    hex(" ", out, size);
    hex("  tag", tag, 4);
    printf("  back %lx\n", BCryptDecrypt(handle, out, 4, &info, NULL, 0, back, 64, &size, 0));
    BCryptDestroyKey(handle);
}

static void properties(void)
{
    BCRYPT_KEY_HANDLE key = make(L"AES", NULL, "0123456789abcdef01234567", 24), imported;
    BCRYPT_ALG_HANDLE algorithm;
    BCRYPT_KEY_LENGTHS_STRUCT lengths;
    wchar_t mode[32];
    BYTE blob[64], wrapped[64];
    ULONG value = 0, size, got;
    NTSTATUS status;

    BCryptGetProperty(key, L"ChainingMode", (BYTE *)mode, sizeof mode, &size, 0);
    printf("mode %ls %lu", mode, size);
    BCryptGetProperty(key, L"BlockLength", (BYTE *)&value, 4, &size, 0);
    printf(" block %lu", value);
    BCryptGetProperty(key, L"KeyLength", (BYTE *)&value, 4, &size, 0);
    printf(" key %lu\n", value);
    BCryptOpenAlgorithmProvider(&algorithm, L"AES", NULL, 0);
    BCryptGetProperty(algorithm, L"KeyLengths", (BYTE *)&lengths, sizeof lengths, &size, 0);
    printf("lengths %lu %lu %lu\n", lengths.dwMinLength, lengths.dwMaxLength, lengths.dwIncrement);
    printf("no such mode %lx\n", BCryptSetProperty(algorithm, L"ChainingMode", (BYTE *)L"ChainingModeXYZ", 32, 0));
    printf("no such property %lx\n", BCryptGetProperty(algorithm, L"Colour", (BYTE *)&value, 4, &size, 0));
    printf("short key %lx\n", BCryptGenerateSymmetricKey(algorithm, &imported, NULL, 0, (BYTE *)"short", 5, 0));
    status = BCryptExportKey(key, NULL, L"KeyDataBlob", blob, sizeof blob, &size, 0);
    printf("export %lx ", status);
    hex("", blob, size);
    status = BCryptImportKey(algorithm, NULL, L"KeyDataBlob", &imported, NULL, 0, blob, size, 0);
    printf("import %lx\n", status);
    BCryptDestroyKey(imported);
    blob[0] = 0;
    printf("bad blob %lx\n", BCryptImportKey(algorithm, NULL, L"KeyDataBlob", &imported, NULL, 0, blob, size, 0));
    BCryptDestroyKey(key);
    {
        BYTE kek[16], data[16];
        BCRYPT_KEY_HANDLE wrapping, inner;

        for (int i = 0; i < 16; i++)
            kek[i] = i, data[i] = i * 0x11;
        wrapping = make(L"AES", NULL, kek, 16);
        inner = make(L"AES", NULL, data, 16);
        BCryptExportKey(inner, wrapping, L"Rfc3565KeyWrapBlob", wrapped, sizeof wrapped, &got, 0);
        hex("wrapped", wrapped, got);
        printf("unwrapped %lx\n",
               BCryptImportKey(algorithm, wrapping, L"Rfc3565KeyWrapBlob", &imported, NULL, 0, wrapped, got, 0));
    }
    printf("wrong handle %lx\n", BCryptEncrypt((BCRYPT_KEY_HANDLE)algorithm, blob, 16, NULL, NULL, 0, blob, 64, &size, 0));
}

static void derivation(void)
{
    BCRYPT_KEY_HANDLE key = make(L"PBKDF2", NULL, "password", 8);
    ULONGLONG rounds = 2;
    BCryptBuffer buffers[3] = {{sizeof(L"SHA1"), KDF_HASH_ALGORITHM, L"SHA1"}, {4, KDF_SALT, "salt"},
                               {8, KDF_ITERATION_COUNT, &rounds}};
    BCryptBufferDesc list = {BCRYPTBUFFER_VERSION, 3, buffers};
    BYTE out[20];
    ULONG size;
    BCRYPT_ALG_HANDLE algorithm;

    printf("PBKDF2 %lx\n", BCryptKeyDerivation(key, &list, out, 20, &size, 0));
    hex(" ", out, size);
    BCryptOpenAlgorithmProvider(&algorithm, L"SHA1", NULL, BCRYPT_ALG_HANDLE_HMAC_FLAG);
    printf("by algorithm %lx\n", BCryptDeriveKeyPBKDF2(algorithm, (BYTE *)"password", 8, (BYTE *)"salt", 4, 4096, out, 20, 0));
    hex(" ", out, 20);
}

static void key_pairs(void)
{
    BCRYPT_ALG_HANDLE rsa, ecdsa, ecdh;
    BCRYPT_KEY_HANDLE key, public, other;
    BCRYPT_SECRET_HANDLE first, second;
    BCRYPT_PKCS1_PADDING_INFO pkcs = {L"SHA256"};
    BCRYPT_PSS_PADDING_INFO pss = {L"SHA256", 32};
    BCRYPT_OAEP_PADDING_INFO oaep = {L"SHA1", NULL, 0};
    BYTE hash[32], signature[512], blob[1024], cipher[512], plain[512], a[32], b[32];
    ULONG size, got;

    memset(hash, 0x5a, 32);
    BCryptOpenAlgorithmProvider(&rsa, L"RSA", NULL, 0);
    printf("RSA %lx", BCryptGenerateKeyPair(rsa, &key, 1024, 0));
    printf(" odd %lx", BCryptGenerateKeyPair(rsa, &other, 1025, 0));
    printf(" finalize %lx\n", BCryptFinalizeKeyPair(key, 0));
    printf("sign %lx", BCryptSignHash(key, &pkcs, hash, 32, signature, sizeof signature, &size, BCRYPT_PAD_PKCS1));
    printf(" %lu verify %lx", size, BCryptVerifySignature(key, &pkcs, hash, 32, signature, size, BCRYPT_PAD_PKCS1));
    hash[0] ^= 1;
    printf(" wrong %lx\n", BCryptVerifySignature(key, &pkcs, hash, 32, signature, size, BCRYPT_PAD_PKCS1));
    BCryptSignHash(key, &pss, hash, 32, signature, sizeof signature, &size, BCRYPT_PAD_PSS);
    BCryptExportKey(key, NULL, L"RSAPUBLICBLOB", blob, sizeof blob, &got, 0);
    printf("blob %.4s %lu import %lx", blob, got, BCryptImportKeyPair(rsa, NULL, L"RSAPUBLICBLOB", &public, blob, got, 0));
    printf(" PSS %lx\n", BCryptVerifySignature(public, &pss, hash, 32, signature, size, BCRYPT_PAD_PSS));
    printf("encrypt %lx", BCryptEncrypt(public, (BYTE *)"secret", 6, &oaep, NULL, 0, cipher, sizeof cipher, &size, BCRYPT_PAD_OAEP));
    printf(" %lu decrypt %lx", size, BCryptDecrypt(key, cipher, size, &oaep, NULL, 0, plain, sizeof plain, &got, BCRYPT_PAD_OAEP));
    printf(" %.*s\n", (int)got, plain);
    BCryptExportKey(key, NULL, L"RSAFULLPRIVATEBLOB", blob, sizeof blob, &got, 0);
    printf("private %.4s %lu %lx\n", blob, got, BCryptImportKeyPair(rsa, NULL, L"RSAFULLPRIVATEBLOB", &other, blob, got, 0));

    BCryptOpenAlgorithmProvider(&ecdsa, L"ECDSA_P256", NULL, 0);
    printf("ECDSA %lx", BCryptGenerateKeyPair(ecdsa, &key, 256, 0));
    BCryptFinalizeKeyPair(key, 0);
    printf(" sign %lx", BCryptSignHash(key, NULL, hash, 32, signature, sizeof signature, &size, 0));
    printf(" %lu verify %lx", size, BCryptVerifySignature(key, NULL, hash, 32, signature, size, 0));
    signature[5] ^= 1;
    printf(" wrong %lx\n", BCryptVerifySignature(key, NULL, hash, 32, signature, size, 0));

    BCryptOpenAlgorithmProvider(&ecdh, L"ECDH_P256", NULL, 0);
    BCryptGenerateKeyPair(ecdh, &key, 256, 0);
    BCryptFinalizeKeyPair(key, 0);
    BCryptGenerateKeyPair(ecdh, &other, 256, 0);
    BCryptFinalizeKeyPair(other, 0);
    BCryptExportKey(other, NULL, L"ECCPUBLICBLOB", blob, sizeof blob, &got, 0);
    printf("blob %.4s %lu import %lx\n", blob, got, BCryptImportKeyPair(ecdh, NULL, L"ECCPUBLICBLOB", &public, blob, got, 0));
    printf("agree %lx", BCryptSecretAgreement(key, public, &first, 0));
    BCryptSecretAgreement(other, key, &second, 0);
    {
        BCryptBuffer buffer = {sizeof(L"SHA256"), KDF_HASH_ALGORITHM, L"SHA256"};
        BCryptBufferDesc list = {BCRYPTBUFFER_VERSION, 1, &buffer};
        printf(" %lx", BCryptDeriveKey(first, L"HASH", &list, a, 32, &size, 0));
        BCryptDeriveKey(second, L"HASH", &list, b, 32, &got, 0);
    }
    printf(" %lu same %d\n", size, !memcmp(a, b, 32));
    printf("destroy %lx %lx\n", BCryptDestroySecret(first), BCryptDestroyKey(key));
}

int main(void)
{
    block_modes();
    other_ciphers();
    authenticated();
    properties();
    derivation();
    key_pairs();
    return 0;
}
