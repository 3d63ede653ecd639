/* The loopback interface, the same to every function that speaks of interfaces, addresses and routes. */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <ws2ipdef.h>
#include <windows.h>
#include <iphlpapi.h>
#include <netioapi.h>
#include <stdio.h>
#include <string.h>

static char buffer[65536];

static const char *text(const SOCKADDR *address)
{
    static char out[2][64];
    static int turn;
    char *result = out[turn ^= 1];
    if (address->sa_family == AF_INET) inet_ntop(AF_INET, &((SOCKADDR_IN *)address)->sin_addr, result, 64);
    else if (address->sa_family == AF_INET6) inet_ntop(AF_INET6, &((SOCKADDR_IN6 *)address)->sin6_addr, result, 64);
    else sprintf(result, "family %d", address->sa_family);
    return result;
}

static void adapters(void)
{
    ULONG size = 0, result = GetAdaptersAddresses(AF_UNSPEC, GAA_FLAG_INCLUDE_PREFIX, NULL, NULL, &size);
    IP_ADAPTER_ADDRESSES *adapter = (IP_ADAPTER_ADDRESSES *)buffer;
    GUID guid;
    char name[64];
    NET_LUID luid;
    printf("size: %lu %d\n", result, size > sizeof *adapter);
    result = GetAdaptersAddresses(AF_UNSPEC, GAA_FLAG_INCLUDE_PREFIX, NULL, adapter, &size);
    printf("adapters: %lu\n", result);
    for (; adapter; adapter = adapter->Next) {
        printf("%ls (%ls) index %lu, IPv6 %lu, type %lu, mtu %lx, up %d, luid %llx, physical %lu, metric %lu %lu\n",
               adapter->FriendlyName, adapter->Description, adapter->IfIndex, adapter->Ipv6IfIndex, adapter->IfType,
               adapter->Mtu, adapter->OperStatus == IfOperStatusUp, adapter->Luid.Value, adapter->PhysicalAddressLength,
               adapter->Ipv4Metric, adapter->Ipv6Metric);
        for (IP_ADAPTER_UNICAST_ADDRESS *at = adapter->FirstUnicastAddress; at; at = at->Next)
            printf("  %s/%d, %d bytes, preferred %d\n", text(at->Address.lpSockaddr), at->OnLinkPrefixLength,
                   at->Address.iSockaddrLength, at->DadState == IpDadStatePreferred);
        for (IP_ADAPTER_PREFIX *at = adapter->FirstPrefix; at; at = at->Next)
            printf("  prefix %s/%lu\n", text(at->Address.lpSockaddr), at->PrefixLength);
        ConvertInterfaceLuidToGuid(&adapter->Luid, &guid);
        sprintf(name, "{%08lX-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}", guid.Data1, guid.Data2, guid.Data3,
                guid.Data4[0], guid.Data4[1], guid.Data4[2], guid.Data4[3], guid.Data4[4], guid.Data4[5], guid.Data4[6],
                guid.Data4[7]);
        printf("  named by its GUID: %d\n", !strcmp(name, adapter->AdapterName));
        printf("  found by it: %d\n", !ConvertInterfaceGuidToLuid(&guid, &luid) && luid.Value == adapter->Luid.Value);
    }
    size = sizeof buffer;
    adapter = (IP_ADAPTER_ADDRESSES *)buffer;
    result = GetAdaptersAddresses(AF_INET, GAA_FLAG_SKIP_FRIENDLY_NAME, NULL, adapter, &size);
    printf("IPv4 only: %lu %s %d\n", result, text(adapter->FirstUnicastAddress->Address.lpSockaddr),
           adapter->FirstUnicastAddress->Next != NULL);
    printf("family 7: %lu\n", GetAdaptersAddresses(7, 0, NULL, adapter, &size));
    printf("adapters info: %lu\n", GetAdaptersInfo((IP_ADAPTER_INFO *)buffer, &size));
}

