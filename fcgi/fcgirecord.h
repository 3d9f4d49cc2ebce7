#ifndef KABUTO_FCGIRECORD_H
#define KABUTO_FCGIRECORD_H
/*
 * The records that a FastCGI application sends (FastCGI Specification 1.0, sections 3.3 and 8), for
 * a connection that libfcgi does not write to any more.
 */
#include <stddef.h>

#define FCGIRECORD_HEADER 8     /* bytes */
#define FCGIRECORD_MOST   65528 /* bytes of content of a record; a multiple of 8, as advised */
#define FCGIRECORD_END    24    /* bytes of the records that end a request */

/* Writes the header of a record of the response's body (FCGI_STDOUT) with length bytes after it. */
void fcgirecord_body(unsigned char header[static FCGIRECORD_HEADER], int request, size_t length);

/* Writes the records that end a request: the end of the body, then FCGI_END_REQUEST. */
void fcgirecord_end(unsigned char records[static FCGIRECORD_END], int request);

#endif
