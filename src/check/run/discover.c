/* From what stands in a document to targets and places. A document's links come when it has ended:
 * its <base>, which may stand behind them, holds for all.
 *
 * A link becomes a place in any case, so that the report can say of each what became of it. Which
 * of them become targets that are fetched is decided here: the scheme, --include and --exclude, how
 * deep the run goes. Links that run a script or hold their data in themselves are left out
 * altogether.
 *
 * It is the link that is left out, and not its target: another one, with another fragment, may lead
 * there and be wanted. A target that only links of the first kind lead to is SKIPPED until one of
 * the second comes (TARGET_IS_LEFT). */
#include "check/run/discover.h"

#include "check/model/fragment.h"
#include "check/url/percent.h"
#include "check/url/scheme.h"
#include "http/status.h"
#include "text/utf8_clean.h"

#define FOREIGN_FILE "a page leads to a local file: never opened"

enum { TEXT_BYTES_MAX = 120 };

/* What runs, or holds its data itself, leads nowhere. */
static bool leads_nowhere(struct str raw)
{
    static const struct str schemes[] = {STR_INIT("javascript:"), STR_INIT("data:"),
                                         STR_INIT("blob:"), STR_INIT("about:")};
    while (raw.len && (unsigned char)raw.at[0] <= ' ')
        raw = str_from(raw, 1);
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (str_starts_nocase(raw, schemes[i]))
            return true;
    }
    return false;
}

/* What some places make of what they lead to, which by its type alone is not read. */
static uint32_t reader_of(enum link_kind kind)
{
    switch (kind) {
    case LINK_LINK_MANIFEST:
        return TARGET_IS_MANIFEST;
    case LINK_LINK_MODULEPRELOAD:
    case LINK_SCRIPT_MODULE:
    case LINK_SCRIPT_IMPORT:
    case LINK_SCRIPT_IMPORT_CALL:
    case LINK_IMPORTMAP_IMPORTS:
    case LINK_IMPORTMAP_SCOPES:
        return TARGET_IS_MODULE;
    default:
        return 0;
    }
}

static bool is_followed(const struct crawl *crawl, const struct link_context *context,
                        struct str url, enum link_kind kind)
{
    const struct check_options *options = crawl->options;
    bool is_start = context->page == TARGET_NONE;
    if (is_start)
        return true;
    /* A folder's modules and manifests are documents of it, though no name says so. */
    bool is_of_folder = reader_of(kind) && str_starts(url, STR("file:"));
    if ((!options->is_recursive && !is_of_folder) || context->depth > options->depth_max)
        return false;
    if (kind == LINK_SITEMAP_SITEMAP || kind == LINK_ROBOTS_SITEMAP)
        return true;
    return scope_is_inside(crawl->scope, url);
}

/* Whether an external page was fetched without reading it: who wants a name in it needs that. */
static bool needs_another_look(const struct crawl *crawl, const struct target *target)
{
    bool is_page = target->state == TARGET_DONE && target->verdict == VERDICT_OK &&
                   target->status == 200 && target->redirect_to == TARGET_NONE;
    return crawl->options->rules.with_fragments && is_page && target->host != TARGET_NONE &&
           !(target->flags & (TARGET_IS_PARSED | TARGET_HAS_MEMBERS));
}

/* It has a verdict that does not hold for who leads there now. */
static void look_again(struct crawl *crawl, uint32_t id)
{
    struct target *target = site_at(crawl->site, id);
    target->state = TARGET_IDLE;
    target->note = 0;
    crawl->counts.done--;
}