static void names(void)
{
    char name[IF_NAMESIZE] = "";
    WCHAR wide[NDIS_IF_MAX_STRING_SIZE + 1];
    NET_LUID luid, other = {0};
    NET_IFINDEX index;
    printf("index: %u %u\n", if_nametoindex("loopback_0"), if_nametoindex("ethernet_0"));
    printf("name: %s %d\n", if_indextoname(1, name), if_indextoname(77, name) != NULL);
    printf("luid: %lu %lu\n", ConvertInterfaceIndexToLuid(1, &luid), ConvertInterfaceIndexToLuid(77, &other));
    printf("short: %lu\n", ConvertInterfaceLuidToNameW(&luid, wide, 10));
    printf("name: %lu %ls\n", ConvertInterfaceLuidToNameW(&luid, wide, 11), wide);
    printf("alias: %lu %ls\n", ConvertInterfaceLuidToAlias(&luid, wide, 257), wide);
    printf("back: %lu %d\n", ConvertInterfaceAliasToLuid(wide, &other), other.Value == luid.Value);
    printf("index: %lu %lu\n", ConvertInterfaceLuidToIndex(&luid, &index), index);
}

static void tables(void)
{
    ULONG size = sizeof buffer, count;
    MIB_IFTABLE *old = (MIB_IFTABLE *)buffer;
    MIB_IPADDRTABLE *addresses = (MIB_IPADDRTABLE *)buffer;
    MIB_IF_TABLE2 *table;
    MIB_UNICASTIPADDRESS_TABLE *unicast;
    MIB_IPINTERFACE_TABLE *interfaces;
    MIB_IF_ROW2 row = {0};
    MIB_IFROW entry = {0};
    printf("interfaces: %lu %lu\n", GetNumberOfInterfaces(&count), count);
    printf("GetIfTable: %lu %lu\n", GetIfTable(old, &size, FALSE), old->dwNumEntries);
    printf("  %lu %lu %lu %lu %s\n", old->table[0].dwIndex, old->table[0].dwType, old->table[0].dwAdminStatus,
           old->table[0].dwOperStatus, old->table[0].bDescr);
    entry.dwIndex = 1;
    printf("GetIfEntry: %lu %d\n", GetIfEntry(&entry), !wcscmp(entry.wszName, old->table[0].wszName));
    entry.dwIndex = 77;
    printf("of none: %lu\n", GetIfEntry(&entry));
    printf("GetIfTable2: %lu %lu\n", GetIfTable2(&table), table->NumEntries);
    printf("  %lu %llx %ls %ls, up %d\n", table->Table[0].InterfaceIndex, table->Table[0].InterfaceLuid.Value,
           table->Table[0].Alias, table->Table[0].Description, table->Table[0].OperStatus == IfOperStatusUp);
    FreeMibTable(table);
    row.InterfaceIndex = 1;
    printf("GetIfEntry2: %lu %ls\n", GetIfEntry2(&row), row.Alias);
    row.InterfaceLuid.Value = 5;
    printf("of none: %lu\n", GetIfEntry2(&row));
    size = sizeof buffer;
    printf("GetIpAddrTable: %lu %lu %lx %lu %lx\n", GetIpAddrTable(addresses, &size, FALSE), addresses->dwNumEntries,
           addresses->table[0].dwAddr, addresses->table[0].dwIndex, addresses->table[0].dwMask);
    MIB_ANYCASTIPADDRESS_TABLE *anycast = NULL;
    ULONG result = GetAnycastIpAddressTable(AF_UNSPEC, &anycast);
    printf("anycast: %lu %lu\n", result, anycast->NumEntries);
    FreeMibTable(anycast);
    for (ULONG length = 0; length <= 33; length += 11) {
        ULONG mask = 0;
        UINT8 back = 99;
        result = ConvertLengthToIpv4Mask(length, &mask);
        printf("mask of %lu: %lu %lx, back %lu %d\n", length, result, ntohl(mask), ConvertIpv4MaskToLength(mask, &back), back);
    }
    UINT8 holes = 99;
    printf("mask with a hole: %lu\n", ConvertIpv4MaskToLength(htonl(0xff00ff00), &holes));
    printf("unicast: %lu %lu\n", GetUnicastIpAddressTable(AF_UNSPEC, &unicast), unicast->NumEntries);
    for (count = 0; count < unicast->NumEntries; count++)
        printf("  %s/%d on %lu\n", text((SOCKADDR *)&unicast->Table[count].Address),
               unicast->Table[count].OnLinkPrefixLength, unicast->Table[count].InterfaceIndex);
    FreeMibTable(unicast);
    printf("IP interfaces: %lu %lu\n", GetIpInterfaceTable(AF_INET6, &interfaces), interfaces->NumEntries);
    printf("  family %d, connected %d\n", interfaces->Table[0].Family, interfaces->Table[0].Connected);
    FreeMibTable(interfaces);
}

