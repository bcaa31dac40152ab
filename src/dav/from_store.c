#include "dav/from_store.h"

struct dav_result dav_from_store(enum store_rc rc)
{
    switch (rc) {
    case STORE_OK:
        return DAV_FINE;
    case STORE_NOT_FOUND:
        return dav_not_found();
    case STORE_NO_PARENT:
        return dav_error(HTTP_CONFLICT, "the collection that should hold it does not exist");
    case STORE_EXISTS:
        return dav_error(HTTP_PRECONDITION_FAILED, "the resource already exists");
    case STORE_IS_COLLECTION:
        return dav_error(HTTP_METHOD_NOT_ALLOWED, "this is a collection");
    case STORE_DENIED:
    case STORE_REFUSED:
        return dav_error(HTTP_FORBIDDEN, "the server has no permission to do that");
    case STORE_ALIAS:
        return dav_error(HTTP_CONFLICT, "there is a symbolic link now");
    case STORE_MOUNT:
        return dav_condition(CONDITION_CANNOT_REMOVE_MOUNT,
                             "a mount begins there: it stays, and nothing in it was touched");
    case STORE_SAME:
        return dav_error(HTTP_FORBIDDEN,
                         "source and destination are one and the same by another name of their "
                         "server, or one is in the other, or that cannot be ruled out");
    case STORE_READ_ONLY:
        return dav_error(HTTP_FORBIDDEN, "the server's file system is read-only at present");
    case STORE_NO_SPACE:
        return dav_condition(CONDITION_SUFFICIENT_DISK_SPACE, "there is no space left");
    case STORE_OVER_QUOTA:
        return dav_condition(CONDITION_QUOTA_NOT_EXCEEDED, "the quota is used up");
    case STORE_NAME_TOO_LONG:
        return dav_error(HTTP_URI_TOO_LONG, "a name in the path is too long");
    case STORE_BUSY:
        return dav_busy();
    case STORE_AGAIN:
        return dav_error(HTTP_SERVICE_UNAVAILABLE,
                         "others change the same all the time; try again");
    case STORE_TOO_DEEP:
        return dav_error(HTTP_INSUFFICIENT_STORAGE, "collections are nested too deeply");
    case STORE_UNAVAILABLE:
        return dav_error(HTTP_SERVICE_UNAVAILABLE,
                         "what is served here cannot be reached; see the server's log");
    case STORE_UNKNOWN:
        return dav_error(
            HTTP_INTERNAL_ERROR,
            "the change was made, but it is not known whether it will last; see the server's log");
    case STORE_LOCKED:
        return dav_error(HTTP_LOCKED, "the server that has it says that it is locked");
    case STORE_BAD_ORIGIN:
        return dav_error(HTTP_BAD_GATEWAY,
                         "the server that has it fails, or refuses; see the server's log");
    case STORE_NO_ANSWER:
        return dav_error(HTTP_GATEWAY_TIMEOUT,
                         "the server that has it has not answered: whether it was done is not "
                         "known; look before it is tried again");
    case STORE_LENGTH:
        return dav_error(HTTP_BAD_REQUEST, "the content does not have the announced length");
    case STORE_HASH:
        return dav_error(HTTP_BAD_REQUEST, "the content does not have the announced hash");
    case STORE_DONE:
        return dav_error(HTTP_CONFLICT, "this upload is over");
    case STORE_FAILED:
    case STORE_END:
    case STORE_PARTIAL:
        break;
    }
    return dav_error(HTTP_INTERNAL_ERROR, "the storage failed; see the server's log");
}

struct dav_result dav_kept_only(void)
{
    return dav_error(HTTP_FORBIDDEN,
                     "what is kept here can be read, copied, moved out and deleted, "
                     "and nothing else");
}