static void set_flags(struct crawl *crawl, const struct link_context *context, uint32_t id,
                      enum link_kind kind)
{
    struct target *target = site_at(crawl->site, id);
    struct str url = site_url(crawl->site, id);
    bool is_form = link_rows[kind].role == ROLE_FORM, was_form = false;
    bool is_hint = link_rows[kind].role == ROLE_HINT;
    uint32_t reader = reader_of(kind) & ~target->flags;
    if (kind == LINK_START)
        target->flags |= TARGET_IS_START;
    if (target->place_count == 0 && is_form)
        target->flags |= TARGET_IS_FORM;
    if (target->place_count == 0 && is_hint)
        target->flags |= TARGET_IS_HINT;
    if (!is_hint)
        target->flags &= ~(uint32_t)TARGET_IS_HINT;
    target->flags |= reader;
    if (!is_form && (target->flags & TARGET_IS_FORM)) {
        target->flags &= ~(uint32_t)TARGET_IS_FORM;
        was_form = true;
    }
    if (is_followed(crawl, context, url, kind) && !is_form)
        target->flags |= TARGET_IS_INSIDE;
    bool is_unread = target->flags & TARGET_IS_INSIDE && !(target->flags & TARGET_IS_PARSED);
    bool is_done = target->state == TARGET_DONE;
    bool was_no_link = was_form && (is_unread || http_is_error(target->status));
    if (is_done && (was_no_link || (reader && is_unread && target->verdict == VERDICT_OK)))
        look_again(crawl, id); /* it was fine for forms, or not read for links */
    if (kind == LINK_SITEMAP_SITEMAP || kind == LINK_ROBOTS_SITEMAP)
        target->flags |= TARGET_IS_SITEMAP;
}

static void fetch_again(struct crawl *crawl, uint32_t id)
{
    struct url url = {0};
    if (url_parse(&url, site_url(crawl->site, id), NULL, NULL)) {
        site_at(crawl->site, id)->flags |= TARGET_IS_FREE; /* it was counted */
        crawl->counts.done--;
        hosts_enqueue(&crawl->hosts, id, &url);
    }
    url_done(&url);
}

void target_names_came_late(struct crawl *crawl, uint32_t id)
{
    const struct target *target = site_at(crawl->site, id);
    if ((target->flags & TARGET_WANTS_NAMES) && needs_another_look(crawl, target))
        fetch_again(crawl, id);
}

/* Somebody wants a name in it, or in what it is redirected to. */
static void want_names(struct crawl *crawl, uint32_t id)
{
    for (unsigned hops = 0; hops < crawl->options->rules.redirects_max; hops++) {
        uint32_t next = site_at(crawl->site, id)->redirect_to;
        id = next == TARGET_NONE ? id : next;
    }
    struct target *target = site_at(crawl->site, id);
    bool is_first = !(target->flags & TARGET_WANTS_NAMES);
    target->flags |= TARGET_WANTS_NAMES;
    if (is_first && needs_another_look(crawl, target))
        fetch_again(crawl, id);
}

/* Whether it is an address of this machine's files that somebody else names. Only local documents
 * and the command line may lead to them: what a page names would be opened, and the report would
 * say what is there. */
static bool is_foreign_file(const struct crawl *crawl, const struct link_context *context)
{
    bool is_ours = context->page == TARGET_NONE
                       ? context->base == NULL
                       : site_at(crawl->site, context->page)->flags & TARGET_IS_FILE;
    return crawl->url.kind == URL_FILE && !is_ours;
}

/* Where Cloudflare puts mail addresses that robots are not to read: they get a 404. */
static bool is_hidden_address(const struct url *url)
{
    return str_starts(buf_str(&url->path), STR("/cdn-cgi/l/email-protection"));
}

/* What is not fetched: what can be said without. */
static enum verdict judge_unfetched(struct crawl *crawl, uint32_t id, const struct url *url)
{
    struct buf scheme = {0};
    buf_add(&scheme, buf_str(&url->scheme));
    bool is_mail = str_eq(buf_str(&scheme), STR("mailto"));
    bool is_known = scheme_is_known(buf_str(&scheme));
    const char *meant = is_known ? NULL : scheme_meant(buf_c(&scheme));
    enum verdict verdict = is_known ? VERDICT_SKIPPED : VERDICT_UNKNOWN_SCHEME;
    struct buf note = {0};
    if (is_hidden_address(url)) {
        BUF_ADD(&note, "a mail address that Cloudflare hides");
        verdict = VERDICT_SKIPPED;
    } else if (is_mail && !mailto_is_valid(buf_str(&url->path))) {
        BUF_ADD(&note, "not a mail address");
        verdict = VERDICT_BAD_URL;
    } else if (scheme.len == 1) {
        BUF_ADD(&note, "a path of a Windows machine");
        verdict = VERDICT_BAD_URL;
    } else if (meant) {
        buf_addf(&note, "was '%s:' meant?", meant);
        verdict = VERDICT_BAD_URL;
    }
    if (note.len)
        site_set_note(crawl->site, id, buf_str(&note));
    buf_done(&scheme);
    buf_done(&note);
    return verdict;
}

