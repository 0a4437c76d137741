#!/bin/sh
# Installs Throughline from a folder or an address that holds what scripts/release made.
#
#   sh install.sh --from https://example.org/throughline   # or a folder: --from ./dist
#   sh install.sh --from … --to /opt/bin                   # otherwise /usr/local/bin, or ~/.local/bin
#   sh install.sh --uninstall                              # the program alone; data stay where they are
#
# Nothing is sent anywhere. What was fetched is compared with SHA256SUMS before it is unpacked; whoever
# can change that file can change the program, so fetch it over https or check it by another way.
set -eu

from=${THROUGHLINE_FROM:-} to='' uninstall=''
say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

while [ $# -gt 0 ]; do
    case $1 in
        --from) [ $# -gt 1 ] || fail "--from needs a folder or an address"; from=${2%/}; shift 2 ;;
        --to) [ $# -gt 1 ] || fail "--to needs a folder"; to=${2%/}; shift 2 ;;
        --uninstall) uninstall=1; shift ;;
        -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) fail "\`$1\` is not known; see --help" ;;
    esac
done

if [ -z "$to" ]; then
    if [ -w /usr/local/bin ]; then to=/usr/local/bin; else to=$HOME/.local/bin; fi
fi

if [ -n "$uninstall" ]; then
    [ -e "$to/throughline" ] || fail "there is no $to/throughline; say where with --to"
    rm -- "$to/throughline"
    say "Removed $to/throughline. Data directories were not touched."
    exit 0
fi

[ -n "$from" ] || fail "say where from: --from <folder or address>"
[ "$(uname -s)" = Linux ] || fail "there are programs for Linux only; elsewhere build it with Rust, see the README"
case $(uname -m) in
    x86_64 | amd64) target=x86_64-unknown-linux-musl ;;
    aarch64 | arm64) target=aarch64-unknown-linux-musl ;;
    *) fail "there is no program for $(uname -m); build it with Rust, see the README" ;;
esac

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

fetch() {
    case $from in
        http://* | https://*)
            if command -v curl >/dev/null 2>&1; then
                curl -fsSL -o "$folder/$1" "$from/$1"
            elif command -v wget >/dev/null 2>&1; then
                wget -q -O "$folder/$1" "$from/$1"
            else
                fail "curl or wget is needed to fetch anything"
            fi ;;
        *) cp -- "$from/$1" "$folder/$1" ;;
    esac || fail "cannot fetch $from/$1"
}

sum() {
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum "$1" | cut -d' ' -f1
    elif command -v shasum >/dev/null 2>&1; then
        shasum -a 256 "$1" | cut -d' ' -f1
    else
        openssl dgst -sha256 -r "$1" | cut -d' ' -f1
    fi
}

check() {
    wanted=$(awk -v name="$1" '$2 == name || $2 == "*" name { print $1; exit }' "$folder/SHA256SUMS")
    [ -n "$wanted" ] || fail "$from/SHA256SUMS says nothing of $1: there may be no program for this machine"
    [ "$(sum "$folder/$1")" = "$wanted" ] || fail "$1 is not what SHA256SUMS says; nothing was installed"
}

fetch SHA256SUMS
fetch VERSION
check VERSION
name=throughline-$(cat "$folder/VERSION")-$target
say "Fetching $name.tar.gz from $from"
fetch "$name.tar.gz"
check "$name.tar.gz"
say "It is what SHA256SUMS says."
tar -xzf "$folder/$name.tar.gz" -C "$folder" || fail "$name.tar.gz cannot be unpacked"
said=$("$folder/$name/throughline" version) || fail "the program does not run on this machine; nothing was installed"

mkdir -p -- "$to" || fail "cannot make $to; choose another folder with --to"
# Renamed into place, so that a running server keeps the old one until it is started again.
cp -- "$folder/$name/throughline" "$to/.throughline.new" || fail "cannot write into $to; choose another folder with --to"
chmod 755 "$to/.throughline.new"
mv -f -- "$to/.throughline.new" "$to/throughline"
say "Installed $said as $to/throughline."
case :$PATH: in
    *":$to:"*) say "Try it: throughline demo" ;;
    *) say "Try it: $to/throughline demo  ($to is not in your PATH)" ;;
esac
