#ifndef CRT_LOCKS_H
#define CRT_LOCKS_H

void crt_locks_init(void);
int crt_try_lock(int number);

#endif