static void routes(void)
{
    DWORD index = 0, result;
    MIB_IPFORWARDROW row;
    MIB_IPFORWARD_ROW2 row2;
    SOCKADDR_INET target = {0}, source = {0};
    printf("best interface: %lu %lu\n", GetBestInterface(htonl(0x7F000005), &index), index);
    printf("to the world: %lu\n", GetBestInterface(htonl(0x08080808), &index));
    result = GetBestRoute(htonl(0x7F000005), 0, &row);
    printf("best route: %lu %lx %lx %lu\n", result, ntohl(row.dwForwardDest), ntohl(row.dwForwardMask), row.dwForwardIfIndex);
    target.Ipv6.sin6_family = AF_INET6;
    target.Ipv6.sin6_addr.s6_addr[15] = 1;
    printf("to ::1: %lu %lu\n", GetBestInterfaceEx((SOCKADDR *)&target, &index), index);
    result = GetBestRoute2(NULL, 0, NULL, &target, 0, &row2, &source);
    printf("best route: %lu /%d from %s on %lu\n", result, row2.DestinationPrefix.PrefixLength, text((SOCKADDR *)&source),
           row2.InterfaceIndex);
    target.Ipv6.sin6_addr.s6_addr[0] = 0x20;
    printf("to the world: %lu\n", GetBestRoute2(NULL, 0, NULL, &target, 0, &row2, &source));
}

static void sockets(void)
{
    WSADATA data;
    INTERFACE_INFO list[4];
    DWORD size = 0;
    SOCKADDR_IN address = {AF_INET};
    int length = sizeof address;
    MIB_TCPTABLE *table = (MIB_TCPTABLE *)buffer;
    ULONG room = sizeof buffer, listening = 0;
    SOCKET socket_handle;
    WSAStartup(0x202, &data);
    socket_handle = socket(AF_INET, SOCK_STREAM, 0);
    printf("interface list: %d %lu\n", WSAIoctl(socket_handle, SIO_GET_INTERFACE_LIST, NULL, 0, list, sizeof list, &size, NULL, NULL), size);
    printf("  flags %lx %s\n", list[0].iiFlags, text(&list[0].iiAddress.Address));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    printf("bind: %d\n", bind(socket_handle, (SOCKADDR *)&address, sizeof address));
    listen(socket_handle, 1);
    getsockname(socket_handle, (SOCKADDR *)&address, &length);
    printf("GetTcpTable: %lu\n", GetTcpTable(table, &room, TRUE));
    for (DWORD at = 0; at < table->dwNumEntries; at++)
        listening += table->table[at].dwState == MIB_TCP_STATE_LISTEN && (USHORT)table->table[at].dwLocalPort == address.sin_port;
    printf("listens: %lu\n", listening);
}

int main(void)
{
    adapters();
    names();
    tables();
    routes();
    sockets();
    return 0;
}
