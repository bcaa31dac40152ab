/* multistatus/facts.h: what a response says of its resource. */
#pragma once

#include "base/str.h"
#include "davit/multistatus.h"

enum fact_kind { FACT_UNKNOWN, FACT_FILE, FACT_COLLECTION };

/* By its resourcetype, where that was found. */
enum fact_kind fact_kind_of(const struct davit_ms_response *response);

/* A property of DAV: that was found (2xx); NULL: it was not. */
const struct davit_ms_element *fact_prop(const struct davit_ms_response *response, struct str name);

/* Whether a resourcetype has an element collection in it. */
bool fact_is_collection(const struct davit_ms_element *resourcetype);
