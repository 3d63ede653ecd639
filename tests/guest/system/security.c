/* Tokens, SIDs, access control lists, accounts, hashes and random numbers. */
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <sddl.h>
#include <aclapi.h>
#include <bcrypt.h>
#include <wincrypt.h>
#include <userenv.h>
#include <stdio.h>

#define SHOW(call) printf("%s -> %ld\n", #call, (long)(call))
#define TRY(call) do { SetLastError(0); long r_ = (long)(call); printf("%s -> %ld", #call, r_); if (!r_) printf(" error %lu", GetLastError()); printf("\n"); } while (0)

static void hex(const BYTE *data, DWORD size) { for (DWORD i = 0; i < size; i++) printf("%02x", data[i]); printf("\n"); }

int main(void)
{
    HANDLE token, copy;
    DWORD size;
    BYTE buffer[1024];
    char *text, name[100], domain[100];
    TRY(OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token));
    TRY(OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &token));
    TRY(GetTokenInformation(token, TokenUser, NULL, 0, &size));
    TRY(GetTokenInformation(token, TokenUser, buffer, sizeof buffer, &size));
    PSID user = ((TOKEN_USER *)buffer)->User.Sid;
    SHOW(IsValidSid(user)); SHOW(GetLengthSid(user)); SHOW(*GetSidSubAuthorityCount(user));
    DWORD name_size = sizeof name, domain_size = sizeof domain;
    SID_NAME_USE use;
    TRY(LookupAccountSidA(NULL, user, name, &name_size, domain, &domain_size, &use)); SHOW(use);
    DWORD plain_size = sizeof buffer;
    char plain[100]; plain_size = sizeof plain;
    TRY(GetUserNameA(plain, &plain_size)); SHOW(strcmp(plain, name)); SHOW(plain_size == strlen(plain) + 1);
    plain_size = 1;
    TRY(GetUserNameA(plain, &plain_size));
    DWORD kind;
    TRY(GetTokenInformation(token, TokenType, &kind, sizeof kind, &size)); SHOW(kind);
    TRY(GetTokenInformation(token, TokenSessionId, &kind, sizeof kind, &size));
    TRY(GetTokenInformation(token, 99, &kind, sizeof kind, &size));

    LUID luid; TOKEN_PRIVILEGES privileges = {1};
    TRY(LookupPrivilegeValueA(NULL, "SeShutdownPrivilege", &luid)); SHOW(luid.LowPart);
    TRY(LookupPrivilegeValueA(NULL, "SeNothingPrivilege", &luid));
    name_size = sizeof name; luid.LowPart = 20; luid.HighPart = 0;
    TRY(LookupPrivilegeNameA(NULL, &luid, name, &name_size)); puts(name); SHOW(name_size);
    LookupPrivilegeValueA(NULL, "SeShutdownPrivilege", &privileges.Privileges[0].Luid);
    privileges.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
    SHOW(AdjustTokenPrivileges(token, FALSE, &privileges, 0, NULL, NULL)); SHOW(GetLastError());
    LookupPrivilegeValueA(NULL, "SeTcbPrivilege", &privileges.Privileges[0].Luid);
    SHOW(AdjustTokenPrivileges(token, FALSE, &privileges, 0, NULL, NULL)); SHOW(GetLastError());
    TRY(DuplicateTokenEx(token, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation, TokenImpersonation, &copy));
    BOOL member;
    SID_IDENTIFIER_AUTHORITY world = SECURITY_WORLD_SID_AUTHORITY, nt = SECURITY_NT_AUTHORITY;
    PSID everyone, admins;
    TRY(AllocateAndInitializeSid(&world, 1, 0, 0, 0, 0, 0, 0, 0, 0, &everyone));
    TRY(AllocateAndInitializeSid(&nt, 2, 32, 544, 0, 0, 0, 0, 0, 0, &admins));
    TRY(CheckTokenMembership(NULL, everyone, &member)); SHOW(member);
    TRY(ConvertSidToStringSidA(admins, &text)); puts(text); LocalFree(text);
    TRY(ConvertSidToStringSidA(NULL, &text));
    PSID parsed;
    TRY(ConvertStringSidToSidA("S-1-5-32-544", &parsed)); SHOW(EqualSid(parsed, admins)); LocalFree(parsed);
    TRY(ConvertStringSidToSidA("BA", &parsed)); SHOW(EqualSid(parsed, admins)); LocalFree(parsed);
    TRY(ConvertStringSidToSidA("junk", &parsed));
    name_size = sizeof name; domain_size = sizeof domain;
    TRY(LookupAccountSidA(NULL, admins, name, &name_size, domain, &domain_size, &use));
    printf("%s\\%s %d\n", domain, name, use);
    size = sizeof buffer;
    TRY(CreateWellKnownSid(WinLocalSystemSid, NULL, buffer, &size)); SHOW(size); hex(buffer, size);
    SHOW(IsWellKnownSid(buffer, WinLocalSystemSid)); SHOW(IsWellKnownSid(buffer, WinWorldSid));

    BYTE list[256]; ACL *acl = (ACL *)list; ACL_SIZE_INFORMATION info; void *ace;
    TRY(InitializeAcl(acl, sizeof list, ACL_REVISION));
    TRY(AddAccessAllowedAce(acl, ACL_REVISION, GENERIC_READ, everyone));
    TRY(AddAccessDeniedAceEx(acl, ACL_REVISION, OBJECT_INHERIT_ACE, DELETE, admins));
    TRY(GetAclInformation(acl, &info, sizeof info, AclSizeInformation));
    SHOW(info.AceCount); SHOW(info.AclBytesInUse); SHOW(info.AclBytesFree);
    TRY(GetAce(acl, 1, &ace)); hex(ace, ((ACE_HEADER *)ace)->AceSize);
    TRY(GetAce(acl, 2, &ace));
    SECURITY_DESCRIPTOR descriptor;
    TRY(InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION));
    TRY(SetSecurityDescriptorDacl(&descriptor, TRUE, acl, FALSE));
    TRY(SetSecurityDescriptorOwner(&descriptor, admins, FALSE));
    SHOW(GetSecurityDescriptorLength(&descriptor)); SHOW(IsValidSecurityDescriptor(&descriptor));
    size = 4;
    TRY(MakeSelfRelativeSD(&descriptor, buffer, &size)); SHOW(size);
    TRY(MakeSelfRelativeSD(&descriptor, buffer, &size));
    TRY(ConvertSecurityDescriptorToStringSecurityDescriptorA(&descriptor, 1, 7, &text, NULL)); puts(text); LocalFree(text);
    PSECURITY_DESCRIPTOR read;
    TRY(ConvertStringSecurityDescriptorToSecurityDescriptorA("O:BAD:(A;;GA;;;WD)", 1, &read, &size)); SHOW(size);
    LocalFree(read);
    EXPLICIT_ACCESS_A access = {GENERIC_ALL, SET_ACCESS, NO_INHERITANCE, {NULL, 0, TRUSTEE_IS_SID, 0, (char *)admins}};
    ACL *made;
    SHOW(SetEntriesInAclA(1, &access, NULL, &made)); SHOW(made->AceCount); SHOW(made->AclSize);
    FreeSid(everyone);

    HCRYPTPROV provider; HCRYPTHASH hash;
    TRY(CryptAcquireContextA(&provider, NULL, NULL, PROV_RSA_AES, CRYPT_VERIFYCONTEXT));
    TRY(CryptGenRandom(provider, 16, buffer));
    TRY(CryptCreateHash(provider, CALG_SHA_256, 0, 0, &hash));
    TRY(CryptHashData(hash, (BYTE *)"abc", 3, 0));
    size = 32;
    TRY(CryptGetHashParam(hash, HP_HASHVAL, buffer, &size, 0)); hex(buffer, size);
    TRY(CryptDestroyHash(hash)); TRY(CryptReleaseContext(provider, 0));
    BCRYPT_ALG_HANDLE algorithm; BCRYPT_HASH_HANDLE digest; DWORD length;
    SHOW(BCryptOpenAlgorithmProvider(&algorithm, L"SHA1", NULL, 0));
    SHOW(BCryptGetProperty(algorithm, L"HashDigestLength", (BYTE *)&length, 4, &size, 0)); SHOW(length);
    SHOW(BCryptCreateHash(algorithm, &digest, NULL, 0, NULL, 0, 0));
    SHOW(BCryptHashData(digest, (BYTE *)"abc", 3, 0)); SHOW(BCryptFinishHash(digest, buffer, 20, 0)); hex(buffer, 20);
    SHOW(BCryptDestroyHash(digest)); SHOW(BCryptCloseAlgorithmProvider(algorithm, 0));
    SHOW(BCryptGenRandom(NULL, buffer, 16, BCRYPT_USE_SYSTEM_PREFERRED_RNG));
    SHOW(BCryptGenRandom(NULL, buffer, 16, 0));
    WCHAR profile[MAX_PATH]; size = MAX_PATH;
    TRY(GetUserProfileDirectoryW(token, profile, &size)); SHOW(size == wcslen(profile) + 1);
    size = 2;
    TRY(GetUserProfileDirectoryW(token, profile, &size));
    void *block;
    TRY(CreateEnvironmentBlock(&block, token, FALSE)); TRY(DestroyEnvironmentBlock(block));
    return 0;
}
