"""`davit doctor` names each classic mistake, and no other; and leaves nothing behind."""

import os

import davit
import origins
import pytest
from fronts import FINE, Nginx, Origin, examine, mistakes, needs_nginx, unknown


def is_clean(origin):
    """Nothing is left where doctors have worked."""
    return [os.listdir(os.path.join(origin.root, name)) for name in ("outer", "inner")] == [[], []]


def test_davit_itself_is_well(started):
    origin = started(Origin())
    diagnosis = examine(origin.url + "/outer/", status=0)
    assert not mistakes(diagnosis)
    assert unknown(diagnosis) == ["put-http2"]
    assert is_clean(origin)


def test_a_url_without_its_slash_is_that_of_the_collection(started):
    origin = started(Origin())
    diagnosis = examine(origin.url + "/outer", status=0)
    assert diagnosis["url"] == origin.url + "/outer/"
    assert is_clean(origin)


@needs_nginx
def test_a_proxy_that_is_set_up_well_is_well(started):
    origin = started(Origin())
    front = started(Nginx(origin.url, "proxy_pass $origin;" + FINE))
    diagnosis = examine(front.url, status=0)
    assert not mistakes(diagnosis)
    assert is_clean(origin)


PREFIX = {"propfind": ["href-prefix"], "listing": ["href-prefix"], "redirect": ["redirect-inner"],
          "copy": ["destination"], "move": ["destination"], "if": ["if-tag"], "slashes": ["slash-decoded"]}


# The probes that read a 207.
LISTS = ("propfind", "put", "listing", "put-chunked", "put-expect", "put-large", "overwrite", "proppatch", "names")


@needs_nginx
@pytest.mark.parametrize("location,server,rest,found", [
    # Another path behind than in front.
    ("proxy_pass $origin/inner/;" + FINE, "", "", PREFIX),
    # Another host behind than in front, and nobody says so.
    ("proxy_pass $origin; client_max_body_size 0;", "", "",
     {"copy": ["destination"], "move": ["destination"], "if": ["if-tag"]}),
    ("proxy_pass $origin; gzip on; gzip_proxied any;" + FINE, "", "", {"etag": ["tag-changed"]}),
    ("proxy_pass $origin; proxy_set_header Host $http_host; client_max_body_size 1m;", "", "",
     {"put-large": ["body-limit"]}),
    ("proxy_pass $origin; limit_except GET PUT DELETE MKCOL COPY MOVE PROPFIND OPTIONS PROPPATCH { deny all; }" + FINE,
     "", "", {"lock": ["lock-lies"], "if": ["lock-lies"]}),
    ("proxy_pass $origin; proxy_intercept_errors on; error_page 404 =200 /page;" + FINE,
     "location = /page { default_type text/html; return 200 'welcome'; }", "",
     {"missing": ["errors-replaced"]}),
    ("proxy_pass $origin;" + FINE, "location ~* \\.(jpg|css|js)$ { return 404; }", "",
     {"overwrite": ["member-missing"]}),
    ("proxy_pass $origin; proxy_hide_header DAV;" + FINE, "", "", {"options": ["not-dav"]}),
    ("proxy_pass $origin; proxy_hide_header Lock-Token;" + FINE, "", "",
     {"lock": ["token-missing"], "if": ["token-missing"]}),
    ("proxy_pass $origin; proxy_hide_header Content-Type; add_header Content-Type text/html always;"
     + FINE, "", "", {"propfind": ["wrong-type"], "listing": ["wrong-type"]}),
    ("proxy_pass $origin; sub_filter_types *; sub_filter_once off; sub_filter '</D:multistatus>' '';" + FINE, "", "",
     {name: ["broken-xml"] for name in LISTS}),
    ("proxy_pass $origin; proxy_cache all; proxy_cache_valid 200 1h; proxy_ignore_headers Cache-Control Expires;" + FINE,
     "", "proxy_cache_path $work/cache keys_zone=all:1m;", {"overwrite": ["cached"]}),
])
def test_a_mistake_is_named(started, location, server, rest, found):
    origin = started(Origin())
    front = started(Nginx(origin.url, location, server, rest))
    diagnosis = examine(front.url, status=1)
    seen = mistakes(diagnosis)
    assert seen == found
    assert is_clean(origin)
