"""Texts of Win32 errors, as FormatMessage gives them for en-US (learn.microsoft.com, "System Error Codes").

An error without a text here has none for FormatMessage either: it fails with ERROR_MR_MID_NOT_FOUND.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from runtime.nt.hresult_messages import hresult_texts

_TEXTS: Final = """\
0 The operation completed successfully.
1 Incorrect function.
2 The system cannot find the file specified.
3 The system cannot find the path specified.
4 The system cannot open the file.
5 Access is denied.
6 The handle is invalid.
7 The storage control blocks were destroyed.
8 Not enough memory resources are available to process this command.
9 The storage control block address is invalid.
10 The environment is incorrect.
11 An attempt was made to load a program with an incorrect format.
12 The access code is invalid.
13 The data is invalid.
14 Not enough memory resources are available to complete this operation.
15 The system cannot find the drive specified.
16 The directory cannot be removed.
17 The system cannot move the file to a different disk drive.
18 There are no more files.
19 The media is write protected.
20 The system cannot find the device specified.
21 The device is not ready.
22 The device does not recognize the command.
23 Data error (cyclic redundancy check).
24 The program issued a command but the command length is incorrect.
25 The drive cannot locate a specific area or track on the disk.
26 The specified disk or diskette cannot be accessed.
27 The drive cannot find the sector requested.
28 The printer is out of paper.
29 The system cannot write to the specified device.
30 The system cannot read from the specified device.
31 A device attached to the system is not functioning.
32 The process cannot access the file because it is being used by another process.
33 The process cannot access the file because another process has locked a portion of the file.
36 Too many files opened for sharing.
38 Reached the end of the file.
39 The disk is full.
50 The request is not supported.
51 Windows cannot find the network path. Verify that the network path is correct and the destination computer is not busy or turned off. If Windows still cannot find the network path, contact your network administrator.
52 You were not connected because a duplicate name exists on the network. If joining a domain, go to System in Control Panel to change the computer name and try again. If joining a workgroup, choose another workgroup name.
53 The network path was not found.
54 The network is busy.
55 The specified network resource or device is no longer available.
58 The specified server cannot perform the requested operation.
59 An unexpected network error occurred.
64 The specified network name is no longer available.
65 Network access is denied.
67 The network name cannot be found.
80 The file exists.
82 The directory or file cannot be created.
83 Fail on INT 24.
84 Storage to process this request is not available.
85 The local device name is already in use.
86 The specified network password is not correct.
87 The parameter is incorrect.
88 A write fault occurred on the network.
89 The system cannot start another process at this time.
100 Cannot create another system semaphore.
105 The previous ownership of this semaphore has ended.
108 The disk is in use or locked by another process.
109 The pipe has been ended.
110 The system cannot open the device or file specified.
111 The file name is too long.
112 There is not enough space on the disk.
113 No more internal file identifiers available.
114 The target internal file identifier is incorrect.
117 The IOCTL call made by the application program is not correct.
118 The verify-on-write switch parameter value is not correct.
119 The system does not support the command requested.
120 This function is not supported on this system.
121 The semaphore timeout period has expired.
122 The data area passed to a system call is too small.
123 The filename, directory name, or volume label syntax is incorrect.
124 The system call level is not correct.
125 The disk has no volume label.
126 The specified module could not be found.
127 The specified procedure could not be found.
128 There are no child processes to wait for.
129 The %1 application cannot be run in Win32 mode.
130 Attempt to use a file handle to an open disk partition for an operation other than raw disk I/O.
131 An attempt was made to move the file pointer before the beginning of the file.
132 The file pointer cannot be set on the specified device or file.
145 The directory is not empty.
154 The volume label you entered exceeds the label character limit of the target file system.
155 Cannot create another thread.
158 The segment is already unlocked.
160 One or more arguments are not correct.
161 The specified path is invalid.
162 A signal is already pending.
164 No more threads can be created in the system.
167 Unable to lock a region of a file.
170 The requested resource is in use.
173 A lock request was not outstanding for the supplied cancel region.
182 The operating system cannot run %1.
183 Cannot create a file when that file already exists.
186 The flag passed is not correct.
187 The specified system semaphore name was not found.
190 The operating system cannot run %1.
191 Cannot run %1 in Win32 mode.
192 The operating system cannot run %1.
193 %1 is not a valid Win32 application.
203 The system could not find the environment option that was entered.
206 The filename or extension is too long.
212 The segment is locked and cannot be reallocated.
216 This version of %1 is not compatible with the version of Windows you're running. Check your computer's system information and then contact the software publisher.
230 The pipe state is invalid.
231 All pipe instances are busy.
232 The pipe is being closed.
233 No process is on the other end of the pipe.
234 More data is available.
254 The specified extended attribute name was invalid.
255 The extended attributes are inconsistent.
258 The wait operation timed out.
259 No more data is available.
266 The copy functions cannot be used.
267 The directory name is invalid.
275 The extended attributes did not fit in the buffer.
288 Attempt to release mutex not owned by caller.
298 Too many posts were made to a semaphore.
299 Only part of a ReadProcessMemory or WriteProcessMemory request was completed.
300 The oplock request is denied.
303 The file cannot be opened because it is in the process of being deleted.
317 The system cannot find message text for message number 0x%1 in the message file for %2.
318 The scope specified was not found.
487 Attempt to access invalid address.
500 User profile cannot be loaded.
534 Arithmetic result exceeded 32 bits.
535 There is a process on other end of the pipe.
536 Waiting for a process to open the other end of the pipe.
575 {Application Error}  The application was unable to start correctly (0x%lx). Click OK to close the application.
577 Windows cannot verify the digital signature for this file. A recent hardware or software change might have installed a file that is signed incorrectly or damaged, or that might be malicious software from an unknown source.
593 A wait operation was abandoned.
595 The parameter is incorrect.
617 You have attempted to change your password to one that you have used in the past. The policy of your user account does not allow this. Please select a password that you have not previously used.
735 The file cannot be accessed by the system.
740 The requested operation requires elevation.
741 A reparse should be performed by the Object Manager since the name of the file resulted in a symbolic link.
994 Access to the extended attribute was denied.
995 The I/O operation has been aborted because of either a thread exit or an application request.
996 Overlapped I/O event is not in a signaled state.
997 Overlapped I/O operation is in progress.
998 Invalid access to memory location.
999 Error performing inpage operation.
1001 Recursion too deep; the stack overflowed.
1002 The window cannot act on the sent message.
1003 Cannot complete this function.
1004 Invalid flags.
1005 The volume does not contain a recognized file system. Please make sure that all required file system drivers are loaded and that the volume is not corrupted.
1006 The volume for a file has been externally altered so that the opened file is no longer valid.
1008 An attempt was made to reference a token that does not exist.
1009 The configuration registry database is corrupt.
1010 The configuration registry key is invalid.
1011 The configuration registry key could not be opened.
1012 The configuration registry key could not be read.
1013 The configuration registry key could not be written.
1016 An I/O operation initiated by the registry failed unrecoverably. The registry could not read in, or write out, or flush, one of the files that contain the system's image of the registry.
1018 Illegal operation attempted on a registry key that has been marked for deletion.
1020 Cannot create a symbolic link in a registry key that already has subkeys or values.
1021 Cannot create a stable subkey under a volatile parent key.
1053 The service did not respond to the start or control request in a timely fashion.
1055 The service database is locked.
1056 An instance of the service is already running.
1058 The service cannot be started, either because it is disabled or because it has no enabled devices associated with it.
1060 The specified service does not exist as an installed service.
1061 The service cannot accept control messages at this time.
1062 The service has not been started.
1063 The service process could not connect to the service controller.
1114 A dynamic link library (DLL) initialization routine failed.
1115 A system shutdown is in progress.
1117 The request could not be performed because of an I/O device error.
1142 An attempt was made to create more links on a file than the file system supports.
1150 The specified program requires a newer version of Windows.
1154 One of the library files needed to run this application is damaged.
1155 No application is associated with the specified file for this operation.
1157 One of the library files needed to run this application cannot be found.
1158 The current process has used all of its system allowance of handles for Window Manager objects.
1167 The device is not connected.
1168 Element not found.
1200 The specified device name is invalid.
1203 The network path was either typed incorrectly, does not exist, or the network provider is not currently available. Please try retyping the path or contact your network administrator.
1206 The network connection profile is corrupted.
1219 Multiple connections to a server or shared resource by the same user, using more than one user name, are not allowed. Disconnect all previous connections to the server or shared resource and try again.
1223 The operation was canceled by the user.
1225 The remote computer refused the network connection.
1231 The network location cannot be reached. For information about network troubleshooting, see Windows Help.
1232 The network location cannot be reached. For information about network troubleshooting, see Windows Help.
1236 The network connection was aborted by the local system.
1237 The operation could not be completed. A retry should be performed.
1300 Not all privileges or groups referenced are assigned to the caller.
1305 The revision level is unknown.
1307 This security ID may not be assigned as the owner of this object.
1308 This security ID may not be assigned as the primary group of an object.
1314 A required privilege is not held by the client.
1317 The specified account does not exist.
1326 The user name or password is incorrect.
1332 No mapping between account names and security IDs was done.
1336 The access control list (ACL) structure is invalid.
1337 The security ID structure is invalid.
1338 The security descriptor structure is invalid.
1346 Either a required impersonation level was not provided, or the provided impersonation level is invalid.
1359 An internal error occurred.
1392 The file or directory is corrupted and unreadable.
1400 Invalid window handle.
1401 Invalid menu handle.
1402 Invalid cursor handle.
1406 Cannot create a top-level child window.
1407 Cannot find window class.
1410 Class already exists.
1411 Class does not exist.
1413 Invalid index.
1421 Control ID not found.
1450 Insufficient system resources exist to complete the requested service.
1451 Insufficient system resources exist to complete the requested service.
1453 Insufficient quota to complete the requested service.
1455 The paging file is too small for this operation to complete.
1460 This operation returned because the timeout period expired.
1463 Symbolic Link evaluation is disabled.
1500 The event log file is corrupted.
1618 Another installation is already in progress. Complete that installation before proceeding with this install.
1627 Function failed during execution.
1700 The string binding is invalid.
1722 The RPC server is unavailable.
1726 The remote procedure call failed.
1747 The authentication service is unknown.
1780 A null reference pointer was passed to the stub.
1784 The supplied user buffer is not valid for the requested operation.
1812 The specified image file did not contain a resource section.
1813 The specified resource type cannot be found in the image file.
1814 The specified resource name cannot be found in the image file.
1815 The specified resource language ID cannot be found in the image file.
1816 Not enough quota is available to process this command.
1920 The file cannot be accessed by the system.
1921 The name of the file cannot be resolved by the system.
4390 The file or directory is not a reparse point.
4391 The reparse point attribute cannot be set because it conflicts with an existing attribute.
4392 The data present in the reparse point buffer is invalid.
4393 The tag present in the reparse point buffer is invalid.
6000 The specified file could not be encrypted.
10004 A blocking operation was interrupted by a call to WSACancelBlockingCall.
10009 The file handle supplied is not valid.
10013 An attempt was made to access a socket in a way forbidden by its access permissions.
10014 The system detected an invalid pointer address in attempting to use a pointer argument in a call.
10022 An invalid argument was supplied.
10024 Too many open sockets.
10035 A non-blocking socket operation could not be completed immediately.
10036 A blocking operation is currently executing.
10037 An operation was attempted on a non-blocking socket that already had an operation in progress.
10038 An operation was attempted on something that is not a socket.
10039 A required address was omitted from an operation on a socket.
10040 A message sent on a datagram socket was larger than the internal message buffer or some other network limit, or the buffer used to receive a datagram into was smaller than the datagram itself.
10041 A protocol was specified in the socket function call that does not support the semantics of the socket type requested.
10042 An unknown, invalid, or unsupported option or level was specified in a getsockopt or setsockopt call.
10043 The requested protocol has not been configured into the system, or no implementation for it exists.
10044 The support for the specified socket type does not exist in this address family.
10045 The attempted operation is not supported for the type of object referenced.
10047 An address incompatible with the requested protocol was used.
10048 Only one usage of each socket address (protocol/network address/port) is normally permitted.
10049 The requested address is not valid in its context.
10050 A socket operation encountered a dead network.
10051 A socket operation was attempted to an unreachable network.
10052 The connection has been broken due to keep-alive activity detecting a failure while the operation was in progress.
10053 An established connection was aborted by the software in your host machine.
10054 An existing connection was forcibly closed by the remote host.
10055 An operation on a socket could not be performed because the system lacked sufficient buffer space or because a queue was full.
10056 A connect request was made on an already connected socket.
10057 A request to send or receive data was disallowed because the socket is not connected and (when sending on a datagram socket using a sendto call) no address was supplied.
10060 A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond.
10061 No connection could be made because the target machine actively refused it.
10064 A socket operation failed because the destination host was down.
10065 A socket operation was attempted to an unreachable host.
10091 WSAStartup cannot function at this time because the underlying system it uses to provide network services is currently unavailable.
10092 The Windows Sockets version requested is not supported.
10093 Either the application has not called WSAStartup, or WSAStartup failed.
11001 No such host is known.
11002 This is usually a temporary error during hostname resolution and means that the local server did not receive a response from an authoritative server.
11003 A non-recoverable error occurred during a database lookup.
11004 The requested name is valid, but no data of the requested type was found.
"""  # noqa: E501


@cache
def _table() -> dict[int, str]:
    lines = (line.partition(" ") for line in _TEXTS.splitlines())
    return {int(number): text for number, _, text in lines}


def message(error: int) -> str | None:
    """Return the text of a Win32 error or of an HRESULT, without a line end; None when unknown."""
    if error & 0xFFFF0000 == 0x80070000:
        error &= 0xFFFF
    return _table().get(error) or hresult_texts().get(error)
