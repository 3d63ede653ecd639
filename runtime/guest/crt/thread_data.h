/* Life of the per-thread data: used by DllMain and by _beginthread. */
#ifndef CRT_THREAD_DATA_H
#define CRT_THREAD_DATA_H

int crt_thread_data_init(void);
crt_thread *crt_thread_data_new(void);
int crt_thread_data_attach(crt_thread *data);
void crt_thread_data_free(crt_thread *data);
void crt_thread_data_detach(void);
void __declspec(noreturn) _amsg_exit(int message);

#endif
