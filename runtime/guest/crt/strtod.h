/* A floating point number as read from text, before rounding. */
#ifndef CRT_STRTOD_H
#define CRT_STRTOD_H

enum crt_number_kind {
    CRT_NUMBER_NONE,
    CRT_NUMBER_DECIMAL, /* mantissa * 10**exponent, or text when that is set */
    CRT_NUMBER_HEX,     /* mantissa * 2**exponent, a little more when sticky */
    CRT_NUMBER_INFINITY,
    CRT_NUMBER_NAN,
    CRT_NUMBER_SIGNALING,
    CRT_NUMBER_IND,
};

typedef struct crt_number {
    enum crt_number_kind kind;
    int negative, digits, exponent, sticky;
    uint64_t mantissa;
    char *text; /* all digits and an exponent, from malloc; the conversions free it */
} crt_number;

/* Round to the nearest; *code becomes 3 (overflow) or 4 (underflow to zero), the values of <math.h>. */
double crt_number_to_double(crt_number *number, int *code);
float crt_number_to_float(crt_number *number, int *code);
/* Writes "e<exponent>". */
void crt_write_exponent(char *text, int exponent);

#endif