/* Queues it, unless it was looked at or need not be. */
static void settle_target(struct crawl *crawl, uint32_t id, const struct url *url, bool wants_name)
{
    if (wants_name)
        want_names(crawl, id);
    struct target *target = site_at(crawl->site, id);
    if (target->flags & TARGET_IS_LEFT) { /* a page led there first, and now one that may */
        target->flags &= ~(uint32_t)TARGET_IS_LEFT;
        look_again(crawl, id);
    }
    if (target->state != TARGET_IDLE)
        return;
    const uint32_t reads = TARGET_IS_INSIDE | TARGET_IS_SITEMAP | TARGET_IS_START;
    bool is_checked = url_is_http(url) || url->kind == URL_FILE;
    bool is_left = crawl->options->is_dump && !(target->flags & reads);
    if (is_checked && is_left)
        crawl_finish(crawl, id, VERDICT_SKIPPED);
    else if (is_checked && !is_hidden_address(url))
        hosts_enqueue(&crawl->hosts, id, url);
    else
        crawl_finish(crawl, id, judge_unfetched(crawl, id, url));
}

/* Whether --remap has led out of the folder that it names: what stands behind the match, or in a
 * group, comes from a page, and may be "..%2f..%2fetc/passwd". */
static bool climbs(const struct url *url, struct str folder)
{
    struct url named = {0};
    struct buf path = {0}, top = {0};
    if (url->kind == URL_FILE && url_parse(&named, folder, NULL, NULL)) {
        percent_decode(&path, buf_str(&url->path));
        percent_decode(&top, buf_str(&named.path));
    }
    bool is_away = !str_starts(buf_str(&path), buf_str(&top));
    for (struct str rest = buf_str(&path); rest.len && !is_away;)
        is_away = str_eq(str_cut(&rest, '/'), STR(".."));
    url_done(&named);
    buf_done(&path);
    buf_done(&top);
    return is_away;
}

/* The target of what stands in crawl->url. */
static uint32_t target_of_url(struct crawl *crawl, bool *is_new, bool *climbs_out)
{
    struct buf *text = &crawl->format;
    struct str folder;
    *climbs_out = false;
    if (crawl->url.kind == URL_FILE) { /* what stands behind '?' is for a server */
        buf_clear(&crawl->url.query);
        crawl->url.has_query = false;
    }
    buf_clear(text);
    url_format(&crawl->url, text, false);
    (void)buf_c(text); /* puts the NUL there */
    if (scope_remap(crawl->scope, buf_str(text), &crawl->remapped, &folder)) {
        if (!url_parse(&crawl->url, buf_str(&crawl->remapped), NULL, NULL)) {
            bool is_url = url_parse(&crawl->url, buf_str(text), NULL, NULL);
            assert(is_url); /* it was one before */
        }
        *climbs_out = climbs(&crawl->url, folder);
        buf_clear(text);
        url_format(&crawl->url, text, false);
    }
    return site_target(crawl->site, buf_str(text), is_new);
}

/* Without the directive for the browser that may stand at its end (HTML 7.4.2.3.3). */
static void decode_fragment(const struct url *url, struct buf *to)
{
    struct buf bytes = {0};
    struct str fragment = buf_str(&url->fragment);
    for (size_t i = 0; i + 3 <= fragment.len; i++) {
        if (str_starts(str_from(fragment, i), STR(":~:")))
            fragment.len = i;
    }
    percent_decode(&bytes, fragment);
    utf8_add_clean(to, buf_str(&bytes));
    buf_done(&bytes);
}

