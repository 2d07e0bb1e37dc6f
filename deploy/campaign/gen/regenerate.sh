#!/usr/bin/env bash
# Exports the models of deploy/campaign/models anew, with the exporter and the pinned versions of fixtures/gen:
#   deploy/campaign/gen/regenerate.sh [NAME ...]
# The virtual environments (about 8 GB) are kept in .cache; VENV_TORCHSCRIPT and VENV_DYNAMO name others.
# ANSWERS is a folder for what PyTorch and ONNX Runtime say of the models, as fixtures/models has it (default: none).
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../../.. && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

mkdir "$tmp/lib" "$tmp/out"
ln -s "$root/fixtures/gen" "$tmp/lib/fixtures" # the specifications here build on those there, as the package "fixtures"
for kind in torchscript dynamo; do
	override=VENV_${kind^^}
	venv=${!override:-$root/.cache/gen-$kind}
	if [ ! -x "$venv/bin/python" ]; then
		python3.11 -m venv "$venv"
		"$venv/bin/pip" install --quiet --requirement "$root/fixtures/gen/requirements-$kind.txt"
	fi
	PYTHONPATH=$tmp/lib PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" "$root/fixtures/gen/export.py" "$kind.py" "$tmp/out" "$@"
done
if [ -n "${ANSWERS:-}" ]; then cp "$tmp"/out/*.json.gz "$ANSWERS"; fi
mv "$tmp"/out/*.onnx.gz ../models/
