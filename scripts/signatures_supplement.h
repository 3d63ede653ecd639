/* Prototypes that Microsoft's metadata and the compiler's headers leave out, and what parameters mean there.
 *
 * Read by signatures.py, never compiled. Besides prototypes (plain or with _In_, _Out_, _Inout_ in front of parameters):
 *   #dll NAME                       the following prototypes are exports of that DLL
 *   #enum NAME = A=1, B=2           an enumeration; `+` joins member lists and names of known enumerations
 *   #flags NAME = ...               the same, a set of flags
 *   #flags NAME... / #enum NAME...  say what known types are, where the guess is wrong
 *   #struct NAME FIELD:TYPE...      a structure, in the types of signatures.txt
 *   #in FUNCTION.PARAMETER          the function only reads what the parameter points at, const or not
 *   #type FUNCTION.PARAMETER TYPE   the type of a parameter (or of `return`); FUNCTION may hold * and ?
 */

#flags MESSAGEBOX_STYLE WINDOW_STYLE WINDOW_EX_STYLE PAGE_PROTECTION_FLAGS VIRTUAL_ALLOCATION_TYPE VIRTUAL_FREE_TYPE
#flags REG_OPEN_CREATE_OPTIONS PROCESS_CREATION_FLAGS THREAD_CREATION_FLAGS MOVE_FILE_FLAGS LOAD_LIBRARY_FLAGS HEAP_FLAGS
#flags CONSOLE_MODE HANDLE_FLAGS DUPLICATE_HANDLE_OPTIONS WORKER_THREAD_FLAGS GLOBAL_ALLOC_FLAGS LOCAL_ALLOC_FLAGS
#flags FORMAT_MESSAGE_OPTIONS FILE_NOTIFY_CHANGE REG_NOTIFY_FILTER NAMED_PIPE_MODE SYNCHRONIZATION_ACCESS_RIGHTS
#flags CREATE_TOOLHELP_SNAPSHOT_FLAGS TOKEN_ACCESS_MASK PROCESS_ACCESS_RIGHTS THREAD_ACCESS_RIGHTS FILE_MAP

#flags FILE_ACCESS = GENERIC_READ=0x80000000, GENERIC_WRITE=0x40000000, GENERIC_EXECUTE=0x20000000, GENERIC_ALL=0x10000000, MAXIMUM_ALLOWED=0x02000000, ACCESS_SYSTEM_SECURITY=0x01000000, FILE_ALL_ACCESS=0x1f01ff, FILE_GENERIC_READ=0x120089, FILE_GENERIC_WRITE=0x120116, FILE_GENERIC_EXECUTE=0x1200a0, SYNCHRONIZE=0x100000, WRITE_OWNER=0x80000, WRITE_DAC=0x40000, READ_CONTROL=0x20000, DELETE=0x10000, FILE_WRITE_ATTRIBUTES=0x100, FILE_READ_ATTRIBUTES=0x80, FILE_DELETE_CHILD=0x40, FILE_EXECUTE=0x20, FILE_WRITE_EA=0x10, FILE_READ_EA=8, FILE_APPEND_DATA=4, FILE_WRITE_DATA=2, FILE_READ_DATA=1
#flags STANDARD_ACCESS = GENERIC_READ=0x80000000, GENERIC_WRITE=0x40000000, GENERIC_EXECUTE=0x20000000, GENERIC_ALL=0x10000000, MAXIMUM_ALLOWED=0x02000000, ACCESS_SYSTEM_SECURITY=0x01000000, STANDARD_RIGHTS_REQUIRED=0xf0000, SYNCHRONIZE=0x100000, WRITE_OWNER=0x80000, WRITE_DAC=0x40000, READ_CONTROL=0x20000, DELETE=0x10000
#flags KEY_ACCESS = KEY_ALL_ACCESS=0xf003f, KEY_READ=0x20019, KEY_WRITE=0x20006, GENERIC_READ=0x80000000, GENERIC_WRITE=0x40000000, GENERIC_EXECUTE=0x20000000, GENERIC_ALL=0x10000000, MAXIMUM_ALLOWED=0x02000000, WRITE_OWNER=0x80000, WRITE_DAC=0x40000, READ_CONTROL=0x20000, DELETE=0x10000, KEY_WOW64_32KEY=0x200, KEY_WOW64_64KEY=0x100, KEY_CREATE_LINK=0x20, KEY_NOTIFY=0x10, KEY_ENUMERATE_SUB_KEYS=8, KEY_CREATE_SUB_KEY=4, KEY_SET_VALUE=2, KEY_QUERY_VALUE=1
#flags SECTION_ACCESS = SECTION_ALL_ACCESS=0xf001f, SECTION_MAP_EXECUTE_EXPLICIT=0x20, SECTION_EXTEND_SIZE=0x10, SECTION_MAP_EXECUTE=8, SECTION_MAP_READ=4, SECTION_MAP_WRITE=2, SECTION_QUERY=1 + STANDARD_ACCESS
#flags EVENT_ACCESS = EVENT_ALL_ACCESS=0x1f0003, EVENT_MODIFY_STATE=2, EVENT_QUERY_STATE=1 + STANDARD_ACCESS
#flags MUTANT_ACCESS = MUTANT_ALL_ACCESS=0x1f0001, MUTANT_QUERY_STATE=1 + STANDARD_ACCESS
#flags SEMAPHORE_ACCESS = SEMAPHORE_ALL_ACCESS=0x1f0003, SEMAPHORE_MODIFY_STATE=2, SEMAPHORE_QUERY_STATE=1 + STANDARD_ACCESS
#flags TIMER_ACCESS = TIMER_ALL_ACCESS=0x1f0003, TIMER_MODIFY_STATE=2, TIMER_QUERY_STATE=1 + STANDARD_ACCESS
#flags DIRECTORY_ACCESS = DIRECTORY_ALL_ACCESS=0xf000f, DIRECTORY_CREATE_SUBDIRECTORY=8, DIRECTORY_CREATE_OBJECT=4, DIRECTORY_TRAVERSE=2, DIRECTORY_QUERY=1 + STANDARD_ACCESS
#flags NT_CREATE_OPTIONS = FILE_DIRECTORY_FILE=1, FILE_WRITE_THROUGH=2, FILE_SEQUENTIAL_ONLY=4, FILE_NO_INTERMEDIATE_BUFFERING=8, FILE_SYNCHRONOUS_IO_ALERT=0x10, FILE_SYNCHRONOUS_IO_NONALERT=0x20, FILE_NON_DIRECTORY_FILE=0x40, FILE_CREATE_TREE_CONNECTION=0x80, FILE_COMPLETE_IF_OPLOCKED=0x100, FILE_NO_EA_KNOWLEDGE=0x200, FILE_OPEN_REMOTE_INSTANCE=0x400, FILE_RANDOM_ACCESS=0x800, FILE_DELETE_ON_CLOSE=0x1000, FILE_OPEN_BY_FILE_ID=0x2000, FILE_OPEN_FOR_BACKUP_INTENT=0x4000, FILE_NO_COMPRESSION=0x8000, FILE_OPEN_REQUIRING_OPLOCK=0x10000, FILE_RESERVE_OPFILTER=0x100000, FILE_OPEN_REPARSE_POINT=0x200000, FILE_OPEN_NO_RECALL=0x400000
#enum NT_CREATE_DISPOSITION = FILE_SUPERSEDE=0, FILE_OPEN=1, FILE_CREATE=2, FILE_OPEN_IF=3, FILE_OVERWRITE=4, FILE_OVERWRITE_IF=5
#enum NT_EVENT_TYPE = NotificationEvent=0, SynchronizationEvent=1
#enum NT_TIMER_TYPE = NotificationTimer=0, SynchronizationTimer=1
#enum NT_WAIT_TYPE = WaitAll=0, WaitAny=1
#enum SECTION_INHERIT_NT = ViewShare=1, ViewUnmap=2
#flags SECTION_ATTRIBUTES = SEC_LARGE_PAGES=0x80000000, SEC_WRITECOMBINE=0x40000000, SEC_NOCACHE=0x10000000, SEC_COMMIT=0x8000000, SEC_RESERVE=0x4000000, SEC_PROTECTED_IMAGE=0x2000000, SEC_IMAGE=0x1000000, SEC_FILE=0x800000
#enum MEMORY_CLASS = MemoryBasicInformation=0, MemoryWorkingSetInformation=1, MemoryMappedFilenameInformation=2, MemoryRegionInformation=3, MemoryWorkingSetExInformation=4, MemorySharedCommitInformation=5, MemoryImageInformation=6, MemoryRegionInformationEx=7, MemoryPrivilegedBasicInformation=8
#flags HEAP_CALL_FLAGS = HEAP_NO_SERIALIZE=1, HEAP_GROWABLE=2, HEAP_GENERATE_EXCEPTIONS=4, HEAP_ZERO_MEMORY=8, HEAP_REALLOC_IN_PLACE_ONLY=0x10, HEAP_CREATE_ENABLE_EXECUTE=0x40000
#enum STD_HANDLE_NAME = STD_INPUT_HANDLE=0xfffffff6, STD_OUTPUT_HANDLE=0xfffffff5, STD_ERROR_HANDLE=0xfffffff4
#enum WAIT_RESULT = WAIT_OBJECT_0=0, WAIT_ABANDONED=0x80, WAIT_IO_COMPLETION=0xc0, WAIT_TIMEOUT=0x102, WAIT_FAILED=0xffffffff
#enum TIMEOUT = INFINITE=0xffffffff
#enum CODE_PAGE = CP_ACP=0, CP_OEMCP=1, CP_MACCP=2, CP_THREAD_ACP=3, CP_SYMBOL=42, CP_UTF7=65000, CP_UTF8=65001
#flags DLL_LOAD_FLAGS = DONT_RESOLVE_DLL_REFERENCES=1, LOAD_LIBRARY_AS_DATAFILE=2, LOAD_WITH_ALTERED_SEARCH_PATH=8, LOAD_IGNORE_CODE_AUTHZ_LEVEL=0x10, LOAD_LIBRARY_AS_IMAGE_RESOURCE=0x20, LOAD_LIBRARY_AS_DATAFILE_EXCLUSIVE=0x40, LOAD_LIBRARY_REQUIRE_SIGNED_TARGET=0x80, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR=0x100, LOAD_LIBRARY_SEARCH_APPLICATION_DIR=0x200, LOAD_LIBRARY_SEARCH_USER_DIRS=0x400, LOAD_LIBRARY_SEARCH_SYSTEM32=0x800, LOAD_LIBRARY_SEARCH_DEFAULT_DIRS=0x1000
#enum EXCEPTION_CODE = EXCEPTION_ACCESS_VIOLATION=0xc0000005, EXCEPTION_BREAKPOINT=0x80000003, EXCEPTION_SINGLE_STEP=0x80000004, EXCEPTION_GUARD_PAGE=0x80000001, EXCEPTION_DATATYPE_MISALIGNMENT=0x80000002, EXCEPTION_IN_PAGE_ERROR=0xc0000006, EXCEPTION_ILLEGAL_INSTRUCTION=0xc000001d, EXCEPTION_NONCONTINUABLE_EXCEPTION=0xc0000025, EXCEPTION_INVALID_DISPOSITION=0xc0000026, EXCEPTION_ARRAY_BOUNDS_EXCEEDED=0xc000008c, EXCEPTION_FLT_DENORMAL_OPERAND=0xc000008d, EXCEPTION_FLT_DIVIDE_BY_ZERO=0xc000008e, EXCEPTION_FLT_INEXACT_RESULT=0xc000008f, EXCEPTION_FLT_INVALID_OPERATION=0xc0000090, EXCEPTION_FLT_OVERFLOW=0xc0000091, EXCEPTION_FLT_STACK_CHECK=0xc0000092, EXCEPTION_FLT_UNDERFLOW=0xc0000093, EXCEPTION_INT_DIVIDE_BY_ZERO=0xc0000094, EXCEPTION_INT_OVERFLOW=0xc0000095, EXCEPTION_PRIV_INSTRUCTION=0xc0000096, EXCEPTION_STACK_OVERFLOW=0xc00000fd, DBG_CONTROL_C=0x40010005, MS_VC_THREAD_NAME=0x406d1388, CPP_EXCEPTION=0xe06d7363, CLR_EXCEPTION=0xe0434352

