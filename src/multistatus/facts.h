/* multistatus/facts.h: what a response says of its resource. */
#pragma once

#include "base/str.h"
#include "davit/multistatus.h"

enum fact_kind { FACT_UNKNOWN, FACT_FILE, FACT_COLLECTION };

/* Whether it answers a PROPFIND for propname (RFC 4918 §9.1.2): found properties, and no value. */
bool fact_is_names_only(const struct davit_ms_response *response);

/* By its resourcetype, where that was found. */
enum fact_kind fact_kind_of(const struct davit_ms_response *response);

/* A property of DAV: that was found (2xx); NULL: it was not. */
const struct davit_ms_element *fact_prop(const struct davit_ms_response *response, struct str name);

/* Whether a resourcetype has an element collection in it. */
bool fact_is_collection(const struct davit_ms_element *resourcetype);
