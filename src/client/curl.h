/* client/curl.h: libcurl, loaded when it is first needed. Its functions are members of `curl`:
 * curl.easy_init() is curl_easy_init(). */
#pragma once

#define CURL_DISABLE_TYPECHECK /* its macros would call the functions themselves */
#include <curl/curl.h>

#include "base/err.h"

/* Their types are those of libcurl's header; the calls are checked as calls of a function are. */
struct curl_library {
#define CURL_FUNCTION(field, function) __typeof__(function) *field;
#include "client/curl.def"
#undef CURL_FUNCTION
};

extern struct curl_library curl;

/* Loads it, and lets it begin; again, it does nothing. One thread at a time. False: `err` says why.
 */
NODISCARD bool curl_load(struct err *err);