#struct OBJECT_ATTRIBUTES Length:u32 RootDirectory:HANDLE ObjectName:UNICODE_STRING* Attributes:u32 SecurityDescriptor:void* SecurityQualityOfService:void*
#struct CLIENT_ID UniqueProcess:HANDLE UniqueThread:HANDLE
#struct ANSI_STRING Length:u16 MaximumLength:u16 Buffer:PSTR
#struct TIME_FIELDS Year:i16 Month:i16 Day:i16 Hour:i16 Minute:i16 Second:i16 Milliseconds:i16 Weekday:i16

#type *CreateFile*.dwDesiredAccess FILE_ACCESS
#type CreateFile*.dwFlagsAndAttributes FILE_FLAGS_AND_ATTRIBUTES
#type ReOpenFile.dwDesiredAccess FILE_ACCESS
#type [NZ][tw]CreateFile.DesiredAccess FILE_ACCESS
#type [NZ][tw]OpenFile.DesiredAccess FILE_ACCESS
#type NtCreateNamedPipeFile.DesiredAccess FILE_ACCESS
#type [NZ][tw]CreateFile.FileAttributes FILE_FLAGS_AND_ATTRIBUTES
#type [NZ][tw]*File.ShareAccess FILE_SHARE_MODE
#type [NZ][tw]*File.CreateDisposition NT_CREATE_DISPOSITION
#type [NZ][tw]*File.CreateOptions NT_CREATE_OPTIONS
#type [NZ][tw]*File.OpenOptions NT_CREATE_OPTIONS
#type [NZ][tw]*Key*.DesiredAccess KEY_ACCESS
#type Reg*.samDesired KEY_ACCESS
#type [NZ][tw]*Section*.DesiredAccess SECTION_ACCESS
#type [NZ][tw]CreateSection*.SectionPageProtection PAGE_PROTECTION_FLAGS
#type [NZ][tw]CreateSection*.AllocationAttributes SECTION_ATTRIBUTES
#type [NZ][tw]MapViewOfSection*.InheritDisposition SECTION_INHERIT_NT
#type [NZ][tw]MapViewOfSection*.Win32Protect PAGE_PROTECTION_FLAGS
#type [NZ][tw]MapViewOfSection*.AllocationType VIRTUAL_ALLOCATION_TYPE
#type [NZ][tw]AllocateVirtualMemory*.AllocationType VIRTUAL_ALLOCATION_TYPE
#type [NZ][tw]AllocateVirtualMemory*.Protect PAGE_PROTECTION_FLAGS
#type [NZ][tw]FreeVirtualMemory.FreeType VIRTUAL_FREE_TYPE
#type [NZ][tw]ProtectVirtualMemory.NewProtect PAGE_PROTECTION_FLAGS
#type [NZ][tw]*Event*.DesiredAccess EVENT_ACCESS
#type [NZ][tw]*Mutant.DesiredAccess MUTANT_ACCESS
#type [NZ][tw]*Semaphore.DesiredAccess SEMAPHORE_ACCESS
#type [NZ][tw]*Timer*.DesiredAccess TIMER_ACCESS
#type [NZ][tw]*Directory*.DesiredAccess DIRECTORY_ACCESS
#type [NZ][tw]OpenProcess.DesiredAccess PROCESS_ACCESS_RIGHTS
#type [NZ][tw]OpenThread.DesiredAccess THREAD_ACCESS_RIGHTS
#type NtCreateThreadEx.DesiredAccess THREAD_ACCESS_RIGHTS
#type NtCreateUserProcess.ProcessDesiredAccess PROCESS_ACCESS_RIGHTS
#type NtCreateUserProcess.ThreadDesiredAccess THREAD_ACCESS_RIGHTS
#type [NZ][tw]Open*Token*.DesiredAccess TOKEN_ACCESS_MASK
#type [NZ][tw]CreateEvent.EventType NT_EVENT_TYPE
#type [NZ][tw]CreateTimer*.TimerType NT_TIMER_TYPE
#type [NZ][tw]WaitForMultipleObjects.WaitType NT_WAIT_TYPE
#type CreateEventEx*.dwDesiredAccess EVENT_ACCESS
#type OpenEvent*.dwDesiredAccess EVENT_ACCESS
#type CreateMutexEx*.dwDesiredAccess MUTANT_ACCESS
#type OpenMutex*.dwDesiredAccess MUTANT_ACCESS
#type CreateSemaphoreEx*.dwDesiredAccess SEMAPHORE_ACCESS
#type OpenSemaphore*.dwDesiredAccess SEMAPHORE_ACCESS
#type CreateWaitableTimerEx*.dwDesiredAccess TIMER_ACCESS
#type OpenWaitableTimer*.dwDesiredAccess TIMER_ACCESS
#type WaitFor*.dwMilliseconds TIMEOUT
#type SignalObjectAndWait.dwMilliseconds TIMEOUT
#type Sleep*.dwMilliseconds TIMEOUT
#type MsgWaitForMultipleObjects*.dwMilliseconds TIMEOUT
#type WaitForSingleObject*.return WAIT_RESULT
#type WaitForMultipleObjects*.return WAIT_RESULT
#type SignalObjectAndWait.return WAIT_RESULT
#type MsgWaitForMultipleObjects*.return WAIT_RESULT
#type *StdHandle*.nStdHandle STD_HANDLE_NAME
#type *.CodePage CODE_PAGE
#type LoadLibraryEx*.dwFlags DLL_LOAD_FLAGS
#type RaiseException.dwExceptionCode EXCEPTION_CODE
#type Heap*.dwFlags HEAP_CALL_FLAGS
#type Rtl*Heap.Flags HEAP_CALL_FLAGS

#in FreeEnvironmentStrings*.penv
#in CreateProcess*.lpCommandLine
#in StartServiceCtrlDispatcher*.*
#in SysFree*.*
#in *.lpReserved

