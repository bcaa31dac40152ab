/* Runs a fuzz target over a corpus, without libFuzzer: each file that is named, and each file of a
 * folder that is named; and of each, every part that is cut off somewhere, because parsers fail at
 * ends. So what the fuzzers have found stays found in every build, with any compiler. */
#include <dirent.h>

#include "base/mem.h"
#include "fuzz.h"

enum { PREFIXES_OF_BYTES_MAX = 4096 };

static size_t run_count;

static void run(struct str input)
{
    (void)LLVMFuzzerTestOneInput((const uint8_t *)input.at, input.len); /* always 0 */
    run_count++;
}

static bool run_file(const char *path)
{
    struct buf content = {0};
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    size_t got;
    do {
        got = fread(buf_reserve(&content, 4096), 1, 4096, file);
        content.len += got;
    } while (got);
    fclose(file);
    run(buf_str(&content));
    for (size_t len = 0; len < content.len && content.len <= PREFIXES_OF_BYTES_MAX; len++)
        run(str_first(buf_str(&content), len));
    buf_done(&content);
    return true;
}

static bool run_folder(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    bool is_fine = count >= 0;
    for (int i = 0; i < count; i++) {
        struct buf full = {0};
        buf_addf(&full, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            is_fine &= run_file(buf_c(&full));
        buf_done(&full);
        mem_free(entries[i]);
    }
    if (count >= 0)
        mem_free(entries);
    return is_fine;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!run_folder(argv[i]) && !run_file(argv[i])) {
            fprintf(stderr, "cannot read %s\n", argv[i]);
            return 1;
        }
    }
    printf("%zu inputs\n", run_count);
    return run_count == 0; /* a run over nothing is no success */
}
