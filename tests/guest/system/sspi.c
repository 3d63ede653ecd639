/* Security support providers: a machine that has none. */
#define SECURITY_WIN32
#include <windows.h>
#include <sspi.h>
#include <stdio.h>

#define SHOW(expression) printf("%s: %lx\n", #expression, (unsigned long)(expression))

int main(void)
{
    SecurityFunctionTableW *table = InitSecurityInterfaceW();
    CredHandle credentials;
    TimeStamp expiry;
    ULONG count = 9;
    SecPkgInfoW *packages = (void *)1, *package;
    SHOW(table == InitSecurityInterfaceW());
    SHOW(table->dwVersion >= 1);
    SHOW(table->AcquireCredentialsHandleW == AcquireCredentialsHandleW);
    SHOW(table->EnumerateSecurityPackagesW(&count, &packages)); SHOW(count); SHOW(packages == NULL);
    SHOW(table->QuerySecurityPackageInfoW(L"Schannel", &package));
    SHOW(table->AcquireCredentialsHandleW(NULL, L"NTLM", SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL, &credentials, &expiry));
    SHOW(table->FreeCredentialsHandle(&credentials));
    return 0;
}
