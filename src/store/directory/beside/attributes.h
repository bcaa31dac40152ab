/* store/directory/beside/attributes.h: extended attributes: those of a member that is not opened,
 * and what a file takes over from another. */
#pragma once

#include "store/types.h"

/* What davit keeps with a file: when the resource was created (created.h), hashes of its content
 * (hashes.h). Those of the users' that are not carried. */
#define CREATED_ATTRIBUTE "user.davit.created"
#define HASHES_ATTRIBUTE  "user.davit.hashes"

/* As getxattr(2), of `name` in fd, which is not followed where it is a link; "" for fd itself,
 * which may be of O_PATH. */
NODISCARD ssize_t attribute_get(int fd, const char *name, const char *attribute, void *value_out,
                                size_t size);

/* Gives `to_fd` the POSIX ACLs and the users' extended attributes of `name` in from_fd; "" for
 * from_fd itself. Where there are none, or the file system knows none, OK. */
NODISCARD enum store_rc attributes_carry(int from_fd, const char *name, int to_fd);
/* The same of from_fd itself, for what was made where no ACL is handed down: to take away what is
 * not there is a change of the inode, and of the file system's journal. *has_acl_out: it has been
 * given one. */
NODISCARD enum store_rc attributes_carry_to_plain(int from_fd, int to_fd, bool *has_acl_out);
/* Whether what is made in the collection gets an ACL of it. When in doubt, it does. */
bool attributes_hand_down_acl(int fd);
