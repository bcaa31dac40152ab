#include "store/store.h"

void store_close(struct store **store)
{
    struct store *closing = *store;
    *store = NULL;
    if (closing)
        closing->ops->close(closing);
}

void store_content_close(struct store_content **content)
{
    struct store_content *closing = *content;
    *content = NULL;
    if (closing)
        closing->ops->close(closing);
}

void store_cursor_close(struct store_cursor **cursor)
{
    struct store_cursor *closing = *cursor;
    *cursor = NULL;
    if (closing)
        closing->ops->close(closing);
}

void store_upload_close(struct store_upload **upload)
{
    struct store_upload *closing = *upload;
    *upload = NULL;
    if (closing)
        closing->ops->close(closing);
}
