/* store/silent.h: a visitor that refuses nothing and hears nothing: for what has been asked about
 * before or is davit's own, and is told by the call's rc. */
#pragma once

#include "store/types.h"

static inline unsigned silent_refuse(struct store_visitor *visitor, struct res_path path)
{
    (void)visitor, (void)path; /* whatever it is */
    return 0;
}

static inline bool silent_may_refuse(struct store_visitor *visitor, struct res_path path)
{
    (void)visitor, (void)path; /* likewise */
    return false;
}

static inline void silent_failed(struct store_visitor *visitor, struct res_path path,
                                 bool is_collection, enum store_rc rc, unsigned reason)
{
    (void)visitor, (void)path, (void)is_collection, (void)rc, (void)reason; /* nobody asked */
}

static inline struct store_visitor silent_visitor(void)
{
    return (struct store_visitor){silent_refuse, silent_may_refuse, silent_failed, NULL, NULL};
}
