"""Each configuration of docs/recipes.md is taken as it is written, by a machine that has the files it names: a file
system of its own, in which /srv and /etc/davit are new."""

import os
import re
import subprocess

import davit
import pytest
from session import need_root
from tls import Authority

RECIPES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/recipes.md")

MACHINE = r"""set -e
mount -t tmpfs none /srv
mkdir "$W/etc"
cp -a /etc/. "$W/etc"
mount --bind "$W/etc" /etc
mkdir -p -m 755 /etc/davit /etc/letsencrypt/live/dav.example.org /var/log/davit
useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin davit 2>/dev/null || true
printf 'pencil\n' > "$W/password"
"$DAVIT" user add alice --users /etc/davit/users --password-file "$W/password"
echo '{"keys": [{"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}' > /etc/davit/jwks.json
echo secret | tee /etc/davit/team.secret /etc/davit/nas1.secret /etc/davit/nas2.secret > /etc/davit/nas.secret
cp "$W/ca.pem" /etc/davit/nas.pem
cp "$W/ca.pem" /etc/davit/clients.pem
cp "$W/ca-crl.pem" /etc/davit/revoked.pem
cat "$W/ca.pem" "$W/ca.key" > /etc/davit/cert.pem
cp "$W/ca.pem" /etc/letsencrypt/live/dav.example.org/fullchain.pem
cp "$W/ca.key" /etc/letsencrypt/live/dav.example.org/privkey.pem
chmod 600 /etc/davit/cert.pem /etc/letsencrypt/live/dav.example.org/privkey.pem
sed -n 's/^root = //p' "$W/davit.conf" | sed 's/%u/alice/' | xargs -r mkdir -p
exec "$DAVIT" config check "$W/davit.conf"
"""


def configurations():
    """Heading and text of each block that begins with a section."""
    with open(RECIPES, encoding="utf-8") as file:
        for recipe in file.read().split("\n## ")[1:]:
            for block in re.findall(r"(?:^    .*\n)+", recipe, re.M):
                if block.startswith("    ["):
                    yield recipe.split("\n")[0], re.sub(r"^    ", "", block, flags=re.M)


@pytest.mark.parametrize("heading,text", list(configurations()), ids=lambda value: value.split("\n")[0])
def test_a_recipe_is_taken_as_it_is_written(heading, text, tmp_path):
    need_root("a file system of one's own")
    Authority(tmp_path, "ca").revoke()
    (tmp_path / "davit.conf").write_text(text)
    done = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", MACHINE],
                          env={**os.environ, "W": str(tmp_path), "DAVIT": davit.BINARY},
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, (heading, done.stderr)
