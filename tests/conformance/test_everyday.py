"""What clients are used for every day, by those that have no file of their own here: each makes collections, uploads,
lists, renames, copies, removes and downloads, as far as it can; docs/clients.md says what it did."""

import os
import shutil
import subprocess

import davit
import pytest

# What is awkward about names, for clients that quote them themselves.
NAMES = ["plain.txt", "with blank.txt", "ümläut.txt", "100%.txt", "a+b&c.txt", "#hash.txt"]
LARGE = os.urandom(1 << 20)
NPM = "node_modules/webdav"  # beneath DAVIT_NODE: make npmclients


class Place:
    """A server, and a folder in which a client works."""

    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.url = server.url + "/"
        for name in NAMES:
            (folder / name).write_text(f"this is {name}")
        (folder / "large").write_bytes(LARGE)

    def run(self, *command, text="", **more):
        if not shutil.which(command[0]):
            pytest.skip(f"{command[0]} is not installed")
        env = {**os.environ, "HOME": str(self.folder), "LC_ALL": "C.UTF-8", **more}
        done = subprocess.run(command, cwd=self.folder, env=env, input=text, text=True, timeout=300, capture_output=True,
                              check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def served(self, *names):
        with open(self.server.path(*names), "rb") as file:
            return file.read()

    def members(self, *names):
        return sorted(set(os.listdir(self.server.path(*names))) - {".davit"})

    def give(self):
        """For those that cannot upload."""
        os.makedirs(self.server.path("dir", "sub"))
        for name in NAMES:
            shutil.copy(self.folder / name, self.server.path("dir", name))
        shutil.copy(self.folder / "large", self.server.path("dir", "sub", "large"))


@pytest.fixture(name="place")
def place_fixture(tmp_path):
    with davit.Davit() as server:
        yield Place(server, tmp_path)


def test_wget_fetches_a_tree_and_no_more(place):
    place.give()
    with open(place.server.path("outside"), "wb"):
        pass
    fetch = ["wget", "-q", "-r", "-np", "-nH", "-N", "-P", "mirror", "--restrict-file-names=nocontrol", place.url + "dir/"]
    for _ in range(2):  # the second time by what has changed
        place.run(*fetch)
        found = {name for name in os.listdir(place.folder / "mirror" / "dir") if not name.startswith("index.html")}
        assert found == {*NAMES, "sub"} and os.listdir(place.folder / "mirror") == ["dir"]
        assert (place.folder / "mirror/dir/sub/large").read_bytes() == LARGE
        for name in NAMES:
            assert (place.folder / "mirror/dir" / name).read_text() == f"this is {name}"


def test_aria2_fetches_in_parts_and_goes_on(place):
    place.give()
    base = ["aria2c", "-q", "--no-conf", "--max-tries=1", "-x4", "-s4", "-k", "1M", "--min-split-size=1M"]
    with open(place.server.path("dir", "sub", "larger"), "wb") as file:
        file.write(LARGE * 8)
    place.run(*base, "-o", "out", place.url + "dir/sub/larger")
    assert (place.folder / "out").read_bytes() == LARGE * 8
    (place.folder / "part").write_bytes(LARGE * 3)
    place.run(*base, "-c", "-o", "part", place.url + "dir/sub/larger")
    assert (place.folder / "part").read_bytes() == LARGE * 8


def test_http_dav(place):
    if subprocess.run(["perl", "-MHTTP::DAV", "-e", "1"], capture_output=True, check=False).returncode:
        pytest.skip("HTTP::DAV is not installed")
    said = place.run("perl", "-MHTTP::DAV", "-e", """
        my $url = shift; my $dav = HTTP::DAV->new();
        sub must { $_[0] or die $dav->message }
        must($dav->open(-url => $url));
        must($dav->mkcol(-url => "dir/"));
        must($dav->put(-local => "plain.txt", -url => "dir/plain.txt"));
        must($dav->put(-local => "large", -url => "dir/large"));
        must($dav->copy(-url => "dir/plain.txt", -dest => "dir/copy.txt"));
        must($dav->move(-url => "dir/large", -dest => "dir/moved"));
        must($dav->lock(-url => "dir/plain.txt", -timeout => "10m"));
        must($dav->put(-local => "large", -url => "dir/plain.txt"));
        must($dav->unlock(-url => "dir/plain.txt"));
        must($dav->set_prop(-url => "dir/moved", -namespace => "urn:x", -propname => "p", -propvalue => "v"));
        my $r = must($dav->propfind(-url => "dir/", -depth => 1));
        print join(" ", sort map { $_->get_property("rel_uri") } $r->get_resourcelist->get_resources), "\n";
        must($dav->get(-url => "dir/moved", -to => "out"));
        must($dav->delete(-url => "dir/copy.txt"));
        must($dav->delete(-url => "dir/"));
        """, place.url)
    assert said.split() == ["copy.txt", "moved", "plain.txt"]
    assert (place.folder / "out").read_bytes() == LARGE and place.members() == []


def test_lftp(place):
    base = "set cmd:fail-exit yes; set net:max-retries 3; set net:timeout 60; set net:reconnect-interval-base 1; "
    (place.folder / "tree" / "sub").mkdir(parents=True)
    for name in NAMES:
        shutil.copy(place.folder / name, place.folder / "tree" / name)
    shutil.copy(place.folder / "large", place.folder / "tree" / "sub" / "large")
    said = place.run("lftp", "--norc", "-c", base + f"""open {place.url}; mkdir dir; cd dir/; put plain.txt;
        put large -o "new name"; mv "new name" renamed; cls -1; get renamed -o out; rm plain.txt; cd ..; mirror -R tree tree;
        mirror tree back""")
    assert said.split() == ["plain.txt", "renamed"] and (place.folder / "out").read_bytes() == LARGE
    assert place.members("dir") == ["renamed"] and place.members("tree") == sorted([*NAMES, "sub"])
    for name in NAMES:
        assert (place.folder / "back" / name).read_text() == f"this is {name}"
    assert (place.folder / "back/sub/large").read_bytes() == LARGE
    place.run("lftp", "--norc", "-c", base + f"open {place.url}; rm -r tree; rm -r dir")
    assert place.members() == []


def test_duplicity(place):
    """A backup, what has changed, a look at it, and back."""
    source = place.folder / "source"
    source.mkdir()
    for name in NAMES:
        shutil.copy(place.folder / name, source / name)
    target = place.url.replace("http://", "webdav://nobody:none@") + "backup/of/it"
    base = ["duplicity", "--no-encryption", "--num-retries", "1", "--archive-dir", str(place.folder / "archive")]
    place.run(*base, "full", str(source), target)
    (source / "large").write_bytes(LARGE)
    os.remove(source / "plain.txt")
    place.run(*base, "incremental", str(source), target)
    place.run(*base, "verify", "--compare-data", target, str(source))
    assert "Incremental" in place.run(*base, "collection-status", target)
    shutil.rmtree(place.folder / "archive")  # as on another machine
    place.run(*base, "restore", target, str(place.folder / "back"))
    assert sorted(os.listdir(place.folder / "back")) == sorted([*NAMES[1:], "large"])
    assert (place.folder / "back/large").read_bytes() == LARGE
    place.run(*base, "remove-all-but-n-full", "1", "--force", target)


def test_libreoffice(place):
    """Opens a document by its URL, and makes another of it."""
    place.run("soffice", "--version")
    profile = "-env:UserInstallation=file://" + str(place.folder / "profile")
    (place.folder / "letter.txt").write_text("Dear davit")
    place.run("soffice", profile, "--headless", "--convert-to", "odt", "letter.txt")
    shutil.copy(place.folder / "letter.odt", place.server.path("letter.odt"))
    place.run("soffice", profile, "--headless", "--convert-to", "txt:Text", "--outdir", str(place.folder / "out"),
              place.url + "letter.odt")
    assert "Dear davit" in (place.folder / "out/letter.txt").read_text(encoding="utf-8-sig")


def test_npm_webdav(place):
    module = os.path.join(os.environ.get("DAVIT_NODE", "."), NPM)
    if not os.path.isdir(module):
        pytest.skip("npm's webdav is not there: DAVIT_NODE names the folder of its node_modules")
    (place.folder / "play.mjs").write_text(f"""
        import {{ createClient }} from "{os.path.abspath(module)}/dist/node/index.js";
        import fs from "node:fs";
        const client = createClient("{place.url}");
        const names = {NAMES!r};
        await client.createDirectory("/dir/sub", {{ recursive: true }});
        for (const name of names) await client.putFileContents("/dir/" + name, fs.readFileSync(name));
        await client.putFileContents("/dir/sub/large", fs.readFileSync("large"));
        const found = (await client.getDirectoryContents("/dir")).map(item => item.basename).sort();
        if (JSON.stringify(found) !== JSON.stringify([...names, "sub"].sort())) throw new Error(found);
        for (const name of names) {{
            const text = await client.getFileContents("/dir/" + name, {{ format: "text" }});
            if (text !== "this is " + name) throw new Error(name + ": " + text);
        }}
        const stat = await client.stat("/dir/sub/large");
        if (stat.size !== {len(LARGE)}) throw new Error(stat.size);
        await client.copyFile("/dir/sub/large", "/dir/copy");
        await client.moveFile("/dir/copy", "/dir/moved é");
        fs.writeFileSync("out", await client.getFileContents("/dir/moved é"));
        const lock = await client.lock("/dir/plain.txt");
        await client.unlock("/dir/plain.txt", lock.token);
        if (!(await client.exists("/dir/plain.txt")) || await client.exists("/none")) throw new Error("exists");
        await client.deleteFile("/dir/plain.txt");
        """)
    place.run("node", "play.mjs")
    assert (place.folder / "out").read_bytes() == LARGE
    assert place.members("dir") == sorted([*NAMES[1:], "sub", "moved é"])