/* It is not looked at, whether it is there or not. */
static void leave(struct crawl *crawl, uint32_t id, struct str note)
{
    struct target *target = site_at(crawl->site, id);
    if (target->state != TARGET_IDLE)
        return;
    target->flags |= TARGET_IS_LEFT;
    site_set_note(crawl->site, id, note);
    crawl_finish(crawl, id, VERDICT_SKIPPED);
}

/* --- what is left out --- */

static bool is_wanted(struct crawl *crawl, uint32_t id)
{
    struct target *target = site_at(crawl->site, id);
    if (!(target->flags & TARGET_IS_JUDGED) &&
        !scope_is_wanted(crawl->scope, site_url(crawl->site, id)))
        target->flags |= TARGET_IS_UNWANTED;
    target->flags |= TARGET_IS_JUDGED;
    return !(target->flags & TARGET_IS_UNWANTED);
}

/* The first link to it. */
static void note_first(struct target *target, const struct link_context *context)
{
    target->found_on = context->page;
    target->depth = (uint16_t)(context->depth < UINT16_MAX ? context->depth : UINT16_MAX);
}

/* Of the link in crawl->url, whose target is `id`; `fragment` is decoded. */
static bool is_link_wanted(struct crawl *crawl, uint32_t id, struct str fragment)
{
    bool wants_url = is_wanted(crawl, id);
    if (fragment.len == 0 || !scope_sees_fragments(crawl->scope))
        return wants_url;
    struct str url = site_url(crawl->site, id);
    struct buf *whole = &crawl->format;
    buf_clear(whole);
    buf_addf(whole, "%.*s#%.*s", STR_ARGS(url), STR_ARGS(fragment));
    (void)buf_c(whole); /* puts the NUL there */
    return scope_wants_link(crawl->scope, wants_url, url, buf_str(whole));
}

/* --- http: and https: --- */

/* The same address by https: is asked for as well, and followed as the link would be if it said so;
 * what came of it is seen at the end. */
static void want_https(struct crawl *crawl, const struct link_context *context, uint32_t id,
                       enum link_kind kind)
{
    struct str http = site_url(crawl->site, id);
    struct url url = {0};
    struct buf text = {0};
    bool is_new;
    if (site_at(crawl->site, id)->flags & TARGET_WANTS_HTTPS || !str_starts(http, STR("http:")))
        return; /* --remap may have led it elsewhere */
    site_at(crawl->site, id)->flags |= TARGET_WANTS_HTTPS;
    BUF_ADD(&text, "https");
    buf_add(&text, str_from(http, STR("http").len));
    if (url_parse(&url, buf_str(&text), NULL, NULL)) {
        uint32_t twin = site_target(crawl->site, buf_str(&text), &is_new);
        struct target *target = site_at(crawl->site, twin);
        if (is_new) {
            target->flags |= TARGET_IS_FREE | TARGET_IS_GUESS;
            note_first(target, context);
        }
        if (is_wanted(crawl, twin)) {
            set_flags(crawl, context, twin, kind);
            settle_target(crawl, twin, &url, false);
        }
    }
    url_done(&url);
    buf_done(&text);
}

/* --- links --- */

/* The target of the link in crawl->url; `place` has its fragment. */
static void add_target(struct crawl *crawl, const struct link_context *context,
                       const struct found_link *link, struct place *place)
{
    bool is_new = false, has_climbed, is_foreign = is_foreign_file(crawl, context);
    bool is_http = str_eq(buf_str(&crawl->url.scheme), STR("http"));
    uint32_t id = place->target = target_of_url(crawl, &is_new, &has_climbed);
    is_foreign |= has_climbed && is_foreign_file(crawl, context);
    if (is_new)
        note_first(site_at(crawl->site, id), context);
    place->is_left = !is_link_wanted(crawl, id, place->fragment);
    if (place->is_left) {
        leave(crawl, id, STR_NONE);
        return;
    }
    set_flags(crawl, context, id, link->kind);
    if (is_foreign) {
        leave(crawl, id, STR(FOREIGN_FILE));
        return;
    }
    if (!scope_wants_fragment(crawl->scope, place->fragment))
        place->fragment = STR_NONE;
    settle_target(crawl, id, &crawl->url, place->fragment.len > 0);
    if (is_http && crawl->options->requires_https && link->kind != LINK_START)
        want_https(crawl, context, id, link->kind);
}

