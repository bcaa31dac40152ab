/* Reads a 207 body from standard input and names the members that failed.
 *
 *     cc multistatus-summary.c $(pkg-config --cflags --libs davit) -o multistatus-summary
 *     curl -sX DELETE http://127.0.0.1:8080/folder/ | ./multistatus-summary
 *
 * Exit status: 0 nothing failed inside, 1 something did, 3 this is no complete multistatus. */
#include <davit/multistatus.h>

#include <stdio.h>

static void print(const struct davit_ms_response *response)
{
    unsigned status = davit_ms_response_status(response);
    const struct davit_ms_reason *reason = &response->reason;
    if (status >= 200 && status < 300)
        return;
    for (size_t i = 0; i < response->href_count; i++)
        printf("%u %s", status, response->hrefs[i].uri.at);
    for (size_t i = 0; i < reason->condition_count; i++)
        printf(" (%s)", reason->conditions[i].name.at);
    printf("\n");
}

/* Reads all of `file`; the result is DAVIT_MS_END, or what was wrong. */
static enum davit_ms_rc read_all(struct davit_ms_reader *reader, FILE *file)
{
    char bytes[65536];
    size_t len;
    enum davit_ms_rc rc = DAVIT_MS_MORE;
    const struct davit_ms_response *response;
    while (rc == DAVIT_MS_MORE && (len = fread(bytes, 1, sizeof(bytes), file)) > 0) {
        davit_ms_reader_feed(reader, bytes, len);
        while ((rc = davit_ms_reader_next(reader, &response)) == DAVIT_MS_RESPONSE)
            print(response);
    }
    return rc == DAVIT_MS_MORE ? davit_ms_reader_finish(reader) : rc;
}

int main(void)
{
    struct davit_ms_reader *reader = davit_ms_reader_new(NULL);
    const struct davit_ms_verdict *verdict;
    char text[200];
    enum davit_ms_rc rc;
    int status;

    if (!reader)
        return 3;
    rc = read_all(reader, stdin);
    verdict = davit_ms_reader_verdict(reader);
    if (rc == DAVIT_MS_END) {
        davit_ms_verdict_text(verdict, text, sizeof(text));
        printf("207(%s)\n", text);
        status = verdict->success_count == verdict->member_count ? 0 : 1;
    } else {
        fprintf(stderr, "line %llu: %s\n",
                (unsigned long long)davit_ms_reader_place(reader).line,
                davit_ms_reader_message(reader));
        status = 3;
    }
    davit_ms_reader_free(reader);
    return status;
}