#dll ntdll.dll
NTSTATUS NtAlertResumeThread(_In_ HANDLE ThreadHandle, _Out_ ULONG *PreviousSuspendCount);
NTSTATUS NtAlertThreadByThreadId(_In_ HANDLE ThreadId);
NTSTATUS NtWaitForAlertByThreadId(_In_ PVOID Address, _In_ LARGE_INTEGER *Timeout);
NTSTATUS NtTestAlert(void);
NTSTATUS NtAllocateVirtualMemoryEx(_In_ HANDLE ProcessHandle, _Inout_ PVOID *BaseAddress, _Inout_ SIZE_T *RegionSize, ULONG AllocationType, ULONG Protect, _Inout_ PVOID ExtendedParameters, ULONG ExtendedParameterCount);
NTSTATUS NtProtectVirtualMemory(_In_ HANDLE ProcessHandle, _Inout_ PVOID *BaseAddress, _Inout_ SIZE_T *RegionSize, ULONG NewProtect, _Out_ ULONG *OldProtect);
NTSTATUS NtQueryVirtualMemory(_In_ HANDLE ProcessHandle, PVOID BaseAddress, MEMORY_CLASS MemoryInformationClass, _Out_ PVOID MemoryInformation, SIZE_T MemoryInformationLength, _Out_ SIZE_T *ReturnLength);
NTSTATUS NtReadVirtualMemory(_In_ HANDLE ProcessHandle, PVOID BaseAddress, _Out_ PVOID Buffer, SIZE_T NumberOfBytesToRead, _Out_ SIZE_T *NumberOfBytesRead);
NTSTATUS NtWriteVirtualMemory(_In_ HANDLE ProcessHandle, PVOID BaseAddress, _In_ PVOID Buffer, SIZE_T NumberOfBytesToWrite, _Out_ SIZE_T *NumberOfBytesWritten);
NTSTATUS NtLockVirtualMemory(_In_ HANDLE ProcessHandle, _Inout_ PVOID *BaseAddress, _Inout_ SIZE_T *RegionSize, ULONG MapType);
NTSTATUS NtUnlockVirtualMemory(_In_ HANDLE ProcessHandle, _Inout_ PVOID *BaseAddress, _Inout_ SIZE_T *RegionSize, ULONG MapType);
NTSTATUS NtSetInformationVirtualMemory(_In_ HANDLE ProcessHandle, ULONG VmInformationClass, SIZE_T NumberOfEntries, _In_ PVOID VirtualAddresses, _In_ PVOID VmInformation, ULONG VmInformationLength);
NTSTATUS NtGetWriteWatch(_In_ HANDLE ProcessHandle, ULONG Flags, PVOID BaseAddress, SIZE_T RegionSize, _Out_ PVOID *UserAddressArray, _Inout_ SIZE_T *EntriesInUserAddressArray, _Out_ ULONG *Granularity);
NTSTATUS NtResetWriteWatch(_In_ HANDLE ProcessHandle, PVOID BaseAddress, SIZE_T RegionSize);
NTSTATUS NtAreMappedFilesTheSame(PVOID File1MappedAsAnImage, PVOID File2MappedAsFile);
NTSTATUS NtCreateSectionEx(_Out_ HANDLE *SectionHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, _In_ LARGE_INTEGER *MaximumSize, ULONG SectionPageProtection, ULONG AllocationAttributes, HANDLE FileHandle, PVOID ExtendedParameters, ULONG ExtendedParameterCount);
NTSTATUS NtExtendSection(_In_ HANDLE SectionHandle, _Inout_ LARGE_INTEGER *NewSectionSize);
NTSTATUS NtQuerySection(_In_ HANDLE SectionHandle, ULONG SectionInformationClass, _Out_ PVOID SectionInformation, SIZE_T SectionInformationLength, _Out_ SIZE_T *ReturnLength);
NTSTATUS NtMapViewOfSectionEx(_In_ HANDLE SectionHandle, _In_ HANDLE ProcessHandle, _Inout_ PVOID *BaseAddress, _Inout_ LARGE_INTEGER *SectionOffset, _Inout_ SIZE_T *ViewSize, ULONG AllocationType, ULONG PageProtection, PVOID ExtendedParameters, ULONG ExtendedParameterCount);
NTSTATUS NtUnmapViewOfSectionEx(_In_ HANDLE ProcessHandle, PVOID BaseAddress, ULONG Flags);
NTSTATUS NtCreateMutant(_Out_ HANDLE *MutantHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, BOOLEAN InitialOwner);
NTSTATUS NtOpenMutant(_Out_ HANDLE *MutantHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes);
NTSTATUS NtReleaseMutant(_In_ HANDLE MutantHandle, _Out_ LONG *PreviousCount);
NTSTATUS NtQueryMutant(_In_ HANDLE MutantHandle, ULONG MutantInformationClass, _Out_ PVOID MutantInformation, ULONG MutantInformationLength, _Out_ ULONG *ReturnLength);
NTSTATUS NtCreateSemaphore(_Out_ HANDLE *SemaphoreHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, LONG InitialCount, LONG MaximumCount);
NTSTATUS NtOpenSemaphore(_Out_ HANDLE *SemaphoreHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes);
NTSTATUS NtReleaseSemaphore(_In_ HANDLE SemaphoreHandle, LONG ReleaseCount, _Out_ LONG *PreviousCount);
NTSTATUS NtQuerySemaphore(_In_ HANDLE SemaphoreHandle, ULONG SemaphoreInformationClass, _Out_ PVOID SemaphoreInformation, ULONG SemaphoreInformationLength, _Out_ ULONG *ReturnLength);
NTSTATUS NtQueryEvent(_In_ HANDLE EventHandle, ULONG EventInformationClass, _Out_ PVOID EventInformation, ULONG EventInformationLength, _Out_ ULONG *ReturnLength);
NTSTATUS NtQueryTimer(_In_ HANDLE TimerHandle, ULONG TimerInformationClass, _Out_ PVOID TimerInformation, ULONG TimerInformationLength, _Out_ ULONG *ReturnLength);
NTSTATUS NtSetEventBoostPriority(_In_ HANDLE EventHandle);
NTSTATUS NtCreateEventPair(_Out_ HANDLE *EventPairHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes);
NTSTATUS NtCreateKeyedEvent(_Out_ HANDLE *KeyedEventHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, ULONG Flags);
NTSTATUS NtOpenKeyedEvent(_Out_ HANDLE *KeyedEventHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes);
NTSTATUS NtWaitForKeyedEvent(_In_ HANDLE KeyedEventHandle, PVOID KeyValue, BOOLEAN Alertable, _In_ LARGE_INTEGER *Timeout);
NTSTATUS NtReleaseKeyedEvent(_In_ HANDLE KeyedEventHandle, PVOID KeyValue, BOOLEAN Alertable, _In_ LARGE_INTEGER *Timeout);
NTSTATUS NtCreateTimer2(_Out_ HANDLE *TimerHandle, PVOID Reserved1, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, ULONG Attributes, ACCESS_MASK DesiredAccess);
NTSTATUS NtSetTimer2(_In_ HANDLE TimerHandle, _In_ LARGE_INTEGER *DueTime, _In_ LARGE_INTEGER *Period, _In_ PVOID Parameters);
NTSTATUS NtCancelTimer2(_In_ HANDLE TimerHandle, _In_ PVOID Parameters);
NTSTATUS NtSignalAndWaitForSingleObject(_In_ HANDLE SignalHandle, _In_ HANDLE WaitHandle, BOOLEAN Alertable, _In_ LARGE_INTEGER *Timeout);
NTSTATUS NtWaitForMultipleObjects32(ULONG Count, _In_ LONG *Handles, NT_WAIT_TYPE WaitType, BOOLEAN Alertable, _In_ LARGE_INTEGER *Timeout);
NTSTATUS NtDelayExecution(BOOLEAN Alertable, _In_ LARGE_INTEGER *DelayInterval);
NTSTATUS NtQueryPerformanceCounter(_Out_ LARGE_INTEGER *PerformanceCounter, _Out_ LARGE_INTEGER *PerformanceFrequency);
NTSTATUS NtSetTimerResolution(ULONG DesiredTime, BOOLEAN SetResolution, _Out_ ULONG *ActualTime);
ULONG NtGetTickCount(void);
ULONG NtGetCurrentProcessorNumber(void);
NTSTATUS NtCreateThread(_Out_ HANDLE *ThreadHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, _In_ HANDLE ProcessHandle, _Out_ CLIENT_ID *ClientId, _In_ CONTEXT *ThreadContext, _In_ PVOID InitialTeb, BOOLEAN CreateSuspended);
NTSTATUS NtCreateThreadEx(_Out_ HANDLE *ThreadHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, _In_ HANDLE ProcessHandle, PVOID StartRoutine, PVOID Argument, ULONG CreateFlags, SIZE_T ZeroBits, SIZE_T StackSize, SIZE_T MaximumStackSize, PVOID AttributeList);
NTSTATUS NtTerminateThread(_In_ HANDLE ThreadHandle, NTSTATUS ExitStatus);
NTSTATUS NtSuspendThread(_In_ HANDLE ThreadHandle, _Out_ ULONG *PreviousSuspendCount);
NTSTATUS NtResumeThread(_In_ HANDLE ThreadHandle, _Out_ ULONG *PreviousSuspendCount);
NTSTATUS NtGetContextThread(_In_ HANDLE ThreadHandle, _Inout_ CONTEXT *ThreadContext);
NTSTATUS NtSetContextThread(_In_ HANDLE ThreadHandle, _In_ CONTEXT *ThreadContext);
NTSTATUS NtQueueApcThread(_In_ HANDLE ThreadHandle, PVOID ApcRoutine, PVOID ApcArgument1, PVOID ApcArgument2, PVOID ApcArgument3);
NTSTATUS NtQueueApcThreadEx(_In_ HANDLE ThreadHandle, HANDLE ReserveHandle, PVOID ApcRoutine, PVOID ApcArgument1, PVOID ApcArgument2, PVOID ApcArgument3);
NTSTATUS NtContinue(_In_ CONTEXT *ContextRecord, BOOLEAN TestAlert);
NTSTATUS NtContinueEx(_In_ CONTEXT *ContextRecord, PVOID ContinueArgument);
NTSTATUS NtRaiseException(_In_ EXCEPTION_RECORD *ExceptionRecord, _In_ CONTEXT *ContextRecord, BOOLEAN FirstChance);
NTSTATUS NtRaiseHardError(NTSTATUS ErrorStatus, ULONG NumberOfParameters, ULONG UnicodeStringParameterMask, _In_ ULONG_PTR *Parameters, ULONG ValidResponseOptions, _Out_ ULONG *Response);
NTSTATUS NtCallbackReturn(_In_ PVOID OutputBuffer, ULONG OutputLength, NTSTATUS Status);
NTSTATUS NtImpersonateThread(_In_ HANDLE ServerThreadHandle, _In_ HANDLE ClientThreadHandle, _In_ PVOID SecurityQos);
NTSTATUS NtRegisterThreadTerminatePort(_In_ HANDLE PortHandle);
NTSTATUS NtGetNextProcess(_In_ HANDLE ProcessHandle, ACCESS_MASK DesiredAccess, ULONG HandleAttributes, ULONG Flags, _Out_ HANDLE *NewProcessHandle);
NTSTATUS NtGetNextThread(_In_ HANDLE ProcessHandle, _In_ HANDLE ThreadHandle, ACCESS_MASK DesiredAccess, ULONG HandleAttributes, ULONG Flags, _Out_ HANDLE *NewThreadHandle);
NTSTATUS NtCreateProcess(_Out_ HANDLE *ProcessHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, HANDLE ParentProcess, BOOLEAN InheritObjectTable, HANDLE SectionHandle, HANDLE DebugPort, HANDLE TokenHandle);
NTSTATUS NtCreateProcessEx(_Out_ HANDLE *ProcessHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, HANDLE ParentProcess, ULONG Flags, HANDLE SectionHandle, HANDLE DebugPort, HANDLE TokenHandle, ULONG Reserved);
NTSTATUS NtCreateUserProcess(_Out_ HANDLE *ProcessHandle, _Out_ HANDLE *ThreadHandle, ACCESS_MASK ProcessDesiredAccess, ACCESS_MASK ThreadDesiredAccess, _In_ OBJECT_ATTRIBUTES *ProcessObjectAttributes, _In_ OBJECT_ATTRIBUTES *ThreadObjectAttributes, ULONG ProcessFlags, ULONG ThreadFlags, PVOID ProcessParameters, _Inout_ PVOID CreateInfo, PVOID AttributeList);
NTSTATUS NtSuspendProcess(_In_ HANDLE ProcessHandle);
NTSTATUS NtResumeProcess(_In_ HANDLE ProcessHandle);
NTSTATUS NtCreateJobObject(_Out_ HANDLE *JobHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes);
NTSTATUS NtOpenJobObject(_Out_ HANDLE *JobHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes);
NTSTATUS NtAssignProcessToJobObject(_In_ HANDLE JobHandle, _In_ HANDLE ProcessHandle);
NTSTATUS NtTerminateJobObject(_In_ HANDLE JobHandle, NTSTATUS ExitStatus);
NTSTATUS NtIsProcessInJob(_In_ HANDLE ProcessHandle, _In_ HANDLE JobHandle);
NTSTATUS NtQueryInformationJobObject(_In_ HANDLE JobHandle, ULONG JobObjectInformationClass, _Out_ PVOID JobObjectInformation, ULONG JobObjectInformationLength, _Out_ ULONG *ReturnLength);
NTSTATUS NtSetInformationJobObject(_In_ HANDLE JobHandle, ULONG JobObjectInformationClass, _In_ PVOID JobObjectInformation, ULONG JobObjectInformationLength);
NTSTATUS NtCreateDebugObject(_Out_ HANDLE *DebugObjectHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, ULONG Flags);
NTSTATUS NtDebugActiveProcess(_In_ HANDLE ProcessHandle, _In_ HANDLE DebugObjectHandle);
NTSTATUS NtRemoveProcessDebug(_In_ HANDLE ProcessHandle, _In_ HANDLE DebugObjectHandle);
NTSTATUS NtWaitForDebugEvent(_In_ HANDLE DebugObjectHandle, BOOLEAN Alertable, _In_ LARGE_INTEGER *Timeout, _Out_ PVOID WaitStateChange);
NTSTATUS NtDebugContinue(_In_ HANDLE DebugObjectHandle, _In_ CLIENT_ID *ClientId, NTSTATUS ContinueStatus);
NTSTATUS NtCreateIoCompletion(_Out_ HANDLE *IoCompletionHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, ULONG Count);
NTSTATUS NtOpenIoCompletion(_Out_ HANDLE *IoCompletionHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes);
NTSTATUS NtSetIoCompletion(_In_ HANDLE IoCompletionHandle, PVOID KeyContext, PVOID ApcContext, NTSTATUS IoStatus, ULONG_PTR IoStatusInformation);
NTSTATUS NtSetIoCompletionEx(_In_ HANDLE IoCompletionHandle, _In_ HANDLE IoCompletionPacketHandle, PVOID KeyContext, PVOID ApcContext, NTSTATUS IoStatus, ULONG_PTR IoStatusInformation);
NTSTATUS NtRemoveIoCompletion(_In_ HANDLE IoCompletionHandle, _Out_ PVOID *KeyContext, _Out_ PVOID *ApcContext, _Out_ IO_STATUS_BLOCK *IoStatusBlock, _In_ LARGE_INTEGER *Timeout);
NTSTATUS NtRemoveIoCompletionEx(_In_ HANDLE IoCompletionHandle, _Out_ PVOID IoCompletionInformation, ULONG Count, _Out_ ULONG *NumEntriesRemoved, _In_ LARGE_INTEGER *Timeout, BOOLEAN Alertable);
NTSTATUS NtQueryIoCompletion(_In_ HANDLE IoCompletionHandle, ULONG IoCompletionInformationClass, _Out_ PVOID IoCompletionInformation, ULONG IoCompletionInformationLength, _Out_ ULONG *ReturnLength);
NTSTATUS NtCreateWaitCompletionPacket(_Out_ HANDLE *WaitCompletionPacketHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes);
NTSTATUS NtAssociateWaitCompletionPacket(_In_ HANDLE WaitCompletionPacketHandle, _In_ HANDLE IoCompletionHandle, _In_ HANDLE TargetObjectHandle, PVOID KeyContext, PVOID ApcContext, NTSTATUS IoStatus, ULONG_PTR IoStatusInformation, _Out_ BOOLEAN *AlreadySignaled);
NTSTATUS NtCancelWaitCompletionPacket(_In_ HANDLE WaitCompletionPacketHandle, BOOLEAN RemoveSignaledPacket);
NTSTATUS NtCreateWorkerFactory(_Out_ HANDLE *WorkerFactoryHandleReturn, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, _In_ HANDLE CompletionPortHandle, _In_ HANDLE WorkerProcessHandle, PVOID StartRoutine, PVOID StartParameter, ULONG MaxThreadCount, SIZE_T StackReserve, SIZE_T StackCommit);
NTSTATUS NtSetInformationWorkerFactory(_In_ HANDLE WorkerFactoryHandle, ULONG WorkerFactoryInformationClass, _In_ PVOID WorkerFactoryInformation, ULONG WorkerFactoryInformationLength);
NTSTATUS NtQueryInformationWorkerFactory(_In_ HANDLE WorkerFactoryHandle, ULONG WorkerFactoryInformationClass, _Out_ PVOID WorkerFactoryInformation, ULONG WorkerFactoryInformationLength, _Out_ ULONG *ReturnLength);
NTSTATUS NtShutdownWorkerFactory(_In_ HANDLE WorkerFactoryHandle, _Inout_ LONG *PendingWorkerCount);
NTSTATUS NtReleaseWorkerFactoryWorker(_In_ HANDLE WorkerFactoryHandle);
NTSTATUS NtWorkerFactoryWorkerReady(_In_ HANDLE WorkerFactoryHandle);
NTSTATUS NtWaitForWorkViaWorkerFactory(_In_ HANDLE WorkerFactoryHandle, _Out_ PVOID MiniPackets, ULONG Count, _Out_ ULONG *PacketsReturned, PVOID DeferredWork);
NTSTATUS NtCreateNamedPipeFile(_Out_ HANDLE *FileHandle, ULONG DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, _Out_ IO_STATUS_BLOCK *IoStatusBlock, ULONG ShareAccess, ULONG CreateDisposition, ULONG CreateOptions, ULONG NamedPipeType, ULONG ReadMode, ULONG CompletionMode, ULONG MaximumInstances, ULONG InboundQuota, ULONG OutboundQuota, _In_ LARGE_INTEGER *DefaultTimeout);
NTSTATUS NtCreateMailslotFile(_Out_ HANDLE *FileHandle, ULONG DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, _Out_ IO_STATUS_BLOCK *IoStatusBlock, ULONG CreateOptions, ULONG MailslotQuota, ULONG MaximumMessageSize, _In_ LARGE_INTEGER *ReadTimeout);
NTSTATUS NtQueryAttributesFile(_In_ OBJECT_ATTRIBUTES *ObjectAttributes, _Out_ PVOID FileInformation);
NTSTATUS NtQueryInformationByName(_In_ OBJECT_ATTRIBUTES *ObjectAttributes, _Out_ IO_STATUS_BLOCK *IoStatusBlock, _Out_ PVOID FileInformation, ULONG Length, FILE_INFORMATION_CLASS FileInformationClass);
NTSTATUS NtQueryDirectoryFileEx(_In_ HANDLE FileHandle, HANDLE Event, PVOID ApcRoutine, PVOID ApcContext, _Out_ IO_STATUS_BLOCK *IoStatusBlock, _Out_ PVOID FileInformation, ULONG Length, FILE_INFORMATION_CLASS FileInformationClass, ULONG QueryFlags, _In_ UNICODE_STRING *FileName);
NTSTATUS NtNotifyChangeDirectoryFile(_In_ HANDLE FileHandle, HANDLE Event, PVOID ApcRoutine, PVOID ApcContext, _Out_ IO_STATUS_BLOCK *IoStatusBlock, _Out_ PVOID Buffer, ULONG Length, ULONG CompletionFilter, BOOLEAN WatchTree);
NTSTATUS NtNotifyChangeDirectoryFileEx(_In_ HANDLE FileHandle, HANDLE Event, PVOID ApcRoutine, PVOID ApcContext, _Out_ IO_STATUS_BLOCK *IoStatusBlock, _Out_ PVOID Buffer, ULONG Length, ULONG CompletionFilter, BOOLEAN WatchTree, ULONG DirectoryNotifyInformationClass);
NTSTATUS NtReadFileScatter(_In_ HANDLE FileHandle, HANDLE Event, PVOID ApcRoutine, PVOID ApcContext, _Out_ IO_STATUS_BLOCK *IoStatusBlock, _In_ PVOID SegmentArray, ULONG Length, _In_ LARGE_INTEGER *ByteOffset, _In_ ULONG *Key);
NTSTATUS NtWriteFileGather(_In_ HANDLE FileHandle, HANDLE Event, PVOID ApcRoutine, PVOID ApcContext, _Out_ IO_STATUS_BLOCK *IoStatusBlock, _In_ PVOID SegmentArray, ULONG Length, _In_ LARGE_INTEGER *ByteOffset, _In_ ULONG *Key);
NTSTATUS NtCancelIoFileEx(_In_ HANDLE FileHandle, _In_ IO_STATUS_BLOCK *IoRequestToCancel, _Out_ IO_STATUS_BLOCK *IoStatusBlock);
NTSTATUS NtCancelSynchronousIoFile(_In_ HANDLE ThreadHandle, _In_ IO_STATUS_BLOCK *IoRequestToCancel, _Out_ IO_STATUS_BLOCK *IoStatusBlock);
NTSTATUS NtFlushBuffersFileEx(_In_ HANDLE FileHandle, ULONG Flags, PVOID Parameters, ULONG ParametersSize, _Out_ IO_STATUS_BLOCK *IoStatusBlock);
NTSTATUS NtLoadKey2(_In_ OBJECT_ATTRIBUTES *TargetKey, _In_ OBJECT_ATTRIBUTES *SourceFile, ULONG Flags);
NTSTATUS NtLoadKeyEx(_In_ OBJECT_ATTRIBUTES *TargetKey, _In_ OBJECT_ATTRIBUTES *SourceFile, ULONG Flags, HANDLE TrustClassKey, HANDLE Event, ACCESS_MASK DesiredAccess, _Out_ HANDLE *RootHandle, PVOID Reserved);
NTSTATUS NtUnloadKey2(_In_ OBJECT_ATTRIBUTES *TargetKey, ULONG Flags);
NTSTATUS NtSaveKeyEx(_In_ HANDLE KeyHandle, _In_ HANDLE FileHandle, ULONG Format);
NTSTATUS NtCompactKeys(ULONG Count, _In_ HANDLE *KeyArray);
NTSTATUS NtCompressKey(_In_ HANDLE Key);
NTSTATUS NtQueryOpenSubKeys(_In_ OBJECT_ATTRIBUTES *TargetKey, _Out_ ULONG *HandleCount);
NTSTATUS NtQueryLicenseValue(_In_ UNICODE_STRING *ValueName, _Out_ ULONG *Type, _Out_ PVOID Data, ULONG DataSize, _Out_ ULONG *ResultDataSize);
NTSTATUS NtQuerySystemInformationEx(ULONG SystemInformationClass, _In_ PVOID InputBuffer, ULONG InputBufferLength, _Out_ PVOID SystemInformation, ULONG SystemInformationLength, _Out_ ULONG *ReturnLength);
NTSTATUS NtSetSystemInformation(ULONG SystemInformationClass, _In_ PVOID SystemInformation, ULONG SystemInformationLength);
NTSTATUS NtQuerySystemEnvironmentValue(_In_ UNICODE_STRING *VariableName, _Out_ PWSTR VariableValue, USHORT ValueLength, _Out_ USHORT *ReturnLength);
NTSTATUS NtShutdownSystem(ULONG Action);
NTSTATUS NtSystemDebugControl(ULONG Command, _In_ PVOID InputBuffer, ULONG InputBufferLength, _Out_ PVOID OutputBuffer, ULONG OutputBufferLength, _Out_ ULONG *ReturnLength);
NTSTATUS NtAddAtom(_In_ PVOID AtomName, ULONG Length, _Out_ USHORT *Atom);
NTSTATUS NtFindAtom(_In_ PVOID AtomName, ULONG Length, _Out_ USHORT *Atom);
NTSTATUS NtDeleteAtom(USHORT Atom);
NTSTATUS NtQueryInformationAtom(USHORT Atom, ULONG AtomInformationClass, _Out_ PVOID AtomInformation, ULONG AtomInformationLength, _Out_ ULONG *ReturnLength);
NTSTATUS NtAllocateUuids(_Out_ LARGE_INTEGER *Time, _Out_ ULONG *Range, _Out_ ULONG *Sequence, _Out_ PVOID Seed);
NTSTATUS NtAccessCheck(_In_ PVOID SecurityDescriptor, _In_ HANDLE ClientToken, ACCESS_MASK DesiredAccess, _In_ PVOID GenericMapping, _Out_ PVOID PrivilegeSet, _Inout_ ULONG *PrivilegeSetLength, _Out_ ULONG *GrantedAccess, _Out_ NTSTATUS *AccessStatus);
NTSTATUS NtCreateToken(_Out_ HANDLE *TokenHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, ULONG Type, PVOID AuthenticationId, _In_ LARGE_INTEGER *ExpirationTime, PVOID User, PVOID Groups, PVOID Privileges, PVOID Owner, PVOID PrimaryGroup, PVOID DefaultDacl, PVOID Source);
NTSTATUS NtCompareTokens(_In_ HANDLE FirstTokenHandle, _In_ HANDLE SecondTokenHandle, _Out_ BOOLEAN *Equal);
NTSTATUS NtCompareObjects(_In_ HANDLE FirstObjectHandle, _In_ HANDLE SecondObjectHandle);
NTSTATUS NtMakePermanentObject(_In_ HANDLE Handle);
NTSTATUS NtSetInformationObject(_In_ HANDLE Handle, ULONG ObjectInformationClass, _In_ PVOID ObjectInformation, ULONG ObjectInformationLength);
NTSTATUS NtCreateDirectoryObjectEx(_Out_ HANDLE *DirectoryHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, HANDLE ShadowDirectoryHandle, ULONG Flags);
NTSTATUS NtOpenPrivateNamespace(_Out_ HANDLE *NamespaceHandle, ACCESS_MASK DesiredAccess, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, PVOID BoundaryDescriptor);
NTSTATUS NtCreatePort(_Out_ HANDLE *PortHandle, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, ULONG MaxConnectionInfoLength, ULONG MaxMessageLength, ULONG MaxPoolUsage);
NTSTATUS NtConnectPort(_Out_ HANDLE *PortHandle, _In_ UNICODE_STRING *PortName, _In_ PVOID SecurityQos, _Inout_ PVOID ClientView, _Inout_ PVOID ServerView, _Out_ ULONG *MaxMessageLength, _Inout_ PVOID ConnectionInformation, _Inout_ ULONG *ConnectionInformationLength);
NTSTATUS NtAlpcCreatePort(_Out_ HANDLE *PortHandle, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, _In_ PVOID PortAttributes);
NTSTATUS NtAlpcConnectPort(_Out_ HANDLE *PortHandle, _In_ UNICODE_STRING *PortName, _In_ OBJECT_ATTRIBUTES *ObjectAttributes, PVOID PortAttributes, ULONG Flags, PVOID RequiredServerSid, _Inout_ PVOID ConnectionMessage, _Inout_ SIZE_T *BufferLength, _Inout_ PVOID OutMessageAttributes, _Inout_ PVOID InMessageAttributes, _In_ LARGE_INTEGER *Timeout);
NTSTATUS NtAlpcSendWaitReceivePort(_In_ HANDLE PortHandle, ULONG Flags, PVOID SendMessage, _Inout_ PVOID SendMessageAttributes, _Out_ PVOID ReceiveMessage, _Inout_ SIZE_T *BufferLength, _Inout_ PVOID ReceiveMessageAttributes, _In_ LARGE_INTEGER *Timeout);
NTSTATUS NtTraceControl(ULONG FunctionCode, _In_ PVOID InBuffer, ULONG InBufferLen, _Out_ PVOID OutBuffer, ULONG OutBufferLen, _Out_ ULONG *ReturnLength);
NTSTATUS NtTraceEvent(_In_ HANDLE TraceHandle, ULONG Flags, ULONG FieldSize, _In_ PVOID Fields);
NTSTATUS NtApphelpCacheControl(ULONG Command, _In_ PVOID Parameters);
NTSTATUS NtQueryInstallUILanguage(_Out_ USHORT *InstallUILanguageId);
NTSTATUS NtQueryDefaultUILanguage(_Out_ USHORT *DefaultUILanguageId);
NTSTATUS NtGetNlsSectionPtr(ULONG SectionType, ULONG SectionData, PVOID ContextData, _Out_ PVOID *SectionPointer, _Out_ ULONG *SectionSize);
NTSTATUS NtInitializeNlsFiles(_Out_ PVOID *BaseAddress, _Out_ ULONG *DefaultLocaleId, _Out_ LARGE_INTEGER *DefaultCasingTableSize);
NTSTATUS NtFlushProcessWriteBuffers(void);
NTSTATUS NtFlushInstallUILanguage(USHORT InstallUILanguage, ULONG SetComittedFlag);
NTSTATUS NtSetLdtEntries(ULONG Selector0, ULONG Entry0Low, ULONG Entry0Hi, ULONG Selector1, ULONG Entry1Low, ULONG Entry1Hi);
NTSTATUS NtVdmControl(ULONG Service, _Inout_ PVOID ServiceData);
NTSTATUS LdrLoadDll(_In_ PWSTR DllPath, _In_ ULONG *DllCharacteristics, _In_ UNICODE_STRING *DllName, _Out_ PVOID *DllHandle);
NTSTATUS LdrUnloadDll(PVOID DllHandle);
NTSTATUS LdrGetDllHandle(_In_ PWSTR DllPath, _In_ ULONG *DllCharacteristics, _In_ UNICODE_STRING *DllName, _Out_ PVOID *DllHandle);
NTSTATUS LdrGetDllHandleEx(ULONG Flags, _In_ PWSTR DllPath, _In_ ULONG *DllCharacteristics, _In_ UNICODE_STRING *DllName, _Out_ PVOID *DllHandle);
NTSTATUS LdrGetDllHandleByMapping(PVOID BaseAddress, _Out_ PVOID *DllHandle);
NTSTATUS LdrGetDllHandleByName(_In_ UNICODE_STRING *BaseDllName, _In_ UNICODE_STRING *FullDllName, _Out_ PVOID *DllHandle);
NTSTATUS LdrGetDllFullName(PVOID DllHandle, _Out_ UNICODE_STRING *FullDllName);
NTSTATUS LdrGetDllDirectory(_Out_ UNICODE_STRING *DllDirectory);
NTSTATUS LdrSetDllDirectory(_In_ UNICODE_STRING *DllDirectory);
NTSTATUS LdrGetDllPath(_In_ PWSTR DllName, ULONG Flags, _Out_ PVOID *DllPath, _Out_ PVOID *SearchPaths);
NTSTATUS LdrAddDllDirectory(_In_ UNICODE_STRING *NewDirectory, _Out_ PVOID *Cookie);
NTSTATUS LdrRemoveDllDirectory(PVOID Cookie);
NTSTATUS LdrSetDefaultDllDirectories(ULONG DirectoryFlags);
NTSTATUS LdrGetProcedureAddress(PVOID DllHandle, _In_ ANSI_STRING *ProcedureName, ULONG ProcedureNumber, _Out_ PVOID *ProcedureAddress);
NTSTATUS LdrGetProcedureAddressEx(PVOID DllHandle, _In_ ANSI_STRING *ProcedureName, ULONG ProcedureNumber, _Out_ PVOID *ProcedureAddress, ULONG Flags);
NTSTATUS LdrGetProcedureAddressForCaller(PVOID DllHandle, _In_ ANSI_STRING *ProcedureName, ULONG ProcedureNumber, _Out_ PVOID *ProcedureAddress, ULONG Flags, PVOID Callback);
NTSTATUS LdrAddRefDll(ULONG Flags, PVOID DllHandle);
NTSTATUS LdrDisableThreadCalloutsForDll(PVOID DllImageBase);
NTSTATUS LdrLockLoaderLock(ULONG Flags, _Out_ ULONG *Disposition, _Out_ PVOID *Cookie);
NTSTATUS LdrUnlockLoaderLock(ULONG Flags, PVOID Cookie);
NTSTATUS LdrFindEntryForAddress(PVOID DllHandle, _Out_ PVOID *Entry);
NTSTATUS LdrFindResource_U(PVOID DllHandle, _In_ PVOID ResourceInfo, ULONG Level, _Out_ PVOID *ResourceDataEntry);
NTSTATUS LdrFindResourceEx_U(ULONG Flags, PVOID DllHandle, _In_ PVOID ResourceInfo, ULONG Level, _Out_ PVOID *ResourceDataEntry);
NTSTATUS LdrFindResourceDirectory_U(PVOID DllHandle, _In_ PVOID ResourceInfo, ULONG Level, _Out_ PVOID *ResourceDirectory);
NTSTATUS LdrAccessResource(PVOID DllHandle, _In_ PVOID ResourceDataEntry, _Out_ PVOID *ResourceBuffer, _Out_ ULONG *ResourceLength);
NTSTATUS LdrResSearchResource(PVOID DllHandle, _In_ PVOID ResourceInfo, ULONG Level, ULONG Flags, _Out_ PVOID *Resource, _Out_ SIZE_T *Size, _Out_ PVOID FoundLanguage, _Out_ ULONG *FoundLanguageLength);
NTSTATUS LdrEnumerateLoadedModules(ULONG Reserved, PVOID EnumProc, PVOID Context);
NTSTATUS LdrRegisterDllNotification(ULONG Flags, PVOID NotificationFunction, PVOID Context, _Out_ PVOID *Cookie);
NTSTATUS LdrUnregisterDllNotification(PVOID Cookie);
NTSTATUS LdrQueryProcessModuleInformation(_Out_ PVOID ModuleInformation, ULONG Size, _Out_ ULONG *ReturnedSize);
NTSTATUS LdrQueryImageFileExecutionOptions(_In_ UNICODE_STRING *SubKey, _In_ PWSTR ValueName, ULONG ValueSize, _Out_ PVOID Buffer, ULONG BufferSize, _Out_ ULONG *ReturnedLength);
NTSTATUS LdrOpenImageFileOptionsKey(_In_ UNICODE_STRING *SubKey, BOOLEAN Wow64, _Out_ HANDLE *NewKeyHandle);
PVOID LdrResolveDelayLoadedAPI(PVOID ParentModuleBase, PVOID DelayloadDescriptor, PVOID FailureDllHook, PVOID FailureSystemHook, PVOID ThunkAddress, ULONG Flags);
NTSTATUS LdrResolveDelayLoadsFromDll(PVOID ParentBase, _In_ PSTR TargetDllName, ULONG Flags);
PVOID LdrProcessRelocationBlock(ULONG_PTR VA, ULONG SizeOfBlock, PVOID NextOffset, LONG_PTR Diff);
void LdrInitializeThunk(_In_ CONTEXT *ContextRecord, PVOID Parameter);
NTSTATUS LdrShutdownProcess(void);
NTSTATUS LdrShutdownThread(void);
BOOLEAN LdrVerifyImageMatchesChecksum(HANDLE ImageFileHandle, PVOID ImportCallbackRoutine, PVOID ImportCallbackParameter, _Out_ USHORT *ImageCharacteristics);
NTSTATUS RtlInitializeCriticalSection(_Out_ CRITICAL_SECTION *CriticalSection);
NTSTATUS RtlInitializeCriticalSectionAndSpinCount(_Out_ CRITICAL_SECTION *CriticalSection, ULONG SpinCount);
NTSTATUS RtlInitializeCriticalSectionEx(_Out_ CRITICAL_SECTION *CriticalSection, ULONG SpinCount, ULONG Flags);
NTSTATUS RtlDeleteCriticalSection(_Inout_ CRITICAL_SECTION *CriticalSection);
NTSTATUS RtlEnterCriticalSection(_Inout_ CRITICAL_SECTION *CriticalSection);
NTSTATUS RtlLeaveCriticalSection(_Inout_ CRITICAL_SECTION *CriticalSection);
BOOLEAN RtlTryEnterCriticalSection(_Inout_ CRITICAL_SECTION *CriticalSection);
ULONG RtlSetCriticalSectionSpinCount(_Inout_ CRITICAL_SECTION *CriticalSection, ULONG SpinCount);
BOOLEAN RtlIsCriticalSectionLocked(_In_ CRITICAL_SECTION *CriticalSection);
BOOLEAN RtlIsCriticalSectionLockedByThread(_In_ CRITICAL_SECTION *CriticalSection);
void RtlInitializeSRWLock(_Out_ PVOID SRWLock);
void RtlAcquireSRWLockExclusive(_Inout_ PVOID SRWLock);
void RtlAcquireSRWLockShared(_Inout_ PVOID SRWLock);
void RtlReleaseSRWLockExclusive(_Inout_ PVOID SRWLock);
void RtlReleaseSRWLockShared(_Inout_ PVOID SRWLock);
BOOLEAN RtlTryAcquireSRWLockExclusive(_Inout_ PVOID SRWLock);
BOOLEAN RtlTryAcquireSRWLockShared(_Inout_ PVOID SRWLock);
void RtlInitializeConditionVariable(_Out_ PVOID ConditionVariable);
NTSTATUS RtlSleepConditionVariableCS(_Inout_ PVOID ConditionVariable, _Inout_ CRITICAL_SECTION *CriticalSection, _In_ LARGE_INTEGER *Timeout);
NTSTATUS RtlSleepConditionVariableSRW(_Inout_ PVOID ConditionVariable, _Inout_ PVOID SRWLock, _In_ LARGE_INTEGER *Timeout, ULONG Flags);
void RtlWakeConditionVariable(_Inout_ PVOID ConditionVariable);
void RtlWakeAllConditionVariable(_Inout_ PVOID ConditionVariable);
NTSTATUS RtlWaitOnAddress(_In_ PVOID Address, _In_ PVOID CompareAddress, SIZE_T AddressSize, _In_ LARGE_INTEGER *Timeout);
void RtlWakeAddressSingle(PVOID Address);
void RtlWakeAddressAll(PVOID Address);
NTSTATUS RtlInitBarrier(_Out_ PVOID Barrier, ULONG TotalThreads, ULONG SpinCount);
void RtlInitializeResource(_Out_ PVOID Resource);
BOOLEAN RtlAcquireResourceExclusive(_Inout_ PVOID Resource, BOOLEAN Wait);
BOOLEAN RtlAcquireResourceShared(_Inout_ PVOID Resource, BOOLEAN Wait);
void RtlReleaseResource(_Inout_ PVOID Resource);
void RtlDeleteResource(_Inout_ PVOID Resource);
PVOID RtlReAllocateHeap(PVOID HeapHandle, ULONG Flags, PVOID BaseAddress, SIZE_T Size);
SIZE_T RtlSizeHeap(PVOID HeapHandle, ULONG Flags, PVOID BaseAddress);
BOOLEAN RtlValidateHeap(PVOID HeapHandle, ULONG Flags, PVOID BaseAddress);
SIZE_T RtlCompactHeap(PVOID HeapHandle, ULONG Flags);
BOOLEAN RtlLockHeap(PVOID HeapHandle);
BOOLEAN RtlUnlockHeap(PVOID HeapHandle);
NTSTATUS RtlWalkHeap(PVOID HeapHandle, _Inout_ PVOID Entry);
ULONG RtlGetProcessHeaps(ULONG NumberOfHeaps, _Out_ PVOID *ProcessHeaps);
BOOLEAN RtlSetUserValueHeap(PVOID HeapHandle, ULONG Flags, PVOID BaseAddress, PVOID UserValue);
BOOLEAN RtlGetUserInfoHeap(PVOID HeapHandle, ULONG Flags, PVOID BaseAddress, _Out_ PVOID *UserValue, _Out_ ULONG *UserFlags);
PVOID RtlAddVectoredExceptionHandler(ULONG First, PVOID Handler);
ULONG RtlRemoveVectoredExceptionHandler(PVOID Handle);
PVOID RtlAddVectoredContinueHandler(ULONG First, PVOID Handler);
ULONG RtlRemoveVectoredContinueHandler(PVOID Handle);
PVOID RtlSetUnhandledExceptionFilter(PVOID TopLevelExceptionFilter);
LONG RtlUnhandledExceptionFilter(_In_ PVOID ExceptionPointers);
void RtlRaiseException(_In_ EXCEPTION_RECORD *ExceptionRecord);
void RtlRaiseStatus(NTSTATUS Status);
BOOLEAN RtlDispatchException(_In_ EXCEPTION_RECORD *ExceptionRecord, _In_ CONTEXT *ContextRecord);
void RtlExitUserThread(NTSTATUS ExitStatus);
void RtlExitUserProcess(NTSTATUS ExitStatus);
void RtlUserThreadStart(PVOID Function, PVOID Parameter);
NTSTATUS RtlCreateUserThread(_In_ HANDLE ProcessHandle, _In_ PVOID ThreadSecurityDescriptor, BOOLEAN CreateSuspended, ULONG ZeroBits, SIZE_T MaximumStackSize, SIZE_T CommittedStackSize, PVOID StartAddress, PVOID Parameter, _Out_ HANDLE *ThreadHandle, _Out_ CLIENT_ID *ClientId);
NTSTATUS RtlCreateProcessParametersEx(_Out_ PVOID *ProcessParameters, _In_ UNICODE_STRING *ImagePathName, _In_ UNICODE_STRING *DllPath, _In_ UNICODE_STRING *CurrentDirectory, _In_ UNICODE_STRING *CommandLine, PVOID Environment, _In_ UNICODE_STRING *WindowTitle, _In_ UNICODE_STRING *DesktopInfo, _In_ UNICODE_STRING *ShellInfo, _In_ UNICODE_STRING *RuntimeData, ULONG Flags);
NTSTATUS RtlDestroyProcessParameters(PVOID ProcessParameters);
PVOID RtlNormalizeProcessParams(_Inout_ PVOID ProcessParameters);
NTSTATUS RtlCreateUserProcess(_In_ UNICODE_STRING *NtImagePathName, ULONG AttributesDeprecated, PVOID ProcessParameters, PVOID ProcessSecurityDescriptor, PVOID ThreadSecurityDescriptor, HANDLE ParentProcess, BOOLEAN InheritHandles, HANDLE DebugPort, HANDLE TokenHandle, _Out_ PVOID ProcessInformation);
PVOID RtlGetCurrentPeb(void);
void RtlAcquirePebLock(void);
void RtlReleasePebLock(void);
ULONG RtlGetCurrentProcessorNumber(void);
NTSTATUS RtlGetLastNtStatus(void);
LONG RtlGetLastWin32Error(void);
void RtlSetLastWin32Error(LONG Win32Error);
void RtlSetLastWin32ErrorAndNtStatusFromNtStatus(NTSTATUS Status);
void RtlRestoreLastWin32Error(LONG Win32Error);
ULONG RtlGetThreadErrorMode(void);
NTSTATUS RtlSetThreadErrorMode(ULONG NewMode, _Out_ ULONG *OldMode);
void RtlGetNtVersionNumbers(_Out_ ULONG *NtMajorVersion, _Out_ ULONG *NtMinorVersion, _Out_ ULONG *NtBuildNumber);
BOOLEAN RtlGetNtProductType(_Out_ ULONG *NtProductType);
BOOLEAN RtlQueryPerformanceCounter(_Out_ LARGE_INTEGER *PerformanceCounter);
BOOLEAN RtlQueryPerformanceFrequency(_Out_ LARGE_INTEGER *PerformanceFrequency);
LARGE_INTEGER RtlGetSystemTimePrecise(void);
NTSTATUS RtlQueryTimeZoneInformation(_Out_ PVOID TimeZoneInformation);
NTSTATUS RtlSystemTimeToLocalTime(_In_ LARGE_INTEGER *SystemTime, _Out_ LARGE_INTEGER *LocalTime);
NTSTATUS RtlQueryEnvironmentVariable_U(PVOID Environment, _In_ UNICODE_STRING *Name, _Inout_ UNICODE_STRING *Value);
NTSTATUS RtlQueryEnvironmentVariable(PVOID Environment, _In_ PWSTR Name, SIZE_T NameLength, _Out_ PWSTR Value, SIZE_T ValueLength, _Out_ SIZE_T *ReturnLength);
NTSTATUS RtlSetEnvironmentVariable(_Inout_ PVOID *Environment, _In_ UNICODE_STRING *Name, _In_ UNICODE_STRING *Value);
NTSTATUS RtlSetEnvironmentVar(_Inout_ PVOID *Environment, _In_ PWSTR Name, SIZE_T NameLength, _In_ PWSTR Value, SIZE_T ValueLength);
NTSTATUS RtlExpandEnvironmentStrings_U(PVOID Environment, _In_ UNICODE_STRING *Source, _Inout_ UNICODE_STRING *Destination, _Out_ ULONG *ReturnedLength);
NTSTATUS RtlExpandEnvironmentStrings(PVOID Environment, _In_ PWSTR Source, SIZE_T SourceLength, _Out_ PWSTR Destination, SIZE_T DestinationLength, _Out_ SIZE_T *ReturnLength);
NTSTATUS RtlCreateEnvironment(BOOLEAN CloneCurrentEnvironment, _Out_ PVOID *Environment);
NTSTATUS RtlDestroyEnvironment(PVOID Environment);
NTSTATUS RtlSetCurrentEnvironment(PVOID Environment, _Out_ PVOID *PreviousEnvironment);
BOOLEAN RtlDosPathNameToNtPathName_U_WithStatus(_In_ PWSTR DosFileName, _Out_ UNICODE_STRING *NtFileName, _Out_ PWSTR *FilePart, PVOID RelativeName);
NTSTATUS RtlDosPathNameToRelativeNtPathName_U_WithStatus(_In_ PWSTR DosFileName, _Out_ UNICODE_STRING *NtFileName, _Out_ PWSTR *FilePart, PVOID RelativeName);
ULONG RtlGetFullPathName_U(_In_ PWSTR FileName, ULONG BufferLength, _Out_ PWSTR Buffer, _Out_ PWSTR *FilePart);
ULONG RtlGetCurrentDirectory_U(ULONG BufferLength, _Out_ PWSTR Buffer);
NTSTATUS RtlSetCurrentDirectory_U(_In_ UNICODE_STRING *PathName);
ULONG RtlDetermineDosPathNameType_U(_In_ PWSTR DosFileName);
ULONG RtlIsDosDeviceName_U(_In_ PWSTR DosFileName);
BOOLEAN RtlDoesFileExists_U(_In_ PWSTR FileName);
ULONG RtlDosSearchPath_U(_In_ PWSTR Path, _In_ PWSTR FileName, _In_ PWSTR Extension, ULONG BufferLength, _Out_ PWSTR Buffer, _Out_ PWSTR *FilePart);
BOOLEAN RtlIsNameInExpression(_In_ UNICODE_STRING *Expression, _In_ UNICODE_STRING *Name, BOOLEAN IgnoreCase, PWSTR UpcaseTable);
NTSTATUS RtlFormatCurrentUserKeyPath(_Out_ UNICODE_STRING *CurrentUserKeyPath);
NTSTATUS RtlOpenCurrentUser(ACCESS_MASK DesiredAccess, _Out_ HANDLE *CurrentUserKey);
NTSTATUS RtlAdjustPrivilege(ULONG Privilege, BOOLEAN Enable, BOOLEAN CurrentThread, _Out_ BOOLEAN *Enabled);
NTSTATUS RtlQueueWorkItem(PVOID Function, PVOID Context, ULONG Flags);
NTSTATUS RtlCreateTimerQueue(_Out_ HANDLE *TimerQueueHandle);
NTSTATUS RtlCreateTimer(HANDLE TimerQueueHandle, _Out_ HANDLE *Handle, PVOID Function, PVOID Context, ULONG DueTime, ULONG Period, ULONG Flags);
NTSTATUS RtlDeleteTimer(HANDLE TimerQueueHandle, HANDLE TimerToCancel, HANDLE Event);
NTSTATUS RtlRegisterWait(_Out_ HANDLE *WaitHandle, HANDLE Handle, PVOID Function, PVOID Context, ULONG Milliseconds, ULONG Flags);
NTSTATUS RtlDeregisterWait(HANDLE WaitHandle);
NTSTATUS RtlDeregisterWaitEx(HANDLE WaitHandle, HANDLE Event);
PVOID RtlImageNtHeader(PVOID BaseOfImage);
NTSTATUS RtlImageNtHeaderEx(ULONG Flags, PVOID BaseOfImage, ULONGLONG Size, _Out_ PVOID *OutHeaders);
PVOID RtlImageDirectoryEntryToData(PVOID BaseOfImage, BOOLEAN MappedAsImage, USHORT DirectoryEntry, _Out_ ULONG *Size);
PVOID RtlImageRvaToVa(PVOID NtHeaders, PVOID BaseOfImage, ULONG Rva, _Inout_ PVOID *LastRvaSection);
PVOID RtlImageRvaToSection(PVOID NtHeaders, PVOID BaseOfImage, ULONG Rva);
PVOID RtlEncodePointer(PVOID Ptr);
PVOID RtlDecodePointer(PVOID Ptr);
PVOID RtlEncodeSystemPointer(PVOID Ptr);
PVOID RtlDecodeSystemPointer(PVOID Ptr);
NTSTATUS RtlFlsAlloc(PVOID Callback, _Out_ ULONG *Index);
NTSTATUS RtlFlsFree(ULONG Index);
NTSTATUS RtlFlsGetValue(ULONG Index, _Out_ PVOID *Value);
NTSTATUS RtlFlsSetValue(ULONG Index, PVOID Value);
NTSTATUS RtlFindMessage(PVOID DllHandle, ULONG MessageTableId, ULONG MessageLanguageId, ULONG MessageId, _Out_ PVOID *MessageEntry);
NTSTATUS RtlFormatMessage(_In_ PWSTR MessageFormat, ULONG MaximumWidth, BOOLEAN IgnoreInserts, BOOLEAN ArgumentsAreAnsi, BOOLEAN ArgumentsAreAnArray, PVOID Arguments, _Out_ PWSTR Buffer, ULONG Length, _Out_ ULONG *ReturnLength);
LONG RtlCompareUnicodeStrings(_In_ PWSTR String1, SIZE_T String1Length, _In_ PWSTR String2, SIZE_T String2Length, BOOLEAN CaseInSensitive);
NTSTATUS RtlUnicodeStringToAnsiSize(_In_ UNICODE_STRING *UnicodeString);
void RtlEraseUnicodeString(_Inout_ UNICODE_STRING *String);
NTSTATUS RtlLargeIntegerToChar(_In_ LARGE_INTEGER *Value, ULONG Base, LONG OutputLength, _Out_ PSTR String);
NTSTATUS RtlIntegerToChar(ULONG Value, ULONG Base, LONG OutputLength, _Out_ PSTR String);
void RtlFillMemory(_Out_ PVOID Destination, SIZE_T Length, BYTE Fill);
void RtlMoveMemory(_Out_ PVOID Destination, _In_ PVOID Source, SIZE_T Length);
void RtlCopyMemory(_Out_ PVOID Destination, _In_ PVOID Source, SIZE_T Length);
void RtlZeroMemory(_Out_ PVOID Destination, SIZE_T Length);
ULONG RtlComputeCrc32(ULONG PartialCrc, _In_ PVOID Buffer, LONG Length);
NTSTATUS RtlGetCompressionWorkSpaceSize(USHORT CompressionFormatAndEngine, _Out_ ULONG *CompressBufferWorkSpaceSize, _Out_ ULONG *CompressFragmentWorkSpaceSize);
NTSTATUS RtlActivateActivationContext(ULONG Flags, HANDLE ActivationContextHandle, _Out_ ULONG_PTR *Cookie);
NTSTATUS RtlDeactivateActivationContext(ULONG Flags, ULONG_PTR Cookie);
NTSTATUS RtlWow64EnableFsRedirection(BOOLEAN Wow64FsEnableRedirection);
NTSTATUS RtlWow64EnableFsRedirectionEx(PVOID Wow64FsEnableRedirection, _Out_ PVOID *OldFsRedirectionLevel);
NTSTATUS RtlSetThreadIsCritical(BOOLEAN NewValue, _Out_ BOOLEAN *OldValue, BOOLEAN CheckFlag);
NTSTATUS RtlSetProcessIsCritical(BOOLEAN NewValue, _Out_ BOOLEAN *OldValue, BOOLEAN CheckFlag);
NTSTATUS RtlRemoteCall(HANDLE ProcessHandle, HANDLE ThreadHandle, PVOID CallSite, ULONG ArgumentCount, _In_ ULONG_PTR *Arguments, BOOLEAN PassContext, BOOLEAN AlreadySuspended);
void KiUserExceptionDispatcher(void);
void KiUserApcDispatcher(void);
void KiUserCallbackDispatcher(void);
NTSTATUS CsrClientCallServer(_Inout_ PVOID ApiMessage, PVOID CaptureBuffer, ULONG ApiNumber, ULONG ArgLength);
NTSTATUS CsrClientConnectToServer(_In_ PWSTR ObjectDirectory, ULONG ServerDllIndex, PVOID ConnectionInfo, ULONG ConnectionInfoSize, _Out_ BOOLEAN *ServerToServerCall);
HANDLE CsrGetProcessId(void);
NTSTATUS DbgUiConnectToDbg(void);
HANDLE DbgUiGetThreadDebugObject(void);
void DbgUiSetThreadDebugObject(HANDLE DebugObject);
NTSTATUS DbgUiDebugActiveProcess(HANDLE Process);
void DbgUiRemoteBreakin(PVOID Context);
NTSTATUS DbgUiWaitStateChange(_Out_ PVOID StateChange, _In_ LARGE_INTEGER *Timeout);
NTSTATUS DbgUiContinue(_In_ CLIENT_ID *AppClientId, NTSTATUS ContinueStatus);
NTSTATUS DbgUiStopDebugging(HANDLE Process);
ULONG EtwEventRegister(_In_ GUID *ProviderId, PVOID EnableCallback, PVOID CallbackContext, _Out_ ULONGLONG *RegHandle);
ULONG EtwEventUnregister(ULONGLONG RegHandle);
ULONG EtwEventWrite(ULONGLONG RegHandle, _In_ PVOID EventDescriptor, ULONG UserDataCount, _In_ PVOID UserData);
ULONG EtwEventWriteTransfer(ULONGLONG RegHandle, _In_ PVOID EventDescriptor, _In_ GUID *ActivityId, _In_ GUID *RelatedActivityId, ULONG UserDataCount, _In_ PVOID UserData);
ULONG EtwEventSetInformation(ULONGLONG RegHandle, ULONG InformationClass, _In_ PVOID EventInformation, ULONG InformationLength);
ULONG EtwRegisterTraceGuidsW(PVOID RequestAddress, PVOID RequestContext, _In_ GUID *ControlGuid, ULONG GuidCount, _In_ PVOID TraceGuidReg, _In_ PWSTR MofImagePath, _In_ PWSTR MofResourceName, _Out_ ULONGLONG *RegistrationHandle);
ULONG EtwUnregisterTraceGuids(ULONGLONG RegistrationHandle);
NTSTATUS TpAllocPool(_Out_ PVOID *PoolReturn, PVOID Reserved);
void TpReleasePool(PVOID Pool);
void TpSetPoolMaxThreads(PVOID Pool, ULONG MaxThreads);
NTSTATUS TpSetPoolMinThreads(PVOID Pool, ULONG MinThreads);
NTSTATUS TpAllocWork(_Out_ PVOID *WorkReturn, PVOID Callback, PVOID Context, PVOID CallbackEnviron);
void TpPostWork(PVOID Work);
void TpReleaseWork(PVOID Work);
void TpWaitForWork(PVOID Work, ULONG CancelPendingCallbacks);
NTSTATUS TpSimpleTryPost(PVOID Callback, PVOID Context, PVOID CallbackEnviron);
NTSTATUS TpAllocTimer(_Out_ PVOID *Timer, PVOID Callback, PVOID Context, PVOID CallbackEnviron);
void TpSetTimer(PVOID Timer, _In_ LARGE_INTEGER *DueTime, ULONG Period, ULONG WindowLength);
void TpReleaseTimer(PVOID Timer);
void TpWaitForTimer(PVOID Timer, ULONG CancelPendingCallbacks);
NTSTATUS TpAllocWait(_Out_ PVOID *WaitReturn, PVOID Callback, PVOID Context, PVOID CallbackEnviron);
void TpSetWait(PVOID Wait, HANDLE Handle, _In_ LARGE_INTEGER *Timeout);
void TpReleaseWait(PVOID Wait);
void TpWaitForWait(PVOID Wait, ULONG CancelPendingCallbacks);
NTSTATUS TpAllocIoCompletion(_Out_ PVOID *IoReturn, HANDLE File, PVOID Callback, PVOID Context, PVOID CallbackEnviron);
void TpStartAsyncIoOperation(PVOID Io);
void TpCancelAsyncIoOperation(PVOID Io);
void TpReleaseIoCompletion(PVOID Io);
NTSTATUS TpAllocCleanupGroup(_Out_ PVOID *CleanupGroupReturn);
void TpReleaseCleanupGroup(PVOID CleanupGroup);
void TpReleaseCleanupGroupMembers(PVOID CleanupGroup, ULONG CancelPendingCallbacks, PVOID CleanupParameter);

