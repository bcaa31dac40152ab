"""`davit doctor` names each classic mistake, and no other; and leaves nothing behind."""

import os

import origins
import pytest
import tls
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


@pytest.mark.skipif(not origins.Apache.path(), reason="Apache is not installed")
def test_apache_is_well(started):
    origin = started(origins.Apache())
    diagnosis = examine(origin.url, status=0)
    assert not mistakes(diagnosis)
    assert unknown(diagnosis) == ["put-http2"]
    assert os.listdir(os.path.join(origin.root, "dav", "inner")) == []


@pytest.mark.parametrize("kind", [origins.DavitOrigin, pytest.param(origins.Apache, marks=pytest.mark.skipif(
    not origins.Apache.path(), reason="Apache is not installed"))])
def test_through_a_gateway_with_another_path_all_is_well(started, kind):
    origin = started(kind())
    gateway = started(origins.Gateway({"/outer": f"origin = {origin.url}"}))
    diagnosis = examine(gateway.url + "/outer/", status=0)
    assert not mistakes(diagnosis)
    assert unknown(diagnosis) == ["put-http2"]


@needs_nginx
@pytest.mark.skipif(not origins.Apache.path(), reason="Apache is not installed")
def test_tls_that_ends_in_front_of_apache(started, tmp_path):
    """Destination and If name https, which Apache does not speak itself."""
    pair = tls.make_pair(tmp_path / "pair", origins.HOST)
    origin = started(origins.Apache())
    os.mkdir(os.path.join(origin.root, "outer"))
    os.chmod(os.path.join(origin.root, "outer"), 0o777)
    front = Nginx(f"http://{origins.HOST}:{origin.port}", "proxy_pass $origin;" + FINE,
                  f"ssl_certificate {pair.certificate}; ssl_certificate_key {pair.key};")
    front.listen += " ssl http2"
    front.url = front.url.replace("http:", "https:")
    started(front)
    found = mistakes(examine(front.url, "--ca-file", pair.certificate, status=1))
    assert found["copy"] == found["move"] == ["destination"]
    assert os.listdir(os.path.join(origin.root, "outer")) == []


def test_over_tls_and_http2_davit_is_well(started, tmp_path):
    pair = tls.make_pair(tmp_path / "pair", origins.HOST)
    origin = started(Origin(pair.args()))
    diagnosis = examine(origin.url + "/outer/", "--ca-file", pair.certificate, status=0)
    assert not mistakes(diagnosis) and not unknown(diagnosis)
    assert is_clean(origin)


def test_a_certificate_that_nobody_vouches_for(started, tmp_path):
    pair = tls.make_pair(tmp_path / "pair", origins.HOST)
    origin = started(Origin(pair.args()))
    assert "ertificate" in examine(origin.url + "/outer/", status=3)["untried"]
    assert not mistakes(examine(origin.url + "/outer/", "--insecure", status=0))


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
