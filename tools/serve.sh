#!/bin/sh
# Serves a directory and says how to connect: `serve.sh LISTEN [DIR]`. Without DIR a sample is made.
set -eu
cd "$(dirname "$0")/.."
listen=$1
dir=$2
if [ -z "$dir" ]; then
    dir=build/sample
    if [ ! -d "$dir" ]; then
        mkdir -p "$dir/notes"
        cp LICENSE "$dir/"
        printf 'Edit me over WebDAV.\n' > "$dir/notes/hello.txt"
        printf '# A sample\n\nEdit [hello.txt](notes/hello.txt), or look at [a page](page.html).\n' > "$dir/README.md"
        printf '<!DOCTYPE html>\n<title>davit</title>\n<p>A page, and <a href="README.md">what else there is</a>.\n' \
            > "$dir/page.html"
    fi
fi
url="http://$listen/"
cat <<END
davit serves $dir at $url

  browser   $url
  curl      curl -T FILE ${url}FILE; curl -X PROPFIND -H 'Depth: 1' $url
  rclone    rclone lsf :webdav: --webdav-url $url
  davfs2    sudo mount -t davfs $url /mnt
  Finder    Go > Connect to Server... > $url
  Explorer  This PC > Map network drive > $url  (or: net use * $url)

Ctrl-C ends it.
END
exec build/davit serve --listen "$listen" "$dir"
