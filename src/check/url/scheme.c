#include "check/url/scheme.h"

#include "base/buf.h"
#include "base/suggest.h"
#include "check/url/percent.h"

/* Those that stand on pages, by what a browser hands on to other programs. A scheme that is not
 * among them is more often a typing error than an app. */
static const char *const schemes[] = {
    "aim",         "apt",         "bitcoin",     "blob",       "callto",     "chrome",
    "cid",         "data",        "dav",         "davs",       "dns",        "dict",
    "doi",         "ed2k",        "ethereum",    "facetime",   "feed",       "file",
    "finger",      "fish",        "ftp",         "ftps",       "geo",        "git",
    "gopher",      "gemini",      "hdl",         "http",       "https",      "im",
    "imap",        "info",        "intent",      "ipfs",       "ipns",       "ipp",
    "irc",         "ircs",        "itms",        "itms-apps",  "javascript", "jabber",
    "ldap",        "ldaps",       "lightning",   "magnet",     "mailto",     "maps",
    "market",      "matrix",      "mid",         "mms",        "ms-excel",   "ms-powerpoint",
    "ms-settings", "ms-word",     "msteams",     "news",       "nfs",        "nntp",
    "obsidian",    "onenote",     "pop",         "postgresql", "redis",      "rsync",
    "rtmp",        "rtsp",        "sftp",        "sgn",        "sip",        "sips",
    "skype",       "slack",       "smb",         "sms",        "smsto",      "snapchat",
    "spotify",     "ssh",         "steam",       "stun",       "svn",        "swid",
    "tag",         "tel",         "telnet",      "tg",         "tftp",       "turn",
    "udp",         "urn",         "view-source", "vnc",        "vscode",     "vscode-insiders",
    "wais",        "webcal",      "whatsapp",    "ws",         "wss",        "xmpp",
    "about",       "android-app", "ios-app",     "mongodb",    "mysql",      "zoommtg",
};

bool scheme_is_known(struct str scheme)
{
    /* "web+x" is what a page itself registers (HTML 8.10.1.3); "com.example.app" is an app's. */
    if (str_starts(scheme, STR("web+")) || str_index(scheme, '.') < scheme.len)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (str_eq(scheme, str_of_c(schemes[i])))
            return true;
    }
    return false;
}

const char *scheme_meant(const char *scheme)
{
    static const char *const usual[] = {"http", "https", "mailto", "javascript"};
    const char *meant = suggest(scheme, usual, ARRAY_LEN(usual));
    /* "tcp" is nearer to "http" than most, and means something else. */
    size_t most = meant && meant[0] == scheme[0] ? 2 : 1;
    return meant && suggest_distance(scheme, meant) <= most ? meant : NULL;
}

/* One "@" with something on both sides, and no space; a mail server knows the rest. */
static bool is_address(struct str text)
{
    text = str_trim(text);
    size_t at = str_index_last(text, '@');
    struct str domain = str_from(text, at + 1);
    bool has_space = str_index(text, ' ') < text.len || str_index(text, '\n') < text.len;
    bool is_quoted = text.len && text.at[0] == '"';
    bool has_another = str_index(text, '@') < at && !is_quoted;
    bool is_domain = domain.len && domain.at[0] != '.' && domain.at[domain.len - 1] != '.' &&
                     str_index(domain, ':') == domain.len;
    bool is_literal = domain.len && domain.at[0] == '[' && domain.at[domain.len - 1] == ']';
    return at > 0 && at < text.len && (is_domain || is_literal) && !has_another &&
           (!has_space || is_quoted);
}

bool mailto_is_valid(struct str path)
{
    bool is_valid = true;
    while (path.len && is_valid) {
        struct buf address = {0};
        percent_decode(&address, str_cut(&path, ','));
        is_valid = is_address(buf_str(&address));
        buf_done(&address);
    }
    return is_valid;
}
