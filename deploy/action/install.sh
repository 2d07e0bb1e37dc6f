#!/usr/bin/env bash
# Finds or makes the irene that the action runs, and writes its path to the step's output "irene": BINARY where it is given, the
# archive of release VERSION where SHA256 says what it has to be, else what Go builds of VERSION, or of the latest one.
set -euo pipefail

fail() {
	echo "::error title=irene::$1"
	exit 1
}

# archive names the release's file for this runner in the variable file: RUNNER_OS is Linux, macOS or Windows, RUNNER_ARCH X64 or ARM64.
archive() {
	local os arch ext=tar.gz
	case ${RUNNER_OS:-$(uname -s)} in
	Linux) os=linux ;;
	macOS | Darwin) os=darwin ;;
	Windows) os=windows ext=zip ;;
	*) fail "no release for the system ${RUNNER_OS:-$(uname -s)}; leave sha256 empty to build with Go" ;;
	esac
	case ${RUNNER_ARCH:-$(uname -m)} in
	X64 | x86_64) arch=amd64 ;;
	ARM64 | aarch64 | arm64) arch=arm64 ;;
	*) fail "no release for the processor ${RUNNER_ARCH:-$(uname -m)}; leave sha256 empty to build with Go" ;;
	esac
	file=irene_${os}_$arch.$ext
}

sha256() {
	if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

# fetch gets the archive of a release, holds it to its checksum, and unpacks it into $bin.
fetch() {
	local file sum
	[ -n "$VERSION" ] || fail "sha256 without version: which release is it of?"
	archive
	curl --fail --silent --show-error --location --retry 3 --output "$bin/$file" "${RELEASES:-https://github.com/irene-onnx/irene/releases/download}/v$VERSION/$file" ||
		fail "$file of release $VERSION cannot be fetched"
	sum=$(sha256 "$bin/$file")
	[ "$sum" = "$(echo "$SHA256" | tr 'A-F' 'a-f')" ] || fail "$file has the SHA-256 $sum, not $SHA256"
	case $file in
	*.zip) unzip -q -o "$bin/$file" -d "$bin" ;;
	*) tar -xzf "$bin/$file" -C "$bin" ;;
	esac
	rm "$bin/$file"
}

BINARY=${BINARY:-} SHA256=${SHA256:-} VERSION=${VERSION:-}
VERSION=${VERSION#v}
bin=${RUNNER_TEMP:?}/irene/bin
mkdir -p "$bin"
if [ -n "$BINARY" ]; then
	irene=$BINARY
elif [ -n "$SHA256" ]; then
	fetch
	irene=$bin/irene
else
	command -v go >/dev/null || fail "building irene needs Go; give version and sha256 of a release instead"
	GOBIN=$bin go install "github.com/irene-onnx/irene/cmd/irene@${VERSION:+v}${VERSION:-latest}"
	irene=$bin/irene
fi
"$irene" version || fail "$irene does not run here"
echo "irene=$irene" >>"${GITHUB_OUTPUT:?}"
