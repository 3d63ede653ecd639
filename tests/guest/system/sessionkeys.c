/* wincrypt.h: session keys derived, imported, exported; encryption in pieces; HMAC. */
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <wincrypt.h>

static void hex(const char *name, const void *data, DWORD size)
{
    printf("%s ", name);
    for (DWORD i = 0; i < size; i++)
        printf("%02x", ((const BYTE *)data)[i]);
    printf("\n");
}

static HCRYPTPROV provider;

static HCRYPTKEY derive(ALG_ID cipher, ALG_ID digest, DWORD flags)
{
    HCRYPTHASH hash;
    HCRYPTKEY key = 0;

    if (!CryptCreateHash(provider, digest, 0, 0, &hash) || !CryptHashData(hash, (BYTE *)"password", 8, 0))
        printf("no hash %lx\n", GetLastError());
    if (!CryptDeriveKey(provider, cipher, hash, flags, &key))
        printf("no key %lx\n", GetLastError());
    CryptDestroyHash(hash);
    return key;
}

static HCRYPTKEY import(ALG_ID algorithm, const void *secret, DWORD size, DWORD flags)
{
    BYTE blob[128] = {PLAINTEXTKEYBLOB, 2};
    HCRYPTKEY key = 0;

    memcpy(blob + 4, &algorithm, 4);
    memcpy(blob + 8, &size, 4);
    memcpy(blob + 12, secret, size);
    if (!CryptImportKey(provider, blob, 12 + size, 0, flags, &key))
        printf("no import %lx\n", GetLastError());
    return key;
}

int main(void)
{
    static const struct {
        const char *name;
        ALG_ID cipher, digest;
        DWORD flags;
    } derived[] = {{"RC4 of SHA-1", CALG_RC4, CALG_SHA1, 0},
                   {"RC4 40 of MD5", CALG_RC4, CALG_MD5, 40 << 16},
                   {"DES of MD5", CALG_DES, CALG_MD5, 0},
                   {"3DES of SHA-1", CALG_3DES, CALG_SHA1, 0},
                   {"AES-128 of SHA-1", CALG_AES_128, CALG_SHA1, 0},
                   {"AES-256 of SHA-1", CALG_AES_256, CALG_SHA1, 0},
                   {"AES-256 of SHA-256", CALG_AES_256, CALG_SHA_256, 0}};
    BYTE data[128], whole[128], blob[64], iv[16];
    DWORD size, value, got;
    HCRYPTKEY key, copy;
    HCRYPTHASH hash;
    HMAC_INFO info = {CALG_SHA1};

    CryptAcquireContextW(&provider, NULL, NULL, PROV_RSA_AES, CRYPT_VERIFYCONTEXT);
    for (size_t i = 0; i < sizeof derived / sizeof *derived; i++) {
        key = derive(derived[i].cipher, derived[i].digest, derived[i].flags);
        strcpy((char *)data, "a message of some length");
        size = 24;
        if (!CryptEncrypt(key, 0, TRUE, 0, data, &size, sizeof data))
            printf("not encrypted %lx\n", GetLastError());
        hex(derived[i].name, data, size);
        printf("  back %d", CryptDecrypt(key, 0, TRUE, 0, data, &size));
        printf(" %lu %.24s\n", size, data);
        got = 4;
        CryptGetKeyParam(key, KP_KEYLEN, (BYTE *)&value, &got, 0);
        printf("  bits %lu", value);
        got = 4;
        CryptGetKeyParam(key, KP_BLOCKLEN, (BYTE *)&value, &got, 0);
        printf(" block %lu\n", value);
        CryptDestroyKey(key);
    }

    key = import(CALG_AES_128, "0123456789abcdef", 16, CRYPT_EXPORTABLE);
    for (int i = 0; i < 16; i++)
        iv[i] = i;
    CryptSetKeyParam(key, KP_IV, iv, 0);
    memset(data, 'x', 48);
    memset(whole, 'x', 48);
    size = 48;
    CryptEncrypt(key, 0, TRUE, 0, whole, &size, sizeof whole);
    hex("whole", whole, size);
    size = 16;
    CryptEncrypt(key, 0, FALSE, 0, data, &size, 16);
    CryptDuplicateKey(key, NULL, 0, &copy);
    size = 32;
    CryptEncrypt(copy, 0, TRUE, 0, data + 16, &size, sizeof data - 16);
    printf("in pieces %lu %d\n", size, !memcmp(data, whole, 64));
    size = 15;
    printf("odd piece %d", CryptEncrypt(key, 0, FALSE, 0, data, &size, sizeof data));
    printf(" %lx\n", GetLastError());
    size = 16;
    CryptEncrypt(key, 0, TRUE, 0, NULL, &size, 0);
    printf("needs %lu", size);
    size = 16;
    printf(" small %d", CryptEncrypt(key, 0, TRUE, 0, data, &size, 16));
    printf(" %lx %lu\n", GetLastError(), size);
    size = 64;
    whole[63] ^= 0x55;
    CryptSetKeyParam(key, KP_IV, iv, 0);
    printf("bad padding %d", CryptDecrypt(key, 0, TRUE, 0, whole, &size));
    printf(" %lx\n", GetLastError());
    value = CRYPT_MODE_ECB;
    printf("mode %d\n", CryptSetKeyParam(key, KP_MODE, (BYTE *)&value, 0));
    memset(data, 'x', 32);
    size = 32;
    CryptEncrypt(key, 0, FALSE, 0, data, &size, sizeof data);
    printf("ECB %d\n", !memcmp(data, data + 16, 16));
    size = sizeof blob;
    printf("export %d ", CryptExportKey(key, 0, PLAINTEXTKEYBLOB, 0, blob, &size));
    hex("", blob, size);
    CryptDestroyKey(key);
    printf("gone %d", CryptEncrypt(key, 0, TRUE, 0, data, &size, sizeof data));
    printf(" %lx\n", GetLastError());

    key = import(CALG_RC2, "Jefe", 4, CRYPT_IPSEC_HMAC_KEY);
    CryptCreateHash(provider, CALG_HMAC, key, 0, &hash);
    CryptSetHashParam(hash, HP_HMAC_INFO, (BYTE *)&info, 0);
    CryptHashData(hash, (BYTE *)"what do ya want for nothing?", 28, 0);
    size = sizeof data;
    CryptGetHashParam(hash, HP_HASHVAL, data, &size, 0);
    hex("HMAC", data, size);

    printf("generate %d", CryptGenKey(provider, CALG_AES_256, 0, &key));
    size = sizeof blob;
    printf(" export %d", CryptExportKey(key, 0, PLAINTEXTKEYBLOB, 0, blob, &size));
    printf(" %lx", GetLastError());
    printf(" unknown %d", CryptGenKey(provider, 0x6699, 0, &key));
    printf(" %lx\n", GetLastError());
    return 0;
}
