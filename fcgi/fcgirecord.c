/*
 * Writes FastCGI records.
 */
#include "fcgirecord.h"

#include <string.h>

/* FastCGI Specification, section 8: "Types and Constants" */
enum { FCGIRECORD_VERSION = 1, FCGIRECORD_END_REQUEST = 3, FCGIRECORD_STDOUT = 6 };

static void
fcgirecord_header(unsigned char header[static FCGIRECORD_HEADER], int type, int request,
    size_t length)
{
	header[0] = FCGIRECORD_VERSION;
	header[1] = (unsigned char)type;
	header[2] = (unsigned char)(request >> 8);
	header[3] = (unsigned char)request;
	header[4] = (unsigned char)(length >> 8);
	header[5] = (unsigned char)length;
	header[6] = 0; /* bytes of padding */
	header[7] = 0;
}

void
fcgirecord_body(unsigned char header[static FCGIRECORD_HEADER], int request, size_t length)
{
	fcgirecord_header(header, FCGIRECORD_STDOUT, request, length);
}

void
fcgirecord_end(unsigned char records[static FCGIRECORD_END], int request)
{
	fcgirecord_header(records, FCGIRECORD_STDOUT, request, 0);
	fcgirecord_header(records + FCGIRECORD_HEADER, FCGIRECORD_END_REQUEST, request, 8);
	/* Exit status 0, and FCGI_REQUEST_COMPLETE (0). */
	memset(records + 2 * FCGIRECORD_HEADER, 0, 8);
}
