/* check/run/login.h: signing in by a form. */
#pragma once

#include "check/run/crawl.h"

/* Sends the run's login_form, "URL NAME=VALUE&...", and keeps the cookies. False: it was refused,
 * or there was no answer; `err` says so. */
NODISCARD bool crawl_login(struct crawl *crawl, struct err *err);