void link_add(struct crawl *crawl, const struct link_context *context,
              const struct found_link *link)
{
    struct buf fragment = {0};
    struct err err;
    struct place place = {
        .page = context->page,
        .target = TARGET_NONE,
        .at = link->at,
        .kind = link->kind,
        .raw = link->raw,
        .text = utf8_first(link->text, TEXT_BYTES_MAX),
    };
    if (leads_nowhere(link->raw) || !scope_wants_place(crawl->scope, link->kind))
        return;
    if (url_parse(&crawl->url, link->raw, context->base, context->encoder)) {
        decode_fragment(&crawl->url, &fragment);
        if (fragment.len)
            (void)buf_c(&fragment); /* puts the NUL there */
        place.fragment = fragment.len ? buf_str(&fragment) : STR("");
        add_target(crawl, context, link, &place);
    } else {
        buf_clear(&crawl->format);
        buf_add(&crawl->format, link->raw);
        (void)buf_c(&crawl->format); /* puts the NUL there */
        place.is_left = !scope_wants_text(crawl->scope, buf_str(&crawl->format));
    }
    if (!site_add_place(crawl->site, &place, &err))
        crawl_stop(crawl, err.text);
    buf_done(&fragment);
}

void document_add_links(struct crawl *crawl, struct document *document)
{
    struct link_context context = {
        .page = document->target,
        .encoder = document->page ? page_encoder(document->page) : NULL,
        .depth = site_at(crawl->site, document->target)->depth + 1U,
    };
    for (size_t i = 0; i < document->held_count; i++) {
        const struct found_link link = document_link(document, i);
        context.base = document_link_base(document, i);
        link_add(crawl, &context, &link);
    }
}

bool document_read(struct crawl *crawl, struct document *document)
{
    struct target *target = site_at(crawl->site, document->target);
    struct page *page = document->page;
    if (!page_end(page))
        site_set_note(crawl->site, document->target, STR("damaged; read up to the fault"));
    if (!page_is_understood(page)) {
        site_set_note(crawl->site, document->target, STR("text that is no list of URLs"));
        return false;
    }
    target->flags |= TARGET_IS_PARSED | (page_has_names(page) ? TARGET_HAS_NAMES : 0) |
                     (page_folds_names(page) ? TARGET_FOLDS_NAMES : 0);
    site_set_note(crawl->site, document->target, page_note(page));
    if (!(target->flags & (TARGET_IS_INSIDE | TARGET_IS_SITEMAP)))
        return false;
    if (crawl->options->pages_max && crawl->counts.pages >= crawl->options->pages_max) {
        site_set_note(crawl->site, document->target, STR("its links are beyond --max-pages"));
        crawl->counts.beyond++;
        target->flags |= TARGET_IS_BEYOND;
        return false;
    }
    crawl->counts.pages++;
    crawl->counts.cut += page_is_cut(page);
    crawl->counts.prose += page_is_prose(page);
    document_add_links(crawl, document);
    return true;
}

/* That of the URL that `from` is redirected to, which stands in crawl->url. Returns whether a name
 * is wanted there. */
static bool note_redirect_fragment(struct crawl *crawl, uint32_t from, struct str location)
{
    struct buf decoded = {0};
    decode_fragment(&crawl->url, &decoded);
    (void)buf_c(&decoded); /* puts the NUL there */
    if (!scope_wants_fragment(crawl->scope, buf_str(&decoded)))
        buf_clear(&decoded);
    const struct fragment fragment = {location, buf_str(&decoded)};
    site_set_redirect_fragment(crawl->site, from, crawl->url.has_fragment ? &fragment : NULL);
    buf_done(&decoded);
    return fragment.decoded.len > 0;
}

