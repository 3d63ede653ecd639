/* The per-thread data of the C runtime, and errno and _doserrno, which live in it. */
#include "internal.h"
#include "thread_data.h"

DWORD crt_tls_index = TLS_OUT_OF_INDEXES;

int crt_thread_data_init(void)
{
    crt_tls_index = TlsAlloc();
    return crt_tls_index != TLS_OUT_OF_INDEXES;
}

/* Data of our own for a thread that _beginthread is about to create. */
crt_thread *crt_thread_data_new(void)
{
    crt_thread *data = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof *data);

    if (data)
        data->rand_state = 1;
    return data;
}

int crt_thread_data_attach(crt_thread *data)
{
    return TlsSetValue(crt_tls_index, data);
}

crt_thread *crt_thread_data_slow(void)
{
    DWORD last_error = GetLastError();
    crt_thread *data = TlsGetValue(crt_tls_index);

    if (!data) {
        data = crt_thread_data_new();
        if (!data || !crt_thread_data_attach(data))
            _amsg_exit(16);
    }
    SetLastError(last_error);
    return data;
}

void crt_thread_data_free(crt_thread *data)
{
    if (!data)
        return;
    crt_locale_thread_exit(data);
    free(data->strerror_buffer);
    free(data->wcserror_buffer);
    free(data->asctime_buffer);
    free(data->wasctime_buffer);
    free(data->tm_buffer);
    free(data->cvt_buffer);
    free(data->tmpnam_buffer);
    free(data->wtmpnam_buffer);
    free(data->signals);
    HeapFree(GetProcessHeap(), 0, data);
}

void crt_thread_data_detach(void)
{
    if (crt_tls_index == TLS_OUT_OF_INDEXES)
        return;
    crt_thread_data_free(TlsGetValue(crt_tls_index));
    TlsSetValue(crt_tls_index, NULL);
}

CRT_EXPORT int *_errno(void)
{
    return &crt_thread_data()->errno_value;
}

CRT_EXPORT unsigned long *__doserrno(void)
{
    return &crt_thread_data()->doserrno_value;
}

CRT_EXPORT int _get_errno(int *value)
{
    if (!value)
        return CRT_INVALID(EINVAL), EINVAL;
    *value = errno;
    return 0;
}

CRT_EXPORT int _set_errno(int value)
{
    errno = value;
    return 0;
}

CRT_EXPORT int _get_doserrno(unsigned long *value)
{
    if (!value)
        return CRT_INVALID(EINVAL), EINVAL;
    *value = _doserrno;
    return 0;
}

CRT_EXPORT int _set_doserrno(unsigned long value)
{
    _doserrno = value;
    return 0;
}
