/* A batch: the first byte says in which form. Whatever it is, it is taken whole or there is a
 * defect; what is taken lies in the collection, and comes after what stands before it. */
#include "extension/batch/read.h"
#include "fuzz.h"
#include "support/exchange.h"

static void check_operation(const struct batch *batch, size_t number)
{
    const struct batch_operation *operation = batch->operations[number];
    FUZZ_CHECK(operation->id.len && operation->number == number);
    FUZZ_CHECK(path_is_within(operation->path, batch->x->path));
    for (size_t i = 0; i < operation->after_count; i++)
        FUZZ_CHECK(operation->after[i] < number);
    for (const struct batch_field *field = operation->fields; field; field = field->next)
        FUZZ_CHECK(http_is_field_value(field->value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bare_exchange bare;
    struct batch batch;
    struct str body = fuzz_input(data, size);
    char form = body.len ? body.at[0] : 0;
    body = str_from(body, 1);
    bare_exchange_init(&bare);
    bare.x.path = PATH("dir");
    batch_init(&batch, &bare.x);
    if (form == 'j') {
        batch_read_json(&batch, body);
    } else if (form == 't') {
        bare.x.method = method_of(METHOD_BCOPY);
        batch_read_targets(&batch, body);
    } else {
        batch_read_xml(&batch, body);
    }
    if (dav_is_fine(batch_check(&batch))) {
        FUZZ_CHECK(batch.count && batch.count <= body.len);
        for (size_t i = 0; i < batch.count; i++)
            check_operation(&batch, i);
    }
    batch_done(&batch);
    bare_exchange_done(&bare);
    return 0;
}