/* --- pages far off --- */

/* One more page of its shape: it may be time to ask whether there are pages of it far off, too. */
bool document_wants_far(struct crawl *crawl, const struct host *host,
                        const struct document *document, struct buf *far, uint32_t *number_out)
{
    struct trap_page page;
    page.likeness = page_likeness(document->page, &page.words);
    if (!traps_note(crawl->traps, document->target, &page, far, number_out))
        return false;
    struct str url = buf_str(far);
    bool is_obeyed = host->robots_state == ROBOTS_KNOWN && crawl->options->robots == ROBOTS_OBEY;
    bool may_ask = scope_is_wanted(crawl->scope, url) &&
                   (!is_obeyed || robots_allows(&host->robots, target_path(url)));
    if (!may_ask)
        traps_answer(crawl->traps, *number_out, NULL);
    return may_ask;
}

bool document_leads_on(struct crawl *crawl, struct document *document, struct str url)
{
    struct buf *text = &crawl->format;
    bool leads_on = false;
    for (size_t i = 0; i < document->held_count && !leads_on; i++) {
        const struct found_link link = document_link(document, i);
        const struct url *base = document_link_base(document, i);
        if (link_rows[link.kind].role != ROLE_PAGE ||
            !url_parse(&crawl->url, link.raw, base, page_encoder(document->page)))
            continue;
        buf_clear(text);
        url_format(&crawl->url, text, false);
        leads_on = scope_is_inside(crawl->scope, buf_str(text)) &&
                   site_find(crawl->site, buf_str(text)) == TARGET_NONE &&
                   !str_eq(buf_str(text), url);
    }
    return leads_on;
}

uint32_t link_redirect(struct crawl *crawl, uint32_t from, struct str location)
{
    struct url base = {0};
    bool is_new, has_climbed;
    bool is_fine = url_parse(&base, site_url(crawl->site, from), NULL, NULL) &&
                   url_parse(&crawl->url, location, &base, NULL);
    url_done(&base);
    if (!is_fine || crawl->url.kind == URL_FILE || leads_nowhere(location))
        return TARGET_NONE;
    bool has_fragment = note_redirect_fragment(crawl, from, location);
    uint32_t id = target_of_url(crawl, &is_new, &has_climbed);
    const struct target *source = site_at(crawl->site, from);
    struct target *target = site_at(crawl->site, id);
    uint8_t hops = (uint8_t)(source->hops < UINT8_MAX ? source->hops + 1 : UINT8_MAX);
    if (is_new) {
        target->found_on = source->found_on;
        target->depth = source->depth;
        target->hops = hops;
        target->flags |= TARGET_IS_FREE | (source->flags & TARGET_IS_GUESS);
    }
    if (source->flags & TARGET_IS_START && !crawl->options->scope) { /* this is what was meant */
        scope_add_start(crawl->scope, &crawl->url);
        target->flags |= TARGET_IS_START;
    }
    if (source->flags & TARGET_IS_INSIDE &&
        scope_is_inside(crawl->scope, site_url(crawl->site, id)))
        target->flags |= TARGET_IS_INSIDE;
    target->flags |= source->flags & (TARGET_IS_SITEMAP | TARGET_IS_MODULE | TARGET_IS_MANIFEST);
    if (hops > crawl->options->rules.redirects_max && target->state == TARGET_IDLE) {
        crawl_finish(crawl, id, VERDICT_TOO_MANY_REDIRECTS);
        return id;
    }
    if (has_climbed)
        leave(crawl, id, STR(FOREIGN_FILE));
    else if (target->state == TARGET_IDLE && !is_wanted(crawl, id))
        leave(crawl, id, STR_NONE);
    else
        settle_target(crawl, id, &crawl->url, has_fragment || source->flags & TARGET_WANTS_NAMES);
    return id;
}