#dll kernel32.dll
BOOL BaseThreadInitThunk(ULONG Unknown, PVOID StartAddress, PVOID Parameter);
BOOL CreateProcessInternalW(HANDLE hUserToken, _In_ PWSTR lpApplicationName, _In_ PWSTR lpCommandLine, SECURITY_ATTRIBUTES *lpProcessAttributes, SECURITY_ATTRIBUTES *lpThreadAttributes, BOOL bInheritHandles, PROCESS_CREATION_FLAGS dwCreationFlags, PVOID lpEnvironment, _In_ PWSTR lpCurrentDirectory, STARTUPINFOW *lpStartupInfo, _Out_ PROCESS_INFORMATION *lpProcessInformation, _Out_ HANDLE *hRestrictedUserToken);
BOOL SetLastConsoleEventActive(void);
BOOL GetNumberOfConsoleFonts(void);
BOOL VerifyConsoleIoHandle(HANDLE hConsoleHandle);

#dll ucrtbase.dll
void *malloc(size_t size);
void *calloc(size_t number, size_t size);
void *realloc(void *memblock, size_t size);
void free(void *memblock);
int printf(const char *format, ...);
int fprintf(FILE *stream, const char *format, ...);
int sprintf(_Out_ char *buffer, const char *format, ...);
int wprintf(const wchar_t *format, ...);
int fwprintf(FILE *stream, const wchar_t *format, ...);
int puts(const char *str);
size_t fread(_Out_ void *buffer, size_t size, size_t count, FILE *stream);
size_t fwrite(const void *buffer, size_t size, size_t count, FILE *stream);
void *memcpy(_Out_ void *dest, const void *src, size_t count);
void *memmove(_Out_ void *dest, const void *src, size_t count);
void *memset(_Out_ void *dest, int c, size_t count);
int memcmp(const void *buffer1, const void *buffer2, size_t count);
void *memchr(const void *buffer, int c, size_t count);
FILE *__acrt_iob_func(unsigned Ix);
FILE *__iob_func(void);
int __stdio_common_vfprintf(unsigned long long options, FILE *stream, const char *format, void *locale, void *arglist);
int __stdio_common_vfprintf_s(unsigned long long options, FILE *stream, const char *format, void *locale, void *arglist);
int __stdio_common_vfwprintf(unsigned long long options, FILE *stream, const wchar_t *format, void *locale, void *arglist);
int __stdio_common_vfwprintf_s(unsigned long long options, FILE *stream, const wchar_t *format, void *locale, void *arglist);
int __stdio_common_vsprintf(unsigned long long options, _Out_ char *buffer, size_t buffer_count, const char *format, void *locale, void *arglist);
int __stdio_common_vsprintf_s(unsigned long long options, _Out_ char *buffer, size_t buffer_count, const char *format, void *locale, void *arglist);
int __stdio_common_vsnprintf_s(unsigned long long options, _Out_ char *buffer, size_t buffer_count, size_t max_count, const char *format, void *locale, void *arglist);
int __stdio_common_vswprintf(unsigned long long options, _Out_ wchar_t *buffer, size_t buffer_count, const wchar_t *format, void *locale, void *arglist);
int __stdio_common_vswprintf_s(unsigned long long options, _Out_ wchar_t *buffer, size_t buffer_count, const wchar_t *format, void *locale, void *arglist);
int __stdio_common_vsnwprintf_s(unsigned long long options, _Out_ wchar_t *buffer, size_t buffer_count, size_t max_count, const wchar_t *format, void *locale, void *arglist);
int __stdio_common_vsscanf(unsigned long long options, const char *buffer, size_t buffer_count, const char *format, void *locale, void *arglist);
int __stdio_common_vswscanf(unsigned long long options, const wchar_t *buffer, size_t buffer_count, const wchar_t *format, void *locale, void *arglist);
int __stdio_common_vfscanf(unsigned long long options, FILE *stream, const char *format, void *locale, void *arglist);
int __stdio_common_vfwscanf(unsigned long long options, FILE *stream, const wchar_t *format, void *locale, void *arglist);
int *__p__commode(void);
int *__p__fmode(void);
int *__p___argc(void);
char ***__p___argv(void);
wchar_t ***__p___wargv(void);
char ***__p__environ(void);
wchar_t ***__p__wenviron(void);
char **__p__acmdln(void);
wchar_t **__p__wcmdln(void);
int __getmainargs(_Out_ int *argc, _Out_ char ***argv, _Out_ char ***env, int dowildcard, void *startinfo);
int __wgetmainargs(_Out_ int *argc, _Out_ wchar_t ***argv, _Out_ wchar_t ***env, int dowildcard, void *startinfo);
void __set_app_type(int at);
void _set_app_type(int at);
int _configure_narrow_argv(int mode);
int _configure_wide_argv(int mode);
int _initialize_narrow_environment(void);
int _initialize_wide_environment(void);
char **_get_initial_narrow_environment(void);
wchar_t **_get_initial_wide_environment(void);
int _initterm_e(void *first, void *last);
void _initterm(void *first, void *last);
int _crt_atexit(void *function);
int _crt_at_quick_exit(void *function);
int _register_onexit_function(void *table, void *function);
int _initialize_onexit_table(void *table);
int _execute_onexit_table(void *table);
int _seh_filter_exe(unsigned long code, void *exception_pointers);
int _seh_filter_dll(unsigned long code, void *exception_pointers);
int _XcptFilter(unsigned long code, void *exception_pointers);
void _c_exit(void);
void _cexit(void);
void _exit(int status);
void exit(int status);
void abort(void);
void terminate(void);
int _set_new_mode(int mode);
void *_set_new_handler(void *handler);
int _callnewh(size_t size);
void *_malloc_base(size_t size);
void _free_base(void *memblock);
void _invalid_parameter(const wchar_t *expression, const wchar_t *function, const wchar_t *file, unsigned line, size_t reserved);
void _invalid_parameter_noinfo(void);
void _invalid_parameter_noinfo_noreturn(void);
void _invoke_watson(const wchar_t *expression, const wchar_t *function, const wchar_t *file, unsigned line, size_t reserved);
void *_set_invalid_parameter_handler(void *handler);
void _assert(const char *message, const char *file, unsigned line);
void _wassert(const wchar_t *message, const wchar_t *file, unsigned line);
void _purecall(void);
void _amsg_exit(int error);
void _lock(int locknum);
void _unlock(int locknum);
void _lock_file(FILE *stream);
void _unlock_file(FILE *stream);
void *__dllonexit(void *function, void *start, void *end);
void *_onexit(void *function);
int __C_specific_handler(EXCEPTION_RECORD *exception_record, void *establisher_frame, CONTEXT *context_record, void *dispatcher_context);
int __CxxFrameHandler(EXCEPTION_RECORD *exception_record, void *establisher_frame, CONTEXT *context_record, void *dispatcher_context);
int __CxxFrameHandler3(EXCEPTION_RECORD *exception_record, void *establisher_frame, CONTEXT *context_record, void *dispatcher_context);
int __CxxFrameHandler4(EXCEPTION_RECORD *exception_record, void *establisher_frame, CONTEXT *context_record, void *dispatcher_context);
void _CxxThrowException(void *object, void *throw_info);
void __std_exception_copy(const void *from, _Out_ void *to);
void __std_exception_destroy(void *data);
void __std_terminate(void);
const char *__std_type_info_name(void *data, void *root_node);
int __std_type_info_compare(const void *lhs, const void *rhs);
size_t __std_type_info_hash(const void *data);
void __std_type_info_destroy_list(void *root_node);
void *__RTDynamicCast(void *inptr, long VfDelta, void *SrcType, void *TargetType, int isReference);
void *__RTtypeid(void *inptr);
void *__RTCastToVoid(void *inptr);
void **__current_exception(void);
void **__current_exception_context(void);
int *__processing_throw(void);
int __uncaught_exception(void);
int __uncaught_exceptions(void);
int __intrinsic_setjmp(_Out_ void *env, void *frame);
int _setjmp(_Out_ void *env, void *frame);
int _setjmpex(_Out_ void *env, void *frame);
void longjmp(const void *env, int value);
int _except_handler3(EXCEPTION_RECORD *exception_record, void *establisher_frame, CONTEXT *context_record, void *dispatcher_context);
int _except_handler4_common(void *cookie, void *cookie_check, EXCEPTION_RECORD *exception_record, void *establisher_frame, CONTEXT *context_record, void *dispatcher_context);
int _is_exception_typeof(const void *type, void *exception_pointers);
void *_set_se_translator(void *function);
unsigned _get_dstbias(_Out_ long *seconds);
void *_getptd(void);
